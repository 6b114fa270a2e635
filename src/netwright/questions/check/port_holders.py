"""On which pods the ports of a rule are looked up, and whether the input may lack some of these pods."""

from __future__ import annotations

import msgspec

from netwright.model.cluster import ContainerPortNoun
from netwright.model.document import Decoded
from netwright.questions.check.label_words import written
from netwright.questions.check.scene import RuleOf, spec_of
from netwright.questions.check.surroundings import Surroundings


class Holders(msgspec.Struct, frozen=True):
    """The pods that a rule's ports are ports of: of ingress the policy's own, of egress the peers'."""

    rows: tuple[int, ...]
    declared: frozenset[ContainerPortNoun]
    declare_all: bool
    """Whether each of them declares a port at all."""


class Holding:
    """The holders of the ports of rules, each selection looked at once."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self._of: dict[tuple[Decoded, int], Holders] = {}
        self._beyond: dict[tuple[Decoded, int], frozenset[ContainerPortNoun] | None] = {}
        self._declared: dict[tuple[int, ...], tuple[frozenset[ContainerPortNoun], bool]] = {}

    def of(self, rule: RuleOf) -> Holders:
        key = (rule.policy, rule.number if rule.direction == "egress" else -1)
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = self._held(rule)
        return found

    def _held(self, rule: RuleOf) -> Holders:
        scene = self.around.scene
        if rule.direction == "ingress":
            rows = scene.subjects(rule.policy).may
            return Holders(rows, *self._ports(rows))
        chosen = [scene.peers(peer, rule.policy.namespace).may for peer in rule.peers or ()]
        ports = [self._ports(rows) for rows in chosen]
        return Holders(
            tuple(dict.fromkeys(row for rows in chosen for row in rows)),
            frozenset().union(*(declared for declared, _ in ports)),
            all(every for _, every in ports),
        )

    def beyond(self, rule: RuleOf) -> frozenset[ContainerPortNoun] | None:
        """The ports of pods that are not there at present; None where the input may not hold all pods that there can
        be. Asked only of what no pod that is there has."""
        key = (rule.policy, rule.number if rule.direction == "egress" else -1)
        if key not in self._beyond:
            self._beyond[key] = self._not_there(rule)
        return self._beyond[key]

    def _not_there(self, rule: RuleOf) -> frozenset[ContainerPortNoun] | None:
        around, namespace = self.around, rule.policy.namespace
        if rule.direction == "ingress":
            asked = [(spec_of(rule.policy).pod_selector, frozenset((namespace,)))]
        else:
            asked = []
            for peer in rule.peers or ():
                if peer.ip_block is not None:
                    return None
                where = frozenset((namespace,))
                if peer.namespace_selector is not None:
                    if not (around.is_whole or written(peer.namespace_selector)):
                        return None
                    where = around.namespaces(peer.namespace_selector)[1]
                asked.append((peer.pod_selector, where))
        if not all(around.holds_all_of(where) for _, where in asked):
            return None
        return frozenset(port for selector, where in asked for port in around.ports_asleep(selector, where))

    def _ports(self, rows: tuple[int, ...]) -> tuple[frozenset[ContainerPortNoun], bool]:
        found = self._declared.get(rows)
        if found is None:
            ports = [self.around.scene.cluster.row_ports[row] for row in rows]
            found = self._declared[rows] = frozenset(p for declared in ports for p in declared), all(ports)
        return found
