"""Secondary networks as networks of their own: who is there, with which addresses, and what MultiNetworkPolicy does.

The verdicts are those that the documents give which `profiles.secondary` and `profiles.multi_policies` name; they were
written down before anything ran.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import netwright as nw
from netwright.base.errors import UnknownReference, UsageError
from netwright.dialects.multus.attached import NETWORKS, STATUS, attachments, told_addresses
from netwright.profiles.networks import networks_of

Load = Callable[[str], nw.Twin]
STORAGE = "nad/shop/storage"


@pytest.fixture
def load(tmp_path: Any) -> Load:
    def read(manifests: str) -> nw.Twin:
        (tmp_path / "cluster.yaml").write_text(manifests)
        twin = nw.load(str(tmp_path))
        assert not twin.accounting.invalid, twin.diagnostics
        return twin

    return read


def document(api: str, kind: str, name: str, namespace: str = "shop", **more: Any) -> str:
    meta = {"name": name, "namespace": namespace, **more.pop("meta", {})}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": meta, **more}) + "\n---\n"


def attachment(name: str, kind: str = "macvlan", namespace: str = "shop", **config: Any) -> str:
    own: dict[str, Any] = {"type": kind, "name": name, **config}
    if kind == "ovn-k8s-cni-overlay":
        own["netAttachDefName"] = f"{namespace}/{name}"
    api = "k8s.cni.cncf.io/v1"
    return document(api, "NetworkAttachmentDefinition", name, namespace, spec={"config": json.dumps(own)})


def host_local(subnet: str) -> dict[str, Any]:
    return {"ipam": {"type": "host-local", "subnet": subnet}}


def pod(name: str, *networks: Any, ips: dict[str, list[str]] | None = None, namespace: str = "shop") -> str:
    annotations = {NETWORKS: ",".join(networks) if all(isinstance(n, str) for n in networks) else json.dumps(networks)}
    if ips:
        annotations[STATUS[0]] = json.dumps([{"name": at, "ips": held} for at, held in ips.items()])
    spec = {"containers": [{"name": "c", "image": "example/web:1"}]}
    meta = {"annotations": annotations, "labels": {"app": name}}
    status = {"podIP": f"10.244.0.{sum(map(ord, name)) % 200 + 1}"}
    return document("v1", "Pod", name, namespace, spec=spec, meta=meta, status=status)


def deployment(name: str, networks: str) -> str:
    meta = {"labels": {"app": name}, "annotations": {NETWORKS: networks}}
    template = {"metadata": meta, "spec": {"containers": [{"name": "c", "image": "example/web:1"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return document("apps/v1", "Deployment", name, spec=spec)


def machine(name: str, network: str, **meta: Any) -> str:
    devices = {"interfaces": [{"name": "lan", "bridge": {}}]}
    spec = {"domain": {"devices": devices}, "networks": [{"name": "lan", "multus": {"networkName": network}}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    return document("kubevirt.io/v1", "VirtualMachine", name, spec={"runStrategy": "Always", "template": template})


def policy(name: str, on: str | None, app: str, *peers: dict[str, Any], side: str = "ingress") -> str:
    ways = {"ingress": "from", "egress": "to"}
    spec = {
        "podSelector": {"matchLabels": {"app": app}},
        "policyTypes": [side.capitalize()],
        side: [{ways[side]: list(peers), "ports": [{"port": 5432}]}],
    }
    annotations = {} if on is None else {"k8s.v1.cni.cncf.io/policy-for": on}
    return document("k8s.cni.cncf.io/v1beta1", "MultiNetworkPolicy", name, spec=spec, meta={"annotations": annotations})


def app(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


def block(cidr: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr}}


def asked(twin: nw.Twin, source: str, destination: str, network: str | None, port: int = 5432) -> str:
    query = {"from": source, "to": destination, "port": port, **({"network": network} if network else {})}
    (found,) = twin.eval([query])
    assert found.network == network
    verdict = twin.why(source, f"{destination}:{port}", network=network, changes=False).verdict
    assert verdict == found.verdict
    return found.verdict


SHOP = (
    attachment("storage", **host_local("10.50.0.0/24"))
    + pod("web", "storage", ips={"shop/storage": ["10.50.0.5"]})
    + pod("other", "storage", ips={"shop/storage": ["10.50.0.9"]})
    + pod("alone")
    + deployment("db", "shop/storage@net1")
)


def test_a_policy_acts_on_its_network_alone(load: Load) -> None:
    twin = load(SHOP + policy("db", "storage", "db", app("web")))
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "allow"
    assert asked(twin, "shop/other", "shop/db", STORAGE) == "deny"
    assert asked(twin, "shop/web", "shop/db", STORAGE, port=80) == "deny"
    assert asked(twin, "shop/db", "shop/other", STORAGE) == "allow"
    assert asked(twin, "shop/other", "shop/db", None) == "allow"
    (found,) = twin.eval([{"from": "shop/other", "to": "shop/db", "port": 5432, "network": "shop/storage"}])
    assert [(by.kind, by.namespace, by.name, by.rule) for by in found.by] == [
        ("MultiNetworkPolicy", "shop", "db", None)
    ]


def test_a_network_policy_does_not_act_there(load: Load) -> None:
    spec: dict[str, Any] = {"podSelector": {}}
    twin = load(SHOP + document("networking.k8s.io/v1", "NetworkPolicy", "all", spec=spec))
    assert asked(twin, "shop/web", "shop/other", None) == "deny"
    assert asked(twin, "shop/web", "shop/other", STORAGE) == "allow"


def test_ranges_are_held_against_the_addresses_there(load: Load) -> None:
    """And not against those of the pod network; where the address is not known, against the range of the network."""
    twin = load(SHOP + policy("other", "storage", "other", block("10.50.0.4/30"), block("10.244.0.0/16")))
    assert asked(twin, "shop/web", "shop/other", STORAGE) == "allow"
    assert asked(twin, "shop/db", "shop/other", STORAGE) == "undecided"
    twin = load(SHOP + policy("other", "storage", "other", block("10.50.0.0/16")))
    assert asked(twin, "shop/db", "shop/other", STORAGE) == "allow"
    twin = load(SHOP + policy("other", "storage", "other", block("10.244.0.0/16")))
    assert asked(twin, "shop/db", "shop/other", STORAGE) == "deny"


def test_a_policy_for_no_network_or_another(load: Load) -> None:
    for on in (None, "", "backup", "ops/storage"):
        twin = load(SHOP + policy("db", on, "db", app("web")))
        assert asked(twin, "shop/other", "shop/db", STORAGE) == "allow", on


def test_who_is_not_there(load: Load) -> None:
    twin = load(SHOP).on(STORAGE)
    assert {w.ref for w in twin.cluster.workloads} == {"pod/shop/web", "pod/shop/other", "deploy/shop/db"}
    with pytest.raises(UnknownReference, match="has no interface on nad/shop/storage"):
        twin.why("shop/alone", "shop/db:5432")


def test_the_pods_of_a_workload_stand_for_it(load: Load) -> None:
    """A template that asks for a network has no endpoint there while its pods are in the input and have none."""
    owner = {"ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "q", "uid": "1"}]}
    owner["ownerReferences"][0]["controller"] = True  # type: ignore[assignment]
    meta = {"labels": {"app": "q"}, "annotations": {NETWORKS: "storage"}}
    template = {"metadata": meta, "spec": {"containers": [{"name": "c", "image": "example/q:1"}]}}
    spec = {"selector": {"matchLabels": {"app": "q"}}, "serviceName": "q", "template": template}
    queue = document("apps/v1", "StatefulSet", "q", spec=spec)
    bare = document("v1", "Pod", "q-0", spec=template["spec"], meta=owner)
    there = document("v1", "Pod", "q-1", spec=template["spec"], meta={**owner, **meta})
    assert "sts/shop/q" in {w.ref for w in load(SHOP + queue).on(STORAGE).cluster.workloads}
    assert "sts/shop/q" not in {w.ref for w in load(SHOP + queue + bare).on(STORAGE).cluster.workloads}
    both = load(SHOP + queue + bare + there).on(STORAGE).cluster
    assert [both.columns.names[row] for w in both.workloads if w.ref == "sts/shop/q" for row in w.rows] == ["q-1"]


def test_networks_are_named_in_several_ways(load: Load) -> None:
    twin = load(SHOP)
    assert twin.on("shop/storage") is twin.on(STORAGE)
    assert twin.on("pod") is twin.on("default") is twin.on(None) is twin
    assert twin.on(STORAGE).on("pod") is twin
    with pytest.raises(UnknownReference, match="`shop/store` is not a network") as caught:
        twin.on("shop/store")
    assert "did you mean `shop/storage`" in (caught.value.help or "")


def test_a_primary_network_is_asked_without_naming_it(load: Load) -> None:
    part = {"role": "Primary", "subnets": ["10.20.0.0/24"]}
    spec = {"topology": "Layer2", "layer2": part}
    twin = load(SHOP + document("k8s.ovn.org/v1", "UserDefinedNetwork", "blue", spec=spec))
    with pytest.raises(UsageError, match="primary"):
        twin.on("udn/shop/blue")


# --- who enforces ---------------------------------------------------------------------------------------------------


def one_policy(kind: str, **config: Any) -> str:
    config = {**host_local("10.50.0.0/24"), **config} if kind != "ovn-k8s-cni-overlay" else config
    return (
        attachment("storage", kind, **config)
        + pod("web", "storage", ips={"shop/storage": ["10.50.0.5"]})
        + pod("db", "storage", ips={"shop/storage": ["10.50.0.6"]})
        + policy("db", "storage", "db", app("other"))
    )


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("macvlan", "deny"),
        ("ipvlan", "undecided"),
        ("sriov", "undecided"),
        ("host-device", "undecided"),
        ("bridge", "undecided"),
        ("cnv-bridge", "undecided"),
        ("ovs", "undecided"),
    ],
)
def test_who_enforces_at_a_plugin(load: Load, kind: str, verdict: str) -> None:
    more = {"bridge": {"bridge": "br1"}, "cnv-bridge": {"bridge": "br1"}, "ovs": {"bridge": "br1"}}.get(kind, {})
    twin = load(one_policy(kind, **more))
    assert asked(twin, "shop/web", "shop/db", STORAGE) == verdict
    if verdict == "undecided":
        (found,) = twin.eval([{"from": "shop/web", "to": "shop/db", "port": 5432, "network": STORAGE}])
        assert "whether anybody enforces MultiNetworkPolicy" in found.undecided[0].reason


def test_who_enforces_at_a_device_that_is_handed_over(load: Load) -> None:
    """Where the kernel drives it the programs on the nodes differ; a guest's nobody filters."""
    named = '"name": "storage", "namespace": "shop"'
    of_resource = '"annotations": {"k8s.v1.cni.cncf.io/resourceName": "openshift.io/fast"}'
    parts = one_policy("sriov").replace(named, f"{named}, {of_resource}", 1)

    def pool(name: str, driver: str) -> str:
        cards = {"nodeSelector": {}, "nicSelector": {"pfNames": ["ens1f0"]}, "numVfs": 4}
        spec = {"resourceName": "fast", "deviceType": driver, **cards}
        return document("sriovnetwork.openshift.io/v1", "SriovNetworkNodePolicy", name, spec=spec)

    kernel, guest = pool("one", "netdevice"), pool("two", "vfio-pci")
    for pools, verdict in (("", "undecided"), (kernel, "undecided"), (guest, "allow"), (guest + kernel, "undecided")):
        twin = load(parts + pools)
        assert asked(twin, "shop/web", "shop/db", STORAGE) == verdict
        assert twin.why("shop/web", "shop/db:5432", network=STORAGE).judged
    assert any("bound to `vfio-pci`" in text for text in load(parts + guest).on(STORAGE).cluster.assumptions)
    closed = policy("db", "storage", "db", app("other"))
    twin = load(attachment("storage", "sriov") + machine("db", "storage") + pod("web", "storage") + closed)
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "allow"


