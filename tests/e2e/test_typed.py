"""A reader types what the first pages say, as it stands there, in a clone."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


@pytest.fixture
def installed(copy_tree: Callable[[Path], Path], tmp_path: Path) -> Path:
    """A clone after `make demo`: what stands in its `.venv/bin` leads to its own source."""
    clone = copy_tree(tmp_path / "a clone")
    programs = clone / ".venv" / "bin"
    programs.mkdir(parents=True)
    lines = {
        "python3": f"PYTHONPATH='{clone}/src' exec '{sys.executable}' \"$@\"",
        "netwright": f"exec '{programs}/python3' -c 'from netwright.cli.main import main; main()' \"$@\"",
    }
    for name, line in lines.items():
        (programs / name).write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    return clone


def shell(clone: Path, lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    unset = ("KUBE", "NETWRIGHT", "LC_", "PYTHONDONTWRITEBYTECODE")  # without bytecode each command compiles anew
    kept = {k: v for k, v in os.environ.items() if not k.startswith(unset)}
    settings = {"COLUMNS": "80", "NO_COLOR": "1", "LANG": "C.UTF-8"} | environment
    command = ["/bin/sh", "-c", lines]
    return subprocess.run(
        command, cwd=clone, env=kept | settings, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_the_whole_tour_runs_in_one_shell_and_leaves_the_clone_as_it_is(installed: Path, tmp_path: Path) -> None:
    """Every command ends with the code that the page shows, and finds all that it names."""
    lines: list[str] = []
    wanted: list[tuple[str, int]] = []
    page = (installed / "docs" / "tour.md").read_text(encoding="utf-8")
    for kind, body in re.findall(r"^```(sh|console|python)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        if kind != "console":
            lines.append((body if kind == "sh" else f"python3 <<'END'\n{body}END\n") + "echo before: $?")
            continue
        (command, *more), shown = re.findall(r"^\$ (.*)", body, re.MULTILINE), body.splitlines()
        said = re.search(r"exit\s+(\d+)", "\n".join(shown[-3:]))
        code = int(shown[-1]) if more == ["echo $?"] else int(said[1]) if said else 0
        wanted.append((command, code))
        lines.append(f"{command} >/dev/null 2>printed || code=$?; echo ran: ${{code:-0}}; code=; cat printed")
    assert len(wanted) > 15
    before = {p for p in installed.rglob("*") if "__pycache__" not in p.parts}
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    done = shell(installed, "\n".join(lines), TMPDIR=str(temporary))
    assert done.stderr == ""
    assert set(re.findall(r"^before: (\d+)", done.stdout, re.MULTILINE)) == {"0"}
    codes = map(int, re.findall(r"^ran: (\d+)", done.stdout, re.MULTILINE))
    assert list(zip([command for command, _ in wanted], codes, strict=True)) == wanted, done.stdout
    assert {p for p in installed.rglob("*") if "__pycache__" not in p.parts} == before


def questions(page: Path) -> list[str]:
    """The commands of the page that ask about a folder, with the example for it."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"(?:^|`)(netwright (?:why|reach|show|eval) [^`#\n]*FOLDER[^`#\n]*)", text, re.MULTILINE)
    told = (command.strip().replace("FOLDER", "examples/shop") for command in found)
    return [command.replace("questions.jsonl", "docs/tour-queries.jsonl") for command in told]


@pytest.mark.parametrize("name", ["README.md", "docs/start.md"])
def test_every_question_of_the_first_pages_has_an_answer_on_the_example(installed: Path, name: str) -> None:
    asked = questions(installed / name)
    assert len(asked) >= 4
    for command in asked:
        done = shell(installed, f'PATH="$PWD/.venv/bin:$PATH"; {command}')
        assert done.returncode in (0, 1, 4), (command, done.stderr)
        assert done.stderr == "", command
        # A note is what stands in the place of an answer: no such port, no such backend.
        assert not re.search(r"^  note ", done.stdout, re.MULTILINE), (command, done.stdout)
