"""`show vms` and `show nics`: what a machine's interfaces are attached to, and what of them is kept."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.base.errors import UnknownReference
from netwright.questions.show import show
from netwright.questions.show.rows import MachineRow, NicRow
from tests.laws.test_reach import twin

Object = dict[str, Any]
MAY_MIGRATE = "kubevirt.io/allow-pod-bridge-network-live-migration"
POD = {"name": "default", "pod": {}}


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def vm(
    *interfaces: Object,
    networks: list[Object] | None = None,
    name: str = "web",
    labels: Object | None = None,
    annotations: Object | None = None,
    **more: Any,
) -> Object:
    devices = {"interfaces": list(interfaces)} if interfaces else {}
    spec: Object = {"domain": {"devices": devices}, **more} | ({"networks": networks} if networks else {})
    meta: Object = {"labels": labels or {"app": name}} | ({"annotations": annotations} if annotations else {})
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachine",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"runStrategy": "Always", "template": {"metadata": meta, "spec": spec}},
    }


def nic(binding: str, name: str = "default", **more: Any) -> Object:
    return {"name": name, binding: {}, **more}


def nad(name: str, config: str) -> Object:
    return {
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"config": config},
    }


def udn(name: str, role: str, **layer2: Any) -> Object:
    return {
        "apiVersion": "k8s.ovn.org/v1",
        "kind": "UserDefinedNetwork",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"topology": "Layer2", "layer2": {"role": role, **layer2}},
    }


def multus(name: str, attachment: str) -> Object:
    return {"name": name, "multus": {"networkName": attachment}}


def machine(*objects: Object, cni: str = "") -> MachineRow:
    (row,) = show(twin([namespace("shop"), *objects], (), cni), "vms").rows
    assert isinstance(row, MachineRow)
    return row


def nics(*objects: Object, cni: str = "") -> dict[str, NicRow]:
    found = show(twin([namespace("shop"), *objects], (), cni), "nics").rows
    return {row.nic: row for row in found if isinstance(row, NicRow)}


def test_a_masqueraded_machine_migrates_and_keeps_no_address() -> None:
    row = machine(vm(nic("masquerade"), networks=[POD]))
    assert (row.ref, row.state, row.networks) == ("vm/shop/web", "Always", ("pod",))
    assert (row.live_migratable, row.ip_kept.brief, row.mac_kept.brief) == ("yes", "no", "no/yes")


def test_a_bridge_on_the_pod_network_migrates_with_the_annotation_only() -> None:
    """The annotation counts by being there, whatever its value."""
    assert machine(vm(nic("bridge"), networks=[POD])).live_migratable == "no"
    annotated = vm(nic("bridge"), networks=[POD], annotations={MAY_MIGRATE: "false"})
    assert machine(annotated).live_migratable == "yes"
    assert machine(annotated).ip_kept.brief == "no"
    assert machine(annotated, cni="ovn-kubernetes").ip_kept.brief == "no/yes"


def test_an_interface_that_is_not_written_is_a_bridge_on_the_pod_network() -> None:
    (row,) = nics(vm()).values()
    assert (row.network, row.binding) == ("pod", "bridge")


def test_a_machine_off_the_pod_network_migrates() -> None:
    bridge = nad("vlan7", '{"cniVersion": "0.3.1", "name": "vlan7", "type": "bridge", "bridge": "br1", "vlan": 7}')
    found = vm(nic("bridge", "lan", macAddress="02:00:00:00:00:07"), networks=[multus("lan", "vlan7")])
    assert machine(bridge, found).live_migratable == "yes"
    row = nics(bridge, found)["lan"]
    assert (row.network, row.vlan) == ("nad/shop/vlan7", 7)
    assert (row.ip_kept.brief, row.mac_kept.brief, row.name_kept.brief) == ("yes", "yes", "no")


def test_an_attachment_with_addresses_of_its_own_keeps_none() -> None:
    config = (
        '{"cniVersion": "0.3.1", "name": "v", "type": "bridge", "bridge": "br1", '
        '"ipam": {"type": "host-local", "subnet": "192.0.2.0/24"}}'
    )
    row = nics(nad("v", config), vm(nic("bridge", "lan"), networks=[multus("lan", "shop/v")]))["lan"]
    assert row.ip_kept.brief == "no"
    assert "host-local" in row.ip_kept.why


@pytest.mark.parametrize(("lifecycle", "kept"), [("Persistent", "yes"), ("", "no")])
def test_a_primary_network_keeps_addresses_that_are_persistent(lifecycle: str, kept: str) -> None:
    primary = {"k8s.ovn.org/primary-user-defined-network": ""}
    ipam = {"ipam": {"lifecycle": lifecycle}} if lifecycle else {}
    of_tenant = udn("tenant", "Primary", subnets=["10.20.0.0/16"], **ipam)
    interface = {"name": "default", "binding": {"name": "l2bridge"}}
    manifests = [namespace("shop", **primary), of_tenant, vm(interface, networks=[POD])]
    (row,) = show(twin(manifests, (), "ovn-kubernetes"), "nics").rows
    assert isinstance(row, NicRow)
    assert (row.network, row.binding, row.ip_kept.brief) == ("udn/shop/tenant", "l2bridge", kept)


def test_a_plugin_migrates_where_it_is_registered_so() -> None:
    interface = {"name": "default", "binding": {"name": "l2bridge"}}

    def kubevirt(**plugin: Any) -> Object:
        network = {"binding": {"l2bridge": {"domainAttachmentType": "managedTap", **plugin}}}
        spec = {"configuration": {"network": network}}
        meta = {"name": "kubevirt", "namespace": "kubevirt"}
        return {"apiVersion": "kubevirt.io/v1", "kind": "KubeVirt", "metadata": meta, "spec": spec}

    assert machine(vm(interface, networks=[POD])).live_migratable == "unknown"
    assert machine(kubevirt(), vm(interface, networks=[POD])).live_migratable == "no"
    assert machine(kubevirt(migration={}), vm(interface, networks=[POD])).live_migratable == "yes"


def test_ports_that_a_migration_needs_hinder_it() -> None:
    row = machine(vm(nic("masquerade", ports=[{"port": 80}, {"port": 49152}]), networks=[POD]))
    assert row.live_migratable == "no"
    assert "49152" in row.hindered_by


def test_a_network_that_is_not_in_the_input_is_not_known() -> None:
    row = nics(vm(nic("bridge", "lan"), networks=[multus("lan", "elsewhere")]))["lan"]
    assert (row.network, row.attached_to, row.vlan, row.ip_kept.brief) == ("", "elsewhere", None, "unknown")


def test_a_service_keeps_the_name() -> None:
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    assert nics(vm(nic("masquerade"), networks=[POD]))["default"].name_kept.brief == "no"
    assert nics(service, vm(nic("masquerade"), networks=[POD]))["default"].name_kept.brief == "yes"


def test_a_running_machine_tells_its_node_and_addresses() -> None:
    instance = {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachineInstance",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"domain": {"devices": {"interfaces": [nic("masquerade")]}}, "networks": [POD]},
        "status": {
            "phase": "Running",
            "nodeName": "here",
            "interfaces": [{"name": "default", "mac": "52:54:00:00:00:01", "ipAddresses": ["10.244.0.7"]}],
        },
    }
    row = machine(vm(nic("masquerade"), networks=[POD]), instance)
    assert (row.node, row.addresses) == ("here", ("10.244.0.7",))
    alone = machine(instance)
    assert (alone.ref, alone.state) == ("vm/shop/web", "Running")


def test_machines_are_found_by_their_names() -> None:
    manifests = [namespace("shop"), vm(nic("masquerade"), networks=[POD]), vm(nic("bridge"), networks=[POD], name="db")]
    asked = twin(manifests, (), "")
    for text in ("vm/shop/db", "shop/db", "vm/db", "db"):
        assert [row.ref for row in show(asked, "vms", references=[text]).rows] == ["vm/shop/db"]  # type: ignore[attr-defined]
    with pytest.raises(UnknownReference):
        show(asked, "vms", references=["cache"])
    assert show(twin([namespace("shop")], (), ""), "vms").notes
