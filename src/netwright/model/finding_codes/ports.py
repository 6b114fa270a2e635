"""NW2101 to NW2105: ports of policy rules."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest

SERVICE: Final = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""


def _to(port: str, *others: str, pods: str = "{matchLabels: {app: web}}") -> str:
    """A policy that admits the namespace's pods on a port."""
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
    - from: [{{podSelector: {{}}}}]
      ports: [{port}]
""",
    )


PORTS: Final = (
    FindingCode(
        code="NW2101",
        severity="info",
        title="a port that no selected pod declares",
        explanation=(
            "All pods that the rule's port is a port of declare container ports, and none declares this one. What is "
            "declared is information only: the port may be served all the same. More often it is one that was changed "
            "or never was. Told once a policy, with all such ports. Not said of the ports of injected sidecars."
        ),
        help="declare the port in the container too, or delete it from the rule",
        fails=_to("{port: 8443}"),
        passes=_to("{port: 8080}"),
    ),
    FindingCode(
        code="NW2102",
        severity="error",
        title="the port of a Service where the pods have another",
        explanation=(
            "The rule allows the port of a Service, whose pods are reached on another one (`targetPort`). Policy sees "
            "a connection to a Service after its translation, with the pod's address and port, so the rule never "
            "matches it. Not told where another rule of the same direction allows the pods' port between some of the "
            "same pods: then NW2101 is."
        ),
        help="write the port of the pods",
        fails=_to("{port: 80}", SERVICE),
        passes=_to("{port: 8080}", SERVICE),
    ),
    FindingCode(
        code="NW2103",
        severity="info",
        title="a named port with different numbers",
        explanation=(
            "The pods that the name is looked up on give it different numbers. Each pod is reached on its own number, "
            "which is what names are for; a reader of the policy may think of one."
        ),
        help="one name for one number is easier to read; else nothing is to be done",
        fails=_to("{port: http}", WEB.replace("name: web,", "name: old,", 1).replace("8080", "80")),
        passes=_to("{port: http}", WEB.replace("name: web,", "name: old,", 1)),
    ),
    FindingCode(
        code="NW2104",
        severity="error",
        title="a named port that no selected pod has",
        explanation=(
            "A port name of a rule is looked up in the container ports of the destination pod. None of the pods that "
            "it could be looked up on has a port of this name, so the rule admits nothing there."
        ),
        help="use a name that the containers declare, or the port's number",
        fails=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: https}]
""",
        ),
        passes=manifest(
            WEB,
            DENY,
            """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {}}]
      ports: [{port: http}]
""",
        ),
    ),
    FindingCode(
        code="NW2105",
        severity="error",
        title="a named port of another protocol",
        explanation=(
            "The pods have a port of this name, for another protocol than the rule's, which is TCP where none is "
            "written. A name is looked up for one protocol, so the rule admits nothing there."
        ),
        help="write the protocol of the port beside it",
        fails=_to("{port: http, protocol: UDP}"),
        passes=_to("{port: http, protocol: TCP}"),
    ),
)
