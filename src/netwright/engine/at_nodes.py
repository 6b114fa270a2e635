"""What takes a packet at a port of a node before the node's own processes do, and what becomes of it there.

NodePorts lead to a Service's endpoints from every node, hostPorts to pods on the node itself. After core/v1 ServiceSpec
(externalTrafficPolicy): with Cluster a node puts its own address in the client's place and leads to every endpoint;
with Local it keeps the client's and leads to the endpoints on itself, which clients in the cluster "may need to take
into account". internalTrafficPolicy is a matter of cluster IPs alone. Whether policies see a packet before or after its
ends are rewritten "is not defined" (page "Network Policies"): all that they may see has to come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from netwright.base.ipset import Family, address_text, is_address, parse_address
from netwright.base.services import SCTP, TCP, UDP
from netwright.engine.reasons import Reason
from netwright.engine.verdict import Verdict
from netwright.model.cluster import ServiceNoun, ServicePortNoun
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled

MOST_ADDRESSES = 16
"""Of a node: with more of them it has any of these, which is not known."""
REWRITTEN = Reason(
    "ambiguous",
    "whether policies see a packet to a port of a node before or after its ends are rewritten, and so at which address "
    "and from which one, is the network plugin's choice",
)


class Taker(msgspec.Struct, frozen=True):
    """Who takes the packets to a port of a node, in words. `near` are the ends that these are surely led to, `others`
    those that they perhaps are. `is_masked`: the node puts its own address in the client's place."""

    told: str
    target: Target
    near: tuple[Delivery, ...]
    others: tuple[Delivery, ...] = ()
    is_masked: bool = False
    service: ServiceNoun | None = None
    port: ServicePortNoun | None = None


Told = tuple[Verdict, tuple["Part", ...]]
"""What becomes of a client's packets to one end, and the packets that say so."""


def at_node(
    inquirer: Inquirer, source: Target, target: Target, protocol: int, port: str, families: Sequence[Family]
) -> Settled | None:
    """The verdict of packets to a port of a node that something takes before the node does; None where nothing does.
    `families` are those asked about."""
    from netwright.engine.inquire import Settled

    columns = inquirer.network.columns
    hosts = [row for row in target.rows if columns.host[row]]
    if not hosts or protocol not in (TCP, UDP, SCTP) or not (port.isascii() and port.isdigit() and int(port)):
        return None
    by_node = node_port(inquirer, protocol, int(port))
    by_pod = host_ports(inquirer, hosts[0], protocol, int(port))
    if by_node is None and not by_pod:
        return None
    node = node_of(inquirer, hosts[0]) if len(target.rows) == 1 else -1
    if node < 0 or inquirer.cluster.isolation is not None:
        if by_node is not None:
            told = f"port {port} of every node leads to {by_node[0].ref}:{by_node[1].port}: ask about that"
        else:
            told = f"hostPort {port} leads to {inquirer.directory.row_ref(by_pod[0][0])}, on the nodes that run it"
        return Settled("undecided", "none", (), told, (Reason("depends", told),))
    if by_node is not None:
        taker = _service(inquirer, *by_node, node, source)
    else:
        found = _pods(inquirer, by_pod, node, protocol, int(port))
        if found is None:
            return None
        taker = found
    if taker.port is not None and not taker.port.backends:
        told = f"{taker.told}, which {taker.port.nowhere}"
        kind = taker.port.open
        return Settled("undecided" if kind else "deny", "none", (), told, (Reason(kind, told),) if kind else ())
    clients = _clients(inquirer, source, families)
    packets = _Packets(inquirer, taker, node, protocol, int(port))
    sure, perhaps = ([told for f, c in clients for told in packets(c, f, held)] for held in (taker.near, taker.others))
    return _settled(inquirer, packets, clients, sure, perhaps)


# --- who takes it --------------------


