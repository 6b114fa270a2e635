"""Snapshots found by what a user calls them, and read back as a reading that any verb can be asked of."""

from __future__ import annotations

import os
import re
from typing import Any

import msgspec

from netwright.base.errors import SourceError, UsageError
from netwright.base.spans import Place
from netwright.dialects.k8s.decode import Invalid
from netwright.model.document import Document, Input, Reading
from netwright.store.files import Blobs, Damaged, Exported, Folder, is_exported, store_at
from netwright.store.lines import StoredTexts
from netwright.store.records import FORMAT, Kept, Manifest, Places, Rest, Tree
from netwright.store.taking import Stored

PREFIX = "snapshot:"
LATEST = "latest"
LEAST_PREFIX = 4
SHORT = 12
NAME = re.compile(r"(?![0-9a-f]{4,64}\Z)[A-Za-z][A-Za-z0-9._-]{0,62}")
"""What a snapshot may be called: nothing that could be an ID or a path."""


class Found(msgspec.Struct, frozen=True):
    """One snapshot: its ID, its manifest and where its blobs are."""

    id: str
    manifest: Manifest
    blobs: Blobs


def listed(blobs: Blobs, faults: list[SourceError] | None = None) -> list[Found]:
    """All snapshots of a store, the newest first. What cannot be read of it goes to `faults`, where these are given.

    Raises SourceError otherwise: which of a name is the newest is not known then.
    """
    found = []
    for name in blobs.manifests():
        try:
            found.append(Found(name, _manifest(blobs, name), blobs))
        except SourceError as fault:
            if faults is None:
                raise
            faults.append(fault)
    return sorted(found, key=lambda f: (f.manifest.taken, f.id), reverse=True)


class NotThere(UsageError):
    """There is no snapshot of that name."""


def find(named: str, store: str | None = None) -> Found:
    """The snapshot that an ID or the start of one, a name, `latest` or the path of an exported one stands for.

    Of several snapshots with one name it is the newest. Raises UsageError where there is none, where several IDs begin
    so, or where the store has one of that name and an exported one lies in the current folder.
    """
    text = named.removeprefix(PREFIX)
    is_file = os.path.isfile(text)  # noqa: PTH113 - as the user wrote it
    if is_file and os.path.basename(text) != text:  # noqa: PTH119
        return listed(Exported(text))[0]
    folder = store_at(store)
    try:
        kept = _kept(text, folder)
    except SourceError:
        if not is_file:
            raise
        kept = None
    if is_file and (kept is None or is_exported(text)):
        exported = listed(Exported(text))[0]
        if kept is not None and kept.id != exported.id:
            raise UsageError(
                f"`{text}` is a snapshot of the store `{folder.shown}` and an exported one in the current folder",
                help=f"`{PREFIX}./{text}` is the file, `{PREFIX}{kept.id[:SHORT]}` the one of the store",
            )
        return kept or exported
    if kept is not None:
        return kept
    every = listed(folder)
    if not every:
        raise NotThere(
            f"no snapshot `{text}`: the store `{folder.shown}` holds none",
            help=f"`netwright snapshot take SOURCE` takes one; {folder.another} names another store",
        )
    near = ", ".join(f"`{one.manifest.name or one.id[:SHORT]}`" for one in every[:3])
    raise NotThere(f"no snapshot `{text}` in `{folder.shown}`", help=f"`snapshot list` shows all: {near}")


def find_source(named: str, store: str | None = None) -> Found:
    """The same of a source, which is input: one that is not there is no wrong use. Raises SourceError for it."""
    try:
        return find(named, store)
    except NotThere as fault:
        raise SourceError(fault.message, help=fault.help) from None


