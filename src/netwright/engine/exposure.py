"""Exposure: the ways from outside the cluster to a Service's pods, each a chain of verdicts.

outside → source ranges → node (source address kept, or replaced by the node's) → proxy's pod (ingress controller,
Gateway, router) → backend's port. Sources: Service and Ingress concept pages of Kubernetes 1.34 (externalTrafficPolicy,
loadBalancerSourceRanges, source IP); whether a proxy takes a route at all is worked out with the route.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from netwright.base.ipset import EVERYWHERE, NOT_UNICAST, Family, IpSet, parse_address
from netwright.base.services import TCP
from netwright.base.spans import Origin
from netwright.engine.one_family import TOLD, hangs_on_family
from netwright.engine.verdict import Outcome
from netwright.model.cluster import (
    INGRESS_CONTROLLER,
    Cluster,
    ContainerPortNoun,
    IngressRoute,
    Proxy,
    ServiceNoun,
    ServicePortNoun,
    UnreadRoute,
)
from netwright.model.mesh import SERVER
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.compile import Network
    from netwright.engine.inquire import Inquirer, Packet, Part

Verdict = Literal["allow", "some", "deny", "undecided"]
StepVerdict = Literal["allow", "some", "deny", "undecided", "note"]
CONTROLLER_LABELS = (
    (
        "app.kubernetes.io/name",
        ("ingress-nginx", "nginx-ingress", "traefik", "haproxy-ingress", "kong", "contour", "envoy"),
    ),
    ("app", ("ingress-nginx", "nginx-ingress", "traefik", "haproxy-ingress", "kong", "envoy", "contour")),
    ("k8s-app", ("ingress-nginx", "nginx-ingress-controller", "traefik-ingress-lb")),
)
"""Labels by which well-known ingress controllers are recognised; which class they serve is not in the input."""
REQUEST_NAMES = frozenset(("http", "https", "web", "websecure", "http2"))
REQUEST_PORTS = frozenset(("80", "443", "8080", "8443")) | REQUEST_NAMES
"""How the charts of these controllers call and number the ports at which they take requests."""
BESIDE_REQUESTS = ("metrics", "webhook", "admission", "prometheus")
BESIDE_NUMBERS = frozenset(("10254", "9113", "8082"))
"""What they call and number those for other things: metrics, and the webhook of their admission."""
ROUTED = frozenset(("Ingress", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Route"))
"""Kinds of ways in through a proxy, as `Exposure.via` has them."""


RANK: Final = {"": 0, "deny": 0, "undecided": 1, "some": 2, "allow": 3}
"""Verdicts of a way in by how much they let in; "" is that of a way that is not there."""


WayKey = tuple[str, int, int, str, str]
"""The Service and port, the protocol's number, by what and at which entry."""


class Step(msgspec.Struct, frozen=True):
    """One link of the chain: what happens there, its verdict, and the object that says so."""

    verdict: StepVerdict
    text: str
    origin: Origin | None = None
    open: Literal["unknown", "ambiguous", "depends"] = "depends"
    """Of an undecided step: why it is."""


class Exposure(msgspec.Struct, frozen=True):
    """One way in: the Service and port, how, the whole chain's verdict, the steps, and the packets of its last hop.
    `through` are the ways in to the proxy that it goes through."""

    service: str
    port: int
    protocol: int
    via: str
    entry: str
    workloads: tuple[str, ...]
    verdict: Verdict
    steps: tuple[Step, ...]
    parts: tuple[Part, ...]
    through: tuple[Exposure, ...] = ()

    @property
    def key(self) -> WayKey:
        return self.service, self.port, self.protocol, self.via, self.entry


def by_key(ways: Iterable[Exposure]) -> dict[WayKey, Exposure]:
    """Ways in by what tells them apart, in one network and from one to another."""
    return {way.key: way for way in ways}


