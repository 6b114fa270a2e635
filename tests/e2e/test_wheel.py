"""The wheel: what is in it, and that it works in an environment that has never seen the clone."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from netwright.version import VERSION

pytestmark = pytest.mark.e2e


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment["UV_CACHE_DIR"] = str(
        Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "netwright" / "uv"
    )
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def wheel(copy_tree: Callable[[Path], Path], uv: str, tmp_path: Path) -> Path:
    clone = copy_tree(tmp_path / "clone")
    # The pinned hatchling of requirements/dev.txt builds it, so nothing is fetched.
    run(uv, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", tmp_path / "dist", cwd=clone)
    (built,) = (tmp_path / "dist").glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_the_example(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    modules = {str(file.relative_to(root / "src")) for file in (root / "src" / "netwright").rglob("*.py")}
    example = {
        f"netwright/{file.relative_to(root)}" for file in (root / "examples" / "shop").rglob("*") if file.is_file()
    }
    assert len(example) > 10
    page = {f"netwright/render/html/page.{kind}" for kind in ("html", "css", "js")}
    assert modules | example | page | {"netwright/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests/", "bench/", "docs/"))]


def test_the_wheel_works_in_a_fresh_environment(wheel: Path, uv: str, root: Path, tmp_path: Path) -> None:
    assert wheel.name == f"netwright-{VERSION}-py3-none-any.whl"
    elsewhere = tmp_path / "else where"
    elsewhere.mkdir()
    run(uv, "venv", "--quiet", "--python", sys.executable, "env", cwd=elsewhere)
    install = [uv, "pip", "install", "--quiet", "--python", "env/bin/python"]
    run(*install, "--require-hashes", "-r", root / "requirements" / "core.txt", cwd=elsewhere)
    run(*install, "--no-deps", wheel, cwd=elsewhere)
    for command in ("netwright", "kubectl-netwright"):
        assert VERSION in run(f"env/bin/{command}", "version", cwd=elsewhere)
    assert run("env/bin/netwright", "demo", cwd=elsewhere).strip()
    assert run("env/bin/netwright", "check", root / "examples/shop", "-o", "html", cwd=elsewhere).startswith(
        "<!doctype"
    )
