"""Pods, templates and nodes to endpoints.

A workload's template stands for its pods unless the input holds the pods themselves (a dump): these then fold under
their owner. Terminated pods and workloads with no replicas have no endpoint. Labels that controllers give to pods are
there where selectors name them; where these are a StatefulSet's names and numbers, each of its pods is an endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Protocol

import numpy as np
from msgspec.structs import replace

from netwright.base.ipset import EVERYWHERE, NOT_UNICAST, Family, IpSet, parse_address
from netwright.base.services import PROTOCOLS
from netwright.dialects.k8s.generated import (
    BY_ORDINAL,
    GENERATED,
    MOST_ORDINALS,
    POD_INDEX,
    POD_NAME,
    generated_labels,
    mentioned,
    ordinals,
)
from netwright.dialects.k8s.objects import ContainerPort, CronJob, Meta, Node, Pod, PodMaker, PodSpec, PodTemplate
from netwright.dialects.k8s.objects import Workload as WorkloadObject
from netwright.dialects.k8s.reading import PLAIN, Reading
from netwright.model.cluster import ContainerPortNoun, Workload, WorkloadKind
from netwright.model.columns import Columns, PortMap
from netwright.model.document import Decoded, of_kinds

SHORT: dict[str, WorkloadKind] = {
    "Pod": "pod",
    "Deployment": "deploy",
    "StatefulSet": "sts",
    "DaemonSet": "ds",
    "ReplicaSet": "rs",
    "ReplicationController": "rc",
    "Job": "job",
    "CronJob": "cronjob",
    "Node": "node",
    "VirtualMachine": "vm",
    "VirtualMachineInstance": "vm",
    "VirtualMachineInstanceReplicaSet": "vmirs",
    "VirtualMachinePool": "vmpool",
}
"""Kinds of workloads, and of nodes, by their kind. A machine and its instance have one name and are one workload."""
MACHINE, INSTANCE = "VirtualMachine", "VirtualMachineInstance"
_APPS, _KUBEVIRT = ("apps", "extensions"), ("kubevirt.io",)
_MAKERS: dict[str, dict[str, tuple[str, ...]]] = {
    "Pod": {
        "Deployment": _APPS,  # its own are ReplicaSets'; an extract of a cluster may leave these out
        "ReplicaSet": _APPS,
        "StatefulSet": _APPS,
        "DaemonSet": _APPS,
        "ReplicationController": ("",),
        "Job": ("batch",),
        INSTANCE: _KUBEVIRT,
    },
    "ReplicaSet": {"Deployment": _APPS},
    "Job": {"CronJob": ("batch",)},
    INSTANCE: {MACHINE: _KUBEVIRT, "VirtualMachineInstanceReplicaSet": _KUBEVIRT},
    MACHINE: {"VirtualMachinePool": ("pool.kubevirt.io",)},
}
"""The kinds whose controllers make objects of a kind, with their API groups: no way leads round in a circle."""
_GO_ON: frozenset[WorkloadKind] = frozenset(("cronjob", "vm", "vmirs", "vmpool"))
"""Workloads that make a pod again when one has ended."""
NAMESPACE_NAME = "kubernetes.io/metadata.name"
ACCOUNT = ":sa"
"""The service account of a pod as a label of its own: the attribute `sa`."""
ON_NODE = "on-node:"
"""The node that an endpoint is on, where something acts on nodes or on endpoints there."""
NODE = "node:"
"""Before the labels of its node an attribute of a host endpoint; alone, the node's name, where its Node is known."""


OfMesh = Callable[[Decoded, Meta, PodSpec], tuple[tuple[str, str], ...]]
"""What a mesh makes of a pod or template, as labels of its own: their keys begin with `:`."""


class OnNetwork(Protocol):
    """What an endpoint on a primary network of its own is told: labels as a mesh's, and the addresses that it has
    there, or may have (None: any that a pod may have)."""

    @property
    def labels(self) -> tuple[tuple[str, str], ...]: ...

    @property
    def addresses(self) -> IpSet | None: ...


