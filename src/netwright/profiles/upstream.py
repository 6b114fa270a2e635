"""The `upstream` profile: NetworkPolicy as the Kubernetes documentation states it, no CNI assumed."""

from netwright.profiles.profile import Profile

UPSTREAM = Profile(
    name="upstream",
    assumptions=(
        "hostNetwork pods are their node: no NetworkPolicy acts on them and pod selectors do not match them (the "
        "documentation leaves it open; this is what most CNIs do)",
        "an ipBlock matches the packet's address literally, pod addresses included",
    ),
)
