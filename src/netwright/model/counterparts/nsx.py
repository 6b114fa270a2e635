"""The words of NSX, and what each becomes here."""

from __future__ import annotations

from typing import Final

from netwright.model.counterparts.counterpart import Counterpart
from netwright.model.counterparts.counterpart import counterpart as _c

OF_NSX: Final[tuple[Counterpart, ...]] = (
    _c(
        "NSX",
        "DFW rule",
        "NetworkPolicy, MultiNetworkPolicy, rule",
        "A rule of the distributed firewall at every vNIC, read in order, that allows, drops or rejects. A "
        "NetworkPolicy only allows, and order has no "
        "meaning; deny rules and order need ClusterNetworkPolicy or a CNI's own kind.",
        "dfw",
        "distributed firewall",
        "firewall rule",
        "dfw policy",
    ),
    _c(
        "NSX",
        "DFW category",
        "tier, ClusterNetworkPolicy",
        "Emergency, Infrastructure, Environment, Application: rules of one are read before the next. Here tiers: "
        "Admin before NetworkPolicy before "
        "Baseline (ClusterNetworkPolicy), or Calico's own tiers.",
        "firewall category",
        "firewall section",
        "policy section",
        "dfw section",
        "security policy",
    ),
    _c(
        "NSX",
        "default rule",
        "isolated, end",
        "The last rule of the firewall, allow or drop for everybody. Here nobody is isolated until a policy "
        "selects them: the counterpart of a default drop "
        "is a policy with an empty podSelector in every namespace.",
        "default layer3 rule",
    ),
    _c(
        "NSX",
        "security group",
        "NetworkPolicy, identity, Namespace",
        "Members by tag, name or segment, used in rules. Here there is no object for it: a rule carries its "
        "selector over labels of pods and "
        "namespaces, and whoever matches is a member.",
        "nsgroup",
        "group",
    ),
    _c(
        "NSX",
        "NSX tag",
        "Pod, Namespace, identity",
        "A tag with a scope on a VM, by which groups collect members. Here a label, key and value, on the pod's "
        "template or on its namespace. Who may set "
        "labels decides who is a member.",
        "tag",
        "security tag",
    ),
    _c(
        "NSX",
        "context profile",
        "guard, CiliumNetworkPolicy",
        "Application identity (App-ID) or domain names in a rule. NetworkPolicy knows addresses and ports only; "
        "names and HTTP need a CNI's own kind "
        "(CiliumNetworkPolicy) or a mesh. Many App-IDs have no counterpart at all.",
        "app-id",
        "l7 profile",
    ),
    _c(
        "NSX",
        "identity firewall",
        "obligation, AuthorizationPolicy",
        "Rules by user of a directory. There is no counterpart for people here; a mesh knows identities of service "
        "accounts (AuthorizationPolicy).",
        "idfw",
        "ad group",
    ),
    _c(
        "NSX",
        "segment",
        "UserDefinedNetwork, ClusterUserDefinedNetwork, primary network, network",
        "A layer-2 network, as overlay or on a VLAN. Here a user-defined network of topology layer2 (overlay) or "
        "localnet (VLAN).",
        "logical switch",
        "ls",
        "overlay segment",
        "vlan segment",
        "vlan-backed segment",
    ),
    _c(
        "NSX",
        "Tier-1 gateway",
        "UserDefinedNetwork, ClusterNetworkConnect, Service",
        "The tenant's router, with its NAT and load balancer. With OVN-Kubernetes each primary user-defined "
        "network has a router of its own; otherwise "
        "each node routes for its pods, and Services do the load balancing.",
        "t1",
        "tier-1",
        "tier 1 gateway",
        "t1 gateway",
        "logical router",
        "distributed router",
        "dlr",
    ),
    _c(
        "NSX",
        "Tier-0 gateway",
        "advertisement, RouteAdvertisements, BGPPeer",
        "The router to the physical network, by BGP. Here the nodes speak BGP themselves (MetalLB, FRR-K8s, "
        "Calico, Cilium) and advertise Service and pod "
        "ranges.",
        "t0",
        "tier-0",
        "tier 0 gateway",
        "t0 gateway",
        "vrf gateway",
        "route redistribution",
    ),
    _c(
        "NSX",
        "edge node",
        "Node, EgressIP",
        "The machine where north-south traffic, NAT and load balancers live. Here any node may be one; EgressIP or "
        "an egress gateway pins outgoing addresses to "
        "some of them.",
        "edge cluster",
        "nsx edge",
    ),
    _c(
        "NSX",
        "gateway firewall",
        "enforcer, EgressFirewall",
        "Rules at a Tier-0 or Tier-1 gateway. Here an enforcer on the way out or in: an EgressFirewall, a "
        "Service's loadBalancerSourceRanges, a firewall before the "
        "cluster. Each on the path must permit.",
        "edge firewall",
        "perimeter firewall",
    ),
    _c(
        "NSX",
        "TEP",
        "Node, network",
        "The address of a host's overlay tunnels. Here the node's address that the CNI's VXLAN or Geneve tunnels "
        "use; its MTU must leave room for the "
        "tunnel's header.",
        "vtep",
        "tunnel endpoint",
    ),
    _c(
        "NSX",
        "transport zone",
        "bridge mapping, ClusterUserDefinedNetwork, Node",
        "Which hosts a segment spans. Here a user-defined network spans the whole cluster; which nodes carry a "
        "VLAN is decided by the bridges they have "
        "(a nodeSelector of the NodeNetworkConfigurationPolicy).",
    ),
    _c(
        "NSX",
        "load balancer VIP",
        "Service, Ingress, advertisement",
        "An address in front of a pool. Here a Service of type LoadBalancer: an address from a pool (MetalLB, a "
        "cloud), advertised by nodes, translated to "
        "pods that its selector finds. For HTTP an Ingress or a Gateway.",
        "vip",
        "virtual server",
        "server pool",
        "avi",
        "load balancer",
        "nsx load balancer",
    ),
    _c(
        "NSX",
        "SpoofGuard",
        "MAC filter, NetworkAttachmentDefinition, interface",
        "Only known pairs of MAC and IP may send. Here the CNI does it on the pod network always; on secondary "
        "networks a plugin must be told "
        "(`macspoofchk`).",
        "switch security",
        "ip discovery",
        "segment security profile",
    ),
    _c(
        "NSX",
        "Traceflow",
        "verdict, connection",
        "A marked packet and what became of it at every hop. Here `why SRC DST:PORT`: no packet, but every rule "
        "that decides, with file and line.",
    ),
    _c(
        "NSX",
        "NAT rule",
        "EgressIP, Service, interface binding",
        "Translation at a gateway. Here what pods send outside has the node's address, or that of an EgressIP; a "
        "Service translates what comes in. Behind `masquerade` a machine is translated once more, in its own pod.",
        "nat",
        "snat",
        "dnat",
    ),
    _c(
        "NSX",
        "IP pool",
        "persistent address, IPAMClaim, ServiceCIDR, network",
        "Addresses that are given out. Here each network has its subnets and whoever gives its addresses (`ipam`), "
        "Services have a ServiceCIDR, and an IPAMClaim holds what a machine keeps: `show subnets` has what is free.",
        "ip block",
        "address pool",
    ),
    _c(
        "NSX",
        "DHCP server",
        "network, interface binding, persistent address",
        "A service of a segment. Here the guest's DHCP is answered by its launcher pod (`masquerade`, `bridge`) or by "
        "OVN, with the address that the pod was given; on a localnet without IPAM by the server that is on the VLAN.",
        "dhcp profile",
        "dhcp relay",
    ),
    _c(
        "NSX",
        "DNS forwarder",
        "Service",
        "Here the cluster's DNS: it has names of Services and, below headless ones, of pods on their pod network. A "
        "machine on a VLAN keeps its record elsewhere.",
    ),
    _c(
        "NSX",
        "transport node",
        "Node, NodeNetworkConfigurationPolicy",
        "A host that is prepared for segments. Here every node on which the network plugin runs; which wires it has "
        "is its NodeNetworkConfigurationPolicy.",
        "host transport node",
    ),
    _c(
        "NSX",
        "micro-segmentation",
        "NetworkPolicy, isolated, MultiNetworkPolicy",
        "A firewall at every VM, from one place. Here policies isolate pods by labels, of machines by those of their "
        "template, on the primary network alone: `show isolation` says who is.",
        "microsegmentation",
        "zero trust",
    ),
    _c(
        "NSX",
        "L2 VPN",
        "ClusterUserDefinedNetwork, VLAN, RouteAdvertisements",
        "A segment that is stretched to another site. Here a localnet is on the same VLAN as the VMs that are left "
        "behind; a Layer2 network with the transport EVPN shares its segment with the fabric.",
        "l2vpn",
        "l2 extension",
        "network extension",
        "hcx",
        "layer 2 bridging",
    ),
    _c(
        "NSX",
        "service insertion",
        "enforcer",
        "Traffic that is led through an appliance of another maker, or inspected (IDS, IPS). Here nothing does so by "
        "an object that all clusters have: what a mesh or a plugin adds is an enforcer of its own, or not read.",
        "network introspection",
        "redirection",
        "ids",
        "ips",
        "ids/ips",
    ),
)
