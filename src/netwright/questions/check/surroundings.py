"""What the input says of the pods and namespaces that are not there: whether a selector that selects nothing is known
to do so.

An input is seldom a whole cluster. That nothing is selected is known only where whatever could be selected would be in
the input: in namespaces whose workloads it holds, none of which other kinds may add pods to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from netwright.base.selectors import conjunction, equals
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import label_selector
from netwright.dialects.k8s.objects import LabelSelector, NetworkPolicyPeer
from netwright.model.cluster import ContainerPortNoun, Workload
from netwright.questions.check.absence import Absence
from netwright.questions.check.label_words import is_nearly, wanted, written
from netwright.questions.check.scene import Scene
from netwright.spec.labels import matches, may_match

OF_EVERY_CLUSTER = "kube-system"
"""A namespace of every cluster that applications do not declare: an input with it and its workloads is a cluster's."""


class Surroundings:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._absence = absence = scene.stage.once(Absence)
        self._made, self._refused, self._asleep = absence.made, absence.refused, absence.asleep
        self._by_labels: dict[str, list[tuple[dict[str, str], list[int]]]] = {}
        self._selected: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    @cached_property
    def is_whole(self) -> bool:
        """Whether the input holds all namespaces of a cluster, and their workloads."""
        return self.scene.namespaces.get(OF_EVERY_CLUSTER) is not None and OF_EVERY_CLUSTER in self.peopled

    @cached_property
    def inhabited(self) -> frozenset[str]:
        """The namespaces with a workload in the input that is not on its node's network."""
        return frozenset(w.namespace for w in self.scene.workloads if not self.scene.is_host(w))

    @cached_property
    def peopled(self) -> frozenset[str]:
        """The namespaces with any workload in the input, be it on its node's network or without pods at present."""
        refused = {namespace for namespace, what in self._refused.items() if "pods" in what}
        return frozenset(w.namespace for w in self.scene.workloads) | self._asleep.keys() | self._made | refused

    def settles(self, selector: LabelSelector | None, namespaces: Iterable[str]) -> bool:
        """Whether a pod selector that selects no pod of these namespaces is known to select none there."""
        for name in namespaces:
            if name not in self.inhabited and not (self.is_whole and name in self.scene.namespaces):
                return False
            if self._may_get_more(name) or any(matches(selector, pod.labels) for pod in self._asleep.get(name, ())):
                return False
        return True

    def holds_all_of(self, namespaces: Iterable[str]) -> bool:
        """Whether the input may be taken to hold all pods of these namespaces (at least one)."""
        names = tuple(namespaces)
        return bool(names) and all(name in self.inhabited and not self._may_get_more(name) for name in names)

    def _may_get_more(self, namespace: str) -> bool:
        """Whether objects that are not read, or that are refused as they stand, may bring pods."""
        return namespace in self._made or "pods" in self._refused.get(namespace, ())

    def ports_asleep(self, selector: LabelSelector | None, namespaces: Iterable[str]) -> list[ContainerPortNoun]:
        """The ports of pods that are not there at present and that a pod selector would select."""
        return [port for name in namespaces for port in self._absence.ports_asleep(selector, name)]

    # --- namespaces --------------------

    def namespaces(self, selector: LabelSelector) -> tuple[frozenset[str], frozenset[str]]:
        """The namespaces of the input that a selector surely, and surely or perhaps, selects."""
        asked = written(selector)
        found = self._selected.get(asked)
        if found is None:
            must: set[str] = set()
            may: set[str] = set()
            for alike in self._alike(selector):
                name = alike[0]
                if self.scene.namespaces[name] is None:
                    sure, perhaps = may_match(selector, {NAMESPACE_NAME: name})
                else:
                    sure = perhaps = matches(selector, self.labels_of(name))
                if sure:
                    must.update(alike)
                if perhaps:
                    may.update(alike)
            found = self._selected[asked] = frozenset(must), frozenset(may)
        return found

    def _alike(self, selector: LabelSelector) -> Iterable[Sequence[str]]:
        """The namespaces that a selector may select, those together that it cannot tell apart."""
        every = self.scene.namespaces
        by_name = [values for key, values in wanted(selector) if key == NAMESPACE_NAME and values]
        if by_name:
            return [(name,) for name in by_name[0] if name in every]
        if any(e is not None and e.key == NAMESPACE_NAME for e in selector.match_expressions or ()):
            return [(name,) for name in every]
        return self._by_other_labels

    @cached_property
    def _by_other_labels(self) -> list[list[str]]:
        """The namespaces by all labels but that of their name; those whose object is not in the input by themselves."""
        found: dict[frozenset[tuple[str, str]] | None, list[str]] = {}
        for name, decoded in self.scene.namespaces.items():
            others = frozenset((k, v) for k, v in self.labels_of(name).items() if k != NAMESPACE_NAME)
            found.setdefault(None if decoded is None else others, []).append(name)
        return list(found.values())

    def labels_of(self, namespace: str) -> dict[str, str]:
        """The labels of a namespace as far as they are known; the label of its name is always there."""
        decoded = self.scene.namespaces.get(namespace)
        labels = (decoded.value.metadata.labels or {}) if decoded is not None else {}
        return {**{key: value or "" for key, value in labels.items()}, NAMESPACE_NAME: namespace}

    @cached_property
    def namespace_labels(self) -> list[dict[str, str]]:
        """The labels of every namespace whose object is in the input; its name alone where it is not."""
        return [self.labels_of(name) for name in self.scene.namespaces]

    # --- pods --------------------

    def labels_in(self, namespace: str) -> list[dict[str, str]]:
        """The labels of the pods of a namespace, each set of them once."""
        return [labels for labels, _ in self._labelled(namespace)]

    def meant(self, selector: LabelSelector | None, namespaces: Iterable[str], name: str = "") -> tuple[int, ...]:
        """The pods of these namespaces that a selector which selects none of them most likely means: by labels that
        are spelt nearly so; by all but one of several; the only workload there; the one with the policy's own `name`.
        None: nobody knows."""
        held = [pods for namespace in sorted(namespaces) for pods in self._labelled(namespace)]
        if not written(selector):
            return tuple(row for _, rows in held for row in rows)
        for but_one in (False, True):
            near = tuple(row for labels, rows in held if is_nearly(selector, labels, but_one=but_one) for row in rows)
            if near:
                return near
        there = [w for namespace in namespaces for w in self._in_namespace.get(namespace, ())]
        named = there if len(there) == 1 else [w for w in there if w.name == name]
        return tuple(row for w in named for row in w.rows)

    def nearly_namespaces(self, selector: LabelSelector) -> list[str]:
        """The namespaces that a selector which selects none most likely means."""
        return [name for name in self.scene.namespaces if is_nearly(selector, self.labels_of(name))]

    def _labelled(self, namespace: str) -> list[tuple[dict[str, str], list[int]]]:
        """The pods of a namespace by their labels."""
        found = self._by_labels.get(namespace)
        if found is None:
            columns = self.scene.cluster.columns
            grouped: dict[tuple[tuple[str, str], ...], list[int]] = {}
            for workload in self._in_namespace.get(namespace, ()):
                for row in workload.rows:
                    grouped.setdefault(tuple(columns.labels_of(row).items()), []).append(row)
            found = self._by_labels[namespace] = [
                ({key.removeprefix("k8s:"): value for key, value in labels}, rows) for labels, rows in grouped.items()
            ]
        return found

    @cached_property
    def _in_namespace(self) -> dict[str, list[Workload]]:
        found: dict[str, list[Workload]] = {}
        for workload in self.scene.workloads:
            found.setdefault(workload.namespace, []).append(workload)
        return found

    def hosts(self, peer: NetworkPolicyPeer, namespace: str) -> tuple[int, ...]:
        """The hostNetwork pods that have the labels that a peer of a policy in `namespace` asks for."""
        where = equals("ns", namespace)
        if peer.namespace_selector is not None:
            where = label_selector(peer.namespace_selector, "ns:")
        asked = conjunction(where, equals("network", "host"), label_selector(peer.pod_selector, "k8s:"))
        return tuple(row for row in self.scene.selected(asked).must if self.scene.cluster.row_objects[row].namespace)
