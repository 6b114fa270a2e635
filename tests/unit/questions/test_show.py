"""`show`: rows of a small cluster, counted by hand from its manifests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import netwright as nw
from netwright.base.errors import UnknownReference, UsageError
from netwright.base.selectors import ALWAYS
from netwright.base.spans import Origin
from netwright.engine.acting import acting
from netwright.engine.units import Unit
from netwright.model.rule import ANYBODY, End
from netwright.questions.show import NOUNS, Shown, exposed_rows, show
from netwright.questions.show.rows import COUNTS

CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata: {name: a, labels: {team: red}}
---
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: a, labels: {app: one}}
spec:
  nodeName: n1
  containers: [{name: c, ports: [{containerPort: 80, name: web}, {containerPort: 53, protocol: UDP}]}]
status: {podIP: 10.1.0.5, podIPs: [{ip: 10.1.0.5}, {ip: "fd00::"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: two, namespace: a}
spec:
  replicas: 3
  selector: {matchLabels: {app: two}}
  template:
    metadata: {labels: {app: two}}
    spec: {containers: [{name: c, ports: [{containerPort: 80}]}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: b}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {hostNetwork: true, containers: [{name: c}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: three, namespace: b}
spec:
  selector: {matchLabels: {app: three}}
  template: {metadata: {labels: {app: three}}, spec: {containers: [{name: c}]}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDRs: [10.1.0.0/24, "fd00::/64"]}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: one, namespace: a}
spec: {clusterIP: 10.96.0.7, selector: {app: one}, ports: [{port: 8080, targetPort: web}]}
---
apiVersion: v1
kind: Service
metadata: {name: none, namespace: a}
spec: {type: NodePort, selector: {app: nobody}, ports: [{port: 81, nodePort: 30081}]}
---
apiVersion: v1
kind: Service
metadata: {name: free, namespace: a}
spec: {ports: [{port: 82}]}
---
apiVersion: v1
kind: Service
metadata: {name: far, namespace: b}
spec: {type: ExternalName, externalName: example.org}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all-in, namespace: a}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: one-out, namespace: a}
spec:
  podSelector: {matchLabels: {app: one}}
  policyTypes: [Egress]
  egress: [{}, {ports: [{port: 53}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: nobody, namespace: b}
spec: {podSelector: {matchLabels: {app: agent}}, ingress: [{}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: a}
"""
UNREAD = """\
---
apiVersion: networking.gke.io/v1
kind: FQDNNetworkPolicy
metadata: {name: deep, namespace: b}
spec: {}
"""


@pytest.fixture
def twin(tmp_path: Path) -> nw.Twin:
    return read(tmp_path, CLUSTER)


def read(folder: Path, text: str) -> nw.Twin:
    file = folder / "all.yaml"
    file.write_text(text, encoding="utf-8")
    return nw.load(str(file))


def rows(shown: Shown, key: str = "ref") -> dict[str, Any]:
    return {getattr(r, key): r for r in shown.rows}


def test_workloads(twin: nw.Twin) -> None:
    shown = show(twin, "workloads")
    assert [r.ref for r in shown.rows] == ["pod/a/one", "deploy/a/two", "ds/b/agent", "rs/b/three"]
    one, two, agent, three = shown.rows
    assert (one.isolated_in, one.isolated_out, one.pods) == ("yes", "yes", 1)
    assert one.policies == ("one-out", "all-in")  # narrowest first
    assert one.serves == ("TCP 80 web", "UDP 53")
    assert one.services == ("one",)
    assert (two.isolated_in, two.isolated_out, two.pods, two.policies) == ("yes", "no", 3, ("all-in",))
    assert (agent.network, agent.pods, agent.policies, agent.isolated_in) == ("host", None, (), "no")
    assert (three.isolated_in, three.isolated_out, three.unread) == ("no", "no", ())
    assert one.line == 5
    assert one.file.endswith("all.yaml")
    assert shown.counts == {
        "workloads": 4, "pods": 5, "isolated_both": 1, "isolated_one": 1, "isolated_none": 1, "host": 1,
    }  # fmt: skip


