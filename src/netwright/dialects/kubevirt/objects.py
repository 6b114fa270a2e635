"""Decoded objects of kubevirt.io and pool.kubevirt.io, with the API's names.

Shapes follow `staging/src/kubevirt.io/api/core/v1/{schema,types}.go` and `pool/v1beta1/types.go` of KubeVirt 1.9. Of
networks and interfaces every field is modelled, so an unknown one is an error; disks, CPUs, memory, volumes and other
devices have nothing to do with the network and are passed over. `null` is an absent field, as Go decodes it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import Condition, LabelSelector, Meta, PodMaker, PodTemplate


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of an object of which only some fields are read."""


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- networks and interfaces of a machine --------------------


class PodNetwork(_Whole, frozen=True):
    """The launcher pod's own network. The ranges are those that the guest sees behind a `masquerade` binding: without
    them 10.0.2.0/24 and fd10:0:2::/120."""

    vm_network_cidr: str | None = msgspec.field(default=None, name="vmNetworkCIDR")
    vm_ipv6_network_cidr: str | None = msgspec.field(default=None, name="vmIPv6NetworkCIDR")


class MultusNetwork(_Whole, frozen=True):
    """A NetworkAttachmentDefinition: `NAME` of the machine's namespace, or `NAMESPACE/NAME`. With `default` it takes
    the place of the pod network."""

    network_name: str | None = None
    default: bool | None = None


class ResourceClaimNetwork(_Whole, frozen=True):
    """A device of `spec.resourceClaims` (gate `NetworkDevicesWithDRA`, alpha in 1.9)."""

    claim_name: str | None = None
    request_name: str | None = None


class Network(_Whole, frozen=True):
    """One source of a network; exactly one of `pod`, `multus` and `resourceClaim` is set."""

    name: str | None = None
    pod: PodNetwork | None = None
    multus: MultusNetwork | None = None
    resource_claim: ResourceClaimNetwork | None = None


class Port(_Whole, frozen=True):
    """A port of the guest: `protocol` is TCP (also where it is left out) or UDP."""

    name: str | None = None
    protocol: str | None = None
    port: int | None = None


class PortRange(_Whole, frozen=True):
    """Ports `start` to `end`, both included (gate `PortRangesSpec`, alpha in 1.9)."""

    protocol: str | None = None
    start: int | None = None
    end: int | None = None


class DHCPPrivateOption(_Whole, frozen=True):
    option: int | None = None
    value: str | None = None


class DHCPOptions(_Whole, frozen=True):
    boot_file_name: str | None = None
    tftp_server_name: str | None = msgspec.field(default=None, name="tftpServerName")
    ntp_servers: tuple[str, ...] | None = msgspec.field(default=None, name="ntpServers")
    private_options: tuple[DHCPPrivateOption, ...] | None = None


class PluginBinding(_Whole, frozen=True):
    """A binding that the KubeVirt object registers under this name."""

    name: str | None = None


CORE_BINDINGS = {
    "bridge": "bridge",
    "masquerade": "masquerade",
    "sriov": "sriov",
    "passt_binding": "passtBinding",
    "passt": "passt",
    "slirp": "slirp",
    "macvtap": "macvtap",
}
"""The bindings that are fields of an interface, by our name: as they are written. The last three are gone since 1.3."""


class Interface(_Whole, frozen=True):
    """A network card of the guest, joined to the network of the same name.

    A binding is an object, mostly `{}`; at most one is set. `state` is `up`, `down` or `absent` (unplugged).
    """

    name: str | None = None
    model: str | None = None
    bridge: dict[str, Any] | None = None
    masquerade: dict[str, Any] | None = None
    sriov: dict[str, Any] | None = None
    passt_binding: dict[str, Any] | None = None
    passt: dict[str, Any] | None = None
    slirp: dict[str, Any] | None = None
    macvtap: dict[str, Any] | None = None
    binding: PluginBinding | None = None
    ports: tuple[Port, ...] | None = None
    port_ranges: tuple[PortRange, ...] | None = None
    mac_address: str | None = None
    boot_order: int | None = None
    pci_address: str | None = None
    dhcp_options: DHCPOptions | None = msgspec.field(default=None, name="dhcpOptions")
    tag: str | None = None
    acpi_index: int | None = None
    state: str | None = None

    @property
    def bindings(self) -> tuple[str, ...]:
        """The bindings that are set, as they are written; a plugin is `binding`."""
        found = tuple(text for name, text in CORE_BINDINGS.items() if getattr(self, name) is not None)
        return (*found, "binding") if self.binding is not None else found


class Devices(_Part, frozen=True):
    interfaces: tuple[Interface, ...] | None = None
    autoattach_pod_interface: bool | None = None
    network_interface_multiqueue: bool | None = None


