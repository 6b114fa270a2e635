"""What a source hands over: raw objects with their places, what could not be read, and the account of both."""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cached_property
from itertools import chain, count
from operator import is_
from typing import Any, Literal, Protocol

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.base.spans import Node, Place, Pointer, Position, named

Fate = Literal["evaluated", "irrelevant", "not_understood", "invalid", "unreadable"]
"""What became of a document: read into the twin; known not to touch the network; a kind or a text that is not
understood; an object the API server would reject; a text that could not be parsed."""


class Document(msgspec.Struct, kw_only=True, eq=False):
    """One raw object: its header as far as it can be read, and its content as JSON bytes or as a tree.

    `raw` is the JSON text of the object (bytes) or the tree a YAML document became (dict, list, str, int, float, bool,
    None). `tree` gives the plain values of either.
    """

    place: Place | None
    api_version: str
    kind: str
    namespace: str
    name: str
    raw: bytes | msgspec.Raw | Any
    refused: Any = None
    """Of an object of a snapshot that the API server would refuse, and that is not kept: what it says against it."""

    @property
    def group(self) -> str:
        """The API group: "" for the core group, "apps", "networking.k8s.io" …"""
        return self.api_version.rpartition("/")[0]

    @property
    def unevaluated(self) -> str:
        """Of an object of a kind that acts on the network and is not evaluated: why verdicts are open for it."""
        name = named(self.namespace, self.name)
        return f"{self.kind} `{name}` acts on the network and is not evaluated yet"

    def tree(self) -> Any:
        """The object as plain values."""
        return msgspec.json.decode(self.raw) if isinstance(self.raw, (bytes, msgspec.Raw)) else self.raw


def is_network_policy(document: Document) -> bool:
    """Whether it is a NetworkPolicy of Kubernetes; Calico has one of this name too."""
    return document.kind == "NetworkPolicy" and document.group in ("networking.k8s.io", "extensions")


OVN_OVERLAY = "ovn-k8s-cni-overlay"
"""The type of attachments to networks of OVN-Kubernetes' own."""


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A text that gave no object: why, and what it could have changed.

    `kinds` and `namespaces` are what its readable `kind:` and `namespace:` lines say. Empty `kinds` = any kind;
    empty `namespaces` = any namespace. `called` are the names of its objects, as its `name:` lines say them; empty =
    any. `group` is the API group of the kinds where that is known. `besides` are namespaces in which all objects of the
    kinds were read. `names` are words in it that would tell which CNI there is or how it is set up: those by which
    ConfigMaps are read, and OVN_OVERLAY.
    """

    diagnostic: Diagnostic
    fate: Literal["not_understood", "unreadable"]
    kinds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    group: str | None = None
    besides: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    called: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Why verdicts are open for it, and where it stands."""
        why = self.diagnostic
        return f"{why.title} ({why.where})" if why.where else why.title

    def within(self, present: Iterable[str]) -> tuple[str, ...] | None:
        """Of the namespaces that are present those in which it could have changed something: () for any, None for none.

        >>> why = Diagnostic(code="NW1016", severity="error", title="refused")
        >>> one = Unread(diagnostic=why, fate="unreadable", besides=("shop",))
        >>> one.within(["shop", "bank"]), one.within(["shop"])
        (('bank',), None)
        """
        if not self.besides:
            return self.namespaces
        return tuple(sorted(set(present).difference(self.besides))) or None


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """Five numbers that add up to all documents (objects, after `List` kinds are taken apart)."""

    evaluated: int = 0
    irrelevant: int = 0
    not_understood: int = 0
    invalid: int = 0
    unreadable: int = 0

    @property
    def total(self) -> int:
        return self.evaluated + self.irrelevant + self.not_understood + self.invalid + self.unreadable


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One named source as it was read: the text the user gave, a digest (sha256) of what was read, files counted, and
    what became of its documents. A file that two sources hold counts for the first; so the inputs add up to the whole.
    `versions`: of a live cluster the resourceVersion of each list, by resource (`networkpolicies.networking.k8s.io`,
    `NAMESPACE/pods` where only that namespace may be read).
    """

    source: str
    digest: str
    files: int
    documents: Accounting = Accounting()
    versions: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class Texts(Protocol):
    """The texts behind the objects, for line and column and for excerpts."""

    def position(self, place: Place, pointer: Pointer = ()) -> Position | None:
        """Where `pointer` of the object at `place` stands; the nearest parent's position where it is absent."""

    def nodes(self, place: Place) -> Node | None:
        """Where all nodes of the object at `place` stand, as far as that is kept."""

    def lines(self, file: str) -> list[str]:
        """The lines of the text, without line ends; empty where it is not kept."""

    def digests(self) -> Mapping[str, str]:
        """A digest of the text of every file."""


