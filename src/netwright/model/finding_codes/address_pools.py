"""NW64…: MAC addresses and ranges of IP addresses, and who else may give them."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.manifests import SHOP, manifest
from netwright.model.finding_codes.mtu import PLUGIN, attached, localnet, machine

LAN: Final = attached(PLUGIN)
POOL: Final = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kubemacpool-mac-range-config, namespace: kubemacpool-system}
data: {RANGE_START: "02:10:00:00:00:00", RANGE_END: "02:10:FF:FF:FF:FF"}
"""
OWN_RANGE: Final = 'macAddress: "02:20:00:00:00:01", bridge: {}'
IGNORED: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop%s}}
"""
TWO: Final = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: web, namespace: shop}
spec:
  runStrategy: Halted
  template:
    spec:
      domain:
        devices:
          interfaces:
          - {name: lan, macAddress: "02:20:00:00:00:01", bridge: {}}
          - {name: wan, macAddress: "02:20:00:00:00:0%d", bridge: {}}
      networks:
      - {name: lan, multus: {networkName: lan}}
      - {name: wan, multus: {networkName: wan}}
"""


def with_mac(mac: str, name: str = "web", network: str = "lan") -> str:
    return machine(f'macAddress: "{mac}", bridge: {{}}', name, network)


def claim(owner: str) -> str:
    return f"""\
apiVersion: k8s.cni.cncf.io/v1alpha1
kind: IPAMClaim
metadata:
  name: web.lan
  namespace: shop
  ownerReferences: [{{apiVersion: kubevirt.io/v1, kind: VirtualMachine, name: {owner}, uid: "1"}}]
spec: {{network: lan, interface: lan}}
"""


def ranged(name: str, subnet: str) -> str:
    return attached(f'{PLUGIN}, "ipam": {{"type": "host-local", "subnet": "{subnet}"}}', name)


