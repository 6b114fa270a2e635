"""NetworkPolicies by as few as are found: what is one, what goes, what stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.base.errors import UsageError
from netwright.questions.convert import Converted
from tests.laws.test_reach import twin
from tests.unit.translate.test_clusternetworkpolicy import CLUSTER, pod

Object = dict[str, Any]


def policy(name: str, app: str | None, **spec: Any) -> Object:
    pods = {"matchLabels": {"app": app}} if app else {}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"podSelector": pods, **spec},
    }


def fewest(*policies: Object) -> Converted:
    return twin([*CLUSTER, *policies], ()).convert("networkpolicy", fewest=True)


def allow(app: str, *ports: int) -> Object:
    rule: Object = {"from": [{"podSelector": {"matchLabels": {"app": app}}}]}
    return rule | ({"ports": [{"port": port} for port in ports]} if ports else {})


def test_policies_that_select_alike_are_one_in_every_cluster() -> None:
    found = fewest(
        policy("b", "web", ingress=[allow("api", 80)]),
        policy("a", "web", ingress=[allow("api", 443), allow("db", 1)], policyTypes=["Ingress", "Egress"]),
        policy("other", "api", ingress=[allow("web")]),
    )
    (made,) = found.objects
    assert made.made_of == "NetworkPolicy shop/a, NetworkPolicy shop/b"
    assert made.object["metadata"] == {"name": "a", "namespace": "shop"}
    assert made.object["spec"] == {
        "podSelector": {"matchLabels": {"app": "web"}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {**allow("api"), "ports": [{"port": 443}, {"port": 80}]},
            allow("db", 1),
        ],
    }
    assert found.replaced == ("NetworkPolicy shop/a", "NetworkPolicy shop/b")
    assert found.proof == "every cluster"
    assert found.fewest is not None
    assert (found.fewest.before, found.fewest.after, found.fewest.at_least) == (3, 2, 1)
    assert [(one.kind, one.count) for one in found.left_alone] == [("NetworkPolicy", 1)]


def test_values_of_one_label_are_one_selector() -> None:
    rule = {"from": [{"namespaceSelector": {}}]}
    found = fewest(policy("a", "web", ingress=[rule]), policy("b", "api", ingress=[rule]))
    (made,) = found.objects
    assert made.object["spec"]["podSelector"] == {
        "matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "web"]}]
    }
    assert found.proof == "this cluster"
    assert found.fewest is not None
    assert (found.fewest.after, found.fewest.at_least) == (1, 1)


def test_what_decides_nothing_goes_and_what_selects_nobody_stays() -> None:
    found = fewest(
        policy("deny", None),
        policy("needless", "web", ingress=[]),
        policy("later", "batch", ingress=[allow("web")]),
        policy("needed", "api", ingress=[allow("web", 80)]),
    )
    assert found.objects == ()
    assert found.replaced == ("NetworkPolicy shop/needless",)
    assert [(r.kind, r.refused) for r in found.residues] == [("decides nothing", False)]
    assert found.proof == "this cluster"


def test_of_what_is_needless_only_beside_others_some_stay() -> None:
    """Any two of these isolate all pods: each may go, and then none of the others."""
    found = fewest(
        pod("shop", "cache"),
        *(
            {**policy(f"but-{app}", None), "spec": {"podSelector": {"matchExpressions": [expression]}, "ingress": []}}
            for app in ("api", "cache", "web")
            for expression in [{"key": "app", "operator": "NotIn", "values": [app]}]
        ),
    )
    assert found.replaced == ("NetworkPolicy shop/but-api",)
    assert found.fewest is not None
    assert (found.fewest.after, found.proof) == (2, "this cluster")


def test_a_direction_that_is_not_isolated_keeps_no_rules() -> None:
    """Rules of a direction that `policyTypes` leave out do nothing, and would if they came to a policy that has it."""
    idle = policy("a", "web", policyTypes=["Ingress"], egress=[{}], ingress=[])
    found = fewest(idle, policy("b", "web", policyTypes=["Egress"]))
    (made,) = found.objects
    assert made.object["spec"] == {"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"]}
    assert found.proof == "every cluster"


def test_other_languages_have_no_fewest() -> None:
    with pytest.raises(UsageError):
        twin(CLUSTER, ()).convert("clusternetworkpolicy", fewest=True)
