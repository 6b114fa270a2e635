"""Ranges of addresses, as rows: whose, how many are taken, how many are left, and which overlap."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from netwright.base.ipset import IpSet, address_text
from netwright.base.spans import named
from netwright.dialects.k8s.objects import Node, Pod
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.multus.objects import IPAMClaim
from netwright.model.cluster import Cluster
from netwright.model.networks import POD, NetworkNoun, by_attachment
from netwright.model.subnets import SubnetNoun
from netwright.profiles.networks import networks_of
from netwright.profiles.odd_networks import addresses
from netwright.profiles.subnets import subnets_of
from netwright.questions.show.narrow import Narrow
from netwright.questions.show.rows import OverlapRow, Shown, SubnetRow
from netwright.questions.show.written import Locate, written

_STATUS = "k8s.v1.cni.cncf.io/network-status"
MOST_NOTES = 5
OF_OVN = ("layer2", "layer3", "localnet")


def subnet_rows(cluster: Cluster, locate: Locate, only: Narrow) -> Shown:
    """All ranges of the input. Narrowed to namespaces: those of networks that their pods can be on."""
    networks = networks_of(cluster.objects, cluster.pod_ranges.cidrs())
    ovn = cluster.profile.partition(":")[0] == "ovn-kubernetes" or any(n.topology in OF_OVN for n in networks)
    used = _used(cluster, networks)
    found = subnets_of(cluster.objects, networks, used, ovn=ovn)
    kept = [one for one in found if _is_for(one, networks, only)]
    rows = tuple(_row(one, locate) for one in kept)
    if only.addresses:
        rows = tuple(r for r in rows if addresses((r.range,)) & only.addresses)
    pairs = {(frozenset((r.ref, o.ref)), o.hurts) for r in rows for o in r.overlaps}
    counts = {
        "ranges": len(rows),
        "overlaps": len(pairs),
        "hurting": sum(hurts == "yes" for _, hurts in pairs),
        "perhaps_hurting": sum(hurts == "perhaps" for _, hurts in pairs),
    }
    return Shown(noun="subnets", rows=rows, counts=counts, notes=tuple(_notes(cluster, rows)))


def _row(one: SubnetNoun, locate: Locate) -> SubnetRow:
    origin = one.origin
    file, line = written(locate, origin.kind, origin.namespace, origin.name, origin.place) if origin else ("", 0)
    return SubnetRow(
        ref=one.ref,
        part=one.part,
        range=one.range,
        use=one.use,
        vlan=one.vlan,
        size=one.size,
        kept=one.kept,
        used=one.used,
        free=one.free,
        overlaps=tuple(OverlapRow(ref=o.ref, range=o.range, hurts=o.hurts, why=o.why) for o in one.overlaps),
        known_from=one.known_from,
        file=file,
        line=line,
    )


def _is_for(one: SubnetNoun, networks: tuple[NetworkNoun, ...], only: Narrow) -> bool:
    network = next((n for n in networks if n.ref == one.ref), None)
    if network is None or network.namespaces is None or only.namespaces is None:
        return True
    return any(map(only.holds_namespace, (*network.namespaces, *network.perhaps)))


def _notes(cluster: Cluster, rows: tuple[SubnetRow, ...]) -> Iterator[str]:
    told: dict[frozenset[str], str] = {}
    for row in rows:
        for other in row.overlaps:
            if other.hurts == "yes":
                words = f"{row.ref} {row.range} and {other.ref} {other.range}: {other.why}"
                told.setdefault(frozenset((row.ref, row.range, other.ref, other.range)), words)
    yield from list(told.values())[:MOST_NOTES]
    if len(told) > MOST_NOTES:
        yield f"{len(told) - MOST_NOTES} more overlaps that hurt: -o wide shows them"
    if not cluster.pod_ranges:
        yield "the pods' ranges are not known: `--pod-cidr` or Node objects with spec.podCIDRs name them"
    if any(row.use == "services" and row.size is None for row in rows):
        known = any(row.use == "services" and row.size is not None for row in rows)
        yield (
            "some Services have addresses of none of the ranges that are in the input"
            if known
            else "of Services their addresses are known, not the range that they are given of: a ServiceCIDR object or "
            "the API server's pod names it"
        )


# --- what is taken ------------------------------------------------------------------------------------------------


def _used(cluster: Cluster, networks: tuple[NetworkNoun, ...]) -> dict[str, IpSet]:
    """The addresses that the input knows to be taken, by the reference of the network."""
    taken: dict[str, list[str]] = {POD: list(_of_pods(cluster))}
    taken["service"] = [a for s in cluster.services for a in s.cluster_ips]
    taken["host"] = [
        a.address or ""
        for d in cluster.objects
        if isinstance(d.value, Node) and d.value.status
        for a in d.value.status.addresses or ()
        if a.type in ("InternalIP", "ExternalIP")
    ]
    called = {n.called: n.ref for n in networks if n.ref != POD}
    attachments = by_attachment(networks)
    for d in cluster.objects:
        if isinstance(d.value, IPAMClaim) and d.value.spec and d.value.status:
            ref = called.get(d.value.spec.network or "")
            if ref:
                taken.setdefault(ref, []).extend(_bare(d.value.status.ips or ()))
        elif isinstance(d.value, Pod):
            for name, ips in _status(d.value):
                at = attachments.get(name if "/" in name else named(d.namespace, name))
                if at is not None and at.ref != POD:
                    taken.setdefault(at.ref, []).extend(_bare(ips))
    for ref, ips in _of_machines(cluster, networks):
        if ref != POD:
            taken.setdefault(ref, []).extend(_bare(ips))
    return {ref: addresses(texts) for ref, texts in taken.items()}


def _bare(texts: tuple[str, ...]) -> list[str]:
    return [text.partition("/")[0] for text in texts]


def _of_pods(cluster: Cluster) -> Iterator[str]:
    columns = cluster.columns
    for row in range(columns.n):
        if columns.host[row]:
            continue
        if columns.has_v4[row]:
            yield address_text(4, int(columns.v4[row]))
        if columns.has_v6[row]:
            yield address_text(6, int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big"))


def _status(pod: Pod) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The networks that Multus says a pod is attached to, with its addresses there."""
    text = (pod.metadata.annotations or {}).get(_STATUS)
    with suppress(ValueError):
        held = json.loads(text) if text else []
        for one in held if isinstance(held, list) else ():
            if isinstance(one, dict) and not one.get("default") and isinstance(one.get("name"), str):
                ips = one.get("ips")
                yield one["name"], tuple(ip for ip in ips if isinstance(ip, str)) if isinstance(ips, list) else ()


def _of_machines(cluster: Cluster, networks: tuple[NetworkNoun, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not any(d.kind in MACHINES for d in cluster.objects):
        return
    from netwright.dialects.kubevirt.machines import machines_of

    for machine in machines_of(cluster.objects, networks, sticky=False):
        for nic in machine.nics:
            if nic.network and nic.addresses:
                yield nic.network, nic.addresses