def test_endpoints(twin: nw.Twin) -> None:
    found = rows(show(twin, "endpoints"))
    assert set(found) == {"pod/a/one", "deploy/a/two", "ds/b/agent", "rs/b/three", "node/n1"}
    one = found["pod/a/one"]
    assert one.addresses == ("10.1.0.5", "fd00::")  # an address that ends in zero bytes is whole
    assert (one.node, one.named_ports) == ("n1", ("TCP 80 web",))
    two = found["deploy/a/two"]
    assert (two.addresses, two.node, two.may_have) == ((), "", ("10.1.0.0/24", "fd00::/64"))
    assert found["node/n1"].addresses == ("192.168.0.1",)
    assert one.identity != two.identity


def test_services(twin: nw.Twin) -> None:
    shown = show(twin, "services")
    found = rows(shown)
    one = found["svc/a/one"]
    assert (one.type, one.addresses, one.ports) == ("ClusterIP", ("10.96.0.7",), ("TCP 8080 to web",))
    assert (one.backends, one.pods, one.lacks) == (("pod/a/one",), 1, "")
    assert found["svc/a/none"].lacks == "no endpoints"
    assert found["svc/a/none"].ports == ("TCP 81 node 30081",)
    assert found["svc/a/free"].lacks == "no selector"
    assert found["svc/b/far"].lacks == "a name for example.org"
    assert shown.counts["no_endpoints"] == 1


def test_policies(twin: nw.Twin) -> None:
    shown = show(twin, "policies")
    found = rows(shown)
    assert (found["a/all-in"].selects, found["a/all-in"].pods) == (2, 4)
    assert (found["a/all-in"].rules_in, found["a/all-in"].rules_out) == (0, None)
    assert (found["a/one-out"].directions, found["a/one-out"].rules_out) == (("out",), 2)
    assert found["a/one-out"].workloads == ("pod/a/one",)
    # its pods are on the host network, where no NetworkPolicy acts
    assert (found["b/nobody"].selects, found["b/nobody"].rules_in) == (0, 1)
    assert shown.counts["selecting_nothing"] == 1


def test_a_workload_without_policies_is_said_to_be_open(twin: nw.Twin) -> None:
    shown = show(twin, "policies", references=["b/three"])
    assert shown.rows == ()
    assert shown.notes == ("no policy selects what was named: nothing isolates it",)
    assert show(twin, "policies", references=["a/one"]).notes == ()


def test_isolation_adds_up(twin: nw.Twin) -> None:
    found = rows(show(twin, "isolation"), "namespace")
    a, b, total = found["a"], found["b"], found[""]
    assert (a.both, a.only_in, a.neither, a.percent) == (1, 1, 0, 75)
    assert (b.neither, b.host, b.percent) == (1, 1, 0)
    assert (total.workloads, total.both, total.host, total.percent) == (4, 1, 1, 50)
    for r in found.values():
        assert r.both + r.only_in + r.only_out + r.neither + r.open + r.host == r.workloads


def test_what_was_not_read_leaves_isolation_open(tmp_path: Path) -> None:
    twin = read(tmp_path, CLUSTER + UNREAD)
    three = rows(show(twin, "workloads"))["rs/b/three"]
    assert (three.isolated_in, three.unread, three.policies) == ("perhaps", ("FQDNNetworkPolicy",), ())
    assert rows(show(twin, "isolation"), "namespace")["b"].open == 1
    policy = rows(show(twin, "policies"))["b/deep"]
    assert (policy.evaluated, policy.selects, policy.kind) == (False, None, "FQDNNetworkPolicy")


def test_pods_of_one_owner_that_differ_are_isolated_only_in_part(tmp_path: Path) -> None:
    pod = """
---
apiVersion: v1
kind: Pod
metadata:
  name: s-%d
  namespace: a
  labels: {app: %s}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: s, controller: true, uid: x}]
spec: {containers: [{name: c}]}
"""
    policy = """
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p, namespace: a}
spec: {podSelector: {matchLabels: {app: x}}}
"""
    twin = read(tmp_path, pod % (0, "x") + pod % (1, "other") + policy)
    (row,) = show(twin, "workloads").rows
    assert (row.ref, row.pods, row.isolated_in, row.isolated_out) == ("sts/a/s", 2, "some", "no")
    assert show(twin, "isolation").rows[0].open == 1


