"""Completion as shells see it: the scripts run, and offer nouns, codes, choices and files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from netwright.cli.look import NOUNS
from netwright.cli.main import cli, run

NAMES = ("netwright", "kubectl-netwright")
bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")


def offered(*words: str) -> list[tuple[str, str]]:
    """What follows these words, the last of them begun."""
    *said, begun = words
    found = BashComplete(cli, {}, "netwright", "X").get_completions(list(said), begun)
    return [(item.type, item.value) for item in found]


@pytest.fixture
def programs(root: Path, tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has both programs."""
    for name in NAMES:
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        # a shebang cannot name an interpreter in a folder with spaces
        program = f"import sys; sys.argv[0] = '{name}'; from netwright.cli.main import main; main()"
        file.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{program}" "$@"\n', encoding="utf-8")
        file.chmod(0o755)
    return {**os.environ, "PYTHONPATH": str(root / "src"), "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}


# --- what is offered -----------------------------------------------


def test_show_offers_nouns_and_then_files() -> None:
    assert offered("show", "") == [("plain", noun) for noun in NOUNS]
    assert offered("show", "wo") == [("plain", "workloads")]
    assert offered("show", "workloads", "ex") == [("file", "ex")]


def test_explain_offers_codes_kinds_and_terms_of_several_words() -> None:
    assert ("plain", "NW1001") in offered("explain", "NW10")
    assert ("plain", "NetworkPolicy") in offered("explain", "networkp")
    assert ("plain", "blast radius") in offered("explain", "bl")
    assert offered("explain", "blast", "r") == [("plain", "radius")]
    assert {kind for kind, _ in offered("explain", "")} == {"plain"}


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("reach", "--by", ""), ["pod", "workload", "namespace", "identity"]),
        (("reach", "-o", ""), ["text", "json", "csv", "md"]),
        (("show", "workloads", "-o", "j"), ["json", "jsonl"]),
        (("completion", ""), ["bash", "zsh", "fish", "kubectl"]),
    ],
)
def test_choices_are_offered(words: tuple[str, ...], values: list[str]) -> None:
    assert offered(*words) == [("plain", value) for value in values]


@pytest.mark.parametrize(
    "words", [("reach", "x"), ("eval", "x"), ("eval", "--queries", "x"), ("why", "-f", "x"), ("reach", "--out", "x")]
)
def test_sources_and_files_are_left_to_the_shell(words: tuple[str, ...]) -> None:
    assert offered(*words) == [("file", "x")]


# --- the scripts ---------------------------------------------------


@bash
@pytest.mark.parametrize("name", NAMES)
def test_bash_completes_and_falls_back_to_files(programs: dict[str, str], tmp_path: Path, name: str) -> None:
    script = (
        f'eval "$({name} completion bash)"\n'
        f"complete -p {name}\n"
        f"COMP_WORDS=({name} show wo) COMP_CWORD=2 COMPREPLY=()\n_{name.replace('-', '_')}_completion {name}\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    ran = subprocess.run(
        ["bash", "--norc", "-c", script], env=programs, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    declared, *words = ran.stdout.splitlines()
    assert "-o default" in declared, ran.stderr
    assert declared.endswith(name)
    assert words == ["workloads"]


def test_kubectl_asks_with_arguments_and_is_answered_as_cobra_does(programs: dict[str, str], tmp_path: Path) -> None:
    ran = subprocess.run(
        ["kubectl-netwright", "completion", "kubectl"], env=programs, capture_output=True, text=True, check=True
    )
    file = tmp_path / "bin" / "kubectl_complete-netwright"
    file.write_text(ran.stdout, encoding="utf-8")
    file.chmod(0o755)

    def asked(*words: str) -> list[str]:
        return subprocess.run(
            [file, *words], env=programs, cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.splitlines()

    assert asked("show", "wo") == ["workloads", ":4"]
    assert asked("reach", "man") == [":0"]
    assert asked("sh") == ["show\tList what was read.", ":4"]
    assert any(line.startswith("NW1001\t") for line in asked("explain", "NW1"))


def test_the_script_for_kubectl_asks_the_plugin(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "kubectl"]) == 0
    assert capfd.readouterr().out.startswith("#!/bin/sh\n")
