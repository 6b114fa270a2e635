"""What a profile says, as data."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.dialects.istio.options import DEFAULTS, MeshOptions
from netwright.dialects.k8s.reading import PLAIN, Reading
from netwright.model.rule import Exempt, Ties

NETWORK_POLICY = "NetworkPolicy"
"""The name of the tier that NetworkPolicies stand in."""
ISOLATION = "isolation"
"""The name of the tier where isolation stands, if that is behind all others."""


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """An option of the CNI that is read: `--cni PROFILE:NAME=VALUE`. The first value is the default."""

    name: str
    values: tuple[str, ...]
    says: str


MESH_OPTIONS = (
    Option(
        name="mesh",
        values=("", "sidecar", "ambient", "none"),
        says="how pods are in Istio's mesh that no label tells of; `none`: Istio's policies do nothing",
    ),
    Option(name="root-namespace", values=("istio-system",), says="the namespace whose Istio policies act on all"),
    Option(name="trust-domain", values=("cluster.local",), says="what the principals of the mesh begin with"),
)
"""The options that every profile has."""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One CNI and version: which kinds of policies it enforces, how they compose, and how it reads them.

    Of the policies in an input `kinds` are enforced and `ignored` have no effect; what others do is open. `policy_ties`
    and `admin_ties` say how NetworkPolicies, and admin policies of one priority, tie. `isolation` is where that which
    isolates denies: after the tier that its policies stand in, or behind all tiers. `own_node`: "exempt" where a pod
    and its node always reach each other, "admitted" where the node does unless a rule denies it, "lets in" where the
    node always does and the pod as policy says, "policy" where only policy says. `enforcement` "always": whom no policy
    selects is isolated too, "never": nothing is enforced. AdminNetworkPolicies with a priority above `most_priority`
    have no effect. `tiers`: whether policies stand in the tiers that Kubernetes has, or in those of Calico, where
    `host_action` is what becomes of packets from a pod to its own node behind egress policy, "" what the input says.
    `mesh` is what is said of a mesh beside the CNI. `options` are those that it can be given. `assumptions` are
    printed with answers.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    policy_ties: Ties = "any-order"
    admin_ties: Ties = "any-order"
    isolation: Literal["after its tier", "behind all tiers"] = "after its tier"
    own_node: Literal["exempt", "admitted", "lets in", "policy"] = "exempt"
    most_priority: int | None = None
    enforcement: Literal["default", "always", "never"] = "default"
    tiers: Literal["kubernetes", "calico"] = "kubernetes"
    host_action: Literal["", "Drop", "Accept", "Return"] = ""
    reading: Reading = PLAIN
    has_primary_networks: bool = False
    """Whether user-defined networks are the pods' primary ones as OVN-Kubernetes makes them."""
    mesh: MeshOptions = DEFAULTS
    options: tuple[Option, ...] = ()
    assumptions: tuple[str, ...] = ()

    @property
    def exempt(self) -> tuple[Exempt, ...]:
        """What passes its enforcer by."""
        return ("self", "own node") if self.own_node == "exempt" else ("self",)
