"""Sets of services: which protocols and which destination ports (or ICMP types and codes).

One integer key a service: `protocol << 16 | port`, with `type << 8 | code` in the port's place for ICMP (RFC 792) and
ICMPv6 (RFC 4443). Protocols are IANA numbers. "Everything" is one interval.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from netwright.base.errors import UsageError
from netwright.base.intervals import Interval, Intervals, canonical, contains, intersect, size, subtract, union
from netwright.base.numbers import short, whole_number

TCP: Final = 6
UDP: Final = 17
SCTP: Final = 132
ICMP: Final = 1
ICMPV6: Final = 58
PROTOCOLS: Final[dict[str, int]] = {"TCP": TCP, "UDP": UDP, "SCTP": SCTP, "ICMP": ICMP, "ICMPv6": ICMPV6}
_NAMES: Final = {number: name for name, number in PROTOCOLS.items()}
_KEYS: Final = 1 << 24


def protocol_name(protocol: int) -> str:
    return _NAMES.get(protocol, f"protocol {protocol}")


def protocol_number(name: str) -> int:
    """The IANA number of a protocol given by name or number. Raises UsageError."""
    for known, number in PROTOCOLS.items():
        # Beyond ASCII, other letters become these when they are made capital: U+017F becomes S.
        if name.isascii() and name.upper() == known.upper():
            return number
    written = whole_number(name)
    if written is not None and written < 256:
        return written
    raise UsageError(f"`{short(name)}` is not a protocol", help="TCP, UDP, SCTP, ICMP or a protocol number")


class ServiceSet(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A set of services with an algebra (`|`, `&`, `-`, `<=`), hashable. `intervals` are canonical; `of` makes them so.

    >>> str(ServiceSet.ports(TCP, 80) | ServiceSet.ports(TCP, 8000, 8100))
    'TCP 80,8000-8100'
    """

    intervals: Intervals = ()

    @classmethod
    def of(cls, intervals: Iterable[Interval]) -> ServiceSet:
        """The services of these intervals, in any order and overlapping."""
        return cls(canonical(intervals))

    @classmethod
    def ports(cls, protocol: int, low: int | None = None, high: int | None = None) -> ServiceSet:
        """Ports `low` to `high`, both included; one port where only `low` is given, all where neither is."""
        if low is None:
            low, high = 0, 0xFFFF
        elif high is None:
            high = low
        return cls(((protocol << 16 | low, (protocol << 16 | high) + 1),))

    def __or__(self, other: ServiceSet) -> ServiceSet:
        return ServiceSet(union(self.intervals, other.intervals))

    def __and__(self, other: ServiceSet) -> ServiceSet:
        held = intersect(self.intervals, other.intervals)
        return self if held is self.intervals else ServiceSet(held)

    def __sub__(self, other: ServiceSet) -> ServiceSet:
        return ServiceSet(subtract(self.intervals, other.intervals))

    def __le__(self, other: ServiceSet) -> bool:
        return not subtract(self.intervals, other.intervals)

    def __bool__(self) -> bool:
        return bool(self.intervals)

    def __contains__(self, key: int) -> bool:
        return contains(self.intervals, key)

    def __len__(self) -> int:
        return size(self.intervals)

    def ranges(self) -> list[tuple[str, int, int]]:
        """Intervals cut at protocols: (protocol name, first port, last port). A whole protocol is (name, 0, 65535);
        whole protocols without a name of their own are joined into runs, ("protocol 2-5", 0, 65535)."""
        out: list[tuple[str, int, int]] = []
        run: list[int] = []

        def close() -> None:
            if run:
                out.append((f"protocol {run[0]}" if len(run) == 1 else f"protocol {run[0]}-{run[-1]}", 0, 0xFFFF))
                run.clear()

        for low, high in self.intervals:
            while low < high:
                protocol = low >> 16
                end = min(high, (protocol + 1) << 16)
                if end - low == 1 << 16 and protocol not in _NAMES:
                    if run and run[-1] != protocol - 1:
                        close()
                    run.append(protocol)
                else:
                    close()
                    out.append((protocol_name(protocol), low & 0xFFFF, (end - 1) & 0xFFFF))
                low = end
            if run and high >> 16 != run[-1] + 1:
                close()
        close()
        return out

    def __str__(self) -> str:
        return _text(self)

    def __repr__(self) -> str:
        return f"ServiceSet({self})"


