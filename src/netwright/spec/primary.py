"""Primary networks, one packet at a time: networks do not meet unless a ClusterNetworkConnect joins them.

The isolation of networks stands beside policies, and both must permit. After OVN-Kubernetes: the pages "User Defined
Networks" ("KubeletHealthChecks for UDN pods", "Services on UDNs") and "Connecting User Defined Networks" of its
documentation, and OKEP-5224.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Literal

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import Namespace
from netwright.dialects.ovn.objects import ClusterNetworkConnect, ClusterUserDefinedNetwork, UserDefinedNetwork
from netwright.model.document import Decoded
from netwright.spec.addresses import Match, network
from netwright.spec.ends import End, end_of, namespace_matches
from netwright.spec.judgement import Cited, Direction, Reason, Side
from netwright.spec.labels import matches, plain
from netwright.spec.networks import Net, networks, open_default_ports, primaries, primary_addresses
from netwright.spec.packet import PROTOCOLS, Packet
from netwright.spec.reasons import KUBELET, NODE_LED, NOT_SUPPORTED, OWN_NODE, PRIMARY, SELECTED

Connectivity = Literal["PodNetwork", "ServiceNetwork"]

FOR_EVERY_NETWORK = (("default", "kubernetes"), ("kube-system", "kube-dns"), ("openshift-dns", "dns-default"))
"""The Services of the default network that pods of every network reach: the API server and the cluster's DNS."""
NAMES = {number: name.lower() for name, number in PROTOCOLS.items()} | {1: "icmp", 58: "icmp"}
TRANSPORTS = ("NoOverlay", "EVPN")


def candidates(objects: Sequence[Decoded], thing: Decoded | str) -> list[Net | None]:
    """The primary networks that the end may be on: None is the default one, and where hosts and addresses are."""
    if isinstance(thing, str) or end_of(objects, thing).kind != "pod":
        return [None]
    return primaries(objects, thing.namespace)


def end_on(objects: Sequence[Decoded], thing: Decoded | str, net: Net | None) -> End:
    """The end with its addresses on its primary network."""
    end = end_of(objects, thing)
    if net is None or isinstance(thing, str) or end.kind != "pod":
        return end
    return msgspec.structs.replace(end, known=primary_addresses(thing, net), ranges=net.ranges)


def enters_by_open_port(
    source: Decoded | str, source_net: Net | None, thing: Decoded | str, net: Net | None, protocol: int, port: int
) -> bool:
    """Whether the packet goes to the pod's address on the default network, to a port that its annotation opens there:
    policies of its namespace act on its primary network, and not on this."""
    if net is None or source_net is not None or isinstance(thing, str) or isinstance(source, str):
        return False
    name = NAMES.get(protocol)
    return any(listed == name and (name == "icmp" or number == port) for listed, number in open_default_ports(thing))


def sides(
    packet: Packet,
    source: Net | None,
    destination: Net | None,
    *,
    service: Decoded | None = None,
    opened: bool = False,
) -> tuple[Side, ...]:
    """Egress at a source and ingress at a destination on a user-defined network, where the two networks differ.
    `service` is the Service that led the packet there."""
    ends = packet.source.kind, packet.destination.kind
    unknown = [net for net in (source, destination) if net is not None and net.object.kind == "Namespace"]
    if len(unknown) == 2 or (unknown and ends != ("pod", "pod")):
        # two may be one, and where it leads is not known, nor that it is there: without it no pod starts
        return _denied(source, destination, PRIMARY)
    if _same(source, destination) or "address" in ends or opened:
        return ()
    if ends[0] == "host":
        if service is not None:
            return _denied(source, destination, NODE_LED)
        # The kubelet alone is let in from the pod's own node, to its address on the default network.
        if not packet.source.node or not packet.destination.node:
            return _denied(source, destination, OWN_NODE, KUBELET)
        return _denied(source, destination, *((KUBELET,) if packet.source.node == packet.destination.node else ()))
    if ends[1] == "host" and service is None:
        return ()  # what leaves the network goes as it would on the default one
    if source is None or destination is None:
        return _denied(source, destination)
    found, reasons = joined(packet.objects, source, destination, "ServiceNetwork" if service else "PodNetwork")
    if found == "yes":
        return ()
    return _denied(source, destination, *(reasons if found == "perhaps" else ()))


def selects_pods(objects: Sequence[Decoded], source: Net | None, destination: Net | None) -> bool:
    """Whether selectors in policies of one network find pods of the other: across a connection of pods, not across one
    of Services alone."""
    if _same(source, destination) or source is None or destination is None:
        return True
    return joined(objects, source, destination, "PodNetwork")[0] != "no"


def _same(one: Net | None, other: Net | None) -> bool:
    return (one.ref if one else None) == (other.ref if other else None)


