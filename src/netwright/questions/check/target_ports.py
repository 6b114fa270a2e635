"""The target ports of Services against the ports that the pods behind them declare.

After the Service concept page of Kubernetes 1.34 and the EndpointSlice controller: a named target port is looked up in
each pod, by name and protocol, and a pod without it is no endpoint; a number is taken as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.services import protocol_name
from netwright.dialects.k8s.objects import Container, ServicePort
from netwright.model.cluster import ContainerPortNoun, ServicePortNoun
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.pods import pod_spec, port_place
from netwright.questions.check.scene import Scene
from netwright.questions.check.services import ServiceOf, services

NOBODY = ("NW4002", "NW4003", "NW4004")
"""Codes of target ports at which no pod serves the Service."""


class _Target(msgspec.Struct, frozen=True):
    """One port of a Service, and the pods that it is looked up on."""

    service: ServiceOf
    place: int
    port: ServicePort
    noun: ServicePortNoun
    rows: tuple[int, ...]

    @property
    def is_named(self) -> bool:
        return isinstance(self.port.target_port, str) and self.port.target_port != ""

    @property
    def number(self) -> int:
        written = self.port.target_port
        return written if isinstance(written, int) and written else self.port.port

    def is_asked(self, declared: ContainerPortNoun) -> bool:
        """Whether a container's port is what the target port asks for, of whatever protocol."""
        asked = declared.name == self.port.target_port if self.is_named else declared.number == self.number
        return asked and not declared.of_init

    def found(
        self,
        code: str,
        title: str,
        label: str,
        effect: str,
        cure: str,
        *,
        workloads: tuple[str, ...],
        also: tuple[Seen, ...] = (),
    ) -> Found:
        field = "targetPort" if self.port.target_port else "port"
        return Found(
            code,
            at(self.service.decoded, "spec", "ports", self.place, field),
            title,
            label=label,
            effect=effect,
            help=cure,
            key=f"{protocol_name(self.noun.protocol)} {self.port.port}",
            workloads=workloads,
            also=also,
        )


def checks(scene: Scene) -> Iterator[Found]:
    """NW4002 to NW4005 and NW4012: target ports that pods behind the Service do not have."""
    for service in scene.once(services):
        noun = service.noun
        if not noun.selected or noun.perhaps_selected or noun.headless:
            continue
        for index, (port, of) in enumerate(zip(service.spec.ports or (), noun.ports, strict=True)):
            target = _Target(service, index, port, of, noun.selected)
            for found in _named(scene, target) if target.is_named else _numbered(scene, target):
                if found.code in NOBODY:
                    scene.once(Mistakes).misled(found, noun, of)
                yield found


def _named(scene: Scene, target: _Target) -> Iterator[Found]:
    protocol, name = target.noun.protocol, target.port.target_port
    having, lacking, other = _split(scene, target)
    if not having and other:
        yield _other_protocol(scene, target, other)
    elif not having:
        ports = [p for row in target.rows for p in scene.cluster.row_ports[row] if not p.of_init]
        names = sorted(map(_port_words, {p for p in ports if p.name and p.protocol == protocol}))
        whom = scene.refs(target.rows)
        yield target.found(
            "NW4002",
            f"target port `{name}` of Service `{target.service.name}` is no port of its pods",
            "no selected pod has a port of this name",
            f"the Service has no endpoints at port {target.port.port}: connections to it are refused",
            f"use one of {listed(names)}, or name the port in {listed(whom)}"
            if names
            else f"name the port in {listed(whom)}, or use its number",
            workloads=whom,
        )
    else:
        missing = _beside(scene, having, [r for r in lacking if scene.workload_of(r).kind not in ("job", "cronjob")])
        if missing:
            has = f"{protocol_name(protocol)} port `{name}`"
            yield target.found(
                "NW4005",
                f"Service `{target.service.name}` leads to some of its pods only: {listed(missing)} "
                f"ha{'s' if len(missing) == 1 else 've'} no {has}",
                f"{listed(scene.refs(having))} has it",
                f"{listed(missing)} get{'s' * (len(missing) == 1)} no connections through port {target.port.port}",
                f"name the port there, or leave {listed(missing)} out of the selector",
                workloads=missing,
            )


