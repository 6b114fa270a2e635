"""Edits of policies for secondary networks, made as those of NetworkPolicies are."""

from __future__ import annotations

from msgspec.structs import replace

from netwright.dialects.k8s.edit import Edit
from netwright.dialects.multus import POLICY
from netwright.dialects.multus.objects import POLICY_FOR, MultiNetworkPolicy


def for_network(made: Edit, attachment: str) -> Edit:
    """A new NetworkPolicy as the MultiNetworkPolicy of an attachment: its name, or NAMESPACE/NAME of another one."""
    assert made.after is not None, "a new policy"
    policy = made.after
    meta = replace(policy.value.metadata, annotations={POLICY_FOR: attachment})
    value = MultiNetworkPolicy(metadata=meta, spec=policy.value.spec)
    text = made.text.replace(f"new {policy.kind} ", f"new {POLICY} (`policy-for: {attachment}`) ", 1)
    return Edit(None, replace(policy, kind=POLICY, value=value), text)
