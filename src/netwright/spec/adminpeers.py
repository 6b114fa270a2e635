"""Peers and protocols of admin policies: whether one matches the packet, and why it does so only perhaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netwright.dialects.adminpolicy.objects import (
    AdminNamespaces,
    AdminPeer,
    AdminPods,
    AdminPort,
    Peer,
    Protocol,
)
from netwright.dialects.k8s.objects import LabelSelector, Node
from netwright.spec.addresses import Match, cover, node_addresses
from netwright.spec.ends import End, is_read, namespace_labels, namespace_matches
from netwright.spec.judgement import Direction, Reason
from netwright.spec.labels import matches, matches_pod, plain
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import HOST_ADDRESS, LABEL, NAMES_NOT_ACCEPTED, NAMESPACE, NODE, POD_ADDRESS, domain

NAME_LABEL = "kubernetes.io/metadata.name"
"""The one label of a namespace that is known where its object is not in the input."""


class Matched(NamedTuple):
    """Whether something matches; where it does so perhaps, why."""

    match: Match
    reasons: tuple[Reason, ...] = ()


YES, NO = Matched("yes"), Matched("no")


def matched(match: Match, reason: Reason) -> Matched:
    return Matched(match, (reason,) if match == "perhaps" else ())


def all_of(*parts: Matched) -> Matched:
    """Surely if all match surely, not if one does not."""
    found = {one.match for one in parts}
    if "no" in found:
        return NO
    return Matched("perhaps", _reasons(parts)) if "perhaps" in found else YES


def any_of(*parts: Matched) -> Matched:
    """Surely if one matches surely, not if none does."""
    found = {one.match for one in parts}
    if "yes" in found:
        return YES
    return Matched("perhaps", _reasons(parts)) if "perhaps" in found else NO


def _reasons(parts: Sequence[Matched]) -> tuple[Reason, ...]:
    return tuple(dict.fromkeys(reason for one in parts for reason in one.reasons))


# --- peers ------------------------------------------------------------------------------------------------------------


def is_unknown(peer: Peer | AdminPeer | None) -> bool:
    """Whether none of the fields of this version is set: then it has one of another version."""
    fields = (peer.namespaces, peer.pods, peer.nodes, peer.networks, peer.domain_names) if peer else ()
    return all(one is None for one in fields)


def peers_match(
    packet: Packet, direction: Direction, subject: End, action: str, peers: Sequence[Peer | AdminPeer | None]
) -> Matched:
    """If any element matches the source (destination), the rule is applied. An empty list matches nobody."""
    return any_of(*(_peer_matches(packet, direction, subject, action, peer) for peer in peers if peer is not None))


def _peer_matches(packet: Packet, direction: Direction, subject: End, action: str, peer: Peer | AdminPeer) -> Matched:
    other = packet.destination if direction == "egress" else packet.source
    if peer.networks is not None:
        # Matched against every address, pods' too, and whatever the protocol.
        candidates = packet.destination_addresses if direction == "egress" else packet.source_addresses
        reason = POD_ADDRESS if other.kind == "pod" else HOST_ADDRESS
        return matched(cover(peer.networks, candidates, packet.family), reason)
    if peer.nodes is not None:
        return nodes_match(packet, peer.nodes, other)
    if peer.domain_names is not None:
        # Which addresses a name has is not for policies to say: any outside the cluster, perhaps. "DomainNames is only
        # supported for Accept rules"; the CRD takes them in others, and no word says what these do.
        reason = domain(peer.domain_names) if action == "allow" else NAMES_NOT_ACCEPTED
        return matched("perhaps", reason) if other.kind == "address" else NO
    if other.kind != "pod":
        return NO  # Host-networked pods are not included in the peers that follow.
    if isinstance(peer.namespaces, AdminNamespaces):
        return _admin_namespaces_match(packet, subject, peer.namespaces, other)
    if peer.namespaces is not None:
        return in_namespaces(packet, peer.namespaces, other)
    if isinstance(peer.pods, AdminPods) and peer.pods.namespaces is not None:
        there = _admin_namespaces_match(packet, subject, peer.pods.namespaces, other)
        return all_of(there, _labelled(peer.pods.pod_selector, other))
    if peer.pods is not None:
        return pods_match(packet, peer.pods.namespace_selector, peer.pods.pod_selector, other)
    return NO


def in_namespaces(packet: Packet, selector: LabelSelector | None, pod: End) -> Matched:
    """All pods of the namespaces that the selector matches."""
    return matched(namespace_matches(packet.objects, selector, pod.namespace), NAMESPACE)


def pods_match(packet: Packet, namespaces: LabelSelector | None, pods: LabelSelector | None, pod: End) -> Matched:
    """Pods that both selectors match; an empty one matches all."""
    return all_of(in_namespaces(packet, namespaces, pod), _labelled(pods, pod))


def _labelled(selector: LabelSelector | None, pod: End) -> Matched:
    return matched(matches_pod(selector, pod.labels), LABEL)


def nodes_match(packet: Packet, selector: LabelSelector, other: End) -> Matched:
    """The nodes that the selector matches, by the addresses in their status; whoever has one of these matches too."""
    if other.kind == "pod":
        return NO
    nodes = [one for one in packet.objects if isinstance(one.value, Node)]
    chosen = [one for one in nodes if matches(selector, plain(one.value.metadata.labels))]
    theirs = set(node_addresses(chosen))
    if any(one.version == packet.family and one in theirs for one in other.known):
        return YES
    if other.kind == "address":
        return NO
    if other.node not in {one.name for one in nodes}:
        return matched("perhaps", NODE)
    return YES if other.node in {one.name for one in chosen} else NO


# --- namespaces as v1alpha1 selects them ------------------------------------------------------------------------------


def _admin_namespaces_match(packet: Packet, subject: End, peer: AdminNamespaces, other: End) -> Matched:
    """A selector in the last form of v1alpha1; before, a selector or labels compared with the subject's namespace."""
    if peer.same_labels is not None:
        return matched(_same_labels(packet, subject.namespace, peer.same_labels, other.namespace), NAMESPACE)
    if peer.not_same_labels is not None:
        return matched(_not_same_labels(packet, subject.namespace, peer.not_same_labels, other.namespace), NAMESPACE)
    if peer.namespace_selector is not None:
        return in_namespaces(packet, peer.namespace_selector, other)
    own = LabelSelector(match_labels=peer.match_labels, match_expressions=peer.match_expressions)
    return in_namespaces(packet, own, other)


