"""Line and column of pointers, in YAML and JSON."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from netwright.base.spans import Place
from netwright.model.document import Reading
from netwright.sources import read

YAML = """\
# a comment
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db   # here
  labels: {app: db, "tier": 'x'}
spec:
  podSelector: {}
  ingress:
  - from:
    - podSelector:
        matchLabels: &labels
          app: web
    ports: [{port: 80}, {port: 443}]
  -
    from: []
  - from:
    - podSelector: {matchLabels: *labels}
    - podSelector:
        matchLabels:
          <<: *labels
          other: x
  egress:
    - to:
  empty:
---
kind: Second
apiVersion: v1
1: number
true: yes
"""


def reading(text: str) -> Reading:
    return read(["-"], stdin=io.BytesIO(text.encode()))


def at(found: Reading, number: int, *pointer: str | int) -> tuple[int, int]:
    position = found.texts.position(Place(file="-", document=number), pointer)
    assert position is not None
    return position.line, position.column


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ((), (2, 1)),
        (("kind",), (3, 7)),
        (("metadata",), (5, 3)),
        (("metadata", "name"), (5, 9)),
        (("metadata", "labels", "app"), (6, 17)),
        (("metadata", "labels", "tier"), (6, 29)),
        (("spec", "podSelector"), (8, 16)),
        (("spec", "ingress"), (10, 3)),
        (("spec", "ingress", 0), (10, 5)),
        (("spec", "ingress", 0, "from", 0), (11, 7)),
        (("spec", "ingress", 0, "from", 0, "podSelector", "matchLabels", "app"), (13, 16)),
        (("spec", "ingress", 0, "ports", 1), (14, 25)),
        (("spec", "ingress", 0, "ports", 1, "port"), (14, 32)),
        (("spec", "ingress", 1), (16, 5)),
        (("spec", "ingress", 1, "from"), (16, 11)),
        (("spec", "ingress", 2, "from", 0, "podSelector", "matchLabels"), (18, 34)),
        (("spec", "ingress", 2, "from", 0, "podSelector", "matchLabels", "app"), (13, 16)),
        (("spec", "ingress", 2, "from", 1, "podSelector", "matchLabels", "app"), (13, 16)),
        (("spec", "ingress", 2, "from", 1, "podSelector", "matchLabels", "other"), (22, 18)),
        (("spec", "egress", 0), (24, 7)),
        (("spec", "ingress", 9), (10, 3)),
        (("spec", "absent", "deep"), (8, 3)),
        (("status",), (2, 1)),
    ],
)
def test_yaml(pointer: tuple[str | int, ...], expected: tuple[int, int]) -> None:
    assert at(reading(YAML), 0, *pointer) == expected
    assert at(reading(YAML.replace("\n", "\r\n")), 0, *pointer) == expected
    # the same behind a broken document, where the file is read part by part
    line, column = expected
    behind = reading(f"a: [\n---\n{YAML}")
    assert at(behind, 0, *pointer) == (line + 2, column)


def test_the_second_document_and_keys_that_are_no_strings() -> None:
    found = reading(YAML)
    assert at(found, 1) == (27, 1)
    assert at(found, 1, "1") == (29, 4)
    assert at(found, 1, "true") == (30, 7)


def test_a_document_beside_its_separator() -> None:
    found = reading('--- {apiVersion: v1, kind: A}\n--- # x\n{"apiVersion": "v1",\n "kind": "B"}\n')
    assert at(found, 0, "kind") == (1, 28)
    assert at(found, 1, "kind") == (4, 10)


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_json(indent: int | None) -> None:
    value: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": 'a"b\\', "é": {"x": 1}, "labels": {"a": "}"}},
        "list": [1, [2, {"deep": True}], "]", None, -1.5e3],
    }
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    found = reading("\n\n" + text + "\n")
    for pointer in [
        (),
        ("kind",),
        ("metadata",),
        ("metadata", "é", "x"),
        ("metadata", "labels", "a"),
        ("list", 0),
        ("list", 1, 1, "deep"),
        ("list", 2),
        ("list", 4),
    ]:
        expected: Any = value
        for step in pointer:
            expected = expected[step]
        position = found.texts.position(Place(file="-"), pointer)
        assert position is not None
        rest = "\n".join(found.texts.lines("-")[position.line - 1 :])[position.column - 1 :]
        decoded, _ = json.JSONDecoder().raw_decode(rest)
        assert decoded == expected
    assert at(found, 0, "list", 9) == at(found, 0, "list")
    assert at(found, 0, "absent", 0) == at(found, 0)


def test_items_of_a_json_list() -> None:
    items = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "same", "n": i // 2}} for i in range(6)]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "metadata": {"items": items}, "items": items}, indent=2)
    found = reading(text)
    lines = text.split("\n")
    starts = [number for number, line in enumerate(lines, 1) if line == "    {"][-6:]
    for document, start in zip(found.documents, starts, strict=True):
        assert document.place is not None
        position = found.texts.position(document.place)
        assert position is not None
        assert (position.line, position.column) == (start, 5)
        inner = found.texts.position(document.place, ("metadata", "n"))
        assert inner is not None
        assert lines[inner.line - 1][inner.column - 1 :] == str(document.tree()["metadata"]["n"])


@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_items_of_a_yaml_list(indent: str, end: str) -> None:
    item = "- apiVersion: v1\n  kind: Pod\n  metadata:\n    name: NAME\n    note: |\n      - apiVersion\n"
    item += "    labels: LABELS\n"
    items = item.replace("NAME", "a").replace("LABELS", "&l {x: y}") + item.replace("NAME", "b").replace("LABELS", "*l")
    items += "-\n" + item.replace("NAME", "c").replace("LABELS", "{z: w}").replace("- ", "  ", 1)
    body = "".join(f"{indent}{line}\n" for line in items.splitlines())
    text = f"---\nitems:\n{body}kind: List\napiVersion: v1\nmetadata: {{}}\n---\napiVersion: v1\nkind: Last\n"
    text = text.replace("\n", end)
    found = reading(text)
    places = [document.place for document in found.documents]
    assert [place.item if place else () for place in places] == [("items", 0), ("items", 1), ("items", 2), ()]
    expected = {
        ("metadata", "name"): [(6, 11), (13, 11), (21, 11)],
        (): [(3, 3), (10, 3), (18, 3)],
        ("metadata", "labels"): [(9, 13), (16, 13), (24, 13)],
        ("metadata", "labels", "x"): [(9, 20), (9, 20), (24, 13)],
    }
    for pointer, positions in expected.items():
        for place, (line, column) in zip(places[:3], positions, strict=True):
            assert place is not None
            position = found.texts.position(place, pointer)
            assert position is not None
            assert (position.line, position.column - len(indent)) == (line, column), (pointer, place)


def test_the_last_of_two_keys_is_cited() -> None:
    assert at(reading("apiVersion: v1\nkind: A\nkind: B\n"), 0, "kind") == (3, 7)
    assert at(reading('{"apiVersion": "v1", "kind": "A",\n"kind": "B"}'), 0, "kind") == (2, 9)


def test_lines_and_unknown_places() -> None:
    found = reading("apiVersion: v1\r\nkind: A\r\n")
    assert found.texts.lines("-") == ["apiVersion: v1", "kind: A", ""]
    assert found.texts.lines("nowhere") == []
    assert found.texts.position(Place(file="-", document=7)) is None
    assert found.texts.position(Place(file="nowhere")) is None
