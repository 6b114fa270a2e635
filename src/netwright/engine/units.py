"""Units: the rules and ends of one object that act at the same interfaces, in one direction; and what they mention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.selectors import And, Or, Selector, mentions
from netwright.base.services import ALL, NONE, ServiceSet
from netwright.base.spans import Origin
from netwright.engine.identities import Mentions
from netwright.model.columns import PortMap
from netwright.model.rule import (
    ANYBODY,
    UNBOUND,
    UNGUARDED,
    Addresses,
    AndPeer,
    Direction,
    End,
    Enforcer,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Ties,
)

Source = tuple[str, str, str]
"""The kind, namespace and name of the object that a rule came from."""


class Delta(msgspec.Struct, frozen=True):
    """An edit of one tier: the objects whose rules go, and the rules and ends that come.

    Where the tier's rules are ordered, `Rule.policy` of the new ones must not be in use by another object.
    """

    enforcer: int = 0
    tier: int = 0
    removed: frozenset[Source] = frozenset()
    rules: tuple[Rule, ...] = ()
    ends: tuple[End, ...] = ()


class Unit(msgspec.Struct, eq=False):
    """The rules and ends of one policy that act at the same interfaces, in one direction."""

    enforcer: int
    tier: int
    direction: Direction
    at: Selector
    own: Peer
    rules: tuple[Rule, ...]
    ends: tuple[End, ...]
    source: Source
    content: int = -1
    only_allows: bool = False
    """Whether its rules all allow, in no order, without condition or obligation, and surely match what they say."""
    names_ports: bool = False


def is_unread(origin: Origin) -> bool:
    """Whether it stands for what was not read: it has no name, and is no part of a policy that has one."""
    return not origin.name and not origin.namespace


def is_conditional(rule: Rule) -> bool:
    """Whether a packet that a rule describes may still pass it by: a guard, or source ports, which questions leave
    open."""
    return rule.when != UNGUARDED or rule.service.sources != ALL


def units_of_enforcers(enforcers: Sequence[Enforcer]) -> list[Unit]:
    units: list[Unit] = []
    for e, enforcer in enumerate(enforcers):
        for t, tier in enumerate(enforcer.tiers):
            units += units_of(e, t, tier.rules, tier.ends)
        if enforcer.default != "allow":
            units += _presence(e, enforcer)
    return units


def _presence(number: int, enforcer: Enforcer) -> list[Unit]:
    """Units without rules that mark where an enforcer acts: its default holds there and nowhere else."""
    source = ("Enforcer", "", enforcer.name)
    directions: tuple[Direction, ...] = ("egress", "ingress")
    return [Unit(number, -1, direction, enforcer.at, ANYBODY, (), (), source) for direction in directions]


def units_of(enforcer: int, tier: int, rules: Iterable[Rule], ends: Iterable[End]) -> list[Unit]:
    """Rules and ends joined where one object's act at the same interfaces in one direction."""
    joined: dict[tuple[Direction, int, Peer, str, str], tuple[Rule | End, list[Rule], list[End]]] = {}
    key: tuple[Direction, int, Peer, str, str]
    # ends first: every isolating policy has one, so that all stand in input order, those without rules too
    for end in ends:
        origin = end.origin
        key = (end.direction, id(end.at), ANYBODY, origin.namespace, origin.name)
        held = joined.get(key)
        if held is None:
            joined[key] = (end, [], [end])
        else:
            held[2].append(end)
    for rule in rules:
        direction, origin = rule.direction, rule.origin
        own = rule.dst if direction == "ingress" else rule.src
        key = (direction, id(rule.at), own, origin.namespace, origin.name)
        held = joined.get(key)
        if held is None:
            joined[key] = (rule, [rule], [])
        else:
            held[1].append(rule)
    return [
        Unit(enforcer, tier, key[0], first.at, key[2], tuple(r), tuple(e), (first.origin.kind, key[3], key[4]))
        for key, (first, r, e) in joined.items()
    ]


