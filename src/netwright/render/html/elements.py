"""HTML put together so that text is always escaped: only what `tag` made is markup."""

from __future__ import annotations

from html import escape

from netwright.render.escape import plain


class Html(str):
    """Markup. What is no Html is text, whatever stands in it."""

    __slots__ = ()


Part = str | Html | None
VOID = frozenset({"br", "hr", "input", "meta"})


def text(value: str) -> Html:
    r"""Text of one line, its control characters written out.

    >>> text("<b>\x1b")
    '&lt;b&gt;\\x1b'
    """
    return value if isinstance(value, Html) else Html(escape(plain(value)))


def tag(name: str, *children: Part, **attributes: str | bool | None) -> Html:
    """An element. `class_` and `for_` are written without their underscore, other underscores as hyphens; of flags
    (True) the name alone stands, what is None or False is left out.

    >>> tag("p", "a < b", class_="x")
    '<p class="x">a &lt; b</p>'
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(plain(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: Part) -> Html:
    """Parts one after another."""
    return Html("".join(text(p) for p in parts if p is not None))


def name(value: str) -> Html:
    """A name from the input: set apart from the direction in which the text around it runs."""
    return tag("bdi", value, class_="name")


def prose(value: str) -> Html:
    """A sentence; what it quotes in backticks is set as code.

    >>> prose("use `http` <")
    'use <code class="name">http</code> &lt;'
    """
    pieces = value.split("`")
    if len(pieces) % 2 == 0:  # a backtick of the user's own
        return name(value)
    return join(*(tag("code", piece, class_="name") if i % 2 else text(piece) for i, piece in enumerate(pieces)))
