"""Annotations of GitHub Actions: read back as its runner reads them."""

from __future__ import annotations

import posixpath
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from netwright.cli.main import run
from netwright.questions.check import Checked
from netwright.render.github import MOST, check_annotations
from tests.unit.render.findings import DEAD, HERE, HOSTILE, checked, finding, hostile, intent

COMMAND = re.compile(r"::(\w+) ([^:]*)::(.*)")


class Read(NamedTuple):
    level: str
    properties: dict[str, str]
    message: str


def read(line: str) -> Read:
    """A workflow command by the runner's rules: properties up to `::`, parted by commas, `%25` taken back last."""
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    for name, value in properties.items():
        for sign, code in (("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C"), ("%", "%25")):
            value = value.replace(code, sign)
        properties[name] = value
    message = found[3]
    for sign, code in (("\r", "%0D"), ("\n", "%0A"), ("%", "%25")):
        message = message.replace(code, sign)
    return Read(found[1], properties, message)


def lines(found: Checked) -> tuple[list[Read], str]:
    *commands, last = check_annotations(found, HERE, "exit 1: the answer is no")
    return [read(c) for c in commands], last


def test_an_annotation_has_its_place_its_code_and_three_sentences() -> None:
    (one,), last = lines(checked(finding(effect="nothing, 100% of it", help="add `Ingress`: now")))
    assert one.level == "error"
    assert one.properties == {
        "file": "deploy/web.yaml",
        "line": "8",
        "endLine": "8",
        "col": "5",
        "title": "NW2201 ingress rules that do nothing",
    }
    assert one.message.split("\n") == [
        "Ingress rules of `shop/web` do nothing.",
        "Nothing, 100% of it.",
        "Add `Ingress`: now.",
    ]
    assert last == "netwright check: 1 error, exit 1: the answer is no"


@pytest.mark.parametrize(("severity", "level"), [("error", "error"), ("warning", "warning"), ("info", "notice")])
def test_levels(severity: str, level: str) -> None:
    (one,), _ = lines(checked(finding(severity=severity)))
    assert one.level == level


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_can_write_a_command(name: str) -> None:
    written = list(check_annotations(checked(hostile(name)), HERE, "exit 1"))
    assert len(written) == 2
    assert all(line.isprintable() for line in written)
    one = read(written[0])
    assert set(one.properties) == {"file", "line", "endLine", "col", "title"}
    if name.isprintable():
        assert one.properties["file"] == posixpath.normpath(f"deploy/{name}.yaml")
        assert f"no pod has `{name}`" in one.message.lower().replace(name.lower(), name)


def test_at_most_what_github_shows_the_worst_first_and_the_rest_counted() -> None:
    found = [finding() for _ in range(MOST + 3)] + [finding(severity="warning") for _ in range(MOST)]
    read_, last = lines(checked(*found))
    assert [one.level for one in read_] == ["error"] * MOST + ["warning"] * MOST
    assert "not annotated: 3 errors" in last
    assert "13 errors, 10 warnings" in last
    assert not last.startswith("::")


def test_only_what_is_new_counts_and_intents_do() -> None:
    found = checked(finding(state="known"), finding(state="accepted"), intents=(intent("broken"), intent("undecided")))
    read_, last = lines(found)
    assert [(one.level, one.properties["title"]) for one in read_] == [
        ("error", "intent an intent that does not hold"),
        ("warning", "intent an intent that does not hold"),
    ]
    assert read_[0].properties["file"] == "deploy/intents.yaml"
    assert "is broken" in read_[0].message
    assert "is broken: the audit of spring" not in read_[0].message  # the reason is why it must hold, no outcome
    assert read_[0].message.index("may connect") < read_[0].message.index("(why it must hold: the audit of spring)")
    assert "is undecided" in read_[1].message
    assert "nothing new (1 known, 1 accepted), 2 intents: 0 hold, 1 broken, 1 undecided" in last


def test_a_lesser_intent_does_not_stand_before_a_worse_finding() -> None:
    intents = (intent("broken", severity="info"), intent("undecided"))
    read_, _ = lines(checked(finding(), finding(severity="warning"), intents=intents))
    assert [one.level for one in read_] == ["error", "warning", "warning", "notice"]


@pytest.mark.parametrize("file", ["-", "", "/elsewhere/a.yaml"])
def test_without_a_file_of_the_repository_the_message_says_where(file: str) -> None:
    (one,), _ = lines(checked(finding(file=file)))
    assert set(one.properties) == {"title"}
    place = f"{file}:8:5 " if file else ""
    assert one.message.startswith(f"{place}NetworkPolicy shop/web\n")


def test_the_command_writes_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("dead.yaml").write_text(DEAD)
    assert run(["check", ".", "-o", "github"]) == 1
    out = capfd.readouterr().out.splitlines()
    assert [read(line).level for line in out[:-1]] == ["error"]
    assert out[-1].startswith("netwright check: 1 error")


def test_diff_is_annotated_at_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], root: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["cp", "-R", str(root / "examples/shop"), "shop"], check=True)
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "one")):
        subprocess.run(["git", *arguments], check=True)
    mailer, policies = Path("shop/legacy/mailer.yaml"), Path("shop/shop/policies.yaml")
    mailer.write_text(mailer.read_text().replace("\n  ports:\n", "\n  type: LoadBalancer\n  ports:\n", 1))
    policies.write_text(policies.read_text().split("\n---\n", 1)[1])
    assert run(["diff", "shop", "-o", "github"]) == 1
    *commands, last = capfd.readouterr().out.splitlines()
    found = [read(c) for c in commands]
    assert [one.level for one in found] == ["error", "error", "warning", "notice"]
    assert found[0].properties["file"] == "shop/legacy/mailer.yaml"
    assert mailer.read_text().splitlines()[int(found[0].properties["line"]) - 1] == "  type: LoadBalancer"
    assert found[0].message.startswith("internet -> svc/legacy/mailer:25 TCP")
    assert found[2].properties["file"] == "shop/shop/policies.yaml", "what is gone has the path that it had"
    assert "because NetworkPolicy shop/default-deny was removed" in found[2].message
    assert last.startswith("netwright diff: 2 exposed, ")
