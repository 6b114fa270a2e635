"""A million pods: proven, every pair counted, and under admin policies. Each stage runs in a process of its own.

Decoding and lowering are not counted: the columns and the rules are there when the clock starts.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np

from bench.columns import Columns as Generated
from bench.columns import admin_policies, columns
from bench.measure import Report, Row
from bench.registry import bench
from netwright.base.ipset import IpSet
from netwright.dialects.adminpolicy.lower import lower_admin_policies
from netwright.dialects.adminpolicy.objects import ClusterNetworkPolicy
from netwright.dialects.k8s.lower import lower_policies
from netwright.dialects.k8s.objects import NetworkPolicy
from netwright.engine.compile import Network
from netwright.engine.join import count_pairs
from netwright.model.columns import Columns
from netwright.model.document import Decoded
from netwright.model.rule import Enforcer, Tier


def model_columns(made: Generated, unknown_addresses: bool = False) -> Columns:
    """The generated arrays as the model's columns."""
    n = made.n
    false = np.zeros(n, dtype=np.bool_)
    known = ~false if not unknown_addresses else false
    return Columns(
        namespace=made.namespace,
        label_offsets=made.label_offsets,
        label_ids=made.label_ids,
        port_map=made.port_map,
        has_v4=known,
        v4=made.address,
        has_v6=false,
        v6=np.zeros(n, dtype="S1"),
        address_set=np.full(n, 0 if unknown_addresses else -1, dtype=np.int32),
        host=false,
        node=made.node,
        workload=made.workload,
        replicas=np.ones(n, dtype=np.int32),
        single=~false,
        labels=tuple(("k8s:" + k, v) for k, v in made.labels),
        port_maps=tuple(made.port_maps),
        address_sets=(IpSet.of("10.0.0.0/8"),) if unknown_addresses else (),
        namespaces=tuple(made.namespaces),
        namespace_labels=tuple(made.namespace_labels),
        nodes=tuple(made.nodes),
        workloads=tuple(made.workloads),
    )


def network_policies(made: Generated) -> Tier:
    import msgspec

    decoded = [
        Decoded(
            kind="NetworkPolicy",
            namespace=p["metadata"]["namespace"],
            name=p["metadata"]["name"],
            value=msgspec.convert(p, NetworkPolicy),
        )
        for p in made.policies
    ]
    rules, ends = lower_policies(decoded)
    return Tier(name="NetworkPolicy", ties="any-order", rules=rules, ends=ends)


def cluster_policies(made: Generated, policies: list[dict[str, Any]]) -> list[Decoded]:
    """The generated admin policies as ClusterNetworkPolicies; the namespaces that they name are in the columns."""
    import msgspec

    return [
        Decoded(
            kind="ClusterNetworkPolicy",
            namespace="",
            name=p["name"],
            value=msgspec.convert(
                {
                    "metadata": {"name": p["name"]},
                    "spec": {
                        **{key: p[key] for key in ("tier", "priority", "subject")},
                        **{side: [_admin_rule(rule) for rule in p[side]] for side in ("ingress", "egress")},
                    },
                },
                ClusterNetworkPolicy,
            ),
        )
        for p in policies
    ]


def _admin_rule(rule: dict[str, Any]) -> dict[str, Any]:
    protocols = []
    for port in rule.get("ports") or ():
        low, high = port["port"], port.get("endPort", port["port"])
        at = {"number": low} if low == high else {"range": {"start": low, "end": high}}
        protocols.append({port["protocol"].lower(): {"destinationPort": at}})
    return {**{k: v for k, v in rule.items() if k != "ports"}, **({"protocols": protocols} if protocols else {})}


def with_admin(made: Generated, policies: list[dict[str, Any]]) -> tuple[Tier, ...]:
    """The tiers of a cluster that has admin policies too."""
    lowered = lower_admin_policies(cluster_policies(made, policies), [])
    admin, baseline = (Tier(name=tier, ties="any-order", rules=lowered[tier]) for tier in ("Admin", "Baseline"))
    return admin, network_policies(made), baseline


def stage(name: str, pods: int, policies: int, namespaces: int = 0) -> dict[str, float]:
    """Run one stage in this process: CPU seconds, peak resident bytes, what was found."""
    made = columns(pods, namespaces or max(10, pods // 2000), policies, 1)
    cols = model_columns(made)
    tiers = with_admin(made, admin_policies(made, 1)) if name.startswith("admin") else (network_policies(made),)
    gc.collect()
    gc.disable()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    network = Network(cols, (Enforcer(name="cni", tiers=tiers),), (4,))
    network.prove()
    found: dict[str, float] = {}
    if name.endswith("count"):
        weights = np.bincount(network.identities.of_row, minlength=network.identities.count)
        pairs, endpoints = count_pairs(network.tables[4], weights)
        found = {"identity pairs": pairs, "pod pairs": endpoints}
    seconds = time.process_time() - started
    return {
        "cpu_s": seconds,
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "before_bytes": before * 1024,
        "identities": network.identities.count,
        "egress classes": network.tables[4].egress.count,
        "ingress classes": network.tables[4].ingress.count,
        "streamed": float(network.streamed),
        **found,
    }


@bench("million")
def million(quick: bool) -> Report:
    """A million pods under 10,000 policies: proven; every pair counted; the same with 30 admin policies."""
    report = Report()
    pods, policies = (100_000, 2_500) if quick else (1_000_000, 10_000)
    for name, text, cpu_s, peak in (
        ("prove", "proven", 5.0, 1e9),
        ("count", "every pair counted", 30.0, 2e9),
        ("admin", "with 30 admin policies", 20.0, 4e9),
        ("admin-count", "with 30 admin policies, every pair counted", 60.0, 4e9),
    ):
        run = subprocess.run(
            [sys.executable, "-m", "bench.million", name, str(pods), str(policies)], check=True, capture_output=True
        )
        found = json.loads(run.stdout)
        label = f"{pods:,} pods, {policies:,} policies: {text}"
        report.rows.append(Row(what=label, measured=found["cpu_s"], unit="CPU s", ceiling=cpu_s))
        report.rows.append(
            Row(what=f"{label}: memory", measured=found["peak_bytes"] / 1e6, unit="MB", ceiling=peak / 1e6)
        )
        counts = {k: v for k, v in found.items() if not k.endswith(("_s", "_bytes"))}
        report.notes.append(f"{text}: " + ", ".join(f"{int(v):,} {k}" for k, v in counts.items()))
    return report


if __name__ == "__main__":
    print(json.dumps(stage(sys.argv[1], *map(int, sys.argv[2:]))))
