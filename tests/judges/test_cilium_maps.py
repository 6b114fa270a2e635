"""The predicted sizes of policy maps against those that Cilium's own policy engine computes, endpoint by endpoint.

Where rules pass on (ClusterNetworkPolicy, action Pass) or ask for authentication, Cilium's own number can depend on the
order in which Go goes through a map, from one run to the next: the prediction then says so (it is not exact) and gives
the least that it found, which is not more than the most that Cilium gives. Everywhere else the numbers are equal.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from netwright.profiles.cilium_maps import ORDER, EndpointMap, policy_maps
from netwright.profiles.compose import compose
from netwright.profiles.known import profile_of
from tests.agreement_cilium import profile_name
from tests.judges.cilium_judge import Judge
from tests.judges.test_cilium_agreement import decoded, of, questions
from tests.random_cilium import CONFIGS, Case, Object, cluster

CLUSTERS = 150
RUNS = 20
"""How often Cilium is asked where its answer differs from run to run."""


def predicted(case: Case) -> dict[str, EndpointMap]:
    composed = compose(decoded(case.manifests), profile=profile_of(profile_name(case.config)))
    composed.families = (4, 6)  # as the judge is set up
    return {
        f"{one.namespace}/{composed.columns.names[row]}": one
        for one in policy_maps(composed).endpoints
        for row in one.rows
    }


def asked(case: Case) -> list[Object]:
    """One question a node: the sizes of the maps of its pods."""
    return [questions(case, local) | {"mapStates": True, "queries": []} for local in ("here", "there")]


def computed(case: Case, answers: Sequence[Object]) -> dict[str, tuple[int, int] | None]:
    """Entries in and out of each pod's map; None where Cilium computes no policy for it."""
    nodes = {f"{p['metadata']['namespace']}/{p['metadata']['name']}": p["spec"]["nodeName"] for p in of(case, "Pod")}
    found: dict[str, tuple[int, int] | None] = {}
    for local, answer in zip(("here", "there"), answers, strict=True):
        failed = [one for one in answer["errors"] if not one.get("endpoint")]
        assert failed == [], (case.seed, failed)
        sizes = {one["endpoint"]: (one["ingress"], one["egress"]) for one in answer["mapStates"]}
        found |= {name: sizes.get(name) for name, node in nodes.items() if node == local}
    return found


def differences(engine: Judge, cases: Sequence[Case]) -> tuple[list[str], int, int]:
    """What differs, how many endpoints were compared, and for how many the prediction is not exact."""
    answers = engine.ask(question for case in cases for question in asked(case))
    found, compared, inexact = [], 0, 0
    for i, case in enumerate(cases):
        ours = predicted(case)
        for name, theirs in computed(case, answers[2 * i : 2 * i + 2]).items():
            one = ours[name]
            compared += 1
            inexact += not one.exact
            same = (one.ingress, one.egress) == theirs
            if theirs is None:
                same = not one.exact
            elif not same and ORDER in one.why_not:
                runs = [computed(case, engine.ask(asked(case)))[name] or (0, 0) for _ in range(RUNS)]
                same = one.ingress <= max(inward for inward, _ in runs) and one.egress <= max(out for _, out in runs)
            if not same:
                ours_told = f"{one.ingress, one.egress} {one.why_not}"
                found.append(f"seed {case.seed} {case.config} {name}: Cilium {theirs}, we {ours_told}")
    return found, compared, inexact


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_predicted_maps_have_as_many_entries_as_cilium_computes(engine: Judge, config: Object) -> None:
    first = CONFIGS.index(config) * CLUSTERS // len(CONFIGS)
    cases = [cluster(seed, 0, config) for seed in range(first, first + CLUSTERS // len(CONFIGS))]
    found, compared, inexact = differences(engine, cases)
    assert found == []
    assert compared >= 130
    assert inexact < compared // 2 or "nodes" in config.get("policyCIDRMatchMode", ())


@pytest.mark.parametrize("config", CONFIGS[:4:3], ids=str)
def test_proxies_authentication_and_logs_make_entries_of_their_own(engine: Judge, config: Object) -> None:
    cases = [enriched(cluster(seed, 0, config)) for seed in (*range(5000, 5040), 6211, 6255, 6279)]
    found, compared, _ = differences(engine, cases)
    assert found == []
    assert compared >= 200


def enriched(case: Case) -> Case:
    """The case with requests, names, authentication and log strings in the rules of Cilium's policies."""
    dice = random.Random(f"enriched {case.seed}")
    for one in case.manifests:
        if one["kind"] in ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"):
            for rule in [*([one["spec"]] if "spec" in one else []), *one.get("specs", ())]:
                if dice.random() < 0.3:
                    rule["log"] = {"value": dice.choice(("a", "b"))}
                for field in ("ingress", "egress"):
                    for entry in rule.get(field, ()):
                        enrich(entry, field, dice)
    return case


def enrich(entry: Object, field: str, dice: random.Random) -> None:
    if dice.random() < 0.2:
        entry["authentication"] = {"mode": dice.choice(("required", "disabled", "required", "test-always-fail"))}
    if (
        field == "egress"
        and dice.random() < 0.1
        and not any(key.startswith("to") and key != "toPorts" for key in entry)
    ):
        entry["toFQDNs"] = [{"matchName": "example.org"}]
    for rule in entry.get("toPorts", ()):
        ports: list[Any] = rule.get("ports") or []
        if not ports or any(port["port"] == "0" for port in ports):
            continue
        if all(port.get("protocol") == "TCP" for port in ports) and dice.random() < 0.5:
            rule["rules"] = {"http": [{"method": "GET", "path": dice.choice(("/a", "/b"))}]}
        elif all(port.get("protocol") == "TCP" for port in ports) and dice.random() < 0.5:
            rule["serverNames"] = ["example.org"]
        elif field == "egress" and dice.random() < 0.2 and not any("endPort" in port for port in ports):
            rule["rules"] = {"dns": [{"matchPattern": "*"}]}
