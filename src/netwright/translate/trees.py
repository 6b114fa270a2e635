"""Objects as plain values, and back."""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.base.errors import InternalError
from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document

Tree = dict[str, Any]


def plain_value(value: Any) -> Any:
    """A decoded value as plain ones, without what is absent."""
    if isinstance(value, msgspec.Struct):
        fields = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        return {text: plain_value(held) for name, text in fields if (held := getattr(value, name)) is not None}
    if isinstance(value, (list, tuple)):
        return [plain_value(one) for one in value]
    if isinstance(value, dict):
        return {key: "" if held is None else plain_value(held) for key, held in value.items()}
    return value


def decoded(tree: Tree) -> Decoded | Invalid:
    """Plain values as the object that they make, or what is said against them."""
    meta = tree["metadata"]
    return decode(
        Document(
            place=None,
            api_version=tree["apiVersion"],
            kind=tree["kind"],
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            raw=tree,
        )
    )


def read_again(tree: Tree) -> Decoded:
    """An object that was written, read again. Raises InternalError where the API server would refuse it."""
    found = decoded(tree)
    if not isinstance(found, Decoded):
        raise InternalError(
            f"{tree['kind']} `{tree['metadata']['name']}` was written and is not valid: {found.message}"
        )
    return found
