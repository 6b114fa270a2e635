"""Ports of nodes that lead on: the NodePorts of Services, and the hostPorts of pods.

After core/v1 `ServicePort` (nodePort), `ServiceSpec` (externalTrafficPolicy) and `ContainerPort` (hostPort).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netwright.dialects.k8s.objects import Node, Service
from netwright.model.document import Decoded
from netwright.spec.addresses import address, node_addresses
from netwright.spec.ends import end_of, serving_ports
from netwright.spec.services import PROTOCOLS, Backend, backends, endpoints, is_headless


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a port of a node leads to: surely `near`, and perhaps `others`. `service` is the Service whose NodePort it
    is, `masked` whether the node puts its own address in the client's place."""

    service: Decoded | None = None
    service_port: int = 0
    near: tuple[Backend, ...] = ()
    others: tuple[Backend, ...] = ()
    masked: bool = False


def is_taken(objects: Sequence[Decoded], *, port: int, protocol: str) -> bool:
    """Whether this port of some node, or of every one, leads on."""
    return _service(objects, port, protocol) is not None or bool(_pods(objects, port, protocol))


def taken(
    objects: Sequence[Decoded], node: Decoded, client: Decoded | str, *, port: int, protocol: str
) -> Taken | None:
    """What takes packets of the client to this port of the Node; None where the node keeps them."""
    assert isinstance(node.value, Node)
    found = _service(objects, port, protocol)
    if found is None:
        pods = [one for one, at in _pods(objects, port, protocol) if _has(objects, node, at)]
        near = tuple(one for one in pods if one.node == node.name)
        others = tuple(one for one in pods if not one.node)
        return Taken(near=near, others=() if near else others) if near or others else None
    service, number = found
    leads = backends(objects, service, port=number, protocol=protocol)
    if service.value.spec.external_traffic_policy != "Local":
        return Taken(service=service, service_port=number, near=leads, masked=True)
    near = tuple(one for one in leads if one.node == node.name)
    far = tuple(one for one in leads if one.node != node.name)
    if isinstance(client, str):  # clients in the cluster may be led to any, others to what is on the node
        far = tuple(one for one in far if not one.node)
    return Taken(service=service, service_port=number, near=near, others=far)


def _service(objects: Sequence[Decoded], port: int, protocol: str) -> tuple[Decoded, int] | None:
    """The Service whose NodePort it is, and the Service's own port."""
    for one in objects:
        spec = one.value.spec if isinstance(one.value, Service) else None
        if spec is None or spec.type not in ("NodePort", "LoadBalancer") or is_headless(one):
            continue
        for listed in spec.ports or ():
            if (listed.node_port, listed.protocol or "TCP") == (port, protocol):
                return one, listed.port
    return None


def _has(objects: Sequence[Decoded], node: Decoded, at: str) -> bool:
    """Whether the hostIP is an address of the Node, or of any."""
    if at in ("", "0.0.0.0", "::"):
        return True
    found, known = address(at), node_addresses(objects, node.name)
    return found is not None and (found in known if known else not found.is_loopback)


def _pods(objects: Sequence[Decoded], port: int, protocol: str) -> list[tuple[Backend, str]]:
    """Pods with a network of their own of which a container has this hostPort, each with the address of the node that
    has it (hostIP)."""
    out: list[tuple[Backend, str]] = []
    for one in endpoints(objects):
        if isinstance(one.value, Node) or end_of(objects, one).kind != "pod":
            continue
        for listed in serving_ports(one):
            if (listed.host_port, listed.protocol or "TCP") == (port, protocol):
                node = end_of(objects, one).node
                number = listed.container_port
                lead = Backend(
                    target=one, protocol=PROTOCOLS[protocol], port=number, service_port=0, port_name="", node=node
                )
                out.append((lead, listed.host_ip or ""))
    return out
