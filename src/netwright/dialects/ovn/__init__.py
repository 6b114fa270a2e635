"""OVN-Kubernetes' own kinds: networks beside the pods' default one (UserDefinedNetwork, ClusterUserDefinedNetwork),
what joins them (ClusterNetworkConnect), and where pods may go, and as whom (EgressFirewall, EgressIP, EgressQoS)."""

from typing import Final

KINDS: Final = ("EgressFirewall",)
"""The kinds that allow and deny."""
NETWORKS: Final = ("UserDefinedNetwork", "ClusterUserDefinedNetwork")
"""The kinds that define networks."""
PRIMARY: Final = "k8s.ovn.org/primary-user-defined-network"
"""The label that a namespace has from its start if a primary network is to be there."""
CONNECTS: Final = ("ClusterNetworkConnect",)
"""The kinds that join networks."""
