"""Which policies make the most entries of a policy map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.profiles.cilium_maps.identities import Identities
from netwright.profiles.cilium_maps.mapstate import AGGREGATES, prefixes_of
from netwright.profiles.cilium_maps.rules import Entry, PortRule
from netwright.profiles.cilium_maps.selectors import EVERYBODY

_KINDS: Final = {
    "netpol": "NetworkPolicy",
    "kcnp": "ClusterNetworkPolicy",
    "cnp": "CiliumNetworkPolicy",
    "ccnp": "CiliumClusterwideNetworkPolicy",
}


def largest_of(rules: Sequence[Entry], identities: Identities) -> tuple[str, ...]:
    """At most two policies, as `NetworkPolicy shop/web`, by how many keys their rules name."""
    weights: dict[str, int] = {}
    for one in rules:
        peers = sum(
            len(AGGREGATES) if peer.is_wildcard else identities.select(peer).bit_count()
            for peer in (() if one.peers is None else one.peers or (EVERYBODY,))
        )
        name = policy_name(one.resource)
        weights[name] = weights.get(name, 0) + peers * (sum(map(key_count, one.ports)) or 1)
    heaviest = sorted(weights, key=lambda one: (-weights[one], one))[:2]
    return tuple(one for one in heaviest if 4 * weights[one] >= weights[heaviest[0]])


def policy_name(resource: str) -> str:
    """Kind and name of the policy that rules come from: `NetworkPolicy shop/web`."""
    kind, namespace, name = resource.split("/", 2)
    return f"{_KINDS[kind]} {namespace}/{name}" if namespace else f"{_KINDS[kind]} {name}"


def key_count(rule: PortRule) -> int:
    """How many ports of a policy map a rule for ports names, ranges as their prefixes."""
    return sum(
        len(port.protocols) * (sum(1 for _ in prefixes_of(port.number, port.end)) if port.end > port.number else 1)
        for port in rule.ports
    )
