"""The Services that a `toServices` names: the pods that they select, or the addresses of their endpoints.

After `pkg/policy/k8s/service.go` of Cilium 1.20.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.dialects.cilium.objects import Service
from netwright.dialects.cilium.selectors import requirements
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.profiles.cilium_maps.selectors import Selector, cidr, pods_in


def of_services(named: Sequence[Service], objects: Sequence[Decoded]) -> list[Selector]:
    found: list[Selector] = []
    for d in objects:
        if d.kind == "Service" and any(_names(one, d) for one in named):
            selector = d.value.spec.selector if d.value.spec else None
            if selector:
                found.append(pods_in(LabelSelector(match_labels=dict(selector)), d.namespace, False))
            else:
                found += [cidr(address) for address in _addresses(d, objects)]
    return found


def _names(one: Service, d: Decoded) -> bool:
    if (chosen := one.k8s_service_selector) is not None:
        labels = {k: v or "" for k, v in (d.value.metadata.labels or {}).items()}
        return chosen.namespace in (None, "", d.namespace) and _selects(chosen.selector, labels)
    if (named := one.k8s_service) is not None:
        return named.service_name == d.name and named.namespace in (None, "", d.namespace)
    return False


def _selects(selector: LabelSelector | None, labels: dict[str, str]) -> bool:
    for need in requirements(selector) if selector is not None else ():
        found = need.key in labels and (need.values is None or labels[need.key] in need.values)
        if found != need.wanted:
            return False
    return True


def _addresses(service: Decoded, objects: Sequence[Decoded]) -> Iterator[str]:
    for d in objects:
        if d.kind == "EndpointSlice" and d.namespace == service.namespace:
            labels = d.value.metadata.labels or {}
            if labels.get("kubernetes.io/service-name") == service.name:
                for endpoint in d.value.endpoints or ():
                    yield from endpoint.addresses or ()
