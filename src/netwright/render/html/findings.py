"""Findings as HTML: grouped by code, worst first, each with the lines it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from netwright.base.diagnostics import Severity
from netwright.model.finding import Finding, Mark
from netwright.questions.check import ORDER, Checked
from netwright.render.excerpt import Lines
from netwright.render.finding_words import INTENT, held, listed, rule_of, thing
from netwright.render.html.elements import Html, Part, join, name, prose, tag
from netwright.render.html.tables import place_of, table
from netwright.render.words import count

MOST_OF_A_CODE: Final = 3
"""Findings of a code that stand open; the others are folded under them."""
MOST_IN_FULL: Final = 500
"""Findings with their lines; of those beyond one line each."""
BEFORE, AFTER = 1, 2
LONGEST_LINE: Final = 240
WORDS: Final[Mapping[Severity, str]] = {"error": "✗ error", "warning": "! warning", "info": "i note"}


def findings_section(checked: Checked, lines: Lines) -> Html:
    """The section `findings`."""
    found = sorted(listed(checked, everything=True), key=lambda f: (ORDER[f.severity], f.code != INTENT.code))
    groups = [(code, list(of)) for code, of in groupby(found, key=lambda f: f.code)]
    told: list[Html] = []
    seen = 0
    for code, of in groups:
        rows = [(f, _finding(f, lines) if seen + i < MOST_IN_FULL else _in_one_line(f)) for i, f in enumerate(of)]
        seen += len(of)
        told.append(_group(code, rule_of(code).title, rows))
    if seen > MOST_IN_FULL:
        told.append(
            tag("p", f"Of {count(seen, 'finding')} the first {MOST_IN_FULL} stand with their lines.", class_="note")
        )
    return tag(
        "section",
        tag("h2", "Findings"),
        _filter(found, [(code, len(of)) for code, of in groups]) if found else tag("p", "No findings."),
        *told,
        *(tag("p", f"Withheld: {w.findings} of {w.code}: {w.reason}", class_="note") for w in checked.withheld),
        *(tag("p", prose(note), class_="note") for note in checked.notes),
        tag("p", "No finding is left by this filter.", class_="note", id="no-finding", hidden=True),
        _intents(checked),
        id="findings",
    )


def _intents(checked: Checked) -> Html | None:
    if not checked.intents:
        return None
    signs = {"holds": "✓ holds", "broken": "✗ broken", "undecided": "? undecided"}
    kinds = {"holds": "allow", "broken": "error", "undecided": "undecided"}
    rows: list[list[Part]] = [
        [
            name(i.name),
            tag("span", signs[i.verdict], class_=f"badge {kinds[i.verdict]}"),
            tag("code", name(place_of(i.file, i.line, 1)), class_="place") if i.file else "",
            prose(i.reason),
        ]
        for i in checked.intents
    ]
    return join(tag("h3", "Intents"), table(" · ".join(held(checked)), ["Intent", "Verdict", "Where", "Reason"], rows))


def _filter(found: Sequence[Finding], codes: Sequence[tuple[str, int]]) -> Html:
    counted = Counter(f.severity for f in found)
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", checked=True, data_severity=severity),
            f" {WORDS[severity]} ({counted[severity]})",
            class_="choice",
        )
        for severity in WORDS
        if counted[severity]
    ]
    options = [
        tag("option", "all codes", value=""),
        *(tag("option", f"{code} ({n})", value=code) for code, n in codes),
    ]
    select = tag("select", *options, id="of-code")
    label = tag("label", "Code ", select, class_="choice")
    return tag(
        "div", *boxes, label, class_="bar scripted", role="group", aria_label="Which findings are shown", id="filter"
    )


def _group(code: str, title: str, rows: Sequence[tuple[Finding, Html]]) -> Html:
    """Findings of one code: the first new ones open, notes and the others folded, then those that do not count."""
    severity = rows[0][0].severity
    new = [row for f, row in rows if f.state == "new"]
    most = 0 if severity == "info" else len(new) if len(new) <= MOST_OF_A_CODE + 1 else MOST_OF_A_CODE
    left = new[most:]
    told = count(len(left), "note") if severity == "info" else f"{len(left)} more {code}"
    folded = [tag("details", tag("summary", told), *left, class_="more")] if left else []
    for state in ("known", "accepted"):
        if passed := [row for f, row in rows if f.state == state]:
            folded.append(tag("details", tag("summary", f"{len(passed)} {state}"), *passed, class_="more"))
    head = tag(
        "h3", _badge(severity), " ", tag("span", code, class_="code"), f" {title}", tag("small", f" × {len(rows)}")
    )
    return tag("div", head, *new[:most], *folded, class_=f"codes {severity}", data_code=code)


def _badge(severity: Severity) -> Html:
    return tag("span", WORDS[severity], class_=f"badge {severity}")


def _attributes(f: Finding) -> dict[str, str]:
    searched = " ".join((f.code, f.title, f.kind, f"{f.namespace}/{f.name}", f.file, f.owner, *f.workloads))
    return {"data_severity": f.severity, "data_code": f.code, "data_text": searched.lower()}


def _finding(f: Finding, lines: Lines) -> Html:
    rows = [(word, told) for word, told in (("Effect", f.effect), ("Help", f.help), ("Owner", f.owner)) if told]
    about = tag("dl", *(join(tag("dt", word), tag("dd", prose(told))) for word, told in rows)) if rows else None
    return tag(
        "article",
        tag("h4", prose(f.title), None if f.state == "new" else tag("small", f" ({f.state})")),
        _where(f),
        *_excerpts(f, lines),
        about,
        class_=f"finding {f.severity}",
        **_attributes(f),
    )


def _in_one_line(f: Finding) -> Html:
    return tag("article", tag("p", prose(f.title)), _where(f), class_=f"finding {f.severity}", **_attributes(f))


def _where(mark: Mark) -> Html | None:
    object_, place = thing(mark), place_of(mark.file, mark.line, mark.column)
    parts = [tag("code", name(place))] if place else []
    parts += [name(object_)] if object_ else []
    parts += [tag("code", name(mark.path))] if object_ and not place and mark.path else []
    joined = [p for part in parts for p in (" · ", part)][1:]
    return tag("p", *joined, class_="where") if joined else None


def _excerpts(f: Finding, lines: Lines) -> Iterator[Html]:
    yield from excerpt(f, lines)
    for mark in f.also:
        if mark.file and (mark.file, mark.line) != (f.file, f.line):
            yield tag("p", tag("code", name(place_of(mark.file, mark.line, mark.column))), class_="where")
        yield from excerpt(mark, lines)


def excerpt(mark: Mark, lines: Lines) -> Iterator[Html]:
    """The line that is meant, marked, between its neighbours."""
    text = lines(mark.file) if mark.file else ()
    if not 0 < mark.line <= len(text):
        return
    shown: list[Html] = []
    for number in range(max(1, mark.line - BEFORE), min(len(text), mark.line + AFTER) + 1):
        line = text[number - 1][:LONGEST_LINE].expandtabs()[:LONGEST_LINE] or " "
        meant = number == mark.line
        label = tag("span", f" ← {mark.label}", class_="label") if meant and mark.label else None
        # the mark is a sign too: neither a reader of colours only nor a printer may lose it
        gutter = tag("span", f"{'▸' if meant else ' '}{number:>5} ", class_="gutter")
        shown.append(tag("mark" if meant else "span", gutter, line, label, class_="line"))
    yield tag("pre", *shown, class_="excerpt", tabindex="0", role="group", aria_label=f"{mark.file}, line {mark.line}")
