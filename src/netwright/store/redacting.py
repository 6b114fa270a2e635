"""`redact`: a snapshot whose names, namespaces, labels, hosts and addresses are others, each the same everywhere.

What stays is what `vocabulary` lists: fields and words of the APIs, numbers, keys of labels that something is read
from. Every other text becomes a pseudonym; fields that nothing is read from are left out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import msgspec

from netwright.base.diagnostics import INPUT_CODES, Diagnostic
from netwright.base.errors import UsageError
from netwright.base.spans import named
from netwright.model.document import Input
from netwright.model.kind_lists import find as find_kind
from netwright.store.files import Folder
from netwright.store.pseudonyms import Pseudonyms
from netwright.store.reading import Found, stored
from netwright.store.records import Kept, Manifest, Refused, Rest
from netwright.store.redacting_trees import Trees
from netwright.store.taking import Stored, check_name, write
from netwright.store.vocabulary import GROUPS, groups, kinds


class Redacted(msgspec.Struct, frozen=True):
    """A redacted snapshot that is not written yet, and what its names became."""

    documents: list[Stored]
    manifest: Manifest
    rest: Rest
    pseudonyms: Pseudonyms


def redact(store: Folder, found: Found, *, name: str = "") -> str:
    """Takes a redacted snapshot of a snapshot; its ID. Verdicts are the same but for the names.

    Texts, their digests, owners and sources are left out; what was told of the input keeps its code alone. Raises
    UsageError where objects are of a kind that is not redacted.
    """
    check_name(name)
    one = redacted(found, secrets.token_bytes(32))
    manifest = msgspec.structs.replace(one.manifest, name=name)
    return write(store, one.documents, manifest, one.rest, lines={}, counts={}, digests={})


def redacted(found: Found, key: bytes, also: Iterable[str] = ()) -> Redacted:
    """The redacted snapshot that a key gives. `also`: texts that are in no object and are to have a pseudonym too.

    Raises UsageError where objects are of a kind that is not redacted.
    """
    documents, _, rest = stored(found)
    for one in documents:
        d = one.document
        kind = find_kind(d.group, d.kind)
        if kind is not None and kind.reads == "read" and d.group not in GROUPS:
            raise UsageError(
                f"{d.kind} `{named(d.namespace, d.name)}` ({d.api_version}) is of a kind that is not redacted",
                help="take a snapshot without such objects",
            )
    numbered = ("StatefulSet", "VirtualMachinePool")
    pseudonyms = Pseudonyms(key, frozenset(s.document.name for s in documents if s.document.kind in numbered))
    mapping = Mapping(pseudonyms)
    mapping.whole(documents, found.manifest, rest)
    for text in also:
        pseudonyms.text(text)
    pseudonyms.draw()
    return Redacted(*mapping.whole(documents, found.manifest, rest), pseudonyms)


class Mapping:
    """What objects, and what is kept beside them, become."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._p = pseudonyms
        self._trees = Trees(pseudonyms)

    def whole(self, documents: list[Stored], manifest: Manifest, rest: Rest) -> tuple[list[Stored], Manifest, Rest]:
        text = self._p.text
        return (
            [self.stored(one) for one in documents],
            msgspec.structs.replace(
                manifest,
                name="",
                redacted=True,
                inputs=(Input(source="redacted", digest="", files=sum(given.files for given in manifest.inputs)),),
                assumptions=(),
                profile=self.profile(manifest.profile),
                cni=self.profile(manifest.cni),
                pod_cidrs=tuple(map(text, manifest.pod_cidrs)),
            ),
            Rest(
                unread=tuple(
                    msgspec.structs.replace(
                        u,
                        diagnostic=self.diagnostic(u.diagnostic),
                        namespaces=tuple(map(text, u.namespaces)),
                        besides=tuple(map(text, u.besides)),
                        kinds=tuple(map(self.kind, u.kinds)),
                        called=tuple(map(text, u.called)),
                    )
                    for u in rest.unread
                ),
                warnings=tuple(map(self.diagnostic, rest.warnings)),
                ends=rest.ends,
            ),
        )

    def stored(self, one: Stored) -> Stored:
        d, text = one.document, self._p.text
        place = d.place and msgspec.structs.replace(d.place, file=self.file(d.place.file))
        at = one.at
        if one.kept.refused is not None:
            refused = Refused(
                namespace=text(one.kept.refused.namespace),
                name=text(one.kept.refused.name),
                pointer=(),
                message="is refused by the API server; why is not told of a redacted object",
                once_taken=one.kept.refused.once_taken,
            )
            raw, at = msgspec.Raw(b"{}"), at[:2] if at else at
        else:
            refused = None
            tree, at = self._trees.object(d.group, d.kind, msgspec.json.decode(one.kept.raw), at)
            raw = msgspec.Raw(msgspec.json.encode(tree))
        group, slash, version = d.api_version.rpartition("/")
        document = msgspec.structs.replace(
            d,
            place=place,
            api_version=d.api_version if group in groups() else f"{text(group)}{slash}{version}",
            kind=self.kind(d.kind),
            namespace=text(d.namespace),
            name=text(d.name),
        )
        return Stored(document, Kept(name=document.name, raw=raw, refused=refused), at)

    def kind(self, kind: str) -> str:
        return kind if kind in kinds() else self._p.text(kind)

    def profile(self, told: str) -> str:
        """`PROFILE:NAME=VALUE,…`: the mesh's names are its own."""
        name, colon, options = told.partition(":")
        parts = []
        for option in options.split(",") if options else ():
            key, equals, value = option.partition("=")
            is_name = key in ("root-namespace", "trust-domain")
            parts.append(f"{key}{equals}{self._p.text(value) if is_name else value}")
        return f"{name}{colon}{','.join(parts)}"

    def file(self, path: str) -> str:
        stem, dot, ending = path.rpartition(".")
        return f"{self._p.text(stem)}.{ending}" if dot and ending in ("yaml", "yml", "json") else self._p.text(path)

    def diagnostic(self, d: Diagnostic) -> Diagnostic:
        """The code alone, with its own words."""
        titles = {code.code: code.title for code in INPUT_CODES}
        return Diagnostic(
            code=d.code,
            severity=d.severity,
            title=titles.get(d.code, d.code),
            file=self.file(d.file),
            line=d.line,
            column=d.column,
        )
