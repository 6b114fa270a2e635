"""What Services claim for themselves, whom policy lets reach them, and the names that they stand for.

After core/v1 ServiceSpec of Kubernetes 1.34: node ports and cluster IPs are given out once in a cluster; an
ExternalName is a CNAME record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from netwright.base.ipset import parse_address
from netwright.base.services import PROTOCOLS, ServiceSet, protocol_name
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.k8s.objects import NetworkPolicyPort
from netwright.engine.bits import indexes
from netwright.model.cluster import ServicePortNoun
from netwright.model.document import Decoded
from netwright.model.rule import Service as PortsOf
from netwright.questions.check.absence import Absence
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.ingresses import kept
from netwright.questions.check.mistakes import Mistakes
from netwright.questions.check.scene import OWN_NODE, Scene, spec_of
from netwright.questions.check.services import ServiceOf, services
from netwright.questions.check.tiers import Tiers


def checks(scene: Scene) -> Iterator[Found]:
    yield from admitted_by_nobody(scene)
    yield from claimed_twice(scene)
    yield from external_names(scene)


# --- whom policy admits --------------------


def admitted_by_nobody(scene: Scene) -> Iterator[Found]:
    """NW4007: Services to whose pods no policy admits anybody at the target port.

    What policies say is what counts, not whom their peers select: a peer that selects nobody is told as such.
    """
    by_key = {(d.namespace, d.name): d for d in scene.policies}
    mistakes = scene.once(Mistakes)
    told = {(k.service.ref, k.port.port) for k in scene.once(kept)}
    for service in scene.once(services):
        noun = service.noun
        if noun.type == "ExternalName" or not noun.selected or noun.perhaps_selected:
            continue
        closed = [
            p
            for p in noun.ports
            if (noun.ref, p.port) not in told
            and p.backends
            and not mistakes.is_misled(noun, p)
            and _is_closed(scene, service, p, by_key)
        ]
        if not closed:
            continue
        reached = reduce(or_, (ServiceSet.ports(b.protocol, b.port) for p in closed for b in p.backends))
        if mistakes.explain_service(noun.selected, reached):
            continue  # a mistaken rule is to be corrected first
        whom = scene.refs(noun.selected)
        every = len(closed) == len(noun.ports)
        ports = listed([f"{protocol_name(p.protocol)} {p.port}" for p in closed])
        isolating = _isolating(scene, noun.selected[0], by_key)
        found = Found(
            "NW4007",
            at(service.decoded, "metadata", "name") if every else at(service.decoded, "spec", "ports"),
            f"policy admits nobody to Service `{service.name}`" + ("" if every else f" at {ports}"),
            label=f"leads to {listed(whom)}",
            effect=f"connections to {'it' if every else ports} run into a timeout, from wherever they come (the pods "
            "themselves and their node aside)",
            help=f"admit its clients to {listed(_targets(closed))} at {listed(whom)}, or delete the Service",
            key="" if every else ports,
            workloads=whom,
            also=tuple(Seen(at(d, "spec", "podSelector"), "isolates") for d in isolating[:1]),
        )
        mistakes.closed(found, "ingress", noun.selected, None, reached)
        yield found


def _targets(ports: Iterable[ServicePortNoun]) -> list[str]:
    return list(dict.fromkeys(f"{protocol_name(b.protocol)} {b.port}" for p in ports for b in p.backends))


def _isolating(scene: Scene, row: int, policies: dict[tuple[str, str], Decoded]) -> list[Decoded]:
    keys = scene.acting.policies.get(scene.network.position(row), {})
    found = [policies[ns, name] for kind, ns, name in keys if kind == "NetworkPolicy" and (ns, name) in policies]
    return [d for d in found if "ingress" in scene.types(spec_of(d))]


def _is_closed(
    scene: Scene,
    service: ServiceOf,
    port: ServicePortNoun,
    policies: dict[tuple[str, str], Decoded],
) -> bool:
    """Whether policies that were read isolate all pods behind a port, and none of these admits anybody there."""
    isolated = scene.acting.isolated["ingress"]
    seen = set()
    for backend in port.backends:
        if backend.row < 0:
            return False
        position = scene.network.position(backend.row)
        number = port.port if service.noun.headless else backend.port
        if (position, number) in seen:
            continue
        seen.add((position, number))
        if isolated.get(position) != "yes":
            return False
        names = {(p.name, p.protocol): p.number for p in scene.cluster.row_ports[backend.row] if p.name}
        if scene.once(Tiers).may_accept("ingress", position, ServiceSet.ports(backend.protocol, number)):
            return False
        for kind, namespace, name in scene.acting.policies[position]:
            if kind in ADMIN_KINDS or (kind, namespace, name) in OWN_NODE:
                continue
            if kind in CILIUM_KINDS:
                if _admitted_by_cilium(scene, position, ServiceSet.ports(backend.protocol, number)):
                    return False
                continue
            policy = policies.get((namespace, name)) if kind == "NetworkPolicy" else None
            if policy is None or _admits(policy, backend.protocol, number, names):
                return False
    return True


def _admitted_by_cilium(scene: Scene, position: int, services: ServiceSet) -> bool:
    """Whether an entry of a policy of Cilium may admit somebody to a pod there, or names a port that is perhaps it."""
    ports = scene.once(_admitting).get(position, ())
    return any(s.named or s.fixed & services for s in ports)


def _admitting(scene: Scene) -> dict[int, list[PortsOf]]:
    """By position the ports that entries of Cilium's policies may admit somebody to."""
    from netwright.dialects.cilium.services import services_of
    from netwright.questions.check.cilium_written import Written

    written = scene.once(Written)
    found: dict[int, list[PortsOf]] = {}
    for entry in written.entries:
        if entry.direction == "ingress" and entry.action == "allow":
            ports = [service for service, _ in services_of(entry.value, not entry.form[0])]
            for position in indexes(scene.bits(written.subjects(entry.ruled).may)) if ports else ():
                found.setdefault(position, []).extend(ports)
    return found


