"""Kinds on which verdicts hang beyond what they say by themselves: sets that rules name, labels, settings, backends,
what others than the CNI enforce.

Where one is not read, its objects could be what a rule means: an absent set is not an empty one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.base.spans import named
from netwright.model.document import Document, UnknownPolicy, Unread

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
        for kind in ("GlobalNetworkSet", "Tier", "Profile", "FelixConfiguration", "HostEndpoint")
    },
    # The namespaces that a policy of Kubernetes selects mean their sets under Calico, too.
    **{(group, "NetworkSet"): (*_CALICO, "networking.k8s.io", "policy.networking.k8s.io") for group in _CALICO},
    ("kubevirt.io", "VirtualMachine"): ("",),
    ("kubevirt.io", "VirtualMachineInstance"): ("",),
    # One of a mesh, or of a network, could lift what others of the kind say, and acts where the CNI exempts.
    **{("security.istio.io", kind): ("",) for kind in ("AuthorizationPolicy", "PeerAuthentication")},
    ("security.istio.io", "RequestAuthentication"): ("security.istio.io",),
    ("networking.istio.io", "DestinationRule"): ("security.istio.io",),
    **{("k8s.ovn.org", kind): ("",) for kind in ("UserDefinedNetwork", "ClusterUserDefinedNetwork")},
    ("k8s.ovn.org", "ClusterNetworkConnect"): ("k8s.ovn.org", "k8s.cni.cncf.io"),
}
"""A kind, and the groups of the objects that lean on it."""
_NEAR = frozenset(
    (
        "AuthorizationPolicy",
        "PeerAuthentication",
        "RequestAuthentication",
        "UserDefinedNetwork",
        "Service",
        "VirtualMachine",
        "VirtualMachineInstance",
    )
)
"""Those that decide, where no other namespace names them, about their own namespace only."""
_MAKING: dict[str, str] = {
    "": "Pod ReplicationController",
    "apps": "Deployment StatefulSet DaemonSet ReplicaSet",
    "batch": "Job CronJob",
    "discovery.k8s.io": "EndpointSlice",
    "kubevirt.io": "VirtualMachine VirtualMachineInstance VirtualMachineInstanceReplicaSet",
    "pool.kubevirt.io": "VirtualMachinePool",
}
"""Kinds that Services lead to, by group."""
_LAUNCHER, _MESH = b"virt-launcher", b"istio"
MESH_ROOT = "istio-system"
"""Where Istio's policies act in every namespace."""
_MESH_WIDE = (MESH_ROOT, "kuma-system", "consul")


def is_leaned_on(group: str, kind: str) -> bool:
    """Whether verdicts can hang on objects of a kind that is no policy.

    >>> is_leaned_on("cilium.io", "CiliumCIDRGroup"), is_leaned_on("apps", "Deployment")
    (True, False)
    """
    return (group, kind) in _LEANING


def brings_backends(unread: Unread, reason: str, documents: Iterable[Document]) -> Iterator[UnknownPolicy]:
    """What was not read and a Service could lead to, which is in the Service's own namespace."""
    kinds = [kind for group, kinds in _MAKING.items() if unread.group in (None, group) for kind in kinds.split()]
    found = [kind for kind in kinds if kind in unread.kinds] if unread.kinds else [""] if kinds else []
    where = unread.within(d.namespace or "default" for d in documents)
    slices = "EndpointSlice"
    # A Service that selects pods leads to these, one that does not to its slices.
    for kind in dict.fromkeys(slices if one == slices else found[0] for one in sorted(found, key=slices.__eq__)):
        if where is not None:
            yield UnknownPolicy(kind=kind, namespaces=where, hosts=False, effect="none", reason=reason)


def perhaps_pods(document: Document) -> UnknownPolicy:
    """What a controller may make pods of, of which the input says nothing."""
    return UnknownPolicy(
        kind=document.kind,
        namespaces=(document.namespace,) if document.namespace else (),
        hosts=False,
        effect="none",
        reason=f"{document.kind} `{named(document.namespace, document.name)}` may bring pods and is not evaluated",
        instead=True,
    )


def leaning(unread: Unread, kind: str, documents: Iterable[Document]) -> tuple[str, ...] | None:
    """Where verdicts hang on what was not read of a kind: namespaces, () for anywhere; None where none does."""
    documents = list(documents)
    found: set[str] = set()
    for group in _groups(unread, kind):
        where = _leaning(unread, group, kind, documents)
        if where == ():
            return ()
        found.update(where or ())
    return tuple(sorted(found)) or None


def _groups(unread: Unread, kind: str) -> list[str]:
    """The groups of which the kind may be: a text that is broken says none."""
    return [group for group, name in _LEANING if name == kind and unread.group in (None, group)]


def _leaning(unread: Unread, group: str, kind: str, documents: list[Document]) -> tuple[str, ...] | None:
    if group == "kubevirt.io":
        present = {d.namespace for d in documents if d.kind == "Pod" and _tells_of(d, _LAUNCHER)}
        within = present.intersection(unread.namespaces) if unread.namespaces else present
        return tuple(sorted(within.difference(unread.besides))) or None
    leans = any(d.group in _LEANING[group, kind] for d in documents)
    if not leans and not (kind == "Namespace" and any(_tells_of(d, _MESH) for d in documents)):
        return None
    if unread.besides:
        is_wide = group in _ISTIO and MESH_ROOT not in unread.besides
        return () if is_wide else unread.within(d.namespace or "default" for d in documents)
    is_near = kind in _NEAR and MESH_ROOT not in unread.namespaces and not _is_named(kind, documents)
    return unread.namespaces if is_near else ()


def _is_named(kind: str, documents: list[Document]) -> bool:
    """Whether policies of other namespaces can name objects of the kind."""
    return kind == "Service" and any(d.group in _NAMING_SERVICES for d in documents)


def _tells_of(document: Document, word: bytes) -> bool:
    return not isinstance(document.raw, bytes) or word in document.raw


def is_wide(document: Document) -> bool:
    """Whether a namespaced object of a mesh acts beyond its namespace: in the mesh's root namespace, or of a kind that
    names its subjects anywhere."""
    of_istio = document.group.endswith("istio.io")
    return (of_istio and document.namespace in _MESH_WIDE) or is_anywhere(document.group)


def is_anywhere(group: str) -> bool:
    """Whether a group is of a mesh whose objects name their subjects in any namespace."""
    return group.endswith(("kuma.io", "consul.hashicorp.com"))
