"""Decoded objects of Kubernetes' own kinds: only the fields that touch the network, with the API's names.

Shapes follow the API reference of Kubernetes 1.34 (core/v1, apps/v1, batch/v1, networking.k8s.io/v1,
discovery.k8s.io/v1). As in Go's decoding, `null` is the zero value: every field may be None. Of NetworkPolicy all
fields are modelled, so an unknown one is an error (kubectl's strict validation refuses it), as of the metadata of
templates; of the other kinds, and of their metadata, unread fields are passed over (`validate_metadata`).
"""

# Annotations are types here and not text, which msgspec would have to evaluate piece by piece.
from typing import Any, Final

import msgspec

Labels = dict[str, str]


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of an object of which only some fields are read."""


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- metadata --------------------


class OwnerReference(_Part, frozen=True):
    api_version: str = ""
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class Meta(_Part, frozen=True):
    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    deletion_timestamp: str | None = None
    uid: str | None = None
    """Given by the API server: an object that has one was accepted and stored."""


class TemplateMeta(Meta, frozen=True, forbid_unknown_fields=True):
    """Metadata of which every field is modelled, as what is read from no server needs it: of most no value is used."""

    finalizers: Any = None
    resource_version: Any = None
    generation: Any = None
    creation_timestamp: Any = None
    deletion_grace_period_seconds: Any = None
    managed_fields: Any = None
    self_link: Any = None
    cluster_name: Any = None
    """Up to Kubernetes 1.23."""
    initializers: Any = None
    """Up to Kubernetes 1.15."""


META_FIELDS: Final = tuple(field.encode_name for field in msgspec.structs.fields(TemplateMeta))
META_UNREAD: Final = META_FIELDS[len(msgspec.structs.fields(Meta)) :]
META_WRITTEN: Final = (*META_FIELDS[:6], "finalizers")
"""The fields of metadata that a person writes."""

# --- selectors --------------------


class Requirement(_Whole, frozen=True):
    key: str = ""
    operator: str = ""
    values: tuple[str | None, ...] | None = None


class LabelSelector(_Whole, frozen=True):
    match_labels: dict[str, str | None] | None = None
    match_expressions: tuple[Requirement | None, ...] | None = None


# --- pods and what makes them --------------------


class ContainerPort(_Part, frozen=True):
    container_port: int = 0
    name: str | None = None
    protocol: str | None = None
    host_port: int | None = None
    host_ip: str | None = msgspec.field(default=None, name="hostIP")


class Container(_Part, frozen=True):
    name: str | None = None
    ports: tuple[ContainerPort, ...] | None = None
    restart_policy: str | None = None

    @property
    def is_sidecar(self) -> bool:
        """Of an init container: whether it goes on beside the others."""
        return self.restart_policy == "Always"


class PodSpec(_Part, frozen=True):
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    host_network: bool | None = None
    node_name: str | None = None
    service_account_name: str | None = None
    hostname: str | None = None
    subdomain: str | None = None


class PodIP(_Part, frozen=True):
    ip: str | None = None


class Condition(_Part, frozen=True):
    type: str | None = None
    status: str | None = None


class PodStatus(_Part, frozen=True):
    phase: str | None = None
    pod_ip: str | None = msgspec.field(default=None, name="podIP")
    pod_ips: tuple[PodIP, ...] | None = msgspec.field(default=None, name="podIPs")
    host_ip: str | None = msgspec.field(default=None, name="hostIP")
    conditions: tuple[Condition, ...] | None = None


class Pod(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: PodSpec | None = None
    status: PodStatus | None = None


class CommandContainer(Container, frozen=True):
    command: tuple[str | None, ...] | None = None
    args: tuple[str | None, ...] | None = None


class CommandPodSpec(PodSpec, frozen=True):
    containers: tuple[CommandContainer, ...] | None = None


class CommandPod(Pod, frozen=True):
    """A pod of which the command line is read too."""

    spec: CommandPodSpec | None = None


class ApiServerPod(CommandPod, frozen=True):
    """A pod of the API server: its command line has the range of Services."""


class ServiceCIDRSpec(_Part, frozen=True):
    cidrs: tuple[str, ...] | None = None


class ServiceCIDR(_Part, frozen=True):
    """Ranges that Services are given addresses of: one, or one of each family (Kubernetes 1.33)."""

    metadata: Meta = Meta()
    spec: ServiceCIDRSpec | None = None


class PodTemplate(_Part, frozen=True):
    metadata: TemplateMeta | None = None
    spec: PodSpec | None = None


class Ordinals(_Part, frozen=True):
    """The numbers of a StatefulSet's pods."""

    start: int | None = None


