"""Whether what is not in the input is known not to be there.

An input is seldom a whole cluster. That a selector selects no pod, or that a Service does not exist, is known only of
namespaces whose workloads or Services the input holds, and to which nothing that was not read could add any.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from netwright.dialects.k8s.endpoints import container_ports, template_of
from netwright.dialects.k8s.objects import LabelSelector, Pod
from netwright.model.cluster import ContainerPortNoun
from netwright.model.finding_codes import WORKLOAD_KINDS
from netwright.model.kind_lists import makes_pods
from netwright.questions.check.label_words import written
from netwright.questions.check.stage import Stage
from netwright.spec.labels import matches


class Asleep(msgspec.Struct, frozen=True):
    """A pod that is not there at present and may come."""

    labels: dict[str, str]
    ports: tuple[ContainerPortNoun, ...]


class Absence:
    """What may be missing from one scene."""

    def __init__(self, scene: Stage) -> None:
        self.scene = scene
        self._ports: dict[tuple[str, str], tuple[ContainerPortNoun, ...]] = {}

    def no_pods(self, namespace: str, selector: Mapping[str, str | None]) -> bool:
        """Whether a Service's selector that selects no endpoint is known to select no pod, now or later."""
        if namespace in self.made or "pods" in self.refused.get(namespace, ()) or namespace not in self._inhabited:
            return False
        wanted = {key: value or "" for key, value in selector.items()}
        return not any(wanted.items() <= pod.labels.items() for pod in self.asleep.get(namespace, ()))

    def no_service(self, namespace: str) -> bool:
        """Whether a Service of this namespace that is not in the input is known not to exist."""
        known = namespace in self._with_services or namespace in self._inhabited
        return known and namespace not in self.made and "services" not in self.refused.get(namespace, ())

    @cached_property
    def _inhabited(self) -> frozenset[str]:
        return frozenset(w.namespace for w in self.scene.workloads)

    @cached_property
    def _with_services(self) -> frozenset[str]:
        return frozenset(s.namespace for s in self.scene.cluster.services)

    @cached_property
    def asleep(self) -> dict[str, list[Asleep]]:
        """By namespace the pods that are not there at present: scaled to zero, suspended, ended."""
        awake = {id(d) for d in self.scene.cluster.row_objects}
        found: dict[str, list[Asleep]] = {}
        for d in self.scene.cluster.objects:
            pod = None if id(d) in awake else d.value if isinstance(d.value, Pod) else template_of(d)
            if pod is not None:
                labels = (pod.metadata.labels if pod.metadata else None) or {}
                named = {key: value or "" for key, value in labels.items()}
                found.setdefault(d.namespace, []).append(Asleep(named, container_ports(pod.spec)))
        return found

    def ports_asleep(self, selector: LabelSelector | None, namespace: str) -> tuple[ContainerPortNoun, ...]:
        """The ports of pods of a namespace that are not there at present and that a pod selector would select."""
        asked = written(selector), namespace
        if asked not in self._ports:
            self._ports[asked] = tuple(
                port
                for pod in self.asleep.get(namespace, ())
                if pod.ports and matches(selector, pod.labels)
                for port in pod.ports
            )
        return self._ports[asked]

    @cached_property
    def made(self) -> frozenset[str]:
        """The namespaces where objects that are not read may make pods, and Services for them."""
        making: dict[tuple[str, str], bool] = {}
        found = set()
        for document in self.scene.documents:
            kind = document.group, document.kind
            if kind not in making:
                making[kind] = makes_pods(*kind)
            if making[kind]:
                found.add(document.namespace or "default")
        return frozenset(found)

    @cached_property
    def refused(self) -> dict[str, set[str]]:
        """By namespace, what the API server would refuse: "pods" or "services". That is said already."""
        found: dict[str, set[str]] = {}
        for document in self.scene.refused:
            what = "services" if document.kind == "Service" else "pods" if document.kind in WORKLOAD_KINDS else ""
            if what:
                found.setdefault(document.namespace or "default", set()).add(what)
        return found
