"""Who is in the mesh, and what carries the connections there: a sidecar, ztunnel (ambient), or nothing.

After Istio 1.28: the pages "Installing the Sidecar" and "Add workloads to the mesh" of istio.io, `pkg/kube/inject`, the
selectors of the webhook (`manifests/charts/istio-control`), `cni/pkg/util/podutil.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import msgspec

from netwright.dialects.k8s.objects import CronJob, Namespace, Pod, Workload
from netwright.model.document import Decoded, of_kinds
from netwright.spec.ends import is_read, template
from netwright.spec.labels import plain
from netwright.spec.machines import MACHINES

Plane = Literal["sidecar", "gateway", "ambient", "none"]
Way = Literal["", "sidecar", "ambient", "none"]

INJECT = "sidecar.istio.io/inject"
STATUS = "sidecar.istio.io/status"
TEMPLATES = "inject.istio.io/templates"
MANAGED = "gateway.istio.io/managed"
INJECTION = "istio-injection"
REVISION = "istio.io/rev"
MODE = "istio.io/dataplane-mode"
REDIRECTION = "ambient.istio.io/redirection"
PROXY = "istio-proxy"

NEVER_INJECTED = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
POLICIES = ("AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication")


class MeshOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the mesh is set up. `mesh` is how a workload is in it of which nothing in the input tells; "": not said."""

    mesh: Way = ""
    root_namespace: str = "istio-system"
    trust_domain: str = "cluster.local"


MESH_DEFAULTS = MeshOptions()


def is_meshed(objects: Sequence[Decoded], options: MeshOptions) -> bool:
    """Whether there is a mesh to ask: the option says so, or there is a policy of one, or a namespace of ztunnel's."""
    if options.mesh:
        return options.mesh != "none"
    return bool(of_kinds(objects, *POLICIES)) or any(map(_is_captured, of_kinds(objects, "Namespace")))


def _is_captured(thing: Decoded) -> bool:
    return isinstance(thing.value, Namespace) and plain(thing.value.metadata.labels).get(MODE) == "ambient"


def planes(objects: Sequence[Decoded], thing: Decoded, options: MeshOptions) -> frozenset[Plane]:
    """What may carry the workload's connections; more than one where the input does not tell."""
    return _planes(tuple(objects), thing, options)


@lru_cache(maxsize=4096)
def _planes(objects: tuple[Decoded, ...], thing: Decoded, options: MeshOptions) -> frozenset[Plane]:
    if not isinstance(thing.value, (Pod, Workload, CronJob, *MACHINES)):
        return frozenset(("none",))
    meta, spec = template(thing)
    if spec.host_network:
        return frozenset(("none",))
    labels, notes = plain(meta.labels), plain(meta.annotations)
    space = _labels(objects, thing.namespace)
    if MANAGED in labels or (spec.containers and all(one.name == PROXY for one in spec.containers)):
        return frozenset(("gateway",))
    containers = (*(spec.containers or ()), *(spec.init_containers or ()))
    if STATUS in notes or any(one.name == PROXY for one in containers):
        return frozenset(("gateway" if _is_gateway(notes) else "sidecar",))
    if notes.get(REDIRECTION) == "enabled":
        return frozenset(("ambient",))
    is_live = isinstance(thing.value, Pod) and bool(meta.uid)
    injected = None if is_live else _injected(thing.namespace, labels, notes, space)
    if injected:
        return frozenset(("gateway" if _is_gateway(notes) else "sidecar",))
    captured = _captured(thing.namespace, labels, space, options)
    if captured:
        return frozenset(("ambient",))
    if injected is False or captured is False:
        return frozenset(("none",))
    if options.mesh == "sidecar" and (is_live or thing.namespace in NEVER_INJECTED):
        return frozenset(("none",))
    proxy: Plane = "gateway" if _is_gateway(notes) else "sidecar"
    if options.mesh:
        return frozenset((proxy if options.mesh == "sidecar" else "ambient",))
    if is_live or thing.namespace in NEVER_INJECTED or (is_read(objects, thing.namespace) and _has_sign(objects)):
        return frozenset(("none",))
    return frozenset((proxy, "none"))


def _is_gateway(notes: Mapping[str, str]) -> bool:
    return any(one.strip() in ("gateway", "waypoint") for one in notes.get(TEMPLATES, "").split(","))


def _injected(
    namespace: str, labels: Mapping[str, str], notes: Mapping[str, str], space: Mapping[str, str]
) -> bool | None:
    """Whether the webhook adds a sidecar; None where nothing says."""
    if namespace in NEVER_INJECTED:
        return None
    if _is_refused(labels, notes):
        return False
    if INJECTION in space:
        return space[INJECTION] == "enabled"
    if REVISION in space or REVISION in labels:
        return True
    return True if labels.get(INJECT) == "true" else None  # nothing else makes the webhook be called here


def _is_refused(labels: Mapping[str, str], notes: Mapping[str, str]) -> bool:
    said = labels.get(INJECT, notes.get(INJECT, "")).lower()
    return bool(said) and said not in ("y", "yes", "true", "on")


def _captured(namespace: str, labels: Mapping[str, str], space: Mapping[str, str], options: MeshOptions) -> bool | None:
    """Whether ztunnel is put before the pod; None where nothing says."""
    if namespace == "kube-system" or (namespace == options.root_namespace and labels.get("app") == "ztunnel"):
        return False
    if MODE in labels:
        return labels[MODE] == "ambient"
    return True if space.get(MODE) == "ambient" else None


@lru_cache(maxsize=4096)
def _labels(objects: tuple[Decoded, ...], name: str) -> dict[str, str]:
    for one in objects:
        if isinstance(one.value, Namespace) and one.name == name:
            return plain(one.value.metadata.labels)
    return {}


@lru_cache(maxsize=64)
def _has_sign(objects: tuple[Decoded, ...]) -> bool:
    """Whether anything in the input says of any workload or namespace whether it is in the mesh."""
    for one in objects:
        if isinstance(one.value, Namespace):
            if {INJECTION, REVISION, MODE} & plain(one.value.metadata.labels).keys():
                return True
        elif isinstance(one.value, (Pod, Workload, CronJob, *MACHINES)):
            meta, spec = template(one)
            containers = (*(spec.containers or ()), *(spec.init_containers or ()))
            labels, notes = plain(meta.labels), plain(meta.annotations)
            if {REVISION, MODE, MANAGED} & labels.keys() or {STATUS, REDIRECTION} & notes.keys():
                return True
            # only one text of the label makes the webhook be called; what forbids it is told in any words
            if labels.get(INJECT) == "true" or _is_refused(labels, notes):
                return True
            if any(container.name == PROXY for container in containers):
                return True
    return False
