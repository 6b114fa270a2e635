"""Every verb answers of a snapshot what it answers of the source, as JSON and as text, but for the provenance."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import netwright as nw
from netwright.cli.main import run
from netwright.store.files import Folder
from netwright.store.taking import take
from tests.laws.test_redacting import LANGUAGES, cases

NOUNS = ("kinds", "policies", "endpoints", "exposed", "isolation", "vms", "nics", "networks", "subnets")
Ask = Callable[..., tuple[int, str]]
COMMENTED = """\
apiVersion: v1
kind: Service   # entered from everywhere
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  # between lines
  selector: {app: wep}  # no such pods
  ports:
  - port: 80  # the shop's
    targetPort: 99999
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec:
  selector: {app: wep}  # nor these
  ports: [{port: 80}]
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  containers:
  - name: c
    env: [{name: PASSWORD, value: hidden}]  # not kept
    ports: [{containerPort: 70000}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}  # who wrote this
spec:
  # all of them
  podSelector: {matchLabels: {app: nobody}}  # a slip
  ingress: []
"""


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ask:
    monkeypatch.setenv("NETWRIGHT_STORE", str(tmp_path / "store"))

    def asked(*arguments: str) -> tuple[int, str]:
        capfd.readouterr()
        return run(arguments), capfd.readouterr().out

    return asked


def told(ask: Ask, verb: list[str], source: str) -> tuple[int, Any]:
    """An answer without what it says of its source and its time."""
    code, out = ask(*(source if part == "SOURCE" else part for part in verb))
    if "json" in verb:
        return code, {key: value for key, value in json.loads(out).items() if key != "inputs"}
    return code, [re.sub(r"[\d.]+ s( ·( exit|$)|$)", "exit", line) for line in out.splitlines()]


def verbs(queries: Path, *ends: str) -> list[list[str]]:
    asked = [["check", "SOURCE"], ["reach", "SOURCE"], ["reach", "SOURCE", "--form", "classes"]]
    asked += [["show", noun, "SOURCE"] for noun in NOUNS]
    if len(ends) > 1:
        asked += [["why", ends[0], f"{ends[1]}:80", "-f", "SOURCE"], ["why", ends[1], f"{ends[0]}:80", "-f", "SOURCE"]]
    both = [[*verb, *more] for verb in asked for more in ([], ["-o", "json"]) if "classes" not in verb or more]
    return [*both, ["eval", "SOURCE", "--queries", str(queries)]]


def same(ask: Ask, tmp_path: Path, source: Path, **options: Any) -> None:
    twin = nw.load(str(source), **options)
    ends = [row.ref for row in twin.show("endpoints").rows if row.ref.startswith("pod/")][:2]
    queries = tmp_path / "queries.jsonl"
    queries.write_text("".join(json.dumps({"from": a, "to": b, "port": 80}) + "\n" for a in ends for b in ends))
    store = Folder(str(tmp_path / "store"))
    taken = take(
        store, twin.snapshot.reading, twin.snapshot.objects, twin.provenance, cni=twin.cni, pod_cidrs=twin.pod_cidrs
    )
    given = [*(["--cni", options["cni"]] if options.get("cni") else [])]
    given += [part for cidr in options.get("pod_cidr", ()) for part in ("--pod-cidr", cidr)]
    for verb in verbs(queries, *ends):
        if verb[0] == "eval" and not ends:
            continue
        here = told(ask, [*verb, *given], str(source))
        there = told(ask, [*verb, *given], f"snapshot:{taken}")
        assert here[0] == there[0], verb
        apart = [pair for pair in zip(here[1], there[1], strict=False) if pair[0] != pair[1]]
        assert here == there, (verb, apart[:5])


def test_the_example(ask: Ask, tmp_path: Path, root: Path) -> None:
    same(ask, tmp_path, root / "examples" / "shop")


def test_what_is_refused_and_what_has_comments(ask: Ask, tmp_path: Path) -> None:
    source = tmp_path / "all.yaml"
    source.write_text(COMMENTED)
    same(ask, tmp_path, source)


@pytest.mark.parametrize("language", LANGUAGES)
def test_random_clusters(ask: Ask, tmp_path: Path, seed: int, language: str) -> None:
    manifests, _, options = cases(language, seed % 100_000)
    source = tmp_path / "all.yaml"
    source.write_text("---\n".join(yaml.safe_dump(one) for one in manifests))
    same(ask, tmp_path, source, **options)
