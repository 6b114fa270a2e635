"""`why` on random clusters: it answers whatever can be asked, as `eval` does, and its changes hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.errors import UsageError
from tests.laws.test_reach import twin
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_why_answers_what_eval_answers(seed: int) -> None:
    case = cluster(seed, tuples=6)
    network = twin(case.manifests, case.pod_cidrs)
    for query in case.queries:
        port = query.get("port")
        if query.get("icmp") or query.get("network"):
            continue
        destination = query["to"] if port is None else f"[{query['to']}]:{port}" if ":" in query["to"] else None
        destination = destination or f"{query['to']}:{port}"
        try:
            (said,) = network.eval([query])
        except UsageError:
            continue
        answer = network.why(
            query["from"], destination, protocol=query.get("protocol", "TCP"), family=query.get("family")
        )
        assert answer.verdict == said.verdict, query
        assert answer.verdict != "allow" or answer.groups == said.groups, query
