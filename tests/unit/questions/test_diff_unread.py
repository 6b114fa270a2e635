"""What a difference says where part of either input cannot be read: nothing for sure of what may stand there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import netwright as nw
from netwright.questions.diff import Diffed
from netwright.twin import Twin


def deployment(name: str, port: int, namespace: str = "shop") -> str:
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: {namespace}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: c:1, ports: [{{containerPort: {port}}}]}}]}}
"""


SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: db
  namespace: shop
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
"""
FILES = {"db.yaml": deployment("db", 5432), "web.yaml": deployment("web", 8080), "svc.yaml": SERVICE}
BROKEN = "  x: [\n"
Load = Callable[[str, Mapping[str, str]], Twin]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(name: str, files: Mapping[str, str]) -> Twin:
        folder = tmp_path / name
        folder.mkdir()
        for file, text in files.items():
            (folder / file).parent.mkdir(exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
        return nw.load(str(folder))

    return loaded


def breaking(*names: str, files: Mapping[str, str] = FILES) -> dict[str, str]:
    return {name: text + (BROKEN if name in names else "") for name, text in files.items()}


def without(*names: str) -> dict[str, str]:
    return {name: text for name, text in FILES.items() if name not in names}


def sure(found: Diffed) -> list[object]:
    return [*found.opened, *found.closed, *found.changed, *(e for e in found.exposed if e.is_sure)]


def causes(found: Diffed) -> set[tuple[str, str]]:
    return {(c.ref, c.change) for c in found.because}


@pytest.mark.parametrize("file", ["web.yaml", "svc.yaml"])
def test_what_an_unreadable_file_may_hold_is_undecided_and_the_file_its_cause(load: Load, file: str) -> None:
    whole, broken = load("a", FILES), load("b", breaking(file))
    for found, was, now in (
        (broken.diff(whole), "allow", "undecided"),
        (whole.diff(broken), "undecided", "allow"),
    ):
        assert sure(found) == []
        assert {(e.service, e.was, e.now) for e in found.exposed} == {("svc/shop/web", was, now)}
        assert {(u.was, u.now) for u in found.undecided} == ({(was, now)} if file == "web.yaml" else set())
        assert causes(found) == {(f"file {file}", "unreadable")}
        assert all(one.because == (0,) for one in (*found.exposed, *found.undecided))
        (cause,) = found.because
        place = cause.after if was == "allow" else cause.before
        assert place.startswith(str(Path(place).parent))
        assert place.rsplit("/", 1)[1].startswith(f"{file}:")
        assert cause.note.startswith("NW1001: not valid YAML")
        assert (found.without_effect, found.quiet_files, found.unread) == ((), (), (cause,))
        assert not found.is_known


def test_what_readers_read_differently_may_differ_and_its_file_is_the_cause(load: Load) -> None:
    block = "spec:\n  ingress: [{from: [{ipBlock: {cidr: 010.9.9.0/24}}]}]"
    odd = POLICY.replace("spec:", block)
    plain = load("plain", {**FILES, "np.yaml": odd.replace("010.", "10.")})
    zeros = load("zeros", {**FILES, "np.yaml": odd})
    for found, was, now in ((zeros.diff(plain), "deny", "undecided"), (plain.diff(zeros), "undecided", "deny")):
        assert sure(found) == []
        assert (was, now) in {(u.was, u.now) for u in found.undecided if u.destination == "deploy/shop/db"}
        assert ("file np.yaml", "unreadable") in causes(found)
        assert not found.is_known
    assert zeros.diff(zeros).is_known
    other = load("other", {**FILES, "np.yaml": odd.replace("010.", "011.")})
    assert other.diff(zeros).quiet_files == (), "it is not known to be without effect"


def test_where_nothing_can_be_read_nothing_is_known(load: Load) -> None:
    found = load("b", breaking(*FILES)).diff(load("a", FILES))
    assert sure(found) == []
    ends = {end for u in found.undecided for end in (u.source, u.destination)}
    assert {"deploy/shop/db", "deploy/shop/web"} <= ends
    assert causes(found) == {(f"file {name}", "unreadable") for name in FILES}
    assert found.quiet_files == ()


def test_two_inputs_of_which_nothing_is_read_are_not_the_same(load: Load) -> None:
    found = load("b", {"x.yaml": "b: ["}).diff(load("a", {"x.yaml": "a: ["}))
    assert found.is_empty
    assert not found.is_known
    assert [c.name for c in found.unread] == ["x.yaml"]
    assert found.quiet_files == ()


def test_an_unreadable_input_does_not_differ_from_itself(load: Load) -> None:
    found = load("b", breaking("web.yaml")).diff(load("a", breaking("web.yaml")))
    assert found.is_empty
    assert found.is_known
    assert found.unread == ()


def test_what_an_unreadable_text_cannot_be_is_decided(load: Load) -> None:
    """Another kind, or another namespace, than that of what went."""
    elsewhere = {"other.yaml": deployment("other", 80, "bank") + BROKEN}
    settings = {"other.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: shop\n{BROKEN}"}
    before = load("a", FILES)
    for name, more in (("elsewhere", elsewhere), ("settings", settings)):
        found = load(name, {**without("web.yaml"), **more}).diff(before)
        assert ("internet", "deploy/shop/web") in {(m.source, m.destination) for m in found.closed}
        assert causes(found) == {("Deployment shop/web", "removed")}
    assert found.is_known, "a ConfigMap changes no verdict"


def test_what_went_may_be_in_an_unreadable_text_of_another_name(load: Load) -> None:
    found = load("b", {**without("web.yaml"), "new.yaml": FILES["web.yaml"] + BROKEN}).diff(load("a", FILES))
    assert sure(found) == []
    assert causes(found) == {("file new.yaml", "unreadable")}


def test_a_policy_that_cannot_be_read_is_the_cause_of_what_it_leaves_open(load: Load) -> None:
    files = {**FILES, "np.yaml": POLICY}
    found = load("b", breaking("np.yaml", files=files)).diff(load("a", files))
    assert sure(found) == []
    assert found.undecided
    assert causes(found) == {("file np.yaml", "unreadable")}
    assert all(u.because == (0,) for u in found.undecided)


def test_another_change_beside_what_cannot_be_read_keeps_its_cause(load: Load) -> None:
    bank = {"bank.yaml": deployment("till", 80, "bank")}
    found = load("b", breaking("web.yaml")).diff(load("a", {**FILES, **bank}))
    assert {(m.source, m.destination) for m in found.closed} >= {("deploy/shop/db", "deploy/bank/till")}
    (moved,) = [m for m in found.closed if (m.source, m.destination) == ("deploy/shop/db", "deploy/bank/till")]
    assert [found.because[i].ref for i in moved.because] == ["Deployment bank/till"]


def test_the_pods_of_a_dump_may_be_made_by_a_template_that_cannot_be_read(load: Load) -> None:
    pod = """\
