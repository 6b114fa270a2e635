"""NW2301 to NW2313: what admin policies select, and what their version means."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

ALL_OF_SHOP: Final = "{namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}"
OF_WEB: Final = "{pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}, podSelector: %s}}"
NODE: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {pool: gold}}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
"""


def cnp(*rules: str, name: str = "guard", priority: int = 10, subject: str = ALL_OF_SHOP, tier: str = "Admin") -> str:
    """A ClusterNetworkPolicy; a rule is `ingress` or `egress`, a colon, and the rule."""
    sides = {"ingress": "", "egress": ""}
    for rule in rules:
        side, _, text = rule.partition(": ")
        sides[side] += f"    - {text}\n"
    written = "".join(f"  {side}:\n{text}" for side, text in sides.items() if text)
    return f"""\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {{name: {name}}}
spec:
  tier: {tier}
  priority: {priority}
  subject: {subject}
{written}"""


def anp(rule: str, *, priority: int = 10) -> str:
    """An AdminNetworkPolicy with an ingress rule."""
    return f"""\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: guard}}
spec:
  priority: {priority}
  subject: {ALL_OF_SHOP}
  ingress:
    - {rule}
"""


def pods(labels: str) -> str:
    """A peer: pods of `shop` with these labels."""
    return OF_WEB % f"{{matchLabels: {{{labels}}}}}"


FROM_ALL: Final = "ingress: {action: Deny, from: [{namespaces: {}}]}"

