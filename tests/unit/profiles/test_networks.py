"""All networks of an input: the pod network, user-defined ones, attachments to others.

The facts are those of the CRDs of OVN-Kubernetes at 8871cd9cec9c and of the sources that `profiles.networks` names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import netwright as nw
from netwright.dialects.k8s.edit import Edit
from netwright.model.networks import NetworkNoun, by_attachment
from netwright.profiles.deltas import deltas
from netwright.profiles.networks import networks_of

Load = Callable[[str], nw.Twin]
PRIMARY = "k8s.ovn.org/primary-user-defined-network"


@pytest.fixture
def load(tmp_path: Any) -> Load:
    def read(manifests: str) -> nw.Twin:
        (tmp_path / "cluster.yaml").write_text(manifests)
        twin = nw.load(str(tmp_path))
        assert not twin.accounting.invalid, twin.diagnostics
        return twin

    return read


@pytest.fixture
def under_upstream(tmp_path: Any) -> Load:
    """The input under a profile that says nothing of primary networks."""

    def read(manifests: str) -> nw.Twin:
        (tmp_path / "cluster.yaml").write_text(manifests)
        return nw.load(str(tmp_path), cni="upstream")

    return read


def document(api: str, kind: str, name: str, namespace: str = "", **more: Any) -> str:
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("meta", {})}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": meta, **more}) + "\n---\n"


def namespace(name: str, **labels: str) -> str:
    return document("v1", "Namespace", name, meta={"labels": labels})


def pod(name: str, where: str) -> str:
    spec = {"containers": [{"name": "c", "image": "example/web:1"}]}
    return document("v1", "Pod", name, where, spec=spec)


def udn(name: str, where: str, **layer2: Any) -> str:
    part = {"role": "Primary", "subnets": ["10.20.0.0/24"], **layer2}
    return document("k8s.ovn.org/v1", "UserDefinedNetwork", name, where, spec={"topology": "Layer2", "layer2": part})


def cudn(name: str, selector: dict[str, Any], network: dict[str, Any]) -> str:
    spec = {"namespaceSelector": selector, "network": network}
    return document("k8s.ovn.org/v1", "ClusterUserDefinedNetwork", name, spec=spec)


def attachment(ref: str, where: str, meta: dict[str, Any] | None = None, **config: Any) -> str:
    spec = {"config": json.dumps(config)} if config else {}
    return document("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", ref, where, spec=spec, meta=meta or {})


def ovn(ref: str, where: str, called: str, **config: Any) -> str:
    own = {"type": "ovn-k8s-cni-overlay", "name": called, "netAttachDefName": f"{where}/{ref}", "topology": "layer2"}
    return attachment(ref, where, **{**own, **config})


def of(twin: nw.Twin) -> dict[str, NetworkNoun]:
    return {network.ref: network for network in networks_of(twin.snapshot.objects)}


LOCALNET = {"role": "Secondary", "physicalNetworkName": "physnet1", "ipam": {"mode": "Disabled"}}


def test_without_any_there_is_the_pod_network(load: Load) -> None:
    found = of(load(pod("web", "a")))
    assert list(found) == ["pod"]
    assert (found["pod"].role, found["pod"].namespaces, found["pod"].mtu_bytes) == ("primary", None, None)
    assert networks_of((), ("10.1.0.0/16",))[0].subnets == ("10.1.0.0/16",)


def test_a_primary_network_of_a_namespace(load: Load) -> None:
    manifests = namespace("a", **{PRIMARY: ""}) + udn(
        "prim",
        "a",
        infrastructureSubnets=["10.20.0.0/30"],
        reservedSubnets=["10.20.0.8/29"],
        defaultGatewayIPs=["10.20.0.1"],
        ipam={"lifecycle": "Persistent"},
    )
    found = of(load(manifests))
    one = found["udn/a/prim"]
    assert (one.kind, one.namespace, one.name, one.called) == ("UserDefinedNetwork", "a", "prim", "a_prim")
    assert (one.topology, one.role, one.ipam, one.lifecycle) == ("layer2", "primary", "ovn", "persistent")
    assert (one.subnets, one.gateways) == (("10.20.0.0/24",), ("10.20.0.1",))
    assert one.excluded == ("10.20.0.8/29", "10.20.0.0/30")
    assert (one.vlan, one.mtu_bytes, one.namespaces, one.attachments) == (0, 1400, ("a",), ("a/prim",))
    assert "1400 unless it is set otherwise" in one.mtu_why
    assert one.notes == ()
    assert one.origin is not None
    assert one.origin.pointer == ("spec",)
    # the pod network says whom it has lost
    assert "pods of `a` have another primary network" in found["pod"].notes[0]


def test_a_primary_network_needs_its_label(load: Load) -> None:
    assert f"no label `{PRIMARY}`" in of(load(namespace("a") + udn("prim", "a")))["udn/a/prim"].notes[0]
    assert of(load(udn("prim", "a")))["udn/a/prim"].notes == ()  # its Namespace is not in the input


def test_localnet(load: Load) -> None:
    network = {"topology": "Localnet", "localnet": {**LOCALNET, "vlan": {"mode": "Access", "access": {"id": 120}}}}
    one = of(load(namespace("a", tenant="x") + cudn("vlan120", {"matchLabels": {"tenant": "x"}}, network)))[
        "cudn/vlan120"
    ]
    assert (one.topology, one.role, one.vlan, one.physical) == ("localnet", "secondary", 120, "physnet1")
    assert (one.ipam, one.subnets, one.lifecycle) == ("none", (), "")
    # the frames are on the wire as they are: nothing is left for an overlay
    assert one.mtu_bytes == 1500
    assert one.mtu_why
    assert (one.namespaces, one.attachments) == (("a",), ("a/vlan120",))


def test_layer3_has_a_part_for_each_node(load: Load) -> None:
    subnets = [{"cidr": "10.128.0.0/16", "hostSubnet": 24}, {"cidr": "fd00::/48"}]
    network = {"topology": "Layer3", "layer3": {"role": "Secondary", "subnets": subnets, "mtu": 1300}}
    one = of(load(namespace("a") + cudn("routed", {}, network)))["cudn/routed"]
    assert one.subnets == ("10.128.0.0/16/24", "fd00::/48")
    assert (one.mtu_bytes, one.mtu_why, one.vlan) == (1300, "", 0)


@pytest.mark.parametrize(
    ("selector", "surely", "perhaps"),
    [
        ({}, ("a", "b", "c"), ()),
        ({"matchLabels": {"team": "red"}}, ("a",), ("c",)),
        ({"matchLabels": {"kubernetes.io/metadata.name": "c"}}, ("c",), ()),
        ({"matchLabels": {"kubernetes.io/metadata.name": "b", "team": "red"}}, (), ()),
        ({"matchExpressions": [{"key": "team", "operator": "NotIn", "values": ["red"]}]}, ("b",), ("c",)),
        ({"matchExpressions": [{"key": "team", "operator": "DoesNotExist"}]}, ("b",), ("c",)),
        ({"matchExpressions": [{"key": "team", "operator": "Exists"}]}, ("a",), ("c",)),
        ({"matchExpressions": [{"key": "team", "operator": "In", "values": ["blue", "red"]}]}, ("a",), ("c",)),
    ],
)
def test_the_namespaces_that_a_selector_reaches(
    load: Load, selector: dict[str, Any], surely: tuple[str, ...], perhaps: tuple[str, ...]
) -> None:
    """The Namespace of `c` is not in the input: only the label with its name is known."""
    manifests = namespace("a", team="red") + namespace("b") + pod("web", "c")
    network = {"topology": "Localnet", "localnet": LOCALNET}
    one = of(load(manifests + cudn("net", selector, network)))["cudn/net"]
    assert (one.namespaces, one.perhaps) == (surely, perhaps)
    assert one.attachments == tuple(sorted(f"{name}/net" for name in (*surely, *perhaps)))
    assert bool(one.notes) == (not surely and not perhaps)


# --- attachments ------------------------------------------------------------------------------------------------------


def test_a_linux_bridge(load: Load) -> None:
    manifests = attachment("vlan130", "a", type="bridge", bridge="br1", vlan=130, mtu=9000, macspoofchk=True)
    manifests += attachment("plain", "a", name="called", type="bridge", ipam={"type": "dhcp"})
    found = of(load(manifests))
    one, plain = found["nad/a/vlan130"], found["nad/a/plain"]
    assert (one.topology, one.role, one.vlan, one.physical) == ("bridge", "secondary", 130, "br1")
    assert (one.mtu_bytes, one.mtu_why, one.ipam, one.filters_mac) == (9000, "", "none", True)
    assert (one.called, one.attachments, one.namespaces) == ("vlan130", ("a/vlan130",), ("a",))
    assert (plain.called, plain.vlan, plain.physical, plain.ipam, plain.filters_mac) == (
        "called",
        0,
        "cni0",
        "dhcp",
        False,
    )
    # a bridge with jumbo frames gives no jumbo frames to a port that does not say so
    assert (plain.mtu_bytes, bool(plain.mtu_why)) == (1500, True)


def test_a_trunk(load: Load) -> None:
    trunk = [{"minID": 7, "maxID": 9}, {"id": 5}]
    found = of(load(attachment("t", "a", type="bridge", bridge="br1", vlanTrunk=trunk)))["nad/a/t"]
    assert (found.vlan, found.trunk) == (0, ((5, 5), (7, 9)))


def test_the_tuning_plugin_sets_the_mtu_anew(load: Load) -> None:
    plugins = [{"type": "macvlan", "master": "eth1", "mtu": 1500}, {"type": "tuning", "mtu": 1400}]
    assert of(load(attachment("m", "a", name="m", plugins=plugins)))["nad/a/m"].mtu_bytes == 1400


@pytest.mark.parametrize(
    ("config", "physical", "vlan"),
    [
        ({"type": "macvlan", "master": "eth1"}, "eth1", None),
        ({"type": "ipvlan", "master": "bond0.7"}, "bond0.7", None),
        ({"type": "vlan", "master": "eth1", "vlanId": 12}, "eth1", 12),
    ],
)
def test_what_hangs_on_an_interface_has_its_mtu(
    load: Load, config: dict[str, Any], physical: str, vlan: int | None
) -> None:
    one = of(load(attachment("m", "a", **config)))["nad/a/m"]
    assert (one.topology, one.physical, one.vlan, one.mtu_bytes) == (config["type"], physical, vlan, None)
    assert f"that of `{physical}` on each node" in one.mtu_why


def test_sr_iov(load: Load) -> None:
    meta = {"annotations": {"k8s.v1.cni.cncf.io/resourceName": "intel.com/sriov"}}
    one = of(load(attachment("s", "a", meta, type="sriov", vlan=1000, spoofchk="off")))["nad/a/s"]
    assert (one.topology, one.vlan, one.physical, one.mtu_bytes) == ("sriov", 1000, "intel.com/sriov", None)
    assert one.filters_mac is False


TWO_FAMILIES = [[{"subnet": "10.1.0.0/24"}], [{"subnet": "fd::/64"}]]


@pytest.mark.parametrize(
    ("ipam", "ranges"),
    [
        ({"type": "host-local", "subnet": "10.1.0.0/24"}, ("10.1.0.0/24",)),
        ({"type": "host-local", "ranges": TWO_FAMILIES}, ("10.1.0.0/24", "fd::/64")),
        ({"type": "whereabouts", "range": "10.1.0.0/24", "exclude": ["10.1.0.0/29"]}, ("10.1.0.0/24",)),
        ({"type": "whereabouts", "ipRanges": [{"range": "10.1.0.10-10.1.0.20/24"}]}, ("10.1.0.10-10.1.0.20/24",)),
        ({"type": "static", "addresses": [{"address": "10.1.0.7/24"}]}, ("10.1.0.7/24",)),
        ({"type": "dhcp"}, ()),
    ],
)  # fmt: skip
def test_ranges_of_addresses(load: Load, ipam: dict[str, Any], ranges: tuple[str, ...]) -> None:
    one = of(load(attachment("m", "a", type="macvlan", ipam=ipam)))["nad/a/m"]
    assert (one.ipam, one.subnets) == (ipam["type"], ranges)
    assert one.excluded == tuple(ipam.get("exclude", ()))


def test_a_configuration_that_stands_on_the_nodes(load: Load) -> None:
    one = of(load(attachment("files", "a")))["nad/a/files"]
    assert (one.topology, one.ipam, one.vlan, one.mtu_bytes) == ("", "", None, None)
    assert one.notes == ("its configuration stands in files on the nodes",)


# --- OVN-Kubernetes' plugin -------------------------------------------------------------------------------------------


def test_the_attachment_of_a_user_defined_network_is_that_network(load: Load) -> None:
    manifests = udn("prim", "a") + ovn("prim", "a", "a_prim", role="primary", subnets="10.20.0.0/24")
    found = of(load(manifests))
    assert list(found) == ["pod", "udn/a/prim"]
    assert found["udn/a/prim"].attachments == ("a/prim",)
    assert found["udn/a/prim"].notes == ()


def test_the_attachment_of_a_network_of_the_cluster(load: Load) -> None:
    network = {"topology": "Localnet", "localnet": {**LOCALNET, "mtu": 1500}}
    manifests = namespace("a") + cudn("net", {"matchLabels": {"kubernetes.io/metadata.name": "a"}}, network)
    manifests += ovn("net", "a", "cluster_udn_net", topology="localnet", physicalNetworkName="physnet1", mtu=1500)
    found = of(load(manifests))
    assert list(found) == ["pod", "cudn/net"]
    assert by_attachment(found.values())["a/net"].ref == "cudn/net"


def test_an_attachment_in_the_place_of_a_user_defined_network(load: Load) -> None:
    manifests = udn("prim", "a") + attachment("prim", "a", type="macvlan", master="eth1")
    found = of(load(manifests))
    assert list(found) == ["pod", "nad/a/prim", "udn/a/prim"]
    assert by_attachment(found.values())["a/prim"].ref == "nad/a/prim"
    assert "is another network's" in found["udn/a/prim"].notes[0]


def test_attachments_of_one_name_are_one_network(load: Load) -> None:
    manifests = ovn("one", "a", "tenant", subnets="10.1.0.0/24") + ovn("two", "b", "tenant", subnets="10.1.0.0/24")
    found = of(load(manifests))
    assert list(found) == ["pod", "nad/a/one"]
    assert found["nad/a/one"].attachments == ("a/one", "b/two")
    assert found["nad/a/one"].namespaces == ("a", "b")
    assert found["nad/a/one"].notes == ()


def test_attachments_of_one_name_that_differ(load: Load) -> None:
    manifests = ovn("one", "a", "tenant", subnets="10.1.0.0/24") + ovn("two", "b", "tenant", subnets="10.2.0.0/24")
    (note,) = of(load(manifests))["nad/a/one"].notes
    assert note == "NetworkAttachmentDefinition `b/two` says the same name and another subnets"


def test_networks_of_the_plugin(load: Load) -> None:
    found = of(
        load(
            ovn("wire", "a", "wire", topology="localnet", vlanID=33)
            + ovn(
                "flat",
                "a",
                "flat",
                allowPersistentIPs=True,
                subnets="10.1.0.0/24, fd00::/64",
                excludeSubnets="10.1.0.0/29",
            )
            + ovn("more", "a", "x", topology="")
        )
    )
    wire, flat = found["nad/a/wire"], found["nad/a/flat"]
    # where no physical network is named, it has the network's own name
    assert (wire.topology, wire.vlan, wire.physical, wire.ipam) == ("localnet", 33, "wire", "none")
    assert (flat.subnets, flat.excluded) == (("10.1.0.0/24", "fd00::/64"), ("10.1.0.0/29",))
    assert (flat.lifecycle, flat.ipam, flat.mtu_bytes, flat.filters_mac) == ("persistent", "ovn", 1400, True)
    # without a topology it attaches to the pod network
    assert found["pod"].attachments == ("a/more",)
    assert "nad/a/more" not in found


def test_attachments_whose_user_defined_network_is_not_in_the_input(load: Load) -> None:
    owner = {"ownerReferences": [{"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterUserDefinedNetwork", "name": "net"}]}
    config = {"type": "ovn-k8s-cni-overlay", "name": "cluster_udn_net", "topology": "localnet"}
    found = of(load("".join(attachment("net", ns, owner, netAttachDefName=f"{ns}/net", **config) for ns in ("a", "b"))))
    assert list(found) == ["pod", "cudn/net"]
    assert found["cudn/net"].namespaces == ("a", "b")


# --- what is odd ------------------------------------------------------------------------------------------------------


def test_a_namespace_has_one_primary_network(load: Load) -> None:
    found = of(load(udn("one", "a") + udn("two", "a") + udn("three", "b") + udn("four", "a", role="Secondary")))
    assert found["udn/a/one"].notes == ("`a` has `udn/a/two` as a primary network too; it can have one",)
    assert "`udn/a/one`" in found["udn/a/two"].notes[0]
    assert found["udn/b/three"].notes == found["udn/a/four"].notes == ()


@pytest.mark.parametrize(
    ("subnet", "note"),
    [
        ("10.1.0.0/16", "have 10.1.7.0/24 in common with the ranges of the pod network"),
        ("10.96.0.0/16", "have 10.96.0.10/32 in common with the addresses of Services"),
        ("100.64.9.0/24", "have 100.64.9.0/24 in common with the join subnet of OVN-Kubernetes"),
        ("169.254.169.0/24", "in common with the masquerade subnet of OVN-Kubernetes"),
        ("10.20.0.0/24", ""),
        ("100.88.0.0/24", ""),  # of topology layer2 the transit subnet is chosen around it
    ],
)
def test_ranges_that_are_taken(load: Load, subnet: str, note: str) -> None:
    node = document("v1", "Node", "n1", spec={"podCIDRs": ["10.1.7.0/24"]})
    service = document("v1", "Service", "dns", "kube-system", spec={"clusterIP": "10.96.0.10", "ports": [{"port": 53}]})
    headless = document("v1", "Service", "db", "a", spec={"clusterIP": "None", "ports": [{"port": 53}]})
    notes = of(load(node + service + headless + udn("prim", "a", subnets=[subnet])))["udn/a/prim"].notes
    assert len(notes) == bool(note)
    assert note in "".join(notes)


def test_layer3_has_a_transit_subnet(load: Load) -> None:
    network = {"topology": "Layer3", "layer3": {"role": "Primary", "subnets": [{"cidr": "100.88.0.0/16"}]}}
    (note,) = of(load(namespace("a", **{PRIMARY: ""}) + cudn("routed", {}, network)))["cudn/routed"].notes
    assert "the transit subnet of OVN-Kubernetes" in note


def test_localnet_has_no_overlay_to_overlap_with(load: Load) -> None:
    part = {"role": "Secondary", "physicalNetworkName": "physnet1", "subnets": ["100.64.9.0/24"]}
    found = of(load(namespace("a") + cudn("wire", {}, {"topology": "Localnet", "localnet": part})))
    assert found["cudn/wire"].notes == ()


# --- what it does to verdicts -----------------------------------------------------------------------------------------


def verdict(twin: nw.Twin, source: str, target: str) -> str:
    return twin.eval([{"from": source, "to": target, "protocol": "TCP", "port": 80}])[0].verdict


DENY = document(
    "networking.k8s.io/v1", "NetworkPolicy", "deny", "a", spec={"podSelector": {}, "policyTypes": ["Ingress"]}
)
RANGE = document(
    "networking.k8s.io/v1",
    "NetworkPolicy",
    "range",
    "b",
    spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": "10.20.0.0/24"}}]}]},
)
PODS = "".join(pod(name, where) for where in ("a", "b", "c") for name in ("web", "db"))


def test_only_the_pods_of_a_primary_network_are_undecided(under_upstream: Load) -> None:
    twin = under_upstream(PODS + udn("prim", "a"))
    assert verdict(twin, "a/web", "a/db") == verdict(twin, "b/web", "a/web") == verdict(twin, "a/web", "b/web")
    assert verdict(twin, "a/web", "a/db") == "undecided"
    assert verdict(twin, "b/web", "b/db") == verdict(twin, "b/web", "c/web") == "allow"
    (found,) = twin.eval([{"from": "a/web", "to": "a/db", "protocol": "TCP", "port": 80}])
    assert "UserDefinedNetwork `a/prim` is the primary network of its pods" in str(found.undecided)


def test_a_primary_network_tells_the_profile(load: Load) -> None:
    for network in (udn("prim", "a"), ovn("prim", "a", "tenant", role="primary", subnets="10.20.0.0/24")):
        twin = load(PODS + network)
        assert twin.cluster.profile == "ovn-kubernetes"
        assert not twin.diagnostics
    assert load(PODS + attachment("lan", "a", type="bridge")).cluster.profile == "upstream"


def test_a_network_of_the_cluster_leaves_open_whom_it_may_reach(under_upstream: Load) -> None:
    network = {"topology": "Layer2", "layer2": {"role": "Primary", "subnets": ["10.20.0.0/24"]}}
    twin = under_upstream(
        namespace("a", team="red") + namespace("b") + PODS + cudn("net", {"matchLabels": {"team": "red"}}, network)
    )
    assert verdict(twin, "a/web", "a/db") == "undecided"
    assert verdict(twin, "b/web", "b/db") == "allow"
    (found,) = twin.eval([{"from": "c/web", "to": "c/db", "protocol": "TCP", "port": 80}])
    assert "may be the primary network of its pods (the labels of their namespace are not known)" in str(
        found.undecided
    )
    # no namespace: nobody, not everybody
    nobody = under_upstream(
        namespace("a") + namespace("b") + namespace("c") + PODS + cudn("net", {"matchLabels": {"x": "y"}}, network)
    )
    assert verdict(nobody, "a/web", "b/db") == "allow"


def test_an_attachment_can_be_primary_too(under_upstream: Load) -> None:
    twin = under_upstream(PODS + ovn("prim", "a", "tenant", role="primary", subnets="10.20.0.0/24"))
    assert verdict(twin, "a/web", "a/db") == "undecided"
    assert verdict(twin, "b/web", "b/db") == "allow"


def test_what_a_policy_denies_by_labels_stays_denied(under_upstream: Load) -> None:
    assert verdict(under_upstream(PODS + udn("prim", "a") + DENY), "b/web", "a/web") == "deny"


def test_what_a_policy_denies_by_addresses_is_open_too(under_upstream: Load) -> None:
    """The pod may have an address of the range on its primary network."""
    twin = under_upstream(PODS + udn("prim", "a") + DENY + RANGE)
    assert verdict(twin, "b/web", "a/web") == "undecided"
    assert verdict(twin, "c/web", "b/web") == "allow"


def test_an_edit_that_brings_a_range_leaves_more_open(under_upstream: Load) -> None:
    """So it is no edit of the policies' tier alone."""
    policies = {d.name: d for d in under_upstream(DENY + RANGE).snapshot.objects}
    new = {name: [Edit(before=None, after=d, text="")] for name, d in policies.items()}
    cluster, plain = under_upstream(PODS + udn("prim", "a")).cluster, under_upstream(PODS).cluster
    assert deltas(cluster, new["range"]) is None
    assert deltas(cluster, new["deny"]) is not None
    assert deltas(plain, new["range"]) is not None


