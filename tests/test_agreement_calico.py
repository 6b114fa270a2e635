"""Engine and reference evaluator on random Calico clusters: verdicts, why they are open, and the rules cited."""

from __future__ import annotations

import pytest

from tests.agreement_calico import compare

GROUPS, CLUSTERS, TUPLES = 20, 10, 100


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_evaluator_agree_under_calico(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    found = [compare(one, TUPLES) for one in range(first, first + CLUSTERS)]
    assert not [told for one in found for told in one.differing][:5]
    assert {"allow", "deny"} <= {verdict for one in found for verdict in one.verdicts}
