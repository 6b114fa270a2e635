"""Endpoints behind a Service that no rule tells apart are ends like any other."""

from __future__ import annotations

from pathlib import Path

import netwright as nw
from netwright.render.why_text import why_text
from netwright.render.words import Words
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


def shop_of(tmp_path: Path, pods: int) -> nw.Twin:
    """Pods that nothing tells apart, beside one that is isolated, behind one Service."""
    one = (
        "{apiVersion: v1, kind: Pod, metadata: {name: %s, labels: {app: x%s}}, spec: {containers: [{name: c}]}}\n---\n"
    )
    text = "".join(one % (f"p{i}", "") for i in range(pods)) + one % ("shut", ", shut: yes-it-is")
    text += SHOP.rpartition("---\n")[2] + (
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: shut}\n"
        "spec: {podSelector: {matchLabels: {shut: yes-it-is}}, policyTypes: [Ingress]}\n"
    )
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(tmp_path / "shop.yaml"))


def test_some_of_a_group_are_all_named_or_counted(tmp_path: Path) -> None:
    twin = shop_of(tmp_path, 4)
    for to in ("svc/default/s", "ns/default"):
        (answer,) = twin.eval([{"from": "default/p0", "to": to, "port": 80}])
        assert answer.when == tuple(f"from pod/default/p0 to pod/default/p{i}" for i in (1, 2, 3))
        denied, allowed = twin.why("default/p0", f"{to}:80").parts
        assert (denied.more, allowed.more, allowed.more_from, allowed.more_to) == (0, 2, 0, 2)
    (part,) = twin.why("ns/default", "default/shut:80").parts
    assert (part.more, part.more_from, part.more_to) == (3, 3, 0)
    (answer,) = shop_of(tmp_path, 5).eval([{"from": "ns/default", "to": "ns/default", "port": 80}])
    assert "from pod/default/p0 to pod/default/p1 and 19 more alike" in answer.when


def test_further_ends_stand_on_their_own_side(tmp_path: Path) -> None:
    answer = shop_of(tmp_path, 3).why("ns/default", "ns/default:80")
    told = why_text(answer, lambda _: (), Words(width=200), profile="p", last="e")
    assert "DENIED  pod/default/p0 and 2 more → pod/default/shut  TCP 80" in told
