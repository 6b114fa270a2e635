"""Priorities for policies that take more than one, in the order they had, around those that stay as they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping

LAST = 1000
"""The last priority of a ClusterNetworkPolicy."""


def placed(wanted: Mapping[int, int], fixed: Collection[int]) -> dict[int, int] | None:
    """The first priority of each level: as it was where there is room, else as near as can be.

    `wanted` says how many priorities in a row each level takes, by its priority; those in `fixed` are held by policies
    that are left alone and do not move, though a level may share its first one with them. None where there is no room.
    """
    levels = sorted({*wanted, *fixed})
    latest: dict[int, int] = {}
    end = LAST + 1
    for level in reversed(levels):
        last = end - max(1, wanted.get(level, 1))
        if level in fixed:
            if last < level:
                return None
            last = level
        latest[level] = end = last
    out: dict[int, int] = {}
    free = 0
    for level in levels:
        at = max(free, min(level, latest[level]))
        if at > latest[level]:
            return None
        out[level] = at
        free = at + max(1, wanted.get(level, 1))
    return {level: at for level, at in out.items() if level in wanted}
