"""Decoded objects of k8s.ovn.org, with the API's names: every field is modelled.

Shapes follow the CRDs of OVN-Kubernetes at 8871cd9cec9c (`helm/ovn-kubernetes/crds`) and, of `go-controller/pkg/crd`,
`{clusternetworkconnect,egressfirewall,egressip,egressqos,userdefinednetwork}/v1`. A field that is `null` is an absent
one, as the API server drops it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import LabelSelector, Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


# --- EgressFirewall --------------------


class EgressFirewallPort(_Whole, frozen=True):
    """One destination port of TCP, UDP or SCTP; both fields are set."""

    protocol: str | None = None
    port: int | None = None


class EgressFirewallDestination(_Whole, frozen=True):
    """Exactly one field is set. `cidrSelector` is one range as it is written (it may have bits beyond its prefix
    length), `dnsName` a name in any case that may begin with `*.` and end with a dot, `nodeSelector` the addresses of
    nodes by the nodes' labels, `{}` those of all nodes."""

    cidr_selector: str | None = None
    dns_name: str | None = None
    node_selector: LabelSelector | None = None


class EgressFirewallRule(_Whole, frozen=True):
    """`type` is `Allow` or `Deny`. Without `ports`, or with an empty list, all protocols are meant."""

    type: str | None = None
    ports: tuple[EgressFirewallPort, ...] | None = None
    to: EgressFirewallDestination | None = None


class EgressFirewallSpec(_Whole, frozen=True):
    """The first rule that matches decides; what none matches is allowed."""

    egress: tuple[EgressFirewallRule, ...] | None = None


class EgressFirewall(_Whole, frozen=True):
    """The one of its namespace, called `default`: where the pods of the namespace may go outside the cluster."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressFirewallSpec | None = None
    status: dict[str, Any] | None = None


# --- EgressIP --------------------


class EgressIPSpec(_Whole, frozen=True):
    """`egressIPs` are single addresses. Without `podSelector` every pod of these namespaces is meant."""

    egress_ips: tuple[str, ...] | None = msgspec.field(default=None, name="egressIPs")
    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class EgressIP(_Whole, frozen=True):
    """The source address of what pods send outside the cluster."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressIPSpec | None = None
    status: dict[str, Any] | None = None


# --- EgressQoS --------------------


class EgressQoSRule(_Whole, frozen=True):
    """`dscp` is 0 to 63. Without `dstCIDR` every destination outside, without `podSelector` every pod is meant."""

    dscp: int | None = None
    dst_cidr: str | None = msgspec.field(default=None, name="dstCIDR")
    pod_selector: LabelSelector | None = None


class EgressQoSSpec(_Whole, frozen=True):
    egress: tuple[EgressQoSRule, ...] | None = None


class EgressQoS(_Whole, frozen=True):
    """How packets that leave the cluster are marked; it decides nothing."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: EgressQoSSpec | None = None
    status: dict[str, Any] | None = None


# --- UserDefinedNetwork, ClusterUserDefinedNetwork --------------------


class IPAM(_Whole, frozen=True):
    """`mode` is `Enabled` where it is left out, or `Disabled`: no address is given. `lifecycle` `Persistent` keeps the
    addresses of an IPAMClaim."""

    mode: str | None = None
    lifecycle: str | None = None


class Layer3Subnet(_Whole, frozen=True):
    """A range of which each node is given a part, with the prefix length `hostSubnet` (24 or 64 where it is left
    out)."""

    cidr: str | None = None
    host_subnet: int | None = None


class Layer3(_Whole, frozen=True):
    """A layer-2 segment a node, with routers between them. `role` is `Primary` or `Secondary`; `mtu` is OVN-Kubernetes'
    own where it is left out."""

    role: str | None = None
    mtu: int | None = None
    subnets: tuple[Layer3Subnet, ...] | None = None
    join_subnets: tuple[str, ...] | None = None


class Layer2(_Whole, frozen=True):
    """One segment over all nodes. `reservedSubnets` are for addresses that are asked for by name,
    `infrastructureSubnets` for the network's own, as its gateway."""

    role: str | None = None
    mtu: int | None = None
    subnets: tuple[str, ...] | None = None
    join_subnets: tuple[str, ...] | None = None
    ipam: IPAM | None = None
    reserved_subnets: tuple[str, ...] | None = None
    infrastructure_subnets: tuple[str, ...] | None = None
    default_gateway_ips: tuple[str, ...] | None = msgspec.field(default=None, name="defaultGatewayIPs")


class AccessVlan(_Whole, frozen=True):
    id: int | None = None


class Vlan(_Whole, frozen=True):
    """`mode` is `Access`: the frames of all interfaces have the one tag."""

    mode: str | None = None
    access: AccessVlan | None = None


class Localnet(_Whole, frozen=True):
    """A segment that is a VLAN of a physical network; it is always secondary. `excludeSubnets` are given to nobody."""

    role: str | None = None
    physical_network_name: str | None = None
    mtu: int | None = None
    subnets: tuple[str, ...] | None = None
    exclude_subnets: tuple[str, ...] | None = None
    ipam: IPAM | None = None
    vlan: Vlan | None = None


