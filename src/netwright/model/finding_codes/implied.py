"""NW2111 to NW2115: what changes nothing because others say all of it."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import DB, DENY, OUT, WEB, manifest


def _policy(name: str, *rules: str, pods: str = "{matchLabels: {app: web}}") -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec:
  podSelector: {pods}
  policyTypes: [Ingress]
  ingress:
""" + "".join(f"    - {rule}\n" for rule in rules)


def _among(*policies: str) -> str:
    return manifest(WEB, DB, DENY, OUT, *policies)


ALL: Final = "from: [{podSelector: {}}]"
OF_DB: Final = "from: [{podSelector: {matchLabels: {app: db}}}]"
OUTSIDE: Final = "from: [{ipBlock: {cidr: 198.51.100.0/24}}]"
PORT: Final = "\n      ports: [{port: 8080}]"

IMPLIED: Final = (
    FindingCode(
        code="NW2111",
        severity="info",
        title="a rule that another rule of the policy contains",
        explanation=(
            "Rules are alternatives: what one admits no other takes back. All peers and ports of this rule are peers "
            "and ports of another rule of the same policy, in every cluster, so it changes nothing. If the narrower "
            "rule was to be the limit, the wider one is the mistake."
        ),
        help="delete it, or narrow the other one",
        fails=_among(_policy("web", ALL, OF_DB + PORT)),
        passes=_among(_policy("web", OF_DB + PORT)),
    ),
    FindingCode(
        code="NW2112",
        severity="info",
        title="a rule that a rule of another policy contains",
        explanation=(
            "Another policy of the namespace is for at least the same pods, and one of its rules admits all that this "
            "rule admits, in every cluster. The rule changes nothing while the other policy is there."
        ),
        help="delete it, or narrow the other one",
        fails=_among(
            _policy("all", OF_DB + PORT, pods="{matchLabels: {app: web}}"), _policy("web", OUTSIDE + PORT, OF_DB + PORT)
        ),
        passes=_among(_policy("all", OF_DB + PORT, pods="{matchLabels: {app: web}}"), _policy("web", OUTSIDE + PORT)),
    ),
    FindingCode(
        code="NW2113",
        severity="info",
        title="a peer that another peer of the rule contains",
        explanation=(
            "The entries of `from` and `to` are alternatives. All that this entry selects another entry of the same "
            "list selects too, in every cluster, so it changes nothing. If the narrower entry was to be the limit, "
            "the wider one is the mistake."
        ),
        help="delete it, or delete the wider one",
        fails=_among(
            _policy("web", "from: [{podSelector: {}}, {podSelector: {matchLabels: {app: db}}}]" + PORT),
        ),
        passes=_among(_policy("web", ALL + PORT)),
    ),
    FindingCode(
        code="NW2114",
        severity="info",
        title="a port that another port of the rule contains",
        explanation=(
            "The entries of `ports` are alternatives, and another entry of the same list holds all ports of this one: "
            "a range around it, or the whole protocol."
        ),
        help="delete it, or delete the wider one",
        fails=_among(_policy("web", ALL + "\n      ports: [{port: 8080}, {port: 8000, endPort: 8100}]")),
        passes=_among(_policy("web", ALL + "\n      ports: [{port: 8000, endPort: 8100}]")),
    ),
    FindingCode(
        code="NW2115",
        severity="info",
        title="a policy that changes nothing",
        explanation=(
            "Every rule of the policy is contained in a rule of another policy that is for at least the same pods, and "
            "these are isolated by other policies too. Without it the network is the same. Of two equal policies the "
            "later by name is told. Not said of policies without rules: a default deny is kept for its own sake."
        ),
        help="delete it, or narrow the others",
        fails=_among(_policy("all", ALL + PORT, pods="{}"), _policy("web", OF_DB + PORT)),
        passes=_among(_policy("web", ALL + PORT)),
    ),
)