OfNetworks = Callable[[Decoded, Meta, str], OnNetwork | None]
"""What an object's pods in a namespace are told of a primary network of their own; None: they have the default one."""
OfMachines = Callable[[Decoded], tuple[tuple[str, str], ...]]
"""What of a machine is lost on the way to its guest, in the same way."""


def template_of(decoded: Decoded) -> PodTemplate | None:
    """The pod template of a workload kind; None for other kinds."""
    value = decoded.value
    if isinstance(value, WorkloadObject):
        return value.spec.template if value.spec else None
    if isinstance(value, CronJob):
        job = value.spec.job_template if value.spec else None
        return job.spec.template if job and job.spec else None
    if isinstance(value, PodMaker):
        return value.pod_template(decoded.name)
    return None


def is_terminated(pod: Pod) -> bool:
    """Whether the pod has ended or is being deleted: it is no endpoint any more."""
    ended = pod.status is not None and pod.status.phase in ("Succeeded", "Failed")
    return ended or pod.metadata.deletion_timestamp is not None


def container_ports(spec: PodSpec | None) -> tuple[ContainerPortNoun, ...]:
    """The ports of all containers, then those of init containers."""
    if spec is None:
        return ()
    ports = _declared(tuple([container.ports for container in spec.containers or () if container.ports]))
    for container in spec.init_containers or ():
        if container.ports:
            ports += _declared((container.ports,), of_init=not container.is_sidecar)
    return ports


@lru_cache(maxsize=1 << 14)
def _declared(
    of_containers: tuple[tuple[ContainerPort, ...], ...], *, of_init: bool = False
) -> tuple[ContainerPortNoun, ...]:
    """One object for pods that declare the same ports: they are many."""
    return tuple(
        ContainerPortNoun(
            protocol=PROTOCOLS.get(port.protocol or "TCP", 6),
            number=port.container_port,
            name=port.name or "",
            host_port=port.host_port or 0,
            host_ip=port.host_ip or "" if port.host_port else "",
            of_init=of_init,
        )
        for ports in of_containers
        for port in ports
    )


@lru_cache(maxsize=1 << 14)
def _port_map(ports: tuple[ContainerPortNoun, ...]) -> PortMap:
    return tuple(sorted({(p.name, p.protocol, p.number) for p in ports if p.name}))


def _pod_cidrs(node: Node) -> tuple[str, ...]:
    """The ranges that a Node gives its pods."""
    spec = node.spec
    return (*(spec.pod_cidrs or ()), *((spec.pod_cidr,) if spec.pod_cidr else ())) if spec else ()


def _addresses(pod: Pod) -> list[str]:
    """The addresses that a pod says it has."""
    status = pod.status
    texts = [one.ip for one in status.pod_ips or () if one.ip] if status else []
    return [*texts, status.pod_ip] if status and status.pod_ip and status.pod_ip not in texts else texts


