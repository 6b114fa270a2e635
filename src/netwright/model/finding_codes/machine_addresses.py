"""NW6105 to NW6111, NW6114: addresses of machines on other networks than the pod network, and attachments."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import (
    BRIDGE,
    ON_TENANT,
    TWO,
    TWO_NETWORKS,
    attachment,
    machine,
    namespace,
    user_network,
)
from netwright.model.finding_codes.manifests import ADMIT, DENY, manifest, service

FLEETING: Final = user_network('role: Primary, subnets: ["10.20.0.0/16"]')
ON_NET: Final = (namespace(), user_network())
OVN_LAN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "subnets": "10.30.0.0/24", '
    '"allowPersistentIPs": true, "netAttachDefName": "shop/lan"}'
)
OWN_LAN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lan"}'
)
ONLY_LAN: Final = ("{name: lan, bridge: {}}", "{name: lan, multus: {networkName: lan}}")
INSTANCE: Final = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: lan, bridge: {}}]}}
  networks: [{name: lan, multus: {networkName: lan}}]
status: {phase: Succeeded, interfaces: [{name: lan, ipAddress: 192.168.7.9}]}
"""
COVERS_LAN: Final = """\
apiVersion: k8s.cni.cncf.io/v1beta1
kind: MultiNetworkPolicy
metadata: {name: lan, namespace: shop, annotations: {k8s.v1.cni.cncf.io/policy-for: shop/lan}}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
"""
ISOLATED: Final = manifest(DENY, ADMIT, COVERS_LAN)
TO_WEB: Final = service("{selector: {app: web}, ports: [{port: 80}]}")


def asks(text: str, name: str = "web") -> str:
    """A machine on the primary network that asks for an address."""
    return machine(ON_TENANT, name=name, annotations=f"{{network.kubevirt.io/addresses: '{text}'}}")


MACHINE_ADDRESSES: Final = (
    FindingCode(
        code="NW6105",
        severity="warning",
        title="a machine on a network of OVN-Kubernetes that does not keep its address",
        explanation=(
            "OVN-Kubernetes gives the addresses of this network, and to each pod another one. Every start and every "
            "migration of a machine is a new pod. With persistent addresses an IPAMClaim of the machine holds the one "
            "that it has; KubeVirt's IPAM extensions make it, if they are installed, which the objects do not tell. A "
            "network of topology Layer3 keeps none."
        ),
        help="set `ipam: {lifecycle: Persistent}`; the network is made anew, since it cannot be changed",
        fails=manifest(namespace(), FLEETING, machine(ON_TENANT)),
        passes=manifest(*ON_NET, machine(ON_TENANT)),
    ),
    FindingCode(
        code="NW6106",
        severity="error",
        title="addresses that a machine asks for and does not get",
        explanation=(
            "The annotation `network.kubevirt.io/addresses` on the template is a JSON object: names of interfaces, "
            "each with a list of addresses. It is for the primary network, of topology Layer2, and the addresses are "
            "of its subnets. (OVN-Kubernetes has it behind `enable-preconfigured-udn-addresses`, OpenShift from 4.20.)"
        ),
        help="ask for addresses of the subnets, by the name of the interface",
        fails=manifest(*ON_NET, asks('{"default": ["10.99.0.7"]}')),
        passes=manifest(*ON_NET, asks('{"default": ["10.20.0.7"]}')),
    ),
    FindingCode(
        code="NW6107",
        severity="error",
        title="an address that a machine asks for and its network has itself",
        explanation=(
            "A primary network of topology Layer2 has a router and a management port in its subnet: the first and the "
            "second address of it, unless `defaultGatewayIPs` and `infrastructureSubnets` say which. Machines that had "
            "these addresses elsewhere cannot keep them."
        ),
        help="move the router by `infrastructureSubnets` and `defaultGatewayIPs`",
        fails=manifest(*ON_NET, asks('{"default": ["10.20.0.1"]}')),
        passes=manifest(
            namespace(),
            user_network(
                'role: Primary, subnets: ["10.20.0.0/16"], infrastructureSubnets: ["10.20.0.252/30"], '
                'defaultGatewayIPs: ["10.20.0.254"], ipam: {lifecycle: Persistent}'
            ),
            asks('{"default": ["10.20.0.1"]}'),
        ),
    ),
    FindingCode(
        code="NW6108",
        severity="error",
        title="one address that several machines ask for",
        explanation="On one network an address belongs to one machine. Stopped machines count: they may start.",
        help="give each an address of its own",
        fails=manifest(*ON_NET, asks('{"default": ["10.20.0.7"]}'), asks('{"default": ["10.20.0.7"]}', "api")),
        passes=manifest(*ON_NET, asks('{"default": ["10.20.0.7"]}'), asks('{"default": ["10.20.0.8"]}', "api")),
    ),
    FindingCode(
        code="NW6109",
        severity="error",
        title="a default network that is chosen by hand",
        explanation=(
            "On a primary user-defined network KubeVirt's IPAM extensions set `v1.multus-cni.io/default-network` on "
            "the launcher pod, to ask for the machine's claim and addresses. Their webhook refuses a pod that has it."
        ),
        help="leave it out; addresses are asked for with `network.kubevirt.io/addresses`",
        fails=manifest(*ON_NET, machine(ON_TENANT, annotations="{v1.multus-cni.io/default-network: default/lan}")),
        passes=manifest(*ON_NET, machine(ON_TENANT)),
    ),
    FindingCode(
        code="NW6110",
        severity="error",
        title="an address in a guest that OVN-Kubernetes did not give",
        explanation=(
            "The running instance tells of an address that is in none of the subnets of its network, or that the "
            "IPAMClaim of the interface does not hold: one set up in the guest, a floating one, or one from before a "
            "move. Where OVN-Kubernetes gives addresses it drops whatever has another source."
        ),
        help="let the guest ask by DHCP, or use a network that gives out none",
        fails=manifest(machine(*ONLY_LAN), INSTANCE, OVN_LAN),
        passes=manifest(machine(*ONLY_LAN), INSTANCE, OWN_LAN),
    ),
    FindingCode(
        code="NW6111",
        severity="error",
        title="a Service for a machine without an interface on the primary network",
        explanation=(
            "A Service leads to a pod's address on its primary network. The launcher pod has one, but none of the "
            "machine's interfaces is joined to it; other networks have no Services."
        ),
        help="give the machine an interface on the pod network",
        fails=manifest(machine(*ONLY_LAN, strategy="Always"), OVN_LAN, ISOLATED, TO_WEB),
        passes=manifest(machine(strategy="Always"), OVN_LAN, ISOLATED, TO_WEB),
    ),
    FindingCode(
        code="NW6114",
        severity="error",
        title="an attachment that is not there",
        explanation=(
            "A machine in `multus.networkName`, or a pod in `k8s.v1.cni.cncf.io/networks`, names a "
            "NetworkAttachmentDefinition; without a namespace that is one of its own. The namespace has some in the "
            "input, and none of this name."
        ),
        help="correct the name, or add the attachment",
        fails=manifest(machine(TWO, TWO_NETWORKS), attachment(BRIDGE, "lna")),
        passes=manifest(machine(TWO, TWO_NETWORKS), attachment(BRIDGE)),
    ),
)
