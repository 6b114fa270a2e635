"""What the Admin tier does to NetworkPolicies: what it denies before them, accepts past them, and leaves to nobody.

Judged by the compiled network: what is said to be denied or allowed is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.services import ALL
from netwright.dialects.adminpolicy.lower import tier_of
from netwright.engine.bits import indexes
from netwright.questions.check.admin_effects import Effects
from netwright.questions.check.admin_written import AdminRule, chooser, name_of
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.label_words import written
from netwright.questions.check.scene import RuleOf, Scene
from netwright.questions.check.tiers import Way


def checks(scene: Scene) -> Iterator[Found]:
    if not scene.admin_policies:
        return
    precedence = Precedence(scene)
    yield from precedence.policies_in_vain()
    yield from precedence.opened()
    yield from precedence.delegated()


class Precedence(Effects):
    """The Admin tier before the NetworkPolicies of one scene."""

    # --- NetworkPolicies --------------------

    def policies_in_vain(self) -> Iterator[Found]:
        """NW2332: a rule of a NetworkPolicy all of whose connections the Admin tier denies."""
        seen: set[tuple[object, ...]] = set()
        for rule in self.scene.rules() if self.tiers.ways else ():
            if not rule.peers or any(not written(p.pod_selector) for p in rule.peers):
                continue
            denying = self._denied(rule)
            if denying is None or (rule.policy, rule.direction, denying.key) in seen:
                continue
            seen.add((rule.policy, rule.direction, denying.key))
            name = f"{rule.policy.namespace}/{rule.policy.name}"
            subjects = self.scene.refs(self.scene.subjects(rule.policy).may)
            yield Found(
                "NW2332",
                at(rule.policy, *rule.pointer),
                f"{name_of(denying.policy)} denies all that a rule of `{name}` allows",
                label="denied before it is read",
                effect=f"the Admin tier is final: no NetworkPolicy of {listed(subjects)} can allow what it denies",
                help="have the administrators let it through with a Pass or Accept rule before, or delete the rule",
                key=f"{rule.direction} {denying.policy.name}",
                workloads=subjects,
                also=(Seen(at(denying.policy, *denying.pointer), "denies it"),),
            )

    def _denied(self, rule: RuleOf) -> AdminRule | None:
        """The rule that denies it, if the Admin tier denies all that the rule allows."""
        subjects = self.scene.subjects(rule.policy)
        whom = 0
        for peer in rule.peers or ():
            whom |= self.scene.bits(self.scene.peers(peer, rule.policy.namespace).may)
        mine = self.scene.bits(subjects.may)
        named = any(isinstance(port.port, str) for port in rule.ports or ())
        rows = subjects.may if rule.direction == "ingress" else self.scene.rows_at(whom)
        services = ALL if rule.ports is None else self.scene.services(rule.ports, rows if named else ())
        if not mine or not whom or mine == whom or not self.scene.network.atoms.knows(services):
            return None
        mask = self.scene.network.atoms.mask(services)
        by: AdminRule | None = None
        for position in indexes(mine):
            for family in self.scene.network.families:
                way = self.tiers.at.get((family, rule.direction, position))
                here = whom & self.scene.network.tables[family].universe.present & ~self.tiers.itself(position)
                if way is None or not here:
                    return None
                for areas in (way.passed, way.accepted):
                    if any(m & mask and b & here for m, b in areas):
                        return None
                denying = [s for s in way.admin if s.bound.rule.action == "deny"]
                denies = next((s for s in denying if any(m & mask and b & here for m, b in s.left)), None)
                if denies is None:
                    return None
                by = by or self.order.rule(denies.bound.key)
        return by

    def opened(self) -> Iterator[Found]:
        """NW2333: pods that NetworkPolicies isolate, and to which an Accept rule lets everybody."""
        every = self.scene.network.atoms.all
        for rule, ways in self.acting():
            if rule.action != "allow" or tier_of(rule.policy) != "Admin":
                continue
            if rule.entries or not any(self._is_everybody(rule, number) for number in range(len(rule.peers))):
                continue
            open_ = []
            for way in ways:
                pods = self.tiers.pods(way.family)
                for found, step in self.tiers.of_rule[rule.key]:
                    if found is way and way.isolated == "yes" and (every, pods) == self._held(step.left, pods):
                        open_.append(way)
            if not open_:
                continue
            refs = self.refs(open_)
            yield Found(
                "NW2333",
                at(rule.policy, *rule.pointer),
                f"{name_of(rule.policy)} accepts everything {'from' if rule.direction == 'ingress' else 'to'} every "
                f"pod where NetworkPolicies isolate: {listed(refs)}",
                label="the NetworkPolicies are not asked",
                effect="Accept is final: for traffic between pods the isolation of these workloads is void",
                help="name who is meant and the ports, or write `Pass` where NetworkPolicies are to decide",
                key=rule.words,
                workloads=refs,
            )

    @staticmethod
    def _held(areas: Sequence[tuple[int, int]], pods: int) -> tuple[int, int]:
        """The services on which all pods are held, and the pods."""
        mask = 0
        for services, bits in areas:
            mask |= services if bits & pods == pods else 0
        return mask, pods

    def _is_everybody(self, rule: AdminRule, number: int) -> bool:
        found = chooser(rule.peers[number])
        return found is not None and not found.asked

    # --- passed on --------------------

    def delegated(self) -> Iterator[Found]:
        """NW2335: what is passed on past a Deny rule, and nobody decides."""
        for rule, ways in self.acting():
            if rule.action != "pass" or tier_of(rule.policy) != "Admin":
                continue
            past: dict[object, AdminRule] = {}
            free: list[Way] = []
            for way in ways:
                steps = [step for found, step in self.tiers.of_rule[rule.key] if found is way]
                left = [area for step in steps for area in step.left]
                denying = [
                    s.bound
                    for s in way.admin
                    if s.bound.rule.action == "deny"
                    and s.bound.rule.rank >= steps[0].bound.rule.rank
                    and any(m & s.bound.mask and b & s.bound.must for m, b in left)
                ]
                keys = {bound.key for bound in denying}
                lost = [r for r in self.order.rules if r.key in keys and all(p.networks is None for p in r.peers)]
                if not lost:
                    continue
                behind = [s.bound for s in way.baseline if any(m & s.bound.mask and b & s.bound.may for m, b in left)]
                if way.isolated != "no" or behind:
                    free = []
                    break
                free.append(way)
                past |= {r.key: r for r in lost}
            if not free or any(u.effect != "none" for u in self.scene.cluster.unknown):
                continue
            refs = self.refs(free)
            other = next(iter(past.values()))
            yield Found(
                "NW2335",
                at(rule.policy, *rule.pointer, "action"),
                f"a Pass rule of {name_of(rule.policy)} allows {rule.direction} of {listed(refs)}: no NetworkPolicy "
                "isolates them and no Baseline rule matches",
                label=f"past the Deny of `{other.policy.name}`",
                effect="what is passed on and decided by nobody is allowed: the Deny rule behind it does not act",
                help="write a Deny rule in the Baseline tier for pods that no NetworkPolicy isolates",
                key=rule.words,
                workloads=refs,
                also=(Seen(at(other.policy, *other.pointer), "would deny it"),),
            )
