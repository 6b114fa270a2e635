"""Canonical sets of integers: sorted, disjoint, non-adjacent half-open intervals `(low, high)`.

All functions take and give canonical tuples; `canonical` makes one from anything.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Interval = tuple[int, int]
Intervals = tuple[Interval, ...]


def canonical(intervals: Iterable[Interval]) -> Intervals:
    """Sort, drop the empty, join what overlaps or touches."""
    out: list[Interval] = []
    for low, high in sorted(intervals):
        if low >= high:
            continue
        if out and low <= out[-1][1]:
            if high > out[-1][1]:
                out[-1] = (out[-1][0], high)
        else:
            out.append((low, high))
    return tuple(out)


def union(a: Intervals, b: Intervals) -> Intervals:
    return canonical(a + b) if a and b else a or b


def intersect(a: Intervals, b: Intervals) -> Intervals:
    if a and len(b) == 1 and b[0][0] <= a[0][0] and a[-1][1] <= b[0][1]:
        return a
    out: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low < high:
            out.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)


def subtract(a: Intervals, b: Intervals) -> Intervals:
    out: list[Interval] = []
    j = 0
    for low, high in a:
        while j < len(b) and b[j][1] <= low:
            j += 1
        k = j
        while k < len(b) and b[k][0] < high:
            if b[k][0] > low:
                out.append((low, b[k][0]))
            low = max(low, b[k][1])
            k += 1
        if low < high:
            out.append((low, high))
    return tuple(out)


def contains(a: Intervals, value: int) -> bool:
    if len(a) < 2:  # most sets hold nothing or one range
        return bool(a) and a[0][0] <= value < a[0][1]
    index = bisect_right(a, (value, 1 << 200)) - 1
    return index >= 0 and a[index][0] <= value < a[index][1]


def size(a: Intervals) -> int:
    return sum(high - low for low, high in a)
