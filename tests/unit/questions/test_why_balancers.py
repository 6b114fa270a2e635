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
    objects = [*PODS, balanced(loadBalancerSourceRanges=ranges)]
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
