"""`convert`: policies in another language, with the proof that they do the same, or what is left by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from ipaddress import ip_network
from typing import Any, Final, Literal, NamedTuple

import msgspec

from netwright.base.errors import UsageError
from netwright.base.selectors import ALWAYS, And, OneOf, Selector, matches
from netwright.base.services import NONE, ServiceSet
from netwright.base.spans import Origin, dotted, named
from netwright.dialects.adminpolicy import KINDS as ADMIN_KINDS
from netwright.dialects.adminpolicy.lower import lower_admin_policies
from netwright.dialects.calico import KINDS as CALICO_KINDS
from netwright.dialects.cilium import KINDS as CILIUM_KINDS
from netwright.dialects.ovn import KINDS as OVN_KINDS
from netwright.engine.inquire import Inquirer
from netwright.model.cluster import Cluster
from netwright.model.columns import Columns
from netwright.model.document import Decoded, Document
from netwright.profiles.compose import compose
from netwright.profiles.enforcers import enforcers
from netwright.profiles.known import profile_of
from netwright.profiles.profile import Profile
from netwright.questions.registry import Asked, Convert
from netwright.translate import clusternetworkpolicy, from_calico
from netwright.translate.boxes import Ground, Kind
from netwright.translate.conversion import Chosen, Fate, Open, Raised, ResidueKind, RuleKey, Stays, Turned, Variant
from netwright.translate.fewest import fewer
from netwright.translate.from_cilium import policies as from_cilium
from netwright.translate.made_up import pods_for, selected_by_cilium
from netwright.translate.same_network import inquirer, turned
from netwright.translate.same_rules import same_rules
from netwright.translate.same_tiers import same_tiers
from netwright.translate.trees import read_again

POLICIES = ("NetworkPolicy", *ADMIN_KINDS, *CILIUM_KINDS, *CALICO_KINDS, "HostEndpoint", *OVN_KINDS)
MADE_UP_NET: Final = "198.18.0.0/15"
"""Of no network that is used (RFC 2544, section C.2.2)."""
UNWRITTEN: Final = "what the CNI does where nothing is written"
Proof = Literal["every cluster", "this cluster", "narrower", "wider", "undecided", "differs", "nothing"]


class Language(NamedTuple):
    """What is taken for a language: kinds of a group, by what they are raised, a profile that enforces them."""

    sources: tuple[str, ...]
    group: str
    raised: Callable[[Sequence[Decoded], _Proving, Chosen], Raised]
    profile: str
    same: Callable[[Sequence[Decoded], Sequence[Decoded], Profile], bool]
    default_namespace: str = ""
    is_of_a_cni: bool = False
    """Whether only a CNI of its own enforces the kinds: another profile is one to move to."""
    target: str = ""
    """The profile that enforces what is written; "" is the one of the input."""


class Emitted(msgspec.Struct, frozen=True, kw_only=True):
    """An object in the new language as plain values, and which it was made of, with its place ("" where it has no
    text)."""

    object: dict[str, Any]
    made_of: str
    place: str


class RuleFate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a rule: `converted`; with a `residue`, which names it; or `refused`, for which there is no way.
    `stays`: whether it is still said in the words of the input, in part or whole."""

    policy: str
    path: str
    place: str
    fate: Fate
    stays: Stays


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A way to settle a residue, and what it makes of the input's network. `direction`: it opens nothing, or closes
    nothing; "" where it does both."""

    told: str
    direction: Chosen
    turned: tuple[Turned, ...]


class Residue(msgspec.Struct, frozen=True, kw_only=True):
    """What the new language cannot say of some rules, or what was left open before and still is. `chosen`: whether they
    stay as they are, or which way was gone; "" where there is nothing to choose."""

    kind: ResidueKind
    rules: tuple[str, ...]
    told: str
    refused: bool
    chosen: Chosen
    choices: tuple[Choice, ...]


class LeftAlone(msgspec.Struct, frozen=True, kw_only=True):
    """Policies of the input that stay as they are."""

    kind: str
    count: int


class Fewest(msgspec.Struct, frozen=True, kw_only=True):
    """How many NetworkPolicies there were and are. No fewer than `at_least` can do the same; whether fewer than `after`
    can is not known where the two differ."""

    before: int
    after: int
    at_least: int


class Converted(msgspec.Struct, frozen=True, kw_only=True, rename={"language": "to"}):
    """The objects, and the proof. `every cluster`: the rules are the same. `this cluster`: every connection of the
    input's network has the verdict that it had. `narrower`, `wider`: as was asked for, nothing is allowed that was not,
    or nothing denied; `turned` has what is. `undecided`: of some connections it cannot be said, or `open_because`
    says what could hide a difference. `differs`: `turned` has the connections. `nothing`: there was nothing to convert.

    `residue` is which way was asked for, "" for none. `still` names the policies that are still needed in the language
    of the input. `replaced` are the policies of the input that the objects stand for: those without an object of their
    name go. `made_up` are pods that joined the comparison, for rules that select none of the input.
    `by_the_move`: of how many of the pairs in `turned` a verdict differs without the converted policies, too, since the
    other CNI reads what stays otherwise.
    `profile` is the one that the input was read under, `target` the one for what was written. Where the profile of the
    input does not enforce the policies as they are, `starts_to_act` has what changes once they are converted.
    `not_read`: policies of the input that the API server would refuse. The three counts are of rules.
    """

    language: str
    residue: Chosen
    objects: tuple[Emitted, ...]
    still: tuple[str, ...]
    replaced: tuple[str, ...]
    made_up: tuple[str, ...]
    proof: Proof
    open_because: tuple[str, ...]
    profile: str
    target: str
    turned: tuple[Turned, ...]
    by_the_move: int
    starts_to_act: tuple[Turned, ...]
    residues: tuple[Residue, ...]
    rules: tuple[RuleFate, ...]
    converted: int
    with_residue: int
    refused: int
    left_alone: tuple[LeftAlone, ...]
    not_read: tuple[str, ...]
    fewest: Fewest | None = None

    @property
    def answer(self) -> Literal[0, 1, 4]:
        """As an exit code: 1 where something differs or was refused, 4 where that is open or a choice is left that
        decides connections or keeps a policy of the input, else 0."""
        if self.proof in ("differs", "narrower", "wider") or self.refused or self.starts_to_act:
            return 1
        left = any(choice.turned for r in self.residues if r.kind == "tie" for choice in r.choices)
        left = left or (not self.residue and any(r.chosen == "keep" for r in self.residues))
        return 4 if self.proof == "undecided" or left else 0


def _from_admin(objects: Sequence[Decoded], proving: _Proving, residue: Chosen) -> Raised:
    return clusternetworkpolicy.raised(objects)


def _from_cilium(objects: Sequence[Decoded], proving: _Proving, residue: Chosen) -> Raised:
    return from_cilium.raised(objects, proving, admin=False, residue=residue)


def _from_cilium_to_both(objects: Sequence[Decoded], proving: _Proving, residue: Chosen) -> Raised:
    return from_cilium.raised(objects, proving, admin=True, residue=residue)


def _from_calico(objects: Sequence[Decoded], proving: _Proving, residue: Chosen) -> Raised:
    return from_calico.raised(objects, proving)


def _never_the_same(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    """Rules of two profiles are not compared: a rule means other things under each."""
    return False


def _same_admin(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    lowered = [lower_admin_policies([d for d in side if d.kind in ADMIN_KINDS], side) for side in (before, after)]
    return same_rules(*({str(tier): rules for tier, rules in one.items()} for one in lowered))


def _same_cilium(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    if profile.enforcement == "never" or profile.isolation != "behind all tiers":
        return False
    one, other = (enforcers(side, profile, ()) for side in (before, after))
    return len(one) == len(other) == 1 and same_tiers(one[0], other[0])


def _same_policies(before: Sequence[Decoded], after: Sequence[Decoded], profile: Profile) -> bool:
    """Admin policies are the same on both sides."""
    sides = [[d for d in side if d.kind == "NetworkPolicy"] for side in (before, after)]
    one, other = (enforcers(side, profile, ()) for side in sides)
    return len(one) == len(other) == 1 and profile.tiers != "calico" and same_tiers(one[0], other[0])


LANGUAGES = {
    "clusternetworkpolicy": Language(
        clusternetworkpolicy.SOURCES, "policy.networking.k8s.io", _from_admin, "upstream", _same_admin
    ),
    "cilium": Language(
        CALICO_KINDS, "projectcalico.org", _from_calico, "calico", _never_the_same, "default", True, "cilium"
    ),
    "networkpolicy": Language(
        from_cilium.SOURCES, "cilium.io", _from_cilium, "cilium", _same_cilium, "default", is_of_a_cni=True
    ),
    "networkpolicy+clusternetworkpolicy": Language(
        from_cilium.SOURCES, "cilium.io", _from_cilium_to_both, "cilium", _same_cilium, "default", is_of_a_cni=True
    ),
}


def _language(params: Convert, objects: Sequence[Decoded]) -> Language:
    """The language; where only NetworkPolicies are to be fewer, any plugin's profile is the one to compare under."""
    language = LANGUAGES[params.language]
    if not params.fewest:
        return language
    if not language.is_of_a_cni:
        raise UsageError("`fewest` is for NetworkPolicies", help="write `--to networkpolicy`")
    if any(d.kind in language.sources for d in objects):
        return language
    return Language(("NetworkPolicy",), "networking.k8s.io", language.raised, "upstream", _same_policies, "default")


