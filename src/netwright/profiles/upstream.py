"""The `upstream` profile: policies as the Kubernetes documentation states them, no CNI assumed."""

from netwright.profiles.profile import MESH_OPTIONS, Profile

UPSTREAM = Profile(
    name="upstream",
    title="NetworkPolicy and admin policies as Kubernetes documents them, no CNI assumed",
    kinds=("NetworkPolicy", "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
    options=MESH_OPTIONS,
    assumptions=(
        "hostNetwork pods are their node: no NetworkPolicy acts on them and pod selectors do not match them (the "
        "documentation leaves it open; this is what most CNIs do)",
        "an ipBlock matches the packet's address literally, pod addresses included",
    ),
)
