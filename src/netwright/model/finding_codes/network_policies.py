"""NW6015, NW6117, NW6202 to NW6204: policies of secondary networks, connections and pools of devices."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_bindings import DEVICE, POOL, SRIOV
from netwright.model.finding_codes.machine_manifests import (
    BRIDGE,
    TWO,
    TWO_NETWORKS,
    attachment,
    machine,
    namespace,
)
from netwright.model.finding_codes.manifests import ADMIT, DENY, manifest


def _covering(peer: str = "{ipBlock: {cidr: 10.30.0.0/24}}", names: str = "lan") -> str:
    annotations = f", annotations: {{k8s.v1.cni.cncf.io/policy-for: {names}}}" if names else ""
    return f"""\
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {{name: lan, namespace: shop{annotations}}}
spec:
  podSelector: {{}}
  policyTypes: [Ingress]
  ingress: [{{from: [{peer}]}}]
"""


def _devices(kind: str) -> str:
    return f"""\
apiVersion: sriovnetwork.openshift.io/v1
kind: SriovNetworkNodePolicy
metadata: {{name: vf, namespace: sriov-network-operator}}
spec: {{resourceName: vf, numVfs: 8, nodeSelector: {{}}, nicSelector: {{pfNames: [ens1f0]}}, deviceType: {kind}}}
"""


def _joined(name: str, subnet: str) -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: {name}, labels: {{group: shops}}}}
spec:
  namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}
  network: {{topology: Layer2, layer2: {{role: Primary, subnets: ["{subnet}"], ipam: {{lifecycle: Persistent}}}}}}
"""


OVN_LAN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "subnets": "10.30.0.0/24", '
    '"allowPersistentIPs": true, "netAttachDefName": "shop/lan"}'
)
BARE_LAN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lan"}'
)
BESIDE: Final = machine(TWO, TWO_NETWORKS, strategy="Always")
ISOLATED: Final = manifest(DENY, ADMIT)
CONNECT: Final = """\
apiVersion: k8s.ovn.org/v1
kind: ClusterNetworkConnect
metadata: {name: shops}
spec:
  networkSelectors:
    - networkSelectionType: ClusterUserDefinedNetworks
      clusterUserDefinedNetworkSelector: {networkSelector: {matchLabels: {group: shops}}}
  connectSubnets: [{cidr: 192.168.0.0/16, networkPrefix: 24}]
  connectivity: [PodNetwork]
"""
PLACES: Final = (namespace(), namespace("bank"), CONNECT)

NETWORK_POLICIES: Final = (
    FindingCode(
        code="NW6015",
        severity="error",
        title="an SR-IOV pool that is not for guests",
        explanation=(
            "A guest is given a device that no driver of the node has: the pool is bound to `vfio-pci`. The "
            "SriovNetworkNodePolicy of the resource that the attachment names binds it to another driver, as it does "
            "where `deviceType` is left out."
        ),
        help="set `deviceType: vfio-pci`, or use another pool",
        fails=manifest(machine(SRIOV, TWO_NETWORKS), attachment(DEVICE, annotations=POOL), _devices("netdevice")),
        passes=manifest(machine(SRIOV, TWO_NETWORKS), attachment(DEVICE, annotations=POOL), _devices("vfio-pci")),
    ),
    FindingCode(
        code="NW6117",
        severity="error",
        title="a ClusterNetworkConnect that is not supported as it is",
        explanation=(
            "OVN-Kubernetes accepts a connection of networks whose subnets overlap neither each other nor "
            "`connectSubnets`, that have the same address families, and that are overlays. Of others the object "
            "is not accepted."
        ),
        help="give the networks subnets that do not overlap",
        fails=manifest(*PLACES, _joined("shop", "10.20.0.0/16"), _joined("bank", "10.20.128.0/17")),
        passes=manifest(*PLACES, _joined("shop", "10.20.0.0/16"), _joined("bank", "10.21.0.0/16")),
    ),
    FindingCode(
        code="NW6202",
        severity="error",
        title="peers by labels on a network of OVN-Kubernetes that gives no addresses",
        explanation=(
            "Peers of a MultiNetworkPolicy that are selected by labels are turned into the addresses that pods have on "
            "the network. Where nobody gives addresses, OVN-Kubernetes refuses a policy that has such a peer, and "
            "nothing of it acts."
        ),
        help="name the peers by `ipBlock`",
        fails=manifest(BARE_LAN, _covering("{podSelector: {}}")),
        passes=manifest(BARE_LAN, _covering()),
    ),
    FindingCode(
        code="NW6203",
        severity="error",
        title="a MultiNetworkPolicy that nothing enforces at a machine",
        explanation=(
            "What enforces these policies acts in the network of the pod, or in OVN. Frames of a machine on a Linux "
            "bridge pass through its launcher pod unseen, and a device that is given to the guest never comes by."
        ),
        help="use an OVN network for what policies must cover, or limit it on the wire",
        fails=manifest(BESIDE, attachment(BRIDGE), ISOLATED, _covering()),
        passes=manifest(BESIDE, OVN_LAN, ISOLATED, _covering()),
    ),
    FindingCode(
        code="NW6204",
        severity="error",
        title="a MultiNetworkPolicy for no network",
        explanation=(
            "The annotation `k8s.v1.cni.cncf.io/policy-for` names the NetworkAttachmentDefinitions that the policy "
            "acts on: those of its own namespace without one. It names none, or one that is not there although the "
            "namespace has others."
        ),
        help="name the attachments in the annotation",
        fails=manifest(attachment(BRIDGE), _covering(names="lna")),
        passes=manifest(attachment(BRIDGE), _covering()),
    ),
)