def test_a_network_of_the_operator_is_asked_as_others(load: Load) -> None:
    ipam = '{"type": "host-local", "subnet": "10.50.0.0/24"}'
    spec = {"resourceName": "fast", "networkNamespace": "shop", "ipam": ipam}
    made = document("sriovnetwork.openshift.io/v1", "SriovNetwork", "storage", "sriov-network-operator", spec=spec)
    twin = load(made + pod("web", "storage") + pod("db", "storage") + policy("db", "storage", "db", app("other")))
    told = twin.why("shop/web", "shop/db:5432", network=STORAGE)
    assert (told.verdict, told.judged) == ("undecided", 1)


def test_what_a_policy_admits_is_open_whoever_enforces_it(load: Load) -> None:
    twin = load(one_policy("ipvlan") + pod("other", "storage", ips={"shop/storage": ["10.50.0.7"]}))
    assert asked(twin, "shop/other", "shop/db", STORAGE) == "allow"


def test_ovn_kubernetes_enforces_on_its_own(load: Load) -> None:
    """An overlay connects its interfaces and nothing else; a localnet is on the wire."""
    overlay = one_policy("ovn-k8s-cni-overlay", topology="layer2", subnets="10.50.0.0/24")
    twin = load(overlay)
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "deny"
    assert asked(twin, "shop/db", "shop/web", STORAGE) == "allow"
    assert asked(twin, "shop/web", "203.0.113.9", STORAGE) == "deny"
    assert asked(twin, "203.0.113.9", "shop/web", STORAGE) == "deny"
    assert asked(twin, "10.50.0.77", "shop/web", STORAGE) == "allow"
    wire = one_policy("ovn-k8s-cni-overlay", topology="localnet", subnets="10.50.0.0/24")
    assert asked(load(wire), "shop/web", "203.0.113.9", STORAGE) == "allow"


