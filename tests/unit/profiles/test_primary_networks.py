"""Primary user-defined networks: who meets whom, at which addresses, and what is left open.

The meanings are those of the pages of OVN-Kubernetes on user-defined networks (2c48a605cbd4) and on connecting them
(8ddc65567bcd).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netwright as nw
from netwright.base.errors import UnknownReference
from tests.scenarios.reading import FOLDER, read

Load = Callable[..., nw.Twin]
PRIMARY = "k8s.ovn.org/primary-user-defined-network"


@pytest.fixture
def load(tmp_path: Any) -> Load:
    def read(*manifests: str) -> nw.Twin:
        (tmp_path / "cluster.yaml").write_text("".join(manifests))
        twin = nw.load(str(tmp_path))
        assert not twin.accounting.invalid, twin.diagnostics
        return twin

    return read


def document(api: str, kind: str, name: str, namespace: str = "", **more: Any) -> str:
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **more.pop("meta", {})}
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": meta, **more}) + "\n---\n"


def namespace(name: str, **labels: str) -> str:
    return document("v1", "Namespace", name, meta={"labels": {PRIMARY: "", **labels}})


def udn(where: str, *subnets: str) -> str:
    part = {"role": "Primary", "subnets": list(subnets or ("10.20.0.0/16",))}
    return document("k8s.ovn.org/v1", "UserDefinedNetwork", "net", where, spec={"topology": "Layer2", "layer2": part})


def cudn(name: str, subnet: str, labels: dict[str, str], **network: Any) -> str:
    layer3 = {"role": "Primary", "subnets": [{"cidr": subnet, "hostSubnet": 24}]}
    spec = {
        "namespaceSelector": {"matchLabels": labels},
        "network": {"topology": "Layer3", "layer3": layer3, **network},
    }
    meta = {"labels": {"net": name}}
    return document("k8s.ovn.org/v1", "ClusterUserDefinedNetwork", name, spec=spec, meta=meta)


def pod(name: str, where: str, address: str = "", opened: str = "", **spec: Any) -> str:
    held: dict[str, Any] = {"default": {"ip_addresses": ["10.244.0.9/24"], "role": "infrastructure-locked"}}
    held["own"] = {"ip_addresses": [f"{address}/16"], "role": "primary"}
    notes = {"k8s.ovn.org/pod-networks": json.dumps(held)} if address else {}
    if opened:
        notes["k8s.ovn.org/open-default-ports"] = opened
    meta = {"labels": {"app": name}, "annotations": notes}
    status = {"podIP": "10.244.0.9"} if address else {}
    containers = [{"name": "c", "image": "example/web:1", "ports": [{"containerPort": 80}]}]
    return document("v1", "Pod", name, where, meta=meta, spec={"containers": containers, **spec}, status=status)


def service(where: str, name: str = "web", **spec: Any) -> str:
    return document("v1", "Service", name, where, spec={"selector": {"app": "web"}, "ports": [{"port": 80}], **spec})


def connect(*kinds: str, **selectors: Any) -> str:
    chosen = [
        {
            "networkSelectionType": "PrimaryUserDefinedNetworks",
            "primaryUserDefinedNetworkSelector": {"namespaceSelector": selectors.get("namespaces", {})},
        },
        {
            "networkSelectionType": "ClusterUserDefinedNetworks",
            "clusterUserDefinedNetworkSelector": {"networkSelector": selectors.get("networks", {})},
        },
    ]
    spec = {
        "networkSelectors": chosen,
        "connectSubnets": [{"cidr": selectors.get("between", "192.168.0.0/16"), "networkPrefix": 24}],
        "connectivity": list(kinds),
    }
    return document("k8s.ovn.org/v1", "ClusterNetworkConnect", "joined", spec=spec)


def policy(where: str, **spec: Any) -> str:
    return document("networking.k8s.io/v1", "NetworkPolicy", "p", where, spec={"podSelector": {}, **spec})


def verdict(twin: nw.Twin, source: str, target: str, port: int = 80, protocol: str = "TCP") -> str:
    return twin.eval([{"from": source, "to": target, "protocol": protocol, "port": port}])[0].verdict


def why_open(twin: nw.Twin, source: str, target: str, port: int = 80) -> str:
    (found,) = twin.eval([{"from": source, "to": target, "protocol": "TCP", "port": port}])
    assert found.verdict == "undecided"
    return str(found.undecided)


NAMESPACES = namespace("a", team="red") + namespace("b", team="red") + document("v1", "Namespace", "shop")
PODS = pod("web", "a") + pod("db", "a") + pod("web", "b") + pod("web", "shop") + pod("db", "shop")


def test_networks_do_not_meet(load: Load) -> None:
    twin = load(NAMESPACES, PODS, udn("a"), udn("b", "10.30.0.0/16"))
    assert verdict(twin, "a/web", "a/db") == "allow"
    assert verdict(twin, "a/web", "b/web") == verdict(twin, "b/web", "a/web") == "deny"
    assert verdict(twin, "a/web", "shop/web") == verdict(twin, "shop/web", "a/web") == "deny"
    assert verdict(twin, "shop/web", "shop/db") == "allow"
    assert verdict(twin, "a/web", "internet", 443) == "allow"


def test_a_network_of_several_namespaces(load: Load) -> None:
    twin = load(NAMESPACES, PODS, cudn("net", "10.128.0.0/16", {"team": "red"}))
    assert verdict(twin, "a/web", "b/web") == "allow"
    assert verdict(twin, "a/web", "shop/web") == "deny"


def test_what_keeps_them_apart_is_cited_with_its_network(load: Load) -> None:
    twin = load(NAMESPACES, PODS, udn("a"), udn("b", "10.30.0.0/16"))
    (found,) = twin.eval([{"from": "a/web", "to": "b/web", "protocol": "TCP", "port": 80}])
    cited = {(one.direction, one.kind, one.namespace, one.name, one.action) for one in found.by}
    assert cited == {
        ("egress", "UserDefinedNetwork", "a", "net", "deny"),
        ("ingress", "UserDefinedNetwork", "b", "net", "deny"),
    }
    assert all(one.file and one.line for one in found.by)


def test_policies_act_on_the_primary_network(load: Load) -> None:
    only = policy("a", policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "db"}}}]}])
    twin = load(NAMESPACES, PODS, pod("other", "a"), udn("a"), only)
    assert verdict(twin, "a/db", "a/web") == "allow"
    assert verdict(twin, "a/other", "a/web") == "deny"


def test_ranges_are_of_the_address_on_the_network(load: Load) -> None:
    to = {"to": [{"ipBlock": {"cidr": "10.20.0.5/32"}}]}
    pods = pod("web", "a", "10.20.0.5") + pod("db", "a", "10.20.0.6") + pod("new", "a")
    twin = load(NAMESPACES, pods, udn("a"), policy("a", policyTypes=["Egress"], egress=[to]))
    assert verdict(twin, "a/db", "a/web") == "allow"
    assert verdict(twin, "a/web", "a/db") == "deny"
    # of an address that is not known the subnets are what it may be
    assert verdict(twin, "a/web", "a/new") == "undecided"
    outside = {"to": [{"ipBlock": {"cidr": "10.244.0.0/16"}}]}
    twin = load(NAMESPACES, pods, udn("a"), policy("a", policyTypes=["Egress"], egress=[outside]))
    assert verdict(twin, "a/web", "a/db") == verdict(twin, "a/web", "a/new") == "deny"


@pytest.mark.parametrize(
    "annotations",
    [
        {
            "k8s.v1.cni.cncf.io/network-status": json.dumps(
                [
                    {"name": "ovn-kubernetes", "interface": "eth0", "ips": ["10.244.0.9"]},
                    {"name": "ovn-kubernetes", "interface": "ovn-udn1", "ips": ["10.20.0.7"], "default": True},
                ]
            )
        },
        {"network.kubevirt.io/addresses": json.dumps({"default": ["10.20.0.7"]})},
    ],
)
def test_other_annotations_that_tell_addresses(load: Load, annotations: dict[str, str]) -> None:
    spec = {"containers": [{"name": "c", "image": "example/web:1"}]}
    web = document("v1", "Pod", "web", "a", meta={"annotations": annotations}, spec=spec)
    assert load(NAMESPACES, web, udn("a")).cluster.columns.addresses_of(0).cidrs() == ["10.20.0.7/32"]
    # what is no JSON, or of another network, tells nothing
    broken = {key: value[1:] for key, value in annotations.items()}
    web = document("v1", "Pod", "web", "a", meta={"annotations": broken}, spec=spec)
    assert load(NAMESPACES, web, udn("a")).cluster.columns.addresses_of(0).cidrs() == ["10.20.0.0/16"]


def test_two_pods_of_one_address_are_two_endpoints(load: Load) -> None:
    twin = load(NAMESPACES, pod("web", "a", "10.20.0.5"), pod("web", "b", "10.20.0.5"), udn("a"), udn("b"))
    assert twin.cluster.columns.n == 2
    with pytest.raises(UnknownReference) as raised:
        twin.inquirer.directory.resolve("10.20.0.5")
    assert "did you mean `pod/a/web` or `pod/b/web`?" in str(raised.value.help)


def test_nodes(load: Load) -> None:
    nodes = "".join(
        document("v1", "Node", name, status={"addresses": [{"type": "InternalIP", "address": address}]})
        for name, address in (("n1", "192.168.7.1"), ("n2", "192.168.7.2"))
    )
    twin = load(NAMESPACES, nodes, pod("web", "a", nodeName="n1"), udn("a"))
    assert verdict(twin, "node/n2", "a/web") == "deny"
    assert "the kubelet of the pod's node sends it" in why_open(twin, "node/n1", "a/web")
    assert verdict(twin, "a/web", "node/n1", 10250) == verdict(twin, "a/web", "node/n2", 10250) == "allow"


def test_open_default_ports(load: Load) -> None:
    opened = "- protocol: tcp\n  port: 80\n- protocol: udp\n  port: 53\n- protocol: icmp\n"
    twin = load(NAMESPACES, pod("web", "a", opened=opened), pod("web", "b"), pod("x", "shop"), udn("a"), udn("b"))
    assert verdict(twin, "shop/x", "a/web") == verdict(twin, "shop/x", "a/web", 53, "UDP") == "allow"
    assert verdict(twin, "shop/x", "a/web", 81) == "deny"
    assert verdict(twin, "shop/x", "a/web", 53) == "deny"
    # the pod's policies are about its own network
    closed = policy("a", policyTypes=["Ingress"])
    twin = load(NAMESPACES, pod("web", "a", opened=opened), pod("db", "a"), pod("x", "shop"), udn("a"), closed)
    assert verdict(twin, "shop/x", "a/web") == "allow"
    assert verdict(twin, "a/db", "a/web") == "deny"
    # nothing leaves another network by its address of the default one
    twin = load(NAMESPACES, pod("web", "a", opened=opened), pod("y", "b"), udn("a"), udn("b"))
    assert verdict(twin, "b/y", "a/web") == "deny"
    # what is opened may be written as JSON too
    web = pod("web", "a", opened='[{"protocol": "icmp"}, {"protocol": "tcp", "port": 80}]')
    twin = load(NAMESPACES, web, pod("x", "shop"), udn("a"))
    assert verdict(twin, "shop/x", "a/web") == "allow"
    assert verdict(twin, "shop/x", "a/web", 81) == "deny"


@pytest.mark.parametrize(
    ("cidr", "known", "unknown"),
    [("10.20.0.0/16", "deny", "undecided"), ("10.244.0.9/32", "allow", "undecided"), ("0.0.0.0/0", "allow", "allow")],
)
def test_ranges_are_of_the_address_that_is_dialled(load: Load, cidr: str, known: str, unknown: str) -> None:
    """An open port is dialled at the address on the default network, which policies of clients there compare; those of
    clients on the pod's own network do not."""
    opened = "- protocol: tcp\n  port: 80\n"
    to = {"policyTypes": ["Egress"], "egress": [{"to": [{"ipBlock": {"cidr": cidr}}]}]}
    pods = pod("web", "a", "10.20.0.5", opened) + pod("new", "a", opened=opened) + pod("db", "a")
    twin = load(NAMESPACES, pods, pod("x", "shop"), udn("a"), policy("shop", **to), policy("a", **to))
    assert verdict(twin, "shop/x", "a/web") == known
    assert verdict(twin, "shop/x", "a/new") == unknown
    assert verdict(twin, "a/db", "a/web") == ("deny" if cidr == "10.244.0.9/32" else "allow")


