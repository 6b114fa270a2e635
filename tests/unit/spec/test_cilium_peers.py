"""Peers under Cilium 1.20 as the evaluator has them: selectors, labels, entities, ranges, services, names."""

from __future__ import annotations

import pytest

from netwright.spec.cilium_identities import is_kept
from netwright.spec.reasons import API_SERVER, CLOUD, HOST_ADDRESS, NAMESPACE, POD_ADDRESS
from tests.unit.spec.build_cilium import (
    Object,
    admin,
    asks,
    ccnp,
    cnp,
    egress,
    group,
    ingress,
    judged,
    keyed,
    labels,
    netpol,
    node,
    pod,
    ports,
)

EVERY_END = ("shop/web", "bank/web", "203.0.113.5", "2001:db8::5", "node/there", "node/here")
NS, NS_TEAM = "k8s:io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.namespace.labels.team"


def who(entry: Object, policy: str = "cnp", **options: object) -> list[str]:
    """Who may come in to shop/db by the entry alone."""
    made = cnp(ingress=[entry]) if policy == "cnp" else ccnp(ingress=[entry])
    both = pod("shop/db6", "10.0.0.3", "fd00::3", labels={"app": "db"}, nodeName="there")
    found = []
    for end in EVERY_END:
        said = ingress([made], f"{end} shop/db6 TCP 80", [both], allow_localhost="policy", **options)  # type: ignore[arg-type]
        found += [end] if said == "allow" else [f"{end}?"] if said == "open" else []
    return found


def go_out(entry: Object, *targets: str, more: tuple[Object, ...] = (), **options: object) -> list[str]:
    """Which of the targets shop/web may go to by the entry alone."""
    policy = cnp(select=labels(app="web"), egress=[entry])
    found = []
    for end in targets:
        said = egress([policy, *more], f"shop/web {end} TCP 80", **options)  # type: ignore[arg-type]
        found += [end] if said == "allow" else [f"{end}?"] if said == "open" else []
    return found


# --- selectors --------------------------------------------------------------------------------------------------------


def test_selectors_of_a_namespaced_policy_stay_in_its_namespace() -> None:
    assert who({"fromEndpoints": [{}]}) == ["shop/web"]
    assert who({"fromEndpoints": [labels(app="web")]}) == ["shop/web"]


@pytest.mark.parametrize("source", ["k8s:", "any:", ""])
def test_selectors_that_name_a_namespace_go_there(source: str) -> None:
    named = keyed({source + "io.kubernetes.pod.namespace": "bank", "app": "web"})
    assert who({"fromEndpoints": [named]}) == ["bank/web"]
    team = keyed({source + "io.cilium.k8s.namespace.labels.team": "blue", "app": "web"})
    assert who({"fromEndpoints": [team]}) == ["bank/web"]
    assert who({"fromEndpoints": [asks(source + "io.kubernetes.pod.namespace", "NotIn", "shop")]}) == ["bank/web"]


def test_selectors_of_a_clusterwide_policy_mean_pods_everywhere() -> None:
    assert who({"fromEndpoints": [{}]}, "ccnp") == ["shop/web", "bank/web"]
    assert who({"fromEndpoints": [asks("app", "NotIn", "db")]}, "ccnp") == ["shop/web", "bank/web"]


def test_sources_of_labels() -> None:
    for key in ("app", "k8s:app", "any:app"):
        assert who({"fromEndpoints": [keyed({key: "web"})]}) == ["shop/web"]
    for key in ("container:app", "reserved:app", "cidr:app"):
        assert who({"fromEndpoints": [keyed({key: "web"})]}) == []


def test_reserved_labels_mean_nodes() -> None:
    assert who({"fromEndpoints": [keyed({"reserved:host": ""})]}) == ["node/there"]
    assert who({"fromEndpoints": [keyed({"reserved:remote-node": ""})]}, "ccnp") == ["node/here"]


def test_an_endpoint_selector_stays_in_its_namespace() -> None:
    everywhere = ("shop/web shop/db TCP 1", "shop/web bank/db TCP 1")

    def isolated(selector: Object) -> list[bool]:
        return [ingress([cnp(select=selector, ingress=[{}])], one) == "deny" for one in everywhere]

    assert isolated({}) == [True, False]
    assert isolated(keyed({NS: "bank", "app": "db"})) == [True, False]  # taken for its own
    assert isolated(keyed({"io.kubernetes.pod.namespace": "bank", "app": "db"})) == [False, False]  # both asked for


