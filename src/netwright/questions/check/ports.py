"""Ports of policy rules against the ports that containers declare and Services translate to.

Named ports resolve on the destination pod, per protocol; policy sees a connection to a Service after its translation,
with the pod's own port (NetworkPolicy concept page, Service concept page). What containers declare is information only:
a port that is not declared may be served all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import groupby

import msgspec

from netwright.base.services import PROTOCOLS, protocol_name
from netwright.base.spans import Origin
from netwright.dialects.k8s.objects import NetworkPolicyPort
from netwright.model.cluster import ContainerPortNoun
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.port_holders import Holders, Holding
from netwright.questions.check.scene import RuleOf, Scene
from netwright.questions.check.surroundings import Surroundings

INJECTED = frozenset({*range(15000, 15100), 4140, 4143, 4190, 4191})
"""Ports of the sidecars that Istio and Linkerd put into pods, which no template declares."""

MOST_PLACES = 4
"""As many undeclared ports of a policy are shown beside the first."""


class Told(msgspec.Struct, frozen=True):
    """A finding with what else it says: rules that allow nothing of what is meant, and rules none of whose ports is
    declared. `again`: it was told before."""

    found: Found
    mistaken: tuple[RuleOf, ...] = ()
    idle: tuple[RuleOf, ...] = ()
    again: bool = False


def checks(scene: Scene) -> Iterator[Found]:
    """Namespace by namespace: which ports a rule leaves out hangs on the others there."""
    holding, translations, mistakes = Holding(scene.once(Surroundings)), Translations(scene), scene.once(Mistakes)
    for policies in scene.by_namespace:
        told = scene.recalled(("ports", *policies), partial(_of_namespace, scene, policies, holding, translations))
        for one in told:
            for rule in one.mistaken:
                mistakes.ports(one.found, rule)
            for rule in one.idle:
                mistakes.undeclared(one.found, rule)
            if not one.again:
                yield one.found


def _of_namespace(
    scene: Scene, policies: Sequence[Decoded], holding: Holding, translations: Translations
) -> tuple[Told, ...]:
    return tuple(_told(scene, policies, holding, translations))


def _told(scene: Scene, policies: Sequence[Decoded], holding: Holding, translations: Translations) -> Iterator[Told]:
    told: set[tuple[Decoded, str, str]] = set()
    for policy in policies:
        undeclared: list[Undeclared] = []
        for rule in scene.rules_of(policy):
            for number, port in enumerate(rule.ports or ()):
                if port.port is None:
                    continue
                whose = holding.of(rule)
                if not whose.rows:
                    continue
                one = PortOf(rule, number, port)
                for found in _of_port(holding, translations, one, whose):
                    if isinstance(found, Undeclared):
                        undeclared.append(found)
                        continue
                    key = rule.policy, found.code, found.key
                    yield Told(found, (rule,) if found.code in NOTHING else (), again=key in told)
                    told.add(key)
        if undeclared:
            by_rule = groupby(undeclared, key=lambda u: u.one.rule)
            idle = tuple(rule for rule, its in by_rule if len(list(its)) == len(rule.ports or ()))
            yield Told(_undeclared(scene, policy, undeclared), idle=idle)


NOTHING = ("NW2102", "NW2104", "NW2105")
"""Codes of ports that allow nothing of what is meant."""


class PortOf(msgspec.Struct, frozen=True):
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

    @property
    def place(self) -> Origin:
        return at(self.rule.policy, *self.rule.pointer, "ports", self.number, "port")

    def found(
        self, scene: Scene, whose: Holders, code: str, title: str, label: str, effect: str, help: str, *also: Seen
    ) -> Found:
        return Found(
            code,
            self.place,
            title,
            label=label,
            effect=effect,
            help=help,
            key=f"{self.rule.direction} {self.text}",
            workloads=scene.refs(whose.rows),
            also=also,
        )


class Undeclared(msgspec.Struct, frozen=True):
    """An entry whose port none of the pods declares that it is a port of."""

    one: PortOf
    whose: Holders


def _of_port(holding: Holding, translations: Translations, one: PortOf, whose: Holders) -> Iterator[Found | Undeclared]:
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
        """Whether a rule of the namespace in the same direction has the port for some of the same pods on both sides,
        or may have it: then it may be what the connections pass by."""
        mine, named = set(self.scene.subjects(rule.policy).may), self._named(rule)
        for other in self._rules[rule.policy.namespace, rule.direction]:
            if other.ports is not None and not any(self._covers(other, p, protocol, number) for p in other.ports):
                continue
            if mine.isdisjoint(self.scene.subjects(other.policy).may):
                continue
            others = self._named(other)
            if named is None or others is None or not named.isdisjoint(others):
                return True
        return False

    def _named(self, rule: RuleOf) -> set[int] | None:
        """The pods that a rule's peers select; None if anybody, or addresses, which may be theirs."""
        if rule.peers is None or any(peer.ip_block is not None for peer in rule.peers):
            return None
        return {row for peer in rule.peers for row in self.scene.peers(peer, rule.policy.namespace).may}

    def _covers(self, rule: RuleOf, port: NetworkPolicyPort, protocol: int, number: int) -> bool:
        if PROTOCOLS[port.protocol or "TCP"] != protocol:
            return False
        if not isinstance(port.port, str):
            return port.port is None or port.port <= number <= (port.end_port or port.port)
        rows = self.scene.subjects(rule.policy).may if rule.direction == "ingress" else self._named(rule)
        return rows is None or any(
            (p.name, p.protocol, p.number) == (port.port, protocol, number)
            for row in rows
            for p in self.scene.cluster.row_ports[row]
        )


def _without_number(
    translations: Translations, one: PortOf, number: int, whose: Holders
) -> Iterator[Found | Undeclared]:
    """NW2102, and what NW2101 is made of."""
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
        yield Undeclared(one, whose)


def _undeclared(scene: Scene, policy: Decoded, found: list[Undeclared]) -> Found:
    """NW2101: all such ports of a policy at once."""
    by_port: dict[tuple[Direction, str], Undeclared] = {}
    for u in found:
        by_port.setdefault((u.one.rule.direction, u.one.text), u)
    firsts = list(by_port.values())
    texts = list(dict.fromkeys(u.one.text for u in firsts))
    whom = scene.refs(row for u in firsts for row in u.whose.rows)
    declared = sorted({(p.protocol, p.number) for u in firsts for p in u.whose.declared})
    names = [f"{protocol_name(protocol)} {number}" for protocol, number in declared]
    one = len(texts) == 1
    return Found(
        "NW2101",
        firsts[0].one.place,
        f"`{policy.namespace}/{policy.name}` allows {listed(texts)}, which no selected pod declares",
        label="no container declares it",
        effect=f"nothing is known to be served there by {listed(whom)}",
        help=f"they declare {listed(names)}; declare the port{'' if one else 's'} in the container too, or delete "
        f"{'it' if one else 'them'} from the policy",
        workloads=whom,
        also=tuple(Seen(u.one.place, f"nor {u.one.text}") for u in firsts[1 : MOST_PLACES + 1]),
    )
