"""What a terminal gets and a pipe does not: colour, its own width, one line of progress."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from netwright.cli import progress
from netwright.render.styles import STYLES, marked, paint

CODES = re.compile(r"\x1b\[[\d;]+m")
OURS = {"\x1b[0m"} | {CODES.findall(paint(marked("x", ("x", style))))[0] for style in STYLES}
WHY = ("why", "shop/web", "shop/db:5432", "-f", "examples/shop")
POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: {containers: [{name: c}]}\n"


def environment(root: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": str(root / "src"), "TERM": "xterm", "LC_ALL": "C.UTF-8", **more}


def program(arguments: Sequence[str], patience_seconds: float = 3600) -> list[str]:
    """The command, with no line of progress on a machine that is busy with other things."""
    lines = (
        "from netwright.cli import progress",
        "from netwright.cli.main import main",
        f"progress.PATIENCE_SECONDS = {patience_seconds}",
        f"main({list(arguments)!r})",
    )
    return [sys.executable, "-c", "\n".join(lines)]


def on_a_terminal(root: Path, *arguments: str, columns: int = 80, **more: str) -> str:
    """What a pseudo-terminal of so many columns gets from standard output and error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    child = subprocess.Popen(
        program(arguments), cwd=root, env=environment(root, **more), stdin=slave, stdout=slave, stderr=slave
    )
    return all_shown(master, slave, child)


def all_shown(master: int, slave: int, child: subprocess.Popen[bytes]) -> str:
    """What a program writes to a terminal until it ends. The terminal is open here until then and its last byte is
    ours: whoever closes it last may take with it what nobody has read yet.
    """
    out, has_ended = b"", False
    while not out.endswith(b"\0"):
        if not has_ended and child.poll() is not None:
            has_ended = True
            os.write(slave, b"\0")
        if select.select([master], [], [], 0.02)[0]:
            out += os.read(master, 65536)
    os.close(slave)
    os.close(master)
    return out[:-1].decode().replace("\r\n", "\n")


def on_a_pipe(root: Path, *arguments: str, **more: str) -> str:
    ran = subprocess.run(
        program(arguments), cwd=root, env=environment(root, **more), capture_output=True, text=True, check=False
    )
    return ran.stdout + ran.stderr


def without_seconds(text: str) -> str:
    return re.sub(r"\d+\.\d\d s", "0.xx s", text)


# --- colour --------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "styled"),
    [
        (WHY, ["\x1b[1;31mDENIED\x1b[0m", "\x1b[1;32mALLOW\x1b[0m", "\x1b[1;36m^^^\x1b[0m"]),
        (("reach", "examples/shop"), ["\x1b[1;31m! internet", "\x1b[1;33m? \x1b[0m"]),
        (("show", "exposed", "examples/shop"), ["\x1b[1;31m! OPEN\x1b[0m"]),
        (("explain", "network"), ["\x1b[1m"]),
    ],
)
def test_a_terminal_gets_the_same_words_in_colour(root: Path, arguments: tuple[str, ...], styled: list[str]) -> None:
    shown = on_a_terminal(root, *arguments)
    for text in styled:
        assert text in shown
    assert set(CODES.findall(shown)) <= OURS
    assert without_seconds(CODES.sub("", shown)) == without_seconds(on_a_pipe(root, *arguments))


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(root: Path, more: dict[str, str]) -> None:
    shown = on_a_terminal(root, *WHY, **more)
    assert shown.startswith("DENIED")
    assert "\x1b" not in shown