class WorkloadSpec(_Part, frozen=True):
    """The spec of a Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Job."""

    replicas: int | None = None
    ordinals: Ordinals | None = None
    suspend: bool | None = None
    parallelism: int | None = None
    completion_mode: str | None = None
    manual_selector: bool | None = None
    template: PodTemplate | None = None
    service_name: str | None = None
    selector: dict[str, Any] | None = None
    """As written: the fields of a LabelSelector, of a ReplicationController a plain map of labels."""


class WorkloadStatus(_Part, frozen=True):
    conditions: tuple[Condition, ...] | None = None


class Workload(_Part, frozen=True):
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Job: a template and how many."""

    kind: str
    metadata: Meta = Meta()
    spec: WorkloadSpec | None = None
    status: WorkloadStatus | None = None


class CommandTemplate(PodTemplate, frozen=True):
    spec: CommandPodSpec | None = None


class CommandWorkloadSpec(WorkloadSpec, frozen=True):
    template: CommandTemplate | None = None


class CommandWorkload(Workload, frozen=True):
    """A workload of whose pods the command line is read too."""

    spec: CommandWorkloadSpec | None = None


class JobTemplate(_Part, frozen=True):
    metadata: TemplateMeta | None = None
    spec: WorkloadSpec | None = None


class CronJobSpec(_Part, frozen=True):
    suspend: bool | None = None
    job_template: JobTemplate | None = None


class CronJob(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: CronJobSpec | None = None


class PodMaker(_Part, frozen=True):
    """An object of another API whose controller makes pods. How, its dialect says.

    The reference evaluators read such an object by themselves.
    """

    metadata: Meta = Meta()

    def pod_template(self, name: str) -> PodTemplate:
        """What its pods are made of, known labels included, where the object has this name."""
        raise NotImplementedError

    def pod_count(self) -> int:
        """How many pods it has now: 0 where it is stopped."""
        raise NotImplementedError

    def unknown_labels(self) -> tuple[str, ...]:
        """The labels that its pods have with values that are not known."""
        raise NotImplementedError


# --- cluster --------------------


class Namespace(_Part, frozen=True):
    metadata: Meta = Meta()


class ServiceAccount(_Part, frozen=True):
    metadata: Meta = Meta()


class NodeSpec(_Part, frozen=True):
    pod_cidr: str | None = msgspec.field(default=None, name="podCIDR")
    pod_cidrs: tuple[str, ...] | None = msgspec.field(default=None, name="podCIDRs")


class NodeAddress(_Part, frozen=True):
    type: str = ""
    address: str = ""


class NodeStatus(_Part, frozen=True):
    addresses: tuple[NodeAddress, ...] | None = None


class Node(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


# --- services --------------------


class ServicePort(_Part, frozen=True):
    name: str | None = None
    protocol: str | None = None
    port: int = 0
    target_port: int | str | None = None
    node_port: int | None = None
    app_protocol: str | None = None


class LoadBalancerIngress(_Part, frozen=True):
    ip: str | None = None
    hostname: str | None = None
    ip_mode: str | None = None


class LoadBalancerStatus(_Part, frozen=True):
    ingress: tuple[LoadBalancerIngress, ...] | None = None


class ServiceStatus(_Part, frozen=True):
    load_balancer: LoadBalancerStatus | None = None


class ServiceSpec(_Part, frozen=True):
    type: str | None = None
    selector: dict[str, str | None] | None = None
    ports: tuple[ServicePort, ...] | None = None
    cluster_ip: str | None = msgspec.field(default=None, name="clusterIP")
    cluster_ips: tuple[str, ...] | None = msgspec.field(default=None, name="clusterIPs")
    ip_families: tuple[str, ...] | None = None
    ip_family_policy: str | None = None
    external_name: str | None = None
    external_ips: tuple[str, ...] | None = msgspec.field(default=None, name="externalIPs")
    load_balancer_ip: str | None = msgspec.field(default=None, name="loadBalancerIP")
    load_balancer_source_ranges: tuple[str, ...] | None = None
    external_traffic_policy: str | None = None
    internal_traffic_policy: str | None = None
    publish_not_ready_addresses: bool | None = None
    allocate_load_balancer_node_ports: bool | None = None


class Service(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class ObjectReference(_Part, frozen=True):
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None


class EndpointConditions(_Part, frozen=True):
    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class EndpointEntry(_Part, frozen=True):
    addresses: tuple[str, ...] | None = None
    conditions: EndpointConditions | None = None
    target_ref: ObjectReference | None = None
    node_name: str | None = None


class EndpointPort(_Part, frozen=True):
    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class EndpointSlice(_Part, frozen=True):
    metadata: Meta = Meta()
    address_type: str | None = None
    endpoints: tuple[EndpointEntry, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None


# --- ingress --------------------


class ServiceBackendPort(_Part, frozen=True):
    name: str | None = None
    number: int | None = None


class IngressServiceBackend(_Part, frozen=True):
    name: str = ""
    port: ServiceBackendPort | None = None


class IngressBackend(_Part, frozen=True):
    service: IngressServiceBackend | None = None
    resource: dict[str, Any] | None = None


class HTTPIngressPath(_Part, frozen=True):
    path: str | None = None
    path_type: str | None = None
    backend: IngressBackend | None = None


class HTTPIngressRuleValue(_Part, frozen=True):
    paths: tuple[HTTPIngressPath, ...] | None = None


class IngressRule(_Part, frozen=True):
    host: str | None = None
    http: HTTPIngressRuleValue | None = None


class IngressTLS(_Part, frozen=True):
    hosts: tuple[str, ...] | None = None


class IngressSpec(_Part, frozen=True):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] | None = None
    tls: tuple[IngressTLS, ...] | None = None


class Ingress(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: IngressSpec | None = None


class IngressClassParameters(_Part, frozen=True):
    api_group: str | None = None
    kind: str | None = None
    name: str | None = None
    scope: str | None = None
    namespace: str | None = None


class IngressClassSpec(_Part, frozen=True):
    controller: str | None = None
    parameters: IngressClassParameters | None = None


class IngressClass(_Part, frozen=True):
    """Which controller serves the Ingresses that name the class."""

    metadata: Meta = Meta()
    spec: IngressClassSpec | None = None


# --- network policy --------------------


class IPBlock(_Whole, frozen=True):
    cidr: str = ""
    except_: tuple[str, ...] | None = msgspec.field(default=None, name="except")


class NetworkPolicyPeer(_Whole, frozen=True):
    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IPBlock | None = None


class NetworkPolicyPort(_Whole, frozen=True):
    protocol: str | None = None
    port: int | str | None = None
    end_port: int | None = None


class NetworkPolicyIngressRule(_Whole, frozen=True):
    from_: tuple[NetworkPolicyPeer | None, ...] | None = msgspec.field(default=None, name="from")
    ports: tuple[NetworkPolicyPort | None, ...] | None = None


class NetworkPolicyEgressRule(_Whole, frozen=True):
    to: tuple[NetworkPolicyPeer | None, ...] | None = None
    ports: tuple[NetworkPolicyPort | None, ...] | None = None


class NetworkPolicySpec(_Whole, frozen=True):
    pod_selector: LabelSelector | None = None
    ingress: tuple[NetworkPolicyIngressRule | None, ...] | None = None
    egress: tuple[NetworkPolicyEgressRule | None, ...] | None = None
    policy_types: tuple[str, ...] | None = None


class NetworkPolicy(_Whole, frozen=True):
    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: NetworkPolicySpec | None = None
    status: dict[str, Any] | None = None
    """Was in the API of Kubernetes 1.24 to 1.27 and is still written by tools; it says nothing about traffic."""


K8sObject = (
    Namespace | Pod | Workload | CronJob | ServiceAccount | Node | Service | EndpointSlice | Ingress | NetworkPolicy
)
"""Every decoded kind of this dialect."""
