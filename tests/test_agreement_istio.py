"""Engine and reference evaluator on random clusters with a mesh: verdicts, conditions, and the rules that are cited."""

from __future__ import annotations

import pytest

from tests.agreement_cilium import decoded, parts
from tests.agreement_profiles import asked_under, by_evaluator, compared, judged
from tests.agreement_profiles import compare_istio as compare
from tests.random_cilium import Case, Object

GROUPS, CLUSTERS, TUPLES = 20, 10, 100


@pytest.mark.parametrize("group", range(GROUPS))
def test_engine_and_evaluator_agree_about_a_mesh(group: int, seed: int) -> None:
    first = seed % 10**6 * GROUPS * CLUSTERS + group * CLUSTERS
    found = [compare(one, TUPLES) for one in range(first, first + CLUSTERS)]
    assert not [told for one in found for _, told in one.differing][:5]
    assert {"allow", "deny", "undecided"} <= {verdict for one in found for verdict in one.verdicts}


# --- differences that random clusters showed, each as small as it got ----------------------------------------------


def authorization(name: str, action: str, *rules: Object, **more: Object) -> Object:
    meta = {"name": name, "namespace": "shop"}
    spec = {"action": action, "rules": list(rules), **more}
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": meta, "spec": spec}


def peer(name: str, namespace: str, **spec: object) -> Object:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": meta, "spec": spec}


