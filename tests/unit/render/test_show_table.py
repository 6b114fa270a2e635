"""Every noun's table with hostile text in every field of its rows."""

from __future__ import annotations

import csv
import io
import typing
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwright.questions.show import NOUNS
from netwright.questions.show import rows as shapes
from netwright.questions.show.rows import Shown
from netwright.render.escape import width
from netwright.render.show_counts import COUNTED
from netwright.render.show_table import COLUMNS, show_csv, show_markdown, show_text
from netwright.render.words import Words

ROWS: dict[str, type[msgspec.Struct]] = {
    "workloads": shapes.WorkloadRow,
    "endpoints": shapes.EndpointRow,
    "services": shapes.ServiceRow,
    "policies": shapes.PolicyRow,
    "networks": shapes.NetworkRow,
    "subnets": shapes.SubnetRow,
    "exposed": shapes.ExposedRow,
    "isolation": shapes.IsolationRow,
    "namespaces": shapes.NamespaceRow,
    "policymaps": shapes.PolicyMapRow,
    "vms": shapes.MachineRow,
    "nics": shapes.NicRow,
    "kinds": shapes.KindRow,
}


HOSTILE = ["=cmd()", "a/b/\x1b[2J", "svc/a/=x", "|x|", "@team", "<b>", "deploy/=1/=2", "x" * 90, "数据" * 30]


