"""What `check` says, and does not say, of Services, Ingresses, exposure and the cluster's addresses."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.finding import Finding
from netwright.model.finding_codes.manifests import ADMIT, DB, DENY, WEB, manifest, service

TARGET = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}")


def findings(*parts: str, namespaces: tuple[str, ...] = ()) -> list[Finding]:
    twin = nw.load("-", stdin=BytesIO(manifest(*parts).encode()))
    return list(twin.check(namespaces=namespaces).findings)


def codes(*parts: str) -> set[str]:
    return {f.code for f in findings(*parts)}


def pod(name: str, labels: str, spec: str = "containers: [{name: main, image: main}]", status: str = "{}") -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{{labels}}}}}
spec: {{{spec}}}
status: {status}
"""


def node(name: str, addresses: str, pods: str = "", labels: str = "") -> str:
    return f"""\
apiVersion: v1
kind: Node
metadata: {{name: {name}, labels: {{{labels}}}}}
spec: {{{f"podCIDR: {pods}, podCIDRs: [{pods}]" if pods else ""}}}
status: {{addresses: [{addresses}]}}
"""


def internal(address: str) -> str:
    return f"{{type: InternalIP, address: {address}}}"


# --- a Service without pods --------------------

WITHOUT_PODS = service("{selector: {app: api}, ports: [{port: 8080}]}", "api")


@pytest.mark.parametrize(
    ("why", "other"),
    [
        (
            "scaled to zero",
            """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  replicas: 0
  selector: {matchLabels: {app: api}}
  template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api}]}}
""",
        ),
        (
            "made by a kind that is not read",
            """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: api, namespace: shop}
spec: {headGroupSpec: {template: {metadata: {labels: {app: api}}, spec: {}}}}
""",
        ),
        (
            "a machine that is stopped",
            """\
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: api, namespace: shop}
spec: {runStrategy: Halted, template: {metadata: {labels: {app: api}}, spec: {domain: {}}}}
""",
        ),
        (
            "made by a kind that nobody knows",
            """\
apiVersion: example.com/v1
kind: Thing
metadata: {name: api, namespace: shop}
""",
        ),
        (
            "refused by the API server",
            """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, image: api}]}}}
""",
        ),
    ],
)
def test_a_service_whose_pods_may_come_is_not_said_to_have_none(why: str, other: str) -> None:
    assert "NW4001" in codes(WEB, DENY, WITHOUT_PODS)
    assert "NW4001" not in codes(WEB, DENY, WITHOUT_PODS, other), why


def test_nothing_is_missing_in_a_namespace_without_workloads() -> None:
    elsewhere = WITHOUT_PODS.replace("namespace: shop", "namespace: other")
    assert "NW4001" not in codes(WEB, DENY, elsewhere)


def test_each_service_that_is_closed_is_told() -> None:
    """Pods that no selector tells apart are still not the same pods."""
    both = (
        service("{selector: {app: web}, ports: [{port: 8080}]}"),
        service("{selector: {app: api}, ports: [{port: 8080}]}", "api"),
    )
    api = pod("api", "app: api", "containers: [{name: main, image: main, ports: [{containerPort: 8080}]}]")
    assert [(f.code, f.name) for f in findings(WEB, api, DENY, *both)] == [("NW4007", "web"), ("NW4007", "api")]


# --- target ports --------------------


def test_a_port_that_a_container_need_not_declare_is_not_missed() -> None:
    silent = pod("quiet", "app: web", "containers: [{name: main, image: main}]")
    assert "NW4003" not in codes(silent, DENY, ADMIT, service("{selector: {app: web}, ports: [{port: 80}]}"))


def test_a_metrics_port_beside_the_served_one_is_not_missed() -> None:
    metrics = service("{selector: {app: web}, ports: [{port: 9090}]}", "metrics")
    assert "NW4003" in codes(WEB, DENY, ADMIT, metrics)
    assert not codes(WEB, DENY, ADMIT, TARGET, metrics)


