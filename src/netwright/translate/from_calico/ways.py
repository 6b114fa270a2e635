"""What of Calico's rules has no words in Cilium, and the ways out: it is left out, or the rule matches more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from netwright.base.selectors import conjunction
from netwright.model.document import Decoded
from netwright.model.rule import ANYBODY, UNGUARDED, AndPeer, Guard, Kinds, Members, NotPeer, OrPeer, Peer, Rule
from netwright.translate.boxes import Ground, Unsayable
from netwright.translate.changes import Change, assumed, ends, of_rules, with_ends
from netwright.translate.conversion import Chosen, ResidueKind, RuleKey, Turned, Variant
from netwright.translate.trials import unfit

MOST_SHOWN: Final = 60
"""Residues whose ways are carried out to tell what they change."""
_HTTP: Final = "HTTP "
Moved = Callable[[Change], tuple[Turned, ...]]


class Fault(NamedTuple):
    """What of a rule is not said, or said otherwise than it is written."""

    kind: ResidueKind
    told: str


class Ways(NamedTuple):
    """The change of a rule that leaves out what is not said, and the one by which it matches what is more and can be
    said, None where nothing can."""

    less: Change
    more: Change | None = None
    more_told: str = ""


class Staying:
    """One rule with what of it is not said. `way` is the one that was gone, `gone` what for."""

    def __init__(self, policy: Decoded, key: RuleKey, fault: Fault, ways: Sequence[Ways], *, is_whole: bool) -> None:
        self.policy = policy
        self.key = key
        self.fault = fault
        self.is_whole = is_whole
        self.less = [one.less for one in ways]
        more = [one.more for one in ways if one.more is not None]
        self.more = more if len(more) == len(ways) else []
        self.more_told = " and ".join(dict.fromkeys(one.more_told for one in ways))
        self.way: Sequence[Change] = ()
        self.gone: Chosen = ""
        self.changes_nothing = False
        self.stays = False
        self.told = ""
        self.variants: tuple[Variant, ...] = ()

    @property
    def is_more(self) -> bool:
        """Whether the rule is written to match more."""
        return bool(self.way) and self.way is self.more


class Choosing:
    """Chooses among the ways, as the network of the input shows what they change."""

    def __init__(self, found: Sequence[Staying], moved: Moved, can_be_said: Callable[[Staying], bool]) -> None:
        self._all = found
        self._moved = moved
        self._shown = found[:MOST_SHOWN]
        for one in self._shown:
            if one.more and not can_be_said(one):
                one.more = []

    def settle(self) -> None:
        """Leaves out what decides nothing; then lets match more what changes nothing by that."""
        for way in ("less", "more"):
            left = [one for one in self._shown if not one.way and getattr(one, way)]
            failed = unfit(left, self._going(way), lambda: bool(self._now()))
            for one in left:
                one.changes_nothing = one not in failed

    def leave_open(self) -> None:
        """Takes back what was settled: not all of it decides nothing."""
        for one in self._shown:
            if one.changes_nothing:
                one.way, one.changes_nothing, one.stays = (), False, True

    def show(self) -> None:
        """Carries out each way alone, where one is to be chosen."""
        for one in self._shown:
            if one.way:
                continue
            ways = [("left out" if one.is_whole else "that part left out", one.less), (one.more_told, one.more)]
            one.variants = tuple(
                Variant(told, turned=self._moved(of_rules({one.key: way}))) for told, way in ways if way
            )
        for one in self._all[MOST_SHOWN:]:
            one.told = f" (what its choices change is worked out for {MOST_SHOWN} alone)"

    def choose(self, direction: Chosen) -> None:
        """Goes one way out wherever that opens nothing (`narrow`) or closes nothing (`widen`)."""
        unwanted = "opens" if direction == "narrow" else "closes"
        for way in ("less", "more"):
            left = [
                one
                for one in self._shown
                if not one.way and not one.stays
                for told, changes in (("less", one.less), ("more", one.more))
                if told == way and changes and not any(getattr(t, unwanted) for t in self._alone(one, changes))
            ]
            failed = unfit(left, self._going(way), lambda: any(getattr(t, unwanted) for t in self._now()))
            for one in left:
                one.gone = "" if one in failed else direction

    def _alone(self, one: Staying, changes: Sequence[Change]) -> tuple[Turned, ...]:
        for variant, way in zip(one.variants, [way for way in (one.less, one.more) if way], strict=False):
            if way is changes and variant.turned is not None:
                return variant.turned
        return self._moved(of_rules({one.key: changes}))

    @staticmethod
    def _going(way: str) -> Callable[[Staying, bool], None]:
        def go(one: Staying, on: bool) -> None:
            one.way = getattr(one, way) if on else ()

        return go

    def _now(self) -> tuple[Turned, ...]:
        return self._moved(of_rules(gone(self._all)))


def gone(found: Sequence[Staying]) -> Mapping[RuleKey, Sequence[Change]]:
    """The changes by the ways that are gone."""
    changes: dict[RuleKey, list[Change]] = {}
    for one in found:
        if one.way:
            changes.setdefault(one.key, []).extend(one.way)
    return changes


# --- the ways of single rules --------------------


def is_asked(rule: Rule) -> bool:
    """Whether a rule asks something that Cilium cannot: of requests it can, of those that are allowed."""
    return bool(_unasked(rule))


def _unasked(rule: Rule) -> list[str]:
    can_ask = rule.action == "allow"
    return [one for one in rule.when.conditions if not (can_ask and one.startswith(_HTTP))]


def unguarded(rule: Rule) -> Ways:
    """Of a rule that asks what Cilium cannot."""

    def less(one: Rule) -> Iterator[Rule]:
        if not is_asked(one):
            yield one

    def more(one: Rule) -> Iterator[Rule]:
        lost = _unasked(one)
        kept = tuple(text for text in one.when.conditions if text not in lost)
        yield replace(one, when=Guard(kept) if kept else UNGUARDED) if lost else one

    return Ways(less, more, f"without asking that {' and '.join(_unasked(rule))}")


def unknown(ground: Ground) -> Ways:
    """Of a rule that means whom the input does not tell."""

    def less(one: Rule) -> Iterator[Rule]:
        try:
            for peer in ends(one):
                ground.region(peer)
        except Unsayable:
            return
        yield one

    def more(one: Rule) -> Iterator[Rule]:
        yield with_ends(one, *(assumed(peer) for peer in ends(one)))

    return Ways(less, more, "whoever it may mean")


def by_address(peer: Peer, ground: Ground, *, own: bool) -> Ways:
    """Of a rule that means pods by addresses which labels do not tell."""
    told, most = (ground.region(peer, more=more)[0].pods for more in (False, True))

    def less(one: Rule) -> Iterator[Rule]:
        here, other = ends(one)
        if own and here == peer:
            one = replace(with_ends(one, ANYBODY, other), at=conjunction(one.at, told))
        elif not own and other == peer:
            beside = AndPeer((Kinds(("pod",)), NotPeer(Members(told))))
            one = with_ends(one, here, AndPeer((peer, NotPeer(beside))))
        yield one

    def more(one: Rule) -> Iterator[Rule]:
        here, other = ends(one)
        if own and here == peer:
            one = replace(with_ends(one, ANYBODY, other), at=conjunction(one.at, most))
        elif not own and other == peer:
            one = with_ends(one, here, _with_pods(peer, most))
        yield one

    def _with_pods(peer: Peer, pods: object) -> Peer:
        beside = AndPeer((Kinds(("node", "own-node", "external")), peer))
        return OrPeer((AndPeer((Kinds(("pod",)), Members(pods))), beside))  # type: ignore[arg-type]

    return Ways(less, more, "every pod that labels do not tell from those")


def left_out(_: Rule) -> tuple[Rule, ...]:
    """A rule that goes."""
    return ()


def without_names(rule: Rule) -> Iterator[Rule]:
    """A rule without its ports by names."""
    if not rule.service.named:
        yield rule
    elif rule.service.fixed:
        yield replace(rule, service=replace(rule.service, named=()))
