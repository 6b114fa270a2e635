"""NW63…: how large packets may be on networks and on the wires below them, and which wires there are."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import SHOP, manifest


def nodes_with(*interfaces: str, name: str = "wires", selector: str = "{}", mappings: str = "[]") -> str:
    listed = "".join(f"    - {one}\n" for one in interfaces)
    return f"""\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {{name: {name}}}
spec:
  nodeSelector: {selector}
  desiredState:
    interfaces:
{listed}    ovn: {{bridge-mappings: {mappings}}}
"""


def bridge(mtu: int, port: str = "{name: eno2}", name: str = "br1") -> str:
    return f"{{name: {name}, type: linux-bridge, state: up, mtu: {mtu}, bridge: {{port: [{port}]}}}}"


def attached(config: str, name: str = "lan") -> str:
    return f"""\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {{name: {name}, namespace: shop}}
spec: {{config: '{{"name": "{name}", {config}}}'}}
"""


def node(name: str, address: str, labels: str = "{}") -> str:
    return f"""\
apiVersion: v1
kind: Node
metadata: {{name: {name}, labels: {labels}}}
status: {{addresses: [{{type: InternalIP, address: {address}}}]}}
"""


def localnet(mtu: int, more: str = "ipam: {mode: Disabled}") -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: vlan120}}
spec:
  namespaceSelector: {{matchLabels: {{team: shop}}}}
  network:
    topology: Localnet
    localnet:
      {{role: Secondary, physicalNetworkName: p1, mtu: {mtu}, vlan: {{mode: Access, access: {{id: 120}}}}, {more}}}
"""


def overlay(mtu: int) -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {{name: wide, namespace: shop}}
spec: {{topology: Layer2, layer2: {{role: Secondary, mtu: {mtu}, subnets: [10.20.0.0/24]}}}}
"""


def machine(interface: str = "model: virtio, bridge: {}", name: str = "web", network: str = "lan") -> str:
    """A VirtualMachine that is stopped: it has no endpoint, of which no policy is missed."""
    return f"""\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {{name: {name}, namespace: shop}}
spec:
  runStrategy: Halted
  template:
    spec:
      domain: {{devices: {{interfaces: [{{name: lan, {interface}}}]}}}}
      networks: [{{name: lan, multus: {{networkName: {network}}}}}]
