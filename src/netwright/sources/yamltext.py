"""YAML text to plain values, in one pass over the C parser's events, with an explicit stack and bounds.

PyYAML's own composer calls itself for every level (40,000 brackets end the process), expands merge keys without a bound
and reads scalars as Python would. Here the nesting, the nodes that aliases and merge keys bring in and the length of a
scalar are bounded, and scalars are read as Kubernetes reads them (scalars.py). The reasons
stand in docs/decisions/0009-yaml-reader.md.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec

from netwright.base.patterns import deferred
from netwright.sources.scalars import MERGE, ScalarFault, finite, key_text, resolve, resolve_tagged

MAX_DEPTH = 100
"""Levels of nesting; the deepest CustomResourceDefinition seen in the wild has about 40."""
MAX_EXPANDED = 200_000
"""Nodes that aliases and merge keys may bring into one document beyond those written."""
MAX_SCALAR = 16 << 20
"""Characters of one scalar; the API server stores no object over 1.5 MiB."""


class TextFault(Exception):
    """A text that cannot be read: the diagnostic code, a message in lower case, 0-based line and column."""

    def __init__(self, code: str, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line
        self.column = column


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """One YAML document: its value, the 0-based line it starts on, and its lines' span in characters of the text."""

    value: Any
    line: int
    start: int
    end: int


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was written before in the same mapping, at its second place (0-based)."""

    key: str
    line: int
    column: int


class _Sentinel:
    """A mark of its own in the place of a key or value."""


_UNSEEN = _Sentinel()
_MERGE = _Sentinel()  # the plain key `<<`
_OPEN = _Sentinel()  # an anchor whose node is still being read


def new_parser(data: bytes | str) -> Any:
    """A parser with `get_event`: libyaml's where PyYAML was built with it, else PyYAML's own (slower, same events)."""
    _import_yaml()
    parser: Callable[[bytes | str], Any]
    try:
        from yaml._yaml import CParser as parser
    except ImportError:
        from yaml import Loader as parser
    return parser(data)


def _import_yaml() -> ModuleType:
    """PyYAML, which compiles the patterns of its own reader when it is imported: they cost as much as all of the rest,
    and libyaml's parser needs none of them."""
    with deferred():
        import yaml
    return yaml


def build(data: bytes, documents: list[Built], repeated: list[Repeated]) -> None:
    """Append every document of `data` (UTF-8) that is not empty to `documents`, keys written twice to `repeated`.

    Raises TextFault at the first document that cannot be read; those before it are in `documents` by then.
    """
    yaml = _import_yaml()
    _refuse_long_line(data)
    try:
        _build(data, documents, repeated)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        problem = fault.problem or fault.context or "not readable"
        line, column = (mark.line, mark.column) if mark else (0, 0)
        if "nesting" in problem:  # libyaml has a bound of its own since 0.2.6, which looks ahead
            raise TextFault("NW1002", f"nested over {MAX_DEPTH} levels deep", line, column) from None
        raise TextFault("NW1001", f"not valid YAML: {problem}", line, column) from None
    except yaml.YAMLError as fault:
        reason = getattr(fault, "reason", "") or str(fault)
        raise TextFault("NW1001", f"not valid YAML: {reason}", 0, 0) from None
    except (MemoryError, OverflowError):
        raise TextFault("NW1002", "more memory than there is would be needed to read it", 0, 0) from None


def _refuse_long_line(data: bytes) -> None:
    """Raise TextFault for a line longer than any scalar may be: the parser would copy it several times over."""
    start = 0
    while len(data) - start > MAX_SCALAR:
        end = data.rfind(b"\n", start, start + MAX_SCALAR + 1)
        if end < 0:
            raise TextFault("NW1002", f"a line of over {MAX_SCALAR >> 20} MiB", data.count(b"\n", 0, start), 0)
        start = end + 1


