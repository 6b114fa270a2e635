"""The reference evaluator for Cilium against Cilium's own policy engine, packet by packet, both directions.

Cilium is right by definition of the profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from netwright.dialects import decode
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Decoded, Document
from netwright.spec.judge import CiliumOptions, judge
from tests.judges.cilium_judge import Judge, unavailable
from tests.random_cilium import CONFIGS, Case, Object, cluster

NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "ICMPv6": 58}
CLUSTERS, TUPLES = 200, 100


@pytest.fixture(scope="module")
def engine() -> Iterator[Judge]:
    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with Judge() as running:
        yield running


def decoded(manifests: Sequence[Object]) -> list[Decoded]:
    found = []
    for raw in manifests:
        meta = raw["metadata"]
        document = Document(
            place=None,
            api_version=raw["apiVersion"],
            kind=raw["kind"],
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            raw=raw,
        )
        one = decode(document)
        assert not isinstance(one, Invalid), (one, raw)
        found.append(one)
    return found


def options(config: Object) -> CiliumOptions:
    return CiliumOptions(
        cidr_match_modes=frozenset(config.get("policyCIDRMatchMode", ())),
        enforcement=config.get("enforcement", "default"),
        allow_localhost=config.get("allowLocalhost", "auto"),
    )


def pod_of(case: Case, query: tuple[str, str, str, int]) -> Object:
    """The pod that the question is about: its node is the one that the judge takes for the own."""
    names = {f"{one['metadata'].get('namespace')}/{one['metadata']['name']}": one for one in of(case, "Pod")}
    return next(names[end] for end in query[:2] if end in names)


def of(case: Case, *kinds: str) -> list[Object]:
    return [one for one in case.manifests if one["kind"] in kinds]


# --- Cilium's answers -------------------------------------------------------------------------------------------------


def place(case: Case, text: str) -> Object:
    kind, _, name = text.partition("/")
    if kind == "node":
        return {"node": name}
    if kind == "host":
        return {"entity": "host"}
    return {"endpoint": text} if name else {"address": text}


def questions(case: Case, local: str) -> Object:
    """The case as the judge reads it, with the questions about the pods of one node."""
    endpoints = [
        {
            "name": pod["metadata"]["name"],
            "namespace": pod["metadata"]["namespace"],
            "labels": pod["metadata"]["labels"],
            "serviceAccount": pod["spec"].get("serviceAccountName", "default"),
            "addresses": [one["ip"] for one in pod["status"]["podIPs"]],
            "ports": [
                {"name": port["name"], "protocol": port["protocol"], "number": port["containerPort"]}
                for container in pod["spec"]["containers"]
                for port in container.get("ports", ())
            ],
        }
        for pod in of(case, "Pod")
    ]
    nodes = [
        {
            "name": one["metadata"]["name"],
            "addresses": [entry["address"] for entry in one["status"]["addresses"]],
            "local": one["metadata"]["name"] == local,
        }
        for one in of(case, "Node")
    ]
    asked = []
    for query in case.queries:
        source, target, protocol, number = query
        flow: Object = {"from": place(case, source), "to": place(case, target), "protocol": protocol}
        flow |= {"icmp": {"type": number, "code": 0}} if protocol.startswith("ICMP") else {"port": number}
        if pod_of(case, query)["spec"]["nodeName"] == local:
            asked.append(flow)
    return {
        "id": f"{case.seed} {local}",
        "config": case.config,
        "namespaces": [
            {"name": one["metadata"]["name"], "labels": one["metadata"]["labels"]} for one in of(case, "Namespace")
        ],
        "endpoints": endpoints,
        "nodes": nodes,
        "policies": [one for one in case.manifests if one["kind"].endswith(("Policy", "CIDRGroup"))],
        "queries": asked,
    }


def said_by_cilium(engine: Judge, cases: Sequence[Case]) -> list[list[tuple[str, str]]]:
    """Egress and ingress of each question of each case."""
    locals_ = ("here", "there")
    answers = engine.ask(questions(case, local) for case in cases for local in locals_)
    found = []
    for i, case in enumerate(cases):
        both = {}
        for local, answer in zip(locals_, answers[2 * i : 2 * i + 2], strict=True):
            assert answer["errors"] == [], (case.seed, answer["errors"])
            both[local] = iter(answer["verdicts"])
        sides = []
        for query in case.queries:
            verdict = next(both[pod_of(case, query)["spec"]["nodeName"]])
            sides.append((verdict["egress"], verdict["ingress"]))
        found.append(sides)
    return found


# --- ours -------------------------------------------------------------------------------------------------------------


def said_by_us(case: Case) -> list[tuple[str, str]]:
    objects = decoded(case.manifests)
    things: dict[str, Decoded] = {f"{one.namespace}/{one.name}": one for one in objects if one.kind == "Pod"}
    things |= {f"node/{one.name}": one for one in objects if one.kind == "Node"}
    found = []
    for query in case.queries:
        own = things[f"node/{pod_of(case, query)['spec']['nodeName']}"]
        ends: list[Any] = [own if text == "host" else things.get(text, text) for text in query[:2]]
        protocol, number = query[2:]
        six = protocol == "ICMPv6" or any(isinstance(end, str) and ":" in end for end in ends)
        judged = judge(
            objects,
            *ends,
            protocol=NUMBERS[protocol],
            port=number << 8 if protocol.startswith("ICMP") else number,
            family=6 if six else 4,
            profile="cilium",
            options=options(case.config),
        )
        sides = []
        for end, side in zip(ends, (judged.egress, judged.ingress), strict=True):
            if isinstance(end, str) or end.kind != "Pod":
                sides.append("n/a")
            else:
                sides.append({(True, False): "allow", (False, True): "deny"}.get((side.may_allow, side.may_deny), "?"))
        found.append((sides[0], sides[1]))
    return found


def disagreements(engine: Judge, cases: Sequence[Case]) -> list[str]:
    found = []
    for case, theirs in zip(cases, said_by_cilium(engine, cases), strict=True):
        ours = said_by_us(case)
        for query, us, them in zip(case.queries, ours, theirs, strict=True):
            if us != them:
                found.append(f"seed {case.seed} {case.config} {query}: egress, ingress are {them}, we say {us}")
    return found


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_the_evaluator_says_what_cilium_says(engine: Judge, config: Object) -> None:
    first = CONFIGS.index(config) * CLUSTERS // len(CONFIGS)
    seeds = range(first, first + CLUSTERS // len(CONFIGS))
    assert disagreements(engine, [cluster(seed, TUPLES, config) for seed in seeds]) == []
