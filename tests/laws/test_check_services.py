"""Findings agree with `eval` on random clusters: what is said to be closed is, and what is said to be exposed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.services import PROTOCOLS, protocol_name
from netwright.model.cluster import ServiceNoun
from netwright.model.finding import Finding
from netwright.twin import Twin
from tests.laws.test_reach import twin
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 10**6)


def verdicts(network: Twin, sources: list[str], service: ServiceNoun, finding: Finding) -> set[str]:
    """Of the Service's ports that the finding speaks of, from all of the sources."""
    queries = [
        {"from": source, "to": service.ref, "protocol": protocol_name(p.protocol), "port": p.port}
        for source in sources
        for p in service.ports
        if p.protocol in PROTOCOLS.values()
        and (" at `" not in finding.title or f"`{protocol_name(p.protocol)} {p.port}`" in finding.title)
    ]
    return {answer.verdict for answer in network.eval(queries)}


@given(SEEDS)
@settings(deadline=None, max_examples=60)
def test_findings_are_as_eval_says(seed: int) -> None:
    case = cluster(seed, tuples=1)
    network = twin(case.manifests, case.pod_cidrs)
    services = {s.ref: s for s in network.cluster.services}
    exposed = set()
    for finding in network.check().findings:
        service = services.get(f"svc/{finding.namespace}/{finding.name}")
        if finding.code == "NW3101":
            exposed.add(finding.workloads[0])
        if service is None or finding.kind != "Service":
            continue
        columns = network.cluster.columns
        behind = set(service.selected or ())
        others = [
            w.ref
            for w in network.cluster.workloads
            if w.kind != "node" and behind.isdisjoint(w.rows) and not any(columns.host[r] for r in w.rows)
        ]
        if finding.code == "NW4007":
            assert "allow" not in verdicts(network, others, service, finding)
        elif finding.code == "NW4001":
            assert verdicts(network, others, service, finding) <= {"deny"}
        elif finding.code in ("NW3103", "NW3106"):
            assert "allow" in verdicts(network, ["internet"], service, finding)
    ways = {w for row in network.exposed() if row.verdict in ("allow", "some") for w in row.workload.split(", ")}
    directory = network.inquirer.directory
    assert exposed <= {w.ref for w in network.cluster.workloads if ways & {directory.row_ref(r) for r in w.rows}}
