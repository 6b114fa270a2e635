"""Calico's rules as Cilium would say them, as things stand, and what of them it cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.base.selectors import Selector, conjunction
from netwright.base.services import ServiceSet
from netwright.dialects.calico import KINDS as SOURCES
from netwright.dialects.calico.grammar import Compared, parse, terms
from netwright.dialects.calico.lower import acts_on_pods
from netwright.dialects.calico.objects import GlobalNetworkPolicySpec, NetworkPolicySpec, Rule
from netwright.model.document import Decoded
from netwright.model.rule import ANYBODY, EVERY_SERVICE, AndPeer, End, OrPeer, Peer, Service, Tier, UnknownPeer
from netwright.model.rule import Rule as Lowered
from netwright.translate.boxes import Box, Ground, Manner, Region, Unsayable
from netwright.translate.changes import Change, changed_rules, ends, instead, key_of, without
from netwright.translate.cilium_words import Tree, Unsaid, entries, label_selectors
from netwright.translate.conversion import ResidueKind, RuleKey, Side
from netwright.translate.from_calico.ways import (
    Fault,
    Staying,
    Ways,
    by_address,
    is_asked,
    left_out,
    unguarded,
    unknown,
    without_names,
)
from netwright.translate.from_calico.written import SIDES, Specs
from netwright.translate.made_up import unlabelled
from netwright.translate.names import Names
from netwright.translate.ordered import Made, Step, Unordered, unordered

PLAIN: Final = ("decides nothing", "written out")
"""Of these faults nothing is to be chosen."""
_PARTS: Final = ("contains", "starts with", "ends with")


class Draft:
    """The policies with their rules as `change` has them. `said`: the rules of which anything is said; `perhaps`: why
    it is not known whom policies isolate."""

    def __init__(self, objects: Sequence[Decoded], tiers: Sequence[Tier], change: Change, ground: Ground) -> None:
        self._policies = converting(objects)
        self._ground = ground
        self._by_name = {(d.kind, d.namespace, d.name): d for d in objects}
        self._faults: dict[RuleKey, dict[Fault, list[Ways]]] = {}
        self._of_policies: dict[int, list[str]] = {}
        self._unlabelled = unlabelled(objects)
        self.said: set[RuleKey] = set()
        self.perhaps: list[str] = []
        self._specs = {id(d): Specs(d) for d in self._policies}
        for side in SIDES:
            steps = [self._steps(changed_rules(tier.rules, change), tier.ends, side) for tier in tiers]
            self._say(unordered(steps, ground.everybody), side)
        for policy in self._policies:
            self._look_at(policy)

    def made(self, names: Names) -> Iterator[tuple[Tree, tuple[Decoded, ...]]]:
        """What is written, each with the policy that it is made of."""
        for policy in self._policies:
            tree = self._specs[id(policy)].policy(names)
            if tree is not None:
                yield tree, (policy,)

    def faults(self, key: RuleKey) -> Sequence[Fault]:
        """What is told of a rule."""
        return tuple(self._faults.get(key, ()))

    def unsaid(self, key: RuleKey) -> Sequence[Fault]:
        """What of a rule is not said."""
        return [one for one in self.faults(key) if one.kind not in PLAIN]

    def unsaid_of(self, policy: Decoded) -> Sequence[str]:
        """What of a policy is not said that is none of its rules."""
        return self._of_policies.get(id(policy), ())

    def staying(self, *, surely: bool) -> list[Staying]:
        """Rule by rule what is not said. `surely`: verdicts differ, which ports by names may bring about too."""
        if surely:
            self._doubt()
        return [
            Staying(policy, key, fault, self._faults[key][fault], is_whole=key not in self.said)
            for policy in self._policies
            for key in keys(policy)
            for fault in self.unsaid(key)
        ]

    # --- reading --------------------

    def _steps(self, rules: Sequence[Lowered], at_end: Sequence[End], side: Side) -> list[Step]:
        found: list[Step] = []
        for rule in sorted((r for r in rules if r.direction == side), key=lambda r: r.rank):
            policy = self._by_name.get((rule.origin.kind, rule.origin.namespace, rule.origin.name))
            if policy is None:  # perhaps a policy isolates here, by labels that are not in the input
                self.perhaps += [one for one in _reasons(ends(rule)[0]) if one not in self.perhaps]
                continue
            stays = policy.kind not in SOURCES
            key = None if stays else key_of(rule)
            box = self._box(rule, key)
            if box is not None:
                if key is not None and rule.action == "pass" and not box.is_empty:
                    self.said.add(key)  # by what is taken out of the rules behind it
                found.append(Step(policy, key, rule.action, box, stays=stays))
        for end in at_end:
            if end.direction == side:
                policy = self._by_name[end.origin.kind, end.origin.namespace, end.origin.name]
                box = Box(end.at, self._ground.everybody, EVERY_SERVICE)
                found.append(Step(policy, None, end.action, box, stays=policy.kind not in SOURCES, is_end=True))
        return found

    def _box(self, rule: Lowered, key: RuleKey | None) -> Box | None:
        """What a rule matches; None where it is left out, which is told."""
        if is_asked(rule):
            told = f"asks that {rule.when.text}, which Cilium cannot ask"
            self._fault(key, "beyond the language", told, unguarded(rule))
            return None
        own, other = ends(rule)
        at = rule.at
        try:
            if own is not ANYBODY:
                here, manner = self._ground.region(own)
                at = conjunction(at, here.pods)
                self._by_address(key, manner, own, "the pod's own address", own=True)
            whom, manner = self._ground.region(other)
        except Unsayable as what:
            self._fault(key, "unknown peer", str(what), unknown(self._ground))
            return None
        self._by_address(key, manner, other, "pods by their addresses", own=False)
        return Box(at, whom, rule.service)

    def _by_address(self, key: RuleKey | None, manner: Manner, peer: Peer, what: str, *, own: bool) -> None:
        if manner == "written out":
            self._fault(key, "written out", f"means {what}: written out by the labels of those of the input")
        elif manner:
            told = (
                "Cilium means by addresses only who is outside the cluster, and no labels tell those pods "
                "(`--pod-cidr` says where pods without an address are)"
            )
            ways = by_address(peer, self._ground, own=own)
            self._fault(key, "beyond the language", f"means {what}: {told}", ways)

    def _fault(self, key: RuleKey | None, kind: ResidueKind, told: str, *ways: Ways) -> None:
        if key is not None:
            self._faults.setdefault(key, {}).setdefault(Fault(kind, told), []).extend(ways)

    # --- saying --------------------

    def _say(self, found: Unordered, side: Side) -> None:
        for policy, at in found.isolating:
            for pods in self._subjects(Made(policy, None, "deny", Box(at, self._ground.everybody, EVERY_SERVICE))):
                self._specs[id(policy)].isolate(pods, side)
        for step, why in found.stuck:
            self._fault(step.key, "conflict", f"cannot be told apart from rules before it: {why}", Ways(left_out))
        said = {one.key for one in found.made}
        for one in found.made:
            self._entry(one, side)
        for step in found.idle:
            if step.key is not None and step.key not in said:
                self.said.add(step.key)
                self._fault(step.key, "decides nothing", "decides nothing: rules before it decide all that it matches")

    def _entry(self, one: Made, side: Side) -> None:
        if one.box.is_empty:
            return
        http = _rule(one.policy, one.key).http if one.key is not None else None
        denies = one.action == "deny"
        home = one.policy.namespace
        words = entries(self._ground, one.box.whom, one.box.service, side, home, denies=denies, http=http)
        for unsaid in words.unsaid:
            self._unsaid(one, unsaid, f"matches {unsaid.told}")
        for pods in self._subjects(one) if words.entries else ():
            self._specs[id(one.policy)].add(pods, side, one.action, words.entries)
            if one.key is not None:
                self.said.add(one.key)

    def _subjects(self, one: Made) -> list[Tree]:
        trees, unsaid = label_selectors(one.box.at, one.policy.namespace, subject=True)
        for what in unsaid:
            self._unsaid(one, what, f"is for pods by {what.told}")
        return trees

    def _unsaid(self, one: Made, what: Unsaid, told: str) -> None:
        """Of a part of a box that has no word."""
        if one.key is None:
            listed = self._of_policies.setdefault(id(one.policy), [])
            listed += [told] if told not in listed else []
            return
        part = _put(one.box, what.part)
        more = instead(part, _put(one.box, what.more), self._ground) if what.more is not None else None
        ways = Ways(without(part, self._ground), more, what.more_told)
        self._fault(one.key, "beyond the language", told, ways)

    # --- what is left --------------------

    def _look_at(self, policy: Decoded) -> None:
        """What of a policy was looked up in the input, and what it only logs."""
        for text in dict.fromkeys(_of_namespaces(policy)) if self._unlabelled else ():
            told = f"asks labels of namespaces by `{text}`, and those of {', '.join(self._unlabelled)} are not known"
            self._of_policies.setdefault(id(policy), []).append(told)
        for key in keys(policy):
            rule = _rule(policy, key)
            if rule.action == "Log":
                self.said.add(key)
                self._fault(key, "decides nothing", "logs, which no rule of Cilium does")
            for told in dict.fromkeys(_looked_up(rule)):
                self._fault(key, "written out", f"{told}: written out as the input has them")

    def _doubt(self) -> None:
        """Why connections may differ, though all is said: ports by names."""
        for key in (key for policy in self._policies for key in keys(policy) if key in self.said):
            rule = _rule(self._by_name[key.kind, key.namespace, key.name], key)
            listed = [one for entity in (rule.source, rule.destination) if entity for one in entity.ports or ()]
            if any(isinstance(one, str) and not one[:1].isdigit() for one in listed):
                told = "asks for a port by its name: of the ports that a pod gives one name, Cilium takes one"
                self._fault(key, "beyond the language", told, Ways(without_names))


def _put(box: Box, part: Selector | Region | ServiceSet) -> Box:
    """A box with a part of it, or with more, in its place."""
    if isinstance(part, Region):
        return box._replace(whom=part)
    if isinstance(part, ServiceSet):
        return box._replace(service=Service(part))
    return box._replace(at=part)


def _reasons(peer: Peer) -> Iterator[str]:
    if isinstance(peer, UnknownPeer):
        yield peer.reason
    elif isinstance(peer, (AndPeer, OrPeer)):
        for part in peer.parts:
            yield from _reasons(part)


def converting(objects: Sequence[Decoded]) -> list[Decoded]:
    """Calico's policies for pods, in the order in which they are told."""
    found = [d for d in objects if d.kind in SOURCES and acts_on_pods(d)]
    return sorted(found, key=lambda d: (SOURCES.index(d.kind), d.namespace, d.name))


