"""Cilium's policies as NetworkPolicies, and ClusterNetworkPolicies beside them, as far as these say what the others do.

What allows and isolates is a NetworkPolicy, one in each namespace where the policy is for the cluster; what denies is a
ClusterNetworkPolicy of the Admin tier, which comes before all that allows as a denial does in Cilium; what allows
without isolating is one of the Baseline tier, which Cilium 1.20 reads before isolation. An entry that cannot be said as
a whole is cut. What is left is dropped where it decides nothing in the input, said by more where that changes nothing,
and else stays in Cilium's words. All is tried on the network of the input: nothing is written that changes a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from typing import Any, Final, Protocol, TypeVar

from msgspec.structs import replace

from netwright.base.ipset import EVERYWHERE, IpSet
from netwright.base.selectors import Selector
from netwright.base.services import ALL, NONE, TRANSPORT, ServiceSet
from netwright.base.spans import named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.adminpolicy.lower import priority_of, tier_of
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.cilium.named_objects import NamedObjects
from netwright.dialects.cilium.objects import CiliumNetworkPolicy, Rule
from netwright.dialects.cilium.selectors import requirements
from netwright.dialects.cilium.selectors import subject as pods_of
from netwright.dialects.cilium.services import Entry, services_of
from netwright.dialects.cilium.validate import needed_options, rules_of
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.model.document import Decoded
from netwright.model.rule import Service
from netwright.profiles.profile import Profile
from netwright.translate.cilium_entries import (
    Cutting,
    Manner,
    Pods,
    Said,
    as_entries,
    blocks,
    outside_of,
    selects,
    subject,
)
from netwright.translate.cilium_specs import SIDES, Loose, Piece, Section, Spec
from netwright.translate.clusternetworkpolicy import VERSION, marks
from netwright.translate.conversion import Open, Raised, ResidueKind, RuleKey, Side, Turned
from netwright.translate.made_up import namespaces_of
from netwright.translate.said import Tree, admin_rules, network_policy_rule, pieces
from netwright.translate.same_network import PORT_ZERO
from netwright.translate.trees import plain_value, read_again

SOURCES: Final = CILIUM_KINDS
POLICIES: Final = ("NetworkPolicy", *ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, *OVN_KINDS)
LONGEST_NAME: Final = 253
_LAST: Final = 1000
_USUAL: Final = 100
"""The priority of what is made where no other policy has one."""
MOST_TRIES: Final = 400
"""Networks that are compiled to find out what may be dropped and what can be said."""
MOST_SHOWN: Final = 60
"""Residues whose choices are carried out."""


class Trial(Protocol):
    """The network of the input, under the profile that enforces what is converted."""

    @property
    def source(self) -> Profile: ...

    def moved(self, objects: Sequence[Decoded], beside: ServiceSet) -> tuple[Turned, ...]:
        """What differs from the input once these are its objects, but for services `beside`."""

    def is_same(self, before: Sequence[Decoded], after: Sequence[Decoded]) -> bool:
        """Whether the rules of objects are the same, whatever pods there are."""

    def has_pod(self, selector: Selector) -> bool:
        """Whether a selector selects a pod."""

    def selected(self, selector: Selector) -> frozenset[int]:
        """Which of the kinds of pods that the rules tell apart a selector selects."""


T = TypeVar("T")
NOTHING_SAID: Final = Said(False, (), (), Service(NONE))


def raised(objects: Sequence[Decoded], trial: Trial, *, admin: bool) -> Raised:
    """The policies of Cilium among the objects, as NetworkPolicies, with `admin` as ClusterNetworkPolicies too."""
    return _Raising(objects, trial, admin).raised()


class _Raising:
    def __init__(self, objects: Sequence[Decoded], trial: Trial, admin: bool) -> None:
        self._trial = trial
        profile = trial.source
        self._tries = 0
        self._shown = 0
        self._always = profile.enforcement == "always"
        self._cutting = Cutting(NamedObjects(objects), profile, admin=admin)
        self._sources = sorted(
            (d for d in objects if d.kind in SOURCES), key=lambda d: (SOURCES.index(d.kind), d.namespace, d.name)
        )
        self._others = [d for d in objects if d.kind not in SOURCES]
        there = [d for d in self._others if d.kind == "ClusterNetworkPolicy"]
        held = [priority_of(d) for d in there if tier_of(d) == "Admin"]
        first: int = min(held, default=0)
        self._first = first - 1 if first else None
        self._behind = max(_USUAL, min(_LAST, max(held, default=0) + 1))
        held = [priority_of(d) for d in there if tier_of(d) == "Baseline"]
        last: int = min(held, default=_LAST)
        self._last = min(_USUAL, max(0, last - 1))
        self._labels = namespaces_of(objects)
        self._unlabelled = set(self._labels) - {d.name for d in objects if d.kind == "Namespace"}
        self._specs = {
            id(d): [self._spec(d, pointer, rule) for rule, pointer in rules_of(d.value)] for d in self._sources
        }
        self._conflicts: set[int] = set()
        self._words = "NetworkPolicy and ClusterNetworkPolicy" if admin else "NetworkPolicy"

    def raised(self) -> Raised:
        self._settle()
        self._convert()
        made = list(self._made(settling=False))
        return Raised(
            objects=tuple(tree for tree, _ in made),
            made_of=tuple((policy,) for _, policy in made),
            sources=tuple(self._sources),
            replaced=tuple(d for d in self._sources if self._left(d, settling=False) != d.value),
            rules=tuple(section.key for _, section in self._sections()),
            open=tuple(self._open()),
            of_this_cluster=self._is_of_this_cluster(),
            beside=PORT_ZERO if any(self._with_port_zero()) else NONE,
        )

    def _with_port_zero(self) -> Iterator[tuple[Section, Piece]]:
        """What a ClusterNetworkPolicy says but for port 0."""
        for _, section in self._sections():
            for piece in section.pieces:
                numbers = piece.said.service.fixed
                if piece.is_converted and piece.manner != "allow" and numbers != ALL and numbers & PORT_ZERO:
                    yield section, piece

    def _is_of_this_cluster(self) -> bool:
        """Whether something was looked up or left out that holds for this input alone."""
        return any(
            spec.isolated_too or section.is_settled or section.written_out or section.no_end
            for spec, section in self._sections()
        )

    def _compared_with_nothing(self, policy: Decoded) -> list[RuleKey]:
        """The rules of a policy that select no pod of the input, where what they are written as is not the same."""
        found = [
            section.key
            for spec in self._specs[id(policy)]
            for section in spec.sections
            if not spec.has_pods and any(p.is_converted for p in section.pieces)
        ]
        if not found:
            return []
        plain = [d for d in self._others if d.kind not in POLICIES]
        made = [read_again(tree) for tree, source in self._made(settling=False) if source is policy]
        left = [policy] if self._left(policy, settling=False) == policy.value else []
        return [] if self._trial.is_same([*plain, policy], [*plain, *left, *made]) else found

    # --- what there is --------------------

    def _spec(self, policy: Decoded, pointer: Any, rule: Rule) -> Spec:
        spec = Spec(policy, pointer, rule, always=self._always)
        options = sorted({f"`{option}`" for _, option in needed_options(policy.value)})
        if options:
            spec.stays = f"acts only where Cilium has {' and '.join(options)}"
        elif rule.endpoint_selector is None:
            spec.stays = "selects nodes"
        elif not policy.namespace and _is_of_no_pod(rule.endpoint_selector):
            spec.stays = "is for what is no pod"
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
                    self._cut(spec, SIDES)
                elif not policy.namespace:
                    spec.stays = "is for namespaces of which the input has none"
        return spec

    def _cut(self, spec: Spec, sides: Sequence[Side]) -> None:
        for section in spec.sections:
            if section.side in sides:
                manner = spec.manner(section)
                section.take(self._cutting.cut(section.entry, spec.policy.namespace, manner), manner)

    def _sections(self) -> Iterator[tuple[Spec, Section]]:
        for specs in self._specs.values():
            for spec in specs:
                for section in spec.sections:
                    yield spec, section

    # --- what is tried --------------------

    def _fails(self, *, settling: bool) -> tuple[Turned, ...]:
        """What differs from the input as things stand."""
        self._tries += 1
        return self._trial.moved(self._after(settling=settling), PORT_ZERO)

    def _after(self, *, settling: bool) -> list[Decoded]:
        made = [read_again(tree) for tree, _ in self._made(settling=settling)]
        stay = [d for d in self._sources if self._left(d, settling=settling) == d.value]
        return [*self._others, *stay, *made]

    def _unfit(self, group: Sequence[T], change: Callable[[T, bool], None], *, settling: bool) -> list[T]:
        """Makes changes that together change no verdict; those that cannot be among them."""
        if not group:
            return []
        if self._tries < MOST_TRIES:
            for one in group:
                change(one, True)
            if not self._fails(settling=settling):
                return []
            for one in group:
                change(one, False)
            if len(group) > 1:
                half = len(group) // 2
                first = self._unfit(group[:half], change, settling=settling)
                return [*first, *self._unfit(group[half:], change, settling=settling)]
        return list(group)

    def _settle(self) -> None:
        """Drops what decides nothing, and says by more what changes nothing by that."""
        sides = [
            (spec, side)
            for specs in self._specs.values()
            for spec in specs
            for side in SIDES
            if spec.has_pods and not spec.isolates(side) and any(e.loose for e in spec.of(side) if not e.denies)
        ]
        self._unfit(sides, self._isolate, settling=True)
        loose = [one for spec, section in self._sections() for one in section.loose if spec.has_pods or not one.why]
        self._unfit(loose, _drop, settling=True)
        for spec, section in self._sections():
            for one in [rest for rest in section.loose if rest.fate == "kept" and spec.has_pods]:
                self._widen(spec, section, one)
                if one.fate == "kept" and section.denies:
                    self._take_out(spec, section, one)

    def _isolate(self, one: tuple[Spec, Side], on: bool) -> None:
        """Whether a rule isolates what it did not isolate, so that what it allows can be a NetworkPolicy's."""
        spec, side = one
        spec.isolated_too = [s for s in SIDES if (s == side and on) or (s != side and s in spec.isolated_too)]
        self._cut(spec, (side,))

    def _widen(self, spec: Spec, section: Section, one: Loose) -> None:
        for entry in one.wider:
            cut = self._cutting.cut(entry, spec.policy.namespace, spec.manner(section))
            if cut.said is None or cut.rests or self._tries >= MOST_TRIES:
                continue
            piece = Piece(cut.fragment, cut.said, spec.manner(section))
            section.pieces.append(piece)
            one.fate = "widened"
            if not self._fails(settling=True):
                return
            section.pieces.remove(piece)
            one.fate = "kept"

    def _take_out(self, spec: Spec, section: Section, one: Loose) -> None:
        """Addresses that are denied at an ingress are taken out of what is allowed to the same pods."""
        gone = outside_of(one.entry)
        service = next((service for service, _ in services_of(one.entry, not gone)), None)
        if not gone or service is None or self._tries >= MOST_TRIES:
            return
        alike = [
            other
            for other, _ in self._sections()
            if other.policy.namespace == spec.policy.namespace
            and (other.where, other.labels) == (spec.where, spec.labels)
        ]
        found = [s for s in dict.fromkeys(s for o in alike for s in o.of(section.side)) if not s.denies and s.pieces]
        before = [s.pieces for s in found]
        for other in found:
            other.pieces = [less for piece in other.pieces for less in _without(piece, gone, service, spec)]
        one.fate = "taken out"
        if self._fails(settling=True):
            one.fate = "kept"
            for other, held in zip(found, before, strict=True):
                other.pieces = held

    def _convert(self) -> None:
        found = [piece for _, section in self._sections() for piece in section.pieces]
        unfit = self._unfit(found, _convert, settling=False)
        denying = [piece for piece in unfit if piece.manner == "deny"] if self._first is not None else []
        self._unfit(denying, _convert_first, settling=False)
        self._conflicts = {id(piece) for piece in unfit if not piece.is_converted}
        if unfit and self._fails(settling=False):
            self._give_up()

    def _give_up(self) -> None:
        """Leaves all as it was."""
        for specs in self._specs.values():
            for spec in specs:
                spec.isolated_too = []
                spec.stays = spec.stays or f"is not the same as what is written of it as {self._words}"
                for section in spec.sections:
                    section.pieces, section.loose = [], []

    # --- what is written --------------------

    def _left(self, policy: Decoded, *, settling: bool) -> Any:
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

    def _made(self, *, settling: bool) -> Iterator[tuple[Tree, Decoded]]:
        names = Names(self._others)
        for policy in self._sources:
            for spec in self._specs[id(policy)]:
                for tree in _network_policies(spec, spec.isolated(settling=settling), names):
                    yield tree, policy
                for tree in (
                    *_admin_policies(spec, "deny", self._first or 0, names, first=True),
                    *_admin_policies(spec, "deny", self._behind, names),
                    *_admin_policies(spec, "accept", self._last, names),
                ):
                    yield tree, policy
            left = self._left(policy, settling=settling)
            if left is not None and left != policy.value:
                yield _cilium_policy(policy, left), policy

    # --- what is open --------------------

    def _open(self) -> Iterator[Open]:
        for policy in self._sources:
            yield from self._of_policy(policy)

    def _of_policy(self, policy: Decoded) -> Iterator[Open]:
        for spec in self._specs[id(policy)]:
            if spec.stays:
                keys = [section.key for section in spec.sections]
                yield self._told(policy, "beyond the language", keys, spec.stays, refused=True)
        sections = [section for spec in self._specs[id(policy)] if not spec.stays for section in spec.sections]
        reasons: dict[tuple[str, bool], list[tuple[Section, Loose]]] = {}
        for section in sections:
            is_refused = not any(p.is_converted for p in section.pieces)
            for one in section.loose:
                if one.fate == "kept":
                    reasons.setdefault((one.why or "names `host`", is_refused), []).append((section, one))
        for (why, is_refused), found in reasons.items():
            yield self._kept(policy, found, why, refused=is_refused)
        conflicting = [(s, p) for s in sections for p in s.pieces if id(p) in self._conflicts]
        for section, piece in conflicting:
            told = f"written as {self._words} it would change verdicts"
            refused = not any(p.is_converted for p in section.pieces)
            yield self._told(
                policy, "conflict", [section.key], told, refused=refused, variants=self._all_the_same(piece)
            )
        yield from self._settled(policy, sections)

    def _kept(self, policy: Decoded, found: list[tuple[Section, Loose]], why: str, *, refused: bool) -> Open:
        """What stays in Cilium's words, and what each way out would open or close."""
        self._shown += 1
        variants: list[tuple[str, tuple[Decoded, ...]]] = []
        if self._shown <= MOST_SHOWN:
            variants.append(("narrow: left out", self._with(found, [() for _ in found])))
            if all(one.wider for _, one in found):
                wider = [one.wider[:1] for _, one in found]
                told = "widen: " + " and ".join(
                    dict.fromkeys(_telling(one.entry, w[0]) for (_, one), w in zip(found, wider, strict=True))
                )
                variants.append((told, self._with(found, wider)))
        told = f"{why}, which {self._words} cannot say"
        keys = list(dict.fromkeys(section.key for section, _ in found))
        return self._told(policy, "beyond the language", keys, told, refused=refused, variants=tuple(variants))

    def _with(self, found: list[tuple[Section, Loose]], others: Sequence[Sequence[Entry]]) -> tuple[Decoded, ...]:
        """The objects as they would be with other entries in the place of some that stay."""
        held = [list(section.pieces) for section, _ in found]
        for (section, one), entries in zip(found, others, strict=True):
            one.fate = "dropped"
            section.pieces = [*section.pieces, *(Piece((entry,), NOTHING_SAID, "allow") for entry in entries)]
        after = tuple(self._after(settling=False))
        for (section, one), before in zip(reversed(found), reversed(held), strict=True):
            one.fate = "kept"
            section.pieces = before
        return after

    def _all_the_same(self, piece: Piece) -> tuple[tuple[str, tuple[Decoded, ...]], ...]:
        self._shown += 1
        if self._shown > MOST_SHOWN:
            return ()
        piece.is_converted = True
        after = tuple(self._after(settling=False))
        piece.is_converted = False
        return (("written all the same", after),)

    def _settled(self, policy: Decoded, sections: Sequence[Section]) -> Iterator[Open]:
        """What is converted, and holds for this input alone, or lacks what the input cannot have."""
        gone = [(s.key, one.why) for s in sections for one in s.loose if one.fate == "dropped" and one.why]
        if gone:
            dropped = list(dict.fromkeys(key for key, _ in gone))
            why = " and ".join(dict.fromkeys(why for _, why in gone))
            told = f"what {why} decides nothing in the network of the input, and is left out"
            yield self._told(policy, "decides nothing", dropped, told)
        taken = [s.key for s in sections if any(one.fate == "taken out" for one in s.loose)]
        if taken:
            told = "what it denies outside is taken out of what is allowed to the same pods"
            yield self._told(policy, "written out", taken, told)
        widened = [s.key for s in sections if any(one.fate == "widened" for one in s.loose)]
        if widened:
            told = "written to match more, which changes nothing in the network of the input"
            yield self._told(policy, "decides nothing", widened, told)
        zero = [s.key for s, p in self._with_port_zero() if s in sections]
        if zero:
            told = "is about port 0 too, for which ClusterNetworkPolicy has no word; no connection has it"
            yield self._told(policy, "port 0", zero, told)
        no_end = [s.key for s in sections if s.no_end]
        if no_end:
            names = " and ".join(f"`{n}`" for n in dict.fromkeys(n for s in sections for n in s.no_end))
            told = f"{names} is no pod, node or address that a twin has, and no word of {self._words}: it is left out"
            yield self._told(policy, "no such end", no_end, told)
        specs = self._specs[id(policy)]
        isolating = [s.key for spec in specs for side in spec.isolated_too for s in spec.of(side)]
        if isolating:
            told = "isolates too now (`enableDefaultDeny` was false): all the pods are isolated by other policies"
            yield self._told(policy, "written out", isolating, told)
        if nothing := self._compared_with_nothing(policy):
            told = "selects no pod of the input: what is written of it was compared with nothing"
            yield self._told(policy, "compared with nothing", nothing, told)
        looked_up = [s.key for s in sections if s.written_out and s.pieces]
        if looked_up:
            names = " and ".join(dict.fromkeys(name for s in sections for name in s.written_out))
            yield self._told(policy, "written out", looked_up, f"{names}: written out as the input has them")
        if not policy.namespace:
            copied = [
                section.key
                for spec in specs
                for section in spec.sections
                if spec.isolates(section.side) and any(p.is_converted for p in section.pieces) and not section.denies
            ]
            if copied:
                told = "one NetworkPolicy for each namespace of the input: where a namespace comes to be, convert again"
                yield self._told(policy, "written out", copied, told)

    def _told(
        self,
        policy: Decoded,
        kind: ResidueKind,
        rules: Sequence[RuleKey],
        told: str,
        *,
        refused: bool = False,
        variants: tuple[tuple[str, tuple[Decoded, ...]], ...] = (),
    ) -> Open:
        whose = f"{policy.kind} `{named(policy.namespace, policy.name)}` "
        return Open(kind=kind, rules=tuple(rules), refused=refused, told=whose + told, variants=variants)


