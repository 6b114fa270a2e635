"""Addresses of pods, nodes and Services that get in each other's way.

Only what objects themselves say counts: `spec.podCIDRs` and `status.addresses` of nodes, `status.podIPs`, `clusterIPs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.base.ipset import IpSet, address_text
from netwright.dialects.k8s.endpoints import is_terminated
from netwright.dialects.k8s.objects import Node, Pod
from netwright.dialects.k8s.service_ranges import service_ranges
from netwright.model.document import Decoded
from netwright.questions.check.found import CLUSTER, Found, Seen, at, listed, things
from netwright.questions.check.stage import Stage


def checks(scene: Stage) -> Iterator[Found]:
    yield from overlapping_pod_ranges(scene)
    yield from services_among_pods(scene)
    yield from one_address_twice(scene)
    yield from nodes_among_pods(scene)
    yield from nodes_alike(scene)


def _nodes(scene: Stage) -> list[Decoded]:
    return [d for d in scene.objects if isinstance(d.value, Node)]


def _ranges_of(scene: Stage) -> list[tuple[Decoded, IpSet]]:
    """The nodes that have pod ranges, by name. None where pods have addresses beyond them: then the network plugin
    gives addresses by itself, and these ranges say nothing."""
    found = []
    for d in sorted(_nodes(scene), key=lambda d: d.name):
        spec = d.value.spec
        cidrs = [*(spec.pod_cidrs or ()), *([spec.pod_cidr] if spec.pod_cidr else [])] if spec else []
        if cidrs:
            found.append((d, IpSet.of(*cidrs)))
    every = _union(ranges for _, ranges in found)
    beyond = found and any(not IpSet.of(a) <= every for _, addresses in _live_pods(scene) for a in addresses)
    return [] if beyond else found


def _union(sets: Iterable[IpSet]) -> IpSet:
    spans = [(one.v4, one.v6) for one in sets]
    return IpSet((i for v4, _ in spans for i in v4), (i for _, v6 in spans for i in v6))


def _live_pods(scene: Stage) -> list[tuple[Decoded, list[str]]]:
    """The pods that run and are on a network of their own, with their addresses."""
    return scene.once(_find_live_pods)


def _find_live_pods(scene: Stage) -> list[tuple[Decoded, list[str]]]:
    found = []
    for d in scene.objects:
        if not isinstance(d.value, Pod) or is_terminated(d.value) or (d.value.spec and d.value.spec.host_network):
            continue
        status = d.value.status
        if status and status.phase == "Unknown":
            continue  # its node is lost, and its address given to another perhaps
        texts = [*(ip.ip for ip in status.pod_ips or ()), status.pod_ip] if status else []
        addresses = list(dict.fromkeys(t for t in texts if t))
        if addresses:
            found.append((d, addresses))
    return found


def _place(node: Decoded) -> tuple[str, ...]:
    spec = node.value.spec
    return ("spec", "podCIDRs") if spec and spec.pod_cidrs else ("spec", "podCIDR")


# --- ranges --------------------


def overlapping_pod_ranges(scene: Stage) -> Iterator[Found]:
    """NW5001: nodes whose pod ranges overlap."""
    starts = [
        (family, low, high, d)
        for d, ranges in scene.once(_ranges_of)
        for family, spans in ((4, ranges.v4), (6, ranges.v6))
        for low, high in spans
    ]
    starts.sort(key=lambda s: (s[0], s[1], s[3].name))
    told = set()
    before: tuple[int, int, int, Decoded] | None = None
    for span in starts:
        if before is not None and before[0] == span[0] and span[1] < before[2]:
            pair = before[3].name, span[3].name
            if pair not in told and pair[0] != pair[1]:
                told.add(pair)
                shared = IpSet([(span[1], min(span[2], before[2]))]) if span[0] == 4 else None
                common = shared or IpSet((), [(span[1], min(span[2], before[2]))])
                yield Found(
                    "NW5001",
                    at(span[3], *_place(span[3])),
                    f"the pod ranges of nodes `{pair[0]}` and `{pair[1]}` overlap in {common.described()}",
                    label=f"overlaps those of {pair[0]}",
                    effect="two pods may get one address, and packets for a pod go to whichever node has the route",
                    help="give each node a range of its own; a node takes up another one only when it joins anew",
                    key=pair[0],
                    also=(Seen(at(before[3], *_place(before[3])), f"of {pair[0]}"),),
                )
        if before is None or before[0] != span[0] or span[2] > before[2]:
            before = span


def services_among_pods(scene: Stage) -> Iterator[Found]:
    """NW5002: cluster IPs inside the pods' ranges, and the range that Services get theirs of, told once."""
    nodes = scene.once(_ranges_of)
    ranges = _union(r for _, r in nodes)
    if not ranges:
        return
    for given in service_ranges(scene.objects):
        common = IpSet.of(given.range) & ranges
        if common:
            of, _ = next((d, r) for d, r in nodes if common & r)
            yield Found(
                "NW5002",
                given.origin,
                f"the range of Services, {given.range}, and the pods' ranges have {common.described(2)} in common",
                label=f"node {of.name} has a part of it for pods",
                effect="a Service may get the address of a pod: packets for the pod then go to the Service",
                help="keep the Services' range (`--service-cluster-ip-range`) apart from the pods' (`--cluster-cidr`)",
                key=given.range,
                also=(Seen(at(of, *_place(of)), "pods get addresses from here"),),
            )
            return
    inside = [s for s in scene.cluster.services if any(IpSet.of(a) & ranges for a in s.cluster_ips)]
    if not inside:
        return
    first = min(inside, key=lambda s: (s.namespace, s.name))
    decoded = next(d for d in scene.of_kind("Service") if (d.namespace, d.name) == (first.namespace, first.name))
    address = next(a for a in first.cluster_ips if IpSet.of(a) & ranges)
    node, _ = next((d, r) for d, r in nodes if IpSet.of(address) & r)
    yield Found(
        "NW5002",
        at(decoded, "spec", "clusterIP"),
        f"{len(inside)} Service{'s have addresses' if len(inside) > 1 else ' has an address'} inside the pods' ranges: "
        f"{listed([s.ref for s in inside])}",
        label=f"in the pod range of node {node.name}",
        effect="a pod may get the same address: its packets then go to the Service, or the Service's to it",
        help="keep the Services' range (`--service-cluster-ip-range`) apart from the pods' (`--cluster-cidr`)",
        also=(Seen(at(node, *_place(node)), "pods get addresses from here"),),
    )


