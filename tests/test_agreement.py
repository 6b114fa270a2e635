"""The engine against the specification on 1,000 random clusters with 100 questions each."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.agreement import Asked, Object, answers, check, compare, decode_all, inquirer, shrunk
from tests.random_clusters import ADMIN_ITEMS, ADMIN_SHARE, ITEMS, cluster

CLUSTERS, TUPLES, CHUNKS = 1_000, 100, 25
EACH = CLUSTERS // CHUNKS


def seeds_of(chunk: int, seed: int) -> range:
    """The seeds of one chunk; all of them follow from the run's."""
    first = seed % 10**6 * CLUSTERS + chunk * EACH
    return range(first, first + EACH)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_spec_and_engine_agree(chunk: int, seed: int) -> None:
    seeds = seeds_of(chunk, seed)
    print(f"seeds {seeds.start} to {seeds.stop - 1}")
    verdicts: Counter[str] = Counter()
    found: list[str] = []
    for one in seeds:
        result = check(one, TUPLES)
        verdicts += result.verdicts
        found += result.disagreements
    asked = sum(verdicts.values())
    assert not found, f"seeds {seeds}: {len(found)} disagreements\n" + "\n".join(found[:5])
    assert asked > 0.9 * EACH * TUPLES
    assert 0.3 <= verdicts["deny"] / asked <= 0.7, f"seeds {seeds}: {verdicts}"


def pod(name: str, *addresses: str, **meta: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}, **meta},
        "spec": {"containers": [{"name": "c"}]},
        "status": {"podIPs": [{"ip": one} for one in addresses]},
    }


def test_of_a_group_only_a_pod_itself_is_left() -> None:
    """Both judges: of two pods one has the Service's family, so that it alone is led to itself."""
    owner = [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "1", "controller": True}]
    pods = [
        pod("db-0", "10.244.0.1", "fd00:244::1", ownerReferences=owner),
        pod("db-1", "10.244.0.2", ownerReferences=owner),
    ]
    headless = {"clusterIP": "None", "ipFamilies": ["IPv6"], "selector": {"app": "db-0"}, "ports": [{"port": 80}]}
    meta = {"name": "db", "namespace": "shop"}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": headless}
    query = {"from": "sts/shop/db", "to": "svc/shop/db", "protocol": "TCP", "port": 80}
    assert compare(Asked([*pods, service], (), [query])) == (Counter(allow=1), [])


def service(name: str, *ports: int, **spec: Any) -> Object:
    listed = [{"name": f"p{port}", "port": port, "protocol": "TCP"} for port in ports or (80,)]
    meta = {"name": name, "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": listed, **spec}}


def denies_all_ingress(**chosen: str) -> Object:
    spec = {"podSelector": {"matchLabels": chosen}, "ingress": []}
    meta = {"name": "shut", "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def node_of(name: str, *ranges: str) -> Object:
    spec = {"spec": {"podCIDRs": list(ranges)}} if ranges else {}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, **spec}


def node_at(name: str, address: str) -> Object:
    found = {"addresses": [{"type": "InternalIP", "address": address}]}
    return {**node_of(name, "10.244.2.0/24"), "status": found}


def on_node(name: str) -> Object:
    template = {"metadata": {"labels": {"app": "far"}}, "spec": {"nodeName": name, "containers": [{"name": "c"}]}}
    spec = {"selector": {"matchLabels": {"app": "far"}}, "template": template}
    meta = {"name": "far", "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def slice_on(node: str, kind: str = "Pod", address: str = "10.244.1.9") -> Object:
    entry = {"addresses": [address], "nodeName": node, "targetRef": {"kind": kind, "name": "x"}}
    meta = {"name": "far", "namespace": "shop", "labels": {"kubernetes.io/service-name": "far"}}
    made = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "addressType": "IPv4"}
    return {**made, "endpoints": [entry]}


def from_range(cidr: str) -> Object:
    made = denies_all_ingress(app="db")
    return {**made, "spec": {**made["spec"], "ingress": [{"from": [{"ipBlock": {"cidr": cidr}}]}]}}