def beside_services(inquirer: Inquirer, node: Target, protocol: int, port: str) -> str:
    """At which addresses of a node that is named by its name, and so judged itself, a Service takes the port."""
    columns = inquirer.network.columns
    if len(node.rows) != 1 or not (port.isascii() and port.isdigit()):
        return ""
    row = node.rows[0]
    held = columns.addresses_of(row)
    if inquirer.cluster.workloads[int(columns.workload[row])].kind != "node" or held.count() > MOST_ADDRESSES:
        return ""
    families: tuple[Family, ...] = (4, 6)
    told = []
    for address in [(f, one) for f in families for low, high in held.family(f) for one in range(low, high)]:
        dialled = msgspec.structs.replace(node, dialled=address)
        found = inquirer.directory.service_before(dialled, protocol, int(port))
        if found is not None:
            told.append(f"at {address_text(*address)} {found.ref} takes port {port}: ask about that address")
    return "; ".join(told)


def node_port(inquirer: Inquirer, protocol: int, number: int) -> tuple[ServiceNoun, ServicePortNoun] | None:
    """The Service, and its port, to which this port of every node leads."""
    for service in inquirer.cluster.services:
        if service.type in ("NodePort", "LoadBalancer") and not service.is_name:
            for port in service.ports:
                if (port.node_port, port.protocol) == (number, protocol):
                    return service, port
    return None


def host_ports(inquirer: Inquirer, node: int, protocol: int, number: int) -> list[tuple[int, int]]:
    """The rows of pods that have this hostPort, each with the port of the container behind it; no ports of an address
    (hostIP) that the node does not have."""
    columns = inquirer.network.columns
    host, known = columns.host, columns.addresses_of(node)
    return [
        (row, p.number)
        for row, ports in enumerate(inquirer.cluster.row_ports)
        if not host[row]
        for p in ports
        if (p.host_port, p.protocol) == (number, protocol) and not p.of_init
        if p.host_ip in ("", "0.0.0.0", "::") or (is_address(p.host_ip) and known.contains(*parse_address(p.host_ip)))
    ]


def node_of(inquirer: Inquirer, row: int) -> int:
    """The row of the Node that a row on a node's network is or runs on; -1 where it is not in the input."""
    columns = inquirer.network.columns
    index = int(columns.node[row])
    if index < 0:
        return -1
    return next((n for n in inquirer.cluster.node_rows if int(columns.node[n]) == index), -1)


def nodes_of(inquirer: Inquirer, row: int) -> Sequence[int]:
    """The nodes of the input that an endpoint runs on or perhaps does."""
    own = node_of(inquirer, row)
    return [own] if own >= 0 else inquirer.cluster.node_rows


def _service(inquirer: Inquirer, service: ServiceNoun, port: ServicePortNoun, node: int, source: Target) -> Taker:
    target = Target(service.ref, service=service, by_outer_address=True)
    deliveries, _, _ = inquirer.deliveries(target, port.protocol, str(port.port))
    told = f"port {port.node_port} of every node leads to {service.ref}:{port.port}"
    if service.external_policy != "Local":
        told += ", and the node puts its own address in the client's place (externalTrafficPolicy Cluster)"
        return Taker(told, target, tuple(deliveries), (), True, service, port)
    name = _name(inquirer, node)
    near = tuple(d for d in deliveries if d.node == name)
    others = tuple(d for d in deliveries if not d.node or (source.rows and d.node != name))
    told += f", on {name} to the endpoints there (externalTrafficPolicy Local)"
    return Taker(told, target, near, others, False, service, port)


def _name(inquirer: Inquirer, node: int) -> str:
    columns = inquirer.network.columns
    return columns.nodes[int(columns.node[node])]


