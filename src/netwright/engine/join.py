"""Joining the two tables, for what is asked or counted: connections between listed positions, as numbers into one table
of service sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np

from netwright.base.services import ServiceSet
from netwright.engine.bits import distinct, unpack, unpack_at
from netwright.engine.fold import Row
from netwright.engine.tables import FamilyTables, Table

if TYPE_CHECKING:
    import numpy.typing as npt

    from netwright.engine.bits import Indexes


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
TOGETHER = 1024
CELLS = 1 << 17
"""Up to so many classes, and cells of `must`, are worked out together."""
Held = tuple[int, int]
"""The services of a row, and the peers that it holds."""


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
        step = self._step
        for start in range(0, len(classes), step):
            listed = [table.rows(class_) for class_ in classes[start : start + step]]
            which = range(start, start + len(listed))
            out = self._write(out, which, [[(r.mask, r.must) for r in rows if r.must] for rows in listed])
            for i, rows in zip(which, listed, strict=True):
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
        step = self._step
        for start in range(0, len(self._uncertain), step):
            part = self._uncertain[start : start + step]
            listed = [[(r.mask, r.may) for r in rows if r.may] for _, rows in part]
            out = self._write(out, [i for i, _ in part], listed)
        return out

    @property
    def masks(self) -> list[int]:
        """What the numbers that have occurred so far stand for."""
        return list(self._numbers)

    @property
    def _step(self) -> int:
        return max(1, min(TOGETHER, CELLS // max(1, len(self._at))))

    def _write(self, out: npt.NDArray[Any], which: Sequence[int], listed: Sequence[Sequence[Held]]) -> npt.NDArray[Any]:
        """Write the numbers of some classes into their rows of `out`; the array, wider if it has to be."""
        if self._few is not None:
            found = [self._one_by_one(rows, self._few) for rows in listed]
        else:
            short = [i for i, rows in enumerate(listed) if len(rows) <= SHORT]
            short.sort(key=lambda i: -len(listed[i]))
            out = self._put(out, [which[i] for i in short], self._together([listed[i] for i in short]))
            which = [which[i] for i, rows in enumerate(listed) if len(rows) > SHORT]
            found = [
                self._numbered([(mask, unpack(bits, self._n)[self._at]) for mask, bits in rows], self._numbers)
                for rows in listed
                if len(rows) > SHORT
            ]
        for i, numbers in zip(which, found, strict=True):
            out = self._put(out, i, numbers)
        return out

    def _put(self, out: npt.NDArray[Any], which: int | list[int], found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if len(self._numbers) > 0x8000 and out.dtype == np.uint16:
            out = out.astype(np.int32)
        out[which] = found
        return out

    @property
    def services(self) -> list[ServiceSet]:
        """The service sets that numbers in `must` and `may` stand for."""
        return [self._atoms.services(mask) for mask in self.masks]

    def _one_by_one(self, rows: Sequence[Held], positions: Sequence[int]) -> npt.NDArray[Any]:
        """What passes at each of a few positions."""
        masks = [0] * len(positions)
        for j, position in enumerate(positions):
            for services, bits in rows:
                if bits >> position & 1:
                    masks[j] |= services
        numbers = self._numbers
        return np.array([numbers.setdefault(mask, len(numbers)) for mask in masks], dtype=np.int32)

    def _together(self, listed: Sequence[Sequence[Held]]) -> npt.NDArray[Any]:
        """What passes at each position, of several classes with few rows, those with most of them first.

        Classes whose rows have the same services share a table over their codes; one array has the tables of all.
        """
        forms: dict[tuple[int, ...], int] = {}
        sets: dict[int, int] = {}  # by identity: classes share their rows
        bitsets: list[int] = []
        starts: list[int] = []
        places = np.zeros((SHORT, len(listed)), dtype=np.intp)
        size = 0
        for i, rows in enumerate(listed):
            form = tuple([services for services, _ in rows])
            start = forms.get(form)
            if start is None:
                start = forms[form] = size
                size += 1 << len(form)
            starts.append(start)
            for bit, (_, held) in enumerate(rows):
                place = sets.get(id(held))
                if place is None:
                    place = sets[id(held)] = len(bitsets)
                    bitsets.append(held)
                places[bit, i] = place
        members = unpack_at(bitsets, self._n, self._at)
        codes = np.zeros((len(listed), len(self._at)), dtype=np.uint16)
        fewer = np.array([-len(rows) for rows in listed], dtype=np.intp)
        for bit in range(len(listed[0]) if listed else 0):
            having = int(np.searchsorted(fewer, -bit))
            codes[:having] |= np.left_shift(members[places[bit, :having]], bit, dtype=np.uint16)
        found = codes + np.array(starts, dtype=np.intp)[:, None]
        occurs = np.zeros(size, dtype=np.bool_)
        occurs[found] = True
        return np.take(self._unions(forms, occurs), found)

    def _unions(self, forms: dict[tuple[int, ...], int], occurs: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """The numbers of the unions that these codes of rows are, in tables one after the other."""
        numbers = self._numbers
        table = np.zeros(len(occurs), dtype=np.int32)
        found = np.flatnonzero(occurs).tolist()
        number: list[int] = []
        at = 0
        for form, start in forms.items():
            end = start + (1 << len(form))
            while at < len(found) and found[at] < end:
                code, union = found[at] - start, 0
                for services in form:
                    if code & 1:
                        union |= services
                    code >>= 1
                number.append(numbers.setdefault(union, len(numbers)))
                at += 1
        table[found] = number
        return table

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
        outward, inward, found = self._numbered(sureness)
        width = np.intp(found.width)
        for start in range(0, len(self._sources), size):
            out = outward[self._out_of[start : start + size]]
            into = inward[:, start : start + size][self._in_of].T
            yield Block(start, found(out * width + into))

    def pairs(self, sureness: Sureness, i: Indexes, j: Indexes) -> npt.NDArray[np.int32]:
        """The connection from sources[i[k]] to destinations[j[k]], for each k."""
        outward, inward, found = self._numbered(sureness)
        return found(outward[self._out_of[i], j] * np.intp(found.width) + inward[self._in_of[j], i])

    def _numbered(self, sureness: Sureness) -> tuple[npt.NDArray[Any], npt.NDArray[Any], _Connections]:
        outward, inward = (self._out.must, self._in.must) if sureness == "must" else (self._out.may, self._in.may)
        return outward, inward, _Connections(self._out.masks, self._in.masks, self._found)


class _Connections:
    """The numbers of connections, from codes of what passes on either side: the number there times `width`, plus the
    number here. `known` grows by what occurs."""

    def __init__(self, outward: list[int], inward: list[int], known: dict[int, int]) -> None:
        self.width = len(inward)
        self._outward, self._inward, self._known = outward, inward, known
        self._numbers = np.full(len(outward) * self.width, -1, dtype=np.int32)

    def __call__(self, code: Indexes) -> npt.NDArray[np.int32]:
        occurs = np.zeros(len(self._numbers), dtype=np.bool_)
        occurs[code] = True
        for one in np.flatnonzero(occurs & (self._numbers < 0)).tolist():
            mask = self._outward[one // self.width] & self._inward[one % self.width]
            self._numbers[one] = self._known.setdefault(mask, len(self._known))
        return self._numbers[code]


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
