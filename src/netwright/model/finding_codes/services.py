"""NW40…, NW41…: Services and Ingresses against what is behind them."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DENY, WEB, manifest

SERVICES: Final = (
    FindingCode(
        code="NW4001",
        severity="error",
        title="a Service that selects no pod",
        explanation=(
            "No pod of the Service's namespace has the labels of its selector. It has no endpoints, so whoever "
            "connects to it is refused."
        ),
        help="correct the selector, or delete the Service",
        fails=manifest(
            WEB,
            DENY,
            """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: wbe}, ports: [{port: 8080}]}
""",
        ),
        passes=manifest(
            WEB,
            DENY,
            """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 8080}]}
""",
        ),
    ),
)
