"""Policies of Cilium as they are made: rules by the pods that they are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.dialects.calico import KINDS as SOURCES
from netwright.dialects.calico import NETWORK_POLICY
from netwright.model.document import Decoded
from netwright.translate.cilium_words import Tree
from netwright.translate.clusternetworkpolicy import marks
from netwright.translate.conversion import Side
from netwright.translate.names import Names

SIDES: Final[tuple[Side, ...]] = ("ingress", "egress")
KINDS: Final = {NETWORK_POLICY: "CiliumNetworkPolicy", SOURCES[1]: "CiliumClusterwideNetworkPolicy"}


class Specs:
    """One policy of Cilium as it is made: rules by the pods that they are for."""

    def __init__(self, policy: Decoded) -> None:
        self._policy = policy
        self._by_pods: list[tuple[Tree, Tree, set[Side]]] = []

    def _of(self, pods: Tree) -> tuple[Tree, set[Side]]:
        for held, rule, isolated in self._by_pods:
            if held == pods:
                return rule, isolated
        self._by_pods.append((pods, {}, set()))
        return self._by_pods[-1][1:]

    def isolate(self, pods: Tree, side: Side) -> None:
        self._of(pods)[1].add(side)

    def add(self, pods: Tree, side: Side, action: str, entries: Sequence[Tree]) -> None:
        held = self._of(pods)[0].setdefault(side if action == "allow" else f"{side}Deny", [])
        held += [one for one in entries if one not in held]

    def policy(self, names: Names) -> Tree | None:
        """The policy; None where it says nothing."""
        specs = [self._spec(*one) for one in self._by_pods]
        if not specs:
            return None
        policy = self._policy
        kind = KINDS[policy.kind]
        meta: Tree = {"name": names.free(kind, policy.namespace, policy.name, "-calico")}
        meta |= ({"namespace": policy.namespace} if policy.namespace else {}) | marks(policy)
        body: Tree = {"spec": specs[0]} if len(specs) == 1 else {"specs": specs}
        return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, **body}

    @staticmethod
    def _spec(pods: Tree, rule: Tree, isolated: set[Side]) -> Tree:
        out: Tree = {"endpointSelector": pods}
        for side in SIDES:
            if side in isolated and not rule.get(side) and not rule.get(f"{side}Deny"):
                out[side] = [{}]  # isolates and allows nothing
            for section in (side, f"{side}Deny"):
                if rule.get(section):
                    out[section] = rule[section]
        open_sides = [side for side in SIDES if side not in isolated]
        switched = {side: False for side in open_sides if rule.get(side) or rule.get(f"{side}Deny")}
        return out | ({"enableDefaultDeny": switched} if switched else {})
