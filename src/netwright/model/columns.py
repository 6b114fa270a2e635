"""Endpoints as columns: one row an interface on the pod network, numpy arrays, text in tables beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.base.intervals import contains, intersect
from netwright.base.ipset import INTERNET, Family, IpSet

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int32]
PortMap = tuple[tuple[str, int, int], ...]
"""Named ports of a pod, sorted: (name, protocol, number)."""


class Columns(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """`n` endpoints. All index columns are int32 and point into the table of the same name.

    An endpoint's addresses are either known (`v4`/`v6` with `has_v4`/`has_v6`) or one of `address_sets` (`address_set`
    >= 0: it has, in each family of the set, one of these addresses; which is not known). `host` endpoints are nodes and
    hostNetwork pods. `node` is -1 where it is not known. `replicas` counts the pods a row stands for. `single` rows are
    exactly one pod.
    """

    namespace: Ints
    label_offsets: npt.NDArray[np.int64]
    label_ids: Ints
    port_map: Ints
    has_v4: npt.NDArray[np.bool_]
    v4: npt.NDArray[np.uint32]
    has_v6: npt.NDArray[np.bool_]
    v6: npt.NDArray[np.bytes_]
    address_set: Ints
    host: npt.NDArray[np.bool_]
    node: Ints
    workload: Ints
    replicas: Ints
    single: npt.NDArray[np.bool_]
    # tables
    labels: tuple[tuple[str, str], ...]
    port_maps: tuple[PortMap, ...]
    address_sets: tuple[IpSet, ...]
    namespaces: tuple[str, ...]
    namespace_labels: tuple[dict[str, str], ...]
    nodes: tuple[str, ...]
    workloads: tuple[str, ...]
    names: tuple[str, ...] = ()
    unlabelled: frozenset[str] = frozenset()
    """Namespaces whose objects are not in the input: of their labels only the name is known."""

    @property
    def n(self) -> int:
        return len(self.namespace)

    def is_like(self, other: Columns) -> bool:
        """Whether these are the same endpoints in the same order, of which everything is the same."""
        if self is other:
            return True
        fields = [(getattr(self, name), getattr(other, name)) for name in self.__struct_fields__]
        return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for a, b in fields)

    def labels_of(self, row: int) -> dict[str, str]:
        """The row's own attributes (`k8s:` labels and others), without those of its namespace."""
        ids = self.label_ids[self.label_offsets[row] : self.label_offsets[row + 1]]
        return dict(self.labels[i] for i in ids)

    def addresses_of(self, row: int) -> IpSet:
        """The addresses that the row has, or may have."""
        number = int(self.address_set[row])
        if number >= 0:
            return self.address_sets[number]
        v4, v6 = int(self.v4[row]), int.from_bytes(bytes(self.v6[row]).ljust(16, b"\0"), "big")
        return IpSet([(v4, v4 + 1)] if self.has_v4[row] else [], [(v6, v6 + 1)] if self.has_v6[row] else [])

    def rows_in(self, addresses: IpSet, family: Family) -> tuple[list[int], list[int]]:
        """The rows that surely have an address of these, and those that perhaps have one. What may have any address at
        all, as pods of whose ranges nothing is known, is in neither."""
        wanted, everywhere = addresses.family(family), INTERNET.family(family)
        surely = np.zeros(self.n, dtype=np.bool_)
        perhaps = np.zeros(self.n, dtype=np.bool_)
        if family == 4:
            for low, high in wanted:
                surely |= self.has_v4 & (self.v4 >= low) & (self.v4 <= high - 1)
        else:
            known = np.flatnonzero(self.has_v6).tolist()
            surely[[row for row in known if contains(wanted, self.addresses_of(row).v6[0][0])]] = True
        for number, possible in enumerate(self.address_sets):
            mine = possible.family(family)
            if not mine or intersect(mine, everywhere) == everywhere:
                continue
            if both := intersect(mine, wanted):
                held = surely if both == mine else perhaps
                held |= self.address_set == number
        return np.flatnonzero(surely).tolist(), np.flatnonzero(perhaps).tolist()