def _kept(text: str, folder: Folder) -> Found | None:
    """What a store has of an ID or the start of one, a name or `latest`."""
    if re.fullmatch(rf"[0-9a-f]{{{LEAST_PREFIX},64}}", text):
        begin = [name for name in folder.manifests() if name.startswith(text)]
        if len(begin) > 1:
            raise UsageError(
                f"{len(begin)} snapshots begin with `{text}`", help=f"write more of it: {', '.join(begin[:3])}"
            )
        if begin:
            return Found(begin[0], _manifest(folder, begin[0]), folder)
    return next((one for one in listed(folder) if text and text in (LATEST, one.manifest.name)), None)


def _manifest(blobs: Blobs, name: str) -> Manifest:
    try:
        manifest: Manifest = _decoded(blobs, blobs.manifest(name), Manifest)
    except Damaged as fault:
        if not isinstance(blobs, Folder):
            raise
        raise Damaged(
            fault.message,
            help=f"delete `{blobs.place_of(name)}`; other snapshots are whole, and found by their IDs: `snapshot list`",
        ) from None
    if manifest.format != FORMAT:
        raise SourceError(
            f"snapshot {name[:SHORT]} is of format {manifest.format}, which this version does not read",
            help="read it with the version that took it",
        )
    return manifest


def _decoded(blobs: Blobs, content: bytes, type_: Any) -> Any:
    try:
        return msgspec.json.decode(content, type=type_)
    except (msgspec.DecodeError, RecursionError) as fault:
        raise blobs.damaged(str(fault)) from None


def stored(found: Found) -> tuple[list[Stored], Places, Rest]:
    """All documents of a snapshot in their order, and what is kept beside them."""
    blobs, manifest = found.blobs, found.manifest
    leaves: dict[tuple[str, str, str], list[Kept]] = {}
    tree = _decoded(blobs, blobs.get(manifest.objects), Tree)
    for label, digest in tree.below.items():
        api_version, kind = _decoded(blobs, label.encode(), tuple[str, str])
        for namespace, leaf in _decoded(blobs, blobs.get(digest), Tree).below.items():
            leaves[api_version, kind, namespace] = _decoded(blobs, blobs.get(leaf), list[Kept])
    places: Places = _decoded(blobs, blobs.get(manifest.places), Places)
    rest: Rest = _decoded(blobs, blobs.get(manifest.rest), Rest)
    keys = sorted(leaves)
    out = []
    for s in places.standing:
        if not (0 <= s.leaf < len(keys) and 0 <= s.index < len(leaves[keys[s.leaf]])):
            raise blobs.damaged("an object that is named is missing")
        api_version, kind, namespace = keys[s.leaf]
        one = leaves[keys[s.leaf]][s.index]
        place = Place(file=s.file, document=s.document, item=tuple(s.item)) if s.file is not None else None
        refused = None
        if one.refused is not None:
            r = one.refused
            refused = Invalid(
                kind=kind,
                namespace=r.namespace,
                name=r.name,
                place=place,
                pointer=tuple(r.pointer),
                message=r.message,
                help=r.help,
                once_taken=r.once_taken,
            )
        document = Document(
            place=place,
            api_version=api_version,
            kind=kind,
            namespace=namespace,
            name=one.name,
            raw=one.raw,
            refused=refused,
        )
        out.append(Stored(document, one, s.at))
    return out, places, rest


def read(found: Found) -> Reading:
    """What the source gave, as far as it is kept. Its one input is the snapshot."""
    documents, places, rest = stored(found)
    nodes = {
        (s.document.place.file, s.document.place.document, s.document.place.item): s.at
        for s in documents
        if s.document.place is not None
    }
    files = sum(given.files for given in found.manifest.inputs)
    label = found.manifest.name or found.id[:SHORT]
    return Reading(
        documents=[s.document for s in documents],
        unread=list(rest.unread),
        warnings=list(rest.warnings),
        inputs=[Input(source=f"{PREFIX}{label}", digest=f"sha256:{found.id}", files=files)],
        texts=StoredTexts(nodes, places.lines, places.counts, places.digests),
        codeowners=rest.codeowners,
        ends=[(len(documents), len(rest.unread))],
        roots=list(rest.roots),
    )
