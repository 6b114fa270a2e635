"""Services and the pods behind them.

After the Service concept page of Kubernetes 1.34.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.services import protocol_name
from netwright.dialects.k8s.objects import Service, ServiceSpec
from netwright.model.cluster import ServiceNoun
from netwright.model.document import Decoded
from netwright.questions.check.absence import Absence
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    yield from without_endpoints(scene)
    yield from headless_translation(scene)
    yield from local_only(scene)


class ServiceOf(msgspec.Struct, frozen=True):
    """A Service as it is written, and what it leads to."""

    decoded: Decoded
    spec: ServiceSpec
    noun: ServiceNoun

    @property
    def name(self) -> str:
        return f"{self.noun.namespace}/{self.noun.name}"


def services(scene: Scene) -> list[ServiceOf]:
    """All Services, by namespace and name."""
    nouns = {(s.namespace, s.name): s for s in scene.cluster.services}
    written = [d for d in scene.objects if isinstance(d.value, Service)]
    return [ServiceOf(d, d.value.spec or ServiceSpec(), nouns[d.namespace, d.name]) for d in written]


def without_endpoints(scene: Scene) -> Iterator[Found]:
    """NW4001: a Service whose selector selects no pod (Service concept page, "Services without selectors" aside)."""
    absence = scene.stage.once(Absence)
    for service in scene.once(services):
        noun = service.noun
        if noun.selected is None or noun.selected or noun.perhaps_selected:
            continue
        if not absence.no_pods(noun.namespace, service.spec.selector or {}):
            continue
        yield Found(
            "NW4001",
            at(service.decoded, "spec", "selector"),
            f"Service `{service.name}` selects no pod",
            label="no pod of the namespace has these labels",
            effect="connections to it are refused",
            help="correct the selector, or delete the Service",
        )


# --- traffic policies and headless Services --------------------


def headless_translation(scene: Scene) -> Iterator[Found]:
    """NW4006: a headless Service that looks as if it translated ports (its clients dial the pods themselves)."""
    for service in scene.once(services):
        noun = service.noun
        if not noun.headless or not noun.selected or noun.perhaps_selected:
            continue
        for index, (port, of) in enumerate(zip(service.spec.ports or (), noun.ports, strict=True)):
            numbers = sorted({b.port for b in of.backends})
            if not numbers or port.port in numbers:
                continue
            served = ", ".join(map(str, numbers))
            found = Found(
                "NW4006",
                at(service.decoded, "spec", "ports", index, "port"),
                f"headless Service `{service.name}` translates no ports: its pods are reached at {served}, not at "
                f"{port.port}",
                label=f"leads to {served} only by SRV records",
                effect=f"who connects to `{noun.name}.{noun.namespace}:{port.port}` dials port {port.port} of a pod, "
                "which does not serve it",
                help=f"write port {numbers[0]}, which clients have to dial, or give the Service a cluster IP",
                key=f"{protocol_name(of.protocol)} {port.port}",
                workloads=scene.refs(noun.selected),
            )
            scene.once(Mistakes).misled(found, noun, of)
            yield found


def local_only(scene: Scene) -> Iterator[Found]:
    """NW4010: internalTrafficPolicy Local where not every node need have an endpoint."""
    for service in scene.once(services):
        noun = service.noun
        if noun.internal_policy != "Local" or noun.headless or not noun.selected or noun.perhaps_selected:
            continue
        if any(scene.workload_of(row).kind in ("ds", "node") for row in noun.selected):
            continue
        whom = scene.refs(noun.selected)
        yield Found(
            "NW4010",
            at(service.decoded, "spec", "internalTrafficPolicy"),
            f"Service `{service.name}` serves clients of its pods' nodes only",
            label="Local: never to another node",
            effect=f"clients on nodes without a pod of {listed(whom)} get no answer, though there are pods elsewhere",
            help="use `Cluster`, or run it as a DaemonSet",
            workloads=whom,
        )
