"""Ways in from outside: over which addresses clients enter, and who takes what they send."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

import netwright as nw
from netwright.questions.exposed import ExposedRow

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: example/web:1}]}
"""
NODE = """\
---
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
"""
BALANCER = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  allocateLoadBalancerNodePorts: false
  selector: {app: web}
  ports: [{port: 80}]
"""
BOTH = "10.244.0.0/16,fd00:244::/56"
V4, V6 = "198.51.100.7", "2001:db8:1::7"


def twin(tmp_path: Path, *parts: str, pod_cidr: str = "") -> nw.Twin:
    (tmp_path / "all.yaml").write_text("\n".join(parts), encoding="utf-8")
    return nw.load(str(tmp_path), pod_cidr=pod_cidr or ())


def asked(made: nw.Twin, source: str, to: str = "svc/shop/web:80", family: Literal[4, 6] | None = None) -> str:
    answer = made.why(source, to, family=family, changes=False)
    return "some" if answer.groups == "some" and answer.verdict == "allow" else answer.verdict


def led_to_web(made: nw.Twin) -> list[ExposedRow]:
    return [row for row in made.exposed() if row.service == "svc/shop/web"]


@pytest.mark.parametrize("policy", ["Local", "Cluster"])
@pytest.mark.parametrize(
    ("written", "from_4", "from_6", "internet"),
    [
        ("  ipFamilies: [IPv6]", "undecided", "allow", "some"),
        ("  ipFamilies: [IPv4]", "allow", "undecided", "some"),
        ('  ipFamilies: [IPv6]\nstatus: {loadBalancer: {ingress: [{ip: "2001:db8::1"}]}}', "deny", "allow", "some"),
        ('  ipFamilies: [IPv4]\nstatus: {loadBalancer: {ingress: [{ip: "192.0.2.1"}]}}', "allow", "deny", "some"),
        (
            '  ipFamilies: [IPv4]\nstatus: {loadBalancer: {ingress: [{hostname: "x.example"}]}}',
            "allow",
            "undecided",
            "some",
        ),
        ("  ipFamilyPolicy: RequireDualStack", "allow", "allow", "allow"),
        ("", "undecided", "undecided", "some"),
        ('status: {loadBalancer: {ingress: [{ip: "192.0.2.1"}]}}', "allow", "deny", "some"),
    ],
)
def test_clients_enter_a_load_balancer_over_the_families_of_its_addresses(
    tmp_path: Path, policy: str, written: str, from_4: str, from_6: str, internet: str
) -> None:
    text = f"{BALANCER}  externalTrafficPolicy: {policy}\n{written}\n"
    made = twin(tmp_path, POD, text, pod_cidr=BOTH)
    assert (asked(made, V4), asked(made, V6), asked(made, "internet")) == (from_4, from_6, internet)
    assert (asked(made, "internet", family=4), asked(made, "internet", family=6)) == (from_4, from_6)


def test_a_balancer_that_may_translate_leads_to_nothing_that_policy_closes(tmp_path: Path) -> None:
    closed = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
    closed += "spec: {podSelector: {}, policyTypes: [Ingress]}\n"
    text = f"{BALANCER}  externalTrafficPolicy: Local\n  ipFamilies: [IPv6]\n"
    made = twin(tmp_path, POD, text, closed, pod_cidr=BOTH)
    assert {asked(made, one) for one in (V4, V6, "internet")} == {"deny"}


def test_clients_enter_at_an_external_address_over_its_family(tmp_path: Path) -> None:
    text = BALANCER.replace("  type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n", "")
    text += "  ipFamilyPolicy: RequireDualStack\n  externalIPs: [203.0.113.1]\n"
    made = twin(tmp_path, POD, text, pod_cidr=BOTH)
    assert (asked(made, V4), asked(made, V6), asked(made, "internet")) == ("allow", "deny", "some")
    assert (asked(made, V4, "203.0.113.1:80"), asked(made, V6, "203.0.113.1:80")) == ("allow", "deny")
    told = [link.text for link in made.why(V6, "svc/shop/web:80", changes=False).ways[0].steps]
    assert any("is reached over IPv4 only" in text for text in told)


def test_a_cluster_ip_is_no_way_in(tmp_path: Path) -> None:
    text = BALANCER.replace("LoadBalancer\n  allocateLoadBalancerNodePorts: false", "NodePort\n  clusterIP: 10.96.0.9")
    made = twin(tmp_path, POD, text.replace("port: 80", "port: 80, nodePort: 30080"))
    assert asked(made, V4) == "allow"
    for port in (80, 30080):
        answer = made.why(V4, f"10.96.0.9:{port}", changes=False)
        assert answer.verdict == "deny"
        assert "10.96.0.9 is a cluster IP of svc/shop/web" in answer.note
        assert "NodePort (every node:30080)" in answer.note
    assert asked(made, "shop/web", "10.96.0.9:80") != "deny"


@pytest.mark.parametrize("by", ["externalIP", "load balancer"])
def test_a_service_takes_its_ports_at_the_address_of_a_node(tmp_path: Path, by: str) -> None:
    text = f"{BALANCER}  externalTrafficPolicy: Local\n"
    if by == "externalIP":
        text = text.replace("  type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n", "")
        text += "  externalIPs: [192.168.0.1]\n"
    else:
        text += "  loadBalancerSourceRanges: [203.0.113.0/24]\n"
        text += "status: {loadBalancer: {ingress: [{ip: 192.168.0.1}]}}\n"
    closed = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
    closed += "spec: {podSelector: {}, policyTypes: [Ingress]}\n"
    made = twin(tmp_path, POD, text, NODE, closed)
    assert asked(made, V4, "192.168.0.1:80") == "deny"
    assert asked(made, V4, "192.168.0.1:22") == "allow", "the node's own"
    assert asked(made, V4, "node/n1:80") == "allow", "at another address of it"
    opened = twin(tmp_path, POD, text, NODE)
    assert asked(opened, V4, "192.168.0.1:80") == ("allow" if by == "externalIP" else "deny")
    assert asked(opened, "203.0.113.7", "192.168.0.1:80") == "allow"
    answer = opened.why("203.0.113.7", "192.168.0.1:80", changes=False)
    assert [p.destination for p in answer.parts] == ["pod/shop/web"]


@pytest.mark.parametrize("written", ["clusterIP: None", "type: ExternalName\n  externalName: example.com"])
def test_what_is_only_a_name_has_no_external_addresses(tmp_path: Path, written: str) -> None:
    text = BALANCER.replace("type: LoadBalancer\n  allocateLoadBalancerNodePorts: false", written)
    made = twin(tmp_path, POD, text + "  externalIPs: [203.0.113.5]\n")
    assert made.exposed() == []
    assert not made.why(V4, "203.0.113.5:80", changes=False).ways, "an address outside, of which nothing is known"
    if "None" in written:
        answer = made.why(V4, "svc/shop/web:80", changes=False)
        assert (answer.verdict, answer.ways) == ("deny", ())
        assert "no way in from outside" in answer.note


def test_what_has_no_way_in_is_shut_whatever_stands_behind_it(tmp_path: Path) -> None:
    text = BALANCER.replace("  selector: {app: web}\n", "")
    inner = text.replace("name: web", "name: inner").replace("allocateLoadBalancerNodePorts: false", "")
    text += "  loadBalancerSourceRanges: [203.0.113.0/24]\n" + inner.replace("LoadBalancer", "ClusterIP")
    made = twin(tmp_path, POD, text)
    assert (asked(made, V4), asked(made, "203.0.113.7"), asked(made, "internet")) == ("deny", "undecided", "undecided")
    assert {asked(made, one, "svc/shop/inner:80") for one in (V4, "internet")} == {"deny"}
    assert asked(made, "shop/web", "svc/shop/inner:80") == "undecided"


INGRESS = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
"""
CLOSED = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: edge}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 10254}]}]}
"""
HTTP, METRICS = "{name: http, port: 80}", "{name: metrics, port: 10254}"


def controller(ports: str = "", more: str = "", name: str = "one") -> str:
    return f"""\
