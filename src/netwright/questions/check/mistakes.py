"""What told findings keep rules from saying, so that what follows from them is not told a second time.

Checks that tell of a cause note it here; those that tell of refused connections ask whether it explains one. A cause
explains no more than its rule would have allowed, so that another mistake beside it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from netwright.base.services import ServiceSet
from netwright.model.cluster import ServiceNoun, ServicePortNoun
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.found import Found
from netwright.questions.check.scene import RuleOf, Scene

Rows = Iterable[int]


class Mistake(msgspec.Struct, frozen=True):
    """What one rule does not say because of a told finding. Pods are bits of identities."""

    rule: RuleOf | None
    at: int
    """The pods that it is for, or was meant for."""
    whom: int | None
    """Those that it names, or was meant to name; None: anybody, or nobody knows whom."""
    ports: ServiceSet | None
    """None: all, or nobody knows which."""
    is_known: bool
    """Whether it is known whom it was meant to name."""
    rows: tuple[int, ...] = ()
    """The endpoint rows of `at`, which stands for all pods that no selector tells from these."""

    def explains(self, at: int, whom: int | None, ports: ServiceSet | None) -> bool:
        """Whether it would have allowed a connection of these. None: any."""
        return bool(
            self.at & at
            and (self.whom is None or whom is None or self.whom & whom)
            and (self.ports is None or ports is None or self.ports & ports)
        )


class Mistakes:
    """The mistakes of one scene that were told so far."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rules: set[tuple[Decoded, Direction, int]] = set()
        """Rules that themselves miss whom or what they mean."""
        self.idle: set[tuple[Decoded, Direction, int]] = set()
        """Rules none of whose ports is declared by the pods that it would be a port of."""
        self._idle: dict[Direction, dict[str, list[Mistake]]] = {"ingress": {}, "egress": {}}
        self._misled: set[tuple[str, int, int]] = set()
        self._noted: dict[Direction, dict[str, list[Mistake]]] = {"ingress": {}, "egress": {}}
        """By the namespaces of the pods."""
        self._homes: dict[int, frozenset[str]] = {}
        self._seen: set[tuple[object, ...]] = set()

    # --- noting --------------------

    def peer(self, found: Found, rule: RuleOf, meant: Rows | None) -> None:
        """A peer of a rule names nobody. `meant`: whom it would, spelt right; None: nobody knows."""
        if self._is_told(found, rule):
            whom = None if meant is None else self.scene.bits(tuple(meant))
            at = self.scene.subjects(rule.policy).may
            self._note(rule, at, whom or None, self._services(rule, at), bool(whom))

    def ports(self, found: Found, rule: RuleOf) -> None:
        """A port of a rule is none of the pods'; which one is meant nobody knows."""
        if self._is_told(found, rule):
            self._note(rule, self.scene.subjects(rule.policy).may, self._named(rule), None, True)

    def undeclared(self, found: Found, rule: RuleOf) -> None:
        """No port of a rule is declared by the pods. They may listen there all the same: this explains only why the
        other side, which lets these pods meet, has other ports."""
        if self.scene.is_told(found):
            self.idle.add(rule.key)
            at = self.scene.bits(self.scene.subjects(rule.policy).may)
            mistake = Mistake(rule, at, self._named(rule), None, True)
            self._idle[rule.direction].setdefault(rule.policy.namespace, []).append(mistake)

    def lost(self, found: Found, policy: Decoded, directions: Iterable[Direction], meant: Rows) -> None:
        """The rules of a policy do not act at the pods that they are meant for."""
        pods = tuple(meant)
        if not pods or not self.scene.is_told(found):
            return
        for direction in directions:
            for rule in self.scene.written_rules(policy, direction):
                self._note(rule, pods, self._named(rule), self._services(rule, pods), True)

    def closed(self, found: Found, direction: Direction, at: Rows, whom: Rows | None, ports: ServiceSet) -> None:
        """A finding says that connections are refused."""
        if self.scene.is_told(found):
            bits = None if whom is None else self.scene.bits(tuple(whom))
            self._add(direction, Mistake(None, self.scene.bits(tuple(at)), bits, ports, True))

    def misled(self, found: Found, service: ServiceNoun, port: ServicePortNoun) -> None:
        """A Service leads to a port that its pods do not serve: whom policy admits there says nothing."""
        if self.scene.is_told(found):
            self._misled.add((service.ref, port.protocol, port.port))

    def _is_told(self, found: Found, rule: RuleOf) -> bool:
        if not self.scene.is_told(found):
            return False
        self.rules.add(rule.key)
        return True

    def _note(self, rule: RuleOf, at: Rows, whom: int | None, ports: ServiceSet | None, is_known: bool) -> None:
        rows = tuple(at)
        self._add(rule.direction, Mistake(rule, self.scene.bits(rows), whom, ports, is_known, rows))

    def _add(self, direction: Direction, mistake: Mistake) -> None:
        key = (direction, mistake.at, mistake.whom, mistake.ports, mistake.is_known, mistake.rows)
        if key not in self._seen:
            self._seen.add(key)
            for home in self._homes_of(mistake.at):
                self._noted[direction].setdefault(home, []).append(mistake)

    def _named(self, rule: RuleOf) -> int | None:
        """Whom a rule names; None if anybody, or addresses, which may be anybody's."""
        if rule.peers is None or any(peer.ip_block is not None for peer in rule.peers):
            return None
        bits = 0
        for peer in rule.peers:
            bits |= self.scene.bits(self.scene.peers(peer, rule.policy.namespace).may)
        return bits

    def _services(self, rule: RuleOf, at: Rows) -> ServiceSet | None:
        if rule.ports is None:
            return None
        if rule.direction == "ingress":
            return self.scene.services(rule.ports, at)
        if any(isinstance(port.port, str) for port in rule.ports):
            return None
        return self.scene.services(rule.ports, ())

    # --- asking --------------------

    def is_misled(self, service: ServiceNoun, port: ServicePortNoun) -> bool:
        """Whether a port of a Service was told to lead where its pods do not listen."""
        return (service.ref, port.protocol, port.port) in self._misled

    def of(self, direction: Direction) -> Iterator[Mistake]:
        for noted in self._noted[direction].values():
            yield from noted

    def _at(self, direction: Direction, at: int) -> Iterator[Mistake]:
        """Those that may be at some of these pods."""
        for home in self._homes_of(at):
            yield from self._noted[direction].get(home, ())

    def _homes_of(self, at: int) -> frozenset[str]:
        """The namespaces of these pods."""
        found = self._homes.get(at)
        if found is None:
            objects = self.scene.cluster.row_objects
            found = self._homes[at] = frozenset(objects[row].namespace for row in self.scene.rows_at(at))
        return found

    def explain(self, direction: Direction, at: int, whom: int, ports: ServiceSet) -> bool:
        """Whether a finding that was told says why some of this is not allowed in a direction."""
        return any(m.explains(at, whom, ports) for m in self._at(direction, at))

    def explain_service(self, rows: tuple[int, ...], ports: ServiceSet) -> bool:
        """Whether a rule that was told to be mistaken would have admitted somebody to these pods."""
        at = self.scene.bits(rows)
        return any(m.explains(at, None, ports) and _meet(m.rows, rows) for m in self._at("ingress", at))

    def explain_pair(self, sources: tuple[int, ...], destinations: tuple[int, ...], ports: ServiceSet) -> bool:
        """Whether a rule that was told to be mistaken, and of which it is known whom it means, would have let some of
        these pods meet."""
        out, into = self.scene.bits(sources), self.scene.bits(destinations)
        return any(
            m.is_known and m.explains(into, out, ports) and _meet(m.rows, destinations)
            for m in self._at("ingress", into)
        ) or any(
            m.is_known and m.explains(out, into, ports) and _meet(m.rows, sources) for m in self._at("egress", out)
        )

    def has_idle(self, direction: Direction, at: int, whom: int) -> bool:
        """Whether a rule of this direction lets these pods meet on ports that are not declared."""
        return any(
            m.explains(at, whom, None) for home in self._homes_of(at) for m in self._idle[direction].get(home, ())
        )


def _meet(rows: tuple[int, ...], others: tuple[int, ...]) -> bool:
    return not set(rows).isdisjoint(others)
