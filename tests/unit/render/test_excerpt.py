"""Excerpts of the user's text: what is cut off is told, and the caret stands under the place."""

from __future__ import annotations

import pytest

from netwright.render.escape import width
from netwright.render.excerpt import excerpt
from netwright.render.words import Words

POLICY = "    - podSelector: {matchExpressions: [{key: application, operator: NotIn, values: [bad]}]}"


def shown(text: str, column: int, *, columns: int = 80, utf8: bool = True) -> list[str]:
    return list(excerpt(1, column, [text], Words(utf8=utf8, width=columns)))


def test_a_line_that_goes_on_says_so_and_no_half_word_can_be_read_as_another() -> None:
    line, carets = shown(POLICY, 5)
    assert line.endswith("…")
    assert width(line) == width(carets) == 80
    assert line.index("- podSelector") == carets.index("^")


def test_a_line_that_is_shown_from_its_middle_says_that_there_is_more_before() -> None:
    at = POLICY.index("operator")
    line, carets = shown(POLICY, at + 1)
    assert "│ …" in line
    assert line.index("operator") == carets.index("^")
    assert line.endswith("operator: NotIn, values: [bad]}]}")


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_both_ends_of_a_long_line_are_told(columns: int) -> None:
    text = "a" * 200 + "PLACE" + "b" * 200
    line, carets = shown(text, 201, columns=columns)
    assert "│ …a" in line
    assert line.endswith("b…")
    assert line.index("PLACE") == carets.index("^")
    assert width(line) == width(carets) == columns


def test_a_terminal_that_is_not_utf8_has_the_sign_in_ascii() -> None:
    text = "a" * 200 + "PLACE" + "b" * 200
    line, carets = shown(text, 201, utf8=False)
    assert "| ...a" in line
    assert line.endswith("b...")
    assert line.index("PLACE") == carets.index("^")
    assert width(line) == width(carets) == 80


def test_a_line_that_fits_to_its_last_column_is_whole() -> None:
    room = 80 - 11 - 7
    assert shown("x" * room, 1)[0].endswith("xxx")
    assert shown("x" * (room + 1), 1)[0].endswith("xx…")


def test_wide_characters_are_cut_where_a_column_ends() -> None:
    line, carets = shown("数据" * 100, 1)
    assert line.endswith("…")
    assert 79 <= width(line) <= 80
    assert width(carets) <= 80
