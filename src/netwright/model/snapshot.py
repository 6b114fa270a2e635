"""What a reading comes to: the objects of one moment, what could act unseen, and the account."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.model.cluster import UnreadRoute
from netwright.model.document import Accounting, Decoded, Document, Input, Reading, UnknownPolicy, Unread


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The objects of one moment, what of the input was not read and could act on the network or lead into it, and the
    account."""

    objects: tuple[Decoded, ...]
    unknown: tuple[UnknownPolicy, ...]
    accounting: Accounting
    inputs: tuple[Input, ...] = ()
    diagnostics: tuple[Diagnostic, ...]
    reading: Reading
    unread_routes: tuple[UnreadRoute, ...] = ()
    refused: tuple[Document, ...] = ()
    """What of a kind that is read the API server would refuse."""
    unevaluated: tuple[Document, ...] = ()
    """What is of a kind that acts on the network and is not evaluated."""
    ambiguous: tuple[Unread, ...] = ()
    """Of these what earlier servers took, and what means different things to different readers."""

    @property
    def unread(self) -> tuple[Unread, ...]:
        """What gave no object and may be one: texts that were not read, and objects that are ambiguous."""
        return (*self.reading.unread, *self.ambiguous)

    def by_text(self) -> dict[bytes, Decoded]:
        """The objects that were decoded from JSON, by their text."""
        return {
            bytes(document.raw): found
            for document, found in self._decoded
            if isinstance(document.raw, (bytes, msgspec.Raw))
        }

    def by_document(self) -> dict[int, Decoded]:
        """The objects by the identity of the document that each was decoded from."""
        return {id(document): found for document, found in self._decoded}

    @property
    def _decoded(self) -> Iterator[tuple[Document, Decoded]]:
        at = {id(d.place): d for d in self.objects}
        for document in self.reading.documents:
            found = at.get(id(document.place))
            if found is not None:
                yield document, found
