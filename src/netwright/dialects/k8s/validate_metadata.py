"""Fields of `metadata` that the API does not have (meta/v1 ObjectMeta, Kubernetes 1.36).

Decoding passes over what is not read there: who made an object and when is most of what a cluster says of it. So the
names alone are looked at, and only in what a person or a program may have written: a server stores no others.
"""

from __future__ import annotations

from typing import Any, Final

from netwright.dialects.k8s.objects import META_FIELDS, META_WRITTEN
from netwright.dialects.k8s.validate_shape import no_field

_KNOWN: Final = frozenset(META_FIELDS)


def check_fields(raw: Any) -> None:
    """Raises `Fault` for the first field of the metadata of an object that the API does not have.

    `raw` is what was decoded: JSON that holds such a field is a tree here, as who reads texts finds it with the name.
    """
    written = raw.get("metadata") if isinstance(raw, dict) else None
    if not written or _KNOWN.issuperset(written):
        return
    field = str(next(key for key in written if key not in _KNOWN))
    listed = ", ".join(f"`{name}`" for name in META_WRITTEN)
    raise no_field(field, ("metadata",), META_FIELDS, f"the fields that are written there are {listed}")
