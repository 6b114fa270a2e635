"""Decoded objects of gateway.networking.k8s.io, with the API's names: every field is modelled.

Shapes follow the CRDs of the Gateway API at 4564255ac2c3 (`config/crd/experimental`), whose versions differ in nothing
that is read here. What only shapes requests (filters, timeouts, retries, sessions) is kept as it is written. A field
that is `null` is an absent one, as the API server drops it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.gateway import GROUP
from netwright.dialects.k8s.objects import LabelSelector, Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- references --------------------


class ParentReference(_Whole, frozen=True):
    """What a route attaches to: a Gateway where `kind` is left out, of the route's namespace where none is named.
    `sectionName` is the name of a listener; without it and without `port` all listeners are meant."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    section_name: str | None = None
    port: int | None = None

    @property
    def is_gateway(self) -> bool:
        """Whether it names a Gateway of this API."""
        return (GROUP if self.group is None else self.group) == GROUP and (self.kind or "Gateway") == "Gateway"

    @property
    def is_service(self) -> bool:
        """Whether it names a Service: such a route is about requests inside a mesh."""
        return self.group == "" and self.kind == "Service"


class ObjectReference(_Whole, frozen=True):
    """An object by name, of the namespace of whoever refers to it where none is named."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None


class BackendRef(_Whole, frozen=True):
    """Where requests go: a port of a Service where `kind` is left out. `weight` is 1 where it is left out; of 0 nothing
    goes there."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    port: int | None = None
    weight: int | None = None
    filters: tuple[dict[str, Any], ...] | None = None

    @property
    def is_service(self) -> bool:
        return not self.group and (self.kind or "Service") == "Service"


# --- Gateway --------------------


class RouteGroupKind(_Whole, frozen=True):
    group: str | None = None
    kind: str | None = None


class RouteNamespaces(_Whole, frozen=True):
    """`from` is Same where it is left out."""

    from_: str | None = msgspec.field(default=None, name="from")
    selector: LabelSelector | None = None


class AllowedRoutes(_Whole, frozen=True):
    """Without `kinds` those that the listener's protocol carries, without `namespaces` the Gateway's own."""

    kinds: tuple[RouteGroupKind, ...] | None = None
    namespaces: RouteNamespaces | None = None


class ListenerTLS(_Whole, frozen=True):
    """`mode` is Terminate where it is left out."""

    mode: str | None = None
    certificate_refs: tuple[ObjectReference, ...] | None = None
    options: dict[str, str | None] | None = None


class Listener(_Whole, frozen=True):
    """A port on which a Gateway takes requests; without `hostname` for every name."""

    name: str | None = None
    hostname: str | None = None
    port: int | None = None
    protocol: str | None = None
    tls: ListenerTLS | None = None
    allowed_routes: AllowedRoutes | None = None


class GatewayAddress(_Whole, frozen=True):
    type: str | None = None
    value: str | None = None


class GatewaySpec(_Whole, frozen=True):
    gateway_class_name: str | None = None
    listeners: tuple[Listener, ...] | None = None
    addresses: tuple[GatewayAddress, ...] | None = None
    infrastructure: dict[str, Any] | None = None
    allowed_listeners: dict[str, Any] | None = None
    default_scope: str | None = None
    tls: dict[str, Any] | None = None


