"""Fields of `metadata` that the API does not have (meta/v1 ObjectMeta, Kubernetes 1.36).

Decoding passes over what is not read there: who made an object and when is most of what a cluster says of it. So the
names alone are looked at, and only where a person or a program may have written them: a server stores no others.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import CronJob, Meta, Workload
from netwright.dialects.k8s.validate_shape import no_field

FIELDS: Final = (
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "ownerReferences",
    "finalizers",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "managedFields",
    "selfLink",
    "clusterName",  # up to Kubernetes 1.23
    "initializers",  # up to Kubernetes 1.15
)
_KNOWN: Final = frozenset(FIELDS)
_BY_LABELS: Final = frozenset(
    ("Namespace", "Node", "Pod", "VirtualMachine", "VirtualMachineInstance", "VirtualMachineInstanceReplicaSet")
)
_TEMPLATE: Final[Pointer] = ("spec", "template")
_OF_JOBS: Final[Pointer] = ("spec", "jobTemplate", "spec", "template")


_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


def check_fields(kind: str, value: Any, raw: Any, *, namespaced: bool) -> None:
    """Raises `Fault` for the first field of the metadata of a decoded object `value`, or of the pod template in it,
    that the API does not have. `raw` is what it was decoded from, a tree or JSON.

    JSON is looked at again only where no server wrote it and what it is found by, the namespace or the labels, is not
    there: a second pass would cost a tenth of the first.
    """
    above = _OF_JOBS if isinstance(value, CronJob) else _TEMPLATE if isinstance(value, Workload) else None
    meta: Meta = value.metadata
    is_whole = not isinstance(raw, (msgspec.Raw, bytes))
    if not is_whole and meta.uid is not None:
        return
    if is_whole or (namespaced and not meta.namespace) or (kind in _BY_LABELS and not meta.labels):
        _check(_fields(raw, ("metadata",)), ("metadata",))
    if above is not None and (is_whole or not _has_template_labels(value)):
        _check(_fields(raw, (*above, "metadata")), (*above, "metadata"))


def _has_template_labels(value: Workload | CronJob) -> bool:
    if isinstance(value, CronJob):
        job = value.spec.job_template if value.spec else None
        spec = job.spec if job else None
    else:
        spec = value.spec
    meta = spec.template.metadata if spec and spec.template else None
    return bool(meta and meta.labels)


def _fields(raw: Any, pointer: Pointer) -> Collection[Any]:
    """The names of the fields at a place of an object, level by level; none where nothing is there."""
    held = _opened(raw)
    for step in pointer:
        held = _opened(held.get(step)) if held else None
    return held or ()


def _opened(node: Any) -> Any:
    return _OBJECT.decode(node) if isinstance(node, (msgspec.Raw, bytes)) else node


def _check(written: Collection[Any], pointer: Pointer) -> None:
    if _KNOWN.issuperset(written):
        return
    field = str(next(key for key in written if key not in _KNOWN))
    listed = ", ".join(f"`{name}`" for name in FIELDS[:7])
    raise no_field(field, pointer, FIELDS, f"the fields that are written there are {listed}")
