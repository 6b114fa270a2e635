"""Raw documents of route.openshift.io -> Routes, or what the API server would say against them."""

from __future__ import annotations

from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.dialects.openshift.objects import Route
from netwright.dialects.openshift.validate import check_route
from netwright.model.document import Decoded, Document

_READS = {"Route": Reads.of("route.openshift.io/v1", Route, check=check_route)}


def decode(document: Document) -> Decoded | Invalid:
    """The Route, checked as OpenShift does. Raises KeyError for a kind that is not read."""
    return decode_as(_READS[document.kind], document)
