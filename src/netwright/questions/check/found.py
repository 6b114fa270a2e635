"""What a check yields: a code, a place and words; severity, position, owner and fingerprint are added to it later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from netwright.base.spans import Origin, named
from netwright.model.document import Decoded
from netwright.questions.registry import Asked


class Seen(msgspec.Struct, frozen=True):
    """A place that tells why, and what is to be seen there."""

    origin: Origin
    label: str = ""


class Found(msgspec.Struct, frozen=True):
    """A finding as a check words it.

    `key` tells it from others of its code in the same object: what stays the same when lines and indexes move (the
    port, the label, the range), "" where an object can have only one. `subject` is the kind, namespace and name of what
    it is about where its place is but one of several objects (a namespace, by one of its workloads): it tells the
    finding from others in the place of that object. `workloads`, `objects`: all that it is about; neither is in `key`,
    so that one more leaves the finding what it is.
    """

    code: str
    origin: Origin
    title: str
    label: str = ""
    effect: str = ""
    help: str = ""
    key: str = ""
    workloads: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    subject: tuple[str, str, str] | None = None
    also: tuple[Seen, ...] = ()


CLUSTER: Final = ("", "", "")
"""The subject of what is about the whole cluster."""


def namespace_of(name: str) -> tuple[str, str, str]:
    """A namespace as the subject of a finding, whether its object is in the input or not."""
    return ("Namespace", "", name)


def fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def things(objects: Iterable[Decoded]) -> tuple[str, ...]:
    """Objects as the `objects` of a finding."""
    return tuple(f"{d.kind} {named(d.namespace, d.name)}" for d in objects)


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
