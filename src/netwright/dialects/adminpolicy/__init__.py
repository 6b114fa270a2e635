"""The cluster's own policies beside NetworkPolicy: ClusterNetworkPolicy, AdminNetworkPolicy and its baseline."""

from typing import Final

KINDS: Final = ("ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
