"""What `check` says to change nothing changes nothing: on random clusters the network is the same without it."""

from __future__ import annotations

import copy
import re
from collections import Counter
from functools import lru_cache
from typing import Any

import pytest

from netwright.base.services import ServiceSet
from netwright.dialects.k8s.edit import Edit
from netwright.engine.compile import Network
from netwright.model.finding import Finding
from netwright.profiles.compose import recompose
from netwright.twin import Twin
from tests.agreement import decode_all
from tests.laws.test_reach import twin
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
Object = dict[str, Any]
CHUNKS, CLUSTERS = 6, 20
ADMIN = ("ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")
POLICIES = ("NetworkPolicy", *ADMIN)
IDLE = (
    *("NW2001", "NW2003", "NW2004", "NW2005", "NW2006", "NW2007", "NW2008", "NW2009", "NW2010"),
    *("NW2301", "NW2302", "NW2303", "NW2304", "NW2310", "NW2320", "NW2321", "NW2323", "NW2324", "NW2325"),
    *(
        "NW2104",
        "NW2105",
        "NW2108",
        "NW2111",
        "NW2112",
        "NW2113",
        "NW2114",
        "NW2115",
        "NW2120",
        "NW2121",
        "NW2201",
        "NW2202",
        "NW2204",
    ),
)
"""Codes of what has no effect: the policy, rule, entry or port named can be deleted."""
OFTEN = {"NW2001", "NW2003", "NW2104", "NW2111", "NW2112", "NW2114", "NW2115", "NW2120", "NW2202"}


def answers(network: Network, rows: int) -> list[tuple[ServiceSet, ServiceSet]]:
    """What surely and what perhaps passes, for every family and pair of endpoint rows, and from and to outside."""
    found = []
    for tables in network.tables.values():
        ends = [network.position(row) for row in range(rows)]
        outside = [tables.universe.position_of_address(a) for a in (1 << 27, 0xCB007109, 0x0A000105, 0xC0A80001)]
        found += [tables.pair(a, b) for a in (*ends, *outside) for b in (*ends, *outside)]
    return found


def explicit(manifests: list[Object]) -> list[Object]:
    """The same with policyTypes written, so that deleting the last rule of a direction does not open it. Policies are
    copies."""
    out = [copy.deepcopy(o) if o["kind"] in POLICIES else o for o in manifests]
    for o in out:
        if o["kind"] == "NetworkPolicy" and not o["spec"].get("policyTypes"):
            o["spec"]["policyTypes"] = ["Ingress", "Egress"] if o["spec"].get("egress") else ["Ingress"]
    return out


def namespace_of(o: Object) -> str:
    """The namespace of a policy; admin policies are in none."""
    return "" if o["kind"] in ADMIN else str(o["metadata"].get("namespace", "default"))


def without(manifests: list[Object], finding: Finding) -> list[Object]:
    """The manifests without what a finding says to be of no effect."""
    out = explicit(manifests)
    (policy,) = (
        o
        for o in out
        if (o["kind"], namespace_of(o), o["metadata"]["name"]) == (finding.kind, finding.namespace, finding.name)
    )
    found = re.match(r"spec\.(ingress|egress)(?:\[(\d+)\])?(?:\.(from|to|ports|protocols)\[(\d+)\])?", finding.path)
    if found is None:
        out.remove(policy)
        return out
    side, rule, list_, entry = found.groups()
    if rule is None:
        del policy["spec"][side]
    elif list_ is None or len(policy["spec"][side][int(rule)][list_]) == 1:
        policy["spec"][side].pop(int(rule))
    else:
        policy["spec"][side][int(rule)][list_].pop(int(entry))
    return out


def edited(t: Twin, manifests: list[Object]) -> list[tuple[ServiceSet, ServiceSet]]:
    """The answers with these policies instead of the twin's."""
    edits = [Edit(d, None, "") for d in t.cluster.objects if d.kind in POLICIES]
    edits += [Edit(None, d, "") for d in decode_all([m for m in manifests if m["kind"] in POLICIES])]
    # the twin's own columns: without a rule fewer endpoints may be told apart
    network = Network(t.cluster.columns, recompose(t.cluster, edits).enforcers, t.cluster.families)
    return answers(network, t.cluster.columns.n)


@lru_cache(maxsize=1)
def held(t: Twin) -> list[tuple[ServiceSet, ServiceSet]]:
    """The answers with the twin's own policies, which each of its findings is compared with."""
    return answers(t.network, t.cluster.columns.n)


def same(t: Twin, manifests: list[Object]) -> bool:
    return edited(t, manifests) == held(t)


def surer(t: Twin, manifests: list[Object]) -> bool:
    """Whether the answers are the same, or less of them is open."""
    pairs = zip(edited(t, manifests), held(t), strict=True)
    return all(before[0] <= after[0] and after[1] <= before[1] for after, before in pairs)


def changes_nothing(t: Twin, manifests: list[Object], finding: Finding) -> bool:
    # a rule that comes too late at pods that are perhaps selected is an outcome of its own to the engine
    judge = surer if finding.code in ("NW2320", "NW2321") else same
    return judge(t, without(manifests, finding))


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_changes_nothing_of_admin_policies_can_be_deleted(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(1000 + chunk * CLUSTERS, 1000 + (chunk + 1) * CLUSTERS):
        case = cluster(seed, 1, admin_share=1)
        t = twin(case.manifests, case.pod_cidrs)
        for finding in t.check().findings:
            if finding.code in IDLE and finding.kind in ADMIN:
                seen[finding.code] += 1
                assert changes_nothing(t, case.manifests, finding), (seed, finding)
    assert seen.keys() >= {"NW2320"}, "the law judged too little"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_what_changes_nothing_can_be_deleted(chunk: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(chunk * CLUSTERS, (chunk + 1) * CLUSTERS):
        case = cluster(seed, 1)
        t = twin(case.manifests, case.pod_cidrs)
        told = [f for f in t.check().findings if f.code in IDLE]
        for finding in told:
            seen[finding.code] += 1
            assert changes_nothing(t, case.manifests, finding), (seed, finding)
        idle = {(f.namespace, f.name) for f in told if f.code == "NW2115"}
        if idle:
            left = [
                o
                for o in case.manifests
                if o["kind"] != "NetworkPolicy"
                or (o["metadata"].get("namespace", "default"), o["metadata"]["name"]) not in idle
            ]
            assert same(t, left), (seed, idle)
    assert seen.keys() >= OFTEN, "the law judged too little"
