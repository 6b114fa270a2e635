"""Pairs by their source, as people read them: the first sources in full, the others counted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from netwright.base.services import BEYOND_TRANSPORT, TRANSPORT, ServiceSet
from netwright.engine.bits import distinct
from netwright.questions.reach import PairBlock, undecided_services

if TYPE_CHECKING:
    import numpy.typing as npt


class Joined(Protocol):
    """The pairs of one family, whole or narrowed."""

    sources: list[int]
    destinations: list[int]

    @property
    def services(self) -> list[ServiceSet]: ...
    def blocks(self) -> Iterator[PairBlock]: ...


Groups = dict[ServiceSet, list[int]]
"""Destinations by what they may be sent."""


class Counts(msgspec.Struct, eq=False):
    """Pairs that are connected, that are undecided over TCP, UDP or SCTP, and over other protocols."""

    connections: int = 0
    undecided: int = 0
    others: int = 0


class _Kinds:
    """What a pair of numbers (surely, perhaps) into the services of pairs comes to in text, each worked out once."""

    def __init__(self, pairs: Joined, *, only_others: bool) -> None:
        self._pairs = pairs
        self._only_others = only_others
        self._seen: dict[int, tuple[bool, ServiceSet, bool]] = {}

    def __call__(self, code: int) -> tuple[bool, ServiceSet, bool]:
        """(whether it counts as a connection, the undecided services, whether others are undecided)"""
        found = self._seen.get(code)
        if found is None:
            must, may = self._pairs.services[code >> 32], self._pairs.services[code & 0xFFFFFFFF]
            connected = bool(must if self._only_others else must - BEYOND_TRANSPORT)
            found = self._seen[code] = (connected, *undecided_services(must, may))
        return found

    def must(self, code: int) -> ServiceSet:
        return self._pairs.services[code >> 32]


def first_sources(
    pairs: Joined, wanted: ServiceSet, order: Sequence[int], most: int | None, counted: Counts
) -> tuple[list[tuple[int, Groups, Groups]], int]:
    """The first sources in order that have connections or undecided ones, with both by services; and how many sources
    have any. Counts what all of them have."""
    rank = {source: i for i, source in enumerate(order)}
    kinds = _Kinds(pairs, only_others=not wanted & TRANSPORT)
    kept: dict[int, npt.NDArray[np.int64]] = {}
    printable = 0
    for block in pairs.blocks():
        codes = block.must.astype(np.int64) << 32 | block.may
        for source, row in zip(block.sources, codes, strict=True):
            first, number = distinct(row)
            some = False
            for code, pairs_of_kind in zip(row[first].tolist(), np.bincount(number).tolist(), strict=True):
                connected, open_, others = kinds(code)
                counted.connections += pairs_of_kind if connected else 0
                counted.undecided += pairs_of_kind if open_ else 0
                counted.others += pairs_of_kind if others else 0
                some = some or connected or bool(open_)
            if some:
                printable += 1
                kept[source] = row
                if most is not None and len(kept) > most:
                    del kept[max(kept, key=rank.__getitem__)]
    out = []
    for source in sorted(kept, key=rank.__getitem__):
        connected_to: Groups = {}
        open_to: Groups = {}
        for destination, code in zip(pairs.destinations, kept[source].tolist(), strict=True):
            connected, open_, _ = kinds(code)
            if connected:
                connected_to.setdefault(kinds.must(code), []).append(destination)
            if open_:
                open_to.setdefault(open_, []).append(destination)
        out.append((source, connected_to, open_to))
    return out, printable
