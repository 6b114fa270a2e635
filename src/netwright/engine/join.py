"""Joining the two tables, for what is asked or counted: connections between listed positions, as numbers into one table
of service sets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec
import numpy as np

from netwright.base.services import ServiceSet
from netwright.engine.bits import distinct, unpack, unpack_at
from netwright.engine.fold import Atoms, Row
from netwright.engine.tables import FamilyTables, Table
from netwright.model.rule import Direction

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
Alike = Callable[[int, int], bool]
"""Whether a class of one network says the same as one of another."""
Numbers = dict[int, int]
"""Services, as a mask over a table's atoms, to their number."""
_NONE = Row(0, 0, 0, Atoms(()))


class Sides:
    """One direction as numbers: `must[i, j]` is what surely passes at class i to or from position `at[j]`, as an index
    into `masks`; `may` what perhaps does, the same array where nothing is uncertain.

    What a peer may use is the union of the rows that hold it: a code of row bits, and few codes ever occur.
    Services are masks over the table's atoms here.
    """

    def __init__(
        self, table: Table, classes: Sequence[int], n: int, at: Indexes, known: tuple[Sides, Indexes] | None = None
    ) -> None:
        """`known`: the sides of another network to or from the same ends, over the same atoms, and which of its rows
        each class is there; -1 where it is none of them."""
        self._at, self._n = at, n
        self._few = at.tolist() if len(at) <= FEW else None
        self._numbers: Numbers = {0: 0}
        self._atoms = table.fold.atoms
        self._uncertain: list[_One | _Together] = []
        self._known = known
        out = np.zeros((len(classes), len(at)), dtype=np.uint16)
        out = self._take_known(out, "must")
        step = max(1, min(TOGETHER, CELLS // max(1, len(at))))
        own = range(len(classes)) if known is None else np.flatnonzero(known[1] < 0).tolist()
        for start in range(0, len(own), step):
            which = own[start : start + step]
            for part in self._parts(which, [table.rows(classes[i]) for i in which]):
                out = self._put(out, part.which, part.numbers(self._numbers, "must"))
                if part.is_uncertain:
                    self._uncertain.append(part)
        self.must: npt.NDArray[Any] = out

    @property
    def is_certain(self) -> bool:
        return not self._uncertain and (self._known is None or self._known[0].is_certain)

    @cached_property
    def may(self) -> npt.NDArray[Any]:
        if self.is_certain:
            return self.must
        out = self._take_known(self.must.copy(), "may")
        for part in self._uncertain:
            out = self._put(out, part.which, part.numbers(self._numbers, "may"))
        return out

    @property
    def masks(self) -> list[int]:
        """What the numbers that have occurred so far stand for."""
        return list(self._numbers)

    @property
    def services(self) -> list[ServiceSet]:
        """The service sets that numbers in `must` and `may` stand for."""
        return [self._atoms.services(mask) for mask in self.masks]

    def _parts(self, which: Sequence[int], listed: Sequence[list[Row]]) -> Iterator[_One | _Together]:
        """These classes, by how what passes there is worked out."""
        short: list[int] = []
        for i, rows in enumerate(listed):
            if self._few is None and len(rows) <= SHORT:
                short.append(i)
            else:
                yield _One(which[i], rows, self._n, self._at, self._few)
        if short:
            short.sort(key=lambda i: -len(listed[i]))
            numbers = np.array([which[i] for i in short], dtype=np.intp)
            yield from _Together.parts(numbers, [listed[i] for i in short], self._n, self._at)

    def _take_known(self, out: npt.NDArray[Any], sureness: Sureness) -> npt.NDArray[Any]:
        if self._known is None:
            return out
        sides, rows = self._known
        theirs = sides.must if sureness == "must" else sides.may
        mine = np.array([self._numbers.setdefault(mask, len(self._numbers)) for mask in sides.masks], dtype=np.int32)
        which = np.flatnonzero(rows >= 0)
        return self._put(out, which, mine[theirs[rows[which]]])

    def _put(self, out: npt.NDArray[Any], which: int | Indexes, found: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Write numbers into their rows of `out`; the array, wider if it has to be."""
        if len(self._numbers) > 0x8000 and out.dtype == np.uint16:
            out = out.astype(np.int32)
        out[which] = found
        return out


class _One:
    """A class that is worked out by itself: of many rows, or at a `few` positions, which are looked up one by one."""

    def __init__(self, which: int, rows: list[Row], n: int, at: Indexes, few: Sequence[int] | None) -> None:
        self.which = which
        self._rows, self._n, self._at, self._few = rows, n, at, few

    @property
    def is_uncertain(self) -> bool:
        return any(_is_uncertain(row) for row in self._rows)

    def numbers(self, numbers: Numbers, sureness: Sureness) -> npt.NDArray[Any]:
        held = [(row.mask, row.must if sureness == "must" else row.may) for row in self._rows]
        if self._few is None:
            unpacked = [(mask, unpack(bits, self._n)[self._at]) for mask, bits in held if bits]
            return _numbered(unpacked, numbers) if unpacked else np.zeros(len(self._at), dtype=np.int32)
        masks = [0] * len(self._few)
        for j, position in enumerate(self._few):
            for services, bits in held:
                if bits >> position & 1:
                    masks[j] |= services
        return np.array([numbers.setdefault(mask, len(numbers)) for mask in masks], dtype=np.int32)


class _Together:
    """Classes with few rows, those with most of them first, whose codes are worked out together: `rows[places[i, k]]`
    is row i of class k.

    Classes whose rows have the same services share a table over their codes; one array has the tables of all, that of
    class k from `starts[k]`.
    """

    def __init__(
        self,
        which: Indexes,
        rows: Sequence[Row],
        places: npt.NDArray[np.intp],
        forms: dict[tuple[int, ...], int],
        starts: npt.NDArray[np.intp],
        n: int,
        at: Indexes,
        *,
        is_uncertain: bool,
    ) -> None:
        self.which, self.is_uncertain = which, is_uncertain
        self._rows, self._places, self._forms, self._starts = rows, places, forms, starts
        self._n, self._at = n, at

    @staticmethod
    def parts(which: Indexes, listed: Sequence[list[Row]], n: int, at: Indexes) -> Iterator[_Together]:
        """These classes, those apart of which something is uncertain."""
        forms: dict[tuple[int, ...], int] = {}
        starts: list[int] = []
        size = 0
        rows = [_NONE]  # stands where a class has no more rows
        numbers: dict[int, int] = {}  # by identity: classes share their rows
        flat: list[int] = []
        for these in listed:
            form = tuple([row.mask for row in these])
            start = forms.get(form)
            if start is None:
                start = forms[form] = size
                size += 1 << len(form)
            starts.append(start)
            for row in these:
                number = numbers.get(id(row))
                if number is None:
                    number = numbers[id(row)] = len(rows)
                    rows.append(row)
                flat.append(number)
        lengths = np.array([len(these) for these in listed], dtype=np.intp)
        places = np.zeros((int(lengths[0]), len(listed)), dtype=np.intp)
        of = np.repeat(np.arange(len(listed)), lengths)
        places[np.arange(len(flat)) - (np.cumsum(lengths) - lengths)[of], of] = flat
        uncertain = np.array([_is_uncertain(row) for row in rows], dtype=np.bool_)[places].any(axis=0)
        for is_uncertain in (False, True):
            mine = np.flatnonzero(uncertain == is_uncertain)
            if len(mine):
                begin = np.array(starts, dtype=np.intp)[mine]
                yield _Together(which[mine], rows, places[:, mine], forms, begin, n, at, is_uncertain=is_uncertain)

    def numbers(self, numbers: Numbers, sureness: Sureness) -> npt.NDArray[Any]:
        held = [row.must if sureness == "must" else row.may for row in self._rows]
        sets = {id(bits): bits for bits in held}  # rows share these too
        members = unpack_at(list(sets.values()), self._n, self._at)
        number = {key: i for i, key in enumerate(sets)}
        of_row = np.array([number[id(bits)] for bits in held], dtype=np.intp)
        codes = np.zeros((len(self.which), len(self._at)), dtype=np.uint16)
        for bit, places in enumerate(self._places):
            having = int(np.count_nonzero(places))
            codes[:having] |= np.left_shift(members[of_row[places[:having]]], bit, dtype=np.uint16)
        found = codes + self._starts[:, None]
        occurs = np.zeros(sum(1 << len(form) for form in self._forms), dtype=np.bool_)
        occurs[found] = True
        return np.take(self._unions(numbers, occurs), found)

    def _unions(self, numbers: Numbers, occurs: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
        """The numbers of the unions that these codes of rows are, in tables one after the other."""
        table = np.zeros(len(occurs), dtype=np.int32)
        found = np.flatnonzero(occurs).tolist()
        number: list[int] = []
        at = 0
        for form, start in self._forms.items():
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


def _is_uncertain(row: Row) -> bool:
    return row.must is not row.may and row.must != row.may


def _numbered(rows: list[tuple[int, npt.NDArray[np.bool_]]], numbers: Numbers) -> npt.NDArray[Any]:
    """What passes at each position, from the services of the rows and the positions that they hold."""
    if len(rows) == 1:
        services, held = rows[0]
        return held * np.int32(numbers.setdefault(services, len(numbers)))
    if len(rows) > 62:  # more rows than a code has bits: join the first half and the second
        halves = [_numbered(half, numbers) for half in (rows[: len(rows) // 2], rows[len(rows) // 2 :])]
        masks = list(numbers)
        code = halves[0].astype(np.int64) << 32 | halves[1]
        first, number = distinct(code)
        joined = [masks[c >> 32] | masks[c & 0xFFFFFFFF] for c in code[first].tolist()]
        return np.array([numbers.setdefault(m, len(numbers)) for m in joined], dtype=np.int32)[number]
    codes = np.zeros(len(rows[0][1]), dtype=np.int64)
    for bit, (_, held) in enumerate(rows):
        codes |= held.astype(np.int64) << bit
    first, number = distinct(codes)
    unions = []
    for code in codes[first].tolist():
        union = 0
        for bit, (services, _) in enumerate(rows):
            if code >> bit & 1:
                union |= services
        unions.append(numbers.setdefault(union, len(numbers)))
    return np.array(unions, dtype=np.int32)[number]


class Like(NamedTuple):
    """The join of the same ends in another network, and which classes say there what they say here; None where the ends
    that they speak of are not the same."""

    join: Join
    egress: Alike | None
    ingress: Alike | None


class _OneWay:
    """The rows of some ends in one direction: `of` is the row of each, in `sides`."""

    def __init__(
        self, tables: FamilyTables, direction: Direction, ends: Indexes, at: Indexes, like: tuple[_OneWay, Alike] | None
    ) -> None:
        table = tables.egress if direction == "egress" else tables.ingress
        first, self.of = distinct(table.of_position[ends])
        self._classes: list[int] = table.of_position[ends][first].tolist()
        known = None
        if like is not None:
            there, alike = like
            rows = there.of[first]
            same = [
                alike(there._classes[row], class_) for row, class_ in zip(rows.tolist(), self._classes, strict=True)
            ]
            known = there.sides, np.where(same, rows, -1)
        self.sides: Sides = Sides(table, self._classes, tables.universe.n, at, known)


class Join:
    """Connections between positions of one family. `services[k]` is what number k lets pass, surely or perhaps; 0 is
    nothing."""

    def __init__(
        self, tables: FamilyTables, sources: Sequence[int], destinations: Sequence[int], like: Like | None = None
    ) -> None:
        self._sources = np.array(sources, dtype=np.intp)
        self._destinations = np.array(destinations, dtype=np.intp)
        self._atoms = tables.egress.fold.atoms
        if like is not None and not like.join._atoms.are_cut_like(self._atoms):
            like = None
        self._out: _OneWay = _OneWay(
            tables, "egress", self._sources, self._destinations, like and like.egress and (like.join._out, like.egress)
        )
        self._in: _OneWay = _OneWay(
            tables,
            "ingress",
            self._destinations,
            self._sources,
            like and like.ingress and (like.join._in, like.ingress),
        )
        self._found: dict[int, int] = {0: 0}

    @property
    def services(self) -> list[ServiceSet]:
        """What each number that has occurred so far lets pass."""
        return [self._atoms.services(mask) for mask in self._found]

    @property
    def is_certain(self) -> bool:
        """Whether what perhaps passes is what surely does."""
        return self._out.sides.is_certain and self._in.sides.is_certain

    def blocks(self, sureness: Sureness, size: int = BLOCK) -> Iterator[Block]:
        outward, inward, found = self._numbered(sureness)
        width = np.intp(found.width)
        for start in range(0, len(self._sources), size):
            out = outward[self._out.of[start : start + size]]
            into = inward[:, start : start + size][self._in.of].T
            yield Block(start, found(out * width + into))

    def pairs(self, sureness: Sureness, i: Indexes, j: Indexes) -> npt.NDArray[np.int32]:
        """The connection from sources[i[k]] to destinations[j[k]], for each k."""
        outward, inward, found = self._numbered(sureness)
        return found(outward[self._out.of[i], j] * np.intp(found.width) + inward[self._in.of[j], i])

    def _numbered(self, sureness: Sureness) -> tuple[npt.NDArray[Any], npt.NDArray[Any], _Connections]:
        out, into = self._out.sides, self._in.sides
        outward, inward = (out.must, into.must) if sureness == "must" else (out.may, into.may)
        return outward, inward, _Connections(out.masks, into.masks, self._found)


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
