"""Routes of OpenShift to ways in through its router.

After `openshift/api` route/v1 (types.go) and the router (openshift/router, pkg/router/template): it connects to the
endpoints of the Services themselves, at those of their ports that `targetPort` names, else at every one of TCP.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from netwright.base.spans import Origin, Pointer, named
from netwright.dialects.openshift.objects import Route, RouteTarget
from netwright.model.cluster import IngressRoute, Link, Proxy
from netwright.model.document import Decoded

DEPLOYED: Final = "ingresscontroller.operator.openshift.io/deployment-ingresscontroller"
"""On the router's pods, by the ingress operator."""
ROUTER: Final = Proxy(name="the router", labels=(("", DEPLOYED, ""),))
DEFAULT_WEIGHT: Final = 100


def lower_routes(objects: Sequence[Decoded]) -> tuple[IngressRoute, ...]:
    """The ways in of every Route, one for each of its Services."""
    return tuple(way for d in objects if isinstance(d.value, Route) for way in _of_route(d, d.value))


def weights_of(route: Route) -> list[tuple[RouteTarget, Pointer, int]]:
    """The Services of a Route, each with its place and its weight."""
    spec = route.spec
    if spec is None:
        return []
    found: list[tuple[RouteTarget, Pointer]] = [(spec.to or RouteTarget(), ("spec", "to"))]
    found += [(one, ("spec", "alternateBackends", i)) for i, one in enumerate(spec.alternate_backends or ())]
    return [(one, place, DEFAULT_WEIGHT if one.weight is None else one.weight) for one, place in found]


def host_of(route: Route) -> str:
    """The host as it is written, else as the cluster has given it; "" where neither is known."""
    spec, status = route.spec, route.status or {}
    if spec is not None and spec.host:
        return spec.host
    listed: Any = status.get("ingress")
    for one in listed if isinstance(listed, list) else ():
        host = one.get("host") if isinstance(one, dict) else None
        if isinstance(host, str) and host:
            return host
    return ""


def _of_route(d: Decoded, route: Route) -> Iterator[IngressRoute]:
    spec = route.spec
    if spec is None:
        return
    targets = weights_of(route)
    whole = sum(weight for _, _, weight in targets)
    host, when = _host(d, route)
    links = tuple(_wildcard(d, route))
    for target, place, weight in targets:
        origin = Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=place, place=d.place)
        own: tuple[Link, ...] = ()
        if weight == 0:
            own = (Link(verdict="deny", text="its weight is 0: nothing goes to it", origin=origin),)
        elif weight < whole:
            own = (Link(verdict="note", text=f"{weight} of {whole} go to it", origin=origin),)
        yield IngressRoute(
            namespace=d.namespace,
            name=d.name,
            class_name="",
            host=host,
            path=spec.path or "",
            service=target.name or "",
            port=str(spec.port.target_port or "") if spec.port else "",
            origin=origin,
            kind="Route",
            is_target=True,
            when=when,
            links=(*links, *own),
            proxy=ROUTER,
        )


def _host(d: Decoded, route: Route) -> tuple[str, tuple[str, ...]]:
    spec = route.spec
    host = host_of(route)
    tls = spec.tls.termination if spec is not None and spec.tls is not None else None
    when = (f"TLS {tls}",) if tls else ()
    if host and spec is not None and spec.wildcard_policy == "Subdomain":
        host = f"*.{host.partition('.')[2]}"
    label = spec.subdomain if spec is not None and spec.subdomain else f"{d.name}-{d.namespace}"
    return host or f"{label}.(the router's domain)", when


def _wildcard(d: Decoded, route: Route) -> Iterator[Link]:
    if route.spec is not None and route.spec.wildcard_policy == "Subdomain":
        yield Link(
            verdict="undecided",
            text=f"Route {named(d.namespace, d.name)} is for all names of a domain, which the router admits only where "
            "its `wildcardPolicy` allows it",
            origin=Origin(
                kind=d.kind, namespace=d.namespace, name=d.name, pointer=("spec", "wildcardPolicy"), place=d.place
            ),
            open="unknown",
        )
