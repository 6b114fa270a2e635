"""NW285…: Routes of OpenShift, the Services that they name, and the way of the router to these."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest, service

SERVICE: Final = service("{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}")
OTHER: Final = service("{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}", "blue")
ROUTER: Final = """\
apiVersion: v1
kind: Pod
metadata:
  name: router
  namespace: shop
  labels: {ingresscontroller.operator.openshift.io/deployment-ingresscontroller: default}
spec: {containers: [{name: router, image: router, ports: [{containerPort: 80}]}]}
"""
ROUTER_OUT: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: router, namespace: shop}
spec:
  podSelector: {matchLabels: {ingresscontroller.operator.openshift.io/deployment-ingresscontroller: default}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {}}]
    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
ADMIT_ROUTER: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels: {ingresscontroller.operator.openshift.io/deployment-ingresscontroller: default}
      ports: [{port: 8080}]
"""


def route(
    to: str = "web", port: str = "http", host: str = "shop.example.com", name: str = "web", more: str = ""
) -> str:
    return f"""\
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{name: {name}, namespace: shop}}
spec:
  host: {host}
  to: {{kind: Service, name: {to}{more}}}
  port: {{targetPort: {port}}}
"""


BASE: Final = (WEB, DENY, ADMIT, SERVICE)
GOOD: Final = manifest(*BASE, route())

OPENSHIFT_ROUTES: Final = (
    FindingCode(
        code="NW2851",
        severity="error",
        title="a Route to a Service which is not there",
        explanation=(
            "The namespace has no Service of the name that the Route leads to, in `to` or in `alternateBackends`. A "
            "Route reaches Services of its own namespace only. Nothing is said of namespaces of which the input has "
            "neither a Service nor a workload, and where kinds that are not read could make Services."
        ),
        help="correct the name, or add the Service",
        fails=manifest(*BASE, route("wbe")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2852",
        severity="error",
        title="a Route for a port that the Service does not have",
        explanation=(
            "`port.targetPort` of a Route is the name of the Service's port, or the number of the pods' port: the "
            "router looks for it among the endpoints. Most often the number of the Service's port is written, which is "
            "another one."
        ),
        help="write the name of the Service's port, or the number of the pods' port",
        fails=manifest(*BASE, route(port="80")),
        passes=manifest(*BASE, route(port="8080")),
    ),
    FindingCode(
        code="NW2853",
        severity="warning",
        title="a host and path that two Routes claim",
        explanation=(
            "Two Routes have the same host and path. The router serves the oldest and does not admit the other. To "
            "share requests among Services a Route has `alternateBackends`."
        ),
        help="delete one, or give it another host or path",
        fails=manifest(*BASE, OTHER, route(), route("blue", name="blue")),
        passes=manifest(*BASE, OTHER, route(), route("blue", name="blue", host="blue.example.com")),
    ),
    FindingCode(
        code="NW2854",
        severity="warning",
        title="a Route whose Services have no weight",
        explanation="Requests are shared among the Services of a Route by weight, and all of these are 0.",
        help="give one a weight, or delete the Route",
        fails=manifest(*BASE, route(more=", weight: 0")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2855",
        severity="error",
        title="policy keeps the router from a Route's pods",
        explanation=(
            "The router's pods are in the input (by the label that OpenShift's ingress operator gives them), and "
            "policies, their own or those of the pods behind the Route, deny their connections to each of these. Not "
            "told where another finding says why. In OpenShift's own clusters the router's namespace has the label "
            "`policy-group.network.openshift.io/ingress`, by which policies can admit it."
        ),
        help="admit the router's pods to the target port of the Service",
        fails=manifest(WEB, DENY, ROUTER, ROUTER_OUT, SERVICE, route()),
        passes=manifest(WEB, DENY, ROUTER, ROUTER_OUT, ADMIT_ROUTER, SERVICE, route()),
    ),
)