def _pods(inquirer: Inquirer, held: Sequence[tuple[int, int]], node: int, protocol: int, number: int) -> Taker | None:
    """Pods that run on the node, or perhaps do, and have the hostPort."""
    from netwright.engine.inquire import Delivery

    columns = inquirer.network.columns
    here = int(columns.node[node])
    near = tuple(Delivery(row, "", protocol, port) for row, port in held if int(columns.node[row]) == here)
    others = tuple(Delivery(row, "", protocol, port) for row, port in held if int(columns.node[row]) < 0)
    if not near and not others:
        return None
    shown = " or ".join(dict.fromkeys(f"{inquirer.directory.row_ref(d.row)}:{d.port}" for d in near or others))
    told = f"hostPort {number} of {_name(inquirer, node)} leads to {shown}" + ("" if near else ", if it runs there")
    return Taker(told, Target(shown), near, () if near else others)


# --- what becomes of it --------------------


def _clients(inquirer: Inquirer, source: Target, families: Iterable[Family]) -> list[tuple[Family, Target]]:
    """The clients of each family, of endpoints one after the other: what their node sees of them differs."""
    out = []
    for family in families:
        if not source.rows:
            out.append((family, source))
            continue
        for spot in inquirer.spots(source, family):
            out.append((family, Target(inquirer.directory.row_ref(spot.row), rows=(spot.row,))))
    return out


class _Packets:
    """The packets of clients to the ends that a port of a node leads to, as policies may see them."""

    def __init__(self, inquirer: Inquirer, taker: Taker, node: int, protocol: int, number: int) -> None:
        from netwright.engine.inquire import Delivery

        self.inquirer = inquirer
        self.taker = taker
        self.node = Target(inquirer.directory.row_ref(node), rows=(node,))
        self.at_node = [Delivery(node, "", protocol, number)]

    def to_node(self, client: Target, family: Family) -> list[Part]:
        """Those to the node's own port, as a client sends them."""
        return self.inquirer.parts(client, self.node, self.at_node, family, None)

    def __call__(self, client: Target, family: Family, ends: Sequence[Delivery]) -> list[Told]:
        there = self.to_node(client, family)
        if not there or not ends:
            return []
        direct = self._led(client, family, ends)
        masked = [self._led(node, family, ends) for node in self._in_its_place(client)]
        if not client.rows:
            # no policy acts where clients outside are; a node that masks is known to them, else both are possible
            there = []
            direct = direct if not self.taker.is_masked else []
        if not direct:
            return [(p.outcome.verdict, (p,)) for behind in masked for p in behind]
        out = []
        for part in direct:
            same = [p for behind in masked for p in behind if is_same_end(p, part)]
            out.append((either_way(part, there, same), (part, *there, *same)))
        return out

    def _led(self, client: Target, family: Family, ends: Sequence[Delivery]) -> list[Part]:
        if self.taker.service is not None:
            return self.inquirer.parts(client, self.taker.target, ends, family, None)
        return [
            part
            for end in ends
            for part in self.inquirer.parts(client, Target("", rows=(end.row,)), [end], family, None)
        ]

    def _in_its_place(self, client: Target) -> list[Target]:
        """The nodes whose address policies may see in the client's place."""
        columns = self.inquirer.network.columns
        if self.taker.is_masked or (not client.rows and self.taker.service is None):
            return [self.node]
        if not client.rows or columns.host[client.rows[0]]:
            return []
        # a plugin may put the address of the client's own node in its place, as for anything outside its pods' network
        rows = nodes_of(self.inquirer, client.rows[0])
        return [Target(self.inquirer.directory.row_ref(row), rows=(row,)) for row in rows]


def is_same_end(one: Part, other: Part) -> bool:
    """Whether packets of two clients go to the same port of the same end."""
    is_there = not set(one.rows).isdisjoint(other.rows) or -1 in one.rows
    return is_there and one.packet.key == other.packet.key and _address(one) == _address(other)


def _address(part: Part) -> str:
    return "" if part.packet.destination.row >= 0 else part.destination


