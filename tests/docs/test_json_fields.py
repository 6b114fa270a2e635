"""Every field of the answers says what it is, in the schemas and on the page of fields, and from one room."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERBS = ("check", "diff", "eval", "reach", "show", "why")


def _schema(verb: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "schemas" / f"{verb}.v1.json").read_text(encoding="utf-8"))
    return found


def _fields(node: Any, path: str = "") -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each field with where it stands and its name."""
    if isinstance(node, list):
        for one in node:
            yield from _fields(one, path)
    elif isinstance(node, dict):
        for name, field in node.get("properties", {}).items():
            yield path, name, field
        for key, value in node.items():
            yield from _fields(value, f"{path}/{key}")


@pytest.mark.parametrize("verb", VERBS)
def test_every_field_says_what_it_is(verb: str) -> None:
    silent = [f"{path}: {name}" for path, name, f in _fields(_schema(verb)) if not {"description", "const"} & f.keys()]
    assert silent == []


def test_every_field_is_on_the_page() -> None:
    page = (ROOT / "docs" / "reference" / "json-fields.md").read_text(encoding="utf-8")
    told = {tuple(line.strip("| ").split(" | ", 1)) for line in page.splitlines() if line.startswith("| `")}
    for verb in VERBS:
        wanted = {
            (f"`{name}`", field["description"]) for _, name, field in _fields(_schema(verb)) if "const" not in field
        }
        assert {(name, text) for name, text in wanted if "|" not in text} - told == set()


def test_nothing_is_said_of_fields_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "docs")
    import json_fields
    import json_schemas

    told: set[tuple[str, str]] = set()
    real = json_fields.says

    def says(of: str, field: str) -> str:
        told.add((of, field) if field in json_fields.OF.get(of, {}) else ("", field))
        return real(of, field)

    monkeypatch.setattr(json_schemas, "says", says)
    json_schemas.all_schemas()
    held = {(of, field) for of, fields in json_fields.OF.items() for field in fields}
    held |= {("", field) for field in json_fields.EVERYWHERE}
    assert held - told == set()
    for name in ("json_fields", "json_schemas"):
        sys.modules.pop(name, None)
