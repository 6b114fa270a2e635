"""How many differences there are of each word, ways in, Services and pairs together, and what is said where there are
none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from netwright.questions.diff import Diffed
from netwright.questions.diff.not_read import HINT
from netwright.questions.diff.objects import ObjectChange
from netwright.questions.diff.services import DENIED, ServiceChange
from netwright.questions.diff.ways import ExposureChange
from netwright.render.words import count

SAME: Final = "no connection was opened, closed or changed"
NOT_KNOWN: Final = "no connection is known to have opened, closed or changed, and part of the input could not be read"
LISTENING: Final = "changed the ports that its pods listen at, or take of their nodes, and no verdict"
AS_FAR: Final = ", as far as is known"


def word_of(e: ExposureChange | ServiceChange) -> str:
    if isinstance(e, ServiceChange):
        if not e.surely:
            return "undecided"
        if e.opened and e.was in DENIED:
            return "opened"
        return "closed" if e.closed and e.now in DENIED else "changed"
    if e.wider:
        return "EXPOSED"
    if not e.is_sure:
        return "undecided"
    return "closed" if e.now in ("deny", "") else "changed"


def tally(found: Diffed) -> Counter[str]:
    """By word: ways in, ports of Services, and pairs of ends."""
    out = Counter(map(word_of, found.exposed)) + Counter(map(word_of, found.services))
    for word in ("opened", "closed", "changed", "undecided"):
        out[word] += len(getattr(found, word))
    return out


def opening(found: Diffed) -> int:
    """How much of what changed lets pass what it did not before: it fails like what opened."""
    services = (s for s in found.services if word_of(s) == "changed")
    return sum(bool(m.opened) for m in found.changed) + sum(bool(s.opened) for s in services)


def counts(found: Sequence[Diffed]) -> list[str]:
    """`2 exposed`, `12 opened`, …, `3 changed (1 opens more)`, …, `364 pairs compared`, of all of them together."""
    counted = sum((tally(d) for d in found), Counter[str]())
    exposed, more = counted["EXPOSED"], sum(map(opening, found))
    said = {"changed": f" ({more} open{'s' * (more == 1)} more)" if more else ""}
    return [
        *([f"{exposed} exposed"] if exposed else []),
        *(f"{counted[word]} {word}{said.get(word, '')}" for word in ("opened", "closed", "changed", "undecided")),
        f"{count(sum(d.pairs for d in found), 'pair')} compared",
    ]


def nothing(found: Diffed) -> str:
    """What is said where no difference is found."""
    return SAME if found.is_known else NOT_KNOWN


def quiet(found: Diffed) -> Iterator[tuple[str, str, list[str]]]:
    """What moved nothing: a noun, what is said of it, the names. And what was not read."""
    far = "" if found.is_known else AS_FAR
    names = [f"{c.ref} ({c.place})" if c.place else c.ref for c in found.listening]
    yield "object", LISTENING + far, names
    names = [f"{c.name} ({c.place})" if c.place else c.name for c in found.nodes]
    yield "Node", "changed, and connections of nodes are left out", names
    yield "object", f"changed without effect on connections{far}", [c.ref for c in found.without_effect]
    yield "file", f"changed text but not traffic{far}", list(found.quiet_files)
    places = [_place(change) for change in found.unread]
    yield "part", "of the input could not be read and could hide a difference", places


def _place(change: ObjectChange) -> str:
    """Where what was not read stands, and how it would be read."""
    place = change.place or change.name
    if change.kind != "file":
        return f"{change.ref} ({place})"
    return f"{place} ({HINT})" if change.note.endswith(HINT) else place
