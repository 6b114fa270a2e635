"use strict";
// The map, the matrix, the list of connections, the panels and the search. Everything that is shown stands in the data of
// the page; names become text nodes and never markup.
(() => {
  const MOST_NODES = 300, MOST_EDGES = 400, CROWDED = 120, MOST_LABELS = 36, MOST_CELLS = 6400, LEAST_PART = 30, ROWS = 200;
  const $ = (id) => document.getElementById(id);
  const DATA = JSON.parse($("network").textContent);
  const IS_DIFF = DATA.mode === "diff";
  document.documentElement.classList.add("live");

  // --- elements ---------------------------------------------------------------------------------------------------
  const visible = (text) => String(text).replace(/[\p{C}\p{Z}]/gu, (c) => (c === " " ? c : `\\u{${c.codePointAt(0).toString(16)}}`));
  const put = (made, properties, children) => {
    for (const [key, value] of Object.entries(properties || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
      else made.setAttribute(key, value === true ? "" : visible(value));
    }
    for (const child of children.flat()) {
      if (child === null || child === undefined || child === false) continue;
      made.append(child instanceof Node ? child : visible(child));
    }
    return made;
  };
  const h = (tag, properties, ...children) => put(document.createElement(tag), properties, children);
  const s = (tag, properties, ...children) => put(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
  const name = (text) => h("bdi", { class: "name" }, text);
  const many = (n, word) => `${n.toLocaleString("en").replaceAll(",", " ")} ${word}${n === 1 ? "" : "s"}`;
  const clip = (text, most) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
  const button = (told, act, properties) => h("button", { type: "button", ...properties, on: { click: act } }, told);

  // --- the network ------------------------------------------------------------------------------------------------
  const eachOf = (text, act) => {
    if (!text) return;
    for (const part of text.split(",")) {
      const [low, high] = part.split("-");
      for (let i = +low; i <= +(high ?? low); i++) act(i);
    }
  };
  const NOTHING = -1;
  const DNS = new Set(DATA.dns);

  class Network {
    constructor(told) {
      this.told = told;
      this.ends = told.ends.map(([ref, ns, kind], i) => ({ i, ref, ns, kind, short: ns ? ref.replace(`/${ns}/`, "/") : ref }));
      this.n = this.ends.length;
      this.sure = new Int32Array(this.n * this.n).fill(NOTHING);
      this.open = new Int32Array(this.n * this.n).fill(NOTHING);
      this.more = new Map();
      this.known = new WeakMap();
      if (IS_DIFF) {
        told.groups.forEach((group, g) => {
          const layer = group.word === "undecided" ? this.open : this.sure;
          eachOf(group.from, (a) => eachOf(group.to, (b) => {
            const at = a * this.n + b;
            if (a === b && group.apart) return;
            if (layer[at] === NOTHING) layer[at] = g;
            else this.more.set(at, [...(this.more.get(at) || []), g]); // the families differ, or several undecided sorts
          }));
        });
      } else {
        this.lay(told.connected, this.sure, this.n);
        this.lay(told.open, this.open, this.n);
      }
      this.relation = new Map();
      for (const [between, rows] of Object.entries(told.relations || {}))
        for (const [a, to] of rows) eachOf(to, (b) => this.relation.set(a * this.n + b, between));
      this.spaces = this.grouped();
      if (told.folded) {
        this.folded = { of: new Map(told.folded.ends.map(([ref, ns], i) => [ns || ref, i])), n: told.folded.ends.length };
        this.folded.sure = new Int32Array(this.folded.n ** 2).fill(NOTHING);
        this.lay(told.folded.connected, this.folded.sure, this.folded.n);
      }
      this.sets = new Map();
      this.dangers = new Set(DATA.ways.flatMap((w) => (isDanger(w) ? w.to[this.number()] || [] : [])));
    }
    // What stands of a pair: [layer, number] of each.
    at(a, b) {
      const at = a * this.n + b, out = [];
      for (const layer of ["sure", "open"]) if (this[layer][at] !== NOTHING) out.push([layer, this[layer][at]]);
      if (this.more.size) for (const number of this.more.get(at) || []) out.push(["sure", number]);
      return out;
    }
    number() { return DATA.families.indexOf(this.told); }
    lay(rows, layer, n) {
      for (const [a, groups] of rows) for (const [ports, to] of groups) eachOf(to, (b) => { layer[a * n + b] = ports; });
    }
    // Namespaces by name, what is outside first: the internet, then other addresses.
    grouped() {
      const made = new Map();
      for (const end of this.ends) {
        const outside = end.kind === "outside";
        const key = outside ? (end.ref.startsWith("internet") ? "!0" : "!1") : end.ns ? `n${end.ns}` : "n";
        if (!made.has(key)) made.set(key, { key, outside, ends: [], name: key === "!0" ? "internet" : key === "!1" ? "other addresses outside" : end.ns || "nodes" });
        made.get(key).ends.push(end.i);
      }
      const all = [...made.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      for (const space of all) {
        if (space.outside && space.ends.length === 1) space.name = this.ends[space.ends[0]].ref;
        space.unfolds = space.ends.length > 1 || (!space.outside && DATA.by === "workload");
      }
      return all;
    }
    has(set, end) {
      if (!this.sets.has(set)) {
        const held = new Set();
        eachOf(this.told.deciding.sets[set], (i) => held.add(i));
        this.sets.set(set, held);
      }
      return this.sets.get(set).has(end);
    }
  }
  const isDanger = (way) => (IS_DIFF ? way.word === "EXPOSED" : way.verdict === "allow" || way.verdict === "some");

  // What a number in one of the two layers comes to.
  const SIGNS = { EXPOSED: "!", opened: "+", closed: "−", changed: "~", undecided: "?", allow: "✓", none: "–" };
  const WORD = { allow: "allowed", none: IS_DIFF ? "unchanged" : "denied" };
  const of = (net, number, layer) => {
    if (IS_DIFF) {
      const group = net.told.groups[number];
      return { word: group.word, text: group.ports, dns: group.dns };
    }
    return { word: layer === "open" ? "undecided" : "allow", text: DATA.ports[number][0], dns: DNS.has(number) };
  };

  // All connections from the ends of one side to those of the other: [layer, number, how many], and of how many pairs.
  const between = (net, from, to) => {
    const known = net.known.get(from)?.get(to);
    if (known) return known;
    const found = { sure: new Map(), open: new Map(), pairs: 0 };
    for (const a of from) for (const b of to) {
      const at = a * net.n + b;
      if (a === b && net.relation.get(at) === "self") continue;
      found.pairs++;
      for (const layer of ["sure", "open"]) {
        const number = net[layer][at];
        if (number !== NOTHING) found[layer].set(number, (found[layer].get(number) || 0) + 1);
      }
      if (net.more.size) for (const number of net.more.get(at) || []) found.sure.set(number, (found.sure.get(number) || 0) + 1);
    }
    // whole namespaces are asked about by the map, the matrix and the list alike, and keep one array of ends each
    if (from.length * to.length > 16) {
      if (!net.known.has(from)) net.known.set(from, new Map());
      net.known.get(from).set(to, found);
    }
    return found;
  };
  const wordsOf = (net, found) => {
    const out = new Map();
    for (const layer of ["sure", "open"])
      for (const [number, count] of found[layer]) {
        const one = of(net, number, layer);
        const held = out.get(one.word) || { word: one.word, texts: new Set(), count: 0, dns: true };
        held.texts.add(one.text); held.count += count; held.dns &&= one.dns;
        out.set(one.word, held);
      }
    const order = ["EXPOSED", "opened", "allow", "changed", "closed", "undecided"];
    return [...out.values()].sort((a, b) => order.indexOf(a.word) - order.indexOf(b.word));
  };
  const textOf = (net, held, fromSpace, toSpace) => {
    if (net.folded && held.word === "allow" && fromSpace && toSpace && held.texts.size > 1) {
      const key = (space) => net.folded.of.get(space.outside ? net.ends[space.ends[0]].ref : space.name);
      const [a, b] = [key(fromSpace), key(toSpace)];
      const alone = (space) => !space.outside || space.ends.length === 1;
      if (a !== undefined && b !== undefined && alone(fromSpace) && alone(toSpace)) {
        const number = net.folded.sure[a * net.folded.n + b];
        if (number !== NOTHING) return DATA.ports[number][0];
      }
    }
    const texts = [...held.texts];
    return texts.length <= 3 ? texts.join(" | ") : `${texts.length} sets of ports`;
  };
  const terse = (text) => clip(text.replace(/^was .*, now /, "now ").replace(/^TCP; UDP; SCTP$/, "all ports").replace(/\bTCP (?=\d)/g, "").replace(/^53; UDP 53$/, "53 TCP+UDP"), 22);

  const networks = DATA.families.map((told) => new Network(told));
  let net = networks[0];
  const state = { query: "", mapOpen: new Set(), rowsOpen: new Set(), columnsOpen: new Set(), dns: true, undecided: false, lit: null, level: "namespace", rows: ROWS };
  const matches = (text) => !state.query || text.toLowerCase().includes(state.query);
  const spaceMatches = (space) => matches(space.name) || space.ends.some((i) => matches(net.ends[i].ref));

  // --- panels -----------------------------------------------------------------------------------------------------
  let opener = null;
  const openPanel = (id) => {
    const panel = $(id);
    for (const other of document.querySelectorAll("dialog[open]")) if (other !== panel) other.close();
    if (!panel.open) { opener = document.activeElement; panel.show(); }
    panel.scrollTop = 0;
    $(`${id}-title`).focus();
  };
  const closePanels = () => {
    const open = document.querySelectorAll("dialog[open]");
    for (const panel of open) panel.close();
    if (open.length && opener && opener.isConnected) opener.focus();
    return open.length > 0;
  };
  const showPanel = (title, ...content) => {
    $("why-title").replaceChildren(...title);
    $("why-body").replaceChildren(...content.flat().filter(Boolean));
    openPanel("why");
  };
  const arrow = (a, b) => [name(a), " → ", name(b)];

  const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const command = (text) => {
    const told = h("code", { tabindex: "0" }, text);
    const copy = button("Copy", async () => {
      try { await navigator.clipboard.writeText(text); copy.textContent = "Copied"; }
      catch { const range = document.createRange(); range.selectNodeContents(told); getSelection().removeAllRanges(); getSelection().addRange(range); copy.textContent = "Selected"; }
    }, { class: "quiet" });
    return h("div", { class: "command" }, told, copy);
  };
  const asked = (from, to, ports, options) => {
    const [, protocol, port] = ports === NOTHING ? ["", "", 0] : DATA.ports[ports];
    const asking = port || (to.kind === "outside" ? 443 : 0);
    const verb = DATA.by === "namespace" ? ["reach", "--from", quoted(from.ref), "--to", quoted(to.ref)]
      : ["why", quoted(from.ref), quoted(asking ? `${to.ref}:${asking}` : to.ref)];
    const more = DATA.by !== "namespace" && protocol && protocol !== "TCP" ? ["--protocol", protocol.toLowerCase()] : [];
    return command(["netwright", ...verb, ...more, options].filter(Boolean).join(" "));
  };
  const badge = (word) => h("span", { class: `badge ${word}` }, `${SIGNS[word]} ${WORD[word] || word}`);

  // The rules behind one pair, as the engine numbered them.
  const rulesOf = (cited, told, ports) => {
    const rule = net.told.deciding.cited[cited];
    if (!rule.name) return h("li", {}, "not read, and could decide: ", name(rule.unread || rule.kind));
    const place = rule.file ? h("code", {}, `${rule.file}:${rule.line}:${rule.column}`) : null;
    const lines = rule.excerpt.map((line, i) => h(i ? "span" : "mark", { class: "line" }, h("span", { class: "gutter" }, String(rule.line + i).padStart(5) + " "), line));
    return h("li", { class: "rule" },
      name(`${rule.kind} ${rule.namespace ? `${rule.namespace}/` : ""}${rule.name}`), rule.rule === null ? "" : ` rule ${rule.rule}`, ` ${told}`, ports ? h("strong", {}, ` ${ports}`) : "",
      h("div", { class: "where" }, place, place && rule.path ? " · " : "", rule.path ? h("code", {}, rule.path) : "", rule.owner ? ` · ${rule.owner}` : ""),
      lines.length ? h("pre", { class: "excerpt", tabindex: "0", role: "group", "aria-label": `${rule.file}, line ${rule.line}` }, ...lines) : null);
  };
  const DOES = { allow: "allows", deny: "denies", pass: "leaves to the next tier" };
  const side = (title, acting, peer) => {
    const out = [h("h3", {}, title)];
    if (!acting.isolating.length && !acting.rules.length) return [...out, h("p", {}, "Not isolated: no policy limits this direction.")];
    const surely = acting.passing.filter((p) => net.has(p.surely, peer)).map((p) => p.ports);
    const perhaps = acting.passing.filter((p) => !net.has(p.surely, peer) && net.has(p.perhaps, peer)).map((p) => p.ports);
    const denies = acting.rules.some((r) => r.action === "deny" && net.has(r.peers, peer));
    out.push(h("p", {}, surely.length ? [badge("allow"), ` ${surely.join("; ")}`] : [badge("none"), perhaps.length || denies ? "" : " no rule admits this peer"]));
    if (perhaps.length) out.push(h("p", {}, badge("undecided"), ` ${perhaps.join("; ")}`));
    // what is not read could allow and could deny, and is said once
    const naming = acting.rules.filter((r, i) => net.has(r.peers, peer) && (net.told.deciding.cited[r.cited].name || acting.rules.findIndex((o) => o.cited === r.cited) === i));
    const list = [
      ...naming.map((r) => rulesOf(r.cited, `${r.surely ? "" : "perhaps "}${DOES[r.action]}`, r.ports)),
      ...acting.isolating.map((c) => rulesOf(c, naming.length ? "isolates: what no rule admits is denied" : "isolates it, and no rule admits this peer", "")),
    ];
    return [...out, h("ul", {}, ...list)];
  };
  const RELATIONS = {
    "self": "A pod reaches itself, whatever policies say.",
    "own node": "A node and its own pods reach each other, whatever policies say.",
    "perhaps own node": "A node reaches its own pods whatever policies say; whether this is the pod's node is not known.",
  };
  const causesOf = (numbers) => numbers.length
    ? h("ul", { class: "causes" }, ...numbers.map((i) => {
        const c = DATA.causes[i];
        const places = [c.before && c.before !== c.after ? ["before ", c.before] : null, c.after ? ["", c.after] : null].filter(Boolean);
        return h("li", {}, name(c.ref), ` ${c.change} `, ...places.map(([told, place]) => [told, h("code", {}, place), " "]).flat(),
          c.note ? h("div", { class: "note" }, name(c.note)) : null,
          c.fields.length ? h("ul", {}, ...c.fields.map((f) => h("li", {}, h("code", {}, f.path), ": ", name(f.old), " → ", name(f.new)))) : null,
          c.more_fields ? h("div", { class: "note" }, `and ${many(c.more_fields, "more field")}`) : null);
      }))
    : h("p", { class: "note" }, "No single object that is read says why; the commands below name the rules on either side.");

  const whyPair = (a, b) => {
    const [from, to] = [net.ends[a], net.ends[b]];
    const at = a * net.n + b;
    const [sure, open] = [net.sure[at], net.open[at]];
    const body = [];
    if (IS_DIFF) {
      for (const [, number] of net.at(a, b)) {
        const group = net.told.groups[number];
        body.push(h("p", {}, badge(group.word), ` ${group.ports}`), h("h3", {}, "Because of"), causesOf(group.because));
      }
      if (!body.length) body.push(h("p", {}, "Not changed."));
      const port = net.at(a, b).map(([, n]) => net.told.groups[n].ask)[0] ?? NOTHING;
      body.push(h("h3", {}, "Ask before"), asked(from, to, port, DATA.options.before), h("h3", {}, "Ask after"), asked(from, to, port, DATA.options.after));
      return showPanel(arrow(from.ref, to.ref), body);
    }
    const related = net.relation.get(at);
    if (sure !== NOTHING) body.push(h("p", {}, badge("allow"), ` ${DATA.ports[sure][0]}`));
    if (open !== NOTHING) body.push(h("p", {}, badge("undecided"), ` ${DATA.ports[open][0]}`));
    if (sure === NOTHING && open === NOTHING && related !== "self") body.push(h("p", {}, badge("none"), from.kind === "outside" && to.kind === "outside" ? " both ends are outside" : " over TCP, UDP and SCTP"));
    if (related) body.push(h("p", {}, RELATIONS[related]));
    if (net.told.deciding) {
      const d = net.told.deciding;
      if (from.kind !== "outside") body.push(...side(`Egress: what may leave ${visible(from.short)}`, d.egress[d.egress_of[a]], b));
      if (to.kind !== "outside") body.push(...side(`Ingress: what may enter ${visible(to.short)}`, d.ingress[d.ingress_of[b]], a));
    } else body.push(h("p", { class: "note" }, "This network has more connections than a page carries; the command below lists them workload by workload."));
    body.push(h("h3", {}, DATA.by === "namespace" ? "Ask for its workloads" : "Ask in full, with the smallest changes"), asked(from, to, sure !== NOTHING ? sure : open, DATA.options));
    if (a !== b) body.push(back(() => whyPair(b, a)));
    showPanel(arrow(from.ref, to.ref), body);
  };

  const back = (act) => h("p", {}, button("The other way", act, { class: "link" }));
  const whyBetween = (from, to) => {
    if (from.ends.length === 1 && to.ends.length === 1) return whyPair(from.ends[0], to.ends[0]);
    const rows = [];
    let left = 0;
    for (const a of from.ends) for (const b of to.ends) {
      const at = a * net.n + b;
      if (net.sure[at] === NOTHING && net.open[at] === NOTHING) continue;
      if (rows.length >= ROWS) { left++; continue; }
      rows.push(h("li", {}, pairButton(a, b), " ", ...told(a, b)));
    }
    const found = between(net, from.ends, to.ends);
    const body = [h("p", {}, rows.length ? `${many(rows.length + left, IS_DIFF ? "difference" : "connection")} of ${many(found.pairs, "pair")}. Each opens its why.` : IS_DIFF ? "Nothing changed." : "Nothing may pass.")];
    if (!rows.length && from.ends.length && to.ends.length && !IS_DIFF) body.push(h("p", {}, "One of the denied pairs: ", pairButton(from.ends[0], to.ends.find((i) => i !== from.ends[0]) ?? to.ends[0])));
    body.push(h("ul", {}, ...rows));
    if (left) body.push(h("p", { class: "note" }, `${many(left, "more pair")} not listed: unfold the namespaces or find by name.`));
    if (from !== to) body.push(back(() => whyBetween(to, from)));
    showPanel(arrow(from.name, to.name), body);
  };
  const told = (a, b) => {
    return net.at(a, b).flatMap(([layer, number]) => { const one = of(net, number, layer); return [badge(one.word), ` ${one.text} `]; });
  };
  const pairButton = (a, b) => button([...arrow(net.ends[a].ref, net.ends[b].ref)], () => whyPair(a, b), { class: "link" });
  const whyWay = (way) => {
    const ends = way.to[net.number()] || [];
    const body = [h("p", {}, badge(IS_DIFF ? way.word : way.verdict === "undecided" ? "undecided" : "EXPOSED"), ` via ${way.via} `, name(way.entry))];
    if (IS_DIFF) body.push(h("p", {}, way.told), h("h3", {}, "Because of"), causesOf(way.because));
    else body.push(h("p", {}, "The chain of verdicts stands under ", h("a", { href: "#ways" }, "Ways in"), "."));
    if (ends.length) body.push(h("h3", {}, "Ends at"), h("ul", {}, ...ends.map((i) => h("li", {}, name(net.ends[i].ref)))));
    body.push(h("h3", {}, "Ask in full"));
    for (const options of IS_DIFF ? [DATA.options.before, DATA.options.after] : [DATA.options])
      body.push(command(["netwright why internet", quoted(`${way.service}:${way.port}`), ...(way.protocol === "TCP" ? [] : ["--protocol", way.protocol.toLowerCase()]), options].join(" ")));
    showPanel(arrow("internet", `${way.service}:${way.port}`), body);
  };
  const aboutEnd = (i) => {
    const end = net.ends[i];
    const list = (title, pairs) => [h("h3", {}, title), pairs.length
      ? h("ul", {}, ...pairs.slice(0, ROWS).map(([a, b]) => h("li", {}, button(name(net.ends[a === i ? b : a].ref), () => whyPair(a, b), { class: "link" }), " ", ...told(a, b))))
      : h("p", {}, "Nobody."), pairs.length > ROWS ? h("p", { class: "note" }, `and ${pairs.length - ROWS} more`) : null];
    const some = (a, b) => net.sure[a * net.n + b] !== NOTHING || net.open[a * net.n + b] !== NOTHING;
    const others = net.ends.map((e) => e.i).filter((j) => j !== i);
    const ways = DATA.ways.filter((w) => (w.to[net.number()] || []).includes(i));
    showPanel([name(end.ref)],
      ways.length ? h("ul", {}, ...ways.map((w) => h("li", {}, button(`! internet → ${visible(w.service)}:${w.port}`, () => whyWay(w), { class: "link" })))) : null,
      list("Who may enter", others.filter((j) => some(j, i)).map((j) => [j, i])), list("Where it may go", others.filter((j) => some(i, j)).map((j) => [i, j])));
  };

  // --- units: a folded namespace, or one of the workloads of an open one ----------------------------------------------
  const units = (open, everyRow) => net.spaces.flatMap((space) => {
    const whole = { key: space.key, name: space.name, ends: space.ends, space, outside: space.outside };
    if (!open.has(space.key)) return [whole];
    const children = space.ends.map((i) => ({ key: `${space.key}/${i}`, name: net.ends[i].ref, short: net.ends[i].short, ends: [i], child: true, outside: space.outside, of: space }));
    return everyRow ? [{ ...whole, isOpen: true }, ...children] : children;
  });

  // --- the matrix -------------------------------------------------------------------------------------------------
  const matrix = { row: 0, column: 0 };
  const unitMatches = (unit) => (unit.child ? matches(unit.name) : spaceMatches(unit.space));
  const heading = (unit, axis, open, r, c) => {
    const unfolds = unit.space && unit.space.unfolds;
    const sign = unfolds ? (unit.isOpen ? "▾ " : "▸ ") : "";
    const told = unit.child ? unit.short : unit.name;
    const act = () => {
      if (unfolds) { open.has(unit.key) ? open.delete(unit.key) : open.add(unit.key); matrix.row = r; matrix.column = c; drawMatrix(true); }
      else if (unit.ends.length === 1) aboutEnd(unit.ends[0]);
    };
    const made = button([sign, name(clip(told, 60)), unit.space && unit.ends.length > 1 && !unit.isOpen ? h("small", {}, ` ${unit.ends.length}`) : ""], act,
      { tabindex: "-1", title: unit.name, "aria-expanded": unfolds ? String(Boolean(unit.isOpen)) : null });
    return h("th", { scope: axis, role: axis === "row" ? "rowheader" : "columnheader", class: unit.child ? "child" : null }, made);
  };
  const cell = (row, column) => {
    const found = between(net, row.ends, column.ends);
    const held = wordsOf(net, found);
    const first = held[0];
    if (!first) {
      const none = found.pairs ? "–" : "";
      const made = button(none, () => whyBetween(row, column), { tabindex: "-1", "aria-label": `${row.name} to ${column.name}: ${found.pairs ? WORD.none : "itself"}` });
      return h("td", { role: "gridcell", class: "cell none" }, made);
    }
    const told = held.map((one) => ({ ...one, text: textOf(net, one, row.space, column.space) }));
    const share = found.pairs > 1 && first.count < found.pairs ? ` ${first.count}/${found.pairs}` : "";
    const full = told.map((one) => `${WORD[one.word] || one.word} ${one.text}${found.pairs > 1 ? `, ${one.count} of ${found.pairs} pairs` : ""}`).join("; ");
    const made = button([told.map((one) => SIGNS[one.word]).join(""), " ", terse(told[0].text), share ? h("small", {}, share) : ""], () => whyBetween(row, column),
      { tabindex: "-1", title: full, "aria-label": `${row.name} to ${column.name}: ${full}` });
    return h("td", { role: "gridcell", class: `cell ${first.word}` }, made);
  };
  const drawMatrix = (keepFocus) => {
    let rows = units(state.rowsOpen, true), columns = units(state.columnsOpen, true);
    if (state.query) {
      const [kept, across] = [rows.filter(unitMatches), columns.filter(unitMatches)];
      if (kept.length || across.length) { rows = kept.length ? kept : rows; columns = across.length && !kept.length ? across : columns; }
    }
    const side = Math.floor(Math.sqrt(MOST_CELLS));
    const wide = Math.min(columns.length, Math.max(side, Math.floor(MOST_CELLS / Math.max(1, rows.length))));
    const high = Math.min(rows.length, Math.floor(MOST_CELLS / Math.max(1, wide)));
    const cut = rows.length > high || columns.length > wide;
    $("matrix-note").textContent = cut ? `${high} of ${rows.length} rows and ${wide} of ${columns.length} columns are drawn; fold namespaces, or find by name, to see the others.` : "";
    rows = rows.slice(0, high); columns = columns.slice(0, wide);
    const head = h("tr", { role: "row" }, h("th", { scope: "col", role: "columnheader" }, "from ↓  to →"), ...columns.map((u, c) => heading(u, "col", state.columnsOpen, -1, c)));
    const body = rows.map((row, r) => h("tr", { role: "row" }, heading(row, "row", state.rowsOpen, r, -1), ...columns.map((column) => cell(row, column))));
    $("matrix-table").replaceChildren(h("table", { class: "matrix", role: "grid", "aria-label": "Connection matrix: rows are sources, columns are destinations", "aria-rowcount": rows.length + 1, "aria-colcount": columns.length + 1 },
      h("thead", { role: "rowgroup" }, head), h("tbody", { role: "rowgroup" }, ...body)));
    matrix.grid = [[null, ...columns.map((_, c) => head.children[c + 1].firstChild)], ...body.map((tr) => [...tr.children].map((td) => td.firstChild))];
    if (keepFocus) focusCell(matrix.row + 1, matrix.column + 1); else { matrix.at = null; rove(1, 1); }
  };
  const rove = (r, c) => {
    const found = matrix.grid[r]?.[c];
    if (!found) return null;
    if (matrix.at) matrix.at.tabIndex = -1;
    found.tabIndex = 0; matrix.at = found;
    return found;
  };
  const focusCell = (r, c) => {
    const [high, wide] = [matrix.grid.length - 1, matrix.grid[0].length - 1];
    r = Math.max(0, Math.min(high, r)); c = Math.max(0, Math.min(wide, c));
    if (r === 0 && c === 0) return;
    rove(r, c)?.focus();
  };
  $("matrix-table").addEventListener("focusin", (event) => {
    if (event.target.matches("button") && matrix.at !== event.target) { if (matrix.at) matrix.at.tabIndex = -1; event.target.tabIndex = 0; matrix.at = event.target; }
  });
  $("matrix-table").addEventListener("keydown", (event) => {
    const td = event.target.closest("th,td");
    if (!td || event.ctrlKey || event.altKey || event.metaKey) return;
    const c = [...td.parentNode.children].indexOf(td);
    const r = td.closest("thead") ? 0 : [...td.parentNode.parentNode.children].indexOf(td.parentNode) + 1;
    const to = { ArrowUp: [r - 1, c], ArrowDown: [r + 1, c], ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1], Home: [r, 1], End: [r, Infinity], PageUp: [r - 10, c], PageDown: [r + 10, c] }[event.key];
    if (!to) return;
    event.preventDefault();
    focusCell(...to);
  });

  // --- edges: what the map draws and the list lists ------------------------------------------------------------------
  const edgesOf = (from) => {
    const out = [];
    const unitOf = new Map();
    from.forEach((unit) => unit.ends.forEach((i) => unitOf.set(i, unit)));
    for (const way of DATA.ways) {
      const targets = new Set((way.to[net.number()] || []).map((i) => unitOf.get(i)).filter(Boolean));
      const internet = from.find((u) => u.key.startsWith("!0"));
      for (const unit of targets) {
        const word = IS_DIFF ? way.word : isDanger(way) ? "danger" : way.verdict === "undecided" ? "undecided" : "";
        if (internet && word) out.push({ from: internet, to: unit, word, text: `! ${way.service.split("/").pop()}:${way.port}`, full: `${IS_DIFF ? way.word : "way in"}: ${way.service}:${way.port} via ${way.via}`, act: () => whyWay(way) });
      }
    }
    let dns = 0, undecided = 0;
    for (const a of from) for (const b of from) {
      if (a === b && (a.child || !IS_DIFF)) continue;
      if (a.outside && b.outside) continue;
      for (const held of wordsOf(net, between(net, a.ends, b.ends))) {
        if (!IS_DIFF && a.outside) continue;
        if (held.word === "undecided" && !IS_DIFF) { undecided++; if (!state.undecided) continue; }
        if (held.dns && state.dns && held.word !== "undecided") { dns++; continue; }
        const text = textOf(net, held, a.space, b.space);
        out.push({ from: a, to: b, word: held.word, text: `${IS_DIFF || held.word === "undecided" ? SIGNS[held.word] + " " : ""}${terse(text)}`, full: `${WORD[held.word] || held.word} ${text}`, act: () => whyBetween(a, b) });
      }
    }
    // what passes alike in both directions is one line with two heads
    const merged = [];
    const seen = new Map();
    for (const edge of out) {
      const back = seen.get(`${edge.to.key}>${edge.from.key}>${edge.word}>${edge.full}`);
      if (back && back.from !== back.to) { back.both = true; continue; }
      seen.set(`${edge.from.key}>${edge.to.key}>${edge.word}>${edge.full}`, edge);
      merged.push(edge);
    }
    return { edges: merged, dns, undecided };
  };

  // --- the map ----------------------------------------------------------------------------------------------------
  const W = 1120, BOX = { high: 52 }, NODE = { wide: 150, high: 30, gap: 10 };
  const drawMap = () => {
    // which boxes there is room for: dangers first, then the largest
    let spaces = net.spaces.filter((space) => !state.query || space.outside || spaceMatches(space));
    const rank = (space) => (space.outside ? 0 : space.ends.some((i) => net.dangers.has(i)) ? 1 : 2);
    const notes = [];
    if (spaces.length > MOST_NODES) {
      const kept = new Set([...spaces].sort((a, b) => rank(a) - rank(b) || b.ends.length - a.ends.length || (a.key < b.key ? -1 : 1)).slice(0, MOST_NODES));
      notes.push(`${spaces.length - kept.size} of ${spaces.length} namespaces are not drawn: find by name to narrow the map.`);
      spaces = spaces.filter((space) => kept.has(space));
    }
    let room = MOST_NODES - spaces.length, left = 0;
    const drawn = [];
    for (const space of spaces) {
      const wanted = state.mapOpen.has(space.key) && space.unfolds;
      const open = wanted && room + 1 >= Math.min(space.ends.length, LEAST_PART);
      const shown = open ? space.ends.slice(0, room + 1) : [];
      if (wanted) left += space.ends.length - shown.length;
      if (open) room -= shown.length - 1;
      drawn.push({ space, open, shown });
    }
    if (left) notes.push(`${many(left, "workload")} of open namespaces not drawn: there is room for ${MOST_NODES} nodes; fold other namespaces.`);
    const all = drawn.flatMap(({ space, open, shown }) => open
      ? shown.map((i) => ({ key: `${space.key}/${i}`, name: net.ends[i].ref, short: net.ends[i].short, ends: [i], child: true, outside: space.outside }))
      : [{ key: space.key, name: space.name, ends: space.ends, space, outside: space.outside }]);
    const found = edgesOf(all);
    let edges = found.edges;
    if (found.dns) notes.push(`${many(found.dns, "edge")} of only DNS hidden.`);
    if (edges.length > MOST_EDGES) {
      const worst = (e) => (e.word === "danger" || e.word === "EXPOSED" ? 0 : e.word === "opened" ? 1 : 2);
      const kept = [...edges.keys()].sort((a, b) => worst(edges[a]) - worst(edges[b]) || a - b).slice(0, MOST_EDGES).sort((a, b) => a - b);
      notes.push(`${many(edges.length - MOST_EDGES, "edge")} not drawn: find by name to narrow the map, or read the list of connections.`);
      edges = kept.map((i) => edges[i]);
    }
    notes.unshift(`${many(all.length, "node")}, ${many(edges.length, "edge")} drawn.`);
    if (edges.length > CROWDED) notes.push("Point at a box, or move to it with Tab, to bring out its lines.");
    $("map-note").textContent = notes.join(" ");
    const height = place(drawn);
    const where = new Map();
    const boxes = drawn.map((d) => drawBox(d, where));
    const lines = edges.map((edge, i) => drawEdge(edge, where, height, edges));
    const label = `Map: ${many(all.length, "node")}, ${many(edges.length, "edge")}. The list of connections says the same.`;
    const tip = s("marker", { id: "tip", viewBox: "0 0 8 8", refX: "7", refY: "4", markerWidth: "8", markerHeight: "8", markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, s("path", { d: "M0 .8 7 4 0 7.2z" }));
    $("map-canvas").replaceChildren(s("svg", { viewBox: `0 0 ${W} ${height}`, role: "group", "aria-label": label, class: edges.length > CROWDED ? "crowded" : edges.length > CROWDED / 2 ? "dense" : null }, s("defs", {}, tip), ...boxes.filter((b) => b.frame).map((b) => b.frame), ...lines, ...boxes.flatMap((b) => b.items)));
  };
  const NARROW = 240;
  // Open namespaces stand in the middle, folded ones around them; edges bend towards the middle and cross no box on the rim.
  const place = (drawn) => {
    for (const d of drawn) {
      if (d.open) {
        d.columns = Math.max(1, Math.min(4, Math.ceil(Math.sqrt(d.shown.length))));
        d.w = d.columns * (NODE.wide + NODE.gap) + NODE.gap;
        d.h = 34 + Math.ceil(d.shown.length / d.columns) * (NODE.high + NODE.gap);
      } else { d.w = Math.min(NARROW - 10, Math.max(164, 44 + 7.2 * visible(d.space.name).length)); d.h = BOX.high; }
    }
    const rim = drawn.filter((d) => !d.open), middle = drawn.filter((d) => d.open);
    const few = middle.length && rim.length <= 4;
    const inner = few ? W - 60 : W - 2 * (NARROW + 50);
    let x = 0, y = 0, line = 0;
    for (const d of middle) {
      if (x && x + d.w > inner) { x = 0; y += line + 64; line = 0; }
      d.x = x; d.y = y; x += d.w + 64; line = Math.max(line, d.h);
    }
    const middleHigh = middle.length ? y + line : 0;
    if (!middle.length && rim.length <= 12) {
      const [rx, ry] = [W / 2 - 120, Math.max(110, 30 + rim.length * 19)];
      rim.forEach((d, i) => {
        const turn = -Math.PI / 2 + (2 * Math.PI * i) / rim.length;
        d.x = W / 2 + rx * Math.cos(turn) - d.w / 2; d.y = ry + 20 + BOX.high / 2 + ry * Math.sin(turn) - d.h / 2;
      });
      return 2 * ry + BOX.high + 40;
    }
    const top = few ? rim.length : Math.min(4, Math.ceil(rim.length / 4)), bottom = few ? 0 : Math.min(4, Math.floor(rim.length / 4));
    const sides = rim.length - top - bottom, right = Math.ceil(sides / 2), left = sides - right;
    const step = BOX.high + 18;
    const high = Math.max(middleHigh + 120, right * step + 40, 160);
    const topHigh = 20 + BOX.high;
    const spread = (list, at, span, set) => list.forEach((d, i) => set(d, at + (span * (i + 0.5)) / list.length));
    const across = W - 2 * 60;
    spread(rim.slice(0, top), 60, across, (d, at) => { d.x = at - d.w / 2; d.y = 20; });
    spread(rim.slice(top, top + right), topHigh + 10, high - 20, (d, at) => { d.x = W - 20 - d.w; d.y = at - d.h / 2; });
    spread(rim.slice(top + right, top + right + bottom).reverse(), 60, across, (d, at) => { d.x = at - d.w / 2; d.y = topHigh + high; });
    spread(rim.slice(rim.length - left).reverse(), topHigh + 10, high - 20, (d, at) => { if (left) { d.x = 20; d.y = at - d.h / 2; } });
    const wide = Math.max(0, ...middle.map((d) => d.x + d.w));
    for (const d of middle) { d.x += (W - wide) / 2; d.y += topHigh + (high - middleHigh) / 2; }
    return topHigh + high + (bottom ? BOX.high : 0) + 20;
  };
  const onKeys = (act) => ({ click: act, keydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(event); } } });
  const lightUp = (key) => ({
    mouseenter: () => light(key), mouseleave: () => light(null), focusin: () => light(key), focusout: () => light(null),
  });
  const light = (key) => {
    for (const edge of document.querySelectorAll(".edge")) {
      const touches = key !== null && (edge.dataset.from === key || edge.dataset.to === key);
      edge.classList.toggle("lit", touches);
      edge.classList.toggle("faint", key !== null && !touches);
    }
  };
  const drawBox = (d, where) => {
    const { space } = d;
    const danger = space.ends.some((i) => net.dangers.has(i));
    const toggle = () => {
      if (!space.unfolds) return aboutEnd(space.ends[0]);
      state.mapOpen.has(space.key) ? state.mapOpen.delete(space.key) : state.mapOpen.add(space.key);
      drawMap();
      document.querySelector(`[data-key="${CSS.escape(space.key)}"]`)?.focus();
    };
    const counted = space.outside ? (space.ends.length > 1 ? many(space.ends.length, "range") : "outside the cluster") : DATA.by === "namespace" ? "namespace" : many(space.ends.length, "workload");
    const sign = space.unfolds ? (d.open ? "▾ " : "▸ ") : "";
    const head = s("g", { class: `box${danger ? " danger" : ""}${space.outside ? " outside" : ""}`, role: "button", tabindex: "0", "data-key": space.key, "aria-expanded": space.unfolds ? String(d.open) : null,
      "aria-label": `${space.name}, ${counted}${danger ? ", exposed" : ""}`, on: { ...onKeys(toggle), ...(d.open ? {} : lightUp(space.key)) } },
      s("title", {}, space.name),
      s("rect", { x: d.x, y: d.y, width: d.w, height: d.open ? 28 : d.h, rx: 8 }),
      s("text", { x: d.x + 12, y: d.y + (d.open ? 19 : 22) }, sign + clip(visible(space.name), Math.floor((d.w - (space.unfolds ? 36 : 22)) / 7.1))),
      d.open ? null : s("text", { x: d.x + 12, y: d.y + 40, class: "sub" }, counted, danger ? s("tspan", { class: "bad" }, "  ! exposed") : null));
    if (!d.open) { where.set(space.key, d); return { items: [head] }; }
    const frame = s("g", { class: `box${space.outside ? " outside" : ""}` }, s("rect", { x: d.x, y: d.y, width: d.w, height: d.h, rx: 8 }));
    const nodes = d.shown.map((i, n) => {
      const end = net.ends[i], key = `${space.key}/${i}`, bad = net.dangers.has(i);
      const at = { x: d.x + NODE.gap + (n % d.columns) * (NODE.wide + NODE.gap), y: d.y + 34 + Math.floor(n / d.columns) * (NODE.high + NODE.gap), w: NODE.wide, h: NODE.high };
      where.set(key, at);
      return s("g", { class: `node${bad ? " danger" : ""}${matches(end.ref) ? "" : " unmatched"}`, role: "button", tabindex: "0", "aria-label": `${end.ref}${bad ? ", exposed" : ""}`, on: { ...onKeys(() => aboutEnd(i)), ...lightUp(key) } },
        s("title", {}, end.ref), s("rect", { x: at.x, y: at.y, width: at.w, height: at.h, rx: 5 }), s("text", { x: at.x + 8, y: at.y + 20 }, (bad ? "! " : "") + clip(visible(end.short), 19)));
    });
    return { frame, items: [head, ...nodes] };
  };
  const drawEdge = (edge, where, height, edges) => {
    const [a, b] = [where.get(edge.from.key), where.get(edge.to.key)];
    const middle = (r) => ({ x: r.x + r.w / 2, y: r.y + r.h / 2 });
    const [p, q] = [middle(a), middle(b)];
    const centre = { x: W / 2, y: height / 2 };
    const dx = q.x - p.x, dy = q.y - p.y, long = Math.hypot(dx, dy) || 1;
    // both directions of a pair, and several edges of one direction, part from each other
    const twins = edges.filter((e) => e.from === edge.from && e.to === edge.to);
    const shift = 16 + 26 * twins.indexOf(edge);
    const bend = edge.from.child && edge.to.child ? 0.1 : 0.42;
    const c = edge.from === edge.to ? { x: p.x + 70, y: p.y - 90 } : {
      x: (p.x + q.x) / 2 * (1 - bend) + centre.x * bend - (dy / long) * shift, y: (p.y + q.y) / 2 * (1 - bend) + centre.y * bend + (dx / long) * shift };
    const rim = (r, m, to) => {
      const [ux, uy] = [to.x - m.x, to.y - m.y];
      const k = Math.min(Math.abs((r.w / 2 + 3) / (ux || 1e-6)), Math.abs((r.h / 2 + 3) / (uy || 1e-6)), 1);
      return { x: m.x + ux * k, y: m.y + uy * k };
    };
    const from = rim(a, p, c), to = rim(b, q, edge.from === edge.to ? { x: c.x - 140, y: c.y } : c);
    const round = (v) => Math.round(v * 10) / 10;
    const d = `M${round(from.x)} ${round(from.y)}Q${round(c.x)} ${round(c.y)} ${round(to.x)} ${round(to.y)}`;
    const t = 0.5 + (edges.indexOf(edge) % 3 - 1) * 0.1;
    const at = (u, v, w) => round((1 - t) ** 2 * u + 2 * t * (1 - t) * v + t * t * w);
    const always = edges.length <= MOST_LABELS || edge.word === "danger" || edge.word === "EXPOSED";
    const full = `${edge.from.name} ${edge.both ? "and" : "to"} ${edge.to.name}: ${edge.full}${edge.both ? ", both ways" : ""}`;
    return s("g", { class: `edge ${edge.word}`, role: "button", tabindex: "0", "aria-label": full, "data-from": edge.from.key, "data-to": edge.to.key, on: onKeys(edge.act) },
      s("title", {}, full), s("path", { class: "hit", d }), s("path", { class: "seen", d, "marker-end": "url(#tip)", "marker-start": edge.both ? "url(#tip)" : null }),
      s("text", { class: always ? null : "only", x: at(from.x, c.x, to.x), y: at(from.y, c.y, to.y) + 4 }, clip(edge.text, 26)));
  };

  // --- the list of connections ----------------------------------------------------------------------------------------
  const listRows = () => {
    const rows = [];
    for (const way of DATA.ways) {
      const word = IS_DIFF ? way.word : isDanger(way) ? "EXPOSED" : way.verdict === "undecided" ? "undecided" : null;
      if (!word) continue;
      rows.push({ from: "internet", to: `${way.service}:${way.port}`, ports: `${way.protocol} ${way.port}`, word, told: IS_DIFF ? null : word === "EXPOSED" ? "! way in" : null, act: () => whyWay(way) });
    }
    if (state.level === "workload") {
      const all = state.query ? new Set(net.ends.filter((e) => matches(e.ref)).map((e) => e.i)) : null;
      for (let a = 0; a < net.n; a++) for (let b = 0; b < net.n; b++) {
        if (all && !all.has(a) && !all.has(b)) continue;
        for (const [layer, number] of net.at(a, b)) {
          const one = of(net, number, layer);
          rows.push({ from: net.ends[a].ref, to: net.ends[b].ref, ports: one.text, word: one.word, act: () => whyPair(a, b) });
        }
      }
    } else {
      const every = units(new Set(), false);
      for (const a of every) for (const b of every) {
        if (a.outside && b.outside) continue;
        const found = between(net, a.ends, b.ends);
        for (const held of wordsOf(net, found)) {
          const share = found.pairs > 1 ? `${held.count} of ${found.pairs}` : "";
          rows.push({ from: a.name, to: b.name, ports: textOf(net, held, a.space, b.space), word: held.word, share, act: () => whyBetween(a, b) });
        }
      }
    }
    if (!state.query) return rows;
    return state.level === "workload" ? rows.filter((r) => matches(r.from) || matches(r.to) || matches(r.ports)) : rows.filter((r) => matches(r.from) || matches(r.to));
  };
  const drawList = () => {
    const rows = listRows();
    const shown = rows.slice(0, state.rows);
    const hasShare = shown.some((r) => r.share);
    const heads = ["From", "To", "Ports", IS_DIFF ? "Change" : "Verdict", ...(hasShare ? ["Pairs"] : []), "Why"];
    const body = shown.map((r) => h("tr", {}, h("th", { scope: "row" }, name(r.from)), h("td", {}, name(r.to)), h("td", {}, r.ports), h("td", {}, r.told ? h("span", { class: "badge EXPOSED" }, r.told) : badge(r.word)),
      hasShare ? h("td", { class: "number" }, r.share || "") : null, h("td", {}, button("Why", r.act, { class: "link", "aria-label": `Why ${r.from} to ${r.to}` }))));
    $("connections-note").textContent = rows.length > shown.length ? `The first ${shown.length} of ${many(rows.length, "row")}.` : many(rows.length, "row");
    const more = rows.length > shown.length ? h("p", { class: "more-rows" }, button(`Show ${Math.min(ROWS, rows.length - shown.length)} more`, () => { state.rows += ROWS; drawList(); }, { class: "quiet" })) : null;
    $("connections-table").replaceChildren(h("table", {}, h("caption", {}, IS_DIFF ? "Differences" : "Connections, ways in from the internet first"), h("thead", {}, h("tr", {}, ...heads.map((t) => h("th", { scope: "col" }, t)))), h("tbody", {}, ...body)), ...(more ? [more] : []));
    return rows.length;
  };

  // --- bars -------------------------------------------------------------------------------------------------------
  const box = (told, checked, act) => {
    const input = h("input", { type: "checkbox", checked });
    input.addEventListener("change", () => act(input.checked));
    return h("label", { class: "choice" }, input, ` ${told}`);
  };
  const choice = (told, options, value, act) => {
    const select = h("select", {}, ...options.map(([v, text]) => h("option", { value: v, selected: v === value }, text)));
    select.addEventListener("change", () => act(select.value));
    return h("label", { class: "choice" }, `${told} `, select);
  };
  const foldAll = (open, act) => [button("Unfold all", () => { net.spaces.forEach((sp) => sp.unfolds && open.forEach((o) => o.add(sp.key))); act(); }, { class: "quiet" }), button("Fold all", () => { open.forEach((o) => o.clear()); act(); }, { class: "quiet" })];
  const drawBars = () => {
    const families = networks.length > 1 ? () => choice("Family", networks.map((n, i) => [String(i), `IPv${n.told.family}`]), String(net.number()), (v) => { net = networks[+v]; state.mapOpen.clear(); state.rowsOpen.clear(); state.columnsOpen.clear(); drawBars(); draw(); }) : () => null;
    const unfolds = net.spaces.some((space) => space.unfolds);
    $("map-bar").replaceChildren(...[
      families(), box("Hide DNS (port 53 alone)", state.dns, (on) => { state.dns = on; drawMap(); }),
      IS_DIFF ? null : box("Show undecided", state.undecided, (on) => { state.undecided = on; drawMap(); }),
      ...(unfolds ? foldAll([state.mapOpen], drawMap) : [])].filter(Boolean));
    $("matrix-bar").replaceChildren(...[families(), ...(unfolds ? foldAll([state.rowsOpen, state.columnsOpen], () => drawMatrix()) : [])].filter(Boolean));
    $("connections-bar").replaceChildren(...[families(), DATA.by === "workload" ? choice("By", [["namespace", "namespace"], ["workload", "workload"]], state.level, (v) => { state.level = v; state.rows = ROWS; drawList(); }) : null].filter(Boolean));
  };
  const draw = () => { drawMap(); drawMatrix(); return drawList(); };

  // --- findings and the search ----------------------------------------------------------------------------------------
  const findings = [...document.querySelectorAll("[data-text]")];
  const filterFindings = () => {
    const bar = $("filter");
    const off = new Set(bar ? [...bar.querySelectorAll("[data-severity]")].filter((b) => !b.checked).map((b) => b.dataset.severity) : []);
    const code = $("of-code")?.value || "";
    const narrowed = Boolean(state.query || code);
    let left = 0;
    for (const f of findings) {
      f.hidden = off.has(f.dataset.severity) || (code && f.dataset.code !== code) || (state.query && !f.dataset.text.includes(state.query));
      left += f.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll(".codes")) {
      group.hidden = !group.querySelector("[data-text]:not([hidden])");
      for (const details of group.querySelectorAll("details.more")) if (narrowed && details.querySelector("[data-text]:not([hidden])")) details.open = true;
    }
    const none = $("no-finding");
    if (none) none.hidden = left > 0 || !findings.length;
    return left;
  };
  $("filter")?.addEventListener("change", filterFindings);
  let waiting = 0;
  const find = () => {
    const had = state.query;
    state.query = $("find").value.trim().toLowerCase();
    state.rows = ROWS;
    if (state.query && !had && DATA.by === "workload") state.level = "workload";
    if (!state.query && had) state.level = "namespace";
    drawBars();
    const left = filterFindings();
    const rows = draw();
    $("found").textContent = state.query ? `${many(left, IS_DIFF ? "group" : "finding")}, ${many(rows, "connection")}` : "";
  };
  $("find").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 120); });

  // --- keys -------------------------------------------------------------------------------------------------------
  $("show-keys").addEventListener("click", () => openPanel("keys"));
  for (const close of document.querySelectorAll("[data-close]")) close.addEventListener("click", closePanels);
  const goTo = (id) => {
    const target = $(id);
    if (!target) return;
    const title = target.querySelector("h2");
    title.tabIndex = -1;
    target.scrollIntoView();
    title.focus({ preventScroll: true });
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (closePanels()) return;
      if ($("find").value) { $("find").value = ""; find(); }
      return;
    }
    if (!$("single-keys").checked) return; // WCAG 2.2, 2.1.4: whoever dictates can turn them off
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input:not([type=checkbox]), select, textarea")) return;
    if (event.key === "/") { event.preventDefault(); closePanels(); $("find").focus(); $("find").select(); }
    else if (event.key === "?") openPanel("keys");
    else { const to = { m: "map", c: "connections", x: "matrix", f: "findings", p: "provenance" }[event.key]; if (to) goTo(to); }
  });
  let unfolded = [];
  addEventListener("beforeprint", () => { unfolded = [...document.querySelectorAll("details:not([open])")]; for (const d of unfolded) d.open = true; });
  addEventListener("afterprint", () => { for (const d of unfolded) d.open = false; });
  for (const row of document.querySelectorAll("[data-pair]")) row.addEventListener("click", () => { const [a, b] = row.dataset.pair.split(" ").map(Number); whyPair(a, b); });

  // --- tables that go on beside the window -----------------------------------------------------------------------
  const boxes = [...document.querySelectorAll(".scroll")];
  const watched = new ResizeObserver(() => { for (const box of boxes) box.classList.toggle("wide", box.scrollWidth > box.clientWidth); });
  for (const box of boxes) {
    const watch = () => { for (const one of [box, ...box.children]) watched.observe(one); };
    watch();
    new MutationObserver(watch).observe(box, { childList: true });
  }

  drawBars();
  draw();
})();