def exposures(
    inquirer: Inquirer,
    source: Target,
    services: Iterable[ServiceNoun] | None = None,
    passed: frozenset[Proxy] = frozenset(),
) -> Iterator[Exposure]:
    """Every way from the outside addresses `source` to these Services (all of them if None), but through the proxies
    `passed`: no way leads through one twice."""
    wanted = None if services is None else {s.ref for s in services}
    for service in inquirer.cluster.services:
        if wanted is not None and service.ref not in wanted:
            continue
        yield from _direct(inquirer, source, service)
    for route in inquirer.cluster.ingresses:
        if route.proxy not in passed and (wanted is None or route.ref in wanted):
            yield from _by_route(inquirer, source, route, passed)
    for unread in inquirer.cluster.unread_routes:
        yield from _by_unread(inquirer, unread, wanted)


def has_ways(cluster: Cluster) -> bool:
    """Whether anything in the input could lead in from outside; tells without working the Services out."""
    if cluster.unread_routes:
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


def together(found: Sequence[Exposure]) -> Verdict:
    """The verdict over several ways in: one open way is enough."""
    for verdict in ("allow", "some", "undecided"):
        if any(e.verdict == verdict for e in found):
            return verdict
    return "deny"


# --- Services that have an address outside --------------------


def _direct(inquirer: Inquirer, source: Target, service: ServiceNoun) -> Iterator[Exposure]:
    if service.is_name:
        return
    entries: list[tuple[str, str]] = []
    if service.type == "LoadBalancer":
        addresses = ", ".join(service.load_balancer) or "the address that the load balancer gives it"
        entries.append(("LoadBalancer", addresses))
    if service.external_ips:
        entries.append(("externalIP", ", ".join(service.external_ips)))
    for via, address in entries:
        for port in service.ports:
            yield _through_node(inquirer, source, service, port, via, f"{address}:{port.port}")
    for port in service.ports:
        if service.type in ("NodePort", "LoadBalancer"):
            if service.has_node_ports or port.node_port:
                number = str(port.node_port) if port.node_port else "a port that the cluster chooses"
                yield _through_node(inquirer, source, service, port, "NodePort", f"every node:{number}")


def _through_node(
    inquirer: Inquirer, source: Target, service: ServiceNoun, port: ServicePortNoun, via: str, entry: str
) -> Exposure:
    steps: list[Step] = []
    client = _of_network(inquirer, source)
    verdicts: list[str] = []
    entering = _entering(service, via)
    clients = _families(client)
    if any(f not in entering for f in clients):
        verdict: StepVerdict = "some" if any(f in entering for f in clients) else "deny"
        told = f"{entry} is reached over {' and '.join(f'IPv{f}' for f in entering)} only"
        steps.append(Step(verdict, told, service.origin))
        verdicts.append(verdict)
        client = _over(client, entering)
    if via == "LoadBalancer" and service.source_ranges and "deny" not in verdicts:
        ranges = IpSet.of(*service.source_ranges)
        asked = client.addresses or IpSet()
        admitted = asked & ranges
        verdict = "allow" if asked <= ranges else "some" if admitted else "deny"
        origin = _field(service.origin, "spec", "loadBalancerSourceRanges")
        steps.append(
            Step(verdict, f"source ranges of {service.ref} admit {', '.join(service.source_ranges[:4])}", origin)
        )
        verdicts.append(verdict)
        client = Target(source.ref, addresses=admitted)
    elif via != "externalIP":
        steps.append(Step("note", f"{entry} is taken as reachable from outside (routing is not in the input)"))
    if "deny" in verdicts:
        return _exposure(service, port, via, entry, "deny", steps, ())
    if not port.backends:
        return _nowhere(service, port, via, entry, steps)
    kept = service.external_policy == "Local"
    told = "Local: the client's address is kept"
    if not kept:
        told = "Cluster: the node puts its own address in the client's place"
    steps.append(Step("allow", f"externalTrafficPolicy {told}", _field(service.origin, "spec")))
    by_family = {f: _passed_on(inquirer, client, service, port, f) for f in _families(client)}
    parts = [p for passed, _ in by_family.values() for p in passed]
    each = {f: found for f, (_, found) in by_family.items()}
    if via == "LoadBalancer":
        for f, (passed, _) in by_family.items():
            if not passed and _reaches_otherwise(inquirer, service, port, f):
                each[f] = "undecided"
    found = _of_clients(list(each.values()))
    told = _backend_text(inquirer, port, parts)
    if found != "deny" and service.one_family and not _shows_family(service, via):
        if _hangs_on_family(inquirer, service, port, parts):
            told += f": {service.ref} {TOLD}"
            steps.append(Step("undecided", told, None, "unknown"))
            return _exposure(service, port, via, entry, _chain([*verdicts, "undecided"]), steps, parts)
        if found == "allow" and len(each) > 1:
            found = "some"
    if found == "undecided":
        without = [f for f, verdict in each.items() if verdict == "undecided" and not by_family[f][0]]
        if without:
            told = (
                f"over IPv{without[0]} {service.ref} has no endpoints: whether its load balancer leads such clients on "
            )
            told += "over the other family is not in the input"
        elif not kept:
            told += ": it sees the node's address, and which node that is cannot be known"
    steps.append(Step(found, told, None))
    verdicts.append(found)
    return _exposure(service, port, via, entry, _chain(verdicts), steps, parts)


