"""`eval`: the JSON that scripts read, and what it says of groups, families and unknowns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

import netwright as nw
from netwright.base.errors import UnknownReference, UsageError

POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: db}
  ingress:
    - from:
        - podSelector:
            matchLabels: {app: web}
      ports:
        - port: 5432
    - from:
        - ipBlock: {cidr: 10.244.0.0/24}
      ports:
        - port: 9000
"""


def pod(name: str, ip: str = "", **labels: str) -> str:
    status = f", status: {{podIPs: [{{ip: {ip}}}]}}" if ip else ""
    ports = "ports: [{name: pg, containerPort: 5432}]"
    return (
        f"---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: shop, labels: {json.dumps(labels)}}}, "
        f"spec: {{containers: [{{name: c, image: i, {ports}}}]}}{status}}}\n"
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "pods.yaml").write_text(
        pod("web", app="web") + pod("db", app="db") + pod("api", app="api"), encoding="utf-8"
    )
    return tmp_path


def ask(folder: Path, pod_cidr: str = "", **query: Any) -> dict[str, Any]:
    twin = nw.load(str(folder), pod_cidr=[pod_cidr] if pod_cidr else ())
    [answer] = twin.eval([{k.rstrip("_"): v for k, v in query.items()}])
    found: dict[str, Any] = json.loads(msgspec.json.encode(answer))
    return found


def test_an_allow_names_its_rule(folder: Path) -> None:
    answer = ask(folder, from_="shop/web", to="shop/db", protocol="TCP", port=5432)
    assert (answer["from"], answer["to"], answer["port"], answer["verdict"]) == ("shop/web", "shop/db", 5432, "allow")
    assert answer["by"] == [
        {
            "direction": "ingress",
            "kind": "NetworkPolicy",
            "namespace": "shop",
            "name": "db",
            "rule": 0,
            "path": "spec.ingress[0]",
            "action": "allow",
            "file": str(folder / "policy.yaml"),
            "line": 10,
            "column": 7,
        }
    ]


def test_a_denial_names_the_isolation(folder: Path) -> None:
    answer = ask(folder, from_="shop/api", to="shop/db", port=5432)
    assert answer["verdict"] == "deny"
    [by] = answer["by"]
    assert (by["rule"], by["action"], by["path"], by["line"]) == (None, "deny", "spec.podSelector", 8)
    assert set(by) == {"direction", "kind", "namespace", "name", "rule", "path", "action", "file", "line", "column"}


def test_where_nothing_isolates_nothing_decides(folder: Path) -> None:
    answer = ask(folder, from_="shop/db", to="shop/web", port=80)
    assert answer["verdict"] == "allow"
    assert answer["by"] == []


