"""Differences joined by the owners of their ends: what changed between two workloads, in the order of their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from netwright.base.services import ServiceSet
from netwright.engine.bits import distinct
from netwright.engine.difference import Differences

Measure = Callable[[ServiceSet, ServiceSet, ServiceSet, ServiceSet], ServiceSet]
"""Of one pair what surely passed before, what perhaps did (that included), and the same of now: the services that
count."""


def opened(was: ServiceSet, was_perhaps: ServiceSet, now: ServiceSet, now_perhaps: ServiceSet) -> ServiceSet:
    """What surely passes now and surely did not before."""
    return now - was_perhaps


def perhaps_opened(was: ServiceSet, was_perhaps: ServiceSet, now: ServiceSet, now_perhaps: ServiceSet) -> ServiceSet:
    """What was denied and is undecided now, or was undecided and surely passes now."""
    return (now_perhaps - was_perhaps - now) | (now & was_perhaps) - was


def closed(was: ServiceSet, was_perhaps: ServiceSet, now: ServiceSet, now_perhaps: ServiceSet) -> ServiceSet:
    """What surely passed before and surely does not now."""
    return was - now_perhaps


def perhaps_closed(was: ServiceSet, was_perhaps: ServiceSet, now: ServiceSet, now_perhaps: ServiceSet) -> ServiceSet:
    """What passed and is undecided now, or was undecided and is denied now."""
    return (was_perhaps - now_perhaps - was) | (was & now_perhaps) - now


class OwnerPairs:
    """Pairs of owners between which a measure finds services. `len()` counts them; iterating gives (from, to,
    services), the union over the ends of both."""

    def __init__(self, found: Differences, owners: Sequence[str], measure: Measure) -> None:
        differs = np.zeros(len(owners), dtype=np.bool_)
        differs[found.source] = differs[found.destination] = True
        ends = np.flatnonzero(differs).tolist()  # often few of many
        self.names = sorted({owners[end] for end in ends})
        number = {name: i for i, name in enumerate(self.names)}
        of_end = np.zeros(len(owners), dtype=np.int64)
        of_end[ends] = [number[owners[end]] for end in ends]
        kinds = np.zeros(len(found), dtype=np.int64)
        for column in (*found.was.T, *found.now.T):
            _, column = distinct(column)
            _, kinds = distinct(kinds * (len(found.services) + 1) + column)
        first, kinds = distinct(kinds)
        services = found.services
        self._services = [
            measure(services[a], services[b], services[c], services[d])
            for a, b, c, d in np.concatenate([found.was[first], found.now[first]], axis=1).tolist()
        ]
        counts = np.array([bool(s) for s in self._services], dtype=np.bool_)[kinds] if len(found) else kinds > 0
        pairs = of_end[found.source[counts]] * len(self.names) + of_end[found.destination[counts]]
        order = np.lexsort((kinds[counts], pairs))
        self._pairs, self._kinds = pairs[order], kinds[counts][order]
        self._starts = np.flatnonzero(np.concatenate([[True], self._pairs[1:] != self._pairs[:-1]]))[: len(self._pairs)]

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[tuple[str, str, ServiceSet]]:
        for start, end in pairwise([*self._starts.tolist(), len(self._pairs)]):
            yield self._pair(start, end)

    def between(self, source: str, destination: str) -> ServiceSet:
        """What the measure finds between two owners."""
        out = ServiceSet()
        if source in self.names and destination in self.names:
            code = self.names.index(source) * len(self.names) + self.names.index(destination)
            for kind in set(self._kinds[self._pairs == code].tolist()):
                out |= self._services[kind]
        return out

    def _pair(self, start: int, end: int) -> tuple[str, str, ServiceSet]:
        s, d = divmod(int(self._pairs[start]), len(self.names))
        kinds = set(self._kinds[start:end].tolist())
        services = self._services[kinds.pop()]
        for kind in kinds:
            services |= self._services[kind]
        return self.names[s], self.names[d], services
