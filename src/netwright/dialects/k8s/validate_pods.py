"""What the API server refuses in pods and in what makes them, as far as it concerns the network.

Checked are identity, labels, selectors and ports (kubernetes `pkg/apis/core/validation`, `pkg/apis/apps/validation`,
`pkg/apis/batch/validation`); images, volumes, resources and probes are not read and not checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import (
    Container,
    ContainerPort,
    CronJob,
    LabelSelector,
    Pod,
    PodSpec,
    PodTemplate,
    Workload,
)
from netwright.dialects.k8s.validate_shape import explain
from netwright.dialects.k8s.validate_syntax import (
    MOST_KEPT,
    Fault,
    check_address,
    check_annotations,
    check_dns_label,
    check_labels,
    check_port_name,
    check_port_number,
    check_protocol,
    check_selector,
    check_subdomain,
    quoted,
)

_SPEC: Pointer = ("spec",)
_SELECTOR: Pointer = ("spec", "selector")
_TEMPLATE: Pointer = ("spec", "template")
_JOB: Pointer = ("spec", "jobTemplate", "spec")
_UNCOUNTED = {
    "DaemonSet": "a DaemonSet has a pod on each node that it selects",
    "Job": "`parallelism` and `completions` say how many pods a Job has",
}
"""The kinds of workloads that have no number of replicas, and what they have."""
_MAX_REPLICAS = 2**31 - 1


def check_pod(pod: Pod) -> None:
    """A Pod: its names and ports, and the addresses of its status, each one address."""
    if pod.spec is not None:
        check_pod_spec(pod.spec)
    if pod.status is not None:
        for index, one in enumerate(pod.status.pod_ips or ()):
            if one.ip:
                check_address(one.ip, ("status", "podIPs", index, "ip"))
        if pod.status.pod_ip:
            check_address(pod.status.pod_ip, ("status", "podIP"))


def check_pod_spec(spec: PodSpec, pointer: Pointer = _SPEC) -> None:
    """The names and ports of a pod, or of a template's pod at `pointer`."""
    host_network = spec.host_network is True
    for index, container in enumerate(spec.containers or ()):
        if container.ports:
            _check_ports(container.ports, (*pointer, "containers", index, "ports"), host_network)
    for index, container in enumerate(spec.init_containers or ()):
        if container.ports:
            _check_ports(container.ports, (*pointer, "initContainers", index, "ports"), host_network)
    if spec.containers and len(spec.containers) > 1:
        _check_host_ports(spec.containers, pointer)
    if spec.node_name:
        check_subdomain(spec.node_name, (*pointer, "nodeName"))
    if spec.service_account_name:
        check_subdomain(spec.service_account_name, (*pointer, "serviceAccountName"))
    if spec.hostname:
        check_dns_label(spec.hostname, (*pointer, "hostname"))
    if spec.subdomain:
        check_dns_label(spec.subdomain, (*pointer, "subdomain"))


@lru_cache(maxsize=MOST_KEPT)
def _check_ports(ports: tuple[ContainerPort, ...], pointer: Pointer, host_network: bool) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        at = (*pointer, index)
        if port.name:
            check_port_name(port.name, (*at, "name"))
            if port.name in names:
                raise Fault((*at, "name"), f"is {quoted(port.name)}, as another port of the container is called")
            names.add(port.name)
        if not port.container_port:
            raise Fault((*at, "containerPort"), "is missing; a port is 1 to 65535")
        check_port_number(port.container_port, (*at, "containerPort"))
        if port.host_port:
            check_port_number(port.host_port, (*at, "hostPort"))
            if host_network and port.host_port != port.container_port:
                raise Fault(
                    (*at, "hostPort"),
                    f"is {quoted(port.host_port)}; with `hostNetwork` it is the `containerPort`, {port.container_port}",
                )
        if port.protocol:
            check_protocol(port.protocol, (*at, "protocol"))


def _check_host_ports(containers: tuple[Container, ...], pointer: Pointer) -> None:
    """Two containers of a pod cannot have one port of the node."""
    taken: set[tuple[str, str, int]] = set()
    for index, container in enumerate(containers):
        for number, port in enumerate(container.ports or ()):
            if port.host_port:
                key = (port.protocol or "TCP", port.host_ip or "", port.host_port)
                if key in taken:
                    at = (*pointer, "containers", index, "ports", number, "hostPort")
                    raise Fault(at, f"is {quoted(port.host_port)}, which another container of the pod has")
                taken.add(key)


def check_template(template: PodTemplate, pointer: Pointer) -> Mapping[str, str | None]:
    """A pod template; gives its labels."""
    labels: Mapping[str, str | None] = {}
    meta = template.metadata
    if meta is not None:
        if meta.labels:
            labels = meta.labels
            check_labels(labels, (*pointer, "metadata", "labels"))
        if meta.annotations:
            check_annotations(meta.annotations, (*pointer, "metadata", "annotations"))
    if template.spec is not None:
        check_pod_spec(template.spec, (*pointer, "spec"))
    return labels


