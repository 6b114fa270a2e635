"""`check` as a comment below a pull request: the verdict, counts, the findings with their places, notes folded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.diagnostics import Severity
from netwright.model.account import Provenance
from netwright.model.finding import Finding
from netwright.questions.check import Checked, Coverage
from netwright.render.escape import markdown
from netwright.render.finding_words import (
    GATE,
    NAMED,
    counted,
    held,
    listed,
    place,
    sentence,
    summary,
    thing,
)
from netwright.render.markdown import SHOWN, Item, code, comment, marker, prose
from netwright.render.words import count

STATES: Final = (
    ("both", "isolated both ways"),
    ("only_in", "isolated for ingress only"),
    ("only_out", "isolated for egress only"),
    ("neither", "not isolated"),
    ("open", "isolated in part"),
    ("host", "on the host network"),
)


def check_markdown(
    checked: Checked, provenance: Provenance, *, exit_code: int, meaning: str, everything: bool = False
) -> Iterator[str]:
    """Lines. Errors and warnings stand open, the first SHOWN of them unless `everything`; the rest and all notes are
    folded."""
    found = listed(checked, everything=everything)
    head = [
        marker("check"),
        f"## netwright check {GATE[exit_code]}: {', '.join([summary(checked), *held(checked)])}",
        "",
        *_counts(checked),
    ]
    grave = sum(f.severity != "info" for f in found)
    shown = len(found) if everything else min(grave, SHOWN)
    notes = [f"- {prose(note)}" for note in (*checked.notes, *checked.resting)]
    withheld = [f"- withheld: {count(w.findings, 'finding')} of {w.code}, because {w.reason}" for w in checked.withheld]
    tail = [
        *(["", *withheld, *notes] if withheld or notes else []),
        "",
        f"netwright {markdown(provenance.version)}, profile {markdown(provenance.profile)}, {meaning}",
    ]
    items = [Item(_finding(f)) for f in found]
    yield from comment(head, items, tail, folded=_folded(found[shown:]), shown=shown)


def _folded(rest: Sequence[Finding]) -> str:
    counts: dict[Severity, int] = {severity: sum(f.severity == severity for f in rest) for severity in NAMED}
    return f"{counted(counts)} more" if any(f.severity != "info" for f in rest) else counted(counts)


def _counts(checked: Checked) -> Iterator[str]:
    yield from ("| findings | |", "|---|---:|")
    for severity, word in NAMED.items():
        yield f"| {word}s | {checked.counts[severity]} |"
    for state in ("known", "accepted"):
        if n := checked.states[state]:
            yield f"| {state} | {n} |"
    yield ""
    if checked.intents:
        yield from ("| intents | |", "|---|---:|")
        verdicts = Counter(i.verdict for i in checked.intents)
        yield from (f"| {verdict} | {verdicts[verdict]} |" for verdict in ("holds", "broken", "undecided"))
        yield ""
    yield from _isolation(checked.isolation)


def _isolation(rows: Sequence[Coverage]) -> Iterator[str]:
    if not rows:
        return
    total = sum(r.workloads for r in rows)
    yield f"| of {count(total, 'workload')} | |"
    yield "|---|---:|"
    for field, told in STATES:
        if field == "both" or any(getattr(r, field) for r in rows):
            yield f"| {told} | {sum(getattr(r, field) for r in rows)} |"
    yield ""


def _finding(f: Finding) -> Iterator[str]:
    where = "  ".join(part for part in (code(place(f)), code(thing(f)), code(f.owner)) if part)
    state = "" if f.state == "new" else f" ({f.state})"
    yield f"- **{NAMED[f.severity]} {f.code}**{state} {prose(sentence(f.title))}"
    if where:
        yield f"  {where}"
    for mark in f.also:
        other = code(thing(mark)) if thing(mark) != thing(f) or not place(mark) else ""
        yield f"  - see {' '.join(part for part in (code(place(mark)), other, prose(mark.label)) if part)}"
    for word, text in (("effect", f.effect), ("help", f.help)):
        if text:
            yield f"  - {word}: {prose(text)}"
