"""Calico's policies as Cilium's: order taken out, selectors, sets, addresses, and what is left by name."""

from __future__ import annotations

from typing import Any

from netwright.questions.convert import Converted
from tests.laws.test_reach import twin

Object = dict[str, Any]
API = "projectcalico.org/v3"


def pod(name: str, namespace: str, ip: str, node: str = "", **labels: str) -> Object:
    ports = [{"name": "http", "containerPort": 8080}]
    spec: Object = {"containers": [{"name": "c", "image": "c", "ports": ports}]} | ({"nodeName": node} if node else {})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": spec,
        "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]},
    }


def space(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "here"},
    "spec": {"podCIDRs": ["10.244.0.0/24"]},
    "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]},
}
CLUSTER = [
    NODE,
    space("shop", team="red"),
    space("bank", team="blue"),
    pod("web", "shop", "10.244.0.1", app="web"),
    pod("db", "shop", "10.244.0.2", app="db"),
    pod("teller", "bank", "10.244.0.3", app="teller", tier="front"),
]


def calico(kind: str, name: str, namespace: str = "", labels: Object | None = None, **spec: Any) -> Object:
    meta: Object = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": API, "kind": kind, "metadata": meta | ({"labels": labels} if labels else {}), "spec": spec}


def convert(*objects: Object, host: str = "Accept") -> Converted:
    return twin([*CLUSTER, *objects], (), f"calico:default-endpoint-to-host-action={host}").convert("cilium")


def specs(found: Converted) -> list[Object]:
    return [one for emitted in found.objects for one in _specs(emitted.object)]


def _specs(tree: Object) -> list[Object]:
    return [tree["spec"]] if "spec" in tree else list(tree["specs"])


def fates(found: Converted) -> list[str]:
    return [rule.fate for rule in found.rules]


def test_a_policy_becomes_one_of_its_name() -> None:
    ingress = [
        {
            "action": "Allow",
            "protocol": "TCP",
            "source": {"selector": "app == 'web' || app in {'api', 'job'}"},
            "destination": {"ports": [5432, "8000:8100", "http"]},
        }
    ]
    found = convert(calico("NetworkPolicy", "db", "shop", selector="app == 'db' && !has(old)", ingress=ingress))
    (made,) = found.objects
    assert made.object["kind"] == "CiliumNetworkPolicy"
    assert made.object["metadata"] == {"name": "db", "namespace": "shop"}
    peers = [
        {
            "matchLabels": {"k8s:io.kubernetes.pod.namespace": "shop"},
            "matchExpressions": [{"key": "app", "operator": "In", "values": ["api", "job", "web"]}],
        }
    ]
    numbers = [
        {"port": "5432", "protocol": "TCP"},
        {"port": "8000", "endPort": 8100, "protocol": "TCP"},
    ]
    assert made.object["spec"] == {
        "endpointSelector": {
            "matchLabels": {"app": "db"},
            "matchExpressions": [{"key": "old", "operator": "DoesNotExist"}],
        },
        "ingress": [
            {"fromEndpoints": peers, "toPorts": [{"ports": numbers}]},
            {"fromEndpoints": peers, "toPorts": [{"ports": [{"port": "http", "protocol": "TCP"}]}]},
        ],
    }
    assert (found.proof, fates(found)) == ("this cluster", ["converted"])


def test_a_denial_before_all_that_allows_is_one_of_cilium() -> None:
    deny = {"action": "Deny", "source": {"namespaceSelector": "team == 'blue'"}}
    early = calico("GlobalNetworkPolicy", "early", order=1, selector="app == 'db'", ingress=[deny])
    late = calico("GlobalNetworkPolicy", "late", order=2, selector="app == 'db'", ingress=[{"action": "Allow"}])
    found = convert(early, late)
    assert specs(found) == [
        {
            "endpointSelector": {"matchLabels": {"app": "db"}},
            "ingressDeny": [
                {"fromEndpoints": [{"matchLabels": {"k8s:io.cilium.k8s.namespace.labels.team": "blue"}}]},
            ],
        },
        {"endpointSelector": {"matchLabels": {"app": "db"}}, "ingress": [{"fromEntities": ["all"]}]},
    ]
    assert found.proof == "this cluster"


def test_a_denial_behind_what_allows_does_not_deny_that() -> None:
    """In Cilium it would come first: it is left to isolation, or written without what is allowed before it."""
    allow = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}
    policy = calico("GlobalNetworkPolicy", "p", selector="app == 'db'", ingress=[allow, {"action": "Deny"}])
    found = convert(policy)
    assert found.proof == "this cluster"
    assert "ingressDeny" not in specs(found)[0]
    tier = calico("Tier", "first", order=1, defaultAction="Pass")
    in_tier = calico(
        "GlobalNetworkPolicy", "p", tier="first", selector="app == 'db'", ingress=[allow, {"action": "Deny"}]
    )
    found = convert(tier, in_tier)
    (spec,) = specs(found)
    assert spec["ingressDeny"][0]["toPorts"][0]["ports"][:2] == [
        {"port": "1", "endPort": 79, "protocol": "TCP"},
        {"port": "81", "endPort": 65535, "protocol": "TCP"},
    ]
    assert spec["enableDefaultDeny"] == {"ingress": False}


