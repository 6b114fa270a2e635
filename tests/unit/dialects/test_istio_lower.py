"""What a mesh lets pass, asked of a small cluster: each case is a sentence of Istio's documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright

BASE = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: bank, labels: {istio.io/dataplane-mode: ambient}}
---
apiVersion: v1
kind: Namespace
metadata: {name: old}
"""
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{app: {name}}}
  ports: [{{name: tcp-db, port: 5432}}, {{name: http, port: 8080}}, {{name: x, port: 9000}}]
"""
POD = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}, annotations: {{{annotations}}}}}
    spec: {{serviceAccountName: {name}, containers: [{{name: main, image: main}}]}}
"""


def pod(namespace: str, name: str, annotations: str = "") -> str:
    return POD.format(namespace=namespace, name=name, annotations=annotations)


CLUSTER = BASE + "".join(
    [pod("shop", "web"), pod("shop", "db"), pod("bank", "a"), pod("bank", "b"), pod("old", "job")]
    + [SERVICE.format(namespace=n, name=s) for n, s in (("shop", "db"), ("shop", "web"), ("bank", "b"))]
)


def policy(spec: str, namespace: str = "shop", name: str = "p", kind: str = "AuthorizationPolicy") -> str:
    return (
        f"\n---\napiVersion: security.istio.io/v1\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


STRICT = policy("{mtls: {mode: STRICT}}", "istio-system", "default", "PeerAuthentication")
DB = "selector: {matchLabels: {app: db}}"
FROM_WEB = "from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]"
ONLY_WEB = policy(f"{{{DB}, rules: [{{{FROM_WEB}}}]}}")
NOT_WEB = policy(f"{{action: DENY, rules: [{{{FROM_WEB}}}]}}", name="q")
GET = "{rules: [{to: [{operation: {methods: [GET]}}]}]}"
NO_GET = "{action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}"
ASKED = "{action: CUSTOM, provider: {name: x}, rules: [{to: [{operation: {ports: ['5432']}}]}]}"
ONE_PORT = policy(f"{{{DB}, portLevelMtls: {{5432: {{mode: DISABLE}}}}}}", kind="PeerAuthentication")
ANOTHER = policy("{mtls: {mode: PERMISSIVE}}", "istio-system", "other", "PeerAuthentication")
OFF = policy("{mtls: {mode: DISABLE}}", kind="PeerAuthentication")
ONLY_A = policy("{rules: [{from: [{source: {principals: ['*/ns/bank/sa/a']}}]}]}", "bank")


@pytest.mark.parametrize(
    ("more", "source", "destination", "verdict"),
    [
        # no policy, no denial
        ("", "old/job", "shop/db:5432", "allow"),
        # ALLOW: who matches passes, all others do not
        (ONLY_WEB, "shop/web", "shop/db:5432", "allow"),
        (ONLY_WEB, "bank/a", "shop/db:15021", "allow"),
        (ONLY_WEB, "old/job", "shop/db:5432", "deny"),
        (ONLY_WEB, "old/job", "shop/web:8080", "allow"),
        # without rules it allows nothing; `{}` allows all
        (policy("{}"), "shop/web", "shop/db:5432", "deny"),
        (policy("{rules: [{}]}"), "old/job", "shop/db:5432", "allow"),
        # a policy of the root namespace acts everywhere
        (policy("{}", "istio-system"), "shop/web", "shop/db:5432", "deny"),
        (policy("{}", "istio-system"), "shop/web", "bank/b:5432", "deny"),
        (policy("{}", "istio-system"), "shop/web", "old/job:80", "allow"),
        # DENY goes before ALLOW
        (policy("{rules: [{}]}") + NOT_WEB, "shop/web", "shop/db:5432", "deny"),
        # watched policies decide nothing
        (policy("{action: AUDIT, rules: [{}]}"), "old/job", "shop/db:5432", "allow"),
        # an HTTP attribute: of an ALLOW rule nothing is left on TCP, on HTTP it is a condition
        (policy(GET), "shop/web", "shop/db:5432", "deny"),
        (policy(GET), "shop/web", "shop/db:8080", "undecided"),
        (policy(GET), "shop/web", "shop/db:9000", "undecided"),
        # of a DENY rule the rest is left on TCP
        (policy(NO_GET), "shop/web", "shop/db:5432", "deny"),
        (policy(NO_GET), "shop/web", "shop/db:8080", "undecided"),
        (policy(NO_GET.replace("[GET]", "[GET], ports: ['80']")), "shop/web", "shop/db:5432", "allow"),
        # plaintext proves nobody: positives never match, negatives always do
        (policy("{rules: [{from: [{source: {namespaces: ['*']}}]}]}"), "old/job", "shop/db:5432", "deny"),
        (policy("{rules: [{from: [{source: {notNamespaces: [shop]}}]}]}"), "old/job", "shop/db:5432", "allow"),
        (policy("{rules: [{from: [{source: {notNamespaces: [shop]}}]}]}"), "shop/web", "shop/db:5432", "deny"),
        (policy("{rules: [{from: [{source: {serviceAccounts: [web]}}]}]}"), "shop/web", "shop/db:5432", "allow"),
        # the extension decides what a CUSTOM rule matches
        (policy(ASKED), "shop/web", "shop/db:5432", "undecided"),
        (policy(ASKED), "shop/web", "shop/db:80", "allow"),
        # STRICT refuses plaintext, of whomever; the own ports of the proxy are beside it
        (STRICT, "old/job", "shop/db:5432", "deny"),
        (STRICT, "shop/web", "shop/db:5432", "allow"),
        (STRICT, "old/job", "shop/db:15021", "allow"),
        (STRICT, "old/job", "bank/b:5432", "deny"),
        (STRICT, "203.0.113.9", "shop/db:5432", "deny"),
        (STRICT + policy("{mtls: {mode: PERMISSIVE}}", kind="PeerAuthentication"), "old/job", "shop/db:5432", "allow"),
        (STRICT + policy("{mtls: {mode: UNSET}}", kind="PeerAuthentication"), "old/job", "shop/db:5432", "deny"),
        (STRICT + ONE_PORT, "old/job", "shop/db:5432", "allow"),
        (STRICT + ONE_PORT, "old/job", "shop/db:8080", "deny"),
        # of two of one level the older holds, and their age is not in the input
        (STRICT + ANOTHER, "old/job", "shop/db:5432", "undecided"),
        # where mutual TLS is switched off nobody proves who they are
        (OFF + ONLY_WEB.replace("name: p", "name: q"), "shop/web", "shop/db:5432", "deny"),
        # ztunnel reads no HTTP
        (policy(GET, "bank"), "bank/a", "bank/b:8080", "deny"),
        (ONLY_A, "bank/a", "bank/b:8080", "allow"),
        (policy("{action: CUSTOM, provider: {name: x}, rules: [{}]}", "bank"), "bank/a", "bank/b:8080", "allow"),
        # a policy that is attached to something does not act at proxies beside pods
        (policy("{targetRefs: [{kind: Service, name: db}]}"), "old/job", "shop/db:5432", "allow"),
    ],
)
def test_what_a_mesh_lets_pass(tmp_path: Path, more: str, source: str, destination: str, verdict: str) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + more)
    assert netwright.load(str(file)).why(source, destination, changes=False).verdict == verdict


