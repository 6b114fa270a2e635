"""A line of the user's text with a caret under the place that is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from netwright.render.escape import plain, width
from netwright.render.styles import marked
from netwright.render.words import Words

Lines = Callable[[str], Sequence[str]]
"""The lines of a file by its name; none where its text is not kept."""


def excerpt(
    line: int,
    column: int,
    text: Sequence[str],
    words: Words,
    *,
    indent: int = 11,
    following: int = 2,
    label: str = "",
) -> Iterator[str]:
    """The line (1-based) and as many as `following` that belong to it, a caret under the column and a label behind it.

    Nothing where the text has no such line. What is cut off at either end is told by `…`.
    """
    if not 0 < line <= len(text):
        return
    bar, more = words["bar"], words.sign("…")
    room = words.width - indent - 7
    cut = max(0, column - 1 - room // 3) if column > room * 2 // 3 else 0  # a long line is shown around the place
    before = more if cut else ""
    for number in range(line, min(line + 1 + following, len(text) + 1)):
        seen = text[number - 1][cut : cut + room + 1]
        shown = _clipped(before + words.sign(plain(seen.expandtabs())), room, more)
        if number > line and (cut or len(shown) - len(shown.lstrip()) < column - 1):
            break
        margin = f"{'':{indent}}{number:>4} {bar} "
        yield marked(margin + shown, (margin, "quiet"))
        if number == line:
            # counted in columns as they are shown: what is wide or written out moves the caret with it
            at = min(width(before + words.sign(plain(seen[: column - 1 - cut].expandtabs()))), room - 1)
            length = max(1, min(width(shown.rstrip()) - at, room - at))
            margin = f"{'':{indent}}     {bar} "
            carets = "^" * length
            told = words.sign(plain(f" {label}")) if label else ""
            beside = told if width(told) <= room - at - length else ""
            yield marked(f"{margin}{'':{at}}{carets}{beside}", (margin, "quiet"), (carets, "caret"))
            if told and not beside:
                yield from words.fold(told.strip(), f"{margin}  ", margin + " " * min(at, room // 2))


def _clipped(text: str, room: int, more: str) -> str:
    """The text, or what there is room for of it and a sign that it goes on: half a word is not to be read as one."""
    if width(text) <= room:
        return text
    while text and width(text) + width(more) > room:
        text = text[:-1]
    return text + more
