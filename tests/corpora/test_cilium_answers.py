"""Answers about the examples of Cilium's documentation, each with pods that it could be about.

The verdicts were derived by reading each example with Cilium's documentation at v1.20.2 at hand. A row is as in
`test_answers`. Examples that Cilium or the API server refuses are named with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netwright
from tests.corpora.test_answers import ask, namespaces, pods, written

CLUSTER = (
    pods(
        "default/web id=web-server",
        "default/good id=goodclient",
        "default/bad id=badclient",
        "default/mediabot org=empire,class=mediabot",
        "default/leia name=leia",
        "default/luke name=luke",
        "default/vader name=vader",
        "default/base name=rebel-base",
        "default/frontend role=frontend",
        "default/backend role=backend",
        "default/victim role=victim",
        "default/public role=public",
        "default/crawler role=crawler",
        "default/mine app=myService",
        "default/dev env=dev",
        "default/test app=test-app",
        "default/ally org=alliance",
        "default/app2 id=app2",
        "other/luke name=luke",
        "other/good id=goodclient",
        "other/frontend role=frontend",
        "other/backend role=backend",
        "other/dev env=dev",
        "ns1/a app=a",
        "ns1/b app=b",
        "ns2/a app=a",
        "kube-system/dns k8s-app=kube-dns",
        "kube-system/metrics k8s-app=metrics",
    )
    + namespaces("default", "other faction=alliance", "ns1", "ns2", "kube-system")
    + """---
{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 192.0.2.12}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: placed, namespace: default, labels: {env: dev}}
spec: {nodeName: n1, containers: [{name: c, image: example/c:1}]}
"""
)
LEIA = """
apiVersion: v1
kind: Pod
metadata: {name: leia, namespace: default, labels: {name: leia}}
spec: {serviceAccountName: leia, containers: [{name: c, image: example/c:1, ports: [{containerPort: 80}]}]}
"""
SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: myservice, namespace: default, labels: {head: some}}
spec: {selector: {id: goodclient}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: default, labels: {head: none}}
spec: {clusterIP: None, ports: [{port: 443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: elsewhere-1, namespace: default, labels: {kubernetes.io/service-name: elsewhere}}
addressType: IPv4
endpoints: [{addresses: [203.0.113.9]}]
ports: [{port: 443}]
"""

# What the getting-started guides have in common: every pod of the namespace may ask the DNS, and nothing else.
_DNS = """
    default/mediabot  kube-system/dns:53      UDP  undecided  # queries, of whatever name
    default/good      kube-system/dns:53      UDP  undecided
    default/good      kube-system/dns:80      TCP  deny
    default/good      kube-system/metrics:53  UDP  deny
    default/good      203.0.113.9:443         TCP  deny
    default/good      default/bad:80          TCP  deny
    default/mediabot  default/good:80         TCP  deny       # names are outside the cluster
    203.0.113.9       default/good:80         TCP  allow
    other/luke        203.0.113.9:443         TCP  allow
"""

