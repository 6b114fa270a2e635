"""Intents: what holds, what is broken and by which connection, what is not determined."""

from __future__ import annotations

from io import BytesIO

import pytest

import netwright as nw
from netwright.model.configuration import Intent, Verb
from netwright.questions.check.holding import MOST_SOURCES
from netwright.questions.check.intents import IntentAnswer
from netwright.twin import Twin

MANIFESTS = """\
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {tenant: a}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ops, labels: {tenant: b}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {containers: [{name: c, image: web, ports: [{name: http, containerPort: 8080}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},
 spec: {containers: [{name: c, image: db, ports: [{name: sql, containerPort: 5432}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: job, namespace: ops, labels: {app: job}},
 spec: {containers: [{name: c, image: job}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{podSelector: {matchLabels: {app: web}}}]
      ports: [{port: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{name: sql, port: 15432, targetPort: sql}]}
"""
EXPOSED = """
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
"""
RANGE = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: range, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 5432}]}]
"""


def twin(more: str = "", pod_cidr: str = "") -> Twin:
    return nw.load("-", stdin=BytesIO((MANIFESTS + more).encode()), pod_cidr=pod_cidr or ())


def ask(network: Twin, verb: Verb, *ends: str | tuple[str, ...], ports: tuple[str, ...] = ()) -> IntentAnswer:
    source, destination = ((e,) if isinstance(e, str) else e for e in ends)
    intent = Intent(name="it", verb=verb, sources=source, destinations=destination, ports=ports)
    (answer,) = network.check(intents=[intent]).intents
    return answer


@pytest.mark.parametrize(
    ("verb", "source", "destination", "ports", "verdict"),
    [
        ("allow", "shop/web", "shop/db", (), "holds"),  # the port that it serves
        ("allow", "shop/web", "shop/db", ("sql",), "holds"),
        ("allow", "shop/web", "shop/db", ("5432", "5433"), "broken"),
        ("allow", "shop/web", "svc/shop/db", (), "holds"),
        ("allow", "shop/web", "svc/shop/db", ("15432",), "holds"),
        ("allow", ("shop/web", "ops/job"), "shop/db", (), "broken"),
        ("deny", "ops/job", "shop/db", (), "holds"),
        ("deny", "ops/job", ("shop/db", "shop/web"), (), "broken"),
        ("deny", "ops/job", "svc/shop/db", (), "holds"),
        ("deny", "shop/web", "shop/db", ("UDP",), "holds"),
        ("deny", "shop/web", "shop/db", ("5000-6000",), "broken"),
        ("deny", "shop/db", "internet", (), "holds"),
        ("deny", "ns/shop", "internet", (), "broken"),
        ("only", "shop/web", "shop/db", (), "holds"),
        ("only", "ops/job", "shop/db", (), "broken"),
        ("only", ("shop/web", "ops/job"), "shop/web", (), "broken"),
        ("only", "shop/web", "svc/shop/db", (), "holds"),
        ("allow", "shop/nobody", "shop/db", (), "undecided"),
        ("allow", "svc/shop/db", "shop/web", (), "undecided"),
        ("deny", "shop/web", "fqdn/example.com", (), "undecided"),
        ("allow", "shop/web", "shop/db", ("nope",), "undecided"),
        ("allow", "shop/web", "svc/shop/db", ("5432",), "undecided"),
    ],
)
def test_intents(
    verb: Verb, source: str | tuple[str, ...], destination: str | tuple[str, ...], ports: tuple[str, ...], verdict: str
) -> None:
    answer = ask(twin(), verb, source, destination, ports=ports)
    assert answer.verdict == verdict, answer
    assert bool(answer.told) == (verdict != "holds")


def test_a_broken_intent_shows_the_connection_the_rules_and_the_command() -> None:
    answer = ask(twin(), "deny", "ns/shop", "shop/db", ports=("5000-6000",))
    assert answer.told == "pod/shop/web → pod/shop/db TCP 5432 is allowed"
    witness = answer.witness
    assert witness is not None
    assert (witness.source, witness.destination, witness.ports) == ("pod/shop/web", "pod/shop/db", "TCP 5432")
    assert [(r.name, r.path, r.line) for r in witness.rules] == [("db", "spec.ingress[0]", 21)]
    assert witness.why == "netwright why pod/shop/web pod/shop/db:5432"
    assert twin().why("pod/shop/web", "pod/shop/db:5432").verdict == "allow"


def test_the_internet_comes_through_services_too() -> None:
    deny = "internet", "shop/web"
    assert ask(twin(), "deny", *deny, ports=("8080",)).verdict == "broken"  # no policy keeps it from the pod's address
    isolating = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
"""
    assert ask(twin(isolating), "deny", *deny).verdict == "holds"
    open_ = isolating.replace("policyTypes: [Ingress]", "ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}]")
    assert ask(twin(open_), "deny", *deny).verdict == "holds"
    through = ask(twin(open_ + EXPOSED), "deny", *deny)  # as a node's address, which the block may cover
    assert through.verdict == "undecided"
    assert "through svc/shop/web (LoadBalancer)" in through.told
    assert ask(twin(open_ + EXPOSED), "deny", *deny, ports=("8081",)).verdict == "holds"


