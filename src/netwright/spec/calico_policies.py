"""All policies that Calico reads, its own and those of Kubernetes, as one packet meets them.

After Calico 3.32: `libcalico-go/lib/backend/k8s/conversion` (networkpolicy, clusternetworkpolicy), `updateprocessors`
(networkpolicy, globalnetworkpolicy), `felix/calc/policy_sorter.go` (the order). AdminNetworkPolicy and
BaselineAdminNetworkPolicy are read no more, and staged policies are watched only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any, Literal, NamedTuple

from netwright.base.spans import Pointer
from netwright.dialects.adminpolicy.objects import ClusterNetworkPolicy, EgressRule, IngressRule, Peer, Protocol
from netwright.dialects.calico import objects as calico
from netwright.dialects.k8s.objects import (
    IPBlock,
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from netwright.model.document import Decoded
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of
from netwright.spec.calico_members import PROTOCOLS, Place, Scene, family_of
from netwright.spec.calico_rules import rule_matches
from netwright.spec.calico_selectors import (
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    ORCHESTRATOR,
    Node,
    negated,
    of_kubernetes,
    parsed,
    prefixed,
    selects,
    where_all,
)
from netwright.spec.packet import Packet

Action = Literal["allow", "deny", "pass"]
ACTIONS: dict[str, Action] = {"Allow": "allow", "Accept": "allow", "Deny": "deny", "Pass": "pass"}
DEFAULT = "default"
KUBERNETES_ORDER = 1000.0
POD: Node = ("==", ORCHESTRATOR, "k8s")


class Met(NamedTuple):
    """A rule as the packet meets it; Log is none, since it decides nothing."""

    rule: int
    path: Pointer
    action: Action
    match: Matched


class Policy(NamedTuple):
    """A policy of the direction: where it stands, whether it is for the endpoint, and its rules when they are asked."""

    object: Decoded
    tier: str
    order: float
    key: str
    subject: Matched
    rules: Callable[[], Iterator[Met]]


def policies(scene: Scene) -> list[Policy]:
    """The policies that act in the direction and are, perhaps, for the endpoint; in Calico's order within a tier."""
    found: list[Policy] = []
    for one in scene.packet.objects:
        if isinstance(one.value, calico.NetworkPolicy):
            found += _calico(scene, one, one.value.spec or calico.NetworkPolicySpec())
        elif isinstance(one.value, calico.GlobalNetworkPolicy):
            found += _calico(scene, one, one.value.spec or calico.GlobalNetworkPolicySpec())
        elif isinstance(one.value, NetworkPolicy):
            found += _kubernetes(scene, one)
        elif isinstance(one.value, ClusterNetworkPolicy):
            found += _admin(scene, one)
    return sorted((one for one in found if one.subject.match != "no"), key=lambda one: (one.order, one.key))


def _key(policy: Decoded, kind: str) -> str:
    """What decides between policies of one order."""
    return f"{policy.name}/{policy.namespace}/{kind}"


# --- Calico's own -----------------------------------------------------------------------------------------------------


def _calico(scene: Scene, policy: Decoded, spec: calico.NetworkPolicySpec) -> Iterator[Policy]:
    if scene.direction.capitalize() not in types_of(spec) or is_of_hosts(spec):
        return
    rules = (spec.ingress if scene.direction == "ingress" else spec.egress) or ()

    def met() -> Iterator[Met]:
        for index, rule in enumerate(rules):
            if rule.action in ACTIONS:
                found = rule_matches(scene, rule, policy.namespace)
                yield Met(index, ("spec", scene.direction, index), ACTIONS[rule.action], found)

    yield Policy(
        object=policy,
        tier=spec.tier or DEFAULT,
        order=inf if spec.order is None else spec.order,
        key=_key(policy, "NetworkPolicy" if policy.namespace else "GlobalNetworkPolicy"),
        subject=scene.subject.is_for(subject_of(policy, spec)),
        rules=met,
    )


def types_of(spec: calico.NetworkPolicySpec) -> Sequence[str]:
    """The directions; where they are left out, as the rules are."""
    if spec.types:
        return spec.types
    if not spec.egress:
        return ("Ingress",)
    return ("Ingress", "Egress") if spec.ingress else ("Egress",)


def is_of_hosts(spec: calico.NetworkPolicySpec) -> bool:
    """Whether the policy is for host endpoints alone, before connections are tracked or addresses translated."""
    return isinstance(spec, calico.GlobalNetworkPolicySpec) and bool(spec.do_not_track or spec.pre_dnat)