_FAMILIES: tuple[Family, ...] = (4, 6)


def _families(client: Target) -> list[Family]:
    return [f for f in _FAMILIES if client.addresses is not None and client.addresses.family(f)]


def _over(client: Target, families: Collection[Family]) -> Target:
    """The addresses of a client that are of these families."""
    addresses = client.addresses or IpSet()
    held = IpSet(addresses.v4 if 4 in families else (), addresses.v6 if 6 in families else ())
    return msgspec.structs.replace(client, addresses=held)


def _of_network(inquirer: Inquirer, source: Target) -> Target:
    """Clients of the families that the cluster has; of others only where there are none of these."""
    within = _over(source, inquirer.network.families)
    return within if within.addresses else source


def _shows_family(service: ServiceNoun, via: str) -> bool:
    """Whether all addresses of a load balancer are known: the families that they have are the Service's."""
    return via == "LoadBalancer" and bool(service.load_balancer) and not service.has_balancer_name


def _entering(service: ServiceNoun, via: str) -> tuple[Family, ...]:
    """The families over which clients come by a way: those of its addresses, any where these are not all known."""
    addresses = service.external_ips if via == "externalIP" else ()
    if _shows_family(service, via):
        addresses = service.load_balancer
    found = {parse_address(one)[0] for one in addresses}
    return tuple(f for f in _FAMILIES if f in found) if found else _FAMILIES


def _passed_on(
    inquirer: Inquirer, client: Target, service: ServiceNoun, port: ServicePortNoun, family: Family
) -> tuple[list[Part], StepVerdict]:
    """The packets of clients of one family behind the node that they come by, and what becomes of them."""
    if service.external_policy == "Local":
        parts = _parts(inquirer, _over(client, (family,)), service, port)
        if not parts:
            return parts, "deny"
        last = inquirer.settle(parts)
        return parts, "some" if last.groups == "some" and last.verdict == "allow" else last.verdict
    # a node passes on in the client's own family
    parts = [p for p in _from_nodes(inquirer, service, port) if p.packet.family == family]
    return parts, _node_verdict(parts)


def _reaches_otherwise(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun, family: Family) -> bool:
    """Whether a load balancer that translates clients of a family into the other one perhaps gets them to endpoints.

    The API knows no such balancer, some providers have them, and behind these it is an address of theirs that the pods
    see."""
    inquirer = inquirer.base or inquirer
    parts = _from_nodes(inquirer, service, port)
    if service.external_policy == "Local":
        parts = _parts(inquirer, Target("the load balancer", addresses=EVERYWHERE - NOT_UNICAST), service, port)
    return any(p.packet.family != family and p.outcome.verdict != "deny" for p in parts)


