"""Exposure: all ways from outside the cluster to pods, each a chain of verdicts.

By Services (`engine.ways_in`), through proxies (`engine.proxies`), at the nodes themselves (`engine.node_ways`), and by
what was not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from netwright.engine.node_ways import by_nodes, opens_nodes
from netwright.engine.proxies import Ways, by_route, endpoints_of
from netwright.engine.ways_in import RANK, Exposure, Step, by_key, by_services, nowhere, services_at, together, way_to
from netwright.model.cluster import INGRESS_CONTROLLER, Cluster, Proxy, ServiceNoun, ServicePortNoun, UnreadRoute
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer

__all__ = [
    "RANK",
    "ROUTED",
    "Exposure",
    "by_key",
    "endpoints_of",
    "exposures",
    "has_ways",
    "services_at",
    "together",
]

ROUTED = frozenset(("Ingress", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Route"))
"""Kinds of ways in through a proxy, as `Exposure.via` has them."""


def exposures(
    inquirer: Inquirer,
    source: Target,
    services: Iterable[ServiceNoun] | None = None,
    passed: frozenset[Proxy] = frozenset(),
    workloads: Collection[str] = (),
) -> Iterator[Exposure]:
    """Every way from the outside addresses `source` to these Services, and past them to these workloads at their nodes
    (to all Services and workloads if `services` is None), but through the proxies `passed`: no way leads through one
    twice."""

    def beyond(proxy: Proxy) -> Ways:
        return lambda its: exposures(inquirer, source, its, passed | {_as_passed(proxy)})

    wanted = None if services is None else {s.ref for s in services}
    for service in inquirer.cluster.services:
        if wanted is not None and service.ref not in wanted:
            continue
        yield from by_services(inquirer, source, service)
    for route in inquirer.cluster.ingresses:
        if _as_passed(route.proxy) not in passed and (wanted is None or route.ref in wanted):
            yield from by_route(inquirer, source, route, beyond(route.proxy))
    for unread in inquirer.cluster.unread_routes:
        yield from _by_unread(inquirer, unread, wanted)
    yield from by_nodes(inquirer, source, None if services is None else workloads)


def _as_passed(proxy: Proxy) -> Proxy:
    """What a way through a proxy does not lead through again: of ingress controllers one stands for all."""
    return INGRESS_CONTROLLER if proxy.of_ingresses else proxy


def has_ways(cluster: Cluster) -> bool:
    """Whether anything in the input could lead in from outside; tells without working the Services out."""
    if cluster.unread_routes or opens_nodes(cluster):
        return True
    for d in cluster.objects:
        if d.kind in ROUTED:
            return True
        if d.kind == "Service" and d.value.spec is not None:
            spec = d.value.spec
            if spec.cluster_ip == "None" or spec.type == "ExternalName":
                continue
            if spec.type in ("NodePort", "LoadBalancer") or spec.external_ips:
                return True
    return False


def _by_unread(inquirer: Inquirer, route: UnreadRoute, wanted: set[str] | None) -> Iterator[Exposure]:
    """The ways that what is not evaluated may open. What may lead to any Service is told of those asked about only."""
    if route.services is None:
        if wanted is not None:
            for service in inquirer.cluster.services:
                if service.ref in wanted and service.namespace in (route.namespaces or (service.namespace,)):
                    told = f"{route.text}: it may lead to {service.ref} from outside"
                    for port in service.ports:
                        yield _perhaps(service, port, "what was not read", "any address", Step("undecided", told))
        return
    for namespace, name, number in route.services:
        named = inquirer.directory.services.get((namespace, name))
        if named is None or (wanted is not None and named.ref not in wanted):
            continue
        told = f"{route.text} names {named.ref} and is not evaluated yet"
        for port in [p for p in named.ports if p.port == number] or named.ports:
            yield _perhaps(named, port, route.kind, route.entry, Step("undecided", told, route.origin))


def _perhaps(service: ServiceNoun, port: ServicePortNoun, via: str, entry: str, step: Step) -> Exposure:
    if not port.backends and not port.open and service.type != "ExternalName":
        return nowhere(service, port, via, entry, ())
    return way_to(service, port, via, entry, "undecided", (msgspec.structs.replace(step, open="unknown"),), ())
