"""Selectors that select nothing: what is said of them, and where the input leaves it open and nothing is."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding

POD = """\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}
spec: {{containers: [{{name: main, image: main}}]}}
---
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {pods}
  policyTypes: [Ingress]
  ingress: [{{from: [{peers}]}}]
---
"""


def namespace(name: str, labels: str = "") -> str:
    return f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n---\n"


def pod(name: str, namespace: str = "shop") -> str:
    return POD.format(name=name, namespace=namespace)


def policy(peers: str = "{podSelector: {}}", pods: str = "{}") -> str:
    return POLICY.format(peers=peers, pods=pods)


def found(*manifests: str) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO("".join(manifests).encode()))
    return [f for f in twin.check().findings if f.code.startswith("NW20")]


def codes(*manifests: str) -> list[str]:
    return [f.code for f in found(*manifests)]


def test_a_misspelt_label_is_answered_with_the_right_one() -> None:
    (finding,) = found(pod("carts"), policy(pods="{matchLabels: {app: cart}}"))
    assert (finding.code, finding.path) == ("NW2001", "spec.podSelector")
    assert "did you mean `app: carts`?" in finding.help


def test_a_policy_in_the_wrong_namespace_is_told_so() -> None:
    (finding,) = found(pod("web"), pod("gate", "front"), policy(pods="{matchLabels: {app: gate}}"))
    assert finding.code == "NW2001"
    assert "move the policy to `front`" in finding.help


def test_workloads_without_pods_at_present_may_be_meant() -> None:
    asleep = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: db}]}}
---
"""
    only_db = policy("{podSelector: {matchLabels: {app: db}}}", "{matchLabels: {app: db}}")
    assert codes(pod("web"), only_db) == ["NW2001", "NW2003"]
    assert codes(pod("web"), asleep, only_db) == []


def test_kinds_that_are_not_read_may_make_the_pods() -> None:
    kafka = "apiVersion: kafka.strimzi.io/v1\nkind: Kafka\nmetadata: {name: db, namespace: shop}\n---\n"
    assert codes(pod("web"), kafka, policy("{podSelector: {matchLabels: {app: db}}}")) == []


def test_a_namespace_without_workloads_is_told_once_and_its_policies_are_not_judged() -> None:
    apart = [policy("{podSelector: {matchLabels: {app: x}}}").replace("name: web", f"name: web-{i}") for i in range(3)]
    (finding,) = found(pod("web", "other"), *apart)
    assert finding.code == "NW2002"
    assert finding.title.startswith("3 policies for namespace `shop`")


@pytest.mark.parametrize(
    "peer",
    [
        "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}",
        "{namespaceSelector: {matchLabels: {name: monitoring}}}",
        "{namespaceSelector: {matchLabels: {purpose: monitoring}}}",
        "{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}",
        "{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [shop, front]}]}}",
    ],
)
def test_a_namespace_that_is_not_in_the_input_may_be_meant(peer: str) -> None:
    parts = (namespace("shop", "team: shop"), namespace("front", "team: front"), pod("web"), pod("gate", "front"))
    assert codes(*parts, policy(peer)) == []
    # with the namespaces of every cluster it would have to be there
    assert codes(*parts, namespace("kube-system"), pod("dns", "kube-system"), policy(peer)) in (
        ["NW2004"],
        ["NW2005"],
        [],
    )


def test_all_namespaces_of_a_cluster_leave_nothing_open() -> None:
    parts = (namespace("shop"), namespace("kube-system"), pod("web"), pod("dns", "kube-system"))
    by_name = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}"
    anywhere = "{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}"
    assert codes(*parts, policy(by_name)) == ["NW2004"]
    assert codes(*parts, policy(anywhere)) == ["NW2005"]


def test_a_namespace_of_unknown_labels_may_have_them() -> None:
    peer = policy("{namespaceSelector: {matchLabels: {name: front}}}")
    assert codes(pod("web"), pod("gate", "front"), peer) == []
    assert codes(pod("web"), pod("gate", "front"), namespace("front"), peer) == []  # those of `shop` are not known
    assert codes(pod("web"), pod("gate", "front"), namespace("front"), namespace("shop"), peer) == ["NW2008"]


def test_two_entries_are_told_only_where_the_pods_are_in_the_selected_namespaces() -> None:
    two = policy("{namespaceSelector: {matchLabels: {team: front}}}, {podSelector: {matchLabels: {app: gate}}}")
    front = namespace("front", "team: front")
    (finding,) = found(namespace("shop"), front, pod("web"), pod("gate", "front"), two)
    assert finding.code == "NW2007"
    assert [mark.path for mark in finding.also] == ["spec.ingress[0].from[0].namespaceSelector"]
    assert codes(namespace("shop"), front, pod("web"), pod("gate", "back"), pod("x", "front"), two) == ["NW2006"]
    assert codes(namespace("shop"), front, pod("web"), pod("gate"), pod("gate", "front"), two) == []


@pytest.mark.parametrize(
    ("selector", "is_impossible"),
    [
        ("{matchLabels: {app: a}, matchExpressions: [{key: app, operator: NotIn, values: [a]}]}", True),
        ("{matchLabels: {app: a}, matchExpressions: [{key: app, operator: DoesNotExist}]}", True),
        ("{matchExpressions: [{key: app, operator: Exists}, {key: app, operator: DoesNotExist}]}", True),
        (
            "{matchExpressions: [{key: app, operator: In, values: [a, b]}, {key: app, operator: NotIn, values: [a]}]}",
            False,
        ),
        ("{matchExpressions: [{key: app, operator: NotIn, values: [a]}, {key: app, operator: DoesNotExist}]}", False),
    ],
)
def test_requirements_that_exclude_each_other(selector: str, is_impossible: bool) -> None:
    assert codes(pod("b"), policy(pods=selector)) == (
        ["NW2009"] if is_impossible else ["NW2001"] * ("Does" in selector)
    )
    assert (
        codes(pod("b"), policy(f"{{namespaceSelector: {{}}, podSelector: {selector}}}")) == ["NW2009"] * is_impossible
    )


def test_one_peer_in_many_rules_of_a_policy_is_told_once() -> None:
    rules = policy("{podSelector: {matchLabels: {app: dab}}}")
    twice = rules.replace("ingress: [", "ingress: [{from: [{podSelector: {matchLabels: {app: dab}}}]}, ")
    assert codes(pod("web"), pod("db"), twice) == ["NW2003"]
