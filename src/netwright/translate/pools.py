"""Rules of one action whose order decides nothing, in a form that is the same for whatever says the same: what another
rule covers, what denials cover, and what nobody has is no part of it.

Equal forms are a proof for every cluster, different ones are none: that two selectors select the same pods is seen as
far as each requirement of the one follows from one of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from netwright.base.ipset import EMPTY, EVERYWHERE, IpSet
from netwright.base.selectors import Not
from netwright.base.services import ALL, NONE, TRANSPORT, ServiceSet
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.model.rule import (
    NOBODY,
    UNBOUND,
    UNGUARDED,
    Addresses,
    AndPeer,
    AnyPeer,
    Kinds,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
)
from netwright.model.rule import Members as MembersPeer
from netwright.translate.requirements import BySpace, Parts, excludes, follows, parts
from netwright.translate.same_network import PORT_ZERO

Region = tuple[IpSet, ServiceSet]


class Head(NamedTuple):
    """What is compared as it stands: where a rule acts, under which conditions, and the names of its ports."""

    direction: str
    at: Parts
    conditions: tuple[object, ...]
    named: frozenset[object]

    @property
    def more(self) -> ServiceSet:
        """What it may match beside numbers of ports."""
        return (TRANSPORT if self.named else NONE) | self.conditions[2]  # type: ignore[operator]

    def meets(self, other: Head) -> bool:
        """Whether both may act at one end."""
        return self.direction == other.direction and not excludes(self.at, other.at)

    def covers(self, other: Head) -> bool:
        return (self.direction, *self[2:]) == (other.direction, *other[2:]) and follows(self.at, other.at)


_PLAIN: tuple[object, ...] = (UNGUARDED, UNBOUND, NONE, 0, ALL)
"""The conditions of a rule that has none."""

_NO_POD: Parts = frozenset({Not(POD_NETWORK)})
"""What is to be said of nodes, which may have what selectors ask for besides."""


class Pool:
    """Of each head and peer the services, and for addresses outside which services of which."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._services: dict[tuple[Head, object], ServiceSet] = {}
        self._outside: dict[Head, list[Region]] = {}
        self._more_outside: dict[Head, IpSet] = {}
        for rule in rules:
            rank = rule.rank if rule.rank < 0 and rule.action == "allow" else 0
            conditions = (rule.when, rule.then, rule.unsure, rank, rule.service.sources)
            named = frozenset(rule.service.named)
            fixed = rule.service.fixed - PORT_ZERO
            if not fixed and not named and not rule.unsure:
                continue
            for at in parts(rule.at):
                head = Head(rule.direction, at, conditions, named)
                for atom in _atoms(rule.src if rule.direction == "ingress" else rule.dst):
                    if isinstance(atom, IpSet):
                        self._outside[head] = joined([*self._outside.get(head, ()), (atom, fixed)])
                        if head.more:
                            self._more_outside[head] = self._more_outside.get(head, EMPTY) | atom
                    else:
                        self._services[head, atom] = self._services.get((head, atom), NONE) | fixed
        self._pods = BySpace((head.at, (head, atom)) for head, atom in self._services)
        self._ranges = BySpace((head.at, head) for head in self._outside)
        for key in sorted(self._services, key=_wide):  # each as it is by then: two that cover each other leave one
            self._cover(*key, self._services[key], self)

    def without(self, denials: Pool) -> Pool:
        """Less what others match without a condition and by numbers of ports: denials before, or what allows behind."""
        for (head, atom), held in denials._services.items():
            if head.conditions == _PLAIN and held:
                self._cover(head, atom, held, denials)
        for head, regions in denials._outside.items():
            if head.conditions == _PLAIN:
                for other in self._ranges.below(head.at):
                    if other.direction == head.direction and follows(head.at, other.at):
                        self._outside[other] = less(self._outside[other], regions)
        return self

    def within(self, allows: Sequence[Pool], isolated: Iterable[tuple[str, Parts]]) -> Pool:
        """Denials less what nothing allows where all else is denied anyway, as far as it shows: two selectors select
        nobody together where requirements of theirs exclude each other."""
        isolated = list(isolated)
        for (head, atom), held in list(self._services.items()):
            if any(side == head.direction and follows(at, head.at) for side, at in isolated):
                perhaps = NONE
                for pool in allows:
                    perhaps |= pool._perhaps(head, atom)
                self._services[head, atom] = held & perhaps
        for head, regions in list(self._outside.items()):
            if any(side == head.direction and follows(at, head.at) for side, at in isolated):
                perhaps_there = [region for pool in allows for region in pool._regions(head)]
                cut = [(where & a, what & s) for a, s in perhaps_there for where, what in regions]
                self._outside[head] = joined(cut)
        return self

    def _perhaps(self, head: Head, atom: object) -> ServiceSet:
        """What may match at the same ends and the same peers."""
        found = NONE
        for other, peer in self._pods.beside(head.at):
            if other.meets(head) and not _excluded(atom, peer):
                found |= self._services[other, peer] | other.more
        if not isinstance(atom, (frozenset, str)):
            for _, what in self._regions(head):
                found |= what
        return found

    def _regions(self, head: Head) -> Iterator[Region]:
        """What may match at the same ends outside."""
        for other in self._ranges.beside(head.at):
            if other.meets(head):
                yield from self._outside[other]
                if other in self._more_outside:
                    yield self._more_outside[other], other.more
        for other, peer in self._pods.beside(head.at):
            if not isinstance(peer, (frozenset, str)) and other.meets(head):
                yield EVERYWHERE, self._services[other, peer] | other.more

    def _cover(self, head: Head, atom: object, held: ServiceSet, of: Pool) -> None:
        """Takes out what one of the rules covers; one pool covers only what is under its conditions."""
        for other, peer in self._pods.below(head.at):
            if of is self and ((other, peer) == (head, atom) or not head.covers(other) or not held):
                continue
            if of is not self and not (other.direction == head.direction and follows(head.at, other.at)):
                continue
            if _within(peer, atom):
                self._services[other, peer] -= held
        for other in self._ranges.below(head.at) if isinstance(atom, AnyPeer) else ():
            if head.covers(other) if of is self else _is_there(head, other):
                self._outside[other] = less(self._outside[other], [(EVERYWHERE, held)])

    @property
    def is_plain(self) -> bool:
        """Whether all rules match and allow without a condition."""
        return all(head.conditions == _PLAIN for head in (*self._outside, *(head for head, _ in self._services)))

    def form(self) -> object:
        """To be compared with that of another pool."""
        for head in sorted(self._outside, key=lambda head: len(head.at)):
            for other in self._ranges.below(head.at):
                if other != head and head.covers(other):
                    self._outside[other] = less(self._outside[other], self._outside[head])
        services = {key: held for key, held in self._services.items() if held or key[0].more}
        return services, {head: frozenset(held) for head, held in self._outside.items() if held}, self._more_outside


