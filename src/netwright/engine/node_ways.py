"""Ways in from outside at the nodes themselves, past every Service: pods on their node's network, and hostPorts.

After core/v1 PodSpec (`hostNetwork`) and ContainerPort (`hostPort`, `hostIP`). A node hands on what arrives at a
hostPort; whether the pod's policies see the client then or the node in its place is the network plugin's choice, and a
node always reaches its own pods: what policies refuse to the client is open.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from netwright.base.ipset import is_address, parse_address
from netwright.base.spans import Origin
from netwright.engine.verdict import Outcome
from netwright.engine.ways_in import Exposure, Step, StepVerdict, chained, of_network
from netwright.model.cluster import Cluster, Workload
from netwright.model.references import LOOPBACK, Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer

Via = Literal["hostNetwork", "hostPort"]
Port = tuple[int, int, str, int]
"""A port that clients dial at the node: protocol, number, the node's address that has it ("" for all), and the pod's
own number."""


def opens_nodes(cluster: Cluster) -> bool:
    """Whether any pod is on its node's network or has a hostPort."""
    hosts = set(cluster.node_rows)
    on_nodes = any(row not in hosts for row in cluster.columns.host.nonzero()[0].tolist())
    return on_nodes or any(p.host_port for ports in set(cluster.row_ports) for p in ports)


def by_nodes(inquirer: Inquirer, source: Target, workloads: Collection[str] | None = None) -> Iterator[Exposure]:
    """The ways to these workloads, by reference (all of them if None)."""
    for workload in inquirer.cluster.workloads:
        if workload.kind == "node" or (workloads is not None and workload.ref not in workloads):
            continue
        for (via, port), rows in _ports(inquirer, workload).items():
            yield _way(inquirer, source, workload, via, port, rows)


def _ports(inquirer: Inquirer, workload: Workload) -> dict[tuple[Via, Port], list[int]]:
    """The ports that rows of a workload are reached at by their node."""
    found: dict[tuple[Via, Port], list[int]] = {}
    for row in workload.rows:
        is_on_node = bool(inquirer.network.columns.host[row])
        for p in inquirer.cluster.row_ports[row]:
            if p.of_init or not (is_on_node or p.host_port):
                continue
            if not is_on_node and is_address(p.host_ip) and LOOPBACK.contains(*parse_address(p.host_ip)):
                continue
            via: Via = "hostNetwork" if is_on_node else "hostPort"
            address = "" if is_on_node or p.host_ip in ("0.0.0.0", "::") else p.host_ip
            port = p.protocol, p.number if is_on_node else p.host_port, address, p.number
            found.setdefault((via, port), []).append(row)
    return found


def _way(inquirer: Inquirer, source: Target, workload: Workload, via: Via, port: Port, rows: list[int]) -> Exposure:
    protocol, number, address, own = port
    target = Target(workload.ref, rows=tuple(rows))
    client = of_network(inquirer, source)
    deliveries = inquirer.deliveries(target, protocol, str(own))[0]
    parts = [p for f in inquirer.network.families for p in inquirer.parts(client, target, deliveries, f, None)]
    entry = f"{_entry(inquirer, rows, address)}:{number}"
    thing = inquirer.cluster.row_objects[rows[0]]
    origin = Origin(kind=thing.kind, namespace=thing.namespace, name=thing.name, pointer=("spec",), place=thing.place)
    led = f"{workload.ref} listens on its node's network" if via == "hostNetwork" else f"leads to {workload.ref}:{own}"
    steps = [
        Step("note", f"{entry} is taken as reachable from outside (routing is not in the input)"),
        Step("allow", f"{via}: {led}", origin),
    ]
    told = f"ingress policy at {workload.ref}"
    if via == "hostPort" and parts and all(p.outcome.verdict == "deny" for p in parts):
        told += (
            " refuses outside clients; whether it sees them or the node in their place is the network plugin's choice"
        )
        parts = [msgspec.structs.replace(p, outcome=_by_its_node(p.outcome)) for p in parts]
    verdict: StepVerdict = "deny"
    if parts:
        last = inquirer.settle(parts)
        verdict = "some" if last.groups == "some" and last.verdict == "allow" else last.verdict
    steps.append(Step(verdict, told, None, "ambiguous" if via == "hostPort" else "depends"))
    ends = tuple(dict.fromkeys(end for p in parts for end in p.destinations)) or (workload.ref,)
    return Exposure(
        workload.ref,
        number,
        protocol,
        via,
        entry,
        ends,
        chained([s.verdict for s in steps]),
        tuple(steps),
        tuple(parts),
    )


def _by_its_node(found: Outcome) -> Outcome:
    """What becomes of a packet that may have the address of the pod's own node."""
    return Outcome(True, found.may_deny, "perhaps own node", found.egress, found.ingress)


def _entry(inquirer: Inquirer, rows: list[int], address: str) -> str:
    """Where clients enter: the node, where it is one that is known, else any that runs the pods."""
    columns = inquirer.network.columns
    nodes = {int(columns.node[row]) for row in rows}
    if address:
        return f"[{address}]" if ":" in address else address
    if len(nodes) == 1 and min(nodes) >= 0:
        return f"node/{columns.nodes[min(nodes)]}"
    return "its node"
