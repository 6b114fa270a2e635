"""NetworkAttachmentDefinition and IPAMClaim: what is taken, what of the CNI configuration is kept, what is refused.

The verdicts are those of the CNI specification 1.1, of the plugins' own sources (bridge of containernetworking/plugins
1.7) and of OVN-Kubernetes at 8871cd9cec9c.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netwright.dialects
from netwright.base.spans import Place
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.objects import Meta
from netwright.dialects.multus.cni import Config, Plugin, VlanRange, config_of
from netwright.dialects.multus.objects import POLICY_FOR, MultiNetworkPolicy, policy_for
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]


def decode(kind: str, spec: Tree | None, version: str = "v1", **more: Any) -> Decoded | Invalid:
    api = f"k8s.cni.cncf.io/{version}"
    raw = {"apiVersion": api, "kind": kind, "metadata": {"name": "net", "namespace": "a"}, "spec": spec, **more}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=api, kind=kind, namespace="a", name="net", raw=raw)
    )


def kept(config: Tree | str) -> Config:
    text = config if isinstance(config, str) else json.dumps(config)
    found = decode("NetworkAttachmentDefinition", {"config": text})
    assert isinstance(found, Decoded), found
    read = config_of(found.value)
    assert read is not None
    return read


def refused(config: Tree | str) -> str:
    text = config if isinstance(config, str) else json.dumps(config)
    found = decode("NetworkAttachmentDefinition", {"config": text})
    assert isinstance(found, Invalid), found
    assert found.pointer == ("spec", "config")
    assert found.help
    return found.message


FIELDS = [field.encode_name for field in msgspec.structs.fields(Plugin)]


def typed(parts: tuple[Any, str]) -> str:
    """A value as text; an object as one of a plugin."""
    tree, plugin = parts
    return json.dumps({**tree, "type": plugin} if isinstance(tree, dict) else tree)


def ovn(**fields: Any) -> Tree:
    own = {"name": "tenant", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "a/net"}
    return {**own, **fields}


# --- configurations ---------------------------------------------------------------------------------------------------


def test_one_plugin() -> None:
    found = kept(
        {
            "cniVersion": "0.3.1",
            "name": "storage",
            "type": "bridge",
            "bridge": "br1",
            "vlan": 130,
            "mtu": 9000,
            "macspoofchk": True,
            "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9"}]]},
            "somethingOfThePlugin": {"deep": [1]},
        }
    )
    main = found.main
    assert (found.name, found.is_list, len(found.plugins)) == ("storage", False, 1)
    assert (main.type, main.bridge, main.vlan, main.mtu, main.macspoofchk) == ("bridge", "br1", 130, 9000, True)
    assert main.ipam is not None
    assert main.ipam.ranges is not None
    assert main.ipam.ranges[0][0].subnet == "10.1.0.0/24"


def test_a_chain_of_plugins() -> None:
    found = kept({"name": "x", "plugins": [{"type": "macvlan", "master": "eth1"}, {"type": "tuning", "mtu": 9000}]})
    assert (found.name, found.is_list, found.main.master) == ("x", True, "eth1")
    assert (found.plugins[1].type, found.plugins[1].mtu) == ("tuning", 9000)


def test_trunks() -> None:
    trunk = [{"id": 7}, {"minID": 20, "maxID": 30}]
    assert kept({"type": "bridge", "vlanTrunk": trunk}).main.vlan_trunk == (
        VlanRange(id=7),
        VlanRange(min_id=20, max_id=30),
    )


def test_names_are_read_in_any_case_as_go_does() -> None:
    main = kept(ovn(allowPersistentIps=True, Subnets="10.1.0.0/24")).main
    assert (main.allow_persistent_ips, main.subnets) == (True, "10.1.0.0/24")
    # where both are there the last counts
    assert kept({"type": "bridge", "vlan": 7, "VLAN": 9}).main.vlan == 9
    assert kept({"type": "bridge", "VLAN": 9, "vlan": 7}).main.vlan == 7


def test_the_vlan_of_a_link_and_of_a_port_differ() -> None:
    assert kept({"type": "vlan", "master": "eth1", "vlanId": 12}).main.vlan_id_of_link == 12
    assert kept({"type": "vlan", "master": "eth1", "vlanID": 12}).main.vlan_id_of_link == 12
    assert kept(ovn(topology="localnet", vlanID=33)).main.vlan_id == 33


def test_of_plugins_that_are_not_known_only_what_all_have_is_read() -> None:
    found = kept({"type": "acme", "vlan": "many", "subnets": ["a"], "mtu": 1500})
    assert (found.main.type, found.main.vlan, found.main.mtu) == ("acme", None, 1500)


@pytest.mark.parametrize("spec", [None, {}, {"config": ""}])
def test_without_a_configuration_it_stands_on_the_nodes(spec: Tree | None) -> None:
    found = decode("NetworkAttachmentDefinition", spec)
    assert isinstance(found, Decoded)
    assert config_of(found.value) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{'type': 'bridge'}",
            "is not JSON: expecting property name enclosed in double quotes (line 1, column 2 of it)",
        ),
        ('{"type": "bridge",\n "vlan": }', "is not JSON: expecting value (line 2, column 10 of it)"),
        ('["bridge"]', "is JSON, but no object"),
        ("{}", "has no `type`"),
        ('{"plugins": []}', "`plugins` that are no list of at least one plugin"),
        ('{"plugins": [{"type": "bridge"}, {"mtu": 7}]}', "has no `type` in `plugins[1]`"),
        ('{"type": "bridge", "vlan": "130"}', "has `vlan`: expected `int | null`, got `str`"),
        ('{"type": "bridge", "ipam": {"ranges": [{}]}}', "has `ipam.ranges[0]`: expected `array`, got `object`"),
        ("[" * 100_000, "nested too deeply"),
        ('{"type": "bridge", "mtu": ' + "9" * 10_000 + "}", "a number that no plugin has"),
        ('{"type": "bridge", "mtu": NaN}', "a number that no plugin has"),
    ],
)
def test_what_is_no_configuration(text: str, message: str) -> None:
    found = refused(text)
    assert found.startswith("`spec.config` ")
    assert message in found


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"type": "bridge", "vlan": 4095}, "`vlan` `4095`"),
        ({"type": "sriov", "vlan": -1}, "`vlan` `-1`"),
        ({"type": "vlan", "master": "eth0"}, "`vlanId` `0`"),
        ({"type": "macvlan", "mtu": -1}, "`mtu` `-1`"),
        ({"type": "acme", "mtu": 10**50}, "`mtu` `1000"),
        ({"type": "bridge", "vlan": 7, "vlanTrunk": [{"id": 8}]}, "`vlan` and `vlanTrunk`"),
        ({"type": "bridge", "vlanTrunk": [{"minID": 8}]}, "one of `minID` and `maxID` in `vlanTrunk[0]`"),
        ({"type": "bridge", "vlanTrunk": [{"id": 0}]}, "in `vlanTrunk[0]` that is not in 1 to 4094"),
        ({"type": "ovs", "trunk": [{"minID": 8, "maxID": 7}]}, "`minID` 8 over `maxID` 7"),
    ],
)
def test_what_a_plugin_would_refuse(config: Tree, message: str) -> None:
    assert message in refused(config)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FIELDS, "plugins", "name", "range", "x"]), inner, max_size=6)
    ),
    max_leaves=12,
)
PLUGINS = st.sampled_from(["bridge", "ovs", "vlan", "sriov", "macvlan", "tuning", "acme", "ovn-k8s-cni-overlay"])


@given(st.one_of(st.text(max_size=30), st.tuples(JSON, PLUGINS).map(typed)))
def test_whatever_the_text_is_it_is_a_configuration_or_told_why_not(text: str) -> None:
    found = decode("NetworkAttachmentDefinition", {"config": text})
    if isinstance(found, Invalid):
        assert found.message.isprintable()
    elif text:
        assert kept(text).main.type


# --- OVN-Kubernetes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"subnets": "10.1.0.0/24, fd00::/64", "excludeSubnets": "10.1.0.0/29", "allowPersistentIPs": True},
        {"topology": "layer3", "subnets": "10.128.0.0/16/24"},
        {"topology": "localnet", "vlanID": 33, "physicalNetworkName": "physnet", "role": "secondary"},
        {"role": "primary", "subnets": "10.1.0.0/24", "joinSubnet": "100.66.0.0/16", "defaultGatewayIPs": "10.1.0.1"},
        {"topology": "", "netAttachDefName": "b/other"},
    ],
)
def test_networks_of_ovn(fields: Tree) -> None:
    assert kept(ovn(**fields)).main.type == "ovn-k8s-cni-overlay"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"netAttachDefName": "b/net"}, "`netAttachDefName` `b/net`, and the object is `a/net`"),
        ({"netAttachDefName": None}, "`netAttachDefName` none"),
        ({"name": "ovn-kubernetes"}, "keeps for the pod network"),
        ({"topology": "Layer2"}, "`topology` `Layer2`"),
        ({"ipam": {"type": "whereabouts"}}, "`ipam` `whereabouts`; OVN-Kubernetes gives addresses itself"),
        ({"role": "Primary"}, "`role` `Primary`"),
        ({"role": "primary"}, "has no `subnets`"),
        ({"role": "primary", "topology": "localnet"}, "always secondary"),
        ({"topology": "layer3"}, "has no `subnets`"),
        ({"topology": "layer3", "subnets": "10.1.0.0/16/24", "allowPersistentIPs": True}, "`allowPersistentIPs`"),
        ({"topology": "layer3", "subnets": "10.1.0.0/24/16"}, "`10.1.0.0/24/16` in `subnets`"),
        ({"topology": "localnet", "joinSubnet": "100.66.0.0/16"}, "`joinSubnet`"),
        ({"topology": "localnet", "reservedSubnets": "10.1.0.0/29"}, "only `layer2` has it"),
        ({"topology": "localnet", "vlanID": 5000}, "`vlanID` `5000`"),
        ({"subnets": "10.1.0.0/240"}, "in `subnets`"),
        ({"subnets": "10.1.0.0/24", "excludeSubnets": "10.2.0.0/29"}, "`10.2.0.0/29` in `excludeSubnets`"),
    ],
)
def test_what_ovn_would_refuse(fields: Tree, message: str) -> None:
    assert message in refused({key: value for key, value in ovn(**fields).items() if value is not None})


def test_ovn_takes_no_chain() -> None:
    assert "takes no chain" in refused({"name": "tenant", "plugins": [ovn(), {"type": "tuning"}]})
    # the network's name stands beside the list
    assert kept({"name": "tenant", "plugins": [ovn()]}).name == "tenant"


# --- claims -----------------------------------------------------------------------------------------------------------


def test_a_claim() -> None:
    status = {"ips": ["10.1.0.7/24", "fd00::7/64"], "ownerPod": {"name": "virt-launcher-x"}, "conditions": []}
    found = decode("IPAMClaim", {"network": "tenant", "interface": ""}, "v1alpha1", status=status)
    assert isinstance(found, Decoded), found
    assert found.value.spec.network == "tenant"
    assert found.value.status.ips == ("10.1.0.7/24", "fd00::7/64")
    assert found.value.status.owner_pod.name == "virt-launcher-x"


@pytest.mark.parametrize(
    ("spec", "status", "pointer"),
    [
        ({"interface": ""}, None, ("spec", "network")),
        ({"network": "tenant"}, None, ("spec", "interface")),
        ({"network": "tenant", "interface": ""}, {"ips": ["10.1.0"]}, ("status", "ips", 0)),
    ],
)
def test_claims_that_are_refused(spec: Tree, status: Tree | None, pointer: tuple[str | int, ...]) -> None:
    found = decode("IPAMClaim", spec, "v1alpha1", status=status)
    assert isinstance(found, Invalid), found
    assert found.pointer == pointer


# --- MultiNetworkPolicy -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_a_policy_of_either_version(version: str) -> None:
    ports = [{"port": 5000, "endPort": 5900}]
    spec = {"podSelector": {}, "ingress": [{"ports": ports, "from": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]}
    found = decode("MultiNetworkPolicy", spec, version)
    assert isinstance(found, Decoded), found
    assert found.value.spec.ingress[0].ports[0].end_port == 5900


def test_a_policy_of_no_other_version() -> None:
    assert isinstance(decode("MultiNetworkPolicy", {"podSelector": {}}, "v1"), Invalid)


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"ingress": []}, ("spec", "podSelector")),
        ({"podSelector": {}, "ingress": [{"from": [{}]}]}, ("spec", "ingress", 0, "from", 0)),
        ({"podSelector": {}, "policyTypes": ["Ingres"]}, ("spec", "policyTypes", 0)),
        ({"podSelector": {}, "egress": [{"to": [{"ipBlock": {}}]}]}, None),
        ({"podSelector": {}, "networks": ["a"]}, None),
    ],
)
def test_a_policy_that_is_refused(spec: Tree, pointer: Any) -> None:
    found = decode("MultiNetworkPolicy", spec, "v1beta1")
    assert isinstance(found, Invalid)
    assert pointer is None or found.pointer == pointer


def test_the_networks_that_a_policy_names() -> None:
    def named(text: str | None) -> tuple[str, ...]:
        annotations = {} if text is None else {POLICY_FOR: text}
        return policy_for(MultiNetworkPolicy(metadata=Meta(annotations=annotations)), "shop")

    assert named("storage") == ("shop/storage",)
    assert named(" storage , ops/backup,storage,") == ("shop/storage", "ops/backup")
    assert named("") == named(None) == ()
