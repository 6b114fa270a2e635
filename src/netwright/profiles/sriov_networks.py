"""Networks on virtual functions, of which the SR-IOV network operator makes the attachments.

After `bindata/manifests/cni-config` and `api/v1/helper.go` of sriov-network-operator at 249e20012faf: the attachment
has the name of the object, and stands in `networkNamespace`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from netwright.base.spans import Origin
from netwright.dialects.multus.cni import Ipam
from netwright.dialects.sriov import NETWORKS
from netwright.dialects.sriov.objects import NetworkSpec
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.profiles.ipam import ranges

_TYPE: Final = {"SriovNetwork": "sriov", "OVSNetwork": "ovs", "SriovIBNetwork": "ib-sriov"}


def made_by_operator(objects: Sequence[Decoded]) -> Iterator[NetworkNoun]:
    """The networks of SriovNetworks and their kin."""
    for d in objects:
        if d.kind not in NETWORKS:
            continue
        spec: NetworkSpec = d.value.spec or NetworkSpec()
        namespace = spec.network_namespace or d.namespace
        ipam = _ipam(spec.ipam)
        own = d.kind == "OVSNetwork"
        yield NetworkNoun(
            ref=f"nad/{namespace}/{d.name}",
            kind=d.kind,
            namespace=d.namespace,
            name=d.name,
            called=d.name,
            topology=_TYPE[d.kind],
            role="secondary",
            subnets=ranges(ipam),
            excluded=tuple(ipam.exclude or ()),
            vlan=spec.vlan or 0,
            trunk=_trunk(spec),
            mtu_bytes=spec.mtu or None,
            mtu_why="" if spec.mtu else "not written: that of the device",
            ipam=ipam.type or "none",
            physical=(spec.bridge if own else None) or spec.resource_name or "",
            filters_mac=None if own else {"on": True, "off": False}.get(spec.spoof_chk or ""),
            namespaces=(namespace,),
            attachments=(f"{namespace}/{d.name}",),
            origin=Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=("spec",), place=d.place),
        )


def _ipam(text: str | None) -> Ipam:
    try:
        return msgspec.convert(json.loads(text), Ipam) if text else Ipam()
    except (ValueError, msgspec.ValidationError):
        return Ipam()


def _trunk(spec: NetworkSpec) -> tuple[tuple[int, int], ...]:
    found = set()
    for one in spec.trunk or ():
        if one.id is not None:
            found.add((one.id, one.id))
        if one.min_id is not None and one.max_id is not None:
            found.add((one.min_id, one.max_id))
    return tuple(sorted(found))
