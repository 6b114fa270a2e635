"""What a reference evaluator answers: may the packet be allowed, may it be denied, by what, and why it is open."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.spans import Pointer
from netwright.model.document import Decoded

Direction = Literal["egress", "ingress"]


class Cited(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of a policy, or (rule None) the isolation that the policy brings about; `path` points into the object."""

    object: Decoded
    rule: int | None
    path: Pointer
    action: Literal["allow", "deny"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a verdict is open: input is missing, the documents leave it open, or it depends on something else."""

    kind: Literal["unknown", "ambiguous", "depends"]
    text: str


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: egress at the source or ingress at the destination.

    `isolating` are all policies that isolate the pod in this direction, in input order; `allowing` the rules of these
    that surely match the packet, `perhaps` those that match it only perhaps.
    """

    direction: Direction
    isolated: bool = False
    isolating: tuple[Cited, ...] = ()
    allowing: tuple[Cited, ...] = ()
    perhaps: tuple[Cited, ...] = ()
    may_allow: bool = True
    may_deny: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def by(self) -> tuple[Cited, ...]:
        """The deciding ones: the rules that allow; if it may be denied, what isolates, after what perhaps allows."""
        if not self.may_deny:
            return self.allowing
        return (*self.perhaps, *self.isolating) if self.may_allow else self.isolating


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
