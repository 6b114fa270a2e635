"""The items of NetworkPolicy v1 that are easily got wrong, one test or more each, on objects built by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from netwright.dialects.k8s import objects as k8s
from netwright.model.document import Decoded
from netwright.spec.judge import Judgement, NoSuchPacket, judge
from netwright.spec.services import backends, endpoints
from tests.unit.spec.build import (
    ALL,
    come,
    expression,
    go,
    namespace,
    node,
    peer,
    pod,
    policy,
    port,
    ports,
    select,
    service,
    workload,
)

TCP, UDP, SCTP, ICMP, ICMP6 = 6, 17, 132, 1, 58
WEB, DB, CACHE = pod("web"), pod("db"), pod("cache")


def ask(
    objects: Sequence[Decoded], src: Decoded | str, dst: Decoded | str, at: int = 80, protocol: int = TCP, **more: Any
) -> Judgement:
    return judge(objects, src, dst, protocol=protocol, port=at, family=more.pop("family", 4), **more)


def verdict(objects: Sequence[Decoded], src: Decoded | str, dst: Decoded | str, at: int = 80, **more: Any) -> str:
    return ask(objects, src, dst, at, **more).verdict


def test_item_01_both_directions_must_permit_on_a_common_port() -> None:
    out = policy("out", select(app="web"), types=["Egress"], egress=[go(peer(select(app="db")), at=ports((80, 90)))])
    into = policy("in", select(app="db"), ingress=[come(peer(select(app="web")), at=ports((85, 95)))])
    objects = [WEB, DB, out, into]
    by_port = {number: verdict(objects, WEB, DB, number) for number in (79, 84, 85, 90, 91, 96)}
    assert by_port == {79: "deny", 84: "deny", 85: "allow", 90: "allow", 91: "deny", 96: "deny"}
    assert verdict(objects, DB, WEB) == "allow"


def test_item_01_isolation_of_one_direction_says_nothing_of_the_other() -> None:
    objects = [WEB, DB, policy("in", select(app="web"), types=["Ingress"])]
    found = ask(objects, WEB, DB)
    assert found.verdict == "allow"
    assert not found.egress.isolated
    assert found.by == ()


def test_item_02_policies_are_a_union_in_any_order() -> None:
    nothing = policy("nothing", ALL, types=["Ingress"])
    web = policy("web", select(app="db"), ingress=[come(peer(select(app="web")), at=ports(1))])
    cache = policy("cache", select(app="db"), ingress=[come(peer(select(app="cache")), at=ports(2))])
    for objects in ([WEB, DB, CACHE, nothing, web, cache], [cache, web, nothing, CACHE, DB, WEB]):
        assert verdict(objects, WEB, DB, 1) == "allow"
        assert verdict(objects, CACHE, DB, 2) == "allow"
        assert verdict(objects, WEB, DB, 2) == "deny"


@pytest.mark.parametrize(
    ("types", "egress", "isolated"),
    [
        (None, None, (True, False)),
        (None, [], (True, False)),
        (None, [go()], (True, True)),
        (None, [None], (True, True)),
        ([], None, (True, False)),
        (["Ingress"], [go()], (True, False)),
        (["Egress"], None, (False, True)),
        (["Egress", "Ingress"], None, (True, True)),
    ],
)
def test_item_03_policy_types(types: list[str] | None, egress: list[Any] | None, isolated: tuple[bool, bool]) -> None:
    objects = [WEB, DB, policy("p", select(app="db"), types=types, egress=egress)]
    assert (ask(objects, WEB, DB).ingress.isolated, ask(objects, DB, WEB).egress.isolated) == isolated


def test_item_03_rules_of_a_direction_that_is_not_isolated_do_not_count() -> None:
    objects = [
        WEB,
        DB,
        policy("allows", select(app="db"), types=["Egress"], ingress=[come()]),
        policy("denies", select(app="db"), types=["Ingress"]),
    ]
    assert verdict(objects, WEB, DB) == "deny"


def test_item_04_a_pod_selector_is_confined_to_its_namespace() -> None:
    other = pod("db", namespace="other")
    objects = [WEB, DB, other, policy("all", ALL, types=["Ingress"])]
    assert verdict(objects, WEB, DB) == "deny"
    assert verdict(objects, WEB, other) == "allow"


def test_item_04_an_absent_namespace_selector_is_not_an_empty_one() -> None:
    other = pod("web", namespace="other")
    own = [WEB, DB, other, policy("own", select(app="db"), ingress=[come(peer(pods=ALL))])]
    every = [WEB, DB, other, policy("every", select(app="db"), ingress=[come(peer(namespaces=ALL))])]
    assert [verdict(own, one, DB) for one in (WEB, other, "203.0.113.9")] == ["allow", "deny", "deny"]
    assert [verdict(every, one, DB) for one in (WEB, other, "203.0.113.9")] == ["allow", "allow", "deny"]


@pytest.mark.parametrize(
    ("ingress", "expected"),
    [
        (None, "deny"),
        ([], "deny"),
        ([k8s.NetworkPolicyIngressRule()], "allow"),
        ([k8s.NetworkPolicyIngressRule(from_=())], "allow"),
        ([None], "allow"),
        ([come(peer())], "deny"),
        ([k8s.NetworkPolicyIngressRule(from_=(None,))], "deny"),
    ],
)
def test_item_05_no_rule_allows_nothing_and_an_empty_rule_everything(ingress: list[Any] | None, expected: str) -> None:
    objects = [WEB, DB, policy("p", select(app="db"), ingress=ingress)]
    assert [verdict(objects, one, DB) for one in (WEB, "203.0.113.9")] == [expected, expected]


def test_item_05_a_policy_without_a_spec_isolates_its_whole_namespace_for_ingress() -> None:
    empty = Decoded(kind="NetworkPolicy", namespace="shop", name="p", value=k8s.NetworkPolicy(spec=None))
    objects = [WEB, DB, empty]
    assert ask(objects, WEB, DB).verdict == "deny"
    assert not ask(objects, WEB, DB).egress.isolated


def test_item_06_one_element_is_and_two_are_or() -> None:
    team = namespace("alpha", team="a")
    there, job = pod("web", namespace="alpha"), pod("job", namespace="alpha")
    both = policy("p", select(app="db"), ingress=[come(peer(select(app="web"), select(team="a")))])
    either = policy("p", select(app="db"), ingress=[come(peer(select(app="web")), peer(namespaces=select(team="a")))])
    pods = [namespace("shop"), team, there, job, WEB, DB]
    assert [verdict([*pods, both], one, DB) for one in (there, job, WEB)] == ["allow", "deny", "deny"]
    assert [verdict([*pods, either], one, DB) for one in (there, job, WEB)] == ["allow", "allow", "allow"]


def test_item_15_labels_of_a_namespace_that_is_not_read_are_open_but_for_its_name() -> None:
    there = pod("web", namespace="alpha")
    name = "kubernetes.io/metadata.name"

    def admits(**selector: object) -> str:
        rule = policy("p", select(app="db"), ingress=[come(peer(namespaces=k8s.LabelSelector(**selector)))])
        return verdict([there, DB, rule], there, DB)

    assert admits(match_labels={"team": "a"}) == "undecided"
    assert admits(match_labels={name: "alpha"}) == "allow"
    assert admits(match_labels={name: "beta", "team": "a"}) == "deny"
    assert admits() == "allow"
    for operator in ("Exists", "DoesNotExist", "In", "NotIn"):
        values = ("a",) if operator in ("In", "NotIn") else None
        assert admits(match_expressions=(k8s.Requirement(key="team", operator=operator, values=values),)) == "undecided"
    within = k8s.Requirement(key=name, operator="NotIn", values=("alpha",))
    assert admits(match_labels={"team": "a"}, match_expressions=(within,)) == "deny"


def test_item_07_absent_ports_are_all_and_a_protocol_alone_is_all_its_ports() -> None:
    free = [WEB, DB, policy("p", select(app="db"), ingress=[come(peer(ALL))])]
    assert [verdict(free, WEB, DB, 1, protocol=one) for one in (TCP, UDP, SCTP)] == ["allow"] * 3
    empty = [WEB, DB, policy("p", select(app="db"), ingress=[come(peer(ALL), at=[])])]
    assert verdict(empty, WEB, DB, 1, protocol=UDP) == "allow"
    udp = [WEB, DB, policy("p", select(app="db"), ingress=[come(at=[k8s.NetworkPolicyPort(protocol="UDP")])])]
    assert [verdict(udp, WEB, DB, 1, protocol=one) for one in (TCP, UDP)] == ["deny", "allow"]
    null = [WEB, DB, policy("p", select(app="db"), ingress=[k8s.NetworkPolicyIngressRule(ports=(None,))])]
    assert [verdict(null, WEB, DB, 1, protocol=one) for one in (TCP, UDP)] == ["allow", "deny"]


@pytest.mark.parametrize("protocol", [ICMP, ICMP6, 2, 50, 112, 255])
@pytest.mark.parametrize("rule", [come(), come(peer(ALL), at=ports(80)), come(peer(select(app="nobody")))])
def test_item_07_other_protocols_are_open_where_a_pod_is_isolated(protocol: int, rule: Any) -> None:
    family = 6 if protocol == ICMP6 else 4
    objects = [WEB, DB, policy("p", select(app="db"), ingress=[rule])]
    found = ask(objects, WEB, DB, 8 << 8, protocol, family=family)
    assert (found.verdict, [one.kind for one in found.reasons]) == ("undecided", ["ambiguous"])
    assert found.by[-1].rule is None
    assert verdict(objects, DB, WEB, 8 << 8, protocol=protocol, family=family) == "allow"


def test_item_07_of_the_rules_only_those_without_ports_perhaps_allow_another_protocol() -> None:
    rules = [come(peer(ALL), at=ports(80)), come(peer(ALL)), come(peer(select(app="nobody")))]
    found = ask([WEB, DB, policy("p", select(app="db"), ingress=rules)], WEB, DB, 8 << 8, ICMP)
    assert [one.rule for one in found.ingress.perhaps] == [1]
    assert found.ingress.allowing == ()


def test_item_08_a_range_includes_both_ends_and_is_of_one_protocol() -> None:
    objects = [WEB, DB, policy("p", select(app="db"), ingress=[come(at=ports((100, 200), (300, 300)))])]
    found = {number: verdict(objects, WEB, DB, number) for number in (99, 100, 150, 200, 201, 299, 300, 301)}
    assert [number for number, one in found.items() if one == "allow"] == [100, 150, 200, 300]
    assert verdict(objects, WEB, DB, 150, protocol=UDP) == "deny"


def test_item_09_a_named_port_is_the_destinations() -> None:
    there = pod("there", port(9000, "http"))
    caller = pod("caller", port(7000, "http"))
    objects = [caller, there, policy("p", select(app="caller"), types=["Egress"], egress=[go(at=ports("http"))])]
    assert [verdict(objects, caller, there, number) for number in (9000, 7000)] == ["allow", "deny"]
    assert verdict(objects, caller, there, 9000, protocol=UDP) == "deny"
    assert verdict(objects, caller, WEB, 9000) == "deny"


def test_item_09_a_named_port_never_matches_addresses_nodes_and_host_network_pods() -> None:
    out = policy("p", select(app="web"), types=["Egress"], egress=[go(at=ports("http"))])
    placed = pod("web", node="n1")
    host = pod("agent", port(80, "http"), host=True, node="n2")
    objects = [placed, node("n2", "192.0.2.2"), host, out]
    assert [verdict(objects, placed, one) for one in ("203.0.113.9", objects[1], host)] == ["deny"] * 3


def test_item_09_a_template_declares_ports_too() -> None:
    for kind in ("Deployment", "CronJob"):
        there = workload(kind, "there", port(53, "dns", "UDP"))
        objects = [there, WEB, policy("p", select(app="there"), ingress=[come(at=ports("dns", protocol="UDP"))])]
        assert [verdict(objects, WEB, there, 53, protocol=one) for one in (TCP, UDP)] == ["deny", "allow"]


def test_item_10_every_container_that_declares_the_name_counts() -> None:
    many = pod("many", port(1, "m"), port(2, "m"), port(3, "m", "UDP"), init=[port(4, "m")])
    objects = [many, WEB, policy("p", select(app="many"), ingress=[come(at=ports("m"))])]
    assert [number for number in range(6) if verdict(objects, WEB, many, number) == "allow"] == [1, 2, 4]


def test_item_11_except_is_cut_from_its_own_block_only() -> None:
    block = peer(cidr="203.0.113.0/24", excepts=["203.0.113.64/26"])
    alone = [DB, policy("p", select(app="db"), ingress=[come(block)])]
    two = [DB, policy("p", select(app="db"), ingress=[come(block), come(peer(cidr="203.0.113.100/32"))])]
    asked = ("203.0.113.63", "203.0.113.64", "203.0.113.100", "203.0.113.128", "203.0.114.0")
    assert [verdict(alone, one, DB) for one in asked] == ["allow", "deny", "deny", "allow", "deny"]
    assert [verdict(two, one, DB) for one in asked] == ["allow", "deny", "allow", "allow", "deny"]


def test_item_12_a_block_matches_the_known_addresses_of_pods() -> None:
    known = pod("known", ips=["10.0.1.5", "2001:db8::5"])
    objects = [known, DB, policy("p", select(app="db"), ingress=[come(peer(cidr="10.0.1.0/24"))])]
    assert [verdict(objects, known, DB, family=one) for one in (4, 6)] == ["allow", "deny"]


@pytest.mark.parametrize(
    ("ranges", "cidr", "expected"),
    [
        ((), "10.0.0.0/8", "undecided"),
        ((), "0.0.0.0/0", "allow"),
        ((), "169.254.0.0/16", "deny"),
        ((), "192.0.2.1/32", "deny"),
        ((), "10.96.0.10/32", "deny"),
        (("10.0.0.0/16",), "10.0.0.0/8", "allow"),
        (("10.0.0.0/16",), "10.0.0.0/24", "undecided"),
        (("10.0.0.0/16",), "10.1.0.0/16", "deny"),
        (("10.0.0.0/16", "10.2.0.0/16"), "10.0.0.0/16", "undecided"),
        (("10.0.0.0/16", "10.2.0.0/16"), "10.0.0.0/14", "allow"),
    ],
)
def test_item_12_a_pod_without_an_address_has_any_of_the_pod_ranges(
    ranges: tuple[str, ...], cidr: str, expected: str
) -> None:
    cluster = [node("n", "192.0.2.1"), service("s", cluster_ip="10.96.0.10")]
    into = [*cluster, WEB, DB, policy("p", select(app="db"), ingress=[come(peer(cidr=cidr))])]
    out = [*cluster, WEB, DB, policy("p", select(app="db"), types=["Egress"], egress=[go(peer(cidr=cidr))])]
    assert verdict(into, WEB, DB, pod_ranges=ranges) == expected
    assert verdict(out, DB, WEB, pod_ranges=ranges) == expected


def test_item_12_pod_ranges_come_from_the_nodes_too() -> None:
    objects = [node("n", cidrs=["10.0.0.0/16"]), WEB, DB, policy("p", ALL, ingress=[come(peer(cidr="10.0.0.0/16"))])]
    assert verdict(objects, WEB, DB) == "allow"
    assert verdict(objects, WEB, DB, pod_ranges=["10.1.0.0/16"]) == "undecided"


def test_item_12_an_open_address_is_said() -> None:
    found = ask([WEB, DB, policy("p", ALL, ingress=[come(peer(cidr="10.0.0.0/8"))])], WEB, DB)
    assert [(one.kind, "--pod-cidr" in one.text) for one in found.reasons] == [("unknown", True)]
    assert [(one.rule, one.action) for one in found.by] == [(0, "allow"), (None, "deny")]


@pytest.mark.parametrize(
    "bad",
    [
        come(peer(cidr="10.0.0.0/33")),
        come(peer(cidr="10.0.0.1")),
        come(peer(cidr="10.0.0.0/8", excepts=["10.0.0"])),
        come(peer(expression("app", "Is", "web"))),
    ],
)
def test_item_13_an_invalid_object_is_an_error_and_never_an_answer(bad: Any) -> None:
    with pytest.raises(ValueError) as raised:
        ask([WEB, DB, policy("p", select(app="db"), ingress=[bad])], WEB, DB)
    assert not isinstance(raised.value, NoSuchPacket)


@pytest.mark.parametrize(
    ("operator", "values", "matched"),
    [
        ("In", ("prod", "stage"), ["prod"]),
        ("NotIn", ("prod", "stage"), ["bare", "dev", "blank"]),
        ("Exists", (), ["prod", "dev", "blank", "null"]),
        ("DoesNotExist", (), ["bare"]),
        ("In", ("",), ["blank", "null"]),
    ],
)
def test_item_14_operators_and_labels_that_are_not_there(
    operator: str, values: tuple[str, ...], matched: list[str]
) -> None:
    labels: dict[str, dict[str, str | None]] = {
        "bare": {},
        "prod": {"env": "prod"},
        "dev": {"env": "dev"},
        "blank": {"env": ""},
        "null": {"env": None},
    }
    if operator == "NotIn":
        matched = [*matched, "null"]
    pods = [pod(name, labels=one) for name, one in labels.items()]
    rule = come(peer(expression("env", operator, *values)))
    objects = [*pods, DB, policy("p", select(app="db"), ingress=[rule])]
    assert [one.name for one in pods if verdict(objects, one, DB) == "allow"] == matched


def test_item_15_every_namespace_has_its_name_as_a_label() -> None:
    name = "kubernetes.io/metadata.name"
    front, liar, ghost = (pod("web", namespace=one) for one in ("front", "liar", "ghost"))
    spaces = [namespace("front", team="a"), namespace("liar", **{name: "front"})]
    for wanted, expected in (("front", [front]), ("liar", [liar]), ("ghost", [ghost])):
        rule = come(peer(namespaces=select(**{name: wanted})))
        objects = [*spaces, front, liar, ghost, DB, policy("p", select(app="db"), ingress=[rule])]
        assert [one for one in (front, liar, ghost) if verdict(objects, one, DB) == "allow"] == expected


def test_item_16_host_network_pods_are_their_node() -> None:
    n1 = node("n1", "192.0.2.1")
    agent = pod("agent", node="n1", host=True)
    there = pod("db", node="n2")
    everything = policy("all", ALL, types=["Ingress", "Egress"])
    assert verdict([n1, agent, WEB, everything], "203.0.113.9", agent) == "allow"
    assert verdict([n1, agent, WEB, everything], agent, "203.0.113.9") == "allow"
    for one, expected in ((peer(ALL), "deny"), (peer(namespaces=ALL), "deny"), (peer(cidr="192.0.2.1/32"), "allow")):
        objects = [n1, agent, there, policy("p", select(app="db"), ingress=[come(one)])]
        assert verdict(objects, agent, there) == expected


def test_item_16_addresses_of_host_network_pods() -> None:
    there = pod("db", node="n2")
    block = policy("p", select(app="db"), ingress=[come(peer(cidr="192.0.2.0/24"))])
    own = pod("agent", ips=["198.51.100.1"], node="n1", host=True)
    assert verdict([node("n1", "192.0.2.1"), own, there, block], own, there) == "deny"
    without = pod("agent", node="n1", host=True)
    assert verdict([node("n1"), without, there, block], without, there) == "undecided"
    assert verdict([node("n1", "192.0.2.1", kind="Hostname"), without, there, block], without, there) == "undecided"
    two = [node("n1", "192.0.2.1", "198.51.100.1"), without, there, block]
    assert verdict(two, without, there) == "undecided"


def test_item_17_a_pod_and_its_own_node_always_reach_each_other() -> None:
    n1, n2 = node("n1", "192.0.2.1"), node("n2", "192.0.2.2")
    placed, agent = pod("db", node="n1"), pod("agent", node="n1", host=True)
    objects = [n1, n2, placed, agent, policy("p", ALL, types=["Ingress", "Egress"])]
    for host in (n1, agent):
        assert verdict(objects, host, placed) == verdict(objects, placed, host) == "allow"
        assert verdict(objects, host, placed, protocol=ICMP) == "allow"
    assert verdict(objects, n2, placed) == verdict(objects, placed, n2) == "deny"
    found = ask(objects, n1, placed)
    assert (found.relation, found.by, found.reasons) == ("own node", (), ())
    assert verdict(objects, n1, n2) == verdict(objects, agent, n2) == verdict(objects, "203.0.113.9", n1) == "allow"


def test_item_17_where_the_node_is_not_known_it_may_be_the_own_one() -> None:
    n1 = node("n1", "192.0.2.1")
    late, placed, agents = workload("Deployment", "late"), pod("db", node="n1"), workload("DaemonSet", "a", host=True)
    objects = [n1, late, placed, agents, policy("p", ALL, types=["Ingress", "Egress"])]
    for src, dst in ((n1, late), (late, n1), (agents, placed), (placed, agents)):
        found = ask(objects, src, dst)
        assert (found.verdict, [one.kind for one in found.reasons]) == ("undecided", ["unknown"])
        assert [one.rule for one in found.by] == [None]
    allowing = [n1, late, policy("p", ALL, ingress=[come()])]
    assert ask(allowing, n1, late).reasons == ()
    assert verdict(objects, late, placed) == "deny"


def test_item_18_a_pod_reaches_itself_and_not_its_twin() -> None:
    twins = workload("Deployment", "twins")
    objects = [WEB, twins, policy("p", ALL, types=["Ingress", "Egress"])]
    found = ask(objects, WEB, WEB)
    assert (found.verdict, found.relation, found.by) == ("allow", "self", ())
    assert verdict(objects, twins, twins) == "deny"
    assert verdict(objects, twins, twins, same_pod=True) == "allow"


def test_item_19_only_the_direction_that_opens_the_connection_is_judged() -> None:
    shut = policy("p", select(app="web"), types=["Ingress"])
    objects = [WEB, DB, shut, policy("q", select(app="db"), types=["Egress"])]
    assert verdict(objects, WEB, DB) == "allow"
    assert verdict(objects, DB, WEB) == "deny"


def test_item_20_policies_see_the_backend_and_its_port() -> None:
    there = pod("db", port(15432, "pg"), ips=["10.0.2.7"])
    front = service("db", k8s.ServicePort(port=5432, target_port="pg"), selector={"app": "db"}, cluster_ip="10.96.0.10")
    by_pod = policy("p", select(app="web"), types=["Egress"], egress=[go(peer(select(app="db")), at=ports(15432))])
    by_vip = policy("q", select(app="cache"), types=["Egress"], egress=[go(peer(cidr="10.96.0.0/12"))])
    objects = [WEB, CACHE, there, front, by_pod, by_vip]
    (backend,) = backends(objects, front, port=5432, protocol="TCP")
    assert (backend.target, backend.port) == (there, 15432)
    assert verdict(objects, WEB, backend.target, backend.port) == "allow"
    assert verdict(objects, WEB, there, 5432) == "deny"
    assert verdict(objects, CACHE, backend.target, backend.port) == "deny"


def test_item_21_a_translated_source_is_a_node_and_no_client() -> None:
    n1 = node("n1", "192.0.2.1")
    there = pod("db", node="n2")
    clients = [n1, there, policy("p", select(app="db"), ingress=[come(peer(cidr="203.0.113.0/24"))])]
    assert [verdict(clients, one, there) for one in ("203.0.113.9", n1)] == ["allow", "deny"]


def test_item_22_an_endpoint_without_a_pod_is_an_address() -> None:
    front = service("legacy", k8s.ServicePort(port=3306))
    entry = k8s.EndpointEntry(addresses=("198.51.100.20",))
    slice_ = Decoded(
        kind="EndpointSlice",
        namespace="shop",
        name="legacy-1",
        value=k8s.EndpointSlice(
            metadata=k8s.Meta(labels={"kubernetes.io/service-name": "legacy"}),
            endpoints=(entry,),
            ports=(k8s.EndpointPort(port=13306),),
        ),
    )
    every_pod = policy("p", select(app="web"), types=["Egress"], egress=[go(peer(namespaces=ALL))])
    block = policy("q", select(app="cache"), types=["Egress"], egress=[go(peer(cidr="198.51.100.0/24"))])
    objects = [WEB, CACHE, front, slice_, every_pod, block]
    (backend,) = backends(objects, front, port=3306, protocol=None)
    assert (backend.target, backend.port) == ("198.51.100.20", 13306)
    assert verdict(objects, WEB, backend.target, backend.port) == "deny"
    assert verdict(objects, CACHE, backend.target, backend.port) == "allow"


def test_item_23_what_has_ended_is_no_endpoint() -> None:
    gone = [pod("a", phase="Succeeded"), pod("b", phase="Failed"), pod("c", deleted=True)]
    parked = workload("Deployment", "parked", replicas=0)
    assert endpoints([*gone, parked, WEB, pod("waiting", phase="Pending")])[0] is WEB
    assert len(endpoints([*gone, parked, WEB])) == 1


def test_item_24_pods_of_one_owner_are_judged_by_their_own_labels() -> None:
    name = "statefulset.kubernetes.io/pod-name"
    owner = workload("StatefulSet", "db")
    first, second = (pod(one, labels={"app": "db", name: one}, owner=("StatefulSet", "db")) for one in ("db-0", "db-1"))
    rule = policy("q", select(**{name: "db-0"}), ingress=[come(peer(select(app="web")))])
    objects = [WEB, owner, first, second, policy("p", select(app="db"), types=["Ingress"]), rule]
    assert endpoints(objects) == (WEB, first, second)
    assert [verdict(objects, WEB, one) for one in (first, second)] == ["allow", "deny"]


def test_item_25_every_policy_is_taken_as_enforced() -> None:
    found = ask([WEB, DB, policy("p", None, types=["Ingress", "Egress"])], WEB, DB)
    assert (found.verdict, found.reasons) == ("deny", ())


def test_item_26_sctp_is_a_protocol_of_its_own() -> None:
    there = pod("hss", port(3868, "s6a", "SCTP"))
    rule = come(at=[*ports(7777, "s6a", protocol="SCTP")])
    objects = [WEB, there, policy("p", select(app="hss"), ingress=[rule])]
    assert [verdict(objects, WEB, there, one, protocol=SCTP) for one in (7777, 3868, 1)] == ["allow", "allow", "deny"]
    assert verdict(objects, WEB, there, 7777, protocol=TCP) == "deny"