def _same_labels(packet: Packet, subject: str, keys: Sequence[str], other: str) -> Match:
    """To be selected a namespace must have all of these labels, and they must all have the same value as the subject's.
    An empty list selects nothing."""
    if not keys:
        return "no"
    has = [_has(packet, name, key) for key in keys for name in (subject, other)]
    differs = [_differs(packet, subject, key, other) for key in keys]
    if "no" in has or "yes" in differs:
        return "no"
    return "perhaps" if "perhaps" in (*has, *differs) else "yes"


def _not_same_labels(packet: Packet, subject: str, keys: Sequence[str], other: str) -> Match:
    """To be selected a namespace must have all of these labels, and at least one of them must have another value than
    the subject's; one that the subject's does not have is another. An empty list selects nothing."""
    has = [_has(packet, other, key) for key in keys]
    differs = [_differs(packet, subject, key, other) for key in keys]
    if "no" in has or not {"yes", "perhaps"} & set(differs):
        return "no"
    return "perhaps" if "perhaps" in has or "yes" not in differs else "yes"


def _has(packet: Packet, namespace: str, key: str) -> Match:
    if key in namespace_labels(packet.objects, namespace):
        return "yes"
    return "no" if is_read(packet.objects, namespace) else "perhaps"


def _differs(packet: Packet, one: str, key: str, other: str) -> Match:
    """Whether a label of two namespaces has different values. A namespace does not differ from itself."""
    if one == other:
        return "no"
    known = [is_read(packet.objects, name) or key == NAME_LABEL for name in (one, other)]
    if not all(known):
        return "perhaps"
    return "yes" if len({namespace_labels(packet.objects, name).get(key) for name in (one, other)}) > 1 else "no"


# --- protocols --------------------------------------------------------------------------------------------------------


def ports_match(packet: Packet, entries: Sequence[Protocol | AdminPort | None] | None) -> bool:
    """Absent, they leave every protocol free, ICMP too; otherwise one entry has to match."""
    return not entries or any(_port_matches(packet, entry) for entry in entries)


def _port_matches(packet: Packet, entry: Protocol | AdminPort | None) -> bool:
    if isinstance(entry, Protocol):
        return _protocol_matches(packet, entry)
    if entry is None:
        return False
    if entry.port_number is not None:
        number = entry.port_number
        return _numbered(packet, number.protocol, number.port, number.port)
    if entry.port_range is not None:
        return _numbered(packet, entry.port_range.protocol, entry.port_range.start, entry.port_range.end)
    return _named(packet, entry.named_port or "")


def _protocol_matches(packet: Packet, entry: Protocol) -> bool:
    for name, transport in (("TCP", entry.tcp), ("UDP", entry.udp), ("SCTP", entry.sctp)):
        if transport is None:
            continue
        port = transport.destination_port
        if port is None:
            return _numbered(packet, name, 0, 65535)
        if port.range is not None:
            return _numbered(packet, name, port.range.start, port.range.end)
        return _numbered(packet, name, port.number, port.number)
    return _named(packet, entry.destination_named_port)


def _numbered(packet: Packet, protocol: str | None, first: int, last: int) -> bool:
    return packet.protocol == PROTOCOLS.get(protocol or "TCP") and first <= packet.port <= last


def _named(packet: Packet, name: str) -> bool:
    """A port of one of the destination pod's containers, by its name, with the protocol that the container says."""
    return any(
        one.name == name
        and one.container_port == packet.port
        and PROTOCOLS.get(one.protocol or "TCP") == packet.protocol
        for one in packet.destination.ports
    )
