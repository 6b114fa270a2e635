"""Calico's own policies, tiers, groups of addresses, host endpoints and profiles."""

from typing import Final

NETWORK_POLICY: Final = "NetworkPolicy.projectcalico.org"
"""Calico's NetworkPolicy, of both API groups: kubectl's long form, since Kubernetes has a kind of the same name."""
KINDS: Final = (NETWORK_POLICY, "GlobalNetworkPolicy")
STAGED: Final = ("StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy")
"""Policies that are watched and not enforced."""
BESIDE: Final = ("Tier", "NetworkSet", "GlobalNetworkSet", "HostEndpoint", "Profile", "FelixConfiguration")
"""What Calico's policies stand in or mean."""
