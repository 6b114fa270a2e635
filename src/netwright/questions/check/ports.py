"""Ports of policy rules against the ports that containers declare and Services translate to.

Named ports resolve on the destination pod, per protocol; policy sees a connection to a Service after its translation,
with the pod's own port (NetworkPolicy concept page, Service concept page). What containers declare is information only:
a port that is not declared may be served all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from netwright.base.services import PROTOCOLS, protocol_name
from netwright.dialects.k8s.objects import NetworkPolicyPort
from netwright.model.cluster import ContainerPortNoun
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.label_words import written
from netwright.questions.check.scene import RuleOf, Scene, spec_of
from netwright.questions.check.surroundings import Surroundings

INJECTED = frozenset({*range(15000, 15100), 4140, 4143, 4190, 4191})
"""Ports of the sidecars that Istio and Linkerd put into pods, which no template declares."""

INFORMATIVE = ("NW2101", "NW2103")
"""Codes of ports that are most likely right."""


def checks(scene: Scene) -> Iterator[Found]:
    around = scene.once(Surroundings)
    translations = Translations(scene)
    holding = Holding(around)
    told: set[tuple[Decoded, str, str]] = set()
    for rule in scene.rules():
        for number, port in enumerate(rule.ports or ()):
            if port.port is None:
                continue
            whose = holding.of(rule)
            if not whose.rows:
                continue
            for found in _of_port(translations, PortOf(rule, number, port), whose):
                if found.code not in INFORMATIVE:
                    scene.mistake(rule)
                if (rule.policy, found.code, found.key) not in told:
                    told.add((rule.policy, found.code, found.key))
                    yield found


class Holders(NamedTuple):
    """The pods that a rule's ports are ports of: of ingress the policy's own, of egress the peers'. `is_complete`: the
    input holds all that there can be."""

    rows: tuple[int, ...]
    declared: frozenset[ContainerPortNoun]
    is_complete: bool
    declare_all: bool
    """Whether each of them declares a port at all."""


class Holding:
    """The holders of the ports of rules, each selection looked at once."""

    def __init__(self, around: Surroundings) -> None:
        self.around = around
        self._of: dict[tuple[Decoded, int], Holders] = {}
        self._declared: dict[tuple[int, ...], tuple[frozenset[ContainerPortNoun], bool]] = {}

    def of(self, rule: RuleOf) -> Holders:
        key = (rule.policy, rule.number if rule.direction == "egress" else -1)
        found = self._of.get(key)
        if found is None:
            found = self._of[key] = self._subjects(rule) if rule.direction == "ingress" else self._peers(rule)
        return found

    def _subjects(self, rule: RuleOf) -> Holders:
        around, namespace = self.around, rule.policy.namespace
        rows = around.scene.subjects(rule.policy).may
        asleep = around.ports_asleep(spec_of(rule.policy).pod_selector, (namespace,))
        declared, every = self._ports(rows)
        return Holders(rows, declared.union(asleep), around.holds_all_of((namespace,)), every)

    def _peers(self, rule: RuleOf) -> Holders:
        around, namespace = self.around, rule.policy.namespace
        rows: dict[int, None] = {}
        declared: frozenset[ContainerPortNoun] = frozenset()
        complete = every = True
        for peer in rule.peers or ():
            where: Iterable[str] = (namespace,)
            if peer.ip_block is not None:
                complete = False
                continue
            chosen = around.scene.peers(peer, namespace).may
            ports, all_of_them = self._ports(chosen)
            rows |= dict.fromkeys(chosen)
            declared |= ports
            every = every and all_of_them
            if peer.namespace_selector is not None:
                where = around.namespaces(peer.namespace_selector)[1]
                complete = complete and (around.is_whole or bool(written(peer.namespace_selector)))
            declared = declared.union(around.ports_asleep(peer.pod_selector, where))
            complete = complete and around.holds_all_of(where)
        return Holders(tuple(rows), declared, complete, every)

    def _ports(self, rows: tuple[int, ...]) -> tuple[frozenset[ContainerPortNoun], bool]:
        found = self._declared.get(rows)
        if found is None:
            ports = [self.around.scene.cluster.row_ports[row] for row in rows]
            found = self._declared[rows] = frozenset(p for declared in ports for p in declared), all(ports)
        return found


class PortOf(NamedTuple):
    """One entry of a rule's `ports` that has a port."""

    rule: RuleOf
    number: int
    port: NetworkPolicyPort

    @property
    def protocol(self) -> int:
        return PROTOCOLS[self.port.protocol or "TCP"]

    @property
    def text(self) -> str:
        end = f"-{self.port.end_port}" if self.port.end_port and self.port.end_port != self.port.port else ""
        return f"{protocol_name(self.protocol)} {self.port.port}{end}"

    def found(
        self, scene: Scene, whose: Holders, code: str, title: str, label: str, effect: str, help: str, *also: Seen
    ) -> Found:
        return Found(
            code,
            at(self.rule.policy, *self.rule.pointer, "ports", self.number, "port"),
            title,
            label=label,
            effect=effect,
            help=help,
            key=f"{self.rule.direction} {self.text}",
            workloads=scene.refs(whose.rows),
            also=also,
        )


def _of_port(translations: Translations, one: PortOf, whose: Holders) -> Iterator[Found]:
    if isinstance(one.port.port, str):
        yield from _named(translations.scene, one, one.port.port, whose)
    elif one.port.port is not None and whose.is_complete:
        yield from _numbered(translations, one, one.port.port, whose)


