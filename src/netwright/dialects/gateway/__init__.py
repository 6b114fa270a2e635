"""The Gateway API: Gateways, their listeners, the routes that attach to them, and who may refer to whom."""

from typing import Final

GROUP: Final = "gateway.networking.k8s.io"
ROUTES: Final = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
"""The kinds that lead to Services."""
KINDS: Final = ("Gateway", "GatewayClass", "ReferenceGrant", *ROUTES)
