"""NW2106 to NW2110: address ranges of policy rules."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import ADMIT, DB, DENY, OUT, WEB, manifest


def node(pods: str) -> str:
    return f"""\
apiVersion: v1
kind: Node
metadata: {{name: one}}
spec: {{podCIDRs: [{pods}]}}
status: {{addresses: [{{type: InternalIP, address: 192.0.2.10}}]}}
"""


def service(policy: str) -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec:
  type: LoadBalancer
  clusterIP: 10.96.3.4
  externalTrafficPolicy: {policy}
  selector: {{app: web}}
  ports: [{{port: 80, targetPort: 8080}}]
"""


def _rule(direction: str, peer: str, *others: str) -> str:
    side, port = ("from", 8080) if direction == "ingress" else ("to", 443)
    return manifest(
        WEB,
        DB,
        *others,
        DENY,
        OUT,
        f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: ranges, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [{direction.capitalize()}]
  {direction}:
    - {side}: {peer}
      ports: [{{port: {port}}}]
""",
    )


RANGES: Final = (
    FindingCode(
        code="NW2106",
        severity="warning",
        title="an ipBlock with addresses of pods",
        explanation=(
            "The range holds addresses of pods, or a part of the ranges that pods get theirs from. A pod that is "
            "replaced has another address, so whom the entry matches changes by itself; Cilium does not match pods by "
            "address unless it is told to. `ipBlock` is meant for addresses outside the cluster. Not said of ranges "
            "that are meant for everybody or for whole private networks."
        ),
        help="select the pods by their labels",
        fails=_rule("ingress", "[{ipBlock: {cidr: 10.244.0.0/24}}]", node("10.244.0.0/16")),
        passes=_rule("ingress", "[{ipBlock: {cidr: 10.9.0.0/24}}]", node("10.244.0.0/16")),
    ),
    FindingCode(
        code="NW2107",
        severity="warning",
        title="an ipBlock with addresses of Services",
        explanation=(
            "The range of an egress rule holds cluster addresses of Services. A connection to such an address is led "
            "to a pod; on most network plugins that happens before egress policy acts, which then sees the pod's "
            "address and port. The entry never matches there (the API leaves the order open)."
        ),
        help="select the pods behind the Service, on their own ports",
        fails=_rule("egress", "[{ipBlock: {cidr: 10.96.0.0/16}}]", ADMIT, service("Local")),
        passes=_rule("egress", "[{ipBlock: {cidr: 198.51.100.0/24}}]", ADMIT, service("Local")),
    ),
    FindingCode(
        code="NW2108",
        severity="error",
        title="an ipBlock whose exceptions leave nothing",
        explanation=(
            "The exceptions of an `ipBlock` are cut from its own range, and together they are all of it. The entry "
            "matches no address. Exceptions deny nothing: what other entries, rules and policies allow stays allowed."
        ),
        help="delete the entry, or an exception",
        fails=_rule("ingress", "[{ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.0/25, 198.51.100.128/25]}}]"),
        passes=_rule("ingress", "[{ipBlock: {cidr: 198.51.100.0/24, except: [198.51.100.0/25]}}]"),
    ),
    FindingCode(
        code="NW2109",
        severity="info",
        title="everybody, of one address family only",
        explanation=(
            "The cluster has IPv4 and IPv6, and a rule allows everybody of one of them (`0.0.0.0/0` or `::/0`) where "
            "the policy has no counterpart. Over the other family the same connection is refused, and which of the "
            "two a client takes is its own choice."
        ),
        help="add the range of the other family if everybody is meant",
        fails=_rule("egress", "[{ipBlock: {cidr: 0.0.0.0/0}}]", node("10.244.0.0/16, 'fd00:10::/56'")),
        passes=_rule(
            "egress", "[{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]", node("10.244.0.0/16, 'fd00:10::/56'")
        ),
    ),
    FindingCode(
        code="NW2110",
        severity="warning",
        title="clients' addresses that the pods do not see",
        explanation=(
            "The rule admits a range of clients outside, and a Service of type NodePort or LoadBalancer with "
            "`externalTrafficPolicy: Cluster` (the default) leads to the pods. The node that a connection comes to "
            "puts its own address in place of the client's before ingress policy acts, so the range does not match: "
            "clients are refused, except where they arrive at the node that the pod runs on, which is let in whatever "
            "policies say, and then whoever they are. Some network plugins keep the client's address (DSR)."
        ),
        help="set `externalTrafficPolicy: Local`, or restrict clients by `loadBalancerSourceRanges`",
        fails=_rule("ingress", "[{ipBlock: {cidr: 203.0.113.0/24}}]", node("10.244.0.0/16"), service("Cluster")),
        passes=_rule("ingress", "[{ipBlock: {cidr: 203.0.113.0/24}}]", node("10.244.0.0/16"), service("Local")),
    ),
)
