"""hostPort, hostNetwork and the ports of containers: who changed them is never without effect, and is found as a
cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import netwright as nw
from netwright.cli.main import run
from netwright.questions.diff import Diffed

DENY = """\
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: np, namespace: a},
 spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}
"""
DB = """\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: db, namespace: a}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: c
          image: x
          ports: [{containerPort: 5432}]
"""
HOST_PORT = DB.replace("containerPort: 5432", "containerPort: 5432, hostPort: 5432")
LISTED = DB.replace("    spec:\n", "    spec:\n      hostNetwork: true\n")
HOST_NETWORK = LISTED.replace("          ports: [{containerPort: 5432}]\n", "")
Compare = Callable[..., Diffed]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """The difference of two manifests. The one back has the same ways in, turned, and either differs in nothing from
    itself."""

    def compared(before: str, after: str, *more: str) -> Diffed:
        twins = []
        for name, text in (("a", before), ("b", after)):
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "x.yaml").write_text("---\n".join((text, *more)), encoding="utf-8")
            twins.append(nw.load(str(tmp_path / name)))
        there, back = twins[1].diff(twins[0]), twins[0].diff(twins[1])
        assert {(e.service, e.via, e.was, e.now) for e in there.exposed} == {
            (e.service, e.via, e.now, e.was) for e in back.exposed
        }
        assert [c.ref for c in there.listening] == [c.ref for c in back.listening]
        assert all(twin.diff(nw.load(str(tmp_path / name))).is_empty for twin, name in zip(twins, "ab", strict=True))
        return there

    return compared


# --- what is never without effect --------------------


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        (DB, DB.replace("5432", "5433"), "x.yaml:12:20"),
        (DB, DB.replace("          ports: [{containerPort: 5432}]\n", ""), "x.yaml:12:11"),
    ],
)
def test_who_listens_elsewhere_is_told_apart_with_its_line(
    compare: Compare, before: str, after: str, line: str
) -> None:
    found = compare(before, after, DENY)
    assert ([c.ref for c in found.listening], found.without_effect) == (["DaemonSet a/db"], ())
    assert found.quiet_files == ()
    assert line[:9] in found.listening[0].place


@pytest.mark.parametrize("before", [DB, ""])
def test_who_takes_a_port_of_its_node_is_the_cause_of_the_way_in(compare: Compare, before: str) -> None:
    found = compare(before, HOST_PORT, DENY)
    (way,) = found.exposed
    assert (way.via, way.was, [found.because[i].ref for i in way.because]) == ("hostPort", "", ["DaemonSet a/db"])
    assert (found.listening, found.without_effect, found.quiet_files) == ((), (), ())


def test_a_port_of_the_node_for_the_node_alone_is_told_apart(compare: Compare) -> None:
    local = HOST_PORT.replace("hostPort: 5432", "hostPort: 5432, hostIP: 127.0.0.1")
    for before in (DB, ""):
        assert [c.ref for c in compare(before, local, DENY).listening] == ["DaemonSet a/db"]
    found = compare("", DB, DENY)
    assert (found.listening, [c.ref for c in found.without_effect]) == ((), ["DaemonSet a/db"])


def test_another_change_of_a_workload_is_without_effect(compare: Compare) -> None:
    found = compare(DB, DB.replace("metadata: {name: db, ", "metadata: {labels: {x: z}, name: db, "), DENY)
    assert (found.listening, [c.ref for c in found.without_effect]) == ((), ["DaemonSet a/db"])


@pytest.mark.parametrize("form", ["text", "md", "html", "json"])
def test_it_is_said_in_words(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a", DB), ("b", DB.replace("5432", "5433"))):
        Path(name).mkdir()
        Path(name, "x.yaml").write_text(f"{text}---\n{DENY}", encoding="utf-8")
    run(["diff", "a", "b", "-q", "-o", form, *(["--out", "page.html"] if form == "html" else [])])
    said = capfdbinary.readouterr().out.decode() or Path("page.html").read_text(encoding="utf-8")
    if form == "json":
        assert [c["name"] for c in json.loads(said)["listening"]] == ["db"]
        return
    told = " ".join(said.split())
    assert "1 object changed the ports that its pods listen at, or take of their nodes, and no verdict" in told
    assert "b/x.yaml:12" in told
    assert "without effect" not in told
    assert "not traffic" not in told


# --- causes --------------------

CONTROLLER = """\
{apiVersion: apps/v1, kind: Deployment, metadata: {name: ctl, namespace: ing}, spec: {
 selector: {matchLabels: {app: ctl}}, template: {
  metadata: {labels: {app: ctl, app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller}},
  spec: {containers: [{name: c, image: x, ports: [{name: http, containerPort: 80}]}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: a}, spec: {
 selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}},
  spec: {containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: a},
 spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: a}, spec: {rules: [{
 http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
"""


def test_a_controller_that_takes_a_port_of_its_node_is_the_cause_of_the_ways_through_it(compare: Compare) -> None:
    found = compare(CONTROLLER, CONTROLLER.replace("containerPort: 80}", "containerPort: 80, hostPort: 80}", 1))
    (way,) = [e for e in found.exposed if e.via == "Ingress"]
    assert (way.was, way.now) == ("undecided", "allow")
    assert [found.because[i].ref for i in way.because] == ["Deployment ing/ctl"]
    assert (found.without_effect, found.listening, found.quiet_files) == ((), (), ())


# --- the network of the node --------------------


@pytest.mark.parametrize("policies", [(), (DENY,)])
def test_a_pod_that_goes_to_its_nodes_network_is_exposed(compare: Compare, policies: tuple[str, ...]) -> None:
    """Even where no policy kept it apart before: nobody outside reaches an address of a pod."""
    found = compare(DB, HOST_NETWORK, *policies)
    (way,) = found.exposed
    assert (way.service, way.port, way.via, way.was, way.now) == ("ds/a/db", 0, "hostNetwork", "", "allow")
    assert (way.wider, way.workloads) == (True, ("ds/a/db",))
    assert [found.because[i].ref for i in way.because] == ["DaemonSet a/db"]
    assert [found.fails(sort) for sort in ("any", "opened", "exposed")] == [True, True, True]


def test_a_pod_that_leaves_its_nodes_network_is_no_danger(compare: Compare) -> None:
    found = compare(HOST_NETWORK, DB, DENY)
    (way,) = found.exposed
    assert (way.was, way.now, way.wider) == ("allow", "", False)
    assert not found.fails("exposed")


def test_a_pod_that_comes_to_its_nodes_network_is_exposed(compare: Compare) -> None:
    (way,) = compare("", HOST_NETWORK, DENY).exposed
    assert (way.was, way.now, way.wider) == ("", "allow", True)


def test_a_pod_that_stays_on_its_nodes_network_is_no_difference(compare: Compare) -> None:
    assert compare(HOST_NETWORK, HOST_NETWORK.replace("labels: {app: db}}", "labels: {app: db, x: z}}")).exposed == ()


def test_ports_that_pods_on_nodes_say_they_listen_at_are_told_one_by_one(compare: Compare) -> None:
    (way,) = compare(DB, LISTED, DENY).exposed
    assert (way.via, way.port, way.now, way.wider) == ("hostNetwork", 5432, "allow", True)


def test_a_port_of_the_node_before_does_not_hide_its_network_now(compare: Compare) -> None:
    found = compare(HOST_PORT, HOST_NETWORK)
    assert [(e.port, e.via, e.now) for e in found.exposed if e.wider] == [(0, "hostNetwork", "allow")]


def test_the_text_names_the_workload_and_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("a.yaml", HOST_NETWORK.replace("      hostNetwork: true\n", "")), ("b.yaml", HOST_NETWORK)):
        Path(name).write_text(text, encoding="utf-8")
    assert run(["diff", "a.yaml", "b.yaml", "-q", "--fail-on", "exposed"]) == 1
    told = " ".join(capfdbinary.readouterr().out.decode().split())
    assert told.startswith(
        "! EXPOSED internet → ds/a/db via hostNetwork every port of its node that it listens at (no way in, now open) "
        "because DaemonSet a/db was changed b.yaml:9:20"
    )


# --- no pods --------------------

STOPPED = DB.replace("DaemonSet", "Deployment").replace("spec:\n  sel", "spec:\n  replicas: 0\n  sel")


@pytest.mark.parametrize("more", ["", "labels: {a: b, c: d, e: f}, "])
def test_what_gives_a_workload_its_pods_is_named_first_with_its_line(compare: Compare, more: str) -> None:
    """Wherever the field stands, and whatever else changed."""
    running = STOPPED.replace("  replicas: 0\n", "").replace("metadata: {name", f"metadata: {{{more}name")
    found = compare(STOPPED, running)
    assert found.opened
    (cause,) = found.because
    assert (cause.fields[0].path, cause.fields[0].old, cause.fields[0].new) == ("spec.replicas", "0", "absent")
    assert cause.place.endswith("a/x.yaml:5:13")
    back = compare(running, STOPPED).because[0]
    assert (back.fields[0].path, back.place[-13:]) == ("spec.replicas", "b/x.yaml:5:13")


def test_the_number_of_pods_is_not_first_where_there_are_some_on_both_sides(compare: Compare) -> None:
    one, two = (STOPPED.replace("replicas: 0", f"replicas: {n}") for n in (1, 2))
    found = compare(
        one, two.replace("labels: {app: db}}", "labels: {app: db, x: z}}").replace("{name", "{labels: {x: z}, name")
    )
    assert found.without_effect[0].fields[0].path == "metadata.labels"


def test_a_cron_job_that_is_suspended_names_that(compare: Compare) -> None:
    job = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: job, namespace: a}
spec:
  schedule: "* * * * *"
  suspend: true
  jobTemplate: {spec: {template: {metadata: {labels: {app: job}}, spec: {containers: [{name: c, image: x}]}}}}
"""
    found = compare(job.replace("  suspend: true\n", ""), job)
    assert found.because[0].fields[0].path == "spec.suspend"
    assert found.because[0].place.endswith("b/x.yaml:6:12")
