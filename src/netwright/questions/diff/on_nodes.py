"""Pods on their nodes' network that the internet reaches now, or no more, and that do not say at which ports."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from netwright.base.ipset import INTERNET
from netwright.base.services import TRANSPORT
from netwright.engine.difference import PERHAPS, Differences, View
from netwright.engine.ends import SharedEnds
from netwright.engine.exposure import RANK
from netwright.questions.diff.causes import Kinds
from netwright.questions.diff.listening import Listening
from netwright.questions.diff.ways import ON_NODES, OPEN, ExposureChange, Verdict

if TYPE_CHECKING:
    from netwright.engine.bits import Indexes

ENTRY: Final = "every port of its node that it listens at"


class Pairs(Protocol):
    """The pairs of one family that differ, and their causes: numbers into `sets`."""

    ends: SharedEnds
    found: Differences
    kinds: Kinds
    causes: Indexes
    sets: list[tuple[int, ...]]


class _Found(NamedTuple):
    """Of a workload: the verdicts before and after, whether something passes surely no more, or surely did not before,
    and what caused it."""

    verdicts: list[Verdict]
    moved: list[bool]
    because: set[int]


def on_nodes(compared: Sequence[Pairs], told: Collection[str], listening: Listening) -> Iterator[ExposureChange]:
    """The workloads whose pods the internet reaches otherwise at their nodes; `told` are those of which that is told
    otherwise. A pod that leaves the network of pods for its node's is reached where nobody reached it before: addresses
    of pods are not routed outside, whatever policies say."""
    by_owner: dict[str, _Found] = {}
    for one in compared:
        for owner, end in _of_interest(one):
            if owner not in told and not owner.startswith("node/"):
                _add(by_owner.setdefault(owner, _Found(["", ""], [False, False], set())), one, end, listening)
    for owner, found in sorted(by_owner.items()):
        was, now = found.verdicts
        if {was, now} <= {"", "deny"} or (was == now and not any(found.moved)):
            continue
        yield ExposureChange(
            service=owner,
            port=0,
            protocol="",
            via=ON_NODES,
            entry=ENTRY,
            workloads=(owner,),
            was=was,
            now=now,
            wider=now in OPEN and (RANK[was] == 0 or found.moved[1]),
            because=tuple(sorted(found.because)),
        )


def _of_interest(one: Pairs) -> Iterator[tuple[str, int]]:
    """The ends on nodes, of those workloads of which any changed, or what it lets pass."""
    ends = one.ends
    hosts = sorted(ends.before.nodes | ends.after.nodes)
    if not hosts:
        return
    from_outside = one.found.destination[np.isin(one.found.source, _internet(ends))]
    moved = set(from_outside.tolist())
    owners = {ends.owners[end] for end in hosts if ends.changed[end] or end in moved}
    yield from ((ends.owners[end], end) for end in hosts if ends.owners[end] in owners)


def _internet(ends: SharedEnds) -> list[int]:
    first = len(ends.owners) - ends.outside
    return [i for i in range(first, len(ends.owners)) if (ends.addresses[i] or INTERNET) & INTERNET]


def _add(found: _Found, one: Pairs, end: int, listening: Listening) -> None:
    cells = _internet(one.ends)
    for side, view in enumerate((one.ends.before, one.ends.after)):
        verdict = _verdict(view, cells, end)
        if RANK[verdict] > RANK[found.verdicts[side]] or not found.verdicts[side]:
            found.verdicts[side] = verdict
        for row in one.ends.rows[end][side] if one.ends.changed[end] else ():
            found.because.update(listening.at(side, row))
    pairs = np.flatnonzero(np.isin(one.found.source, cells) & (one.found.destination == end))
    for pair in pairs.tolist():
        found.because.update(one.sets[one.causes[pair]])
        surely_before, perhaps_before, surely_now, perhaps_now = one.kinds.passing[one.kinds.of[pair]]
        if one.ends.before.nodes & one.ends.after.nodes & {end}:
            found.moved[0] |= bool(surely_before & ~perhaps_now)
            found.moved[1] |= bool(surely_now & ~perhaps_before)


def _verdict(view: View, cells: Sequence[int], end: int) -> Verdict:
    """What the internet gets to there: everything, some services, perhaps, nothing; "" where nobody is on a node."""
    if view.positions[end] == PERHAPS:
        return "undecided"
    if end not in view.nodes:
        return ""
    passing = [view.tables.pair(int(view.positions[cell]), int(view.positions[end])) for cell in cells]
    if all(must >= TRANSPORT for must, _ in passing):
        return "allow"
    if any(must & TRANSPORT for must, _ in passing):
        return "some"
    return "undecided" if any(may & TRANSPORT for _, may in passing) else "deny"
