"""The twin's cluster: workloads, their endpoints as columns, services, nodes, and what enforces policy between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import msgspec

from netwright.base.ipset import EVERYWHERE, Family, IpSet
from netwright.base.spans import Origin, Place
from netwright.model.columns import Columns
from netwright.model.document import Decoded, UnknownPolicy
from netwright.model.isolation import Isolation
from netwright.model.networks import POD
from netwright.model.rule import Enforcer

WorkloadKind = Literal["pod", "deploy", "sts", "ds", "rs", "rc", "job", "cronjob", "vm", "vmirs", "vmpool", "node"]

OBJECT_KIND = {
    "pod": "Pod",
    "deploy": "Deployment",
    "sts": "StatefulSet",
    "ds": "DaemonSet",
    "rs": "ReplicaSet",
    "rc": "ReplicationController",
    "job": "Job",
    "cronjob": "CronJob",
    "vm": "VirtualMachine",
    "vmirs": "VirtualMachineInstanceReplicaSet",
    "vmpool": "VirtualMachinePool",
}
"""The Kubernetes kind of a workload's own object, by the short kind of its references."""


class Workload(msgspec.Struct, frozen=True, kw_only=True):
    """What a person deploys. `rows` are its endpoints: one for a template, one a pod for a dump, one for a node."""

    kind: WorkloadKind
    namespace: str
    name: str
    rows: tuple[int, ...]
    place: Place | None = None
    object_kind: str = ""

    @property
    def ref(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


class ContainerPortNoun(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A port that a container of the workload says it serves."""

    protocol: int
    number: int
    name: str = ""
    host_port: int = 0
    host_ip: str = ""
    """The address of the node that has the hostPort, "" for every one."""
    of_init: bool = False
    """Whether its container ends before the others begin: policies know its name, and no Service leads to it."""


class Backend(msgspec.Struct, frozen=True, kw_only=True):
    """Where a service port leads: an endpoint (`row`), or an address of an EndpointSlice; `node` is the node it runs
    on, "" where that is not known."""

    row: int = -1
    address: str = ""
    protocol: int
    port: int
    node: str = ""
    families: tuple[Family, ...] = ()
    """The address families that it is reached over; empty: every one that it has."""


class ServicePortNoun(msgspec.Struct, frozen=True, kw_only=True):
    """One port of a Service. Without backends `nowhere` says why; `open` is the kind of that reason where it is not
    known whether there are any, "" where there are surely none."""

    name: str
    protocol: int
    port: int
    target: str
    node_port: int
    backends: tuple[Backend, ...]
    nowhere: str = ""
    open: Literal["", "unknown", "ambiguous"] = ""
    more: str = ""
    """Why there may be further backends, "" where these are all."""


class ServiceNoun(msgspec.Struct, frozen=True, kw_only=True):
    """A Kubernetes Service and where each of its ports leads after translation."""

    namespace: str
    name: str
    type: str
    headless: bool
    external_name: str
    cluster_ips: tuple[str, ...]
    external_ips: tuple[str, ...]
    load_balancer: tuple[str, ...]
    source_ranges: tuple[str, ...]
    external_policy: str
    internal_policy: str
    ports: tuple[ServicePortNoun, ...]
    has_node_ports: bool
    """Whether each port leads in by every node too, by a port that the cluster chooses where none is written."""
    origin: Origin
    one_family: bool = False
    """Whether it has one address family, and the input does not say which."""
    dialled: ServicePortNoun | None = None
    """Of a headless one what stands behind its name, which clients dial at any port: its number and protocol are
    theirs."""
    selected: tuple[int, ...] | None = None
    """The endpoint rows that its selector selects, ready or not; None: it has none."""
    has_balancer_name: bool = False
    """Whether its load balancer has a name, the addresses of which are not in the input."""
    proxied: tuple[str, ...] = ()
    """Addresses of its load balancer that are a proxy's, to which clients in the cluster connect as to any outside."""
    perhaps_selected: tuple[int, ...] = ()
    """Those that it selects or not, by labels whose values are not known."""
    sliced: tuple[ServicePortNoun, ...] = ()
    """Of a headless one its ports as its EndpointSlices have them, at the target ports: who reads these is led there,
    and dials no name."""

    @property
    def ref(self) -> str:
        return f"svc/{self.namespace}/{self.name}"

    @property
    def is_name(self) -> bool:
        """Whether it is a name of the DNS and no more: kube-proxy leads nothing to it, whatever addresses it lists
        (`ShouldSkipService`)."""
        return self.headless or self.type == "ExternalName"

    @property
    def is_node_local(self) -> bool:
        """Whether clients in the cluster are led to endpoints on their own node only. Nothing leads to a headless
        Service: its clients dial the endpoints themselves."""
        return self.internal_policy == "Local" and not self.headless


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What decides on the way in before the proxy's own connection, in words. Of an undecided one `open` says why."""

    verdict: Literal["allow", "deny", "undecided", "note"]
    text: str
    origin: Origin | None = None
    open: Literal["unknown", "ambiguous", "depends"] = "unknown"


class Proxy(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes the requests and connects to the pods. Its endpoints are the `rows`, where these are worked out, else
    those that have one of the `labels`, each (namespace, key, value), where "" is any namespace, any value; without
    labels none are known. `why` says why there are none, or why it is not known of the rows `unsure` whether they are.
    """

    name: str
    labels: tuple[tuple[str, str, str], ...] = ()
    of_ingresses: bool = False
    rows: tuple[int, ...] | None = None
    unsure: frozenset[int] = frozenset()
    why: str = ""


INGRESS_CONTROLLER = Proxy(name="the ingress controller", of_ingresses=True)
"""Any of those that are known by their labels."""


class IngressRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A way in through a proxy, to a Service's port: a path of an Ingress, a match of a route of the Gateway API, a
    Route of OpenShift ("" host: any).

    `kind` is that of the object, `when` what else requests have, in words, `links` whether the proxy takes them at all.
    `service_namespace` is "" where it is the object's own, `backend` the kind of what is led to. With `is_target` the
    port is that of the endpoints, by its number or by the name of the Service's; "" is then every one. `listens` are
    the ports at which the proxy takes the requests, empty where these are not known.
    """

    namespace: str
    name: str
    class_name: str
    host: str
    path: str
    service: str
    port: str
    origin: Origin
    kind: str = "Ingress"
    backend: str = "Service"
    service_namespace: str = ""
    protocol: int = 6
    is_target: bool = False
    when: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    proxy: Proxy = INGRESS_CONTROLLER
    listens: tuple[int, ...] = ()

    @property
    def entry(self) -> str:
        """Under what it is asked for: `shop.example.com/login (method GET)`."""
        more = f" ({', '.join(self.when)})" if self.when else ""
        return f"{self.host or 'any host'}{self.path}{more}"

    @property
    def ref(self) -> str:
        """What it leads to."""
        kind = "svc/" if self.backend == "Service" else f"{self.backend} "
        return f"{kind}{self.service_namespace or self.namespace}/{self.service}"


class UnreadRoute(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not read and may lead from outside to Services: `services` are their (namespace, name, port),
    port 0: any of them. None: to any Service of `namespaces` (empty: of all)."""

    text: str
    kind: str
    entry: str = ""
    services: tuple[tuple[str, str, int], ...] | None
    namespaces: tuple[str, ...] = ()
    origin: Origin | None = None


class Cluster:
    """Everything the engine and the questions need, made from the objects by a profile.

    `row_objects` and `row_ports` are indexed by endpoint row. `mesh` is what the language of a mesh made of the
    endpoints, None without one. `isolation` is what becomes of packets to Services between primary networks, None
    where pods have no other than the default one. `network` is the network that the endpoints are interfaces on
    ("pod": their primary ones); of a secondary one `whole` are all objects of the input. `beside` is the same cluster
    without its NetworkPolicies, which clusters share that differ in these alone, and `told_apart` what of them its
    endpoints hang on: labels that controllers give and that they name. Enforcers, services and ingresses are worked out
    when first asked for.
    """

    def __init__(
        self,
        *,
        profile: str,
        columns: Columns,
        enforcers: Callable[[], tuple[Enforcer, ...]],
        families: tuple[Family, ...],
        workloads: tuple[Workload, ...] = (),
        row_objects: tuple[Decoded, ...] = (),
        row_ports: tuple[tuple[ContainerPortNoun, ...], ...] = (),
        objects: tuple[Decoded, ...] = (),
        unknown: tuple[UnknownPolicy, ...] = (),
        pod_ranges: IpSet | None = None,
        any_pod: IpSet = EVERYWHERE,
        pod_cidrs: tuple[str, ...] = (),
        assumptions: tuple[str, ...] = (),
        has_assumed_families: bool = False,
        services: Callable[[], tuple[ServiceNoun, ...]] = tuple,
        ingresses: Callable[[], tuple[IngressRoute, ...]] = tuple,
        unread_routes: tuple[UnreadRoute, ...] = (),
        mesh: Any = None,
        isolation: Isolation | None = None,
        network: str = POD,
        whole: tuple[Decoded, ...] = (),
        beside: Cluster | None = None,
        told_apart: frozenset[str] = frozenset(),
    ) -> None:
        self.profile = profile
        self.columns = columns
        self._enforcers = enforcers
        self.families = families
        self.workloads = workloads
        self.row_objects = row_objects
        self.row_ports = row_ports
        self.objects = objects
        self.unknown = unknown
        self.pod_ranges = pod_ranges or IpSet()
        self.any_pod = any_pod
        self.pod_cidrs = pod_cidrs
        self.assumptions = assumptions
        self.has_assumed_families = has_assumed_families
        self._services = services
        self._ingresses = ingresses
        self.unread_routes = unread_routes
        self.mesh = mesh
        self.isolation = isolation
        self.network = network
        self.whole = whole
        self.beside = beside or self
        self.told_apart = told_apart
        self.kept: dict[str, Any] = {}
        """What questions have worked out of this cluster, under names of theirs."""

    def with_policies(
        self,
        objects: tuple[Decoded, ...],
        enforcers: Callable[[], tuple[Enforcer, ...]],
        *,
        families: tuple[Family, ...],
        assumptions: tuple[str, ...],
    ) -> Cluster:
        """The same endpoints, Services and ways in among objects of which only NetworkPolicies are others."""
        return Cluster(
            profile=self.profile,
            columns=self.columns,
            enforcers=enforcers,
            mesh=self.mesh,
            isolation=self.isolation,
            families=families,
            workloads=self.workloads,
            row_objects=self.row_objects,
            row_ports=self.row_ports,
            objects=objects,
            unknown=self.unknown,
            pod_ranges=self.pod_ranges,
            any_pod=self.any_pod,
            pod_cidrs=self.pod_cidrs,
            assumptions=assumptions,
            has_assumed_families=self.has_assumed_families,
            services=lambda: self.services,
            ingresses=lambda: self.ingresses,
            unread_routes=self.unread_routes,
            beside=self.beside,
        )

    @cached_property
    def node_rows(self) -> tuple[int, ...]:
        """The rows of the nodes themselves."""
        return tuple(row for w in self.workloads if w.kind == "node" for row in w.rows)

    @cached_property
    def enforcers(self) -> tuple[Enforcer, ...]:
        return self._enforcers()

    @cached_property
    def services(self) -> tuple[ServiceNoun, ...]:
        return self._services()

    @cached_property
    def ingresses(self) -> tuple[IngressRoute, ...]:
        return self._ingresses()
