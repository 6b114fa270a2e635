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
        "policies act on a connection to a Service once it is led to an endpoint: a range of Service addresses matches "
        "nothing (the documentation leaves it open)",
    ),
)
