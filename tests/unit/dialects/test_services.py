"""Where the ports of Services lead."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.base.services import TCP, UDP
from netwright.dialects.k8s import objects as k8s
from netwright.model.cluster import Cluster, ServiceNoun
from netwright.model.document import Decoded
from netwright.profiles.compose import compose
from tests.agreement import Asked, compare
from tests.unit.spec.build import pod, port, service, workload

WEB = {"app": "web"}


def asked(*objects: Decoded) -> tuple[Cluster, ServiceNoun]:
    found = compose(objects)
    [one] = found.services
    return found, one


def backends(found: Cluster, one: ServiceNoun) -> list[tuple[str, int, int]]:
    return [
        (found.columns.names[b.row] if b.row >= 0 else b.address, b.protocol, b.port)
        for p in one.ports
        for b in p.backends
    ]


def sp(
    number: int = 80, target: int | str | None = None, protocol: str | None = None, name: str | None = None
) -> k8s.ServicePort:
    return k8s.ServicePort(port=number, target_port=target, protocol=protocol, name=name)


def sliced(*endpoints: k8s.EndpointEntry, of: str = "s", namespace: str = "shop", at: tuple[Any, ...] = ()) -> Decoded:
    meta = k8s.Meta(name="s-abc", namespace=namespace, labels={"kubernetes.io/service-name": of})
    value = k8s.EndpointSlice(metadata=meta, endpoints=endpoints, ports=at or (k8s.EndpointPort(port=8443),))
    return Decoded(kind="EndpointSlice", namespace=namespace, name="s-abc", value=value)


def test_the_target_port_is_its_own_or_the_services() -> None:
    found, one = asked(pod("web"), service("s", sp(80), sp(81, 8081), selector=WEB))
    assert backends(found, one) == [("web", TCP, 80), ("web", TCP, 8081)]


def test_a_named_target_is_resolved_on_each_pod_and_for_its_protocol() -> None:
    found, one = asked(
        pod("a", port(8080, "http"), labels=WEB),
        pod("b", port(9090, "http"), port(9091, "http"), labels=WEB),
        pod("c", port(53, "http", "UDP"), labels=WEB),
        pod("d", port(80), labels=WEB),
        workload("Deployment", "e", port(7070, "http"), labels=WEB),
        service("s", sp(80, "http"), selector=WEB),
    )
    assert backends(found, one) == [("a", TCP, 8080), ("b", TCP, 9090), ("e", TCP, 7070)]


def test_the_selector_wants_every_label_in_its_own_namespace() -> None:
    found, one = asked(
        pod("a", labels={**WEB, "tier": "front"}),
        pod("b", labels=WEB),
        pod("c", labels={**WEB, "tier": "front"}, namespace="far"),
        pod("d", labels={**WEB, "tier": "front"}, phase="Succeeded"),
        service("s", sp(53, protocol="UDP"), selector={**WEB, "tier": "front"}),
    )
    assert backends(found, one) == [("a", UDP, 53)]


def test_without_a_selector_slices_tell() -> None:
    to_pod = k8s.EndpointEntry(
        addresses=("10.0.0.1",), target_ref=k8s.ObjectReference(kind="Pod", name="web", namespace="shop")
    )
    to_address = k8s.EndpointEntry(addresses=("192.0.2.7", "192.0.2.8"))
    not_ready = k8s.EndpointEntry(addresses=("192.0.2.9",), conditions=k8s.EndpointConditions(ready=False))
    ready = k8s.EndpointEntry(addresses=("192.0.2.10",), conditions=k8s.EndpointConditions(ready=True))
    found, one = asked(
        pod("web", ips=("10.0.0.1",)), service("s", sp(443)), sliced(to_pod, to_address, not_ready, ready)
    )
    assert backends(found, one) == [
        ("web", TCP, 8443),
        ("192.0.2.7", TCP, 8443),
        ("192.0.2.8", TCP, 8443),
        ("192.0.2.10", TCP, 8443),
    ]


def test_a_slice_names_pods_and_those_that_have_ended_are_not_there() -> None:
    """Neither does a workload of the pod's name stand for it."""
    to = [
        k8s.EndpointEntry(
            addresses=("10.0.0.1",), target_ref=k8s.ObjectReference(kind="Pod", name=name, namespace="shop")
        )
        for name in ("web", "done")
    ]
    pods = (pod("web", ips=("10.0.0.1",)), pod("done", ips=("10.0.0.1",), phase="Succeeded"))
    found, one = asked(*pods, workload("Deployment", "web"), service("s", sp(443)), sliced(*to))
    assert backends(found, one) == [("web", TCP, 8443)]
    assert found.row_objects[one.ports[0].backends[0].row].kind == "Pod"


