"""Fields of `metadata` that the API does not have (meta/v1 ObjectMeta, Kubernetes 1.36).

Decoding passes over what is not read there: who made an object and when is most of what a cluster says of it. So the
names alone are looked at, and only where a person or a program may have written them: a server stores no others.
"""

from __future__ import annotations

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


class _Named(msgspec.Struct):
    metadata: dict[str, msgspec.Raw] = {}


_DECODER: Final = msgspec.json.Decoder(_Named)


def check_fields(kind: str, value: Any, raw: Any, *, namespaced: bool) -> None:
    """Raises `Fault` for the first field of the metadata of a decoded object `value`, or of the pod template in it,
    that the API does not have. `raw` is what it was decoded from, a tree or JSON.

    JSON is looked at again only where no server wrote it and what its kind is found by, the namespace or the labels, is
    not there: a second pass would cost a tenth of the first.
    """
    if isinstance(raw, (msgspec.Raw, bytes)):
        meta: Meta = value.metadata
        if meta.uid is None and ((namespaced and not meta.namespace) or (kind in _BY_LABELS and not meta.labels)):
            _check(_DECODER.decode(raw).metadata, ("metadata",))
        return
    _check(raw.get("metadata"), ("metadata",))
    if isinstance(value, (Workload, CronJob)):
        above = _OF_JOBS if isinstance(value, CronJob) else _TEMPLATE
        node = raw
        for step in above:
            node = node.get(step)
            if not node:
                return
        _check(node.get("metadata"), (*above, "metadata"))


def _check(written: Any, pointer: Pointer) -> None:
    if not written or _KNOWN.issuperset(written):
        return
    field = str(next(key for key in written if key not in _KNOWN))
    listed = ", ".join(f"`{name}`" for name in FIELDS[:7])
    raise no_field(field, pointer, FIELDS, f"the fields that are written there are {listed}")
