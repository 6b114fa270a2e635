"""What stands around a verdict of policy: what leads packets from outside to an endpoint at all, what keeps networks
apart, and which nodes are meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from netwright.base.ipset import EVERYWHERE, NOT_UNICAST, IpSet
from netwright.engine.exposure import exposures, has_ways, services_at
from netwright.engine.inquire import Inquirer, Part, Settled
from netwright.model.isolation import NETWORK
from netwright.model.networks import POD
from netwright.model.references import Target
from netwright.model.rule import Direction

A_NODE: Final = "a node"
"""Who a packet behind a node is from where the input has no nodes."""
MOST_BLOCKS: Final = 3
"""Blocks of addresses by which nodes are told apart in words."""
_BOTH: Final[tuple[Direction, Direction]] = ("egress", "ingress")


class LeadsHere(msgspec.Struct, frozen=True, kw_only=True):
    """What leads packets from outside to an endpoint: a Service's way in, or its node (`hostPort`, `hostNetwork`; then
    `service` is ""). `to` are the endpoints it leads to, at their `ports`; none: at all."""

    via: str
    service: str = ""
    port: int = 0
    entry: str = ""
    verdict: Literal["allow", "some", "deny", "undecided"]
    to: tuple[str, ...]
    ports: tuple[int, ...] = ()


def leads_here(
    inquirer: Inquirer, source: Target, destination: Target, settled: Settled, protocol: int
) -> tuple[LeadsHere, ...] | None:
    """What leads from outside to the endpoints asked about, at the ports asked about. Empty: nothing in the input does,
    so that policy alone is what the verdict is about. None where that is no question: of packets from within, to nodes,
    of other networks than the pods' own, and where policy lets nothing pass."""
    cluster, columns = inquirer.cluster, inquirer.network.columns
    if source.addresses is None or cluster.network != POD or not settled.parts or settled.verdict == "deny":
        return None
    rows = [row for row in destination.rows if cluster.workloads[int(columns.workload[row])].kind != "node"]
    if not rows or not source.addresses - cluster.pod_ranges:
        return None
    numbers = {part.packet.key & 0xFFFF for part in settled.parts}
    return (*_by_node(inquirer, rows), *_by_ways(inquirer, source, rows, numbers, protocol))


def _refs(inquirer: Inquirer, rows: Sequence[int]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(inquirer.directory.row_ref(row) for row in rows))


def _by_node(inquirer: Inquirer, rows: Sequence[int]) -> Iterator[LeadsHere]:
    at_node = [row for row in rows if inquirer.network.columns.host[row]]
    if at_node:
        yield LeadsHere(via="hostNetwork", verdict="allow", to=_refs(inquirer, at_node))


def _by_ways(
    inquirer: Inquirer, source: Target, rows: Sequence[int], numbers: set[int], protocol: int
) -> Iterator[LeadsHere]:
    """Of the ways in from outside those to these endpoints at these ports: through Services, and by hostPorts."""
    cluster = inquirer.cluster
    if not has_ways(cluster):
        return
    services, asked = services_at(inquirer, rows), set(rows)
    led: dict[tuple[str, int, int], tuple[list[int], set[int]]] = {}
    for service in services:
        for port in service.ports if not service.is_name else ():
            held = [b for b in port.backends if b.row in asked and b.port in numbers]
            if held and port.protocol == protocol:
                led[service.ref, port.port, port.protocol] = [b.row for b in held], {b.port for b in held}
    workloads = {cluster.workloads[int(inquirer.network.columns.workload[row])].ref for row in rows}
    for way in exposures(inquirer, source, services, workloads=workloads):
        at = led.get((way.service, way.port, way.protocol))
        if way.via == "hostPort" and way.protocol == protocol:
            inside = {part.packet.key & 0xFFFF for part in way.parts} & numbers
            mine = [row for row in rows if _has_host_port(inquirer, row, way.port, protocol, inside)]
            at = (mine, inside) if mine else None
        if at is not None:
            yield LeadsHere(
                via=way.via,
                service="" if way.via == "hostPort" else way.service,
                port=way.port,
                entry=way.entry,
                verdict=way.verdict,
                to=_refs(inquirer, at[0]),
                ports=tuple(sorted(at[1])),
            )


def _has_host_port(inquirer: Inquirer, row: int, number: int, protocol: int, inside: set[int]) -> bool:
    listed = inquirer.cluster.row_ports[row]
    return any((p.host_port, p.protocol) == (number, protocol) and p.number in inside for p in listed)


def apart(inquirer: Inquirer, part: Part) -> str:
    """Which primary networks the ends are on, where that is what keeps them apart, and what would join them."""
    isolation, number = inquirer.cluster.isolation, inquirer.network.isolation
    if isolation is None or part.outcome.verdict != "deny":
        return ""
    cited = (citation for direction in _BOTH for citation in inquirer.cited(part.packet, direction)[0])
    if not any(c.enforcer == number and c.action == "deny" and c.surely for c in cited):
        return ""
    columns = inquirer.network.columns
    rows = (part.packet.source.row, part.packet.destination.row)
    if min(rows) < 0:
        return ""
    ours, theirs = (columns.labels_of(row).get(NETWORK, "") for row in rows)
    places = [
        "the nodes' network" if columns.host[row] else isolation.name(ref)
        for row, ref in zip(rows, (ours, theirs), strict=True)
    ]
    told = f"{part.source} is on {places[0]}, {part.destination} on {places[1]}, and nothing in the input joins the two"
    if ours and theirs:
        return f"{told}: a ClusterNetworkConnect with `PodNetwork` that selects both would"
    if theirs:
        return f"{told}: the pod's annotation `k8s.ovn.org/open-default-ports` would open ports of it"
    return f"{told}: a Service of type NodePort or LoadBalancer leads across at its outer address"


def which_node(inquirer: Inquirer, parts: Sequence[Part]) -> str:
    """`a node`, with the addresses that it has in these packets, where others are decided otherwise."""
    family = parts[0].packet.family
    first = inquirer.network.tables[family].universe.identities.count
    sets = inquirer.class_sets(family)
    possible = EVERYWHERE - NOT_UNICAST - inquirer.cluster.pod_ranges
    possible = IpSet(possible.v4) if family == 4 else IpSet((), possible.v6)
    held = IpSet()
    for part in parts:
        if part.packet.source.row < 0:
            held |= sets[part.packet.source.position - first] & possible
    missing = possible - held
    if not held or not missing:
        return A_NODE
    inside, outside = held.cidrs(), missing.cidrs()
    if len(inside) <= MOST_BLOCKS or len(inside) <= len(outside):
        return f"{A_NODE} in {_listed(inside)}"
    return f"{A_NODE} outside {_listed(outside)}"


def _listed(blocks: Sequence[str]) -> str:
    more = f" and {len(blocks) - MOST_BLOCKS} more" if len(blocks) > MOST_BLOCKS else ""
    return ", ".join(blocks[:MOST_BLOCKS]) + more
