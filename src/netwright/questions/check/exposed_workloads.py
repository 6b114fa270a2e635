"""What is reachable from outside the cluster and should perhaps not be.

Every way in is a chain of verdicts (engine.exposure); only what surely passes is reported here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from netwright.base.ipset import INTERNET, IpSet, is_address
from netwright.base.services import protocol_name
from netwright.dialects.k8s.objects import Node, Service
from netwright.engine.exposure import ROUTED, Exposure, exposures, has_ways
from netwright.model.cluster import ServiceNoun, Workload
from netwright.model.outside_ports import DATA_PORTS, LOGIN_PORTS, is_internal
from netwright.model.references import FROM_INTERNET
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    yield from not_isolated(scene)
    yield from external_addresses(scene)
    yield from dangerous_ports(scene)
    yield from node_ports_beside_ranges(scene)


def open_ways(scene: Scene) -> tuple[Exposure, ...]:
    """The ways by which the internet, or a part of it, surely reaches pods."""
    if not has_ways(scene.cluster):
        return ()
    every = exposures(scene.inquirer, FROM_INTERNET)
    return tuple(way for way in every if way.verdict in ("allow", "some"))


# --- exposed and not isolated --------------------


class _Exposed(msgspec.Struct, frozen=True):
    workload: Workload
    ways: list[Exposure]


def exposed_and_open(scene: Scene) -> dict[str, _Exposed]:
    """The workloads, by reference, that are reachable from outside and that no policy isolates for ingress."""
    found: dict[str, _Exposed] = {}
    isolated = scene.acting.isolated["ingress"]
    told = {(d.service.ref, d.way.port, d.way.protocol) for d in scene.once(_dangerous)}
    for way in scene.once(open_ways):
        if (way.service, way.port, way.protocol) in told:
            continue
        for part in way.parts:
            if part.outcome.verdict != "allow" or part.packet.destination.position in isolated:
                continue
            for row in part.rows:
                workload = scene.workload_of(row) if row >= 0 else None
                if workload is None or workload.kind == "node" or scene.is_host(workload):
                    continue
                if not scene.is_unlimited((row,), "ingress"):
                    continue
                ways = found.setdefault(workload.ref, _Exposed(workload, [])).ways
                if way not in ways:
                    ways.append(way)
    return found


def not_isolated(scene: Scene) -> Iterator[Found]:
    """NW3101: a workload that outside reaches, and that no policy isolates for ingress."""
    services = _by_ref(scene)
    for ref, exposed in scene.once(exposed_and_open).items():
        workload, ways = exposed.workload, exposed.ways
        entries = _entries(ways)
        ports = sorted({p.packet.key & 0xFFFF for way in ways for p in way.parts})
        named = dict.fromkeys(services[way.service] for way in ways if way.service in services)
        yield Found(
            "NW3101",
            at(scene.object_of(workload), "metadata", "name"),
            f"`{ref}` is reachable from outside the cluster and no policy isolates it: by {'; '.join(entries)}",
            label="accepts from every source, on every port",
            effect="from outside only the Service limits what comes in; inside the cluster everybody reaches all ports",
            help=f"add a policy with `policyTypes: [Ingress]` that admits port {', '.join(map(str, ports[:4]))}, and "
            "only from where clients are",
            workloads=(ref,),
            objects=tuple(f"Service {s.namespace}/{s.name}" for s in named),
            also=tuple(Seen(field(s.origin, "spec", "type"), f"{s.ref} leads to it") for s in list(named)[:2]),
        )


# --- addresses and ports --------------------


def external_addresses(scene: Scene) -> Iterator[Found]:
    """NW3102: a Service with externalIPs."""
    for service in scene.cluster.services:
        if not service.external_ips or service.type == "ExternalName":
            continue
        yield Found(
            "NW3102",
            field(service.origin, "spec", "externalIPs"),
            f"Service `{service.namespace}/{service.name}` takes the traffic of {listed(service.external_ips)} by "
            "`externalIPs`",
            label="nothing verifies that these addresses are its own",
            effect="where this is admitted, whoever may create Services can take what pods and nodes send to any "
            "address (CVE-2020-8554)",
            help="use a LoadBalancer or an Ingress, and forbid the field (admission plugin DenyServiceExternalIPs)",
        )


class _Dangerous(msgspec.Struct, frozen=True):
    service: ServiceNoun
    way: Exposure
    what: str
    is_login: bool


def _dangerous(scene: Scene) -> list[_Dangerous]:
    """The open ways to ports of databases, caches, control planes and logins, of which the internet has every one."""
    services = _by_ref(scene)
    nodes_are_private = scene.once(_nodes_are_private)
    internal = {(d.namespace, d.name) for d in scene.of_kind("Service") if _is_internal(d.value)}
    found = []
    for way in scene.once(open_ways):
        service = services.get(way.service)
        if service is None or way.via in ROUTED or not _is_for_everybody(way, service):
            continue
        addresses = service.load_balancer if way.via == "LoadBalancer" else service.external_ips
        inside = bool(addresses) and not any(IpSet.of(a) & INTERNET for a in addresses)
        if service.type == "LoadBalancer" and way.via != "externalIP":
            # what its node ports lead in is told beside its source ranges
            inside = inside or way.via == "NodePort" or (service.namespace, service.name) in internal
        elif way.via == "NodePort":
            inside = nodes_are_private
        if inside:
            continue
        for number in dict.fromkeys((*(p.packet.key & 0xFFFF for p in way.parts), way.port)):
            key = way.protocol, number
            what = DATA_PORTS.get(key) or LOGIN_PORTS.get(key)
            if what:
                found.append(_Dangerous(service, way, what, key in LOGIN_PORTS))
                break
    return found


def dangerous_ports(scene: Scene) -> Iterator[Found]:
    """NW3103, NW3106: ports of databases and control planes, and of remote login, that the internet reaches."""
    seen = set()
    for danger in scene.once(_dangerous):
        service, way, what = danger.service, danger.way, danger.what
        if (service.ref, way.port, way.protocol) in seen:
            continue
        seen.add((service.ref, way.port, way.protocol))
        index = next(i for i, p in enumerate(service.ports) if (p.port, p.protocol) == (way.port, way.protocol))
        port = f"{protocol_name(way.protocol)} port {way.port}"
        yield Found(
            "NW3106" if danger.is_login else "NW3103",
            field(service.origin, "spec", "ports", index),
            f"Service `{service.namespace}/{service.name}` exposes {what} outside the cluster: by {_entries([way])[0]}",
            label=what,
            effect=f"everybody on the internet may connect to {listed(way.workloads)}, as far as the routers and "
            "firewalls before the cluster let them",
            help="make it a ClusterIP Service, or name who may come in `loadBalancerSourceRanges`",
            key=port,
            workloads=way.workloads,
        )


def node_ports_beside_ranges(scene: Scene) -> Iterator[Found]:
    """NW3105: source ranges that the node ports of the same Service go round."""
    by_node = {way.service for way in scene.once(open_ways) if way.via == "NodePort"}
    for service in scene.cluster.services:
        if service.type != "LoadBalancer" or not service.source_ranges or service.ref not in by_node:
            continue
        if _admits_everybody(service):
            continue
        yield Found(
            "NW3105",
            field(service.origin, "spec", "loadBalancerSourceRanges"),
            f"the node ports of Service `{service.namespace}/{service.name}` go round its source ranges",
            label="hold at the load balancer's address only",
            effect="whoever reaches a node reaches the Service at its node port, from any source",
            help="set `allocateLoadBalancerNodePorts: false` where the load balancer does not need them, or close node "
            "ports at the nodes' firewall",
        )


def _entries(ways: Sequence[Exposure]) -> list[str]:
    """How one gets in, in words; of a load balancer's own node ports nothing, where it is told itself."""
    balanced = {way.service for way in ways if way.via == "LoadBalancer"}
    ports: dict[str, dict[str, None]] = {}
    for way in ways:
        address, _, port = way.entry.rpartition(":")
        if way.via in ROUTED:
            ports[f"{way.via} `{way.entry}`"] = {}
        elif way.via == "NodePort" and way.service not in balanced:
            known = port.isdigit()
            ports.setdefault("every node" if known else f"{port} at every node", {}).update(
                {port: None} if known else {}
            )
        elif way.via == "hostPort":
            ports.setdefault("its node (hostPort)", {})[port] = None
        elif way.via != "NodePort":
            named = f"{'load balancer' if way.via == 'LoadBalancer' else 'external IP'} {address}"
            is_known = address[:1].isdigit() or ":" in address
            ports.setdefault(named if is_known else f"the load balancer of `{way.service}`", {})[port] = None
    told = [f"port{'s' * (len(p) > 1)} {', '.join(p)} of {place}" if p else place for place, p in ports.items()]
    return [*told[:3], f"{len(told) - 3} more ways"] if len(told) > 4 else told


