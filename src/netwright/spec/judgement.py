"""What a reference evaluator answers: may the packet be allowed, may it be denied, by what, and why it is open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from netwright.base.spans import Pointer
from netwright.model.document import Decoded

Direction = Literal["egress", "ingress"]


class Cited(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a policy, or (rule None) the isolation that the policy brings about; `path` points into the object.

    `action` is what becomes of a packet that it matches: "pass" leaves it to the next tier. Not `surely`: it matches
    this packet only perhaps.
    """

    object: Decoded
    rule: int | None
    path: Pointer
    action: Literal["allow", "deny", "pass"]
    surely: bool = True


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a verdict is open: input is missing, the documents leave it open, or it depends on something else."""

    kind: Literal["unknown", "ambiguous", "depends"]
    text: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one tier may do with the packet: allow it, deny it, or leave it to the next tier. At least one of them.

    `reached` are the rules of admin policies that match and decide, perhaps or surely, in the order in which they are
    read; the next three are NetworkPolicy's, as in `Side`, and so is `behind`. `reasons` say why more than one outcome
    is left.
    """

    may_allow: bool = False
    may_deny: bool = False
    may_pass: bool = False
    reached: tuple[Cited, ...] = ()
    isolating: tuple[Cited, ...] = ()
    allowing: tuple[Cited, ...] = ()
    perhaps: tuple[Cited, ...] = ()
    behind: tuple[Cited, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def matching(self) -> tuple[Cited, ...]:
        """The rules that surely match, read or not."""
        return _matching(self)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: egress at the source or ingress at the destination.

    `reached` are the rules of admin policies, of both their tiers, that match the packet, surely or perhaps, and are
    reached, in the order in which they are read. The next four are NetworkPolicy's, where that tier is reached:
    `isolating` are all policies that isolate the pod in this direction, in input order; `allowing` the rules of these
    that surely match the packet, `perhaps` those that match it only perhaps. `behind` are rules, of any tier, that
    surely match the packet, too, and are not read, since what stands before them decides. `spared`: the policies surely
    deny, and the packet is allowed all the same if it is between a pod and its own node, which is not known.
    """

    direction: Direction
    reached: tuple[Cited, ...] = ()
    isolated: bool = False
    isolating: tuple[Cited, ...] = ()
    allowing: tuple[Cited, ...] = ()
    perhaps: tuple[Cited, ...] = ()
    behind: tuple[Cited, ...] = ()
    may_allow: bool = True
    may_deny: bool = False
    reasons: tuple[Reason, ...] = ()
    spared: bool = False

    @property
    def matching(self) -> tuple[Cited, ...]:
        """The rules that surely match, read or not."""
        return _matching(self)

    @property
    def by(self) -> tuple[Cited, ...]:
        """The deciding ones, those of admin policies first. Allowed: the rules that surely match and allow. Denied: the
        rules that deny, and what isolates. Open: whatever has a part in it."""
        if not self.may_deny:
            return (*(one for one in self.reached if one.surely and one.action == "allow"), *self.allowing)
        if not self.may_allow or self.spared:
            return (*(one for one in self.reached if one.action == "deny"), *self.isolating)
        return (*self.reached, *self.allowing, *self.perhaps, *self.isolating)


def any_side(sides: Sequence[Side], reason: Reason) -> Side:
    """What any of the sides says, one of which holds; `reason` is why it is not known which. What is cited is sure if
    it surely matches in all of them, read or not: as of what stands behind a rule that matches only perhaps."""
    may_allow, may_deny = any(one.may_allow for one in sides), any(one.may_deny for one in sides)
    differ = len({(one.may_allow, one.may_deny) for one in sides}) > 1
    reasons = dict.fromkeys((*(r for one in sides for r in one.reasons), *((reason,) if differ else ())))
    reached = dict.fromkeys(cited for one in sides for cited in one.reached)
    rules = dict.fromkeys(cited for one in sides for cited in (*one.allowing, *one.perhaps))
    sure = tuple(cited for cited in rules if all(cited in one.matching for one in sides))
    return Side(
        direction=sides[0].direction,
        reached=tuple(one if all(one in side.matching for side in sides) else _unsure(one) for one in reached),
        isolated=all(one.isolated for one in sides),
        isolating=tuple(dict.fromkeys(cited for one in sides for cited in one.isolating)),
        allowing=sure,
        perhaps=tuple(dict.fromkeys(_unsure(one) for one in rules if one not in sure)),
        may_allow=may_allow,
        may_deny=may_deny,
        reasons=tuple(reasons) if may_allow and may_deny else (),
    )


def _matching(one: Outcome | Side) -> tuple[Cited, ...]:
    return (*(cited for cited in one.reached if cited.surely), *one.allowing, *one.behind)


def _unsure(cited: Cited) -> Cited:
    return msgspec.structs.replace(cited, surely=False)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What may become of the packet, why it is open if it is, and the rules and isolations that decide.

    `egress` and `ingress` are the CNI's; `beside` are those of other enforcers on the way, each of which must permit
    too. `relation` names what lets the packet pass whatever the CNI's policies say: "self", for which no enforcer is
    asked, and "own node". Then `by` has nothing of them, and the sides still show which policies and rules there are.
    """

    may_allow: bool
    may_deny: bool
    egress: Side
    ingress: Side
    reasons: tuple[Reason, ...] = ()
    by: tuple[Cited, ...] = ()
    relation: Literal["", "self", "own node"] = ""
    beside: tuple[Side, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        """Those of every enforcer that is asked."""
        if self.relation:
            return () if self.relation == "self" else self.beside
        return (self.egress, self.ingress, *self.beside)

    @property
    def deciding(self) -> tuple[Side, ...]:
        """All where it may be allowed, those that deny where it may not."""
        return self.sides if self.may_allow else tuple(side for side in self.sides if not side.may_allow)

    @property
    def verdict(self) -> Literal["allow", "deny", "undecided"]:
        if self.may_allow and self.may_deny:
            return "undecided"
        return "allow" if self.may_allow else "deny"
