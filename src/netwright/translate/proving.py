"""Networks of one cluster with its policies written in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_network
from typing import Final

from netwright.base.selectors import Selector, matches
from netwright.base.services import NONE, ServiceSet
from netwright.base.spans import named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.engine.inquire import Inquirer
from netwright.model.cluster import Cluster
from netwright.model.columns import Columns
from netwright.model.document import Decoded
from netwright.profiles.compose import compose
from netwright.profiles.known import profile_of
from netwright.profiles.profile import Profile
from netwright.translate.boxes import Ground, Kind
from netwright.translate.changes import Change
from netwright.translate.conversion import Raised, Turned
from netwright.translate.from_calico.ground import ground, selected_by_calico
from netwright.translate.languages import Language
from netwright.translate.made_up import pods_for, selected_by_cilium
from netwright.translate.requirements import conjuncts, spaces
from netwright.translate.same_network import changed, differs, inquirer, turned
from netwright.translate.thinning import Thinning

POLICIES = ("NetworkPolicy", *ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, "HostEndpoint", *OVN_KINDS)
MADE_UP_NET: Final = "198.18.0.0/15"
"""Of no network that is used (RFC 2544, section C.2.2)."""


class Proving:
    """Networks of one cluster with its policies written in several ways, under a profile that enforces them (`source`),
    and under the one that they are to be enforced by afterwards (`target`)."""

    def __init__(self, cluster: Cluster, language: Language) -> None:
        self._cluster = cluster
        self._language = language
        own = profile_of(cluster.profile)
        self._is_own = all(kind in own.kinds for kind in language.sources)
        self._is_move = bool(language.target) or (language.is_of_a_cni and not self._is_own)
        self.source = own if self._is_own else profile_of(language.profile)
        self.target = profile_of(language.target) if language.target else own if self._is_move else self.source

    @cached_property
    def _before(self) -> Inquirer:
        return inquirer(self._of(self._cluster.objects, self.source))

    @cached_property
    def _made_up(self) -> list[Decoded]:
        if not self._language.is_of_a_cni:
            return []
        policies = [d for d in self._cluster.objects if d.kind in self._language.sources]
        known = _Pods(inquirer(self._read(self._cluster.objects, self.source)))
        objects = self._cluster.objects
        has_pod = lambda selector: bool(known.selected(selector))  # noqa: E731
        if self._language.sources == CALICO_KINDS:
            selected = selected_by_calico(objects, self.source)
            return pods_for(policies, selected, objects, has_pod, map(str, ip_network(MADE_UP_NET).hosts()))
        return pods_for(policies, selected_by_cilium(policies), objects, has_pod)

    @property
    def made_up(self) -> tuple[str, ...]:
        return tuple(named(d.namespace, d.name) for d in self._made_up if d.kind == "Pod")

    @cached_property
    def _known(self) -> _Pods:
        return _Pods(self._before)

    def is_same(self, before: Sequence[Decoded], after: Sequence[Decoded]) -> bool:
        """Whether the rules of objects are the same, whatever pods there are."""
        return self._language.same(before, after, self.source)

    def has_pod(self, selector: Selector) -> bool:
        """Whether a selector selects a pod, made up or not."""
        return bool(self._known.selected(selector))

    def selected(self, selector: Selector) -> frozenset[int]:
        """Which of the kinds of pods that the rules tell apart a selector selects."""
        return self._known.selected(selector)

    def _of(self, objects: Sequence[Decoded], profile: Profile) -> Cluster:
        """With pods made up for the selectors that select none."""
        return self._read([*objects, *self._made_up], profile)

    def _read(self, objects: Sequence[Decoded], profile: Profile) -> Cluster:
        """Policies that the profile does not read are the same on both sides, and would only hide differences."""
        return compose(self._known_to(objects, profile), profile=profile, pod_cidrs=self._cluster.pod_cidrs)

    @staticmethod
    def _known_to(objects: Sequence[Decoded], profile: Profile) -> list[Decoded]:
        return [d for d in objects if d.kind not in POLICIES or d.kind in profile.kinds]

    def moved(self, objects: Sequence[Decoded], beside: ServiceSet = NONE) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects, under one profile, but for services `beside`."""
        return turned(self._before, self._of(objects, self.source), beside)

    def thinning(self, objects: Sequence[Decoded], beside: ServiceSet = NONE) -> Thinning | None:
        """The network of objects, to take policies out of it; None where something differs from the input already."""
        whole = inquirer(self._of(objects, self.source), self._before.network)
        return None if differs(self._before, whole, beside) else Thinning(whole, beside)

    def changed(self, change: Change, beside: ServiceSet = NONE) -> tuple[Turned, ...]:
        """What differs from the input once its rules are what `change` makes of them, but for services `beside`."""
        return changed(self._before, change, beside)

    @cached_property
    def ground(self) -> Ground:
        """What the network says of addresses."""
        network = self._before.network
        columns = network.columns
        rows = [row for row in range(columns.n) if not columns.host[row]]
        pods = [Kind(attributes_of(columns, row), columns.addresses_of(row)) for row in rows]
        return ground(self.network_objects, pods, network.families)

    @property
    def network_objects(self) -> Sequence[Decoded]:
        """Those of the input and the pods that were made up."""
        return self._before.cluster.objects

    def arrived(self, objects: Sequence[Decoded], beside: ServiceSet = NONE) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects under the other profile; what that does not read of
        them leaves open what it could decide."""
        if not self._is_move:
            return self.moved(objects, beside)
        made_up = [*objects, *self._made_up]
        return turned(self._before, compose(made_up, profile=self.target, pod_cidrs=self._cluster.pod_cidrs), beside)

    def by_the_move(self, made: Raised, differing: Sequence[Turned]) -> int:
        """How many of the pairs differ where neither the converted policies nor what was made of them are there."""
        if not (self._language.target and differing):
            return 0
        kept = [d for d in self.network_objects if d not in made.sources]
        before, after = (
            compose(self._known_to(kept, profile), profile=profile, pod_cidrs=self._cluster.pod_cidrs)
            for profile in (self.source, self.target)
        )
        pairs = {(one.source, one.destination, one.family) for one in turned(inquirer(before), after, made.beside)}
        return sum((one.source, one.destination, one.family) in pairs for one in differing)

    def started(self, after: Sequence[Decoded]) -> tuple[Turned, ...]:
        """What differs under the profile of the input, where that does not enforce the policies as they are."""
        if self._is_own or self._is_move:
            return ()
        own = profile_of(self._cluster.profile)
        sides = (
            compose(objects, profile=own, unknown=self._cluster.unknown, pod_cidrs=self._cluster.pod_cidrs)
            for objects in (self._cluster.objects, after)
        )
        return turned(inquirer(next(sides)), next(sides))

    def not_compared(self) -> tuple[str, ...]:
        """Why networks that are the same as far as they are read may not be."""
        reasons = [u.reason for u in self._cluster.unknown if u.effect != "none"]
        reasons += [
            f"{d.kind} `{named(d.namespace, d.name)}` is no policy of the profile `{self.source.name}`"
            for d in self._cluster.objects
            if d.kind in POLICIES and d.kind not in self.source.kinds and d.kind not in self.source.ignored
        ]
        return tuple(dict.fromkeys(reasons))


def attributes_of(columns: Columns, row: int) -> dict[str, str]:
    """Those of a pod and the name of its namespace."""
    return {**columns.labels_of(row), "ns": columns.namespaces[columns.namespace[row]]}


class _Pods:
    """The pods of a network as far as its rules tell them apart, by their namespaces."""

    def __init__(self, inquirer: Inquirer) -> None:
        columns = inquirer.network.columns
        self._of: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self._known: dict[Selector, frozenset[int]] = {}
        for row in inquirer.network.identities.row.tolist():
            if not columns.host[row]:
                number = int(columns.namespace[row])
                of_namespace = {f"ns:{key}": text for key, text in columns.namespace_labels[number].items()}
                attributes = {**attributes_of(columns, row), **of_namespace, "network": "pod"}
                self._of.setdefault(columns.namespaces[number], []).append((row, attributes))

    def selected(self, selector: Selector) -> frozenset[int]:
        found = self._known.get(selector)
        if found is None:
            names = spaces(conjuncts(selector))
            pods = (pod for name in (self._of if names is None else names) for pod in self._of.get(name, ()))
            found = self._known[selector] = frozenset(row for row, held in pods if matches(selector, held))
        return found
