"""Objects of Calico: what is read, and what its CRDs and its API server refuse."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

V3, V1 = "projectcalico.org/v3", "crd.projectcalico.org/v1"


def made(kind: str, spec: Any, name: str = "p", version: str = V3, namespace: str = "shop") -> Document:
    meta = {"name": name} | ({"namespace": namespace} if kind in ("NetworkPolicy", "NetworkSet") else {})
    raw = {"apiVersion": version, "kind": kind, "metadata": meta}
    if spec is not None:
        raw["spec"] = spec
    return Document(place=None, api_version=version, kind=kind, namespace=meta.get("namespace", ""), name=name, raw=raw)


def rule(**fields: Any) -> dict[str, Any]:
    """A policy with one ingress rule."""
    return {"ingress": [{"action": "Allow"} | fields]}


def source(**fields: Any) -> dict[str, Any]:
    return rule(source=fields)


@pytest.mark.parametrize("version", [V3, V1])
def test_a_policy_is_read_from_both_groups_under_the_long_name_of_its_kind(version: str) -> None:
    found = decode(made("NetworkPolicy", {"order": 10, "selector": "app == 'web'"}, "default.web", version))
    assert isinstance(found, Decoded)
    assert (found.kind, found.namespace, found.name) == ("NetworkPolicy.projectcalico.org", "shop", "default.web")
    assert (found.value.spec.order, found.value.spec.tier_name) == (10.0, "default")


def test_one_that_is_refused_has_the_long_name_too() -> None:
    found = decode(made("NetworkPolicy", {"selector": "app ="}))
    assert isinstance(found, Invalid)
    assert found.kind == "NetworkPolicy.projectcalico.org"


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("GlobalNetworkPolicy", {"preDNAT": True, "applyOnForward": True, "ingress": [{"action": "Deny"}]}),
        ("GlobalNetworkPolicy", {"namespaceSelector": "team in {'red'}", "types": ["Ingress", "Egress"]}),
        ("NetworkPolicy", source(namespaceSelector="global()", selector="all()")),
        ("NetworkPolicy", source(services={"name": "db"})),
        ("NetworkPolicy", rule(protocol="TCP", destination={"ports": [80, "81:90", "http"]})),
        ("NetworkPolicy", rule(destination={"ports": ["http"]})),
        ("NetworkPolicy", rule(protocol="ICMP", icmp={"type": 8, "code": 0})),
        ("NetworkPolicy", rule(http={"methods": ["GET"], "paths": [{"prefix": "/a"}]})),
        ("NetworkSet", {"nets": ["10.0.0.0/8", "192.0.2.1"]}),
        ("GlobalNetworkSet", {"nets": []}),
        ("Tier", {"order": 5, "defaultAction": "Pass"}),
        ("Tier", {}),
        ("HostEndpoint", {"node": "n1", "interfaceName": "*"}),
        ("FelixConfiguration", {"defaultEndpointToHostAction": "ACCEPT", "somethingElse": True}),
        ("Profile", {"ingress": [{"action": "Allow"}], "labelsToApply": {"a": "b"}}),
        ("StagedGlobalNetworkPolicy", {"stagedAction": "Delete"}),
        ("StagedKubernetesNetworkPolicy", {"podSelector": {}, "policyTypes": ["Ingress"]}),
    ],
)
def test_what_calico_stores_is_read(kind: str, spec: dict[str, Any]) -> None:
    assert isinstance(decode(made(kind, spec)), Decoded)


REFUSED = [
    ("NetworkPolicy", None, ("spec",)),
    ("NetworkPolicy", {"selector": "app = 'web'"}, ("spec", "selector")),
    ("NetworkPolicy", {"selector": "app == web"}, ("spec", "selector")),
    ("NetworkPolicy", {"selector": "has(app"}, ("spec", "selector")),
    ("NetworkPolicy", {"selector": "app in {'a' 'b'}"}, ("spec", "selector")),
    ("NetworkPolicy", {"selector": "app == 'a' &&"}, ("spec", "selector")),
    ("NetworkPolicy", {"selector": "global()"}, ("spec", "selector")),
    ("NetworkPolicy", {"namespaceSelector": "all()"}, ("spec", "namespaceSelector")),
    ("NetworkPolicy", {"types": ["ingress"]}, ("spec", "types", 0)),
    ("NetworkPolicy", {"types": ["Egress", "Egress"]}, ("spec", "types", 1)),
    ("NetworkPolicy", {"types": []}, ("spec", "types")),
    ("NetworkPolicy", {"tier": "a.b"}, ("spec", "tier")),
    ("NetworkPolicy", {"order": "10"}, ("spec", "order")),
    ("NetworkPolicy", {"performanceHints": ["Fast"]}, ("spec", "performanceHints", 0)),
    ("NetworkPolicy", {"ingress": [{}]}, ("spec", "ingress", 0, "action")),
    ("NetworkPolicy", {"ingress": [{"action": "allow"}]}, ("spec", "ingress", 0, "action")),
    ("NetworkPolicy", rule(ipVersion=5), ("spec", "ingress", 0, "ipVersion")),
    ("NetworkPolicy", rule(protocol="tcp"), ("spec", "ingress", 0, "protocol")),
    ("NetworkPolicy", rule(protocol=0), ("spec", "ingress", 0, "protocol")),
    ("NetworkPolicy", rule(destination={"ports": [80]}), ("spec", "ingress", 0, "destination", "ports")),
    (
        "NetworkPolicy",
        rule(protocol="ICMP", destination={"ports": ["http"]}),
        ("spec", "ingress", 0, "destination", "ports"),
    ),
    (
        "NetworkPolicy",
        rule(protocol="TCP", destination={"ports": ["90:80"]}),
        ("spec", "ingress", 0, "destination", "ports", 0),
    ),
    (
        "NetworkPolicy",
        rule(protocol="TCP", destination={"ports": [70000]}),
        ("spec", "ingress", 0, "destination", "ports", 0),
    ),
    ("NetworkPolicy", rule(icmp={"type": 8}), ("spec", "ingress", 0, "icmp")),
    ("NetworkPolicy", rule(protocol="ICMP", icmp={"code": 0}), ("spec", "ingress", 0, "icmp", "code")),
    ("NetworkPolicy", rule(protocol="ICMP", icmp={"type": 255}), ("spec", "ingress", 0, "icmp", "type")),
    ("NetworkPolicy", rule(protocol="ICMP", ipVersion=6), ("spec", "ingress", 0, "ipVersion")),
    ("NetworkPolicy", source(nets=["10.0.0.1"]), ("spec", "ingress", 0, "source", "nets", 0)),
    ("NetworkPolicy", source(nets=["10.0.0.0/8", "fd00::/8"]), ("spec", "ingress", 0, "source", "nets", 1)),
    ("NetworkPolicy", source(notNets=["0.0.0.0/0"]), ("spec", "ingress", 0, "source", "notNets", 0)),
    ("NetworkPolicy", rule(ipVersion=4, source={"nets": ["fd00::/8"]}), ("spec", "ingress", 0, "source", "nets", 0)),
    ("NetworkPolicy", source(selector="global()"), ("spec", "ingress", 0, "source", "selector")),
    (
        "NetworkPolicy",
        source(namespaceSelector="global() || has(a)"),
        ("spec", "ingress", 0, "source", "namespaceSelector"),
    ),
    ("NetworkPolicy", source(services={}), ("spec", "ingress", 0, "source", "services", "name")),
    (
        "NetworkPolicy",
        source(services={"name": "a"}, selector="a == 'b'"),
        ("spec", "ingress", 0, "source", "services"),
    ),
    (
        "NetworkPolicy",
        rule(destination={"services": {"name": "a"}}),
        ("spec", "ingress", 0, "destination", "services"),
    ),
    (
        "GlobalNetworkPolicy",
        source(services={"name": "a"}),
        ("spec", "ingress", 0, "source", "services", "namespace"),
    ),
    ("NetworkPolicy", {"ingress": [{"action": "Deny", "http": {}}]}, ("spec", "ingress", 0, "http")),
    ("NetworkPolicy", {"egress": [{"action": "Allow", "http": {}}]}, ("spec", "egress", 0, "http")),
    ("NetworkPolicy", rule(protocol="UDP", http={}), ("spec", "ingress", 0, "http")),
    ("NetworkPolicy", rule(http={"paths": [{}]}), ("spec", "ingress", 0, "http", "paths", 0)),
    ("NetworkPolicy", rule(destination={"domains": ["a.example"]}), ("spec", "ingress", 0, "destination", "domains")),
    ("GlobalNetworkPolicy", {"preDNAT": True, "doNotTrack": True, "applyOnForward": True}, ("spec", "preDNAT")),
    ("GlobalNetworkPolicy", {"preDNAT": True}, ("spec", "preDNAT")),
    (
        "GlobalNetworkPolicy",
        {"preDNAT": True, "applyOnForward": True, "egress": [{"action": "Deny"}]},
        ("spec", "egress"),
    ),
    ("StagedNetworkPolicy", {"stagedAction": "Remove"}, ("spec", "stagedAction")),
    ("StagedGlobalNetworkPolicy", {"stagedAction": "Delete", "selector": "a == 'b'"}, ("spec", "selector")),
    ("Tier", {"defaultAction": "Allow"}, ("spec", "defaultAction")),
    ("NetworkSet", {"nets": ["10.0.0.0/33"]}, ("spec", "nets", 0)),
    ("HostEndpoint", {"interfaceName": "eth0"}, ("spec", "node")),
    ("HostEndpoint", {"node": "n"}, ("spec", "interfaceName")),
    ("HostEndpoint", {"node": "n", "expectedIPs": ["1.2.3"]}, ("spec", "expectedIPs", 0)),
    ("FelixConfiguration", {"defaultEndpointToHostAction": "Reject"}, ("spec", "defaultEndpointToHostAction")),
]


@pytest.mark.parametrize(("kind", "spec", "pointer"), REFUSED)
def test_what_calico_refuses_is_refused_where_it_stands(kind: str, spec: Any, pointer: tuple[str | int, ...]) -> None:
    found = decode(made(kind, spec))
    assert isinstance(found, Invalid)
    assert found.pointer == pointer
    assert found.message
    assert found.help


@pytest.mark.parametrize(
    ("kind", "name", "spec"),
    [
        ("NetworkPolicy", "a.b.c", {}),
        ("GlobalNetworkPolicy", "a.b.c", {}),
        ("Tier", "a.b", {}),
        ("Tier", "default", {"order": 5}),
        ("Tier", "kube-admin", {"order": 1000}),
    ],
)
def test_names_say_their_tier(kind: str, name: str, spec: Any) -> None:
    assert isinstance(decode(made(kind, spec, name)), Invalid)


def test_the_place_in_a_selector_is_told() -> None:
    found = decode(made("NetworkPolicy", {"selector": "app == 'web' && role = 'x'"}))
    assert isinstance(found, Invalid)
    assert "at character 22" in found.message
