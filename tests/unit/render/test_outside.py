"""Names of outside addresses: as short as they go, and meaning the same addresses when they are read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.base.ipset import PRIVATE, IpSet
from netwright.render.outside import shortest

V4 = IpSet(PRIVATE.v4)


def read_back(name: str) -> IpSet:
    whole, _, cut = name.removeprefix("cidr/").partition(" except ")
    return IpSet.of(*whole.split(",")) - IpSet.of(*(cut.split(",") if cut else ()))


@pytest.mark.parametrize(
    ("addresses", "name"),
    [
        (IpSet.of("10.0.0.0/8") - IpSet.of("10.1.0.0/16"), "cidr/10.0.0.0/8 except 10.1.0.0/16"),
        (
            IpSet.of("10.0.0.0/8") - IpSet.of("10.1.0.0/16", "10.2.3.4/32"),
            "cidr/10.0.0.0/8 except 10.1.0.0/16,10.2.3.4/32",
        ),
        (IpSet.of("192.168.7.0/24"), "cidr/192.168.7.0/24"),
        (IpSet.of("10.1.0.0/16", "192.168.7.0/24"), "cidr/10.1.0.0/16,192.168.7.0/24"),
        (
            V4 - IpSet.of("192.168.7.0/24"),
            "cidr/10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16 except 192.168.7.0/24",
        ),
        (IpSet.of("fc00::/7") - IpSet.of("fd00:1::/32"), "cidr/fc00::/7 except fd00:1::/32"),
    ],
)
def test_the_block_and_what_it_lacks(addresses: IpSet, name: str) -> None:
    assert shortest("cidr/long", addresses, PRIVATE) == name
    assert read_back(name) == addresses


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)), max_size=4), st.booleans())
def test_a_name_means_what_it_names(cut: list[tuple[int, int]], inverted: bool) -> None:
    some = IpSet.of(*(f"{n >> 24}.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}/{length}" for n, length in cut))
    addresses = V4 - some if inverted else V4 & some
    name = shortest("as it was", addresses, PRIVATE)
    assert name == "as it was" or read_back(name) == addresses


def test_what_takes_too_many_pieces_keeps_its_name() -> None:
    scattered = IpSet.of(*(f"10.{i}.0.0/16" for i in range(1, 60, 2)))
    assert shortest("cidr/10.1.0.0/16+29", scattered, PRIVATE) == "cidr/10.1.0.0/16+29"
