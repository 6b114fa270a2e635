"""The rules of the API server, kind by kind: an object that breaks one would not be stored, so it is not evaluated.

The rules are those of Kubernetes 1.36 on creation, as far as they concern who may talk to whom: names, labels,
selectors, ports, addresses and the shape of policies and services. What is not read (images, volumes, resources) is
not checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import Meta, NetworkPolicy, NetworkPolicySpec, Service, ServiceSpec
from netwright.dialects.k8s.validate_pods import check_cron_job, check_pod, check_workload
from netwright.dialects.k8s.validate_policy import check_policy_spec
from netwright.dialects.k8s.validate_services import (
    check_endpoint_slice,
    check_ingress,
    check_ingress_class,
    check_node,
    check_service,
    check_service_cidr,
)
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    check_annotations,
    check_dns_label,
    check_labels,
    check_subdomain,
    quoted,
)

_NAME: Pointer = ("metadata", "name")
_LABELS: Pointer = ("metadata", "labels")
_ANNOTATIONS: Pointer = ("metadata", "annotations")


def name_of(meta: Meta) -> str:
    """The name of an object; of one that has only `generateName`, that prefix without its last dash.

    The API server appends five random characters on creation; the prefix alone is the same in every run. Two objects
    of one prefix are two (meta/v1 ObjectMeta): who brings objects together tells them apart.
    """
    return meta.name or (meta.generate_name or "").rstrip("-.")


def validate(kind: str, value: Any) -> None:
    """Raises `Fault` for the first field of a decoded object that the API server would refuse."""
    meta: Meta = value.metadata
    check_meta(kind, meta)
    if (check := _CHECKS.get(kind)) is not None:
        check(value)


def check_meta(kind: str, meta: Meta) -> None:
    """The name, labels and annotations that every object has. Raises `Fault`."""
    name = meta.name
    if not name:
        if not meta.generate_name:
            raise Fault(_NAME, "is missing")
        name = name_of(meta)
        if not name:
            raise Fault(
                ("metadata", "generateName"), f"is {quoted(meta.generate_name)}; a name begins with a letter or digit"
            )
    # The name of a StatefulSet becomes a host name; older releases stored some with dots.
    if kind in ("Namespace", "Service") or (kind == "StatefulSet" and meta.uid is None):
        check_dns_label(name, _NAME)
    else:
        check_subdomain(name, _NAME)
        if kind == "CronJob" and len(name) > 52:
            raise Fault(
                _NAME, f"is {quoted(name)}; the name of a CronJob has at most 52 characters, its jobs append eleven"
            )
    if meta.namespace:
        check_dns_label(meta.namespace, ("metadata", "namespace"))
    if meta.labels:
        check_labels(meta.labels, _LABELS)
    if meta.annotations:
        check_annotations(meta.annotations, _ANNOTATIONS)


def _check_policy(policy: NetworkPolicy) -> None:
    check_policy_spec(policy.spec or NetworkPolicySpec())


def _check_service(service: Service) -> None:
    check_service(service.metadata, service.spec or ServiceSpec(), stored=service.metadata.uid is not None)


_Checks = dict[str, Callable[[Any], None]]

_CHECKS: _Checks = {
    "Pod": check_pod,
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"), check_workload
    ),
    "CronJob": check_cron_job,
    "Service": _check_service,
    "EndpointSlice": check_endpoint_slice,
    "Ingress": check_ingress,
    "IngressClass": check_ingress_class,
    "Node": check_node,
    "ServiceCIDR": check_service_cidr,
    "NetworkPolicy": _check_policy,
}
