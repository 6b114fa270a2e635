"""Exposure as a chain of verdicts: each link decides as the Service and Ingress documentation says."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

import netwright as nw

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, ports: [{containerPort: 8080, name: http}]}]}
"""
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: %s
  selector: {app: web}
  ports: [{port: 80, targetPort: http%s}]
%s
"""
WITHOUT_PORTS = "  allocateLoadBalancerNodePorts: false"
DENY = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
%s
"""
NODES = """
---
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDR: 10.244.0.0/24}
status: {addresses: [{type: InternalIP, address: 192.168.7.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
spec: {podCIDR: 10.244.1.0/24}
status: {addresses: [{type: InternalIP, address: 192.168.7.2}]}
"""
INGRESS = """
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
    - host: shop.example
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
"""
CONTROLLER = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: edge}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx}}
    spec: {containers: [{name: c, ports: [{containerPort: 443}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: controller, namespace: edge}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app.kubernetes.io/name: ingress-nginx}
  ports: [{port: 443}]
"""


def twin(tmp_path: Path, *parts: str) -> nw.Twin:
    (tmp_path / "all.yaml").write_text(dedent("\n".join(parts)), encoding="utf-8")
    return nw.load(str(tmp_path))


def service(kind: str = "LoadBalancer", extra: str = "", node_port: str = "") -> str:
    return SERVICE % (kind, node_port, extra)


def verdicts(made: nw.Twin) -> dict[str, str]:
    return {row.via: row.verdict for row in made.exposed()}


def test_nothing_isolates_a_load_balanced_pod(tmp_path: Path) -> None:
    found = verdicts(twin(tmp_path, WEB, service()))
    assert found == {"LoadBalancer": "allow", "NodePort": "allow"}


def test_a_cluster_ip_has_no_way_in(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB, service("ClusterIP"))
    assert made.exposed() == []
    answer = made.why("internet", "svc/shop/web:80")
    assert answer.verdict == "deny"
    assert "no way in" in answer.note


@pytest.mark.parametrize("written", ["203.0.113.0/24", "' 203.0.113.0/24 '"])
def test_source_ranges_let_in_some_of_the_internet(tmp_path: Path, written: str) -> None:
    made = twin(tmp_path, WEB, service(extra=f"  loadBalancerSourceRanges: [{written}]\n{WITHOUT_PORTS}"))
    assert verdicts(made) == {"LoadBalancer": "some"}
    assert made.why("203.0.113.7", "svc/shop/web:80").verdict == "allow"
    assert made.why("198.51.100.7", "svc/shop/web:80").verdict == "deny"


def test_source_ranges_do_not_bind_the_node_port_that_is_allocated(tmp_path: Path) -> None:
    """Unless allocateLoadBalancerNodePorts is false, each port of a load balancer has a port on every node."""
    ranges = "  loadBalancerSourceRanges: [203.0.113.0/24]"
    made = twin(tmp_path, WEB, service(extra=ranges))
    answer = made.why("198.51.100.7", "svc/shop/web:80")
    assert answer.verdict == "allow"
    assert [(w.via, w.entry, w.verdict) for w in answer.ways][1:] == [
        ("NodePort", "every node:a port that the cluster chooses", "allow")
    ]
    written = twin(tmp_path, WEB, service(extra=f"{ranges}\n{WITHOUT_PORTS}", node_port=", nodePort: 30080"))
    assert written.why("198.51.100.7", "svc/shop/web:80").verdict == "allow", "a port that is written stays"


def test_local_keeps_the_clients_address_for_policy_to_see(tmp_path: Path) -> None:
    rule = "  ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"
    made = twin(tmp_path, WEB, service(extra="  externalTrafficPolicy: Local"), DENY % rule)
    assert made.why("203.0.113.7", "svc/shop/web:80").verdict == "allow"
    assert made.why("198.51.100.7", "svc/shop/web:80").verdict == "deny"


def test_cluster_hides_the_client_behind_a_node(tmp_path: Path) -> None:
    """A policy that admits the client's block admits nobody: it sees the node; only the own node always passes."""
    rule = "  ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]"
    made = twin(tmp_path, WEB, service(), DENY % rule, NODES)
    answer = made.why("203.0.113.7", "svc/shop/web:80")
    assert answer.verdict == "undecided"
    by_node = "  ingress: [{from: [{ipBlock: {cidr: 192.168.7.0/24}}]}]"
    assert (
        twin(tmp_path, WEB, service(), DENY % by_node, NODES).why("203.0.113.7", "svc/shop/web:80").verdict == "allow"
    )


def test_a_node_port_leads_in_by_every_node(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB, service("NodePort", node_port=", nodePort: 30080"))
    (row,) = made.exposed()
    assert (row.via, row.verdict, row.entry) == ("NodePort", "allow", "every node:30080")


def test_an_ingress_without_its_controller_is_said_not_assumed(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB, service("ClusterIP"), INGRESS)
    (row,) = made.exposed()
    assert (row.via, row.verdict) == ("Ingress", "undecided")
    assert any("controller" in step and "not in the input" in step for step in row.chain)
    assert made.why("internet", "svc/shop/web:80").verdict == "undecided"


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("", "deny"),
        ("  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]", "allow"),
        (
            "  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}], ports: "
            "[{port: 80}]}]",
            "deny",
        ),
    ],
)
def test_an_ingress_is_decided_between_its_controller_and_the_target_port(
    tmp_path: Path, rule: str, verdict: str
) -> None:
    """Policy sees the controller's pod and the backend's port (8080), not the client nor the Service's port (80)."""
    made = twin(tmp_path, WEB, service("ClusterIP"), INGRESS, CONTROLLER, DENY % rule)
    (row,) = [r for r in made.exposed() if r.via == "Ingress"]
    assert row.verdict == verdict


