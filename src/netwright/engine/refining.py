"""Refining: identities told apart by a few labels more than before, as identifying them anew would, for less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.engine.identities import OTHER, Identities, Mentions, Token, Tokens
from netwright.model.columns import Columns

if TYPE_CHECKING:
    import numpy.typing as npt


FEW = 4096
"""Of more endpoints that carry what is told apart now, all are identified anew: that is quicker then."""


class Refined(msgspec.Struct, frozen=True, eq=False):
    """Identities, and of each the one that it was or was a part of."""

    identities: Identities
    parent: npt.NDArray[np.intp]


class _Part(msgspec.Struct, frozen=True, eq=False):
    """Endpoints of one identity that carry the same of what is told apart now; what else they no longer carry."""

    rows: list[int]
    parent: int
    gains: tuple[Token, ...]
    loses: set[Token]


def refined(columns: Columns, old: Identities, before: Mentions, after: Mentions) -> Refined | None:
    """What `identify` makes of the mentions `after`, which hold those `before` and name the same ports. None where that
    is quicker."""
    parts = _parts(columns, old, before, after)
    if parts is None:
        return None
    if not parts:
        return Refined(old, np.arange(old.count))
    # numbered first as the old identities, then the parts
    of_row = old.of_row.copy()
    left = np.bincount(of_row, minlength=old.count)
    for number, part in enumerate(parts, old.count):
        of_row[part.rows] = number
        left[part.parent] -= len(part.rows)
    first = np.concatenate([old.row, [part.rows[0] for part in parts]])
    moved = np.flatnonzero(of_row[old.row] != np.arange(old.count))
    if len(moved):
        place = np.zeros(len(first), dtype=np.intp)
        place[of_row[::-1]] = np.arange(len(of_row) - 1, -1, -1)  # of equal ones the last stays, which is the first row
        first[moved] = place[moved]
    parent = np.concatenate([np.arange(old.count), [part.parent for part in parts]])
    stays = np.concatenate([left > 0, np.ones(len(parts), dtype=np.bool_)])
    order = np.flatnonzero(stays)
    order = order[np.lexsort((first[order], columns.namespace[first[order]]))]
    rank = np.full(len(first), -1, dtype=np.intp)
    rank[order] = np.arange(len(order))
    row, parent = first[order], parent[order]
    return Refined(
        Identities(
            count=len(row),
            of_row=rank[of_row],
            row=row,
            namespace=columns.namespace[row],
            port_map=old.port_map[parent],
            port_maps=old.port_maps,
            host=columns.host[row],
            address_set=columns.address_set[row],
            address_class={family: of[parent] for family, of in old.address_class.items()},
            tokens=_tokens(old, parts, rank),
        ),
        parent,
    )


def _parts(columns: Columns, old: Identities, before: Mentions, after: Mentions) -> list[_Part] | None:
    """What comes off the old identities, in order of the first endpoint."""
    nothing: set[str] = set()
    keys = {key for key, found in after.values.items() if not found <= before.values.get(key, nothing)}
    keys |= after.presence - before.presence
    changed: dict[int, tuple[Token | None, Token]] = {}
    for i, (key, value) in enumerate(columns.labels):
        if key in keys:
            was, now = _token(key, value, before), _token(key, value, after)
            if now is not None and was != now:
                changed[i] = was, now
    is_changed = np.zeros(max(1, len(columns.labels)), dtype=np.bool_)
    is_changed[list(changed)] = True
    entries = np.flatnonzero(is_changed[columns.label_ids])
    if len(entries) > FEW:
        return None
    rows = (np.searchsorted(columns.label_offsets, entries, side="right") - 1).tolist()
    carried: dict[int, list[tuple[Token | None, Token]]] = {}
    for row, label in zip(rows, columns.label_ids[entries].tolist(), strict=True):
        carried.setdefault(row, []).append(changed[label])
    parts: dict[tuple[int, tuple[Token, ...]], _Part] = {}
    for row, pairs in carried.items():
        parent = int(old.of_row[row])
        gains = tuple(sorted(now for _, now in pairs))
        held = parts.get((parent, gains))
        if held is None:
            parts[parent, gains] = _Part([row], parent, gains, {was for was, _ in pairs if was is not None})
        else:
            held.rows.append(row)
    return list(parts.values())


def _token(key: str, value: str, mentions: Mentions) -> Token | None:
    if value in mentions.values.get(key, ()):
        return key, value
    return (key, OTHER) if key in mentions.presence else None


def _tokens(old: Identities, parts: list[_Part], rank: npt.NDArray[np.intp]) -> Tokens:
    """The label table of the new identities; `rank` gives their numbers to the old ones (-1: gone), then to parts."""
    numbers, carriers, bounds = dict(old.tokens.number), old.tokens.carriers, old.tokens.bounds
    which = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    has_parts = np.zeros(old.count, dtype=np.bool_)
    has_parts[[part.parent for part in parts]] = True
    of_parent: dict[int, list[int]] = {}
    entries = np.flatnonzero(has_parts[carriers])
    for number, identity in zip(which[entries].tolist(), carriers[entries].tolist(), strict=True):
        of_parent.setdefault(identity, []).append(number)
    more: list[tuple[int, int]] = []
    for part, number in zip(parts, rank[old.count :].tolist(), strict=True):
        lost = {numbers[token] for token in part.loses}
        more += [(number, token) for token in of_parent.get(part.parent, ()) if token not in lost]
        more += [(number, numbers.setdefault(token, len(numbers))) for token in part.gains]
    stays = rank[carriers] >= 0
    added = np.array(more, dtype=np.intp)
    return Tokens.of(
        numbers,
        np.concatenate([rank[carriers[stays]], added[:, 0]]),
        np.concatenate([which[stays], added[:, 1]]),
    )
