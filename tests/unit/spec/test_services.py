"""Services and endpoints, on objects built by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from netwright.dialects.k8s import objects as k8s
from netwright.model.document import Decoded
from netwright.spec.services import Backend, backends, endpoints, is_endpoint
from tests.unit.spec.build import node, pod, port, service, workload

WEB = {"app": "web"}


def at(
    number: int, target: int | str | None = None, name: str | None = None, protocol: str | None = None
) -> k8s.ServicePort:
    return k8s.ServicePort(port=number, target_port=target, name=name, protocol=protocol)


def led(found: Sequence[Backend]) -> list[tuple[str, int]]:
    return [(one.target if isinstance(one.target, str) else one.target.name, one.port) for one in found]


def slice_of(
    name: str,
    *entries: k8s.EndpointEntry,
    ports: Sequence[k8s.EndpointPort] = (k8s.EndpointPort(port=8080),),
    namespace: str = "shop",
) -> Decoded:
    meta = k8s.Meta(labels={"kubernetes.io/service-name": name})
    value = k8s.EndpointSlice(metadata=meta, endpoints=entries, ports=tuple(ports))
    return Decoded(kind="EndpointSlice", namespace=namespace, name=f"{name}-1", value=value)


# --- backends ---------------------------------------------------------------------------------------------------------


def test_a_selector_takes_pods_of_its_namespace_that_have_all_its_labels() -> None:
    pods = [
        pod("one", labels={"app": "web", "tier": "front"}),
        pod("two", labels={"app": "web"}),
        pod("else", labels={"app": "web", "tier": "front"}, namespace="other"),
        pod("done", labels={"app": "web", "tier": "front"}, phase="Succeeded"),
        workload("Deployment", "made", labels={"app": "web", "tier": "front"}),
        node("n1", "192.0.2.1"),
    ]
    front = service("web", at(80), selector={"app": "web", "tier": "front"})
    assert led(backends([*pods, front], front, port=80, protocol="TCP")) == [("one", 80), ("made", 80)]


def test_the_target_port_is_a_number_a_name_or_the_services_own() -> None:
    pods = [
        pod("one", port(8080, "http"), port(9090, "http", "UDP"), labels=WEB),
        pod("two", port(80, "http"), labels=WEB),
        pod("none", port(8080, "admin"), labels=WEB),
        pod("twice", port(1, "http"), port(2, "http"), labels=WEB, init=[port(3, "http")]),
    ]
    expected = {
        8000: [("one", 8000), ("two", 8000), ("none", 8000), ("twice", 8000)],
        None: [("one", 80), ("two", 80), ("none", 80), ("twice", 80)],
        0: [("one", 80), ("two", 80), ("none", 80), ("twice", 80)],
        "": [("one", 80), ("two", 80), ("none", 80), ("twice", 80)],
        "http": [("one", 8080), ("two", 80), ("twice", 1)],
        "other": [],
    }
    for target, found in expected.items():
        front = service("web", at(80, target), selector=WEB)
        assert led(backends(pods, front, port=80, protocol=None)) == found
    front = service("web", at(80, "http", protocol="UDP"), selector=WEB)
    assert led(backends(pods, front, port=80, protocol="UDP")) == [("one", 9090)]


def test_a_port_is_asked_for_by_number_name_protocol_or_not_at_all() -> None:
    there = pod("web")
    front = service(
        "web", at(53, name="dns", protocol="UDP"), at(53, name="dns-tcp"), at(80, 8080, "http"), selector=WEB
    )

    def asked(number: int | str | None, protocol: str | None) -> list[tuple[int, int, int, str]]:
        found = backends([there], front, port=number, protocol=protocol)
        return [(one.protocol, one.port, one.service_port, one.port_name) for one in found]

    assert asked(53, "UDP") == [(17, 53, 53, "dns")]
    assert asked(53, None) == [(17, 53, 53, "dns"), (6, 53, 53, "dns-tcp")]
    assert asked("http", "TCP") == [(6, 8080, 80, "http")]
    assert asked("http", "SCTP") == asked(8080, None) == asked("8080", None) == []
    assert len(asked(None, None)) == 3
    front = service("web", at(7777, protocol="SCTP"), selector=WEB)
    assert asked(7777, "SCTP") == [(132, 7777, 7777, "")]


def test_a_headless_service_leads_to_the_same_pods_at_the_port_that_is_dialled() -> None:
    front = service("web", at(80, 8080), selector=WEB, cluster_ip="None")
    for dialled in (80, 8080):
        assert led(backends([pod("web")], front, port=dialled, protocol="TCP")) == [("web", dialled)]


def test_an_external_name_leads_to_nothing() -> None:
    front = service("web", at(80), selector=WEB, type="ExternalName", external_name="example.com")
    assert backends([pod("web")], front, port=80, protocol="TCP") == ()


@pytest.mark.parametrize("selector", [None, {}])
def test_without_a_selector_the_slices_of_that_name_count(selector: dict[str, str | None] | None) -> None:
    there, gone = pod("there"), pod("gone", phase="Failed")
    entries = (
        k8s.EndpointEntry(addresses=("198.51.100.1", "198.51.100.2")),
        k8s.EndpointEntry(addresses=("198.51.100.3",), conditions=k8s.EndpointConditions(ready=True)),
        k8s.EndpointEntry(addresses=("198.51.100.4",), conditions=k8s.EndpointConditions(ready=False)),
        k8s.EndpointEntry(addresses=("198.51.100.5",), conditions=k8s.EndpointConditions()),
        k8s.EndpointEntry(addresses=("10.0.0.1",), target_ref=k8s.ObjectReference(kind="Pod", name="there")),
        k8s.EndpointEntry(addresses=("10.0.0.2",), target_ref=k8s.ObjectReference(kind="Pod", name="gone")),
        k8s.EndpointEntry(addresses=("10.0.0.3",), target_ref=k8s.ObjectReference(kind="Pod", name="absent")),
        k8s.EndpointEntry(addresses=("10.0.0.4",), target_ref=k8s.ObjectReference(kind="Node", name="there")),
        k8s.EndpointEntry(addresses=("db.example.com",)),
    )
    front = service("web", at(80), selector=selector)
    others = [slice_of("other", entries[0]), slice_of("web", entries[0], namespace="other")]
    found = backends([there, gone, front, *others, slice_of("web", *entries)], front, port=80, protocol="TCP")
    assert led(found) == [
        ("198.51.100.1", 8080),
        ("198.51.100.2", 8080),
        ("198.51.100.3", 8080),
        ("198.51.100.5", 8080),
        ("there", 8080),
        ("10.0.0.3", 8080),
        ("10.0.0.4", 8080),
    ]


def test_a_slices_port_is_found_by_name_and_protocol() -> None:
    entry = k8s.EndpointEntry(addresses=("198.51.100.1",))
    listed = [
        k8s.EndpointPort(name="a", port=1),
        k8s.EndpointPort(name="b", port=2),
        k8s.EndpointPort(name="a", port=3, protocol="UDP"),
        k8s.EndpointPort(name="a"),
    ]
    front = service("web", at(80, name="a"), at(81, name="b"), at(82, name="c"))
    found = backends([slice_of("web", entry, ports=listed)], front, port=None, protocol=None)
    assert [(one.service_port, one.port) for one in found] == [(80, 1), (81, 2)]


# --- endpoints --------------------------------------------------------------------------------------------------------


def test_pods_stand_for_the_workload_at_the_top_of_their_owners() -> None:
    deployment = workload("Deployment", "web")
    old = workload("ReplicaSet", "web-1", owner=("Deployment", "web"), replicas=0)
    new = workload("ReplicaSet", "web-2", owner=("Deployment", "web"))
    made = pod("web-2-x", owner=("ReplicaSet", "web-2"))
    assert endpoints([deployment, old, new, made]) == (made,)
    assert endpoints([deployment, old, new]) == (deployment,)
    assert endpoints([new]) == (new,)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"])
def test_pods_stand_for_their_owner(kind: str) -> None:
    owner, made = workload(kind, "web"), pod("web-0", owner=(kind, "web"))
    stranger, elsewhere = pod("web-1", owner=("Other", "web")), pod("web-2", owner=(kind, "web"), namespace="other")
    assert endpoints([made, owner]) == (made,)
    assert endpoints([owner, stranger, elsewhere]) == (owner, stranger, elsewhere)


def test_a_reference_that_does_not_control_makes_no_owner() -> None:
    owner = workload("StatefulSet", "web")
    meta = k8s.Meta(owner_references=(k8s.OwnerReference(kind="StatefulSet", name="web"),))
    loose = Decoded(kind="Pod", namespace="shop", name="web-0", value=k8s.Pod(metadata=meta))
    assert endpoints([owner, loose]) == (owner, loose)


def test_a_finished_job_is_no_endpoint_and_a_cron_job_runs_again() -> None:
    cron, job = workload("CronJob", "night"), workload("Job", "night-1", owner=("CronJob", "night"))
    done = pod("night-1-a", owner=("Job", "night-1"), phase="Succeeded")
    live = pod("night-1-b", owner=("Job", "night-1"))
    assert endpoints([cron, job]) == (cron,)
    assert endpoints([cron, job, done]) == (cron,)
    assert endpoints([cron, job, done, live]) == endpoints([job, live, done, cron]) == (live,)
    assert endpoints([workload("Job", "night-1"), done]) == ()


def test_owners_in_a_circle_make_nothing() -> None:
    one = workload("ReplicaSet", "a", owner=("ReplicaSet", "b"))
    two = workload("ReplicaSet", "b", owner=("ReplicaSet", "a"))
    made = pod("p", owner=("ReplicaSet", "a"))
    assert endpoints([one, two, made]) == (two, made)
    itself = workload("ReplicaSet", "c", owner=("ReplicaSet", "c"))
    assert endpoints([itself]) == (itself,)


def test_what_is_an_endpoint_by_itself() -> None:
    for thing in (pod("p"), pod("p", phase="Running"), workload("CronJob", "c"), workload("Job", "j"), node("n")):
        assert is_endpoint(thing)
    for thing in (pod("p", phase="Succeeded"), workload("StatefulSet", "s", replicas=0), service("s")):
        assert not is_endpoint(thing)
