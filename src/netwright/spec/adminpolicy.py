"""The Admin and the Baseline tier, one packet at a time: the reference for `policy.networking.k8s.io`.

It follows the API documents: `apis/v1alpha2/clusternetworkpolicy_types.go` for ClusterNetworkPolicy, `apis/v1alpha1`
for AdminNetworkPolicy and BaselineAdminNetworkPolicy. A policy isolates nothing: what its rules do not match goes on.
Where the documents or the input leave something open, more than one outcome is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netwright.dialects.adminpolicy.objects import (
    AdminEgressRule,
    AdminIngressRule,
    AdminNetworkPolicy,
    ClusterNetworkPolicy,
    EgressRule,
    IngressRule,
    Subject,
)
from netwright.model.document import Decoded, of_kinds
from netwright.spec.adminpeers import (
    NO,
    YES,
    Matched,
    all_of,
    in_namespaces,
    is_unknown,
    peers_match,
    pods_match,
    ports_match,
)
from netwright.spec.ends import End
from netwright.spec.judgement import Cited, Direction, Outcome, Reason
from netwright.spec.packet import Packet
from netwright.spec.reasons import TIE

Action = Literal["allow", "deny", "pass"]
Rule = IngressRule | EgressRule | AdminIngressRule | AdminEgressRule

ACTIONS: dict[str, Action] = {"Accept": "allow", "Allow": "allow", "Deny": "deny", "Pass": "pass"}
KINDS = ("ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
LAST = 1001
"""The priority of the BaselineAdminNetworkPolicy, which has none: it is read after all others of its tier."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy, alone, would do with the packet: the actions of the rules that may decide, and whether the
    packet may go on to policies of lower precedence because none of them matches. `behind`: as in `Outcome`."""

    reached: tuple[Cited, ...] = ()
    behind: tuple[Cited, ...] = ()
    goes_on: bool = True
    reasons: tuple[Reason, ...] = ()

    @property
    def actions(self) -> set[Action]:
        return {one.action for one in self.reached}


# --- tiers ------------------------------------------------------------------------------------------------------------


def admin(packet: Packet, direction: Direction, subject: End) -> Outcome:
    """ClusterNetworkPolicies of the Admin tier and AdminNetworkPolicies."""
    return _tier(packet, direction, subject, _policies(packet, "Admin"))


def baseline(packet: Packet, direction: Direction, subject: End) -> Outcome:
    """ClusterNetworkPolicies of the Baseline tier, then the BaselineAdminNetworkPolicy."""
    return _tier(packet, direction, subject, _policies(packet, "Baseline"))


def _policies(packet: Packet, tier: str) -> list[Decoded]:
    return [one for one in of_kinds(packet.objects, *KINDS) if _tier_of(one) == tier]


def _tier_of(thing: Decoded) -> str:
    if isinstance(thing.value, ClusterNetworkPolicy):
        return thing.value.spec.tier if thing.value.spec else ""
    return {"AdminNetworkPolicy": "Admin", "BaselineAdminNetworkPolicy": "Baseline"}.get(thing.kind, "")


def _tier(packet: Packet, direction: Direction, subject: End, policies: Sequence[Decoded]) -> Outcome:
    """Policies with lower priority values are checked before those with higher ones. A packet that no rule matches goes
    on to the next tier, and so does one that a Pass rule matches."""
    reached: list[Cited] = []
    behind: list[Cited] = []
    reasons: list[Reason] = []
    goes_on = True
    for priority in sorted({_priority(one) for one in policies}):
        decided = _together(
            [_decide(packet, direction, subject, one) for one in policies if _priority(one) == priority]
        )
        behind += decided.behind
        if not goes_on:
            behind += (one for one in decided.reached if one.surely)
            continue
        reached += decided.reached
        reasons += decided.reasons
        goes_on = decided.goes_on
    actions = {one.action for one in reached}
    return Outcome(
        may_allow="allow" in actions,
        may_deny="deny" in actions,
        may_pass=goes_on or "pass" in actions,
        reached=tuple(reached),
        behind=tuple(behind),
        reasons=tuple(reasons),
    )


def _priority(policy: Decoded) -> int:
    spec = policy.value.spec
    return LAST if spec is None or spec.priority is None else int(spec.priority)


def _together(decisions: Sequence[Decision]) -> Decision:
    """Policies of one priority: the implementation can apply any of those that match, so that all may happen that one
    of them would do alone; the packet goes on only if every one of them lets it."""
    matching = [one for one in decisions if one.reached]
    actions = set().union(*(one.actions for one in matching))
    goes_on = all(one.goes_on for one in decisions)
    # where one surely does what others only perhaps do, these leave nothing open
    open_ = goes_on or len(actions) > 1
    return Decision(
        reached=tuple(cited for one in matching for cited in one.reached),
        behind=tuple(cited for one in matching for cited in one.behind),
        goes_on=goes_on,
        reasons=(
            *(reason for one in matching if open_ for reason in one.reasons),
            *((TIE,) if len(matching) > 1 and len(actions) > 1 else ()),
        ),
    )


# --- one policy -------------------------------------------------------------------------------------------------------


def _decide(packet: Packet, direction: Direction, subject: End, policy: Decoded) -> Decision:
    """The first rule that matches decides. One that matches perhaps may, and so may those behind it."""
    assert isinstance(policy.value, (ClusterNetworkPolicy, AdminNetworkPolicy))
    spec = policy.value.spec
    chosen = _is_subject(packet, spec.subject if spec else None, subject)
    reached: list[Cited] = []
    behind: list[Cited] = []
    perhaps: list[tuple[Action, tuple[Reason, ...]]] = []
    goes_on = True
    rules: Sequence[Rule | None] = ((spec.ingress if direction == "ingress" else spec.egress) if spec else None) or ()
    for index, rule in enumerate(rules):
        action, matched = _rule(packet, direction, subject, rule)
        matched = all_of(chosen, matched)
        if matched.match == "no":
            continue
        surely = matched.match == "yes"
        path = ("spec", direction, index)
        cited = Cited(object=policy, rule=index, path=path, action=action, surely=surely)
        if goes_on:
            reached.append(cited)
            perhaps.append((action, matched.reasons))
            goes_on = not surely
        elif surely:
            behind.append(cited)
    # those right before the rule that surely decides, and do what it does, leave nothing open
    while not goes_on and perhaps and perhaps[-1][0] == reached[-1].action:
        perhaps.pop()
    reasons = tuple(reason for _, found in perhaps for reason in found)
    return Decision(reached=tuple(reached), behind=tuple(behind), goes_on=goes_on, reasons=reasons)


def _is_subject(packet: Packet, subject: Subject | None, pod: End) -> Matched:
    """Pods of namespaces, or pods of namespaces and of a pod selector."""
    if subject is None:
        return NO
    if subject.pods is not None:
        return pods_match(packet, subject.pods.namespace_selector, subject.pods.pod_selector, pod)
    return NO if subject.namespaces is None else in_namespaces(packet, subject.namespaces, pod)


def _rule(packet: Packet, direction: Direction, subject: End, rule: Rule | None) -> tuple[Action, Matched]:
    """What the rule does, and whether it matches the packet: any of its peers, and any of its protocols.

    A rule with a peer that has a field of a newer API fails closed: an Accept rule matches no traffic, a Deny or Pass
    rule is a "Deny all" rule.
    """
    if rule is None or rule.action not in ACTIONS:
        raise ValueError(f"`{rule.action if rule else ''}` is not an action of a rule")
    action = ACTIONS[rule.action]
    peers = rule.from_ if isinstance(rule, (IngressRule, AdminIngressRule)) else rule.to
    if any(is_unknown(peer) for peer in peers or ()):
        return ("allow", NO) if action == "allow" else ("deny", YES)
    entries = rule.protocols if isinstance(rule, (IngressRule, EgressRule)) else rule.ports
    if not ports_match(packet, entries):
        return action, NO
    return action, peers_match(packet, direction, subject, action, peers or ())