def content_of(unit: Unit, ties: Ties) -> object:
    """What of a unit of a tier with these ties decides its rows; notes what these rules are. Policies count only where
    their rules can tie with another's."""
    ingress = unit.direction == "ingress"
    ends = unit.ends
    said: list[object] = []
    is_plain, names_ports = True, False
    mixes = ties == "any-order" and not ends
    # of rules that allow and are not told apart by what they stand among, the order means nothing
    for r in unit.rules:
        if mixes or r.action != "allow":
            break
        service = r.service
        said.append(r.src if ingress else r.dst)
        said.append(service)
        if service.named:
            names_ports = True
        if r.rank or r.unsure is not NONE or r.when is not UNGUARDED or r.then is not UNBOUND:
            said += (r.rank, r.unsure, r.when, r.then)
            is_plain = False
        elif service.sources is not ALL:
            is_plain = False
    else:
        for e in ends:
            said.append(e.action)
            said.append(e.unsure)
        unit.only_allows, unit.names_ports = is_plain, names_ports
        return unit.enforcer, unit.tier, ingress, unit.own, len(ends), tuple(said)
    unit.names_ports = any(r.service.named for r in unit.rules)
    return (
        unit.enforcer,
        unit.tier,
        ingress,
        unit.own,
        tuple(
            (
                r.rank,
                r.policy,
                r.index,
                r.src if ingress else r.dst,
                r.service,
                r.unsure,
                r.when,
                r.action,
                r.then,
            )
            for r in unit.rules
        ),
        tuple((e.action, e.unsure) for e in ends),
    )


class Spoken(NamedTuple):
    """The services that rules and ends speak of: those that are fixed, and of named ports, by name and protocol, where
    the ranges end that they begin."""

    fixed: set[ServiceSet]
    names: dict[tuple[str, int], set[int]]

    def joined(self, others: Spoken) -> Spoken:
        """What either speaks of."""
        both = self.names.keys() | others.names.keys()
        names = {name: self.names.get(name, set()) | others.names.get(name, set()) for name in both}
        return Spoken(self.fixed | others.fixed, names)

    def services(self, port_maps: Iterable[PortMap]) -> set[ServiceSet]:
        """All of them, names resolved by every port map that has them."""
        if not self.names:
            return self.fixed
        numbers = {  # each once, whatever gives it to the name
            (protocol, number, max(number, end))
            for name, protocol, number in set(chain(*port_maps))
            for end in self.names.get((name, protocol), ())
        }
        return self.fixed | {ServiceSet.ports(*one) for one in numbers}


class Told(NamedTuple):
    """What rules tell apart: labels and port names, sets of addresses, services."""

    mentions: Mentions
    addresses: list[IpSet]
    spoken: Spoken

    def joined(self, others: Told) -> Told:
        """What either tells apart."""
        return Told(
            self.mentions.joined(others.mentions),
            list(dict.fromkeys((*self.addresses, *others.addresses))),
            self.spoken.joined(others.spoken),
        )


def walk(units: Iterable[Unit], enforcers: Iterable[Enforcer]) -> Told:
    """What the rules and ends of these units tell apart, and where the enforcers act."""
    units = list(units)
    rules = [rule for unit in units for rule in unit.rules]
    services = {rule.service for rule in rules}
    # few objects, said often
    unsure = {id(x): x for x in [rule.unsure for rule in rules]}
    unsure |= {id(end.unsure): end.unsure for unit in units for end in unit.ends}
    selectors: set[Selector] = {unit.at for unit in units}
    selectors.update([enforcer.at for enforcer in enforcers])
    addresses: dict[IpSet, None] = {}
    peers: set[Peer] = {rule.src for rule in rules}
    peers.update([rule.dst for rule in rules])
    while peers:
        inner: set[Peer] = set()
        for peer in peers:
            kind = type(peer)
            if kind is Members:
                selectors.add(peer.selector)  # type: ignore[union-attr]
            elif kind is OrPeer or kind is AndPeer:
                inner.update(peer.parts)  # type: ignore[union-attr]
            elif kind is Addresses:
                addresses[peer.addresses] = None  # type: ignore[union-attr]
            elif kind is NotPeer:
                inner.add(peer.part)  # type: ignore[union-attr]
        peers = inner
    # selectors are made of few parts
    parts = set(chain.from_iterable([s.parts if isinstance(s, (And, Or)) else (s,) for s in selectors]))
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    for part in parts:
        mentions(part, values, presence)
    names: dict[tuple[str, int], set[int]] = {}
    for service in services:
        for port in service.named:
            names.setdefault((port.name, port.protocol), {0}).add(port.end)
    spoken = Spoken({*unsure.values(), *[service.fixed for service in services]}, names)
    return Told(Mentions(values, presence, frozenset(name for name, _ in names)), list(addresses), spoken)
