"""`reach --hops`: the blast radius of one workload over served ports, and the policies that cut it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from netwright.base.errors import UsageError
from netwright.base.ipset import Family
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.base.spans import Origin, Position
from netwright.engine.bits import indexes
from netwright.engine.blast import adjacency, services_served, spread
from netwright.engine.inquire import Inquirer, Packet
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
    source: str
    hops: int | None
    any_port: bool
    family: Family
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
    family: Family | None = None,
) -> Blast:
    """What `source` reaches in up to `hops` steps (None: all). Workloads without a declared port are `silent`: nothing
    says what they serve. Raises UsageError for an end that is no workload."""
    if not source.rows:
        raise UsageError(f"`{source.ref}` is not a workload", help="--hops starts from a workload or a pod")
    network = inquirer.network
    chosen = family or network.families[0]
    tables = network.tables[chosen]
    ends = _ends(inquirer, chosen)
    positions = [network.position(rows[0]) for _, rows in ends]
    served = [TRANSPORT if any_port else _served(inquirer, rows) for _, rows in ends]
    starts = [i for i, (_, rows) in enumerate(ends) if set(rows) & set(source.rows)]
    sure = adjacency(tables, positions, served, "must")
    possible = adjacency(tables, positions, served, "may")
    reached: list[Hop] = []
    seen: dict[int, int] = {}
    for surely, adjacent in ((True, sure), (False, possible)):
        for start in starts:
            frontier = [start]
            for number, found in enumerate(spread(adjacent, start, hops), 1):
                new = []
                for j in indexes(found):
                    new.append(j)
                    if j in seen or j in starts:
                        continue
                    via = next(i for i in frontier if adjacent[i] >> j & 1)
                    must, may = tables.pair(positions[via], positions[j])
                    seen[j] = number
                    ports = (must if surely else may) & served[j]
                    reached.append(Hop(hop=number, ref=ends[j][0], via=ends[via][0], ports=str(ports), surely=surely))
                frontier = new
    kept_out = [j for j in range(len(ends)) if j not in seen and j not in starts and served[j]]
    inside = [*starts, *seen]
    return Blast(
        source=source.ref,
        hops=hops,
        any_port=any_port,
        family=chosen,
        reached=tuple(sorted(reached, key=lambda h: (h.hop, not h.surely, h.ref))),
        workloads=len(ends),
        silent=sum(not s for s in served),
        cuts=_cuts(inquirer, chosen, ends, positions, served, inside, kept_out, locate),
    )


def _ends(inquirer: Inquirer, family: Family) -> list[tuple[str, tuple[int, ...]]]:
    """Workloads by identity, nodes left out."""
    network = inquirer.network
    present = network.tables[family].universe.present
    out = []
    for w in inquirer.cluster.workloads:
        if w.kind == "node":
            continue
        split: dict[int, list[int]] = {}
        for r in w.rows:
            position = network.position(r)
            if present >> position & 1:
                split.setdefault(position, []).append(r)
        for rows in split.values():
            ref = w.ref if len(split) == 1 else inquirer.directory.row_ref(rows[0])
            out.append((ref, tuple(rows)))
    return out


def _served(inquirer: Inquirer, rows: Sequence[int]) -> ServiceSet:
    return services_served(sorted({(p.protocol, p.number) for r in rows for p in inquirer.cluster.row_ports[r]}))


def _cuts(
    inquirer: Inquirer,
    family: Family,
    ends: Sequence[tuple[str, tuple[int, ...]]],
    positions: Sequence[int],
    served: Sequence[ServiceSet],
    inside: Sequence[int],
    kept_out: Sequence[int],
    locate: Locate,
) -> tuple[Cut, ...]:
    """For what stays out of reach: the policies that isolate it from, or hold back, each workload that was reached."""
    counted: Counter[Origin] = Counter()
    for j in kept_out[:200]:
        key = served[j].intervals[0][0]
        blamed: dict[Origin, None] = {}
        for i in inside[:50]:
            packet = Packet(family, Spot(positions[i], ends[i][1][0]), Spot(positions[j], ends[j][1][0]), key)
            out, into = inquirer.network.tables[family].outcome(positions[i], positions[j], key)
            for may, direction in ((into[1], "ingress"), (out[1], "egress")):
                if not may:
                    _, isolating = inquirer.cited(packet, "ingress" if direction == "ingress" else "egress")
                    blamed.update((c.origin, None) for c in isolating)
        counted.update(blamed.keys())
    cuts = []
    for origin, n in counted.most_common(10):
        place = locate(origin)
        cuts.append(Cut(policy=f"{origin.namespace}/{origin.name}", keeps_out=n, place=str(place) if place else ""))
    return tuple(cuts)