# --- what of it is inside --------------------


def _is_internal(service: Service) -> bool:
    """Whether the load balancer of a Service is in the private network: by annotation, or by the name that AWS gives
    to one that is."""
    status = service.status.load_balancer if service.status else None
    names = [i.hostname or "" for i in (status.ingress if status else None) or ()]
    return is_internal(service.metadata.annotations or {}) or any(name.startswith("internal-") for name in names)


def _by_ref(scene: Scene) -> dict[str, ServiceNoun]:
    return {s.ref: s for s in scene.cluster.services}


def _admits_everybody(service: ServiceNoun) -> bool:
    """Whether source ranges leave nobody out, be it in one address family: the Service may have no other."""
    ranges = IpSet.of(*service.source_ranges)
    return IpSet(INTERNET.v4) <= ranges or IpSet((), INTERNET.v6) <= ranges


def _is_for_everybody(way: Exposure, service: ServiceNoun) -> bool:
    if way.verdict == "some" and way.via == "LoadBalancer" and service.source_ranges:
        # the first step are the source ranges
        return _admits_everybody(service) and all(step.verdict in ("allow", "note") for step in way.steps[1:])
    return way.verdict == "allow"


def _nodes_are_private(scene: Scene) -> bool:
    """Whether the input names the addresses of all of its nodes, and none is one of the internet."""
    nodes = [d.value for d in scene.cluster.objects if isinstance(d.value, Node)]
    for node in nodes:
        listed_ = (node.status.addresses if node.status else None) or ()
        addresses = [a.address for a in listed_ if a.type in ("InternalIP", "ExternalIP")]
        if not addresses or any(not is_address(a) or IpSet.of(a) & INTERNET for a in addresses):
            return False
    return bool(nodes)