def is_forwarding(spec: calico.NetworkPolicySpec) -> bool:
    """Whether it acts on what passes through host endpoints."""
    return isinstance(spec, calico.GlobalNetworkPolicySpec) and (bool(spec.apply_on_forward) or is_of_hosts(spec))


def subject_of(policy: Decoded, spec: calico.NetworkPolicySpec) -> Node:
    """The endpoints that the policy is for."""
    parts: list[Node] = [parsed(spec.selector or "")]
    if policy.namespace:
        parts.append(("==", NAMESPACE, policy.namespace))
    elif isinstance(spec, calico.GlobalNetworkPolicySpec) and spec.namespace_selector:
        parts.append(where_all(prefixed(parsed(spec.namespace_selector), OF_NAMESPACE), NAMESPACE))
    if spec.service_account_selector:
        parts.append(prefixed(parsed(spec.service_account_selector), OF_ACCOUNT))
    return ("and", *parts)


# --- NetworkPolicy ----------------------------------------------------------------------------------------------------


def _kubernetes(scene: Scene, policy: Decoded) -> Iterator[Policy]:
    """At order 1000 of the tier `default`, with peers that are pods only."""
    assert isinstance(policy.value, NetworkPolicy)
    spec = policy.value.spec or NetworkPolicySpec()
    types: Sequence[str] = spec.policy_types or (("Ingress", "Egress") if spec.egress else ("Ingress",))
    if scene.direction.capitalize() not in types:
        return
    rules: Sequence[Any] = (spec.ingress if scene.direction == "ingress" else spec.egress) or ()

    def met() -> Iterator[Met]:
        for index, rule in enumerate(rules):
            peers = None if rule is None else rule.to if isinstance(rule, NetworkPolicyEgressRule) else rule.from_
            found = any_of(*(_kubernetes_peer(scene, policy.namespace, one) for one in peers)) if peers else YES
            is_port = _kubernetes_ports(scene, None if rule is None else rule.ports)
            path = ("spec", scene.direction, index)
            yield Met(index, path, ACTIONS["Allow"], all_of(found, is_port))

    asked: Node = ("and", POD, *of_kubernetes(spec.pod_selector), ("==", NAMESPACE, policy.namespace))
    yield Policy(
        object=policy,
        tier=DEFAULT,
        order=KUBERNETES_ORDER,
        key=_key(policy, "KubernetesNetworkPolicy"),
        subject=scene.subject.is_for(asked),
        rules=met,
    )


def _kubernetes_peer(scene: Scene, namespace: str, peer: NetworkPolicyPeer | None) -> Matched:
    if peer is None:
        return NO
    if peer.ip_block is not None:
        return _block(scene.peer, peer.ip_block)
    asked: list[Node] = [POD, *of_kubernetes(peer.pod_selector)]
    if peer.namespace_selector is None:
        asked.append(("==", NAMESPACE, namespace))
    else:
        asked += _namespaces(of_kubernetes(peer.namespace_selector, OF_NAMESPACE))
    return scene.peer.selected(("and", *asked))


def _namespaces(asked: list[Node]) -> list[Node]:
    """A selector of namespaces that asks for nothing is every namespace."""
    return asked or [("has", NAMESPACE)]


def _block(place: Place, block: IPBlock) -> Matched:
    family = place.packet.family
    lists = [[block.cidr], list(block.except_ or ())]
    if any(listed and all(family_of(text) != family for text in listed) for listed in lists):
        return NO
    outside = negated(place.within(block.except_)) if block.except_ else YES
    return all_of(place.within([block.cidr]), outside)


def _kubernetes_ports(scene: Scene, ports: Sequence[NetworkPolicyPort | None] | None) -> Matched:
    """Absent or empty they leave every protocol free, ICMP too."""
    return any_of(*(_kubernetes_port(scene, one or NetworkPolicyPort()) for one in ports)) if ports else YES


def _kubernetes_port(scene: Scene, port: NetworkPolicyPort) -> Matched:
    packet = scene.packet
    protocol = PROTOCOLS[(port.protocol or "TCP").upper()]
    if packet.protocol != protocol:
        return NO
    if port.port is None:
        return YES
    if isinstance(port.port, int):
        return YES if port.port <= packet.port <= (port.end_port or port.port) else NO
    asked = (port.port, packet.protocol, packet.port)
    return any_of(*(one.there for one in scene.destination.members if asked in one.ports))


# --- ClusterNetworkPolicy ---------------------------------------------------------------------------------------------


