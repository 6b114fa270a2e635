"""Raw documents of nmstate.io -> what is read of them, or what would be said against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.nmstate import GROUP
from netwright.dialects.nmstate.objects import NodeNetworkConfigurationPolicy, NodeNetworkState
from netwright.dialects.nmstate.validate import check_policy, check_state
from netwright.model.document import Decoded, Document

_READS = {
    "NodeNetworkConfigurationPolicy": Reads.of(
        f"{GROUP}/v1", NodeNetworkConfigurationPolicy, namespaced=False, check=check_policy
    ),
    "NodeNetworkState": Reads.of(f"{GROUP}/v1beta1", NodeNetworkState, namespaced=False, check=check_state),
}
_ALSO = (f"{GROUP}/v1beta1", f"{GROUP}/v1alpha1")
"""Served beside, in the same shape."""


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as its CRD and nmstate do. Raises KeyError for a kind that is not read."""
    read = _READS[document.kind]
    if document.api_version in _ALSO:
        read = Reads(document.api_version, read.value, read.namespaced, read.check)
    return decode_as(read, document)
