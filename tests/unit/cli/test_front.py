"""The page of `netwright --help` is what the command group itself would print, whatever the terminal."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netwright.cli.front import page
from netwright.cli.main import cli


@pytest.mark.parametrize("program", ["netwright", "kubectl netwright"])
@pytest.mark.parametrize("columns", [20, 52, 53, 60, 72, 80, 97, 100, 102, 160])
def test_it_is_the_page_of_the_command_group(monkeypatch: pytest.MonkeyPatch, program: str, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    context = cli.make_context(program, [], resilient_parsing=True)
    assert page(program, columns) == cli.get_help(context) + "\n"


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_it_needs_no_click(arguments: list[str]) -> None:
    program = (
        "import os, sys\n"
        f"sys.argv = ['netwright', *{arguments!r}]\n"
        "from netwright.cli.entry import main\n"
        "leave = os._exit\n"
        "os._exit = lambda code: (print('click' in sys.modules, code, flush=True), leave(code))\n"
        "main()\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stdout.startswith("Usage: netwright [OPTIONS] COMMAND")
    assert run.stdout.splitlines()[-1] == "False 0"


def test_a_failure_to_write_it_is_told() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        run = subprocess.run(
            [sys.executable, "-m", "netwright", "--help"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert run.returncode == 2
    assert "the answer cannot be written: no space left on device" in run.stderr
