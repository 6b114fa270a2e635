"""Clients in the cluster at the address of a load balancer, by both judges."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.agreement import Asked, Object, answers, compare, decode_all, inquirer
from tests.test_agreement import denies_all_ingress, pod, service

BALANCER, EXTERNAL = "198.18.0.1", "198.18.0.2"


def balanced(mode: str = "", **spec: Any) -> Object:
    made = service("db", 80, type="LoadBalancer", selector={"app": "db"}, externalIPs=[EXTERNAL], **spec)
    entry = {"ip": BALANCER, "ipMode": mode} if mode else {"ip": BALANCER}
    return {**made, "status": {"loadBalancer": {"ingress": [entry]}}}


def verdict(objects: list[Object], dialled: str, pod_cidrs: tuple[str, ...] = ()) -> str:
    """What both judges say of `shop/web` at port 80 of an address."""
    asked = [{"from": "shop/web", "to": dialled, "protocol": "TCP", "port": 80}]
    verdicts, differing = compare(Asked(objects, pod_cidrs, asked))
    assert not differing
    ((found, _),) = verdicts.items()
    return found


PODS = [pod("web", "10.244.0.1"), pod("db", "10.244.0.2")]


@pytest.mark.parametrize(
    ("ranges", "expected"),
    [
        (["203.0.113.0/24"], "undecided"),
        (["10.244.0.1/32"], "allow"),
        ([" 10.244.0.0/32", "10.244.0.0/24"], "allow"),
        (["fd00::/8"], "undecided"),
        ([], "allow"),
    ],
)
def test_source_ranges_may_keep_a_client_in_the_cluster_out(ranges: list[str], expected: str) -> None:
    objects = [*PODS, balanced(loadBalancerSourceRanges=ranges, externalTrafficPolicy="Local")]
    assert verdict(objects, BALANCER) == expected
    assert verdict(objects, EXTERNAL) == "allow", "source ranges are the load balancer's"
    assert verdict([*objects, denies_all_ingress(app="db")], BALANCER) == "deny", "in any case"


def test_a_client_whose_address_is_not_known_is_perhaps_within_the_ranges() -> None:
    objects = [pod("web"), pod("db"), balanced(loadBalancerSourceRanges=["10.244.0.0/16"])]
    assert verdict(objects, BALANCER) == "undecided"
    assert verdict(objects, BALANCER, ("10.244.0.0/16",)) == "allow"


def test_it_is_said_what_leaves_it_open() -> None:
    objects = decode_all([*PODS, balanced(loadBalancerSourceRanges=["203.0.113.0/24"])])
    (answer,) = answers(inquirer(objects, ()), [{"from": "shop/web", "to": BALANCER, "protocol": "TCP", "port": 80}])
    assert [one.kind for one in answer.undecided] == ["ambiguous"]
    assert "pod/shop/web is perhaps outside of the source ranges of svc/shop/db" in answer.undecided[0].reason


def node(name: str, address: str) -> Object:
    status = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "status": status}


def on(name: str, made: Object) -> Object:
    return {**made, "spec": {**made["spec"], "nodeName": name}}


def ingress_from(*peers: Object) -> Object:
    made = denies_all_ingress(app="db")
    return {**made, "spec": {**made["spec"], "ingress": [{"from": list(peers)}]}}


NODES = [node("n1", "192.0.2.1"), node("n2", "192.0.2.2")]
THE_CLIENT = {"podSelector": {"matchLabels": {"app": "web"}}}
NODE_1, NODE_2 = ({"ipBlock": {"cidr": f"192.0.2.{n}/32"}} for n in (1, 2))


@pytest.mark.parametrize(
    ("peers", "policy", "expected"),
    [
        ([THE_CLIENT, NODE_1], "Cluster", "allow"),
        ([THE_CLIENT], "Cluster", "undecided"),
        ([THE_CLIENT], "Local", "allow"),
        ([NODE_1], "Cluster", "undecided"),
        ([NODE_1], "Local", "deny"),
        ([NODE_2], "Cluster", "deny"),
    ],
)
@pytest.mark.parametrize("dialled", [BALANCER, EXTERNAL])
def test_the_address_of_the_clients_node_is_perhaps_in_its_place(
    peers: list[Object], policy: str, expected: str, dialled: str
) -> None:
    web, db = (on(f"n{i}", made) for i, made in enumerate(PODS, 1))
    objects = [*NODES, web, db, balanced(externalTrafficPolicy=policy), ingress_from(*peers)]
    assert verdict(objects, dialled) == expected
    direct = "allow" if THE_CLIENT in peers else "deny"
    assert verdict(objects, "svc/shop/db") == direct, "by the cluster's own address the client is itself"


def test_by_the_node_of_the_endpoint_a_client_is_let_in_whatever_policy_says() -> None:
    """With Cluster: the node passes for the client, and a pod's own node always reaches it."""
    web, db = PODS
    shut = [*NODES, balanced(), denies_all_ingress(app="db")]
    assert verdict([*shut, on("n1", web), on("n2", db)], BALANCER) == "deny"
    assert verdict([*shut, on("n2", web), on("n2", db)], BALANCER) == "undecided"
    assert verdict([*shut, web, on("n2", db)], BALANCER) == "undecided", "perhaps it runs there"
    assert verdict([*shut[2:], web, db], BALANCER) == "undecided"


