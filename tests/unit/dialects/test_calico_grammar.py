"""Calico's selectors: what binds closer, what is no selector, and what a comparison says of an absent label."""

from __future__ import annotations

import pytest

from netwright.dialects.calico.grammar import (
    EVERYTHING,
    All,
    Any,
    Compared,
    Expression,
    Global,
    Negated,
    Present,
    SyntaxFault,
    parse,
)

A, B, C = (Present(name) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", EVERYTHING),
        ("  all( ) ", EVERYTHING),
        ("global()", Global()),
        ("has(a) || has(b) && has(c)", Any((A, All((B, C))))),
        ("(has(a) || has(b)) && has(c)", All((Any((A, B)), C))),
        ("!has(a) && has(b)", All((Negated(A), B))),
        ("!!has(a)", A),
        ("! (has(a) && has(b))", Negated(All((A, B)))),
        ("a == 'x'", Compared("a", "==", ("x",))),
        ('a!="x y"', Compared("a", "!=", ("x y",))),
        ("a in {'y', \"x\",}", Compared("a", "in", ("x", "y"))),
        ("a not in{}", Compared("a", "not in", ())),
        ("a starts  with 'x'", Compared("a", "starts with", ("x",))),
        ("a ends with 'x'", Compared("a", "ends with", ("x",))),
        ("a contains 'x'", Compared("a", "contains", ("x",))),
        ("has(x.y/z-1_2)", Present("x.y/z-1_2")),
        ("all == 'x'", Compared("all", "==", ("x",))),
    ],
)
def test_what_is_read(text: str, tree: Expression) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("a", 1),
        ("a = 'x'", 2),
        ("a == x", 5),
        ("a == 'x", 5),
        ("a == 'x' has(b)", 9),
        ("has(a) & has(b)", 7),
        ("has(a) &&", 9),
        ("has(a", 5),
        ("has()", 4),
        ("(has(a)", 7),
        ("has(a))", 6),
        ("a in 'x'", 5),
        ("a in {'x' 'y'}", 10),
        ("'x' == a", 0),
        ("ä == 'x'", 0),
        ("a == 'x'\n", 8),
    ],
)
def test_what_is_no_selector_is_told_from_where_on(text: str, at: int) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse(text)
    assert caught.value.at == at


def test_parentheses_are_bounded() -> None:
    assert parse("(" * 90 + "has(a)" + ")" * 90) == A
    with pytest.raises(SyntaxFault):
        parse("(" * 5000 + "has(a)" + ")" * 5000)


@pytest.mark.parametrize(
    ("operator", "present", "absent"),
    [("==", True, False), ("!=", False, True), ("contains", True, False), ("starts with", True, False)],
)
def test_an_absent_label(operator: str, present: bool, absent: bool) -> None:
    term = Compared("a", operator, ("x",))  # type: ignore[arg-type]
    assert (term.holds("x"), term.holds(None)) == (present, absent)
