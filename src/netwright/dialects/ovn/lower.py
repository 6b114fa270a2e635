"""EgressFirewalls of OVN-Kubernetes to the rules of one tier, each namespace's in its order.

After `go-controller/pkg/ovn/egressfirewall.go` (validateAndGetEgressFirewallDestination, addEgressFirewallRules,
generateMatch). The match names the pods of the namespace as senders; ranges leave out
the cluster's pod subnets, so that no pod is ever a destination; nodes are, by their addresses. What no rule matches is
allowed.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwright.base.intervals import Interval
from netwright.base.ipset import IpSet
from netwright.base.selectors import Has, Not, conjunction, equals, matches
from netwright.base.services import PROTOCOLS, ServiceSet, service_key
from netwright.base.spans import Origin
from netwright.dialects.k8s.endpoints import NODE, node_addresses
from netwright.dialects.k8s.lower import POD_NETWORK, label_selector
from netwright.dialects.k8s.objects import LabelSelector, Node
from netwright.dialects.k8s.validate_syntax import read_cidr
from netwright.dialects.ovn.objects import EgressFirewall, EgressFirewallDestination, EgressFirewallRule
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    Addresses,
    AndPeer,
    Kinds,
    Members,
    Names,
    Peer,
    Rule,
    Service,
    UnknownPeer,
    either,
)

REACHED = Kinds(("external", "node", "own-node"))
"""Whom a range matches: nobody on the pod network."""


def rules_of(firewall: Decoded) -> tuple[EgressFirewallRule, ...]:
    value: EgressFirewall = firewall.value
    return (value.spec.egress if value.spec else None) or ()


def mentioned_keys(firewalls: Sequence[Decoded]) -> frozenset[str] | None:
    """The labels of nodes that the firewalls select by; None where none selects nodes."""
    found: set[str] = set()
    selects = False
    for d in firewalls:
        for rule in rules_of(d):
            selector = rule.to.node_selector if rule.to is not None else None
            if selector is not None:
                selects = True
                found |= set(selector.match_labels or {})
                found |= {one.key for one in selector.match_expressions or () if one is not None}
    return frozenset(found) if selects else None


def needs_resolver(firewall: Decoded) -> bool:
    """Whether a firewall has a name with `*.`, for which OVN-Kubernetes needs its DNSNameResolver: without that it
    applies no rule of it."""
    return any(rule.to is not None and (rule.to.dns_name or "").startswith("*.") for rule in rules_of(firewall))


def lower_egress_firewalls(firewalls: Sequence[Decoded], objects: Sequence[Decoded]) -> tuple[Rule, ...]:
    """The rules of all firewalls, in input order; `Rule.policy` numbers the firewalls. Nodes are looked up in
    `objects`."""
    nodes = [d.value for d in objects if isinstance(d.value, Node)]
    return tuple(rule for number, d in enumerate(firewalls) for rule in _rules(number, d, nodes))


def _rules(number: int, firewall: Decoded, nodes: Sequence[Node]) -> list[Rule]:
    at = conjunction(equals("ns", firewall.namespace), POD_NETWORK)
    found: list[Rule] = []
    idle = UnknownPeer(
        f"EgressFirewall `{firewall.namespace}/{firewall.name}` names a domain with `*.`: without its DNSNameResolver "
        "OVN-Kubernetes applies nothing of it"
    )
    for index, rule in enumerate(rules_of(firewall)):
        peer = _peer(firewall, rule.to or EgressFirewallDestination(), nodes)
        if needs_resolver(firewall):
            peer = AndPeer((peer, idle))
        found.append(
            Rule(
                rank=index,
                policy=number,
                index=index,
                at=at,
                direction="egress",
                src=ANYBODY,
                dst=peer,
                service=_service(rule),
                action="allow" if rule.type == "Allow" else "deny",
                origin=Origin(
                    kind=firewall.kind,
                    namespace=firewall.namespace,
                    name=firewall.name,
                    pointer=("spec", "egress", index),
                    place=firewall.place,
                ),
            )
        )
    return found


def _service(rule: EgressFirewallRule) -> Service:
    if not rule.ports:
        return EVERY_SERVICE
    found: list[Interval] = []
    for port in rule.ports:
        key = service_key(PROTOCOLS[port.protocol or "TCP"], port.port or 0)
        found.append((key, key + 1))
    return Service(ServiceSet.of(found))


def _peer(firewall: Decoded, to: EgressFirewallDestination, nodes: Sequence[Node]) -> Peer:
    if to.cidr_selector is not None:
        network, exact = read_cidr(to.cidr_selector)
        peer: Peer = AndPeer((Addresses(IpSet.of(str(network))), REACHED))
        if exact:
            return peer
        reason = f"`{to.cidr_selector}` has bits set beyond its prefix length, and OVN refuses such a match"
        return AndPeer((peer, UnknownPeer(reason)))
    if to.dns_name is not None:
        return AndPeer((Names((to.dns_name.lower().rstrip("."),)), Kinds(("external",))))
    return _nodes(firewall, to.node_selector or LabelSelector(), nodes)


def _nodes(firewall: Decoded, selector: LabelSelector, nodes: Sequence[Node]) -> Peer:
    """Nodes and the hostNetwork pods on them, and the addresses of the nodes."""
    host, known, labels = equals("network", "host"), Has(NODE), label_selector(selector, NODE)
    matched = IpSet()
    for node in nodes:
        held = {NODE + key: text or "" for key, text in (node.metadata.labels or {}).items()}
        if matches(labels, held):
            matched |= node_addresses(node)
    reason = UnknownPeer(
        f"EgressFirewall `{firewall.namespace}/{firewall.name}` selects nodes by label, and which node this is, or its "
        "Node object, is not in the input"
    )
    return either(
        [
            Members(conjunction(host, known, labels)),
            AndPeer((Addresses(matched), Kinds(("external",)))),
            AndPeer((Members(conjunction(host, Not(known))), reason)),
        ]
    )
