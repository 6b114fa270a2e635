"""What stays in Cilium's words, and the ways out: to permit less, or more, by what the other language can say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from netwright.model.document import Decoded
from netwright.translate.conversion import Chosen, ResidueKind, RuleKey, Variant
from netwright.translate.from_cilium.draft import Draft
from netwright.translate.from_cilium.search import Search
from netwright.translate.from_cilium.specs import Loose, Piece, Section, Spec
from netwright.translate.from_cilium.wider import Wider, told
from netwright.translate.trials import unfit

MOST_SHOWN: Final = 60
"""Residues whose ways are carried out to tell what they change."""
Found = tuple[Spec, Section, Loose]


class Way(NamedTuple):
    """A way out. `direction` is "" where what it opens and closes is not known before it is tried; `change` goes it,
    and comes back."""

    direction: Chosen
    told: str
    change: Callable[[bool], None]


class Staying:
    """Rules of a policy that stay for one reason, with the ways out; `gone` is the one that was gone, "" for none."""

    def __init__(
        self, policy: Decoded, kind: ResidueKind, keys: Sequence[RuleKey], told: str, ways: Sequence[Way]
    ) -> None:
        self.policy = policy
        self.kind: ResidueKind = kind
        self.keys = tuple(dict.fromkeys(keys))
        self.told = told
        self.ways = tuple(ways)
        self.gone: Chosen = ""
        self.variants: tuple[Variant, ...] = ()

    def show(self, draft: Draft) -> None:
        """Carries the ways out, one at a time."""
        shown: list[Variant] = []
        for way in self.ways:
            way.change(True)
            shown.append(Variant(way.told, tuple(draft.after()), way.direction))
            way.change(False)
        self.variants = tuple(shown)


def staying(draft: Draft, search: Search) -> list[Staying]:
    """All that stays as things stand, policy by policy."""
    found = [one for policy in draft.sources for one in _of_policy(draft, search, policy)]
    for one in found[:MOST_SHOWN]:
        one.show(draft)
    for one in found[MOST_SHOWN:]:
        one.told += f" (what its choices change is worked out for {MOST_SHOWN} alone)" if one.ways else ""
    return found


def choose(found: Sequence[Staying], direction: Chosen, search: Search) -> None:
    """Goes one way out wherever that opens nothing (`narrow`) or closes nothing (`widen`), as the network shows."""
    ways = [(one, way) for one in found for way in one.ways if way.direction in (direction, "")]
    ways = [(one, way) for number, (one, way) in enumerate(ways) if all(one is not other for other, _ in ways[:number])]

    def go(pair: tuple[Staying, Way], on: bool) -> None:
        pair[1].change(on)
        pair[0].gone = direction if on else ""

    def fails() -> bool:
        if search.is_tired:
            return True
        return any(one.opens if direction == "narrow" else one.closes for one in search.moved())

    unfit(ways, go, fails)


def _of_policy(draft: Draft, search: Search, policy: Decoded) -> Iterator[Staying]:
    specs = draft.specs(policy)
    for spec in specs:
        if spec.stays:
            keys = [section.key for section in spec.sections]
            yield Staying(policy, "beyond the language", keys, spec.stays, _without_rule(spec))
    given_up = [spec for spec in specs if spec.given_up and not spec.stays]
    if given_up:
        keys = [section.key for spec in given_up for section in spec.sections]
        said = f"would change verdicts, written as {draft.words}, together with what is written of others"
        yield Staying(policy, "conflict", keys, said, [Way("", "written all the same", _writing(given_up))])
    alike: dict[tuple[str, bool], list[Found]] = {}
    sections = [(spec, section) for spec in specs if not spec.is_whole for section in spec.sections]
    for spec, section in sections:
        for one in section.loose:
            if one.fate == "kept":
                alike.setdefault((one.why or "names `host`", section.denies), []).append((spec, section, one))
    for (why, denies), found in alike.items():
        keys = [section.key for _, section, _ in found]
        said = f"{why}, which {draft.words} cannot say"
        yield Staying(policy, "beyond the language", keys, said, list(_ways(draft, found, denies)))
    for _, section in sections:
        for piece in section.pieces:
            if id(piece) in search.conflicts:
                why = "no try was left to find out whether it" if search.is_tired else "it"
                said = f"written as {draft.words} {why} would change verdicts"
                yield Staying(policy, "conflict", [section.key], said, [_writing_piece(piece)])


def _ways(draft: Draft, found: Sequence[Found], denies: bool) -> Iterator[Way]:
    """To leave out what allows permits less, to match more of it permits more; what denies the other way round."""
    yield Way("widen" if denies else "narrow", "left out", _replacing(found, [None for _ in found]))
    more = [next(draft.wider(*one), None) for one in found]
    if all(more):
        words = " and ".join(
            dict.fromkeys(told(one.entry, m.entry) for (_, _, one), m in zip(found, more, strict=True) if m)
        )
        yield Way("narrow" if denies else "widen", words, _replacing(found, more))


def _replacing(found: Sequence[Found], others: Sequence[Wider | None]) -> Callable[[bool], None]:
    put = [
        (section, Piece(more.cut.fragment, more.cut.said, spec.manner(section), is_converted=True))
        for (spec, section, _), more in zip(found, others, strict=True)
        if more is not None and more.cut.said is not None
    ]

    def change(on: bool) -> None:
        for _, _, one in found:
            one.fate = "chosen" if on else "kept"
        for section, piece in put:
            section.pieces = [p for p in section.pieces if p is not piece] + ([piece] if on else [])

    return change


def _without_rule(spec: Spec) -> list[Way]:
    """A rule for what neither language selects: it is there or not."""
    if not spec.can_go:
        return []

    def change(on: bool) -> None:
        spec.left_out = on

    return [Way("widen", "left out", change)]


def _writing(specs: Sequence[Spec]) -> Callable[[bool], None]:
    def change(on: bool) -> None:
        for spec in specs:
            spec.given_up = not on

    return change


def _writing_piece(piece: Piece) -> Way:
    def change(on: bool) -> None:
        piece.is_converted = on

    return Way("", "written all the same", change)
