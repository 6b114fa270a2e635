"""What a policy's sections bring about unsaid, and rules for everybody."""

from __future__ import annotations

from io import BytesIO

import pytest
import yaml

import netwright as nw
from netwright.model.finding_codes import finding_codes

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


NAMESPACES = "".join(f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}}}\n---\n" for n in ("shop", "out"))
ADMIN = """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: admin}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
---
"""


@pytest.mark.parametrize(("side", "code"), [("ingress", "NW2207"), ("egress", "NW2210")])
def test_the_effect_of_a_rule_for_everybody_is_of_its_direction_and_leaves_room_for_what_denies(
    side: str, code: str
) -> None:
    everybody = policy("web", f"{{podSelector: {{}}, policyTypes: [{side.capitalize()}], {side}: [{{}}]}}")
    twin = nw.load("-", stdin=BytesIO((NAMESPACES + PODS + everybody + ADMIN).encode()))
    assert twin.why("shop/web", "shop/db:5432").verdict == "deny"  # what an Admin tier denies stays denied
    (effect,) = (f.effect for f in twin.check().findings if f.code == code)
    assert f"isolated for {side} in name only" in effect
    assert "only what denies does" in effect


def test_the_cure_of_a_rule_for_everybody_is_of_the_same_direction() -> None:
    for code, side in (("NW2207", "ingress"), ("NW2210", "egress")):
        known = next(c for c in finding_codes() if c.code == code)
        for manifests in (known.fails, known.passes):
            (last,) = (
                d
                for d in yaml.safe_load_all(manifests)
                if d["metadata"]["name"] == "web" and "podSelector" in d["spec"]
            )
            assert last["spec"]["policyTypes"] == [side.capitalize()]
            assert last["spec"][side]
