"""`read`: from the sources as the user names them to objects, unread texts, warnings and their provenance."""

# ruff: noqa: PTH112, PTH113
# Paths stay as the user wrote them, bytes and all; pathlib would tidy them.
from __future__ import annotations

import gc
import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import BinaryIO

import msgspec

from netwright.base.errors import SourceError
from netwright.model.document import Input, Reading, Unread
from netwright.sources import codeowners, files, git, kustomize
from netwright.sources.account import Account
from netwright.sources.document_text import read_text
from netwright.sources.files import Text
from netwright.sources.kube import PREFIX as KUBE
from netwright.sources.kube import Access
from netwright.sources.parts import Part, Piece, whole
from netwright.sources.rendering import NOTHING, rendered, rendered_tree

_LATER = ("vsphere:", "rvtools:", "nsx:")
ARCHIVES = (".tar.gz", ".tgz", ".zip")
SNAPSHOT = "snapshot:"
ANY_CLUSTER = Access()


def read(
    sources: Sequence[str | Part],
    *,
    stdin: BinaryIO | None = None,
    kustomize: bool = False,
    access: Access = ANY_CLUSTER,
    stored: Callable[[str], Reading] | None = None,
) -> Reading:
    """Read manifests from files, folders, `-` (standard input) and `git:REV:PATH`, and live clusters (`kube:CONTEXT`)
    as `access` says, in the order given, or from the parts that such sources were split into.

    A text that is named twice is read once. With `kustomize`, folders with kustomizations, and kustomization files that
    are named, are rendered by kubectl or kustomize and the files they stand for are not read; of a revision, too.
    `stored` opens what is written `snapshot:…`. What is wrong inside a text is in `Reading.unread` and
    `Reading.warnings`.

    Raises SourceError where a source does not exist, or where all of them together hold no manifest; parts may hold
    none.
    """
    # Millions of small objects without cycles: the collector would only walk them again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Sources(stdin, kustomize, access, stored).read(sources)
    finally:
        if collecting:
            gc.enable()


