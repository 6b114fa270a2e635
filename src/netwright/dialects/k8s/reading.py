"""How a network plugin reads the policies of Kubernetes, where plugins differ: data of its profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.selectors import Selector
from netwright.base.services import BEYOND_TRANSPORT, ServiceSet
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.rule import Addresses, AndPeer, EndpointKind, Kinds, NotPeer, Peer, either


class PodLabels(Protocol):
    """Pods by label, as a plugin sees labels."""

    def sees(self, label: str) -> bool:
        """Whether it knows a label of a pod."""

    def pods(self, selector: LabelSelector, surely: bool = True) -> Selector:
        """Which pods a selector selects, surely or at least perhaps."""

    def at_home(self, selector: LabelSelector) -> LabelSelector:
        """A selector of pods of the policy's own namespace, without what names another."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """`beyond` are the services for which NetworkPolicy decides nothing for certain.

    `ranges` are the ends that address ranges match; None: whoever has an address in them. Where they are named, a pod
    or an own node counts by its addresses of both families, and a range of all addresses (one excepted too) means
    outside only, unless pods are among the ends. `rules_isolate`: rules of a direction count, and isolate, though
    policyTypes leave it out. `labels` are the pods' labels as the plugin sees them; None: as they are written.
    `dropped_of_namespaces` are labels that it does not see. `ranks_rules`: rules of admin policies of one priority are
    read by their number, across policies, each peer for itself; else each policy is, and which first is open.
    `by_absence`: peers of admin policies that are namespaces, and that ask only for what these lack, are everybody.
    `one_port_a_name`: of the ports of a pod's containers with one name, whatever their protocols, the last counts
    alone, and none of an init container. `refuses_peers`: an admin policy with a peer that is nodes, or names in a rule
    that does not accept, is refused whole. `names_by_dns`: with the addresses of DNS names, queries for these names to
    the cluster's DNS are allowed. `numbers_only`: of the ports of a NetworkPolicy's rule those with a number count, for
    each protocol; a protocol without any, by a name or without a port, is all of its ports. `hosts_by_address`: peers
    of a NetworkPolicy match nodes by the addresses of hostNetwork pods on them, and what they send by addresses of the
    plugin's own.
    """

    beyond: ServiceSet = BEYOND_TRANSPORT
    ranges: tuple[EndpointKind, ...] | None = None
    rules_isolate: bool = False
    labels: PodLabels | None = None
    dropped_of_namespaces: re.Pattern[str] | None = None
    ranks_rules: bool = False
    by_absence: bool = False
    one_port_a_name: bool = False
    refuses_peers: bool = False
    names_by_dns: bool = False
    numbers_only: bool = False
    hosts_by_address: bool = False

    def sees(self, label: str) -> bool:
        """Whether the plugin knows a label of a pod."""
        return self.labels is None or self.labels.sees(label)

    def at_home(self, selector: LabelSelector | None) -> LabelSelector | None:
        """A selector of pods of a NetworkPolicy's own namespace as it is read."""
        return self.labels.at_home(selector) if self.labels is not None and selector is not None else selector

    def by_address(self, ranges: Sequence[str], excepted: Sequence[str] = (), *, grouped: bool = False) -> Peer:
        """Who is matched by any of these address ranges, without those in `excepted`. `grouped`: the ranges stand in a
        group, where one of all addresses is one as others are."""
        if self.ranges is None:
            return Addresses(IpSet.of(*ranges) - IpSet.of(*excepted))
        return either([self._of_kind(kind, ranges, excepted, grouped) for kind in self.ranges])

    def _of_kind(self, kind: EndpointKind, ranges: Sequence[str], excepted: Sequence[str], grouped: bool) -> Peer:
        of_pods = self.ranges is not None and "pod" in self.ranges
        within, out = list(ranges), list(excepted)
        if of_pods:
            out = [text for text in out if not text.endswith("/0")]
        elif kind in ("node", "own-node"):
            within = [text for text in within if grouped or not text.endswith("/0")]
            out = [text for text in out if not text.endswith("/0")]
        by_any = kind in ("pod", "own-node")
        held: Peer = Addresses(IpSet.of(*within), by_any)
        cut = [NotPeer(Addresses(IpSet.of(*out), by_any))] if out else []
        return AndPeer((held, *cut, Kinds((kind,))))


PLAIN: Final = Reading()
"""As the documentation of Kubernetes has it."""