def test_a_service_account_is_a_label() -> None:
    teller = {"fromEndpoints": [keyed({"io.cilium.k8s.policy.serviceaccount": "teller", NS: "bank"})]}
    asked = ("bank/db shop/db TCP 1", "bank/web shop/db TCP 1")
    assert [ingress([cnp(ingress=[teller])], one) for one in asked] == ["allow", "deny"]
    default = {"fromEndpoints": [keyed({"io.cilium.k8s.policy.serviceaccount": "default", NS: "bank"})]}
    assert [ingress([cnp(ingress=[default])], one) for one in asked] == ["deny", "allow"]


def test_the_cluster_is_a_label() -> None:
    here = {"fromEndpoints": [keyed({"k8s:io.cilium.k8s.policy.cluster": "east"})]}
    assert who(here) == []
    assert who(here, cluster_name="east") == ["shop/web"]


def test_labels_that_the_filter_drops() -> None:
    dropped = ["pod-template-hash", "statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "k8s.io/x"]
    dropped += ["controller-uid", "topology.kubernetes.io/zone", "kubernetes.io/x", "io.kubernetes.x", "etcd_node"]
    dropped += ["batch.kubernetes.io/controller-uid", "mybeta.kubernetes.io/x", "annotation.x", "pod-template-hash-x"]
    dropped += ["io.cilium.k8s.namespace.labels.beta.kubernetes.io/x"]
    kept = ["app", "app.kubernetes.io/name", "example.com/kubernetes.io", "batch.kubernetes.io/job-name", "my-k8s.io/x"]
    kept += ["io.kubernetes.pod.namespace", "io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name"]
    assert [one for one in dropped if is_kept(one)] == []
    assert [one for one in kept if not is_kept(one)] == []


def test_a_dropped_label_cannot_be_selected_but_is_absent() -> None:
    one = pod("shop/db-0", labels={"statefulset.kubernetes.io/pod-name": "db-0"})
    named = netpol(ingress=[])
    named["spec"]["podSelector"] = labels(**{"statefulset.kubernetes.io/pod-name": "db-0"})
    assert ingress([named], "shop/web shop/db-0 TCP 1", [one]) == "allow"
    absent = netpol(ingress=[])
    absent["spec"]["podSelector"] = asks("statefulset.kubernetes.io/pod-name", "DoesNotExist")
    assert ingress([absent], "shop/web shop/db-0 TCP 1", [one]) == "deny"


def test_labels_of_a_namespace_that_is_not_in_the_input() -> None:
    stranger = pod("ops/web", "10.0.9.1", labels={"app": "web"})
    team = {"fromEndpoints": [keyed({NS_TEAM: "red"})]}
    answer = judged([cnp(ingress=[team])], "ops/web shop/db TCP 1", [stranger])
    assert (answer.verdict, answer.reasons) == ("undecided", (NAMESPACE,))
    name = {"fromEndpoints": [keyed({"k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name": "ops"})]}
    assert ingress([cnp(ingress=[name])], "ops/web shop/db TCP 1", [stranger]) == "allow"


def test_namespaces_that_lack_something_are_everybody_in_an_admin_policy() -> None:
    """Cilium keeps stand-ins without labels for all pods, addresses and nodes, and the selector selects these."""
    lack = asks("team", "DoesNotExist")
    lacking = admin("Admin", app="web", egress=[{"action": "Deny", "to": [{"namespaces": lack}]}])
    for target in ("shop/db", "bank/db", "203.0.113.5", "node/here"):
        assert egress([lacking], f"shop/web {target} TCP 80") == "deny"
    both = {"namespaceSelector": lack, "podSelector": {}}
    pods = admin("Admin", app="web", egress=[{"action": "Deny", "to": [{"pods": both}]}])
    assert egress([pods], "shop/web bank/db TCP 80") == "allow"


# --- lists ------------------------------------------------------------------------------------------------------------


def test_absent_peers_with_ports_are_everybody_and_without_nobody() -> None:
    assert who({"toPorts": ports("80")}) == list(EVERY_END)
    assert who({}) == []


@pytest.mark.parametrize("field", ["fromEndpoints", "fromEntities", "fromCIDR", "fromCIDRSet"])
def test_an_empty_list_of_peers_is_nobody(field: str) -> None:
    assert who({field: []}) == []
    assert who({field: [], "toPorts": ports("80")}) == []


# --- entities ---------------------------------------------------------------------------------------------------------

ENTITIES = {
    "all": list(EVERY_END),
    "world": ["203.0.113.5", "2001:db8::5"],
    "cluster": ["shop/web", "bank/web", "node/there", "node/here"],
    "cluster-mesh": ["shop/web", "bank/web", "node/there", "node/here"],
    "host": ["node/there"],
    "remote-node": ["node/here"],
    "kube-apiserver": ["203.0.113.5?", "2001:db8::5?", "node/there?", "node/here?"],
    "none": [],
    "init": [],
    "health": [],
    "ingress": [],
    "unmanaged": [],
}


@pytest.mark.parametrize("entity", ENTITIES)
def test_an_entity(entity: str) -> None:
    assert who({"fromEntities": [entity]}) == ENTITIES[entity]


def test_which_end_the_api_server_is_the_input_does_not_say() -> None:
    policy = cnp(select=labels(app="web"), egress=[{"toEntities": ["kube-apiserver"]}])
    answer = judged([policy], "shop/web 203.0.113.5 TCP 443")
    assert (answer.verdict, answer.reasons) == ("undecided", (API_SERVER,))


# --- ranges -----------------------------------------------------------------------------------------------------------


def test_a_range_matches_only_outside() -> None:
    assert who({"fromCIDR": ["10.0.0.0/8", "192.168.0.0/16", "203.0.113.0/24"]}) == ["203.0.113.5"]
    assert who({"fromCIDR": ["0.0.0.0/0"]}) == ["203.0.113.5"]
    assert who({"fromCIDR": ["::/0"]}) == ["2001:db8::5"]


def test_an_ip_block_and_networks_are_ranges_like_others() -> None:
    block = netpol(app="web", policyTypes=["Egress"], egress=[{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}])
    asked = ("shop/web shop/db TCP 1", "shop/web 10.9.9.9 TCP 1")
    assert [egress([block], one) for one in asked] == ["deny", "allow"]
    assert [egress([block], one, modes=["pods"]) for one in asked] == ["allow", "allow"]
    networks = admin("Admin", app="web", egress=[{"action": "Deny", "to": [{"networks": ["10.0.0.0/8"]}]}])
    assert [egress([networks], one) for one in asked] == ["allow", "deny"]


def test_match_mode_pods() -> None:
    assert who({"fromCIDR": ["10.0.0.0/24"]}, modes=["pods"]) == ["shop/web"]
    assert who({"fromCIDR": ["0.0.0.0/0"]}, modes=["pods"]) == ["shop/web", "bank/web", "203.0.113.5"]


def test_match_mode_nodes() -> None:
    assert who({"fromCIDR": ["192.168.0.0/16"]}, modes=["nodes"]) == ["node/there", "node/here"]
    assert who({"fromCIDR": ["192.168.0.1/32"]}, modes=["nodes"]) == ["node/here"]
    assert who({"fromCIDR": ["0.0.0.0/0"]}, modes=["nodes"]) == ["203.0.113.5"]
    everybody = ["shop/web", "bank/web", "203.0.113.5", "node/there", "node/here"]
    assert who({"fromCIDR": ["0.0.0.0/0"]}, modes=["nodes", "pods"]) == everybody


def test_a_range_matches_the_identity_of_a_pod_not_its_packets() -> None:
    assert ingress([cnp(ingress=[{"fromCIDR": ["fd00::/8"]}])], "shop/web shop/db TCP 1", modes=["pods"]) == "allow"
    cut = {"cidr": "10.0.0.0/8", "except": ["10.0.0.1/32"]}
    both = [{"fromCIDRSet": [cut]}, {"fromCIDRSet": [cut, {"cidr": "::/0"}]}]
    said = [ingress([cnp(ingress=[one])], "shop/web shop/db TCP 1", modes=["pods"]) for one in both]
    assert said == ["deny", "allow"]


def test_excepts_are_cut_out() -> None:
    cut = {"cidr": "203.0.113.0/24", "except": ["203.0.113.64/26"]}
    assert go_out({"toCIDRSet": [cut]}, "203.0.113.5", "203.0.113.65", "198.51.100.7") == ["203.0.113.5"]
    two = {"toCIDRSet": [cut, {"cidr": "203.0.113.65/32"}]}
    assert go_out(two, "203.0.113.5", "203.0.113.65") == ["203.0.113.5", "203.0.113.65"]


def test_an_except_of_everything_cuts_no_pods_in_match_mode_pods() -> None:
    cut = {"toCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["0.0.0.0/0"]}]}
    assert go_out(cut, "203.0.113.5") == []
    assert go_out(cut, "203.0.113.5", "shop/db", modes=["pods"]) == ["shop/db"]


def test_the_address_of_a_pod_that_is_not_known() -> None:
    policy = cnp(select=labels(app="lost"), egress=[{"toCIDR": ["198.51.100.0/24"]}])
    assert egress([policy], "shop/lost 198.51.100.7 TCP 1") == "allow"
    into = cnp(ingress=[{"fromCIDR": ["10.0.0.0/8"]}])
    answer = judged([into], "shop/lost shop/db TCP 1", modes=["pods"])
    assert (answer.verdict, answer.reasons) == ("undecided", (POD_ADDRESS,))
    assert ingress([into], "shop/lost shop/db TCP 1", modes=["pods"], pod_ranges=["10.0.0.0/16"]) == "allow"
    assert ingress([into], "shop/lost shop/db TCP 1", modes=["pods"], pod_ranges=["172.16.0.0/16"]) == "deny"
    assert ingress([into], "shop/lost shop/db TCP 1") == "deny"


def test_which_address_a_node_uses_is_not_known() -> None:
    two = node("third", "192.168.7.1", "172.16.0.1")
    answer = judged(
        [cnp(ingress=[{"fromCIDR": ["172.16.0.0/12"]}])], "node/third shop/db TCP 1", [two], modes=["nodes"]
    )
    assert (answer.verdict, answer.reasons) == ("undecided", (HOST_ADDRESS,))
    own = pod("shop/at", "10.0.0.8", labels={"app": "db"}, nodeName="third")
    policy = cnp(select=labels(app="db"), egress=[{"toCIDR": ["172.16.0.0/12"]}])
    assert egress([policy], "shop/at node/third TCP 1", [two, own], modes=["nodes"]) == "allow"  # one identity


# --- groups of ranges -------------------------------------------------------------------------------------------------

GROUPS = (
    group("partners", "203.0.113.0/24", trust="some", kind="a"),
    group("suppliers", "203.0.113.0/25", "198.51.100.0/24", trust="full"),
)


def test_groups_by_name() -> None:
    targets = ("203.0.113.5", "203.0.113.200", "198.51.100.7", "192.0.2.1")
    assert go_out({"toCIDRSet": [{"cidrGroupRef": "suppliers"}]}, *targets, more=GROUPS) == [
        "203.0.113.5",
        "198.51.100.7",
    ]
    cut = {"cidrGroupRef": "partners", "except": ["203.0.113.128/25"]}
    assert go_out({"toCIDRSet": [cut]}, *targets, more=GROUPS) == ["203.0.113.5"]


def test_a_group_that_is_not_there_matches_nothing() -> None:
    assert go_out({"toCIDRSet": [{"cidrGroupRef": "missing"}]}, "203.0.113.5", more=GROUPS) == []


def test_groups_by_labels() -> None:
    targets = ("203.0.113.5", "203.0.113.200", "198.51.100.7", "192.0.2.1")

    def chosen(selector: Object) -> list[str]:
        return go_out({"toCIDRSet": [{"cidrGroupSelector": selector}]}, *targets, more=GROUPS)

    assert chosen(labels(trust="full")) == ["203.0.113.5", "198.51.100.7"]
    assert chosen(labels(trust="full", kind="a")) == ["203.0.113.5"]  # one label of each group that it is in
    assert chosen(asks("trust", "NotIn", "full")) == ["203.0.113.200", "192.0.2.1"]
    assert chosen(asks("trust", "DoesNotExist")) == ["192.0.2.1"]


def test_in_match_mode_pods_groups_that_one_is_not_in_are_everybody() -> None:
    entry = {"toCIDRSet": [{"cidrGroupSelector": asks("trust", "NotIn", "full")}]}
    targets = ("203.0.113.5", "shop/db", "node/here")
    assert go_out(entry, *targets, more=GROUPS, modes=["pods"]) == ["203.0.113.5", "shop/db"]


# --- services, names, clouds ------------------------------------------------------------------------------------------


def service(name: str, **spec: object) -> Object:
    space, _, own = name.partition("/")
    listed = [{"port": 80}]
    meta = {"name": own, "namespace": space, "labels": {"tier": own}}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": listed, **spec}}


def slice_of(name: str, *addresses: str) -> Object:
    space, _, own = name.partition("/")
    meta = {"name": f"{own}-1", "namespace": space, "labels": {"kubernetes.io/service-name": own}}
    entries = [{"addresses": [one]} for one in addresses]
    api = "discovery.k8s.io/v1"
    return {
        "apiVersion": api,
        "kind": "EndpointSlice",
        "metadata": meta,
        "addressType": "IPv4",
        "endpoints": entries,
        "ports": [{"port": 8080}],
    }


SERVICES = (
    service("bank/db", selector={"app": "db"}),
    service("shop/out"),
    slice_of("shop/out", "203.0.113.5", "10.0.0.2"),
)


def by_name(name: str, **where: str) -> Object:
    return {"toServices": [{"k8sService": {"serviceName": name, **where}}]}


def test_a_service_with_a_selector_means_its_pods() -> None:
    targets = ("bank/db", "shop/db", "bank/web")
    assert go_out(by_name("db", namespace="bank"), *targets, more=SERVICES) == ["bank/db"]
    assert go_out(by_name("db"), *targets, more=SERVICES) == ["bank/db"]
    assert go_out(by_name("db", namespace="shop"), *targets, more=SERVICES) == []


def test_a_service_without_a_selector_means_its_addresses_and_no_pods() -> None:
    targets = ("203.0.113.5", "shop/db", "198.51.100.7")
    assert go_out(by_name("out"), *targets, more=SERVICES) == ["203.0.113.5"]
    assert go_out(by_name("out"), *targets, more=SERVICES, modes=["pods"]) == ["203.0.113.5", "shop/db"]


def test_services_by_their_labels() -> None:
    chosen = {"toServices": [{"k8sServiceSelector": {"selector": labels(tier="db")}}]}
    assert go_out(chosen, "bank/db", "203.0.113.5", more=SERVICES) == ["bank/db"]


def test_a_service_that_is_not_there_is_everybody_beside_ports() -> None:
    assert go_out(by_name("missing"), "bank/db", "203.0.113.5", more=SERVICES) == []
    with_ports = by_name("missing") | {"toPorts": ports("80")}
    assert go_out(with_ports, "bank/db", "203.0.113.5", more=SERVICES) == ["bank/db", "203.0.113.5"]


def test_denied_services_are_not_looked_up() -> None:
    denied = cnp(select=labels(app="web"), egressDeny=[by_name("out")], enableDefaultDeny={"egress": False})
    assert egress([denied, *SERVICES], "shop/web 203.0.113.5 TCP 80") == "allow"
    over = by_name("out") | {"toPorts": ports("80")}
    denied = cnp(select=labels(app="web"), egressDeny=[over], enableDefaultDeny={"egress": False})
    assert egress([denied, *SERVICES], "shop/web bank/db TCP 80") == "deny"


def test_names_are_perhaps_any_address() -> None:
    policy = cnp(select=labels(app="web"), egress=[{"toFQDNs": [{"matchName": "api.example.com"}]}])
    answer = judged([policy], "shop/web 203.0.113.5 TCP 443")
    assert answer.verdict == "undecided"
    assert [(one.kind, "api.example.com" in one.text) for one in answer.reasons] == [("depends", True)]
    asked = ("shop/web shop/db TCP 443", "shop/web node/here TCP 443")
    assert [egress([policy], one) for one in asked] == ["deny", "deny"]


def test_groups_of_a_cloud_are_perhaps_any_address() -> None:
    policy = cnp(select=labels(app="web"), egress=[{"toGroups": [{"aws": {"securityGroupsIds": ["sg-1"]}}]}])
    answer = judged([policy], "shop/web 203.0.113.5 TCP 443")
    assert (answer.verdict, answer.reasons) == ("undecided", (CLOUD,))
    assert egress([policy], "shop/web shop/db TCP 443") == "deny"


def test_names_in_an_admin_policy_let_the_cluster_be_asked_for_them() -> None:
    dns = pod(
        "shop/dns",
        "10.0.0.53",
        labels={"k8s-app": "kube-dns"},
        ports=[{"name": "dns", "containerPort": 53, "protocol": "UDP"}],
    )
    names = admin("Admin", app="web", egress=[{"action": "Accept", "to": [{"domainNames": ["example.com"]}]}])
    closed = netpol(app="web", policyTypes=["Egress"])
    policies = [names, closed]
    answers = [egress(policies, f"shop/web {end}", [dns]) for end in ("shop/dns UDP 53", "shop/dns UDP 80")]
    assert answers == ["open", "deny"]
    assert egress(policies, "shop/web 203.0.113.5 TCP 443", [dns]) == "open"
