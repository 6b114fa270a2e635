"""Secondary networks and MultiNetworkPolicy, a sentence of their documents a test: written before the evaluator ran."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.spec.judge import NoSuchPacket
from netwright.spec.networks import networks
from tests.agreement import decode_all
from tests.unit.spec.build_networks import OVN, ask, attached, cudn, multi, nad, node, pod, policy, space, udn

Object = dict[str, Any]
SHOP = space("shop", primary=False, team="a")
BANK = space("bank", primary=False, team="b")
LAN = nad("shop", "lan", type="macvlan", master="eth1", ipam={"type": "host-local", "subnet": "10.1.0.0/24"})
WEB = attached("web", "shop", "lan", {"shop/lan": ["10.1.0.5"]})
DB = attached("db", "shop", "lan", {"shop/lan": ["10.1.0.6"]})
FAR = attached("far", "bank", "shop/lan", {"shop/lan": ["10.1.0.7"]})
THERE = [SHOP, BANK, LAN, WEB, DB, FAR]
REF = "nad/shop/lan"
CLOSED = {"policyTypes": ["Ingress"]}


def from_(*peers: Object, **more: Any) -> Object:
    return {"policyTypes": ["Ingress"], "ingress": [{"from": list(peers), **more}]}


def block(cidr: str) -> Object:
    return {"ipBlock": {"cidr": cidr}}


def on(manifests: list[Object], src: str, dst: str, *args: Any, network: str = REF, **more: Any) -> str:
    return ask(manifests, src, dst, *args, network=network, profile="upstream", **more).verdict


# --- who is on a network ---


def test_pods_on_one_network_meet_and_a_pod_that_is_not_there_cannot_be_asked() -> None:
    assert on(THERE, "shop/web", "shop/db") == "allow"
    assert on(THERE, "shop/web", "bank/far") == "allow"
    with pytest.raises(NoSuchPacket):
        on([*THERE, pod("other", "shop", "10.244.0.5")], "shop/web", "shop/other")


def test_nodes_have_no_interface_there() -> None:
    with pytest.raises(NoSuchPacket):
        on([*THERE, node("n1", "192.0.2.1")], "node/n1", "shop/web")


def test_an_attachment_is_named_in_each_of_its_forms() -> None:
    forms = ["lan", "shop/lan", " other , shop/lan@net7", '[{"name": "lan", "interface": "net3"}]']
    forms.append('[{"name": "lan", "namespace": "shop"}]')
    for form in forms:
        assert on([*THERE, attached("x", "shop", form)], "shop/x", "shop/db") == "allow", form
    with pytest.raises(NoSuchPacket):
        on([*THERE, attached("x", "bank", "lan")], "bank/x", "shop/db")


def test_attachments_of_ovn_that_say_one_name_are_one_network() -> None:
    same = {"type": OVN, "name": "wide", "topology": "layer2", "subnets": "10.2.0.0/24"}
    mine, theirs = nad("shop", "one", **same), nad("bank", "two", **same)
    there = [SHOP, BANK, mine, theirs, attached("a", "shop", "one"), attached("b", "bank", "two")]
    refs = {net.ref for net in networks(decode_all(there))}
    assert refs == {"nad/bank/two"}
    assert on(there, "shop/a", "bank/b", network="nad/bank/two") == "allow"


def test_attachments_of_another_plugin_are_each_a_network() -> None:
    more = nad("bank", "lan", type="macvlan", master="eth1")
    assert {net.ref for net in networks(decode_all([*THERE, more]))} == {"nad/shop/lan", "nad/bank/lan"}


def test_a_secondary_network_is_that_of_its_user_defined_object() -> None:
    there = [
        SHOP,
        udn("shop", "extra", role="Secondary"),
        attached("a", "shop", "extra"),
        attached("b", "shop", "extra"),
    ]
    assert on(there, "shop/a", "shop/b", network="udn/shop/extra") == "allow"
    shared = cudn("both", {})
    shared["spec"]["network"]["layer3"]["role"] = "Secondary"
    pods = [attached("a", "shop", "both"), attached("b", "bank", "both")]
    assert on([SHOP, BANK, shared, *pods], "shop/a", "bank/b", network="cudn/both") == "allow"


def test_machines_are_on_networks_that_they_name() -> None:
    assert on([*THERE, machine("vm", "shop/lan")], "shop/vm", "shop/db") == "allow"
    assert on([*THERE, machine("vm", "shop/lan", state="down")], "shop/vm", "shop/db") == "deny"


def machine(name: str, network: str, **interface: str) -> Object:
    domain = {"devices": {"interfaces": [{"name": "n", "bridge": {}, **interface}]}}
    spec = {"domain": domain, "networks": [{"name": "n", "multus": {"networkName": network}}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    meta = {"name": name, "namespace": "shop"}
    body = {"runStrategy": "Always", "template": template}
    return {"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachine", "metadata": meta, "spec": body}


# --- what acts there ---


def test_network_policies_do_not_act_there_and_multi_network_policies_not_on_the_pod_network() -> None:
    assert on([*THERE, policy("shop", **CLOSED)], "shop/web", "shop/db") == "allow"
    closed = multi("shop", "lan", **CLOSED)
    assert on([*THERE, closed], "shop/web", "shop/db", network="pod") == "allow"
    assert on([*THERE, closed], "shop/web", "shop/db") == "deny"


def test_a_policy_is_for_the_attachments_that_it_lists() -> None:
    assert on([*THERE, multi("shop", "other", **CLOSED)], "shop/web", "shop/db") == "allow"
    assert on([*THERE, multi("shop", "other, shop/lan", **CLOSED)], "shop/web", "shop/db") == "deny"
    assert on([*THERE, multi("shop", None, **CLOSED)], "shop/web", "shop/db") == "allow"
    # a name alone is one of the policy's own namespace
    assert on([*THERE, multi("bank", "lan", **CLOSED)], "shop/web", "bank/far") == "allow"
    assert on([*THERE, multi("bank", "shop/lan", **CLOSED)], "shop/web", "bank/far") == "deny"


def test_a_policy_selects_pods_of_its_own_namespace() -> None:
    assert on([*THERE, multi("bank", "shop/lan", **CLOSED)], "shop/web", "shop/db") == "allow"


def test_peers_are_selected_as_in_a_network_policy() -> None:
    by_space = multi("shop", "lan", **from_({"namespaceSelector": {"matchLabels": {"team": "b"}}}))
    assert on([*THERE, by_space], "bank/far", "shop/db") == "allow"
    assert on([*THERE, by_space], "shop/web", "shop/db") == "deny"
    by_pod = multi("shop", "lan", **from_({"podSelector": {"matchLabels": {"app": "web"}}}))
    assert on([*THERE, by_pod], "shop/web", "shop/db") == "allow"
    assert on([*THERE, by_pod], "bank/far", "shop/db") == "deny"


def test_blocks_match_the_address_on_this_network() -> None:
    one = multi("shop", "lan", **from_(block("10.1.0.5/32")))
    assert on([*THERE, one], "shop/web", "shop/db") == "allow"
    assert on([*THERE, one], "bank/far", "shop/db") == "deny"
    assert on([*THERE, one], "10.1.0.5", "shop/db") == "allow"


def test_an_address_that_is_not_known_is_one_of_the_networks_range() -> None:
    there = [SHOP, BANK, LAN, attached("web", "shop", "lan"), DB]
    assert on([*there, multi("shop", "lan", **from_(block("10.1.0.0/24")))], "shop/web", "shop/db") == "allow"
    assert on([*there, multi("shop", "lan", **from_(block("10.1.0.0/25")))], "shop/web", "shop/db") == "undecided"
    assert on([*there, multi("shop", "lan", **from_(block("10.9.0.0/24")))], "shop/web", "shop/db") == "deny"


def test_addresses_are_asked_for_or_held_by_a_claim() -> None:
    lan = nad("shop", "net", type=OVN, topology="layer2", subnets="10.2.0.0/24", allowPersistentIPs=True)
    wanted = attached("a", "shop", '[{"name": "net", "ips": ["10.2.0.5/24"]}]')
    held = attached("b", "shop", '[{"name": "net", "ipam-claim-reference": "keep"}]')
    claim = {
        "apiVersion": "k8s.cni.cncf.io/v1alpha1",
        "kind": "IPAMClaim",
        "metadata": {"name": "keep", "namespace": "shop"},
        "spec": {"network": "net", "interface": "net1"},
        "status": {"ips": ["10.2.0.6/24"]},
    }
    there = [SHOP, lan, wanted, held, claim]
    ref = "nad/shop/net"
    only = multi("shop", "net", **from_(block("10.2.0.5/32")))
    assert on([*there, only], "shop/a", "shop/b", network=ref) == "allow"
    assert on([*there, multi("shop", "net", **from_(block("10.2.0.6/32")))], "shop/b", "shop/a", network=ref) == "allow"
    assert on([*there, only], "shop/b", "shop/a", network=ref) == "deny"


def test_an_isolated_interface_drops_pings_and_a_rule_without_ports_lets_them_in() -> None:
    ping = (8 << 8, 1)
    assert on([*THERE, multi("shop", "lan", **CLOSED)], "shop/web", "shop/db", *ping) == "deny"
    assert on([*THERE, multi("shop", "lan", **from_())], "shop/web", "shop/db", *ping) == "allow"
    listed = multi("shop", "lan", **from_(ports=[{"port": 80}]))
    assert on([*THERE, listed], "shop/web", "shop/db", *ping) == "deny"
    assert on([*THERE, listed], "shop/web", "shop/db", 80) == "allow"
    assert on([*THERE, listed], "shop/web", "shop/db", 81) == "deny"


def test_both_ends_must_permit_and_policies_add_up() -> None:
    out = multi("shop", "lan", "out", podSelector={"matchLabels": {"app": "web"}}, policyTypes=["Egress"])
    assert on([*THERE, out], "shop/web", "shop/db") == "deny"
    assert on([*THERE, out], "shop/db", "shop/web") == "allow"
    more = multi("shop", "lan", "more", policyTypes=["Egress"], egress=[{"to": [block("10.1.0.6/32")]}])
    assert on([*THERE, out, more], "shop/web", "shop/db") == "allow"
    assert on([*THERE, out, more], "shop/web", "bank/far") == "deny"


# --- without an IPAM ---


def bare(plugin: str, **more: Any) -> list[Object]:
    lan = nad("shop", "lan", type=plugin, **more)
    return [SHOP, BANK, lan, attached("web", "shop", "lan"), attached("db", "shop", "lan")]


def test_without_an_ipam_selectors_find_no_pod() -> None:
    by_pod = multi("shop", "lan", **from_({"podSelector": {}}))
    assert on([*bare("macvlan"), by_pod], "shop/web", "shop/db") == "deny"


def test_ovn_does_not_set_up_a_policy_with_selectors_where_there_is_no_ipam() -> None:
    there = bare(OVN, topology="layer2")
    by_pod = multi("shop", "lan", **from_({"podSelector": {}}, block("10.9.0.0/24")))
    assert on([*there, by_pod], "shop/web", "shop/db") == "allow"
    by_block = multi("shop", "lan", **from_(block("0.0.0.0/0")))
    assert on([*there, by_block], "shop/web", "shop/db") == "allow"
    assert on([*there, multi("shop", "lan", **CLOSED)], "shop/web", "shop/db") == "deny"


def test_without_an_ipam_an_address_may_be_any() -> None:
    there = bare(OVN, topology="localnet")
    some = multi("shop", "lan", **from_(block("10.9.0.0/24")))
    assert on([*there, some], "shop/web", "shop/db") == "undecided"


# --- who enforces ---


def test_whether_devices_of_the_kernel_are_filtered_is_not_known_and_those_of_guests_are_not() -> None:
    for plugin in ("sriov", "host-device"):
        assert on([*bare(plugin), multi("shop", "lan", **CLOSED)], "shop/web", "shop/db") == "undecided", plugin
    for driver, verdict in (("vfio-pci", "allow"), ("netdevice", "undecided")):
        spec = {"resourceName": "fast", "deviceType": driver, "nodeSelector": {}, "nicSelector": {}, "numVfs": 4}
        meta = {"name": "fast", "namespace": "ops"}
        api = "sriovnetwork.openshift.io/v1"
        pool = {"apiVersion": api, "kind": "SriovNetworkNodePolicy", "metadata": meta, "spec": spec}
        there = bare("sriov")
        named = next(one for one in there if one["kind"] == "NetworkAttachmentDefinition")
        named["metadata"]["annotations"] = {"k8s.v1.cni.cncf.io/resourceName": "openshift.io/fast"}
        assert on([*there, pool, multi("shop", "lan", **CLOSED)], "shop/web", "shop/db") == verdict


def test_whether_other_plugins_are_filtered_is_a_setting() -> None:
    told = ask([*bare("bridge"), multi("shop", "lan", **CLOSED)], "shop/web", "shop/db", network=REF)
    assert (told.verdict, {one.kind for one in told.reasons}) == ("undecided", {"unknown"})
    assert on(bare("bridge"), "shop/web", "shop/db") == "allow"


# --- the outside ---


def test_ovn_routes_nothing_out_of_its_overlay_and_a_localnet_is_on_the_wire() -> None:
    for topology, verdict in (("layer2", "deny"), ("layer3", "deny"), ("localnet", "allow")):
        there = bare(OVN, topology=topology, subnets="10.2.0.0/24")
        assert on(there, "shop/web", "203.0.113.5") == verdict, topology
        assert on(there, "203.0.113.5", "shop/web") == verdict, topology
        assert on(there, "shop/web", "10.2.0.99") == "allow", topology
    assert on(THERE, "shop/web", "203.0.113.5") == "allow"
