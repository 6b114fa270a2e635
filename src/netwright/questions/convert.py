"""`convert`: policies in another language, with the proof that they do the same, or what is left by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, Literal

import msgspec

from netwright.base.errors import UsageError
from netwright.base.selectors import ALWAYS
from netwright.base.services import ServiceSet
from netwright.base.spans import Origin, dotted, named
from netwright.model.document import Decoded, Document
from netwright.questions.registry import Asked, Convert
from netwright.translate.conversion import Chosen, Fate, Open, Raised, ResidueKind, RuleKey, Stays, Turned, Variant
from netwright.translate.fewest import fewer
from netwright.translate.languages import LANGUAGES, Language, same_policies
from netwright.translate.proving import POLICIES, Proving
from netwright.translate.trees import read_again

UNWRITTEN: Final = "what the CNI does where nothing is written"
Proof = Literal["every cluster", "this cluster", "narrower", "wider", "undecided", "differs", "nothing"]


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


def _language(params: Convert, objects: Sequence[Decoded]) -> Language:
    """The language; where only NetworkPolicies are to be fewer, any plugin's profile is the one to compare under."""
    language = LANGUAGES[params.language]
    if not params.fewest:
        return language
    if not language.is_of_a_cni:
        raise UsageError("`fewest` is for NetworkPolicies", help="write `--to networkpolicy`")
    if any(d.kind in language.sources for d in objects):
        return language
    return Language(("NetworkPolicy",), "networking.k8s.io", language.raised, "upstream", same_policies, "default")


def _can_choose(residue: Chosen, language: Language) -> bool:
    """Whether what a language cannot say can be chosen; nothing stays in the words of a CNI that is left."""
    return language.group == "cilium.io" or (language.target != "" and residue != "keep")


def answer(twin: Asked, params: Convert) -> Converted:
    """The policies of the twin in `params.language`."""
    objects = twin.cluster.objects
    language = _language(params, objects)
    proving = Proving(twin.cluster, language)
    if params.residue and not _can_choose(params.residue, language):
        raise UsageError(
            f"`residue` {params.residue} is not for the policies of {language.group}", help="leave `--residue` out"
        )
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


def _proof(
    made: Raised, before: Sequence[Decoded], after: Sequence[Decoded], proving: Proving, language: Language
) -> tuple[Proof, tuple[Turned, ...], tuple[str, ...]]:
    if not made.sources:
        return "nothing", (), ()
    by_rules = proving.source is proving.target and proving.is_same(before, after)
    if by_rules and not made.of_this_cluster:
        return "every cluster", (), ()
    differing = proving.arrived(after, made.beside) if made.differing is None else made.differing
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


def _residue(one: Open, proving: Proving, beside: ServiceSet) -> Residue:
    return Residue(
        kind=one.kind,
        rules=tuple(f"{_policy(key)} {dotted(key.pointer)}" for key in one.rules),
        told=one.told,
        refused=one.refused,
        chosen=one.chosen,
        choices=tuple(_choice(variant, proving, beside) for variant in one.variants),
    )


def _choice(one: Variant, proving: Proving, beside: ServiceSet) -> Choice:
    """With the direction that it has in the input's network: what is meant to close may open too, as where requests
    that were asked of whoever came to a port no longer are."""
    moved = proving.moved(one.objects, beside) if one.turned is None else one.turned
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
