"""One line on standard error while something takes long: on a terminal only, after a second, wiped at the end."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

PATIENCE_SECONDS: Final = 1.0
EVERY_SECONDS: Final = 0.25


class Progress:
    """The line, drawn by a thread of its own from `start` to `end`. Blanks and carriage returns wipe it: no terminal
    needs more.
    """

    def __init__(self, doing: str) -> None:
        self.doing = doing
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._drawn = 0
        self._thread = threading.Thread(target=self._run, name="progress", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Wipe the line and draw no more."""
        self._over.set()
        with self.wiped():
            pass

    @contextmanager
    def wiped(self) -> Iterator[None]:
        """The line is away for as long as something else is written."""
        with self._lock:
            if self._drawn:
                self._write("\r" + " " * self._drawn + "\r")
                self._drawn = 0
            yield

    def _run(self) -> None:
        pause = PATIENCE_SECONDS
        while not self._over.wait(pause):
            pause = EVERY_SECONDS
            with self._lock:
                if not self._over.is_set():
                    self._draw()

    def _draw(self) -> None:
        from shutil import get_terminal_size

        from netwright.render.escape import ascii_text, plain

        room = get_terminal_size((80, 24)).columns - 1
        seconds = f" {time.monotonic() - self._started:.0f} s"
        shown = ascii_text(plain(self.doing))[: max(0, room - len(seconds))] + seconds
        self._write("\r" + shown + " " * (self._drawn - len(shown)))
        self._drawn = len(shown)

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):  # whoever read it has gone: the answer does not depend on this
            pass


_current: Progress | None = None


@contextmanager
def progress(*, quiet: bool) -> Iterator[None]:
    """Show the line while a command runs, where standard error is a terminal."""
    global _current  # noqa: PLW0603 - there is one terminal, and one line on it
    if quiet or sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM", "") in ("", "dumb"):
        yield
        return
    line = _current = Progress("reading")
    line.start()
    try:
        yield
    finally:
        line.end()
        _current = None


def now(doing: str) -> None:
    """What the line says from here on."""
    if _current is not None:
        _current.doing = doing


@contextmanager
def wiped() -> Iterator[None]:
    """Write to the terminal in here: the line is away meanwhile."""
    if _current is None:
        yield
        return
    with _current.wiped():
        yield


def end() -> None:
    """The answer begins: no line from here on."""
    if _current is not None:
        _current.end()
