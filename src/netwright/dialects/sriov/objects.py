"""Decoded objects of sriovnetwork.openshift.io, with the API's names: every field is modelled.

Shapes follow the CRDs of sriov-network-operator at 249e20012faf (`config/crd/bases`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.dialects.k8s.objects import Meta


class _Whole(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", forbid_unknown_fields=True):
    """A part of an object of which every field is modelled."""


class TrunkRange(_Whole, frozen=True):
    id: int | None = None
    min_id: int | None = msgspec.field(default=None, name="minID")
    max_id: int | None = msgspec.field(default=None, name="maxID")


class NetworkSpec(_Whole, frozen=True):
    """A network of the three kinds; each has some of the fields. `ipam` and `metaPlugins` are JSON text of CNI;
    `networkNamespace` is where the attachment is made, the object's own where it is left out."""

    resource_name: str | None = None
    network_namespace: str | None = None
    capabilities: str | None = None
    ipam: str | None = None
    meta_plugins: str | None = None
    link_state: str | None = None
    # SriovNetwork
    vlan: int | None = None
    vlan_qos: int | None = msgspec.field(default=None, name="vlanQoS")
    vlan_proto: str | None = None
    spoof_chk: str | None = None
    trust: str | None = None
    min_tx_rate: int | None = None
    max_tx_rate: int | None = None
    log_level: str | None = None
    log_file: str | None = None
    # OVSNetwork
    bridge: str | None = None
    mtu: int | None = None
    interface_type: str | None = None
    trunk: tuple[TrunkRange, ...] | None = None


class SriovNetwork(_Whole, frozen=True):
    """A network whose interfaces are virtual functions of a resource; also an OVSNetwork and a SriovIBNetwork."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: NetworkSpec | None = None
    status: dict[str, Any] | None = None


class NicSelector(_Whole, frozen=True):
    vendor: str | None = None
    device_id: str | None = msgspec.field(default=None, name="deviceID")
    root_devices: tuple[str, ...] | None = None
    pf_names: tuple[str, ...] | None = None
    net_filter: str | None = None


class NodePolicySpec(_Whole, frozen=True):
    """`nodeSelector` is labels that a node must have. `pfNames` are cards, with `#FIRST-LAST` behind it some of their
    functions. `mtu` 0 and left out: that of the card is left as it is. `deviceType` is `netdevice` where it is left
    out."""

    resource_name: str | None = None
    node_selector: dict[str, str] | None = None
    nic_selector: NicSelector | None = None
    num_vfs: int | None = None
    mtu: int | None = None
    priority: int | None = None
    device_type: str | None = None
    e_switch_mode: str | None = None
    link_type: str | None = None
    is_rdma: bool | None = None
    need_vhost_net: bool | None = None
    vdpa_type: str | None = None
    exclude_topology: bool | None = None
    externally_managed: bool | None = None
    bridge: dict[str, Any] | None = None


class SriovNetworkNodePolicy(_Whole, frozen=True):
    """Which cards of which nodes have virtual functions, and of which resource these are."""

    api_version: str = ""
    kind: str = ""
    metadata: Meta = Meta()
    spec: NodePolicySpec | None = None
    status: dict[str, Any] | None = None
