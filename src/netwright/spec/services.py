"""Services and what stands behind them, and which objects of an input are endpoints at all.

After core/v1 `Service`, discovery.k8s.io/v1 `EndpointSlice` and the concept pages "Service" and "EndpointSlices".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netwright.dialects.k8s.objects import CronJob, EndpointSlice, Node, Pod, Service, ServicePort, Workload
from netwright.model.document import Decoded
from netwright.spec.addresses import address
from netwright.spec.ends import end_of, pod_labels, pod_ports
from netwright.spec.labels import has_all, plain

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
SERVICE_NAME = "kubernetes.io/service-name"


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """Where one port of a Service leads: a pod (or its workload) or an address, and the port there.

    `protocol` is the IANA number; `service_port` and `port_name` are the Service's own ("" where it has no name);
    `node` is the name of the node that it runs on, "" where the input does not say.
    """

    target: Decoded | str
    protocol: int
    port: int
    service_port: int
    port_name: str
    node: str = ""


# --- endpoints --------------------------------------------------------------------------------------------------------


def is_endpoint(thing: Decoded) -> bool:
    """Whether the object by itself stands for something with an address, that packets come from and go to.

    Nodes do; pods that have not ended and are not being deleted; workloads of which a replica is wanted; CronJobs.
    """
    value = thing.value
    if isinstance(value, Pod):
        ended = value.status is not None and value.status.phase in ("Succeeded", "Failed")
        return not ended and not value.metadata.deletion_timestamp
    if isinstance(value, Workload):
        return value.spec is None or value.spec.replicas != 0
    return isinstance(value, (CronJob, Node))


def endpoints(objects: Sequence[Decoded]) -> tuple[Decoded, ...]:
    """The endpoints of the input, in its order: real pods stand for the workload that owns them, else its template.

    A workload with pods in the input, and one whose controller is in the input, is not an endpoint of its own. Pods
    that have ended stand for their workload too (a finished Job makes no more), but not for a CronJob: it runs again.
    """
    named = {(one.kind, one.namespace, one.name): one for one in objects if isinstance(one.value, (Workload, CronJob))}
    standing: set[int] = set()
    for one in objects:
        if isinstance(one.value, Pod):
            owners = _owners(named, one)
            standing |= {id(owner) for owner in owners if is_endpoint(one) or not isinstance(owner.value, CronJob)}
    return tuple(
        one
        for one in objects
        if is_endpoint(one) and id(one) not in standing and (isinstance(one.value, Pod) or not _owners(named, one))
    )


def _owners(named: Mapping[tuple[str, str, str], Decoded], thing: Decoded) -> list[Decoded]:
    """The object's controller, the controller's controller and so on, as far as they are in the input."""
    found: list[Decoded] = []
    last = thing
    while isinstance(last.value, (Pod, Workload)):
        references = [one for one in last.value.metadata.owner_references or () if one.controller]
        owner = named.get((references[0].kind, thing.namespace, references[0].name)) if references else None
        if owner is None or owner is thing or owner in found:
            break
        found.append(owner)
        last = owner
    return found


# --- backends ---------------------------------------------------------------------------------------------------------


def backends(
    objects: Sequence[Decoded], service: Decoded, *, port: int | str | None, protocol: str | None
) -> tuple[Backend, ...]:
    """Where the Service leads for this port (number or name) and protocol; None = every one of its own.

    Nothing for a port that the Service does not have, and for an ExternalName, which is a name in the DNS and no more.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or spec.type == "ExternalName":
        return ()
    found: list[Backend] = []
    for one in spec.ports or ():
        asked = port is None or (one.port == port if isinstance(port, int) else (one.name or "") == port)
        if asked and protocol in (None, one.protocol or "TCP"):
            # Without a selector somebody else writes the Service's EndpointSlices.
            leads = _selected(objects, service, one) if spec.selector else _sliced(objects, service, one)
            found.extend(_backend(target, one, number, node) for target, number, node in leads)
    return tuple(found)


