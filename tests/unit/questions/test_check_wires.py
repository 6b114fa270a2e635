"""Networks on their wires, and MAC and IP addresses that several give: what is told beyond the examples of the codes,
and what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import netwright
from netwright.model.finding import Finding
from netwright.model.finding_codes.address_pools import POOL, claim, ranged, with_mac
from netwright.model.finding_codes.mtu import (
    MAPPED,
    OVS,
    PLUGIN,
    TRUNK,
    UPLINK,
    attached,
    bridge,
    localnet,
    machine,
    node,
    nodes_with,
    overlay,
)

SHOP = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: shop}}\n"


Check = Callable[..., list[Finding]]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    def ask(*texts: str) -> list[Finding]:
        (tmp_path / "all.yaml").write_text("---\n".join((SHOP, *texts)))
        found = netwright.load(str(tmp_path)).check().findings
        return [one for one in found if one.code[:4] in ("NW63", "NW64")]

    return ask


def codes(found: list[Finding]) -> list[str]:
    return sorted(one.code for one in found)


def test_the_least_mtu_of_the_way_counts_at_any_node(check: Check) -> None:
    nodes = (node("n1", "192.0.2.11", "{rack: a}"), node("n2", "192.0.2.12", "{rack: b}"))
    bond = "{name: bond1, type: bond, mtu: %s, link-aggregation: {port: [eno3]}}"
    on = "{name: ovs1, type: ovs-bridge, bridge: {port: [{name: bond1}]}}"
    first = nodes_with(bond % 9000, on, name="a", selector="{rack: a}", mappings=MAPPED)
    second = nodes_with(bond % 1500, on, name="b", selector="{rack: b}", mappings=MAPPED)
    found = check(*nodes, first, second, localnet(9000))
    assert codes(found) == ["NW6301", "NW6305"]
    (large,) = [one for one in found if one.code == "NW6301"]
    assert "`bond1`" in large.title
    assert "`n2`" in large.effect
    assert [mark.name for mark in large.also] == ["b"]


def test_what_ovn_kubernetes_takes_where_nothing_is_written_is_not_judged(check: Check) -> None:
    unwritten = localnet(1500).replace("mtu: 1500, ", "")
    assert codes(check(nodes_with(OVS % 1400, mappings=MAPPED), unwritten)) == []


def test_what_a_capture_leaves_open_is_no_missing_mapping(check: Check) -> None:
    captured = nodes_with(bridge(1500)).replace("bridge-mappings: []", 'bridge-mappings: "{{ capture.x.ovn }}"')
    assert codes(check(node("n1", "192.0.2.11"), captured, localnet(1500))) == []


def test_nodes_of_the_control_plane_need_no_mapping(check: Check) -> None:
    nodes = node("n1", "192.0.2.11", "{rack: a}"), node("n2", "192.0.2.12", '{node-role.kubernetes.io/master: ""}')
    mapped = nodes_with(OVS % 1600, mappings=MAPPED, selector="{rack: a}")
    assert codes(check(*nodes, mapped, localnet(1500))) == []


def test_frames_without_a_tag_pass_a_trunk(check: Check) -> None:
    assert codes(check(nodes_with(bridge(1500, TRUNK % 130)), attached(PLUGIN))) == []


@pytest.mark.parametrize(("mtu", "found"), [(1442, []), (1443, ["NW6306"])])
def test_geneve_needs_58_bytes_over_ipv4(check: Check, mtu: int, found: list[str]) -> None:
    assert codes(check(node("n1", "192.0.2.11"), nodes_with(UPLINK % 1500), overlay(mtu))) == found


@pytest.mark.parametrize(("mtu", "found"), [(1422, []), (1423, ["NW6306"])])
def test_and_78_over_ipv6(check: Check, mtu: int, found: list[str]) -> None:
    uplink = (UPLINK % 1500).replace("ipv4", "ipv6").replace("192.0.2.11", '"2001:db8::11"').replace("24", "64")
    assert codes(check(node("n1", '"2001:db8::11"'), nodes_with(uplink), overlay(mtu))) == found


def test_a_guest_that_dhcp_tells_or_whose_network_is_as_usual(check: Check) -> None:
    with_addresses = attached(f'{PLUGIN}, "mtu": 9000, "ipam": {{"type": "host-local", "subnet": "10.130.0.0/24"}}')
    assert codes(check(with_addresses, machine("model: e1000e, bridge: {}"))) == []
    assert codes(check(attached(PLUGIN), machine("model: e1000e, bridge: {}"))) == []


def test_masquerade_shows_no_mac_address(check: Check) -> None:
    pods = [
        with_mac("02:20:00:00:00:01", name)
        .replace("bridge: {}", "masquerade: {}")
        .replace("multus: {networkName: lan}", "pod: {}")
        for name in ("web", "app")
    ]
    assert codes(check(attached(PLUGIN), *pods)) == ["NW6404"]


def test_two_attachments_of_one_bridge_are_one_segment(check: Check) -> None:
    same = with_mac("02:20:00:00:00:01", "app", "wan")
    found = check(attached(PLUGIN), attached(PLUGIN, "wan"), with_mac("02-20-00-00-00-01"), same)
    assert codes(found) == ["NW6403"]


def test_a_live_machine_may_have_its_address_of_the_pool(check: Check) -> None:
    lan, mine = attached(PLUGIN), with_mac("02:10:00:00:00:01")
    assert codes(check(POOL, lan, mine)) == ["NW6402"]
    assert codes(check(POOL, lan, mine.replace("{name: web,", "{name: web, uid: abc,"))) == []
    assert codes(check(lan, mine)) == []


def test_the_claim_of_a_machine_that_is_not_there(check: Check) -> None:
    assert codes(check(attached(PLUGIN), claim("old"))) == []


def test_whereabouts_keeps_one_account(check: Check) -> None:
    one, other = ranged("lan", "10.130.0.0/24"), ranged("wan", "10.130.0.0/24")
    assert codes(check(one, other)) == ["NW6410"]
    common = [text.replace("host-local", "whereabouts").replace("subnet", "range") for text in (one, other)]
    assert codes(check(*common)) == []
