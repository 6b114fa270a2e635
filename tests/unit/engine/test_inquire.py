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


PARTS = """
    apiVersion: v1
    kind: Pod
    metadata:
      name: web-%s
      namespace: shop
      labels: {app: web, color: %s, size: %s}
      ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}]
    spec: {containers: [{name: c}]}
"""
CUT = """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: cut, namespace: shop}
    spec:
      podSelector: {matchLabels: {color: blue, size: s}}
      policyTypes: [Ingress]
      ingress: [{from: [{podSelector: {matchExpressions: [{key: size, operator: In, values: [s, m]}]}}]}]
"""


def test_pods_of_one_owner_are_called_by_what_tells_them_apart(tmp_path: Path) -> None:
    kinds = [("blue", "s"), ("blue", "m"), ("red", "s"), ("red", "m")]
    twin = loaded(tmp_path, "\n    ---".join([*(PARTS % (i, *kind) for i, kind in enumerate(kinds)), CUT]))
    refs = [f"rs/shop/web{{color={color},size={size}}}" for color, size in kinds]
    found = [r for r in twin.reach().ends[4].refs if r.startswith("rs/")]
    assert sorted(found) == sorted(refs)
    for i, ref in enumerate(refs):
        assert twin.inquirer.directory.resolve(ref).rows == (i,)
    assert twin.why(refs[1], f"{refs[0]}:80", changes=False).verdict == "allow"
    assert twin.why("203.0.113.7", f"{refs[0]}:80", changes=False).verdict == "deny"


def test_an_identity_is_asked_about_by_its_number(tmp_path: Path) -> None:
    twin = loaded(
        tmp_path, "\n    ---".join([PARTS % (0, "blue", "s"), PARTS % (1, "blue", "s"), PARTS % (2, "red", "m"), CUT])
    )
    found = [twin.inquirer.directory.resolve(f"identity/{n}").rows for n in range(twin.network.identities.count)]
    assert sorted(found) == [(0, 1), (2,)]
    with pytest.raises(nw.UsageError, match="no identity `2` in the input"):
        twin.why("identity/2", "shop/web-0:80")


@pytest.mark.parametrize(
    ("block", "verdict"), [("10.0.0.0/8", "undecided"), ("0.0.0.0/0", "undecided"), ('"::/0"', "undecided")]
)
def test_a_name_outside_may_have_any_address(tmp_path: Path, block: str, verdict: str) -> None:
    twin = loaded(tmp_path, DUAL % block)
    [answer] = twin.eval([{"from": "fqdn/db.example.com", "to": "shop/web-1", "port": 80}])
    assert answer.verdict == verdict
    parts = twin.why("fqdn/db.example.com", "shop/web-1:80", changes=False).parts
    assert not any(" except " in p.source and "fqdn" in p.source for p in parts)  # a name is not a set of addresses
    assert [(u.kind, u.reason) for u in answer.undecided] == [
        ("depends", "which addresses `db.example.com` has is not in the input")
    ]


def test_a_name_outside_where_every_address_has_the_same_verdict(tmp_path: Path) -> None:
    twin = loaded(tmp_path, DUAL % "10.0.0.0/8")
    [answer] = twin.eval([{"from": "shop/web-1", "to": "fqdn/db.example.com", "port": 443}])
    assert (answer.verdict, answer.undecided) == ("allow", ())
    closed = DUAL.replace("policyTypes: [Ingress]", "policyTypes: [Egress]").partition("ingress:")[0]
    twin = loaded(tmp_path, closed)
    [answer] = twin.eval([{"from": "shop/web-1", "to": "fqdn/db.example.com", "port": 443}])
    assert (answer.verdict, answer.undecided) == ("deny", ())
    assert twin.why("shop/web-1", "fqdn/db.example.com:443", changes=False).verdict == "deny"
    with pytest.raises(nw.UsageError, match="which addresses it has is not in the input"):
        twin.reach(destination="fqdn/db.example.com")
    with pytest.raises(nw.UsageError, match="which addresses it has is not in the input"):
        twin.show("endpoints", references=["fqdn/db.example.com"])


def test_an_address_of_a_service_is_the_service(tmp_path: Path) -> None:
    addresses = "type: LoadBalancer, clusterIP: 10.96.0.9, externalIPs: [198.51.100.9], internalTrafficPolicy: Local"
    text = NODES.replace("internalTrafficPolicy: Local", addresses)
    twin = loaded(tmp_path, text % ("nodeName: n1,", "nodeName: n2,"))
    verdicts = {}
    for to in ("svc/shop/agent", "10.96.0.9", "198.51.100.9"):
        [answer] = twin.eval([{"from": "shop/client", "to": to, "port": 80, "family": 4}])
        assert twin.why("shop/client", f"{to}:80", family=4, changes=False).verdict == answer.verdict
        verdicts[to] = answer.verdict
    # what is asked for by an external address is not kept on the client's node
    assert verdicts == {"svc/shop/agent": "deny", "10.96.0.9": "deny", "198.51.100.9": "allow"}