class EndpointBuilder:
    """Collects rows; `columns()` makes arrays of them. `pod_cidrs` are the user's pod ranges.

    `pod_keys` are labels that policies of other kinds select pods by, `node_keys` those that they select nodes by
    (None: nothing selects nodes, and what a node is called is no attribute of its endpoints). `of_mesh` says how pods
    are in a mesh, `of_machines` what machines run in them, `of_networks` what they are told of a primary network of
    their own.
    """

    def __init__(
        self,
        objects: Sequence[Decoded],
        pod_cidrs: IpSet,
        service_addresses: IpSet,
        pod_keys: frozenset[str] = frozenset(),
        node_keys: frozenset[str] | None = None,
        reading: Reading = PLAIN,
        of_mesh: OfMesh | None = None,
        of_machines: OfMachines | None = None,
        of_networks: OfNetworks | None = None,
    ) -> None:
        self.objects = objects
        self._of_mesh = of_mesh
        self._of_machines = of_machines
        self._of_networks = of_networks
        self.mentioned = mentioned(objects) | (GENERATED & pod_keys)
        self._node_keys = node_keys
        self._reading = reading
        asked = (node_keys, reading.labels, of_mesh, of_machines, of_networks)
        self._has_own = any(one is not None for one in asked)
        self.not_counted: list[str] = []
        """StatefulSets of which one endpoint would have to stand for each pod, and that have too many."""
        self.row_objects: list[Decoded] = []
        self.row_ports: list[tuple[ContainerPortNoun, ...]] = []
        self.names: list[str] = []
        self._rows: list[tuple[Any, ...]] = []
        self._labels: dict[tuple[str, str], int] = {}
        self._label_ids: list[int] = []
        self._offsets: list[int] = [0]
        self._port_maps: dict[PortMap, int] = {(): 0}
        self._sets: dict[IpSet, int] = {}
        self._namespaces: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._members: dict[tuple[WorkloadKind, str, str], list[int]] = {}
        nodes = of_kinds(objects, "Node")
        self._node_labels = {d.name: d.value.metadata.labels or {} for d in nodes}
        self._node_addresses = {d.name: node_addresses(d.value) for d in nodes}
        self._of_nodes = IpSet()
        for addresses in self._node_addresses.values():
            self._of_nodes |= addresses
        by_node = {d.name: _pod_cidrs(d.value) for d in nodes}
        self.pod_ranges = pod_cidrs | IpSet.of(*(text for texts in by_node.values() for text in texts))
        unicast = EVERYWHERE - NOT_UNICAST - service_addresses
        other, held = unicast - self._of_nodes, self.pod_ranges or EVERYWHERE
        beyond = frozenset[Family]() if pod_cidrs else self._beyond(by_node)
        self.has_all_ranges = not beyond
        """Whether pods have addresses of the ranges only: those given are all, those of Nodes where nothing says that
        there are more."""
        self.any_pod = IpSet(other.v4 if 4 in beyond else held.v4, other.v6 if 6 in beyond else held.v6)
        self._any_node = unicast - self.pod_ranges
        self._build(nodes)

    @cached_property
    def by_key(self) -> dict[tuple[str, str, str], Decoded]:
        """The objects by kind, namespace and name: who controls another is looked up here."""
        return {(d.kind, d.namespace, d.name): d for d in self.objects}

    def _beyond(self, by_node: Mapping[str, Sequence[str]]) -> frozenset[Family]:
        """The families in which pods may have addresses beyond the ranges of the Nodes, as far as the input shows: a
        Node has no ranges, a pod runs on a node that is missing, or has an address outside of them."""
        ranges = self.pod_ranges
        if not ranges:
            return frozenset((4, 6))
        is_part = not all(by_node.values())
        found: set[Family] = set()
        for node, texts in self._placed():
            is_part = is_part or (node != "" and node not in by_node)
            for family, address in map(parse_address, texts):
                if not ranges.contains(family, address):
                    found.add(family)
        return frozenset(found.union(f for f in (4, 6) if ranges.family(f))) if is_part else frozenset(found)

    def _placed(self) -> Iterator[tuple[str, Sequence[str]]]:
        """The nodes that pods run on, "" where that is not said, and the addresses that they have of their own: an
        EndpointSlice has those of its pods, which are their node's where they are on its network."""
        for d in of_kinds(self.objects, *SHORT):
            pod = d.value
            if isinstance(pod, Pod):
                spec = pod.spec or PodSpec()
                yield spec.node_name or "", () if spec.host_network else _addresses(pod)
            elif isinstance(pod, (WorkloadObject, CronJob)) and (template := template_of(d)) is not None:
                yield (template.spec.node_name or "" if template.spec else ""), ()
        of_nodes = self._of_nodes
        for d in of_kinds(self.objects, "EndpointSlice"):
            is_named = d.value.address_type == "FQDN"
            for entry in d.value.endpoints or ():
                if entry.target_ref is not None and entry.target_ref.kind == "Pod":
                    texts = () if is_named else entry.addresses or ()
                    yield entry.node_name or "", [text for text in texts if not of_nodes.contains(*parse_address(text))]

    # --- rows --------------------

    def _build(self, nodes: Sequence[Decoded]) -> None:
        for d in of_kinds(self.objects, "Namespace"):
            self._namespace(d.name)
        owners = {d: self._top(d) for d in of_kinds(self.objects, "Pod")}
        # a workload whose pods have all ended has none; a CronJob will run again, and a machine says so itself
        stands = {o for d in owners for o in self._chain(d) if o[0] not in _GO_ON or not is_terminated(d.value)}
        running = self._running()
        for d in of_kinds(self.objects, *SHORT):
            if isinstance(d.value, Pod):
                if not is_terminated(d.value):
                    self._pod(d, owners[d])
            elif isinstance(d.value, (WorkloadObject, CronJob)):
                key = (SHORT[d.kind], d.namespace, d.name)
                if key not in stands and not self._is_owned(d) and _wanted(d):
                    self._template(d, key)
            elif isinstance(d.value, PodMaker):
                key = (SHORT[d.kind], d.namespace, d.name)
                if key not in stands and (d.kind, *key[1:]) not in running and d.value.pod_count():
                    self._template(d, self._top(d))
        for d in nodes:
            addresses = self._node_addresses[d.name]
            self._row(d, ("node", "", d.name), Meta(), None, "", True, d.name, addresses or self._any_node, True, 1)

    def _chain(self, pod: Decoded) -> list[tuple[WorkloadKind, str, str]]:
        """All workloads above a pod that are in the input, and the one it belongs to."""
        out = [self._top(pod)]
        at: Decoded | None = pod
        while at is not None and (owner := maker_of(at)) is not None:
            out.append((SHORT[owner[0]], pod.namespace, owner[1]))
            at = self.by_key.get((owner[0], pod.namespace, owner[1]))
        return out

    def _running(self) -> frozenset[tuple[str, str, str]]:
        """Who has no endpoint by itself, for a running instance, or the machines of a pool, stand for it."""
        found: set[tuple[str, str, str]] = set()
        for d in of_kinds(self.objects, MACHINE, INSTANCE):
            if d.kind == MACHINE or d.value.pod_count():
                owner = maker_of(d)
                if owner is not None:
                    found.add((owner[0], d.namespace, owner[1]))
                if d.kind == INSTANCE:
                    found.add((MACHINE, d.namespace, d.name))
        return frozenset(found)

    def _top(self, pod: Decoded) -> tuple[WorkloadKind, str, str]:
        """The workload a pod, or an instance of a machine, belongs to: its topmost controller that is known, else it
        is one itself. A machine is one, whoever made it."""
        kind, name, at = pod.kind, pod.name, pod
        while kind != MACHINE and (owner := maker_of(at)) is not None:
            kind, name = owner
            parent = self.by_key.get((kind, pod.namespace, name))
            if parent is None:
                if kind == "ReplicaSet":
                    template_hash = (pod.value.metadata.labels or {}).get("pod-template-hash")
                    if template_hash and name.endswith("-" + template_hash):
                        kind, name = "Deployment", name[: -len(template_hash) - 1]
                break
            at = parent
        return SHORT[kind], pod.namespace, name

    def _is_owned(self, d: Decoded) -> bool:
        """A ReplicaSet of a Deployment, or a Job of a CronJob, in one input: the owner's template stands for it. A
        suspended CronJob starts no jobs; those that it has started go on. What else owns a workload makes no other
        pods in its place: it counts by itself."""
        owner = maker_of(d)
        found = self.by_key.get((owner[0], d.namespace, owner[1])) if owner is not None else None
        return found is not None and (not isinstance(found.value, CronJob) or _wanted(found))

    def _pod(self, d: Decoded, owner: tuple[WorkloadKind, str, str]) -> None:
        pod: Pod = d.value
        spec = pod.spec or PodSpec()
        host = bool(spec.host_network)
        node = spec.node_name or ""
        known = IpSet.of(*_addresses(pod))
        if not known and host:
            known = self._node_addresses.get(node, IpSet()) or self._any_node
        self._row(d, owner, pod.metadata, spec, d.namespace, host, node, known or self.any_pod, True, 1)

    def _template(self, d: Decoded, key: tuple[WorkloadKind, str, str]) -> None:
        template = template_of(d) or PodTemplate()
        spec = template.spec or PodSpec()
        host = bool(spec.host_network)
        node = spec.node_name or ""
        possible = (self._node_addresses.get(node, IpSet()) or self._any_node) if host else self.any_pod
        replicas = d.value.pod_count() if isinstance(d.value, PodMaker) else 1
        if isinstance(d.value, WorkloadObject) and d.value.spec and d.value.spec.replicas is not None:
            replicas = d.value.spec.replicas
        meta = template.metadata or Meta()
        given: dict[str, str] = {}
        if self.mentioned:
            given = {key: value for key, value in generated_labels(d).items() if key in self.mentioned}
        if not BY_ORDINAL.isdisjoint(given):
            if replicas <= MOST_ORDINALS:
                for number in ordinals(d):
                    name = f"{d.name}-{number}"
                    own = {POD_NAME: name, POD_INDEX: str(number)}
                    named = _labelled(meta, {key: own.get(key, value) for key, value in given.items()})
                    self._row(d, key, named, spec, d.namespace, host, node, possible, True, 1, name)
                return
            self.not_counted.append(f"{d.namespace}/{d.name}")
        self._row(d, key, _labelled(meta, given), spec, d.namespace, host, node, possible, False, replicas)

    def _row(
        self,
        d: Decoded,
        owner: tuple[WorkloadKind, str, str],
        meta: Meta,
        spec: PodSpec | None,
        namespace: str,
        host: bool,
        node: str,
        addresses: IpSet,
        single: bool,
        replicas: int,
        name: str = "",
    ) -> None:
        ports = container_ports(spec)
        port_map = self._named(ports, spec) if ports and not host else ()
        ids, label_ids = self._labels, self._label_ids
        if self._has_own:
            of_pod = spec if not host else None
            label_ids += [ids.setdefault(one, len(ids)) for one in self._own(d, meta, of_pod, host, node)]
            if self._of_networks is not None and of_pod is not None:
                standing = self._of_networks(d, meta, namespace)
                if standing is not None:
                    label_ids += [ids.setdefault(one, len(ids)) for one in standing.labels]
                    addresses = self.any_pod if standing.addresses is None else standing.addresses
        if meta.labels:
            for label in sorted(meta.labels.items()):
                label_ids.append(ids.setdefault(label if label[1] else (label[0], ""), len(ids)))  # type: ignore[arg-type]
        self._offsets.append(len(label_ids))
        one = addresses is not self.any_pod and addresses.count() == bool(addresses.v4) + bool(addresses.v6)
        row = len(self._rows)
        self._members.setdefault(owner, []).append(row)
        self._rows.append(
            (
                self._namespace(namespace),
                self._port_maps.setdefault(port_map, len(self._port_maps)),
                addresses.v4[0][0] if one and addresses.v4 else -1,
                addresses.v6[0][0] if one and addresses.v6 else -1,
                -1 if one else self._sets.setdefault(addresses, len(self._sets)),
                host,
                self._nodes.setdefault(node, len(self._nodes)) if node else -1,
                replicas,
                single,
            )
        )
        self.row_objects.append(d)
        self.row_ports.append(ports)
        self.names.append(name or d.name)

    def _own(self, d: Decoded, meta: Meta, of_pod: PodSpec | None, host: bool, node: str) -> Iterator[tuple[str, str]]:
        """What policies tell endpoints apart by besides labels of pods; `of_pod` is None of what is a node to them."""
        keys = self._node_keys
        if keys is not None and node:
            yield ON_NODE, node
            if host and node in self._node_labels:
                yield NODE, node
                labels = sorted(self._node_labels[node].items())
                yield from ((NODE + key, value or "") for key, value in labels if key in keys)
        if of_pod is not None:
            if self._reading.labels is not None:
                yield ACCOUNT, of_pod.service_account_name or "default"
            if self._of_mesh is not None:
                yield from self._of_mesh(d, meta, of_pod)
        if self._of_machines is not None:
            yield from self._of_machines(d)

    def _named(self, ports: tuple[ContainerPortNoun, ...], spec: PodSpec | None) -> PortMap:
        """The named ports of a pod as policies know them."""
        if not self._reading.one_port_a_name or spec is None:
            return _port_map(ports)
        ports = container_ports(replace(spec, init_containers=None))
        return _port_map(tuple({p.name: p for p in ports if p.name}.values()))

    def _namespace(self, name: str) -> int:
        return self._namespaces.setdefault(name, len(self._namespaces))

    # --- the result --------------------

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        out = []
        for (kind, namespace, name), rows in self._members.items():
            first = self.row_objects[rows[0]]
            out.append(
                Workload(
                    kind=kind,
                    namespace=namespace,
                    name=name,
                    rows=tuple(rows),
                    place=first.place,
                    object_kind=first.kind,
                )
            )
        return tuple(out)

    def columns(self) -> Columns:
        n = len(self._rows)
        of_row = np.zeros(n, dtype=np.int32)
        for number, rows in enumerate(self._members.values()):
            of_row[rows] = number
        cells: list[tuple[Any, ...]] = list(zip(*self._rows, strict=True)) if n else [()] * 9
        labels_of = {d.name: d.value.metadata.labels or {} for d in of_kinds(self.objects, "Namespace")}
        return Columns(
            namespace=np.array(cells[0], dtype=np.int32),
            label_offsets=np.array(self._offsets, dtype=np.int64),
            label_ids=np.array(self._label_ids, dtype=np.int32),
            port_map=np.array(cells[1], dtype=np.int32),
            has_v4=np.array([v >= 0 for v in cells[2]], dtype=np.bool_),
            v4=np.array([v if v >= 0 else 0 for v in cells[2]], dtype=np.uint32),
            has_v6=np.array([v >= 0 for v in cells[3]], dtype=np.bool_),
            v6=np.array([v.to_bytes(16, "big") if v >= 0 else b"" for v in cells[3]], dtype="S16"),
            address_set=np.array(cells[4], dtype=np.int32),
            host=np.array(cells[5], dtype=np.bool_),
            node=np.array(cells[6], dtype=np.int32),
            workload=of_row,
            replicas=np.array(cells[7], dtype=np.int32),
            single=np.array(cells[8], dtype=np.bool_),
            # the key of a label has no colon
            labels=tuple([(key.removeprefix(":") if ":" in key else "k8s:" + key, v) for key, v in self._labels]),
            port_maps=tuple(self._port_maps),
            address_sets=tuple(self._sets),
            namespaces=tuple(self._namespaces),
            namespace_labels=tuple(
                {**{k: v or "" for k, v in labels_of.get(ns, {}).items()}, **({NAMESPACE_NAME: ns} if ns else {})}
                for ns in self._namespaces
            ),
            nodes=tuple(self._nodes),
            workloads=tuple([w.ref for w in self.workloads]),
            names=tuple(self.names),
            unlabelled=frozenset(self._namespaces.keys() - labels_of.keys() - {""}),
        )


