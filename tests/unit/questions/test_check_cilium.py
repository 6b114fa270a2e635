"""Findings under Cilium: what it changes of findings about NetworkPolicies, and what is told of its own policies only
where it is known."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.cilium_requests import EVERY_NAME, TO_NAME, dns, http
from netwright.model.finding_codes.cilium_selectors import FROM_DB, MONITOR, NODE, cilium, from_pods
from netwright.model.finding_codes.manifests import DB, DENY, WEB, manifest, service


def policy(spec: str, name: str = "one") -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {spec}
"""


def found(*parts: str, cni: str = "") -> dict[str, Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()), cni=cni)
    return {f.code: f for f in twin.check().findings}


TO_DB = policy(
    "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], "
    "egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}"
)


# --- NetworkPolicies under Cilium -------------------------------------------------------------------------------------


def test_rules_beyond_policy_types_are_ignored_upstream_and_count_under_cilium() -> None:
    beyond = policy(
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], "
        "egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}"
    )
    assert "NW2202" in found(WEB, DB, DENY, beyond)
    assert "NW2202" not in found(WEB, DB, DENY, beyond, cni="cilium")


@pytest.mark.parametrize(
    ("cni", "code"),
    [("", "NW2106"), ("cilium", "NW2510"), ("cilium:policy-cidr-match-mode=pods", "NW2106")],
)
def test_a_range_of_pods_changes_with_them_or_matches_nobody(cni: str, code: str) -> None:
    block = policy("{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.244.0.0/25}}]}]}")
    assert {"NW2106", "NW2510"} & found(WEB, DB, DENY, NODE, block, cni=cni).keys() == {code}


def test_ranges_do_not_reach_kubelets_under_cilium_and_the_metadata_address_they_do() -> None:
    out = policy(
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: %s}}]}]}"
    )
    assert "NW3303" in found(WEB, DB, DENY, NODE, out % "192.0.0.0/8")
    assert "NW3303" not in found(WEB, DB, DENY, NODE, out % "192.0.0.0/8", cni="cilium")
    assert "NW3301" in found(WEB, DB, DENY, NODE, out % "0.0.0.0/0", cni="cilium")
    denied = cilium("egressDeny: {toCIDR: [169.254.169.254/32]}")
    assert "NW3301" not in found(WEB, DB, DENY, NODE, out % "0.0.0.0/0", denied)


def test_a_label_that_cilium_drops_is_told_once_and_upstream_not() -> None:
    hashed = policy("{podSelector: {matchLabels: {pod-template-hash: abc}}, policyTypes: [Ingress]}")
    assert "NW2001" in found(WEB, DB, DENY, hashed)
    told = found(WEB, DB, DENY, hashed, cni="cilium")
    assert "NW2504" in told
    assert "NW2001" not in told


def test_dns_that_a_policy_of_cilium_allows_is_not_lacking() -> None:
    assert "NW2130" in found(WEB, DB, DENY, TO_DB, cni="cilium")
    assert "NW2130" not in found(WEB, DB, DENY, TO_DB, cilium(EVERY_NAME))
    assert "NW2130" in found(WEB, DB, DENY, TO_DB, cilium(EVERY_NAME, selector="{matchLabels: {app: db}}"))


def test_a_service_is_closed_though_its_own_node_is_let_in() -> None:
    web = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")
    assert "NW4007" in found(WEB, DB, DENY, web, cni="cilium")
    assert "NW4007" not in found(WEB, DB, DENY, web, cilium(FROM_DB))


def test_ingress_that_is_closed_in_silence_is_told_though_the_own_node_is_let_in() -> None:
    silent = policy(
        "{podSelector: {matchLabels: {app: web}}, egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]}"
    )
    assert "NW2205" in found(WEB, DB, silent)
    assert "NW2205" in found(WEB, DB, silent, cni="cilium")
    assert "NW2205" not in found(WEB, DB, silent, cilium(FROM_DB))


# --- Cilium's policies ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cni", ["upstream", "cilium:enable-policy=never"])
def test_policies_that_are_not_enforced_are_not_judged(cni: str) -> None:
    assert not [c for c in found(WEB, DB, DENY, cilium(TO_NAME), cni=cni) if c.startswith("NW25")]


