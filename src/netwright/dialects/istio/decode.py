"""Raw documents of security.istio.io and networking.istio.io -> policies, or what would be said against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netwright.dialects.istio.objects import (
    AuthorizationPolicy,
    DestinationRule,
    PeerAuthentication,
    RequestAuthentication,
)
from netwright.dialects.istio.validate import (
    check_authorization,
    check_destination_rule,
    check_peer_authentication,
    check_request_authentication,
)
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.model.document import Decoded, Document

_Check = Callable[[str, Any], None]
_SECURITY: dict[str, tuple[type[Any], _Check]] = {
    "AuthorizationPolicy": (AuthorizationPolicy, check_authorization),
    "PeerAuthentication": (PeerAuthentication, check_peer_authentication),
    "RequestAuthentication": (RequestAuthentication, check_request_authentication),
}
_READS = {
    **{
        (f"security.istio.io/{version}", kind): Reads.of(f"security.istio.io/{version}", type_, check=check)
        for kind, (type_, check) in _SECURITY.items()
        for version in ("v1", "v1beta1")
    },
    **{
        (f"networking.istio.io/{version}", "DestinationRule"): Reads.of(
            f"networking.istio.io/{version}", DestinationRule, check=check_destination_rule
        )
        for version in ("v1", "v1beta1", "v1alpha3")
    },
}
_LATEST = {kind: read for (version, kind), read in _READS.items() if version.endswith("/v1")}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and istiod do. Raises KeyError for a kind that is not read."""
    kind = document.kind
    return decode_as(_READS.get((document.api_version, kind)) or _LATEST[kind], document)
