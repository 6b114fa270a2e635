"""Bindings of interfaces that do not do what is meant with the network that they are joined to.

After KubeVirt 1.9 (`pkg/network`, user guide: interfaces and networks, network binding plugins, SR-IOV, live
migration, Istio) and its feature gates (`model.version_gates`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.base.ipset import IpSet
from netwright.base.spans import Pointer
from netwright.dialects.kubevirt.machines import Card, Written
from netwright.dialects.multus.cni import config_of
from netwright.dialects.multus.objects import NetworkAttachmentDefinition
from netwright.model.mesh import CLIENT
from netwright.model.version_gates import gate_of
from netwright.profiles.odd_networks import addresses
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.machines import Machines, found, service_addresses
from netwright.questions.check.stage import Stage

GUESTS: Final = ("10.0.2.0/24", "fd10:0:2::/120")
"""The ranges of a guest behind `masquerade` where none are written."""
NO_BRIDGE: Final = ("macvlan", "ipvlan")
RESOURCE: Final = "k8s.v1.cni.cncf.io/resourceName"


def checks(scene: Stage) -> Iterator[Found]:
    """NW6006 to NW6018, NW6022 and NW6024."""
    machines = scene.stage.once(Machines)
    for machine, card in machines.cards():
        yield from registered(machine, card, machines)
        yield from gated(machine, card, machines)
        yield from ports_on_bridge(machine, card)
        yield from ipv6(machine, card, scene)
        yield from over_network(machine, card, machines)
        yield from link_down(machine, card)
        yield from guest_range(machine, card, machines)
        yield from permitted(machine, card, machines)
    for machine in machines.all:
        yield from queues(machine)
    yield from in_mesh(machines)


# --- how KubeVirt is set up --------------------


def registered(machine: Written, card: Card, machines: Machines) -> Iterator[Found]:
    """NW6006: a plugin's binding that the KubeVirt object does not register."""
    if machines.setup is None or machines.is_known(card):
        return
    listed = ", ".join(f"`{name}`" for name in sorted(machines.plugins)) or "none"
    yield Found(
        "NW6006",
        at(machine.decoded, *card.pointer, "binding", "name"),
        f"interface `{card.name}` of `{machine.noun.ref}` has the binding `{card.binding}`, which KubeVirt does not "
        "know",
        label=f"registered are {listed}",
        effect="the machine does not start: nothing says how its interface is joined to the pod",
        help="register the plugin in `spec.configuration.network.binding` of the KubeVirt object, or correct the name",
        key=card.name,
        workloads=(machine.noun.ref,),
        also=(Seen(at(machines.setup, "spec"), "registers bindings"),),
    )


def gated(machine: Written, card: Card, machines: Machines) -> Iterator[Found]:
    """NW6007: what needs a version, or a feature gate that is not turned on."""
    uses: list[tuple[str, Pointer]] = []
    if card.interface.passt_binding is not None:
        uses.append(("passtBinding", ("passtBinding",)))
    if card.interface.port_ranges:
        uses.append(("portRanges", ("portRanges",)))
    if card.source.resource_claim is not None:
        uses.append(("resourceClaim", ()))
    for predicate, pointer in uses:
        gate = gate_of(predicate)
        if machines.version is not None:
            if gate.answer(machines.version, machines.gates_on, machines.gates_off):
                continue
            runs = f"this is KubeVirt {'.'.join(map(str, machines.version))}"
        elif gate.gate in machines.gates_on:
            continue
        else:
            runs = "the version of KubeVirt is not in the input"
        yield found(
            "NW6007",
            machine,
            (*card.pointer, *pointer),
            f"interface `{card.name}` of `{machine.noun.ref}` uses {gate.says}, which not every KubeVirt takes",
            label=runs,
            effect=f"it holds in {gate.versions}; elsewhere the API refuses the machine, or passes the field over",
            help=f"turn on the gate `{gate.gate}` in `developerConfiguration.featureGates`, or do without",
            key=f"{card.name} {predicate}",
        )


