"""Addresses of machines on networks beside the pod network: whether they are theirs, and stay so.

After OVN-Kubernetes at 8871cd9cec9c (`docs/features/multiple-networks`, OKEP-5193, OKEP-5233), the IPAM extensions of
KubeVirt (`docs`, its webhook for launcher pods) and Multus' annotations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from netwright.base.ipset import Family, IpSet
from netwright.dialects.kubevirt.machines import ADDRESSES, Card, Written
from netwright.dialects.multus.objects import IPAMClaim
from netwright.model.networks import NetworkNoun, by_attachment
from netwright.profiles.networks import described
from netwright.profiles.odd_networks import addresses
from netwright.questions.check.attached import Attached, attached
from netwright.questions.check.found import CLUSTER, Found, Seen, at, listed
from netwright.questions.check.machines import Machines, Networks, found
from netwright.questions.check.stage import Stage

DEFAULT_NETWORK: Final = "v1.multus-cni.io/default-network"
OF_OVN: Final = ("layer2", "layer3", "localnet")
_LINK_LOCAL: Final = IpSet.of("169.254.0.0/16", "fe80::/10")


def checks(scene: Stage) -> Iterator[Found]:
    """NW6105 to NW6111 and NW6114."""
    machines = scene.stage.once(Machines)
    claimed = scene.stage.once(claims)
    for machine, card in machines.cards():
        yield from not_kept(machine, card)
        yield from of_its_own(machine, card, claimed.get((machine.noun.namespace, f"{machine.noun.name}.{card.name}")))
    asked: dict[tuple[str, str], list[tuple[Written, str]]] = {}
    for machine in machines.all:
        yield from asks(machine, asked)
        yield from chooses_default(machine, machines.networks)
    yield from asked_twice(asked)
    yield from beside_the_pod_network(machines)
    yield from missing(scene, machines.networks)


def not_kept(machine: Written, card: Card) -> Iterator[Found]:
    """NW6105: addresses that OVN-Kubernetes gives, and gives to somebody else the next time."""
    network = card.network
    if network is None or network.topology not in OF_OVN or network.ipam != "ovn" or network.lifecycle:
        return
    layer3 = network.topology == "layer3"
    yield found(
        "NW6105",
        machine,
        card.pointer,
        f"interface `{card.name}` of `{machine.noun.ref}` does not keep its address on {described(network)}",
        label="another address with each start",
        effect="a machine that starts again, or moves to another node, is given another address, while the guest goes "
        "on with its old one until its lease ends, and is not heard meanwhile",
        help="a network of topology Layer2 can keep addresses: `ipam: {lifecycle: Persistent}`"
        if layer3
        else "set `ipam: {lifecycle: Persistent}` (in a NetworkAttachmentDefinition `allowPersistentIPs`)",
        key=card.name,
    )


def claims(scene: Stage) -> dict[tuple[str, str], IpSet]:
    """The addresses of each IPAMClaim, by its namespace and name."""
    return {
        (d.namespace, d.name): addresses([ip.partition("/")[0] for ip in d.value.status.ips])
        for d in scene.objects
        if isinstance(d.value, IPAMClaim) and d.value.status is not None and d.value.status.ips
    }


def of_its_own(machine: Written, card: Card, claimed: IpSet | None) -> Iterator[Found]:
    """NW6110: an address in the guest that OVN-Kubernetes did not give. `claimed` are those that a claim holds; None:
    any of the subnets may have been given."""
    network = card.network
    if network is None or network.topology not in OF_OVN or network.ipam != "ovn" or not network.subnets:
        return
    status = machine.instance.status if machine.instance else None
    inside = addresses(network.subnets)
    given = claimed if claimed is not None else inside
    for one in (status.interfaces if status else None) or ():
        if one.name != card.name:
            continue
        for text in one.ip_addresses or ((one.ip_address,) if one.ip_address else ()):
            own = addresses([text])
            if not own or own <= given or own <= _LINK_LOCAL:
                continue
            told = (
                f"whose subnets are {listed(network.subnets)}" if not own <= inside else "which its claim does not hold"
            )
            yield found(
                "NW6110",
                machine,
                card.pointer,
                f"the guest of `{machine.noun.ref}` has {text} on {described(network)}, {told}",
                label=f"`{card.name}` has {text}",
                effect="OVN-Kubernetes passes what has the address that it gave: packets from this one are dropped",
                help="let the guest take its address by DHCP; for a floating one use a Service, or a network with "
                "`ipam: {mode: Disabled}`",
                key=f"{card.name} {text}",
            )


# --- addresses that are asked for --------------------


def _asked(machine: Written) -> tuple[Mapping[str, Any], str]:
    """What the annotation asks for, and what is wrong with it as a whole."""
    text = machine.annotations.get(ADDRESSES)
    if text is None:
        return {}, ""
    try:
        held = json.loads(text)
    except ValueError:
        return {}, "is not JSON"
    if not isinstance(held, dict):
        return {}, "is no JSON object from names of interfaces to lists of addresses"
    return held, ""


def asks(machine: Written, told: dict[tuple[str, str], list[tuple[Written, str]]]) -> Iterator[Found]:
    """NW6106, NW6107: addresses that cannot be had. Those that can are noted by network in `told`."""
    held, wrong = _asked(machine)
    pointer = (*machine.template, "metadata", "annotations", ADDRESSES)
    cards = {card.name: card for card in machine.cards}

    def refused(code: str, why: str, effect: str, help: str, key: str) -> Found:
        title = f"`{machine.noun.ref}` asks for addresses that it does not get: {why}"
        return found(code, machine, pointer, title, label=why, effect=effect, help=help, key=key)

    at_all = "the machine starts with another address, or its launcher pod is refused"
    if wrong:
        yield refused("NW6106", f"the annotation {wrong}", at_all, 'write `{"INTERFACE": ["ADDRESS"]}`', "annotation")
    for name, texts in held.items():
        card = cards.get(name)
        if card is None:
            why = f"it has no interface `{name}`"
            yield refused("NW6106", why, at_all, f"its interfaces are {listed(list(cards))}", name)
            continue
        network = card.network
        if network is None:
            continue
        if not card.on_pod_network or network.role != "primary" or network.topology != "layer2":
            why = f"`{name}` is not on a primary network of topology Layer2"
            yield refused("NW6106", why, "the annotation counts for nothing", "ask on the primary network", name)
            continue
        for text in texts if isinstance(texts, list) else [texts]:
            own = addresses([text]) if isinstance(text, str) else IpSet()
            if not own:
                yield refused("NW6106", f"`{text}` is no address", at_all, "write an address", f"{name} {text}")
            elif not own <= addresses(network.subnets):
                why = f"{text} is in none of the subnets of {described(network)}"
                yield refused("NW6106", why, at_all, f"choose one of {listed(network.subnets)}", f"{name} {text}")
            elif whose := _of_network(own, network):
                why = f"{text} is {whose} of {described(network)}"
                help = "choose another, or move the router by `infrastructureSubnets` and `defaultGatewayIPs`"
                yield refused("NW6107", why, at_all, help, f"{name} {text}")
            else:
                told.setdefault((network.ref, text), []).append((machine, text))


def _of_network(own: IpSet, network: NetworkNoun) -> str:
    """What of the network itself has an address; "" where nothing has."""
    if own <= addresses(network.gateways):
        return "the gateway"
    infrastructure = addresses(network.infrastructure)
    if own <= infrastructure:
        return "one of the `infrastructureSubnets`"
    families: tuple[Family, Family] = (4, 6)
    for subnet in network.subnets if not infrastructure and not network.gateways else ():
        held = addresses([subnet])
        for family in families:
            low = next((first for first, _ in held.family(family)), None)
            if low is not None and own.contains(family, low + 1):
                return "the gateway"
            if low is not None and own.contains(family, low + 2):
                return "the management port of the nodes"
    return ""


def asked_twice(told: Mapping[tuple[str, str], list[tuple[Written, str]]]) -> Iterator[Found]:
    """NW6108: one address for several machines."""
    for (ref, text), askers in told.items():
        if len(askers) < 2:
            continue
        last, first = askers[-1][0], askers[0][0]
        refs = tuple(machine.noun.ref for machine, _ in askers)
        yield Found(
            "NW6108",
            at(last.decoded, *last.template, "metadata", "annotations", ADDRESSES),
            f"{listed(refs)} ask for one address, {text}, on `{ref}`",
            label="is asked for already",
            effect="the one that starts first has it, and the others do not start",
            help="give each an address of its own",
            key=f"{ref} {text}",
            workloads=refs,
            subject=CLUSTER,
            also=(Seen(at(first.decoded, *first.template, "metadata", "annotations", ADDRESSES), "asks for it too"),),
        )


def chooses_default(machine: Written, networks: Networks) -> Iterator[Found]:
    """NW6109: the annotation by which the IPAM extensions themselves ask."""
    network = networks.primary(machine.noun.namespace)
    if network is None or DEFAULT_NETWORK not in machine.annotations:
        return
    yield found(
        "NW6109",
        machine,
        (*machine.template, "metadata", "annotations", DEFAULT_NETWORK),
        f"`{machine.noun.ref}` has the annotation `{DEFAULT_NETWORK}` on {described(network)}",
        label="is not for people to set",
        effect="KubeVirt's IPAM extensions set it on the launcher pod, and refuse a pod that has it already: the "
        "machine does not start",
        help=f"ask for addresses with `{ADDRESSES}`",
    )


# --- interfaces and Services --------------------


def beside_the_pod_network(machines: Machines) -> Iterator[Found]:
    """NW6111: Services for machines that have no interface where Services lead."""
    scene = machines.scene
    by_ref = {machine.noun.ref: machine for machine in machines.all}
    for service in scene.cluster.services:
        for ref in scene.refs(service.selected or ()):
            machine = by_ref.get(ref)
            if machine is None or any(card.on_pod_network for card in machine.cards):
                continue
            if any(card.source.multus is not None and card.source.multus.default for card in machine.cards):
                continue
            yield Found(
                "NW6111",
                service.origin,
                f"Service `{service.namespace}/{service.name}` leads to `{ref}`, which has no interface on the primary "
                "network",
                label="leads to the launcher pod alone",
                effect="the pod's address on the primary network is not the guest's: nobody answers there",
                help="give the machine an interface on the pod network, or reach it by its address on the other one",
                key=ref,
                workloads=(ref,),
                also=(Seen(at(machine.decoded, *machine.template, "spec", "networks"), "its networks"),),
            )


# --- attachments --------------------


def missing(scene: Stage, networks: Networks) -> Iterator[Found]:
    """NW6114: attachments that are named and are not there."""
    held = by_attachment(networks.all)
    inhabited = {name.partition("/")[0]: name for name in held}
    perhaps = {namespace for one in networks.all for namespace in one.perhaps}
    for one in scene.stage.once(attached):
        where = one.name.partition("/")[0]
        if one.name in held or where not in inhabited or where in perhaps:
            continue
        yield _missing(one, sorted(name for name in held if name.startswith(f"{where}/")))


def _missing(one: Attached, known: list[str]) -> Found:
    return Found(
        "NW6114",
        at(one.decoded, *one.pointer),
        f"`{one.ref}` is to be attached to `{one.name}`, which is not there",
        label="no NetworkAttachmentDefinition of this name",
        effect="its pod does not start: Multus finds no configuration for the interface",
        help=f"the namespace has {listed(known)}: correct the name, or add the attachment",
        key=one.name,
        workloads=(one.ref,),
    )
