"""Addresses: which ones an end of a packet can have, and whether an `ipBlock` covers them.

Sets of addresses are lists of (first, last) integers of one family; the only operation is taking some away.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from netwright.dialects.k8s.objects import CronJob, EndpointSlice, IPBlock, Pod, Service, Workload
from netwright.model.document import Decoded, of_kinds

Family = Literal[4, 6]
Match = Literal["no", "perhaps", "yes"]
Span = tuple[int, int]
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

SPECIAL: dict[Family, tuple[str, ...]] = {
    4: ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"),
    6: ("::/128", "::1/128", "fe80::/10", "ff00::/8"),
}
"""Addresses that no pod and no node has as its own: this network, loopback, link-local, multicast, reserved."""

_ALL: dict[Family, Span] = {4: (0, 2**32 - 1), 6: (0, 2**128 - 1)}


@lru_cache(maxsize=65536)
def address(text: str | None) -> Address | None:
    """The text as an IP address; None where it is none (`None`, "", a host name)."""
    try:
        return ip_address(_decimal(text or ""))
    except ValueError:
        return None


@lru_cache(maxsize=65536)
def network(cidr: str) -> Network:
    """The CIDR as a network; bits behind the mask do not count, as in the API server. ValueError if it is none."""
    if "/" not in cidr:
        raise ValueError(f"`{cidr}` is not a CIDR")
    return ip_network(_decimal(cidr), strict=False)


def span(net: Network) -> Span:
    return int(net.network_address), int(net.broadcast_address)


def minus(spans: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """The spans without the taken ones; a span that loses nothing stays as it is."""
    left = list(spans)
    for first, last in taken:
        rest: list[Span] = []
        for start, end in left:
            if last < start or end < first:
                rest.append((start, end))
                continue
            if start < first:
                rest.append((start, first - 1))
            if last < end:
                rest.append((last + 1, end))
        left = rest
    return left


def covers(block: IPBlock, candidates: Sequence[Span], family: Family) -> Match:
    """Whether the `cidr` without its `except`s holds all of the candidates, none, or some of them ("perhaps")."""
    cidr = network(block.cidr)
    excepts = [network(one) for one in block.except_ or ()]
    if cidr.version != family:
        return "no"
    return _hold(minus([span(cidr)], [span(one) for one in excepts if one.version == family]), candidates)


def cover(cidrs: Sequence[str], candidates: Sequence[Span], family: Family) -> Match:
    """Whether the CIDRs together hold all of the candidates, none, or some of them."""
    return _hold([span(one) for one in map(network, cidrs) if one.version == family], candidates)


def _hold(inside: Sequence[Span], candidates: Sequence[Span]) -> Match:
    outside = minus(candidates, inside)
    if not outside:
        return "yes"
    return "no" if outside == list(candidates) else "perhaps"


def pod_networks(objects: Sequence[Decoded], pod_ranges: Sequence[str]) -> list[Network]:
    """The cluster's pod ranges of both families: those given, and `spec.podCIDRs` (`podCIDR`) of every Node."""
    texts = list(pod_ranges)
    for one in _nodes(objects):
        if one.value.spec:
            texts += one.value.spec.pod_cidrs or ()
            texts += [one.value.spec.pod_cidr] if one.value.spec.pod_cidr else []
    return [network(text) for text in texts]


def pod_families(objects: Sequence[Decoded], pod_ranges: Sequence[str]) -> set[Family]:
    """The families of the pod ranges and, where none are given, of the addresses that pods are shown to have."""
    return _pod_families(tuple(objects), tuple(pod_ranges))


@lru_cache(maxsize=64)
def _pod_families(objects: tuple[Decoded, ...], pod_ranges: tuple[str, ...]) -> set[Family]:
    ranges = pod_networks(objects, pod_ranges)
    found: set[Family] = {one.version for one in ranges}
    if ranges and not pod_ranges:
        nodes = set(node_addresses(objects))
        found |= {one.version for each in objects for one in _own_addresses(each.value, nodes)}
    return found


def _has_more(objects: Sequence[Decoded], ranges: Sequence[Network], family: Family) -> bool:
    """Whether the input shows that pods have addresses of this family beyond the ranges of the Nodes: there is a Node
    without a range, a pod on a node that is not there, or one with such an address."""
    if any(not pod_networks([one], ()) for one in _nodes(objects)):
        return True
    return any(versions is None or family in versions for _, versions in _showing(objects, ranges))


def showing_more(objects: Sequence[Decoded], ranges: Sequence[Network]) -> list[Decoded]:
    """The objects that `pod_families` and `unknown_pod` need beside the Nodes: the first on a node that is not there,
    and of each family the first that shows an address beyond the ranges."""
    found: dict[int | None, Decoded] = {}
    for one, versions in _showing(objects, ranges):
        for version in (None,) if versions is None else versions:
            found.setdefault(version, one)
    return list(found.values())