apiVersion: v1
kind: Pod
metadata:
  name: web-7f9-abcde
  namespace: shop
  labels: {app: web, pod-template-hash: 7f9}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7f9, uid: x, controller: true}]
spec: {containers: [{name: c, image: c:1}]}
"""
    before = load("a", {"pod.yaml": pod, "db.yaml": FILES["db.yaml"]})
    assert "deploy/shop/web" in {w.ref for w in before.cluster.workloads}
    found = load("b", {"web.yaml": FILES["web.yaml"] + BROKEN, "db.yaml": FILES["db.yaml"]}).diff(before)
    assert sure(found) == []
    assert ("file web.yaml", "unreadable") in causes(found)


# --- what a readable name rules out ---

OTHER = "other.yaml"


def other(name: str = "other", namespace: str = "shop") -> dict[str, str]:
    """A Deployment that cannot be read but for its name."""
    return {OTHER: deployment(name, 80, namespace) + BROKEN}


def test_what_went_is_not_in_an_unreadable_text_that_names_another_object(load: Load) -> None:
    before = load("a", {**FILES, **other()})
    found = load("b", {**without("web.yaml"), **other()}).diff(before)
    assert ("internet", "deploy/shop/web") in {(m.source, m.destination) for m in found.closed}
    assert found.undecided == ()
    assert {found.because[i].ref for m in found.closed for i in m.because} == {"Deployment shop/web"}
    assert {(e.was, e.now) for e in found.exposed} == {("allow", "undecided")}, "its pods may be behind the Service"
    assert [(c.name, c.change) for c in found.unread] == [(OTHER, "unreadable")], "it may hide another difference"
    back = before.diff(load("c", {**without("web.yaml"), **other()}))
    assert ("internet", "deploy/shop/web") in {(m.source, m.destination) for m in back.opened}
    assert {back.because[i].ref for m in back.opened for i in m.because} == {"Deployment shop/web"}


def test_a_copy_of_what_went_may_stand_in_an_unreadable_text_that_is_the_same_on_both_sides(load: Load) -> None:
    """Equal bytes hold equal objects, and one of them may be the one that stood elsewhere too."""
    for number, broken in enumerate(
        (
            other("web"),
            {OTHER: "kind: Deployment\nmetadata:\n  namespace: shop\nspec: [\n"},
            {OTHER: "kind: Deployment\nspec: [\nmetadata:\n  namespace: shop\n  name: we"},
            {OTHER: "kind: Deployment\nmetadata: {name: other, namespace: shop\n"},
            {OTHER: '{"kind": "Deployment", "metadata": {"namespace": "shop", "name": "we'},
            {OTHER: "x: [\n"},
        )
    ):
        before = load(f"a{number}", {**FILES, **broken})
        found = load(f"b{number}", {**without("web.yaml"), **broken}).diff(before)
        assert sure(found) == [], broken
        assert causes(found) == {(f"file {OTHER}", "unreadable")}, broken
    json = {OTHER: '{"kind": "Deployment", "metadata": {"namespace": "shop", "name": "other"}, '}
    found = load("d", {**without("web.yaml"), **json}).diff(load("c", {**FILES, **json}))
    assert {found.because[i].ref for m in found.closed for i in m.because} == {"Deployment shop/web"}


def test_a_pod_of_another_name_may_have_taken_the_place_of_one_that_went(load: Load) -> None:
    pod = """\