class NoOverlay(_Whole, frozen=True):
    """Addresses of pods are routed by the network below.

    `outboundSNAT` is `Enabled` or `Disabled`; `routing` is `Managed` or `Unmanaged`.
    """

    outbound_snat: str | None = msgspec.field(default=None, name="outboundSNAT")
    routing: str | None = None


class VRF(_Whole, frozen=True):
    """`vni` is 1 to 16777215; `routeTarget` is ADMINISTRATOR:NUMBER."""

    vni: int | None = None
    route_target: str | None = None


class EVPN(_Whole, frozen=True):
    vtep: str | None = None
    mac_vrf: VRF | None = msgspec.field(default=None, name="macVRF")
    ip_vrf: VRF | None = msgspec.field(default=None, name="ipVRF")


class NetworkSpec(_Whole, frozen=True):
    """`topology` is `Layer3`, `Layer2` or `Localnet` and says which of the three is set. `transport` is left out for
    the overlay, or `NoOverlay` or `EVPN`, whose own part is set then."""

    topology: str | None = None
    layer3: Layer3 | None = None
    layer2: Layer2 | None = None
    localnet: Localnet | None = None
    transport: str | None = None
    no_overlay: NoOverlay | None = None
    evpn: EVPN | None = None

    @property
    def role(self) -> str:
        """`Primary` or `Secondary`."""
        part = self.layer3 or self.layer2 or self.localnet
        return (part.role if part is not None else None) or ""


class UserDefinedNetworkSpec(_Whole, frozen=True):
    """`topology` is `Layer3` or `Layer2` and says which of the two is set."""

    topology: str | None = None
    layer3: Layer3 | None = None
    layer2: Layer2 | None = None


class UserDefinedNetwork(_Whole, frozen=True):
    """A network of one namespace."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: UserDefinedNetworkSpec | None = None
    status: dict[str, Any] | None = None

    @property
    def network(self) -> NetworkSpec:
        """The network in the form that a ClusterUserDefinedNetwork has."""
        spec = self.spec or UserDefinedNetworkSpec()
        return NetworkSpec(topology=spec.topology, layer3=spec.layer3, layer2=spec.layer2)


class ClusterUserDefinedNetworkSpec(_Whole, frozen=True):
    """`uplinks` are the names of at most one Uplink, by which the network leaves the nodes."""

    namespace_selector: LabelSelector | None = None
    network: NetworkSpec | None = None
    uplinks: tuple[str, ...] | None = None


class ClusterUserDefinedNetwork(_Whole, frozen=True):
    """A network of all namespaces that are selected."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: ClusterUserDefinedNetworkSpec | None = None
    status: dict[str, Any] | None = None

    @property
    def network(self) -> NetworkSpec:
        return (self.spec.network if self.spec is not None else None) or NetworkSpec()


# --- ClusterNetworkConnect --------------------


class ClusterNetworks(_Whole, frozen=True):
    """The ClusterUserDefinedNetworks whose labels are selected; `{}` selects all."""

    network_selector: LabelSelector | None = None


class PrimaryNetworks(_Whole, frozen=True):
    """The UserDefinedNetworks that are the primary ones of the namespaces selected; `{}` selects all."""

    namespace_selector: LabelSelector | None = None


class OtherNetworks(_Whole, frozen=True):
    """Networks, by their labels and their namespaces', that the CRD describes and refuses."""

    namespace_selector: LabelSelector | None = None
    network_selector: LabelSelector | None = None


class NetworkSelector(_Whole, frozen=True):
    """`networkSelectionType` is `ClusterUserDefinedNetworks` or `PrimaryUserDefinedNetworks` and says which part is
    set."""

    network_selection_type: str | None = None
    cluster_user_defined_network_selector: ClusterNetworks | None = None
    primary_user_defined_network_selector: PrimaryNetworks | None = None
    secondary_user_defined_network_selector: OtherNetworks | None = None
    network_attachment_definition_selector: OtherNetworks | None = None


class ConnectSubnet(_Whole, frozen=True):
    """A range of the routers between the networks, and the prefix length of the part that each network is given."""

    cidr: str | None = None
    network_prefix: int | None = None


class ClusterNetworkConnectSpec(_Whole, frozen=True):
    """`connectivity` is `PodNetwork` (pods meet), `ServiceNetwork` (clients of one network reach the ClusterIPs of
    another), or both."""

    network_selectors: tuple[NetworkSelector, ...] | None = None
    connect_subnets: tuple[ConnectSubnet, ...] | None = None
    connectivity: tuple[str, ...] | None = None


class ClusterNetworkConnect(_Whole, frozen=True):
    """Joins all primary networks that it selects with each other, and with no third by way of one of them."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: ClusterNetworkConnectSpec | None = None
    status: dict[str, Any] | None = None
