"""What refuses a ClusterNetworkConnect: the bounds and CEL rules of its CRD.

After `helm/ovn-kubernetes/crds/k8s.ovn.org_clusternetworkconnects.yaml` of OVN-Kubernetes at 8871cd9cec9c. What it must
not overlap is told by other objects, and not here.
"""

from __future__ import annotations

from typing import Final

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.validate import check_meta
from netwright.dialects.k8s.validate_syntax import Fault, Network, check_cidr, check_selector, quoted
from netwright.dialects.ovn.objects import ClusterNetworkConnect, ConnectSubnet, NetworkSelector

CLUSTER_NETWORKS: Final = "ClusterUserDefinedNetworks"
PRIMARY_NETWORKS: Final = "PrimaryUserDefinedNetworks"
CONNECTIVITIES: Final = ("PodNetwork", "ServiceNetwork")
_PARTS: Final = {
    CLUSTER_NETWORKS: "clusterUserDefinedNetworkSelector",
    PRIMARY_NETWORKS: "primaryUserDefinedNetworkSelector",
    "SecondaryUserDefinedNetworks": "secondaryUserDefinedNetworkSelector",
    "NetworkAttachmentDefinitions": "networkAttachmentDefinitionSelector",
}
_MOST_CIDR: Final = 43


def check_connect(kind: str, connect: ClusterNetworkConnect) -> None:
    """Raises `Fault` for the first field that is refused."""
    check_meta(kind, connect.metadata)
    spec = connect.spec
    if spec is None:
        raise Fault(("spec",), "is missing; it says which networks are joined, and for what")
    _check_selectors(spec.network_selectors)
    _check_subnets(spec.connect_subnets)
    at: Pointer = ("spec", "connectivity")
    listed = " or ".join(f"`{one}`" for one in CONNECTIVITIES)
    if not spec.connectivity:
        raise Fault(at, f"is {'missing' if spec.connectivity is None else 'empty'}; it has {listed}, or both")
    for index, word in enumerate(spec.connectivity):
        if word not in CONNECTIVITIES:
            raise Fault((*at, index), f"is {quoted(word)}; it is {listed}")
        if word in spec.connectivity[:index]:
            raise Fault((*at, index), f"is {quoted(word)} again")


def _check_selectors(selectors: tuple[NetworkSelector, ...] | None) -> None:
    at: Pointer = ("spec", "networkSelectors")
    if not selectors:
        raise Fault(at, f"is {'missing' if selectors is None else 'empty'}; it says which networks are joined")
    told = f"`{CLUSTER_NETWORKS}` or `{PRIMARY_NETWORKS}`"
    for index, selector in enumerate(selectors):
        here: Pointer = (*at, index)
        type_ = selector.network_selection_type
        if type_ not in (CLUSTER_NETWORKS, PRIMARY_NETWORKS):
            what = "is missing" if type_ is None else f"is {quoted(type_)}"
            raise Fault((*here, "networkSelectionType"), f"{what}; it is {told}")
        if any(before.network_selection_type == type_ for before in selectors[:index]):
            raise Fault((*here, "networkSelectionType"), f"is {quoted(type_)} again; there is one entry of each type")
        parts = {
            "clusterUserDefinedNetworkSelector": selector.cluster_user_defined_network_selector,
            "primaryUserDefinedNetworkSelector": selector.primary_user_defined_network_selector,
            "secondaryUserDefinedNetworkSelector": selector.secondary_user_defined_network_selector,
            "networkAttachmentDefinitionSelector": selector.network_attachment_definition_selector,
        }
        for word, name in _PARTS.items():
            if (parts[name] is not None) != (type_ == word):
                what = "is missing" if parts[name] is None else "is there"
                raise Fault((*here, name), f"{what}, and `networkSelectionType` is `{type_}`")
        _check_part(selector, here)


def _check_part(selector: NetworkSelector, at: Pointer) -> None:
    name, field = "clusterUserDefinedNetworkSelector", "networkSelector"
    found: LabelSelector | None = None
    if selector.cluster_user_defined_network_selector is not None:
        found = selector.cluster_user_defined_network_selector.network_selector
    elif selector.primary_user_defined_network_selector is not None:
        name, field = "primaryUserDefinedNetworkSelector", "namespaceSelector"
        found = selector.primary_user_defined_network_selector.namespace_selector
    if found is None:
        raise Fault((*at, name, field), "is missing", f"`{field}: {{}}` selects all")
    check_selector(found, (*at, name, field))


def _check_subnets(subnets: tuple[ConnectSubnet, ...] | None) -> None:
    at: Pointer = ("spec", "connectSubnets")
    if subnets is None:
        raise Fault(at, "is missing; it is a range of each family that no network of the cluster uses")
    if not 1 <= len(subnets) <= 2:
        raise Fault(at, f"has {len(subnets)} entries; it has one, or one of each family")
    found: list[tuple[Network, int]] = []
    for index, one in enumerate(subnets):
        here: Pointer = (*at, index)
        if one.cidr is None:
            raise Fault((*here, "cidr"), "is missing; it is a range such as 192.168.0.0/16")
        if len(one.cidr) > _MOST_CIDR:
            raise Fault((*here, "cidr"), f"has {len(one.cidr)} characters; it has {_MOST_CIDR} at most")
        subnet = check_cidr(one.cidr, (*here, "cidr"))
        length = one.network_prefix
        if length is None:
            raise Fault((*here, "networkPrefix"), "is missing; it is the prefix length of each network's part")
        if not 1 <= length <= 127:
            raise Fault((*here, "networkPrefix"), f"is {length}; it is a prefix length from 1 to 127")
        if length <= subnet.prefixlen or (subnet.version == 4 and length >= 32):
            raise Fault(
                (*here, "networkPrefix"), f"is {length}; it is longer than the prefix of `cidr` and, of IPv4, under 32"
            )
        found.append((subnet, length))
    if len(found) == 2:
        (one_, length), (other, more) = found
        if one_.version == other.version:
            raise Fault(at, f"has two ranges of IPv{one_.version}; it has one of each family")
        if one_.max_prefixlen - length != other.max_prefixlen - more:
            raise Fault(at, "has parts of other sizes in the two families; both leave as many bits for hosts")
