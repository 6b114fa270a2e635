"""Networks and the wires below them: sizes of packets, VLANs that pass, nodes without a way.

After the sources that `profiles.wires` names, `go-controller/pkg/types/const.go` of OVN-Kubernetes at 8871cd9cec9c
(what Geneve adds), the user guide of KubeVirt (MTU of interfaces), RFC 8200, section 5, and the bonding modes of Red
Hat Virtualization 4.4 (technical reference, 3.8).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.base.ipset import IpSet
from netwright.base.spans import Origin
from netwright.dialects.k8s.objects import Node
from netwright.dialects.kubevirt import MACHINES
from netwright.model.networks import POD, NetworkNoun
from netwright.model.nics import MachineNoun
from netwright.model.wires import Wire
from netwright.profiles.migration_network import migration_network
from netwright.profiles.networks import described, networks_of
from netwright.profiles.odd_networks import addresses
from netwright.profiles.wires import setups_of, wires_of
from netwright.questions.check.found import Found, Seen, field, listed
from netwright.questions.check.stage import Stage

GENEVE: Final = {4: 58, 6: 78}
"""What Geneve adds to a packet, in bytes, by the family of the nodes' addresses."""
_CONTROL_PLANE: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
BRIDGED: Final = ("bridge", "cnv-bridge", "localnet", "ovs")
"""Networks whose frames leave a node with the MAC addresses of machines, through a bridge."""
MOVING: Final = ("balance-rr", "balance-tlb", "balance-alb")
"""Modes of bonds that are not for bridges (0, 5 and 6)."""
_OF_SEGMENT: Final = "large packets are dropped there without a word: small ones pass, and connections hang"


class Wired:
    """Networks with their wires, and machines, as the checks see them."""

    def __init__(self, scene: Stage) -> None:
        objects = scene.objects
        self.networks = tuple(n for n in networks_of(objects) if n.ref != POD and n.origin is not None)
        self.wires = wires_of(objects, self.networks)
        self.machines: tuple[MachineNoun, ...] = ()
        if any(d.kind in MACHINES for d in objects):
            from netwright.dialects.kubevirt.machines import machines_of

            self.machines = machines_of(objects, networks_of(objects), sticky=False)

    def of(self, network: NetworkNoun) -> tuple[Wire, ...]:
        return self.wires.get(network.ref, ())


def origin_of(network: NetworkNoun) -> Origin:
    """The place of the object that defines a network."""
    assert network.origin is not None
    return network.origin


def checks(scene: Stage) -> Iterator[Found]:
    """NW6301 to NW6308, and NW6311."""
    wired = scene.stage.once(Wired)
    nodes = {d.name: d.value.metadata.labels or {} for d in scene.objects if isinstance(d.value, Node)}
    of_migrations = migration_network(scene.objects, wired.networks)
    for network in wired.networks:
        wires = wired.of(network)
        yield from too_large(network, wires)
        yield from not_said(network, wires)
        yield from unequal(network, wires)
        yield from shut_out(network, wires)
        if network != of_migrations:  # that is NW6027
            yield from leads_nowhere(network, wires, nodes)
        yield from too_small(network)
        yield from moving_addresses(network, wires)
    yield from outgrown(scene, wired)
    yield from not_told(wired)


def _at(wire: Wire) -> str:
    return listed(wire.at) if wire.known else ", ".join(wire.at)  # labels, or every node


def too_large(network: NetworkNoun, wires: tuple[Wire, ...]) -> Iterator[Found]:
    """NW6301."""
    mtu = network.mtu_bytes
    # what OVN-Kubernetes takes where nothing is written hangs on its own settings
    if mtu is None or (network.mtu_why and network.topology == "localnet"):
        return
    for wire in wires:
        if wire.mtu_bytes is not None and wire.mtu_bytes < mtu:
            yield Found(
                "NW6301",
                origin_of(network),
                f"{described(network)} has packets of {mtu} bytes, and `{wire.mtu_of}` below it takes {wire.mtu_bytes}",
                label=f"{mtu} bytes",
                effect=f"on {_at(wire)}: {_OF_SEGMENT}",
                help=f"set the MTU of `{wire.mtu_of}` and of all on the way to {mtu}, or `mtu: {wire.mtu_bytes}` here",
                key=f"{wire.mtu_of} {wire.at[0]}",
                also=(Seen(wire.mtu_origin, f"{wire.mtu_bytes} bytes"),) if wire.mtu_origin else (),
            )


