"""Policies of Cilium as those of Kubernetes: what is written, dropped, said by more, or stays, and why."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest

from netwright.questions.convert import Converted
from tests.laws.test_reach import twin
from tests.unit.translate.test_clusternetworkpolicy import CLUSTER, held
from tests.unit.translate.test_clusternetworkpolicy import rule as admin_rule

Object = dict[str, Any]
Language = Literal["networkpolicy", "networkpolicy+clusternetworkpolicy"]
Residue = Literal["keep", "narrow", "widen"]
BOTH: Language = "networkpolicy+clusternetworkpolicy"


def cilium(name: str, *specs: Object, namespace: str = "shop") -> Object:
    rules: Object = {"spec": specs[0]} if len(specs) == 1 else {"specs": list(specs)}
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = "CiliumNetworkPolicy" if namespace else "CiliumClusterwideNetworkPolicy"
    return {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": meta, **rules}


def convert(*policies: Object, to: Language = BOTH, cni: str = "cilium", residue: Residue | None = None) -> Converted:
    return twin([*CLUSTER, *policies], (), cni).convert(to, residue=residue)


def rule(**more: Any) -> Object:
    return {"endpointSelector": {"matchLabels": {"k8s:app": "web"}}, **more}


def ports(*entries: Object) -> Object:
    return {"toPorts": [{"ports": list(entries)}]}


def specs(found: Converted, kind: str) -> list[Object]:
    return [one.object["spec"] for one in found.objects if one.object["kind"] == kind]


def kinds(found: Converted) -> list[str]:
    return [one.object["kind"] for one in found.objects]


API = {"fromEndpoints": [{"matchLabels": {"app": "api"}}]}
RANGES_MATCH_PODS = "cilium:policy-cidr-match-mode=pods"
EVERYBODY = {"fromEntities": ["all"]}


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
                            }
                        },
                    ],
                    "ports": [every[0], {"protocol": "TCP", "port": 80}, *every[1:]],
                }
            ],
            "egress": [
                {"to": [{"ipBlock": {"cidr": "203.0.113.7/32"}}, {"ipBlock": {"cidr": "2001:db8::1/128"}}]},
                {"to": [{"ipBlock": {"cidr": "198.51.100.0/24", "except": ["198.51.100.7/32"]}}]},
                {"ports": [{"protocol": "UDP"}, {"protocol": "TCP", "port": "sql"}]},
            ],
        },
    }
    assert (found.proof, found.profile, found.target, found.answer) == ("every cluster", "cilium", "cilium", 0)
    assert (found.converted, found.with_residue, found.refused) == (5, 0, 0)
    assert found.replaced == ("CiliumNetworkPolicy shop/web",)
    assert found.left_alone == ()


def test_a_denial_is_an_admin_policy_behind_those_that_are_there() -> None:
    denies = rule(
        ingress=[EVERYBODY],
        ingressDeny=[API | ports({"port": "80"})],
        egressDeny=[{"toCIDR": ["203.0.113.0/24"]}],
        enableDefaultDeny={"egress": False},
    )
    found = convert(cilium("web", denies), held("first", "Admin", 400, ingress=[admin_rule("Accept")]))
    (policy,) = specs(found, "NetworkPolicy")
    assert policy == {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress"], "ingress": [{}]}
    (made,) = specs(found, "ClusterNetworkPolicy")
    assert (made["tier"], made["priority"]) == ("Admin", 401)
    home = {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}
    assert made["subject"] == {"pods": {"namespaceSelector": home, "podSelector": {"matchLabels": {"app": "web"}}}}
    numbers = [{name: {"destinationPort": {"number": 80}}} for name in ("tcp", "udp", "sctp")]
    peer = {"pods": {"namespaceSelector": home, "podSelector": {"matchLabels": {"app": "api"}}}}
    assert made["ingress"] == [{"action": "Deny", "from": [peer], "protocols": numbers}]
    assert made["egress"] == [{"action": "Deny", "to": [{"networks": ["203.0.113.0/24"]}]}]
    assert (found.proof, found.converted, found.refused) == ("every cluster", 3, 0)


def test_what_allows_without_isolating_is_in_the_baseline() -> None:
    isolating = cilium("all", {"endpointSelector": {}, "ingress": [{}]})
    opening = cilium("open", rule(ingress=[API], enableDefaultDeny={"ingress": False}))
    found = convert(isolating, opening)
    assert kinds(found) == ["NetworkPolicy", "ClusterNetworkPolicy"]
    assert [(s["tier"], s["ingress"][0]["action"]) for s in specs(found, "ClusterNetworkPolicy")] == [
        ("Baseline", "Accept")
    ]
    assert (found.proof, found.converted) == ("every cluster", 2)
    alone = convert(opening, to="networkpolicy")
    assert alone.objects == ()
    assert [r.kind for r in alone.residues] == ["decides nothing"]


def test_a_policy_for_the_cluster_is_one_in_each_namespace() -> None:
    everywhere = {"endpointSelector": {"matchLabels": {"k8s:io.cilium.k8s.namespace.labels.team": "red"}}}
    found = convert(cilium("red", everywhere | {"ingress": [API], "ingressDeny": [{}, API]}, namespace=""))
    assert [one.object["metadata"].get("namespace") for one in found.objects] == ["shop", None]
    (admin,) = specs(found, "ClusterNetworkPolicy")
    assert admin["subject"]["pods"]["namespaceSelector"] == {"matchLabels": {"team": "red"}}
    assert admin["ingress"][0]["from"][0]["pods"]["namespaceSelector"] == {}
    assert {r.kind for r in found.residues} == {"written out"}
    assert found.proof == "this cluster"


def http(**more: Any) -> Object:
    return {"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [more]}}]}


SNI = {"ports": [{"port": "443", "protocol": "TCP"}], "serverNames": ["example.com"]}
PING = {"icmps": [{"fields": [{"type": 8}]}]}
STAYS: list[tuple[Object, str, list[str]]] = [
    (rule(ingress=[API | PING]), "ICMP", ["narrow: left out", "widen: every service, not only ICMP type 8"]),
    (rule(egress=[PING]), "ICMP", ["narrow: left out", "widen: every service, not only ICMP type 8"]),
    (
        rule(ingress=[EVERYBODY], ingressDeny=[API | PING]),
        "ICMP",
        ["widen: left out", "narrow: every service, not only ICMP"],
    ),
    (
        rule(egress=[{"toFQDNs": [{"matchName": "example.com"}], **ports({"port": "443", "protocol": "TCP"})}]),
        "domains",
        ["narrow: left out", "widen: whoever is outside the cluster on TCP 443, not only `example.com`"],
    ),
    (
        rule(ingress=[{"fromEntities": ["kube-apiserver"]}]),
        "kube-apiserver",
        ["narrow: left out", "widen: everybody, not only `kube-apiserver`"],
    ),
    (
        rule(egress=[{"toEntities": ["remote-node"]}]),
        "remote-node",
        ["narrow: left out", "widen: everybody, not only `remote-node`"],
    ),
    (
        rule(ingress=[EVERYBODY], ingressDeny=[{"fromEntities": ["world"]}]),
        "addresses at an ingress",
        ["widen: left out"],
    ),
    (
        rule(ingress=[API | {"authentication": {"mode": "required"}}]),
        "authentication",
        ["narrow: left out", "widen: without authentication"],
    ),
    (
        rule(ingress=[API | http(method="GET", path="/public")]),
        "toPorts.rules",
        ["narrow: left out", "widen: whatever is asked on TCP 80, not only requests GET /public"],
    ),
    (
        rule(egress=[{"toCIDR": ["203.0.113.0/24"], "toPorts": [SNI]}]),
        "toPorts.serverNames",
        ["narrow: left out", "widen: whatever is asked on TCP 443, not only TLS to `example.com`"],
    ),
]


@pytest.mark.parametrize(("spec", "told", "choices"), STAYS)
def test_what_cannot_be_said_stays_with_its_choices(spec: Object, told: str, choices: list[str]) -> None:
    policies = cilium("web", spec), cilium("other", rule(egress=[{"toEndpoints": [{}]}]))
    found = convert(*policies)
    assert found.proof in ("this cluster", "every cluster")
    (residue,) = [r for r in found.residues if r.chosen == "keep"]
    assert told in residue.told
    assert "CiliumNetworkPolicy `shop/web`" in residue.told
    told = [f"{one.direction}: {one.told}" for one in residue.choices]
    assert all(one.startswith(want) for one, want in zip(told, choices, strict=True))
    assert all(choice.turned for choice in residue.choices)
    stays = {rule.path: rule.stays for rule in found.rules if rule.policy.endswith("web")}
    assert [stays[name.rsplit(" ", 1)[-1]] for name in residue.rules] == ["whole"]
    assert (found.refused, found.still, found.answer) == (0, ("CiliumNetworkPolicy shop/web",), 4)
    assert convert(*policies, residue="keep").answer == 0


@pytest.mark.parametrize("chosen", ["narrow", "widen"])
@pytest.mark.parametrize(("spec", "told", "choices"), STAYS)
def test_a_choice_does_what_it_says(spec: Object, told: str, choices: list[str], chosen: Residue) -> None:
    """All that differs is what the choice said, and nothing of Cilium is needed; where a way is missing it stays."""
    policies = cilium("web", spec), cilium("other", rule(egress=[{"toEndpoints": [{}]}]))
    (was,) = [r for r in convert(*policies).residues if r.chosen == "keep"]
    found = convert(*policies, residue=chosen)
    (residue,) = [r for r in found.residues if r.chosen]
    ways = [choice for choice in was.choices if choice.direction == chosen]
    if not ways:
        assert (residue.chosen, found.still) == ("keep", ("CiliumNetworkPolicy shop/web",))
        return
    assert (residue.chosen, found.still) == (chosen, ())
    assert (found.proof, found.answer) == ("narrower" if chosen == "narrow" else "wider", 1)
    assert found.turned == ways[0].turned
    assert all(one.closes and not one.opens if chosen == "narrow" else one.opens for one in found.turned)


def test_a_way_that_opens_what_it_was_meant_to_close_is_not_gone() -> None:
    """What is asked of whoever comes to a port is asked of those too whom another rule allows everything: without it
    they reach the port whatever they ask."""
    policies = cilium("web", rule(egress=[{"toPorts": [SNI]}])), cilium("other", rule(egress=[{"toEndpoints": [{}]}]))
    (residue,) = convert(*policies).residues
    assert (residue.choices[0].direction, residue.choices[0].told) == ("", "left out")
    assert {(one.opens, one.closes) for one in residue.choices[0].turned} == {(True, False), (False, True)}
    narrowed = convert(*policies, residue="narrow")
    assert (narrowed.still, narrowed.proof) == (("CiliumNetworkPolicy shop/web",), "every cluster")
    assert convert(*policies, residue="widen").proof == "wider"


def test_a_denial_of_addresses_that_nothing_allows_is_not_needed() -> None:
    found = convert(cilium("web", rule(ingress=[{}], ingressDeny=[{"fromEntities": ["world"]}])))
    assert (found.still, found.refused) == ((), 0)


def test_what_is_for_nodes_or_for_no_pod_is_there_or_left_out() -> None:
    """What leaving it out opens at nodes is told. Cilium's own health endpoint is no end of a network."""
    node = {"nodeSelector": {}, "ingress": [{"fromEntities": ["cluster"]}]}
    health = {"endpointSelector": {"matchLabels": {"reserved:health": ""}}, "ingress": [{"fromEntities": ["world"]}]}
    policies = cilium("host", node, namespace=""), cilium("health", health, namespace="")
    found = convert(*policies)
    assert {r.told.rsplit("` ", 1)[-1]: [bool(c.turned) for c in r.choices] for r in found.residues} == {
        "selects nodes": [True],
        "is for what is no pod": [False],
    }
    opened = [turned for residue in found.residues for choice in residue.choices for turned in choice.turned]
    assert all("node/" in one.source + one.destination and not one.closes for one in opened)
    assert (found.answer, found.refused, [f.stays for f in found.rules]) == (4, 0, ["whole", "whole"])
    widened = convert(*policies, residue="widen")
    assert (widened.still, widened.proof, widened.objects) == ((), "wider", ())


