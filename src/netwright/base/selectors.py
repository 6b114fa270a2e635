"""Selectors: a boolean algebra over the flat attributes of an interface (`k8s:app`, `ns:team`, `ns`, `network` …).

A value of an attribute is text; an attribute may be absent. As in Kubernetes, `NotIn` and `DoesNotExist` are the
negations of `In` and `Exists` and so hold where the attribute is absent (labels concept page, set-based requirements).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec


class _Node(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    pass


class Always(_Node, frozen=True, tag=True):
    """Everything."""


class Never(_Node, frozen=True, tag=True):
    """Nothing."""


class Has(_Node, frozen=True, tag=True):
    key: str


class OneOf(_Node, frozen=True, tag=True):
    """The attribute is present and its value is one of these (at least one, sorted, distinct)."""

    key: str
    values: tuple[str, ...]


class And(_Node, frozen=True, tag=True):
    parts: tuple[Selector, ...]


class Or(_Node, frozen=True, tag=True):
    parts: tuple[Selector, ...]


class Not(_Node, frozen=True, tag=True):
    part: Selector


Selector: TypeAlias = Always | Never | Has | OneOf | And | Or | Not

BUILT_IN: Final = frozenset({"ns", "network"})
"""Attributes that every interface has: the name of its namespace, and "pod" or "host"."""
ALWAYS: Final = Always()
NEVER: Final = Never()


def equals(key: str, value: str) -> Selector:
    return OneOf(key, (value,))


def one_of(key: str, values: tuple[str, ...]) -> Selector:
    return OneOf(key, tuple(sorted(set(values)))) if values else NEVER


def conjunction(*parts: Selector) -> Selector:
    """All of them; flat, without `Always`, in the order given."""
    flat: list[Selector] = []
    for part in parts:
        kind = type(part)
        if kind is OneOf:  # by far the most
            flat.append(part)
        elif kind is Never:
            return NEVER
        elif kind is And:
            flat.extend(part.parts)  # type: ignore[union-attr]
        elif kind is not Always:
            flat.append(part)
    if not flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(*parts: Selector) -> Selector:
    flat: list[Selector] = []
    for part in parts:
        if isinstance(part, Always):
            return ALWAYS
        if isinstance(part, Or):
            flat.extend(part.parts)
        elif not isinstance(part, Never):
            flat.append(part)
    if not flat:
        return NEVER
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def matches(selector: Selector, attributes: Mapping[str, str]) -> bool:
    """Whether an interface with these attributes is selected."""
    match selector:
        case Always():
            return True
        case Never():
            return False
        case Has(key):
            return key in attributes
        case OneOf(key, values):
            return attributes.get(key) in values
        case And(parts):
            return all(matches(part, attributes) for part in parts)
        case Or(parts):
            return any(matches(part, attributes) for part in parts)
        case Not(part):
            return not matches(part, attributes)


def mentions(selector: Selector, values: dict[str, set[str]], presence: set[str]) -> None:
    """Add what the selector tells apart: values per key, and keys whose presence alone matters.

    `Not(OneOf)` needs no presence: an absent key and an unmentioned value are the same to it.
    """
    if isinstance(selector, OneOf):
        key = selector.key
        if key not in BUILT_IN:
            held = values.get(key)
            if held is None:
                values[key] = set(selector.values)
            else:
                held.update(selector.values)
    elif isinstance(selector, (And, Or)):
        for part in selector.parts:
            mentions(part, values, presence)
    elif isinstance(selector, Has):
        presence.add(selector.key)
    elif isinstance(selector, Not):
        mentions(selector.part, values, presence)
