"""The profile as the ConfigMap of Cilium's agents tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw
from netwright.base.errors import UsageError

CONFIG = """
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data: {%s}
---
"""
CLUSTER = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: example/web:1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, image: example/db:1}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: closed}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
"""


def load(folder: Path, text: str, cni: str = "") -> nw.Twin:
    Path(folder, "cluster.yaml").write_text(text)
    return nw.load(str(folder), cni=cni)


def verdict(twin: nw.Twin) -> str:
    return twin.eval([{"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 80}])[0].verdict


def test_the_profile_and_its_options_are_those_of_the_cluster(tmp_path: Path) -> None:
    options = 'policy-cidr-match-mode: "pods nodes", enable-policy: default, debug: "true"'
    twin = load(tmp_path, CONFIG % options + CLUSTER)
    assert twin.profile.name == "cilium:policy-cidr-match-mode=nodes+pods,enable-k8s-cluster-network-policy=false"
    assert twin.profile.reading.ranges == ("external", "pod", "node", "own-node")
    assert twin.accounting.evaluated == 4
    assert any("cilium-config" in said for said in twin.provenance.assumptions)


@pytest.mark.parametrize(("switch", "expected"), [("true", "deny"), ("false", "allow"), ("", "allow")])
def test_cluster_network_policies_are_off_unless_it_says_so(tmp_path: Path, switch: str, expected: str) -> None:
    option = f'enable-k8s-cluster-network-policy: "{switch}"' if switch else ""
    twin = load(tmp_path, CONFIG % option + CLUSTER)
    assert verdict(twin) == expected
    assert twin.why("shop/web", "shop/db:80").verdict == expected  # by both judges
    assert verdict(load(tmp_path, CLUSTER, cni="cilium")) == "deny"


def test_options_that_are_not_read_are_said(tmp_path: Path) -> None:
    twin = load(tmp_path, CONFIG % 'labels: "k8s:app", enable-l7-proxy: "true"' + CLUSTER)
    said = [text for text in twin.provenance.assumptions if "is not read" in text]
    assert len(said) == 1
    assert "`labels`" in said[0]


def test_a_value_that_an_option_cannot_have(tmp_path: Path) -> None:
    text = CONFIG % "enable-policy: sometimes" + CLUSTER
    with pytest.raises(UsageError, match=r"cilium-config.*`sometimes`"):
        load(tmp_path, text)
    assert verdict(load(tmp_path, text, cni="upstream")) == "deny"


def test_other_config_maps_are_irrelevant(tmp_path: Path) -> None:
    twin = load(tmp_path, (CONFIG % "a: b").replace("cilium-config", "settings") + CLUSTER)
    assert twin.profile.name == "upstream"
    assert twin.accounting.irrelevant == 1


@pytest.mark.parametrize("policy", ["", "apiVersion: cilium.io/v2\nkind: CiliumCIDRGroup\nmetadata: {name: g}\n---\n"])
def test_how_cilium_is_set_up_leaves_all_open_where_it_cannot_be_read(tmp_path: Path, policy: str) -> None:
    """A policy of Cilium's says that it is there, and nothing of its options."""
    broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: [\n---\n" + policy + CLUSTER
    twin = load(tmp_path, broken % "cilium-config")
    assert verdict(twin) == "undecided"
    why = twin.why("shop/web", "shop/db:80", changes=False)
    assert any("it would tell which CNI there is" in reason.reason for reason in why.reasons)
    assert verdict(load(tmp_path, broken % "other")) != "undecided"
    assert verdict(load(tmp_path, broken % "cilium-config", "cilium")) == "deny"