def test_attachments_of_one_name_are_one_network(load: Load) -> None:
    config = {"topology": "layer2", "subnets": "10.60.0.0/24"}
    nads = attachment("blue", "ovn-k8s-cni-overlay", **config)
    nads += attachment("blue", "ovn-k8s-cni-overlay", "ops", **config)
    twin = load(nads + pod("web", "blue") + pod("log", "blue", namespace="ops") + policy("w", "ops/blue", "web"))
    assert asked(twin, "shop/web", "ops/log", "nad/ops/blue") == "allow"
    assert asked(twin, "ops/log", "shop/web", "shop/blue") == "allow"
    assert asked(twin, "ops/log", "shop/web", "shop/blue", port=80) == "deny"


def test_a_secondary_user_defined_network(load: Load) -> None:
    part = {"role": "Secondary", "physicalNetworkName": "physnet1", "ipam": {"mode": "Disabled"}}
    spec = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "shop"}},
        "network": {"topology": "Localnet", "localnet": part},
    }
    network = document("k8s.ovn.org/v1", "ClusterUserDefinedNetwork", "vlan7", spec=spec).replace(
        ', "namespace": "shop"', "", 1
    )
    twin = load(
        document("v1", "Namespace", "shop").replace(', "namespace": "shop"', "", 1)
        + network
        + machine("m1", "vlan7")
        + pod("web", {"name": "vlan7", "ips": ["192.168.7.5/24"]})
        + policy("m", "vlan7", "m1", block("192.168.7.0/24"))
    )
    assert {w.ref for w in twin.on("cudn/vlan7").cluster.workloads} == {"vm/shop/m1", "pod/shop/web"}
    assert asked(twin, "shop/web", "shop/m1", "cudn/vlan7") == "allow"
    assert asked(twin, "192.168.8.9", "shop/m1", "shop/vlan7") == "deny"