def leaves_its_network(
    packet: Packet, source: Net | None, destination: Net | None, *, service: Decoded, by_outer_address: bool
) -> bool:
    """Whether a Service of another network is reached through the node, which masks addresses: one of those that every
    network has, and any that is dialled by an outer address."""
    if _same(source, destination) or packet.source.kind != "pod":
        return False
    if any(net is not None and net.object.kind == "Namespace" for net in (source, destination)):
        return False  # where it would leave is not known, nor that it does
    every = source is not None and destination is None and (service.namespace, service.name) in FOR_EVERY_NETWORK
    return every or by_outer_address


def lets_nothing_out(egress: Side) -> bool:
    """Whether policies isolate the source and none of them has a rule, so that addresses do not matter."""
    specs = [cited.object.value.spec for cited in egress.isolating]
    return bool(specs) and not egress.reached and not egress.allowing and not any(spec.egress for spec in specs)


def _denied(source: Net | None, destination: Net | None, *reasons: Reason) -> tuple[Side, ...]:
    ways: list[tuple[Direction, Net | None]] = [("egress", source), ("ingress", destination)]
    return tuple(
        Side(
            direction=direction,
            reached=(Cited(object=net.object, rule=None, path=_path(net), action="deny", surely=not reasons),),
            may_allow=bool(reasons),
            may_deny=True,
            reasons=reasons,
        )
        for direction, net in ways
        if net is not None
    )


def _path(net: Net) -> Pointer:
    """Where the network is described, or the namespace that is to have one."""
    return ("metadata", "labels") if net.object.kind == "Namespace" else ("spec",)


# --- ClusterNetworkConnect --------------------------------------------------------------------------------------------


def joined(
    objects: Sequence[Decoded], one: Net, other: Net, connectivity: Connectivity
) -> tuple[Match, tuple[Reason, ...]]:
    """Whether some ClusterNetworkConnect joins the two in this way: by itself, for connections do not add up."""
    perhaps: list[Reason] = []
    for connect in objects:
        value = connect.value
        if not isinstance(value, ClusterNetworkConnect) or value.spec is None:
            continue
        if connectivity not in (value.spec.connectivity or ()):
            continue
        both = {_selected(objects, value, one), _selected(objects, value, other)}
        if "no" in both:
            continue
        selected = [net for net in _made(objects) if _selected(objects, value, net) != "no"]
        if not _is_supported(value, selected):
            perhaps.append(NOT_SUPPORTED)
        elif "perhaps" in both:
            perhaps.append(SELECTED)
        else:
            return "yes", ()
    return ("perhaps" if perhaps else "no"), tuple(dict.fromkeys(perhaps))


def _made(objects: Sequence[Decoded]) -> list[Net]:
    """The primary networks of any namespace: one that is described where the label is missing is not made."""
    found = [net for net in networks(objects) if net.primary]
    spaces = {at.partition("/")[0] for net in found for at in net.attachments}
    refs = {net.ref for space in spaces for net in primaries(objects, space) if net is not None}
    return [net for net in found if net.ref in refs]


def _selected(objects: Sequence[Decoded], connect: ClusterNetworkConnect, net: Net) -> Match:
    """ClusterUserDefinedNetworks by their own labels, UserDefinedNetworks by their namespace's. An absent selector
    selects nothing, an empty one everything."""
    if not net.primary:
        return "no"
    found: list[Match] = []
    for entry in (connect.spec.network_selectors if connect.spec else None) or ():
        of_clusters, of_spaces = (
            entry.cluster_user_defined_network_selector,
            entry.primary_user_defined_network_selector,
        )
        labels = of_clusters.network_selector if of_clusters else None
        spaces = of_spaces.namespace_selector if of_spaces else None
        if isinstance(net.object.value, ClusterUserDefinedNetwork) and labels is not None:
            found.append("yes" if matches(labels, plain(net.object.value.metadata.labels)) else "no")
        elif isinstance(net.object.value, UserDefinedNetwork) and spaces is not None:
            found.append(namespace_matches(objects, spaces, net.object.namespace))
        elif isinstance(net.object.value, Namespace):
            # the network is of either kind, with any labels
            there = namespace_matches(objects, spaces, net.object.name) if spaces is not None else "no"
            found.append("no" if labels is None and there == "no" else "perhaps")
    return "yes" if "yes" in found else "perhaps" if "perhaps" in found else "no"


def _is_supported(connect: ClusterNetworkConnect, nets: Sequence[Net]) -> bool:
    """Not where ranges of the networks overlap, or those of the connection with theirs, where it has none of their
    families, and where a network is not an overlay."""
    ranges = [[network(text) for text in net.ranges] for net in nets]
    between = [network(entry.cidr or "") for entry in (connect.spec.connect_subnets if connect.spec else None) or ()]
    families = {frozenset(found.version for found in listed) for listed in ranges}
    if len(families) > 1 or any(not one <= {found.version for found in between} for one in families):
        return False
    for first, second in combinations([*ranges, between], 2):
        if any(a.version == b.version and a.overlaps(b) for a in first for b in second):
            return False
    return not any(net.object.value.network.transport in TRANSPORTS for net in nets)
