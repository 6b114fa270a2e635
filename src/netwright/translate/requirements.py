"""Selectors as sets of requirements, and what follows from one of another, whatever there is to select."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Generic, TypeVar

from netwright.base.selectors import NEVER, Always, And, Has, Never, Not, OneOf, Or, Selector
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME

T = TypeVar("T")
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


class BySpace(Generic[T]):
    """Things by the namespaces that their requirements name, so that only those are compared that can have to do with
    each other."""

    def __init__(self, things: Iterable[tuple[Collection[Selector], T]]) -> None:
        self._all: list[T] = []
        self._first: dict[str, list[T]] = {}
        self._each: dict[str, list[T]] = {}
        self._anywhere: list[T] = []
        for held, thing in things:
            self._all.append(thing)
            names = spaces(held)
            if names is None:
                self._anywhere.append(thing)
                continue
            self._first.setdefault(min(names), []).append(thing)
            for name in names:
                self._each.setdefault(name, []).append(thing)

    def below(self, held: Collection[Selector]) -> list[T]:
        """Those whose requirements may imply these."""
        names = spaces(held)
        if names is None:
            return self._all
        return [thing for name in sorted(names) for thing in self._first.get(name, ())]

    def above(self, held: Collection[Selector]) -> list[T]:
        """Those whose requirements may be implied by these."""
        names = spaces(held)
        return self._anywhere if names is None else [*self._anywhere, *self._each.get(min(names), ())]

    def beside(self, held: Collection[Selector]) -> list[T]:
        """Those that somebody may meet together with these."""
        names = spaces(held)
        if names is None:
            return self._all
        found = [thing for name in sorted(names) for thing in self._each.get(name, ())]
        return [*self._anywhere, *(dict.fromkeys(found) if len(names) > 1 else found)]


def conjuncts(selector: Selector) -> tuple[Selector, ...]:
    """What a selector asks for, all of it."""
    return selector.parts if isinstance(selector, And) else (selector,)


def spaces(held: Iterable[Selector]) -> tuple[str, ...] | None:
    """The namespaces of which one is asked for; None where that is not said."""
    return next((one.values for one in held if isinstance(one, OneOf) and one.key == "ns"), None)


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