def test_one_number_of_both_protocols_is_no_contradiction() -> None:
    dns = pod("dns", "app: web", "containers: [{name: main, image: main, ports: [{containerPort: 53, protocol: UDP}]}]")
    one = "{name: tcp, port: 53}"
    both = f"{one}, {{name: udp, port: 53, protocol: UDP}}"
    assert "NW4004" in codes(dns, DENY, ADMIT, service(f"{{selector: {{app: web}}, ports: [{one}]}}"))
    assert not codes(dns, DENY, ADMIT, service(f"{{selector: {{app: web}}, ports: [{both}]}}"))


def test_the_pods_of_a_job_behind_a_service_are_told() -> None:
    job = """\
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {restartPolicy: Never, containers: [{name: main, image: main}]}
"""
    [found] = findings(WEB, job, DENY, ADMIT, TARGET)
    assert (found.code, found.workloads) == ("NW4012", ("job/shop/migrate",))
    by_name = service("{selector: {app: web}, ports: [{port: 80, targetPort: http}]}")
    assert not codes(WEB, job, DENY, ADMIT, by_name)  # without a port of the name they are no endpoints


def test_a_workload_that_is_being_rolled_out_is_not_told_of_itself() -> None:
    def of(name: str, port: int) -> str:
        owned = f"{name}, namespace: shop, ownerReferences: [{{kind: ReplicaSet, name: web, controller: true}}]"
        ports = f"containers: [{{name: main, image: main, ports: [{{containerPort: {port}}}]}}]"
        return pod(name, "app: web", ports).replace(f"{name}, namespace: shop", owned)

    assert "NW4012" not in codes(of("web-1", 8080), of("web-2", 9090), DENY, ADMIT, TARGET)
    assert "NW4012" in codes(of("web-1", 8080), of("web-2", 9090).replace("name: web,", "name: api,"), DENY, TARGET)


def test_a_named_headless_port_is_what_the_pods_have() -> None:
    named = service("{clusterIP: None, selector: {app: db}, ports: [{port: 5432, targetPort: sql}]}", "db")
    assert "NW4006" not in codes(DB, DENY, named)
    assert "NW4006" in codes(DB, DENY, named.replace("port: 5432", "port: 80"))


# --- whom policy admits --------------------

ADMITS_NAMED = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}]
"""


def test_a_service_is_closed_at_the_ports_that_no_rule_names() -> None:
    two = service(
        "{selector: {app: web}, ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8081}]}"
    )
    [found] = findings(WEB, DENY, ADMITS_NAMED, two)
    assert found.code == "NW4007"
    assert "`TCP 81`" in found.title
    assert "`TCP 80`" not in found.title


def test_a_rule_whose_name_no_pod_has_is_told_once() -> None:
    assert codes(WEB, DENY, ADMITS_NAMED.replace("port: http", "port: web"), TARGET) == {"NW2104"}


def test_the_services_port_in_a_rule_is_told_at_the_rule_and_not_at_the_service() -> None:
    assert codes(WEB, DENY, ADMITS_NAMED.replace("port: http", "port: 80"), TARGET) == {"NW2102"}
    assert codes(WEB, DENY, ADMITS_NAMED.replace("port: http", "port: 9"), TARGET) >= {"NW4007"}


# --- exposure --------------------

OPEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: open, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}]}]
"""


