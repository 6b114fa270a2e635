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
from netwright.questions.check.port_holders import Holders, Holding
from netwright.questions.check.scene import RuleOf, Scene
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
            for found in _of_port(holding, translations, PortOf(rule, number, port), whose):
                if found.code not in INFORMATIVE:
                    scene.mistake(rule)
                if (rule.policy, found.code, found.key) not in told:
                    told.add((rule.policy, found.code, found.key))
                    yield found


class PortOf(NamedTuple):
    """One entry of a rule's `ports` that has a port."""

    rule: RuleOf
    number: int
    port: NetworkPolicyPort

    @property
    def protocol(self) -> int:
        return PROTOCOLS[self.port.protocol or "TCP"]

    def fits(self, declared: ContainerPortNoun) -> bool:
        """Whether a declared port is the one, or in the range, that the entry means."""
        port = self.port.port
        if declared.protocol != self.protocol:
            return False
        if isinstance(port, int):
            return port <= declared.number <= (self.port.end_port or port)
        return declared.name == port

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


def _of_port(holding: Holding, translations: Translations, one: PortOf, whose: Holders) -> Iterator[Found]:
    port = one.port.port
    fitting = [p for p in whose.declared if one.fits(p)]
    if fitting:
        numbers = sorted({p.number for p in fitting})
        if isinstance(port, str) and len(numbers) > 1:
            yield _different(translations.scene, one, numbers, whose)
        return
    asleep = holding.beyond(one.rule)
    if asleep is None or any(one.fits(p) for p in asleep):
        return
    if isinstance(port, str):
        yield _without_name(translations.scene, one, port, whose, whose.declared | asleep)
    elif port is not None:
        yield from _without_number(translations, one, port, whose)


# --- names --------------------


def _different(scene: Scene, one: PortOf, numbers: list[int], whose: Holders) -> Found:
    told = ", ".join(f"`{number}`" for number in numbers)
    return one.found(
        scene,
        whose,
        "NW2103",
        f"port `{one.port.port}` is {told} on different pods",
        "resolved on each pod for itself",
        "each pod is reached on its own number only; a client that knows one number cannot reach the others by it",
        "one name for one number is easier to read; else nothing is to be done",
        *_selecting(one, listed(scene.refs(whose.rows))),
    )


def _without_name(
    scene: Scene, one: PortOf, name: str, whose: Holders, declared: frozenset[ContainerPortNoun]
) -> Found:
    """NW2104, NW2105."""
    whom = listed(scene.refs(whose.rows))
    others = sorted({protocol_name(p.protocol) for p in declared if p.name == name})
    if others:
        asked = protocol_name(one.protocol)
        return one.found(
            scene,
            whose,
            "NW2105",
            f"rule allows nothing on `{name}`: the pods have it for {listed(others)}, the rule asks for {asked}"
            + ("" if one.port.protocol else ", the default"),
            f"{asked}: no pod has it",
            f"{whom} cannot be reached through it",
            f"write `protocol: {others[0]}` beside the port",
            *_selecting(one, whom),
        )
    names = sorted({f"{p.name} {protocol_name(p.protocol)} {p.number}" for p in declared if p.name})
    return one.found(
        scene,
        whose,
        "NW2104",
        f"rule allows nothing on `{name}`: no selected pod has a port of this name",
        "no pod has it",
        f"{whom} cannot be reached through it",
        f"use one of {listed(names)}" if names else "name the port in the container, or use its number",
        *_selecting(one, whom),
    )


def _selecting(one: PortOf, whom: str) -> tuple[Seen, ...]:
    if one.rule.direction == "egress":
        return ()
    return (Seen(at(one.rule.policy, "spec", "podSelector"), f"selects {whom}"),)


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


def _without_number(translations: Translations, one: PortOf, number: int, whose: Holders) -> Iterator[Found]:
    """NW2101, NW2102."""
    last = one.port.end_port or number
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
