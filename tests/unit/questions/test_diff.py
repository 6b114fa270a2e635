"""`Twin.diff` on small folders: what opened and closed, and which object's which field did it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import netwright as nw
from netwright.questions.diff import Diffed

NAMESPACES = """\
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ops, labels: {team: ops}}}
"""
WEB = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: web:1, ports: [{containerPort: 8080}]}]}
"""
JOB = """\
apiVersion: v1
kind: Pod
metadata: {name: job, namespace: ops, labels: {app: job}}
spec: {containers: [{name: c, image: job:1}]}
"""
DB = """\
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: db:1, ports: [{containerPort: 5432}]}]}
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  ingress:
    - from:
        - podSelector: {matchLabels: {app: web}}
      ports:
        - port: 5432
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: ClusterIP
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
FILES = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB, "job.yaml": JOB, "np.yaml": POLICY, "svc.yaml": SERVICE}
OF_OPS = "namespaceSelector: {matchLabels: {team: ops}}"
Ask = Callable[..., Diffed]


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str, Mapping[str, str]], str]:
    def write(name: str, files: Mapping[str, str]) -> str:
        made = tmp_path / name
        made.mkdir()
        for file, text in files.items():
            (made / file).write_text(text, encoding="utf-8")
        return str(made)

    return write


@pytest.fixture
def edit(folder: Callable[[str, Mapping[str, str]], str]) -> Ask:
    """The diff of an edit: `old` becomes `new` in one file, once, or the file goes (`new` None)."""

    def edited(file: str, old: str, new: str | None, files: Mapping[str, str] = FILES) -> Diffed:
        assert files[file].count(old) >= 1
        after = {name: text for name, text in files.items() if name != file}
        if new is not None:
            after[file] = files[file].replace(old, new, 1)
        return nw.load(folder("b", after)).diff(nw.load(folder("a", files)))

    return edited


def pairs(listed: object) -> list[tuple[str, str, str, str]]:
    return [(m.source, m.destination, m.opened, m.closed) for m in listed]  # type: ignore[attr-defined]


def causes(found: Diffed) -> list[tuple[str, str]]:
    return [(c.ref, c.change) for c in found.because]


def fields(found: Diffed) -> list[tuple[str, str, str]]:
    return [(f.path, f.old, f.new) for c in found.because for f in c.fields]


# --- pairs ------------------------------------------------------------------------------------------------------------


def test_an_opened_connection_names_the_field_that_opened_it_with_its_line(edit: Ask) -> None:
    found = edit("np.yaml", "podSelector: {matchLabels: {app: web}}", OF_OPS)
    assert pairs(found.opened) == [("pod/ops/job", "pod/shop/db", "TCP 5432", "")]
    assert pairs(found.closed) == [("pod/shop/web", "pod/shop/db", "", "TCP 5432")]
    assert (found.changed, found.undecided, found.exposed) == ((), (), ())
    assert causes(found) == [("NetworkPolicy shop/db", "changed")]
    assert [m.because for m in (*found.opened, *found.closed)] == [(0,), (0,)]
    (cause,) = found.because
    assert cause.before.endswith("a/np.yaml:8:24")
    assert cause.after.endswith("b/np.yaml:8:11")


def test_changed_ports_are_told_as_what_came_and_what_went(edit: Ask) -> None:
    found = edit("np.yaml", "- port: 5432", "- {port: 5432, endPort: 5440}")
    assert pairs(found.changed) == [("pod/shop/web", "pod/shop/db", "TCP 5433-5440", "")]
    (moved,) = found.changed
    assert (moved.was, moved.now) == ("TCP 5432", "TCP 5432-5440")
    assert fields(found) == [("spec.ingress[0].ports[0].endPort", "absent", "5440")]


def test_a_removed_policy_opens_what_it_had_isolated(edit: Ask) -> None:
    found = edit("np.yaml", POLICY, None)
    assert ("pod/ops/job", "pod/shop/db", "TCP; UDP; SCTP", "") in pairs(found.opened)
    assert ("internet", "pod/shop/db", "TCP; UDP; SCTP", "") in pairs(found.opened)
    (changed,) = found.changed
    assert (changed.source, changed.was, changed.now) == ("pod/shop/web", "TCP 5432", "TCP; UDP; SCTP")
    assert causes(found) == [("NetworkPolicy shop/db", "removed")]
    assert found.because[0].before.endswith("np.yaml:1:1")
    assert found.because[0].after == ""


def test_a_removed_workload_closes_all_that_it_had(edit: Ask) -> None:
    found = edit("web.yaml", WEB, None)
    assert {(m.source, m.destination) for m in found.closed} >= {
        ("pod/shop/web", "pod/shop/db"),
        ("internet", "pod/shop/web"),
        ("pod/shop/web", "internet"),
    }
    assert not found.opened
    assert {m.because for m in found.closed} == {(0,)}
    assert causes(found) == [("Pod shop/web", "removed")]


def test_a_relabelled_pod_is_the_cause_of_what_its_label_gave(edit: Ask) -> None:
    found = edit("web.yaml", "labels: {app: web}", "labels: {app: front}")
    assert pairs(found.closed) == [("pod/shop/web", "pod/shop/db", "", "TCP 5432")]
    assert causes(found) == [("Pod shop/web", "changed")]
    assert fields(found) == [("metadata.labels.app", "web", "front")]
    assert found.because[0].after.endswith("web.yaml:3:54")


def test_a_relabelled_namespace_is_the_cause_for_its_pods(edit: Ask) -> None:
    by_team = FILES | {"np.yaml": POLICY.replace("podSelector: {matchLabels: {app: web}}", OF_OPS)}
    found = edit("ns.yaml", "labels: {team: ops}", "labels: {team: other}", by_team)
    assert pairs(found.closed) == [("pod/ops/job", "pod/shop/db", "", "TCP 5432")]
    assert causes(found) == [("Namespace ops", "changed")]
    assert fields(found) == [("metadata.labels.team", "ops", "other")]


def test_a_rule_that_comes_is_told_alone_and_not_with_its_whole_list(edit: Ask) -> None:
    found = edit("np.yaml", "  ingress:\n", f"  ingress:\n    - from: [{{{OF_OPS}}}]\n")
    assert pairs(found.opened) == [("pod/ops/job", "pod/shop/db", "TCP; UDP; SCTP", "")]
    ((path, old, new),) = fields(found)
    assert (path, old) == ("spec.ingress[0]", "absent")
    assert new.startswith('{"from":[{"namespaceSelector":{"matchLabels":{"team":"ops')


def test_what_becomes_undecided_is_neither_opened_nor_closed(edit: Ask) -> None:
    found = edit(
        "np.yaml",
        "podSelector: {matchLabels: {app: web}}",
        "ipBlock: {cidr: 10.0.0.0/8}",
    )
    turned = {(u.source, u.destination): (u.ports, u.was, u.now) for u in found.undecided}
    assert turned["pod/shop/web", "pod/shop/db"] == ("TCP 5432", "allow", "undecided")
    assert turned["pod/ops/job", "pod/shop/db"] == ("TCP 5432", "deny", "undecided")
    assert {m.source.split("/")[0] for m in found.opened} == {"cidr"}
    assert not found.closed
    assert all(u.because == (0,) for u in found.undecided)


def test_a_policy_that_is_not_read_is_the_cause_of_what_it_leaves_open(edit: Ask) -> None:
    unread = "{apiVersion: networking.gke.io/v1, kind: FQDNNetworkPolicy, metadata: {name: c, namespace: ops}}\n"
    found = edit("job.yaml", JOB, f"{JOB}---\n{unread}")
    assert (found.opened, found.closed) == ((), ())
    assert {(u.was, u.now) for u in found.undecided if u.source == "pod/ops/job"} >= {("allow", "undecided")}
    assert {u.because for u in found.undecided} == {(0,)}
    assert [(c.ref, c.change) for c in found.because] == [("FQDNNetworkPolicy ops/c", "added")]


# --- ways in ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_a_service_that_is_offered_to_the_world_is_exposed(edit: Ask, kind: str) -> None:
    found = edit("svc.yaml", "type: ClusterIP", f"type: {kind}")
    way = next(e for e in found.exposed if e.via == kind)
    assert (way.service, way.port, way.was, way.now, way.wider) == ("svc/shop/web", 80, "", "allow", True)
    assert [found.because[i].ref for i in way.because] == ["Service shop/web"]
    assert fields(found) == [("spec.type", "ClusterIP", kind)]
    assert (found.opened, found.closed) == ((), ())


def test_wider_source_ranges_expose_and_narrower_do_not(edit: Ask, folder: Callable[..., str]) -> None:
    def offered(ranges: str) -> dict[str, str]:
        more = f"type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n  loadBalancerSourceRanges: [{ranges}]"
        return FILES | {"svc.yaml": SERVICE.replace("type: ClusterIP", more)}

    narrow = nw.load(folder("narrow", offered("198.51.100.0/24")))
    wide = nw.load(folder("wide", offered("198.51.0.0/16")))
    for before, after, wider in ((narrow, wide, True), (wide, narrow, False)):
        found = after.diff(before)
        (way,) = found.exposed
        assert (way.was, way.now, way.wider) == ("some", "some", wider)
        assert found.fails("exposed") is wider
        assert found.fails("any")
        assert [found.because[i].ref for i in way.because] == ["Service shop/web"]


def test_a_policy_that_closes_a_way_in_is_its_cause(edit: Ask) -> None:
    offered = FILES | {"svc.yaml": SERVICE.replace("ClusterIP", "LoadBalancer")}
    deny = POLICY.replace("name: db", "name: web").replace("app: db", "app: web").partition("  ingress:")[0]
    found = edit("np.yaml", POLICY, f"{POLICY}---\n{deny}", offered)
    closed = [e for e in found.exposed if e.now != "allow"]
    assert {e.was for e in closed} == {"allow"}
    assert not any(e.wider for e in found.exposed)
    assert ("NetworkPolicy shop/web", "added") in causes(found)


# --- nothing ----------------------------------------------------------------------------------------------------------


def test_a_file_that_changed_its_text_alone_is_named_by_its_path_below_the_source(edit: Ask) -> None:
    found = edit("np.yaml", "apiVersion", "# who may ask the database\napiVersion")
    assert found.is_empty
    assert (found.because, found.without_effect, found.quiet_files) == ((), (), ("np.yaml",))


def test_objects_that_changed_and_moved_nothing_are_listed_apart(edit: Ask) -> None:
    found = edit("ns.yaml", "labels: {team: ops}", "labels: {team: other}")
    assert found.is_empty
    assert [c.ref for c in found.without_effect] == ["Namespace ops"]
    assert found.quiet_files == ("ns.yaml",)


def test_a_network_does_not_differ_from_itself(folder: Callable[..., str]) -> None:
    name = folder("a", FILES)
    found = nw.load(name).diff(nw.load(name))
    assert found.is_empty
    assert (found.because, found.without_effect, found.quiet_files) == ((), (), ())
    assert not any(found.fails(on) or found.may_fail(on) for on in ("any", "opened", "exposed", "never"))


def test_the_way_back_mirrors_the_way_there(folder: Callable[..., str]) -> None:
    edited = FILES | {
        "np.yaml": POLICY.replace("app: web", "app: front").replace("5432", "5433"),
        "web.yaml": WEB.replace("labels: {app: web}", "labels: {app: front}"),
        "svc.yaml": SERVICE.replace("ClusterIP", "NodePort"),
        "new.yaml": JOB.replace("name: job", "name: new"),
    }
    before, after = nw.load(folder("a", FILES)), nw.load(folder("b", edited))
    there, back = after.diff(before), before.diff(after)
    mirrored = [(m.source, m.destination, m.closed, m.opened) for m in back.closed]
    assert pairs(there.opened) == mirrored
    assert pairs(there.closed) == [(m.source, m.destination, m.closed, m.opened) for m in back.opened]
    assert pairs(there.changed) == [(m.source, m.destination, m.closed, m.opened) for m in back.changed]
    assert {(e.via, e.was, e.now) for e in there.exposed} == {(e.via, e.now, e.was) for e in back.exposed}
    assert {c.ref for c in there.because} == {c.ref for c in back.because}
    assert there.opened
    assert there.changed or there.closed


def test_another_cni_is_compared_for_nodes_too(tmp_path: Path) -> None:
    """Under `upstream` no policy takes a pod's own node from it; Cilium's `host` is an end as others are."""
    node = (
        "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n"
        "status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}\n"
    )
    pod = WEB.replace("spec: {", "spec: {nodeName: n1, ")
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: web, namespace: shop}\n"
        "spec: {podSelector: {}, policyTypes: [Egress], egress: []}\n"
    )
    for name, text in {"ns.yaml": NAMESPACES, "node.yaml": node, "web.yaml": pod, "np.yaml": policy}.items():
        (tmp_path / name).write_text(text)
    before, after = (nw.load(str(tmp_path), cni=cni) for cni in ("upstream", "cilium"))
    found = after.diff(before)
    assert [(m.source, m.destination) for m in found.closed] == [("pod/shop/web", "node/n1")]
    assert found.opened == ()


# --- what else acts there ---------------------------------------------------------------------------------------------


ADMIN = """\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: adm}
spec: {priority: 5, subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}]}
"""


@pytest.mark.parametrize("cni", ["upstream", "cilium", "calico", "ovn-kubernetes"])
@pytest.mark.parametrize("more", [{}, {"adm.yaml": ADMIN}], ids=["alone", "admin"])
def test_what_acts_at_an_end_and_ends_nothing_is_no_isolation(
    folder: Callable[[str, Mapping[str, str]], str], cni: str, more: dict[str, str]
) -> None:
    old = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB, "np.yaml": POLICY, **more}
    new = {name: text for name, text in old.items() if name != "np.yaml"}
    found = nw.load(folder("b", new), cni=cni).diff(nw.load(folder("a", old), cni=cni))
    assert ("pod/shop/web", "pod/shop/db") in [(m.source, m.destination) for m in found.changed]
    assert causes(found) == [("NetworkPolicy shop/db", "removed")]
    assert {m.because for m in (*found.opened, *found.changed)} == {(0,)}
    assert found.without_effect == ()


def test_an_end_that_another_policy_isolates_is_not_opened_by_the_first(
    folder: Callable[[str, Mapping[str, str]], str],
) -> None:
    """Of two policies with other rules each, the one that goes closes what it allowed, and opens nothing."""
    other = POLICY.replace("name: db, ", "name: other, ").replace("5432", "80")
    old = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB, "np.yaml": POLICY, "other.yaml": other}
    wider = old | {"other.yaml": other.replace("- port: 80", "- {port: 80, endPort: 90}")}
    del wider["np.yaml"]
    found = nw.load(folder("b", wider), cni="cilium").diff(nw.load(folder("a", old), cni="cilium"))
    assert pairs(found.changed) == [("pod/shop/web", "pod/shop/db", "TCP 81-90", "TCP 5432")]
    assert causes(found) == [("NetworkPolicy shop/db", "removed"), ("NetworkPolicy shop/other", "changed")]


def test_a_rule_that_stays_as_it_is_causes_nothing_though_its_policy_changed(
    folder: Callable[[str, Mapping[str, str]], str],
) -> None:
    old = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB, "np.yaml": POLICY, "adm.yaml": ADMIN}
    new = old | {"adm.yaml": ADMIN.replace("priority: 5", "priority: 6")}
    del new["np.yaml"]
    found = nw.load(folder("b", new)).diff(nw.load(folder("a", old)))
    assert causes(found) == [("NetworkPolicy shop/db", "removed")]
    assert [c.ref for c in found.without_effect] == ["AdminNetworkPolicy adm"]


def test_rules_that_change_places_are_a_cause(folder: Callable[[str, Mapping[str, str]], str]) -> None:
    """In one policy, and of two policies by their priorities."""
    rules = ["{action: Allow, from: [{namespaces: {}}]}", "{action: Deny, from: [{namespaces: {}}]}"]
    pods = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB}

    def admin(name: str, priority: int, *rules: str) -> str:
        listed = ADMIN.replace("name: adm", f"name: {name}").replace("priority: 5", f"priority: {priority}")
        return listed.replace("{action: Pass, from: [{namespaces: {}}]}", ", ".join(rules))

    old = nw.load(folder("a", pods | {"adm.yaml": admin("adm", 5, *rules)}))
    new = nw.load(folder("b", pods | {"adm.yaml": admin("adm", 5, *rules[::-1])}))
    found = new.diff(old)
    assert [(m.source, m.destination, m.because) for m in found.closed][:1] == [("pod/shop/db", "pod/shop/web", (0,))]
    beside = pods | {"beside.yaml": admin("beside", 7, rules[1])}
    old = nw.load(folder("c", beside | {"adm.yaml": admin("adm", 5, rules[0])}))
    new = nw.load(folder("d", beside | {"adm.yaml": admin("adm", 9, rules[0])}))
    found = new.diff(old)
    assert causes(found) == [("AdminNetworkPolicy adm", "changed")]
    assert {m.because for m in found.closed} == {(0,)}


def test_a_policy_that_loses_its_only_rule_is_the_cause(edit: Ask) -> None:
    there = edit("np.yaml", POLICY[POLICY.index("  ingress") :], "  policyTypes: [Ingress]\n")
    assert causes(there) == [("NetworkPolicy shop/db", "changed")]
    assert pairs(there.closed) == [("pod/shop/web", "pod/shop/db", "", "TCP 5432")]


NAMED = POLICY.replace("port: 5432", "port: sql")
NAMED_DB = DB.replace("{containerPort: 5432}", "{containerPort: 5432, name: sql}")


def test_a_named_port_causes_nothing_where_other_numbers_moved(
    folder: Callable[[str, Mapping[str, str]], str],
) -> None:
    """Where its rule stays, and where its rule comes but the name has another number than what moved."""
    other = POLICY.replace("name: db, ", "name: other, ").replace("5432", "80")
    selecting = NAMED.replace("matchLabels: {app: db}", "matchExpressions: [{key: app, operator: In, values: [db]}]")
    pods = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": NAMED_DB, "np.yaml": NAMED}
    old, new = nw.load(folder("a", pods)), nw.load(folder("b", pods | {"np.yaml": selecting, "other.yaml": other}))
    found = new.diff(old)
    assert pairs(found.changed) == [("pod/shop/web", "pod/shop/db", "TCP 80", "")]
    assert causes(found) == [("NetworkPolicy shop/other", "added")]
    again = NAMED.replace("name: db, ", "name: again, ")
    found = nw.load(folder("c", pods | {"again.yaml": again, "other.yaml": other})).diff(old)
    assert pairs(found.changed) == [("pod/shop/web", "pod/shop/db", "TCP 80", "")]
    assert causes(found) == [("NetworkPolicy shop/other", "added")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("labels: {app: db}", "labels: {app: db, version: '2'}"),
        ("containerPort: 5432", "containerPort: 5432, name: sql"),
        ("image: db:1", "image: db:2"),
    ],
)
def test_what_no_rule_looks_at_is_no_cause(folder: Callable[[str, Mapping[str, str]], str], old: str, new: str) -> None:
    files = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": DB, "np.yaml": POLICY}
    after = files | {"db.yaml": DB.replace(old, new), "ns.yaml": NAMESPACES.replace("team: shop", "team: shop, a: b")}
    after["np.yaml"] = POLICY.replace("port: 5432", "port: 5433")
    found = nw.load(folder("b", after)).diff(nw.load(folder("a", files)))
    assert pairs(found.changed) == [("pod/shop/web", "pod/shop/db", "TCP 5433", "TCP 5432")]
    assert causes(found) == [("NetworkPolicy shop/db", "changed")]


def test_an_object_is_a_cause_where_rules_see_its_fields(folder: Callable[[str, Mapping[str, str]], str]) -> None:
    """A named port with another number, and of pod and namespace the one whose label a rule looks at."""
    files = {"ns.yaml": NAMESPACES, "web.yaml": WEB, "db.yaml": NAMED_DB, "np.yaml": NAMED}
    named = files | {"db.yaml": NAMED_DB.replace("5432", "5433")}
    before = nw.load(folder("a", files))
    assert causes(nw.load(folder("b", named)).diff(before)) == [("Pod shop/db", "changed")]
    labelled = NAMESPACES.replace("team: shop", "team: other")
    of_team = POLICY.replace(
        "- podSelector: {matchLabels: {app: web}}", "- namespaceSelector: {matchLabels: {team: shop}}"
    )
    both = files | {"ns.yaml": labelled, "web.yaml": WEB.replace("app: web", "app: web, v: '2'"), "np.yaml": of_team}
    before = nw.load(folder("c", files | {"np.yaml": of_team}))
    found = nw.load(folder("d", both)).diff(before)
    assert pairs(found.closed) == [("pod/shop/web", "pod/shop/db", "", "TCP 5432")]
    assert causes(found) == [("Namespace shop", "changed")]


# --- nodes ------------------------------------------------------------------------------------------------------------

NODE = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.0.2.1}, {type: Hostname, address: n1}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("192.0.2.1}", "192.0.2.9}", "status.addresses[0].address"),
        (", {type: Hostname, address: n1}", "", "status.addresses"),
        ("{name: n1}", "{name: n1, labels: {a: b}}", "metadata.labels"),
    ],
)
def test_a_node_that_changes_is_told_and_its_connections_are_left_out(
    tmp_path: Path, old: str, new: str, path: str
) -> None:
    twins = []
    for name, text in (("before", NODE), ("after", NODE.replace(old, new))):
        folder = tmp_path / name
        folder.mkdir()
        for file, held in {**FILES, "node.yaml": text}.items():
            (folder / file).write_text(held, encoding="utf-8")
        twins.append(nw.load(str(folder)))
    found = twins[1].diff(twins[0])
    assert found.is_empty
    assert found.left_out == ("1 node: `why node/NAME DST` on either side asks about one",)
    (node,) = found.nodes
    assert (node.ref, node.change, [f.path for f in node.fields]) == ("Node n1", "changed", [path])
    assert "/after/node.yaml:" in node.place
    assert (found.without_effect, found.quiet_files) == ((), ())
    plain = twins[0].diff(twins[0])
    assert (plain.left_out, plain.nodes) == (found.left_out, ())


def test_where_there_is_no_node_none_is_left_out(edit: Ask) -> None:
    found = edit("np.yaml", "5432", "5433")
    assert (found.left_out, found.nodes) == ((), ())


def test_under_two_profiles_nodes_are_ends_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text("---\n".join((*FILES.values(), NODE)), encoding="utf-8")
    upstream, cilium = (nw.load(str(tmp_path / "all.yaml"), cni=name) for name in ("upstream", "cilium"))
    found = cilium.diff(upstream)
    assert found.left_out == ()
