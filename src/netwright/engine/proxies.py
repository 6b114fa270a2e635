"""Ways in through proxies: Ingresses, routes of the Gateway API and of OpenShift, through whoever serves them.

outside → proxy's pod (ingress controller, Gateway, router) → backend's port. Source: Ingress concept page of Kubernetes
1.34; whether a proxy takes a route at all is worked out with the route.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from netwright.base.services import TCP
from netwright.engine.ways_in import (
    RANK,
    Exposure,
    Step,
    StepVerdict,
    Verdict,
    backend_text,
    by_key,
    chained,
    nowhere,
    of_network,
    parts_of,
    perhaps_more,
    services_at,
    together,
    way_to,
)
from netwright.model.cluster import (
    ContainerPortNoun,
    IngressRoute,
    Proxy,
    ServiceNoun,
    ServicePortNoun,
)
from netwright.model.ingress_controllers import projects_of
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer

REQUEST_NAMES = frozenset(("http", "https", "web", "websecure", "http2"))
REQUEST_PORTS = frozenset(("80", "443", "8080", "8443")) | REQUEST_NAMES
"""How the charts of these controllers call and number the ports at which they take requests."""
BESIDE_REQUESTS = ("metrics", "webhook", "admission", "prometheus")
BESIDE_NUMBERS = frozenset(("10254", "9113", "8082"))
"""What they call and number those for other things: metrics, and the webhook of their admission."""
Ways = Callable[[Sequence[ServiceNoun]], Iterable[Exposure]]
"""The ways in to Services that are a proxy's own."""


def endpoints_of(inquirer: Inquirer, proxy: Proxy) -> list[int]:
    """Endpoint rows of a proxy: of ingress controllers in general all that look like one, by the labels that these
    projects document."""
    columns = inquirer.network.columns
    if proxy.rows is not None:
        return list(proxy.rows)
    if proxy.of_ingresses:
        return [row for row in range(columns.n) if projects_of(columns.labels_of(row))]
    wanted = {(namespace, "k8s:" + key, value) for namespace, key, value in proxy.labels}
    out = []
    for row in range(columns.n):
        labels = columns.labels_of(row)
        namespace = columns.namespaces[int(columns.namespace[row])]
        if any(key in labels and value in ("", labels[key]) and near in ("", namespace) for near, key, value in wanted):
            out.append(row)
    return out


def by_route(inquirer: Inquirer, source: Target, route: IngressRoute, ways: Ways) -> Iterator[Exposure]:
    """The ways in by one route: to each port that it leads to."""
    name = f"{route.kind} {route.namespace}/{route.name}"
    steps = [Step(link.verdict, link.text, link.origin, link.open) for link in route.links]
    number = int(route.port) if route.port.isdigit() else 0

    def ended(step: Step, verdict: Literal["deny", "undecided"] = "deny", port: int = number) -> Exposure:
        return Exposure(route.ref, port, route.protocol, route.kind, route.entry, (), verdict, (*steps, step), ())

    refused = next((i for i, step in enumerate(steps) if step.verdict == "deny"), None)
    if refused is not None:
        step = steps[refused]
        del steps[refused:]
        yield ended(step)
        return
    if route.backend != "Service":
        text = f"{name} leads to {route.ref}, and kinds of backends but Services are not evaluated"
        yield ended(Step("undecided", text, route.origin, "unknown"), "undecided")
        return
    service = inquirer.directory.services.get((route.service_namespace or route.namespace, route.service))
    if service is None:
        yield ended(Step("deny", f"{name} leads to {route.ref}, which is not in the input", route.origin))
        return
    if service.type == "ExternalName":
        yield _through_proxy(inquirer, source, route, service, _elsewhere(service, route), steps, ways)
        return
    service = as_proxies_read(service)
    ports = ports_of(inquirer, service, route)
    if not ports:
        asked = route.port or "(none)"
        yield ended(Step("deny", f"{name} names port {asked}, which {service.ref} does not have", route.origin), port=0)
        return
    for port in ports:
        yield _through_proxy(inquirer, source, route, service, port, steps, ways)


def as_proxies_read(service: ServiceNoun) -> ServiceNoun:
    """A Service as proxies are led by it, which read its EndpointSlices and connect to endpoints: a headless one, whose
    name they do not dial, leads to its target ports."""
    return msgspec.structs.replace(service, headless=False, ports=service.sliced) if service.headless else service


def _elsewhere(service: ServiceNoun, route: IngressRoute) -> ServicePortNoun:
    """The port of a Service that is but a name: no API says whether a proxy follows it, some do and some refuse."""
    number = next((p.port for p in service.ports if route.port in (str(p.port), p.name)), 0)
    return ServicePortNoun(
        name="",
        protocol=route.protocol,
        port=number or (int(route.port) if route.port.isdigit() else 0),
        target="",
        node_port=0,
        backends=(),
        nowhere=f"is a name for `{service.external_name}`: some proxies follow such, some refuse them, and which "
        "addresses it has is not in the input",
        open="unknown",
    )


