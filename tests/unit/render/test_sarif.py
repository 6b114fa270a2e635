"""`check -o sarif`: valid by the standard, taken by GitHub, inert, bounded."""

from __future__ import annotations

import copy
import gzip
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from netwright.cli.main import run
from netwright.model.finding import Finding, Mark
from netwright.model.finding_codes import finding_codes
from netwright.render.repository import Repository
from netwright.render.sarif import MOST_RESULTS, sarif
from tests.unit.render.findings import BROKEN, DEAD, HERE, HOSTILE, checked, finding, hostile, intent, provenance
from tests.unit.render.sarif_shape import wrong

SHOP = Path(__file__).resolve().parents[3] / "examples" / "shop"


def log(*found: Finding, **more: Any) -> dict[str, Any]:
    made = sarif(checked(*found), provenance(), HERE, **{"code": 1, "meaning": "no", **more})
    return json.loads(json.dumps(made))


def results(made: dict[str, Any]) -> list[dict[str, Any]]:
    return made["runs"][0]["results"]


def artifact(*, file: str, here: Repository = HERE) -> dict[str, str]:
    made = sarif(checked(finding(file=file)), provenance(), here, code=0, meaning="")
    return results(made)[0]["locations"][0]["physicalLocation"]["artifactLocation"]


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(capfdbinary: pytest.CaptureFixture[bytes]) -> Ask:
    def asked(*arguments: str, code: int) -> dict[str, Any]:
        assert run(["check", *arguments, "-o", "sarif"]) == code
        return json.loads(capfdbinary.readouterr().out)

    return asked


# --- valid ------------------------------------------------------------------------------------------------------------


def test_what_the_command_writes_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    Path("manifests").symlink_to(SHOP)
    Path("broken.yaml").write_text(BROKEN)
    Path("all.yaml").write_text("---\n".join(code.fails for code in finding_codes()))
    for sources, code in ((["manifests"], 0), (["manifests", "broken.yaml"], 3), (["all.yaml"], 1)):
        made = ask(*sources, code=code)
        assert list(wrong(made)) == []
        assert results(made), sources


def test_the_validator_finds_what_is_wrong() -> None:
    also = Mark(kind="Namespace", namespace="", name="shop", path="", label="here", file="n.yaml")
    whole = log(finding(also=(also,)))
    assert list(wrong(whole)) == []

    def result(made: Any) -> Any:
        return made["runs"][0]["results"][0]

    def place(made: Any) -> Any:
        return result(made)["locations"][0]["physicalLocation"]

    spoils: list[Callable[[Any], Any]] = [
        lambda made: made.update(version="2.0.0"),
        lambda made: made["runs"].append(made["runs"][0]),
        lambda made: result(made).update(locations=[]),
        lambda made: result(made).update(level="info"),
        lambda made: result(made).update(ruleId="NW9999"),
        lambda made: result(made).update(severity="error"),
        lambda made: result(made)["message"].update(text="a [link](http://x)"),
        lambda made: result(made)["message"].update(text="{0}"),
        lambda made: result(made).pop("relatedLocations"),
        lambda made: place(made)["region"].update(startLine=0),
        lambda made: place(made)["artifactLocation"].update(uri="a b.yaml"),
        lambda made: place(made)["artifactLocation"].update(uri="/repo/a.yaml"),
        lambda made: place(made)["artifactLocation"].update(uri="../a.yaml"),
        lambda made: place(made)["artifactLocation"].update(uriBaseId="HOME"),
        lambda made: made["runs"][0]["tool"]["driver"]["rules"][0].pop("help"),
        lambda made: made["runs"][0]["tool"]["driver"]["rules"].append({}),
    ]
    for spoil in spoils:
        spoilt = copy.deepcopy(whole)
        spoil(spoilt)
        assert list(wrong(spoilt)) != []


# --- rules and results ------------------------------------------------------------------------------------------------


