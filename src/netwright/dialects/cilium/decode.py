"""Raw documents of cilium.io -> policies and groups of addresses, or what would be said against them."""

from __future__ import annotations

from netwright.dialects.cilium.objects import CiliumCIDRGroup, CiliumConfig, CiliumNetworkPolicy
from netwright.dialects.cilium.validate import check_cidr_group, check_policy
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.model.document import Decoded, Document

_READS = {
    "CiliumNetworkPolicy": Reads.of("cilium.io/v2", CiliumNetworkPolicy, check=check_policy),
    "CiliumClusterwideNetworkPolicy": Reads.of(
        "cilium.io/v2", CiliumNetworkPolicy, namespaced=False, check=check_policy
    ),
    "CiliumCIDRGroup": Reads.of("cilium.io/v2", CiliumCIDRGroup, namespaced=False, check=check_cidr_group),
}
# Versions that are served beside the stored one, in the same shape; an object that is read for its name.
_ALSO = {
    ("v1", "ConfigMap"): Reads.of("v1", CiliumConfig),
    ("cilium.io/v2alpha1", "CiliumCIDRGroup"): Reads.of(
        "cilium.io/v2alpha1", CiliumCIDRGroup, namespaced=False, check=check_cidr_group
    ),
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and Cilium itself do. Raises KeyError for a kind that is not read."""
    kind = document.kind
    return decode_as(_ALSO.get((document.api_version, kind)) or _READS[kind], document)
