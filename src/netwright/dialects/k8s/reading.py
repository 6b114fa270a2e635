"""How a network plugin reads the policies of Kubernetes, where plugins differ: data of its profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.services import BEYOND_TRANSPORT, ServiceSet
from netwright.model.rule import Addresses, AndPeer, EndpointKind, Kinds, Peer, either


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """`beyond` are the services for which NetworkPolicy decides nothing for certain.

    `ranges` are the ends that address ranges match; None: whoever has an address in them. Where they are named, a range
    of all addresses means no node, one excepted cuts nothing, and a pod counts by its addresses of both families.
    `rules_isolate`: rules of a direction count, and isolate, though policyTypes leave it out. `dropped` and
    `dropped_of_namespaces` are labels that the plugin does not see. `ranks_rules`: rules of admin policies of one priority are read by their number, across policies; else each
    policy for itself, and which first is open. `by_absence`: peers of admin policies that are namespaces, and that ask
    only for what these lack, are ends in no namespace too.
    """

    beyond: ServiceSet = BEYOND_TRANSPORT
    ranges: tuple[EndpointKind, ...] | None = None
    rules_isolate: bool = False
    dropped: re.Pattern[str] | None = None
    dropped_of_namespaces: re.Pattern[str] | None = None
    ranks_rules: bool = False
    by_absence: bool = False

    def sees(self, label: str, of_namespace: bool = False) -> bool:
        """Whether the plugin knows a label of a pod, or of a namespace."""
        dropped = self.dropped_of_namespaces if of_namespace else self.dropped
        return dropped is None or dropped.match(label) is None

    def by_address(self, ranges: Sequence[str], excepted: Sequence[str] = ()) -> Peer:
        """Who is matched by any of these address ranges, without those in `excepted`."""
        if self.ranges is None:
            return Addresses(IpSet.of(*ranges) - IpSet.of(*excepted))
        out = IpSet.of(*(text for text in excepted if not text.endswith("/0")))
        found = IpSet.of(*ranges) - out
        peers: list[Peer] = []
        for kind in self.ranges:
            held = found
            if kind in ("node", "own-node"):
                held = IpSet.of(*(text for text in ranges if not text.endswith("/0"))) - out
            peers.append(AndPeer((Addresses(held, kind == "pod"), Kinds((kind,)))))
        return either(peers)


PLAIN: Final = Reading()
"""As the documentation of Kubernetes has it."""