def test_slices_of_others_and_ports_of_other_names_do_not_count() -> None:
    entry = k8s.EndpointEntry(addresses=("192.0.2.7",))
    for other in (
        sliced(entry, of="t"),
        sliced(entry, namespace="far"),
        sliced(entry, at=(k8s.EndpointPort(name="other", port=8443),)),
        sliced(entry, at=(k8s.EndpointPort(port=8443, protocol="UDP"),)),
    ):
        found, one = asked(service("s", sp(443)), other)
        assert backends(found, one) == []


SLICE = {
    "apiVersion": "discovery.k8s.io/v1",
    "kind": "EndpointSlice",
    "metadata": {"name": "s", "namespace": "shop"},
    "addressType": "IPv4",
    "ports": [{"port": 8443}],
}


@pytest.mark.parametrize(
    ("author", "entry", "counts"),
    [
        ("endpointslice-controller.k8s.io", {"addresses": ["192.0.2.7"]}, False),
        ("endpointslicemirroring-controller.k8s.io", {"addresses": ["192.0.2.7"]}, False),
        ("vms.example.com", {"addresses": ["192.0.2.7"]}, True),
        ("vms.example.com", {"addresses": ["192.0.2.7"], "targetRef": {"kind": "Pod", "name": "web"}}, True),
        ("", {"addresses": ["192.0.2.7"]}, True),
        ("", {"addresses": ["192.0.2.7"], "targetRef": {"kind": "Pod", "name": "web"}}, False),
        ("", {"addresses": ["192.0.2.7"], "targetRef": {"kind": "Pod", "name": "gone"}}, False),
        ("", {"addresses": ["10.244.0.8"], "targetRef": {"kind": "Pod", "name": "db"}}, True),
    ],
)
def test_slices_of_others_add_to_what_a_selector_selects(author: str, entry: dict[str, Any], counts: bool) -> None:
    """kube-proxy joins all slices of a Service. Nothing says who wrote one: pods that are selected do, or are gone."""
    labels = {"kubernetes.io/service-name": "s"}
    if author:
        labels["endpointslice.kubernetes.io/managed-by"] = author
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}},
            "spec": {"containers": [{"name": "c"}]},
            "status": {"podIPs": [{"ip": f"10.244.0.{7 + i}"}]},
        }
        for i, name in enumerate(("web", "db", "client"))
    ]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"ports": [{"port": 8443}]}]},
    }
    made = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
    }
    metadata = {**SLICE["metadata"], "labels": labels}  # type: ignore[dict-item]
    written = {**SLICE, "metadata": metadata, "endpoints": [entry]}
    query = {"from": "shop/client", "to": "svc/shop/s", "protocol": "TCP", "port": 80}
    verdicts, differing = compare(Asked([*pods, policy, made, written], (), [query]))
    assert not differing
    assert not verdicts["deny"] if counts else verdicts == {"deny": 1}


def test_external_name_and_headless() -> None:
    found, one = asked(
        pod("web"), service("s", sp(80), selector=WEB, type="ExternalName", external_name="db.example.com")
    )
    assert (one.type, one.external_name, backends(found, one)) == ("ExternalName", "db.example.com", [])
    _, one = asked(service("s", sp(80), selector=WEB, cluster_ip="None"))
    assert one.headless
    assert one.cluster_ips == ()


def test_addresses_of_a_service() -> None:
    _, one = asked(
        service(
            "s", sp(80), cluster_ip="10.96.0.1", cluster_ips=("10.96.0.1", "fd00:96::1"), external_ips=("192.0.2.1",)
        )
    )
    assert one.cluster_ips == ("10.96.0.1", "fd00:96::1")
    assert one.external_ips == ("192.0.2.1",)