def test_an_entry_is_cut() -> None:
    """What of it can be said is; the rest stays in a policy of the same name, and nothing moves."""
    mixed = {"toEntities": ["cluster"], **ports({"port": "443", "protocol": "TCP"})}
    found = convert(cilium("web", rule(egress=[mixed])))
    assert kinds(found) == ["NetworkPolicy", "CiliumNetworkPolicy"]
    (left,) = specs(found, "CiliumNetworkPolicy")
    assert left["egress"] == [
        {"toEntities": ["host", "remote-node"], "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]}
    ]
    assert (found.proof, found.with_residue, found.refused) == ("every cluster", 1, 0)
    assert found.replaced == ("CiliumNetworkPolicy shop/web",)
    (residue,) = found.residues
    wider = "everybody on TCP 443, not only `host` and `remote-node`"
    assert [(one.direction, one.told) for one in residue.choices] == [("narrow", "left out"), ("widen", wider)]
    assert [(t.source, t.destination) for t in residue.choices[0].turned] == [("pod/shop/web", "node/made-up-node")]


def test_addresses_that_an_ingress_denies_are_taken_out_of_what_it_allows() -> None:
    denied = {"fromCIDR": ["203.0.113.0/24"], **ports({"port": "80", "protocol": "TCP"})}
    allowed = {"fromEntities": ["world"], **ports({"port": "80", "endPort": 81, "protocol": "TCP"})}
    found = convert(cilium("web", rule(ingress=[allowed], ingressDeny=[denied])))
    (policy,) = specs(found, "NetworkPolicy")
    everywhere = {"cidr": "0.0.0.0/0"}
    assert policy["ingress"] == [
        {
            "from": [{"ipBlock": everywhere | {"except": ["203.0.113.0/24"]}}, {"ipBlock": {"cidr": "::/0"}}],
            "ports": [{"protocol": "TCP", "port": 80}],
        },
        {"from": [{"ipBlock": everywhere}, {"ipBlock": {"cidr": "::/0"}}], "ports": [{"protocol": "TCP", "port": 81}]},
    ]
    assert kinds(found) == ["NetworkPolicy"]
    assert [(r.kind, r.refused) for r in found.residues] == [("written out", False)]
    assert (found.proof, found.converted, found.with_residue) == ("every cluster", 1, 1)


def test_what_is_everybody_together_is_written_so() -> None:
    found = convert(cilium("web", rule(egress=[{"toEntities": ["cluster", "world"]}])))
    assert specs(found, "NetworkPolicy")[0]["egress"] == [{}]
    assert [(r.kind, r.refused) for r in found.residues] == [("decides nothing", False)]
    assert found.proof == "this cluster"


def test_a_conflict_with_admin_policies_keeps_the_rule() -> None:
    """A policy that passes on from behind which the denial would not be read, and in front of which it would be."""
    passing = held("pass", "Admin", 0, ingress=[admin_rule("Pass")])
    found = convert(cilium("web", rule(ingress=[EVERYBODY], ingressDeny=[API])), passing)
    (residue,) = [r for r in found.residues if r.chosen == "keep"]
    assert residue.kind == "conflict"
    assert residue.choices[0].turned[0].allowed
    (left,) = specs(found, "CiliumNetworkPolicy")
    assert left["ingressDeny"] == [API]
    passing["spec"]["priority"] = 5
    found = convert(cilium("web", rule(ingress=[EVERYBODY], ingressDeny=[API])), passing)
    assert [s["priority"] for s in specs(found, "ClusterNetworkPolicy")] == [4]
    assert (found.proof, found.refused) == ("this cluster", 0)


def test_rules_for_pods_that_are_not_there_are_compared_on_pods_made_up() -> None:
    icmp = {
        "endpointSelector": {"matchLabels": {"app": "batch"}},
        "ingress": [API | {"icmps": [{"fields": [{"type": 8}]}]}],
    }
    found = convert(cilium("batch", icmp))
    assert found.made_up == ("shop/made-up-1",)
    assert found.objects == ()
    assert (found.rules[0].stays, found.proof) == ("whole", "every cluster")


def test_groups_and_services_are_written_out() -> None:
    group = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "g"},
        "spec": {"externalCIDRs": ["203.0.113.0/25", "203.0.113.128/25"]},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "db", "namespace": "bank"},
        "spec": {"selector": {"app": "db"}, "ports": [{"port": 80}]},
    }
    out = [
        {"toCIDRSet": [{"cidrGroupRef": "g", "except": ["203.0.113.7/32"]}]},
        {"toServices": [{"k8sService": {"serviceName": "db", "namespace": "bank"}}]},
    ]
    found = convert(cilium("web", rule(egress=out)), group, service)
    (made,) = specs(found, "NetworkPolicy")
    assert made["egress"][1]["to"] == [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "bank"}},
            "podSelector": {"matchLabels": {"app": "db"}},
        }
    ]
    assert {r.kind for r in found.residues} == {"written out"}
    assert (found.proof, found.with_residue) == ("this cluster", 2)


