"""`reach --hops`: the blast radius of one workload over served ports, and the policies that cut it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from netwright.base.errors import UsageError
from netwright.base.ipset import Family
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.base.spans import Origin, Position, named
from netwright.engine.bits import indexes
from netwright.engine.blast import Steps, services_served, spread, steps
from netwright.engine.inquire import Inquirer, Packet
from netwright.engine.relations import passing
from netwright.engine.verdict import Spot
from netwright.model.references import Target
from netwright.questions.registry import FROM_TO, Asked, BlastRadius

Locate = Callable[[Origin], Position | None]


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One workload reached: at which hop, from which workload it was first reached, over which services; `surely`
    false: perhaps."""

    hop: int
    ref: str
    via: str
    ports: str
    surely: bool


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that keeps workloads out of reach, how many, and where it stands."""

    policy: str
    keeps_out: int
    place: str


class Blast(msgspec.Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """What is reached. `families` are the address families that were walked: a step over any of them counts."""

    source: str
    hops: int | None
    any_port: bool
    families: tuple[Family, ...]
    reached: tuple[Hop, ...]
    workloads: int
    silent: int
    cuts: tuple[Cut, ...]


def answer(twin: Asked, params: BlastRadius) -> Blast:
    source = twin.inquirer.directory.resolve(params.source)
    return blast(twin.inquirer, source, hops=params.hops, any_port=params.any_port, locate=twin.locate)


def blast(
    inquirer: Inquirer,
    source: Target,
    *,
    hops: int | None,
    any_port: bool,
    locate: Locate,
) -> Blast:
    """What `source` reaches in up to `hops` steps (None: all), over any address family. Workloads without a declared
    port are `silent`: nothing says what they serve. Raises UsageError for an end that is no workload."""
    if not source.rows:
        raise UsageError(f"`{source.ref}` is not a workload", help="--hops starts from a workload or a pod")
    ends = _ends(inquirer, source)
    served = [TRANSPORT if any_port else _served(inquirer, rows) for _, rows in ends]
    known = steps(
        inquirer.network,
        [rows for _, rows in ends],
        served,
        has_assumed_families=inquirer.cluster.has_assumed_families,
    )
    starts = [i for i, (_, rows) in enumerate(ends) if rows[0] in source.rows]
    reached: list[Hop] = []
    seen: dict[int, int] = {}
    for surely, adjacent in ((True, known.sure), (False, known.possible)):
        for start in starts:
            frontier = [start]
            for number, found in enumerate(spread(adjacent, start, hops), 1):
                new = []
                for j in indexes(found):
                    new.append(j)
                    if j in seen or j in starts:
                        continue
                    via = next(i for i in frontier if adjacent[i] >> j & 1)
                    seen[j] = number
                    ports = _passing(inquirer, known, ends, via, j, surely) & served[j]
                    reached.append(Hop(hop=number, ref=ends[j][0], via=ends[via][0], ports=str(ports), surely=surely))
                frontier = new
    kept_out = [j for j in range(len(ends)) if j not in seen and j not in starts and served[j]]
    inside = [*starts, *seen]
    return Blast(
        source=source.ref,
        hops=hops,
        any_port=any_port,
        families=inquirer.network.families,
        reached=tuple(sorted(reached, key=lambda h: (h.hop, not h.surely, h.ref))),
        workloads=len(ends),
        silent=sum(not s for s in served),
        cuts=_cuts(inquirer, ends, served, inside, kept_out, locate),
    )


End = tuple[str, tuple[int, ...]]
"""Pods of one workload that no selector tells apart: their reference and their endpoint rows."""


def _ends(inquirer: Inquirer, source: Target) -> list[End]:
    """Workloads by identity; nodes left out but for the source, whose pods stand apart from their siblings."""
    network = inquirer.network
    present = 0
    for tables in network.tables.values():
        present |= tables.universe.present
    starting = set(source.rows)
    out = []
    for w in inquirer.cluster.workloads:
        if w.kind == "node" and starting.isdisjoint(w.rows):
            continue
        split: dict[tuple[int, bool], list[int]] = {}
        for r in w.rows:
            position = network.position(r)
            if present >> position & 1:
                split.setdefault((position, r in starting), []).append(r)
        for rows in split.values():
            ref = w.ref if len(split) == 1 else inquirer.directory.row_ref(rows[0])
            out.append((ref, tuple(rows)))
    return out


def _passing(inquirer: Inquirer, known: Steps, ends: Sequence[End], i: int, j: int, surely: bool) -> ServiceSet:
    """The services that pass from one end to another in some family."""
    between = known.related.get((i, j))
    network = inquirer.network
    source, destination = (network.position(ends[end][1][0]) for end in (i, j))
    is_from_node = bool(network.columns.host[ends[i][1][0]])
    out = ServiceSet()
    for tables in network.tables.values():
        if tables.universe.present >> source & tables.universe.present >> destination & 1:
            if between and between != "self":
                must, may = passing(tables, source, destination, between, is_from_node)
            else:
                must, may = tables.pair(source, destination)
            out |= must if surely else may
    return out


def _served(inquirer: Inquirer, rows: Sequence[int]) -> ServiceSet:
    return services_served(sorted({(p.protocol, p.number) for r in rows for p in inquirer.cluster.row_ports[r]}))


def _cuts(
    inquirer: Inquirer,
    ends: Sequence[End],
    served: Sequence[ServiceSet],
    inside: Sequence[int],
    kept_out: Sequence[int],
    locate: Locate,
) -> tuple[Cut, ...]:
    """For what stays out of reach: the policies that isolate it from, or hold back, each workload that was reached."""
    network = inquirer.network
    spots = [Spot(network.position(rows[0]), rows[0]) for _, rows in ends]
    counted: Counter[Origin] = Counter()
    for j in kept_out[:200]:
        key = served[j].intervals[0][0]
        blamed: dict[Origin, None] = {}
        for i in inside[:50]:
            for family, tables in network.tables.items():
                if not all(tables.universe.present >> spots[end].position & 1 for end in (i, j)):
                    continue
                packet = Packet(family, spots[i], spots[j], key)
                out, into = tables.outcome(spots[i].position, spots[j].position, key)
                for may, direction in ((into[1], "ingress"), (out[1], "egress")):
                    if not may:
                        _, isolating = inquirer.cited(packet, "ingress" if direction == "ingress" else "egress")
                        blamed.update((c.origin, None) for c in isolating)
        counted.update(blamed.keys())
    cuts = []
    for origin, n in counted.most_common(10):
        place = locate(origin)
        cuts.append(Cut(policy=named(origin.namespace, origin.name), keeps_out=n, place=str(place) if place else ""))
    return tuple(cuts)
