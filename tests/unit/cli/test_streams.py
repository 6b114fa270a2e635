"""Signs of a terminal that is not UTF-8, as the locale's variables say it; a pipe is UTF-8."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from netwright.cli.streams import prepare, says_utf8
from tests.unit.cli.test_terminal import WHY, on_a_pipe, on_a_terminal, without_seconds

PLAIN = {"NO_COLOR": "1", "LC_ALL": "", "LC_CTYPE": "", "LANG": ""}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, True),
        ({"LANG": "C.UTF-8"}, True),
        ({"LANG": "de_DE.utf8"}, True),
        ({"LANG": "sr_RS.UTF-8@latin"}, True),
        ({"LC_CTYPE": "UTF-8"}, True),
        ({"LANG": "C"}, False),
        ({"LANG": "POSIX"}, False),
        ({"LANG": "de_DE"}, False),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, False),
        ({"LANG": "ja_JP.eucJP"}, False),
        ({"LC_ALL": "C", "LC_CTYPE": "C.UTF-8", "LANG": "C.UTF-8"}, False),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "C", "LANG": "C.UTF-8"}, False),
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
    ],
)
def test_the_first_that_is_set_decides(variables: dict[str, str], expected: bool) -> None:
    assert says_utf8(variables, coerced=False) is expected


def test_what_python_itself_sets_decides_nothing() -> None:
    assert not says_utf8({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, coerced=True)
    assert says_utf8({"LC_CTYPE": "C.UTF-8"}, coerced=True)


@pytest.mark.parametrize("variables", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX", "LANG": "C.UTF-8"}])
@pytest.mark.parametrize(
    "arguments", [WHY, ("show", "wombats…"), ("--help",), ("show", "exposed", "examples/shop"), ("demo",)]
)
def test_a_terminal_that_is_not_utf8_gets_ascii(
    root: Path, variables: dict[str, str], arguments: tuple[str, ...]
) -> None:
    shown = on_a_terminal(root, *arguments, **(PLAIN | variables))
    assert shown
    assert shown.isascii(), ascii(shown)
    assert arguments[-1] == "wombats…" or ("\\x" not in shown and "\\u" not in shown)


def test_a_terminal_that_is_utf8_gets_our_signs(root: Path) -> None:
    for variables in ({"LC_ALL": "C.UTF-8"}, {"LC_CTYPE": "C.UTF-8", "LANG": "C"}, {}):
        assert "→" in on_a_terminal(root, *WHY, **(PLAIN | variables))


def test_a_pipe_is_utf8_whatever_the_locale(root: Path) -> None:
    told = [on_a_pipe(root, *WHY, **(PLAIN | v)) for v in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"})]
    assert "→" in told[0]
    assert without_seconds(told[0]) == without_seconds(told[1])


class Stream(io.TextIOWrapper):
    """Standard output as Python opened it for the locale."""

    def __init__(self, *, is_terminal: bool, encoding: str) -> None:
        self.bytes = io.BytesIO()
        self.is_terminal = is_terminal
        super().__init__(self.bytes, encoding=encoding)

    def isatty(self) -> bool:
        return self.is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "encoding", "locale", "written"),
    [
        (True, "utf-8", "C", b"a -> \\xe9"),
        (True, "iso8859-1", "de_DE.ISO-8859-1", b"a -> \\xe9"),
        (True, "utf-8", "C.UTF-8", "a → é".encode()),
        (False, "utf-8", "C", "a → é".encode()),
        (False, "iso8859-1", "de_DE.ISO-8859-1", "a → é".encode()),
    ],
)
def test_a_stream_is_made_to_write(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool, encoding: str, locale: str, written: bytes
) -> None:
    out = Stream(is_terminal=is_terminal, encoding=encoding)
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    prepare()
    out.write("a → é")
    out.flush()
    assert out.bytes.getvalue() == written
