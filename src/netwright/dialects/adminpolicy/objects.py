"""Decoded admin policies, with the API's names: every field is modelled.

Shapes follow sigs.k8s.io/network-policy-api: `apis/v1alpha2/clusternetworkpolicy_types.go` (v0.2.0), and
`apis/v1alpha1` in its last form and in that of v0.1.1 and before, whose peers select namespaces by
`namespaces.namespaceSelector`, `sameLabels` and `notSameLabels`. As in Go's decoding, `null` is the zero value.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import LabelSelector, Meta, Requirement


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- whom a policy is about --------------------


class NamespacedPods(_Whole, frozen=True):
    """Pods that both selectors match; an empty selector matches all. An absent one is empty."""

    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class Subject(_Whole, frozen=True):
    """Exactly one is set."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPods | None = None


# --- ClusterNetworkPolicy v1alpha2 --------------------


class PortRange(_Whole, frozen=True):
    start: int = 0
    end: int = 0


class Port(_Whole, frozen=True):
    """Exactly one is set; `number` 0 is not set."""

    number: int = 0
    range: PortRange | None = None


class Transport(_Whole, frozen=True):
    destination_port: Port | None = None


class Protocol(_Whole, frozen=True):
    """Exactly one is set. A name is that of a container's port, of whatever protocol."""

    tcp: Transport | None = None
    udp: Transport | None = None
    sctp: Transport | None = None
    destination_named_port: str = ""


class Peer(_Whole, frozen=True):
    """Exactly one is set; on ingress only the first two exist. `unknown` are the fields of a peer that has none that
    v1alpha2 knows: who meets it has to fail closed (Accept matches nothing, Deny and Pass deny everything)."""

    namespaces: LabelSelector | None = None
    pods: NamespacedPods | None = None
    nodes: LabelSelector | None = None
    networks: tuple[str, ...] | None = None
    domain_names: tuple[str, ...] | None = None
    unknown: tuple[str, ...] = msgspec.field(default=(), name="$unknown")


class IngressRule(_Whole, frozen=True):
    name: str | None = None
    action: str = ""
    from_: tuple[Peer | None, ...] | None = msgspec.field(default=None, name="from")
    protocols: tuple[Protocol | None, ...] | None = None


class EgressRule(_Whole, frozen=True):
    name: str | None = None
    action: str = ""
    to: tuple[Peer | None, ...] | None = None
    protocols: tuple[Protocol | None, ...] | None = None


class ClusterNetworkPolicySpec(_Whole, frozen=True):
    tier: str = ""
    priority: int | None = None
    subject: Subject | None = None
    ingress: tuple[IngressRule | None, ...] | None = None
    egress: tuple[EgressRule | None, ...] | None = None


class ClusterNetworkPolicy(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: ClusterNetworkPolicySpec | None = None
    status: dict[str, Any] | None = None


# --- AdminNetworkPolicy and BaselineAdminNetworkPolicy v1alpha1 --------------------


class AdminNamespaces(_Whole, frozen=True):
    """Namespaces as a peer: a label selector itself (the last form), or exactly one of the three fields of v0.1.1.

    `same_labels`: namespaces that have all these labels, each with the value that the subject's namespace has;
    `not_same_labels`: that have all of them, at least one with another value. An empty list selects nothing.
    """

    match_labels: dict[str, str | None] | None = None
    match_expressions: tuple[Requirement | None, ...] | None = None
    namespace_selector: LabelSelector | None = None
    same_labels: tuple[str, ...] | None = None
    not_same_labels: tuple[str, ...] | None = None


class AdminPods(_Whole, frozen=True):
    """Pods as a peer: `namespaceSelector` in the last form, `namespaces` in that of v0.1.1."""

    namespace_selector: LabelSelector | None = None
    namespaces: AdminNamespaces | None = None
    pod_selector: LabelSelector | None = None


class AdminPeer(_Whole, frozen=True):
    """Exactly one is set; `unknown` as in `Peer`."""

    namespaces: AdminNamespaces | None = None
    pods: AdminPods | None = None
    nodes: LabelSelector | None = None
    networks: tuple[str, ...] | None = None
    domain_names: tuple[str, ...] | None = None
    unknown: tuple[str, ...] = msgspec.field(default=(), name="$unknown")


class PortNumber(_Whole, frozen=True):
    protocol: str | None = None
    port: int = 0


class AdminPortRange(_Whole, frozen=True):
    protocol: str | None = None
    start: int = 0
    end: int = 0


class AdminPort(_Whole, frozen=True):
    """Exactly one is set. The protocol is TCP where it is left out; a name is of whatever protocol."""

    port_number: PortNumber | None = None
    named_port: str | None = None
    port_range: AdminPortRange | None = None


class AdminIngressRule(_Whole, frozen=True):
    name: str | None = None
    action: str = ""
    from_: tuple[AdminPeer | None, ...] | None = msgspec.field(default=None, name="from")
    ports: tuple[AdminPort | None, ...] | None = None


class AdminEgressRule(_Whole, frozen=True):
    name: str | None = None
    action: str = ""
    to: tuple[AdminPeer | None, ...] | None = None
    ports: tuple[AdminPort | None, ...] | None = None


class AdminNetworkPolicySpec(_Whole, frozen=True):
    """Of the baseline `priority` is None."""

    priority: int | None = None
    subject: Subject | None = None
    ingress: tuple[AdminIngressRule | None, ...] | None = None
    egress: tuple[AdminEgressRule | None, ...] | None = None


class AdminNetworkPolicy(_Whole, frozen=True):
    """An AdminNetworkPolicy, or the BaselineAdminNetworkPolicy: `kind` says which."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: AdminNetworkPolicySpec | None = None
    status: dict[str, Any] | None = None
