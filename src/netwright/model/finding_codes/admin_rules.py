"""NW2320 to NW2326: rules of admin policies that decide nothing, or not for certain."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.admin_policies import cnp, pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

FROM_ALL: Final = "from: [{namespaces: {}}]"
TO_ALL: Final = "to: [{namespaces: {}}]"
TO_OUTSIDE: Final = "to: [{networks: [0.0.0.0/0]}]"
FROM_DB: Final = f"from: [{pods('app: db')}]"
DB_OUT: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-out, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Egress]
  egress:
    - to: [{podSelector: {}}]
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""
DB_IN: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-in, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: 5432}]
"""
INGRESS_ONLY: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
LIMIT: Final = cnp(
    f"ingress: {{action: Deny, {FROM_ALL}, protocols: [{{tcp: {{destinationPort: {{number: 22}}}}}}]}}",
    f"egress: {{action: Deny, {TO_OUTSIDE}, protocols: [{{tcp: {{destinationPort: {{number: 25}}}}}}]}}",
    name="limit",
    priority=500,
)
"""Denies something in either direction, so that nobody is told to be open."""

ADMIN_RULES: Final = (
    FindingCode(
        code="NW2320",
        severity="warning",
        title="a rule of an admin policy that comes too late",
        explanation=(
            "The first rule that matches decides, the policies of a tier by their priority, the rules of one in their "
            "order. A rule before this one matches all that it matches, in every cluster, and does something else with "
            "it. So this rule never decides."
        ),
        help="put it before the other one, or narrow that one",
        fails=manifest(
            WEB, DB, DENY, cnp(f"ingress: {{action: Deny, {FROM_ALL}}}", f"ingress: {{action: Pass, {FROM_DB}}}")
        ),
        passes=manifest(
            WEB, DB, DENY, cnp(f"ingress: {{action: Pass, {FROM_DB}}}", f"ingress: {{action: Deny, {FROM_ALL}}}")
        ),
    ),
    FindingCode(
        code="NW2321",
        severity="info",
        title="a rule of an admin policy that repeats another",
        explanation=(
            "A rule that is read before this one matches all that it matches, in every cluster, and does the same with "
            "it. Without this rule every connection is treated as it is now."
        ),
        help="delete it",
        fails=manifest(
            WEB, DB, DENY, cnp(f"ingress: {{action: Deny, {FROM_ALL}}}", f"ingress: {{action: Deny, {FROM_DB}}}")
        ),
        passes=manifest(WEB, DB, DENY, cnp(f"ingress: {{action: Deny, {FROM_ALL}}}")),
    ),
    FindingCode(
        code="NW2322",
        severity="warning",
        title="admin policies of one priority that disagree",
        explanation=(
            "Two policies of one tier have the same priority, and rules of theirs do different things with the same "
            "connections. The API lets the implementation apply either, and there is no way to tell which: what both "
            "match is undecided. Told where the verdict hangs on it."
        ),
        help="give them different priorities",
        fails=manifest(
            WEB,
            DB,
            DENY,
            DB_OUT,
            cnp(f"ingress: {{action: Deny, {FROM_ALL}}}"),
            cnp(f"ingress: {{action: Accept, {FROM_DB}}}", name="other"),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            DB_OUT,
            cnp(f"ingress: {{action: Deny, {FROM_ALL}}}"),
            cnp(f"ingress: {{action: Accept, {FROM_DB}}}", name="other", priority=9),
        ),
    ),
    FindingCode(
        code="NW2323",
        severity="info",
        title="a Pass rule with nothing to pass by",
        explanation=(
            "Pass skips the rules of its tier that stand behind it. None of these matches anything of what this rule "
            "passes on, so that it would go on to the next tier all the same."
        ),
        help="delete it, or write the rule that it was to be an exception from",
        fails=manifest(WEB, DB, DENY, cnp(f"ingress: {{action: Pass, {FROM_DB}}}")),
        passes=manifest(
            WEB, DB, DENY, cnp(f"ingress: {{action: Pass, {FROM_DB}}}", f"ingress: {{action: Deny, {FROM_ALL}}}")
        ),
    ),
    FindingCode(
        code="NW2324",
        severity="info",
        title="a rule of the Baseline tier that allows what nothing denies",
        explanation=(
            "Behind the Baseline tier everything is allowed: there Accept and Pass come to the same, and mean "
            "something only before a rule that denies. No rule behind this one denies any of what it matches. An admin "
            "policy isolates nothing by itself."
        ),
        help="write the Deny rule that it was to be an exception from, or delete it",
        fails=manifest(
            WEB,
            DB,
            INGRESS_ONLY,
            DB_IN,
            LIMIT,
            cnp(f"egress: {{action: Accept, to: [{pods('app: db')}]}}", tier="Baseline"),
        ),
        passes=manifest(
            WEB,
            DB,
            INGRESS_ONLY,
            DB_IN,
            LIMIT,
            cnp(
                f"egress: {{action: Accept, to: [{pods('app: db')}]}}",
                f"egress: {{action: Deny, {TO_ALL}}}",
                tier="Baseline",
            ),
        ),
    ),
    FindingCode(
        code="NW2325",
        severity="warning",
        title="accepted domain names that nothing denies",
        explanation=(
            "Names can only be accepted. No rule behind this one denies connections to addresses outside, and no "
            "NetworkPolicy isolates its pods for egress: they may go everywhere, whatever its name."
        ),
        help="deny the rest behind it: `action: Deny` to `networks: [0.0.0.0/0, '::/0']`",
        fails=manifest(
            WEB,
            INGRESS_ONLY,
            LIMIT,
            cnp("egress: {action: Accept, to: [{domainNames: [www.example.com]}]}", priority=600),
        ),
        passes=manifest(
            WEB,
            INGRESS_ONLY,
            cnp(
                "egress: {action: Accept, to: [{domainNames: [www.example.com]}]}",
                f"egress: {{action: Pass, {TO_ALL}}}",
                f"egress: {{action: Deny, {TO_OUTSIDE}}}",
                priority=600,
            ),
        ),
    ),
    FindingCode(
        code="NW2326",
        severity="info",
        title="a Baseline policy that no connection reaches",
        explanation=(
            "NetworkPolicies isolate all pods that the policy is for, in the directions of its rules: they decide, and "
            "are final. The Baseline tier is for pods that no NetworkPolicy isolates."
        ),
        help="keep it as a floor for what comes later; what is to hold in any case belongs into the Admin tier",
        fails=manifest(WEB, DENY, cnp(f"ingress: {{action: Deny, {FROM_ALL}}}", tier="Baseline")),
        passes=manifest(WEB, DENY, cnp(f"ingress: {{action: Deny, {FROM_ALL}}}")),
    ),
)
