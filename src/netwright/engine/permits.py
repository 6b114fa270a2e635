"""Of several enforcers on a path, each of which must permit, those that have a part in what becomes of a packet."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.engine.tables import Table


def deciding_enforcers(numbers: Sequence[int], table: Table, ends: Sequence[tuple[int, int]], bit: int) -> set[int]:
    """All of the enforcers of these numbers where each surely permits, those that surely deny where one does, else
    those that do not surely permit. `ends` are the positions where they act and of the peer, several where it is not
    known which; `bit` is the service."""
    permits: dict[int, tuple[bool, bool]] = {}
    for number in numbers:
        must, may = True, False
        for at, peer in ends:
            contents, port_map = table.keys[int(table.of_position[at])]
            rows = table.fold(table.fold.contents.of_enforcer(contents, number), port_map)
            must = must and any(row.must >> peer & 1 for row in rows if row.mask & bit)
            may = may or any(row.may >> peer & 1 for row in rows if row.mask & bit)
        permits[number] = must, may
    if denying := {number for number, (_, may) in permits.items() if not may}:
        return denying
    return {number for number, (must, _) in permits.items() if not must} or set(permits)
