"""Whether the rules of two sets of admin policies say the same, whatever cluster they act in.

Rules are compared as they are lowered, in a form that forgets what decides nothing: the numbers of ranks, policies and
rules beyond their order, into how many rules of one action in a row a match is cut, and whose name stands in a reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from netwright.base.spans import Origin
from netwright.model.rule import Action, Direction, OrPeer, Peer, Rule, Service, UnknownPeer, changed

_Match = tuple[object, ...]
_Run = tuple[Action, dict[_Match, Service]]
Form = list[object]


def same_rules(before: Mapping[str, tuple[Rule, ...]], after: Mapping[str, tuple[Rule, ...]]) -> bool:
    """Whether both have the same rules in the same order in each of their tiers. True is a proof, False is none."""
    sides: tuple[Direction, ...] = ("ingress", "egress")
    return all(
        form(before.get(tier, ()), side) == form(after.get(tier, ()), side)
        for tier in {*before, *after}
        for side in sides
    )


def form(rules: Iterable[Rule], side: Direction) -> Form:
    """What the rules of a tier say: sequences of runs, and between them policies that tie."""
    levels: dict[int, dict[int, list[Rule]]] = {}
    for rule in rules:
        if rule.direction == side:
            levels.setdefault(rule.rank, {}).setdefault(rule.policy, []).append(rule)
    out: Form = []
    runs: list[_Run] = []
    for rank in sorted(levels):
        policies = list(levels[rank].values())
        if len(policies) == 1:
            _extend(runs, policies[0])
            continue
        if runs:
            out.append(_frozen(runs))
            runs = []
        tied: Counter[object] = Counter()
        for policy in policies:
            own: list[_Run] = []
            _extend(own, policy)
            tied[_frozen(own)] += 1
        out.append(tied)
    if runs:
        out.append(_frozen(runs))
    return out


def _extend(runs: list[_Run], rules: list[Rule]) -> None:
    """Rules of one action in a row are one run: in which order they stand decides nothing."""
    for rule in sorted(rules, key=lambda r: r.index):
        if not runs or runs[-1][0] != rule.action:
            runs.append((rule.action, {}))
        held = runs[-1][1]
        for part in _parts(rule.src if rule.direction == "ingress" else rule.dst):
            match = (
                rule.at,
                _anonymous(part, rule.origin),
                rule.unsure,
                rule.when,
                rule.then,
                rule.reply,
                rule.service.sources,
            )
            known = held.get(match, Service(sources=rule.service.sources))
            named = {*known.named, *rule.service.named}
            held[match] = Service(
                known.fixed | rule.service.fixed,
                tuple(sorted(named, key=lambda n: (n.name, n.protocol, n.end))),
                rule.service.sources,
            )


def _frozen(runs: list[_Run]) -> tuple[object, ...]:
    return tuple((action, frozenset(held.items())) for action, held in runs)


def _parts(peer: Peer) -> Iterator[Peer]:
    if isinstance(peer, OrPeer):
        for part in peer.parts:
            yield from _parts(part)
    else:
        yield peer


def _anonymous(peer: Peer, origin: Origin) -> Peer:
    """The peer without the name of its policy in what is said of labels that are not known."""

    def unnamed(part: Peer) -> Peer:
        if not isinstance(part, UnknownPeer):
            return part
        return replace(part, reason=part.reason.removeprefix(f"{origin.kind} `{origin.name}` "))

    return changed(peer, unnamed)