# --- names --------------------


def _named(scene: Scene, one: PortOf, name: str, whose: Holders) -> Iterator[Found]:
    """NW2103, NW2104, NW2105."""
    alike = {p for p in whose.declared if p.name == name}
    fitting = {p.number for p in alike if p.protocol == one.protocol}
    whom = listed(scene.refs(whose.rows))
    selects = Seen(at(one.rule.policy, "spec", "podSelector"), f"selects {whom}")
    also = (selects,) if one.rule.direction == "ingress" else ()
    if len(fitting) > 1:
        numbers = ", ".join(f"`{number}`" for number in sorted(fitting))
        yield one.found(
            scene,
            whose,
            "NW2103",
            f"port `{name}` is {numbers} on different pods",
            "resolved on each pod for itself",
            "each pod is reached on its own number only; a client that knows one number cannot reach the others by it",
            "one name for one number is easier to read; else nothing is to be done",
            *also,
        )
    if fitting or not whose.is_complete:
        return
    if alike:
        others = listed(sorted({protocol_name(p.protocol) for p in alike}))
        asked = protocol_name(one.protocol)
        yield one.found(
            scene,
            whose,
            "NW2105",
            f"rule allows nothing on `{name}`: the pods have it for {others}, the rule asks for {asked}"
            + ("" if one.port.protocol else ", the default"),
            f"{asked}: no pod has it",
            f"{whom} cannot be reached through it",
            f"write `protocol: {protocol_name(next(iter(alike)).protocol)}` beside the port",
            *also,
        )
        return
    names = sorted({f"{p.name} {protocol_name(p.protocol)} {p.number}" for p in whose.declared if p.name})
    yield one.found(
        scene,
        whose,
        "NW2104",
        f"rule allows nothing on `{name}`: no selected pod has a port of this name",
        "no pod has it",
        f"{whom} cannot be reached through it",
        f"use one of {listed(names)}" if names else "name the port in the container, or use its number",
        *also,
    )


# --- numbers --------------------


class Translations:
    """The ports of Services and the ports of pods that they lead to."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @cached_property
    def _by_row(self) -> dict[int, list[tuple[int, int, int, str]]]:
        """By endpoint row: protocol, the Service's port, the pod's port, the Service."""
        found: dict[int, list[tuple[int, int, int, str]]] = {}
        for service in self.scene.cluster.services:
            if service.headless:
                continue
            for port in service.ports:
                for backend in port.backends:
                    if backend.row >= 0:
                        entry = (port.protocol, port.port, backend.port, service.ref)
                        found.setdefault(backend.row, []).append(entry)
        return found

    def leads(self, rows: Iterable[int], protocol: int, number: int) -> tuple[int, str] | None:
        """Where a Service's port leads on these pods, and which Service, if it leads to other ports only; None if no
        Service has this port, or one leads to this very port of one of the pods."""
        targets: dict[tuple[int, str], None] = {}
        for row in rows:
            for of, port, target, service in self._by_row.get(row, ()):
                if of == protocol and target == number:
                    return None
                if of == protocol and port == number:
                    targets[target, service] = None
        return next(iter(targets), None)

    @cached_property
    def _rules(self) -> dict[tuple[str, str], list[RuleOf]]:
        found: dict[tuple[str, str], list[RuleOf]] = {}
        for rule in self.scene.rules():
            found.setdefault((rule.policy.namespace, rule.direction), []).append(rule)
        return found

    def is_allowed(self, rule: RuleOf, protocol: int, number: int) -> bool:
        """Whether a rule of the namespace in the same direction, at a pod that this one's policy selects, has the port,
        or may have it."""
        mine = set(self.scene.subjects(rule.policy).may)
        for other in self._rules[rule.policy.namespace, rule.direction]:
            if other.ports is None or any(_covers(p, protocol, number) for p in other.ports):
                if not mine.isdisjoint(self.scene.subjects(other.policy).may):
                    return True
        return False


def _covers(port: NetworkPolicyPort, protocol: int, number: int) -> bool:
    if PROTOCOLS[port.protocol or "TCP"] != protocol:
        return False
    return not isinstance(port.port, int) or port.port <= number <= (port.end_port or port.port)


def _numbered(translations: Translations, one: PortOf, number: int, whose: Holders) -> Iterator[Found]:
    """NW2101, NW2102."""
    last = one.port.end_port or number
    if any(p.protocol == one.protocol and number <= p.number <= last for p in whose.declared):
        return
    scene = translations.scene
    whom = listed(scene.refs(whose.rows))
    translated = translations.leads(whose.rows, one.protocol, number) if last == number else None
    if translated is not None and not translations.is_allowed(one.rule, one.protocol, translated[0]):
        target, service = translated
        yield one.found(
            scene,
            whose,
            "NW2102",
            f"rule allows `{number}`, the port of `{service}`, whose pods are reached on `{target}`",
            f"the Service's port; its pods have {target}",
            f"connections to `{service}` are refused: policy sees them after the Service's translation, on port "
            f"{target} of {whom}",
            f"write `port: {target}`",
        )
    elif whose.declare_all and number not in INJECTED:
        names = sorted({f"{protocol_name(p.protocol)} {p.number}" for p in whose.declared})
        yield one.found(
            scene,
            whose,
            "NW2101",
            f"rule allows {one.text}, which no selected pod declares",
            "no container declares it",
            f"nothing is known to be served there by {whom}",
            f"they declare {listed(names)}; declare the port in the container too, or delete it from the rule",
        )
