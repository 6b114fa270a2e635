"""Primary user-defined networks, a sentence of OVN-Kubernetes' documents a test: written before the evaluator ran."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.spec.judge import NoSuchPacket
from tests.unit.spec.build_networks import (
    ask,
    connect,
    cudn,
    node,
    of_labels,
    of_spaces,
    pod,
    policy,
    space,
    udn,
)

Object = dict[str, Any]
RED, BLUE, PLAIN = space("red"), space("blue"), space("plain", primary=False)
RED_NET, BLUE_NET = udn("red", cidr="10.20.0.0/16"), udn("blue", cidr="10.21.0.0/16")
RED_POD = pod("r", "red", "10.244.0.5", at="10.20.0.5", on="red/net", node="n1")
RED_OTHER = pod("s", "red", "10.244.0.6", at="10.20.0.6", on="red/net", node="n1")
BLUE_POD = pod("b", "blue", "10.244.1.5", at="10.21.0.5", on="blue/net", node="n2")
PLAIN_POD = pod("p", "plain", "10.244.2.5", node="n1")
TWO = [RED, BLUE, PLAIN, RED_NET, BLUE_NET, RED_POD, RED_OTHER, BLUE_POD, PLAIN_POD]
BOTH = of_spaces("red", "blue")
TO_POD = {"policyTypes": ["Egress"], "egress": [{"to": [{"namespaceSelector": {}, "podSelector": {}}]}]}


def kinds(told: Any) -> set[str]:
    return {reason.kind for reason in told.reasons}


def service(namespace: str, name: str) -> Any:
    from tests.agreement import decode_all

    meta = {"name": name, "namespace": namespace}
    spec = {"selector": {"app": name}, "clusterIP": "10.96.0.1", "ports": [{"port": 80}]}
    return decode_all([{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}])[0]


LED = {"translated": True, "service": service("blue", "web")}


# --- isolation of networks ---


def test_pods_of_one_network_meet_and_pods_of_two_do_not() -> None:
    assert ask(TWO, "red/r", "red/s").verdict == "allow"
    told = ask(TWO, "red/r", "blue/b")
    assert told.verdict == "deny"
    assert {(one.object.kind, one.object.namespace) for one in told.by} == {
        ("UserDefinedNetwork", "red"),
        ("UserDefinedNetwork", "blue"),
    }


def test_the_default_network_and_a_user_defined_one_do_not_meet_in_either_direction() -> None:
    assert ask(TWO, "plain/p", "red/r").verdict == "deny"
    assert ask(TWO, "red/r", "plain/p").verdict == "deny"


def test_isolation_is_from_every_protocol() -> None:
    assert ask(TWO, "red/r", "blue/b", 8 << 8, protocol=1).verdict == "deny"


def test_an_allowing_policy_opens_no_way_between_networks() -> None:
    opening = policy("blue", policyTypes=["Ingress"], ingress=[{}])
    assert ask([*TWO, opening], "red/r", "blue/b").verdict == "deny"


def test_several_namespaces_of_one_cluster_network_meet() -> None:
    shared = cudn("t", {"matchLabels": {"tenant": "a"}})
    there = [space("red", tenant="a"), space("blue", tenant="a"), shared]
    pods = [
        pod("r", "red", "10.244.0.5", at="10.30.0.5", on="red/t"),
        pod("b", "blue", "10.244.0.6", at="10.30.0.6", on="blue/t"),
    ]
    assert ask([*there, *pods], "red/r", "blue/b").verdict == "allow"


def test_a_namespace_without_the_label_is_not_considered() -> None:
    bare = [space("red", primary=False), *[one for one in TWO if one is not RED]]
    assert ask(bare, "red/r", "plain/p").verdict == "allow"
    assert ask(bare, "red/r", "blue/b").verdict == "deny"


def test_of_a_namespace_that_is_not_read_the_label_is_open() -> None:
    there = [one for one in TWO if one is not RED]
    told = ask(there, "red/r", "plain/p")
    assert (told.verdict, kinds(told)) == ("undecided", {"unknown"})
    assert ask(there, "red/r", "red/s").verdict == "allow"


def test_where_the_network_of_a_label_is_not_in_the_input_it_may_be_any_but_those_that_are() -> None:
    waiting = [space("one"), space("two"), pod("a", "one", "10.244.5.5"), pod("b", "two", "10.244.5.6")]
    told = ask([*TWO, *waiting], "one/a", "two/b")
    assert (told.verdict, kinds(told)) == ("undecided", {"unknown"})
    assert ask([*TWO, *waiting], "one/a", "203.0.113.5").verdict == "undecided"
    assert ask([*TWO, *waiting], "one/a", "red/r").verdict == "deny"
    assert ask([*TWO, *waiting], "one/a", "plain/p").verdict == "undecided"
    assert ask([*TWO, *waiting, connect(of_spaces("one", "red"))], "one/a", "red/r").verdict == "undecided"
    assert ask([*waiting, PLAIN, PLAIN_POD], "one/a", "plain/p").verdict == "undecided"
    closed = policy("two", policyTypes=["Ingress"])
    assert ask([*TWO, *waiting, closed], "one/a", "two/b").verdict == "deny"


def test_two_primary_networks_of_one_namespace_leave_open_which_it_has() -> None:
    shared = cudn("t", {"matchLabels": {"kubernetes.io/metadata.name": "red"}})
    # one of the two is connected, and the other is not
    told = ask([*TWO, shared, connect(of_spaces("red", "blue"))], "red/r", "blue/b")
    assert (told.verdict, kinds(told)) == ("undecided", {"unknown"})


def test_a_secondary_network_isolates_nothing() -> None:
    there = [space("red", primary=False), PLAIN, udn("red", role="Secondary"), RED_POD, PLAIN_POD]
    assert ask(there, "red/r", "plain/p").verdict == "allow"


def test_under_another_profile_nothing_of_it_is_asked() -> None:
    assert ask(TWO, "red/r", "blue/b", profile="upstream", primary_networks=False).verdict == "allow"


# --- what passes all the same ---


def test_the_kubelet_alone_comes_in_from_the_own_node() -> None:
    nodes = [node("n1", "192.0.2.1"), node("n2", "192.0.2.2")]
    told = ask([*TWO, *nodes], "node/n1", "red/r")
    assert (told.verdict, kinds(told)) == ("undecided", {"depends"})
    assert ask([*TWO, *nodes], "node/n2", "red/r").verdict == "deny"


def opened() -> list[Object]:
    text = "- protocol: tcp\n  port: 80\n- protocol: icmp\n"
    one = pod("r", "red", "10.244.0.5", at="10.20.0.5", on="red/net", node="n1", annotations={OPEN: text})
    return [one if other is RED_POD else other for other in TWO]


def test_open_default_ports_let_the_default_network_in_to_these_ports() -> None:
    assert ask(opened(), "plain/p", "red/r", 80).verdict == "allow"
    assert ask(opened(), "plain/p", "red/r", 81).verdict == "deny"
    assert ask(opened(), "plain/p", "red/r", 80, protocol=17).verdict == "deny"
    assert ask(opened(), "plain/p", "red/r", 8 << 8, protocol=1).verdict == "allow"
    assert ask(opened(), "blue/b", "red/r", 80).verdict == "deny"


def test_open_default_ports_are_none_to_the_outside() -> None:
    closed = policy("red", policyTypes=["Ingress"])
    assert ask([*opened(), closed], "203.0.113.5", "red/r", 80).verdict == "deny"


def test_a_network_that_is_not_made_is_no_hindrance_to_a_connection() -> None:
    there = [*TWO, space("bare", primary=False), udn("bare", cidr="10.20.0.0/16")]
    assert ask([*there, connect(of_spaces("red", "blue", "bare"))], "red/r", "blue/b").verdict == "allow"


def test_policies_of_the_pods_namespace_do_not_act_on_its_open_ports_and_the_clients_do() -> None:
    assert ask([*opened(), policy("red", policyTypes=["Ingress"])], "plain/p", "red/r", 80).verdict == "allow"
    assert ask([*opened(), policy("plain", policyTypes=["Egress"])], "plain/p", "red/r", 80).verdict == "deny"
    # the packet goes to the default network's address
    for cidr, verdict in (("10.244.0.0/24", "allow"), ("10.20.0.0/16", "deny")):
        block = policy("plain", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": cidr}}]}])
        assert ask([*opened(), block], "plain/p", "red/r", 80).verdict == verdict


OPEN = "k8s.ovn.org/open-default-ports"


def test_the_outside_is_reached_as_from_the_default_network() -> None:
    assert ask(TWO, "red/r", "203.0.113.5").verdict == "allow"
    assert ask([*TWO, policy("red", policyTypes=["Egress"])], "red/r", "203.0.113.5").verdict == "deny"


# --- addresses ---


def test_policies_see_the_address_of_the_primary_network() -> None:
    def from_(cidr: str) -> Object:
        return policy("red", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}])

    assert ask([*TWO, from_("10.20.0.0/16")], "red/r", "red/s").verdict == "allow"
    assert ask([*TWO, from_("10.244.0.0/16")], "red/r", "red/s").verdict == "deny"


def test_an_address_that_is_not_known_is_one_of_the_networks_range() -> None:
    unknown = pod("r", "red", "10.244.0.5")
    there = [unknown if one is RED_POD else one for one in TWO]

    def from_(cidr: str) -> Object:
        return policy("red", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": cidr}}]}])

    assert ask([*there, from_("10.20.0.0/16")], "red/r", "red/s").verdict == "allow"
    assert ask([*there, from_("10.20.128.0/17")], "red/r", "red/s").verdict == "undecided"
    assert ask([*there, from_("10.21.0.0/16")], "red/r", "red/s").verdict == "deny"


def test_what_multus_reports_as_the_default_interface_is_the_primary_address() -> None:
    status = (
        '[{"name":"ovn-kubernetes","interface":"eth0","ips":["10.244.0.5"]},'
        '{"name":"ovn-kubernetes","interface":"ovn-udn1","ips":["10.20.0.5"],"default":true}]'
    )
    told = pod("r", "red", "10.244.0.5", annotations={"k8s.v1.cni.cncf.io/network-status": status})
    block = policy("red", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.20.0.5/32"}}]}])
    there = [told if one is RED_POD else one for one in TWO]
    assert ask([*there, block], "red/r", "red/s").verdict == "allow"


def test_what_multus_reports_of_the_default_network_is_not_the_primary_address() -> None:
    status = '[{"name":"ovn-kubernetes","interface":"eth0","ips":["10.244.0.5"],"default":true}]'
    told = pod("r", "red", "10.244.0.5", annotations={"k8s.v1.cni.cncf.io/network-status": status})
    block = policy("red", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}])
    there = [told if one is RED_POD else one for one in TWO]
    assert ask([*there, block], "red/r", "red/s").verdict == "allow"


def test_two_networks_may_have_one_range_and_one_address() -> None:
    same = udn("blue", cidr="10.20.0.0/16")
    twin = pod("b", "blue", "10.244.1.5", at="10.20.0.5", on="blue/net")
    there = [RED, BLUE, RED_NET, same, RED_POD, RED_OTHER, twin]
    assert ask(there, "red/s", "red/r").verdict == "allow"
    assert ask(there, "red/s", "blue/b").verdict == "deny"


def test_a_network_without_the_family_carries_nothing_of_it() -> None:
    with pytest.raises(NoSuchPacket):
        ask([RED, RED_NET, pod("r", "red"), pod("s", "red")], "red/r", "red/s", family=6)


# --- ClusterNetworkConnect ---


def test_a_connection_joins_the_networks_it_selects_both_ways() -> None:
    there = [*TWO, connect(BOTH)]
    assert ask(there, "red/r", "blue/b").verdict == "allow"
    assert ask(there, "blue/b", "red/r").verdict == "allow"
    assert ask(there, "plain/p", "red/r").verdict == "deny"


def test_connections_are_not_transitive() -> None:
    green = [space("green"), udn("green", cidr="10.22.0.0/16"), pod("g", "green", at="10.22.0.5", on="green/net")]
    two = [connect(BOTH, name="one"), connect(of_spaces("blue", "green"), name="two")]
    there = [*TWO, *green, *two]
    assert ask(there, "red/r", "blue/b").verdict == "allow"
    assert ask(there, "blue/b", "green/g").verdict == "allow"
    assert ask(there, "red/r", "green/g").verdict == "deny"


def test_cluster_networks_are_selected_by_their_labels_and_others_by_their_namespaces() -> None:
    shared = cudn("t", {"matchLabels": {"kubernetes.io/metadata.name": "blue"}}, tier="app")
    twin = pod("b", "blue", at="10.30.0.5", on="blue/t")
    there = [RED, BLUE, RED_NET, shared, RED_POD, twin]
    assert ask([*there, connect(of_spaces("red"), of_labels(tier="app"))], "red/r", "blue/b").verdict == "allow"
    assert ask([*there, connect(of_spaces("red", "blue"))], "red/r", "blue/b").verdict == "deny"
    assert ask([*there, connect(of_spaces("red"), of_labels(tier="db"))], "red/r", "blue/b").verdict == "deny"


def test_policies_act_across_a_connection_and_their_selectors_find_its_pods() -> None:
    there = [*TWO, connect(BOTH)]
    closed = policy("blue", policyTypes=["Ingress"])
    assert ask([*there, closed], "red/r", "blue/b").verdict == "deny"
    chosen = policy("blue", policyTypes=["Ingress"], ingress=[{"from": [{"namespaceSelector": {}}]}])
    assert ask([*there, chosen], "red/r", "blue/b").verdict == "allow"
    own = policy("blue", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {}}]}])
    assert ask([*there, own], "red/r", "blue/b").verdict == "deny"
    block = policy("blue", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.20.0.5/32"}}]}])
    assert ask([*there, block], "red/r", "blue/b").verdict == "allow"


def test_a_connection_of_services_lets_no_pod_through_directly() -> None:
    there = [*TWO, connect(BOTH, connectivity=("ServiceNetwork",))]
    assert ask(there, "red/r", "blue/b").verdict == "deny"
    assert ask(there, "red/r", "blue/b", **LED).verdict == "allow"


def test_a_connection_of_pods_alone_carries_no_service() -> None:
    there = [*TWO, connect(BOTH)]
    assert ask(there, "red/r", "blue/b", **LED).verdict == "deny"
    whole = [*TWO, connect(BOTH, connectivity=("PodNetwork", "ServiceNetwork"))]
    assert ask(whole, "red/r", "blue/b", **LED).verdict == "allow"


def test_across_services_selectors_find_no_pods_and_blocks_still_match() -> None:
    there = [*TWO, connect(BOTH, connectivity=("ServiceNetwork",))]
    assert ask([*there, policy("red", **TO_POD)], "red/r", "blue/b", **LED).verdict == "deny"
    block = [{"to": [{"ipBlock": {"cidr": "10.21.0.0/16"}}]}]
    opened = policy("red", policyTypes=["Egress"], egress=block)
    assert ask([*there, opened], "red/r", "blue/b", **LED).verdict == "allow"


def test_a_connection_of_networks_whose_ranges_overlap_is_not_supported() -> None:
    same = udn("blue", cidr="10.20.128.0/17")
    there = [same if one is BLUE_NET else one for one in TWO]
    told = ask([*there, connect(BOTH)], "red/r", "blue/b")
    assert (told.verdict, kinds(told)) == ("undecided", {"ambiguous"})
    # of the whole connection, for its controller refuses it or takes it as one
    green = [space("green"), udn("green", cidr="10.22.0.0/16"), pod("g", "green", at="10.22.0.5", on="green/net")]
    assert ask([*there, *green, connect(of_spaces("red", "green"))], "red/r", "green/g").verdict == "allow"
    assert ask([*there, *green, connect(of_spaces("red", "blue", "green"))], "red/r", "green/g").verdict == "undecided"


def test_a_connection_whose_own_range_overlaps_is_not_supported() -> None:
    there = [udn("blue", cidr="192.168.8.0/24") if one is BLUE_NET else one for one in TWO]
    assert ask([*there, connect(BOTH)], "red/r", "blue/b").verdict == "undecided"


def test_labels_of_a_namespace_that_is_not_read_leave_a_connection_open() -> None:
    labelled = {"namespaceSelector": {"matchLabels": {"team": "a"}}}
    selector = {"networkSelectionType": "PrimaryUserDefinedNetworks", "primaryUserDefinedNetworkSelector": labelled}
    there = [one for one in TWO if one not in (RED, BLUE)] + [space("blue", team="a"), connect(selector)]
    told = ask(there, "red/r", "blue/b")
    assert (told.verdict, kinds(told)) == ("undecided", {"unknown"})


# --- Services ---


def test_a_service_of_the_default_network_is_not_reached_but_for_dns_and_the_api() -> None:
    dns = pod("dns", "kube-system", "10.244.3.5")
    there = [*TWO, space("kube-system", primary=False), dns]
    through = {"translated": True, "port": 53}
    assert ask(there, "red/r", "kube-system/dns", service=service("kube-system", "kube-dns"), **through).verdict == (
        "allow"
    )
    assert ask(there, "red/r", "kube-system/dns", service=service("kube-system", "other"), **through).verdict == "deny"
    assert ask(there, "red/r", "kube-system/dns", **through).verdict == "deny"


def test_a_service_of_a_network_is_reached_in_it_and_not_from_the_default_network() -> None:
    assert ask(TWO, "red/s", "red/r", translated=True, service=service("red", "web")).verdict == "allow"
    assert ask(TWO, "plain/p", "red/r", translated=True, service=service("red", "web")).verdict == "deny"


# --- asked of one network ---


def test_a_primary_network_can_be_asked_by_its_reference() -> None:
    assert ask(TWO, "red/r", "red/s", network="udn/red/net").verdict == "allow"
    with pytest.raises(NoSuchPacket):
        ask(TWO, "red/r", "blue/b", network="udn/red/net")
    with pytest.raises(ValueError, match="no network"):
        ask(TWO, "red/r", "red/s", network="udn/red/missing")
