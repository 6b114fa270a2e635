"""Services that lead elsewhere: by name clients get to other endpoints, though no pair of endpoints differs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.questions.diff import Diffed
from netwright.questions.diff.services import ServiceChange
from netwright.twin import Twin


def workload(name: str, port: int = 8080, *, kind: str = "Deployment", more: str = "", named: str = "") -> str:
    ports = f"ports: [{{{f'name: {named}, ' if named else ''}containerPort: {port}}}]"
    return f"""\
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: shop}}
spec:
  {more}selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: x, {ports}}}]}}
"""


def service(app: str = "web", target: int | str = 8080, more: str = "") -> str:
    return f"""\
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec:
  {more}selector: {{app: {app}}}
  ports: [{{port: 80, targetPort: {target}}}]
"""


def policy(app: str, peer: str = "", port: int = 8080) -> str:
    rules = f"ingress: [{{from: [{{podSelector: {{matchLabels: {{app: {peer}}}}}}}], ports: [{{port: {port}}}]}}]"
    return f"""\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {app}, namespace: shop}}
spec: {{podSelector: {{matchLabels: {{app: {app}}}}}, {rules if peer else "policyTypes: [Ingress]"}}}
"""


WEB, DB, CLIENT = workload("web"), workload("db"), workload("client")
ALL = (WEB, DB, CLIENT)
Texts = tuple[str, ...]
Compare = Callable[[Texts, Texts], Diffed]


def mirrored(s: ServiceChange) -> tuple[object, ...]:
    return s.service, s.port, s.protocol, s.now, s.was, s.ends, s.ended, s.closed, s.opened, s.surely


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """The difference of two sets of manifests; the one back is its mirror, and either differs in nothing from
    itself."""

    def compared(before: Texts, after: Texts) -> Diffed:
        twins: list[Twin] = []
        for name, texts in (("a", before), ("b", after)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "x.yaml").write_text("---\n".join(texts), encoding="utf-8")
            twins.append(nw.load(str(tmp_path / name)))
        there, back = twins[1].diff(twins[0]), twins[0].diff(twins[1])
        told = [(s.service, s.port, s.protocol, s.was, s.now, s.ended, s.ends, s.opened, s.closed, s.surely)
                for s in there.services]  # fmt: skip
        assert told == [mirrored(s) for s in back.services]
        assert there.is_empty is back.is_empty
        assert all(twin.diff(nw.load(str(tmp_path / name))).is_empty for twin, name in zip(twins, "ab", strict=True))
        return there

    return compared


def only(found: Diffed) -> ServiceChange:
    (one,) = found.services
    return one


def causes(found: Diffed) -> list[str]:
    return [found.because[i].ref for i in only(found).because]


@pytest.mark.parametrize(
    ("after", "ends", "opened", "now"),
    [
        (service("db"), ("deploy/shop/db:8080",), ("deploy/shop/db:8080",), "some"),
        (service("wbe"), (), (), "deny"),
        (service("web", 9090), ("deploy/shop/web:9090",), ("deploy/shop/web:9090",), "some"),
    ],
)
def test_a_service_that_leads_elsewhere_is_told_with_both_ends(
    compare: Compare, after: str, ends: Texts, opened: Texts, now: str
) -> None:
    found = compare((*ALL, service()), (*ALL, after))
    one = only(found)
    assert (one.service, one.port, one.protocol) == ("svc/shop/web", 80, "TCP")
    assert (one.was, one.now, one.ended, one.ends) == ("some", now, ("deploy/shop/web:8080",), ends)
    assert (one.opened, one.closed, one.surely) == (opened, ("deploy/shop/web:8080",), True)
    assert causes(found) == ["Service shop/web"]
    assert found.because[0].after.endswith(("x.yaml:32:19", "x.yaml:33:34"))
    assert (found.without_effect, found.quiet_files) == ((), ())
    assert [found.fails(sort) for sort in ("any", "opened", "exposed", "never")] == [True, bool(opened), False, False]


def test_a_service_that_comes_or_goes_is_told(compare: Compare) -> None:
    came = only(compare(ALL, (*ALL, service())))
    assert (came.was, came.now, came.ended, came.ends) == ("", "some", (), ("deploy/shop/web:8080",))
    assert came.opened == came.ends


def test_a_service_that_comes_and_leads_nowhere_is_none(compare: Compare) -> None:
    found = compare(ALL, (*ALL, service("wbe")))
    assert found.services == ()
    assert [c.ref for c in found.without_effect] == ["Service shop/web"]


def test_the_workload_that_a_service_selects_no_more_is_the_cause(compare: Compare) -> None:
    found = compare((*ALL, service()), (WEB.replace("app: web", "app: wbe"), DB, CLIENT, service()))
    assert causes(found) == ["Deployment shop/web"]
    assert not only(found).ends


def test_a_workload_beside_the_service_that_only_changed_something_else_is_no_cause(compare: Compare) -> None:
    scaled = workload("web", more="replicas: 3\n  ")
    assert causes(compare((*ALL, service()), (scaled, DB, CLIENT, service("db")))) == ["Service shop/web"]


def test_a_named_port_with_another_number_leads_elsewhere(compare: Compare) -> None:
    before, after = (workload("web", number, named="http") for number in (8080, 9090))
    found = compare((before, CLIENT, service(target="http")), (after, CLIENT, service(target="http")))
    assert (only(found).ended, only(found).ends) == (("deploy/shop/web:8080",), ("deploy/shop/web:9090",))
    assert causes(found) == ["Deployment shop/web"]


def test_where_policy_admits_no_client_nothing_opens(compare: Compare) -> None:
    """It leads elsewhere all the same."""
    shut = (policy("web"), policy("db"))
    found = compare((*ALL, *shut, service()), (*ALL, *shut, service("db")))
    one = only(found)
    assert (one.was, one.now, one.opened, one.closed) == ("deny", "deny", (), ())
    assert (found.fails("any"), found.fails("opened"), found.may_fail("opened")) == (True, False, False)


def test_it_opens_where_one_client_is_admitted_at_the_port_behind_it(compare: Compare) -> None:
    many = tuple(workload(f"other{i}") for i in range(20))
    before = (*many, WEB, DB, CLIENT, policy("db", "client"), service())
    assert only(compare(before, (*before[:-1], service("db")))).opened == ("deploy/shop/db:8080",)
    elsewhere = (*many, WEB, DB, CLIENT, policy("db", "client", 5432), service())
    found = compare(elsewhere, (*elsewhere[:-1], service("db")))
    assert (only(found).now, only(found).opened) == ("deny", ())
    egress = policy("client").replace("Ingress", "Egress")
    one = only(compare((*before, egress), (*before[:-1], service("db"), egress)))
    assert (one.now, one.opened) == ("deny", ()), "the client may not leave"


def test_a_client_of_which_it_is_open_whether_it_passes_leaves_open_whether_it_opens(compare: Compare) -> None:
    block = policy("db", "client").replace("podSelector: {matchLabels: {app: client}}", "ipBlock: {cidr: 10.0.0.0/8}")
    found = compare((*ALL, block, service()), (*ALL, block, service("db")))
    one = only(found)
    assert (one.was, one.now, one.opened, one.surely) == ("some", "undecided", (), True)
    assert (found.fails("any"), found.fails("opened"), found.may_fail("opened")) == (True, False, True)


def test_one_end_more_opens_and_one_less_closes(compare: Compare) -> None:
    both = [text.replace("labels: {app", "labels: {all: x, app") for text in (WEB, DB)]
    named = service().replace("app: web", "all: x")
    found = compare((both[0], DB, CLIENT, named), (*both, CLIENT, named))
    one = only(found)
    assert (one.ended, one.ends) == (("deploy/shop/web:8080",), ("deploy/shop/web:8080", "deploy/shop/db:8080"))
    assert (one.was, one.now, one.opened, one.closed) == ("some", "some", ("deploy/shop/db:8080",), ())
    assert causes(found) == ["Deployment shop/db"]


def test_a_service_for_another_pod_of_a_stateful_set_leads_elsewhere(compare: Compare) -> None:
    db = workload("db", kind="StatefulSet", more="replicas: 2\n  ")
    primary = [service().replace("app: web", f"statefulset.kubernetes.io/pod-name: db-{i}") for i in (0, 1)]
    second = primary[0].replace("name: web", "name: other").replace("db-0", "db-1")
    one = only(compare((db, CLIENT, primary[0], second), (db, CLIENT, primary[1], second)))
    assert (one.ended, one.ends) == (("pod/shop/db-0:8080",), ("pod/shop/db-1:8080",))


def pod(name: str) -> str:
    return f"""\
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
  labels: {{app: web}}
  ownerReferences: [{{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d, controller: true, uid: u}}]
