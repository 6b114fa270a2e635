"""Decoded objects of k8s.ovn.org, with the API's names: every field is modelled.

Shapes follow the CRDs of OVN-Kubernetes at 8871cd9cec9c (`helm/ovn-kubernetes/crds`) and
`go-controller/pkg/crd/{egressfirewall,egressip,egressqos}/v1/types.go`. A field that is `null` is an absent one, as the
API server drops it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import LabelSelector, Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- EgressFirewall --------------------


class EgressFirewallPort(_Whole, frozen=True):
    """One destination port of TCP, UDP or SCTP; both fields are set."""

    protocol: str | None = None
    port: int | None = None


class EgressFirewallDestination(_Whole, frozen=True):
    """Exactly one field is set. `cidrSelector` is one range as it is written (it may have bits beyond its prefix
    length), `dnsName` a name in any case that may begin with `*.` and end with a dot, `nodeSelector` the addresses of
    nodes by the nodes' labels, `{}` those of all nodes."""

    cidr_selector: str | None = None
    dns_name: str | None = None
    node_selector: LabelSelector | None = None


class EgressFirewallRule(_Whole, frozen=True):
    """`type` is `Allow` or `Deny`. Without `ports`, or with an empty list, all protocols are meant."""

    type: str | None = None
    ports: tuple[EgressFirewallPort, ...] | None = None
    to: EgressFirewallDestination | None = None


class EgressFirewallSpec(_Whole, frozen=True):
    """The first rule that matches decides; what none matches is allowed."""

    egress: tuple[EgressFirewallRule, ...] | None = None


class EgressFirewall(_Whole, frozen=True):
    """The one of its namespace, called `default`: where the pods of the namespace may go outside the cluster."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressFirewallSpec | None = None
    status: dict[str, Any] | None = None


# --- EgressIP --------------------


class EgressIPSpec(_Whole, frozen=True):
    """`egressIPs` are single addresses. Without `podSelector` every pod of these namespaces is meant."""

    egress_ips: tuple[str, ...] | None = msgspec.field(default=None, name="egressIPs")
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class EgressIP(_Whole, frozen=True):
    """The source address of what pods send outside the cluster."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressIPSpec | None = None
    status: dict[str, Any] | None = None


# --- EgressQoS --------------------


class EgressQoSRule(_Whole, frozen=True):
    """`dscp` is 0 to 63. Without `dstCIDR` every destination outside, without `podSelector` every pod is meant."""

    dscp: int | None = None
    dst_cidr: str | None = msgspec.field(default=None, name="dstCIDR")
    pod_selector: LabelSelector | None = None


class EgressQoSSpec(_Whole, frozen=True):
    egress: tuple[EgressQoSRule, ...] | None = None


class EgressQoS(_Whole, frozen=True):
    """How packets that leave the cluster are marked; it decides nothing."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressQoSSpec | None = None
    status: dict[str, Any] | None = None
