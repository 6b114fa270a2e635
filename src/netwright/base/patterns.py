"""Patterns that are compiled when they are first used.

Of a hundred patterns one run uses ten, and compiling one costs what reading a small manifest does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, AnyStr, cast


class _Deferred:
    """Stands for a compiled pattern: what is asked of it is looked up once and kept."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._written = text, flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(_compile(*self._written), name)
        setattr(self, name, value)
        return value


_compile = re.compile


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """What `re.compile` gives, compiled when first used; a fault in `text` shows only then. Not for `re.sub` and its
    like, which want the compiled pattern itself."""
    return cast(re.Pattern[AnyStr], _Deferred(text, flags))


@contextmanager
def deferred() -> Iterator[None]:
    """Defers the patterns of the libraries that are imported meanwhile."""
    re.compile = _Deferred  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile
