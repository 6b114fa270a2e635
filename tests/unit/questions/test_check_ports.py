"""Ports and address ranges of rules: what is said of them, and where the input leaves it open and nothing is."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding

DENY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
---
"""
NODE = """\
apiVersion: v1
kind: Node
metadata: {name: one}
spec: {podCIDRs: [10.244.0.0/16]}
status: {addresses: [{type: InternalIP, address: 203.0.113.10}]}
---
"""


def pod(name: str, ports: str = "", namespace: str = "shop", more: str = "") -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: {namespace}, labels: {{app: {name}}}}}
spec: {{containers: [{{name: main, image: main, ports: [{ports}]}}]}}
{more}
---
"""


def policy(rule: str, name: str = "web", app: str = "web") -> str:
    side = "Ingress" if rule.startswith("ingress") else "Egress"
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: shop}}
spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, policyTypes: [{side}], {rule}}}
---
"""


def service(spec: str, name: str = "web") -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n---\n"


def found(*manifests: str) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO((DENY + "".join(manifests)).encode()))
    return [f for f in twin.check().findings if f.code.startswith("NW210") or f.code == "NW2110"]


def codes(*manifests: str) -> list[str]:
    return sorted(f.code for f in found(*manifests))


HTTP = "{name: http, containerPort: 8080}"
WEB = pod("web", HTTP)


def to(port: str) -> str:
    return policy(f"ingress: [{{from: [{{podSelector: {{}}}}], ports: [{port}]}}]")


# --- ports --------------------


def test_the_port_of_a_service_is_answered_with_that_of_the_pods() -> None:
    led = service("selector: {app: web}, ports: [{port: 80, targetPort: http}]")
    (finding,) = found(WEB, led, to("{port: 80}"))
    assert (finding.code, finding.help) == ("NW2102", "write `port: 8080`")
    # both are written: the one that works is there
    assert codes(WEB, led, to("{port: 80}, {port: 8080}")) == ["NW2101"]
    # another policy allows the pods' port
    assert codes(WEB, led, to("{port: 80}"), to("{port: 8080}").replace("name: web,", "name: other,", 1)) == ["NW2101"]
    # another Service leads to the very port
    other = service("selector: {app: web}, ports: [{port: 9, targetPort: 80}]", "other")
    assert codes(WEB, led, other, to("{port: 80}")) == ["NW2101"]
    assert codes(pod("web", "{containerPort: 80}"), led.replace("http", "8080"), to("{port: 80}")) == []


def test_egress_to_a_service_is_on_the_port_of_its_pods() -> None:
    led = service("selector: {app: db}, ports: [{port: 5432, targetPort: 6543}]", "db")
    db = pod("db", "{containerPort: 6543}")
    out = "egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: %d}]}]"
    assert codes(WEB, db, led, policy(out % 5432)) == ["NW2102"]
    assert codes(WEB, db, led, policy(out % 6543)) == []


def test_pods_that_declare_nothing_leave_it_open() -> None:
    assert codes(pod("web"), to("{port: 9999}")) == []
    assert codes(WEB, pod("other", HTTP), to("{port: 9999}")) == ["NW2101"]
    assert codes(WEB, to("{port: 9000, endPort: 9999}")) == ["NW2101"]
    assert codes(WEB, to("{port: 8000, endPort: 9999}")) == []
    assert codes(WEB, to("{port: 8080, protocol: UDP}")) == ["NW2101"]
    assert codes(WEB, to("{port: 15090}")) == []


@pytest.mark.parametrize(
    "peer",
    [
        "{namespaceSelector: {}}",
        "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}",
        "{podSelector: {}}, {ipBlock: {cidr: 192.0.2.0/24}}",
    ],
)
def test_pods_that_are_not_in_the_input_may_have_the_port(peer: str) -> None:
    assert codes(WEB, policy(f"egress: [{{to: [{peer}], ports: [{{port: 53}}, {{port: dns}}]}}]")) == []


def test_pods_without_replicas_at_present_may_have_the_port() -> None:
    asleep = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: late, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: late, image: late, ports: [{name: grpc, containerPort: 9000}]}]}
