"""`reach`: who may talk to whom, over which services; as pairs, or as the two tables that they follow from.

A connection is listed where it surely may pass. What the input leaves open is listed as undecided, under its reason.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
import numpy as np

from netwright.base.errors import UsageError
from netwright.base.ipset import Family
from netwright.base.services import ALL, BEYOND_TRANSPORT, ServiceSet, services_of
from netwright.engine.bits import distinct, indexes
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer
from netwright.engine.join import BLOCK, Join
from netwright.engine.naming import part_names, spot_of
from netwright.engine.outside import outside_parts
from netwright.engine.relations import Relation, passing, relations
from netwright.engine.tables import FamilyTables, Table
from netwright.model.cluster import Cluster
from netwright.model.networks import POD
from netwright.model.references import Target
from netwright.profiles.enforcers import DEFINING
from netwright.questions.registry import Asked, Reach

By = Literal["pod", "workload", "namespace", "identity"]
RANGES_UP_TO = 5_000
"""Above this many positions sets are written as base64 of packed bits: ranges would be nearly all of the bytes."""


class Ends(msgspec.Struct, eq=False):
    """The printed endpoints of one family: reference, position, the endpoint row it stands for (-1: outside)."""

    refs: list[str] = []
    positions: list[int] = []
    rows: list[int] = []
    addresses: list[tuple[str, ...]] = []
    kinds: list[str] = []

    def add(self, ref: str, position: int, row: int, addresses: tuple[str, ...], kind: str) -> None:
        self.refs.append(ref)
        self.positions.append(position)
        self.rows.append(row)
        self.addresses.append(addresses)
        self.kinds.append(kind)

    def __len__(self) -> int:
        return len(self.refs)


class OpenReason(msgspec.Struct, frozen=True, kw_only=True):
    """What is undecided, counted under its reason."""

    kind: Literal["unknown", "ambiguous", "depends"]
    reason: str
    pairs: int
    help: str = ""


class Reached(msgspec.Struct, kw_only=True):
    """The answer, ready to be written: printed endpoints and, a family, blocks of connections on demand."""

    by: By
    families: tuple[Family, ...]
    ends: dict[Family, Any]
    inquirer: Any
    sources: dict[Family, list[int]]
    destinations: dict[Family, list[int]]
    services: ServiceSet
    left_out: tuple[str, ...] = ()
    network: str = POD
    """The network that all ends have an interface on; "pod": their primary ones."""


def answer(twin: Asked, params: Reach) -> Reached:
    twin = twin.on(params.network) if params.network is not None else twin
    directory = twin.inquirer.directory
    found = reach(
        twin.inquirer,
        by=params.by,
        source=directory.resolve(params.source) if params.source is not None else None,
        destination=directory.named(params.destination) if params.destination is not None else None,
        services=services_of(params.port) if params.port is not None else ALL,
    )
    return msgspec.structs.replace(found, left_out=(*found.left_out, *_other_networks(twin.cluster)))


def _other_networks(cluster: Cluster) -> tuple[str, ...]:
    """What is said of secondary networks where the answer is about primary ones."""
    if cluster.network != POD or all(d.kind not in DEFINING for d in cluster.objects):
        return ()
    from netwright.profiles.networks import networks_of

    others = [one.ref for one in networks_of(cluster.objects) if one.role == "secondary"]
    if not others:
        return ()
    listed = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return (f"secondary networks {listed}: `--network {others[0]}` shows who meets whom there",)


def reach(
    inquirer: Inquirer,
    *,
    by: By = "workload",
    source: Target | None = None,
    destination: Target | None = None,
    services: ServiceSet = ALL,
) -> Reached:
    """Select the printed endpoints; nothing is joined yet."""
    ends: dict[Family, Ends] = {}
    sources: dict[Family, list[int]] = {}
    destinations: dict[Family, list[int]] = {}
    asked = [t for t in (source, destination) if t is not None]
    nodes = {row for t in asked for row in t.rows if t.workload is not None and t.workload.kind == "node"}
    for family in inquirer.network.families:
        found = printed(inquirer, family, by, nodes)
        ends[family] = found
        everyone = list(range(len(found)))
        sources[family] = _chosen(inquirer, found, source, family) if source else everyone
        destinations[family] = _chosen(inquirer, found, destination, family) if destination else everyone
    node_count = sum(w.kind == "node" for w in inquirer.cluster.workloads)
    left = (
        (f"{node_count} nodes: `--from node/NAME` or `--to node/NAME` shows them",) if node_count and not nodes else ()
    )
    return Reached(
        by=by,
        families=tuple(ends),
        ends=ends,
        inquirer=inquirer,
        sources=sources,
        destinations=destinations,
        services=services,
        left_out=left,
        network=inquirer.cluster.network,
    )


def _chosen(inquirer: Inquirer, ends: Ends, target: Target, family: Family) -> list[int]:
    if target.service is not None:
        rows = {b.row for p in target.service.ports for b in p.backends if b.row >= 0}
        target = Target(target.ref, tuple(sorted(rows)))
    if target.fqdn:
        raise UsageError(
            f"`{target.ref}`: which addresses it has is not in the input",
            help=f"`why NAMESPACE/NAME {target.ref}:443` asks whether it matters",
        )
    spots = inquirer.spots(target, family)
    outside = {s.position for s in spots if s.row < 0}
    network = inquirer.network
    rows_asked = set(target.rows)
    inside = {network.position(r) for r in target.rows}
    parts = {(int(network.columns.workload[r]), spot_of(network, r)) for r in target.rows}

    def is_asked(kind: str, position: int, row: int) -> bool:
        if row < 0:
            return position in outside
        if kind == "pod":
            return row in rows_asked
        if kind == "identity":
            return position in inside
        return (int(network.columns.workload[row]), spot_of(network, row)) in parts

    return [i for i, end in enumerate(zip(ends.kinds, ends.positions, ends.rows, strict=True)) if is_asked(*end)]


# --- printed endpoints --------------------


def printed(inquirer: Inquirer, family: Family, by: By, nodes: set[int]) -> Ends:
    """The endpoints as they are printed. Pods of one workload that selectors tell apart are several."""
    network, cluster = inquirer.network, inquirer.cluster
    columns, universe = network.columns, network.tables[family].universe
    out = Ends()
    positions = network.identities.of_row.tolist()
    present = universe.present
    if by == "identity":
        for position, row in enumerate(network.identities.row.tolist()):
            if present >> position & 1 and (
                cluster.workloads[int(columns.workload[row])].kind != "node" or row in nodes
            ):
                out.add(f"identity/{position}", position, row, (), "identity")
    elif by == "pod":
        for row in range(columns.n):
            if present >> positions[row] & 1 and ((columns.names[row] and not _is_node(inquirer, row)) or row in nodes):
                ref, addresses = inquirer.directory.row_ref(row), inquirer.directory.addresses_of(row)
                out.add(ref, positions[row], row, addresses, "pod")
    else:
        for w in cluster.workloads:
            if w.kind == "node" and not nodes.intersection(w.rows):
                continue
            rows = [r for r in w.rows if present >> positions[r] & 1]
            split: dict[tuple[int, int], list[int]] = {}
            for r in rows:
                split.setdefault((positions[r], int(columns.node[r]) if columns.host[r] else -1), []).append(r)
            parts = list(split.values())
            names = part_names(network, rows, parts) if len(parts) > 1 else [""] * len(parts)
            for part, name in zip(parts, names, strict=True):
                addresses = tuple(a for r in part[:64] for a in inquirer.directory.addresses_of(r))
                out.add(w.ref + name, positions[part[0]], part[0], addresses, w.kind)
    for ref, position, addresses in outside(inquirer, family):
        out.add(ref, position, -1, addresses, "outside")
    return out


def _is_node(inquirer: Inquirer, row: int) -> bool:
    return inquirer.cluster.workloads[int(inquirer.network.columns.workload[row])].kind == "node"


def outside(inquirer: Inquirer, family: Family) -> list[tuple[str, int, tuple[str, ...]]]:
    """Outside addresses by class: `internet`, or its parts where rules cut it; private and link-local ranges."""
    first = inquirer.network.tables[family].universe.identities.count
    out = []
    for ref, class_, part in outside_parts(inquirer.class_sets(family), family):
        cidrs = part.cidrs()
        out.append((ref, first + class_, tuple(cidrs) if len(cidrs) <= 16 else ()))
    return out


# --- pairs --------------------


class PairBlock(msgspec.Struct, eq=False):
    """Sources and destinations by number, and for each pair the services that surely and perhaps may pass."""

    sources: list[int]
    must: Any
    may: Any


def overlay(reached: Reached, family: Family) -> dict[tuple[int, int], Relation]:
    """Pairs of printed endpoints to which something besides policy applies: "self", "own node", "perhaps own node"."""
    ends: Ends = reached.ends[family]
    standing = {i: _standing(reached, ends, i) for i, r in enumerate(ends.rows) if r >= 0}
    return relations(reached.inquirer.network.columns, standing)


def _standing(reached: Reached, ends: Ends, end: int) -> list[int]:
    """The endpoint rows that a printed endpoint stands for."""
    row, network = ends.rows[end], reached.inquirer.network
    if reached.by == "pod":
        return [row]
    if reached.by == "identity":
        return [int(r) for r in np.flatnonzero(network.identities.of_row == ends.positions[end])]
    workload = reached.inquirer.cluster.workloads[int(network.columns.workload[row])]
    if len(workload.rows) == 1:
        return [row]
    mine = spot_of(network, row)
    return [r for r in workload.rows if spot_of(network, r) == mine]


class Pairs:
    """Joins the tables of one family block by block, with the relations laid over."""

    def __init__(self, reached: Reached, family: Family) -> None:
        self.reached = reached
        self.family = family
        self.ends: Ends = reached.ends[family]
        tables: FamilyTables = reached.inquirer.network.tables[family]
        self.sources = reached.sources[family]
        self.destinations = reached.destinations[family]
        from_positions = [self.ends.positions[i] for i in self.sources]
        to_positions = [self.ends.positions[i] for i in self.destinations]
        self._join = Join(tables, from_positions, to_positions)
        self._overlay = overlay(reached, family)
        self._exempt = reached.inquirer.network.exempts_own_node
        self._column = {end: j for j, end in enumerate(self.destinations)}
        self._outside = np.array([self.ends.rows[i] < 0 for i in self.destinations], dtype=np.bool_)
        self._cut: dict[ServiceSet, int] = {}
        self.services: list[ServiceSet] = []

    def _passing(self, source: int, destination: int, between: Relation) -> tuple[ServiceSet, ServiceSet]:
        """What surely and perhaps passes between a node and a pod that policy sees as its own node's."""
        ends, network = self.ends, self.reached.inquirer.network
        is_from_node = bool(network.columns.host[ends.rows[source]])
        at, to = ends.positions[source], ends.positions[destination]
        return passing(network.tables[self.family], at, to, between, is_from_node)

    def number(self, services: ServiceSet) -> int:
        found = self._cut.get(services)
        if found is None:
            found = self._cut[services] = len(self.services)
            self.services.append(services)
        return found

    def blocks(self) -> Iterator[PairBlock]:
        """Numbers in `must` and `may` point into `services`. Outside to outside, a pod to itself: no connection."""
        wanted = self.reached.services
        nothing = self.number(ServiceSet())
        everything = self.number(ALL & wanted)
        translate: list[int] = []
        by_source: dict[int, list[tuple[int, Relation]]] = {}
        for (s, d), between in self._overlay.items():
            if d in self._column:
                by_source.setdefault(s, []).append((self._column[d], between))
        for must, may in zip(self._join.blocks("must", BLOCK), self._join.blocks("may", BLOCK), strict=True):
            translate += [self.number(s & wanted) for s in self._join.services[len(translate) :]]
            numbers = np.array(translate, dtype=np.int32)
            m, y = numbers[must.connection], numbers[may.connection]
            sources = self.sources[must.start : must.start + len(m)]
            for i, end in enumerate(sources):
                if self.ends.rows[end] < 0:
                    m[i][self._outside] = nothing
                    y[i][self._outside] = nothing
                for j, between in by_source.get(end, ()):
                    if between == "self":
                        m[i, j] = y[i, j] = nothing
                    elif not self._exempt:
                        passes = self._passing(end, self.destinations[j], between)
                        m[i, j], y[i, j] = (self.number(services & wanted) for services in passes)
                    elif between == "own node":
                        m[i, j] = y[i, j] = everything
                    else:
                        y[i, j] = everything
            yield PairBlock(sources, m, y)


