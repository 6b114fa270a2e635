"""Protocols, ports and ICMP of Calico's rules as services.

After `api/pkg/lib/numorstring` (names and numbers of protocols, forms of ports) and `felix/rules/policy.go` of Calico
3.32. A protocol's name is read in any case of letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from netwright.base.services import ALL, ICMP, ICMPV6, NONE, SCTP, TCP, UDP, ServiceSet
from netwright.dialects.calico.objects import ICMPFields, Rule
from netwright.model.rule import NamedPort

UDPLITE: Final = 136
_PROTOCOLS: Final = {"tcp": TCP, "udp": UDP, "icmp": ICMP, "icmpv6": ICMPV6, "sctp": SCTP, "udplite": UDPLITE}
WITH_PORTS: Final = (TCP, UDP, SCTP)
_RANGE: Final = re.compile(r"([0-9]+)(?::([0-9]+))?", re.ASCII)


class Ports(NamedTuple):
    """A list of ports: their numbers as inclusive ranges, and their names."""

    ranges: tuple[tuple[int, int], ...]
    names: tuple[str, ...]

    def of(self, protocol: int) -> ServiceSet:
        """The numbers, of a protocol."""
        found = NONE
        for low, high in self.ranges:
            found |= ServiceSet.ports(protocol, low, high)
        return found


def protocol_number(written: int | str | None) -> int | None:
    """The number of a protocol; None where nothing is written, or no protocol.

    >>> protocol_number("TCP"), protocol_number(17), protocol_number("132")
    (6, 17, 132)
    """
    if written is None or isinstance(written, int):
        return written
    known = _PROTOCOLS.get(written.lower())
    if known is None and written.isascii() and written.isdigit() and len(written) < 4:
        return int(written)
    return known


def read_ports(written: Sequence[int | str] | None) -> Ports | None:
    """The ports of a list; None where it has none.

    >>> read_ports((80, "90:92", "http"))
    Ports(ranges=((80, 80), (90, 92)), names=('http',))
    """
    if not written:
        return None
    ranges: list[tuple[int, int]] = []
    names: list[str] = []
    for one in written:
        if isinstance(one, int):
            ranges.append((one, one))
        elif (found := _RANGE.fullmatch(one)) is not None:
            ranges.append((int(found[1]), int(found[2] or found[1])))
        else:
            names.append(one)
    return Ports(tuple(ranges), tuple(names))


def protocols(rule: Rule) -> ServiceSet:
    """What a rule says of protocols and of ICMP, ports left aside."""
    wanted, excluded = protocol_number(rule.protocol), protocol_number(rule.not_protocol)
    found = ALL if wanted is None else ServiceSet.ports(wanted)
    if excluded is not None:
        found -= ServiceSet.ports(excluded)
    if rule.icmp is not None:
        held = _icmp(rule.icmp)
        found &= held if held else found
    if rule.not_icmp is not None:
        found -= _icmp(rule.not_icmp)
    return found


def _icmp(fields: ICMPFields) -> ServiceSet:
    """Packets of both ICMPs with a type and a code; none where no type is written, which asks nothing."""
    if fields.type is None:
        return NONE
    low, high = fields.type << 8, fields.type << 8 | 0xFF
    if fields.code is not None:
        low = high = low | fields.code
    return ServiceSet.ports(ICMP, low, high) | ServiceSet.ports(ICMPV6, low, high)


def named_protocols(rule: Rule) -> tuple[int, ...]:
    """The protocols that the names in a rule are of: its own, and without one whichever a container gives them."""
    number = protocol_number(rule.protocol)
    return WITH_PORTS if number is None else (number,)


def named_ports(rule: Rule, names: Iterable[str]) -> tuple[NamedPort, ...]:
    """The ports of these names that a rule means."""
    found = {NamedPort(protocol, name) for name in names for protocol in named_protocols(rule)}
    return tuple(sorted(found, key=lambda port: (port.name, port.protocol)))


def covers_all(ports: Ports) -> bool:
    """Whether the numbers are all that a packet can have."""
    return ServiceSet.ports(TCP, 1, 0xFFFF) <= ports.of(TCP)