def database(spec: str, annotations: str = "", status: str = "{}") -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: db, namespace: shop, annotations: {{{annotations}}}}}
spec: {{{spec}, selector: {{app: db}}, ports: [{{port: 5432}}]}}
status: {status}
"""


@pytest.mark.parametrize(
    "inside",
    [
        database("type: LoadBalancer", 'service.beta.kubernetes.io/aws-load-balancer-internal: "true"'),
        database("type: LoadBalancer", "networking.gke.io/load-balancer-type: Internal"),
        database("type: LoadBalancer", "service.beta.kubernetes.io/aws-load-balancer-type: external"),
        database("type: LoadBalancer", status="{loadBalancer: {ingress: [{ip: 10.1.2.3}]}}"),
        database("type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24]"),
        database("type: LoadBalancer", status="{loadBalancer: {ingress: [{hostname: internal-a.elb.example.com}]}}"),
        database("externalIPs: [10.1.2.3]"),
        database("type: ClusterIP"),
    ],
)
def test_a_database_for_some_is_not_said_to_be_there_for_the_internet(inside: str) -> None:
    assert "NW3103" not in codes(DB, DENY, OPEN, inside)


@pytest.mark.parametrize(
    "outside",
    [
        database("type: LoadBalancer"),
        database("type: LoadBalancer", 'service.beta.kubernetes.io/aws-load-balancer-internal: "false"'),
        database("type: LoadBalancer", status="{loadBalancer: {ingress: [{ip: 8.8.4.4}]}}"),
        database("type: LoadBalancer", status="{loadBalancer: {ingress: [{hostname: a.elb.example.com}]}}"),
        database("type: LoadBalancer, loadBalancerSourceRanges: [0.0.0.0/0]"),
        database("type: NodePort"),
        database("externalIPs: [8.8.4.4]"),
    ],
)
def test_a_database_for_the_internet_is_told(outside: str) -> None:
    assert "NW3103" in codes(DB, DENY, OPEN, outside)


def test_a_database_on_private_nodes_and_one_that_policy_closes_are_not_told() -> None:
    exposed = database("type: NodePort")
    assert "NW3103" not in codes(DB, DENY, OPEN, exposed, node("node-1", internal("10.20.0.11")))
    assert "NW3103" in codes(DB, DENY, OPEN, exposed, node("node-1", internal("8.8.4.4")))
    assert "NW3103" not in codes(DB, DENY, exposed)


def test_source_ranges_that_leave_nobody_out_are_not_gone_round() -> None:
    ranges = "{{type: LoadBalancer, loadBalancerSourceRanges: [{}], selector: {{app: web}}, ports: [{{port: 8080}}]}}"
    assert codes(WEB, DENY, ADMIT, service(ranges.format("198.51.100.0/24"))) == {"NW3105"}
    assert not codes(WEB, DENY, ADMIT, service(ranges.format("0.0.0.0/0")))


def test_an_exposed_workload_is_not_told_a_second_time_as_open() -> None:
    egress = DENY.replace("[Ingress, Egress]", "[Egress]")
    balanced = service("{type: LoadBalancer, selector: {app: web}, ports: [{port: 8080}]}")
    found = {f.code: f for f in findings(WEB, DB, egress, balanced)}
    assert found.keys() == {"NW3001", "NW3101"}
    assert found["NW3101"].workloads == ("pod/shop/web",)
    assert found["NW3001"].workloads == ("pod/shop/db",)


def test_ways_in_are_told_apart_by_their_service_where_no_address_of_a_balancer_is_known() -> None:
    spec = "{type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}"
    egress = DENY.replace("[Ingress, Egress]", "[Egress]")
    (title,) = (
        f.title
        for f in findings(WEB, egress, service(spec), service(spec, "other"))
        if f.code == "NW3101" and f.workloads == ("pod/shop/web",)
    )
    assert title.endswith(
        "by port 80 of the load balancer of `svc/shop/web`; port 80 of the load balancer of `svc/shop/other`"
    )


def test_one_number_for_two_protocols_is_told_once() -> None:
    ports = "[{name: t, port: 443, targetPort: 8080}, {name: u, port: 443, targetPort: 8080, protocol: UDP}]"
    egress = DENY.replace("[Ingress, Egress]", "[Egress]")
    told = findings(WEB, egress, service(f"{{type: LoadBalancer, selector: {{app: web}}, ports: {ports}}}"))
    (title,) = (f.title for f in told if f.code == "NW3101")
    assert title.endswith("by port 443 of the load balancer of `svc/shop/web`")


def test_a_namespace_is_asked_for_by_name_with_its_object_or_without() -> None:
    named = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    for parts in ((WEB,), (named, WEB)):
        assert {f.code for f in findings(*parts, namespaces=("shop",))} == {"NW3003"}
        assert not findings(*parts, namespaces=("other",))


def test_a_policy_for_all_pods_does_not_mean_those_on_the_nodes_network() -> None:
    host = pod("agent", "app: agent", "hostNetwork: true, containers: [{name: main, image: main}]")
    assert codes(WEB, host, DENY) == {"NW3203"}
    excluding = DENY.replace(
        "podSelector: {}", "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}"
    )
    assert codes(WEB, host, excluding) == {"NW3203"}


# --- infrastructure --------------------


def out(to: str, ports: str = "") -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: out, namespace: shop}}
spec:
  podSelector: {{matchLabels: {{app: web}}}}
  policyTypes: [Egress]
  egress: [{{to: [{to}]{f", ports: [{ports}]" if ports else ""}}}]
"""