def permitted(machine: Written, card: Card, machines: Machines) -> Iterator[Found]:
    """NW6024: a bridge on the pod network where KubeVirt forbids it."""
    network = machines.configuration.network
    forbidden = network is not None and network.permit_bridge_interface_on_pod_network is False
    if not forbidden or not card.on_pod_network or card.binding != "bridge" or machines.setup is None:
        return
    yield Found(
        "NW6024",
        at(machine.decoded, *card.pointer),
        f"interface `{card.name}` of `{machine.noun.ref}` is a bridge on the pod network, which KubeVirt forbids here",
        label="is refused",
        effect="the API refuses the machine's instances: it does not start",
        help="write `masquerade: {}`",
        key=card.name,
        workloads=(machine.noun.ref,),
        also=(
            Seen(
                at(machines.setup, "spec", "configuration", "network", "permitBridgeInterfaceOnPodNetwork"),
                "forbids it",
            ),
        ),
    )


# --- ports --------------------


def ports_on_bridge(machine: Written, card: Card) -> Iterator[Found]:
    """NW6008: `ports` that limit nothing."""
    if card.binding != "bridge" or not card.interface.ports:
        return
    listed = ", ".join(str(one.port) for one in card.interface.ports[:3])
    yield found(
        "NW6008",
        machine,
        (*card.pointer, "ports"),
        f"`ports` of interface `{card.name}` of `{machine.noun.ref}` limit nothing: it is a bridge",
        label=f"{listed}: all others are open too",
        effect="a bridge passes every packet to the guest, whatever is listed",
        help="leave `ports` out, and limit the machine by a NetworkPolicy",
        key=card.name,
    )


# --- the network behind the binding --------------------


def ipv6(machine: Written, card: Card, scene: Stage) -> Iterator[Found]:
    """NW6010: a guest behind `masquerade` that nothing tells of IPv6."""
    six = [text for text in scene.cluster.pod_ranges.cidrs() if ":" in text]
    if not six or not card.on_pod_network or card.binding != "masquerade":
        return
    for volume in machine.spec.volumes or ():
        for told in (volume.cloud_init_no_cloud, volume.cloud_init_config_drive):
            if told and (told.network_data or told.network_data_base64 or told.network_data_secret_ref):
                return
    guest = (card.source.pod.vm_ipv6_network_cidr if card.source.pod else None) or GUESTS[1]
    yield found(
        "NW6010",
        machine,
        card.pointer,
        f"nothing tells the guest of `{machine.noun.ref}` its IPv6 route, and pods have addresses of {six[0]}",
        label="IPv6 is set up in the guest",
        effect="the guest answers over IPv4 alone: behind `masquerade` nobody announces a route, and connections over "
        "IPv6 to the machine end in nothing",
        help=f"give it an address of {guest} and the first one there as gateway, in `networkData` of a cloud-init "
        "volume",
        key=card.name,
    )


def over_network(machine: Written, card: Card, machines: Machines) -> Iterator[Found]:
    """NW6011 to NW6014: a binding and a network that do not go together."""
    network = card.network
    if network is None or network.kind != "NetworkAttachmentDefinition":
        return
    d = machines.networks.object_of(network)
    if d is None or not isinstance(d.value, NetworkAttachmentDefinition) or config_of(d.value) is None:
        return
    what, pointer = f"interface `{card.name}` of `{machine.noun.ref}`", card.pointer
    if card.interface.bindings:
        pointer = (*pointer, card.interface.bindings[0])
    also = (Seen(at(d, "spec", "config"), f"is of type {network.topology}"),)

    def told(code: str, title: str, effect: str, help: str) -> Found:
        return Found(
            code,
            at(machine.decoded, *pointer),
            title,
            label=f"on `{network.ref}`",
            effect=effect,
            help=help,
            key=card.name,
            workloads=(machine.noun.ref,),
            also=also,
        )

    if card.binding == "bridge" and network.topology in NO_BRIDGE:
        yield told(
            "NW6011",
            f"{what} is a bridge over {network.topology}, which passes frames of one MAC address alone",
            "the guest's frames have another MAC address than the pod's link, and are dropped: no traffic at all",
            "attach it by a Linux bridge, or by an OVN network",
        )
    if card.binding == "bridge" and network.topology == "sriov":
        yield told(
            "NW6012",
            f"{what} has the binding `bridge`, and `{network.ref}` is of type sriov",
            "the device is in the launcher pod, and the guest does not get it as its own",
            "write `sriov: {}`",
        )
    if card.binding == "sriov" and network.topology != "sriov":
        yield told(
            "NW6013",
            f"{what} has the binding `sriov`, and `{network.ref}` is of type {network.topology}",
            "there is no device that could be given to the guest: the machine does not start",
            "write `bridge: {}`, or name an attachment of type sriov",
        )
    annotations = d.value.metadata.annotations or {}
    if card.binding == "sriov" and network.topology == "sriov" and not annotations.get(RESOURCE):
        yield told(
            "NW6014",
            f"{what} is SR-IOV, and `{network.ref}` names no resource",
            "no device is asked for with the launcher pod, so it has none: the machine does not start",
            f"annotate the NetworkAttachmentDefinition with `{RESOURCE}`",
        )


