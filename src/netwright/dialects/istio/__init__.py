"""Istio's policies about who may talk to whom in a mesh, and what sets how they talk."""

from typing import Final

POLICIES: Final = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")
"""The policies of security.istio.io."""

KINDS: Final = (*POLICIES, "DestinationRule")
"""The kinds of Istio that are read. A DestinationRule is read as far as it sets the TLS that clients speak."""
