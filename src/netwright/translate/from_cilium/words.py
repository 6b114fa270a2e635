"""What was said of an entry in Cilium's words again, so that one of both can stand in the output."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from netwright.base.ipset import EMPTY, IpSet
from netwright.base.services import ALL
from netwright.dialects.cilium.objects import CIDRRule, IngressDenyRule, PortProtocol, PortRule
from netwright.dialects.cilium.services import Entry
from netwright.model.rule import Service
from netwright.translate.from_cilium.selectors import Pods, as_cilium

WORLD: Final = ("0.0.0.0/0", "::/0")
WORLDS: Final = {"world": WORLD, "world-ipv4": WORLD[:1], "world-ipv6": WORLD[1:]}
LISTS: Final = ("endpoints", "nodes", "entities", "cidr", "cidr_set", "groups", "services", "fqdns")
"""The fields of an entry that name peers, less `from_` or `to_`."""


class Block(NamedTuple):
    """A range of addresses without some within it."""

    cidr: str
    excepted: tuple[str, ...] = ()

    @property
    def addresses(self) -> IpSet:
        return IpSet.of(self.cidr) - IpSet.of(*self.excepted)


class Said(NamedTuple):
    """What a fragment says: whom (`anyone` is everybody, nodes too), and the services."""

    anyone: bool
    pods: tuple[Pods, ...]
    blocks: tuple[Block, ...]
    service: Service


def in_cilium(
    entry: Entry, anyone: bool, whom: Sequence[Pods], ranges: Sequence[Block], *, in_namespace: bool
) -> tuple[Entry, ...]:
    """Peers in Cilium's words, in the place of those of an entry: one entry a kind of peer."""
    word = "from_" if hasattr(entry, "from_endpoints") else "to_"
    found: list[dict[str, Any]] = []
    if anyone:
        found.append({"entities": ("all",)})
    if whom:
        found.append({"endpoints": tuple(as_cilium(one, in_namespace) for one in whom)})
    if ranges:
        found.append({"cidr_set": tuple(CIDRRule(cidr=b.cidr, except_=b.excepted or None) for b in ranges)})
    empty = {word + name: None for name in LISTS if hasattr(entry, word + name)}
    return tuple(replace(entry, **(empty | {word + name: held for name, held in one.items()})) for one in found)


def as_entries(entry: Entry, said: Said, *, in_namespace: bool) -> tuple[Entry, ...]:
    """What is said in Cilium's words, as far as these are ports by number."""
    found = in_cilium(entry, said.anyone, said.pods, said.blocks, in_namespace=in_namespace)
    if said.service.fixed == ALL:
        return tuple(replace(one, to_ports=None) for one in found)
    ports = tuple(
        PortProtocol(port=str(low), end_port=high if high > low > 0 else None, protocol=name)
        for name, low, high in said.service.fixed.ranges()
    )
    return tuple(replace(one, to_ports=(PortRule(ports=ports),)) for one in found)


def outside_of(entry: Entry) -> IpSet:
    """The addresses outside that an entry names by ranges or entities."""
    if not isinstance(entry, IngressDenyRule):
        return EMPTY
    named = {text for one in entry.from_entities or () for text in WORLDS.get(one, WORLD if one == "all" else ())}
    found = IpSet.of(*named, *(entry.from_cidr or ()))
    for rule in entry.from_cidr_set or ():
        if rule.cidr is not None:
            found |= IpSet.of(rule.cidr) - IpSet.of(*(rule.except_ or ()))
    return found


def blocks(found: IpSet) -> Iterator[Block]:
    """Addresses as blocks, as few as prefixes with exceptions or without give."""
    for family, text in ((4, WORLD[0]), (6, WORLD[1])):
        held = IpSet(found.v4) if family == 4 else IpSet((), found.v6)
        if not held:
            continue
        plain = held.cidrs()
        missing = (IpSet.of(text) - held).cidrs()
        if len(missing) + 1 < len(plain):
            yield Block(text, tuple(missing))
        else:
            yield from (Block(one) for one in plain)
