"""Raw documents of sriovnetwork.openshift.io -> what is read of them, or what would be said against them.

Bounds are those of the CRDs of sriov-network-operator at 249e20012faf.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, quoted
from netwright.dialects.sriov import GROUP, NETWORKS, POLICY
from netwright.dialects.sriov.objects import NetworkSpec, NodePolicySpec, SriovNetwork, SriovNetworkNodePolicy
from netwright.model.document import Decoded, Document

_COMMON: Final = frozenset(("resource_name", "network_namespace", "capabilities", "ipam", "meta_plugins"))
_OF_KIND: Final = {
    "SriovNetwork": _COMMON
    | {"link_state", "vlan", "vlan_qos", "vlan_proto", "spoof_chk", "trust", "min_tx_rate", "max_tx_rate"}
    | {"log_level", "log_file"},
    "OVSNetwork": _COMMON | {"bridge", "mtu", "interface_type", "trunk", "vlan"},
    "SriovIBNetwork": _COMMON | {"link_state"},
}
_WORDS: Final = {
    "link_state": ("auto", "enable", "disable"),
    "spoof_chk": ("on", "off"),
    "trust": ("on", "off"),
    "vlan_proto": ("802.1q", "802.1Q", "802.1ad", "802.1AD"),
}


def _field(name: str, of: type[NetworkSpec] | type[NodePolicySpec]) -> str:
    return of.__struct_encode_fields__[of.__struct_fields__.index(name)]


def check_network(kind: str, network: SriovNetwork) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, network.metadata)
    spec = network.spec
    if spec is None:
        return
    if not spec.resource_name:
        raise Fault(("spec", "resourceName"), "is missing; it names the virtual functions")
    for name in NetworkSpec.__struct_fields__:
        if getattr(spec, name) is not None and name not in _OF_KIND[kind]:
            raise Fault(("spec", _field(name, NetworkSpec)), f"is no field of {kind}")
    for name, words in _WORDS.items():
        _one_of(getattr(spec, name), words, _field(name, NetworkSpec))
    most = 4094 if kind == "SriovNetwork" else 4095
    if spec.vlan is not None and not 0 <= spec.vlan <= most:
        raise Fault(("spec", "vlan"), f"is {spec.vlan}; VLANs are 1 to {most}, 0 is none")
    if spec.vlan_qos is not None and not 0 <= spec.vlan_qos <= 7:
        raise Fault(("spec", "vlanQoS"), f"is {spec.vlan_qos}; it is 0 to 7")
    for index, one in enumerate(spec.trunk or ()):
        for name, value in (("id", one.id), ("minID", one.min_id), ("maxID", one.max_id)):
            if value is not None and not 0 <= value <= 4095:
                raise Fault(("spec", "trunk", index, name), f"is {value}; VLANs are 0 to 4095")
    if spec.ipam:
        try:
            held = json.loads(spec.ipam)
        except (ValueError, RecursionError):
            raise Fault(("spec", "ipam"), "is no JSON", "write a CNI IPAM configuration: `{...}`") from None
        if not isinstance(held, dict):
            raise Fault(("spec", "ipam"), "is JSON, but no object")


def _one_of(value: str | None, words: Sequence[str], name: str) -> None:
    if value is not None and value not in words:
        listed = ", ".join(f"`{word}`" for word in words[:-1])
        raise Fault(("spec", name), f"is {quoted(value)}; it is {listed} or `{words[-1]}`")


def check_policy(kind: str, policy: SriovNetworkNodePolicy) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, policy.metadata)
    spec = policy.spec
    if spec is None:
        return
    for name in ("resource_name", "node_selector", "nic_selector", "num_vfs"):
        if getattr(spec, name) is None:
            raise Fault(("spec", _field(name, NodePolicySpec)), "is missing")
    for name, low, high in (("num_vfs", 0, 1 << 31), ("mtu", 0, 65536), ("priority", 0, 99)):
        value = getattr(spec, name)
        if value is not None and not low <= value <= high:
            raise Fault(("spec", _field(name, NodePolicySpec)), f"is {value}; it is {low} to {high}")
    _one_of(spec.device_type, ("netdevice", "vfio-pci"), "deviceType")
    _one_of(spec.link_type, ("eth", "ETH", "ib", "IB"), "linkType")
    _one_of(spec.e_switch_mode, ("legacy", "switchdev"), "eSwitchMode")
    _one_of(spec.vdpa_type, ("virtio", "vhost"), "vdpaType")


_READS = {
    **{kind: Reads.of(f"{GROUP}/v1", SriovNetwork, check=check_network) for kind in NETWORKS},
    POLICY: Reads.of(f"{GROUP}/v1", SriovNetworkNodePolicy, check=check_policy),
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD does. Raises KeyError for a kind that is not read."""
    return decode_as(_READS[document.kind], document)