def answer(twin: Asked, params: Convert) -> Converted:
    """The policies of the twin in `params.language`."""
    objects = twin.cluster.objects
    language = _language(params, objects)
    proving = _Proving(twin.cluster, language)
    if params.residue and language.group != "cilium.io":
        raise UsageError("`residue` is for the policies of Cilium", help="leave `--residue` out")
    made = language.raised(objects, proving, params.residue or "")
    fewest = None
    if params.fewest:
        made, fewest = fewer(made, objects, proving)
    new = tuple(map(read_again, made.objects))
    gone = {id(d) for d in made.replaced}
    after = (*(d for d in objects if id(d) not in gone), *new)
    found, differing, because = _proof(made, objects, after, proving, language)
    if found in ("differs", "undecided") and not because:
        found = _as_asked(found, params.residue or "", differing)
    fates = _fates(made)
    counts = Counter(fates.values())
    return Converted(
        language=params.language,
        residue=params.residue or "",
        still=_policies(d for d in after if d.kind in language.sources and d.kind != "NetworkPolicy"),
        objects=tuple(
            Emitted(
                object=tree,
                made_of=_named(policies) or UNWRITTEN,
                place=_place(twin, policies[0]) if policies else "",
            )
            for tree, policies in zip(made.objects, made.made_of, strict=True)
        ),
        replaced=_policies(made.replaced),
        made_up=proving.made_up if made.sources else (),
        proof=found,
        open_because=because,
        profile=proving.source.name,
        target=proving.target.name,
        turned=differing,
        by_the_move=proving.by_the_move(made, differing),
        starts_to_act=proving.started(after) if made.sources else (),
        residues=tuple(_residue(one, proving, made.beside) for one in made.open),
        rules=tuple(_rule(twin, key, fate, made) for key, fate in fates.items()),
        converted=counts["converted"],
        with_residue=counts["residue"],
        refused=counts["refused"],
        left_alone=_left_alone(objects, gone),
        not_read=_not_read(twin, objects, language),
        fewest=Fewest(before=fewest.before, after=fewest.after, at_least=fewest.at_least) if fewest else None,
    )


