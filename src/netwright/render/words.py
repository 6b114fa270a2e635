"""Words and signs of the text faces, in UTF-8 or ASCII, and folding to a width."""

from __future__ import annotations

import textwrap
from typing import Final

SIGNS: Final = {"arrow": ("→", "->"), "times": ("×", "x"), "dot": ("·", "|"), "bar": ("│", "|"), "corner": ("┌", "+")}


class Words:
    """Signs for one terminal: `utf8` False gives ASCII."""

    def __init__(self, *, utf8: bool = True, width: int = 80) -> None:
        self._index = 0 if utf8 else 1
        self.width = width

    def __getitem__(self, sign: str) -> str:
        return SIGNS[sign][self._index]

    def fold(self, text: str, indent: str, first: str | None = None) -> list[str]:
        """The text in lines of at most the width, continued under `indent`."""
        return textwrap.wrap(
            text,
            width=self.width,
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first or indent]


def count(n: int, noun: str, plural: str = "") -> str:
    """`1 pod`, `2 pods`.

    >>> count(1, "policy", "policies"), count(1200, "pair")
    ('1 policy', '1 200 pairs')
    """
    number = f"{n:,}".replace(",", " ")
    return f"{number} {noun if n == 1 else plural or noun + 's'}"
