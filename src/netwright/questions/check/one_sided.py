"""Rules that allow one side of a connection whose other side refuses it.

A connection needs the egress of its source and the ingress of its destination ("The two sorts of pod isolation",
NetworkPolicy concept page). Judged by the compiled network's rows, a class of pods at a time; told only where every
pair of pods that the entry names is surely refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import msgspec

from netwright.base.services import TRANSPORT, ServiceSet
from netwright.base.spans import Origin
from netwright.engine.acting import PolicyKey
from netwright.engine.bits import indexes
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.implied import told_peer, told_port
from netwright.questions.check.label_words import written
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import RuleOf, Scene
from netwright.questions.check.tiers import Tiers


def checks(scene: Scene) -> Iterator[Found]:
    if scene.network.streamed:
        return  # rows are not kept: to look at all of them would cost more than all other checks
    sides = Sides(scene)
    yield from sides.refused("egress")
    yield from sides.refused("ingress")


class Entry(msgspec.Struct, frozen=True):
    """One entry of a rule's peers: who starts the connection and who is to be reached, as bits of identities."""

    rule: RuleOf
    number: int
    sources: int
    destinations: int


class Sides:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.mistakes = scene.once(Mistakes)
        self._told: list[tuple[int, int]] = []
        """Sources and destinations of what was told already, here or as something else."""

    def refused(self, direction: Direction) -> Iterator[Found]:
        """NW2120 of egress rules, NW2121 of ingress rules."""
        seen: set[tuple[Decoded, str]] = set()
        for rule in self.scene.rules(direction=direction):
            if rule.key in self.mistakes.rules:
                continue
            for entry in self._entries(rule):
                key = f"{direction} {self._told_entry(entry)}"
                if (rule.policy, key) in seen or not self._is_refused(entry, self._services(entry)):
                    continue
                seen.add((rule.policy, key))
                if self._is_explained(entry):
                    self._told.append((entry.sources, entry.destinations))
                    continue
                if any(a & entry.sources and b & entry.destinations for a, b in self._told):
                    continue
                self._told.append((entry.sources, entry.destinations))
                yield self._found(entry, key)

    # --- what is asked --------------------

    def _entries(self, rule: RuleOf) -> Iterator[Entry]:
        """The entries that name pods by their labels."""
        subjects = self.scene.subjects(rule.policy)
        if not subjects.must:
            return
        for number, peer in enumerate(rule.peers or ()):
            if not written(peer.pod_selector):
                continue
            chosen = self.scene.peers(peer, rule.policy.namespace)
            if not chosen.must or chosen.may == subjects.may:
                continue  # of one pod alone: it always reaches itself
            mine, theirs = self.scene.bits(subjects.may), self.scene.bits(chosen.may)
            if rule.direction == "egress":
                yield Entry(rule, number, mine, theirs)
            else:
                yield Entry(rule, number, theirs, mine)

    # --- the other side --------------------

    def _is_explained(self, entry: Entry) -> bool:
        """Whether a finding that is told already says why the other side refuses."""
        if entry.rule.key in self.mistakes.idle and not self._is_refused(entry, TRANSPORT):
            return True
        other: Direction = "ingress" if entry.rule.direction == "egress" else "egress"
        at, whom = entry.destinations, entry.sources
        if other == "egress":
            at, whom = whom, at
        return self.mistakes.explain(other, at, whom, self._services(entry)) or self.mistakes.has_idle(other, at, whom)

    def _is_refused(self, entry: Entry, services: ServiceSet) -> bool:
        """Whether the other side surely refuses every pair on these ports."""
        egress = entry.rule.direction == "egress"
        here, there = (entry.destinations, entry.sources) if egress else (entry.sources, entry.destinations)
        network = self.scene.network
        if not network.atoms.knows(services) or not (here | there) & ~self.scene.tunnelled:
            return False
        mask = network.atoms.mask(services)
        for tables in network.tables.values():
            table = tables.ingress if egress else tables.egress
            classes = {int(table.of_position[position]) for position in indexes(here)}
            for class_ in classes:
                for row in network.rows_of_cni(table, class_):
                    if row.mask & mask and row.may & there:
                        return False
        return True

    def _services(self, entry: Entry) -> ServiceSet:
        """All that the rule allows, its names as any of the destinations gives them."""
        named = any(isinstance(port.port, str) for port in entry.rule.ports or ())
        return self.scene.services(entry.rule.ports, self.scene.rows_at(entry.destinations) if named else ())

    # --- words --------------------

    def _told_entry(self, entry: Entry) -> str:
        ports = "all" if entry.rule.ports is None else " ".join(map(told_port, entry.rule.ports))
        return f"{told_peer((entry.rule.peers or ())[entry.number])} on {ports}"

    def _found(self, entry: Entry, key: str) -> Found:
        rule = entry.rule
        name = f"{rule.policy.namespace}/{rule.policy.name}"
        sources = self.scene.refs(self.scene.rows_at(entry.sources))
        destinations = self.scene.refs(self.scene.rows_at(entry.destinations))
        ports = "any port" if rule.ports is None else ", ".join(map(told_port, rule.ports))
        place = at(rule.policy, *rule.pointer, rule.side, entry.number)
        if rule.direction == "egress":
            return Found(
                "NW2120",
                place,
                f"`{name}` lets {listed(sources)} out to {listed(destinations)}, which admits none of them on {ports}",
                label="refused where it arrives",
                effect="a connection needs both sides: the egress of the source and the ingress of the destination",
                help=self._cure(entry, f"admit {listed(sources)} in a policy of {listed(destinations)}"),
                key=key,
                workloads=sources,
                also=self._refusing(entry),
            )
        return Found(
            "NW2121",
            place,
            f"`{name}` admits {listed(sources)} to {listed(destinations)}, who may not go there on {ports}",
            label="refused where it starts",
            effect="a connection needs both sides: the egress of the source and the ingress of the destination",
            help=self._cure(entry, f"let {listed(sources)} out in a policy of theirs"),
            key=key,
            workloads=destinations,
            also=self._refusing(entry),
        )

    def _cure(self, entry: Entry, admit: str) -> str:
        if self._denying(entry) is not None:
            admit = "no NetworkPolicy can allow it: have it let through in the Admin tier"
        return f"{admit}, or delete the entry"

    def _refusing(self, entry: Entry) -> tuple[Seen, ...]:
        """What refuses it on the other side: a Deny rule of the Admin tier, else a policy that isolates."""
        denying = self._denying(entry)
        if denying is not None:
            return (Seen(denying, "denies it"),)
        if entry.rule.direction == "egress":
            return self._isolating(entry.destinations, "ingress")
        return self._isolating(entry.sources, "egress")

    def _denying(self, entry: Entry) -> Origin | None:
        """The Deny rule of the Admin tier that may be met on the other side."""
        services = self._services(entry)
        if not self.scene.admin_policies or not self.scene.network.atoms.knows(services):
            return None
        mask = self.scene.network.atoms.mask(services)
        egress = entry.rule.direction == "egress"
        here, there = (entry.destinations, entry.sources) if egress else (entry.sources, entry.destinations)
        tiers = self.scene.once(Tiers)
        for family in self.scene.network.families:
            for position in indexes(here):
                way = tiers.at.get((family, "ingress" if egress else "egress", position))
                for step in way.admin if way is not None else ():
                    if step.bound.rule.action == "deny" and any(m & mask and b & there for m, b in step.left):
                        return step.bound.rule.origin
        return None

    def _isolating(self, bits: int, direction: Direction) -> tuple[Seen, ...]:
        """A policy that isolates one of these pods."""
        acting = self.scene.acting
        position = next(iter(indexes(bits)))
        for key in acting.policies.get(position, ()):
            policy = self._policies.get(key)
            if policy is not None and position in acting.at[key].get(direction, ()):
                return (Seen(at(policy, "spec", "podSelector"), f"isolates for {direction}"),)
        return ()

    @cached_property
    def _policies(self) -> dict[PolicyKey, Decoded]:
        return {(p.kind, p.namespace, p.name): p for p in self.scene.policies}
