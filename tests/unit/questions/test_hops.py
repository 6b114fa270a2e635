"""Blast radius: over served ports, hop by hop, against a walk of the reference's own single verdicts."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

import netwright as nw
from netwright.engine.bits import indexes
from netwright.engine.blast import closure, spread
from netwright.model.references import Target
from netwright.questions.hops import blast
from tests.agreement import decode_all, inquirer
from tests.random_clusters import cluster


def test_the_shop(root: object) -> None:
    found = nw.load(str(root) + "/examples/shop").blast("legacy/orders")
    hops = {h.ref: h.hop for h in found.reached}
    assert hops["deploy/legacy/mailer"] == 1
    assert hops["deploy/shop/web"] == 2
    assert hops["deploy/shop/api"] == 2
    assert hops["sts/shop/db"] == 3
    assert hops["deploy/payments/ledger"] == 4
    assert "cronjob/shop/db-backup" not in hops, "it serves no port"


def test_one_hop_is_what_policy_allows_directly(root: object) -> None:
    twin = nw.load(str(root) + "/examples/shop")
    found = twin.blast("shop/web", hops=1)
    assert {h.ref for h in found.reached if h.surely} == {"deploy/shop/api", "deploy/kube-system/coredns"}
    assert any(c.policy == "shop/default-deny" and c.place.endswith("policies.yaml:8:16") for c in found.cuts)


def test_any_port_counts_workloads_that_declare_none(root: object) -> None:
    twin = nw.load(str(root) + "/examples/shop")
    served = {h.ref for h in twin.blast("legacy/orders").reached}
    every = {h.ref for h in twin.blast("legacy/orders", any_port=True).reached}
    assert served < every


def test_a_start_must_be_a_workload(root: object) -> None:
    with pytest.raises(nw.UsageError, match="not a workload"):
        nw.load(str(root) + "/examples/shop").blast("internet")


@pytest.mark.parametrize("seed", range(30))
def test_closure_equals_walking_from_every_end(seed: int) -> None:
    dice = random.Random(seed)
    n = dice.randrange(1, 40)
    density = dice.choice([0.02, 0.08, 0.3])
    adjacent = [sum(1 << j for j in range(n) if j != i and dice.random() < density) for i in range(n)]
    for i, reached in enumerate(closure(adjacent)):
        walked = 0
        for step in spread(adjacent, i):
            walked |= step
        assert indexes(reached) == indexes(walked & ~(1 << i))


POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: a, labels: {app: %s}}
spec: {%s containers: [{name: c%s}]}
status: {podIPs: [%s]}
"""
SHUT = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: shut, namespace: a}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
"""


def pod(name: str, port: int = 0, *, spec: str = "", ips: Sequence[str] = ()) -> str:
    ports = f", ports: [{{containerPort: {port}}}]" if port else ""
    return POD % (name, name, spec, ports, ", ".join(f'{{ip: "{ip}"}}' for ip in ips))


def reached(tmp_path: Path, *manifests: str, start: str = "a/x") -> dict[str, tuple[int, bool]]:
    (tmp_path / "all.yaml").write_text("".join(manifests), encoding="utf-8")
    return {h.ref: (h.hop, h.surely) for h in nw.load(str(tmp_path)).blast(start).reached}


@pytest.mark.parametrize(
    ("start", "found"),
    [
        ("a/x", {"pod/a/agent": (1, True), "pod/a/t": (2, True)}),
        ("a/agent", {"pod/a/t": (1, True)}),
        ("a/far", {}),
    ],
)
def test_a_node_and_its_own_pods_reach_each_other_whatever_isolates_them(
    tmp_path: Path, start: str, found: dict[str, tuple[int, bool]]
) -> None:
    here, there = "nodeName: n1, ", "nodeName: n2, "
    pods = (
        pod("x", spec=here),
        pod("agent", 9100, spec="hostNetwork: true, " + here),
        pod("t", 80, spec=here),
        pod("far", 80, spec=there),
    )
    assert reached(tmp_path, *pods, SHUT, start=start) == found


def test_where_a_node_is_not_known_its_pods_are_perhaps_reached(tmp_path: Path) -> None:
    pods = (pod("x"), pod("agent", 9100, spec="hostNetwork: true, "), pod("t", 80))
    assert reached(tmp_path, *pods, SHUT) == {"pod/a/agent": (1, False), "pod/a/t": (2, False)}


def test_a_pod_that_starts_stands_apart_from_its_siblings(tmp_path: Path) -> None:
    """Of one workload's pods only the one on the node's own is surely reached, and only that one reaches it."""
    owned = "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: w, uid: u, controller: true}], labels: {"
    pods = [pod(n, spec=f"nodeName: {n}, ").replace("labels: {", owned).replace(f"app: {n}", "app: w") for n in "pq"]
    agent = pod("agent", 9100, spec="hostNetwork: true, nodeName: p, ")
    assert reached(tmp_path, *pods, agent, SHUT, start="pod/a/p") == {"pod/a/agent": (1, True)}
    assert reached(tmp_path, *pods, agent, SHUT, start="pod/a/q") == {}


ONLY_FROM = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: %s, namespace: a}
spec:
  podSelector: {matchLabels: {app: %s}}
  ingress: [{from: [{ipBlock: {cidr: "%s"}}]}]
"""


