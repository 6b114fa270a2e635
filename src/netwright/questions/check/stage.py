"""What the checks see of a network beside its NetworkPolicies: objects, namespaces, workloads.

A stage is told no NetworkPolicy, and nothing that hangs on one. So what is worked out of it holds as long as nothing
else changes, and is kept by the clusters that differ in their NetworkPolicies alone (`Cluster.beside`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.engine.acting import deployed, is_host
from netwright.model.cluster import OBJECT_KIND, Cluster, Workload
from netwright.model.document import Decoded, Document, is_network_policy
from netwright.profiles.known import profile_of
from netwright.profiles.profile import Profile
from netwright.questions.check.found import Found
from netwright.questions.registry import Asked

T = TypeVar("T")


class Stage:
    """One network without its NetworkPolicies, as the checks see it."""

    def __init__(self, cluster: Cluster, documents: Sequence[Document], refused: Sequence[Document]) -> None:
        self.cluster = cluster
        self.documents = documents
        """What the input holds, raw."""
        self.refused = refused
        """Those of them that the API server would refuse."""
        self.of_policies: dict[tuple[object, ...], Any] = {}
        """What the last scene has worked out of policies by themselves (`Scene.recalled`)."""
        self._once: dict[Callable[[Any], Any], Any] = {}

    @property
    def stage(self) -> Stage:
        """The scene without its NetworkPolicies."""
        return self

    def found(self, checks: Callable[[Stage], Iterable[Found]]) -> tuple[Found, ...]:
        """What a check finds that looks at nothing else."""
        if checks not in self._once:
            self._once[checks] = tuple(checks(self))
        found: tuple[Found, ...] = self._once[checks]
        return found

    def once(self, worked_out: Callable[[Stage], T]) -> T:
        """What a function makes of this stage, made once: several checks ask for it."""
        if worked_out not in self._once:
            self._once[worked_out] = worked_out(self)
        found: T = self._once[worked_out]
        return found

    @cached_property
    def profile(self) -> Profile:
        return profile_of(self.cluster.profile)

    # --- objects --------------------

    @cached_property
    def objects(self) -> tuple[Decoded, ...]:
        """All objects by namespace, name and kind: what is told of one of several must not hang on the order in which
        files are read."""
        return tuple(sorted(self.cluster.objects, key=lambda d: (d.namespace, d.name, d.kind)))

    def of_kind(self, *kinds: str) -> list[Decoded]:
        """The objects of these kinds, by namespace and name."""
        return [d for d in self.objects if d.kind in kinds]

    @cached_property
    def has_cilium(self) -> bool:
        """Whether there are policies of Cilium: what reads these is imported for them only."""
        return any(d.kind in CILIUM_KINDS for d in self.objects)

    @cached_property
    def has_calico(self) -> bool:
        """Whether there are policies of Calico."""
        return any(d.kind in CALICO_KINDS for d in self.objects)

    @cached_property
    def namespaces(self) -> dict[str, Decoded | None]:
        """The namespaces that are in the input or have a workload there, with their object; None where it is not."""
        found: dict[str, Decoded | None] = dict.fromkeys(w.namespace for w in self.workloads)
        found |= {d.name: d for d in self.of_kind("Namespace")}
        return found

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """What people deploy, by namespace and name; nodes are none."""
        return tuple(deployed(self.cluster))

    def object_of(self, workload: Workload) -> Decoded:
        """The object that a workload comes from: its own where it is in the input, else the first of its pods."""
        own = self._objects.get((OBJECT_KIND.get(workload.kind, ""), workload.namespace, workload.name))
        return own or self.cluster.row_objects[workload.rows[0]]

    def workload_of(self, row: int) -> Workload:
        return self.cluster.workloads[int(self.cluster.columns.workload[row])]

    @cached_property
    def _objects(self) -> dict[tuple[str, str, str], Decoded]:
        return {(d.kind, d.namespace, d.name): d for d in self.cluster.objects}

    def refs(self, rows: Iterable[int]) -> tuple[str, ...]:
        """The workloads of these rows, as references, each once."""
        return tuple(dict.fromkeys([self._ref_of[row] for row in rows]))

    @cached_property
    def _ref_of(self) -> list[str]:
        refs = [w.ref for w in self.cluster.workloads]
        return [refs[number] for number in self.cluster.columns.workload.tolist()]

    def is_host(self, workload: Workload) -> bool:
        """Whether it is on its node's network, where no NetworkPolicy acts."""
        return is_host(self.cluster, workload)


def stage_of(twin: Asked) -> Stage:
    """The stage of a twin; the same one as long as only NetworkPolicies change."""
    kept: dict[str, Any] = twin.cluster.beside.kept
    if "stage" not in kept:
        documents, refused = (
            [d for d in found if not is_network_policy(d)]
            for found in (twin.snapshot.reading.documents, twin.snapshot.refused)
        )
        kept["stage"] = Stage(twin.cluster.beside, documents, refused)
    found: Stage = kept["stage"]
    return found
