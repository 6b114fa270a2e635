"""What is called by what no policy tells apart: parts of workloads, identities, outside addresses in short."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from netwright.base.ipset import Family, IpSet, address_text
from netwright.engine.compile import Network
from netwright.engine.outside import outside_parts
from netwright.model.cluster import Cluster

Spotted = tuple[int, int]


def spot_of(network: Network, row: int) -> Spotted:
    """Identity and, of a host, the node: what tells endpoints of one workload apart."""
    columns = network.columns
    return network.position(row), int(columns.node[row]) if columns.host[row] else -1


def part_names(network: Network, rows: Sequence[int], parts: Sequence[Sequence[int]]) -> list[str]:
    """For each part of a workload's rows what it has and no other row has: `{label=value}`, several labels where one
    is not enough, else the address or the name of the first pod in it. Only labels that policies mention are named."""
    columns, mentions = network.columns, network.mentions
    held = {row: columns.labels_of(row) for row in rows}
    having: dict[tuple[str, str], set[int]] = {}
    for row, labels in held.items():
        for token in labels.items():
            having.setdefault(token, set()).add(row)
    keys = {key.removeprefix("k8s:") for labels in held.values() for key in labels}
    out = []
    for part in parts:
        mine = set(part)
        shared = [
            token
            for token in sorted(held[part[0]].items())
            if (token[0] in mentions.values or token[0] in mentions.presence) and mine <= having[token]
        ]
        chosen = next(([token] for token in shared if having[token] == mine), shared)
        if chosen and set.intersection(*(having[token] for token in chosen)) == mine:
            for token in chosen[:]:
                others = [t for t in chosen if t != token]
                if others and set.intersection(*(having[t] for t in others)) == mine:
                    chosen = others
            out.append("{" + ",".join(f"{key.removeprefix('k8s:')}={value}" for key, value in chosen) + "}")
        else:
            out.append(_by_pod(network, part, keys))
    return out


def _by_pod(network: Network, part: Sequence[int], labels: set[str]) -> str:
    columns = network.columns
    row = min(part, key=lambda r: columns.names[r])
    if columns.has_v4[row] and not columns.host[row] and "ip" not in labels:  # hosts share their node's address
        return "{ip=" + address_text(4, int(columns.v4[row])) + "}"
    return "{pod=" + columns.names[row] + "}"


class NamedClasses:
    """The classes of one compiled network by what they are called, for the reader of references."""

    def __init__(self, cluster: Cluster, network: Network, class_sets: Callable[[Family], Sequence[IpSet]]) -> None:
        self._cluster = cluster
        self._network = network
        self._class_sets = class_sets

    def members(self, identity: int) -> tuple[int, ...]:
        return tuple(np.flatnonzero(self._network.identities.of_row == identity).tolist())

    def alike(self, row: int) -> tuple[int, ...]:
        workload = self._cluster.workloads[int(self._network.columns.workload[row])]
        mine = spot_of(self._network, row)
        return tuple(r for r in workload.rows if spot_of(self._network, r) == mine)

    def outside(self, ref: str) -> IpSet | None:
        return self._outside.get(ref)

    @cached_property
    def _outside(self) -> dict[str, IpSet]:
        return {
            ref: part
            for family in self._network.families
            for ref, _, part in outside_parts(self._class_sets(family), family)
        }
