"""Virtual machines and their network interfaces, with what of them is kept when they start again or move to another
node."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.spans import Origin

Answer = Literal["yes", "no", "unknown"]


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Whether something of an interface is the same after a restart and after a live migration, and why, in words.

    `live_migration` says what would be if it took place; whether it can, the machine says.
    """

    restart: Answer
    live_migration: Answer
    why: str

    @property
    def brief(self) -> str:
        """As few words as a column has: one, or both with a stroke between where they differ.

        >>> Kept(restart="no", live_migration="yes", why="").brief
        'no/yes'
        """
        same = self.restart == self.live_migration
        return self.restart if same else f"{self.restart}/{self.live_migration}"


class NicNoun(msgspec.Struct, frozen=True, kw_only=True):
    """An interface of a machine. `network` is the reference of what it is attached to, "" where that is not in the
    input; `binding` is KubeVirt's word (`masquerade`, `bridge`, `sriov`, a plugin's name …). `addresses` are those that
    the input tells, of the pod's or the guest's. `vlan` 0 is none, None not known; so is `mtu_bytes`."""

    machine: str
    name: str
    network: str
    attached_to: str
    binding: str
    model: str
    mac: str
    addresses: tuple[str, ...]
    vlan: int | None
    mtu_bytes: int | None
    ports: tuple[str, ...]
    ip_kept: Kept
    mac_kept: Kept
    name_kept: Kept
    origin: Origin


class MachineNoun(msgspec.Struct, frozen=True, kw_only=True):
    """A virtual machine. `state` is what the input says of its running (`Running`, `Stopped`, the run strategy), `node`
    "" where it is not known. `live_migratable` is about its network and devices: disks are not looked at."""

    ref: str
    namespace: str
    name: str
    kind: str
    state: str
    node: str
    nics: tuple[NicNoun, ...]
    live_migratable: Answer
    why: str
    origin: Origin