def test_another_plugin_is_compared_with_what_was() -> None:
    """The API's text leaves protocols beside TCP, UDP and SCTP open, which Cilium decides."""
    found = convert(cilium("web", rule(ingress=[API])), cni="upstream")
    assert (found.profile, found.target, found.proof) == ("cilium", "upstream", "undecided")
    assert found.starts_to_act == ()
    assert {(t.allowed, t.denied, t.undecided) for t in found.turned} == {("", "", "ICMP; ICMPv6; other protocols")}


def test_a_label_that_is_spelled_in_two_ways() -> None:
    both = {"matchLabels": {"app": "web", "k8s:app": "api", "k8s:io.kubernetes.pod.namespace": "elsewhere"}}
    found = convert(cilium("none", {"endpointSelector": both, "ingress": [{"fromEndpoints": [{}]}]}))
    assert found.objects[0].object["spec"]["podSelector"] == {
        "matchLabels": {"app": "web"},
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["api"]}],
    }
    assert (found.proof, found.turned) == ("every cluster", ())


def test_several_rules_and_names_that_are_taken() -> None:
    taken = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "one", "namespace": "shop"},
        "spec": {"podSelector": {}},
    }
    allow = rule(ingress=[{"fromEndpoints": [{}]}])
    found = convert(cilium("one", allow), cilium("two", allow, rule(egress=[{}])), taken, to="networkpolicy")
    assert [one.object["metadata"]["name"] for one in found.objects] == ["one-cilium", "two", "two-cilium"]
    assert found.objects[2].object["spec"]["policyTypes"] == ["Egress"]
    assert found.proof == "every cluster"
    assert [f.path for f in found.rules] == ["spec.ingress[0]", "specs[0].ingress[0]", "specs[1].egress[0]"]