# --- without addresses ----------------------------------------------------------------------------------------------


def test_selectors_where_nobody_gives_addresses(load: Load) -> None:
    """OVN-Kubernetes makes nothing of such a policy; for the others they mean whose address is reported."""
    both = pod("web", "storage") + pod("db", "storage") + policy("db", "storage", "db", app("web"))
    twin = load(attachment("storage", "ovn-k8s-cni-overlay", topology="localnet") + both)
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "allow"
    assert any("has no effect on nad/shop/storage" in told for told in twin.on(STORAGE).provenance.assumptions)
    twin = load(attachment("storage", "macvlan") + both)
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "deny"
    assert any("whose address on" in told for told in twin.on(STORAGE).provenance.assumptions)
    told = pod("web", "storage", ips={"shop/storage": ["192.168.7.5"]})
    asks = pod("web", {"name": "storage", "ips": ["192.168.7.5/24"]})
    for web in (told, asks):
        both = web + pod("db", "storage")
        twin = load(attachment("storage", "macvlan") + both + policy("db", "storage", "db", app("web")))
        assert asked(twin, "shop/web", "shop/db", STORAGE) == "allow"


def test_ranges_where_nobody_gives_addresses(load: Load) -> None:
    asks = pod("web", {"name": "storage", "ips": ["192.168.7.5/24"]}) + pod("db", "storage")
    manifests = attachment("storage") + asks + policy("db", "storage", "db", block("192.168.7.0/24"))
    twin = load(manifests)
    assert asked(twin, "shop/web", "shop/db", STORAGE) == "allow"
    assert asked(twin, "shop/db", "shop/web", STORAGE) == "allow"
    twin = load(attachment("storage") + asks + policy("web", "storage", "web", block("192.168.7.0/24")))
    assert asked(twin, "shop/db", "shop/web", STORAGE) == "undecided"


