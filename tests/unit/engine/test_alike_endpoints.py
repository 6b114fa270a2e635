"""Endpoints behind a Service that no rule tells apart are ends like any other."""

from __future__ import annotations

from pathlib import Path

import netwright as nw
from netwright.sources.configuration import read_intents

SHOP = """\
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: x}}, spec: {containers: [{name: c, image: c:1}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: x}}, spec: {containers: [{name: c, image: c:1}]}}
---
apiVersion: v1
kind: Service
metadata: {name: s}
spec: {type: NodePort, selector: {app: x}, ports: [{port: 80, nodePort: 30080}]}
"""
INTENT = "- {name: b stays in, deny: {from: internet, to: pod/default/b}}\n"


def test_every_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    twin = nw.load(str(tmp_path / "shop.yaml"))
    (row,) = twin.exposed()
    assert row.workload == "pod/default/a, pod/default/b"
    assert twin.why("internet", "svc/default/s:80").translation == ("pod/default/a:80", "pod/default/b:80")
    told = [f.workloads for f in twin.check().findings if f.code == "NW3101"]
    assert told == [("pod/default/a",), ("pod/default/b",)]


def test_an_intent_about_one_of_them_is_broken_by_the_way_in(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(SHOP, encoding="utf-8")
    (tmp_path / "intents.yaml").write_text(INTENT, encoding="utf-8")
    intents = read_intents(str(tmp_path / "intents.yaml"))
    (found,) = nw.load(str(tmp_path / "shop.yaml")).check(intents=intents).intents
    assert found.verdict == "broken"
