"""What `explain` says of kinds of the Gateway API, of OpenShift's Route and of OVN-Kubernetes.

Facts follow the Gateway API's types at 4564255ac2c3, `openshift/api` (`route/v1`), and
`go-controller/pkg/ovn/egressfirewall.go` of OVN-Kubernetes.
"""

from __future__ import annotations

from typing import Final

_GATEWAY: Final = "gateway.networking.k8s.io"
_ROUTE: Final = "route.openshift.io"
_OVN: Final = "k8s.ovn.org"

GATEWAY_NOTES: Final[dict[tuple[str, str], str]] = {
    (_GATEWAY, "Gateway"): (
        "Listeners: a port, a protocol and a host name each, at which routes attach. A route that attaches is a way in "
        "of `show exposed`; the connection from outside ends at the gateway's data plane, which begins another one to "
        "the backend."
    ),
    (_GATEWAY, "GatewayClass"): "Which controller serves the Gateways that name it.",
    (_GATEWAY, "HTTPRoute"): (
        "Hosts, paths and headers, and the backends behind them. It attaches to HTTP and HTTPS listeners of the "
        "Gateways in `parentRefs`, where these admit it."
    ),
    (_GATEWAY, "GRPCRoute"): (
        "Services and methods of gRPC, and the backends behind them. It attaches to HTTP and HTTPS listeners."
    ),
    (_GATEWAY, "TLSRoute"): "Backends by the name that TLS asks for (SNI). It attaches to TLS listeners.",
    (_GATEWAY, "TCPRoute"): "Backends of all connections to a port. It attaches to TCP listeners.",
    (_GATEWAY, "UDPRoute"): "Backends of all packets to a port. It attaches to UDP listeners.",
    (_GATEWAY, "ReferenceGrant"): (
        "Lets objects of other namespaces name Services or Secrets of its own: routes their backends, listeners their "
        "certificates. It gives nothing else, and stands where the target stands."
    ),
    (_ROUTE, "Route"): (
        "A host name, a path and the Services behind it, served by OpenShift's router. It is a way in of `show "
        "exposed`: the router's pods begin the connection to the backend's pods."
    ),
    (_OVN, "EgressFirewall"): (
        "What pods of its namespace may reach outside the cluster, read in order, beside NetworkPolicies. One in the "
        "input tells the profile `ovn-kubernetes`; under another profile what it may take away is undecided."
    ),
    (_OVN, "EgressIP"): (
        "The address that outside sees in packets of the selected pods. It is read and checked, and changes no verdict."
    ),
    (_OVN, "EgressQoS"): (
        "The DSCP mark of what pods of its namespace send outside. It is read and checked, and changes no verdict."
    ),
}

GATEWAY_RULES_OF_THUMB: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (_GATEWAY, "Gateway"): (
        "Routes of its own namespace only, unless a listener's `allowedRoutes.namespaces.from` says `All` or "
        "`Selector`.",
        "Of listeners that cannot be told apart (one port, protocol and host name, or TCP on the port of HTTP) none is "
        "accepted.",
        "A listener's certificate in another namespace needs a ReferenceGrant there.",
        "Policies of a backend see the gateway's data plane, not the client: admit it, not the internet.",
    ),
    (_GATEWAY, "HTTPRoute"): (
        "Where listener and route both have host names, one in common is needed: `*.shop.example` has `a.shop.example` "
        "in common, and not `shop.example`.",
        "A parent without `sectionName` and `port` means every listener of the Gateway that admits the route.",
        "A backend in another namespace needs a ReferenceGrant there, else requests get status 500.",
        "`port` of a backend is the Service's; its policies see the targetPort.",
        "A backend of weight 0 gets no requests. A mirror gets a copy of each, and policies must admit it too.",
    ),
    (_GATEWAY, "ReferenceGrant"): (
        "`from` names a kind and a namespace, `to` a kind and, if it is written, one object.",
        "Which routes a Gateway admits is none of its concern: that is `allowedRoutes`.",
    ),
    (_ROUTE, "Route"): (
        "`port.targetPort` is a port of the endpoints by number, or a port of the Service by name; without it every "
        "port of the Service may be meant.",
        "It names Services of its own namespace only. With `alternateBackends` each gets its weight's share, at "
        "weight 0 none.",
        "Of two Routes with the same host and path the older one has it, and a host is the namespace's that has the "
        "oldest Route with it, unless the router says otherwise.",
        "Policies of the backend's pods see the router, not the client.",
    ),
    (_OVN, "EgressFirewall"): (
        "The first rule that matches decides; what none matches is allowed.",
        "It is only about what leaves the cluster: addresses of the pod network are never its concern, those of nodes "
        "and of the API server are.",
        "NetworkPolicies and it must both permit.",
        "There is one for each namespace, called `default`; another name is refused.",
        "One rule that cannot be read voids the whole firewall: nothing is denied.",
        "Without `ports` a rule is for every protocol.",
        "What `dnsName` stands for is not in the input: such a rule leaves open what it might decide.",
    ),
}