def test_the_port_may_be_named(folder: Path) -> None:
    assert ask(folder, from_="shop/web", to="shop/db", port="pg")["verdict"] == "allow"
    with pytest.raises(UsageError, match="has no TCP port named `nope`"):
        ask(folder, from_="shop/web", to="shop/db", port="nope")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"port": ""}, "is empty"),
        ({"port": "9" * 5000}, "is not a port"),
        ({"port": 10**4200}, "is not a port"),
        ({"port": "65536"}, "is not a port"),
        ({"port": 80, "protocol": "ICMP"}, "ICMP has no ports"),
        ({"port": "", "protocol": "ICMP"}, "ICMP has no ports"),
        ({"port": 80, "protocol": "\u017fCTP"}, "is not a protocol"),
        ({"port": 80, "protocol": "9" * 5000}, "is not a protocol"),
    ],
)
def test_ports_and_protocols_that_are_none(folder: Path, fields: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        ask(folder, from_="shop/web", to="shop/db", **fields)
    assert len(raised.value.message) < 120


def test_an_unknown_address_leaves_it_open_and_the_flag_settles_it(folder: Path) -> None:
    answer = ask(folder, from_="shop/api", to="shop/db", port=9000)
    assert answer["verdict"] == "undecided"
    [why] = answer["undecided"]
    assert why["kind"] == "unknown"
    assert "`--pod-cidr`" in why["reason"]
    assert {(b["rule"], b["action"]) for b in answer["by"]} == {(1, "allow"), (None, "deny")}
    assert ask(folder, "10.244.0.0/25", from_="shop/api", to="shop/db", port=9000)["verdict"] == "allow"
    assert ask(folder, "10.244.1.0/24", from_="shop/api", to="shop/db", port=9000)["verdict"] == "deny"


def test_icmp_is_left_open_by_the_documents(folder: Path) -> None:
    answer = ask(folder, from_="shop/web", to="shop/db", protocol="ICMP")
    assert [u["kind"] for u in answer["undecided"]] == ["ambiguous"]
    assert (
        ask(folder, from_="shop/db", to="shop/web", protocol="ICMP", icmp={"type": 3, "code": 1})["verdict"] == "allow"
    )


def test_a_service_is_asked_at_its_port_and_judged_at_its_target(folder: Path) -> None:
    service: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "db", "namespace": "shop"}}
    ports = [{"name": "a", "port": 80, "targetPort": "pg"}, {"name": "b", "port": 81, "targetPort": 81}]
    service["spec"] = {"selector": {"app": "db"}, "ports": ports}
    (folder / "service.json").write_text(json.dumps(service), encoding="utf-8")
    assert ask(folder, from_="shop/web", to="svc/shop/db", port=80)["verdict"] == "allow"
    assert ask(folder, from_="shop/web", to="svc/shop/db", port=81)["verdict"] == "deny"
    answer = ask(folder, from_="shop/web", to="svc/shop/db", port=5432)
    assert answer["verdict"] == "deny"
    assert "its ports: TCP 80, TCP 81" in answer["note"]


def test_some_of_a_group(folder: Path) -> None:
    labels = ({"app": "web"}, {"app": "old"})
    owner = "{apiVersion: apps/v1, kind: StatefulSet, name: mixed, uid: u, controller: true}"
    owned = f"namespace: shop, ownerReferences: [{owner}]"
    pods = "".join(pod(f"web-{i}", **one).replace("namespace: shop", owned) for i, one in enumerate(labels))
    (folder / "mixed.yaml").write_text(pods, encoding="utf-8")
    answer = ask(folder, from_="sts/shop/mixed", to="shop/db", port=5432)
    assert (answer["verdict"], answer["groups"]) == ("allow", "some")
    assert answer["when"] == ["from pod/shop/web-0 to pod/shop/db"]


def test_families_that_differ(tmp_path: Path) -> None:
    dual = pod("web", app="web").replace("}\n", ", status: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}}\n")
    target = pod("db", app="db").replace("}\n", ", status: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}}\n")
    (tmp_path / "pods.yaml").write_text(dual + target, encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY.replace("10.244.0.0/24", "0.0.0.0/0"), encoding="utf-8")
    answer = ask(tmp_path, from_="shop/web", to="shop/db", port=9000)
    assert answer["verdict"] == "undecided"
    assert answer["undecided"] == [{"kind": "depends", "reason": "IPv4 allowed, IPv6 denied: ask for one family"}]
    assert ask(tmp_path, from_="shop/web", to="shop/db", port=9000, family=4)["verdict"] == "allow"
    assert ask(tmp_path, from_="shop/web", to="shop/db", port=9000, family=6)["verdict"] == "deny"


def test_answers_keep_the_order_of_the_questions(folder: Path) -> None:
    ports = [5432, 80, 9000, 5432]
    twin = nw.load(str(folder))
    answers = twin.eval([{"from": "shop/web", "to": "shop/db", "port": p} for p in ports])
    assert [(a.port, a.verdict) for a in answers] == [
        (5432, "allow"),
        (80, "deny"),
        (9000, "undecided"),
        (5432, "allow"),
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"from": "shop/web", "to": "shop/db"}, "needs a port"),
        ({"from": "shop/web", "to": "shop/db", "port": 65536}, "`65536` is not a port"),
        ({"from": "shop/web", "to": "shop/db", "port": -1}, "`-1` is not a port"),
        ({"from": "shop/web", "to": "shop/db", "port": 80, "protocol": "HTTP"}, "`HTTP` is not a protocol"),
        ({"from": "svc/shop/x", "to": "shop/db", "port": 80}, "no Service"),
        ({"from": "shop/web", "port": 80}, "the query is not understood"),
        ({"from": "shop/web", "to": "shop/db", "port": 80, "family": 5}, "the query is not understood"),
    ],
)
def test_questions_that_mean_nothing(folder: Path, query: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        nw.load(str(folder)).eval([query])


def test_a_name_that_is_not_there(folder: Path) -> None:
    with pytest.raises(UnknownReference, match="`shop/wbe` is not in the input"):
        ask(folder, from_="shop/wbe", to="shop/db", port=80)


PARKED = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: parked, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: parked}}
  template: {metadata: {labels: {app: parked}}, spec: {containers: [{name: c}]}}
