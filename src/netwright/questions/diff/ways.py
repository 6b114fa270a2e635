"""Which ways in from the internet two networks do not share, and what caused each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from netwright.base.ipset import EVERYWHERE, INTERNET, IpSet
from netwright.base.services import protocol_name
from netwright.dialects.k8s.services import SLICE_OF
from netwright.engine.exposure import RANK, Exposure, by_key, exposures, has_ways
from netwright.engine.inquire import Inquirer
from netwright.model.document import of_kinds
from netwright.model.references import FROM_INTERNET
from netwright.model.rule import Direction
from netwright.questions.diff.causes import objects_at
from netwright.questions.diff.changes import Changes, Numbers
from netwright.questions.diff.listening import Listening
from netwright.questions.diff.objects import Key

if TYPE_CHECKING:
    from netwright.engine.ends import SharedEnds
    from netwright.engine.inquire import Part
    from netwright.engine.verdict import Citation

Verdict = Literal["allow", "some", "deny", "undecided", ""]
OPEN: Final = ("allow", "some")
ON_NODES: Final = "hostNetwork"
"""Of ways in by ports that pods on their nodes' network say they listen at."""
_DIRECTIONS: Final[tuple[Direction, Direction]] = ("egress", "ingress")


class ExposureChange(msgspec.Struct, frozen=True, kw_only=True):
    """A way in from the internet whose verdict changed ("" where there is no such way), that is open, surely to some or
    perhaps, to other addresses, or that leads to other ends.
    `ended` and `ends` are the endpoints, with their ports, to which it let pass, surely or perhaps, and does now.
    `wider`: addresses surely may enter now that surely could not before, or reach an end that they did not reach.
    `because` numbers the changes that caused it. `service` is the workload and `port` 0 where the pods are reached on
    their nodes' network, at whatever port they listen at."""

    service: str
    port: int
    protocol: str
    via: str
    entry: str
    workloads: tuple[str, ...]
    was: Verdict
    now: Verdict
    wider: bool
    because: Numbers
    ended: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        return "undecided" not in (self.was, self.now)


def exposed(
    old: Inquirer, new: Inquirer, changes: Changes, ends: Sequence[SharedEnds], listening: Listening
) -> tuple[list[ExposureChange], set[str]]:
    """The ways in that differ; `ends` are those of either family. A way that one network lacks is undecided there where
    what was not read may make it. And the workloads that either network has ways to on their nodes' network."""
    if not (has_ways(old.cluster) or has_ways(new.cluster)):
        return [], set()
    ways = [by_key(exposures(i, FROM_INTERNET)) for i in (old, new)]
    causes = _Causes((old, new), changes, ends, listening)
    ranges = [{s.ref: IpSet.of(*s.source_ranges) for s in i.cluster.services if s.source_ranges} for i in (old, new)]
    out = []
    for key in sorted({*ways[0], *ways[1]}):
        was, now = ways[0].get(key), ways[1].get(key)
        before = was.verdict if was else causes.without(0, now)
        after = now.verdict if now else causes.without(1, was)
        service, port, protocol, via, entry = key
        admitted = [r.get(service) if via == "LoadBalancer" else None for r in ranges]
        ended, ending = _ends(was), _ends(now)
        differ = before in ("some", "undecided") and admitted[0] != admitted[1]
        entering = [_entering(*side) for side in zip((was, now), admitted, strict=True)] if differ else []
        of_others = entering[:1] != entering[1:]
        same = before == after and not of_others and ended.keys() == ending.keys()
        if same or {before, after} <= {"deny", ""}:
            continue
        more = before == "some" and (after == "allow" or (of_others and not entering[1][0] <= entering[0][1]))
        more = more or (before in OPEN and not ending.keys() <= ended.keys())
        workloads = next((w.workloads for w in (now, was) if w is not None and w.workloads), ())
        out.append(
            ExposureChange(
                service=service,
                port=port,
                protocol=protocol_name(protocol),
                via=via,
                entry=entry,
                workloads=workloads,
                was=before,
                now=after,
                wider=after in OPEN and (before in ("deny", "") or more),
                because=tuple(sorted(causes.of(was, now))),
                ended=tuple(ended),
                ends=tuple(ending),
            )
        )
    by_node = (way for side in ways for way in side.values() if way.via == ON_NODES)
    return out, {workload for way in by_node for workload in way.workloads}


