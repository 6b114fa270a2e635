"""Tables: aligned text that fits its width, CSV and Markdown, from columns and rows of cells.

A cell is text, a number, a sequence of texts, or None ("not known"). Text shrinks: lists keep whole items and count
the rest, places lose their front, names their middle, columns that may go are left out and named. What tells rows apart
is cut last, and no further than they stay apart, as long as there is any other room.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Final, Literal

import msgspec

from netwright.render.escape import csv_cell, markdown, plain, width

Cell = str | int | Sequence[str] | None
GAP: Final = "  "
ANY_LEAST: Final = 8
"""What a column keeps of its cells at the very least."""
Natural = dict[str, int]
"""The width of each column, by its key, in which nothing of it is cut."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. `cut` says how it shrinks ("never", "end", "front", "list") and to at least `least` characters.

    `key` heads it in CSV. `names`: its cells tell the rows apart; it is cut in the middle, and does not go. `goes`
    is when it is left out if the rest does not fit: the highest number first, 0 never; where there is no room even
    so, others but the first are left out from the right. `only_wide`: in text only with `-o wide`. `shown` is its
    text where that differs from the CSV's. `right` aligns it as numbers are. `below`: in wide text it stands under
    its row, as what is long and for reading does (`below_row`).
    """

    title: str
    key: str
    value: Callable[[Any], Cell]
    shown: Callable[[Any], Cell] | None = None
    cut: Literal["never", "end", "front", "list"] = "end"
    least: int = 8
    goes: int = 0
    names: bool = False
    only_wide: bool = False
    right: bool = False
    below: bool = False


class Laid(msgspec.Struct, frozen=True, kw_only=True):
    """A table as lines, and what did not fit: columns left out, and whether cells were shortened."""

    lines: tuple[str, ...]
    left_out: tuple[str, ...]
    is_shortened: bool


def text_table(
    columns: Sequence[Column], rows: Sequence[Any], *, room: int | None, sign: Callable[[str], str] = str
) -> Laid:
    """Aligned lines of at most `room` characters (None: as wide as they are), a heading first. `sign` is applied to
    all text
    before it is measured: `escape.ascii_text` where the terminal is not UTF-8."""
    chosen = [c for c in columns if (not c.below if room is None else not c.only_wide)]
    cells = {c.key: [[sign(part) for part in _parts((c.shown or c.value)(r))] for r in rows] for c in chosen}
    more = sign("…")
    # a column without a single cell tells nothing
    left_out: list[str] = []
    if rows and room is not None:
        chosen = [c for c in chosen if any(any(parts) for parts in cells[c.key])]
    natural = {c.key: max([width(c.title), *(width(", ".join(p)) for p in cells[c.key])]) for c in chosen}
    if room is not None and _sum(natural[c.key] for c in chosen) > room:
        apart = {c.key: _apart({", ".join(p) for p in cells[c.key]}, natural[c.key], more) for c in chosen if c.names}
        left_out = _leave_out(chosen, natural, apart, room)
    else:
        apart = {}
    widths = _fit(chosen, natural, apart, room)
    lines = [_line([(c.title, widths[c.key], c.right) for c in chosen])]
    is_shortened = False
    for i in range(len(rows)):
        line = []
        for c in chosen:
            text = _cut(cells[c.key][i], widths[c.key], "middle" if c.names else c.cut, more)
            is_shortened |= text != ", ".join(cells[c.key][i])
            line.append((text, widths[c.key], c.right))
        lines.append(_line(line))
    return Laid(lines=tuple(lines), left_out=tuple(left_out), is_shortened=is_shortened)


def below_row(columns: Sequence[Column], row: Any) -> Iterator[str]:
    """What stands under the row of a wide table: `ends at: deploy/shop/web`, and of a list a text for each item."""
    for column in columns:
        if column.below and (cell := column.value(row)):
            label = f"{column.title.lower()}: " if isinstance(cell, str) else ""
            yield from (label + part for part in _parts(cell))


def csv_table(columns: Sequence[Column], rows: Iterable[Any]) -> Iterator[str]:
    """Lines of CSV (RFC 4180, without their line ends): a heading of keys, every column, lists joined by spaces or
    `; `.
    """
    yield ",".join(csv_cell(c.key) for c in columns)
    for row in rows:
        yield ",".join(_csv(c.value(row)) for c in columns)


def markdown_table(columns: Sequence[Column], rows: Sequence[Any]) -> Iterator[str]:
    """Lines of a Markdown table with every column."""
    values = [[c.value(r) for c in columns] for r in rows]
    yield "| " + " | ".join(markdown(c.title.lower()) for c in columns) + " |"
    yield "|" + "|".join("---:" if c.right else "---" for c in columns) + "|"
    for line in values:
        yield "| " + " | ".join(markdown(", ".join(_raw(v))) for v in line) + " |"


def _csv(cell: Cell) -> str:
    if isinstance(cell, int):
        return str(cell)
    return csv_cell("; ".join(_raw(cell)))


def _raw(cell: Cell) -> list[str]:
    if cell is None:
        return []
    return [str(cell)] if isinstance(cell, (str, int)) else list(cell)


def _parts(cell: Cell) -> list[str]:
    return [plain(part) for part in _raw(cell)]


def _sum(widths: Iterable[int]) -> int:
    listed = list(widths)
    return sum(listed) + len(GAP) * (len(listed) - 1)


def _smallest(column: Column, natural: Natural, apart: Natural) -> int:
    """The width that a column is to keep while others may go."""
    most = natural[column.key]
    if column.cut == "never":
        return most
    return max(min(most, max(column.least, width(column.title))), apart.get(column.key, 0))


def _at_least(column: Column, natural: Natural, apart: Natural) -> int:
    """The width below which a column is not worth its place."""
    most = natural[column.key]
    if column.cut == "never":
        return most
    return min(most, max(ANY_LEAST, width(column.title), apart.get(column.key, 0)))


def _leave_out(chosen: list[Column], natural: Natural, apart: Natural, room: int) -> list[str]:
    """Takes the columns out that go; their titles, those that went last first."""
    gone: list[str] = []
    while _sum(_smallest(c, natural, apart) for c in chosen) > room:
        going = max(chosen, key=lambda c: c.goes)
        if not going.goes:
            break
        chosen.remove(going)
        gone.append(going.title)
    while _sum(_at_least(c, natural, apart) for c in chosen) > room:
        others = [c for c in chosen[1:] if not c.names]
        if not others:
            break
        chosen.remove(others[-1])
        gone.append(others[-1].title)
    return gone[::-1]


def _fit(columns: Sequence[Column], natural: Natural, apart: Natural, room: int | None) -> Natural:
    """The widest column gives first, character by character, down to its least; lists and places before names, and what
    tells rows apart after all others."""
    widths = {c.key: natural[c.key] for c in columns}
    if room is None:
        return widths
    over = _sum(widths.values()) - room
    steps: tuple[Callable[[Column], bool], ...] = (
        lambda c: widths[c.key] > _smallest(c, natural, apart),
        lambda c: not c.names and widths[c.key] > _at_least(c, natural, apart),
        lambda c: widths[c.key] > _at_least(c, natural, apart),
        lambda c: c.cut != "never" and widths[c.key] > max(ANY_LEAST, width(c.title)),
    )
    while over > 0:
        giving = next((found for step in steps if (found := [c for c in columns if step(c)])), None)
        if giving is None:
            break
        widths[max(giving, key=lambda c: (c.cut != "end", widths[c.key])).key] -= 1
        over -= 1
    return widths


def _apart(cells: Collection[str], natural: int, more: str) -> int:
    """The least width at which cells that differ are still told apart."""
    low, high = min(ANY_LEAST, natural), natural
    while low < high:
        room = (low + high) // 2
        if len({_middle(text, room, more) for text in cells}) == len(cells):
            high = room
        else:
            low = room + 1
    return high


def _cut(parts: Sequence[str], room: int, how: str, more: str) -> str:
    text = ", ".join(parts)
    if width(text) <= room or how == "never":
        return text
    if how == "list" and len(parts) > 1:
        for kept in range(len(parts) - 1, 0, -1):
            shorter = f"{', '.join(parts[:kept])} +{len(parts) - kept}"
            if width(shorter) <= room:
                return shorter
        count = f" +{len(parts) - 1}"
        fitting = next((p for p in parts if width(p + count) <= room), "")
        if fitting:
            return fitting + count
        return _clip(parts[0], room - len(count), more) + count
    if how == "front":
        whole = [f"{more}{text[i:]}" for i, c in enumerate(text) if c == "/"]
        return next((t for t in whole if width(t) <= room), "") or _clip(text, room, more, front=True)
    return _middle(text, room, more) if how == "middle" else _clip(text, room, more)


def _middle(text: str, room: int, more: str) -> str:
    """The text without its middle: names that people and programs give differ at their ends."""
    if width(text) <= room:
        return text
    left = _beginning(text, (room - width(more) + 1) // 2)
    right = _beginning(text[::-1], room - width(more) - width(left))[::-1]
    return left + more + right


def _beginning(text: str, room: int) -> str:
    text = text[: max(0, room)]
    while width(text) > room:
        text = text[:-1]
    return text


def _clip(text: str, room: int, more: str, *, front: bool = False) -> str:
    if width(text) <= room:
        return text
    kept = text
    while kept and width(kept) + width(more) > room:
        kept = kept[1:] if front else kept[:-1]
    return more + kept if front else kept + more


def _line(cells: Iterable[tuple[str, int, bool]]) -> str:
    padded = []
    for text, room, is_number in cells:
        space = " " * max(0, room - width(text))
        padded.append(space + text if is_number else text + space)
    return GAP.join(padded).rstrip()
