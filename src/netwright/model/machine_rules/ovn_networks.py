"""Rules B: networks of OVN-Kubernetes."""

from __future__ import annotations

from typing import Final

from netwright.model.finding_codes.machine_manifests import attachment, user_network
from netwright.model.machine_rules.rule import MachineRule, rule

_UDN: Final = "OVN-Kubernetes at 8871cd9cec9c, `docs/features/user-defined-networks`"
_CRD: Final = "OVN-Kubernetes at 8871cd9cec9c, CRD of UserDefinedNetwork"
_HOMING: Final = "OVN-Kubernetes at 8871cd9cec9c, `docs/features/multiple-networks/multi-homing.md`"
_EXTENSIONS: Final = "KubeVirt IPAM extensions, `docs` and webhook"
_CONNECT: Final = "OVN-Kubernetes at 8871cd9cec9c, `cluster-network-connect.md`"


def _localnet(more: str) -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: vlan120}}
spec:
  namespaceSelector: {{}}
  network: {{topology: Localnet, localnet: {{physicalNetworkName: p1, ipam: {{mode: Disabled}}, {more}}}}}
"""


RULES: Final[tuple[MachineRule, ...]] = (
    rule("B1", "a namespace has the label for a primary network from its start", _UDN, "NW6101 NW6102"),
    rule("B2", "a namespace has one primary network", "OKEP-5193", "NW6103 NW6118"),
    rule(
        "B3",
        "`topology`, `layer2`, `localnet` and `transport` of a network do not change; Layer3 takes more subnets",
        _CRD,
        "NW6118",
        otherwise="one object has no past: `diff` of two states shows the change, which the API refuses, and a network "
        "that waits for one says so in its status",
    ),
    rule(
        "B4",
        "a Layer2 network has one subnet of each family",
        _CRD,
        "",
        (
            user_network('role: Primary, subnets: ["10.20.0.0/24", "10.21.0.0/24"]'),
            "has two ranges of IPv4; it has one of each family",
        ),
        otherwise="`show subnets` has what is used and free of it",
    ),
    rule(
        "B5",
        "`ipam: {mode: Disabled}` is for secondary networks, without subnets and selectors of peers",
        _CRD,
        "NW6202",
        (user_network("role: Primary, ipam: {mode: Disabled}"), "only a secondary network can do without addresses"),
        (
            user_network('role: Secondary, subnets: ["10.20.0.0/24"], ipam: {mode: Disabled}'),
            "is there, and `ipam.mode` is `Disabled`",
        ),
    ),
    rule(
        "B6",
        "addresses are persistent where they are given, on Layer2 and Localnet",
        _CRD,
        "NW6105",
        (
            user_network("role: Secondary, ipam: {mode: Disabled, lifecycle: Persistent}"),
            "there is nothing to keep",
        ),
        (
            attachment(
                '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer3", "subnets": "10.30.0.0/16", '
                '"allowPersistentIPs": true, "netAttachDefName": "shop/lan"}'
            ),
            "where addresses belong to nodes",
        ),
    ),
    rule(
        "B7",
        "a machine keeps its address if it is persistent, and the IPAM extensions make its IPAMClaim",
        _EXTENSIONS,
        "NW6105 NW6119 NW6407",
    ),
    rule(
        "B8",
        "a machine brings its address along to a primary Layer2 network by `network.kubevirt.io/addresses`",
        _EXTENSIONS,
        "NW6005 NW6106 NW6108",
        otherwise="whether `enable-preconfigured-udn-addresses` is on is an option of OVN-Kubernetes' own pods",
    ),
    rule(
        "B9",
        "`v1.multus-cni.io/default-network` is set by the IPAM extensions, which refuse it from others",
        _EXTENSIONS,
        "NW6109",
    ),
    rule(
        "B10",
        "a gateway stays where it was by `defaultGatewayIPs` inside of `infrastructureSubnets`; else the network "
        "takes the first two addresses",
        "OKEP-5233",
        "NW6107",
        (
            user_network(
                'role: Primary, subnets: ["10.20.0.0/24"], infrastructureSubnets: ["10.20.0.0/30"], '
                'defaultGatewayIPs: ["10.20.0.9"]'
            ),
            "which is in none of the `infrastructureSubnets`",
        ),
    ),
    rule(
        "B11",
        "`reservedSubnets` are apart from `infrastructureSubnets`, and written without further bits",
        "OKEP-5233",
        "",
        (
            user_network(
                'role: Primary, subnets: ["10.20.0.0/24"], reservedSubnets: ["10.20.0.0/29"], '
                'infrastructureSubnets: ["10.20.0.0/30"]'
            ),
            "which overlaps `infrastructureSubnets`",
        ),
        otherwise="which addresses still live elsewhere is not in the cluster",
    ),
    rule(
        "B12",
        "subnets are apart from those of pods and Services, and from OVN-Kubernetes' own",
        "OVN-Kubernetes at 8871cd9cec9c, `subnetOverlapCheck`",
        "NW6104 NW6118",
        (
            user_network('role: Primary, subnets: ["100.65.0.0/16"]'),
            "the join subnet that it has where it names none",
        ),
    ),
    rule(
        "B13",
        "networks with the same subnets are never joined, nor advertised into one VRF",
        _CONNECT,
        "NW6117 NW6121",
        otherwise="`show subnets` lists every overlap, and says whether it hurts",
    ),
    rule(
        "B14",
        "what talked through a router between segments needs one network, or a ClusterNetworkConnect",
        _CONNECT,
        "NW6117 NW6205",
        otherwise="`why` and `reach` refuse pairs of different primary networks that nothing joins; that a segment had "
        "a router elsewhere is not in the cluster",
    ),
    rule(
        "B15",
        "a localnet is a secondary ClusterUserDefinedNetwork, and its physical network is mapped on every node",
        _CRD,
        "NW6308 NW6310",
        (user_network("role: Secondary", topology="Localnet"), "`spec.localnet` is not a field of the API"),
        (_localnet("role: Primary"), "it is `Secondary`"),
    ),
    rule(
        "B16",
        "a localnet has one VLAN, and no trunk",
        _CRD,
        "",
        (_localnet("role: Secondary, vlan: {mode: Trunk}"), "it is `Access`"),
        (_localnet("role: Secondary, vlan: {mode: Access, access: {id: 4095}}"), "VLANs are 1 to 4094"),
    ),
    rule(
        "B17",
        "where OVN-Kubernetes gives addresses, one that a guest has by itself is dropped",
        _HOMING,
        "NW6110 NW6120",
    ),
    rule(
        "B18",
        "OVN-Kubernetes drops what has another MAC address than the interface: VRRP, load balancing, nested machines",
        "OKEP-3926",
        "NW6122",
        otherwise="`show networks -o json` says of each network whether it filters; bridges and hypervisors inside of "
        "a guest are told only where tools inside tell of their addresses",
    ),
    rule(
        "B19",
        "a floating address is dropped where OVN-Kubernetes gives addresses",
        _HOMING,
        "NW6110",
        otherwise="told of the guest that has the address at present: one that waits for it shows nothing",
    ),
    rule(
        "B20",
        "secondary networks have no Services and no way out of the cluster",
        _HOMING,
        "NW6111",
        otherwise="`show networks` says which are secondary; `why --network` knows no Service there",
    ),
    rule(
        "B21",
        "pods of a primary user-defined network show the address of the pod network; headless names lead to it",
        "OKEP-5193",
        "NW6112",
        otherwise="`show endpoints` has the address on the primary network",
    ),
    rule(
        "B22",
        "Services of a user-defined network lead to its own pods; the API server and DNS stay in reach",
        _UDN,
        "NW6205",
        otherwise="`why` and `reach` ask a Service between networks apart: the answer is no, with the network's object "
        "as the reason",
    ),
    rule(
        "B23",
        "attachments with one `name` are one network and alike; `netAttachDefName` is their own; no `ipam`",
        _HOMING,
        "NW6113",
        (
            attachment(
                '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lna"}'
            ),
            "OVN-Kubernetes wants them equal",
        ),
        (
            attachment(
                '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lan", '
                '"ipam": {"type": "host-local", "subnet": "10.30.0.0/24"}}'
            ),
            "OVN-Kubernetes gives addresses itself",
        ),
    ),
    rule(
        "B24",
        "a cluster carries a few hundred user-defined networks, unless nodes make only those that they need",
        "OKEP-5552",
        otherwise="no document has a number that decides: `show networks` counts them",
    ),
    rule(
        "B25",
        "a network with the transport EVPN has no EgressIP, and no ClusterNetworkConnect joins it",
        "OKEP-5088",
        "NW6117 NW6123",
    ),
    rule(
        "B26",
        "how long a live migration interrupts traffic hangs on the build of OVN-Kubernetes",
        "OVN-Kubernetes pull requests 4774, 4917, 5773 and 6947",
        "NW6028",
        otherwise="on a localnet the gap is under half a second since 4774 and 4917 (OpenShift 4.16 and newer); which "
        "build runs is not in the objects",
    ),
)
