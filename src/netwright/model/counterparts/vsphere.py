"""The words of vSphere, and what each becomes here."""

from __future__ import annotations

from typing import Final

from netwright.model.counterparts.counterpart import Counterpart
from netwright.model.counterparts.counterpart import counterpart as _c

OF_VSPHERE: Final[tuple[Counterpart, ...]] = (
    _c(
        "vSphere",
        "port group",
        "NetworkAttachmentDefinition, ClusterUserDefinedNetwork, secondary network, VLAN, network",
        "A named set of switch ports with one VLAN and one policy. Here a secondary network: a "
        "NetworkAttachmentDefinition, or a "
        "ClusterUserDefinedNetwork of topology localnet, on the same VLAN keeps a VM's address. Its security "
        "settings (forged transmits, MAC "
        "changes) are settings of the CNI plugin.",
        "portgroup",
        "distributed port group",
        "dvportgroup",
        "VM port group",
        "vm portgroup",
    ),
    _c(
        "vSphere",
        "dvSwitch",
        "NodeNetworkConfigurationPolicy, network",
        "One switch across all hosts, set up in vCenter. Here every node has its own bridge (Linux or Open "
        "vSwitch), set up alike on all by a "
        "NodeNetworkConfigurationPolicy; nothing central carries packets.",
        "distributed switch",
        "vds",
        "vswitch",
        "standard switch",
        "vss",
        "vswitch0",
        "n-vds",
        "virtual switch",
    ),
    _c(
        "vSphere",
        "distributed port",
        "interface",
        "The port a vNIC is plugged into, with statistics and blocking of its own. Here the interface of a pod or "
        "of a VM's launcher pod: a "
        "veth pair or tap device on the node's bridge.",
        "dvport",
        "port binding",
        "ephemeral port binding",
        "static port binding",
    ),
    _c(
        "vSphere",
        "uplink",
        "bridge mapping, NodeNetworkConfigurationPolicy, Node",
        "The physical NICs of a host as a switch sees them, with teaming. Here a bond on the node, described by a "
        "NodeNetworkConfigurationPolicy "
        "or by whatever set the node up.",
        "vmnic",
        "uplink port group",
        "lag",
    ),
    _c(
        "vSphere",
        "vmkernel port",
        "Node, network",
        "An address of the host itself, for management, vMotion or storage. Here an address of the node "
        "(Node.status.addresses), or another one of "
        "the node's network; pods on hostNetwork share it. NetworkPolicy does not act on it.",
        "vmk",
        "vmkernel adapter",
        "vmk0",
        "management network",
        "vmkernel interface",
    ),
    _c(
        "vSphere",
        "VLAN trunk",
        "trunk, NetworkAttachmentDefinition, NodeNetworkConfigurationPolicy",
        "A port group that passes many VLANs to a guest, which tags by itself. Here a bridge with VLAN filtering "
        "and an attachment that allows "
        "these tags. Not every plugin can; such VMs need a person's look.",
        "guest vlan tagging",
        "vgt",
        "trunk port group",
        "vlan trunking",
    ),
    _c(
        "vSphere",
        "MAC learning",
        "MAC filter, NetworkAttachmentDefinition",
        "A port that accepts frames for addresses behind the VM (nested hypervisors, appliances); before it, "
        "promiscuous mode. Here the bridge learns "
        "by itself, but plugins that filter spoofed MACs (`macspoofchk`) must have it off for that attachment.",
        "forged transmits",
        "mac changes",
        "mac address changes",
        "mac discovery profile",
    ),
    _c(
        "vSphere",
        "vMotion",
        "live migration, VirtualMachineInstanceMigration, kept, workload",
        "Moving a running VM to another host with its connections. Here KubeVirt's live migration: a second "
        "launcher pod on another node takes over, "
        "for a while the VM has two endpoints. On the default pod network its pod address changes, on a localnet "
        "network it is kept.",
        "live migration",
        "svmotion",
        "storage vmotion",
    ),
    _c(
        "vSphere",
        "VM network",
        "primary network, interface binding, network",
        "The port group that an installation makes first, and that VMs are on unless somebody chose another. Here the "
        "pod network, or the primary network of a namespace: addresses are the cluster's, and behind `masquerade` the "
        "VM's own is seen by nobody else. A VM that must keep its address needs another network, or a persistent "
        "address.",
        "default port group",
    ),
    _c(
        "vSphere",
        "vMotion network",
        "migration network, live migration, KubeVirt, NetworkAttachmentDefinition",
        "The vmkernel network that moves carry their memory over. Here `migrations.network` of the KubeVirt object: a "
        "NetworkAttachmentDefinition in KubeVirt's namespace, with a range of its own and one wire between all nodes. "
        "It has nothing to do with whether a VM keeps its address.",
        "vmotion vmkernel",
    ),
    _c(
        "vSphere",
        "VLAN ID",
        "VLAN, NetworkAttachmentDefinition, ClusterUserDefinedNetwork",
        "The VLAN of a port group. Here `vlan` of an attachment, or `vlan.access.id` of a localnet network; `show "
        "networks` lists them. 4095, all VLANs, is a trunk.",
        "VLAN of a port group",
        "native vlan",
    ),
    _c(
        "vSphere",
        "static IP of a VM",
        "persistent address, kept, IPAMClaim",
        "An address set up in the guest, which the switch lets pass. Here it lasts where nothing in the cluster gives "
        "out addresses (a bridge, a localnet network with `ipam: {mode: Disabled}`), or where the network keeps it: an "
        "address that OVN-Kubernetes did not give is dropped.",
        "guest IP",
        "fixed IP",
    ),
    _c(
        "vSphere",
        "NIC teaming",
        "NodeNetworkConfigurationPolicy, Node",
        "Several uplinks of a port group, with an order and a rule for which is used. Here a bond on the node, below "
        "the bridge, for all networks that hang on it: no network has a choice of its own.",
        "teaming",
        "failover order",
        "LACP",
        "load-based teaming",
        "teaming policy",
        "active uplink",
        "standby uplink",
        "route based on ip hash",
        "route based on physical nic load",
        "beacon probing",
        "failback",
    ),
    _c(
        "vSphere",
        "jumbo frames",
        "MTU, network",
        "9000 bytes on switch and guest. Here each network has its MTU, and each attachment of a Linux bridge has 1500 "
        "where none is written, whatever the bridge has; an overlay needs 100 bytes more below.",
        "MTU of a switch",
    ),
    _c(
        "vSphere",
        "DirectPath I/O",
        "SR-IOV, SriovNetworkNodePolicy, SriovNetwork, NetworkAttachmentDefinition",
        "A device of the host that is given to one VM. Here the binding `sriov` and an attachment that names the pool; "
        "it migrates live by being unplugged, and no policy covers it.",
        "passthrough",
        "SR-IOV NIC",
        "directpath",
        "sr-iov passthrough",
    ),
    _c(
        "vSphere",
        "ESXi host",
        "Node",
        "The machine that runs VMs. Here a node that runs pods, and with KubeVirt the VMs inside of pods.",
        "esxi",
        "esx",
        "host",
        "hypervisor",
    ),
    _c(
        "vSphere",
        "vSphere cluster",
        "Node, Namespace",
        "Hosts that share placement (DRS) and restart (HA). Here the nodes of a Kubernetes cluster, or a labelled "
        "part of them; scheduler and controllers "
        "do what DRS and HA did.",
        "cluster",
    ),
    _c(
        "vSphere",
        "vCenter",
        "snapshot, Namespace",
        "The one place that knows and changes everything. Here the API server: everything is an object in it, "
        "manifests are its text, and netwright "
        "reads either.",
        "vcenter server",
        "vcsa",
    ),
    _c(
        "vSphere",
        "resource pool",
        "ResourceQuota, Namespace",
        "A share of a cluster's processors and memory. Here quotas of a namespace, and requests and limits of "
        "pods. It never touched the network, "
        "here as little as there.",
    ),
    _c(
        "vSphere",
        "vApp",
        "Namespace, StatefulSet",
        "VMs that are started in order and kept together. Here a namespace with the workloads of one application; "
        "order is a matter of readiness, "
        "rarely written down.",
    ),
    _c(
        "vSphere",
        "folder",
        "Namespace",
        "Grouping and permission of VMs in the inventory. Here a namespace, which is also the border that "
        "NetworkPolicies act within.",
        "vm folder",
    ),
    _c(
        "vSphere",
        "VMware Tools",
        "VirtualMachineInstance, endpoint",
        "The guest's agent, from which vCenter learns its addresses. Here the QEMU guest agent, which fills "
        "VirtualMachineInstance.status.interfaces. Without "
        "it the addresses of secondary interfaces are not known, and rules about them are undecided.",
        "guest tools",
        "open-vm-tools",
    ),
    _c(
        "vSphere",
        "VM snapshot",
        "snapshot",
        "A VM's disks and memory at one moment. KubeVirt has VirtualMachineSnapshot. A snapshot in netwright is "
        "another thing: the objects of a whole "
        "network at one moment.",
    ),
    _c(
        "vSphere",
        "virtual machine",
        "VirtualMachine, launcher pod, guest, workload",
        "Here a VirtualMachine of KubeVirt: a workload whose endpoint is its launcher pod. Policies select it by "
        "the labels of its template, as "
        "they select pods.",
        "vm",
    ),
    _c(
        "vSphere",
        "promiscuous mode",
        "MAC filter, NetworkAttachmentDefinition, interface",
        "A port that is given every frame of its switch, for sniffers and for appliances with addresses of their "
        "own. Here a bridge gives a port what is for addresses learned behind it; who must see the frames of "
        "others needs port mirroring.",
        "promiscuous",
    ),
    _c(
        "vSphere",
        "port mirroring",
        "TrafficControl, interface",
        "A copy of a port's frames, sent to another port or address. Kubernetes has no object for it: Antrea's "
        "TrafficControl and Open vSwitch on the node can do it. A copy changes no verdict.",
        "span",
        "rspan",
        "erspan",
    ),
    _c(
        "vSphere",
        "private VLAN",
        "MultiNetworkPolicy, NetworkAttachmentDefinition, isolated",
        "Ports of one VLAN that may not talk to each other. Here a NetworkPolicy on the pod network and a "
        "MultiNetworkPolicy on a secondary one; the bridge plugin can also isolate its ports (`portIsolation`).",
        "pvlan",
    ),
    _c(
        "vSphere",
        "Network I/O Control",
        "EgressQoS, NetworkQoS",
        "Shares and limits of an uplink by kind of traffic. Here there are no shares: a CNI that knows the "
        "bandwidth annotations (`kubernetes.io/egress-bandwidth`) limits a pod, OVN-Kubernetes marks packets for "
        "the network outside. No verdict depends on it.",
        "nioc",
        "traffic shaping",
        "qos profile",
        "bandwidth limit",
    ),
    _c(
        "vSphere",
        "vNIC type",
        "interface, interface binding, multiqueue, VirtualMachine",
        "The card that a guest sees, VMXNET3 or E1000E. Here the `model` of an interface of the VirtualMachine, "
        "virtio unless it says otherwise; a guest without that driver has no network after the move. Its binding "
        "(masquerade, bridge, SR-IOV) says how it is plugged in; SR-IOV passes by the policies of the CNI.",
        "vnic",
        "network adapter",
        "vmxnet3",
        "e1000",
        "e1000e",
    ),
    _c(
        "vSphere",
        "datastore",
        "PersistentVolumeClaim, PersistentVolume, DataVolume",
        "Where the disks of VMs lie. Here each disk is a PersistentVolumeClaim, filled by a DataVolume. Storage "
        "traffic starts at the node, so no policy of pods acts on it. A disk that only one node may mount (not "
        "ReadWriteMany) keeps its VM from migrating live.",
        "vmfs",
        "vsan",
        "vvol",
        "nfs datastore",
    ),
    _c(
        "vSphere",
        "DRS",
        "Node, workload, VirtualMachineInstanceMigration",
        "Places VMs, and moves them when hosts are busy. Here the scheduler places a pod once, by its requests "
        "and affinities, and nothing moves it later unless a descheduler is installed. Where a pod runs decides "
        "its node's address and, without a localnet network, its own.",
        "distributed resource scheduler",
    ),
    _c(
        "vSphere",
        "affinity rule",
        "Pod, Node, workload",
        "VMs that are kept together, apart, or on some hosts. Here affinity, anti-affinity, node selectors and "
        "spread constraints in the pod's template. Placement can change what may talk: a node and its own pods "
        "always reach each other.",
        "anti-affinity",
        "anti-affinity rule",
        "drs rule",
        "vm-host rule",
        "vm/host rule",
        "affinity",
    ),
    _c(
        "vSphere",
        "vSphere HA",
        "Node, workload",
        "Starts VMs elsewhere when their host fails. Here a controller makes a new pod, with another address on "
        "the pod network. Pods of a node that is merely out of reach are given up after five minutes by default; "
        "a VM starts again only once its old launcher pod is known to be gone.",
        "ha",
        "ha cluster",
        "high availability",
        "vmware ha",
    ),
    _c(
        "vSphere",
        "maintenance mode",
        "Node, PodDisruptionBudget, VirtualMachineInstanceMigration",
        "Empties a host. Here `kubectl drain`: the node takes no new pods and its pods are evicted, no faster "
        "than PodDisruptionBudgets allow. VMs whose evictionStrategy says so migrate live; pods are made anew "
        "elsewhere, with other addresses.",
        "evacuate",
        "drain",
    ),
    _c(
        "vSphere",
        "host profile",
        "NodeNetworkConfigurationPolicy, NodeNetworkState, Node",
        "Settings that hosts must have alike, and a report of those that differ. Here a "
        "NodeNetworkConfigurationPolicy for the network of the nodes; what became of it on each is a "
        "NodeNetworkConfigurationEnactment.",
    ),
    _c(
        "vSphere",
        "VM template",
        "VirtualMachineInstancetype, DataSource, VirtualMachine",
        "A VM that others are cloned from. Here a boot image (a DataSource), a VirtualMachineInstancetype for its "
        "size, and the template inside the VirtualMachine, whose labels are what policies select.",
        "template",
        "content library",
        "ova",
        "linked clone",
        "clone",
    ),
    _c(
        "vSphere",
        "MAC address of a VM",
        "MAC pool, interface, MAC filter, NetworkAddonsConfig",
        "vCenter makes one up from 00:50:56 when a card is added, and keeps it. Here a written `macAddress` is kept; "
        "where none is, kubemacpool gives one of its range, or each start has another. One that came along is to be "
        "outside of the pool's range, and off at the source: vCenter may give it again.",
        "generated mac",
        "static mac",
        "mac address",
    ),
    _c(
        "vSphere",
        "notify switches",
        "live migration, NodeNetworkConfigurationPolicy",
        "What a host sends after a move, so that switches learn the new port. Here the guest or the network plugin "
        "announces itself when the target takes over; nothing sets it per network. A bond that spreads addresses over "
        "its ports undoes it (NW6311).",
    ),
    _c(
        "vSphere",
        "hot add",
        "interface binding, VirtualMachine",
        "A card that is added to a running VM. Here an interface with the binding `bridge` or `sriov` can be plugged "
        "in while the machine runs, others come with a restart (NW6021).",
        "hot-add",
        "hotplug",
        "hot plug",
    ),
    _c(
        "vSphere",
        "NetFlow",
        "flow",
        "Records of connections that a switch sends to a collector. Here the network plugin has them, if any does: "
        "Hubble of Cilium, flow logs of Calico, IPFIX of Open vSwitch.",
        "ipfix",
    ),
    _c(
        "vSphere",
        "Fault Tolerance",
        "VirtualMachine, workload",
        "A second VM that runs in step. KubeVirt has none: a machine starts anew on another node, with what its disks "
        "have. What must not stop is built of several workloads behind a Service.",
        "ft",
    ),
    _c(
        "vSphere",
        "desktop pool",
        "VirtualMachinePool, VirtualMachineInstanceReplicaSet",
        "VMs that are alike and made in numbers. Here a VirtualMachinePool, whose machines have names with a number, "
        "or a VirtualMachineInstanceReplicaSet, whose instances nobody names.",
        "instant clone",
    ),
)
