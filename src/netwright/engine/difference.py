"""Which connections differ between two networks over the same endpoints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from netwright.base.ipset import INTERNET
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.engine.compile import FamilyTables, Network
from netwright.engine.inquire import Inquirer
from netwright.engine.join import ClassSide


class Changed(NamedTuple):
    """Connections between workloads that surely pass after and not before (`opened`), and the reverse."""

    opened: list[tuple[str, str, ServiceSet]]
    closed: list[tuple[str, str, ServiceSet]]


def changed_connections(before: Inquirer, after: Inquirer) -> Changed:
    """Compare row by row. Endpoint rows must be the same in both; classes whose units are the same are not looked into."""
    opened: dict[tuple[str, str], ServiceSet] = {}
    closed: dict[tuple[str, str], ServiceSet] = {}
    for family, old in before.network.tables.items():
        new = after.network.tables[family]
        touched_out = _touched(before.network, after.network, old, new, "egress")
        touched_in = _touched(before.network, after.network, old, new, "ingress")
        pairs: set[tuple[int, int]] = set()
        for row in touched_in:
            pairs.update((peer, row) for peer in _differing(before, after, old, new, "ingress", row))
        for row in touched_out:
            pairs.update((row, peer) for peer in _differing(before, after, old, new, "egress", row))
        for s, d in pairs:
            if s < 0 and d < 0:
                continue
            was = _services(before, old, s, d)
            now = _services(after, new, s, d)
            if was == now:
                continue
            key = (_name(before, s), _name(before, d))
            if more := now - was:
                opened[key] = opened.get(key, ServiceSet()) | more
            if less := was - now:
                closed[key] = closed.get(key, ServiceSet()) | less
    return Changed(
        [(s, d, p) for (s, d), p in sorted(opened.items(), key=lambda kv: kv[0])],
        [(s, d, p) for (s, d), p in sorted(closed.items(), key=lambda kv: kv[0])],
    )


def _name(inquirer: Inquirer, row: int) -> str:
    return inquirer.cluster.workloads[int(inquirer.network.columns.workload[row])].ref if row >= 0 else "internet"


def _position(inquirer: Inquirer, tables: FamilyTables, row: int) -> int:
    """The position of an endpoint row; -1 stands for the internet, by one of its addresses."""
    if row >= 0:
        return inquirer.network.position(row)
    return tables.universe.position_of_address(INTERNET.family(tables.family)[0][0])


def _services(inquirer: Inquirer, tables: FamilyTables, s: int, d: int) -> ServiceSet:
    must, _ = tables.pair(_position(inquirer, tables, s), _position(inquirer, tables, d))
    return must & TRANSPORT


def _touched(before: Network, after: Network, old: FamilyTables, new: FamilyTables, direction: str) -> list[int]:
    """Endpoint rows at which different rules act: whose units differ by the objects and contents behind them."""
    marks = []
    for network, tables in ((before, old), (after, new)):
        mark = np.zeros(network.columns.n, dtype=np.uint64)
        for unit in network.units:
            if unit.direction != direction:
                continue
            bits = unit.sure_at[tables.family] | unit.perhaps_at[tables.family]
            if bits:
                from netwright.engine.bits import unpack

                at = unpack(bits, network.identities.count)[network.identities.of_row]
                mark[at] += np.uint64(network.content_hash(unit) & 0xFFFFFFFF)
        marks.append(mark)
    rows = set(np.flatnonzero(marks[0] != marks[1]).tolist())
    relabelled = before.columns is not after.columns
    if relabelled:
        rows |= {r for r in range(before.columns.n) if before.columns.labels_of(r) != after.columns.labels_of(r)}
    return sorted(rows)


def _differing(
    before: Inquirer, after: Inquirer, old: FamilyTables, new: FamilyTables, direction: str, row: int
) -> list[int]:
    """Peers (endpoint rows, and -1 for the internet) whose services from this end's own rows differ."""
    numbers: dict[ServiceSet, int] = {}
    found = []
    for inquirer, tables in ((before, old), (after, new)):
        table = tables.ingress if direction == "ingress" else tables.egress
        side = ClassSide(table, int(table.of_position[inquirer.network.position(row)]), tables.universe.n)
        number = np.array([numbers.setdefault(s, len(numbers)) for s in side.services], dtype=np.int64)
        of_position = number[side.of]
        outside = of_position[_position(inquirer, tables, -1)]
        found.append(np.concatenate([of_position[inquirer.network.identities.of_row], [outside]]))
    n = before.network.columns.n
    return [i if i < n else -1 for i in np.flatnonzero(found[0] != found[1]).tolist()]