class _Proving:
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
            selected = from_calico.selected_by_calico(objects, self.source)
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

    @property
    def ground(self) -> Ground:
        """What the network says of addresses."""
        network = self._before.network
        columns = network.columns
        rows = [row for row in range(columns.n) if not columns.host[row]]
        pods = [Kind(attributes_of(columns, row), columns.addresses_of(row)) for row in rows]
        return from_calico.ground(self.network_objects, pods, network.families)

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
        reasons = [u.reason for u in self._cluster.unknown]
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
            parts = selector.parts if isinstance(selector, And) else (selector,)
            named = [part.values for part in parts if isinstance(part, OneOf) and part.key == "ns"]
            names = named[0] if named else tuple(self._of)
            pods = (pod for name in names for pod in self._of.get(name, ()))
            found = self._known[selector] = frozenset(row for row, held in pods if matches(selector, held))
        return found


def _proof(
    made: Raised, before: Sequence[Decoded], after: Sequence[Decoded], proving: _Proving, language: Language
) -> tuple[Proof, tuple[Turned, ...], tuple[str, ...]]:
    if not made.sources:
        return "nothing", (), ()
    by_rules = proving.source is proving.target and proving.is_same(before, after)
    if by_rules and not made.of_this_cluster:
        return "every cluster", (), ()
    differing = proving.arrived(after, made.beside)
    if any(one.surely for one in differing):
        return "differs", differing, ()
    because = proving.not_compared()
    if language.is_of_a_cni and not by_rules and not proving.has_pod(ALWAYS):
        because += ("the input has no pods, so that its network proves nothing",)
    return ("undecided", differing, because) if differing or because else ("this cluster", (), ())


