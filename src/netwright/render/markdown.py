"""Markdown for a comment below a pull request: what names of the input hold stays text, and the length is bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from netwright.render.escape import markdown, plain

MOST_BYTES: Final = 65_536
"""What a comment of GitHub may hold, counted in bytes of UTF-8, of which no character has fewer than one."""
RESERVED: Final = 1_024
"""Kept for what ends a comment."""
SHOWN: Final = 20
"""Items that stand open; what follows them is folded."""


def marker(verb: str) -> str:
    """The first line of a comment: hidden, and by it a bot finds the comment that it is to replace."""
    return f"<!-- netwright:{verb} -->"


def code(text: str) -> str:
    """A code span: nothing in it is markup, a link or a mention. Not for cells of tables.

    >>> print(code("a`b"), code("@team"), code("`"))
    ``a`b`` `@team` `` ` ``
    """
    shown = plain(text)
    if not shown.strip():
        return f"<code>{'&nbsp;' * len(shown)}</code>" if shown else ""
    fence = "`" * (max(map(len, re.findall("`+", shown)), default=0) + 1)
    gap = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{gap}{shown}{gap}{fence}"


def prose(text: str) -> str:
    """A sentence of ours in which names stand in backticks: the names become code spans, the rest cannot be markup.

    A name that holds a backtick may end its span early; what is then outside of it is escaped.

    >>> print(prose("no pod has `app=web`, see <b> @team"))
    no pod has `app=web`, see &lt;b&gt; @<!-- -->team
    """
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:  # one without its other half
        parts[-2:] = [f"{parts[-2]}`{parts[-1]}"]
    return "".join(code(part) if i % 2 else markdown(part) for i, part in enumerate(parts))


class Item(tuple[str, ...]):
    """Lines that stand or fall together: a finding, a difference."""

    __slots__ = ()


def comment(
    head: Sequence[str], items: Sequence[Item], tail: Sequence[str], *, folded: str, shown: int
) -> Iterator[str]:
    """Lines of a comment of at most MOST_BYTES: `head`, the first `shown` of the items, the others folded under the
    title `folded`, `tail`. Items that find no room are counted."""
    room = MOST_BYTES - RESERVED - sum(_bytes(line) for line in (*head, *tail, folded))
    yield from head
    open_, left = items[:shown], items[shown:]
    kept = _fitting(open_, room)
    for item in open_[:kept]:
        yield from item
    cut = len(items) - kept
    if kept == len(open_) and left:
        room -= sum(_bytes(line) for item in open_ for line in item)
        kept = _fitting(left, room)
        cut = len(left) - kept
        if kept:
            yield from ("", f"<details><summary>{markdown(folded)}</summary>", "")
            for item in left[:kept]:
                yield from item
            yield from ("", "</details>")
    if cut:
        yield from ("", f"**{cut} more are left out**: a comment holds {MOST_BYTES} characters.")
    yield from tail


def _fitting(items: Sequence[Item], room: int) -> int:
    """How many items fit, from the first on."""
    for i, item in enumerate(items):
        room -= sum(_bytes(line) for line in item)
        if room < 0:
            return i
    return len(items)


def _bytes(line: str) -> int:
    return len(line.encode("utf-8", "backslashreplace")) + 1
