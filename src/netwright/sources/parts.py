"""Several networks in one source: the folders of `--split DIR` and the roots of kustomizations, each a part.

A repository often holds several clusters, which have objects of the same names. Read as one network they clash; a part
is read on its own.
"""

# ruff: noqa: PTH112, PTH117, PTH118, PTH120, PTH206
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import os
import posixpath
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import msgspec

from netwright.base.errors import UsageError
from netwright.sources import files, git, kustomize
from netwright.sources.files import Text, is_skipped_folder
from netwright.sources.rendering import NOTHING, Rendered, rendered, rendered_tree

T = TypeVar("T")
REST = "."
"""The name of what stands in no other part."""


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """What one source gives to a part: `rendered` texts, and the files of `folder` (a path, or a revision under one)
    without what `skip` names, unless `is_read` is False. `source` is how a user would write it. `left`: manifests that
    no kustomization names."""

    source: str
    folder: str | git.Tree
    is_read: bool = True
    rendered: tuple[Text, ...] = ()
    skip: frozenset[str] = frozenset()
    left: tuple[str, ...] = ()


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A network of its own: its name, the path below the sources ("" for all of them), and what it is read from. One
    that is read from nothing is an empty network."""

    name: str
    pieces: tuple[str | Piece, ...] = ()


def whole(source: str, folder: str | git.Tree, found: Rendered) -> Piece:
    """All of a source: its kustomizations, and what these do not stand for."""
    return Piece(
        source=source, folder=folder, rendered=tuple(found.roots.values()), skip=found.covered, left=found.left
    )


def part_order(name: str) -> tuple[bool, bytes]:
    """By name, the rest last."""
    return name == REST, os.fsencode(name)


def split(*sides: Sequence[str], folders: Sequence[str] = (), kustomize: bool = False) -> list[dict[str, Part]]:
    """The parts of each side (a list of sources) by name, the rest last; one part called "" where there is nothing to
    split.

    Every folder right inside of one of `folders`, which are paths below the sources, is a part. With `kustomize`, where
    a side has several kustomizations that no other one includes, each of these that is in no such folder is a part too.
    A name that only one side has is only in that side's parts.

    Raises UsageError for a folder that no source has or that holds no folders, SourceError for what cannot be looked
    at.
    """
    if not (folders or kustomize):
        return [{"": Part(name="", pieces=tuple(side))} for side in sides]
    opened = [[_source(source, kustomize) for source in side] for side in sides]
    with_parts = [[source for source in side if not isinstance(source, str)] for side in opened]
    if not folders and all(sum(len(source.rendered.roots) for source in side) < 2 for side in with_parts):
        return [{"": Part(name="", pieces=tuple(map(_whole, side)))} for side in opened]
    inside = _folders([s for side in with_parts for s in side], folders, [s for side in sides for s in side])
    return [_parts(side, inside) for side in opened]


def _whole(source: str | _Source) -> str | Piece:
    return source if isinstance(source, str) else whole(source.source, source.at(""), source.rendered)


# --- sources --------------------


class _Source(ABC):
    """A folder, or a git revision, whose parts are told by their path below it, "" for itself."""

    def __init__(self, source: str, render: bool) -> None:
        self.source = source
        self.render = render

    @cached_property
    def rendered(self) -> Rendered:
        return self._rendered() if self.render else NOTHING

    @abstractmethod
    def _rendered(self) -> Rendered: ...

    @abstractmethod
    def at(self, inner: str) -> str | git.Tree:
        """What is read there."""

    @abstractmethod
    def shown(self, inner: str) -> str:
        """How a user would write what stands there."""

    @abstractmethod
    def key(self, inner: str) -> str:
        """What stands there in `skip` and in `rendered.covered`."""

    @abstractmethod
    def inner(self, path: str) -> str:
        """The path below the source of a path in `rendered`."""

    @abstractmethod
    def folders(self, inner: str) -> list[str]:
        """The names of the folders in there; none where there is no such folder."""

    @abstractmethod
    def from_here(self, written: str) -> str | None:
        """The path below the source of one that is written as it is seen from the current folder."""


class _Folder(_Source):
    def _rendered(self) -> Rendered:
        return rendered(self.source)

    def at(self, inner: str) -> str:
        if not inner:
            return self.source
        return inner if self.source in (".", "./") else os.path.join(self.source, inner)

    def shown(self, inner: str) -> str:
        return files.display(self.at(inner))

    def key(self, inner: str) -> str:
        return os.path.realpath(self.at(inner))

    def inner(self, path: str) -> str:
        folder = os.path.dirname(self.source) if kustomize.is_kustomization(self.source) else self.source
        return _inner(os.path.relpath(path, folder or "."))

    def folders(self, inner: str) -> list[str]:
        try:
            with os.scandir(self.at(inner)) as listing:
                return sorted(
                    (e.name for e in listing if e.is_dir() and not is_skipped_folder(e.name)), key=os.fsencode
                )
        except OSError:
            return []

    def from_here(self, written: str) -> str | None:
        found = os.path.relpath(os.path.realpath(written), os.path.realpath(self.source))
        return _inner(found) if os.path.isdir(written) and found.split(os.sep)[0] != os.pardir else None


class _Revision(_Source):
    def __init__(self, source: str, render: bool) -> None:
        super().__init__(source, render)
        self._tree = git.Tree(source)

    def _rendered(self) -> Rendered:
        return rendered_tree(self._tree)

    def at(self, inner: str) -> git.Tree:
        return self._tree.below(self.key(inner))

    def shown(self, inner: str) -> str:
        return self._tree.shown(self.key(inner)) if inner else files.display(self.source)

    def key(self, inner: str) -> str:
        return posixpath.join(self._tree.path, inner) if inner else self._tree.path

    def inner(self, path: str) -> str:
        return _inner(posixpath.relpath(path or ".", self._tree.folder or "."))

    def folders(self, inner: str) -> list[str]:
        return [name for name in self.at(inner).folders() if not is_skipped_folder(name)]

    def from_here(self, written: str) -> str | None:
        """A path from the top of the repository."""
        path = self._tree.path
        if not path or not f"{written}/".startswith(f"{path}/"):
            return None
        return written[len(path) + 1 :]


def _source(source: str, render: bool) -> str | _Source:
    """A source with parts; those without (a file, standard input) as they are."""
    if source.startswith(git.PREFIX):
        return _Revision(source, render)
    if os.path.isdir(source) or (render and kustomize.is_kustomization(source)):
        return _Folder(source, render)
    return source


def _inner(path: str) -> str:
    return "" if path == os.curdir else path.replace(os.sep, "/")


# --- folders --------------------


def _folders(every: Sequence[_Source], written: Sequence[str], named: Sequence[str]) -> list[str]:
    """The folders that are parts, by their path below the sources: those inside of the written ones, in any source."""
    found: dict[str, None] = {}
    for given in written:
        inner = _find(every, given)
        names = sorted({name for source in every for name in source.folders(inner)}) if inner is not None else []
        if not names:
            where = ", ".join(f"`{files.display(source)}`" for source in dict.fromkeys(named))
            raise UsageError(
                f"no folders in `{files.display(given)}` of {where}",
                help="--split takes a folder of the source, whose own folders are networks: "
                "`--split clusters` for clusters/a and clusters/b, `--split .` for those of the source itself",
            )
        found |= dict.fromkeys(posixpath.join(str(inner), name) for name in names)
    return list(found)


def _find(every: Sequence[_Source], written: str) -> str | None:
    """A folder by its path below the sources, or, where none has it, as it is seen from here."""
    given = posixpath.normpath(written)
    inner = _inner(given)
    if not (os.path.isabs(given) or given.split("/")[0] == os.pardir) and any(s.folders(inner) for s in every):
        return inner
    return next((found for source in every if (found := source.from_here(given)) is not None), None)


# --- parts --------------------


def _parts(side: Iterable[str | _Source], inside: Sequence[str]) -> dict[str, Part]:
    """The parts of one side, in the order of their names, the rest last."""
    pieces: dict[str, list[str | Piece]] = {}
    for source in side:
        if isinstance(source, str):
            pieces.setdefault(REST, []).append(source)
        else:
            for name, piece in _pieces(source, inside):
                pieces.setdefault(name, []).append(piece)
    return {name: Part(name=name, pieces=tuple(pieces[name])) for name in sorted(pieces, key=part_order)}


def _pieces(source: _Source, inside: Sequence[str]) -> Iterator[tuple[str, Piece]]:
    """What a source gives to each part. A root belongs to the folder that it stands in; the rest is read without what
    the others have."""
    covered = source.rendered.covered
    here = [inner for inner in inside if posixpath.basename(inner) in source.folders(posixpath.dirname(inner))]
    roots = _by_folder({source.inner(root): text for root, text in source.rendered.roots.items()}, here)
    alone = roots.pop(REST, {})
    left = _by_folder({source.inner(path): path for path in source.rendered.left}, [*here, *filter(None, alone)])
    keys = {source.key(inner) for inner in here}

    def piece(inner: str, texts: Mapping[str, Text], *, is_read: bool = True) -> Piece:
        return Piece(
            source=source.shown(inner),
            folder=source.at(inner),
            is_read=is_read,
            rendered=tuple(texts.values()),
            skip=covered | (keys - {source.key(inner)}),
            left=tuple(left.get(inner or REST, {}).values()),
        )

    for inner in here:
        yield inner, piece(inner, roots.get(inner, {}))
    for inner, text in alone.items():
        if inner:
            yield inner, piece(inner, {inner: text}, is_read=False)
    yield REST, piece("", {inner: text for inner, text in alone.items() if not inner})


def _by_folder(paths: Mapping[str, T], folders: Iterable[str]) -> dict[str, dict[str, T]]:
    """The paths by the innermost of these folders that they stand in, or are; REST where they stand in none."""
    known = frozenset(folders)
    out: dict[str, dict[str, T]] = {}
    for path, value in paths.items():
        folder = path
        while folder and folder not in known:
            folder = posixpath.dirname(folder)
        out.setdefault(folder or REST, {})[path] = value
    return out