@pytest.mark.parametrize(
    ("cni", "verdict"), [("", "undecided"), ("upstream:mesh=sidecar", "deny"), ("upstream:mesh=none", "allow")]
)
def test_where_nothing_says_who_is_in_the_mesh_an_option_does(tmp_path: Path, cni: str, verdict: str) -> None:
    file = tmp_path / "all.yaml"
    file.write_text("".join([pod("shop", "web"), pod("shop", "db"), policy("{}")]))
    assert netwright.load(str(file), cni=cni).why("shop/web", "shop/db:5432", changes=False).verdict == verdict


NETPOL = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: b, namespace: bank}}
spec:
  podSelector: {{matchLabels: {{app: b}}}}
  ingress: [{{from: [{{podSelector: {{}}}}], ports: [{{port: {port}}}]}}]
"""


@pytest.mark.parametrize(("port", "verdict"), [(8080, "deny"), (15008, "allow")])
def test_between_pods_in_ambient_mode_the_cni_sees_the_port_of_the_tunnel(
    tmp_path: Path, port: int, verdict: str
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + STRICT + NETPOL.format(port=port))
    assert netwright.load(str(file)).why("bank/a", "bank/b:8080", changes=False).verdict == verdict


def test_only_tcp_passes_the_mesh(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + policy("{}") + STRICT)
    assert netwright.load(str(file)).why("old/job", "shop/db:53", protocol="UDP", changes=False).verdict == "allow"


NODES = """
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Pod
metadata: {name: here, namespace: shop, labels: {app: here}}
spec: {nodeName: n1, containers: [{name: main, image: main}]}
---
apiVersion: v1
kind: Pod
metadata: {name: there, namespace: bank, labels: {app: there}}
spec: {nodeName: n1, containers: [{name: main, image: main}]}
"""
CLOSED = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}}
"""


