"""`diff` as JSON: one document for two networks, or one whose `twins` hold the same fields for each part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import msgspec

from netwright.render.compared import Compared
from netwright.render.escape import json_text
from netwright.render.provenance import document
from netwright.version import VERSION

TOGETHER = 4096
"""Items that are written together."""
OF_BEFORE = ("inputs", "documents", "profile", "assumptions", "diagnostics")


def diff_json(compared: Sequence[Compared], exit_reasons: Sequence[str], stream: IO[bytes]) -> None:
    """A document with its line end."""
    if len(compared) == 1 and not compared[0].name:
        body = body_of(compared[0])
    else:
        body = {
            "schema": "netwright.diff/v1",
            "twins": [_of_part(one) for one in compared],
            "version": VERSION,
            "exit_reasons": list(exit_reasons),
        }
    for piece in _pieces(body):
        stream.write(piece)
    stream.write(b"\n")


def _pieces(body: Mapping[str, Any]) -> Iterator[bytes | memoryview]:
    """The text of a document; of a field that is a long list some items at a time, of which there can be a million."""
    separator = b"{"
    for key, value in body.items():
        yield separator + msgspec.json.encode(key) + b":"
        separator = b","
        if not isinstance(value, (list, tuple)) or len(value) <= TOGETHER:
            yield json_text(msgspec.json.encode(value))
            continue
        for start in range(0, len(value), TOGETHER):
            yield b"," if start else b"["
            yield memoryview(json_text(msgspec.json.encode(value[start : start + TOGETHER])))[1:-1]
        yield b"]"
    yield b"}"


def _of_part(one: Compared) -> dict[str, Any]:
    body = body_of(one)
    return {"name": one.name, "only_in": one.only_in} | {
        k: v for k, v in body.items() if k not in ("schema", "version")
    }


def body_of(one: Compared) -> dict[str, Any]:
    """The document of two networks."""
    content = {name: getattr(one.found, name) for name in one.found.__struct_fields__}
    body = document("diff", one.after, one.exit_reasons, **content)
    earlier = document("diff", one.before, (), undecided=())
    return body | {"before": {name: earlier[name] for name in OF_BEFORE}}
