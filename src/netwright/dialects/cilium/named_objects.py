"""The objects that Cilium's rules name: groups of address ranges, and Services with what is behind them.

After Cilium 1.20.2: `pkg/policy/k8s/cilium_cidr_group.go`, `pkg/policy/k8s/service.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netwright.dialects.cilium.objects import Service
from netwright.dialects.cilium.selectors import requirements
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded

OWNED: Final = "io.cilium.k8s"
"""Keys that start so are Cilium's own: those that objects have themselves are not read."""
GROUP_NAME: Final = "io.cilium.policy.cidrgroupname/"
"""Followed by a group's name, the label that Cilium gives to its ranges."""


class NamedObjects:
    """The groups and Services among `objects`."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self._groups = [d for d in objects if d.kind == "CiliumCIDRGroup"]
        self._services = [d for d in objects if d.kind == "Service"]
        self._slices = [d for d in objects if d.kind == "EndpointSlice"]

    def ranges(self, key: str, values: tuple[str, ...] | None) -> list[str]:
        """The ranges of the groups that have a label, with one of the values where these are given."""
        found: list[str] = []
        for d in self._groups:
            labels = {**group_labels(d), GROUP_NAME + d.name: ""}
            if key in labels and (values is None or labels[key] in values):
                found += group_ranges(d)
        return found

    def services(self, named: Sequence[Service]) -> Iterator[Decoded]:
        """The Services that any of the entries of a `toServices` names."""
        return (d for d in self._services if any(_names(one, d) for one in named))

    def addresses(self, service: Decoded) -> Iterator[str]:
        """The addresses of a Service's endpoints."""
        for d in self._slices:
            labels = d.value.metadata.labels or {}
            if d.namespace == service.namespace and labels.get("kubernetes.io/service-name") == service.name:
                for endpoint in d.value.endpoints or ():
                    yield from endpoint.addresses or ()


def group_labels(group: Decoded) -> dict[str, str]:
    """The labels of a CiliumCIDRGroup that its ranges have."""
    return {k: v or "" for k, v in (group.value.metadata.labels or {}).items() if not k.startswith(OWNED)}


def group_ranges(group: Decoded) -> Sequence[str]:
    """The address ranges of a CiliumCIDRGroup."""
    return (group.value.spec.external_cidrs if group.value.spec else None) or ()


def _names(one: Service, d: Decoded) -> bool:
    if (chosen := one.k8s_service_selector) is not None:
        labels = {k: v or "" for k, v in (d.value.metadata.labels or {}).items()}
        return chosen.namespace in (None, "", d.namespace) and _selects(chosen.selector, labels)
    if (named := one.k8s_service) is not None:
        return named.service_name == d.name and named.namespace in (None, "", d.namespace)
    return False


def _selects(selector: LabelSelector | None, labels: dict[str, str]) -> bool:
    """Whether labels of an object itself are selected; sources do not count."""
    for need in requirements(selector) if selector is not None else ():
        found = need.key in labels and (need.values is None or labels[need.key] in need.values)
        if found != need.wanted:
            return False
    return True