def value(hint: Any, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    if hint is str:
        return texts
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(min_value=0, max_value=9999)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(value(get_args(hint)[0], texts), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        fields = {name: value(h, texts) for name, h in get_type_hints(hint).items()}
        return st.fixed_dictionaries(fields).map(lambda held: hint(**held))
    assert type(None) in get_args(hint), hint
    return st.one_of(st.none(), *(value(h, texts) for h in get_args(hint) if h is not type(None)))


def shown(noun: str) -> st.SearchStrategy[Shown]:
    texts = st.text(max_size=20) | st.sampled_from(HOSTILE)
    hints = {name: value(hint, texts) for name, hint in get_type_hints(ROWS[noun]).items()}
    row = st.fixed_dictionaries(hints).map(lambda fields: ROWS[noun](**fields))
    counts = {"policies": 1, "selecting_nothing": 0}
    return st.lists(row, min_size=1, max_size=3).map(
        lambda rows: Shown(noun=noun, rows=typing.cast(Any, tuple(rows)), counts=counts, notes=("note \x1b[31m",))
    )


def test_every_noun_has_columns_for_its_rows() -> None:
    assert set(COLUMNS) == set(ROWS) == set(NOUNS)
    for noun, columns in COLUMNS.items():
        assert len({c.key for c in columns}) == len(columns), noun


@pytest.mark.parametrize("noun", list(ROWS))
@settings(max_examples=20)
@given(data=st.data())
def test_whatever_a_row_holds_every_face_shows_text(noun: str, data: st.DataObject) -> None:
    answer = data.draw(shown(noun))
    for utf8, columns in ((True, 80), (False, 80), (True, 40), (False, 40)):
        lines = list(show_text(answer, Words(utf8=utf8, width=columns), wide=False, last="exit 0"))
        table = lines[: len(answer.rows) + 1]
        assert all(width(line) <= columns and line.isprintable() for line in table)
    wide = list(show_text(answer, Words(), wide=True, last="exit 0"))
    assert all(line.isprintable() for line in wide)
    cells = list(csv.reader(io.StringIO("\r\n".join(show_csv(answer)), newline="")))
    assert len(cells) == len(answer.rows) + 1
    assert {len(line) for line in cells} == {len(COLUMNS[noun])}
    assert not [c for line in cells for c in line if c.lstrip().startswith(("=", "+", "-", "@"))]
    markdown = list(show_markdown(answer))
    assert all(line.isprintable() for line in markdown)
    assert not any("<b>" in line or "@team" in line for line in markdown)


@pytest.mark.parametrize("noun", list(ROWS))
def test_something_in_every_table_names_its_rows(noun: str) -> None:
    assert any(column.names for column in COLUMNS[noun])
    assert not [column.title for column in COLUMNS[noun] if column.names and (column.goes or column.only_wide)]


# --- ways in -------------------------------------------------------


def ways_in(*verdicts: str, private: str = "") -> Shown:
    rows = tuple(
        shapes.ExposedRow(
            verdict=typing.cast(Any, verdict),
            service="svc/a-long-namespace/a-service-with-a-rather-long-name",
            port="TCP 443",
            via="LoadBalancer",
            workload="deploy/a-long-namespace/a-workload-with-a-rather-long-name",
            chain=("allow: the first link of a chain that is longer than a line has room for", "deny: the second"),
            where="examples/a-long-namespace/service.yaml:1:1",
            private=private,
        )
        for verdict in verdicts
    )
    counts = dict(zip(shapes.COUNTS["exposed"], (len(rows), *map(verdicts.count, WORDS)), strict=True))
    return Shown(noun="exposed", rows=rows, counts=counts, notes=())


WORDS = ("allow", "some", "undecided", "deny")


def test_every_count_has_words() -> None:
    assert set(shapes.COUNTS) == set(ROWS)
    assert set(COUNTED) == {key for keys in shapes.COUNTS.values() for key in keys}
    assert all(key.isidentifier() and key.islower() for key in COUNTED)


def test_the_last_line_counts_what_there_is() -> None:
    def last(*verdicts: str) -> str:
        return list(show_text(ways_in(*verdicts), Words(), wide=False, last="end"))[-1]

    assert last("allow", "some", "some", "undecided", "deny").startswith(
        "5 ways in, 1 open, 2 open to some, 1 undecided, 1 closed"
    )
    assert last("some").startswith("1 way in, 1 open to some ")
    assert last("deny").startswith("1 way in, 1 closed ")


def test_one_line_says_what_wide_text_has_besides() -> None:
    lines = list(show_text(ways_in("allow"), Words(width=80), wide=False, last="end"))
    told = " ".join(lines).partition("-o wide ")[2]
    assert told.startswith("adds WHERE, shows each chain of verdicts and cuts nothing short 1 way in")
    assert "-o wide" not in told
    roomy = list(show_text(ways_in("allow"), Words(width=300), wide=False, last="end"))
    assert "-o wide shows each chain of verdicts" in roomy


@pytest.mark.parametrize(
    ("via", "shown"),
    [
        ("NodePort every node:30080", "NodePort 30080"),
        ("NodePort every node:a port that the cluster chooses", "NodePort"),
        ("hostPort its node:8080", "hostPort 8080"),
        ("hostPort 192.0.2.1:8080", "hostPort 192.0.2.1:8080"),
        ("LoadBalancer the address that the load balancer gives it:443", "LoadBalancer"),
    ],
)
def test_how_a_way_leads_in_is_told_without_what_holds_for_all_of_its_kind(via: str, shown: str) -> None:
    (row,) = ways_in("allow").rows
    (column,) = (column for column in COLUMNS["exposed"] if column.key == "via")
    assert column.shown is not None
    assert column.shown(msgspec.structs.replace(row, via=via)) == shown


def test_a_way_in_at_a_private_address_does_not_look_like_one_of_the_internet() -> None:
    inside, open_ = (
        list(show_text(ways_in("allow", private=where), Words(width=300), wide=False, last="end"))[1]
        for where in ("10.0.0.9", "")
    )
    assert "  private LoadBalancer  " in inside
    assert "private" not in open_
    wide = list(show_text(ways_in("allow", private="10.0.0.9"), Words(), wide=True, last="end"))
    assert "        private: 10.0.0.9" in wide


def test_wide_chains_stand_folded_under_their_row() -> None:
    lines = list(show_text(ways_in("allow", "deny"), Words(width=60), wide=True, last="end"))
    assert lines[1].startswith("! OPEN")
    assert lines[2:8] == [
        "        ends at: deploy/a-long-namespace/",
        "          a-workload-with-a-rather-long-name",
        "        where: examples/a-long-namespace/service.yaml:1:1",
        "        allow: the first link of a chain that is longer than",
        "          a line has room for",
        "        deny: the second",
    ]
    assert lines[8].startswith("closed")
    assert not any("-o wide" in line for line in lines)
    table = list(csv.reader(io.StringIO("\r\n".join(show_csv(ways_in("allow"))))))
    assert table[0][-3:] == ["where", "private", "chain"]
