"""Line and column of a pointer, computed when asked: the text is kept, one document of it is scanned again."""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from netwright.base.patterns import pattern
from netwright.base.spans import Node, Place, Pointer, Position
from netwright.model.document import Texts
from netwright.sources.salvage import line_column, split_lines
from netwright.sources.scalars import MERGE, ScalarFault, key_text, resolve, resolve_tagged
from netwright.sources.yamltext import new_parser

_SKIP = pattern(r'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_STRING = pattern(r'\s*("(?:[^"\\]|\\.)*")\s*:\s*')
_SPACE = pattern(r"\s*")
_GAP = pattern(rb"[\s,\[]*")
_COMMA, _BRACE = b",{"
_ATOM = pattern(r'"(?:[^"\\]|\\.)*"|[^\s,\]}]+')
_ITEMS = pattern(r"^items:[ \t]*\r?\n((?:  )?)(?=- )", re.MULTILINE)
_ALIAS = pattern(r"(?:^|[\s\[{,])\*")
_JSON_TOKEN = pattern(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s,:{}\[\]"]+')
_BREAK = pattern("\r\n|[\n\r\x85\u2028\u2029]")
_CACHED = 64
"""Documents whose scanned positions are kept."""
_MARKED = 4096
"""Bytes between offsets whose line and column are kept."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Where a document stands: bytes `start` to `end` of its file.

    For YAML the bytes are those of the part that was parsed; `first` and `last` are the document's characters in it,
    from the start of the line it begins on, `line` is that line (0-based, of the file), `count` the items of a list.
    `items` are the raw items of a JSON list, in order.
    """

    json: bool
    start: int
    end: int
    line: int = 0
    first: int = 0
    last: int = 0
    count: int = 0
    items: Sequence[msgspec.Raw] = ()


class KeptTexts:
    """The texts of one reading by displayed file name, as UTF-8. Answers `model.document.Texts`."""

    def __init__(self) -> None:
        self._data: dict[str, bytes] = {}
        self._spans: dict[str, list[Span]] = {}
        self._nodes: dict[tuple[str, int, int], tuple[Node, int]] = {}
        self._starts: dict[tuple[str, int], list[tuple[int, int]]] = {}
        self._offsets: dict[tuple[str, int], list[int]] = {}
        self._marks: dict[str, tuple[list[int], list[tuple[int, int]]]] = {}
        self._decoded: tuple[str, int, str] = ("", -1, "")
        self._lines: tuple[str, list[str]] = ("", [])
        self._others: dict[str, tuple[Texts, str]] = {}

    def adopt(self, texts: Texts, names: Mapping[str, str]) -> None:
        """Answer for texts that were read before, too: by what they are called here, as what they are called there."""
        self._others |= {here: (texts, there) for here, there in names.items()}

    def keep(self, file: str, data: bytes) -> None:
        """Keep the text of `file`, UTF-8 without a byte order mark."""
        self._data[file] = data
        self._spans[file] = []

    def add(self, file: str, span: Span) -> int:
        """Note the next document of `file`; returns its number, from 0."""
        spans = self._spans[file]
        spans.append(span)
        return len(spans) - 1

    def files(self) -> list[str]:
        return [*self._data, *self._others]

    def lines(self, file: str) -> list[str]:
        if file in self._others:
            texts, there = self._others[file]
            return texts.lines(there)
        if file not in self._data:
            return []
        if self._lines[0] != file:
            self._lines = (file, split_lines(self._data[file]))
        return self._lines[1]

    def digests(self) -> dict[str, str]:
        found = {file: hashlib.sha256(data).hexdigest() for file, data in self._data.items()}
        for here, (texts, there) in self._others.items():
            digest = texts.digests().get(there)
            if digest is not None:
                found[here] = digest
        return found

    def position(self, place: Place, pointer: Pointer = ()) -> Position | None:
        if place.file in self._others:
            texts, there = self._others[place.file]
            found = texts.position(msgspec.structs.replace(place, file=there), pointer)
            return None if found is None else msgspec.structs.replace(found, file=place.file)
        spans = self._spans.get(place.file, [])
        if place.document >= len(spans):
            return None
        span = spans[place.document]
        path = (*place.item, *pointer)
        line, column = self._in_json(place, span, path) if span.json else self._in_yaml(place, span, path)
        return Position(file=place.file, line=line + 1, column=column + 1)

    def nodes(self, place: Place) -> Node | None:
        """The places of all nodes of one object, lines and columns 0-based in its file; None where no text is kept."""
        if place.file in self._others:
            texts, there = self._others[place.file]
            return texts.nodes(msgspec.structs.replace(place, file=there))
        spans = self._spans.get(place.file, [])
        if place.document >= len(spans):
            return None
        span = spans[place.document]
        if span.json:
            start, end, path = self._json_extent(place, span, place.item)
            text = self._data[place.file][start:end].decode("utf-8", "replace")
            line, column = self._line_column(place.file, start)
            return _descend(scan_json(text, line, column), path)
        node, line, path = self._yaml_node(place, span, place.item)
        return _moved(_descend(node, path), line)

    # --- YAML ---

    def _in_yaml(self, place: Place, span: Span, path: Pointer) -> tuple[int, int]:
        node, line, path = self._yaml_node(place, span, path)
        node = _descend(node, path)
        return line + node.line, node.column

    def _yaml_node(self, place: Place, span: Span, path: Pointer) -> tuple[Node, int, Pointer]:
        """The scanned part that a path leads into, the line it begins on, and what of the path is left."""
        item = path[1] if len(path) > 1 and path[0] == "items" and isinstance(path[1], int) else -1
        starts = self._item_starts(place, span) if 0 <= item < span.count else []
        known = self._nodes.get((place.file, place.document, item if starts else -1))
        if known is None:
            text = self._part(place.file, span)
            first, last, line = span.first, span.last, span.line
            if starts:
                first, line = starts[item]
                last = starts[item + 1][0] if item + 1 < len(starts) else span.last
                if _ALIAS.search(text, first, last):  # what it stands for is written elsewhere
                    first, last, line, starts = span.first, span.last, span.line, []
            known = (scan(text[first:last]), line)
            if len(self._nodes) >= _CACHED:
                self._nodes.pop(next(iter(self._nodes)))
            self._nodes[place.file, place.document, item if starts else -1] = known
        node, line = known
        return node, line, (0, *path[2:]) if starts else path

    def _item_starts(self, place: Place, span: Span) -> list[tuple[int, int]]:
        """Character and line of each item of a list written in block style; nothing where that is not sure.

        A line that begins with a dash in the items' own column begins an item: all inside an item is indented more.
        """
        starts = self._starts.get((place.file, place.document))
        if starts is None:
            starts = []
            text = self._part(place.file, span)
            head = _ITEMS.search(text, span.first, span.last)
            plain = not any(mark in text for mark in ("\x85", "\u2028", "\u2029")) and "\r" not in text.replace(
                "\r\n", ""
            )
            if head is not None and plain:
                line, before = span.line, span.first
                dash = re.compile(rf"^{head[1]}-(?=[ \r\n])", re.MULTILINE)
                for match in dash.finditer(text, head.start(1), span.last):
                    line += text.count("\n", before, match.start())
                    before = match.start()
                    starts.append((before, line))
            starts = starts if len(starts) == span.count else []
            self._starts[place.file, place.document] = starts
        return starts

    def _part(self, file: str, span: Span) -> str:
        if self._decoded[:2] != (file, span.start):
            self._decoded = (file, span.start, self._data[file][span.start : span.end].decode("utf-8", "replace"))
        return self._decoded[2]

    # --- JSON ---

    def _in_json(self, place: Place, span: Span, path: Pointer) -> tuple[int, int]:
        start, end, path = self._json_extent(place, span, path)
        text = self._data[place.file][start:end].decode("utf-8", "replace")
        offset = start + len(text[: find(text, path)].encode())
        return self._line_column(place.file, offset)

    def _json_extent(self, place: Place, span: Span, path: Pointer) -> tuple[int, int, Pointer]:
        """The bytes in which a path is looked for, and what of it is left: those of one item of a list alone."""
        if (
            span.items
            and len(path) > 1
            and path[0] == "items"
            and isinstance(path[1], int)
            and path[1] < len(span.items)
        ):
            start = self._item_offsets(place, span)[path[1]]
            return start, start + len(memoryview(span.items[path[1]])), path[2:]
        return span.start, span.end, path

    def _item_offsets(self, place: Place, span: Span) -> list[int]:
        offsets = self._offsets.get((place.file, place.document))
        if offsets is None:
            data = self._data[place.file]
            # The key stands near the start: the text of thousands of items is not decoded for it.
            text = data[span.start : min(span.end, span.start + 65_536)].decode("utf-8", "ignore")
            at = find(text, ("items",), first=True)
            if not at:
                text = data[span.start : span.end].decode()
                at = find(text, ("items",), first=True)
            offset = span.start + len(text[:at].encode())
            offsets = []
            for length in [len(memoryview(item)) for item in span.items]:
                # Only space, the opening bracket or a comma stand before an item: mostly a comma.
                if data[offset] == _COMMA and data[offset + 1] == _BRACE:
                    offset += 1
                elif gap := _GAP.match(data, offset):
                    offset = gap.end()
                offsets.append(offset)
                offset += length
            self._offsets[place.file, place.document] = offsets
        return offsets

    def _line_column(self, file: str, offset: int) -> tuple[int, int]:
        """Counted from the nearest offset before that was asked for, not from the file's start."""
        data = self._data[file]
        offsets, places = self._marks.setdefault(file, ([0], [(0, 0)]))
        at = bisect_right(offsets, offset) - 1
        line, column = places[at]
        between = data[offsets[at] : offset]
        down, right = line_column(between, len(between))
        line, column = line + down, right if down else column + right
        if len(between) > _MARKED:
            offsets.insert(at + 1, offset)
            places.insert(at + 1, (line, column))
        return line, column


def scan(text: str) -> Node:
    """The places of all nodes of the first document in `text`: a document, or items of a list, that was read before."""
    import yaml

    scalar_event, alias_event = yaml.ScalarEvent, yaml.AliasEvent
    mapping_start, sequence_start = yaml.MappingStartEvent, yaml.SequenceStartEvent
    mapping_end, sequence_end = yaml.MappingEndEvent, yaml.SequenceEndEvent
    get_event = new_parser(text).get_event
    stack: list[tuple[Node, dict[str | int, Node], Any, str | None]] = []
    children: dict[str | int, Node] = {}
    root = current = Node(0, 0, children)
    key: Any = 0  # of a list: the next index; of a mapping: None while a key comes next
    anchors: dict[str, Node] = {}
    while True:
        try:
            event: Any = get_event()
        except yaml.YAMLError:
            break  # what follows a list's last item: the item itself is complete
        kind = event.__class__
        if kind is scalar_event or kind is alias_event:
            if key is None:
                key = _key(event)
                continue
            mark = event.start_mark
            node = Node(mark.line, mark.column)
            if kind is alias_event:
                target = anchors.get(event.anchor)
                node.children = target.children if target else None
            elif event.anchor is not None:
                anchors[event.anchor] = node
            if key is MERGE:
                _merge(current, node)
            else:
                children[key] = node
            key = key + 1 if key.__class__ is int else None
        elif kind is mapping_start or kind is sequence_start:
            mark = event.start_mark
            below: dict[str | int, Node] = {}
            node = Node(mark.line, mark.column, below)
            if key is not MERGE:
                children[key] = node
            stack.append((current, children, key, event.anchor))
            current, children = node, below
            key = 0 if kind is sequence_start else None
        elif kind is mapping_end or kind is sequence_end:
            ended = current
            current, children, key, anchor = stack.pop()
            if anchor is not None:
                anchors[anchor] = ended
            if key is MERGE:
                _merge(current, ended)
            key = key + 1 if key.__class__ is int else None
        elif kind is yaml.DocumentEndEvent or kind is yaml.StreamEndEvent:
            break
    return (root.children or {}).get(0, root)


def key_at(text: str, path: Pointer) -> tuple[int, int] | None:
    """0-based line and column of the key that a path ends with, or of the element of a list, in the first document of
    `text`, which was read before; None where it is not written there (but merged in)."""
    import yaml

    starts = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
    ends = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
    get_event = new_parser(text).get_event
    steps: list[str | int | None] = []  # of each open container: the index, or the key; None while a key comes next
    while True:
        event: Any = get_event()
        kind = event.__class__
        if kind in ends:
            steps.pop()
        elif kind in starts or kind is yaml.ScalarEvent or kind is yaml.AliasEvent:
            is_key = bool(steps) and steps[-1] is None
            if is_key:
                steps[-1] = _key(event)
            if tuple(steps) == path and (is_key or isinstance(steps[-1], int)):
                return event.start_mark.line, event.start_mark.column
            if is_key:
                continue
            if kind in starts:
                steps.append(0 if kind is yaml.SequenceStartEvent else None)
                continue
        elif kind is yaml.DocumentEndEvent or kind is yaml.StreamEndEvent:
            return None
        else:
            continue
        if steps:  # a value is complete
            last = steps[-1]
            steps[-1] = last + 1 if isinstance(last, int) else None


def _descend(node: Node, path: Pointer) -> Node:
    for step in path:
        child = node.children.get(step) if node.children else None
        if child is None:
            break
        node = child
    return node


def _moved(node: Node, lines: int) -> Node:
    """The same so many lines further down. What an alias stands for is one node in two places, and becomes two."""
    below = {step: _moved(child, lines) for step, child in node.children.items()} if node.children else node.children
    return Node(node.line + lines, node.column, below)


def scan_json(text: str, line: int = 0, column: int = 0) -> Node:
    """The places of all nodes of one well-formed JSON value, whose text begins at this line and column (0-based)."""
    root: Node | None = None
    stack: list[tuple[Node, bool]] = []  # the open containers, and whether each is a mapping
    key: str | None = None
    start = -column  # of the line, as an offset
    at = 0
    for match in _JSON_TOKEN.finditer(text):
        token, offset = match[0], match.start()
        for found in _BREAK.finditer(text, at, offset):
            line, start = line + 1, found.end()
        at = offset
        first = token[0]
        if first in "}]":
            stack.pop()
            continue
        if first == '"' and stack and stack[-1][1] and key is None:
            key = token[1:-1] if "\\" not in token else str(msgspec.json.decode(token))
            continue
        node = Node(line, offset - start, {} if first in "{[" else None)
        if not stack:
            root = root or node
        else:
            children = stack[-1][0].children
            if children is not None:
                children[key if key is not None else len(children)] = node
            key = None
        if first in "{[":
            stack.append((node, first == "{"))
    return root or Node(line, column)


def _key(event: Any) -> str:
    if event.__class__.__name__ == "AliasEvent":
        return ""
    if event.value == "<<" and (event.implicit[0] or event.tag == MERGE):
        return MERGE
    try:
        if event.implicit[0] and event.tag is None:
            return key_text(resolve(event.value), event.value)
        untagged = event.tag is None or event.tag == "!"
        return event.value if untagged else key_text(resolve_tagged(event.tag, event.value), event.value)
    except ScalarFault:
        return str(event.value)


def _merge(target: Node, source: Node) -> None:
    if target.children is None or source.children is None:
        return
    parts = [source]
    if source.children and all(isinstance(step, int) for step in source.children):
        parts = [source.children[step] for step in reversed(source.children)]
    for part in parts:
        target.children.update(part.children or {})


def find(text: str, path: Pointer, *, first: bool = False) -> int:
    """Offset of the value at `path` in one JSON value, of its nearest parent where it is absent.

    Of a key written twice the last counts, as in decoding; with `first` the first, and the rest is not looked at.
    """
    offset = _space(text, 0)
    for step in path:
        opening = text[offset : offset + 1]
        if opening == "{" and isinstance(step, str):
            found = _member(text, offset + 1, step, last=not first)
        elif opening == "[" and isinstance(step, int):
            found = _element(text, offset + 1, step)
        else:
            break
        if found < 0:
            break
        offset = found
    return offset


def _member(text: str, offset: int, name: str, *, last: bool) -> int:
    found = -1
    while True:
        match = _STRING.match(text, offset)
        if match is None:
            return found
        value = match.end()
        if match[1] == f'"{name}"' or ("\\" in match[1] and msgspec.json.decode(match[1]) == name):
            found = value
            if not last:
                return found
        offset = _space(text, _end(text, value))
        if text[offset : offset + 1] != ",":
            return found
        offset += 1


def _element(text: str, offset: int, index: int) -> int:
    offset = _space(text, offset)
    while text[offset : offset + 1] not in ("]", ""):
        if index == 0:
            return offset
        index -= 1
        offset = _space(text, _end(text, offset))
        if text[offset : offset + 1] != ",":
            return -1
        offset = _space(text, offset + 1)
    return -1


def _space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset


def _end(text: str, offset: int) -> int:
    """Where the JSON value that begins at `offset` ends."""
    if text[offset : offset + 1] not in ("{", "["):
        match = _ATOM.match(text, offset)
        return match.end() if match else offset + 1
    depth = 0
    for match in _SKIP.finditer(text, offset):
        token = match[0]
        if token in ("{", "["):
            depth += 1
        elif token in ("}", "]"):
            depth -= 1
            if depth == 0:
                return match.end()
    return len(text)