def ports_of(inquirer: Inquirer, service: ServiceNoun, route: IngressRoute) -> list[ServicePortNoun]:
    """The ports of a Service that a route leads to."""
    if not route.is_target:
        port = inquirer.service_port(service, route.protocol, route.port)
        return [port] if port is not None else []
    return [
        port
        for port in service.ports
        if port.protocol == route.protocol
        and (
            not route.port
            or port.name == route.port
            or (route.port.isdigit() and any(b.port == int(route.port) for b in port.backends))
            or (port.target == route.port and not port.backends)
        )
    ]


def _through_proxy(
    inquirer: Inquirer,
    source: Target,
    route: IngressRoute,
    service: ServiceNoun,
    port: ServicePortNoun,
    links: Sequence[Step],
    ways: Ways,
) -> Exposure:
    name = f"{route.kind} {route.namespace}/{route.name}"
    via, entry, proxy = route.kind, route.entry, route.proxy
    steps = [*links, Step("allow", f"{name} leads {entry} to {service.ref}:{port.port}", route.origin)]
    rows = inquirer.endpoints_of(proxy)
    if not rows and not port.backends and not port.open:  # whoever takes the requests has nobody to lead them to
        return nowhere(service, port, via, entry, steps)
    if not rows:
        class_name = f" of class `{route.class_name}`" if route.class_name else ""
        told = f"{proxy.name}{class_name} is not in the input"
        if not proxy.of_ingresses:
            told = f"the pods of {proxy.name} are not in the input"
        steps.append(Step("undecided", proxy.why or told, None, "unknown"))
        return way_to(service, port, via, entry, "undecided", steps, ())
    legs = [
        _through_endpoints(inquirer, source, route, service, port, group, steps, ways)
        for group in _by_workload(inquirer, rows)
    ]
    verdict = together(legs)  # through one of them is enough
    taken = [leg for leg in legs if leg.verdict == verdict]
    parts = [p for leg in taken for p in leg.parts]
    way = way_to(service, port, via, entry, verdict, taken[0].steps, parts)
    if verdict == "deny" and proxy.unsure.issuperset(rows):
        told = "whether a controller that is not in the input serves it is not known"
        steps = [*taken[0].steps, Step("undecided", told, None, "unknown")]
        way = msgspec.structs.replace(way, verdict="undecided", steps=tuple(steps))
    return msgspec.structs.replace(way, through=tuple(by_key(w for leg in legs for w in leg.through).values()))


def _by_workload(inquirer: Inquirer, rows: Iterable[int]) -> list[list[int]]:
    """Endpoint rows by the workload that they are of."""
    groups: dict[int, list[int]] = {}
    for row in rows:
        groups.setdefault(int(inquirer.network.columns.workload[row]), []).append(row)
    return list(groups.values())


def _through_endpoints(
    inquirer: Inquirer,
    source: Target,
    route: IngressRoute,
    service: ServiceNoun,
    port: ServicePortNoun,
    rows: Sequence[int],
    links: Sequence[Step],
    ways: Ways,
) -> Exposure:
    """The way through the endpoints of one proxy: outside has to reach it, and it the backends."""
    via, entry, proxy = route.kind, route.entry, route.proxy
    steps = list(links)
    if not proxy.unsure.isdisjoint(rows):
        steps.append(Step("undecided", proxy.why, None, "unknown"))
    verdicts: list[str] = [step.verdict for step in steps if step.verdict != "note"]
    short = _short(proxy)
    services = services_at(inquirer, rows)
    taken = _for_requests(inquirer, route, services, ways(services))
    reached = [
        (w.verdict, f"outside reaches {_at(short, route, w.port)} through {w.service} ({w.via})", w.steps)
        for w in taken
    ]
    reached += [(verdict, told, ()) for verdict, told in _at_nodes(inquirer, source, rows, route)]
    if reached:
        verdict, told, before = max(reached, key=lambda one: RANK[one[0]])
        steps += [s for s in before if s.verdict in ("some", "deny", "undecided")]
    else:
        verdict, told = "undecided", f"no Service in the input leads requests from outside to {_at(short, route)}"
    steps.append(Step(verdict, told, None, "unknown" if not reached else "depends"))
    verdicts.append(verdict)
    parts = parts_of(inquirer, Target(proxy.name, rows=tuple(rows)), service, port)
    if parts:
        last = inquirer.settle(parts)
        found: StepVerdict = "some" if last.groups == "some" and last.verdict == "allow" else last.verdict
        who = ", ".join(dict.fromkeys(p.source for p in parts[:3]))
        to = backend_text(inquirer, port, parts).removeprefix("ingress policy at ")
        steps.append(Step(found, f"policy from {who} to {to}"))
        way = way_to(service, port, via, entry, chained([*verdicts, found]), steps, parts)
        if found == "deny" and port.more:
            way = perhaps_more(way, verdicts, port)
    else:
        way = nowhere(service, port, via, entry, steps)
        if "deny" in verdicts:  # what is shut before is so whatever stands behind it
            way = msgspec.structs.replace(way, verdict="deny", steps=tuple(steps))
    return msgspec.structs.replace(way, through=tuple(taken))


