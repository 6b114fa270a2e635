"""Joining the two tables, for what is asked or counted: connections between listed positions, as numbers into one table
of service sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from netwright.base.services import ServiceSet
from netwright.engine.bits import Indexes, distinct, unpack
from netwright.engine.compile import FamilyTables, Table
from netwright.engine.fold import Row

Sureness = Literal["must", "may"]
BLOCK = 512


class Block(msgspec.Struct, eq=False):
    """Connections of a run of sources: `connection[i, j]` numbers the services from sources[start + i] to destination
    j."""

    start: int
    connection: npt.NDArray[np.int32]


FEW = 24
"""Up to this many positions are looked up bit by bit; more are unpacked."""


SHORT = 12
"""Up to this many rows their codes are few enough for a table."""


class Sides:
    """One direction as numbers: `must[i, j]` is what surely passes at class i to or from position `at[j]`, as an index
    into `masks`; `may` what perhaps does, the same array where nothing is uncertain.

    What a peer may use is the union of the rows that hold it: a code of row bits, and few codes ever occur.
    Services are masks over the table's atoms here.
    """

    def __init__(self, table: Table, classes: Sequence[int], n: int, at: Indexes) -> None:
        self._at, self._n = at, n
        self._few = at.tolist() if len(at) <= FEW else None
        self._numbers: dict[int, int] = {0: 0}
        self._atoms = table.fold.atoms
        self._uncertain: list[tuple[int, list[Row]]] = []
        out = np.zeros((len(classes), len(at)), dtype=np.uint16)
        for i, class_ in enumerate(classes):
            rows = table.rows(class_)
            out = self._write(out, i, [(r.mask, r.must) for r in rows if r.must])
            if any(r.must is not r.may and r.must != r.may for r in rows):
                self._uncertain.append((i, rows))
        self.must: npt.NDArray[Any] = out

    @property
    def is_certain(self) -> bool:
        return not self._uncertain

    @cached_property
    def may(self) -> npt.NDArray[Any]:
        if self.is_certain:
            return self.must
        out = self.must.copy()
        for i, rows in self._uncertain:
            out[i] = 0
            out = self._write(out, i, [(r.mask, r.may) for r in rows if r.may])
        return out

    @property
    def masks(self) -> list[int]:
        """What the numbers that have occurred so far stand for."""
        return list(self._numbers)

    def _write(self, out: npt.NDArray[Any], i: int, rows: list[tuple[int, int]]) -> npt.NDArray[Any]:
        """Write the numbers of one class into its row of `out`, which is all 0; the array, wider if it has to be."""
        numbers = self._numbers
        if self._few is None:
            if not rows:
                return out
            held = [(services, unpack(bits, self._n)[self._at]) for services, bits in rows]
            found = self._numbered(held, numbers)
        else:
            masks = [0] * len(self._few)
            for j, position in enumerate(self._few):
                for services, bits in rows:
                    if bits >> position & 1:
                        masks[j] |= services
            found = np.array([numbers.setdefault(mask, len(numbers)) for mask in masks], dtype=np.int32)
        if len(numbers) > 0x8000 and out.dtype == np.uint16:
            out = out.astype(np.int32)
        out[i] = found
        return out

    @property
    def services(self) -> list[ServiceSet]:
        """The service sets that numbers in `must` and `may` stand for."""
        return [self._atoms.services(mask) for mask in self.masks]

    @staticmethod
    def _numbered(rows: list[tuple[int, npt.NDArray[np.bool_]]], numbers: dict[int, int]) -> npt.NDArray[Any]:
        """What passes at each position, from the services of the rows and the positions that they hold."""
        if len(rows) == 1:
            services, held = rows[0]
            return held * np.int32(numbers.setdefault(services, len(numbers)))
        if len(rows) > 62:  # more rows than a code has bits: join the first half and the second
            halves = [Sides._numbered(half, numbers) for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :])]
            masks = list(numbers)
            code = halves[0].astype(np.int64) << 32 | halves[1]
            first, number = distinct(code)
            joined = [masks[c >> 32] | masks[c & 0xFFFFFFFF] for c in code[first].tolist()]
            return np.array([numbers.setdefault(m, len(numbers)) for m in joined], dtype=np.int32)[number]
        codes = np.zeros(len(rows[0][1]), dtype=np.int64)
        for bit, (_, held) in enumerate(rows):
            codes |= held.astype(np.int64) << bit
        if len(rows) <= SHORT:  # a table over all codes beats sorting them
            occurring, number = np.flatnonzero(np.bincount(codes, minlength=1 << len(rows))), codes
            table = np.zeros(1 << len(rows), dtype=np.int32)
        else:
            first, number = distinct(codes)
            occurring = codes[first]
            table = np.zeros(len(first), dtype=np.int32)
        unions = []
        for code in occurring.tolist():
            union = 0
            for bit, (services, _) in enumerate(rows):
                if code >> bit & 1:
                    union |= services
            unions.append(numbers.setdefault(union, len(numbers)))
        table[occurring if number is codes else slice(None)] = unions
        return table[number]


class Join:
    """Connections between positions of one family. `services[k]` is what number k lets pass, surely or perhaps; 0 is
    nothing."""

    def __init__(self, tables: FamilyTables, sources: Sequence[int], destinations: Sequence[int]) -> None:
        n = tables.universe.n
        self._sources = np.array(sources, dtype=np.intp)
        self._destinations = np.array(destinations, dtype=np.intp)
        out_first, out_of = distinct(tables.egress.of_position[self._sources])
        out_class = tables.egress.of_position[self._sources][out_first]
        in_first, in_of = distinct(tables.ingress.of_position[self._destinations])
        in_class = tables.ingress.of_position[self._destinations][in_first]
        self._out_of, self._in_of = out_of, in_of
        self._out = Sides(tables.egress, out_class.tolist(), n, self._destinations)
        self._in = Sides(tables.ingress, in_class.tolist(), n, self._sources)
        self._atoms = tables.egress.fold.atoms
        self._found: dict[int, int] = {0: 0}

    @property
    def services(self) -> list[ServiceSet]:
        """What each number that has occurred so far lets pass."""
        return [self._atoms.services(mask) for mask in self._found]

    @property
    def is_certain(self) -> bool:
        """Whether what perhaps passes is what surely does."""
        return self._out.is_certain and self._in.is_certain

    def blocks(self, sureness: Sureness, size: int = BLOCK) -> Iterator[Block]:
        outward, inward = (self._out.must, self._in.must) if sureness == "must" else (self._out.may, self._in.may)
        out_masks, in_masks = self._out.masks, self._in.masks
        width = np.intp(len(in_masks))
        flat = np.full(len(out_masks) * len(in_masks), -1, dtype=np.int32)
        for start in range(0, len(self._sources), size):
            out = outward[self._out_of[start : start + size]]
            into = inward[:, start : start + size][self._in_of].T
            code = out * width + into
            used = np.zeros(len(flat), dtype=np.bool_)
            used[code] = True
            for one in np.flatnonzero(used & (flat < 0)).tolist():
                mask = out_masks[one // width] & in_masks[one % width]
                flat[one] = self._found.setdefault(mask, len(self._found))
            yield Block(start, flat[code])


def count_pairs(tables: FamilyTables, weights: npt.NDArray[Any]) -> tuple[int, int]:
    """How many (identity pairs, endpoint pairs) surely may connect on some service. `weights` are endpoints an identity
    stands for."""
    identities = tables.universe.identities.count
    n = tables.universe.n
    pairs = endpoints = 0
    by_class: dict[int, list[int]] = {}
    for position, class_ in enumerate(tables.egress.of_position[:identities].tolist()):
        by_class.setdefault(class_, []).append(position)
    order = [p for members in by_class.values() for p in members]
    for block in Join(tables, order, list(range(identities))).blocks("must", 128):
        connected = block.connection > 0
        who = order[block.start : block.start + len(connected)]
        pairs += int(connected.sum())
        endpoints += int((connected @ weights[:identities]) @ weights[who])
    assert n >= identities
    return pairs, endpoints
