"""CNI configurations: the text in `spec.config` of a NetworkAttachmentDefinition, as a chain of plugins.

Shapes follow the CNI specification 1.1 and the plugins' own sources: `plugins/main/{bridge,macvlan,ipvlan,vlan,ptp,
host-device,tap}` and `plugins/meta/tuning` of containernetworking/plugins 1.7, sriov-cni 2.8, ovs-cni 0.38, whereabouts
0.8, and `go-controller/pkg/cni/types/types.go` of OVN-Kubernetes at 8871cd9cec9c. Plugins may have any other field; the
names of fields are read in any case, as Go does.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, Final

import msgspec

from netwright.dialects.multus.objects import NetworkAttachmentDefinition

OVN: Final = "ovn-k8s-cni-overlay"
"""The type of OVN-Kubernetes' plugin."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of a configuration, of which what concerns the network is modelled."""


class VlanRange(_Part, frozen=True):
    """One VLAN, or those from `minID` to `maxID`."""

    id: int | None = None
    min_id: int | None = msgspec.field(default=None, name="minID")
    max_id: int | None = msgspec.field(default=None, name="maxID")


class IpamRange(_Part, frozen=True):
    """A subnet of host-local (`subnet`), or of whereabouts (`range`: a prefix, or FIRST-LAST/LENGTH)."""

    subnet: str | None = None
    range: str | None = None
    gateway: str | None = None
    range_start: str | None = None
    range_end: str | None = None


class IpamAddress(_Part, frozen=True):
    """An address of the static plugin, with the length of its prefix."""

    address: str | None = None
    gateway: str | None = None


class Ipam(_Part, frozen=True):
    """Who gives addresses: the plugin `type`, nobody where it is empty; and its ranges, each plugin's in its way."""

    type: str | None = None
    subnet: str | None = None
    gateway: str | None = None
    ranges: tuple[tuple[IpamRange, ...], ...] | None = None
    range: str | None = None
    ip_ranges: tuple[IpamRange, ...] | None = None
    exclude: tuple[str, ...] | None = None
    addresses: tuple[IpamAddress, ...] | None = None


class Plugin(_Part, frozen=True):
    """One plugin of a chain: `type` is the program that is called; what else there is depends on it.

    `vlan` is the VLAN of a port of bridge, ovs and sriov (0: none), `vlanId` that of the vlan plugin; `vlanTrunk` and
    `trunk` are the VLANs that a port of bridge and of ovs lets through tagged. `master` is an interface of the node.
    From `role` on, fields are OVN-Kubernetes' own; lists are texts with commas there.
    """

    type: str | None = None
    name: str | None = None
    mtu: int | None = None
    ipam: Ipam | None = None
    # bridge and its kin
    bridge: str | None = None
    vlan: int | None = None
    vlan_id_of_link: int | None = msgspec.field(default=None, name="vlanId")
    vlan_trunk: tuple[VlanRange, ...] | None = None
    trunk: tuple[VlanRange, ...] | None = None
    preserve_default_vlan: bool | None = None
    macspoofchk: bool | None = None
    disable_container_interface: bool | None = None
    port_isolation: bool | None = None
    hairpin_mode: bool | None = None
    promisc_mode: bool | None = None
    is_gateway: bool | None = None
    # macvlan, ipvlan, vlan, sriov
    master: str | None = None
    mode: str | None = None
    link_in_container: bool | None = None
    device: str | None = None
    device_id: str | None = msgspec.field(default=None, name="deviceID")
    spoofchk: str | None = None
    trust: str | None = None
    link_state: str | None = msgspec.field(default=None, name="link_state")
    # OVN-Kubernetes
    role: str | None = None
    topology: str | None = None
    net_attach_def_name: str | None = None
    subnets: str | None = None
    exclude_subnets: str | None = None
    reserved_subnets: str | None = None
    infrastructure_subnets: str | None = None
    join_subnet: str | None = None
    transit_subnet: str | None = None
    default_gateway_ips: str | None = msgspec.field(default=None, name="defaultGatewayIPs")
    vlan_id: int | None = msgspec.field(default=None, name="vlanID")
    allow_persistent_ips: bool | None = msgspec.field(default=None, name="allowPersistentIPs")
    physical_network_name: str | None = None
    transport: str | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A whole configuration: the network's name ("" where none is written) and its plugins, in order, at least one."""

    name: str
    plugins: tuple[Plugin, ...]
    is_list: bool
    """Whether it is a list of plugins, if only of one."""

    @property
    def main(self) -> Plugin:
        """The plugin that makes the interface: the others of a chain change it."""
        return self.plugins[0]


