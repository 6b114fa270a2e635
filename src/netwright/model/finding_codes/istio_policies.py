"""NW2701 to NW2707, NW2712, NW2713, NW2715 to NW2717, NW2720: what Istio's policies do other than they say."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest, service

IN_MESH: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
"""
IN_AMBIENT: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}
"""
OUTSIDE: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: other, labels: {istio-injection: enabled}}
"""
TO_WEB: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: to-web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 8080}]}]
"""
SQL: Final = service("{selector: {app: db}, ports: [{name: tcp-sql, port: 5432}]}", "db")
WEB_SERVICE: Final = service("{selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}")


def policy(spec: str, name: str = "only", app: str = "") -> str:
    """An AuthorizationPolicy in `shop` with this spec in one line, for the pods of an app where it is given."""
    where = f"selector: {{matchLabels: {{app: {app}}}}}, " if app else ""
    return f"""\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{{where}{spec}}}
"""


def by(operation: str, action: str = "ALLOW") -> str:
    """A spec with one rule about this operation."""
    return f"action: {action}, rules: [{{to: [{{operation: {{{operation}}}}}]}}]"


OPEN: Final = policy("rules: [{}]", "open")
ASKS: Final = "action: CUSTOM, provider: {name: sso}, rules: [{}]"
ISTIO_POLICIES: Final = (
    FindingCode(
        code="NW2701",
        severity="error",
        title="a NetworkPolicy that closes the mesh's tunnel",
        explanation=(
            "Between pods in ambient mode the network sees TCP 15008, the port of ztunnel's tunnel, whatever port was "
            "asked. A rule that admits other ports alone admits none of these connections."
        ),
        help="add TCP 15008 to the rule, and limit ports by AuthorizationPolicies",
        fails=manifest(IN_AMBIENT, WEB, DB, DENY, OUT, TO_WEB),
        passes=manifest(IN_AMBIENT, WEB, DB, DENY, OUT, TO_WEB.replace("{port: 8080}", "{port: 8080}, {port: 15008}")),
    ),
    FindingCode(
        code="NW2702",
        severity="error",
        title="a rule about HTTP on a port that is TCP",
        explanation=(
            "Which protocol a port carries Istio takes from the Service: its `appProtocol`, or the beginning of the "
            "port's name. On a port that is declared TCP nothing is known of requests, and a rule of an ALLOW policy "
            "that asks for methods, paths, hosts, headers or claims is left out: it allows nothing."
        ),
        help="declare the port HTTP if it is, else drop the field",
        fails=manifest(IN_MESH, WEB, DB, DENY, SQL, policy(by("methods: [GET], ports: ['5432']"), app="db")),
        passes=manifest(IN_MESH, WEB, DB, DENY, SQL, policy(by("ports: ['5432']"), app="db")),
    ),
    FindingCode(
        code="NW2703",
        severity="warning",
        title="a rule about HTTP that denies TCP as well",
        explanation=(
            "On a port that is declared TCP what a DENY rule says of requests is left out, so that it matches more: "
            "without `ports` it denies every connection to these ports."
        ),
        help="add `ports` with those that carry HTTP",
        fails=manifest(IN_MESH, WEB, DB, DENY, SQL, policy(by("methods: [DELETE]", "DENY"), app="db")),
        passes=manifest(IN_MESH, WEB, DB, DENY, SQL, policy(by("methods: [DELETE], ports: ['80']", "DENY"), app="db")),
    ),
    FindingCode(
        code="NW2704",
        severity="info",
        title="an ALLOW policy without rules, and no other",
        explanation=(
            "Where ALLOW policies act, what none of them matches is denied; one without rules matches nothing. Beside "
            "others that is how to close by default, alone it denies everything."
        ),
        help="add policies that allow what is meant, or the rule `{}` to allow everything",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy("action: ALLOW")),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy("action: ALLOW"), OPEN),
    ),
    FindingCode(
        code="NW2705",
        severity="warning",
        title="a DENY policy that denies everything",
        explanation=(
            "An empty rule matches every connection. DENY policies are read before ALLOW policies, so that nothing can "
            "open what this one closes."
        ),
        help="say what is to be denied, or close by an ALLOW policy without rules, which others can open",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy("action: DENY, rules: [{}]")),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(by("ports: ['22']", "DENY"))),
    ),
    FindingCode(
        code="NW2706",
        severity="error",
        title="an AuthorizationPolicy that selects nothing",
        explanation="Pods of its namespace are in the input, and none has the labels of its selector.",
        help="correct the labels, or delete the policy",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy("rules: [{}]", app="wbe")),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy("rules: [{}]", app="web")),
    ),
    FindingCode(
        code="NW2707",
        severity="error",
        title="an AuthorizationPolicy at pods outside the mesh",
        explanation=(
            "A policy is enforced by the proxy beside a pod, or by ztunnel where the pod is in ambient mode. None of "
            "the pods that it selects has either, by the labels of their namespaces and their own."
        ),
        help="bring the pods into the mesh, or write a NetworkPolicy",
        fails=manifest(OUTSIDE, WEB, DB, DENY, OPEN),
        passes=manifest(IN_MESH, WEB, DB, DENY, OPEN),
    ),
    FindingCode(
        code="NW2712",
        severity="info",
        title="an AUDIT policy",
        explanation="It marks the requests that it matches for a plugin that may log them, and decides nothing.",
        help="write DENY or ALLOW for it to decide something",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy("action: AUDIT, rules: [{}]")),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy("action: ALLOW, rules: [{}]")),
    ),
    FindingCode(
        code="NW2713",
        severity="error",
        title="CUSTOM policies that ask different extensions",
        explanation=(
            "A workload takes one extension. Where CUSTOM policies at it name several, Istio can choose none and "
            "denies what they match."
        ),
        help="name one extension in all of them",
        fails=manifest(IN_MESH, WEB, DB, DENY, policy(ASKS), policy(ASKS.replace("sso", "quota"), "other")),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(ASKS), policy(ASKS, "other")),
    ),
    FindingCode(
        code="NW2715",
        severity="warning",
        title="a CUSTOM policy in ambient mode",
        explanation="ztunnel asks no extensions: a CUSTOM policy that is not attached to a waypoint has no effect.",
        help="attach it to a waypoint",
        fails=manifest(IN_AMBIENT, WEB, DB, DENY, policy(ASKS)),
        passes=manifest(IN_MESH, WEB, DB, DENY, policy(ASKS)),
    ),
    FindingCode(
        code="NW2716",
        severity="error",
        title="an ALLOW rule about HTTP in ambient mode without a waypoint",
        explanation="ztunnel reads addresses, ports and identities. A rule that asks for more allows nothing.",
        help="attach the policy to a waypoint, or drop the field",
        fails=manifest(IN_AMBIENT, WEB, DB, DENY, policy(by("methods: [GET]"))),
        passes=manifest(IN_AMBIENT, WEB, DB, DENY, policy(by("ports: ['8080']"))),
    ),
    FindingCode(
        code="NW2717",
        severity="warning",
        title="a DENY rule about HTTP in ambient mode without a waypoint",
        explanation=(
            "ztunnel leaves out what it does not read: a rule with more in it denies more than it says, one of nothing "
            "else denies nothing."
        ),
        help="attach the policy to a waypoint, or drop the field",
        fails=manifest(IN_AMBIENT, WEB, DB, DENY, policy(by("methods: [GET]", "DENY"))),
        passes=manifest(IN_AMBIENT, WEB, DB, DENY, policy(by("ports: ['8080']", "DENY"))),
    ),
    FindingCode(
        code="NW2720",
        severity="error",
        title="a rule that names a Service's port instead of the pod's",
        explanation=(
            "`ports` and `destination.port` are compared with the port that the pod's proxy sees, which is the "
            "Service's `targetPort`."
        ),
        help="write the pod's port",
        fails=manifest(IN_MESH, WEB, DB, DENY, WEB_SERVICE, policy(by("ports: ['80']"), app="web")),
        passes=manifest(IN_MESH, WEB, DB, DENY, WEB_SERVICE, policy(by("ports: ['8080']"), app="web")),
    ),
)
