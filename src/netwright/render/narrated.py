"""Answers told in whole sentences, without drawn lines, carets or columns: for screen readers and for logs."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.base.diagnostics import Diagnostic
from netwright.base.spans import named
from netwright.questions.why import Cited, PartAnswer, SideAnswer, WayAnswer, WhyAnswer
from netwright.questions.why.changes import Change
from netwright.render.escape import plain
from netwright.render.leads_here import leads_here_told
from netwright.render.why_text import ITSELF, allowing_rules
from netwright.render.words import Words, count

VERDICT = {
    "allow": "Allowed",
    "deny": "Denied",
    "undecided": "Undecided",
    "some": "Allowed for some, denied for others",
}


def why_narrated(answer: WhyAnswer, *, profile: str, last: str, words: Words | None = None) -> list[str]:
    """`why` in sentences, one a line, or folded between words to the width of `words`."""
    some = answer.groups == "some" and answer.verdict == "allow"
    port = f" port {answer.port}" if answer.port else ""
    out = [
        f"{VERDICT['some' if some else answer.verdict]}: {answer.source} to {answer.destination}{port}, "
        f"{answer.protocol}, under the profile {profile}."
    ]
    if answer.translation:
        itself = ITSELF if answer.to_itself else ""
        out.append(f"The Service leads to {', '.join(answer.translation)}{itself}.")
    if answer.note:
        out.append(f"Note: {answer.note}.")
    out += [f"Open, {r.kind}: {r.reason}." for r in answer.reasons]
    for way in answer.ways:
        out += _way(way)
    out += [f"From outside: {told}." for told in leads_here_told(answer)]
    families = len({part.family for part in answer.parts}) > 1
    for part in answer.parts[:6]:
        out += _part(part, len(answer.parts) > 1, families)
    for number, change in enumerate(answer.changes[:4], 1):
        out.append(_change(number, change))
    out.append(f"Finished: {last}.")
    return _folded(out, words)


def diagnostics_narrated(found: Sequence[Diagnostic], words: Words | None = None) -> list[str]:
    """Diagnostics in sentences, one a line, or folded."""
    out = []
    for d in found:
        where = (
            f" In file {d.file}, line {d.line}, column {d.column}."
            if d.line
            else f" In file {d.file}."
            if d.file
            else ""
        )
        effect = f" Effect: {d.effect}." if d.effect else ""
        cure = f" Help: {d.help}." if d.help else ""
        out.append(f"{d.severity.capitalize()} {d.code}: {d.title}.{where}{effect}{cure}")
    return _folded(out, words)


def _folded(sentences: Sequence[str], words: Words | None) -> list[str]:
    shown = [plain(text) for text in sentences]
    return shown if words is None else [line for text in shown for line in words.fold(text, "")]


def _way(way: WayAnswer) -> list[str]:
    out = [f"Way in by {way.via}, {way.entry}: {VERDICT[way.verdict].lower()}."]
    for number, step in enumerate(way.steps, 1):
        place = f" File {step.place.file}, line {step.place.line}." if step.place and step.place.file else ""
        out.append(f"Step {number}, {step.verdict}: {step.text}.{place}")
    return out


def _part(part: PartAnswer, several: bool, families: bool) -> list[str]:
    over = f" over IPv{part.family}" if families else ""
    asked = f"For {part.source} to {part.destination}, {part.service}{over}"
    out = [f"{asked}: {VERDICT[part.verdict].lower()}."] if several else []
    if part.relation == "self":
        return [*out, "A pod always reaches itself by its own address."]
    if part.relation == "own node":
        return [*out, "A node and its own pods always reach each other."]
    if part.relation == "perhaps own node":
        out.append("Open: it may be the pod's own node, and a node and its own pods always reach each other.")
    if part.apart:
        out.append(f"Network: denied. {part.apart}.")
    return [*out, *_side(part.egress), *_side(part.ingress)]


def _side(side: SideAnswer) -> list[str]:
    name = side.direction.capitalize()
    if side.verdict == "not isolated":
        return [f"{name}: allowed, because no policy isolates this end in this direction."]
    if side.verdict == "allow":
        _, perhaps = allowing_rules(side)
        listed = [c for c in side.rules if c not in perhaps]
        too = f"; perhaps also by {_several(perhaps)}" if perhaps else ""
        return [f"{name}: allowed by {_several(listed)}{too}."]
    if side.verdict == "undecided":
        return [f"{name}: open, it may depend on {_several(side.rules or side.isolating) or 'what was not read'}."]
    denying = [c for c in side.rules if c.action == "deny"]
    if denying:
        return [f"{name}: denied by {_several(denying)}."]
    out = [f"{name}: denied. It is isolated by {_several(side.isolating)}, and no rule admits this."]
    if side.nearest is not None:
        differs = "; ".join(side.nearest.differs)
        out.append(f"The nearest rule is {_cited(side.nearest.rule)}: {differs}.")
    return out


def _several(cited: Sequence[Cited]) -> str:
    return "; ".join(_cited(c) for c in cited[:4]) + (f"; and {len(cited) - 4} more" if len(cited) > 4 else "")


def _cited(c: Cited) -> str:
    rule = f" rule {c.rule}" if c.rule is not None else ""
    place = f", file {c.file}, line {c.line}, column {c.column}" if c.file else ""
    owner = f", owned by {c.owner}" if c.owner else ""
    return f"{c.kind} {named(c.namespace, c.name)}{rule}{place}{owner}"


def _change(number: int, change: Change) -> str:
    effects = []
    left = change.more
    for verb, found in (
        ("also opens", change.opens),
        ("also closes", change.closes),
        ("perhaps opens", change.perhaps_opens),
        ("perhaps closes", change.perhaps_closes),
    ):
        if found:
            listed = ", ".join(f"{c.source} to {c.destination} {c.ports}" for c in found[:3])
            left += max(0, len(found) - 3)
            effects.append(f"it {verb} {listed}")
    effect = "; ".join(effects) or "it opens and closes nothing else"
    effect += f" and {count(left, 'more', 'more')}" if left else ""
    return f"Change {number} that would {change.flips_to} it: {'; and '.join(change.edits)}; {effect}."
