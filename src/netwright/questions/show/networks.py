"""Networks, as rows: the pod network with each node's part, the nodes' own, the Services' addresses, and the networks
that objects define."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netwright.base.ipset import IpSet
from netwright.base.spans import named
from netwright.dialects.k8s.objects import Node
from netwright.dialects.k8s.service_ranges import service_ranges
from netwright.model.cluster import Cluster
from netwright.model.networks import NetworkNoun
from netwright.model.wires import Wire
from netwright.profiles.networks import networks_of
from netwright.profiles.odd_networks import addresses
from netwright.profiles.wires import wires_of
from netwright.questions.show.narrow import Narrow
from netwright.questions.show.rows import NetworkRow, Shown, WireRow
from netwright.questions.show.written import Locate, written

MOST_NOTES = 5
"""How many notes about single networks stand under the table."""


def network_rows(cluster: Cluster, locate: Locate, only: Narrow) -> Shown:
    """All networks of the input. Narrowed to namespaces: those that their pods are on, or can be attached to."""
    columns = cluster.columns
    on_pods = int((~columns.host).sum())
    given, nodes = IpSet.of(*cluster.pod_cidrs), [d for d in cluster.objects if isinstance(d.value, Node)]
    parts = {d.name: _pod_cidrs(d.value) for d in nodes}
    sources = (["--pod-cidr"] if given else []) + (["Node objects"] if any(parts.values()) else [])
    pod, *others = networks_of(cluster.objects, cluster.pod_ranges.cidrs())
    out = [
        NetworkRow(
            ref=pod.ref,
            families=tuple(f"IPv{f}" for f in cluster.families),
            role=pod.role,
            subnets=pod.subnets,
            vlan=pod.vlan,
            mtu_bytes=pod.mtu_bytes,
            mtu_why=pod.mtu_why,
            ipam=pod.ipam,
            endpoints=on_pods,
            attachments=pod.attachments,
            known_from=" and ".join(sources),
            notes=pod.notes,
        )
    ]
    for name, cidrs in sorted(parts.items()):
        if cidrs:
            number = columns.nodes.index(name) if name in columns.nodes else -1
            here = int(((columns.node == number) & ~columns.host).sum()) if number >= 0 else 0
            out.append(_part("pod", f"node/{name}", IpSet.of(*cidrs), here, "Node object"))
    for d in sorted(nodes, key=lambda d: d.name):
        listed = (d.value.status.addresses or ()) if d.value.status else ()
        own = addresses([a.address for a in listed if a.type in ("InternalIP", "ExternalIP")])
        number = columns.nodes.index(d.name) if d.name in columns.nodes else -1
        here = int(((columns.node == number) & columns.host).sum())
        out.append(_part("host", f"node/{d.name}", own, here, "Node object" if own else ""))
    unplaced = int((columns.host & (columns.node < 0)).sum())
    if unplaced:
        out.append(_part("host", "of nodes not named", IpSet(), unplaced, ""))
    texts = [a for s in cluster.services for a in (*s.cluster_ips, *s.external_ips, *s.load_balancer)]
    ranges = service_ranges(cluster.objects)
    if cluster.services or ranges:
        held = addresses([*texts, *(one.range for one in ranges)])
        known = [*dict.fromkeys(one.known_from for one in ranges), *(["Service objects"] if texts else [])]
        out.append(_part("service", "", held, None, " and ".join(known)))
    kept = [n for n in others if _is_for(n, only)]
    wires = wires_of(cluster.objects, kept) if kept else {}
    moves, told = _of_migrations(cluster, others)
    out += [_defined(n, locate, wires.get(n.ref, ()), carries=n.ref == moves) for n in kept]
    if only.addresses:
        out = [r for r in out if addresses(r.subnets) & only.addresses]
    counts = {
        "networks": len({r.ref for r in out}),
        "primary": sum(r.role == "primary" and r.kind != "" for r in out),
        "secondary": sum(r.role == "secondary" for r in out),
        "nodes": len(nodes),
        "service_addresses": len(set(texts)),
    }
    return Shown(
        noun="networks",
        rows=tuple(out),
        counts=counts,
        notes=(*told, *_said_of(out), *_unknown(cluster, nodes, on_pods)),
    )


def _is_for(network: NetworkNoun, only: Narrow) -> bool:
    if network.namespaces is None or only.namespaces is None:
        return True
    return any(map(only.holds_namespace, (*network.namespaces, *network.perhaps)))


def _of_migrations(cluster: Cluster, networks: Sequence[NetworkNoun]) -> tuple[str, tuple[str, ...]]:
    """The reference of the network that live migrations go over, "" where the input does not have it; and what is to
    be said of it."""
    if not any(d.kind == "KubeVirt" for d in cluster.objects):
        return "", ()
    from netwright.profiles.migration_network import migration_attachment, migration_network

    named_ = migration_attachment(cluster.objects)
    if named_ is None:
        return "", ("live migrations go over the pod network: the KubeVirt object names no `migrations.network`",)
    found = migration_network(cluster.objects, networks)
    if found is None:
        return "", (f"live migrations go over `{named_[1]}`, which is not in the input",)
    return found.ref, (f"live migrations go over {found.ref}: virt-handler's pods on every node are attached to it",)


def _defined(network: NetworkNoun, locate: Locate, wires: tuple[Wire, ...], *, carries: bool) -> NetworkRow:
    origin = network.origin
    file, line = written(locate, network.kind, network.namespace, network.name, origin.place if origin else None)
    return NetworkRow(
        ref=network.ref,
        kind=network.kind,
        families=_families(addresses(network.subnets)),
        topology=network.topology,
        role=network.role,
        subnets=network.subnets,
        excluded=network.excluded,
        gateways=network.gateways,
        vlan=network.vlan,
        trunk=_spans(network.trunk),
        mtu_bytes=network.mtu_bytes,
        mtu_why=network.mtu_why,
        ipam=network.ipam,
        lifecycle=network.lifecycle,
        physical=network.physical,
        namespaces=network.namespaces,
        perhaps=network.perhaps,
        attachments=network.attachments,
        wires=tuple(_wire(w) for w in wires),
        carries="migrations" if carries else "",
        known_from=f"{network.kind} {named(network.namespace, network.name)}",
        notes=network.notes,
        file=file,
        line=line,
    )


def _wire(wire: Wire) -> WireRow:
    return WireRow(
        at=wire.at,
        bridge=wire.bridge,
        uplinks=wire.uplinks,
        vlans=None if wire.vlans is None else _spans(wire.vlans),
        mtu_bytes=wire.mtu_bytes,
        mtu_of=wire.mtu_of,
        policies=wire.policies,
        lacks=wire.lacks,
        open=wire.open,
    )


def _spans(vlans: Iterable[tuple[int, int]]) -> tuple[str, ...]:
    return tuple(str(low) if low == high else f"{low}-{high}" for low, high in vlans)


def _said_of(rows: Sequence[NetworkRow]) -> list[str]:
    """What is to be said of the networks together, and of the odd ones."""
    told = []
    primary = [r.ref for r in rows if r.role == "primary" and r.kind]
    if primary:
        listed = ", ".join(primary[:3]) + (f" and {len(primary) - 3} more" if len(primary) > 3 else "")
        told.append(f"pods on {listed} meet no pod of another network, the pod network's included, unless it is joined")
    if any(r.role == "secondary" for r in rows):
        told.append("NetworkPolicies act on a pod's primary network: secondary ones change none of its verdicts")
    cut = [f"{r.ref}: of {_shortly(w.at)} {w.lacks}" for r in rows for w in r.wires if w.lacks]
    told += cut[:MOST_NOTES]
    bare = [r.ref for r in rows if r.ipam == "none" and r.topology in ("layer2", "localnet")]
    if bare:
        listed = ", ".join(bare[:3]) + (f" and {len(bare) - 3} more" if len(bare) > 3 else "")
        told.append(f"nobody gives addresses on {listed}: of a MultiNetworkPolicy there only peers by `ipBlock` work")
    odd = [f"{r.ref}: {note}" for r in rows if r.kind for note in r.notes]
    told += odd[:MOST_NOTES]
    if len(odd) > MOST_NOTES:
        told.append(f"{len(odd) - MOST_NOTES} more such notes: -o wide shows them")
    return told


def _shortly(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _unknown(cluster: Cluster, nodes: Sequence[object], on_pods: int) -> list[str]:
    notes = []
    if not cluster.pod_ranges:
        notes.append("the pods' ranges are not known: `--pod-cidr` or Node objects with spec.podCIDRs name them")
    nowhere = int(((cluster.columns.node < 0) & ~cluster.columns.host).sum())
    if nodes and nowhere:
        notes.append(f"the nodes of {nowhere} of {on_pods} pod endpoints are not known")
    return notes


def _part(ref: str, part: str, held: IpSet, endpoints: int | None, known_from: str) -> NetworkRow:
    return NetworkRow(
        ref=ref,
        part=part,
        families=_families(held),
        subnets=tuple(c.removesuffix("/32").removesuffix("/128") for c in held.cidrs()),
        endpoints=endpoints,
        known_from=known_from,
    )


def _families(held: IpSet) -> tuple[str, ...]:
    return tuple(name for name, found in (("IPv4", held.v4), ("IPv6", held.v6)) if found)


def _pod_cidrs(node: Node) -> tuple[str, ...]:
    if node.spec is None:
        return ()
    return node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ())
