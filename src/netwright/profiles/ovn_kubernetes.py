"""The `ovn-kubernetes` profile: OVN-Kubernetes as its source decides.

After `go-controller/pkg/ovn` of the repository ovn-kubernetes/ovn-kubernetes: `base_network_policy.go` (isolation, the
own node, peers), `gress_policy.go` and `pkg/libovsdb/util/acl.go` (ports), `controller/admin_network_policy` (tiers and
priorities), `egressfirewall.go`; and `docs/features/network-security-controls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netwright.base.services import NONE
from netwright.dialects.k8s.reading import Reading
from netwright.profiles.profile import MESH_OPTIONS, Profile

MOST_PRIORITY: Final = 99
"""An AdminNetworkPolicy of a higher number is not set up (`ErrorANPPriorityUnsupported`)."""

OVN_KUBERNETES = Profile(
    name="ovn-kubernetes",
    title="OVN-Kubernetes with its default options",
    kinds=("NetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "EgressFirewall"),
    ignored=("ClusterNetworkPolicy",),
    own_node="lets in",
    has_primary_networks=True,
    most_priority=MOST_PRIORITY,
    reading=Reading(beyond=NONE, numbers_only=True, hosts_by_address=True),
    options=MESH_OPTIONS,
    assumptions=(
        "hostNetwork pods are their node: no NetworkPolicy acts on them; a peer with a `podSelector` for egress means "
        "the addresses of the nodes that the selected ones run on",
        "what nodes send to pods of other nodes has an address of OVN-Kubernetes' own (management port, join subnet)",
        "an ipBlock matches the packet's address literally, pod addresses included, once a connection to a Service is "
        "led to an endpoint",
        "`allow-icmp-network-policy` is off",
    ),
)


def with_options(options: Mapping[str, str]) -> Profile:
    """The profile; it has no options but those of a mesh. Raises ValueError for another."""
    for name in options:
        known = ", ".join(option.name for option in OVN_KUBERNETES.options)
        raise ValueError(f"`{name}` is no option of the profile `{OVN_KUBERNETES.name}`; those are {known}")
    return OVN_KUBERNETES