def test_nodes_come_in_by_open_ports_without_a_condition(load: Load) -> None:
    node = document("v1", "Node", "n1", status={"addresses": [{"type": "InternalIP", "address": "192.168.7.1"}]})
    web = pod("web", "a", opened="- protocol: tcp\n  port: 80\n", nodeName="n1")
    twin = load(NAMESPACES, node, web, udn("a"))
    assert verdict(twin, "node/n1", "a/web") == "allow"
    assert "the kubelet of the pod's node sends it" in why_open(twin, "node/n1", "a/web", 81)


def test_services_lead_within_their_network(load: Load) -> None:
    twin = load(NAMESPACES, PODS, udn("a"), udn("b", "10.30.0.0/16"), service("a"), service("shop"))
    assert verdict(twin, "a/db", "svc/a/web") == "allow"
    assert verdict(twin, "b/web", "svc/a/web") == verdict(twin, "shop/db", "svc/a/web") == "deny"
    assert verdict(twin, "a/db", "svc/shop/web") == "deny"
    assert verdict(twin, "shop/db", "svc/shop/web") == "allow"


def test_services_of_every_network(load: Load) -> None:
    dns = document("v1", "Namespace", "kube-system") + pod("web", "kube-system")
    dns += service("kube-system", "kube-dns") + service("kube-system", "other")
    twin = load(NAMESPACES, PODS, udn("a"), dns)
    assert verdict(twin, "a/db", "svc/kube-system/kube-dns") == "allow"
    assert verdict(twin, "a/db", "svc/kube-system/other") == "deny"
    assert verdict(twin, "a/db", "kube-system/web") == "deny"
    isolated = load(NAMESPACES, PODS, udn("a"), dns, policy("a", policyTypes=["Egress"], egress=[{}]))
    assert "how policies see packets" in why_open(isolated, "a/db", "svc/kube-system/kube-dns")
    # what lets nothing out lets nothing out, whatever it sees
    shut = load(NAMESPACES, PODS, udn("a"), dns, policy("a", policyTypes=["Egress"]))
    assert verdict(shut, "a/db", "svc/kube-system/kube-dns") == "deny"
    # hosts
    hosts = load(
        NAMESPACES, pod("web", "a", hostNetwork=True), pod("web", "shop", hostNetwork=True), udn("a"), service("a")
    )
    assert "processes of a node" in why_open(hosts, "shop/web", "svc/a/web")


