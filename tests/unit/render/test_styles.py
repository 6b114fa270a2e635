"""Styles are of our own words, never of what the input holds."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.render.escape import ascii_text, plain
from netwright.render.styles import STYLES, has_colour, heading, marked, paint
from netwright.render.words import Words

CODES = re.compile(r"\x1b\[[\d;]+m")


def test_a_marked_line_is_its_text_everywhere_but_on_a_terminal() -> None:
    line = marked("DENIED  shop/web", ("DENIED", "deny"))
    assert line == "DENIED  shop/web"
    assert paint(line) == "\x1b[1;31mDENIED\x1b[0m  shop/web"
    assert paint("DENIED  shop/web") == "DENIED  shop/web"
    assert paint(marked("a", ("b", "deny"))) == "a"


def test_marks_do_not_overlap_and_stand_in_order() -> None:
    line = marked(marked("allow then deny", ("deny", "deny")), ("allow", "allow"), ("then deny", "quiet"))
    assert CODES.sub("", paint(line)) == line
    assert len(CODES.findall(paint(line))) == 4


def test_every_style_has_codes() -> None:
    for style in STYLES:
        assert CODES.match(paint(marked("x", ("x", style))))


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_brings_codes_of_its_own(before: str, after: str) -> None:
    shown = paint(marked(f"{before}DENY{after}\x1b[5m", ("DENY", "deny")))
    assert CODES.findall(shown) == ["\x1b[1;31m", "\x1b[0m"]
    assert CODES.sub("", shown) == plain(f"{before}DENY{after}\x1b[5m")


def test_signs_are_replaced_inside_and_outside_of_marks() -> None:
    assert CODES.sub("", paint(marked("→ … é", ("…", "quiet")), ascii_text)) == "-> ... \\xe9"


def test_the_first_of_the_folded_lines_is_marked() -> None:
    first, *rest = Words(width=40).fold("shop/web " * 9, "  ", "DENY  ", marks=(("DENY", "deny"),))
    assert paint(first).startswith("\x1b[1;31mDENY\x1b[0m  shop/web")
    assert rest
    assert [paint(line) for line in rest] == rest


def test_a_heading_in_danger_looks_like_it() -> None:
    assert paint(heading("! internet")).startswith("\x1b[1;31m")
    assert paint(heading("deploy/shop/web")).startswith("\x1b[1m")


@pytest.mark.parametrize(
    ("is_terminal", "environment", "shown"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(is_terminal: bool, environment: dict[str, str], shown: bool) -> None:
    assert has_colour(is_terminal, environment) is shown
