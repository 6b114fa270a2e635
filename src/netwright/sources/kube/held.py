"""The objects of a cluster as far as its lists and watches have told, kept from one change to the next."""

from __future__ import annotations

import hashlib
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable

import msgspec

from netwright.base.spans import named
from netwright.model.document import Document, Input, Reading
from netwright.sources.account import Account
from netwright.sources.kube.discovery import Resource
from netwright.sources.kube.live import combined, document, in_order


class Change(msgspec.Struct, frozen=True):
    """The JSON of objects of a kind that were ADDED or MODIFIED, or are DELETED; or of all there are of it, as it is
    listed anew (BEGUN). `version` is the resourceVersion of the whole from then on, "" where that is not told."""

    resource: Resource
    type: str
    items: tuple[bytes, ...]
    version: str = ""


class _Kind(msgspec.Struct):
    """The objects of a kind, with the digests of what was told of them last; `ordered` is what a reading has of them,
    None where one changed since."""

    of: dict[tuple[str, str], Document] = msgspec.field(default_factory=dict)
    digests: dict[tuple[str, str], bytes] = msgspec.field(default_factory=dict)
    ordered: list[Document] | None = None


class Held:
    """What is known of one cluster. What did not change is the same document in each reading.

    `alike`: whether an object is to count as unchanged though its text differs, by its document before and now.
    """

    def __init__(self, shown: str, alike: Callable[[Document, Document], bool] | None = None) -> None:
        self.shown = shown
        self._alike = alike
        self.account = Account()
        self._kinds: dict[Resource, _Kind] = {}
        self._digests: list[bytes] = []  # of all documents, sorted
        self._number = 0
        self._versions: dict[str, str] = {}

    def fill(self, resource: Resource, items: Iterable[bytes | msgspec.Raw], version: str = "") -> None:
        """Take a kind as it is listed first."""
        self._note(resource, version)
        kind = self._kinds.setdefault(resource, _Kind())
        for item in items:
            found = self._document(resource, item)
            kind.of[found.namespace, found.name] = found
            kind.digests[found.namespace, found.name] = _digest(found)
        self._digests = sorted([*self._digests, *kind.digests.values()])

    def take(self, change: Change) -> list[str]:
        """What differs by a change, as `NetworkPolicy shop/web`: nothing where the same is told again."""
        self._note(change.resource, change.version)
        kind = self._kinds.setdefault(change.resource, _Kind())
        found = [self._document(change.resource, item) for item in change.items]
        names = [(one.namespace, one.name) for one in found]
        gone = (
            set(names)
            if change.type == "DELETED"
            else set(kind.of).difference(names)
            if change.type == "BEGUN"
            else set()
        )
        told = [name for name in sorted(gone) if self._leaves(kind, name)]
        if change.type != "DELETED":
            told += [name for name, one in zip(names, found, strict=True) if self._comes(kind, name, one)]
        if told:
            kind.ordered = None
        return [f"{change.resource.kind} {named(*name)}" for name in told]

    def reading(self) -> Reading:
        """The cluster as a source is read."""
        documents: list[Document] = []
        for kind in self._kinds.values():
            if kind.ordered is None:
                kind.ordered = sorted(kind.of.values(), key=in_order)
            documents += kind.ordered
        given = Input(
            source=self.shown,
            digest=combined(self._digests),
            files=max(1, len(self._kinds)),
            versions=dict(self._versions) or msgspec.UNSET,
        )
        return Reading(
            documents=documents,
            unread=self.account.unread,
            warnings=self.account.warnings,
            inputs=[given],
            texts=self.account.texts,
            ends=[(len(documents), len(self.account.unread))],
            roots=[self.shown],
        )

    def _note(self, resource: Resource, version: str) -> None:
        if version:
            self._versions[resource.shown] = version

    def _document(self, resource: Resource, item: bytes | msgspec.Raw) -> Document:
        self._number += 1
        return document(resource, item, self.shown, self._number)

    def _leaves(self, kind: _Kind, name: tuple[str, str]) -> bool:
        if kind.of.pop(name, None) is None:
            return False
        del self._digests[bisect_left(self._digests, kind.digests.pop(name))]
        return True

    def _comes(self, kind: _Kind, name: tuple[str, str], found: Document) -> bool:
        before, digest = kind.of.get(name), _digest(found)
        if before is not None and kind.digests[name] == digest:
            return False
        is_alike = before is not None and self._alike is not None and self._alike(before, found)
        self._leaves(kind, name)
        kind.of[name] = before if before is not None and is_alike else found
        kind.digests[name] = digest
        insort(self._digests, digest)
        return not is_alike


def _digest(found: Document) -> bytes:
    return hashlib.sha256(found.raw).digest()
