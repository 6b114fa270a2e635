"""Sets of IP addresses of both families, in canonical form, with an algebra.

Addresses are integers inside; text follows RFC 4632 (IPv4 prefixes) and RFC 4291/5952 (IPv6).
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton  # `socket` itself makes enums of hundreds of constants
from collections.abc import Iterable
from typing import Final, Literal

from netwright.base.intervals import Interval, Intervals, canonical, contains, intersect, size, subtract, union
from netwright.base.numbers import short, whole_number

Family = Literal[4, 6]
BITS: Final = {4: 32, 6: 128}


def parse_address(text: str) -> tuple[Family, int]:
    """The family and integer of an address. Raises ValueError."""
    try:
        if ":" in text:
            return 6, int.from_bytes(inet_pton(AF_INET6, text), "big")
        return 4, int.from_bytes(inet_pton(AF_INET, text), "big")
    except OSError:
        raise ValueError(f"`{text}` is not an IP address") from None


def is_address(text: str) -> bool:
    try:
        parse_address(text)
    except ValueError:
        return False
    return True


def parse_cidr(text: str) -> tuple[Family, Interval]:
    """The family and half-open interval of `ADDRESS/LENGTH`; a bare address is a prefix of its full length. Raises
    ValueError."""
    address, slash, length = text.partition("/")
    family, value = parse_address(address)
    bits = BITS[family]
    written = whole_number(length) if slash else bits
    if written is None or written > bits:
        raise ValueError(f"`{short(text)}` is not a CIDR")
    host_bits = bits - written
    low = value >> host_bits << host_bits
    return family, (low, low + (1 << host_bits))


def exact_ranges(*texts: str) -> tuple[str, ...]:
    """The CIDRs and addresses in texts that have them one by one or with commas between. Raises ValueError for what is
    no CIDR, and for one with bits set beyond its prefix length."""
    found = tuple(cidr.strip() for text in texts for cidr in text.split(",") if cidr.strip())
    for cidr in found:
        family, (low, high) = parse_cidr(cidr)
        address = cidr.partition("/")[0]
        if parse_address(address)[1] != low:
            (whole,) = prefixes(family, ((low, high),))
            meant = f"`{whole}`, or `{address}/{BITS[family]}` for the one address"
            raise ValueError(f"`{cidr}` has bits set beyond its prefix length: write {meant}")
    return found


def pod_ranges(*texts: str) -> tuple[str, ...]:
    """The pods' ranges in texts that have them one by one or with commas between. Raises ValueError as `exact_ranges`
    does, and for a range that no pod has an address of: loopback, multicast, unspecified, IPv4 written as IPv6."""
    found = exact_ranges(*texts)
    for cidr in found:
        if what := no_source(IpSet.of(cidr)):
            raise ValueError(f"`{cidr}` is {what}: no pod has an address of it")
    return found


def no_source(addresses: IpSet) -> str:
    """What addresses are from which no packet comes over a network, all of them ("multicast" …); "" for others."""
    return next((what for what, held in NO_SOURCE.items() if addresses and addresses <= held), "")


def address_text(family: Family, value: int) -> str:
    if family == 4:
        return inet_ntop(AF_INET, value.to_bytes(4, "big"))
    from ipaddress import IPv6Address  # RFC 5952's form; the C library's differs where it sees an embedded IPv4 address

    return str(IPv6Address(value))


def prefixes(family: Family, intervals: Intervals) -> list[str]:
    """The fewest CIDRs that cover exactly these intervals, in order."""
    out = []
    bits = BITS[family]
    for low, high in intervals:
        while low < high:
            width = (low & -low).bit_length() - 1 if low else bits
            while low + (1 << width) > high:
                width -= 1
            out.append(f"{address_text(family, low)}/{bits - width}")
            low += 1 << width
    return out


class IpSet:
    """Addresses of IPv4 and IPv6 as two canonical interval tuples.

    >>> str(IpSet.of("10.0.0.0/8") - IpSet.of("10.128.0.0/9"))
    '10.0.0.0/9'
    """

    __slots__ = ("_hash", "v4", "v6")

    def __init__(self, v4: Iterable[Interval] = (), v6: Iterable[Interval] = ()) -> None:
        self.v4: Intervals = canonical(v4)
        self.v6: Intervals = canonical(v6)
        self._hash = hash((self.v4, self.v6))

    @classmethod
    def _of(cls, v4: Intervals, v6: Intervals) -> IpSet:
        new = cls.__new__(cls)
        new.v4, new.v6 = v4, v6
        new._hash = hash((v4, v6))
        return new

    @classmethod
    def of(cls, *cidrs: str) -> IpSet:
        """The union of CIDRs and addresses written as text. Raises ValueError."""
        by_family: dict[int, list[Interval]] = {4: [], 6: []}
        for cidr in cidrs:
            family, interval = parse_cidr(cidr)
            by_family[family].append(interval)
        return cls(by_family[4], by_family[6])

    def family(self, family: Family) -> Intervals:
        return self.v4 if family == 4 else self.v6

    def __or__(self, other: IpSet) -> IpSet:
        return IpSet._of(union(self.v4, other.v4), union(self.v6, other.v6))

    def __and__(self, other: IpSet) -> IpSet:
        return IpSet._of(intersect(self.v4, other.v4), intersect(self.v6, other.v6))

    def __sub__(self, other: IpSet) -> IpSet:
        return IpSet._of(subtract(self.v4, other.v4), subtract(self.v6, other.v6))

    def __le__(self, other: IpSet) -> bool:
        return not (self - other)

    def __bool__(self) -> bool:
        return bool(self.v4 or self.v6)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IpSet) and self.v4 == other.v4 and self.v6 == other.v6

    def __hash__(self) -> int:
        return self._hash

    def contains(self, family: Family, value: int) -> bool:
        return contains(self.family(family), value)

    def count(self) -> int:
        """How many addresses of both families together (may exceed what `len` can say)."""
        return size(self.v4) + size(self.v6)

    def cidrs(self) -> list[str]:
        return prefixes(4, self.v4) + prefixes(6, self.v6)

    def described(self, most: int = 4) -> str:
        """In few words: the prefixes, or, where they are many, the prefix around them and what it lacks.

        >>> (IpSet.of("0.0.0.0/0") - IpSet.of("10.0.0.0/8", "192.168.0.0/16")).described()
        '0.0.0.0/0 except 10.0.0.0/8, 192.168.0.0/16'
        """
        cidrs = self.cidrs()
        if len(cidrs) <= most:
            return ", ".join(cidrs) or "none"
        around = _around(4, self.v4) | _around(6, self.v6)
        missing = (around - self).cidrs()
        if len(missing) <= most:
            return f"{', '.join(around.cidrs())} except {', '.join(missing)}"
        return ", ".join(cidrs[:most]) + f" and {len(cidrs) - most} more"

    def __str__(self) -> str:
        return ",".join(self.cidrs()) or "none"

    def __repr__(self) -> str:
        return f"IpSet({self})"


def _around(family: Family, intervals: Intervals) -> IpSet:
    """The longest prefix that holds all of the intervals."""
    if not intervals:
        return IpSet()
    low, high = intervals[0][0], intervals[-1][1] - 1
    width = (low ^ high).bit_length()
    low = low >> width << width
    span = [(low, low + (1 << width))]
    return IpSet(span) if family == 4 else IpSet((), span)


EMPTY: Final = IpSet()
EVERYWHERE: Final = IpSet.of("0.0.0.0/0", "::/0")
NOT_UNICAST: Final = IpSet.of("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4") | IpSet.of(
    "::/128", "::1/128", "fe80::/10", "ff00::/8"
)
"""What no pod or node has as its address on a cluster network: this-network, loopback, link-local, multicast, reserved
(RFC 6890, RFC 4291)."""
NO_SOURCE: Final = {
    "loopback": IpSet.of("127.0.0.0/8", "::1/128"),
    "multicast": IpSet.of("224.0.0.0/4", "ff00::/8"),
    "unspecified": IpSet.of("0.0.0.0/8", "::/128"),
    "the broadcast address": IpSet.of("255.255.255.255/32"),
    "IPv4 written as IPv6": IpSet.of("::ffff:0:0/96"),
}
"""What no packet on a network has as its source (RFC 1122 §3.2.1.3, RFC 4291 §2.5 to 2.7)."""
PRIVATE: Final = IpSet.of("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""RFC 1918, RFC 6598, RFC 4193."""
LINK_LOCAL: Final = IpSet.of("169.254.0.0/16", "fe80::/10")
"""RFC 3927, RFC 4291."""
INTERNET: Final = IpSet.of("0.0.0.0/0", "2000::/3") - NOT_UNICAST - PRIVATE
"""Outside the cluster and not private, link-local, loopback or multicast; of IPv6 the global unicast block (RFC 4291
§2.4)."""
