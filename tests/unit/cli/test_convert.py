"""`convert` on the command line: documents that read back, what is said beside them, exit codes, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.render.manifest_yaml import document
from tests.docs.json_schema import faults

TO = ("--to", "clusternetworkpolicy")
POLICY = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {{name: {name}, annotations: {{note: "yes", "on": "1.5", text: 'a: b # "c" é ☃'}}}}
spec:
  priority: {priority}
  subject: {{namespaces: {{}}}}
  {side}:
    - {{action: {action}, from: [{{namespaces: {{matchLabels: {{team: "007"}}}}}}]}}
"""
TEAM = """\
{apiVersion: v1, kind: Namespace, metadata: {name: a, labels: {team: "007"}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: a}, spec: {containers: [{name: c, image: c}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: q, namespace: a}, spec: {containers: [{name: c, image: c}]}}
"""


def policy(name: str, priority: int, action: str, side: str = "ingress") -> str:
    return POLICY.format(name=name, priority=priority, action=action, side=side)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "team.yaml").write_text(TEAM, encoding="utf-8")
    (tmp_path / "one.yaml").write_text(policy("one", 3, "Deny"), encoding="utf-8")
    return tmp_path


def test_documents_read_back_as_what_was_proven(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "two.yaml").write_text(policy("two", 4, "Allow"), encoding="utf-8")
    assert run(["convert", ".", *TO]) == 0
    out, err = capfd.readouterr()
    assert err.startswith("equal in every cluster")
    assert "2 rules: 2 converted, 0 with residue, 0 refused" in err
    found = nw.load(".").convert("clusternetworkpolicy")
    (folder / "after").mkdir()
    (folder / "after/policies.yaml").write_text(out, encoding="utf-8")
    read = [d.tree() for d in nw.load("after").snapshot.reading.documents]
    assert read == [one.object for one in found.objects]
    assert nw.load("after", "team.yaml").diff(nw.load("one.yaml", "two.yaml", "team.yaml")).is_empty


WORDS = [
    "yes",
    "No",
    "null",
    "~",
    "1",
    "1.5",
    "0x1",
    "1_000",
    "12:30",
    "-",
    "- a",
    "a: b",
    "a #b",
    "#",
    "",
    " a",
    "é☃",
    "'",
    '"',
]
WORDS += [
    "\\",
    "\n",
    "\t\x00\x1b",
    "\x85\u2028",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a",
    "{a",
    "[a",
    "a,b",
    "?",
    "=",
    "<<",
    "2026-01-02",
    "y",
    "off",
]
WORDS += [".inf", "e1", "1e3", "plain", "a/b.c_d-1", "|", ">", "\ud7ff\U0001f600"]


def test_any_text_reads_back(folder: Path) -> None:
    value: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "annotations": {word: word for word in WORDS}},
        "list": [*WORDS, 1, True, None, [], {}, [["a"]], {"a": [{"b": {}, "c": [1]}]}],
    }
    (folder / "text.yaml").write_text("\n".join(document(value)) + "\n", encoding="utf-8")
    (read,) = nw.load("text.yaml").snapshot.reading.documents
    assert read.tree() == value


@pytest.mark.parametrize(
    ("texts", "code", "said"),
    [
        ([policy("two", 3, "Allow")], 4, "`two` first"),
        ([policy("two", 3, "Allow", side="egress")], 3, "the API server would refuse them: AdminNetworkPolicy two"),
        ([policy("two", 3, "Deny").replace('namespaces: {matchLabels: {team: "007"}}', "services: {}")], 1, "refused"),
        ([], 0, "equal in every cluster"),
    ],
)
def test_exit_codes(folder: Path, capfd: pytest.CaptureFixture[str], texts: list[str], code: int, said: str) -> None:
    for number, text in enumerate(texts):
        (folder / f"more-{number}.yaml").write_text(text, encoding="utf-8")
    assert run(["convert", ".", *TO, "-o", "text"]) == code
    assert said in capfd.readouterr().out
    assert run(["convert", ".", *TO, "-o", "json"]) == code
    answer = json.loads(capfd.readouterr().out)
    root = Path(__file__).parents[3]
    schema = json.loads((root / "docs/schemas/convert.v1.json").read_text(encoding="utf-8"))
    assert list(faults(answer, schema)) == []
    assert bool(answer["exit_reasons"]) == bool(code)


def test_quiet_says_nothing_of_what_is_proven(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", ".", *TO, "-q"]) == 0
    assert capfd.readouterr().err == ""
    (folder / "two.yaml").write_text(policy("two", 3, "Allow"), encoding="utf-8")
    assert run(["convert", ".", *TO, "-q"]) == 4
    assert "tie" in capfd.readouterr().err


def test_files_are_not_overwritten(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", "one.yaml", *TO, "--out", "out.yaml"]) == 0
    text = (folder / "out.yaml").read_text(encoding="utf-8")
    assert text.startswith("# AdminNetworkPolicy one, one.yaml:1:1\napiVersion: policy.networking.k8s.io/v1alpha2\n")
    assert capfd.readouterr().out == ""
    assert run(["convert", "one.yaml", *TO, "--out", "out.yaml"]) == 2


def test_without_a_language_it_is_wrong_use(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", "."]) == 2
    assert "clusternetworkpolicy" in capfd.readouterr().err


def test_exit_code_4_with_a_proof_says_that_a_choice_is_left(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "two.yaml").write_text(policy("two", 3, "Allow"), encoding="utf-8")
    assert run(["convert", ".", *TO, "-o", "text"]) == 4
    told = " ".join(capfd.readouterr().out.split())
    assert told.startswith("equal in ")
    assert told.endswith("exit 4: undecided; a choice is left to you")
    assert run(["convert", "one.yaml", "team.yaml", *TO, "-o", "text"]) == 0
    assert "a choice" not in capfd.readouterr().out


@pytest.mark.parametrize(
    ("language", "kinds"),
    [
        ("networkpolicy", "CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy of cilium.io"),
        ("networkpolicy+clusternetworkpolicy", "CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy of cilium.io"),
        ("cilium", "NetworkPolicy, GlobalNetworkPolicy of projectcalico.org"),
        ("clusternetworkpolicy", "AdminNetworkPolicy, BaselineAdminNetworkPolicy of policy.networking.k8s.io"),
    ],
)
def test_where_nothing_is_converted_it_is_said_of_what_that_would_be(
    folder: Path, capfd: pytest.CaptureFixture[str], language: str, kinds: str
) -> None:
    assert run(["convert", "team.yaml", "--to", language, "-o", "text"]) == 0
    told = " ".join(capfd.readouterr().out.split())
    assert told.startswith(f"nothing to convert: the input holds none of what `--to {language}` converts: {kinds} ")
