"""Decoded objects of projectcalico.org/v3 and crd.projectcalico.org/v1, with the API's names: every field is modelled,
but of FelixConfiguration only what policies depend on.

Shapes follow Calico 3.32: `api/pkg/apis/projectcalico/v3` (networkpolicy, globalnetworkpolicy, policy_common, tier,
networkset, globalnetworkset, hostendpoint, profile, felixconfig and the staged kinds). Both groups have the same shape.
A field that is `null` is an absent one.

Selectors are kept as the text that is written; so are nets, ports (a number, `"80"`, `"80:90"` or a name) and protocols
(a name or a number).
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import (
    LabelSelector,
    Meta,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
)


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of an object of which only some fields are read."""


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- rules --------------------


class ServiceAccountMatch(_Whole, frozen=True):
    """Pods by the name and the labels of their service account; both must hold where both are given."""

    names: tuple[str, ...] | None = None
    selector: str | None = None


class ServiceMatch(_Whole, frozen=True):
    """The endpoints of a Service of Kubernetes; the policy's own namespace where none is named."""

    name: str | None = None
    namespace: str | None = None


class EntityRule(_Whole, frozen=True):
    """What is asked of the source or the destination of a packet: everything that is written must hold."""

    nets: tuple[str, ...] | None = None
    selector: str | None = None
    namespace_selector: str | None = None
    services: ServiceMatch | None = None
    ports: tuple[int | str, ...] | None = None
    not_nets: tuple[str, ...] | None = None
    not_selector: str | None = None
    not_ports: tuple[int | str, ...] | None = None
    service_accounts: ServiceAccountMatch | None = None


class ICMPFields(_Whole, frozen=True):
    type: int | None = None
    code: int | None = None


class HTTPPath(_Whole, frozen=True):
    """Exactly one of the two is set."""

    exact: str | None = None
    prefix: str | None = None


class HTTPMatch(_Whole, frozen=True):
    """Requests by any of the methods and any of the paths; what is absent or empty is anything."""

    methods: tuple[str, ...] | None = None
    paths: tuple[HTTPPath, ...] | None = None


class RuleMetadata(_Whole, frozen=True):
    annotations: dict[str, str | None] | None = None


class Rule(_Whole, frozen=True):
    """One rule of a policy or a profile. `action` is Allow, Deny, Log or Pass."""

    action: str | None = None
    ip_version: int | None = None
    protocol: int | str | None = None
    icmp: ICMPFields | None = None
    not_protocol: int | str | None = None
    not_icmp: ICMPFields | None = msgspec.field(default=None, name="notICMP")
    source: EntityRule | None = None
    destination: EntityRule | None = None
    http: HTTPMatch | None = None
    metadata: RuleMetadata | None = None


# --- policies --------------------


class NetworkPolicySpec(_Whole, frozen=True):
    """`types` left out or empty: Ingress unless there are only egress rules, and Egress where there are any."""

    tier: str | None = None
    order: float | None = None
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None
    selector: str | None = None
    types: tuple[str, ...] | None = None
    service_account_selector: str | None = None
    performance_hints: tuple[str, ...] | None = None

    @property
    def tier_name(self) -> str:
        """The tier that the policy stands in."""
        return self.tier or "default"


class GlobalNetworkPolicySpec(NetworkPolicySpec, frozen=True):
    namespace_selector: str | None = None
    do_not_track: bool | None = None
    pre_dnat: bool | None = msgspec.field(default=None, name="preDNAT")
    apply_on_forward: bool | None = None


class StagedNetworkPolicySpec(NetworkPolicySpec, frozen=True):
    """`stagedAction` is Set, Delete, Learn or Ignore; Set where it is left out."""

    staged_action: str | None = None


class StagedGlobalNetworkPolicySpec(GlobalNetworkPolicySpec, frozen=True):
    staged_action: str | None = None


class StagedKubernetesNetworkPolicySpec(_Whole, frozen=True):
    staged_action: str | None = None
    pod_selector: LabelSelector | None = None
    ingress: tuple[NetworkPolicyIngressRule | None, ...] | None = None
    egress: tuple[NetworkPolicyEgressRule | None, ...] | None = None
    policy_types: tuple[str, ...] | None = None


class _Object(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    status: dict[str, Any] | None = None


class NetworkPolicy(_Object, frozen=True):
    spec: NetworkPolicySpec | None = None


class GlobalNetworkPolicy(_Object, frozen=True):
    spec: GlobalNetworkPolicySpec | None = None


class StagedNetworkPolicy(_Object, frozen=True):
    spec: StagedNetworkPolicySpec | None = None


class StagedGlobalNetworkPolicy(_Object, frozen=True):
    spec: StagedGlobalNetworkPolicySpec | None = None


class StagedKubernetesNetworkPolicy(_Object, frozen=True):
    spec: StagedKubernetesNetworkPolicySpec | None = None


# --- what policies stand in, and what they mean --------------------


class TierSpec(_Whole, frozen=True):
    """`order` left out is last; `defaultAction` is Deny or Pass, Deny where it is left out."""

    order: float | None = None
    default_action: str | None = None


class Tier(_Object, frozen=True):
    spec: TierSpec | None = None


class NetworkSetSpec(_Whole, frozen=True):
    nets: tuple[str, ...] | None = None


class NetworkSet(_Object, frozen=True):
    """A NetworkSet or a GlobalNetworkSet, `kind` says which."""

    spec: NetworkSetSpec | None = None


class EndpointPort(_Whole, frozen=True):
    name: str | None = None
    protocol: int | str | None = None
    port: int | None = None


class HostEndpointSpec(_Whole, frozen=True):
    """`interfaceName` `*` is the whole host: every interface, those of its pods too."""

    node: str | None = None
    interface_name: str | None = None
    expected_ips: tuple[str, ...] | None = msgspec.field(default=None, name="expectedIPs")
    profiles: tuple[str, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None


class HostEndpoint(_Object, frozen=True):
    spec: HostEndpointSpec | None = None


class ProfileSpec(_Whole, frozen=True):
    ingress: tuple[Rule, ...] | None = None
    egress: tuple[Rule, ...] | None = None
    labels_to_apply: dict[str, str | None] | None = None


class Profile(_Object, frozen=True):
    spec: ProfileSpec | None = None


class ProtoPort(_Part, frozen=True):
    """A port of hosts that is never closed; `net` left out is every address."""

    protocol: str | None = None
    port: int | None = None
    net: str | None = None


class FelixConfigurationSpec(_Part, frozen=True):
    """`defaultEndpointToHostAction` is Drop, Return or Accept in any case of letters; Drop where it is left out."""

    default_endpoint_to_host_action: str | None = None
    failsafe_inbound_host_ports: tuple[ProtoPort, ...] | None = None
    failsafe_outbound_host_ports: tuple[ProtoPort, ...] | None = None
    policy_sync_path_prefix: str | None = None


class FelixConfiguration(_Part, frozen=True):
    """`default` is the cluster's, `node.NAME` one node's, which holds before it."""

    metadata: Meta = Meta()
    spec: FelixConfigurationSpec | None = None
