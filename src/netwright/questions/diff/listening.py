"""What changed of the ports that pods listen at, and of those that they take of their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwright.dialects.k8s.endpoints import SHORT, template_of
from netwright.dialects.k8s.objects import Pod, PodSpec
from netwright.model.cluster import OBJECT_KIND, Cluster
from netwright.model.document import Decoded, of_kinds
from netwright.questions.diff.changes import Numbers
from netwright.questions.diff.objects import Key, key_of


class Listening:
    """Of objects that changed whether their pods listen elsewhere than before: at other ports of containers, at other
    ports of their nodes (`hostPort`), on their nodes' own network or no more (`hostNetwork`). Of an object that came or
    went the ports of nodes count alone."""

    def __init__(self, clusters: Sequence[Cluster], numbers: dict[Key, Numbers]) -> None:
        self._clusters = clusters
        self._numbers = numbers
        self._objects: list[dict[Key, Decoded]] | None = None
        self._known: dict[Key, bool] = {}

    def __call__(self, key: Key) -> bool:
        if key[0] not in SHORT or key not in self._numbers:
            return False
        found = self._known.get(key)
        if found is None:
            old, new = (held.get(key) for held in self._both)
            if old is not None and new is not None:
                found = _ports(old) != _ports(new)
            else:
                found = any(one is not None and _takes(one) for one in (old, new))
            self._known[key] = found
        return found

    def at(self, side: int, row: int) -> set[int]:
        """The changes by which an endpoint listens elsewhere: of its pod, or of what makes it."""
        cluster = self._clusters[side]
        columns = cluster.columns
        kind, _, name = columns.workloads[int(columns.workload[row])].partition("/")
        namespace, _, name = name.rpartition("/")
        keys = {key_of(cluster.row_objects[row]), (OBJECT_KIND.get(kind, ""), namespace, name)}
        return {i for key in keys if self(key) for i in self._numbers[key]}

    @property
    def _both(self) -> list[dict[Key, Decoded]]:
        if self._objects is None:
            self._objects = [
                {key: d for d in of_kinds(c.objects, *SHORT) if (key := key_of(d)) in self._numbers}
                for c in self._clusters
            ]
        return self._objects


def _spec(d: Decoded) -> PodSpec:
    if isinstance(d.value, Pod):
        return d.value.spec or PodSpec()
    template = template_of(d)
    return (template.spec if template is not None else None) or PodSpec()


def _ports(d: Decoded) -> tuple[bool, set[Any]]:
    """Whether the pods are on their nodes' network, and the ports of their containers."""
    spec = _spec(d)
    containers = (*(spec.containers or ()), *(spec.init_containers or ()))
    return bool(spec.host_network), {
        (p.container_port, p.name or "", p.protocol or "TCP", p.host_port or 0, p.host_ip or "")
        for c in containers
        for p in c.ports or ()
    }


def _takes(d: Decoded) -> bool:
    """Whether the pods take ports of their nodes."""
    is_on_node, ports = _ports(d)
    return is_on_node or any(host_port for *_, host_port, _ in ports)
