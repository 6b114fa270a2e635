"""What acts where: policies by endpoint row and direction, and the isolation that follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from netwright.engine.bits import indexes
from netwright.engine.compile import Network
from netwright.engine.units import Unit
from netwright.model.cluster import Cluster, Workload
from netwright.model.rule import Direction

Isolation = Literal["yes", "no", "some", "perhaps"]
"""Of a workload in one direction: all of its pods are isolated, none, only some; perhaps: what was not read could
isolate."""
PolicyKey = tuple[str, str, str]
"""The kind, namespace and name of a policy; namespace and name are "" for kinds that were not read."""


class Acting(msgspec.Struct, frozen=True):
    """By identity: the policies that act there in either direction and the state of isolation in each.

    `at` gives the identities of each policy and direction it acts in (policies that select nothing have an empty set).
    """

    policies: dict[int, dict[PolicyKey, None]]
    isolated: dict[Direction, dict[int, Isolation]]
    at: dict[PolicyKey, dict[Direction, set[int]]]
    identities: list[int]
    """By endpoint row."""


def acting(network: Network) -> Acting:
    policies: dict[int, dict[PolicyKey, None]] = {}
    isolated: dict[Direction, dict[int, Isolation]] = {"ingress": {}, "egress": {}}
    at: dict[PolicyKey, dict[Direction, set[int]]] = {}
    for unit in network.units:
        if unit.enforcer in (network.guests, network.isolation):
            continue  # what an interface does not forward, or stands on another network, is no policy
        surely = perhaps = 0
        for family in network.families:
            sure_here, perhaps_here = network.acting(unit, family)
            surely |= sure_here
            perhaps |= perhaps_here
        sure_positions, all_positions = set(indexes(surely)), indexes(surely | perhaps)
        keys = _keys(unit)
        for key in keys:
            at.setdefault(key, {}).setdefault(unit.direction, set()).update(all_positions)
        for position in all_positions:
            policies.setdefault(position, {}).update(keys)
        if unit.enforcer == network.mesh:
            continue  # what a mesh denies is no isolation
        state = isolated[unit.direction]
        if any(end.action == "deny" for end in unit.ends):
            for position in all_positions:
                if position in sure_positions:
                    state[position] = "yes"
                else:
                    state.setdefault(position, "perhaps")
        elif any(rule.action == "deny" and not rule.origin.name for rule in unit.rules):
            # what is not read, or is told apart by labels that are not known; a rule that denies does not isolate
            for position in all_positions:
                state.setdefault(position, "perhaps")
    return Acting(policies, isolated, at, network.identities.of_row.tolist())


def _keys(unit: Unit) -> dict[PolicyKey, None]:
    origins = [r.origin for r in unit.rules] + [e.origin for e in unit.ends]
    keys: dict[PolicyKey, None] = {}
    for o in origins:
        # what a policy does perhaps has its name behind its namespace, where nothing cites it
        namespace, slash, name = o.namespace.partition("/")
        keys[(o.kind, namespace, name) if slash else (o.kind, o.namespace, o.name)] = None
    return keys


def isolation(found: Acting, rows: Sequence[int], direction: Direction) -> Isolation:
    """The state of all these endpoints together."""
    state, identities = found.isolated[direction], found.identities
    states = {state.get(identities[row], "no") for row in rows}
    if len(states) == 1:
        return states.pop()
    return "perhaps" if "perhaps" in states else "some"


Coverage = Literal["both", "only_in", "only_out", "neither", "open", "host"]
"""How policies stand around a workload: open where only some of its pods are isolated or it is not known, host where
it is on its node's network and none acts."""


def coverage(cluster: Cluster, found: Acting, workload: Workload) -> Coverage:
    if is_host(cluster, workload):
        return "host"
    into = isolation(found, workload.rows, "ingress")
    out = isolation(found, workload.rows, "egress")
    known: dict[tuple[Isolation, Isolation], Coverage] = {
        ("yes", "yes"): "both",
        ("yes", "no"): "only_in",
        ("no", "yes"): "only_out",
        ("no", "no"): "neither",
    }
    return known.get((into, out), "open")


def pods(cluster: Cluster, rows: Iterable[int]) -> int | None:
    """How many pods the rows stand for; None where a DaemonSet's template stands for one a node."""
    total = 0
    for row in rows:
        if cluster.row_objects[row].kind == "DaemonSet":
            return None
        total += int(cluster.columns.replicas[row])
    return total


def is_host(cluster: Cluster, workload: Workload) -> bool:
    return all(bool(cluster.columns.host[row]) for row in workload.rows)


def deployed(cluster: Cluster) -> list[Workload]:
    """The workloads people deploy (nodes are not), by namespace and name."""
    found = [w for w in cluster.workloads if w.kind != "node"]
    return sorted(found, key=lambda w: (w.namespace, w.name, w.kind))
