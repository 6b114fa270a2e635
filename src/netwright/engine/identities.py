"""Identities: endpoints that no selector, named port or address rule tells apart.

Labels are projected to what selectors mention: a mentioned value is a token of its own, another value of a key whose
presence matters is one "other" token, everything else is dropped. Endpoints are grouped by hash; every endpoint is then
compared with its representative, so a collision is detected and never changes an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.base.errors import InternalError
from netwright.base.ipset import Family
from netwright.engine.atoms import AddressClasses
from netwright.engine.bits import distinct, salts
from netwright.model.columns import Columns, PortMap

if TYPE_CHECKING:
    import numpy.typing as npt


OTHER = "\0other"
"""The value that stands for every unmentioned one of a key whose presence matters."""


class Mentions(msgspec.Struct, frozen=True, eq=False):
    """What rules tell apart: label values by attribute key, keys whose presence matters, names of ports."""

    values: dict[str, set[str]]
    presence: set[str]
    port_names: frozenset[str]

    def hold(self, others: Mentions) -> bool:
        """Whether all that the others tell apart of endpoints is told apart here."""
        nothing: set[str] = set()
        return (
            others.presence <= self.presence
            and others.port_names <= self.port_names
            and all(
                key.startswith("ns:") or found <= self.values.get(key, nothing) for key, found in others.values.items()
            )
        )

    def joined(self, others: Mentions) -> Mentions:
        """What either tells apart."""
        values = {key: set(found) for key, found in self.values.items()}
        for key, found in others.values.items():
            values.setdefault(key, set()).update(found)
        return Mentions(values, self.presence | others.presence, self.port_names | others.port_names)


Token = tuple[str, str]
"""What of a label is told apart: its key, and its value or OTHER."""


class Tokens(msgspec.Struct, frozen=True, eq=False):
    """The projected label table: who carries which token. Of the token with number i these are `carriers` from
    `bounds[i]` to `bounds[i + 1]`."""

    number: dict[Token, int]
    carriers: npt.NDArray[np.intp]
    bounds: npt.NDArray[np.intp]

    def get(self, token: Token) -> npt.NDArray[np.intp] | None:
        """The identities that carry it, in no particular order; None where nobody does."""
        number = self.number.get(token)
        return None if number is None else self.carriers[self.bounds[number] : self.bounds[number + 1]]

    @staticmethod
    def of(numbers: dict[Token, int], carriers: npt.NDArray[np.intp], which: npt.NDArray[np.intp]) -> Tokens:
        """From carriers in any order, each with the number of its token."""
        order = np.argsort(which, kind="stable")
        bounds = np.searchsorted(which[order], np.arange(len(numbers) + 1))
        return Tokens(numbers, carriers[order], bounds)


class Identities(msgspec.Struct, frozen=True, eq=False):
    """`count` identities, sorted by namespace, then by their first endpoint (`row`). Arrays are indexed by identity,
    `of_row` by endpoint.

    `address_class[family]` is -1 where the identity has no known address of that family.
    """

    count: int
    of_row: npt.NDArray[np.intp]
    row: npt.NDArray[np.intp]
    namespace: npt.NDArray[np.int32]
    port_map: npt.NDArray[np.int32]
    port_maps: tuple[PortMap, ...]
    host: npt.NDArray[np.bool_]
    address_set: npt.NDArray[np.int32]
    address_class: dict[Family, npt.NDArray[np.intp]]
    tokens: Tokens


def identify(columns: Columns, mentions: Mentions, classes: dict[Family, AddressClasses]) -> Identities:
    """Partition the endpoints. Raises InternalError on a hash collision (which the grouping cannot survive)."""
    n = columns.n
    projected = _project(columns, mentions)
    port_maps, port_map = _project_port_maps(columns, mentions.port_names)
    address_class: dict[Family, npt.NDArray[np.intp]] = {}
    for family, partition in classes.items():
        known = columns.has_v4 if family == 4 else columns.has_v6
        of = np.full(n, -1, dtype=np.intp)
        if known.any():
            of[known] = partition.of_v4(columns.v4[known]) if family == 4 else partition.of_v6(columns.v6[known])
        address_class[family] = of
    keys: list[npt.NDArray[np.int64]] = [
        columns.namespace.astype(np.int64),
        port_map.astype(np.int64),
        columns.address_set.astype(np.int64),
        columns.host.astype(np.int64),
        *(of.astype(np.int64) for of in address_class.values()),
    ]
    tokens = projected.of_label[columns.label_ids]
    keep = tokens >= 0
    tokens = tokens[keep]
    kept_before = np.concatenate([[0], np.cumsum(keep)])
    offsets = kept_before[columns.label_offsets]
    signature = _signature(keys, tokens, offsets, len(projected.tokens))
    row, of_row = distinct(signature)
    order = np.lexsort((row, columns.namespace[row]))
    row = row[order]
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    of_row = rank[of_row]
    _verify(keys, tokens, offsets, row, of_row)
    return Identities(
        count=len(row),
        of_row=of_row,
        row=row,
        namespace=columns.namespace[row],
        port_map=port_map[row],
        port_maps=port_maps,
        host=columns.host[row],
        address_set=columns.address_set[row],
        address_class={family: of[row] for family, of in address_class.items()},
        tokens=_by_token(projected, tokens, offsets, row),
    )


class _Projection(msgspec.Struct, frozen=True, eq=False):
    of_label: npt.NDArray[np.intp]
    tokens: dict[Token, int]


def _project(columns: Columns, mentions: Mentions) -> _Projection:
    numbers: dict[Token, int] = {}
    mentioned = {(key, value) for key, values in mentions.values.items() for value in values}
    presence = mentions.presence
    of_label: list[int] = []
    for label in columns.labels:
        if label in mentioned:
            of_label.append(numbers.setdefault(label, len(numbers)))
        elif label[0] in presence:
            of_label.append(numbers.setdefault((label[0], OTHER), len(numbers)))
        else:
            of_label.append(-1)
    return _Projection(np.array(of_label or [-1], dtype=np.intp), numbers)


def _project_port_maps(columns: Columns, names: frozenset[str]) -> tuple[tuple[PortMap, ...], npt.NDArray[np.int32]]:
    numbers: dict[PortMap, int] = {(): 0}
    table = [numbers.setdefault(tuple(p for p in m if p[0] in names), len(numbers)) for m in columns.port_maps]
    return tuple(numbers), np.array(table or [0], dtype=np.int32)[columns.port_map]


def _signature(
    keys: list[npt.NDArray[np.int64]], tokens: npt.NDArray[np.intp], offsets: npt.NDArray[np.int64], count: int
) -> npt.NDArray[np.uint64]:
    salt = salts(count + 1, 64)
    sums = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(salt[tokens], dtype=np.uint64)])
    signature: npt.NDArray[np.uint64] = sums[offsets[1:]] - sums[offsets[:-1]]
    for key in keys:
        signature ^= signature >> np.uint64(29)
        signature *= np.uint64(0xBF58476D1CE4E5B9)
        signature += key.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    signature ^= signature >> np.uint64(32)
    return signature


def _verify(
    keys: list[npt.NDArray[np.int64]],
    tokens: npt.NDArray[np.intp],
    offsets: npt.NDArray[np.int64],
    row: npt.NDArray[np.intp],
    of_row: npt.NDArray[np.intp],
) -> None:
    same = row[of_row]
    for key in keys:
        if not np.array_equal(key[same], key):
            raise InternalError("two identities were taken for one (hash collision)")
    lengths = offsets[1:] - offsets[:-1]
    if not np.array_equal(lengths[same], lengths):
        raise InternalError("two identities were taken for one (hash collision)")
    if len(tokens):
        # position of each token in its representative's run
        source = np.repeat(offsets[:-1][same] - offsets[:-1], lengths) + np.arange(len(tokens))
        if not np.array_equal(tokens[source], tokens):
            raise InternalError("two identities were taken for one (hash collision)")


def _by_token(
    projected: _Projection, tokens: npt.NDArray[np.intp], offsets: npt.NDArray[np.int64], row: npt.NDArray[np.intp]
) -> Tokens:
    lengths = (offsets[1:] - offsets[:-1])[row]
    total = int(lengths.sum())
    starts = (
        np.repeat(offsets[:-1][row] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        if total
        else np.empty(0, np.int64)
    )
    flat = tokens[starts + np.arange(total)] if total else np.empty(0, np.intp)
    return Tokens.of(projected.tokens, np.repeat(np.arange(len(row)), lengths), flat)
