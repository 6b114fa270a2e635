"""The proof beside decoding, warm answers, blast radius, YAML: ratios measured side by side in one process."""

from __future__ import annotations

import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.generate import mix_file
from bench.measure import REPEATS, Report, Row, run
from bench.registry import bench

COMMAND = Path(sys.executable).parent / "netwright"


def cpu(act: Callable[[], Any], repeats: int = 5) -> float:
    """Median CPU seconds of an act, the collector off."""
    return side_by_side([act], repeats)[0]


def side_by_side(acts: Sequence[Callable[[], Any]], repeats: int = 5) -> list[float]:
    """Median CPU seconds of acts that take turns, so that they meet the same machine; the collector off."""
    taken: list[list[float]] = [[] for _ in acts]
    gc.collect()
    gc.disable()
    try:
        for _ in range(repeats):
            for act, seconds in zip(acts, taken, strict=True):
                started = time.process_time()
                act()
                seconds.append(time.process_time() - started)
    finally:
        gc.enable()
    return [statistics.median(seconds) for seconds in taken]


@bench("proof")
def proof(quick: bool) -> Report:
    """Proof (collect to fold) beside `json.loads` of the same manifests."""
    from netwright import load
    from netwright.engine.compile import Network

    report = Report()
    for workloads, ceiling in ((1000, 1.0),) if quick else ((1000, 1.0), (2000, 1.0), (3000, 1.0), (10_000, 2.0)):
        source = mix_file(workloads, workloads // 2)
        text = source.read_bytes()
        cluster = load(str(source)).cluster

        def prove(cluster: Any = cluster) -> None:
            Network(cluster.columns, cluster.enforcers, cluster.families).prove()

        prove()
        printed = json.dumps(json.loads(text), indent=4).encode()
        of_text, of_printed = ((lambda given=given: json.loads(given)) for given in (text, printed))
        loads, loads_printed, taken = side_by_side([of_text, of_printed, prove], 15)
        what = f"{workloads:,} workloads: proof"
        report.rows.append(Row(what=what, measured=taken * 1e3, unit="CPU ms"))
        for form, beside in (("", loads), (" of them as kubectl prints them", loads_printed)):
            report.rows.append(
                Row(what=f"{what} beside json.loads{form}", measured=taken / beside, unit="times", ceiling=ceiling)
            )
    return report


@bench("answers")
def answers(quick: bool) -> Report:
    """Every pair of 100 workloads with rule and place; one `why`, cold and warm; the blast radius of all workloads."""
    from netwright import load
    from netwright.base.services import TRANSPORT
    from netwright.engine.blast import adjacency, closure, services_served
    from netwright.questions.eval import Query, evaluate

    report = Report()
    repeats = 1 if quick else REPEATS
    source = mix_file(100, 50)

    def every_pair() -> None:
        twin = load(str(source))
        refs = [w.ref for w in twin.cluster.workloads if w.kind != "node"]
        queries = [Query(from_=a, to=b, port=8080) for a in refs for b in refs]
        found = list(evaluate(twin.inquirer, queries, twin.locate))
        assert len(found) == len(refs) ** 2
        assert any(by.line for answer in found for by in answer.by)

    report.rows.append(
        Row(
            what="every pair of 100 workloads, rule and file:line",
            measured=cpu(every_pair, repeats),
            unit="CPU s",
            ceiling=1.0,
        )
    )
    workloads = 200 if quick else 2000
    source = mix_file(workloads, workloads // 2)
    twin = load(str(source))
    refs = [w.ref for w in twin.cluster.workloads]
    a, b = refs[1], refs[-2]
    command = [COMMAND, "why", a, f"{b}:8080", "-f", source, "-q"]
    cost = run(command, repeats=repeats, exit_codes=(0, 1, 4))
    report.cost(f"one `why` at {workloads:,} workloads, cold", cost, cpu_s=0.4)
    dice = random.Random(4)
    pairs = [(dice.choice(refs), f"{dice.choice(refs)}:8080") for _ in range(3 if quick else 25)]
    twin.why(a, f"{b}:8080")
    for what, changes, ceiling in (
        ("verdict, rules and what differs", False, 5.0),
        ("with its proven changes", True, None),
    ):
        taken = sorted(cpu(lambda p=p, c=changes: twin.why(*p, changes=c), 3) for p in pairs)  # type: ignore[misc]
        what = f"one `why` at {workloads:,} workloads, warm, {what}"
        for name, seconds in (("median", statistics.median(taken)), ("slowest", taken[-1])):
            report.rows.append(
                Row(
                    what=f"{what}: {name} of {len(pairs)} pairs",
                    measured=seconds * 1e3,
                    unit="CPU ms",
                    ceiling=ceiling if name == "median" else None,
                )
            )
    network, cluster = twin.network, twin.cluster

    def radius() -> None:
        rows = [w.rows[0] for w in cluster.workloads if w.kind != "node"]
        served = [services_served([(p.protocol, p.number) for p in cluster.row_ports[r]]) or TRANSPORT for r in rows]
        reached = closure(adjacency(network.tables[4], [network.position(r) for r in rows], served, "must"))
        assert any(reached)

    report.rows.append(
        Row(
            what=f"blast radius of all workloads at {workloads:,}",
            measured=cpu(radius, repeats),
            unit="CPU s",
            ceiling=1.5,
        )
    )
    return report


@bench("yaml")
def yaml(quick: bool) -> Report:
    """Reading YAML with bounds and places, beside PyYAML's C loader."""
    import yaml as pyyaml

    from netwright.sources import read

    report = Report()
    workloads = 100 if quick else 1000
    source = mix_file(workloads, workloads // 2, form="yaml")
    text = source.read_bytes()
    ours, theirs = side_by_side(
        [lambda: read([str(source)]), lambda: list(pyyaml.load_all(text, Loader=pyyaml.CSafeLoader))]
    )
    report.rows.append(
        Row(
            what=f"{len(text) / 1e6:.1f} MB of YAML beside CSafeLoader",
            measured=ours / theirs,
            unit="times",
            ceiling=0.6,
        )
    )
    return report
