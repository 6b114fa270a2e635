"""NW6006 to NW6018, NW6022, NW6024: bindings of interfaces, and the networks that they are joined to."""

from __future__ import annotations

from typing import Final

from netwright.model.finding import FindingCode
from netwright.model.finding_codes.machine_manifests import (
    BRIDGE,
    ON_TENANT,
    TWO,
    TWO_NETWORKS,
    attachment,
    kubevirt,
    machine,
)
from netwright.model.finding_codes.manifests import ADMIT, DENY, manifest

REGISTERED: Final = "{network: {binding: {l2bridge: {domainAttachmentType: managedTap, migration: {}}}}}"
DEVICE: Final = '{"name": "lan", "type": "sriov", "vlan": 7}'
POOL: Final = "{k8s.v1.cni.cncf.io/resourceName: example.com/vf}"
MACVLAN: Final = '{"name": "lan", "type": "macvlan", "master": "eth1"}'
SRIOV: Final = "{name: default, masquerade: {}}, {name: lan, sriov: {}}"
DUAL: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [10.244.0.0/24, "2001:db8::/64"]}
"""
NODE: Final = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [%s]}
"""
NETWORK_DATA: Final = """\
volumes:
  - name: init
    cloudInitNoCloud:
      networkData: |
        version: 2
        ethernets: {enp1s0: {dhcp4: true, addresses: ["fd10:0:2::2/120"], gateway6: "fd10:0:2::1"}}
"""
PROBE: Final = "livenessProbe: {tcpSocket: {port: 22}}"
INSIDE_PROBE: Final = "livenessProbe: {exec: {command: [/bin/true]}}"
INJECTED: Final = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
"""
LINKS: Final = "{name: default, masquerade: {}, state: %s}"

MACHINE_BINDINGS: Final = (
    FindingCode(
        code="NW6006",
        severity="error",
        title="a binding that KubeVirt does not know",
        explanation=(
            "`binding.name` of an interface is the name of a plugin that the KubeVirt object registers in "
            "`spec.configuration.network.binding`. It registers none of this name. Nothing is said where the input has "
            "no KubeVirt object."
        ),
        help="register the plugin, or correct the name",
        fails=manifest(machine("{name: default, binding: {name: l2brigde}}"), kubevirt(REGISTERED)),
        passes=manifest(machine(ON_TENANT), kubevirt(REGISTERED)),
    ),
    FindingCode(
        code="NW6007",
        severity="warning",
        title="a field that not every KubeVirt takes",
        explanation=(
            "`passtBinding` came with 1.8 behind the feature gate `PasstBinding` and is on from 1.9; `portRanges` and "
            "networks that are a `resourceClaim` are behind gates in alpha (1.9). The version is read from the status "
            "of the KubeVirt object, or from the images of its pods, and the gates from "
            "`developerConfiguration.featureGates`."
        ),
        help="turn on the feature gate, or do without",
        fails=manifest(
            machine("{name: default, masquerade: {}, portRanges: [{start: 8000, end: 8100}]}"),
            kubevirt("{}", "{observedKubeVirtVersion: v1.9.0}"),
        ),
        passes=manifest(
            machine("{name: default, masquerade: {}, portRanges: [{start: 8000, end: 8100}]}"),
            kubevirt("{developerConfiguration: {featureGates: [PortRangesSpec]}}", "{observedKubeVirtVersion: v1.9.0}"),
        ),
    ),
    FindingCode(
        code="NW6008",
        severity="warning",
        title="ports of a bridge, which limit nothing",
        explanation=(
            "`ports` say what a `masquerade` or `passtBinding` interface forwards to the guest. A bridge passes every "
            "packet. (They are names for named ports all the same.)"
        ),
        help="leave them out, and write a NetworkPolicy",
        fails=manifest(
            machine("{name: default, masquerade: {}}, {name: lan, bridge: {}, ports: [{port: 22}]}", TWO_NETWORKS),
            attachment(BRIDGE),
        ),
        passes=manifest(machine(TWO, TWO_NETWORKS), attachment(BRIDGE)),
    ),
    FindingCode(
        code="NW6010",
        severity="warning",
        title="a guest that nothing tells of IPv6",
        explanation=(
            "The pods have IPv6 addresses. Behind `masquerade` the guest gets its IPv4 address by DHCP, while for IPv6 "
            "nobody announces a route: address and gateway are set up in the guest, for instance by `networkData` of "
            "cloud-init, of which the machine has none. An image may be set up already: the objects do not tell."
        ),
        help="give the guest `networkData` with an address and a gateway of fd10:0:2::/120",
        fails=manifest(machine(), DUAL),
        passes=manifest(machine(more=NETWORK_DATA), DUAL),
    ),
    FindingCode(
        code="NW6011",
        severity="error",
        title="a bridge over macvlan or ipvlan",
        explanation=(
            "The link of such an attachment passes frames of its own MAC address. Behind a bridge the guest has "
            "another one, or the pod's link loses its own."
        ),
        help="attach the machine by a Linux bridge or an OVN network",
        fails=manifest(machine(TWO, TWO_NETWORKS), attachment(MACVLAN)),
        passes=manifest(machine(TWO, TWO_NETWORKS), attachment(BRIDGE)),
    ),
    FindingCode(
        code="NW6012",
        severity="error",
        title="a bridge over an SR-IOV device",
        explanation=(
            "The attachment is of type sriov: it hands a device of the node to the pod. A guest gets it as its own by "
            "the binding `sriov`. (Migration tools that write `bridge` for every attachment make this one.)"
        ),
        help="write `sriov: {}`",
        fails=manifest(machine(TWO, TWO_NETWORKS), attachment(DEVICE, annotations=POOL)),
        passes=manifest(machine(SRIOV, TWO_NETWORKS), attachment(DEVICE, annotations=POOL)),
    ),
    FindingCode(
        code="NW6013",
        severity="error",
        title="an SR-IOV interface on an attachment of another type",
        explanation="The binding `sriov` hands a device to the guest, and this attachment has none.",
        help="write `bridge: {}`, or name an attachment of type sriov",
        fails=manifest(machine(SRIOV, TWO_NETWORKS), attachment(BRIDGE)),
        passes=manifest(machine(TWO, TWO_NETWORKS), attachment(BRIDGE)),
    ),
    FindingCode(
        code="NW6014",
        severity="error",
        title="an SR-IOV attachment that names no resource",
        explanation=(
            "KubeVirt asks for the device by the resource in the annotation `k8s.v1.cni.cncf.io/resourceName` of the "
            "NetworkAttachmentDefinition. Without it the launcher pod has no device. "
            "(Whether the pool behind the name is for guests, NW6015 says.)"
        ),
        help="annotate the attachment with the resource of the pool",
        fails=manifest(machine(SRIOV, TWO_NETWORKS), attachment(DEVICE)),
        passes=manifest(machine(SRIOV, TWO_NETWORKS), attachment(DEVICE, annotations=POOL)),
    ),
    FindingCode(
        code="NW6016",
        severity="warning",
        title="a machine in a mesh with a bridge on the pod network",
        explanation=(
            "With a bridge the address of the pod is the guest's, and the pod has none. The proxy beside it is meant "
            "to take what comes to the pod's address."
        ),
        help="write `masquerade: {}`",
        fails=manifest(
            machine(
                "{name: default, bridge: {}}",
                labels='{app: web, sidecar.istio.io/inject: "true"}',
                annotations='{kubevirt.io/allow-pod-bridge-network-live-migration: ""}',
                strategy="Always",
            ),
            INJECTED,
            DENY,
            ADMIT,
        ),
        passes=manifest(
            machine(labels='{app: web, sidecar.istio.io/inject: "true"}', strategy="Always"), INJECTED, DENY, ADMIT
        ),
    ),
    FindingCode(
        code="NW6017",
        severity="warning",
        title="a probe over a link that is down",
        explanation=(
            "`state: down` takes the link of the interface from the guest, and the livenessProbe of the machine asks "
            "over the pod network. Each time it fails often enough the machine is restarted."
        ),
        help="take the probe away while the link is down, or ask inside the guest with `exec`",
        fails=machine(LINKS % "down", more=PROBE),
        passes=machine(LINKS % "down", more=INSIDE_PROBE),
    ),
    FindingCode(
        code="NW6018",
        severity="info",
        title="several virtual CPUs, and interfaces of one queue",
        explanation=(
            "A paravirtual interface has one queue, which one CPU of the guest serves, unless "
            "`networkInterfaceMultiqueue` is set: then it has one for each CPU, and in the guest `ethtool -L` may "
            "still be needed. Nothing is said of machines with an instance type or a preference, which may set it."
        ),
        help="set `networkInterfaceMultiqueue: true` where throughput matters, or `false` to say that it does not",
        fails=machine(cpu="{cores: 4}"),
        passes=machine(cpu="{cores: 1}"),
    ),
    FindingCode(
        code="NW6022",
        severity="warning",
        title="a guest behind masquerade that takes others' addresses for its own link",
        explanation=(
            "A guest behind `masquerade` sees itself in 10.0.2.0/24, or in `vmNetworkCIDR`, whatever the pod's address "
            "is. Pods, Services or a network of another interface have some of these addresses: what the guest sends "
            "there does not leave its link."
        ),
        help="choose another range in `networks[].pod.vmNetworkCIDR`",
        fails=manifest(machine(), NODE % "10.0.0.0/16"),
        passes=manifest(
            machine(network="{name: default, pod: {vmNetworkCIDR: 192.168.90.0/24}}"), NODE % "10.0.0.0/16"
        ),
    ),
    FindingCode(
        code="NW6024",
        severity="error",
        title="a bridge on the pod network where KubeVirt forbids it",
        explanation=(
            "`permitBridgeInterfaceOnPodNetwork: false` of the KubeVirt object refuses interfaces with the binding "
            "`bridge` on the pod network, those that name no binding among them where `bridge` is the default."
        ),
        help="write `masquerade: {}`",
        fails=manifest(
            machine(
                "{name: default, bridge: {}}",
                annotations='{kubevirt.io/allow-pod-bridge-network-live-migration: ""}',
            ),
            kubevirt("{network: {permitBridgeInterfaceOnPodNetwork: false}}"),
        ),
        passes=manifest(machine(), kubevirt("{network: {permitBridgeInterfaceOnPodNetwork: false}}")),
    ),
)
