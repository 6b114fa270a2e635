"""The objects that are written of Cilium's rules, and what stays of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from netwright.dialects.cilium.objects import CiliumNetworkPolicy
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.model.document import Decoded
from netwright.translate.clusternetworkpolicy import VERSION, marks
from netwright.translate.conversion import Side
from netwright.translate.from_cilium.entries import Manner
from netwright.translate.from_cilium.said import admin_rules, network_policy_rule, pieces
from netwright.translate.from_cilium.specs import SIDES, Spec
from netwright.translate.names import Names
from netwright.translate.trees import plain_value

Tree = dict[str, Any]


def network_policies(spec: Spec, sides: Sequence[Side], names: Names) -> Iterator[Tree]:
    """A NetworkPolicy in each of the namespaces, for the directions in which it isolates."""
    if not sides:
        return
    body: Tree = {"podSelector": spec.labels, "policyTypes": [side.capitalize() for side in sides]}
    for side in sides:
        rules = [
            network_policy_rule(piece.said, side)
            for section in spec.of(side)
            for piece in section.pieces
            if piece.is_converted and piece.manner == "allow"
        ]
        rules = [rule for n, rule in enumerate(rules) if rule not in rules[:n]]
        if rules:
            body[side] = [{}] if {} in rules else rules
    for namespace in spec.namespaces:
        name = names.free("NetworkPolicy", namespace, spec.policy.name, "-cilium")
        meta = {"name": name, "namespace": namespace} | marks(spec.policy)
        yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": body}


def admin_policies(spec: Spec, manner: Manner, priority: int, names: Names, *, first: bool = False) -> Iterator[Tree]:
    """ClusterNetworkPolicies with what denies, or with what allows and does not isolate."""
    if spec.is_whole:
        return
    own = spec.policy.namespace
    where = {"matchLabels": {NAMESPACE_NAME: own}} if own else spec.where
    action = "Deny" if manner == "deny" else "Accept"
    sides: dict[Side, list[list[Tree]]] = {}
    for side in SIDES:
        rules = [
            rule
            for section in spec.of(side)
            for piece in section.pieces
            if piece.is_converted and piece.manner == manner and piece.is_first == first
            for rule in admin_rules(piece.said, side, action, own)
        ]
        sides[side] = pieces([rule for n, rule in enumerate(rules) if rule not in rules[:n]])
    for number in range(max(map(len, sides.values()))):
        base = f"{own}-{spec.policy.name}" if own else spec.policy.name
        name = names.free("ClusterNetworkPolicy", "", base, "-cilium", f"-{manner}")
        body: Tree = {
            "tier": "Admin" if manner == "deny" else "Baseline",
            "priority": priority,
            "subject": {"pods": {"namespaceSelector": where, "podSelector": spec.labels}},
        }
        body |= {side: held[number] for side, held in sides.items() if number < len(held)}
        meta = {"name": name} | marks(spec.policy)
        yield {"apiVersion": VERSION, "kind": "ClusterNetworkPolicy", "metadata": meta, "spec": body}


def cilium_policy(policy: Decoded, left: CiliumNetworkPolicy) -> Tree:
    """The policy with what stays of it."""
    meta: Tree = {"name": policy.name} | ({"namespace": policy.namespace} if policy.namespace else {})
    rules = {"spec": left.spec, "specs": left.specs}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": policy.kind,
        "metadata": meta | marks(policy),
        **{name: plain_value(held) for name, held in rules.items() if held is not None},
    }