class NotAConfig(ValueError):
    """Why a text is no CNI configuration, in words that follow the name of the field."""


def config_of(attachment: NetworkAttachmentDefinition) -> Config | None:
    """The configuration of an attachment; None where it stands in files on the nodes.

    Raises NotAConfig.
    """
    text = attachment.spec.config if attachment.spec is not None else None
    return read_config(text) if text else None


@lru_cache(maxsize=1 << 12)
def read_config(text: str) -> Config:
    """The configuration that a text is.

    Raises NotAConfig.

    >>> read_config('{"name": "storage", "type": "macvlan", "master": "eth1"}').main.master
    'eth1'
    """
    try:
        tree = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno} of it"
        raise NotAConfig(f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]} ({where})") from None
    except RecursionError:
        raise NotAConfig("is not JSON that can be read: it is nested too deeply") from None
    except ValueError:
        raise NotAConfig("is not JSON that can be read: it has a number that no plugin has") from None
    if not isinstance(tree, dict):
        raise NotAConfig("is JSON, but no object: a CNI configuration is `{...}`")
    whole = _named(tree, _WHOLE)
    name = whole.get("name") or ""
    if not isinstance(name, str):
        raise NotAConfig("has a `name` that is no text")
    if whole.get("plugins") is None:
        return Config(name=name, plugins=(_plugin(tree, ""),), is_list=False)
    plugins = whole["plugins"]
    if not isinstance(plugins, list) or not plugins:
        raise NotAConfig("has `plugins` that are no list of at least one plugin")
    return Config(
        name=name, plugins=tuple(_plugin(one, f"plugins[{index}]") for index, one in enumerate(plugins)), is_list=True
    )


def _no_constant(_: str) -> None:
    """`NaN` and the infinities, which JSON has not."""
    raise ValueError


_WHOLE = {"name": "name", "plugins": "plugins"}
_FIELDS = {field.encode_name.lower(): field.encode_name for field in msgspec.structs.fields(Plugin)}
# two fields whose names differ in nothing but case
_FIELDS["vlanid"] = "vlanID"
_KNOWN: Final = frozenset(
    ("bridge", "cnv-bridge", "ovs", "macvlan", "ipvlan", "vlan", "ptp", "host-device", "tap", "macvtap", "sriov", OVN)
)
"""The plugins whose fields are read; of others only the type, the IPAM and a number as the MTU are."""


def _named(tree: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The fields of an object under their own names; of several that differ in case alone the last counts."""
    return {names[key.lower()]: value for key, value in tree.items() if key.lower() in names}


def _plugin(tree: Any, where: str) -> Plugin:
    at = f" in `{where}`" if where else ""
    if not isinstance(tree, dict):
        raise NotAConfig(f"has `{where}` that is no object")
    fields = _named(tree, _FIELDS)
    kind = fields.get("type")
    if not isinstance(kind, str) or not kind:
        raise NotAConfig(f"has no `type`{at}: the name of the plugin")
    if kind == "vlan" and "vlanID" in fields:
        fields["vlanId"] = fields.pop("vlanID")
    if kind not in _KNOWN:
        kept = {"type": kind, "name": fields.get("name"), "ipam": fields.get("ipam")}
        if kind == "tuning" or type(fields.get("mtu")) is int:
            kept["mtu"] = fields.get("mtu")
        fields = kept
    try:
        return msgspec.convert(fields, Plugin)
    except msgspec.ValidationError as error:
        told, _, path = str(error).partition(" - at ")
        inner = path.strip("`").removeprefix("$.")
        raise NotAConfig(f"has `{inner}`{at}: {told[:1].lower()}{told[1:]}") from None
