"""`diff` as a user runs it: sources, exit codes, formats."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from netwright.cli.main import run

PODS = """\
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}},
 spec: {containers: [{name: c, image: web:1, ports: [{containerPort: 8080}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}},
 spec: {containers: [{name: c, image: db:1, ports: [{containerPort: 5432}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop},
 spec: {type: TYPE, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}}
"""
POLICY = """\
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: db, namespace: shop},
 spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [PEER], ports: [{port: 5432}]}]}}
"""
WEB, NOBODY = "{podSelector: {matchLabels: {app: web}}}", "{podSelector: {matchLabels: {app: x}}}"
RANGE = "{ipBlock: {cidr: 10.0.0.0/8}}"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, peer, type_ in (
        ("base", WEB, "ClusterIP"),
        ("closed", NOBODY, "ClusterIP"),
        ("exposed", WEB, "NodePort"),
        ("unsure", RANGE, "ClusterIP"),
        ("broken", NOBODY, "ClusterIP"),
    ):
        write(tmp_path / name, peer, type_)
    (tmp_path / "broken/half.yaml").write_text("kind: NetworkPolicy\nmetadata: {namespace: ops, name: {half\n")
    return tmp_path


def write(folder: Path, peer: str, type_: str = "ClusterIP") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pods.yaml").write_text(PODS.replace("TYPE", type_), encoding="utf-8")
    (folder / "policy.yaml").write_text(POLICY.replace("PEER", peer), encoding="utf-8")


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


# --- exit codes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "any_", "opened", "exposed", "never"),
    [
        ("base", "base", 0, 0, 0, 0),
        ("base", "closed", 1, 0, 0, 0),
        ("closed", "base", 1, 1, 0, 0),
        ("base", "exposed", 1, 1, 1, 0),
        ("exposed", "base", 1, 0, 0, 0),
        ("base", "unsure", 1, 1, 0, 0),
        ("base", "broken", 3, 3, 3, 3),
        ("broken", "base", 3, 3, 3, 3),
    ],
)
@pytest.mark.usefixtures("here")
def test_exit_codes(
    capfd: pytest.CaptureFixture[str], before: str, after: str, any_: int, opened: int, exposed: int, never: int
) -> None:
    wanted = {"any": any_, "opened": opened, "exposed": exposed, "never": never}
    assert {on: ask(capfd, "diff", before, after, "--fail-on", on)[0] for on in wanted} == wanted
    assert ask(capfd, "diff", before, after)[0] == any_


def test_what_is_undecided_ends_with_4_where_it_could_hide_what_the_gate_is_for(
    capfd: pytest.CaptureFixture[str], here: Path
) -> None:
    ours = "{ipBlock: {cidr: 10.0.0.0/8}}"
    write(here / "a", f"{ours}, {WEB}")
    write(here / "b", ours)
    codes = [ask(capfd, "diff", *pair, "--fail-on", "opened")[0] for pair in (("a", "b"), ("b", "a"))]
    assert codes == [0, 4], "web went from allowed to undecided, and back"
    assert ask(capfd, "diff", "a", "b")[0] == 4
    assert ask(capfd, "diff", "a", "b", "--fail-on", "never")[0] == 0
    out = ask(capfd, "diff", "a", "b")[1]
    assert "? undecided pod/shop/web → pod/shop/db  TCP 5432 (was allowed, now undecided)\n" in out
    assert out.endswith("exit 4: undecided (--fail-on any)\n")


# --- what it prints ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("here")
def test_nothing_different_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capfd, "diff", "base", "base")
    assert code == 0
    assert out.startswith("no connection was opened, closed or changed\n0 opened · 0 closed · 0 changed · 0 undecided")
    assert out.endswith("exit 0\n")
    assert err == ""


@pytest.mark.usefixtures("here")
def test_text_and_json_say_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capfd, "diff", "base", "closed")
    assert out.startswith("- closed    pod/shop/web → pod/shop/db  TCP 5432\n")
    assert "because NetworkPolicy shop/db was changed  closed/policy.yaml:2:" in out
    assert out.endswith("exit 1: the answer is no (--fail-on any)\n")
    found = json.loads(ask(capfd, "diff", "base", "closed", "-o", "json")[1])
    assert found["schema"] == "netwright.diff/v1"
    assert [(m["from"], m["to"], m["closed"], m["because"]) for m in found["closed"]] == [
        ("pod/shop/web", "pod/shop/db", "TCP 5432", [0])
    ]
    assert (found["opened"], found["changed"], found["undecided"], found["exposed"]) == ([], [], [], [])
    (field,) = found["because"][0]["fields"]
    assert (field["path"], field["old"], field["new"]) == (
        "spec.ingress[0].from[0].podSelector.matchLabels.app",
        "web",
        "x",
    )
    assert found["exit_reasons"] == [f"{code}: the answer is no"]
    assert [s["inputs"][0]["source"] for s in (found["before"], found)] == ["base", "closed"]


@pytest.mark.usefixtures("here")
def test_the_exposed_service_is_named_with_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    out = ask(capfd, "diff", "base", "exposed")[1]
    assert out.startswith("! EXPOSED   internet → svc/shop/web:80 TCP via NodePort")
    assert "because Service shop/web was changed  exposed/pods.yaml:8:" in out
    assert "spec.type: ClusterIP → NodePort" in out


@pytest.mark.usefixtures("here")
def test_what_is_wrong_with_either_side_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    for pair in (("base", "broken"), ("broken", "base"), ("broken", "broken")):
        code, _, err = ask(capfd, "diff", *pair, "-q")
        assert code == 3
        assert err.count("half.yaml") == 1


def test_text_fits_80_columns(capfd: pytest.CaptureFixture[str], root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    for more in ((), ("--all",)):
        code, out, _ = ask(capfd, "diff", "examples/shop", "examples/shop/shop", *more)
        assert code in (1, 3)
        assert [line for line in out.splitlines() if len(line) > 80] == []


# --- sources ----------------------------------------------------------------------------------------------------------


def test_one_source_is_compared_with_the_last_commit(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "deploy/app", WEB)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    named = [(tmp_path, "deploy/app"), (tmp_path, "./deploy/app/"), (tmp_path / "deploy", "app"), (tmp_path, ".")]
    named += [(tmp_path / "deploy/app", "."), (tmp_path / "deploy/app", "../app"), (tmp_path, str(tmp_path / "deploy"))]
    for cwd, source in named:
        monkeypatch.chdir(cwd)
        code, out, err = ask(capfd, "diff", source)
        assert (code, err) == (0, ""), source
        assert "changed text" not in out
    write(tmp_path / "deploy/app", NOBODY)
    pods = tmp_path / "deploy/app/pods.yaml"
    pods.write_text("# said\n" + pods.read_text(encoding="utf-8"), encoding="utf-8")
    for cwd, source in named:
        monkeypatch.chdir(cwd)
        code, out, _ = ask(capfd, "diff", source)
        assert code == 1
        assert "- closed    pod/shop/web → pod/shop/db  TCP 5432" in out
        (quiet,) = [line for line in out.splitlines() if "changed text" in line]
        below = {"deploy/app": "", "app": ""}.get(source, "")
        assert quiet.startswith("1 file changed text but not traffic: ")
        assert quiet.endswith(f"{below}pods.yaml")
        assert "git:" not in quiet


def test_two_revisions_and_a_folder(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "-q")
    for peer in (WEB, NOBODY):
        write(tmp_path / "m", peer)
        git(tmp_path, "add", ".")
        git(tmp_path, "commit", "-qm", "one")
    assert ask(capfd, "diff", "git:HEAD:m", "m")[0] == 0
    code, out, _ = ask(capfd, "diff", "git:HEAD~1:m/", "git:HEAD:m")
    assert code == 1
    assert "git:HEAD:m/policy.yaml:2:" in out
    assert "changed text" not in out
    assert ask(capfd, "diff", "git:HEAD:m", "-f", "git:HEAD~1:m", "--fail-on", "opened")[0] == 1


def test_either_side_may_be_standard_input(
    capfd: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def piped(name: str) -> None:
        text = "---\n".join(p.read_text(encoding="utf-8") for p in sorted((here / name).iterdir()))
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    piped("closed")
    code, out, _ = ask(capfd, "diff", "base", "-")
    assert code == 1
    assert out.startswith("- closed    pod/shop/web")
    assert "changed text" not in out, "one stream and a folder have no files in common"
    piped("base")
    code, out, _ = ask(capfd, "diff", "-", "closed")
    assert code == 1
    assert out.startswith("- closed    pod/shop/web")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("sources", "says"),
    [
        (("-", "-"), "standard input cannot be both"),
        ((), "diff compares two sources"),
        (("-",), "diff compares two sources"),
        (("git:HEAD:x",), "diff compares two sources"),
        (("base", "closed", "exposed"), "diff compares two sources, not 3"),
        (("base", "absent"), "absent"),
    ],
)
def test_wrong_use(capfd: pytest.CaptureFixture[str], sources: tuple[str, ...], says: str) -> None:
    code, out, err = ask(capfd, "diff", *sources)
    assert code in (2, 3)
    assert out == ""
    assert says in err
