"""Where a thing was written: documents, JSON pointers, and positions that are computed only when cited."""

from __future__ import annotations

import msgspec

Pointer = tuple[str | int, ...]
"""A path into a document: `("spec", "ingress", 0)`, as in RFC 6901 but not yet escaped into text."""


class Place(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One object in one text: the file, the document in it (0-based) and its path inside `List` kinds."""

    file: str
    document: int = 0
    item: Pointer = ()


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False, order=True):
    """A file, line and column, both 1-based, as editors and compilers count them."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Node:
    """The place of a node of an object (0-based line and column) and its children by key or index."""

    __slots__ = ("children", "column", "line")

    def __init__(self, line: int, column: int, children: dict[str | int, Node] | None = None) -> None:
        self.line = line
        self.column = column
        self.children = children


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The object a rule came from, the pointer inside it, and the text it stands in (live objects have none)."""

    kind: str
    namespace: str
    name: str
    pointer: Pointer = ()
    place: Place | None = None

    @property
    def path(self) -> str:
        return dotted(self.pointer)


def named(namespace: str, name: str) -> str:
    """An object by its name: `shop/web`; `base` of one that stands in no namespace."""
    return f"{namespace}/{name}" if namespace else name


def dotted(pointer: Pointer) -> str:
    """The pointer as Kubernetes writes field paths: `spec.ingress[0].from[1]`.

    >>> dotted(("spec", "ingress", 0, "from", 1))
    'spec.ingress[0].from[1]'
    """
    text = ""
    for step in pointer:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
