"""NW2520 to NW2525, NW2540 to NW2543: default deny of Cilium's policies, and what opens it."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.cilium_selectors import FROM_DB, PORT, cilium, from_pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

EGRESS: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: no-egress, namespace: shop}
spec: {podSelector: {}, policyTypes: [Egress]}
"""
DB_IN: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
"""
OPEN: Final = "  enableDefaultDeny: {ingress: false}\n"

CILIUM_ISOLATION: Final = (
    FindingCode(
        code="NW2520",
        severity="warning",
        title="a policy of Cilium that only denies, and so closes everything",
        explanation=(
            "A rule with entries in a direction isolates its pods there, also if all that they do is deny. No other "
            "policy isolates these pods in this direction, and none allows them anything: nothing passes, though the "
            "rule names something less."
        ),
        help="set `enableDefaultDeny` of that direction to `false`, or allow the others",
        fails=manifest(WEB, DB, EGRESS, DB_IN, cilium(f"ingressDeny: {{{from_pods('app: db')}}}")),
        passes=manifest(
            WEB,
            DB,
            EGRESS,
            DB_IN,
            cilium(f"ingressDeny: {{{from_pods('app: db')}}}", f"ingress: {{fromEndpoints: [{{}}], {PORT}}}"),
        ),
    ),
    FindingCode(
        code="NW2521",
        severity="info",
        title="a rule of Cilium that allows what nothing denies",
        explanation=(
            "`enableDefaultDeny: false` keeps a rule from isolating its pods, and no other policy isolates them in "
            "this direction. What the rule allows would be allowed without it, and everything else is too."
        ),
        help="delete `enableDefaultDeny` if the rule is to limit, or add a policy that isolates",
        fails=manifest(
            WEB,
            DB,
            DENY.replace("{}", "{matchLabels: {app: db}}"),
            cilium(FROM_DB, "egress: {toEntities: [cluster]}", more=OPEN),
            cilium("ingressDeny: {fromCIDR: [203.0.113.0/24]}", name="limit", more=OPEN),
        ),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB, more=OPEN)),
    ),
    FindingCode(
        code="NW2522",
        severity="warning",
        title="an empty entry beside others",
        explanation=(
            "An entry `{}` of a policy of Cilium matches nobody, where an empty rule of a NetworkPolicy matches "
            "everybody. Alone it isolates and allows nothing; beside other entries it does nothing at all."
        ),
        help="delete it; to allow everybody write the entity `all`",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingress: {}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2523",
        severity="warning",
        title="an empty entry that denies nothing",
        explanation=(
            "An entry `{}` under `ingressDeny` or `egressDeny` matches nobody and denies nothing. It isolates, as "
            "every entry does, and what any policy allows stays allowed."
        ),
        help="write the entity `all` to deny everything, or `ingress: [{}]` to isolate only",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingressDeny: {}")),
        passes=manifest(WEB, DB, DENY, cilium("ingressDeny: {fromEntities: [all]}")),
    ),
    FindingCode(
        code="NW2524",
        severity="warning",
        title="an empty list of peers in a policy of Cilium",
        explanation=(
            "A list of peers that is there and empty means nobody, where an empty `from` of a NetworkPolicy means "
            "everybody. The entry matches nothing, whatever its ports."
        ),
        help="delete the line to mean everybody on the ports, or name the peers",
        fails=manifest(WEB, DB, DENY, cilium(f"ingress: {{fromEndpoints: [], {PORT}}}")),
        passes=manifest(WEB, DB, DENY, cilium(f"ingress: {{fromEndpoints: [{{}}], {PORT}}}")),
    ),
    FindingCode(
        code="NW2525",
        severity="warning",
        title="an empty section that isolates nobody",
        explanation=(
            "A section without entries is as one that is left out: it does not isolate. Only an entry does, be it an "
            "empty one."
        ),
        help="write `[{}]` to deny everything in that direction, or delete the line",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, more="  egress: []\n")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB, more="  egress: [{}]\n")),
    ),
    FindingCode(
        code="NW2540",
        severity="warning",
        title="an entry of a policy of Cilium that admits everything",
        explanation=(
            "`fromEntities: [all]` without ports admits pods, nodes and all that is outside. The pods are isolated in "
            "name only. Not told of rules that deny something beside it: there it opens what they are not about."
        ),
        help="say from whom and on which ports",
        fails=manifest(WEB, DB, DENY, cilium("ingress: {fromEntities: [all]}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2541",
        severity="info",
        title="an entry of a policy of Cilium that lets out to everybody",
        explanation=(
            "`toEntities: [all]` without ports lets out to pods, nodes and all that is outside. Not told of rules that "
            "deny something beside it."
        ),
        help="say to whom and on which ports",
        fails=manifest(WEB, DB, DENY, cilium("egress: {toEntities: [all]}")),
        passes=manifest(WEB, DB, DENY, cilium("egress: {toEntities: [cluster]}")),
    ),
    FindingCode(
        code="NW2542",
        severity="warning",
        title="an entry of a policy of Cilium that admits the outside on all ports",
        explanation=(
            "`fromEntities: [world]` without ports admits whoever is outside the cluster to every port on which the "
            "pods listen, also to those that no Service names."
        ),
        help="add the ports under `toPorts`",
        fails=manifest(WEB, DB, DENY, cilium("ingress: {fromEntities: [world]}")),
        passes=manifest(WEB, DB, DENY, cilium("ingress: {fromCIDR: [203.0.113.0/24]}")),
    ),
    FindingCode(
        code="NW2543",
        severity="info",
        title="an entry of a policy of Cilium that admits the whole cluster",
        explanation=(
            "`fromEntities: [cluster]` without ports admits all pods of all namespaces and all nodes, those of "
            "namespaces that are created later too."
        ),
        help="name who is meant with `fromEndpoints`, and the ports under `toPorts`",
        fails=manifest(WEB, DB, DENY, cilium("ingress: {fromEntities: [cluster]}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
)
