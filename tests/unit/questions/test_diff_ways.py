"""What caused a way in to open or close: the objects that decide any of its hops, in both directions alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

import netwright as nw
from netwright.questions.diff import Diffed
from netwright.render.diff_groups import moved

CONTROLLER = """\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: ctl, namespace: edge},
 spec: {selector: {matchLabels: {app: ctl}}, template: {
  metadata: {labels: {app: ctl, app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}},
  spec: {containers: [{name: c, image: ctl:1, ports: [{containerPort: 80}]}]}}}}
"""
ENTRY = """\
{apiVersion: v1, kind: Service, metadata: {name: ctl, namespace: edge},
 spec: {type: LoadBalancer, selector: {app: ctl}, ports: [{port: 80}]}}
"""
WEB = """\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop},
 spec: {selector: {matchLabels: {app: web}}, template: {
  metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: web:1, ports: [{containerPort: 8080}]}]}}}}
"""
SERVICE = """\
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
"""
INGRESS = """\
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop},
 spec: {ingressClassName: nginx, rules: [{http: {paths: [
  {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
"""
CLASS = """\
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx},
 spec: {controller: k8s.io/ingress-nginx}}
"""
DENY = """\
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: shop},
 spec: {podSelector: {}, policyTypes: [Ingress]}}
"""
OF_EDGE = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}"


def policy(name: str, peer: str = OF_EDGE, port: int = 8080, *, at: str = "shop", app: str = "web") -> str:
    return (
        f"{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {at}}}, "
        f"spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, "
        f"ingress: [{{from: [{peer}], ports: [{{port: {port}}}]}}]}}}}\n"
    )


SHOP = (CONTROLLER, ENTRY, CLASS, WEB, SERVICE, INGRESS)
ALLOW = policy("web")
Compare = Callable[[tuple[str, ...], tuple[str, ...]], tuple[Diffed, Diffed]]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """The difference of two sets of manifests, and the one back."""

    def compared(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[Diffed, Diffed]:
        twins = []
        for name, texts in (("a.yaml", before), ("b.yaml", after)):
            (tmp_path / name).write_text("---\n".join(texts), encoding="utf-8")
            twins.append(nw.load(str(tmp_path / name)))
        return twins[1].diff(twins[0]), twins[0].diff(twins[1])

    return compared


def causes(found: Diffed, via: str, service: str = "svc/shop/web") -> set[tuple[str, str]]:
    (way,) = [e for e in found.exposed if (e.via, e.service) == (via, service)]
    return {(found.because[i].ref, found.because[i].change) for i in way.because}


def test_one_policy_that_admits_the_controller_is_the_cause_of_the_way_through_it(compare: Compare) -> None:
    there, back = compare((*SHOP, DENY), (*SHOP, DENY, ALLOW))
    (way,) = there.exposed
    assert (way.was, way.now, way.wider) == ("deny", "allow", True)
    assert causes(there, "Ingress") == {("NetworkPolicy shop/web", "added")}
    assert causes(back, "Ingress") == {("NetworkPolicy shop/web", "removed")}


def test_a_policy_that_has_nothing_to_do_with_the_port_is_no_cause(compare: Compare) -> None:
    metrics = policy("metrics", port=9090)
    there, back = compare((*SHOP, DENY), (*SHOP, DENY, ALLOW, metrics))
    assert causes(there, "Ingress") == {("NetworkPolicy shop/web", "added")}
    assert causes(back, "Ingress") == {("NetworkPolicy shop/web", "removed")}


@pytest.mark.parametrize(
    ("gone", "cause"),
    [
        (CONTROLLER, "Deployment edge/ctl"),
        (ENTRY, "Service edge/ctl"),
        (WEB, "Deployment shop/web"),
        (SERVICE, "Service shop/web"),
        (INGRESS, "Ingress shop/web"),
    ],
)
def test_every_object_that_a_way_through_a_controller_needs_is_its_cause(
    compare: Compare, gone: str, cause: str
) -> None:
    there, back = compare(SHOP, tuple(text for text in SHOP if text is not gone))
    assert causes(there, "Ingress") == {(cause, "removed")}
    assert causes(back, "Ingress") == {(cause, "added")}


def test_what_closes_the_way_to_the_controller_closes_the_way_through_it(compare: Compare) -> None:
    closed = policy("ctl", "{podSelector: {}}", 80, at="edge", app="ctl")
    there, back = compare(SHOP, (*SHOP, closed))
    assert causes(there, "Ingress") == {("NetworkPolicy edge/ctl", "added")}
    assert causes(back, "Ingress") == {("NetworkPolicy edge/ctl", "removed")}


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_the_workload_behind_a_service_is_the_cause_of_its_ways_in(compare: Compare, kind: str) -> None:
    offered = SERVICE.replace("spec: {", f"spec: {{type: {kind}, ")
    there, back = compare((WEB, offered), (offered,))
    assert causes(there, kind) == {("Deployment shop/web", "removed")}
    assert causes(back, kind) == {("Deployment shop/web", "added")}


def test_a_policy_that_admits_the_nodes_is_the_cause_of_a_node_port(compare: Compare) -> None:
    """No pair of ends says it: nodes are none of them."""
    nodes = tuple(
        f"{{apiVersion: v1, kind: Node, metadata: {{name: n{i}}}, "
        f"status: {{addresses: [{{type: InternalIP, address: 192.0.2.{i}}}]}}}}\n"
        for i in (1, 2)
    )
    pod = """\
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {nodeName: n1, containers: [{name: c, image: web:1, ports: [{containerPort: 8080}]}]}}
"""
    before = (*nodes, pod, SERVICE.replace("spec: {", "spec: {type: NodePort, "), DENY)
    there, back = compare(before, (*before, policy("nodes", "{ipBlock: {cidr: 192.0.2.0/30}}")))
    (way,) = there.exposed
    assert (way.was, way.now) == ("undecided", "allow"), "a node reaches its own pods"
    assert causes(there, "NodePort") == {("NetworkPolicy shop/nodes", "added")}
    assert causes(back, "NodePort") == {("NetworkPolicy shop/nodes", "removed")}


def test_the_deployment_of_the_example_is_the_cause_of_its_node_port(root: Path, tmp_path: Path) -> None:
    after = tmp_path / "after"
    copytree(root / "examples/shop", after)
    orders = after / "legacy/orders.yaml"
    orders.write_text(orders.read_text(encoding="utf-8").partition("---\n")[2], encoding="utf-8")
    twins = nw.load(str(root / "examples/shop")), nw.load(str(after))
    there, back = twins[1].diff(twins[0]), twins[0].diff(twins[1])
    assert causes(there, "NodePort", "svc/legacy/orders") == {("Deployment legacy/orders", "removed")}
    assert causes(back, "NodePort", "svc/legacy/orders") == {("Deployment legacy/orders", "added")}
    assert there.exposed[0].workloads == back.exposed[0].workloads == ("deploy/legacy/orders",)


# --- where ways lead --------------------

NODE_PORT = SERVICE.replace("spec: {", "spec: {type: NodePort, ")
DB = WEB.replace("web", "db").replace("8080", "5432")


def test_a_way_that_leads_elsewhere_is_told_with_both_ends(compare: Compare) -> None:
    elsewhere = NODE_PORT.replace("app: web", "app: db").replace("8080", "5432")
    there, back = compare((WEB, DB, NODE_PORT), (WEB, DB, elsewhere))
    (way,) = there.exposed
    assert (way.was, way.now, way.wider) == ("allow", "allow", True)
    assert (way.ended, way.ends) == (("deploy/shop/web:8080",), ("deploy/shop/db:5432",))
    assert {c.ref for c in there.because} == {"Service shop/web"}
    assert there.without_effect == ()
    assert (back.exposed[0].ended, back.exposed[0].ends) == (way.ends, way.ended)


def test_a_way_to_one_end_more_is_wider_and_to_one_less_is_not(compare: Compare) -> None:
    both = DB.replace("metadata: {labels: {app: db}}", "metadata: {labels: {app: db, all: x}}")
    web = WEB.replace("metadata: {labels: {app: web}}", "metadata: {labels: {app: web, all: x}}")
    service = NODE_PORT.replace("app: web", "all: x")
    fewer = (web, DB, service)
    there, back = compare(fewer, (web, both, service))
    assert [(w.was, w.now, w.wider) for w in (*there.exposed, *back.exposed)] == [
        ("allow", "allow", True),
        ("allow", "allow", False),
    ]
    assert there.exposed[0].ends == back.exposed[0].ended == ("deploy/shop/web:8080", "deploy/shop/db:8080")
    assert {c.ref for c in there.because} == {"Deployment shop/db"}


def test_ends_that_no_rule_tells_apart_are_all_named(compare: Compare) -> None:
    alike = WEB.replace("name: web, namespace", "name: also, namespace")
    there, _ = compare((WEB, NODE_PORT), (WEB, alike, NODE_PORT))
    assert there.exposed[0].ends == ("deploy/shop/web:8080", "deploy/shop/also:8080")


BALANCED = """\
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: LoadBalancer, selector: {app: web},
 allocateLoadBalancerNodePorts: false, MORE loadBalancerSourceRanges: [RANGE], ports: [{port: 80, targetPort: 8080}]}}