---
"""
    assert codes(WEB, to("{port: grpc}, {port: 9000}")) == ["NW2101", "NW2104"]
    assert codes(WEB, asleep, to("{port: grpc}, {port: 9000}")) == []


def test_undeclared_ports_are_told_once_a_policy() -> None:
    many = ", ".join(f"{{port: {number}}}" for number in range(9000, 9008))
    (finding,) = found(WEB, to(many))
    assert (finding.code, finding.path) == ("NW2101", "spec.ingress[0].ports[0].port")
    assert "`TCP 9000`, `TCP 9001`, `TCP 9002` and 5 more" in finding.title
    assert [mark.path for mark in finding.also] == [f"spec.ingress[0].ports[{i}].port" for i in (1, 2, 3, 4)]
    (again,) = found(WEB, to("{port: 8080}, {port: 9000}"))
    assert again.path == "spec.ingress[0].ports[1].port"
    assert again.fingerprint == finding.fingerprint


def test_named_ports() -> None:
    assert codes(WEB, to("{port: http}")) == []
    assert codes(WEB, to("{port: https}")) == ["NW2104"]
    (finding,) = found(WEB, to("{port: http, protocol: UDP}"))
    assert (finding.code, finding.help) == ("NW2105", "write `protocol: TCP` beside the port")
    old = pod("old", "{name: http, containerPort: 80}").replace("app: old", "app: web")
    assert codes(WEB, old, to("{port: http}")) == ["NW2103"]


# --- ranges --------------------


def block(cidr: str, *excepted: str, direction: str = "ingress") -> str:
    side = "from" if direction == "ingress" else "to"
    but = f", except: [{', '.join(excepted)}]" if excepted else ""
    return policy(f"{direction}: [{{{side}: [{{ipBlock: {{cidr: {cidr}{but}}}}}]}}]")


@pytest.mark.parametrize(
    ("cidr", "code"),
    [
        ("10.244.3.0/24", "NW2106"),
        ("10.240.0.0/12", "NW2106"),
        ("10.0.0.0/8", ""),
        ("0.0.0.0/0", ""),
        ("10.9.0.0/16", ""),
        ("10.250.1.7/32", "NW2106"),
    ],
)
def test_ranges_with_pods(cidr: str, code: str) -> None:
    known = pod("db", more="status: {podIP: 10.250.1.7}")
    assert codes(NODE, WEB, known, block(cidr)) == [code] * bool(code)


def test_excepted_pods_are_no_pods_of_the_range() -> None:
    assert codes(NODE, WEB, block("10.240.0.0/12", "10.244.0.0/16")) == []


def test_cluster_addresses_matter_to_egress() -> None:
    led = service("clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 8080}]")
    assert codes(WEB, led, block("10.96.0.7/32", direction="egress")) == ["NW2107"]
    assert codes(WEB, led, block("10.96.0.7/32")) == []
    assert codes(WEB, led, block("10.97.0.7/32", direction="egress")) == []


def test_everybody_of_one_family() -> None:
    both = NODE.replace("10.244.0.0/16", "10.244.0.0/16, 'fd00:10::/56'")
    assert codes(both, WEB, block("0.0.0.0/0")) == ["NW2109"]
    assert codes(NODE, WEB, block("0.0.0.0/0")) == []
    assert codes(both, WEB, block("'::/0'")) == ["NW2109"]
    whole = policy("ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}, {from: [{ipBlock: {cidr: '::/0'}}]}]")
    assert codes(both, WEB, whole) == []


def test_clients_behind_a_service_that_translates() -> None:
    led = "selector: {app: web}, ports: [{port: 80, targetPort: 8080}]"
    clients = block("198.51.100.0/24")
    balanced = service("type: LoadBalancer, " + led)
    assert codes(NODE, WEB, balanced, clients) == ["NW2110"]
    assert codes(NODE, WEB, service(led), clients) == []
    assert codes(NODE, WEB, service("type: NodePort, externalTrafficPolicy: Local, " + led), clients) == []
    assert codes(NODE, WEB, balanced, block("203.0.113.0/24")) == []  # the nodes' range
    assert codes(NODE, WEB, pod("db"), balanced, clients.replace("app: web", "app: db")) == []
    # where no node is known, a private range may be theirs
    assert codes(WEB, balanced, block("172.20.0.0/16")) == []
    assert codes(NODE, WEB, balanced, block("172.20.0.0/16")) == ["NW2110"]
    # the rule is for a port that the Service does not lead to
    admin = policy("ingress: [{from: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 9000, endPort: 9001}]}]")
    assert "NW2110" not in codes(NODE, WEB, balanced, admin)
    to_pods = balanced.replace("name: web,", "name: web, annotations: {aws/nlb-target-type: ip},")
    assert codes(NODE, WEB, to_pods, clients) == []


def test_the_effect_of_a_node_in_the_clients_place_is_what_is_answered_of_its_service() -> None:
    """Not "refused": the pod's own node gets in whatever policies say, and which node a client arrives at is open."""
    balanced = service("type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]")
    manifests = DENY + WEB + balanced + block("198.51.100.0/24")
    twin = nw.load("-", stdin=BytesIO(manifests.encode()))
    assert twin.why("198.51.100.7", "svc/shop/web:80").verdict == "undecided"
    (effect,) = (f.effect for f in twin.check().findings if f.code == "NW2110")
    assert "only those that arrive at the pod's own node get in" in effect
    assert "refused" not in effect
