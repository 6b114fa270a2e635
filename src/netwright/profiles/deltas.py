"""Edits of policies as edits of the compiled tiers, where a profile lets a policy be edited by itself."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.dialects.k8s.edit import Edit
from netwright.dialects.k8s.lower import origins_of
from netwright.engine.units import Delta
from netwright.model.cluster import Cluster
from netwright.model.rule import Rule, Tier
from netwright.profiles.enforcers import DEFINING, as_read
from netwright.profiles.known import profile_of
from netwright.profiles.named_families import named_families
from netwright.profiles.profile import ISOLATION, NETWORK_POLICY


def deltas(cluster: Cluster, edits: Sequence[Edit]) -> tuple[Delta, ...] | None:
    """What the edits take out of the tiers of the CNI and put in.

    None where they are not of NetworkPolicies only; where other rules hang on who is isolated, or on the order among
    policies, so that the edit changes them too; or where one compares a label of unknown value, whose perhaps-rules
    bear no policy's name.
    """
    profile = profile_of(cluster.profile)
    if cluster.mesh is not None:
        return None  # it may tunnel what a policy is about
    if len(cluster.enforcers) > 1 or not all(d.kind == "NetworkPolicy" for e in edits for d in e.touched):
        return None
    if any(d.kind in DEFINING for d in cluster.objects) and any(named_families(d) for e in edits for d in e.touched):
        return None  # what a primary network leaves open hangs on whether policies name ranges
    tiers = {tier.name: number for number, tier in enumerate(cluster.enforcers[0].tiers)}
    if NETWORK_POLICY not in tiers or profile.enforcement != "default":
        return None
    if profile.isolation == "behind all tiers" and any(map(_hangs_on_isolation, cluster.enforcers[0].tiers)):
        return None
    gone = [e.before for e in edits if e.before is not None]
    rules, ends = as_read([e.after for e in edits if e.after is not None], cluster.objects, profile.reading)
    if not all(rule.origin.name for rule in (*rules, *as_read(gone, cluster.objects, profile.reading)[0])):
        return None
    removed = frozenset().union(*map(origins_of, gone))
    if profile.isolation == "after its tier":
        return (Delta(tier=tiers[NETWORK_POLICY], removed=removed, rules=rules, ends=ends),)
    return (
        Delta(tier=tiers[NETWORK_POLICY], removed=removed, rules=rules),
        Delta(tier=tiers[ISOLATION], removed=removed, ends=ends),
    )


def _hangs_on_isolation(tier: Tier) -> bool:
    """Whether what a rule of the tier owes is told apart by who is isolated (`enforcers`)."""

    def hangs(rule: Rule) -> bool:
        return rule.then.text != rule.then.unisolated

    return any(map(hangs, tier.rules))