def test_the_internet_that_comes_by_way_of_a_node_is_told_as_such() -> None:
    nodes = "\n---\n{apiVersion: v1, kind: Node, metadata: {name: n1}}\n"
    answer = ask(twin(EXPOSED + nodes), "deny", "internet", "svc/shop/web")
    assert answer.told == "internet → svc/shop/web TCP 80 is allowed, by way of node/n1"
    assert answer.witness is not None
    assert answer.witness.source == "internet"


IN_RANGE = """
---
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 10.1.0.5}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, ingress: [{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}]}
"""
KEPT = EXPOSED.replace("type: LoadBalancer,", "type: LoadBalancer, externalTrafficPolicy: Local,")
PUBLIC = IN_RANGE.replace("10.1.0.0/16", "8.8.8.0/24")


@pytest.mark.parametrize(
    ("more", "sources", "verdict"),
    [
        (IN_RANGE, ("cidr/10.1.0.0/16",), "holds"),
        (IN_RANGE + EXPOSED, ("cidr/10.1.0.0/16",), "broken"),
        (IN_RANGE + EXPOSED.replace("LoadBalancer", "NodePort"), ("cidr/10.1.0.0/16", "cidr/8.0.0.0/8"), "broken"),
        (IN_RANGE + EXPOSED, ("cidr/10.1.0.0/16", "internet"), "holds"),
        (IN_RANGE + EXPOSED, ("cidr/0.0.0.0/0",), "holds"),
        # without nodes in the input any could have an address of the range
        (IN_RANGE[IN_RANGE.rindex("---") :] + EXPOSED, ("cidr/10.1.0.0/16",), "undecided"),
        (PUBLIC + KEPT, ("cidr/8.8.8.0/24",), "holds"),
        (PUBLIC + KEPT, ("cidr/8.8.8.0/25",), "broken"),
    ],
)
def test_ways_in_count_for_every_address_that_only_does_not_list(
    more: str, sources: tuple[str, ...], verdict: str
) -> None:
    answer = ask(twin(more, "10.244.0.0/16"), "only", sources, "shop/web")
    assert answer.verdict == verdict, answer
    if verdict != "holds" and KEPT not in more:
        assert "through svc/shop/web" in answer.told


OLD = """
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop, labels: {app: web, version: old}}
spec: {containers: [{name: c, image: web, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: old, namespace: shop}
spec: {podSelector: {matchLabels: {version: old}}, policyTypes: [Ingress]}
"""


@pytest.mark.parametrize(
    ("exposed", "verdict"),
    # as the address of a node, which may be the pod's own, whom no policy cuts off
    [(KEPT, "holds"), (EXPOSED, "undecided")],
)
def test_a_way_in_counts_only_for_the_endpoints_that_let_it_in(exposed: str, verdict: str) -> None:
    shared = twin(OLD + exposed, "10.244.0.0/16")
    assert shared.why("internet", "svc/shop/web:80").groups == "some"
    assert ask(shared, "deny", "internet", "shop/old").verdict == verdict
    assert ask(shared, "deny", "internet", "shop/web").verdict == "broken"


