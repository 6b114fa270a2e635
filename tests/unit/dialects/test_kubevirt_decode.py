"""Machines, instances, pools, migrations and KubeVirt's configuration: what is taken and what of it is kept.

The verdicts are those of `pkg/network/admitter` and the validating webhooks of KubeVirt 1.9, rule by rule.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place, dotted
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.kubevirt.launcher import instance_of
from netwright.dialects.kubevirt.objects import (
    Interface,
    MultusNetwork,
    PluginBinding,
    PodNetwork,
    Port,
)
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]

POD: Tree = {"name": "default", "pod": {}}
NIC: Tree = {"name": "default", "masquerade": {}}
MULTUS: Tree = {"name": "red", "multus": {"networkName": "lan"}}
BRIDGE: Tree = {"name": "red", "bridge": {}}


def decode(kind: str, spec: Any, version: str = "kubevirt.io/v1", **meta: Any) -> Decoded | Invalid:
    raw = {"apiVersion": version, "kind": kind, "metadata": {"name": "db", **meta}, "spec": spec}
    return netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=version, kind=kind, namespace="", name="db", raw=raw)
    )


def kept(kind: str, spec: Any, version: str = "kubevirt.io/v1", **meta: Any) -> Decoded:
    found = decode(kind, spec, version, **meta)
    assert isinstance(found, Decoded), found
    return found


def refused(kind: str, spec: Any, version: str = "kubevirt.io/v1", **meta: Any) -> str:
    found = decode(kind, spec, version, **meta)
    assert isinstance(found, Invalid), found
    return dotted(found.pointer)


def instance(networks: list[Tree] | None = None, interfaces: list[Tree] | None = None, **more: Any) -> Tree:
    return {"domain": {"devices": {"interfaces": interfaces or []}}, "networks": networks or [], **more}


def nic(network: Tree = POD, **fields: Any) -> Tree:
    """An instance with one interface of these fields."""
    return instance([network], [{"name": network["name"], **fields}])


def machine(**spec: Any) -> Tree:
    return {"runStrategy": "Always", "template": {"metadata": {"labels": {"app": "db"}}, "spec": instance()}, **spec}


def test_a_machine_keeps_its_template() -> None:
    found = kept(
        "VirtualMachine", machine(template={"metadata": {"labels": {"app": "db"}}, "spec": nic(masquerade={})})
    )
    assert (found.kind, found.namespace, found.name) == ("VirtualMachine", "default", "db")
    template = instance_of(found.value)
    assert template.metadata is not None
    assert template.metadata.labels == {"app": "db"}
    assert template.spec is not None
    assert template.spec.interfaces == (Interface(name="default", masquerade={}),)
    assert not template.spec.attaches_pod_network


@pytest.mark.parametrize(
    ("kind", "spec", "version"),
    [
        ("VirtualMachine", machine(), "kubevirt.io/v1alpha3"),
        ("VirtualMachineInstance", instance(), "kubevirt.io/v1alpha3"),
        ("VirtualMachineInstanceMigration", {"vmiName": "db"}, "kubevirt.io/v1"),
    ],
)
def test_both_versions_are_served(kind: str, spec: Tree, version: str) -> None:
    assert kept(kind, spec, version).kind == kind


def test_a_version_that_is_not_served() -> None:
    assert refused("VirtualMachine", machine(), "kubevirt.io/v1alpha2") == "apiVersion"


def test_every_field_of_an_interface_is_kept() -> None:
    found = kept(
        "VirtualMachineInstance",
        nic(
            model="e1000e",
            masquerade={},
            ports=[{"name": "http", "protocol": "TCP", "port": 80}],
            macAddress="de:ad:00:00:be:af",
            bootOrder=1,
            pciAddress="0000:81:01.0",
            dhcpOptions={
                "bootFileName": "pxe",
                "tftpServerName": "tftp",
                "ntpServers": ["10.0.0.1"],
                "privateOptions": [{"option": 240, "value": "x"}],
            },
            tag="front",
            acpiIndex=101,
            state="down",
        ),
    )
    (one,) = found.value.spec.interfaces
    assert one.ports == (Port(name="http", protocol="TCP", port=80),)
    assert (one.model, one.mac_address, one.pci_address, one.acpi_index, one.tag, one.state, one.boot_order) == (
        "e1000e",
        "de:ad:00:00:be:af",
        "0000:81:01.0",
        101,
        "front",
        "down",
        1,
    )
    assert one.dhcp_options.ntp_servers == ("10.0.0.1",)
    assert one.dhcp_options.private_options[0].option == 240
    assert one.bindings == ("masquerade",)


@pytest.mark.parametrize("binding", ["bridge", "masquerade", "sriov", "passtBinding"])
def test_bindings_are_told_by_their_fields(binding: str) -> None:
    network = POD if binding in ("masquerade", "passtBinding") else MULTUS
    (one,) = kept("VirtualMachineInstance", nic(network, **{binding: {}})).value.spec.interfaces
    assert one.bindings == (binding,)


def test_a_binding_of_a_plugin_has_a_name() -> None:
    (one,) = kept("VirtualMachineInstance", nic(binding={"name": "l2bridge"})).value.spec.interfaces
    assert (one.bindings, one.binding) == (("binding",), PluginBinding(name="l2bridge"))
    assert refused("VirtualMachineInstance", nic(binding={})) == "spec.domain.devices.interfaces[0].binding.name"


def test_networks_keep_their_source() -> None:
    ranges = {"vmNetworkCIDR": "10.11.12.0/24", "vmIPv6NetworkCIDR": "fd10:1::/120"}
    multus = {"networkName": "ns/lan"}
    spec = instance([{"name": "default", "pod": ranges}, {"name": "red", "multus": multus}], [NIC, BRIDGE])
    one, two = kept("VirtualMachineInstance", spec).value.spec.networks
    assert one.pod == PodNetwork(vm_network_cidr="10.11.12.0/24", vm_ipv6_network_cidr="fd10:1::/120")
    assert two.multus == MultusNetwork(network_name="ns/lan")


def test_the_pod_network_is_attached_where_nothing_else_is() -> None:
    assert kept("VirtualMachineInstance", {"domain": {}}).value.spec.attaches_pod_network
    off = {"domain": {"devices": {"autoattachPodInterface": False}}}
    assert not kept("VirtualMachineInstance", off).value.spec.attaches_pod_network
    assert not kept("VirtualMachineInstance", nic(MULTUS, bridge={})).value.spec.attaches_pod_network


def test_what_has_nothing_to_do_with_the_network_is_passed_over() -> None:
    spec = {
        "domain": {"devices": {"disks": [{"name": "root"}], "rng": {}}, "resources": {}, "memory": {"guest": "1Gi"}},
        "volumes": [{"name": "root", "containerDisk": {"image": "x"}}],
        "tolerations": [],
    }
    assert kept("VirtualMachineInstance", spec).name == "db"


def test_a_status_is_kept() -> None:
    raw = {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachineInstance",
        "metadata": {"name": "db", "uid": "1"},
        "spec": nic(masquerade={}),
        "status": {
            "phase": "Running",
            "nodeName": "n1",
            "activePods": {"p1": "n1"},
            "interfaces": [{"name": "default", "mac": "02:00:00:00:00:01", "ipAddress": "10.0.0.5", "queueCount": 1}],
            "migrationState": {"sourcePod": "a", "targetPod": "b", "completed": False},
            "conditions": [{"type": "LiveMigratable", "status": "True"}],
        },
    }
    document = Document(
        place=Place(file="f"),
        api_version="kubevirt.io/v1",
        kind="VirtualMachineInstance",
        namespace="",
        name="db",
        raw=raw,
    )
    found = netwright.dialects.decode(document)
    assert isinstance(found, Decoded)
    status = found.value.status
    assert (status.phase, status.node_name, status.active_pods) == ("Running", "n1", {"p1": "n1"})
    assert status.interfaces[0].ip_address == "10.0.0.5"
    assert (status.migration_state.source_pod, status.migration_state.target_pod) == ("a", "b")


INTERFACES = "spec.domain.devices.interfaces"


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        # networks
        (instance([POD], []), "spec.networks[0].name"),
        (instance([{"name": "default"}], [NIC]), "spec.networks[0]"),
        (instance([{"name": "default", "pod": {}, "multus": {"networkName": "a"}}], [NIC]), "spec.networks[0]"),
        (instance([{"name": "red", "multus": {}}], [BRIDGE]), "spec.networks[0].multus.networkName"),
        (instance([POD, POD], [NIC]), "spec.networks[1].name"),
        (instance([POD, {"name": "red", "pod": {}}], [NIC, BRIDGE]), "spec.networks[1].pod"),
        (
            instance([POD, {"name": "red", "multus": {"networkName": "a", "default": True}}], [NIC, BRIDGE]),
            "spec.networks[0].pod",
        ),
        (
            instance(
                [
                    {"name": "red", "multus": {"networkName": "a", "default": True}},
                    {"name": "blue", "multus": {"networkName": "b", "default": True}},
                ],
                [BRIDGE, {"name": "blue", "bridge": {}}],
            ),
            "spec.networks[1].multus.default",
        ),
        (
            instance([{"name": "default", "pod": {"vmNetworkCIDR": "10.0.0.0"}}], [NIC]),
            "spec.networks[0].pod.vmNetworkCIDR",
        ),
        (
            nic({"name": "red", "resourceClaim": {"claimName": "c"}}, sriov={}),
            "spec.networks[0].resourceClaim.requestName",
        ),
        (nic({"name": "red", "resourceClaim": {"claimName": "c", "requestName": "r"}}, bridge={}), f"{INTERFACES}[0]"),
        (
            instance(
                [MULTUS, {"name": "vf", "resourceClaim": {"claimName": "c", "requestName": "r"}}],
                [BRIDGE, {"name": "vf", "sriov": {}}],
            ),
            "spec.networks",
        ),
        # interfaces
        (instance([], [NIC]), f"{INTERFACES}[0].name"),
        (instance([POD], [NIC, NIC]), f"{INTERFACES}[1].name"),
        (nic({"name": "bad.name", "pod": {}}, masquerade={}), f"{INTERFACES}[0].name"),
        (nic(masquerade={}, bridge={}), f"{INTERFACES}[0].masquerade"),
        (nic(masquerade={}, binding={"name": "x"}), f"{INTERFACES}[0].binding"),
        (nic(MULTUS, masquerade={}), f"{INTERFACES}[0].masquerade"),
        (nic(MULTUS, passtBinding={}), f"{INTERFACES}[0].passtBinding"),
        (nic(slirp={}), f"{INTERFACES}[0].slirp"),
        (nic(passt={}), f"{INTERFACES}[0].passt"),
        (nic(MULTUS, macvtap={}), f"{INTERFACES}[0].macvtap"),
        (nic(masquerade={}, macAddress="02-00-00-00-00-00"), f"{INTERFACES}[0].macAddress"),
        (nic(masquerade={}, macAddress="de:ad:00:00:be"), f"{INTERFACES}[0].macAddress"),
        (nic(masquerade={}, macAddress="de:ad:00:00:be:af:be:af"), f"{INTERFACES}[0].macAddress"),
        (nic(masquerade={}, pciAddress="0000:80:11.15"), f"{INTERFACES}[0].pciAddress"),
        (nic(masquerade={}, model="vmxnet3"), f"{INTERFACES}[0].model"),
        (nic(masquerade={}, state="off"), f"{INTERFACES}[0].state"),
        (nic(masquerade={}, state="absent"), f"{INTERFACES}[0].state"),
        (nic(MULTUS, sriov={}, state="down"), f"{INTERFACES}[0].state"),
        (
            nic({"name": "red", "multus": {"networkName": "a", "default": True}}, bridge={}, state="absent"),
            f"{INTERFACES}[0].state",
        ),
        (nic(masquerade={}, dhcpOptions={"ntpServers": ["fd00::1"]}), f"{INTERFACES}[0].dhcpOptions.ntpServers[0]"),
        (
            nic(masquerade={}, dhcpOptions={"privateOptions": [{"option": 223, "value": ""}]}),
            f"{INTERFACES}[0].dhcpOptions.privateOptions[0].option",
        ),
        (
            nic(masquerade={}, dhcpOptions={"privateOptions": [{"option": 224}, {"option": 224}]}),
            f"{INTERFACES}[0].dhcpOptions.privateOptions[1].option",
        ),
        (nic(masquerade={}, queues=4), f"{INTERFACES}[0].queues"),
        # ports
        (nic(masquerade={}, ports=[{"name": "a"}]), f"{INTERFACES}[0].ports[0].port"),
        (nic(masquerade={}, ports=[{"port": 65536}]), f"{INTERFACES}[0].ports[0].port"),
        (nic(masquerade={}, ports=[{"port": 80, "protocol": "SCTP"}]), f"{INTERFACES}[0].ports[0].protocol"),
        (nic(masquerade={}, ports=[{"port": 80, "name": "Test"}]), f"{INTERFACES}[0].ports[0].name"),
        (
            nic(masquerade={}, ports=[{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]),
            f"{INTERFACES}[0].ports[1].name",
        ),
        (nic(bridge={}, portRanges=[{"protocol": "TCP", "start": 1, "end": 2}]), f"{INTERFACES}[0].portRanges"),
        (
            nic(masquerade={}, ports=[{"port": 1}], portRanges=[{"protocol": "TCP", "start": 1, "end": 2}]),
            f"{INTERFACES}[0].portRanges",
        ),
        (nic(masquerade={}, portRanges=[{"protocol": "TCP", "start": 2, "end": 1}]), f"{INTERFACES}[0].portRanges[0]"),
        (
            nic(masquerade={}, portRanges=[{"protocol": "TCP", "start": 1, "end": 9}, {"start": 9, "end": 12}]),
            f"{INTERFACES}[0].portRanges[1]",
        ),
        # the machine
        (None, "spec"),
        ({}, "spec.domain"),
        ({"domain": {}, "hostname": "a.b"}, "spec.hostname"),
        ({"domain": {}, "subdomain": "A"}, "spec.subdomain"),
        ({"domain": {}, "evictionStrategy": "Always"}, "spec.evictionStrategy"),
    ],
)
def test_what_is_refused_of_an_instance(spec: Any, where: str) -> None:
    assert refused("VirtualMachineInstance", spec) == where


@pytest.mark.parametrize(
    "spec",
    [
        nic(MULTUS, bridge={}, state="absent"),
        nic(masquerade={}, macAddress="DE-AD-00-00-BE-AF"),
        nic(masquerade={}, ports=[{"port": 80}, {"protocol": "UDP", "port": 80}]),
        nic(
            masquerade={},
            portRanges=[{"protocol": "TCP", "start": 1, "end": 9}, {"protocol": "UDP", "start": 9, "end": 9}],
        ),
        nic(MULTUS, bridge={}, ports=[{"port": 80, "protocol": "SCTP"}]),  # looked at on the pod network only
        nic({"name": "vf", "resourceClaim": {"claimName": "c", "requestName": "r"}}, sriov={}),
    ],
)
def test_what_is_taken_of_an_instance(spec: Tree) -> None:
    assert kept("VirtualMachineInstance", spec).name == "db"


def test_a_stored_machine_may_have_what_is_gone() -> None:
    assert kept("VirtualMachineInstance", nic(slirp={}), uid="1").name == "db"


@pytest.mark.parametrize(
    ("spec", "where"),
    [
        (None, "spec"),
        ({"runStrategy": "Always"}, "spec.template"),
        ({"template": {"spec": {"domain": {}}}}, "spec.runStrategy"),
        (machine(running=True), "spec.running"),
        (machine(runStrategy="always"), "spec.runStrategy"),
        (machine(template={"spec": instance([POD], [])}), "spec.template.spec.networks[0].name"),
        (
            machine(template={"metadata": {"labels": {"a b": ""}}, "spec": {"domain": {}}}),
            "spec.template.metadata.labels",
        ),
        (machine(template={}), "spec.template.spec"),
    ],
)
def test_what_is_refused_of_a_machine(spec: Any, where: str) -> None:
    assert refused("VirtualMachine", spec) == where


def test_replica_sets_and_pools() -> None:
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"domain": {}}}
    selector = {"matchLabels": {"app": "db"}}
    found = kept("VirtualMachineInstanceReplicaSet", {"replicas": 2, "selector": selector, "template": template})
    assert instance_of(found.value).metadata.labels == {"app": "db"}  # type: ignore[union-attr]
    assert refused(
        "VirtualMachineInstanceReplicaSet", {"selector": selector, "template": {"spec": {"domain": {}}}}
    ) == ("spec.template.metadata.labels")
    assert refused("VirtualMachineInstanceReplicaSet", {"template": template}) == "spec.selector"
    pool = {"replicas": 3, "selector": selector, "virtualMachineTemplate": {**template, "spec": machine()}}
    for version in ("pool.kubevirt.io/v1beta1", "pool.kubevirt.io/v1alpha1"):
        assert instance_of(kept("VirtualMachinePool", pool, version).value).spec is not None
    assert refused("VirtualMachinePool", {**pool, "replicas": -1}, "pool.kubevirt.io/v1beta1") == "spec.replicas"
    assert refused("VirtualMachinePool", {"selector": selector}, "pool.kubevirt.io/v1beta1") == (
        "spec.virtualMachineTemplate"
    )


def test_a_migration_names_an_instance() -> None:
    assert kept("VirtualMachineInstanceMigration", {"vmiName": "db"}).value.spec.vmi_name == "db"
    assert refused("VirtualMachineInstanceMigration", {}) == "spec.vmiName"


def test_the_configuration_of_the_network() -> None:
    spec = {
        "configuration": {
            "network": {
                "defaultNetworkInterface": "masquerade",
                "permitBridgeInterfaceOnPodNetwork": False,
                "binding": {"l2bridge": {"domainAttachmentType": "managedTap", "migration": {}}},
            },
            "migrations": {"network": "migration", "parallelMigrationsPerCluster": 5, "bandwidthPerMigration": "64Mi"},
            "developerConfiguration": {"featureGates": ["PasstBinding"]},
        },
        "imagePullPolicy": "Always",
    }
    configuration = kept("KubeVirt", spec).value.spec.configuration
    assert configuration.network.binding["l2bridge"].migration is not None
    assert configuration.network.default_network_interface == "masquerade"
    assert configuration.migrations.network == "migration"
    assert configuration.developer_configuration.feature_gates == ("PasstBinding",)
    wrong = {"configuration": {"network": {"defaultNetworkInterface": "tap"}}}
    assert refused("KubeVirt", wrong) == "spec.configuration.network.defaultNetworkInterface"