class _Unions:
    """Unions of services as numbers into `services`, 0 for nothing: few of them for many pairs."""

    def __init__(self) -> None:
        self.services = [ServiceSet()]
        self._number = {ServiceSet(): 0}
        self._known: dict[tuple[int, int], int] = {}

    def __call__(self, union: int, one: int, services: Sequence[ServiceSet]) -> int:
        """The number of a union with one more of some services."""
        found = self._known.get((union, one))
        if found is None:
            both = self.services[union] | services[one]
            found = self._known[union, one] = self._number.setdefault(both, len(self.services))
            if found == len(self.services):
                self.services.append(both)
        return found


class NamespacePairs:
    """Connections joined by namespace: what some pair of workloads may use. Outside ends stay apart."""

    def __init__(self, reached: Reached, family: Family) -> None:
        self.family = family
        self._pairs = Pairs(reached, family)
        inner = self._pairs.ends
        columns = reached.inquirer.network.columns
        numbers: dict[str, int] = {}
        self.ends = Ends()
        of_end = []
        for ref, position, row, addresses in zip(inner.refs, inner.positions, inner.rows, inner.addresses, strict=True):
            namespace = columns.namespaces[int(columns.namespace[row])] if row >= 0 else ""
            name = f"ns/{namespace}" if namespace else ref  # a node is in none
            if name not in numbers:
                numbers[name] = len(numbers)
                self.ends.add(name, position, row, addresses if row < 0 else (), "namespace")
            of_end.append(numbers[name])
        self._of_end = np.array(of_end, dtype=np.int64)
        self.sources = sorted({of_end[i] for i in self._pairs.sources})
        self.destinations = sorted({of_end[i] for i in self._pairs.destinations})
        self.services: list[ServiceSet] = []

    def blocks(self) -> Iterator[PairBlock]:
        """One block of all namespaces."""
        n = len(self.ends)
        joined: tuple[dict[int, int], dict[int, int]] = ({}, {})
        unions = _Unions()
        to = self._of_end[self._pairs.destinations]
        for block in self._pairs.blocks():
            from_ = self._of_end[block.sources]
            services = self._pairs.services
            for found, connection in zip(joined, (block.must, block.may), strict=True):
                code = ((from_[:, None] * n + to[None, :]) << 32 | connection).reshape(-1)
                for one in code[distinct(code)[0]].tolist():
                    pair = one >> 32
                    found[pair] = unions(found.get(pair, 0), one & 0xFFFFFFFF, services)
        numbers: dict[int, int] = {0: 0}
        matrices = []
        for found in joined:
            rows = [
                [numbers.setdefault(found.get(s * n + d, 0), len(numbers)) for d in self.destinations]
                for s in self.sources
            ]
            matrices.append(np.array(rows, dtype=np.int32).reshape(len(self.sources), len(self.destinations)))
        self.services = [unions.services[union] for union in numbers]
        yield PairBlock(self.sources, matrices[0], matrices[1])


