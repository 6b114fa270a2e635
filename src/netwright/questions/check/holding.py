"""What holds today, as intents: who alone reaches a workload, which namespaces the internet does not reach, which
tenants are apart. Each is proven like any other intent before it is offered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from netwright.base.ipset import INTERNET, Family, IpSet
from netwright.base.services import TRANSPORT
from netwright.engine.bits import indexes
from netwright.engine.holds import Senders
from netwright.model.cluster import Workload
from netwright.model.configuration import Intent
from netwright.questions.check.intents import Judge
from netwright.questions.check.scene import Scene
from netwright.questions.check.witness import ANYBODY
from netwright.questions.registry import Asked

MOST_SOURCES, MOST_RANGES = 24, 12
"""Sources that are named one by one, and those of them that are ranges outside. What more of them reach is not offered:
nobody would tell which of them are meant."""
NAME_LABEL = "kubernetes.io/metadata.name"


def holding(twin: Asked) -> tuple[Intent, ...]:
    """Intents that surely hold, in the order tenants, namespaces, workloads."""
    scene, judge = Scene(twin), Judge(twin)
    offered = [*_tenants(scene), *_not_from_outside(scene), *_only(scene, judge)]
    return tuple(one for one in offered if judge.answer(one).verdict == "holds")


def _tenants(scene: Scene) -> Iterator[Intent]:
    columns = scene.cluster.columns
    values: dict[str, set[str]] = {}
    for name, labels in zip(columns.namespaces, columns.namespace_labels, strict=True):
        for key, value in labels.items():
            if name and key != NAME_LABEL:
                values.setdefault(key, set()).add(value)
    for key, found in sorted(values.items()):
        if len(found) > 1:
            yield Intent(name=f"namespaces of different {key} are apart", verb="apart", tenants=key)


def _not_from_outside(scene: Scene) -> Iterator[Intent]:
    for name in sorted({w.namespace for w in scene.workloads}):
        yield Intent(
            name=f"{name} is not reached from the internet",
            verb="deny",
            sources=("internet",),
            destinations=(f"ns/{name}",),
        )


def _only(scene: Scene, judge: Judge) -> Iterator[Intent]:
    senders = _SendersTo(scene, judge)
    for w in scene.workloads:
        if scene.is_host(w) or scene.isolation(w, "ingress") != "yes":
            continue
        sources = senders.named(w)
        if sources is not None:
            yield Intent(name=f"who reaches {w.ref}", verb="only", sources=sources, destinations=(w.ref,))


class _SendersTo:
    """Who may reach a workload, as references."""

    def __init__(self, scene: Scene, judge: Judge) -> None:
        self._scene, self._judge = scene, judge
        self._senders = {
            family: Senders(tables, self._everyone(family), TRANSPORT)
            for family, tables in scene.network.tables.items()
        }
        self._members: dict[str, list[tuple[str, int]]] = {}
        for w in scene.workloads:
            self._members.setdefault(w.namespace, []).append((w.ref, self._positions(w.rows)))

    def _positions(self, rows: Iterable[int]) -> int:
        bits = 0
        for row in rows:
            bits |= 1 << self._scene.network.position(row)
        return bits

    def _everyone(self, family: Family) -> int:
        """All that can start a connection, but the nodes themselves."""
        universe = self._scene.network.tables[family].universe
        bits = universe.present & ~universe.owns & ~self._positions(self._scene.cluster.node_rows)
        return bits | self._judge.at(ANYBODY, family)

    @cached_property
    def _alone(self) -> int:
        """Identities that are one endpoint and always will be: it is no connection to itself."""
        columns, bits, seen = self._scene.network.columns, 0, 0
        for row in range(columns.n):
            bit = 1 << self._scene.network.position(row)
            bits = bits & ~bit if seen & bit or not columns.single[row] else bits | bit
            seen |= bit
        return bits

    def named(self, w: Workload) -> tuple[str, ...] | None:
        """None where they are too many to name."""
        network, judge = self._scene.network, self._judge
        target = self._scene.inquirer.directory.resolve(w.ref)
        count = network.identities.count
        reaching = 0
        outside = IpSet()
        for family, senders in self._senders.items():
            found = senders.to(judge.at(target, family), self._alone)
            reaching |= found & ((1 << count) - 1)
            for class_ in indexes(found >> count):
                outside |= self._scene.inquirer.class_sets(family)[class_]
        refs: list[str] = []
        for name, members in self._members.items():
            mine = [ref for ref, positions in members if positions & reaching]
            whole = len(mine) == len(members) > 1 and not any(positions & ~reaching for _, positions in members)
            refs += [f"ns/{name}"] if whole else mine
            if len(refs) > MOST_SOURCES:
                return None
        ranges = _ranges(outside)
        return None if len(ranges) > MOST_RANGES else (*sorted(refs), *ranges)


def _ranges(outside: IpSet) -> Sequence[str]:
    if INTERNET and outside >= INTERNET:
        return ["internet", *(f"cidr/{c}" for c in (outside - INTERNET).cidrs())]
    return [f"cidr/{c}" for c in outside.cidrs()]
