"""NW41…: Ingresses, the Services that they name, and the way of the controller to these."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest, service

SERVICE: Final = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")
CONTROLLER: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: controller, namespace: shop, labels: {app.kubernetes.io/name: ingress-nginx}}
spec: {containers: [{name: controller, image: controller, ports: [{containerPort: 80}]}]}
"""
CONTROLLER_OUT: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: controller, namespace: shop}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {}}]
    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
ADMIT_CONTROLLER: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}}]
      ports: [{port: 8080}]
"""


def _ingress(name: str, service_name: str, port: int) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: shop}}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: {service_name}, port: {{number: {port}}}}}}}
"""


INGRESSES: Final = (
    FindingCode(
        code="NW4101",
        severity="error",
        title="an Ingress that names a Service which is not there",
        explanation=(
            "The namespace has no Service of the name that a backend of the Ingress has. An Ingress reaches Services "
            "of its own namespace only. Nothing is said of namespaces of which the input has neither a Service nor a "
            "workload, and where kinds that are not read could make Services."
        ),
        help="correct the name, or add the Service",
        fails=manifest(WEB, DENY, ADMIT, SERVICE, _ingress("web", "wbe", 80)),
        passes=manifest(WEB, DENY, ADMIT, SERVICE, _ingress("web", "web", 80)),
    ),
    FindingCode(
        code="NW4102",
        severity="error",
        title="an Ingress that names a port which the Service does not have",
        explanation=(
            "A backend names a port of the Service, by its number or its name. Most often the container's port is "
            "written in its place."
        ),
        help="write the Service's port",
        fails=manifest(WEB, DENY, ADMIT, SERVICE, _ingress("web", "web", 8080)),
        passes=manifest(WEB, DENY, ADMIT, SERVICE, _ingress("web", "web", 80)),
    ),
    FindingCode(
        code="NW4103",
        severity="warning",
        title="a host and path that two Ingresses claim",
        explanation=(
            "Two Ingresses of one class lead the same host, path and path type to different backends. The controller "
            "serves one of them, as a rule the older. Canaries of ingress-nginx, and classes of which every Ingress "
            "may have a load balancer of its own, are left out."
        ),
        help="delete one, or give it another host or path",
        fails=manifest(
            WEB,
            DENY,
            ADMIT,
            SERVICE,
            service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}", "blue"),
            _ingress("web", "web", 80),
            _ingress("blue", "blue", 80),
        ),
        passes=manifest(
            WEB,
            DENY,
            ADMIT,
            SERVICE,
            service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}", "blue"),
            _ingress("web", "web", 80),
            _ingress("blue", "blue", 80).replace("shop.example.com", "blue.example.com"),
        ),
    ),
    FindingCode(
        code="NW4104",
        severity="error",
        title="policy keeps the ingress controller from a backend",
        explanation=(
            "The ingress controller is in the input (it is recognised by the labels that well-known projects give it), "
            "and policies, its own or the backend's, deny its connections to every pod behind the Ingress. Requests "
            "run into a timeout. Not told where another finding says why: of a rule or a policy that is meant to let "
            "the controller in or out, or of a target port that the pods do not have."
        ),
        help="admit the controller's pods to the target port of the Service",
        fails=manifest(WEB, CONTROLLER, DENY, CONTROLLER_OUT, SERVICE, _ingress("web", "web", 80)),
        passes=manifest(WEB, CONTROLLER, DENY, CONTROLLER_OUT, ADMIT_CONTROLLER, SERVICE, _ingress("web", "web", 80)),
    ),
    FindingCode(
        code="NW4105",
        severity="info",
        title="an Ingress that leads out of the cluster",
        explanation=(
            "The backend is a Service of type ExternalName: the ingress controller connects to whatever that name "
            "resolves to, in the clients' place. Whoever may change the Service chooses where requests go, to names "
            "inside the cluster too."
        ),
        help="see that the name is one of yours, or use a Service with endpoints",
        fails=manifest(
            WEB,
            DENY,
            service("{type: ExternalName, externalName: shop.example.org, ports: [{port: 443}]}", "elsewhere"),
            _ingress("web", "elsewhere", 443),
        ),
        passes=manifest(WEB, DENY, ADMIT, SERVICE, _ingress("web", "web", 80)),
    ),
)
