"""JUnit XML: read back by a strict parser, every code a case, failures by `--fail-on`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from netwright.cli.main import run
from netwright.model.finding_codes import ABSENCE, finding_codes
from netwright.questions.check import Checked, Withheld
from netwright.render.finding_words import FAMILIES, every_code, family
from netwright.render.junit import check_suites, junit
from tests.unit.render.findings import BROKEN, DEAD, HERE, HOSTILE, checked, finding, hostile, intent, provenance

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"
Element = ElementTree.Element


def parsed(text: str | bytes) -> Element:
    """The document, its sums checked. Expat refuses whatever XML 1.0 does."""
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(cases)
        assert int(element.attrib["failures"]) == sum(c.find("failure") is not None for c in cases)
        assert int(element.attrib["skipped"]) == sum(c.find("skipped") is not None for c in cases)
    names = [(c.attrib["classname"], c.attrib["name"]) for c in root.iter("testcase")]
    assert len(set(names)) == len(names), "readers tell cases apart by these"
    return root


def document(found: Checked, fail_on: str = "error") -> Element:
    suites = check_suites(found, provenance(), HERE, fail_on=fail_on)  # type: ignore[arg-type]
    return parsed("\n".join(junit(suites)).encode())


def failing(root: Element) -> list[Element]:
    return [c for c in root.iter("testcase") if c.find("failure") is not None]


def codes(cases: list[Element]) -> list[str]:
    return [c.attrib["name"].split()[0] for c in cases]


Ask = Callable[..., Element]


@pytest.fixture
def ask(capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    def asked(*arguments: str, code: int) -> Element:
        assert run([*arguments, "-o", "junit"]) == code
        return parsed(capfdbinary.readouterr().out)

    return asked


def test_every_code_that_is_looked_for_is_a_case(ask: Ask) -> None:
    root = ask("check", str(SHOP), code=0)
    looked_for = {c.code for c in every_code() if family(c.code) != "input" or c.severity != "info"}
    assert sorted(codes(list(root.iter("testcase")))) == sorted(looked_for)
    assert not failing(root)
    assert {s.attrib["name"] for s in root} == {f"netwright check: {name}" for name in FAMILIES.values()}
    assert {c.attrib["classname"] for c in root.iter("testcase")} == {
        f"netwright.check.{family(c)}" for c in looked_for
    }


def test_a_failure_has_message_type_text_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    Path("apps").mkdir()
    Path("apps/dead.yaml").write_text(DEAD)
    (case,) = failing(ask("check", "apps", code=1))
    failure = case.find("failure")
    assert failure is not None
    assert case.attrib["file"] == "apps/dead.yaml"
    assert int(case.attrib["line"]) > 1
    assert failure.attrib["type"] == "NW2201"
    assert failure.attrib["message"].startswith("ingress rules of `shop/web`")
    place, *rest = str(failure.text).split("\n")
    assert place == f"apps/dead.yaml:{case.attrib['line']}:5 NetworkPolicy shop/web:"
    assert [line.split()[0] for line in rest] == ["Ingress", "The", "Add", "see"]


def test_each_finding_that_fails_is_a_case_with_a_name_that_stays() -> None:
    one = finding(fingerprint="1" * 32)
    other = finding(fingerprint="2" * 32, line=20)
    before = [c.attrib["name"] for c in failing(document(checked(one, other)))]
    moved = [finding(fingerprint="2" * 32, line=5, file="b.yaml"), finding(fingerprint="1" * 32, title="3 of them")]
    assert sorted(c.attrib["name"] for c in failing(document(checked(*moved)))) == sorted(before)


def test_findings_of_one_fingerprint_are_cases_apart() -> None:
    names = [c.attrib["name"] for c in failing(document(checked(finding(), finding(line=9))))]
    assert names == ["NW2201 NetworkPolicy shop/web 00000000", "NW2201 NetworkPolicy shop/web 00000000 (2)"]


@pytest.mark.parametrize(
    ("fail_on", "fails"),
    [("error", ["NW2201"]), ("warning", ["NW2201", "NW3001"]), ("info", ["NW2201", "NW3001", "NW3002"]), ("never", [])],
)
def test_fail_on_decides_what_is_a_failure(fail_on: str, fails: list[str]) -> None:
    found = [
        finding(),
        finding(code="NW3001", severity="warning", title="w"),
        finding(code="NW3002", severity="info", title="i"),
    ]
    root = document(checked(*found), fail_on)
    assert codes(failing(root)) == fails
    told = {c.attrib["name"].split()[0]: c.findtext("system-out") for c in root.iter("testcase")}
    for f in found:
        if f.code not in fails:
            assert str(told[f.code]).startswith(f"{f.severity}: ")


def test_what_could_not_be_judged_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.yaml").write_text(next(c.fails for c in finding_codes() if c.code == "NW4001"))
    Path("broken.yaml").write_text("kind: Deployment\nmetadata: {namespace: shop, name: {half\n")
    root = ask("check", ".", code=3)
    (case,) = [c for c in root.iter("testcase") if c.find("skipped") is not None]
    assert case.attrib["name"].startswith("NW4001 ")
    assert codes(failing(root)) == ["NW1001"]
    assert "NW4001" in ABSENCE


@pytest.mark.parametrize("fail_on", ["error", "never"])
def test_every_intent_is_a_case(fail_on: str) -> None:
    intents = (
        intent("broken"),
        intent("broken", name="b", severity="warning"),
        intent("undecided", name="c"),
        intent("holds", name="d"),
        intent("holds", name="d"),
    )
    (suite,) = [
        s for s in document(checked(intents=intents), fail_on) if s.attrib["name"] == "netwright check: intents"
    ]
    cases = {c.attrib["name"]: c for c in suite.iter("testcase")}
    assert list(cases) == ["the shop's database is private", "b", "c", "d", "d (2)"]
    assert [c.attrib["name"] for c in failing(suite)] == [intents[0].name] * (fail_on == "error")
    assert str(cases["b"].findtext("system-out")).startswith("warning: intents.yaml:3")
    assert cases["c"].find("skipped") is not None
    assert not list(cases["d"])
    if fail_on == "error":
        case = cases[intents[0].name]
        assert (case.attrib["file"], case.attrib["line"]) == ("deploy/intents.yaml", "3")
        assert "see db.yaml:7 NetworkPolicy shop/db rule 0" in str(case.findtext("failure"))


def test_known_and_accepted_findings_do_not_fail_and_are_told() -> None:
    found = [finding(state="known", fingerprint="1" * 32), finding(state="accepted", fingerprint="2" * 32)]
    (case,) = [c for c in document(checked(*found)).iter("testcase") if c.attrib["name"].startswith("NW2201 ")]
    assert case.find("failure") is None
    assert "error (known): " in str(case.findtext("system-out"))
    assert "error (accepted): " in str(case.findtext("system-out"))
    root = document(checked(*found, finding()))
    assert codes(failing(root)) == ["NW2201"]
    (other,) = [c for c in root.iter("testcase") if c.attrib["name"].startswith("NW2201 ") and c not in failing(root)]
    assert other.find("skipped") is not None, "the code has not passed"
    assert "error (known): " in str(other.findtext("system-out"))


def test_findings_beside_those_withheld_are_told() -> None:
    withheld = Withheld(code="NW2201", findings=2, reason="x")
    root = document(checked(finding(), withheld=(withheld,)))
    assert codes(failing(root)) == ["NW2201"]


def test_only_the_codes_that_were_asked_for(ask: Ask) -> None:
    root = ask("check", str(SHOP), "--show", "NW3002", "--show", "NW1001", code=0)
    assert codes(list(root.iter("testcase"))) == ["NW1001", "NW3002"]


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_names_hold_it_is_xml(name: str) -> None:
    (case,) = failing(document(checked(hostile(name))))
    message = str(case.find("failure").attrib["message"])  # type: ignore[union-attr]
    assert message.isprintable()
    if name.isprintable():
        assert message == f"no pod has `{name}`"


def test_a_part_of_the_input_that_could_not_be_read_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.yaml").write_text(BROKEN)
    (case,) = failing(ask("check", ".", code=3))
    assert case.attrib["name"].startswith("NW1001 ")
    assert case.attrib["file"] == "broken.yaml"


def test_the_same_input_gives_the_same_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    written = []
    for _ in range(2):
        run(["check", str(SHOP), "-o", "junit"])
        written.append(capfdbinary.readouterr().out)
    assert written[0] == written[1]


# --- diff -------------------------------------------------------------------------------------------------------------

PODS = """\
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {containers: [{name: c, image: web:1, ports: [{containerPort: 8080}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},
 spec: {containers: [{name: c, image: db:1}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {type: TYPE, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop},
 spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [PEER], ports: [{port: PORT}]}]}}
"""
WEB, NOBODY = "{podSelector: {matchLabels: {app: web}}}", "{podSelector: {matchLabels: {app: x}}}"
NETWORKS = {
    "base": ("ClusterIP", WEB, "5432"),
    "closed": ("ClusterIP", NOBODY, "5432"),
    "other": ("ClusterIP", WEB, "5433"),
    "exposed": ("NodePort", WEB, "5432"),
    "unsure": ("ClusterIP", "{ipBlock: {cidr: 10.0.0.0/8}}", "5432"),
}


@pytest.mark.parametrize("fail_on", ["any", "opened", "exposed", "never"])
@pytest.mark.parametrize("after", NETWORKS)
@pytest.mark.parametrize("before", ["base", "closed"])
def test_a_case_of_diff_fails_exactly_where_diff_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    before: str,
    after: str,
    fail_on: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in {before, after}:
        type_, peer, port = NETWORKS[name]
        Path(name).mkdir()
        text = PODS.replace("TYPE", type_).replace("PEER", peer).replace("PORT", port)
        Path(name, "all.yaml").write_text(text)
    code = run(["diff", before, after, "--fail-on", fail_on, "-o", "junit"])
    root = parsed(capfdbinary.readouterr().out)
    assert (code == 1) == bool(failing(root))
    assert len(list(root.iter("testcase"))) == 5, "every run has the same cases"
    for case in failing(root):
        assert case.attrib["file"].endswith("all.yaml")
    run(["diff", before, after, "-o", "json"])
    found = json.loads(capfdbinary.readouterr().out)
    skipped = [c for c in root.iter("testcase") if c.find("skipped") is not None]
    assert bool(skipped) == bool(found["undecided"])


@pytest.mark.parametrize("fail_on", ["any", "exposed"])
def test_what_is_undecided_skips_the_cases_of_diff_that_it_could_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes], fail_on: str
) -> None:
    """A node port of a pod that admits no node: which node passes clients on is not known."""
    monkeypatch.chdir(tmp_path)
    closed = PODS.replace("PEER", WEB).replace("PORT", "8080").replace("matchLabels: {app: db}", "matchLabels: {}")
    for name, type_ in (("before", "ClusterIP"), ("after", "NodePort")):
        Path(f"{name}.yaml").write_text(closed.replace("TYPE", type_))
    assert run(["diff", "before.yaml", "after.yaml", "--fail-on", fail_on, "-o", "junit"]) == 4
    cases = {c.attrib["name"]: c for c in parsed(capfdbinary.readouterr().out).iter("testcase")}
    skipped = {name: one.attrib["message"] for name, c in cases.items() if (one := c.find("skipped")) is not None}
    exposed = skipped.pop("nothing is exposed to the internet that was not")
    assert exposed.startswith("not known, for it is undecided: internet -> svc/shop/web:80 TCP via NodePort")
    assert skipped.pop("no connection is opened") == exposed
    assert list(skipped) == ["no verdict turns to undecided or from it"]
