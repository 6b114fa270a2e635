"""NW22…: the sections of a policy against its policyTypes, and rules that match everybody."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest


def _alone(spec: str) -> str:
    """A policy that is the only one at the web pod; another one isolates the db pod."""
    closed = DENY.replace("podSelector: {}", "podSelector: {matchLabels: {app: db}}")
    return manifest(WEB, DB, closed, _web(spec))


def _among(spec: str) -> str:
    """A policy at the web pod of an isolated namespace."""
    return manifest(WEB, DB, DENY, OUT, _web(spec))


def _web(spec: str) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
{spec}"""


DNS: Final = """\
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
FROM_ALL: Final = """\
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
"""

SECTIONS: Final = (
    FindingCode(
        code="NW2201",
        severity="error",
        title="ingress rules that do nothing",
        explanation=(
            "The policy has ingress rules and its `policyTypes` do not list `Ingress`. The API takes it, and the rules "
            "are ignored: nothing is isolated and nothing admitted by them."
        ),
        help="add `Ingress` to `policyTypes`, or delete the rules",
        fails=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
""",
        ),
        passes=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
""",
        ),
    ),
    FindingCode(
        code="NW2202",
        severity="error",
        title="egress rules that do nothing",
        explanation=(
            "The policy has egress rules and its `policyTypes` do not list `Egress`. The API takes it, and the rules "
            "are ignored: the pods may go everywhere, as before."
        ),
        help="add `Egress` to `policyTypes`, or delete the rules",
        fails=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  egress:
    - to: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
            + DNS,
        ),
        passes=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  egress:
    - to: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
            + DNS,
        ),
    ),
    FindingCode(
        code="NW2203",
        severity="info",
        title="egress that is denied without a word",
        explanation=(
            "`policyTypes` lists `Egress`, the policy has ingress rules and no egress section, and no other policy "
            "says anything of the egress of these pods. So they may connect to nobody, DNS included. It may be meant: "
            "`egress: []` says so."
        ),
        help="write `egress: []` if that is meant, else delete `Egress` or add the rules",
        fails=_alone(
            """\
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
        ),
        passes=_alone(
            """\
  policyTypes: [Ingress, Egress]
  egress: []
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
        ),
    ),
    FindingCode(
        code="NW2204",
        severity="warning",
        title="an empty egress section that denies nothing",
        explanation=(
            "The policy has `egress: []` and no `policyTypes`. Without `policyTypes` a policy isolates for egress only "
            "if it has egress rules, so the empty list, which looks like a denial, leaves egress as it was."
        ),
        help="add `policyTypes: [Ingress, Egress]` to deny egress, or delete the line",
        fails=_among(
            """\
  egress: []
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
        ),
        passes=_among(
            """\
  policyTypes: [Ingress, Egress]
  egress: []
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 8080}]
"""
        ),
    ),
    FindingCode(
        code="NW2205",
        severity="warning",
        title="a policy for egress that denies all ingress",
        explanation=(
            "The policy has egress rules, no ingress section and no `policyTypes`. Without `policyTypes` every policy "
            "isolates for ingress, so it denies all connections to its pods, and no other policy isolates them for "
            "ingress: this one alone closes them."
        ),
        help="add `policyTypes: [Egress]`; or `[Ingress, Egress]` if that is meant",
        fails=_alone(
            """\
  egress:
    - to: [{podSelector: {}}]
"""
            + DNS
        ),
        passes=_alone(
            """\
  policyTypes: [Ingress, Egress]
  egress:
    - to: [{podSelector: {}}]
"""
            + DNS
        ),
    ),
    FindingCode(
        code="NW2206",
        severity="warning",
        title="an empty list of peers",
        explanation=(
            "A rule with `from: []` or `to: []` matches everybody: an absent or empty list restricts nothing. It reads "
            "like nobody, and is often left over where the last entry was deleted."
        ),
        help="delete the whole rule to allow nobody, or the line if everybody is meant",
        fails=_among(
            """\
  policyTypes: [Ingress]
  ingress:
    - from: []
      ports: [{port: 8080}]
"""
        ),
        passes=_among(FROM_ALL),
    ),
    FindingCode(
        code="NW2207",
        severity="warning",
        title="an ingress rule that admits everything",
        explanation=(
            "A rule with neither `from` nor `ports` (`- {}`) admits everybody on every port and protocol. The pods "
            "are isolated for ingress in name only: NetworkPolicies only allow, so no other one can take back what it "
            "admits. What denies can: an Admin tier of ClusterNetworkPolicy, a rule of Cilium or Calico, a mesh."
        ),
        help="say from whom and on which ports",
        fails=_among(
            """\
  policyTypes: [Ingress]
  ingress:
    - {}
"""
        ),
        passes=_among(FROM_ALL),
    ),
    FindingCode(
        code="NW2208",
        severity="info",
        title="an ingress rule that admits every namespace",
        explanation=(
            "`namespaceSelector: {}` selects every namespace, those of other teams and those created later included; "
            "without a `podSelector` all their pods are admitted."
        ),
        help="name the namespaces that are meant by a label of theirs",
        fails=_among(
            """\
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {}}]
      ports: [{port: 8080}]
"""
        ),
        passes=_among(FROM_ALL),
    ),
    FindingCode(
        code="NW2210",
        severity="info",
        title="an egress rule that allows everything",
        explanation=(
            "A rule with neither `to` nor `ports` (`- {}`) lets the pods go everywhere on every port. It allows what "
            "they could do without any policy: NetworkPolicies only allow, so no other one can take it back. What "
            "denies can: an Admin tier of ClusterNetworkPolicy, a rule of Cilium or Calico, a mesh. Who may connect "
            "to the pods is another matter, that of their ingress rules."
        ),
        help="say to whom and on which ports",
        fails=_among(
            """\
  policyTypes: [Egress]
  egress:
    - {}
"""
        ),
        passes=_among(
            """\
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 203.0.113.0/24}}]
      ports: [{port: 443}]
"""
        ),
    ),
)
