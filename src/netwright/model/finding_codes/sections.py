"""NW22…: the sections of a policy against its policyTypes."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

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
  egress:
    - to: [{podSelector: {}}]
      ports: [{port: 8080}]
""",
        ),
    ),
)
