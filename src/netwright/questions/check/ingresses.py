"""Ingresses against the Services that they name, and the controllers' way to the pods behind.

After the Ingress concept page of Kubernetes 1.34. The controllers of the input are recognised by their labels, and
which of them serves a class is worked out with the route (dialects.k8s.ingress_classes).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import reduce
from operator import or_

import msgspec

from netwright.base.services import TCP, ServiceSet, protocol_name
from netwright.base.spans import Origin
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.k8s.ingress_classes import Classes
from netwright.dialects.k8s.objects import HTTPIngressPath, Ingress
from netwright.engine.proxies import as_proxies_read, ports_of
from netwright.model.cluster import IngressRoute, Proxy, ServiceNoun, ServicePortNoun
from netwright.model.document import Decoded
from netwright.model.ingress_controllers import OUTSIDE, PROJECTS
from netwright.model.references import Target
from netwright.questions.check.absence import Absence
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import Scene

BY_ANNOTATION = "use-annotation"
"""As a port's name: the AWS Load Balancer Controller reads the backend from an annotation instead."""
CANARY = ("nginx.ingress.kubernetes.io/canary",)
"""Annotations by which a second Ingress of the same host and path is meant."""
OWN_BALANCER = frozenset(
    name for one in PROJECTS.values() if one.away == OUTSIDE for name in (*one.classes, *one.controllers)
)
"""Classes, and controllers of classes, of which each Ingress may have a load balancer of its own: hosts do not
collide."""


def checks(scene: Scene) -> Iterator[Found]:
    yield from named_services(scene)
    yield from kept_from_backends(scene)
    yield from claimed_twice(scene)


# --- what is named --------------------


def of_ingresses(scene: Scene) -> list[IngressRoute]:
    """The ways in of Ingresses; other kinds have codes of their own."""
    return [route for route in scene.cluster.ingresses if route.kind == "Ingress"]


def named_services(scene: Scene) -> Iterator[Found]:
    """NW4101, NW4102, NW4105: Services that are not there, ports that they do not have, names for elsewhere."""
    absence = scene.stage.once(Absence)
    services = {(s.namespace, s.name): s for s in scene.cluster.services}
    seen: set[tuple[str, str, str, str]] = set()
    for route in of_ingresses(scene):
        key = (route.namespace, route.name, route.service, route.port)
        if route.port == BY_ANNOTATION or key in seen:
            continue
        seen.add(key)
        service = services.get((route.namespace, route.service))
        if service is None:
            if (route.namespace, route.name, route.service, "") not in seen and absence.no_service(route.namespace):
                seen.add((route.namespace, route.name, route.service, ""))
                yield _missing_service(route, [s.name for s in services.values() if s.namespace == route.namespace])
        elif service.type == "ExternalName":
            yield _outside(route, service)
        elif scene.inquirer.service_port(service, TCP, route.port) is None:
            yield _missing_port(route, service)


def _backend(route: IngressRoute, *field_: str) -> Origin:
    """The place of a field of the route's backend."""
    inner = () if route.origin.pointer[-1] == "defaultBackend" else ("backend",)
    return field(route.origin, *route.origin.pointer, *inner, "service", *field_)


def _missing_service(route: IngressRoute, known: list[str]) -> Found:
    return Found(
        "NW4101",
        _backend(route, "name"),
        f"Ingress `{route.namespace}/{route.name}` leads `{route.entry}` to Service `{route.service}`, which is not "
        "there",
        label=f"no Service of this name in {route.namespace}",
        effect="the ingress controller answers requests with an error (503 as a rule)",
        help=f"the namespace has {listed(sorted(known))}" if known else "add the Service, or delete the path",
        key=route.service,
    )


