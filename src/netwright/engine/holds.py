"""Whether something passes, or is stopped, between two sets of positions: one pair that shows it, without all pairs.

Both tables stay factored: what a class of sources sends is joined with what a class of destinations admits, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.services import ServiceSet
from netwright.engine.bits import indexes
from netwright.engine.fold import Row
from netwright.engine.join import Sureness
from netwright.engine.tables import FamilyTables, Table

Pair = tuple[int, int]
"""The positions of a source and a destination."""


class Ends(msgspec.Struct, frozen=True):
    """Two sets of positions as bitsets, and those of single endpoints, which are no connection to themselves."""

    sources: int
    destinations: int
    alone: int


def passing(tables: FamilyTables, ends: Ends, asked: ServiceSet, sureness: Sureness) -> Pair | None:
    """A pair between which one of the services surely (`must`), or at least perhaps (`may`), passes; None if there is
    none."""
    wanted = _mask(tables, asked)
    inward = [
        (members, rows, _union(rows, sureness))
        for members, rows in _classes(tables.ingress, ends.destinations)
        if any(row.mask & wanted for row in rows)
    ]
    for sources, outward in _classes(tables.egress, ends.sources):
        for out in outward:
            mask = out.mask & wanted
            reached = ends.destinations & (out.must if sureness == "must" else out.may)
            if not mask or not reached:
                continue
            for members, rows, admitted in inward:
                into = members & reached
                if not into or not sources & admitted:
                    continue
                for row in rows:
                    both = mask & row.mask
                    senders = sources & (row.must if sureness == "must" else row.may)
                    pair = _pair(senders, into, ends.alone) if both and senders else None
                    if pair is not None:
                        return pair
    return None


def stopped(tables: FamilyTables, ends: Ends, asked: ServiceSet, sureness: Sureness) -> Pair | None:
    """A pair between which one of the services does not surely (`must`), or not even perhaps (`may`), pass; None if
    between all of them all do."""
    wanted = _mask(tables, asked)
    outward = list(_classes(tables.egress, ends.sources))
    inward = list(_classes(tables.ingress, ends.destinations))
    for bit in _bits(wanted):
        for sources, rows in outward:
            pair = _pair(sources, ends.destinations & ~_holding(rows, bit, sureness), ends.alone)
            if pair is not None:
                return pair
        for members, rows in inward:
            pair = _pair(ends.sources & ~_holding(rows, bit, sureness), members, ends.alone)
            if pair is not None:
                return pair
    return None


class Senders:
    """Whichever of the sources at least perhaps reach something on one of the services: asked of many destinations."""

    def __init__(self, tables: FamilyTables, sources: int, asked: ServiceSet) -> None:
        self._tables = tables
        self._wanted = _mask(tables, asked)
        self._outward = [
            (members, row.mask & self._wanted, row.may)
            for members, rows in _classes(tables.egress, sources)
            for row in rows
            if row.mask & self._wanted and row.may
        ]

    def to(self, destinations: int, alone: int) -> int:
        """Those that reach one of the destinations; one that is `alone` does not reach itself."""
        found = 0
        for members, rows in _classes(self._tables.ingress, destinations):
            inward = [row for row in rows if row.mask & self._wanted]
            for sources, mask, may in self._outward:
                into = members & may
                if not into or not sources & ~found:
                    continue
                itself = into & alone if not into & (into - 1) else 0
                for row in inward:
                    if mask & row.mask:
                        found |= sources & row.may & ~itself
        return found


def _classes(table: Table, positions: int) -> Iterator[tuple[int, list[Row]]]:
    """The positions by their class, each with the rows of it."""
    by_class: dict[int, int] = {}
    of = table.of_position
    for position in indexes(positions):
        number = int(of[position])
        by_class[number] = by_class.get(number, 0) | 1 << position
    for number, members in by_class.items():
        yield members, table.rows(number)


def _union(rows: list[Row], sureness: Sureness) -> int:
    union = 0
    for row in rows:
        union |= row.must if sureness == "must" else row.may
    return union


def _holding(rows: list[Row], bit: int, sureness: Sureness) -> int:
    """Whom the rows let pass on one atom of services."""
    return _union([row for row in rows if row.mask & bit], sureness)


def _pair(sources: int, destinations: int, alone: int) -> Pair | None:
    """One of each that is a connection: not a single endpoint with itself."""
    if not sources or not destinations:
        return None
    source, destination = _first(sources), _first(destinations)
    if source != destination or not alone >> source & 1:
        return source, destination
    if destinations & (destinations - 1):
        return source, _first(destinations & (destinations - 1))
    if sources & (sources - 1):
        return _first(sources & (sources - 1)), destination
    return None


def _first(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def _mask(tables: FamilyTables, asked: ServiceSet) -> int:
    """The atoms that hold one of the services: within an atom all have one answer."""
    atoms = tables.egress.fold.atoms
    return sum(bit for bit in _bits(atoms.all) if atoms.services(bit) & asked)