def test_a_policy_that_acts_only_perhaps_isolates_only_perhaps() -> None:
    """Of two positions one surely and one perhaps; a sure isolation stays sure whatever comes after it."""
    origin = Origin(kind="NetworkPolicy", namespace="a", name="p")
    end = End(at=ALWAYS, direction="ingress", action="deny", origin=origin)

    units = [Unit(0, 0, "ingress", ALWAYS, ANYBODY, (), (end,), ("NetworkPolicy", "a", "p")) for _ in range(2)]
    at = dict(zip(map(id, units), ((0b01, 0b10), (0, 0b01)), strict=True))
    network = SimpleNamespace(units=units, families=(4,), mesh=-1, guests=-1, isolation=-1)
    network.acting = lambda unit, _: at[id(unit)]
    network.identities = SimpleNamespace(of_row=np.arange(2))
    found = acting(network)  # type: ignore[arg-type]
    assert found.isolated["ingress"] == {0: "yes", 1: "perhaps"}
    assert found.isolated["egress"] == {}
    assert found.at == {("NetworkPolicy", "a", "p"): {"ingress": {0, 1}}}


def test_networks(twin: nw.Twin) -> None:
    shown = show(twin, "networks")
    found = {(r.ref, r.part): r for r in shown.rows}
    assert found["pod", ""].subnets == ("10.1.0.0/24", "fd00::/64")
    assert found["pod", ""].families == ("IPv4", "IPv6")
    assert found["pod", ""].known_from == "Node objects"
    assert found["pod", "node/n1"].endpoints == 1
    assert found["host", "node/n1"].subnets == ("192.168.0.1",)
    assert found["service", ""].subnets == ("10.96.0.7",)


NETWORKS = """
---
apiVersion: k8s.ovn.org/v1
kind: UserDefinedNetwork
metadata: {name: blue, namespace: b}
spec: {topology: Layer2, layer2: {role: Primary, subnets: [10.20.0.0/24], ipam: {lifecycle: Persistent}}}
---
apiVersion: k8s.ovn.org/v1
kind: ClusterUserDefinedNetwork
metadata: {name: wire}
spec:
  namespaceSelector: {matchLabels: {team: red}}
  network:
    topology: Localnet
    localnet:
      role: Secondary
      physicalNetworkName: physnet
      vlan: {mode: Access, access: {id: 120}}
      ipam: {mode: Disabled}
---
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: trunk, namespace: a}
spec: {config: '{"type": "bridge", "bridge": "br1", "vlanTrunk": [{"id": 5}, {"minID": 7, "maxID": 9}], "mtu": 9000}'}
"""


def test_networks_that_objects_define(tmp_path: Path) -> None:
    twin = read(tmp_path, CLUSTER + NETWORKS)
    shown = show(twin, "networks")
    found = {r.ref: r for r in shown.rows if r.kind}
    assert list(found) == ["cudn/wire", "nad/a/trunk", "udn/b/blue"]  # behind those that every cluster has
    wire, trunk, blue = found.values()
    assert (wire.topology, wire.role, wire.vlan, wire.ipam, wire.physical) == (
        "localnet",
        "secondary",
        120,
        "none",
        "physnet",
    )
    assert (wire.namespaces, wire.perhaps) == (("a",), ("b",))
    assert (wire.mtu_bytes, bool(wire.mtu_why)) == (1500, True)
    assert (trunk.topology, trunk.trunk, trunk.mtu_bytes, trunk.mtu_why) == ("bridge", ("5", "7-9"), 9000, "")
    assert (blue.role, blue.subnets, blue.families, blue.lifecycle) == (
        "primary",
        ("10.20.0.0/24",),
        ("IPv4",),
        "persistent",
    )
    assert 0 < blue.line < wire.line < trunk.line
    assert any("pods on udn/b/blue meet no pod of another network" in note for note in shown.notes)
    assert any("secondary ones change none of its verdicts" in note for note in shown.notes)
    assert (shown.counts["networks"], shown.counts["secondary"]) == (6, 2)