def _of_clients(verdicts: Sequence[StepVerdict]) -> StepVerdict:
    """Over clients of either family: where they do not agree, some pass, or it is not known of all that none does."""
    told = set(verdicts)
    if len(told) < 2:
        return verdicts[0] if verdicts else "deny"
    return "some" if told & {"allow", "some"} else "undecided"


def _nowhere(service: ServiceNoun, port: ServicePortNoun, via: str, entry: str, steps: Sequence[Step]) -> Exposure:
    """A way to a port that leads nowhere, or that is not known to lead anywhere."""
    verdict: Literal["deny", "undecided"] = "undecided" if port.open else "deny"
    told = f"{service.ref} port {port.port} {port.nowhere or 'has no endpoints that this way leads to'}"
    step = Step(verdict, told, service.origin, port.open or "depends")
    return _exposure(service, port, via, entry, verdict, (*steps, step), ())


def _chain(verdicts: Sequence[str]) -> Verdict:
    for verdict in ("deny", "undecided", "some"):
        if verdict in verdicts:
            return verdict
    return "allow"


def _exposure(
    service: ServiceNoun,
    port: ServicePortNoun,
    via: str,
    entry: str,
    verdict: Verdict,
    steps: Sequence[Step],
    parts: Sequence[Part],
) -> Exposure:
    workloads = tuple(dict.fromkeys(end for p in parts for end in p.destinations))
    return Exposure(service.ref, port.port, port.protocol, via, entry, workloads, verdict, tuple(steps), tuple(parts))


def _field(origin: Origin, *pointer: str | int) -> Origin:
    return Origin(kind=origin.kind, namespace=origin.namespace, name=origin.name, pointer=pointer, place=origin.place)


