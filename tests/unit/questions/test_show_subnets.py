"""`show subnets`: what is taken and free of each range, and whether an overlap hurts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import netwright
from netwright.questions.show import show
from netwright.questions.show.rows import OverlapRow, SubnetRow

NODE = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [10.244.0.0/24]}
status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations:
    k8s.v1.cni.cncf.io/network-status: '[{"name": "cbr0", "default": true, "ips": ["10.244.0.7"]},
      {"name": "shop/wired", "ips": ["10.130.0.7"]}]'
spec: {nodeName: n1, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.244.0.7, podIPs: [{ip: 10.244.0.7}]}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: %s, selector: {app: web}, ports: [{port: 80}]}
"""


def udn(name: str, subnet: str, role: str = "Primary", namespace: str = "", more: str = "") -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {{name: net, namespace: {namespace or name}}}
spec: {{topology: Layer2, layer2: {{role: {role}, subnets: [{subnet}]{more}}}}}
"""


def bridge(name: str, plugin: str, subnet: str, namespace: str = "shop", vlan: int = 130) -> str:
    field = "range" if plugin == "whereabouts" else "subnet"
    return f"""\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  config: '{{"name": "{name}", "type": "bridge", "bridge": "br1", "vlan": {vlan},
    "ipam": {{"type": "{plugin}", "{field}": "{subnet}"}}}}'
"""


def localnet(subnet: str, excluded: str) -> str:
    return f"""\
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {{name: wide}}
spec:
  namespaceSelector: {{}}
  network:
    topology: Localnet
    localnet: {{role: Secondary, physicalNetworkName: p, subnets: [{subnet}], excludeSubnets: [{excluded}]}}
"""


def interface(name: str, address: str) -> str:
    return f"""\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {{name: own}}
spec:
  desiredState:
    interfaces:
    - {{name: {name}, type: linux-bridge, ipv4: {{enabled: true, address: [{{ip: {address}, prefix-length: 24}}]}}}}