# --- machines -------------------------------------------------------------------------------------------------------


def test_policies_and_machines(load: Load) -> None:
    """OVN-Kubernetes filters at the port of its switch; whether anything does at a bridge is not in the input."""
    rest = (
        machine("m1", "storage")
        + pod("web", {"name": "storage", "ips": ["192.168.7.5"]})
        + policy("m", "storage", "m1", block("10.0.0.0/8"))
    )
    twin = load(attachment("storage", "bridge", bridge="br1") + rest)
    assert asked(twin, "shop/web", "shop/m1", STORAGE) == "undecided"
    twin = load(attachment("storage", "ovn-k8s-cni-overlay", topology="localnet") + rest)
    assert asked(twin, "shop/web", "shop/m1", STORAGE) == "deny"
    assert asked(twin, "shop/m1", "shop/web", STORAGE) == "allow"


def test_a_link_that_is_down_carries_nothing(load: Load) -> None:
    down = machine("m1", "storage").replace('"bridge": {}', '"bridge": {}, "state": "down"')
    twin = load(attachment("storage", "bridge", bridge="br1") + down + machine("m2", "storage"))
    assert asked(twin, "shop/m1", "shop/m2", STORAGE) == "deny"
    assert asked(twin, "shop/m2", "shop/m1", STORAGE) == "deny"
    (found,) = twin.eval([{"from": "shop/m1", "to": "shop/m2", "port": 80, "network": STORAGE}])
    assert [(by.kind, by.name, by.path.rpartition(".")[2]) for by in found.by] == [("VirtualMachine", "m1", "state")]


def test_the_claims_of_a_machine(load: Load) -> None:
    spec = {"network": "storage", "interface": "net1"}
    status = {"ips": ["10.60.0.9/24"]}
    claim = document("k8s.cni.cncf.io/v1alpha1", "IPAMClaim", "m1.lan", spec=spec, status=status)
    config: dict[str, Any] = {"topology": "layer2", "subnets": "10.60.0.0/24", "allowPersistentIPs": True}
    twin = load(
        attachment("storage", "ovn-k8s-cni-overlay", **config)
        + claim
        + machine("m1", "storage")
        + pod("web", "storage")
        + policy("web", "storage", "web", block("10.60.0.9/32"))
    )
    assert asked(twin, "shop/m1", "shop/web", STORAGE) == "allow"


