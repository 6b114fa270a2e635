"""One policy edited at 100,000 pods, and three-valued beside two-valued proof."""

from __future__ import annotations

import gc
import json
import random
import statistics
import subprocess
import sys
import time
from itertools import product
from typing import Any

import msgspec

from bench.columns import admin_policies, columns
from bench.measure import Report, Row
from bench.million import model_columns, network_policies, with_admin
from bench.registry import bench
from netwright.dialects.k8s.lower import lower_policies
from netwright.dialects.k8s.objects import NetworkPolicy
from netwright.engine.bits import indexes
from netwright.engine.compile import Network
from netwright.engine.units import Delta
from netwright.model.document import Decoded
from netwright.model.rule import Enforcer


def stage(pods: int, policies: int, naming: str, kinds: str, repeats: int = 40) -> list[float]:
    """CPU seconds of edits of NetworkPolicies, each applied and the classes it touches folded again. `kinds`: "mixed"
    where 30 admin policies stand before and behind them."""
    made = columns(pods, max(10, pods // 400), policies, 1)
    cols = model_columns(made)
    tiers = with_admin(made, admin_policies(made, 1)) if kinds == "mixed" else (network_policies(made),)
    tier = [t.name for t in tiers].index("NetworkPolicy")
    network = Network(cols, (Enforcer(name="cni", tiers=tiers),), (4,))
    network.prove()
    gc.collect()
    gc.freeze()
    gc.disable()
    dice = random.Random(2)
    taken = []
    for i in range(repeats):
        old = dice.choice(made.policies)
        donor = dice.choice([p for p in made.policies if p["metadata"]["namespace"] == old["metadata"]["namespace"]])
        spec: dict[str, Any] = {**donor["spec"], "podSelector": old["spec"]["podSelector"]}
        if naming == "new":
            peer = {
                "podSelector": {"matchLabels": {"pod-template-hash": made.labels[dice.randrange(len(made.labels))][1]}}
            }
            ports = [{"protocol": "TCP", "port": 20_000 + i}]
            spec = {**spec, "policyTypes": ["Ingress"], "ingress": [{"from": [peer], "ports": ports}]}
            spec.pop("egress", None)
        value = msgspec.convert({"metadata": old["metadata"], "spec": spec}, NetworkPolicy)
        meta = old["metadata"]
        decoded = Decoded(kind="NetworkPolicy", namespace=meta["namespace"], name=meta["name"], value=value)
        started = time.process_time()
        rules, ends = lower_policies([decoded])
        removed = frozenset([("NetworkPolicy", meta["namespace"], meta["name"])])
        delta = Delta(tier=tier, removed=removed, rules=rules, ends=ends)
        edited = network.apply(delta)
        tables = edited.tables[4]
        for unit in edited.units:
            if unit.source in removed:
                table = tables.ingress if unit.direction == "ingress" else tables.egress
                for class_ in {int(table.of_position[i]) for i in indexes(edited.acting(unit, 4)[0])}:
                    table.rows(class_)
        taken.append(time.process_time() - started)
    return taken


def values(pods: int, policies: int, unknown: bool) -> float:
    """CPU seconds of a proof with every pod's address known, or none."""
    made = columns(pods, max(10, pods // 400), policies, 1)
    cols = model_columns(made, unknown_addresses=unknown)
    enforcers = (Enforcer(name="cni", tiers=(network_policies(made),)),)
    gc.collect()
    gc.disable()
    taken = []
    for _ in range(5):
        started = time.process_time()
        Network(cols, enforcers, (4,)).prove()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def _run(*arguments: object) -> Any:
    run = subprocess.run([sys.executable, "-m", "bench.edits", *map(str, arguments)], check=True, capture_output=True)
    return json.loads(run.stdout)


@bench("edits")
def edits(quick: bool) -> Report:
    """One policy edited at 100,000 pods, median of 40; three-valued beside two-valued proof."""
    report = Report()
    pods, policies = (20_000, 600) if quick else (100_000, 2_500)
    said = (("old", "naming nothing new", 5.0), ("new", "naming something new", 100.0))
    for kinds, (naming, text, ceiling) in product(("one", "mixed"), said):
        taken = _run("edit", pods, policies, naming, kinds)
        among = " among 30 admin policies" if kinds == "mixed" else ""
        label = f"{pods:,} pods, one policy edited{among}, {text}"
        report.rows.append(Row(what=label, measured=statistics.median(taken) * 1e3, unit="CPU ms", ceiling=ceiling))
        report.rows.append(Row(what=f"{label}: slowest", measured=max(taken) * 1e3, unit="CPU ms"))
    two, three = _run("values", pods, policies, "known"), _run("values", pods, policies, "unknown")
    report.rows.append(
        Row(what="three-valued beside two-valued proof", measured=three / two, unit="times", ceiling=1.3)
    )
    return report


if __name__ == "__main__":
    if sys.argv[1] == "edit":
        print(json.dumps(stage(int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:6])))
    else:
        print(json.dumps(values(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "unknown")))