"""


def loaded(tmp_path: Path, *texts: str) -> nw.Twin:
    (tmp_path / "all.yaml").write_text("".join(texts), encoding="utf-8")
    return nw.load(str(tmp_path))


@pytest.mark.parametrize("ref", ["shop/parked", "deploy/shop/parked", "Deployment/shop/parked"])
def test_a_question_about_what_has_no_pods_is_answered_and_the_others_too(tmp_path: Path, ref: str) -> None:
    twin = loaded(tmp_path, pod("web", app="web"), PARKED)
    asked = [{"from": "shop/web", "to": ref, "port": 80}, {"from": ref, "to": "shop/web", "port": 80}]
    *parked, other = twin.eval([*asked, {"from": "shop/web", "to": "shop/web", "port": 80}])
    for one in parked:
        assert one.verdict == "undecided"
        assert [(u.kind, u.reason) for u in one.undecided] == [("unknown", "deploy/shop/parked has no pods")]
    assert other.verdict == "allow"
    with pytest.raises(UnknownReference):
        twin.eval([{"from": ref, "to": "shop/wbe", "port": 80}])


@pytest.mark.parametrize("end", ["from", "to"])
@pytest.mark.parametrize(("ref", "family"), [("cidr/10.0.0.0/8", 6), ("192.0.2.1", 6), ("2001:db8::1", 4)])
def test_addresses_that_have_nothing_of_the_family_asked_about(tmp_path: Path, end: str, ref: str, family: int) -> None:
    twin = loaded(tmp_path, pod("web", app="web"))
    asked = {"from": "shop/web", "to": "shop/web", "port": 80, "family": family, end: ref}
    with pytest.raises(UsageError, match=f"has no IPv{family} addresses"):
        twin.eval([asked])


@pytest.mark.parametrize(("pod_cidr", "verdict"), [("", "undecided"), ("fd00:10::/56", "allow")])
@pytest.mark.parametrize("to", ["shop/api", "internet", "2001:db8::1"])
def test_a_family_that_nothing_gives_the_pods_is_perhaps_theirs(
    folder: Path, to: str, pod_cidr: str, verdict: str
) -> None:
    asked = {"from_": "shop/web", "port": 80, "pod_cidr": pod_cidr}
    found = ask(folder, to=to, family=6, **asked)
    assert found["verdict"] == verdict
    assert ("addresses of this family is not in the input" in str(found["undecided"])) == (verdict == "undecided")
    assert ask(folder, to="2001:db8::1", **asked)["verdict"] == verdict
    assert ask(folder, to="shop/db", family=6, **asked)["verdict"] == "deny"  # with addresses of it or without


BALANCED = """---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.7
  clusterIPs: [10.96.0.7, "fd00:96::7"]
  ipFamilies: [IPv4, IPv6]
  loadBalancerSourceRanges: [203.0.113.0/24]
  selector: {app: web}
  ports: [{port: 80}]
