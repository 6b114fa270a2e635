"""The judge itself: what Cilium 1.20.2 answers, pinned fact by fact.

Each test says a rule of Cilium's documentation (docs.cilium.io, Network Policy) or of the ClusterNetworkPolicy API and
asks the judge for it. Cilium's answer holds where one might expect another:

- A CiliumNetworkPolicy's `ingress: [{}]` allows nothing (it is the documentation's example of a default deny), while
  the same empty rule of a NetworkPolicy allows everything, and so does a Cilium rule that has nothing but ports.
- A rule for ICMP type 0 (EchoReply) allows every ICMP type: type 0 is port 0 in the policy map, where 0 is any port.
- A NetworkPolicy's rules count even in a direction that its `policyTypes` leave out, and isolate there.
- The own node is let in by the last of all rules, which is there only beside a rule that isolates. So an Admin or a
  Baseline `Deny` of everything shuts it out, alone or beside a NetworkPolicy, and so does enforcement `always` for a
  pod that no policy selects.
- A Baseline `Accept` opens what a NetworkPolicy isolates, because isolation stands after the Baseline tier; by the
  API's text the NetworkPolicy decides.
- An Admin `Accept` overrules `ingressDeny` of a CiliumNetworkPolicy, whose tier comes later.
- Rules of a ClusterNetworkPolicy stand at its priority plus a hundredth for each rule before them. The API allows 25
  rules a direction; of an object with more than 100 the last would meet the next priority.
- In match mode `pods`, CIDRs match identities, not packets: a pod of two families is matched by a CIDR of either, over
  the other too, and an `except` of one family does not cut what a CIDR of the other allows.
- Labels that Cilium's default filter drops cannot be selected by any policy, NetworkPolicy included:
  `statefulset.kubernetes.io/pod-name`, `apps.kubernetes.io/pod-index`, `pod-template-hash`, `controller-uid`,
  `topology.kubernetes.io/…`, and keys that start with `kubernetes.io`, `k8s.io` or `io.kubernetes`.
- An `endpointSelector` that names another namespace than the policy's own is read as if it named its own.
- `kube-apiserver`, where it runs on a node, is also `remote-node` and `cluster`. No node is in `toCIDR: 0.0.0.0/0`.
"""

from __future__ import annotations

from typing import Any

from tests.judges.cilium_judge import Judge

Object = dict[str, Any]

NAMESPACES = [
    {"name": name, "labels": {"kubernetes.io/metadata.name": name, "team": team}}
    for name, team in (("shop", "red"), ("bank", "blue"))
]
ENDPOINTS = [
    {"name": "web", "namespace": "shop", "labels": {"app": "web"}, "addresses": ["10.0.0.1"]},
    {
        "name": "db",
        "namespace": "shop",
        "labels": {"app": "db"},
        "addresses": ["10.0.0.2"],
        "ports": [
            {"name": "sql", "protocol": "TCP", "number": 5432},
            {"name": "stats", "protocol": "UDP", "number": 8125},
        ],
    },
    {
        "name": "db",
        "namespace": "bank",
        "labels": {"app": "db"},
        "addresses": ["10.0.1.2"],
        "serviceAccount": "teller",
        "ports": [{"name": "sql", "protocol": "TCP", "number": 6432}],
    },
    {"name": "web", "namespace": "bank", "labels": {"app": "web"}, "addresses": ["10.0.1.1"]},
]


def place(text: str) -> Object:
    """`ns/name`, an address, or an entity."""
    if "/" in text:
        return {"endpoint": text}
    return {"address": text} if "." in text or ":" in text else {"entity": text}


def query(text: str) -> Object:
    """`FROM TO PROTOCOL NUMBER`: the number is a port, or the type of an ICMP message."""
    source, target, protocol, number = text.split()
    asked: Object = {"from": place(source), "to": place(target), "protocol": protocol}
    if protocol.startswith("ICMP"):
        return asked | {"icmp": {"type": int(number), "code": 0}}
    return asked | {"port": int(number)}


def ask(engine: Judge, policies: list[Object], flows: list[str], **config: Any) -> list[tuple[str, str]]:
    """Egress and ingress of each flow, of a cluster in which every policy is taken."""
    case = {"id": 1, "config": config, "namespaces": NAMESPACES, "endpoints": ENDPOINTS, "policies": policies}
    (answer,) = engine.ask([case | {"queries": [query(flow) for flow in flows]}])
    assert answer["errors"] == []
    for verdict in answer["verdicts"]:
        sides = {verdict["egress"], verdict["ingress"]}
        assert verdict["verdict"] == next(word for word in ("deny", "allow", "n/a") if word in sides)
    return [(verdict["egress"], verdict["ingress"]) for verdict in answer["verdicts"]]


def ingress(engine: Judge, policies: list[Object], flows: list[str], **config: Any) -> list[str]:
    return [side for _, side in ask(engine, policies, flows, **config)]