def in_mesh(machines: Machines) -> Iterator[Found]:
    """NW6016: a machine in a mesh with a bridge on the pod network."""
    scene = machines.scene
    if scene.cluster.mesh is None:
        return
    rows = {w.ref: w.rows for w in scene.workloads}
    for machine, card in machines.cards():
        if not card.on_pod_network or card.binding != "bridge":
            continue
        how = {scene.cluster.columns.labels_of(row).get(CLIENT) for row in rows.get(machine.noun.ref, ())}
        if "sidecar" in how:
            yield found(
                "NW6016",
                machine,
                card.pointer,
                f"`{machine.noun.ref}` is in the mesh, and its interface `{card.name}` is a bridge on the pod network",
                label="the pod has no address left",
                effect="the address of the pod belongs to the guest, so the proxy beside it sees none of its traffic",
                help="write `masquerade: {}`",
                key=card.name,
            )


def link_down(machine: Written, card: Card) -> Iterator[Found]:
    """NW6017: a link that is down, and a probe over the network."""
    probe = machine.spec.liveness_probe
    asked = probe is not None and (probe.http_get is not None or probe.tcp_socket is not None)
    if not asked or not card.on_pod_network or card.interface.state != "down":
        return
    yield found(
        "NW6017",
        machine,
        (*card.pointer, "state"),
        f"the link of `{card.name}` of `{machine.noun.ref}` is down, and its livenessProbe goes over it",
        label="nothing comes through",
        effect="the probe fails, and the machine is restarted again and again",
        help="take the probe away while the link is down, or ask inside the guest with `exec`",
        key=card.name,
    )


def guest_range(machine: Written, card: Card, machines: Machines) -> Iterator[Found]:
    """NW6022: the guest's own range behind `masquerade`, and networks with the same addresses."""
    if card.binding != "masquerade" or card.source.pod is None:
        return
    own = card.source.pod.vm_network_cidr or GUESTS[0]
    field = addresses([own, card.source.pod.vm_ipv6_network_cidr or GUESTS[1]])
    others = [one.network for one in machine.cards if one.network and one != card]
    for whose, ranges in (
        *machines.scene.once(_of_cluster),
        *((f"`{network.ref}`", addresses(network.subnets)) for network in others),
    ):
        common = field & ranges
        if common:
            yield found(
                "NW6022",
                machine,
                card.pointer,
                f"the guest of `{machine.noun.ref}` sees itself in {own}, and {whose} have {common.described(2)} too",
                label="the guest takes them for its own link",
                effect="the guest asks for these addresses on its own link, where nobody answers",
                help="choose another range in `networks[].pod.vmNetworkCIDR`",
                key=whose,
            )


def _of_cluster(scene: Stage) -> tuple[tuple[str, IpSet], ...]:
    """What the cluster has addresses for, in words and ranges."""
    services = addresses(scene.stage.once(service_addresses))
    return ("the pods", scene.cluster.pod_ranges), ("the addresses of Services", services)


def queues(machine: Written) -> Iterator[Found]:
    """NW6018: several CPUs and one queue."""
    domain = machine.spec.domain
    cpu, devices = (domain.cpu, domain.devices) if domain else (None, None)
    value = machine.decoded.value
    chosen = getattr(value.spec, "preference", None) or getattr(value.spec, "instancetype", None)
    if cpu is None or chosen or (devices is not None and devices.network_interface_multiqueue is not None):
        return
    count = (cpu.cores or 1) * (cpu.sockets or 1) * (cpu.threads or 1)
    paravirtual = [c for c in machine.cards if (c.interface.model or "virtio") == "virtio" and c.binding != "sriov"]
    if count < 2 or not paravirtual:
        return
    yield found(
        "NW6018",
        machine,
        (*machine.template, "spec", "domain", "cpu"),
        f"`{machine.noun.ref}` has {count} virtual CPUs, and its interfaces have one queue each",
        label="one of them carries all packets",
        effect="one CPU of the guest takes all packets of an interface, which bounds its throughput",
        help="set `domain.devices.networkInterfaceMultiqueue: true` where throughput matters",
    )
