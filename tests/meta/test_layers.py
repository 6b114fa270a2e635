"""The import contracts of pyproject.toml hold, and they are able to fail."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

# What a hurried change might add, and a contract that must object. The importing module is written if it is not there.
FORBIDDEN = [
    pytest.param("model/planted.py", "import netwright.engine", "a layer sees only those below it", id="upwards"),
    pytest.param("engine/planted.py", "import netwright.sources", "siblings do not see each other", id="sibling"),
    pytest.param("base/planted.py", "import netwright.model.document", "a layer sees only", id="base-sees-model"),
    pytest.param(
        "questions/planted.py", "import netwright.questions.second", "questions do not import each other", id="question"
    ),
    pytest.param("dialects/planted.py", "import netwright.dialects.second", "dialects do not import", id="dialect"),
    pytest.param("spec/planted.py", "import netwright.base.errors", "the reference evaluators", id="spec-sees-base"),
    pytest.param("spec/planted.py", "import netwright.model.kinds", "the reference evaluators", id="spec-sees-model"),
    pytest.param("spec/planted.py", "import netwright.engine", "the reference evaluators", id="spec-sees-engine"),
    pytest.param("sources/planted.py", "import numpy", "numpy stays in", id="numpy"),
    pytest.param("questions/planted.py", "import click", "click stays in", id="click"),
    pytest.param("cli/planted.py", "import rich", "rich stays in", id="rich"),
    pytest.param("dialects/k8s/planted.py", "import yaml", "yaml stays in", id="yaml"),
]
ALLOWED = {
    "dialects/planted.py": "import netwright.dialects.k8s.objects",
    "spec/planted.py": "import netwright.base.spans, netwright.model.document, netwright.dialects.k8s.objects",
    "sources/planted.py": "import yaml",
    "engine/planted.py": "import numpy",
    "model/planted.py": "import netwright.base.spans",
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs import-linter over the copy of `src` in the folder, not over the installed package."""
    call = "import sys; sys.path.insert(0, 'src'); from importlinter import cli; cli.lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", call, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(root / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    return tmp_path


def plant(copy: Path, module: str, statement: str) -> None:
    file = copy / "src" / "netwright" / module
    (file.parent / "second.py").touch()
    file.write_text(f"{statement}\n", encoding="utf-8")


def test_the_contracts_hold(copy: Path) -> None:
    run = lint(copy)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(("module", "statement", "contract"), FORBIDDEN)
def test_a_forbidden_import_is_seen(copy: Path, module: str, statement: str, contract: str) -> None:
    plant(copy, module, statement)
    run = lint(copy)
    broken = [line for line in run.stdout.splitlines() if "BROKEN" in line]
    assert run.returncode == 1, run.stdout + run.stderr
    assert any(contract in line for line in broken), run.stdout


def test_allowed_imports_are_not_complained_about(copy: Path) -> None:
    for module, statement in ALLOWED.items():
        plant(copy, module, statement)
    run = lint(copy)
    assert run.returncode == 0, run.stdout + run.stderr


def test_a_package_without_a_layer_is_seen(copy: Path) -> None:
    folder = copy / "src" / "netwright" / "misplaced"
    folder.mkdir()
    (folder / "__init__.py").touch()
    run = lint(copy)
    assert run.returncode == 1
    assert "misplaced" in run.stdout


def public_root_imports(tree: ast.Module, parts: Collection[str]) -> list[int]:
    """The lines that import the package's own root, through which every layer would see all others.

    `parts` are the modules and packages directly in it: `from netwright import sources` names one of them, and the
    contracts see that.
    """
    return [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Import) and any(name.name == "netwright" for name in node.names))
        or (
            isinstance(node, ast.ImportFrom)
            and (node.level, node.module) == (0, "netwright")
            and any(name.name not in parts for name in node.names)
        )
    ]


def test_no_module_imports_the_public_root(root: Path) -> None:
    """import-linter has no contract for the root package itself: it re-exports what stands above the lower layers."""
    package = root / "src" / "netwright"
    parts = {path.stem for path in package.iterdir()}
    found = {
        str(file.relative_to(root)): lines
        for file in sorted(package.rglob("*.py"))
        if file != package / "__init__.py"
        if (lines := public_root_imports(ast.parse(file.read_text(encoding="utf-8")), parts))
    }
    assert found == {}


def test_imports_of_the_public_root_are_recognised() -> None:
    parts = {"base"}
    assert public_root_imports(ast.parse("import os\nimport netwright as nw"), parts) == [2]
    assert public_root_imports(ast.parse("from netwright import base, load"), parts) == [1]
    assert public_root_imports(ast.parse("import netwright.base.spans\nfrom netwright import base"), parts) == []