class Gateway(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: GatewaySpec | None = None
    status: dict[str, Any] | None = None


class GatewayClassSpec(_Whole, frozen=True):
    controller_name: str | None = None
    description: str | None = None
    parameters_ref: dict[str, Any] | None = None


class GatewayClass(_Whole, frozen=True):
    """Which controller serves the Gateways that name the class."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: GatewayClassSpec | None = None
    status: dict[str, Any] | None = None


# --- matches --------------------


class PathMatch(_Whole, frozen=True):
    """`type` is PathPrefix and `value` `/` where they are left out."""

    type: str | None = None
    value: str | None = None


class NamedMatch(_Whole, frozen=True):
    """A header or a query parameter; `type` is Exact where it is left out."""

    type: str | None = None
    name: str | None = None
    value: str | None = None


class HTTPMatch(_Whole, frozen=True):
    """A request, by all that is named; without `path` every path."""

    path: PathMatch | None = None
    headers: tuple[NamedMatch, ...] | None = None
    query_params: tuple[NamedMatch, ...] | None = None
    method: str | None = None


class GRPCMethod(_Whole, frozen=True):
    type: str | None = None
    service: str | None = None
    method: str | None = None


class GRPCMatch(_Whole, frozen=True):
    method: GRPCMethod | None = None
    headers: tuple[NamedMatch, ...] | None = None


# --- routes --------------------


class _Rule(_Whole, frozen=True):
    name: str | None = None
    backend_refs: tuple[BackendRef, ...] | None = None


class HTTPRule(_Rule, frozen=True):
    """Requests that any of `matches` is true of; without `matches` all."""

    matches: tuple[HTTPMatch, ...] | None = None
    filters: tuple[dict[str, Any], ...] | None = None
    timeouts: dict[str, Any] | None = None
    retry: dict[str, Any] | None = None
    session_persistence: dict[str, Any] | None = None


class GRPCRule(_Rule, frozen=True):
    matches: tuple[GRPCMatch, ...] | None = None
    filters: tuple[dict[str, Any], ...] | None = None
    session_persistence: dict[str, Any] | None = None


class StreamRule(_Rule, frozen=True):
    """A rule of a TCPRoute, a UDPRoute or a TLSRoute: all that arrives."""


class _RouteSpec(_Whole, frozen=True):
    parent_refs: tuple[ParentReference, ...] | None = None
    use_default_gateways: str | None = None


class HTTPRouteSpec(_RouteSpec, frozen=True):
    hostnames: tuple[str, ...] | None = None
    rules: tuple[HTTPRule, ...] | None = None


class GRPCRouteSpec(_RouteSpec, frozen=True):
    hostnames: tuple[str, ...] | None = None
    rules: tuple[GRPCRule, ...] | None = None


class TLSRouteSpec(_RouteSpec, frozen=True):
    hostnames: tuple[str, ...] | None = None
    rules: tuple[StreamRule, ...] | None = None


class StreamRouteSpec(_RouteSpec, frozen=True):
    rules: tuple[StreamRule, ...] | None = None


class _Route(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    status: dict[str, Any] | None = None


class HTTPRoute(_Route, frozen=True):
    spec: HTTPRouteSpec | None = None


class GRPCRoute(_Route, frozen=True):
    spec: GRPCRouteSpec | None = None


class TLSRoute(_Route, frozen=True):
    spec: TLSRouteSpec | None = None


class StreamRoute(_Route, frozen=True):
    """A TCPRoute or a UDPRoute, `kind` says which."""

    spec: StreamRouteSpec | None = None


AnyRoute = HTTPRoute | GRPCRoute | TLSRoute | StreamRoute
AnyRule = HTTPRule | GRPCRule | StreamRule


# --- ReferenceGrant --------------------


class GrantFrom(_Whole, frozen=True):
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None


class GrantTo(_Whole, frozen=True):
    """Without `name` every object of the kind."""

    group: str | None = None
    kind: str | None = None
    name: str | None = None


class ReferenceGrantSpec(_Whole, frozen=True):
    from_: tuple[GrantFrom, ...] | None = msgspec.field(default=None, name="from")
    to: tuple[GrantTo, ...] | None = None


class ReferenceGrant(_Whole, frozen=True):
    """Objects of its namespace to which objects of others may refer."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: ReferenceGrantSpec | None = None


def hostnames_of(route: AnyRoute) -> tuple[str, ...]:
    """The names that a route is about; empty: all of its listeners'."""
    spec = route.spec
    return () if spec is None or isinstance(spec, StreamRouteSpec) else spec.hostnames or ()


def rules_of(route: AnyRoute) -> tuple[AnyRule, ...]:
    """The rules of a route in their order."""
    return () if route.spec is None else route.spec.rules or ()


def parents_of(route: AnyRoute) -> tuple[ParentReference, ...]:
    return () if route.spec is None else route.spec.parent_refs or ()
