"""NW2550 to NW2568: entries of Cilium's policies that others decide, their ports and Services, and what they need."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.admin_policies import anp
from netwright.model.finding_codes.cilium_selectors import FROM_DB, cilium, from_pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

TO_SERVICE: Final = "toServices: [{k8sService: {serviceName: %s, namespace: shop}}]"


def ports(text: str) -> str:
    return f"ingress: {{{from_pods('app: db')}, toPorts: [{{ports: [{text}]}}]}}"


def of_nodes() -> str:
    return """\
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: {name: nodes}
spec:
  nodeSelector: {}
  ingress: [{fromEntities: [cluster]}]
"""


CILIUM_PORTS: Final = (
    FindingCode(
        code="NW2550",
        severity="warning",
        title="an entry of a policy of Cilium that another denies",
        explanation=(
            "What denies comes before what allows, in whichever policies they stand. An entry that denies matches all "
            "pods, peers and ports of this one, in every cluster, so that it allows nothing."
        ),
        help="delete it, or narrow what denies",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingressDeny: {fromEndpoints: [{}]}")),
        passes=manifest(
            WEB,
            DB,
            DENY,
            cilium(FROM_DB, 'ingressDeny: {fromEndpoints: [{}], toPorts: [{ports: [{port: "22", protocol: TCP}]}]}'),
        ),
    ),
    FindingCode(
        code="NW2551",
        severity="info",
        title="an entry of a policy of Cilium that repeats another",
        explanation=(
            "Another entry does the same for all pods, peers and ports of this one, in every cluster, and the pods "
            "stay isolated without it. It changes nothing."
        ),
        help="delete it, or narrow the wider one",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingress: {fromEndpoints: [{}]}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2560",
        severity="error",
        title="toServices with Services that do not exist",
        explanation=(
            "None of the Services that the entry names is in the input, which holds what is in their namespace. Cilium "
            "finds no peers then: with ports the entry allows these to everybody, without any it allows nothing."
        ),
        help="correct the names, or select the pods with `toEndpoints`",
        fails=manifest(WEB, DB, DENY, cilium(f"egress: {{{TO_SERVICE % 'dbs'}}}")),
        passes=manifest(WEB, DB, DENY, cilium("egress: {toEntities: [cluster]}")),
    ),
    FindingCode(
        code="NW2561",
        severity="error",
        title="toServices where Services are not looked up",
        explanation=(
            "Cilium looks Services up for entries that allow only. Under `egressDeny` they are nobody: without ports "
            "the entry denies nothing, with ports it denies these to everybody."
        ),
        help="name the pods behind the Service with `toEndpoints`",
        fails=manifest(
            WEB, DB, DENY, cilium("egress: {toEntities: [cluster]}", f"egressDeny: {{{TO_SERVICE % 'db'}}}")
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            cilium("egress: {toEntities: [cluster]}", "egressDeny: {toEndpoints: [{matchLabels: {app: db}}]}"),
        ),
    ),
    FindingCode(
        code="NW2562",
        severity="warning",
        title="a named port of a policy of Cilium that nobody has",
        explanation=(
            "A named port stands for the port that a container of the destination calls so. None of the pods that the "
            "rule is for, all of which are in the input, has a port of that name."
        ),
        help="name the port of the container so, or write its number",
        fails=manifest(WEB, DB, DENY, cilium(ports("{port: web, protocol: TCP}"))),
        passes=manifest(WEB, DB, DENY, cilium(ports("{port: http, protocol: TCP}"))),
    ),
    FindingCode(
        code="NW2563",
        severity="warning",
        title="endPort beside a named port",
        explanation=(
            "Cilium's documentation says that `endPort` is ignored where the port is a name. Cilium 1.20 ignores it "
            "for egress, and for ingress takes all ports from the one of that name to `endPort`."
        ),
        help="write the number of the first port, or delete `endPort`",
        fails=manifest(WEB, DB, DENY, cilium(ports("{port: http, endPort: 9000, protocol: TCP}"))),
        passes=manifest(WEB, DB, DENY, cilium(ports('{port: "8080", endPort: 9000, protocol: TCP}'))),
    ),
    FindingCode(
        code="NW2564",
        severity="warning",
        title="an endPort below its port",
        explanation="Cilium does not look at an `endPort` that is not above the port: the entry is about one port.",
        help="exchange the two numbers",
        fails=manifest(WEB, DB, DENY, cilium(ports('{port: "8080", endPort: 8000, protocol: TCP}'))),
        passes=manifest(WEB, DB, DENY, cilium(ports('{port: "8000", endPort: 8080, protocol: TCP}'))),
    ),
    FindingCode(
        code="NW2565",
        severity="warning",
        title="ICMP type 0, which is every type",
        explanation=(
            "Cilium keeps ICMP types where ports stand, and port 0 is every port. An entry for type 0 (EchoReply) "
            "matches every type of its family."
        ),
        help="delete it, or name the types that are meant",
        fails=manifest(
            WEB, DB, DENY, cilium(f"ingress: {{{from_pods('app: db')}, icmps: [{{fields: [{{type: 0}}]}}]}}")
        ),
        passes=manifest(
            WEB, DB, DENY, cilium(f"ingress: {{{from_pods('app: db')}, icmps: [{{fields: [{{type: 8}}]}}]}}")
        ),
    ),
    FindingCode(
        code="NW2566",
        severity="error",
        title="a policy that Cilium refuses as it is set up by default",
        explanation=(
            "The policy has a field for which an option of Cilium has to be on that is off by default: "
            "`fromNodes` and `toNodes` take `enable-node-selector-labels`, ports without a number "
            "`enable-extended-ip-protocols`. Without it Cilium refuses the policy as a whole, though the API server "
            "stores it: none of its rules acts, and it isolates nobody."
        ),
        help="switch the option on, or write the entry without the field",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingress: {fromNodes: [{matchLabels: {role: worker}}]}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB, "ingress: {fromEntities: [remote-node]}")),
    ),
    FindingCode(
        code="NW2567",
        severity="info",
        title="a policy for nodes, which takes the host firewall",
        explanation=(
            "A rule with `nodeSelector` is for the nodes themselves and acts only where Cilium's host firewall is on, "
            "which it is not by default. Whether it is the input does not say: connections of nodes are undecided."
        ),
        help="see to `hostFirewall.enabled`, and try the policy in audit mode before",
        fails=manifest(WEB, DB, DENY, of_nodes()),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
    FindingCode(
        code="NW2568",
        severity="error",
        title="authentication that always fails",
        explanation=(
            "The mode `test-always-fail` is for tests of Cilium itself: what the entry matches is denied, also where "
            "another entry allows it."
        ),
        help="write `required` for mutual authentication, or `disabled`",
        fails=manifest(
            WEB,
            DB,
            DENY,
            cilium(f"ingress: {{{from_pods('app: db')}, authentication: {{mode: test-always-fail}}}}"),
        ),
        passes=manifest(
            WEB, DB, DENY, cilium(f"ingress: {{{from_pods('app: db')}, authentication: {{mode: required}}}}")
        ),
    ),
    FindingCode(
        code="NW2569",
        severity="error",
        title="an admin policy of a version that Cilium does not read",
        explanation=(
            "Cilium 1.20 reads ClusterNetworkPolicy of v1alpha2 alone. An AdminNetworkPolicy or a "
            "BaselineAdminNetworkPolicy (v1alpha1) has no effect there."
        ),
        help="write a ClusterNetworkPolicy, or a CiliumClusterwideNetworkPolicy",
        fails=manifest(WEB, DB, DENY, cilium(FROM_DB), anp("{action: Deny, from: [{namespaces: {}}]}")),
        passes=manifest(WEB, DB, DENY, cilium(FROM_DB)),
    ),
)