def _is_there(head: Head, other: Head) -> bool:
    return head.direction == other.direction and follows(head.at, other.at)


def _wide(key: tuple[Head, object]) -> tuple[int, int]:
    head, atom = key
    return len(head.at), len(atom) if isinstance(atom, frozenset) else 0


def _within(peer: object, other: object) -> bool:
    """Whether one peer is among another."""
    if isinstance(peer, frozenset) and isinstance(other, frozenset):
        return follows(other, peer)
    return peer == other or isinstance(other, AnyPeer)


def _excluded(atom: object, peer: object) -> bool:
    """Whether nobody is of both peers, as far as it shows."""
    if isinstance(atom, str) and isinstance(peer, str):
        return atom != peer
    one, other = (_NO_POD if isinstance(held, str) else held for held in (atom, peer))
    return isinstance(one, frozenset) and isinstance(other, frozenset) and excludes(one, other)


# --- addresses --------------------


def joined(regions: Iterable[Region]) -> list[Region]:
    """Addresses with the services of all regions that have them; no address stands in two, no services in two."""
    apart: list[Region] = []
    for where, what in regions:
        left = where
        found: list[Region] = []
        for known, held in apart:
            both = known & left
            found += [(known - both, held), (both, held | what)]
            left = left - both
        apart = [(a, s) for a, s in (*found, (left, what)) if a and s]
    by_services: dict[ServiceSet, IpSet] = {}
    for where, what in apart:
        by_services[what] = by_services[what] | where if what in by_services else where
    return [(where, what) for what, where in by_services.items()]


def less(regions: Iterable[Region], others: Iterable[Region]) -> list[Region]:
    """The regions without the services that others have on their addresses."""
    held = list(regions)
    for gone, services in others:
        held = [one for where, what in held for one in ((where - gone, what), (where & gone, what - services))]
    return joined(held)


# --- peers --------------------


def _atoms(peer: Peer) -> Iterator[object]:
    if isinstance(peer, OrPeer):
        for part in peer.parts:
            yield from _atoms(part)
        return
    found = _addresses(peer)
    if found is not None:
        yield found
    elif isinstance(peer, Kinds):
        for kind in peer.kinds:
            if kind == "external":
                yield EVERYWHERE
            elif kind == "pod":
                yield from parts(POD_NETWORK)
            else:
                yield kind
    elif isinstance(peer, MembersPeer):
        yield from parts(peer.selector)
    elif peer != NOBODY:
        yield peer


def _addresses(peer: Peer) -> IpSet | None:
    """The addresses of a peer that is outside ones alone."""
    if peer == Kinds(("external",)):
        return EVERYWHERE
    if not isinstance(peer, AndPeer) or Kinds(("external",)) not in peer.parts:
        return None
    found = EVERYWHERE
    for part in peer.parts:
        if isinstance(part, Addresses):
            found = found & part.addresses
        elif isinstance(part, NotPeer) and isinstance(part.part, Addresses):
            found = found - part.part.addresses
        elif part != Kinds(("external",)):
            return None
    return found
