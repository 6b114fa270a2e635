"""Spec against engine on many random clusters: `python -m tests.fuzz [--clusters 10000] [--tuples 250] [--seed 0]`.

`--kind networks` draws clusters of that kind alone.

Of eight clusters one is Cilium's, under the options of its agent in turn, one Calico's, under what becomes of traffic
from pods to their node, one has a mesh of Istio's, one is OVN-Kubernetes', with egress firewalls, and one has many
networks; the others hold NetworkPolicies and, a third of them, admin policies. Every seed has a small cluster with many
networks beside.

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
from tests.agreement_calico import compare as compare_calico
from tests.agreement_calico import shrunk as shrunk_calico
from tests.agreement_calico import where
from tests.agreement_cilium import compare as compare_cilium
from tests.agreement_networks import compare as compare_networks
from tests.agreement_networks import shrunk as shrunk_networks
from tests.agreement_profiles import compare_istio, compare_ovn
from tests.agreement_profiles import shrunk as shrunk_profile
from tests.random_clusters import ITEMS

Found = tuple[str, Counter[str], frozenset[str], list[str], list[str]]
KINDS = ("kubernetes", "calico", "cilium", "kubernetes", "istio", "kubernetes", "ovn-kubernetes", "networks")
COMPARED = {"istio": compare_istio, "ovn-kubernetes": compare_ovn}

OF_NETWORKS = 40
"""Questions of a cluster with many networks, of which there is one for each seed: small ones, each of its own."""
DENIED = (30, 70)
"""The share of denied questions, in percent, that a run is to have."""
LESS_DENIED = (15, 70)
"""That of kinds that leave more undecided, or whose firewalls are about the few ends outside."""
ENOUGH = 500
"""Clusters from which on shares mean something."""


def one(task: tuple[int, int, str]) -> Found:
    seed, tuples, kind = task
    if kind == "cilium":
        held = compare_cilium(seed, tuples)
        text = msgspec.json.encode({"config": held.case.config, "manifests": held.case.manifests}).decode()
        texts = [text] * len(held.differing)
        return kind, Counter(held.verdicts), frozenset(), held.differing, texts
    if kind == "calico":
        held = compare_calico(seed, tuples)
        smallest = [shrunk_calico(held.case, where(told)) for told in held.differing[:1]]
        texts = [msgspec.json.encode({"config": one.config, "manifests": one.manifests}).decode() for one in smallest]
        return kind, Counter(held.verdicts), frozenset(), held.differing[:1], texts
    if kind == "networks":
        many = compare_networks(seed, tuples)
        shortest = [shrunk_networks(many.case, query) for query, _ in many.differing[:1]]
        texts = [msgspec.json.encode({"queries": c.queries, "manifests": c.manifests}).decode() for c in shortest]
        return kind, Counter(many.verdicts), frozenset(), [told for _, told in many.differing[:1]], texts
    if kind in COMPARED:
        drawn = COMPARED[kind](seed, tuples)
        # One of a cluster: the others have mostly the same cause.
        cases = [shrunk_profile(drawn.case, query) for query, _ in drawn.differing[:1]]
        texts = [
            msgspec.json.encode({"config": c.config, "queries": c.queries, "manifests": c.manifests}).decode()
            for c in cases
        ]
        return kind, Counter(drawn.verdicts), frozenset(), [told for _, told in drawn.differing[:1]], texts
    result = check(seed, tuples)
    texts = [case_text(case) for case in result.asked]
    return kind, result.verdicts, result.features, result.disagreements, texts


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clusters", type=int, default=10_000, help="random clusters (default 10000)")
    parser.add_argument("--tuples", type=int, default=250, help="questions a cluster (default 250)")
    parser.add_argument("--seed", type=int, default=0, help="the first cluster's seed; the others follow it")
    parser.add_argument("--kind", choices=sorted(set(KINDS)), help="clusters of this kind alone")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--most", type=int, default=10, help="disagreements that are shrunk and printed in full")
    given = parser.parse_args(arguments)
    last = given.seed + given.clusters - 1
    print(
        f"spec against engine: seeds {given.seed} to {last}, {given.tuples} questions each, {given.processes} processes"
    )
    seeds = range(given.seed, last + 1)
    tasks = [(seed, given.tuples, given.kind or KINDS[seed % len(KINDS)]) for seed in seeds]
    if given.kind is None:
        others = [seed for seed, _, kind in tasks if kind != "networks"]
        tasks += [(seed, min(given.tuples, OF_NETWORKS), "networks") for seed in others]
    verdicts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS if given.kind in (None, kind)}
    features: Counter[str] = Counter()
    clusters: Counter[str] = Counter()
    wrong = 0
    began = told = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for kind, found, covered, disagreements, texts in pool.imap_unordered(one, tasks, chunksize=8):
            clusters[kind] += 1
            verdicts[kind] += found
            features.update(covered)
            for text, case in zip(disagreements, texts, strict=True):
                wrong += 1
                if wrong <= given.most:
                    print(f"\nDISAGREEMENT {wrong}: {text}\n{case}", flush=True)
            now = time.monotonic()
            if (now - told >= 10 and sys.stderr.isatty()) or now - told >= 60:
                told = now
                asked = sum(held.total() for held in verdicts.values())
                print(
                    f"{clusters.total()}/{len(tasks)} clusters, {asked} questions, {now - began:.0f} s",
                    file=sys.stderr,
                    flush=True,
                )
    lopsided = False
    for kind, held in verdicts.items():
        spread = ", ".join(f"{name} {100 * n / max(1, held.total()):.1f} %" for name, n in held.most_common())
        print(f"\n{kind}: {clusters[kind]} clusters, {held.total()} questions: {spread}")
        denied = 100 * held["deny"] / max(1, held.total())
        least, most = LESS_DENIED if kind in (*COMPARED, "networks") else DENIED
        if clusters[kind] >= ENOUGH and not least <= denied <= most:
            lopsided = True
            print(f"{denied:.1f} % denied: a run that says little; wanted are {least} to {most} %")
    done = clusters["kubernetes"]
    rare = [item for item in ITEMS if features[item] < done / 100]
    if done:
        told_rare = f"RARE items: {', '.join(rare)}"
        print("every item of the semantics in at least 1 % of clusters" if not rare else told_rare)
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
