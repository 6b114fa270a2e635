"""Blast radius: what an intruder on one workload reaches, step by step, over ports that are served."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from netwright.base.services import ServiceSet
from netwright.engine.bits import indexes, pack
from netwright.engine.compile import Network
from netwright.engine.join import Join, Sureness
from netwright.engine.relations import Relation, passing, relations
from netwright.engine.tables import FamilyTables


class Steps(msgspec.Struct, frozen=True):
    """Which ends each end reaches in one step, surely and perhaps (bit j of item i), and who is beside whom on a
    node."""

    sure: list[int]
    possible: list[int]
    related: dict[tuple[int, int], Relation]


def steps(
    network: Network, ends: Sequence[Sequence[int]], served: Sequence[ServiceSet], *, has_assumed_families: bool
) -> Steps:
    """One step over any family of addresses that both ends have, or between a node and its own pods, which no policy
    cuts. `ends` are endpoint rows of one identity each. Of assumed families a cluster may have one only: then a step is
    sure that is sure in each."""
    positions = [network.position(rows[0]) for rows in ends]
    sure: list[list[int]] = []
    possible = [0] * len(ends)
    meeting = [0] * len(ends)
    for tables in network.tables.values():
        present = [bool(tables.universe.present >> position & 1) for position in positions]
        here = pack(np.array(present, dtype=np.bool_))
        meet = [here if is_here else 0 for is_here in present]
        must, may = (adjacency(tables, positions, served, sureness) for sureness in ("must", "may"))
        sure.append([a & b for a, b in zip(must, meet, strict=True)])
        possible = [a | b & c for a, b, c in zip(possible, may, meet, strict=True)]
        meeting = [a | b for a, b in zip(meeting, meet, strict=True)]
    surely = sure[0]
    for other in sure[1:]:
        surely = [a & b if has_assumed_families else a | b for a, b in zip(surely, other, strict=True)]
    related = relations(network.columns, dict(enumerate(ends)))
    for (i, j), between in related.items():
        if i == j or not served[j] or not meeting[i] >> j & 1 or between == "self":
            continue
        if network.exempts_own_node:
            possible[i] |= 1 << j
            surely[i] |= int(between == "own node") << j
            continue
        is_from_node = bool(network.columns.host[ends[i][0]])
        passes = [passing(t, positions[i], positions[j], between, is_from_node) for t in network.tables.values()]
        possible[i] = possible[i] & ~(1 << j) | any(bool(may & served[j]) for _, may in passes) << j
        surely[i] = surely[i] & ~(1 << j) | any(bool(must & served[j]) for must, _ in passes) << j
    return Steps(surely, possible, related)


def adjacency(
    tables: FamilyTables, positions: Sequence[int], served: Sequence[ServiceSet], sureness: Sureness
) -> list[int]:
    """For each end the ends it reaches in one step: bit j of item i. `served[j]` are the services that j answers on."""
    kinds = list(dict.fromkeys(served))
    of_end = np.array([kinds.index(s) for s in served], dtype=np.intp)
    join = Join(tables, positions, positions)
    meets = np.zeros((0, len(kinds)), dtype=np.bool_)
    out: list[int] = []
    for block in join.blocks(sureness):
        known = join.services
        if len(known) > len(meets):
            more = [[bool(s & kind) for kind in kinds] for s in known[len(meets) :]]
            meets = np.concatenate([meets, np.array(more, dtype=np.bool_).reshape(-1, len(kinds))])
        reached = meets[block.connection, of_end]
        for i, row in enumerate(reached):
            row[block.start + i] = False
            out.append(pack(row))
    return out


def spread(adjacent: Sequence[int], start: int, hops: int | None = None) -> list[int]:
    """The ends newly reached at each hop, as bitsets; the first item is hop 1. `hops` None: until nothing is new."""
    seen = 1 << start
    frontier = seen
    out: list[int] = []
    while frontier and (hops is None or len(out) < hops):
        found = 0
        for i in indexes(frontier):
            found |= adjacent[i]
        frontier = found & ~seen
        if not frontier:
            break
        seen |= frontier
        out.append(frontier)
    return out


def closure(adjacent: Sequence[int]) -> list[int]:
    """Everything each end reaches in any number of steps, itself not counted: strongly connected ends share one walk.

    Tarjan's algorithm, without recursion: components come out in reverse topological order, so what a component reaches
    is the union of what its successors reach.
    """
    n = len(adjacent)
    number = [0] * n
    low = [0] * n
    on_stack = bytearray(n)
    of_component = [-1] * n
    reach: list[int] = []
    stack: list[int] = []
    counter = 0
    for root in range(n):
        if number[root]:
            continue
        work: list[tuple[int, int]] = [(root, adjacent[root])]
        counter += 1
        number[root] = low[root] = counter
        stack.append(root)
        on_stack[root] = 1
        while work:
            node, rest = work[-1]
            advanced = False
            while rest:
                bit = rest & -rest
                rest ^= bit
                child = bit.bit_length() - 1
                if not number[child]:
                    work[-1] = (node, rest)
                    counter += 1
                    number[child] = low[child] = counter
                    stack.append(child)
                    on_stack[child] = 1
                    work.append((child, adjacent[child]))
                    advanced = True
                    break
                if on_stack[child]:
                    low[node] = min(low[node], number[child])
            if advanced:
                continue
            work.pop()
            if work:
                parent = work[-1][0]
                low[parent] = min(low[parent], low[node])
            if low[node] == number[node]:
                members: list[int] = []
                while True:
                    one = stack.pop()
                    on_stack[one] = 0
                    members.append(one)
                    if one == node:
                        break
                mine = 0
                outward = 0
                for one in members:
                    mine |= 1 << one
                    outward |= adjacent[one]
                found = outward
                for one in indexes(outward & ~mine):
                    found |= reach[of_component[one]]
                for one in members:
                    of_component[one] = len(reach)
                reach.append(found | (mine if len(members) > 1 else 0))
    return [reach[of_component[i]] & ~(1 << i) for i in range(n)]


def services_served(ports: Sequence[tuple[int, int]]) -> ServiceSet:
    """The services of declared ports, as (protocol, number)."""
    return ServiceSet.of([(p << 16 | n, (p << 16 | n) + 1) for p, n in ports])