def maker_of(d: Decoded) -> tuple[str, str] | None:
    """The kind and name of the object's controller, in its namespace, where that kind makes such objects; None where it
    has none, or is controlled by what makes others. A reference without `apiVersion`, which the API server refuses, is
    taken for one of the group that fits."""
    makers = _MAKERS.get(d.kind)
    if makers is None:
        return None
    for owner in d.value.metadata.owner_references or ():
        if owner.controller:
            groups = makers.get(owner.kind, ())
            fits = groups if not owner.api_version else owner.api_version.rpartition("/")[0] in groups
            return (owner.kind, owner.name) if fits else None
    return None


def _labelled(meta: Meta, more: dict[str, str]) -> Meta:
    return replace(meta, labels={**(meta.labels or {}), **more}) if more else meta


def _wanted(d: Decoded) -> bool:
    """Whether the workload has pods at all: not scaled to zero, suspended or done."""
    value = d.value
    if isinstance(value, CronJob):
        return value.spec is None or not value.spec.suspend
    if not isinstance(value, WorkloadObject) or value.spec is None:
        return True
    if d.kind == "Job":
        ended = value.status is not None and any(
            one.type in ("Complete", "Failed") and one.status == "True" for one in value.status.conditions or ()
        )
        return not (ended or value.spec.suspend or value.spec.parallelism == 0)
    return value.spec.replicas != 0


def node_addresses(node: Node) -> IpSet:
    """The internal and external addresses in a Node's status."""
    found = IpSet()
    for address in (node.status.addresses or ()) if node.status else ():
        if address.type in ("InternalIP", "ExternalIP"):
            try:
                parse_address(address.address)
            except ValueError:
                continue
            found |= IpSet.of(address.address)
    return found
