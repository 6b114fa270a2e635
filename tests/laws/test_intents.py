"""Intents agree with `eval` on random clusters: what is proven for a set is so for each of its questions."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.model.configuration import Intent, Verb
from netwright.questions.check import IntentAnswer
from netwright.twin import Twin
from tests.laws.test_reach import twin
from tests.makers import MAKERS
from tests.random_clusters import cluster

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 10**6)
CLUSTERS = 4


def judged(network: Twin, *intents: Intent) -> tuple[IntentAnswer, ...]:
    by_name = {a.name: a for a in network.check(intents=intents).intents}
    return tuple(by_name[i.name] for i in intents)


def intent(verb: Verb, source: str, destination: str, port: str) -> Intent:
    return Intent(name=verb, verb=verb, sources=(source,), destinations=(destination,), ports=(port,))


def wanted(verdict: str, groups: str | None) -> tuple[set[str], set[str]]:
    """What allow, and what deny, may come to, after the answer of `eval`."""
    if verdict == "allow":
        return ({"holds"}, {"broken"}) if groups in (None, "all") else ({"broken"}, {"broken"})
    if verdict == "deny":
        return {"broken"}, {"holds"}
    return {"undecided", "broken"}, {"undecided", "broken"}


@given(SEEDS)
@settings(deadline=None, max_examples=40)
def test_single_connections_are_as_eval_says(seed: int) -> None:
    case = cluster(seed, tuples=60)
    network = twin(case.manifests, case.pod_cidrs)
    hosts = {w.ref for w in network.cluster.workloads if any(network.cluster.columns.host[r] for r in w.rows)}
    directory = network.inquirer.directory
    for query, kind in zip(case.queries, case.query_kinds, strict=True):
        protocol, port = query.get("protocol", "TCP"), query.get("port")
        if kind not in ("pod", "address") or protocol not in ("TCP", "UDP", "SCTP") or not isinstance(port, int):
            continue
        if query.get("family") or query.get("network"):
            continue
        source, destination = (directory.resolve(query[end]) for end in ("from", "to"))
        touched = {w.ref for w in network.cluster.workloads if set(w.rows) & {*source.rows, *destination.rows}}
        if touched & hosts or set(source.rows) & set(destination.rows) or destination.service is not None:
            continue  # a node always reaches its own pods, whatever policy says; a pod itself
        if directory.destination(query["to"]).service is not None:
            continue
        (said,) = network.eval([query])
        text = f"{protocol}/{port}"
        allow, deny = judged(
            network, intent("allow", query["from"], query["to"], text), intent("deny", query["from"], query["to"], text)
        )
        for_allow, for_deny = wanted(said.verdict, said.groups)
        if deny.witness is not None and deny.witness.destination.startswith("svc/"):
            for_deny = {"broken", "undecided"}  # not as a packet to the pod's own address, which is what `eval` asks
        assert allow.verdict in for_allow, (query, said, allow)
        assert deny.verdict in for_deny, (query, said, deny)


@pytest.mark.parametrize("cni", ["upstream", "cilium", "calico", "ovn-kubernetes"])
@pytest.mark.parametrize("made_by", MAKERS)
def test_what_is_written_from_a_network_holds_on_it(made_by: str, cni: str, seed: int) -> None:
    """Of whatever kinds, and under every CNI; so that nothing of `check` fails on them either."""
    for number in range(seed % 10**6 * 10, seed % 10**6 * 10 + CLUSTERS):
        network = twin(MAKERS[made_by](number), (), cni)
        answers = network.check(intents=network.holding()).intents
        assert {a.verdict for a in answers} <= {"holds"}, f"cluster {number}"


@given(SEEDS)
@settings(deadline=None, max_examples=15)
def test_only_is_deny_of_everyone_else(seed: int) -> None:
    """Among the workloads: `only` does not hold where one that it does not name surely passes."""
    case = cluster(seed, tuples=1)
    network = twin(case.manifests, case.pod_cidrs)
    columns = network.cluster.columns
    workloads = [w for w in network.cluster.workloads if not any(columns.host[r] for r in w.rows)][:6]
    refs = [w.ref for w in workloads]
    pairs = [(a, b) for a in refs for b in refs]
    denials = [Intent(name=f"{a} {b}", verb="deny", sources=(a,), destinations=(b,)) for a, b in pairs]
    denied = {pair: answer.verdict for pair, answer in zip(pairs, judged(network, *denials), strict=True)}
    for target in refs:
        for named in refs:
            only = Intent(name="only", verb="only", sources=(named,), destinations=(target,))
            (answer,) = judged(network, only)
            verdicts = Counter(denied[other, target] for other in refs if other != named)
            if verdicts["broken"]:
                assert answer.verdict == "broken", (named, target)
            elif verdicts["undecided"]:
                assert answer.verdict in ("broken", "undecided"), (named, target)
            if answer.witness is not None:
                assert answer.witness.source != named, "it is listed"
