"""The reference evaluator for Cilium against Cilium's own policy engine, packet by packet, both directions.

Cilium is right by definition of the profile. What it was found to do where one would expect another thing is listed in
`FACTS`, beside what `test_cilium_judge` lists, and asked of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from netwright.model.document import Decoded
from netwright.spec.judge import judge
from tests.agreement_cilium import options_of
from tests.judges.cilium_judge import Judge
from tests.random_cilium import CONFIGS, Case, Object, cluster
from tests.unit.spec.build_cilium import (
    CLUSTER,
    NOWHERE,
    NUMBERS,
    WEB,
    admin,
    asks,
    cnp,
    come,
    decoded,
    group,
    keyed,
    labels,
    netpol,
    ports,
)

CLUSTERS, TUPLES = 200, 100


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
            options=options_of(case.config),
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


# --- what it taught ---------------------------------------------------------------------------------------------------

GROUPS = (group("g", "203.0.113.0/24", trust="some"), group("h", "203.0.113.0/25", "198.51.100.0/24", kind="a"))
LACK = {"namespaces": asks("team", "DoesNotExist")}
MISSING = {"toServices": [{"k8sService": {"serviceName": "missing"}}]}
OUT = labels(app="web")


def egress_of_web(*entries: Object) -> Object:
    return cnp(select=OUT, egress=list(entries))


FACTS: dict[str, tuple[list[Object], Object, dict[str, tuple[str, str]]]] = {
    # (policies, how Cilium is set up, {source destination protocol number: (egress, ingress)})
    "a peer of namespaces that asks only for what they lack is everybody": (
        [admin("Admin", app="web", egress=[{"action": "Deny", "to": [LACK]}])],
        {},
        {
            "shop/web shop/db TCP 1": ("deny", "allow"),
            "shop/web 203.0.113.5 TCP 1": ("deny", "n/a"),
            "shop/web host TCP 1": ("deny", "n/a"),
        },
    ),
    "beside a name of a port on egress it is not": (
        [
            admin(
                "Admin",
                app="web",
                egress=[{"action": "Deny", "to": [LACK], "protocols": [{"destinationNamedPort": "sql"}]}],
            )
        ],
        {},
        {"shop/web shop/db TCP 5432": ("allow", "allow")},
    ),
    "what lacks the label of other nodes is everybody but these": (
        [
            cnp(
                ingressDeny=[{"fromEndpoints": [asks("reserved:remote-node", "DoesNotExist")]}],
                enableDefaultDeny={"ingress": False},
            )
        ],
        {},
        {
            "node/here shop/db TCP 1": ("n/a", "allow"),
            "203.0.113.5 shop/db TCP 1": ("n/a", "deny"),
            "bank/web shop/db TCP 1": ("allow", "deny"),
        },
    ),
    "where ranges match nodes it is these too": (
        [
            cnp(
                ingressDeny=[{"fromEndpoints": [asks("reserved:remote-node", "DoesNotExist")]}],
                enableDefaultDeny={"ingress": False},
            )
        ],
        {"policyCIDRMatchMode": ["nodes"]},
        {"node/here shop/db TCP 1": ("n/a", "deny")},
    ),
    "the peers of a NetworkPolicy are always of the cluster": (
        [netpol(ingress=[{"from": [{"namespaceSelector": asks("team", "NotIn", "red")}]}])],
        {},
        {
            "203.0.113.5 shop/db TCP 1": ("n/a", "deny"),
            "node/here shop/db TCP 1": ("n/a", "deny"),
            "bank/web shop/db TCP 1": ("allow", "allow"),
        },
    ),
    "a namespace in the labels of a podSelector is read as the policy's own": (
        [netpol(ingress=[]) | {"spec": {"podSelector": keyed({"io.kubernetes.pod.namespace": "bank"}), "ingress": []}}],
        {},
        {"shop/web shop/db TCP 1": ("allow", "deny"), "shop/web bank/db TCP 1": ("allow", "allow")},
    ),
    "endPort counts behind a name on ingress": (
        [cnp(ingress=[{"toPorts": [{"ports": [{"port": "sql", "endPort": 5440, "protocol": "TCP"}]}]}])],
        {},
        {"shop/web shop/db TCP 5440": ("allow", "allow"), "shop/web shop/db TCP 5441": ("allow", "deny")},
    ),
    "and not on egress": (
        [egress_of_web({"toPorts": [{"ports": [{"port": "sql", "endPort": 5440, "protocol": "TCP"}]}]})],
        {},
        {"shop/web shop/db TCP 5432": ("allow", "allow"), "shop/web shop/db TCP 5440": ("deny", "allow")},
    ),
    "toServices that are not there are everybody beside ports, and nobody without": (
        [egress_of_web(MISSING | {"toPorts": ports("80/TCP")}, MISSING)],
        {},
        {
            "shop/web shop/db TCP 80": ("allow", "allow"),
            "shop/web shop/db TCP 81": ("deny", "allow"),
            "shop/web 203.0.113.5 TCP 80": ("allow", "n/a"),
        },
    ),
    "so are toServices that are denied": (
        [cnp(select=OUT, egressDeny=[MISSING | {"toPorts": ports("80/TCP")}], enableDefaultDeny={"egress": False})],
        {},
        {"shop/web shop/db TCP 80": ("deny", "allow"), "shop/web shop/db TCP 81": ("allow", "allow")},
    ),
    "an address has the labels of every group that it is in, one of none has none": (
        [*GROUPS, egress_of_web({"toCIDRSet": [{"cidrGroupSelector": labels(trust="some", kind="a")}]})],
        {},
        {"shop/web 203.0.113.5 TCP 1": ("allow", "n/a"), "shop/web 203.0.113.200 TCP 1": ("deny", "n/a")},
    ),
    "and is what a selector of groups means that asks for what is not there": (
        [*GROUPS, egress_of_web({"toCIDRSet": [{"cidrGroupSelector": asks("trust", "NotIn", "some")}]})],
        {},
        {
            "shop/web 192.0.2.1 TCP 1": ("allow", "n/a"),
            "shop/web 203.0.113.5 TCP 1": ("deny", "n/a"),
            "shop/web shop/db TCP 1": ("deny", "allow"),
        },
    ),
    "in match mode pods it means every pod and every address": (
        [*GROUPS, egress_of_web({"toCIDRSet": [{"cidrGroupSelector": asks("trust", "NotIn", "some")}]})],
        {"policyCIDRMatchMode": ["pods"]},
        {"shop/web 203.0.113.5 TCP 1": ("allow", "n/a"), "shop/web shop/db TCP 1": ("allow", "allow")},
    ),
    "an except of everything cuts no pods in match mode pods": (
        [egress_of_web({"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["0.0.0.0/0"]}]})],
        {"policyCIDRMatchMode": ["pods"]},
        {"shop/web 192.0.2.1 TCP 1": ("deny", "n/a"), "shop/web shop/db TCP 1": ("allow", "allow")},
    ),
    "a node is in no range of everything, in match mode nodes too": (
        [egress_of_web({"toCIDR": ["0.0.0.0/0"]})],
        {"policyCIDRMatchMode": ["nodes"]},
        {"shop/web node/there TCP 1": ("deny", "n/a"), "shop/web host TCP 1": ("deny", "n/a")},
    ),
    "but in both modes together it is": (
        [egress_of_web({"toCIDR": ["0.0.0.0/0"]})],
        {"policyCIDRMatchMode": ["nodes", "pods"]},
        {"shop/web node/there TCP 1": ("allow", "n/a"), "shop/web host TCP 1": ("allow", "n/a")},
    ),
    "reserved labels in a selector mean nodes": (
        [cnp(ingress=[{"fromEndpoints": [keyed({"reserved:remote-node": ""})]}])],
        {},
        {"node/here shop/db TCP 1": ("n/a", "allow"), "shop/web shop/db TCP 1": ("allow", "deny")},
    ),
    "entries that list no ports match nothing": (
        [cnp(ingress=[WEB | {"toPorts": [{}]}, WEB | {"icmps": [{}]}])],
        {},
        {"shop/web shop/db TCP 1": ("allow", "deny"), "shop/web shop/db ICMP 8": ("allow", "deny")},
    ),
    "port 0 is every port whatever the end of its range": (
        [cnp(ingress=[{"toPorts": ports("0-80/TCP")}])],
        {},
        {"shop/web shop/db TCP 443": ("allow", "allow")},
    ),
    "the own node is let in beside Pass too": (
        [netpol(ingress=[]), admin("Admin", ingress=[come("Pass", "blue")])],
        {},
        {"host shop/db TCP 1": ("n/a", "allow"), "bank/web shop/db TCP 1": ("allow", "deny")},
    ),
    "and under enforcement always beside any rule for the direction": (
        [admin("Admin", ingress=[come("Pass", "blue")]), cnp(select=OUT, egress=[NOWHERE])],
        {"enforcement": "always"},
        {"host shop/db TCP 1": ("n/a", "allow"), "host shop/web TCP 1": ("n/a", "deny")},
    ),
}


@pytest.mark.parametrize("fact", FACTS)
def test_facts(engine: Judge, fact: str) -> None:
    policies, config, asked = FACTS[fact]
    plain = [one for one in CLUSTER if one["kind"] != "Pod" or one["status"]]
    queries = []
    for text in asked:
        source, target, protocol, number = text.split()
        queries.append((source, target, protocol, int(number)))
    case = Case(0, config, [*plain, *policies], queries)
    assert said_by_cilium(engine, [case]) == [list(asked.values())]
    assert said_by_us(case) == list(asked.values())