def pairs_of(reached: Reached, family: Family) -> Pairs | NamespacePairs:
    """The connections of one family as they are printed."""
    return NamespacePairs(reached, family) if reached.by == "namespace" else Pairs(reached, family)


# --- tables --------------------


def class_tables(reached: Reached, family: Family) -> dict[str, Any]:
    """The two tables, lossless: `expand` makes the pairs from them. Raises UsageError by namespace."""
    if reached.by == "namespace":
        raise UsageError("the class form does not join by namespace", help="--form pairs, or another --by")
    network = reached.inquirer.network
    tables: FamilyTables = network.tables[family]
    ends: Ends = reached.ends[family]
    n = tables.universe.n
    sets: dict[int, int] = {}
    ports: dict[ServiceSet, int] = {}

    def number_set(bits: int) -> int:
        return sets.setdefault(bits, len(sets))

    def rows_of(table: Table) -> list[list[list[int]]]:
        out = []
        for class_ in range(table.count):
            rows = []
            for row in table.rows(class_):
                services = row.services & reached.services
                if row.may and services:
                    port = ports.setdefault(services, len(ports))
                    rows.append([port, number_set(row.must)] + ([number_set(row.may)] if row.may != row.must else []))
            out.append(rows)
        return out

    egress, ingress = rows_of(tables.egress), rows_of(tables.ingress)
    related: dict[str, dict[int, list[int]]] = {}
    for (s, d), between in overlay(reached, family).items():
        related.setdefault(between, {}).setdefault(s, []).append(d)
    return {
        "family": family,
        "positions": n,
        "endpoints": ends.refs,
        "position": ends.positions,
        "outside": [i for i, row in enumerate(ends.rows) if row < 0],
        "addresses": {ref: found for ref, found in zip(ends.refs, ends.addresses, strict=True) if found},
        "egress_class": tables.egress.of_position.tolist(),
        "ingress_class": tables.ingress.of_position.tolist(),
        "egress": egress,
        "ingress": ingress,
        "asked": str(reached.services),
        "ports": [str(s) for s in ports],
        "sets": [set_text(bits, n) for bits in sets],
        "relations": {
            name: [[s, _ranges(sorted(ds))] for s, ds in sorted(found.items())] for name, found in related.items()
        },
        **_own_node(network, tables, ends),
    }


