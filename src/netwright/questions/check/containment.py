"""What one rule of a NetworkPolicy admits, another does too, in every cluster: by what is written, not by who is there.

Peers that select pods are requirements on labels of namespaces and pods; one contains another if each of its
requirements follows from the other's. Ranges compare with ranges only: whether a range holds pods is left to the
network plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.services import ServiceSet
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import lower_ports
from netwright.dialects.k8s.objects import LabelSelector, NetworkPolicyPeer, NetworkPolicyPort
from netwright.model.rule import Service


class Asked(msgspec.Struct, frozen=True):
    """What is asked of one label. `there` None: it may be there or not; `values` None: any but the `refused` ones."""

    there: bool | None = None
    values: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()

    def implies(self, other: Asked) -> bool:
        """Whether all that this admits the other admits."""
        if self.there is False:
            return other.there is not True
        if other.there is not None and other.there != self.there:
            return False
        if self.values is not None:
            held = self.values - self.refused
            return (other.values is None or held <= other.values) and held.isdisjoint(other.refused)
        return other.values is None and other.refused <= self.refused


ANYTHING = Asked()
Requirements = dict[str, Asked]
"""By label; empty: everything."""


def requirements(selector: LabelSelector | None, prefix: str = "") -> Requirements:
    """All that a selector asks for, by label."""
    found: Requirements = {}
    if selector is None:
        return found
    for key, value in (selector.match_labels or {}).items():
        _narrow(found, prefix + key, Asked(True, frozenset((value or "",))))
    for one in selector.match_expressions or ():
        if one is None:
            continue
        values = frozenset(value or "" for value in one.values or ())
        asked = {
            "In": Asked(True, values),
            "NotIn": Asked(None, None, values),
            "Exists": Asked(True),
        }.get(one.operator, Asked(False))
        _narrow(found, prefix + one.key, asked)
    return found


def _narrow(found: Requirements, key: str, asked: Asked) -> None:
    held = found.get(key, ANYTHING)
    values = asked.values if held.values is None else held.values
    if held.values is not None and asked.values is not None:
        values = held.values & asked.values
    there = asked.there if held.there is None else held.there
    found[key] = Asked(there, values, held.refused | asked.refused)


def contains(wide: Requirements, narrow: Requirements) -> bool:
    """Whether what meets `narrow` meets `wide` too. Neither may contradict itself."""
    if len(wide) > len(narrow):
        return False
    for key, asked in wide.items():
        held = narrow.get(key)
        if held is None or not held.implies(asked):
            return False
    return True


# --- peers --------------------

PeerSet = IpSet | Requirements
"""Whom one entry matches: addresses, or what it asks of the labels of namespaces (`n:`) and pods (`p:`)."""


def peer_set(peer: NetworkPolicyPeer, namespace: str) -> PeerSet:
    if peer.ip_block is not None:
        return IpSet.of(peer.ip_block.cidr) - IpSet.of(*(peer.ip_block.except_ or ()))
    if peer.namespace_selector is None:
        where: Requirements = {"n:" + NAMESPACE_NAME: Asked(True, frozenset((namespace,)))}
    else:
        where = requirements(peer.namespace_selector, "n:")
    return where | requirements(peer.pod_selector, "p:")


def peer_contains(wide: PeerSet, narrow: PeerSet) -> bool:
    if isinstance(wide, IpSet) or isinstance(narrow, IpSet):
        return isinstance(wide, IpSet) and isinstance(narrow, IpSet) and narrow <= wide
    return contains(wide, narrow)


def marks(narrow: PeerSet) -> Iterator[tuple[str, str]]:
    """Under which `mark` of a wider peer it can stand."""
    yield ("", "")
    if isinstance(narrow, IpSet):
        yield ("ip", "")
        return
    for key, asked in narrow.items():
        for value in asked.values or ():
            yield (key, value)


def mark(wide: PeerSet) -> list[tuple[str, str]]:
    """Where a peer is to be looked up: every peer that it contains has all `marks` of one of these. The label with the
    fewest values; ("", "") where it asks for no value."""
    if isinstance(wide, IpSet):
        return [("ip", "")]
    asked = [(len(a.values), key.startswith("n:"), key, a.values) for key, a in wide.items() if a.values]
    if not asked:
        return [("", "")]
    _, _, key, values = min(asked, key=lambda entry: entry[:3])
    return [(key, value) for value in values]


# --- ports --------------------


@lru_cache(maxsize=1 << 12)
def ports_of(ports: tuple[NetworkPolicyPort, ...]) -> Service:
    return lower_ports(ports)


def ports_contain(wide: Service | None, narrow: Service | None) -> bool:
    """Whether all ports of `narrow` are ports of `wide`, whatever numbers pods give to names. None: everything."""
    if wide is None:
        return True
    if narrow is None or not narrow.fixed <= wide.fixed:
        return False
    return all(name in wide.named or ServiceSet.ports(name.protocol) <= wide.fixed for name in narrow.named)


class RuleSet(msgspec.Struct, frozen=True):
    """What a rule matches: `peers` None: everybody; `ports` None: everything."""

    peers: tuple[PeerSet, ...] | None
    ports: Service | None

    def contains(self, narrow: RuleSet) -> bool:
        if not ports_contain(self.ports, narrow.ports):
            return False
        if self.peers is None:
            return True
        wide = self.peers
        return narrow.peers is not None and all(any(peer_contains(w, n) for w in wide) for n in narrow.peers)


def rule_set(
    peers: Iterable[NetworkPolicyPeer] | None, ports: tuple[NetworkPolicyPort, ...] | None, namespace: str
) -> RuleSet:
    return RuleSet(
        None if peers is None else tuple(peer_set(peer, namespace) for peer in peers),
        None if ports is None else ports_of(ports),
    )
