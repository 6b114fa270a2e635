"""Calico's policies as they are written: tiers in order, rules with their places, and whom selectors mean."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Final

import msgspec

from netwright.base.selectors import conjunction
from netwright.base.spans import Pointer, named
from netwright.dialects.calico import KINDS
from netwright.dialects.calico.entities import (
    IS_POD,
    NAME,
    NAMESPACE,
    OF_NAMESPACE,
    home,
    negative,
    of_label_selector,
    positive,
    subject,
)
from netwright.dialects.calico.grammar import All, Compared, Everything, Expression, both
from netwright.dialects.calico.lower import TierPlan, plan, types_of
from netwright.dialects.calico.members import Known
from netwright.dialects.calico.objects import EntityRule, GlobalNetworkPolicySpec, NetworkPolicySpec, Rule
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import POD_NETWORK, policy_types
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.scene import Chosen, Scene, spec_of
from netwright.questions.check.surroundings import Surroundings

DIRECTIONS: Final[tuple[Direction, ...]] = ("ingress", "egress")
DECIDING: Final = ("Allow", "Deny", "Pass")
_BY_NAME: Final = (NAMESPACE, OF_NAMESPACE + NAME, OF_NAMESPACE + NAMESPACE_NAME)


class Placed(msgspec.Struct, frozen=True):
    """A rule of a policy that acts, with its place."""

    policy: Decoded
    side: Direction
    number: int
    rule: Rule

    @property
    def pointer(self) -> Pointer:
        return "spec", self.side, self.number

    @property
    def words(self) -> str:
        """The rule without its number, which moves."""
        return f"{self.side} {self.rule!r}"

    @property
    def ends(self) -> Iterator[tuple[str, EntityRule]]:
        """Both ends, as far as anything is asked of them."""
        for name, entity in (("source", self.rule.source), ("destination", self.rule.destination)):
            if entity is not None and entity != EntityRule():
                yield name, entity

    @property
    def is_for_all(self) -> bool:
        """Whether it matches every packet."""
        bare = Rule(
            action=self.rule.action,
            source=self.rule.source,
            destination=self.rule.destination,
            metadata=self.rule.metadata,
        )
        return not any(self.ends) and self.rule == bare


class Written:
    """The policies of Calico that are enforced in one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.known = Known(scene.cluster.objects)

    @cached_property
    def is_enforced(self) -> bool:
        return self.scene.profile.tiers == "calico"

    @cached_property
    def policies(self) -> tuple[Decoded, ...]:
        """Calico's own, by namespace and name."""
        return tuple(self.scene.of_kind(*KINDS)) if self.is_enforced else ()

    @cached_property
    def tiers(self) -> tuple[TierPlan, ...]:
        """The tiers in their order, with the policies that act on pods, those of Kubernetes among them."""
        return plan(self.scene.cluster.objects) if self.is_enforced else ()

    @cached_property
    def unplaced(self) -> frozenset[Decoded]:
        """The policies of tiers that are not in the input."""
        return frozenset(policy for tier in self.tiers if math.isnan(tier.order) for policy in tier.policies)

    @cached_property
    def rules(self) -> tuple[Placed, ...]:
        return tuple(
            placed for policy in self.policies for side in sides_of(policy) for placed in rules_of(policy, side)
        )

    # --- whom they mean --------------------

    def chosen(self, tree: Expression) -> Chosen:
        """The pods that a tree surely, and surely or perhaps, selects."""
        must, may = (conjunction(self.known.pods(tree, surely), POD_NETWORK) for surely in (True, False))
        sure = self.scene.selected(must)
        if must == may:
            return sure
        return Chosen(sure.must, tuple(dict.fromkeys((*sure.may, *self.scene.selected(may).may))))

    def means_nobody(self, tree: Expression) -> bool:
        """Whether a tree surely selects no pod and no set, as far as the input holds all that it could."""
        if self.chosen(tree).may or any(one.matches(tree) is not False for one in self.known.sets):
            return False
        names = namespaces_of(tree)
        around = self.scene.once(Surroundings)
        if names is None:
            return around.is_whole and around.settles(None, self.scene.namespaces)
        return around.settles(None, names)


def sides_of(policy: Decoded) -> tuple[Direction, ...]:
    """The directions that a policy is about."""
    if policy.kind == "NetworkPolicy":
        return policy_types(spec_of(policy))
    spec = policy.value.spec
    if policy.kind == "ClusterNetworkPolicy":
        return tuple(side for side in DIRECTIONS if getattr(spec, side, None))
    return tuple(side for side in DIRECTIONS if spec is not None and side in types_of(spec))


def rules_of(policy: Decoded, side: Direction) -> Iterator[Placed]:
    """The rules of one of Calico's own policies in a direction."""
    spec: NetworkPolicySpec = policy.value.spec
    for number, rule in enumerate((spec.ingress if side == "ingress" else spec.egress) or ()):
        yield Placed(policy, side, number, rule)


def subject_of(policy: Decoded) -> Expression | None:
    """Whom a policy is for; None where that is not told here."""
    if policy.kind == "NetworkPolicy":
        return both(home(policy.namespace), IS_POD, of_label_selector(spec_of(policy).pod_selector))
    if policy.kind in KINDS and policy.value.spec is not None:
        return subject(policy.value.spec, policy.namespace)
    return None


def trees_of(policy: Decoded, entity: EntityRule) -> Iterator[tuple[str, Expression]]:
    """Whom an end of a rule has to be among, and must not be among, each with the field that says most of it."""
    found = positive(entity, policy.namespace)
    if found is not None and not entity.not_selector:
        field = next(
            (
                shown
                for shown, said in (
                    ("selector", entity.selector),
                    ("serviceAccounts", entity.service_accounts),
                    ("namespaceSelector", entity.namespace_selector),
                )
                if said
            ),
            "",
        )
        if field:
            yield field, found
    excluded = negative(entity)
    if excluded is not None:
        yield "notSelector", excluded


def covers(wide: Expression, narrow: Expression) -> bool:
    """Whether all that the second selects the first does, by what is written."""
    if isinstance(wide, Everything) or wide == narrow:
        return True
    return _parts(wide) <= _parts(narrow)


def _parts(tree: Expression) -> frozenset[Expression]:
    if isinstance(tree, All):
        return frozenset(part for one in tree.parts for part in _parts(one))
    return frozenset((tree,))


def namespaces_of(tree: Expression) -> tuple[str, ...] | None:
    """The namespaces that a tree names; None where it means those of any name."""
    for part in _parts(tree):
        if isinstance(part, Compared) and part.label in _BY_NAME and part.operator in ("==", "in"):
            return part.values
    return None


def is_for_hosts_only(policy: Decoded) -> bool:
    spec = policy.value.spec
    return isinstance(spec, GlobalNetworkPolicySpec) and bool(spec.do_not_track or spec.pre_dnat)


def name_of(policy: Decoded) -> str:
    """A policy in a sentence."""
    kind = "Calico's NetworkPolicy" if policy.kind == KINDS[0] else policy.kind
    return f"{kind} `{named(policy.namespace, policy.name)}`"