def _backend_text(inquirer: Inquirer, port: ServicePortNoun, parts: Sequence[Part]) -> str:
    targets = dict.fromkeys(f"{end}:{p.packet.key & 0xFFFF}" for p in parts for end in p.destinations)
    shown = ", ".join(list(targets)[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")
    return f"ingress policy at {shown or 'its endpoints'}"


def _hangs_on_family(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun, parts: Sequence[Part]) -> bool:
    if len(inquirer.network.tables) < 2:
        return False
    deliveries, _, _ = inquirer.deliveries(Target(service.ref, service=service), port.protocol, str(port.port))
    return hangs_on_family(inquirer, deliveries, parts)


def _parts(inquirer: Inquirer, source: Target, service: ServiceNoun, port: ServicePortNoun) -> list[Part]:
    # ways in from outside are those of the nodes, and lead to the Services of every network
    deliveries, _, _ = inquirer.deliveries(Target(service.ref, service=service), port.protocol, str(port.port))
    out: list[Part] = []
    for family in inquirer.network.families:
        out += inquirer.parts(source, Target(service.ref, service=service), deliveries, family, None, is_led=True)
    return out


def _from_nodes(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun) -> list[Part]:
    """Packets from the nodes of the input, or, where it has none, from any address that a node could have."""
    nodes = [w for w in inquirer.cluster.workloads if w.kind == "node"]
    if nodes:
        rows = tuple(r for w in nodes for r in w.rows)
        return _parts(inquirer, Target("a node", rows=rows), service, port)
    from netwright.engine.inquire import Part

    possible = EVERYWHERE - NOT_UNICAST - inquirer.cluster.pod_ranges
    out: list[Part] = []
    unread = any(u.hosts for u in inquirer.cluster.unknown)
    for part in _parts(inquirer, Target("a node", addresses=possible), service, port):
        found = part.outcome
        if unread:  # something that was not read could act at nodes, and their egress is not in the tables
            found = msgspec.structs.replace(found, may_deny=True)
        if _is_refused_beside(inquirer.network, part.packet):  # by whichever node it comes
            out.append(Part(part.packet, found, "a node", part.destination, alike=part.alike))
            continue
        # the packet may also arrive at the pod's own node, which always reaches it
        opened = Outcome(
            True, found.may_deny, "perhaps own node" if found.may_deny else "", found.egress, found.ingress
        )
        out.append(Part(part.packet, opened, "a node", part.destination, alike=part.alike))
    return out


def _node_verdict(parts: Sequence[Part]) -> StepVerdict:
    """Over the nodes a packet may arrive at: which one it is cannot be known beforehand."""
    verdicts = {p.outcome.verdict for p in parts}
    if not verdicts:
        return "deny"
    if verdicts == {"allow"}:
        return "allow"
    return "deny" if verdicts == {"deny"} else "undecided"


# --- proxies --------------------


def endpoints_of(inquirer: Inquirer, proxy: Proxy) -> list[int]:
    """Endpoint rows of a proxy: for Ingresses of all that look like ingress controllers, by the labels that these
    projects document."""
    columns = inquirer.network.columns
    if proxy == INGRESS_CONTROLLER:
        wanted = {("", "k8s:" + key, value) for key, values in CONTROLLER_LABELS for value in values}
    else:
        wanted = {(namespace, "k8s:" + key, value) for namespace, key, value in proxy.labels}
    out = []
    for row in range(columns.n):
        labels = columns.labels_of(row)
        namespace = columns.namespaces[int(columns.namespace[row])]
        if any(key in labels and value in ("", labels[key]) and near in ("", namespace) for near, key, value in wanted):
            component = labels.get("k8s:app.kubernetes.io/component", "controller")
            if proxy != INGRESS_CONTROLLER or component in ("controller", "proxy"):
                out.append(row)
    return out


def _by_route(inquirer: Inquirer, source: Target, route: IngressRoute, passed: frozenset[Proxy]) -> Iterator[Exposure]:
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
    ports = ports_of(inquirer, service, route)
    if not ports:
        asked = route.port or "(none)"
        yield ended(Step("deny", f"{name} names port {asked}, which {service.ref} does not have", route.origin), port=0)
        return
    for port in ports:
        yield _through_proxy(inquirer, source, route, service, port, steps, passed)


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
    passed: frozenset[Proxy],
) -> Exposure:
    name = f"{route.kind} {route.namespace}/{route.name}"
    via, entry, proxy = route.kind, route.entry, route.proxy
    steps = [*links, Step("allow", f"{name} leads {entry} to {service.ref}:{port.port}", route.origin)]
    rows = inquirer.endpoints_of(proxy)
    if not rows:
        class_name = f" of class `{route.class_name}`" if route.class_name else ""
        told = f"{proxy.name}{class_name} is not in the input"
        if proxy != INGRESS_CONTROLLER:
            told = f"the pods of {proxy.name} are not in the input"
        steps.append(Step("undecided", told, None, "unknown"))
        return _exposure(service, port, via, entry, "undecided", steps, ())
    legs = [
        _through_endpoints(inquirer, source, route, service, port, group, steps, passed)
        for group in _by_workload(inquirer, rows)
    ]
    verdict = together(legs)  # through one of them is enough
    taken = [leg for leg in legs if leg.verdict == verdict]
    parts = [p for leg in taken for p in leg.parts]
    way = _exposure(service, port, via, entry, verdict, taken[0].steps, parts)
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
    passed: frozenset[Proxy],
) -> Exposure:
    """The way through the endpoints of one proxy: outside has to reach it, and it the backends."""
    via, entry, proxy = route.kind, route.entry, route.proxy
    steps = list(links)
    verdicts: list[str] = [step.verdict for step in links if step.verdict != "note"]
    short = _short(proxy)
    services = services_at(inquirer, rows)
    ways = _for_requests(inquirer, route, services, exposures(inquirer, source, services, passed | {proxy}))
    reached = [(w.verdict, f"outside reaches {short} through {w.service} ({w.via})", w.steps) for w in ways]
    reached += [(verdict, told, ()) for verdict, told in _at_nodes(inquirer, source, rows, route)]
    if reached:
        verdict, told, before = max(reached, key=lambda one: RANK[one[0]])
        steps += [s for s in before if s.verdict in ("some", "deny", "undecided")]
    else:
        verdict, told = "undecided", f"no Service in the input leads requests from outside to {short}"
    steps.append(Step(verdict, told, None, "unknown" if not reached else "depends"))
    verdicts.append(verdict)
    parts = _parts(inquirer, Target(proxy.name, rows=tuple(rows)), service, port)
    if parts:
        last = inquirer.settle(parts)
        found: StepVerdict = "some" if last.groups == "some" and last.verdict == "allow" else last.verdict
        who = ", ".join(dict.fromkeys(p.source for p in parts[:3]))
        to = _backend_text(inquirer, port, parts).removeprefix("ingress policy at ")
        steps.append(Step(found, f"policy from {who} to {to}"))
        verdicts.append(found)
        way = _exposure(service, port, via, entry, _chain(verdicts), steps, parts)
    else:
        way = _nowhere(service, port, via, entry, steps)
    return msgspec.structs.replace(way, through=tuple(ways))


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
        if route.kind in ("Ingress", "Route"):  # listeners of a Gateway have any port
            is_for_requests = _takes_requests(listed.name, {str(listed.port), listed.target, *_numbers(listed)})
            if way.protocol != TCP or is_for_requests is False:
                continue
        else:
            is_for_requests = True
        if is_for_requests is None and route.proxy == INGRESS_CONTROLLER and way.verdict in ("allow", "some"):
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
    client = _of_network(inquirer, source)
    for (is_on_node, listed), same in alike.items():
        ports = [p for p in listed if p.protocol == TCP and not p.of_init and (is_on_node or p.host_port)]
        numbers = {p.number: _takes_requests(p.name, {str(p.number), str(p.host_port or p.number)}) for p in ports}
        if is_on_node and not ports:
            numbers = {80: True, 443: True}
        told = (
            f"{short} listens on its node (hostNetwork)" if is_on_node else f"a hostPort of its node leads to {short}"
        )
        target = Target(short, rows=tuple(same))
        for number, is_for_requests in numbers.items():
            if is_for_requests is False and route.kind in ("Ingress", "Route"):
                continue
            delivery = inquirer.deliveries(target, TCP, str(number))[0]
            parts = [p for f in inquirer.network.families for p in inquirer.parts(client, target, delivery, f, None)]
            last = inquirer.settle(parts) if parts else None
            verdict: Verdict = "deny" if last is None else last.verdict
            if last is not None and verdict == "allow" and last.groups == "some":
                verdict = "some"
            if is_for_requests is None and route.proxy == INGRESS_CONTROLLER and verdict != "deny":
                verdict = "undecided"
            yield verdict, told