def _without(piece: Piece, gone: IpSet, service: Service, spec: Spec) -> list[Piece]:
    """What a piece allows, less some addresses outside on some services; as it is where that cannot be said."""
    said = piece.said
    both = said.service.fixed & service.fixed
    others = said.service.fixed - both
    if piece.manner != "allow" or said.service.named or not both or (others and not said.service.fixed <= TRANSPORT):
        return [piece]
    whom: tuple[Pods, ...] = (Pods({}, {}),) if said.anyone else said.pods
    held = [EVERYWHERE - gone] if said.anyone else [block.addresses - gone for block in said.blocks]
    less = said._replace(
        anyone=False,
        pods=whom,
        blocks=tuple(block for left in held for block in blocks(left)),
        service=said.service if not others else Service(both),
    )
    same = said._replace(service=Service(others))
    in_namespace = bool(spec.policy.namespace)
    return [
        Piece(as_entries(piece.entries[0], one, in_namespace=in_namespace), one, piece.manner)
        for one in ([less, same] if others else [less])
        if one.anyone or one.pods or one.blocks
    ]


def _drop(one: Loose, on: bool) -> None:
    one.fate = "dropped" if on else "kept"


def _convert(one: Piece, on: bool) -> None:
    one.is_converted = on


def _convert_first(one: Piece, on: bool) -> None:
    one.is_converted = one.is_first = on


