"""The data behind the pictures: every connection of `reach`, as ranges, and by namespace beyond the caps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.render.html import network
from netwright.render.html.changes import difference_data, told_of
from netwright.render.html.network import picture

SHOP = "examples/shop"


def members(text: str) -> list[int]:
    spans = [part.partition("-") for part in text.split(",") if part]
    return [i for low, dash, high in spans for i in range(int(low), int(high if dash else low) + 1)]


def pairs(data: dict[str, Any], told: dict[str, Any], layer: str) -> dict[tuple[str, str], str]:
    refs = [end[0] for end in told["ends"]]
    return {
        (refs[source], refs[to]): data["ports"][ports][0]
        for source, groups in told[layer]
        for ports, ends in groups
        for to in members(ends)
    }


def reach(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[tuple[str, str], str]:
    capfd.readouterr()
    assert run(["reach", *arguments, "-q", "-o", "json"]) == 0
    answer = json.loads(capfd.readouterr().out)
    return {(c["from"], c["to"]): c["ports"] for c in answer["connections"]}


def test_the_connections_are_those_of_reach(capfd: pytest.CaptureFixture[str]) -> None:
    made = picture(nw.load(SHOP), ["-f", SHOP])
    (told,) = made.data["families"]
    asked = reach(capfd, SHOP)
    assert pairs(made.data, told, "connected") == asked
    assert made.connections == len(asked) > 100
    assert pairs(made.data, told["folded"], "connected") == reach(capfd, SHOP, "--by", "namespace")
    assert made.undecided_pairs == len(pairs(made.data, told, "open")) == 14
    assert [end[1] for end in told["ends"] if end[0] == "sts/shop/db"] == ["shop"]
    assert {end[2] for end in told["ends"] if end[0].startswith(("internet", "cidr/"))} == {"outside"}


def test_ways_in_lead_to_the_workloads_behind_their_service() -> None:
    data = picture(nw.load(SHOP), []).data
    refs = [end[0] for end in data["families"][0]["ends"]]
    ways = {(w["service"], w["port"], w["via"]): [refs[i] for i in w["to"][0]] for w in data["ways"]}
    assert ways["svc/legacy/orders", 8080, "NodePort"] == ["deploy/legacy/orders"]
    assert ways["svc/shop/web", 80, "Ingress"] == ["deploy/shop/web"]


@pytest.mark.parametrize(("most", "value"), [("MOST_PAIRS", 10), ("MOST_ENDS", 5)])
def test_beyond_the_caps_connections_stand_by_namespace(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], most: str, value: int
) -> None:
    monkeypatch.setattr(network, most, value)
    made = picture(nw.load(SHOP), ["-f", SHOP])
    (told,) = made.data["families"]
    assert made.data["by"] == "namespace"
    assert "deciding" not in told
    assert pairs(made.data, told, "connected") == reach(capfd, SHOP, "--by", "namespace")
    assert ["ns/shop", "shop", "namespace"] in told["ends"]


def test_two_families_stand_apart(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "".join(
            f"{{apiVersion: v1, kind: Pod, metadata: {{name: {n}, namespace: shop}},"
            f" spec: {{containers: [{{name: c, image: x}}]}},"
            f" status: {{phase: Running, podIP: 10.0.0.{i}, podIPs: [{{ip: 10.0.0.{i}}}, {{ip: 'fd00::{i}'}}]}}}}\n"
            "---\n"
            for i, n in enumerate(("web", "db"), 1)
        )
        + "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop},"
        " spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}\n"
    )
    data = picture(nw.load(str(tmp_path)), []).data
    by_family = {told["family"]: pairs(data, told, "connected") for told in data["families"]}
    assert ("pod/shop/web", "pod/shop/db") in by_family[4]
    assert ("pod/shop/web", "pod/shop/db") not in by_family[6]


def test_the_differences_are_those_of_the_answer(tmp_path: Path) -> None:
    for folder, peer in (("before", "web"), ("after", "api")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(
            "".join(
                f"{{apiVersion: v1, kind: Pod, metadata: {{name: {n}, namespace: shop, labels: {{app: {n}}}}},"
                " spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}}\n---\n"
                for n in ("web", "api", "db")
            )
            + "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec:"
            " {podSelector: {matchLabels: {app: db}},"
            f" ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}], ports: [{{port: 80}}]}}]}}}}\n"
        )
    before, after = (nw.load(str(tmp_path / folder)) for folder in ("before", "after"))
    found = after.diff(before)
    data = difference_data(found, told_of(found), ["-f", "before"], ["-f", "after"])
    (told,) = data["families"]
    refs = [end[0] for end in told["ends"]]
    drawn = {
        (g["word"], refs[a], refs[b], g["ports"])
        for g in told["groups"]
        for a in members(g["from"])
        for b in members(g["to"])
    }
    assert drawn == {
        ("opened", "pod/shop/api", "pod/shop/db", "TCP 80"),
        ("closed", "pod/shop/web", "pod/shop/db", "TCP 80"),
    }
    assert [data["causes"][i]["ref"] for i in told["groups"][0]["because"]] == ["NetworkPolicy shop/p"]
    assert data["ports"][told["groups"][0]["ask"]] == ("TCP 80", "TCP", 80)


def test_many_differences_stand_by_namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netwright.render.html.changes.MOST_PAIRS", 1)
    for folder, extra in (("before", ""), ("after", ", policyTypes: [Ingress]")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.yaml").write_text(
            "".join(
                f"{{apiVersion: v1, kind: Pod, metadata: {{name: {n}, namespace: {space}}},"
                " spec: {containers: [{name: c, image: x}]}}\n---\n"
                for space in ("shop", "ops")
                for n in ("web", "api")
            )
            + "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}, spec:"
            f" {{podSelector: {{matchLabels: {{none: there}}}}{extra}}}}}\n---\n"
            + (
                "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: q, namespace: shop},"
                " spec: {podSelector: {}}}\n"
                if extra
                else ""
            )
        )
    before, after = (nw.load(str(tmp_path / folder)) for folder in ("before", "after"))
    found = after.diff(before)
    data = difference_data(found, told_of(found), [], [])
    (told,) = data["families"]
    assert data["by"] == "namespace"
    assert ["ns/ops", "ops", ""] in told["ends"]
    refs = [end[0] for end in told["ends"]]
    drawn = {(refs[a], refs[b]) for g in told["groups"] for a in members(g["from"]) for b in members(g["to"])}
    assert ("ns/ops", "ns/shop") in drawn
    assert ("ns/shop", "ns/ops") not in drawn