def _numbered(scene: Scene, target: _Target) -> Iterator[Found]:
    having, lacking, other = _split(scene, target)
    siblings = {
        p.protocol
        for p, written in zip(target.service.noun.ports, target.service.spec.ports or (), strict=True)
        if target.number in (written.target_port, written.port)
    }
    if not having and other:
        # both protocols at one number, of which the container lists one, is no contradiction
        if not siblings & {p.protocol for row in other for p in scene.cluster.row_ports[row] if target.is_asked(p)}:
            yield _other_protocol(scene, target, other)
        return
    whole = scene.once(_WholeLists)
    if not having:
        if all(whole(row) for row in lacking) and scene.once(_used_rows).isdisjoint(lacking):
            whom = scene.refs(lacking)
            ports = sorted({_port_words(p) for row in lacking for p in scene.cluster.row_ports[row]})
            yield target.found(
                "NW4003",
                f"target port {target.number} of Service `{target.service.name}` is none of the ports that its pods "
                "declare",
                f"they declare {', '.join(ports[:4])}{' …' * (len(ports) > 4)}",
                f"connections to port {target.port.port} are refused, unless the container listens there all the same",
                f"use a port that {listed(whom)} serves, or declare {target.number} there",
                workloads=whom,
            )
        return
    stray = [row for row in lacking if whole(row) or scene.workload_of(row).kind in ("job", "cronjob")]
    whom = _beside(scene, having, stray)
    if whom:
        yield target.found(
            "NW4012",
            f"Service `{target.service.name}` also selects {listed(whom)}, which "
            f"do{'es' * (len(whom) == 1)} not declare its target port {target.number}",
            f"{listed(scene.refs(having))} declares it",
            f"a part of the connections to port {target.port.port} goes to pods that do not serve it, and is refused",
            f"give the selector a label that {listed(whom)} does not have",
            workloads=whom,
            also=(Seen(at(target.service.decoded, "spec", "selector"), "selects both"),),
        )


def _split(scene: Scene, target: _Target) -> tuple[list[int], list[int], list[int]]:
    """The rows that have the port, those that have none like it, and those that have it of another protocol only."""
    having: list[int] = []
    lacking: list[int] = []
    other: list[int] = []
    answers: dict[tuple[ContainerPortNoun, ...], list[int]] = {}
    for row in target.rows:
        declared = scene.cluster.row_ports[row]
        group = answers.get(declared)
        if group is None:
            alike = [p for p in declared if target.is_asked(p)]
            has = any(p.protocol == target.noun.protocol for p in alike)
            group = answers[declared] = having if has else other if alike else lacking
        group.append(row)
    return having, lacking, other


def _beside(scene: Scene, having: list[int], others: list[int]) -> tuple[str, ...]:
    """The workloads of the others, without those of which only some pods differ: these are being rolled out."""
    known = set(scene.refs(having))
    return tuple(ref for ref in scene.refs(others) if ref not in known)


def _other_protocol(scene: Scene, target: _Target, rows: list[int]) -> Found:
    wanted = protocol_name(target.noun.protocol)
    declared = next(p for p in scene.cluster.row_ports[rows[0]] if target.is_asked(p))
    whom = scene.refs(rows)
    written = f"`{target.port.target_port}`" if target.is_named else str(target.number)
    other = protocol_name(declared.protocol)
    why = "the Service has no endpoints there" if target.is_named else "nobody listens there"
    place = port_place(scene.cluster.row_objects[rows[0]], declared)
    return target.found(
        "NW4004",
        f"Service `{target.service.name}` leads {wanted} to port {written}, which is {other} in {listed(whom)}",
        f"{wanted} here",
        f"connections to {wanted} port {target.port.port} are refused: {why}",
        f"make the Service's port {other}, or the container's {wanted}",
        workloads=whom,
        also=(Seen(place, f"{other} there"),) if place else (),
    )


def _used_rows(scene: Scene) -> frozenset[int]:
    """The rows that some Service reaches at a port that they declare: what else these serve they need not declare."""
    found = set()
    for service in scene.once(services):
        for port in service.noun.ports:
            for backend in port.backends:
                declared = scene.cluster.row_ports[backend.row] if backend.row >= 0 else ()
                if any((p.protocol, p.number) == (backend.protocol, backend.port) for p in declared):
                    found.add(backend.row)
    return frozenset(found)


class _WholeLists:
    """Whether each container of an endpoint lists ports: then a port that is in none of the lists is most likely none.
    A container without any may serve what it likes."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._known: dict[int, bool] = {}

    def __call__(self, row: int) -> bool:
        thing = self.scene.cluster.row_objects[row]
        found = self._known.get(id(thing))
        if found is None:
            spec = pod_spec(thing)
            containers: tuple[Container, ...] = (spec.containers if spec else None) or ()
            found = self._known[id(thing)] = bool(containers) and all(c.ports for c in containers)
        return found


def _port_words(port: ContainerPortNoun) -> str:
    return f"{port.name} {protocol_name(port.protocol)} {port.number}".strip()
