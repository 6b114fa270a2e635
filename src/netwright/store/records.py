"""What a snapshot is made of: a manifest, a tree of objects by kind and namespace, and what is not of the objects.

    Manifest ─ objects: Tree ─ kinds: Tree ─ namespaces: tuple[Kept, ...]     the objects alone
             ─ places: Places                                                  where they stood in which text
             ─ rest: Rest                                                      what was not read, and what was told

A leaf holds the objects of one kind in one namespace, sorted: what did not change between two moments is the same blob.
Where an object stood and in which order it was read is kept apart, so that a line more in a file changes no object.
"""

from __future__ import annotations

from typing import Any

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.base.spans import Pointer
from netwright.model.document import Accounting, Input, Unread

FORMAT = 1


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    pass


class Manifest(_Record, frozen=True, kw_only=True):
    """What was taken, when, by which version, from what; and where the rest of it is.

    `cni` and `pod_cidrs` are what was given beside the sources, `profile` and `assumptions` what the twin made of it.
    """

    format: int
    taken: str
    """RFC 3339, UTC."""
    version: str
    name: str = ""
    redacted: bool = False
    """Names, labels and addresses are not those of the source."""
    inputs: tuple[Input, ...] = ()
    documents: Accounting = Accounting()
    profile: str = ""
    assumptions: tuple[str, ...] = ()
    cni: str = ""
    pod_cidrs: tuple[str, ...] = ()
    objects: str
    places: str
    rest: str


class Tree(_Record, frozen=True, kw_only=True):
    """Digests by name: of kinds (`apps/v1/Deployment`), or of namespaces ("" for objects that stand in none)."""

    below: dict[str, str]


class Kept(_Record, frozen=True, kw_only=True):
    """One object: its header as it was written, and of its fields those that are read; of one that is not evaluated
    nothing but what its effect is told from."""

    name: str = ""
    raw: msgspec.Raw = msgspec.Raw(b"{}")
    refused: Refused | None = None


class Refused(_Record, frozen=True, kw_only=True):
    """Why the API server would not store the object. The object itself is not kept."""

    namespace: str
    name: str
    pointer: tuple[str | int, ...]
    message: str
    help: str = ""
    once_taken: bool = False


class Standing(_Record, frozen=True, kw_only=True):
    """Where an object stood. `at` are its nodes: [line, column] or [line, column, nodes below], 0-based."""

    leaf: int
    """Which leaf of the tree, in the order of their names."""
    index: int
    """Which object of the leaf."""
    file: str | None = None
    document: int = 0
    item: Pointer = ()
    at: Any = None


class Places(_Record, frozen=True, kw_only=True):
    """All objects in the order in which they were read, and of the texts those lines that hold nothing but what is
    kept."""

    standing: tuple[Standing, ...]
    lines: dict[str, dict[int, str]] = {}
    counts: dict[str, int] = {}
    """The number of lines of each text."""
    digests: dict[str, str] = {}


class Rest(_Record, frozen=True, kw_only=True):
    """What became no object: texts that were not read, warnings; whose files are whose; how far each input goes."""

    unread: tuple[Unread, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    codeowners: dict[str, str] = {}
    ends: tuple[tuple[int, int], ...] = ()
    roots: tuple[str, ...] = ()