---
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: edge, labels: {{app.kubernetes.io/name: ingress-nginx, at: {name}}}}}
spec: {{containers: [{{name: c, image: example/c:1, ports: [{ports}]}}]{more}}}
"""


def front(port: str, more: str = "", name: str = "one") -> str:
    return f"""\
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: edge}}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  allocateLoadBalancerNodePorts: false
  selector: {{at: {name}}}
  ports: [{port}]
{more}
"""


RANGES = "  loadBalancerSourceRanges: [203.0.113.0/24]"


@pytest.mark.parametrize(
    ("pod", "policy", "verdict"),
    [
        (controller("{containerPort: 80}", ", hostNetwork: true"), CLOSED, "allow"),
        (controller(more=", hostNetwork: true"), "", "allow"),
        (controller("{name: metrics, containerPort: 10254}", ", hostNetwork: true"), "", "deny"),
        (controller("{containerPort: 5000}", ", hostNetwork: true"), "", "undecided"),
        (controller("{containerPort: 80, hostPort: 80}"), "", "allow"),
        (controller("{containerPort: 80, hostPort: 80}"), CLOSED, "deny"),
        (controller("{containerPort: 10254, hostPort: 10254}"), CLOSED, "deny"),
        (controller("{containerPort: 80}"), "", "deny"),
    ],
)
def test_a_controller_is_reached_on_its_node_beside_its_services(
    tmp_path: Path, pod: str, policy: str, verdict: str
) -> None:
    """The Service's ranges shut it out. Policies do not act on the node's network, and see what a hostPort leads in."""
    made = twin(tmp_path, POD, INGRESS, pod, policy, front(HTTP, RANGES))
    assert asked(made, V4) == verdict


@pytest.mark.parametrize(
    ("port", "policy", "verdict"),
    [
        (HTTP, "", "allow"),
        (HTTP, CLOSED, "deny"),
        ("{name: web, port: 9000}", "", "allow"),
        ("{name: x, port: 9000, targetPort: 8443}", "", "allow"),
        ("{name: x, port: 9000}", "", "undecided"),
        ("{name: x, port: 9000}", CLOSED, "deny"),
        ("{name: http, port: 80, protocol: UDP}", "", "undecided"),
        (METRICS, CLOSED, "undecided"),
        ("{name: https-webhook, port: 443, targetPort: 8443}", "", "undecided"),
        (f"{HTTP}, {METRICS}", CLOSED, "deny"),
    ],
)
def test_requests_come_to_the_ports_that_a_controller_takes_them_at(
    tmp_path: Path, port: str, policy: str, verdict: str
) -> None:
    """Where no way leads to such a port, how requests get to the controller is not in the input."""
    made = twin(tmp_path, POD, INGRESS, controller(), policy, front(port))
    assert asked(made, V4) == verdict


@pytest.mark.parametrize(
    ("admitted", "verdict"), [("one", "allow"), ("two", "deny"), ("other", "deny"), ("one, two", "allow")]
)
def test_a_way_leads_through_one_controller_from_end_to_end(tmp_path: Path, admitted: str, verdict: str) -> None:
    """Outside gets to the first; the second is shut by its ranges."""
    policy = f"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec:
  podSelector: {{}}
  ingress: [{{from: [{{namespaceSelector: {{}}, podSelector: {{matchExpressions: [
    {{key: at, operator: In, values: [{admitted}]}}]}}}}]}}]
"""
    both = controller() + front(HTTP) + controller(name="two") + front(HTTP, RANGES, "two")
    made = twin(tmp_path, POD, INGRESS, both, policy)
    assert asked(made, V4) == verdict


