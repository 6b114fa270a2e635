"""One text into documents: JSON where it begins like JSON, YAML in one pass, part by part where that fails."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from netwright.base.patterns import pattern
from netwright.sources import jsontext, salvage, yamltext
from netwright.sources.account import KUSTOMIZATION_FILES, Account
from netwright.sources.positions import Span
from netwright.sources.salvage import Chunk, Said
from netwright.sources.yamltext import Built, Repeated, TextFault

MAX_PARTS = 100_000
"""Documents that a file with a broken one is cut into; what is beyond is one unread part."""
_MAX_GUESS = 8 << 20
"""Bytes of a text that begins like JSON, is none and is still tried as YAML."""
_MAX_REPEATED = 1 << 20
"""Bytes of a JSON text in which keys written twice are looked for: people write small ones, programs write none."""
_MAX_WARNINGS = 20
"""Keys written twice that are listed for one file."""

_MARK_INSIDE = pattern(
    rb"^(---[ \t]*(?:#[^\r\n]*)?(?:\r\n|[\r\n]))\xef\xbb\xbf|^\xef\xbb\xbf(?=---[ \t\r\n])", re.MULTILINE
)
"""A byte order mark before a document, as files have it that were written one behind the other."""
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def read_text(account: Account, file: str, data: bytes, *, in_chart: Callable[[], bool]) -> None:
    """Read the text of `file` into `account`. `in_chart` tells whether it stands in the templates folder of a chart.

    Whatever the text is, there is a document, an unread text or a warning more afterwards.
    """
    before = len(account.documents), len(account.unread), account.ours
    _read(account, file, data, in_chart)
    if before == (len(account.documents), len(account.unread), account.ours):
        account.warn_empty(file)


def _read(account: Account, file: str, data: bytes, in_chart: Callable[[], bool]) -> None:
    try:
        data = utf8(data)
    except TextFault as fault:
        # The text is kept as far as it can be shown; what it says is not taken from characters that are guessed.
        encoding = "utf-32" if data[:4] in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE) else "utf-16"
        account.texts.keep(file, data.decode(encoding, "replace").encode())
        account.note_unread(fault.code, fault.message, file=file, line=fault.line + 1, column=fault.column + 1)
        return
    account.texts.keep(file, data)
    if file.rpartition("/")[2] in KUSTOMIZATION_FILES:
        account.note_unread(
            "NW1004",
            "a kustomization needs rendering",
            file=file,
            line=1,
            column=1,
            said=Said(kinds=("Kustomization",)),
            fate="not_understood",
        )
        return
    if in_chart() and b"{{" in data:
        _note_template(account, file, data, data.find(b"{{"), None)
        return
    begins = data[:4096].lstrip()[:1]
    if begins in (b"{", b"[") and _read_json(account, file, data, 0, len(data), 0):
        return
    documents: list[Built] = []
    repeated: list[Repeated] = []
    try:
        if begins in (b"{", b"[") and len(data) > _MAX_GUESS:
            raise TextFault("NW1001", "not valid JSON", 0, 0)
        yamltext.build(data, documents, repeated)
    except TextFault:
        _read_parts(account, file, data)
        return
    _add_built(account, file, documents, repeated, Chunk(start=0, end=len(data), line=0))


def utf8(data: bytes) -> bytes:
    """The text as UTF-8 without byte order marks before its documents: UTF-16 is read where its mark stands first, as
    YAML asks.

    Raises TextFault for UTF-32 and for broken UTF-16.
    """
    data = _as_utf8(data)
    return _MARK_INSIDE.sub(rb"\1", data) if codecs.BOM_UTF8 in data else data


def _as_utf8(data: bytes) -> bytes:
    if data.startswith(codecs.BOM_UTF8):
        return data[3:]
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise TextFault("NW1001", "a text in UTF-32; YAML is UTF-8 or UTF-16", 0, 0)
    encoding = _UTF16.get(data[:2])
    if encoding is None:
        return data
    try:
        return data[2:].decode(encoding).encode()
    except UnicodeDecodeError as fault:
        line = data[2 : 2 + fault.start].decode(encoding, "replace").count("\n")
        raise TextFault("NW1001", "not valid UTF-16", line, 0) from None


def _read_json(account: Account, file: str, data: bytes, start: int, end: int, line: int) -> bool:
    """Read `data[start:end]` as a stream of JSON values. False, and nothing read, where it is not that."""
    part = data if end - start == len(data) else data[start:end]
    if not part.isascii():
        try:
            part.decode()
        except UnicodeDecodeError:
            return False
    head = jsontext.header_of_whole(part)
    try:
        found = jsontext.values(part) if head is None else [(0, len(part))]
    except TextFault:
        return False
    for begin, stop in found:
        raw = part if stop - begin == len(part) else part[begin:stop]
        account.add_json(raw, file, start + begin, start + stop, head)
    if len(part) <= _MAX_REPEATED:
        for offset, key in jsontext.repeated(part, found)[:_MAX_WARNINGS]:
            where, column = salvage.line_column(part, offset)
            account.warn_repeated(file, key, line + where + 1, column + 1)
    return True


def _add_built(account: Account, file: str, documents: list[Built], repeated: list[Repeated], part: Chunk) -> None:
    for document in documents:
        line = part.line + document.line
        span = Span(json=False, start=part.start, end=part.end, line=line, first=document.start, last=document.end)
        account.add_tree(document.value, file, span)
    for again in repeated[:_MAX_WARNINGS]:
        account.warn_repeated(file, again.key, part.line + again.line + 1, again.column + 1)


def _read_parts(account: Account, file: str, data: bytes) -> None:
    """Read a file that does not parse as a whole: each part between `---` lines on its own."""
    parts = salvage.chunks(data)
    if len(parts) > MAX_PARTS:
        parts = [*parts[:MAX_PARTS], Chunk(start=parts[MAX_PARTS].start, end=len(data), line=parts[MAX_PARTS].line)]
    results: list[tuple[Chunk, list[Built], list[Repeated], TextFault | None]] = []
    for number, part in enumerate(parts):
        text = data[part.start : part.end]
        documents: list[Built] = []
        repeated: list[Repeated] = []
        fault: TextFault | None = None
        if number == MAX_PARTS:
            fault = TextFault("NW1002", f"over {MAX_PARTS:,} documents in one file", 0, 0)
        elif bad := salvage.bad_character(text):
            fault = TextFault("NW1001", bad[1], *salvage.line_column(text, bad[0]))
        elif not (_begins_json(text) and _is_json(text)):
            try:
                yamltext.build(text, documents, repeated)
            except TextFault as found:
                fault = found
        if fault is not None and fault.code == "NW1001" and b"{{" in text:
            action = salvage.template_action(text.decode("utf-8", "replace"))
            if action >= 0 and salvage.has_control(text.decode("utf-8", "replace")):
                # `if` and `range` decide whether the other documents are there at all: none of them can be trusted.
                offset = part.start + len(text.decode("utf-8", "replace")[:action].encode())
                _note_template(account, file, data, offset, parts)
                return
        results.append((part, documents, repeated, fault))
    for part, documents, repeated, fault in results:
        text = data[part.start : part.end]
        if fault is None and not documents and _begins_json(text):
            begin = part.start + (3 if text.startswith(b"---") else 0)
            if _read_json(account, file, data, begin, part.end, part.line):
                continue
            # It was taken for JSON above and is none after all: said, as nothing may be dropped in silence.
            fault = TextFault("NW1001", "not valid JSON", 0, 0)
        _add_built(account, file, documents, repeated, part)
        if fault is not None:
            _note_fault(account, file, text, part, fault)


def _begins_json(text: bytes) -> bool:
    return text.removeprefix(b"---").lstrip()[:1] in (b"{", b"[")


def _is_json(text: bytes) -> bool:
    try:
        jsontext.values(text)
    except TextFault:
        return False
    return True


def _note_fault(account: Account, file: str, text: bytes, part: Chunk, fault: TextFault) -> None:
    decoded = text.decode("utf-8", "replace")
    line, column = part.line + fault.line, fault.column
    action = salvage.template_action(decoded) if fault.code == "NW1001" else -1
    said = salvage.readable(decoded)
    if action >= 0:
        where, column = salvage.line_column(text, len(decoded[:action].encode()))
        account.note_unread(
            "NW1003",
            "template actions: the text needs rendering",
            file=file,
            line=part.line + where + 1,
            column=column + 1,
            said=said,
            fate="not_understood",
        )
        return
    message = fault.message
    if _begins_json(text) and text.removeprefix(b"---").lstrip()[1:].lstrip()[:1] in (b'"', b"{", b"["):
        # What begins like JSON was meant as JSON: its own decoder says more than YAML's parser does.
        try:
            jsontext.values(text.removeprefix(b"---"))
        except TextFault as json_fault:
            if fault.code == json_fault.code == "NW1001" and "UTF-8" not in message and "not allowed" not in message:
                message, line, column = json_fault.message, part.line + json_fault.line, json_fault.column
    account.note_unread(fault.code, message, file=file, line=line + 1, column=column + 1, said=said)


def _note_template(account: Account, file: str, data: bytes, offset: int, parts: list[Chunk] | None) -> None:
    parts = parts or salvage.chunks(data)[:MAX_PARTS]
    said = salvage.readable_file([data[part.start : part.end].decode("utf-8", "replace") for part in parts])
    line, column = salvage.line_column(data, offset)
    account.note_unread(
        "NW1003",
        "template actions: the file needs rendering",
        file=file,
        line=line + 1,
        column=column + 1,
        key="all of it",
        said=said,
        fate="not_understood",
    )
