"""Clients in the cluster that dial an external address of a Service, or the address of its load balancer.

kube-proxy leads them to the endpoints itself, which the API allows for addresses of the mode VIP and not for those of
the mode Proxy (core/v1 LoadBalancerIngress, ipMode). Whether source ranges are a matter of such clients the API leaves
open: they restrict traffic "through the cloud-provider load-balancer" (ServiceSpec, loadBalancerSourceRanges).
kube-proxy drops who is outside of them, by iptables (kubernetes#110289); others lead clients past the load balancer.

Whose address the endpoints see the API leaves open too. With externalTrafficPolicy Cluster kube-proxy puts a node's in
the client's place, "in case we cross nodes" (pkg/proxy/iptables, writeServiceToEndpointRules' external chain); those
that choose the endpoint where the client connects keep the client's. With Local the client's is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netwright.base.ipset import Family, IpSet, address_text, parse_address
from netwright.engine.at_nodes import either_way, is_same_end, nodes_of
from netwright.engine.reasons import Reason
from netwright.engine.verdict import relation
from netwright.engine.ways_in import from_nodes
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled

MASKED = Reason(
    "ambiguous",
    "at an external address with externalTrafficPolicy Cluster kube-proxy puts a node's address in the place of a "
    "client in the cluster, and others keep the client's; policy does not say the same of both",
)


def at_proxy(
    inquirer: Inquirer, source: Target, destination: Target, protocol: int, port: str, families: Sequence[Family]
) -> Settled | None:
    """The verdict where the address that was dialled is a proxy's, to which policy sees the client connect; None for
    other addresses."""
    from netwright.engine.inquire import Settled

    service = destination.service
    if service is None or not _has_dialled(service.proxied, destination) or destination.dialled is None:
        return None
    address = address_text(*destination.dialled)
    there = Target(address, addresses=IpSet.of(address))
    deliveries, _, _ = inquirer.deliveries(there, protocol, port)
    parts = [p for f in families for p in inquirer.parts(source, there, deliveries, f, None)]
    told = f"{address} is of a load balancer that is a proxy (ipMode Proxy), to which clients in the cluster connect"
    if not parts:
        told += "; they have no address family in common"
        if inquirer.cluster.has_assumed_families:
            return Settled("undecided", "none", (), told, (Reason("unknown", told),))
        return Settled("deny", "none", (), told)
    settled = inquirer.settle(parts)
    if settled.verdict == "deny":
        return replace(settled, nowhere=told)
    reasons = dict.fromkeys((*settled.reasons, Reason("unknown", f"{told}: what it does then is not in the input")))
    return replace(settled, verdict="undecided", groups="some", nowhere=told, reasons=tuple(reasons))


def within_ranges(inquirer: Inquirer, source: Target, destination: Target, settled: Settled) -> Settled:
    """The verdict at the address of a load balancer: what policy allows is open for clients that perhaps are outside
    of its source ranges."""
    from netwright.engine.inquire import of_family

    service = destination.service
    if service is None or not service.source_ranges or not _has_dialled(service.load_balancer, destination):
        return settled
    family = destination.dialled[0] if destination.dialled else 4
    ranges = IpSet.of(*service.source_ranges)
    addresses = inquirer.network.columns.addresses_of
    if settled.verdict == "deny" or all(of_family(addresses(row), family) <= ranges for row in source.rows):
        return settled
    told = (
        f"{source.ref} is perhaps outside of the source ranges of {service.ref}: kube-proxy drops such clients at the "
        "load balancer's address, others lead them to the endpoints past the load balancer"
    )
    reasons = dict.fromkeys((Reason("ambiguous", told), *settled.reasons))
    return replace(settled, verdict="undecided", groups="some", reasons=tuple(reasons))


def perhaps_masked(
    inquirer: Inquirer,
    source: Target,
    destination: Target,
    deliveries: Sequence[Delivery],
    protocol: int,
    port: str,
    parts: Sequence[Part],
) -> Settled:
    """The verdict of the packets to a Service. At an external address with externalTrafficPolicy Cluster it has to be
    the same for a node's address in the client's place."""
    settled, service = inquirer.settle(parts), destination.service
    if service is None or not destination.by_outer_address or service.external_policy == "Local":
        return settled
    found = inquirer.service_port(service, protocol, port)
    if found is None:
        return settled
    alike: dict[Family, dict[int, list[int]]] = {}
    by_nodes: dict[tuple[Family, tuple[int, ...]], list[Part]] = {}
    for part in parts:
        family = part.packet.family
        if part.outcome.verdict == "undecided" or part.outcome.relation == "hairpin":
            continue
        if family not in alike:
            alike[family] = _clients(inquirer, source, family)
        clients = [row for row in alike[family].get(part.packet.source.position, ()) if _is_like(inquirer, row, part)]
        if not clients:
            continue
        nodes = tuple(dict.fromkeys(node for row in clients for node in nodes_of(inquirer, row)))
        if (family, nodes) not in by_nodes:
            if nodes:
                held = inquirer.parts(Target("a node", rows=nodes), destination, deliveries, family, None)
            else:
                held = [p for p in from_nodes(inquirer, service, found) if p.packet.family == family]
            by_nodes[family, nodes] = held
        masked = [p for p in by_nodes[family, nodes] if is_same_end(p, part)]
        if either_way(part, (), masked) == "undecided":
            reasons = dict.fromkeys((MASKED, *settled.reasons))
            return replace(settled, verdict="undecided", groups="some", reasons=tuple(reasons))
    return settled


def _clients(inquirer: Inquirer, source: Target, family: Family) -> dict[int, list[int]]:
    """By identity the clients that are no nodes. No rule tells those of one apart, and their nodes may."""
    found: dict[int, list[int]] = {}
    for spot in inquirer.spots(source, family):
        if not inquirer.network.columns.host[spot.row]:
            found.setdefault(spot.position, []).append(spot.row)
    return found


def _is_like(inquirer: Inquirer, client: int, part: Part) -> bool:
    """Whether packets of a client of the same identity come out as this one."""
    return relation(inquirer.network, client, part.packet.destination.row) == part.outcome.relation


def _has_dialled(addresses: Sequence[str], destination: Target) -> bool:
    """Whether one of these is the address that was dialled, and no external address: kube-proxy takes those first."""
    service, dialled = destination.service, destination.dialled
    if service is None or dialled is None or dialled in {parse_address(one) for one in service.external_ips}:
        return False
    return dialled in {parse_address(one) for one in addresses}
