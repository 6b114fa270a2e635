"""Costs of a command in fresh processes, beside a fixed reference loop in the same run, and the table that shows both.

CPU seconds are user plus system of the process and the children it waited for; seconds on one machine mean little on
another, so every row also says how many reference loops it took, and `Pace` what a loop took where the ceilings were
set.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPEATS = 5
REFERENCE_ROUNDS = 3_000_000

SET_AT = {"bare interpreter": 0.011, "import numpy": 0.073}
"""CPU seconds of two processes, medians of 15, on the machine and day on which the ceilings of the benches were set,
with CPython 3.11.7 and numpy 2.4 on one thread. They say how quick that machine was."""
_STARTS = {"bare interpreter": "pass", "import numpy": "import numpy"}

# Linux counts in a process's peak what it had before exec, that is, the memory of whoever started it. A small launcher
# in between keeps our own memory out of the figure; its own (about 10 MB) is the least that can be measured.
_LAUNCHER = """
import json, os, sys
order = json.load(sys.stdin)
out = os.open(order["stdout"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
err = os.open(order["stderr"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
empty = os.open(order["stdin"], os.O_RDONLY)
actions = [(os.POSIX_SPAWN_DUP2, empty, 0), (os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, err, 2)]
command = order["command"]
pid = os.posix_spawnp(command[0], command, order["environment"], file_actions=actions)
_, status, used = os.wait4(pid, 0)
exit_code = os.waitstatus_to_exitcode(status)
print(json.dumps([exit_code, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""

_REFERENCE = """
import sys, time
start = time.process_time()
total = 0
for i in range(int(sys.argv[1])):
    total = (total + i * i) & 0xFFFFFFFF
print(time.process_time() - start)
"""

_LOADS = """
import json, pathlib, sys, time
text = pathlib.Path(sys.argv[1]).read_bytes()
start = time.process_time()
json.loads(text)
print(time.process_time() - start)
"""


class CommandFailed(RuntimeError):
    """A measured command that ended otherwise than it should: its exit code and the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Medians over the runs of one command."""

    cpu_s: float
    peak_mb: float
    """Peak resident set of the process, in units of 10**6 bytes."""
    written_bytes: int
    """Standard output and the files named as outputs."""
    reference_s: float
    """One reference loop, measured between the runs."""
    loads_s: float | None = None
    """`json.loads` of the same manifests, measured between the runs."""
    runs: tuple[float, ...] = ()
    stdout: Path | None = None

    @property
    def reference_loops(self) -> float:
        """CPU seconds in units of the reference loop: comparable between machines."""
        return self.cpu_s / self.reference_s


def run(
    command: Sequence[str | Path],
    *,
    repeats: int = REPEATS,
    manifests: Path | None = None,
    outputs: Iterable[Path] = (),
    stdin: Path | None = None,
    environment: Mapping[str, str] | None = None,
    exit_codes: Sequence[int] = (0,),
    keep_stdout: Path | None = None,
) -> Cost:
    """Runs a command `repeats` times in fresh processes, each time with one reference loop (and one `json.loads` of
    `manifests`) beside it, and gives the medians.

    `environment` is added to the present one. `keep_stdout` keeps what the last run wrote. Raises CommandFailed where
    an exit code is not among `exit_codes`.
    """
    words = [str(word) for word in command]
    cpu, peak, written, reference, loads = [], [], [], [], []
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        stdout = keep_stdout or Path(folder, "stdout")
        for _ in range(repeats):
            code, cpu_s, peak_kib = _once(
                words, stdout, Path(folder, "stderr"), stdin, {"PYTHONDONTWRITEBYTECODE": "", **(environment or {})}
            )
            if code not in exit_codes:
                said = Path(folder, "stderr").read_text(encoding="utf-8", errors="replace")[-2000:]
                raise CommandFailed(f"`{' '.join(words)}` ended with exit code {code}: {said}")
            cpu.append(cpu_s)
            peak.append(peak_kib * 1024 / 1e6)
            written.append(stdout.stat().st_size + sum(path.stat().st_size for path in outputs))
            reference.append(reference_loop())
            if manifests is not None:
                loads.append(json_loads(manifests))
    return Cost(
        cpu_s=statistics.median(cpu),
        peak_mb=statistics.median(peak),
        written_bytes=int(statistics.median(written)),
        reference_s=statistics.median(reference),
        loads_s=statistics.median(loads) if loads else None,
        runs=tuple(cpu),
        stdout=keep_stdout,
    )


def _once(
    command: list[str], stdout: Path, stderr: Path, stdin: Path | None, environment: Mapping[str, str]
) -> tuple[int, float, int]:
    """(exit code, CPU seconds, peak KiB) of one run."""
    order = {
        "command": command,
        "stdin": str(stdin or os.devnull),
        "stdout": str(stdout),
        "stderr": str(stderr),
        "environment": {**os.environ, **environment},
    }
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=False,
    )
    if launched.returncode:
        raise CommandFailed(f"`{command[0]}` could not be started: {launched.stderr.strip().splitlines()[-1]}")
    code, cpu_s, peak_kib = json.loads(launched.stdout)
    return code, cpu_s, peak_kib


def reference_loop(rounds: int = REFERENCE_ROUNDS) -> float:
    """CPU seconds of the fixed integer loop in a fresh interpreter, its start not counted."""
    return _timed(_REFERENCE, str(rounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How quick the machine is now, beside the one on which the ceilings were set: medians of what took turns."""

    loop_s: float
    starts_s: Mapping[str, float]

    @property
    def times(self) -> float:
        """How many times longer than there a process takes: of those in `SET_AT`, the one that grew the least."""
        return min(taken / SET_AT[name] for name, taken in self.starts_s.items())

    @property
    def loop_there_s(self) -> float:
        """CPU seconds that the reference loop takes at the pace at which the ceilings were set, at the most."""
        return self.loop_s / self.times

    def __str__(self) -> str:
        starts = ", ".join(f"{n} {1e3 * s:.0f} CPU ms ({1e3 * SET_AT[n]:.0f})" for n, s in self.starts_s.items())
        return (
            f"pace: {starts}, in brackets where the ceilings were set: {self.times:.2f} times as long; the reference "
            f"loop {self.loop_s:.3f} CPU s, at that pace {self.loop_there_s:.3f}"
        )


def pace(repeats: int = 2 * REPEATS + 1) -> Pace:
    """The pace of this machine now: the starts of `SET_AT` and the reference loop, each `repeats` times in turns."""
    loops: list[float] = []
    starts: dict[str, list[float]] = {name: [] for name in _STARTS}
    environment = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": ""}
    for _ in range(repeats):
        loops.append(reference_loop())
        for name, program in _STARTS.items():
            command = [sys.executable, "-c", program]
            code, cpu_s, _peak = _once(command, Path(os.devnull), Path(os.devnull), None, environment)
            if code:
                raise CommandFailed(f"`{' '.join(command)}` ended with exit code {code}")
            starts[name].append(cpu_s)
    medians = {name: statistics.median(taken) for name, taken in starts.items()}
    return Pace(loop_s=statistics.median(loops), starts_s=medians)


def json_loads(path: Path) -> float:
    """CPU seconds of `json.loads` on a file's bytes in a fresh interpreter, reading and start not counted."""
    return _timed(_LOADS, str(path))


def _timed(program: str, argument: str) -> float:
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, argument], capture_output=True, text=True, check=True
    )
    return float(ran.stdout)


def call(setup: Callable[[], Any], act: Callable[[Any], object], repeats: int = REPEATS) -> float:
    """Median CPU seconds of `act` in this process, on a fresh `setup()` each time: for warm answers and edits."""
    taken = []
    for _ in range(repeats):
        given = setup()
        start = time.process_time()
        act(given)
        taken.append(time.process_time() - start)
    return statistics.median(taken)


# --- the table ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One budget: what was measured and its ceiling, both in `unit`. Without a ceiling the row only informs."""

    what: str
    measured: float
    unit: str
    ceiling: float | None = None
    loops: float | None = None
    """The same in reference loops, for CPU seconds."""

    @property
    def ratio(self) -> float | None:
        """Measured over ceiling: at most 1 is within."""
        return None if self.ceiling is None else self.measured / self.ceiling

    @property
    def over(self) -> bool:
        return self.ratio is not None and self.ratio > 1


@dataclass(slots=True)
class Report:
    """What a bench tells: rows of budgets, and lines of plain text such as the mix of its input."""

    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def cost(
        self, what: str, cost: Cost, *, cpu_s: float | None = None, peak_mb: float | None = None,
        written_mb: float | None = None, loads: float | None = None,
    ) -> None:  # fmt: skip
        """Adds the rows of one command; the keywords are ceilings. `loads` is a multiple of `json.loads`."""
        self.rows.append(Row(what=what, measured=cost.cpu_s, unit="CPU s", ceiling=cpu_s, loops=cost.reference_loops))
        self.rows.append(Row(what=f"{what}: memory", measured=cost.peak_mb, unit="MB", ceiling=peak_mb))
        if cost.written_bytes or written_mb is not None:
            size = cost.written_bytes / 1e6
            self.rows.append(Row(what=f"{what}: written", measured=size, unit="MB", ceiling=written_mb))
        if cost.loads_s is not None:
            times = cost.cpu_s / cost.loads_s
            self.rows.append(Row(what=f"{what}: beside json.loads", measured=times, unit="times", ceiling=loads))

    def counts(self, title: str, counted: Mapping[str, int]) -> None:
        """Adds a table of counts to the notes, two columns wide."""
        self.notes.append(title)
        cells = [f"{name:<34}{count:>9,}" for name, count in sorted(counted.items())]
        half = (len(cells) + 1) // 2
        for i in range(half):
            self.notes.append("  " + "   ".join(cells[i::half]))


def table(rows: Sequence[Row]) -> str:
    """The rows as text: what, ceiling, measured, ratio to ceiling, reference loops, and `ok` or `over`."""
    head = ("what", "ceiling", "measured", "ratio to ceiling", "ref loops", "")
    lines = [head]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        mark = "" if row.ratio is None else "over" if row.over else "ok"
        ceiling = "" if row.ceiling is None else f"{_figure(row.ceiling)} {row.unit}"
        loops = "" if row.loops is None else f"{row.loops:.2f}"
        lines.append((row.what, ceiling, f"{_figure(row.measured)} {row.unit}", ratio, loops, mark))
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    text = []
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:5], widths[1:5], strict=True)),
        ]
        text.append("  ".join([*cells, line[5]]).rstrip())
    return "\n".join([text[0], "-" * len(text[0]), *text[1:]])


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
