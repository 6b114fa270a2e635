"""Containment of selectors and ports by what is written agrees with all labels and ports that there can be."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.base.services import TCP
from netwright.dialects.k8s.objects import LabelSelector, NetworkPolicyPort, Requirement
from netwright.questions.check.containment import contains, ports_contain, ports_of, requirements
from netwright.questions.check.label_words import contradiction
from netwright.spec.labels import matches

pytestmark = pytest.mark.laws
VALUES = ("a", "b", "c", "d")
KEYS = ("app", "tier")
WORLDS = [
    {key: value for key, value in zip(KEYS, pair, strict=True) if value}
    for pair in product(("", *VALUES), repeat=len(KEYS))
]
"""All labels that there can be; no selector below names the last value, so it stands for every other."""

values = st.lists(st.sampled_from(VALUES[:3]), min_size=1, max_size=2, unique=True).map(tuple)
requirement = st.one_of(
    st.builds(
        lambda key, operator, held: Requirement(key=key, operator=operator, values=held),
        st.sampled_from(KEYS),
        st.sampled_from(("In", "NotIn")),
        values,
    ),
    st.builds(
        lambda key, operator: Requirement(key=key, operator=operator),
        st.sampled_from(KEYS),
        st.sampled_from(("Exists", "DoesNotExist")),
    ),
)
selector = st.builds(
    lambda labels, expressions: LabelSelector(match_labels=labels or None, match_expressions=tuple(expressions)),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES[:3]), max_size=1),
    st.lists(requirement, max_size=3),
)


@given(selector)
def test_a_contradiction_is_found_where_nothing_can_match_and_only_there(one: LabelSelector) -> None:
    assert bool(contradiction(one)) == (not any(matches(one, labels) for labels in WORLDS))


@settings(max_examples=600)
@given(selector, selector)
def test_a_selector_contains_another_if_all_that_the_other_matches_it_matches(
    wide: LabelSelector, narrow: LabelSelector
) -> None:
    if contradiction(wide) or contradiction(narrow):
        return
    holds = all(matches(wide, labels) for labels in WORLDS if matches(narrow, labels))
    assert contains(requirements(wide), requirements(narrow)) == holds


port = st.one_of(
    st.builds(
        lambda protocol, low, more: NetworkPolicyPort(
            protocol=protocol, port=low, end_port=low + more if more else None
        ),
        st.sampled_from((None, "TCP", "UDP")),
        st.integers(1, 6),
        st.integers(0, 3),
    ),
    st.builds(
        lambda protocol, name: NetworkPolicyPort(protocol=protocol, port=name),
        st.sampled_from((None, "UDP")),
        st.sampled_from(("http", None)),
    ),
)
ports = st.lists(port, min_size=1, max_size=3).map(tuple)


@given(ports, ports)
def test_ports_contain_others_whatever_number_a_name_is(
    wide: tuple[NetworkPolicyPort, ...], narrow: tuple[NetworkPolicyPort, ...]
) -> None:
    def allows(entries: tuple[NetworkPolicyPort, ...], protocol: str, number: int, names: frozenset[int]) -> bool:
        return any(
            (e.protocol or "TCP") == protocol
            and (
                e.port is None
                or (number in names if isinstance(e.port, str) else e.port <= number <= (e.end_port or e.port))
            )
            for e in entries
        )

    worlds = [frozenset((number,)) for number in (*range(1, 11), 999)]
    holds = all(
        allows(wide, protocol, number, names)
        for names in worlds
        for protocol in ("TCP", "UDP")
        for number in (*range(1, 11), 999)
        if allows(narrow, protocol, number, names)
    )
    assert ports_contain(ports_of(wide), ports_of(narrow)) == holds


def test_everything_contains_all_and_is_contained_by_nothing_that_names_ports() -> None:
    some = ports_of((NetworkPolicyPort(port=80),))
    assert ports_contain(None, some)
    assert ports_contain(None, None)
    assert not ports_contain(some, None)
    assert TCP in {key >> 16 for low, high in some.fixed.intervals for key in range(low, high)}
