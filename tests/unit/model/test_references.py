"""How ends of connections are named, and what is said when a name fits nothing."""

from __future__ import annotations

import pytest

from netwright.base.errors import UnknownReference, UsageError
from netwright.base.ipset import EVERYWHERE, INTERNET, NOT_UNICAST, IpSet
from netwright.model.references import Directory, split_port, split_protocol
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
    pod("set-0", labels={"app": "set", "color": "blue", "size": "s"}, owner=("StatefulSet", "set")),
    pod("set-1", labels={"app": "set", "color": "blue", "size": "m"}, owner=("StatefulSet", "set")),
    pod("set-2", labels={"app": "set"}, ips=("10.0.0.77",), owner=("StatefulSet", "set")),
    pod("alone", ips=("10.0.0.9",), namespace="ops"),
    pod("going", deleted=True, phase="Running"),
    pod("gone", phase="Succeeded"),
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
        ("deployments.apps/shop/web", "deploy/shop/web", 1),
        ("deployment.apps/shop/web", "deploy/shop/web", 1),
        ("deployments.v1.apps/shop/web", "deploy/shop/web", 1),
        ("StatefulSet.apps/shop/twin", "sts/shop/twin", 1),
        ("sts/shop/set", "sts/shop/set", 3),
        ("sts/shop/set{color=blue}", "sts/shop/set{color=blue}", 2),
        ("shop/set{app=set}", "sts/shop/set{app=set}", 3),
        ("sts/shop/set{color=blue,size=m}", "sts/shop/set{color=blue,size=m}", 1),
        ("statefulsets.apps/shop/set{size=s}", "sts/shop/set{size=s}", 1),
        ("sts/shop/set{pod=set-2}", "sts/shop/set{pod=set-2}", 1),
        ("sts/shop/set{ip=10.0.0.77}", "sts/shop/set{ip=10.0.0.77}", 1),
        ("ns/ops", "ns/ops", 1),
    ],
)
def test_references(directory: Directory, text: str, ref: str, rows: int) -> None:
    found = directory.resolve(text)
    assert (found.ref, len(found.rows), found.service, found.addresses) == (ref, rows, None, None)


def test_the_owner_of_dumped_pods_is_all_of_them(directory: Directory) -> None:
    assert directory.resolve("shop/api").ref == "deploy/shop/api"
    assert len(directory.resolve("shop/api").rows) == 2


def test_the_name_of_a_pod_by_its_address_is_not_outside(directory: Directory) -> None:
    with pytest.raises(UsageError, match="is a name of a pod by its address"):
        directory.resolve("fqdn/10-244-0-12.shop.pod.cluster.local")


