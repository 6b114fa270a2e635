"""NW2330 to NW2335: what admin policies do to others."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.admin_policies import cnp, pods
from netwright.model.finding_codes.admin_rules import DB_OUT, FROM_ALL, FROM_DB, INGRESS_ONLY, TO_ALL, TO_OUTSIDE
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

SYSTEM: Final = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}"
OPEN: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: db}}}]
      ports: [{port: 8080}]
"""
CLUSTER: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: kube-system}
---
apiVersion: v1
kind: Pod
metadata: {name: coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}
spec:
  containers:
    - {name: dns, image: dns, ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: dns, namespace: kube-system}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
  egress:
    - to: [{ipBlock: {cidr: 203.0.113.53/32}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
ADMIN_EFFECTS: Final = (
    FindingCode(
        code="NW2330",
        severity="warning",
        title="accepted at one end, refused at the other",
        explanation=(
            "An Accept rule is for its own direction at its own pods. The pods that this entry names surely refuse, by "
            "policies of theirs, all that the rule accepts: of egress their ingress, of ingress their egress."
        ),
        help="accept it at the other end too, or delete the entry",
        fails=manifest(
            WEB, DB, DENY, cnp(f"egress: {{action: Accept, to: [{pods('app: db')}]}}", subject=pods("app: web"))
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            cnp(f"egress: {{action: Accept, to: [{pods('app: db')}]}}", subject=pods("app: web")),
            cnp(
                f"ingress: {{action: Accept, from: [{pods('app: web')}]}}",
                subject=pods("app: db"),
                name="db",
                priority=11,
            ),
        ),
    ),
    FindingCode(
        code="NW2331",
        severity="warning",
        title="a range of an admin policy that holds pods too",
        explanation=(
            "`networks` match every address, those of pods in the cluster too, and ICMP. This rule denies or accepts a "
            "range that surely holds addresses of pods, and the policy has no rule for pods before it. Not told of "
            "ranges within the pod ranges: there pods are meant."
        ),
        help="write a rule that does `Pass` for `namespaces: {}` before it",
        fails=manifest(WEB, DB, DENY, cnp(f"egress: {{action: Deny, {TO_OUTSIDE}}}")),
        passes=manifest(
            WEB, DB, DENY, cnp(f"egress: {{action: Pass, {TO_ALL}}}", f"egress: {{action: Deny, {TO_OUTSIDE}}}")
        ),
    ),
    FindingCode(
        code="NW2332",
        severity="warning",
        title="a rule of a NetworkPolicy that the Admin tier denies",
        explanation=(
            "The Admin tier is read before NetworkPolicies, and what it denies no NetworkPolicy can allow. All that "
            "this rule would allow is denied there, for all pods that the policy is for."
        ),
        help="have it let through in the Admin tier, or delete the rule",
        fails=manifest(
            WEB, DB, DENY, DB_OUT, OPEN, cnp(f"ingress: {{action: Deny, {FROM_DB}}}", subject=pods("app: web"))
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            DB_OUT,
            OPEN,
            cnp(
                f"ingress: {{action: Pass, {FROM_DB}}}",
                f"ingress: {{action: Deny, {FROM_ALL}}}",
                subject=pods("app: web"),
            ),
        ),
    ),
    FindingCode(
        code="NW2333",
        severity="warning",
        title="an Accept rule that opens isolated pods to every pod",
        explanation=(
            "The Admin tier is final, so that an Accept rule lets through what NetworkPolicies would not. This one "
            "accepts every protocol and every pod where NetworkPolicies isolate: between pods their isolation is void."
        ),
        help="name who is meant and the ports, or write `Pass`",
        fails=manifest(WEB, DB, DENY, cnp(f"ingress: {{action: Accept, {FROM_ALL}}}")),
        passes=manifest(
            WEB,
            DB,
            DENY,
            cnp(
                f"ingress: {{action: Accept, {FROM_ALL}, protocols: [{{tcp: {{destinationPort: {{number: 9090}}}}}}]}}"
            ),
        ),
    ),
    FindingCode(
        code="NW2334",
        severity="error",
        title="pods that an admin policy keeps from DNS",
        explanation=(
            "A Deny rule of the Admin or the Baseline tier keeps these pods from every DNS server of the input: pods "
            "of `kube-system` or `openshift-dns` that declare a port of DNS over UDP. Names do not resolve for them."
        ),
        help="accept UDP and TCP 53 to the DNS servers before it",
        fails=manifest(WEB, DB, DENY, DB_OUT, CLUSTER, cnp(f"egress: {{action: Deny, {TO_ALL}}}")),
        passes=manifest(
            WEB,
            DB,
            DENY,
            DB_OUT,
            CLUSTER,
            cnp(
                f"egress: {{action: Accept, to: [{SYSTEM}]}}",
                f"egress: {{action: Deny, {TO_ALL}, protocols: [{{tcp: {{destinationPort: {{number: 22}}}}}}]}}",
            ),
        ),
    ),
    FindingCode(
        code="NW2335",
        severity="info",
        title="a Pass rule that nobody decides behind",
        explanation=(
            "What Pass leaves to NetworkPolicies and the Baseline tier is allowed where no NetworkPolicy isolates the "
            "pod in that direction and no rule of the Baseline tier matches. So the Deny rule behind this one in the "
            "Admin tier does not act, and nothing else does."
        ),
        help="deny it in the Baseline tier for pods that no NetworkPolicy isolates",
        fails=manifest(
            WEB,
            DB,
            INGRESS_ONLY,
            cnp(f"egress: {{action: Pass, to: [{pods('app: db')}]}}", f"egress: {{action: Deny, {TO_ALL}}}"),
        ),
        passes=manifest(
            WEB,
            DB,
            INGRESS_ONLY,
            cnp(f"egress: {{action: Pass, to: [{pods('app: db')}]}}", f"egress: {{action: Deny, {TO_ALL}}}"),
            cnp(f"egress: {{action: Deny, {TO_ALL}}}", tier="Baseline", name="floor"),
        ),
    ),
)
