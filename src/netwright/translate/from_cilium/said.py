"""What was said of an entry, as a rule of a NetworkPolicy and as rules of a ClusterNetworkPolicy.

Source: networking.k8s.io/v1 of Kubernetes 1.34; sigs.k8s.io/network-policy-api, v1alpha2 (v0.2.0).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.base.ipset import IpSet
from netwright.base.services import ALL, PROTOCOLS, TRANSPORT, ServiceSet
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.model.rule import Service
from netwright.translate.clusternetworkpolicy import MOST
from netwright.translate.conversion import Side
from netwright.translate.from_cilium.selectors import Pods
from netwright.translate.from_cilium.words import Block, Said

Tree = dict[str, Any]
_TRANSPORT: Final = ("TCP", "UDP", "SCTP")
_NAMES: Final = {number: name for name, number in PROTOCOLS.items()}


def network_policy_rule(said: Said, side: Side) -> Tree:
    """The rule; `{}` allows everything."""
    out: Tree = {}
    if not said.anyone:
        peers = [*map(_peer, said.pods), *map(_block, said.blocks)]
        out["from" if side == "ingress" else "to"] = [one for n, one in enumerate(peers) if one not in peers[:n]]
    if said.service.fixed != ALL:
        out["ports"] = list(_ports(said.service))
    return out


def _peer(pods: Pods) -> Tree:
    if pods.where is None:
        return {"podSelector": pods.labels}
    return {"namespaceSelector": pods.where} | ({"podSelector": pods.labels} if pods.labels else {})


def _block(block: Block) -> Tree:
    return {"ipBlock": {"cidr": block.cidr} | ({"except": list(block.excepted)} if block.excepted else {})}


def _ports(service: Service) -> Iterator[Tree]:
    for name, low, high in (service.fixed & TRANSPORT).ranges():
        one: Tree = {"protocol": name}
        if (low, high) != (0, 0xFFFF):
            one["port"] = low
            if high > low:
                one["endPort"] = high
        yield one
    for named in service.named:
        yield {"protocol": _NAMES[named.protocol], "port": named.name}


def admin_rules(said: Said, side: Side, action: str, namespace: str) -> Iterator[Tree]:
    """The rules, one after the other, each with no more entries than a rule has. Ports by name are of whatever
    protocol, and of pods alone."""
    word = "from" if side == "ingress" else "to"
    home = {"matchLabels": {NAMESPACE_NAME: namespace}} if namespace else {}
    pods = [
        {"pods": {"namespaceSelector": home if one.where is None else one.where, "podSelector": one.labels}}
        for one in said.pods
    ]
    ranges = IpSet.of(*(text for block in said.blocks for text in block.addresses.cidrs())).cidrs()
    networks = [{"networks": some} for some in pieces(ranges)]
    every = said.service.fixed == ALL
    numbers = [] if every else list(_protocols(said.service.fixed))
    names = [{"destinationNamedPort": name} for name in sorted({one.name for one in said.service.named})]
    for peers, protocols in ((pods, [*numbers, *names]), (networks, numbers)):
        for some in pieces(peers):
            for entries in [[]] if every else pieces(protocols):
                yield {"action": action, word: some} | ({"protocols": entries} if entries else {})


def _protocols(services: ServiceSet) -> Iterator[Tree]:
    for name, low, high in services.ranges():
        port: Tree = {"number": low} if low == high else {"range": {"start": max(1, low), "end": high}}
        yield {name.lower(): {"destinationPort": port}}


def pieces(entries: Sequence[Any]) -> list[list[Any]]:
    """The entries in lists that are no longer than lists of a ClusterNetworkPolicy are."""
    return [list(entries[start : start + MOST]) for start in range(0, len(entries), MOST)]
