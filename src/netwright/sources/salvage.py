"""What a text that cannot be parsed still says: where its documents part, its readable `kind:` and `namespace:` lines.

The answer is on the safe side: a line that is templated, odd or absent reads as nothing, and nothing means "any".
"""

from __future__ import annotations

import re

import msgspec

from netwright.base.patterns import pattern
from netwright.model.document import OVN_OVERLAY
from netwright.model.kind_lists import names_of

_SEPARATOR = pattern(rb"^(?:---(?=[ \t\r\n]|\Z)|\.\.\.[ \t]*(?:#[^\n]*)?\r?\n(?!---))", re.MULTILINE)
_BREAK_BYTES = pattern(rb"\r\n|\n|\r|\xc2\x85|\xe2\x80[\xa8\xa9]")
BREAK = pattern("\r\n|\n|\r|\x85|\u2028|\u2029")
"""YAML 1.1's line breaks, the ones that the parser counts."""
# Patterns for what is wrong with a text are compiled when something is.
_UNREADABLE = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"

_KIND = r"(?m)^kind[ \t]*:(.*)$"
_WORD = r"""\s*(["']?)([A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?)\1\s*(?:#.*)?"""
_INDENTED = r"(?m)^([ ]*)(?:- +)?(apiVersion|kind)[ \t]*:(.*)$"
_JSON_TOKEN = r'"(?:[^"\\\n]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+'
_ACTION = r"(?s)\{\{-?\s*(.*?)\s*-?\}\}"
_CONTROL = r"(?:if|else|end|range|with|define|block)\b|/\*"
_COMMENT = r"(?:^|(?<=\s))#.*"
_QUOTED_OR_COMMENT = r"""(?m)(?:^|(?<=[\s:\[{,]))(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')|(?:^|(?<=\s))#[^\n]*"""
_LONG = 1 << 16


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a file between two `---` lines: its bytes from `start` to `end`, `line` its first line (0-based)."""

    start: int
    end: int
    line: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is readable of a broken text. Empty `kinds`: any kind; empty `namespaces`: any namespace; empty `called`:
    objects of any name. `names`: as in `Unread`."""

    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def chunks(data: bytes) -> list[Chunk]:
    """`data` cut before `---` and after `...` lines. No YAML construct may hold these, so the cut is safe anywhere."""
    starts = [match.start() if match[0] == b"---" else match.end() for match in _SEPARATOR.finditer(data)]
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    found: list[Chunk] = []
    line = 0
    for start, end in zip(starts, [*starts[1:], len(data)], strict=True):
        found.append(Chunk(start=start, end=end, line=line))
        line += count_breaks(data[start:end])
    return found


def count_breaks(data: bytes) -> int:
    """The number of line breaks in UTF-8 text."""
    if _has_plain_breaks(data):
        return data.count(b"\n")
    return sum(1 for _ in _BREAK_BYTES.finditer(data))


def split_lines(data: bytes) -> list[str]:
    """The lines of UTF-8 text."""
    text = data.decode("utf-8", "replace")
    return text.split("\n") if _has_plain_breaks(data) else BREAK.split(text)


def _has_plain_breaks(data: bytes) -> bool:
    """Whether every line break is a line feed. Of ASCII, which is most, that is known in a glance."""
    return b"\r" not in data and (data.isascii() or (b"\xc2\x85" not in data and b"\xe2\x80" not in data))


def line_column(data: bytes, offset: int) -> tuple[int, int]:
    """0-based line and column (in characters) of a byte offset."""
    head = data[:offset]
    last = head[head.rfind(b"\n") + 1 :]
    if last.isascii() and b"\r" not in last:
        return count_breaks(head[: len(head) - len(last)]), len(last)
    last = _BREAK_BYTES.split(last)[-1]
    return count_breaks(head), len(last.decode("utf-8", "replace"))


