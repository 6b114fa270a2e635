"""NW2601 to NW2606: what Calico's selectors mean, and the sets of addresses that they are for."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest


def calico(
    *rules: str,
    selector: str = "app == 'web'",
    name: str = "guard",
    more: str = "",
    kind: str = "NetworkPolicy",
    types: str = "",
) -> str:
    """A policy of Calico; a rule is its direction, a colon, and the rule. NetworkPolicies stand in `shop`."""
    sections: dict[str, str] = {}
    for rule in rules:
        section, _, text = rule.partition(": ")
        sections[section] = sections.get(section, "") + f"    - {text}\n"
    written = "".join(f"  {section}:\n{text}" for section, text in sections.items())
    where = "" if "Global" in kind else ", namespace: shop"
    asked = f"  types: {types or _types(sections)}\n"
    return f"""\
apiVersion: projectcalico.org/v3
kind: {kind}
metadata: {{name: {name}{where}}}
spec:
  selector: {selector}
{asked}{more}{written}"""


def _types(sections: dict[str, str]) -> str:
    named = [section.capitalize() for section in sections]
    return f"[{', '.join(named or ['Ingress'])}]"


def addresses(nets: str = "[203.0.113.0/24]", labels: str = "{who: partners}") -> str:
    return f"""\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkSet
metadata: {{name: partners, labels: {labels}}}
spec: {{nets: {nets}}}
"""


FROM_DB: Final = "ingress: {action: Allow, source: {selector: app == 'db'}}"
FROM_PARTNERS: Final = "ingress: {action: Allow, source: {namespaceSelector: global(), selector: who == 'partners'}}"
MONITOR: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: prometheus, namespace: monitoring, labels: {app: prometheus}}
spec: {containers: [{name: prometheus, image: prometheus}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: monitoring}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""
FROM_MONITOR: Final = "ingress: {action: Allow, source: {selector: app == 'prometheus'}}"

CALICO_SELECTORS: Final = (
    FindingCode(
        code="NW2601",
        severity="warning",
        title="a policy of Calico for no pod",
        explanation=(
            "What the policy's selectors say together selects no pod of the namespaces that it is about, all of whose "
            "workloads the input holds. The policy acts nowhere."
        ),
        help="correct the selector, or delete the policy",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB, selector="app == 'wbe'")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB)),
    ),
    FindingCode(
        code="NW2602",
        severity="warning",
        title="a selector in a rule of Calico that selects nothing",
        explanation=(
            "An end of a rule selects no pod, no NetworkSet and no host endpoint of those that it is about, all of "
            "which the input holds. What the rule was to allow is not allowed, what it was to deny not denied; a "
            "notSelector leaves out nobody."
        ),
        help="correct the selector, or delete the rule",
        fails=manifest(WEB, DB, DENY, calico("ingress: {action: Allow, source: {selector: app == 'dbs'}}")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB)),
    ),
    FindingCode(
        code="NW2603",
        severity="warning",
        title="a selector of Calico without the namespace that it means",
        explanation=(
            "In a NetworkPolicy the selector of a rule means pods of the policy's own namespace, unless a "
            "namespaceSelector stands beside it. The pods that it describes are in other namespaces only."
        ),
        help="add a namespaceSelector, as `projectcalico.org/name == 'monitoring'`",
        fails=manifest(WEB, DB, DENY, MONITOR, calico(FROM_MONITOR)),
        passes=manifest(
            WEB,
            DB,
            DENY,
            MONITOR,
            calico(
                "ingress: {action: Allow, source: {selector: app == 'prometheus', "
                "namespaceSelector: projectcalico.org/name == 'monitoring'}}"
            ),
        ),
    ),
    FindingCode(
        code="NW2604",
        severity="warning",
        title="a notSelector that lets in whoever is outside",
        explanation=(
            "Where nothing else is asked of an end, notSelector matches every address but those of the pods and sets "
            "that it selects: outside addresses match too. `selector: !(…)` means pods and sets only. In a "
            "NetworkPolicy notSelector is confined to the namespace, in a GlobalNetworkPolicy it is not."
        ),
        help="put `selector: all()` beside it, or write the negation into `selector`",
        fails=manifest(
            WEB,
            DB,
            DENY,
            calico("ingress: {action: Allow, source: {notSelector: app == 'db'}}", kind="GlobalNetworkPolicy"),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            calico("ingress: {action: Allow, source: {selector: \"!(app == 'db')\"}}", kind="GlobalNetworkPolicy"),
        ),
    ),
    FindingCode(
        code="NW2605",
        severity="info",
        title="a set of addresses that no rule of Calico selects",
        explanation="No rule of the policies in the input selects the NetworkSet by its labels: it does nothing.",
        help="give it a label that a rule's selector asks for, or delete it",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB), addresses()),
        passes=manifest(WEB, DB, DENY, calico(FROM_PARTNERS), addresses()),
    ),
    FindingCode(
        code="NW2606",
        severity="warning",
        title="a set of addresses of Calico that holds none",
        explanation="A rule selects the NetworkSet, and its `nets` are empty: by it the rule matches nobody.",
        help="fill in `nets`",
        fails=manifest(WEB, DB, DENY, calico(FROM_PARTNERS), addresses("[]")),
        passes=manifest(WEB, DB, DENY, calico(FROM_PARTNERS), addresses()),
    ),
)