def test_a_service_without_endpoints_is_not_exposed(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB.replace("app: web", "app: other"), service())
    rows = made.exposed()
    assert {row.via for row in rows} == {"LoadBalancer", "NodePort"}
    assert {row.verdict for row in rows} == {"deny"}
    assert all("no endpoints" in row.chain[-1] for row in rows)


def test_a_way_to_endpoints_that_are_not_in_the_input_is_undecided(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB, service("NodePort").replace("  selector: {app: web}\n", ""))
    assert verdicts(made) == {"NodePort": "undecided"}
    assert "not in the input" in made.exposed()[0].chain[-1]


ROUTES = {
    "VirtualService": """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: r, namespace: edge}
spec:
  hosts: [shop.example]
  gateways: [edge/public]
  http: [{route: [{destination: {host: web.shop.svc.cluster.local, port: {number: 80}}}]}]
""",
    "Mapping": """
apiVersion: getambassador.io/v3alpha1
kind: Mapping
metadata: {name: r, namespace: edge}
spec: {hostname: shop.example, prefix: /, service: "http://web.shop:80"}
""",
    "ServiceExport": """
apiVersion: multicluster.x-k8s.io/v1alpha1
kind: ServiceExport
metadata: {name: web, namespace: shop}
""",
}


@pytest.mark.parametrize("kind", ROUTES)
def test_what_may_lead_to_a_service_and_is_not_evaluated_leaves_its_exposure_open(tmp_path: Path, kind: str) -> None:
    made = twin(tmp_path, WEB, service("ClusterIP"), "---", ROUTES[kind])
    assert verdicts(made) == {kind: "undecided"}
    answer = made.why("internet", "svc/shop/web:80")
    (evaluated,) = made.eval([{"from": "internet", "to": "svc/shop/web", "port": 80}])
    assert answer.verdict == evaluated.verdict == "undecided"
    assert {r.kind for r in (*answer.reasons, *evaluated.undecided)} == {"unknown"}
    assert all(f"{kind} " in r.reason and "svc/shop/web" in r.reason for r in (*answer.reasons, *evaluated.undecided))
    assert made.why("internet", "shop/web:8080").verdict == "allow", "the pod's own address is another question"


@pytest.mark.parametrize(
    "route",
    [
        ROUTES["Mapping"].replace("web.shop", "other.shop"),
        ROUTES["VirtualService"].replace("gateways: [edge/public]", "gateways: [mesh]"),
        ROUTES["VirtualService"].replace("  gateways: [edge/public]\n", ""),
        ROUTES["ServiceExport"].replace("name: web", "name: other"),
    ],
)
def test_what_leads_elsewhere_or_inside_leaves_it_closed(tmp_path: Path, route: str) -> None:
    made = twin(tmp_path, WEB, service("ClusterIP"), "---", route)
    assert made.exposed() == []
    assert made.why("internet", "svc/shop/web:80").verdict == "deny"


def test_a_route_to_a_service_without_endpoints_leads_nowhere(tmp_path: Path) -> None:
    made = twin(tmp_path, WEB.replace("app: web", "app: other"), service("ClusterIP"), "---", ROUTES["Mapping"])
    assert verdicts(made) == {"Mapping": "deny"}


def test_no_way_leads_through_one_proxy_twice(tmp_path: Path) -> None:
    """An Ingress in front of its own controller's Service: what leads to the controller is asked once. A pod that
    reaches itself by a Service is the one thing left open."""
    own = INGRESS.replace("name: web", "name: controller").replace("namespace: shop", "namespace: edge")
    made = twin(tmp_path, CONTROLLER, own.replace("number: 80", "number: 443"))
    assert verdicts(made) == {"Ingress": "undecided", "LoadBalancer": "allow", "NodePort": "allow"}


def test_a_text_that_could_be_an_ingress_leaves_what_is_asked_open(tmp_path: Path) -> None:
    broken = "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop\n"
    made = twin(tmp_path, WEB, service("ClusterIP"), broken)
    assert made.why("internet", "svc/shop/web:80").verdict == "undecided"
    assert made.exposed() == [], "it names no Service"
