"""What a judgement says beside its verdict: deciding rules, reasons, what was not read, which packets there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pytest

from netwright.model.document import Decoded, UnknownPolicy
from netwright.spec.judge import Cited, Judgement, NoSuchPacket, judge
from tests.unit.spec.build import ALL, come, go, node, peer, pod, policy, ports, select, service, workload

WEB, DB = pod("web"), pod("db")
NOTHING = policy("nothing", ALL, types=["Ingress", "Egress"])


def ask(objects: Sequence[Decoded], src: Decoded | str, dst: Decoded | str, **more: Any) -> Judgement:
    return judge(objects, src, dst, **{"protocol": 6, "port": 80, "family": 4, **more})


def unread(effect: Literal["deny", "both"] = "both", *namespaces: str, hosts: bool = False) -> UnknownPolicy:
    return UnknownPolicy(
        kind="AdminPolicy", namespaces=namespaces, hosts=hosts, effect=effect, reason=f"unread {effect}"
    )


def cited(found: Sequence[Cited]) -> list[tuple[str, int | None, str]]:
    return [(one.object.name, one.rule, one.action) for one in found]


# --- the deciding ones ------------------------------------------------------------------------------------------------


def test_an_allowed_packet_cites_every_rule_that_allows_it_in_both_directions() -> None:
    out = policy("out", select(app="web"), types=["Egress"], egress=[go(at=ports(1)), go(), go(peer(select(app="db")))])
    into = policy("in", select(app="db"), ingress=[come(at=ports(80))])
    more = policy("more", select(app="db"), ingress=[come(peer(select(app="cache"))), come(peer(select(app="web")))])
    found = ask([more, WEB, DB, out, NOTHING, into], WEB, DB)
    assert cited(found.by) == [("out", 1, "allow"), ("out", 2, "allow"), ("more", 1, "allow"), ("in", 0, "allow")]
    assert [one.path for one in found.by[:2]] == [("spec", "egress", 1), ("spec", "egress", 2)]
    assert found.by[2].path == ("spec", "ingress", 1)
    assert found.by[2].object is more


def test_only_isolated_directions_are_cited() -> None:
    found = ask([WEB, DB, policy("in", select(app="db"), ingress=[come()])], WEB, DB)
    assert cited(found.by) == [("in", 0, "allow")]


def test_a_denied_packet_cites_all_that_isolates_in_the_denying_direction_and_no_more() -> None:
    out = policy("out", select(app="web"), types=["Egress"], egress=[go()])
    first, second = policy("first", select(app="db")), policy("second", ALL, ingress=[come(at=ports(443))])
    found = ask([WEB, DB, out, first, second], WEB, DB)
    assert cited(found.by) == [("first", None, "deny"), ("second", None, "deny")]
    assert found.by[0].path == ("spec",)
    assert cited(found.egress.allowing) == [("out", 0, "allow")]


def test_where_both_directions_deny_both_are_cited() -> None:
    assert cited(ask([WEB, DB, NOTHING], WEB, DB).by) == [("nothing", None, "deny")] * 2


def test_an_open_side_cites_what_perhaps_allows_and_what_isolates() -> None:
    perhaps = policy("perhaps", select(app="db"), ingress=[come(), come(peer(cidr="10.0.0.0/8"))])
    sure = ask([WEB, DB, perhaps], WEB, DB)
    assert (sure.verdict, cited(sure.by)) == ("allow", [("perhaps", 0, "allow")])
    assert cited(sure.ingress.perhaps) == [("perhaps", 1, "allow")]
    narrow = policy("narrow", select(app="db"), ingress=[come(peer(cidr="10.0.0.0/8"))])
    out = policy("out", select(app="web"), types=["Egress"], egress=[go()])
    found = ask([WEB, DB, out, narrow], WEB, DB)
    assert cited(found.by) == [("out", 0, "allow"), ("narrow", 0, "allow"), ("narrow", None, "deny")]


def test_a_sure_denial_outweighs_an_open_side() -> None:
    perhaps = policy("perhaps", select(app="db"), ingress=[come(peer(cidr="10.0.0.0/8"))])
    shut = policy("shut", select(app="web"), types=["Egress"])
    found = ask([WEB, DB, perhaps, shut], WEB, DB)
    assert (found.verdict, found.reasons, cited(found.by)) == ("deny", (), [("shut", None, "deny")])


# --- what was not read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policies", "effect", "expected"),
    [
        ([], "both", "undecided"),
        ([], "deny", "undecided"),
        ([NOTHING], "both", "undecided"),
        ([NOTHING], "deny", "deny"),
        ([policy("all", ALL, ingress=[come()], egress=[go()])], "deny", "undecided"),
    ],
)
def test_what_was_not_read_opens_what_it_could_change(
    policies: list[Decoded], effect: Literal["deny", "both"], expected: str
) -> None:
    found = ask([WEB, DB, *policies], WEB, DB, unknown=[unread(effect)])
    assert found.verdict == expected
    assert [one.text for one in found.reasons] == ([f"unread {effect}"] if expected == "undecided" else [])


def test_it_touches_only_ends_in_its_namespaces() -> None:
    other = pod("x", namespace="other")
    for one, expected in ((unread("both", "else"), "allow"), (unread("both", "other", "else"), "undecided")):
        assert ask([WEB, other], WEB, other, unknown=[one]).verdict == expected
        assert ask([WEB, other], other, WEB, unknown=[one]).verdict == expected
    assert ask([WEB, other, NOTHING], WEB, other, unknown=[unread("both", "other")]).verdict == "deny"


def test_it_touches_nodes_only_where_it_says_so_and_addresses_never() -> None:
    hosts = [node("n1", "192.0.2.1"), pod("agent", host=True, namespace="other")]
    for host in hosts:
        assert ask([*hosts], host, "203.0.113.9", unknown=[unread("both")]).verdict == "allow"
        assert ask([*hosts], host, "203.0.113.9", unknown=[unread("deny", "shop", hosts=True)]).verdict == "undecided"
    assert ask([], "203.0.113.9", "203.0.113.10", unknown=[unread("both", hosts=True)]).verdict == "allow"


def test_a_pod_still_reaches_itself_and_its_own_node() -> None:
    placed, n1 = pod("web", node="n1"), node("n1", "192.0.2.1")
    everything = [unread("both", hosts=True)]
    assert ask([placed, n1], placed, placed, unknown=everything).verdict == "allow"
    assert ask([placed, n1], n1, placed, unknown=everything).verdict == "allow"


def test_an_exempt_packet_leaves_nothing_open_on_either_side() -> None:
    found = ask([WEB, NOTHING], WEB, WEB, unknown=[unread("deny")])
    assert [(side.may_allow, side.may_deny, side.reasons) for side in (found.egress, found.ingress)] == [
        (True, False, ())
    ] * 2
    assert [cited(side.isolating) for side in (found.egress, found.ingress)] == [[("nothing", None, "deny")]] * 2


def test_the_reason_names_the_end_whose_address_is_open() -> None:
    two, known = node("n1", "192.0.2.1", "198.51.100.1"), pod("known", ips=["10.0.0.1"], node="n2")
    for objects, src, dst, said in (
        ([two, known, policy("p", ALL, ingress=[come(peer(cidr="192.0.2.0/24"))])], two, known, "node"),
        ([two, known, policy("p", ALL, types=["Egress"], egress=[go(peer(cidr="192.0.2.0/24"))])], known, two, "node"),
        ([WEB, known, policy("p", ALL, ingress=[come(peer(cidr="192.0.2.0/24"))])], WEB, known, "--pod-cidr"),
        (
            [WEB, known, policy("p", ALL, types=["Egress"], egress=[go(peer(cidr="192.0.2.0/24"))])],
            known,
            WEB,
            "--pod-cidr",
        ),
    ):
        (reason,) = ask(objects, src, dst).reasons
        assert said in reason.text


# --- which packets there are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("src", "dst", "family", "ranges"),
    [
        (pod("v4", ips=["10.0.0.1"]), DB, 6, ()),
        (DB, pod("v6", ips=["2001:db8::1"]), 4, ()),
        ("203.0.113.9", DB, 6, ()),
        (DB, "2001:db8::1", 4, ()),
        (WEB, "2001:db8::1", 6, ("10.0.0.0/16",)),
        (node("n", "192.0.2.1"), "2001:db8::1", 6, ()),
    ],
)
def test_a_packet_of_a_family_that_an_end_does_not_have_is_refused(
    src: Decoded | str, dst: Decoded | str, family: int, ranges: tuple[str, ...]
) -> None:
    with pytest.raises(NoSuchPacket):
        ask([DB], src, dst, family=family, pod_ranges=ranges)


def test_a_pod_with_an_address_needs_no_range_of_its_family() -> None:
    known = pod("v6", ips=["2001:db8::1"])
    assert ask([known], known, "2001:db8::2", family=6, pod_ranges=["10.0.0.0/16"]).verdict == "allow"


def test_the_ranges_of_pods_are_not_those_of_hosts() -> None:
    agent = workload("DaemonSet", "agent", host=True)
    placed = pod("db", node="n1")
    cluster = [agent, placed, service("s", cluster_ip="10.96.0.1", cluster_ips=("None",), external_ips=("192.0.2.9",))]
    for cidr, expected in (
        ("10.0.0.0/16", "undecided"),
        ("10.96.0.1/32", "undecided"),
        ("192.0.2.9/32", "undecided"),
        ("10.1.0.0/16", "undecided"),
    ):
        objects = [*cluster, policy("p", select(app="db"), ingress=[come(peer(cidr=cidr))])]
        found = ask(objects, agent, placed, pod_ranges=["10.0.0.0/16"])
        assert found.verdict == expected  # the pod's own node may always be the source
        assert bool(found.ingress.perhaps) == (cidr == "10.1.0.0/16")


def test_a_text_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValueError, match="not an address"):
        ask([DB], "shop/web", DB)


def test_an_object_without_pods_is_refused() -> None:
    with pytest.raises(TypeError, match="no pods"):
        ask([DB], service("s"), DB)
