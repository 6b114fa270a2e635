"""What `check` says to change nothing under Cilium changes nothing: on random clusters the network is the same without
it."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

import pytest

from netwright.base.services import ServiceSet
from netwright.model.document import Reading
from netwright.model.finding import Finding
from netwright.twin import Twin, digest
from tests.agreement import NoTexts, document
from tests.laws.test_check import IDLE
from tests.laws.test_check import without as without_of_kubernetes
from tests.random_cilium import cluster

pytestmark = pytest.mark.laws
Object = dict[str, Any]
CHUNKS, CLUSTERS = 6, 30
KINDS = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")
OF_CILIUM = {
    *("NW2501", "NW2502", "NW2503", "NW2504", "NW2510", "NW2511", "NW2512", "NW2514"),
    *("NW2522", "NW2524", "NW2525", "NW2550", "NW2551"),
}
OFTEN = {"NW2503", "NW2550", "NW2551"}
CONFIGS = ("cilium", "cilium:policy-cidr-match-mode=pods", "cilium:policy-cidr-match-mode=pods+nodes")


def twin(manifests: list[Object], cni: str) -> Twin:
    reading = Reading(documents=[document(m) for m in manifests], unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni=cni)


def answers(t: Twin) -> list[tuple[ServiceSet, ServiceSet]]:
    """What surely and what perhaps passes, for every family and pair of endpoint rows, and from and to outside: of
    addresses that no node or pod has."""
    found = []
    for tables in t.network.tables.values():
        ends = [t.network.position(row) for row in range(t.cluster.columns.n)]
        outside = [tables.universe.position_of_address(a) for a in (1 << 27, 0xCB007105, 0xCB007182, 0xC6336407)]
        found += [tables.pair(a, b) for a in (*ends, *outside) for b in (*ends, *outside)]
    return found


def explicit(manifests: list[Object]) -> list[Object]:
    """The same with every direction that has rules in policyTypes: under Cilium they isolate."""
    out = copy.deepcopy(manifests)
    for spec in (o["spec"] for o in out if o["kind"] == "NetworkPolicy"):
        types = spec.get("policyTypes") or (["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
        spec["policyTypes"] = [*types, *(s.capitalize() for s in ("ingress", "egress") if spec.get(s))]
        spec["policyTypes"] = list(dict.fromkeys(spec["policyTypes"]))
    return out


def without(manifests: list[Object], finding: Finding) -> list[Object]:
    """The manifests without what a finding says to be of no effect; what isolates is left."""
    if finding.kind not in KINDS and finding.code not in OF_CILIUM:
        return without_of_kubernetes(explicit(manifests), finding)
    out = copy.deepcopy(manifests)
    policy = next(
        o
        for o in out
        if (o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"])
        == (finding.kind, finding.namespace, finding.name)
    )
    at = [int(p[1:-1]) if p.startswith("[") else p for p in re.findall(r"[^.\[\]]+|\[\d+\]", finding.path)]
    if at[-1] == "endpointSelector" or (at[-1] == "podSelector" and len(at) == 2):
        rule = policy["spec"] if at[0] == "spec" and len(at) == 2 else policy["specs"][at[1]]
        rule["endpointSelector" if finding.kind in KINDS else "podSelector"] = {"matchLabels": {"is": "nobody"}}
        return out
    section = next(i for i, part in enumerate(at) if str(part).startswith(("ingress", "egress")))
    rule = policy
    for part in at[:section]:
        rule = rule[part]
    entries = rule[at[section]]
    if section + 1 == len(at):
        del rule[at[section]]
        return out
    number = at[section + 1]
    rest = at[section + 2 :]
    if len(rest) > 1 and len(entries[number][rest[0]]) > 1:
        entries[number][rest[0]].pop(rest[1])
    elif finding.code in ("NW2522", "NW2551") and len(entries) > 1:
        entries.pop(number)
    elif finding.kind in KINDS:
        entries[number] = {}
    elif len(entries) > 1:
        entries.pop(number)
    else:
        entries[number] = {rest[0]: [{"podSelector": {"matchLabels": {"is": "nobody"}}}]}
    return out


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_changes_nothing_under_cilium_can_be_deleted(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(chunk * CLUSTERS, (chunk + 1) * CLUSTERS):
        case = cluster(seed, 1)
        cni = CONFIGS[seed % len(CONFIGS)]
        t = twin(case.manifests, cni)
        held = answers(t)
        for finding in t.check().findings:
            if finding.code in OF_CILIUM or finding.code in IDLE:
                seen[finding.code] += 1
                edited = twin(without(case.manifests, finding), cni)
                assert answers(edited) == held, (seed, cni, finding)
    assert seen.keys() >= OFTEN, f"the law judged too little: {seen}"


def test_what_is_said_to_be_closed_is() -> None:
    seen = 0
    for seed in range(CLUSTERS):
        t = twin(cluster(seed, 1).manifests, "cilium")
        columns, refs = t.cluster.columns, [w.ref for w in t.cluster.workloads]
        for finding in (f for f in t.check().findings if f.code == "NW2520"):
            seen += 1
            into = "ingressDeny" in finding.path
            rows = [row for row in range(columns.n) if refs[int(columns.workload[row])] in finding.workloads]
            pods = [row for row in range(columns.n) if not columns.host[row] and row not in rows]
            for tables in t.network.tables.values():
                outside = [tables.universe.position_of_address(a) for a in (0xCB007105, 0xC6336407)]
                for row in map(t.network.position, rows):
                    for other in (*map(t.network.position, pods), *outside):
                        assert not tables.pair(other, row)[1] if into else not tables.pair(row, other)[1], finding
    assert seen, "the law judged nothing"
