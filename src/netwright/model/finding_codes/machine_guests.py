"""NW6120, NW6122, NW6309: what guests set up by themselves."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import ON_TENANT, attachment, machine, namespace, user_network
from netwright.model.finding_codes.manifests import manifest

ON_NET: Final = (namespace(), user_network())
BARE_LAN: Final = attachment(
    '{"name": "lan", "type": "ovn-k8s-cni-overlay", "topology": "layer2", "netAttachDefName": "shop/lan"}'
)
BRIDGE_LAN: Final = attachment('{"name": "lan", "type": "bridge", "bridge": "br1"}')
ONLY_LAN: Final = ("{name: lan, bridge: {}}", "{name: lan, multus: {networkName: lan}}")
INSTANCE: Final = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: web, namespace: shop, uid: 8a6d1c1e-0000-4000-8000-000000000001}
spec:
  domain: {devices: {interfaces: [{name: lan, bridge: {}}]}}
  networks: [{name: lan, multus: {networkName: lan}}]
status:
  phase: Succeeded
  interfaces:
    - {name: lan, mac: "02:20:00:00:00:07"}
    - {interfaceName: vrrp.51, mac: "00:00:5e:00:01:33", infoSource: guest-agent}
"""


def _set_up(text: str) -> str:
    """A machine on the primary network of its namespace, with this in the `networkData` of cloud-init."""
    data = f"""\
volumes:
  - name: init
    cloudInitNoCloud:
      networkData: |
        version: 2
        ethernets: {{enp1s0: {text}}}
"""
    return machine(ON_TENANT, more=data)


MACHINE_GUESTS: Final = (
    FindingCode(
        code="NW6120",
        severity="error",
        title="an address that a guest sets up and its network does not give it",
        explanation=(
            "`networkData` of cloud-init gives the guest an address of its own choice. OVN-Kubernetes drops what has "
            "another address than it gave; behind `masquerade` all that comes is sent to 10.0.2.2, or the second "
            "address of `vmNetworkCIDR`; on the pod network each start has another one. The interface is known by "
            "`match.macaddress`, or as the only one; else it is told if the address fits none. Nothing is said where "
            "the machine asks for the address (`network.kubevirt.io/addresses`), or where nobody gives addresses."
        ),
        help="let the guest ask by DHCP, and ask the network for the address",
        fails=manifest(*ON_NET, _set_up("{addresses: [10.20.0.7/16]}")),
        passes=manifest(*ON_NET, _set_up("{dhcp4: true}")),
    ),
    FindingCode(
        code="NW6122",
        severity="warning",
        title="a shared MAC address in a guest whose networks filter",
        explanation=(
            "The running instance tells of a MAC address that several hosts share: a virtual router's (VRRP, HSRP) or "
            "a load-balancing cluster's. All networks of the machine let only an interface's own address through; "
            "OVN-Kubernetes always does, and it cannot be turned off. Without tools in the guest nothing of it is told."
        ),
        help="attach the machine by a Linux bridge without `macspoofchk`",
        fails=manifest(machine(*ONLY_LAN), INSTANCE, BARE_LAN),
        passes=manifest(machine(*ONLY_LAN), INSTANCE, BRIDGE_LAN),
    ),
    FindingCode(
        code="NW6309",
        severity="warning",
        title="a guest that is set up for larger packets than its network takes",
        explanation=(
            "`networkData` of cloud-init sets an MTU over that of the network. An overlay of OVN-Kubernetes has 1400 "
            "bytes where the wire has 1500: guests that came along with 1500 send too much. The interface is known by "
            "`match.macaddress`, or as the only one; else the network with the largest packets counts."
        ),
        help="write the MTU of the network, or none",
        fails=manifest(*ON_NET, _set_up("{dhcp4: true, mtu: 1500}")),
        passes=manifest(*ON_NET, _set_up("{dhcp4: true, mtu: 1400}")),
    ),
)
