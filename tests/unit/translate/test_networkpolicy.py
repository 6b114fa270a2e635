"""CiliumNetworkPolicies as NetworkPolicies: what is written, what stays and why."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.questions.convert import Converted
from tests.laws.test_reach import twin
from tests.unit.translate.test_clusternetworkpolicy import CLUSTER

Object = dict[str, Any]


def cilium(name: str, *specs: Object) -> Object:
    rules: Object = {"spec": specs[0]} if len(specs) == 1 else {"specs": list(specs)}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        **rules,
    }


def convert(*policies: Object) -> Converted:
    return twin([*CLUSTER, *policies], ()).convert("networkpolicy")


def rule(**more: Any) -> Object:
    return {"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, **more}


def ports(*entries: Object) -> Object:
    return {"toPorts": [{"ports": list(entries)}]}


def test_what_can_be_said_is_written() -> None:
    peers = [
        {"matchLabels": {"app": "api"}},
        {"matchLabels": {"k8s:io.kubernetes.pod.namespace": "bank", "any:app": "db"}},
        {"matchExpressions": [{"key": "io.cilium.k8s.namespace.labels.team", "operator": "In", "values": ["red"]}]},
    ]
    found = convert(
        cilium(
            "web",
            rule(
                ingress=[
                    {"fromEndpoints": peers, **ports({"port": "80", "protocol": "TCP"}, {"port": "53", "endPort": 60})},
                    {},
                ],
                egress=[
                    {"toCIDR": ["203.0.113.7/32", "2001:db8::1/128"]},
                    {"toCIDRSet": [{"cidr": "198.51.100.0/24", "except": ["198.51.100.7/32"]}]},
                    ports({"port": "SQL", "protocol": "TCP"}, {"port": "0", "protocol": "UDP"}),
                ],
            ),
        )
    )
    (made,) = found.objects
    every = [{"protocol": name, "port": 53, "endPort": 60} for name in ("TCP", "UDP", "SCTP")]
    assert made.object == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "web"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {"podSelector": {"matchLabels": {"app": "api"}}},
                        {
                            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "bank"}},
                            "podSelector": {"matchLabels": {"app": "db"}},
                        },
                        {
                            "namespaceSelector": {
                                "matchExpressions": [{"key": "team", "operator": "In", "values": ["red"]}]
                            },
                            "podSelector": {},
                        },
                    ],
                    "ports": [{"protocol": "TCP", "port": 80}, *every],
                }
            ],
            "egress": [
                {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}, {"ipBlock": {"cidr": "2001:db8::1/128"}}]},
                {"to": [{"ipBlock": {"cidr": "198.51.100.0/24", "except": ["198.51.100.7/32"]}}]},
                {"ports": [{"protocol": "TCP", "port": "sql"}, {"protocol": "UDP"}]},
            ],
        },
    }
    assert (found.proof, found.profile, found.answer, found.converted) == ("this cluster", "cilium", 0, 5)
    assert found.left_alone == ()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (rule(ingressDeny=[{"fromEndpoints": [{}]}]), "denies"),
        (rule(ingress=[{"fromEntities": ["world"]}]), "`fromEntities`"),
        (rule(egress=[{"toFQDNs": [{"matchName": "example.com"}]}]), "`toFQDNs`"),
        (rule(egress=[{"toServices": [{"k8sService": {"serviceName": "x", "namespace": "y"}}]}]), "`toServices`"),
        (rule(ingress=[{"icmps": [{"fields": [{"type": 8}]}]}]), "`icmps`"),
        (rule(ingress=[{"fromEndpoints": [{"matchLabels": {"container:x": "y"}}]}]), "`container`"),
        (rule(ingress=[ports({"port": "http", "endPort": 90, "protocol": "TCP"})]), "`endPort`"),
        (rule(ingress=[{"fromCIDRSet": [{"cidrGroupRef": "g"}]}]), "groups of ranges"),
        (rule(ingress=[{"fromEndpoints": [{}]}], enableDefaultDeny={"ingress": False}), "enableDefaultDeny.ingress"),
        (
            rule(ingress=[{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{}]}}]}]),
            "toPorts.rules",
        ),
    ],
)
def test_what_cannot_be_said_keeps_the_policy(spec: Object, told: str) -> None:
    found = convert(cilium("web", spec), cilium("other", rule(ingress=[{"fromEndpoints": [{}]}])))
    assert [one.made_of for one in found.objects] == ["CiliumNetworkPolicy shop/other"]
    (residue,) = found.residues
    assert told in residue.told
    assert "CiliumNetworkPolicy `shop/web`" in residue.told
    assert (found.proof, found.answer, found.converted, found.refused) == ("this cluster", 1, 1, 1)
    assert [(one.kind, one.count) for one in found.left_alone] == [("CiliumNetworkPolicy", 1)]


def test_a_label_that_is_spelled_in_two_ways() -> None:
    both = {"matchLabels": {"app": "web", "k8s:app": "api", "k8s:io.kubernetes.pod.namespace": "elsewhere"}}
    found = convert(cilium("none", {"endpointSelector": both, "ingress": [{"fromEndpoints": [{}]}]}))
    assert found.objects[0].object["spec"]["podSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}],
    }
    assert (found.proof, found.turned) == ("this cluster", ())


def test_several_rules_and_names_that_are_taken() -> None:
    held = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "one", "namespace": "shop"},
        "spec": {"podSelector": {}},
    }
    allow = rule(ingress=[{"fromEndpoints": [{}]}])
    found = convert(cilium("one", allow), cilium("two", allow, rule(egress=[{}])), held)
    assert [one.object["metadata"]["name"] for one in found.objects] == ["one-cilium", "two-1", "two-2"]
    assert found.objects[2].object["spec"]["policyTypes"] == ["Egress"]
    assert found.proof == "this cluster"
    assert [f.path for f in found.rules] == ["spec.ingress[0]", "specs[0].ingress[0]", "specs[1].egress[0]"]