def bad_character(data: bytes) -> tuple[int, str] | None:
    """Byte offset and description of the first character that YAML does not allow, None where all are allowed."""
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        return fault.start, f"byte 0x{data[fault.start]:02x} is not valid UTF-8"
    match = re.search(_UNREADABLE, text)
    if match is None:
        return None
    name = "a NUL byte" if match[0] == "\0" else f"the control character U+{ord(match[0]):04X}"
    return len(text[: match.start()].encode()), f"{name} is not allowed"


def is_blank(text: str) -> bool:
    """Whether the text holds nothing but comments, separators and empty lines."""
    return all(not line or line[0] == "#" or line in ("---", "...") for line in map(str.strip, BREAK.split(text)))


def template_action(text: str) -> int:
    """Offset of the first `{{` outside of quotes and comments, -1 where there is none."""
    if "{{" not in text:
        return -1
    masked = re.sub(_QUOTED_OR_COMMENT, lambda match: " " * len(match[0]), text)
    return masked.find("{{")


def only_control(text: str) -> bool:
    """Whether the text is nothing but template actions that print nothing (`if`, `end`, comments …) and comments."""
    actions = re.findall(_ACTION, text)
    return all(re.match(_CONTROL, action) for action in actions) and is_blank(re.sub(_ACTION, "", text))


def has_control(text: str) -> bool:
    """Whether template actions decide which parts of the text are there at all."""
    return any(re.match(_CONTROL, action) for action in re.findall(_ACTION, text))


def readable(text: str) -> Said:
    """The kinds, namespaces and names that the text of one document says, as far as its lines can be read."""
    said = _readable(text)
    if len(text) > _LONG and said.called:
        said = msgspec.structs.replace(said, called=())  # of a long line, or of JSON, it may be half a name
    names = [name for name in names_of("", "ConfigMap") if name in text] if "ConfigMap" in said.kinds else []
    if "NetworkAttachmentDefinition" in said.kinds and (OVN_OVERLAY in text or "type" not in text):
        names.append(OVN_OVERLAY)
    return msgspec.structs.replace(said, names=tuple(names)) if names else said


def _readable(text: str) -> Said:
    if len(text) > _LONG:
        # No readable line is this long; what is cut off a line can only make it unreadable.
        begins_json = text[:100].removeprefix("---").lstrip()[:1] in ("{", "[")
        text = text[:_LONG] if begins_json else re.sub(r"(?m)^(.{200}).+$", r"\1", text)
    body = text.lstrip("\ufeff \t\r\n")
    if body.startswith("---"):
        body = body[3:].lstrip()
    if body.startswith(("{", "[")) and not body.startswith("{{"):
        return _readable_json(body)
    values = [match[1] for match in re.finditer(_KIND, text)]
    kinds = [word for word in map(_word, values) if word]
    if not kinds or len(kinds) < len(values):
        return Said()
    if any(kind == "List" for kind in kinds):
        return Said(kinds=_item_kinds(text))
    lists = any(kind.endswith("List") for kind in kinds)
    kinds = [kind.removesuffix("List") for kind in kinds]
    return Said(
        kinds=tuple(dict.fromkeys(kinds)),
        namespaces=() if lists else _in_metadata(text, len(kinds), "namespace"),
        called=() if lists or "{{" in text else _in_metadata(text, len(kinds), "name"),
    )


def readable_file(texts: list[str]) -> Said:
    """The same for a whole file, given document by document: nothing where one of them says nothing."""
    kinds: dict[str, None] = {}
    namespaces: dict[str, None] = {}
    names: dict[str, None] = {}
    any_namespace = False
    for text in texts:
        if is_blank(text) or only_control(text):
            continue
        said = readable(text)
        if not said.kinds:
            return Said()
        kinds.update(dict.fromkeys(said.kinds))
        namespaces.update(dict.fromkeys(said.namespaces))
        names.update(dict.fromkeys(said.names))
        any_namespace = any_namespace or not said.namespaces
    return Said(kinds=tuple(kinds), namespaces=() if any_namespace else tuple(namespaces), names=tuple(names))


