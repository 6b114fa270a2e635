"""Which ports of Services lead elsewhere, whether clients in the cluster get there, and what caused each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from netwright.base.services import protocol_name
from netwright.dialects.k8s.endpoints import SHORT
from netwright.dialects.k8s.services import SLICE_OF
from netwright.engine.inquire import Inquirer
from netwright.model.cluster import Backend, ServiceNoun, ServicePortNoun
from netwright.model.document import of_kinds
from netwright.questions.diff.changes import Changes, Numbers
from netwright.questions.diff.clients import PERHAPS, SURELY, Clients
from netwright.questions.diff.objects import Key, key_of

Verdict = Literal["some", "deny", "undecided", ""]
DENIED: Final = ("", "deny")
LEADING: Final = frozenset(("Service", "EndpointSlice", *SHORT)) - {"Node"}
"""Kinds of objects that have a say in where Services lead."""
NEAR: Final = " on the client's own node"


class ServiceChange(msgspec.Struct, frozen=True, kw_only=True):
    """A port of a Service that leads to other endpoints than before; port 0 for every port of what it is a name of.

    `ended` and `ends` are the endpoints with their ports to which it led and leads. `was` and `now`: whether clients in
    the cluster pass through it, `some` of them or none (`deny`); "" where there is no such port. Of the ends `opened`
    are new and surely take a client, `closed` are gone and surely took one. `surely`: it is known on both sides where
    it leads. `because` numbers the changes that caused it."""

    service: str
    port: int
    protocol: str
    was: Verdict
    now: Verdict
    ended: tuple[str, ...]
    ends: tuple[str, ...]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    surely: bool
    because: Numbers

    @property
    def may_open(self) -> bool:
        """Whether a client perhaps gets to an end to which surely none got by it before."""
        if self.opened or self.now in DENIED:
            return False
        return not self.surely or (self.now == "undecided" and not {*self.ends} <= {*self.ended})


class _End(NamedTuple):
    """A workload, pod, address or name, and the port there (0: any)."""

    name: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}:{self.port}" if self.port else self.name


Ends = Mapping[_End, Sequence[Backend]]
PortKey = tuple[str, int, int]
"""A Service, the port and the protocol's number."""


class _Lead(NamedTuple):
    """Where a port of a Service leads. `open`: why that is not known, or not all of it, "" where it is."""

    service: ServiceNoun
    port: ServicePortNoun
    ends: Ends
    open: str

    @property
    def is_near(self) -> bool:
        return self.service.is_node_local and bool(self.ends)


def led_elsewhere(old: Inquirer, new: Inquirer, changes: Changes) -> list[ServiceChange]:
    """The ports of Services that lead elsewhere, by their names. Services are worked out only where something changed
    that has a say in where they lead."""
    if LEADING.isdisjoint(changes.by_status) and not any(key[0] in LEADING for key in changes.numbers):
        return []
    sides = (old, new)
    before, after = (dict(_leads(inquirer)) for inquirer in sides)
    compared = _Compared(sides, changes)
    found = (compared(key, (before.get(key), after.get(key))) for key in sorted({*before, *after}))
    return [change for change in found if change is not None]


# --- where they lead --------------------


def _leads(inquirer: Inquirer) -> Iterator[tuple[PortKey, _Lead]]:
    for service in inquirer.cluster.services:
        if service.type == "ExternalName":
            end = _End(f"fqdn/{service.external_name}", 0)
            named = ServicePortNoun(name="", protocol=0, port=0, target="", node_port=0, backends=())
            yield (service.ref, 0, 0), _Lead(service, named, {end: ()}, "")
            continue
        ports = service.ports or ((service.dialled,) if service.dialled is not None else ())
        for port in ports:
            number = port.port if service.ports else 0
            ends: dict[_End, list[Backend]] = {}
            for backend in port.backends:
                to = number if service.headless else backend.port
                ends.setdefault(_End(_name(inquirer, backend), to), []).append(backend)
            key = service.ref, number, port.protocol if service.ports else 0
            yield key, _Lead(service, port, ends, port.more or (port.nowhere if port.open else ""))


def _name(inquirer: Inquirer, backend: Backend) -> str:
    """Whose endpoint it is: pods of one workload come and go without the Service leading elsewhere."""
    if backend.row < 0:
        return backend.address
    columns = inquirer.network.columns
    return columns.workloads[int(columns.workload[backend.row])]