def test_outer_addresses_of_services_lead_to_every_network(load: Load) -> None:
    outer = service("a", type="LoadBalancer", clusterIP="10.96.0.7", externalIPs=["203.0.113.7"])
    twin = load(NAMESPACES, PODS, udn("a"), udn("b", "10.30.0.0/16"), outer)
    assert verdict(twin, "b/web", "203.0.113.7") == verdict(twin, "shop/web", "203.0.113.7") == "allow"
    assert verdict(twin, "b/web", "10.96.0.7") == "deny"
    assert verdict(twin, "internet", "svc/a/web") == "allow"


def test_headless_services_and_slices_of_others(load: Load) -> None:
    twin = load(NAMESPACES, PODS, udn("a"), service("a", clusterIP="None"))
    assert "name of a headless Service" in why_open(twin, "a/db", "svc/a/web")
    bare = document("v1", "Service", "web", "a", spec={"ports": [{"port": 80}]})
    slices = document(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        "web-1",
        "a",
        meta={"labels": {"kubernetes.io/service-name": "web"}},
        addressType="IPv4",
        ports=[{"port": 80}],
        endpoints=[{"addresses": ["10.20.0.5"], "targetRef": {"kind": "Pod", "name": "web", "namespace": "a"}}],
    )
    assert verdict(load(NAMESPACES, PODS, udn("a"), bare, slices), "a/db", "svc/a/web") == "deny"