def egress(engine: Judge, policies: list[Object], flows: list[str], **config: Any) -> list[str]:
    return [side for side, _ in ask(engine, policies, flows, **config)]


def selector(**labels: str) -> Object:
    return {"matchLabels": labels}


def cnp(name: str = "p", namespace: str = "shop", app: str = "db", **spec: Any) -> Object:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"endpointSelector": selector(app=app), **spec},
    }


def ccnp(name: str = "p", **spec: Any) -> Object:
    return {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumClusterwideNetworkPolicy",
        "metadata": {"name": name},
        "spec": spec,
    }


def netpol(name: str = "n", namespace: str = "shop", app: str = "db", **spec: Any) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"podSelector": selector(app=app), **spec},
    }


def admin(name: str, tier: str, priority: int, app: str = "db", **spec: Any) -> Object:
    subject = {"pods": {"namespaceSelector": {}, "podSelector": selector(app=app)}}
    return {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": name},
        "spec": {"tier": tier, "priority": priority, "subject": subject, **spec},
    }


def rule(action: str, *teams: str, **more: Any) -> Object:
    """An ingress rule of a ClusterNetworkPolicy: from the namespaces of the teams, from everything without them."""
    peers = [{"namespaces": selector(team=team)} for team in teams]
    return {"action": action, **({"from": peers} if peers else {}), **more}


WEB = {"fromEndpoints": [selector(app="web")]}


def test_without_policies_everything_is_allowed(engine: Judge) -> None:
    flows = ["shop/web shop/db TCP 5432", "shop/web world ICMP 8", "world shop/web UDP 53", "shop/web host SCTP 1"]
    both, out, into, host = ask(engine, [], flows)
    assert both == ("allow", "allow")
    assert out == ("allow", "n/a")
    assert into == ("n/a", "allow")
    assert host == ("allow", "n/a")


def test_enforcement_always_and_never(engine: Judge) -> None:
    flows = ["shop/web shop/db TCP 1"]
    assert ask(engine, [], flows, enforcement="always") == [("deny", "deny")]
    nothing = cnp(ingress=[{"fromEntities": ["none"]}])
    assert ask(engine, [nothing], flows, enforcement="never") == [("allow", "allow")]
    assert ask(engine, [nothing], flows) == [("allow", "deny")]


def test_a_policy_isolates_only_its_direction(engine: Judge) -> None:
    policies = [cnp(ingress=[WEB])]
    flows = ["shop/web shop/db TCP 1", "bank/web shop/db TCP 1", "shop/db bank/web TCP 1"]
    assert ask(engine, policies, flows) == [("allow", "allow"), ("allow", "deny"), ("allow", "allow")]


def test_a_policy_that_only_denies_isolates(engine: Judge) -> None:
    """Policy Language: deny policies too switch an endpoint to default deny."""
    flows = ["shop/web shop/db TCP 1", "bank/web shop/db TCP 1"]
    deny = cnp(ingressDeny=[WEB])
    assert ingress(engine, [deny], flows) == ["deny", "deny"]
    assert ingress(engine, [deny, cnp("all", ingress=[{"fromEntities": ["all"]}])], flows) == ["deny", "allow"]


def test_enable_default_deny_false(engine: Judge) -> None:
    flows = ["shop/web shop/db TCP 1", "bank/web shop/db TCP 1"]
    loose = cnp("loose", enableDefaultDeny={"ingress": False}, ingressDeny=[WEB])
    assert ingress(engine, [loose], flows) == ["deny", "allow"]
    assert ingress(engine, [loose, cnp("strict", ingress=[{"fromEntities": ["host"]}])], flows) == ["deny", "deny"]


