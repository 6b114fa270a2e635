"""NW2501 to NW2514: what Cilium's policies select, and the ranges that they name."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest


def cilium(*rules: str, selector: str = "{matchLabels: {app: web}}", name: str = "guard", more: str = "") -> str:
    """A CiliumNetworkPolicy in `shop`; a rule is its section, a colon, and the entry."""
    sections: dict[str, str] = {}
    for rule in rules:
        section, _, text = rule.partition(": ")
        sections[section] = sections.get(section, "") + f"    - {text}\n"
    written = "".join(f"  {section}:\n{text}" for section, text in sections.items())
    return f"""\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  endpointSelector: {selector}
{more}{written}"""


def group(ranges: str = "[203.0.113.0/24]", name: str = "partners") -> str:
    return f"""\
apiVersion: cilium.io/v2
kind: CiliumCIDRGroup
metadata: {{name: {name}}}
spec: {{externalCIDRs: {ranges}}}
"""


def from_pods(labels: str) -> str:
    return f"fromEndpoints: [{{matchLabels: {{{labels}}}}}]"


def to_pods(labels: str) -> str:
    return f"toEndpoints: [{{matchLabels: {{{labels}}}}}]"


FROM_DB: Final = f"ingress: {{{from_pods('app: db')}}}"
PORT: Final = 'toPorts: [{ports: [{port: "8080", protocol: TCP}]}]'
NODE: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24]}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}
"""
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
FROM_MONITOR: Final = """\
ingress: {fromEndpoints: [{matchLabels: {app: prometheus, "k8s:io.kubernetes.pod.namespace": monitoring}}]}"""

