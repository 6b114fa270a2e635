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
    by_name = asked(tmp_path, AT_ADDRESS, source, "node/n1:80")
    assert (by_name.through, by_name.note) == ((), "at 192.168.1.10 svc/shop/db takes port 80: ask about that address")
    itself = asked(tmp_path, AT_ADDRESS, source, "192.168.1.10:22")
    assert (itself.through, itself.translation, itself.note) == ((), (), "")


@pytest.mark.parametrize("cni", ["upstream", "cilium", "calico", "ovn-kubernetes"])
def test_a_pod_is_led_back_to_itself_under_every_cni(tmp_path: Path, cni: str) -> None:
    text = pod("db", "10.244.0.5") + service("db", "ports: [{port: 80}]") + policy("db", SHUT)
    (tmp_path / "all.yaml").write_text(text, encoding="utf-8")
    assert nw.load(str(tmp_path), cni=cni).why("shop/db", "svc/shop/db:80").verdict == "undecided"


# --- NodePorts and hostPorts ------------------------------------------------------------------------------------------


def behind(policy_at: str, local: bool = False) -> str:
    """A NodePort of `db`, which runs on n1, and clients on both nodes."""
    kept = ", externalTrafficPolicy: Local" if local else ""
    ports = f"type: NodePort{kept}, ports: [{{port: 80, targetPort: 8080, nodePort: 30080}}]"
    return (
        NODES
        + pod("db", "10.244.1.5", ", nodeName: n1")
        + pod("web", "10.244.2.6", ", nodeName: n2")
        + service("db", ports)
        + policy_at
    )


FROM_WEB = policy("db", "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]")
FROM_BLOCK = policy("db", "ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]")
FROM_NODES = policy("db", "ingress: [{from: [{ipBlock: {cidr: 192.168.1.0/24}}]}]")
SHUT_IN = policy("web", "policyTypes: [Egress]")
TO_DB = policy("web", "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]")
TO_BOTH = policy(
    "web",
    "policyTypes: [Egress], "
    "egress: [{to: [{podSelector: {matchLabels: {app: db}}}, {ipBlock: {cidr: 192.168.1.0/24}}]}]",
)
TO_NODES = policy("web", "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.168.1.0/24}}]}]")


@pytest.mark.parametrize(
    ("source", "node", "at", "cluster", "local"),
    [
        # outside: what the pod sees is the node with Cluster, and the client with Local, which drops where no pod is
        ("internet", "n1", "", "allow", "allow"),
        ("internet", "n2", "", "allow", "deny"),
        ("203.0.113.9", "n1", FROM_BLOCK, "allow", "allow"),
        ("203.0.113.9", "n2", FROM_BLOCK, "deny", "deny"),
        ("198.51.100.9", "n1", FROM_BLOCK, "allow", "deny"),
        ("203.0.113.9", "n2", FROM_NODES, "allow", "deny"),
        ("203.0.113.9", "n1", policy("db", SHUT), "allow", "deny"),
        # pods: policies may see them before or after the node rewrites their packets
        ("shop/web", "n2", "", "allow", "undecided"),
        ("shop/web", "n1", "", "allow", "allow"),
        ("shop/web", "n2", policy("db", SHUT), "deny", "deny"),
        ("shop/web", "n1", policy("db", SHUT), "undecided", "deny"),
        ("shop/web", "n2", FROM_WEB, "undecided", "undecided"),
        ("shop/web", "n1", SHUT_IN, "deny", "deny"),
        ("shop/web", "n1", TO_DB, "undecided", "undecided"),
        ("shop/web", "n1", TO_NODES, "undecided", "undecided"),
        ("shop/web", "n1", TO_BOTH, "allow", "allow"),
        ("node/n2", "n1", policy("db", SHUT), "undecided", "deny"),
        ("node/n1", "n1", policy("db", SHUT), "allow", "allow"),
    ],
)
def test_a_node_port_leads_to_the_endpoints_of_its_service(
    tmp_path: Path, source: str, node: str, at: str, cluster: str, local: str
) -> None:
    for expected, kept in ((cluster, False), (local, True)):
        found = asked(tmp_path, behind(at, local=kept), source, f"node/{node}:30080")
        assert found.verdict == expected, kept
        assert found.note.startswith("port 30080 of every node leads to svc/shop/db:80")
        if found.parts:
            assert (found.through, found.translation) == (("svc/shop/db",), ("pod/shop/db:8080",))
            assert found.judged


def test_a_node_is_named_by_its_address_too(tmp_path: Path) -> None:
    found = asked(tmp_path, behind(""), "internet", "192.168.1.11:30080")
    assert (found.verdict, found.destination, found.translation) == ("allow", "node/n2", ("pod/shop/db:8080",))
    assert asked(tmp_path, behind(""), "internet", "192.168.1.11:30081").translation == ()


def test_what_leaves_a_node_port_open_is_said(tmp_path: Path) -> None:
    text = behind(FROM_WEB)
    (reason,) = asked(tmp_path, text, "shop/web", "node/n2:30080").reasons
    assert (reason.kind, "before or after its ends are rewritten" in reason.reason) == ("ambiguous", True)
    (answer,) = nw.load(str(tmp_path)).eval([{"from": "shop/web", "to": "node/n2", "protocol": "TCP", "port": 30080}])
    assert (answer.verdict, answer.undecided[0].kind) == ("undecided", "ambiguous")


