"""Label selectors in words, what in them can never hold, and which labels come near to what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector

MOST_VALUES = 4


def written(selector: LabelSelector | None) -> str:
    """As `kubectl get --selector` takes it: `app=web,tier in (a,b),!old`; "" for the empty selector."""
    if selector is None:
        return ""
    parts = [f"{key}={value or ''}" for key, value in (selector.match_labels or {}).items()]
    for one in selector.match_expressions or ():
        if one is None:
            continue
        values = ",".join(value or "" for value in one.values or ())
        parts.append(
            {
                "In": f"{one.key} in ({values})",
                "NotIn": f"{one.key} notin ({values})",
                "Exists": one.key,
            }.get(one.operator, f"!{one.key}")
        )
    return ",".join(parts)


def wanted(selector: LabelSelector | None) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The labels that a selector wants: key and the values of which one must be there; none for `Exists`."""
    if selector is None:
        return
    for key, value in (selector.match_labels or {}).items():
        yield key, (value or "",)
    for one in selector.match_expressions or ():
        if one is not None and one.operator in ("In", "Exists"):
            yield one.key, tuple(value or "" for value in one.values or ()) if one.operator == "In" else ()


def contradiction(selector: LabelSelector | None, *, of_namespaces: bool = False) -> str:
    """The key whose requirements exclude each other, so that the selector can never select anything; "" if there is
    none. Every namespace has the label `kubernetes.io/metadata.name`."""
    allowed: dict[str, set[str]] = {}
    refused: dict[str, set[str]] = {}
    absent: set[str] = set()
    there = {NAMESPACE_NAME} if of_namespaces else set()
    for key, values in wanted(selector):
        there.add(key)
        if values:
            allowed[key] = allowed[key] & set(values) if key in allowed else set(values)
    for one in (selector.match_expressions if selector else None) or ():
        if one is not None and one.operator == "NotIn":
            refused.setdefault(one.key, set()).update(value or "" for value in one.values or ())
        elif one is not None and one.operator == "DoesNotExist":
            absent.add(one.key)
    for key in there:
        if key in absent or (key in allowed and allowed[key] <= refused.get(key, set())):
            return key
    return ""


def nearest(selector: LabelSelector | None, held: Iterable[Mapping[str, str]]) -> str:
    """Advice for a selector that selects none of those that have these labels; "" where there is none to give."""
    values: dict[str, dict[str, None]] = {}
    for labels in held:
        for key, value in labels.items():
            values.setdefault(key, {})[value] = None
    for key, asked in wanted(selector):
        if key not in values:
            near = _close(key, values)
            return f"did you mean `{near}`? No label `{key}` is there" if near else ""
        if asked and not any(value in values[key] for value in asked):
            near = _close(asked[0], values[key])
            if near:
                return f"did you mean `{key}: {near}`?"
            shown = ", ".join(f"`{value}`" for value in list(values[key])[:MOST_VALUES])
            return f"the values of `{key}` there: {shown}{', …' if len(values[key]) > MOST_VALUES else ''}"
    return ""


def close(selector: LabelSelector, held: Iterable[Mapping[str, str]]) -> str:
    """`key: value` that a selector most likely misspells, among labels that are there; "" if none is that near."""
    every = list(held)
    for key, asked in wanted(selector):
        values = {labels[key]: None for labels in every if key in labels}
        for value in asked:
            if value in values:
                continue
            near = _close(value, values)
            if near:
                return f"{key}: {near}"
            with_value = {k: None for labels in every for k, v in labels.items() if v == value and k != NAMESPACE_NAME}
            near = _close(key, with_value)
            if near and not values:
                return f"{near}: {value}"
    return ""


def is_nearly(selector: LabelSelector | None, labels: Mapping[str, str], *, but_one: bool = False) -> bool:
    """Whether labels are what a selector most likely means: each that it wants is there, or one spelt nearly so.
    `but_one`: or all but one of several."""
    asked = list(wanted(selector))
    lacking = sum(1 for key, values in asked if not _is_nearly(key, values, labels))
    return bool(asked) and lacking <= (but_one and len(asked) > 1)


def _is_nearly(key: str, asked: tuple[str, ...], labels: Mapping[str, str]) -> bool:
    held = labels.get(key)
    if held is not None:
        return not asked or held in asked or any(_are_close(value, held) for value in asked)
    if asked:
        return any(value in asked for value in labels.values())
    return any(_are_close(key, other) for other in labels)


@lru_cache(maxsize=1 << 12)
def _are_close(text: str, other: str) -> bool:
    return bool(_close(text, (other,)))


def _close(text: str, among: Iterable[str]) -> str:
    import difflib

    found = difflib.get_close_matches(text, list(among), n=1, cutoff=0.75)
    return found[0] if found else ""
