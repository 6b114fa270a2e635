"""Runs the command lines of the documentation as a reader would: in a folder with `examples/shop`, in a shell.

In a page, a block ```` ```yaml title="NAME" ```` is a file of that name. A block ```` ```console ```` holds commands
(`$ …`), each followed by what it prints. A line `[…]` in an output stands for lines that are left out: what stands
before the first and behind the last one is kept by its number of lines, what stands between two by its first line.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS = re.compile(r"\b\d+\.\d\d(\s+)s\b")
"""The one thing in an answer that differs from run to run."""
CUT = "[…]"
ALONE = re.compile(r"(?:cd (\w+) && )?(netwright [\w ./:=,@+-]+)")
"""A line that is netwright alone, in a folder of its own or not, with no word that a shell would read otherwise."""


class Ran(NamedTuple):
    """What a command printed (standard error first, then the answer) and its exit code."""

    output: str
    code: int


@cache
def programs() -> Path:
    """A folder that holds `netwright` and `python3`. One for all, and made before any command runs: a program that is
    just being written is busy to whoever starts it, and a thread that forks meanwhile holds it open."""
    folder = Path(tempfile.mkdtemp(prefix="netwright-programs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    started = f"exec '{sys.executable}' -c 'from netwright.cli.main import main; main()' \"$@\""
    for program, line in (("netwright", started), ("python3", f"exec '{sys.executable}' \"$@\"")):
        (folder / program).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (folder / program).chmod(0o755)
    return folder


@contextmanager
def workplace() -> Iterator[Path]:
    """A temporary folder with a copy of `examples/shop`; `.programs` in it holds `netwright` and `python3`."""
    with tempfile.TemporaryDirectory(prefix="netwright-docs-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        (folder / ".programs").symlink_to(programs())
        yield folder


def run(command: str, folder: Path) -> Ran:
    """Run one line of shell in the folder, 80 columns wide and without colour."""
    if alone := ALONE.fullmatch(command):
        return _in_a_fork(alone[2].split(), folder, alone[1] or "")
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Ran(normal(done.stderr + done.stdout), done.returncode)


def _in_a_fork(words: list[str], folder: Path, inside: str) -> Ran:
    """The same of netwright alone. Its modules are read already, which would be most of a command's time."""
    from netwright.cli import main

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            try:
                os.chdir(folder / inside)
                environment = _environment(folder)
                os.environ.clear()
                os.environ.update(environment)
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                sys.stdin, sys.stdout, sys.stderr = (
                    os.fdopen(n, mode, encoding="utf-8") for n, mode in enumerate("rww")
                )
                sys.argv = words
                main.main()
            finally:
                os._exit(70)  # never reached by a command, which ends its process and tells of its own failures
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        err.seek(0)
        out.seek(0)
        return Ran(normal((err.read() + out.read()).decode()), code)


def _environment(folder: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "KUBE", "NETWRIGHT"))}
    return kept | {
        "PATH": f"{folder / '.programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


def normal(text: str) -> str:
    """The text with its seconds as `0.xx` and without blanks at line ends."""
    return "\n".join(line.rstrip() for line in SECONDS.sub(r"0.xx\1s", text).splitlines())


def refresh(text: str, folder: Path) -> str:
    """The page with every output in its console blocks as the commands print it now."""
    out: list[str] = []
    lines = iter(text.split("\n"))
    code = 0
    for line in lines:
        out.append(line)
        if not line.startswith("```") or line == "```":
            continue
        body = []
        for inside in lines:
            if inside == "```":
                break
            body.append(inside)
        else:
            raise ValueError(f"the block `{line}` is not closed")
        if found := re.search(r' title="([\w.-]+)"', line):
            (folder / found[1]).write_text("\n".join(body) + "\n", encoding="utf-8")
        elif line == "```console":
            body, code = _refreshed(body, folder, code)
        out += [*body, "```"]
    return "\n".join(out)


def _refreshed(body: list[str], folder: Path, code: int) -> tuple[list[str], int]:
    if not body or not body[0].startswith("$ "):
        raise ValueError(f"a console block begins with a command, not with `{body[:1]}`")
    out: list[str] = []
    starts = [i for i, line in enumerate(body) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        command, shown = body[start][2:], body[start + 1 : end]
        out.append(body[start])
        if command == "echo $?":
            out.append(str(code))
            continue
        ran = run(command, folder)
        code = ran.code
        printed = ran.output.splitlines()
        if CUT in shown:
            printed = _cut(shown, printed, command)
        out += printed
    return out, code


def _cut(shown: list[str], printed: list[str], command: str) -> list[str]:
    """What was printed, with the lines left out that were left out before."""
    pieces: list[list[str]] = [[]]
    for line in shown:
        if line == CUT:
            pieces.append([])
        else:
            pieces[-1].append(line)
    first, *middle, last = pieces
    spans = [(0, len(first))]
    for piece in middle:
        start = next((i for i in range(spans[-1][1], len(printed)) if printed[i] == piece[0]), None)
        if start is None:
            raise ValueError(f"`{command}` no longer prints `{piece[0].strip()}`")
        spans.append((start, start + len(piece)))
    spans.append((max(spans[-1][1], len(printed) - len(last)), len(printed)))
    out: list[str] = []
    end = 0
    for start, stop in spans:
        out += [CUT] if start > end else []
        out += printed[start:stop]
        end = stop
    return out


def block(command: str, ran: Ran) -> str:
    """A fenced block of the command and what it printed; the exit code where the answer's last line does not say it."""
    last = "\n".join(ran.output.splitlines()[-3:])
    shown = "" if re.search(rf"exit\s+{ran.code}\b", last) else f"\n$ echo $?\n{ran.code}"
    output = f"\n{ran.output}" if ran.output else ""
    return f"```console\n$ {command}{output}{shown}\n```"
