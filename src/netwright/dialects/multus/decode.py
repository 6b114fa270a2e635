"""Raw documents of k8s.cni.cncf.io -> what is read of them, or what would be said against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.multus import GROUP, POLICY
from netwright.dialects.multus.objects import IPAMClaim, MultiNetworkPolicy, NetworkAttachmentDefinition
from netwright.dialects.multus.validate import check_attachment, check_claim, check_multi_policy
from netwright.model.document import Decoded, Document

_READS = {
    "NetworkAttachmentDefinition": Reads.of(f"{GROUP}/v1", NetworkAttachmentDefinition, check=check_attachment),
    "IPAMClaim": Reads.of(f"{GROUP}/v1alpha1", IPAMClaim, check=check_claim),
    POLICY: Reads.of(f"{GROUP}/v1beta1", MultiNetworkPolicy, check=check_multi_policy),
}
_OF_V1BETA2 = Reads.of(f"{GROUP}/v1beta2", MultiNetworkPolicy, check=check_multi_policy)
"""The same: `endPort` is what it was made for, and those who enforce the policies read it of both."""


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and the plugins do. Raises KeyError for a kind that is not read."""
    read = _READS[document.kind]
    if document.kind == POLICY and document.api_version == _OF_V1BETA2.version:
        read = _OF_V1BETA2
    return decode_as(read, document)
