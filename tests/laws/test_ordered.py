"""Terms, boxes and rules without order against naive readings: every point is looked at."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.ipset import EMPTY, EVERYWHERE, IpSet
from netwright.base.selectors import ALWAYS, NEVER, Has, Not, Selector, conjunction, disjunction, matches, one_of
from netwright.base.services import ALL, TCP, UDP, ServiceSet, service_key
from netwright.model.document import Decoded
from netwright.model.rule import EVERY_SERVICE, NamedPort, Service
from netwright.translate.boxes import OTHERS, Box, Region, Unsayable, overlap, subtract
from netwright.translate.conversion import RuleKey
from netwright.translate.ordered import Step, unordered
from netwright.translate.terms import MOST, Term, TooManyTerms, both, covers, terms

pytestmark = pytest.mark.laws
KEYS, VALUES = ("a", "b", "c"), ("x", "y")
POINTS = [
    {key: value for key, value in zip(KEYS, held, strict=True) if value is not None}
    for held in itertools.product((None, "x", "y", "z"), repeat=len(KEYS))
]
LEAVES = st.one_of(
    st.just(ALWAYS),
    st.just(NEVER),
    st.builds(Has, st.sampled_from(KEYS)),
    st.builds(lambda k, v: one_of(k, tuple(v)), st.sampled_from(KEYS), st.lists(st.sampled_from(VALUES), max_size=2)),
)
SELECTORS: st.SearchStrategy[Selector] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: conjunction(*parts), st.lists(inner, max_size=3)),
        st.builds(lambda parts: disjunction(*parts), st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)


def meets(term: Term, point: dict[str, str]) -> bool:
    for key, held in term:
        value = point.get(key)
        if held.allowed is not None and value not in held.allowed:
            return False
        if value in held.excluded or (held.there is not None and (value is not None) != held.there):
            return False
    return True


@given(SELECTORS)
@settings(max_examples=100)
def test_terms_are_met_by_whom_the_selector_selects(selector: Selector) -> None:
    found = terms(selector)
    for point in POINTS:
        assert any(meets(term, point) for term in found) == matches(selector, point)
    assert not any(covers(a, b) for a, b in itertools.permutations(found, 2)), found


@given(SELECTORS, SELECTORS)
@settings(max_examples=100)
def test_two_terms_at_once_and_cover(one: Selector, other: Selector) -> None:
    for a, b in itertools.product(terms(one), terms(other)):
        shared = both(a, b)
        for point in POINTS:
            assert (shared is not None and meets(shared, point)) == (meets(a, point) and meets(b, point))
            if covers(a, b) and meets(b, point):
                assert meets(a, point)


def test_too_many_alternatives_are_said() -> None:
    parts = [disjunction(one_of(f"k{n}", ("x",)), one_of(f"l{n}", ("y",))) for n in range(7)]
    assert MOST < 2**7
    with pytest.raises(TooManyTerms):
        terms(conjunction(*parts))


# --- boxes ------------------------------------------------------------------------------------------------------------

NODES = frozenset(("here", OTHERS))
NETS = (IpSet.of("192.0.2.0/24"), IpSet.of("192.0.2.128/25"), IpSet.of("198.51.100.7"))
ADDRESSES = (0xC0000201, 0xC0000281, 0xC6336407)
PORTS = (
    ServiceSet.ports(TCP, 80),
    ServiceSet.ports(TCP, 80, 90),
    ServiceSet.ports(TCP),
    ServiceSet.ports(UDP, 53),
    ALL,
)
KEYS_OF_PORTS = [service_key(TCP, 80), service_key(TCP, 85), service_key(TCP, 443), service_key(UDP, 53), 1 << 16]
HTTP = Service(named=(NamedPort(TCP, "http"),))
Peer = tuple[str, object]
"""A pod by its labels, a node by its name, an address: each as a point."""
PEERS: list[Peer] = [
    *(("pod", p) for p in POINTS[::5]),
    ("node", "here"),
    ("node", OTHERS),
    *(("out", a) for a in ADDRESSES),
]


class Drawing:
    def __init__(self, seed: int, *, names: bool) -> None:
        self.dice = random.Random(seed)
        self.names = names

    def selector(self) -> Selector:
        pick = self.dice.random()
        leaf = one_of(self.dice.choice(KEYS), (self.dice.choice(VALUES),))
        if pick < 0.3:
            return ALWAYS
        return leaf if pick < 0.6 else Not(leaf) if pick < 0.8 else conjunction(leaf, Has(self.dice.choice(KEYS)))

    def region(self) -> Region:
        if self.dice.random() < 0.3:
            return Region(ALWAYS, NODES, EVERYWHERE)
        nodes = NODES if self.dice.random() < 0.3 else frozenset(("here",)) if self.dice.random() < 0.3 else frozenset()
        outside = self.dice.choice((EMPTY, *NETS, EVERYWHERE - NETS[0]))
        return Region(self.selector() if self.dice.random() < 0.7 else NEVER, nodes, outside)

    def service(self) -> Service:
        if self.names and self.dice.random() < 0.1:
            return HTTP
        chosen = self.dice.choice((*PORTS, ALL, ALL))
        return EVERY_SERVICE if chosen == ALL else Service(chosen)

    def box(self) -> Box:
        return Box(self.selector(), self.region(), self.service())


def has_peer(region: Region, peer: Peer) -> bool:
    sort, point = peer
    if sort == "pod":
        return matches(region.pods, point)  # type: ignore[arg-type]
    return point in region.nodes if sort == "node" else region.outside.contains(4, point)  # type: ignore[arg-type]


def has_port(service: Service, key: int, names: bool) -> bool:
    return key in service.fixed or (names and key == KEYS_OF_PORTS[0] and bool(service.named))


def inside(box: Box, at: dict[str, str], peer: Peer, key: int, names: bool) -> bool:
    return matches(box.at, at) and has_peer(box.whom, peer) and has_port(box.service, key, names)


@given(st.integers(0, 2**40))
@settings(max_examples=100)
def test_a_box_without_another(seed: int) -> None:
    draw = Drawing(seed, names=True)
    a, b = draw.box(), draw.box()
    try:
        rest = subtract(a, b)
    except Unsayable:
        assert a.service.named or b.service.named
        return
    for at, peer, key, names in itertools.product(POINTS[::3], PEERS, KEYS_OF_PORTS, (False, True)):
        held = [inside(one, at, peer, key, names) for one in (a, b)]
        assert sum(inside(one, at, peer, key, names) for one in rest) == (held[0] and not held[1]), (a, b, rest)
        if all(held):
            assert overlap(a, b)


# --- rules without order ----------------------------------------------------------------------------------------------


def decoded(number: int) -> Decoded:
    return Decoded(kind="GlobalNetworkPolicy", namespace="", name=f"p{number}", value=None)


def drawn_tiers(draw: Drawing) -> list[list[Step]]:
    tiers: list[list[Step]] = []
    number = 0
    with_staying = draw.dice.randrange(3)  # those of Kubernetes that isolate stand in one tier
    for place in range(draw.dice.choice((1, 2, 3))):
        steps: list[Step] = []
        ends: list[Step] = []
        denies = draw.dice.random() < 0.7
        for _ in range(draw.dice.choice((1, 1, 2))):
            number += 1
            policy, at = decoded(number), draw.selector()
            stays = place == with_staying and denies and draw.dice.random() < 0.4
            for index in range(draw.dice.choice((0, 1, 2, 3))):
                action = "allow" if stays else draw.dice.choice(("allow", "allow", "deny", "deny", "pass"))
                key = RuleKey(kind=policy.kind, name=policy.name, pointer=("spec", "ingress", index))
                whom, service = draw.region(), draw.service()
                steps.append(Step(policy, None if stays else key, action, Box(at, whom, service), stays))
            if denies:
                everybody = Box(at, Region(ALWAYS, NODES, EVERYWHERE), EVERY_SERVICE)
                ends.append(Step(policy, None, "deny", everybody, stays, is_end=True))
        tiers.append([*steps, *ends])
    return tiers


def in_order(tiers: list[list[Step]], at: dict[str, str], peer: Peer, key: int) -> bool:
    for tier in tiers:
        for step in tier:
            if inside(step.box, at, peer, key, False):
                if step.action != "pass":
                    return step.action == "allow"
                break
    return True


@given(st.integers(0, 2**40))
@settings(max_examples=120, deadline=None)
def test_without_order_the_same_is_decided(seed: int) -> None:
    draw = Drawing(seed, names=False)
    tiers = drawn_tiers(draw)
    found = unordered(tiers, Region(ALWAYS, NODES, EVERYWHERE))
    if found.stuck:
        return
    staying = [step for tier in tiers for step in tier if step.stays]
    for at, peer, key in itertools.product(POINTS[::2], PEERS, KEYS_OF_PORTS):
        denied = any(one.action == "deny" and inside(one.box, at, peer, key, False) for one in found.made)
        allowed = any(one.action == "allow" and inside(one.box, at, peer, key, False) for one in found.made)
        allowed |= any(one.action == "allow" and inside(one.box, at, peer, key, False) for one in staying)
        isolated = any(matches(selector, at) for _, selector in found.isolating)
        isolated |= any(one.is_end and matches(one.box.at, at) for one in staying)
        told = not denied and (allowed or not isolated)
        assert told == in_order(tiers, at, peer, key), (at, peer, key, tiers, found)


def test_most_random_tiers_can_be_said_without_order() -> None:
    stuck = sum(
        bool(unordered(drawn_tiers(Drawing(seed, names=True)), Region(ALWAYS, NODES, EVERYWHERE)).stuck)
        for seed in range(200)
    )
    assert stuck < 20
