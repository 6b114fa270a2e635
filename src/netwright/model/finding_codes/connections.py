"""NW2120, NW2121, NW2130, NW2131: rules that do not make a connection by themselves."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest

DNS: Final = """\
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
WEB_OUT: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {matchLabels: {app: db}}}]
      ports: [{port: 5432}]
"""
DB_IN: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
"""

CONNECTIONS: Final = (
    FindingCode(
        code="NW2120",
        severity="warning",
        title="allowed out, refused in",
        explanation=(
            "An entry of an egress rule names pods, and their own ingress policies surely admit none of the pods that "
            "the policy is for on the ports of the rule. A connection needs both sides, so the entry allows nothing. "
            "Not told where another finding says why: of a policy or a rule that would admit them and misses its pods, "
            "its peers or its ports, or of a Service or an Ingress whose pods are closed there."
        ),
        help="admit the pods on the other side too, or delete the entry",
        fails=manifest(WEB, DB, DENY, WEB_OUT + DNS),
        passes=manifest(WEB, DB, DENY, WEB_OUT + DNS, DB_IN),
    ),
    FindingCode(
        code="NW2121",
        severity="warning",
        title="allowed in, refused out",
        explanation=(
            "An entry of an ingress rule names pods, and their own egress policies surely let none of them out to the "
            "pods that the policy is for on the ports of the rule. A connection needs both sides, so the entry admits "
            "nothing. Not told where another finding says why, as NW2120."
        ),
        help="let the pods out on the other side too, or delete the entry",
        fails=manifest(WEB, DB, DENY, DB_IN),
        passes=manifest(WEB, DB, DENY, DB_IN, OUT),
    ),
    FindingCode(
        code="NW2130",
        severity="warning",
        title="pods that may connect and cannot ask for names",
        explanation=(
            "The pods are isolated for egress, rules let them go to other pods, and none lets them ask a DNS server "
            "(UDP 53) anywhere. Names of Services do not resolve, so the connections that are allowed are not made. "
            "Told once a namespace; not where policies of kinds that are not read may allow it, and not of pods for "
            "which a rule that another finding tells of is meant to. Ports that servers have in some clusters count as "
            "53 does (5353, 1053, 8053, 10053): where the servers of the input do not declare them, NW2101 says so."
        ),
        help="allow UDP and TCP 53 to the cluster's DNS servers",
        fails=manifest(WEB, DB, DENY, WEB_OUT, DB_IN),
        passes=manifest(WEB, DB, DENY, WEB_OUT + DNS, DB_IN),
    ),
    FindingCode(
        code="NW2131",
        severity="info",
        title="DNS over UDP only",
        explanation=(
            "The policy lets its pods ask DNS servers over UDP, and no rule does over TCP. An answer that does not fit "
            "into UDP is marked as cut, and the client asks again over TCP (RFC 7766): some names then do not resolve."
        ),
        help="allow TCP 53 beside UDP 53",
        fails=manifest(WEB, DB, DENY, WEB_OUT + DNS.replace(", {port: 53, protocol: TCP}", ""), DB_IN),
        passes=manifest(WEB, DB, DENY, WEB_OUT + DNS, DB_IN),
    ),
)
