"""What `why` says around a verdict of policy: what leads there from outside, which networks keep ends apart, which
family and which nodes a block is about."""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright as nw
from netwright.base.errors import UsageError
from netwright.questions.why import WhyAnswer
from netwright.render.narrated import why_narrated
from netwright.render.why_text import why_text
from netwright.render.words import Words

POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  hostNetwork: false
  containers:
    - {name: c, image: example/web:1, ports: [{containerPort: 8080}, {containerPort: 9090}]}
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: 8080, nodePort: 30080}]}
"""
ALONE = "by policy alone: no Service, Ingress, Gateway or Route of the input leads here from outside"


def asked(folder: Path, text: str, source: str, destination: str) -> WhyAnswer:
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    return nw.load(str(folder)).why(source, destination)


def told(answer: WhyAnswer, *, width: int = 400) -> str:
    lines = why_text(answer, lambda _: (), Words(width=width), profile="p", last="end")
    return "\n".join(lines)


def narrated(answer: WhyAnswer) -> list[str]:
    return why_narrated(answer, profile="p", last="end")


# --- from outside --------------------


@pytest.mark.parametrize("text", [POD, POD + SERVICE.replace("NodePort", "ClusterIP").replace(", nodePort: 30080", "")])
def test_a_pod_that_nothing_leads_to_is_allowed_by_policy_alone(tmp_path: Path, text: str) -> None:
    answer = asked(tmp_path, text, "internet", "shop/web:8080")
    assert (answer.verdict, answer.leads_here) == ("allow", ())
    assert f"  outside  {ALONE}\n" in told(answer)
    assert f"From outside: {ALONE}." in narrated(answer)


def test_the_service_that_leads_to_a_pod_is_named_with_the_ports_it_does_not_lead_to(tmp_path: Path) -> None:
    answer = asked(tmp_path, POD + SERVICE, "internet", "shop/web")
    assert answer.leads_here is not None
    (way,) = answer.leads_here
    assert (way.via, way.service, way.port, way.to, way.ports) == (
        "NodePort",
        "svc/shop/web",
        80,
        ("pod/shop/web",),
        (8080,),
    )
    shown = told(answer)
    assert "  outside  svc/shop/web:80 leads here, by NodePort every node:30080\n" in shown
    assert "to port 9090 by policy alone" in shown


def test_a_service_of_another_protocol_leads_not_here(tmp_path: Path) -> None:
    other = SERVICE.replace("port: 80,", "port: 80, protocol: UDP,")
    assert asked(tmp_path, POD + other, "internet", "shop/web:8080").leads_here == ()


def test_a_service_that_leads_to_another_port_leads_not_here(tmp_path: Path) -> None:
    assert asked(tmp_path, POD + SERVICE, "internet", "shop/web:9090").leads_here == ()


def test_a_way_that_is_shut_to_the_source_is_no_way_in(tmp_path: Path) -> None:
    shut = SERVICE.replace("NodePort", "LoadBalancer").replace(", nodePort: 30080", "")
    shut = shut.replace(
        "spec: {", "spec: {loadBalancerSourceRanges: [10.0.0.0/8], allocateLoadBalancerNodePorts: false, "
    )
    answer = asked(tmp_path, POD + shut, "internet", "shop/web:8080")
    assert "by policy alone: what leads here from outside is shut: svc/shop/web:80 (LoadBalancer)" in told(answer)


def test_pods_on_the_network_of_their_node_are_reached_there(tmp_path: Path) -> None:
    answer = asked(tmp_path, POD.replace("hostNetwork: false", "hostNetwork: true"), "internet", "shop/web:8080")
    assert [way.via for way in answer.leads_here or ()] == ["hostNetwork"]
    assert "policy alone" not in told(answer)
    assert "  outside  reached at the address of its node, whose network it is on\n" in told(answer)


def test_a_host_port_leads_to_its_pod_and_to_its_port_alone(tmp_path: Path) -> None:
    text = POD.replace("{containerPort: 8080}", "{containerPort: 8080, hostPort: 80}")
    assert "  outside  hostPort 80 of its node leads here\n" in told(asked(tmp_path, text, "internet", "shop/web:8080"))
    assert ALONE in told(asked(tmp_path, text, "internet", "shop/web:9090"))
    looped = text.replace("hostPort: 80", "hostPort: 80, hostIP: 127.0.0.1")
    assert ALONE in told(asked(tmp_path, looped, "internet", "shop/web:8080"))


def test_a_host_port_leads_perhaps_where_one_family_is_refused(tmp_path: Path) -> None:
    text = POD.replace("{containerPort: 8080}", "{containerPort: 8080, hostPort: 80}")
    text += POLICY.replace("RANGE", "0.0.0.0/0") + SERVICE.replace("spec: {", "spec: {ipFamilies: [IPv4, IPv6], ")
    shown = told(asked(tmp_path, text, "internet", "shop/web:8080"))
    assert "perhaps hostPort 80 of its node leads here" in shown


def test_nothing_is_said_of_packets_from_within_or_that_policy_denies(tmp_path: Path) -> None:
    other = POD.replace("web", "other")
    deny = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""
    assert asked(tmp_path, f"{POD}---\n{other}", "shop/other", "shop/web:8080").leads_here is None
    assert asked(tmp_path, POD + deny, "internet", "shop/web:8080").leads_here is None
    assert asked(tmp_path, POD + SERVICE, "internet", "svc/shop/web:80").leads_here is None


# --- networks --------------------

NETWORKS = """\
apiVersion: v1
kind: Namespace
metadata: {name: NS, labels: {k8s.ovn.org/primary-user-defined-network: ""}}
---
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {name: tenant, namespace: NS}
spec: {topology: Layer2, layer2: {role: Primary, subnets: ["10.20.0.0/16"]}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: NS}
spec: {containers: [{name: c, image: example/web:1}]}
---
"""


@pytest.mark.parametrize(
    ("source", "destination", "joins"),
    [
        ("one/web", "two/web:22", "a ClusterNetworkConnect with `PodNetwork` that selects both would"),
        ("shop/web", "one/web:22", "the pod's annotation `k8s.ovn.org/open-default-ports` would open ports of it"),
        ("one/web", "shop/web:22", "a Service of type NodePort or LoadBalancer leads across at its outer address"),
    ],
)
def test_ends_on_different_networks_are_told_so_and_what_joins_them(
    tmp_path: Path, source: str, destination: str, joins: str
) -> None:
    answer = asked(tmp_path, NETWORKS.replace("NS", "one") + NETWORKS.replace("NS", "two") + POD, source, destination)
    (part,) = answer.parts
    names = {"one/web": "UserDefinedNetwork `one/tenant`", "two/web": "UserDefinedNetwork `two/tenant`"}
    there = destination.removesuffix(":22")
    why = (
        f"pod/{source} is on {names.get(source, 'the default network')}, pod/{there} on "
        f"{names.get(there, 'the default network')}, and nothing in the input joins the two: {joins}"
    )
    assert part.apart == why
    assert f"  network  DENY   {why}\n" in told(answer)
    lines = narrated(answer)
    assert f"Network: denied. {why}." in lines
    assert not any("isolated by ," in line for line in lines)
    assert any(" denied by UserDefinedNetwork" in line for line in lines)


ISOLATES = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: one}
spec: {podSelector: {}, policyTypes: [Ingress]}
---
"""
DENIES = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: deny}
spec:
  priority: 5
  subject: {namespaces: {}}
  ingress: [{action: Deny, from: [{namespaces: {}}]}]
