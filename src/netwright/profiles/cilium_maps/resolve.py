"""The rules of one direction of an endpoint to the entries of its policy map.

After `pkg/policy/l4.go` of Cilium 1.20.2 (a filter's entries). Identities that no selector of the direction tells apart
have the same entries, so that one of each class is resolved, and counted as many times as there are.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from netwright.profiles.cilium_maps.filters import Filter, Policy, filters_of
from netwright.profiles.cilium_maps.identities import Identities
from netwright.profiles.cilium_maps.mapstate import (
    AGGREGATES,
    LOWEST_PRIORITY,
    NOTHING,
    MapState,
    Pass,
    Ports,
    base_precedence,
    precedence,
    prefixes_of,
)
from netwright.profiles.cilium_maps.mapstate import Entry as MapEntry
from netwright.profiles.cilium_maps.passes import PassingMapState
from netwright.profiles.cilium_maps.rules import DEFAULT, Entry, Verdict
from netwright.profiles.cilium_maps.selectors import EVERYBODY, Selector

T = TypeVar("T")
ORDERS: Final = 12
"""In how many orders the map is built where rules pass on or authenticate: there its size can depend on the order."""


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """How many entries a direction has, and which identities they are about."""

    entries: int
    identities: int = 0
    """As bits."""
    varies: bool = False
    """Whether Cilium's own number depends on the order in which its program happens to go through a map."""


def resolve(
    rules: Sequence[Entry],
    identities: Identities,
    own_ports: Mapping[str, tuple[int, int]],
    *,
    opened: bool,
) -> Sized:
    """The entries of a direction in which policy is enforced. `rules` stand in Cilium's order, those that it adds
    itself among them. `opened`: it is not enforced. Raises Refused."""
    if opened:
        return Sized(entries=len(AGGREGATES))
    if not rules:
        return Sized(entries=0)
    tiers, bases = filters_of(rules)
    direction = _Direction(identities, own_ports, rules[0].side == "ingress", tiers)
    found = [direction.sized(order, tiers, bases) for order in range(ORDERS if direction.may_vary else 1)]
    least = min(found, key=lambda one: one.entries)
    return msgspec.structs.replace(least, varies=any(one.entries != least.entries for one in found))


# --- the map --------------------


