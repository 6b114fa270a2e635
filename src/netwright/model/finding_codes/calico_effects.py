"""NW2620 to NW2627: what Calico's policies say to no effect, or to more than is seen at once."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.calico_selectors import FROM_DB, calico
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest

_TO_PORT: Final = "ingress: {action: Allow, protocol: TCP, destination: {ports: [%s]}}"
_GET: Final = "ingress: {action: Allow, http: {methods: [GET]}}"
_OTHERS: Final = "  namespaceSelector: projectcalico.org/name != 'kube-system'\n"
_RAW: Final = "  applyOnForward: true\n  doNotTrack: true\n"


def felix(spec: str) -> str:
    return f"""\
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {{name: default}}
spec: {spec}
"""


def profile(name: str) -> str:
    return f"""\
apiVersion: projectcalico.org/v3
kind: Profile
metadata: {{name: {name}}}
spec: {{ingress: [{{action: Deny}}]}}
"""


CALICO_EFFECTS: Final = (
    FindingCode(
        code="NW2620",
        severity="error",
        title="rules of Calico of a direction that `types` leave out",
        explanation=(
            "A policy's `types` say for which directions it is. Rules of another direction are not read, and the pods "
            "are as free in it as without the policy."
        ),
        help="add the direction to `types`",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB, "egress: {action: Deny}", types="[Ingress]")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB, "egress: {action: Deny}")),
    ),
    FindingCode(
        code="NW2621",
        severity="warning",
        title="a policy of Calico that isolates the cluster's own pods too",
        explanation=(
            "A GlobalNetworkPolicy without selectors is for every pod of the cluster and for every host endpoint. Its "
            "tier denies at its end what no rule allows, in kube-system too: DNS and what else runs the cluster is cut "
            "off, unless other policies admit it."
        ),
        help="leave out the namespaces of the cluster by `namespaceSelector`",
        fails=manifest(WEB, DB, DENY, calico(selector="all()", kind="GlobalNetworkPolicy", name="default-deny")),
        passes=manifest(
            WEB, DB, DENY, calico(selector="all()", kind="GlobalNetworkPolicy", name="default-deny", more=_OTHERS)
        ),
    ),
    FindingCode(
        code="NW2622",
        severity="warning",
        title="a port by a name that none of the policy's pods has",
        explanation=(
            "A rule names a port of the pods that the policy is for, and none of their containers gives a port of the "
            "rule's protocol this name. All of their workloads are in the input."
        ),
        help="correct the name, or write the number",
        fails=manifest(WEB, DB, DENY, calico(_TO_PORT % "web")),
        passes=manifest(WEB, DB, DENY, calico(_TO_PORT % "http")),
    ),
    FindingCode(
        code="NW2623",
        severity="warning",
        title="a policy of Calico for host endpoints, and there is none",
        explanation=(
            "With `doNotTrack` or `preDNAT` a policy acts on the interfaces of hosts that HostEndpoints name, never on "
            "pods. The input has no HostEndpoint."
        ),
        help="add HostEndpoints to the sources, or leave the field out to mean pods",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB, kind="GlobalNetworkPolicy", more=_RAW)),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB, kind="GlobalNetworkPolicy")),
    ),
    FindingCode(
        code="NW2624",
        severity="warning",
        title="conditions of requests that nothing in Calico looks at",
        explanation=(
            "Rules with `http` need application layer policy: Felix has to have a `policySyncPathPrefix`. The "
            "FelixConfiguration in the input has none, so that every request passes that the rest of the rule allows."
        ),
        help="switch application layer policy on, or leave `http` out",
        fails=manifest(WEB, DB, DENY, felix("{}"), calico(_GET)),
        passes=manifest(WEB, DB, DENY, felix("{policySyncPathPrefix: /var/run/nodeagent}"), calico(_GET)),
    ),
    FindingCode(
        code="NW2625",
        severity="info",
        title="a staged policy of Calico that would change nothing",
        explanation=(
            "A staged policy shows what would become of traffic if it were enforced. This one says what the enforced "
            "policy of its name says already."
        ),
        help="delete it, or stage what is to change",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB), calico(FROM_DB, kind="StagedNetworkPolicy")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB), calico("ingress: {action: Deny}", kind="StagedNetworkPolicy")),
    ),
    FindingCode(
        code="NW2626",
        severity="warning",
        title="a staged deletion of a policy that is not there",
        explanation=(
            "A staged policy with `stagedAction: Delete` shows what would become of traffic without the enforced "
            "policy of its name. The input has none."
        ),
        help="correct the name, or delete it",
        fails=manifest(
            WEB,
            DB,
            DENY,
            calico(FROM_DB),
            "apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\n"
            "metadata: {name: gaurd, namespace: shop}\nspec: {stagedAction: Delete}\n",
        ),
        passes=manifest(
            WEB,
            DB,
            DENY,
            calico(FROM_DB),
            "apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\n"
            "metadata: {name: guard, namespace: shop}\nspec: {stagedAction: Delete}\n",
        ),
    ),
    FindingCode(
        code="NW2627",
        severity="info",
        title="a Profile of Calico that nothing has",
        explanation=(
            "Pods have the profiles that Calico makes of their namespace and service account, and no others. A Profile "
            "acts on the host endpoints that name it; no HostEndpoint of the input does."
        ),
        help="write a policy, or name the Profile in a HostEndpoint",
        fails=manifest(WEB, DB, DENY, calico(FROM_DB), profile("strict")),
        passes=manifest(WEB, DB, DENY, calico(FROM_DB)),
    ),
)
