"""EgressFirewall, EgressIP and EgressQoS: what is taken and what of it is kept.

The verdicts are those of the CRDs of OVN-Kubernetes at 8871cd9cec9c and of its reading of a firewall.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place, dotted
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.ovn.objects import EgressFirewallPort, EgressFirewallRule
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]


def decode(kind: str, spec: Tree, name: str = "default") -> Decoded | Invalid:
    raw = {"apiVersion": "k8s.ovn.org/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version="k8s.ovn.org/v1", kind=kind, namespace="", name=name, raw=raw)
    )


def kept(kind: str, spec: Tree, name: str = "default") -> Decoded:
    found = decode(kind, spec, name)
    assert isinstance(found, Decoded), found
    return found


def refused(kind: str, spec: Tree, name: str = "default") -> str:
    found = decode(kind, spec, name)
    assert isinstance(found, Invalid), found
    return dotted(found.pointer)


def rules_of(*rules: Tree) -> tuple[EgressFirewallRule, ...]:
    found: tuple[EgressFirewallRule, ...] = kept("EgressFirewall", {"egress": list(rules)}).value.spec.egress
    return found


def rule(**to: Any) -> Tree:
    return {"type": "Allow", "to": to}


def test_a_firewall_lives_in_a_namespace() -> None:
    found = kept("EgressFirewall", {"egress": []})
    assert (found.kind, found.namespace, found.name) == ("EgressFirewall", "default", "default")
    assert found.value.spec.egress == ()


def test_rules_keep_their_order_destinations_and_ports() -> None:
    one, two, three = rules_of(
        {"type": "Allow", "to": {"dnsName": "*.Example.com."}, "ports": [{"protocol": "UDP", "port": 53}]},
        {"type": "Deny", "to": {"cidrSelector": "1.2.3.4/23"}},
        rule(nodeSelector={"matchLabels": {"a": "b"}}),
    )
    assert (one.type, one.to and one.to.dns_name) == ("Allow", "*.Example.com.")
    assert one.ports == (EgressFirewallPort(protocol="UDP", port=53),)
    assert (two.type, two.to and two.to.cidr_selector, two.ports) == ("Deny", "1.2.3.4/23", None)
    assert three.to is not None
    assert three.to.node_selector == LabelSelector(match_labels={"a": "b"})


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"type": "allow", "to": {"cidrSelector": "1.2.3.0/24"}}, "spec.egress[0].type"),
        ({"to": {"cidrSelector": "1.2.3.0/24"}}, "spec.egress[0].type"),
        ({"type": "Allow"}, "spec.egress[0].to"),
        (rule(), "spec.egress[0].to"),
        (rule(cidrSelector="1.2.3.0/24", dnsName="a.b"), "spec.egress[0].to"),
        (rule(cidrSelector="1.2.3.4"), "spec.egress[0].to.cidrSelector"),
        (rule(cidrSelector=""), "spec.egress[0].to.cidrSelector"),
        (rule(dnsName="a_b.c"), "spec.egress[0].to.dnsName"),
        (rule(dnsName="a.*.c"), "spec.egress[0].to.dnsName"),
        (
            rule(nodeSelector={"matchExpressions": [{"key": "a", "operator": "Is"}]}),
            "spec.egress[0].to.nodeSelector.matchExpressions[0].operator",
        ),
        ({**rule(dnsName="a.b"), "ports": [{"port": 1}]}, "spec.egress[0].ports[0].protocol"),
        ({**rule(dnsName="a.b"), "ports": [{"protocol": "ICMP", "port": 1}]}, "spec.egress[0].ports[0].protocol"),
        ({**rule(dnsName="a.b"), "ports": [{"protocol": "TCP"}]}, "spec.egress[0].ports[0].port"),
        ({**rule(dnsName="a.b"), "ports": [{"protocol": "TCP", "port": 0}]}, "spec.egress[0].ports[0].port"),
        ({**rule(dnsName="a.b"), "port": 1}, "spec.egress[0].port"),
    ],
)
def test_a_rule_that_is_refused(wrong: Tree, where: str) -> None:
    assert refused("EgressFirewall", {"egress": [wrong]}) == where


@pytest.mark.parametrize("kind", ["EgressFirewall", "EgressQoS"])
def test_the_one_of_a_namespace_is_called_default(kind: str) -> None:
    assert refused(kind, {"egress": []}, name="other") == "metadata.name"


def test_there_are_priorities_for_so_many_rules() -> None:
    assert len(rules_of(*[rule(dnsName="a.b")] * 8001)) == 8001
    assert refused("EgressFirewall", {"egress": [rule(dnsName="a.b")] * 8002}) == "spec.egress"


def test_an_egress_ip_lives_in_no_namespace_and_says_of_which_it_is() -> None:
    found = kept("EgressIP", {"egressIPs": ["172.18.0.33", "2001:db8::1"], "namespaceSelector": {}}, name="prod")
    assert (found.kind, found.namespace, found.name) == ("EgressIP", "", "prod")
    assert found.value.spec.egress_ips == ("172.18.0.33", "2001:db8::1")
    assert found.value.spec.pod_selector is None
    assert refused("EgressIP", {"egressIPs": ["172.18.0.0/24"], "namespaceSelector": {}}) == "spec.egressIPs[0]"
    assert refused("EgressIP", {"egressIPs": []}) == "spec.namespaceSelector"
    assert refused("EgressIP", {"namespaceSelector": {}}) == "spec.egressIPs"


def test_marks_of_packets() -> None:
    found = kept("EgressQoS", {"egress": [{"dscp": 30, "dstCIDR": "1.2.3.0/24"}, {"dscp": 0, "podSelector": {}}]})
    assert [(one.dscp, one.dst_cidr) for one in found.value.spec.egress] == [(30, "1.2.3.0/24"), (0, None)]
    assert refused("EgressQoS", {"egress": [{"dscp": 64}]}) == "spec.egress[0].dscp"
    assert refused("EgressQoS", {"egress": [{"dscp": 1, "dstCIDR": "1.2.3.4"}]}) == "spec.egress[0].dstCIDR"
