"""What is said of objects of kinds that are not read."""

from __future__ import annotations

import io

import pytest

import netwright as nw

PODS = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop}, spec: {containers: [{name: c}]}}
- {apiVersion: v1, kind: Pod, metadata: {name: b, namespace: shop}, spec: {containers: [{name: c}]}}
---
"""


def of_kind(version: str, kind: str) -> nw.Twin:
    text = f"{PODS}apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x, namespace: shop}}\nspec: {{}}\n"
    return nw.load("-", stdin=io.BytesIO(text.encode()))


@pytest.mark.parametrize(
    ("version", "kind", "code", "meant"),
    [
        ("gateway.networking.k8s.io/v1", "HTTPRoutes", "NW1008", "`HTTPRoute`"),
        ("batch.tutorial.k8s.io/v1", "CronJob", "NW1009", "`CronJob` of the group `batch`"),
        ("networking.k8s/v1", "NetworkPolicy", "NW1009", "`NetworkPolicy` of the group `networking.k8s.io`"),
        ("security.istio.io/v1", "AuthorisationPolicy", "NW1009", "`AuthorizationPolicy`"),
        ("cilium.io/v2", "CiliumNetworkPolcy", "NW1008", "`CiliumNetworkPolicy`"),
        ("example.org/v1", "Widget", "NW1009", ""),
        ("example.org/v1", "Service", "NW1009", ""),
        ("v1", "Widget", "NW1009", ""),
        ("networking.gke.io/v1", "FQDNNetworkPolicy", "NW1008", ""),
    ],
)
def test_the_kind_that_was_meant_perhaps(version: str, kind: str, code: str, meant: str) -> None:
    twin = of_kind(version, kind)
    (found,) = [d for d in twin.diagnostics if d.kind == kind]
    assert found.code == code
    if meant:
        assert found.help == f"did you mean {meant}? the API server refuses what is of no kind that it knows"
    else:
        assert "did you mean" not in found.help
    assert twin.accounting.not_understood == 1


@pytest.mark.parametrize(
    ("version", "kind", "meant"),
    [
        ("networking.k8s.io/v1", "networkpolicy", "`NetworkPolicy`"),
        ("networking.k8s.io/v1", "NetworkPolcy", "`NetworkPolicy`"),
        ("networking.k8s.io/v1", "NetworkPolicies", "`NetworkPolicy`"),
        ("v1", "pod", "`Pod`"),
        ("v1", "NetworkPolicy", "`NetworkPolicy` of the group `networking.k8s.io`"),
        ("v1", "Deployment", "`Deployment` of the group `apps`"),
        ("apps/v1", "Pod", "`Pod` of `v1`, the core group"),
    ],
)
def test_the_api_server_refuses_a_kind_that_its_own_groups_do_not_have(version: str, kind: str, meant: str) -> None:
    twin = of_kind(version, kind)
    (found,) = [d for d in twin.diagnostics if d.kind == kind]
    assert (found.code, found.severity, found.line) == ("NW1007", "error", 9)
    assert found.title == f"{kind} `shop/x`: `{version}` has no kind `{kind}`"
    assert found.help == f"did you mean {meant}?"
    assert twin.accounting.invalid == 1


def test_an_object_without_a_name_is_told_so() -> None:
    text = b"{apiVersion: v1, kind: Pod, metadata: {namespace: a}}\n---\n{apiVersion: example.org/v1, kind: W}\n"
    told = [d.title for d in nw.load("-", stdin=io.BytesIO(text)).diagnostics]
    assert told == [
        "Pod without a name: `metadata.name` is missing",
        "W (example.org/v1) is in none of the lists of kinds: without a name",
    ]


@pytest.mark.parametrize(
    ("version", "kind", "verdict"),
    [
        ("networking.k8s.io/v1", "networkpolicy", "allow"),
        ("v1", "NetworkPolicy", "allow"),
        ("policy.linkerd.io/v1", "AuthorisationPolicy", "undecided"),
    ],
)
def test_a_kind_that_is_near_another_changes_no_more_than_one_that_is_not(
    version: str, kind: str, verdict: str
) -> None:
    query = nw.Query(from_="shop/a", to="shop/b", protocol="TCP", port=80)
    (answer,) = of_kind(version, kind).ask(nw.Eval(queries=(query,)))
    assert answer.verdict == verdict