spec: {{containers: [{{name: c, image: x}}]}}
"""


def test_other_pods_of_the_same_workload_are_no_difference(compare: Compare) -> None:
    found = compare((pod("web-1"), pod("web-2"), service()), (pod("web-2"), pod("web-3"), pod("web-4"), service()))
    assert found.services == ()


def test_pods_that_are_not_ready_any_more_leave_the_service_nowhere_to_lead(compare: Compare) -> None:
    ready = [f'{pod("web-1")}status: {{conditions: [{{type: Ready, status: "{said}"}}]}}\n' for said in (True, False)]
    found = compare((ready[0], CLIENT, service()), (ready[1], CLIENT, service()))
    assert (only(found).ended, only(found).ends, only(found).closed) == (
        ("rs/shop/web-5d:8080",),
        (),
        only(found).ended,
    )
    assert found.fails("any")


def test_a_policy_that_tells_pods_apart_is_no_service_that_leads_elsewhere(compare: Compare) -> None:
    found = compare((*ALL, service()), (*ALL, service(), policy("web")))
    assert found.services == ()
    assert found.closed


def test_a_name_for_something_else_leads_elsewhere_and_nobody_knows_who_passes(compare: Compare) -> None:
    name = """\
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {type: ExternalName, externalName: a.example.com}}
"""
    one = only(compare((*ALL, name), (*ALL, name.replace("a.ex", "b.ex"))))
    assert (one.port, one.ended, one.ends) == (0, ("fqdn/a.example.com",), ("fqdn/b.example.com",))
    assert (one.was, one.now, one.surely) == ("undecided", "undecided", True)


def test_a_headless_service_leads_to_the_port_that_is_dialled(compare: Compare) -> None:
    headless = service(more="clusterIP: None\n  ")
    one = only(compare((*ALL, headless), (*ALL, headless.replace("app: web", "app: db"))))
    assert (one.port, one.ends, one.opened) == (80, ("deploy/shop/db:80",), ("deploy/shop/db:80",))
    bare = headless.replace("  ports: [{port: 80, targetPort: 8080}]\n", "")
    one = only(compare((*ALL, bare), (*ALL, bare.replace("app: web", "app: db"))))
    assert (one.port, one.protocol, one.ends, one.opened) == (0, "", ("deploy/shop/db",), ("deploy/shop/db",))


def test_a_pod_is_no_client_of_itself(compare: Compare) -> None:
    alone = "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {}}\n"
    headless = service(more="clusterIP: None\n  ")
    one = only(compare((alone, headless), (alone, headless.replace("app: web", "app: wbe"))))
    assert (one.was, one.now, one.ended, one.closed) == ("deny", "deny", ("pod/shop/web:80",), ())


def test_clients_that_are_led_to_their_own_node_only_are_led_elsewhere(compare: Compare) -> None:
    one = only(compare((*ALL, service()), (*ALL, service(more="internalTrafficPolicy: Local\n  "))))
    assert one.ends == ("deploy/shop/web:8080 on the client's own node",)
    assert (one.opened, one.closed) == ((), ())


def test_what_an_unreadable_file_may_hold_is_undecided(compare: Compare, tmp_path: Path) -> None:
    broken = service().replace("targetPort: 8080}]", "targetPort: [8080}")
    for name, second in (("c", service()), ("d", broken)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.yaml").write_text("---\n".join(ALL), encoding="utf-8")
        (tmp_path / name / "svc.yaml").write_text(second, encoding="utf-8")
    there = nw.load(str(tmp_path / "d")).diff(nw.load(str(tmp_path / "c")))
    one = only(there)
    assert (one.was, one.now, one.closed, one.surely) == ("some", "undecided", (), False)
    assert causes(there) == ["file svc.yaml"]
    assert (there.fails("any"), there.may_fail("any")) == (False, True)


# --- how it is told --------------------


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., str]:
    monkeypatch.chdir(tmp_path)

    def asked(after: str, form: str, *options: str) -> str:
        for name, last in (("a", service()), ("b", after)):
            Path(name).mkdir(exist_ok=True)
            Path(name, "x.yaml").write_text("---\n".join((*ALL, last)), encoding="utf-8")
        asked.code = run(["diff", "a", "b", "-q", "-o", form, *options])  # type: ignore[attr-defined]
        return capfdbinary.readouterr().out.decode()

    return asked


FORMS = ("text", "md", "github", "html", "junit", "csv", "json")


@pytest.mark.parametrize("form", FORMS)
def test_every_format_names_the_service_its_ends_and_its_line(told: Callable[..., str], form: str) -> None:
    text = told(service("db"), form, *(["--out", "page.html"] if form == "html" else []))
    text = text or Path("page.html").read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>|\s+", " ", text.replace("%3A", ":"))
    for wanted in ("svc/shop/web", "deploy/shop/db:8080", "deploy/shop/web:8080", "b/x.yaml"):
        assert wanted in plain.replace("&#x2F;", "/"), (form, wanted)
    if form != "json":
        assert re.search(r"x\.yaml:32|line=32|line=\"32\"", plain + text), form
    for wrong in ("without effect", "changed text but", "connection was opened"):
        assert wrong not in plain, (form, wrong)


def test_the_text_says_where_it_leads_now_and_led(told: Callable[..., str]) -> None:
    text = " ".join(told(service("db"), "text").split())
    assert text.startswith(
        "~ changed svc/shop/web:80 TCP → deploy/shop/db:8080, no longer deploy/shop/web:8080 because"
    )
    text = " ".join(told(service("wbe"), "text").split())
    assert text.startswith("- closed svc/shop/web:80 TCP → nowhere, no longer deploy/shop/web:8080 because Service")
    assert "0 opened · 1 closed · 0 changed" in text


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("opened", 1), ("exposed", 0), ("never", 0)])
def test_the_gate_fails_where_a_client_gets_to_another_end(told: Callable[..., str], fail_on: str, code: int) -> None:
    junit = told(service("db"), "junit", "--fail-on", fail_on)
    assert told.code == code  # type: ignore[attr-defined]
    assert ("<failure" in junit) is bool(code)


def test_many_services_are_folded_in_the_text(told: Callable[..., str]) -> None:
    many = "---\n".join(service().replace("name: web", f"name: web{i}") for i in range(30))
    text = told(f"{service()}---\n{many}", "text")
    assert text.count("+ opened") == 12
    assert "… and 18 groups more" in text
    assert told(f"{service()}---\n{many}", "text", "--all").count("+ opened") == 30
    assert len(json.loads(told(f"{service()}---\n{many}", "json"))["services"]) == 30
