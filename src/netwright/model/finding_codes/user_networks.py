"""NW610…, NW611…: networks that do not come about as they are written, and namespaces without theirs."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import attachment, machine, namespace, user_network
from netwright.model.finding_codes.manifests import ADMIT, DENY, WEB, manifest, service


def _cluster_network(selector: str) -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: vlan120}}
spec:
  namespaceSelector: {selector}
  network:
    topology: Localnet
    localnet: {{role: Secondary, physicalNetworkName: physnet1, ipam: {{mode: Disabled}}}}
"""


def _of_ovn(name: str, mtu: int) -> str:
    return attachment(
        f'{{"name": "backup", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "mtu": {mtu}, '
        f'"netAttachDefName": "shop/{name}"}}',
        name,
    )


def _twice(one: str, other: str) -> str:
    return machine(
        "{name: a, bridge: {}}, {name: b, bridge: {}}",
        f"{{name: a, multus: {{networkName: {one}}}}}, {{name: b, multus: {{networkName: {other}}}}}",
    )


TENANT: Final = user_network()
BANK: Final = user_network(namespace="bank")
PLAIN: Final = namespace(labels="{tenant: a}")
IN_USE: Final = (WEB, DENY, ADMIT)
HEADLESS: Final = service("{clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}")
WITH_ADDRESS: Final = service("{selector: {app: web}, ports: [{port: 8080}]}")

USER_NETWORKS: Final = (
    FindingCode(
        code="NW6101",
        severity="error",
        title="a namespace without the label that its primary network needs",
        explanation=(
            "OVN-Kubernetes gives the pods of a namespace a primary user-defined network if the namespace has the "
            "label `k8s.ovn.org/primary-user-defined-network` from its start. It cannot be added later, nor taken away."
        ),
        help="make the namespace anew, with the label",
        fails=manifest(PLAIN, TENANT),
        passes=manifest(namespace(), TENANT),
    ),
    FindingCode(
        code="NW6102",
        severity="warning",
        title="a namespace that waits for a primary network",
        explanation=(
            "The namespace has the label `k8s.ovn.org/primary-user-defined-network`, and no network of the input that "
            "is primary is for it. Until there is one its pods do not start. Nothing is said of inputs without any."
        ),
        help="add the network, or the namespace to its selector",
        fails=manifest(namespace(), namespace("bank"), BANK, *IN_USE),
        passes=manifest(namespace(), namespace("bank"), BANK, TENANT, *IN_USE),
    ),
    FindingCode(
        code="NW6103",
        severity="error",
        title="several primary networks of one namespace",
        explanation="The pods of a namespace have one primary network, from wherever it is written.",
        help="take the namespace from all but one, or give the others the role Secondary",
        fails=manifest(namespace(), TENANT, user_network('role: Primary, subnets: ["10.21.0.0/16"]', "other")),
        passes=manifest(namespace(), TENANT, user_network('role: Secondary, subnets: ["10.21.0.0/16"]', "other")),
    ),
    FindingCode(
        code="NW6104",
        severity="error",
        title="subnets of a network that the cluster uses itself",
        explanation=(
            "The subnets have addresses in common with the pod network, with Services, or with what OVN-Kubernetes "
            "uses itself: the join subnets (100.64.0.0/16, fd98::/64), the masquerade subnets (169.254.169.0/29, "
            "169.254.0.0/17 on OpenShift, fd69::/112) and, of topology Layer3, the transit subnets (100.88.0.0/16, "
            "fd97::/64), each where it is left as it is. Two user-defined networks may have the same subnets: they do "
            "not see each other."
        ),
        help="choose other subnets",
        fails=manifest(namespace(), user_network('role: Primary, subnets: ["100.64.0.0/16"]')),
        passes=manifest(namespace(), TENANT),
    ),
    FindingCode(
        code="NW6112",
        severity="warning",
        title="a headless Service on a primary network beside the pod network",
        explanation=(
            "The cluster's DNS answers for a headless Service with the addresses that pods have in `status.podIP`. On "
            "a primary user-defined network these are those of the pod network, where nobody but the kubelet reaches "
            "them."
        ),
        help="give the Service a cluster address",
        fails=manifest(namespace(), TENANT, *IN_USE, HEADLESS),
        passes=manifest(namespace(), TENANT, *IN_USE, WITH_ADDRESS),
    ),
    FindingCode(
        code="NW6113",
        severity="error",
        title="attachments that say one name and are not alike",
        explanation=(
            "NetworkAttachmentDefinitions of OVN-Kubernetes with one `name` in their configurations are one network, "
            "and must say the same of it."
        ),
        help="make them alike, or give the networks different names",
        fails=manifest(_of_ovn("backup", 1400), _of_ovn("more", 1300)),
        passes=manifest(_of_ovn("backup", 1400), _of_ovn("more", 1400)),
    ),
    FindingCode(
        code="NW6115",
        severity="warning",
        title="a ClusterUserDefinedNetwork for no namespace",
        explanation="Its `namespaceSelector` selects none of the namespaces of the input.",
        help="correct the selector, or label the namespaces",
        fails=manifest(PLAIN, _cluster_network("{matchLabels: {tenant: b}}")),
        passes=manifest(PLAIN, _cluster_network("{matchLabels: {tenant: a}}")),
    ),
    FindingCode(
        code="NW6124",
        severity="info",
        title="two interfaces by one attachment, which not every OVN-Kubernetes takes",
        explanation=(
            "Multus lets a pod name an attachment twice. OVN-Kubernetes kept the ports of a pod by the name of the "
            "attachment, and refused a pod with two of one name, until pull request 5714 (2025). A tool that maps two "
            "interfaces of one port group to one attachment writes that. Other plugins take it. Which build runs is "
            "not in the objects."
        ),
        help="make a second NetworkAttachmentDefinition with the same `name` in its configuration",
        fails=manifest(_of_ovn("backup", 1400), _twice("backup", "backup")),
        passes=manifest(_of_ovn("backup", 1400), _of_ovn("more", 1400), _twice("backup", "more")),
    ),
)