apiVersion: v1
kind: Pod
metadata:
  name: web-7f9-abcde
  namespace: shop
  labels: {app: web, pod-template-hash: 7f9}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7f9, uid: x, controller: true}]
spec: {containers: [{name: c, image: c:1}]}
"""
    before = load("a", {"pod.yaml": pod, "db.yaml": FILES["db.yaml"]})
    new = {"new.yaml": pod.replace("abcde", "fghij") + BROKEN, "db.yaml": FILES["db.yaml"]}
    found = load("b", new).diff(before)
    assert sure(found) == []
    assert causes(found) == {("file new.yaml", "unreadable")}
    alone = "\n".join(line for line in pod.splitlines() if "ownerReferences" not in line) + "\n"
    before = load("c", {"pod.yaml": alone, "db.yaml": FILES["db.yaml"]})
    new = {"new.yaml": alone.replace("abcde", "fghij") + BROKEN, "db.yaml": FILES["db.yaml"]}
    found = load("d", new).diff(before)
    assert ("internet", "pod/shop/web-7f9-abcde") in {(m.source, m.destination) for m in found.closed}


def test_the_pods_of_a_dump_are_not_made_by_a_template_that_names_another_workload(load: Load) -> None:
    pod = """\
apiVersion: v1
kind: Pod
metadata:
  name: web-7f9-abcde
  namespace: shop
  labels: {app: web, pod-template-hash: 7f9}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7f9, uid: x, controller: true}]
