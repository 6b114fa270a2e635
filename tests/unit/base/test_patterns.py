"""Patterns compiled when first used match as compiled ones do, and a fault in one shows then."""

from __future__ import annotations

import re

import pytest

from netwright.base.patterns import deferred, pattern


def test_it_matches_as_a_compiled_one() -> None:
    found = pattern(r"(?P<first>[a-z])x", re.IGNORECASE)
    match = found.search("1Bx")
    assert match is not None
    assert (match["first"], match.span()) == ("B", (1, 3))
    assert found.sub("-", "ax bx") == "- -"
    assert (found.flags & re.IGNORECASE, found.pattern) == (re.IGNORECASE, r"(?P<first>[a-z])x")
    assert pattern(rb"\d+").findall(b"1 22") == [b"1", b"22"]


def test_a_fault_shows_when_it_is_used() -> None:
    wrong = pattern("(")
    with pytest.raises(re.error):
        wrong.search("")


def test_what_libraries_compile_meanwhile_is_deferred_and_nothing_afterwards() -> None:
    with deferred():
        made = re.compile("a+")
    assert not isinstance(made, re.Pattern)
    assert made.fullmatch("aaa")
    assert isinstance(re.compile("a+"), re.Pattern)
    with pytest.raises(KeyError), deferred():
        raise KeyError
    assert isinstance(re.compile("b+"), re.Pattern)
