"""What applies between two ends besides policy: a pod and itself, a node and its own pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from netwright.base.services import ALL, ServiceSet
from netwright.model.columns import Columns

if TYPE_CHECKING:
    from netwright.engine.tables import FamilyTables

Relation = Literal["self", "own node", "perhaps own node"]


def relations(columns: Columns, standing: Mapping[int, Sequence[int]]) -> dict[tuple[int, int], Relation]:
    """The related pairs of ends, each given by the endpoint rows that it stands for."""
    host, single = columns.host.tolist(), columns.single.tolist()
    hosts = [i for i, rows in standing.items() if host[rows[0]]]
    out: dict[tuple[int, int], Relation] = {
        (i, i): "self" for i, rows in standing.items() if len(rows) == 1 and single[rows[0]]
    }
    if not hosts:
        return out
    nodes = {i: {int(columns.node[r]) for r in rows} for i, rows in standing.items()}
    pods = [i for i, rows in standing.items() if not host[rows[0]]]
    for h in hosts:
        for p in pods:
            between = _own_node(nodes[h], nodes[p])
            if between is not None:
                out[h, p] = out[p, h] = between
    return out


Services = tuple[ServiceSet, ServiceSet]
"""What surely passes, and what perhaps does."""


def passing(tables: FamilyTables, source: int, destination: int, between: Relation, is_from_node: bool) -> Services:
    """What passes between a node and a pod, by their positions: everything where own nodes are exempt from policy, else
    what policy says of the pod's own node. Of the source `is_from_node` says whether it is the node."""
    owns = tables.universe.own
    if not owns:
        own: Services = (ALL, ALL)
    else:
        own = tables.pair(owns[source], destination) if is_from_node else tables.pair(source, owns[destination])
    if between == "own node":
        return own
    must, may = tables.pair(source, destination)
    return must & own[0], may | own[1]


def _own_node(host: set[int], pod: set[int]) -> Relation | None:
    """Of groups on known nodes (-1: not known): all on one node, perhaps some, or surely none."""
    if -1 in host or -1 in pod:
        return "perhaps own node"
    if len(host) == 1 and host == pod:
        return "own node"
    return "perhaps own node" if host & pod else None
