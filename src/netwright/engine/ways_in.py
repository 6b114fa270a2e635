"""Ways in from outside the cluster, each a chain of verdicts, and those to Services that have an address outside.

outside → source ranges → node (source address kept, or replaced by the node's) → backend's port. Sources: Service
concept page of Kubernetes 1.34 (externalTrafficPolicy, loadBalancerSourceRanges, source IP).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from netwright.base.ipset import EVERYWHERE, NOT_UNICAST, Family, IpSet, parse_address
from netwright.base.spans import Origin
from netwright.engine.one_family import TOLD, hangs_on_family
from netwright.engine.verdict import Outcome
from netwright.model.cluster import ServiceNoun, ServicePortNoun
from netwright.model.mesh import SERVER
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.compile import Network
    from netwright.engine.inquire import Inquirer, Packet, Part

Verdict = Literal["allow", "some", "deny", "undecided"]
StepVerdict = Literal["allow", "some", "deny", "undecided", "note"]
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
    `service` is the workload where no Service leads to it. `through` are the ways in to the proxy that it goes
    through."""

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


def together(found: Sequence[Exposure]) -> Verdict:
    """The verdict over several ways in: one open way is enough."""
    for verdict in ("allow", "some", "undecided"):
        if any(e.verdict == verdict for e in found):
            return verdict
    return "deny"


# --- Services that have an address outside --------------------


def by_services(inquirer: Inquirer, source: Target, service: ServiceNoun) -> Iterator[Exposure]:
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
    client = of_network(inquirer, source)
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
        return way_to(service, port, via, entry, "deny", steps, ())
    if not port.backends:
        return nowhere(service, port, via, entry, steps)
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
    told = backend_text(inquirer, port, parts) if parts else f"{service.ref} has no endpoints of its address family"
    over = [f for f, (passed, _) in by_family.items() if passed]
    if found == "some" and 0 < len(over) < len(by_family):
        told += f", over IPv{over[0]}: {service.ref} has no endpoints over the other family"
    if found != "deny" and service.one_family and not _shows_family(service, via):
        if _hangs_on_family(inquirer, service, port, parts):
            told += f": {service.ref} {TOLD}"
            steps.append(Step("undecided", told, None, "unknown"))
            return way_to(service, port, via, entry, chained([*verdicts, "undecided"]), steps, parts)
        if found == "allow" and len(each) > 1:
            found = "some"
            told += f": {service.ref} has one address family, and clients of the other one do not get there"
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
    if found == "deny" and port.more:
        return perhaps_more(way_to(service, port, via, entry, "deny", steps, parts), verdicts[:-1], port)
    return way_to(service, port, via, entry, chained(verdicts), steps, parts)


_FAMILIES: tuple[Family, ...] = (4, 6)


def _families(client: Target) -> list[Family]:
    return [f for f in _FAMILIES if client.addresses is not None and client.addresses.family(f)]


def _over(client: Target, families: Collection[Family]) -> Target:
    """The addresses of a client that are of these families."""
    addresses = client.addresses or IpSet()
    held = IpSet(addresses.v4 if 4 in families else (), addresses.v6 if 6 in families else ())
    return msgspec.structs.replace(client, addresses=held)


def of_network(inquirer: Inquirer, source: Target) -> Target:
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
        parts = parts_of(inquirer, _over(client, (family,)), service, port)
        if not parts:
            return parts, "deny"
        last = inquirer.settle(parts)
        return parts, "some" if last.groups == "some" and last.verdict == "allow" else last.verdict
    # a node passes on in the client's own family
    parts = [p for p in from_nodes(inquirer, service, port) if p.packet.family == family]
    return parts, _node_verdict(parts)


def _reaches_otherwise(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun, family: Family) -> bool:
    """Whether a load balancer that translates clients of a family into the other one perhaps gets them to endpoints.

    The API knows no such balancer, some providers have them, and behind these it is an address of theirs that the pods
    see."""
    inquirer = inquirer.base or inquirer
    parts = from_nodes(inquirer, service, port)
    if service.external_policy == "Local":
        parts = parts_of(inquirer, Target("the load balancer", addresses=EVERYWHERE - NOT_UNICAST), service, port)
    return any(p.packet.family != family and p.outcome.verdict != "deny" for p in parts)


def _of_clients(verdicts: Sequence[StepVerdict]) -> StepVerdict:
    """Over clients of either family: where they do not agree, some pass, or it is not known of all that none does."""
    told = set(verdicts)
    if len(told) < 2:
        return verdicts[0] if verdicts else "deny"
    return "some" if told & {"allow", "some"} else "undecided"


def nowhere(service: ServiceNoun, port: ServicePortNoun, via: str, entry: str, steps: Sequence[Step]) -> Exposure:
    """A way to a port that leads nowhere, or that is not known to lead anywhere."""
    verdict: Literal["deny", "undecided"] = "undecided" if port.open else "deny"
    told = f"{service.ref} port {port.port} {port.nowhere or 'has no endpoints that this way leads to'}"
    step = Step(verdict, told, service.origin, port.open or "depends")
    return way_to(service, port, via, entry, verdict, (*steps, step), ())


def perhaps_more(way: Exposure, before: Sequence[str], port: ServicePortNoun) -> Exposure:
    """A way to endpoints that refuse it, where there may be others: open unless a verdict `before` shuts it."""
    steps = (*way.steps, Step("undecided", port.more, None, "unknown"))
    return msgspec.structs.replace(way, verdict=chained([*before, "undecided"]), steps=steps)


def chained(verdicts: Sequence[str]) -> Verdict:
    for verdict in ("deny", "undecided", "some"):
        if verdict in verdicts:
            return verdict
    return "allow"


def way_to(
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


def backend_text(inquirer: Inquirer, port: ServicePortNoun, parts: Sequence[Part]) -> str:
    targets = dict.fromkeys(f"{end}:{p.packet.key & 0xFFFF}" for p in parts for end in p.destinations)
    shown = ", ".join(list(targets)[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")
    return f"ingress policy at {shown or 'its endpoints'}"


def _hangs_on_family(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun, parts: Sequence[Part]) -> bool:
    if len(inquirer.network.tables) < 2:
        return False
    deliveries, _, _ = inquirer.deliveries(Target(service.ref, service=service), port.protocol, str(port.port))
    return hangs_on_family(inquirer, deliveries, parts)


def parts_of(inquirer: Inquirer, source: Target, service: ServiceNoun, port: ServicePortNoun) -> list[Part]:
    # ways in from outside are those of the nodes, and lead to the Services of every network
    deliveries, _, _ = inquirer.deliveries(Target(service.ref, service=service), port.protocol, str(port.port))
    out: list[Part] = []
    for family in inquirer.network.families:
        out += inquirer.parts(source, Target(service.ref, service=service), deliveries, family, None, is_led=True)
    return out


def from_nodes(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun) -> list[Part]:
    """Packets from the nodes of the input, or, where it has none, from any address that a node could have."""
    nodes = inquirer.cluster.node_rows
    if nodes:
        return parts_of(inquirer, Target("a node", rows=nodes), service, port)
    from netwright.engine.inquire import Part

    possible = EVERYWHERE - NOT_UNICAST - inquirer.cluster.pod_ranges
    out: list[Part] = []
    unread = any(u.hosts for u in inquirer.cluster.unknown)
    for part in parts_of(inquirer, Target("a node", addresses=possible), service, port):
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
