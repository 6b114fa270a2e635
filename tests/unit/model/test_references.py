"""How ends of connections are named, and what is said when a name fits nothing."""

from __future__ import annotations

import pytest

from netwright.base.errors import UnknownReference, UsageError
from netwright.base.ipset import INTERNET, IpSet
from netwright.model.references import Directory, split_port
from netwright.profiles.compose import compose
from tests.unit.spec.build import node, pod, port, service, workload

OBJECTS = (
    workload("Deployment", "web", port(80, "http")),
    workload("StatefulSet", "db"),
    workload("Deployment", "twin"),
    workload("StatefulSet", "twin"),
    workload("Deployment", "api"),
    workload("ReplicaSet", "api-5d4", owner=("Deployment", "api")),
    pod("api-5d4-x", ips=("10.0.0.7", "fd00::7"), owner=("ReplicaSet", "api-5d4")),
    pod("api-5d4-y", ips=("10.0.0.8",), owner=("ReplicaSet", "api-5d4")),
    workload("Deployment", "sleeping", replicas=0),
    pod("alone", ips=("10.0.0.9",), namespace="ops"),
    service("web", cluster_ip="10.96.0.1"),
    service("only-a-service"),
    node("node-1", "192.168.0.1", "192.168.9.1"),
)


@pytest.fixture(scope="module")
def directory() -> Directory:
    return Directory(compose(OBJECTS))


@pytest.mark.parametrize(
    ("text", "ref", "rows"),
    [
        ("shop/web", "deploy/shop/web", 1),
        ("deploy/shop/web", "deploy/shop/web", 1),
        ("deployment/shop/web", "deploy/shop/web", 1),
        ("Deployments/shop/web", "deploy/shop/web", 1),
        ("sts/shop/twin", "sts/shop/twin", 1),
        ("ops/alone", "pod/ops/alone", 1),
        ("po/ops/alone", "pod/ops/alone", 1),
        ("pod/shop/api-5d4-x", "pod/shop/api-5d4-x", 1),
        ("shop/api-5d4-x", "pod/shop/api-5d4-x", 1),
        ("node/node-1", "node/node-1", 1),
        ("no/node-1", "node/node-1", 1),
        ("10.0.0.8", "pod/shop/api-5d4-y", 1),
        ("fd00::7", "pod/shop/api-5d4-x", 1),
        ("FD00:0::7", "pod/shop/api-5d4-x", 1),
        ("192.168.9.1", "node/node-1", 1),
    ],
)
def test_references(directory: Directory, text: str, ref: str, rows: int) -> None:
    found = directory.resolve(text)
    assert (found.ref, len(found.rows), found.service, found.addresses) == (ref, rows, None, None)


def test_the_owner_of_dumped_pods_is_all_of_them(directory: Directory) -> None:
    assert directory.resolve("shop/api").ref == "deploy/shop/api"
    assert len(directory.resolve("shop/api").rows) == 2


def test_services_are_asked_for_by_kind(directory: Directory) -> None:
    for text in ("svc/shop/web", "service/shop/web", "services/shop/web"):
        found = directory.resolve(text)
        assert found.ref == "svc/shop/web"
        assert found.service is not None
    found = directory.service_of_address("10.96.0.1")
    assert found is not None
    assert found.ref == "svc/shop/web"
    assert directory.service_of_address("10.96.0.2") is None


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("8.8.8.8", IpSet.of("8.8.8.8")),
        ("2001:db8::1", IpSet.of("2001:db8::1")),
        ("cidr/10.0.0.0/8", IpSet.of("10.0.0.0/8")),
        ("10.0.0.0/8", IpSet.of("10.0.0.0/8")),
        ("cidr/10.0.0.0/8,192.0.2.0/24", IpSet.of("10.0.0.0/8", "192.0.2.0/24")),
        ("internet", INTERNET),
    ],
)
def test_outside(directory: Directory, text: str, addresses: IpSet) -> None:
    assert directory.resolve(text).addresses == addresses


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("shop/wbe", "`shop/wbe` is not in the input", "did you mean `shop/web`"),
        ("deploy/shop/wib", "`deploy/shop/wib` is not in the input", "did you mean `deploy/shop/web`"),
        ("svc/shop/weeb", "no Service `shop/weeb` in the input", "did you mean `svc/shop/web`"),
        ("node/node-2", "no node `node-2` in the input", "did you mean `node/node-1`"),
        ("shop/twin", "`shop/twin` names several workloads", "write one of `deploy/shop/twin`, `sts/shop/twin`"),
        ("shop/only-a-service", "is not in the input", "write `svc/shop/only-a-service`"),
        ("shop/sleeping", "is not in the input", "has no pods of its own"),
        ("deploy/web", "names a kind but no namespace", "write `deploy/NAMESPACE/web`"),
        ("web", "`web` is not a reference", "NAMESPACE/NAME"),
        ("nonsense/a/b", "is not a reference", "KIND/NAMESPACE/NAME"),
        ("fqdn/example.com", "cannot be asked yet", "name a workload"),
    ],
)
def test_what_fits_nothing_is_explained(directory: Directory, text: str, message: str, help_: str) -> None:
    with pytest.raises(UnknownReference) as caught:
        directory.resolve(text)
    assert message in caught.value.message
    assert help_ in caught.value.help
    assert "\n" not in caught.value.message + caught.value.help


@pytest.mark.parametrize("text", ["cidr/10.0.0.0/33", "cidr/x"])
def test_blocks_that_are_none(directory: Directory, text: str) -> None:
    with pytest.raises(UsageError, match="is not"):
        directory.resolve(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("shop/db:5432", ("shop/db", "5432")),
        ("shop/db", ("shop/db", "")),
        ("svc/shop/web:http", ("svc/shop/web", "http")),
        ("10.0.0.1:443", ("10.0.0.1", "443")),
        ("2001:db8::1", ("2001:db8::1", "")),
        ("::1", ("::1", "")),
        ("[2001:db8::1]:443", ("2001:db8::1", "443")),
        ("[2001:db8::1]", ("2001:db8::1", "")),
        ("cidr/2001:db8::/32", ("cidr/2001:db8::/32", "")),
        ("2001:db8::/32", ("2001:db8::/32", "")),
        ("internet", ("internet", "")),
        ("cidr/10.0.0.0/8:80", ("cidr/10.0.0.0/8", "80")),
    ],
)
def test_ports(text: str, parts: tuple[str, str]) -> None:
    assert split_port(text) == parts


@pytest.mark.parametrize("text", ["[2001:db8::1", "[2001:db8::1]443"])
def test_brackets_that_do_not_close(text: str) -> None:
    with pytest.raises(UsageError, match="not an address with a port"):
        split_port(text)
