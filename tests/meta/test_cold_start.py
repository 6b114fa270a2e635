"""What a command does not need it does not import: `--help` and `version` stay light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ["numpy", "rich", "yaml"]


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["eval", "--help"], ["no-such-verb"]])
def test_light_commands_import_nothing_heavy(root: Path, arguments: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['netwright', *{arguments!r}]\n"
        "from netwright.cli.main import run\n"
        "print('exit', run())\n"
        f"print('imported', sorted(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == "imported []", run.stdout + run.stderr
