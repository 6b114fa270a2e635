"""Rules that are changed: parts taken out of them or added to them, in the form that all languages have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce

from msgspec.structs import replace

from netwright.base.ipset import EMPTY, EVERYWHERE
from netwright.base.selectors import NEVER, Not, conjunction
from netwright.base.services import NONE
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.model.rule import (
    ANYBODY,
    NOBODY,
    Addresses,
    AndPeer,
    Kinds,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Service,
    UnknownPeer,
    either,
)
from netwright.translate.boxes import OTHERS, Box, Ground, Region, common_service, less
from netwright.translate.conversion import RuleKey
from netwright.translate.terms import is_empty

Change = Callable[[Rule], Iterable[Rule]]
"""The rules that a rule becomes, in its place."""
_NODES = Kinds(("node", "own-node"))
_OUTSIDE = Kinds(("external",))


def key_of(rule: Rule) -> RuleKey:
    """The rule of a policy that a rule comes from."""
    origin = rule.origin
    return RuleKey(kind=origin.kind, namespace=origin.namespace, name=origin.name, pointer=origin.pointer)


def of_rules(changes: Mapping[RuleKey, Sequence[Change]]) -> Change:
    """The changes of single rules of policies as one, each after those before it."""

    def change(rule: Rule) -> Iterable[Rule]:
        held = changes.get(key_of(rule), ())
        return reduce(changed_rules, held, (rule,))

    return change


def changed_rules(rules: Iterable[Rule], change: Change) -> tuple[Rule, ...]:
    return tuple(one for rule in rules for one in change(rule))


def ends(rule: Rule) -> tuple[Peer, Peer]:
    """The end where a rule acts, and the other one."""
    return (rule.dst, rule.src) if rule.direction == "ingress" else (rule.src, rule.dst)


def with_ends(rule: Rule, own: Peer, other: Peer) -> Rule:
    if rule.direction == "ingress":
        return replace(rule, dst=own, src=other)
    return replace(rule, src=own, dst=other)


def without(box: Box, ground: Ground) -> Change:
    """Takes a box out of rules."""

    def change(rule: Rule) -> Iterator[Rule]:
        rest, shared = less(rule.service, box.service), common_service(rule.service, box.service)
        if rest is None or shared is None:
            rest, shared = Service(NONE), rule.service
        own, other = ends(rule)
        if rest.fixed or rest.named:
            yield replace(rule, service=rest)
        elsewhere, here = conjunction(rule.at, Not(box.at)), conjunction(rule.at, box.at)
        if not is_empty(elsewhere):
            yield replace(rule, at=elsewhere, service=shared)
        if shared.fixed or shared.named:
            left = with_ends(rule, own, AndPeer((other, NotPeer(_peer(box.whom, ground)))))
            yield replace(left, at=here, service=shared)

    return change


def instead(box: Box, more: Box, ground: Ground) -> Change:
    """Puts a box in the place of one that rules match."""
    take_out = without(box, ground)

    def change(rule: Rule) -> Iterator[Rule]:
        yield from take_out(rule)
        own, _ = ends(rule)
        yield replace(with_ends(rule, own, _peer(more.whom, ground)), at=more.at, service=more.service)

    return change


def assumed(peer: Peer, *, anybody: bool = True) -> Peer:
    """Whom a peer can mean at most: what is not known of it is anybody."""
    match peer:
        case UnknownPeer():
            return ANYBODY if anybody else NOBODY
        case AndPeer(parts):
            return AndPeer(tuple(assumed(part, anybody=anybody) for part in parts))
        case OrPeer(parts):
            return OrPeer(tuple(assumed(part, anybody=anybody) for part in parts))
        case NotPeer(part):
            return NotPeer(assumed(part, anybody=not anybody))
        case _:
            return peer


def _peer(region: Region, ground: Ground) -> Peer:
    """A region as a peer of the rule form."""
    if region == ground.everybody:
        return ANYBODY
    found: list[Peer] = []
    if region.pods is not NEVER:
        found.append(Members(conjunction(region.pods, POD_NETWORK)))
    every = ground.everybody.nodes
    if region.nodes >= every or (region.nodes and not every - region.nodes - {OTHERS}):
        found.append(_NODES)
    elif region.nodes:
        named = [one for one in ground.nodes if (one in region.nodes) != (OTHERS in region.nodes)]
        addresses = reduce(lambda held, name: held | ground.nodes[name], named, EMPTY)
        listed = Addresses(addresses)
        found.append(AndPeer((_NODES, NotPeer(listed) if OTHERS in region.nodes else listed)))
    if region.outside == EVERYWHERE:
        found.append(_OUTSIDE)
    elif region.outside:
        found.append(AndPeer((_OUTSIDE, Addresses(region.outside))))
    return either(found)