CILIUM_SELECTORS: Final = (
    FindingCode(
        code="NW2501",
        severity="warning",
        title="a policy of Cilium for no pod",
        explanation=(
            "The `endpointSelector` selects no pod of the namespaces that it is about, all of whose workloads the "
            "input holds. Pods on their node's network are no endpoints. The rule acts nowhere."
        ),
        help="correct the labels, or delete the policy",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, selector="{matchLabels: {app: wbe}}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2502",
        severity="warning",
        title="a peer of a policy of Cilium that selects no pod",
        explanation=(
            "An entry of `fromEndpoints` or `toEndpoints` selects no pod of the namespaces that it is about, all of "
            "whose workloads the input holds. What it was to allow is not allowed, what it was to deny not denied."
        ),
        help="correct the labels, or delete the entry",
        fails=manifest(WEB, DB, DENY, cilium(f"ingress: {{{from_pods('app: dbs')}}}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2503",
        severity="warning",
        title="a peer of a policy of Cilium that is confined to its own namespace",
        explanation=(
            "Selectors of a CiliumNetworkPolicy mean pods of its own namespace, unless they name another by "
            "`k8s:io.kubernetes.pod.namespace` or by labels of namespaces. Pods with these labels are in other "
            "namespaces only, so the entry matches nobody."
        ),
        help="add `k8s:io.kubernetes.pod.namespace` to the labels",
        fails=manifest(WEB, DB, DENY, MONITOR, cilium(f"ingress: {{{from_pods('app: prometheus')}}}")),
        passes=manifest(
            WEB,
            DB,
            DENY,
            MONITOR,
            cilium(FROM_MONITOR),
        ),
    ),
    FindingCode(
        code="NW2504",
        severity="warning",
        title="a label that Cilium does not see",
        explanation=(
            "Cilium keeps labels that change often, or that systems give, out of the identities of pods: "
            "`pod-template-hash`, `controller-uid`, `controller-revision-hash`, a StatefulSet's pod name and index, "
            "`topology.kubernetes.io/…`, keys that start with `kubernetes.io`, `k8s.io`, `io.kubernetes` and a few "
            "more. A selector that asks for one selects nobody, in NetworkPolicies too. Told of its default filter."
        ),
        help="ask for a label of your own, or let the label in with Cilium's option `labels`",
        fails=manifest(WEB, DB, DENY, cilium(f"ingress: {{{from_pods('pod-template-hash: abc')}}}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2505",
        severity="warning",
        title="an endpointSelector with another namespace",
        explanation=(
            "A CiliumNetworkPolicy is for pods of its own namespace. Another one that its `endpointSelector` names in "
            "`matchLabels` as `k8s:io.kubernetes.pod.namespace` is replaced by its own; named otherwise, the selector "
            "selects nobody."
        ),
        help="put the policy into that namespace, or write a CiliumClusterwideNetworkPolicy",
        fails=manifest(
            WEB,
            DB,
            DENY,
            cilium(FROM_DB, selector='{matchLabels: {app: web, "k8s:io.kubernetes.pod.namespace": other}}'),
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            cilium(FROM_DB, selector='{matchLabels: {app: web, "k8s:io.kubernetes.pod.namespace": shop}}'),
        ),
    ),
    FindingCode(
        code="NW2510",
        severity="warning",
        title="a range of addresses of pods or nodes, which Cilium does not match",
        explanation=(
            "Ranges of Cilium's policies match addresses outside the cluster. Pods and nodes have identities of their "
            "own and match no range, unless `policy-cidr-match-mode` has `pods` or `nodes`. This one holds addresses "
            "of the ranges of pods, of pods or of nodes alone, so that it matches nobody."
        ),
        help="name pods with `fromEndpoints` or `toEndpoints`, nodes with the entities `host` and `remote-node`",
        fails=manifest(WEB, DB, DENY, NODE, cilium("ingress: {fromCIDR: [10.244.0.0/25]}")),
        passes=manifest(WEB, DB, DENY, NODE, cilium("ingress: {fromCIDR: [203.0.113.0/24]}")),
    ),
    FindingCode(
        code="NW2511",
        severity="warning",
        title="a CiliumCIDRGroup that is not in the input",
        explanation=(
            "The entry names a group of ranges, and the input has none of that name. Without it the entry has no "
            "addresses and matches nobody: what it was to deny is not denied."
        ),
        help="correct the name, or give the group as a source too",
        fails=manifest(
            WEB,
            DB,
            DENY,
            group(),
            cilium("ingress: {fromCIDRSet: [{cidrGroupRef: partners}, {cidrGroupRef: partner}]}"),
        ),
        passes=manifest(WEB, DB, DENY, group(), cilium("ingress: {fromCIDRSet: [{cidrGroupRef: partners}]}")),
    ),
    FindingCode(
        code="NW2512",
        severity="warning",
        title="a CiliumCIDRGroup without ranges",
        explanation="The entry names a group that lists no range, so it has no addresses and matches nobody.",
        help="list the ranges in `spec.externalCIDRs` of the group, or delete the entry",
        fails=manifest(WEB, DB, DENY, group("[]"), cilium("ingress: {fromCIDRSet: [{cidrGroupRef: partners}]}")),
        passes=manifest(WEB, DB, DENY, group(), cilium("ingress: {fromCIDRSet: [{cidrGroupRef: partners}]}")),
    ),
    FindingCode(
        code="NW2513",
        severity="info",
        title="a CiliumCIDRGroup that no policy names",
        explanation=(
            "The input has policies of Cilium, none of which names this group or selects groups by label. Its ranges "
            "change nothing."
        ),
        help="name it in `fromCIDRSet` or `toCIDRSet`, or delete it",
        fails=manifest(WEB, DB, DENY, group(), cilium(FROM_DB)),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2514",
        severity="warning",
        title="a range of a policy of Cilium that its exceptions take away whole",
        explanation="The ranges of `except` together are all of `cidr`: the entry matches nobody.",
        help="delete the entry, or an exception",
        fails=manifest(
            WEB, DB, DENY, cilium("ingress: {fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.0/24]}]}")
        ),
        passes=manifest(
            WEB, DB, DENY, cilium("ingress: {fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.0/25]}]}")
        ),
    ),
)
