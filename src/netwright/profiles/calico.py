"""The `calico` profile: Calico 3.32, as its source decides.

After `felix/calc` (tiers, orders, selectors), `felix/rules` (endpoints, static) and
`libcalico-go/lib/backend/k8s/conversion` (how it reads the policies of Kubernetes).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from netwright.base.services import NONE
from netwright.dialects.calico import KINDS, STAGED
from netwright.dialects.calico.pod_labels import SEEN
from netwright.dialects.k8s.reading import Reading
from netwright.profiles.profile import MESH_OPTIONS, Option, Profile

HOST_ACTION: Final = "default-endpoint-to-host-action"
HOST_ACTIONS: Final = ("Drop", "Accept", "Return")
OPTIONS: Final = (
    Option(
        name=HOST_ACTION,
        values=HOST_ACTIONS,
        says="what becomes of packets from a pod to its own node that egress policy lets pass; left out, what a "
        "FelixConfiguration in the input says",
    ),
    *MESH_OPTIONS,
)
CALICO = Profile(
    name="calico",
    title="Calico 3.32 with its default options",
    kinds=("NetworkPolicy", *KINDS, "Tier", "NetworkSet", "GlobalNetworkSet", "HostEndpoint", "ClusterNetworkPolicy"),
    ignored=("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", *STAGED),
    policy_ties="ordered",
    admin_ties="ordered",
    isolation="after its tier",
    own_node="admitted",
    tiers="calico",
    reading=Reading(beyond=NONE, labels=SEEN),
    options=OPTIONS,
    assumptions=(
        "hostNetwork pods are their node: policies for pods do not act on them, and selectors do not mean them",
        "NetworkPolicies stand in the tier `default` at order 1000, ClusterNetworkPolicies in `kube-admin` and "
        "`kube-baseline`",
        "a node reaches its own pods whatever policies say; from a pod to its own node `defaultEndpointToHostAction` "
        "holds behind egress policy, Drop unless it is configured",
        "packets of a node have the node's own address, whatever tunnels make of it",
        "policies act on a connection to a Service once it is led to an endpoint",
    ),
)


def with_options(options: Mapping[str, str]) -> Profile:
    """The profile with options of Felix. Raises ValueError for one that is not read, or a value that it cannot have."""
    profile = CALICO
    for key, value in options.items():
        if key != HOST_ACTION:
            raise ValueError(f"`{key}` is no option that is read; those are {HOST_ACTION}")
        known = {one.lower(): one for one in HOST_ACTIONS}
        if value.lower() not in known:
            raise ValueError(f"`{key}` is `Drop`, `Accept` or `Return`, not `{value}`")
        profile = replace(profile, host_action=known[value.lower()])
    told = ",".join(f"{key}={value}" for key, value in options.items())
    return replace(profile, name=f"calico:{told}") if told else profile
