"""What refuses an object of k8s.cni.cncf.io: the CRD, and what the plugin would say when a pod is to be attached.

After the CRDs at multus-cni 95a0932350f0 and ipamclaims d97058c3d5dd. The API server takes any text as `spec.config`;
one that no plugin could be called with is refused here, since no pod that names it starts. Of OVN-Kubernetes'
configurations: `ValidateNetConf` in `go-controller/pkg/util/multi_network.go` and `pkg/config/cni.go` at 8871cd9cec9c,
as far as one object tells; of the bridge plugin: `loadNetConf` in containernetworking/plugins 1.7.
"""

from __future__ import annotations

from typing import Final

from netwright.base.spans import Pointer
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_policy import check_policy_spec
from netwright.dialects.k8s.validate_syntax import Fault, Network, check_address, quoted, read_cidr
from netwright.dialects.multus.cni import OVN, Config, NotAConfig, Plugin, VlanRange, config_of
from netwright.dialects.multus.objects import IPAMClaim, MultiNetworkPolicy, NetworkAttachmentDefinition

MOST_MTU: Final = 65536
"""The largest MTU that an interface of Linux has (that of loopback)."""
_CONFIG: Pointer = ("spec", "config")
_TOPOLOGIES: Final = ("layer3", "layer2", "localnet")
_TAGGED: Final = ("bridge", "cnv-bridge", "ovs", "sriov")
_OF_LAYER2: Final = {
    "infrastructureSubnets": "infrastructure_subnets",
    "reservedSubnets": "reserved_subnets",
    "defaultGatewayIPs": "default_gateway_ips",
}


def check_attachment(kind: str, attachment: NetworkAttachmentDefinition) -> None:
    """Raises `Fault` for the first field that is refused."""
    meta = attachment.metadata
    check_meta(kind, meta)
    try:
        config = config_of(attachment)
    except NotAConfig as error:
        raise _fault(str(error), "write a CNI configuration: a JSON object with `type`, or with `plugins`") from None
    if config is None:
        return
    for plugin in config.plugins:
        _check_plugin(plugin)
    if config.main.type == OVN:
        _check_ovn(config, config.main, f"{meta.namespace or 'default'}/{meta.name}")


def _fault(what: str, help: str = "") -> Fault:
    return Fault(_CONFIG, what, help)


def _check_plugin(plugin: Plugin) -> None:
    if not 0 <= (plugin.mtu or 0) <= MOST_MTU:
        raise _fault(f"has the `mtu` {quoted(plugin.mtu)}; it is a number of bytes, {MOST_MTU} at most")
    if plugin.type in _TAGGED and not 0 <= (plugin.vlan or 0) <= 4094:
        raise _fault(f"has the `vlan` {quoted(plugin.vlan)}; VLANs are 1 to 4094, 0 is none")
    if plugin.type == "vlan" and not 1 <= (plugin.vlan_id_of_link or 0) <= 4094:
        raise _fault(f"has the `vlanId` {quoted(plugin.vlan_id_of_link or 0)}; VLANs are 1 to 4094")
    for name, ranges in (("vlanTrunk", plugin.vlan_trunk), ("trunk", plugin.trunk)):
        for index, one in enumerate(ranges or ()):
            _check_range(one, f"{name}[{index}]")
    if plugin.type in ("bridge", "cnv-bridge") and plugin.vlan and plugin.vlan_trunk:
        raise _fault("has `vlan` and `vlanTrunk`; the bridge plugin takes one of them")


def _check_range(one: VlanRange, where: str) -> None:
    if (one.min_id is None) != (one.max_id is None):
        raise _fault(f"has one of `minID` and `maxID` in `{where}`; a range has both")
    ids = [value for value in (one.id, one.min_id, one.max_id) if value is not None]
    if any(not 1 <= value <= 4094 for value in ids):
        raise _fault(f"has a VLAN in `{where}` that is not in 1 to 4094")
    if one.min_id is not None and one.max_id is not None and one.max_id < one.min_id:
        raise _fault(f"has `minID` {one.min_id} over `maxID` {one.max_id} in `{where}`")


# --- OVN-Kubernetes -----------------------------------------------------------------------------------------------


def _check_ovn(config: Config, ovn: Plugin, name: str) -> None:
    if len(config.plugins) > 1:
        raise _fault(f"chains plugins behind `{OVN}`; OVN-Kubernetes takes no chain")
    if ovn.ipam is not None and ovn.ipam.type:
        raise _fault(
            f"has the `ipam` {quoted(ovn.ipam.type)}; OVN-Kubernetes gives addresses itself",
            "write `subnets` in place of `ipam`",
        )
    if not ovn.topology:
        return  # another way to the pod network
    called = config.name or ovn.name or ""
    if called in ("default", "ovn-kubernetes"):
        raise _fault(f"has the `name` {quoted(called)}, which OVN-Kubernetes keeps for the pod network")
    if ovn.topology not in _TOPOLOGIES:
        raise _fault(f"has the `topology` {quoted(ovn.topology)}; it is `layer3`, `layer2` or `localnet`")
    if ovn.net_attach_def_name != name:
        told = quoted(ovn.net_attach_def_name) if ovn.net_attach_def_name else "none"
        raise _fault(
            f"has the `netAttachDefName` {told}, and the object is `{name}`; OVN-Kubernetes wants them equal",
            f'write `"netAttachDefName": "{name}"`',
        )
    _check_role(ovn)
    _check_topology(ovn)
    subnets = _subnets(ovn)
    for label, text in (
        ("excludeSubnets", ovn.exclude_subnets),
        ("reservedSubnets", ovn.reserved_subnets),
        ("infrastructureSubnets", ovn.infrastructure_subnets),
    ):
        for one in _ranges(label, text):
            if not any(_holds(subnet, one) for subnet in subnets):
                raise _fault(f"has {quoted(one)} in `{label}`, which is in none of its `subnets`")
    for address in _listed(ovn.default_gateway_ips):
        check_address(address, _CONFIG)
    _ranges("joinSubnet", ovn.join_subnet)


