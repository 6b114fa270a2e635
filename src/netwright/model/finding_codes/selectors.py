"""NW20…: selectors of policies."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, SHOP, WEB, manifest

NODE_WIDE: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: probe, namespace: shop, labels: {app: probe}}
spec: {hostNetwork: true, containers: [{name: probe, image: probe}]}
"""
FRONT: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: front, labels: {team: front}}
---
apiVersion: v1
kind: Pod
metadata: {name: gate, namespace: front, labels: {app: gate}}
spec: {containers: [{name: gate, image: gate}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: front}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: out, namespace: front}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to: [{namespaceSelector: {matchLabels: {team: shop}}}]
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
"""


def _web(peers: str, *others: str, pods: str = "{matchLabels: {app: web}}") -> str:
    """A policy that admits peers to the web pods on their port, and what it stands among."""
    return manifest(
        WEB,
        DB,
        *others,
        DENY,
        OUT,
        f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {pods}
  policyTypes: [Ingress]
  ingress:
    - from:
{peers}
      ports: [{{port: 8080}}]
""",
    )


def _peer(*lines: str) -> str:
    return "\n".join(f"        {line}" for line in lines)


FROM_DB: Final = _peer("- podSelector: {matchLabels: {app: db}}")

SELECTORS: Final = (
    FindingCode(
        code="NW2001",
        severity="warning",
        title="a policy that selects no pod",
        explanation=(
            "The namespace has workloads in the input and none of their pods has the labels of the policy's "
            "`podSelector`. The policy isolates nothing and admits nothing; the pods it was written for stay as open "
            "or as closed as other policies leave them. Pods on their node's network (hostNetwork) are met by no "
            "policy. Not said where a workload without pods at present (scaled to zero, suspended) has the labels, or "
            "where objects of kinds that are not read may make pods in the namespace."
        ),
        help="correct the labels of `podSelector`, or delete the policy",
        fails=_web(FROM_DB, pods="{matchLabels: {app: wbe}}"),
        passes=_web(FROM_DB),
    ),
    FindingCode(
        code="NW2002",
        severity="info",
        title="policies for a namespace without workloads",
        explanation=(
            "No workload of the policies' namespace is in the input. What they select is not known, so nothing is "
            "said of what they do: the manifests of the workloads are elsewhere, or the namespace is misspelt."
        ),
        help="name the manifests of the workloads as a source too, or correct the namespace",
        fails=manifest(WEB, DENY, DENY.replace("namespace: shop", "namespace: shpo")),
        passes=manifest(WEB, DENY),
    ),
    FindingCode(
        code="NW2003",
        severity="warning",
        title="a peer that selects no pod of its own namespace",
        explanation=(
            "A peer with `podSelector` alone means pods of the policy's own namespace. None there has these labels, so "
            "the entry admits nobody. What was meant to be allowed is refused where other rules do not allow it."
        ),
        help="correct the labels, or delete the entry",
        fails=_web(_peer("- podSelector: {matchLabels: {app: bd}}")),
        passes=_web(FROM_DB),
    ),
    FindingCode(
        code="NW2004",
        severity="warning",
        title="a peer that selects no namespace",
        explanation=(
            "No namespace has the labels of the peer's `namespaceSelector`, so the entry admits nobody. Said where the "
            "labels are in use on namespaces of the input or come near to such, or where the input holds all "
            "namespaces of a cluster (`kube-system` is among them): an input that is a part of a cluster does not show "
            "the other namespaces."
        ),
        help="correct the labels, or label the namespaces that are meant",
        fails=_web(_peer("- namespaceSelector: {matchLabels: {team: bill}}"), SHOP, FRONT),
        passes=_web(_peer("- namespaceSelector: {matchLabels: {team: front}}"), SHOP, FRONT),
    ),
    FindingCode(
        code="NW2005",
        severity="warning",
        title="a peer whose pods are not in the namespaces that it selects",
        explanation=(
            "The `namespaceSelector` of the peer selects namespaces, and none of their pods has the labels of its "
            "`podSelector`. Both are asked for in one entry, so it admits nobody."
        ),
        help="correct the labels, or delete the entry",
        fails=_web(
            _peer(
                "- namespaceSelector: {matchLabels: {team: front}}",
                "  podSelector: {matchLabels: {app: gateway}}",
            ),
            SHOP,
            FRONT,
        ),
        passes=_web(
            _peer(
                "- namespaceSelector: {matchLabels: {team: front}}",
                "  podSelector: {matchLabels: {app: gate}}",
            ),
            SHOP,
            FRONT,
        ),
    ),
    FindingCode(
        code="NW2006",
        severity="warning",
        title="a peer in another namespace that is not named",
        explanation=(
            "A peer with `podSelector` alone means pods of the policy's own namespace. None there has these labels; "
            "pods of another namespace have them. They are not admitted: the entry lacks a `namespaceSelector`."
        ),
        help="add the `namespaceSelector` to the same entry of the list",
        fails=_web(_peer("- podSelector: {matchLabels: {app: gate}}"), SHOP, FRONT),
        passes=_web(
            _peer(
                "- podSelector: {matchLabels: {app: gate}}",
                "  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}",
            ),
            SHOP,
            FRONT,
        ),
    ),
    FindingCode(
        code="NW2007",
        severity="warning",
        title="two peers where one was most likely meant",
        explanation=(
            "`namespaceSelector` and `podSelector` stand in two entries of the list, so either is enough: all pods of "
            "the selected namespaces, and pods of the policy's own namespace with these labels. There are none of the "
            "latter, and the selected namespaces have some: most likely one entry with both was meant, which admits "
            "only these."
        ),
        help="take the `-` from the second of the two, so that one entry asks for both",
        fails=_web(
            _peer(
                "- namespaceSelector: {matchLabels: {team: front}}",
                "- podSelector: {matchLabels: {app: gate}}",
            ),
            SHOP,
            FRONT,
        ),
        passes=_web(
            _peer(
                "- namespaceSelector: {matchLabels: {team: front}}",
                "  podSelector: {matchLabels: {app: gate}}",
            ),
            SHOP,
            FRONT,
        ),
    ),
    FindingCode(
        code="NW2008",
        severity="warning",
        title="a namespace asked for by a label that it does not have",
        explanation=(
            "The peer asks for a label whose value is the name of a namespace, and that namespace does not have the "
            "label; no other has it either, so the entry admits nobody. A namespace has no label `name` unless "
            "somebody gives it one; `kubernetes.io/metadata.name` is on every namespace."
        ),
        help="write `kubernetes.io/metadata.name`, or label the namespace",
        fails=_web(_peer("- namespaceSelector: {matchLabels: {name: front}}"), SHOP, FRONT),
        passes=_web(_peer("- namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}"), SHOP, FRONT),
    ),
    FindingCode(
        code="NW2009",
        severity="error",
        title="a selector that can never select anything",
        explanation=(
            "All requirements of a selector must hold together, and two of this one exclude each other: a label with "
            "two values, `In` and `NotIn` of the same value, `Exists` and `DoesNotExist` of one label. Whatever is "
            "deployed, it selects nothing."
        ),
        help="for one value or the other use `In` with both",
        fails=_web(
            _peer(
                "- podSelector:",
                "    matchLabels: {app: db}",
                "    matchExpressions: [{key: app, operator: In, values: [cache]}]",
            )
        ),
        passes=_web(_peer("- podSelector: {matchExpressions: [{key: app, operator: In, values: [db, cache]}]}")),
    ),
    FindingCode(
        code="NW2010",
        severity="warning",
        title="a peer that selects only pods on their node's network",
        explanation=(
            "All pods that the peer selects have `hostNetwork`. Their connections bear the address of their node, and "
            "selectors of policies do not match them on most network plugins (the NetworkPolicy concept page leaves it "
            "open). The entry admits nobody."
        ),
        help="allow the nodes' addresses with an `ipBlock`, or take `hostNetwork` from the pods",
        fails=_web(_peer("- podSelector: {matchLabels: {app: probe}}"), NODE_WIDE),
        passes=_web(_peer("- podSelector: {matchLabels: {app: probe}}"), NODE_WIDE.replace("hostNetwork: true, ", "")),
    ),
)
