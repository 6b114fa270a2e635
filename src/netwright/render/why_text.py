"""`why` as text: the answer, the evidence with its place, what would change it, the last line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.base.spans import named
from netwright.model.networks import POD
from netwright.questions.why import Cited, PartAnswer, SideAnswer, WayAnswer, WhyAnswer
from netwright.questions.why.changes import Change
from netwright.render.escape import plain
from netwright.render.excerpt import Lines, excerpt
from netwright.render.leads_here import leads_here_told
from netwright.render.styles import OF_VERDICT, Style, heading
from netwright.render.words import Words, count

ITSELF: Final = ", and to the client itself"
VERDICT = {"allow": "ALLOWED", "deny": "DENIED", "undecided": "UNDECIDED", "some": "SOME"}
_SIGNS: Final[tuple[tuple[str, Style], ...]] = (
    ("ALLOW", "allow"),
    ("DENY", "deny"),
    ("OPEN", "undecided"),
    ("PASS", "quiet"),
)


def why_text(answer: WhyAnswer, lines: Lines, words: Words, *, profile: str, last: str) -> list[str]:
    """All lines. `lines(file)` gives a file's text for excerpts; `last` ends the last line (time, exit code)."""
    out = _headline(answer, words, profile)
    if answer.translation:
        shown = ", ".join(answer.translation[:4]) + (
            f" and {len(answer.translation) - 4} more" if len(answer.translation) > 4 else ""
        )
        shown += ITSELF if answer.to_itself else ""
        out += words.fold(plain(f"{', '.join(answer.through)} leads to {shown}"), "           ", "  service  ")
    if any(answer.ports_asked):
        out += words.fold(
            f"asked about the ports it serves: {', '.join(answer.ports_asked)}", "           ", "  ports    "
        )
    if answer.note:
        out += words.fold(plain(answer.note), "           ", "  note     ")
    for reason in answer.reasons:
        out += words.fold(plain(f"{reason.kind}: {reason.reason}"), "           ", "  open     ")
    for way in answer.ways:
        out += _way(way, words)
    for i, told in enumerate(leads_here_told(answer)):
        out += words.fold(plain(told), "           ", "           " if i else "  outside  ")
    several = len(answer.parts) > 1
    families = len({part.family for part in answer.parts}) > 1
    for part in answer.parts[:6]:
        out += _part(part, several, families, lines, words)
    if len(answer.parts) > 6:
        out += words.fold(f"… and {len(answer.parts) - 6} more parts; -o json lists all", "  ")
    out += _changes(answer, words)
    judged = (
        f"{count(answer.judged, 'packet')} judged by the engine and the reference evaluator alike"
        if answer.judged
        else "a chain of verdicts"
        if answer.ways
        else "judged by the engine alone"
        if answer.parts
        else "no packet to judge"
        if answer.network == POD
        else "judged by the engine alone"
    )
    out += words.fold(f"{_summary(answer)} {words['dot']} {judged} {words['dot']} {last}", "", "")
    return out


def _summary(answer: WhyAnswer) -> str:
    if answer.groups == "some" and answer.verdict == "allow":
        return "some allowed, some denied"
    return {"allow": "allowed", "deny": "denied", "undecided": "undecided"}[answer.verdict]


def _headline(answer: WhyAnswer, words: Words, profile: str) -> list[str]:
    verdict = "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict
    destination = answer.destination
    if answer.port:
        shown = f"[{destination}]" if ":" in destination and "/" not in destination else destination
        destination = f"{shown}:{answer.port}"
    there = "" if answer.network == POD else f", network {answer.network}"
    asked = f"{answer.source} {words['arrow']} {destination} {answer.protocol.lower()}   (profile {profile}{there})"
    return _verdict(verdict, asked, words)


def _verdict(verdict: str, asked: str, words: Words) -> list[str]:
    word = VERDICT[verdict]
    return words.fold(plain(asked), f"{'':{len(word)}}  ", f"{word}  ", marks=((word, OF_VERDICT[verdict]),))


def _way(way: WayAnswer, words: Words) -> list[str]:
    shown = way.verdict.upper()
    marks = ((shown, OF_VERDICT[way.verdict]),)
    out = words.fold(plain(f"{shown:<9}  {way.via} {way.entry}"), "             ", "  way ", marks=marks)
    for step in way.steps:
        place = f"  ({step.place.file}:{step.place.line})" if step.place and step.place.file else ""
        marks = ((step.verdict, OF_VERDICT.get(step.verdict, "quiet")),)
        out += words.fold(
            plain(f"{step.verdict:<9} {step.text}{place}"), "                   ", "         ", marks=marks
        )
    return out


