"""Raw documents of k8s.cni.cncf.io -> what is read of them, or what would be said against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.multus import GROUP
from netwright.dialects.multus.objects import IPAMClaim, NetworkAttachmentDefinition
from netwright.dialects.multus.validate import check_attachment, check_claim
from netwright.model.document import Decoded, Document

_READS = {
    "NetworkAttachmentDefinition": Reads.of(f"{GROUP}/v1", NetworkAttachmentDefinition, check=check_attachment),
    "IPAMClaim": Reads.of(f"{GROUP}/v1alpha1", IPAMClaim, check=check_claim),
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and the plugins do. Raises KeyError for a kind that is not read."""
    return decode_as(_READS[document.kind], document)
