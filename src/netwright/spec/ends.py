"""The ends of a packet, read from the objects: pods, what stands for pods, nodes, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from netwright.dialects.k8s.objects import (
    ContainerPort,
    CronJob,
    LabelSelector,
    Meta,
    Namespace,
    Node,
    Pod,
    PodSpec,
    Workload,
)
from netwright.model.document import Decoded
from netwright.spec import machines
from netwright.spec.addresses import Address, Match, address, node_addresses
from netwright.spec.controllers import Known, Replica, added_labels
from netwright.spec.labels import matches, may_match, plain


class End(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a packet as NetworkPolicy sees it.

    `kind` "pod" is a pod with a network of its own, "host" a node or a hostNetwork pod, "address" an address that is
    neither. `node` is the node's name, "" where it is not known; `known` the known addresses, of both families. A label
    whose value is None is there with a value that is not known. `ranges` are those of its network where that is not the
    default one, none where they are not known.
    """

    kind: Literal["pod", "host", "address"]
    known: tuple[Address, ...] = ()
    namespace: str = ""
    labels: Known = {}
    ports: tuple[ContainerPort, ...] = ()
    node: str = ""
    ranges: tuple[str, ...] | None = None


def template(thing: Decoded) -> tuple[Meta, PodSpec]:
    """The metadata and the spec of a Pod, or of the pods that a workload's template makes."""
    value = thing.value
    if isinstance(value, Pod):
        return value.metadata, value.spec or PodSpec()
    if isinstance(value, machines.MACHINES):
        return machines.launcher(thing)
    if isinstance(value, CronJob):
        job = value.spec.job_template if value.spec else None
        spec = job.spec if job else None
    elif isinstance(value, Workload):
        spec = value.spec
    else:
        raise TypeError(f"a {thing.kind} has no pods")
    made = spec.template if spec else None
    return (made.metadata if made else None) or Meta(), (made.spec if made else None) or PodSpec()


def pod_labels(thing: Decoded) -> Known:
    added: Known = {}
    if isinstance(thing.value, Replica):
        added = dict.fromkeys(thing.value.unknown)
    elif not isinstance(thing.value, Pod):
        added = added_labels(thing)
    return {**plain(template(thing)[0].labels), **added}


def pod_ports(thing: Decoded) -> tuple[ContainerPort, ...]:
    """The declared ports of the containers, then those of the init containers (sidecars among them)."""
    spec = template(thing)[1]
    return serving_ports(thing) + tuple(
        port for one in spec.init_containers or () if not one.is_sidecar for port in one.ports or ()
    )


def serving_ports(thing: Decoded) -> tuple[ContainerPort, ...]:
    """Those of the containers and sidecars, which are there when the pod is ready."""
    spec = template(thing)[1]
    containers = (*(spec.containers or ()), *(one for one in spec.init_containers or () if one.is_sidecar))
    return tuple(port for container in containers for port in container.ports or ())


def end_of(objects: Sequence[Decoded], thing: Decoded | str) -> End:
    """The end that the object or the address is. Raises ValueError for a text that is no address."""
    if isinstance(thing, str):
        found = address(thing)
        if found is None:
            raise ValueError(f"`{thing}` is not an address")
        return End(kind="address", known=(found,))
    if isinstance(thing.value, Node):
        return End(kind="host", known=tuple(node_addresses([thing])), node=thing.name)
    spec = template(thing)[1]
    node = spec.node_name or ""
    known = pod_addresses(thing)
    if spec.host_network:
        return End(kind="host", known=known or tuple(node_addresses(objects, node) if node else ()), node=node)
    return End(
        kind="pod",
        known=known,
        namespace=thing.namespace,
        labels=pod_labels(thing),
        ports=pod_ports(thing),
        node=node,
    )


def pod_addresses(thing: Decoded) -> tuple[Address, ...]:
    """The addresses in a Pod's status; none for what has no status."""
    status = thing.value.status if isinstance(thing.value, Pod) else None
    if status is None:
        return ()
    texts = [one.ip for one in status.pod_ips or ()] + [status.pod_ip]
    return tuple(dict.fromkeys(found for text in texts if (found := address(text)) is not None))


@lru_cache(maxsize=4096)
def is_read(objects: tuple[Decoded, ...], name: str) -> bool:
    """Whether the namespace's object, and with it its labels, are among the objects."""
    return any(isinstance(one.value, Namespace) and one.name == name for one in objects)


def namespace_labels(objects: Sequence[Decoded], name: str) -> dict[str, str]:
    """The labels of a namespace. It needs no object, and its name is a label of it whether or not it is written."""
    return _namespace_labels(tuple(objects), name)


@lru_cache(maxsize=4096)
def _namespace_labels(objects: tuple[Decoded, ...], name: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    for one in objects:
        if isinstance(one.value, Namespace) and one.name == name:
            labels = plain(one.value.metadata.labels)
    return {**labels, "kubernetes.io/metadata.name": name}


def namespace_matches(objects: Sequence[Decoded], selector: LabelSelector | None, name: str) -> Match:
    """Whether the selector matches the namespace; what it asks of labels that are not read is open."""
    labels = namespace_labels(objects, name)
    if is_read(tuple(objects), name):
        return "yes" if matches(selector, labels) else "no"
    surely, perhaps = may_match(selector, labels)
    return "yes" if surely else "perhaps" if perhaps else "no"
