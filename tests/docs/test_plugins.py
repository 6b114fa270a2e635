"""The plugin of kubectl as Krew installs it, and the plugins of k9s: they name what there is."""

from __future__ import annotations

import hashlib
import io
import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from netwright.cli.main import cli
from netwright.version import VERSION

ROOT = Path(__file__).resolve().parents[2]
URL = "https://downloads.example/netwright"


def _tar(path: Path, *, mode: int = 0o755) -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, bits in (("netwright/LICENSE", 0o644), ("netwright/kubectl-netwright", mode)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = 3, bits
            file.addfile(member, io.BytesIO(b"#!x"))
    return path


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        member = zipfile.ZipInfo("kubectl-netwright")
        member.external_attr = 0o755 << 16
        file.writestr(member, b"#!x")
    return path


def krew(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docs" / "krew.py"), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_manifest_of_krew_has_what_krew_demands(tmp_path: Path) -> None:
    """By `internal/index/validation/validate.go` of kubernetes-sigs/krew."""
    linux, darwin = _tar(tmp_path / "linux.tar.gz"), _zip(tmp_path / "darwin.zip")
    made = krew("linux/amd64", linux, f"{URL}-1", "darwin/arm64", darwin, f"{URL}-2")
    assert made.returncode == 0, made.stderr
    found = yaml.safe_load(made.stdout)
    assert (found["apiVersion"], found["kind"]) == ("krew.googlecontainertools.github.com/v1alpha2", "Plugin")
    assert re.fullmatch(r"[\w-]+", found["metadata"]["name"])
    spec = found["spec"]
    assert re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"])
    assert spec["version"] == f"v{VERSION}"
    assert spec["shortDescription"]
    assert "\n" not in spec["shortDescription"]
    assert [(p["selector"]["matchLabels"], p["uri"], p["sha256"], p["bin"]) for p in spec["platforms"]] == [
        (
            {"os": "linux", "arch": "amd64"},
            f"{URL}-1",
            hashlib.sha256(linux.read_bytes()).hexdigest(),
            "netwright/kubectl-netwright",
        ),
        (
            {"os": "darwin", "arch": "arm64"},
            f"{URL}-2",
            hashlib.sha256(darwin.read_bytes()).hexdigest(),
            "kubectl-netwright",
        ),
    ]


@pytest.mark.parametrize(
    ("platform", "mode", "url", "message"),
    [
        ("linux", 0o755, URL, "is no platform"),
        ("linux/amd64", 0o644, URL, "holds 0 executable files"),
        ("linux/amd64", 0o755, "http://downloads.example/x", "not fetched over https"),
    ],
)
def test_what_krew_could_not_install_has_no_manifest(
    tmp_path: Path, platform: str, mode: int, url: str, message: str
) -> None:
    made = krew(platform, _tar(tmp_path / "some.tar.gz", mode=mode), url)
    assert (made.returncode, made.stdout) == (2, "")
    assert message in made.stderr


def _plugins() -> dict[str, Any]:
    text = (ROOT / "docs" / "how" / "k9s-plugins.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["plugins"]
    return found


@pytest.mark.parametrize("name", _plugins())
def test_a_plugin_of_k9s_asks_what_there_is(name: str) -> None:
    """Its line for the shell has a command of ours, and all options are that command's."""
    plugin = _plugins()[name]
    assert plugin["command"] == "sh"
    flag, line = plugin["args"]
    assert flag == "-c"
    program, verb, source, *words = shlex.split(line.rpartition("; ")[2].partition(" | ")[0])
    assert (program, source) == ("netwright", "kube:$CONTEXT")
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    known = {option for one in command.params if isinstance(one, click.Option) for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= known
    assert set(re.findall(r"\$(\w+)", line)) <= {"CONTEXT", "NAMESPACE", "NAME"}


K9S_KEYS = {
    "pods": "Shift-A Shift-C Shift-F Shift-I Shift-J Shift-M Shift-N Shift-O Shift-P Shift-R Shift-S Shift-T Shift-V "
    "Shift-X Shift-Z Ctrl-D Ctrl-J Ctrl-K Ctrl-Q Ctrl-X",
    "networkpolicies": "Shift-A Shift-J Shift-N Shift-P Ctrl-D Ctrl-J",
    "namespaces": "Shift-A Shift-J Shift-N Shift-S Ctrl-D Ctrl-J",
}
"""Keys that k9s itself binds there, by `internal/view` of derailed/k9s (`pod.go`, `ns.go`, `table.go`, `browser.go` and
the extenders); Ctrl-J is the line feed that it takes for Enter."""
K9S_EVERYWHERE = {f"Ctrl-{letter}" for letter in "ACEGORSUWZ"}


def test_a_plugin_of_k9s_has_a_key_that_is_free_where_it_is_shown() -> None:
    """`pluginActions` of k9s leaves a plugin out whose key the view has, unless it says `override`."""
    taken = {scope: {*keys.split(), *K9S_EVERYWHERE} for scope, keys in K9S_KEYS.items()}
    for name, plugin in _plugins().items():
        assert "override" not in plugin
        for scope in plugin["scopes"]:
            assert plugin["shortCut"] not in taken[scope], (name, scope)
            taken[scope].add(plugin["shortCut"])


def test_the_page_names_the_keys_of_the_plugins_of_k9s() -> None:
    page = (
        (ROOT / "docs" / "how" / "live.md").read_text(encoding="utf-8").partition("## In k9s")[2].partition("\n## ")[0]
    )
    for plugin in _plugins().values():
        assert f"`{plugin['shortCut']}`" in page


@pytest.mark.parametrize(("name", "words"), [("shop", ["-n", "shop"]), ("all", [])])
def test_a_namespace_is_asked_about_by_its_name_and_the_row_of_all_about_everything(
    tmp_path: Path, name: str, words: list[str]
) -> None:
    """Of a namespace k9s gives `-` as `$NAMESPACE`, for it stands in none."""
    (plugin,) = (p for p in _plugins().values() if "namespaces" in p["scopes"])
    flag, line = plugin["args"]
    assert "$NAMESPACE" not in line
    said = tmp_path / "netwright"
    said.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="utf-8")
    said.chmod(0o755)
    line = line.replace("$CONTEXT", "prod").replace("$NAME", name).replace("less -R", "cat")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    made = subprocess.run(["sh", flag, line], capture_output=True, text=True, check=True, env=environment)
    assert made.stdout.split() == ["check", "kube:prod", *words]
