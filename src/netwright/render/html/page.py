"""One file that is the whole page: the template, its style and script, and the data, nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from netwright.base.patterns import pattern
from netwright.render.escape import json_text
from netwright.render.html.elements import Html, tag, text

_SLOT: Final = pattern(r"\{\{ (\w+) \}\}")
_MARKUP: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def page(*, title: str, body: Html, data: Mapping[str, Any]) -> bytes:
    """The page. `data` are the blocks of JSON that its script reads, by their element ids.

    The policy that it carries lets its own style and script run, by their digests, and nothing else: no other
    script, no request, no form.
    """
    style, script = _own("page.css"), _own("page.js")
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(style)}'",
            f"script-src '{_digest(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
    slots = {
        "policy": text(policy),
        "title": text(title),
        "style": Html(style),
        "script": Html(script),
        "body": body,
        "data": Html("\n".join(_block(name, value) for name, value in data.items())),
    }
    whole = _SLOT.sub(lambda found: slots[found[1]], _own("page.html"))
    return whole.encode("utf-8", "backslashreplace")


def json_block(value: Any) -> Html:
    r"""JSON that no HTML parser can leave; characters that cannot be seen, line separators among them, are written out.

    >>> json_block("</script>")
    '"\\u003c/script\\u003e"'
    """
    return Html(json_text(msgspec.json.encode(value)).decode().translate(_MARKUP))


def _block(name: str, value: Any) -> Html:
    return tag("script", json_block(value), type="application/json", id=name)


@cache
def _own(name: str) -> str:
    return (files("netwright.render.html") / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    """The source expression of an inline element: the digest of what stands between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
