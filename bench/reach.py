"""`reach` as a whole process: manifests to the last byte of the answer, and what was written read back and judged."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

import msgspec

from bench.generate import describe, mix, mix_file
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"
SAMPLES = 1000


@bench("reach")
def reach(quick: bool) -> Report:
    """All pairs, as classes and as pairs, whole process, from JSON manifests; the answer compared with the spec."""
    report = Report()
    repeats = 1 if quick else REPEATS
    sizes = [(500, 250, 0.4, 100.0, 0.1)]
    if not quick:
        sizes += [(2000, 1000, 0.6, 150.0, None), (10_000, 5000, 2.5, 400.0, None)]  # type: ignore[list-item]
    with tempfile.TemporaryDirectory(prefix="netwright-bench-") as folder:
        out = Path(folder, "answer.json")
        for workloads, policies, cpu_s, peak_mb, written_mb in sizes:
            source = mix_file(workloads, policies)
            if workloads == sizes[-1][0]:
                report.counts(f"the mix of {workloads:,} workloads", describe(mix(workloads, policies, 1)))
            command = [COMMAND, "reach", source, "-q", "-o", "json", "--form", "classes", "--out", out, "--force"]
            cost = run(command, repeats=repeats, manifests=source, outputs=[out])
            label = f"{workloads:,} workloads / {policies:,} policies, classes"
            report.cost(label, cost, cpu_s=cpu_s, peak_mb=peak_mb, written_mb=written_mb)
        workloads, policies = (500, 250) if quick else (2000, 1000)
        source = mix_file(workloads, policies)
        command = [COMMAND, "reach", source, "-q", "-o", "json", "--out", out, "--force"]
        cost = run(command, repeats=repeats, outputs=[out])
        report.cost(f"{workloads:,} / {policies:,}, the same as pairs", cost, cpu_s=2.0)
        wrong = judged(source, out)
        report.rows.append(
            Row(
                what=f"{SAMPLES} written pairs that the spec judges otherwise",
                measured=wrong,
                unit="pairs",
                ceiling=0.5,
            )
        )
        yaml = mix_file(workloads, policies, form="yaml")
        command = [COMMAND, "reach", yaml, "-q", "-o", "json", "--form", "classes", "--out", out, "--force"]
        report.cost(f"{workloads:,} / {policies:,}, classes, from YAML", run(command, repeats=repeats, outputs=[out]))
    return report


def judged(source: Path, answer: Path) -> int:
    """How many of SAMPLES random (pair, port) questions the written answer and the reference evaluator answer
    otherwise."""
    from netwright import load
    from netwright.spec.networkpolicy import judge

    written = msgspec.json.decode(answer.read_bytes())
    allowed: dict[tuple[str, str], list[tuple[str, int, int]]] = {}
    for c in written["connections"]:
        allowed[c["from"], c["to"]] = [tuple(r) for r in c["ranges"]] or [("TCP", 0, 65535)]
    open_: dict[tuple[str, str], list[str]] = {}
    for u in written["undecided"]:
        for to in u["to"]:
            open_.setdefault((u["from"], to), []).append(u["ports"])
    twin = load(str(source))
    cluster = twin.cluster
    rows = [(w.ref, cluster.row_objects[w.rows[0]]) for w in cluster.workloads]
    dice = random.Random(3)
    ports = [80, 443, 5432, 8080, 9090, 3000, 3050, 9187, 8000, 22]
    pairs = list(allowed)
    wrong = 0
    for i in range(SAMPLES):
        if i % 2:
            source_ref, destination_ref = dice.choice(pairs)
            known = dict(rows)
            if source_ref not in known or destination_ref not in known:
                continue
            ends = (source_ref, known[source_ref]), (destination_ref, known[destination_ref])
            protocol, low, high = dice.choice(allowed[source_ref, destination_ref])
            port = dice.choice([low, high, dice.choice(ports)]) if protocol == "TCP" else dice.choice(ports)
        else:
            ends = dice.choice(rows), dice.choice(rows)
            port = dice.choice(ports)
        (a, source_object), (b, destination_object) = ends
        verdict = judge(cluster.objects, source_object, destination_object, protocol=6, port=port, family=4).verdict
        says = "allow" if any(p == "TCP" and lo <= port <= hi for p, lo, hi in allowed.get((a, b), ())) else "deny"
        if verdict == "undecided":
            wrong += (a, b) not in open_
        else:
            wrong += says != verdict
    return wrong


if __name__ == "__main__":
    print(judged(Path(sys.argv[1]), Path(sys.argv[2])))