class Reading(msgspec.Struct, kw_only=True):
    """All that the sources gave: objects in the order they were read, what was not read, warnings, provenance.

    `ends` says for each input how many of `documents` and of `unread` there are up to its end, `roots` how the names of
    its files begin.
    """

    documents: list[Document]
    unread: list[Unread]
    warnings: list[Diagnostic]
    inputs: list[Input]
    texts: Texts
    codeowners: Mapping[str, str] = {}
    ends: list[tuple[int, int]] = []
    roots: list[str] = []

    def below(self, file: str) -> str:
        """The name of a file below its source; the last part of one that is a source itself."""
        for root in sorted(self.roots, key=len, reverse=True):
            if file == root:
                return "kustomization" if file.startswith("kustomize:") else posixpath.basename(file)
            folder = root if root.endswith(("/", ":", "!")) else f"{root}/"
            if file.startswith(folder):
                return file[len(folder) :].lstrip("/")
        return file

    def parting(self, one: str, other: str) -> str | None:
        """The folder below the source from which two files of it stand in different folders, "." for the source itself;
        None where they do not."""
        paths = [self.below(file).split("/") for file in (one, other)]
        if not all(file.startswith("kustomize:") for file in (one, other)):
            paths = [path[:-1] for path in paths]
        shared = posixpath.commonprefix(paths)
        if any(len(path) == len(shared) for path in paths):
            return None
        return "/".join(shared) or "."

    def differs_by_policies(self, other: Reading) -> bool:
        """Whether all documents but NetworkPolicies are the very same here and there, and what was not read too."""
        mine, others = ([d for d in one.documents if not is_network_policy(d)] for one in (self, other))
        return len(mine) == len(others) and all(map(is_, mine, others)) and self.unread == other.unread

    def inputs_with(self, fates: Sequence[Fate]) -> tuple[Input, ...]:
        """The inputs with their accounts, from the fate of every document in order."""
        out: list[Input] = []
        document = unread = 0
        for given, (document_end, unread_end) in zip(self.inputs, self.ends, strict=True):
            counts: Counter[str] = Counter(fates[document:document_end])
            counts.update(u.fate for u in self.unread[unread:unread_end])
            out.append(msgspec.structs.replace(given, documents=Accounting(**counts)))
            document, unread = document_end, unread_end
        return tuple(out)


class Decoded(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One object of a kind that is read: its identity, its typed value, and where it stands.

    `namespace` is "" for cluster-scoped kinds and never "" for namespaced ones. Two are equal only if they are the
    same.
    """

    kind: str
    namespace: str
    name: str
    value: Any
    place: Place | None = None


class Objects(tuple[Decoded, ...]):
    """Objects in input order, told apart by kind once: much is asked of kinds that are not there."""

    @classmethod
    def of(cls, objects: Iterable[Decoded]) -> Objects:
        """The same objects, which is what was given where it is that already."""
        return objects if isinstance(objects, Objects) else cls(objects)

    @cached_property
    def by_kind(self) -> dict[str, list[Decoded]]:
        found: defaultdict[str, list[Decoded]] = defaultdict(list)
        for d in self:
            found[d.kind].append(d)
        return dict(found)


def tell_apart(objects: dict[tuple[str, str, str], Decoded], made_up: Iterable[tuple[str, str, str]]) -> None:
    """Give each of the objects at the keys `made_up` a name of its own: the API server makes up what follows the
    beginning that is given (meta/v1 ObjectMeta, generateName), so that no two of these are the same. That beginning, or
    the first number behind it that no object of the kind has: `load`, `load-2`."""
    given: set[tuple[str, str, str]] = set()
    for key in made_up:
        found = objects[key]
        names = chain([found.name], (f"{found.name}-{number}" for number in count(2)))
        named = next(of for name in names if (of := (*key[:2], name)) not in objects and of not in given)
        given.add(named)
        objects[key] = msgspec.structs.replace(found, name=named[2])


def kinds_of(objects: Iterable[Decoded]) -> Set[str]:
    """The kinds of which there are any."""
    return objects.by_kind.keys() if isinstance(objects, Objects) else {d.kind for d in objects}


def of_kinds(objects: Iterable[Decoded], *kinds: str) -> Sequence[Decoded]:
    """Those of some kinds, in input order."""
    if isinstance(objects, Objects):
        found = [listed for kind in kinds if (listed := objects.by_kind.get(kind))]
        if len(found) <= 1:
            return found[0] if found else ()
    wanted = frozenset(kinds)
    return [d for d in objects if d.kind in wanted]


class UnknownPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Something that could act on the network and was not read: a kind not evaluated yet, or a broken document.

    It acts, perhaps, on the pods of `namespaces` (empty: of all namespaces) and, where `hosts`, on nodes and
    hostNetwork pods too. `effect` "deny": it can only deny what others allow; "both": it can allow or deny; "none": it
    decides nothing of a packet and brings pods, which a Service may lead to, with `instead` only one that leads to no
    pod that is read. With `overrides` it could change what any enforcer says of packets from and to these, exempt ones
    too.
    """

    kind: str
    namespaces: tuple[str, ...]
    hosts: bool
    effect: Literal["deny", "both", "none"]
    reason: str
    overrides: bool = False
    instead: bool = False
