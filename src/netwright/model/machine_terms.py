"""The words of machines and networks as data for `explain`, beside those of `model.glossary`."""

from __future__ import annotations

from typing import Final

MACHINE_WORDS: Final[tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...]] = (
    (
        "launcher pod",
        "The pod in which KubeVirt runs a machine. Policies, Services and nodes know this pod and not the guest: its "
        "labels are those of `spec.template.metadata` and some of KubeVirt's. Each start is a new one, and while a "
        "machine migrates there are two.",
        ("virt-launcher",),
        ("VirtualMachine", "binding", "live migration"),
    ),
    (
        "guest",
        "The system inside a virtual machine. What address it sees itself at depends on the binding: behind "
        "`masquerade` 10.0.2.2, on a bridge that of the pod or of its own network. `show nics` lists what others "
        "reach it by.",
        (),
        ("launcher pod", "binding", "VirtualMachine"),
    ),
    (
        "interface binding",
        "How an interface of a machine is joined to the pod: `masquerade` translates between the pod's address and "
        "the guest's, and forwards all ports or those listed; `bridge` passes frames through; `sriov` gives a "
        "device; `passtBinding` and `binding: {name}` are a process and plugins of others. Where none is written it "
        "is the KubeVirt object's default, a bridge. It decides what is kept in a live migration.",
        ("masquerade", "bridge binding", "passt", "l2bridge", "network binding"),
        ("kept", "live migration", "NW6001", "VirtualMachine"),
    ),
    (
        "primary network",
        "The network that a pod has first: the pod network, or a user-defined network with the role Primary, which "
        "takes its place for the pods of its namespaces. NetworkPolicies and Services are about it alone; pods of "
        "different primary networks do not meet.",
        ("primary user-defined network", "UDN"),
        ("network", "secondary network", "UserDefinedNetwork", "NW6101"),
    ),
    (
        "secondary network",
        "One network more for pods and machines that name it, by a NetworkAttachmentDefinition. No NetworkPolicy "
        "covers it, and no Service leads there.",
        ("attachment", "additional network"),
        ("primary network", "NetworkAttachmentDefinition", "MultiNetworkPolicy", "NW6201"),
    ),
    (
        "live migration",
        "A running machine moves to another node: a second launcher pod takes over, with an address of its own on "
        "the pod network. What of an interface stays is said by `show nics`; what hinders it by `show vms` and "
        "NW6001.",
        ("VM migration", "migrate live"),
        ("kept", "launcher pod", "interface binding", "VirtualMachineInstanceMigration"),
    ),
    (
        "persistent address",
        "An address on a user-defined network that an IPAMClaim holds for a machine, so that the next launcher pod "
        "has it too: `ipam: {lifecycle: Persistent}`, in a NetworkAttachmentDefinition `allowPersistentIPs`. With "
        "`network.kubevirt.io/addresses` a machine asks for the one that it had elsewhere.",
        ("sticky IP", "persistent IPs"),
        ("kept", "IPAMClaim", "NW6105", "NW6106"),
    ),
    (
        "MAC filter",
        "What drops frames that an interface sends from another MAC address than its own. OVN-Kubernetes always has "
        "it; a Linux bridge with `macspoofchk`, SR-IOV with `spoofchk`. Virtual addresses of VRRP, nested "
        "hypervisors and bridges in guests need it off. `show networks` tells it of each network.",
        ("anti-spoofing", "port security", "macspoofchk"),
        ("NetworkAttachmentDefinition", "network", "NW6110"),
    ),
    (
        "VLAN",
        "The number that frames of a network are tagged with outside the node. A localnet network and a port of a "
        "Linux bridge have one, or none; `show networks` lists it. The same number on another switch need not be the "
        "same wire.",
        ("VLAN ID", "802.1Q", "access VLAN"),
        ("network", "trunk", "NetworkAttachmentDefinition"),
    ),
    (
        "trunk",
        "Several VLANs for one interface, whose guest tags by itself. A Linux bridge can (`vlanTrunk`, or no "
        "`vlan`), an SR-IOV device too; a localnet network of OVN-Kubernetes cannot, and what asks for one there is "
        "refused.",
        ("vlanTrunk", "tagged VLANs"),
        ("VLAN", "NetworkAttachmentDefinition"),
    ),
    (
        "MTU",
        "The largest packet of a network in bytes, without the frame's header. An overlay takes its own header from "
        "what the wire carries: 1500 become 1400 with OVN-Kubernetes. `show networks` lists it, and says where it is "
        "from when it is not written.",
        ("mtu_bytes", "packet size"),
        ("network",),
    ),
    (
        "SR-IOV",
        "A network card that shows itself as many devices, of which pods and machines are given one each. Its "
        "packets pass by the node's network, and by every NetworkPolicy. In a live migration the device is unplugged "
        "and another one plugged in.",
        ("virtual function", "VF", "vfio-pci"),
        ("NetworkAttachmentDefinition", "NW6012", "NW6014"),
    ),
    (
        "multiqueue",
        "Several queues of a paravirtual interface, one for each CPU of the guest: `networkInterfaceMultiqueue: "
        "true`. Without it one CPU takes all packets of the interface.",
        ("queues", "networkInterfaceMultiqueue"),
        ("VirtualMachine", "NW6018"),
    ),
    (
        "migration network",
        "The network that live migrations carry memory over: `migrations.network` of the KubeVirt object, an "
        "attachment in KubeVirt's own namespace; the pod network where none is named. It keeps no address of a "
        "machine. `show networks` names it.",
        ("migrations.network", "live migration network"),
        ("live migration", "KubeVirt", "NW6019", "NW6027"),
    ),
    (
        "MAC pool",
        "kubemacpool: gives MAC addresses of a range to interfaces that name none, and knows those that are named "
        "while their machine is there. Clusters on one VLAN need different ranges.",
        ("kubemacpool", "MAC range"),
        ("MAC filter", "NetworkAddonsConfig", "NW6402", "NW6409"),
    ),
    (
        "bridge mapping",
        "Which bridge of a node leads to a physical network: `ovn.bridge-mappings` of a "
        "NodeNetworkConfigurationPolicy. A localnet network leaves the node there, and nowhere on a node without it.",
        ("bridge-mappings", "physical network", "physicalNetworkName"),
        ("NodeNetworkConfigurationPolicy", "network", "NW6308"),
    ),
)
"""Word, text, other words for it, and what to see."""
