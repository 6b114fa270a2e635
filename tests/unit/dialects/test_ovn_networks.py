"""UserDefinedNetwork and ClusterUserDefinedNetwork: what is taken, what of it is kept, what is refused.

The verdicts are those of the CRDs of OVN-Kubernetes at 8871cd9cec9c: their bounds and CEL rules, one by one.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place, dotted
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]
EVERYWHERE: Tree = {"matchLabels": {"a": "b"}}


def decode(kind: str, spec: Tree | None) -> Decoded | Invalid:
    raw = {"apiVersion": "k8s.ovn.org/v1", "kind": kind, "metadata": {"name": "net"}, "spec": spec}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version="k8s.ovn.org/v1", kind=kind, namespace="", name="net", raw=raw)
    )


def udn(**spec: Any) -> Decoded | Invalid:
    return decode("UserDefinedNetwork", spec)


def cudn(network: Tree, **spec: Any) -> Decoded | Invalid:
    return decode("ClusterUserDefinedNetwork", {"namespaceSelector": EVERYWHERE, "network": network, **spec})


def layer2(**fields: Any) -> Decoded | Invalid:
    part = {"role": "Primary", "subnets": ["10.20.0.0/24"], **fields}
    return udn(topology="Layer2", layer2={key: value for key, value in part.items() if value is not None})


def layer3(**fields: Any) -> Decoded | Invalid:
    return udn(topology="Layer3", layer3={"role": "Primary", "subnets": [{"cidr": "10.20.0.0/16"}], **fields})


def localnet(**fields: Any) -> Decoded | Invalid:
    part = {"role": "Secondary", "physicalNetworkName": "physnet1", "subnets": ["10.20.0.0/24"], **fields}
    return cudn({"topology": "Localnet", "localnet": {k: v for k, v in part.items() if v is not None}})


def primary(**fields: Any) -> Tree:
    return {"topology": "Layer2", "layer2": {"role": "Primary", "subnets": ["10.20.0.0/24"]}, **fields}


def where(found: Decoded | Invalid, below: str = "") -> str:
    assert isinstance(found, Invalid), found
    return dotted(found.pointer).removeprefix("spec.").removeprefix(below)


def test_a_network_of_a_namespace() -> None:
    found = layer2(
        mtu=1400,
        infrastructureSubnets=["10.20.0.0/30"],
        defaultGatewayIPs=["10.20.0.1"],
        reservedSubnets=["10.20.0.8/29"],
        joinSubnets=["100.66.0.0/16"],
        ipam={"lifecycle": "Persistent"},
    )
    assert isinstance(found, Decoded), found
    assert (found.kind, found.namespace, found.name) == ("UserDefinedNetwork", "default", "net")
    network = found.value.network
    assert (network.topology, network.role, network.layer2.mtu) == ("Layer2", "Primary", 1400)
    assert network.layer2.default_gateway_ips == ("10.20.0.1",)
    assert network.layer2.ipam.lifecycle == "Persistent"


def test_a_network_of_the_cluster() -> None:
    found = localnet(vlan={"mode": "Access", "access": {"id": 120}}, excludeSubnets=["10.20.0.0/29"], mtu=1500)
    assert isinstance(found, Decoded), found
    assert (found.kind, found.namespace) == ("ClusterUserDefinedNetwork", "")
    assert found.value.network.localnet.vlan.access.id == 120
    assert found.value.spec.namespace_selector.match_labels == {"a": "b"}


@pytest.mark.parametrize(
    "network",
    [
        primary(transport="EVPN", evpn={"vtep": "v", "macVRF": {"vni": 100, "routeTarget": "65000:100"}}),
        primary(transport="EVPN", evpn={"vtep": "v", "macVRF": {"vni": 1}, "ipVRF": {"vni": 2, "routeTarget": "*:7"}}),
        {
            "topology": "Layer3",
            # host bits are cut off, as OVN-Kubernetes does
            "layer3": {"role": "Primary", "subnets": [{"cidr": "10.0.20.0/16", "hostSubnet": 24}]},
            "transport": "NoOverlay",
            "noOverlay": {"outboundSNAT": "Enabled", "routing": "Managed"},
        },
    ],
)
def test_transports(network: Tree) -> None:
    assert isinstance(cudn(network), Decoded)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"role": None}, "role"),
        ({"role": "primary"}, "role"),
        ({"subnets": None}, "subnets"),
        ({"subnets": []}, "subnets"),
        ({"subnets": ["10.20.0.0"]}, "subnets[0]"),
        ({"subnets": ["10.20.0.0/24", "10.21.0.0/24"]}, "subnets"),
        ({"subnets": ["10.20.0.0/24", "fd00::/64"], "mtu": 1279}, "mtu"),
        ({"mtu": 575}, "mtu"),
        ({"mtu": 65537}, "mtu"),
        ({"ipam": {}}, "ipam"),
        ({"ipam": {"mode": "None"}}, "ipam.mode"),
        ({"ipam": {"lifecycle": "Forever"}}, "ipam.lifecycle"),
        ({"ipam": {"mode": "Disabled"}}, "ipam.mode"),
        ({"role": "Secondary", "ipam": {"mode": "Disabled"}}, "subnets"),
        (
            {"role": "Secondary", "subnets": None, "ipam": {"mode": "Disabled", "lifecycle": "Persistent"}},
            "ipam.lifecycle",
        ),
        ({"role": "Secondary", "joinSubnets": ["100.66.0.0/16"]}, "joinSubnets"),
        ({"role": "Secondary", "reservedSubnets": ["10.20.0.8/29"]}, "reservedSubnets"),
        ({"role": "Secondary", "infrastructureSubnets": ["10.20.0.8/29"]}, "infrastructureSubnets"),
        ({"role": "Secondary", "defaultGatewayIPs": ["10.20.0.1"]}, "defaultGatewayIPs"),
        ({"reservedSubnets": ["10.21.0.0/29"]}, "reservedSubnets[0]"),
        ({"reservedSubnets": ["10.20.0.9/29"]}, "reservedSubnets[0]"),
        ({"reservedSubnets": [f"10.20.0.{n}/32" for n in range(26)]}, "reservedSubnets"),
        ({"infrastructureSubnets": [f"10.20.0.{n}/32" for n in range(5)]}, "infrastructureSubnets"),
        ({"reservedSubnets": ["10.20.0.0/28"], "infrastructureSubnets": ["10.20.0.0/30"]}, "reservedSubnets[0]"),
        ({"defaultGatewayIPs": ["10.21.0.1"]}, "defaultGatewayIPs[0]"),
        ({"defaultGatewayIPs": ["10.20.0.1", "10.20.0.2"]}, "defaultGatewayIPs"),
        ({"subnets": ["10.20.0.0/24", "fd00::/64"], "defaultGatewayIPs": ["10.20.0.1"]}, "defaultGatewayIPs"),
        ({"infrastructureSubnets": ["10.20.0.0/30"], "defaultGatewayIPs": ["10.20.0.9"]}, "defaultGatewayIPs[0]"),
        ({"subnets": ["100.65.7.0/24"]}, "subnets"),
        ({"joinSubnets": ["10.20.0.0/16"]}, "subnets"),
    ],
)
def test_layer2_networks_that_are_refused(fields: Tree, pointer: str) -> None:
    assert where(layer2(**fields), "layer2.") == pointer


def test_a_secondary_network_can_do_without_addresses() -> None:
    assert isinstance(layer2(role="Secondary", subnets=None, ipam={"mode": "Disabled"}), Decoded)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"subnets": None}, "subnets"),
        ({"subnets": []}, "subnets"),
        ({"subnets": [{}]}, "subnets[0].cidr"),
        ({"subnets": [{"cidr": "10.20.0.0/16", "hostSubnet": 16}]}, "subnets[0].hostSubnet"),
        ({"subnets": [{"cidr": "10.20.0.0/16", "hostSubnet": 32}]}, "subnets[0].hostSubnet"),
        ({"subnets": [{"cidr": "fd00::/48", "hostSubnet": 128}]}, "subnets[0].hostSubnet"),
        ({"subnets": [{"cidr": "10.20.0.0/16"}, {"cidr": "10.20.3.0/24"}]}, "subnets[1].cidr"),
        ({"subnets": [{"cidr": "10.20.0.0/16", "hostSubnet": 24}, {"cidr": "10.21.0.0/16"}]}, "subnets[1].hostSubnet"),
        ({"role": "Secondary", "subnets": [{"cidr": "10.20.0.0/16"}, {"cidr": "10.21.0.0/16"}]}, "subnets"),
        ({"role": "Secondary", "joinSubnets": ["100.66.0.0/16"]}, "joinSubnets"),
        ({"ipam": {"lifecycle": "Persistent"}}, "ipam"),
        ({"subnets": [{"cidr": "100.64.0.0/14"}]}, "subnets"),
    ],
)
def test_layer3_networks_that_are_refused(fields: Tree, pointer: str) -> None:
    assert where(layer3(**fields), "layer3.") == pointer


def test_a_primary_layer3_network_can_have_many_ranges() -> None:
    ranges = [{"cidr": f"10.{n}.0.0/16", "hostSubnet": 24} for n in range(3)]
    assert isinstance(layer3(subnets=[*ranges, {"cidr": "fd00::/48", "hostSubnet": 64}]), Decoded)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"role": "Primary"}, "role"),
        ({"physicalNetworkName": None}, "physicalNetworkName"),
        ({"physicalNetworkName": "a:b"}, "physicalNetworkName"),
        ({"subnets": None}, "subnets"),
        ({"ipam": {"mode": "Disabled"}}, "subnets"),
        ({"subnets": None, "ipam": {"mode": "Disabled"}, "excludeSubnets": ["10.20.0.0/29"]}, "excludeSubnets"),
        ({"excludeSubnets": ["10.21.0.0/29"]}, "excludeSubnets[0]"),
        ({"vlan": {"mode": "Trunk"}}, "vlan.mode"),
        ({"vlan": {"mode": "Access"}}, "vlan.access"),
        ({"vlan": {"mode": "Access", "access": {"id": 4095}}}, "vlan.access.id"),
    ],
)
def test_localnet_networks_that_are_refused(fields: Tree, pointer: str) -> None:
    assert where(localnet(**fields), "network.localnet.") == pointer


def test_localnet_is_of_the_cluster_alone() -> None:
    found = udn(topology="Localnet", localnet={})
    assert isinstance(found, Invalid)
    part = decode("UserDefinedNetwork", {"topology": "Localnet"})
    assert where(part) == "topology"
    assert isinstance(part, Invalid)
    assert "ClusterUserDefinedNetwork" in part.help


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"topology": "Layer4"}, "topology"),
        ({"topology": "Layer3"}, "layer3"),
        (
            {"topology": "Layer3", "layer3": {"role": "Primary", "subnets": [{"cidr": "10.0.0.0/8"}]}, "layer2": {}},
            "layer2",
        ),
    ],
)
def test_the_topology_says_which_part_there_is(spec: Tree, pointer: str) -> None:
    assert where(udn(**spec)) == pointer


EVPN: Tree = {"vtep": "v", "macVRF": {"vni": 1}}


@pytest.mark.parametrize(
    ("network", "pointer"),
    [
        (primary(transport="Geneve"), "transport"),
        (primary(transport="NoOverlay", noOverlay={"outboundSNAT": "Enabled", "routing": "Managed"}), "transport"),
        (primary(noOverlay={"outboundSNAT": "Enabled", "routing": "Managed"}), "noOverlay"),
        (primary(transport="EVPN"), "evpn"),
        (primary(evpn=EVPN), "evpn"),
        (primary(transport="EVPN", evpn={"macVRF": {"vni": 1}}), "evpn.vtep"),
        (primary(transport="EVPN", evpn={"vtep": "v"}), "evpn.macVRF"),
        (primary(transport="EVPN", evpn={**EVPN, "ipVRF": {"vni": 1}}), "evpn.ipVRF.vni"),
        (primary(transport="EVPN", evpn={"vtep": "v", "macVRF": {"vni": 0}}), "evpn.macVRF.vni"),
        *(
            (
                primary(transport="EVPN", evpn={"vtep": "v", "macVRF": {"vni": 1, "routeTarget": target}}),
                "evpn.macVRF.routeTarget",
            )
            for target in ("65000", "a:1", "1.2.3.4:65536", "70000:65536", "65000:4294967296", "*:x", "1:2:3")
        ),
    ],
)
def test_transports_that_are_refused(network: Tree, pointer: str) -> None:
    assert where(cudn(network), "network.") == pointer


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"network": primary()}, "namespaceSelector"),
        ({"namespaceSelector": {}}, "network"),
        ({"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "in"}]}, "network": primary()}, None),
        ({"namespaceSelector": {}, "network": primary(), "uplinks": ["a", "b"]}, "uplinks"),
        ({"namespaceSelector": {}, "network": primary(), "uplinks": ["A"]}, "uplinks[0]"),
        ({"namespaceSelector": {}, "network": primary(transport="EVPN", evpn=EVPN), "uplinks": ["a"]}, "uplinks"),
    ],
)
def test_networks_of_the_cluster_that_are_refused(spec: Tree, pointer: str | None) -> None:
    expected = pointer or "namespaceSelector.matchExpressions[0].operator"
    assert where(decode("ClusterUserDefinedNetwork", spec)) == expected
