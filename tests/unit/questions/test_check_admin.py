"""Findings where admin policies are: what they change of findings about NetworkPolicies, and what is not told twice."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.admin_policies import cnp, pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest, service

SYSTEM = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}"
DNS_PORTS = "protocols: [{udp: {destinationPort: {number: 53}}}, {tcp: {destinationPort: {number: 53}}}]"
TO_DB = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: to-db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: db}}}]
"""
FROM_WEB = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
"""
OUTSIDE = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: outside, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
"""
NO_EGRESS = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: db}}}]
"""


def found(*parts: str) -> dict[str, Finding]:
    return {f.code: f for f in nw.load("-", stdin=BytesIO(manifest(*parts).encode())).check().findings}


def test_dns_that_the_admin_tier_accepts_is_not_lacking() -> None:
    assert "NW2130" in found(WEB, DB, DENY, TO_DB, FROM_WEB)
    accepted = cnp(f"egress: {{action: Accept, to: [{SYSTEM}], {DNS_PORTS}}}")
    assert "NW2130" not in found(WEB, DB, DENY, TO_DB, FROM_WEB, accepted)
    other = cnp(
        f"egress: {{action: Accept, to: [{SYSTEM}], protocols: [{{tcp: {{destinationPort: {{number: 443}}}}}}]}}"
    )
    assert "NW2130" in found(WEB, DB, DENY, TO_DB, FROM_WEB, other)


def test_what_the_admin_tier_denies_is_not_said_to_be_reached() -> None:
    assert "NW3301" in found(WEB, DENY, OUTSIDE)
    denied = cnp("egress: {action: Deny, to: [{networks: [169.254.169.254/32]}]}")
    assert "NW3301" not in found(WEB, DENY, OUTSIDE, denied)
    late = cnp("egress: {action: Deny, to: [{networks: [169.254.169.254/32]}]}", tier="Baseline")
    assert "NW3301" in found(WEB, DENY, OUTSIDE, late)


def test_of_a_refused_entry_the_deny_rule_is_shown_and_not_a_policy_that_isolates() -> None:
    deny = cnp(f"ingress: {{action: Deny, from: [{pods('app: web')}]}}", subject=pods("app: db"))
    one = found(WEB, DB, DENY, TO_DB, FROM_WEB, deny)["NW2120"]
    assert [(mark.kind, mark.name, mark.label) for mark in one.also] == [("ClusterNetworkPolicy", "guard", "denies it")]
    assert "no NetworkPolicy can allow it" in one.help
    isolated = found(WEB, DB, DENY, TO_DB)["NW2120"]
    assert [mark.kind for mark in isolated.also] == ["NetworkPolicy"]
    assert "admit" in isolated.help


@pytest.mark.parametrize(
    ("rule", "is_told"),
    [
        ("ingress: {action: Deny, from: [{namespaces: {}}]}", True),
        ("egress: {action: Deny, to: [{networks: [203.0.113.0/24]}]}", True),
        (f"egress: {{action: Accept, to: [{SYSTEM}]}}", False),  # its pods are not in the input
        (f"ingress: {{action: Accept, from: [{SYSTEM}]}}", True),
        ("egress: {action: Accept, to: [{networks: [203.0.113.0/24]}]}", False),
    ],
)
def test_a_silent_isolation_is_told_where_no_admin_policy_accepts(rule: str, is_told: bool) -> None:
    assert ("NW2203" in found(WEB, DB, NO_EGRESS, cnp(rule))) == is_told


def test_a_service_is_closed_where_no_admin_policy_accepts() -> None:
    web = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")
    assert "NW4007" in found(WEB, DB, DENY, web)
    port = "protocols: [{tcp: {destinationPort: {number: %d}}}]"
    assert "NW4007" in found(WEB, DB, DENY, web, cnp("ingress: {action: Deny, from: [{namespaces: {}}]}"))
    accepts = "ingress: {action: Accept, from: [{namespaces: {}}], " + port
    assert "NW4007" not in found(WEB, DB, DENY, web, cnp(accepts % 8080 + "}"))
    assert "NW4007" in found(WEB, DB, DENY, web, cnp(accepts % 9090 + "}"))


# --- of admin policies themselves -------------------------------------------------------------------------------------


def test_that_a_rule_comes_too_late_is_told_in_every_cluster_or_not_at_all() -> None:
    wide = cnp("ingress: {action: Deny, from: [{namespaces: {}}]}", name="wide", priority=1)
    narrow = cnp(f"ingress: {{action: Pass, from: [{pods('app: db')}]}}", name="narrow", priority=2)
    assert found(WEB, DB, DENY, wide, narrow)["NW2320"].name == "narrow"
    # only here are pods of `shop` all that there are: another namespace may come
    shop = cnp("ingress: {action: Deny, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}]}")
    later = cnp(
        "ingress: {action: Accept, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}",
        name="later",
        priority=20,
    )
    assert "NW2320" not in found(WEB, DB, DENY, shop, later)


def test_a_tie_is_told_only_where_the_verdict_hangs_on_it() -> None:
    deny = cnp(f"ingress: {{action: Deny, from: [{pods('app: db')}]}}", subject=pods("app: web"))
    passes = cnp(f"ingress: {{action: Pass, from: [{pods('app: db')}]}}", subject=pods("app: web"), name="other")
    assert "NW2322" not in found(WEB, DB, DENY, deny, passes)  # passed on to isolation: denied either way
    assert "NW2322" in found(WEB, DB, deny, passes)


def test_ranges_are_told_where_no_rule_before_is_for_pods_and_pods_are_not_meant() -> None:
    everything = "egress: {action: Deny, to: [{networks: [0.0.0.0/0]}]}"
    assert "NW2331" in found(WEB, DB, DENY, cnp(everything))
    assert "NW2331" not in found(WEB, DB, DENY, cnp("egress: {action: Pass, to: [{namespaces: {}}]}", everything))
    assert "NW2331" not in found(WEB, DB, DENY, cnp("egress: {action: Deny, to: [{networks: [203.0.113.0/24]}]}"))


def test_a_subject_of_a_namespace_that_is_not_in_the_input_is_not_said_to_select_nothing() -> None:
    elsewhere = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: elsewhere}}}"
    rule = "ingress: {action: Deny, from: [{namespaces: {}}]}"
    assert "NW2301" not in found(WEB, DENY, cnp(rule, subject=elsewhere))
    assert "NW2302" not in found(WEB, DENY, cnp(f"ingress: {{action: Deny, from: [{elsewhere}]}}"))


@pytest.mark.parametrize("cni", ["upstream", "cilium", "calico", "ovn-kubernetes"])
def test_that_everybody_is_accepted_is_told_where_there_are_nodes_too(cni: str) -> None:
    """OVN-Kubernetes sees the node of a pod otherwise than other nodes."""
    node = "{apiVersion: v1, kind: Node, metadata: {name: n1}}"
    accepted = f"""\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: all}}
spec: {{priority: 5, subject: {{namespaces: {{}}}}, ingress: [{{action: Allow, from: [{{namespaces: {{}}}}]}}]}}
---
{node}
"""
    stdin = BytesIO(manifest(WEB, DB, DENY, accepted).encode())
    codes = {f.code for f in nw.load("-", stdin=stdin, cni=cni).check().findings}
    assert ("NW2333" in codes) == (cni in ("upstream", "ovn-kubernetes"))  # the others do not read these policies