TWO = udn("a") + udn("b", "10.30.0.0/16") + service("b")


@pytest.mark.parametrize(
    ("kinds", "pods", "services"),
    [
        (("PodNetwork",), "allow", "deny"),
        (("ServiceNetwork",), "deny", "allow"),
        (("PodNetwork", "ServiceNetwork"), "allow", "allow"),
    ],
)
def test_what_is_joined(load: Load, kinds: tuple[str, ...], pods: str, services: str) -> None:
    twin = load(NAMESPACES, PODS, TWO, connect(*kinds))
    assert verdict(twin, "a/web", "b/web") == verdict(twin, "b/web", "a/web") == pods
    assert verdict(twin, "a/web", "svc/b/web") == services
    assert verdict(twin, "a/web", "shop/web") == "deny"  # nobody joins the default network


def test_selectors_of_policies_reach_joined_networks(load: Load) -> None:
    from_a = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "a"}}}
    only = policy("b", policyTypes=["Ingress"], ingress=[{"from": [from_a]}])
    twin = load(NAMESPACES, PODS, pod("db", "b"), TWO, connect("PodNetwork"), only)
    assert verdict(twin, "a/web", "b/web") == "allow"
    assert verdict(twin, "b/db", "b/web") == "deny"
    # and not beyond a connection for Services alone (page "Connecting User Defined Networks", "Network Policies")
    assert verdict(load(NAMESPACES, PODS, TWO, connect("ServiceNetwork"), only), "a/web", "svc/b/web") == "deny"
    block = policy("b", policyTypes=["Ingress"], ingress=[{"from": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}])
    assert verdict(load(NAMESPACES, PODS, TWO, connect("ServiceNetwork"), block), "a/web", "svc/b/web") == "allow"