def _text(services: ServiceSet) -> str:
    if services == ALL:
        return "all"
    if not services:
        return "none"
    by_protocol: dict[str, list[str]] = {}
    others = False
    for name, low, high in services.ranges():
        if name.startswith("protocol ") and (low, high) == (0, 0xFFFF):
            others = True
            continue
        if (low, high) == (0, 0xFFFF):
            by_protocol.setdefault(name, [])
        elif name.startswith("ICMP"):
            by_protocol.setdefault(name, []).append(_icmp_text(low, high))
        else:
            by_protocol.setdefault(name, []).append(str(low) if low == high else f"{low}-{high}")
    order = ["TCP", "UDP", "SCTP", "ICMP", "ICMPv6"]
    parts = []
    for name in sorted(by_protocol, key=lambda n: (order.index(n) if n in order else 9, n)):
        parts.append(f"{name} {','.join(by_protocol[name])}" if by_protocol[name] else name)
    if others:
        parts.append("other protocols")
    return "; ".join(parts)


def _icmp_text(low: int, high: int) -> str:
    if low == high:
        return f"type {low >> 8} code {low & 0xFF}"
    if (low >> 8) == (high >> 8) and low & 0xFF == 0 and high & 0xFF == 0xFF:
        return f"type {low >> 8}"
    return f"type {low >> 8} code {low & 0xFF} to type {high >> 8} code {high & 0xFF}"


NONE: Final = ServiceSet()
ALL: Final = ServiceSet(((0, _KEYS),))
TRANSPORT: Final = ServiceSet.ports(TCP) | ServiceSet.ports(UDP) | ServiceSet.ports(SCTP)
"""TCP, UDP and SCTP: the protocols that NetworkPolicy speaks of."""
BEYOND_TRANSPORT: Final = ALL - TRANSPORT


def check_port(text: str) -> None:
    """Raise UsageError for digits that are no port; names of ports pass."""
    if text.isascii() and text.isdigit():
        number = whole_number(text)
        if number is None or number > 0xFFFF:
            raise UsageError(f"`{short(text)}` is not a port", help="ports go from 0 to 65535")


def check_ports(text: str) -> None:
    """Raise UsageError for what is neither as `services_of` takes it nor the name of a port, `http` or `UDP/dns`."""
    protocol, slash, port = text.partition("/")
    port = port if slash else text
    is_name = any(c.isalpha() for c in port) and all(c.isascii() and (c.isalnum() or c == "-") for c in port)
    if is_name and (not slash or (protocol.isascii() and protocol.upper() in PROTOCOLS)):
        return
    services_of(text)


def service_key(protocol: int, port: int) -> int:
    return protocol << 16 | port


def services_of(text: str) -> ServiceSet:
    """`80`, `8000-8100`, `UDP/53`, `TCP`: a set of services. Raises UsageError."""
    protocol, slash, ports = text.partition("/")
    if not slash:
        protocol, ports = ("TCP", text) if text[:1].isdigit() else (text, "")
    number = PROTOCOLS.get(protocol.upper()) if protocol.isascii() else None
    first, dash, last = ports.partition("-")
    low, high = whole_number(first), whole_number(last or first)
    if (
        number is None
        or any(port is None or port > 0xFFFF for port, written in ((low, first), (high, last)) if written)
        or (slash and not ports)
        or (ports and not first)
        or (dash and not last)
    ):
        raise UsageError(f"`{short(text)}` is not a port", help="write `80`, `8000-8100`, `UDP/53` or `TCP`")
    if low is None or high is None:
        return ServiceSet.ports(number)
    if low > high:
        raise UsageError(f"`{text}` ends before it begins", help=f"write `{last}-{first}`")
    return ServiceSet.ports(number, low, high)