def _entering(way: Exposure | None, ranges: IpSet | None) -> tuple[IpSet, IpSet]:
    """The addresses of the internet that surely, and perhaps, enter by a way: those that the source ranges of the
    Service admit and, where policies see them, let in."""
    admitted = INTERNET & (EVERYWHERE if ranges is None else ranges)
    seen = [(part.outcome.verdict, part.source_addresses) for part in way.parts] if way is not None else []
    if not seen or any(addresses is None for _, addresses in seen):
        return admitted, admitted
    surely = perhaps = IpSet()
    for verdict, addresses in seen:
        if verdict != "deny":
            perhaps |= admitted & (addresses or IpSet())
        if verdict == "allow":
            surely |= admitted & (addresses or IpSet())
    return surely, perhaps


def danger_first(ways: Iterable[ExposureChange]) -> list[ExposureChange]:
    return sorted(ways, key=lambda e: (not e.wider, e.service, e.port, e.via, e.entry))


def _ends(way: Exposure | None) -> dict[str, None]:
    """The endpoints that a way surely or perhaps leads to, with their ports; none where nothing passes."""
    if way is None or way.verdict == "deny":
        return {}
    passing = [part for part in way.parts if part.outcome.verdict != "deny"]
    return dict.fromkeys(f"{end}:{part.packet.key & 0xFFFF}" for part in passing for end in part.destinations)