"""


def rows(tmp_path: Path, *texts: str, **narrowed: Any) -> list[SubnetRow]:
    (tmp_path / "all.yaml").write_text("---\n".join(texts))
    found = show(netwright.load(str(tmp_path)), "subnets", **narrowed).rows
    return [row for row in found if isinstance(row, SubnetRow)]


def overlap(found: list[SubnetRow], ref: str, with_: str) -> OverlapRow:
    """The one overlap of two networks, which must be the same seen from both."""
    (there,) = [o for row in found if row.ref == ref and not row.part for o in row.overlaps if o.ref == with_]
    (back,) = [o for row in found if row.ref == with_ for o in row.overlaps if o.ref == ref]
    assert (there.hurts, there.why) == (back.hurts, back.why)
    return there


SERVICE_CIDR = """\
apiVersion: networking.k8s.io/%s
kind: ServiceCIDR
metadata: {name: kubernetes}
spec: {cidrs: [10.96.0.0/16]}
"""
API_SERVER = """\
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver-n1, namespace: kube-system}
spec: {hostNetwork: true, nodeName: n1, containers: [{name: a, image: a, %s}]}
"""


@pytest.mark.parametrize(
    ("text", "known_from"),
    [
        (SERVICE_CIDR % "v1", "ServiceCIDR kubernetes"),
        (SERVICE_CIDR % "v1beta1", "ServiceCIDR kubernetes"),
        (API_SERVER % "command: [kube-apiserver, '--service-cluster-ip-range=10.96.0.0/16']", "Pod kube-system/"),
        (API_SERVER % "args: ['--v=2', --service-cluster-ip-range, 10.96.0.0/16]", "Pod kube-system/"),
    ],
)
def test_the_range_of_services_is_known_where_something_says_it(tmp_path: Path, text: str, known_from: str) -> None:
    found = rows(tmp_path, NODE, text, SERVICE % "10.96.0.20", bridge("wired", "host-local", "10.96.7.0/24"))
    (one,) = [row for row in found if row.use == "services"]
    assert (one.range, one.size, one.used, one.free) == ("10.96.0.0/16", 65536, 1, 65533)
    assert one.known_from.startswith(known_from)
    assert one.line
    assert overlap(found, "service", "nad/shop/wired").hurts == "perhaps"
    outside = [row.range for row in rows(tmp_path, text, SERVICE % "10.97.0.20") if row.use == "services"]
    assert outside == ["10.96.0.0/16", "10.97.0.20"]


def test_a_range_of_services_among_those_of_pods_is_told_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(f"{NODE}---\n{SERVICE_CIDR % 'v1'}".replace("10.96.0.0/16", "10.244.0.0/16"))
    (found,) = [f for f in netwright.load(str(tmp_path)).check().findings if f.code == "NW5002"]
    assert (found.kind, found.path) == ("ServiceCIDR", "spec.cidrs[0]")


def test_what_is_taken_and_free(tmp_path: Path) -> None:
    found = rows(tmp_path, NODE, POD, SERVICE % "10.96.0.20", bridge("wired", "host-local", "10.130.0.0/28"))
    told = {(r.ref, r.part): (r.range, r.size, r.kept, r.used, r.free) for r in found}
    assert told == {
        ("pod", ""): ("10.244.0.0/24", 256, 2, 1, 253),
        ("pod", "node/n1"): ("10.244.0.0/24", 256, 2, 1, 253),
        ("service", ""): ("10.96.0.20", None, None, 1, None),
        ("host", ""): ("192.0.2.11", None, None, 1, None),
        ("nad/shop/wired", ""): ("10.130.0.0/28", 16, 2, 1, 13),  # the pod's address there, by Multus' word
    }


def test_what_is_left_out_is_not_free(tmp_path: Path) -> None:
    (row,) = [r for r in rows(tmp_path, localnet("10.120.0.0/24", "10.120.0.0/28")) if r.ref == "cudn/wide"]
    assert (row.size, row.kept, row.free) == (256, 18, 238)


def test_networks_of_their_own_may_overlap(tmp_path: Path) -> None:
    found = rows(tmp_path, udn("red", "10.20.0.0/24"), udn("blue", "10.20.0.0/16"))
    assert overlap(found, "udn/red/net", "udn/blue/net").hurts == "no"


@pytest.mark.parametrize(
    ("subnet", "other"), [("10.244.0.0/16", "pod"), ("10.96.0.0/16", "service"), ("192.0.2.0/24", "host")]
)
def test_a_primary_network_in_a_range_of_the_cluster_hurts(tmp_path: Path, subnet: str, other: str) -> None:
    found = rows(tmp_path, NODE, SERVICE % "10.96.0.20", udn("red", subnet))
    assert overlap(found, "udn/red/net", other).hurts == "yes"


def test_the_cnis_own_ranges_count_where_it_is_ovn_kubernetes(tmp_path: Path) -> None:
    found = rows(tmp_path, udn("red", "100.64.8.0/24"))
    assert overlap(found, "udn/red/net", "cni").hurts == "yes"
    assert not [r for r in rows(tmp_path, NODE) if r.use == "cni"]


def test_join_subnets_stay_inside_their_network(tmp_path: Path) -> None:
    found = rows(
        tmp_path, udn("red", "10.20.0.0/24", more=", joinSubnets: [10.99.0.0/16]"), udn("blue", "10.99.0.0/24")
    )
    (join,) = [r for r in found if r.part == "join"]
    assert [(o.ref, o.hurts) for o in join.overlaps] == [("udn/blue/net", "no")]


def test_services_in_the_range_of_pods_hurt(tmp_path: Path) -> None:
    assert overlap(rows(tmp_path, NODE, SERVICE % "10.244.0.20"), "pod", "service").hurts == "yes"


@pytest.mark.parametrize(
    ("first", "second", "hurts"),
    [
        (bridge("a", "host-local", "10.130.0.0/24"), bridge("b", "host-local", "10.130.0.0/25"), "yes"),
        (bridge("a", "whereabouts", "10.130.0.0/24"), bridge("b", "whereabouts", "10.130.0.0/24"), "no"),
        (bridge("a", "whereabouts", "10.130.0.0/24"), bridge("b", "whereabouts", "10.130.0.0/25"), "yes"),
        (bridge("a", "host-local", "10.130.0.0/24"), bridge("b", "host-local", "10.130.0.0/24", vlan=9), "perhaps"),
        (bridge("a", "host-local", "10.130.0.0/24"), bridge("b", "host-local", "10.130.0.0/24", "bar", 9), "no"),
    ],
)
def test_segments_that_overlap(tmp_path: Path, first: str, second: str, hurts: str) -> None:
    found = rows(tmp_path, first, second)
    other = "nad/bar/b" if "namespace: bar" in second else "nad/shop/b"
    assert overlap(found, "nad/shop/a", other).hurts == hurts


def test_the_address_of_a_node_in_the_range_of_a_segment(tmp_path: Path) -> None:
    wired = bridge("a", "host-local", "10.130.0.0/24", vlan=0)
    for name, hurts in (("br1", "yes"), ("br2", "perhaps")):
        found = rows(tmp_path, wired, interface(name, "10.130.0.9"))
        assert overlap(found, "nad/shop/a", "nodes/every node").hurts == hurts
    kept = localnet("10.120.0.0/24", "10.120.0.8/29")
    found = rows(tmp_path, kept, interface("br2", "10.120.0.9"))
    assert overlap(found, "cudn/wide", "nodes/every node").hurts == "no"


def test_narrowed_to_a_namespace(tmp_path: Path) -> None:
    found = rows(tmp_path, POD, udn("red", "10.20.0.0/24"), udn("blue", "10.21.0.0/24"), namespaces=("red",))
    assert {r.ref for r in found} & {"udn/red/net", "udn/blue/net"} == {"udn/red/net"}
