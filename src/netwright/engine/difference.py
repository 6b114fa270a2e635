"""Which connections differ between two networks over the same endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from netwright.base.ipset import INTERNET, Family, IpSet
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.engine.bits import unpack
from netwright.engine.compile import FamilyTables, Network, Table
from netwright.engine.inquire import Inquirer
from netwright.engine.join import ClassSide


class Changed(NamedTuple):
    """Connections between workloads that surely pass after and not before (`opened`), and the reverse."""

    opened: list[tuple[str, str, ServiceSet]]
    closed: list[tuple[str, str, ServiceSet]]


def changed_connections(before: Inquirer, after: Inquirer) -> Changed:
    """Compare the ends that an edit touched: where other rules act, and pods whose own labels differ.

    Endpoint rows must be the same in both, and rules that an edit left alone the same objects.
    """
    opened: dict[tuple[str, str], ServiceSet] = {}
    closed: dict[tuple[str, str], ServiceSet] = {}
    relabelled = _relabelled(before.network, after.network)
    for family, old in before.network.tables.items():
        new = after.network.tables[family]
        pairs: set[tuple[int, int]] = set()
        classes = after.class_sets(family)
        for direction in ("egress", "ingress"):
            touched = set(relabelled) if relabelled else _touched(before.network, after.network, family, direction)
            for row in touched:
                peers = _differing(before, after, old, new, direction, row)
                pairs.update((row, p) if direction == "egress" else (p, row) for p in peers)
            for row in relabelled:
                peers = _seen_otherwise(before, after, old, new, direction, row)
                pairs.update((p, row) if direction == "egress" else (row, p) for p in peers)
        for s, d in sorted(pairs):
            if (s < 0 and d < 0) or (s == d and before.network.columns.single[s]):
                continue
            was, now = _services(before, old, s, d, classes), _services(after, new, s, d, classes)
            key = (_name(after, new, s), _name(after, new, d))
            if more := now - was:
                opened[key] = opened.get(key, ServiceSet()) | more
            if less := was - now:
                closed[key] = closed.get(key, ServiceSet()) | less
    return Changed(
        [(s, d, p) for (s, d), p in sorted(opened.items(), key=lambda kv: kv[0])],
        [(s, d, p) for (s, d), p in sorted(closed.items(), key=lambda kv: kv[0])],
    )


def _name(inquirer: Inquirer, tables: FamilyTables, row: int) -> str:
    if row >= 0:
        return inquirer.cluster.workloads[int(inquirer.network.columns.workload[row])].ref
    return outside_name(inquirer, tables.family, -row - 1)


def outside_name(inquirer: Inquirer, family: Family, class_: int) -> str:
    """How a class of outside addresses is called in a difference."""
    held = inquirer.class_sets(family)[class_]
    return "internet" if not held - INTERNET and len(held.cidrs()) > 8 else held.described()


def _position(inquirer: Inquirer, tables: FamilyTables, row: int, classes: Sequence[IpSet]) -> int:
    """The position of an endpoint row; -1, -2 … stand for the classes of outside addresses, by an address of each.

    The classes are those of the edited network, which are at least as fine as those before.
    """
    if row >= 0:
        return inquirer.network.position(row)
    return tables.universe.position_of_address(classes[-row - 1].family(tables.family)[0][0])


def _services(inquirer: Inquirer, tables: FamilyTables, s: int, d: int, classes: Sequence[IpSet]) -> ServiceSet:
    must, _ = tables.pair(_position(inquirer, tables, s, classes), _position(inquirer, tables, d, classes))
    return must & TRANSPORT


def _relabelled(before: Network, after: Network) -> list[int]:
    if before.columns is after.columns:
        return []
    return [r for r in range(before.columns.n) if before.columns.labels_of(r) != after.columns.labels_of(r)]


def _touched(before: Network, after: Network, family: Family, direction: str) -> set[int]:
    """Endpoint rows at which units act that are in one network only."""
    rows: set[int] = set()
    held = ({id(u.rules) for u in before.units}, {id(u.rules) for u in after.units})
    for network, others in ((before, held[1]), (after, held[0])):
        for unit in network.units:
            if unit.direction == direction and id(unit.rules) not in others:
                bits = unit.sure_at[family] | unit.perhaps_at[family]
                flags = unpack(bits & ((1 << network.identities.count) - 1), network.identities.count)
                rows.update(np.flatnonzero(flags[network.identities.of_row]).tolist())
    return rows


def _table(tables: FamilyTables, direction: str) -> Table:
    return tables.ingress if direction == "ingress" else tables.egress


def _differing(
    before: Inquirer, after: Inquirer, old: FamilyTables, new: FamilyTables, direction: str, row: int
) -> list[int]:
    """Peers (endpoint rows, and outside classes as -1, -2 …) whose services from this end's own rows differ."""
    numbers: dict[ServiceSet, int] = {}
    classes = after.class_sets(new.family)
    found = []
    for inquirer, tables in ((before, old), (after, new)):
        table = _table(tables, direction)
        side = ClassSide(table, int(table.of_position[inquirer.network.position(row)]), tables.universe.n)
        number = np.array([numbers.setdefault(s, len(numbers)) for s in side.services], dtype=np.int64)
        of_position = number[side.of]
        outside = of_position[[_position(inquirer, tables, -i - 1, classes) for i in range(len(classes))]]
        found.append(np.concatenate([of_position[inquirer.network.identities.of_row], outside]))
    n = before.network.columns.n
    return [i if i < n else n - i - 1 for i in np.flatnonzero(found[0] != found[1]).tolist()]


def _seen_otherwise(
    before: Inquirer, after: Inquirer, old: FamilyTables, new: FamilyTables, direction: str, row: int
) -> list[int]:
    """Other ends (endpoint rows) whose own rows hold this end differently: their rules match its labels."""
    numbers: dict[ServiceSet, int] = {}
    found = []
    for inquirer, tables in ((before, old), (after, new)):
        table = _table(tables, direction)
        at = inquirer.network.position(row)
        of_class = np.zeros(table.count, dtype=np.int64)
        for class_ in range(table.count):
            services = ServiceSet()
            for held in table.rows(class_):
                if held.must >> at & 1:
                    services |= held.services
            of_class[class_] = numbers.setdefault(services, len(numbers))
        found.append(of_class[table.of_position[inquirer.network.identities.of_row]])
    return np.flatnonzero(found[0] != found[1]).tolist()
