"""NW21…: ports and ranges of policy rules."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

PORTS: Final = (
    FindingCode(
        code="NW2104",
        severity="error",
        title="a named port that no selected pod has",
        explanation=(
            "A port name of a rule is looked up in the container ports of the destination pod. None of the pods that "
            "it could be looked up on has a port of this name, so the rule admits nothing there."
        ),
        help="use a name that the containers declare, or the port's number",
        fails=manifest(
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
      ports: [{port: https}]
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
      ports: [{port: http}]
""",
        ),
    ),
)
