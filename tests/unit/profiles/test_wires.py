"""By which bridge, bond and card a network leaves the nodes, which VLANs pass there, and how large a packet may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import netwright.dialects
from netwright.base.spans import Place
from netwright.model.document import Decoded, Document
from netwright.model.wires import Wire
from netwright.profiles.networks import networks_of
from netwright.profiles.wires import wires_of

Tree = dict[str, Any]


def decoded(api: str, kind: str, name: str, **more: Any) -> Decoded:
    raw = {"apiVersion": api, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}
    found = netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=api, kind=kind, namespace="", name=name, raw=raw)
    )
    assert isinstance(found, Decoded), found
    return found


def node(name: str, **labels: str) -> Decoded:
    return decoded("v1", "Node", name, metadata={"labels": labels})


def policy(name: str, selector: dict[str, str], *interfaces: Tree, **ovn: str) -> Decoded:
    mappings = [{"localnet": k, "bridge": v} for k, v in ovn.items()]
    desired = {"interfaces": list(interfaces), "ovn": {"bridge-mappings": mappings}}
    return decoded(
        "nmstate.io/v1",
        "NodeNetworkConfigurationPolicy",
        name,
        spec={"nodeSelector": selector, "desiredState": desired},
    )


def localnet(physical: str) -> Decoded:
    part = {"role": "Secondary", "physicalNetworkName": physical, "ipam": {"mode": "Disabled"}}
    spec = {"namespaceSelector": {}, "network": {"topology": "Localnet", "localnet": part}}
    return decoded("k8s.ovn.org/v1", "ClusterUserDefinedNetwork", "net", spec=spec)


def bridged(bridge: str) -> Decoded:
    config = f'{{"name": "net", "type": "bridge", "bridge": "{bridge}"}}'
    return decoded("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "net", spec={"config": config})


def wires(*objects: Decoded) -> Sequence[Wire]:
    (found,) = wires_of(objects, networks_of(objects)).values()
    return found


BOND = {"name": "bond1", "type": "bond", "mtu": 1600, "link-aggregation": {"port": ["eno3", "eno4"]}}
OVS = {"name": "ovs-br1", "type": "ovs-bridge", "bridge": {"port": [{"name": "bond1"}, {"name": "ovs0"}]}}
OWN = {"name": "ovs0", "type": "ovs-interface", "mtu": 1400}


def test_a_localnet_goes_by_its_bridge_and_bond_to_the_cards() -> None:
    (wire,) = wires(localnet("p1"), policy("a", {}, BOND, OVS, OWN, p1="ovs-br1"))
    assert (wire.at, wire.bridge, wire.uplinks) == (("every node",), "ovs-br1", ("eno3", "eno4"))
    assert (wire.mtu_bytes, wire.mtu_of) == (1600, "bond1")  # that of the node's own port does not count


def test_nodes_without_a_mapping_have_no_way() -> None:
    labelled = policy("a", {"role": "w"}, BOND, OVS, p1="ovs-br1")
    first, second = wires(localnet("p1"), labelled, node("n1", role="w"), node("n2", role="w"), node("n3"))
    assert (first.at, first.lacks) == (("n1", "n2"), "")
    assert second.at == ("n3",)
    assert "`p1`" in second.lacks


def test_a_capture_leaves_a_missing_mapping_open() -> None:
    spec = {"capture": {"x": "y"}, "desiredState": {"ovn": "{{ capture.x.ovn }}"}}
    (wire,) = wires(localnet("p1"), decoded("nmstate.io/v1", "NodeNetworkConfigurationPolicy", "a", spec=spec))
    assert wire.lacks == ""
    assert "`a`" in wire.open


def test_several_policies_say_parts_of_one_node() -> None:
    bridge = policy("a", {}, OVS, OWN, p1="ovs-br1")
    (wire,) = wires(localnet("p1"), bridge, policy("b", {}, BOND), policy("c", {}, {"name": "bond1", "mtu": 9000}))
    assert (wire.uplinks, wire.mtu_bytes) == (("eno3", "eno4"), 9000)


def test_what_is_taken_away_is_not_there() -> None:
    gone = policy("b", {}, {"name": "br1", "state": "absent"})
    bridge = {"name": "br1", "type": "linux-bridge", "bridge": {"port": [{"name": "eno2"}]}}
    (wire,) = wires(bridged("br1"), policy("a", {}, bridge), gone)
    assert wire.uplinks == ()
    assert "`br1`" in wire.open


def test_vlans_that_a_port_lets_through() -> None:
    tags = {"mode": "trunk", "trunk-tags": [{"id": 130}, {"id-range": {"min": 200, "max": 209}}]}
    bridge = {"name": "br1", "type": "linux-bridge", "bridge": {"port": [{"name": "eno2", "vlan": tags}]}}
    (wire,) = wires(bridged("br1"), policy("a", {}, bridge))
    assert [vlan for vlan in (0, 130, 131, 200, 209, 210) if wire.passes(vlan)] == [0, 130, 200, 209]
    (free,) = wires(bridged("br1"), policy("a", {}, {**bridge, "bridge": {"port": [{"name": "eno2"}]}}))
    assert free.passes(131)


def test_what_a_node_has_is_known_wholly() -> None:
    state = {"interfaces": [{"name": "eno1", "type": "ethernet", "state": "up"}]}
    there = decoded("nmstate.io/v1beta1", "NodeNetworkState", "n1", status={"currentState": state})
    (wire,) = wires(bridged("br1"), there)
    assert wire.lacks == "no interface `br1` is there"


def test_cards_of_a_resource() -> None:
    network = decoded("sriovnetwork.openshift.io/v1", "SriovNetwork", "fast", spec={"resourceName": "r", "vlan": 7})
    spec = {
        "resourceName": "r",
        "numVfs": 4,
        "mtu": 9000,
        "nodeSelector": {"fast": ""},
        "nicSelector": {"pfNames": ["e0"]},
    }
    cards = decoded("sriovnetwork.openshift.io/v1", "SriovNetworkNodePolicy", "one", spec=spec)
    (noun,) = networks_of([network, cards])[1:]
    assert (noun.ref, noun.vlan, noun.attachments) == ("nad/default/fast", 7, ("default/fast",))
    (wire,) = wires(network, cards)
    assert (wire.at, wire.uplinks, wire.mtu_bytes) == (("fast",), ("e0",), 9000)