def test_connections_lead_no_further(load: Load) -> None:
    three = namespace("c") + pod("web", "c") + udn("c", "10.40.0.0/16")
    joins = connect("PodNetwork", namespaces={"matchLabels": {"team": "red"}}, networks={"matchLabels": {"x": "y"}})
    other = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["b", "c"]}]}
    more = connect("PodNetwork", namespaces=other, networks={"matchLabels": {"x": "y"}}, between="192.169.0.0/16")
    twin = load(NAMESPACES, PODS, TWO, three, joins, more.replace('"joined"', '"more"'))
    assert verdict(twin, "a/web", "b/web") == verdict(twin, "b/web", "c/web") == "allow"
    assert verdict(twin, "a/web", "c/web") == "deny"


@pytest.mark.parametrize(
    ("second", "between", "told"),
    [
        (udn("b"), "192.168.0.0/16", "overlap"),
        (udn("b", "10.30.0.0/16", "fd00::/64"), "192.168.0.0/16", "famil"),
        (udn("b", "10.30.0.0/16"), "10.30.0.0/16", "`connectSubnets` overlap"),
        (
            cudn(
                "x",
                "10.30.0.0/16",
                {"kubernetes.io/metadata.name": "b"},
                transport="NoOverlay",
                noOverlay={"outboundSNAT": "Enabled", "routing": "Managed"},
            ),
            "192.168.0.0/16",
            "transport NoOverlay",
        ),
    ],
)
def test_what_is_not_supported(load: Load, second: str, between: str, told: str) -> None:
    only = {"matchLabels": {"kubernetes.io/metadata.name": "a"}}
    namespaces = only if "Cluster" in second else {}
    twin = load(NAMESPACES, PODS, udn("a"), second, connect("PodNetwork", between=between, namespaces=namespaces))
    assert told in why_open(twin, "a/web", "b/web")
    assert verdict(twin, "a/web", "shop/web") == "deny"