class _Sources:
    def __init__(
        self, stdin: BinaryIO | None, render: bool, access: Access, stored: Callable[[str], Reading] | None
    ) -> None:
        self.access = access
        self.account = Account()
        self.stdin = stdin
        self.render = render
        self.stored = stored
        self.inputs: list[Input] = []
        self.ends: list[tuple[int, int]] = []
        self.roots: list[str] = []
        self.owners: dict[str, str] = {}
        self.rendered: dict[str, Text] = {}
        self.read_paths: set[tuple[str, bool]] = set()

    def read(self, sources: Sequence[str | Part]) -> Reading:
        for source in [p for given in sources for p in (given.pieces if isinstance(given, Part) else [given])]:
            if isinstance(source, Piece):
                self._piece(source)
            elif source == "-":
                self._stdin()
            elif source.startswith(git.PREFIX):
                self._git(source)
            elif source.startswith(KUBE):
                self._kube(source)
            elif source.startswith(SNAPSHOT) and self.stored is not None:
                self._snapshot(self.stored(source))
            else:
                self._path(source)
        account = self.account
        named = [source for source in sources if isinstance(source, str)]
        if len(named) == len(sources) and not any(given.files for given in self.inputs):
            raise no_manifest(named)
        return Reading(
            documents=account.documents,
            unread=account.unread,
            warnings=account.warnings,
            inputs=self.inputs,
            texts=account.texts,
            codeowners=self.owners,
            ends=self.ends,
            roots=self.roots,
        )

    def _stdin(self) -> None:
        if any(given.source == "-" for given in self.inputs):
            return
        stream = self.stdin if self.stdin is not None else sys.stdin.buffer
        try:
            text = files.read_stdin(stream)
        except OSError as fault:
            raise SourceError(f"standard input cannot be read: {(fault.strerror or '').lower()}") from None
        if text.data is not None and not text.data.strip():
            raise SourceError(
                "standard input is empty", help="pipe manifests into it: `kubectl get … -o yaml | netwright reach -`"
            )
        self._take(Piece(source="-", folder="-"), "-", [text], lambda shown: False)

    def _snapshot(self, found: Reading) -> None:
        """What was read once, under the names that its texts had, unless one of these is another's here."""
        account = self.account
        taken = set(account.texts.files())
        named = dict.fromkeys([*found.texts.digests(), *(d.place.file for d in found.documents if d.place is not None)])
        told = found.inputs[0].source
        names = {file: f"{told}!{file}" if file in taken else file for file in named}
        account.texts.adopt(found.texts, {here: there for there, here in names.items()})
        for document in found.documents:
            if document.place is not None and names[document.place.file] != document.place.file:
                place = msgspec.structs.replace(document.place, file=names[document.place.file])
                document = msgspec.structs.replace(document, place=place)
            account.documents.append(document)
        account.unread += found.unread
        account.warnings += found.warnings
        self.owners.update(found.codeowners)
        self.inputs += found.inputs
        self.roots += found.roots
        self.ends.append((len(account.documents), len(account.unread)))

    def _git(self, source: str) -> None:
        tree = git.Tree(source)
        found = rendered_tree(tree) if self.render else NOTHING
        self._piece(whole(source, tree, found))

    def _kube(self, source: str) -> None:
        from netwright.sources.kube.live import read_cluster

        given = read_cluster(source, self.access, self.account)
        self.inputs.append(given)
        self.roots.append(given.source)
        self.ends.append((len(self.account.documents), len(self.account.unread)))

    def _path(self, source: str) -> None:
        if not os.path.lexists(source):
            _refuse_later(source)
        elif source.lower().endswith(ARCHIVES) and os.path.isfile(source):
            from netwright.sources import archives

            layout, found_texts = archives.texts(source)
            self._dump(source, f"{files.display(source)}!", found_texts, layout)
            return
        elif os.path.isdir(source) and files.may_be_dump(source):
            from netwright.sources import layouts

            layout, names = layouts.of_folder(source)
            if layout:
                texts = files.read_path(source, frozenset())
                self._dump(source, files.display(source), layouts.texts_of(texts, layout, names), layout)
                return
        is_rendered = self.render and (os.path.isdir(source) or kustomize.is_kustomization(source))
        found = rendered(source, self.rendered) if is_rendered else NOTHING
        self._piece(whole(source, source, found))

    def _dump(self, source: str, root: str, texts: Iterable[Text], layout: str) -> None:
        before, first = len(self.account.warnings), len(self.account.documents)
        self._take(Piece(source=source, folder=source), root, texts, lambda _: False)
        if layout:
            from netwright.sources.gathered import once

            self.account.documents[first:] = once(self.account.documents[first:])
            self.ends[-1] = (len(self.account.documents), len(self.account.unread))
        # Collecting tools write a list of every kind, also where there is nothing to list.
        self.account.warnings[before:] = [w for w in self.account.warnings[before:] if w.code != "NW1013"]

    def _piece(self, piece: Piece) -> None:
        folder = piece.folder
        if piece.left:
            self.account.warn_left(list(map(files.display, piece.left)))
        if isinstance(folder, str):
            # It raises for a source that is not there.
            texts = files.read_path(folder, piece.skip) if piece.is_read else ()
            self._take(piece, files.display(folder), texts, files.in_chart)
            self.owners.update(codeowners.near(folder))
        else:
            texts = folder.texts(piece.skip) if piece.is_read else ()
            self._take(piece, folder.shown(folder.path), texts, folder.in_chart)
            self.owners.update(codeowners.near_in(folder))

    def _take(self, piece: Piece, root: str, texts: Iterable[Text], in_chart: Callable[[str], bool]) -> None:
        digests: list[bytes] = []
        count = 0
        for text in chain(piece.rendered, texts):
            if text.note is not None:
                self.account.warnings.append(text.note)
                if text.data is None and text.fault is None:
                    continue
            count += 1
            content = hashlib.sha256(text.data if text.data is not None else b"").digest()
            digests.append(hashlib.sha256(os.fsencode(text.inner) + b"\0" + content).digest())
            real = files.real_path(text.path) if text.path else text.file
            # What an archive holds twice is one text and one fault of the same name.
            if (real, text.fault is not None) in self.read_paths:
                continue
            self.read_paths.add((real, text.fault is not None))
            if text.fault is not None:
                self.account.unread.append(Unread(diagnostic=text.fault, fate="unreadable"))
            elif text.data is not None:
                self._text(text.file, text.data, partial(in_chart, text.path or text.file))
        digest = hashlib.sha256(b"".join(sorted(digests))).hexdigest()
        self.inputs.append(Input(source=files.display(piece.source), digest=f"sha256:{digest}", files=count))
        self.roots.append(root)
        if piece.rendered:
            self.roots.append(f"{kustomize.PREFIX}{'' if root == os.curdir else root}")
        self.ends.append((len(self.account.documents), len(self.account.unread)))

    def _text(self, file: str, data: bytes, in_chart: Callable[[], bool]) -> None:
        try:
            read_text(self.account, file, data, in_chart=in_chart)
        except MemoryError:
            # Only a text of many megabytes meets this. What was read of it stays, the rest could be anything.
            self.account.note_unread("NW1002", "more memory than there is would be needed to read all of it", file=file)


def _refuse_later(source: str) -> None:
    """Raise SourceError for the forms of sources that exist as words but are not read yet."""
    for prefix in _LATER:
        if source.startswith(prefix):
            raise SourceError(
                f"`{prefix}` sources are not read yet",
                help="`kubectl get … -o yaml | netwright reach -` reads a cluster, files and folders read the rest",
            )


def no_manifest(sources: Sequence[str]) -> SourceError:
    """The error for sources that hold no manifest, all of them together."""
    endings = ", ".join(files.ENDINGS)
    if not sources:
        return SourceError("no source was given", help="name a file, a folder, `-` or `git:REV:PATH`")
    named = ", ".join(f"`{files.display(source)}`" for source in sources[:3]) + (" …" if len(sources) > 3 else "")
    return SourceError(
        f"no manifest in {named}",
        help=f"files that end in {endings} are read, and any file that is named itself; hidden folders are not",
    )