"""


PLUGIN: Final = '"type": "bridge", "bridge": "br1"'
OVS: Final = "{name: ovs1, type: ovs-bridge, state: up, mtu: %s, bridge: {port: [{name: eno3}]}}"
MAPPED: Final = "[{localnet: p1, bridge: ovs1, state: present}]"
TRUNK: Final = "{name: eno2, vlan: {mode: trunk, trunk-tags: [{id: %s}]}}"
BOND: Final = "{name: bond0, type: bond, state: up, link-aggregation: {mode: %s, port: [eno1, eno2]}}"
UPLINK: Final = (
    "{name: eno1, type: ethernet, state: up, mtu: %s, "
    "ipv4: {enabled: true, address: [{ip: 192.0.2.11, prefix-length: 24}]}}"
)

MTU: Final = (
    FindingCode(
        code="NW6301",
        severity="error",
        title="a network whose packets are larger than its wire takes",
        explanation=(
            "A packet may be as large as the least MTU of the way: the interface of the pod, the bridge at the node, "
            "the bond or card behind it. On one segment nobody says that a packet is too large: a switch or bridge "
            "drops it, small packets pass, and connections hang as soon as much is sent. Told where the MTU of the "
            "network is larger than one that is written for an interface on its way, at any node."
        ),
        help="raise the MTU on the way to that of the network, or lower that of the network",
        fails=manifest(SHOP, nodes_with(bridge(1500)), attached(f'{PLUGIN}, "mtu": 9000')),
        passes=manifest(SHOP, nodes_with(bridge(9000)), attached(f'{PLUGIN}, "mtu": 9000')),
    ),
    FindingCode(
        code="NW6302",
        severity="warning",
        title="a network that says no MTU on a wire for larger packets",
        explanation=(
            "The bridge plugin gives the interface of a pod the MTU that its configuration says, and the kernel's 1500 "
            "where it says none, whatever the bridge has. The wire below takes larger packets: what is attached there "
            "does not use them, and drops those that others on the segment send."
        ),
        help="write the `mtu` of the wire into the configuration",
        fails=manifest(SHOP, nodes_with(bridge(9000)), attached(PLUGIN)),
        passes=manifest(SHOP, nodes_with(bridge(9000)), attached(f'{PLUGIN}, "mtu": 9000')),
    ),
    FindingCode(
        code="NW6303",
        severity="warning",
        title="a guest that is not told the MTU of its network",
        explanation=(
            "A guest with a virtio card is told the MTU by the card. With another card only DHCP can tell it, and "
            "KubeVirt's DHCP server answers a bridged guest where the pod has an address there. On a network without "
            "addresses nobody tells the guest: it goes on with 1500 bytes. A guest of Windows without a virtio card "
            "has to be told by hand anyway."
        ),
        help="use `model: virtio`, or set the MTU in the guest by hand",
        fails=manifest(SHOP, attached(f'{PLUGIN}, "mtu": 9000'), machine("model: e1000e, bridge: {}")),
        passes=manifest(SHOP, attached(f'{PLUGIN}, "mtu": 9000'), machine()),
    ),
    FindingCode(
        code="NW6304",
        severity="warning",
        title="an MTU under what IPv6 needs",
        explanation=(
            "Every link that carries IPv6 takes packets of 1280 bytes (RFC 8200, section 5). Linux takes the IPv6 "
            "addresses from an interface with a smaller MTU."
        ),
        help="raise the MTU to 1280 at least, or give no IPv6 addresses there",
        fails=manifest(
            SHOP,
            attached(f'{PLUGIN}, "mtu": 1200, "ipam": {{"type": "host-local", "subnet": "2001:db8::/64"}}'),
        ),
        passes=manifest(
            SHOP,
            attached(f'{PLUGIN}, "mtu": 1280, "ipam": {{"type": "host-local", "subnet": "2001:db8::/64"}}'),
        ),
    ),
    FindingCode(
        code="NW6305",
        severity="warning",
        title="a network whose wires take packets of different sizes",
        explanation=(
            "The nodes are set up with different MTUs on the way of one network. A machine that moves from one to "
            "another keeps the MTU that it has, and its large packets are dropped from then on. Of a network over "
            "several nodes the least MTU counts."
        ),
        help="give all nodes one MTU on that way",
        fails=manifest(
            SHOP,
            node("n1", "192.0.2.11", "{rack: a}"),
            node("n2", "192.0.2.12", "{rack: b}"),
            nodes_with(OVS % 9000, mappings=MAPPED, name="a", selector="{rack: a}"),
            nodes_with(OVS % 1600, mappings=MAPPED, name="b", selector="{rack: b}"),
            localnet(1500),
        ),
        passes=manifest(
            SHOP,
            node("n1", "192.0.2.11", "{rack: a}"),
            node("n2", "192.0.2.12", "{rack: b}"),
            nodes_with(OVS % 9000, mappings=MAPPED, name="a", selector="{rack: a}"),
            nodes_with(OVS % 9000, mappings=MAPPED, name="b", selector="{rack: b}"),
            localnet(1500),
        ),
    ),
    FindingCode(
        code="NW6306",
        severity="error",
        title="an overlay whose packets do not fit into those of the nodes",
        explanation=(
            "A packet of an overlay of OVN-Kubernetes travels inside one between nodes: Geneve adds 58 bytes over IPv4 "
            "and 78 over IPv6. The interface with the node's address has an MTU that leaves less than that."
        ),
        help="raise the MTU between the nodes to that of the network and 100 more, or lower that of the network",
        fails=manifest(SHOP, node("n1", "192.0.2.11"), nodes_with(UPLINK % 1500), overlay(1500)),
        passes=manifest(SHOP, node("n1", "192.0.2.11"), nodes_with(UPLINK % 1600), overlay(1500)),
    ),
    FindingCode(
        code="NW6307",
        severity="error",
        title="a VLAN that a port of the bridge does not let through",
        explanation=(
            "nmstate lists the VLANs that pass a port of a Linux bridge tagged (`trunk-tags`), and no others pass. "
            "That of the network is not among them: who is attached reaches nobody behind the port."
        ),
        help="add the VLAN to the `trunk-tags` of the port",
        fails=manifest(SHOP, nodes_with(bridge(1500, TRUNK % 130)), attached(f'{PLUGIN}, "vlan": 131')),
        passes=manifest(SHOP, nodes_with(bridge(1500, TRUNK % 131)), attached(f'{PLUGIN}, "vlan": 131')),
    ),
    FindingCode(
        code="NW6308",
        severity="warning",
        title="nodes on which a network leads nowhere",
        explanation=(
            "A network of topology localnet leaves a node by the bridge that `ovn.bridge-mappings` names for its "
            "physical network, others by the bridge or the interface that they name. On these nodes no policy maps it, "
            "or it has no port to a cable there, as it has on others: who is attached there, or moves there, reaches "
            "nobody on other nodes or outside. Nodes of the control plane are not looked at, nor are nodes of which a "
            "capture leaves it open."
        ),
        help="set these nodes up as the others, or keep who needs the network from them",
        fails=manifest(
            SHOP,
            node("n1", "192.0.2.11", "{rack: a}"),
            node("n2", "192.0.2.12"),
            nodes_with(OVS % 1600, mappings=MAPPED, selector="{rack: a}"),
            localnet(1500),
        ),
        passes=manifest(
            SHOP,
            node("n1", "192.0.2.11", "{rack: a}"),
            node("n2", "192.0.2.12", "{rack: a}"),
            nodes_with(OVS % 1600, mappings=MAPPED, selector="{rack: a}"),
            localnet(1500),
        ),
    ),
    FindingCode(
        code="NW6311",
        severity="warning",
        title="a bond below a bridge that sends one address by several ports",
        explanation=(
            "A bond of mode `balance-rr`, `balance-tlb` or `balance-alb` spreads what it sends over its ports as it "
            "likes. Behind a bridge these are the MAC addresses of machines: the switch learns each on another port "
            "again and again, and counts it as flapping. With one MAC address of the node, as without a bridge, the "
            "modes work."
        ),
        help="use `active-backup`, or `802.3ad` with a group of ports at the switch",
        fails=manifest(SHOP, nodes_with(bridge(1500, "{name: bond0}"), BOND % "balance-alb"), attached(PLUGIN)),
        passes=manifest(SHOP, nodes_with(bridge(1500, "{name: bond0}"), BOND % "active-backup"), attached(PLUGIN)),
    ),
)
