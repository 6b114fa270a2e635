"""Runs the command lines of the documentation as a reader would: in a folder with `examples/shop`, in a shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SECONDS = re.compile(r"\b\d+\.\d\d(\s+)s\b")
"""The one thing in an answer that differs from run to run."""


class Ran(NamedTuple):
    """What a command printed (standard error first, then the answer) and its exit code."""

    output: str
    code: int


@contextmanager
def workplace() -> Iterator[Path]:
    """A temporary folder with a copy of `examples/shop`; `bin` in it holds `netwright` and `python3`."""
    with tempfile.TemporaryDirectory(prefix="netwright-docs-") as name:
        folder = Path(name)
        shutil.copytree(ROOT / "examples", folder / "examples")
        programs = folder / ".programs"
        programs.mkdir()
        started = f"exec '{sys.executable}' -c 'from netwright.cli.main import main; main()' \"$@\""
        for program, line in (("netwright", started), ("python3", f"exec '{sys.executable}' \"$@\"")):
            (programs / program).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
            (programs / program).chmod(0o755)
        yield folder


def run(command: str, folder: Path) -> Ran:
    """Run one line of shell in the folder, 80 columns wide and without colour."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "LC_", "KUBE", "NETWRIGHT"))}
    environment |= {
        "PATH": f"{folder / '.programs'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUTF8": "1",
        "LANG": "C.UTF-8",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return Ran(normal(done.stderr + done.stdout), done.returncode)


def normal(text: str) -> str:
    """The text with its seconds as `0.xx` and without blanks at line ends."""
    return "\n".join(line.rstrip() for line in SECONDS.sub(r"0.xx\1s", text).splitlines())


def block(command: str, ran: Ran) -> str:
    """A fenced block of the command and what it printed; the exit code where the answer's last line does not say it."""
    last = "\n".join(ran.output.splitlines()[-3:])
    shown = "" if re.search(rf"exit\s+{ran.code}\b", last) else f"\n$ echo $?\n{ran.code}"
    output = f"\n{ran.output}" if ran.output else ""
    return f"```console\n$ {command}{output}{shown}\n```"
