"""Plants each fault of `patches/` in a copy of the source and lets the tests find it.

Every copy is put to spec against engine first, then to the cases of it with a name, to the scenarios, to the unit tests
and the laws, until something fails. A fault that nothing finds, and a patch that does not apply any more, is an error:
exit 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.mutants.applying import DoesNotApply, apply, patches

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("src", "tests", "examples", "bench", "pyproject.toml")
CLUSTERS = 400
"""Random clusters each fault is put to: fewer than `make test` asks."""
ROOMS = ("base", "engine", "dialects", "model", "questions")
STAGES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("agreement", ("-m", "tests.mutants.hunt", str(CLUSTERS))),
    ("named cases", ("tests/test_agreement.py", "-k", "not spec_and_engine_agree and not every_item")),
    ("scenarios", ("tests/scenarios/test_scenarios_engine.py",)),
    ("units", tuple(f"tests/unit/{room}" for room in ROOMS)),
    ("laws", ("tests/laws",)),
)
PYTEST = ("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--no-header")


class Fate(NamedTuple):
    """What became of one fault: the stage that found it ("" for none) and what that said."""

    name: str
    stage: str
    told: str
    seconds: float
    broken: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="only patches whose name holds one of these")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args(arguments)
    chosen = [p for p in patches() if not given.names or any(n in p.name for n in given.names)]
    began = time.monotonic()
    print("all of it without a fault first, which takes some minutes", flush=True)
    sound = fate_of(None)
    if sound.stage:
        print(f"without any fault {sound.stage} fails already; mend that first\n{sound.told}")
        return 1
    print(f"without a fault everything passes ({sound.seconds:.0f} s); {len(chosen)} faults", flush=True)
    wrong = 0
    with ThreadPoolExecutor(given.processes) as pool:
        for fate in pool.map(fate_of, chosen):
            word = "BROKEN" if fate.broken else "killed" if fate.stage else "SURVIVED"
            wrong += word != "killed"
            print(f"{word:8} {fate.name:40} {fate.seconds:5.1f} s  {fate.stage}: {fate.told}"[:200], flush=True)
    print(f"{len(chosen) - wrong} of {len(chosen)} faults found, {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


def fate_of(patch: Path | None) -> Fate:
    """Copies the tree, plants the fault (None: none) and runs the stages until one fails."""
    began = time.monotonic()
    name = patch.stem if patch else ""
    with tempfile.TemporaryDirectory(prefix="netwright-mutant-") as made:
        folder = Path(made)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, folder / part)
        if patch is not None:
            try:
                for path in apply(patch, folder):
                    compile(path.read_text(encoding="utf-8"), str(path), "exec")
            except (DoesNotApply, ValueError, SyntaxError) as error:
                return Fate(name, "", str(error), time.monotonic() - began, broken=True)
        told, stage = _found(folder)
    return Fate(name, stage, told, time.monotonic() - began)


def _found(folder: Path) -> tuple[str, str]:
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(folder / "src"), str(folder))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NETWRIGHT_SEED": "1",
    }
    for stage, words in STAGES:
        paths = [w for w in words if (folder / w).exists()]
        command = list(words) if words[0] == "-m" else [*PYTEST, *paths]
        ran = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if ran.returncode:
            return _why(ran.stdout, ran.stderr), stage
    return "", ""


def _why(out: str, err: str) -> str:
    """The line that says what failed: the first disagreement, or the name of the first failing test."""
    lines = out.splitlines()
    told = [line for line in lines if line.startswith(("FAILED", "ERROR"))] or [
        x for x in lines if x.startswith("seed ")
    ]
    return (told or lines[-1:] or err.splitlines()[-1:] or ["failed"])[0]