def test_what_the_input_does_not_determine_is_undecided() -> None:
    answer = ask(twin(RANGE), "deny", "ops/job", "shop/db")
    assert answer.verdict == "undecided"
    assert "--pod-cidr" in answer.told
    known = nw.load("-", stdin=BytesIO((MANIFESTS + RANGE).encode()), pod_cidr="172.16.0.0/16")
    assert ask(known, "deny", "ops/job", "shop/db").verdict == "holds"


KNOWN = MANIFESTS.replace("image: job}]}}", "image: job}]}, status: {phase: Running, podIP: 10.244.7.7}}")
FROM_JOB = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: job}}}]}]
"""


ALIKE = """
---
{apiVersion: v1, kind: Namespace, metadata: {name: flat}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: flat, labels: {app: a}}, spec: {containers: [{name: c}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, namespace: flat, labels: {app: b}},
 spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: flat, namespace: flat}
spec:
  podSelector: {}
  ingress: [{from: [{podSelector: {}}, {ipBlock: {cidr: 198.51.100.0/24}}]}]
"""
IN_IT, AROUND = "cidr/198.51.100.0/24", "cidr/198.51.100.0/25"


@pytest.mark.parametrize(
    ("verb", "ends", "verdict", "witness"),
    [
        # no rule tells `a` and `b` apart
        ("only", (("flat/a", "flat/b", IN_IT), "flat/b"), "holds", None),
        ("only", (("flat/a", IN_IT), "flat/b"), "holds", None),
        ("only", (("flat/b", IN_IT), "flat/b"), "broken", ("pod/flat/a", "pod/flat/b")),
        ("only", (IN_IT, "ns/flat"), "broken", ("pod/flat/b", "pod/flat/a")),
        ("deny", ("flat/a", "flat/a"), "holds", None),
        ("deny", ("ns/flat", "flat/a"), "broken", ("pod/flat/b", "pod/flat/a")),
        ("allow", ("flat/a", "flat/b"), "holds", None),
        # nor the addresses of one range
        ("only", (("flat/a", AROUND), "flat/b"), "broken", ("198.51.100.128/25", "pod/flat/b")),
        ("only", (("flat/a", "cidr/198.51.100.0/25", "cidr/198.51.100.128/25"), "flat/b"), "holds", None),
    ],
)
def test_who_is_listed_is_told_from_those_that_no_rule_tells_from_it(
    verb: Verb, ends: tuple[str | tuple[str, ...], ...], verdict: str, witness: tuple[str, str] | None
) -> None:
    answer = ask(twin(ALIKE, "10.0.0.0/8"), verb, *ends)
    assert answer.verdict == verdict
    assert (answer.witness and (answer.witness.source, answer.witness.destination)) == witness


OWNED = """
---
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: flat, labels: {app: a}},
 spec: {containers: [{name: c}]}, status: {podIP: 10.244.0.11}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: flat, labels: {app: db}},
 spec: {containers: [{name: c}]}, status: {podIP: 10.244.0.12}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: flat}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress: [{from: [{ipBlock: {cidr: 10.244.0.11/32}}]}]
