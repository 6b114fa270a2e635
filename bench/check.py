"""`check` as a whole process: a folder of fifty files as a repository has them, and what large mixes come to."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.generate import Object, mix, mix_file, write_yaml
from bench.measure import REPEATS, Report, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"
FILES = 50
CODES = (0, 1, 4)


@bench("check")
def check(quick: bool) -> Report:
    """Cold: fifty YAML files of a mix of 40 workloads and 20 policies; then 2,000 and 10,000 workloads from JSON."""
    report = Report()
    repeats = 1 if quick else REPEATS
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        written = _folder(Path(folder), mix(40, 20, 1))
        for style in ("text", "json"):
            cost = run([COMMAND, "check", folder, "-q", "-o", style], repeats=repeats, exit_codes=CODES)
            report.cost(f"a folder of {FILES} files, {written} objects, {style}", cost, cpu_s=0.25)
        out = Path(folder, "found.json")
        for workloads in (2000,) if quick else (2000, 10_000):
            source = mix_file(workloads, workloads // 2)
            command = [COMMAND, "check", source, "-q", "-o", "json", "--out", out, "--force"]
            report.cost(f"{workloads:,} workloads", run(command, repeats=repeats, outputs=[out], exit_codes=CODES))
    return report


def _folder(folder: Path, manifests: list[Object]) -> int:
    """Write the objects into fifty files, as evenly as they go; how many they are."""
    for number in range(FILES):
        write_yaml(manifests[number::FILES], folder / f"{number:02}.yaml")
    return len(manifests)