def test_clients_of_one_identity_run_on_several_nodes() -> None:
    """Of a group whose pods no rule tells apart, one runs on the endpoint's own node."""
    owner = [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "1", "controller": True}]
    labels = {"labels": {"app": "web"}, "ownerReferences": owner}
    clients = [on(f"n{i}", pod(f"web-{i}", f"10.244.{i}.1", **labels)) for i in (1, 2)]
    db = on("n2", pod("db", "10.244.2.9"))
    objects = [*NODES, *clients, db, balanced(), denies_all_ingress(app="db")]
    asked = [{"from": "sts/shop/web", "to": BALANCER, "protocol": "TCP", "port": 80}]
    verdicts, differing = compare(Asked(objects, (), asked))
    assert not differing
    assert list(verdicts) == ["undecided"]


def test_it_is_said_that_kube_proxy_and_others_differ() -> None:
    web, db = (on(f"n{i}", made) for i, made in enumerate(PODS, 1))
    objects = decode_all([*NODES, web, db, balanced(), ingress_from(THE_CLIENT)])
    (answer,) = answers(inquirer(objects, ()), [{"from": "shop/web", "to": BALANCER, "protocol": "TCP", "port": 80}])
    assert [one.kind for one in answer.undecided] == ["ambiguous"]
    assert "kube-proxy puts a node's address in the place of a client" in answer.undecided[0].reason


def egress_to(cidr: str) -> Object:
    spec = {"podSelector": {"matchLabels": {"app": "web"}}, "egress": [{"to": [{"ipBlock": {"cidr": cidr}}]}]}
    meta = {"name": "out", "namespace": "shop"}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta}
    return {**policy, "spec": {**spec, "policyTypes": ["Egress"]}}


@pytest.mark.parametrize(
    ("mode", "cidr", "expected"),
    [
        ("VIP", "10.244.0.0/16", "allow"),
        ("VIP", "198.18.0.0/15", "deny"),
        ("Proxy", "10.244.0.0/16", "deny"),
        ("Proxy", "198.18.0.0/15", "undecided"),
    ],
)
def test_policy_sees_the_address_of_a_proxy_and_not_the_endpoints(mode: str, cidr: str, expected: str) -> None:
    assert verdict([*PODS, balanced(mode), egress_to(cidr)], BALANCER) == expected


def test_an_address_of_a_proxy_that_is_external_too_leads_to_the_endpoints() -> None:
    entry = {"ip": EXTERNAL, "ipMode": "Proxy"}
    objects = [*PODS, {**balanced(), "status": {"loadBalancer": {"ingress": [entry]}}}]
    assert verdict(objects, EXTERNAL) == "allow"
    assert Counter(verdict(objects, one) for one in (EXTERNAL, "svc/shop/db")) == Counter(allow=2)


def test_a_proxy_is_not_reached_over_a_family_that_clients_have_not() -> None:
    made = balanced("Proxy")
    made["status"]["loadBalancer"]["ingress"][0]["ip"] = "2001:db8::7"
    assert verdict([*PODS, made], "2001:db8::7") == "deny"
