"""Where an object is written: file and line."""

from __future__ import annotations

from collections.abc import Callable

from netwright.base.spans import Origin, Place, Position

Locate = Callable[[Origin], Position | None]


def written(locate: Locate, kind: str, namespace: str, name: str, place: Place | None) -> tuple[str, int]:
    """The file and 1-based line of an object; ("", 0) for what has no text."""
    found = locate(Origin(kind=kind, namespace=namespace, name=name, place=place)) if place is not None else None
    return (found.file, found.line) if found is not None else ("", 0)
