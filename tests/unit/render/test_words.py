"""Folding: no line is wider than its terminal, and nothing is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.render.escape import plain, width
from netwright.render.words import Words

RANGES = "cidr/10.0.0.0/8,100.64.0.0/10,172.16.0.0/12,192.168.0.0/16 except 10.1.0.0/16,10.2.3.4/32,100.64.0.0/10"


@given(st.text(max_size=300), st.integers(min_value=40, max_value=120), st.booleans())
def test_no_line_is_wider_than_the_width_whatever_the_text(text: str, room: int, utf8: bool) -> None:
    words = Words(utf8=utf8, width=room)
    shown = words.sign(plain(text))
    lines = words.fold(plain(text), "    ", "  → ")
    assert all(width(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join((words.sign("→") + shown).split())


def test_a_word_that_is_wider_than_a_line_is_broken_behind_a_comma_or_a_slash() -> None:
    lines = Words(width=40).fold(RANGES, "  ", "")
    assert lines == [
        "cidr/10.0.0.0/8,100.64.0.0/10,",
        "  172.16.0.0/12,192.168.0.0/16 except",
        "  10.1.0.0/16,10.2.3.4/32,100.64.0.0/10",
    ]
    assert Words(width=40).fold(f"see {'a' * 20}/{'b' * 30}/c.yaml:1", "  ", "") == [
        f"see {'a' * 20}/",
        f"  {'b' * 30}/",
        "  c.yaml:1",
    ]


def test_a_number_stays_with_its_unit_and_a_rule_with_its_number() -> None:
    assert Words(width=40).fold("x" * 33 + " · 0.20 s · exit 0", "", "") == ["x" * 33 + " ·", "0.20 s · exit 0"]
    assert Words(width=40).fold("y" * 34 + " rule 1  (owner)", "  ", "") == ["y" * 34, "  rule 1  (owner)"]


def test_signs_are_replaced_before_they_are_measured() -> None:
    assert all(len(line) <= 40 for line in Words(utf8=False, width=40).fold("…é→ " * 30, "  "))


@pytest.mark.parametrize("text", ["", "   "])
def test_no_text_is_one_line(text: str) -> None:
    assert len(Words().fold(text, "  ", "head ")) == 1