class _Direction:
    """The map of a direction while its filters are written into it."""

    def __init__(
        self,
        identities: Identities,
        own_ports: Mapping[str, tuple[int, int]],
        inward: bool,
        tiers: Mapping[int, Sequence[Filter]],
    ) -> None:
        self._identities = identities
        self._own_ports = own_ports
        self._inward = inward
        filters = [one for held in tiers.values() for one in held]
        policies = [policy for one in filters for policy in one.policies.values()]
        self._selected = {s: identities.select(s) for one in filters for s in one.policies if not s.is_wildcard}
        names = {(f.name, f.protocol) for f in filters if f.name and not inward}
        self._classes = self._split(names, any(s.is_wildcard for f in filters if f.name for s in f.policies))
        groups = [identities.groups[(one & -one).bit_length() - 1] for one in self._classes]
        passing = any(one.verdict == "pass" for one in policies)
        has_precedence = any(one.verdict == "deny" or one.proxy.parser or one.priority for one in policies)
        has_authentication = any(one.required for one in policies)
        self.may_vary = passing or has_authentication
        kind = PassingMapState if passing else MapState
        self._empty: Callable[[], MapState] = lambda: kind(
            groups, has_precedence=has_precedence, has_authentication=has_authentication
        )
        self._map = self._empty()
        self._whom: dict[Selector, tuple[int, ...]] = {}

    def _split(self, names: set[tuple[str, int]], of_all: bool) -> list[int]:
        """The classes of identities that the selectors tell apart, each of one aggregate; and those that the names of
        ports do."""
        ids = self._identities
        wanted = 0
        for bits in self._selected.values():
            wanted |= bits
        if names and of_all:
            wanted = ids.everything
        stand_ins = ids.stand_ins
        cuts = [*ids.of_group, *dict.fromkeys(self._selected.values())]
        for name, protocol in names:
            cuts += ids.named_ports(name, protocol).values()
        classes = [wanted & ~stand_ins] if wanted & ~stand_ins else []
        for cut in cuts:
            if not cut & wanted:
                continue
            parts: list[int] = []
            for one in classes:
                inside = one & cut
                if inside and inside != one:
                    parts += (inside, one ^ inside)
                else:
                    parts.append(one)
            classes = parts
        return classes

    def _members(self, selector: Selector) -> tuple[int, ...]:
        """The aggregates and classes that a selector selects, in the order of their numbers at Cilium."""
        found = self._whom.get(selector)
        if found is None:
            bits = self._identities.everything if selector.is_wildcard else self._selected[selector]
            members: list[int] = []
            if bits & self._identities.stand_ins:
                members += [number for number in AGGREGATES[1:] if bits >> self._identities.stand_in[number] & 1]
            members += [len(AGGREGATES) + i for i, one in enumerate(self._classes) if one & bits]
            found = tuple(members)
            self._whom[selector] = found
        return found

    def sized(self, order: int, tiers: Mapping[int, Sequence[Filter]], bases: Sequence[int]) -> Sized:
        """The map after all filters, gone through in one of the orders."""
        self._map = self._empty()
        for tier, filters in tiers.items():
            after = bases[tier + 1] if tier + 1 < len(bases) else LOWEST_PRIORITY
            for one in _ordered(filters, order):
                self._insert(one, bases[tier], after, order)
        return self._counted()

    def _insert(self, one: Filter, base: int, after: int, order: int) -> None:
        number = one.number
        if one.name and self._inward:
            protocol, number = self._own_ports.get(one.name, (0, 0))
            if protocol != one.protocol:
                return
        by_peer = bool(one.name) and not self._inward
        wildcard = next((policy for selector, policy in one.policies.items() if selector.is_wildcard), None)
        highest = base_precedence(base) | 255
        keys: list[Ports] = [(one.protocol, number, 16 if number else 0)]
        if number and one.end > number:
            keys = [(one.protocol, first, length) for first, length in prefixes_of(number, one.end)]
        for selector, policy in _ordered(list(one.policies.items()), order):
            covered = wildcard is not None and policy.effect == wildcard.effect
            if covered and not selector.is_wildcard and (number or by_peer):
                continue
            entry = _entry(policy, base, after)
            if by_peer:
                for whom, port in self._named(one, selector):
                    self._map.insert((one.protocol, port, 16), whom, entry, highest)
                continue
            for whom in AGGREGATES if selector.is_wildcard else self._members(selector):
                for key in keys:
                    self._map.insert(key, whom, entry, highest)

    def _named(self, one: Filter, selector: Selector) -> Iterator[tuple[int, int]]:
        """Where the name of a port leads at each class of peers."""
        ports = self._identities.named_ports(one.name, one.protocol)
        for whom in self._members(selector):
            if whom >= len(AGGREGATES):
                for port, having in ports.items():
                    if having & self._classes[whom - len(AGGREGATES)]:
                        yield whom, port

    def _counted(self) -> Sized:
        count = about = 0
        weights = [one.bit_count() for one in self._classes]
        first = len(AGGREGATES)
        for held in self._map.entries.values():
            for whom in held:
                if whom < first:
                    count += 1
                else:
                    count += weights[whom - first]
                    about |= self._classes[whom - first]
        return Sized(entries=count, identities=about)


def _ordered(listed: Sequence[T], order: int) -> Sequence[T]:
    """The things in the order of a number: as they are, backwards, shuffled in some way."""
    if order < 2:
        return listed[::-1] if order else listed
    return random.Random(order).sample(listed, len(listed))


def _entry(policy: Policy, base: int, after: int) -> MapEntry:
    if policy.verdict == "pass":
        passed = Pass(base_precedence(policy.priority), base_precedence(base) | 255, base_precedence(after) + 0x100)
        return NOTHING._replace(passes=(passed,), log=policy.log)
    denies = policy.verdict == "deny"
    proxied = bool(policy.proxy.parser) and not denies
    return MapEntry(
        precedence(policy.priority, denies, proxied, policy.proxy.order),
        proxy=f"{policy.proxy.parser} {policy.proxy.listener}" if proxied else "",
        authentication=0 if denies else policy.required,
        log=policy.log,
    )


def default_rule(rules: Sequence[Entry], peers: Selector, verdict: Verdict) -> Entry:
    """What Cilium adds behind all rules of an endpoint."""
    last = rules[-1]
    priority = last.priority + 1 if last.tier == DEFAULT else 0.0
    return Entry("", 0, last.side, EVERYBODY, (peers,), (), verdict, DEFAULT, priority, False)
