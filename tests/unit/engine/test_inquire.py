"""Questions about named ends: who a part stands for, and where a Service leads from where."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Literal

import pytest

import netwright as nw

DUAL = """
    apiVersion: v1
    kind: Pod
    metadata: {name: web-1, namespace: shop, labels: {app: web}}
    spec: {containers: [{name: c}]}
    status: {podIP: 10.244.0.5, podIPs: [{ip: 10.244.0.5}, {ip: "fd00:244::5"}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: other, namespace: shop, labels: {app: other}}
    spec: {containers: [{name: c}]}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: web, namespace: shop}
    spec:
      podSelector: {matchLabels: {app: web}}
      policyTypes: [Ingress]
      ingress:
        - from: [{ipBlock: {cidr: %s}}]
"""


def loaded(tmp_path: Path, text: str) -> nw.Twin:
    (tmp_path / "all.yaml").write_text(dedent(text), encoding="utf-8")
    return nw.load(str(tmp_path))


@pytest.mark.parametrize(
    ("block", "sources"),
    [
        ("192.168.0.0/16", {4: {"internet"}, 6: {"internet"}}),
        ("203.0.113.0/24", {4: {"203.0.113.0/24", "internet except 203.0.113.0/24"}, 6: {"internet"}}),
        ('"2001:db8::/32"', {4: {"internet"}, 6: {"2001:db8::/32", "internet except 2001:db8::/32"}}),
    ],
)
def test_the_parts_of_two_families_name_their_own_addresses(
    tmp_path: Path, block: str, sources: dict[Literal[4, 6], set[str]]
) -> None:
    twin = loaded(tmp_path, DUAL % block)
    both = twin.why("internet", "shop/web-1:80", changes=False)
    families: tuple[Literal[4, 6], ...] = (4, 6)
    for family in families:
        alone = twin.why("internet", "shop/web-1:80", family=family, changes=False)
        found = {p.source for p in both.parts if p.family == family}
        assert found == {p.source for p in alone.parts} == sources[family]


NODES = """
    apiVersion: v1
    kind: Pod
    metadata: {name: client, namespace: shop, labels: {app: client}}
    spec: {%s containers: [{name: c}]}
    ---
    apiVersion: v1
    kind: Pod
    metadata: {name: agent, namespace: shop, labels: {app: agent}}
    spec: {%s containers: [{name: c}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: agent, namespace: shop}
    spec: {internalTrafficPolicy: Local, selector: {app: agent}, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(
    ("client", "agent", "verdict", "told"),
    [
        ("nodeName: n1,", "nodeName: n1,", "allow", ""),
        ("nodeName: n1,", "nodeName: n2,", "deny", "no endpoint on n1, so connections from there are dropped"),
        ("", "nodeName: n2,", "undecided", ""),
        ("nodeName: n1,", "", "undecided", ""),
        ("", "", "undecided", ""),
    ],
)
def test_a_service_of_the_clients_own_node(tmp_path: Path, client: str, agent: str, verdict: str, told: str) -> None:
    twin = loaded(tmp_path, NODES % (client, agent))
    [answer] = twin.eval([{"from": "shop/client", "to": "svc/shop/agent", "port": 80, "family": 4}])
    assert answer.verdict == verdict
    assert told in answer.note
    assert [u.kind for u in answer.undecided] == (["unknown"] if verdict == "undecided" else [])
    assert all("internalTrafficPolicy Local" in u.reason for u in answer.undecided)
    explained = twin.why("shop/client", "svc/shop/agent:80", family=4, changes=False)
    assert (explained.verdict, explained.note) == (verdict, answer.note)
