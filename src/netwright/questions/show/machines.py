"""Virtual machines and their interfaces, as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netwright.base.errors import UnknownReference
from netwright.dialects.kubevirt import MACHINES
from netwright.model.cluster import Cluster
from netwright.model.nics import Kept, MachineNoun
from netwright.profiles.networks import networks_of
from netwright.questions.show.narrow import narrow
from netwright.questions.show.rows import MachineRow, NicRow, Shown
from netwright.questions.show.written import Locate, written

NO_NIC = Kept(restart="yes", live_migration="yes", why="it has no interface")
_WORST = ("no", "unknown", "yes")


def machine_rows(cluster: Cluster, locate: Locate, namespaces: Sequence[str], references: Sequence[str]) -> Shown:
    """One row a machine, by namespace and name."""
    found = _machines(cluster, namespaces, references)
    rows = []
    for one in found:
        file, line = written(locate, one.kind, one.namespace, one.name, one.origin.place)
        rows.append(
            MachineRow(
                namespace=one.namespace,
                ref=one.ref,
                state=one.state,
                node=one.node,
                nics=len(one.nics),
                networks=tuple(dict.fromkeys(nic.network or f"? {nic.attached_to}" for nic in one.nics)),
                addresses=tuple(address for nic in one.nics for address in nic.addresses),
                live_migratable=one.live_migratable,
                hindered_by="" if one.live_migratable == "yes" else one.why,
                ip_kept=_least(nic.ip_kept for nic in one.nics),
                mac_kept=_least(nic.mac_kept for nic in one.nics),
                name_kept=_most(nic.name_kept for nic in one.nics),
                file=file,
                line=line,
            )
        )
    counts = {
        "vms": len(rows),
        "nics": sum(row.nics for row in rows),
        "not_live_migratable": sum(row.live_migratable == "no" for row in rows),
        "ip_not_kept": sum(row.ip_kept.restart == "no" for row in rows),
    }
    return Shown(noun="vms", rows=tuple(rows), counts=counts, notes=_notes(cluster))


def nic_rows(cluster: Cluster, locate: Locate, namespaces: Sequence[str], references: Sequence[str]) -> Shown:
    """One row an interface, in the order of the machine's spec."""
    rows = []
    machines = _machines(cluster, namespaces, references)
    for nic in (nic for one in machines for nic in one.nics):
        place = locate(nic.origin)
        rows.append(
            NicRow(
                namespace=nic.origin.namespace,
                ref=nic.machine,
                nic=nic.name,
                network=nic.network,
                attached_to=nic.attached_to,
                binding=nic.binding,
                model=nic.model,
                vlan=nic.vlan,
                mtu_bytes=nic.mtu_bytes,
                mac=nic.mac,
                addresses=nic.addresses,
                ports=nic.ports,
                ip_kept=nic.ip_kept,
                mac_kept=nic.mac_kept,
                name_kept=nic.name_kept,
                file=place.file if place else "",
                line=place.line if place else 0,
            )
        )
    counts = {"nics": len(rows), "vms": len(machines)}
    counts["ip_not_kept"] = sum(row.ip_kept.restart == "no" for row in rows)
    counts["network_unknown"] = sum(not row.network for row in rows)
    return Shown(noun="nics", rows=tuple(rows), counts=counts, notes=_notes(cluster))


def _machines(cluster: Cluster, namespaces: Sequence[str], references: Sequence[str]) -> list[MachineNoun]:
    """The machines of some namespaces and names. Raises UnknownReference for a name that fits none."""
    if not any(d.kind in MACHINES for d in cluster.objects):
        return []
    from netwright.profiles.machines import machines as machines_in

    found = machines_in(cluster.objects, networks_of(cluster.objects), cluster.profile)
    only = narrow(cluster, None, namespaces, (), "vms")
    machines = [one for one in found if only.holds_namespace(one.namespace)]
    for text in references:
        if not any(_is_named(one, text) for one in machines):
            raise UnknownReference(f"no virtual machine `{text}` in the input", help="`show vms` lists what is")
    return [one for one in machines if not references or any(_is_named(one, text) for text in references)]


def _is_named(one: MachineNoun, text: str) -> bool:
    return text in (one.ref, one.ref.partition("/")[2], f"{one.ref.partition('/')[0]}/{one.name}", one.name)


def _least(answers: Iterable[Kept]) -> Kept:
    """The answer of the interface that keeps least."""
    return min(answers, key=_rank, default=NO_NIC)


def _most(answers: Iterable[Kept]) -> Kept:
    return max(answers, key=_rank, default=NO_NIC)


def _rank(one: Kept) -> tuple[int, int]:
    return _WORST.index(one.restart), _WORST.index(one.live_migration)


def _notes(cluster: Cluster) -> tuple[str, ...]:
    if any(d.kind in MACHINES for d in cluster.objects):
        return ()
    return ("the input has no VirtualMachine, VirtualMachineInstance or what makes them",)