def test_a_step_may_be_made_over_either_address_family(tmp_path: Path) -> None:
    pods = [pod(n, 80, ips=(f"10.244.0.{i}", f"fd00::{i}")) for i, n in enumerate("xtz", 1)]
    policies = (ONLY_FROM % ("t", "t", "::/0"), ONLY_FROM % ("z", "z", "10.244.0.2/32"), ONLY_FROM % ("x", "x", "::/0"))
    assert reached(tmp_path, *pods, *policies) == {"pod/a/t": (1, True), "pod/a/z": (2, True)}


def test_a_step_needs_a_family_that_both_have(tmp_path: Path) -> None:
    pods = (pod("x", ips=("10.244.0.1",)), pod("t", 80, ips=("fd00::2",)), pod("z", 80, ips=("10.244.0.3", "fd00::3")))
    assert reached(tmp_path, *pods) == {"pod/a/z": (1, True), "pod/a/t": (2, True)}


def test_over_a_family_that_nothing_gives_the_pods_a_step_is_perhaps(tmp_path: Path) -> None:
    assert reached(tmp_path, pod("x"), pod("t", 80), ONLY_FROM % ("t", "t", "::/0")) == {"pod/a/t": (1, False)}


@pytest.mark.parametrize("seed", range(40))
def test_one_hop_is_what_single_questions_allow(seed: int) -> None:
    """On random clusters: an end is surely reached in a step where every pod of it is over one family at least, and not
    reached where none is in any."""
    case = cluster(seed, 1)
    engine = inquirer(decode_all(case.manifests), case.pod_cidrs)
    assumed = engine.cluster.has_assumed_families
    rows = range(engine.network.columns.n)
    for start in random.Random(seed).sample(rows, min(3, len(rows))):
        source = Target(engine.directory.row_ref(start), rows=(start,))
        found = blast(engine, source, hops=1, any_port=False, locate=lambda _: None)
        told = {h.ref: h.surely for h in found.reached}
        for w in engine.cluster.workloads:
            if w.kind == "node" or len(w.rows) > 1 or w.rows[0] == start:
                continue
            verdicts: dict[int, set[str]] = {}
            for p in engine.cluster.row_ports[w.rows[0]]:
                for family in engine.network.families:
                    target = Target(w.ref, rows=w.rows)
                    asked = engine.ask(source, target, p.protocol, str(p.number), family=family)
                    if not asked.nowhere:
                        verdicts.setdefault(family, set()).add(asked.verdict)
            sure = ["allow" in v for v in verdicts.values()]
            want = (
                True
                if sure and (all(sure) if assumed else any(sure))
                else False
                if any(v & {"allow", "undecided"} for v in verdicts.values())
                else None
            )
            assert told.get(w.ref) == want, (found.source, w.ref)
