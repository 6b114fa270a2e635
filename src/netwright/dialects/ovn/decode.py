"""Raw documents of k8s.ovn.org -> what is read of them, or what would be said against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.ovn.objects import (
    ClusterNetworkConnect,
    ClusterUserDefinedNetwork,
    EgressFirewall,
    EgressIP,
    EgressQoS,
    UserDefinedNetwork,
)
from netwright.dialects.ovn.validate import check_egress_firewall, check_egress_ip, check_egress_qos
from netwright.dialects.ovn.validate_connects import check_connect
from netwright.dialects.ovn.validate_networks import check_cluster_network, check_network
from netwright.model.document import Decoded, Document

_READS = {
    "ClusterNetworkConnect": Reads.of("k8s.ovn.org/v1", ClusterNetworkConnect, namespaced=False, check=check_connect),
    "ClusterUserDefinedNetwork": Reads.of(
        "k8s.ovn.org/v1", ClusterUserDefinedNetwork, namespaced=False, check=check_cluster_network
    ),
    "EgressFirewall": Reads.of("k8s.ovn.org/v1", EgressFirewall, check=check_egress_firewall),
    "EgressIP": Reads.of("k8s.ovn.org/v1", EgressIP, namespaced=False, check=check_egress_ip),
    "EgressQoS": Reads.of("k8s.ovn.org/v1", EgressQoS, check=check_egress_qos),
    "UserDefinedNetwork": Reads.of("k8s.ovn.org/v1", UserDefinedNetwork, check=check_network),
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and OVN-Kubernetes do. Raises KeyError for a kind that is not read."""
    return decode_as(_READS[document.kind], document)
