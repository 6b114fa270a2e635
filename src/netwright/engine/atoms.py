"""Address classes: addresses of one family that no mentioned set of addresses tells apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from netwright.base.errors import InternalError
from netwright.base.intervals import Interval, Intervals, canonical
from netwright.base.ipset import BITS, Family, IpSet
from netwright.engine.bits import distinct, pack, salts

if TYPE_CHECKING:
    import numpy.typing as npt


class AddressClasses:
    """The partition of one family's addresses by the mentioned sets.

    Atoms are the intervals between all boundaries; atoms inside the same sets are one class. `flags(set)` tells for a
    mentioned set which classes it holds; classes are numbered by their lowest address.
    """

    def __init__(self, family: Family, mentioned: Iterable[IpSet]) -> None:
        self.family = family
        sets = list(dict.fromkeys(s.family(family) for s in mentioned))
        bounds = {0}
        for intervals in sets:
            for low, high in intervals:
                bounds.add(low)
                bounds.add(high)
        bounds.discard(1 << BITS[family])
        self._starts = sorted(bounds)
        atoms = len(self._starts)
        ranges = {s: [(self._atom(low), self._atom(high)) for low, high in s] for s in sets}
        self.of_atom = self._merge(atoms, list(ranges.values()))
        self.count = int(self.of_atom.max()) + 1 if atoms else 0
        self._flags: dict[Intervals, npt.NDArray[np.bool_]] = {}
        self._bits: dict[Intervals, int] = {}
        representative, _ = distinct(self.of_atom)
        for intervals, spans in ranges.items():
            of_atoms = np.zeros(atoms, dtype=np.bool_)
            for a, b in spans:
                of_atoms[a:b] = True
            flags = of_atoms[representative]
            if not np.array_equal(flags[self.of_atom], of_atoms):
                raise InternalError("two address classes were taken for one")
            self._flags[intervals] = flags

    @property
    def starts(self) -> list[int]:
        """The lowest address of every atom, ascending."""
        return self._starts

    def _atom(self, value: int) -> int:
        return bisect_left(self._starts, value)

    @staticmethod
    def _merge(atoms: int, sets: list[list[tuple[int, int]]]) -> npt.NDArray[np.intp]:
        """Number atoms by the sets that hold them: each set adds a random number over its runs; equal sums, equal
        class."""
        change = [0] * (atoms + 1)
        for spans, salt in zip(sets, salts(len(sets), 20).tolist(), strict=True):
            for a, b in spans:
                change[a] += salt
                change[b] -= salt
        modulus = 1 << 64
        signature = np.cumsum(np.array([c % modulus for c in change[:atoms]], dtype=np.uint64), dtype=np.uint64)
        first, inverse = distinct(signature)
        order = np.argsort(np.argsort(first))
        return order[inverse].astype(np.intp)

    def knows(self, addresses: IpSet) -> bool:
        """Whether the set was among those mentioned."""
        return addresses.family(self.family) in self._flags

    def flags(self, addresses: IpSet) -> npt.NDArray[np.bool_]:
        return self._flags[addresses.family(self.family)]

    def bits(self, addresses: IpSet) -> int:
        """`flags` as an integer."""
        key = addresses.family(self.family)
        found = self._bits.get(key)
        if found is None:
            found = self._bits[key] = pack(self._flags[key])
        return found

    def of_address(self, value: int) -> int:
        """The class of one address."""
        index = bisect_left(self._starts, value + 1) - 1
        return int(self.of_atom[index])

    def of_v4(self, values: npt.NDArray[np.uint32]) -> npt.NDArray[np.intp]:
        starts = np.array(self._starts, dtype=np.uint64)
        return self.of_atom[np.searchsorted(starts, values.astype(np.uint64), side="right") - 1]

    def of_v6(self, values: npt.NDArray[np.bytes_]) -> npt.NDArray[np.intp]:
        """`values` is S16, big-endian: byte order is address order, and numpy pads trailing NULs in comparisons."""
        starts = np.array([s.to_bytes(16, "big") for s in self._starts], dtype="S16")
        return self.of_atom[np.searchsorted(starts, values, side="right") - 1]

    def addresses(self, class_: int) -> IpSet:
        """All addresses of one class."""
        ends = [*self._starts[1:], 1 << BITS[self.family]]
        spans: list[Interval] = [(self._starts[i], ends[i]) for i in np.flatnonzero(self.of_atom == class_).tolist()]
        return IpSet(canonical(spans), ()) if self.family == 4 else IpSet((), canonical(spans))