def test_deny_wins_over_allow_whatever_is_narrower(engine: Judge) -> None:
    allow = cnp("allow", ingress=[WEB | {"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}])
    deny = cnp("deny", ingressDeny=[{"fromEndpoints": [{}]}])
    assert ingress(engine, [allow, deny], ["shop/web shop/db TCP 80"]) == ["deny"]
    some = cnp("some", ingressDeny=[{"toPorts": [{"ports": [{"port": "80", "protocol": "TCP"}]}]}])
    wide = cnp("wide", ingress=[{"fromEndpoints": [{}]}])
    assert ingress(engine, [wide, some], ["shop/web shop/db TCP 80", "shop/web shop/db TCP 81"]) == ["deny", "allow"]


def test_selectors_of_a_namespaced_policy_stay_in_its_namespace(engine: Judge) -> None:
    flows = ["shop/web shop/db TCP 1", "bank/web shop/db TCP 1", "bank/web bank/db TCP 1"]
    assert ingress(engine, [cnp(ingress=[WEB])], flows) == ["allow", "deny", "allow"]
    named = {"fromEndpoints": [selector(**{"k8s:io.kubernetes.pod.namespace": "bank", "app": "web"})]}
    assert ingress(engine, [cnp(ingress=[named])], flows) == ["deny", "allow", "allow"]
    team = {"fromEndpoints": [selector(**{"k8s:io.cilium.k8s.namespace.labels.team": "blue"})]}
    assert ingress(engine, [cnp(ingress=[team])], flows) == ["deny", "allow", "allow"]


def test_every_endpoint_of_the_namespace(engine: Judge) -> None:
    flows = [f"{peer} shop/db TCP 1" for peer in ("shop/web", "bank/web", "world", "remote-node", "203.0.113.9")]
    assert ingress(engine, [cnp(ingress=[{"fromEndpoints": [{}]}])], flows) == ["allow", "deny", "deny", "deny", "deny"]
    everywhere = ccnp(endpointSelector=selector(app="db"), ingress=[{"fromEndpoints": [{}]}])
    assert ingress(engine, [everywhere], flows) == ["allow", "allow", "deny", "deny", "deny"]


def test_an_empty_rule_allows_nothing(engine: Judge) -> None:
    """Layer 3 Policies, Ingress/Egress Default Deny: the example puts an endpoint there without whitelisting peers."""
    flows = [f"{peer} shop/db TCP 80" for peer in ("shop/web", "bank/web", "world", "remote-node")]
    assert ingress(engine, [cnp(ingress=[{}])], flows) == ["deny"] * 4
    assert ingress(engine, [cnp(ingress=[{"fromEndpoints": []}])], flows) == ["deny"] * 4
    assert ingress(engine, [cnp(ingress=[{"toPorts": [{"ports": [{"port": "80"}]}]}])], flows) == ["allow"] * 4
    assert ingress(engine, [netpol(ingress=[{}])], flows) == ["allow"] * 4


def test_a_policy_selects_in_its_own_namespace_only(engine: Judge) -> None:
    policy = cnp(ingress=[WEB])
    policy["spec"]["endpointSelector"] = selector(**{"k8s:io.kubernetes.pod.namespace": "bank", "app": "db"})
    flows = ["shop/web bank/db TCP 1", "bank/web shop/db TCP 1", "shop/web shop/db TCP 1"]
    assert ingress(engine, [policy], flows) == ["allow", "deny", "allow"]


def test_labels_that_cilium_does_not_keep(engine: Judge) -> None:
    kept = {"app.kubernetes.io/name": "db", "example.com/x": "1", "batch.kubernetes.io/job-name": "1"}
    dropped = {
        "statefulset.kubernetes.io/pod-name": "db-0",
        "apps.kubernetes.io/pod-index": "0",
        "pod-template-hash": "5",
    }
    dropped |= {"controller-uid": "1", "topology.kubernetes.io/zone": "z", "kubernetes.io/x": "1", "k8s.io/x": "1"}
    pod = {"name": "db-0", "namespace": "shop", "labels": kept | dropped}
    case: Object = {
        "namespaces": NAMESPACES,
        "endpoints": [*ENDPOINTS, pod],
        "queries": [query("shop/web shop/db-0 TCP 1")],
    }
    cases = []
    for key, value in (kept | dropped).items():
        policy = netpol(ingress=[]) | {"spec": {"podSelector": selector(**{key: value}), "ingress": []}}
        cases.append(case | {"id": key, "policies": [policy]})
    selected = {said["id"] for said in engine.ask(cases) if said["verdicts"][0]["ingress"] == "deny"}
    assert selected == set(kept)


def test_a_service_account_is_a_label(engine: Judge) -> None:
    teller = {"fromEndpoints": [selector(**{"io.cilium.k8s.policy.serviceaccount": "teller"})]}
    policies = [ccnp(endpointSelector=selector(app="web"), ingress=[teller])]
    assert ingress(engine, policies, ["bank/db shop/web TCP 1", "shop/db shop/web TCP 1"]) == ["allow", "deny"]


def test_a_clusterwide_policy_selects_in_every_namespace(engine: Judge) -> None:
    policies = [ccnp(endpointSelector={}, ingress=[WEB])]
    flows = ["shop/web bank/db TCP 1", "bank/web shop/db TCP 1", "bank/db shop/db TCP 1", "world bank/web TCP 1"]
    assert ingress(engine, policies, flows) == ["allow", "allow", "deny", "deny"]


def test_entities(engine: Judge) -> None:
    peers = ["host", "remote-node", "kube-apiserver", "health", "init", "unmanaged", "ingress", "world", "bank/web"]
    flows = [f"{peer} shop/db TCP 1" for peer in [*peers, "203.0.113.9"]]

    def let_in(entity: str) -> list[str]:
        policies = [cnp(ingress=[{"fromEntities": [entity]}])]
        answers = ingress(engine, policies, flows, allowLocalhost="policy")
        return [peer for peer, answer in zip([*peers, "203.0.113.9"], answers, strict=True) if answer == "allow"]

    assert let_in("host") == ["host"]
    assert let_in("world") == ["world", "203.0.113.9"]
    assert let_in("remote-node") == ["remote-node", "kube-apiserver"]
    assert let_in("kube-apiserver") == ["kube-apiserver"]
    assert let_in("cluster") == [*peers[:7], "bank/web"]
    assert let_in("all") == [*peers, "203.0.113.9"]
    assert let_in("none") == []


def test_the_own_node_reaches_its_pods_unless_policy_says_so(engine: Judge) -> None:
    policies = [cnp(ingress=[WEB])]
    flows = ["host shop/db TCP 1", "remote-node shop/db TCP 1"]
    assert ingress(engine, policies, flows) == ["allow", "deny"]
    assert ingress(engine, policies, flows, allowLocalhost="always") == ["allow", "deny"]
    assert ingress(engine, policies, flows, allowLocalhost="policy") == ["deny", "deny"]
    assert ingress(engine, [cnp(ingressDeny=[{"fromEntities": ["host"]}])], flows) == ["deny", "deny"]
    assert ingress(engine, policies, flows, enforcement="always") == ["allow", "deny"]
    assert ingress(engine, [], flows, enforcement="always") == ["deny", "deny"]
    for tier in ("Admin", "Baseline"):
        deny = admin("a", tier, 1, ingress=[rule("Deny")])
        assert ingress(engine, [deny], flows) == ["deny", "deny"]
        assert ingress(engine, [deny, netpol(ingress=[])], flows) == ["deny", "deny"]


def test_a_pod_reaches_its_own_node_as_its_egress_says(engine: Judge) -> None:
    assert egress(engine, [cnp(egress=[{"toEntities": ["none"]}])], ["shop/db host TCP 1"]) == ["deny"]
    assert egress(engine, [cnp(egress=[{"toEntities": ["host"]}])], ["shop/db host TCP 1"]) == ["allow"]


def test_a_cidr_matches_no_pod_by_default(engine: Judge) -> None:
    policies = [cnp(app="web", egress=[{"toCIDR": ["10.0.0.0/8"]}])]
    flows = ["shop/web shop/db TCP 1", "shop/web 10.9.9.9 TCP 1", "shop/web 192.0.2.1 TCP 1", "shop/web host TCP 1"]
    assert egress(engine, policies, flows) == ["deny", "allow", "deny", "deny"]
    assert egress(engine, policies, flows, policyCIDRMatchMode=["pods"]) == ["allow", "allow", "deny", "deny"]
    everything = [cnp(app="web", egress=[{"toCIDR": ["0.0.0.0/0"]}])]
    assert egress(engine, everything, flows) == ["deny", "allow", "allow", "deny"]
    assert egress(engine, everything, flows, policyCIDRMatchMode=["pods"]) == ["allow", "allow", "allow", "deny"]


def test_a_cidr_matches_the_identity_of_a_pod_not_its_packets(engine: Judge) -> None:
    pod = {"name": "two", "namespace": "shop", "labels": {"app": "two"}, "addresses": ["10.0.0.9", "fd00::9"]}
    case = {"namespaces": NAMESPACES, "endpoints": [*ENDPOINTS, pod], "config": {"policyCIDRMatchMode": ["pods"]}}
    case["queries"] = [query("shop/web shop/two TCP 1")]

    def reached(*blocks: Object) -> str:
        (answer,) = engine.ask([case | {"policies": [cnp(app="web", egress=[{"toCIDRSet": list(blocks)}])]}])
        return str(answer["verdicts"][0]["egress"])

    but_one = {"cidr": "10.0.0.0/8", "except": ["10.0.0.9/32"]}
    assert reached({"cidr": "10.0.0.0/8"}) == "allow"
    assert reached({"cidr": "fd00::/8"}) == "allow"
    assert reached({"cidr": "192.168.0.0/16"}) == "deny"
    assert reached(but_one) == "deny"
    assert reached(but_one, {"cidr": "::/0"}) == "allow"


def test_a_cidr_matches_nodes_in_their_match_mode(engine: Judge) -> None:
    nodes = [
        {"name": "here", "addresses": ["192.168.0.1"], "local": True},
        {"name": "there", "addresses": ["192.168.0.2"]},
    ]
    policies = [cnp(app="web", egress=[{"toCIDR": ["192.168.0.0/16"]}])]
    asked = [
        {"from": {"endpoint": "shop/web"}, "to": {"node": name}, "protocol": "TCP", "port": 1}
        for name in ("here", "there")
    ]
    asked += [{"from": {"endpoint": "shop/web"}, "to": {"address": "192.168.0.2"}, "protocol": "TCP", "port": 1}]
    case = {"namespaces": NAMESPACES, "endpoints": ENDPOINTS, "nodes": nodes, "policies": policies, "queries": asked}
    default, matched = engine.ask([case, case | {"config": {"policyCIDRMatchMode": ["nodes"]}}])
    assert [verdict["egress"] for verdict in default["verdicts"]] == ["deny", "deny", "deny"]
    assert [verdict["egress"] for verdict in matched["verdicts"]] == ["allow", "allow", "allow"]


def test_except_is_cut_out_and_the_longest_prefix_decides(engine: Judge) -> None:
    block = {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26"]}
    policies = [
        cnp(app="web", egress=[{"toCIDRSet": [block]}]),
        cnp("b", app="db", egress=[{"toCIDR": ["203.0.113.65/32"]}]),
    ]
    flows = ["shop/web 203.0.113.1 TCP 1", "shop/web 203.0.113.64 TCP 1", "shop/web 203.0.113.65 TCP 1"]
    assert egress(engine, policies, flows) == ["allow", "deny", "deny"]


def test_cidr_groups(engine: Judge) -> None:
    group = {
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumCIDRGroup",
        "metadata": {"name": "partners", "labels": {"trust": "some"}},
        "spec": {"externalCIDRs": ["203.0.113.0/24", "2001:db8::/32"]},
    }
    flows = ["shop/web 203.0.113.1 TCP 1", "shop/web 192.0.2.1 TCP 1", "shop/web 2001:db8::1 TCP 1"]
    for peer in ({"cidrGroupRef": "partners"}, {"cidrGroupSelector": selector(trust="some")}):
        policies = [group, cnp(app="web", egress=[{"toCIDRSet": [peer]}])]
        assert egress(engine, policies, flows) == ["allow", "deny", "allow"]


def test_families_are_apart(engine: Judge) -> None:
    policies = [cnp(app="web", egress=[{"toCIDR": ["0.0.0.0/0"]}])]
    flows = ["shop/web 192.0.2.1 TCP 1", "shop/web 2001:db8::1 TCP 1"]
    assert egress(engine, policies, flows) == ["allow", "deny"]
    assert egress(engine, policies, flows[:1], ipFamilies=["IPv4"]) == ["allow"]


def test_ports_without_protocol_are_tcp_udp_and_sctp(engine: Judge) -> None:
    flows = [f"shop/web shop/db {protocol} 8" for protocol in ("TCP", "UDP", "SCTP", "ICMP")]
    any_protocol = cnp(ingress=[{"toPorts": [{"ports": [{"port": "8"}]}]}])
    assert ingress(engine, [any_protocol], flows) == ["allow", "allow", "allow", "deny"]
    every_port = cnp(ingress=[{"toPorts": [{"ports": [{"port": "0"}]}]}])
    assert ingress(engine, [every_port], flows) == ["allow", "allow", "allow", "deny"]
    assert ingress(engine, [cnp(ingress=[WEB])], flows) == ["allow"] * 4


def test_port_ranges(engine: Judge) -> None:
    ports = {"toPorts": [{"ports": [{"port": "8000", "endPort": 8443, "protocol": "TCP"}]}]}
    flows = [f"shop/web shop/db TCP {port}" for port in (7999, 8000, 8192, 8443, 8444)]
    assert ingress(engine, [cnp(ingress=[ports])], flows) == ["deny", "allow", "allow", "allow", "deny"]
    hole = {"toPorts": [{"ports": [{"port": "8190", "endPort": 8200, "protocol": "TCP"}]}]}
    policies = [cnp(ingress=[ports]), cnp("hole", ingressDeny=[hole])]
    assert ingress(engine, policies, flows) == ["deny", "allow", "deny", "allow", "deny"]


def test_named_ports_are_those_of_the_destination(engine: Judge) -> None:
    sql = {"toPorts": [{"ports": [{"port": "sql", "protocol": "TCP"}]}]}
    flows = [
        "shop/web shop/db TCP 5432",
        "shop/web shop/db TCP 6432",
        "shop/web bank/db TCP 6432",
        "shop/web bank/db TCP 5432",
    ]
    every = ccnp(endpointSelector=selector(app="db"), ingress=[sql])
    assert ingress(engine, [every], flows) == ["allow", "deny", "allow", "deny"]
    out = ccnp(endpointSelector=selector(app="web"), egress=[{"toEndpoints": [selector(app="db")], **sql}])
    assert egress(engine, [out], flows) == ["allow", "deny", "allow", "deny"]
    wrong = {"toPorts": [{"ports": [{"port": "stats", "protocol": "TCP"}]}]}
    assert ingress(engine, [cnp(ingress=[wrong])], ["shop/web shop/db TCP 8125", "shop/web shop/db UDP 8125"]) == [
        "deny",
        "deny",
    ]


def test_pods_that_differ_in_their_ports_alone(engine: Judge) -> None:
    """Named ports are part of an identity, so one name can be two ports even behind one egress rule."""
    pods = [
        {
            "name": f"s{number}",
            "namespace": "shop",
            "labels": {"app": "s"},
            "ports": [{"name": "sql", "number": number}],
        }
        for number in (7001, 7002)
    ]
    sql = {"toEndpoints": [selector(app="s")], "toPorts": [{"ports": [{"port": "sql", "protocol": "TCP"}]}]}
    flows = [f"shop/web shop/s{pod} TCP {port}" for pod in (7001, 7002) for port in (7001, 7002)]
    case = {"namespaces": NAMESPACES, "endpoints": [*ENDPOINTS, *pods], "policies": [cnp(app="web", egress=[sql])]}
    (answer,) = engine.ask([case | {"queries": [query(flow) for flow in flows]}])
    assert [verdict["egress"] for verdict in answer["verdicts"]] == ["allow", "deny", "deny", "allow"]


def test_icmp_types(engine: Judge) -> None:
    flows = [f"shop/web shop/db ICMP {kind}" for kind in (8, 3, 0)] + [
        "shop/web shop/db ICMPv6 128",
        "shop/web shop/db TCP 8",
    ]
    echo = cnp(ingress=[{"icmps": [{"fields": [{"type": "EchoRequest", "family": "IPv4"}]}]}])
    assert ingress(engine, [echo], flows) == ["allow", "deny", "deny", "deny", "deny"]
    six = cnp(ingress=[{"icmps": [{"fields": [{"type": 128, "family": "IPv6"}]}]}])
    assert ingress(engine, [six], flows) == ["deny", "deny", "deny", "allow", "deny"]


def test_icmp_type_0_is_every_type(engine: Judge) -> None:
    flows = [f"shop/web shop/db ICMP {kind}" for kind in (0, 3, 8)] + ["shop/web shop/db TCP 8"]
    reply = cnp(ingress=[{"icmps": [{"fields": [{"type": 0, "family": "IPv4"}]}]}])
    assert ingress(engine, [reply], flows) == ["allow", "allow", "allow", "deny"]


def test_network_policies_and_cilium_policies_add_up(engine: Judge) -> None:
    """Kubernetes and Cilium policies stand side by side: allowed is what either allows and no deny rule forbids."""
    kubernetes = netpol(ingress=[{"from": [{"podSelector": selector(app="web")}]}])
    cilium = cnp(ingress=[{"fromEntities": ["world"]}])
    flows = ["shop/web shop/db TCP 1", "world shop/db TCP 1", "bank/web shop/db TCP 1"]
    assert ingress(engine, [kubernetes], flows) == ["allow", "deny", "deny"]
    assert ingress(engine, [kubernetes, cilium], flows) == ["allow", "allow", "deny"]
    assert ingress(engine, [kubernetes, cnp(ingressDeny=[WEB])], flows) == ["deny", "deny", "deny"]


def test_network_policy_blocks_match_no_pod_by_default(engine: Judge) -> None:
    policies = [netpol(app="web", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])]
    flows = ["shop/web shop/db TCP 1", "shop/web 10.9.9.9 TCP 1"]
    assert egress(engine, policies, flows) == ["deny", "allow"]
    assert egress(engine, policies, flows, policyCIDRMatchMode=["pods"]) == ["allow", "allow"]


def test_rules_of_a_network_policy_isolate_whatever_its_types(engine: Judge) -> None:
    nobody = [{"podSelector": selector(app="nobody")}]
    out = netpol(app="web", policyTypes=["Ingress"], ingress=[{}], egress=[{"to": nobody}])
    assert ask(engine, [out], ["shop/web shop/db TCP 1"]) == [("deny", "allow")]
    into = netpol(app="db", policyTypes=["Egress"], egress=[{}], ingress=[{"from": nobody}])
    assert ask(engine, [into], ["shop/web shop/db TCP 1"]) == [("allow", "deny")]


def test_network_policy_ports(engine: Judge) -> None:
    flows = [f"shop/web shop/db {end}" for end in ("TCP 5432", "TCP 90", "UDP 8125", "UDP 90", "ICMP 8")]

    def let_in(*ports: Object) -> list[str]:
        answers = ingress(engine, [netpol(ingress=[{"ports": list(ports)}])], flows)
        return [flow.split(maxsplit=2)[2] for flow, answer in zip(flows, answers, strict=True) if answer == "allow"]

    assert let_in({"port": "sql"}) == ["TCP 5432"]
    assert let_in({"port": "stats"}) == []
    assert let_in({"port": "stats", "protocol": "UDP"}) == ["UDP 8125"]
    assert let_in({"port": 80, "endPort": 99}) == ["TCP 90"]
    assert let_in({"protocol": "UDP"}) == ["UDP 8125", "UDP 90"]
    assert let_in() == [flow.split(maxsplit=2)[2] for flow in flows]


def test_network_policy_without_ports_covers_icmp(engine: Judge) -> None:
    policies = [netpol(ingress=[{"from": [{"podSelector": {}}]}])]
    assert ingress(engine, policies, ["shop/web shop/db ICMP 8", "bank/web shop/db ICMP 8"]) == ["allow", "deny"]


def test_the_admin_tier_is_read_first(engine: Judge) -> None:
    flows = ["bank/web shop/db TCP 1", "shop/web shop/db TCP 1", "world shop/db TCP 1"]
    open_all = netpol(ingress=[{}])
    deny = admin("a", "Admin", 1, ingress=[rule("Deny", "blue")])
    assert ingress(engine, [deny], flows) == ["deny", "allow", "allow"]
    assert ingress(engine, [deny, open_all], flows) == ["deny", "allow", "allow"]
    accept = admin("a", "Admin", 1, ingress=[rule("Accept", "blue")])
    assert ingress(engine, [accept, netpol(ingress=[])], flows) == ["allow", "deny", "deny"]
    assert ingress(engine, [accept, cnp(ingressDeny=[{"fromEntities": ["all"]}])], flows) == ["allow", "deny", "deny"]


def test_pass_goes_on_to_the_next_tier(engine: Judge) -> None:
    flows = ["bank/web shop/db TCP 1", "shop/web shop/db TCP 1"]
    first = admin("a", "Admin", 1, ingress=[rule("Pass", "blue"), rule("Deny")])
    assert ingress(engine, [first], flows) == ["allow", "deny"]
    assert ingress(engine, [first, netpol(ingress=[])], flows) == ["deny", "deny"]
    last = admin("b", "Baseline", 1, ingress=[rule("Deny", "blue", "red")])
    assert ingress(engine, [first, last], flows) == ["deny", "deny"]


def test_the_lower_priority_number_decides_and_deny_among_equals(engine: Judge) -> None:
    flows = ["bank/web shop/db TCP 1"]
    accept, deny = [rule("Accept", "blue")], [rule("Deny", "blue")]
    isolated = netpol(ingress=[])
    for names in (("a", "b"), ("b", "a")):

        def both(first: int, second: int, names: tuple[str, str] = names) -> list[Object]:
            accepting = admin(names[0], "Admin", first, ingress=accept)
            return [accepting, admin(names[1], "Admin", second, ingress=deny), isolated]

        assert ingress(engine, both(1, 2), flows) == ["allow"]
        assert ingress(engine, both(2, 1), flows) == ["deny"]
        assert ingress(engine, both(1, 1), flows) == ["deny"]


def test_rules_of_one_policy_are_read_in_order(engine: Judge) -> None:
    flows = ["bank/web shop/db TCP 1"]
    accept, deny = rule("Accept", "blue"), rule("Deny", "blue")
    assert ingress(engine, [admin("a", "Admin", 1, ingress=[accept, deny])], flows) == ["allow"]
    assert ingress(engine, [admin("a", "Admin", 1, ingress=[deny, accept])], flows) == ["deny"]


def test_baseline_accept_opens_what_a_network_policy_isolates(engine: Judge) -> None:
    flows = ["bank/web shop/db TCP 1", "shop/web shop/db TCP 1"]
    baseline = admin("b", "Baseline", 1, ingress=[rule("Accept", "blue")])
    assert ingress(engine, [netpol(ingress=[]), baseline], flows) == ["allow", "deny"]
    assert ingress(engine, [admin("b", "Baseline", 1, ingress=[rule("Deny", "blue")])], flows) == ["deny", "allow"]


def test_protocols_of_a_cluster_network_policy(engine: Judge) -> None:
    flows = [f"shop/web shop/db {end}" for end in ("TCP 5432", "TCP 85", "UDP 85", "ICMP 8")]

    def denied(**protocol: Any) -> list[str]:
        answers = ingress(engine, [admin("a", "Admin", 1, ingress=[rule("Deny", protocols=[protocol])])], flows)
        return [flow.split(maxsplit=2)[2] for flow, answer in zip(flows, answers, strict=True) if answer == "deny"]

    assert denied(tcp={}) == ["TCP 5432", "TCP 85"]
    assert denied(tcp={"destinationPort": {"number": 85}}) == ["TCP 85"]
    assert denied(udp={"destinationPort": {"range": {"start": 80, "end": 90}}}) == ["UDP 85"]
    assert denied(destinationNamedPort="sql") == ["TCP 5432"]
    assert ingress(engine, [admin("a", "Admin", 1, ingress=[rule("Deny")])], flows) == ["deny"] * 4


def test_cluster_network_policies_may_be_off(engine: Judge) -> None:
    deny = admin("a", "Admin", 1, ingress=[rule("Deny")])
    assert ingress(engine, [deny], ["shop/web shop/db TCP 1"]) == ["deny"]
    assert ingress(engine, [deny], ["shop/web shop/db TCP 1"], enableClusterNetworkPolicy=False) == ["allow"]


def test_networks_of_a_cluster_network_policy(engine: Judge) -> None:
    policies = [admin("a", "Admin", 1, app="web", egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}])]
    flows = ["shop/web shop/db TCP 1", "shop/web 10.9.9.9 ICMP 8", "shop/web 192.0.2.1 TCP 1"]
    assert egress(engine, policies, flows) == ["allow", "deny", "allow"]
    assert egress(engine, policies, flows, policyCIDRMatchMode=["pods"]) == ["deny", "deny", "allow"]


def test_host_policies_only_with_the_host_firewall(engine: Judge) -> None:
    policies = [ccnp(nodeSelector={}, ingress=[{"fromEntities": ["remote-node"]}])]
    flows = ["world host TCP 22", "remote-node host TCP 22", "host shop/db TCP 1"]
    assert ask(engine, policies, flows) == [("n/a", "n/a"), ("n/a", "n/a"), ("n/a", "allow")]
    firewall = ask(engine, policies, flows, hostFirewall=True)
    assert firewall == [("n/a", "deny"), ("n/a", "allow"), ("allow", "allow")]


def test_what_cilium_refuses_is_told_and_does_not_count(engine: Judge) -> None:
    refused = [
        cnp("empty"),
        cnp("node") | {"spec": {"nodeSelector": {}, "ingress": [{}]}},
        netpol("block", ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0"}}, {"ipBlock": {"cidr": "nonsense"}}]}]),
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}},
    ]
    case = {
        "namespaces": NAMESPACES,
        "endpoints": ENDPOINTS,
        "policies": refused,
        "queries": [query("shop/web shop/db TCP 1")],
    }
    (answer,) = engine.ask([case])
    assert [failure["policy"] for failure in answer["errors"]] == [
        "CiliumNetworkPolicy/shop/empty",
        "CiliumNetworkPolicy/shop/node",
        "NetworkPolicy/shop/block",
        "Secret/s",
    ]
    assert answer["verdicts"] == [{"egress": "allow", "ingress": "allow", "verdict": "allow"}]


