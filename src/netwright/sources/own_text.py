"""Files that are written for netwright itself: what is wrong in one is a single error with its file, line and key."""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Any, Final, NoReturn, TypeVar, Union, get_args, get_origin

import msgspec

from netwright.base.diagnostics import Severity
from netwright.base.errors import UsageError
from netwright.base.patterns import pattern
from netwright.base.spans import Place, Pointer, dotted
from netwright.sources import yamltext
from netwright.sources.files import read_regular
from netwright.sources.positions import KeptTexts, Span, key_at
from netwright.sources.yamltext import Built, Repeated, TextFault

MAX_BYTES: Final = 256 << 20
"""Of a file; a baseline of many findings is large, one that never ends is none."""
HELP: Final = "`netwright explain intent` shows how intents are written, `explain netwright.yaml` the configuration"
_STEP = pattern(r"\.([^.\[\]]+)|\[(\d+)\]")
_UNKNOWN = pattern(r"Object contains unknown field `(.*)`")
_WRONG = pattern(r"Expected `(.*)`, got `(.*)`")
_SHAPES: Final = {
    "array": "a list",
    "bool": "`true` or `false`",
    "float": "a number",
    "int": "a number",
    "null": "nothing",
    "object": "a mapping",
    "str": "text",
}
"""The decoder's names of what YAML holds."""
T = TypeVar("T")


def read_bytes(path: str, named_at: str = "", *, help: str = HELP) -> bytes:
    """The content of a file. Raises UsageError, with the place that names the file where there is one: it is part of
    the question, as only sources are input."""
    by = f"{named_at}: " if named_at else ""
    try:
        data = read_regular(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise UsageError(f"{by}`{path}` cannot be read: {(reason or str(error)).lower()}", help=help) from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{by}`{path}` is over {MAX_BYTES >> 20} MiB", help="is it the file that was meant?")
    return data


class OwnText:
    """A YAML file of one document, and where everything stands in it.

    `value` is what it holds, `empty` where that is nothing but comments; without `empty` that is an error.
    """

    def __init__(self, path: str, *, empty: Any = None, named_at: str = "") -> None:
        self.path = path
        self._data = read_bytes(path, named_at)
        documents: list[Built] = []
        repeated: list[Repeated] = []
        try:
            yamltext.build(self._data, documents, repeated)
        except TextFault as fault:
            raise UsageError(f"{path}:{fault.line + 1}:{fault.column + 1}: {fault.message}", help=HELP) from None
        if len(documents) > 1 or (not documents and empty is None):
            raise UsageError(f"{path}: one YAML document is expected, found {len(documents)}", help=HELP)
        for again in repeated:
            told = f"{path}:{again.line + 1}:{again.column + 1}: key `{again.key}` is written twice"
            raise UsageError(told, help="delete one of the two")
        self._document = documents[0] if documents else Built(value=empty, line=0, start=0, end=0)
        self.value: Any = self._document.value
        self._texts = KeptTexts()
        self._texts.keep(path, self._data)
        line, first, last = self._document.line, self._document.start, self._document.end
        self._texts.add(path, Span(json=False, start=0, end=len(self._data), line=line, first=first, last=last))

    def convert(self, type_: type[T]) -> T:
        """The value as this type. Raises UsageError for what does not fit it."""
        try:
            return msgspec.convert(self.value, type_)
        except msgspec.ValidationError as error:
            self._refuse(str(error), type_)

    def _refuse(self, told: str, type_: Any) -> NoReturn:
        """Raises UsageError for what the decoder tells."""
        message, _, where = told.partition(" - at `$")
        pointer = tuple(int(i) if i else key for key, i in _STEP.findall(where.rstrip("`")))
        if unknown := _UNKNOWN.fullmatch(message):
            self._fail_unknown((*pointer, unknown[1]), _fields_at(type_, pointer))
        key = f"`{dotted(pointer)}`" if pointer else ""
        if wrong := _WRONG.fullmatch(message):
            expected = " or ".join(_SHAPES.get(shape, shape) for shape in wrong[1].split(" | "))
            if key and wrong[2] == "null":
                self.fail(pointer, f"{key} has no value; {expected} is expected", at_key=True)
            message = f"{expected} is expected, found {_SHAPES.get(wrong[2], wrong[2])}"
        elif message.startswith("Invalid enum value"):
            message += f"; one of {', '.join(get_args(Severity))} is expected"
        message = f"{message[:1].lower()}{message[1:]}"
        self.fail(pointer, f"{key}: {message}" if key else message)

    def position(self, pointer: Pointer, *, at_key: bool = False) -> str:
        """`FILE:LINE:COLUMN` of a value, or of its key; the file alone where it holds nothing."""
        document = self._document
        if at_key:
            text = self._data.decode("utf-8", "replace")[document.start : document.end]
            if (found := key_at(text, pointer)) is not None:
                return f"{self.path}:{document.line + found[0] + 1}:{found[1] + 1}"
        position = self._texts.position(Place(file=self.path), pointer) if document.end else None
        return str(position or self.path)

    def line(self, pointer: Pointer) -> int:
        """The line of a value; 0 where it is not known."""
        position = self._texts.position(Place(file=self.path), pointer)
        return position.line if position else 0

    def fail(self, pointer: Pointer, message: str, *, at_key: bool = False, help: str = HELP) -> NoReturn:
        """Raises UsageError about a value, or about its key."""
        raise UsageError(f"{self.position(pointer, at_key=at_key)}: {message}", help=help)

    def _fail_unknown(self, pointer: Pointer, known: list[str]) -> NoReturn:
        from difflib import get_close_matches

        key = str(pointer[-1])
        near = get_close_matches(key.lower().replace("_", "-"), known, 1)
        meant = f"; did you mean `{near[0]}`?" if near else ""
        listed = ", ".join(f"`{name}`" for name in known)
        self.fail(pointer, f"unknown key `{key}`{meant}", at_key=True, help=f"the keys there are {listed}; {HELP}")


def _fields_at(type_: Any, pointer: Pointer) -> list[str]:
    """The keys that the structs at `pointer` below a type have, as they are written."""
    types = [*_alternatives(type_)]
    for step in pointer:
        below: list[Any] = []
        for one in types:
            if isinstance(step, int):
                below += get_args(one)[:1] if get_origin(one) is tuple else ()
            elif isinstance(one, type) and issubclass(one, msgspec.Struct):
                below += (f.type for f in msgspec.structs.fields(one) if f.encode_name == step)
        types = [part for one in below for part in _alternatives(one)]
    structs = (one for one in types if isinstance(one, type) and issubclass(one, msgspec.Struct))
    return [field.encode_name for one in structs for field in msgspec.structs.fields(one)]


def _alternatives(type_: Any) -> Iterator[Any]:
    """The types of a union, or the one type itself."""
    if get_origin(type_) in (Union, UnionType):
        yield from get_args(type_)
    else:
        yield type_


__all__ = ["HELP", "OwnText", "read_bytes"]