def _build(data: bytes, documents: list[Built], repeated: list[Repeated]) -> None:
    yaml = _import_yaml()
    scalar_event, mapping_start, mapping_end = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.MappingEndEvent
    sequence_start, sequence_end, alias_event = yaml.SequenceStartEvent, yaml.SequenceEndEvent, yaml.AliasEvent
    document_start, document_end, stream_end = yaml.DocumentStartEvent, yaml.DocumentEndEvent, yaml.StreamEndEvent
    get_event = new_parser(data).get_event
    # What most texts do not have is looked for once, not once a scalar.
    anchored = b"&" in data
    tagged = b"!" in data
    large = len(data) > MAX_SCALAR
    seen: dict[str, Any] = {"<<": _MERGE}

    stack: list[tuple[Any, Any, str | None, int]] = []  # (container, pending key, anchor, nodes at its start)
    current: Any = []  # the open container; a list holds the document's root
    mapping = False  # whether it is a mapping
    key: Any = None  # the pending key of a mapping; None: a key comes next
    anchors: dict[str, Any] = {}
    nodes = expanded = 0
    line = start = 0
    ended: Built | None = None
    value: Any

    while True:
        event = get_event()
        kind = event.__class__
        if kind is scalar_event:
            text = event.value
            if event.implicit[0] and not (tagged and event.tag is not None):
                value = seen.get(text, _UNSEEN)
                if value is _UNSEEN:
                    value = resolve(text)
                    if value.__class__ is float and not finite(value):
                        if key is not None or not mapping:
                            raise _fault("NW1001", f"`{text}` is a number that JSON cannot hold", event)
                    elif len(text) < 64:
                        seen[text] = value
                    if large and len(text) > MAX_SCALAR:
                        raise _fault("NW1002", f"a scalar of over {MAX_SCALAR >> 20} MiB", event)
                elif value is _MERGE and (key is not None or not mapping):
                    value = text
            elif event.tag is None or event.tag == "!":
                value = text
                if large and len(text) > MAX_SCALAR:
                    raise _fault("NW1002", f"a scalar of over {MAX_SCALAR >> 20} MiB", event)
            else:
                value = _tagged(event, mapping and key is None)
            if anchored and event.anchor is not None:
                anchors[event.anchor] = (text if value is _MERGE else value, 1)
        elif kind is mapping_start or kind is sequence_start:
            if mapping and key is None:
                raise _fault("NW1001", f"a {'mapping' if kind is mapping_start else 'list'} cannot be a key", event)
            if len(stack) >= MAX_DEPTH:
                raise _fault("NW1002", f"nested over {MAX_DEPTH} levels deep", event)
            stack.append((current, key, event.anchor, nodes))
            if event.anchor is not None:
                anchors[event.anchor] = _OPEN
            parent, current = current, {} if kind is mapping_start else []
            if key is _MERGE:
                pass  # joins its parent when complete
            elif mapping:
                parent[key] = current
            else:
                parent.append(current)
            mapping = kind is mapping_start
            key = None
            continue
        elif kind is mapping_end or kind is sequence_end:
            value = current
            nodes += len(value) + 1
            current, key, anchor, before = stack.pop()
            mapping = current.__class__ is dict
            if anchor is not None:
                anchors[anchor] = (value, nodes - before)
            if key is _MERGE:
                expanded += _merge(value, current, event)
                if expanded > MAX_EXPANDED:
                    raise _fault("NW1002", f"merge keys bring in over {MAX_EXPANDED:,} nodes", event)
            key = None
            continue
        elif kind is alias_event:
            found = anchors.get(event.anchor)
            if found is None:
                raise _fault("NW1001", f"unknown anchor `{event.anchor}`", event)
            if found is _OPEN:
                raise _fault("NW1001", f"anchor `{event.anchor}` contains itself", event)
            value, size = found
            nodes += size
            expanded += size
            if expanded > MAX_EXPANDED:
                raise _fault("NW1002", f"aliases bring in over {MAX_EXPANDED:,} nodes", event)
            if key is _MERGE:
                if not isinstance(value, dict):
                    raise _fault("NW1001", "`<<` needs a mapping or a list of mappings", event)
                expanded += _merge(value, current, event)
                key = None
                continue
        elif kind is document_start:
            if ended is not None:
                documents.append(ended)
                ended = None
            line, start = event.start_mark.line, event.start_mark.index - event.start_mark.column
            anchors = {}
            expanded = nodes = 0
            continue
        elif kind is document_end:
            root = current.pop()
            if root is not None:
                # A document without an end mark is known to be complete only when the next one, or the end, is reached:
                # a line indented too little ends it for the parser, and what follows is the error.
                ended = Built(value=root, line=line, start=start, end=event.end_mark.index)
                if event.explicit:
                    documents.append(ended)
                    ended = None
            continue
        elif kind is stream_end:
            if ended is not None:
                documents.append(ended)
            return
        else:
            continue

        # A scalar or an alias: a key, the value of one, or an element.
        if not mapping:
            current.append(value)
        elif key is None:
            if value.__class__ is not str and value is not _MERGE:
                value = _key(value, event)
            if value in current:
                if value is not _MERGE:
                    repeated.append(Repeated(key=value, line=event.start_mark.line, column=event.start_mark.column))
            key = value
        elif key is _MERGE:
            raise _fault("NW1001", "`<<` needs a mapping or a list of mappings", event)
        else:
            current[key] = value
            key = None


def _fault(code: str, message: str, event: Any) -> TextFault:
    return TextFault(code, message, event.start_mark.line, event.start_mark.column)


def _tagged(event: Any, as_key: bool) -> Any:
    if event.tag == MERGE and event.value == "<<" and as_key:
        return _MERGE
    try:
        value = resolve_tagged(event.tag, event.value)
    except ScalarFault as fault:
        raise _fault("NW1001", str(fault), event) from None
    if not as_key and not finite(value):
        raise _fault("NW1001", f"`{event.value}` is a number that JSON cannot hold", event)
    return value


def _key(value: Any, event: Any) -> str:
    if isinstance(value, (dict, list)):
        raise _fault("NW1001", f"a {'mapping' if isinstance(value, dict) else 'list'} cannot be a key", event)
    try:
        return key_text(value, getattr(event, "value", str(value)))
    except ScalarFault as fault:
        raise _fault("NW1001", str(fault), event) from None


def _merge(source: Any, target: dict[str, Any], event: Any) -> int:
    """Take the entries of a merge key's value into `target`, over what is there, as Kubernetes' reader does.

    Returns the number of entries copied. The list's last mapping comes first, so that earlier ones win over later ones.
    """
    parts = [source] if isinstance(source, dict) else source
    count = 0
    for part in reversed(parts):
        if not isinstance(part, dict):
            raise _fault("NW1001", "`<<` needs a mapping or a list of mappings", event)
        target.update(part)
        count += len(part)
    return count
