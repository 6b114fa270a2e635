"""Whole numbers as people write them: digits, and never more of them than any number here has."""

from __future__ import annotations

MOST_DIGITS = 18


def whole_number(text: str) -> int | None:
    """The number that ASCII digits write; None for anything else, and for more digits than any port, protocol, prefix
    length or count has: Python refuses to read thousands of them.

    >>> whole_number("080"), whole_number("-1"), whole_number("9" * 5000)
    (80, None, None)
    """
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS:
        return None
    return int(text)


def short(text: str) -> str:
    """The user's text for a message: cut where it is long."""
    return text if len(text) <= 60 else text[:57] + "..."