def test_addresses_that_a_machine_tells(load: Load) -> None:
    """What the instance reports, else what the template asks for; addresses of the link alone are none."""
    storage = attachment("storage", **host_local("10.60.0.0/24")) + pod("web", "storage")
    only = policy("web", "storage", "web", block("10.60.0.9/32"))
    wanted = json.dumps({"lan": ["10.60.0.9"], "other": ["10.60.0.1"]})
    notes = json.dumps({"annotations": {"network.kubevirt.io/addresses": wanted}})[1:-1]
    asking = machine("m1", "storage").replace('"metadata": {"labels"', f'"metadata": {{{notes}, "labels"')
    spec = {"domain": {"devices": {"interfaces": [{"name": "lan", "bridge": {}}]}}}
    spec |= {"networks": [{"name": "lan", "multus": {"networkName": "storage"}}]}

    def instance(*addresses: str) -> str:
        told = [{"name": "lan", "ipAddress": addresses[0], "ipAddresses": list(addresses)}]
        status = {"phase": "Running", "interfaces": told}
        return document("kubevirt.io/v1", "VirtualMachineInstance", "m1", spec=spec, status=status)

    for made, verdict in (
        (machine("m1", "storage"), "undecided"),
        (asking, "allow"),
        (instance("10.60.0.9", "fe80::1"), "allow"),
        (instance("10.60.0.8"), "deny"),
        (instance("fe80::1"), "undecided"),
        (asking + instance("10.60.0.8"), "deny"),
    ):
        twin = load(storage + only + made)
        assert asked(twin, "shop/m1", "shop/web", STORAGE) == verdict
        assert twin.why("shop/m1", "shop/web:80", network=STORAGE).judged


# --- addresses ------------------------------------------------------------------------------------------------------


def test_where_addresses_are_told(load: Load) -> None:
    config: dict[str, Any] = {"topology": "layer2", "subnets": "10.60.0.0/24", "allowPersistentIPs": True}
    ovn = {"k8s.ovn.org/pod-networks": json.dumps({"shop/storage": {"ip_addresses": ["10.60.0.8/24"]}})}
    annotated = {NETWORKS: "storage", **ovn}
    spec = {"containers": [{"name": "c", "image": "example/web:1"}]}
    claim = document(
        "k8s.cni.cncf.io/v1alpha1",
        "IPAMClaim",
        "held",
        spec={"network": "storage", "interface": "net1"},
        status={"ips": ["10.60.0.9/24"]},
    )
    twin = load(
        attachment("storage", "ovn-k8s-cni-overlay", **config)
        + claim
        + pod("told", "storage", ips={"shop/storage": ["10.60.0.7"]})
        + pod("claims", {"name": "storage", "ipam-claim-reference": "held"})
        + pod("asks", {"name": "storage", "ips": ["10.60.0.10/24"]})
        + document("v1", "Pod", "ovn", spec=spec, meta={"annotations": annotated})
        + pod("twice", "storage", "storage@net2", ips={"shop/storage": ["10.60.0.11"]})
    )
    listed: Any = twin.show("endpoints", network=STORAGE).rows
    rows = {row.ref: row for row in listed}
    found = {ref: row.addresses for ref, row in rows.items()}
    assert found == {
        "pod/shop/told": ("10.60.0.7",),
        "pod/shop/claims": ("10.60.0.9",),
        "pod/shop/asks": ("10.60.0.10",),
        "pod/shop/ovn": ("10.60.0.8",),
        "pod/shop/twice": (),
    }
    assert rows["pod/shop/twice"].may_have == ("10.60.0.0/24",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a", ["shop/a"]),
        (" a , ops/b@net7 ,", ["shop/a", "ops/b"]),
        ('[{"name": "a"}, {"name": "b", "namespace": "ops"}, {"namespace": "ops"}, 3]', ["shop/a", "ops/b"]),
        ("", []),
        ("[", []),
        ('{"name": "a"}', []),
    ],
)
def test_forms_of_the_annotation(text: str, found: list[str]) -> None:
    assert [one.to for one in attachments({NETWORKS: text}, "shop")] == found


def test_the_status_has_the_older_name_and_the_default_network_too() -> None:
    held = json.dumps([{"name": "shop/a", "default": True, "ips": ["10.1.0.1"]}, {"name": "net", "ips": ["10.2.0.1"]}])
    for key in STATUS:
        assert told_addresses({key: held}, frozenset(["shop/a"]), "net") == ("10.2.0.1",)
    assert told_addresses({STATUS[0]: "no JSON"}, frozenset(["shop/a"]), "net") == ()


# --- other questions ------------------------------------------------------------------------------------------------


def test_reach_says_which_other_networks_there_are(load: Load) -> None:
    twin = load(SHOP)
    assert any("`--network nad/shop/storage`" in told for told in twin.reach().left_out)
    there = twin.reach(network="shop/storage")
    assert there.network == STORAGE
    assert not there.left_out
    assert not load(pod("web")).reach().left_out