status: {loadBalancer: {ingress: [{ip: 198.51.100.4}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{ipBlock: {cidr: "::/0"}}]}]
"""


def test_the_address_by_which_a_service_is_named_gives_the_family(tmp_path: Path) -> None:
    dual = "status: {podIPs: [{ip: 10.244.0.%d}, {ip: 'fd00:244::%d'}]}}\n"
    pods = [pod(n, app=n).rstrip()[:-1] + ", " + dual % (i, i) for i, n in enumerate(("web", "client"), 1)]
    twin = loaded(tmp_path, *pods, BALANCED.replace("  type:", "  externalTrafficPolicy: Local\n  type:", 1))
    found = {}
    for ref in ("svc/shop/web", "10.96.0.7", "fd00:96::7", "198.51.100.4"):
        (answer,) = twin.eval([{"from": "shop/client", "to": ref, "port": 80}])
        shown = f"[{ref}]" if ":" in ref else ref
        assert twin.why("shop/client", f"{shown}:80").verdict == answer.verdict
        found[ref] = answer.verdict
    assert found == {"svc/shop/web": "undecided", "10.96.0.7": "deny", "fd00:96::7": "allow", "198.51.100.4": "deny"}


def test_to_an_outer_address_the_way_in_of_another_does_not_count(tmp_path: Path) -> None:
    service = BALANCED.partition("---\napiVersion: networking")[0].replace(
        "type:", "externalIPs: [198.18.0.1]\n  type:"
    )
    twin = loaded(tmp_path, pod("web", app="web"), service)
    found = [
        twin.eval([{"from": source, "to": to, "port": 80}])[0].verdict
        for source in ("203.0.113.9", "192.0.2.9")
        for to in ("198.51.100.4", "198.18.0.1")
    ]
    assert found == ["allow", "allow", "deny", "allow"]  # the source ranges are the load balancer's


def test_a_node_passes_on_in_the_clients_own_family(tmp_path: Path) -> None:
    listed = ", ".join(f'{{type: InternalIP, address: "{a}"}}' for a in ("192.168.0.1", "fd00:192::1"))
    nodes = f"---\napiVersion: v1\nkind: Node\nmetadata: {{name: node-1}}\nstatus: {{addresses: [{listed}]}}\n"
    dual = pod("web", app="web").rstrip()[:-1] + ", status: {podIPs: [{ip: 10.244.0.1}, {ip: 'fd00:244::1'}]}}\n"
    service = BALANCED.replace("LoadBalancer", "NodePort").replace("  loadBalancerSourceRanges: [203.0.113.0/24]\n", "")
    twin = loaded(tmp_path, nodes, dual.replace("spec: {", "spec: {nodeName: other, "), service)
    found = [
        twin.eval([{"from": source, "to": "svc/shop/web", "port": 80}])[0].verdict
        for source in ("203.0.113.9", "2001:db8::9")
    ]
    assert found == ["deny", "allow"]  # the policy admits IPv6


def test_to_an_address_of_a_family_that_the_pods_lack_nothing_is_led(tmp_path: Path) -> None:
    pods = [pod(n, app=n).rstrip()[:-1] + f", status: {{podIP: 10.244.0.{i}}}}}\n" for i, n in enumerate("ab", 1)]
    service = BALANCED.partition("---\napiVersion: networking")[0].replace("{app: web}", "{app: a}")
    twin = loaded(tmp_path, *pods, service)
    for ref, verdict in (("svc/shop/web", "allow"), ("10.96.0.7", "allow"), ("fd00:96::7", "deny")):
        assert twin.eval([{"from": "shop/b", "to": ref, "port": 80}])[0].verdict == verdict


@pytest.mark.parametrize(("ref", "family"), [("10.96.0.7", 6), ("fd00:96::7", 4), ("198.51.100.4", 6)])
def test_a_family_that_the_address_of_a_service_is_not_of(tmp_path: Path, ref: str, family: int) -> None:
    twin = loaded(tmp_path, pod("web", app="web"), BALANCED)
    with pytest.raises(UsageError, match=f"`{ref}` is no IPv{family} address"):
        twin.eval([{"from": "shop/web", "to": ref, "port": 80, "family": family}])


def test_to_a_load_balancers_address_its_node_ports_are_no_way(tmp_path: Path) -> None:
    twin = loaded(tmp_path, pod("web", app="web"), BALANCED.partition("---\napiVersion: networking")[0])
    found = [
        twin.eval([{"from": source, "to": to, "port": 80}])[0].verdict
        for source in ("203.0.113.9", "192.0.2.9")
        for to in ("198.51.100.4", "svc/shop/web")
    ]
    assert found == ["allow", "allow", "deny", "allow"]
