"""The pinned requirements fit pyproject.toml and one another, carry hashes, and name no machine and no index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ["build", "core", "dev", "docs", "uv"]


def pins(file: Path) -> dict[str, set[str]]:
    """Every package with the versions it is pinned at (several where platforms or Pythons differ)."""
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^([A-Za-z0-9][^\n\\]*)", file.read_text(encoding="utf-8"), re.MULTILINE):
        requirement = Requirement(line)
        (version,) = requirement.specifier
        assert version.operator == "==", f"{file.name}: {line}"
        found.setdefault(canonicalize_name(requirement.name), set()).add(version.version)
    return found


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def wanted(project: dict[str, Any], file: str) -> list[str]:
    groups = project["dependency-groups"]
    core = project["project"]["dependencies"]
    sets: dict[str, list[str]] = {
        "build": project["build-system"]["requires"],
        "core": core,
        "dev": [*core, *groups["test"], *groups["check"]],
        "docs": [*core, *groups["docs"]],
        "uv": ["uv"],
    }
    return sets[file]


@pytest.mark.parametrize("file", FILES)
def test_what_the_project_asks_for_is_pinned_within_its_range(root: Path, project: dict[str, Any], file: str) -> None:
    pinned = pins(root / "requirements" / f"{file}.txt")
    for text in wanted(project, file):
        requirement = Requirement(text)
        versions = pinned.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement.name} is not in {file}.txt: make lock"
        assert all(requirement.specifier.contains(version) for version in versions), f"{text}: {versions}: make lock"


@pytest.mark.parametrize("file", ["dev", "docs"])
def test_every_set_has_the_versions_of_the_core(root: Path, file: str) -> None:
    core, larger = pins(root / "requirements" / "core.txt"), pins(root / "requirements" / f"{file}.txt")
    assert core.items() <= larger.items()


@pytest.mark.parametrize("file", FILES)
def test_every_package_has_hashes_and_no_file_names_a_host_or_a_path(root: Path, file: str) -> None:
    text = (root / "requirements" / f"{file}.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry)] == []
    assert re.findall(r"https?:|file:|--\w*(?:index|find-links)|/(?:home|root|tmp|usr|opt)/", text) == []


def test_the_core_is_small(root: Path) -> None:
    """What `make demo` installs: the five libraries and what they bring."""
    assert len(pins(root / "requirements" / "core.txt")) <= 10


def test_no_lock_file_of_a_tool(root: Path) -> None:
    assert [name for name in ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock") if (root / name).exists()] == []