"""


@pytest.mark.parametrize(
    ("verb", "ends", "verdict"),
    [
        # the address that is let in is a pod's, and nobody else's
        ("only", ("flat/a", "flat/db"), "holds"),
        ("only", ((), "flat/db"), "broken"),
        ("deny", ("cidr/10.244.0.0/16", "flat/db"), "broken"),
        ("deny", ("cidr/10.251.0.0/16", "flat/db"), "holds"),
        ("deny", ("flat/db", "cidr/10.244.0.11/32"), "broken"),
        ("deny", ("cidr/127.0.0.0/8", "shop/web"), "holds"),
        # what is outside is no matter of this network on both sides
        ("deny", ("internet", "cidr/203.0.113.0/24"), "undecided"),
        ("allow", ("internet", "cidr/203.0.113.0/24"), "undecided"),
    ],
)
def test_an_address_of_an_endpoint_is_nobodys_outside(verb: Verb, ends: tuple[str, ...], verdict: str) -> None:
    assert ask(twin(OWNED, "10.250.0.0/16"), verb, *ends).verdict == verdict


def test_only_some_may_leave_for_the_internet() -> None:
    """What is outside does not leave for it; whether what is there reaches itself is no matter of this network."""
    network = twin()
    everyone = ("shop/web", "ops/job")
    assert ask(network, "only", everyone, "internet").verdict == "holds"
    assert ask(network, "only", everyone, "cidr/203.0.113.0/24").verdict == "holds"
    broken = ask(network, "only", "shop/web", "internet")
    assert broken.verdict == "broken"
    assert broken.witness is not None
    assert broken.witness.source == "pod/ops/job"


SELF = """
---
{apiVersion: v1, kind: Pod, metadata: {name: alone, namespace: ops, labels: {app: alone}},
 spec: {containers: [{name: c}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: alone, namespace: ops},
 spec: {selector: {app: alone}, ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: bare, namespace: ops},
 spec: {clusterIP: None, selector: {app: alone}, ports: [{port: 80}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: alone, namespace: ops}
spec: {podSelector: {matchLabels: {app: alone}}}
"""


@pytest.mark.parametrize("service", ["svc/ops/alone", "svc/ops/bare"])
@pytest.mark.parametrize(
    ("verb", "source", "verdict"),
    [("deny", "ops/alone", "holds"), ("deny", "ns/ops", "holds"), ("allow", "ns/ops", "broken")],
)
def test_through_a_service_too_a_pod_is_no_connection_to_itself(
    service: str, verb: Verb, source: str, verdict: str
) -> None:
    """`ops/job` is refused; whether the Service leads the pod back to itself is no matter."""
    assert ask(twin(SELF), verb, source, service).verdict == verdict


SERVICES = """
---
apiVersion: v1
kind: Service
metadata: {name: alias, namespace: ops}
spec: {type: ExternalName, externalName: db.shop.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: bank, namespace: ops}
spec: {type: ExternalName, externalName: bank.example.com}
---
apiVersion: v1
kind: Service
metadata: {name: bare, namespace: shop}
spec: {clusterIP: None, selector: {app: db}}
---
apiVersion: v1
kind: Service
metadata: {name: listed, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80, targetPort: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: far, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: far-1, namespace: shop, labels: {kubernetes.io/service-name: far}}
addressType: IPv4
ports: [{port: 80, name: ""}]
endpoints: [{addresses: [203.0.113.9]}]
"""


@pytest.mark.parametrize(
    ("verb", "ends", "ports", "verdict"),
    [
        # a name for a Service of the cluster is that Service
        ("allow", ("shop/web", "svc/ops/alias"), (), "holds"),
        ("deny", ("shop/web", "svc/ops/alias"), (), "broken"),
        ("deny", ("ops/job", "svc/ops/alias"), ("15432",), "holds"),
        ("only", ("ops/job", "svc/ops/alias"), (), "broken"),
        ("only", ("shop/web", "svc/ops/alias"), (), "holds"),
        # what another name has is not known
        ("deny", ("shop/web", "svc/ops/bank"), (), "undecided"),
        ("only", ("shop/web", "svc/ops/bank"), ("443",), "undecided"),
        # what lists no ports is its endpoints
        ("deny", ("shop/web", "svc/shop/bare"), (), "broken"),
        ("deny", ("ops/job", "svc/shop/bare"), (), "holds"),
        ("allow", ("shop/web", "svc/shop/bare"), (), "holds"),
        ("only", ("ops/job", "svc/shop/bare"), (), "broken"),
        ("only", ("ops/job", "svc/shop/bare"), ("5432",), "broken"),
        ("only", ("ops/job", "svc/shop/bare"), ("80",), "holds"),
        # nothing translates the port of a headless one
        ("only", ("ops/job", "svc/shop/listed"), (), "holds"),
        # one endpoint is an address outside
        ("deny", ("shop/db", "svc/shop/far"), (), "holds"),
        ("only", ("shop/web", "svc/shop/far"), (), "broken"),
        ("only", ("shop/web", "svc/shop/db"), ("99",), "undecided"),
        # what is not known of one destination hides nothing of another
        ("deny", ("shop/web", ("svc/ops/bank", "shop/db")), (), "broken"),
    ],
)
def test_services_of_every_sort_are_destinations(
    verb: Verb, ends: tuple[str | tuple[str, ...], ...], ports: tuple[str, ...], verdict: str
) -> None:
    assert ask(twin(SERVICES), verb, *ends, ports=ports).verdict == verdict


@pytest.mark.parametrize(
    ("range_", "is_in"),
    [("10.0.0.0/8", True), ("10.244.7.0/24", True), ("10.244.8.0/24", False), ("192.168.0.0/16", False)],
)
def test_a_range_that_must_not_reach_has_the_pods_in_it(range_: str, is_in: bool) -> None:
    network = nw.load("-", stdin=BytesIO((KNOWN + FROM_JOB).encode()))
    answer = ask(network, "deny", f"cidr/{range_}", "shop/web")
    assert answer.verdict == ("broken" if is_in else "holds"), answer
    assert ("pod/ops/job → pod/shop/web" in answer.told) == is_in
    assert ask(network, "deny", "cidr/10.244.7.7/32", "shop/web").verdict == "broken"
    # other questions are about addresses outside, and say whom they leave out
    why = network.why(f"cidr/{range_}", "shop/web:8080")
    assert (why.verdict, "pod/ops/job has an address in it" in why.note) == ("deny", is_in)
    (evaluated,) = network.eval([{"from": f"cidr/{range_}", "to": "shop/web", "port": 8080}])
    assert evaluated.note == why.note


@pytest.mark.parametrize(
    ("range_", "pod_cidr", "verdict"),
    [
        ("10.0.0.0/8", "10.244.0.0/16", "broken"),
        ("10.244.8.0/24", "10.244.0.0/16", "undecided"),
        ("192.168.0.0/16", "10.244.0.0/16", "holds"),
        ("10.0.0.0/8", "", "holds"),  # nothing places the pods in it
    ],
)
def test_a_range_that_must_not_reach_has_the_pods_that_may_be_in_it(range_: str, pod_cidr: str, verdict: str) -> None:
    answer = ask(twin(FROM_JOB, pod_cidr), "deny", f"cidr/{range_}", "shop/web")
    assert answer.verdict == verdict, answer
    assert ("if it has an address of the range" in answer.told) == (verdict == "undecided")


def test_a_workload_on_its_nodes_network_is_told_what_no_policy_keeps_it_from() -> None:
    exporter = """
---
{apiVersion: v1, kind: Pod, metadata: {name: exporter, namespace: ops, labels: {app: exporter}},
 spec: {hostNetwork: true, containers: [{name: c, image: e}]}}
"""
    answer = ask(twin(exporter), "deny", "ops/exporter", "shop/db")
    assert answer.verdict == "holds"
    assert "left out is what pod/ops/exporter and pods of its node may do with each other" in answer.told


@pytest.mark.parametrize(("nodes", "verdict"), [("", "undecided"), ("n1 n1", "holds"), ("n1 n2", "broken")])
def test_policy_stops_nothing_between_a_pod_and_its_own_node(nodes: str, verdict: str) -> None:
    one, other = (f"nodeName: {n}, " if n else "" for n in (nodes.split() or ("", "")))
    more = f"""
---
{{apiVersion: v1, kind: Pod, metadata: {{name: exporter, namespace: ops}},
 spec: {{hostNetwork: true, {one}containers: [{{name: c, image: e}}]}}}}
---
{{apiVersion: v1, kind: Pod, metadata: {{name: shut, namespace: ops, labels: {{app: shut}}}},
 spec: {{{other}containers: [{{name: c, image: e}}]}}}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: shut, namespace: ops}}
spec: {{podSelector: {{matchLabels: {{app: shut}}}}, policyTypes: [Egress]}}
"""
    answer = ask(twin(more), "allow", "ops/shut", "ops/exporter", ports=("80",))
    assert answer.verdict == verdict
    far = """
---
{apiVersion: v1, kind: Pod, metadata: {name: far, namespace: ops, labels: {app: shut}},
 spec: {nodeName: n9, containers: [{name: c, image: e}]}}
"""
    both = ask(twin(more + far), "allow", ("ops/shut", "ops/far"), "ops/exporter", ports=("80",))
    assert both.verdict == ("broken" if nodes else "undecided"), "the other is refused wherever it runs"
    denied = ask(twin(more), "deny", "ops/shut", "ops/exporter", ports=("80",))
    assert (denied.verdict, "left out is what pod/ops/exporter" in denied.told) == ("holds", True)


def apart(network: Twin, label: str = "tenant") -> IntentAnswer:
    (answer,) = network.check(intents=[Intent(name="it", verb="apart", tenants=label)]).intents
    return answer


def test_tenants_are_apart_when_nothing_passes_between_them() -> None:
    assert apart(twin()).verdict == "broken"
    denied = "".join(
        f"""
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny, namespace: {namespace}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress]}}
"""
        for namespace in ("shop", "ops")
    )
    assert apart(twin(denied)).verdict == "holds"
    assert apart(twin(denied), "nope").verdict == "undecided"
    other = (
        "\n---\n{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: unlisted}, spec: {containers: [{name: c}]}}"
    )
    assert "Namespace objects of unlisted" in apart(twin(denied + other)).told


def test_broken_intents_come_first_and_fail_from_their_severity_on() -> None:
    intents = [
        Intent(name="holds", verb="deny", sources=("ops/job",), destinations=("shop/db",)),
        Intent(name="open", verb="deny", sources=("ops/nix",), destinations=("shop/db",)),
        Intent(name="broken", verb="deny", sources=("shop/web",), destinations=("shop/db",), severity="warning"),
    ]
    checked = twin().check(intents=intents)
    assert [i.name for i in checked.intents] == ["broken", "open", "holds"]
    assert checked.is_open
    quiet = {f.code: "ignore" for f in checked.findings}
    checked = twin().check(intents=intents, severities=quiet)  # type: ignore[arg-type]
    assert not checked.findings
    assert [checked.fails(on) for on in ("error", "warning", "info", "never")] == [False, True, True, False]  # type: ignore[arg-type]


def test_a_pod_is_no_connection_to_itself() -> None:
    admitting_itself = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: itself, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress, Egress]
  ingress: [{from: [{podSelector: {matchLabels: {app: db}}}]}]
  egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]
"""
    network = twin(admitting_itself)
    assert ask(network, "deny", "shop/db", "shop/db").verdict == "holds"
    assert ask(network, "only", "shop/web", "shop/db").verdict == "holds"
    assert ask(network, "allow", ("shop/web", "shop/db"), "shop/db").verdict == "holds"
    several = (
        admitting_itself
        + """
---
{apiVersion: v1, kind: Pod, metadata: {name: db-2, namespace: shop, labels: {app: db}}, spec: {containers: [{name: c}]}}
"""
    )
    assert ask(twin(several), "deny", "shop/db", "ns/shop").verdict == "broken", "two pods are"


