"""Spec against engine on many random clusters: `python -m tests.fuzz [--clusters 10000] [--tuples 250] [--seed 0]`.

Progress goes to standard error; every disagreement is printed with the smallest case that still shows it. Exit 1 if
there is any.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from tests.agreement import Asked, check, shrunk, still_differs
from tests.random_clusters import ITEMS

Found = tuple[int, int, Counter[str], frozenset[str], list[str], list[Asked]]


DENIED = (30, 70)
"""The share of denied questions, in percent, that a run is to have."""
ENOUGH = 500
"""Clusters from which on shares mean something."""


def one(task: tuple[int, int]) -> Found:
    seed, tuples = task
    result = check(seed, tuples)
    return seed, result.tuples, result.verdicts, result.features, result.disagreements, result.asked


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clusters", type=int, default=10_000, help="random clusters (default 10000)")
    parser.add_argument("--tuples", type=int, default=250, help="questions a cluster (default 250)")
    parser.add_argument("--seed", type=int, default=0, help="the first cluster's seed; the others follow it")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--most", type=int, default=10, help="disagreements that are shrunk and printed in full")
    given = parser.parse_args(arguments)
    last = given.seed + given.clusters - 1
    print(
        f"spec against engine: seeds {given.seed} to {last}, {given.tuples} questions each, {given.processes} processes"
    )
    tasks = [(given.seed + i, given.tuples) for i in range(given.clusters)]
    verdicts: Counter[str] = Counter()
    features: Counter[str] = Counter()
    tuples = wrong = done = 0
    began = told = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for _, count, found, covered, disagreements, asked in pool.imap_unordered(one, tasks, chunksize=8):
            done += 1
            tuples += count
            verdicts += found
            features.update(covered)
            for text, case in zip(disagreements, asked, strict=True):
                wrong += 1
                if wrong <= given.most:
                    print(f"\nDISAGREEMENT {wrong}: {text}\n{case_text(case)}", flush=True)
            now = time.monotonic()
            if (now - told >= 10 and sys.stderr.isatty()) or now - told >= 60:
                told = now
                print(
                    f"{done}/{given.clusters} clusters, {tuples} questions, {now - began:.0f} s",
                    file=sys.stderr,
                    flush=True,
                )
    spread = ", ".join(f"{name} {100 * n / max(1, tuples):.1f} %" for name, n in verdicts.most_common())
    rare = [item for item in ITEMS if features[item] < done / 100]
    print(f"\n{done} clusters, {tuples} questions: {spread}")
    print("every item of the semantics in at least 1 % of clusters" if not rare else f"RARE items: {', '.join(rare)}")
    denied = 100 * verdicts["deny"] / max(1, tuples)
    lopsided = done >= ENOUGH and not DENIED[0] <= denied <= DENIED[1]
    if lopsided:
        print(f"{denied:.1f} % denied: a run that says little; wanted are {DENIED[0]} to {DENIED[1]} %")
    print(f"{wrong} disagreements, {time.monotonic() - began:.0f} s")
    return 1 if wrong or lopsided or (rare and done >= ENOUGH) else 0


def case_text(case: Asked) -> str:
    """The smallest case, as JSON that can be pasted into a test."""
    small = shrunk(case) if still_differs(case) else case
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "queries": small.queries,
                "pod_cidrs": small.pod_cidrs,
                "unknown": small.unknown,
                "manifests": small.manifests,
            }
        ),
        indent=1,
    ).decode()