ADDRESS_POOLS: Final = (
    FindingCode(
        code="NW6401",
        severity="error",
        title="a MAC address that no interface can have",
        explanation=(
            "A MAC address is six bytes, written in hexadecimal with colons or hyphens between them. The lowest bit of "
            "the first byte marks the addresses of groups: switches send what goes to such an address to everybody, "
            "and the kernel refuses it for an interface."
        ),
        help="write six bytes, of which the first is even, as 02:10:00:00:00:01",
        fails=manifest(SHOP, LAN, with_mac("03:20:00:00:00:01")),
        passes=manifest(SHOP, LAN, with_mac("02:20:00:00:00:01")),
    ),
    FindingCode(
        code="NW6402",
        severity="warning",
        title="a MAC address by hand in the range of the pool",
        explanation=(
            "kubemacpool gives MAC addresses of its range to interfaces that name none. One that is written by hand is "
            "known to the pool while the machine is there and its namespace is not left out; one that came along from "
            "elsewhere may be given to another machine while this one is not."
        ),
        help="write an address outside of the range, or leave it out and let the pool choose",
        fails=manifest(SHOP, POOL, LAN, with_mac("02:10:00:00:00:01")),
        passes=manifest(SHOP, POOL, LAN, with_mac("02:20:00:00:00:01")),
    ),
    FindingCode(
        code="NW6403",
        severity="error",
        title="machines with one MAC address on one segment",
        explanation=(
            "Switches send what goes to a MAC address to where they heard it last: of two machines with one address on "
            "a segment each loses what the other is sent. kubemacpool refuses the second one before 0.51; from 0.51 on "
            "it only tells, by the alert `KubemacpoolMACCollisionDetected`."
        ),
        help="give one of them another address, or leave it out",
        fails=manifest(SHOP, LAN, with_mac("02:20:00:00:00:01"), with_mac("02:20:00:00:00:01", "app")),
        passes=manifest(SHOP, LAN, with_mac("02:20:00:00:00:01"), with_mac("02:20:00:00:00:02", "app")),
    ),
    FindingCode(
        code="NW6404",
        severity="info",
        title="machines with one MAC address on different segments",
        explanation=(
            "The networks are not one segment by what the input says, so that nothing is lost as long as nothing joins "
            "them. kubemacpool looks at all machines of a cluster alike: it refuses the second one before 0.51, and "
            "tells it from 0.51 on."
        ),
        help="give one of them another address, or leave it out",
        fails=manifest(
            SHOP,
            LAN,
            attached(f'{PLUGIN}, "vlan": 9', "wan"),
            with_mac("02:20:00:00:00:01"),
            with_mac("02:20:00:00:00:01", "app", "wan"),
        ),
        passes=manifest(
            SHOP,
            LAN,
            attached(f'{PLUGIN}, "vlan": 9', "wan"),
            with_mac("02:20:00:00:00:01"),
            with_mac("02:20:00:00:00:02", "app", "wan"),
        ),
    ),
    FindingCode(
        code="NW6405",
        severity="error",
        title="a machine whose interfaces have one MAC address",
        explanation=(
            "A guest tells its cards from each other by their MAC addresses, as its configuration of networks does. "
            "kubemacpool refuses such a machine in every version."
        ),
        help="give each interface its own address, or leave them out",
        fails=manifest(SHOP, LAN, attached(f'{PLUGIN}, "vlan": 9', "wan"), TWO % 1),
        passes=manifest(SHOP, LAN, attached(f'{PLUGIN}, "vlan": 9', "wan"), TWO % 2),
    ),
    FindingCode(
        code="NW6406",
        severity="warning",
        title="machines in a namespace that the MAC pool leaves out",
        explanation=(
            "The label `mutatevirtualmachines.kubemacpool.io: ignore` keeps kubemacpool from a namespace: interfaces "
            "of its machines that name no MAC address get another one with each start, and nobody tells when one of "
            "those that they name is also another machine's."
        ),
        help="take the label away, or write a MAC address for every interface, outside of the range of the pool",
        fails=manifest(IGNORED % ", mutatevirtualmachines.kubemacpool.io: ignore", LAN, machine()),
        passes=manifest(IGNORED % "", LAN, machine()),
    ),
    FindingCode(
        code="NW6407",
        severity="error",
        title="a claim of addresses that is another machine's",
        explanation=(
            "The claim for an interface of a machine is called MACHINE.NETWORK, and the controller takes one that is "
            "there already only if the machine owns it. This one has the name of the claim of a machine, and is owned "
            "by something else: the machine gets no address there, and does not start."
        ),
        help="delete the claim if its owner is gone; the controller makes it anew",
        fails=manifest(SHOP, LAN, machine(), claim("old")),
        passes=manifest(SHOP, LAN, machine(), claim("web")),
    ),
    FindingCode(
        code="NW6408",
        severity="warning",
        title="a localnet that may give addresses which others on the VLAN have",
        explanation=(
            "OVN-Kubernetes gives addresses of `subnets` on a VLAN that leaves the cluster, and knows no host there: "
            "not the router, a DHCP server's leases or machines elsewhere. Nothing is left out of the range."
        ),
        help="leave out of it what is not the cluster's to give, with `excludeSubnets`",
        fails=manifest(SHOP, localnet(1500, "subnets: [10.120.0.0/24]")),
        passes=manifest(SHOP, localnet(1500, "subnets: [10.120.0.0/24], excludeSubnets: [10.120.0.0/25]")),
    ),
    FindingCode(
        code="NW6409",
        severity="info",
        title="the MAC pool has the range that it is published with",
        explanation=(
            "kubemacpool begins with 02:00:00:00:00:00 in every cluster that is set up as its manifests are. Two such "
            "clusters on one VLAN give the same addresses to machines of theirs. The first one is that of the bridge "
            "inside a pod with masquerade, too, which no interface may have."
        ),
        help="give each cluster a range of its own: `RANGE_START` and `RANGE_END`, or `kubeMacPool` in the "
        "NetworkAddonsConfig",
        fails=manifest(
            SHOP,
            LAN,
            POOL.replace("02:10:00", "02:00:00").replace("02:10:FF", "02:FF:FF"),
            with_mac("0a:20:00:00:00:01"),
        ),
        passes=manifest(SHOP, LAN, POOL, with_mac("0a:20:00:00:00:01")),
    ),
    FindingCode(
        code="NW6410",
        severity="error",
        title="two networks that give the addresses of one segment",
        explanation=(
            "Two attachments hang on the same bridge or interface with the same VLAN, and each has its own account of "
            "a range that they have in common: host-local on each node, OVN-Kubernetes for its network, whereabouts "
            "for a range as it is written. Sooner or later one address is given twice."
        ),
        help="give them parts of the range that do not overlap, or attach all to one network",
        fails=manifest(SHOP, ranged("lan", "10.130.0.0/24"), ranged("wan", "10.130.0.0/25")),
        passes=manifest(SHOP, ranged("lan", "10.130.0.128/25"), ranged("wan", "10.130.0.0/25")),
    ),
)