ADMIN_POLICIES: Final = (
    FindingCode(
        code="NW2301",
        severity="warning",
        title="an admin policy for no pod",
        explanation=(
            "The subject of the policy selects no pod of the namespaces that it names, all of whose workloads the "
            "input holds. Pods on their node's network are no subjects. None of its rules acts anywhere."
        ),
        help="correct the labels, or delete the policy",
        fails=manifest(WEB, DENY, cnp(FROM_ALL, subject=pods("app: wbe"))),
        passes=manifest(WEB, DENY, cnp(FROM_ALL, subject=pods("app: web"))),
    ),
    FindingCode(
        code="NW2302",
        severity="warning",
        title="a peer of an admin policy that selects no pod",
        explanation=(
            "An entry of `from` or `to` selects no pod of the namespaces that it names, all of whose workloads the "
            "input holds. `pods` and `namespaces` never mean pods on their node's network. The entry matches nobody: "
            "what it was to accept is not accepted, what it was to deny is not denied."
        ),
        help="correct the labels, or delete the entry",
        fails=manifest(WEB, DB, DENY, cnp(f"ingress: {{action: Deny, from: [{pods('app: dbs')}]}}")),
        passes=manifest(WEB, DB, DENY, cnp(f"ingress: {{action: Deny, from: [{pods('app: db')}]}}")),
    ),
    FindingCode(
        code="NW2303",
        severity="warning",
        title="a peer of an admin policy that selects no node",
        explanation="None of the Node objects in the input has the labels, so the entry matches nobody.",
        help="correct the labels, or delete the entry",
        fails=manifest(WEB, DENY, NODE, cnp("egress: {action: Deny, to: [{nodes: {matchLabels: {pool: glod}}}]}")),
        passes=manifest(WEB, DENY, NODE, cnp("egress: {action: Deny, to: [{nodes: {matchLabels: {pool: gold}}}]}")),
    ),
    FindingCode(
        code="NW2304",
        severity="warning",
        title="a named port of an admin policy that nobody has",
        explanation=(
            "A named port stands for the port that a container of the destination calls so: of the pods that the "
            "policy is for on ingress, of the peers on egress. None of them, all of which are in the input, has a port "
            "of that name, so the entry matches nothing."
        ),
        help="name the port of the container so, or write its number",
        fails=manifest(
            WEB,
            DENY,
            cnp("ingress: {action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: web}]}"),
        ),
        passes=manifest(
            WEB,
            DENY,
            cnp("ingress: {action: Deny, from: [{namespaces: {}}], protocols: [{destinationNamedPort: http}]}"),
        ),
    ),
    FindingCode(
        code="NW2305",
        severity="error",
        title="a peer of an admin policy that its API does not know",
        explanation=(
            "The entry has none of the fields of a peer, but another one: of a newer version, or misspelt. "
            "Implementations have to fail closed: an Accept rule with such a peer matches nothing, a Deny or Pass rule "
            "denies everything. A server whose CRD does not know the field refuses the object or drops the field."
        ),
        help="correct the field, or wait for the version that has it",
        fails=manifest(WEB, DENY, cnp("ingress: {action: Deny, from: [{namespace: {}}]}")),
        passes=manifest(WEB, DENY, cnp("ingress: {action: Deny, from: [{namespaces: {}}]}")),
    ),
    FindingCode(
        code="NW2306",
        severity="warning",
        title="a field of an admin policy that later versions do not have",
        explanation=(
            "Until v0.1.1 peers of AdminNetworkPolicies selected namespaces by `namespaces.namespaceSelector`, "
            "`sameLabels` or `notSameLabels`; since then `namespaces` is the selector itself. A server with a later "
            "CRD refuses the field, or drops it: then an empty selector is left, which selects every namespace."
        ),
        help="write the labels in `namespaces` itself",
        fails=manifest(WEB, DENY, anp("{action: Deny, from: [{namespaces: {namespaceSelector: {}}}]}")),
        passes=manifest(WEB, DENY, cnp(FROM_ALL)),
    ),
    FindingCode(
        code="NW2307",
        severity="warning",
        title="admin policies of two versions",
        explanation=(
            "AdminNetworkPolicies or their baseline stand beside ClusterNetworkPolicies. They are different resources "
            "of two versions of one API. Few implementations enforce both, and how the priorities of one compare with "
            "those of the other is nowhere written: they are read here as one list."
        ),
        help="write all of them as ClusterNetworkPolicies",
        fails=manifest(
            WEB,
            DENY,
            anp("{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 22}}]}"),
            cnp("egress: {action: Deny, to: [{namespaces: {}}]}", priority=20),
        ),
        passes=manifest(WEB, DENY, cnp("egress: {action: Deny, to: [{namespaces: {}}]}", priority=20)),
    ),
    FindingCode(
        code="NW2308",
        severity="info",
        title="admin policies of a version that another replaces",
        explanation=(
            "AdminNetworkPolicy and BaselineAdminNetworkPolicy are of v1alpha1. ClusterNetworkPolicy of v1alpha2 "
            "replaces both, and the API's releases from v0.2.0 have it alone. They are enforced as long as the network "
            "plugin knows them; some plugins know no other. Told once for all of them."
        ),
        help="where the network plugin knows it, write ClusterNetworkPolicies",
        fails=manifest(WEB, DENY, anp("{action: Deny, from: [{namespaces: {}}]}")),
        passes=manifest(WEB, DENY, cnp(FROM_ALL)),
    ),
    FindingCode(
        code="NW2309",
        severity="info",
        title="a priority that OVN-Kubernetes does not take",
        explanation=(
            "The API has priorities from 0 to 1000. OVN-Kubernetes takes AdminNetworkPolicies with priorities from 0 "
            "to 99, and reports an error for others instead of enforcing them."
        ),
        help="use a priority from 0 to 99 where OVN-Kubernetes enforces it",
        fails=manifest(WEB, DENY, anp("{action: Deny, from: [{namespaces: {}}]}", priority=100)),
        passes=manifest(WEB, DENY, cnp(FROM_ALL, priority=100)),
    ),
    FindingCode(
        code="NW2310",
        severity="warning",
        title="an admin policy without rules",
        explanation=(
            "A NetworkPolicy without rules isolates its pods; an admin policy does not: it has no implicit isolation, "
            "and what none of its rules matches goes on to the next tier."
        ),
        help="write a rule with `action: Deny`, or delete the policy",
        fails=manifest(WEB, DENY, cnp()),
        passes=manifest(WEB, DENY, cnp(FROM_ALL)),
    ),
    FindingCode(
        code="NW2311",
        severity="info",
        title="a Deny of all ports that leaves ICMP",
        explanation=(
            "The rule denies every port of a protocol. Entries of ports match TCP, UDP and SCTP alone: ICMP, and the "
            "protocols that are not listed, go on to the next rule and the next tier. A rule without entries matches "
            "everything."
        ),
        help="leave the entries out to deny everything",
        fails=manifest(
            WEB,
            DENY,
            cnp(
                "ingress: {action: Deny, from: [{namespaces: {}}], "
                "protocols: [{tcp: {destinationPort: {range: {start: 1, end: 65535}}}}]}"
            ),
        ),
        passes=manifest(WEB, DENY, cnp(FROM_ALL)),
    ),
    FindingCode(
        code="NW2312",
        severity="info",
        title="a peer of nodes, and no node in the input",
        explanation=(
            "`nodes` means the addresses in the status of the nodes with these labels. Without Node objects it is not "
            "known whom it means, and what it does is left undecided."
        ),
        help="name the Node objects as a source too",
        fails=manifest(WEB, DENY, cnp("egress: {action: Deny, to: [{nodes: {}}]}")),
        passes=manifest(WEB, DENY, NODE, cnp("egress: {action: Deny, to: [{nodes: {}}]}")),
    ),
    FindingCode(
        code="NW2313",
        severity="warning",
        title="domain names in a rule that does not accept",
        explanation=(
            "`domainNames` are supported for Accept rules alone, as the API's text says. Its schema takes them in Deny "
            "and Pass rules too, and nothing says what these do: Cilium refuses the whole policy, Calico denies "
            "everything, others may match the addresses that the names have. So what such a rule does to addresses "
            "outside is left undecided where the profile does not say it."
        ),
        help="accept the names that are to be reached, and deny the rest by a rule behind it",
        fails=manifest(WEB, DENY, cnp("egress: {action: Deny, to: [{domainNames: [www.example.com]}]}")),
        passes=manifest(
            WEB,
            DENY,
            cnp(
                "egress: {action: Accept, to: [{domainNames: [www.example.com]}]}",
                "egress: {action: Deny, to: [{networks: [0.0.0.0/0]}]}",
            ),
        ),
    ),
)