def _own_node(network: Network, tables: FamilyTables, ends: Ends) -> dict[str, Any]:
    """Where policy sees a pod's own node otherwise than other nodes: the ends that are nodes, and the position that
    each has as own node."""
    if network.exempts_own_node:
        return {}
    hosts = [i for i, row in enumerate(ends.rows) if row >= 0 and network.columns.host[row]]
    return {"own_nodes": [[i, tables.universe.own[ends.positions[i]]] for i in hosts]}


def set_text(bits: int, n: int) -> str:
    """A set of positions: "0-12,14", or "b64:" and the packed bits, lowest first, where there are many positions."""
    if n > RANGES_UP_TO:
        return "b64:" + base64.b64encode(bits.to_bytes((n + 7) // 8, "little")).decode()
    return _ranges(indexes(bits))


def _ranges(members: Sequence[int]) -> str:
    if not members:
        return ""
    values = np.asarray(members)
    breaks = np.flatnonzero(values[1:] - values[:-1] != 1)
    starts = values[np.concatenate([[0], breaks + 1])].tolist()
    ends = values[np.concatenate([breaks, [len(values) - 1]])].tolist()
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


Ranges = set[tuple[str, int, int]]


def expand(tables: dict[str, Any]) -> Iterator[tuple[str, str, Ranges, Ranges]]:
    """(from, to, sure ranges, possible ranges) of every pair, from the class form: what a reader of it has to do."""
    members = [_members(text) for text in tables["sets"]]
    ports = [_ports(text) for text in tables["ports"]]
    relations = {(s, d): name for name, found in tables["relations"].items() for s, ds in found for d in _members(ds)}
    ends = list(enumerate(zip(tables["endpoints"], tables["position"], strict=True)))
    outside = set(tables["outside"])

    def joined(p: int, q: int) -> tuple[Ranges, Ranges]:
        sure: Ranges = set()
        perhaps: Ranges = set()
        for out in tables["egress"][tables["egress_class"][p]]:
            for into in tables["ingress"][tables["ingress_class"][q]]:
                if q in members[out[-1]] and p in members[into[-1]]:
                    common = _common(ports[out[0]], ports[into[0]])
                    perhaps |= common
                    if q in members[out[1]] and p in members[into[1]]:
                        sure |= common
        return sure, perhaps

    own_nodes = dict(tables.get("own_nodes", ()))
    for (s, (a, p)), (d, (b, q)) in ((x, y) for x in ends for y in ends):
        between = relations.get((s, d))
        if between == "self" or (s in outside and d in outside):
            continue
        sure, perhaps = joined(p, q)
        if between in ("own node", "perhaps own node"):
            own = _ports(tables["asked"]), _ports(tables["asked"])
            if own_nodes:
                own = joined(own_nodes[s], q) if s in own_nodes else joined(p, own_nodes[d])
            surely = own[0] if between == "own node" else _both(sure, own[0])
            perhaps = own[1] if between == "own node" else perhaps | own[1]
            sure = surely
        yield a, b, sure, perhaps


def _members(text: str) -> set[int]:
    if text.startswith("b64:"):
        return set(indexes(int.from_bytes(base64.b64decode(text[4:]), "little")))
    spans = [part.partition("-") for part in text.split(",") if part]
    return {i for low, dash, high in spans for i in range(int(low), int(high if dash else low) + 1)}


def _ports(text: str) -> Ranges:
    """The text form of ports as (protocol, first, last): `TCP 80,443; UDP` and `all`, which is every protocol whole."""
    if text == "all":
        text = "TCP; UDP; SCTP; ICMP; ICMPv6; other protocols"
    out: Ranges = set()
    for part in text.split("; "):
        name, _, numbers = part.removeprefix("other ").partition(" ")
        spans = [n.partition("-") for n in numbers.split(",") if n] or [("0", "-", "65535")]
        out |= {(name, int(low), int(high if dash else low)) for low, dash, high in spans}
    return out


def _both(a: Ranges, b: Ranges) -> Ranges:
    return a if a <= b else b if b <= a else _common(a, b)


def _common(a: Ranges, b: Ranges) -> Ranges:
    return {(p, max(x, u), min(y, v)) for p, x, y in a for q, u, v in b if p == q and max(x, u) <= min(y, v)}


def undecided_services(must: ServiceSet, may: ServiceSet) -> tuple[ServiceSet, bool]:
    """What is open between two ends: the services of TCP, UDP and SCTP, and whether only other protocols are."""
    open_ = may - must
    left = open_ - BEYOND_TRANSPORT
    return left, bool(open_) and not left
