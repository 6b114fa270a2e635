"""Where answers and talk go: standard output and files, standard error, a terminal or not."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

import click
import msgspec

from netwright.base.errors import UsageError
from netwright.cli import progress

if TYPE_CHECKING:
    from netwright.cli.options import Given
    from netwright.render.words import Words
    from netwright.twin import Twin

LEAST_WIDTH, MOST_WIDTH = 40, 120
"""Columns that text is folded to: a terminal's own between these."""


class Output(msgspec.Struct, frozen=True):
    """In which format the answer is wanted, and where it goes (`path` None: standard output)."""

    format: str
    path: Path | None
    force: bool


_CURES = {
    errno.ENOENT: "make its folder, or name a file in another one",
    errno.EACCES: "check the permissions of its folder, or name a file in another one",
    errno.ENOSPC: "make room, or name a file on another disk",
}
STDOUT = Output("text", None, False)


def words(stream: TextIO | None = None) -> Words:
    """Signs and width for standard output, or another stream, as it is."""
    from netwright.render.words import Words

    stream = stream or sys.stdout
    encoding = (stream.encoding or "ascii").lower().replace("-", "")
    width = 80
    if stream.isatty():
        from shutil import get_terminal_size

        width = get_terminal_size((80, 24)).columns
    return Words(utf8=encoding.startswith("utf"), width=max(LEAST_WIDTH, min(width, MOST_WIDTH)))


def has_colour(stream: TextIO) -> bool:
    from netwright.render.styles import has_colour

    return has_colour(stream.isatty(), os.environ)


# --- standard error --------------------


def tell(twin: Twin, given: Given) -> None:
    """The diagnostics, on standard error."""
    if given.quiet and not twin.provenance.is_partial:
        return
    from netwright.render.diagnostics_text import diagnostics_text

    lines = diagnostics_text(twin.diagnostics, words(sys.stderr), verbose=given.verbose)
    if not _is_told("diagnostics", lines):
        say(lines)


def tell_costs(twin: Twin, given: Given) -> None:
    """With `-v`, on standard error: what the twin came to, and where the time went."""
    if given.verbose:
        say(twin.costs())


def say(lines: Sequence[str]) -> None:
    """Lines on standard error."""
    if not lines:
        return
    from netwright.render.styles import paint

    is_styled = has_colour(sys.stderr)
    with progress.wiped():
        for line in lines:
            click.echo(paint(line) if is_styled else line, err=True, color=is_styled)


# --- the answer --------------------


MEANINGS = {
    0: "exit 0",
    1: "exit 1: the answer is no",
    3: "exit 3: part of the input could not be used",
    4: "exit 4: undecided",
}
"""What the exit codes of an answer mean."""


class Told(msgspec.Struct):
    """What a command that follows a cluster has told already."""

    begun: float = 0.0
    """The time of an answer counts from here."""
    seconds: str = ""
    """The time of the last answer, as its last line has it."""
    last: dict[str, list[str]] = msgspec.field(default_factory=dict)
    """The lines of the last answer without its time, and of its diagnostics."""
    is_same: bool = False
    """Whether the answer was the same, and so was not written again."""

    def begin_again(self) -> None:
        self.begun, self.is_same = time.process_time(), False


_following: list[Told] = []


@contextmanager
def following() -> Iterator[Told]:
    """Within, text is not written again that was written last."""
    _following.append(Told())
    try:
        yield _following[-1]
    finally:
        _following.pop()


def _is_told(what: str, lines: Sequence[str]) -> bool:
    """Whether a command that follows a cluster wrote the same last, but for the time it took."""
    if not _following:
        return False
    told = _following[-1]
    bare = [line.replace(told.seconds, "") for line in lines] if told.seconds else list(lines)
    before, told.last[what] = told.last.get(what), bare
    return before == bare


def ending(code: int) -> str:
    """The end of a last line: the time, and what the exit code means."""
    told = _following[-1] if _following else Told()
    told.seconds = f"{time.process_time() - told.begun:.2f} s {words()['dot']} "
    return told.seconds + MEANINGS[code]


def write_lines(lines: Iterable[str], to: Output) -> None:
    """Lines of text, on a terminal with their styles. Where standard output is not UTF-8 our signs become ASCII and
    other characters are written out.
    """
    from netwright.render.styles import paint

    whole = list(lines)  # worked out before the first is written: until then there is progress to show
    if _is_told("answer", whole):
        _following[-1].is_same = True
        return
    sign = words().sign if to.path is None else str
    is_styled = to.path is None and has_colour(sys.stdout)
    with answer_stream(to) as stream:
        for line in whole:
            text = paint(line, sign) if is_styled else sign(line)
            stream.write(text.encode("utf-8", "backslashreplace") + b"\n")


def write_data(lines: Iterable[bytes], to: Output, end: bytes = b"\n") -> None:
    """Data is UTF-8 whatever the terminal is; what a terminal could obey is written out."""
    from netwright.render.escape import json_text

    with answer_stream(to) as stream:
        for line in lines:
            stream.write((json_text(line) if line[:1] in (b"{", b"[") else line) + end)


def write_json(value: Any, to: Output) -> None:
    write_data([msgspec.json.encode(value)], to)


def write_csv(lines: Iterable[str], to: Output) -> None:
    write_data((line.encode("utf-8", "backslashreplace") for line in lines), to, end=b"\r\n")


def write_markdown(lines: Iterable[str], to: Output) -> None:
    write_utf8(lines, to)


def write_utf8(lines: Iterable[str], to: Output) -> None:
    """Lines of a format that is UTF-8 whatever the terminal is."""
    write_data((line.encode("utf-8", "backslashreplace") for line in lines), to)


@contextmanager
def answer_stream(to: Output) -> Iterator[IO[bytes]]:
    """Where the answer goes: standard output, or a file that appears whole or not at all.

    A link is written through: the file it leads to is replaced. Raises UsageError for a file that is there already, for
    what is no regular file (a folder, a device, a pipe), and for what cannot be written.
    """
    out = to.path
    if out is None:
        if not _is_file(sys.stdout.buffer):
            progress.end()  # the reader may stand on the same terminal
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial: Path | None = None
    try:
        target = Path(os.path.realpath(out))
        mode = _replaced(out, target, to.force)
        beside = target.parent / f".netwright.{os.getpid()}.partial"
        with beside.open("xb") as stream:
            partial = beside
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(target)
    except OSError as error:
        help_text = _CURES.get(error.errno or 0, "name another file: `--out PATH`")
        raise UsageError(f"`{out}` cannot be written: {(error.strerror or '').lower()}", help=help_text) from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def _replaced(out: Path, target: Path, force: bool) -> int | None:
    """The permissions of the file that will be replaced; None where there is none. Raises UsageError and OSError."""
    try:
        status = target.lstat()
    except FileNotFoundError:
        if out.is_symlink() and not force:
            raise UsageError(f"`{out}` is there already, a link", help="`--force` writes what it leads to") from None
        return None
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise UsageError(f"`{out}` is {what}; the answer is written to a file", help="name a file: `--out PATH`")
    if not force:
        raise UsageError(f"`{out}` is there already", help="`--force` overwrites it")
    return stat.S_IMODE(status.st_mode)


def _is_file(stream: IO[bytes]) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False
