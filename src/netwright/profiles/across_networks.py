"""How policies see pods of another primary network: by which addresses, and which of them selectors find.

After OVN-Kubernetes: the sets of addresses that stand for selectors hold what pods have on the policy's own network, on
the default one the addresses of `status.podIPs` of all pods (`addresssetmanager/addressset_manager.go` at 439811702b50,
`getPodIPs`); those of NetworkPolicies also what pods have on networks that a ClusterNetworkConnect joins for pods, and
not across one for Services alone (page "Connecting User Defined Networks", "Network Policies", 8ddc65567bcd).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from netwright.base.ipset import EVERYWHERE, IpSet
from netwright.base.selectors import Has, Not, Selector, conjunction, disjunction, equals, one_of
from netwright.model.isolation import DEFAULT_ADDRESS, NETWORK
from netwright.model.rule import (
    Addresses,
    AndPeer,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Tier,
    UnknownPeer,
    changed,
    either,
)

_FAMILIES: Final = (IpSet(EVERYWHERE.v4), IpSet((), EVERYWHERE.v6))
_NOT_KNOWN: Final = "which address the pod has on the default network is not known"


def by_default_address(
    tiers: Sequence[Tier], addresses: Mapping[str, IpSet], undecided: Mapping[str, str]
) -> tuple[Tier, ...]:
    """The tiers, where ranges of egress rules at pods of the default network are compared with the addresses that
    others have there. `addresses` are the possible ones by value of `DEFAULT_ADDRESS`; `undecided` says, of namespaces
    whose network is not known, why."""
    return tuple(_compared(tier, addresses, undecided) for tier in tiers)


def _compared(tier: Tier, addresses: Mapping[str, IpSet], undecided: Mapping[str, str]) -> Tier:
    rules: list[Rule] = []
    elsewhere: list[Selector] = [Has(NETWORK), *([one_of("ns", tuple(undecided))] if undecided else [])]
    for rule in tier.rules:
        there = changed(rule.dst, lambda peer: _at_default(peer, addresses)) if rule.direction == "egress" else rule.dst
        if there == rule.dst:
            rules.append(rule)
            continue
        rules.append(replace(rule, at=conjunction(rule.at, Has(NETWORK))))
        rules.append(replace(rule, at=conjunction(rule.at, Not(disjunction(*elsewhere))), dst=there))
        for namespace, why in undecided.items():
            either_way = AndPeer((OrPeer((rule.dst, there)), UnknownPeer(why)))
            dst = OrPeer((AndPeer((rule.dst, there)), either_way))
            rules.append(replace(rule, at=conjunction(rule.at, equals("ns", namespace)), dst=dst))
    return replace(tier, rules=tuple(rules))


def _at_default(peer: Peer, addresses: Mapping[str, IpSet]) -> Peer:
    if not isinstance(peer, Addresses):
        return peer
    parts: list[Peer] = [AndPeer((peer, NotPeer(Members(Has(DEFAULT_ADDRESS)))))]
    for value, possible in addresses.items():
        for family in _FAMILIES:
            held = possible & family
            if not held & peer.addresses:
                continue
            found: list[Peer] = [Members(equals(DEFAULT_ADDRESS, value)), Addresses(family)]
            parts.append(AndPeer((*found, *(() if held <= peer.addresses else (UnknownPeer(_NOT_KNOWN),)))))
    return either(parts)


def by_own_network(tier: Tier, seen: Mapping[str, tuple[str, ...]], undecided: Collection[str]) -> Tier:
    """NetworkPolicies, where selectors of peers find pods of the networks in `seen`, by the policy's namespace, and of
    the namespaces whose network is `undecided`. What other networks' pods send comes through Services alone."""
    rules = []
    for rule in tier.rules:
        if rule.origin.namespace in seen:
            found: list[Selector] = [one_of(NETWORK, seen[rule.origin.namespace]), equals("network", "host")]
            among = disjunction(*found, *([one_of("ns", tuple(sorted(undecided)))] if undecided else []))
            narrowed = _narrowed(among)
            rule = replace(rule, src=changed(rule.src, narrowed), dst=changed(rule.dst, narrowed))
        rules.append(rule)
    return replace(tier, rules=tuple(rules))


def _narrowed(among: Selector) -> Callable[[Peer], Peer]:
    def narrowed(peer: Peer) -> Peer:
        return Members(conjunction(peer.selector, among)) if isinstance(peer, Members) else peer

    return narrowed
