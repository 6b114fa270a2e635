"""Signs of a terminal that is not UTF-8, as the locale's variables say it; a pipe is UTF-8."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from netwright.cli.streams import ASCII, says_utf8
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


def test_the_encoding_is_one_that_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from netwright.cli import streams

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    written = io.BytesIO()
    out = Terminal(written, encoding="utf-8")
    monkeypatch.setattr("sys.stdout", out)
    monkeypatch.setenv("LC_ALL", "C")
    streams.prepare()
    assert out.encoding == ASCII
    out.write("a → é\n")
    out.flush()
    assert written.getvalue() == b"a -> \\xe9\n"
