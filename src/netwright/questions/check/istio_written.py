"""Istio's policies as the checks see them: what each selects, and what the mesh makes of that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import msgspec

from netwright.dialects.istio.mesh import Mesh, PodClass
from netwright.dialects.istio.objects import AuthorizationPolicy, PeerAuthentication, Rule, WorkloadSelector
from netwright.dialects.istio.options import MeshOptions
from netwright.dialects.k8s.generated import GENERATED
from netwright.model.cluster import ServiceNoun
from netwright.model.document import Decoded
from netwright.model.mesh import CLASS
from netwright.questions.check.scene import Chosen, Scene


class Written(msgspec.Struct, frozen=True):
    """A policy that is enforced, with the pods that it selects and the namespaces where it does."""

    policy: Decoded
    value: AuthorizationPolicy
    chosen: Chosen
    is_wide: bool

    @property
    def rules(self) -> tuple[Rule, ...]:
        return (self.value.spec.rules if self.value.spec else None) or ()

    @property
    def selector(self) -> WorkloadSelector | None:
        return self.value.spec.selector if self.value.spec else None


class Meshed:
    """The mesh of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.options: MeshOptions = scene.profile.mesh
        self.mesh: Mesh | None = scene.cluster.mesh

    @cached_property
    def policies(self) -> list[Written]:
        """The AuthorizationPolicies at pods that decide something, by namespace and name."""
        found = []
        for d in self.scene.of_kind("AuthorizationPolicy"):
            value: AuthorizationPolicy = d.value
            if not value.is_dry_run and not value.targets:
                selector = value.spec.selector if value.spec else None
                wide = d.namespace == self.options.root
                found.append(Written(d, value, self.pods(selector, "" if wide else d.namespace), wide))
        return found

    @cached_property
    def peer_authentications(self) -> list[tuple[Decoded, PeerAuthentication]]:
        return [(d, d.value) for d in self.scene.of_kind("PeerAuthentication")]

    # --- pods --------------------

    def pods(self, selector: WorkloadSelector | None, namespace: str) -> Chosen:
        """The pods that a selector selects in a namespace, or in all ("")."""
        labels = (selector.match_labels if selector else None) or {}
        rows = self._in_namespace.get(namespace, frozenset()) if namespace else self._everywhere
        must = may = rows
        for key, value in labels.items():
            held = self._by_label.get((key, value or ""), frozenset())
            must = must & held
            may = may & (held | self._by_label.get((key, "?"), frozenset())) if key in GENERATED else may & held
        return Chosen(tuple(sorted(must)), tuple(sorted(may)))

    @cached_property
    def _everywhere(self) -> frozenset[int]:
        columns = self.scene.cluster.columns
        return frozenset(row for row, host in enumerate(columns.host.tolist()) if not host)

    @cached_property
    def _in_namespace(self) -> dict[str, frozenset[int]]:
        columns = self.scene.cluster.columns
        found: dict[str, set[int]] = {}
        for row in self._everywhere:
            found.setdefault(columns.namespaces[int(columns.namespace[row])], set()).add(row)
        return {name: frozenset(rows) for name, rows in found.items()}

    @cached_property
    def _by_label(self) -> dict[tuple[str, str], frozenset[int]]:
        found: dict[tuple[str, str], set[int]] = {}
        for row in self._everywhere:
            for key, value in self.scene.cluster.columns.labels_of(row).items():
                if key.startswith("k8s:"):
                    found.setdefault((key[4:], value), set()).add(row)
        return {label: frozenset(rows) for label, rows in found.items()}

    # --- what the mesh makes of them --------------------

    @cached_property
    def _classes(self) -> dict[str, PodClass]:
        return {pod.server.key: pod.server for pod in self.mesh.pods} if self.mesh is not None else {}

    def server(self, row: int) -> PodClass | None:
        """What the mesh makes of connections to a pod; None where it has no part in them."""
        key = self.scene.cluster.columns.labels_of(row).get(CLASS)
        return self._classes.get(key) if key is not None else None

    def servers(self, rows: Iterable[int]) -> list[PodClass]:
        """The classes of these pods, as far as they surely are in the mesh and all that acts there is known."""
        found = {self.server(row): None for row in rows}
        return [one for one in found if one is not None and not one.open and not one.unsure]

    @cached_property
    def accounts(self) -> dict[str, list[str]]:
        """The service accounts that pods of the input have, by namespace."""
        found: dict[str, list[str]] = {}
        for account in sorted({pod.account for pod in self.mesh.pods} if self.mesh is not None else ()):
            namespace, _, name = account.partition("/")
            found.setdefault(namespace, []).append(name)
        return found

    @cached_property
    def written_accounts(self) -> frozenset[tuple[str, str]]:
        """The ServiceAccounts of the input, by namespace and name."""
        return frozenset((d.namespace, d.name) for d in self.scene.of_kind("ServiceAccount"))

    @cached_property
    def reached_from_outside(self) -> frozenset[int]:
        """The pods that Services lead to from outside."""
        return frozenset(
            backend.row
            for service in self.scene.cluster.services
            if is_reached_from_outside(service)
            for port in service.ports
            for backend in port.backends
        )


def is_reached_from_outside(service: ServiceNoun) -> bool:
    """Whether a Service is of a type that leads in from outside, or has addresses that do."""
    return service.type in ("NodePort", "LoadBalancer") or bool(service.external_ips)


__all__ = ["Meshed", "Written", "is_reached_from_outside"]