def _admin(scene: Scene, policy: Decoded) -> Iterator[Policy]:
    """In the tier `kube-admin` or `kube-baseline`, in the order of its priority."""
    assert isinstance(policy.value, ClusterNetworkPolicy)
    spec = policy.value.spec
    if spec is None or spec.subject is None:
        return
    rules: Sequence[IngressRule | EgressRule | None] = (
        spec.ingress if scene.direction == "ingress" else spec.egress
    ) or ()
    if not rules:
        return

    def met() -> Iterator[Met]:
        for index, rule in enumerate(rules):
            if rule is not None:
                action, found = _admin_rule(scene, rule)
                yield Met(index, ("spec", scene.direction, index), action, found)

    asked: list[Node] = [POD]
    if spec.subject.namespaces is not None:
        asked += _namespaces(of_kubernetes(spec.subject.namespaces, OF_NAMESPACE))
    elif spec.subject.pods is not None:
        asked += _namespaces(of_kubernetes(spec.subject.pods.namespace_selector, OF_NAMESPACE))
        asked += of_kubernetes(spec.subject.pods.pod_selector)
    else:
        return
    yield Policy(
        object=policy,
        tier="kube-admin" if spec.tier == "Admin" else "kube-baseline",
        order=float(spec.priority or 0),
        key=_key(policy, "KubernetesClusterNetworkPolicy"),
        subject=scene.subject.is_for(("and", *asked)),
        rules=met,
    )


def _admin_rule(scene: Scene, rule: IngressRule | EgressRule) -> tuple[Action, Matched]:
    """What Calico cannot read in a rule makes one that accepts no rule, and any other one that denies everything."""
    if rule.action not in ACTIONS:
        raise ValueError(f"`{rule.action}` is not an action of a rule")
    action = ACTIONS[rule.action]
    peers = [_admin_peer(scene, one) for one in (rule.from_ if isinstance(rule, IngressRule) else rule.to) or ()]
    read = [one for one in peers if one is not None]
    if len(read) < len(peers):
        return ("allow", NO) if action == "allow" else ("deny", YES)
    entries: Sequence[Protocol | None] = rule.protocols or (None,)
    return action, any_of(*(_meets(scene, peer, entry) for peer in read for entry in entries))


class AdminPeer(NamedTuple):
    """Members of what a selector means, or (None) addresses."""

    selector: Node | None
    nets: Sequence[str] = ()


def _admin_peer(scene: Scene, peer: Peer | None) -> AdminPeer | None:
    """Whom the peer means; None where it is one that Calico does not read."""
    if peer is None:
        return None
    if peer.pods is not None:
        asked = _namespaces(of_kubernetes(peer.pods.namespace_selector, OF_NAMESPACE))
        return AdminPeer(("and", *asked, POD, *of_kubernetes(peer.pods.pod_selector)))
    if peer.namespaces is not None:
        return AdminPeer(("and", *_namespaces(of_kubernetes(peer.namespaces, OF_NAMESPACE))))
    return AdminPeer(None, peer.networks) if peer.networks and scene.direction == "egress" else None


def _meets(scene: Scene, peer: AdminPeer, entry: Protocol | None) -> Matched:
    """Whether the packet is of the peer and the protocol; one that says nothing is every protocol.

    A name is a port of whichever protocol the container says, and where the destination is selected, of those that are
    selected themselves: not of those that have an address in a set.
    """
    if entry is not None and entry.destination_named_port:
        asked = (entry.destination_named_port, scene.packet.protocol, scene.packet.port)
        holders = [one for one in scene.destination.members if asked in one.ports]
        if peer.selector is not None and scene.direction == "egress":
            return any_of(*(all_of(one.there, selects(peer.selector, one.labels)) for one in holders))
        return all_of(_is_peer(scene, peer), any_of(*(one.there for one in holders)))
    return _is_peer(scene, peer) if _is_of_transport(scene.packet, entry) else NO


def _is_peer(scene: Scene, peer: AdminPeer) -> Matched:
    if peer.selector is not None:
        return scene.peer.selected(peer.selector)
    is_of_family = any(family_of(text) == scene.packet.family for text in peer.nets)
    return scene.peer.within(peer.nets) if is_of_family else NO


def _is_of_transport(packet: Packet, entry: Protocol | None) -> bool:
    listed = [("TCP", entry.tcp), ("UDP", entry.udp), ("SCTP", entry.sctp)] if entry else []
    for name, transport in listed:
        if transport is None:
            continue
        port = transport.destination_port
        if packet.protocol != PROTOCOLS[name]:
            return False
        if port is None:
            return True
        if port.range is not None:
            return port.range.start <= packet.port <= port.range.end
        return port.number == packet.port
    return True