def _word(value: str) -> str:
    match = re.fullmatch(_WORD, value.rstrip("\r"))
    return match[2] if match else ""


def _item_kinds(text: str) -> tuple[str, ...]:
    """Kinds of a `List`'s items: only where each `apiVersion:` line of the items' level has a readable `kind:` line."""
    counts = {"apiVersion": 0, "kind": 0}
    found: dict[str, None] = {}
    level = -1
    for match in re.finditer(_INDENTED, text):
        column = match.start(2) - match.start()
        if column == 0 or (level >= 0 and column > level):
            continue
        if level >= 0 and column < level:
            return ()
        level = column
        counts[match[2]] += 1
        if match[2] == "kind":
            word = _word(match[3])
            if not word:
                return ()
            found[word] = None
    items = len(re.findall(rf"^ {{0,{max(0, level - 1)}}}- ", text, re.MULTILINE)) if level > 0 else 0
    return tuple(found) if counts["kind"] == counts["apiVersion"] == items > 0 else ()


def _in_metadata(text: str, objects: int, key: str) -> tuple[str, ...]:
    """The names or namespaces in the `metadata:` blocks: only where there is one readable line for each object. The end
    of a text may be that of half a name."""
    found: list[str] = []
    indent: str | None = None
    inside = False
    lines = BREAK.split(text)
    for line in lines if key == "namespace" else lines[:-1]:
        body = line.lstrip(" ")
        if not body or body.startswith("#"):
            continue
        depth = line[: len(line) - len(body)]
        if not depth:
            inside = re.sub(_COMMENT, "", line).strip() == "metadata:"
            indent = None
            continue
        if not inside:
            continue
        indent = depth if indent is None else indent
        if depth == indent and re.match(rf"{key}[ \t]*:", body):
            found.append(_word(body.partition(":")[2]))
    return tuple(dict.fromkeys(found)) if len(found) == objects and all(found) else ()


def _readable_json(text: str) -> Said:
    """The same for JSON and flow mappings: `kind` at the first level, `namespace` in the first level's `metadata`."""
    path: list[str] = []
    key = last = ""
    kinds: list[str] = []
    namespaces: list[str] = []
    called: list[str] = []
    metadata = 0
    name = ""  # until it is known to end
    for match in re.finditer(_JSON_TOKEN, text):
        token = match[0]
        if name and token in ("}", ","):
            called.append(name)
            name = ""
        if token in ("{", "["):
            path.append(key)
            key = last = ""
            if len(path) > 1000:
                break
        elif token in ("}", "]"):
            if path:
                path.pop()
            key = last = ""
        elif token == ":":
            key, last = last, ""
            if "\\" in key and len(path) <= 2:
                return Said()  # an escaped key could be any
            metadata += len(path) == 1 and key == "metadata"
        elif token == ",":
            key = last = ""
        else:
            last = token.strip("\"'")
            if len(path) == 1 and key == "kind":
                kinds.append(last)
            elif len(path) == 2 and path[1] == "metadata" and key == "namespace":
                namespaces.append(last)
            elif len(path) == 2 and path[1] == "metadata" and key == "name":
                name = f"{name} {token}" if name else last
    # Several kinds are several objects, or one key written twice, of which the last counts: no place to be clever.
    kind = _word(kinds[0]) if len(kinds) == 1 else ""
    namespace = _word(namespaces[0]) if len(namespaces) == metadata == 1 else ""
    if not kind[:1].isalpha() or kind == "List":
        return Said()
    if kind.endswith("List"):
        return Said(kinds=(kind.removesuffix("List"),))
    alone = _word(called[0]) if len(called) == metadata == 1 and "{{" not in text else ""
    return Said(kinds=(kind,), namespaces=(namespace,) if namespace else (), called=(alone,) if alone else ())
