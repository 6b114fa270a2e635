"""Ordered tiers as rules without order, of which those that deny come first: what Cilium and its like have.

Where a rule decides, none behind it matters. What allows is said as it is; what denies must not deny what an earlier
rule allows, and is said without that. Pass sends what it matches past the rest of its tier, so that this is taken out
of what follows there. What a tier denies at its end is left to isolation, but where a later rule would allow it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netwright.base.selectors import Not, Selector, conjunction, disjunction
from netwright.model.document import Decoded
from netwright.model.rule import EVERY_SERVICE
from netwright.translate.boxes import Box, Region, Unsayable, common, common_service, overlap, subtract, subtract_all
from netwright.translate.conversion import RuleKey
from netwright.translate.requirements import BySpace, conjuncts
from netwright.translate.terms import is_empty


class Step(NamedTuple):
    """A rule of a tier, or its end, in the order in which they are read. `key` is None of what is none of a policy's
    rules. `stays`: it is of a policy that is not converted, so that it can be denied but not be cut."""

    policy: Decoded
    key: RuleKey | None
    action: str
    box: Box
    stays: bool
    is_end: bool = False
    spared: tuple[Box, ...] = ()
    """What is passed on before an end, where it cannot be taken out of it."""


class Made(NamedTuple):
    """Something to be said: an allow or a denial, of a rule."""

    policy: Decoded
    key: RuleKey | None
    action: str
    box: Box


class Unordered(NamedTuple):
    """What is to be said; at whom each policy isolates; what could not be taken apart, each with its reason; and `idle`
    rules, of which nothing is left."""

    made: tuple[Made, ...]
    isolating: tuple[tuple[Decoded, Selector], ...]
    stuck: tuple[tuple[Step, str], ...]
    idle: tuple[Step, ...]


def unordered(tiers: Sequence[Sequence[Step]], everybody: Region) -> Unordered:
    """The steps of one direction without their order."""
    return _Reading(everybody).read(tiers)


class _Reading:
    def __init__(self, everybody: Region) -> None:
        self._everybody = everybody
        self._stuck: list[tuple[Step, str]] = []
        self._idle: list[Step] = []

    def read(self, tiers: Sequence[Sequence[Step]]) -> Unordered:
        steps = list(self._flat(tiers))
        isolating = [(step.policy, step.box.at) for step in steps if step.is_end and not step.stays]
        isolated = disjunction(*(step.box.at for step in steps if step.is_end))
        made = self._said(steps, isolated)
        return Unordered(tuple(made), tuple(isolating), tuple(self._stuck), tuple(self._idle))

    # --- passes --------------------

    def _flat(self, tiers: Sequence[Sequence[Step]]) -> Iterator[Step]:
        """All tiers as one, without Pass; what passes all of them is allowed at the last."""
        falling: list[Step] = []
        kept: list[Step] = []  # what policies that stay allow all the same, though it is passed over
        for tier in tiers:
            passed: list[Step] = []
            ends: list[Box] = []
            for step in tier:
                if step.action == "pass":
                    passed.append(step)
                    continue
                if step.stays and step.action == "allow":
                    over = [one.box for one in passed if overlap(one.box, step.box)]
                    kept += [step._replace(box=_shared(step.box, box)) for box in over]
                boxes = [one.box for one in passed]
                for one in self._end(step, boxes) if step.is_end else self._parts(step, boxes):
                    yield one
                    if step.is_end:
                        ends.append(one.box._replace(whom=self._everybody, service=EVERY_SERVICE))
            falling = [part for one in falling for part in self._parts(one, ends)]
            falling += passed
        for step in falling:
            yield step._replace(action="allow")
        yield from kept

    def _parts(self, step: Step, others: Sequence[Box]) -> list[Step]:
        """A step without what is in others."""
        try:
            return [step._replace(box=box) for box in subtract_all([step.box], others)]
        except Unsayable as what:
            self._stuck.append((step, str(what)))
            return [step]

    def _end(self, step: Step, passed: Sequence[Box]) -> list[Step]:
        whole = [box for box in passed if box.whom == self._everybody and box.service == EVERY_SERVICE]
        spared = tuple(box for box in passed if box not in whole and overlap(box, step.box))
        parts = self._parts(step, whole)
        return [one._replace(spared=spared) for one in parts]

    # --- what is said --------------------

    def _said(self, steps: list[Step], isolated: Selector) -> Iterator[Made]:
        allows = [(number, step) for number, step in enumerate(steps) if step.action == "allow"]
        at_home = BySpace((conjuncts(step.box.at), number) for number, step in allows)
        cut: dict[int, list[Box]] = {number: [step.box] for number, step in allows}
        for number, step in enumerate(steps):
            if step.action != "deny":
                continue
            near = sorted(at_home.beside(conjuncts(step.box.at)))
            later = [n for n in near if n > number and any(overlap(box, step.box) for box in cut[n])]
            if step.stays:
                for n in later:
                    if not steps[n].stays:
                        self._leave(step, steps[n], n, cut)
                continue
            earlier = [steps[n].box for n in near if n < number and overlap(steps[n].box, step.box)]
            staying = [_shared(step.box, steps[n].box) for n in later if steps[n].stays]
            others = [n for n in later if not steps[n].stays]
            is_left = step.is_end or (bool(earlier) and _is_within(step.box.at, isolated))
            for boxes in (staying, [step.box]) if is_left else ([step.box],):
                try:
                    found = subtract_all(boxes, [*earlier, *step.spared])
                    if boxes is staying:
                        cut.update({n: _without(cut[n], step) for n in others})
                except Unsayable as what:
                    why = str(what)
                    continue
                yield from (Made(step.policy, step.key, "deny", box) for box in found)
                break
            else:
                self._stuck.append((step, why))
        for number, step in allows:
            if step.stays:
                continue
            if not cut[number]:
                self._idle.append(step)
            for box in cut[number]:
                yield Made(step.policy, step.key, "allow", box)

    def _leave(self, step: Step, later: Step, number: int, cut: dict[int, list[Box]]) -> None:
        """Takes what a policy that stays denies out of a later rule."""
        try:
            cut[number] = _without(cut[number], step)
        except Unsayable as what:
            self._stuck.append((later, str(what)))


def _without(boxes: list[Box], step: Step) -> list[Box]:
    """Boxes without what a step denies."""
    found: list[Box] = []
    for box in boxes:
        if any(not subtract(box, one) for one in step.spared):
            found.append(box)
            continue
        found += subtract_all([box], [step.box])
        for one in step.spared:
            if overlap(box, one) and overlap(box, step.box):
                found.append(_shared(_shared(box, one), step.box))
    return found


def _shared(a: Box, b: Box) -> Box:
    service = common_service(a.service, b.service)
    return Box(conjunction(a.at, b.at), common(a.whom, b.whom), b.service if service is None else service)


def _is_within(at: Selector, isolated: Selector) -> bool:
    return is_empty(conjunction(at, Not(isolated)))