CONTROL = node("control", internal("10.20.0.10"), labels='node-role.kubernetes.io/control-plane: ""')


def test_a_rule_is_told_once_for_the_gravest_that_it_reaches() -> None:
    [found] = findings(WEB, DENY, CONTROL, out("{ipBlock: {cidr: 0.0.0.0/0}}"))
    assert found.code == "NW3301"
    for part in ("metadata", "kubelets", "the API server"):
        assert part in found.label
    assert "10.20.0.10/32" in found.help
    assert "169.254.169.254/32" in found.help


@pytest.mark.parametrize(
    "meant",
    [
        out("{ipBlock: {cidr: 0.0.0.0/0}}", "{port: 443}"),
        out("{ipBlock: {cidr: 0.0.0.0/0}}", "{port: 80, protocol: UDP}"),
        out("{ipBlock: {cidr: 169.254.169.254/32}}", "{port: 80}"),
        out("{ipBlock: {cidr: 10.20.0.10/32}}", "{port: 6443}"),
        out("{ipBlock: {cidr: 192.0.2.0/24}}"),
    ],
)
def test_a_rule_that_does_not_reach_infrastructure_or_means_it_is_not_told(meant: str) -> None:
    assert not codes(WEB, DENY, CONTROL, meant)


def test_the_api_server_is_where_its_endpoint_slice_says() -> None:
    slice_ = """\
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
addressType: IPv4
ports: [{name: https, port: 8443}]
endpoints: [{addresses: [192.0.2.7]}]
"""
    worker = node("worker", internal("10.20.0.11"))
    rule = out("{ipBlock: {cidr: 192.0.2.0/24}}", "{port: 8443}")
    assert codes(WEB, DENY, worker, slice_, rule) == {"NW3302"}
    assert not codes(WEB, DENY, worker, rule)


# --- claims --------------------


def test_node_ports_of_different_protocols_do_not_meet() -> None:
    ports = "{{type: NodePort, selector: {{app: web}}, ports: [{{port: 8080, protocol: {}, nodePort: 30080}}]}}"
    tcp, udp = service(ports.format("TCP")), service(ports.format("UDP"), "other")
    assert "NW4008" not in codes(WEB, DENY, ADMIT, tcp, udp)


def test_headless_services_share_no_address() -> None:
    headless = "{clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}"
    assert not codes(WEB, DENY, ADMIT, service(headless), service(headless, "other"))


def deployment(name: str, selector: str = "app: web", labels: str = "app: web") -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{matchLabels: {{{selector}}}}}
  template: {{metadata: {{labels: {{{labels}}}}}, spec: {{containers: [{{name: main, image: main}}]}}}}
"""


def test_workloads_that_share_a_selector_are_told_once() -> None:
    [found] = findings(DENY, *(deployment(name) for name in ("a", "b", "c")))
    assert found.code == "NW4011"
    assert "`Deployment b`, `Deployment c`" in found.title


def test_workloads_that_select_each_other_are_told_once() -> None:
    both = "app: web, tier: front"
    [found] = findings(DENY, deployment("a", "app: web", both), deployment("b", "tier: front", both))
    assert found.code == "NW4011"
    assert not findings(DENY, deployment("a", "app: web", "app: web"), deployment("b", "tier: front", "tier: front"))


# --- Ingress --------------------


def ingress(
    name: str, backend: str, host: str = "host: a.example.com, ", more: str = "ingressClassName: nginx, "
) -> str:
    return f"""\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {name}, namespace: shop}}
