"""Decoded policies of security.istio.io, whole, and of networking.istio.io's DestinationRule what sets TLS.

Shapes follow the API of Istio 1.28 (istio/api: `security/v1/authorization_policy.proto`, `peer_authentication.proto`,
`request_authentication.proto`, `type/v1beta1/selector.proto`, `networking/v1/destination_rule.proto`), with
`trustDomains` of 1.29; v1 and v1beta1 (and of DestinationRule v1alpha3) are one shape. A field that is `null` is an
absent one. An empty list is read as an absent one by all fields but `rules`, where it is what it looks like: no rule.

Text in rules is kept as it is written. In the lists of a `Source`, an `Operation` and a `Condition`, entries are
matched exactly, as a prefix (`abc*`), as a suffix (`*abc`), or as present (`*`), but for addresses, ports, service
accounts and the path templates (`{*}`, `{**}`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import Meta

Texts = tuple[str, ...] | None


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of an object of which only some fields are read."""


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- where a policy acts --------------------


class WorkloadSelector(_Whole, frozen=True):
    """Pods that have all of these labels, in the policy's namespace, or in all of the mesh from the root namespace."""

    match_labels: dict[str, str | None] | None = None


class TargetRef(_Whole, frozen=True):
    """What the policy is attached to instead of workloads: a Gateway or GatewayClass of gateway.networking.k8s.io, a
    Service (group "" or "core"), a ServiceEntry of networking.istio.io. A policy that has one acts at the gateway or
    the waypoint of it, and not at sidecars or ztunnel."""

    group: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None


# --- AuthorizationPolicy --------------------


class Source(_Whole, frozen=True):
    """All that is set has to hold; of a list any entry, of a list that begins with `not` no entry.

    `principals` (`TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT`), `namespaces`, `serviceAccounts` (`NAMESPACE/ACCOUNT`, or
    `ACCOUNT` of the policy's own namespace) and `trustDomains` are read from the peer's certificate.
    """

    principals: Texts = None
    not_principals: Texts = None
    request_principals: Texts = None
    not_request_principals: Texts = None
    namespaces: Texts = None
    not_namespaces: Texts = None
    service_accounts: Texts = None
    not_service_accounts: Texts = None
    trust_domains: Texts = None
    not_trust_domains: Texts = None
    ip_blocks: Texts = None
    not_ip_blocks: Texts = None
    remote_ip_blocks: Texts = None
    not_remote_ip_blocks: Texts = None


class From(_Whole, frozen=True):
    source: Source | None = None


class Operation(_Whole, frozen=True):
    """All that is set has to hold, as in `Source`. `ports` are numbers as text, of the destination's own port."""

    hosts: Texts = None
    not_hosts: Texts = None
    ports: Texts = None
    not_ports: Texts = None
    methods: Texts = None
    not_methods: Texts = None
    paths: Texts = None
    not_paths: Texts = None


class To(_Whole, frozen=True):
    operation: Operation | None = None


class Condition(_Whole, frozen=True):
    """`key` is an attribute such as `source.ip`, `destination.port`, `request.headers[Name]`."""

    key: str | None = None
    values: Texts = None
    not_values: Texts = None


class Rule(_Whole, frozen=True):
    """Matches where any `from`, any `to` and every `when` does; without a list, that is no restriction."""

    from_: tuple[From, ...] | None = msgspec.field(default=None, name="from")
    to: tuple[To, ...] | None = None
    when: tuple[Condition, ...] | None = None


class Provider(_Whole, frozen=True):
    """The extension that a CUSTOM policy asks, by its name in the mesh's configuration."""

    name: str | None = None


class AuthorizationPolicySpec(_Whole, frozen=True):
    """`action` is ALLOW where it is left out. At most one of `selector`, `targetRef` and `targetRefs` is set."""

    action: str | None = None
    selector: WorkloadSelector | None = None
    target_ref: TargetRef | None = None
    target_refs: tuple[TargetRef, ...] | None = None
    rules: tuple[Rule, ...] | None = None
    provider: Provider | None = None


class AuthorizationPolicy(_Whole, frozen=True):
    """The annotation `istio.io/dry-run: "true"` lets a policy only be watched: it decides nothing."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: AuthorizationPolicySpec | None = None
    status: dict[str, Any] | None = None

    @property
    def action(self) -> str:
        """ALLOW, DENY, AUDIT or CUSTOM."""
        return (self.spec.action if self.spec else None) or "ALLOW"

    @property
    def is_dry_run(self) -> bool:
        """Whether the policy is only watched: the annotation is a truth value as Go reads it."""
        return (self.metadata.annotations or {}).get("istio.io/dry-run") in ("1", "t", "T", "true", "TRUE", "True")

    @property
    def targets(self) -> tuple[TargetRef, ...]:
        """What it is attached to, by either of the two fields."""
        spec = self.spec
        if spec is None:
            return ()
        return spec.target_refs or ((spec.target_ref,) if spec.target_ref else ())


# --- PeerAuthentication --------------------


class MutualTLS(_Whole, frozen=True):
    """`mode`: UNSET (the same as left out: as the next wider policy says), DISABLE, PERMISSIVE or STRICT."""

    mode: str | None = None


class PeerAuthenticationSpec(_Whole, frozen=True):
    """`portLevelMtls` has the pods' own ports as keys, and only with a selector; its modes inherit from `mtls`."""

    selector: WorkloadSelector | None = None
    mtls: MutualTLS | None = None
    port_level_mtls: dict[str, MutualTLS | None] | None = None


class PeerAuthentication(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: PeerAuthenticationSpec | None = None
    status: dict[str, Any] | None = None


# --- RequestAuthentication --------------------


class JWTRule(_Part, frozen=True):
    issuer: str | None = None
    audiences: Texts = None


class RequestAuthenticationSpec(_Whole, frozen=True):
    """Requests with a token that is not valid are refused, those without one are not."""

    selector: WorkloadSelector | None = None
    target_ref: TargetRef | None = None
    target_refs: tuple[TargetRef, ...] | None = None
    jwt_rules: tuple[JWTRule, ...] | None = None


class RequestAuthentication(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: RequestAuthenticationSpec | None = None
    status: dict[str, Any] | None = None


# --- DestinationRule --------------------


class ClientTLS(_Part, frozen=True):
    """`mode`: DISABLE (plaintext), SIMPLE, MUTUAL (TLS of one's own), ISTIO_MUTUAL (the mesh's)."""

    mode: str | None = None


class PortSelector(_Part, frozen=True):
    number: int | None = None


class PortTrafficPolicy(_Part, frozen=True):
    port: PortSelector | None = None
    tls: ClientTLS | None = None


class TrafficPolicy(_Part, frozen=True):
    tls: ClientTLS | None = None
    port_level_settings: tuple[PortTrafficPolicy, ...] | None = None


class Subset(_Part, frozen=True):
    name: str | None = None
    traffic_policy: TrafficPolicy | None = None


class DestinationRuleSpec(_Part, frozen=True):
    """`host` is a Service as clients name it (short names are of the rule's own namespace), perhaps with `*`."""

    host: str | None = None
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] | None = None
    workload_selector: WorkloadSelector | None = None

    @property
    def tls_modes(self) -> frozenset[str]:
        """Every mode that it sets anywhere; empty where it leaves the choice to the mesh."""
        policies = [self.traffic_policy, *(s.traffic_policy for s in self.subsets or ())]
        found = [p.tls for p in policies if p] + [s.tls for p in policies if p for s in p.port_level_settings or ()]
        return frozenset(tls.mode or "DISABLE" for tls in found if tls)


class DestinationRule(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: DestinationRuleSpec | None = None
