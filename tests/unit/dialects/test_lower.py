"""NetworkPolicy to rules and ends, object by object."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.base.ipset import IpSet
from netwright.base.selectors import matches
from netwright.base.services import ALL, BEYOND_TRANSPORT, ICMP, NONE, SCTP, TCP, TRANSPORT, UDP, ServiceSet
from netwright.dialects.k8s import objects as k8s
from netwright.dialects.k8s.lower import label_selector, lower_policies, lower_ports, policy_types
from netwright.model.rule import ANYBODY, NOBODY, Addresses, Members, NamedPort, OrPeer, Rule
from tests.unit.spec.build import ALL as EVERY
from tests.unit.spec.build import come, expression, go, peer, policy, ports, select


def rules_of(one: Any) -> tuple[Rule, ...]:
    return lower_policies([one])[0]


@pytest.mark.parametrize(
    ("types", "egress", "found"),
    [
        (None, None, ("ingress",)),
        (None, (), ("ingress",)),
        (None, (go(),), ("ingress", "egress")),
        ((), (go(),), ("ingress", "egress")),
        (("Egress",), None, ("egress",)),
        (("Ingress",), (go(),), ("ingress",)),
        (("Egress", "Ingress"), None, ("ingress", "egress")),
    ],
)
def test_directions(types: Any, egress: Any, found: tuple[str, ...]) -> None:
    assert policy_types(k8s.NetworkPolicySpec(policy_types=types, egress=egress)) == found


def test_a_policy_is_its_rules_and_an_end_a_direction() -> None:
    rules, ends = lower_policies([policy("p", EVERY, ingress=(come(),), egress=(go(), go()))])
    assert [(r.direction, r.index, r.action, r.origin.path) for r in rules] == [
        ("ingress", 0, "allow", "spec.ingress[0]"),
        ("egress", 0, "allow", "spec.egress[0]"),
        ("egress", 1, "allow", "spec.egress[1]"),
    ]
    assert [(e.direction, e.action, e.unsure) for e in ends] == [
        ("ingress", "deny", BEYOND_TRANSPORT),
        ("egress", "deny", BEYOND_TRANSPORT),
    ]


def test_it_acts_on_the_pods_of_its_namespace_and_not_on_hosts() -> None:
    [end] = lower_policies([policy("p", select(app="web"))])[1]
    held = {"ns": "shop", "k8s:app": "web", "network": "pod"}
    assert matches(end.at, held)
    for key, value in (("ns", "other"), ("k8s:app", "db"), ("network", "host")):
        assert not matches(end.at, {**held, key: value})


@pytest.mark.parametrize("peers", [None, ()])
def test_absent_and_empty_peers_are_everybody(peers: Any) -> None:
    rule = k8s.NetworkPolicyIngressRule(from_=peers)
    [lowered] = rules_of(policy("p", EVERY, ingress=(rule,)))
    assert (lowered.src, lowered.dst) == (ANYBODY, ANYBODY)
    assert lowered.service.fixed == TRANSPORT
    assert lowered.unsure == BEYOND_TRANSPORT


def test_a_null_rule_is_the_empty_rule_and_an_empty_peer_nobody() -> None:
    [lowered] = rules_of(policy("p", EVERY, ingress=(None,)))
    assert lowered.src == ANYBODY
    [lowered] = rules_of(policy("p", EVERY, ingress=(come(peer()),)))
    assert lowered.src == NOBODY


def selected(lowered: Rule, **held: str) -> bool:
    assert isinstance(lowered.src, Members)
    attributes = {"network": "pod", **{k.replace("__", ":"): v for k, v in held.items()}}
    return matches(lowered.src.selector, attributes)


def test_one_element_is_and_two_are_or() -> None:
    web, team = select(app="web"), select(team="red")
    [both] = rules_of(policy("p", EVERY, ingress=(come(peer(web, team)),)))
    assert selected(both, k8s__app="web", ns__team="red", ns="far")
    assert not selected(both, k8s__app="web", ns__team="blue", ns="shop")
    assert not selected(both, k8s__app="db", ns__team="red", ns="far")
    [either] = rules_of(policy("p", EVERY, ingress=(come(peer(web), peer(None, team)),)))
    assert isinstance(either.src, OrPeer)
    own, far = either.src.parts
    assert isinstance(own, Members)
    assert isinstance(far, Members)
    assert matches(own.selector, {"network": "pod", "ns": "shop", "k8s:app": "web"})
    assert not matches(own.selector, {"network": "pod", "ns": "far", "k8s:app": "web"})
    assert matches(far.selector, {"network": "pod", "ns": "far", "ns:team": "red"})


def test_except_is_cut_out_of_its_own_block_only() -> None:
    blocks = peer(cidr="10.0.0.0/8", excepts=("10.1.0.0/16",)), peer(cidr="10.1.2.0/24")
    [lowered] = rules_of(policy("p", EVERY, ingress=(come(*blocks),)))
    assert isinstance(lowered.src, OrPeer)
    assert lowered.src.parts == (
        Addresses(IpSet.of("10.0.0.0/8") - IpSet.of("10.1.0.0/16")),
        Addresses(IpSet.of("10.1.2.0/24")),
    )


def test_egress_peers_are_destinations() -> None:
    [lowered] = rules_of(policy("p", EVERY, egress=(go(peer(cidr="10.0.0.0/8")),), types=("Egress",)))
    assert lowered.src == ANYBODY
    assert lowered.dst == Addresses(IpSet.of("10.0.0.0/8"))


def test_ports() -> None:
    assert lower_ports(ports(80)).fixed == ServiceSet.ports(TCP, 80)
    assert lower_ports(ports((80, 90), protocol="UDP")).fixed == ServiceSet.ports(UDP, 80, 90)
    assert lower_ports((k8s.NetworkPolicyPort(protocol="SCTP"),)).fixed == ServiceSet.ports(SCTP)
    assert lower_ports((k8s.NetworkPolicyPort(),)).fixed == ServiceSet.ports(TCP)
    assert lower_ports((None,)).fixed == ServiceSet.ports(TCP)
    named = lower_ports((*ports("dns", protocol="UDP"), *ports("dns", "http", 80)))
    assert named.fixed == ServiceSet.ports(TCP, 80)
    assert named.named == (NamedPort(TCP, "dns"), NamedPort(UDP, "dns"), NamedPort(TCP, "http"))


def test_listed_ports_leave_nothing_unsure() -> None:
    [lowered] = rules_of(policy("p", EVERY, ingress=(come(at=ports(80)),)))
    assert lowered.unsure == NONE
    assert not lowered.service.fixed & ServiceSet.ports(ICMP)
    assert ALL - TRANSPORT == BEYOND_TRANSPORT


@pytest.mark.parametrize(
    ("selector", "held", "found"),
    [
        (None, {}, True),
        (EVERY, {"x": "y"}, True),
        (expression("app", "In", "a", "b"), {"app": "b"}, True),
        (expression("app", "In", "a", "b"), {}, False),
        (expression("app", "NotIn", "a"), {}, True),
        (expression("app", "NotIn", "a"), {"app": "a"}, False),
        (expression("app", "Exists"), {"app": ""}, True),
        (expression("app", "Exists"), {}, False),
        (expression("app", "DoesNotExist"), {}, True),
        (expression("app", "DoesNotExist"), {"app": ""}, False),
        (k8s.LabelSelector(match_labels={"app": None}), {"app": ""}, True),
        (
            k8s.LabelSelector(match_labels={"app": "a"}, match_expressions=expression("b", "Exists").match_expressions),
            {"app": "a"},
            False,
        ),
    ],
)  # fmt: skip
def test_label_selectors(selector: Any, held: dict[str, str], found: bool) -> None:
    assert matches(label_selector(selector, "k8s:"), {"k8s:" + k: v for k, v in held.items()}) is found
