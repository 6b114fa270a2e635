"""A failure to answer: told in visible characters, folded for eyes, whole for logs, whatever is closed."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from netwright.cli.main import run
from netwright.render.failure_text import failure_text
from netwright.render.words import Words

HOSTILE = "a/\x1b]0;x\x07\x9b2J\u202e"
SHOWN = "a/\\x1b]0;x\\x07\\x9b2J\\u202e"


@pytest.fixture
def shop(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(root)
    return "examples/shop"


def ask(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    captured = capfd.readouterr()
    return code, captured.out, captured.err


# --- what is quoted ------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        {"from": HOSTILE, "to": "shop/db", "port": 1},
        {"from": "shop/web", "to": "shop/db", "protocol": HOSTILE, "port": 1},
        {"from": "shop/web", "to": "shop/db", "port": HOSTILE},
        {"from": "shop/web", "to": "shop/db", "network": HOSTILE, "port": 1},
        {"from": "shop/web", "to": "shop/db", "port": 1, HOSTILE: 1},
    ],
)
def test_a_question_brings_no_codes_to_standard_error(
    capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path, query: dict[str, object]
) -> None:
    file = tmp_path / f"q{HOSTILE[2:]}.jsonl"
    file.write_text(json.dumps(query), encoding="utf-8")
    code, out, err = ask(capfd, "eval", shop, "--queries", str(file))
    assert (code, out) == (2, "")
    assert "\\x1b]0;x\\x07" in err
    assert all(c.isprintable() or c == "\n" for c in err), ascii(err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("reach", HOSTILE),
        ("reach", f"git:{HOSTILE}:x"),
        ("show", HOSTILE),
        ("show", "workloads", "examples/shop", HOSTILE),
        ("show", "workloads", "examples/shop", "-n", HOSTILE),
        ("show", "workloads", "examples/shop", "--out", f"none/{HOSTILE}"),
        ("explain", HOSTILE),
        ("why", HOSTILE, "shop/db", "-f", "examples/shop"),
        ("why", "shop/web", f"shop/db:{HOSTILE}", "-f", "examples/shop"),
        ("why", "shop/web", "shop/db:1", "-f", "examples/shop", "--protocol", HOSTILE),
        ("reach", "examples/shop", "-o", HOSTILE),
        ("reach", "examples/shop", f"--{HOSTILE}"),
        (HOSTILE,),
    ],
)
def test_the_command_line_brings_no_codes_to_standard_error(
    capfd: pytest.CaptureFixture[str], shop: str, arguments: tuple[str, ...]
) -> None:
    code, out, err = ask(capfd, *arguments)
    assert (code in (2, 3), out) == (True, "")
    assert err.startswith("error: ")
    assert all(c.isprintable() or c == "\n" for c in err), ascii(err)


def test_a_failure_is_one_line_in_a_log_and_folded_between_words_on_a_terminal() -> None:
    message, help = f"`{SHOWN}` is no file and no folder here, and no reference", "did you mean `a`?; it is no file"
    assert failure_text(message, help, None) == [f"error: {message}", "  = help  did you mean `a`? it is no file"]
    lines = failure_text(message, help, Words(width=40))
    assert max(map(len, lines)) <= 40
    assert " ".join(" ".join(lines).split()) == f"error: {message} = help did you mean `a`? it is no file"
    assert set(" ".join(lines).split()) == set(f"error: {message} = help did you mean `a`? it is no file".split())


def test_questions_end_their_sentence(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    err = ask(capfd, "show", "workloads", shop, "shop/wbe")[2]
    assert "? it is no file" in err
    assert "?;" not in err


@pytest.mark.parametrize("there", ["nothing", "a folder"])
@pytest.mark.parametrize(
    ("arguments", "code", "help_text"),
    [
        (("check", "examples/shop", "--config", "X"), 2, "`netwright explain intent` shows"),
        (("check", "examples/shop", "--intents", "X"), 2, "`netwright explain intent` shows"),
        (("check", "examples/shop", "--baseline", "X"), 2, "`netwright check -o json --out X` writes one"),
        (("eval", "examples/shop", "--queries", "X"), 2, "--queries takes a file of JSON lines"),
        (("snapshot", "show", "X"), 2, "`netwright snapshot take SOURCE` takes one"),
        (("check", "X"), 3, "a source is a file, a folder"),
        (("diff", "examples/shop", "X"), 3, "a source is a file, a folder"),
        (("reach", "snapshot:X"), 3, "`netwright snapshot take SOURCE` takes one"),
        (("reach", "git:X:y"), 3, "run netwright inside the clone"),
        (("reach", "kube:", "--kubeconfig", "X"), 3, ""),
    ],
)
def test_what_sources_name_is_the_input_and_what_options_name_the_question(
    capfd: pytest.CaptureFixture[str],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    help_text: str,
    there: str,
) -> None:
    monkeypatch.setenv("NETWRIGHT_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    if there == "a folder":
        (tmp_path / "X").mkdir()
        help_text = help_text if arguments[-2].startswith("--") else ""
    shop = str(root / "examples/shop")
    found, out, err = ask(capfd, *(shop if word == "examples/shop" else word for word in arguments))
    assert (found, out) == (code, "")
    assert err.startswith("error: ")
    assert help_text in err


# --- what would go unnoticed ---------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("why", "shop/web", "shop/db:1", "--style", "narrated", "-o", "json"), "--style is of text"),
        (("show", "workloads", "-A", "-n", "shop"), "-A asks for every namespace"),
        (("reach", "-A", "-n", "shop"), "-A asks for every namespace"),
    ],
)
def test_options_that_contradict_each_other(
    capfd: pytest.CaptureFixture[str], shop: str, arguments: tuple[str, ...], told: str
) -> None:
    code, out, err = ask(capfd, *arguments, "-f", shop)
    assert (code, out) == (2, "")
    assert told in err


@pytest.mark.parametrize("text", ["", "\n  \n"])
@pytest.mark.parametrize("output", ["jsonl", "text"])
def test_a_file_without_questions_is_a_slip(
    capfd: pytest.CaptureFixture[str], shop: str, tmp_path: Path, text: str, output: str
) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(text, encoding="utf-8")
    code, out, err = ask(capfd, "eval", shop, "--queries", str(file), "-o", output)
    assert (code, out) == (2, "")
    assert "holds no questions" in err


# --- closed streams ------------------------------------------------


def shell(root: Path, command: str) -> tuple[int, str, str]:
    """A command line of sh, of which `netwright` is this one."""
    program = shlex.join([sys.executable, "-m", "netwright"])
    ran = subprocess.run(
        ["sh", "-c", command.replace("netwright", program, 1)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src")},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("command", ["explain isolated", "demo", "--help", "", "version", "completion bash"])
def test_a_closed_standard_output_is_said(root: Path, command: str) -> None:
    code, _, err = shell(root, f"netwright {command} >&-")
    assert (code, err) == (2, "error: the answer cannot be written: standard output is closed\n")


def test_a_file_needs_no_standard_output(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, _, err = shell(root, f"netwright explain isolated --out '{out}' <&- >&-")
    assert (code, err) == (0, "")
    assert "solat" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", ["reach -", "eval examples/shop --queries -"])
def test_a_closed_standard_input_is_said(root: Path, command: str) -> None:
    code, out, err = shell(root, f"netwright {command} <&-")
    assert (code, out) == (3, "")
    assert err.startswith("error: standard input is closed\n")


def test_a_closed_standard_input_is_no_matter_where_it_is_not_read(root: Path) -> None:
    assert shell(root, "netwright explain isolated <&-")[0] == 0


def test_a_closed_standard_error_loses_what_is_told_and_nothing_else(root: Path) -> None:
    for command in ("explain isolated", "why shop/web shop/db:5432 -f examples/shop -v --no-changes", "demo"):
        code, out, err = shell(root, f"netwright {command} 2>&-")
        assert (code, err) == (1 if command.startswith("why") else 0, "")
        assert out == shell(root, f"netwright {command}")[1] or "denied" in out
    assert shell(root, "netwright show wombats 2>&-")[0] == 2
    if Path("/dev/full").exists():
        assert shell(root, "netwright show wombats 2>/dev/full")[0] == 2


# --- without a command ---------------------------------------------


@pytest.mark.parametrize("name", ["netwright", "kubectl-netwright"])
def test_the_bare_name_asks_for_help(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sys, "argv", [name])
    code, out, err = ask(capfd)
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: {name.replace('-', ' ')} ")
    assert out == ask(capfd, "--help")[1]


def test_completion_without_a_shell_shows_its_help_and_nothing_to_source(capfd: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capfd, "completion")
    assert (code, out) == (2, "")
    assert err.startswith("Usage: netwright completion ")
    assert "error" not in err


def test_choices_stand_on_the_line_of_their_error(capfd: pytest.CaptureFixture[str]) -> None:
    err = ask(capfd, "completion", "tcsh")[2]
    assert "\t" not in err
    assert "'bash', 'zsh', 'fish'" in err


# --- what a script leaves empty ---------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("reach", "SHOP", "--out", ""),
        ("reach", "SHOP", "--out="),
        ("check", "SHOP", "--cni", ""),
        ("check", "SHOP", "--baseline="),
        ("check", "SHOP", "--config", ""),
        ("check", "SHOP", "-n", ""),
        ("check", "SHOP", "-f", ""),
        ("diff", "SHOP", "SHOP", "--split", ""),
        ("snapshot", "list", "--store", ""),
        ("snapshot", "take", "SHOP", "--store="),
    ],
)
def test_an_option_that_is_given_nothing_is_not_left_out_in_silence(
    capfd: pytest.CaptureFixture[str],
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETWRIGHT_STORE", str(tmp_path / "store"))
    code, out, err = ask(capfd, *(str(root / "examples/shop") if word == "SHOP" else word for word in arguments))
    option = next(word for word in arguments if word.startswith("-")).rstrip("=")
    assert (code, out) == (2, "")
    assert err == f"error: `{option}` is given nothing\n  = help  give it a value, or leave it out\n"
    assert list(tmp_path.iterdir()) == []


def test_what_only_looks_like_an_option_that_is_given_nothing(capfd: pytest.CaptureFixture[str], shop: str) -> None:
    assert ask(capfd, "check", "-q", "")[::2] == (
        3,
        "error: the name of a source is empty\n  = help  name a file, a folder, `-`, `git:REV:PATH` or `kube:`\n",
    )
    assert "no file or folder `--out=`" in ask(capfd, "reach", "--", "--out=")[2]
    assert ask(capfd, "show", "workloads", shop, "shop/web{app=}")[0] == 2
    assert ask(capfd, "explain", "")[0] == 0
    assert ask(capfd, "snapshot", "")[0] == 2