def _admits(policy: Decoded, protocol: int, number: int, names: dict[tuple[str, int], int]) -> bool:
    """Whether an ingress rule of a policy names a port; or a name that the pod does not have, perhaps meant for it."""
    for rule in spec_of(policy).ingress or ():
        if rule is None or not rule.ports or any(_opens(p, protocol, number, names) for p in rule.ports):
            return True
    return False


def _opens(port: NetworkPolicyPort | None, protocol: int, number: int, names: dict[tuple[str, int], int]) -> bool:
    written = port or NetworkPolicyPort()
    of = PROTOCOLS.get(written.protocol or "TCP", 6)
    if isinstance(written.port, str):
        return names.get((written.port, of), number) == number
    if of != protocol:
        return False
    return written.port is None or written.port <= number <= (written.end_port or written.port)


# --- what is given out once --------------------


def claimed_twice(scene: Scene) -> Iterator[Found]:
    """NW4008, NW4009: node ports and cluster IPs that two Services ask for."""
    node_ports: dict[tuple[int, int], list[tuple[ServiceOf, int]]] = {}
    addresses: dict[tuple[int, int], list[tuple[ServiceOf, str]]] = {}
    for service in scene.once(services):
        for index, port in enumerate(service.noun.ports):
            if port.node_port:
                node_ports.setdefault((port.protocol, port.node_port), []).append((service, index))
        for text in service.noun.cluster_ips:
            addresses.setdefault(parse_address(text), []).append((service, text))
    for (protocol, number), holders in node_ports.items():
        if len(holders) < 2:
            continue
        (first, one), (last, other) = holders[0], holders[-1]
        yield Found(
            "NW4008",
            at(last.decoded, "spec", "ports", other, "nodePort"),
            f"Services {listed([s.name for s, _ in holders])} ask for node port {protocol_name(protocol)} {number}",
            label=f"{first.name} asks for it too",
            effect="the API server gives it to the first that comes and refuses the other",
            help="choose another number, or leave the field out",
            key=f"{protocol_name(protocol)} {number}",
            also=(Seen(at(first.decoded, "spec", "ports", one, "nodePort"), "here"),),
        )
    for found in addresses.values():
        if len(found) < 2:
            continue
        (first, _), (last, text) = found[0], found[-1]
        yield Found(
            "NW4009",
            at(last.decoded, "spec", "clusterIP"),
            f"Services {listed([s.name for s, _ in found])} ask for cluster IP {text}",
            label=f"{first.name} asks for it too",
            effect="the API server gives it to the first that comes and refuses the other",
            help="leave `clusterIP` out: it is no part of a manifest",
            key=text,
            also=(Seen(at(first.decoded, "spec", "clusterIP"), "here"),),
        )


# --- names --------------------


def external_names(scene: Scene) -> Iterator[Found]:
    """NW4013, NW4014: ExternalNames that are addresses, or names of Services that do not exist."""
    known = {(s.noun.namespace, s.noun.name) for s in scene.once(services)}
    absence = scene.stage.once(Absence)
    for service in scene.once(services):
        name = service.noun.external_name
        if service.noun.type != "ExternalName" or not name:
            continue
        place = at(service.decoded, "spec", "externalName")
        try:
            parse_address(name)
        except ValueError:
            pass
        else:
            yield Found(
                "NW4013",
                place,
                f"ExternalName `{name}` of Service `{service.name}` is an address, not a name",
                label="looked up as a name of digits",
                effect="a CNAME record of it leads nowhere: the Service's name does not resolve",
                help="use a Service without a selector and an EndpointSlice with this address",
            )
            continue
        parts = name.rstrip(".").split(".")
        if parts[2:] not in (["svc"], ["svc", "cluster", "local"]) or (parts[1], parts[0]) in known:
            continue
        if absence.no_service(parts[1]):
            yield Found(
                "NW4014",
                place,
                f"Service `{service.name}` stands for `{parts[0]}.{parts[1]}`, a Service that does not exist",
                label=f"no Service {parts[0]} in namespace {parts[1]}",
                effect="the name does not resolve: clients get NXDOMAIN",
                help="correct the name, or delete the Service",
            )
