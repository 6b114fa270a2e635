"""`--kustomize`: the roots among a folder's kustomizations, rendered by kubectl or kustomize where one is installed."""

# ruff: noqa: PTH118, PTH123
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

import msgspec

from netwright.base.errors import SourceError
from netwright.sources.account import KUSTOMIZATION_FILES
from netwright.sources.files import MAX_FILE, MAX_LEVELS, is_skipped_folder
from netwright.sources.yamltext import Built, TextFault, build

PREFIX = "kustomize:"
TIMEOUT_S = 60
_MAX_KUSTOMIZATION = 4 << 20
_TREES = ("resources", "bases", "components", "crds")
_FILES = (
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "transformers",
    "generators",
    "replacements",
    "configurations",
)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`roots`: folders to render, sorted. `covered`: real paths of folders and files that their output stands for."""

    roots: tuple[str, ...]
    covered: frozenset[str]


class RenderFault(Exception):
    """A kustomization that could not be rendered; the message says why, in lower case."""


def plan(source: str) -> Plan:
    """The kustomizations at and below a folder. Roots are those that no other one names."""
    found = _kustomizations(source)
    named: set[str] = set()
    covered: set[str] = set()
    components: set[str] = set()
    for folder, path in found.items():
        content = _load(path)
        if content.get("kind") == "Component":
            components.add(folder)
        here = os.path.realpath(folder)
        for target in _targets(content):
            real = os.path.realpath(os.path.join(folder, target))
            if real != here:
                named.add(real)
                covered.add(real)
        covered.add(here)
    roots = sorted(folder for folder in found if os.path.realpath(folder) not in named and folder not in components)
    if found and not roots:
        # Kustomizations that name each other in a circle: let the program say so.
        roots = sorted(set(found) - components)[:1]
    return Plan(roots=tuple(roots), covered=frozenset(covered) if roots else frozenset())


def program() -> tuple[str, ...] | None:
    """The command that renders a folder, without the folder; None where none is installed."""
    if shutil.which("kubectl"):
        return ("kubectl", "kustomize")
    if shutil.which("kustomize"):
        return ("kustomize", "build")
    return None


def need_program() -> tuple[str, ...]:
    """The same. Raises SourceError where none is installed."""
    command = program()
    if command is None:
        raise SourceError(
            "`--kustomize` needs `kubectl` or `kustomize`, and neither is installed",
            help="install one, or render elsewhere: `kubectl kustomize DIR | netwright reach -`",
        )
    return command


def render(command: Sequence[str], folder: str) -> bytes:
    """What `kubectl kustomize FOLDER` prints. Raises RenderFault; plugins and remote code are not enabled."""
    import subprocess

    argument = folder if not folder.startswith("-") else f"./{folder}"
    try:
        done = subprocess.run(
            [*command, argument], stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise RenderFault(f"`{' '.join(command)}` did not end in {TIMEOUT_S} s") from None
    except OSError as fault:
        raise RenderFault(f"`{command[0]}` cannot be run: {(fault.strerror or '').lower()}") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = lines[-1] if lines else f"exit {done.returncode}"
        raise RenderFault(f"`{' '.join(command)}` failed: {said.removeprefix('error: ').removeprefix('Error: ')[:300]}")
    if len(done.stdout) > MAX_FILE:
        raise RenderFault(f"`{' '.join(command)}` printed over {MAX_FILE >> 20} MiB")
    return done.stdout


def _kustomizations(source: str) -> dict[str, str]:
    """Folder → its kustomization file, for `source` and the folders below it."""
    found: dict[str, str] = {}
    for folder, below, files in os.walk(source):
        below[:] = sorted(name for name in below if not is_skipped_folder(name))
        if folder.count(os.sep) - source.count(os.sep) > MAX_LEVELS:
            below.clear()
        for name in KUSTOMIZATION_FILES:
            if name in files:
                found[os.path.normpath(folder)] = os.path.join(folder, name)
                break
    return found


def _load(path: str) -> dict[str, object]:
    documents: list[Built] = []
    try:
        with open(path, "rb") as stream:
            build(stream.read(_MAX_KUSTOMIZATION), documents, [])
    except (OSError, TextFault):
        return {}
    value = documents[0].value if documents else None
    return value if isinstance(value, dict) else {}


def _targets(content: dict[str, object]) -> list[str]:
    """The local paths that a kustomization names: folders and files; URLs and inline patches are left out."""
    found: list[str] = []
    for field in (*_TREES, *_FILES):
        entries = content.get(field)
        for entry in entries if isinstance(entries, list) else []:
            path = entry.get("path") if isinstance(entry, dict) else entry
            if isinstance(path, str) and path and "\n" not in path and "://" not in path and "\0" not in path:
                found.append(path)
    return found