def test_show_lists_the_policies_of_a_network(load: Load) -> None:
    twin = load(SHOP + policy("db", "storage", "db", app("web")))
    rows: Any = twin.show("policies", network=STORAGE).rows
    assert [(row.kind, row.ref, row.selects) for row in rows] == [("MultiNetworkPolicy", "shop/db", 1)]
    assert not twin.show("policies").rows
    with pytest.raises(UsageError, match="`vms` are not of one network"):
        twin.show("vms", network=STORAGE)


def test_a_policy_that_cannot_be_read_leaves_its_namespace_open(tmp_path: Any) -> None:
    broken = (
        "apiVersion: k8s.cni.cncf.io/v1beta1\nkind: MultiNetworkPolicy\nmetadata: {name: x, namespace: shop}\nspec: ["
    )
    (tmp_path / "a.yaml").write_text(SHOP)
    (tmp_path / "b.yaml").write_text(broken)
    twin = nw.load(str(tmp_path))
    assert asked(twin, "shop/web", "shop/other", STORAGE) == "undecided"
    assert asked(twin, "shop/web", "shop/other", None) == "allow"


def test_other_networks_of_the_twin_stay_as_they_are(load: Load) -> None:
    twin = load(SHOP)
    assert {n.ref for n in networks_of(twin.snapshot.objects)} == {"pod", STORAGE}
    assert twin.cluster.network == "pod"
    assert len(twin.cluster.workloads) == 4


def test_changes_are_proposed_of_the_policies_there(load: Load) -> None:
    """Proven on a copy of the network; a change of labels would be one on the others too."""
    parts = attachment("storage", **host_local("10.50.0.0/24")) + pod("web", "storage") + pod("batch", "storage")
    twin = load(
        parts + pod("db", "storage") + policy("db", "storage", "db", {"podSelector": {"matchLabels": {"app": "web"}}})
    )
    denied = twin.why("shop/batch", "shop/db:5432", network="shop/storage")
    assert [change.edits for change in denied.changes] == [
        ("MultiNetworkPolicy shop/db ingress rule 0: add app=batch to its `from`",),
        (
            "new MultiNetworkPolicy (`policy-for: storage`) shop/allow-batch-to-db: app=db accepts TCP 5432 from "
            "app=batch",
        ),
    ]
    assert all(change.flips_to == "allow" and change.size == 0 for change in denied.changes[1:])
    closed = twin.why("shop/web", "shop/db:5432", network="shop/storage").changes
    assert closed[0].edits == ("MultiNetworkPolicy shop/db: delete ingress rule 0",)
    # nothing of it is a change of the pod network
    assert not any("new NetworkPolicy" in text for change in (*denied.changes, *closed) for text in change.edits)


def test_a_change_names_addresses_where_nobody_gives_them(load: Load) -> None:
    """A selector would have no effect there, or take that of the whole policy."""
    parts = attachment("lan", "ovn-k8s-cni-overlay", topology="localnet") + pod(
        "web", "lan", ips={"shop/lan": ["192.0.2.5"]}
    )
    twin = load(parts + pod("db", "lan") + policy("db", "lan", "db", {"ipBlock": {"cidr": "192.0.2.9/32"}}))
    told = twin.why("shop/web", "shop/db:5432", network="shop/lan")
    assert [change.edits[0] for change in told.changes] == [
        "MultiNetworkPolicy shop/db ingress rule 0: add 192.0.2.5/32 to its `from`",
        "new MultiNetworkPolicy (`policy-for: lan`) shop/allow-web-to-db: app=db accepts TCP 5432 from 192.0.2.5/32",
    ]


def test_what_settles_an_address_is_said_of_its_network(load: Load) -> None:
    parts = attachment("storage", **host_local("10.50.0.0/24")) + pod("web", "storage") + pod("db", "storage")
    twin = load(parts + policy("db", "storage", "db", {"ipBlock": {"cidr": "10.50.0.0/25"}}))
    (reason,) = twin.why("shop/web", "shop/db:5432", network="shop/storage").reasons
    assert "on this network" in reason.reason
    assert "--pod-cidr" not in reason.reason
