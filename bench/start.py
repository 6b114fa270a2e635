"""What it costs to start: the bare interpreter, and the command's own help."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.measure import REPEATS, Report, run
from bench.registry import bench


@bench("start")
def start(quick: bool) -> Report:
    """The bare interpreter and `netwright --help`."""
    report = Report()
    repeats = 1 if quick else REPEATS
    report.cost("python -c pass", run([sys.executable, "-c", "pass"], repeats=repeats))
    command = Path(sys.executable).parent / "netwright"
    if command.exists():
        report.cost("netwright --help", run([command, "--help"], repeats=repeats), cpu_s=0.08)
    else:
        report.notes.append("netwright is not installed beside this interpreter: its start was not measured")
    return report