def check_workload(workload: Workload) -> None:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Job."""
    spec = workload.spec
    if spec is None:
        raise Fault(_SPEC, "is missing")
    if spec.replicas is not None and workload.kind in _UNCOUNTED:
        raise Fault(
            (*_SPEC, "replicas"), f"is not a field of the API: {_UNCOUNTED[workload.kind]}", "take the line out"
        )
    if spec.replicas is not None and not 0 <= spec.replicas <= _MAX_REPLICAS:
        raise Fault((*_SPEC, "replicas"), f"is {quoted(spec.replicas)}; it is 0 or more")
    if spec.service_name and workload.kind == "StatefulSet" and workload.metadata.uid is None:
        check_dns_label(spec.service_name, (*_SPEC, "serviceName"))
    if spec.template is None:
        raise Fault(_TEMPLATE, "is missing")
    labels = check_template(spec.template, _TEMPLATE)
    if workload.kind == "ReplicationController":
        _check_plain_selector(spec.selector, labels)
    elif workload.kind != "Job" or spec.selector is not None:  # a job's selector is made by the API server
        _check_pod_selector(spec.selector, labels)


def check_cron_job(cron_job: CronJob) -> None:
    """A CronJob: the template of its jobs, and the selector that these must not have."""
    spec = cron_job.spec
    job = spec.job_template.spec if spec is not None and spec.job_template is not None else None
    if job is None or job.template is None:
        raise Fault((*_JOB, "template"), "is missing")
    check_template(job.template, (*_JOB, "template"))
    if job.selector is not None:
        raise Fault((*_JOB, "selector"), "is set; the selector of a job of a CronJob is always generated")


def _check_pod_selector(selector: dict[str, Any] | None, labels: Mapping[str, str | None]) -> None:
    """A selector that is required, not empty, and matches the template's labels."""
    if selector is None:
        raise Fault(_SELECTOR, "is missing", "it names labels of the template: `matchLabels: {app: NAME}`")
    wanted = selector.get("matchLabels")
    if len(selector) == 1 and wanted and type(wanted) is dict:
        for key, value in wanted.items():
            if not value or labels.get(key) != value:
                break
        else:
            return  # equal to labels that were checked: nothing can be wrong with it
    typed = _label_selector(selector)
    check_selector(typed, _SELECTOR)
    if not typed.match_labels and not typed.match_expressions:
        raise Fault(_SELECTOR, "is empty; it must name labels of the template")
    if not selects(typed, labels):
        raise Fault(
            (*_TEMPLATE, "metadata", "labels"),
            "are not what `spec.selector` asks for; the workload would never find its own pods",
            "give the template the labels that the selector names",
        )


def _label_selector(selector: dict[str, Any]) -> LabelSelector:
    try:
        return msgspec.convert(selector, LabelSelector)
    except msgspec.ValidationError as error:
        raise explain(error, selector, LabelSelector, _SELECTOR) from None


def _check_plain_selector(selector: dict[str, Any] | None, labels: Mapping[str, str | None]) -> None:
    """The selector of a ReplicationController: a map of labels, by default the labels of its template."""
    wanted: Mapping[str, Any] = selector or labels
    if not wanted:
        raise Fault(_SELECTOR, "is missing, and the template has no labels to take instead")
    for key, value in wanted.items():
        if isinstance(value, (dict, list)) and key in ("matchLabels", "matchExpressions"):
            what = "is not there in a ReplicationController, whose selector is labels alone"
            raise Fault((*_SELECTOR, key), what, "write the labels right below `selector`: `selector: {app: NAME}`")
        if value is not None and not isinstance(value, str):
            try:
                msgspec.convert({key: value}, dict[str, str | None])
            except msgspec.ValidationError as error:
                raise explain(error, {key: value}, LabelSelector, _SELECTOR) from None
        if key not in labels or (labels[key] or "") != (value or ""):
            raise Fault(
                (*_TEMPLATE, "metadata", "labels"), f"do not have `{key}: {value}`, which `spec.selector` asks for"
            )


def selects(selector: LabelSelector, labels: Mapping[str, str | None]) -> bool:
    """Whether a selector that was checked matches these labels."""
    for key, value in (selector.match_labels or {}).items():
        if key not in labels or (labels[key] or "") != (value or ""):
            return False
    for requirement in filter(None, selector.match_expressions or ()):
        present = requirement.key in labels
        inside = present and (labels[requirement.key] or "") in {value or "" for value in requirement.values or ()}
        holds = {"In": inside, "NotIn": not inside, "Exists": present, "DoesNotExist": not present}
        if not holds[requirement.operator]:
            return False
    return True
