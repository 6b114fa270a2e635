"""What `reach` prints as a reference is read back, and means the same endpoints."""

from __future__ import annotations

import random
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netwright.base.ipset import Family
from netwright.engine.inquire import of_family
from netwright.model.references import split_port
from netwright.questions.reach import By, Ends, Reached, pairs_of
from netwright.twin import Twin
from tests.laws.test_reach import twin, written
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 10**6)
WAYS: tuple[By, ...] = get_args(By)


def meant(made: Twin, reached: Reached, ends: Ends, end: int, family: Family) -> set[int]:
    """The rows that a printed endpoint stands for, from what tells endpoints apart."""
    network = made.inquirer.network
    columns, row = network.columns, ends.rows[end]
    present = network.tables[family].universe.present

    def mark(r: int) -> tuple[object, ...]:
        if reached.by == "pod":
            return (r,)
        if reached.by == "namespace":
            return (int(columns.namespace[r]),)
        if reached.by == "identity":
            return (network.position(r),)
        host = bool(columns.host[r])
        return int(columns.workload[r]), network.position(r), int(columns.node[r]) if host else None

    return {r for r in range(columns.n) if mark(r) == mark(row) and present >> network.position(r) & 1}


@settings(max_examples=60)
@given(SEEDS, st.sampled_from(WAYS))
@example(3586, "pod")  # pods of a StatefulSet that stand one by one, and that no policy tells apart
def test_every_printed_reference_means_what_it_was_printed_for(seed: int, by: By) -> None:
    case = cluster(seed, 0)
    made = twin(case.manifests, case.pod_cidrs)
    reached = made.reach(by=by)
    inquirer = made.inquirer
    printed = {e["ref"] for e in written(reached, made)["endpoints"]}
    for family in reached.families:
        ends: Ends = pairs_of(reached, family).ends
        present = inquirer.network.tables[family].universe.present
        assert len(set(ends.refs)) == len(ends.refs), f"seed {seed}, by {by}, IPv{family}"
        assert set(ends.refs) <= printed
        for i, ref in enumerate(ends.refs):
            target = inquirer.directory.resolve(ref)
            told = f"seed {seed}, by {by}, IPv{family}: `{ref}`"
            if ends.rows[i] >= 0:
                rows = {r for r in target.rows if present >> inquirer.network.position(r) & 1}
                assert rows == meant(made, reached, ends, i, family), told
                assert split_port(f"{ref}:80") == (ref, "80"), told
            else:
                assert target.addresses is not None, told
                assert {s.position for s in inquirer.spots(target, family)} == {ends.positions[i]}, told
                held = tuple(of_family(target.addresses, family).cidrs())
                assert ends.addresses[i] in ((), held), told
            assert split_port(f"[{ref}]:80") == (ref, "80"), told


@settings(max_examples=30)
@given(SEEDS, st.sampled_from(WAYS))
def test_reach_from_a_printed_reference_is_from_that_end(seed: int, by: By) -> None:
    case = cluster(seed, 0)
    made = twin(case.manifests, case.pod_cidrs)
    family = made.inquirer.network.families[0]
    refs = pairs_of(made.reach(by=by), family).ends.refs
    for ref in random.Random(seed).sample(refs, min(5, len(refs))):
        pairs = pairs_of(made.reach(by=by, source=ref), family)
        assert [pairs.ends.refs[i] for i in pairs.sources] == [ref], f"seed {seed}, by {by}"
