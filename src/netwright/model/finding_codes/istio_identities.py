"""NW2708 to NW2711, NW2714, NW2718, NW2719: whom Istio's policies name, and mutual TLS."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.istio_policies import IN_MESH, policy
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest, service


def source(spec: str, action: str = "ALLOW") -> str:
    """A spec with one rule about this source."""
    return f"action: {action}, rules: [{{from: [{{source: {{{spec}}}}}]}}]"


def tls(spec: str, name: str = "default", namespace: str = "shop") -> str:
    """A PeerAuthentication."""
    return f"""\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


STRICT: Final = tls("{mtls: {mode: STRICT}}")
OF_WEB: Final = "{selector: {matchLabels: {app: web}}, mtls: {mode: STRICT}}"
IN: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: in, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 8080}]}]}
"""
INTERNAL: Final = service("{selector: {app: web}, ports: [{name: http, port: 8080}]}")
OUTER: Final = service("{type: NodePort, selector: {app: web}, ports: [{name: http, port: 8080, nodePort: 30080}]}")
ISTIO_IDENTITIES: Final = (
    FindingCode(
        code="NW2708",
        severity="warning",
        title="a DENY policy that plaintext passes",
        explanation=(
            "Principals, namespaces and service accounts are read from the client's certificate. Where mutual TLS is "
            "not asked for (PERMISSIVE is what holds without a PeerAuthentication) a client can come without one, and "
            "a rule that denies by identity does not match it."
        ),
        help="ask for mutual TLS with STRICT, or allow the others by an ALLOW policy",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy(source("namespaces: [dev]", "DENY"))),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(source("namespaces: [dev]", "DENY")), STRICT),
    ),
    FindingCode(
        code="NW2709",
        severity="warning",
        title="STRICT mutual TLS for clients from outside",
        explanation=(
            "A Service of type NodePort or LoadBalancer, or one with external addresses, leads clients to the pods "
            "that have no proxy of the mesh. Under STRICT these refuse them."
        ),
        help="lead the clients through a gateway of the mesh, or make the port PERMISSIVE",
        fails=manifest(IN_MESH, WEB, DB, DENY, OUTER, STRICT),
        passes=manifest(IN_MESH, WEB, DB, DENY, INTERNAL, STRICT),
    ),
    FindingCode(
        code="NW2710",
        severity="error",
        title="a principal that no pod has",
        explanation=(
            "Pods of the namespace are in the input, and none runs as the service account that the principal names; "
            "no ServiceAccount of that name is there, either."
        ),
        help="correct the name: `serviceAccountName` of the pods, `default` where it is left out",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy(source("principals: [cluster.local/ns/shop/sa/wbe]"))),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(source("principals: [cluster.local/ns/shop/sa/default]"))),
    ),
    FindingCode(
        code="NW2711",
        severity="error",
        title="a principal that is no whole identity",
        explanation=(
            "A principal is compared as a whole: trust domain, `ns`, namespace, `sa`, account, without `spiffe://`. "
            "Only a `*` at its beginning or its end stands for more."
        ),
        help="write `cluster.local/ns/NAMESPACE/sa/ACCOUNT`, or `*/ns/NAMESPACE/sa/ACCOUNT` of whatever trust domain",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy(source("principals: [shop/sa/default]"))),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(source("principals: ['*/ns/shop/sa/default']"))),
    ),
    FindingCode(
        code="NW2714",
        severity="warning",
        title="outside addresses in ipBlocks behind a gateway",
        explanation=(
            "`ipBlocks` are compared with the address of who connects. The pods are reached from inside the cluster "
            "only, so that clients outside come by a gateway, whose address it is."
        ),
        help="write `remoteIpBlocks`, or move the policy to the gateway",
        fails=manifest(IN_MESH, WEB, DB, DENY, INTERNAL, policy(source("ipBlocks: [203.0.113.0/24]"), app="web")),
        passes=manifest(IN_MESH, WEB, DB, DENY, INTERNAL, policy(source("ipBlocks: [10.0.0.0/8]"), app="web")),
    ),
    FindingCode(
        code="NW2718",
        severity="error",
        title="a PeerAuthentication with a selector in the root namespace",
        explanation=(
            "Of the root namespace only a PeerAuthentication without a selector is read: it is the default of the "
            "whole mesh. One with a selector acts at no pod."
        ),
        help="move it to the namespace of the pods that it means",
        fails=manifest(IN_MESH, WEB, DB, DENY, tls(OF_WEB, namespace="istio-system")),
        passes=manifest(IN_MESH, WEB, DB, DENY, tls(OF_WEB)),
    ),
    FindingCode(
        code="NW2719",
        severity="warning",
        title="two PeerAuthentications for one namespace",
        explanation=(
            "Of several without a selector in one namespace only the oldest has an effect. Files do not say which that "
            "is, so that what holds changes when they are made anew."
        ),
        help="keep one",
        fails=manifest(IN_MESH, WEB, DB, DENY, STRICT, tls("{mtls: {mode: STRICT}}", "other")),
        passes=manifest(IN_MESH, WEB, DB, DENY, STRICT),
    ),
)