def _missing_port(route: IngressRoute, service: ServiceNoun) -> Found:
    ports = [f"{p.port}{f' ({p.name})' if p.name else ''}" for p in service.ports if p.protocol == TCP]
    return Found(
        "NW4102",
        _backend(route, "port"),
        f"Ingress `{route.namespace}/{route.name}` leads to port `{route.port}` of Service `{route.service}`, which it "
        "does not have",
        label=f"its ports are {', '.join(ports) or 'none'}",
        effect=f"the ingress controller answers requests for `{route.entry}` with an error",
        help=f"use one of {listed(ports)}: the Service's port, not the container's" if ports else "give it a port",
        key=f"{route.service} {route.port}",
        also=(Seen(field(service.origin, "spec", "ports"), "of the Service"),),
    )


def _outside(route: IngressRoute, service: ServiceNoun) -> Found:
    return Found(
        "NW4105",
        _backend(route, "name"),
        f"Ingress `{route.namespace}/{route.name}` leads `{route.entry}` out to `{service.external_name}`, by a "
        "Service of type ExternalName",
        label="a name for elsewhere",
        effect="the ingress controller connects there in the clients' place, past every policy of this cluster but its "
        "own; some controllers refuse it",
        help="see that the name is one of yours, and that whoever may change the Service may choose where requests go",
        key=f"{route.service} {route.port}",
        also=(Seen(field(service.origin, "spec", "externalName"), "here"),),
    )


# --- controllers and backends --------------------


class Kept(msgspec.Struct, frozen=True):
    """A route whose backends policy keeps every ingress controller of the input from."""

    route: IngressRoute
    service: ServiceNoun
    port: ServicePortNoun
    controllers: tuple[str, ...]
    deciding: tuple[Origin, ...]


def kept(scene: Scene) -> list[Kept]:
    """The ways in that a proxy of the input surely takes, and whose backends policy keeps it from."""
    inquirer = scene.inquirer
    found: list[Kept] = []
    services = {(s.namespace, s.name): s for s in scene.cluster.services}
    verdicts: dict[tuple[Proxy, str, int], tuple[Origin, ...] | None] = {}
    for route in scene.cluster.ingresses:
        rows = inquirer.endpoints_of(route.proxy)
        is_open = any(link.verdict in ("deny", "undecided") for link in route.links)
        if is_open or route.proxy.unsure.issuperset(rows):
            continue
        service = services.get((route.service_namespace or route.namespace, route.service))
        service = as_proxies_read(service) if service else None
        for port in ports_of(inquirer, service, route) if service else ():
            if service is None or not port.backends:
                continue
            key = (route.proxy, service.ref, port.port)
            if key not in verdicts:
                target, proxy = Target(service.ref, service=service), Target(route.proxy.name, rows=tuple(rows))
                deliveries, _, _ = inquirer.deliveries(target, port.protocol, str(port.port))
                parts = [
                    p for f in inquirer.network.families for p in inquirer.parts(proxy, target, deliveries, f, None)
                ]
                verdicts[key] = None
                if parts and inquirer.settle(parts).verdict == "deny":
                    verdicts[key] = tuple(dict.fromkeys(c.origin for p in parts for c in inquirer.deciding(p)))
            deciding = verdicts[key]
            if deciding is not None:
                found.append(Kept(route, service, port, scene.refs(rows), deciding))
    return found


def kept_from_backends(scene: Scene) -> Iterator[Found]:
    """NW4104: policy keeps the ingress controllers of the input from an Ingress' backend."""
    yield from told_as_kept(
        scene, ("Ingress",), "NW4104", "the ingress controller", lambda route: _backend(route, "name")
    )


