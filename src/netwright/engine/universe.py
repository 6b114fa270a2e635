"""The universe of one family: identities, then classes of outside addresses; selectors and peers as bitsets over it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

import numpy as np

from netwright.base.intervals import Intervals, intersect, subtract
from netwright.base.ipset import Family, IpSet
from netwright.base.selectors import Always, And, Has, Never, Not, OneOf, Or, Selector
from netwright.engine.atoms import AddressClasses
from netwright.engine.bits import of_indexes, pack
from netwright.engine.identities import Identities
from netwright.model.columns import Columns
from netwright.model.rule import (
    Addresses,
    AndPeer,
    AnyPeer,
    Kinds,
    Members,
    Names,
    NoPeer,
    NotPeer,
    OrPeer,
    Peer,
    UnknownPeer,
)

if TYPE_CHECKING:
    import numpy.typing as npt


Bits = tuple[int, int]
"""A peer as two bitsets: who surely matches, who perhaps does."""
NAMESPACE_NAME = "ns:kubernetes.io/metadata.name"
"""The label that every namespace has, written or not."""


class Selection:
    """Selectors as bitsets over identities. The attributes `ns`, `ns:LABEL` and `network` ("pod" or "host") are built
    in."""

    def __init__(self, columns: Columns, identities: Identities) -> None:
        self.n = identities.count
        self.every = (1 << self.n) - 1
        self._identities = identities
        self.memo: dict[Selector, int] = {}
        self._host = pack(identities.host)
        starts = np.searchsorted(identities.namespace, np.arange(len(columns.namespaces) + 1)).tolist()
        self._runs = [((1 << (b - a)) - 1) << a for a, b in pairwise(starts)]
        self._by_name = dict(zip(columns.namespaces, self._runs, strict=True))
        # who may have any label on its namespace: two values are not enough for selectors that ask for one
        self.unlabelled = self._union(self._by_name[name] for name in columns.unlabelled)
        self._perhaps: dict[Selector, Bits] = {}
        self._of_key: dict[str, list[tuple[str, str]]] = {}
        for token in identities.tokens.number:
            self._of_key.setdefault(token[0], []).append(token)
        self._namespace_values: dict[str, dict[str, int]] = {}
        for labels, run in zip(columns.namespace_labels, self._runs, strict=True):
            for key, value in labels.items():
                by_value = self._namespace_values.setdefault(key, {})
                by_value[value] = by_value.get(value, 0) | run
        self._tokens: dict[tuple[str, str], int] = {}

    def __call__(self, selector: Selector) -> int:
        memo = self.memo
        bits = memo.get(selector)
        if bits is not None:
            return bits
        bits = memo[selector] = self.evaluated(selector)
        return bits

    def surely(self, selector: Selector) -> Bits:
        """Who surely and who perhaps matches; they differ where labels of a namespace are not known."""
        if not self.unlabelled:
            bits = self(selector)
            return bits, bits
        found = self._perhaps.get(selector)
        if found is None:
            found = self._perhaps[selector] = self._open(selector)
        return found

    def _open(self, selector: Selector) -> Bits:
        match selector:
            case And(parts):
                must = may = self.every
                for part in parts:
                    a, b = self.surely(part)
                    must, may = must & a, may & b
                return must, may
            case Or(parts):
                must = may = 0
                for part in parts:
                    a, b = self.surely(part)
                    must, may = must | a, may | b
                return must, may
            case Not(part):
                must, may = self.surely(part)
                return self.every & ~may, self.every & ~must
            case Has(key) | OneOf(key) if key.startswith("ns:") and key != NAMESPACE_NAME:
                bits = self(selector)
                return bits & ~self.unlabelled, bits | self.unlabelled
            case _:
                bits = self(selector)
                return bits, bits

    def evaluated(self, selector: Selector) -> int:
        """The bits of a selector, worked out; calling the selection remembers them."""
        if isinstance(selector, And):
            bits, memo = -1, self.memo
            for part in selector.parts:
                found = memo.get(part)
                if found is None:
                    found = memo[part] = self.evaluated(part)
                bits &= found
            return bits if bits >= 0 else self.every
        if type(selector) is OneOf:  # `isinstance` is slow to say no, and this is by far the most
            return self._one_of(selector.key, selector.values)
        match selector:
            case Always():
                return self.every
            case Never():
                return 0
            case Has(key):
                if key.startswith("ns:"):
                    return self._union(self._namespace_values.get(key[3:], {}).values())
                if key in ("ns", "network"):
                    return self.every
                return self._union(self._token(token) for token in self._of_key.get(key, ()))
            case OneOf(key, values):
                return self._one_of(key, values)
            case Or(parts):
                return self._union(self(part) for part in parts)
            case Not(part):
                return self.every & ~self(part)
            case _:
                assert_never(selector)

    def _one_of(self, key: str, values: tuple[str, ...]) -> int:
        if key == "ns":
            return self._union(self._by_name.get(value, 0) for value in values)
        if key == "network":
            return (self._host if "host" in values else 0) | (self.every & ~self._host if "pod" in values else 0)
        if key.startswith("ns:"):
            by_value = self._namespace_values.get(key[3:], {})
            return self._union([by_value.get(value, 0) for value in values])
        if len(values) == 1:
            return self._token((key, values[0]))
        return self._union([self._token((key, value)) for value in values])

    def _token(self, token: tuple[str, str]) -> int:
        bits = self._tokens.get(token)
        if bits is None:
            members = self._identities.tokens.get(token)
            bits = self._tokens[token] = of_indexes(members, self.n) if members is not None else 0
        return bits

    @staticmethod
    def _union(parts: Iterable[int]) -> int:
        bits = 0
        for part in parts:
            bits |= part
        return bits


class Universe:
    """Positions 0 … identities-1 are identities, then one position for each class of outside addresses.

    Where enforcers see a pod's own node otherwise than other nodes, every identity of nodes has a second position
    behind these, for being that: `own` gives it.
    """

    def __init__(
        self,
        family: Family,
        columns: Columns,
        identities: Identities,
        classes: AddressClasses,
        select: Selection,
        *,
        with_own_nodes: bool = False,
    ) -> None:
        self.family = family
        self.other: Universe | None = None
        """The universe of the other family, where there is one."""
        self.identities = identities
        self.classes = classes
        self.select = select
        first = identities.count + classes.count
        hosts = np.flatnonzero(identities.host).tolist() if with_own_nodes else []
        self.own: dict[int, int] = {host: first + i for i, host in enumerate(hosts)}
        """The position of an identity of nodes as a pod's own node; `owns` are all of these."""
        self.n = first + len(hosts)
        self.owns = ((1 << len(hosts)) - 1) << first
        self.outside = ((1 << classes.count) - 1) << identities.count
        of = identities.address_class[family]
        self._known = of >= 0
        self._class = np.where(self._known, of, 0)
        self._any_known = bool(self._known.any())
        self.present = pack(self._known)
        self._sets: list[tuple[Intervals, int]] = []
        for index in sorted(set(identities.address_set.tolist())):
            possible = columns.address_sets[index].family(family) if index >= 0 else ()
            if possible:
                bits = pack(identities.address_set == index)
                self._sets.append((possible, bits))
                self.present |= bits
        self.present = self.with_own(self.present)
        self.every = self.present | self.outside
        self._pod = select.every & ~select._host
        self._host = select._host
        self.resolved: dict[Peer, Bits] = {}

    def __call__(self, peer: Peer) -> Bits:
        """Who matches; the same object twice where surely and perhaps are equal."""
        found = self.resolved.get(peer)
        return self.resolve(peer) if found is None else found

    def resolve(self, peer: Peer) -> Bits:
        """What calling the universe remembers, worked out."""
        kind = type(peer)
        found: Bits
        if kind is Members:
            select = self.select
            if select.unlabelled:
                found = self._members(peer.selector)  # type: ignore[union-attr]
            else:  # by far the most
                selector = peer.selector  # type: ignore[union-attr]
                bits = select.memo.get(selector)
                if bits is None:
                    bits = select.memo[selector] = select.evaluated(selector)
                bits &= self.present
                if self.own:
                    bits = self.with_own(bits)
                found = bits, bits
        elif kind is OrPeer:
            found = self._any_of(peer.parts)  # type: ignore[union-attr]
        else:
            must, may = self._resolve(peer)
            found = (must, must) if must == may else (must, may)
        self.resolved[peer] = found
        return found

    def _members(self, selector: Selector) -> Bits:
        if not self.select.unlabelled:
            bits = self.with_own(self.select(selector) & self.present)
            return bits, bits
        must, may = self.select.surely(selector)
        must, may = self.with_own(must & self.present), self.with_own(may & self.present)
        return (must, must) if must == may else (must, may)

    def _any_of(self, parts: tuple[Peer, ...]) -> Bits:
        resolved, select, selected = self.resolved, self.select, self.select.memo
        members = must = more = 0
        is_plain = not select.unlabelled and not self.own
        for part in parts:
            if is_plain and type(part) is Members:
                selector = part.selector
                bits = selected.get(selector)
                if bits is None:
                    bits = selected[selector] = select.evaluated(selector)
                members |= bits
                continue
            found = resolved.get(part)
            a, b = self(part) if found is None else found
            must |= a
            if a is not b:
                more |= b
        must |= members & self.present
        if not more:
            return must, must
        more |= must
        return (must, must) if more == must else (must, more)

    def _resolve(self, peer: Peer) -> Bits:
        match peer:
            case AnyPeer():
                return self.every, self.every
            case NoPeer():
                return 0, 0
            case Members(selector):
                return self._members(selector)
            case Addresses(addresses, of_any_family):
                found = self._addresses(addresses)
                other = self.other
                if not of_any_family or other is None:
                    return found
                # the two have only their identities in common
                known = self.present & self.select.every
                more = [self.with_own(bits & known) for bits in other._addresses(addresses)]
                return found[0] | more[0], found[1] | more[1]
            case Names():
                return 0, self.every
            case Kinds(kinds):
                bits = 0
                if "pod" in kinds:
                    bits |= self._pod & self.present
                if "node" in kinds:
                    bits |= self._host & self.present
                if "own-node" in kinds:
                    bits |= self.owns & self.present
                if "external" in kinds:
                    bits |= self.outside
                return bits, bits
            case UnknownPeer():
                return 0, self.every
            case AndPeer(parts):
                must = may = self.every
                for part in parts:
                    a, b = self(part)
                    must, may = must & a, may & b
                return must, may
            case OrPeer(parts):
                return self._any_of(parts)
            case NotPeer(part):
                must, may = self(part)
                return self.every & ~may, self.every & ~must
            case _:
                assert_never(peer)

    def _addresses(self, addresses: IpSet) -> Bits:
        wanted = addresses.family(self.family)
        if not wanted:
            return 0, 0
        must = self.classes.bits(addresses) << self.identities.count
        if self._any_known:
            must |= pack(self.classes.flags(addresses)[self._class] & self._known)
        may = must
        for possible, bits in self._sets:
            if not subtract(possible, wanted):
                must |= bits
                may |= bits
            elif intersect(possible, wanted):
                may |= bits
        return self.with_own(must), self.with_own(may)

    def with_own(self, bits: int) -> int:
        """The set, and of the nodes in it their positions as own nodes."""
        for host, own in self.own.items():
            bits |= (bits >> host & 1) << own
        return bits

    def positions_in(self, other: Universe, parent: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """For every position the one in another universe, of which this one is a refinement: its identities are parts
        of those that `parent` names."""
        outside = other.identities.count + np.arange(self.classes.count)
        own = np.array([other.own[int(parent[host])] for host in self.own], dtype=np.intp)
        return np.concatenate([parent, outside, own])

    def position_of_address(self, value: int) -> int:
        return self.identities.count + self.classes.of_address(value)


__all__ = ["Bits", "Selection", "Universe"]
