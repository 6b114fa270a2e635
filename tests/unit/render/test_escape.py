"""Whatever a name holds, a face shows it as text."""

from __future__ import annotations

import csv
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwright.render.escape import ascii_text, csv_cell, json_text, markdown, plain, width

HOSTILE = ["a\x1b[31mred", "a\nb", "a\r\tb", "\x9b31m", "\x00", "a\u202eb", "\u2028", "\x7f", "\ud800"]


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_leaves_nothing_that_a_terminal_obeys(text: str) -> None:
    assert plain(text).isprintable()
    assert plain(text) != text


def test_plain_leaves_ordinary_text_alone() -> None:
    assert plain("shop/web → café 数据") == "shop/web → café 数据"


@given(st.text())
def test_ascii_text_is_ascii_whatever_comes(text: str) -> None:
    assert ascii_text(plain(text)).isascii()


def test_ascii_text_keeps_the_meaning_of_our_signs() -> None:
    assert ascii_text("a → b … · ×") == "a -> b ... | x"


@pytest.mark.parametrize(
    "text", ["=cmd()", "+1", "-1", "@x", "  =cmd()", "\t=cmd()", "＝cmd()", "'=cmd()", '"=cmd()', "%x", "|x"]
)
def test_no_cell_begins_a_formula(text: str) -> None:
    (cell,) = next(csv.reader(io.StringIO(csv_cell(text))))
    # a tab is written out as a backslash and a letter, so it begins nothing; all others get the apostrophe
    assert cell.startswith(("'", "\\t"))


@given(st.text(min_size=1))
def test_a_cell_reads_back_as_one_cell_of_visible_text(text: str) -> None:
    rows = list(csv.reader(io.StringIO(csv_cell(text) + "\r\n")))
    shown = plain(text)
    assert rows in ([[shown]], [["'" + shown]])


def test_markdown_shows_markup_and_mentions_nobody() -> None:
    hostile = "a|b `c` **d** <script> [x](http://evil) ![i](y) @team #12\n| e"
    shown = markdown(hostile)
    assert "\n" not in shown
    assert "<script>" not in shown
    assert "@team" not in shown
    assert "http://" not in shown
    bare = shown.replace("\\\\", "")
    for sign in "|`*[]":
        assert bare.count(sign) == bare.count("\\" + sign)


@given(st.dictionaries(st.text(), st.text()))
def test_json_text_says_the_same_and_holds_no_control(value: dict[str, str]) -> None:
    shown = json_text(msgspec.json.encode(value))
    assert json.loads(shown) == value
    assert shown.decode().isprintable()


def test_width_counts_columns() -> None:
    assert [width(t) for t in ("abc", "数据", "e\u0301", "→")] == [3, 4, 1, 1]
