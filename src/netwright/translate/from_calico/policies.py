"""Calico's policies as Cilium's: each becomes one of its name, for the same pods.

Calico reads rules in the order of tiers and policies, Cilium reads all that deny before all that allow: `ordered` takes
the order out. Cilium knows pods by labels, nodes by entities and addresses outside only: what a rule says beyond that
is left out where it decides nothing in the input, said by more where that changes nothing there, and else left out by
name, or as it is chosen. Policies of Kubernetes stay as they are, and their place among Calico's tiers is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol

from msgspec.structs import replace

from netwright.base.services import ServiceSet
from netwright.base.spans import named
from netwright.dialects.calico import KINDS as SOURCES
from netwright.dialects.calico.lower import acts_on_pods, lower_calico, plan, tier_of
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.model.document import Decoded
from netwright.model.rule import UNGUARDED, Rule
from netwright.profiles.calico_cluster_policies import converted
from netwright.profiles.calico_tiers import HOST_ACTION, host_actions
from netwright.profiles.profile import Profile
from netwright.translate.boxes import Ground
from netwright.translate.changes import Change, of_rules
from netwright.translate.cilium_words import Tree
from netwright.translate.conversion import Chosen, Open, Raised, RuleKey, Turned, Variant
from netwright.translate.from_calico.draft import PLAIN, Draft, keys
from netwright.translate.from_calico.ways import Choosing, Fault, Staying, gone
from netwright.translate.names import Names
from netwright.translate.same_network import PORT_ZERO
from netwright.translate.trees import read_again

_HOST_POLICY: Final = "calico-endpoint-to-host"


class Trial(Protocol):
    """The network of the input, under the profile that enforces what is converted."""

    @property
    def source(self) -> Profile: ...

    @property
    def ground(self) -> Ground: ...

    @property
    def network_objects(self) -> Sequence[Decoded]:
        """Those of the input and what was made up beside them."""

    def moved(self, objects: Sequence[Decoded], beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects, but for services `beside`."""

    def changed(self, change: Change, beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once its rules are what `change` makes of them, but for services `beside`."""

    def arrived(self, objects: Sequence[Decoded], beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects under the new profile, but for services `beside`."""


def raised(objects: Sequence[Decoded], trial: Trial, residue: Chosen = "") -> Raised:
    """Calico's policies among the objects as Cilium's."""
    return _Raising(objects, trial).raised(residue)


class _Raising:
    def __init__(self, objects: Sequence[Decoded], trial: Trial) -> None:
        self._objects = objects
        self._trial = trial
        self._sources = sorted(
            (d for d in objects if d.kind in SOURCES), key=lambda d: (SOURCES.index(d.kind), d.namespace, d.name)
        )
        self._kept = [d for d in objects if d.kind not in SOURCES]
        self._tiers = lower_calico(trial.network_objects, trial.source.reading, converted).tiers
        self._unplaced = {one.name for one in plan(objects) if math.isnan(one.order)}
        self._host_actions = host_actions(objects, trial.source)
        self._residue: Chosen = ""

    def raised(self, residue: Chosen) -> Raised:
        self._residue = residue
        draft, made, differing = self._written({})
        staying: list[Staying] = []
        if differing:
            staying = draft.staying(surely=any(one.surely for one in differing))
            choosing = Choosing(staying, self._moved, lambda one: self._can_say(draft, one))
            choosing.settle()
            settled = gone(staying)
            written = self._written(settled) if settled else (draft, made, differing)
            # what decides nothing as a rule of Calico can keep the rest from being said in Cilium's words
            if len(written[2]) > len(differing):
                choosing.leave_open()
            choosing.show()
            if residue in ("narrow", "widen"):
                choosing.choose(residue)
            changes = gone(staying)
            if changes:
                draft, made, differing = written if changes == settled else self._written(changes)
            if changes and all(one.way for one in staying) and _is_amiss(differing, residue):
                choosing.leave_open()
                choosing.show()
                draft, made, differing = self._written(gone(staying))
        return Raised(
            objects=tuple(tree for tree, _ in made),
            made_of=tuple(policies for _, policies in made),
            sources=tuple(self._sources),
            replaced=tuple(self._sources),
            rules=tuple(key for d in self._sources for key in keys(d)),
            open=tuple(self._open(draft, staying, is_same=not differing)),
            of_this_cluster=True,
            beside=PORT_ZERO,
            differing=differing,
        )

    def _draft(self, changes: Mapping[RuleKey, Sequence[Change]]) -> Draft:
        return Draft(self._objects, self._tiers, of_rules(changes), self._trial.ground)

    def _written(
        self, changes: Mapping[RuleKey, Sequence[Change]]
    ) -> tuple[Draft, list[tuple[Tree, tuple[Decoded, ...]]], tuple[Turned, ...]]:
        draft = self._draft(changes)
        names = Names(self._kept)
        made = [*draft.made(names), *self._to_own_node(names)]
        objects = [*self._kept, *(read_again(tree) for tree, _ in made)]
        return draft, made, self._trial.arrived(objects, PORT_ZERO)

    def _moved(self, change: Change) -> tuple[Turned, ...]:
        return self._trial.changed(change, PORT_ZERO)

    def _can_say(self, before: Draft, one: Staying) -> bool:
        """Whether all of a rule is said once it matches more."""
        after = self._draft({one.key: one.more})
        return len(after.unsaid(one.key)) < len(before.unsaid(one.key)) and one.fault not in after.unsaid(one.key)

    def _to_own_node(self, names: Names) -> list[tuple[Tree, tuple[Decoded, ...]]]:
        """Calico drops what a pod sends to its own node behind all policies, unless it is set up otherwise."""
        is_dropped = self._actions() == {"Drop"} or (self._are_nodes_unlike() and self._residue == "narrow")
        if not is_dropped or not self._sources:
            return []
        name = names.free("CiliumClusterwideNetworkPolicy", "", _HOST_POLICY, "-calico")
        spec: Tree = {
            "endpointSelector": {},
            "egressDeny": [{"toEntities": ["host"]}],
            "enableDefaultDeny": {"ingress": False, "egress": False},
        }
        kind = "CiliumClusterwideNetworkPolicy"
        tree: Tree = {"apiVersion": "cilium.io/v2", "kind": kind, "metadata": {"name": name}, "spec": spec}
        settings = tuple(d for _, d in self._host_actions.values() if d is not None)
        return [(tree, settings)]

    def _actions(self) -> set[str]:
        return {action for action, _ in self._host_actions.values()}

    # --- what is left --------------------

    def _open(self, draft: Draft, staying: Sequence[Staying], *, is_same: bool) -> Iterator[Open]:
        if self._sources and self._are_nodes_unlike():
            yield self._of_own_nodes()
        for why in draft.perhaps if not is_same else ():
            told = f"{why}: whom it perhaps isolates is not isolated"
            yield Open(kind="unknown peer", rules=(), refused=False, told=told)
        known = {(one.key, one.fault) for one in staying}
        for policy in self._sources:
            whose = f"{policy.kind} `{named(policy.namespace, policy.name)}` "
            if not acts_on_pods(policy):
                told = "is for the interfaces of hosts, which policies for pods are not: it is left out"
                yield from self._as_a_whole(policy, whose + told, is_same=is_same)
                continue
            if tier_of(policy) in self._unplaced:
                told = f"stands in the tier `{tier_of(policy)}`, which is not in the input: it is left out"
                yield from self._as_a_whole(policy, whose + told, is_same=is_same)
                continue
            by_fault: dict[Fault, list[RuleKey]] = {}
            for key in keys(policy):
                for fault in draft.faults(key):
                    if (key, fault) not in known:
                        by_fault.setdefault(fault, []).append(key)
            for fault, found in by_fault.items():
                lost = [k for k in found if not is_same and fault.kind not in PLAIN and k not in draft.said]
                for some, refused in (([key for key in found if key not in lost], False), (lost, True)):
                    if some:
                        yield Open(kind=fault.kind, rules=tuple(some), refused=refused, told=whose + fault.told)
            for one in staying:
                if one.policy is policy:
                    yield _told(one, whose, is_same=is_same)
            for told in draft.unsaid_of(policy) if not is_same else ():
                yield Open(kind="beyond the language", rules=(), refused=False, told=whose + told)

    def _are_nodes_unlike(self) -> bool:
        """Whether what pods send to their own node is decided by more than Cilium has a word for."""
        return bool(self._actions() - {"Accept"}) and self._actions() != {"Drop"}

    def _of_own_nodes(self) -> Open:
        told = (
            "what pods send to their own node is decided by `defaultEndpointToHostAction` of the nodes "
            f"({' and '.join(sorted(self._actions()))}): Cilium has one rule for all nodes"
        )
        is_theirs = {id(d) for _, d in self._host_actions.values()}

        def is_of_hosts(rule: Rule) -> bool:
            found = [d for d in self._objects if (d.kind, d.name) == (rule.origin.kind, rule.origin.name)]
            return rule.origin == HOST_ACTION or any(id(d) in is_theirs for d in found)

        def none(rule: Rule) -> tuple[Rule, ...]:
            return () if is_of_hosts(rule) else (rule,)

        def every(rule: Rule) -> tuple[Rule, ...]:
            return (replace(rule, at=POD_NETWORK, when=UNGUARDED) if is_of_hosts(rule) else rule,)

        ways = (
            Variant("denied to all pods", direction="narrow", turned=self._moved(every)),
            Variant("none", direction="widen", turned=self._moved(none)),
        )
        chosen = self._residue if self._residue in ("narrow", "widen") else ""
        if chosen != "narrow":
            told += ", so that none is written"
        return Open(kind="beyond the language", rules=(), refused=False, told=told, chosen=chosen, variants=ways)

    def _as_a_whole(self, policy: Decoded, told: str, *, is_same: bool) -> Iterator[Open]:
        """Of a policy that is left out with all its rules; one without rules can isolate."""
        found = tuple(keys(policy))
        if found or not is_same:
            ways = (Variant("left out", tuple(d for d in self._objects if d is not policy)),)
            yield Open(kind="beyond the language", rules=found, refused=bool(found), told=told, variants=ways)


def _is_amiss(differing: Sequence[Turned], residue: Chosen) -> bool:
    """Whether something differs that should not, once nothing is left open."""
    if residue not in ("narrow", "widen"):
        return bool(differing)
    return any(one.opens if residue == "narrow" else one.closes for one in differing)


def _told(one: Staying, whose: str, *, is_same: bool) -> Open:
    kind, told = one.fault
    if one.changes_nothing:
        what = "written to match more, which changes nothing" if one.is_more else "left out, for it decides nothing"
        told = f"{told}: {what} in the network of the input"
        return Open(kind="decides nothing", rules=(one.key,), refused=False, told=whose + told)
    return Open(
        kind=kind,
        rules=(one.key,),
        refused=one.is_whole and not one.gone and not is_same,
        told=whose + told + one.told,
        chosen=one.gone,
        variants=one.variants,
    )
