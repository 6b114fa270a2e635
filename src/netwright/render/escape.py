"""Text from the input made safe to show: names and labels may hold anything.

Every face has its own escape: terminals (`plain`), spreadsheets (`csv_cell`), Markdown (`markdown`), JSON on a
terminal (`json_text`).
"""

from __future__ import annotations

import unicodedata
from typing import Final

from netwright.base.patterns import pattern

_ASCII: Final = str.maketrans(
    {
        "→": "->",
        "←": "<-",
        "↔": "<->",
        "…": "...",
        "·": "|",
        "×": "x",
        "–": "-",
        "—": "-",
        "│": "|",
        "┌": "+",
        "─": "-",
        "≤": "<=",
        "≥": ">=",
    }
    | dict.fromkeys("‘’", "'")
    | dict.fromkeys("“”", '"')
)
_NOT_ASCII: Final = pattern(r"[^\x00-\x7f]")
_FORMULA: Final = tuple("=+-@＝＋－＠|%")
"""What a spreadsheet may read as the start of a formula or a command, full-width forms included (OWASP, CSV
injection).
"""


def plain(text: str) -> str:
    r"""One line of visible text: control characters and terminal escapes are written out.

    >>> plain("a\x1b[31m\nb")
    'a\\x1b[31m\\nb'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def ascii_text(text: str) -> str:
    r"""For terminals that are not UTF-8: our own signs as ASCII, other characters written out.

    >>> ascii_text("a → b, …"), ascii_text("café")
    ('a -> b, ...', 'caf\\xe9')
    """
    if text.isascii():
        return text
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode()


def csv_cell(text: str) -> str:
    r"""A cell that no spreadsheet takes for a formula: an apostrophe before what could begin one, quotes where
    needed (RFC 4180).

    >>> print(csv_cell("=cmd()"), csv_cell("a, b"), csv_cell("a\n=b"))
    '=cmd() "a, b" a\n=b
    """
    shown = plain(text)
    if shown.lstrip(" '\"").startswith(_FORMULA):
        shown = "'" + shown
    if any(c in shown for c in ',";') or shown != shown.strip():
        return '"' + shown.replace('"', '""') + '"'
    return shown


def markdown(text: str) -> str:
    r"""A table cell of Markdown: nothing in it is markup, a link, an image, a mention or the number of an issue.

    >>> markdown("a|b <img> [x](y) @team")
    'a\\|b &lt;img&gt; \\[x\\](y) @<!-- -->team'
    """
    out = plain(text).replace("&", "&amp;")
    for character in "\\`*_[]|~#!":
        out = out.replace(character, "\\" + character)
    out = out.replace("<", "&lt;").replace(">", "&gt;")
    return out.replace("@", "@<!-- -->").replace("://", ":<!-- -->//").replace("\\#", "\\#<!-- -->")


def json_text(encoded: bytes) -> bytes:
    r"""The same JSON with every character that a terminal could obey or hide as `\uXXXX` (line ends between
    documents stay).

    >>> json_text('"a\x9b31m"'.encode())
    b'"a\\u009b31m"'
    """
    if encoded.isascii() and b"\x7f" not in encoded:  # the encoder writes out the ASCII control characters itself
        return encoded
    text = encoded.decode()
    if text.replace("\n", "").isprintable():
        return encoded
    return "".join(c if c.isprintable() or c == "\n" else _json_escape(c) for c in text).encode()


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def width(text: str) -> int:
    """Columns that the text takes on a terminal: wide East Asian characters two, combining marks none."""
    if text.isascii():
        return len(text)
    return len(text) + sum(
        -1 if unicodedata.combining(c) else unicodedata.east_asian_width(c) in ("W", "F")
        for c in _NOT_ASCII.findall(text)
    )
