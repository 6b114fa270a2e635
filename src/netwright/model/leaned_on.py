"""Kinds that are no policies and that verdicts hang on all the same: sets that rules name, labels, settings, backends.

Where one may not be listed, its objects could be what a rule means: an absent set is not an empty one.
"""

from __future__ import annotations

from collections.abc import Iterable

from netwright.model.document import Document, Unread

_CALICO = ("crd.projectcalico.org", "projectcalico.org")
_ISTIO = ("security.istio.io", "networking.istio.io")
_NAMING_SERVICES = ("cilium.io", *_CALICO)
_LEANING: dict[tuple[str, str], tuple[str, ...]] = {
    # Whether a namespace is in the mesh, or has a primary network, is a label of it; other labels are unknown anyway.
    ("", "Namespace"): (*_ISTIO, "k8s.ovn.org"),
    ("", "Service"): (*_NAMING_SERVICES, *_ISTIO),
    ("discovery.k8s.io", "EndpointSlice"): ("", *_NAMING_SERVICES),
    ("", "Pod"): ("",),
    ("cilium.io", "CiliumCIDRGroup"): ("cilium.io",),
    **{
        (group, kind): _CALICO
        for group in _CALICO
        for kind in ("GlobalNetworkSet", "Tier", "Profile", "FelixConfiguration")
    },
    # The namespaces of a NetworkPolicy of Kubernetes select sets under Calico, too.
    **{(group, "NetworkSet"): (*_CALICO, "networking.k8s.io") for group in _CALICO},
    ("kubevirt.io", "VirtualMachine"): ("",),
    ("kubevirt.io", "VirtualMachineInstance"): ("",),
}
"""A kind, and the groups of the objects that lean on it."""
_LAUNCHER, _MESH = b"virt-launcher", b"istio"


def is_leaned_on(group: str, kind: str) -> bool:
    """Whether verdicts can hang on objects of a kind that is no policy.

    >>> is_leaned_on("cilium.io", "CiliumCIDRGroup"), is_leaned_on("apps", "Deployment")
    (True, False)
    """
    return (group, kind) in _LEANING


def leaning(unread: Unread, kind: str, documents: Iterable[Document]) -> tuple[str, ...] | None:
    """Where verdicts hang on what was not read of a kind: namespaces, () for anywhere; None where none does."""
    groups = _LEANING.get((unread.group or "", kind))
    if unread.group is None or groups is None:
        return None
    documents = list(documents)
    if unread.group == "kubevirt.io":
        present = {d.namespace for d in documents if d.kind == "Pod" and _tells_of(d, _LAUNCHER)}
        return tuple(sorted(present.difference(unread.besides))) or None
    leans = any(d.group in groups for d in documents)
    if not leans and not (kind == "Namespace" and any(_tells_of(d, _MESH) for d in documents)):
        return None
    return unread.within(d.namespace or "default" for d in documents)


def _tells_of(document: Document, word: bytes) -> bool:
    return not isinstance(document.raw, bytes) or word in document.raw