def test_a_listener_of_a_gateway_has_any_port(tmp_path: Path) -> None:
    """What the charts of ingress controllers use for metrics, a Gateway may take requests at."""
    gateway = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec: {gatewayClassName: x, listeners: [{name: webhook, protocol: HTTP, port: 8082}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""
    label = "gateway.networking.k8s.io/gateway-name: edge"
    proxy = controller().replace("namespace: edge", "namespace: shop").replace("at: one", label)
    way = front("{name: webhook, port: 8082}").replace("namespace: edge", "namespace: shop").replace("at: one", label)
    made = twin(tmp_path, POD, INGRESS.partition("---\napiVersion: networking")[0], gateway, proxy, way)
    assert asked(made, V4) == "allow"


GATEWAY = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  gatewayClassName: x
  listeners: [{name: web, protocol: HTTP, port: 8000, allowedRoutes: {namespaces: {from: All}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: edge, namespace: edge}], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""


@pytest.mark.parametrize(
    ("ports", "more", "verdict"),
    [
        ("", ", hostNetwork: true", "allow"),
        ("{containerPort: 8000}", ", hostNetwork: true", "allow"),
        ("{containerPort: 9000}", ", hostNetwork: true", "undecided"),
        ("{containerPort: 9000, hostPort: 8000}", "", "allow"),
        ("{containerPort: 8000, hostPort: 9000}", "", "allow"),
        ("{containerPort: 9000, hostPort: 9000}", "", "undecided"),
        ("{containerPort: 8000}", "", "undecided"),
    ],
)
def test_a_gateway_is_reached_on_its_node_at_the_port_of_its_listener(
    tmp_path: Path, ports: str, more: str, verdict: str
) -> None:
    label = "gateway.networking.k8s.io/gateway-name: edge"
    proxy = controller(ports, more).replace("app.kubernetes.io/name: ingress-nginx", label)
    service = INGRESS.partition("---\napiVersion: networking")[0]
    assert asked(twin(tmp_path, POD, service, GATEWAY, proxy), V4) == verdict


NAME = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: ExternalName, externalName: web.example.org%s}
"""
ON_NODE = controller("{containerPort: 80}", ", hostNetwork: true")
ROUTE = "---\napiVersion: networking" + INGRESS.split("---\napiVersion: networking")[1]


@pytest.mark.parametrize("ports", ["", ", ports: [{port: 80}]", ", ports: [{port: 8080}]"])
def test_whether_a_proxy_follows_a_name_for_elsewhere_is_not_known(tmp_path: Path, ports: str) -> None:
    """Such a Service needs to list no ports; OpenShift's router and ingress-nginx follow it, Contour refuses it."""
    made = twin(tmp_path, NAME % ports, ROUTE, ON_NODE)
    (row,) = led_to_web(made)
    assert (row.verdict, row.port, row.workload) == ("undecided", 80, "")
    assert "svc/shop/web port 80 is a name for `web.example.org`" in row.chain[-1]
    assert (asked(made, V4), asked(made, "internet")) == ("undecided", "undecided")
    told = [f.code for f in made.check().findings if f.code in ("NW4101", "NW4102", "NW4105")]
    assert told == ["NW4105"]


def test_a_name_for_elsewhere_needs_no_port_for_other_routes(tmp_path: Path) -> None:
    route = """\
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {name: web, namespace: shop}
spec: {host: web.example.com, to: {kind: Service, name: web}, port: {targetPort: 8443}}
"""
    made = twin(tmp_path, NAME % "", GATEWAY, route)
    assert [row.verdict for row in led_to_web(made)] == ["undecided", "undecided"]
    assert not [f for f in made.check().findings if f.code in ("NW2809", "NW2852")]


def test_what_is_shut_before_the_proxy_is_so_whatever_stands_behind_it(tmp_path: Path) -> None:
    shut = controller() + front(HTTP) + CLOSED
    assert [row.verdict for row in twin(tmp_path, NAME % "", ROUTE, shut).exposed() if row.via == "Ingress"] == ["deny"]


HEADLESS = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, targetPort: %s}]}
"""


@pytest.mark.parametrize(
    ("target", "admitted", "verdict"),
    [
        ("8080", 8080, "allow"),
        ("8080", 80, "deny"),
        ("http", 8080, "allow"),
        ("http", 80, "deny"),
        ("other", 80, "deny"),
    ],
)
def test_proxies_reach_the_pods_of_a_headless_service_at_its_target_port(
    tmp_path: Path, target: str, admitted: int, verdict: str
) -> None:
    """They read its EndpointSlices. Who dials its name reaches the pods at the port that is dialled."""
    pod = POD.replace("image: example/web:1", "image: example/web:1, ports: [{name: http, containerPort: 8080}]")
    policy = f"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {admitted}}}]}}]}}
"""
    proxy = controller("{containerPort: 80, hostPort: 80}")
    made = twin(tmp_path, pod, HEADLESS % target, ROUTE, proxy, policy)
    assert [row.verdict for row in led_to_web(made)] == [verdict]
    assert (asked(made, V4), asked(made, "internet")) == (verdict, verdict)
    assert asked(made, "edge/one") == ("allow" if admitted == 80 else "deny")


