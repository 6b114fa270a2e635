"""Words and signs of the text faces, in UTF-8 or ASCII, and folding to a width."""

from __future__ import annotations

from typing import Final

from netwright.base.patterns import pattern
from netwright.render.escape import ascii_text, width
from netwright.render.styles import Style, marked

SIGNS: Final = {"arrow": ("→", "->"), "times": ("×", "x"), "dot": ("·", "|"), "bar": ("│", "|"), "corner": ("┌", "+")}
PIECE: Final = pattern(r" +|\d[\d.]* s\b|rule \d+|[^ ]+")
"""What a line is put together from: blanks and words. A number keeps what it counts or numbers beside it."""
BREAKS: Final = ",/"
"""After these a word that is wider than a line may go on in the next one: lists of ranges, paths."""


class Words:
    """Signs for one terminal: `utf8` False gives ASCII."""

    def __init__(self, *, utf8: bool = True, width: int = 80) -> None:
        self._index = 0 if utf8 else 1
        self.width = width

    def __getitem__(self, sign: str) -> str:
        return SIGNS[sign][self._index]

    def sign(self, text: str) -> str:
        """The text as this terminal can show it."""
        return ascii_text(text) if self._index else text

    def fold(
        self, text: str, indent: str, first: str | None = None, *, marks: tuple[tuple[str, Style], ...] = ()
    ) -> list[str]:
        """The text in lines of at most the width, continued under `indent`. `marks` are texts of the first line and
        their styles.
        """
        line, gap = self.sign(indent if first is None else first), ""
        lines: list[str] = []
        has_words = False
        for piece in PIECE.findall(self.sign(text)):
            if piece.isspace():
                gap = piece if has_words else ""
                continue
            if has_words and width(line + gap + piece) > self.width:
                begun = self._begin(piece, self.width - width(line + gap), len(indent))
                lines.append((line + gap + begun).rstrip())
                line, gap, piece = indent, "", piece[len(begun) :]
            while width(line + piece) > self.width and len(piece) > 1:
                room = max(1, self.width - width(line))
                begun = _part(piece, room) or _clipped(piece, room)
                lines.append(line + begun)
                line, piece = indent, piece[len(begun) :]
            line += gap + piece
            gap, has_words = "", True
        lines.append(line if has_words else line.rstrip() or line)
        return [marked(lines[0], *marks), *lines[1:]] if marks else lines

    def _begin(self, word: str, room: int, indent: int) -> str:
        """What of a word still goes on this line: nothing of one that fits on the next."""
        return "" if width(word) <= self.width - indent else _part(word, room)


def _part(word: str, room: int) -> str:
    """The longest beginning that ends where a word may be broken, commas before slashes; "" if there is none."""
    fitting = _clipped(word, room)
    return next((fitting[: at + 1] for sign in BREAKS if (at := fitting.rfind(sign)) > 0), "")


def _clipped(word: str, room: int) -> str:
    """The longest beginning of at most so many columns, one character at least."""
    end = min(len(word), max(1, room))
    while end > 1 and width(word[:end]) > room:
        end -= 1
    return word[:end]


def count(n: int, noun: str, plural: str = "") -> str:
    """`1 pod`, `2 pods`.

    >>> count(1, "policy", "policies"), count(1200, "pair")
    ('1 policy', '1 200 pairs')
    """
    number = f"{n:,}".replace(",", " ")
    return f"{number} {noun if n == 1 else plural or noun + 's'}"
