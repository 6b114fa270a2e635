"""Addresses and blocks as text, and the named sets."""

from __future__ import annotations

import pytest

from netwright.base.ipset import EMPTY, INTERNET, NOT_UNICAST, PRIVATE, IpSet, parse_address, parse_cidr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0",
        "10.0.0.256",
        "10.0.0.1/8/8",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "::/129",
        "1::2::3",
        "a.b.c.d",
        "10.0.0.0/ 8",
        "10.0.0.0/٨",
    ],
)
def test_what_is_no_block_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a"):
        parse_cidr(text)


def test_host_bits_are_dropped() -> None:
    assert parse_cidr("10.1.2.3/8") == parse_cidr("10.0.0.0/8")
    assert parse_cidr("2001:db8::1/64") == parse_cidr("2001:db8::/64")


def test_a_bare_address_is_a_block_of_one() -> None:
    assert IpSet.of("10.0.0.1") == IpSet.of("10.0.0.1/32")
    assert IpSet.of("::1").count() == 1


def test_families_are_kept_apart() -> None:
    both = IpSet.of("0.0.0.0/0", "::/0")
    assert both & IpSet.of("::/0") == IpSet.of("::/0")
    assert both - IpSet.of("0.0.0.0/0") == IpSet.of("::/0")
    assert not IpSet.of("0.0.0.0/0").contains(6, 5)


def test_except_leaves_the_rest_as_the_fewest_blocks() -> None:
    left = IpSet.of("10.0.0.0/29") - IpSet.of("10.0.0.2/32")
    assert left.cidrs() == ["10.0.0.0/31", "10.0.0.3/32", "10.0.0.4/30"]
    assert str(EMPTY) == "none"


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("8.8.8.8", INTERNET), ("2a00:1450::1", INTERNET), ("10.0.0.1", PRIVATE), ("172.31.255.255", PRIVATE),
        ("192.168.1.1", PRIVATE), ("100.64.0.1", PRIVATE), ("fd00::1", PRIVATE), ("127.0.0.1", NOT_UNICAST),
        ("169.254.169.254", NOT_UNICAST), ("224.0.0.1", NOT_UNICAST), ("255.255.255.255", NOT_UNICAST),
        ("::1", NOT_UNICAST), ("fe80::1", NOT_UNICAST), ("ff02::1", NOT_UNICAST), ("0.0.0.0", NOT_UNICAST),
    ],
)  # fmt: skip
def test_every_address_is_at_home_once(address: str, home: IpSet) -> None:
    family, value = parse_address(address)
    assert [s for s in (INTERNET, PRIVATE, NOT_UNICAST) if s.contains(family, value)] == [home]


def test_172_32_is_not_private() -> None:
    assert INTERNET.contains(*parse_address("172.32.0.0"))
    assert INTERNET.contains(*parse_address("100.128.0.0"))
