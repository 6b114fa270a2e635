"""A Service has one address family where nothing is written, and which one is the cluster's to say."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw

PODS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: example/web:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: example/db:1}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{ipBlock: {cidr: "fd00::/56"}}], ports: [{port: 80}]}, {ports: [{port: 81}]}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{name: a, port: 80}, {name: b, port: 81}, {name: c, port: 82}]%s}
"""
BOTH = "10.244.0.0/16,fd00::/56"


@pytest.mark.parametrize(
    ("written", "over_4", "over_6", "over_any"),
    [
        ("", "deny", "undecided", "undecided"),
        (", ipFamilyPolicy: SingleStack", "deny", "undecided", "undecided"),
        (", ipFamilies: [IPv6]", "deny", "allow", "allow"),
        (", ipFamilies: [IPv4]", "deny", "deny", "deny"),
        (", clusterIP: 10.96.0.9", "deny", "deny", "deny"),
        (", clusterIP: None", "deny", "undecided", "undecided"),
        (", ipFamilyPolicy: RequireDualStack", "deny", "allow", "undecided"),
    ],
)
def test_what_passes_over_a_family_that_it_may_not_have_is_open(
    tmp_path: Path, written: str, over_4: str, over_6: str, over_any: str
) -> None:
    (tmp_path / "shop.yaml").write_text(PODS % written, encoding="utf-8")
    twin = nw.load(str(tmp_path), pod_cidr=BOTH)

    def verdict(port: int, **family: int) -> str:
        ask = {"from": "shop/web", "to": "svc/shop/db", "protocol": "TCP", "port": port, **family}
        (answer,) = twin.eval([ask])
        return answer.verdict

    assert (verdict(80, family=4), verdict(80, family=6), verdict(80)) == (over_4, over_6, over_any)
    assert verdict(81) == "allow", "over either family"
    assert {verdict(82), verdict(82, family=4), verdict(82, family=6)} == {"deny"}


def test_a_cluster_of_one_family_leaves_no_choice(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(PODS % "", encoding="utf-8")
    twin = nw.load(str(tmp_path), pod_cidr="10.244.0.0/16")
    assert twin.why("shop/web", "svc/shop/db:81", family=4).verdict == "allow"


@pytest.mark.parametrize(
    ("written", "from_4", "from_6", "internet"),
    [
        ("", "undecided", "undecided", "allow"),
        (", ipFamilies: [IPv4]", "allow", "deny", "allow"),
        (", ipFamilyPolicy: RequireDualStack", "allow", "allow", "allow"),
        (", externalTrafficPolicy: Local", "undecided", "undecided", "allow"),
    ],
)
def test_a_node_passes_on_over_the_family_that_the_service_has(
    tmp_path: Path, written: str, from_4: str, from_6: str, internet: str
) -> None:
    (tmp_path / "shop.yaml").write_text(PODS % f", type: NodePort{written}", encoding="utf-8")
    twin = nw.load(str(tmp_path), pod_cidr=BOTH)

    def verdict(source: str, port: int) -> str:
        return twin.why(source, f"svc/shop/db:{port}").verdict

    assert (verdict("203.0.113.9", 81), verdict("2001:db8::9", 81)) == (from_4, from_6)
    assert verdict("internet", 81) == internet, "over either family"
    if "Local" in written:  # else the node's own address stands in for the client's, and its own pods are reached
        assert {verdict(source, 82) for source in ("203.0.113.9", "2001:db8::9", "internet")} == {"deny"}
