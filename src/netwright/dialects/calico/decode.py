"""Raw documents of Calico -> policies, tiers, sets, host endpoints and profiles, or what would be said against them."""

from __future__ import annotations

from typing import Any, Final

from msgspec.structs import replace

from netwright.dialects.calico import NETWORK_POLICY, objects
from netwright.dialects.calico.validate import check
from netwright.dialects.k8s.decode import Invalid, Reads, decode_as
from netwright.model.document import Decoded, Document

_VERSIONS: Final = ("projectcalico.org/v3", "crd.projectcalico.org/v1")
_TYPES: Final[dict[str, tuple[type[Any], bool]]] = {
    "NetworkPolicy": (objects.NetworkPolicy, True),
    "GlobalNetworkPolicy": (objects.GlobalNetworkPolicy, False),
    "StagedNetworkPolicy": (objects.StagedNetworkPolicy, True),
    "StagedGlobalNetworkPolicy": (objects.StagedGlobalNetworkPolicy, False),
    "StagedKubernetesNetworkPolicy": (objects.StagedKubernetesNetworkPolicy, True),
    "Tier": (objects.Tier, False),
    "NetworkSet": (objects.NetworkSet, True),
    "GlobalNetworkSet": (objects.NetworkSet, False),
    "HostEndpoint": (objects.HostEndpoint, False),
    "Profile": (objects.Profile, False),
    "FelixConfiguration": (objects.FelixConfiguration, False),
}


_READS: Final = {
    (version, kind): Reads.of(version, type_, namespaced=namespaced, check=check)
    for version in _VERSIONS
    for kind, (type_, namespaced) in _TYPES.items()
}


def decode(document: Document) -> Decoded | Invalid:
    """The object, checked as Calico's CRDs and its API server do. Raises KeyError for a kind that is not read."""
    kind = document.kind
    read = _READS.get((document.api_version, kind)) or _READS[_VERSIONS[0], kind]
    found = decode_as(read, document)
    return replace(found, kind=NETWORK_POLICY) if kind == "NetworkPolicy" else found