@pytest.mark.parametrize(("number", "verdict"), [(8080, "allow"), (80, "deny")])
def test_proxies_reach_what_slices_of_a_headless_service_list(tmp_path: Path, number: int, verdict: str) -> None:
    slices = """\
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.244.0.9], targetRef: {kind: Pod, name: web}}]
"""
    policy = f"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: web, namespace: shop}}
spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {number}}}]}}]}}
"""
    service = (HEADLESS % "8080").replace("selector: {app: web}, ", "")
    proxy = controller("{containerPort: 80, hostPort: 80}")
    assert asked(twin(tmp_path, POD, service, slices, ROUTE, proxy, policy), V4) == verdict


@pytest.mark.parametrize("by", ["balancer", "proxy", "shut proxy"])
def test_endpoints_that_perhaps_stand_beside_those_that_refuse_leave_a_way_open(tmp_path: Path, by: str) -> None:
    """A port without a number in a slice that others wrote: the API leaves what it means to who reads it."""
    slices = """\
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-x
  namespace: shop
  labels: {kubernetes.io/service-name: web, endpointslice.kubernetes.io/managed-by: another}
addressType: IPv4
ports: [{}]
endpoints: [{addresses: [192.0.2.9]}]
"""
    closed = CLOSED.replace("namespace: edge", "namespace: shop")
    way = f"{BALANCER}  externalTrafficPolicy: Local\n"
    if by == "proxy":
        way = INGRESS + controller("{containerPort: 80, hostPort: 80}")
    elif by == "shut proxy":
        way = INGRESS + controller() + front(HTTP) + CLOSED
    made = twin(tmp_path, POD, way, slices, closed)
    (row,) = led_to_web(made)
    assert row.verdict == ("deny" if by == "shut proxy" else "undecided")
    assert "whose port has no number" in row.chain[-1]
    if by != "shut proxy":
        assert asked(made, V4) == "undecided"


@pytest.mark.parametrize(
    ("spec", "conditions", "verdict", "told"),
    [
        ("", "{ready: false, terminating: true}", "undecided", "has terminating endpoints only"),
        ("", "{ready: false, serving: false, terminating: true}", "deny", "none in its EndpointSlices is ready"),
        ("", "{ready: false}", "deny", "none in its EndpointSlices is ready"),
        ("  publishNotReadyAddresses: true\n", "{ready: false}", "undecided", "publishes what is not ready"),
    ],
)
def test_a_way_to_endpoints_that_are_not_ready(
    tmp_path: Path, spec: str, conditions: str, verdict: str, told: str
) -> None:
    slices = f"""\
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web-x, namespace: shop, labels: {{kubernetes.io/service-name: web}}}}
addressType: IPv4
ports: [{{port: 80}}]
endpoints: [{{addresses: [192.0.2.9], conditions: {conditions}}}]
"""
    made = twin(tmp_path, POD, BALANCER.replace("  selector: {app: web}\n", spec), slices)
    (row,) = made.exposed()
    assert (row.verdict, asked(made, V4), asked(made, "shop/web")) == (verdict, verdict, verdict)
    assert told in row.chain[-1]