class CPU(_Part, frozen=True):
    """Queues of an interface follow the number of these."""

    cores: int | None = None
    sockets: int | None = None
    threads: int | None = None


class Domain(_Part, frozen=True):
    cpu: CPU | None = None
    devices: Devices | None = None


class Probe(_Part, frozen=True):
    """Of what the kubelet asks a machine, that which goes over the network."""

    http_get: dict[str, Any] | None = None
    tcp_socket: dict[str, Any] | None = None


class MachineSpec(_Part, frozen=True):
    """The spec of a VirtualMachineInstance."""

    domain: Domain | None = None
    networks: tuple[Network, ...] | None = None
    node_selector: dict[str, str | None] | None = None
    eviction_strategy: str | None = None
    hostname: str | None = None
    subdomain: str | None = None
    dns_policy: str | None = msgspec.field(default=None, name="dnsPolicy")
    dns_config: dict[str, Any] | None = msgspec.field(default=None, name="dnsConfig")
    resource_claims: tuple[dict[str, Any], ...] | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    volumes: tuple[Volume, ...] | None = None

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        devices = self.domain.devices if self.domain else None
        return (devices.interfaces if devices else None) or ()

    @property
    def attaches_pod_network(self) -> bool:
        """Whether KubeVirt adds an interface on the pod network: none is written, nor any network, and
        `autoattachPodInterface` is not false."""
        devices = self.domain.devices if self.domain else None
        wanted = devices is None or devices.autoattach_pod_interface is not False
        return wanted and not self.interfaces and not self.networks


class ServiceAccountVolume(_Part, frozen=True):
    service_account_name: str | None = None


class CloudInitVolume(_Part, frozen=True):
    """What a guest configures itself by; of the network here only whether there is something."""

    network_data: str | None = None
    network_data_base64: str | None = msgspec.field(default=None, name="networkDataBase64")
    network_data_secret_ref: dict[str, Any] | None = None


class Volume(_Part, frozen=True):
    """Of the volumes those are read that give the launcher pod its service account, or the guest its network."""

    name: str | None = None
    service_account: ServiceAccountVolume | None = None
    cloud_init_no_cloud: CloudInitVolume | None = None
    cloud_init_config_drive: CloudInitVolume | None = None


# --- what launcher pods are made for --------------------


class _Launched(PodMaker, frozen=True, kw_only=True, gc=False, rename="camel"):
    """What launcher pods run for; `launcher` says how they are made."""

    def pod_template(self, name: str) -> PodTemplate:
        from netwright.dialects.kubevirt.launcher import launcher_of

        return launcher_of(self, name)

    def pod_count(self) -> int:
        from netwright.dialects.kubevirt.launcher import instances_of

        return instances_of(self)

    def unknown_labels(self) -> tuple[str, ...]:
        from netwright.dialects.kubevirt.launcher import unknown_labels

        return unknown_labels(self)


# --- instances --------------------


class InstanceInterface(_Part, frozen=True):
    """An interface as the guest or the launcher pod tells of it."""

    name: str | None = None
    mac: str | None = None
    ip_address: str | None = None
    ip_addresses: tuple[str, ...] | None = None
    interface_name: str | None = None
    pod_interface_name: str | None = None
    info_source: str | None = None
    queue_count: int | None = None
    link_state: str | None = None


class MigrationState(_Part, frozen=True):
    """How the last live migration stands."""

    migration_uid: str | None = None
    source_node: str | None = None
    target_node: str | None = None
    source_pod: str | None = None
    target_pod: str | None = None
    mode: str | None = None
    completed: bool | None = None
    failed: bool | None = None
    start_timestamp: str | None = None
    end_timestamp: str | None = None


class InstanceStatus(_Part, frozen=True):
    phase: str | None = None
    node_name: str | None = None
    interfaces: tuple[InstanceInterface, ...] | None = None
    active_pods: dict[str, str] | None = None
    migration_method: str | None = None
    migration_state: MigrationState | None = None
    conditions: tuple[Condition, ...] | None = None


class VirtualMachineInstance(_Launched, frozen=True):
    """A running machine: one launcher pod runs it, two while it migrates."""

    metadata: Meta = Meta()
    spec: MachineSpec | None = None
    status: InstanceStatus | None = None


class InstanceTemplate(_Part, frozen=True):
    """What instances are made of: their labels and annotations, and so those of their pods, are those in `metadata`."""

    metadata: Meta | None = None
    spec: MachineSpec | None = None


class ReplicaSetSpec(_Part, frozen=True):
    replicas: int | None = None
    paused: bool | None = None
    selector: LabelSelector | None = None
    template: InstanceTemplate | None = None


