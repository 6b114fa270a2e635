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


# --- several networks in one source -----------------------------------------------------------------------------------


@pytest.fixture
def clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of three clusters as its last commit has it, and after it: two alike, one that went, one new."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "gone"):
        write(tmp_path / "clusters" / name, WEB)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    write(tmp_path / "clusters/a", NOBODY)
    (tmp_path / "clusters/gone").rename(tmp_path / "clusters/new")
    return tmp_path


@pytest.mark.usefixtures("clusters")
def test_each_cluster_is_compared_with_the_one_of_its_name(capfd: pytest.CaptureFixture[str]) -> None:
    for sources in (("git:main:.", "."), (".",), ("git:main:", "-f", ".")):
        code, out, err = ask(capfd, "diff", *sources, "--split", "clusters")
        assert (code, err) == (1, "")
        a, gone, new, last = out.split("\n\n")
        assert a.startswith("clusters/a\n- closed    pod/shop/web → pod/shop/db  TCP 5432\n")
        assert "clusters/a/policy.yaml:2:" in a
        assert gone.startswith("clusters/gone (only in A)\n- closed")
        assert new.startswith("clusters/new (only in B)\n+ opened")
        assert last.startswith("1 twin without a difference: clusters/b\n3 of 4 twins with a difference · ")
    counts = [len([line for line in part.splitlines() if line.startswith("- closed")]) for part in (a, gone, new)]
    assert counts[0] == 1
    assert counts[1] > 1
    assert counts[2] == 0


@pytest.mark.usefixtures("clusters")
def test_json_has_each_with_its_own_causes_and_none_at_the_top(capfd: pytest.CaptureFixture[str]) -> None:
    found = json.loads(ask(capfd, "diff", "git:main:clusters", "clusters", "--split", ".", "-o", "json")[1])
    assert {"opened", "closed", "changed", "because"}.isdisjoint(found)
    assert [(t["name"], t["only_in"], t["exit_reasons"]) for t in found["twins"]] == [
        ("a", "", found["exit_reasons"]),
        ("b", "", []),
        ("gone", "before", found["exit_reasons"]),
        ("new", "after", found["exit_reasons"]),
    ]
    a, b, gone, new = found["twins"]
    assert [(m["from"], m["to"], m["because"]) for m in a["closed"]] == [("pod/shop/web", "pod/shop/db", [0])]
    assert [(c["kind"], c["after"].rpartition("/")[0]) for c in a["because"]] == [("NetworkPolicy", "clusters/a")]
    assert (b["opened"], b["closed"], b["because"], b["pairs"] > 0) == ([], [], [], True)
    assert [bool(t["opened"]) for t in (gone, new)] == [False, True]
    assert [bool(t["closed"]) for t in (gone, new)] == [True, False]
    assert {c["change"] for c in gone["because"]} == {"removed"}
    assert [t["before"]["documents"]["evaluated"] > 0 for t in found["twins"]] == [True, True, True, False]


def test_the_exit_code_is_that_of_the_worst(capfd: pytest.CaptureFixture[str], here: Path) -> None:
    for side in ("old", "new"):
        write(here / side / "same", WEB)
        write(here / side / "opened", NOBODY if side == "old" else WEB)
        write(here / side / "perhaps", f"{RANGE}, {WEB}" if side == "old" else RANGE)

    def codes() -> list[int]:
        return [
            ask(capfd, "diff", "old", "new", "--split", ".", "--fail-on", f)[0] for f in ("any", "exposed", "never")
        ]

    assert codes() == [1, 0, 0]
    write(here / "new/opened", NOBODY)
    assert codes() == [4, 0, 0]
    (here / "new/same/half.yaml").write_text("kind: NetworkPolicy\nmetadata: {namespace: ops, name: {half\n")
    code, _, err = ask(capfd, "diff", "old", "new", "--split", ".", "-q")
    assert code == 3
    assert "new/same/half.yaml" in err
    assert codes() == [3, 3, 3]


def test_nothing_different_in_any_is_said(capfd: pytest.CaptureFixture[str], here: Path) -> None:
    for side in ("old", "new"):
        write(here / side / "x", WEB)
        write(here / side / "y", NOBODY)
    pods = here / "new/y/pods.yaml"
    pods.write_text("# said\n" + pods.read_text(encoding="utf-8"), encoding="utf-8")
    code, out, err = ask(capfd, "diff", "old", "new", "--split", ".")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "no connection was opened, closed or changed",
        "1 file changed text but not traffic: pods.yaml of y",
        "2 twins without a difference: x, y",
    ]


def test_an_object_that_stands_twice_is_told_with_both_places_and_what_parts_them(
    capfd: pytest.CaptureFixture[str], here: Path
) -> None:
    write(here / "old/clusters/a", WEB)
    write(here / "new/clusters/a", WEB)
    write(here / "new/clusters/b", NOBODY)
    code, _, err = ask(capfd, "diff", "old", "new")
    told = " ".join(err.split())
    assert code == 1
    assert "NetworkPolicy `shop/db` stands twice and differs (first at new/clusters/a/policy.yaml:1:1)" in told
    assert "┌ new/clusters/b/policy.yaml:1:1" in told
    assert "`diff --split clusters` takes each folder of clusters on its own" in told
    assert "stands twice" not in ask(capfd, "diff", "old", "new", "--split", "clusters")[2]
    (here / "twice.yaml").write_text("\n---\n".join(POLICY.replace("PEER", p) for p in (WEB, NOBODY)), encoding="utf-8")
    err = ask(capfd, "diff", "old", "twice.yaml")[2]
    assert "first at twice.yaml:1:1" in " ".join(err.split())
    assert "--split" not in err


@pytest.mark.usefixtures("clusters")
def test_several_are_told_as_text_or_json_alone(capfd: pytest.CaptureFixture[str]) -> None:
    for format_ in ("md", "csv", "junit", "github"):
        code, out, err = ask(capfd, "diff", ".", "--split", "clusters", "-o", format_)
        assert (code, out) == (2, "")
        assert f"not as {format_}" in err
        assert "`netwright diff A/clusters/a B/clusters/a`" in " ".join(err.split())


@pytest.mark.usefixtures("here")
def test_a_side_without_manifests_is_no_network(capfd: pytest.CaptureFixture[str], here: Path) -> None:
    write(here / "old/x", WEB)
    (here / "new/x").mkdir(parents=True)
    code, out, err = ask(capfd, "diff", "old", "new", "--split", ".")
    assert (code, out) == (3, "")
    assert "no manifest in `new`" in err


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
        (("base", "closed", "--split", "clusters"), "no folders in `clusters` of `base`, `closed`"),
    ],
)
def test_wrong_use(capfd: pytest.CaptureFixture[str], sources: tuple[str, ...], says: str) -> None:
    code, out, err = ask(capfd, "diff", *sources)
    assert code in (2, 3)
    assert out == ""
    assert says in err
