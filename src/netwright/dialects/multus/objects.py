"""Decoded objects of k8s.cni.cncf.io, with the API's names: every field is modelled.

Shapes follow the CRDs of multus-cni at 95a0932350f0 (`deployments/multus-daemonset.yml`), of ipamclaims at
d97058c3d5dd (`artifacts/k8s.cni.cncf.io_ipamclaims.yaml`) and of multi-networkpolicy at c42a39ea0e50 (`scheme.yml`, and
`pkg/apis/k8s.cni.cncf.io/{v1beta1,v1beta2}/types.go`); what is inside `spec.config` is read by `cni`. A field that
is `null` is an absent one, as the API server drops it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from netwright.dialects.k8s.objects import Meta, NetworkPolicySpec


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- NetworkAttachmentDefinition --------------------


class NetworkAttachmentDefinitionSpec(_Whole, frozen=True):
    """`config` is a CNI configuration, or a list of such, as JSON text. Without it each node has the configuration in
    a file, under the name of the object."""

    config: str | None = None


class NetworkAttachmentDefinition(_Whole, frozen=True):
    """A network that pods name in their annotations, and what attaches them to it."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: NetworkAttachmentDefinitionSpec | None = None


# --- IPAMClaim --------------------


class IPAMClaimSpec(_Whole, frozen=True):
    """`network` is the name in the CNI configuration of a network, `interface` that of the pod's interface there."""

    network: str | None = None
    interface: str | None = None


class OwnerPod(_Whole, frozen=True):
    name: str | None = None


class IPAMClaimStatus(_Whole, frozen=True):
    """`ips` are addresses with the length of their prefix, as they were given."""

    ips: tuple[str, ...] | None = None
    owner_pod: OwnerPod | None = None
    conditions: tuple[dict[str, Any], ...] | None = None


class IPAMClaim(_Whole, frozen=True):
    """Addresses on a network that are kept for whoever names the claim, longer than its pod lives."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: IPAMClaimSpec | None = None
    status: IPAMClaimStatus | None = None


# --- MultiNetworkPolicy --------------------


class MultiNetworkPolicy(_Whole, frozen=True):
    """What a NetworkPolicy says, of the interfaces of pods on the networks that its annotation names."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: NetworkPolicySpec | None = None
    status: dict[str, Any] | None = None


POLICY_FOR: Final = "k8s.v1.cni.cncf.io/policy-for"
"""The annotation of a MultiNetworkPolicy that names networks by their NetworkAttachmentDefinitions."""


def policy_for(policy: MultiNetworkPolicy, namespace: str) -> tuple[str, ...]:
    """The NetworkAttachmentDefinitions, as NAMESPACE/NAME, that a policy of a namespace acts on; none where it names
    none: it acts on nothing then.

    >>> shop = Meta(annotations={POLICY_FOR: "storage, ops/backup"})
    >>> policy_for(MultiNetworkPolicy(metadata=shop), "shop")
    ('shop/storage', 'ops/backup')
    """
    text = (policy.metadata.annotations or {}).get(POLICY_FOR) or ""
    # the daemons drop every blank before they part it
    parts = [part for part in "".join(text.split()).split(",") if part]
    return tuple(dict.fromkeys(part if "/" in part else f"{namespace}/{part}" for part in parts))
