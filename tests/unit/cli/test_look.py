"""`show`, `explain`, `demo`, `completion` and `version` as a user runs them."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from netwright.cli.look import NOUNS, split_named
from netwright.cli.main import cli, run
from netwright.questions.show import NOUNS as ASKED
from netwright.version import VERSION

ESC = "\x1b"
HOSTILE = """\
apiVersion: v1
kind: Namespace
metadata:
  name: bad
  labels: {team: "\\e]0;owned\\a\\e[31m=cmd()\\nred\\u009b2J\\u202e"}
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: bad, labels: {app: p}}
spec:
  nodeName: "\\e[2Jnode\\n@team|<img>"
  containers: [{name: c, ports: [{containerPort: 80, name: web}]}]
---
apiVersion: "evil.example/\\e[31mv1"
kind: "=cmd()\\e[0m"
metadata: {name: "\\e[1m|x|\\n=2+2\\u009b2J\\u202e", namespace: bad}
"""


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(root)
    return "examples/shop"


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


# --- show ----------------------------------------------------------


def test_the_nouns_of_help_are_those_of_the_question() -> None:
    assert tuple(ASKED) == NOUNS


@pytest.mark.parametrize("noun", NOUNS)
def test_text_fits_80_columns_and_ends_in_its_counts(capfd: pytest.CaptureFixture[str], shop: str, noun: str) -> None:
    code, out, err = ask(capfd, "show", noun, shop)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "exit 0" in " ".join(out.splitlines()[-2:])


@pytest.mark.parametrize("noun", NOUNS)
def test_every_format_has_the_same_rows(capfd: pytest.CaptureFixture[str], shop: str, noun: str) -> None:
    asked = ("show", noun, shop, *(("--cni", "cilium") if noun == "policymaps" else ()))
    body = json.loads(ask(capfd, *asked, "-o", "json")[1])
    assert body["schema"] == "netwright.show/v1"
    assert body["documents"]["evaluated"] == 55
    assert body["exit_reasons"] == []
    lines = [json.loads(line) for line in ask(capfd, *asked, "-o", "jsonl")[1].splitlines()]
    assert lines == body["rows"]
    assert bool(lines) == (noun not in ("vms", "nics"))  # the example has no machines
    # binary, as the line ends of CSV are its own
    table = list(csv.reader(io.StringIO(ask(capfd, *asked, "-o", "csv")[1], newline="")))
    assert len(table) == len(lines) + 1
    assert len({len(row) for row in table}) == 1
    markdown = ask(capfd, *asked, "-o", "md")[1].splitlines()
    assert sum(line.startswith("|") for line in markdown) == len(lines) + 2
    wide = ask(capfd, *asked, "-o", "wide")[1].splitlines()
    assert sum(not line.startswith(" ") for line in wide) >= len(lines) + 1
    assert "…" not in "".join(wide)


def test_what_the_example_says(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    rows = {r["ref"]: r for r in json.loads(ask(capfd, "show", "policies", shop, "-o", "json")[1])["rows"]}
    assert rows["monitoring/ledger-metrics"]["selects"] == 0
    assert "! 0" in next(
        line for line in ask(capfd, "show", "policies", shop)[1].splitlines() if "ledger-metrics" in line
    )
    (total,) = [
        r for r in json.loads(ask(capfd, "show", "isolation", shop, "-o", "json")[1])["rows"] if not r["namespace"]
    ]
    assert (total["workloads"], total["both"], total["neither"], total["host"]) == (14, 7, 6, 1)


def test_what_is_no_file_is_a_reference(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    for arguments in (("show", "workloads", shop, "shop/web"), ("show", "workloads", "shop/web", "-f", shop)):
        rows = json.loads(ask(capfd, *arguments, "-o", "json")[1])["rows"]
        assert [r["ref"] for r in rows] == ["deploy/shop/web"]
    rows = json.loads(ask(capfd, "show", "endpoints", shop, "10.20.0.12", "-o", "json")[1])["rows"]
    assert [r["ref"] for r in rows] == ["node/node-2"]
    assert split_named(["-", "git:main:x", "x.yaml", "a/b", "10.0.0.1", "internet", "./none", "a/b/"]) == (
        ["-", "git:main:x", "x.yaml", "./none", "a/b/"],
        ["a/b", "10.0.0.1", "internet"],
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "wombats"), "not a noun"),
        (("show", "workload", "examples/shop", "shop/wbe"), "did you mean"),
        (("show", "workloads", "examples/shop", "shpo"), "no file or folder here"),
        (("show", "workloads", "examples/shop", "-n", "shpo"), "did you mean `shop`"),
        (("show", "kinds", "examples/shop", "shop/web"), "takes no reference"),
        (("explain", "blast radus"), "did you mean `blast radius`"),
    ],
)
def test_slips_end_in_2_and_say_what_was_meant(
    capfd: pytest.CaptureFixture[str], shop: str, arguments: tuple[str, ...], told: str
) -> None:
    code, out, err = ask(capfd, *arguments)
    assert (code, out) == (2, "")
    assert told in err


def test_input_that_could_not_be_used_ends_in_3(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\nkind: [\n", encoding="utf-8")
    code, out, err = ask(capfd, "show", "kinds", str(file))
    assert code == 3
    assert "unreadable" in out
    assert "NW1001" in err
    code, out, _ = ask(capfd, "show", "namespaces", str(file), "-o", "json")
    assert code == 3
    assert json.loads(out)["exit_reasons"][0].startswith("3")


def test_a_file_is_not_overwritten(capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert ask(capfd, "show", "workloads", shop, "-o", "csv", "--out", str(out))[:2] == (0, "")
    held = out.read_bytes()
    assert held.startswith(b"namespace,ref,")
    assert ask(capfd, "show", "workloads", shop, "--out", str(out))[0] == 2
    assert out.read_bytes() == held
    assert ask(capfd, "show", "workloads", shop, "--out", str(out), "--force")[0] == 0
    assert b"WORKLOAD" in out.read_bytes()


@pytest.mark.parametrize("noun", ["workloads", "endpoints", "namespaces", "kinds", "isolation"])
@pytest.mark.parametrize("output", ["text", "wide", "json", "jsonl", "csv", "md"])
def test_hostile_names_are_text_in_every_format(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, noun: str, output: str
) -> None:
    file = tmp_path / "hostile\x1b[31m\n.yaml"
    file.write_text(HOSTILE, encoding="utf-8")
    code, out, err = ask(capfd, "show", noun, str(file), "-o", output)
    assert code in (0, 3)
    for text in (out, err):
        assert all(c.isprintable() or c in "\r\n" for c in text), ascii(text)
    if output == "csv":
        cells = [cell for row in csv.reader(io.StringIO(out, newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    if output == "md":
        assert "<img>" not in out
        assert "@team" not in out
    if output == "json":
        json.loads(out)


def test_the_hostile_names_do_reach_the_output(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "hostile\x1b[31m\n.yaml"
    file.write_text(HOSTILE, encoding="utf-8")
    out = ask(capfd, "show", "kinds", str(file), "-o", "wide")[1]
    assert "\\x1b[0m" in out
    assert "hostile\\x1b[31m\\n.yaml:" in out
    assert "'=cmd()" in ask(capfd, "show", "kinds", str(file), "-o", "csv")[1]


# --- explain, demo, completion, version ----------------------------


def test_explain_is_plain_text_at_80_columns(capfd: pytest.CaptureFixture[str]) -> None:
    for asked in ([], ["NetworkPolicy"], ["port", "group"], ["cni:upstream"], ["NW1003"], ["network"]):
        code, out, err = ask(capfd, "explain", *asked)
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 80
    body = json.loads(ask(capfd, "explain", "dvSwitch", "-o", "json")[1])
    assert body["schema"] == "netwright.explain/v1"
    assert body["pages"][0]["about"] == "counterpart"
    assert "NW1001" in json.loads(ask(capfd, "explain", "-o", "json")[1])["index"]["codes"]


def test_demo_runs_the_commands_that_it_shows(
    capfd: pytest.CaptureFixture[str], root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ask(capfd, "demo")
    assert (code, err) == (0, "")
    assert Path.cwd() == tmp_path
    assert list(tmp_path.iterdir()) == []
    commands = [line.removeprefix("$ netwright ") for line in out.splitlines() if line.startswith("$ netwright ")]
    assert len(commands) == 3
    assert commands[0] == "why shop/web shop/db:5432 -f examples/shop"
    monkeypatch.chdir(root)
    for command in commands:
        first = ask(capfd, *command.split())[1].splitlines()[0]
        assert first in out
    assert "DENIED" in out
    assert "  netwright reach FOLDER\n" in out


def test_completion_completes(capfd: pytest.CaptureFixture[str]) -> None:
    for shell, sign in (("bash", "complete -o nosort"), ("zsh", "#compdef netwright"), ("fish", "complete --no-files")):
        code, out, _ = ask(capfd, "completion", shell)
        assert code == 0
        assert sign in out
        assert "_NETWRIGHT_COMPLETE" in out
    assert [c.value for c in BashComplete(cli, {}, "netwright", "X").get_completions([], "sh")] == ["show"]
    assert ask(capfd, "completion", "tcsh")[0] == 2


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert ask(capfd, "version")[1].startswith(f"netwright {VERSION} (Python 3.")
    body = json.loads(ask(capfd, "version", "-o", "json")[1])
    assert body["version"] == VERSION
    assert {"numpy", "msgspec", "PyYAML"} <= set(body["packages"])


@pytest.mark.parametrize(
    "arguments",
    [
        ["version"],
        ["explain"],
        ["explain", "NetworkPolicy"],
        ["explain", "cni:upstream"],
        ["show", "--help"],
        ["completion", "bash"],
    ],
)
def test_light_commands_stay_light(root: Path, arguments: list[str]) -> None:
    program = (
        "import sys\nfrom netwright.cli.main import run\n"
        f"code = run({arguments!r})\n"
        "print(code, sorted(m for m in ('numpy', 'rich', 'yaml') if m in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True, env=environment(root)
    )
    assert ran.stdout.splitlines()[-1] == "0 []"


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "services", "examples/shop"],
        ["show", "exposed", "examples/shop"],
        ["explain", "exit", "codes"],
        ["explain", "internet"],
        ["demo"],
    ],
)
def test_terminals_that_are_not_utf8_get_ascii(root: Path, arguments: list[str]) -> None:
    program = f"import sys\nfrom netwright.cli.main import run\nsys.exit(run({arguments!r}))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        capture_output=True,
        check=True,
        env=environment(root) | {"PYTHONIOENCODING": "ascii"},
    )
    assert ran.stdout.isascii()
    assert b"\\u" not in ran.stdout
    assert b"\\x" not in ran.stdout
    assert ESC.encode() not in ran.stdout


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root / "src")}