def either_way(part: Part, there: Sequence[Part], behind: Sequence[Part]) -> Verdict:
    """The verdict of a client's packets to one end: policy where the client is sees them to this end or to the node
    (`there`), policy at the end sees the client or a node in its place (`behind`)."""
    if all(p.outcome.verdict == "allow" for p in (part, *there, *behind)):
        return "allow"
    if part.outcome.verdict != "deny":
        return "undecided"
    is_shut_in = not part.outcome.egress.may and all(p.outcome.verdict == "deny" for p in there)
    is_shut_out = not part.outcome.ingress.may and all(p.outcome.verdict == "deny" for p in behind)
    return "deny" if is_shut_in or is_shut_out else "undecided"


def _settled(
    inquirer: Inquirer,
    packets: _Packets,
    clients: Sequence[tuple[Family, Target]],
    sure: Sequence[Told],
    perhaps: Sequence[Told],
) -> Settled:
    """One verdict of the packets to the ends that a port surely leads to, and perhaps does."""
    from netwright.engine.inquire import Settled

    taker, told = packets.taker, packets.taker.told
    if any(not client.rows for _, client in clients):
        told += "; that outside reaches the node is taken as given (routing is not in the input)"
    if taker.service is not None and not taker.near and not taker.others:
        return Settled("deny", "none", (), f"{told}: it has none there, so that connections are dropped")
    arriving = [p for f, c in clients for p in packets.to_node(c, f)]
    if not arriving:
        told = f"{told}; client and node have no address family in common"
        if inquirer.cluster.has_assumed_families:
            return Settled("undecided", "none", (), told, (Reason("unknown", told),))
        return Settled("deny", "none", (), told)
    ends = (*taker.near, *taker.others)
    over = {f for d in ends for f in d.families or inquirer.network.families}
    if taker.service is not None and over.isdisjoint(p.packet.family for p in arriving):
        told += f"; {taker.service.ref} is reached over {' and '.join(f'IPv{f}' for f in sorted(over))} only"
    parts = list(dict.fromkeys(p for _, found in (*sure, *perhaps) for p in found))
    verdicts, otherwise = {verdict for verdict, _ in sure}, {verdict for verdict, _ in perhaps}
    if not sure and taker.service is not None:  # the node drops it
        otherwise.add("deny")
    elif not sure:  # without the pod the port is the node's own
        otherwise |= {p.outcome.verdict for p in arriving}
        parts = list(dict.fromkeys((*parts, *arriving)))
    found = verdicts | otherwise
    reasons: dict[Reason, None] = {}
    if otherwise - verdicts and len(found) > 1 and verdicts != {"allow", "deny"}:
        where = "is led to" if taker.service is not None else "runs there"
        reasons[Reason("unknown", f"{told}; who {where} from {packets.node.ref} is not in the input")] = None
    by_family = {f: {verdict for verdict, held in (*sure, *perhaps) if held[0].packet.family == f} for f in (4, 6)}
    if not reasons and by_family[4] != by_family[6] and all(len(each) == 1 for each in by_family.values()):
        words = {"allow": "allowed", "deny": "denied", "undecided": "undecided"}
        each = ", ".join(f"IPv{f} {words[verdict]}" for f, (verdict,) in by_family.items())
        reasons[Reason("depends", f"{each}: ask for one family")] = None
    if taker.port is not None and taker.port.more:
        reasons[Reason("unknown", taker.port.more)] = None
    for one, held in (*sure, *perhaps):
        if one == "undecided":
            open_ = [p for p in held if p.outcome.verdict == "undecided"]
            reasons |= dict.fromkeys(r for p in open_ for r in inquirer.reasons(p))
            if not open_ or len({p.outcome.verdict for p in held}) > 1:
                reasons[REWRITTEN] = None
    if reasons or "undecided" in found:
        return Settled("undecided", "some", tuple(parts), told, tuple(reasons))
    if found == {"deny"}:
        return Settled("deny", "none", tuple(parts), told)
    return Settled("allow", "all" if found == {"allow"} else "some", tuple(parts), told)


__all__ = [
    "MOST_ADDRESSES",
    "REWRITTEN",
    "at_node",
    "beside_services",
    "either_way",
    "host_ports",
    "is_same_end",
    "node_of",
    "node_port",
    "nodes_of",
]
