"""What refuses an object of KubeVirt, as far as the network depends on it.

After `pkg/network/admitter` (networks, interfaces, bindings, ports) and the validating webhooks of `pkg/virt-api` (run
strategies, templates, selectors, host names) of KubeVirt 1.9, and its CRDs. What a feature gate or the KubeVirt object
permits (`passtBinding`, `portRanges`, claims of devices, a bridge on the pod network) is not refused, for the
gates of a cluster are seldom in the input. Stricter than KubeVirt: an interface has one binding at most ("only one of
its members may be specified", says the API, and two are no machine), ranges of guests are CIDRs, labels of templates
are labels. What was taken out in 1.3 is refused where the object is new; a stored one may still have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import LabelSelector, Meta
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_pods import selects
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    check_annotations,
    check_cidr,
    check_dns_label,
    check_labels,
    check_port_name,
    check_selector,
    is_address,
    quoted,
)
from netwright.dialects.kubevirt.objects import (
    CORE_BINDINGS,
    DHCPOptions,
    InstanceTemplate,
    Interface,
    KubeVirt,
    MachineSpec,
    Network,
    Port,
    PortRange,
    VirtualMachine,
    VirtualMachineInstance,
    VirtualMachineInstanceMigration,
    VirtualMachineInstanceReplicaSet,
    VirtualMachinePool,
    VirtualMachineSpec,
)

RUN_STRATEGIES = ("Always", "RerunOnFailure", "Once", "WaitAsReceiver", "Manual", "Halted")
MODELS = ("virtio", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139")
STATES = ("up", "down", "absent")
EVICTION_STRATEGIES = ("None", "LiveMigrate", "LiveMigrateIfPossible", "External")
RESERVED_MAC = "02:00:00:00:00:00"
"""The address of the bridge inside a launcher pod that masquerades."""
MOST_PORT_RANGES = 10

_GONE = ("slirp", "passt", "macvtap")
_INTERFACE_NAME = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_PCI_ADDRESS = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7]").fullmatch
_MAC_ADDRESS = re.compile(
    r"[0-9a-f]{2}(:[0-9a-f]{2}){5}|[0-9a-f]{2}(-[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}", re.IGNORECASE
).fullmatch


# --- objects --------------------


def check_machine(kind: str, machine: VirtualMachine) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, machine.metadata)
    _check_machine_spec(machine.spec, ("spec",), stored=machine.metadata.uid is not None)


def check_instance(kind: str, instance: VirtualMachineInstance) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, instance.metadata)
    _check_spec(instance.spec, ("spec",), stored=instance.metadata.uid is not None)


def check_replica_set(kind: str, replica_set: VirtualMachineInstanceReplicaSet) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, replica_set.metadata)
    spec = replica_set.spec
    if spec is None:
        raise Fault(("spec",), "is missing")
    _check_replicas(spec.replicas)
    stored = replica_set.metadata.uid is not None
    _check_template(spec.template, ("spec", "template"), stored)
    _check_selector(spec.selector, spec.template.metadata if spec.template else None, ("spec", "template"))


def check_pool(kind: str, pool: VirtualMachinePool) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, pool.metadata)
    at: Pointer = ("spec", "virtualMachineTemplate")
    if pool.spec is None or pool.spec.virtual_machine_template is None:
        raise Fault(at, "is missing")
    _check_replicas(pool.spec.replicas)
    template = pool.spec.virtual_machine_template
    _check_labels(template.metadata, at)
    _check_machine_spec(template.spec, (*at, "spec"), stored=pool.metadata.uid is not None)
    _check_selector(pool.spec.selector, template.metadata, at)


def check_migration(kind: str, migration: VirtualMachineInstanceMigration) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, migration.metadata)
    if migration.spec is None or not migration.spec.vmi_name:
        raise Fault(("spec", "vmiName"), "is missing; it names the VirtualMachineInstance that moves")


def check_configuration(kind: str, configuration: KubeVirt) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, configuration.metadata)
    spec = configuration.spec.configuration if configuration.spec else None
    interface = spec.network.default_network_interface if spec and spec.network else None
    if interface and interface not in ("bridge", "masquerade", "slirp"):
        at: Pointer = ("spec", "configuration", "network", "defaultNetworkInterface")
        raise Fault(at, f"is {quoted(interface)}; it is `bridge` or `masquerade`")
    if spec:
        _check_eviction(spec.eviction_strategy, ("spec", "configuration", "evictionStrategy"))


# --- parts of objects --------------------


def _check_replicas(replicas: int | None) -> None:
    if replicas is not None and replicas < 0:
        raise Fault(("spec", "replicas"), f"is {quoted(replicas)}; it is 0 or more")


def _check_selector(selector: LabelSelector | None, meta: Meta | None, template: Pointer) -> None:
    if selector is None:
        raise Fault(("spec", "selector"), "is missing", "it names labels of the template: `matchLabels: {app: NAME}`")
    check_selector(selector, ("spec", "selector"))
    if not selects(selector, (meta.labels if meta else None) or {}):
        raise Fault(
            (*template, "metadata", "labels"),
            "are not what `spec.selector` asks for",
            "give the template the labels that the selector names",
        )


def _check_machine_spec(spec: VirtualMachineSpec | None, at: Pointer, stored: bool) -> None:
    if spec is None:
        raise Fault(at, "is missing")
    if spec.template is None:
        raise Fault((*at, "template"), "is missing; it is what the instances of the machine are made of")
    if spec.running is not None and spec.run_strategy is not None:
        raise Fault((*at, "running"), "stands beside `runStrategy`; only one of them is set", "remove `running`")
    if spec.running is None and spec.run_strategy is None:
        raise Fault(
            (*at, "runStrategy"), "is missing", "write `runStrategy: Always`, or `Halted` for a stopped machine"
        )
    if spec.run_strategy is not None and spec.run_strategy not in RUN_STRATEGIES:
        raise Fault((*at, "runStrategy"), f"is {quoted(spec.run_strategy)}; it is {_any_of(RUN_STRATEGIES)}")
    _check_template(spec.template, (*at, "template"), stored)


def _check_template(template: InstanceTemplate | None, at: Pointer, stored: bool) -> None:
    if template is None:
        raise Fault(at, "is missing; it is what instances are made of")
    _check_labels(template.metadata, at)
    _check_spec(template.spec, (*at, "spec"), stored)


def _check_labels(meta: Meta | None, at: Pointer) -> None:
    if meta is not None and meta.labels:
        check_labels(meta.labels, (*at, "metadata", "labels"))
    if meta is not None and meta.annotations:
        check_annotations(meta.annotations, (*at, "metadata", "annotations"))


def _check_spec(spec: MachineSpec | None, at: Pointer, stored: bool) -> None:
    if spec is None:
        raise Fault(at, "is missing")
    if spec.domain is None:
        raise Fault((*at, "domain"), "is missing")
    if spec.hostname:
        check_dns_label(spec.hostname, (*at, "hostname"))
    if spec.subdomain:
        check_dns_label(spec.subdomain, (*at, "subdomain"))
    _check_eviction(spec.eviction_strategy, (*at, "evictionStrategy"))
    _check_networks(spec, (*at, "networks"))
    _check_interfaces(spec, (*at, "domain", "devices", "interfaces"), stored)


def _check_eviction(strategy: str | None, at: Pointer) -> None:
    if strategy and strategy not in EVICTION_STRATEGIES:
        raise Fault(at, f"is {quoted(strategy)}; it is {_any_of(EVICTION_STRATEGIES)}")


# --- networks --------------------


def _check_networks(spec: MachineSpec, at: Pointer) -> None:
    networks = spec.networks or ()
    names = {interface.name for interface in spec.interfaces}
    seen: set[str | None] = set()
    pods: list[int] = []
    defaults: list[int] = []
    for index, network in enumerate(networks):
        if network.name in seen:
            raise Fault((*at, index, "name"), f"is {quoted(network.name)}, as another network of the machine is called")
        seen.add(network.name)
        _check_source(network, (*at, index))
        if network.name not in names:
            raise Fault(
                (*at, index, "name"),
                f"is {quoted(network.name or '')}; no interface has this name",
                "a network belongs to the interface of its name in `domain.devices.interfaces`",
            )
        if network.pod is not None:
            pods.append(index)
        if network.multus is not None and network.multus.default:
            defaults.append(index)
    if len(pods) > 1:
        raise Fault((*at, pods[1], "pod"), "is the second pod network; a machine has one at most")
    if len(defaults) > 1:
        raise Fault(
            (*at, defaults[1], "multus", "default"), "is true of two networks; one takes the pod network's place"
        )
    if pods and defaults:
        raise Fault(
            (*at, pods[0], "pod"), "stands beside a network that is `default` and takes the pod network's place"
        )
    if any(one.resource_claim for one in networks) and any(one.multus for one in networks):
        raise Fault(at, "have both `multus` and `resourceClaim`; one machine has one sort of them")


def _check_source(network: Network, at: Pointer) -> None:
    sources = [
        text
        for text, found in (
            ("pod", network.pod),
            ("multus", network.multus),
            ("resourceClaim", network.resource_claim),
        )
        if found is not None
    ]
    if not sources:
        raise Fault(at, "has no source; a network is `pod: {}` or `multus: {networkName: NAME}`")
    if len(sources) > 1:
        raise Fault(at, f"has {' and '.join(f'`{text}`' for text in sources)}; a network has one of them")
    if network.pod is not None:
        for text, field in (
            (network.pod.vm_network_cidr, "vmNetworkCIDR"),
            (network.pod.vm_ipv6_network_cidr, "vmIPv6NetworkCIDR"),
        ):
            if text:
                check_cidr(text, (*at, "pod", field), stored=True)
    if network.multus is not None and not network.multus.network_name:
        raise Fault((*at, "multus", "networkName"), "is missing; it names a NetworkAttachmentDefinition")
    claim = network.resource_claim
    if claim is not None:
        for name, field in ((claim.claim_name, "claimName"), (claim.request_name, "requestName")):
            if not name:
                raise Fault((*at, "resourceClaim", field), "is missing")


# --- interfaces --------------------


def _check_interfaces(spec: MachineSpec, at: Pointer, stored: bool) -> None:
    networks = {network.name: network for network in spec.networks or ()}
    primary = next((n.name for n in spec.networks or () if n.multus is None or n.multus.default), None)
    seen: set[str | None] = set()
    for index, interface in enumerate(spec.interfaces):
        place: Pointer = (*at, index)
        name = interface.name or ""
        if name in seen:
            raise Fault((*place, "name"), f"is {quoted(name)}, as another interface; a network has one interface")
        seen.add(name)
        if _INTERFACE_NAME(name) is None:
            raise Fault((*place, "name"), f"is {quoted(name)}; it has letters, digits, `-` and `_`")
        network = networks.get(name)
        if network is None:
            raise Fault(
                (*place, "name"),
                f"is {quoted(name)}; no network has this name",
                "an interface belongs to the network of its name in `networks`",
            )
        _check_binding(interface, network, place, stored)
        _check_state(interface, name == primary, place)
        _check_fields(interface, place)
        if network.pod is not None:
            _check_ports(interface.ports or (), (*place, "ports"))
        _check_ranges(interface, (*place, "portRanges"))


def _check_binding(interface: Interface, network: Network, at: Pointer, stored: bool) -> None:
    bindings = interface.bindings
    if len(bindings) > 1:
        raise Fault((*at, bindings[-1]), f"stands beside `{bindings[0]}`; an interface has one binding")
    if not stored and bindings and bindings[0] in _GONE:
        raise Fault((*at, bindings[0]), "is a binding that KubeVirt 1.3 took out", "use `masquerade`, or a plugin")
    for binding in (CORE_BINDINGS["masquerade"], CORE_BINDINGS["passt_binding"]):
        if binding in bindings and network.pod is None:
            raise Fault((*at, binding), "is a binding to the pod network alone", "write `bridge: {}`")
    if interface.masquerade is not None and _same_mac(interface.mac_address, RESERVED_MAC):
        raise Fault((*at, "macAddress"), f"is {RESERVED_MAC}, which belongs to the bridge inside the launcher pod")
    if interface.binding is not None and not interface.binding.name:
        raise Fault((*at, "binding", "name"), "is missing; it names a binding that the KubeVirt object registers")
    if network.resource_claim is not None and interface.sriov is None:
        raise Fault(at, "is joined to a claim of a device, which needs `sriov: {}`")


def _same_mac(text: str | None, other: str) -> bool:
    return re.sub(r"[:.-]", "", text or "").lower() == other.replace(":", "")


def _check_state(interface: Interface, primary: bool, at: Pointer) -> None:
    state = interface.state
    if not state:
        return
    if state not in STATES:
        raise Fault((*at, "state"), f"is {quoted(state)}; it is {_any_of(STATES)}")
    if interface.sriov is not None and state != "absent":
        raise Fault((*at, "state"), f"is `{state}`, which is not for SR-IOV interfaces")
    if state == "absent" and interface.bridge is None:
        raise Fault((*at, "state"), "is `absent`, which is for the `bridge` binding alone")
    if state == "absent" and primary:
        raise Fault((*at, "state"), "is `absent`; the interface on the default network cannot be unplugged")


def _check_fields(interface: Interface, at: Pointer) -> None:
    if interface.model and interface.model not in MODELS:
        raise Fault((*at, "model"), f"is {quoted(interface.model)}; it is {_any_of(MODELS)}")
    if interface.mac_address and _MAC_ADDRESS(interface.mac_address) is None:
        raise Fault(
            (*at, "macAddress"), f"is {quoted(interface.mac_address)}; a MAC address has six bytes in hexadecimal"
        )
    if interface.pci_address and _PCI_ADDRESS(interface.pci_address) is None:
        raise Fault((*at, "pciAddress"), f"is {quoted(interface.pci_address)}; it is written like `0000:03:00.0`")
    if interface.dhcp_options is not None:
        _check_dhcp(interface.dhcp_options, (*at, "dhcpOptions"))


def _check_dhcp(options: DHCPOptions, at: Pointer) -> None:
    for index, text in enumerate(options.ntp_servers or ()):
        if ":" in text or not is_address(text):
            raise Fault((*at, "ntpServers", index), f"is {quoted(text)}; it is an IPv4 address")
    seen: set[int] = set()
    for index, one in enumerate(options.private_options or ()):
        place: Pointer = (*at, "privateOptions", index, "option")
        if one.option is None or not 224 <= one.option <= 254:
            what = "is missing" if one.option is None else f"is {one.option}"
            raise Fault(place, f"{what}; private options are 224 to 254")
        if one.option in seen:
            raise Fault(place, f"is {one.option}, as another option of the interface")
        seen.add(one.option)


# --- ports --------------------


def _check_ports(ports: tuple[Port, ...], at: Pointer) -> None:
    names: set[str] = set()
    for index, port in enumerate(ports):
        if port.name:
            check_port_name(port.name, (*at, index, "name"))
            if port.name in names:
                raise Fault((*at, index, "name"), f"is {quoted(port.name)}, as another port of the interface is called")
            names.add(port.name)
        if not port.port:
            raise Fault((*at, index, "port"), "is missing; a port is 1 to 65535")
        if not 1 <= port.port <= 65535:
            raise Fault((*at, index, "port"), f"is {quoted(port.port)}; ports are 1 to 65535")
        _check_protocol(port.protocol, (*at, index, "protocol"))


def _check_ranges(interface: Interface, at: Pointer) -> None:
    ranges = interface.port_ranges or ()
    if not ranges:
        return
    if interface.masquerade is None:
        raise Fault(at, "are for the `masquerade` binding alone")
    if interface.ports:
        raise Fault(at, "stand beside `ports`; an interface has one of them")
    if len(ranges) > MOST_PORT_RANGES:
        raise Fault(at, f"are {len(ranges)}; an interface has {MOST_PORT_RANGES} at most")
    for index, one in enumerate(ranges):
        _check_protocol(one.protocol, (*at, index, "protocol"))
        if not 0 < (one.start or 0) <= (one.end or 0) < 65536:
            raise Fault((*at, index), f"is {one.start or 0} to {one.end or 0}; a range is within 1 to 65535")
        if any(_meet(one, other) for other in ranges[:index]):
            raise Fault((*at, index), f"is {one.start} to {one.end}, some of which another range has")


def _meet(one: PortRange, other: PortRange) -> bool:
    return (
        (one.protocol or "TCP") == (other.protocol or "TCP")
        and (one.start or 0) <= (other.end or 0)
        and (other.start or 0) <= (one.end or 0)
    )


def _check_protocol(protocol: str | None, at: Pointer) -> None:
    if protocol and protocol not in ("TCP", "UDP"):
        right = protocol.upper() if protocol.upper() in ("TCP", "UDP") else ""
        raise Fault(at, f"is {quoted(protocol)}; it is `TCP` or `UDP`", f"write `{right}`" if right else "")


def _any_of(words: tuple[str, ...]) -> str:
    return f"{', '.join(_ticked(words[:-1]))} or `{words[-1]}`"


def _ticked(words: tuple[str, ...]) -> Iterator[str]:
    return (f"`{word}`" for word in words)
