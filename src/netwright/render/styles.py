"""Styles of lines on a terminal. A line says the same without them: signs and words carry the meaning.

Renderers mark parts of the lines that they make; only `paint` makes escape codes, of marks, never of text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

from netwright.render.escape import plain

Style = Literal["allow", "deny", "undecided", "danger", "warning", "heading", "caret", "quiet"]

STYLES: Final[dict[Style, str]] = {
    "allow": "bold green",
    "deny": "bold red",
    "undecided": "bold yellow",
    "danger": "bold red",
    "warning": "bold yellow",
    "heading": "bold",
    "caret": "bold cyan",
    "quiet": "dim",
}
"""The sixteen colours only: their shades are the user's own, chosen for their background and their eyes."""
OF_VERDICT: Final[dict[str, Style]] = {
    "allow": "allow",
    "some": "undecided",
    "undecided": "undecided",
    "open": "undecided",
    "deny": "deny",
}


class Marked(str):
    """A line that knows which of its parts have a style: (start, end, style), apart from each other and in order."""

    marks: tuple[tuple[int, int, Style], ...] = ()


def marked(line: str, *wanted: tuple[str, Style]) -> str:
    """The line with the first place of each text in its style; a text that is not there marks nothing."""
    marks = list(line.marks) if isinstance(line, Marked) else []
    for text, style in wanted:
        start = line.find(text)
        end = start + len(text)
        if text and start >= 0 and all(end <= s or start >= e for s, e, _ in marks):
            marks.append((start, end, style))
    out = Marked(line)
    out.marks = tuple(sorted(marks))
    return out


def heading(line: str) -> str:
    """A heading; one that begins with the sign of danger looks like it."""
    return marked(line, (line, "danger" if line.startswith("! ") else "heading"))


def has_colour(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether styles are shown: on terminals that have them, unless `NO_COLOR` (no-color.org) says otherwise."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM", "") not in ("", "dumb")


def paint(line: str, sign: Callable[[str], str] = str) -> str:
    """The line with the escape codes of its styles, and with none from anywhere else."""
    if not isinstance(line, Marked) or not line.marks:
        return sign(plain(line))
    from rich.color import ColorSystem
    from rich.style import Style as Codes

    out, at = [], 0
    for start, end, style in line.marks:
        out.append(sign(plain(line[at:start])))
        codes = Codes.parse(STYLES[style])
        out.append(codes.render(sign(plain(line[start:end])), color_system=ColorSystem.STANDARD))
        at = end
    return "".join((*out, sign(plain(line[at:]))))