def test_names_are_no_longer_than_names_are_and_the_order_of_the_input_does_not_matter() -> None:
    long = "a" * 253
    given = [
        cilium(long, rule(ingress=[API], ingressDeny=[API])),
        cilium(long, {"endpointSelector": {}, "egressDeny": [{"toEndpoints": [{}]}]}, namespace="bank"),
        cilium("short", {"endpointSelector": {}, "ingress": [API]}, namespace=""),
    ]
    found = convert(*given)
    names = [one.object["metadata"]["name"] for one in found.objects]
    assert max(map(len, names)) == 253
    assert all(name[-1].isalnum() for name in names)
    again = convert(*reversed(given))
    assert json.dumps([one.object for one in again.objects]) == json.dumps([one.object for one in found.objects])


def test_more_entries_than_lists_of_an_admin_policy_hold() -> None:
    many = [{"matchLabels": {"app": f"a{n}"}} for n in range(60)]
    found = convert(cilium("web", rule(ingress=[EVERYBODY], ingressDeny=[{"fromEndpoints": many}] * 1)))
    (made,) = specs(found, "ClusterNetworkPolicy")
    assert [len(one["from"]) for one in made["ingress"]] == [25, 25, 10]
    one_by_one = [{"fromEndpoints": [one]} for one in many]
    found = convert(cilium("web", rule(ingress=[EVERYBODY], ingressDeny=one_by_one)))
    assert [len(spec["ingress"]) for spec in specs(found, "ClusterNetworkPolicy")] == [25, 25, 10]
    assert found.proof == "every cluster"


def test_a_policy_that_is_not_the_same_is_given_up_alone() -> None:
    """Where ranges match pods, a pod without an address may be in a range and not in its exception, for all that is
    known; as a NetworkPolicy without the rule it is not. The other policies are written all the same."""
    nowhere = {"fromCIDRSet": [{"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8"]}]}
    odd = {"endpointSelector": {"matchLabels": {"app": "batch"}}, "ingress": [nowhere]}
    found = convert(cilium("odd", odd), cilium("plain", rule(ingress=[API])), to="networkpolicy", cni=RANGES_MATCH_PODS)
    assert [(fate.policy, fate.fate, fate.stays) for fate in found.rules] == [
        ("CiliumNetworkPolicy shop/odd", "residue", "whole"),
        ("CiliumNetworkPolicy shop/plain", "converted", ""),
    ]
    (residue,) = found.residues
    assert (residue.kind, residue.chosen, found.proof) == ("conflict", "keep", "every cluster")
    assert [choice.told for choice in residue.choices] == ["written all the same"]
    assert residue.choices[0].turned
