"""Objects for the tests of the reference evaluators, built from the structs directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from netwright.dialects.k8s import objects as k8s
from netwright.model.document import Decoded

Labels = Mapping[str, str | None]
ALL = k8s.LabelSelector()


def select(**labels: str) -> k8s.LabelSelector:
    return k8s.LabelSelector(match_labels=dict(labels))


def expression(key: str, operator: str, *values: str) -> k8s.LabelSelector:
    one = k8s.Requirement(key=key, operator=operator, values=values or None)
    return k8s.LabelSelector(match_expressions=(one,))


def port(number: int = 80, name: str | None = None, protocol: str | None = None) -> k8s.ContainerPort:
    return k8s.ContainerPort(container_port=number, name=name, protocol=protocol)


def pod_spec(
    *ports: k8s.ContainerPort, node: str | None = None, host: bool | None = None, init: Sequence[k8s.ContainerPort] = ()
) -> k8s.PodSpec:
    return k8s.PodSpec(
        containers=(k8s.Container(name="c", ports=ports),),
        init_containers=(k8s.Container(name="i", ports=tuple(init)),) if init else None,
        host_network=host,
        node_name=node,
    )


def pod(
    name: str,
    *ports: k8s.ContainerPort,
    namespace: str = "shop",
    labels: Labels | None = None,
    ips: Sequence[str] = (),
    node: str | None = None,
    host: bool | None = None,
    init: Sequence[k8s.ContainerPort] = (),
    phase: str | None = None,
    owner: tuple[str, str] | None = None,
    deleted: bool = False,
) -> Decoded:
    meta = k8s.Meta(
        name=name,
        namespace=namespace,
        labels=dict({"app": name} if labels is None else labels),
        owner_references=owners(owner),
        deletion_timestamp="2024-05-01T10:00:00Z" if deleted else None,
    )
    status = k8s.PodStatus(phase=phase, pod_ips=tuple(k8s.PodIP(ip=ip) for ip in ips))
    value = k8s.Pod(metadata=meta, spec=pod_spec(*ports, node=node, host=host, init=init), status=status)
    return Decoded(kind="Pod", namespace=namespace, name=name, value=value)


def owners(owner: tuple[str, str] | None) -> tuple[k8s.OwnerReference, ...] | None:
    return (k8s.OwnerReference(kind=owner[0], name=owner[1], controller=True),) if owner else None


def workload(
    kind: str,
    name: str,
    *ports: k8s.ContainerPort,
    namespace: str = "shop",
    labels: Labels | None = None,
    replicas: int | None = None,
    owner: tuple[str, str] | None = None,
    host: bool | None = None,
) -> Decoded:
    template = k8s.PodTemplate(
        metadata=k8s.TemplateMeta(labels=dict({"app": name} if labels is None else labels)),
        spec=pod_spec(*ports, host=host),
    )
    spec = k8s.WorkloadSpec(replicas=replicas, template=template)
    meta = k8s.Meta(name=name, namespace=namespace, owner_references=owners(owner))
    value: Any = k8s.Workload(kind=kind, metadata=meta, spec=spec)
    if kind == "CronJob":
        value = k8s.CronJob(metadata=meta, spec=k8s.CronJobSpec(job_template=k8s.JobTemplate(spec=spec)))
    return Decoded(kind=kind, namespace=namespace, name=name, value=value)


def namespace(name: str, **labels: str) -> Decoded:
    return Decoded(kind="Namespace", namespace="", name=name, value=k8s.Namespace(metadata=k8s.Meta(labels={**labels})))


def node(
    name: str, *addresses: str, cidrs: Sequence[str] = (), kind: str = "InternalIP", labels: Labels | None = None
) -> Decoded:
    status = k8s.NodeStatus(addresses=tuple(k8s.NodeAddress(type=kind, address=one) for one in addresses))
    meta = k8s.Meta(name=name, labels=dict(labels or {}))
    value = k8s.Node(metadata=meta, spec=k8s.NodeSpec(pod_cidrs=tuple(cidrs)), status=status)
    return Decoded(kind="Node", namespace="", name=name, value=value)


def service(name: str, *ports: k8s.ServicePort, namespace: str = "shop", **spec: Any) -> Decoded:
    value = k8s.Service(metadata=k8s.Meta(name=name), spec=k8s.ServiceSpec(ports=ports, **spec))
    return Decoded(kind="Service", namespace=namespace, name=name, value=value)


def peer(
    pods: k8s.LabelSelector | None = None,
    namespaces: k8s.LabelSelector | None = None,
    cidr: str | None = None,
    excepts: Sequence[str] = (),
) -> k8s.NetworkPolicyPeer:
    block = k8s.IPBlock(cidr=cidr, except_=tuple(excepts)) if cidr else None
    return k8s.NetworkPolicyPeer(pod_selector=pods, namespace_selector=namespaces, ip_block=block)


def ports(*entries: int | str | tuple[int, int], protocol: str | None = None) -> tuple[k8s.NetworkPolicyPort, ...]:
    """Entries of a rule's `ports`: a number, a name, or a range."""
    return tuple(
        k8s.NetworkPolicyPort(
            protocol=protocol,
            port=one[0] if isinstance(one, tuple) else one,
            end_port=one[1] if isinstance(one, tuple) else None,
        )
        for one in entries
    )


def come(*peers: k8s.NetworkPolicyPeer, at: Sequence[k8s.NetworkPolicyPort] | None = None) -> Any:
    """An ingress rule."""
    return k8s.NetworkPolicyIngressRule(from_=peers, ports=tuple(at) if at is not None else None)


def go(*peers: k8s.NetworkPolicyPeer, at: Sequence[k8s.NetworkPolicyPort] | None = None) -> Any:
    """An egress rule."""
    return k8s.NetworkPolicyEgressRule(to=peers, ports=tuple(at) if at is not None else None)


def policy(
    name: str,
    pods: k8s.LabelSelector | None = None,
    *,
    namespace: str = "shop",
    ingress: Sequence[Any] | None = None,
    egress: Sequence[Any] | None = None,
    types: Sequence[str] | None = None,
) -> Decoded:
    spec = k8s.NetworkPolicySpec(
        pod_selector=pods,
        ingress=tuple(ingress) if ingress is not None else None,
        egress=tuple(egress) if egress is not None else None,
        policy_types=tuple(types) if types is not None else None,
    )
    value = k8s.NetworkPolicy(metadata=k8s.Meta(name=name, namespace=namespace), spec=spec)
    return Decoded(kind="NetworkPolicy", namespace=namespace, name=name, value=value)


def replaced(thing: Decoded, **fields: Any) -> Decoded:
    """The object with other fields in its value."""
    return msgspec.structs.replace(thing, value=msgspec.structs.replace(thing.value, **fields))