spec: {containers: [{name: c, image: c:1}]}
"""
    before = load("a", {"pod.yaml": pod, "db.yaml": FILES["db.yaml"]})
    found = load("b", {**other(), "db.yaml": FILES["db.yaml"]}).diff(before)
    assert ("internet", "deploy/shop/web") in {(m.source, m.destination) for m in found.closed}
    assert causes(found) == {("Pod shop/web-7f9-abcde", "removed")}


WAY = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ctl, namespace: edge}
spec:
  selector: {matchLabels: {app: ctl}}
  template:
    metadata: {labels: {app: ctl, app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}}
    spec: {containers: [{name: c, image: c:1, ports: [{containerPort: 80}]}]}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx}
spec: {controller: k8s.io/ingress-nginx}
---
apiVersion: v1
kind: Service
metadata: {name: ctl, namespace: edge}
spec: {type: LoadBalancer, selector: {app: ctl}, ports: [{port: 80}]}
"""
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  defaultBackend: {service: {name: web, port: {number: 80}}}
"""


@pytest.mark.parametrize(
    ("gone", "text", "now"),
    [("ingress.yaml", INGRESS, "undecided"), ("svc.yaml", SERVICE, "deny")],
    ids=["way", "Service"],
)
def test_a_way_in_may_lead_through_an_unreadable_object_of_another_name_but_to_its_own_service(
    load: Load, gone: str, text: str, now: str
) -> None:
    inner = SERVICE.replace("  type: LoadBalancer\n", "")
    files = {**FILES, "svc.yaml": inner, "way.yaml": WAY, "ingress.yaml": INGRESS}
    more = {"more.yaml": text.replace("name: web\n  namespace", "name: more\n  namespace") + BROKEN}
    whole = load("a", {**files, **more})
    less = load("b", {**{name: held for name, held in files.items() if name != gone}, **more})
    for found, seen in ((less.diff(whole), ("allow", now)), (whole.diff(less), (now, "allow"))):
        (way,) = [e for e in found.exposed if (e.service, e.via) == ("svc/shop/web", "Ingress")]
        assert (way.was, way.now) == seen
        assert ("file more.yaml" in {found.because[i].ref for i in way.because}) == (now == "undecided")


# --- what is not rendered, not evaluated, or refused ---

KUSTOMIZATION = "resources: [db.yaml, web.yaml]\n"
PATCHES = KUSTOMIZATION + "patches: [{path: patch.yaml, target: {kind: Deployment}}]\n"
PATCH = "- {op: replace, path: /spec/replicas, value: 0}\n"
HINT = "`--kustomize` renders it"


@pytest.mark.parametrize(
    ("before", "after", "unread"),
    [
        ({}, {"kustomization.yaml": KUSTOMIZATION}, ["kustomization.yaml"]),
        ({"kustomization.yaml": KUSTOMIZATION}, {"kustomization.yaml": PATCHES}, ["kustomization.yaml"]),
        (
            {"kustomization.yaml": PATCHES, "patch.yaml": PATCH},
            {"kustomization.yaml": PATCHES, "patch.yaml": PATCH.replace("0", "1")},
            ["patch.yaml"],
        ),
        (
            {"o/kustomization.yaml": PATCHES, "o/patch.yaml": PATCH, "patch.yaml": PATCH},
            {"o/kustomization.yaml": PATCHES, "o/patch.yaml": "[]\n", "patch.yaml": "[]\n"},
            ["o/patch.yaml"],
        ),
    ],
    ids=["comes", "changes", "patch", "patch of that folder"],
)
def test_a_kustomization_that_is_not_rendered_and_differs_may_hide_a_difference(
    load: Load, before: Mapping[str, str], after: Mapping[str, str], unread: list[str]
) -> None:
    found = load("b", {**FILES, **after}).diff(load("a", {**FILES, **before}))
    assert found.is_empty
    assert [(c.kind, c.name, c.change) for c in found.unread] == [("file", name, "unreadable") for name in unread]
    assert all(c.note.startswith("NW1004: ") and c.note.endswith(HINT) and c.place for c in found.unread)
    assert not {*found.quiet_files} & {*unread}


def test_a_kustomization_that_differs_in_nothing_of_the_network_hides_nothing(load: Load) -> None:
    before = {**FILES, "kustomization.yaml": KUSTOMIZATION}
    more = {
        "same": {"kustomization.yaml": KUSTOMIZATION},
        "image": {"kustomization.yaml": f"# mine\n{KUSTOMIZATION}images: [{{name: c, newTag: '2'}}]\n"},
        "resource": {"db.yaml": FILES["db.yaml"].replace("c:1", "c:2")},
        "beside": {"values.yaml": "a: 1\n"},
    }
    for name, files in more.items():
        found = load(name, {**before, **files}).diff(load(f"before-{name}", before))
        assert found.is_empty, name
        assert found.is_known, name


ANTREA = """\
apiVersion: crd.antrea.io/v1beta1
kind: ClusterNetworkPolicy
metadata: {name: x}
spec: {priority: 5, tier: emergency, appliedTo: [{podSelector: {}}], ingress: [{action: Drop}]}
"""


def test_an_object_of_a_kind_that_is_not_evaluated_is_the_cause_of_what_it_leaves_open(load: Load) -> None:
    without_it, with_it = load("a", FILES), load("b", {**FILES, "x.yaml": ANTREA})
    for found, change in ((with_it.diff(without_it), "added"), (without_it.diff(with_it), "removed")):
        assert sure(found) == []
        assert found.undecided
        assert all(one.because == (0,) for one in (*found.undecided, *found.exposed))
        (cause,) = found.because
        assert (cause.ref, cause.change) == ("ClusterNetworkPolicy x", change)
        assert cause.place.endswith("/b/x.yaml:1:1")
        assert cause.note == "NW1008: ClusterNetworkPolicy (crd.antrea.io/v1beta1) is not evaluated yet"
        assert (found.unread, found.quiet_files, found.without_effect) == ((), (), ())


@pytest.mark.parametrize(
    ("file", "text", "change", "fields"),
    [
        ("x.yaml", ANTREA.replace("Drop", "Allow"), "changed", ["spec.ingress[0].action"]),
        ("y.yaml", ANTREA.replace("name: x", "name: y"), "added", []),
    ],
)
def test_an_object_of_a_kind_that_is_not_evaluated_may_hide_a_difference_where_all_is_open(
    load: Load, file: str, text: str, change: str, fields: list[str]
) -> None:
    before = {**FILES, "x.yaml": ANTREA}
    found = load("b", {**before, file: text}).diff(load("a", before))
    assert found.is_empty
    (one,) = found.unread
    assert (one.kind, one.change, [f.path for f in one.fields]) == ("ClusterNetworkPolicy", change, fields)
    assert (found.without_effect, found.quiet_files) == ((), ())


def test_what_an_object_of_a_kind_that_is_not_evaluated_says_beside_its_spec_hides_nothing(load: Load) -> None:
    text = ANTREA.replace("{name: x}", "{name: x, resourceVersion: '2'}") + "status: {phase: Realized}\n"
    found = load("b", {**FILES, "x.yaml": text}).diff(load("a", {**FILES, "x.yaml": ANTREA}))
    assert found.is_known
    assert found.quiet_files == ("x.yaml",)


OF_CILIUM = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: x, namespace: shop}
spec: {endpointSelector: {}, ingress: [{}]}
"""


