"""Objects that several tools gathered into one dump: must-gather has a folder for each of its images, and what two of
them look at is there twice, each time as it was at that moment."""

from __future__ import annotations

from collections.abc import Iterable

from netwright.model.document import Document


def once(documents: Iterable[Document]) -> list[Document]:
    """The documents without those that repeat an object as it was: of the same content, or of one UID and
    resourceVersion. Of an object in several states all stay, and the latest, where that is told, is the last."""
    found: list[Document] = []
    met: dict[tuple[str, str, str, str], int] = {}
    for document in documents:
        key = (document.api_version, document.kind, document.namespace, document.name)
        before = met.get(key) if document.name else None
        if before is not None:
            if _is_same(found[before], document):
                continue
            if _is_later(found[before], document):
                found[before], document = document, found[before]
        met[key] = len(found)
        found.append(document)
    return found


def _is_same(one: Document, other: Document) -> bool:
    state = _state(one)
    return (all(state) and state == _state(other)) or bool(one.tree() == other.tree())


def _is_later(one: Document, other: Document) -> bool:
    """Whether `one` is a later state of the object `other`: resource versions are numbers that grow."""
    (uid, mine), (its, theirs) = _state(one), _state(other)
    return uid == its != "" and mine.isdigit() and theirs.isdigit() and int(mine) > int(theirs)


def _state(document: Document) -> tuple[str, str]:
    """The UID and the resourceVersion, "" where they are not told."""
    tree = document.tree()
    metadata = tree.get("metadata") if isinstance(tree, dict) else None
    metadata = metadata if isinstance(metadata, dict) else {}
    uid, version = metadata.get("uid"), metadata.get("resourceVersion")
    return (uid if isinstance(uid, str) else "", version if isinstance(version, str) else "")
