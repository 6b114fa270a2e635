"""Rules of admin policies that decide nothing, or not for certain, for what stands before or behind them.

In a tier the policy with the lowest priority is read first, the rules of one in their order, and the first that
matches decides (ClusterNetworkPolicy, `priority`, `ingress`). That a rule never decides is told where it holds in every
cluster: by what is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.dialects.adminpolicy.lower import priority_of, tier_of
from netwright.questions.check.admin_written import (
    AdminRule,
    are_of_one_tier,
    is_before,
    lacks_only,
    name_of,
    rules_of,
    subject_of,
    subject_set,
    takes,
)
from netwright.questions.check.containment import contains
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.label_words import contradiction
from netwright.questions.check.scene import Scene
from netwright.questions.check.surroundings import Surroundings
from netwright.questions.check.tiers import Key, Step, Tiers, Way, meet


def checks(scene: Scene) -> Iterator[Found]:
    if not scene.admin_policies:
        return
    order = scene.once(Order)
    yield from order.never()
    yield from order.ties()
    yield from order.idle()
    yield from order.not_reached()


class Order:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tiers = scene.once(Tiers)
        self.rules = [rule for policy in scene.admin_policies for rule in rules_of(policy)]
        self.told: set[Key] = set()
        """Rules that are told to decide nothing, or whose peers or subject select nothing."""

    def rule(self, key: Key) -> AdminRule:
        return next(rule for rule in self.rules if rule.key == key)

    # --- never --------------------

    def never(self) -> Iterator[Found]:
        """NW2320, NW2321: a rule to which rules before it leave nothing."""
        for rule in self.rules:
            subject = subject_of(rule.policy)
            if contradiction(subject.namespaces, of_namespaces=True) or contradiction(subject.pods):
                continue
            before = next(iter(self._takers(rule)), None)
            if before is None:
                continue
            self.told.add(rule.key)
            same = before.action == rule.action or (before.is_closed and rule.action == "deny")
            own = before.policy is rule.policy
            by = "an earlier rule of it" if own else f"{name_of(before.policy)}, which is read before it,"
            yield Found(
                "NW2321" if same else "NW2320",
                at(rule.policy, *rule.pointer),
                f"{_a(rule)} rule of {name_of(rule.policy)} never decides: {by} "
                f"{'does the same with' if same else _does(before)} all of it",
                label="nothing is left to it",
                effect="without it every connection is treated as it is now"
                + ("" if same else f"; what it was to {_verb(rule)} is {_done(before)}"),
                help="delete it" if same else "put it before the other one, or narrow that one",
                key=rule.words,
                also=(Seen(at(before.policy, *before.pointer), "decides first"),),
            )

    def _takers(self, rule: AdminRule) -> Iterator[AdminRule]:
        for other in sorted(self.rules, key=lambda r: r.policy is not rule.policy):
            if other is rule or not are_of_one_tier(other, rule) or not is_before(other, rule):
                continue
            if self.scene.profile.reading.by_absence and any(map(lacks_only, (*other.peers, *rule.peers))):
                continue
            if takes(other, rule) and contains(subject_set(other.policy), subject_set(rule.policy)):
                yield other

    # --- ties --------------------

    def ties(self) -> Iterator[Found]:
        """NW2322: policies of one tier and priority that do different things with the same connections."""
        seen: set[tuple[str, ...]] = set()
        by_key = {rule.key: rule for rule in self.rules}
        for way in self.tiers.ways:
            for steps in (way.admin, way.baseline):
                for one, other in _tied(steps):
                    first, second = by_key[one.bound.key], by_key[other.bound.key]
                    pair = tuple(sorted((name_of(first.policy), name_of(second.policy))))
                    if (way.direction, *pair) in seen or not self._is_open(way, one, other):
                        continue
                    seen.add((way.direction, *pair))
                    refs = self.scene.refs(self.tiers.rows(way.positions))
                    yield Found(
                        "NW2322",
                        at(first.policy, "spec", "priority"),
                        f"{name_of(first.policy)} and {name_of(second.policy)} have priority "
                        f"{priority_of(first.policy)} and do different things with the same {way.direction} of "
                        f"{listed(refs)}",
                        label=f"the same priority as `{second.policy.name}`",
                        effect="which of them is applied is the implementation's choice, and it may change: what both "
                        "match is undecided",
                        help="give them different priorities: the lower one is read first",
                        key=f"{way.direction} {second.policy.kind} {second.policy.name}",
                        workloads=refs,
                        also=(
                            Seen(at(first.policy, *first.pointer), first.written_action),
                            Seen(at(second.policy, *second.pointer), second.written_action),
                        ),
                    )

    def _is_open(self, way: Way, one: Step, other: Step) -> bool:
        """Whether both match something for certain whose verdict is open."""
        tables = self.scene.network.tables[way.family]
        table = tables.ingress if way.direction == "ingress" else tables.egress
        both = one.bound.must & other.bound.must
        for mask, bits in one.left:
            for other_mask, other_bits in other.left:
                m, b = mask & other_mask & self.tiers.ports, bits & other_bits & both
                for position in way.positions if m and b else ():
                    alone = b & ~self.tiers.itself(position)
                    if any(row.mask & m and row.may & ~row.must & alone for row in table.rows_at(position)):
                        return True
        return False

    # --- nothing else behind them --------------------

    def idle(self) -> Iterator[Found]:
        """NW2323, NW2324, NW2325: rules without which everything would come to the same."""
        for rule in self.rules:
            acting = self.tiers.of_rule.get(rule.key, [])
            if rule.key in self.told or rule.is_closed or not any(step.left for _, step in acting):
                continue
            names = any(peer.domain_names is not None for peer in rule.peers)
            if rule.action == "pass" and tier_of(rule.policy) == "Admin":
                changes: tuple[str, ...] = ("allow", "deny")
                code, place = "NW2323", "rule of the Admin tier behind it matches what it passes on"
            elif rule.action != "deny" and tier_of(rule.policy) == "Baseline":
                changes, code, place = ("deny",), "NW2324", "rule behind it denies any of it"
            else:
                changes, code, place = ("deny",), "NW2325", "rule or isolation behind it denies any of it"
                if not names or rule.action != "allow" or len(rule.peers) > 1:
                    continue
            if any(self._matters(way, step, rule, changes, all_tiers=code == "NW2325") for way, step in acting):
                continue
            if not self._is_whole and any(self._may_matter(rule, other, changes) for other in self.rules):
                continue
            if code == "NW2325" and any(u.effect != "none" for u in self.scene.cluster.unknown):
                continue
            self.told.add(rule.key)
            yield Found(
                code,
                at(rule.policy, *rule.pointer, *((rule.side, 0, "domainNames") if code == "NW2325" else ("action",))),
                f"{_a(rule)} rule of {name_of(rule.policy)} changes nothing: no {place}",
                label="nothing to make an exception from",
                effect="without it every connection is treated as it is now: an admin policy isolates nothing, and "
                "what no rule denies is allowed",
                help="delete it, or write the Deny rule that it was to be an exception from",
                key=rule.words,
            )

    def _matters(self, way: Way, step: Step, rule: AdminRule, actions: Iterable[str], *, all_tiers: bool) -> bool:
        """Whether what is left to a rule, others behind it, or of its priority, would treat so."""
        if not step.left:
            return False
        steps = way.admin if tier_of(rule.policy) == "Admin" else way.baseline
        rank = step.bound.rule.rank
        behind = [
            s for s in steps if s.bound.rule.rank >= rank and s.bound.key != rule.key and not _is_earlier(s, step)
        ]
        if all_tiers:
            if way.isolated != "no":
                return True
            behind += way.baseline if steps is way.admin else ()
        return any(s.bound.rule.action in actions and meet(step.left, [(s.bound.mask, s.bound.may)]) for s in behind)

    def _may_matter(self, rule: AdminRule, other: AdminRule, actions: Iterable[str]) -> bool:
        """Whether a rule behind it could in another cluster, of which the input is a part."""
        return (
            other is not rule
            and other.action in actions
            and are_of_one_tier(rule, other)
            and not is_before(other, rule)
        )

    @property
    def _is_whole(self) -> bool:
        return self.scene.once(Surroundings).is_whole

    # --- not reached --------------------

    def not_reached(self) -> Iterator[Found]:
        """NW2326: a Baseline policy all of whose pods NetworkPolicies isolate."""
        around = self.scene.once(Surroundings)
        for policy in self.scene.admin_policies:
            rules = [r for r in self.rules if r.policy is policy and r.key not in self.told]
            if tier_of(policy) != "Baseline" or not rules:
                continue
            subject = subject_of(policy)
            where = around.namespaces(subject.namespaces)
            named = where[0] == where[1] and all(around.holds_all_of((name,)) for name in where[0])
            if not (around.is_whole or (named and subject.namespaces != type(subject.namespaces)())):
                continue
            ways = [way for rule in rules for way, _ in self.tiers.of_rule.get(rule.key, ())]
            if not ways or any(way.isolated != "yes" for way in ways):
                continue
            refs = self.scene.refs(self.tiers.rows([p for way in ways for p in way.positions]))
            yield Found(
                "NW2326",
                at(policy, "spec", "tier" if policy.kind == "ClusterNetworkPolicy" else "subject"),
                f"{name_of(policy)} is reached by no TCP, UDP or SCTP connection: NetworkPolicies isolate "
                f"{listed(refs)}",
                label="NetworkPolicies decide before",
                effect="the Baseline tier is for pods that no NetworkPolicy isolates in that direction; it stays for "
                "those that come later",
                help="nothing, if it is to be the floor for namespaces to come; rules that are to hold in any case "
                "belong into the Admin tier",
                workloads=refs,
            )


def _tied(steps: tuple[Step, ...]) -> Iterator[tuple[Step, Step]]:
    """Rules of different policies of one rank whose actions differ."""
    ranks: dict[int, list[Step]] = {}
    for step in steps:
        if step.left and step.bound.must:
            ranks.setdefault(step.bound.rule.rank, []).append(step)
    for together in ranks.values():
        for i, one in enumerate(together):
            for other in together[i + 1 :]:
                rules = one.bound.rule, other.bound.rule
                if rules[0].policy != rules[1].policy and rules[0].action != rules[1].action:
                    yield one, other


def _is_earlier(one: Step, other: Step) -> bool:
    """Whether a rule stands before another of its own policy."""
    a, b = one.bound.rule, other.bound.rule
    return a.policy == b.policy and a.index < b.index


def _a(rule: AdminRule) -> str:
    return f"{'an' if rule.action == 'allow' else 'a'} {rule.written_action}"


def _does(rule: AdminRule) -> str:
    return {"allow": "accepts", "pass": "passes on"}.get("deny" if rule.is_closed else rule.action, "denies")


def _done(rule: AdminRule) -> str:
    return {"allow": "accepted", "pass": "passed on"}.get("deny" if rule.is_closed else rule.action, "denied")


def _verb(rule: AdminRule) -> str:
    return {"allow": "accept", "deny": "deny", "pass": "pass on"}[rule.action]
