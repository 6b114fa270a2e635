"""NW2610 to NW2616: the order in which Calico reads tiers, policies and rules, and what it leaves to whom."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.calico_selectors import FROM_DB, calico
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest


def tier(name: str = "security", spec: str = "{order: 100}") -> str:
    return f"""\
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {{name: {name}}}
spec: {spec}
"""


ALLOW_ALL: Final = "ingress: {action: Allow}"
DENY_ALL: Final = "ingress: {action: Deny}"
PASS_ALL: Final = "ingress: {action: Pass}"
FIRST: Final = "  order: 10\n"
SECOND: Final = "  order: 20\n"
EARLY: Final = "  tier: security\n"

CALICO_ORDER: Final = (
    FindingCode(
        code="NW2610",
        severity="warning",
        title="rules of Calico behind one that matches everything",
        explanation=(
            "The rules of a policy are read in their order and the first that matches decides, unless it says Log. "
            "Behind a rule that matches every packet none decides."
        ),
        help="put the rule that matches everything last",
        fails=manifest(WEB, DB, DENY, calico(DENY_ALL, FROM_DB)),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB, DENY_ALL)),
    ),
    FindingCode(
        code="NW2611",
        severity="warning",
        title="a policy of Calico that an earlier one leaves nothing",
        explanation=(
            "A policy of the same tier with a lower order is for all of the same pods and has a rule that matches "
            "every packet: the rules of the later one never decide. NetworkPolicies of Kubernetes stand in the tier "
            "`default` at order 1000."
        ),
        help="narrow the earlier rule, or change the orders",
        fails=manifest(
            WEB,
            DB,
            DENY,
            calico(DENY_ALL, name="first", more=FIRST),
            calico(FROM_DB, name="second", more=SECOND),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            calico(DENY_ALL, name="first", more=SECOND),
            calico(FROM_DB, name="second", more=FIRST),
        ),
    ),
    FindingCode(
        code="NW2612",
        severity="warning",
        title="a policy of Calico that an earlier tier leaves nothing",
        explanation=(
            "A policy of a tier that is read before is for all of the same pods, and nothing in that tier passes on: "
            "it has a rule that matches every packet, or the tier denies at its end what its policies do not allow. "
            "Behind it no rule decides."
        ),
        help="end the earlier tier's policies with `action: Pass`, or give the tier `defaultAction: Pass`",
        fails=manifest(
            WEB,
            DB,
            DENY,
            tier(),
            calico(
                "ingress: {action: Allow, protocol: TCP, destination: {ports: [8080]}}", name="security.web", more=EARLY
            ),
            calico(FROM_DB),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            tier(spec="{order: 100, defaultAction: Pass}"),
            calico(
                "ingress: {action: Allow, protocol: TCP, destination: {ports: [8080]}}", name="security.web", more=EARLY
            ),
            calico(FROM_DB),
        ),
    ),
    FindingCode(
        code="NW2613",
        severity="warning",
        title="a policy of Calico in a tier that is not there",
        explanation=(
            "A policy names its tier, and the input has no Tier of that name; the tiers `default`, `kube-admin` and "
            "`kube-baseline` are always there. Calico's API server refuses a policy whose tier does not exist. Where "
            "it would be read is not known, so that verdicts of the pods that it selects are undecided."
        ),
        help="add the Tier to the sources, or create it",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB, name="security.web", more=EARLY)),
        passes=manifest(WEB, DB, DENY, tier(), calico(FROM_DB, PASS_ALL, name="security.web", more=EARLY)),
    ),
    FindingCode(
        code="NW2614",
        severity="info",
        title="policies of Calico whose order their names decide",
        explanation=(
            "Policies of one tier and one order, or without an order, are read by name. These two say different things "
            "to the same pods, so that a new name could change verdicts."
        ),
        help="give them different orders",
        fails=manifest(
            WEB,
            DB,
            DENY,
            calico("ingress: {action: Deny, protocol: TCP, destination: {ports: [8080]}}", name="a", more=FIRST),
            calico(FROM_DB, name="b", more=FIRST),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            calico("ingress: {action: Deny, protocol: TCP, destination: {ports: [8080]}}", name="a", more=FIRST),
            calico(FROM_DB, name="b", more=SECOND),
        ),
    ),
    FindingCode(
        code="NW2615",
        severity="warning",
        title="a rule of Calico that passes behind the last tier",
        explanation=(
            "Pass goes on to the next tier with policies for the pod. Behind the last one stand the profiles, and that "
            "of a pod's namespace allows everything: here Pass is Allow."
        ),
        help="write `action: Allow`, or put the policy into an earlier tier",
        fails=manifest(WEB, DB, DENY, calico("ingress: {action: Pass, source: {selector: app == 'db'}}")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB)),
    ),
    FindingCode(
        code="NW2616",
        severity="warning",
        title="a policy of Calico that only logs",
        explanation=(
            "Log decides nothing: what is logged goes on to the next rule. A policy that selects a pod brings the end "
            "of its tier to it all the same, which denies what no rule allowed."
        ),
        help="add rules that allow, or stage the policy",
        fails=manifest(WEB, DB, DENY, calico("ingress: {action: Log}")),
        passes=manifest(WEB, DB, DENY, calico("ingress: {action: Log}", FROM_DB)),
    ),
)
