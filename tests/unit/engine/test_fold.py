"""Folding small tiers by hand: two peers (bits 1 and 2), services by name."""

from __future__ import annotations

import pytest

from netwright.base.services import ALL, ICMP, NONE, TCP, ServiceSet, service_key
from netwright.engine.fold import Atoms, BoundEnd, BoundRule, Folder
from netwright.model.rule import Action, Ties

WEB, RANGE = ServiceSet.ports(TCP, 80), ServiceSet.ports(TCP, 80, 90)
BOTH = 0b11


@pytest.fixture
def folder() -> Folder:
    return Folder(BOTH, Atoms([WEB, RANGE]))


def rule(
    folder: Folder,
    action: Action,
    peers: int,
    *,
    rank: int = 0,
    policy: int = 0,
    order: int = 0,
    must: int | None = None,
    services: ServiceSet = WEB,
    unsure: ServiceSet = NONE,
) -> BoundRule:
    mask = folder.atoms.mask
    return BoundRule(rank, policy, order, action, mask(services), mask(unsure), peers if must is None else must, peers)


def outcome(
    folder: Folder, rules: list[BoundRule], ends: list[BoundEnd], ties: Ties = "any-order", peer: int = 1
) -> set[str]:
    """Of TCP 80: what the tier may do with the peer."""
    mask = folder.atoms.mask(WEB)
    found = [row for row in folder.tier(rules, ends, ties) if row.mask & mask]
    assert len(found) == 1, "rows have disjoint services"
    row = found[0]
    return {name for name in ("allow", "deny", "next") if getattr(row, name) & peer}


def test_atoms_are_the_pieces_between_borders() -> None:
    atoms = Atoms([WEB, RANGE])
    assert atoms.services(atoms.mask(RANGE)) == RANGE
    assert atoms.mask(WEB) & atoms.mask(RANGE) == atoms.mask(WEB)
    assert atoms.mask(RANGE - WEB) == atoms.mask(RANGE) & ~atoms.mask(WEB)
    assert atoms.services(atoms.all) == ALL
    assert atoms.mask(ALL) == atoms.all


def test_nothing_is_left_open(folder: Folder) -> None:
    assert outcome(folder, [], []) == {"next"}


def test_an_end_decides_what_is_left(folder: Folder) -> None:
    ends = [BoundEnd("deny", 0)]
    rules = [rule(folder, "allow", 0b01)]
    assert outcome(folder, rules, ends, peer=0b01) == {"allow"}
    assert outcome(folder, rules, ends, peer=0b10) == {"deny"}


def test_an_unsure_end_leaves_it_open(folder: Folder) -> None:
    assert outcome(folder, [], [BoundEnd("deny", folder.atoms.mask(WEB))]) == {"deny", "next"}


def test_a_surer_end_closes_it(folder: Folder) -> None:
    assert outcome(folder, [], [BoundEnd("deny", folder.atoms.mask(WEB)), BoundEnd("deny", 0)]) == {"deny"}


def test_the_first_rank_wins(folder: Folder) -> None:
    rules = [rule(folder, "deny", BOTH, rank=0), rule(folder, "allow", BOTH, rank=1)]
    assert outcome(folder, rules, []) == {"deny"}


def test_what_perhaps_matches_leaves_the_next_rule(folder: Folder) -> None:
    rules = [rule(folder, "deny", BOTH, must=0), rule(folder, "allow", BOTH, rank=1)]
    assert outcome(folder, rules, []) == {"allow", "deny"}
    unsure = [rule(folder, "deny", BOTH, services=NONE, unsure=WEB), rule(folder, "allow", BOTH, rank=1)]
    assert outcome(folder, unsure, []) == {"allow", "deny"}


def test_what_another_rule_perhaps_adds_stays_perhaps(folder: Folder) -> None:
    """The second rule meets services that the first has named already."""
    rules = [rule(folder, "allow", 0b01), rule(folder, "allow", 0b10, services=NONE, unsure=WEB)]
    cases: list[tuple[list[BoundEnd], str]] = [([], "next"), ([BoundEnd("deny", 0)], "deny")]
    for ends, rest in cases:
        assert outcome(folder, rules, ends, peer=0b01) == {"allow"}
        assert outcome(folder, rules, ends, peer=0b10) == {"allow", rest}
        assert outcome(folder, rules[::-1], ends, peer=0b10) == {"allow", rest}


@pytest.mark.parametrize(
    ("ties", "found"), [("deny-first", {"deny"}), ("any-order", {"allow", "deny"}), ("ordered", {"allow"})]
)
def test_ties_of_two_policies(folder: Folder, ties: Ties, found: set[str]) -> None:
    rules = [rule(folder, "allow", BOTH, policy=0), rule(folder, "deny", BOTH, policy=1)]
    assert outcome(folder, rules, [], ties) == found


def test_the_rules_of_one_policy_keep_their_order(folder: Folder) -> None:
    rules = [rule(folder, "deny", BOTH, order=1), rule(folder, "allow", BOTH, order=0)]
    assert outcome(folder, rules, []) == {"allow"}


def test_pass_goes_on_to_the_next_tier(folder: Folder) -> None:
    first = folder.tier([rule(folder, "pass", BOTH), rule(folder, "deny", BOTH, rank=1)], [], "ordered")
    second = folder.tier([rule(folder, "allow", 0b01)], [BoundEnd("deny", 0)], "ordered")
    rows = folder.settle(folder.compose(first, second), "allow")
    mask = folder.atoms.mask(WEB)
    [row] = [r for r in rows if r.mask & mask]
    assert (row.must, row.may) == (0b01, 0b01)


@pytest.mark.parametrize(("default", "must", "may"), [("allow", BOTH, BOTH), ("deny", 0, 0), (None, 0, BOTH)])
def test_the_default_of_an_enforcer(folder: Folder, default: Action | None, must: int, may: int) -> None:
    rows = folder.settle(folder.tier([], [], "ordered"), default)
    assert [(r.must, r.may) for r in rows] == [(must, may)]


def test_two_enforcers_must_both_permit(folder: Folder) -> None:
    one = folder.settle(folder.tier([rule(folder, "deny", 0b01)], [], "ordered"), "allow")
    other = folder.settle(folder.tier([rule(folder, "deny", 0b10, must=0)], [], "ordered"), "allow")
    mask = folder.atoms.mask(WEB)
    [row] = [r for r in folder.both(one, other) if r.mask & mask]
    assert (row.must, row.may) == (0b00, 0b10)


def test_isolated_pods_may_perhaps_be_pinged() -> None:
    ping = ServiceSet.ports(ICMP)
    folder = Folder(BOTH, Atoms([WEB, ping]))
    rows = folder.settle(
        folder.tier([rule(folder, "allow", 0b01)], [BoundEnd("deny", folder.atoms.mask(ping))], "any-order"), "allow"
    )
    by_key = {key: next(r for r in rows if r.mask & folder.atoms.mask(s)) for key, s in (("web", WEB), ("ping", ping))}
    assert (by_key["web"].must, by_key["web"].may) == (0b01, 0b01)
    assert (by_key["ping"].must, by_key["ping"].may) == (0, BOTH)


def test_an_icmp_key_is_type_and_code() -> None:
    assert service_key(ICMP, 8 << 8) in ServiceSet.ports(ICMP)