"""
ADMITTED = policy("web", "{ipBlock: {cidr: 203.0.113.0/24}}")


def balanced(*ranges: str, more: str = "") -> str:
    return BALANCED.replace("RANGE", ", ".join(ranges)).replace("MORE", more)


def test_a_way_in_that_stays_undecided_is_compared_by_its_source_ranges(compare: Compare) -> None:
    """Which node passes clients on is not known, and the pod's own one may do so whatever policy says."""
    there, back = compare((WEB, ADMITTED, balanced("203.0.113.0/24")), (WEB, ADMITTED, balanced("0.0.0.0/0")))
    for found in (there, back):
        (way,) = found.exposed
        assert (way.was, way.now, way.wider) == ("undecided", "undecided", False)
        assert moved(way) == "undecided, now for other addresses"
        assert causes(found, "LoadBalancer") == {("Service shop/web", "changed")}
        assert not found.fails("exposed")
        assert found.may_fail("exposed")
        assert found.without_effect == ()


LOCAL = "externalTrafficPolicy: Local, "


def test_wider_source_ranges_expose_only_what_policies_that_see_the_client_let_in(compare: Compare) -> None:
    narrow, wide = (balanced(one, more=LOCAL) for one in ("203.0.113.0/24", "0.0.0.0/0"))
    for found in compare((WEB, ADMITTED, narrow), (WEB, ADMITTED, wide)):
        assert found.exposed == ()
        assert [c.ref for c in found.without_effect] == ["Service shop/web"]
    narrow = balanced("203.0.113.0/25", more=LOCAL)
    there, back = compare((WEB, ADMITTED, narrow), (WEB, ADMITTED, wide))
    assert [(e.was, e.now, e.wider) for e in there.exposed] == [("some", "some", True)]
    assert [(e.was, e.now, e.wider) for e in back.exposed] == [("some", "some", False)]
    there, _ = compare((WEB, narrow), (WEB, ADMITTED, wide))
    assert [(e.was, e.now, e.wider) for e in there.exposed] == [("some", "some", True)]


def test_source_ranges_that_differ_outside_the_internet_expose_nothing(compare: Compare) -> None:
    """Private addresses are none of the internet."""
    for found in compare((WEB, balanced("203.0.113.0/24", "10.0.0.0/8")), (WEB, balanced("203.0.113.0/24"))):
        assert found.exposed == ()