@pytest.mark.parametrize(
    "network",
    [
        udn("sec", "a", role="Secondary"),
        ovn("sec", "a", "tenant", subnets="10.20.0.0/24"),
        attachment("sec", "a", type="macvlan", master="eth1"),
    ],
)
def test_secondary_networks_change_no_verdict(load: Load, network: str) -> None:
    twin = load(PODS + network + DENY)
    assert verdict(twin, "b/web", "c/web") == verdict(twin, "a/web", "c/web") == "allow"
    assert verdict(twin, "b/web", "a/web") == "deny"
    assert any("secondary networks change no verdict" in one for one in twin.cluster.assumptions)
    assert not any("secondary networks" in one for one in load(PODS + DENY).cluster.assumptions)


def test_attachments_of_one_bridge_and_vlan_are_told_as_one_segment(load: Load) -> None:
    def bridged(name: str, **more: Any) -> str:
        config = {"name": name, "type": "bridge", "bridge": "br1", **more}
        api = "k8s.cni.cncf.io/v1"
        return document(api, "NetworkAttachmentDefinition", name, "shop", spec={"config": json.dumps(config)})

    twin = load(
        bridged("a", vlan=7) + bridged("b", vlan=7) + bridged("c", vlan=8) + bridged("d", vlanTrunk=[{"id": 7}])
    )
    notes = {row.ref: row.notes for row in twin.show("networks").rows if row.kind}
    told = "on each node it is one segment with {}: the same bridge `br1` and VLAN 7"
    assert notes["nad/shop/a"] == (told.format("nad/shop/b"),)
    assert notes["nad/shop/b"] == (told.format("nad/shop/a"),)
    assert notes["nad/shop/c"] == notes["nad/shop/d"] == ()
