"""The standard streams as they are found: closed by whoever started us, or on a terminal that shows ASCII only."""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Mapping
from typing import BinaryIO, Final, TextIO

from netwright.base.errors import SourceError

ASCII: Final = "netwright-ascii"
PYTHONS_OWN: Final = ("C.UTF-8", "C.utf8", "UTF-8")
"""What Python itself sets LC_CTYPE to where the locale is C (PEP 538)."""


def prepare() -> None:
    """Every stream can be written to, or fails as a stream does; terminals that are not UTF-8 get ASCII, pipes and
    files UTF-8 unless `PYTHONIOENCODING` asks for something else.

    A closed descriptor is taken, else the next file that is opened would be standard output. An answer that goes
    nowhere is a failure to write it, what is told on a closed standard error is lost.
    """
    if sys.stdin is None:
        os.open(os.devnull, os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8")
    is_ascii = not says_utf8(os.environ, coerced=bool(sys.flags.utf8_mode))
    if is_ascii:
        codecs.register(_codec)
    for stream in (sys.stdout, sys.stderr):
        if stream.isatty():
            if is_ascii:
                # not "ascii": click takes that for a mistake and writes UTF-8 instead
                _reconfigure(stream, ASCII)
        elif stream.encoding.lower() != "utf-8" and not os.environ.get("PYTHONIOENCODING"):
            _reconfigure(stream, "utf-8")


def standard_input() -> BinaryIO:
    """Raises SourceError where it is closed."""
    if sys.stdin is None:
        raise SourceError("standard input is closed", help="`-` reads what is piped into the command")
    return sys.stdin.buffer


def says_utf8(environment: Mapping[str, str], *, coerced: bool) -> bool:
    """Whether the first that is set of LC_ALL, LC_CTYPE and LANG names UTF-8; where none is, nothing speaks against it.

    `coerced`: Python runs in its UTF-8 mode, as it does of its own where the locale is C, and LC_CTYPE may be its work.
    """
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    chosen = next(
        (
            value
            for name in names
            if (value := environment.get(name, "")) and not (name == "LC_CTYPE" and coerced and value in PYTHONS_OWN)
        ),
        "UTF-8",
    )
    return chosen.partition("@")[0].rpartition(".")[2].lower().replace("-", "") == "utf8"


def _reconfigure(stream: TextIO, encoding: str) -> None:
    stream.reconfigure(encoding=encoding)  # type: ignore[attr-defined]


class _Encoder(codecs.IncrementalEncoder):
    def encode(self, input: str, final: bool = False) -> bytes:  # noqa: A002 - its name there
        from netwright.render.escape import ascii_text

        return ascii_text(input).encode()


def _codec(name: str) -> codecs.CodecInfo | None:
    """Our signs as ASCII, other characters written out, whatever is written to the stream: help, talk and answers."""
    if name.replace("_", "-") != ASCII:
        return None
    return codecs.CodecInfo(
        encode=lambda text, errors="strict": (_Encoder().encode(text), len(text)),
        decode=codecs.ascii_decode,
        incrementalencoder=_Encoder,
        incrementaldecoder=codecs.getincrementaldecoder("ascii"),
        name=ASCII,
    )
