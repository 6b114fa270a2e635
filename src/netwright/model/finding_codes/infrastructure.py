"""NW33…: rules by which pods reach what runs the cluster."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

CONTROL: Final = """\
apiVersion: v1
kind: Node
metadata: {name: control-1, labels: {node-role.kubernetes.io/control-plane: ""}}
status: {addresses: [{type: InternalIP, address: 10.20.0.10}]}
"""
WITH_ETCD: Final = """\
apiVersion: v1
kind: Node
metadata: {name: control-1, labels: {node-role.kubernetes.io/etcd: "true"}}
status: {addresses: [{type: InternalIP, address: 10.20.0.10}]}
"""
WORKER: Final = """\
apiVersion: v1
kind: Node
metadata: {name: worker-1}
status: {addresses: [{type: InternalIP, address: 10.20.0.11}]}
"""


def _out(to: str, ports: str) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Egress]
  egress:
    - to: [{{ipBlock: {to}}}]
      ports: [{ports}]
"""


EXPLAINED: Final = (
    "Of a rule that covers several parts of the infrastructure only the gravest is reported, and the others are named "
    "in it. A range that holds nothing else is taken as meant."
)

INFRASTRUCTURE: Final = (
    FindingCode(
        code="NW3301",
        severity="warning",
        title="a rule that lets pods reach the cloud's metadata address",
        explanation=(
            "At 169.254.169.254 clouds serve the credentials of the machine that asks. A range of an egress rule has "
            f"the address, and its ports cover 80, so whoever takes over a pod may act as its node. {EXPLAINED}"
        ),
        help="add `169.254.169.254/32` to `except`",
        fails=manifest(WEB, DENY, _out("{cidr: 0.0.0.0/0}", "{port: 80}")),
        passes=manifest(WEB, DENY, _out("{cidr: 0.0.0.0/0, except: [169.254.169.254/32]}", "{port: 80}")),
    ),
    FindingCode(
        code="NW3302",
        severity="info",
        title="a rule that lets pods reach the API server",
        explanation=(
            "A range of an egress rule covers the API server: the EndpointSlice of `default/kubernetes`, or port 6443 "
            f"of the nodes that are labelled as control plane. {EXPLAINED}"
        ),
        help="add the control plane's addresses to `except`",
        fails=manifest(WEB, CONTROL, DENY, _out("{cidr: 10.0.0.0/8}", "{port: 6443}")),
        passes=manifest(WEB, CONTROL, DENY, _out("{cidr: 10.0.0.0/8, except: [10.20.0.0/24]}", "{port: 6443}")),
    ),
    FindingCode(
        code="NW3303",
        severity="warning",
        title="a rule that lets pods reach kubelets",
        explanation=(
            "A range of an egress rule covers nodes of the input, and its ports cover 10250, where kubelets listen. A "
            f"kubelet that takes anonymous requests runs commands in every pod of its node. {EXPLAINED}"
        ),
        help="add the nodes' network to `except`",
        fails=manifest(WEB, WORKER, DENY, _out("{cidr: 10.0.0.0/8}", "{port: 10250}")),
        passes=manifest(WEB, WORKER, DENY, _out("{cidr: 10.0.0.0/8, except: [10.20.0.0/24]}", "{port: 10250}")),
    ),
    FindingCode(
        code="NW3304",
        severity="warning",
        title="a rule that lets pods reach etcd",
        explanation=(
            "A range of an egress rule covers etcd's ports 2379 and 2380 at nodes that are labelled "
            "`node-role.kubernetes.io/etcd`, or where pods labelled `component: etcd` run. Only client certificates "
            f"then stand before every Secret of the cluster. {EXPLAINED}"
        ),
        help="add the addresses of etcd to `except`",
        fails=manifest(WEB, WITH_ETCD, DENY, _out("{cidr: 10.0.0.0/8}", "{port: 2379}")),
        passes=manifest(WEB, WITH_ETCD, DENY, _out("{cidr: 10.0.0.0/8, except: [10.20.0.0/24]}", "{port: 2379}")),
    ),
)