KUBEVIRT = """\
---
apiVersion: kubevirt.io/v1
kind: KubeVirt
metadata: {name: kubevirt, namespace: %s}
spec: {configuration: {migrations: {%s}}}
"""


@pytest.mark.parametrize(
    ("setup", "carries", "says"),
    [
        (KUBEVIRT % ("a", "network: trunk"), "nad/a/trunk", "live migrations go over nad/a/trunk"),
        (KUBEVIRT % ("b", "network: trunk"), "", "live migrations go over `b/trunk`, which is not in the input"),
        (KUBEVIRT % ("a", "parallelMigrationsPerCluster: 5"), "", "live migrations go over the pod network"),
        ("", "", ""),
    ],
)
def test_the_network_of_migrations_is_named(tmp_path: Path, setup: str, carries: str, says: str) -> None:
    shown = show(read(tmp_path, CLUSTER + NETWORKS + setup), "networks")
    assert [r.ref for r in shown.rows if r.carries == "migrations"] == [carries] * bool(carries)
    assert any(note.startswith(says) for note in shown.notes)
    assert bool(says) or not any("migrations" in note for note in shown.notes)


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"namespaces": ["a"]}, {"cudn/wire", "nad/a/trunk"}),
        ({"namespaces": ["b"]}, {"cudn/wire", "udn/b/blue"}),
        ({"references": ["10.20.0.9"]}, {"udn/b/blue"}),
    ],
)
def test_networks_narrowed(tmp_path: Path, narrowed: dict[str, list[str]], found: set[str]) -> None:
    shown = show(read(tmp_path, CLUSTER + NETWORKS), "networks", **narrowed)
    assert {r.ref for r in shown.rows if r.kind} == found


def test_namespaces_that_are_only_named_are_listed(twin: nw.Twin) -> None:
    found = rows(show(twin, "namespaces"), "namespace")
    assert (found["a"].declared, found["a"].pods, found["a"].policies, found["a"].services) == (True, 4, 2, 3)
    assert "team=red" in found["a"].labels
    assert (found["b"].declared, found["b"].pods, found["b"].per_node, found["b"].line) == (False, 1, 1, 0)


def test_kinds_account_for_every_document(tmp_path: Path) -> None:
    broken = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: ]\n"
    invalid = "---\napiVersion: v1\nkind: Service\nmetadata: {name: UPPER, namespace: a}\nspec: {ports: [{port: 1}]}\n"
    twice = CLUSTER.split("---\n")[1]
    twin = read(tmp_path, CLUSTER + UNREAD + "---\n" + twice + invalid + broken)
    shown = show(twin, "kinds")
    account = twin.accounting
    assert shown.counts == {
        "documents": account.total, "evaluated": account.evaluated, "irrelevant": account.irrelevant,
        "not_understood": account.not_understood, "invalid": account.invalid, "unreadable": account.unreadable,
    }  # fmt: skip
    assert (account.invalid, account.unreadable, account.not_understood, account.irrelevant) == (1, 1, 1, 1)
    assert [r.fate for r in shown.rows][:3] == ["unreadable", "invalid", "not_understood"]  # what needs a look first


def test_namespaces_narrow_every_noun(twin: nw.Twin) -> None:
    for noun in ("workloads", "endpoints", "services", "policies", "isolation", "namespaces"):
        shown = show(twin, noun, namespaces=["b"])
        assert {r.namespace for r in shown.rows} == {"b"}, noun
    assert rows(show(twin, "workloads", references=["ns/a"])).keys() == {"pod/a/one", "deploy/a/two"}
    with pytest.raises(UnknownReference, match="no namespace `c`"):
        show(twin, "workloads", namespaces=["c"])


