"""Whom Calico knows an end of a packet as: its labels, those of the sets that hold its address, its named ports.

After Calico 3.32: `libcalico-go/lib/backend/k8s/conversion` (pods, namespaces and service accounts),
`updateprocessors` (networkset, globalnetworkset, hostendpoint), `felix/labelindex`: whom a selector means is a set of
addresses, so that a pod within a NetworkSet is met by the labels of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from netwright.dialects.calico.objects import HostEndpoint, NetworkSet
from netwright.dialects.k8s.objects import EndpointSlice, LabelSelector, Service, ServiceAccount, ServicePort
from netwright.model.document import Decoded
from netwright.spec.addresses import address, cover, network
from netwright.spec.adminpeers import NO, YES, Matched, all_of, any_of, matched
from netwright.spec.calico_selectors import (
    ACCOUNT,
    NAMESPACE,
    OF_ACCOUNT,
    OF_NAMESPACE,
    ORCHESTRATOR,
    Labels,
    Node,
    selects,
)
from netwright.spec.ends import End, end_of, is_read, namespace_labels, pod_labels, pod_ports, template
from netwright.spec.judgement import Direction, Reason
from netwright.spec.labels import matches_pod, plain
from netwright.spec.packet import Packet
from netwright.spec.reasons import HOST_ADDRESS, LABEL, POD_ADDRESS, SERVICE_ACCOUNT
from netwright.spec.reasons import NAMESPACE as NAMESPACE_UNREAD
from netwright.spec.services import endpoints, target_number

NAME = "projectcalico.org/name"
PROTOCOLS = {"TCP": 6, "UDP": 17, "ICMP": 1, "ICMPV6": 58, "SCTP": 132, "UDPLITE": 136}
SERVICE_NAME = "kubernetes.io/service-name"
LONGEST_ACCOUNT = 62
"""Names of service accounts that are longer are not made a label."""


class CalicoOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How Calico is set up. `default_endpoint_to_host_action` "" is what a FelixConfiguration in the input says, and
    Drop where none does."""

    default_endpoint_to_host_action: str = ""


class Member(NamedTuple):
    """Something that selectors can mean: a pod, or a set of addresses. `there`: whether the end is it, or in it."""

    there: Matched
    labels: Labels
    ports: tuple[tuple[str, int, int], ...] = ()
    """Its named ports: name, protocol, number."""


class Place(NamedTuple):
    """One end of the packet, the source or the destination."""

    packet: Packet
    end: End
    is_source: bool
    labels: Labels = Labels({})
    members: tuple[Member, ...] = ()

    def within(self, nets: Sequence[str]) -> Matched:
        """Whether its address is in one of the ranges."""
        candidates = self.packet.source_addresses if self.is_source else self.packet.destination_addresses
        found = cover([as_range(one) for one in nets], candidates, self.packet.family)
        return matched(found, self.reason)

    @property
    def reason(self) -> Reason:
        """Why it is open which address it has."""
        return POD_ADDRESS if self.end.kind == "pod" else HOST_ADDRESS

    def is_for(self, node: Node) -> Matched:
        """Whether a policy with this selector is for the endpoint: by its own labels, wherever its address lies."""
        return selects(node, self.labels)

    def selected(self, node: Node) -> Matched:
        """Whether it is a member of what the selector means in a rule."""
        return any_of(*(all_of(one.there, selects(node, one.labels)) for one in self.members))


class Scene:
    """A packet as Calico meets it at the end that it leaves (egress) or reaches."""

    def __init__(self, packet: Packet, direction: Direction) -> None:
        self.packet = packet
        self.direction = direction
        self.source = _place(packet, packet.source, packet.source_object, is_source=True)
        self.destination = _place(packet, packet.destination, packet.destination_object, is_source=False)
        self.subject, self.peer = (
            (self.source, self.destination) if direction == "egress" else (self.destination, self.source)
        )


def as_range(text: str) -> str:
    """A range of addresses; one address by itself is the range of it."""
    single = address(text) if "/" not in text else None
    return text if single is None else f"{single}/{single.max_prefixlen}"


def family_of(text: str) -> int:
    return network(as_range(text)).version


def protocol_number(protocol: int | str) -> int:
    """The IANA number of a protocol by name or number."""
    text = str(protocol)
    return int(text) if text.isdigit() else PROTOCOLS[text.upper()]


# --- members ----------------------------------------------------------------------------------------------------------


def _place(packet: Packet, end: End, thing: Decoded | str, *, is_source: bool) -> Place:
    place = Place(packet, end, is_source)
    found: list[Member] = []
    if end.kind == "pod" and not isinstance(thing, str):
        place = place._replace(labels=labels_of_pod(packet.objects, thing))
        found.append(Member(YES, place.labels, _named_ports(thing)))
    for one in packet.objects:
        if isinstance(one.value, NetworkSet):
            nets = (one.value.spec.nets if one.value.spec else None) or ()
            found.append(Member(place.within(nets), _labels_of_set(packet.objects, one)))
        elif isinstance(one.value, HostEndpoint) and one.value.spec:
            there = place.within(one.value.spec.expected_ips or ())
            ports = tuple(
                (port.name or "", protocol_number(port.protocol or "TCP"), port.port or 0)
                for port in one.value.spec.ports or ()
            )
            found.append(Member(there, Labels(plain(one.value.metadata.labels)), ports))
    return place._replace(members=tuple(one for one in found if one.there.match != "no"))