@pytest.mark.parametrize(
    ("spec", "verdict", "told"),
    [
        ("clusterIP: None, ports: [{port: 80, nodePort: 30080}]", "allow", ""),
        ("type: NodePort, ports: [{port: 80, nodePort: 30080, protocol: UDP}]", "allow", ""),
        ("type: NodePort, ports: [{port: 80, targetPort: none, nodePort: 30080}]", "deny", "leads to svc/shop/db:80"),
    ],
)
def test_what_is_no_node_port_or_leads_nowhere(tmp_path: Path, spec: str, verdict: str, told: str) -> None:
    text = NODES + pod("db", "10.244.1.5", ", nodeName: n1") + service("db", spec)
    found = asked(tmp_path, text, "internet", "node/n1:30080")
    assert found.verdict == verdict
    assert told in found.note


def hosting(node: str, policy_at: str = "") -> str:
    held = pod("db", "10.244.1.5", node, ports="{containerPort: 8080, hostPort: 9000}")
    return NODES + held + pod("web", "10.244.2.6", ", nodeName: n2") + policy_at


@pytest.mark.parametrize(
    ("source", "node", "at", "expected"),
    [
        ("internet", ", nodeName: n1", "", "allow"),
        ("internet", ", nodeName: n1", policy("db", SHUT), "undecided"),
        ("shop/web", ", nodeName: n1", policy("db", SHUT), "deny"),
        ("shop/web", ", nodeName: n1", FROM_WEB, "undecided"),
        ("shop/web", "", policy("db", SHUT), "undecided"),
        ("internet", "", "", "allow"),
    ],
)
def test_a_host_port_leads_to_the_pod_on_the_node(
    tmp_path: Path, source: str, node: str, at: str, expected: str
) -> None:
    found = asked(tmp_path, hosting(node, at), source, "node/n1:9000")
    given = (
        "; that outside reaches the node is taken as given (routing is not in the input)" if "/" not in source else ""
    )
    assert (found.verdict, found.note) == (
        expected,
        "hostPort 9000 of n1 leads to pod/shop/db:8080" + ("" if node else ", if it runs there") + given,
    )
    assert any(part.destination == "pod/shop/db" and part.service == "TCP 8080" for part in found.parts)


@pytest.mark.parametrize(("address", "is_held"), [("127.0.0.1", False), ("192.168.1.10", True), ("0.0.0.0", True)])
def test_a_host_port_is_of_an_address_of_the_node(tmp_path: Path, address: str, is_held: bool) -> None:
    text = hosting(", nodeName: n1").replace("hostPort: 9000", f"hostPort: 9000, hostIP: {address}")
    assert bool(asked(tmp_path, text, "internet", "node/n1:9000").note) == is_held


def test_a_host_port_of_another_node_is_none_here(tmp_path: Path) -> None:
    found = asked(tmp_path, hosting(", nodeName: n1", policy("db", SHUT)), "internet", "node/n2:9000")
    assert (found.verdict, found.note) == ("allow", "")


CLOSED = pod("db", "10.244.0.5", ", nodeName: n1") + policy("db", "policyTypes: [Ingress, Egress]")
UNADDRESSED = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\nspec: {podCIDRs: [10.244.0.0/24]}\n"
TO_DB = "if 192.168.1.10 is the node that pod/shop/db runs on, it always reaches it"
FROM_DB = "if 192.168.1.10 is the node that pod/shop/db runs on, it is always reached"


@pytest.mark.parametrize(
    ("nodes", "source", "destination", "note"),
    [
        (UNADDRESSED, "192.168.1.10", "shop/db", TO_DB),
        (UNADDRESSED, "shop/db", "192.168.1.10", FROM_DB),
        ("", "192.168.1.10", "shop/db", TO_DB),
        (UNADDRESSED, "203.0.113.9", "shop/db", ""),
        (UNADDRESSED, "internet", "shop/db", ""),
        (UNADDRESSED, "cidr/192.168.1.0/24", "shop/db", ""),
        (UNADDRESSED, "10.244.0.9", "shop/db", ""),
        (NODES, "192.168.1.12", "shop/db", ""),
        (UNADDRESSED + policy("db", "ingress: [{}]").replace("name: db", "name: open"), "192.168.1.10", "shop/db", ""),
    ],
)
def test_a_private_address_may_be_the_pods_own_node(
    tmp_path: Path, nodes: str, source: str, destination: str, note: str
) -> None:
    answer = asked(tmp_path, nodes + CLOSED, source, f"{destination}:80")
    (evaluated,) = nw.load(str(tmp_path)).eval([{"from": source, "to": destination, "port": 80}])
    assert (answer.note, evaluated.note) == (note, note)
    assert (answer.verdict == "deny") == ("ingress: [{}]" not in nodes)


def test_at_a_port_of_a_service_of_the_other_family_this_is_why_it_is_denied(tmp_path: Path) -> None:
    dual = NODES.replace("192.168.1.10}", '192.168.1.10}, {type: InternalIP, address: "fd00:192::10"}')
    four = "type: NodePort, ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, ports: [{port: 80, nodePort: 30080}]"
    text = dual + pod("db", "10.244.0.5", ", nodeName: n1") + service("db", four)
    found = asked(tmp_path, text, "2001:db8::5", "node/n1:30080")
    assert (found.verdict, found.note.rpartition("; ")[2]) == ("deny", "svc/shop/db is reached over IPv4 only")
    found = asked(tmp_path, text, "192.0.2.5", "node/n1:30080")
    assert (found.verdict, "only" in found.note) == ("allow", False)
