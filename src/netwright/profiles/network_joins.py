"""ClusterNetworkConnects to the pairs of primary networks that they join.

After the page "Connecting User Defined Networks" of OVN-Kubernetes (8ddc65567bcd) and OKEP-5224: a connection holds
both ways and leads no further; networks with overlapping subnets, of other transports than the overlay, or of other
address families are not supported: what becomes of the object then is left open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, permutations

import msgspec

from netwright.base.ipset import IpSet
from netwright.base.spans import Origin
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.ovn import CONNECTS
from netwright.dialects.ovn.objects import ClusterNetworkConnect, ClusterNetworkConnectSpec
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.profiles.networks import described
from netwright.profiles.selected_namespaces import selected_namespaces, selects


class Join(msgspec.Struct, frozen=True, kw_only=True):
    """From one network to another: whether pods meet, and whether clients reach Services. `open` says why it is
    perhaps none, `unsupported` why the documents do not support it, each "" otherwise."""

    first: str
    second: str
    pods: bool
    services: bool
    origin: Origin
    open: str = ""
    unsupported: str = ""


def joins_of(
    objects: Sequence[Decoded],
    networks: Sequence[NetworkNoun],
    ranges: Mapping[str, IpSet | None],
) -> tuple[Join, ...]:
    """All joins of these networks, sure ones and others. `ranges` are the addresses of networks (None: not known)."""
    found: list[Join] = []
    labels = {(d.kind, d.name): d.value.metadata.labels or {} for d in objects if d.kind == "ClusterUserDefinedNetwork"}
    transports = {f"cudn/{d.name}": d.value.network.transport for d in objects if d.kind == "ClusterUserDefinedNetwork"}
    by_ref = {one.ref: one for one in networks}
    for d in objects:
        if d.kind not in CONNECTS:
            continue
        connect: ClusterNetworkConnect = d.value
        spec = connect.spec or ClusterNetworkConnectSpec()
        chosen: dict[str, str] = {}
        for selector in spec.network_selectors or ():
            part = selector.cluster_user_defined_network_selector
            if part is not None:
                for one in networks:
                    if one.kind == "ClusterUserDefinedNetwork" and selects(
                        part.network_selector or LabelSelector(), labels.get((one.kind, one.name), {})
                    ):
                        chosen[one.ref] = ""
            serving = selector.primary_user_defined_network_selector
            if serving is not None:
                surely, perhaps = selected_namespaces(serving.namespace_selector or LabelSelector(), objects)
                for one in networks:
                    if one.kind == "UserDefinedNetwork" and one.namespace in (*surely, *perhaps):
                        chosen[one.ref] = "" if one.namespace in surely else _not_known(d, one.namespace)
        unsupported = _unsupported(d, spec, [by_ref[ref] for ref in sorted(chosen)], ranges, transports)
        left_open = f"what {d.kind} `{d.name}` joins is left open: {unsupported}" if unsupported else ""
        origin = Origin(kind=d.kind, namespace="", name=d.name, pointer=("spec",), place=d.place)
        kinds = spec.connectivity or ()
        found += [
            Join(
                first=one,
                second=other,
                pods="PodNetwork" in kinds,
                services="ServiceNetwork" in kinds,
                origin=origin,
                open=chosen[one] or chosen[other] or left_open,
                unsupported=unsupported,
            )
            for one, other in permutations(sorted(chosen), 2)
        ]
    return tuple(found)


def _not_known(d: Decoded, namespace: str) -> str:
    return f"whether {d.kind} `{d.name}` selects `{namespace}` is not known: its labels are not in the input"


def _unsupported(
    d: Decoded,
    spec: ClusterNetworkConnectSpec,
    networks: Sequence[NetworkNoun],
    ranges: Mapping[str, IpSet | None],
    transports: Mapping[str, str | None],
) -> str:
    """Why OVN-Kubernetes does not support the object; "" where nothing of the input says so."""
    for condition in (d.value.status or {}).get("conditions") or ():
        if isinstance(condition, dict) and (condition.get("type"), condition.get("status")) == ("Accepted", "False"):
            return "its condition `Accepted` is False"
    for one in networks:
        if transports.get(one.ref):
            return f"{described(one)} has the transport {transports[one.ref]}"
    between = IpSet.of(*(one.cidr or "" for one in spec.connect_subnets or ()))
    for one in networks:
        held = ranges.get(one.ref)
        if held is None:
            continue
        if held & between:
            return f"its `connectSubnets` overlap the subnets of {described(one)}"
        if (held.v4 and not between.v4) or (held.v6 and not between.v6):
            return f"its `connectSubnets` have no range of a family that {described(one)} has"
    for one, other in combinations(networks, 2):
        first, second = ranges.get(one.ref), ranges.get(other.ref)
        if first is None or second is None:
            continue
        if first & second:
            return f"the subnets of {described(one)} and {described(other)} overlap"
        if (bool(first.v4), bool(first.v6)) != (bool(second.v4), bool(second.v6)):
            return f"{described(one)} and {described(other)} have other address families"
    return ""
