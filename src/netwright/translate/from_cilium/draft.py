"""Cilium's policies as they are taken apart and written anew, as things stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec.structs import replace

from netwright.dialects.adminpolicy.lower import priority_of, tier_of
from netwright.dialects.cilium import KINDS as SOURCES
from netwright.dialects.cilium.named_objects import NamedObjects
from netwright.dialects.cilium.objects import Rule
from netwright.dialects.cilium.selectors import requirements
from netwright.dialects.cilium.selectors import subject as pods_of
from netwright.dialects.cilium.validate import needed_options, rules_of
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.translate.conversion import Side
from netwright.translate.from_cilium.entries import Cutting
from netwright.translate.from_cilium.selectors import selects, subject
from netwright.translate.from_cilium.specs import SIDES, Loose, Section, Spec
from netwright.translate.from_cilium.wider import Wider, wider
from netwright.translate.from_cilium.written import Tree, admin_policies, cilium_policy, network_policies
from netwright.translate.made_up import homes_of, namespaces_of
from netwright.translate.names import Names
from netwright.translate.trees import read_again
from netwright.translate.trials import Trial

_LAST: Final = 1000
_USUAL: Final = 100
"""The priority of what is made where no other policy has one."""


class Draft:
    """What there is and what is written of it: `sources` are Cilium's policies among the objects, `others` the rest.

    `first`: a priority before all admin policies of the input, None where there is none. `assumed`: namespaces that the
    input does not tell of. `words`: the kinds that are written.
    """

    def __init__(self, objects: Sequence[Decoded], trial: Trial, admin: bool) -> None:
        self._trial = trial
        self._always = trial.source.enforcement == "always"
        self._cutting = Cutting(NamedObjects(objects), trial.source, admin=admin)
        self.sources = sorted(
            (d for d in objects if d.kind in SOURCES), key=lambda d: (SOURCES.index(d.kind), d.namespace, d.name)
        )
        self.others = [d for d in objects if d.kind not in SOURCES]
        there = [d for d in self.others if d.kind == "ClusterNetworkPolicy"]
        held = [priority_of(d) for d in there if tier_of(d) == "Admin"]
        first: int = min(held, default=0)
        self.first = first - 1 if first else None
        self._behind = max(_USUAL, min(_LAST, max(held, default=0) + 1))
        held = [priority_of(d) for d in there if tier_of(d) == "Baseline"]
        last: int = min(held, default=_LAST)
        self._last = min(_USUAL, max(0, last - 1))
        self._labels = homes_of(objects)
        self.assumed = sorted(self._labels.keys() - namespaces_of(objects).keys())
        self._unlabelled = set(self._labels) - {d.name for d in objects if d.kind == "Namespace"}
        self._specs = {
            id(d): [self._spec(d, pointer, rule) for rule, pointer in rules_of(d.value)] for d in self.sources
        }
        self.words = "NetworkPolicy and ClusterNetworkPolicy" if admin else "NetworkPolicy"

    def _spec(self, policy: Decoded, pointer: Any, rule: Rule) -> Spec:
        spec = Spec(policy, pointer, rule, always=self._always)
        options = sorted({f"`{option}`" for _, option in needed_options(policy.value)})
        if options:
            spec.stays, spec.can_go = f"acts only where Cilium has {' and '.join(options)}", True
        elif rule.endpoint_selector is None:
            spec.stays, spec.can_go = "selects nodes", True
        elif not policy.namespace and _is_of_no_pod(rule.endpoint_selector):
            spec.stays, spec.can_go = "is for what is no pod", True
        else:
            found = subject(rule.endpoint_selector, policy.namespace)
            homes = [policy.namespace] if policy.namespace else sorted(self._labels)
            if found is not None and self._unlabelled & set(homes) and _keys(found.where) - {NAMESPACE_NAME}:
                spec.stays = "selects by labels of namespaces whose Namespace objects are not in the input"
            elif found is not None:
                spec.where, spec.labels = found.where, found.labels
                spec.namespaces = tuple(name for name in homes if selects(found.where, self._labels[name]))
                spec.has_pods = self._trial.has_pod(pods_of(rule.endpoint_selector, policy.namespace, False))
                if spec.namespaces:
                    self.cut(spec, SIDES)
                elif not policy.namespace:
                    spec.stays = "is for namespaces of which the input has none"
        return spec

    def cut(self, spec: Spec, sides: Sequence[Side]) -> None:
        for section in spec.sections:
            if section.side in sides:
                manner = spec.manner(section)
                section.take(self._cutting.cut(section.entry, spec.policy.namespace, manner), manner)

    def sections(self) -> Iterator[tuple[Spec, Section]]:
        for specs in self._specs.values():
            for spec in specs:
                for section in spec.sections:
                    yield spec, section

    def specs(self, policy: Decoded) -> list[Spec]:
        return self._specs[id(policy)]

    def wider(self, spec: Spec, section: Section, one: Loose) -> Iterator[Wider]:
        """What matches more than what stays, and can be said."""
        return wider(self._cutting, one.entry, spec.policy.namespace, spec.manner(section))

    # --- what is written --------------------

    def after(self, *, settling: bool = False) -> list[Decoded]:
        """The objects as things stand; `settling`: nothing is converted, and the rest is as it will be."""
        made = [read_again(tree) for tree, _ in self.made(settling=settling)]
        stay = [d for d in self.sources if self.left(d, settling=settling) == d.value]
        return [*self.others, *stay, *made]

    def left(self, policy: Decoded, *, settling: bool = False) -> Any:
        """What stays of a policy, None for nothing."""
        left = [spec.left(settling=settling) for spec in self._specs[id(policy)]]
        own = list(left) if policy.value.spec is None else left[1:]
        first = None if policy.value.spec is None else left[0]
        others = tuple(rule for rule in own if rule is not None) or None
        if first is None and others is None:
            return None
        if first == policy.value.spec and others == (policy.value.specs or None):
            return policy.value
        return replace(policy.value, spec=first, specs=others)

    def made(self, *, settling: bool = False) -> Iterator[tuple[Tree, Decoded]]:
        names = Names(self.others)
        for policy in self.sources:
            for spec in self._specs[id(policy)]:
                for tree in network_policies(spec, spec.isolated(settling=settling), names):
                    yield tree, policy
                for tree in (
                    *admin_policies(spec, "deny", self.first or 0, names, first=True),
                    *admin_policies(spec, "deny", self._behind, names),
                    *admin_policies(spec, "accept", self._last, names),
                ):
                    yield tree, policy
            left = self.left(policy, settling=settling)
            if left is not None and left != policy.value:
                yield cilium_policy(policy, left), policy


def _is_of_no_pod(selector: LabelSelector) -> bool:
    return any(need.source == "reserved" and need.wanted for need in requirements(selector))


def _keys(selector: Tree) -> set[str]:
    return {*selector.get("matchLabels", ()), *(one["key"] for one in selector.get("matchExpressions", ()))}
