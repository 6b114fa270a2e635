"""Machines as workloads: which have an endpoint, whose launcher pods are, and what policies know of these.

The specification counts the endpoints on its own: both have to find the same.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

import netwright.dialects
from netwright.base.spans import Place
from netwright.dialects.k8s.objects import Meta
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded, Document
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.spec.ends import end_of, pod_labels
from netwright.spec.services import endpoints
from tests.unit.spec.build import pod

Tree = dict[str, Any]
Owner = tuple[str, str] | None
NICS: Tree = {"interfaces": [{"name": "default", "masquerade": {}, "ports": [{"name": "pg", "port": 5432}]}]}
SPEC: Tree = {"domain": {"devices": NICS}, "networks": [{"name": "default", "pod": {}}]}
TEMPLATE: Tree = {"metadata": {"labels": {"app": "db"}}, "spec": SPEC}


def made(kind: str, name: str, spec: Tree, *, owner: Owner = None, **more: Any) -> Decoded:
    meta: Tree = {"name": name, "namespace": "shop", **more.pop("meta", {})}
    if owner is not None:
        meta["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True}]
    version = "pool.kubevirt.io/v1beta1" if kind == "VirtualMachinePool" else "kubevirt.io/v1"
    raw = {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec, **more}
    found = netwright.dialects.decode(
        Document(place=Place(file="f"), api_version=version, kind=kind, namespace="shop", name=name, raw=raw)
    )
    assert isinstance(found, Decoded), found
    return found


def machine(name: str = "db", *, owner: Owner = None, status: Tree | None = None, **spec: Any) -> Decoded:
    spec = spec or {"runStrategy": "Always"}
    return made("VirtualMachine", name, {"template": TEMPLATE, **spec}, owner=owner, status=status)


def instance(name: str = "db", *, owner: Owner = None, status: Tree | None = None, **meta: Any) -> Decoded:
    labels = {"labels": {"app": "db"}, **meta}
    return made("VirtualMachineInstance", name, SPEC, owner=owner, status=status, meta=labels)


def launcher(name: str, of: str = "db", **more: Any) -> Decoded:
    labels = {"app": "db", "kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": of}
    return pod(name, labels=labels, owner=("VirtualMachineInstance", of), **more)


def rows(*objects: Decoded) -> dict[str, list[str]]:
    """The endpoints of each workload, by name; the specification finds as many."""
    found = compose(objects)
    assert len(endpoints(objects)) == len(found.row_objects)
    return {w.ref: [found.columns.names[row] for row in w.rows] for w in found.workloads}


def labels_of(cluster: Cluster, row: int = 0) -> dict[str, str]:
    return cluster.columns.labels_of(row)


def test_a_machine_stands_for_its_launcher_pod() -> None:
    found = compose([machine()])
    assert [w.ref for w in found.workloads] == ["vm/shop/db"]
    assert found.row_ports[0][0].number == 5432
    assert labels_of(found) == {
        "k8s:app": "db",
        "k8s:kubevirt.io": "virt-launcher",
        "k8s:vm.kubevirt.io/name": "db",
        "k8s:vmi.kubevirt.io/id": "db",
        "vm:machine": "VirtualMachine shop/db",
    }


def test_the_labels_of_the_machine_itself_are_not_those_of_its_pod() -> None:
    one = machine()
    named = msgspec.structs.replace(
        one, value=msgspec.structs.replace(one.value, metadata=Meta(name="db", labels={"tier": "gold"}))
    )
    assert "k8s:tier" not in labels_of(compose([named]))
    assert "tier" not in pod_labels(named)


@pytest.mark.parametrize(
    ("spec", "status", "count"),
    [
        ({"runStrategy": "Always"}, None, 1),
        ({"running": True}, None, 1),
        ({"runStrategy": "Halted"}, None, 0),
        ({"running": False}, None, 0),
        ({"runStrategy": "Manual"}, None, 1),
        ({"runStrategy": "RerunOnFailure"}, None, 1),
        ({"runStrategy": "Once"}, None, 1),
        ({"runStrategy": "WaitAsReceiver"}, None, 1),
        ({"runStrategy": "Manual"}, {"printableStatus": "Stopped"}, 0),
        ({"runStrategy": "Once"}, {"printableStatus": "Stopped"}, 0),
        ({"runStrategy": "Manual"}, {"printableStatus": "Running"}, 1),
        ({"runStrategy": "Always"}, {"printableStatus": "Stopped"}, 1),  # it is about to be started
    ],
)
def test_whether_a_machine_runs(spec: Tree, status: Tree | None, count: int) -> None:
    assert sum(map(len, rows(machine(status=status, **spec)).values())) == count


def test_a_stopped_machine_has_an_endpoint_while_its_pod_is_there() -> None:
    stopped = machine(runStrategy="Halted")
    assert rows(stopped, launcher("virt-launcher-db-a")) == {"vm/shop/db": ["virt-launcher-db-a"]}
    assert rows(stopped, instance()) == {"vm/shop/db": ["db"]}
    assert rows(stopped, launcher("virt-launcher-db-a", phase="Succeeded")) == {}


def test_a_launcher_pod_is_the_endpoint_of_its_machine() -> None:
    owned = instance(owner=("VirtualMachine", "db"))
    expected = {"vm/shop/db": ["virt-launcher-db-a"]}
    assert rows(machine(), owned, launcher("virt-launcher-db-a")) == expected
    assert rows(machine(), launcher("virt-launcher-db-a")) == expected
    assert rows(owned, launcher("virt-launcher-db-a")) == expected
    assert rows(launcher("virt-launcher-db-a")) == expected


def test_two_pods_are_there_while_a_machine_migrates() -> None:
    pods = launcher("virt-launcher-db-a", ips=("10.0.0.5",)), launcher("virt-launcher-db-b", ips=("10.0.1.5",))
    assert rows(machine(), instance(owner=("VirtualMachine", "db")), *pods) == {
        "vm/shop/db": ["virt-launcher-db-a", "virt-launcher-db-b"]
    }
    # the pod it came from stays, ended
    ended = launcher("virt-launcher-db-a", phase="Succeeded")
    assert rows(machine(), ended, pods[1]) == {"vm/shop/db": ["virt-launcher-db-b"]}


def test_an_instance_stands_for_its_machine() -> None:
    assert rows(machine(), instance(owner=("VirtualMachine", "db"))) == {"vm/shop/db": ["db"]}
    assert rows(instance("lone")) == {"vm/shop/lone": ["lone"]}
    assert rows(instance("lone", status={"phase": "Succeeded"})) == {}
    # of an instance that has ended, a machine that always runs gets another
    assert rows(machine(), instance(status={"phase": "Failed"})) == {"vm/shop/db": ["db"]}


def test_what_an_instance_tells_of_its_pod() -> None:
    one = instance(status={"phase": "Running", "nodeName": "n1"}, uid="77")
    found = compose([one])
    assert found.columns.nodes[int(found.columns.node[0])] == "n1"
    assert labels_of(found)["k8s:kubevirt.io/created-by"] == "77"
    assert end_of([one], one).node == "n1"
    assert pod_labels(one)["kubevirt.io/nodeName"] == "n1"


def test_replica_sets_and_pools_stand_for_their_machines() -> None:
    selector = {"matchLabels": {"app": "db"}}
    many = made("VirtualMachineInstanceReplicaSet", "many", {"replicas": 3, "selector": selector, "template": TEMPLATE})
    found = compose([many])
    assert [w.ref for w in found.workloads] == ["vmirs/shop/many"]
    assert int(found.columns.replicas[0]) == 3
    assert "k8s:vm.kubevirt.io/name" not in labels_of(found)
    owned = instance("manyabcde", owner=("VirtualMachineInstanceReplicaSet", "many"))
    assert rows(many, owned) == {"vmirs/shop/many": ["manyabcde"]}
    assert rows(many, owned, launcher("virt-launcher-x", of="manyabcde")) == {"vmirs/shop/many": ["virt-launcher-x"]}
    template = {"metadata": {"labels": {"app": "db"}}, "spec": {"runStrategy": "Always", "template": TEMPLATE}}
    pool = made("VirtualMachinePool", "pool", {"replicas": 2, "selector": selector, "virtualMachineTemplate": template})
    assert rows(pool) == {"vmpool/shop/pool": ["pool"]}
    # each machine of a pool is a workload by itself, as people know it
    one = machine("pool-0", owner=("VirtualMachinePool", "pool"))
    assert rows(pool, one) == {"vm/shop/pool-0": ["pool-0"]}


def test_a_pod_that_attaches_a_disk_is_none_of_the_machine() -> None:
    attaching = pod("hp-volume-x", labels={"kubevirt.io": "hotplug-disk"}, owner=("Pod", "virt-launcher-db-a"))
    assert rows(machine(), launcher("virt-launcher-db-a"), attaching) == {
        "vm/shop/db": ["virt-launcher-db-a"],
        "pod/shop/hp-volume-x": ["hp-volume-x"],
    }


@pytest.mark.parametrize("text", ["shop/db", "vm/shop/db", "virtualmachines/shop/db", "vmi/shop/db"])
def test_references(text: str) -> None:
    assert Directory(compose([machine()])).resolve(text).ref == "vm/shop/db"


def test_the_name_in_a_label_is_that_of_the_host() -> None:
    template = {"metadata": {}, "spec": {"domain": {}, "hostname": "pg01"}}
    one = made("VirtualMachine", "db.shop", {"runStrategy": "Always", "template": template})
    assert labels_of(compose([one]))["k8s:vm.kubevirt.io/name"] == "pg01"
    assert pod_labels(one)["vm.kubevirt.io/name"] == "pg01"
    plain = made("VirtualMachine", "db.shop", {"runStrategy": "Always", "template": {"spec": {"domain": {}}}})
    assert labels_of(compose([plain]))["k8s:vm.kubevirt.io/name"] == "db"
    assert pod_labels(plain)["vm.kubevirt.io/name"] == "db"
