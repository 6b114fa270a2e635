"""ClusterNetworkConnect: what is taken, what of it is kept, what is refused.

The verdicts are those of the CRD of OVN-Kubernetes at 8871cd9cec9c: its bounds and CEL rules, one by one.
"""

from __future__ import annotations

from typing import Any

import pytest

import netwright.dialects
from netwright.base.spans import Place, dotted
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]
TENANT: Tree = {"matchLabels": {"tenant": "a"}}
CLUSTER: Tree = {
    "networkSelectionType": "ClusterUserDefinedNetworks",
    "clusterUserDefinedNetworkSelector": {"networkSelector": TENANT},
}
PRIMARY: Tree = {
    "networkSelectionType": "PrimaryUserDefinedNetworks",
    "primaryUserDefinedNetworkSelector": {"namespaceSelector": {}},
}
FOUR: Tree = {"cidr": "192.168.0.0/16", "networkPrefix": 24}
SIX: Tree = {"cidr": "fd01::/112", "networkPrefix": 120}


def decode(**fields: Any) -> Decoded | Invalid:
    spec = {"networkSelectors": [CLUSTER], "connectSubnets": [FOUR], "connectivity": ["PodNetwork"], **fields}
    spec = {key: value for key, value in spec.items() if value is not None}
    raw = {"apiVersion": "k8s.ovn.org/v1", "kind": "ClusterNetworkConnect", "metadata": {"name": "c"}, "spec": spec}
    return netwright.dialects.decode(
        Document(
            place=Place(file="f"),
            api_version="k8s.ovn.org/v1",
            kind="ClusterNetworkConnect",
            namespace="",
            name="c",
            raw=raw,
        )
    )


def test_what_is_read() -> None:
    found = decode(
        networkSelectors=[CLUSTER, PRIMARY], connectSubnets=[FOUR, SIX], connectivity=["ServiceNetwork", "PodNetwork"]
    )
    assert isinstance(found, Decoded), found
    assert (found.kind, found.namespace, found.name) == ("ClusterNetworkConnect", "", "c")
    spec = found.value.spec
    assert spec.network_selectors[0].cluster_user_defined_network_selector.network_selector.match_labels == {
        "tenant": "a"
    }
    assert spec.network_selectors[1].primary_user_defined_network_selector.namespace_selector.match_labels is None
    assert [(one.cidr, one.network_prefix) for one in spec.connect_subnets] == [
        ("192.168.0.0/16", 24),
        ("fd01::/112", 120),
    ]
    assert spec.connectivity == ("ServiceNetwork", "PodNetwork")


SECONDARY: Tree = {
    "networkSelectionType": "SecondaryUserDefinedNetworks",
    "secondaryUserDefinedNetworkSelector": {"namespaceSelector": {}, "networkSelector": {}},
}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"networkSelectors": None}, "networkSelectors"),
        ({"networkSelectors": []}, "networkSelectors"),
        ({"networkSelectors": [{}]}, "networkSelectors[0].networkSelectionType"),
        ({"networkSelectors": [SECONDARY]}, "networkSelectors[0].networkSelectionType"),
        ({"networkSelectors": [CLUSTER, CLUSTER]}, "networkSelectors[1].networkSelectionType"),
        (
            {"networkSelectors": [{"networkSelectionType": "ClusterUserDefinedNetworks"}]},
            "networkSelectors[0].clusterUserDefinedNetworkSelector",
        ),
        (
            {"networkSelectors": [{**PRIMARY, **CLUSTER}]},
            "networkSelectors[0].primaryUserDefinedNetworkSelector",
        ),
        (
            {"networkSelectors": [{**CLUSTER, "clusterUserDefinedNetworkSelector": {}}]},
            "networkSelectors[0].clusterUserDefinedNetworkSelector.networkSelector",
        ),
        (
            {
                "networkSelectors": [
                    {**PRIMARY, "primaryUserDefinedNetworkSelector": {"namespaceSelector": {"matchLabels": {"/": ""}}}}
                ]
            },
            "networkSelectors[0].primaryUserDefinedNetworkSelector.namespaceSelector.matchLabels",
        ),
        ({"connectSubnets": None}, "connectSubnets"),
        ({"connectSubnets": []}, "connectSubnets"),
        ({"connectSubnets": [FOUR, FOUR]}, "connectSubnets"),
        ({"connectSubnets": [FOUR, SIX, SIX]}, "connectSubnets"),
        ({"connectSubnets": [FOUR, {**SIX, "networkPrefix": 119}]}, "connectSubnets"),
        ({"connectSubnets": [{"networkPrefix": 24}]}, "connectSubnets[0].cidr"),
        ({"connectSubnets": [{**FOUR, "cidr": "192.168.1.0/16"}]}, "connectSubnets[0].cidr"),
        ({"connectSubnets": [{"cidr": "192.168.0.0/16"}]}, "connectSubnets[0].networkPrefix"),
        ({"connectSubnets": [{**FOUR, "networkPrefix": 16}]}, "connectSubnets[0].networkPrefix"),
        ({"connectSubnets": [{**FOUR, "networkPrefix": 32}]}, "connectSubnets[0].networkPrefix"),
        ({"connectSubnets": [{**SIX, "networkPrefix": 128}]}, "connectSubnets[0].networkPrefix"),
        ({"connectivity": None}, "connectivity"),
        ({"connectivity": []}, "connectivity"),
        ({"connectivity": ["ClusterIPServiceNetwork"]}, "connectivity[0]"),
        ({"connectivity": ["PodNetwork", "PodNetwork"]}, "connectivity[1]"),
        ({"connectivityEnabled": ["PodNetwork"]}, "connectivityEnabled"),
    ],
)
def test_what_is_refused(fields: Tree, pointer: str) -> None:
    found = decode(**fields)
    assert isinstance(found, Invalid), found
    assert dotted(found.pointer).removeprefix("spec.") == pointer