def _part(part: PartAnswer, several: bool, families: bool, lines: Lines, words: Words) -> list[str]:
    out = []
    if several:
        from_, to = (f" and {more} more" if more else "" for more in (part.more_from, part.more_to))
        over = f" over IPv{part.family}" if families else ""
        asked = f"{part.source}{from_} {words['arrow']} {part.destination}{to}  {part.service}{over}"
        out += _verdict(part.verdict, asked, words)
    if part.relation == "self":
        return [*out, "  self     a pod always reaches itself by its own address"]
    if part.relation == "own node":
        return [*out, "  node     a node and its own pods always reach each other"]
    if part.relation == "perhaps own node":
        told = "it may be the pod's own node, and a node and its own pods always reach each other"
        out += words.fold(told, "                  ", "  node     OPEN   ", marks=_SIGNS)
    if part.apart:
        out += words.fold(plain(part.apart), "                  ", "  network  DENY   ", marks=_SIGNS)
    for side in (part.egress, part.ingress):
        out += _side(side, lines, words)
    return out


def _side(side: SideAnswer, lines: Lines, words: Words) -> list[str]:
    head = f"  {side.direction:<8} "
    pad = " " * 11
    passed = [c for c in side.rules if c.action == "pass"]
    out: list[str] = []
    if passed and side.verdict != "undecided":
        out = _cited("PASS   ", passed, head, pad, words, "to the next tier")
        head = pad
    if side.verdict == "not isolated":
        told = "no policy isolates this end in this direction"
        return out + words.fold(told, pad, head + "ALLOW  ", marks=_SIGNS)
    if side.verdict == "allow":
        allowing, perhaps = allowing_rules(side)
        out += _cited("ALLOW  ", allowing, head, pad, words)
        out += _cited("OPEN   ", perhaps, pad, pad, words, "perhaps admits it too")
        return out + _excerpt(allowing[0], lines, words) if allowing else out
    if side.verdict == "undecided":
        listed = side.rules or side.isolating
        return (
            _cited("OPEN   ", listed, head, pad, words)
            if listed
            else words.fold("what was not read could decide", pad, head + "OPEN   ", marks=_SIGNS)
        )
    denying = [c for c in side.rules if c.action == "deny"]
    if denying:
        out += _cited("DENY   ", denying, head, pad, words)
        return out + _excerpt(denying[0], lines, words)
    out += _cited("DENY   ", side.isolating, head, pad, words, "isolates it; no rule admits this")
    if side.nearest is not None:
        near = side.nearest
        out += words.fold(plain(f"nearest {_where(near.rule)}"), pad + "  ", pad)
        for told in near.differs:
            out += words.fold(plain(told), pad + "  ", pad + "  ")
        out += _excerpt(near.rule, lines, words)
    elif side.isolating:
        out += _excerpt(side.isolating[0], lines, words)
    return out


def allowing_rules(side: SideAnswer) -> tuple[list[Cited], list[Cited]]:
    """The rules that allow it in a direction, and those that perhaps match beside them."""
    allowing = [c for c in side.rules if c.action == "allow"]
    surely = [c for c in allowing if c.surely]
    return (surely, [c for c in allowing if not c.surely]) if surely else (allowing, [])


def _cited(sign: str, cited: Sequence[Cited], head: str, pad: str, words: Words, told: str = "") -> list[str]:
    out: list[str] = []
    for i, c in enumerate(cited[:4]):
        text = sign + _where(c) + (f"  {told}" if told and i == 0 else "")
        out += words.fold(plain(text), pad + "       ", head if i == 0 else pad, marks=_SIGNS)
    if len(cited) > 4:
        out.append(f"{pad}… and {len(cited) - 4} more")
    return out


def _where(c: Cited) -> str:
    rule = f" rule {c.rule}" if c.rule is not None else ""
    place = f"{c.file}:{c.line}:{c.column}  " if c.file else ""
    owner = f"  ({c.owner})" if c.owner else ""
    return f"{place}{c.kind} {named(c.namespace, c.name)}{rule}{owner}"


def _excerpt(c: Cited, lines: Lines, words: Words) -> list[str]:
    """The cited line and the two after it, with a caret under the place."""
    return list(excerpt(c.line, c.column, lines(c.file), words)) if c.file else []


def _changes(answer: WhyAnswer, words: Words) -> list[str]:
    if not answer.changes:
        return []
    flips = "allow" if answer.changes[0].flips_to == "allow" else "deny"
    told = words.fold(f"smallest changes that would {flips} it, each proven on a copy", "  ", "")
    out = [heading(line) for line in told]
    for number, change in enumerate(answer.changes[:4], 1):
        for i, (edit, place) in enumerate(zip(change.edits, change.places, strict=True)):
            text = edit + (f"  ({place})" if place else "")
            out += words.fold(plain(text), "     ", f"  {number}  " if i == 0 else "     ")
        out += words.fold(plain(_effect(change, words)), "       ", "     ")
    return out


def _effect(change: Change, words: Words) -> str:
    if not change.size:
        return "opens and closes nothing else"
    parts = []
    left = change.more
    for verb, found in (
        ("also opens", change.opens),
        ("also closes", change.closes),
        ("perhaps opens", change.perhaps_opens),
        ("perhaps closes", change.perhaps_closes),
    ):
        if found:
            listed = ", ".join(f"{c.source} {words['arrow']} {c.destination} {c.ports}" for c in found[:3])
            left += max(0, len(found) - 3)
            parts.append(f"{verb} {listed}")
    return "; ".join(parts) + (f" and {left} more" if left else "")