EXAMPLES: dict[str, str] = {
    "getting-started/dns-matchname": _DNS + "default/mediabot 203.0.113.9:443 TCP undecided",
    "getting-started/dns-pattern": _DNS + "default/mediabot 203.0.113.9:80 TCP undecided",
    "getting-started/dns-port": _DNS
    + """
        default/mediabot  203.0.113.9:443  TCP  undecided
        default/mediabot  203.0.113.9:80   TCP  deny
        default/mediabot  203.0.113.9:443  UDP  deny
    """,
    "getting-started/l3-l4-policy": """
        default/good  default/web:8181   TCP  allow
        default/good  default/web:8181   UDP  deny
        default/good  default/web:8182   TCP  deny
        default/good  default/web        ICMP deny
        default/bad   default/web:8181   TCP  deny
        other/good    default/web:8181   TCP  deny   # the same labels, another namespace
        203.0.113.9   default/web:8181   TCP  deny
        node/n2       default/web:8181   TCP  undecided  # its own, perhaps
        default/web   203.0.113.9:443    TCP  allow
    """,
    "getting-started/l7-policy": """
        default/good  default/web:8181   TCP  undecided  # GET /public
        default/good  default/web:80     TCP  deny
        default/bad   default/web:8181   TCP  deny
    """,
    "host/demo-host-policy": """
        203.0.113.9   node/n1:22         TCP  undecided  # if the host firewall is on
        default/good  node/n1:443        TCP  undecided
        default/good  default/bad:80     TCP  allow
        203.0.113.9   default/good:80    TCP  allow
    """,
    "host/lock-down-ingress": """
        203.0.113.9   node/n2:443        TCP  undecided
        default/good  default/bad:80     TCP  allow
    """,
    "kubernetes/clusterwide/clusterscope-policy": """
        default/luke  default/leia:80    TCP  allow
        other/luke    default/leia:9     UDP  allow
        default/vader default/leia:80    TCP  deny
        203.0.113.9   default/leia:80    TCP  deny
        default/leia  default/vader:80   TCP  allow
        default/vader other/luke:80      TCP  allow
    """,
    "kubernetes/clusterwide/health": """
        default/good  default/bad:80     TCP  allow      # it is for Cilium's own health endpoints, not for pods
        203.0.113.9   default/good:80    TCP  allow
        default/good  203.0.113.9:443    TCP  allow
    """,
    "kubernetes/clusterwide/wildcard-from-endpoints": """
        default/good  kube-system/dns:53 UDP  allow
        other/luke    kube-system/dns:53 UDP  allow
        default/good  kube-system/dns:53 TCP  deny
        203.0.113.9   kube-system/dns:53 UDP  deny
        203.0.113.9   kube-system/metrics:53 UDP allow
    """,
    "kubernetes/namespace/isolate-namespaces": """
        ns1/a         ns1/b:80           TCP  allow
        ns1/b         ns1/a              ICMP allow
        ns2/a         ns1/a:80           TCP  deny
        ns1/a         ns2/a:80           TCP  deny
        default/good  ns1/a:80           TCP  deny
        203.0.113.9   ns2/a:80           TCP  deny
        ns1/a         default/good:80    TCP  allow
        ns1/a         203.0.113.9:443    TCP  allow
    """,
    "kubernetes/namespace/kubedns-policy": """
        default/good  kube-system/dns:53 UDP  allow
        default/good  kube-system/dns:53 TCP  deny
        default/good  kube-system/metrics:53 UDP deny
        default/good  default/bad:80     TCP  deny
        default/good  203.0.113.9:443    TCP  deny
        other/luke    default/good:80    TCP  allow
        other/luke    203.0.113.9:443    TCP  allow
    """,
    "kubernetes/namespace/namespace-labels-policy": """
        other/luke    default/base:80    TCP  allow
        default/luke  default/base:80    TCP  deny
        203.0.113.9   default/base:80    TCP  deny
        default/base  other/luke:80      TCP  allow
        default/base  default/luke:80    TCP  deny
        default/base  203.0.113.9:443    TCP  deny
    """,
    "l3/cidr/cidr": """
        default/mine  20.1.1.1:443       TCP  allow
        default/mine  20.1.1.2:443       TCP  deny
        default/mine  10.1.2.3:80        TCP  allow
        default/mine  10.96.0.10:53      UDP  deny       # excepted
        default/mine  10.112.0.1:80      TCP  allow      # behind 10.96.0.0/12
        default/mine  default/good:80    TCP  deny       # a pod is in no range, whatever address it has
        default/mine  203.0.113.9        ICMP deny
        default/good  default/mine:80    TCP  allow
    """,
    "l3/egress-allow-all/egress-allow-all": """
        default/frontend  default/backend:80  TCP  allow
        default/frontend  other/frontend:80   TCP  deny  # all endpoints of its namespace
        default/frontend  kube-system/dns:53  UDP  deny
        default/frontend  203.0.113.9:443     TCP  deny
        default/good      203.0.113.9:443     TCP  allow
    """,
    "l3/egress-deny/egress-deny": """
        default/frontend  default/backend:80  TCP  deny
        default/frontend  other/backend:80    TCP  allow
        default/frontend  default/good:80     TCP  allow
        default/frontend  203.0.113.9:443     TCP  allow
        default/good      default/backend:80  TCP  allow
    """,
    "l3/entities/apiserver": """
        default/dev   203.0.113.9:6443   TCP  undecided  # it may be the API server
        default/dev   default/good:80    TCP  deny
        default/good  default/dev:80     TCP  allow
    """,
    "l3/entities/from_world_deny": """
        default/good  default/bad:80     TCP  allow
        other/luke    default/good:80    TCP  allow
        node/n2       default/good:80    TCP  allow
        203.0.113.9   default/good:80    TCP  deny
        203.0.113.9   other/luke:80      TCP  deny
        default/good  203.0.113.9:443    TCP  allow
    """,
    "l3/entities/host": """
        default/placed  node/n1:10250    TCP  allow
        default/placed  node/n2:10250    TCP  deny
        default/placed  203.0.113.9:443  TCP  deny
        default/placed  default/good:80  TCP  deny
        default/dev     node/n1:10250    TCP  undecided  # not placed: n1 may be its own
        other/dev       node/n1:10250    TCP  allow
    """,
    "l3/entities/world": """
        203.0.113.9   default/public:80  TCP  allow
        default/good  default/public:80  TCP  deny
        default/good  default/bad:80     TCP  allow
        default/public 203.0.113.9:443   TCP  allow
    """,
    "l3/fqdn/fqdn-cascade": """
        default/test  kube-system/dns:53 UDP  undecided  # names of the cluster
        default/test  kube-system/dns:53 TCP  undecided
        default/test  kube-system/dns:80 TCP  deny
        default/test  203.0.113.9:443    TCP  undecided  # *.cilium.io
        default/test  default/good:80    TCP  deny
    """,
    "l3/fqdn/fqdn": """
        default/test  kube-system/dns:53 UDP  allow
        default/test  kube-system/dns:80 TCP  allow      # no ports are named
        default/test  203.0.113.9:443    TCP  undecided
        default/test  default/good:80    TCP  deny
    """,
    # `fromEndpoints:` without a value is none: the rule is empty, and allows nothing.
    "l3/ingress-allow-all/ingress-allow-all": """
        default/good  default/victim:80  TCP  deny
        other/luke    default/victim:80  TCP  deny
        203.0.113.9   default/victim:80  TCP  deny
        default/victim 203.0.113.9:443   TCP  allow
    """,
    "l3/service/service-labels": """
        default/app2  203.0.113.9:443    TCP  allow      # an endpoint of the Service without a selector
        default/app2  203.0.113.9:80     TCP  allow      # no ports are named
        default/app2  198.51.100.7:443   TCP  deny
        default/app2  default/good:80    TCP  deny
        default/good  198.51.100.7:443   TCP  allow
    """,
    "l3/service/service": """
        default/app2  default/good:80    TCP  allow
        default/app2  svc/default/myservice:80 TCP allow
        default/app2  other/good:80      TCP  deny       # a Service selects in its own namespace
        default/app2  default/bad:80     TCP  deny
        default/app2  203.0.113.9:443    TCP  deny
    """,
    "l3/simple/l3": """
        default/frontend  default/backend:80  TCP  allow
        default/frontend  default/backend     ICMP allow
        default/frontend  other/backend:80    TCP  allow
        other/frontend    default/backend:80  TCP  deny
        default/good      default/backend:80  TCP  deny
        203.0.113.9       default/backend:80  TCP  deny
        default/backend   default/good:80     TCP  allow
    """,
    "l4/cidr_l4_combined": """
        default/crawler  192.0.2.5:80      TCP  allow
        default/crawler  192.0.2.5:443     TCP  deny
        default/crawler  192.0.2.5:80      UDP  deny
        default/crawler  198.51.100.7:80   TCP  deny
        default/crawler  node/n1:80        TCP  deny      # 192.0.2.11, but a node is in no range
        default/crawler  default/good:80   TCP  deny
    """,
    "l4/icmp": """
        default/mine  default/good       ICMP allow
        default/mine  203.0.113.9        ICMP allow
        default/mine  203.0.113.9:443    TCP  deny
        default/mine  default/good:80    TCP  deny
    """,
    "l4/l4_port_range": """
        default/mine  203.0.113.9:80     TCP  allow
        default/mine  203.0.113.9:444    TCP  allow
        default/mine  203.0.113.9:445    TCP  deny
        default/mine  203.0.113.9:79     TCP  deny
        default/mine  203.0.113.9:80     UDP  deny
        default/mine  default/good:100   TCP  allow
        default/mine  other/luke:100     TCP  allow
        default/mine  default/good       ICMP deny
    """,
    "l4/l4_sni": """
        default/mine  203.0.113.9:443    TCP  undecided  # one.one.one.one
        default/mine  default/good:443   TCP  undecided
        default/mine  203.0.113.9:80     TCP  deny
    """,
    "l7/dns/dns": """
        default/ally  kube-system/dns:53 UDP  undecided  # cilium.io and below
        default/ally  203.0.113.9:80     TCP  undecided
        default/ally  203.0.113.9:443    TCP  deny
        default/ally  default/good:80    TCP  deny
        default/good  203.0.113.9:443    TCP  allow
    """,
}