def test_what_is_passed_on_is_decided_by_the_next_tier() -> None:
    tier = calico("Tier", "first", order=1)
    rules = [{"action": "Pass", "protocol": "TCP"}]
    first = calico("GlobalNetworkPolicy", "first.p", tier="first", selector="app == 'db'", ingress=rules)
    allow = [{"action": "Allow", "source": {"selector": "app == 'web'"}}]
    second = calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=allow)
    found = convert(tier, first, second)
    assert found.proof == "this cluster"
    of_second = next(s for s in specs(found) if s.get("ingress", [{}]) != [{}])
    assert of_second["ingress"][0]["toPorts"] == [{"ports": [{"port": "0", "protocol": "TCP"}]}]
    alone = convert(tier, first)
    assert alone.proof == "this cluster"
    assert specs(alone)[0]["ingress"] == [
        {"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "0", "protocol": "TCP"}]}]}
    ]


def test_a_rule_behind_one_that_decides_all_decides_nothing() -> None:
    allow = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}
    rules = [{"action": "Deny", "protocol": "TCP"}, allow]
    found = convert(calico("GlobalNetworkPolicy", "p", selector="all()", ingress=rules))
    assert found.proof == "this cluster"
    assert fates(found) == ["converted", "converted"]  # a denial comes before it in Cilium too
    rules = [{"action": "Allow", "source": {"selector": "app == 'web'"}}, {"action": "Deny"}, allow]
    found = convert(calico("GlobalNetworkPolicy", "p", selector="all()", ingress=rules))
    assert (found.proof, fates(found)[2]) == ("this cluster", "residue")
    assert [one.kind for one in found.residues] == ["decides nothing"]


def test_addresses_of_a_set_are_addresses_outside() -> None:
    nets = calico(
        "GlobalNetworkSet", "partners", labels={"role": "partner"}, nets=["203.0.113.0/24", "198.51.100.7/32"]
    )
    rule = {"action": "Allow", "destination": {"selector": "role == 'partner'"}}
    found = convert(nets, calico("GlobalNetworkPolicy", "out", selector="all()", types=["Egress"], egress=[rule]))
    (spec,) = specs(found)
    assert {"toCIDRSet": [{"cidr": "198.51.100.7/32"}, {"cidr": "203.0.113.0/24"}]} in spec["egress"]
    assert found.proof == "this cluster"


def test_pods_by_their_addresses_are_pods_by_labels() -> None:
    rule = {"action": "Allow", "source": {"nets": ["10.244.0.3/32"]}}
    found = convert(calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=[rule]))
    entries = specs(found)[0]["ingress"]
    assert {"fromEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "bank"}}]} in entries
    assert (found.proof, [one.kind for one in found.residues]) == ("this cluster", ["written out"])


def test_what_cilium_cannot_ask_is_refused_and_shown() -> None:
    rule = {"action": "Allow", "protocol": "TCP", "source": {"ports": ["1024:65535"]}}
    found = convert(calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=[rule]))
    assert fates(found) == ["refused"]
    assert "the source port is 1024:65535" in found.residues[0].told
    assert found.answer == 1


def test_requests_are_looked_at_by_cilium_too() -> None:
    http = {"methods": ["GET"], "paths": [{"prefix": "/public/"}, {"exact": "/health.txt"}]}
    rule = {"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}, "http": http}
    found = convert(calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=[rule]))
    (entry,) = specs(found)[0]["ingress"]
    assert entry["toPorts"][0]["rules"]["http"] == [
        {"method": "GET", "path": "/public/.*"},
        {"method": "GET", "path": r"/health\.txt"},
    ]
    assert found.proof == "this cluster"


def test_what_pods_send_to_their_own_node_is_dropped_as_before() -> None:
    policy = calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=[{"action": "Allow"}])
    found = convert(policy, host="Drop")
    assert found.objects[-1].object["spec"]["egressDeny"] == [{"toEntities": ["host"]}]
    assert found.proof == "this cluster"
    assert len(convert(policy, host="Accept").objects) == 1
    told = [one.told for one in convert(policy, host="Return").residues]
    assert any("defaultEndpointToHostAction" in one for one in told)


def test_policies_for_interfaces_of_hosts_are_refused() -> None:
    policy = calico(
        "GlobalNetworkPolicy", "h", selector="all()", doNotTrack=True, applyOnForward=True, ingress=[{"action": "Deny"}]
    )
    found = convert(policy)
    assert (fates(found), found.objects) == (["refused"], ())


def test_policies_of_kubernetes_keep_their_place() -> None:
    plain = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "db"}}, "ingress": [{}]},
    }
    behind = calico("GlobalNetworkPolicy", "behind", order=2000, selector="all()", ingress=[{"action": "Deny"}])
    found = convert(plain, behind)
    assert found.proof == "this cluster"
    assert [one.kind for one in found.left_alone] == ["NetworkPolicy"]
    before = calico("GlobalNetworkPolicy", "before", order=10, selector="all()", ingress=[{"action": "Deny"}])
    found = convert(plain, before)
    assert found.proof == "this cluster"
    assert any("ingressDeny" in spec for spec in specs(found))


def test_what_the_move_alone_changes_is_told_apart() -> None:
    """Calico matches pods by address, Cilium does not, in a NetworkPolicy that nobody converts."""
    plain = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "db", "namespace": "shop"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "ingress": [{"from": [{"ipBlock": {"cidr": "10.244.0.0/24"}}]}],
        },
    }
    policy = calico("NetworkPolicy", "web", "shop", selector="app == 'web'", ingress=[{"action": "Allow"}])
    found = convert(plain, policy)
    assert found.proof == "differs"
    assert found.by_the_move == len(found.turned) > 0
    assert convert(policy).by_the_move == 0


def test_port_0_is_no_word_for_every_port() -> None:
    rule = {"action": "Allow", "protocol": "TCP", "destination": {"ports": ["0:80"]}}
    found = convert(calico("NetworkPolicy", "web", "shop", selector="app == 'web'", ingress=[rule]))
    assert specs(found)[0]["ingress"][0]["toPorts"] == [{"ports": [{"port": "1", "endPort": 80, "protocol": "TCP"}]}]
