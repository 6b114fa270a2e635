"""NW280…, NW281…: routes of the Gateway API, the Gateways and Services that they name, and Gateways for themselves."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest, service

SERVICE: Final = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")
OTHER: Final = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}", "blue")
TEAM: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: team, labels: {team: a}}
"""
PROXY: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: proxy, namespace: shop, labels: {gateway.networking.k8s.io/gateway-name: edge}}
spec: {containers: [{name: proxy, image: proxy, ports: [{containerPort: 80}]}]}
"""
PROXY_OUT: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: proxy, namespace: shop}
spec:
  podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {}}]
    - ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
ADMIT_PROXY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}}]
      ports: [{port: 8080}]
"""


def gateway(listeners: str = "{name: http, protocol: HTTP, port: 80}", namespace: str = "shop") -> str:
    return f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge, namespace: {namespace}}}
spec:
  gatewayClassName: any
  listeners: [{listeners}]
"""


def route(
    parents: str = "[{name: edge}]",
    backend: str = "{name: web, port: 80}",
    more: str = "",
    name: str = "web",
    namespace: str = "shop",
) -> str:
    extra = f"  {more}\n" if more else ""
    return f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  parentRefs: {parents}
{extra}  rules: [{{backendRefs: [{backend}]}}]
"""


def grant(namespace: str, kind: str, from_: str, to: str) -> str:
    return f"""\
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {{name: grant, namespace: {namespace}}}
spec:
  from: [{{group: gateway.networking.k8s.io, kind: {kind}, namespace: {from_}}}]
  to: [{{group: "", kind: {to}}}]
"""


BASE: Final = (WEB, DENY, ADMIT, SERVICE)
GOOD: Final = manifest(*BASE, gateway(), route())
FOREIGN: Final = "{name: web, namespace: shop, port: 80}"
ALL: Final = "{name: http, protocol: HTTP, port: 80, allowedRoutes: {namespaces: {from: All}}}"
TLS: Final = (
    "{name: https, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: site, namespace: certificates}]}}"
)