@pytest.mark.parametrize("cni", ["upstream", "cilium", "calico", "ovn-kubernetes"])
def test_what_a_node_does_with_the_pods_on_itself_breaks_no_intent(cni: str) -> None:
    """OVN-Kubernetes lets it in whatever policies say, and sees it otherwise than other nodes."""
    node = "\n---\n{apiVersion: v1, kind: Node, metadata: {name: n1}}"
    network = nw.load("-", stdin=BytesIO((MANIFESTS + node).encode()), cni=cni)
    assert ask(network, "only", "shop/web", "shop/db").verdict == "holds"
    assert ask(network, "only", "ops/job", "shop/db").verdict == "broken"
    written = network.holding()
    assert {intent.destinations for intent in written} >= {("pod/shop/db",)}
    assert {answer.verdict for answer in network.check(intents=written).intents} == {"holds"}


@pytest.mark.parametrize("more", [0, 1])
def test_who_is_reached_by_more_than_anybody_would_name_is_not_offered(more: int) -> None:
    """Beside `shop/web`, which reaches it, single pods of as many namespaces as may be named, or of one more."""
    opened = MANIFESTS.replace("- from: [{podSelector", "- from: [{namespaceSelector: {}, podSelector")
    assert opened != MANIFESTS
    pods = "".join(
        f"\n---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: n{i}}}}}"
        f"\n---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: n{i}, labels: {{app: {name}}}}},"
        " spec: {containers: [{name: c}]}}"
        for i in range(MOST_SOURCES - 1 + more)
        for name in ("web", "other")
    )
    found = [one for one in twin(opened + pods).holding() if one.destinations == ("pod/shop/db",)]
    assert [len(one.sources) for one in found] == ([] if more else [MOST_SOURCES])
