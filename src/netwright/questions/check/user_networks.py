"""Networks that do not come about as they are written, and namespaces without the one that they ask for.

After OVN-Kubernetes at 8871cd9cec9c (`docs/features/user-defined-networks`, OKEP-5193, `profiles.odd_networks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.dialects.ovn import NETWORKS
from netwright.model.networks import NetworkNoun
from netwright.profiles.multi_policies import OVN_TOPOLOGIES
from netwright.profiles.networks import LABEL, described, differing_attachments
from netwright.profiles.odd_networks import overlaps, rivals_of
from netwright.questions.check.attached import Attached, attached
from netwright.questions.check.found import Found, Seen, at, listed, namespace_of
from netwright.questions.check.machines import Networks
from netwright.questions.check.stage import Stage

_CUDN: Final = NETWORKS[1]


def checks(scene: Stage) -> Iterator[Found]:
    """NW6101 to NW6104, NW6112, NW6113, NW6115 and NW6124."""
    networks = scene.stage.once(Networks)
    yield from unlabelled(scene, networks)
    yield from without_network(scene, networks)
    yield from two_primary(scene, networks)
    yield from overlapping(scene, networks)
    yield from headless(scene, networks)
    yield from differing(scene)
    yield from nowhere(scene, networks)
    yield from attached_twice(scene)


def _seen(networks: Networks, network: NetworkNoun, label: str) -> tuple[Seen, ...]:
    d = networks.object_of(network)
    return (Seen(at(d, "metadata", "name"), label),) if d is not None else ()


def unlabelled(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6101: namespaces that a primary network is for, without the label that it needs."""
    for network in networks.all[1:]:
        for namespace in (network.namespaces or ()) if network.role == "primary" else ():
            d = scene.namespaces.get(namespace)
            if d is None or LABEL in (d.value.metadata.labels or {}):
                continue
            yield Found(
                "NW6101",
                at(d, "metadata", "labels"),
                f"{described(network)} is for `{namespace}`, which has no label `{LABEL}`",
                label="no label for a primary network",
                effect="OVN-Kubernetes makes no primary network here: the pods are on the cluster's pod network, with "
                "its addresses and among its pods",
                help="make the namespace anew with the label: it cannot be added, or taken away, later",
                key=network.ref,
                also=_seen(networks, network, "is for this namespace"),
            )


def without_network(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6102: namespaces that wait for a primary network."""
    expected = {
        namespace
        for network in networks.all[1:]
        if network.role == "primary"
        for namespace in (*(network.namespaces or ()), *network.perhaps)
    }
    for namespace, d in scene.namespaces.items():
        if d is None or namespace in expected or LABEL not in (d.value.metadata.labels or {}):
            continue
        refs = tuple(w.ref for w in scene.workloads if w.namespace == namespace and not scene.is_host(w))
        if refs:
            yield Found(
                "NW6102",
                at(d, "metadata", "labels", LABEL),
                f"`{namespace}` asks for a primary network, and the input has none for it",
                label="no network is for it",
                effect=f"the pods of {listed(refs)} do not start before there is one",
                help="add a UserDefinedNetwork with the role Primary, or the namespace to the selector of a "
                "ClusterUserDefinedNetwork",
                workloads=refs,
            )


def two_primary(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6103: several primary networks of one namespace, told once."""
    told: set[str] = set()
    for ref, others in rivals_of(networks.all[1:]).items():
        network = networks.by_ref[ref]
        d = networks.object_of(network)
        for namespace, rivals in others:
            if namespace in told or d is None:
                continue
            told.add(namespace)
            yield Found(
                "NW6103",
                at(d, "metadata", "name"),
                f"`{namespace}` has {len(rivals) + 1} primary networks: {listed([ref, *rivals])}",
                label="one of them",
                effect="a namespace has one primary network: OVN-Kubernetes does not make the second, or none",
                help="take the namespace from all but one, or give the others the role Secondary",
                key=namespace,
                objects=(ref, *rivals),
                subject=namespace_of(namespace),
                also=tuple(seen for one in rivals for seen in _seen(networks, networks.by_ref[one], "another")),
            )


def overlapping(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6104: subnets that the cluster uses itself."""
    cluster = scene.cluster
    for network, common, whose in overlaps(networks.all[1:], cluster.objects, cluster.pod_ranges.cidrs()):
        if network.origin is not None:
            yield Found(
                "NW6104",
                network.origin,
                f"{described(network)} has {common.described(2)} in common with {whose}",
                label="the same addresses twice",
                effect="OVN-Kubernetes refuses the network, or its pods do not reach what has these addresses outside",
                help="choose other subnets: they cannot be changed later, so the network is made anew",
                key=whose,
            )


def headless(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6112: headless Services of pods on another primary network than the pod network."""
    for service in scene.cluster.services:
        network = networks.primary(service.namespace)
        if network is None or not service.headless or not service.selected:
            continue
        refs = scene.refs(service.selected)
        yield Found(
            "NW6112",
            service.origin,
            f"the headless Service `{service.namespace}/{service.name}` gives addresses of the pod network, and its "
            f"pods are on {described(network)}",
            label="names lead to the wrong network",
            effect=f"whoever asks for the name gets addresses at which only the kubelet reaches {listed(refs)}",
            help="give the Service a cluster address: it leads to the pods' addresses on their primary network",
            workloads=refs,
        )


def differing(scene: Stage) -> Iterator[Found]:
    """NW6113: attachments that say one name and are not alike."""
    for first, other, words in differing_attachments(scene.objects):
        yield Found(
            "NW6113",
            at(other, "spec", "config"),
            f"NetworkAttachmentDefinition `{other.namespace}/{other.name}` says the name of "
            f"`{first.namespace}/{first.name}` and another {words}",
            label=f"differs in {words}",
            effect="attachments with one name are one network: OVN-Kubernetes takes the first, and refuses this one",
            help="make them alike, or give this network another name",
            key=words,
            also=(Seen(at(first, "spec", "config"), "says the same name"),),
        )


def nowhere(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6115: a ClusterUserDefinedNetwork for no namespace."""
    if not any(d is not None for d in scene.namespaces.values()):
        return
    for network in networks.all[1:]:
        d = networks.object_of(network)
        if network.kind == _CUDN and d is not None and not network.namespaces and not network.perhaps:
            yield Found(
                "NW6115",
                at(d, "spec", "namespaceSelector"),
                f"{described(network)} is for no namespace of the input",
                label="selects none",
                effect="nothing can be attached to it",
                help="correct the selector, or label the namespaces",
            )


def attached_twice(scene: Stage) -> Iterator[Found]:
    """NW6124: two interfaces of one pod by one attachment of OVN-Kubernetes."""
    first: dict[tuple[str, str], Attached] = {}
    for one in scene.stage.once(attached):
        if one.network is None or one.network.topology not in OVN_TOPOLOGIES:
            continue
        before = first.setdefault((one.ref, one.name), one)
        if before is one:
            continue
        yield Found(
            "NW6124",
            at(one.decoded, *one.pointer),
            f"`{one.ref}` has two interfaces on `{one.name}`, which is a network of OVN-Kubernetes",
            label="the second by one attachment",
            effect="a build of OVN-Kubernetes without pull request 5714 refuses the pod: it does not start",
            help="ask which build runs; a second NetworkAttachmentDefinition with the same `name` in its configuration "
            "works in all",
            key=f"{one.interface} {one.name}",
            workloads=(one.ref,),
            also=(Seen(at(before.decoded, *before.pointer), "the first"),) if before.pointer != one.pointer else (),
        )
