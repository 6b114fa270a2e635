"""The attributes by which a service mesh tells endpoints apart, and what a mesh does to the port of a connection.

Endpoints that a mesh has no part in have none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netwright.base.services import TCP

CLASS: Final = "mesh:class"
"""What the mesh makes of connections to the endpoint: all of one class are treated alike."""
SERVER: Final = "mesh:server"
"""How connections reach it: "sidecar", "ambient", "perhaps" (by a sidecar, or not at all). Behind it "-plain" where
proxies beside clients dial it without mutual TLS, and so past the tunnel, "-open" where that is not known."""
CLIENT: Final = "mesh:client"
"""How it starts connections, in the same words; "perhaps" past its sidecar, too."""
ACCOUNT: Final = "mesh:account"
"""Who it proves to be: `NAMESPACE/ACCOUNT`."""

ENFORCER: Final = "mesh"
"""The name of the enforcer that a mesh is; it is the last of several."""
HBONE: Final = 15008
"""The TCP port of the tunnel that ztunnel makes; the network between the ends sees it instead of the asked one."""


def seen_key(client: Mapping[str, str], server: Mapping[str, str], key: int) -> int:
    """The service that the network plugin surely sees of a connection to `key`, by the attributes of both ends."""
    how, who = server.get(SERVER, ""), client.get(CLIENT)
    tunnelled = (how == "ambient" and who == "sidecar") or (how.startswith("ambient") and who == "ambient")
    return TCP << 16 | HBONE if tunnelled and key >> 16 == TCP else key