def test_diagnostics_have_colour(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(POD + b"---\nkind: [\n")
    assert "\x1b[1;31merror[NW1001]\x1b[0m: " in on_a_terminal(root, "show", "kinds", str(file))
    assert "\x1b" not in on_a_pipe(root, "show", "kinds", str(file))


def test_failures_have_colour(root: Path) -> None:
    assert on_a_terminal(root, "show", "wombats").startswith("\x1b[1;31merror\x1b[0m: `wombats` is not a noun")
    assert on_a_terminal(root, "show", "--wombats").startswith("\x1b[1;31merror\x1b[0m: ")
    assert on_a_pipe(root, "show", "wombats").startswith("error: `wombats`")


def test_input_brings_no_codes_to_a_terminal(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[5mb.yaml"
    file.write_text(
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n"
        '  labels: {x: "\\e]0;owned\\a\\e[5m\\u009b2J"}\n---\nkind: "\\e[5m"\napiVersion: v1\n',
        encoding="utf-8",
    )
    for noun in ("namespaces", "kinds"):
        shown = on_a_terminal(root, "show", noun, str(file), "-v")
        assert set(CODES.findall(shown)) <= OURS
        assert all(c.isprintable() or c == "\n" for c in CODES.sub("", shown)), ascii(shown)


def test_a_pipe_does_not_import_what_colours(root: Path) -> None:
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys\nfrom netwright.cli.main import run\nrun({list(WHY)!r})\nprint('rich' in sys.modules)",
        ],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [
        (WHY, 44),
        (WHY, 100),
        (("reach", "examples/shop"), 44),
        (("reach", "examples/shop"), 100),
        (("show", "workloads", "examples/shop"), 100),
    ],
)
def test_text_is_as_wide_as_the_terminal(root: Path, arguments: tuple[str, ...], columns: int) -> None:
    shown = [len(line) for line in on_a_terminal(root, *arguments, columns=columns, NO_COLOR="1").splitlines()]
    assert columns * 3 // 4 < max(shown) <= columns


def test_sentences_are_folded_on_a_terminal_and_whole_in_a_pipe(root: Path, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_bytes(POD + b"---\nkind: Widget\napiVersion: example.org/v1\nmetadata: {name: w}\n")
    asked = (*WHY, "-f", str(tmp_path), "--style", "narrated")
    shown, whole = on_a_terminal(root, *asked, NO_COLOR="1"), on_a_pipe(root, *asked)
    assert max(map(len, shown.splitlines())) <= 80
    assert max(map(len, whole.splitlines())) > 120
    words = without_seconds(whole).split()
    told = without_seconds(shown).split()
    cut = {word for word in words if word not in told}  # the temporary folder may be too long for a line
    assert all(len(word) > 60 and "/" in word for word in cut)
    assert {"examples/shop/shop/web.yaml,", "upstream."} <= set(told)


def test_failures_are_folded_between_words_on_a_terminal(root: Path) -> None:
    shown = on_a_terminal(root, "show", "workloads", "examples/shop", "shop/wbe", NO_COLOR="1")
    assert max(map(len, shown.splitlines())) <= 80
    assert len(shown.splitlines()) == 3
    assert (
        shown.split("= help")[1].split()
        == on_a_pipe(root, "show", "workloads", "examples/shop", "shop/wbe").split("= help")[1].split()
    )


# --- progress ------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.001)
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0.001)
    monkeypatch.setenv("TERM", "xterm")


def until_drawn(terminal: io.StringIO) -> None:
    while not terminal.getvalue():
        select.select([], [], [], 0.001)


def visible(written: str) -> str:
    """What stands on the line after all that was written to it."""
    line = ""
    for part in written.split("\r"):
        line = part + line[len(part) :]
    return line


def test_the_line_is_drawn_and_wiped(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.progress(quiet=False):
        until_drawn(terminal)
        with progress.wiped():
            assert visible(terminal.getvalue()).strip() == ""
        progress.now("answering")
        while "answering" not in terminal.getvalue():
            select.select([], [], [], 0.001)
        progress.end()
        written = terminal.getvalue()
        assert visible(written).strip() == ""
        select.select([], [], [], 0.05)
        assert terminal.getvalue() == written, "nothing is drawn once the answer has begun"
    assert "reading 0 s" in written
    assert "\x1b" not in written


def test_the_line_is_wiped_when_the_command_fails(monkeypatch: pytest.MonkeyPatch, at_once: None) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def fail() -> None:
        with progress.progress(quiet=False):
            until_drawn(terminal)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert visible(terminal.getvalue()).strip() == ""


@pytest.mark.parametrize(
    ("quiet", "stream", "term"),
    [(True, Terminal, "xterm"), (False, io.StringIO, "xterm"), (False, Terminal, "dumb")],
)
def test_there_is_none_where_nobody_looks(
    monkeypatch: pytest.MonkeyPatch, at_once: None, quiet: bool, stream: type[io.StringIO], term: str
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", term)
    with progress.progress(quiet=quiet):
        assert progress._current is None


@pytest.mark.parametrize("is_quiet", [False, True])
def test_a_command_that_waits_says_so_on_the_terminal_only(root: Path, is_quiet: bool) -> None:
    master, slave = pty.openpty()
    arguments = ["show", "workloads", "-", "-o", "csv", *(["-q"] if is_quiet else [])]
    child = subprocess.Popen(
        program(arguments, patience_seconds=0.1),
        cwd=root,
        env=environment(root),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    drawn = b""
    if not is_quiet:
        while b"reading - " not in drawn:
            drawn += os.read(master, 4096)
    out, _ = child.communicate(POD)
    shown = drawn.decode() + all_shown(master, slave, child)
    assert out.startswith(b"namespace,ref,")
    assert b"\r" not in out.replace(b"\r\n", b"")
    assert visible(shown).strip() == ""
    assert ("reading" in shown) is not is_quiet
