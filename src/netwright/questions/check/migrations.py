"""Live migrations that interrupt more than people expect, or are given too little: time, a wire, a device.

After KubeVirt 1.9 (user guide: live migration, SR-IOV; `pkg/virt-handler/migration-source`) and OVN-Kubernetes
(`docs/features/live-migration.md`, pull requests 5773 and 6947).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from netwright.dialects.kubevirt.kept import BRIDGE_MAY_MIGRATE
from netwright.dialects.kubevirt.machines import Written
from netwright.dialects.kubevirt.objects import VirtualMachineInstanceMigration
from netwright.model.networks import POD
from netwright.profiles.migration_network import migration_attachment, migration_network
from netwright.profiles.wires import wires_of
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.machines import Machines, found
from netwright.questions.check.scene import Scene

MOVES: Final = ("LiveMigrate", "LiveMigrateIfPossible")
"""Eviction strategies by which a drain moves the machine."""
GIB: Final = 1 << 30
_QUANTITY = re.compile(r"([0-9]+(?:\.[0-9]+)?)(Ki|Mi|Gi|Ti|k|M|G|T)?").fullmatch
_UNITS: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12} | {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def checks(scene: Scene) -> Iterator[Found]:
    """NW6025 to NW6028."""
    machines = scene.stage.once(Machines)
    wished = {
        (d.namespace, d.value.spec.vmi_name)
        for d in scene.objects
        if isinstance(d.value, VirtualMachineInstanceMigration) and d.value.spec is not None
    }
    over_ovn = scene.profile.name.partition(":")[0] == "ovn-kubernetes"
    for machine in machines.all:
        strategy = machine.spec.eviction_strategy or machines.configuration.eviction_strategy
        moves = strategy in MOVES or (machine.noun.namespace, machine.noun.name) in wished
        if moves and machine.noun.live_migratable == "yes":
            yield from unplugged(machine)
        if over_ovn:
            yield from stale_gateway(machine)
    yield from too_short(machines)
    yield from without_wire(machines)


def unplugged(machine: Written) -> Iterator[Found]:
    """NW6025."""
    for card in machine.cards:
        if card.binding == "sriov":
            yield found(
                "NW6025",
                machine,
                card.pointer,
                f"the device of interface `{card.name}` of `{machine.noun.ref}` is unplugged while the machine moves",
                label="SR-IOV",
                effect="from before the last copy of memory until the device of the other node is plugged in nothing "
                "passes there",
                help="bond it in the guest with an interface that stays, or let its traffic bear the gap",
                key=card.name,
            )


def stale_gateway(machine: Written) -> Iterator[Found]:
    """NW6028."""
    for card in machine.cards:
        on_default = card.on_pod_network and card.network is not None and card.network.ref == POD
        if on_default and card.binding == "bridge" and BRIDGE_MAY_MIGRATE in machine.annotations:
            yield found(
                "NW6028",
                machine,
                card.pointer,
                f"`{machine.noun.ref}` keeps its address in a migration, and may keep an old gateway too",
                label="on the cluster's default network",
                effect="where the build of OVN-Kubernetes has pull request 5773 and not 6947, the guest goes on with "
                "the MAC of the old node's gateway, and reaches nobody for about a minute",
                help="ask which build runs; a network of topology Layer2 or a localnet has no such gateway",
                key=card.name,
            )


def too_short(machines: Machines) -> Iterator[Found]:
    """NW6026."""
    settings, setup = machines.configuration.migrations, machines.setup
    if settings is None or setup is None or settings.allow_post_copy or settings.allow_workload_disruption:
        return
    rate, limit = bytes_of(settings.bandwidth_per_migration), settings.completion_timeout_per_gib
    if not rate or not limit or GIB / rate <= limit:
        return
    pointer = ("spec", "configuration", "migrations")
    yield Found(
        "NW6026",
        at(setup, *pointer, "completionTimeoutPerGiB"),
        f"a migration is given {limit} seconds for a GiB, and at {settings.bandwidth_per_migration} a second it takes "
        f"{-(-GIB // rate)}",
        label="cancelled before it can be done",
        effect="no migration of a machine that uses its memory succeeds, and a drained node waits for them",
        help="raise `bandwidthPerMigration`, or the time",
        also=(Seen(at(setup, *pointer, "bandwidthPerMigration"), "as fast as this"),),
    )


def bytes_of(text: str | int | None) -> int | None:
    """The number of a quantity of Kubernetes; None for what is none.

    >>> bytes_of("64Mi"), bytes_of("0"), bytes_of("fast")
    (67108864, 0, None)
    """
    read = _QUANTITY(str(text)) if text is not None else None
    return int(float(read[1]) * _UNITS.get(read[2] or "", 1)) if read else None


def without_wire(machines: Machines) -> Iterator[Found]:
    """NW6027."""
    scene = machines.scene
    named = migration_attachment(scene.objects)
    network = migration_network(scene.objects, machines.networks.all)
    if named is None or network is None or network.origin is None:
        return
    lacking = [w for w in wires_of(scene.objects, (network,)).get(network.ref, ()) if w.known and w.lacks]
    if not lacking:
        return
    nodes = tuple(name for wire in lacking for name in wire.at)
    setup = named[0]
    yield Found(
        "NW6027",
        network.origin,
        f"the network of migrations has no wire on {listed(nodes)}: {lacking[0].lacks}",
        label=f"hangs on `{network.physical}`",
        effect="no machine can move there or from there: virt-handler does not start, or nobody hears it",
        help="set the nodes up alike, by one NodeNetworkConfigurationPolicy",
        also=(Seen(at(setup, "spec", "configuration", "migrations", "network"), "used for migrations"),),
    )
