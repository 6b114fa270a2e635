"""Selectors as alternatives of plain terms: what a label selector of any language can say, one term a selector.

A term says of each attribute which values it may have, which it may not have, and whether it is there. As in the rule
form, what is not one of some values may be absent too. Terms that nothing meets are left out, and so are those that
another one covers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from netwright.base.selectors import Always, And, Has, Never, Not, OneOf, Or, Selector, conjunction, one_of

MOST: Final = 64
"""Terms that a selector may have."""
_ALWAYS_THERE: Final = frozenset({"ns", "network", "sa"})
_POD: Final = "pod"


class TooManyTerms(Exception):
    """A selector whose alternatives are more than anybody would read."""


class Held(NamedTuple):
    """What a term says of one attribute: `allowed` values (None: any), `excluded` ones, and whether it is `there`
    (None: either). With allowed values it is there and nothing is excluded."""

    allowed: frozenset[str] | None = None
    excluded: frozenset[str] = frozenset()
    there: bool | None = None


Term = tuple[tuple[str, Held], ...]
"""By the name of the attribute."""


@lru_cache(maxsize=1 << 14)
def terms(selector: Selector) -> tuple[Term, ...]:
    """The alternatives of a selector of pods; none where it selects nothing. Raises TooManyTerms.

    >>> from netwright.base.selectors import conjunction, equals
    >>> terms(conjunction(equals("k8s:app", "web"), equals("k8s:app", "db")))
    ()
    """
    return tuple(_alternatives(selector, True))


def _alternatives(selector: Selector, wanted: bool) -> list[Term]:
    match selector:
        case Always():
            return [()] if wanted else []
        case Never():
            return [] if wanted else [()]
        case Not(part):
            return _alternatives(part, not wanted)
        case And(parts) | Or(parts):
            found = [_alternatives(part, wanted) for part in parts]
            if isinstance(selector, And) == wanted:
                return _all(found)
            return _joined(one for some in found for one in some)
        case Has(key):
            return _of(key, Held(there=wanted))
        case OneOf(key, values):
            return _of(key, Held(frozenset(values), there=True) if wanted else Held(excluded=frozenset(values)))


def _of(key: str, held: Held) -> list[Term]:
    if key == "network":
        is_pod = held.allowed is None or _POD in held.allowed
        return [()] if is_pod and _POD not in held.excluded and held.there is not False else []
    if key in _ALWAYS_THERE and held.there is not None and held.allowed is None:
        return [()] if held.there else []
    return [((key, held),)]


def _all(each: list[list[Term]]) -> list[Term]:
    found: list[Term] = [()]
    for some in each:
        found = _joined(one for a in found for b in some if (one := both(a, b)) is not None)
        if len(found) > MOST:
            raise TooManyTerms
    return found


def both(a: Term, b: Term) -> Term | None:
    """What meets two terms; None where nothing does."""
    held = dict(a)
    for key, one in b:
        other = held.get(key)
        merged = one if other is None else _both(other, one)
        if merged is None:
            return None
        held[key] = merged
    return tuple(sorted(held.items(), key=lambda pair: pair[0]))


def _both(a: Held, b: Held) -> Held | None:
    excluded = a.excluded | b.excluded
    if a.allowed is not None or b.allowed is not None:
        allowed = b.allowed if a.allowed is None else a.allowed if b.allowed is None else a.allowed & b.allowed
        assert allowed is not None
        allowed -= excluded
        if not allowed or a.there is False or b.there is False:
            return None
        return Held(allowed, there=True)
    if a.there is not None and b.there is not None and a.there != b.there:
        return None
    there = b.there if a.there is None else a.there
    return Held(excluded=frozenset() if there is False else excluded, there=there)


def covers(wide: Term, narrow: Term) -> bool:
    """Whether all that meets the second term meets the first."""
    held = dict(narrow)
    return all(key in held and _covers(one, held[key]) for key, one in wide)


def _covers(wide: Held, narrow: Held) -> bool:
    if wide.allowed is not None:
        return narrow.allowed is not None and narrow.allowed <= wide.allowed
    if wide.there is not None and narrow.there != wide.there:
        return False
    if narrow.allowed is not None:
        return not narrow.allowed & wide.excluded
    return narrow.there is False or wide.excluded <= narrow.excluded


def _joined(found: Iterable[Term]) -> list[Term]:
    """The alternatives without those that others cover; two that differ in the values of one attribute are one."""
    out: list[Term] = []
    for term in found:
        out = _with(out, term)
        if len(out) > 4 * MOST:
            raise TooManyTerms
    return out


def _with(held: list[Term], term: Term) -> list[Term]:
    if any(covers(one, term) for one in held):
        return held
    kept = [one for one in held if not covers(term, one)]
    for one in kept:
        merged = _either(one, term)
        if merged is not None:
            return _with([other for other in kept if other is not one], merged)
    return [*kept, term]


def _either(a: Term, b: Term) -> Term | None:
    """One term for both, where they differ in the allowed values of one attribute only."""
    if len(a) != len(b):
        return None
    differing = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    if len(differing) != 1:
        return None
    (key, one), (other_key, other) = differing[0]
    if key != other_key or one.allowed is None or other.allowed is None:
        return None
    held = Held(one.allowed | other.allowed, there=True)
    return tuple((name, held if name == key else kept) for name, kept in a)


def selector_of(term: Term) -> Selector:
    """What meets a term.

    >>> selector_of((("k8s:app", Held(frozenset({"web"}), there=True)),))
    OneOf(key='k8s:app', values=('web',))
    """
    return conjunction(*(part for key, held in term for part in _selectors(key, held)))


def _selectors(key: str, held: Held) -> Iterator[Selector]:
    if held.allowed is not None:
        yield one_of(key, tuple(held.allowed))
        return
    if held.excluded:
        yield Not(one_of(key, tuple(held.excluded)))
    if held.there is not None:
        yield Has(key) if held.there else Not(Has(key))


def is_empty(selector: Selector) -> bool:
    """Whether it selects nothing, whatever pods there are, as far as that is seen within MOST terms."""
    try:
        return not terms(selector)
    except TooManyTerms:
        return False
