"""The NetworkPolicy tier, one packet at a time: the reference for `networking.k8s.io/v1`.

It follows the API document (types of networking.k8s.io/v1) and the concept page "Network Policies" of kubernetes.io;
where they leave something open, more than one outcome is left. Choices of the `upstream` profile are marked so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from netwright.dialects.k8s.objects import (
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
)
from netwright.model.document import Decoded, of_kinds
from netwright.spec.addresses import Match, covers
from netwright.spec.ends import End, namespace_matches
from netwright.spec.judgement import Cited, Direction, Outcome, Reason
from netwright.spec.labels import matches_pod
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import HOST_ADDRESS, LABEL, POD_ADDRESS, PROTOCOL


class Reading(NamedTuple):
    """What a CNI reads otherwise: ports, and peers where the other end is a host; `host_reason` is why one of these
    matches only perhaps. `every_protocol`: isolation is from every protocol, and what lists no ports allows each.
    `policies` are those read, NetworkPolicies where it is None; without `selects` no selector of a peer finds a pod,
    nor does one of a policy that is `blind`."""

    ports: Callable[[Packet, Sequence[NetworkPolicyPort | None] | None], bool]
    hosts: Callable[[Packet, Direction, str, NetworkPolicyPeer], Match] | None = None
    host_reason: Reason = HOST_ADDRESS
    every_protocol: bool = False
    policies: tuple[Decoded, ...] | None = None
    selects: bool = True
    blind: tuple[Decoded, ...] = ()


def tier(packet: Packet, direction: Direction, subject: End, reading: Reading | None = None) -> Outcome:
    """What the pod's policies say. None isolates it: the packet goes on to the next tier. Otherwise only what some rule
    of some isolating policy matches is allowed: policies add up, and none takes anything away from another.

    A policy that selects the pod or not, by the unknown value of a label, perhaps isolates it, and its rules perhaps
    allow: each for itself. Nothing of it is cited. Without a `reading`, as Kubernetes documents them.
    """
    whole = reading or DOCUMENTED
    reading = whole
    isolating: list[Cited] = []
    allowing: list[Cited] = []
    perhaps: list[Cited] = []
    by_rule: dict[Match, list[Cited]] = {"yes": allowing, "perhaps": perhaps, "no": []}
    may_isolate = may_allow_by_label = False
    open_labels = False
    policies = whole.policies
    if policies is None:
        policies = tuple(of_kinds(packet.objects, "NetworkPolicy"))
    for policy in policies:
        reading = whole._replace(selects=False) if policy in whole.blind else whole
        selected = _isolates(policy, subject, direction)
        if selected == "no":
            continue
        if selected == "perhaps":
            may_isolate = open_labels = True
            for other in (_spec(policy).egress if direction == "egress" else _spec(policy).ingress) or ():
                found, by_label = _rule_matches(packet, direction, policy.namespace, other, reading)
                may_allow_by_label |= found != "no" or by_label
            continue
        isolating.append(Cited(object=policy, rule=None, path=("spec",), action="deny"))
        spec = _spec(policy)
        rules = (spec.egress if direction == "egress" else spec.ingress) or ()
        for index, rule in enumerate(rules):
            found, by_label = _rule_matches(packet, direction, policy.namespace, rule, reading)
            may_allow_by_label |= by_label
            open_labels |= by_label
            path = ("spec", direction, index)
            surely = found == "yes"
            by_rule[found].append(Cited(object=policy, rule=index, path=path, action="allow", surely=surely))
    if not isolating:
        return Outcome(
            may_allow=may_allow_by_label,
            may_deny=may_isolate,
            may_pass=True,
            reasons=(LABEL,) if may_isolate else (),
        )
    reasons: tuple[Reason, ...] = ()
    if perhaps and not allowing:
        peer = packet.destination if direction == "egress" else packet.source
        reasons = ({"pod": POD_ADDRESS, "host": reading.host_reason}.get(peer.kind, HOST_ADDRESS),)
    may_allow, may_deny, may_pass = bool(allowing or perhaps) or may_allow_by_label, not allowing, False
    if packet.protocol not in PROTOCOLS.values() and not reading.every_protocol:
        # Not said: whether NetworkPolicy acts on them at all, so that the next tier may be the one that decides.
        may_deny, may_pass, reasons = True, True, (PROTOCOL,)
    if open_labels and may_deny and (may_allow or may_pass):
        reasons = (*reasons, LABEL)
    return Outcome(
        may_allow=may_allow,
        may_deny=may_deny,
        may_pass=may_pass,
        isolating=tuple(isolating),
        allowing=tuple(allowing),
        perhaps=tuple(perhaps),
        reasons=reasons,
    )


def _spec(policy: Decoded) -> NetworkPolicySpec:
    spec: NetworkPolicySpec | None = policy.value.spec
    return spec or NetworkPolicySpec()


def _isolates(policy: Decoded, pod: End, direction: Direction) -> Match:
    spec = _spec(policy)
    types: Sequence[str] = spec.policy_types or ()
    if not types:
        # Not said: always ingress, and egress if there is any egress rule.
        types = ("Ingress", "Egress") if spec.egress else ("Ingress",)
    if direction.capitalize() not in types or policy.namespace != pod.namespace:
        return "no"
    return matches_pod(spec.pod_selector, pod.labels)


# --- one rule ---------------------------------------------------------------------------------------------------------


def _rule_matches(
    packet: Packet,
    direction: Direction,
    namespace: str,
    rule: NetworkPolicyIngressRule | NetworkPolicyEgressRule | None,
    reading: Reading,
) -> tuple[Match, bool]:
    """A rule matches what both its `from` (`to`) and its `ports` match; a protocol that no rule can list, perhaps.
    And whether it perhaps matches by the unknown value of a label."""
    if rule is None:
        peers, ports = None, None  # the zero value: no from, no ports
    else:
        peers = rule.to if isinstance(rule, NetworkPolicyEgressRule) else rule.from_
        ports = rule.ports
    if not reading.ports(packet, ports):
        return "no", False
    found, by_label = _peers_match(packet, direction, namespace, peers, reading)
    if found == "yes" and packet.protocol not in PROTOCOLS.values() and not reading.every_protocol:
        return "perhaps", by_label
    return found, by_label


def _ports_match(packet: Packet, ports: Sequence[NetworkPolicyPort | None] | None) -> bool:
    """Empty or absent `ports` leave the port and the protocol free; otherwise one entry has to match."""
    return not ports or any(_port_matches(packet, port or NetworkPolicyPort()) for port in ports)


def _port_matches(packet: Packet, port: NetworkPolicyPort) -> bool:
    protocol = port.protocol or "TCP"
    if PROTOCOLS.get(protocol) != packet.protocol:
        return False
    if port.port is None:
        return True
    if isinstance(port.port, int):
        return port.port <= packet.port <= (port.end_port or port.port)
    # A name is looked up on the destination pod. Addresses, nodes and hostNetwork pods (profile) have no names here.
    return any(
        one.name == port.port and (one.protocol or "TCP") == protocol and one.container_port == packet.port
        for one in packet.destination.ports
    )


def _peers_match(
    packet: Packet,
    direction: Direction,
    namespace: str,
    peers: Sequence[NetworkPolicyPeer | None] | None,
    reading: Reading,
) -> tuple[Match, bool]:
    """An empty or absent list matches every source (destination), also outside; otherwise one entry has to match."""
    if not peers:
        return "yes", False
    found = [_peer_matches(packet, direction, namespace, peer, reading) for peer in peers]
    by_label = "by label" in found
    if "yes" in found:
        return "yes", by_label
    return "perhaps" if "perhaps" in found else "no", by_label


def _peer_matches(
    packet: Packet, direction: Direction, namespace: str, peer: NetworkPolicyPeer | None, reading: Reading
) -> Match | Literal["by label"]:
    """Whether the entry matches; "by label": it does or not by the unknown value of a label."""
    if peer is None:
        return "no"
    other = packet.destination if direction == "egress" else packet.source
    if other.kind == "host" and reading.hosts is not None:
        return reading.hosts(packet, direction, namespace, peer)
    if peer.ip_block is not None:
        # Profile: the block is matched literally against the packet's address, pod addresses included.
        candidates = packet.destination_addresses if direction == "egress" else packet.source_addresses
        return covers(peer.ip_block, candidates, packet.family)
    if other.kind != "pod" or (peer.pod_selector is None and peer.namespace_selector is None):
        return "no"  # Profile: selectors do not match nodes and hostNetwork pods. Addresses have no labels.
    labelled = matches_pod(peer.pod_selector, other.labels) if reading.selects else "no"
    if labelled == "no":
        return "no"
    there = _in_namespace(packet, namespace, peer, other)
    return "by label" if there != "no" and labelled == "perhaps" else there


def _in_namespace(packet: Packet, namespace: str, peer: NetworkPolicyPeer, other: End) -> Match:
    if peer.namespace_selector is None:
        return "yes" if other.namespace == namespace else "no"
    return namespace_matches(packet.objects, peer.namespace_selector, other.namespace)


DOCUMENTED = Reading(ports=_ports_match)
