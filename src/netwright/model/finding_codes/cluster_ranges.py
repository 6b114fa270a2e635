"""NW50…: addresses of pods, nodes and Services that get in each other's way."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest, service


def _node(name: str, pods: str, address: str) -> str:
    return f"""\
apiVersion: v1
kind: Node
metadata: {{name: {name}}}
spec: {{podCIDR: {pods}, podCIDRs: [{pods}]}}
status: {{addresses: [{{type: InternalIP, address: {address}}}]}}
"""


def _pod(name: str, address: str) -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
spec: {{containers: [{{name: web, image: web}}]}}
status: {{phase: Running, podIP: {address}, podIPs: [{{ip: {address}}}]}}
"""


ONE: Final = _node("node-1", "10.244.1.0/24", "10.20.0.11")
TWO: Final = _node("node-2", "10.244.2.0/24", "10.20.0.12")

CLUSTER_RANGES: Final = (
    FindingCode(
        code="NW5001",
        severity="error",
        title="nodes whose pod ranges overlap",
        explanation=(
            "`spec.podCIDRs` of two nodes have addresses in common. Two pods may get the same one, and routes for it "
            "lead to one node only. Nothing is said of pod ranges where pods have addresses beyond them: then the "
            "network plugin gives out addresses by itself."
        ),
        help="give each node a range of its own",
        fails=manifest(WEB, DENY, ONE, _node("node-2", "10.244.0.0/23", "10.20.0.12")),
        passes=manifest(WEB, DENY, ONE, TWO),
    ),
    FindingCode(
        code="NW5002",
        severity="error",
        title="Services with addresses inside the pods' ranges",
        explanation=(
            "A cluster IP lies in a node's `spec.podCIDRs`, or the range that Services are given addresses of does (a "
            "ServiceCIDR, or `--service-cluster-ip-range` of an API server in the input). A pod may get the same "
            "address, and nodes lead packets for it to the Service."
        ),
        help="keep `--service-cluster-ip-range` apart from `--cluster-cidr`",
        fails=manifest(
            WEB, DENY, ADMIT, ONE, service("{clusterIP: 10.244.1.9, selector: {app: web}, ports: [{port: 8080}]}")
        ),
        passes=manifest(
            WEB, DENY, ADMIT, ONE, service("{clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 8080}]}")
        ),
    ),
    FindingCode(
        code="NW5003",
        severity="error",
        title="pods that run with one address",
        explanation=(
            "Two pods that run, each on a network of its own, have the same `podIP`. Packets for one reach the other, "
            "or neither. Pods that have ended, and hostNetwork pods, which have their node's address, are left out."
        ),
        help="delete one of the pods, then look for leases that the network plugin lost",
        fails=manifest(_pod("web", "10.244.1.5"), _pod("api", "10.244.1.5"), DENY),
        passes=manifest(_pod("web", "10.244.1.5"), _pod("api", "10.244.1.6"), DENY),
    ),
    FindingCode(
        code="NW5004",
        severity="error",
        title="a node with an address inside the pods' ranges",
        explanation=(
            "A node's own address lies in a node's `spec.podCIDRs`. Packets for the node are led to where pods are, "
            "and a pod may get the same address."
        ),
        help="keep the nodes' network apart from `--cluster-cidr`",
        fails=manifest(WEB, DENY, ONE, _node("node-2", "10.244.2.0/24", "10.244.1.12")),
        passes=manifest(WEB, DENY, ONE, TWO),
    ),
    FindingCode(
        code="NW5005",
        severity="error",
        title="nodes with one internal address",
        explanation=(
            "Two nodes have the same InternalIP: the kubelets took the address of an interface that every machine has, "
            "such as a hypervisor's NAT. The API server and the other nodes reach one of them at most."
        ),
        help="give each kubelet the address of an interface of its own (`--node-ip`)",
        fails=manifest(WEB, DENY, ONE, _node("node-2", "10.244.2.0/24", "10.20.0.11")),
        passes=manifest(WEB, DENY, ONE, TWO),
    ),
)