@pytest.mark.parametrize(
    ("more", "destination", "verdict"),
    [
        (CLOSED, "shop/here:80", "allow"),  # the CNI exempts the own node
        (CLOSED + policy("{rules: [{}]}"), "shop/here:80", "allow"),
        (CLOSED + policy("{}"), "shop/here:80", "deny"),  # the mesh does not
        (CLOSED + STRICT, "shop/here:80", "deny"),
        (STRICT + policy("{}", "bank"), "bank/there:80", "allow"),  # ztunnel lets the node's own connections by
    ],
)
def test_the_own_node_passes_the_cni_by_and_not_a_sidecar(
    tmp_path: Path, more: str, destination: str, verdict: str
) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + NODES + more)
    assert netwright.load(str(file)).why("node/n1", destination, changes=False).verdict == verdict


@pytest.mark.parametrize(("namespace", "verdict"), [("shop", "deny"), ("bank", "undecided")])
def test_strict_refuses_what_a_node_port_leads_in(tmp_path: Path, namespace: str, verdict: str) -> None:
    """By whichever node it comes, unless that is the pod's own and the pod is in ambient mode."""
    service = SERVICE.format(namespace=namespace, name="out").replace("spec:", "spec:\n  type: NodePort")
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + pod(namespace, "out") + service + STRICT)
    assert netwright.load(str(file)).why("internet", f"svc/{namespace}/out:8080", changes=False).verdict == verdict


def test_the_enforcer_that_denies_is_cited_alone(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    admits = CLOSED.replace("podSelector: {}", "podSelector: {}, ingress: [{}]")
    file.write_text(CLUSTER + admits + policy("{}") + STRICT)
    (part,) = netwright.load(str(file)).why("shop/web", "shop/db:5432", changes=False).parts
    assert [(c.kind, c.name, c.rule, c.path) for c in part.ingress.rules] == [
        ("AuthorizationPolicy", "p", None, "spec")
    ]
    assert not part.ingress.isolating


def test_where_both_deny_both_are_cited(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + CLOSED + policy("{}"))
    (part,) = netwright.load(str(file)).why("shop/web", "shop/db:5432", changes=False).parts
    assert {c.kind for c in (*part.ingress.rules, *part.ingress.isolating)} == {"AuthorizationPolicy", "NetworkPolicy"}


def test_a_change_names_the_port_that_the_cni_sees(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + STRICT + NETPOL.format(port=8080))
    found = netwright.load(str(file)).why("bank/a", "bank/b:8080")
    assert found.parts[0].ingress.nearest is not None
    assert "TCP 15008" in " ".join(found.parts[0].ingress.nearest.differs)
    assert any("TCP 15008" in edit for change in found.changes for edit in change.edits)


def test_conditions_of_requests_are_told_in_words(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(CLUSTER + policy(GET))
    twin = netwright.load(str(file))
    told = {port: [r.reason for r in twin.why("shop/web", f"shop/db:{port}").reasons] for port in (8080, 9000)}
    assert told == {
        8080: ["AuthorizationPolicy `shop/p`: methods GET"],
        9000: ["AuthorizationPolicy `shop/p`: it is HTTP and methods GET"],
    }
