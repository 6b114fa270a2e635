"""The cluster's own policies beside NetworkPolicy: ClusterNetworkPolicy, AdminNetworkPolicy and its baseline."""