def labels_of_pod(objects: Sequence[Decoded], pod: Decoded) -> Labels:
    """Its own, those that Calico gives it, and those of its namespace and of its service account, with prefixes."""
    account = template(pod)[1].service_account_name or "default"
    known: dict[str, str | None] = {**pod_labels(pod), NAMESPACE: pod.namespace, ORCHESTRATOR: "k8s"}
    if len(account) <= LONGEST_ACCOUNT:
        known[ACCOUNT] = account
    open_ = _of_namespace(objects, pod.namespace, known)
    theirs = [one for one in objects if isinstance(one.value, ServiceAccount)]
    read = [one for one in theirs if (one.namespace, one.name) == (pod.namespace, account)]
    for one in read:
        known |= {OF_ACCOUNT + key: value for key, value in plain(one.value.metadata.labels).items()}
    if not read:
        open_[OF_ACCOUNT] = SERVICE_ACCOUNT
    known[OF_ACCOUNT + NAME] = account
    return Labels(known, open_)


def _of_namespace(objects: Sequence[Decoded], name: str, known: dict[str, str | None]) -> dict[str, Reason]:
    """Adds the labels that are inherited from the namespace; what is not known of them."""
    known |= {OF_NAMESPACE + key: value for key, value in namespace_labels(objects, name).items()}
    known[OF_NAMESPACE + NAME] = name
    return {} if is_read(tuple(objects), name) else {OF_NAMESPACE: NAMESPACE_UNREAD}


def _labels_of_set(objects: Sequence[Decoded], group: Decoded) -> Labels:
    known: dict[str, str | None] = {**plain(group.value.metadata.labels)}
    if not group.namespace:
        return Labels(known)
    known[NAMESPACE] = group.namespace
    open_ = _of_namespace(objects, group.namespace, known)
    return Labels(known, open_)


def _named_ports(pod: Decoded) -> tuple[tuple[str, int, int], ...]:
    """Those of its containers and of its init containers."""
    return tuple(
        (port.name, PROTOCOLS[(port.protocol or "TCP").upper()], port.container_port)
        for port in pod_ports(pod)
        if port.name
    )


# --- services ---------------------------------------------------------------------------------------------------------


def behind(place: Place, name: str, namespace: str, *, with_ports: bool) -> Matched:
    """Whether the end is one of the endpoints of the Service, ready or not, and (`with_ports`) the packet is for the
    port there. A Service that is not there has none."""
    found: list[Matched] = []
    for one in place.packet.objects:
        if isinstance(one.value, Service) and (one.namespace, one.name) == (namespace, name):
            selector = one.value.spec.selector if one.value.spec else None
            if selector:
                found += _selected(place, one, selector, with_ports=with_ports)
            else:
                found += _sliced(place, one, with_ports=with_ports)
    return any_of(*found)


def _selected(
    place: Place, service: Decoded, selector: dict[str, str | None], *, with_ports: bool
) -> Iterator[Matched]:
    objects = place.packet.objects
    ports: Sequence[ServicePort] = service.value.spec.ports or ()
    for one in endpoints(objects):
        if one.kind == "Node" or one.namespace != service.namespace:
            continue
        chosen = matched(matches_pod(LabelSelector(match_labels=selector), pod_labels(one)), LABEL)
        is_port = any(_is_for(place.packet, port.protocol, target_number(one, port)) for port in ports)
        if chosen.match != "no" and (is_port or not with_ports):
            yield all_of(chosen, _is_end(place, one))


def _is_end(place: Place, pod: Decoded) -> Matched:
    """Whether the end is the pod: by itself, or one on the network of its node with the same address."""
    thing = place.packet.source_object if place.is_source else place.packet.destination_object
    if thing is pod:
        return YES
    theirs = end_of(place.packet.objects, pod)
    shared = theirs.kind == place.end.kind == "host" and set(theirs.known) & set(place.end.known)
    return YES if shared else NO


def _is_for(packet: Packet, protocol: str | None, number: int | None) -> bool:
    return number is not None and (packet.protocol, packet.port) == (PROTOCOLS[(protocol or "TCP").upper()], number)


def _sliced(place: Place, service: Decoded, *, with_ports: bool) -> Iterator[Matched]:
    for one in place.packet.objects:
        slice_ = one.value
        if not isinstance(slice_, EndpointSlice) or one.namespace != service.namespace:
            continue
        if plain(slice_.metadata.labels).get(SERVICE_NAME) != service.name or slice_.address_type == "FQDN":
            continue
        is_port = any(_is_for(place.packet, port.protocol, port.port) for port in slice_.ports or ())
        if is_port or not with_ports:
            listed = [text for entry in slice_.endpoints or () for text in entry.addresses or ()]
            yield place.within([text for text in listed if address(text) is not None])
