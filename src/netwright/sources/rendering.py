"""Kustomizations as texts: those of a folder rendered in place, those of a git revision in a copy of what they name."""

# ruff: noqa: PTH103, PTH118, PTH120, PTH123
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netwright.sources import files, git, kustomize
from netwright.sources.account import KUSTOMIZATION_FILES, Account
from netwright.sources.files import MAX_FILE, Text, is_manifest

NO_FOLDERS = ("", ".", "..", ".git")
"""Parts of a path that a git tree may hold and a copy of it must not."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The kustomizations of a source that no other one in it includes, as `kubectl kustomize` prints them.

    `roots`: the texts by the folders that were rendered, sorted. `covered`: folders and files that these stand for,
    real paths, of a revision paths from its top. `left`: manifests in covered folders that none of them names.
    """

    roots: Mapping[str, Text]
    covered: frozenset[str]
    left: tuple[str, ...] = ()


NOTHING = Rendered(roots={}, covered=frozenset())


def rendered(source: str, known: dict[str, Text] | None = None) -> Rendered:
    """The kustomizations of a folder, or the one that a file is; `known` holds, by real path, those rendered before.

    Raises SourceError where there is something to render and no program to do it.
    """
    plan = kustomize.plan(source)
    if not plan.roots:
        return NOTHING
    command = kustomize.need_program()
    known = {} if known is None else known
    roots: dict[str, Text] = {}
    for root in plan.roots:
        # A root that two sources hold is rendered once and has one name, however it is written.
        real = os.path.realpath(root)
        if real not in known:
            known[real] = _text(command, root, files.display(root), root)
        roots[root] = known[real]
    return Rendered(roots=roots, covered=plan.covered, left=plan.left)


def rendered_tree(tree: git.Tree) -> Rendered:
    """The kustomizations under the path of a git revision, which are copied to a folder of their own for it, with all
    that they name. Raises SourceError as `rendered` does."""
    if not any(posixpath.basename(path) in KUSTOMIZATION_FILES for path in tree.regular()):
        return NOTHING
    import tempfile

    with tempfile.TemporaryDirectory(prefix="netwright-") as folder:
        top = os.path.realpath(folder)
        _copy(tree, top)

        def inner(path: str) -> str:
            found = os.path.relpath(path, top)
            return "" if found == os.curdir else found

        plan = kustomize.plan(os.path.join(top, tree.path) if tree.path else top)
        if not plan.roots:
            return NOTHING
        command = kustomize.need_program()
        return Rendered(
            roots={inner(root): _text(command, root, tree.shown(inner(root)), inner(root), top) for root in plan.roots},
            covered=frozenset(map(inner, plan.covered)),
            left=tuple(map(inner, plan.left)),
        )


def _text(command: Sequence[str], folder: str, shown: str, told: str, copied_to: str = "") -> Text:
    """`folder` rendered; `shown` names the text, `told` the folder in what a user may run."""
    name = f"{kustomize.PREFIX}{shown}"
    try:
        return Text(file=name, inner=name, data=kustomize.render(command, folder))
    except kustomize.RenderFault as fault:
        reason = str(fault)
        if copied_to:
            reason = reason.replace(f"{copied_to}{os.sep}", "").replace(copied_to, ".")
        return Text(
            file=name, inner=name, data=None, fault=Account().diagnose_render(reason, name, command, told or ".")
        )


def _copy(tree: git.Tree, top: str) -> None:
    """Write the manifests under the tree's path, and what the kustomizations among them name anywhere in the revision,
    in turn. Links are not written: what needs one is said to be missing by who renders."""
    whole = tree.below("")
    sizes = {path: size for path, size in whole.regular().items() if size <= MAX_FILE and not _is_odd(path.split("/"))}
    waiting = [path for path in tree.regular() if path in sizes and is_manifest(posixpath.basename(path))]
    seen = set(waiting)
    while waiting:
        named: list[str] = []
        for path, data in whole.read_all(waiting).items():
            target = os.path.join(top, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "xb") as stream:
                stream.write(data)
            if posixpath.basename(path) in KUSTOMIZATION_FILES:
                named += _named(path, data)
        waiting = [path for path in dict.fromkeys(named) if path in sizes and path not in seen]
        seen.update(waiting)


def _is_odd(parts: Sequence[str]) -> bool:
    return any(part.lower() in NO_FOLDERS for part in parts)


def _named(path: str, data: bytes) -> Iterator[str]:
    """The files that a kustomization may mean by its paths."""
    for target in kustomize.targets(data):
        found = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        yield found
        yield from (posixpath.join(found, name) if found != "." else name for name in KUSTOMIZATION_FILES)
