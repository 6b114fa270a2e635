"""Rules and policies of Calico that what is read before them leaves nothing, and orders that names decide.

Policies are read tier by tier, in each by order, and the first rule that matches decides; Pass goes on to the next
tier, and a tier that denies at its end lets nothing else get to the next. All is told by what is written.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from netwright.base.spans import named
from netwright.dialects.calico import KINDS
from netwright.dialects.calico.lower import TierPlan, order_of
from netwright.dialects.calico.objects import Rule
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.calico_written import (
    DECIDING,
    DIRECTIONS,
    Placed,
    Written,
    covers,
    name_of,
    rules_of,
    sides_of,
    subject_of,
)
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    """NW2610 to NW2616."""
    told = Order(scene)
    yield from told.behind_all()
    yield from told.covered()
    yield from told.missing()
    yield from told.ties()
    yield from told.last_passes()
    yield from told.only_logged()


class Order:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.written = scene.once(Written)
        self.placed = [tier for tier in self.written.tiers if not math.isnan(tier.order)]

    def behind_all(self) -> Iterator[Found]:
        """NW2610: rules behind one that matches every packet."""
        for policy in self.written.policies:
            for side in sides_of(policy):
                rules = list(rules_of(policy, side))
                final = _final(policy, side)
                if final is None:
                    continue
                behind = [one for one in rules[final.number + 1 :] if one.rule.action in DECIDING]
                if behind:
                    yield Found(
                        "NW2610",
                        at(policy, *behind[0].pointer),
                        f"{len(behind)} {side} rule{'s' if len(behind) > 1 else ''} of {name_of(policy)} never "
                        f"decide{'' if len(behind) > 1 else 's'}: a rule before {'them' if len(behind) > 1 else 'it'} "
                        f"that matches everything says {final.rule.action}",
                        label="nothing is left to it",
                        effect="without it every connection is treated as it is now",
                        help=f"put the rule that says {final.rule.action} last, or delete those behind it",
                        key=side,
                        also=(Seen(at(policy, *final.pointer), "matches everything"),),
                    )

    # --- behind other policies --------------------

    def covered(self) -> Iterator[Found]:
        """NW2611, NW2612: policies that are not reached, in their tier or for an earlier one."""
        for number, tier in enumerate(self.placed):
            for index, policy in enumerate(tier.policies):
                for side in _decided(policy):
                    before = self._closes(tier.policies[:index], policy, side)
                    if before is not None:
                        yield self._never(policy, side, before, "NW2611", "is read before it in its tier")
                        continue
                    for earlier in self.placed[:number]:
                        closing = self._leaves_nothing(earlier, policy, side)
                        if closing is not None:
                            where = f"stands in the tier `{earlier.name}`, which is read first,"
                            yield self._never(policy, side, closing, "NW2612", where)
                            break

    def _closes(
        self, before: tuple[Decoded, ...], policy: Decoded, side: Direction, *, hard: bool = False
    ) -> Placed | None:
        """A rule for everything of a policy for all the pods of another one that is read before it; `hard`: one that
        does not pass."""
        subject = subject_of(policy)
        for other in before:
            whom = subject_of(other)
            if subject is None or whom is None or other.kind not in KINDS or side not in sides_of(other):
                continue
            final = _final(other, side)
            if final is not None and covers(whom, subject) and not (hard and self._may_pass(other, side)):
                return final
        return None

    def _leaves_nothing(self, tier: TierPlan, policy: Decoded, side: Direction) -> Placed | None:
        """What of an earlier tier lets nothing get to a policy: a rule for everything, where nothing before it passes,
        or the tier's end, where nothing passes at all."""
        if any(self._may_pass(other, side) for other in tier.policies):
            return None
        found = self._closes(tier.policies, policy, side, hard=True)
        if found is not None or tier.default_action != "Deny":
            return found
        subject = subject_of(policy)
        for other in tier.policies:
            whom = subject_of(other)
            if other.kind in KINDS and subject is not None and whom is not None and side in sides_of(other):
                if covers(whom, subject):
                    return Placed(other, side, -1, Rule(action="Deny"))
        return None

    @staticmethod
    def _may_pass(policy: Decoded, side: Direction) -> bool:
        if policy.kind not in KINDS:
            return policy.kind == "ClusterNetworkPolicy"
        return any(one.rule.action == "Pass" for one in rules_of(policy, side))

    def _never(self, policy: Decoded, side: Direction, by: Placed, code: str, where: str) -> Found:
        is_end = by.number < 0
        place = at(by.policy, "spec", "selector") if is_end else at(by.policy, *by.pointer)
        does = "denies at its end what it does not allow" if is_end else f"says {by.rule.action} to everything"
        return Found(
            code,
            at(policy, "spec", side),
            f"{side} rules of {name_of(policy)} never decide: {name_of(by.policy)} {where} and "
            + (f"its tier {does}" if is_end else does),
            label="nothing is left to these rules",
            effect="without them every connection is treated as it is now",
            help="add a Pass rule to the earlier tier" if is_end else "narrow the earlier rule, or change the order",
            key=side,
            also=(Seen(place, "decides first"),),
        )

    # --- where policies stand --------------------

    def missing(self) -> Iterator[Found]:
        """NW2613: policies of a tier that is not there."""
        for tier in self.written.tiers:
            if not math.isnan(tier.order):
                continue
            for policy in tier.policies:
                yield Found(
                    "NW2613",
                    at(policy, "spec", "tier"),
                    f"{name_of(policy)} stands in the tier `{tier.name}`, which is not in the input",
                    label="no Tier of this name",
                    effect="where it is read is not known: verdicts of the pods that it selects are undecided",
                    help=f"add the Tier `{tier.name}` to the sources, or create it",
                )

    def ties(self) -> Iterator[Found]:
        """NW2614: policies of one order that say different things to the same pods: their names decide."""
        acting = self.scene.acting.at
        for tier in self.placed:
            for index, policy in enumerate(tier.policies):
                for other in tier.policies[index + 1 :]:
                    if order_of(other) != order_of(policy):
                        break
                    if KINDS[0] not in (policy.kind, other.kind) and KINDS[1] not in (policy.kind, other.kind):
                        continue
                    for side in DIRECTIONS:
                        first, second = (_said(one, side) for one in (policy, other))
                        if len(first | second) < 2 or not first or not second or first == second:
                            continue
                        here, there = (
                            acting.get((one.kind, one.namespace, one.name), {}).get(side, set())
                            for one in (policy, other)
                        )
                        if here & there:
                            yield self._tie(policy, other, side)
                            break

    def _tie(self, policy: Decoded, other: Decoded, side: Direction) -> Found:
        order = order_of(policy)
        shown = "have no order" if math.isinf(order) else f"have the order {order:g}"
        return Found(
            "NW2614",
            at(policy, "spec", "order"),
            f"{name_of(policy)} and {name_of(other)} {shown} in one tier and say different things about the {side} of "
            "the same pods",
            label=f"read before `{named(other.namespace, other.name)}` for its name only",
            effect="a new name could change verdicts",
            help="give them different orders: the lower one is read first",
            key=f"{side} {other.kind} {other.namespace} {other.name}",
            also=(Seen(at(other, "spec"), "the same order"),),
        )

    def last_passes(self) -> Iterator[Found]:
        """NW2615: Pass where no tier with policies comes after."""
        inhabited = [tier for tier in self.placed if tier.policies]
        if not inhabited or any(math.isnan(tier.order) for tier in self.written.tiers):
            return
        for policy in inhabited[-1].policies:
            if policy.kind not in KINDS:
                continue
            for side in sides_of(policy):
                passing = [one for one in rules_of(policy, side) if one.rule.action == "Pass"]
                if passing:
                    yield Found(
                        "NW2615",
                        at(policy, *passing[0].pointer, "action"),
                        f"{side} rule of {name_of(policy)} passes to the next tier, and there is none with policies",
                        label="allows what it matches",
                        effect="behind the last tier pods are allowed everything",
                        help="write `action: Allow`, or put the policy into an earlier tier",
                        key=side,
                    )

    def only_logged(self) -> Iterator[Found]:
        """NW2616: directions in which all rules log, and the tier denies at its end."""
        for tier in self.placed:
            for policy in tier.policies if tier.default_action == "Deny" else ():
                if policy.kind not in KINDS:
                    continue
                for side in sides_of(policy):
                    rules = list(rules_of(policy, side))
                    if rules and all(one.rule.action == "Log" for one in rules):
                        yield Found(
                            "NW2616",
                            at(policy, *rules[0].pointer, "action"),
                            f"{side} rules of {name_of(policy)} only log, and what they log goes on",
                            label="decides nothing",
                            effect=f"what no other policy of the tier `{tier.name}` allows is denied at the tier's end",
                            help="add rules that allow; or stage the policy to see what it would do",
                            key=side,
                        )


def _final(policy: Decoded, side: Direction) -> Placed | None:
    """The first rule of a policy that matches every packet and decides."""
    if policy.kind not in KINDS:
        return None
    return next((one for one in rules_of(policy, side) if one.is_for_all and one.rule.action in DECIDING), None)


def _decided(policy: Decoded) -> Iterator[Direction]:
    """The directions in which a policy has rules that could decide something."""
    for side in sides_of(policy):
        if policy.kind in KINDS:
            if any(one.rule.action in DECIDING for one in rules_of(policy, side)):
                yield side
        elif policy.kind == "NetworkPolicy" and getattr(policy.value.spec, side):
            yield side


def _said(policy: Decoded, side: Direction) -> frozenset[str]:
    """The actions of a policy's rules in a direction."""
    if side not in sides_of(policy):
        return frozenset()
    if policy.kind in KINDS:
        return frozenset(one.rule.action or "" for one in rules_of(policy, side) if one.rule.action in DECIDING)
    return frozenset(("Allow",)) if policy.kind == "NetworkPolicy" and getattr(policy.value.spec, side) else frozenset()
