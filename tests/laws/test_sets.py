"""The algebra of intervals, address sets and service sets, against frozensets over small universes."""

from __future__ import annotations

import ipaddress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base import intervals
from netwright.base.intervals import Intervals
from netwright.base.ipset import EMPTY, IpSet, address_text, parse_address, parse_cidr, prefixes
from netwright.base.services import ALL, NONE, PROTOCOLS, ServiceSet, protocol_name

pytestmark = pytest.mark.laws
END = 24
RAW = st.lists(st.tuples(st.integers(0, END), st.integers(0, END)), max_size=5)
V4 = st.integers(0, 2**32 - 1)
V6 = st.integers(0, 2**128 - 1)


def members(found: Intervals) -> frozenset[int]:
    return frozenset(i for low, high in found for i in range(low, high))


def is_canonical(found: Intervals) -> bool:
    return all(low < high for low, high in found) and all(a[1] < b[0] for a, b in pairwise(found))


@settings(max_examples=300)
@given(RAW, RAW)
def test_intervals_are_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    a, b = intervals.canonical(one), intervals.canonical(other)
    sets = members(a), members(b)
    assert sets[0] == frozenset(i for low, high in one for i in range(low, high))
    for found, wanted in (
        (a, sets[0]),
        (intervals.union(a, b), sets[0] | sets[1]),
        (intervals.intersect(a, b), sets[0] & sets[1]),
        (intervals.subtract(a, b), sets[0] - sets[1]),
    ):
        assert is_canonical(found)
        assert members(found) == wanted
    assert intervals.size(a) == len(sets[0])
    assert [i for i in range(END + 1) if intervals.contains(a, i)] == sorted(sets[0])


# --- addresses --------------------------------------------------------------------------------------------------------


@st.composite
def cidrs(draw: st.DrawFn) -> str:
    """Blocks that crowd together, of both families."""
    if draw(st.booleans()):
        return f"10.0.0.{draw(st.integers(0, 15))}/{draw(st.integers(27, 32))}"
    return f"fd00::{draw(st.integers(0, 15)):x}/{draw(st.integers(123, 128))}"


def near(found: IpSet) -> frozenset[str]:
    base4, base6 = int(ipaddress.ip_address("10.0.0.0")), int(ipaddress.ip_address("fd00::"))
    out = [address_text(4, base4 + i) for i in range(40) if found.contains(4, base4 + i)]
    return frozenset(out + [address_text(6, base6 + i) for i in range(40) if found.contains(6, base6 + i)])


@settings(max_examples=200)
@given(st.lists(cidrs(), max_size=4), st.lists(cidrs(), max_size=4))
def test_address_sets_are_sets(one: list[str], other: list[str]) -> None:
    a, b = IpSet.of(*one), IpSet.of(*other)
    written = frozenset(str(x) for text in one for x in ipaddress.ip_network(text, strict=False))
    assert near(a) == written
    assert near(a | b) == near(a) | near(b)
    assert near(a & b) == near(a) & near(b)
    assert near(a - b) == near(a) - near(b)
    assert (a <= b) == (near(a) <= near(b))
    assert (a == b) == (near(a) == near(b))
    assert a != b or hash(a) == hash(b)
    assert bool(a) == bool(near(a))
    assert a.count() == len(near(a))
    assert a | b == b | a
    assert (a | b) - b == a - b
    assert (a - b) | (a & b) == a
    assert a - a == EMPTY


@settings(max_examples=200)
@given(st.lists(cidrs(), max_size=4))
def test_address_sets_are_written_and_read_back(one: list[str]) -> None:
    a = IpSet.of(*one)
    texts = a.cidrs()
    assert IpSet.of(*texts) == a
    collapsed = [
        str(n)
        for version in (4, 6)
        for n in ipaddress.collapse_addresses(
            [ipaddress.ip_network(t, strict=False) for t in one if (":" in t) == (version == 6)]
        )  # type: ignore[type-var]
    ]
    assert texts == collapsed  # the fewest, in order