# --- what policies say --------------------


def keys(policy: Decoded) -> Iterator[RuleKey]:
    spec: NetworkPolicySpec | None = policy.value.spec
    if spec is not None:
        for side in SIDES:
            for index in range(len((spec.ingress if side == "ingress" else spec.egress) or ())):
                pointer = ("spec", side, index)
                yield RuleKey(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer)


def _rule(policy: Decoded, key: RuleKey) -> Rule:
    spec: NetworkPolicySpec = policy.value.spec
    _, side, index = key.pointer
    rules = (spec.ingress if side == "ingress" else spec.egress) or ()
    return rules[int(index)]


def _of_namespaces(policy: Decoded) -> Iterator[str]:
    """The selectors of namespaces that only the labels of the input tell which values they mean."""
    spec: NetworkPolicySpec | None = policy.value.spec
    entities = [e for key in keys(policy) for e in (_rule(policy, key).source, _rule(policy, key).destination) if e]
    own = spec.namespace_selector if isinstance(spec, GlobalNetworkPolicySpec) else None
    for text in (own, *(entity.namespace_selector for entity in entities)):
        if text and _names_parts(text):
            yield text


def _names_parts(selector: str) -> bool:
    """Whether a selector means values by a part of them: those that the input has."""
    return any(isinstance(one, Compared) and one.operator in _PARTS for one in terms(parse(selector)))


def _looked_up(rule: Rule) -> Iterator[str]:
    """What of a rule has no words in Cilium but those that the input gives."""
    for entity in (rule.source, rule.destination):
        if entity is None:
            continue
        for text in (entity.selector, entity.not_selector, entity.namespace_selector):
            if text and _names_parts(text):
                yield f"`{text}`"
        if entity.service_accounts is not None and entity.service_accounts.selector:
            yield f"service accounts by `{entity.service_accounts.selector}`"
        if entity.services is not None:
            yield f"the Service `{entity.services.name}`"
