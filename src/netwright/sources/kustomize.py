"""`--kustomize`: the roots among a folder's kustomizations, rendered by kubectl or kustomize where one is installed."""

# ruff: noqa: PTH113, PTH116, PTH118, PTH119, PTH120, PTH123, PTH206
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from netwright.base.errors import SourceError
from netwright.sources.account import KUSTOMIZATION_FILES
from netwright.sources.configuration import is_named_ours
from netwright.sources.files import MAX_FILE, MAX_LEVELS, is_manifest, is_skipped_folder
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
    "validators",
    "replacements",
    "configurations",
)
_SOURCES = {
    "configMapGenerator": ("files", "env", "envs"),
    "secretGenerator": ("files", "env", "envs"),
    "helmCharts": ("valuesFile", "additionalValuesFiles"),
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`roots`: folders to render, sorted. `covered`: real paths of folders and files that their output stands for.
    `left`: manifests in covered folders that nothing rendered names, so that nobody reads them, sorted.
    """

    roots: tuple[str, ...]
    covered: frozenset[str]
    left: tuple[str, ...] = ()


class RenderFault(Exception):
    """A kustomization that could not be rendered; the message says why, in lower case."""


def plan(source: str) -> Plan:
    """What to render for a folder, or for a kustomization file, which stands for its folder alone.

    The roots are the kustomizations at and below the folder that no other one names. A kustomization's folder is
    covered with all below it: what it does not name is not applied with it.
    """
    alone = is_kustomization(source)
    found, manifests = ({os.path.dirname(source) or ".": source}, list[str]()) if alone else _kustomizations(source)
    folders = {os.path.realpath(folder): folder for folder in found}
    contents = {real: _content(_read(found[folder])) for real, folder in folders.items()}
    targets = {
        real: {os.path.realpath(os.path.join(folders[real], target)) for target in _targets(content)} - {real}
        for real, content in contents.items()
    }
    named = set().union(*targets.values())
    whole = [real for real, content in contents.items() if alone or content.get("kind") != "Component"]
    roots = [real for real in whole if real not in named]
    rendered = _reached(roots, targets)
    for real in sorted(whole):
        # Kustomizations that name each other in a circle: let the program say so.
        if real not in rendered:
            roots.append(real)
            rendered |= _reached([real], targets)
    if not roots:
        return Plan(roots=(), covered=frozenset())
    covered = named | set(folders) | ({os.path.realpath(source)} if alone else set())
    read = rendered | {os.path.realpath(found[folders[real]]) for real in rendered & set(folders)}
    unread = (path for path in manifests if os.path.realpath(path) not in read)
    left = [path for path in unread if _is_below(path, covered) and not is_named_ours(path)]
    return Plan(
        roots=tuple(sorted(folders[real] for real in roots)), covered=frozenset(covered), left=tuple(sorted(left))
    )


def is_kustomization(path: str) -> bool:
    """Whether a source is a kustomization file."""
    return os.path.basename(path) in KUSTOMIZATION_FILES and os.path.isfile(path)


def _reached(roots: list[str], targets: dict[str, set[str]]) -> set[str]:
    """The roots and what they name, over any number of steps: real paths of folders and files."""
    reached = set(roots)
    waiting = list(roots)
    while waiting:
        new = targets.get(waiting.pop(), set()) - reached
        reached |= new
        waiting += new
    return reached


def _is_below(path: str, covered: set[str]) -> bool:
    """Whether a file or a folder above it is covered."""
    real = os.path.realpath(path)
    while real not in covered:
        above = os.path.dirname(real)
        if above == real:
            return False
        real = above
    return True


def program() -> tuple[str, ...] | None:
    """The command that renders a folder, without the folder; None where none is installed."""
    from shutil import which

    if which("kubectl"):
        return ("kubectl", "kustomize")
    if which("kustomize"):
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
        said = next((line for line in lines if line.lower().startswith("error: ")), lines[-1] if lines else "")
        said = said or f"exit {done.returncode}"
        raise RenderFault(f"`{' '.join(command)}` failed: {said.removeprefix('error: ').removeprefix('Error: ')[:300]}")
    if len(done.stdout) > MAX_FILE:
        raise RenderFault(f"`{' '.join(command)}` printed over {MAX_FILE >> 20} MiB")
    return done.stdout


def _kustomizations(source: str) -> tuple[dict[str, str], list[str]]:
    """Folder → its kustomization file, for `source` and the folders below it; and all manifests that are there."""
    found: dict[str, str] = {}
    manifests: list[str] = []
    seen: set[tuple[int, int]] = set()
    # Links are followed, as the reader of folders does.
    for folder, below, files in os.walk(source, followlinks=True):
        try:
            status = os.stat(folder)
        except OSError:
            status = None
        if status is None or (status.st_dev, status.st_ino) in seen:
            below.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        below[:] = sorted(name for name in below if not is_skipped_folder(name))
        if folder.count(os.sep) - source.count(os.sep) > MAX_LEVELS:
            below.clear()
        shown = os.path.normpath(folder) if os.pardir not in folder.split(os.sep) else folder
        for name in KUSTOMIZATION_FILES:
            # What is no regular file would be waited for; the reader of folders reports it.
            if name in files and os.path.isfile(os.path.join(folder, name)):
                found[shown] = os.path.join(folder, name)
                break
        manifests += [os.path.join(shown, name) for name in files if is_manifest(name) and not name.startswith(".")]
    return found, manifests


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read(_MAX_KUSTOMIZATION)
    except OSError:
        return b""


def _content(text: bytes) -> dict[str, object]:
    documents: list[Built] = []
    try:
        build(text[:_MAX_KUSTOMIZATION], documents, [])
    except TextFault:
        return {}
    value = documents[0].value if documents else None
    return value if isinstance(value, dict) else {}


def targets(text: bytes) -> list[str]:
    """The local paths that the text of a kustomization names."""
    return _targets(_content(text))


def acting(text: bytes) -> dict[str, object]:
    """What of the text of a kustomization could act on the network: all but the images."""
    return {field: value for field, value in _content(text).items() if field != "images"}


def _targets(content: dict[str, object]) -> list[str]:
    """The local paths that a kustomization names: folders and files; URLs and inline patches are left out."""
    found: list[object] = []
    for field in (*_TREES, *_FILES):
        entries = content.get(field)
        found += [e.get("path") if isinstance(e, dict) else e for e in (entries if isinstance(entries, list) else [])]
    for field, names in _SOURCES.items():
        entries = content.get(field)
        for entry in entries if isinstance(entries, list) else []:
            for name in names if isinstance(entry, dict) else ():
                value = entry.get(name)
                # `files: [key=path]`
                found += [str(v).rpartition("=")[2] for v in (value if isinstance(value, list) else [value]) if v]
    openapi = content.get("openapi")
    found.append(openapi.get("path") if isinstance(openapi, dict) else None)
    return [
        path
        for path in found
        if isinstance(path, str) and path and "\n" not in path and "://" not in path and "\0" not in path
    ]
