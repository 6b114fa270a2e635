"""`diff` as a whole process: two files of manifests to the last byte of every changed connection with its causes."""

from __future__ import annotations

import copy
import random
import sys
import tempfile
from pathlib import Path

import msgspec

from bench.generate import mix, mix_file, write_json
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"


@bench("diff")
def diff(quick: bool) -> Report:
    """Two mixes that differ in one policy of fifty: a rule is taken out of each; every pair in JSON with its causes."""
    report = Report()
    sizes = [(500, 250, 0.8)] if quick else [(500, 250, 0.8), (10_000, 5000, 6.0)]
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        for workloads, policies, cpu_s in sizes:
            before, after, out = mix_file(workloads, policies), Path(folder, "after.json"), Path(folder, "diff.json")
            changed = _without_rules(workloads, policies, after)
            command = [COMMAND, "diff", before, after, "-q", "-o", "json", "--out", out, "--force"]
            cost = run(command, repeats=1 if quick else REPEATS, outputs=[out], exit_codes=(1,))
            what = f"{workloads:,} workloads / {policies:,} policies, {changed} changed"
            report.cost(what, cost, cpu_s=cpu_s)
            found = msgspec.json.decode(out.read_bytes())
            pairs = [*found["opened"], *found["closed"], *found["changed"], *found["undecided"]]
            told = sum(bool(pair["because"]) for pair in pairs)
            report.notes.append(f"{what}: {len(pairs):,} pairs, {told:,} with their cause")
            report.rows.append(
                Row(what=f"{what}: pairs without a cause", measured=len(pairs) - told, unit="pairs", ceiling=0.5)
            )
    return report


def _without_rules(workloads: int, policies: int, path: Path) -> int:
    """Write the mix with a rule less in one policy of fifty; how many that are."""
    manifests = copy.deepcopy(mix(workloads, policies, 1))
    held = [
        o for o in manifests if o["kind"] == "NetworkPolicy" and (o["spec"].get("ingress") or o["spec"].get("egress"))
    ]
    chosen = random.Random(3).sample(held, max(1, policies // 50))
    for policy in chosen:
        rules = policy["spec"].get("ingress") or policy["spec"]["egress"]
        rules.pop()
    write_json(manifests, path)
    return len(chosen)
