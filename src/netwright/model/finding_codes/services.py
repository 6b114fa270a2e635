"""NW40…: Services against the pods behind them."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DB, DENY, WEB, manifest, service

STRAY: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: cache, namespace: shop, labels: {app: web}}
spec: {containers: [{name: cache, image: cache, ports: [{name: redis, containerPort: 6379}]}]}
"""
AGENT: Final = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
"""

SERVICES: Final = (
    FindingCode(
        code="NW4001",
        severity="error",
        title="a Service that selects no pod",
        explanation=(
            "No pod of the Service's namespace has the labels of its selector. It has no endpoints, so whoever "
            "connects to it is refused. Nothing is said where kinds that are not read could make such pods, and of "
            "namespaces without any workload in the input."
        ),
        help="correct the selector, or delete the Service",
        fails=manifest(WEB, DENY, service("{selector: {app: wbe}, ports: [{port: 8080}]}")),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 8080}]}")),
    ),
    FindingCode(
        code="NW4002",
        severity="error",
        title="a named target port that no pod of the Service has",
        explanation=(
            "A named target port is looked up in the container ports of each selected pod. None has a port of this "
            "name, so the Service has no endpoints at this port, and connections to it are refused."
        ),
        help="use a name that the containers declare, or the port's number",
        fails=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 80, targetPort: web}]}")),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 80, targetPort: http}]}")),
    ),
    FindingCode(
        code="NW4003",
        severity="warning",
        title="a target port that no pod of the Service declares",
        explanation=(
            "Every container of the selected pods declares ports, the Service's target port is none of them, and no "
            "Service leads to one of them. Declaring ports is a matter of form, so the container may listen there all "
            "the same; most often the number is wrong, and connections are refused."
        ),
        help="correct the target port, or declare it in the container",
        fails=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 80}]}")),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")),
    ),
    FindingCode(
        code="NW4004",
        severity="error",
        title="a target port of another protocol than the container's",
        explanation=(
            "The Service's port is of one protocol, and the container port of that name or number is of another. A "
            "port without `protocol` is TCP on both sides. A named port is looked up by name and protocol, so the "
            "Service has no endpoints there; behind a number nobody listens."
        ),
        help="write the same `protocol` on both sides",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service("{selector: {app: web}, ports: [{port: 53, protocol: UDP, targetPort: http}]}"),
        ),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 53, targetPort: http}]}")),
    ),
    FindingCode(
        code="NW4005",
        severity="warning",
        title="a named target port that only some pods of the Service have",
        explanation=(
            "A pod that has no port of this name is no endpoint of the Service at this port. The others take all of "
            "its connections. Pods of Jobs are not told: they serve nothing, and being no endpoint is as it should be."
        ),
        help="name the port in every pod that the Service selects, or narrow its selector",
        fails=manifest(
            WEB,
            STRAY,
            DENY,
            ADMIT,
            service("{selector: {app: web}, ports: [{port: 80, targetPort: http}]}"),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            ADMIT,
            service("{selector: {app: web}, ports: [{port: 80, targetPort: http}]}"),
        ),
    ),
    FindingCode(
        code="NW4006",
        severity="warning",
        title="a headless Service whose port is not the one that its pods serve",
        explanation=(
            "The name of a headless Service stands for its pods' own addresses, and nothing translates ports on the "
            "way. Only clients that look up SRV records learn the target port; all others dial the port they were "
            "told."
        ),
        help="write the port that the pods serve",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service("{clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"),
        ),
        passes=manifest(
            WEB,
            DENY,
            ADMIT,
            service("{clusterIP: None, selector: {app: web}, ports: [{port: 8080, targetPort: 8080}]}"),
        ),
    ),
    FindingCode(
        code="NW4010",
        severity="info",
        title="internalTrafficPolicy Local over pods that not every node has",
        explanation=(
            "Clients in the cluster are led to endpoints on their own node only; where there is none, their packets "
            "are dropped. A Deployment or a StatefulSet need not have a pod on every node."
        ),
        help="use `Cluster`, or a DaemonSet",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service("{internalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 8080}]}"),
        ),
        passes=manifest(
            AGENT,
            DENY,
            ADMIT,
            service("{internalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 8080}]}"),
        ),
    ),
    FindingCode(
        code="NW4012",
        severity="warning",
        title="a Service that selects pods which do not serve its port",
        explanation=(
            "Some of the selected pods declare the target port; others declare ports and not this one, or are those "
            "of a Job that declares none. All of them are endpoints, so a part of the connections is refused."
        ),
        help="give the selector a label that only the serving pods have",
        fails=manifest(
            WEB,
            STRAY,
            DENY,
            ADMIT,
            service("{selector: {app: web}, ports: [{port: 8080}]}"),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            ADMIT,
            service("{selector: {app: web}, ports: [{port: 8080}]}"),
        ),
    ),
)
