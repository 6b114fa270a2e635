"""Names for objects that are written, among those that are there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, count
from typing import Final

from netwright.model.document import Decoded

LONGEST_NAME: Final = 253


class Names:
    """Names that are free, and taken once they are given."""

    def __init__(self, objects: Sequence[Decoded]) -> None:
        self._taken = {(d.kind, d.namespace, d.name) for d in objects}

    def free(self, kind: str, namespace: str, name: str, mark: str, end: str = "") -> str:
        for more in chain(("", mark), (f"{mark}-{n}" for n in count(2))):
            found = name[: LONGEST_NAME - len(more + end)].rstrip("-.") + more + end
            if (kind, namespace, found) not in self._taken:
                self._taken.add((kind, namespace, found))
                return found
        raise AssertionError("numbers end")