def admin(*egress: Object) -> Object:
    spec = {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": list(egress)}
    group = "policy.networking.k8s.io/v1alpha2"
    return {"apiVersion": group, "kind": "ClusterNetworkPolicy", "metadata": {"name": "all"}, "spec": spec}


def pod(name: str, namespace: str, number: int) -> Object:
    text = f"10.0.0.{number}"
    meta = {"name": name, "namespace": namespace, "labels": {"app": name}}
    spec = {"containers": [{"name": "c", "image": "i"}]}
    status = {"phase": "Running", "podIP": text, "podIPs": [{"ip": text}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def labelled(name: str, key: str, value: str) -> Object:
    made = pod(name, "shop", 1)
    meta: Object = made["metadata"]
    return made | {"metadata": meta | {"labels": {key: value}}}


def deployment(name: str) -> Object:
    """Its pods have a `pod-template-hash` of a value that is not known, and addresses that are not."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def namespace(name: str, labels: dict[str, str]) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


SHOP = namespace("shop", {"istio-injection": "enabled"})
WEB_TO_DB = ("shop/web", "shop/db", "TCP", 80)
SIDECARS = [SHOP, pod("web", "shop", 1), deployment("db")]
AMBIENT_TO_OPEN = [namespace("ops", {"istio.io/dataplane-mode": "ambient"}), pod("web", "ops", 1), pod("db", "shop", 2)]
"""Whether the server is in the mesh is not known: the CNI sees the connection's own port or the tunnel's."""
TO_PODS: Object = {"to": [{"namespaces": {}}]}
TO_PORT_80: Object = TO_PODS | {"protocols": [{"tcp": {"destinationPort": {"number": 80}}}]}
EVERY_EGRESS: Object = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "out", "namespace": "ops"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
}
STRICT = peer("mesh", "istio-system", mtls={"mode": "STRICT"})
PLAINTEXT_TO_AMBIENT = [
    namespace("ops", {"istio.io/dataplane-mode": "ambient"}),
    namespace("shop", {}),
    pod("web", "shop", 1),
    pod("db", "ops", 2),
    STRICT,
]
PERMISSIVE: Object = {"mtls": {"mode": "PERMISSIVE"}}
OF_DB: Object = {"selector": {"matchLabels": {"app": "db"}}}
OF_ONE_HASH: Object = {"selector": {"matchLabels": {"pod-template-hash": "1"}}}
Expected = set[tuple[str, str, int | None, str]]

FOUND: list[tuple[str, Object, list[Object], tuple[str, str, str, int], str, Expected]] = [
    (
        "a-denial-that-perhaps-selects-beside-one-that-does",
        {},
        [*SIDECARS, authorization("perhaps", "DENY", {}, **OF_ONE_HASH), authorization("all", "DENY", {})],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", 0, "deny")},
    ),
    (
        "an-extension-that-is-perhaps-asked-before-a-denial",
        {},
        [
            *SIDECARS,
            authorization("perhaps", "CUSTOM", {}, **OF_ONE_HASH, provider={"name": "sso"}),
            authorization("all", "DENY", {}),
        ],
        WEB_TO_DB,
        "deny",
        {("ingress", "all", 0, "deny")},
    ),
    (
        "what-perhaps-selects-and-allows-beside-what-does",
        {},
        [*SIDECARS, authorization("perhaps", "ALLOW", {}, **OF_ONE_HASH), authorization("all", "ALLOW", {})],
        WEB_TO_DB,
        "allow",
        {("ingress", "all", 0, "allow")},
    ),
    *(
        (
            f"a-rule-behind-one-for-the-port-before-the-tunnel-{first['action'].lower()}-{cni}",
            {"cni": cni},
            [*AMBIENT_TO_OPEN, admin(first | TO_PORT_80, {"action": "Accept"} | TO_PODS)],
            ("ops/web", "shop/db", "TCP", 80),
            "allow",
            {("egress", "all", 1, "allow")},
        )
        for cni in ("upstream", "cilium", "calico")
        for first in ({"action": "Pass"}, {"action": "Accept"})
    ),
    *(
        (
            f"a-tier-behind-a-rule-for-the-port-before-the-tunnel-{cni}",
            {"cni": cni},
            [*AMBIENT_TO_OPEN, admin({"action": "Accept"} | TO_PORT_80), EVERY_EGRESS],
            ("ops/web", "shop/db", "TCP", 80),
            "allow",
            {("egress", "out", 0, "allow")},
        )
        for cni in ("upstream", "cilium")
    ),
    (
        "a-port-that-DISABLE-alone-does-not-take-out-of-STRICT-at-ztunnel",
        {},
        [*PLAINTEXT_TO_AMBIENT, peer("db", "ops", **OF_DB, portLevelMtls={"80": {"mode": "DISABLE"}})],
        ("shop/web", "ops/db", "TCP", 80),
        "deny",
        {("ingress", "mesh", None, "deny")},
    ),
    (
        "a-port-that-DISABLE-takes-out-of-STRICT-at-ztunnel-beside-one-that-is-PERMISSIVE",
        {},
        [
            *PLAINTEXT_TO_AMBIENT,
            peer("db", "ops", **OF_DB, portLevelMtls={"80": {"mode": "DISABLE"}, "81": {"mode": "PERMISSIVE"}}),
        ],
        ("shop/web", "ops/db", "TCP", 80),
        "allow",
        set(),
    ),
    (
        "a-port-that-DISABLE-takes-out-of-the-STRICT-of-its-own-policy-at-ztunnel",
        {},
        [
            *PLAINTEXT_TO_AMBIENT,
            peer("db", "ops", **OF_DB, mtls={"mode": "STRICT"}, portLevelMtls={"80": {"mode": "DISABLE"}}),
        ],
        ("shop/web", "ops/db", "TCP", 80),
        "allow",
        set(),
    ),
    *(
        (
            f"a-label-of-another-pod-that-{name}-of-who-is-in-the-mesh",
            {},
            [
                namespace("shop", {}),
                labelled("web", "sidecar.istio.io/inject", value),
                pod("db", "shop", 2),
                authorization("all", "ALLOW"),
            ],
            ("203.0.113.5", "shop/db", "TCP", 80),
            verdict,
            by,
        )
        for name, value, verdict, by in (
            ("says-nothing", "yes", "undecided", {("ingress", "all", None, "deny")}),
            ("tells", "true", "allow", set()),
            ("tells-too", "false", "allow", set()),
        )
    ),
    *(
        (
            f"a-STRICT-that-ztunnel-is-perhaps-not-told-of-{name}",
            {},
            [*PLAINTEXT_TO_AMBIENT, *policies],
            ("shop/web", "ops/db", "TCP", 80),
            "undecided",
            by,
        )
        for name, policies, by in (
            (
                "as-the-mesh-has-it-already",
                [peer("db", "ops", **OF_DB, **PERMISSIVE, portLevelMtls={"80": {"mode": "STRICT"}})],
                {("ingress", "db", None, "deny")},
            ),
            (
                "as-a-policy-of-the-namespace-sets-no-mode",
                [peer("all", "ops"), peer("db", "ops", **OF_DB, portLevelMtls={"81": {"mode": "PERMISSIVE"}})],
                {("ingress", "mesh", None, "deny")},
            ),
        )
    ),
]


@pytest.mark.parametrize(("name", "config", "manifests", "query", "verdict", "by"), FOUND, ids=[f[0] for f in FOUND])
def test_what_random_clusters_have_shown(
    name: str,
    config: Object,
    manifests: list[Object],
    query: tuple[str, str, str, int],
    verdict: str,
    by: Expected,
) -> None:
    case = Case(0, config, manifests, [query])
    assert compared(case) == ([verdict], [], case)
    inquirer = asked_under(case, objects := [decoded(manifest) for manifest in manifests])
    (part,) = parts(inquirer, objects, query)
    told = by_evaluator(judged(inquirer, objects, part, case))
    assert {(side, policy, rule, action) for side, _, policy, rule, action in told} == by


def source(**fields: list[str]) -> Object:
    return {"source": fields}


CLAIM = {"requestPrincipals": ["issuer.example/*"]}
SOME, HEADER = {"ipBlocks": ["192.168.0.1"]}, {"remoteIpBlocks": ["192.0.2.1"]}
CLIENT_AND_WEB = [SHOP, deployment("client"), pod("web", "shop", 1)]

OPEN: list[tuple[str, Object, set[str]]] = [
    (
        "a-source-that-surely-holds-beside-one-of-an-unknown-address-under-conditions",
        authorization(
            "asked",
            "CUSTOM",
            {"from": [source(notIpBlocks=["192.168.0.1"], **HEADER), source(ipBlocks=["0.0.0.0/0"])]},
            provider={"name": "sso"},
        ),
        {"depends"},
    ),
    (
        "a-client-that-is-none-of-a-namespace-beside-one-of-an-unknown-address-under-conditions",
        authorization(
            "asked",
            "ALLOW",
            {"from": [source(**SOME, **CLAIM), source(notNamespaces=["ops"])]},
        ),
        {"depends"},
    ),
    (
        "a-source-beside-one-that-asks-for-more",
        authorization(
            "asked",
            "ALLOW",
            {"from": [source(**CLAIM), source(**CLAIM, ipBlocks=["10.0.0.0/16"])]},
        ),
        {"depends"},
    ),
    (
        "two-sources-that-each-hang-on-an-address",
        authorization("asked", "ALLOW", {"from": [source(**SOME, **HEADER), source(ipBlocks=["10.0.0.0/16"])]}),
        {"depends", "unknown"},
    ),
]


@pytest.mark.parametrize(("name", "asked", "kinds"), OPEN, ids=[one[0] for one in OPEN])
def test_what_leaves_a_request_open(name: str, asked: Object, kinds: set[str]) -> None:
    query = ("shop/client", "shop/web", "TCP", 80)
    case = Case(0, {}, [*CLIENT_AND_WEB, asked], [query])
    assert compared(case) == (["undecided"], [], case)
    inquirer = asked_under(case, objects := [decoded(manifest) for manifest in case.manifests])
    (part,) = parts(inquirer, objects, query)
    assert {reason.kind for reason in inquirer.reasons(part)} == kinds