def test_what_the_judge_leaves_is_told(engine: Judge) -> None:
    http = [{"ports": [{"port": "80", "protocol": "TCP"}], "rules": {"http": [{"path": "/"}]}}]
    policies = [
        cnp("plain", ingress=[WEB]),
        cnp("proxied", ingress=[WEB | {"toPorts": http, "authentication": {"mode": "required"}}]),
        cnp("names", egress=[{"toFQDNs": [{"matchName": "example.com"}]}]),
        cnp("services", egress=[{"toServices": [{"k8sService": {"serviceName": "db", "namespace": "shop"}}]}]),
        admin("domains", "Admin", 1, egress=[{"action": "Accept", "to": [{"domainNames": ["example.com"]}]}]),
    ]
    (answer,) = engine.ask([{"namespaces": NAMESPACES, "endpoints": ENDPOINTS, "policies": policies}])
    assert answer["errors"] == []
    assert [(left["policy"].split("/")[-1], left["features"]) for left in answer["unjudged"]] == [
        ("proxied", ["authentication", "l7"]),
        ("names", ["fqdns"]),
        ("services", ["services"]),
        ("domains", ["fqdns", "l7"]),
    ]


def test_what_cannot_be_asked_is_an_error(engine: Judge) -> None:
    case = {"namespaces": NAMESPACES, "endpoints": ENDPOINTS}
    bad = ["shop/web shop/nobody TCP 1", "shop/web nowhere TCP 1", "shop/web shop/db TCP 0", "shop/web shop/db GRE 1"]
    (answer,) = engine.ask([case | {"queries": [query(flow) for flow in bad]}])
    assert [failure["query"] for failure in answer["errors"]] == [0, 1, 2, 3]
    assert [verdict["verdict"] for verdict in answer["verdicts"]] == ["error"] * 4


