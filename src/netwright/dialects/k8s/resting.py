"""Workloads that have no pods now, and stand in no row: what is scaled to zero, and what is suspended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netwright.base.spans import named
from netwright.dialects.k8s.endpoints import maker_of
from netwright.model.cluster import OBJECT_KIND, Cluster
from netwright.model.document import of_kinds
from netwright.model.networks import POD

_SHORT = {kind: short for short, kind in OBJECT_KIND.items()}
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "VirtualMachineInstanceReplicaSet")
_SUSPENDED = ("CronJob", "Job")
MOST_NAMED = 6
"""Workloads that a note names; the others are counted."""


def resting(cluster: Cluster, is_in: Callable[[str], bool]) -> Iterator[str]:
    """Notes about those of the namespaces asked about. What another object made is that one's matter."""
    if cluster.network != POD:
        return
    here = {(w.kind, w.namespace, w.name) for w in cluster.workloads}
    scaled, suspended = [], []
    for d in of_kinds(cluster.objects, *_SCALED, "VirtualMachinePool", *_SUSPENDED):
        spec = d.value.spec
        short = _SHORT[d.kind]
        if spec is None or (short, d.namespace, d.name) in here or not is_in(d.namespace):
            continue
        if maker_of(d) is not None:
            continue
        ref = f"{short}/{named(d.namespace, d.name)}"
        if d.kind in _SUSPENDED:
            suspended += [ref] if spec.suspend else []
        elif spec.replicas == 0:
            scaled.append(ref)
    for refs, what in ((scaled, "scaled to zero"), (suspended, "suspended")):
        if refs:
            refs.sort()
            more = f" and {len(refs) - MOST_NAMED} more" if len(refs) > MOST_NAMED else ""
            told = "1 workload is" if len(refs) == 1 else f"{len(refs)} workloads are"
            pods = "has" if len(refs) == 1 else "have"
            yield f"{told} {what} and {pods} no pods: {', '.join(refs[:MOST_NAMED])}{more}"