def nodes_among_pods(scene: Stage) -> Iterator[Found]:
    """NW5004: node addresses inside the pods' ranges."""
    nodes = scene.once(_ranges_of)
    ranges = _union(r for _, r in nodes)
    for d in _nodes(scene) if ranges else ():
        for index, address in _addresses(d):
            if IpSet.of(address) & ranges:
                of = next(n for n, r in nodes if IpSet.of(address) & r)
                yield Found(
                    "NW5004",
                    at(d, "status", "addresses", index, "address"),
                    f"address {address} of node `{d.name}` is inside the pods' ranges",
                    label=f"in the pod range of node {of.name}",
                    effect="a pod may get the node's address, and packets for the node are led to where pods are",
                    help="keep the nodes' network apart from the pods' (`--cluster-cidr`)",
                    key=address,
                    also=(Seen(at(of, *_place(of)), "pods get addresses from here"),),
                )


# --- addresses --------------------


def one_address_twice(scene: Stage) -> Iterator[Found]:
    """NW5003: two pods that run with one address."""
    holders: dict[IpSet, list[Decoded]] = {}
    for d, addresses in _live_pods(scene):
        for address in addresses:
            holders.setdefault(IpSet.of(address), []).append(d)
    for held, pods in holders.items():
        if len(pods) < 2:
            continue
        pods.sort(key=lambda d: (d.namespace, d.name))
        refs = tuple(f"pod/{d.namespace}/{d.name}" for d in pods)
        text = address_text(4, held.v4[0][0]) if held.v4 else address_text(6, held.v6[0][0])
        yield Found(
            "NW5003",
            at(pods[-1], "status", "podIP"),
            f"{len(pods)} pods have the address {text}: {listed(refs)}",
            label=f"{refs[0]} has it too",
            effect="packets for one of them reach the other, and policies cannot tell them apart by address",
            help="delete one, so that it starts anew; then look for leases that the network plugin lost",
            key=text,
            workloads=scene.refs(r for r, d in enumerate(scene.cluster.row_objects) if d in pods),
            objects=things(pods),
            subject=CLUSTER,
            also=(Seen(at(pods[0], "status", "podIP"), "here"),),
        )


def nodes_alike(scene: Stage) -> Iterator[Found]:
    """NW5005: two nodes with one internal address. (External ones may be those of a gateway before both.)"""
    holders: dict[IpSet, list[tuple[Decoded, int, str]]] = {}
    for d in sorted(_nodes(scene), key=lambda d: d.name):
        for index, address in _addresses(d, "InternalIP"):
            holders.setdefault(IpSet.of(address), []).append((d, index, address))
    for found in holders.values():
        names = list(dict.fromkeys(d.name for d, _, _ in found))
        if len(names) < 2:
            continue
        d, index, address = found[-1]
        first, place, _ = found[0]
        yield Found(
            "NW5005",
            at(d, "status", "addresses", index, "address"),
            f"nodes {listed(names)} have one internal address, {address}",
            label=f"{first.name} has it too",
            effect="the API server and other nodes reach only one of them: logs, exec, probes and routes of the other "
            "fail",
            help="give each kubelet the address of an interface of its own (`--node-ip`)",
            key=address,
            objects=tuple(f"Node {name}" for name in names),
            subject=CLUSTER,
            also=(Seen(at(first, "status", "addresses", place, "address"), "here"),),
        )


def _addresses(node: Decoded, *types: str) -> list[tuple[int, str]]:
    """The addresses of a node with their indexes; those that are no IP address are left out."""
    status = node.value.status
    listed_ = (status.addresses if status else None) or ()
    kinds = types or ("InternalIP", "ExternalIP")
    return [(i, a.address) for i, a in enumerate(listed_) if a.type in kinds and _is_address(a.address)]


def _is_address(text: str) -> bool:
    try:
        IpSet.of(text)
    except ValueError:
        return False
    return True
