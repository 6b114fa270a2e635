"""Addresses of a status that are none: the API server takes them there, so every question does."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwright.cli.main import run

CLUSTER = """\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
status: {addresses: [{type: InternalIP, address: n1.example.com}, {type: ExternalIP, address: ""}]}
---
apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system, labels: {component: etcd}}
spec: {nodeName: n1, hostNetwork: true, containers: [{name: c}]}
status: {phase: Running, hostIP: n1.example.com}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]
"""
CALICO = """\
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: more, namespace: shop}
spec: {selector: app == "web", types: [Ingress], ingress: [{action: Allow, source: {nets: [10.0.0.0/8]}}]}
"""
OVN = """\
---
apiVersion: k8s.ovn.org/v1
kind: EgressFirewall
metadata: {name: default, namespace: shop}
spec:
  egress:
  - {type: Allow, to: {cidrSelector: 192.0.2.0/24}}
  - {type: Deny, to: {cidrSelector: 0.0.0.0/0}}
"""


@pytest.mark.parametrize(
    ("more", "arguments"),
    [
        *(("", ("check", "F", "--cni", cni)) for cni in ("upstream", "cilium", "calico")),
        (OVN, ("check", "F")),
        (CALICO, ("check", "F")),
        (CALICO, ("convert", "F", "--to", "cilium")),
        *(
            ("", ("show", noun, "F"))
            for noun in ("workloads", "endpoints", "networks", "subnets", "exposed", "isolation", "policymaps")
        ),
        ("", ("show", "policymaps", "F", "--cni", "cilium")),
        ("", ("reach", "F", "--hops", "all", "--from", "shop/web")),
        ("", ("why", "internet", "svc/shop/web", "-f", "F")),
        ("", ("diff", "F", "F")),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_every_question_is_answered(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], more: str, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER + more)
    code = run(str(file) if word == "F" else word for word in arguments)
    assert code in (0, 1, 4), capfd.readouterr().err