def _for_requests(
    inquirer: Inquirer, route: IngressRoute, services: Sequence[ServiceNoun], ways: Iterable[Exposure]
) -> list[Exposure]:
    """Of the ways to a proxy those to ports that it takes the requests of a route at; open ones to ports of an ingress
    controller of which that is not known are undecided."""
    named = {s.ref: s for s in services}
    out = []
    for way in ways:
        listed = next((p for p in named[way.service].ports if (p.port, p.protocol) == (way.port, way.protocol)), None)
        if listed is None:
            continue
        if route.kind in ("Ingress", "Route"):
            is_for_requests = _takes_requests(listed.name, {str(listed.port), listed.target, *_numbers(listed)})
            if way.protocol != TCP or is_for_requests is False:
                continue
        else:
            is_for_requests = True
            # by the Service's port as a rule; of proxies that many Gateways share it is the pods' own
            numbers = {listed.port, *(b.port for b in listed.backends)}
            if way.protocol != route.protocol or (route.listens and numbers.isdisjoint(route.listens)):
                continue
        if is_for_requests is None and route.proxy.of_ingresses and way.verdict in ("allow", "some"):
            told = f"whether the controller takes requests at port {way.port} of {way.service} is not in the input"
            step = Step("undecided", told, None, "unknown")
            way = msgspec.structs.replace(way, verdict="undecided", steps=(*way.steps, step))
        out.append(way)
    return out


def _numbers(port: ServicePortNoun) -> set[str]:
    return {str(b.port) for b in port.backends}


def _takes_requests(name: str, ports: Collection[str]) -> bool | None:
    """Whether a port of a controller, with its numbers and names, is one for requests by HTTP; None: unknown."""
    if any(word in one for word in BESIDE_REQUESTS for one in (name, *ports)) or BESIDE_NUMBERS.intersection(ports):
        return False
    return True if name in REQUEST_NAMES or not REQUEST_PORTS.isdisjoint(ports) else None


def _at_nodes(
    inquirer: Inquirer, source: Target, rows: Sequence[int], route: IngressRoute
) -> Iterator[tuple[Verdict, str]]:
    """The ways to endpoints of a proxy by their nodes: on the network of the node itself, or by a hostPort of it."""
    alike: dict[tuple[bool, tuple[ContainerPortNoun, ...]], list[int]] = {}
    for row in rows:
        alike.setdefault((bool(inquirer.network.columns.host[row]), inquirer.cluster.row_ports[row]), []).append(row)
    short = _short(route.proxy)
    client = of_network(inquirer, source)
    for (is_on_node, listed), same in alike.items():
        ports = [p for p in listed if p.protocol == route.protocol and not p.of_init and (is_on_node or p.host_port)]
        numbers = {p.number: _takes_requests(p.name, {str(p.number), str(p.host_port or p.number)}) for p in ports}
        if is_on_node and not ports:
            numbers = dict.fromkeys(route.listens or (80, 443), True)
        elif route.listens:
            numbers = {p.number: True for p in ports if not {p.number, p.host_port}.isdisjoint(route.listens)}
        told = (
            f"{short} listens on its node (hostNetwork)" if is_on_node else f"a hostPort of its node leads to {short}"
        )
        target = Target(short, rows=tuple(same))
        for number, is_for_requests in numbers.items():
            if is_for_requests is False and route.kind in ("Ingress", "Route"):
                continue
            delivery = inquirer.deliveries(target, route.protocol, str(number))[0]
            parts = [p for f in inquirer.network.families for p in inquirer.parts(client, target, delivery, f, None)]
            last = inquirer.settle(parts) if parts else None
            verdict: Verdict = "deny" if last is None else last.verdict
            if last is not None and verdict == "allow" and last.groups == "some":
                verdict = "some"
            if is_for_requests is None and route.proxy.of_ingresses and verdict != "deny":
                verdict = "undecided"
            yield verdict, told


def _at(short: str, route: IngressRoute, port: int = 0) -> str:
    """The proxy, and at which of its ports where these are known."""
    if not route.listens:
        return short
    listed = str(port) if port else " or ".join(map(str, route.listens))
    return f"{short} at port {listed}"


def _short(proxy: Proxy) -> str:
    return "the controller" if proxy.of_ingresses else proxy.name