SERVICE_ACCOUNTS = """
default/luke-pod   default/leia:80      TCP  allow
default/luke-pod   svc/default/leia:80  TCP  allow
default/vader-pod  default/leia:80      TCP  deny
default/plain      default/leia:80      TCP  deny
203.0.113.9        default/leia:80      TCP  deny
default/leia       default/vader-pod:80 TCP  allow
"""

# Examples that say nothing: what is wrong with them, in words of the diagnostic.
REFUSED = {
    "l3/entities/from_nodes": "no `apiVersion`: not a Kubernetes object",  # it is written `apiversion`
    "l3/egress-default-deny/egress-default-deny": "has no entry in `ingress`, `ingressDeny`, `egress` or `egressDeny`",
    "l3/match-expressions/or-statement": "is `in`; the operators are `In`, `NotIn`, `Exists`, `DoesNotExist`",
    "l4/l3_l4_combined": "`spec.ingress[0].fromEndpoints[0].role` is not a field of the API",
    "l7/http/http": "`spec.ingress[0].toPorts[0].rules.HTTP` is not a field of the API",
    "l7/kafka/kafka": "`spec.ingress[0].toPorts[0].rules.kafka`",
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(corpora: Path, tmp_path: Path, example: str) -> None:
    sources = [written(tmp_path, "cluster.yaml", CLUSTER), written(tmp_path, "services.yaml", SERVICES)]
    ask([corpora / "cilium/examples/policies" / f"{example}.yaml", *sources], EXAMPLES[example])


def test_service_accounts(corpora: Path, tmp_path: Path) -> None:
    text = f"{LEIA}---\n{pods('default/plain app=plain')}"
    folder = corpora / "cilium/examples/policies/kubernetes/serviceaccount"
    ask([folder, written(tmp_path, "pods.yaml", text)], SERVICE_ACCOUNTS)


@pytest.mark.parametrize("example", REFUSED)
def test_what_is_wrong_with_an_example_is_named(corpora: Path, example: str) -> None:
    twin = netwright.load(str(corpora / "cilium/examples/policies" / f"{example}.yaml"))
    assert twin.accounting.evaluated == 0
    (told,) = twin.diagnostics
    assert REFUSED[example] in told.title


def test_every_example_is_asked_or_named(corpora: Path) -> None:
    folder = corpora / "cilium/examples/policies"
    found = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.yaml")}
    accounts = {f"kubernetes/serviceaccount/{name}" for name in ("demo-pods", "serviceaccount-policy")}
    assert found == {*EXAMPLES, *REFUSED, *accounts}
