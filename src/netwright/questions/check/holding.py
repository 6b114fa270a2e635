"""What holds today, as intents: who alone reaches a workload, which namespaces the internet does not reach, which
tenants are apart. Each is proven like any other intent before it is offered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.ipset import INTERNET, IpSet
from netwright.base.services import TRANSPORT
from netwright.engine.bits import indexes
from netwright.engine.holds import Ends, senders
from netwright.model.cluster import Workload
from netwright.model.configuration import Intent
from netwright.questions.check.intents import Judge
from netwright.questions.check.scene import Scene
from netwright.questions.registry import Asked

MOST_RANGES = 12
"""Sources outside that are named one by one; what more of them reach is not offered."""
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
    by_namespace: dict[str, list[Workload]] = {}
    for w in scene.workloads:
        by_namespace.setdefault(w.namespace, []).append(w)
    for w in scene.workloads:
        if scene.is_host(w) or scene.isolation(w, "ingress") != "yes":
            continue
        sources = _sources(scene, judge, w, by_namespace)
        if sources is not None:
            yield Intent(name=f"who reaches {w.ref}", verb="only", sources=sources, destinations=(w.ref,))


def _sources(
    scene: Scene, judge: Judge, w: Workload, by_namespace: dict[str, list[Workload]]
) -> tuple[str, ...] | None:
    """Who may reach a workload, as references; None where they are too many ranges to name."""
    network = scene.network
    target = scene.inquirer.directory.resolve(w.ref)
    reaching: set[int] = set()
    outside = IpSet()
    for family, tables in network.tables.items():
        everyone = judge.others(family)
        found = senders(tables, Ends(everyone, judge.at(target, family), judge.alone), TRANSPORT)
        for position in indexes(found):
            if position < network.identities.count:
                reaching.add(position)
            else:
                outside |= scene.inquirer.class_sets(family)[position - network.identities.count]
    refs: list[str] = []
    for name, members in by_namespace.items():
        mine = [m.ref for m in members if any(network.position(row) in reaching for row in m.rows)]
        whole = len(mine) == len(members) > 1 and all(
            network.position(row) in reaching for m in members for row in m.rows
        )
        refs += [f"ns/{name}"] if whole else mine
    ranges = _ranges(outside)
    return None if len(ranges) > MOST_RANGES else (*sorted(refs), *ranges)


def _ranges(outside: IpSet) -> Sequence[str]:
    if INTERNET and outside >= INTERNET:
        return ["internet", *(f"cidr/{c}" for c in (outside - INTERNET).cidrs())]
    return [f"cidr/{c}" for c in outside.cidrs()]
