"""Selectors as sets of requirements, and what follows from one of another, whatever there is to select."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netwright.base.selectors import NEVER, Always, And, Has, Never, Not, OneOf, Or, Selector
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME

Parts = frozenset[Selector]
"""Requirements that all have to be met."""


def parts(selector: Selector) -> Iterator[Parts]:
    """The selector as sets of requirements of which one has to be met; none for nothing."""
    if isinstance(selector, Or):
        for part in selector.parts:
            yield from parts(part)
    else:
        held = _tidied(_all_of(selector))
        if NEVER not in held:
            yield held


def _all_of(selector: Selector) -> Iterator[Selector]:
    if isinstance(selector, And):
        for part in selector.parts:
            yield from _all_of(part)
    elif isinstance(selector, (OneOf, Has)) and selector.key == f"ns:{NAMESPACE_NAME}":
        yield OneOf("ns", selector.values) if isinstance(selector, OneOf) else selector
    elif isinstance(selector, Not) and isinstance(selector.part, (Always, Never)):
        yield from () if isinstance(selector.part, Never) else (NEVER,)
    elif not isinstance(selector, Always):
        yield selector


def _tidied(held: Iterable[Selector]) -> Parts:
    """Without what follows from another requirement."""
    found = list(dict.fromkeys(held))
    return frozenset(p for p in found if not any(q != p and _implies(q, p) for q in found))


def follows(more: Parts, less_: Parts) -> bool:
    """Whether whoever meets the second requirements meets the first."""
    return all(any(_implies(p, q) for p in less_) for q in more)


def excludes(one: Parts, other: Parts) -> bool:
    """Whether nobody meets both, for a requirement of the one and one of the other exclude each other."""
    return any(_conflict(p, q) or _conflict(q, p) for p in one for q in other)


def _conflict(one: Selector, other: Selector) -> bool:
    if isinstance(one, OneOf) and isinstance(other, OneOf):
        return one.key == other.key and set(one.values).isdisjoint(other.values)
    return isinstance(other, Not) and _implies(one, other.part)


def _implies(one: Selector, other: Selector) -> bool:
    if one == other:
        return True
    if isinstance(one, OneOf):
        if isinstance(other, OneOf):
            return one.key == other.key and set(one.values) <= set(other.values)
        return isinstance(other, Has) and one.key == other.key
    if isinstance(one, Not) and isinstance(other, Not):
        return _implies(other.part, one.part)
    return False
