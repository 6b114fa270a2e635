"""Decoded policies of cilium.io, with the API's names: every field is modelled.

Shapes follow Cilium 1.20.2: `pkg/policy/api` (rule, ingress, egress, l4, http, fqdn, icmp, cidr, service, groups) and
`pkg/k8s/apis/cilium.io/v2` (cnp_types, ccnp_types, cidrgroups_types). A field that is `null` is an absent one, as the
API server drops it; an entry of a list cannot be `null`. An empty list is not an absent one: without `fromEndpoints` a
rule with ports is about every peer, with an empty one about none.

The keys of selectors are kept as they are written: `app`, `any:app` (the same), `k8s:app`, `reserved:host`,
`k8s:io.kubernetes.pod.namespace`, `io.cilium.k8s.namespace.labels.team` …
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from netwright.dialects.k8s.objects import LabelSelector, Meta

# An IANA service name (RFC 6335, section 5.1), at most 15 characters long.
_NAME = re.compile(r"(?=.{1,15}\Z)([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*").fullmatch
_OCTAL = re.compile(r"0(_?[0-7])+").fullmatch
_NUMBER = re.compile(r"[0-9][0-9a-zA-Z_]*", re.ASCII).fullmatch
_MOST_DIGITS = 32

ICMP_TYPES = {
    "IPv4": {
        "EchoReply": 0,
        "DestinationUnreachable": 3,
        "Redirect": 5,
        "Echo": 8,
        "EchoRequest": 8,
        "RouterAdvertisement": 9,
        "RouterSelection": 10,
        "TimeExceeded": 11,
        "ParameterProblem": 12,
        "Timestamp": 13,
        "TimestampReply": 14,
        "Photuris": 40,
        "ExtendedEchoRequest": 42,
    },
    "IPv6": {
        "DestinationUnreachable": 1,
        "PacketTooBig": 2,
        "TimeExceeded": 3,
        "ParameterProblem": 4,
        "EchoRequest": 128,
        "EchoReply": 129,
        "MulticastListenerQuery": 130,
        "MulticastListenerReport": 131,
        "MulticastListenerDone": 132,
        "RouterSolicitation": 133,
        "RouterAdvertisement": 134,
        "NeighborSolicitation": 135,
        "NeighborAdvertisement": 136,
        "RedirectMessage": 137,
        "RouterRenumbering": 138,
        "ICMPNodeInformationQuery": 139,
        "ICMPNodeInformationResponse": 140,
        "InverseNeighborDiscoverySolicitation": 141,
        "InverseNeighborDiscoveryAdvertisement": 142,
        "HomeAgentAddressDiscoveryRequest": 144,
        "HomeAgentAddressDiscoveryReply": 145,
        "MobilePrefixSolicitation": 146,
        "MobilePrefixAdvertisement": 147,
        "DuplicateAddressRequestCodeSuffix": 157,
        "DuplicateAddressConfirmationCodeSuffix": 158,
        "ExtendedEchoRequest": 160,
    },
}
"""The names of ICMP types by family. Cilium knows `ExtendedEchoReply` too, but the pattern of its CRD refuses it."""


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- peers --------------------


class CIDRRule(_Whole, frozen=True):
    """Exactly one of `cidr`, `cidrGroupRef` and `cidrGroupSelector` is set; `except` is cut from what it gives."""

    cidr: str | None = None
    cidr_group_ref: str | None = None
    cidr_group_selector: LabelSelector | None = None
    except_: tuple[str, ...] | None = msgspec.field(default=None, name="except")


class AWSGroup(_Whole, frozen=True):
    labels: dict[str, str | None] | None = None
    security_groups_ids: tuple[str, ...] | None = None
    security_groups_names: tuple[str, ...] | None = None
    region: str | None = None


class Groups(_Whole, frozen=True):
    """Addresses that the operator asks a cloud for."""

    aws: AWSGroup | None = None


class K8sService(_Whole, frozen=True):
    service_name: str | None = None
    namespace: str | None = None


class K8sServiceSelector(_Whole, frozen=True):
    """Services by their labels, of all namespaces where `namespace` is left out."""

    selector: LabelSelector | None = None
    namespace: str | None = None


class Service(_Whole, frozen=True):
    """Where both are set, Cilium reads `k8sServiceSelector`; where none is, no service is meant."""

    k8s_service_selector: K8sServiceSelector | None = None
    k8s_service: K8sService | None = None


class FQDNSelector(_Whole, frozen=True):
    """DNS names, by exactly one of the two: in `toFQDNs` peers, under `rules.dns` names that may be looked up."""

    match_name: str | None = None
    match_pattern: str | None = None


# --- ports --------------------


class PortProtocol(_Whole, frozen=True):
    """`port` is text: a number or a name; absent, it needs `enable-extended-ip-protocols`. `protocol` is ANY (TCP, UDP
    and SCTP) where it is left out. An `endPort` that is not above the port is of no effect."""

    port: str | None = None
    end_port: int | None = None
    protocol: str | None = None

    @property
    def name(self) -> str | None:
        """The port's name in lower case, as Cilium compares it; None where it is a number or absent.

        >>> PortProtocol(port="HTTP").name, PortProtocol(port="0x10").name, PortProtocol(port="80").name
        ('http', '0x10', None)
        """
        return self.port.lower() if self.port and _NAME(self.port) else None

    @property
    def number(self) -> int | None:
        """The port's number, 0 for every port; None where it is a name, absent, or no number up to 65535.

        Cilium reads it as Go reads literals: a leading 0 is octal, `_` stands between digits.

        >>> [PortProtocol(port=port).number for port in ("80", "010", "1_000", "http", "080", "65536")]
        [80, 8, 1000, None, None, None]
        """
        text = self.port
        if not text or len(text) > _MOST_DIGITS or _NUMBER(text) is None or _NAME(text):
            return None
        try:
            number = int(text.replace("_", ""), 8) if _OCTAL(text) else int(text, 0)
        except ValueError:
            return None
        return number if number <= 65535 else None


class Secret(_Whole, frozen=True):
    namespace: str | None = None
    name: str | None = None


class TLSContext(_Whole, frozen=True):
    secret: Secret | None = None
    trusted_ca: str | None = msgspec.field(default=None, name="trustedCA")
    certificate: str | None = None
    private_key: str | None = None


class EnvoyConfig(_Whole, frozen=True):
    kind: str | None = None
    name: str | None = None


class Listener(_Whole, frozen=True):
    """A listener of Envoy to which the traffic is sent."""

    envoy_config: EnvoyConfig | None = None
    name: str | None = None
    priority: int | None = None


class HeaderMatch(_Whole, frozen=True):
    mismatch: str | None = None
    name: str | None = None
    secret: Secret | None = None
    value: str | None = None


class HTTPRule(_Whole, frozen=True):
    """A request that passes: `path`, `method` and `host` are regular expressions; what is absent is anything."""

    path: str | None = None
    method: str | None = None
    host: str | None = None
    headers: tuple[str, ...] | None = None
    header_matches: tuple[HeaderMatch, ...] | None = None


class L7Rules(_Whole, frozen=True):
    """Exactly one of `http` and `dns` is set; an empty list filters nothing. The others were removed in Cilium 1.20."""

    http: tuple[HTTPRule, ...] | None = None
    dns: tuple[FQDNSelector, ...] | None = None
    kafka: Any = None
    l7proto: Any = None
    l7: Any = None


class PortRule(_Whole, frozen=True):
    ports: tuple[PortProtocol, ...] | None = None
    terminating_tls: TLSContext | None = msgspec.field(default=None, name="terminatingTLS")
    originating_tls: TLSContext | None = msgspec.field(default=None, name="originatingTLS")
    server_names: tuple[str, ...] | None = None
    listener: Listener | None = None
    rules: L7Rules | None = None


class PortDenyRule(_Whole, frozen=True):
    ports: tuple[PortProtocol, ...] | None = None


class ICMPField(_Whole, frozen=True):
    """`type` is a number or one of `ICMP_TYPES`; the family is IPv4 where it is left out."""

    family: str | None = None
    type: int | str | None = None

    @property
    def number(self) -> int | None:
        """The ICMP type as a number; None for a name that the family does not have.

        >>> [ICMPField(type=t).number for t in (8, "8", "EchoRequest", "PacketTooBig")]
        [8, 8, 8, None]
        """
        if not isinstance(self.type, str):
            return self.type
        known = ICMP_TYPES.get(self.family or "IPv4", {}).get(self.type)
        if known is not None or not (self.type.isascii() and self.type.isdigit() and len(self.type) < 4):
            return known
        return int(self.type)


class ICMPRule(_Whole, frozen=True):
    fields: tuple[ICMPField, ...] | None = None


# --- rules --------------------


class Authentication(_Whole, frozen=True):
    mode: str | None = None


class IngressPeers(_Whole, frozen=True):
    """At most one of the lists has entries; `fromRequires` was removed in Cilium 1.19 and has none."""

    from_endpoints: tuple[LabelSelector, ...] | None = None
    from_requires: tuple[Any, ...] | None = None
    from_cidr: tuple[str, ...] | None = msgspec.field(default=None, name="fromCIDR")
    from_cidr_set: tuple[CIDRRule, ...] | None = msgspec.field(default=None, name="fromCIDRSet")
    from_entities: tuple[str, ...] | None = None
    from_groups: tuple[Groups, ...] | None = None
    from_nodes: tuple[LabelSelector, ...] | None = None


class IngressRule(IngressPeers, frozen=True):
    to_ports: tuple[PortRule, ...] | None = None
    icmps: tuple[ICMPRule, ...] | None = None
    authentication: Authentication | None = None


class IngressDenyRule(IngressPeers, frozen=True):
    to_ports: tuple[PortDenyRule, ...] | None = None
    icmps: tuple[ICMPRule, ...] | None = None


class EgressPeers(_Whole, frozen=True):
    """At most one of the lists, `toFQDNs` of an EgressRule among them, has entries; `toRequires` has none."""

    to_endpoints: tuple[LabelSelector, ...] | None = None
    to_requires: tuple[Any, ...] | None = None
    to_cidr: tuple[str, ...] | None = msgspec.field(default=None, name="toCIDR")
    to_cidr_set: tuple[CIDRRule, ...] | None = msgspec.field(default=None, name="toCIDRSet")
    to_entities: tuple[str, ...] | None = None
    to_services: tuple[Service, ...] | None = None
    to_groups: tuple[Groups, ...] | None = None
    to_nodes: tuple[LabelSelector, ...] | None = None


class EgressRule(EgressPeers, frozen=True):
    to_ports: tuple[PortRule, ...] | None = None
    to_fqdns: tuple[FQDNSelector, ...] | None = msgspec.field(default=None, name="toFQDNs")
    icmps: tuple[ICMPRule, ...] | None = None
    authentication: Authentication | None = None


class EgressDenyRule(EgressPeers, frozen=True):
    to_ports: tuple[PortDenyRule, ...] | None = None
    icmps: tuple[ICMPRule, ...] | None = None


class DefaultDeny(_Whole, frozen=True):
    """Left out, a direction is isolated where the rule has entries, of whatever action, in that direction."""

    ingress: bool | None = None
    egress: bool | None = None


class RuleLabel(_Whole, frozen=True):
    key: str | None = None
    value: str | None = None
    source: str | None = None


class Log(_Whole, frozen=True):
    value: str | None = None


class Rule(_Whole, frozen=True):
    """Exactly one selector is set; `nodeSelector` (the nodes themselves) only in a CiliumClusterwideNetworkPolicy."""

    endpoint_selector: LabelSelector | None = None
    node_selector: LabelSelector | None = None
    ingress: tuple[IngressRule, ...] | None = None
    ingress_deny: tuple[IngressDenyRule, ...] | None = None
    egress: tuple[EgressRule, ...] | None = None
    egress_deny: tuple[EgressDenyRule, ...] | None = None
    labels: tuple[RuleLabel, ...] | None = None
    enable_default_deny: DefaultDeny | None = None
    description: str | None = None
    log: Log | None = None


# --- objects --------------------


class CiliumNetworkPolicy(_Whole, frozen=True):
    """A CiliumNetworkPolicy or a CiliumClusterwideNetworkPolicy, `kind` says which: the rule `spec`, then `specs`."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: Rule | None = None
    specs: tuple[Rule, ...] | None = None
    status: dict[str, Any] | None = None
    description: str | None = None
    """Still written beside `spec`, though the API server drops it; it says nothing about traffic."""


class CiliumConfig(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """The ConfigMap `cilium-config`: how the agents are set up, in options by their names (`pkg/option/config.go`)."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    data: dict[str, str] | None = None


class CiliumCIDRGroupSpec(_Whole, frozen=True):
    external_cidrs: tuple[str, ...] | None = msgspec.field(default=None, name="externalCIDRs")


class CiliumCIDRGroup(_Whole, frozen=True):
    """Address ranges that policies name by the group's name or by its labels."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: CiliumCIDRGroupSpec | None = None