def _short(proxy: Proxy) -> str:
    return "the controller" if proxy == INGRESS_CONTROLLER else proxy.name


# --- what was not read --------------------


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
    if not port.backends and not port.open:
        return _nowhere(service, port, via, entry, ())
    return _exposure(service, port, via, entry, "undecided", (msgspec.structs.replace(step, open="unknown"),), ())


def services_at(inquirer: Inquirer, rows: Iterable[int]) -> list[ServiceNoun]:
    """The Services that lead to any of these endpoint rows."""
    wanted = set(rows)
    return [s for s in inquirer.cluster.services if any(b.row in wanted for p in s.ports for b in p.backends)]


def _is_refused_beside(network: Network, packet: Packet) -> bool:
    """Whether a mesh, or the interface of a machine, surely refuses at the server's end what comes from a node, be it
    the server's own."""
    row = packet.destination.row
    beside = [network.guests] if network.guests >= 0 else []
    # its own node passes ztunnel by
    if network.mesh >= 0 and row >= 0 and not network.columns.labels_of(row).get(SERVER, "").startswith("ambient"):
        beside.append(network.mesh)
    if row < 0 or not beside:
        return False
    table = network.tables[packet.family].ingress
    contents, port_map = table.keys[int(table.of_position[packet.destination.position])]
    bit = table.fold.atoms.bit(packet.key)
    for number in beside:
        rows = table.fold(table.fold.contents.of_enforcer(contents, number), port_map)
        if not any(r.mask & bit and r.may >> packet.source.position & 1 for r in rows):
            return True
    return False