---
"""


@pytest.mark.parametrize("deny", [ISOLATES, DENIES])
def test_what_policy_denies_on_one_network_is_no_matter_of_networks(tmp_path: Path, deny: str) -> None:
    other = NETWORKS.replace("NS", "one").rpartition("---\napiVersion: v1\nkind: Pod")
    twin = f"---\napiVersion: v1\nkind: Pod{other[2]}".replace("name: web", "name: b").removeprefix("---\n")
    answer = asked(tmp_path, NETWORKS.replace("NS", "one") + twin + deny, "one/b", "one/web:22")
    assert (answer.verdict, [part.apart for part in answer.parts]) == ("deny", [""])


def test_machines_are_not_spoken_of_as_containers(tmp_path: Path) -> None:
    machine = """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: ledger, namespace: bank}
spec:
  runStrategy: Always
  template:
    spec:
      domain: {devices: {interfaces: [{name: default, masquerade: {}}]}}
      networks: [{name: default, pod: {}}]
---
"""
    with pytest.raises(UsageError, match="which TCP ports `vm/bank/ledger` serves is not in the input"):
        asked(tmp_path, machine + POD, "shop/web", "bank/ledger")
    with pytest.raises(UsageError, match="no container of `pod/shop/web` says which UDP port it serves"):
        nw.load(str(tmp_path)).why("bank/ledger", "shop/web", protocol="UDP")


# --- ports --------------------


def test_the_protocol_of_a_reference_is_the_one_asked_about(tmp_path: Path) -> None:
    answer = asked(
        tmp_path, POD + SERVICE.replace("port: 80,", "port: 80, protocol: UDP,"), "internet", "shop/web:UDP/8080"
    )
    assert (answer.protocol, answer.port, answer.parts[0].service) == ("UDP", "8080", "UDP 8080")
    assert [way.service for way in answer.leads_here or ()] == ["svc/shop/web"]
    twin = nw.load(str(tmp_path))
    assert twin.why("internet", "web.shop.svc:UDP/80").destination == "svc/shop/web"
    assert twin.why("internet", "shop/web:UDP/8080", protocol="UDP").protocol == "UDP"
    with pytest.raises(UsageError, match="names another protocol than SCTP"):
        twin.why("internet", "shop/web:UDP/8080", protocol="SCTP")


# --- blocks --------------------

POLICY = """\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: RANGE}}]}]}
"""


def test_blocks_of_both_families_name_theirs(tmp_path: Path) -> None:
    answer = asked(
        tmp_path,
        POD
        + POLICY.replace("RANGE", "0.0.0.0/0")
        + SERVICE.replace("spec: {", "spec: {ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv4, IPv6], "),
        "internet",
        "shop/web:8080",
    )
    shown = told(answer)
    assert "DENIED  internet → pod/shop/web  TCP 8080 over IPv6\n" in shown
    assert "ALLOWED  internet → pod/shop/web  TCP 8080 over IPv4\n" in shown
    assert "For internet to pod/shop/web, TCP 8080 over IPv6: denied." in narrated(answer)


def test_blocks_of_one_family_do_not(tmp_path: Path) -> None:
    assert "over IPv" not in told(asked(tmp_path, POD, "internet", "shop/web"))


def test_nodes_that_are_decided_otherwise_are_told_apart(tmp_path: Path) -> None:
    answer = asked(
        tmp_path, POD + POLICY.replace("RANGE", "203.0.113.0/24") + SERVICE, "203.0.113.9", "svc/shop/web:80"
    )
    shown = told(answer)
    assert "UNDECIDED  a node outside 203.0.113.0/24 → pod/shop/web  TCP 8080\n" in shown
    assert "  node     OPEN   it may be the pod's own node" in shown
    assert "ALLOWED  a node in 203.0.113.0/24 → pod/shop/web  TCP 8080\n" in shown
    assert "For a node in 203.0.113.0/24 to pod/shop/web, TCP 8080: allowed." in narrated(answer)


def test_nodes_that_are_decided_alike_are_one(tmp_path: Path) -> None:
    answer = asked(tmp_path, POD + SERVICE, "203.0.113.9", "svc/shop/web:80")
    assert [part.source for part in answer.parts] == ["a node"]


def test_a_rule_that_perhaps_admits_it_too_is_not_said_to(tmp_path: Path) -> None:
    policy = (
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: shop}\n"
        "spec: {podSelector: {}, ingress: [{from: [%s]}]}\n"
    )
    text = POD + POD.replace("name: web,", "name: cli,", 1).join(("---\n", ""))
    text += policy % ("one", "{podSelector: {}}") + policy % ("two", "{ipBlock: {cidr: 10.9.0.0/16}}")
    answer = asked(tmp_path, text, "shop/cli", "shop/web:8080")
    assert [rule.surely for rule in answer.parts[0].ingress.rules] == [True, False]
    shown = told(answer)
    assert "NetworkPolicy shop/one rule 0\n           OPEN   " in shown
    assert "NetworkPolicy shop/two rule 0  perhaps admits it too" in shown
    (line,) = [line for line in narrated(answer) if line.startswith("Ingress")]
    assert "; perhaps also by NetworkPolicy shop/two rule 0" in line
