"""The rules of all policies that Cilium reads, in the order in which it looks at them.

A policy that Cilium refuses as a whole, because an option is off that it needs, has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.dialects.adminpolicy.objects import ClusterNetworkPolicy
from netwright.dialects.cilium.named_objects import NamedObjects
from netwright.dialects.cilium.objects import CiliumNetworkPolicy
from netwright.dialects.cilium.validate import needed_options
from netwright.dialects.k8s.objects import NetworkPolicy
from netwright.model.document import Decoded
from netwright.profiles.cilium_maps.cilium_rules import cilium_rules
from netwright.profiles.cilium_maps.kubernetes_rules import admin_rules, kubernetes_rules
from netwright.profiles.cilium_maps.rules import Entry


def entries(objects: Sequence[Decoded]) -> list[Entry]:
    """The rules of all policies for pods, in the order in which Cilium looks at those of one priority."""
    found: list[Entry] = []
    named = NamedObjects(objects)
    for d in objects:
        value = d.value
        if isinstance(value, NetworkPolicy):
            found += _numbered(f"netpol/{d.namespace}/{d.name}", kubernetes_rules(d))
        elif isinstance(value, ClusterNetworkPolicy):
            found += _numbered(f"kcnp//{d.name}", admin_rules(value))
        elif isinstance(value, CiliumNetworkPolicy) and not any(needed_options(value)):
            kind = "cnp" if d.kind == "CiliumNetworkPolicy" else "ccnp"
            namespace = d.namespace if kind == "cnp" else ""
            found += _numbered(f"{kind}/{namespace}/{d.name}", cilium_rules(value, namespace, named))
    return sorted(found, key=lambda one: (one.tier, one.priority, one.resource, one.place))


def _numbered(resource: str, rules: Iterator[Entry]) -> Iterator[Entry]:
    for place, one in enumerate(rules):
        yield one._replace(resource=resource, place=place)