def not_said(network: NetworkNoun, wires: tuple[Wire, ...]) -> Iterator[Found]:
    """NW6302: bridges, whose plugin does not ask what the bridge has."""
    sizes = [wire for wire in wires if wire.mtu_bytes is not None]
    if not network.mtu_why or network.mtu_bytes is None or network.topology == "localnet" or not sizes:
        return
    least = min(sizes, key=lambda wire: wire.mtu_bytes or 0)
    if (least.mtu_bytes or 0) > network.mtu_bytes:
        yield Found(
            "NW6302",
            origin_of(network),
            f"{described(network)} says no `mtu`, and its wire takes {least.mtu_bytes} bytes",
            label=f"{network.mtu_bytes} bytes, the kernel's own",
            effect=f"interfaces there have {network.mtu_bytes} bytes, and drop larger packets of others on the segment",
            help=f"write `mtu: {least.mtu_bytes}` into the configuration",
            also=(Seen(least.mtu_origin, f"{least.mtu_bytes} bytes"),) if least.mtu_origin else (),
        )


def unequal(network: NetworkNoun, wires: tuple[Wire, ...]) -> Iterator[Found]:
    """NW6305."""
    sizes = {wire.mtu_bytes: wire for wire in wires if wire.mtu_bytes is not None and wire.known}
    if len(sizes) < 2:
        return
    least, most = sizes[min(sizes)], sizes[max(sizes)]
    yield Found(
        "NW6305",
        origin_of(network),
        f"the wires of {described(network)} take {least.mtu_bytes} bytes on {_at(least)} and {most.mtu_bytes} on "
        f"{_at(most)}",
        effect="a machine that moves keeps its MTU: from the smaller wire its large packets are dropped",
        help=f"set `{least.mtu_of}` on {_at(least)} to {most.mtu_bytes} bytes",
        also=tuple(Seen(w.mtu_origin, f"{w.mtu_bytes} bytes") for w in (least, most) if w.mtu_origin),
    )


def shut_out(network: NetworkNoun, wires: tuple[Wire, ...]) -> Iterator[Found]:
    """NW6307."""
    if network.vlan is None or network.trunk:
        return
    for wire in wires:
        if not wire.passes(network.vlan):
            passing = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in wire.vlans or () if b)
            yield Found(
                "NW6307",
                origin_of(network),
                f"VLAN {network.vlan} of {described(network)} does not pass the ports of `{wire.bridge}`",
                label=f"VLAN {network.vlan}",
                effect=f"on {_at(wire)}: who is attached reaches nobody behind {listed(wire.uplinks)}",
                help=f"add `{{id: {network.vlan}}}` to the `trunk-tags` of the port",
                key=wire.at[0],
                also=(Seen(wire.origin, f"VLAN {passing} pass"),) if wire.origin else (),
            )


def leads_nowhere(
    network: NetworkNoun, wires: tuple[Wire, ...], nodes: dict[str, dict[str, str | None]]
) -> Iterator[Found]:
    """NW6308. A bridge that leads nowhere on any node is meant so; one that does on others is not."""
    localnet = network.topology == "localnet"
    mapped = next((w for w in wires if w.origin and not w.lacks and (localnet or w.uplinks)), None)
    lacking = [wire for wire in wires if wire.known and wire.lacks and (localnet or mapped)]
    without = [
        name
        for wire in lacking
        for name in wire.at
        if not any(label in nodes.get(name, {}) for label in _CONTROL_PLANE)
    ]
    if without:
        yield Found(
            "NW6308",
            origin_of(network),
            f"{described(network)} leads nowhere on {listed(sorted(without))}: {lacking[0].lacks}",
            label=f"hangs on `{network.physical}`",
            effect="who is attached there, or moves there, reaches nobody on other nodes or outside",
            help="set these nodes up as the others, or keep who needs the network from them",
            also=(Seen(mapped.origin, "on other nodes"),) if mapped and mapped.origin else (),
        )


