"""Sets of addresses and ipBlocks, against plain enumeration."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.dialects.k8s import objects as k8s
from netwright.spec.addresses import address, covers, minus, network, unknown_pod
from tests.unit.spec.build import node, replaced, service

spans = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 10)).map(lambda one: (one[0], one[0] + one[1])), max_size=5
)
small = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(lambda one: f"192.0.2.{one[0]}/{one[1]}")


def members(found: list[tuple[int, int]]) -> set[int]:
    return {one for first, last in found for one in range(first, last + 1)}


@given(spans, spans)
def test_taking_away_is_set_difference(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    assert members(minus(one, other)) == members(one) - members(other)


@given(small, st.lists(small, max_size=3), st.lists(st.integers(0, 255), min_size=1, max_size=4))
def test_a_block_covers_what_its_addresses_say(cidr: str, excepts: list[str], lasts: list[int]) -> None:
    def held(last: int) -> bool:
        one = ip_address(f"192.0.2.{last}")
        return one in network(cidr) and not any(one in network(cut) for cut in excepts)

    base = int(ip_address("192.0.2.0"))
    found = covers(k8s.IPBlock(cidr=cidr, except_=tuple(excepts)), [(base + one, base + one) for one in lasts], 4)
    answers = {held(last) for last in lasts}
    assert found == ("perhaps" if len(answers) == 2 else "yes" if answers == {True} else "no")


def test_a_block_of_the_other_family_covers_nothing() -> None:
    assert covers(k8s.IPBlock(cidr="::/0"), [(1, 1)], 4) == "no"
    assert covers(k8s.IPBlock(cidr="0.0.0.0/0"), [(1, 1)], 6) == "no"
    assert covers(k8s.IPBlock(cidr="::/0", except_=("2001:db8::/32",)), [(1, 1)], 6) == "yes"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("10.1.2.3/16", "10.1.0.0/16"),
        ("010.001.0.0/16", "10.1.0.0/16"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("2001:0db8::/32", "2001:db8::/32"),
    ],
)
def test_cidrs_are_read_as_the_api_reads_stored_ones(text: str, read: str) -> None:
    assert str(network(text)) == read


@pytest.mark.parametrize("text", ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/129", "web/24"])
def test_what_is_no_cidr_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        network(text)


@pytest.mark.parametrize("text", [None, "", "None", "web", "10.0.0", "10.0.0.256"])
def test_what_is_no_address_is_none(text: str | None) -> None:
    assert address(text) is None


def holds(found: list[tuple[int, int]], text: str) -> bool:
    return any(first <= int(ip_address(text)) <= last for first, last in found)


def test_an_unknown_pod_has_no_special_no_node_and_no_service_address() -> None:
    lb = k8s.ServiceStatus(load_balancer=k8s.LoadBalancerStatus(ingress=(k8s.LoadBalancerIngress(ip="203.0.113.7"),)))
    front = service("s", cluster_ip="10.96.0.1", cluster_ips=("10.96.0.1", "fd00::1"), external_ips=("198.51.100.1",))
    objects = [
        node("n1", "192.0.2.1"),
        node("n2", "192.0.2.2", kind="ExternalIP"),
        node("n3", "192.0.2.3", kind="Hostname"),
        replaced(front, status=lb),
        service("t"),
    ]
    found = unknown_pod(objects, (), 4)
    for text in ("0.0.0.0", "0.255.255.255", "127.0.0.1", "169.254.1.1", "224.0.0.1", "255.255.255.255"):
        assert not holds(found, text)
    for text in ("192.0.2.1", "192.0.2.2", "10.96.0.1", "198.51.100.1", "203.0.113.7"):
        assert not holds(found, text)
    for text in ("1.0.0.0", "192.0.2.3", "10.96.0.2", "100.64.0.1", "223.255.255.255"):
        assert holds(found, text)
    found = unknown_pod(objects, (), 6)
    for text in ("::", "::1", "fe80::1", "ff02::1", "fd00::1"):
        assert not holds(found, text)
    for text in ("::2", "fd00::2", "2001:db8::1", "fec0::1"):
        assert holds(found, text)


def test_pod_ranges_of_a_cluster_are_those_given_and_those_of_its_nodes() -> None:
    objects = [node("n1", cidrs=["10.0.1.0/24", "fd00:1::/64"])]
    assert unknown_pod(objects, ["10.0.2.0/24"], 4) == [
        (int(ip_address("10.0.2.0")), int(ip_address("10.0.2.255"))),
        (int(ip_address("10.0.1.0")), int(ip_address("10.0.1.255"))),
    ]
    assert len(unknown_pod(objects, ["10.0.2.0/24"], 6)) == 1
    assert unknown_pod([node("n1", cidrs=["10.0.1.0/24"])], (), 6) == []
