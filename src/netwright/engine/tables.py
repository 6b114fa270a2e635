"""The answer for one address family: of each direction the class of every position, and the rows of every class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.base.ipset import Family
from netwright.base.services import ServiceSet
from netwright.engine.class_rows import ClassFolder
from netwright.engine.fold import Row
from netwright.engine.universe import Universe

if TYPE_CHECKING:
    import numpy.typing as npt


ClassKey = tuple[tuple[int, ...], int]
"""The contents that act at a class (content number << 1, odd where they act only perhaps), and its port map."""


class Table(msgspec.Struct, eq=False):
    """One direction: the class of every position of the universe, and the rows of every class. Class 0 is unrestricted.

    `keys`, `number` and `kept` only grow and are shared between a network and its edits.
    """

    of_position: npt.NDArray[np.intp]
    keys: list[ClassKey]
    fold: ClassFolder
    kept: dict[int, list[Row]] = {}
    keep: bool = True
    _number: dict[ClassKey, int] | None = None

    @property
    def number(self) -> dict[ClassKey, int]:
        """The class of every key. Only edits ask."""
        if self._number is None:
            self._number = {key: number for number, key in enumerate(self.keys)}
        return self._number

    @property
    def count(self) -> int:
        return len(self.keys)

    def over(self, positions: npt.NDArray[np.intp], fold: ClassFolder) -> Table:
        """This table for another universe, each position of which is as one of this table's."""
        return Table(self.of_position[positions], self.keys, fold, {}, self.keep, self.number)

    def rows(self, class_: int) -> list[Row]:
        rows = self.kept.get(class_)
        if rows is None:
            rows = self.fold(*self.keys[class_])
            if self.keep:
                self.kept[class_] = rows
        return rows

    def rows_at(self, position: int) -> list[Row]:
        return self.rows(int(self.of_position[position]))

    def rows_without(self, position: int, enforcer: int) -> list[Row]:
        """The rows at a position as the other enforcers make them."""
        contents, port_map = self.keys[int(self.of_position[position])]
        mine = set(self.fold.contents.of_enforcer(contents, enforcer))
        return self.fold(tuple(c for c in contents if c not in mine), port_map) if mine else self.rows_at(position)


class FamilyTables(msgspec.Struct, eq=False):
    """The answer for one address family."""

    family: Family
    universe: Universe
    egress: Table
    ingress: Table

    def pair(self, source: int, destination: int) -> tuple[ServiceSet, ServiceSet]:
        """The services that surely, and that perhaps, may pass between two positions by policy."""
        must = may = 0
        for out in self.egress.rows_at(source):
            if not out.may >> destination & 1:
                continue
            for into in self.ingress.rows_at(destination):
                if into.may >> source & 1:
                    mask = out.mask & into.mask
                    may |= mask
                    if out.must >> destination & 1 and into.must >> source & 1:
                        must |= mask
        atoms = self.egress.fold.atoms
        return atoms.services(must), atoms.services(may)

    def outcome(
        self, source: int, destination: int, key: int, without: int = -1
    ) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
        """Of one service: (surely, perhaps) allowed by egress, and by ingress; `without` the enforcer of that
        number."""
        bit = self.egress.fold.atoms.bit(key)
        sides = []
        for table, at, peer in ((self.egress, source, destination), (self.ingress, destination, source)):
            must = may = False
            for row in table.rows_at(at) if without < 0 else table.rows_without(at, without):
                if row.mask & bit:
                    must = must or bool(row.must >> peer & 1)
                    may = may or bool(row.may >> peer & 1)
            sides.append((must, may))
        return sides[0], sides[1]