class _Causes:
    """The changes behind a way in: of the objects that make it, of the ends of its hops, and of the policies that
    decide a hop."""

    def __init__(
        self, sides: tuple[Inquirer, Inquirer], changes: Changes, ends: Sequence[SharedEnds], listening: Listening
    ) -> None:
        self._sides = sides
        self._listening = listening
        self._changes = changes
        self._ends = ends
        self._changed: tuple[set[int], set[int]] | None = None
        self._slices: dict[tuple[str, str], set[int]] | None = None

    def without(self, side: int, other: Exposure | None) -> Literal["undecided", ""]:
        """The verdict of a way that a side lacks, given as the other side has it."""
        return "undecided" if other is not None and self._perhaps(side, other) else ""

    def _perhaps(self, side: int, other: Exposure) -> set[int]:
        """What was not read on a side and may make a way as the other side has it: its very Service, or for the other
        objects any of their kinds, which may lead there too."""
        beside = self._changes.beside[side]
        if not beside:
            return set()
        own = _service(other.service)
        lost = self._changes.lost[side]
        return {i for key in _making(other) for i in (lost if key == own else beside).get(key, ())}

    def of(self, was: Exposure | None, now: Exposure | None) -> set[int]:
        numbers = self._changes.numbers
        both = [way for way in (was, now) if way is not None]
        found = {i for way in both for key in _making(way) for i in numbers.get(key, ())}
        found |= self._slices_of(both[0].service)
        if len(both) == 1:
            found |= self._perhaps(0 if was is None else 1, both[0])
        rank = [RANK[way.verdict] if way is not None else 0 for way in (was, now)]
        parts = [way.parts if way is not None else () for way in (was, now)]
        moved = [d for d in _DIRECTIONS if not all(parts) or _sides(parts[0], d) != _sides(parts[1], d)]
        for side, way in enumerate((was, now)):
            if way is None:
                continue
            found |= self._by_ends(side, way.parts)
            if rank[0] != rank[1]:  # what lets pass counts where more passed, what denies where less did
                found |= self._by_policies(side, way.parts, moved, lets=(rank[side] > rank[1 - side]))
            if self._changes.unread and way.verdict == "undecided":
                for step in way.steps:
                    if step.verdict == "undecided":
                        found.update(self._changes.of_reason(side, step.text))
        through = [by_key(way.through) if way is not None else {} for way in (was, now)]
        for key in {**through[0], **through[1]}:
            pair = through[0].get(key), through[1].get(key)
            if pair[0] is None or pair[1] is None or pair[0].verdict != pair[1].verdict:
                found |= self.of(*pair)
        return found

    def _by_ends(self, side: int, parts: Iterable[Part]) -> set[int]:
        """Changed objects that ends are made of which rules see otherwise, which listen elsewhere, or which one side
        lacks; and nodes."""
        inquirer, numbers = self._sides[side], self._changes.numbers
        found: set[int] = set()
        if not numbers:
            return found
        rows = {row for part in parts for row in (part.packet.source.row, *part.rows)}
        for row in rows - {-1}:
            found |= self._listening.at(side, row)
            d = inquirer.cluster.row_objects[row]
            if row in self._changed_rows[side] or d.kind == "Node":
                found.update(i for key in objects_at(inquirer, row) for i in numbers.get(key, ()))
                if self._changes.unread:
                    found.update(self._changes.missing(1 - side, row))
        return found

    def _by_policies(self, side: int, parts: Iterable[Part], moved: Sequence[Direction], *, lets: bool) -> set[int]:
        """Changed policies, and what was not read, that let the packets pass, or that deny them."""
        found: set[int] = set()
        seen: set[tuple[int, int, int, int]] = set()
        for part in parts:
            packet = part.packet
            spots = packet.family, packet.source.position, packet.destination.position, packet.key
            if spots in seen:
                continue
            seen.add(spots)
            inquirer = self._sides[side].of_family(packet.family)
            for direction in moved:
                rules, ends = inquirer.cited(packet, direction)
                for one in rules:
                    if one.action == "pass" or (one.action == "allow") == lets:
                        found |= self._cited(side, one)
                for one in () if lets else ends:
                    found |= self._cited(side, one)
        return found

    def _cited(self, side: int, one: Citation) -> set[int]:
        origin = one.origin
        found = set(self._changes.numbers.get((origin.kind, origin.namespace, origin.name), ()))
        if self._changes.unread:
            found.update(i for why in one.open if why.text for i in self._changes.of_reason(side, why.text))
        return found

    @property
    def _changed_rows(self) -> tuple[set[int], set[int]]:
        """By side the endpoint rows of the ends that changed."""
        if self._changed is None:
            self._changed = set(), set()
            for ends in self._ends:
                for end in np.flatnonzero(ends.changed).tolist():
                    for rows, held in zip(self._changed, ends.rows[end], strict=True):
                        rows.update(held)
        return self._changed

    def _slices_of(self, service: str) -> set[int]:
        """The changed EndpointSlices of a Service."""
        if self._slices is None:
            self._slices = {}
            numbers: Mapping[Key, Numbers] = self._changes.numbers
            for inquirer in self._sides:
                for d in of_kinds(inquirer.cluster.objects, "EndpointSlice"):
                    held = numbers.get((d.kind, d.namespace, d.name))
                    if held:
                        of = d.namespace, (d.value.metadata.labels or {}).get(SLICE_OF, "")
                        self._slices.setdefault(of, set()).update(held)
        _, namespace, name = _service(service)
        return self._slices.get((namespace, name), set())


def _making(way: Exposure) -> Iterator[Key]:
    """The objects that make a way: its Service where it has one, and those that its steps name."""
    if way.service.startswith("svc/"):
        yield _service(way.service)
    for step in way.steps:
        if step.origin is not None:
            yield step.origin.kind, step.origin.namespace, step.origin.name


def _service(ref: str) -> Key:
    namespace, _, name = ref.removeprefix("svc/").partition("/")
    return "Service", namespace, name


def _sides(parts: Iterable[Part], direction: Direction) -> set[object]:
    """What policy says in a direction of the packets."""
    return {part.outcome.egress if direction == "egress" else part.outcome.ingress for part in parts}