def moving_addresses(network: NetworkNoun, wires: tuple[Wire, ...]) -> Iterator[Found]:
    """NW6311: bonds below a bridge that send one address by several ports; told once a network."""
    if network.topology not in BRIDGED:
        return
    for wire in wires:
        for name, mode, origin in wire.bonds:
            if mode in MOVING:
                yield Found(
                    "NW6311",
                    origin_of(network),
                    f"below {described(network)} the bond `{name}` is of mode `{mode}` on {_at(wire)}",
                    label=f"hangs on `{network.physical}`",
                    effect="the switch hears the addresses of machines now on one port and now on another, and sends "
                    "what is meant for them to whichever it heard last",
                    help="use `active-backup`, or `802.3ad` with a group of ports at the switch",
                    key=name,
                    also=(Seen(origin, "its mode"),),
                )
                return


def too_small(network: NetworkNoun) -> Iterator[Found]:
    """NW6304."""
    if network.mtu_bytes is not None and network.mtu_bytes < 1280 and addresses(network.subnets).v6:
        yield Found(
            "NW6304",
            origin_of(network),
            f"{described(network)} has IPv6 addresses and packets of {network.mtu_bytes} bytes",
            label=f"{network.mtu_bytes} bytes",
            effect="Linux takes the IPv6 addresses from an interface with an MTU under 1280",
            help="raise it to 1280 at least, or give no IPv6 addresses there",
        )


def outgrown(scene: Stage, wired: Wired) -> Iterator[Found]:
    """NW6306: overlays, on the interfaces that have the addresses of nodes."""
    between: list[tuple[int, int, str, Origin, str]] = []
    own = {d.name: _addresses(d.value) for d in scene.objects if isinstance(d.value, Node)}
    for setup in setups_of(scene.objects):
        held = IpSet()
        for name in setup.at:
            held |= own.get(name, IpSet())
        for wiring, d in setup.wiring.values():
            mine = addresses(text.partition("/")[0] for text in wiring.addresses) & held
            if mine and wiring.mtu_bytes is not None:
                pointer = (*wiring.pointer, "mtu")
                origin = Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)
                between.append((wiring.mtu_bytes, 4 if mine.v4 else 6, wiring.name, origin, setup.at[0]))
    if not between:
        return
    mtu, family, name, origin, at = min(between, key=lambda one: one[0] - GENEVE[one[1]])
    room = mtu - GENEVE[family]
    for network in wired.networks:
        if network.topology in ("layer2", "layer3") and not network.mtu_why and (network.mtu_bytes or 0) > room:
            yield Found(
                "NW6306",
                origin_of(network),
                f"{described(network)} has packets of {network.mtu_bytes} bytes, and between the nodes there is room "
                f"for {room}",
                label=f"{network.mtu_bytes} bytes",
                effect=f"`{name}` of {at} takes {mtu} bytes, of which Geneve needs {GENEVE[family]}: larger packets "
                "between nodes are lost",
                help=f"raise the MTU of `{name}` to {(network.mtu_bytes or 0) + 100}, or write `mtu: {mtu - 100}`",
                also=(Seen(origin, f"{mtu} bytes"),),
            )


def _addresses(node: Node) -> IpSet:
    listed_ = (node.status.addresses or ()) if node.status else ()
    return addresses(one.address or "" for one in listed_ if one.type == "InternalIP")


def not_told(wired: Wired) -> Iterator[Found]:
    """NW6303: cards that say no MTU, on networks where no DHCP server of KubeVirt answers."""
    networks = {network.ref: network for network in wired.networks}
    for nic in (nic for machine in wired.machines for nic in machine.nics):
        network = networks.get(nic.network)
        if network is None or nic.binding != "bridge" or nic.model.startswith("virtio") or network.ipam != "none":
            continue
        if network.mtu_bytes is not None and network.mtu_bytes != 1500:
            yield Found(
                "NW6303",
                field(nic.origin, *nic.origin.pointer, "model"),
                f"interface `{nic.name}` of `{nic.machine}` is a card `{nic.model}`, which does not tell its guest the "
                f"{network.mtu_bytes} bytes of {described(network)}",
                label=f"`{nic.model}`",
                effect="the guest goes on with 1500 bytes"
                + (": its large packets are dropped" if network.mtu_bytes < 1500 else " and drops larger packets"),
                help="use `model: virtio`, or set the MTU in the guest by hand",
                key=nic.name,
                workloads=(nic.machine,),
                also=(Seen(origin_of(network), f"{network.mtu_bytes} bytes"),),
            )
