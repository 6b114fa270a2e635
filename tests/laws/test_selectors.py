"""Selectors against a naive reading, and identities against selectors."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.ipset import INTERNET, IpSet
from netwright.base.selectors import (
    ALWAYS,
    NEVER,
    And,
    Has,
    Not,
    OneOf,
    Or,
    Selector,
    conjunction,
    disjunction,
    equals,
    matches,
    mentions,
    one_of,
)
from netwright.dialects.k8s.lower import label_selector
from netwright.dialects.k8s.objects import LabelSelector
from netwright.engine.atoms import AddressClasses
from netwright.engine.bits import indexes
from netwright.engine.compile import Network
from netwright.engine.identities import Identities, Mentions, identify
from netwright.engine.refining import refined
from netwright.engine.universe import Selection
from netwright.model.columns import Columns
from netwright.model.rule import Members
from tests.laws.rule_cases import attributes, columns, endpoints, random_rules, selector, selects
from tests.random_parts import selects as selects_labels

pytestmark = pytest.mark.laws
SEEDS = st.integers(0, 2**40)
KEYS, VALUES = ("a", "b", "c"), ("", "x", "y")
HELD = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))


def leaves() -> st.SearchStrategy[Selector]:
    key = st.sampled_from(KEYS)
    return st.one_of(
        st.just(ALWAYS),
        st.just(NEVER),
        st.builds(Has, key),
        st.builds(lambda k, v: one_of(k, tuple(v)), key, st.lists(st.sampled_from(VALUES), max_size=3)),
    )


SELECTORS: st.SearchStrategy[Selector] = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda parts: And(tuple(parts)), st.lists(inner, max_size=3)),
        st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, max_size=3)),
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(SELECTORS, HELD)
def test_matches_is_what_the_words_say(one: Selector, held: dict[str, str]) -> None:
    assert matches(one, held) == selects(one, held)


@settings(max_examples=200)
@given(st.lists(SELECTORS, max_size=4), HELD)
def test_joining_means_all_and_any(parts: list[Selector], held: dict[str, str]) -> None:
    each = [selects(part, held) for part in parts]
    assert matches(conjunction(*parts), held) == all(each)
    assert matches(disjunction(*parts), held) == any(each)


@settings(max_examples=300)
@given(SELECTORS, HELD, HELD)
def test_what_a_selector_tells_apart_it_mentions(one: Selector, left: dict[str, str], right: dict[str, str]) -> None:
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    mentions(one, values, presence)

    def seen(held: dict[str, str]) -> list[tuple[str, str | None]]:
        return [
            (
                key,
                held[key]
                if held.get(key) in values.get(key, set())
                else "other"
                if key in held and key in presence
                else None,
            )
            for key in KEYS
        ]

    if seen(left) == seen(right):
        assert matches(one, left) == matches(one, right)


REQUIREMENTS = st.builds(
    lambda key, operator, values: {
        "key": key,
        "operator": operator,
        "values": values if operator in ("In", "NotIn") else [],
    },
    st.sampled_from(KEYS),
    st.sampled_from(("In", "NotIn", "Exists", "DoesNotExist")),
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=2),
)


@settings(max_examples=200)
@given(HELD, st.lists(REQUIREMENTS, max_size=3), HELD)
def test_label_selectors_are_lowered_as_kubernetes_reads_them(
    labels: dict[str, str], said: list[dict[str, object]], held: dict[str, str]
) -> None:
    written = {"matchLabels": labels, "matchExpressions": said}
    typed = msgspec.convert(written, LabelSelector)
    lowered = label_selector(typed, "k8s:")
    assert matches(lowered, {"k8s:" + k: v for k, v in held.items()}) == selects_labels(written, held)


def table(seed: int) -> tuple[Columns, list[Selector], list[dict[str, str]]]:
    rng = random.Random(seed)
    ends = [e for _ in range(3) for e in endpoints(rng)]
    return columns(ends), [selector(rng) for _ in range(4)], [attributes(e) for e in ends]


@settings(max_examples=150)
@given(SEEDS)
def test_bitsets_select_what_selectors_match(seed: int) -> None:
    made, selectors, held = table(seed)
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    for one in selectors:
        mentions(one, values, presence)
    identities = identify(made, Mentions(values, presence, frozenset()), {})
    select = Selection(made, identities)
    for one in selectors:
        chosen = set(indexes(select(one)))
        for row, mine in enumerate(held):
            assert (int(identities.of_row[row]) in chosen) == selects(one, mine), f"seed {seed}: {one} on {mine}"


def mentioned(selectors: list[Selector]) -> Mentions:
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    for one in selectors:
        mentions(one, values, presence)
    return Mentions(values, presence, frozenset({"http"}))


def carriers(identities: Identities) -> dict[tuple[str, str], set[int]]:
    found = {token: set(identities.tokens.get(token).tolist()) for token in identities.tokens.number}  # type: ignore[union-attr]
    return {token: these for token, these in found.items() if these}


@settings(max_examples=300)
@given(SEEDS, st.integers(0, 4))
def test_refining_is_identifying_anew(seed: int, first: int) -> None:
    made, selectors, _ = table(seed)
    blocks = [INTERNET, IpSet.of("10.0.0.0/31"), IpSet.of("fd00::/127")]
    classes = {4: AddressClasses(4, blocks), 6: AddressClasses(6, blocks)}
    before, after = mentioned(selectors[:first]), mentioned(selectors)
    old, anew = (identify(made, one, classes) for one in (before, after))  # type: ignore[arg-type]
    made_of = refined(made, old, before, after)
    assert made_of is not None
    finer = made_of.identities
    for column in ("of_row", "row", "namespace", "port_map", "host", "address_set"):
        assert getattr(finer, column).tolist() == getattr(anew, column).tolist(), f"seed {seed}: {column}"
    for family, of in anew.address_class.items():
        assert finer.address_class[family].tolist() == of.tolist()
    assert carriers(finer) == carriers(anew), f"seed {seed}"
    assert made_of.parent[finer.of_row].tolist() == old.of_row.tolist()


@settings(max_examples=150)
@given(SEEDS)
def test_what_is_told_apart_in_no_way_is_one_identity(seed: int) -> None:
    """As few identities as there are rows that differ in what may matter; and no two of these in one."""
    made, selectors, held = table(seed)
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    for one in selectors:
        mentions(one, values, presence)
    names = frozenset({"http"})
    blocks = [IpSet.of("10.0.0.0/31"), IpSet.of("fd00::/127")]
    classes = {4: AddressClasses(4, [INTERNET, *blocks]), 6: AddressClasses(6, [INTERNET, *blocks])}
    identities = identify(made, Mentions(values, presence, names), classes)  # type: ignore[arg-type]

    def facts(row: int) -> object:
        own = {k: v for k, v in held[row].items() if k.startswith("k8s:")}
        labels = tuple(
            sorted(
                (k, v if v in values.get(k, ()) else "*")
                for k, v in own.items()
                if v in values.get(k, ()) or k in presence
            )
        )
        ports = tuple(p for p in made.port_maps[made.port_map[row]] if p[0] in names)
        v4, v6 = int(made.v4[row]), int.from_bytes(made.v6[row].ljust(16, b"\0"), "big")
        within = tuple(b.contains(4, v4) and bool(made.has_v4[row]) for b in blocks)
        within += tuple(b.contains(6, v6) and bool(made.has_v6[row]) for b in blocks)
        has = bool(made.has_v4[row]), bool(made.has_v6[row])
        return int(made.namespace[row]), labels, ports, within, has, int(made.address_set[row]), bool(made.host[row])

    by_facts: dict[object, set[int]] = {}
    for row in range(made.n):
        by_facts.setdefault(facts(row), set()).add(int(identities.of_row[row]))
    assert all(len(found) == 1 for found in by_facts.values()), (
        f"seed {seed}: rows alike in every way are two identities"
    )
    assert len(by_facts) == identities.count, f"seed {seed}: rows that differ are one identity"


@settings(max_examples=60)
@given(SEEDS)
def test_two_endpoints_of_one_identity_are_told_apart_by_no_rule(seed: int) -> None:
    rules = random_rules(seed)
    network = Network(columns(rules.endpoints), rules.enforcers, (4,))
    said = [e.at for e in rules.enforcers]
    for unit in network.units:
        said.append(unit.at)
        said += [p.selector for r in unit.rules for p in (r.src, r.dst) if isinstance(p, Members)]
    for i, one in enumerate(rules.endpoints):
        for j, other in enumerate(rules.endpoints[:i]):
            if network.position(i) == network.position(j):
                for selector_ in said:
                    assert selects(selector_, attributes(one)) == selects(selector_, attributes(other)), f"seed {seed}"


def test_the_shape_of_joined_selectors() -> None:
    one, two = equals("a", "x"), equals("b", "y")
    assert conjunction() == ALWAYS
    assert disjunction() == NEVER
    assert conjunction(one, ALWAYS) == one
    assert conjunction(one, NEVER, two) == NEVER
    assert disjunction(one, ALWAYS) == ALWAYS
    assert conjunction(And((one, two)), one) == And((one, two, one))
    assert one_of("a", ()) == NEVER
    assert one_of("a", ("y", "x", "x")) == OneOf("a", ("x", "y"))
