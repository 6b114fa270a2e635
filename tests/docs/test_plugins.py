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
    """Its line for the shell begins with a command of ours, and all options are that command's."""
    plugin = _plugins()[name]
    assert plugin["command"] == "sh"
    flag, line = plugin["args"]
    assert flag == "-c"
    program, verb, source, *words = shlex.split(line.partition(" | ")[0])
    assert (program, source) == ("netwright", "kube:$CONTEXT")
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    known = {option for one in command.params if isinstance(one, click.Option) for option in one.opts}
    assert {word for word in words if word.startswith("-")} <= known
    assert set(re.findall(r"\$(\w+)", line)) <= {"CONTEXT", "NAMESPACE", "NAME"}
    keys = [one["shortCut"] for one in _plugins().values()]
    assert len(keys) == len(set(keys))
