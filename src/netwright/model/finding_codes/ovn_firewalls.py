"""NW29…: EgressFirewalls of OVN-Kubernetes, and how it reads policies of Kubernetes."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest

BASE: Final = (WEB, DENY, ADMIT)


def firewall(*rules: str) -> str:
    listed = "".join(f"    - {rule}\n" for rule in rules)
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: EgressFirewall
metadata: {{name: default, namespace: shop}}
spec:
  egress:
{listed}"""


NODE: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
spec: {podCIDRs: [10.244.0.0/24]}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
"""
DUAL: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {node-role.kubernetes.io/control-plane: ""}}
spec: {podCIDRs: [10.244.0.0/24, "2001:db8::/64"]}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
"""
ADMIT_WEB: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
"""
BY_NAME: Final = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}, {ipBlock: {cidr: 0.0.0.0/0}}]
      ports: [{port: %s}]
"""
SITE: Final = "{type: Allow, to: {cidrSelector: 203.0.113.0/24}}"
DENY_SITE: Final = "{type: Deny, to: {cidrSelector: 198.51.100.0/24}}"
MASTERS: Final = (
    '{type: Allow, to: {nodeSelector: {matchLabels: {node-role.kubernetes.io/control-plane: ""}}}, '
    "ports: [{protocol: TCP, port: 6443}]}"
)
REST: Final = "{type: Deny, to: {cidrSelector: 0.0.0.0/0}}"
REST6: Final = '{type: Deny, to: {cidrSelector: "::/0"}}'

OVN_FIREWALLS: Final = (
    FindingCode(
        code="NW2901",
        severity="error",
        title="a rule of an EgressFirewall that is never reached",
        explanation=(
            "The rules of a firewall are read in their order, and the first that matches decides. One before this "
            "matches all that this one is about: the range holds its range, and it names all of its ports or none."
        ),
        help="move it before the other, or delete it",
        fails=manifest(*BASE, NODE, firewall(MASTERS, REST, SITE)),
        passes=manifest(*BASE, NODE, firewall(MASTERS, SITE, REST)),
    ),
    FindingCode(
        code="NW2902",
        severity="warning",
        title="an EgressFirewall that denies nothing",
        explanation=(
            "What no rule of an EgressFirewall matches is allowed. Rules that only allow, without one behind them that "
            "denies the rest, change nothing."
        ),
        help="end it with a rule that denies `0.0.0.0/0` (and `::/0`)",
        fails=manifest(*BASE, NODE, firewall(SITE)),
        passes=manifest(*BASE, NODE, firewall(MASTERS, SITE, REST)),
    ),
    FindingCode(
        code="NW2903",
        severity="info",
        title="an EgressFirewall that closes the nodes too",
        explanation=(
            "A rule for `0.0.0.0/0` means the nodes' addresses too, and the Service `kubernetes` leads to an address "
            "of a node (or of the control plane's load balancer): pods that ask the API server cannot. Nothing is said "
            "where a rule before it allows nodes, or a range that may be theirs."
        ),
        help="allow the control plane's nodes before it, by `nodeSelector` and port 6443",
        fails=manifest(*BASE, NODE, firewall(SITE, REST)),
        passes=manifest(*BASE, NODE, firewall(MASTERS, SITE, REST)),
    ),
    FindingCode(
        code="NW2904",
        severity="warning",
        title="an EgressFirewall for one address family",
        explanation=(
            "The cluster's pods have addresses of both families, and the firewall denies everything of one. Of the "
            "other no rule says anything: it is open."
        ),
        help="add a rule that denies everything of the other family",
        fails=manifest(WEB, DENY, ADMIT_WEB, DUAL, firewall(MASTERS, SITE, REST)),
        passes=manifest(WEB, DENY, ADMIT_WEB, DUAL, firewall(MASTERS, SITE, REST, REST6)),
    ),
    FindingCode(
        code="NW2905",
        severity="warning",
        title="a wildcard name in an EgressFirewall",
        explanation=(
            "`dnsName: *.example.com` needs the DNSNameResolver of OVN-Kubernetes (`enable-dns-name-resolver`), which "
            "is off by default. Without it the firewall is not valid, and no rule of it is applied."
        ),
        help="name the hosts one by one, or switch the option on",
        fails=manifest(*BASE, firewall('{type: Allow, to: {dnsName: "*.example.com"}}', DENY_SITE)),
        passes=manifest(*BASE, firewall("{type: Allow, to: {dnsName: www.example.com}}", DENY_SITE)),
    ),
    FindingCode(
        code="NW2906",
        severity="warning",
        title="a name that an EgressFirewall denies",
        explanation=(
            "OVN-Kubernetes asks for the name by itself and denies the addresses that it gets. A pod that gets others, "
            "or that dials an address, is not kept from the host; the documentation advises caution."
        ),
        help="deny its ranges, or allow what is needed and deny the rest",
        fails=manifest(*BASE, firewall("{type: Deny, to: {dnsName: www.example.com}}")),
        passes=manifest(*BASE, firewall(DENY_SITE)),
    ),
    FindingCode(
        code="NW2907",
        severity="error",
        title="a range of an EgressFirewall that OVN refuses",
        explanation=(
            "The address of a `cidrSelector` has bits set beyond its prefix length. OVN-Kubernetes writes it into the "
            "match as it is, and OVN takes no such match (`Value contains unmasked 1-bits`)."
        ),
        help="write the range without them",
        fails=manifest(*BASE, firewall("{type: Deny, to: {cidrSelector: 198.51.100.9/24}}")),
        passes=manifest(*BASE, firewall(DENY_SITE)),
    ),
    FindingCode(
        code="NW2908",
        severity="warning",
        title="a range of pods in an EgressFirewall",
        explanation=(
            "The range lies in the pod ranges of the cluster. OVN-Kubernetes cuts these out of every rule of a "
            "firewall, which is about what lies outside and about nodes."
        ),
        help="write a NetworkPolicy for connections between pods",
        fails=manifest(*BASE, NODE, firewall("{type: Deny, to: {cidrSelector: 10.244.0.0/25}}")),
        passes=manifest(*BASE, NODE, firewall(DENY_SITE)),
    ),
    FindingCode(
        code="NW2909",
        severity="error",
        title="a nodeSelector of an EgressFirewall that selects no node",
        explanation="The input has nodes, and none of them has the labels that the rule asks for.",
        help="correct the labels",
        fails=manifest(
            *BASE,
            NODE,
            firewall("{type: Deny, to: {nodeSelector: {matchLabels: {pool: gpu}}}}", DENY_SITE),
        ),
        passes=manifest(*BASE, NODE, firewall(MASTERS, DENY_SITE)),
    ),
    FindingCode(
        code="NW2910",
        severity="error",
        title="a NetworkPolicy that names a port, under OVN-Kubernetes",
        explanation=(
            "OVN-Kubernetes reads the number of a port, and a name has none: where a rule has no number for the "
            "protocol, every port of it is allowed; where it has some, the name counts for nothing."
        ),
        help="write the number of the pods' port",
        fails=manifest(WEB, DENY, firewall(DENY_SITE), BY_NAME % "http"),
        passes=manifest(WEB, DENY, firewall(DENY_SITE), BY_NAME % "8080"),
    ),
)
