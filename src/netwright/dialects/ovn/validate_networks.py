"""What refuses a UserDefinedNetwork or a ClusterUserDefinedNetwork.

The OpenAPI bounds and CEL rules of the CRDs of OVN-Kubernetes at 8871cd9cec9c (`helm/ovn-kubernetes/crds`), as far as
they are about one object: what must not change later is not told by one. And what OVN-Kubernetes says on making the
network (`subnetOverlapCheck` in `go-controller/pkg/util/multi_network.go`): the ranges of a primary network do not
overlap its join subnets. What depends on settings of OVN-Kubernetes is not refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from netwright.base.spans import Pointer
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import (
    Fault,
    Network,
    check_address,
    check_cidr,
    check_selector,
    quoted,
    read_cidr,
)
from netwright.dialects.ovn.objects import (
    EVPN,
    IPAM,
    VRF,
    ClusterUserDefinedNetwork,
    ClusterUserDefinedNetworkSpec,
    Layer2,
    Layer3,
    Localnet,
    NetworkSpec,
    UserDefinedNetwork,
    Vlan,
)

_ROLES: Final = ("Primary", "Secondary")
_UPLINK = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?").fullmatch
_NUMBER = re.compile(r"[0-9]+").fullmatch

_JOIN: Final = ("100.65.0.0/16", "fd99::/64")
"""The join subnets of a primary network that names none of its own (`pkg/types/const.go`)."""


def check_network(kind: str, network: UserDefinedNetwork) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, network.metadata)
    if network.spec is None:
        raise Fault(("spec",), "is missing; it says what the network is")
    if network.spec.topology == "Localnet":
        raise Fault(
            ("spec", "topology"),
            "is `Localnet`; a UserDefinedNetwork is `Layer2` or `Layer3`",
            "write a ClusterUserDefinedNetwork for a network of that topology",
        )
    _check_spec(network.network, ("spec",), ("Layer2", "Layer3"))


def check_cluster_network(kind: str, network: ClusterUserDefinedNetwork) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, network.metadata)
    spec = network.spec
    if spec is None:
        raise Fault(("spec",), "is missing; it says what the network is")
    if spec.namespace_selector is None:
        raise Fault(("spec", "namespaceSelector"), "is missing", "`namespaceSelector: {}` is every namespace")
    check_selector(spec.namespace_selector, ("spec", "namespaceSelector"))
    if spec.network is None:
        raise Fault(("spec", "network"), "is missing; it says what the network is")
    _check_spec(spec.network, ("spec", "network"), ("Layer2", "Layer3", "Localnet"))
    _check_transport(spec.network, ("spec", "network"))
    _check_uplinks(spec, spec.network)


def _check_uplinks(spec: ClusterUserDefinedNetworkSpec, network: NetworkSpec) -> None:
    if spec.uplinks is None:
        return
    at: Pointer = ("spec", "uplinks")
    if len(spec.uplinks) != 1:
        raise Fault(at, f"has {len(spec.uplinks)} names; a network has one uplink")
    for index, name in enumerate(spec.uplinks):
        if len(name) > 253 or _UPLINK(name) is None:
            raise Fault((*at, index), f"is {quoted(name)}; it is the name of an Uplink")
    if network.topology == "Localnet" or network.role != "Primary":
        raise Fault(at, "is there; only primary networks of topology `Layer2` or `Layer3` have one")
    if network.transport == "EVPN":
        raise Fault(at, "is there, and `transport` is `EVPN`, which has none")


# --- topologies ---------------------------------------------------------------------------------------------------


def _check_spec(network: NetworkSpec, at: Pointer, topologies: Sequence[str]) -> None:
    if network.topology not in topologies:
        what = "is missing" if network.topology is None else f"is {quoted(network.topology)}"
        listed = ", ".join(f"`{one}`" for one in topologies[:-1])
        raise Fault((*at, "topology"), f"{what}; it is {listed} or `{topologies[-1]}`")
    for name in ("layer3", "layer2", "localnet"):
        part = getattr(network, name)
        if (part is not None) != ((network.topology or "").lower() == name):
            what = "is missing" if part is None else "is there"
            raise Fault((*at, name), f"{what}, and `topology` is `{network.topology}`")
    if network.layer3 is not None:
        _check_layer3(network.layer3, (*at, "layer3"))
    if network.layer2 is not None:
        _check_layer2(network.layer2, (*at, "layer2"))
    if network.localnet is not None:
        _check_localnet(network.localnet, (*at, "localnet"))


def _check_role(role: str | None, at: Pointer, roles: Sequence[str] = _ROLES) -> None:
    if role not in roles:
        what = "is missing" if role is None else f"is {quoted(role)}"
        raise Fault((*at, "role"), f"{what}; it is {' or '.join(f'`{one}`' for one in roles)}")


def _check_mtu(mtu: int | None, subnets: Sequence[Network], at: Pointer) -> None:
    if mtu is None:
        return
    if not 576 <= mtu <= 65536:
        raise Fault((*at, "mtu"), f"is {mtu}; it is a number of bytes from 576 to 65536")
    if mtu < 1280 and any(one.version == 6 for one in subnets):
        raise Fault((*at, "mtu"), f"is {mtu}; IPv6 needs 1280 bytes at least")


def _check_many(texts: Sequence[str] | None, at: Pointer, most: int) -> None:
    if texts is not None and not 1 <= len(texts) <= most:
        raise Fault(at, f"has {len(texts)} entries; it has 1 to {most}")


def _ranges(texts: Sequence[str] | None, at: Pointer, most: int, *, exact: bool = False) -> list[Network]:
    """The ranges; bits beyond the prefix length are cut off, or refused where they must not be there."""
    _check_many(texts, at, most)
    return [check_cidr(text, (*at, index), stored=not exact) for index, text in enumerate(texts or ())]


def _pair(texts: Sequence[str] | None, at: Pointer) -> list[Network]:
    """One range, or one of each family."""
    found = _ranges(texts, at, 2)
    if len(found) == 2 and found[0].version == found[1].version:
        raise Fault(at, f"has two ranges of IPv{found[0].version}; it has one of each family")
    return found


def _check_join(texts: Sequence[str] | None, role: str | None, at: Pointer) -> list[Network]:
    found = _pair(texts, at)
    if texts is not None and role != "Primary":
        raise Fault(at, "is there; only a primary network has it")
    return found


def _check_layer3(part: Layer3, at: Pointer) -> None:
    _check_role(part.role, at)
    if part.subnets is None:
        raise Fault((*at, "subnets"), "is missing; it is a list of `cidr` and `hostSubnet`")
    if not 1 <= len(part.subnets) <= 400:
        raise Fault((*at, "subnets"), f"has {len(part.subnets)} entries; it has 1 to 400")
    found: list[Network] = []
    for index, one in enumerate(part.subnets):
        here: Pointer = (*at, "subnets", index)
        if one.cidr is None:
            raise Fault((*here, "cidr"), "is missing; it is a range such as 10.9.0.0/16")
        subnet = check_cidr(one.cidr, (*here, "cidr"), stored=True)
        length = one.host_subnet
        if length is not None and not 1 <= length <= 127:
            raise Fault((*here, "hostSubnet"), f"is {length}; it is a prefix length from 1 to 127")
        if length is not None and (length <= subnet.prefixlen or (subnet.version == 4 and length >= 32)):
            raise Fault(
                (*here, "hostSubnet"), f"is {length}; it is longer than the prefix of `cidr` and, of IPv4, under 32"
            )
        for before, other in zip(part.subnets, found, strict=False):
            if _overlap(other, subnet):
                raise Fault((*here, "cidr"), f"is {quoted(one.cidr)}, which overlaps {quoted(other)}")
            if other.version == subnet.version and before.host_subnet != length:
                raise Fault((*here, "hostSubnet"), "is not that of the other range of its family")
        found.append(subnet)
    if part.role == "Secondary":
        if len(found) > 2:
            raise Fault((*at, "subnets"), f"has {len(found)} entries; a secondary network has 2 at most")
        if len(found) == 2 and found[0].version == found[1].version:
            raise Fault((*at, "subnets"), "has two ranges of one family; a secondary network has one of each")
    join = _check_join(part.join_subnets, part.role, (*at, "joinSubnets"))
    _check_mtu(part.mtu, found, at)
    _check_apart(found, join, part.role, at)


def _check_ipam(ipam: IPAM | None, at: Pointer) -> bool:
    """Whether addresses are given."""
    if ipam is None:
        return True
    if ipam.mode is None and ipam.lifecycle is None:
        raise Fault((*at, "ipam"), "is empty; it has `mode` or `lifecycle`", "leave it out for addresses to be given")
    if ipam.mode not in (None, "Enabled", "Disabled"):
        raise Fault((*at, "ipam", "mode"), f"is {quoted(ipam.mode)}; it is `Enabled` or `Disabled`")
    if ipam.lifecycle not in (None, "Persistent"):
        raise Fault((*at, "ipam", "lifecycle"), f"is {quoted(ipam.lifecycle)}; it is `Persistent`, or left out")
    given = ipam.mode != "Disabled"
    if ipam.lifecycle and not given:
        raise Fault((*at, "ipam", "lifecycle"), "is `Persistent`, and `mode` is `Disabled`: there is nothing to keep")
    return given


def _check_subnets(subnets: Sequence[str] | None, given: bool, at: Pointer) -> None:
    if given and subnets is None:
        raise Fault(
            (*at, "subnets"),
            "is missing, and addresses are given",
            "write the ranges, or `ipam: {mode: Disabled}` for a secondary network whose guests bring their addresses",
        )
    if not given and subnets is not None:
        raise Fault((*at, "subnets"), "is there, and `ipam.mode` is `Disabled`")


def _check_layer2(part: Layer2, at: Pointer) -> None:
    _check_role(part.role, at)
    given = _check_ipam(part.ipam, at)
    if not given and part.role != "Secondary":
        raise Fault((*at, "ipam", "mode"), "is `Disabled`; only a secondary network can do without addresses")
    _check_subnets(part.subnets, given, at)
    subnets = _pair(part.subnets, (*at, "subnets"))
    join = _check_join(part.join_subnets, part.role, (*at, "joinSubnets"))
    _check_mtu(part.mtu, subnets, at)
    reserved = _ranges(part.reserved_subnets, (*at, "reservedSubnets"), 25, exact=True)
    infrastructure = _ranges(part.infrastructure_subnets, (*at, "infrastructureSubnets"), 4, exact=True)
    for name, texts, ranges in (
        ("reservedSubnets", part.reserved_subnets, reserved),
        ("infrastructureSubnets", part.infrastructure_subnets, infrastructure),
    ):
        if texts is not None and part.role != "Primary":
            raise Fault((*at, name), "is there; only a primary network has it")
        for index, one in enumerate(ranges):
            if not any(_holds(subnet, one) for subnet in subnets):
                raise Fault((*at, name, index), f"is {quoted(one)}, which is in none of the `subnets`")
    for index, one in enumerate(reserved):
        if any(_overlap(one, other) for other in infrastructure):
            raise Fault((*at, "reservedSubnets", index), f"is {quoted(one)}, which overlaps `infrastructureSubnets`")
    _check_gateways(part, subnets, infrastructure, at)
    _check_apart(subnets, join, part.role, at)


def _check_gateways(part: Layer2, subnets: Sequence[Network], infrastructure: Sequence[Network], at: Pointer) -> None:
    if part.default_gateway_ips is None:
        return
    here: Pointer = (*at, "defaultGatewayIPs")
    if part.role != "Primary":
        raise Fault(here, "is there; only a primary network has a gateway")
    _check_many(part.default_gateway_ips, here, 2)
    addresses = [check_address(text, (*here, index)) for index, text in enumerate(part.default_gateway_ips)]
    if len({address.version for address in addresses}) != len(addresses):
        raise Fault(here, "has two addresses of one family; there is one gateway a family")
    if len(addresses) != len(subnets):
        raise Fault(here, f"has {len(addresses)} addresses for {len(subnets)} subnets; there is one for each")
    for index, address in enumerate(addresses):
        if not any(address.version == subnet.version and address in subnet for subnet in subnets):
            raise Fault((*here, index), f"is {quoted(address)}, which is in none of the `subnets`")
        if infrastructure and not any(address.version == one.version and address in one for one in infrastructure):
            raise Fault((*here, index), f"is {quoted(address)}, which is in none of the `infrastructureSubnets`")


def _check_localnet(part: Localnet, at: Pointer) -> None:
    _check_role(part.role, at, ("Secondary",))
    name = part.physical_network_name
    if not name:
        raise Fault((*at, "physicalNetworkName"), "is missing; it is the name in the nodes' bridge mappings")
    if len(name) > 253 or "," in name or ":" in name:
        raise Fault(
            (*at, "physicalNetworkName"), f"is {quoted(name)}; it has at most 253 characters, no `,` and no `:`"
        )
    given = _check_ipam(part.ipam, at)
    _check_subnets(part.subnets, given, at)
    subnets = _pair(part.subnets, (*at, "subnets"))
    _check_mtu(part.mtu, subnets, at)
    excluded = _ranges(part.exclude_subnets, (*at, "excludeSubnets"), 25)
    if excluded and not subnets:
        raise Fault((*at, "excludeSubnets"), "is there without `subnets`")
    for index, one in enumerate(excluded):
        if not any(_holds(subnet, one) for subnet in subnets):
            raise Fault((*at, "excludeSubnets", index), f"is {quoted(one)}, which is in none of the `subnets`")
    if part.vlan is not None:
        _check_vlan(part.vlan, (*at, "vlan"))


def _check_vlan(vlan: Vlan, at: Pointer) -> None:
    if vlan.mode != "Access":
        what = "is missing" if vlan.mode is None else f"is {quoted(vlan.mode)}"
        raise Fault(
            (*at, "mode"), f"{what}; it is `Access`", "a guest that tags by itself needs a trunk on a Linux bridge"
        )
    if vlan.access is None:
        raise Fault((*at, "access"), "is missing; it has the `id` of the VLAN")
    if vlan.access.id is None or not 1 <= vlan.access.id <= 4094:
        what = "is missing" if vlan.access.id is None else f"is {vlan.access.id}"
        raise Fault((*at, "access", "id"), f"{what}; VLANs are 1 to 4094")


# --- ranges -------------------------------------------------------------------------------------------------------


def _overlap(one: Network, other: Network) -> bool:
    return _holds(one, other) or _holds(other, one)


def _holds(subnet: Network, one: Network) -> bool:
    if subnet.version != one.version or subnet.prefixlen > one.prefixlen:
        return False
    shift = subnet.max_prefixlen - subnet.prefixlen
    return int(one.network_address) >> shift == int(subnet.network_address) >> shift


def _check_apart(subnets: Sequence[Network], join: Sequence[Network], role: str | None, at: Pointer) -> None:
    """No range of pods of a primary network is one by which its routers talk to each other."""
    for subnet in subnets if role == "Primary" else ():
        for one in join or [read_cidr(text)[0] for text in _JOIN]:
            if _overlap(subnet, one):
                whose = "`joinSubnets`" if join else "the join subnet that it has where it names none"
                raise Fault((*at, "subnets"), f"has {quoted(subnet)}, which overlaps {quoted(one)}, {whose}")


# --- transports ---------------------------------------------------------------------------------------------------


def _check_transport(network: NetworkSpec, at: Pointer) -> None:
    transport, primary = network.transport, network.role == "Primary"
    if transport not in (None, "NoOverlay", "EVPN"):
        raise Fault((*at, "transport"), f"is {quoted(transport)}; it is `NoOverlay` or `EVPN`, or left out")
    if transport == "NoOverlay" and not (network.topology == "Layer3" and primary):
        raise Fault((*at, "transport"), "is `NoOverlay`; only primary networks of topology `Layer3` have it")
    if transport == "EVPN" and (network.topology == "Localnet" or not primary):
        raise Fault((*at, "transport"), "is `EVPN`; only primary networks of topology `Layer2` or `Layer3` have it")
    for name, part, word in (("noOverlay", network.no_overlay, "NoOverlay"), ("evpn", network.evpn, "EVPN")):
        if (part is not None) != (transport == word):
            what = "is missing" if part is None else "is there"
            raise Fault((*at, name), f"{what}, and `transport` is {quoted(transport) if transport else 'left out'}")
    if network.no_overlay is not None:
        snat, routing = network.no_overlay.outbound_snat, network.no_overlay.routing
        if snat not in ("Enabled", "Disabled"):
            raise Fault((*at, "noOverlay", "outboundSNAT"), f"is {quoted(snat)}; it is `Enabled` or `Disabled`")
        if routing not in ("Managed", "Unmanaged"):
            raise Fault((*at, "noOverlay", "routing"), f"is {quoted(routing)}; it is `Managed` or `Unmanaged`")
    if network.evpn is not None:
        _check_evpn(network.evpn, network.topology or "", (*at, "evpn"))


def _check_evpn(evpn: EVPN, topology: str, at: Pointer) -> None:
    if not evpn.vtep:
        raise Fault((*at, "vtep"), "is missing; it is the name of a VTEP")
    if topology == "Layer2" and evpn.mac_vrf is None:
        raise Fault((*at, "macVRF"), "is missing; a network of topology `Layer2` has one")
    if topology == "Layer3" and evpn.ip_vrf is None:
        raise Fault((*at, "ipVRF"), "is missing; a network of topology `Layer3` has one")
    if topology == "Layer3" and evpn.mac_vrf is not None:
        raise Fault((*at, "macVRF"), "is there; a network of topology `Layer3` has none")
    for name, vrf in (("macVRF", evpn.mac_vrf), ("ipVRF", evpn.ip_vrf)):
        if vrf is not None:
            _check_vrf(vrf, (*at, name))
    if evpn.mac_vrf is not None and evpn.ip_vrf is not None and evpn.mac_vrf.vni == evpn.ip_vrf.vni:
        raise Fault((*at, "ipVRF", "vni"), f"is {evpn.ip_vrf.vni}, that of `macVRF` too")


def _check_vrf(vrf: VRF, at: Pointer) -> None:
    if vrf.vni is None or not 1 <= vrf.vni <= 16777215:
        what = "is missing" if vrf.vni is None else f"is {vrf.vni}"
        raise Fault((*at, "vni"), f"{what}; it is a number from 1 to 16777215")
    if vrf.route_target is None:
        return
    target: Pointer = (*at, "routeTarget")
    wrong = f"is {quoted(vrf.route_target)}; it is ADMINISTRATOR:NUMBER, of an IPv4 address, an AS number or `*`"
    administrator, colon, number = vrf.route_target.partition(":")
    if not colon or _NUMBER(number) is None or len(vrf.route_target) > 21:
        raise Fault(target, wrong)
    if administrator == "*" or _NUMBER(administrator):
        most = 65535 if administrator != "*" and int(administrator) > 65535 else 4294967295
        if administrator != "*" and int(administrator) > 4294967295:
            raise Fault(target, wrong)
    else:
        _ = check_address(administrator, target)
        most = 65535
    if int(number) > most:
        raise Fault(target, f"is {quoted(vrf.route_target)}; the number behind such an administrator is {most} at most")
