"""JSON texts: objects found and headers read without building trees; many values in one text are a stream."""

from __future__ import annotations

import math

import msgspec

from netwright.base.patterns import pattern
from netwright.sources.salvage import line_column
from netwright.sources.yamltext import TextFault

MAX_VALUES = 1_000_000
"""JSON values in one text, as `kubectl get --watch -o json` or `jq` write them."""


class Meta(msgspec.Struct):
    """The part of `metadata` that names an object."""

    name: str | None = None
    namespace: str | None = None


class Header(msgspec.Struct, rename="camel"):
    """What tells objects apart. `items` stay unread bytes: a list of thousands is split, not decoded."""

    api_version: str | None = None
    kind: str | None = None
    metadata: Meta | None = None
    items: list[msgspec.Raw] | None = None


class WrittenMeta(Meta, rename="camel", forbid_unknown_fields=True):
    """`metadata` with no other fields than the API has: one more is an error of the decoder, which costs nothing to
    find where the name is looked for anyway."""

    generate_name: msgspec.Raw = msgspec.Raw()
    labels: msgspec.Raw = msgspec.Raw()
    annotations: msgspec.Raw = msgspec.Raw()
    owner_references: msgspec.Raw = msgspec.Raw()
    deletion_timestamp: msgspec.Raw = msgspec.Raw()
    uid: msgspec.Raw = msgspec.Raw()
    finalizers: msgspec.Raw = msgspec.Raw()
    resource_version: msgspec.Raw = msgspec.Raw()
    generation: msgspec.Raw = msgspec.Raw()
    creation_timestamp: msgspec.Raw = msgspec.Raw()
    deletion_grace_period_seconds: msgspec.Raw = msgspec.Raw()
    managed_fields: msgspec.Raw = msgspec.Raw()
    self_link: msgspec.Raw = msgspec.Raw()
    cluster_name: msgspec.Raw = msgspec.Raw()
    initializers: msgspec.Raw = msgspec.Raw()


class _Written(Header):
    metadata: WrittenMeta | None = None


class _Listed(msgspec.Struct):
    items: list[_Written] = []


HEADER = msgspec.json.Decoder(Header)
_WRITTEN = msgspec.json.Decoder(_Written)
_LISTED = msgspec.json.Decoder(_Listed)
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_BYTE = pattern(r"\(byte (\d+)\)")
_TRAILING = pattern(r"trailing characters \(byte (\d+)\)")
_TOKEN = pattern(rb'("(?:[^"\\]|\\.)*")(\s*:)|"(?:[^"\\]|\\.)*"(?!\s*:)|[{}\[\]]')
_NUMBER = pattern(rb'"(?:[^"\\]|\\.)*"|(-?[0-9][-+.0-9eE]*)')
_SPACE = pattern(rb"[ \t\r\n]*(?:---[ \t]*(?=[\r\n]|\Z)[ \t\r\n]*)?")


def values(data: bytes) -> list[tuple[int, int]]:
    """Start and end of each JSON value in `data`, which holds nothing else but space and `---` lines.

    Raises TextFault with the position; nesting beyond what the decoder takes is NW1002.
    """
    found: list[tuple[int, int]] = []
    view = memoryview(data)
    start = _skip(data, 0)
    while start < len(data):
        end = len(data)
        try:
            _VALUE.decode(view[start:])
        except msgspec.DecodeError as fault:
            trailing = _TRAILING.search(str(fault))
            if trailing is None or len(found) >= MAX_VALUES:
                raise _fault(fault, data, start) from None
            end = start + int(trailing[1]) - 1  # the decoder names the byte behind the first that is too many
        except RecursionError:
            raise TextFault("NW1002", "nested too deep", *line_column(data, start)) from None
        found.append((start, end))
        start = _skip(data, end)
    return found


def repeated(data: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, str]]:
    """Byte offset and name of the keys that are written again in the same object."""
    again: set[str] = set()

    def pairs(members: list[tuple[str, object]]) -> None:
        if len(members) > 1:
            names = [name for name, _ in members]
            if len(set(names)) < len(names):
                again.update(name for name in names if names.count(name) > 1)

    import json

    decoder = json.JSONDecoder(object_pairs_hook=pairs)
    try:
        for start, end in spans:
            decoder.decode(data[start:end].decode())
    except (ValueError, RecursionError):
        return []
    return _second_places(data, again) if again else []


def _second_places(data: bytes, names: set[str]) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    open_objects: list[set[str]] = []
    for match in _TOKEN.finditer(data):
        if match[2] is None:
            if match[0].startswith(b'"'):
                continue
            if match[0] in (b"{", b"["):
                open_objects.append(set())
            elif open_objects:
                open_objects.pop()
            continue
        name = msgspec.json.decode(match[1])
        if name in names and open_objects:
            if name in open_objects[-1]:
                found.append((match.start(), name))
            open_objects[-1].add(name)
    return found


def too_large(raw: bytes | msgspec.Raw) -> tuple[int, str] | None:
    """Byte offset and text of the first number beyond the range of 64-bit floats; None where there is none."""
    for match in _NUMBER.finditer(raw):
        if match[1] and math.isinf(float(match[1])):
            return match.start(), match[1].decode()
    return None


def header(raw: bytes | memoryview | msgspec.Raw) -> Header:
    """The header of one JSON object. Raises msgspec.DecodeError; its ValidationError where a field has another type, or
    where `metadata` of what is no list has one that the API does not have: who reads all of such an object tells it."""
    try:
        return _WRITTEN.decode(raw)
    except msgspec.ValidationError:
        found = HEADER.decode(raw)
        if found.items is None:
            raise
        return found


def headers_of_items(raw: bytes | msgspec.Raw, count: int) -> list[Header | None]:
    """The headers of the `count` items of a list, read together; None for all where any is not that of an object."""
    try:
        found: list[Header | None] = list(_LISTED.decode(raw).items)
    except (msgspec.DecodeError, RecursionError):
        found = []
    return found if len(found) == count else [None] * count


def header_of_whole(data: bytes) -> Header | None:
    """The header of a text that is one JSON object from its first byte on, as most are; None for any other, and where
    `header` raises."""
    try:
        return header(data) if data[:1] == b"{" else None
    except (msgspec.DecodeError, RecursionError):
        return None


def _skip(data: bytes, offset: int) -> int:
    match = _SPACE.match(data, offset)
    while match is not None and match.end() > offset:
        offset = match.end()
        match = _SPACE.match(data, offset)
    return offset


def _fault(fault: msgspec.DecodeError, data: bytes, start: int) -> TextFault:
    message = str(fault)
    byte = _BYTE.search(message)
    offset = start + int(byte[1]) if byte else len(data)
    reason = _BYTE.sub("", message).strip().removeprefix("JSON is malformed: ").rstrip(".")
    return TextFault("NW1001", f"not valid JSON: {reason[:1].lower()}{reason[1:]}", *line_column(data, offset))
