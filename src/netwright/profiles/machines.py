"""The machines of a cluster, with what its network plugin keeps of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netwright.dialects.kubevirt import MACHINES
from netwright.dialects.kubevirt.machines import Written, machines_of, written_machines
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.model.nics import MachineNoun

CARRIES_ADDRESSES: Final = ("ovn-kubernetes",)
"""Profiles whose CNI carries a pod's address along with the live migration of a bridged machine."""


def carries_addresses(profile: str) -> bool:
    """Whether a profile, by its name with options, is of a CNI that does."""
    return profile.partition(":")[0] in CARRIES_ADDRESSES


def machines(objects: Sequence[Decoded], networks: Sequence[NetworkNoun], profile: str) -> tuple[MachineNoun, ...]:
    """All machines of the objects, by namespace and name."""
    if not any(d.kind in MACHINES for d in objects):
        return ()
    return machines_of(objects, networks, sticky=carries_addresses(profile))


def written(objects: Sequence[Decoded], networks: Sequence[NetworkNoun], profile: str) -> tuple[Written, ...]:
    """The same machines as they are written, each with its noun."""
    return written_machines(objects, networks, sticky=carries_addresses(profile))
