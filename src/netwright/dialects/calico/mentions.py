"""What Calico's policies name: labels of pods, address ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.dialects.calico.entities import negative, positive, subject
from netwright.dialects.calico.grammar import terms
from netwright.dialects.calico.objects import EntityRule
from netwright.model.document import Decoded


def mentioned_keys(policies: Iterable[Decoded]) -> frozenset[str]:
    """The labels that policies select by."""
    found: set[str] = set()
    for policy in policies:
        if policy.value.spec is None:
            continue
        trees = [subject(policy.value.spec, policy.namespace)]
        for entity in entities_of(policy):
            trees += [tree for tree in (positive(entity, ""), negative(entity)) if tree is not None]
        found.update(term.label for tree in trees for term in terms(tree))
    return frozenset(found)


def networks_of(d: Decoded) -> Iterator[str]:
    """The address ranges that a policy or a set names, as written."""
    if d.value.spec is None:
        return
    if d.kind in ("NetworkSet", "GlobalNetworkSet"):
        yield from d.value.spec.nets or ()
        return
    for entity in entities_of(d):
        yield from entity.nets or ()
        yield from entity.not_nets or ()


def entities_of(policy: Decoded) -> Iterator[EntityRule]:
    """Both ends of all rules of a policy, as far as they are written."""
    spec = policy.value.spec
    for rule in (*(spec.ingress or ()), *(spec.egress or ())):
        yield from (entity for entity in (rule.source, rule.destination) if entity is not None)
