"""What guests set up by themselves, as far as it is in the input: `networkData` of cloud-init, and what tools in the
guest tell of its interfaces.

After cloud-init 25 (`doc/rtd/reference/network-config-format-{v1,v2}.rst`), KubeVirt 1.9 (bindings) and
`docs/features/multiple-networks/multi-homing.md` of OVN-Kubernetes at 8871cd9cec9c (what its ports let through).
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from typing import Final

from netwright.base.ipset import Family, IpSet, address_text, parse_address
from netwright.base.spans import Pointer
from netwright.dialects.kubemacpool.ranges import mac_number
from netwright.dialects.kubevirt.machines import ADDRESSES, Card, Written, asked_for
from netwright.model.networks import POD
from netwright.profiles.network_data import Link, read_network_data
from netwright.profiles.networks import described
from netwright.profiles.odd_networks import addresses
from netwright.questions.check.found import Found, listed
from netwright.questions.check.machine_addresses import claims
from netwright.questions.check.machine_bindings import GUESTS
from netwright.questions.check.machines import Machines, found
from netwright.questions.check.scene import Scene

OF_OTHER_IPAM: Final = ("cni.projectcalico.org/ipAddrs", "ovn.kubernetes.io/ip_address", "ovn.kubernetes.io/ip_pool")
"""Annotations by which a CNI is asked for an address on the pod network: a guest may have the same."""
VIRTUAL: Final = (
    ("00:00:5e:00:01", "a virtual router's (VRRP)"),
    ("00:00:5e:00:02", "a virtual router's (VRRP)"),
    ("00:00:0c:07:ac", "a virtual router's (HSRP)"),
    ("02:bf", "a load-balancing cluster's (NLB)"),
)
"""How MAC addresses begin that several hosts share."""
_OF_LOADERS: Final = (("cloudInitNoCloud", "cloud_init_no_cloud"), ("cloudInitConfigDrive", "cloud_init_config_drive"))


def checks(scene: Scene) -> Iterator[Found]:
    """NW6120, NW6122 and NW6309."""
    claimed = scene.stage.once(claims)
    for machine in scene.stage.once(Machines).all:
        for links, pointer in _set_up(machine):
            for link in links:
                cards = _cards(machine, link, len(links))
                yield from static(machine, link, cards, pointer, claimed)
                yield from too_large(machine, link, cards, pointer)
        yield from virtual_macs(machine)


# --- networkData --------------------


def _set_up(machine: Written) -> Iterator[tuple[tuple[Link, ...], Pointer]]:
    for number, volume in enumerate(machine.spec.volumes or ()):
        for name, field in _OF_LOADERS:
            told = getattr(volume, field)
            if told is None:
                continue
            at: Pointer = (*machine.template, "spec", "volumes", number, name)
            if told.network_data:
                yield read_network_data(told.network_data), (*at, "networkData")
            elif told.network_data_base64:
                try:
                    text = b64decode(told.network_data_base64, validate=True).decode()
                except ValueError:
                    continue
                yield read_network_data(text), (*at, "networkDataBase64")


def _cards(machine: Written, link: Link, links: int) -> tuple[Card, ...]:
    """The interfaces of the machine that a link may be: one where the MAC says it or there is no other, else all."""
    number = mac_number(link.mac)
    if number is not None:
        mine = tuple(c for c in machine.cards if mac_number(c.interface.mac_address or "") == number)
        return mine or tuple(c for c in machine.cards if not c.interface.mac_address)
    return machine.cards if links else ()


# --- addresses --------------------


def static(
    machine: Written, link: Link, cards: tuple[Card, ...], pointer: Pointer, claimed: dict[tuple[str, str], IpSet]
) -> Iterator[Found]:
    """NW6120: an address that is on none of the networks that the link may be on."""
    for text in link.addresses:
        refusals = [_refusal(machine, card, text, claimed) for card in cards]
        if not refusals or "" in refusals:
            continue
        whose = f"of `{cards[0].name}`" if len(cards) == 1 else "of no interface of the machine"
        yield found(
            "NW6120",
            machine,
            pointer,
            f"the guest of `{machine.noun.ref}` sets {text} up by itself, and its network does not give it that",
            label=f"{text} is not that {whose}",
            effect=f"nothing reaches the guest at {text}: {refusals[0]}",
            help="let the guest ask by DHCP; to bring an address along use a primary network of topology Layer2 with "
            f"`{ADDRESSES}`, or a network that gives out none",
            key=f"{link.name} {text}",
        )


def _refusal(machine: Written, card: Card, text: str, claimed: dict[tuple[str, str], IpSet]) -> str:
    """Why an address in the guest does not work on an interface; "" where it does, or that is not known."""
    network, own = card.network, addresses((text,))
    if network is None:
        return ""
    if card.binding == "masquerade":
        inside = _of_guest(card, parse_address(text)[0])
        return "" if text == inside else f"behind `masquerade` what comes is sent to {inside}"
    if network.ref == POD:
        asked = any(name in machine.annotations for name in OF_OTHER_IPAM)
        taken = asked or card.binding != "bridge"
        return "" if taken else "the pod network gives each start of the machine an address of its own"
    if network.ipam != "ovn" or not network.subnets:
        return ""
    name = machine.noun.name
    if own <= claimed.get((machine.noun.namespace, f"{name}.{card.name}"), IpSet()):
        return ""
    if network.role == "primary" and own <= addresses(asked_for(machine.annotations, card.name)):
        return ""
    return f"OVN-Kubernetes gives addresses on {described(network)}, and drops what has another"


def _of_guest(card: Card, family: Family) -> str:
    """The address of a guest behind `masquerade`: the second of its range."""
    pod = card.source.pod
    written = (pod.vm_network_cidr if family == 4 else pod.vm_ipv6_network_cidr) if pod else None
    held = addresses((written or GUESTS[0 if family == 4 else 1],))
    low = next((first for first, _ in held.family(family)), 0)
    return address_text(family, low + 2)


# --- sizes --------------------


def too_large(machine: Written, link: Link, cards: tuple[Card, ...], pointer: Pointer) -> Iterator[Found]:
    """NW6309."""
    networks = [card.network for card in cards if card.network is not None]
    sizes = [one.mtu_bytes for one in networks if one.mtu_bytes is not None]
    if link.mtu_bytes is None or len(sizes) != len(cards) or not sizes or link.mtu_bytes <= max(sizes):
        return
    most = max(networks, key=lambda one: one.mtu_bytes or 0)
    unless = f" (its MTU is {most.mtu_why})" if most.mtu_why else ""
    yield found(
        "NW6309",
        machine,
        pointer,
        f"the guest of `{machine.noun.ref}` sets {link.mtu_bytes} bytes up, and {described(most)} takes "
        f"{most.mtu_bytes}",
        label=f"`mtu: {link.mtu_bytes}` of `{link.name}`",
        effect="large packets of the guest are dropped on the way; where nobody tells it so, connections hang as soon "
        f"as much is sent{unless}",
        help=f"write `mtu: {most.mtu_bytes}`, or leave it out: a virtio card is told by the network",
        key=link.name,
    )


# --- MAC addresses --------------------


def virtual_macs(machine: Written) -> Iterator[Found]:
    """NW6122: shared MAC addresses in a guest of whose networks all filter."""
    networks = [card.network for card in machine.cards]
    if not networks or any(one is None or one.filters_mac is not True for one in networks):
        return
    status = machine.instance.status if machine.instance else None
    told = [one.mac for one in (status.interfaces if status else None) or () if one.mac]
    written = [card.interface.mac_address for card in machine.cards if card.interface.mac_address]
    for mac in dict.fromkeys((*told, *written)):
        kind = next((what for start, what in VIRTUAL if mac.lower().startswith(start)), "")
        if not kind or mac in written:
            continue
        refs = [one.ref for one in networks if one is not None]
        yield found(
            "NW6122",
            machine,
            (*machine.template, "spec", "networks"),
            f"the guest of `{machine.noun.ref}` has the MAC address {mac}, {kind}, and all of its networks filter",
            label=f"{listed(list(dict.fromkeys(refs)))}: the interface's own address alone",
            effect="packets from this address are dropped: the partner takes over, and nobody hears it",
            help="attach it by a Linux bridge without `macspoofchk`, or let a Service stand for the address",
            key=mac,
        )