@pytest.mark.parametrize(
    ("noun", "reference", "found"),
    [
        ("workloads", "a/two", {"deploy/a/two"}),
        ("workloads", "10.1.0.5", {"pod/a/one"}),
        ("workloads", "svc/a/one", {"pod/a/one"}),
        ("workloads", "cidr/10.1.0.0/24", {"pod/a/one"}),
        ("endpoints", "10.96.0.7", {"pod/a/one"}),
        ("endpoints", "fd00::", {"pod/a/one"}),
        ("endpoints", "192.168.0.1", {"node/n1"}),
        ("services", "10.96.0.7", {"svc/a/one"}),
        ("services", "a/one", {"svc/a/one"}),
        ("services", "svc/a/free", {"svc/a/free"}),
        ("policies", "a/two", {"a/all-in"}),
        ("policies", "a/one", {"a/all-in", "a/one-out"}),
        ("policies", "a/one-out", {"a/one-out"}),
        ("policies", "netpol/b/nobody", {"b/nobody"}),
        ("policies", "svc/a/one", {"a/all-in", "a/one-out"}),
    ],
)
def test_references_narrow(twin: nw.Twin, noun: str, reference: str, found: set[str]) -> None:
    assert set(rows(show(twin, noun, references=[reference]))) == found


def test_an_address_that_nobody_has_is_said(twin: nw.Twin) -> None:
    shown = show(twin, "endpoints", references=["10.1.0.99"])
    assert shown.rows == ()
    assert shown.notes == ("no endpoint in the input has `10.1.0.99`; 2 whose addresses are not known may have it",)
    assert show(twin, "endpoints", references=["224.0.0.1"]).notes == ("no endpoint in the input has `224.0.0.1`",)


def test_unknown_words_are_errors(twin: nw.Twin) -> None:
    with pytest.raises(UnknownReference, match="a/nothing"):
        show(twin, "workloads", references=["a/nothing"])
    with pytest.raises(UnknownReference, match="no NetworkPolicy"):
        show(twin, "policies", references=["netpol/a/nothing"])
    with pytest.raises(UsageError, match="takes no reference"):
        show(twin, "kinds", references=["a/one"])
    with pytest.raises(UsageError, match="not a noun"):
        show(twin, "wombats")


def test_exposed_keeps_its_order_and_narrows(twin: nw.Twin, tmp_path: Path) -> None:
    text = CLUSTER.replace("clusterIP: 10.96.0.7, ", "type: NodePort, ")
    open_twin = read(tmp_path, text)
    ways = open_twin.exposed()
    shown = exposed_rows(open_twin, ways)
    assert [r.service for r in shown.rows] == [w.service for w in ways]
    assert "svc/a/one" in {r.service for r in shown.rows}
    only = exposed_rows(open_twin, ways, references=["a/one"])
    assert {r.service for r in only.rows} == {"svc/a/one"}
    assert exposed_rows(open_twin, ways, references=["a/two"]).rows == ()
    assert (
        sum(shown.counts[k] for k in ("open", "open_to_some", "undecided", "closed"))
        == shown.counts["ways"]
        == len(ways)
    )


def test_every_noun_answers_on_an_empty_cluster(tmp_path: Path) -> None:
    twin = read(tmp_path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    for noun in NOUNS:
        shown = exposed_rows(twin, twin.exposed()) if noun == "exposed" else show(twin, noun)
        assert all(n >= 0 for n in shown.counts.values())
        assert tuple(shown.counts) == COUNTS[noun]


RESTING = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle, namespace: a}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: c, image: example/c:1}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: idle-1
  namespace: a
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: idle, uid: x, controller: true}]
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template: {metadata: {labels: {app: idle}}, spec: {containers: [{name: c, image: example/c:1}]}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: b}
spec:
  suspend: true
  schedule: "0 0 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: example/c:1}]}}}}
