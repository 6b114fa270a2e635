"""Copies of the tree, machines with little on them, and commands run as a user would run them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

# All that the front door needs of a machine. No git, no uv, no pip, no compiler.
COMMANDS = [
    "awk",
    "cat",
    "cksum",
    "cut",
    "date",
    "dirname",
    "find",
    "id",
    "ln",
    "make",
    "mkdir",
    "printf",
    "rm",
    "rmdir",
    "sh",
    "sleep",
    "tail",
]
NOT_COPIED = {".git", ".venv", ".make", "build", "dist", "site", "__pycache__", ".hypothesis"}
NOWHERE = "http://127.0.0.1:9"
NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), NOWHERE)
PATIENCE = 600  # seconds until a command that hangs is ended; no test is judged by it


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A PATH with `COMMANDS` and one `python3`, an empty home, and the cache of whoever runs the tests."""

    folder: Path
    python: Path
    environment: Mapping[str, str]

    def install(self, name: str, script: str) -> Path:
        """Puts an executable shell script on the PATH, in place of what stood there."""
        file = self.folder / "bin" / name
        file.unlink(missing_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        file.chmod(0o755)
        return file

    def run(
        self, clone: Path, *command: str, environment: Mapping[str, str] | None = None, patience: int = PATIENCE
    ) -> subprocess.CompletedProcess[str]:
        """Runs the command in the clone, in a process group of its own; one that hangs is ended with all it started."""
        with subprocess.Popen(
            command,
            cwd=clone,
            env={**self.environment, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(timeout=patience)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def base_python() -> Path:
    """The interpreter that the environment of the tests was made from."""
    return Path(getattr(sys, "_base_executable", sys.executable)).resolve()


def everything(folder: Path) -> dict[str, bytes]:
    """Every file below the folder with its content, and every folder as an empty one."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def copy_tree(root: Path) -> Callable[[Path], Path]:
    """Copies the working tree as a download of it would be: without history and without what the targets make."""

    def skipped(_folder: str, names: list[str]) -> set[str]:
        return {name for name in names if name in NOT_COPIED or name.endswith("_cache")}

    def copy(to: Path) -> Path:
        shutil.copytree(root, to, ignore=skipped)
        return to

    return copy


@pytest.fixture
def clone(copy_tree: Callable[[Path], Path], tmp_path: Path) -> Path:
    return copy_tree(tmp_path / "a folder" / "net wright")


def make_machine(folder: Path) -> Machine:
    (folder / "bin").mkdir(parents=True)
    (folder / "home").mkdir()
    for name in COMMANDS:
        found = shutil.which(name)
        assert found, f"`{name}` is missing on this machine"
        (folder / "bin" / name).symlink_to(found)
    python = base_python()
    (folder / "bin" / "python3").symlink_to(python)
    passed = ("TMPDIR", "PIP_", "SSL_", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_FIND_LINKS", "UV_NATIVE_TLS")
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    environment = {name: value for name, value in os.environ.items() if name.startswith(passed)} | {
        "PATH": str(folder / "bin"),
        "HOME": str(folder / "home"),
        "XDG_CACHE_HOME": cache,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return Machine(folder=folder, python=python, environment=environment)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return make_machine(tmp_path / "machine")


@pytest.fixture(scope="session")
def uv() -> str:
    """The path of a uv: the one in the environment of the tests, or on PATH."""
    beside = Path(sys.executable).parent / "uv"
    found = str(beside) if beside.exists() else shutil.which("uv")
    if not found:
        pytest.skip("uv is neither on PATH nor in the environment of the tests")
    return found


UNCOMPILED = 'for word; do shift; [ "$word" = --compile-bytecode ] || set -- "$@" "$word"; done'


@pytest.fixture
def with_uv(machine: Machine, uv: str) -> Machine:
    """The machine, with uv on its PATH. It compiles nothing, which would be most of an installation's time."""
    machine.install("uv", f'{UNCOMPILED}\nexec "{uv}" "$@"')
    return machine


@pytest.fixture
def with_venv(machine: Machine) -> Machine:
    """The machine, if its Python can make environments by itself."""
    probe = [str(machine.python), "-I", "-c", "import ensurepip, venv"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this Python came without its venv module")
    return machine
