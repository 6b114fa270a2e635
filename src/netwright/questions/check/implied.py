"""Rules, peers, ports and policies that change nothing, because others say all of it.

Policies are additive: what one admits no other takes back, so what is contained in another rule at the same pods has no
effect ("The effects of policies", NetworkPolicy concept page). Of two equal ones the later by name is told: in which
order files are read says nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from heapq import heappop, heappush

import msgspec

from netwright.base.ipset import IpSet
from netwright.dialects.k8s.objects import NetworkPolicyPeer, NetworkPolicyPort
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.containment import (
    PeerSet,
    Requirements,
    RuleSet,
    contains,
    mark,
    marks,
    peer_contains,
    ports_contain,
    ports_of,
    requirements,
    rule_set,
)
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.label_words import contradiction, written
from netwright.questions.check.scene import RuleOf, Scene, spec_of

Place = tuple[str, Direction]
"""A namespace and a direction: only rules of one place can imply each other."""


class Held(msgspec.Struct, frozen=True):
    """A rule with what it matches. `order` numbers the rules, by name of their policies."""

    rule: RuleOf
    order: int
    at: Requirements
    set: RuleSet

    def implies(self, other: Held) -> bool:
        """Whether it says all of the other at the same pods, and is not its equal with a later name."""
        return self._contains(other) and (self.order < other.order or not other._contains(self))

    def _contains(self, other: Held) -> bool:
        return self.set.contains(other.set) and (self.at is other.at or contains(self.at, other.at))


def checks(scene: Scene) -> Iterator[Found]:
    """Namespace by namespace: only policies of one can imply each other."""
    for policies in scene.by_namespace:
        yield from scene.recalled(("implied", *policies), partial(_of_namespace, scene, policies))


def _of_namespace(scene: Scene, policies: Sequence[Decoded]) -> tuple[Found, ...]:
    implied = Implied(scene, policies)
    return (*implied.rules(), *implied.parts(), *implied.policies())


class Implied:
    def __init__(self, scene: Scene, policies: Sequence[Decoded]) -> None:
        self.scene = scene
        self._policies = policies
        self._subjects: dict[Decoded, Requirements] = {}
        self._at: dict[Place, list[Held]] = defaultdict(list)
        self._of: dict[Decoded, list[Held]] = {}
        order = 0
        for policy in policies:
            selector = spec_of(policy).pod_selector
            if contradiction(selector):
                continue
            self._subjects[policy] = requirements(selector)
            self._of[policy] = []
        for rule in (rule for policy in policies for rule in scene.rules_of(policy)):
            if rule.policy not in self._subjects or any(_matches_nothing(peer) for peer in rule.peers or ()):
                continue
            matched = rule_set(rule.peers, rule.ports, rule.policy.namespace)
            if any(isinstance(peer, IpSet) and not peer for peer in matched.peers or ()):
                continue  # no address is left of its range
            held = Held(rule, order, self._subjects[rule.policy], matched)
            order += 1
            self._at[rule.policy.namespace, rule.direction].append(held)
            self._of[rule.policy].append(held)
        self.by: dict[int, Held] = {}
        """By the order of a rule the one that implies it: of its own policy if there is one."""
        for rules in self._at.values():
            index = self._indexed(rules)
            for held in rules:
                wider = next(self._wider(held, index), None)
                if wider is not None:
                    self.by[held.order] = wider

    @staticmethod
    def _indexed(rules: list[Held]) -> dict[tuple[str, str], list[Held]]:
        """Rules by where their peers are looked up; under ("", "") those that match any."""
        index: dict[tuple[str, str], list[Held]] = {}
        for held in rules:
            found = {("", "")} if held.set.peers is None else {m for peer in held.set.peers for m in mark(peer)}
            for one in found:
                index.setdefault(one, []).append(held)
        return index

    def _wider(self, held: Held, index: dict[tuple[str, str], list[Held]]) -> Iterator[Held]:
        """The rules that imply one, those of its own policy first."""
        asked = [("", "")] if not held.set.peers else list(marks(held.set.peers[0]))
        near = {other.order: other for m in asked for other in index.get(m, ()) if other.order != held.order}
        policy = held.rule.policy
        for other in sorted(near.values(), key=lambda h: h.rule.policy is not policy):
            if other.implies(held):
                yield other

    # --- rules --------------------

    def rules(self) -> Iterator[Found]:
        """NW2111, NW2112."""
        idle = self._idle
        for held in (h for rules in self._of.values() for h in rules):
            wider = self.by.get(held.order)
            if wider is None or held.rule.policy in idle:
                continue
            rule, other = held.rule, wider.rule
            here = other.policy is rule.policy
            verb = "admits" if rule.direction == "ingress" else "allows"
            whose = "another rule of the policy" if here else f"policy `{other.policy.namespace}/{other.policy.name}`"
            yield Found(
                "NW2111" if here else "NW2112",
                at(rule.policy, *rule.pointer),
                f"{rule.direction} rule of `{rule.policy.namespace}/{rule.policy.name}` {verb} nothing that {whose} "
                f"does not {verb[:-1]} already",
                label="changes nothing",
                effect="without it the same connections are allowed"
                + ("" if here else "; the other policy is for these pods too"),
                help="delete it; or narrow the other one, if this was to be the limit",
                key=told(rule),
                also=(Seen(at(other.policy, *other.pointer), f"{verb} all of it"),),
            )

    # --- peers and ports --------------------

    def parts(self) -> Iterator[Found]:
        """NW2113, NW2114: entries of one rule, where the rule itself says something of its own."""
        for held in (h for rules in self._of.values() for h in rules):
            if held.order in self.by:
                continue
            yield from _peers(held)
            yield from _ports(held.rule)

    # --- policies --------------------

    @cached_property
    def _idle(self) -> set[Decoded]:
        """Policies with rules, all of which are implied by other policies, and whose isolation these bring."""
        full = {
            policy
            for policy, rules in self._of.items()
            if rules
            and len(rules) == sum(1 for rule in _written_rules(self.scene, policy))
            and all(self._from_elsewhere(held) for held in rules)
        }
        return {
            policy
            for policy in full
            if all(self._isolates(policy, s, full) for s in _without_rules(self.scene, policy))
        }

    def _from_elsewhere(self, held: Held) -> bool:
        wider = self.by.get(held.order)
        seen = {held.order}
        while wider is not None and wider.rule.policy is held.rule.policy:  # implied by a sibling, that by whom?
            if wider.order in seen:
                return False
            seen.add(wider.order)
            wider = self.by.get(wider.order)
        return wider is not None

    def _isolates(self, policy: Decoded, direction: Direction, idle: set[Decoded]) -> bool:
        """Whether another policy, one that has an effect, isolates these pods in a direction."""
        subject = self._subjects[policy]
        return any(
            other is not policy
            and other not in idle
            and direction in self.scene.types(spec_of(other))
            and contains(theirs, subject)
            for other, theirs in self._in_namespace[policy.namespace]
        )

    @cached_property
    def _in_namespace(self) -> dict[str, list[tuple[Decoded, Requirements]]]:
        found: dict[str, list[tuple[Decoded, Requirements]]] = {}
        for policy, at_ in self._subjects.items():
            found.setdefault(policy.namespace, []).append((policy, at_))
        return found

    def policies(self) -> Iterator[Found]:
        """NW2115."""
        for policy in self._policies:
            if policy not in self._idle:
                continue
            by = dict.fromkeys(self.by[held.order].rule.policy for held in self._of[policy])
            others = [other for other in by if other is not policy]
            names = " and ".join(f"`{other.namespace}/{other.name}`" for other in others[:2])
            more = f" and {len(others) - 2} more" if len(others) > 2 else ""
            yield Found(
                "NW2115",
                at(policy, "metadata", "name"),
                f"policy `{policy.namespace}/{policy.name}` changes nothing: {names}{more} say all of it"
                if len(others) > 1
                else f"policy `{policy.namespace}/{policy.name}` changes nothing: {names} says all of it",
                label="all its rules and its isolation are elsewhere",
                effect="without it the same pods are isolated and the same connections allowed",
                help="delete it; or narrow the others, if this was to be the limit",
                also=tuple(Seen(at(other, "metadata", "name"), "says all of it") for other in others[:1]),
            )


def _matches_nothing(peer: NetworkPolicyPeer) -> bool:
    return bool(contradiction(peer.namespace_selector, of_namespaces=True) or contradiction(peer.pod_selector))


def _written_rules(scene: Scene, policy: Decoded) -> list[object]:
    spec = spec_of(policy)
    return [rule for side in scene.types(spec) for rule in getattr(spec, side) or ()]


def _without_rules(scene: Scene, policy: Decoded) -> list[Direction]:
    """The directions that a policy isolates without a rule."""
    spec = spec_of(policy)
    return [side for side in scene.types(spec) if not getattr(spec, side)]


# --- entries of one rule --------------------


def _peers(held: Held) -> Iterator[Found]:
    rule, sets = held.rule, held.set.peers or ()
    verb = "admits" if rule.direction == "ingress" else "allows"
    wider: dict[int, int] = {}
    for number, others in _perhaps_wider(sets):
        narrow = sets[number]
        for other in others:
            if other == number or not peer_contains(sets[other], narrow):
                continue
            if number < other and peer_contains(narrow, sets[other]):
                continue
            wider[number] = other
            break
    peers = rule.peers or ()
    for number, other in sorted(wider.items()):
        yield Found(
            "NW2113",
            at(rule.policy, *rule.pointer, rule.side, number),
            f"entry of `{rule.side}` {verb} nobody whom another entry of the rule does not",
            label="changes nothing",
            effect="entries of a list are alternatives: the wider one is enough",
            help="delete it; or delete the wider one, if this was to be the limit",
            key=f"{rule.direction} {told_peer(peers[number])}",
            also=(Seen(at(rule.policy, *rule.pointer, rule.side, other), f"{verb} all of it"),),
        )


def _perhaps_wider(sets: Sequence[PeerSet]) -> Iterator[tuple[int, list[int]]]:
    """The number of each peer, once, and in order those of all that may contain it: peers by labels that it can stand
    under, ranges that hold its first address and are larger or the same. Lists of ranges have thousands of entries,
    most of them apart or of one size."""
    by_mark: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, peer in enumerate(sets):
        for one in mark(peer) if not isinstance(peer, IpSet) else ():
            by_mark[one].append(number)
    for number, peer in enumerate(sets):
        if not isinstance(peer, IpSet):
            yield number, sorted({other for one in marks(peer) for other in by_mark.get(one, ())})
    ranges = [(number, peer) for number, peer in enumerate(sets) if isinstance(peer, IpSet)]
    sizes = {number: peer.count() for number, peer in ranges}
    for spans in ([(n, peer.v4) for n, peer in ranges if peer.v4], [(n, peer.v6) for n, peer in ranges if peer.v6]):
        starts = sorted((low, high, number) for number, held in spans for low, high in held)
        open_: list[tuple[int, int]] = []  # (end, number), the first to end in front
        at_ = 0
        for first, number in sorted((held[0][0], number) for number, held in spans):
            while at_ < len(starts) and starts[at_][0] <= first:
                heappush(open_, starts[at_][1:])
                at_ += 1
            while open_[0][0] <= first:
                heappop(open_)
            size, peer = sizes[number], sets[number]
            yield number, sorted({n for _, n in open_ if sizes[n] > size or (sizes[n] == size and sets[n] == peer)})


def _ports(rule: RuleOf) -> Iterator[Found]:
    sets = [ports_of((port,)) for port in rule.ports or ()]
    for number, narrow in enumerate(sets):
        for other, wide in enumerate(sets):
            if other == number or not ports_contain(wide, narrow):
                continue
            if number < other and ports_contain(narrow, wide):
                continue
            port = (rule.ports or ())[number]
            yield Found(
                "NW2114",
                at(rule.policy, *rule.pointer, "ports", number),
                f"port entry {told_port(port)} is part of another entry of the rule",
                label="changes nothing",
                effect="the wider entry allows it already",
                help="delete it; or delete the wider one, if this was to be the limit",
                key=f"{rule.direction} {told_port(port)}",
                also=(Seen(at(rule.policy, *rule.pointer, "ports", other), "allows all of it"),),
            )
            break


# --- words --------------------


def told(rule: RuleOf) -> str:
    """A rule in one line, for telling it from others."""
    peers = "any" if rule.peers is None else " or ".join(map(told_peer, rule.peers))
    ports = "all" if rule.ports is None else " ".join(map(told_port, rule.ports))
    return f"{rule.direction} {rule.side} {peers} on {ports}"


def told_peer(peer: NetworkPolicyPeer) -> str:
    if peer.ip_block is not None:
        return " except ".join([peer.ip_block.cidr, *(peer.ip_block.except_ or ())])
    where = "own" if peer.namespace_selector is None else f"[{written(peer.namespace_selector)}]"
    return f"{where}/[{written(peer.pod_selector)}]"


def told_port(port: NetworkPolicyPort) -> str:
    last = f"-{port.end_port}" if port.end_port else ""
    return f"{port.protocol or 'TCP'} {'all' if port.port is None else port.port}{last}"