def test_rules_are_those_that_occur_and_say_what_explain_says() -> None:
    made = log(finding(), finding(code="NW3001", severity="warning"), finding(code="NW3001", severity="warning"))
    rules = made["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["NW2201", "NW3001"]
    code = next(c for c in finding_codes() if c.code == "NW2201")
    assert rules[0]["fullDescription"]["text"] == code.explanation
    assert code.passes in rules[0]["help"]["markdown"]
    assert [r["ruleIndex"] for r in results(made)] == [0, 1, 1]


@pytest.mark.parametrize(
    ("severity", "level", "problem"),
    [("error", "error", "error"), ("warning", "warning", "warning"), ("info", "note", "recommendation")],
)
def test_severities(severity: str, level: str, problem: str) -> None:
    code = next(c for c in finding_codes() if c.severity == severity)
    made = log(finding(code=code.code, severity=severity))
    assert results(made)[0]["level"] == level
    (rule,) = made["runs"][0]["tool"]["driver"]["rules"]
    assert rule["defaultConfiguration"]["level"] == level
    assert rule["properties"]["problem.severity"] == problem


def test_a_message_says_what_is_wrong_what_it_means_and_what_to_do() -> None:
    also = Mark(
        kind="NetworkPolicy", namespace="shop", name="web", path="", label="only [Egress]", file="p.yaml", line=6
    )
    made = log(finding(effect="nothing is isolated", help="add `Ingress`", also=(also,)))
    assert results(made)[0]["message"]["text"] == (
        "Ingress rules of `shop/web` do nothing. Nothing is isolated. Add `Ingress`. "
        "See [NetworkPolicy shop/web: only \\[Egress\\]](1)."
    )
    (related,) = results(made)[0]["relatedLocations"]
    assert related["id"] == 1
    assert related["physicalLocation"]["artifactLocation"]["uri"] == "deploy/p.yaml"
    assert list(wrong(made)) == []


def test_names_cannot_make_links_and_placeholders() -> None:
    made = log(finding(title="`[x](https://evil.example)` {0} \x1b[31m", effect="with `{}` and `{a: 1}`"))
    text = results(made)[0]["message"]["text"]
    assert "](" not in text
    assert "\x1b" not in text
    assert "{{0}}" in text
    assert "`{}` and `{a: 1}`" in text, "what is to be copied stays as it is"
    assert list(wrong(made)) == []


def test_a_broken_intent_is_a_result_and_an_undecided_one_a_notification() -> None:
    found = checked(
        finding(code="NW3001", severity="warning"), intents=(intent("broken"), intent("undecided", name="b"))
    )
    made = json.loads(json.dumps(sarif(found, provenance(), HERE, code=1, meaning="no")))
    assert list(wrong(made)) == []
    assert [r["ruleId"] for r in results(made)] == ["intent", "NW3001"]
    assert results(made)[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deploy/intents.yaml"
    assert results(made)[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deploy/db.yaml"
    (told,) = made["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("Intent `b` is undecided")


def test_a_baseline_makes_states_and_accepted_findings_are_left_out() -> None:
    assert "baselineState" not in results(log(finding()))[0]
    made = log(finding(), finding(state="known", line=9), finding(state="accepted", line=10))
    assert list(wrong(made)) == []
    assert [r["baselineState"] for r in results(made)] == ["new", "unchanged"]
    (told,) = made["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "1 accepted finding left out."


def test_the_object_is_the_logical_location() -> None:
    (logical,) = results(log(finding()))[0]["locations"][0]["logicalLocations"]
    assert logical == {"kind": "resource", "name": "shop/web", "fullyQualifiedName": "NetworkPolicy shop/web"}
    unknown = results(log(finding(code="NW1001", kind="", namespace="", name="")))[0]["locations"][0]
    assert "logicalLocations" not in unknown


def test_fingerprints_outlive_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    prints = []
    for name, before in (("a/all.yaml", ""), ("b/moved/elsewhere.yaml", "\n# moved\n")):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text(before + DEAD)
        prints.append([r["partialFingerprints"] for r in results(ask(name.split("/")[0], code=1))])
    assert prints[0] == prints[1]
    assert set(prints[0][0]) == {"netwright/v1"}, "GitHub makes its own hash of the line"


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("web.yaml", {"uri": "deploy/web.yaml", "uriBaseId": "%SRCROOT%"}),
        ("./a/../web.yaml", {"uri": "deploy/web.yaml", "uriBaseId": "%SRCROOT%"}),
        ("../top.yaml", {"uri": "top.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/repo/abs.yaml", {"uri": "abs.yaml", "uriBaseId": "%SRCROOT%"}),
        ("git:main:deploy/web.yaml", {"uri": "deploy/web.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a b:c%20é#?.yaml", {"uri": "deploy/a%20b%3Ac%2520%C3%A9%23%3F.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a\\b.yaml", {"uri": "deploy/a%5Cb.yaml", "uriBaseId": "%SRCROOT%"}),
        ("../../elsewhere/x y.yaml", {"uri": "file:///elsewhere/x%20y.yaml"}),
        ("/repository/x.yaml", {"uri": "file:///repository/x.yaml"}),
        ("-", {"uri": "stdin"}),
        ("", {"uri": "NetworkPolicy/shop/web"}),
    ],
)
def test_paths(file: str, wanted: dict[str, str]) -> None:
    assert artifact(file=file) == wanted
    assert list(wrong(log(finding(file=file)))) == []


def test_a_first_part_with_a_colon_is_no_scheme() -> None:
    assert artifact(file="x:y/z.yaml", here=Repository(root="/repo", here="/repo"))["uri"] == "x%3Ay/z.yaml"


def test_paths_are_those_of_the_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    """In its root, in a folder of it, absolute, by a link to it: one path, that of the repository."""
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    (tmp_path / "repo/apps/manifests").mkdir(parents=True)
    (tmp_path / "repo/apps/manifests/dead.yaml").write_text(DEAD)
    (tmp_path / "link").symlink_to(tmp_path / "repo")
    for folder, source in (
        ("repo", "apps/manifests/"),
        ("repo/apps", "manifests"),
        ("repo/apps/manifests", "."),
        ("repo/apps", "../apps/manifests/dead.yaml"),
        ("repo", str(tmp_path / "repo/apps")),
        ("repo", str(tmp_path / "link/apps")),
    ):
        monkeypatch.chdir(tmp_path / folder)
        for result in results(ask(source, code=1)):
            place = result["locations"][0]["physicalLocation"]["artifactLocation"]
            assert place == {"uri": "apps/manifests/dead.yaml", "uriBaseId": "%SRCROOT%"}, (folder, source)


def test_standard_input_has_a_place_and_a_hash(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(DEAD.encode()), isatty=lambda: False))
    made = ask("-", code=1)
    assert list(wrong(made)) == []
    (place,) = results(made)[0]["locations"]
    assert place["physicalLocation"]["artifactLocation"] == {"uri": "stdin"}
    assert place["physicalLocation"]["region"]["startLine"] > 1
    assert results(made)[0]["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")


def test_columns_are_of_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    text = '{note: "\U0001f600\U0001f600", kind: Pod, apiVersion: v1, metadata: {name: a}, spec: {containers: 1}}'
    Path("wide.yaml").write_text(text, encoding="utf-8")
    made = ask("wide.yaml", code=3)
    assert made["runs"][0]["columnKind"] == "unicodeCodePoints"
    columns = {r["locations"][0]["physicalLocation"]["region"]["startColumn"] for r in results(made)}
    assert columns == {text.index("1}") + 1}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    made = log(hostile(name))
    assert list(wrong(made)) == []
    assert "](" not in results(made)[0]["message"]["text"]


# --- the run ----------------------------------------------------------------------------------------------------------


def test_what_is_beyond_the_cap_is_cut_by_severity_and_told() -> None:
    found = [finding(line=i + 1, fingerprint=f"{i:032}") for i in range(3)]
    found += [finding(code="NW3001", severity="warning", line=9) for _ in range(2)]
    made = log(*found, most=4)
    assert [r["level"] for r in results(made)] == ["error", "error", "error", "warning"]
    assert made["runs"][0]["properties"]["findings"] == 5
    assert made["runs"][0]["properties"]["cut"] == 1
    (told,) = made["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("1 warning left out")
    assert list(wrong(made)) == []


def test_the_greatest_log_is_one_that_github_takes() -> None:
    also = (
        Mark(kind="NetworkPolicy", namespace="n" * 63, name="p" * 60, path="", label="l" * 60, file="f" * 200, line=1),
    )
    found = [
        finding(title="t" * 300 + str(i), effect="e" * 200, help="h" * 200, also=also, fingerprint=f"{i:032x}")
        for i in range(MOST_RESULTS + 7)
    ]
    made = log(*found)
    assert len(results(made)) == MOST_RESULTS
    assert len(gzip.compress(json.dumps(made).encode(), 1)) < 10 << 20


def test_the_exit_code_is_told_and_a_partial_reading_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dead.yaml").write_text(DEAD)
    (told,) = ask("dead.yaml", code=1)["runs"][0]["invocations"]
    assert (told["executionSuccessful"], told["exitCode"]) == (True, 1)
    Path("broken.yaml").write_text(BROKEN)
    (told,) = ask(".", code=3)["runs"][0]["invocations"]
    assert (told["executionSuccessful"], told["exitCode"]) == (False, 3)
    assert {n["level"] for n in told["toolExecutionNotifications"]} >= {"error"}


def test_only_the_codes_that_were_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop").symlink_to(SHOP)
    *others, last = sorted({r["ruleId"] for r in results(ask("shop", code=0))})
    assert others
    assert {r["ruleId"] for r in results(ask("shop", "--show", last, code=0))} == {last}
