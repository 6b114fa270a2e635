"""`differences` against both networks asked pair by pair, over clusters that differ in anything."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from netwright.base.ipset import Family
from netwright.base.services import ALL, ServiceSet
from netwright.engine.compile import Network
from netwright.engine.difference import ABSENT, PERHAPS, Differences, View, differences
from netwright.engine.ends import Missing, SharedEnds, shared_ends
from netwright.engine.inquire import Inquirer
from netwright.model.document import Decoded
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from tests.agreement import decode_all
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
CASES = 60
Passing = tuple[ServiceSet, ServiceSet]


def inquirer(objects: list[Decoded], pod_cidrs: tuple[str, ...], like: Network | None = None) -> Inquirer:
    made = compose(tuple(objects), pod_cidrs=pod_cidrs)
    return Inquirer(made, Network(made.columns, made.enforcers, made.families, like=like), Directory(made))


def drawn(seed: int) -> tuple[Inquirer, Inquirer]:
    """A cluster, and the same with some objects gone and some policies, pods and namespaces of another one."""
    rng = random.Random(seed)
    one, other = cluster(seed, 0), cluster(seed + 1, 0)
    objects, strangers = decode_all(one.manifests), decode_all(other.manifests)
    held = {(d.kind, d.namespace, d.name) for d in objects}
    left = [d for d in objects if rng.random() > 0.15]
    kinds = rng.choice((("NetworkPolicy",), ("NetworkPolicy", "Pod", "Deployment", "StatefulSet"), ("Namespace",)))
    more = [d for d in strangers if d.kind in kinds and rng.random() < 0.3]
    gone = {(d.kind, d.namespace, d.name) for d in more}
    after = [d for d in left if (d.kind, d.namespace, d.name) not in gone] + more
    assert held
    before = inquirer(objects, one.pod_cidrs)
    return before, inquirer(after, one.pod_cidrs, before.network if rng.random() < 0.7 else None)


def asked(view: View, other: View, s: int, d: int) -> Passing:
    """What surely and perhaps passes between two ends, by the tables alone and the relations; those of the other
    network say which end is a single pod."""
    a, b = int(view.positions[s]), int(view.positions[d])
    relation = view.relations.get((s, d))
    if ABSENT in (a, b) or "self" in (relation, other.relations.get((s, d)) if a == PERHAPS else None):
        return ServiceSet(), ServiceSet()
    if PERHAPS in (a, b):
        return ServiceSet(), ALL
    must, may = view.tables.pair(a, b)
    if relation == "own node":
        return ALL, ALL
    return must, ALL if relation == "perhaps own node" else may


def expected(ends: SharedEnds) -> dict[tuple[int, int], tuple[Passing, Passing]]:
    inside = len(ends.owners) - ends.outside
    out = {}
    for s in range(len(ends.owners)):
        for d in range(len(ends.owners)):
            if s < inside or d < inside:
                was, now = asked(ends.before, ends.after, s, d), asked(ends.after, ends.before, s, d)
                if was != now:
                    out[s, d] = was, now
    return out


def named(found: Differences) -> dict[tuple[int, int], tuple[Passing, Passing]]:
    of = found.services
    pairs = zip(found.source.tolist(), found.destination.tolist(), found.was.tolist(), found.now.tolist(), strict=True)
    return {(s, d): ((of[was[0]], of[was[1]]), (of[now[0]], of[now[1]])) for s, d, was, now in pairs}


def compared(
    before: Inquirer, after: Inquirer, family: Family, missing: Missing | None = None
) -> tuple[SharedEnds, Differences]:
    ends = shared_ends(before, after, family, nodes=True, missing=missing)
    return ends, differences(ends.before, ends.after, ends.changed, outside=ends.outside)


def test_exactly_the_pairs_that_differ(seed: int) -> None:
    seen: Counter[str] = Counter()
    for case in range(CASES):
        before, after = drawn(seed + 2 * case)
        for family in before.network.tables.keys() & after.network.tables.keys():
            ends, found = compared(before, after, family)
            assert named(found) == expected(ends), f"cluster {seed + 2 * case}, IPv{family}"
            seen["pairs"] += len(found)
            seen["absent"] += int((ends.before.positions < 0).sum() + (ends.after.positions < 0).sum())
            seen["related"] += len(ends.before.relations)
    assert min(seen["pairs"], seen["absent"], seen["related"]) > 50, seen


def test_an_end_that_may_be_there_may_have_any_connection(seed: int) -> None:
    seen: Counter[str] = Counter()
    for case in range(CASES // 2):
        before, after = drawn(seed + 2 * case)
        for family in before.network.tables.keys() & after.network.tables.keys():

            def missing(side: int, row: int, case: int = case) -> int:
                return (side + row + case) % 3

            ends, found = compared(before, after, family, missing)
            assert named(found) == expected(ends), f"cluster {seed + 2 * case}, IPv{family}"
            for view in (ends.before, ends.after):
                assert view.has_perhaps == bool((view.positions == PERHAPS).any())
                seen["perhaps"] += int((view.positions == PERHAPS).sum())
                seen["absent"] += int((view.positions == ABSENT).sum())
    assert min(seen["perhaps"], seen["absent"]) > 10, seen


def test_the_mirror_and_nothing(seed: int) -> None:
    for case in range(CASES // 3):
        before, after = drawn(seed + 2 * case)
        for family in before.network.tables.keys() & after.network.tables.keys():
            ends, found = compared(before, after, family)
            back_ends, back = compared(after, before, family)

            def told(e: SharedEnds, f: Differences, turned: bool) -> Counter[tuple[object, ...]]:
                return Counter(
                    (e.owners[s], e.owners[d], *((now, was) if turned else (was, now)))
                    for (s, d), (was, now) in named(f).items()
                )

            assert told(ends, found, False) == told(back_ends, back, True), f"cluster {seed + 2 * case}"
            _, nothing = compared(before, before, family)
            assert len(nothing) == 0
            assert np.array_equal(nothing.source, nothing.destination)
