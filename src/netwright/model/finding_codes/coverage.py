"""NW30…: what no policy isolates, and what a policy leaves open to everyone."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

COVERAGE: Final = (
    FindingCode(
        code="NW3001",
        severity="warning",
        title="workloads that accept from every source",
        explanation=(
            "No policy isolates these workloads for ingress. Pods that no policy isolates accept connections from "
            "everyone who has a way to them: every namespace, every node, whatever routes lead in."
        ),
        help="isolate the namespace for ingress with a default-deny policy, then allow what is needed",
        fails=manifest(
            WEB,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
""",
        ),
        passes=manifest(
            WEB,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
""",
        ),
    ),
    FindingCode(
        code="NW3002",
        severity="info",
        title="workloads that may go everywhere",
        explanation=(
            "No policy isolates these workloads for egress. Whoever takes one over can reach every pod that admits it, "
            "the nodes, the cloud's metadata address and the internet."
        ),
        help="isolate the namespace for egress, then allow DNS and what is needed",
        fails=manifest(
            WEB,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
""",
        ),
        passes=manifest(
            WEB,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
""",
        ),
    ),
    FindingCode(
        code="NW3003",
        severity="warning",
        title="a namespace in which no policy isolates anything",
        explanation=(
            "No policy isolates any workload of the namespace, for ingress or for egress: there is none, or those that "
            "there are select no pod. Whoever has an address in the cluster may connect to these workloads, and they "
            "may connect to whatever does not isolate itself, the nodes, the cloud's metadata address and the internet "
            "included."
        ),
        help="isolate the namespace with a default-deny policy, then allow DNS and what is needed",
        fails=manifest(WEB),
        passes=manifest(WEB, DENY),
    ),
)