def test_a_cluster_leaves_nothing_to_the_next(engine: Judge) -> None:
    nodes = [{"name": "here", "addresses": ["192.168.0.1"], "local": True}]
    other = {"namespaces": NAMESPACES, "endpoints": ENDPOINTS, "policies": [cnp(ingress=[WEB])], "nodes": nodes}
    other |= {"config": {"policyCIDRMatchMode": ["nodes"], "enforcement": "always", "allowLocalhost": "policy"}}
    plain: Object = {"namespaces": NAMESPACES, "endpoints": ENDPOINTS, "queries": [query("host shop/db TCP 1")]}
    by_address = cnp(ingress=[{"fromCIDR": ["192.168.0.0/16"]}])
    unknown = plain | {
        "policies": [by_address],
        "config": {"policyCIDRMatchMode": ["nodes"], "allowLocalhost": "policy"},
    }
    first, _, second, without = engine.ask([plain, other | {"queries": plain["queries"]}, plain, unknown])
    assert first == second
    assert without["verdicts"][0]["ingress"] == "deny"  # its own node has no address


def test_sizes_of_map_states(engine: Judge) -> None:
    """An unrestricted direction is one entry for each of the five aggregates of identities (`AllAggregates`)."""
    case = {"namespaces": NAMESPACES, "endpoints": ENDPOINTS, "policies": [cnp(ingress=[WEB])], "mapStates": True}
    (answer,) = engine.ask([case])
    sizes = {size.pop("endpoint"): size for size in answer["mapStates"]}
    assert sizes["shop/web"] == {"ingress": 5, "egress": 5, "total": 10}
    assert sizes["shop/db"] == {"ingress": 2, "egress": 5, "total": 7}  # web and the own node
