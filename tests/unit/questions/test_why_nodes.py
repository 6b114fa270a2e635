"""`why` and `eval` at ports of nodes: who takes the packet there, and what becomes of it, by both judges."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw
from netwright.questions.why import WhyAnswer

NODES = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.1.10}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.168.1.11}]}
"""


def pod(name: str, address: str, spec: str = "", ports: str = "", labels: str = "") -> str:
    return f"""\
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}{labels}}}}}
spec: {{containers: [{{name: c, image: i, ports: [{ports}]}}]{spec}}}
status: {{podIP: {address}, podIPs: [{{ip: {address}}}]}}
"""


def service(name: str, spec: str) -> str:
    return f"""\
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{selector: {{app: {name}}}, {spec}}}
"""


def policy(name: str, spec: str) -> str:
    head = f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\n"
    return f"{head}spec: {{podSelector: {{matchLabels: {{app: {name}}}}}, {spec}}}\n"


def asked(tmp_path: Path, text: str, source: str, destination: str) -> WhyAnswer:
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(tmp_path)).why(source, destination)


AT_ADDRESS = (
    NODES
    + pod("db", "10.244.0.5", ", nodeName: n1")
    + pod("web", "10.244.0.6", ", nodeName: n2")
    + service("db", "externalIPs: [192.168.1.10], ports: [{port: 80, targetPort: 8080}]")
)
SHUT = "ingress: []"


@pytest.mark.parametrize(
    ("source", "free", "shut"),
    [("shop/web", "allow", "deny"), ("shop/db", "undecided", "undecided"), ("internet", "allow", "undecided")],
)
def test_a_service_at_the_address_of_a_node_is_said_to_lead_there(
    tmp_path: Path, source: str, free: str, shut: str
) -> None:
    """A client that stands behind the Service is led back to itself, for the reference evaluator too."""
    found = asked(tmp_path, AT_ADDRESS, source, "192.168.1.10:80")
    assert (found.verdict, found.destination) == (free, "node/n1")
    assert (found.through, found.translation) == (("svc/shop/db",), ("pod/shop/db:8080",))
    assert found.note == "192.168.1.10 is an address of svc/shop/db too, which takes port 80 before node/n1 does"
    assert asked(tmp_path, AT_ADDRESS + policy("db", SHUT), source, "192.168.1.10:80").verdict == shut
    itself = asked(tmp_path, AT_ADDRESS, source, "192.168.1.10:22")
    assert (itself.through, itself.translation, itself.note) == ((), (), "")
