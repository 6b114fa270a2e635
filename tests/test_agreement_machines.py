"""The engine against the specification on random clusters in which some workloads are virtual machines."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.agreement import Asked, Names, answers, decode_all, expected, inquirer
from tests.random_clusters import Case, cluster
from tests.random_machines import with_machines

GROUPS, CLUSTERS, TUPLES = 8, 20, 60


def compared(case: Case) -> tuple[Counter[str], list[str]]:
    """The verdicts, and where the judges differ on them, on why they are open, or on who decides.

    Beside a second enforcer the engine tells more where only the own node is open: what passes on is not compared, and
    it may give more reasons. Nor is whom ways in from outside cite, where nodes that are not known are between.
    """
    asked = Asked(case.manifests, case.pod_cidrs, case.queries)
    objects = decode_all(case.manifests)
    engine = inquirer(objects, case.pod_cidrs)
    names = Names(objects)
    verdicts: Counter[str] = Counter()
    differing: list[str] = []
    for kind, raw, answer in zip(case.query_kinds, case.queries, answers(engine, case.queries), strict=True):
        want = expected(names, asked, raw, engine.network.families, engine.cluster.has_assumed_families)
        got = "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict
        verdicts[got] += 1
        by = {(b.direction, b.kind, f"{b.namespace}/{b.name}", b.action, b.rule) for b in answer.by}
        cited = {c for c in by if c[3] != "pass"}, {c for c in want.by if c[3] != "pass"}
        cited = cited if not kind.startswith("outside") else (set(), set())
        kinds = frozenset(u.kind for u in answer.undecided)
        if got != want.verdict or cited[0] != cited[1] or not want.kinds <= kinds:
            differing.append(f"seed {case.seed}: {raw}: engine {got} {cited[0]}, specification {want}")
    return verdicts, differing


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_specification_agree_about_machines(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    verdicts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    found: list[str] = []
    for one in range(first, first + CLUSTERS):
        case = with_machines(cluster(one, TUPLES))
        kinds.update(o["kind"] for o in case.manifests)
        told, differing = compared(case)
        verdicts += told
        found += differing
    assert not found, f"{len(found)} disagreements\n" + "\n".join(found[:5])
    assert {"allow", "deny", "undecided"} <= verdicts.keys()
    assert kinds["VirtualMachine"] >= CLUSTERS
    assert min(kinds["VirtualMachineInstance"], kinds["VirtualMachinePool"]) > 0