def _showing(objects: Sequence[Decoded], ranges: Sequence[Network]) -> Iterator[tuple[Decoded, set[Family] | None]]:
    """What shows that there are more pod ranges than these, with the families of addresses beyond them; None: a pod,
    a template or an endpoint of a pod is on a node that is not there."""
    names, nodes = {one.name for one in _nodes(objects)}, set(node_addresses(objects))
    held: dict[tuple[int, int], set[int]] = {}
    for net in ranges:  # a range is known by its first bits, of which ranges have few lengths
        shift = net.max_prefixlen - net.prefixlen
        held.setdefault((net.version, shift), set()).add(int(net.network_address) >> shift)

    def is_inside(one: Address) -> bool:
        return any(v == one.version and int(one) >> shift in prefixes for (v, shift), prefixes in held.items())

    for one in objects:
        if any(node and node not in names for node in _on_nodes(one.value)):
            yield one, None
        beyond = {each.version for each in _own_addresses(one.value, nodes) if not is_inside(each)}
        if beyond:
            yield one, beyond


def _own_addresses(value: object, nodes: Set[Address]) -> list[Address]:
    """The addresses that an object shows pods to have; those on their node's network have the node's."""
    if isinstance(value, EndpointSlice):
        listed = value.endpoints or ()
        of_pods = [each for each in listed if each.target_ref and each.target_ref.kind == "Pod"]
        return [one for one in _parsed([text for each in of_pods for text in each.addresses or ()]) if one not in nodes]
    if not isinstance(value, Pod) or value.status is None or (value.spec is not None and value.spec.host_network):
        return []
    return _parsed([value.status.pod_ip, *(entry.ip for entry in value.status.pod_ips or ())])


def _on_nodes(value: object) -> list[str | None]:
    """The names of the nodes that an object says pods run on."""
    if isinstance(value, Pod):
        return [value.spec.node_name] if value.spec else []
    if isinstance(value, EndpointSlice):
        listed = value.endpoints or ()
        return [each.node_name for each in listed if each.target_ref and each.target_ref.kind == "Pod"]
    template = None
    if isinstance(value, Workload):
        template = value.spec.template if value.spec else None
    elif isinstance(value, CronJob):
        job = value.spec.job_template if value.spec else None
        template = job.spec.template if job and job.spec else None
    return [template.spec.node_name] if template and template.spec else []


def node_addresses(objects: Sequence[Decoded], name: str | None = None) -> list[Address]:
    """The `InternalIP` and `ExternalIP` addresses of the Node of that name, or of all Nodes."""
    texts: list[str | None] = []
    for one in _nodes(objects):
        if one.value.status and name in (None, one.name):
            listed = one.value.status.addresses or ()
            texts += [entry.address for entry in listed if entry.type in ("InternalIP", "ExternalIP")]
    return _parsed(texts)


def _nodes(objects: Sequence[Decoded]) -> Sequence[Decoded]:
    return of_kinds(objects, "Node")


def service_addresses(objects: Sequence[Decoded]) -> list[Address]:
    """Every address of every Service: cluster IPs, external IPs, and those of its load balancer."""
    texts: list[str | None] = []
    for one in objects:
        if not isinstance(one.value, Service):
            continue
        if spec := one.value.spec:
            texts += [spec.cluster_ip, *(spec.cluster_ips or ()), *(spec.external_ips or ())]
        if one.value.status and one.value.status.load_balancer:
            texts += [entry.ip for entry in one.value.status.load_balancer.ingress or ()]
    return _parsed(texts)


def unknown_pod(objects: Sequence[Decoded], pod_ranges: Sequence[str], family: Family) -> list[Span]:
    """The addresses a pod without a known one may have; none if the pod ranges are known and not of this family."""
    return _unknown_pod(tuple(objects), tuple(pod_ranges), family)


@lru_cache(maxsize=64)
def _unknown_pod(objects: tuple[Decoded, ...], pod_ranges: tuple[str, ...], family: Family) -> list[Span]:
    ranges = pod_networks(objects, pod_ranges)
    here = [one for one in ranges if one.version == family]
    if ranges and (pod_ranges or family not in pod_families(objects, ()) or not _has_more(objects, ranges, family)):
        return [span(one) for one in here]
    return _all_but(node_addresses(objects) + service_addresses(objects), [], family)


def unknown_elsewhere(ranges: Sequence[str], family: Family) -> list[Span]:
    """The addresses of an interface on a network of these ranges; any, where the network has none."""
    if ranges:
        return [span(one) for one in map(network, ranges) if one.version == family]
    return minus([_ALL[family]], [span(network(text)) for text in SPECIAL[family]])


def unknown_host(objects: Sequence[Decoded], pod_ranges: Sequence[str], family: Family) -> list[Span]:
    """The addresses a node without a known one may have."""
    return _unknown_host(tuple(objects), tuple(pod_ranges), family)


@lru_cache(maxsize=64)
def _unknown_host(objects: tuple[Decoded, ...], pod_ranges: tuple[str, ...], family: Family) -> list[Span]:
    return _all_but(service_addresses(objects), pod_networks(objects, pod_ranges), family)


def _all_but(addresses: Sequence[Address], networks: Sequence[Network], family: Family) -> list[Span]:
    taken = [span(network(text)) for text in SPECIAL[family]]
    taken += [span(one) for one in networks if one.version == family]
    taken += [(int(one), int(one)) for one in addresses if one.version == family]
    return minus([_ALL[family]], taken)


def _parsed(texts: Sequence[str | None]) -> list[Address]:
    return [found for text in texts if (found := address(text)) is not None]


def _decimal(text: str) -> str:
    """The text without leading zeros in its octets: stored objects may have them, and the API reads them as decimal."""
    return text if ":" in text else re.sub(r"(^|\.)0+(?=[0-9])", r"\1", text)
