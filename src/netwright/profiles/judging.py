"""A profile as the reference evaluator is told it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwright.dialects.istio.options import DEFAULTS
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded, Objects, UnknownPolicy
from netwright.model.networks import POD
from netwright.profiles.enforcers import not_enforced
from netwright.profiles.profile import Profile
from netwright.spec.addresses import pod_networks, showing_more

POLICIES = ("NetworkPolicy", "CiliumNetworkPolicy", "NetworkPolicy.projectcalico.org")
"""Kinds of policies that act in the namespace in which they stand, and in no other."""
MACHINES = ("VirtualMachine", "VirtualMachineInstance")
"""Kinds that say of launcher pods of their namespace what comes through to the guest."""
MEANT = ("Service", "EndpointSlice", "NetworkSet", "ServiceAccount")
"""Kinds that policies of any namespace can mean."""


def deciding_objects(cluster: Cluster, namespaces: frozenset[str]) -> tuple[Decoded, ...]:
    """The objects that can decide a packet between ends of these namespaces, which are all that an evaluator needs."""
    if cluster.network != POD:
        return cluster.whole
    if cluster.mesh is not None or cluster.profile.startswith("ovn-kubernetes"):
        # who is in a mesh, and which nodes pods on their nodes' network are, is told by objects of any namespace
        return cluster.objects
    if "deciding" not in cluster.kept:
        cluster.kept["deciding"] = _by_namespace(cluster.objects)
    by_namespace: dict[str, list[int]] = cluster.kept["deciding"]
    there = [*by_namespace.get("", ())]
    for namespace in namespaces - {""}:
        there += by_namespace.get(namespace, ())
    return Objects(map(cluster.objects.__getitem__, sorted(there)))


def _by_namespace(objects: Sequence[Decoded]) -> dict[str, list[int]]:
    """The numbers of the objects that decide in each namespace, and under "" those that decide everywhere."""
    found: dict[str, list[int]] = {}
    for i, d in enumerate(objects):
        if not d.namespace or d.kind in MEANT:
            found.setdefault("", []).append(i)
        elif d.kind in POLICIES or d.kind in MACHINES:
            found.setdefault(d.namespace, []).append(i)
    ranges = pod_networks(objects, ())
    for telling in showing_more(objects, ranges) if ranges else ():  # of the addresses that pods anywhere may have
        found.setdefault("", []).append(next(i for i, d in enumerate(objects) if d is telling))
    return found


def as_judged(profile: Profile, objects: Sequence[Decoded], unknown: Sequence[UnknownPolicy] = ()) -> dict[str, Any]:
    """The arguments of `spec.judge.judge` that a profile decides: `unknown`, which is what was not read and what of the
    objects is another CNI's, `mesh` where something is said of it, and `profile` with `options` where it is not
    `upstream`, which it takes by itself."""
    found: dict[str, Any] = {"unknown": (*unknown, *not_enforced(objects, profile))}
    if profile.mesh != DEFAULTS:
        from netwright.spec.istio_mesh import MeshOptions

        told = profile.mesh
        found["mesh"] = MeshOptions(mesh=told.mesh, root_namespace=told.root, trust_domain=told.trust_domain)
    if profile.name.partition(":")[0] == "upstream":
        return found
    if profile.tiers == "calico":
        from netwright.spec.calico_members import CalicoOptions

        calico = CalicoOptions(default_endpoint_to_host_action=profile.host_action)
        return found | {"profile": "calico", "options": calico}
    if profile.name.partition(":")[0] == "ovn-kubernetes":
        return found | {"profile": "ovn-kubernetes", "primary_networks": True}
    from netwright.spec.cilium_identities import CiliumOptions

    modes = {"pod": "pods", "node": "nodes"}
    options = CiliumOptions(
        cidr_match_modes=frozenset(modes[kind] for kind in profile.reading.ranges or () if kind in modes),  # type: ignore[misc]
        enforcement=profile.enforcement,
        cluster_network_policies="ClusterNetworkPolicy" in profile.kinds,
        allow_localhost="policy" if profile.own_node == "policy" else "auto",
    )
    return found | {"profile": "cilium", "options": options}
