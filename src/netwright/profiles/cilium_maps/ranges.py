"""The labels of address ranges: of those that policies name, of groups of ranges, and of nodes.

After `pkg/ipcache/metadata.go` and `pkg/labels/cidr.go` of Cilium 1.20.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from netwright.base.ipset import BITS, Family
from netwright.dialects.cilium.named_objects import GROUP_NAME
from netwright.profiles.cilium_maps.selectors import Prefix

Label = tuple[str, str, str]
"""Source, key and value."""
Labels = frozenset[Label]

WORLDS: Final = frozenset({"world", "world-ipv4", "world-ipv6"})
NODES: Final = frozenset({"host", "remote-node"})
_OF_RANGES: Final = frozenset({"cidr", "cidrgroup"})


def cidr_key(prefix: Prefix) -> str:
    return f"{prefix.family} {prefix.low} {prefix.length}"


def world_label(family: Family, families: Sequence[Family]) -> Label:
    """What the outside is called: by its family unless the cluster has that family alone."""
    alone = tuple(families) == (family,)
    return ("reserved", "world" if alone else f"world-ipv{family}", "")


class RangeLabels:
    """The labels of address ranges: of those that policies name, of groups of ranges, and of nodes."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._families = families
        self._held: dict[Prefix, dict[str, Label]] = {}
        self._lengths: dict[Family, set[int]] = {4: set(), 6: set()}

    @property
    def prefixes(self) -> Sequence[Prefix]:
        return sorted(self._held)

    def _at(self, prefix: Prefix) -> dict[str, Label]:
        self._lengths[prefix.family].add(prefix.length)
        return self._held.setdefault(prefix, {})

    def name(self, prefix: Prefix) -> None:
        """A policy names the range."""
        held = self._at(prefix)
        held.setdefault("cidr", ("cidr", cidr_key(prefix), ""))
        self._outside(prefix, held)

    def group(self, prefix: Prefix, labels: Mapping[str, str], name: str) -> None:
        """A CiliumCIDRGroup holds the range."""
        held = self._at(prefix)
        for key, value in labels.items():
            held.setdefault(key, ("cidrgroup", key, value))
            encoded = f"{key}+{value}"
            held.setdefault(encoded, ("cidrgroup", encoded, ""))
        held.setdefault(GROUP_NAME + name, ("cidrgroup", GROUP_NAME + name, ""))
        self._outside(prefix, held)

    def node(self, prefix: Prefix, kind: str, with_range: bool) -> None:
        held = self._at(prefix)
        held[kind] = ("reserved", kind, "")
        if with_range:
            held.setdefault("cidr", ("cidr", cidr_key(prefix), ""))

    def _outside(self, prefix: Prefix, held: dict[str, Label]) -> None:
        label = world_label(prefix.family, self._families)
        held.setdefault(label[1], label)

    def merged(self, prefix: Prefix) -> dict[str, Label]:
        """With the labels of all ranges around it; of those that policies name only the nearest."""
        found: dict[str, Label] = {}
        bits = BITS[prefix.family]
        for length in sorted(self._lengths[prefix.family], reverse=True):
            if length > prefix.length:
                continue
            shift = bits - length
            held = self._held.get(Prefix(prefix.family, prefix.low >> shift << shift, length))
            for key, label in (held or {}).items():
                found.setdefault(key, label)
        return found

    def identity(self, prefix: Prefix, nodes_match: bool) -> Labels:
        """The labels of the range's identity. What is a node is not outside, and has no range unless nodes match."""
        labels = set(self.merged(prefix).values())
        names = {key for source, key, _ in labels if source == "reserved"}
        if names & NODES:
            labels = {one for one in labels if one[:2] not in {("reserved", world) for world in WORLDS}}
            if not nodes_match:
                labels = {one for one in labels if one[0] not in _OF_RANGES}
        else:
            labels.add(world_label(prefix.family, self._families))
        return frozenset(labels)
