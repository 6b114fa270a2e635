"""Which rules say the same in every cluster, and which only seem to."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.translate.languages import LANGUAGES
from netwright.translate.proving import Proving
from tests.agreement_cilium import decoded
from tests.laws.test_reach import twin
from tests.unit.translate.test_clusternetworkpolicy import CLUSTER, held
from tests.unit.translate.test_clusternetworkpolicy import rule as admin_rule
from tests.unit.translate.test_from_cilium import API, EVERYBODY, PING, SNI, cilium, ports, rule

Object = dict[str, Any]
WEB80 = ports({"port": "80", "protocol": "TCP"})
OPEN = {"enableDefaultDeny": {"ingress": False, "egress": False}}
TIER = {"fromEndpoints": [{"matchLabels": {"app": "api", "tier": "back"}}]}
DB = {"fromEndpoints": [{"matchLabels": {"app": "db"}}]}
PAIRS: dict[str, tuple[Object, Object, bool]] = {
    "a rule within another": (rule(ingress=[API, TIER]), rule(ingress=[API]), True),
    "a rule beyond another": (rule(ingress=[API | WEB80, TIER]), rule(ingress=[API | WEB80]), False),
    "the same on fewer ports": (rule(ingress=[API, API | WEB80]), rule(ingress=[API]), True),
    "addresses in another cut": (
        rule(ingress=[{"fromCIDR": ["192.0.2.0/25", "192.0.2.128/25"]}]),
        rule(ingress=[{"fromCIDR": ["192.0.2.0/24"]}]),
        True,
    ),
    "addresses beside": (
        rule(ingress=[{"fromCIDR": ["192.0.2.0/25", "192.0.3.0/25"]}]),
        rule(ingress=[{"fromCIDR": ["192.0.2.0/24"]}]),
        False,
    ),
    "a port by its name from outside": (
        rule(ingress=[{"fromCIDR": ["192.0.2.0/24"]} | ports({"port": "http", "protocol": "TCP"}), API]),
        rule(ingress=[API]),
        False,
    ),
    "an allowance that is denied": (
        rule(ingress=[API, DB], ingressDeny=[DB]),
        rule(ingress=[API], ingressDeny=[DB]),
        True,
    ),
    "an allowance that is denied in part": (
        rule(ingress=[API, DB], ingressDeny=[DB | WEB80]),
        rule(ingress=[API], ingressDeny=[DB | WEB80]),
        False,
    ),
    "a denial of what nothing allows": (rule(ingress=[API], ingressDeny=[DB]), rule(ingress=[API]), True),
    "a denial of ICMP that nothing allows": (
        rule(ingress=[API | WEB80], ingressDeny=[API | PING]),
        rule(ingress=[API | WEB80]),
        True,
    ),
    "a denial of what is allowed": (rule(ingress=[EVERYBODY], ingressDeny=[DB]), rule(ingress=[EVERYBODY]), False),
    "a denial where nothing isolates": (
        rule(ingress=[API], ingressDeny=[DB], **OPEN),
        rule(ingress=[API], **OPEN),
        False,
    ),
    "requests that are asked for": (
        rule(egress=[{"toCIDR": ["192.0.2.0/24"], "toPorts": [SNI]}, {"toCIDR": ["192.0.2.0/24"]}]),
        rule(egress=[{"toCIDR": ["192.0.2.0/24"]}]),
        False,
    ),
    "port 0": (
        rule(ingress=[API | ports({"port": "0", "protocol": "TCP"})]),
        rule(ingress=[API | ports({"port": "1", "endPort": 65535, "protocol": "TCP"})]),
        True,
    ),
    "isolation": (rule(ingress=[API], egress=[{}]), rule(ingress=[API]), False),
}


@pytest.mark.parametrize("name", PAIRS)
def test_rules_are_the_same_where_they_say_the_same(name: str) -> None:
    before, after, same = PAIRS[name]
    assert is_same([cilium("web", before)], [cilium("web", after)]) is same
    assert is_same([cilium("web", after)], [cilium("web", before)]) is same


def test_a_denial_is_the_same_as_the_last_admin_policy_unless_one_passes_on() -> None:
    denies, plain = (
        cilium("web", rule(ingress=[EVERYBODY], ingressDeny=[API])),
        cilium("web", rule(ingress=[EVERYBODY])),
    )
    home = {"matchLabels": {"kubernetes.io/metadata.name": "shop"}}
    peer = {"pods": {"namespaceSelector": home, "podSelector": {"matchLabels": {"app": "api"}}}}
    last = held("last", "Admin", 9, ingress=[{"action": "Deny", "from": [peer]}])
    last["spec"]["subject"] = {"pods": {"namespaceSelector": home, "podSelector": {"matchLabels": {"app": "web"}}}}
    for action, same in (("Accept", True), ("Deny", True), ("Pass", False)):
        first = held("first", "Admin", 1, ingress=[admin_rule(action)])
        assert is_same([first, denies], [first, last, plain]) is same, action
    behind = held("behind", "Admin", 10, ingress=[admin_rule("Accept")])
    assert not is_same([behind, denies], [behind, last, plain])


def is_same(before: list[Object], after: list[Object]) -> bool:
    proving = Proving(twin([*CLUSTER, *before], (), "cilium").cluster, LANGUAGES["networkpolicy"])
    sides = ([decoded(m) for m in [*CLUSTER, *policies]] for policies in (before, after))
    return proving.is_same(*sides)
