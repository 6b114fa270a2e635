"""`reach` as a whole process: manifests to the last byte of the answer, and what was written read back and judged."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from bench.generate import describe, mix, mix_file
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench
from netwright.base.services import ServiceSet

COMMAND = Path(sys.executable).parent / "netwright"
SAMPLES = 1000
PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
PORTS = (80, 443, 5432, 8080, 9090, 3000, 3050, 9187, 8000, 22, 53, 5353)


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
        small = mix_file(100, 50)
        report.notes.append(
            f"{SAMPLES} questions judged; at 100 workloads the class form expands to the pairs: "
            + ("yes" if (same := expands(small, Path(folder))) else "NO")
        )
        wrong += 0 if same else SAMPLES
        report.rows.append(
            Row(
                what=f"of {SAMPLES} written answers, judged otherwise by spec",
                measured=wrong,
                unit="answers",
                ceiling=0.5,
            )
        )
        yaml = mix_file(workloads, policies, form="yaml")
        command = [COMMAND, "reach", yaml, "-q", "-o", "json", "--form", "classes", "--out", out, "--force"]
        report.cost(f"{workloads:,} / {policies:,}, classes, from YAML", run(command, repeats=repeats, outputs=[out]))
    return report


Ranges = list[tuple[int, int, int]]


def judged(source: Path, answer: Path, samples: int = SAMPLES) -> int:
    """Of `samples` random questions (a pair of ends, outside addresses among them, TCP or UDP and a port), how many the
    written answer and the reference evaluator answer otherwise. Half of them ask what is written as allowed."""
    from netwright import load
    from netwright.spec.judge import judge

    written = msgspec.json.decode(answer.read_bytes())
    sure: dict[tuple[str, str], Ranges] = {}
    open_: dict[tuple[str, str], Ranges] = {}
    for c in written["connections"]:
        sure.setdefault((c["from"], c["to"]), []).extend(_ranges(c["ports"]))
    for u in written["undecided"]:
        for to in u["to"]:
            open_.setdefault((u["from"], to), []).extend(_ranges(u["ports"]))
    twin = load(str(source))
    cluster = twin.cluster
    ends: dict[str, Any] = {w.ref: cluster.row_objects[w.rows[0]] for w in cluster.workloads}
    for end in written["endpoints"]:
        if end["ref"] not in ends and end["addresses"]:
            ends[end["ref"]] = end["addresses"][0].partition("/")[0]
    inside = [ref for ref, end in ends.items() if not isinstance(end, str)]
    dice = random.Random(3)
    pairs = [pair for pair in sure if all(ref in ends for ref in pair)]
    wrong = 0
    for i in range(samples):
        if i % 2:
            pair = dice.choice(pairs)
            protocol, low, high = dice.choice(sure[pair])
            key = protocol, dice.choice([low, high, (low + high) // 2])
        else:
            pair = dice.choice(inside), dice.choice(list(ends))
            pair = pair if dice.random() < 0.5 else (pair[1], pair[0])
            key = dice.choice((6, 6, 17)), dice.choice(PORTS)
        protocol, port = key if key[0] in (6, 17, 132) else (6, 80)
        verdict = judge(cluster.objects, ends[pair[0]], ends[pair[1]], protocol=protocol, port=port, family=4).verdict
        says = "allow" if _holds(sure, pair, protocol, port) else "deny"
        says = "undecided" if _holds(open_, pair, protocol, port) else says
        wrong += says != verdict
    return wrong


def _holds(found: dict[tuple[str, str], Ranges], pair: tuple[str, str], protocol: int, port: int) -> bool:
    return any(p == protocol and low <= port <= high for p, low, high in found.get(pair, ()))


def _ranges(text: str) -> Ranges:
    """`TCP 80,8000-8100; UDP` and `all` as (protocol, first, last)."""
    out: Ranges = []
    for part in ("TCP; UDP; SCTP" if text == "all" else text).split("; "):
        name, _, numbers = part.partition(" ")
        if name in PROTOCOLS:
            for span in numbers.split(",") if numbers else ("0-65535",):
                low, _, high = span.partition("-")
                out.append((PROTOCOLS[name], int(low), int(high or low)))
    return out


def expands(source: Path, folder: Path) -> bool:
    """Whether the class form, expanded by what a reader of it has to do, is the pair form."""
    from netwright.questions.reach import expand

    written = {}
    for form in ("pairs", "classes"):
        out = folder / f"{form}.json"
        run([COMMAND, "reach", source, "-q", "-o", "json", "--form", form, "--out", out, "--force"], repeats=1)
        written[form] = msgspec.json.decode(out.read_bytes())
    expanded: dict[tuple[str, str], ServiceSet] = {}
    for table in written["classes"]["tables"]:
        for s, d, must, _ in expand(table):
            found = _services((PROTOCOLS[name], low, high) for name, low, high in must if name in PROTOCOLS)
            if found:
                expanded[s, d] = expanded.get((s, d), ServiceSet()) | found
    pairs = {(c["from"], c["to"]): _services(_ranges(c["ports"])) for c in written["pairs"]["connections"]}
    return expanded == pairs


def _services(ranges: Iterable[tuple[int, int, int]]) -> ServiceSet:
    return ServiceSet.of([(p << 16 | low, (p << 16 | high) + 1) for p, low, high in ranges])


if __name__ == "__main__":
    print(judged(Path(sys.argv[1]), Path(sys.argv[2])))
