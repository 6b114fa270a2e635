"""What a policy's sections bring about unsaid, and rules for everybody."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, image: db}]}
---
"""


def policy(name: str, spec: str) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {spec}
---
"""


def codes(*policies: str) -> list[str]:
    twin = nw.load("-", stdin=BytesIO((PODS + "".join(policies)).encode()))
    return sorted(f.code for f in twin.check().findings if f.code.startswith("NW22"))


ONLY_OUT = policy("web", "{podSelector: {matchLabels: {app: web}}, egress: [{to: [{podSelector: {}}]}]}")
NO_OUT = policy(
    "web",
    "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}",
)


def test_denied_ingress_is_told_only_where_this_policy_alone_denies_it() -> None:
    assert codes(ONLY_OUT) == ["NW2205"]
    assert codes(ONLY_OUT, policy("deny", "{podSelector: {}, policyTypes: [Ingress]}")) == []
    assert codes(ONLY_OUT, policy("deny", "{podSelector: {}, policyTypes: [Egress]}")) == ["NW2205"]
    # another policy at another pod does not help this one
    assert codes(ONLY_OUT, policy("db", "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}")) == [
        "NW2205"
    ]


def test_denied_egress_is_told_only_where_this_policy_alone_denies_it() -> None:
    assert codes(NO_OUT) == ["NW2203"]
    assert codes(NO_OUT, policy("deny", "{podSelector: {}, policyTypes: [Egress]}")) == []
    assert codes(NO_OUT.replace("Ingress, Egress", "Ingress")) == []


def test_a_default_deny_is_no_finding() -> None:
    assert codes(policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")) == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("ingress: [{from: []}]", "NW2206"),
        ("ingress: [{from: [], ports: [{port: 80}]}]", "NW2206"),
        ("ingress: [{}]", "NW2207"),
        ("ingress: [{ports: []}]", "NW2207"),
        ("ingress: [{ports: [{port: 80}]}]", ""),
        ("ingress: [{from: [{namespaceSelector: {}}]}]", "NW2208"),
        ("ingress: [{from: [{namespaceSelector: {}, podSelector: {}}]}]", "NW2208"),
        ("ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]", ""),
        ("egress: [{to: []}]", "NW2206"),
        ("egress: [{}]", "NW2210"),
        ("egress: [{to: [{namespaceSelector: {}}]}]", ""),
    ],
)
def test_rules_for_everybody(rule: str, code: str) -> None:
    deny = policy("deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
    side = "Ingress" if rule.startswith("ingress") else "Egress"
    assert codes(deny, policy("web", f"{{podSelector: {{}}, policyTypes: [{side}], {rule}}}")) == [code] * bool(code)
