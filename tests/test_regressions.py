"""Cases in which engine and reference evaluator once disagreed, each by its name, with the verdict that holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agreement_networks import compared, twin_of
from tests.random_networks import Case

NETWORKS = json.loads(Path(__file__).with_name("regressions").joinpath("networks.json").read_text())


@pytest.mark.parametrize("told", NETWORKS, ids=[one["name"] for one in NETWORKS])
def test_of_several_networks(told: dict[str, Any]) -> None:
    query = tuple(told["query"])
    assert not compared(Case(told["seed"], {}, told["manifests"], [query])).differing
    source, target, protocol, port, network = query
    asked = {"from": source, "to": target, "protocol": protocol, "network": network}
    asked |= {"icmp": {"type": port, "code": 0}} if protocol == "ICMP" else {"port": port}
    (answer,) = twin_of(told["manifests"]).eval([asked])
    assert answer.verdict == told["verdict"]