GATEWAY_ROUTES: Final = (
    FindingCode(
        code="NW2801",
        severity="warning",
        title="a route that names no parent",
        explanation=(
            "A route of the Gateway API does something where a Gateway takes it, and it says which ones it is for in "
            "`parentRefs`. Without any nothing takes it. Routes that ask for the default Gateways "
            "(`useDefaultGateways`) are left out."
        ),
        help="name the Gateway in `parentRefs`",
        fails=manifest(*BASE, gateway(), route("[]")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2802",
        severity="error",
        title="a route for a Gateway that is not there",
        explanation=(
            "The namespace that the parent is looked for in has Gateways in the input, and none of this name. Without "
            "`namespace` that is the route's own. Nothing is said of namespaces without a Gateway in the input: theirs "
            "may stand elsewhere."
        ),
        help="correct the name or the namespace",
        fails=manifest(*BASE, gateway(), route("[{name: egde}]")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2803",
        severity="error",
        title="a route for a listener that the Gateway does not have",
        explanation=(
            "`sectionName` is the name of a listener, `port` the port of one; where both are written, both must be "
            "those of one listener. The Gateway has none such."
        ),
        help="name a listener that the Gateway has",
        fails=manifest(*BASE, gateway(), route("[{name: edge, sectionName: https}]")),
        passes=manifest(*BASE, gateway(), route("[{name: edge, sectionName: http}]")),
    ),
    FindingCode(
        code="NW2804",
        severity="error",
        title="a route of a namespace that no listener takes routes of",
        explanation=(
            "`allowedRoutes.namespaces` of a listener says of which namespaces it takes routes: of the Gateway's own "
            "where it is left out, of all, or of those whose labels match. Labels that are not in the input are not "
            "judged."
        ),
        help="let the listener take routes of this namespace, or move the route",
        fails=manifest(*BASE, TEAM, gateway(namespace="team"), route("[{name: edge, namespace: team}]")),
        passes=manifest(*BASE, TEAM, gateway(ALL, "team"), route("[{name: edge, namespace: team}]")),
    ),
    FindingCode(
        code="NW2805",
        severity="error",
        title="a route of a kind that no listener takes",
        explanation=(
            "A listener's protocol carries some kinds of routes: HTTP and HTTPS HTTPRoutes and GRPCRoutes, TCP "
            "TCPRoutes, UDP UDPRoutes, TLS that is passed on TLSRoutes only. `allowedRoutes.kinds` can leave out more "
            "of them. TLS that is passed on undecrypted has no paths and headers for an HTTPRoute to see."
        ),
        help="name a listener that carries this kind, or write the kind that the listener carries",
        fails=manifest(*BASE, gateway("{name: tls, protocol: TLS, port: 443, tls: {mode: Passthrough}}"), route()),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2806",
        severity="error",
        title="a route for names that no listener is for",
        explanation=(
            "A listener with a `hostname` takes routes that have a name in common with it. `*.example.com` has all "
            "names below `example.com` in common, of any depth, and not `example.com` itself."
        ),
        help="name a host that the listener is for, or add a listener for this one",
        fails=manifest(
            *BASE,
            gateway('{name: http, protocol: HTTP, port: 80, hostname: "*.example.com"}'),
            route(more="hostnames: [example.com]"),
        ),
        passes=manifest(
            *BASE,
            gateway('{name: http, protocol: HTTP, port: 80, hostname: "*.example.com"}'),
            route(more="hostnames: [shop.example.com]"),
        ),
    ),
    FindingCode(
        code="NW2807",
        severity="warning",
        title="a name of a route that no listener is for",
        explanation=(
            "The route is taken for some of its names, and others have nothing in common with any of the listeners "
            "that take it: requests for those are refused as if the route did not name them."
        ),
        help="correct the name, or add a listener for it",
        fails=manifest(
            *BASE,
            gateway('{name: http, protocol: HTTP, port: 80, hostname: "*.example.com"}'),
            route(more="hostnames: [shop.example.com, shop.example.net]"),
        ),
        passes=manifest(
            *BASE,
            gateway('{name: http, protocol: HTTP, port: 80, hostname: "*.example.com"}'),
            route(more="hostnames: [shop.example.com]"),
        ),
    ),
    FindingCode(
        code="NW2808",
        severity="error",
        title="a route to a Service which is not there",
        explanation=(
            "The namespace of the backend, the route's own where none is written, has no Service of this name. Nothing "
            "is said of namespaces of which the input has neither a Service nor a workload, and where kinds that are "
            "not read could make Services."
        ),
        help="correct the name, or add the Service",
        fails=manifest(*BASE, gateway(), route(backend="{name: wbe, port: 80}")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2809",
        severity="error",
        title="a route to a port that the Service does not have",
        explanation=(
            "A backend names a port of the Service, by its number. Most often the container's port is written in its "
            "place."
        ),
        help="write the Service's port",
        fails=manifest(*BASE, gateway(), route(backend="{name: web, port: 8080}")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2810",
        severity="error",
        title="a route to a Service of another namespace without leave",
        explanation=(
            "A route may name backends of another namespace where a ReferenceGrant there lets it: `from` has the "
            "route's kind and namespace, `to` the kind Service of the core group, and its name or none."
        ),
        help="add a ReferenceGrant in the Service's namespace",
        fails=manifest(*BASE, TEAM, gateway(ALL), route("[{name: edge, namespace: shop}]", FOREIGN, namespace="team")),
        passes=manifest(
            *BASE,
            TEAM,
            gateway(ALL),
            route("[{name: edge, namespace: shop}]", FOREIGN, namespace="team"),
            grant("shop", "HTTPRoute", "team", "Service"),
        ),
    ),
    FindingCode(
        code="NW2811",
        severity="warning",
        title="a match that two routes have",
        explanation=(
            "At one listener two routes have the same host, path and conditions, and lead to different backends. The "
            "oldest route is served, of routes of one age the first by namespace and name; the other's rule is never "
            "reached."
        ),
        help="delete one, or give it another host, path or condition",
        fails=manifest(*BASE, OTHER, gateway(), route(), route(backend="{name: blue, port: 80}", name="blue")),
        passes=manifest(
            *BASE,
            OTHER,
            gateway(),
            route(),
            route(backend="{name: blue, port: 80}", name="blue", more="hostnames: [blue.example.com]"),
        ),
    ),
    FindingCode(
        code="NW2812",
        severity="warning",
        title="a rule whose backends have no weight",
        explanation="Requests are shared among the backends of a rule by weight, and all of these are 0.",
        help="give one a weight, or delete the rule",
        fails=manifest(*BASE, gateway(), route(backend="{name: web, port: 80, weight: 0}")),
        passes=GOOD,
    ),
    FindingCode(
        code="NW2813",
        severity="error",
        title="policy keeps the Gateway from a backend",
        explanation=(
            "The pods that serve the Gateway are in the input (by the label `gateway.networking.k8s.io/gateway-name`, "
            "or as those of a controller that is known), the Gateway takes the route, and policies, their own or the "
            "backend's, deny their connections to every pod behind it. Not told where another finding says why."
        ),
        help="admit the Gateway's pods to the target port of the Service",
        fails=manifest(WEB, DENY, PROXY, PROXY_OUT, SERVICE, gateway(), route()),
        passes=manifest(WEB, DENY, PROXY, PROXY_OUT, ADMIT_PROXY, SERVICE, gateway(), route()),
    ),
    FindingCode(
        code="NW2814",
        severity="error",
        title="listeners of a Gateway that conflict",
        explanation=(
            "Connections to one port must be told apart: TCP beside HTTP, HTTPS or TLS of the same port cannot be, nor "
            "can TCP beside TCP, or UDP beside UDP. None of the listeners that conflict is accepted."
        ),
        help="give one of them another port",
        fails=manifest(
            *BASE,
            gateway("{name: http, protocol: HTTP, port: 80}, {name: tcp, protocol: TCP, port: 80}"),
        ),
        passes=manifest(
            *BASE,
            gateway("{name: http, protocol: HTTP, port: 80}, {name: tcp, protocol: TCP, port: 81}"),
        ),
    ),
    FindingCode(
        code="NW2815",
        severity="error",
        title="a certificate of another namespace without leave",
        explanation=(
            "A listener may use certificates of another namespace where a ReferenceGrant there lets it: `from` Gateway "
            "of the Gateway's namespace, `to` Secret of the core group, by name or not. Told where a listener may use "
            "none of those that it names."
        ),
        help="add a ReferenceGrant in the namespace of the certificate",
        fails=manifest(*BASE, gateway(TLS)),
        passes=manifest(*BASE, gateway(TLS), grant("certificates", "Gateway", "shop", "Secret")),
    ),
)
