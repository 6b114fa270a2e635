"""NW40…: what Services claim, whom policy lets reach them, what they stand for; workloads that overlap."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DB, DENY, WEB, manifest, service

PORTS: Final = "selector: {app: web}, ports: [{port: 8080"
ADMIT_ALL: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: admit-all, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}]
"""


def _deployment(name: str, labels: str) -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{containers: [{{name: web, image: web, ports: [{{containerPort: 8080}}]}}]}}
"""


SERVICE_NAMES: Final = (
    FindingCode(
        code="NW4007",
        severity="warning",
        title="a Service that no policy admits anybody to",
        explanation=(
            "Policies isolate all pods behind the Service, and no ingress rule of theirs names the port that it leads "
            "to: nobody can reach it, in this cluster or another. Rules see the target port, not the Service's. Not "
            "told where another finding says why: a rule or a policy that misses whom it means, or a target port that "
            "the pods do not have."
        ),
        help="admit its clients to the target port, or delete the Service",
        fails=manifest(WEB, DENY, service("{selector: {app: web}, ports: [{port: 8080}]}")),
        passes=manifest(WEB, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 8080}]}")),
    ),
    FindingCode(
        code="NW4008",
        severity="error",
        title="two Services with one node port",
        explanation=(
            "A node port is given out once in a cluster. The API server refuses the second Service that comes. Told of "
            "the last by name, whichever that is."
        ),
        help="choose another number, or leave `nodePort` out",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service(f"{{type: NodePort, {PORTS}, nodePort: 30080}}]}}"),
            service(f"{{type: NodePort, {PORTS}, nodePort: 30080}}]}}", "web-too"),
        ),
        passes=manifest(
            WEB,
            DENY,
            ADMIT,
            service(f"{{type: NodePort, {PORTS}, nodePort: 30080}}]}}"),
            service(f"{{type: NodePort, {PORTS}, nodePort: 30081}}]}}", "web-too"),
        ),
    ),
    FindingCode(
        code="NW4009",
        severity="error",
        title="two Services with one cluster IP",
        explanation=(
            "A cluster IP is given out once in a cluster. The API server refuses the second Service that comes. Told "
            "of the last by name, whichever that is."
        ),
        help="leave `clusterIP` out: it is no part of a manifest",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            service(f"{{clusterIP: 10.96.0.20, {PORTS}}}]}}"),
            service(f"{{clusterIP: 10.96.0.20, {PORTS}}}]}}", "web-too"),
        ),
        passes=manifest(
            WEB,
            DENY,
            ADMIT,
            service(f"{{clusterIP: 10.96.0.20, {PORTS}}}]}}"),
            service(f"{{{PORTS}}}]}}", "web-too"),
        ),
    ),
    FindingCode(
        code="NW4011",
        severity="warning",
        title="two workloads whose selectors overlap",
        explanation=(
            "The selector of a Deployment, StatefulSet, DaemonSet, ReplicaSet or ReplicationController selects pods of "
            "another one in the namespace. Nothing prevents it, and the documentation forbids it: controllers may take "
            "over pods of each other, and what works by the selector, as autoscalers and `kubectl` do, counts both. "
            "Selectors with expressions are not compared. Of two that select each other's pods the "
            "first by name is told."
        ),
        help="give both selectors a label that tells them apart",
        fails=manifest(_deployment("web", "app: web"), _deployment("web-canary", "app: web, track: canary"), DENY),
        passes=manifest(
            _deployment("web", "app: web"),
            _deployment("api", "app: api").replace("{app: web}", "{app: api}"),
            DENY,
        ),
    ),
    FindingCode(
        code="NW4013",
        severity="warning",
        title="an ExternalName that is an address",
        explanation=(
            "An ExternalName is written into the DNS as a name, even where it looks like an address. There is no such "
            "name, so the Service's own does not resolve."
        ),
        help="use a Service without a selector and an EndpointSlice with the address",
        fails=manifest(WEB, DENY, service("{type: ExternalName, externalName: 198.51.100.7}", "bank")),
        passes=manifest(WEB, DENY, service("{type: ExternalName, externalName: bank.example.com}", "bank")),
    ),
    FindingCode(
        code="NW4014",
        severity="warning",
        title="an ExternalName for a Service that does not exist",
        explanation=(
            "The name is that of a Service in a namespace that the input holds, and there is no such Service there. "
            "Clients get NXDOMAIN."
        ),
        help="correct the name, or delete the Service",
        fails=manifest(WEB, DENY, service("{type: ExternalName, externalName: db.shop.svc.cluster.local}", "database")),
        passes=manifest(
            DB,
            DENY,
            ADMIT_ALL,
            service("{selector: {app: db}, ports: [{port: 5432}]}", "db"),
            service("{type: ExternalName, externalName: db.shop.svc.cluster.local}", "database"),
        ),
    ),
)
