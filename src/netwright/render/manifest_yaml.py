"""Objects as YAML documents that every reader takes for the same: text that could be anything else stands in quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from netwright.questions.convert import Converted
from netwright.render.escape import plain

_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*").fullmatch
_OTHER: Final = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n"])
"""Words that some version of YAML takes for something else."""


def converted_yaml(found: Converted) -> Iterator[str]:
    """The lines of the documents, each under a comment that says what it was made of."""
    for number, emitted in enumerate(found.objects):
        if number:
            yield "---"
        place = f", {emitted.place}" if emitted.place else ""
        yield f"# {plain(emitted.made_of)}{plain(place)}"
        yield from document(emitted.object)


def document(value: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one object."""
    yield from _mapping(value, "")


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, held in value.items():
        yield from _entry(f"{indent}{_text(key)}:", held, indent + "  ")


def _entry(head: str, held: Any, indent: str) -> Iterator[str]:
    if isinstance(held, Mapping) and held:
        yield head
        yield from _mapping(held, indent)
    elif isinstance(held, Sequence) and not isinstance(held, str) and held:
        yield head
        for one in held:
            yield from _item(one, indent)
    else:
        yield f"{head} {_scalar(held)}"


def _item(one: Any, indent: str) -> Iterator[str]:
    if not (isinstance(one, Mapping) and one):
        yield f"{indent}- {_scalar(one)}"
        return
    lines = _mapping(one, indent + "  ")
    yield f"{indent}- {next(lines).lstrip(' ')}"
    yield from lines


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return "{}"
    return json.dumps(value)


def _text(text: str) -> str:
    """Bare where nobody takes it for anything but text, else in quotes, with what is not printed written out."""
    if _BARE(text) and text.lower() not in _OTHER:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isprintable() else "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
