"""What a reference evaluator answers: may the packet be allowed, may it be denied, by what, and why it is open."""

from __future__ import annotations

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
    read; the next three are NetworkPolicy's, as in `Side`. `reasons` say why more than one outcome is left.
    """

    may_allow: bool = False
    may_deny: bool = False
    may_pass: bool = False
    reached: tuple[Cited, ...] = ()
    isolating: tuple[Cited, ...] = ()
    allowing: tuple[Cited, ...] = ()
    perhaps: tuple[Cited, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: egress at the source or ingress at the destination.

    `reached` are the rules of admin policies, of both their tiers, that match the packet, surely or perhaps, and are
    reached, in the order in which they are read. The next four are NetworkPolicy's, where that tier is reached:
    `isolating` are all policies that isolate the pod in this direction, in input order; `allowing` the rules of these
    that surely match the packet, `perhaps` those that match it only perhaps. `spared`: the policies surely deny, and
    the packet is allowed all the same if it is between a pod and its own node, which is not known.
    """

    direction: Direction
    reached: tuple[Cited, ...] = ()
    isolated: bool = False
    isolating: tuple[Cited, ...] = ()
    allowing: tuple[Cited, ...] = ()
    perhaps: tuple[Cited, ...] = ()
    may_allow: bool = True
    may_deny: bool = False
    reasons: tuple[Reason, ...] = ()
    spared: bool = False

    @property
    def by(self) -> tuple[Cited, ...]:
        """The deciding ones, those of admin policies first. Allowed: the rules that surely match and allow. Denied: the
        rules that deny, and what isolates. Open: whatever has a part in it."""
        if not self.may_deny:
            return (*(one for one in self.reached if one.surely and one.action == "allow"), *self.allowing)
        if not self.may_allow or self.spared:
            return (*(one for one in self.reached if one.action == "deny"), *self.isolating)
        return (*self.reached, *self.allowing, *self.perhaps, *self.isolating)


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What may become of the packet, why it is open if it is, and the rules and isolations that decide.

    `relation` names what lets the packet pass whatever the policies say: "self", "own node" (then `by` is empty, and
    the sides still show which policies and rules there are).
    """

    may_allow: bool
    may_deny: bool
    egress: Side
    ingress: Side
    reasons: tuple[Reason, ...] = ()
    by: tuple[Cited, ...] = ()
    relation: Literal["", "self", "own node"] = ""

    @property
    def verdict(self) -> Literal["allow", "deny", "undecided"]:
        if self.may_allow and self.may_deny:
            return "undecided"
        return "allow" if self.may_allow else "deny"
