"""Which objects are endpoints, of whom, with which addresses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from netwright.base.ipset import IpSet
from netwright.base.services import TCP, UDP
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded
from netwright.profiles.compose import compose
from netwright.spec.services import endpoints
from tests.unit.spec.build import namespace, node, pod, port, service, workload


def cluster(*objects: Decoded, pod_cidrs: tuple[str, ...] = ()) -> Cluster:
    return compose(objects, pod_cidrs=pod_cidrs)


def refs(found: Cluster) -> dict[str, int]:
    return {w.ref: len(w.rows) for w in found.workloads}


def addresses(found: Cluster, name: str) -> IpSet:
    """The addresses that an endpoint has, or those it may have."""
    columns = found.columns
    row = columns.names.index(name)
    if columns.address_set[row] >= 0:
        return columns.address_sets[int(columns.address_set[row])]
    v4 = [(int(columns.v4[row]), int(columns.v4[row]) + 1)] if columns.has_v4[row] else []
    v6 = int.from_bytes(columns.v6[row].ljust(16, b"\0"), "big")
    return IpSet(v4, [(v6, v6 + 1)] if columns.has_v6[row] else [])


def test_a_template_stands_for_its_pods() -> None:
    found = cluster(workload("Deployment", "web", port(80, "http"), replicas=3))
    assert refs(found) == {"deploy/shop/web": 1}
    assert int(found.columns.replicas[0]) == 3
    assert not found.columns.single[0]
    assert found.columns.labels_of(0) == {"k8s:app": "web"}


def test_pods_of_a_dump_fold_under_their_topmost_owner() -> None:
    found = cluster(
        workload("Deployment", "web"),
        workload("ReplicaSet", "web-5d4", owner=("Deployment", "web")),
        pod("web-5d4-a", owner=("ReplicaSet", "web-5d4"), ips=("10.0.0.1",)),
        pod("web-5d4-b", owner=("ReplicaSet", "web-5d4"), ips=("10.0.0.2",)),
    )
    assert refs(found) == {"deploy/shop/web": 2}
    assert list(found.columns.names) == ["web-5d4-a", "web-5d4-b"]
    assert found.columns.single.all()


def test_a_deployment_is_known_by_its_pods_when_only_they_were_dumped() -> None:
    labels = {"app": "web", "pod-template-hash": "5d4"}
    assert refs(cluster(pod("web-5d4-a", labels=labels, owner=("ReplicaSet", "web-5d4")))) == {"deploy/shop/web": 1}
    assert refs(cluster(pod("web-5d4-a", labels={}, owner=("ReplicaSet", "web-5d4")))) == {"rs/shop/web-5d4": 1}


def test_a_replica_set_whose_deployment_was_not_dumped_is_no_endpoint_beside_its_pods() -> None:
    objects = (
        workload("ReplicaSet", "web-5d4", owner=("Deployment", "web")),
        pod("web-5d4-a", owner=("ReplicaSet", "web-5d4")),
    )
    assert len(endpoints(objects)) == 1, "the specification counts the pod alone"
    assert refs(cluster(*objects)) == {"deploy/shop/web": 1}


def test_owners_in_other_namespaces_do_not_count() -> None:
    found = cluster(workload("StatefulSet", "db", namespace="far"), pod("db-0", owner=("StatefulSet", "db")))
    assert refs(found) == {"sts/far/db": 1, "sts/shop/db": 1}


@pytest.mark.parametrize(
    ("kind", "owner", "api_version", "is_made"),
    [
        ("ReplicaSet", "Deployment", "apps/v1", True),
        ("ReplicaSet", "Deployment", "extensions/v1beta1", True),
        ("ReplicaSet", "Deployment", "example.com/v1", False),
        ("ReplicaSet", "ReplicaSet", "apps/v1", False),
        ("Job", "CronJob", "batch/v1beta1", True),
        ("Job", "CronJob", "example.com/v1", False),
        ("Job", "Job", "batch/v1", False),
        ("StatefulSet", "Deployment", "apps/v1", False),
        ("Deployment", "Gateway", "gateway.networking.k8s.io/v1", False),
        ("Deployment", "Service", "v1", False),
        ("Deployment", "Pod", "v1", False),
        ("ReplicaSet", "ReplicationController", "v1", False),
    ],
)
def test_a_workload_is_its_owners_where_that_makes_such(kind: str, owner: str, api_version: str, is_made: bool) -> None:
    making = ("Deployment", "ReplicaSet", "CronJob", "Job", "ReplicationController")
    above = workload(owner, "w") if owner in making else pod("w") if owner == "Pod" else service("w")
    above = replace(above, kind=owner)
    below = workload(kind, "w-1", owner=(owner, "w"))
    reference = replace(below.value.metadata.owner_references[0], api_version=api_version)
    meta = replace(below.value.metadata, owner_references=(reference,))
    below = replace(below, value=replace(below.value, metadata=meta))
    found = cluster(above, below)
    assert (below in found.row_objects) is not is_made
    assert (below in endpoints([above, below])) is not is_made


@pytest.mark.parametrize(("api_version", "owner"), [("batch.example.com/v1", "pod"), ("batch/v1", "job"), ("", "job")])
def test_a_pod_of_a_kind_of_another_group_is_its_own(api_version: str, owner: str) -> None:
    made = pod("j-x", owner=("Job", "j"))
    reference = replace(made.value.metadata.owner_references[0], api_version=api_version)
    meta = replace(made.value.metadata, owner_references=(reference,))
    made = replace(made, value=replace(made.value, metadata=meta))
    expected = {"pod/shop/j-x": 1, "job/shop/j": 1} if owner == "pod" else {"job/shop/j": 1}
    assert refs(cluster(workload("Job", "j"), made)) == expected
    assert len(endpoints([workload("Job", "j"), made])) == len(expected)


@pytest.mark.parametrize("ended", [{"phase": "Succeeded"}, {"phase": "Failed"}, {"deleted": True}])
def test_what_has_ended_is_no_endpoint(ended: dict[str, Any]) -> None:
    assert refs(cluster(pod("a", **ended), pod("b"))) == {"pod/shop/b": 1}
    # a Job whose pods have ended has none; a CronJob runs again
    job = cluster(workload("Job", "j"), pod("j-x", owner=("Job", "j"), **ended), pod("b"))
    assert refs(job) == {"pod/shop/b": 1}
    cron = cluster(
        workload("CronJob", "c"),
        workload("Job", "c-1", owner=("CronJob", "c")),
        pod("x", owner=("Job", "c-1"), **ended),
    )
    assert refs(cron) == {"cronjob/shop/c": 1}


def test_no_replicas_no_endpoint() -> None:
    assert refs(cluster(workload("Deployment", "web", replicas=0), pod("b"))) == {"pod/shop/b": 1}


# --- addresses --------------------------------------------------------------------------------------------------------


def test_addresses_of_a_pod() -> None:
    found = cluster(pod("a", ips=("10.0.0.1", "fd00::1")), pod("b", ips=("10.0.0.2",)))
    assert addresses(found, "a") == IpSet.of("10.0.0.1", "fd00::1")
    assert addresses(found, "b") == IpSet.of("10.0.0.2")
    assert found.families == (4, 6)


def test_unknown_addresses_are_those_of_the_pod_ranges() -> None:
    objects = (workload("Deployment", "web"), node("n", "192.168.0.1", cidrs=("10.244.1.0/24",)))
    assert addresses(cluster(*objects), "web") == IpSet.of("10.244.1.0/24")
    given = cluster(*objects, pod_cidrs=("10.244.0.0/24",))
    assert addresses(given, "web") == IpSet.of("10.244.0.0/24", "10.244.1.0/24"), "the flag adds to what nodes say"


def test_without_ranges_it_is_any_unicast_address_but_those_of_nodes_and_services() -> None:
    from tests.unit.spec.build import service

    found = cluster(
        workload("Deployment", "web"),
        node("n", "192.168.0.1"),
        service("s", cluster_ip="10.96.0.1", cluster_ips=("10.96.0.1",)),
    )
    held = addresses(found, "web")
    assert IpSet.of("10.96.0.2", "192.168.0.2", "8.8.8.8") <= held
    for one in ("10.96.0.1", "192.168.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1"):
        assert not IpSet.of(one) & held, one


def test_nodes_and_host_pods() -> None:
    found = cluster(
        node("n", "192.168.0.1"),
        node("m"),
        pod("h", host=True, node="n"),
        pod("i", host=True, ips=("192.168.0.9",)),
        workload("DaemonSet", "agent", port(9100, "metrics"), host=True),
    )
    assert addresses(found, "n") == addresses(found, "h") == IpSet.of("192.168.0.1")
    assert addresses(found, "i") == IpSet.of("192.168.0.9")
    columns = found.columns
    assert columns.host.all()
    assert not IpSet.of("127.0.0.1") & addresses(found, "m")
    assert IpSet.of("192.168.0.1") <= addresses(found, "agent")
    assert columns.port_maps[int(columns.port_map[columns.names.index("agent")])] == (), (
        "a host has no names for its ports"
    )
    assert int(columns.node[columns.names.index("h")]) == int(columns.node[columns.names.index("n")])


def test_a_node_with_two_addresses_keeps_both() -> None:
    assert addresses(cluster(node("n", "192.168.0.1", "10.9.9.9")), "n") == IpSet.of("192.168.0.1", "10.9.9.9")
    assert addresses(cluster(node("n", "192.168.0.1", kind="Hostname")), "n") != IpSet.of("192.168.0.1")


# --- labels, namespaces, ports ----------------------------------------------------------------------------------------


def test_namespaces_have_their_name_as_a_label_whether_or_not_they_are_there() -> None:
    found = cluster(namespace("shop", team="red"), pod("a"), pod("b", namespace="far"))
    labels = dict(zip(found.columns.namespaces, found.columns.namespace_labels, strict=True))
    assert labels["shop"] == {"team": "red", "kubernetes.io/metadata.name": "shop"}
    assert labels["far"] == {"kubernetes.io/metadata.name": "far"}


def test_named_ports_of_every_container() -> None:
    found = cluster(pod("a", port(80, "http"), port(81), port(53, "dns", "UDP"), init=(port(90, "admin"),)))
    assert found.columns.port_maps[int(found.columns.port_map[0])] == (
        ("admin", TCP, 90),
        ("dns", UDP, 53),
        ("http", TCP, 80),
    )
    assert [(p.number, p.name) for p in found.row_ports[0]] == [(80, "http"), (81, ""), (53, "dns"), (90, "admin")]
