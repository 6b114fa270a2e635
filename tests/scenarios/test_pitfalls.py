"""Every pitfall of the policy languages has its named case, and those about networks that are not read yet have theirs
here, through the product alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netwright as nw

FOLDER = Path(__file__).parent
POD = """
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s, labels: {app: %s}, annotations: {%s}}
spec: {containers: [{name: c0, image: example/%s:1}]}
---
"""


def pod(ref: str, annotations: str = "") -> str:
    namespace, name = ref.split("/")
    return POD % (name, namespace, name, annotations, name)


def verdict(folder: Path, manifests: str, source: str, target: str) -> str:
    Path(folder, "cluster.yaml").write_text(manifests)
    return nw.load(str(folder)).eval([{"from": source, "to": target, "protocol": "TCP", "port": 5432}])[0].verdict


def test_51_a_network_policy_and_secondary_networks(tmp_path: Path) -> None:
    """A policy for secondary networks changes nothing on the network that every pod has."""
    manifests = pod("shop/web") + pod("shop/db", "k8s.v1.cni.cncf.io/networks: storage")
    manifests += """
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: storage, namespace: shop}
spec: {config: '{"cniVersion": "0.3.1", "type": "macvlan", "master": "eth1"}'}
---
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: db, namespace: shop, annotations: {k8s.v1.cni.cncf.io/policy-for: storage}}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: []}
"""
    assert verdict(tmp_path, manifests, "shop/web", "shop/db") == "allow"


def test_52_networks_without_addresses(tmp_path: Path) -> None:
    """Where nobody gives addresses, a policy for that network can name its peers by range alone."""
    wire = """
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {name: %s}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
  network:
    topology: Localnet
    localnet: {role: Secondary, physicalNetworkName: physnet, %s}
---
"""
    Path(tmp_path, "networks.yaml").write_text(
        wire % ("vlan7", "ipam: {mode: Disabled}") + wire % ("vlan8", "subnets: [10.8.0.0/24]") + pod("shop/db")
    )
    notes = nw.load(str(tmp_path)).show("networks").notes
    (told,) = [note for note in notes if "only peers by `ipBlock` work" in note]
    assert "cudn/vlan7" in told
    assert "cudn/vlan8" not in told


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("shop/web", "blue/db", "deny"),
        ("blue/web", "shop/db", "deny"),
        ("blue/web", "blue/db", "allow"),
        ("shop/web", "shop/db", "allow"),
    ],
)
def test_53_primary_user_defined_networks(tmp_path: Path, source: str, target: str, expected: str) -> None:
    """Pods of such a network meet each other and nobody else; the others are as they were."""
    manifests = "".join(pod(ref) for ref in ("shop/web", "shop/db", "blue/web", "blue/db"))
    manifests += """
apiVersion: v1
kind: Namespace
metadata: {name: blue, labels: {k8s.ovn.org/primary-user-defined-network: ""}}
---
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {name: blue, namespace: blue}
spec: {topology: Layer2, layer2: {role: Primary, subnets: [10.100.0.0/16]}}
"""
    assert verdict(tmp_path, manifests, source, target) == expected


def test_every_pitfall_has_its_case() -> None:
    rows = re.findall(r"^\| (\d+) \| (.+) \|$", Path(FOLDER, "README.md").read_text(), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 55))
    here = Path(__file__).read_text()
    for number, cases in rows:
        for case in re.findall(r"`([^`]+)`", cases):
            assert Path(FOLDER, f"{case}.md").exists() or f"def {case}(" in here, f"{number}: {case}"
