"""One package a language: decoded objects to the model's rules, and back.

A language is read when a document of one of its groups turns up; nothing of it is imported before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from netwright.dialects.k8s.decode import Invalid
    from netwright.model.document import Decoded, Document

_OF_GROUP = {
    "cilium.io": "cilium",
    "crd.projectcalico.org": "calico",
    "gateway.networking.k8s.io": "gateway",
    "k8s.cni.cncf.io": "multus",
    "k8s.ovn.org": "ovn",
    "kubevirt.io": "kubevirt",
    "networkaddonsoperator.network.kubevirt.io": "kubemacpool",
    "nmstate.io": "nmstate",
    "pool.kubevirt.io": "kubevirt",
    "policy.networking.k8s.io": "adminpolicy",
    "projectcalico.org": "calico",
    "route.openshift.io": "openshift",
    "sriovnetwork.openshift.io": "sriov",
    "security.istio.io": "istio",
    "networking.istio.io": "istio",
}
"""The package that reads kinds of a group, those that it knows; all others are Kubernetes' own."""


def decode(document: Document) -> Decoded | Invalid:
    """The object as its type, checked as the API server checks it on creation.

    Raises KeyError for a kind that is not read: ask `model.kind_lists.find` first.
    """
    if document.refused is not None:
        refused: Invalid = document.refused
        return refused
    read = _READERS.get(document.api_version)
    if read is None or document.kind == "ConfigMap":
        read = _reader(document)
    return read(document)


_READERS: dict[str, Callable[[Document], Decoded | Invalid]] = {}
"""What reads the objects of an API version, but for ConfigMaps."""


def _reader(document: Document) -> Callable[[Document], Decoded | Invalid]:
    name = _OF_GROUP.get(document.group, "k8s")
    if document.kind == "ConfigMap":
        name = "cilium" if document.name == "cilium-config" else "kubemacpool"
    found: Callable[[Document], Decoded | Invalid] = import_module(f"netwright.dialects.{name}.decode").decode
    if document.kind != "ConfigMap":
        _READERS[document.api_version] = found
    return found
