"""How the twin tells endpoints of several primary networks apart, and which Services lead from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

ENFORCER: Final = "isolation of networks"
"""The name of the enforcer that keeps primary networks apart. It is no policy, and isolates no pod by itself."""
NETWORK: Final = "primary-network"
"""The attribute that endpoints on a user-defined primary network have: the reference of that network."""
OPEN_PORTS: Final = "open-default-ports"
"""The attribute of those of which ports are open on the default network too: "PROTOCOL PORT", by commas."""
DEFAULT_ADDRESS: Final = "default-address"
"""The attribute of those too: their addresses on the default network, by commas, "" where they are not known."""


class Isolation(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What becomes of packets to Services between primary networks, "" standing for the default network.

    `of_namespace` gives the network of a namespace's pods and Services, `perhaps` those of which that is not known.
    `everywhere` are the Services (namespace, name) of the default network that every network is led to. `joined` has,
    for each ordered pair of networks whose clients reach each other's Services, why that is open ("" where it is sure).
    `called` gives networks in words.
    """

    of_namespace: Mapping[str, str]
    perhaps: frozenset[str] = frozenset()
    everywhere: frozenset[tuple[str, str]] = frozenset()
    joined: Mapping[tuple[str, str], str]
    called: Mapping[str, str]

    def name(self, ref: str) -> str:
        """The network in words."""
        return self.called.get(ref, "the default network")
