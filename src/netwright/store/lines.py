"""Where the nodes of kept objects stand, and which lines of a text hold nothing but what is kept of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from netwright.base.spans import Node, Place, Pointer, Position

_PUNCTUATION = re.compile(r"[\s{}\[\],:.-]*")
_BARE = re.compile(r"""[\s-]*(?:"([^"]*)"|'([^']*)'|([^\s"'{\[#][^"'{\[#]*?))\s*:\s*""")
_COMMENT = re.compile(r"(?:^|\s)#")
_WHOLE_COMMENT = re.compile(r"\s*#")
COMMAND: Final = ("command", "args")
"""Fields of a container of which a part is kept."""


def pruned(node: Node, kept: Any) -> list[Any]:
    """The places of the kept nodes: [line, column], and of those that have children these, by key or in a list."""
    at: list[Any] = [node.line, node.column]
    below = node.children or {}
    if isinstance(kept, dict):
        at.append({key: pruned(below[key], value) for key, value in kept.items() if key in below})
    elif isinstance(kept, list):
        at.append([pruned(below[i], value) for i, value in enumerate(kept) if i in below])
    return at


def along(value: Any, pointer: Pointer) -> Any:
    """Of a value nothing but the way of a pointer; mappings stand for lists."""
    if not pointer:
        return {} if isinstance(value, (dict, list)) else value
    step = pointer[0]
    items = dict(enumerate(value)) if isinstance(value, list) else value if isinstance(value, dict) else {}
    return {step: along(items[step], pointer[1:])} if step in items else {}


def at_pointer(node: Node, pointer: Pointer) -> list[Any]:
    """The places of the nodes on the way of a pointer, as far as they are there."""
    at: list[Any] = [node.line, node.column]
    child = (node.children or {}).get(pointer[0]) if pointer else None
    if child is not None:
        at.append({str(pointer[0]): at_pointer(child, pointer[1:])})
    return at


class KeptLines:
    """Gathers which lines of one text may be kept."""

    def __init__(self) -> None:
        self._clean: dict[int, bool] = {}  # 0-based; whether comments on it are kept
        self._dirty: set[int] = set()
        self._starts: set[int] = set()
        self._keys: set[str] = set()
        self._blocks: list[tuple[int, int]] = []
        self._commented: list[tuple[int, int]] = []

    def add(self, node: Node, kept: Any, written: Any, *, beside: bool, between: bool) -> None:
        """An object, what is kept of it and what was written. Comments `beside` and `between` its lines are kept, or
        not."""
        waiting = [(node, kept, written)]
        last = node.line
        while waiting:
            at, value, was = waiting.pop()
            if isinstance(value, str) and value != was:
                self._drop(at)
                continue
            self._starts.add(at.line)
            self._clean[at.line] = self._clean.get(at.line, True) and beside
            last = max(last, at.line)
            if isinstance(value, str) and "\n" in value:
                self._blocks.append((at.line, value.count("\n")))
            for step, child in (at.children or {}).items():
                if step in COMMAND:
                    self._drop(child)  # of its words one is kept, and the others may stand on the same line
                elif isinstance(value, dict) and step in value:
                    self._keys.add(str(step))
                    waiting.append((child, value[step], _below(was, step)))
                elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                    waiting.append((child, value[step], _below(was, step)))
                else:
                    self._drop(child)
        if between:
            spec = (node.children or {}).get("spec")
            if spec is not None:
                self._commented.append((spec.line, last))

    def _drop(self, node: Node) -> None:
        waiting = [node]
        while waiting:
            at = waiting.pop()
            self._dirty.add(at.line)
            self._starts.add(at.line)
            waiting += (at.children or {}).values()

    def lines(self, text: list[str]) -> dict[int, str]:
        """The lines that are kept, by their 1-based number."""
        found: dict[int, str] = {}
        for number, line in enumerate(text):
            shown = self._shown(number, line)
            if shown is not None and shown:
                found[number + 1] = shown
        for start, count in self._blocks:
            if start in self._dirty:
                continue
            for number in range(start + 1, min(start + count + 1, len(text))):
                if number in self._starts:
                    break
                found[number + 1] = text[number]
        for first, last in self._commented:
            for number in range(first, min(last + 1, len(text))):
                if number not in self._starts and _WHOLE_COMMENT.match(text[number]):
                    found[number + 1] = text[number]
        return found

    def _shown(self, number: int, line: str) -> str | None:
        if number in self._dirty:
            return None
        if _PUNCTUATION.fullmatch(line):
            return line
        comment = _COMMENT.search(line)
        if comment is not None and not self._clean.get(number, False):
            if '"' in line[: comment.start()] or "'" in line[: comment.start()]:
                return None
            line = line[: comment.start()]
        bare = _BARE.fullmatch(line[: comment.start()] if comment is not None else line)
        if bare is not None:
            return line if (bare[1] or bare[2] or bare[3] or "").strip() in self._keys else None
        return line if number in self._clean else None


def _below(value: Any, step: Any) -> Any:
    return value[step] if isinstance(value, (dict, list)) else None


class StoredTexts:
    """What is kept of the texts behind the objects. Answers `model.document.Texts`."""

    def __init__(
        self,
        nodes: Mapping[tuple[str, int, Pointer], Any],
        lines: Mapping[str, Mapping[int, str]],
        counts: Mapping[str, int],
        digests: Mapping[str, str],
    ) -> None:
        self._nodes = nodes
        self._lines = lines
        self._counts = counts
        self._digests = digests

    def files(self) -> Iterable[str]:
        return self._digests

    def position(self, place: Place, pointer: Pointer = ()) -> Position | None:
        at = self._nodes.get((place.file, place.document, place.item))
        if at is None:
            return None
        for step in pointer:
            below = at[2] if len(at) > 2 else None
            if isinstance(below, dict) and str(step) in below:
                at = below[str(step)]
            elif isinstance(below, list) and isinstance(step, int) and step < len(below):
                at = below[step]
            else:
                break
        return Position(file=place.file, line=at[0] + 1, column=at[1] + 1)

    def nodes(self, place: Place) -> Node | None:
        at = self._nodes.get((place.file, place.document, place.item))
        return None if at is None else _node(at)

    def lines(self, file: str) -> list[str]:
        kept = self._lines.get(file, {})
        return [kept.get(number, "") for number in range(1, self._counts.get(file, 0) + 1)]

    def digests(self) -> Mapping[str, str]:
        return self._digests


def _node(at: Any) -> Node:
    below = at[2] if len(at) > 2 else None
    steps = below.items() if isinstance(below, dict) else enumerate(below or ())
    return Node(at[0], at[1], {step: _node(child) for step, child in steps} if below is not None else None)
