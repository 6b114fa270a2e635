"""MAC addresses of machines, the pool that gives them, and ranges of addresses that several give.

After kubemacpool 0.51 (its webhook and `doc`), the controller of ipam-extensions (claims and their owners) and what
`profiles.subnets` names. What hangs on the version of kubemacpool is in `model.version_gates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netwright.base.spans import Origin
from netwright.dialects.k8s.objects import Namespace
from netwright.dialects.kubemacpool import IGNORED
from netwright.dialects.kubemacpool.ranges import DEFAULT, is_multicast, mac_number, ranges_of
from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.multus.objects import IPAMClaim
from netwright.model.networks import NetworkNoun
from netwright.model.nics import MachineNoun, NicNoun
from netwright.model.version_gates import gate_of
from netwright.profiles.networks import described
from netwright.profiles.subnets import is_one_segment, subnets_of
from netwright.profiles.versions import version_of_kubemacpool
from netwright.questions.check.found import Found, Seen, at, field, listed
from netwright.questions.check.mtu import Wired, origin_of
from netwright.questions.check.stage import Stage

_POOLS: Final = ("VirtualMachinePool", "VirtualMachineInstanceReplicaSet")
_LEAVES: Final = ("localnet", "bridge", "cnv-bridge", "ovs", "macvlan", "macvtap", "sriov")
"""Networks whose frames leave the node with the MAC addresses of machines."""
_OF_POOL: Final = ("refuses collisions", "tells collisions")
"""What kubemacpool does with an address that is there twice, by its version."""


def checks(scene: Stage) -> Iterator[Found]:
    """NW6401 to NW6410."""
    wired = scene.stage.once(Wired)
    networks = {network.ref: network for network in wired.networks}
    ignored = {
        d.name
        for d in scene.objects
        if isinstance(d.value, Namespace) and (d.value.metadata.labels or {}).get(IGNORED) == "ignore"
    }
    holders: dict[int, list[tuple[MachineNoun, NicNoun]]] = {}
    for machine in wired.machines:
        yield from malformed(machine)
        yield from twice(machine)
        for nic in machine.nics:
            number = mac_number(nic.mac)
            if number is not None:
                holders.setdefault(number, []).append((machine, nic))
    yield from in_range(scene, holders, ignored)
    yield from shared(scene, holders, networks)
    yield from left_out(scene, wired, ignored)
    yield from foreign_claims(scene, wired)
    yield from nothing_excluded(wired)
    yield from published(scene, wired)
    yield from given_twice(wired)


def _mac(nic: NicNoun) -> Origin:
    return field(nic.origin, *nic.origin.pointer, "macAddress")


def malformed(machine: MachineNoun) -> Iterator[Found]:
    """NW6401."""
    for nic in machine.nics:
        number = mac_number(nic.mac)
        if nic.mac and (number is None or is_multicast(number)):
            what = "is none: it is not six bytes" if number is None else "is that of a group"
            yield Found(
                "NW6401",
                _mac(nic),
                f"the MAC address `{nic.mac}` of `{machine.ref}` {what}",
                label=f"interface `{nic.name}`",
                effect="the machine does not start" if number is None else "the kernel refuses it for an interface",
                help="write six bytes, of which the first is even, as 02:10:00:00:00:01",
                key=nic.name,
                workloads=(machine.ref,),
            )


def twice(machine: MachineNoun) -> Iterator[Found]:
    """NW6405."""
    first: dict[int, NicNoun] = {}
    for nic in machine.nics:
        number = mac_number(nic.mac)
        if number is None:
            continue
        if number in first:
            yield Found(
                "NW6405",
                _mac(nic),
                f"interfaces `{first[number].name}` and `{nic.name}` of `{machine.ref}` have one MAC, `{nic.mac}`",
                label="the address of another interface",
                effect="the guest cannot tell them apart, and kubemacpool refuses the machine",
                help="give each interface its own address, or leave them out",
                key=nic.name,
                workloads=(machine.ref,),
                also=(Seen(_mac(first[number]), "the other"),),
            )
        first.setdefault(number, nic)


def in_range(scene: Stage, holders: dict[int, list[tuple[MachineNoun, NicNoun]]], ignored: set[str]) -> Iterator[Found]:
    """NW6402."""
    ranges = ranges_of(scene.objects)
    if not ranges:
        return
    # an object that the API server stored may have its address of the pool
    stored = {(d.kind, d.namespace, d.name) for d in scene.of_kind(*MACHINES) if d.value.metadata.uid is not None}
    for number, held in sorted(holders.items()):
        for machine, nic in held:
            if number in ranges[0] and (machine.kind, machine.namespace, machine.name) not in stored:
                left = machine.namespace in ignored
                yield Found(
                    "NW6402",
                    _mac(nic),
                    f"the MAC address `{nic.mac}` of `{machine.ref}` is in the range that kubemacpool gives from",
                    label=f"interface `{nic.name}`",
                    effect="the pool does not know of it, and may give it to another machine"
                    if left
                    else "while the machine is not there, the pool may give it to another",
                    help="write an address outside of the range, or leave it out and let the pool choose",
                    key=nic.name,
                    workloads=(machine.ref,),
                    also=(Seen(ranges[0].origin, "the range"),),
                )


def _by_pool(scene: Stage) -> str:
    """What kubemacpool does with such an address, in the version that runs; in each where that is not known."""
    version = version_of_kubemacpool(scene.documents)
    gates = [gate_of(one) for one in _OF_POOL]
    if version is None:
        return "; ".join(one.says for one in gates)
    runs = ".".join(map(str, version))
    return "; ".join(f"{one.says}; {runs} runs here" for one in gates if one.answer(version, frozenset()))


def shared(
    scene: Stage, holders: dict[int, list[tuple[MachineNoun, NicNoun]]], networks: dict[str, NetworkNoun]
) -> Iterator[Found]:
    """NW6403 and NW6404, once a machine: about the first other one before it."""
    by_pool = scene.once(_by_pool)
    for _, held in sorted(holders.items()):
        told: list[tuple[MachineNoun, NicNoun]] = []
        for machine, nic in held:
            others = [one for one in told if one[0].ref != machine.ref]
            if others:
                near = [one for one in others if _is_one(nic, one[1], networks)]
                other, its = (near or others)[0]
                yield Found(
                    "NW6403" if near else "NW6404",
                    _mac(nic),
                    f"`{machine.ref}` and `{other.ref}` have one MAC address, `{nic.mac}`"
                    + (f", on {_called(nic, networks)}" if near else " on different networks"),
                    label=f"interface `{nic.name}`",
                    effect=f"each loses what the other is sent ({by_pool})" if near else by_pool,
                    help="give one of them another address, or leave it out",
                    key=f"{nic.name} {other.ref}",
                    workloads=(machine.ref, other.ref),
                    also=(Seen(_mac(its), f"`{other.ref}`"),),
                )
            told.append((machine, nic))
        for machine, nic in held:
            if machine.kind in _POOLS:
                network = networks.get(nic.network)
                yield Found(
                    "NW6403" if network is not None else "NW6404",
                    _mac(nic),
                    f"all machines of `{machine.ref}` have one MAC address, `{nic.mac}`",
                    label=f"interface `{nic.name}`",
                    effect=f"each loses what another is sent ({by_pool})" if network else by_pool,
                    help="leave the address out of the template",
                    key=f"{nic.name} all",
                    workloads=(machine.ref,),
                )


def _is_one(one: NicNoun, other: NicNoun, networks: dict[str, NetworkNoun]) -> bool:
    """Whether two interfaces are on one segment. Masquerade shows no MAC address of a guest to anybody."""
    if not one.network or "masquerade" in (one.binding, other.binding):
        return False
    if one.network == other.network:
        return one.network in networks and networks[one.network].topology != "layer3"
    mine, its = networks.get(one.network), networks.get(other.network)
    return mine is not None and its is not None and is_one_segment(mine, its)


def _called(nic: NicNoun, networks: dict[str, NetworkNoun]) -> str:
    return described(networks[nic.network]) if nic.network in networks else f"`{nic.network}`"


def left_out(scene: Stage, wired: Wired, ignored: set[str]) -> Iterator[Found]:
    """NW6406."""
    for d in scene.of_kind("Namespace"):
        here = [machine.ref for machine in wired.machines if machine.namespace == d.name]
        if d.name in ignored and here:
            yield Found(
                "NW6406",
                at(d, "metadata", "labels", IGNORED),
                f"kubemacpool leaves out the namespace `{d.name}`, where {listed(here)} "
                + ("are" if len(here) > 1 else "is"),
                label="`ignore`",
                effect="MAC addresses that they do not name change with each start, and nobody tells of those that are "
                "another machine's",
                help="take the label away, or write a MAC address outside of the pool's range for every interface",
                workloads=tuple(here),
            )


def foreign_claims(scene: Stage, wired: Wired) -> Iterator[Found]:
    """NW6407."""
    machines = {(m.namespace, m.name): m for m in wired.machines if m.kind not in _POOLS}
    for d in scene.objects:
        if not isinstance(d.value, IPAMClaim):
            continue
        owner = next((one for one in d.value.metadata.owner_references or () if one.kind in OWNERS), None)
        # a machine's name may have dots, an interface's has none
        mine = machines.get((d.namespace, d.name.rpartition(".")[0]))
        if owner is not None and mine is not None and owner.name != mine.name:
            yield Found(
                "NW6407",
                at(d, "metadata", "ownerReferences"),
                f"the claim `{d.name}` is that of `{mine.ref}` by its name, and {owner.kind} `{owner.name}` owns it",
                label=f"`{owner.name}`",
                effect=f"the controller refuses it, and `{mine.ref}` gets no address there",
                help=f"delete the claim if {owner.kind} `{owner.name}` is gone; the controller makes it anew",
                workloads=(mine.ref,),
                also=(Seen(mine.origin),),
            )


OWNERS: Final = ("VirtualMachine", "VirtualMachineInstance")


def nothing_excluded(wired: Wired) -> Iterator[Found]:
    """NW6408."""
    for network in wired.networks:
        if network.topology == "localnet" and network.ipam == "ovn" and network.subnets and not network.excluded:
            yield Found(
                "NW6408",
                origin_of(network),
                f"{described(network)} gives every address of {listed(network.subnets)} on a wire out of the cluster",
                label="nothing is left out",
                effect="an address that the router, a DHCP server or a host there uses may be given to a pod",
                help="leave out what is not the cluster's to give, with `excludeSubnets`",
            )


def published(scene: Stage, wired: Wired) -> Iterator[Found]:
    """NW6409: where frames with such addresses leave the cluster."""
    ranges = ranges_of(scene.objects)
    leaving = [network for network in wired.networks if network.topology in _LEAVES]
    if ranges and leaving and (ranges[0].first, ranges[0].last) == tuple(map(mac_number, DEFAULT)):
        yield Found(
            "NW6409",
            ranges[0].origin,
            f"kubemacpool gives MAC addresses from {DEFAULT[0]} on, as wherever its range is left as it is",
            label="the range that it is published with",
            effect=f"another such cluster on a VLAN of {described(leaving[0])} gives machines the same addresses",
            help="give each cluster a range of its own",
        )


def given_twice(wired: Wired) -> Iterator[Found]:
    """NW6410, once a pair."""
    if sum(network.topology in _LEAVES and bool(network.subnets) for network in wired.networks) < 2:
        return
    networks = {network.ref: network for network in wired.networks}
    done: set[frozenset[str]] = set()
    for one in subnets_of((), wired.networks, {}, ovn=False):
        mine = networks.get(one.ref)
        for overlap in one.overlaps:
            its = networks.get(overlap.ref)
            pair = frozenset((one.ref, overlap.ref))
            if overlap.hurts != "yes" or mine is None or its is None or pair in done or not is_one_segment(mine, its):
                continue
            done.add(pair)
            later, first = (its, mine) if mine.ref < its.ref else (mine, its)
            yield Found(
                "NW6410",
                origin_of(later),
                f"{described(later)} and {described(first)} give addresses of one segment, and their ranges overlap",
                label=f"{listed(later.subnets)}",
                effect=f"both hang on `{later.physical}`, VLAN {later.vlan or 'none'}: one address may be given twice",
                help="give them parts of the range that do not overlap, or attach all to one network",
                key=first.ref,
                also=(Seen(origin_of(first), f"{listed(first.subnets)}"),),
            )