def test_services_are_asked_for_by_kind(directory: Directory) -> None:
    by_name = ("web.shop.svc", "web.shop.svc.cluster.local", "web.shop.svc.cluster.local.", "Web.Shop.SVC")
    for text in ("svc/shop/web", "service/shop/web", "services/shop/web", *by_name, *(f"fqdn/{n}" for n in by_name)):
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
        ("internet except 203.0.113.0/24", INTERNET - IpSet.of("203.0.113.0/24")),
        (
            "0.0.0.0/0 except 10.0.0.0/8, 192.168.0.0/16",
            IpSet.of("0.0.0.0/0") - IpSet.of("10.0.0.0/8", "192.168.0.0/16"),
        ),
        ("fqdn/db.example.com", EVERYWHERE - NOT_UNICAST),
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
        ("shop/going", "is not in the input", "Pod `shop/going` is there and no endpoint: it is being deleted"),
        ("pod/shop/gone", "is not in the input", "`shop/gone` is there and no endpoint: it has ended (`phase: Succ"),
        ("deploy/web", "names a kind but no namespace", "write `deploy/NAMESPACE/web`"),
        ("web", "`web` is not a reference", "NAMESPACE/NAME"),
        ("nonsense/a/b", "is not a reference", "KIND/NAMESPACE/NAME"),
        ("pod/shop/web", "`pod/shop/web` is not in the input", "write `deploy/shop/web`"),
        ("po/shop/db", "`po/shop/db` is not in the input", "write `sts/shop/db`"),
        ("deploy/shop/db", "`deploy/shop/db` is not in the input", "write `sts/shop/db`"),
        ("pod/shop/twin", "is not in the input", "write `deploy/shop/twin` or `sts/shop/twin`"),
        ("deploy/shop/api-5d4-x", "is not in the input", "write `pod/shop/api-5d4-x`"),
        ("deployments.batch/shop/web", "is not a reference", "KIND/NAMESPACE/NAME"),
        ("sts/shop/set{color=green}", "no pod of `sts/shop/set` has color=green", "did you mean `color=blue`"),
        ("sts/shop/set{color}", "is not a reference", "write `sts/shop/set{label=value}`"),
        ("svc/shop/web{a=b}", "`svc/shop/web` is not a workload", "labels choose pods of a workload"),
        ("identity/999999", "no identity `999999` in the input", "`reach --by identity` lists them"),
        ("identity/x", "no identity `x` in the input", "`reach --by identity` lists them"),
        ("cidr/10.0.0.0/8+3", "not what any addresses of this input are called", "write `cidr/10.0.0.0/8`"),
        ("ns/nowhere", "no endpoint in the input is in a namespace `nowhere`", "`show namespaces` lists"),
        ("fqdn/not a name", "is not a name of the DNS", "write `fqdn/db.example.com`"),
        ("web", "`web` is not a reference", "`svc/NAMESPACE/NAME`, `ns/NAME`, `node/NAME`, `cidr/10.0.0.0/8`, `fqdn/"),
        ("db.example.com", "is not a reference", "a name outside is `fqdn/db.example.com`"),
        ("weeb.shop.svc", "no Service `shop/weeb` in the input", "did you mean `svc/shop/web`"),
        (
            "db-0.web.shop.svc",
            "is a name of pods behind the Service `shop/web`",
            "write `pod/shop/db-0`, or `svc/shop/",
        ),
        ("web.svc", "`web.svc` is not a name of a Service", "write `svc/NAMESPACE/NAME`"),
        ("web.shop.svc.example.com", "is not a reference", "a name outside is `fqdn/web.shop.svc.example.com`"),
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
        ("cidr/2001:db8::/32:443", ("cidr/2001:db8::/32", "443")),
        ("cidr/[2001:db8::/32]:443", ("cidr/2001:db8::/32", "443")),
        ("cidr/[2001:db8::/32]", ("cidr/2001:db8::/32", "")),
        ("[2001:db8::/32]:443", ("2001:db8::/32", "443")),
        ("2001:db8::/32:https", ("2001:db8::/32", "https")),
        ("cidr/2001:db8::/32,2001:db9::/32:443", ("cidr/2001:db8::/32,2001:db9::/32", "443")),
        ("cidr/2001:db8::1", ("cidr/2001:db8::1", "")),
        ("cidr/2001:db8::/32,2001:db9::1", ("cidr/2001:db8::/32,2001:db9::1", "")),
        ("deploy/shop/web{a=b}:80", ("deploy/shop/web{a=b}", "80")),
        ("deploy/shop/web{ip=fd00::1}:80", ("deploy/shop/web{ip=fd00::1}", "80")),
        ("deploy/shop/web{ip=fd00::1}", ("deploy/shop/web{ip=fd00::1}", "")),
        ("shop/db:UDP/53", ("shop/db", "UDP/53")),
        ("web.shop.svc:udp/dns", ("web.shop.svc", "udp/dns")),
        ("[2001:db8::1]:SCTP/7", ("2001:db8::1", "SCTP/7")),
        ("cidr/2001:db8::/32:UDP/53", ("cidr/2001:db8::/32", "UDP/53")),
        ("deploy/shop/web{ip=fd00::1}:UDP/53", ("deploy/shop/web{ip=fd00::1}", "UDP/53")),
    ],
)
def test_ports(text: str, parts: tuple[str, str]) -> None:
    assert split_port(text) == parts


def test_a_port_may_stand_behind_its_protocol_and_not_before_it() -> None:
    assert [split_protocol(port) for port in ("UDP/53", "udp/dns", "TCP/80", "53", "http", "")] == [
        (17, "53"),
        (17, "dns"),
        (6, "80"),
        (0, "53"),
        (0, "http"),
        (0, ""),
    ]
    with pytest.raises(UsageError) as raised:
        split_port("shop/db:53/udp")
    assert raised.value.help == "write `shop/db:UDP/53`"


@pytest.mark.parametrize("port", ["65536", "9" * 5000, "UDP/65536", "TCP/" + "9" * 5000])
def test_a_number_that_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(UsageError, match="is not a port") as raised:
        split_port(f"shop/db:{port}")
    assert len(raised.value.message) < 100


@pytest.mark.parametrize("text", ["identity/" + "9" * 5000, "cidr/10.0.0.0/" + "9" * 5000])
def test_numbers_of_thousands_of_digits_are_refused(directory: Directory, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        directory.resolve(text)
    assert len(raised.value.message) < 200


@pytest.mark.parametrize("text", ["[2001:db8::1", "[2001:db8::1]443"])
def test_brackets_that_do_not_close(text: str) -> None:
    with pytest.raises(UsageError, match="not an address with a port"):
        split_port(text)


@pytest.mark.parametrize(
    ("text", "what", "help_text"),
    [
        ("224.0.0.1", "multicast", "name the pod"),
        ("ff02::1", "multicast", "name the pod"),
        ("0.0.0.0", "unspecified", "name the pod"),
        ("::", "unspecified", "name the pod"),
        ("255.255.255.255", "the broadcast address", "name the pod"),
        ("::ffff:10.0.0.8", "IPv4 written as IPv6", "write `10.0.0.8`"),
    ],
)
def test_addresses_that_no_packet_comes_from(directory: Directory, text: str, what: str, help_text: str) -> None:
    with pytest.raises(UsageError) as caught:
        directory.resolve(text)
    assert caught.value.message == f"`{text}` is {what}: no packet comes from it"
    assert caught.value.help.startswith(help_text)
    assert directory.destination(text).addresses == IpSet.of(text)