def test_what_is_not_known_is_open(load: Load) -> None:
    # the labels of `c` are not in the input; `d` waits for a network
    twin = load(
        NAMESPACES,
        namespace("d"),
        PODS,
        pod("web", "c"),
        pod("db", "c"),
        pod("web", "d"),
        cudn("n", "10.30.0.0/16", {"team": "red"}),
    )
    assert verdict(twin, "a/web", "c/web") == verdict(twin, "shop/web", "c/web") == "undecided"
    assert verdict(twin, "c/web", "c/db") == "allow"  # whichever network it is
    assert "its primary network is not in the input" in why_open(twin, "shop/web", "d/web")
    # so it does where there is no network at all
    assert "its primary network is not in the input" in why_open(
        load(NAMESPACES, namespace("d"), pod("web", "d"), pod("web", "shop")), "shop/web", "d/web"
    )
    # and what is not in the input may be joined
    joined = load(NAMESPACES, namespace("d"), PODS, pod("web", "d"), TWO, connect("PodNetwork"))
    assert "is joined is not known" in why_open(joined, "a/web", "d/web")
    assert verdict(joined, "a/web", "shop/web") == "deny"
    # two networks of one namespace
    both = load(NAMESPACES, PODS, udn("a"), cudn("n", "10.30.0.0/16", {"team": "red"}))
    assert "OVN-Kubernetes takes one" in why_open(both, "a/web", "shop/db")
    assert verdict(both, "a/web", "a/db") == "allow"
    assert verdict(both, "b/web", "shop/web") == "deny"


def test_a_namespace_without_the_label_stays_on_the_default_network(load: Load) -> None:
    twin = load(document("v1", "Namespace", "a"), document("v1", "Namespace", "shop"), PODS, udn("a"))
    assert verdict(twin, "a/web", "shop/web") == "allow"


def test_other_inputs_have_no_part_in_it(load: Load) -> None:
    twin = load(NAMESPACES, PODS, udn("a").replace("Primary", "Secondary"))
    assert [enforcer.name for enforcer in twin.cluster.enforcers] == ["cni"]
    assert twin.cluster.isolation is None


def test_a_network_that_serves_no_namespace_hinders_no_connection(load: Load) -> None:
    """`shop` has not the label without which OVN-Kubernetes makes no primary network for its pods."""
    unmade = cudn("unmade", "10.20.0.0/16", {"kubernetes.io/metadata.name": "shop"})
    twin = load(NAMESPACES, PODS, TWO, unmade, connect("PodNetwork", networks={}))
    assert verdict(twin, "a/web", "b/web") == "allow"


def test_a_range_may_mean_pods_whose_primary_network_is_not_in_the_input(tmp_path: Path) -> None:
    """A range lets in an address that the pod may have there: neither judge is sure, and they agree."""
    scenario = read(FOLDER / "net-01-overlapping-subnets-of-tenants.md")
    scenario.write(tmp_path)
    tenants = tmp_path / "tenants.yaml"
    tenants.write_text(tenants.read_text().partition("---\napiVersion: k8s.ovn.org/v1")[0])
    for cni in ("", "ovn-kubernetes"):
        assert nw.load(str(tmp_path), cni=cni).why("red/web", "red/db:5432", changes=False).verdict == "undecided"