def _as_asked(found: Proof, residue: Chosen, differing: Sequence[Turned]) -> Proof:
    """Whether all that differs is what was asked for."""
    if residue == "narrow" and not any(one.opens for one in differing):
        return "narrower"
    return "wider" if residue == "widen" and not any(one.closes for one in differing) else found


# --- what became of the rules --------------------


def _fates(made: Raised) -> dict[RuleKey, Fate]:
    fates: dict[RuleKey, Fate] = dict.fromkeys(made.rules, "converted")
    for one in made.open:
        for key in one.rules:
            if fates[key] != "refused":
                fates[key] = "refused" if one.refused else "residue"
    return fates


def _rule(twin: Asked, key: RuleKey, fate: Fate, made: Raised) -> RuleFate:
    policy = next(d for d in made.sources if (d.kind, d.namespace, d.name) == (key.kind, key.namespace, key.name))
    return RuleFate(
        policy=_policy(key),
        path=dotted(key.pointer),
        place=_place(twin, policy, key.pointer),
        fate=fate,
        stays=made.stay.get(key, ""),
    )


def _residue(one: Open, proving: _Proving, beside: ServiceSet) -> Residue:
    return Residue(
        kind=one.kind,
        rules=tuple(f"{_policy(key)} {dotted(key.pointer)}" for key in one.rules),
        told=one.told,
        refused=one.refused,
        chosen=one.chosen,
        choices=tuple(_choice(variant, proving, beside) for variant in one.variants),
    )


def _choice(one: Variant, proving: _Proving, beside: ServiceSet) -> Choice:
    """With the direction that it has in the input's network: what is meant to close may open too, as where requests
    that were asked of whoever came to a port no longer are."""
    moved = proving.moved(one.objects, beside)
    opens, closes = (any(getattr(t, name) for t in moved) for name in ("opens", "closes"))
    direction: Chosen = one.direction
    if moved:
        direction = "" if opens and closes else "widen" if opens else "narrow"
    return Choice(told=one.told, direction=direction, turned=moved)


def _policies(policies: Iterable[Decoded]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{d.kind} {named(d.namespace, d.name)}" for d in policies))


def _named(policies: Sequence[Decoded]) -> str:
    return ", ".join(_policies(policies))


def _policy(key: RuleKey) -> str:
    return f"{key.kind} {named(key.namespace, key.name)}"


def _place(twin: Asked, policy: Decoded, pointer: tuple[str | int, ...] = ()) -> str:
    origin = Origin(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer, place=policy.place)
    return str(twin.locate(origin) or "")


# --- what is not converted --------------------


def _left_alone(objects: Sequence[Decoded], gone: Collection[int]) -> tuple[LeftAlone, ...]:
    counts = Counter(d.kind for d in objects if d.kind in POLICIES and id(d) not in gone)
    return tuple(LeftAlone(kind=kind, count=counts[kind]) for kind in POLICIES if counts[kind])


def _not_read(twin: Asked, objects: Sequence[Decoded], language: Language) -> tuple[str, ...]:
    held = {(d.kind, d.namespace, d.name) for d in objects}
    documents: list[Document] = twin.snapshot.reading.documents
    return tuple(
        f"{d.kind} {named(d.namespace, d.name)}"
        for d in documents
        if d.kind in language.sources
        and d.group == language.group
        and held.isdisjoint({(d.kind, d.namespace or home, d.name) for home in ("", language.default_namespace)})
    )
