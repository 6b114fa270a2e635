"""What Cilium's policies ask of names and requests: toFQDNs, rules of DNS and HTTP.

After `pkg/fqdn`, `pkg/policy/api` (fqdn, http) and `Documentation/security/policy/layer{3,7}.rst` of Cilium 1.20.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from netwright.base.services import UDP, ServiceSet, service_key
from netwright.base.spans import Pointer
from netwright.dialects.cilium.objects import FQDNSelector, HTTPRule, PortRule
from netwright.model.document import Decoded
from netwright.questions.check.cilium_covered import Covers
from netwright.questions.check.cilium_written import Entry, Ruled, Written, name_of
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE"})
_DNS: Final = ServiceSet.of(((service_key(UDP, 53), service_key(UDP, 53) + 1),))
_WORD: Final = re.compile(r"[A-Za-z]+(\|[A-Za-z]+)*").fullmatch
_PLAIN_PATH: Final = re.compile(r"(/[-A-Za-z0-9_~]*)*/\*").fullmatch


def checks(scene: Scene) -> Iterator[Found]:
    """NW2530 to NW2536."""
    requests = Requests(scene)
    seen: set[tuple[Decoded, str, str]] = set()
    for entry in requests.written.entries:
        for found in requests.entry(entry):
            if (entry.policy, found.code, found.key) not in seen:
                seen.add((entry.policy, found.code, found.key))
                yield found


class Requests:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)
        self.covers = scene.once(Covers)
        self._asking: list[tuple[Ruled, list[str]]] = []
        """The rules with entries for DNS, and the names that these let be asked for."""
        for ruled in self.written.rules:
            names = [
                (one.match_name or one.match_pattern or "").lower().rstrip(".")
                for entry in ruled.entries("egress")
                for port in entry.ports
                if isinstance(port, PortRule) and port.rules is not None
                for one in port.rules.dns or ()
            ]
            has_rules = any(
                isinstance(port, PortRule) and port.rules is not None and port.rules.dns is not None
                for entry in ruled.entries("egress")
                for port in entry.ports
            )
            if has_rules:
                self._asking.append((ruled, names or ["*"]))

    def entry(self, entry: Entry) -> Iterator[Found]:
        names = [one for one in entry.listed("fqdns") or () if isinstance(one, FQDNSelector)]
        if names:
            yield from self._names(entry, names)
        for number, port in enumerate(entry.ports):
            if isinstance(port, PortRule) and port.rules is not None:
                place = (*entry.pointer, "toPorts", number, "rules")
                for index, request in enumerate(port.rules.http or ()):
                    yield from _request(entry, request, (*place, "http", index))
        if entry.action == "allow":
            yield from self._opened(entry)

    # --- names --------------------

    def _names(self, entry: Entry, names: list[FQDNSelector]) -> Iterator[Found]:
        place = (*entry.pointer, "toFQDNs")
        for number, one in enumerate(names):
            pattern = (one.match_pattern or "").rstrip(".")
            labels = pattern.split(".")
            if pattern in ("*", "**"):
                yield Found(
                    "NW2532",
                    at(entry.policy, *place, number, "matchPattern"),
                    f"`{pattern}` of {name_of(entry.policy)} is every name: whatever resolves may be reached",
                    label="no name is left out",
                    effect="an address counts as soon as a pod has asked for any name of it, so that the entry limits "
                    "nothing but connections by bare address",
                    help="name the domains that are needed, such as `*.example.com`",
                    key=pattern,
                )
            elif len(labels) > 1 and "*" in labels[-2] and labels[-2].strip("*"):
                yield self._foreign(entry, pattern, labels, (*place, number, "matchPattern"))
        yield from self._learnt(entry, names, place)

    @staticmethod
    def _foreign(entry: Entry, pattern: str, labels: list[str], place: Pointer) -> Found:
        stem = labels[-2].replace("*", "")
        other = ".".join(("evil-" + stem if labels[-2].startswith("*") else stem + "-evil", labels[-1]))
        return Found(
            "NW2533",
            at(entry.policy, *place),
            f"`{pattern}` of {name_of(entry.policy)} matches names of other domains, such as `{other}`",
            label="`*` beside letters of the domain itself",
            effect="anybody can register a domain that matches, and the pods may then connect there",
            help=f"write `*.{stem}.{labels[-1]}`, and `matchName: {stem}.{labels[-1]}` beside it",
            key=pattern,
        )

    def _learnt(self, entry: Entry, names: list[FQDNSelector], place: Pointer) -> Iterator[Found]:
        """NW2530, NW2531: whether Cilium comes to know addresses of the names."""
        if any("domain_names=(" in repr(d.value.spec) for d in self.scene.admin_policies):
            return  # accepting a name there looks at DNS too
        subjects = self.written.subjects(entry.ruled)
        if subjects.must:
            mine = self.scene.bits(subjects.must)
            asking = [(r, told) for r, told in self._asking if self.scene.bits(self.written.subjects(r).may) & mine]
            known = 0
            for ruled, _ in asking:
                known |= self.scene.bits(self.written.subjects(ruled).may)
            lacking = mine & ~known
        elif subjects.may:
            return
        else:
            asking = [(r, t) for r, t in self._asking if r.namespace in ("", entry.ruled.namespace)]
            lacking = 0 if asking else 1
        shown = [one.match_name or one.match_pattern or "" for one in names]
        if lacking:
            refs = self.scene.refs(self.scene.rows_at(lacking)) if subjects.must else ()
            yield Found(
                "NW2530",
                at(entry.policy, *place),
                f"{listed(shown)} of {name_of(entry.policy)} never come to match: no rule lets Cilium look at the DNS "
                f"queries of {listed(refs) if refs else 'its pods'}",
                label="no `rules: {dns: …}` for these pods",
                effect="Cilium learns the addresses of names from the answers that pass its DNS proxy alone, and "
                "connections to them are denied",
                help="allow port 53 to the DNS servers with `rules: {dns: [{matchPattern: …}]}` for these pods",
                key=" ".join(shown),
                workloads=refs,
            )
            return
        if not subjects.must or self._has_plain(entry):
            return
        patterns = [pattern for _, told in asking for pattern in told]
        for number, one in enumerate(names):
            name = (one.match_name or "").lower().rstrip(".")
            if name and not any(_may_match(pattern, name) for pattern in patterns):
                yield Found(
                    "NW2531",
                    at(entry.policy, *place, number, "matchName"),
                    f"`{name}` of {name_of(entry.policy)} cannot be looked up: no DNS rule for its pods matches it",
                    label="may be reached, not asked for",
                    effect="the DNS proxy refuses queries for the name, so that its addresses are never known",
                    help=f"add `matchName: {name}` to the `dns` rules of these pods",
                    key=name,
                )

    def _has_plain(self, entry: Entry) -> bool:
        """Whether a rule may let these pods ask for every name: one for port 53 that looks at no query."""
        mine = self.scene.bits(self.written.subjects(entry.ruled).may)
        for other in self.written.entries:
            if other.direction == "egress" and other.action == "allow" and other.form[0] != "fqdns":
                services = self.covers.plain_services(other)
                if any(s.named or s.fixed & _DNS for s in services):
                    if self.scene.bits(self.written.subjects(other.ruled).may) & mine:
                        return True
        for rule in self.scene.rules(direction="egress"):
            if self.scene.bits(self.scene.subjects(rule.policy).may) & mine:
                if rule.ports is None or any(not isinstance(p.port, int) or p.port == 53 for p in rule.ports):
                    return True
        return False

    # --- what opens a rule for requests --------------------

    def _opened(self, entry: Entry) -> Iterator[Found]:
        """NW2534."""
        by = self.covers.opening(entry)
        if by is not None:
            port = next(n for n, p in enumerate(entry.ports) if isinstance(p, PortRule) and p.rules is not None)
            yield Found(
                "NW2534",
                at(entry.policy, *entry.pointer, "toPorts", port, "rules"),
                f"rules for requests of {name_of(entry.policy)} limit nothing: another entry allows the same peers the "
                "ports without them",
                label="every request passes",
                effect="where a rule for requests and a plain one meet at the same peers and ports, everything passes",
                help="delete the plain entry, or the rules",
                key=entry.words,
                also=(Seen(at(by.policy, *by.pointer), "allows them plainly"),),
            )


def _request(entry: Entry, request: HTTPRule, place: Pointer) -> Iterator[Found]:
    """NW2535, NW2536."""
    path, method = request.path or "", request.method or ""
    if _PLAIN_PATH(path):
        yield Found(
            "NW2535",
            at(entry.policy, *place, "path"),
            f"path `{path}` of {name_of(entry.policy)} is a regular expression, and `/*` is no wildcard in one",
            label="`*` repeats the `/` before it",
            effect=f"it matches `{path[:-2] or '/'}` with any number of slashes behind it, and no path below",
            help=f"write `{path[:-1]}.*`",
            key=f"{entry.field} {path}",
        )
    if _WORD(method):
        wrong = [word for word in method.split("|") if word not in METHODS and word.upper() in METHODS]
        if wrong:
            yield Found(
                "NW2536",
                at(entry.policy, *place, "method"),
                f"method `{method}` of {name_of(entry.policy)}: methods of HTTP are upper case, and are compared so",
                label=f"no request has the method {listed(wrong)}",
                effect="requests that it means are denied",
                help=f"write `{'|'.join(w.upper() if w in wrong else w for w in method.split('|'))}`",
                key=f"{entry.field} {method} {path}",
            )


def _may_match(pattern: str, name: str) -> bool:
    """Whether a pattern of DNS names matches a name; taken widely where `**` stands in it."""
    if pattern in ("*", "**") or "**" in pattern:
        return True
    expression = "".join("[-a-z0-9_]*" if char == "*" else re.escape(char) for char in pattern)
    return re.fullmatch(expression, name) is not None