def _check_role(ovn: Plugin) -> None:
    if ovn.role not in (None, "", "primary", "secondary"):
        raise _fault(f"has the `role` {quoted(ovn.role)}; it is `primary` or `secondary`")
    if ovn.role == "primary" and ovn.topology == "localnet":
        raise _fault("has the role `primary` and the topology `localnet`, which is always secondary")
    if ovn.role == "primary" and ovn.topology == "layer2" and not _listed(ovn.subnets):
        raise _fault("has no `subnets`; a primary network of topology `layer2` has them")


def _check_topology(ovn: Plugin) -> None:
    if ovn.allow_persistent_ips and ovn.topology == "layer3":
        raise _fault("has `allowPersistentIPs` and the topology `layer3`, where addresses belong to nodes")
    if ovn.join_subnet and ovn.topology == "localnet":
        raise _fault("has `joinSubnet` and the topology `localnet`, which has no router")
    for label, field in _OF_LAYER2.items():
        if getattr(ovn, field) and ovn.topology != "layer2":
            raise _fault(f"has `{label}` and the topology `{ovn.topology}`; only `layer2` has it")
    if ovn.topology == "layer3" and not _listed(ovn.subnets):
        raise _fault("has no `subnets`; a network of topology `layer3` has them")
    if ovn.vlan_id is not None and not 0 <= ovn.vlan_id <= 4094:
        raise _fault(f"has the `vlanID` {quoted(ovn.vlan_id)}; VLANs are 1 to 4094, 0 is none")


def _listed(text: str | None) -> list[str]:
    """The parts of a text with commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def _subnets(ovn: Plugin) -> list[Network]:
    """The subnets; behind that of layer3 may stand the length of each node's part."""
    if ovn.topology != "layer3":
        return _ranges("subnets", ovn.subnets)
    found: list[Network] = []
    for text in _listed(ovn.subnets):
        address, _, rest = text.partition("/")
        length, slash, of_node = rest.partition("/")
        (subnet,) = _ranges("subnets", f"{address}/{length}")
        if slash and not (of_node.isdigit() and subnet.prefixlen < int(of_node) <= subnet.max_prefixlen):
            raise _fault(f"has {quoted(text)} in `subnets`; the last number is the longer prefix of a node's part")
        found.append(subnet)
    return found


def _ranges(label: str, text: str | None) -> list[Network]:
    found: list[Network] = []
    for part in _listed(text):
        try:
            found.append(read_cidr(part)[0])
        except ValueError as error:
            raise _fault(f"has {error} in `{label}`") from None
    return found


def _holds(subnet: Network, one: Network) -> bool:
    return (
        subnet.version == one.version
        and subnet.prefixlen <= one.prefixlen
        and int(one.network_address) >> (subnet.max_prefixlen - subnet.prefixlen)
        == int(subnet.network_address) >> (subnet.max_prefixlen - subnet.prefixlen)
    )


# --- IPAMClaim ----------------------------------------------------------------------------------------------------


def check_claim(kind: str, claim: IPAMClaim) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, claim.metadata)
    if claim.spec is None:
        return
    for name in ("network", "interface"):
        if getattr(claim.spec, name) is None:
            raise Fault(("spec", name), "is missing; a claim names the network and the interface")
    for index, text in enumerate((claim.status.ips if claim.status else None) or ()):
        try:
            read_cidr(text if "/" in text else f"{text}/{128 if ':' in text else 32}")
        except ValueError:
            raise Fault(("status", "ips", index), f"is {quoted(text)}, not an address such as 10.9.8.7/24") from None


# --- MultiNetworkPolicy -------------------------------------------------------------------------------------------


def check_multi_policy(kind: str, policy: MultiNetworkPolicy) -> None:
    """Raises `Fault` for the first field that is refused: `spec` may be left out, `podSelector` in it may not.

    The CRD lets much through that a NetworkPolicy may not have (any text as a range, a protocol or a port); what reads
    these policies can make no rule of that, so it is refused as there.
    """
    check_meta(kind, policy.metadata)
    if policy.spec is None:
        return
    if policy.spec.pod_selector is None:
        raise Fault(("spec", "podSelector"), "is missing", "`podSelector: {}` selects every pod of the namespace")
    check_policy_spec(policy.spec)