def told_as_kept(
    scene: Scene, kinds: Collection[str], code: str, who: str, where: Callable[[IngressRoute], Origin]
) -> Iterator[Found]:
    """What is to be said of ways in of these kinds whose proxies policy keeps from the backends."""
    seen = set()
    mistakes = scene.once(Mistakes)
    for way in scene.once(kept):
        route, service, port = way.route, way.service, way.port
        if route.kind not in kinds:
            continue
        key = route.kind, route.namespace, route.name, service.ref, port.port
        if key in seen:
            continue
        seen.add(key)
        rows = tuple(b.row for b in port.backends if b.row >= 0)
        ports = reduce(or_, (ServiceSet.ports(b.protocol, b.port) for b in port.backends))
        proxy_rows = tuple(scene.inquirer.endpoints_of(route.proxy))
        if mistakes.is_misled(service, port) or mistakes.explain_pair(proxy_rows, rows, ports):
            continue
        targets = dict.fromkeys((b.protocol, b.port) for b in port.backends)
        reached = ", ".join(f"{protocol_name(protocol)} {number}" for protocol, number in targets)
        whom = scene.refs(rows)
        found = Found(
            code,
            where(route),
            f"policy keeps {who} from `{route.entry}`: {listed(way.controllers)} may not reach {listed(whom)}",
            label=f"{route.kind} {route.namespace}/{route.name} leads here",
            effect=f"requests run into a timeout at {who} (504 as a rule)",
            help=f"admit {who}'s pods to {reached} at {listed(whom)}, and let them out if they are isolated"
            if not any(o.kind in ADMIN_KINDS for o in way.deciding)
            else "an admin policy denies it: have it accepted by a rule that is read before that one",
            key=f"{service.name} {port.port}",
            workloads=whom,
            also=tuple(
                Seen(o, "denies it" if o.kind in ADMIN_KINDS else "isolates, and nothing admits it")
                for o in way.deciding[:2]
            ),
        )
        mistakes.closed(found, "ingress", rows, proxy_rows, ports)
        mistakes.closed(found, "egress", proxy_rows, rows, ports)
        yield found


# --- one host and path twice --------------------


class _Claim(msgspec.Struct, frozen=True):
    ingress: Decoded
    origin: Origin
    backend: tuple[str, str, str]


def claimed_twice(scene: Scene) -> Iterator[Found]:
    """NW4103: host and path that Ingresses of one class claim for different backends."""
    claims: dict[tuple[str, str, str, str], list[_Claim]] = {}
    classes = Classes(scene.objects)
    for d in scene.of_kind("Ingress"):
        if not isinstance(d.value, Ingress) or d.value.spec is None:
            continue
        annotations = d.value.metadata.annotations or {}
        its = classes.of(d.value)
        class_name = its.name
        has_own = not OWN_BALANCER.isdisjoint((class_name, *its.controllers))
        if has_own or any((annotations.get(key) or "") == "true" for key in CANARY):
            continue
        for i, rule in enumerate(d.value.spec.rules or ()):
            if not class_name and not rule.host:
                continue  # the default class may be one whose Ingresses have load balancers of their own
            for j, path in enumerate((rule.http.paths if rule.http else None) or ()):
                backend = _backend_of(d, path)
                if backend is not None:
                    pointer = ("spec", "rules", i, "http", "paths", j)
                    key = (class_name, rule.host or "", path.path or "/", path.path_type or "")
                    claims.setdefault(key, []).append(_Claim(d, at(d, *pointer), backend))
    for (_, host, path_text, _), found in claims.items():
        names = list(dict.fromkeys((c.ingress.namespace, c.ingress.name) for c in found))
        if len(names) < 2 or len({c.backend for c in found}) < 2:
            continue
        found.sort(key=lambda c: (c.ingress.namespace, c.ingress.name))
        first, last = found[0], found[-1]
        yield Found(
            "NW4103",
            last.origin,
            f"`{host or 'any host'}{path_text}` is claimed by Ingresses {listed([f'{n}/{m}' for n, m in names])}",
            label=f"leads to {last.backend[1]}",
            effect="the ingress controller serves one of them, as a rule the older, and passes over the other",
            help="delete one, or give it another host or path",
            key=f"{host}{path_text}",
            also=(Seen(first.origin, f"leads to {first.backend[1]}"),),
        )


def _backend_of(ingress: Decoded, path: HTTPIngressPath) -> tuple[str, str, str] | None:
    service = path.backend.service if path.backend else None
    if service is None:
        return None
    port = service.port
    return ingress.namespace, service.name, (port.name or str(port.number or "")) if port else ""
