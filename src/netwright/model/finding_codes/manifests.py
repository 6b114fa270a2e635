"""Parts that the examples of codes are put together from."""

from __future__ import annotations

from typing import Final

WEB: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: web, ports: [{name: http, containerPort: 8080}]}]}
"""
DB: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: db, image: db, ports: [{name: sql, containerPort: 5432}]}]}
"""
DENY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
SHOP: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop}}
"""


def manifest(*parts: str) -> str:
    """The parts as documents of one file."""
    return "---\n".join(parts)
