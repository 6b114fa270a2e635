"""What an answer rests on: the account of every input, and how much was left undecided under each reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.model.account import Accounting
from netwright.model.document import Input

POD = "{apiVersion: v1, kind: Pod, metadata: {name: NAME}, spec: {containers: [{name: c, image: c:1}]}}\n"
ALL_FATES = """\
{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}
---
{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, metadata: {name: unread}, spec: {}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: refused},
 spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]}}
---
{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Namespace, metadata: {name: a}},
 {apiVersion: v1, kind: Namespace, metadata: {name: b}}]}
---
kind: ConfigMap
data: [
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pods").mkdir()
    for name in ("a", "b"):
        (tmp_path / f"pods/{name}.yaml").write_text(POD.replace("NAME", name))
    (tmp_path / "fates.yaml").write_text(ALL_FATES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(capfd: pytest.CaptureFixture[str], *arguments: str) -> Any:
    run([*arguments, "-o", "json"])
    return json.loads(capfd.readouterr().out)


def test_every_input_accounts_for_its_documents(folder: Path) -> None:
    twin = nw.load("pods", "fates.yaml", "pods/a.yaml")
    whole = twin.provenance
    assert [(given.source, given.documents) for given in whole.inputs] == [
        ("pods", Accounting(evaluated=2)),
        ("fates.yaml", Accounting(evaluated=2, irrelevant=1, not_understood=1, invalid=1, unreadable=1)),
        ("pods/a.yaml", Accounting()),  # read once, and counted where it was read
    ]
    for number in ("evaluated", "irrelevant", "not_understood", "invalid", "unreadable", "total"):
        assert getattr(whole.documents, number) == sum(getattr(i.documents, number) for i in whole.inputs)
    assert all(isinstance(given, Input) and given.digest.startswith("sha256:") for given in whole.inputs)


@pytest.mark.parametrize(
    "question", [("why", "a", "b:80", "-f", "pods"), ("show", "kinds", "pods"), ("reach", "pods")], ids=" ".join
)
def test_json_says_it_of_every_input(
    folder: Path, capfd: pytest.CaptureFixture[str], question: tuple[str, ...]
) -> None:
    question = tuple(f"default/{word}" if word[0] in "ab" and len(word) < 5 else word for word in question)
    answer = asked(capfd, *question, "-f", "fates.yaml")
    assert [given["documents"]["evaluated"] for given in answer["inputs"]] == [2, 2]
    assert [sum(given["documents"].values()) for given in answer["inputs"]] == [2, 6]
    assert sum(answer["documents"].values()) == 8


def test_undecided_counts_of_why(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer = asked(capfd, "why", "default/a", "default/b:80", "-f", "pods", "-f", "fates.yaml")
    assert answer["verdict"] == "undecided"
    assert [r["reason"] for r in answer["undecided_counts"]] == [r["reason"] for r in answer["reasons"]]
    assert answer["undecided_counts"]
    assert {r["pairs"] for r in answer["undecided_counts"]} == {1}
    assert asked(capfd, "why", "default/a", "default/b:80", "-f", "pods")["undecided_counts"] == []


def test_undecided_counts_of_show(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    def counts(noun: str, *sources: str) -> list[tuple[str, int]]:
        return [(r["reason"], r["rows"]) for r in asked(capfd, "show", noun, *sources)["undecided_counts"]]

    both = ("pods", "fates.yaml")
    assert counts("workloads", *both) == [("FQDNNetworkPolicy is not evaluated and could isolate", 2)]
    assert counts("policies", *both) == [("FQDNNetworkPolicy is not evaluated yet", 1)]
    assert counts("kinds", *both) == []
    assert counts("workloads", "pods") == []


def test_undecided_counts_of_hops(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    question = ("reach", "pods", "fates.yaml", "--from", "default/a", "--hops", "all", "--any-port")
    answer = asked(capfd, *question)
    perhaps = [hop for hop in answer["reached"] if not hop["surely"]]
    assert perhaps
    assert [r["pairs"] for r in answer["undecided_counts"]] == [len(perhaps)]