@pytest.mark.parametrize(
    ("nodes", "others", "pod_cidrs", "verdict"),
    [
        ([node_of("n1", "10.244.1.0/24")], [], (), "allow"),
        ([node_of("n1", "10.244.1.0/24"), node_of("n2", "10.244.2.0/24")], [], (), "allow"),
        ([node_of("n1", "10.244.1.0/24"), node_of("n2", "10.245.2.0/24")], [], (), "undecided"),
        # what shows that pods have other ranges too
        ([node_of("n1", "10.244.1.0/24"), node_of("n2")], [], (), "undecided"),
        ([node_of("n1", "10.244.1.0/24")], [{**pod("far"), "spec": {"nodeName": "n2"}}], (), "undecided"),
        ([node_of("n1", "10.244.1.0/24")], [pod("far", "10.250.0.1")], (), "undecided"),
        ([node_of("n1", "10.244.1.0/24")], [on_node("n2")], (), "undecided"),
        ([node_of("n1", "10.244.1.0/24")], [on_node("n1")], (), "allow"),
        ([node_of("n1", "10.244.1.0/24")], [slice_on("n2")], (), "undecided"),
        ([node_of("n1", "10.244.1.0/24")], [slice_on("n2", "Node")], (), "allow"),
        ([node_of("n1", "10.244.1.0/24")], [slice_on("n1", address="10.250.1.9")], (), "undecided"),
        (
            [node_of("n1", "10.244.1.0/24"), node_at("n2", "10.250.1.9")],
            [slice_on("n1", address="10.250.1.9")],
            (),
            "allow",
        ),
        ([node_of("n1", "10.244.1.0/24")], [pod("far", "10.244.1.1", "fd00::1")], (), "allow"),
        ([node_of("n1", "10.244.1.0/24"), node_of("n2")], [], ("10.244.0.0/16",), "allow"),
    ],
)
def test_the_ranges_of_nodes_are_all_only_where_nothing_shows_that_there_are_more(
    nodes: list[Object], others: list[Object], pod_cidrs: tuple[str, ...], verdict: str
) -> None:
    """Both judges: `spec.podCIDRs` are the range of one node's pods."""
    for one in others:
        if one["kind"] == "Pod":
            one["spec"].setdefault("containers", [{"name": "c"}])
    objects = [*nodes, *others, pod("web"), pod("db"), from_range("10.244.0.0/16")]
    asked = [{"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 80, "family": 4}]
    assert compare(Asked(objects, pod_cidrs, asked)) == (Counter({verdict: 1}), [])


@pytest.mark.parametrize("shown", [pod("far", "10.244.1.1", "fd00::1"), pod("far", "fd00::1")])
def test_pods_may_have_a_family_that_no_range_of_a_node_has(shown: Object) -> None:
    """Both judges: that a pod has an IPv6 address shows that others may, whatever the Nodes' ranges are."""
    shown["spec"].setdefault("containers", [{"name": "c"}])
    objects = [node_of("n1", "10.244.1.0/24"), shown, pod("web"), pod("db"), from_range("fd00::/64")]
    asked = [{"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 80, "family": f} for f in (4, 6)]
    assert compare(Asked(objects, (), asked)) == (Counter(deny=1, undecided=1), [])
    assert compare(Asked([*objects[:1], *objects[2:]], (), asked))[1] == []


def alias(name: str, of: str) -> Object:
    spec = {"type": "ExternalName", "externalName": of}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"}, "spec": spec}


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        ({"a": "db.shop.svc.cluster.local"}, "allow"),
        ({"a": "db.shop.svc.cluster.local."}, "allow"),
        ({"a": "b.shop.svc.cluster.local", "b": "db.shop.svc.cluster.local"}, "allow"),
        ({"a": "b.shop.svc.cluster.local", "b": "a.shop.svc.cluster.local"}, "undecided"),
        ({"a": "a.shop.svc.cluster.local"}, "undecided"),
        ({"a": "db.shop.svc"}, "undecided"),
        ({"a": "db-0.db.shop.svc.cluster.local"}, "undecided"),
        ({"a": "gone.shop.svc.cluster.local"}, "undecided"),
        ({"a": "db.example.com"}, "undecided"),
    ],
)
def test_a_name_for_a_service_is_that_service(names: dict[str, str], verdict: str) -> None:
    """Both judges: an ExternalName is an alias in the DNS, which follows no names that are short."""
    objects = [pod("web", "10.244.0.1"), pod("db", "10.244.0.2"), service("db", 80, selector={"app": "db"})]
    objects += [alias(*one) for one in names.items()]
    asked = [{"from": "shop/web", "to": "svc/shop/a", "protocol": "TCP", "port": 80}]
    verdicts, differing = compare(Asked(objects, (), asked))
    assert not differing
    assert list(verdicts) == [verdict]
    if verdict == "allow":
        verdicts, differing = compare(Asked([*objects, denies_all_ingress(app="db")], (), asked))
        assert not differing
        assert list(verdicts) == ["deny"]


@pytest.mark.parametrize(("cluster_ip", "verdict"), [({"clusterIP": "None"}, "allow"), ({}, "undecided")])
def test_over_one_family_a_service_has_the_client_alone(cluster_ip: dict[str, str], verdict: str) -> None:
    """Both judges: which one family the Service has is not known. Over IPv6 the client is its only endpoint, which by
    its own address always reaches itself, and perhaps by the Service's."""
    labels = {"labels": {"app": "web"}}
    pods = [pod("web-0", "10.244.0.1", "fd00:244::1", **labels), pod("web-1", "10.244.0.2", **labels)]
    asked = [{"from": "shop/web-0", "to": "svc/shop/web", "protocol": "TCP", "port": 80}]
    objects = [*pods, service("web", selector={"app": "web"}, **cluster_ip)]
    assert compare(Asked(objects, (), asked)) == (Counter({verdict: 1}), [])


@pytest.mark.parametrize(("cluster_ip", "verdict"), [({"clusterIP": "None"}, "some"), ({}, "undecided")])
def test_of_many_endpoints_that_refuse_a_client_it_is_one_itself(cluster_ip: dict[str, str], verdict: str) -> None:
    """Both judges: nothing tells the pods apart, and the one that asks is not among the first."""
    pods = [pod(f"web-{i}", f"10.244.0.{i}", labels={"app": "web"}) for i in range(1, 9)]
    objects = [*pods, service("web", selector={"app": "web"}, **cluster_ip), denies_all_ingress(app="web")]
    asked = [{"from": "shop/web-7", "to": "svc/shop/web", "protocol": "TCP", "port": 80}]
    assert compare(Asked(objects, (), asked)) == (Counter({verdict: 1}), [])
    (answer,) = answers(inquirer(decode_all(objects), ()), asked)
    told = answer.when if verdict == "some" else tuple(one.kind for one in answer.undecided)
    assert told == (("from pod/shop/web-7 to pod/shop/web-7",) if verdict == "some" else ("ambiguous",))


def test_on_its_own_node_a_client_is_an_endpoint_beside_one_that_refuses_it() -> None:
    """Both judges: internalTrafficPolicy Local leaves two endpoints, of which one is the client."""
    pods = [pod(f"web-{i}", f"10.244.0.{i}", labels={"app": "web"}) for i in (1, 2)]
    for one in pods:
        one["spec"]["nodeName"] = "n1"
    local = service("web", selector={"app": "web"}, internalTrafficPolicy="Local")
    asked = [{"from": "shop/web-1", "to": "svc/shop/web", "protocol": "TCP", "port": 80}]
    assert compare(Asked([*pods, local, denies_all_ingress(app="web")], (), asked)) == (Counter(undecided=1), [])


def test_on_its_own_node_a_client_is_perhaps_the_only_endpoint() -> None:
    """Both judges: internalTrafficPolicy Local, and the other endpoint is perhaps on another node."""
    pods = [pod(f"web-{i}", f"10.244.0.{i}", labels={"app": "web"}) for i in (1, 2)]
    pods[0]["spec"]["nodeName"] = "n1"
    local = service("web", selector={"app": "web"}, internalTrafficPolicy="Local")
    asked = [{"from": "shop/web-1", "to": "svc/shop/web", "protocol": "TCP", "port": 80}]
    assert compare(Asked([*pods, local], (), asked)) == (Counter(undecided=1), [])
    pods[1]["spec"]["nodeName"] = "n1"
    assert compare(Asked([*pods, local], (), asked)) == (Counter(allow=1), [])


def test_packets_to_the_address_of_a_service_are_of_its_family() -> None:
    """Both judges: the Service may have both families, its one address is IPv4, and the policy admits IPv6 only."""
    pods = [pod(name, f"10.244.0.{i}", f"fd00:244::{i}") for i, name in enumerate(("client", "web"), 1)]
    ports = [{"port": 80, "protocol": "TCP"}]
    service = {"clusterIP": "10.96.0.7", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "PreferDualStack"}
    admits = {"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{"from": [{"ipBlock": {"cidr": "::/0"}}]}]}
    meta = {"name": "web", "namespace": "shop"}
    service |= {"selector": {"app": "web"}, "ports": ports}
    objects = [
        *pods,
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service},
        {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": admits},
    ]
    asked = [{"from": "shop/client", "to": to, "protocol": "TCP", "port": 80} for to in ("10.96.0.7", "svc/shop/web")]
    assert compare(Asked(objects, (), asked)) == (Counter(deny=1, undecided=1), [])


@pytest.mark.parametrize(
    ("actions", "kinds"), [(("Accept", "Deny"), {"depends"}), (("Deny", "Accept"), {"depends", "ambiguous"})]
)
def test_a_rule_that_does_what_the_next_surely_does_leaves_nothing_open(
    actions: tuple[str, str], kinds: set[str]
) -> None:
    """Both judges: whether a Deny of names matches means nothing right before a Deny of every address."""
    rules = [{"action": action, "to": [{"domainNames": ["www.example.com"]}]} for action in actions]
    rules.append({"action": "Deny", "to": [{"networks": ["0.0.0.0/0"]}]})
    spec = {"tier": "Admin", "priority": 1, "subject": {"namespaces": {}}, "egress": rules}
    kind = {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy"}
    objects = [pod("web", "10.244.0.1"), {**kind, "metadata": {"name": "names"}, "spec": spec}]
    query = {"from": "shop/web", "to": "203.0.113.9", "protocol": "TCP", "port": 80}
    assert compare(Asked(objects, (), [query])) == (Counter(undecided=1), [])
    (answer,) = answers(inquirer(decode_all(objects), ()), [query])
    assert {one.kind for one in answer.undecided} == kinds


def test_within_a_policy_that_ties_a_rule_leaves_nothing_open_before_one_that_does_the_same() -> None:
    """Both judges: what this policy does is sure, and only which of the two is read first is not."""
    some, all_ = {"namespaces": {"matchLabels": {"team": "x"}}}, {"namespaces": {}}
    kind = {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy"}
    rules = {"a": [{"action": "Deny", "to": [some]}, {"action": "Deny", "to": [all_]}]}
    rules["b"] = [{"action": "Accept", "to": [all_]}]
    spec = {"tier": "Admin", "priority": 1, "subject": all_}
    policies = [
        {**kind, "metadata": {"name": name}, "spec": spec | {"egress": egress}} for name, egress in rules.items()
    ]
    objects = [pod("web", "10.244.0.1"), pod("db", "10.244.0.2"), *policies]
    query = {"from": "shop/web", "to": "shop/db", "protocol": "TCP", "port": 80}
    assert compare(Asked(objects, (), [query])) == (Counter(undecided=1), [])
    (answer,) = answers(inquirer(decode_all(objects), ()), [query])
    assert {one.kind for one in answer.undecided} == {"ambiguous"}


def test_the_clusters_have_every_item_of_the_semantics(seed: int) -> None:
    seen: Counter[str] = Counter()
    for chunk in range(CHUNKS):
        for one in seeds_of(chunk, seed):
            seen.update(cluster(one, TUPLES).features)
    items = (*ITEMS, *ADMIN_ITEMS) if ADMIN_SHARE else ITEMS
    rare = {item: seen[item] for item in items if seen[item] < CLUSTERS / 100}
    assert not rare, f"seeds {seeds_of(0, seed).start} and {CLUSTERS - 1} more: {rare}"


def test_a_disagreement_is_seen_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison itself: an engine that forgets `except` disagrees, and the shrunken case is small."""
    from netwright.dialects.k8s.reading import Reading

    whole = Reading.by_address
    monkeypatch.setattr(Reading, "by_address", lambda self, ranges, *_, **__: whole(self, ranges))
    for one in range(400):
        case = cluster(one, 60)
        asked = Asked(case.manifests, case.pod_cidrs, case.queries)
        differing = compare(asked)[1]
        if differing:
            break
    else:
        pytest.fail("no cluster shows it")
    small = shrunk(Asked(case.manifests, case.pod_cidrs, [differing[0][0]]))
    assert compare(small)[1]
    assert len(small.manifests) < len(case.manifests)
    assert len(small.manifests) <= 6
    assert any("except" in str(m) for m in small.manifests)


@pytest.mark.parametrize("seed", [128_212_373, 128_212_578])
def test_what_one_policy_perhaps_does_as_another_surely_does(seed: int) -> None:
    """A Pass that perhaps matches leaves nothing open beside one of its priority that surely does; alone it does."""
    assert check(seed, 100).disagreements == []
