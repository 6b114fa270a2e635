"""The identities that a cluster's Cilium has: those of pods, of address ranges, of nodes, and those that are reserved.

After Cilium 1.20.2: `pkg/k8s/labels.go` and `pkg/k8s/utils` (the labels of a pod), `pkg/endpoint/metadata` (the names
of its ports are labels too), `pkg/labelsfilter` (which labels count), `pkg/ipcache/metadata.go` (ranges that policies
and groups name), `pkg/identity` (which of them have one identity).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final

from netwright.base.ipset import Family
from netwright.profiles.cilium_maps.mapstate import CLUSTER, CLUSTER_MESH, REMOTE_NODES, UNKNOWN, WORLD
from netwright.profiles.cilium_maps.ranges import NODES, WORLDS, Label, Labels, world_label
from netwright.profiles.cilium_maps.selectors import Need, Prefix, Selector

STAND_INS: Final = {
    "aggregate-remote-node": REMOTE_NODES,
    "aggregate-world": WORLD,
    "aggregate-cluster": CLUSTER,
    "aggregate-cluster-mesh": CLUSTER_MESH,
}
RESERVED: Final = (
    ("host",),
    ("world",),
    ("world-ipv4",),
    ("world-ipv6",),
    ("unmanaged",),
    ("health",),
    ("init",),
    ("remote-node",),
    ("kube-apiserver", "remote-node"),
    ("ingress",),
    *((name,) for name in STAND_INS),
)
"""By their labels of source `reserved`; every Cilium has all of them."""


class Identities:
    """All identities, each a bit of whole numbers; `select` gives those of a selector."""

    def __init__(self, families: Sequence[Family], match_modes: frozenset[str]) -> None:
        self._families = families
        self._modes = match_modes
        self.labels: list[Labels] = []
        self.numbers: dict[Labels, int] = {}
        self.groups: list[int] = []
        self.unsure: dict[str, int] = {}
        """Identities of which there may be more or others, by the reason."""
        self.ports: dict[int, Mapping[str, tuple[int, int]]] = {}
        """The named ports of an identity's pods: protocol and number."""
        self.unread = 0
        """Identities of pods whose namespace's labels are not in the input."""
        self.host = 0
        self._selected: dict[Selector, int] = {}
        self._index: dict[tuple[str, str], dict[str, int]] | None = None
        self._by_name: dict[tuple[str, int], dict[int, int]] | None = None
        for names in RESERVED:
            self.add(frozenset(("reserved", name, "") for name in names))

    def add(self, labels: Labels) -> int:
        """The number of the identity with these labels."""
        number = self.numbers.get(labels)
        if number is None:
            number = self.numbers[labels] = len(self.labels)
            self.labels.append(labels)
            self.groups.append(_group(labels))
        return number

    def replace_host(self, labels: Labels) -> None:
        """The own node's identity keeps its number, whatever its labels."""
        old = self.labels[self.host]
        del self.numbers[old]
        self.labels[self.host] = labels
        self.numbers[labels] = self.host

    @property
    def everything(self) -> int:
        return (1 << len(self.labels)) - 1

    @cached_property
    def stand_in(self) -> dict[int, int]:
        """The number of the identity that an aggregate itself has."""
        return {group: self.numbers[frozenset({("reserved", name, "")})] for name, group in STAND_INS.items()}

    @cached_property
    def stand_ins(self) -> int:
        return bits_of(list(self.stand_in.values()), len(self.labels))

    @cached_property
    def of_group(self) -> tuple[int, ...]:
        """The identities of each aggregate."""
        held: dict[int, list[int]] = {}
        for number, group in enumerate(self.groups):
            held.setdefault(group, []).append(number)
        return tuple(bits_of(numbers, len(self.labels)) for numbers in held.values())

    def named_ports(self, name: str, protocol: int) -> Mapping[int, int]:
        """The identities whose pods have a port of the name, by its number."""
        if self._by_name is None:
            held: dict[tuple[str, int], dict[int, list[int]]] = {}
            for number, ports in self.ports.items():
                for called, (of, port) in ports.items():
                    held.setdefault((called, of), {}).setdefault(port, []).append(number)
            count = len(self.labels)
            self._by_name = {
                key: {port: bits_of(numbers, count) for port, numbers in by_port.items()}
                for key, by_port in held.items()
            }
        return self._by_name.get((name, protocol), {})

    # --- selecting --------------------

    def select(self, selector: Selector) -> int:
        """The identities that it selects. All identities are to be there before the first call."""
        found = self._selected.get(selector)
        if found is None:
            found = self._selected[selector] = self._select(selector)
        return found

    def _select(self, selector: Selector) -> int:
        self._indexed()
        if selector.kind == "labels":
            found = self.everything
            for need in selector.needs:
                found &= self._meets(need)
            return found
        if selector.kind == "open":
            return 0
        found = self._ends
        if selector.kind == "groups":
            for need in selector.needs:
                found &= self._in_group(need)
            for prefix in selector.outside:
                found &= ~self._in_range(prefix)
            return found
        for need in selector.needs:
            found &= self._meets(need)
        if selector.inside is not None:
            found &= self._in_range(selector.inside) | self._wildcard(selector.inside)
        for prefix in selector.outside:
            found &= ~self._in_range(prefix) | self._wildcard(prefix)
        return found

    def _in_group(self, need: Need) -> int:
        if need.values is None:
            return self._meets(need)
        having = 0
        for value in need.values:
            having |= self._meets(Need(need.source, f"{need.key}+{value}", None, True))
        return having if need.wanted else ~having

    def _meets(self, need: Need) -> int:
        assert self._index is not None
        held = self._index.get((need.source, need.key), {})
        having = 0
        for value in held if need.values is None else dict.fromkeys(need.values):
            having |= held.get(value, 0)
        return having if need.wanted else ~having

    def _in_range(self, prefix: Prefix) -> int:
        """Who has the label of a range in this one; everything is the label of the outside."""
        if not prefix.length:
            return self._meets(Need(*world_label(prefix.family, self._families)[:2], None, True))
        low = bisect_left(self._ranges, prefix)
        found = 0
        for i in range(low, len(self._ranges)):
            one = self._ranges[i]
            if one.family != prefix.family or one.low >= prefix.high:
                break
            if one.length >= prefix.length:
                found |= self._of_range[one]
        return found

    def _wildcard(self, prefix: Prefix) -> int:
        """Where ranges match pods, everything means all that have any range of the family."""
        if prefix.length or "pods" not in self._modes:
            return 0
        alone = tuple(self._families) == (prefix.family,)
        families = (prefix.family,) if not alone else (4, 6)
        found = 0
        for one, having in self._of_range.items():
            if one.family in families and one.family in self._families:
                found |= having
        return found

    def _indexed(self) -> None:
        if self._index is not None:
            return
        index: dict[tuple[str, str], dict[str, int]] = {}
        held: dict[Label, list[int]] = {}
        for number, labels in enumerate(self.labels):
            for label in labels:
                held.setdefault(label, []).append(number)
        self._of_range: dict[Prefix, int] = {}
        for (source, key, value), numbers in held.items():
            having = bits_of(numbers, len(self.labels))
            for which in (source, "any"):
                by_value = index.setdefault((which, key), {})
                by_value[value] = by_value.get(value, 0) | having
            if source == "cidr":
                family, low, length = map(int, key.split())
                self._of_range[Prefix(family, low, length)] = having  # type: ignore[arg-type]
        self._ranges = sorted(self._of_range)
        self._index = index
        outside = nodes = 0
        for name in WORLDS:
            outside |= self._meets(Need("any", name, None, True))
        for name in NODES:
            nodes |= self._meets(Need("any", name, None, True))
        self._ends = outside
        if "nodes" in self._modes:
            self._ends |= nodes
        if "pods" in self._modes:
            self._ends |= self.everything & ~outside & ~nodes


def _group(labels: Labels) -> int:
    """Which aggregate stands for an identity."""
    sources = {source for source, _, _ in labels}
    if sources <= {"reserved"}:
        names = {key for _, key, _ in labels}
        return next((STAND_INS[name] for name in names if name in STAND_INS), UNKNOWN)
    if ("reserved", "host", "") in labels:
        return UNKNOWN
    if ("reserved", "remote-node", "") in labels:
        return REMOTE_NODES
    return WORLD if sources <= {"reserved", "cidr", "cidrgroup", "fqdn"} else CLUSTER


def bits_of(numbers: Sequence[int], count: int) -> int:
    """A whole number with these bits."""
    if len(numbers) < 32:
        found = 0
        for number in numbers:
            found |= 1 << number
        return found
    held = bytearray(count // 8 + 1)
    for number in numbers:
        held[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(held, "little")


def numbers_of(bits: int) -> Iterable[int]:
    """The bits of a whole number, the lowest first."""
    for place, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        while byte:
            low = byte & -byte
            yield place * 8 + low.bit_length() - 1
            byte ^= low
