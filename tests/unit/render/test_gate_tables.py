"""`check` and `diff` as CSV, `check` as JSON lines: whole, safe in spreadsheets, described."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from netwright.cli.main import run
from netwright.render.check_csv import FIELDS, check_csv
from netwright.render.diff_csv import FIELDS as DIFF_FIELDS
from netwright.render.escape import plain
from tests.docs.json_schema import faults
from tests.unit.render.findings import HOSTILE, checked, finding, hostile, intent

ROOT = Path(__file__).resolve().parents[3]
SHOP = ROOT / "examples" / "shop"
FORMULA = tuple("=+-@|%")


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines(), strict=True))


@pytest.mark.parametrize("name", [*HOSTILE, '"x",y;', "+1", "-1", "%x", "＝1"])
def test_no_cell_is_a_formula(name: str) -> None:
    head, row = rows("\r\n".join(check_csv(checked(hostile(name)))))
    assert head == list(FIELDS)
    assert len(row) == len(head)
    assert not [cell for cell in row if cell.lstrip(" '\"").startswith(FORMULA) and not cell.startswith("'")]
    assert row[head.index("name")].removeprefix("'") == plain(name)


def test_a_row_a_finding_with_every_field(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(SHOP), "-o", "json"]) == 0
    found = json.loads(capfd.readouterr().out)["findings"]
    assert run(["check", str(SHOP), "-o", "csv"]) == 0
    head, *body = rows(capfd.readouterr().out)
    assert len(body) == len(found)
    assert set(head) | {"label", "also"} == set(found[0]), "every field"
    for row, one in zip(body, found, strict=True):
        told = dict(zip(head, row, strict=True))
        assert told["title"] == one["title"]
        assert int(told["line"]) == one["line"]
        assert told["workloads"] == "; ".join(one["workloads"])


def test_intents_that_do_not_hold_are_rows() -> None:
    found = checked(finding(severity="warning"), intents=(intent("broken"), intent("holds")))
    head, *body = rows("\r\n".join(check_csv(found)))
    assert [row[head.index("code")] for row in body] == ["intent", "NW2201"]


def test_where_there_is_no_line_there_is_no_number() -> None:
    head, row = rows("\r\n".join(check_csv(checked(finding(line=0, column=0, file="")))))
    assert row[head.index("line")] == row[head.index("column")] == ""


def test_json_lines_are_the_findings(capfd: pytest.CaptureFixture[str]) -> None:
    schema = json.loads((ROOT / "docs/schemas/check.v1.json").read_text(encoding="utf-8"))
    run(["check", str(SHOP), "-o", "json"])
    found = json.loads(capfd.readouterr().out)["findings"]
    run(["check", str(SHOP), "-o", "jsonl"])
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert lines == found
    for line in lines:
        assert list(faults(line, {"$ref": "#/$defs/Finding"}, schema)) == []


def test_intents_are_json_lines_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    schema = json.loads((ROOT / "docs/schemas/check.v1.json").read_text(encoding="utf-8"))
    monkeypatch.chdir(tmp_path)
    Path("intents.yaml").write_text("intents:\n  - {name: one, deny: {from: shop/web, to: shop/db}}\n")
    assert run(["check", str(SHOP), "--intents", "intents.yaml", "-o", "jsonl"]) == 0
    last = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert last["verdict"] == "holds"
    assert list(faults(last, {"$ref": "#/$defs/IntentAnswer"}, schema)) == []


def test_a_row_a_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop").symlink_to(SHOP)
    less = ["shop/cluster", "shop/shop", "shop/kube-system"]
    whole, part = Path("whole.yaml"), Path("part.yaml")
    texts = [p.read_text() for folder in less for p in sorted(Path(folder).glob("*.yaml"))]
    whole.write_text("\n---\n".join(texts))
    part.write_text("\n---\n".join(t for t in texts if "name: default-deny" not in t))
    assert run(["diff", "whole.yaml", "part.yaml", "-o", "json"]) == 1
    found = json.loads(capfd.readouterr().out)
    assert run(["diff", "whole.yaml", "part.yaml", "-o", "csv"]) == 1
    head, *body = rows(capfd.readouterr().out)
    assert head == list(DIFF_FIELDS)
    assert len(body) == sum(len(found[n]) for n in ("exposed", "opened", "closed", "changed", "undecided"))
    assert {r[0] for r in body} >= {"opened"}
    opened = {(r[1], r[2], r[head.index("opened")]) for r in body if r[0] == "opened"}
    assert opened == {(m["from"], m["to"], m["opened"]) for m in found["opened"]}
