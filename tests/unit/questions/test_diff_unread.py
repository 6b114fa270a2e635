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
