"""How a network plugin reads the policies of Kubernetes, where plugins differ: data of its profile."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.services import BEYOND_TRANSPORT, ServiceSet
from netwright.model.rule import Addresses, AndPeer, EndpointKind, Kinds, Peer


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """`beyond` are the services for which NetworkPolicy decides nothing for certain.

    `ranges` are the ends that address ranges match (None: whoever has an address in them). `rules_isolate`: rules of a
    direction count, and isolate, though policyTypes leave it out. `dropped` are labels of pods that the plugin does not
    see. `ranks_rules`: rules of admin policies of one priority are read by their number, across policies; else each
    policy for itself, and which first is open.
    """

    beyond: ServiceSet = BEYOND_TRANSPORT
    ranges: tuple[EndpointKind, ...] | None = None
    rules_isolate: bool = False
    dropped: re.Pattern[str] | None = None
    ranks_rules: bool = False

    def sees(self, label: str) -> bool:
        """Whether the plugin knows a label of a pod."""
        return self.dropped is None or self.dropped.match(label) is None

    def by_address(self, addresses: IpSet) -> Peer:
        """Who is matched by an address range."""
        return Addresses(addresses) if self.ranges is None else AndPeer((Addresses(addresses), Kinds(self.ranges)))


PLAIN: Final = Reading()
"""As the documentation of Kubernetes has it."""