def answering(
    objects: Sequence[Decoded], service: Decoded, client: Decoded | str, found: Sequence[Backend]
) -> tuple[tuple[Backend, ...], tuple[Backend, ...]]:
    """Which of the Service's backends a client in the cluster is led to: those it surely is, and those it perhaps is.

    `internalTrafficPolicy: Local` routes to the endpoints on the client's own node and, where it has none there, drops
    the traffic. (Page "Service Internal Traffic Policy".) A client outside, and a client of a headless Service, which
    dials the endpoints themselves, are led to all of them.
    """
    assert isinstance(service.value, Service)
    spec = service.value.spec
    if spec is None or spec.internal_traffic_policy != "Local" or spec.cluster_ip == "None" or isinstance(client, str):
        return tuple(found), ()
    node = end_of(objects, client).node
    beside = tuple(one for one in found if node and one.node == node)
    return beside, tuple(one for one in found if not node or not one.node)


def _backend(target: Decoded | str, port: ServicePort, number: int, node: str) -> Backend:
    return Backend(
        target=target,
        protocol=PROTOCOLS[port.protocol or "TCP"],
        port=number,
        service_port=port.port,
        port_name=port.name or "",
        node=node,
    )


Lead = tuple[Decoded | str, int, str]
"""What stands behind a Service's port, its number there, its node."""


def _selected(objects: Sequence[Decoded], service: Decoded, port: ServicePort) -> Iterator[Lead]:
    """The pods of the Service's namespace with the selector's labels, each with its number for the target port."""
    assert isinstance(service.value, Service)
    selector = service.value.spec.selector if service.value.spec else None
    for one in endpoints(objects):
        if isinstance(one.value, Node) or one.namespace != service.namespace:
            continue
        if has_all(pod_labels(one), selector):
            number = _target_number(one, port)
            if number is not None:
                yield one, number, end_of(objects, one).node


def _target_number(pod: Decoded, port: ServicePort) -> int | None:
    """The pod's number for the Service's port: as written, or that of the pod's first port of that name and protocol,
    or, where nothing is written, the Service's own. None where the pod has no port of that name.
    """
    if not isinstance(port.target_port, str) or not port.target_port:
        return port.target_port or port.port
    for one in pod_ports(pod):
        if one.name == port.target_port and (one.protocol or "TCP") == (port.protocol or "TCP"):
            return one.container_port
    return None


def _sliced(objects: Sequence[Decoded], service: Decoded, port: ServicePort) -> Iterator[Lead]:
    """The endpoints of the EndpointSlices that name the Service, whose port has the same name and protocol."""
    for one in objects:
        value = one.value
        if not isinstance(value, EndpointSlice) or one.namespace != service.namespace:
            continue
        if plain(value.metadata.labels).get(SERVICE_NAME) != service.name:
            continue
        for number in _slice_numbers(value, port):
            for entry in value.endpoints or ():
                if entry.conditions and entry.conditions.ready is False:
                    continue
                reference = entry.target_ref
                pod = None
                if reference and reference.kind == "Pod":
                    pod = _pod(objects, reference.namespace or one.namespace, reference.name or "")
                if pod is None:
                    listed = [text for text in entry.addresses or () if address(text) is not None]
                    yield from ((text, number, entry.node_name or "") for text in listed)
                elif is_endpoint(pod):
                    yield pod, number, entry.node_name or end_of(objects, pod).node


def _slice_numbers(slice_: EndpointSlice, port: ServicePort) -> list[int]:
    return [
        one.port
        for one in slice_.ports or ()
        if (one.name or "") == (port.name or "") and (one.protocol or "TCP") == (port.protocol or "TCP") and one.port
    ]


def _pod(objects: Sequence[Decoded], namespace: str, name: str) -> Decoded | None:
    for one in objects:
        if isinstance(one.value, Pod) and (one.namespace, one.name) == (namespace, name):
            return one
    return None