class _Compared:
    """Compares where a port leads on both sides."""

    def __init__(self, sides: tuple[Inquirer, Inquirer], changes: Changes) -> None:
        self._sides = sides
        self._changes = changes
        self._clients = Clients(sides[0]), Clients(sides[1])
        self._causes = _Causes(sides, changes)
        self._pods: list[dict[str, set[str]] | None] = [None, None]

    def __call__(self, key: PortKey, leads: tuple[_Lead | None, _Lead | None]) -> ServiceChange | None:
        ends = self._ends(leads)
        apart = [{end: held for end, held in ends[s].items() if end not in ends[1 - s]} for s in (0, 1)]
        open_ = [lead is not None and bool(lead.open) for lead in leads]
        near = [lead is not None and lead.is_near for lead in leads]
        turned = near[0] != near[1] and all(ends)
        if not any(apart) and not turned and (any(ends) or open_[0] == open_[1]):
            return None
        for side in (0, 1):
            open_[side] = open_[side] or self._may_lead(side, key, leads[side], apart[1 - side])
        verdicts: list[Verdict] = []
        taking: list[tuple[str, ...]] = []
        for side, lead in enumerate(leads):
            reach = {end: self._reach(side, lead, held) for end, held in apart[side].items()}
            surely = not open_[1 - side]
            taking.append(tuple(str(end) for end, level in reach.items() if surely and level == SURELY))
            verdicts.append(self._verdict(side, lead, ends[side], reach, open_[side]))
        service, port, protocol = key
        told = [tuple(f"{end}{NEAR if turned and near[s] else ''}" for end in ends[s]) for s in (0, 1)]
        return ServiceChange(
            service=service,
            port=port,
            protocol=protocol_name(protocol) if protocol else "",
            was=verdicts[0],
            now=verdicts[1],
            ended=told[0],
            ends=told[1],
            opened=taking[1],
            closed=taking[0],
            surely=not any(open_),
            because=tuple(sorted(self._causes(key, leads, apart))),
        )

    def _ends(self, leads: Sequence[_Lead | None]) -> list[Ends]:
        """The ends on both sides; pod by pod where of one workload other pods that both sides have are led to."""
        ends: list[Ends] = [lead.ends if lead is not None else {} for lead in leads]
        for end in [end for end in ends[0] if end in ends[1]]:
            both = self._names(0).get(end.name, set()) & self._names(1).get(end.name, set())
            led = [{self._sides[s].network.columns.names[b.row]: b for b in ends[s][end] if b.row >= 0} for s in (0, 1)]
            if led[0].keys() & both != led[1].keys() & both:
                for s in (0, 1):
                    refs = {self._sides[s].directory.row_ref(b.row): b for b in led[s].values()}
                    pods = {_End(ref, end.port): (backend,) for ref, backend in refs.items()}
                    ends[s] = {one: held for one, held in ends[s].items() if one != end} | pods
        return ends

    def _names(self, side: int) -> dict[str, set[str]]:
        """By workload the names of its pods."""
        found = self._pods[side]
        if found is None:
            cluster = self._sides[side].cluster
            found = {w.ref: {cluster.columns.names[row] for row in w.rows} for w in cluster.workloads}
            self._pods[side] = found
        return found

    def _may_lead(self, side: int, key: PortKey, lead: _Lead | None, lacking: Ends) -> bool:
        """Whether what was not read on a side may be the Service that it lacks, or the ends."""
        if not self._changes.unread:
            return False
        if lead is None and _object(key[0]) in self._changes.lost[side]:
            return True
        rows = {b.row for held in lacking.values() for b in held} - {-1}
        return any(self._changes.missing(side, row) for row in rows)

    def _reach(self, side: int, lead: _Lead | None, held: Sequence[Backend]) -> int:
        # which addresses a name has is not in the input
        return self._clients[side].reach(lead.service, lead.port, held) if lead is not None and held else PERHAPS

    def _verdict(self, side: int, lead: _Lead | None, ends: Ends, apart: Mapping[_End, int], is_open: bool) -> Verdict:
        """Of the ends that the other side lacks before those that both have."""
        if is_open or lead is None:
            return "undecided" if is_open else ""
        best = max(apart.values(), default=0)
        if not best:
            for end, held in ends.items():
                best = max(best, self._reach(side, lead, held) if end not in apart else 0)
                if best == SURELY:
                    break
        return "some" if best == SURELY else "undecided" if best == PERHAPS else "deny"


# --- causes --------------------


class _Causes:
    """The changes behind where a port leads: of the Service, its EndpointSlices, and the endpoints' labels and
    ports."""

    def __init__(self, sides: tuple[Inquirer, Inquirer], changes: Changes) -> None:
        self._sides = sides
        self._changes = changes
        self._rows: list[dict[Key, int]] | None = None
        self._slices: dict[Key, set[int]] | None = None

    def __call__(self, key: PortKey, leads: Sequence[_Lead | None], apart: Sequence[Ends]) -> set[int]:
        itself = _object(key[0])
        found = {*self._changes.numbers.get(itself, ()), *self._of_slices.get(itself, ())}
        for side, ends in enumerate(apart):
            for row in {b.row for held in ends.values() for b in held} - {-1}:
                found.update(self._of_row(side, row))
        if self._changes.unread:
            for side, lead in enumerate(leads):
                if lead is not None and lead.open:
                    found.update(self._changes.of_reason(side, lead.open))
        return found

    def _of_row(self, side: int, row: int) -> Numbers:
        """The changes of an endpoint's object, where a Service sees the endpoint otherwise than on the other side."""
        inquirer, other = self._sides[side], self._sides[1 - side]
        key = key_of(inquirer.cluster.row_objects[row])
        missing = self._changes.missing(1 - side, row) if self._changes.unread else ()
        numbers = self._changes.numbers.get(key, ()) or missing
        there = self._of_object[1 - side].get(key) if numbers else None
        if there is None:
            return numbers
        seen = [(i.network.columns.labels_of(r), i.cluster.row_ports[r]) for i, r in ((inquirer, row), (other, there))]
        return numbers if seen[0] != seen[1] else ()

    @property
    def _of_object(self) -> list[dict[Key, int]]:
        """By side one endpoint row of each object that changed."""
        if self._rows is None:
            changed = self._changes.numbers
            self._rows = [
                {key: row for row, d in enumerate(i.cluster.row_objects) if (key := key_of(d)) in changed}
                for i in self._sides
            ]
        return self._rows

    @property
    def _of_slices(self) -> Mapping[Key, set[int]]:
        """By Service the changes of its EndpointSlices."""
        if self._slices is None:
            self._slices = {}
            for inquirer in self._sides:
                for d in of_kinds(inquirer.cluster.objects, "EndpointSlice"):
                    numbers = self._changes.numbers.get(key_of(d))
                    if numbers:
                        of = "Service", d.namespace, (d.value.metadata.labels or {}).get(SLICE_OF, "")
                        self._slices.setdefault(of, set()).update(numbers)
        return self._slices


def _object(ref: str) -> Key:
    namespace, _, name = ref.removeprefix("svc/").partition("/")
    return "Service", namespace, name
