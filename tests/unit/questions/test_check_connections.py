"""One side of a connection allowed and the other refused, and pods that cannot ask for names."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding

DENY = "spec: {podSelector: {}, policyTypes: [Ingress, Egress]}"
DNS = "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [%s]}"
BOTH = DNS % "{port: 53, protocol: UDP}, {port: 53, protocol: TCP}"


def pod(name: str, *labels: str, namespace: str = "shop") -> str:
    more = "".join(f", {label}" for label in labels)
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}{more}}}}}
spec: {{containers: [{{name: main, image: main, ports: [{{name: main, containerPort: 8080}}]}}]}}
---
"""


def policy(name: str, spec: str, namespace: str = "shop") -> str:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    return f"{head}metadata: {{name: {name}, namespace: {namespace}}}\n{spec}\n---\n"


def out(*rules: str, app: str = "web", name: str = "web-out") -> str:
    spec = (
        f"spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}"
    )
    return policy(name, spec)


def into(*rules: str, app: str = "db", name: str = "db-in") -> str:
    return out(*rules, app=app, name=name).replace("Egress", "Ingress").replace("egress", "ingress")


def rule(side: str, app: str, port: str = "8080") -> str:
    return f"{{{side}: [{{podSelector: {{matchLabels: {{app: {app}}}}}}}], ports: [{{port: {port}}}]}}"


def found(*manifests: str) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO((policy("deny", DENY) + "".join(manifests)).encode()))
    return [f for f in twin.check().findings if f.code[:5] in ("NW212", "NW213")]


def codes(*manifests: str) -> list[str]:
    return sorted(f.code for f in found(*manifests))


PODS = pod("web") + pod("db")


def test_both_sides_together_are_no_finding() -> None:
    assert codes(PODS, out(rule("to", "db"), BOTH), into(rule("from", "web"))) == []


def test_one_side_alone_is_told_at_that_side() -> None:
    (finding,) = found(PODS, out(rule("to", "db"), BOTH))
    assert (finding.code, finding.path) == ("NW2120", "spec.egress[0].to[0]")
    (finding,) = found(PODS, into(rule("from", "web")))
    assert (finding.code, finding.path) == ("NW2121", "spec.ingress[0].from[0]")


def test_ports_that_do_not_meet_are_told_once() -> None:
    two = PODS.replace("containerPort: 8080}", "containerPort: 8080}, {name: other, containerPort: 8081}")
    assert codes(two, out(rule("to", "db", "8080"), BOTH), into(rule("from", "web", "8081"))) == ["NW2120"]
    assert codes(PODS, out(rule("to", "db", "main"), BOTH), into(rule("from", "web", "8080"))) == []


def test_one_pair_that_passes_is_enough() -> None:
    two = pod("db") + pod("db2", "role: x").replace("app: db2", "app: db")
    only_x = into(rule("from", "web")).replace(
        "matchLabels: {app: db}}, policyTypes", "matchLabels: {role: x}}, policyTypes"
    )
    assert codes(pod("web"), two, out(rule("to", "db"), BOTH), only_x) == []


def test_a_wrong_label_on_the_other_side_is_told_there_only() -> None:
    assert codes(PODS, out(rule("to", "db"), BOTH), into(rule("from", "wbe"))) == []


def test_a_port_that_nobody_declares_is_told_as_such_where_the_pods_meet_on_another() -> None:
    assert codes(PODS, out(rule("to", "db", "8080"), BOTH), into(rule("from", "web", "8081"))) == []
    assert codes(PODS, out(rule("to", "db", "8081"), BOTH), into(rule("from", "web", "8080"))) == []
    assert codes(PODS, out(rule("to", "db", "8081"), BOTH)) == ["NW2120"]  # refused on every port


