"""Clients in the cluster that dial the address of a load balancer.

kube-proxy leads them to the endpoints itself, which the API allows for addresses of the mode VIP and not for those of
the mode Proxy (core/v1 LoadBalancerIngress, ipMode). Whether source ranges are a matter of such clients the API leaves
open: they restrict traffic "through the cloud-provider load-balancer" (ServiceSpec, loadBalancerSourceRanges).
kube-proxy drops who is outside of them, by iptables (kubernetes#110289); others lead clients past the load balancer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netwright.base.ipset import Family, IpSet, address_text, parse_address
from netwright.engine.reasons import Reason
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer, Settled


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


def _has_dialled(addresses: Sequence[str], destination: Target) -> bool:
    """Whether one of these is the address that was dialled, and no external address: kube-proxy takes those first."""
    service, dialled = destination.service, destination.dialled
    if service is None or dialled is None or dialled in {parse_address(one) for one in service.external_ips}:
        return False
    return dialled in {parse_address(one) for one in addresses}
