"""NetworkPolicy v1, judged one packet at a time: the reference for `networking.k8s.io/v1`.

It follows the API document (types of networking.k8s.io/v1) and the concept page "Network Policies" of kubernetes.io;
where they leave something open, the verdict is undecided and says why. Choices of the `upstream` profile are marked so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netwright.dialects.k8s.objects import (
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
    Pod,
)
from netwright.model.document import Decoded, UnknownPolicy
from netwright.spec.addresses import Match, covers
from netwright.spec.ends import End, is_read, namespace_labels
from netwright.spec.judgement import Cited, Direction, Judgement, Reason, Side
from netwright.spec.labels import matches, matches_pod, may_match
from netwright.spec.packet import NoSuchPacket, Packet

__all__ = ["Cited", "Direction", "Judgement", "NoSuchPacket", "Reason", "Side", "judge"]

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}

POD_ADDRESS = Reason(
    kind="unknown",
    text="the pod's address is not known and an ipBlock covers only some it may have (`--pod-cidr` narrows them)",
)
HOST_ADDRESS = Reason(
    kind="unknown",
    text="which address the node uses is not known and an ipBlock covers only some of those it may have",
)
PROTOCOL = Reason(
    kind="ambiguous",
    text="NetworkPolicy leaves open what becomes of protocols other than TCP, UDP and SCTP at an isolated pod",
)
LABEL = Reason(
    kind="unknown",
    text="a policy compares a label that a controller gives to pods and whose value is not in the input",
)
HAIRPIN = Reason(
    kind="ambiguous",
    text="a Service leads the pod to itself: what comes of that, and under which address, is the plugin's choice",
)
OWN_NODE = Reason(
    kind="unknown",
    text="a pod and its own node always reach each other, and whether this is its own node is not known",
)


def judge(
    objects: Sequence[Decoded],
    src: Decoded | str,
    dst: Decoded | str,
    *,
    protocol: int,
    port: int,
    family: Literal[4, 6],
    pod_ranges: Sequence[str] = (),
    unknown: Sequence[UnknownPolicy] = (),
    same_pod: bool = False,
    translated: bool = False,
) -> Judgement:
    """Whether a new connection from `src` to `dst` may be allowed, may be denied, and by which rules.

    `src` and `dst` are pods, workloads or CronJobs (a pod of their template), Nodes, or addresses that are neither a
    pod's nor a node's. `protocol` is the IANA number, `port` the destination port (ICMP: type << 8 | code). One
    workload twice means two pods of it, unless `same_pod`; `translated`: a Service led the packet there. Raises
    NoSuchPacket (a ValueError) where an end has no address of the family, and ValueError where a CIDR or a selector is
    one that the API server would reject.
    """
    packet = Packet(objects, src, dst, protocol=protocol, port=port, family=family, pod_ranges=pod_ranges)
    egress = _side(packet, "egress", unknown)
    ingress = _side(packet, "ingress", unknown)

    # No policy cuts a pod from itself, nor from the node it runs on, in either direction.
    relation: Literal["", "self", "own node"] = ""
    if same_pod or (src is dst and isinstance(src, Decoded) and isinstance(src.value, Pod)):
        relation = "self"
    elif {packet.source.kind, packet.destination.kind} == {"pod", "host"}:
        if not packet.source.node or not packet.destination.node:
            egress, ingress = _perhaps_own_node(egress), _perhaps_own_node(ingress)
        elif packet.source.node == packet.destination.node:
            relation = "own node"
    if relation:
        egress, ingress = _exempt(egress), _exempt(ingress)
        if relation == "self" and translated and packet.source.kind == "pod":
            return Judgement(
                may_allow=True, may_deny=True, egress=egress, ingress=ingress, reasons=(HAIRPIN,), relation=relation
            )
        return Judgement(may_allow=True, may_deny=False, egress=egress, ingress=ingress, relation=relation)

    # Both ends must permit: the source's egress policies and the destination's ingress policies.
    sides = (egress, ingress)
    may_allow = all(side.may_allow for side in sides)
    may_deny = any(side.may_deny for side in sides)
    if not may_allow and not may_deny:
        raise AssertionError("a packet is either allowed or denied")
    deciding = sides if may_allow else tuple(side for side in sides if not side.may_allow)
    open_sides = sides if may_allow and may_deny else ()
    return Judgement(
        may_allow=may_allow,
        may_deny=may_deny,
        egress=egress,
        ingress=ingress,
        reasons=tuple(dict.fromkeys(reason for side in open_sides for reason in side.reasons)),
        by=tuple(cited for side in deciding for cited in side.by),
    )


def _perhaps_own_node(side: Side) -> Side:
    if not side.may_deny:
        return side
    return msgspec.structs.replace(side, may_allow=True, reasons=(*side.reasons, OWN_NODE))


def _exempt(side: Side) -> Side:
    return msgspec.structs.replace(side, may_allow=True, may_deny=False, reasons=())


# --- one direction ----------------------------------------------------------------------------------------------------


def _side(packet: Packet, direction: Direction, unknown: Sequence[UnknownPolicy]) -> Side:
    """Egress at the source or ingress at the destination: the policies there, then what was not read."""
    subject = packet.source if direction == "egress" else packet.destination
    side = _policies(packet, direction, subject) if subject.kind == "pod" else Side(direction=direction)
    for one in unknown:
        if _touches(one, subject):
            reason = Reason(kind="unknown", text=one.reason)
            may_allow = side.may_allow or one.effect == "both"
            side = msgspec.structs.replace(side, may_allow=may_allow, may_deny=True, reasons=(*side.reasons, reason))
    return side


def _touches(policy: UnknownPolicy, end: End) -> bool:
    if end.kind == "address":
        return False
    if end.kind == "host":
        return policy.hosts
    return not policy.namespaces or end.namespace in policy.namespaces


def _policies(packet: Packet, direction: Direction, subject: End) -> Side:
    """What the pod's policies say. None isolates it: all is allowed. Otherwise only what some rule of some isolating
    policy matches: policies add up, and none takes anything away from another.

    A policy that selects the pod or not, by the unknown value of a label, perhaps isolates it, and its rules perhaps
    allow: each for itself. Nothing of it is cited.
    """
    isolating: list[Cited] = []
    allowing: list[Cited] = []
    perhaps: list[Cited] = []
    by_rule: dict[Match, list[Cited]] = {"yes": allowing, "perhaps": perhaps, "no": []}
    may_isolate = may_allow_by_label = False
    open_labels = False
    for policy in packet.objects:
        selected = _isolates(policy, subject, direction) if policy.kind == "NetworkPolicy" else "no"
        if selected == "no":
            continue
        if selected == "perhaps":
            may_isolate = open_labels = True
            for other in (_spec(policy).egress if direction == "egress" else _spec(policy).ingress) or ():
                found, by_label = _rule_matches(packet, direction, policy.namespace, other)
                may_allow_by_label |= found != "no" or by_label
            continue
        isolating.append(Cited(object=policy, rule=None, path=("spec",), action="deny"))
        spec = _spec(policy)
        rules = (spec.egress if direction == "egress" else spec.ingress) or ()
        for index, rule in enumerate(rules):
            found, by_label = _rule_matches(packet, direction, policy.namespace, rule)
            may_allow_by_label |= by_label
            open_labels |= by_label
            by_rule[found].append(Cited(object=policy, rule=index, path=("spec", direction, index), action="allow"))
    if not isolating:
        reasons = (LABEL,) if may_isolate else ()
        return Side(direction=direction, may_deny=may_isolate, reasons=reasons)
    reasons = ()
    if perhaps and not allowing:
        peer = packet.destination if direction == "egress" else packet.source
        reasons = (POD_ADDRESS if peer.kind == "pod" else HOST_ADDRESS,)
    may_allow, may_deny = bool(allowing or perhaps) or may_allow_by_label, not allowing
    if packet.protocol not in PROTOCOLS.values():
        may_allow, may_deny, reasons = True, True, (PROTOCOL,)
    if open_labels and may_allow and may_deny:
        reasons = (*reasons, LABEL)
    return Side(
        direction=direction,
        isolated=True,
        isolating=tuple(isolating),
        allowing=tuple(allowing),
        perhaps=tuple(perhaps),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=reasons,
    )


def _spec(policy: Decoded) -> NetworkPolicySpec:
    value = policy.value
    assert isinstance(value, NetworkPolicy)
    return value.spec or NetworkPolicySpec()


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
) -> tuple[Match, bool]:
    """A rule matches what both its `from` (`to`) and its `ports` match; a protocol that no rule can list, perhaps.
    And whether it perhaps matches by the unknown value of a label."""
    if rule is None:
        peers, ports = None, None  # the zero value: no from, no ports
    else:
        peers = rule.to if isinstance(rule, NetworkPolicyEgressRule) else rule.from_
        ports = rule.ports
    if not _ports_match(packet, ports):
        return "no", False
    found, by_label = _peers_match(packet, direction, namespace, peers)
    if found == "yes" and packet.protocol not in PROTOCOLS.values():
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
    packet: Packet, direction: Direction, namespace: str, peers: Sequence[NetworkPolicyPeer | None] | None
) -> tuple[Match, bool]:
    """An empty or absent list matches every source (destination), also outside; otherwise one entry has to match."""
    if not peers:
        return "yes", False
    found = [_peer_matches(packet, direction, namespace, peer) for peer in peers]
    by_label = "by label" in found
    if "yes" in found:
        return "yes", by_label
    return "perhaps" if "perhaps" in found else "no", by_label


def _peer_matches(
    packet: Packet, direction: Direction, namespace: str, peer: NetworkPolicyPeer | None
) -> Match | Literal["by label"]:
    """Whether the entry matches; "by label": it does or not by the unknown value of a label."""
    if peer is None:
        return "no"
    if peer.ip_block is not None:
        # Profile: the block is matched literally against the packet's address, pod addresses included.
        candidates = packet.destination_addresses if direction == "egress" else packet.source_addresses
        return covers(peer.ip_block, candidates, packet.family)
    other = packet.destination if direction == "egress" else packet.source
    if other.kind != "pod" or (peer.pod_selector is None and peer.namespace_selector is None):
        return "no"  # Profile: selectors do not match nodes and hostNetwork pods. Addresses have no labels.
    labelled = matches_pod(peer.pod_selector, other.labels)
    if labelled == "no":
        return "no"
    there = _in_namespace(packet, namespace, peer, other)
    return "by label" if there != "no" and labelled == "perhaps" else there


def _in_namespace(packet: Packet, namespace: str, peer: NetworkPolicyPeer, other: End) -> Match:
    if peer.namespace_selector is None:
        return "yes" if other.namespace == namespace else "no"
    labels = namespace_labels(packet.objects, other.namespace)
    if is_read(tuple(packet.objects), other.namespace):
        return "yes" if matches(peer.namespace_selector, labels) else "no"
    surely, perhaps = may_match(peer.namespace_selector, labels)
    return "yes" if surely else "perhaps" if perhaps else "no"
