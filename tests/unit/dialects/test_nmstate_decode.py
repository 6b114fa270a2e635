"""The setup of nodes: what of nmstate, of the SR-IOV operator and of kubemacpool is taken, and what is refused.

The verdicts are those of the CRDs of kubernetes-nmstate at c97527555ffa and sriov-network-operator at 249e20012faf, and
of nmstate 2.2's own types.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.kubemacpool.ranges import is_multicast, mac_number, ranges_of
from netwright.dialects.nmstate.state import Port, State, read_state
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]


def decode(api: str, kind: str, name: str = "one", **more: Any) -> Decoded | Invalid:
    raw = {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": "a"}, **more}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=api, kind=kind, namespace="a", name=name, raw=raw)
    )


BAD: Tree = {"enabled": True, "address": [{"ip": "192.0.2.300", "prefix-length": 8}]}


def wanted(**desired: Any) -> Decoded | Invalid:
    return decode("nmstate.io/v1", "NodeNetworkConfigurationPolicy", spec={"desiredState": desired})


def state(**desired: Any) -> State:
    found = wanted(**desired)
    assert isinstance(found, Decoded), found
    return read_state(found.value.spec.desired_state, ())


def test_a_bond_a_vlan_and_a_bridge_on_it() -> None:
    tags = {"mode": "trunk", "trunk-tags": [{"id": 3}, {"id-range": {"min": 10, "max": 20}}]}
    address = {"ip": "192.0.2.7", "prefix-length": 24}
    found = state(
        interfaces=[
            {"name": "bond0", "type": "bond", "mtu": "9000", "link-aggregation": {"port": ["a", "b"]}},
            {"name": "bond0.7", "type": "vlan", "vlan": {"id": 7, "base-iface": "bond0"}},
            {
                "name": "br1",
                "type": "linux-bridge",
                "bridge": {"port": [{"name": "bond0.7", "vlan": tags}]},
                "ipv4": {"enabled": True, "address": [address]},
            },
        ]
    )
    bond, vlan, bridge = found.wiring
    assert (bond.below, bond.mtu_bytes) == (("a", "b"), 9000)  # numbers may be texts
    assert (vlan.below, vlan.vlan) == (("bond0",), 7)
    assert bridge.ports == (Port(name="bond0.7", vlans=((3, 3), (10, 20))),)
    assert bridge.addresses == ("192.0.2.7/24",)


def test_addresses_of_a_family_that_is_off_are_none() -> None:
    off = {"enabled": False, "address": [{"ip": "192.0.2.7", "prefix-length": 24}]}
    assert state(interfaces=[{"name": "eth0", "ipv4": off}]).wiring[0].addresses == ()


def test_what_a_native_vlan_is() -> None:
    vlan = {"mode": "trunk", "trunk-tags": [{"id": 3}], "tag": 9, "enable-native": True}
    port = {"name": "eth0", "vlan": vlan}
    found = state(interfaces=[{"name": "br", "type": "linux-bridge", "bridge": {"port": [port]}}])
    assert found.wiring[0].ports == (Port(name="eth0", vlans=((3, 3),), native=9),)


@pytest.mark.parametrize(
    "desired",
    [
        {"interfaces": "{{ capture.up.interfaces }}"},
        {"interfaces": [{"name": "{{ capture.up.interfaces.0.name }}", "type": "ethernet"}]},
    ],
)
def test_what_a_capture_leaves_to_the_nodes_is_told(desired: Tree) -> None:
    found = state(**desired)
    assert found.open
    assert not found.wiring


@pytest.mark.parametrize(
    ("desired", "field"),
    [
        ({"interfaces": [{"type": "bond"}]}, "`spec.desiredState.interfaces[0].name` is missing"),
        ({"interfaces": {"name": "eth0"}}, "`spec.desiredState.interfaces` is no list"),
        ({"interfaces": [{"name": "eth0", "state": "on"}]}, "is `on`; it is `up`, `down`, `absent` or `ignore`"),
        ({"interfaces": [{"name": "eth0", "mtu": "big"}]}, "is `big`, no number"),
        ({"interfaces": [{"name": "v", "type": "vlan", "vlan": {"id": 0, "base-iface": "a"}}]}, "VLANs are 1 to 4094"),
        ({"interfaces": [{"name": "e", "ipv4": BAD}]}, "no address with its prefix length"),
        ({"ovn": {"bridge-mappings": [{"localnet": "p"}]}}, "bridge` is missing"),
    ],
)
def test_what_nmstate_refuses(desired: Tree, field: str) -> None:
    found = wanted(**desired)
    assert isinstance(found, Invalid)
    assert field in found.message


def test_versions_that_are_served() -> None:
    for version in ("v1", "v1beta1", "v1alpha1"):
        assert isinstance(decode(f"nmstate.io/{version}", "NodeNetworkConfigurationPolicy", spec={}), Decoded)
    assert isinstance(decode("nmstate.io/v2", "NodeNetworkConfigurationPolicy", spec={}), Invalid)


SRIOV = "sriovnetwork.openshift.io/v1"
CARDS = {"resourceName": "r", "numVfs": 4, "nodeSelector": {}, "nicSelector": {"pfNames": ["ens1f0"]}}


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("SriovNetwork", {"vlan": 3}, "spec.resourceName"),
        ("SriovNetwork", {"resourceName": "r", "vlan": 4095}, "spec.vlan"),
        ("SriovNetwork", {"resourceName": "r", "spoofChk": "maybe"}, "spec.spoofChk"),
        ("SriovNetwork", {"resourceName": "r", "bridge": "br0"}, "spec.bridge"),
        ("SriovNetwork", {"resourceName": "r", "ipam": "{"}, "spec.ipam"),
        ("OVSNetwork", {"resourceName": "r", "vlan": 4096}, "spec.vlan"),
        ("OVSNetwork", {"resourceName": "r", "trunk": [{"id": 5000}]}, "spec.trunk[0].id"),
        ("SriovIBNetwork", {"resourceName": "r", "vlan": 3}, "spec.vlan"),
        ("SriovNetworkNodePolicy", {**CARDS, "priority": 100}, "spec.priority"),
        ("SriovNetworkNodePolicy", {**CARDS, "numVfs": None}, "spec.numVfs"),
        ("SriovNetworkNodePolicy", {**CARDS, "deviceType": "uio"}, "spec.deviceType"),
    ],
)
def test_what_the_definitions_of_sriov_refuse(kind: str, spec: Tree, field: str) -> None:
    found = decode(SRIOV, kind, spec=spec)
    assert isinstance(found, Invalid)
    assert f"`{field}`" in found.message


def test_what_the_definitions_of_sriov_take() -> None:
    assert isinstance(decode(SRIOV, "SriovNetworkNodePolicy", spec=CARDS), Decoded)
    assert isinstance(decode(SRIOV, "OVSNetwork", spec={"resourceName": "r", "vlan": 4095, "mtu": 9000}), Decoded)


POOL = "kubemacpool-mac-range-config"


def test_the_range_of_kubemacpool() -> None:
    data = {"RANGE_START": "02:10:00:00:00:00", "RANGE_END": "02:10:FF:FF:FF:FF"}
    config = decode("v1", "ConfigMap", POOL, data=data)
    pool = {"kubeMacPool": {"rangeStart": "02:20:00:00:00:00", "rangeEnd": "02:20:FF:FF:FF:FF"}}
    addons = decode("networkaddonsoperator.network.kubevirt.io/v1", "NetworkAddonsConfig", spec=pool)
    assert isinstance(config, Decoded)
    assert isinstance(addons, Decoded)
    first, second = ranges_of([addons, config])
    assert (first.first, first.last) == (0x021000000000, 0x0210FFFFFFFF)
    assert second.first == 0x022000000000
    assert (mac_number("02-10-00-00-00-01") or 0) in first
    assert mac_number("02:10:00:00:00") is None
    assert is_multicast(0x01005E000001)
    assert not is_multicast(0x020000000000)


@pytest.mark.parametrize(
    "data", [{"RANGE_START": "02:10"}, {"RANGE_START": "02:10:00:00:00:05", "RANGE_END": "02:10:00:00:00:04"}]
)
def test_a_range_that_is_none(data: Tree) -> None:
    assert isinstance(decode("v1", "ConfigMap", POOL, data=data), Invalid)
