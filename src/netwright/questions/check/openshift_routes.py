"""Routes of OpenShift against the Services that they name, one another, and the router's way to the pods.

After `openshift/api` route/v1 and the router's own reading of ports (`dialects.openshift.lower`).
"""

from __future__ import annotations

from collections.abc import Iterator

from netwright.base.spans import Pointer
from netwright.dialects.openshift.lower import weights_of
from netwright.dialects.openshift.objects import Route
from netwright.engine.proxies import as_proxies_read, ports_of
from netwright.model.cluster import IngressRoute, ServiceNoun
from netwright.model.document import Decoded
from netwright.questions.check.absence import Absence
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.ingresses import told_as_kept
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    """NW2851 to NW2855."""
    ways = [way for way in scene.cluster.ingresses if way.kind == "Route"]
    yield from named_services(scene, ways)
    routes = [d for d in scene.of_kind("Route") if isinstance(d.value, Route)]
    for d in routes:
        targets = weights_of(d.value)
        if targets and all(weight == 0 for _, _, weight in targets):
            yield Found(
                "NW2854",
                at(d, "spec", "to", "weight"),
                f"all Services of Route `{d.namespace}/{d.name}` have the weight 0",
                label="nothing goes to any of them",
                effect="the router answers every request with an error (503)",
                help="give one a weight, or delete the Route",
            )
    yield from claimed_twice(routes)
    yield from told_as_kept(scene, ("Route",), "NW2855", "the router", lambda way: way.origin)


def named_services(scene: Scene, ways: list[IngressRoute]) -> Iterator[Found]:
    """NW2851, NW2852: Services that are not there, and ports that they do not have."""
    absence = scene.stage.once(Absence)
    services = {(s.namespace, s.name): s for s in scene.cluster.services}
    for way in ways:
        service = services.get((way.namespace, way.service))
        if service is None:
            if absence.no_service(way.namespace):
                known = sorted(s.name for s in services.values() if s.namespace == way.namespace)
                yield Found(
                    "NW2851",
                    field(way.origin, *way.origin.pointer, "name"),
                    f"Route `{way.namespace}/{way.name}` leads to Service `{way.service}`, which is not there",
                    label=f"no Service of this name in {way.namespace}",
                    effect="the router answers the requests that are meant for it with an error (503)",
                    help=f"the namespace has {listed(known)}" if known else "add the Service, or delete the Route",
                    key=way.service,
                )
        elif service.type == "ExternalName":
            continue  # a name for elsewhere needs to list no port
        elif way.port and not _has_port(scene, service, way):
            ports = [f"{p.name or p.port} (to {p.target})" for p in service.ports if p.protocol == way.protocol]
            if any(not p.backends for p in service.ports):
                continue  # the number of a port that has no endpoints is not known; that it has none is told elsewhere
            yield Found(
                "NW2852",
                field(way.origin, "spec", "port", "targetPort"),
                f"Route `{way.namespace}/{way.name}` names port `{way.port}`, which Service `{way.service}` does not "
                "have",
                label=f"its ports are {', '.join(ports) or 'none'}",
                effect="the router finds no endpoints for it, and answers every request with an error (503)",
                help="write the name of the Service's port, or the number of the pods' port",
                key=f"{way.service} {way.port}",
                also=(Seen(field(service.origin, "spec", "ports"), "of the Service"),),
            )


def _has_port(scene: Scene, service: ServiceNoun, way: IngressRoute) -> bool:
    """Whether the Service has the port that a Route names, or may have it."""
    service = as_proxies_read(service)
    return bool(ports_of(scene.inquirer, service, way)) or any(p.open for p in service.ports)


def claimed_twice(routes: list[Decoded]) -> Iterator[Found]:
    """NW2853: host and path that Routes claim for different Services."""
    claims: dict[tuple[str, str, bool], list[tuple[Decoded, Pointer]]] = {}
    for d in routes:
        route: Route = d.value
        if route.spec is not None and route.spec.host:
            wild = route.spec.wildcard_policy == "Subdomain"
            key = (route.spec.host, route.spec.path or "/", wild)
            claims.setdefault(key, []).append((d, ("spec", "host")))
    for (host, path, _), found in sorted(claims.items()):
        if len(found) < 2:
            continue
        (first, place), (last, other) = found[0], found[-1]
        yield Found(
            "NW2853",
            at(last, *other),
            f"`{host}{path}` is claimed by Routes {listed([f'{d.namespace}/{d.name}' for d, _ in found])}",
            label="the same host and path",
            effect="the router serves the oldest of them, and does not admit the others (HostAlreadyClaimed)",
            help="delete one, or give it another host or path",
            key=f"{host}{path}",
            also=(Seen(at(first, *place), "claims it too"),),
        )
