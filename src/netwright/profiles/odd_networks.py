"""What is odd about a network among the others of an input, so that OVN-Kubernetes would not make it as it is written.

After `go-controller/pkg` of OVN-Kubernetes at 8871cd9cec9c: `util/multi_network.go` (`subnetOverlapCheck`),
`config/config.go` (the ranges that it uses itself, where they are left as they are) and
`clustermanager/userdefinednetwork/controller_helper.go` (one primary network a namespace).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from netwright.base.ipset import IpSet
from netwright.dialects.k8s.objects import Node, Service
from netwright.dialects.k8s.service_ranges import service_ranges
from netwright.dialects.ovn import NETWORKS
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun

OWN: Final = (
    (("100.64.0.0/16", "fd98::/64"), "the join subnet of OVN-Kubernetes, where that is left as it is"),
    (
        ("169.254.169.0/29", "169.254.0.0/17", "fd69::/112"),
        "the masquerade subnet of OVN-Kubernetes, where that is left as it is",
    ),
)
"""As OVN-Kubernetes leaves them, and as OpenShift does (169.254.0.0/17 since 4.17)."""
TRANSIT: Final = (("100.88.0.0/16", "fd97::/64"), "the transit subnet of OVN-Kubernetes, where that is left as it is")
"""Of primary networks of topology layer2 it chooses another one by itself."""
_OVERLAYS: Final = ("layer2", "layer3")


def noted(
    networks: Sequence[NetworkNoun], objects: Sequence[Decoded], pod_ranges: Sequence[str]
) -> tuple[NetworkNoun, ...]:
    """The networks, with what is odd about each; a user-defined one without the attachments that are another's."""
    refs = {network.ref for network in networks}
    rivals = rivals_of(networks)
    taken = _taken(networks, objects, pod_ranges)
    out = []
    for network in networks:
        notes = list(network.notes)
        lost = [at for at in network.attachments if f"nad/{at}" in refs] if network.kind in NETWORKS else []
        if lost:
            notes.append(
                f"NetworkAttachmentDefinition {_listed(lost)} is another network's: OVN-Kubernetes does not make this "
                "one there"
            )
        for namespace, others in rivals.get(network.ref, ()):
            notes.append(f"`{namespace}` has {_listed(others)} as a primary network too; it can have one")
        notes += [
            f"its subnets have {common.described(2)} in common with {whose}"
            for common, whose in _overlaps(network, taken)
        ]
        if notes != list(network.notes):
            kept = tuple(at for at in network.attachments if at not in lost)
            network = replace(network, attachments=kept, notes=tuple(notes))
        out.append(network)
    return tuple(out)


def rivals_of(networks: Sequence[NetworkNoun]) -> dict[str, list[tuple[str, list[str]]]]:
    """For every primary network the namespaces that have others too, and these."""
    of: dict[str, list[str]] = {}
    for network in networks:
        if network.role == "primary":
            for namespace in network.namespaces or ():
                of.setdefault(namespace, []).append(network.ref)
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for namespace, refs in sorted(of.items()):
        for ref in refs:
            if others := [other for other in refs if other != ref]:
                found.setdefault(ref, []).append((namespace, others))
    return found


def _of_cluster(objects: Sequence[Decoded], pod_ranges: Sequence[str]) -> list[tuple[tuple[str, ...], str]]:
    """The ranges of the pod network and the addresses of Services."""
    pods, services = list(pod_ranges), [one.range for one in service_ranges(objects)]
    for d in objects:
        if isinstance(d.value, Node) and d.value.spec is not None:
            pods += d.value.spec.pod_cidrs or ()
        elif isinstance(d.value, Service) and d.value.spec is not None:
            ips = d.value.spec.cluster_ips or ((d.value.spec.cluster_ip,) if d.value.spec.cluster_ip else ())
            services += [ip for ip in ips if ip != "None"]
    return [(tuple(pods), "the ranges of the pod network"), (tuple(services), "the addresses of Services")]


def overlaps(
    networks: Sequence[NetworkNoun], objects: Sequence[Decoded], pod_ranges: Sequence[str]
) -> Iterator[tuple[NetworkNoun, IpSet, str]]:
    """The networks with addresses that are taken, which, and by whom, in words."""
    taken = _taken(networks, objects, pod_ranges)
    for network in networks:
        for common, whose in _overlaps(network, taken):
            yield network, common, whose


def _taken(
    networks: Sequence[NetworkNoun], objects: Sequence[Decoded], pod_ranges: Sequence[str]
) -> list[tuple[tuple[str, ...], str]]:
    """The ranges that no overlay may have, and whose they are."""
    needed = any(network.topology in _OVERLAYS for network in networks)
    return [*OWN, *_of_cluster(objects, pod_ranges)] if needed else []


def _overlaps(network: NetworkNoun, taken: Sequence[tuple[tuple[str, ...], str]]) -> Iterator[tuple[IpSet, str]]:
    if network.topology not in _OVERLAYS:
        return
    own = addresses(network.subnets)
    for ranges, whose in [*taken, TRANSIT] if network.topology == "layer3" else taken:
        if common := own & addresses(ranges):
            yield common, whose


def addresses(texts: Iterable[str]) -> IpSet:
    """The addresses of ranges, of which some have the prefix length of each node's part behind them; of what is no
    range none."""
    found = IpSet()
    for text in texts:
        try:
            found |= IpSet.of("/".join(text.split("/")[:2]))
        except ValueError:
            continue
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
