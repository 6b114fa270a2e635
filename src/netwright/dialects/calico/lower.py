"""Calico's policies, and those of Kubernetes as Calico stands them among its own, to tiers of rules.

After `felix/calc` (policy_sorter, rule_scanner) and `libcalico-go/lib/backend/k8s/conversion` of Calico 3.32: tiers go
by order and name, policies of a tier by order, then by name, namespace and kind. The first rule that matches decides,
Pass goes on to the next tier, Log decides nothing. Behind a tier its default action holds at whom one of its policies
selects in that direction. NetworkPolicies of Kubernetes stand in the tier `default` at 1000.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from netwright.base.selectors import Selector, conjunction
from netwright.base.services import ALL
from netwright.base.spans import Origin, Pointer
from netwright.dialects.calico import KINDS
from netwright.dialects.calico.entities import subject
from netwright.dialects.calico.grammar import Expression
from netwright.dialects.calico.members import Known, unknown_labels
from netwright.dialects.calico.objects import GlobalNetworkPolicySpec, NetworkPolicySpec
from netwright.dialects.calico.objects import Rule as Written
from netwright.dialects.calico.rules import Matching, Sections
from netwright.dialects.k8s.lower import POD_NETWORK, lower_policies
from netwright.dialects.k8s.reading import Reading
from netwright.model.document import Decoded
from netwright.model.rule import ANYBODY, EVERY_SERVICE, Action, AndPeer, End, Peer, Rule, Service, Tier, UnknownPeer

DEFAULT: Final = "default"
ADMIN: Final = "kube-admin"
BASELINE: Final = "kube-baseline"
BUILT_IN: Final[dict[str, tuple[float, str]]] = {
    ADMIN: (1_000, "Pass"),
    DEFAULT: (1_000_000, "Deny"),
    BASELINE: (10_000_000, "Pass"),
}
"""The tiers that Calico makes itself, with their order and default action."""
OF_NETWORK_POLICY: Final = 1000.0
"""The order of NetworkPolicies of Kubernetes."""
_ACTIONS: Final[dict[str, Action]] = {"Allow": "allow", "Deny": "deny", "Pass": "pass"}
_TYPES: Final = {
    "NetworkPolicy": "KubernetesNetworkPolicy",
    "ClusterNetworkPolicy": "KubernetesClusterNetworkPolicy",
    KINDS[0]: "NetworkPolicy",
    KINDS[1]: KINDS[1],
}
_BOTH: Final[tuple[Action, ...]] = ("allow", "deny")
_SIDES: Final = ("ingress", "egress")


Convert = Callable[[Decoded], tuple[Expression, Sections]]
"""Whom a policy of another language is for, and its rules as Calico has them."""


Plain = dict[Decoded, tuple[list[Rule], list[End]]]
"""The rules and ends of NetworkPolicies of Kubernetes."""


class TierPlan(NamedTuple):
    """A tier and its policies in the order in which they are read."""

    name: str
    order: float
    default_action: str
    object: Decoded | None
    policies: tuple[Decoded, ...]


class Lowered(NamedTuple):
    """The tiers, and rules for policies of which it is not known where they stand."""

    tiers: tuple[Tier, ...]
    unplaced: tuple[Rule, ...]


def tier_of(policy: Decoded) -> str:
    """The tier that a policy stands in."""
    if policy.kind == "NetworkPolicy":
        return DEFAULT
    spec = policy.value.spec
    if policy.kind == "ClusterNetworkPolicy":
        return BASELINE if spec is not None and spec.tier == "Baseline" else ADMIN
    return spec.tier_name if spec is not None else DEFAULT


def order_of(policy: Decoded) -> float:
    """The order of a policy among those of its tier; infinite where none is written."""
    if policy.kind == "NetworkPolicy":
        return OF_NETWORK_POLICY
    spec = policy.value.spec
    written = spec.priority if policy.kind == "ClusterNetworkPolicy" and spec else spec.order if spec else None
    return math.inf if written is None else float(written)


def sort_key(policy: Decoded) -> tuple[float, str]:
    """By what policies of one tier are sorted."""
    return order_of(policy), f"{policy.name}/{policy.namespace}/{_TYPES[policy.kind]}"


def types_of(spec: NetworkPolicySpec) -> tuple[str, ...]:
    """The directions that a policy is about: as written, else by the rules that it has."""
    if spec.types:
        written = {one.lower() for one in spec.types}
        return tuple(side for side in _SIDES if side in written)
    if spec.egress:
        return _SIDES if spec.ingress else ("egress",)
    return ("ingress",)


def acts_on_pods(policy: Decoded) -> bool:
    """Whether it is for pods too: doNotTrack and preDNAT are for the interfaces of hosts only."""
    spec = policy.value.spec
    return not (isinstance(spec, GlobalNetworkPolicySpec) and (spec.do_not_track or spec.pre_dnat))


def plan(objects: Sequence[Decoded]) -> tuple[TierPlan, ...]:
    """The tiers in their order, with the policies that act on pods. Those that are named and not there come last, with
    an order that is not a number."""
    tiers = {name: (order, action, None) for name, (order, action) in BUILT_IN.items()}
    found: dict[str, tuple[float, str, Decoded | None]] = dict(tiers)
    for d in objects:
        if d.kind == "Tier":
            spec = d.value.spec
            order, action = BUILT_IN.get(d.name, (math.inf, "Deny"))
            if spec is not None and spec.order is not None:
                order = spec.order
            if spec is not None and spec.default_action:
                action = spec.default_action
            found[d.name] = (order, action, d)
    policies: dict[str, list[Decoded]] = {}
    for d in objects:
        if d.kind in _TYPES and d.value.spec is not None and acts_on_pods(d):
            policies.setdefault(tier_of(d), []).append(d)
    for name in policies:
        found.setdefault(name, (math.nan, "", None))
    plans = [
        TierPlan(name, order, action, d, tuple(sorted(policies.get(name, ()), key=sort_key)))
        for name, (order, action, d) in found.items()
    ]
    return tuple(sorted(plans, key=lambda one: (math.isnan(one.order), one.order, one.name)))


def lower_calico(objects: Sequence[Decoded], reading: Reading, converted: Convert) -> Lowered:
    """All policies that Calico enforces at pods. Sets, Services, namespaces and accounts are looked up in `objects`;
    `converted` reads a ClusterNetworkPolicy."""
    known = Known(objects)
    matching = Matching(objects, known)
    plain = _plain(objects, reading)
    tiers: list[Tier] = []
    unplaced: list[Rule] = []
    for planned in plan(objects):
        if not planned.policies:
            continue
        lowering = _Lowering(known, matching, plain, converted, denies=planned.default_action == "Deny")
        if math.isnan(planned.order):
            unplaced += [rule for d in planned.policies for rule in lowering.unplaced(d)]
            continue
        for policy in planned.policies:
            lowering.policy(policy)
        rules, ends = lowering.result()
        tiers.append(Tier(name=planned.name, ties="ordered", rules=rules, ends=ends))
    return Lowered(tuple(tiers), tuple(unplaced))


def _plain(objects: Sequence[Decoded], reading: Reading) -> Plain:
    """The NetworkPolicies of Kubernetes, lowered together: what they say alike is one object."""
    policies = [d for d in objects if d.kind == "NetworkPolicy"]
    found: Plain = {policy: ([], []) for policy in policies}
    rules, ends = lower_policies(policies, reading)
    for rule in rules:
        found[policies[rule.policy]][0].append(rule)
    by_name = {(d.namespace, d.name): d for d in policies}
    for end in ends:
        found[by_name[end.origin.namespace, end.origin.name]][1].append(end)
    return found


class _Lowering:
    """The policies of one tier, in the order in which they are read.

    Rules get ranks in that order. Policies that stand beside one another and only allow share one: the order of what
    allows means nothing, and equal rules stay equal.
    """

    def __init__(self, known: Known, matching: Matching, plain: Plain, converted: Convert, *, denies: bool) -> None:
        self._known = known
        self._converted = converted
        self._matching = matching
        self._plain = plain
        self._denies = denies
        self._rank = 0
        self._shares = False
        self._number = -1
        self._rules: list[Rule] = []
        self._ends: list[End] = []
        self._last: list[Rule] = []

    def result(self) -> tuple[tuple[Rule, ...], tuple[End, ...]]:
        """The rules and ends. What a policy perhaps brings about behind the tier comes after all that it decides."""
        last = [replace(rule, rank=self._rank + 1) for rule in self._last]
        return (*self._rules, *last), tuple(self._ends)

    def policy(self, policy: Decoded) -> None:
        self._number += 1
        if policy.kind == "NetworkPolicy":
            rules, ends = self._plain[policy]
            self._put([rule for rule in rules if rule.action == "allow"])
            self._last += [rule for rule in rules if rule.action == "deny"]
            self._ends += ends
        elif policy.kind == "ClusterNetworkPolicy":
            where, sections = self._converted(policy)
            self._own(policy, where, sections)
        else:
            spec: NetworkPolicySpec = policy.value.spec
            where = subject(spec, policy.namespace)
            sections = {
                side: list(enumerate((spec.ingress if side == "ingress" else spec.egress) or ()))
                for side in types_of(spec)
            }
            self._own(policy, where, sections)

    def unplaced(self, policy: Decoded) -> Iterator[Rule]:
        """Rules for a policy whose tier is not in the input: at whom it may select it may allow and deny."""
        told = UnknownPeer(
            f"{policy.kind} `{policy.name}` stands in the tier `{tier_of(policy)}`, which is not in the input"
        )
        spec: NetworkPolicySpec = policy.value.spec
        where = subject(spec, policy.namespace)
        at = conjunction(self._known.pods(where, False), POD_NETWORK)
        for side in types_of(spec):
            for action in _BOTH:
                yield Rule(
                    rank=0,
                    policy=0,
                    index=0,
                    at=at,
                    direction=side,  # type: ignore[arg-type]
                    src=told if side == "ingress" else ANYBODY,
                    dst=ANYBODY if side == "ingress" else told,
                    service=EVERY_SERVICE,
                    action=action,
                    origin=_nameless(policy),
                )

    def _put(self, rules: list[Rule]) -> None:
        """Give the rules of the next policy their ranks."""
        shares = all(rule.action == "allow" for rule in rules)
        if not (shares and self._shares):
            self._rank += 1
        self._shares = shares
        index = -1
        for rule in rules:
            if not shares and rule.index != index:
                self._rank += 1
                index = rule.index
            self._rules.append(replace(rule, rank=self._rank, policy=self._number))

    def _own(self, policy: Decoded, where: Expression, sections: Sections) -> None:
        known = self._known
        at = conjunction(known.pods(where), POD_NETWORK)
        perhaps = known.open_pods(where)
        rules: list[Rule] = []
        for side, written in sections.items():
            for index, rule in written:
                if rule.action not in _ACTIONS:
                    continue
                made = list(self._rule(policy, side, index, rule, at))
                rules += made
                if perhaps is not None:
                    rules += [self._perhaps(policy, where, one, perhaps) for one in made]
            if self._denies:
                origin = _origin(policy, ("spec", "subject" if policy.kind == "ClusterNetworkPolicy" else "selector"))
                self._ends.append(End(at=at, direction=side, action="deny", origin=origin))  # type: ignore[arg-type]
                if perhaps is not None:
                    self._last.append(self._isolated(policy, where, side, perhaps))
        # both directions are numbered together, each in its own order
        for side in sections:
            self._put([rule for rule in rules if rule.direction == side])

    def _rule(self, policy: Decoded, side: str, index: int, rule: Written, at: Selector) -> Iterator[Rule]:
        for match in self._matching.matches(policy, rule, side):
            yield Rule(
                rank=0,
                policy=0,
                index=index,
                at=at,
                direction=side,  # type: ignore[arg-type]
                src=match.source,
                dst=match.destination,
                service=match.service,
                when=match.when,
                action=_ACTIONS[rule.action or ""],
                origin=_origin(policy, ("spec", side, index)),
            )

    def _perhaps(self, policy: Decoded, where: Expression, rule: Rule, at: Selector) -> Rule:
        """A rule at the pods that its policy selects or not."""
        told = unknown_labels(policy, self._known.compares_unknown(where))
        if rule.direction == "ingress":
            return replace(rule, at=at, dst=_with(rule.dst, told))
        return replace(rule, at=at, src=_with(rule.src, told))

    def _isolated(self, policy: Decoded, where: Expression, side: str, at: Selector) -> Rule:
        """That a policy perhaps brings the end of its tier to these pods."""
        told = unknown_labels(policy, self._known.compares_unknown(where))
        return Rule(
            rank=0,
            policy=self._number,
            index=0,
            at=at,
            direction=side,  # type: ignore[arg-type]
            src=ANYBODY if side == "ingress" else told,
            dst=told if side == "ingress" else ANYBODY,
            service=Service(ALL),
            action="deny",
            origin=_nameless(policy),
        )


def _with(own: Peer, told: UnknownPeer) -> Peer:
    return told if own is ANYBODY else AndPeer((own, told))


def _origin(policy: Decoded, pointer: Pointer) -> Origin:
    return Origin(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer, place=policy.place)


def _nameless(policy: Decoded) -> Origin:
    return Origin(kind=policy.kind, namespace=f"{policy.namespace}/{policy.name}", name="")