@given(V4, st.integers(0, 32), V6, st.integers(0, 128))
def test_addresses_and_blocks_read_as_the_library_reads_them(a: int, length4: int, b: int, length6: int) -> None:
    for value, length, version in ((a, length4, 4), (b, length6, 6)):
        text = str(ipaddress.ip_address(value) if version == 4 else ipaddress.IPv6Address(value))
        assert parse_address(text) == (version, value)
        assert parse_address(address_text(4 if version == 4 else 6, value)) == (version, value)
        network = ipaddress.ip_network(f"{text}/{length}", strict=False)
        span = int(network.network_address), int(network.broadcast_address) + 1
        assert parse_cidr(f"{text}/{length}") == (version, span)
        written = prefixes(4 if version == 4 else 6, (span,))
        assert [ipaddress.ip_network(one) for one in written] == [network]


# --- services ---------------------------------------------------------------------------------------------------------

NUMBERS = (1, 6, 17, 47, 48, 49, 58, 132)
PORTS = (0, 1, 2, 79, 80, 81, 255, 256, 65534, 65535)
KEYS = [p << 16 | n for p in (0, *NUMBERS, 255) for n in PORTS]


@st.composite
def services(draw: st.DrawFn) -> ServiceSet:
    out = NONE
    for _ in range(draw(st.integers(0, 4))):
        protocol = draw(st.sampled_from(NUMBERS))
        low, high = sorted((draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))))
        one = ServiceSet.ports(protocol) if draw(st.integers(0, 3)) == 0 else ServiceSet.ports(protocol, low, high)
        out = ALL - one if draw(st.integers(0, 9)) == 0 else out | one
    return out


def sampled(found: ServiceSet) -> frozenset[int]:
    return frozenset(key for key in KEYS if key in found)


@settings(max_examples=300)
@given(services(), services())
def test_service_sets_are_sets(a: ServiceSet, b: ServiceSet) -> None:
    assert sampled(a | b) == sampled(a) | sampled(b)
    assert sampled(a & b) == sampled(a) & sampled(b)
    assert sampled(a - b) == sampled(a) - sampled(b)
    assert (a <= b) == (a - b == NONE)
    assert len(a | b) == len(a) + len(b) - len(a & b)
    assert (a - b) | (a & b) == a
    assert (ALL - a) | a == ALL
    assert not (ALL - a) & a
    assert bool(a) == (len(a) > 0)
    assert (a == b) == (not (a - b) and not (b - a))
    assert a != b or hash(a) == hash(b)
    for found in (a, a | b, a & b, a - b, ALL - a):
        assert is_canonical(found.intervals)


@settings(max_examples=300)
@given(services())
def test_ranges_say_the_same_set(a: ServiceSet) -> None:
    """`ranges` is what JSON carries: a reader that follows its documentation gets the set back."""
    out = NONE
    for name, low, high in a.ranges():
        if name in PROTOCOLS:
            out |= ServiceSet.ports(PROTOCOLS[name], low, high)
            continue
        first, _, last = name.removeprefix("protocol ").partition("-")
        assert last == "" or (low, high) == (0, 65535)
        for protocol in range(int(first), int(last or first) + 1):
            assert protocol not in PROTOCOLS.values()
            out |= ServiceSet.ports(protocol, low, high)
    assert out == a


@settings(max_examples=300)
@given(services(), services())
def test_the_text_of_named_protocols_tells_sets_apart(a: ServiceSet, b: ServiceSet) -> None:
    named = NONE
    for number in PROTOCOLS.values():
        named |= ServiceSet.ports(number)
    assert (str(a & named) == str(b & named)) == (a & named == b & named)


@given(st.integers(0, 255))
def test_every_protocol_has_one_name(number: int) -> None:
    name = protocol_name(number)
    assert (name in PROTOCOLS) == (number in PROTOCOLS.values())
    assert PROTOCOLS.get(name, number) == number