"""


@pytest.mark.parametrize("noun", ["workloads", "endpoints", "isolation"])
def test_workloads_without_pods_are_told(tmp_path: Path, noun: str) -> None:
    twin = read(tmp_path, RESTING)
    scaled = "1 workload is scaled to zero and has no pods: deploy/a/idle"
    suspended = "1 workload is suspended and has no pods: cronjob/b/nightly"
    assert show(twin, noun).notes == (scaled, suspended)
    assert show(twin, noun, namespaces=["b"]).notes == (suspended,)
    assert (twin.check().resting, twin.check(namespaces=["b"]).resting) == ((scaled, suspended), (suspended,))
    running = RESTING.replace("replicas: 0", "replicas: 1").replace("suspend: true", "suspend: false")
    assert show(read(tmp_path, running), noun).notes == ()


def test_workloads_without_pods_are_no_matter_of_what_is_named(tmp_path: Path) -> None:
    pod = (
        "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: a}\nspec: {containers: [{name: c, image: c}]}\n"
    )
    assert show(read(tmp_path, RESTING + pod), "workloads", references=["a/p"]).notes == ()


BALANCERS = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: a, labels: {app: web}}
spec: {containers: [{name: c, image: example/c:1}]}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: a}
spec: {type: LoadBalancer, allocateLoadBalancerNodePorts: false, selector: {app: web}, ports: [{port: 80}]}
"""
INSIDE = "private address: reached from networks that route to it: svc/a/"


@pytest.mark.parametrize(
    ("change", "private"),
    [
        (("---\napiVersion", "---\nstatus: {loadBalancer: {ingress: [{ip: 10.0.0.9}]}}\napiVersion"), "10.0.0.9"),
        (("---\napiVersion", "---\nstatus: {loadBalancer: {ingress: [{ip: 198.51.100.9}]}}\napiVersion"), ""),
        (("NAME,", "NAME, annotations: {networking.gke.io/load-balancer-type: Internal},"), "by annotation"),
        (("NAME,", "NAME, annotations: {networking.gke.io/load-balancer-type: External},"), ""),
        (
            (
                "{name: NAME, namespace: a}",
                "{name: NAME, namespace: a, annotations: {networking.gke.io/load-balancer-type: Internal}}\n"
                "status: {loadBalancer: {ingress: [{hostname: internal-1.example.com}]}}",
            ),
            "by annotation",
        ),
        (("selector", "externalIPs: [192.168.1.1, fd00::1], selector"), "192.168.1.1, fd00::1"),
        (("selector", "externalIPs: [192.168.1.1, 198.51.100.1], selector"), ""),
        (("NAME", "NAME"), ""),
    ],
)
def test_ways_in_at_private_addresses_say_so(tmp_path: Path, change: tuple[str, str], private: str) -> None:
    twin = read(tmp_path, BALANCERS.replace(*change).replace("NAME", "web"))
    shown = exposed_rows(twin, twin.exposed())
    assert {row.verdict for row in shown.rows} == {"allow"}
    assert {row.private for row in shown.rows} - {""} == ({private} if private else set())
    assert shown.notes == ((f"{INSIDE}web ({private})",) if private else ())


def test_a_policy_that_perhaps_selects_is_not_said_to_do_nothing(tmp_path: Path) -> None:
    """By the hash of a rollout, which the Deployment's own manifest does not hold."""
    (tmp_path / "all.yaml").write_text(
        """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: a}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: i}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: old, namespace: a}
spec:
  podSelector: {matchLabels: {pod-template-hash: abc123}}
""",
        encoding="utf-8",
    )
    twin = nw.load(str(tmp_path))
    [policy] = twin.show("policies").rows
    assert (policy.selects, policy.rules_in) == (1, 0)
    [web] = twin.show("workloads").rows
    assert web.policies == ("old",)


# --- policy maps -------------------------------------------------------


def test_policy_maps_are_listed_under_cilium_the_largest_first() -> None:
    twin = nw.load("examples/shop", cni="cilium:bpf-policy-map-max=256")
    shown = show(twin, "policymaps", namespaces=["shop"])
    rows: Any = shown.rows
    assert {row.namespace for row in rows} == {"shop"}
    assert [row.entries for row in rows] == sorted((row.entries for row in rows), reverse=True)
    assert all(
        row.entries == row.entries_in + row.entries_out and row.percent == 100 * row.entries // 256 for row in rows
    )
    assert shown.counts["policy_maps"] == len(rows)
    assert [row.why_not == () for row in rows] == [row.exact for row in rows]


def test_policy_maps_are_no_matter_of_other_profiles() -> None:
    shown = show(nw.load("examples/shop", cni="upstream"), "policymaps")
    assert shown.rows == ()
    assert "--cni cilium" in shown.notes[-1]
