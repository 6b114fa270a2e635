"""A case in which two judges disagree, made as small as it can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tests.random_cilium import Object

C = TypeVar("C")


def shrunk(case: C, query: object, differs: Callable[[C], object]) -> C:
    """The case with the one question, and without every object and every part of one that is not needed. `case` is a
    dataclass with `manifests` and `queries`; one at which `differs` fails does not differ."""

    def still(one: C) -> bool:
        try:
            return bool(differs(one))
        except Exception:
            return False

    small: Any = dataclasses.replace(case, queries=[query])
    changed = still(small)
    while changed:
        changed = False
        for manifests in _smaller(small.manifests):
            less = dataclasses.replace(small, manifests=manifests)
            if still(less):
                small, changed = less, True
                break
    return small


def _smaller(manifests: list[Object]) -> Iterator[list[Object]]:
    for i in range(len(manifests)):
        yield [*manifests[:i], *manifests[i + 1 :]]
    for i, one in enumerate(manifests):
        for edited in _less(one):
            yield [*manifests[:i], edited, *manifests[i + 1 :]]


def _less(thing: object, top: bool = True) -> Iterator[Object]:
    """The thing with one part of it left out, but for what names it."""
    if isinstance(thing, dict):
        for key, value in thing.items():
            if key in ("apiVersion", "kind", "name", "namespace"):
                continue
            if not top and key != "metadata":
                yield {other: held for other, held in thing.items() if other != key}
            for edited in _less(value, top=False):
                yield {**thing, key: edited}
    elif isinstance(thing, list):
        for i, value in enumerate(thing):
            if len(thing) > 1:
                yield [*thing[:i], *thing[i + 1 :]]
            for edited in _less(value, top=False):
                yield [*thing[:i], edited, *thing[i + 1 :]]
