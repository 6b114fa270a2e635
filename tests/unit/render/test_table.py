"""Tables that fit, keep what matters, and say what they left out."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from netwright.render.escape import ascii_text, width
from netwright.render.table import Column, csv_table, markdown_table, text_table

NAME = Column(title="NAME", key="name", value=lambda r: r[0], least=20)
LIST = Column(title="LIST", key="list", value=lambda r: r[1], cut="list", least=8)
PLACE = Column(title="WHERE", key="where", value=lambda r: r[2], cut="front", least=14, goes=1)
COUNT = Column(title="N", key="n", value=lambda r: r[3], cut="never", right=True)
EXTRA = Column(title="EXTRA", key="extra", value=lambda r: "extra", only_wide=True)
COLUMNS = (NAME, LIST, PLACE, COUNT, EXTRA)


def row(name: str = "web", items: tuple[str, ...] = (), place: str = "a/b.yaml:1", n: int | None = 7) -> Any:
    return (name, items, place, n)


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    laid = text_table((NAME, COUNT), [row("a", n=5), row("longer", n=123)], room=80)
    assert laid.lines == ("NAME      N", "a         5", "longer  123")
    assert not laid.is_shortened


def test_a_list_keeps_whole_items_and_counts_the_rest() -> None:
    lines = text_table((NAME, LIST), [row("x", ("alpha", "beta", "gamma"))], room=18).lines
    assert lines[1] == "x     alpha +2"
    lines = text_table((NAME, LIST), [row("x", ("much-too-long-a-name", "b"))], room=14).lines
    assert lines[1] == "x     b +1"


def test_a_place_loses_its_front_at_a_folder() -> None:
    lines = text_table((NAME, PLACE), [row("x", place="examples/shop/shop/db.yaml:46")], room=24).lines
    assert lines[1] == "x     …/shop/db.yaml:46"


def test_names_lose_their_middle_and_no_more_than_they_stay_apart() -> None:
    key = Column(title="NAME", key="name", value=lambda r: r[0], names=True, least=20)
    names = [f"vm/vm-cirros-{kind}-datavolume" for kind in ("clarge", "csmall", "windows-clarge", "windows-csmall")]
    rows = [row(name, items=("alpha", "beta"), place="examples/a-long-folder/file.yaml:3") for name in names]
    for room in (40, 60):
        laid = text_table((key, LIST, PLACE, COUNT), rows, room=room)
        cells = [line.split("  ")[0] for line in laid.lines[1:]]
        assert len(set(cells)) == len(names), room
        assert all(cell.startswith("vm/vm-") and cell.endswith("me") for cell in cells)
        assert all(width(line) <= room for line in laid.lines)
    (_, line) = text_table((key, COUNT), [row("vm/vm-cirros-datavolume")], room=16).lines
    assert line == "vm/vm-…volume  7"


def test_other_columns_give_their_room_before_names_do() -> None:
    key = Column(title="NAME", key="name", value=lambda r: r[0], names=True, least=8)
    other = Column(title="TYPE", key="type", value=lambda r: "a-type-with-a-long-name", least=20)
    differ = [
        row("a-name-that-differs-in-its-middle-1-and-nowhere-else"),
        row("a-name-that-differs-in-its-middle-2-and-nowhere-else"),
    ]
    laid = text_table((key, other), differ, room=52)
    assert len(set(laid.lines)) == 3
    assert all(line.endswith("a-type-with-…") for line in laid.lines[1:])
    assert laid.left_out == ()
    wished = Column(title="NAME", key="name", value=lambda r: r[0], names=True, least=60)
    lines = text_table((wished, other), differ, room=64).lines
    assert lines[1] == "a-name-that-differs-in-its-middle-1-and-nowhere-else  a-type-wi…"


def test_where_even_the_least_is_too_much_columns_go_from_the_right_but_the_first() -> None:
    sign = Column(title="IS", key="is", value=lambda r: "! OPEN", cut="never")
    key = Column(title="NAME", key="name", value=lambda r: r[0], names=True)
    numbers = [Column(title=f"NUMBER {i}", key=str(i), value=lambda r: 1, cut="never", right=True) for i in range(4)]
    laid = text_table((sign, key, *numbers), [row("a"), row("b")], room=40)
    assert laid.left_out == ("NUMBER 2", "NUMBER 3")
    assert laid.lines[0] == "IS      NAME  NUMBER 0  NUMBER 1"


def test_what_does_not_fit_is_left_out_and_named() -> None:
    laid = text_table(COLUMNS, [row("n" * 20, ("a" * 10,), "x" * 40)], room=45)
    assert laid.left_out == ("WHERE",)
    assert "WHERE" not in laid.lines[0]
    assert laid.lines[1].startswith("n" * 20 + "  ")


def test_wide_shows_everything_in_full() -> None:
    laid = text_table(COLUMNS, [row("n" * 60, ("a" * 40, "b" * 40), "x" * 40)], room=None)
    assert not laid.left_out
    assert not laid.is_shortened
    assert laid.lines[1].endswith("extra")


def test_an_empty_column_is_not_shown() -> None:
    assert "LIST" not in text_table((NAME, LIST), [row()], room=80).lines[0]


def test_signs_are_replaced_before_they_are_measured() -> None:
    laid = text_table((NAME, COUNT), [row("a→b"), row("abcd")], room=80, sign=ascii_text)
    assert laid.lines[1:] == ("a->b  7", "abcd  7")


def test_wide_characters_keep_columns_aligned() -> None:
    lines = text_table((NAME, COUNT), [row("数据"), row("abcd")], room=80).lines
    assert [width(line) for line in lines[1:]] == [7, 7]


@given(
    st.lists(
        st.tuples(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=5), st.text(max_size=80)), max_size=5
    ),
    st.integers(min_value=40, max_value=120),
)
def test_no_line_is_wider_than_the_room_whatever_the_cells(rows: list[tuple[str, list[str], str]], room: int) -> None:
    laid = text_table(COLUMNS, [(a, tuple(b), c, 1) for a, b, c in rows], room=room)
    assert len(laid.lines) == len(rows) + 1
    assert all(width(line) <= room for line in laid.lines)
    assert all(line.isprintable() for line in laid.lines)


def test_csv_has_every_column_and_reads_back() -> None:
    hostile = row("=cmd()", ("a,b", "c\x1b[0m"), "x", None)
    read = list(csv.reader(io.StringIO("\r\n".join(csv_table(COLUMNS, [hostile])))))
    assert read == [["name", "list", "where", "n", "extra"], ["'=cmd()", "a,b; c\\x1b[0m", "x", "", "extra"]]


def test_markdown_has_one_line_a_row() -> None:
    lines = list(markdown_table((NAME, COUNT), [row("a|b\nc", n=1)]))
    assert lines == ["| name | n |", "|---|---:|", "| a\\|b\\\\nc | 1 |"]
