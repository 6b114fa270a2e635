"""Modules that one can read: not too long, named after what they hold, described in their first line."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

LONGEST = 700
SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "misc", "stuff", "lib", "tools"}


def modules(root: Path) -> list[Path]:
    found = sorted((root / "src" / "netwright").rglob("*.py"))
    assert found, "no modules: the test looks in the wrong folder"
    return found


def too_long(file: Path, longest: int = LONGEST) -> bool:
    with file.open(encoding="utf-8") as lines:
        return sum(1 for _ in lines) > longest


def says_nothing(file: Path, package: Path) -> bool:
    return any(part.strip("_") in SAY_NOTHING for part in file.relative_to(package).with_suffix("").parts)


def describes_itself(file: Path) -> bool:
    return bool(ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))))


def test_no_module_is_too_long(root: Path) -> None:
    assert [str(file) for file in modules(root) if too_long(file)] == []


def test_names_say_what_a_module_holds(root: Path) -> None:
    package = root / "src" / "netwright"
    assert [str(file) for file in modules(root) if says_nothing(file, package)] == []


def test_every_module_describes_itself(root: Path) -> None:
    assert [str(file) for file in modules(root) if not describes_itself(file)] == []


def test_the_package_is_typed(root: Path) -> None:
    assert (root / "src" / "netwright" / "py.typed").is_file()


@pytest.mark.parametrize("name", ["utils.py", "_helpers.py", "common/sets.py", "engine/manager.py"])
def test_a_name_that_says_nothing_is_seen(tmp_path: Path, name: str) -> None:
    assert says_nothing(tmp_path / name, tmp_path)


def test_a_long_or_silent_module_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text("pass\n" * (LONGEST + 1), encoding="utf-8")
    assert too_long(file)
    assert not describes_itself(file)
    file.write_text('"""Something."""\n' + "pass\n" * (LONGEST - 1), encoding="utf-8")
    assert not too_long(file)
    assert describes_itself(file)
