"""Whether two sets of policies lower to rules that say the same, though they stand in other tiers: a proof for every
cluster.

Under Cilium a denial of a policy of its own comes before all that allows, as the last denials of the Admin tier do
where none of its rules passes on; what allows without isolating is as good as what the Baseline tier allows at first,
since isolation comes behind both.
"""

from __future__ import annotations

from collections.abc import Iterable

from netwright.model.rule import Direction, End, Enforcer, Rule, Tier
from netwright.translate.pools import Pool
from netwright.translate.requirements import BySpace, Parts, follows, parts
from netwright.translate.same_rules import form

_SIDES: tuple[Direction, ...] = ("ingress", "egress")


def same_tiers(before: Enforcer, after: Enforcer) -> bool:
    """Whether both decide the same in every cluster. True is a proof, False is none."""
    one, other = (_decided({tier.name: tier for tier in side.tiers}) for side in (before, after))
    return one == other


def _decided(tiers: dict[str, Tier]) -> tuple[object, ...]:
    """What is read first in its order, what denies, what allows, what is read then, and what isolates."""
    own = next(
        (tier for name, tier in tiers.items() if name not in ("Admin", "Baseline", "isolation", "not read")), None
    )
    of_own = own.rules if own is not None else ()
    first, denies = _split(tiers["Admin"].rules if "Admin" in tiers else (), "deny", last=True)
    baseline = tiers["Baseline"].rules if "Baseline" in tiers else ()
    isolates_first = own is not None and bool(own.ends)
    then, allows = _split(baseline, "allow", last=False) if not isolates_first else (list(baseline), [])
    denies += [rule for rule in of_own if rule.action == "deny"]
    allows += [rule for rule in of_own if rule.action == "allow"]
    isolation = tiers.get("isolation")
    ends = [end for tier in (own, isolation) if tier is not None for end in tier.ends]
    last = Pool(isolation.rules if isolation is not None else ())
    denied = Pool(denies)
    allowed = Pool(allows).without(denied)
    if not then and "not read" not in tiers and all(end.action == "deny" and not end.unsure for end in ends):
        denied = denied.within([allowed, last], [(end.direction, at) for end in ends for at in parts(end.at)])
    if not then and allowed.is_plain:
        allowed = allowed.without(last)
    return (
        [form(first, side) for side in _SIDES],
        denied.form(),
        allowed.form(),
        [form(then, side) for side in _SIDES],
        _widest(ends),
        last.form(),
        Pool(tiers["not read"].rules if "not read" in tiers else ()).form(),
    )


def _split(rules: Iterable[Rule], action: str, *, last: bool) -> tuple[list[Rule], list[Rule]]:
    """The rules of a tier that keep their order, and those at its end (`last`) or beginning that all do one thing, with
    which their order decides nothing. None are at the end where a rule passes on what it matches: it never comes to
    them."""
    ordered: list[Rule] = []
    pooled: list[Rule] = []
    for side in _SIDES:
        held = [rule for rule in rules if rule.direction == side]
        others = [rule.rank for rule in held if rule.action != action]
        if last and any(rule.action == "pass" for rule in held):
            ordered += held
            continue
        for rule in held:
            is_pooled = not others or (rule.rank > max(others) if last else rule.rank < min(others))
            (pooled if is_pooled else ordered).append(rule)
    return ordered, pooled


def _widest(ends: Iterable[End]) -> frozenset[object]:
    """What isolates, without what others isolate too."""
    found: dict[tuple[object, ...], set[Parts]] = {}
    for end in ends:
        found.setdefault((end.direction, end.action, end.unsure), set()).update(parts(end.at))
    by_space = {key: BySpace((at, at) for at in held) for key, held in found.items()}
    return frozenset(
        (key, at)
        for key, held in found.items()
        for at in held
        if not any(other != at and follows(other, at) for other in by_space[key].above(at))
    )