def test_a_policy_that_is_none_of_the_profile_is_the_cause_of_what_it_leaves_open(tmp_path: Path) -> None:
    (tmp_path / "files.yaml").write_text("---\n".join(FILES.values()), encoding="utf-8")
    texts = {"none": "# nothing\n", "one": OF_CILIUM, "other": OF_CILIUM.replace("ingress:", "ingressDeny:")}
    twins = {}
    for name, text in texts.items():
        folder = tmp_path / name
        folder.mkdir()
        (folder / "x.yaml").write_text(text, encoding="utf-8")
        twins[name] = nw.load(str(tmp_path / "files.yaml"), str(folder), cni="upstream")
    for found, change in (
        (twins["one"].diff(twins["none"]), "added"),
        (twins["none"].diff(twins["one"]), "removed"),
    ):
        assert found.undecided
        assert all(one.because == (0,) for one in (*found.undecided, *found.exposed))
        (cause,) = found.because
        assert (cause.ref, cause.change) == ("CiliumNetworkPolicy shop/x", change)
        assert cause.note == "CiliumNetworkPolicy `shop/x` is no policy of the profile `upstream`"
        assert (found.unread, found.without_effect) == ((), ())
    found = twins["other"].diff(twins["one"])
    assert found.is_empty
    assert [(c.ref, c.change) for c in found.unread] == [("CiliumNetworkPolicy shop/x", "changed")]
    assert (found.without_effect, found.quiet_files) == ((), ())


REFUSED = POLICY + "  ingress: [{ports: [{port: http, endPort: 9000}]}]\n"
WHY = "NW1007: `spec.ingress[0].ports[0].endPort` needs a `port` that is a number; it is the name `http`"


def test_an_object_that_the_api_server_would_refuse_is_refused_and_not_removed(load: Load) -> None:
    files = {**FILES, "np.yaml": POLICY}
    taken, refused = load("a", files), load("b", {**files, "np.yaml": REFUSED})
    for found, moved, became in (
        (refused.diff(taken), "opened", "is refused"),
        (taken.diff(refused), "closed", "was refused"),
    ):
        assert all(m.because == (0,) for m in getattr(found, moved))
        (cause,) = found.because
        assert (cause.ref, cause.change, cause.became) == ("NetworkPolicy shop/db", "refused", became)
        assert cause.place.rpartition("/b/")[2] == "np.yaml:9:44"
        assert cause.note == WHY
        assert found.unread == (cause,)
        assert (found.without_effect, found.quiet_files) == ((), ())


def test_what_is_refused_on_both_sides_may_hide_a_difference_where_it_differs(load: Load) -> None:
    before = load("a", {**FILES, "np.yaml": REFUSED})
    assert load("same", {**FILES, "np.yaml": f"# mine\n{REFUSED}"}).diff(before).is_known
    found = load("other", {**FILES, "np.yaml": REFUSED.replace("9000", "9001")}).diff(before)
    assert found.is_empty
    assert [(c.ref, c.change) for c in found.unread] == [("NetworkPolicy shop/db", "refused")]
