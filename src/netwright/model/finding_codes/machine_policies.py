"""NW62…: policies and machines."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import (
    BRIDGE,
    TWO,
    TWO_NETWORKS,
    attachment,
    machine,
    namespace,
    user_network,
)
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest


def _admits(peer: str) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Ingress]
  ingress: [{{from: [{{ipBlock: {{cidr: 203.0.113.0/24}}}}, {peer}]}}]
"""


RUNNING: Final = machine(strategy="Always")
BESIDE: Final = machine(TWO, TWO_NETWORKS, strategy="Always")
PORTAL: Final = """\
apiVersion: v1
kind: Pod
metadata: {name: portal, namespace: front, labels: {app: portal}}
spec: {containers: [{name: portal, image: portal}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: front}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: portal, namespace: front}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]
"""
SHARED: Final = """\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {name: shared}
spec:
  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, front]}]}
  network: {topology: Layer2, layer2: {role: Primary, subnets: ["10.20.0.0/16"], ipam: {lifecycle: Persistent}}}
"""
FRONT: Final = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}"
OWN: Final = machine(labels="{}", own="labels: {app: web}", strategy="Always", name="old")
INSTANCE: Final = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, labels: {app: web}, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: default, masquerade: {}}]}}
  networks: [{name: default, pod: {}}]
status: {phase: Running, interfaces: [{name: default, ipAddress: 10.244.1.7}]}
"""
BY_LABEL: Final = "{podSelector: {matchLabels: {app: web}}}"

MACHINE_POLICIES: Final = (
    FindingCode(
        code="NW6201",
        severity="error",
        title="an interface that no policy covers, of what policies isolate",
        explanation=(
            "NetworkPolicies act on a pod's primary network: the pod network, or a primary user-defined one. The "
            "machine or the pod has an interface on another network too, which they leave as it is. A "
            "MultiNetworkPolicy can cover it, where something enforces it; SR-IOV and host devices pass it by. Nothing "
            "is said of networks that a MultiNetworkPolicy of the input names."
        ),
        help="write a MultiNetworkPolicy for that network, or limit it on the wire",
        fails=manifest(BESIDE, attachment(BRIDGE), DENY, ADMIT),
        passes=manifest(RUNNING, attachment(BRIDGE), DENY, ADMIT),
    ),
    FindingCode(
        code="NW6205",
        severity="warning",
        title="a peer on another primary network",
        explanation=(
            "All pods that the peer selects have another primary network than those of the policy, and pods of "
            "different primary networks do not reach each other. Nothing is said where it is not known which network "
            "a namespace has."
        ),
        help="put both namespaces on one ClusterUserDefinedNetwork, or join them by a ClusterNetworkConnect",
        fails=manifest(namespace(), namespace("front", "{}"), user_network(), WEB, PORTAL, DENY, _admits(FRONT)),
        passes=manifest(namespace(), namespace("front"), SHARED, WEB, PORTAL, DENY, _admits(FRONT)),
    ),
    FindingCode(
        code="NW6206",
        severity="error",
        title="a selector that means the labels of a machine, not of its template",
        explanation=(
            "Policies and Services select pods. KubeVirt gives the launcher pod the labels of "
            "`spec.template.metadata.labels`; those in the machine's own metadata are for people and tools. The "
            "selector fits these, and not those."
        ),
        help="write the labels into the template, and restart the machine",
        fails=manifest(WEB, OWN, DENY, ADMIT),
        passes=manifest(WEB, machine(strategy="Always", name="old"), DENY, ADMIT),
    ),
    FindingCode(
        code="NW6207",
        severity="warning",
        title="a range that only guests behind masquerade see, in a policy",
        explanation=(
            "Every guest behind `masquerade` sees itself at the same address, 10.0.2.2, unless `vmNetworkCIDR` says "
            "otherwise. Between pods it is the launcher pod's address that packets have, and this one is in none."
        ),
        help="select the machine by its labels",
        fails=manifest(RUNNING, DENY, _admits("{ipBlock: {cidr: 10.0.2.2/32}}")),
        passes=manifest(RUNNING, DENY, _admits(BY_LABEL)),
    ),
    FindingCode(
        code="NW6208",
        severity="warning",
        title="the address of a machine that does not keep it, in a policy",
        explanation=(
            "The range is the one address that the running machine has now. Its network gives another with the next "
            "start, and behind `masquerade` with each migration, as `show nics` says."
        ),
        help="select the machine by its labels, or attach it to a network that keeps addresses",
        fails=manifest(RUNNING, INSTANCE, DENY, _admits("{ipBlock: {cidr: 10.244.1.7/32}}")),
        passes=manifest(RUNNING, INSTANCE, DENY, _admits(BY_LABEL)),
    ),
)
