"""NW6118, NW6119, NW6121, NW6123, NW6310: what controllers have not made of networks, claims and the setup of nodes."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import ON_TENANT, machine, namespace, user_network
from netwright.model.finding_codes.manifests import ADMIT, DENY, SHOP, manifest

STATUS: Final = """\
status:
  conditions:
    - {type: NetworkCreated, status: "%s", reason: SyncError, message: "%s"}
"""
WHY: Final = "primary network already exist in namespace 'shop': 'other'"
DONE: Final = "NetworkAttachmentDefinition has been created"
NODES: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: wires}
spec: {desiredState: {interfaces: [{name: br1, type: linux-bridge, state: up, bridge: {port: [{name: eno2}]}}]}}
status: {conditions: [{type: Degraded, status: "%s", reason: %s, message: "%s"}]}
"""
LAUNCHER: Final = """\
apiVersion: v1
kind: Pod
metadata:
  name: virt-launcher-web-x7
  namespace: shop
  labels: {app: web, kubevirt.io: virt-launcher, vm.kubevirt.io/name: web}
  annotations: {%s}
  ownerReferences: [{apiVersion: kubevirt.io/v1, kind: VirtualMachineInstance, name: web, uid: "1", controller: true}]
spec: {containers: [{name: compute, image: example/virt-launcher}]}
status: {phase: Running, podIP: 10.244.0.7, podIPs: [{ip: 10.244.0.7}]}
"""
CLAIMED: Final = "k8s.ovn.org/primary-udn-ipamclaim: web.default"
EVPN: Final = """\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {name: stretched}
spec:
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
  network:
    topology: Layer2
    layer2: {role: Primary, subnets: ["10.20.0.0/16"], ipam: {lifecycle: Persistent}}
    transport: EVPN
    evpn: {vtep: site, macVRF: {vni: 100}}
"""
EGRESS: Final = """\
apiVersion: k8s.ovn.org/v1
kind: EgressIP
metadata: {name: out}
spec: {egressIPs: [203.0.113.7], namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %s}}}
"""
ADVERTISED: Final = """\
apiVersion: k8s.ovn.org/v1
kind: RouteAdvertisements
metadata: {name: fabric}
spec:
  advertisements: [PodNetwork]
  targetVRF: %s
  nodeSelector: {}
  frrConfigurationSelector: {}
  networkSelectors:
    - networkSelectionType: ClusterUserDefinedNetworks
      clusterUserDefinedNetworkSelector: {networkSelector: {matchLabels: {bgp: "on"}}}
"""


def _told(name: str) -> str:
    """A network of one namespace, with the subnet that all of these have."""
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: {name}, labels: {{bgp: "on"}}}}
spec:
  namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
  network: {{topology: Layer3, layer3: {{role: Primary, subnets: [{{cidr: 10.20.0.0/16}}]}}}}
"""


APART: Final = (namespace(), namespace("bank"), _told("shop"), _told("bank"))

NETWORK_STATUS: Final = (
    FindingCode(
        code="NW6118",
        severity="error",
        title="a network that its controller has not made",
        explanation=(
            "A condition in the status of a UserDefinedNetwork, a ClusterUserDefinedNetwork or a ClusterNetworkConnect "
            "is False: OVN-Kubernetes refused it, or could not do it everywhere. The message is the controller's own. "
            "It is the one trace that a change leaves which is refused for a network that is there already."
        ),
        help="correct what the message names",
        fails=manifest(namespace(), user_network() + STATUS % ("False", WHY)),
        passes=manifest(namespace(), user_network() + STATUS % ("True", DONE)),
    ),
    FindingCode(
        code="NW6119",
        severity="warning",
        title="a running machine without a claim of its address",
        explanation=(
            "The network keeps addresses for who has an IPAMClaim. The launcher pod of the machine is in the input and "
            "names none, and there is none of the machine's name: KubeVirt's IPAM extensions are not installed, or "
            "were not when it started."
        ),
        help="install KubeVirt's IPAM extensions, and start the machine again",
        fails=manifest(namespace(), user_network(), machine(ON_TENANT, strategy="Always"), LAUNCHER % "", DENY, ADMIT),
        passes=manifest(
            namespace(), user_network(), machine(ON_TENANT, strategy="Always"), LAUNCHER % CLAIMED, DENY, ADMIT
        ),
    ),
    FindingCode(
        code="NW6121",
        severity="error",
        title="networks with the same subnets whose routes go to one table",
        explanation=(
            "A RouteAdvertisements with `PodNetwork` tells routers outside which nodes lead to the subnets of the "
            "networks that it selects. Unless `targetVRF` is `auto` they go to one table, where an address can be but "
            "once. Networks that overlap are well as long as each stays by itself."
        ),
        help="set `targetVRF: auto`, or choose subnets that differ",
        fails=manifest(*APART, ADVERTISED % "default"),
        passes=manifest(*APART, ADVERTISED % "auto"),
    ),
    FindingCode(
        code="NW6123",
        severity="warning",
        title="an EgressIP for pods on a network with the transport EVPN",
        explanation=(
            "A network with the transport EVPN shares its segment with the fabric, and its pods are known there by "
            "their own addresses. OVN-Kubernetes does not translate them to an EgressIP."
        ),
        help="take the namespaces of that network from the selector",
        fails=manifest(namespace(), EVPN, EGRESS % "shop"),
        passes=manifest(namespace(), EVPN, EGRESS % "bank"),
    ),
    FindingCode(
        code="NW6310",
        severity="error",
        title="a setup of nodes that was not applied",
        explanation=(
            "The status of a NodeNetworkConfigurationPolicy says `Degraded`: nmstate tried it on a node, failed, and "
            "went back. What other findings and `show networks` say of the wires below is then how they are meant."
        ),
        help="correct the policy; its enactments say on which node it failed, and why",
        fails=manifest(SHOP, NODES % ("True", "FailedToConfigure", "1/3 nodes failed to configure")),
        passes=manifest(SHOP, NODES % ("False", "SuccessfullyConfigured", "3/3 nodes successfully configured")),
    ),
)
