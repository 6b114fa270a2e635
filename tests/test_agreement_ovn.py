"""Engine and reference evaluator on random clusters of OVN-Kubernetes and its egress firewalls: verdicts and rules."""

from __future__ import annotations

import pytest

from tests.agreement_profiles import compare_ovn as compare

GROUPS, CLUSTERS, TUPLES = 20, 10, 100


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_evaluator_agree_under_ovn_kubernetes(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    found = [compare(one, TUPLES) for one in range(first, first + CLUSTERS)]
    assert not [told for one in found for _, told in one.differing][:5]
    assert {"allow", "deny", "undecided"} <= {verdict for one in found for verdict in one.verdicts}