def test_a_cause_explains_no_more_than_its_rule_would_allow() -> None:
    pods = PODS + pod("api")
    both = out(rule("to", "db"), BOTH) + out(rule("to", "db"), BOTH, app="api", name="api-out")
    assert codes(pods, both) == ["NW2120", "NW2120"]
    misspelt = into(rule("from", "web"), app="dbb")
    (finding,) = found(pods, both, misspelt)
    assert (finding.code, finding.name) == ("NW2120", "api-out")
    assert codes(pods, both, into(rule("from", "web"), rule("from", "api"), app="dbb")) == []
    assert codes(pods, both, into(rule("from", "web", "9090"), rule("from", "api", "9090"), app="dbb")) == [
        "NW2120",
        "NW2120",
    ]
    elsewhere = pod("dbb", namespace="back") + policy("deny", DENY, "back")
    more = pod("dbb", namespace="front") + policy("deny", DENY, "front")
    stray = into(rule("from", "web").replace("podSelector", "namespaceSelector: {}, podSelector"), app="dbb")
    peer = rule("to", "dbb").replace("podSelector", "namespaceSelector: {}, podSelector")
    assert codes(pod("web"), elsewhere, out(peer, BOTH), stray) == []
    assert codes(pod("web"), elsewhere, more, out(peer, BOTH), stray) == ["NW2120"]  # which of the two is meant?
    ignored = into(rule("from", "web"), rule("from", "api")).replace("[Ingress]", "[Egress]")
    assert "NW2120" not in codes(pods, both, ignored)


def test_what_follows_is_told_where_its_cause_is_not() -> None:
    cause = into(rule("from", "web").replace("podSelector", "namespaceSelector: {}, podSelector"), app="dbb")
    other = pod("db", namespace="back") + policy("deny", DENY, "back") + cause.replace("shop", "back")
    peer = rule("to", "db").replace("podSelector", "namespaceSelector: {}, podSelector")
    text = policy("deny", DENY) + pod("web") + other + out(peer, BOTH)
    twin = nw.load("-", stdin=BytesIO(text.encode()))
    assert {f.code for f in twin.check().findings if f.code[:5] != "NW210"} == {"NW2001"}
    assert {f.code for f in twin.check(namespaces=("shop",)).findings} == {"NW2120"}
    assert {f.code for f in twin.check(severities={"NW2001": "ignore"}).findings} == {"NW2120"}


def test_rules_for_whole_namespaces_are_no_claim_about_one_connection() -> None:
    assert codes(PODS, out("{to: [{podSelector: {}}]}", BOTH)) == []


def test_policies_of_unread_kinds_may_allow_the_other_side() -> None:
    unread = "{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, metadata: {name: x, namespace: shop}}\n---\n"
    assert codes(PODS, unread, out(rule("to", "db"))) == []


# --- names --------------------

PAIR = (PODS, into(rule("from", "web")))


def test_pods_that_may_connect_and_not_ask() -> None:
    (finding,) = found(*PAIR, out(rule("to", "db")))
    assert finding.code == "NW2130"
    assert finding.workloads == ("pod/shop/web",)
    assert codes(*PAIR, out(rule("to", "db"), BOTH)) == []
    # by another policy
    assert (
        codes(
            *PAIR, out(rule("to", "db")), policy("dns", DENY.replace("Ingress, Egress]", f"Egress], egress: [{BOTH}]"))
        )
        == []
    )


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ("{to: [{namespaceSelector: {}}]}", ""),
        ("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}]}", ""),
        ("{to: [{namespaceSelector: {matchLabels: {team: x}}}]}", ""),  # the labels of kube-system are not known
        ("{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: front}}}]}", "NW2130"),
        ("{to: [{podSelector: {}}]}", "NW2130"),
        ("{to: [{ipBlock: {cidr: 10.96.0.0/16}}]}", ""),
        ("{ports: [{port: 53, protocol: UDP}, {port: 53}]}", ""),
        ("{ports: [{port: 5353, protocol: UDP}, {port: 5353}]}", ""),
        ("{ports: [{port: 53}]}", "NW2130"),
        ("{ports: [{port: 443}]}", "NW2130"),
        ("{ports: [{protocol: UDP}, {protocol: TCP}]}", ""),
        (DNS % "{port: 53, protocol: UDP}", "NW2131"),
        (DNS % "{port: dns, protocol: UDP}", ""),
    ],
)
def test_what_may_be_dns(more: str, code: str) -> None:
    assert codes(*PAIR, out(rule("to", "db"), more)) == [code] * bool(code)


def test_pods_that_may_go_nowhere_need_no_names() -> None:
    assert codes(PODS) == []
    assert codes(PODS, out("{to: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 443}]}")) == []


def test_a_namespace_is_told_once() -> None:
    many = pod("web") + pod("api") + pod("db")
    admit = into(rule("from", "web"), rule("from", "api"))
    (finding,) = found(many, admit, out(rule("to", "db")), out(rule("to", "db"), app="api", name="api-out"))
    assert finding.code == "NW2130"
    assert finding.workloads == ("pod/shop/api", "pod/shop/web")