def test_a_policy_that_only_denies_is_told_where_it_alone_isolates_and_means_less_than_everything() -> None:
    deny = cilium(f"ingressDeny: {{{from_pods('app: db')}}}")
    assert "NW2520" in found(WEB, DB, deny)
    assert "NW2520" not in found(WEB, DB, DENY, deny)
    assert "NW2520" not in found(WEB, DB, cilium("ingressDeny: {fromEntities: [all]}"))
    assert "NW2520" not in found(WEB, DB, deny, cilium(FROM_DB, name="other"))
    assert "NW2520" not in found(
        WEB, DB, cilium(f"ingressDeny: {{{from_pods('app: db')}}}", more="  enableDefaultDeny: {ingress: false}\n")
    )


def test_pods_of_another_namespace_are_told_where_the_policy_is_confined() -> None:
    assert "NW2503" in found(WEB, DB, DENY, MONITOR, cilium(f"ingress: {{{from_pods('app: prometheus')}}}"))
    assert "NW2502" in found(WEB, DB, DENY, cilium(f"ingress: {{{from_pods('app: prometheus')}}}"))
    named = '"k8s:io.kubernetes.pod.namespace": elsewhere, app: prometheus'
    assert not {"NW2502", "NW2503"} & found(WEB, DB, DENY, MONITOR, cilium(f"ingress: {{{from_pods(named)}}}")).keys()


def test_dns_rules_of_another_policy_for_the_same_pods_let_cilium_learn_names() -> None:
    assert "NW2530" not in found(WEB, DB, DENY, cilium(TO_NAME), cilium(EVERY_NAME, name="dns", selector="{}"))
    other = cilium(EVERY_NAME, name="dns", selector="{matchLabels: {app: db}}")
    assert "NW2530" in found(WEB, DB, DENY, cilium(TO_NAME), other)


def test_a_name_may_be_looked_up_by_any_rule_that_looks_at_queries_or_none() -> None:
    cluster = dns("{matchPattern: '*.cluster.local'}")
    assert "NW2531" in found(WEB, DB, DENY, cilium(TO_NAME, cluster))
    exact = cilium(dns("{matchName: API.example.com}"), name="exact")
    assert "NW2531" not in found(WEB, DB, DENY, cilium(TO_NAME, cluster), exact)
    plain = cilium('egress: {toEntities: [world], toPorts: [{ports: [{port: "53", protocol: UDP}]}]}', name="plain")
    assert "NW2531" not in found(WEB, DB, DENY, cilium(TO_NAME, cluster), plain)


def test_rules_for_requests_are_opened_by_the_same_peers_alone() -> None:
    limited = http("{method: GET, path: /health}")
    assert "NW2534" not in found(WEB, DB, DENY, cilium(limited, "ingress: {fromEndpoints: [{}]}"))
    assert "NW2534" in found(WEB, DB, DENY, cilium(limited), cilium(FROM_DB, name="plain", selector="{}"))


def test_a_plain_rule_for_the_same_peers_opens_one_for_requests() -> None:
    twin = nw.load(
        "-",
        stdin=BytesIO(
            manifest(WEB, DB, cilium(http("{path: /health}"), f"ingress: {{{from_pods('app: db')}}}")).encode()
        ),
    )
    assert twin.why("shop/db", "shop/web:8080").verdict == "allow"


def test_the_order_of_labels_makes_no_other_peers() -> None:
    limited = http("{path: /health}").replace("app: db", "app: db, tier: back")
    for labels in ("app: db, tier: back", "tier: back, app: db"):
        files = WEB, DB.replace("app: db", "app: db, tier: back"), cilium(limited, f"ingress: {{{from_pods(labels)}}}")
        assert "NW2534" in found(*files, DENY)
        assert nw.load("-", stdin=BytesIO(manifest(*files).encode())).why("shop/db", "shop/web:8080").verdict == "allow"


@pytest.mark.parametrize(
    ("path", "is_told"), [("/api/*", True), ("/*", True), ("/api/.*", False), ("/.*/x", False), ("/api/?", False)]
)
def test_paths_with_wildcards_are_told(path: str, is_told: bool) -> None:
    assert ("NW2535" in found(WEB, DB, DENY, cilium(http(f"{{path: '{path}'}}")))) == is_told


@pytest.mark.parametrize(
    ("pattern", "is_told"),
    [
        ("*example.com", True),
        ("exam*.com", True),
        ("*.example.com", False),
        ("**.example.com", False),
        ("a*.example.com", False),
    ],
)
def test_patterns_that_reach_other_domains_are_told(pattern: str, is_told: bool) -> None:
    names = f"egress: {{toFQDNs: [{{matchPattern: '{pattern}'}}]}}"
    assert ("NW2533" in found(WEB, DB, DENY, cilium(names, EVERY_NAME))) == is_told
