"""Engine and reference evaluator on random clusters with many networks: verdicts, why they are open, and rules."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.agreement_networks import compare

GROUPS, CLUSTERS, TUPLES = 20, 50, 40


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_evaluator_agree_about_networks(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    verdicts: Counter[str] = Counter()
    told: list[str] = []
    for one in range(first, first + CLUSTERS):
        found = compare(one, TUPLES)
        verdicts.update(found.verdicts)
        told += [text for _, text in found.differing]
    assert not told, f"{len(told)} disagreements\n" + "\n".join(told[:5])
    assert {"allow", "deny", "undecided"} <= verdicts.keys()
