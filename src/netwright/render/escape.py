"""Text from the input made safe to show: names and labels may hold anything."""

from __future__ import annotations


def plain(text: str) -> str:
    r"""One line of visible text: control characters and terminal escapes are written out.

    >>> plain("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
