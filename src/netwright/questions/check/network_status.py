"""What controllers say of networks, what they have not done for machines that run, and what they cannot do for a
network that is written so.

After OVN-Kubernetes at 8871cd9cec9c (`pkg/clustermanager/userdefinednetwork`: conditions of networks; OKEP-5088: EVPN;
`docs/features/bgp-integration/route-advertisements.md`: `targetVRF`)
and the IPAM extensions of KubeVirt (`pkg/claims`, `pkg/ipamclaimswebhook`: claims and how launcher pods name them).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from netwright.base.numbers import short
from netwright.base.spans import Origin, named
from netwright.dialects.k8s.endpoints import is_terminated
from netwright.dialects.k8s.objects import LabelSelector, Pod
from netwright.dialects.multus.objects import IPAMClaim
from netwright.dialects.nmstate.objects import NodeNetworkConfigurationPolicy
from netwright.dialects.ovn import CONNECTS, NETWORKS
from netwright.dialects.ovn.objects import ClusterUserDefinedNetwork, EgressIP
from netwright.model.document import Decoded
from netwright.profiles.networks import described
from netwright.profiles.odd_networks import addresses
from netwright.profiles.selected_namespaces import selected_namespaces
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.machines import Machines, Networks, found
from netwright.questions.check.scene import Scene
from netwright.spec.labels import matches

ADVERTISES: Final = "RouteAdvertisements"
"""A kind that is not evaluated, and of which only this is looked at."""
MUST_HOLD: Final = ("NetworkCreated", "NetworkReady", "NetworkAllocationSucceeded", "TransportAccepted", "Accepted")
"""Conditions of networks and of what joins them: `False` is a failure."""
NAMES_CLAIM: Final = ("ipam-claim-reference", "primary-udn-ipamclaim")
"""By which a launcher pod names its claim: a field of what it asks Multus for, or an annotation of OVN-Kubernetes."""


def checks(scene: Scene) -> Iterator[Found]:
    """NW6118, NW6119, NW6121, NW6123 and NW6310."""
    networks = scene.stage.once(Networks)
    yield from not_made(scene)
    yield from not_applied(scene)
    yield from without_claim(scene)
    yield from egress_of_evpn(scene, networks)
    yield from advertised_together(scene, networks)


def _conditions(d: Decoded) -> Iterator[tuple[int, dict[str, Any]]]:
    held = (d.value.status or {}).get("conditions")
    for number, one in enumerate(held if isinstance(held, list) else ()):
        if isinstance(one, dict):
            yield number, one


def _said(one: dict[str, Any]) -> str:
    return short(str(one.get("message") or one.get("reason") or "it does not say why"))


def not_made(scene: Scene) -> Iterator[Found]:
    """NW6118."""
    for d in scene.of_kind(*NETWORKS, *CONNECTS):
        for number, one in _conditions(d):
            if one.get("type") in MUST_HOLD and one.get("status") == "False":
                yield Found(
                    "NW6118",
                    at(d, "status", "conditions", number),
                    f"OVN-Kubernetes has not made {d.kind} `{named(d.namespace, d.name)}` as it is written: "
                    f"`{one.get('type')}` is False",
                    label=_said(one),
                    effect="verdicts are for the network as it is written; pods that need it do not start, or are on "
                    "what was made before",
                    help="correct what the message names; what cannot be changed is made anew, under another name or "
                    "once no pod uses it",
                    key=str(one.get("type")),
                )
                break


def not_applied(scene: Scene) -> Iterator[Found]:
    """NW6310."""
    for d in scene.objects:
        if not isinstance(d.value, NodeNetworkConfigurationPolicy):
            continue
        for number, one in _conditions(d):
            if one.get("type") == "Degraded" and one.get("status") == "True":
                yield Found(
                    "NW6310",
                    at(d, "status", "conditions", number),
                    f"the policy `{d.name}` for the network of nodes was not applied",
                    label=_said(one),
                    effect="nodes are as they were before: bridges, bonds, VLANs and mappings of it may not be there",
                    help="look at its NodeNetworkConfigurationEnactments; correct it, and it is tried again",
                )


def without_claim(scene: Scene) -> Iterator[Found]:
    """NW6119: machines that run, of whose addresses no claim is held."""
    machines = [m for m in scene.stage.once(Machines).all if any(_is_kept(card.network) for card in m.cards)]
    if not machines:
        return
    claims = {(d.namespace, d.name) for d in scene.objects if isinstance(d.value, IPAMClaim)}
    launchers: dict[tuple[str, str], list[Decoded]] = {}
    for d in scene.objects:
        if isinstance(d.value, Pod) and not is_terminated(d.value):
            for owner in d.value.metadata.owner_references or ():
                if owner.kind == "VirtualMachineInstance":
                    launchers.setdefault((d.namespace, owner.name), []).append(d)
    for machine in machines:
        pods = launchers.get((machine.noun.namespace, machine.noun.name), [])
        named = any(word in f"{k} {v}" for d in pods for k, v in _annotations(d) for word in NAMES_CLAIM)
        for card in machine.cards:
            name = (machine.noun.namespace, f"{machine.noun.name}.{card.name}")
            if not pods or named or name in claims or not _is_kept(card.network) or card.network is None:
                continue
            yield found(
                "NW6119",
                machine,
                card.pointer,
                f"no IPAMClaim holds the address of interface `{card.name}` of `{machine.noun.ref}`, which runs",
                label=f"on {described(card.network)}, whose addresses are persistent",
                effect="its next start gets another address, as if the network kept none",
                help="install KubeVirt's IPAM extensions, which make the claim, and start the machine again",
                key=card.name,
            )


def _is_kept(network: Any) -> bool:
    return network is not None and network.ipam == "ovn" and network.lifecycle == "persistent"


def _annotations(d: Decoded) -> Iterator[tuple[str, str | None]]:
    yield from (d.value.metadata.annotations or {}).items()


def egress_of_evpn(scene: Scene, networks: Networks) -> Iterator[Found]:
    """NW6123."""
    over_evpn = {
        namespace: one
        for one in networks.all[1:]
        if one.role == "primary"
        and (d := networks.object_of(one)) is not None
        and isinstance(d.value, ClusterUserDefinedNetwork)
        and d.value.network.transport == "EVPN"
        for namespace in one.namespaces or ()
    }
    if not over_evpn:
        return
    for d in scene.objects:
        if not isinstance(d.value, EgressIP) or d.value.spec is None or d.value.spec.namespace_selector is None:
            continue
        surely, _ = selected_namespaces(d.value.spec.namespace_selector, scene.objects)
        hit = [namespace for namespace in surely if namespace in over_evpn]
        if hit:
            network = over_evpn[hit[0]]
            yield Found(
                "NW6123",
                at(d, "spec", "namespaceSelector"),
                f"EgressIP `{d.name}` is for pods of {listed(hit)}, on {described(network)}, whose transport is EVPN",
                label=f"selects {listed(hit)}",
                effect="OVN-Kubernetes has no EgressIP on such a network: its pods leave with their own addresses",
                help="take these namespaces from the selector; the fabric knows the pods' own addresses",
                also=(Seen(network.origin, "the network"),) if network.origin else (),
            )


def advertised_together(scene: Scene, networks: Networks) -> Iterator[Found]:
    """NW6121: networks with the same addresses whose routes go to one table of the routers outside."""
    by_labels = [
        (one, {key: text or "" for key, text in (d.value.metadata.labels or {}).items()})
        for one in networks.all[1:]
        if one.role == "primary" and (d := networks.object_of(one)) is not None and d.kind == NETWORKS[1]
    ]
    if len(by_labels) < 2:
        return
    for document in scene.twin.snapshot.reading.documents:
        if document.kind != ADVERTISES:
            continue
        for number, selector in _advertised(document.tree()):
            chosen = [one for one, labels in by_labels if matches(selector, labels)]
            pairs = ((one, other) for i, one in enumerate(chosen) for other in chosen[i + 1 :])
            for one, other in pairs:
                common = addresses(one.subnets) & addresses(other.subnets)
                if not common:
                    continue
                yield Found(
                    "NW6121",
                    Origin(
                        kind=document.kind,
                        namespace="",
                        name=document.name,
                        pointer=("spec", "networkSelectors", number),
                        place=document.place,
                    ),
                    f"RouteAdvertisements `{document.name}` tells routers of {described(one)} and {described(other)}, "
                    f"which have {common.described(2)} in common",
                    label="into one table",
                    effect="routers outside have two ways to an address, and send to whichever they heard last",
                    help="set `targetVRF: auto`, which keeps a table for each network, or choose subnets that differ",
                    key=f"{one.ref} {other.ref}",
                    also=tuple(Seen(n.origin, n.ref) for n in (one, other) if n.origin),
                )


def _advertised(tree: Any) -> Iterator[tuple[int, LabelSelector]]:
    """The selectors of networks of which pod ranges go to one table, with their indexes; none of another shape."""
    spec = tree.get("spec") if isinstance(tree, dict) else None
    if not isinstance(spec, dict) or spec.get("targetVRF") == "auto":
        return
    advertised, selectors = spec.get("advertisements"), spec.get("networkSelectors")
    if not isinstance(advertised, list) or "PodNetwork" not in advertised or not isinstance(selectors, list):
        return
    for number, one in enumerate(selectors):
        part = one.get("clusterUserDefinedNetworkSelector") if isinstance(one, dict) else None
        held = part.get("networkSelector") if isinstance(part, dict) else None
        try:
            yield number, msgspec.convert(held, LabelSelector)
        except msgspec.ValidationError:
            continue
