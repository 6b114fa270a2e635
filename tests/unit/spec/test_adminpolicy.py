"""Admin policies: the items that are easily got wrong, one test or more each, written from the text of the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from netwright.dialects.adminpolicy import objects as admin
from netwright.model.document import Decoded, UnknownPolicy
from netwright.spec.judge import Cited, Judgement, judge
from netwright.spec.services import endpoints
from tests.unit.spec import build
from tests.unit.spec.build import ALL, expression, namespace, node, peer, pod, policy, port, ports, select, workload
from tests.unit.spec.build_admin import (
    ANY,
    anp,
    at,
    banp,
    cnp,
    come,
    go,
    names,
    namespaces,
    networks,
    newer,
    nodes,
    of_namespaces,
    old_come,
    old_go,
    old_namespaces,
    pods,
    subject,
)

TCP, UDP, SCTP, ICMP, ICMP6 = 6, 17, 132, 1, 58
WEB, DB = pod("web"), pod("db")
OUTSIDE = "203.0.113.9"
SHUT = policy("shut", ALL, types=["Ingress", "Egress"])
OPEN = policy("open", ALL, ingress=[build.come()], egress=[build.go()])
By = list[tuple[str, int | None, str]]


def ask(
    objects: Sequence[Decoded],
    src: Decoded | str = WEB,
    dst: Decoded | str = DB,
    number: int = 80,
    protocol: int = TCP,
    **more: Any,
) -> Judgement:
    return judge(objects, src, dst, protocol=protocol, port=number, family=more.pop("family", 4), **more)


def cited(found: Sequence[Cited]) -> By:
    return [(one.object.name, one.rule, one.action) for one in found]


def told(
    objects: Sequence[Decoded], src: Decoded | str = WEB, dst: Decoded | str = DB, number: int = 80, **more: Any
) -> tuple[str, By, list[str]]:
    """The verdict, who decides, and the kinds of the reasons."""
    found = ask([WEB, DB, *objects], src, dst, number, **more)
    return found.verdict, cited(found.by), [one.kind for one in found.reasons]


def verdict(objects: Sequence[Decoded], src: Decoded | str = WEB, dst: Decoded | str = DB, *args: Any) -> str:
    return ask([WEB, DB, *objects], src, dst, *args).verdict


# --- 27: the order of tiers and rules ---------------------------------------------------------------------------------


def test_item_27_accept_in_admin_is_final_and_network_policy_is_not_reached() -> None:
    top = cnp("top", ingress=[come("Accept")])
    found = ask([WEB, DB, SHUT, top, policy("out", ALL, types=["Egress"], egress=[build.go()])])
    assert (found.verdict, cited(found.by)) == ("allow", [("out", 0, "allow"), ("top", 0, "allow")])
    assert (found.ingress.isolated, found.ingress.isolating) == (False, ())


def test_item_27_accept_skips_network_policy_in_its_own_direction_only() -> None:
    top = cnp("top", ingress=[come("Accept")])
    assert told([SHUT, top]) == ("deny", [("shut", None, "deny")], [])
    assert told([policy("in", ALL, types=["Ingress"]), top]) == ("allow", [("top", 0, "allow")], [])


def test_item_27_deny_in_admin_is_final() -> None:
    assert told([OPEN, cnp("top", ingress=[come("Deny")])]) == ("deny", [("top", 0, "deny")], [])


def test_item_27_network_policy_is_final_for_isolated_pods_and_baseline_is_not_reached() -> None:
    admits = policy("in", select(app="db"), ingress=[build.come()])
    floor = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    assert told([admits, floor]) == ("allow", [("in", 0, "allow")], [])
    into = policy("in", select(app="db"), ingress=[build.come(at=ports(443))])
    assert told([into, cnp("floor", tier="Baseline", ingress=[come("Accept")])]) == (
        "deny",
        [("in", None, "deny")],
        [],
    )


def test_item_27_baseline_is_for_pods_that_are_not_isolated_in_that_direction() -> None:
    out = policy("out", select(app="db"), types=["Egress"])
    floor = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    assert told([out, floor]) == ("deny", [("floor", 0, "deny")], [])


def test_item_27_what_no_tier_decides_is_allowed() -> None:
    other = cnp("other", ingress=[come("Deny", pods(select(app="cache")))])
    assert told([other]) == ("allow", [], [])
    assert told([other, cnp("none", ingress=[])]) == ("allow", [], [])


def test_item_27_a_policy_isolates_nothing() -> None:
    only = cnp("only", ingress=[come("Accept", pods(select(app="web")))])
    assert told([only], OUTSIDE, DB) == ("allow", [], [])


def test_item_27_the_first_rule_of_a_policy_that_matches_decides() -> None:
    rules = [come("Deny", pods(select(app="cache"))), come("Accept", at=at(80)), come("Deny")]
    top = cnp("top", ingress=rules)
    assert told([top]) == ("allow", [("top", 1, "allow")], [])
    assert told([top], number=81) == ("deny", [("top", 2, "deny")], [])
    (one,) = ask([WEB, DB, top]).by
    assert (one.path, one.surely, one.object) == (("spec", "ingress", 1), True, top)


@pytest.mark.parametrize("turned", [False, True])
def test_item_27_lower_priorities_are_read_first_whatever_the_order_of_the_input(turned: bool) -> None:
    both = [cnp("first", priority=0, ingress=[come("Deny")]), cnp("second", priority=1, ingress=[come("Accept")])]
    assert told(both[::-1] if turned else both) == ("deny", [("first", 0, "deny")], [])


def test_item_27_admin_network_policies_stand_in_the_admin_tier_by_their_priority() -> None:
    old = anp("old", priority=5, ingress=[old_come("Allow")])
    assert told([SHUT, old, policy("out", ALL, types=["Egress"], egress=[build.go()])])[0] == "allow"
    assert verdict([old, cnp("new", priority=4, ingress=[come("Deny")])]) == "deny"
    assert verdict([old, cnp("new", priority=6, ingress=[come("Deny")])]) == "allow"


def test_item_27_the_baseline_singleton_is_read_after_every_policy_of_its_tier() -> None:
    last = cnp("last", tier="Baseline", priority=1000, ingress=[come("Accept")])
    assert told([banp(ingress=[old_come("Deny")]), last]) == ("allow", [("last", 0, "allow")], [])
    assert told([banp(ingress=[old_come("Deny")])]) == ("deny", [("default", 0, "deny")], [])


def test_item_27_priorities_of_one_tier_mean_nothing_in_another() -> None:
    floor = cnp("floor", tier="Baseline", priority=0, ingress=[come("Deny")])
    assert told([floor, cnp("top", priority=1000, ingress=[come("Accept")])]) == ("allow", [("top", 0, "allow")], [])


# --- 28: both ends permit ---------------------------------------------------------------------------------------------


def test_item_28_egress_accept_does_not_bypass_the_ingress_rules_of_the_destination() -> None:
    out = cnp("out", egress=[go("Accept")])
    assert told([out, policy("in", ALL, types=["Ingress"])]) == ("deny", [("in", None, "deny")], [])
    assert told([out, cnp("top", priority=11, ingress=[come("Deny")])]) == ("deny", [("top", 0, "deny")], [])


def test_item_28_rules_of_one_direction_do_not_touch_the_other() -> None:
    assert told([cnp("out", who=subject(select(app="db")), egress=[go("Deny")])]) == ("allow", [], [])
    assert told([cnp("in", who=subject(select(app="web")), ingress=[come("Deny")])]) == ("allow", [], [])


# --- 29: pass ---------------------------------------------------------------------------------------------------------


def test_item_29_pass_in_admin_leaves_the_rest_of_the_tier() -> None:
    rules = [come("Pass", pods(select(app="web"))), come("Deny")]
    below = cnp("below", priority=11, ingress=[come("Deny")])
    assert told([cnp("top", ingress=rules), below]) == ("allow", [], [])
    assert cited(ask([WEB, DB, cnp("top", ingress=rules), below]).ingress.reached) == [("top", 0, "pass")]
    assert verdict([cnp("top", ingress=rules), below], pod("cache"), DB) == "deny"


def test_item_29_behind_pass_network_policy_decides_for_isolated_pods() -> None:
    top = cnp("top", ingress=[come("Pass")])
    floor = cnp("floor", tier="Baseline", ingress=[come("Accept")])
    into = policy("in", select(app="db"), ingress=[build.come(at=ports(443))])
    assert told([top, into, floor]) == ("deny", [("in", None, "deny")], [])
    assert told([top, into, floor], number=443) == ("allow", [("in", 0, "allow")], [])


def test_item_29_behind_pass_baseline_decides_for_the_others() -> None:
    top = cnp("top", ingress=[come("Pass")])
    floor = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    assert told([top, floor]) == ("deny", [("floor", 0, "deny")], [])
    assert told([top, floor, SHUT], DB, WEB) == ("deny", [("shut", None, "deny")] * 2, [])


def test_item_29_pass_in_baseline_is_allowed_by_default() -> None:
    rules = [come("Pass", at=at(80)), come("Deny")]
    floor = cnp("floor", tier="Baseline", ingress=rules)
    assert told([floor, banp(ingress=[old_come("Deny")])]) == ("allow", [], [])
    assert told([floor], number=81) == ("deny", [("floor", 1, "deny")], [])


# --- 30: ties ---------------------------------------------------------------------------------------------------------


def test_item_30_policies_of_one_priority_that_disagree_leave_it_open() -> None:
    tied = [cnp("a", ingress=[come("Accept")]), cnp("b", ingress=[come("Deny")])]
    assert told(tied) == ("undecided", [("a", 0, "allow"), ("b", 0, "deny")], ["ambiguous"])


def test_item_30_policies_of_one_priority_that_agree_do_not() -> None:
    tied = [cnp("a", ingress=[come("Deny")]), cnp("b", ingress=[come("Deny")])]
    assert told(tied) == ("deny", [("a", 0, "deny"), ("b", 0, "deny")], [])
    tied = [cnp("a", ingress=[come("Accept")]), anp("b", ingress=[old_come("Allow")])]
    assert told(tied) == ("allow", [("a", 0, "allow"), ("b", 0, "allow")], [])


def test_item_30_only_policies_that_match_take_part() -> None:
    tied = [cnp("a", ingress=[come("Accept", at=at(80))]), cnp("b", ingress=[come("Deny", at=at(81))])]
    assert told(tied) == ("allow", [("a", 0, "allow")], [])
    assert told(tied, number=81) == ("deny", [("b", 0, "deny")], [])


def test_item_30_the_first_rule_decides_within_each_of_them() -> None:
    tied = [cnp("a", ingress=[come("Accept"), come("Deny")]), cnp("b", ingress=[come("Accept"), come("Deny")])]
    assert told(tied) == ("allow", [("a", 0, "allow"), ("b", 0, "allow")], [])


def test_item_30_one_that_surely_matches_keeps_the_packet_from_lower_priorities() -> None:
    tied = [cnp("a", ingress=[come("Accept")]), cnp("b", ingress=[come("Deny", at=at(81))])]
    assert verdict([*tied, cnp("below", priority=11, ingress=[come("Deny")])]) == "allow"


def test_item_30_kinds_tie_with_each_other() -> None:
    tied = [anp("a", ingress=[old_come("Deny")]), cnp("b", ingress=[come("Pass")])]
    assert told(tied) == ("undecided", [("a", 0, "deny"), ("b", 0, "pass")], ["ambiguous"])
    assert told([*tied, policy("in", ALL, types=["Ingress"])]) == (
        "deny",
        [("a", 0, "deny"), ("in", None, "deny")],
        [],
    )


def test_item_30_a_tie_of_accept_and_pass_is_open_only_if_a_later_tier_may_deny() -> None:
    tied = [cnp("a", ingress=[come("Accept")]), cnp("b", ingress=[come("Pass")])]
    assert told(tied) == ("allow", [("a", 0, "allow")], [])
    floor = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    assert told([*tied, floor]) == (
        "undecided",
        [("a", 0, "allow"), ("b", 0, "pass"), ("floor", 0, "deny")],
        ["ambiguous"],
    )
    admits = policy("in", ALL, ingress=[build.come()])
    assert told([*tied, floor, admits]) == ("allow", [("a", 0, "allow"), ("in", 0, "allow")], [])


def test_item_30_equal_priorities_of_different_tiers_are_no_tie() -> None:
    assert told([cnp("a", ingress=[come("Accept")]), cnp("b", tier="Baseline", ingress=[come("Deny")])])[0] == "allow"


def test_item_30_ties_in_baseline_too() -> None:
    tied = [cnp(name, tier="Baseline", ingress=[come(does)]) for name, does in (("a", "Accept"), ("b", "Deny"))]
    assert told(tied) == ("undecided", [("a", 0, "allow"), ("b", 0, "deny")], ["ambiguous"])


# --- 31: networks -----------------------------------------------------------------------------------------------------


def test_item_31_networks_match_pods_too() -> None:
    known = pod("known", ips=["10.0.1.5"])
    shut = cnp("shut", egress=[go("Deny", networks("0.0.0.0/0"))])
    here = pod("web", node="n9")
    for there in (known, DB, OUTSIDE, node("n1", "192.0.2.1")):
        assert told([known, shut], here, there) == ("deny", [("shut", 0, "deny")], [])
    narrow = cnp("narrow", egress=[go("Deny", networks("10.0.2.0/24", "10.0.1.0/24"))])
    assert [verdict([known, narrow], WEB, one) for one in (known, OUTSIDE)] == ["deny", "allow"]


def test_item_31_a_pass_rule_before_them_keeps_pods_out() -> None:
    rules = [go("Pass", namespaces()), go("Deny", networks("0.0.0.0/0"))]
    assert [verdict([cnp("p", egress=rules)], WEB, one) for one in (DB, OUTSIDE)] == ["allow", "deny"]


@pytest.mark.parametrize(("protocol", "family"), [(ICMP, 4), (ICMP6, 6), (2, 4), (SCTP, 4)])
def test_item_31_networks_cover_every_protocol(protocol: int, family: int) -> None:
    shut = cnp("shut", egress=[go("Deny", networks("0.0.0.0/0", "::/0"))])
    assert told([shut], number=8 << 8, protocol=protocol, family=family) == ("deny", [("shut", 0, "deny")], [])


def test_item_31_networks_are_of_one_family() -> None:
    shut = cnp("shut", egress=[go("Deny", networks("0.0.0.0/0"))])
    assert told([shut], family=6) == ("allow", [], [])


def test_item_31_an_address_that_is_not_known_is_matched_perhaps() -> None:
    shut = cnp("shut", egress=[go("Deny", networks("10.0.0.0/8"))])
    assert told([shut]) == ("undecided", [("shut", 0, "deny")], ["unknown"])
    assert [one.surely for one in ask([WEB, DB, shut]).by] == [False]
    assert "--pod-cidr" in ask([WEB, DB, shut]).reasons[0].text
    assert told([shut], pod_ranges=["10.1.0.0/16"])[0] == "deny"
    assert told([shut], pod_ranges=["192.168.0.0/16"])[0] == "allow"


def test_item_31_networks_of_one_peer_are_matched_together() -> None:
    halves = cnp("halves", egress=[go("Deny", networks("10.0.0.0/17", "10.0.128.0/17"))])
    assert told([halves], pod_ranges=["10.0.0.0/16"]) == ("deny", [("halves", 0, "deny")], [])


def test_item_31_behind_a_rule_that_matches_perhaps_evaluation_goes_on() -> None:
    rules = [go("Accept", networks("10.0.0.0/8")), go("Deny", at=at(80))]
    p = cnp("p", egress=rules)
    assert told([p]) == ("undecided", [("p", 0, "allow"), ("p", 1, "deny")], ["unknown"])
    assert told([p], number=81) == ("allow", [], [])
    floor = cnp("floor", tier="Baseline", egress=[go("Deny")])
    assert told([p, floor], number=81) == ("undecided", [("p", 0, "allow"), ("floor", 0, "deny")], ["unknown"])


def test_item_31_a_sure_verdict_has_no_reasons_and_only_sure_rules_allow() -> None:
    rules = [go("Accept", networks("10.0.0.0/8")), go("Accept")]
    assert told([cnp("p", egress=rules)]) == ("allow", [("p", 1, "allow")], [])
    rules = [go("Deny", networks("10.0.0.0/8")), go("Deny")]
    assert told([cnp("p", egress=rules)]) == ("deny", [("p", 0, "deny"), ("p", 1, "deny")], [])


# --- 32: protocols ----------------------------------------------------------------------------------------------------


def test_item_32_rules_with_protocols_do_not_touch_icmp() -> None:
    shut = cnp("shut", ingress=[come("Deny", at=[*at((1, 65535)), *at((1, 65535), protocol="udp")])])
    assert told([shut], number=8 << 8, protocol=ICMP) == ("allow", [], [])
    assert told([shut], number=8 << 8)[0] == "deny"


@pytest.mark.parametrize("protocol", [TCP, UDP, SCTP, ICMP, 2, 255])
def test_item_32_rules_without_protocols_surely_match_every_protocol(protocol: int) -> None:
    assert told([cnp("p", ingress=[come("Deny")])], protocol=protocol) == ("deny", [("p", 0, "deny")], [])


def test_item_32_ranges_include_both_ends_and_are_of_one_protocol() -> None:
    shut = cnp("shut", ingress=[come("Deny", at=at((100, 200), 300))])
    asked = (99, 100, 150, 200, 201, 300, 301)
    assert [one for one in asked if verdict([shut], WEB, DB, one) == "deny"] == [100, 150, 200, 300]
    assert verdict([shut], WEB, DB, 150, UDP) == "allow"
    sctp = cnp("shut", ingress=[come("Deny", at=at(150, protocol="sctp"))])
    assert [verdict([sctp], WEB, DB, 150, one) for one in (TCP, UDP, SCTP)] == ["allow", "allow", "deny"]


def test_item_32_ports_of_the_older_form_are_tcp_where_they_say_nothing() -> None:
    number = admin.AdminPort(port_number=admin.PortNumber(port=80))
    several = admin.AdminPort(port_range=admin.AdminPortRange(protocol="UDP", start=50, end=60))
    shut = anp("shut", ingress=[old_come("Deny", at=[number, several])])
    assert [verdict([shut], WEB, DB, 80, one) for one in (TCP, UDP)] == ["deny", "allow"]
    assert [verdict([shut], WEB, DB, one, UDP) for one in (49, 50, 60, 61)] == ["allow", "deny", "deny", "allow"]
    assert verdict([shut], WEB, DB, 55) == "allow"


def test_item_32_a_named_port_has_the_protocol_that_the_destination_declares() -> None:
    there = pod("there", port(53, "dns", "UDP"), port(54, "dns"), init=[port(55, "dns", "SCTP")])
    by_name = cnp("p", egress=[go("Deny", at=at("dns"))])
    older = anp("q", egress=[old_go("Deny", at=[admin.AdminPort(named_port="dns")])])
    for rule_of_names in (by_name, older):
        asked = [(number, protocol) for number in (53, 54, 55) for protocol in (TCP, UDP, SCTP)]
        denied = [one for one in asked if verdict([there, rule_of_names], WEB, there, *one) == "deny"]
        assert denied == [(53, UDP), (54, TCP), (55, SCTP)]
        assert verdict([there, rule_of_names], there, WEB, 54) == "allow"
        assert verdict([there, rule_of_names], WEB, there, 54, ICMP) == "allow"


# --- 33: fields of a newer API ----------------------------------------------------------------------------------------


def test_item_33_an_accept_rule_with_an_unknown_peer_matches_nothing() -> None:
    rules = [come("Accept", newer(), ANY), come("Deny")]
    assert told([cnp("p", ingress=rules)]) == ("deny", [("p", 1, "deny")], [])


@pytest.mark.parametrize("action", ["Deny", "Pass"])
def test_item_33_a_deny_or_pass_rule_with_an_unknown_peer_denies_everything(action: str) -> None:
    closed = cnp("p", ingress=[come(action, pods(select(app="cache")), newer(), at=at(443))], egress=[])
    for source, protocol in ((WEB, TCP), (OUTSIDE, ICMP), (node("n1", "192.0.2.1"), UDP)):
        objects = [closed] if isinstance(source, str) else [source, closed]
        found = ask([DB, *objects], source, pod("db", node="n9"), 80, protocol)
        assert (found.verdict, cited(found.by)) == ("deny", [("p", 0, "deny")])
    older = anp("q", egress=[old_go(action, admin.AdminPeer(unknown=("services",)))])
    assert told([older], WEB, OUTSIDE) == ("deny", [("q", 0, "deny")], [])


def test_item_33_only_for_the_subject() -> None:
    closed = cnp("p", who=subject(select(app="cache")), ingress=[come("Deny", newer())])
    assert told([closed]) == ("allow", [], [])


def test_item_33_a_peer_that_says_nothing_is_rule_of_names_a_newer_api() -> None:
    assert told([cnp("p", ingress=[come("Deny", admin.Peer())])])[0] == "deny"
    assert told([cnp("p", ingress=[come("Accept", admin.Peer()), come("Deny")])])[0] == "deny"


# --- 34: domain names -------------------------------------------------------------------------------------------------


def test_item_34_a_name_accepts_addresses_outside_perhaps() -> None:
    named = cnp("p", egress=[go("Accept", names("*.example.com", "example.org"))])
    assert told([named], WEB, OUTSIDE) == ("allow", [], [])  # nothing denies
    rules = [go("Accept", names("*.example.com", "example.org")), go("Deny", networks("0.0.0.0/0"))]
    found = ask([WEB, cnp("p", egress=rules)], WEB, OUTSIDE)
    assert (found.verdict, cited(found.by)) == ("undecided", [("p", 0, "allow"), ("p", 1, "deny")])
    (reason,) = found.reasons
    assert reason.kind == "depends"
    assert "*.example.com" in reason.text
    assert "example.org" in reason.text


def test_item_34_a_name_never_means_pods_and_nodes() -> None:
    rules = [go("Accept", names("*.example.com")), go("Deny", networks("0.0.0.0/0"))]
    for there in (DB, node("n1", "192.0.2.1"), pod("agent", host=True)):
        assert told([there, cnp("p", egress=rules)], pod("web", node="n9"), there)[1] != []
        found = ask([there, cnp("p", egress=rules)], pod("web", node="n9"), there)
        assert cited(found.egress.reached) == [("p", 1, "deny")]


def test_item_34_a_name_with_ports_is_of_these_only() -> None:
    rules = [go("Accept", names("example.com"), at=at(443)), go("Deny", networks("0.0.0.0/0"))]
    assert [told([cnp("p", egress=rules)], WEB, OUTSIDE, n)[0] for n in (443, 80)] == ["undecided", "deny"]


# --- 35: hostNetwork pods and nodes -----------------------------------------------------------------------------------


def test_item_35_subjects_and_selectors_of_pods_never_match_host_network_pods_and_nodes() -> None:
    agent, n1 = pod("agent", host=True, node="n1"), node("n1", "192.0.2.1")
    there = pod("db", node="n2")
    for peers in (ANY, pods(), pods(select(app="agent"))):
        shut = cnp("p", ingress=[come("Deny", peers)], egress=[go("Deny", peers)])
        for one in (agent, n1):
            assert told([there, agent, n1, shut], one, there) == ("allow", [], [])
            assert told([there, agent, n1, shut], there, one) == ("allow", [], [])
    assert ask([agent, n1, cnp("p", egress=[go("Deny", networks("0.0.0.0/0"))])], agent, OUTSIDE).verdict == "allow"


def test_item_35_nodes_are_selected_by_their_labels() -> None:
    n1, n2 = node("n1", "192.0.2.1", labels={"role": "a"}), node("n2", "192.0.2.2", labels={"role": "b"})
    here, agent = pod("web", node="n3"), pod("agent", host=True, node="n1")
    shut = cnp("p", egress=[go("Deny", nodes(select(role="a")))])
    objects = [n1, n2, here, agent, shut]
    ends = (n1, n2, agent, DB, OUTSIDE, "192.0.2.1", "192.0.2.2")
    found = [told(objects, here, one) for one in ends]
    assert [one[0] for one in found] == ["deny", "allow", "deny", "allow", "allow", "deny", "allow"]
    assert found[0][1] == [("p", 0, "deny")]
    every = cnp("p", egress=[go("Deny", nodes())])
    assert [verdict([n1, n2, every], here, one) for one in (n1, n2, DB)] == ["deny", "deny", "allow"]


def test_item_35_only_the_kinds_of_addresses_that_packets_have() -> None:
    named = node("n1", "192.0.2.7", kind="Hostname", labels={"role": "a"})
    outer = node("n2", "192.0.2.8", kind="ExternalIP", labels={"role": "a"})
    shut = cnp("p", egress=[go("Deny", nodes(select(role="a")))])
    assert [verdict([named, outer, shut], WEB, one) for one in ("192.0.2.7", "192.0.2.8")] == ["allow", "deny"]


def test_item_35_a_node_that_is_not_in_the_input_is_matched_perhaps() -> None:
    n1 = node("n1", "192.0.2.1", labels={"role": "a"})
    elsewhere, late = pod("agent", host=True, node="n9"), workload("DaemonSet", "late", host=True)
    here = pod("web", node="n3")
    for selector, does in ((select(role="a"), "undecided"), (select(role="none"), "undecided")):
        shut = cnp("p", egress=[go("Deny", nodes(selector))])
        assert told([n1, shut], here, elsewhere) == (does, [("p", 0, "deny")], ["unknown"])
        assert told([n1, shut], here, late)[0] == does
    seen = pod("agent", host=True, ips=["192.0.2.1"])
    assert cited(ask([n1, shut := cnp("p", egress=[go("Deny", nodes(select(role="a")))])], here, seen).egress.reached)
    assert [one.surely for one in ask([n1, shut], here, seen).egress.reached] == [True]


# --- what is perhaps --------------------------------------------------------------------------------------------------


def test_labels_of_a_namespace_that_is_not_read_are_open_but_for_its_name() -> None:
    name = "kubernetes.io/metadata.name"
    there = pod("web", namespace="alpha")
    for selector, expected in (
        (select(team="a"), ("undecided", [("p", 0, "deny")], ["unknown"])),
        (select(**{name: "alpha"}), ("deny", [("p", 0, "deny")], [])),
        (select(**{name: "beta"}), ("allow", [], [])),
        (expression("team", "DoesNotExist"), ("undecided", [("p", 0, "deny")], ["unknown"])),
        (ALL, ("deny", [("p", 0, "deny")], [])),
    ):
        for peers in (namespaces(selector), pods(ALL, selector)):
            rule = cnp("p", who=subject(select(app="db")), ingress=[come("Deny", peers)])
            assert told([there, rule], there, DB) == expected
        older = anp("p", who=subject(select(app="db")), ingress=[old_come("Deny", admin.AdminPeer(
            pods=admin.AdminPods(namespace_selector=selector, pod_selector=ALL)
        ))])  # fmt: skip
        assert told([there, older], there, DB) == expected
    (reason,) = ask([WEB, DB, cnp("p", ingress=[come("Deny", namespaces(select(team="a")))])]).reasons
    assert "namespace" in reason.text


def test_a_subject_that_perhaps_is_one_makes_every_rule_match_perhaps() -> None:
    rules = [come("Accept", at=at(80)), come("Deny")]
    for who in (of_namespaces(select(team="a")), subject(ALL, select(team="a"))):
        top = cnp("top", who=who, ingress=rules)
        found = ask([WEB, DB, top])
        assert (found.verdict, cited(found.by)) == ("undecided", [("top", 0, "allow"), ("top", 1, "deny")])
        assert [one.surely for one in found.by] == [False, False]
        read = [namespace("shop", team="a"), WEB, DB, top]
        assert (ask(read).verdict, cited(ask(read).by)) == ("allow", [("top", 0, "allow")])
        assert ask([namespace("shop", team="b"), WEB, DB, top]).by == ()


def test_labels_that_controllers_give_are_open_in_peers_and_subjects() -> None:
    late = workload("Deployment", "late")
    by_hash = select(**{"pod-template-hash": "6d5f8c"})
    peers = cnp("p", ingress=[come("Deny", pods(by_hash))])
    assert told([late, peers], late, DB) == ("undecided", [("p", 0, "deny")], ["unknown"])
    assert told([late, peers], WEB, DB) == ("allow", [], [])
    there = cnp("p", who=subject(by_hash), ingress=[come("Deny")])
    assert told([late, there], WEB, late) == ("undecided", [("p", 0, "deny")], ["unknown"])
    assert "controller" in ask([late, WEB, there], WEB, late).reasons[0].text


def test_pods_of_a_stateful_set_are_told_apart_where_admin_policies_ask_for_them() -> None:
    name = "statefulset.kubernetes.io/pod-name"
    owner = workload("StatefulSet", "db", replicas=2)
    first = select(**{name: "db-0"})
    older = admin.AdminPeer(pods=admin.AdminPods(pod_selector=first))
    for one in (
        cnp("p", who=subject(first), ingress=[come("Deny")]),
        cnp("p", ingress=[come("Deny", pods(first))]),
        cnp("p", egress=[go("Deny", pods(first))]),
        anp("p", egress=[old_go("Deny", older)]),
    ):
        assert [made.name for made in endpoints([owner, one])] == ["db-0", "db-1"]
    shut = cnp("p", who=subject(first), ingress=[come("Deny")])
    assert [verdict([owner, shut], WEB, made) for made in endpoints([owner, shut])] == ["deny", "allow"]


def test_a_tie_with_one_that_matches_perhaps_has_both_reasons() -> None:
    tied = [cnp("a", egress=[go("Accept", networks("10.0.0.0/8"))]), cnp("b", egress=[go("Deny")])]
    assert told(tied) == ("undecided", [("a", 0, "allow"), ("b", 0, "deny")], ["unknown", "ambiguous"])


def test_one_policy_that_is_open_is_no_tie() -> None:
    rules = [go("Accept", networks("10.0.0.0/8")), go("Deny")]
    beside = cnp("beside", egress=[go("Deny", at=at(9))])
    assert told([cnp("a", egress=rules), beside])[2] == ["unknown"]


# --- namespaces as v1alpha1 selects them ------------------------------------------------------------------------------

TEAMS = [
    namespace("shop", team="a", env="x"),
    namespace("twin", team="a", env="x"),
    namespace("half", team="a", env="y"),
    namespace("other", team="b", env="x"),
    namespace("bare"),
]


def from_namespaces(source: str, objects: Sequence[Decoded] = TEAMS, **fields: Any) -> str:
    """The verdict on a pod of this namespace, of the rule that denies these namespaces to pods of `shop`."""
    there = pod("one", namespace=source)
    both = [
        old_namespaces(**fields),
        admin.AdminPeer(pods=admin.AdminPods(namespaces=admin.AdminNamespaces(**fields), pod_selector=ALL)),
    ]
    found = {ask([*objects, there, DB, anp("p", ingress=[old_come("Deny", one)])], there, DB).verdict for one in both}
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    ("fields", "denied"),
    [
        ({"same_labels": ("team",)}, ["shop", "twin", "half"]),
        ({"same_labels": ("team", "env")}, ["shop", "twin"]),
        ({"same_labels": ("team", "zone")}, []),
        ({"same_labels": ()}, []),
        ({"not_same_labels": ("team",)}, ["other"]),
        ({"not_same_labels": ("team", "env")}, ["half", "other"]),
        ({"not_same_labels": ("team", "zone")}, []),
        ({"not_same_labels": ()}, []),
        ({"namespace_selector": select(team="a")}, ["shop", "twin", "half"]),
        ({"match_labels": {"team": "b"}}, ["other"]),
        ({}, ["shop", "twin", "half", "other", "bare"]),
    ],
)
def test_namespaces_of_the_older_forms(fields: dict[str, Any], denied: list[str]) -> None:
    assert [one.name for one in TEAMS if from_namespaces(one.name, **fields) == "deny"] == denied


def test_labels_of_the_subjects_namespace_have_to_be_there_to_be_the_same() -> None:
    objects = [namespace("shop"), namespace("bare"), namespace("other", team="a")]
    assert [from_namespaces(one, objects, same_labels=("team",)) for one in ("bare", "other")] == ["allow", "allow"]
    assert [from_namespaces(one, objects, not_same_labels=("team",)) for one in ("bare", "other")] == ["allow", "deny"]


def test_labels_of_namespaces_that_are_not_read_are_the_same_perhaps() -> None:
    name = "kubernetes.io/metadata.name"
    shop, bare = namespace("shop", team="a"), namespace("bare")
    assert from_namespaces("far", [shop], same_labels=("team",)) == "undecided"
    assert from_namespaces("far", [shop], not_same_labels=("team",)) == "undecided"
    assert from_namespaces("far", [shop], same_labels=("zone",)) == "allow"  # the subject's has no such label
    assert from_namespaces("bare", [bare], same_labels=("team",)) == "allow"
    assert from_namespaces("bare", [bare], not_same_labels=("team",)) == "allow"
    assert from_namespaces("shop", [], same_labels=("team",)) == "undecided"
    assert from_namespaces("shop", [], not_same_labels=("team",)) == "allow"  # it is the same namespace
    assert from_namespaces("shop", [], same_labels=(name,)) == "deny"
    assert from_namespaces("far", [], same_labels=(name,)) == "allow"
    assert from_namespaces("far", [], not_same_labels=(name,)) == "deny"
    assert from_namespaces("far", [], not_same_labels=(name, "team")) == "undecided"


def test_same_labels_are_compared_with_the_subject_in_both_directions() -> None:
    here, twin, other = pod("a"), pod("b", namespace="twin"), pod("c", namespace="other")
    out = anp("p", egress=[old_go("Deny", old_namespaces(same_labels=("team",)))])
    objects = [*TEAMS, here, twin, other, out]
    assert [ask(objects, here, one).verdict for one in (twin, other)] == ["deny", "allow"]


# --- NetworkPolicy between the two ------------------------------------------------------------------------------------


def test_a_pod_that_is_isolated_perhaps_may_be_left_to_baseline() -> None:
    late = workload("Deployment", "late")
    by_hash = select(**{"pod-template-hash": "6d5f8c"})
    floor = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    closes = policy("np", by_hash, types=["Ingress"])
    assert told([late, closes, floor], WEB, late) == ("deny", [("floor", 0, "deny")], [])
    admits = policy("np", by_hash, ingress=[build.come()])
    assert told([late, admits, floor], WEB, late) == ("undecided", [("floor", 0, "deny")], ["unknown"])
    assert told([late, closes], WEB, late) == ("undecided", [], ["unknown"])


def test_other_protocols_at_an_isolated_pod_may_be_left_to_baseline() -> None:
    closes = policy("np", ALL, ingress=[build.come(at=ports(80))])
    admits = policy("np", ALL, ingress=[build.come()])
    denies = cnp("floor", tier="Baseline", ingress=[come("Deny")])
    accepts = cnp("floor", tier="Baseline", ingress=[come("Accept")])
    ping: dict[str, Any] = {"number": 8 << 8, "protocol": ICMP}
    isolation = ("np", None, "deny")
    assert told([closes, denies], **ping) == ("deny", [("floor", 0, "deny"), isolation], [])
    assert told([closes, accepts], **ping) == ("undecided", [("floor", 0, "allow"), isolation], ["ambiguous"])
    assert told([closes], **ping) == ("undecided", [isolation], ["ambiguous"])
    assert told([admits, denies], **ping) == (
        "undecided",
        [("floor", 0, "deny"), ("np", 0, "allow"), isolation],
        ["ambiguous"],
    )
    assert told([closes, cnp("top", ingress=[come("Accept")])], **ping)[0] == "allow"


def test_an_open_side_cites_what_surely_allows_behind_what_may_pass() -> None:
    tied = [cnp("a", ingress=[come("Deny")]), cnp("b", ingress=[come("Pass")])]
    admits = policy("np", ALL, ingress=[build.come(), build.come(peer(cidr="10.0.0.0/8"))])
    by = [("a", 0, "deny"), ("b", 0, "pass"), ("np", 0, "allow"), ("np", 1, "allow"), ("np", None, "deny")]
    assert told([*tied, admits]) == ("undecided", by, ["ambiguous"])


# --- relations, what was not read, invalid objects --------------------------------------------------------------------


def test_no_admin_policy_cuts_a_pod_from_itself_or_its_own_node() -> None:
    placed, n1 = pod("web", node="n1"), node("n1", "192.0.2.1")
    shut = cnp("p", ingress=[come("Deny", newer())], egress=[go("Deny", networks("0.0.0.0/0"))])
    for src, dst, relation in ((placed, placed, "self"), (n1, placed, "own node"), (placed, n1, "own node")):
        found = ask([placed, n1, shut], src, dst)
        assert (found.verdict, found.relation, found.by) == ("allow", relation, ())
    reached = ask([placed, n1, shut], placed, placed).egress.reached
    assert cited(reached) == [("p", 0, "deny")]


def test_where_the_node_is_not_known_it_may_be_the_own_one() -> None:
    n1 = node("n1", "192.0.2.1")
    assert told([n1, cnp("p", egress=[go("Deny", networks("0.0.0.0/0"))])], WEB, n1) == (
        "undecided",
        [("p", 0, "deny")],
        ["unknown"],
    )


def test_where_only_the_own_node_leaves_it_open_what_denies_is_cited() -> None:
    n1 = node("n1", "192.0.2.1")
    top = cnp("top", egress=[go("Pass", networks("0.0.0.0/0"))])
    floor = cnp("floor", tier="Baseline", egress=[go("Deny", networks("0.0.0.0/0"))])
    assert told([n1, top, floor], WEB, n1) == ("undecided", [("floor", 0, "deny")], ["unknown"])
    tied = cnp("tied", egress=[go("Accept", nodes())])
    both = [("top", 0, "pass"), ("tied", 0, "allow"), ("floor", 0, "deny")]
    assert told([n1, top, tied, floor], WEB, n1) == ("undecided", both, ["ambiguous", "unknown"])


def test_what_was_not_read_is_laid_over_the_tiers() -> None:
    both, deny = (
        UnknownPolicy(kind="X", namespaces=(), hosts=False, effect=effect, reason=effect)
        for effect in ("both", "deny")  # type: ignore[arg-type]
    )
    denied, allowed = cnp("top", ingress=[come("Deny")]), cnp("top", ingress=[come("Accept")])
    assert told([denied], unknown=[both]) == ("undecided", [("top", 0, "deny")], ["unknown"])
    assert told([denied], unknown=[deny]) == ("deny", [("top", 0, "deny")], [])
    assert told([allowed], unknown=[deny]) == ("undecided", [("top", 0, "allow")], ["unknown"])


@pytest.mark.parametrize(
    "bad",
    [
        go("Reject"),
        go("Deny", networks("10.0.0.0/33")),
        go("Deny", networks("10.0.0.1")),
        go("Deny", namespaces(expression("team", "Is", "a"))),
        None,
    ],
)
def test_an_invalid_object_is_an_error_and_never_an_answer(bad: Any) -> None:
    with pytest.raises(ValueError, match=r"not an? |not appear"):
        ask([namespace("shop"), WEB, DB, cnp("p", egress=[bad])])


def test_a_policy_without_a_spec_or_a_subject_acts_on_nobody() -> None:
    empty = Decoded(kind="ClusterNetworkPolicy", namespace="", name="p", value=admin.ClusterNetworkPolicy())
    nobody = cnp("q", who=admin.Subject(), ingress=[come("Deny")])
    assert told([empty, nobody]) == ("allow", [], [])
