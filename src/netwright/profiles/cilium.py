"""The `cilium` profile: Cilium 1.20, as its source at v1.20.2 decides.

After `pkg/policy/repository.go` (isolation and the own node), `pkg/policy/types` (tiers), `pkg/policy/k8s` and
`pkg/k8s/network_policy.go` (how it reads the policies of Kubernetes), `pkg/labelsfilter`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from netwright.base.services import NONE
from netwright.dialects.cilium.selectors import DROPPED_OF_NAMESPACES, SEEN
from netwright.dialects.k8s.reading import Reading
from netwright.model.rule import EndpointKind
from netwright.profiles.profile import MESH_OPTIONS, Option, Profile

OPTIONS: Final = (
    Option(
        name="policy-cidr-match-mode",
        values=("", "pods", "nodes", "pods+nodes"),
        says="what address ranges match besides outside addresses",
    ),
    Option(
        name="enable-policy",
        values=("default", "always", "never"),
        says="`always` isolates whom no policy selects too, `never` enforces nothing",
    ),
    Option(
        name="allow-localhost",
        values=("auto", "always", "policy"),
        says="with `policy` a node reaches its own pods as policies say; else it does unless a rule denies it",
    ),
    Option(
        name="enable-k8s-cluster-network-policy",
        values=("true", "false"),
        says="with `false` ClusterNetworkPolicies have no effect; Cilium's own default, which `cilium-config` shows",
    ),
    Option(
        name="bpf-policy-map-max",
        values=("16384", "65536"),
        says="how many entries a policy map holds, any number from 256 to 65536: it changes no verdict",
    ),
    *MESH_OPTIONS,
)
SWITCHED_ON: Final = "ClusterNetworkPolicy is switched on"
CILIUM = Profile(
    name="cilium",
    title="Cilium 1.20 with its default options",
    kinds=(
        "NetworkPolicy",
        "CiliumNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "CiliumCIDRGroup",
        "ClusterNetworkPolicy",
    ),
    ignored=("AdminNetworkPolicy", "BaselineAdminNetworkPolicy"),
    policy_ties="deny-first",
    admin_ties="deny-first",
    isolation="behind all tiers",
    own_node="admitted",
    reading=Reading(
        beyond=NONE,
        ranges=("external",),
        rules_isolate=True,
        labels=SEEN,
        dropped_of_namespaces=DROPPED_OF_NAMESPACES,
        ranks_rules=True,
        by_absence=True,
        one_port_a_name=True,
        refuses_peers=True,
        names_by_dns=True,
    ),
    options=OPTIONS,
    assumptions=(
        "hostNetwork pods are their node: policies for pods do not act on them and see them as host or remote-node",
        "address ranges match outside addresses only (policy-cidr-match-mode says otherwise where it is set), and "
        "policies act on a connection to a Service once it is led to an endpoint",
        "what isolates denies behind the Baseline tier, so that a Baseline Accept opens what a NetworkPolicy isolates "
        "(Cilium 1.20.2; the API's text has it the other way)",
        "the API server is a node, or an outside address that no rule for `cluster` means",
        SWITCHED_ON,
        "the cluster's name is `default`",
    ),
)


def with_options(options: Mapping[str, str]) -> Profile:
    """The profile with options of Cilium as `cilium-config` has them. Raises ValueError for one that is not
    read, or a value that it cannot have."""
    profile = CILIUM
    for key, value in options.items():
        match key:
            case "policy-cidr-match-mode":
                modes = [mode for mode in value.replace(" ", "").split("+") if mode]
                if not set(modes) <= {"pods", "nodes"}:
                    raise ValueError(f"`{key}` is `pods`, `nodes` or `pods+nodes`, not `{value}`")
                kinds: tuple[EndpointKind, ...] = ("external",)
                kinds += ("pod",) if "pods" in modes else ()
                kinds += ("node", "own-node") if "nodes" in modes else ()
                profile = replace(profile, reading=replace(profile.reading, ranges=kinds))
            case "enable-policy":
                if value not in ("default", "always", "never"):
                    raise ValueError(f"`{key}` is `default`, `always` or `never`, not `{value}`")
                profile = replace(profile, enforcement=value)
            case "allow-localhost":
                if value not in ("auto", "always", "policy"):
                    raise ValueError(f"`{key}` is `auto`, `always` or `policy`, not `{value}`")
                profile = replace(profile, own_node="policy" if value == "policy" else "admitted")
            case "enable-k8s-cluster-network-policy":
                if value not in ("true", "false"):
                    raise ValueError(f"`{key}` is `true` or `false`, not `{value}`")
                if value == "false":
                    kinds_left = tuple(kind for kind in profile.kinds if kind != "ClusterNetworkPolicy")
                    profile = replace(
                        profile,
                        kinds=kinds_left,
                        ignored=(*profile.ignored, "ClusterNetworkPolicy"),
                        assumptions=tuple(said for said in profile.assumptions if said != SWITCHED_ON),
                    )
            case "bpf-policy-map-max":
                if not (value.isascii() and value.isdigit() and len(value) < 10):
                    raise ValueError(f"`{key}` is a number of entries, not `{value}`")
            case _:
                known = ", ".join(option.name for option in OPTIONS)
                raise ValueError(f"`{key}` is no option that is read; those are {known}")
    told = ",".join(f"{key}={value}" for key, value in options.items())
    return replace(profile, name=f"cilium:{told}", title=f"Cilium 1.20 with {told}") if told else profile
