"""Engine and reference evaluator on random Calico clusters: verdicts, why they are open, and the rules cited."""

from __future__ import annotations

import pytest

from tests.agreement_calico import asked_under, compare, compare_case, decode_all, judged
from tests.agreement_cilium import by_evaluator, parts
from tests.random_calico import calico
from tests.random_cilium import NODE_NET, Case, Object, node

GROUPS, CLUSTERS, TUPLES = 20, 10, 100


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_evaluator_agree_under_calico(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    found = [compare(one, TUPLES) for one in range(first, first + CLUSTERS)]
    assert not [told for one in found for told in one.differing][:5]
    assert {"allow", "deny"} <= {verdict for one in found for verdict in one.verdicts}


# --- differences that random clusters showed, each as small as it got ----------------------------------------------


def policy(kind: str, name: str, spec: Object) -> Object:
    return calico(kind, {"name": name} | ({} if kind == "GlobalNetworkPolicy" else {"namespace": "shop"}), spec)


def pod(name: str, labels: Object, number: int, where: str = "here") -> Object:
    text = f"10.0.0.{number}"
    status = {"phase": "Running", "podIP": text, "podIPs": [{"ip": text}]}
    spec = {"nodeName": where, "containers": [{"name": "c", "image": "i"}]}
    meta = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


HERE = node("here", NODE_NET.format(1))
NOWHERE = pod("lost", {"app": "lost"}, 3, "")
"""Its node is not known."""
PODS = [pod("web", {"app": "web"}, 1), pod("db", {"app": "db"}, 2)]
WEB_TO_DB = ("shop/web", "shop/db", "TCP", 80)
OF_BLUE = {"namespaceSelector": "team == 'blue'"}
DENY_FROM_53: Object = {"action": "Deny", "protocol": "TCP", "source": {"ports": [53]}}
Expected = set[tuple[str, str, int | None, str]]

FOUND: list[tuple[str, list[Object], tuple[str, str, str, int], str, Expected]] = [
    (
        "a-rule-that-decides-and-not-the-end-behind-it",
        [policy("GlobalNetworkPolicy", "all", {"ingress": [{"action": "Deny"}]})],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", 0, "deny")},
    ),
    (
        "the-end-of-a-tier-that-is-passed",
        [
            calico("Tier", {"name": "first"}, {"order": 1}),
            policy("GlobalNetworkPolicy", "on", {"tier": "first", "ingress": [{"action": "Pass"}]}),
            policy("NetworkPolicy", "all", {}),
        ],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", None, "deny")},
    ),
    (
        "policies-let-go-what-the-node-drops",
        [HERE, policy("GlobalNetworkPolicy", "out", {"egress": [{"action": "Allow"}]})],
        ("shop/web", "host", "TCP", 80),
        "deny",
        set(),
    ),
    (
        "a-policy-perhaps-denies-what-the-node-surely-drops",
        [HERE, policy("GlobalNetworkPolicy", "out", {"egress": [DENY_FROM_53, {"action": "Allow"}]})],
        ("shop/web", "host", "TCP", 80),
        "deny",
        set(),
    ),
    (
        "a-policy-that-perhaps-selects-beside-one-that-does",
        [policy("GlobalNetworkPolicy", "blue", OF_BLUE), policy("GlobalNetworkPolicy", "all", {})],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", None, "deny")},
    ),
    (
        "a-policy-that-perhaps-selects",
        [policy("GlobalNetworkPolicy", "blue", OF_BLUE)],
        WEB_TO_DB,
        "undecided",
        set(),
    ),
    (
        "a-perhaps-denial-before-an-end",
        [policy("GlobalNetworkPolicy", "all", {"ingress": [DENY_FROM_53]})],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", None, "deny")},
    ),
    (
        "the-first-of-two-rules-that-allow",
        [policy("NetworkPolicy", "db", {"selector": "app == 'db'", "ingress": [{"action": "Allow"}] * 2})],
        WEB_TO_DB,
        "allow",
        {("ingress", "db", 0, "allow")},
    ),
    (
        "a-rule-that-allows-what-is-let-in-if-the-node-is-the-own",
        [HERE, NOWHERE, policy("GlobalNetworkPolicy", "in", {"ingress": [{"action": "Allow"}]})],
        ("node/here", "shop/lost", "TCP", 80),
        "allow",
        {("ingress", "in", 0, "allow")},
    ),
]


@pytest.mark.parametrize(("name", "manifests", "query", "verdict", "by"), FOUND, ids=[one[0] for one in FOUND])
def test_what_random_clusters_have_shown(
    name: str, manifests: list[Object], query: tuple[str, str, str, int], verdict: str, by: Expected
) -> None:
    case = Case(0, {}, [*PODS, *manifests], [query])
    assert compare_case(case) == ([verdict], [], case)
    if verdict != "undecided":
        inquirer = asked_under(case, objects := decode_all(case.manifests))
        (part,) = parts(inquirer, objects, query)
        told = by_evaluator(judged(case, inquirer, objects, part))
        assert {(side, policy, rule, action) for side, _, policy, rule, action in told} == by