spec:
  {{{more}rules: [{{{host}http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {backend}}}}}]}}}}]}}
"""


OTHER = service("{selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}", "other")


def test_backends_that_an_annotation_gives_are_not_missed() -> None:
    action = "{name: ssl-redirect, port: {name: use-annotation}}"
    assert not codes(WEB, DENY, ADMIT, TARGET, ingress("web", action))
    assert codes(WEB, DENY, ADMIT, TARGET, ingress("web", action.replace("use-", "no-"))) == {"NW4101"}


def test_a_host_is_claimed_twice_only_by_one_class_and_for_different_backends() -> None:
    web, other = "{name: web, port: {number: 80}}", "{name: other, port: {number: 80}}"
    base = (WEB, DENY, ADMIT, TARGET, OTHER, ingress("a", web))
    assert codes(*base, ingress("b", other)) == {"NW4103"}
    assert not codes(*base, ingress("b", web))
    assert not codes(*base, ingress("b", other, more="ingressClassName: internal, "))
    canary = ingress("b", other).replace(
        "namespace: shop}", 'namespace: shop, annotations: {nginx.ingress.kubernetes.io/canary: "true"}}'
    )
    assert not codes(*base, canary)
    without = (WEB, DENY, ADMIT, TARGET, OTHER, ingress("a", web, "", ""))
    assert not codes(*without, ingress("b", other, "", ""))


# --- addresses --------------------


def test_pods_that_have_ended_or_are_on_a_node_may_share_an_address() -> None:
    spec = "containers: [{name: main, image: main}]"
    running = pod("a", "app: a", spec, "{phase: Running, podIP: 10.244.1.5}")
    assert "NW5003" in codes(running, pod("b", "app: b", spec, "{phase: Running, podIP: 10.244.1.5}"), DENY)
    for phase in ("Failed", "Succeeded", "Unknown"):
        ended = pod("b", "app: b", spec, f"{{phase: {phase}, podIP: 10.244.1.5}}")
        assert "NW5003" not in codes(running, ended, DENY)
    host = "hostNetwork: true, containers: [{name: main, image: main}]"
    agents = [pod(n, "app: x", host, "{phase: Running, podIP: 10.20.0.11}") for n in ("agent-1", "agent-2")]
    assert "NW5003" not in codes(*agents, DENY)


def test_pod_ranges_that_the_plugin_does_not_use_say_nothing() -> None:
    nodes = node("a", internal("10.20.0.11"), "10.244.1.0/24"), node("b", internal("10.20.0.12"), "10.244.0.0/23")
    assert "NW5001" in codes(WEB, DENY, *nodes)
    beyond = pod("c", "app: c", status="{phase: Running, podIP: 10.99.0.5}")
    assert "NW5001" not in codes(WEB, beyond, DENY, *nodes)


def test_ranges_inside_each_other_are_found_across_others() -> None:
    ranges = ("10.244.0.0/16", "10.244.1.0/24", "10.244.200.0/24")
    nodes = [node(f"n{i}", internal(f"10.20.0.{i}"), pods) for i, pods in enumerate(ranges, 1)]
    titles = [f.title for f in findings(WEB, DENY, *nodes) if f.code == "NW5001"]
    assert len(titles) == 2
    assert all("`n1`" in title for title in titles)


def test_external_addresses_may_be_those_of_a_gateway() -> None:
    shared = "{type: ExternalIP, address: 198.51.100.7}"
    nodes = [
        node(n, f"{internal(address)}, {shared}") for n, address in (("node-1", "10.20.0.11"), ("node-2", "10.20.0.12"))
    ]
    assert not codes(WEB, DENY, *nodes)
