"""Joining the two tables, for what is asked or counted: connections between listed positions, as numbers into one table of service sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from netwright.base.services import NONE, ServiceSet
from netwright.engine.bits import unpack
from netwright.engine.compile import FamilyTables, Table

Sureness = Literal["must", "may"]
BLOCK = 512


@dataclass(slots=True)
class Block:
    """Connections of a run of sources: `connection[i, j]` numbers the services from sources[start + i] to destination j."""

    start: int
    connection: npt.NDArray[np.int32]


class _Side:
    """One direction as numbers: for each class used and each position, which services pass, as an index into `services`.

    Rows of a class have disjoint services, so what a peer may use is the union of the rows that hold it: a code of row
    bits, and few codes ever occur.
    """

    def __init__(self, table: Table, classes: Sequence[int], n: int, sureness: Sureness) -> None:
        numbers: dict[ServiceSet, int] = {NONE: 0}
        self.of = np.zeros((len(classes), n), dtype=np.int32)
        for i, class_ in enumerate(classes):
            rows = [(r.services, r.must if sureness == "must" else r.may) for r in table.rows(class_)]
            rows = [(services, bits) for services, bits in rows if bits]
            for at in range(0, len(rows), 60):
                self._add(i, rows[at : at + 60], n, numbers)
        self.services = list(numbers)

    def _add(self, i: int, rows: list[tuple[ServiceSet, int]], n: int, numbers: dict[ServiceSet, int]) -> None:
        if len(rows) == 1:
            services, bits = rows[0]
            codes, unions = unpack(bits, n).astype(np.int64), {0: NONE, 1: services}
        else:
            codes = np.zeros(n, dtype=np.int64)
            for bit, (_, held) in enumerate(rows):
                codes |= unpack(held, n).astype(np.int64) << bit
            unions = {}
            for code in np.unique(codes).tolist():
                union = NONE
                for bit, (services, _) in enumerate(rows):
                    if code >> bit & 1:
                        union |= services
                unions[code] = union
        known = list(numbers)
        keys = np.array(sorted(unions), dtype=np.int64)
        before = self.of[i]
        if before.any():
            for j in range(n):
                union = known[before[j]] | unions[int(codes[j])]
                before[j] = numbers.setdefault(union, len(numbers))
                known = list(numbers)
            return
        values = np.array([numbers.setdefault(unions[k], len(numbers)) for k in keys.tolist()], dtype=np.int32)
        self.of[i] = values[np.searchsorted(keys, codes)]


class ClassSide:
    """One class of one table: for each position of the universe, which services surely pass, as an index into `services`."""

    def __init__(self, table: Table, class_: int, n: int) -> None:
        side = _Side(table, [class_], n, "must")
        self.of, self.services = side.of[0], side.services


class Join:
    """Connections between positions of one family. `services[k]` is what connection number k lets pass; 0 is nothing."""

    def __init__(self, tables: FamilyTables, sources: Sequence[int], destinations: Sequence[int], sureness: Sureness) -> None:
        n = tables.universe.n
        self._sources = np.array(sources, dtype=np.intp)
        self._destinations = np.array(destinations, dtype=np.intp)
        out_class, out_of = np.unique(tables.egress.of_position[self._sources], return_inverse=True)
        in_class, in_of = np.unique(tables.ingress.of_position[self._destinations], return_inverse=True)
        self._out_of, self._in_of = out_of, in_of
        self._out = _Side(tables.egress, out_class.tolist(), n, sureness)
        self._in = _Side(tables.ingress, in_class.tolist(), n, sureness)
        self._numbers = np.full((len(self._out.services), len(self._in.services)), -1, dtype=np.int32)
        self._found: dict[ServiceSet, int] = {NONE: 0}

    @property
    def services(self) -> list[ServiceSet]:
        return list(self._found)

    def blocks(self, size: int = BLOCK) -> Iterator[Block]:
        width = np.intp(len(self._in.services))
        flat = self._numbers.reshape(-1)
        for start in range(0, len(self._sources), size):
            sources = self._sources[start : start + size]
            out = self._out.of[self._out_of[start : start + size]][:, self._destinations]
            into = self._in.of[:, sources][self._in_of].T
            code = out * width + into
            used = np.zeros(len(flat), dtype=np.bool_)
            used[code] = True
            for one in np.flatnonzero(used & (flat < 0)).tolist():
                services = self._out.services[one // width] & self._in.services[one % width]
                flat[one] = self._found.setdefault(services, len(self._found))
            yield Block(start, flat[code])


def count_pairs(tables: FamilyTables, weights: npt.NDArray[Any]) -> tuple[int, int]:
    """How many (identity pairs, endpoint pairs) surely may connect on some service. `weights` are endpoints an identity stands for."""
    identities = tables.universe.identities.count
    n = tables.universe.n
    pairs = endpoints = 0
    by_class: dict[int, list[int]] = {}
    for position, class_ in enumerate(tables.egress.of_position[:identities].tolist()):
        by_class.setdefault(class_, []).append(position)
    order = [p for members in by_class.values() for p in members]
    for block in Join(tables, order, list(range(identities)), "must").blocks(128):
        connected = block.connection > 0
        who = order[block.start : block.start + len(connected)]
        pairs += int(connected.sum())
        endpoints += int((connected @ weights[:identities]) @ weights[who])
    assert n >= identities
    return pairs, endpoints
