"""Fields of the wrong shape: msgspec's errors in our words, with the pointer, what was expected and what is there."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from netwright.base.patterns import pattern
from netwright.base.spans import Pointer
from netwright.dialects.k8s.objects import META_FIELDS, META_WRITTEN
from netwright.dialects.k8s.validate_syntax import Fault, quoted

_STEP = pattern(r"\.([^.\[\]]+)|\[(\d+)\]|\[(\.\.\.)\]")
_ERROR = pattern(r"(?s)(.*?)(?: - at `(?:(key)` in `)?\$(.*?)`)?")
_UNKNOWN = pattern(r"(?s)Object contains unknown field `(.*)`")
_TYPES = pattern(r"Expected `(.*?)`, got `(.*?)`")
_BEYOND = pattern(r"(?:Number|Integer value) out of range")


class Beyond(str):
    """A number beyond every range, as it is written."""

    __slots__ = ()


# An integer beyond 64 bits is a `float` to the decoder of JSON.
_CLASSES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "str": (str,),
    "bool": (bool,),
    "float": (float, int),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
    "beyond": (Beyond,),
}
_WORDS = {
    "int": "a whole number",
    "str": "text",
    "bool": "`true` or `false`",
    "float": "a number with a fraction",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}


def explain(error: Exception, tree: Any, type_: type[Any], above: Pointer = ()) -> Fault:
    """The error of decoding `tree` as `type_` as a fault; `tree` stands at the pointer `above` of its object.

    Numbers that no type can hold stand in `tree` as `Beyond`.
    """
    match = _ERROR.fullmatch(str(error))
    text, path = (match[1], match[3] or "") if match else (str(error), "")
    if unknown := _UNKNOWN.fullmatch(text):
        pointer, _ = _locate(tree, path, "")
        return _unknown_field(unknown[1], pointer, type_, above)
    if _BEYOND.fullmatch(text):
        pointer, found = _locate(tree, path, "beyond")
        what = f"is {quoted(found)}, a number beyond every range" if found else "is a number beyond every range"
        return Fault((*above, *pointer), what)
    kinds = _TYPES.fullmatch(text)
    if kinds is None:
        pointer, _ = _locate(tree, path, "")
        return Fault((*above, *pointer), f"cannot be read: {text[:1].lower()}{text[1:]}")
    if match is not None and match[2]:
        pointer, _ = _locate(tree, path, "")
        return Fault((*above, *pointer), "has a key that is not text", "put the key in quotes")
    pointer, found = _locate(tree, path, kinds[2])
    wanted = [kind for kind in kinds[1].split(" | ") if kind != "null"]
    expected = " or ".join(_WORDS.get(kind, kind) for kind in wanted)
    scalar = found is not None and not isinstance(found, (dict, list))
    shown = _scalar(found) if scalar else _WORDS.get(kinds[2], kinds[2])
    advice = ""
    if scalar and wanted == ["str"]:
        advice = "put the value in quotes"
        if isinstance(found, bool):
            words = "`y`, `yes` and `on`" if found else "`n`, `no` and `off`"
            advice += f"; without them YAML reads {words} as `{str(found).lower()}`"
    elif isinstance(found, str) and wanted == ["int"] and found.strip().isdigit():
        advice = "write the number without quotes"
    pointer = (*above, *pointer)
    return Fault(pointer, f"must be {expected}, found {shown}" if pointer else f"the object is {shown}", advice)


def _scalar(value: object) -> str:
    """A scalar as YAML and JSON write it."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value == "":
        return "an empty text"
    return f"the text {quoted(value)}" if isinstance(value, str) else quoted(value)


def _locate(tree: Any, path: str, got: str) -> tuple[Pointer, Any]:
    """The pointer and the value behind a JSONPath of msgspec.

    `[...]` there stands for some key of a map: it is the first one under which a value of the type `got` is found.
    """
    steps = [(name, number, some) for name, number, some in _STEP.findall(path)]
    fits = _CLASSES.get(got)

    def walk(node: Any, rest: list[tuple[str, str, str]], pointer: Pointer) -> tuple[Pointer, Any] | None:
        if not rest:
            return (pointer, node) if fits is None or type(node) in fits else None
        name, number, some = rest[0]
        if some:
            for key, below in node.items() if isinstance(node, dict) else ():
                if (found := walk(below, rest[1:], (*pointer, str(key)))) is not None:
                    return found
            return None
        step: str | int = name or int(number)
        try:
            return walk(node[step], rest[1:], (*pointer, step))
        except (KeyError, IndexError, TypeError):
            return None

    if (found := walk(tree, steps, ())) is not None:
        return found
    plain = tuple(name or int(number) for name, number, some in steps if not some)
    return plain, None


def _unknown_field(field: str, pointer: Pointer, type_: type[Any], above: Pointer) -> Fault:
    """A field the API does not have, with the ones it has there."""
    known = _fields_at(type_, pointer)
    listed = ", ".join(f"`{name}`" for name in (META_WRITTEN if known == META_FIELDS else known))
    return no_field(field, (*above, *pointer), known, f"the fields there are {listed}")


def no_field(field: str, pointer: Pointer, known: Sequence[str], otherwise: str) -> Fault:
    """A field the API does not have, with the one of those it has that was meant perhaps, `otherwise` where there is
    none."""
    from difflib import get_close_matches

    near = get_close_matches(field, known, 1) or [name for name in known if name.lower() == field.lower()]
    advice = f"did you mean `{near[0]}`?" if near else otherwise
    return Fault((*pointer, field), "is not a field of the API", advice)


def _fields_at(type_: Any, pointer: Pointer) -> Sequence[str]:
    """The names of the fields of the struct at `pointer` below `type_`, as the API writes them."""
    for step in pointer:
        struct = _struct_of(type_)
        if struct is None:
            return ()
        if isinstance(step, str):
            fields = {field.encode_name: field.name for field in msgspec.structs.fields(struct)}
            type_ = get_type_hints(struct)[fields[step]] if step in fields else None
    struct = _struct_of(type_)
    return tuple(field.encode_name for field in msgspec.structs.fields(struct)) if struct is not None else ()


def _struct_of(type_: Any) -> type[msgspec.Struct] | None:
    """The struct inside an optional, a tuple or both."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return type_
    if get_origin(type_) in (Union, types.UnionType, tuple):
        for part in get_args(type_):
            if (struct := _struct_of(part)) is not None:
                return struct
    return None
