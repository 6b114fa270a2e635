"""What a check yields: a code, a place and words; severity, position, owner and fingerprint are added to it later."""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.base.spans import Origin
from netwright.model.document import Decoded
from netwright.questions.registry import Asked


class Seen(msgspec.Struct, frozen=True):
    """A place that tells why, and what is to be seen there."""

    origin: Origin
    label: str = ""


class Found(msgspec.Struct, frozen=True):
    """A finding as a check words it.

    `key` tells it from others of its code in the same object: what stays the same when lines and indexes move (the
    port, the label, the range), "" where an object can have only one.
    """

    code: str
    origin: Origin
    title: str
    label: str = ""
    effect: str = ""
    help: str = ""
    key: str = ""
    workloads: tuple[str, ...] = ()
    also: tuple[Seen, ...] = ()


def at(decoded: Decoded, *pointer: str | int) -> Origin:
    """The place of a field of an object; the object's own where no field is named."""
    return Origin(
        kind=decoded.kind, namespace=decoded.namespace, name=decoded.name, pointer=pointer, place=decoded.place
    )


def field(origin: Origin, *pointer: str | int) -> Origin:
    """The place of a field of the object that an origin names."""
    return msgspec.structs.replace(origin, pointer=pointer)


def marked(twin: Asked, origin: Origin, label: str) -> dict[str, Any]:
    """The fields of a `Mark`: where an origin stands, and what is to be seen there."""
    position = twin.locate(origin)
    return {
        "kind": origin.kind,
        "namespace": origin.namespace,
        "name": origin.name,
        "path": origin.path,
        "label": label,
        **({"file": position.file, "line": position.line, "column": position.column} if position else {}),
    }


def listed(names: tuple[str, ...] | list[str], most: int = 3) -> str:
    """Names for a sentence: `a`, `b` and 4 more."""
    shown = ", ".join(f"`{n}`" for n in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