class VirtualMachineInstanceReplicaSet(_Launched, frozen=True):
    """Instances of one template, as many as `replicas` says (1 where it says nothing)."""

    metadata: Meta = Meta()
    spec: ReplicaSetSpec | None = None


# --- machines --------------------


class Matcher(_Part, frozen=True):
    """An instance type or a preference by its kind and name."""

    kind: str | None = None
    name: str | None = None


class VirtualMachineSpec(_Part, frozen=True):
    """Either `running` or `runStrategy` is set: Always, RerunOnFailure, Once, WaitAsReceiver, Manual or Halted."""

    running: bool | None = None
    run_strategy: str | None = None
    instancetype: Matcher | None = None
    preference: Matcher | None = None
    template: InstanceTemplate | None = None


class VirtualMachineStatus(_Part, frozen=True):
    created: bool | None = None
    ready: bool | None = None
    printable_status: str | None = None
    conditions: tuple[Condition, ...] | None = None


class VirtualMachine(_Launched, frozen=True):
    """A machine that may be stopped and started; while it runs there is an instance of its name."""

    metadata: Meta = Meta()
    spec: VirtualMachineSpec | None = None
    status: VirtualMachineStatus | None = None


class MachineTemplate(_Part, frozen=True):
    metadata: Meta | None = None
    spec: VirtualMachineSpec | None = None


class PoolSpec(_Part, frozen=True):
    replicas: int | None = None
    paused: bool | None = None
    selector: LabelSelector | None = None
    virtual_machine_template: MachineTemplate | None = None


class VirtualMachinePool(_Launched, frozen=True):
    """VirtualMachines of one template, named after the pool with a number each."""

    metadata: Meta = Meta()
    spec: PoolSpec | None = None


# --- migrations --------------------


class MigrationSpec(_Part, frozen=True):
    vmi_name: str | None = None
    added_node_selector: dict[str, str | None] | None = None


class MigrationStatus(_Part, frozen=True):
    phase: str | None = None
    migration_state: MigrationState | None = None


class VirtualMachineInstanceMigration(_Part, frozen=True):
    """The wish to move an instance to another node."""

    metadata: Meta = Meta()
    spec: MigrationSpec | None = None
    status: MigrationStatus | None = None


# --- the configuration of KubeVirt --------------------


class PluginMigration(_Part, frozen=True):
    """That machines with this binding on the pod network may migrate; `method` is `link-refresh` or not set."""

    method: str | None = None


class BindingPlugin(_Part, frozen=True):
    sidecar_image: str | None = None
    network_attachment_definition: str | None = None
    domain_attachment_type: str | None = None
    migration: PluginMigration | None = None
    downward_api: str | None = msgspec.field(default=None, name="downwardAPI")


class NetworkConfiguration(_Part, frozen=True):
    """`defaultNetworkInterface` is `bridge` (also where it is left out), `masquerade` or `slirp`."""

    default_network_interface: str | None = None
    permit_bridge_interface_on_pod_network: bool | None = None
    permit_slirp_interface: bool | None = None
    binding: dict[str, BindingPlugin] | None = None


class MigrationConfiguration(_Part, frozen=True):
    """`network` names a NetworkAttachmentDefinition of KubeVirt's namespace; the numbers are per cluster and node."""

    network: str | None = None
    parallel_migrations_per_cluster: int | None = None
    parallel_outbound_migrations_per_node: int | None = None
    bandwidth_per_migration: str | int | None = None
    completion_timeout_per_gib: int | None = msgspec.field(default=None, name="completionTimeoutPerGiB")
    progress_timeout: int | None = None
    allow_auto_converge: bool | None = None
    allow_post_copy: bool | None = None
    allow_workload_disruption: bool | None = None
    unsafe_migration_override: bool | None = None


class DeveloperConfiguration(_Part, frozen=True):
    feature_gates: tuple[str, ...] | None = None
    disabled_feature_gates: tuple[str, ...] | None = None


class Configuration(_Part, frozen=True):
    network: NetworkConfiguration | None = None
    migrations: MigrationConfiguration | None = None
    developer_configuration: DeveloperConfiguration | None = None
    eviction_strategy: str | None = None


class KubeVirtSpec(_Part, frozen=True):
    configuration: Configuration | None = None


class KubeVirtStatus(_Part, frozen=True):
    phase: str | None = None
    observed_kube_virt_version: str | None = None
    target_kube_virt_version: str | None = None


class KubeVirt(_Part, frozen=True):
    """How KubeVirt itself is set up; one in a cluster."""

    metadata: Meta = Meta()
    spec: KubeVirtSpec | None = None
    status: KubeVirtStatus | None = None


Machine = VirtualMachine | VirtualMachineInstance | VirtualMachineInstanceReplicaSet | VirtualMachinePool
