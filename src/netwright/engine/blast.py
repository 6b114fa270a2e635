"""Blast radius: what an intruder on one workload reaches, step by step, over ports that are served."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netwright.base.services import ServiceSet
from netwright.engine.bits import indexes, pack
from netwright.engine.compile import FamilyTables
from netwright.engine.join import Join, Sureness


def adjacency(
    tables: FamilyTables, positions: Sequence[int], served: Sequence[ServiceSet], sureness: Sureness
) -> list[int]:
    """For each end the ends it reaches in one step: bit j of item i. `served[j]` are the services that j answers on."""
    kinds = list(dict.fromkeys(served))
    of_end = np.array([kinds.index(s) for s in served], dtype=np.intp)
    join = Join(tables, positions, positions, sureness)
    meets = np.zeros((0, len(kinds)), dtype=np.bool_)
    out: list[int] = []
    for block in join.blocks():
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
    return ServiceSet([(p << 16 | n, (p << 16 | n) + 1) for p, n in ports])