def _telling(entry: Entry, wider: Entry) -> str:
    """In which way an entry says more than another."""
    if entry.icmps:
        return "every service"
    if getattr(entry, "authentication", None) != getattr(wider, "authentication", None):
        return "without authentication"
    if entry.to_ports != wider.to_ports and isinstance(entry, type(wider)):
        return "whatever is asked on the ports"
    return "everybody"


# --- objects --------------------


class Names:
    """Names that are free, and taken once they are given."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self._taken = {(d.kind, d.namespace, d.name) for d in objects}

    def free(self, kind: str, namespace: str, name: str, mark: str, end: str = "") -> str:
        for more in chain(("", mark), (f"{mark}-{n}" for n in count(2))):
            found = name[: LONGEST_NAME - len(more + end)].rstrip("-.") + more + end
            if (kind, namespace, found) not in self._taken:
                self._taken.add((kind, namespace, found))
                return found
        raise AssertionError("numbers end")


def _network_policies(spec: Spec, sides: Sequence[Side], names: Names) -> Iterator[Tree]:
    """A NetworkPolicy in each of the namespaces, for the directions in which it isolates."""
    if not sides:
        return
    body: Tree = {"podSelector": spec.labels, "policyTypes": [side.capitalize() for side in sides]}
    for side in sides:
        rules = [
            network_policy_rule(piece.said, side)
            for section in spec.of(side)
            for piece in section.pieces
            if piece.is_converted and piece.manner == "allow"
        ]
        rules = [rule for n, rule in enumerate(rules) if rule not in rules[:n]]
        if rules:
            body[side] = [{}] if {} in rules else rules
    for namespace in spec.namespaces:
        name = names.free("NetworkPolicy", namespace, spec.policy.name, "-cilium")
        meta = {"name": name, "namespace": namespace} | marks(spec.policy)
        yield {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": body}


def _admin_policies(spec: Spec, manner: Manner, priority: int, names: Names, *, first: bool = False) -> Iterator[Tree]:
    """ClusterNetworkPolicies with what denies, or with what allows and does not isolate."""
    own = spec.policy.namespace
    where = {"matchLabels": {NAMESPACE_NAME: own}} if own else spec.where
    action = "Deny" if manner == "deny" else "Accept"
    sides: dict[Side, list[list[Tree]]] = {}
    for side in SIDES:
        rules = [
            rule
            for section in spec.of(side)
            for piece in section.pieces
            if piece.is_converted and piece.manner == manner and piece.is_first == first
            for rule in admin_rules(piece.said, side, action, own)
        ]
        sides[side] = pieces([rule for n, rule in enumerate(rules) if rule not in rules[:n]])
    for number in range(max(map(len, sides.values()))):
        base = f"{own}-{spec.policy.name}" if own else spec.policy.name
        name = names.free("ClusterNetworkPolicy", "", base, "-cilium", f"-{manner}")
        body: Tree = {
            "tier": "Admin" if manner == "deny" else "Baseline",
            "priority": priority,
            "subject": {"pods": {"namespaceSelector": where, "podSelector": spec.labels}},
        }
        body |= {side: held[number] for side, held in sides.items() if number < len(held)}
        meta = {"name": name} | marks(spec.policy)
        yield {"apiVersion": VERSION, "kind": "ClusterNetworkPolicy", "metadata": meta, "spec": body}


def _cilium_policy(policy: Decoded, left: CiliumNetworkPolicy) -> Tree:
    """The policy with what stays of it."""
    meta: Tree = {"name": policy.name} | ({"namespace": policy.namespace} if policy.namespace else {})
    rules = {"spec": left.spec, "specs": left.specs}
    return {
        "apiVersion": "cilium.io/v2",
        "kind": policy.kind,
        "metadata": meta | marks(policy),
        **{name: plain_value(held) for name, held in rules.items() if held is not None},
    }


def _is_of_no_pod(selector: LabelSelector) -> bool:
    return any(need.source == "reserved" and need.wanted for need in requirements(selector))


def _keys(selector: Tree) -> set[str]:
    return {*selector.get("matchLabels", ()), *(one["key"] for one in selector.get("matchExpressions", ()))}
