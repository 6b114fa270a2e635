"""Machines that cannot move to another node, or that lose their network when they do.

After KubeVirt 1.9 (`pkg/network/vmispec/interface.go`, `pkg/virt-api/webhooks/validating-webhook/admitters/
pod-eviction-admitter.go`) and its user guide: live migration, node maintenance, interfaces and networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import Meta
from netwright.dialects.kubevirt.kept import BRIDGE_MAY_MIGRATE, OF_MIGRATION
from netwright.dialects.kubevirt.machines import ADDRESSES, Card, Written
from netwright.dialects.kubevirt.objects import VirtualMachineInstance, VirtualMachineInstanceMigration
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun, by_attachment
from netwright.model.version_gates import gate_of
from netwright.profiles.odd_networks import addresses
from netwright.questions.check.found import Found, Seen, at
from netwright.questions.check.machines import Machines, found, service_addresses
from netwright.questions.check.stage import Stage

CARRIES_NOTHING: Final = ("cilium",)
"""Profiles whose IPAM gives the target of a migration another address, always."""
OF_TEMPLATE: Final = (BRIDGE_MAY_MIGRATE, ADDRESSES)
"""Annotations that count on the template of a machine."""
HOTPLUGGED: Final = ("bridge", "sriov")


def checks(scene: Stage) -> Iterator[Found]:
    """NW6001 to NW6005, NW6019 to NW6021."""
    machines = scene.stage.once(Machines)
    moved = {
        (d.namespace, d.value.spec.vmi_name): d
        for d in scene.objects
        if isinstance(d.value, VirtualMachineInstanceMigration) and d.value.spec is not None
    }
    for machine in machines.all:
        yield from hindered(machine, machines, moved.get((machine.noun.namespace, machine.noun.name)))
        yield from loses_address(machine, scene.profile.name)
        yield from misplaced(machine)
        yield from pending(machine, machines)
    yield from migration_network(machines)


def hindered(machine: Written, machines: Machines, moved: Decoded | None) -> Iterator[Found]:
    """NW6001, NW6002: a network that hinders; NW6003: a forwarded port that does."""
    surely = [one for one in machine.hindrances if one.answer == "no"]
    for one in surely:
        if one.port is None:
            continue
        card = machine.cards[one.interface]
        number = (card.interface.ports or ())[one.port].port
        yield found(
            "NW6003",
            machine,
            (*card.pointer, "ports", one.port, "port"),
            f"interface `{card.name}` of `{machine.noun.ref}` forwards port {number}, which live migration needs",
            label="taken from the migration",
            effect="what the migration sends to the launcher pod goes to the guest, and every migration fails",
            help=f"serve it on another port than {' and '.join(map(str, OF_MIGRATION))}",
            key=str(number),
        )
    kept = [one for one in surely if one.port is None and machines.is_known(machine.cards[one.interface])]
    if not kept:
        return
    told = "; ".join(one.told for one in kept)
    card = machine.cards[kept[0].interface]
    written = card.interface.bindings or machines.setup is not None
    pointer = _binding_pointer(card)
    strategy = machine.spec.eviction_strategy or machines.configuration.eviction_strategy
    cure = (
        "use `masquerade`, or a secondary network for what must keep its address; where the CNI carries addresses "
        f"along, annotate the template with `{BRIDGE_MAY_MIGRATE}`"
    )
    if strategy == "LiveMigrate" or moved is not None:
        wanted = "its evictionStrategy is `LiveMigrate`" if moved is None else f"`{moved.name}` asks for it"
        yield Found(
            "NW6002",
            at(machine.decoded, *pointer),
            f"`{machine.noun.ref}` is to migrate live and cannot: {told}",
            label=wanted,
            effect="its migrations are refused, and so is its eviction: a node that is drained waits for it",
            help=cure,
            workloads=(machine.noun.ref,),
            also=(Seen(at(moved, "spec", "vmiName"), "asks for a migration"),) if moved is not None else (),
        )
        return
    yield found(
        "NW6001",
        machine,
        pointer,
        f"the network of `{machine.noun.ref}` keeps it from migrating live: {told}",
        label="does not migrate" if written else "a bridge, unless the KubeVirt object has another default",
        effect="when its node is drained the machine is shut down, and it starts elsewhere with another address",
        help=cure,
    )


def _binding_pointer(card: Card) -> Pointer:
    written = card.interface.bindings
    return (*card.pointer, written[0]) if written else card.pointer


def loses_address(machine: Written, profile: str) -> Iterator[Found]:
    """NW6004: the annotation under a CNI that gives the target of a migration another address."""
    if profile.partition(":")[0] not in CARRIES_NOTHING or BRIDGE_MAY_MIGRATE not in machine.annotations:
        return
    for card in machine.cards:
        if card.on_pod_network and card.binding == "bridge":
            yield found(
                "NW6004",
                machine,
                (*machine.template, "metadata", "annotations", BRIDGE_MAY_MIGRATE),
                f"`{machine.noun.ref}` may migrate with its bridge on the pod network, and loses its address there",
                label="no address is carried along",
                effect="after a live migration the guest goes on with the old address, which no longer leads to it",
                help="use `masquerade` behind a Service, or a CNI that carries addresses of machines along",
            )


def misplaced(machine: Written) -> Iterator[Found]:
    """NW6005: annotations of the template that stand on the machine."""
    meta: Meta = machine.decoded.value.metadata
    if isinstance(machine.decoded.value, VirtualMachineInstance):
        return
    for name in OF_TEMPLATE:
        if name in (meta.annotations or {}) and name not in machine.annotations:
            yield found(
                "NW6005",
                machine,
                ("metadata", "annotations", name),
                f"the annotation `{name}` stands on `{machine.noun.ref}` itself, not on its template",
                label="counts for nothing here",
                effect="KubeVirt makes instances of the template, and does not copy the machine's own annotations",
                help="write it into `spec.template.metadata.annotations`",
                key=name,
            )


# --- running machines --------------------


def pending(machine: Written, machines: Machines) -> Iterator[Found]:
    """NW6021: what a running machine has differently than it is written, and only a restart brings."""
    if machine.instance is None or isinstance(machine.decoded.value, VirtualMachineInstance):
        return
    spec = machine.instance.spec
    running = {one.name or "": one for one in (spec.networks if spec else None) or ()}
    gate = gate_of("live networkName")
    holds = machines.version is not None and gate.answer(machines.version, machines.gates_on)
    known = by_attachment(machines.networks.all)
    for card in machine.cards:
        if card.source.name is None:
            continue
        now = running.get(card.name)
        if now is None and card.binding not in HOTPLUGGED:
            yield _pending(machine, card.pointer, card.name, "is not plugged into the running machine", "")
        elif now is not None and now.multus and card.source.multus:
            old, new = now.multus.network_name or "", card.source.multus.network_name or ""
            if old == new:
                continue
            told = "" if machines.version is not None else f" (it is taken over live by {gate.versions})"
            if holds:
                told = _beyond_live(machine.noun.namespace, old, new, known, machines)
                if not told:
                    continue
            what = f"is on `{old}` in the running machine, and written for `{new}`"
            yield _pending(machine, card.pointer, card.name, what, told)


def _beyond_live(namespace: str, old: str, new: str, known: Mapping[str, NetworkNoun], machines: Machines) -> str:
    """Why a KubeVirt that takes another network over live does not take this one; "" where it does, or may."""
    if machines.scene.once(has_dynamic_networks):
        return ", since the dynamic networks controller runs, with which nothing is taken over live"
    was, to_be = (known.get(name if "/" in name else f"{namespace}/{name}") for name in (old, new))
    if was is None or to_be is None or was.topology == to_be.topology:
        return ""
    return f", since {was.topology} and {to_be.topology} are different types of attachment"


def has_dynamic_networks(scene: Stage) -> bool:
    """Whether the dynamic networks controller of Multus runs."""
    return any(w.name.startswith("dynamic-networks-controller") for w in scene.workloads)


def _pending(machine: Written, pointer: Pointer, name: str, what: str, told: str) -> Found:
    return found(
        "NW6021",
        machine,
        pointer,
        f"interface `{name}` of `{machine.noun.ref}` {what}",
        label="comes with a restart",
        effect=f"the guest goes on with the network that it started with{told}",
        help="restart the machine",
        key=name,
    )


# --- the network of migrations --------------------


def migration_network(machines: Machines) -> Iterator[Found]:
    """NW6019, NW6020: the attachment that migrations use."""
    settings = machines.configuration.migrations
    setup = machines.setup
    if setup is None or settings is None or not settings.network:
        return
    name, home = settings.network, setup.namespace
    place = at(setup, "spec", "configuration", "migrations", "network")
    held = {(d.namespace, d.name): d for d in machines.scene.of_kind("NetworkAttachmentDefinition")}
    if (home, name) not in held:
        elsewhere = [d for (_, other), d in held.items() if other == name]
        if elsewhere:
            yield Found(
                "NW6019",
                place,
                f"the network of migrations, `{name}`, is not in KubeVirt's namespace `{home}`",
                label=f"looked for in {home}",
                effect="the pods of virt-handler are not attached to it, and migrations do not start",
                help=f"create the NetworkAttachmentDefinition in `{home}`",
                also=tuple(Seen(at(d, "metadata", "name"), "is in another namespace") for d in elsewhere),
            )
        return
    by_ref = {at_: one for one in machines.networks.all for at_ in one.attachments}
    network = by_ref.get(f"{home}/{name}")
    if network is None:
        return
    own = addresses(network.subnets)
    others = [(f"{one.ref}", one.subnets) for one in machines.networks.all if one.ref != network.ref]
    services = machines.scene.stage.once(service_addresses)
    for whose, ranges in (*others, ("the addresses of Services", services)):
        if common := own & addresses(ranges):
            yield Found(
                "NW6020",
                at(held[home, name], "spec", "config"),
                f"the network of migrations, `{name}`, has {common.described(2)} in common with {whose}",
                label="the same addresses twice",
                effect="virt-handler has two ways to these addresses; migrations, or the other network, do not reach "
                "theirs",
                help="give the network of migrations a range of its own",
                key=whose,
                also=(Seen(place, "used for migrations"),),
            )
