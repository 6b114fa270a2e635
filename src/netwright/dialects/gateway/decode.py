"""Raw documents of gateway.networking.k8s.io -> typed objects, or what the API server would say against them."""

from __future__ import annotations

from netwright.dialects.gateway import GROUP
from netwright.dialects.gateway.objects import (
    Gateway,
    GatewayClass,
    GRPCRoute,
    HTTPRoute,
    ReferenceGrant,
    StreamRoute,
    TLSRoute,
)
from netwright.dialects.gateway.validate import check_class, check_gateway, check_grant, check_route
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.model.document import Decoded, Document

_READS = {
    "Gateway": Reads.of(f"{GROUP}/v1", Gateway, check=check_gateway),
    "GatewayClass": Reads.of(f"{GROUP}/v1", GatewayClass, namespaced=False, check=check_class),
    "HTTPRoute": Reads.of(f"{GROUP}/v1", HTTPRoute, check=check_route),
    "GRPCRoute": Reads.of(f"{GROUP}/v1", GRPCRoute, check=check_route),
    "TLSRoute": Reads.of(f"{GROUP}/v1", TLSRoute, check=check_route),
    "TCPRoute": Reads.of(f"{GROUP}/v1", StreamRoute, check=check_route),
    "UDPRoute": Reads.of(f"{GROUP}/v1", StreamRoute, check=check_route),
    "ReferenceGrant": Reads.of(f"{GROUP}/v1", ReferenceGrant, check=check_grant),
}
# Versions that a CRD of the last releases serves beside v1, in the same shape.
_VERSIONS = {
    **dict.fromkeys(("Gateway", "GatewayClass", "HTTPRoute"), ("v1beta1",)),
    "ReferenceGrant": ("v1beta1", "v1alpha2"),
    "GRPCRoute": ("v1alpha2",),
    "TLSRoute": ("v1alpha3", "v1alpha2"),
    **dict.fromkeys(("TCPRoute", "UDPRoute"), ("v1alpha2",)),
}
_ALSO = {
    (f"{GROUP}/{version}", kind): Reads(f"{GROUP}/{version}", read.value, read.namespaced, read.check)
    for kind, read in _READS.items()
    for version in _VERSIONS[kind]
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD does. Raises KeyError for a kind that is not read."""
    return decode_as(_ALSO.get((document.api_version, document.kind)) or _READS[document.kind], document)
