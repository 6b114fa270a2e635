"""Calico's policies as Cilium's: order taken out, selectors, sets, addresses, and what is left by name."""

from __future__ import annotations

from typing import Any

import pytest

from netwright.base.errors import UsageError
from netwright.questions.convert import Converted
from netwright.translate.from_calico import ways
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


def convert(*objects: Object, host: str = "Accept", residue: Any = None) -> Converted:
    cni = f"calico:default-endpoint-to-host-action={host}"
    return twin([*CLUSTER, *objects], (), cni).convert("cilium", residue=residue)


def changes(found: Converted, rule: str) -> list[tuple[str, str, set[tuple[str, str, str, str]]]]:
    """Each choice that a rule has: which way it goes, in words, and what it opens and closes between pods and nodes."""
    return [
        (
            choice.direction,
            choice.told,
            {
                (one.source.rpartition("/")[2], one.destination.rpartition("/")[2], one.allowed, one.denied)
                for one in choice.turned
                if not one.source.startswith(("cidr/", "internet"))
            },
        )
        for residue in found.residues
        if [one.rpartition(" ")[2] for one in residue.rules] == [rule]
        for choice in residue.choices
    ]


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


# --- choices, rule by rule --------------------

EPHEMERAL = {"action": "Allow", "protocol": "TCP", "source": {"selector": "app == 'web'", "ports": ["1024:65535"]}}
THERE: Object = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "there"},
    "status": {"addresses": [{"type": "InternalIP", "address": "192.0.2.2"}]},
}


def of_db(*ingress: Object) -> Object:
    return calico("NetworkPolicy", "db", "shop", selector="app == 'db'", ingress=list(ingress))


def test_each_refused_rule_has_its_choices_with_what_they_open_and_close() -> None:
    icmp = {"action": "Allow", "protocol": "ICMP", "icmp": {"type": 3, "code": 1}, "source": {"selector": "all()"}}
    found = convert(of_db(EPHEMERAL, icmp))
    assert fates(found) == ["refused", "refused"]
    assert changes(found, "spec.ingress[0]") == [
        ("narrow", "left out", {("web", "db", "", "TCP 1-65535")}),
        ("widen", "without asking that the source port is 1024:65535", {("web", "db", "TCP 1-65535", "")}),
    ]
    left, whole = changes(found, "spec.ingress[1]")
    assert left == ("narrow", "left out", {("web", "db", "", "ICMP type 3 code 1")})
    more = "ICMP type 3 code 0,type 3 code 2 to type 3 code 255"
    assert whole == ("widen", "ICMP type 3 as a whole", {("web", "db", more, "")})


def test_a_denial_left_out_opens() -> None:
    deny = {**EPHEMERAL, "action": "Deny"}
    found = convert(of_db(deny, {"action": "Allow", "source": {"selector": "app == 'web'"}}))
    assert changes(found, "spec.ingress[0]") == [
        ("widen", "left out", {("web", "db", "TCP 1-65535", "")}),
        ("narrow", "without asking that the source port is 1024:65535", {("web", "db", "", "TCP 1-65535")}),
    ]


def test_of_a_rule_that_is_said_in_part_the_part_has_choices() -> None:
    rule = {"action": "Allow", "protocol": "TCP", "source": {"nets": ["192.0.2.2/32", "203.0.113.0/24"]}}
    policy = calico("NetworkPolicy", "cache", "shop", selector="app == 'cache'", ingress=[rule])
    address = {"type": "InternalIP", "address": "192.0.2.3"}
    third = {**THERE, "metadata": {"name": "third"}, "status": {"addresses": [address]}}
    found = convert(THERE, third, pod("cache", "shop", "10.244.0.9", node="here", app="cache"), policy)
    assert fates(found) == ["residue"]
    assert changes(found, "spec.ingress[0]") == [
        ("narrow", "that part left out", {("there", "cache", "", "TCP 1-65535")}),
        ("widen", "every node", {("third", "cache", "TCP 1-65535", "")}),  # its own node is let in anyway
    ]


def test_a_rule_that_decides_nothing_is_left_out_and_not_refused() -> None:
    found = convert(of_db({"action": "Allow", "source": {"selector": "app == 'web'"}}, EPHEMERAL))
    assert (found.proof, fates(found)) == ("this cluster", ["converted", "residue"])
    found = convert(of_db(EPHEMERAL, {"action": "Allow", "source": {"selector": "app == 'web'"}}))
    assert (found.proof, fates(found)) == ("this cluster", ["residue", "converted"])


def test_two_rules_that_say_the_same_do_not_both_decide_nothing() -> None:
    found = convert(of_db(EPHEMERAL, EPHEMERAL))
    assert sorted(fates(found)) == ["refused", "residue"]
    assert found.proof == "undecided"  # the source port is what a connection depends on
    closed = {(one.source, one.destination) for one in found.turned if one.closes}
    assert ("pod/shop/web", "pod/shop/db") in closed


def test_narrowed_a_rule_is_left_out_and_widened_it_asks_less() -> None:
    found = convert(of_db(EPHEMERAL), residue="narrow")
    assert (found.proof, fates(found), found.residues[0].chosen) == ("narrower", ["residue"], "narrow")
    assert specs(found)[0]["ingress"] == [{}]
    found = convert(of_db(EPHEMERAL), residue="widen")
    assert (found.proof, fates(found), found.residues[0].chosen) == ("wider", ["residue"], "widen")
    (entry,) = specs(found)[0]["ingress"]
    assert entry["toPorts"] == [{"ports": [{"port": "0", "protocol": "TCP"}]}]
    deny = of_db({**EPHEMERAL, "action": "Deny"}, {"action": "Allow", "source": {"selector": "app == 'web'"}})
    found = convert(deny, residue="narrow")
    assert found.proof == "narrower"
    assert any("ingressDeny" in one for one in specs(found)) or found.turned


def test_nothing_stays_in_the_words_of_calico() -> None:
    with pytest.raises(UsageError, match="keep"):
        convert(of_db(EPHEMERAL), residue="keep")


def test_what_pods_send_to_their_own_node_can_be_chosen_too() -> None:
    policy, here = of_db({"action": "Allow"}), pod("cache", "shop", "10.244.0.9", node="here", app="cache")
    (found,) = (
        one for one in convert(policy, here, host="Return").residues if "defaultEndpointToHostAction" in one.told
    )
    assert [(one.direction, one.told) for one in found.choices] == [("narrow", "denied to all pods"), ("widen", "none")]
    assert [any(t.source == "pod/shop/cache" for t in one.turned) for one in found.choices] == [True, True]
    narrowed = convert(policy, here, host="Return", residue="narrow")
    assert narrowed.objects[-1].object["spec"]["egressDeny"] == [{"toEntities": ["host"]}]


def test_a_policy_in_a_tier_that_is_not_there_is_refused() -> None:
    lost = calico("GlobalNetworkPolicy", "lost", tier="nowhere", selector="app == 'db'", ingress=[{"action": "Deny"}])
    found = convert(lost)
    assert fates(found) == ["refused"]
    assert "stands in the tier `nowhere`, which is not in the input" in found.residues[0].told


def test_of_many_residues_the_choices_of_the_first_are_worked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "MOST_SHOWN", 1)
    web = {
        **EPHEMERAL,
        "source": {"selector": "app == 'teller'", "namespaceSelector": "all()", "ports": ["1024:65535"]},
    }
    found = convert(of_db(EPHEMERAL, web))
    assert [bool(one.choices) for one in found.residues] == [True, False]
    assert "what its choices change is worked out for 1 alone" in found.residues[1].told
