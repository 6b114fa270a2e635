"""The Gateway API's kinds and OpenShift's Route: what is taken, what is refused and where.

The verdicts are those of the CRDs of the Gateway API at 4564255ac2c3 and of OpenShift's `ValidateRoute`.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place, dotted
from netwright.dialects.gateway.objects import BackendRef, HTTPRoute, ParentReference, rules_of
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]
GROUP = "gateway.networking.k8s.io"


def decode(kind: str, spec: Tree, version: str = f"{GROUP}/v1", **meta: Any) -> Decoded | Invalid:
    metadata = {"name": "x", **meta}
    raw = {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=version, kind=kind, namespace="", name="x", raw=raw)
    )


def kept(kind: str, spec: Tree, version: str = f"{GROUP}/v1") -> Any:
    found = decode(kind, spec, version)
    assert isinstance(found, Decoded), found
    return found.value


def refused(kind: str, spec: Tree, version: str = f"{GROUP}/v1") -> str:
    found = decode(kind, spec, version)
    assert isinstance(found, Invalid), found
    return dotted(found.pointer)


def gateway(*listeners: Tree) -> Tree:
    return {"gatewayClassName": "any", "listeners": list(listeners)}


def listener(**fields: Any) -> Tree:
    return {"name": "http", "protocol": "HTTP", "port": 80, **fields}


def http(**rule: Any) -> Tree:
    return {"parentRefs": [{"name": "g"}], "rules": [rule]}


def match(**fields: Any) -> Tree:
    return http(matches=[fields], backendRefs=[{"name": "s", "port": 80}])


def test_what_is_left_out_stays_so() -> None:
    route = kept("HTTPRoute", http(backendRefs=[{"name": "s", "port": 80}]))
    assert isinstance(route, HTTPRoute)
    assert route.spec is not None
    (parent,) = route.spec.parent_refs or ()
    assert parent == ParentReference(name="g")
    assert parent.is_gateway
    assert not parent.is_service
    (ref,) = rules_of(route)[0].backend_refs or ()
    assert ref == BackendRef(name="s", port=80)
    assert ref.is_service


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        *[(kind, "v1beta1") for kind in ("Gateway", "HTTPRoute", "ReferenceGrant")],
        *[(kind, "v1alpha2") for kind in ("GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")],
        ("TLSRoute", "v1alpha3"),
    ],
)
def test_versions_that_are_served_beside_v1(kind: str, version: str) -> None:
    backends = {"rules": [{"backendRefs": [{"name": "s", "port": 1}]}]}
    spec: Tree = {
        "Gateway": gateway(listener()),
        "TLSRoute": {"hostnames": ["a.b"], **backends},
        "ReferenceGrant": {
            "from": [{"group": GROUP, "kind": "HTTPRoute", "namespace": "a"}],
            "to": [{"group": "", "kind": "Service"}],
        },
    }.get(kind, backends)
    kept(kind, spec, f"{GROUP}/{version}")
    assert refused(kind, spec, f"{GROUP}/v0") == "apiVersion"


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"listeners": [listener()]}, "spec.gatewayClassName"),
        (gateway(), "spec.listeners"),
        (gateway(listener(name="A")), "spec.listeners[0].name"),
        (gateway(listener(port=0)), "spec.listeners[0].port"),
        (gateway(listener(hostname="a.*.b")), "spec.listeners[0].hostname"),
        (gateway(listener(protocol="TCP", hostname="a.b")), "spec.listeners[0].hostname"),
        (gateway(listener(tls={"mode": "Passthrough"})), "spec.listeners[0].tls"),
        (gateway(listener(protocol="TLS")), "spec.listeners[0].tls"),
        (gateway(listener(protocol="HTTPS", tls={"mode": "Passthrough"})), "spec.listeners[0].tls.mode"),
        (gateway(listener(protocol="HTTPS", tls={})), "spec.listeners[0].tls"),
        (gateway(listener(), listener(port=81)), "spec.listeners[1].name"),
        (gateway(listener(), listener(name="other")), "spec.listeners[1]"),
        (
            gateway(listener(allowedRoutes={"namespaces": {"from": "None"}})),
            "spec.listeners[0].allowedRoutes.namespaces.from",
        ),
        (gateway(listener(host="a.b")), "spec.listeners[0].host"),
    ],
)
def test_a_gateway_that_is_refused(spec: Tree, where: str) -> None:
    assert refused("Gateway", spec) == where


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({"rules": []}, "spec.rules"),
        ({"hostnames": ["A.b"]}, "spec.hostnames[0]"),
        ({"hostname": "a.b"}, "spec.hostname"),
        ({"parentRefs": [{"name": "g"}, {"name": "g", "sectionName": "a"}]}, "spec.parentRefs[1]"),
        ({"parentRefs": [{"name": "g", "port": 1}, {"name": "g", "port": 1}]}, "spec.parentRefs[1]"),
        (http(backendRefs=[{"name": "s"}]), "spec.rules[0].backendRefs[0].port"),
        (http(backendRefs=[{"name": "s", "port": 80, "weight": -1}]), "spec.rules[0].backendRefs[0].weight"),
        (match(path={"value": "login"}), "spec.rules[0].matches[0].path.value"),
        (match(path={"value": "/a//b"}), "spec.rules[0].matches[0].path.value"),
        (match(path={"type": "Prefix", "value": "/"}), "spec.rules[0].matches[0].path.type"),
        (match(method="get"), "spec.rules[0].matches[0].method"),
        (match(headers=[{"name": "a b", "value": "c"}]), "spec.rules[0].matches[0].headers[0].name"),
        (match(headers=[{"name": "a", "value": "c"}] * 2), "spec.rules[0].matches[0].headers[1].name"),
        (http(filters=[{"type": "Redirect"}]), "spec.rules[0].filters[0].type"),
        (http(filters=[{"type": "RequestMirror"}]), "spec.rules[0].filters[0].requestMirror"),
        (
            http(filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "s"}}}]),
            "spec.rules[0].filters[0].requestMirror.backendRef.port",
        ),
        (
            http(
                filters=[{"type": "RequestRedirect", "requestRedirect": {"scheme": "https"}}],
                backendRefs=[{"name": "s", "port": 80}],
            ),
            "spec.rules[0]",
        ),
    ],
)
def test_an_http_route_that_is_refused(spec: Tree, where: str) -> None:
    assert refused("HTTPRoute", spec) == where


def test_other_routes_that_are_refused() -> None:
    one = {"backendRefs": [{"name": "s", "port": 1}]}
    assert refused("TCPRoute", {"rules": []}) == "spec.rules"
    assert refused("TCPRoute", {"rules": [{}]}) == "spec.rules[0].backendRefs"
    assert refused("UDPRoute", {"rules": [one, one]}) == "spec.rules"
    kept("UDPRoute", {"rules": [one, one]}, f"{GROUP}/v1alpha2")
    assert refused("TLSRoute", {"rules": [one]}) == "spec.hostnames"
    assert refused("TLSRoute", {"rules": [one], "hostnames": ["10.0.0.1"]}) == "spec.hostnames[0]"
    asked = {"rules": [{"matches": [{"method": {"service": "a-b"}}]}]}
    assert refused("GRPCRoute", asked) == "spec.rules[0].matches[0].method.service"
    assert refused("GRPCRoute", {"rules": [{"matches": [{"method": {}}]}]}) == "spec.rules[0].matches[0].method"


def test_grants_and_classes() -> None:
    to = [{"group": "", "kind": "Service"}]
    from_ = [{"group": GROUP, "kind": "HTTPRoute", "namespace": "a"}]
    assert kept("ReferenceGrant", {"from": from_, "to": to}).spec.to[0].name is None
    assert refused("ReferenceGrant", {"from": from_, "to": []}) == "spec.to"
    assert refused("ReferenceGrant", {"from": [{"group": GROUP, "kind": "HTTPRoute"}], "to": to}) == (
        "spec.from[0].namespace"
    )
    assert refused("ReferenceGrant", {"from": from_, "to": [{"kind": "Service"}]}) == "spec.to[0].group"
    found = decode("GatewayClass", {"controllerName": "example.org/gateways"})
    assert isinstance(found, Decoded)
    assert found.namespace == ""
    assert refused("GatewayClass", {"controllerName": "gateways"}) == "spec.controllerName"


ROUTE = "route.openshift.io/v1"


def test_a_route_of_openshift_with_all_that_the_router_reads() -> None:
    spec = {
        "host": "a.example.com",
        "path": "/x",
        "to": {"kind": "Service", "name": "a", "weight": 0},
        "alternateBackends": [{"kind": "Service", "name": "b"}],
        "port": {"targetPort": 8080},
        "tls": {"termination": "edge", "insecureEdgeTerminationPolicy": "Redirect"},
        "wildcardPolicy": "None",
    }
    found = kept("Route", spec, ROUTE)
    assert (found.spec.to.weight, found.spec.alternate_backends[0].weight) == (0, None)
    assert found.spec.port.target_port == 8080


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        ({}, "spec.to.name"),
        ({"to": {"name": "a", "kind": "Pod"}}, "spec.to.kind"),
        ({"to": {"name": "a", "weight": 257}}, "spec.to.weight"),
        ({"to": {"name": "a"}, "host": "A_b"}, "spec.host"),
        ({"to": {"name": "a"}, "path": "x"}, "spec.path"),
        ({"to": {"name": "a"}, "alternateBackends": [{"name": "b"}] * 4}, "spec.alternateBackends"),
        ({"to": {"name": "a"}, "port": {}}, "spec.port.targetPort"),
        ({"to": {"name": "a"}, "port": {"targetPort": 70000}}, "spec.port.targetPort"),
        ({"to": {"name": "a"}, "wildcardPolicy": "All"}, "spec.wildcardPolicy"),
        ({"to": {"name": "a"}, "wildcardPolicy": "Subdomain"}, "spec.host"),
        ({"to": {"name": "a"}, "tls": {}}, "spec.tls.termination"),
        ({"to": {"name": "a"}, "path": "/x", "tls": {"termination": "passthrough"}}, "spec.path"),
        (
            {"to": {"name": "a"}, "tls": {"termination": "passthrough", "insecureEdgeTerminationPolicy": "Allow"}},
            "spec.tls.insecureEdgeTerminationPolicy",
        ),
    ],
)
def test_a_route_of_openshift_that_is_refused(spec: Tree, where: str) -> None:
    assert refused("Route", spec, ROUTE) == where
