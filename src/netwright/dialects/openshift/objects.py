"""The decoded Route of route.openshift.io, with the API's names (`openshift/api` route/v1, types.go): every field.

A field that is `null` is an absent one.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


class RouteTarget(_Whole, frozen=True):
    """A Service of the Route's namespace. `weight` is 100 where it is left out; of 0 nothing goes there."""

    kind: str | None = None
    name: str | None = None
    weight: int | None = None


class RoutePort(_Whole, frozen=True):
    """The name of the Service's port, or the number of the pods' port."""

    target_port: int | str | None = None


class RouteTLS(_Whole, frozen=True):
    """Contents of certificates and keys are read past."""

    termination: str | None = None
    insecure_edge_termination_policy: str | None = None
    certificate: str | None = None
    key: str | None = None
    ca_certificate: str | None = msgspec.field(default=None, name="caCertificate")
    destination_ca_certificate: str | None = msgspec.field(default=None, name="destinationCACertificate")
    external_certificate: dict[str, Any] | None = None


class RouteSpec(_Whole, frozen=True):
    """Without `host` the cluster gives one. Without `port` the router uses every TCP port of the Services."""

    host: str | None = None
    subdomain: str | None = None
    path: str | None = None
    to: RouteTarget | None = None
    alternate_backends: tuple[RouteTarget, ...] | None = None
    port: RoutePort | None = None
    tls: RouteTLS | None = None
    wildcard_policy: str | None = None
    http_headers: dict[str, Any] | None = msgspec.field(default=None, name="httpHeaders")


class Route(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: RouteSpec | None = None
    status: dict[str, Any] | None = None
