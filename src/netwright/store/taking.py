"""`take`: what a reading gave, as one snapshot in a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from netwright.base.errors import UsageError
from netwright.dialects.k8s.decode import Invalid
from netwright.dialects.k8s.exposing import PASSED_OVER, exposing
from netwright.model.account import Provenance
from netwright.model.document import Decoded, Document, Reading
from netwright.model.kind_lists import find
from netwright.store.fields import evaluated, header, kept, looked_at
from netwright.store.files import Blobs, Folder
from netwright.store.lines import KeptLines, along, at_pointer, pruned
from netwright.store.records import FORMAT, Kept, Manifest, Places, Refused, Rest, Standing, Tree


class Stored(NamedTuple):
    """One document on its way into a store, or out of it."""

    document: Document
    kept: Kept
    at: Any


def take(
    store: Folder,
    reading: Reading,
    objects: tuple[Decoded, ...],
    provenance: Provenance,
    *,
    name: str = "",
    cni: str = "",
    pod_cidrs: Sequence[str] = (),
    now: datetime | None = None,
) -> str:
    """Keeps the objects of a reading, what of it was not read and what was told; the ID of the snapshot. It is on the
    disk when this returns. `objects`: those that the twin made of it.

    Raises UsageError for a name that could be taken for an ID or a path, and where the store cannot be written.
    """
    check_name(name)
    stored, lines = _stored(reading, objects)
    texts = reading.texts
    files = sorted({s.document.place.file for s in stored if s.document.place is not None})
    digests = texts.digests()
    return write(
        store,
        stored,
        Manifest(
            format=FORMAT,
            taken=(now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            version=provenance.version,
            name=name,
            inputs=provenance.inputs,
            documents=provenance.documents,
            profile=provenance.profile,
            assumptions=provenance.assumptions,
            cni=cni,
            pod_cidrs=tuple(pod_cidrs),
            objects="",
            places="",
            rest="",
        ),
        Rest(
            unread=tuple(reading.unread),
            warnings=tuple(reading.warnings),
            codeowners=dict(reading.codeowners),
            ends=tuple(reading.ends),
            roots=tuple(reading.roots),
        ),
        lines={file: of.lines(texts.lines(file)) for file, of in sorted(lines.items())},
        counts={file: len(texts.lines(file)) for file in files},
        digests=dict(sorted(digests.items())),
    )


def write(
    store: Folder,
    stored: Sequence[Stored],
    manifest: Manifest,
    rest: Rest,
    *,
    lines: dict[str, dict[int, str]],
    counts: dict[str, int],
    digests: dict[str, str],
) -> str:
    """Writes the blobs and then the manifest, which is given without their digests; the ID."""
    store.begin()
    leaves: dict[tuple[str, str, str], list[int]] = {}
    for number, one in enumerate(stored):
        d = one.document
        leaves.setdefault((d.api_version, d.kind, d.namespace), []).append(number)
    standing: list[Standing | None] = [None] * len(stored)
    kinds: dict[str, dict[str, str]] = {}
    for leaf, key in enumerate(sorted(leaves)):
        numbers = sorted(leaves[key], key=lambda n: (stored[n].kept.name, bytes(stored[n].kept.raw), n))
        for index, number in enumerate(numbers):
            place = stored[number].document.place
            standing[number] = Standing(
                leaf=leaf,
                index=index,
                file=place.file if place else None,
                document=place.document if place else 0,
                item=place.item if place else (),
                at=stored[number].at,
            )
        content = msgspec.json.encode([stored[n].kept for n in numbers])
        kinds.setdefault(_label(key[0], key[1]), {})[key[2]] = store.put(content)
    tree = {label: store.put(_encoded(Tree(below=namespaces))) for label, namespaces in kinds.items()}
    places = Places(standing=tuple(s for s in standing if s is not None), lines=lines, counts=counts, digests=digests)
    manifest = msgspec.structs.replace(
        manifest,
        objects=store.put(_encoded(Tree(below=tree))),
        places=store.put(_encoded(places)),
        rest=store.put(_encoded(rest)),
    )
    return store.commit(msgspec.json.format(_encoded(manifest), indent=1))


def digests_of(blobs: Blobs, manifest: Manifest) -> list[str]:
    """All blobs of a snapshot."""
    tree = msgspec.json.decode(blobs.get(manifest.objects), type=Tree)
    found = [manifest.objects, manifest.places, manifest.rest, *tree.below.values()]
    for digest in tree.below.values():
        found += msgspec.json.decode(blobs.get(digest), type=Tree).below.values()
    return found


def contents(blobs: Blobs, manifest: Manifest) -> list[tuple[str, str, str, int]]:
    """API version, kind, namespace and number of objects of every leaf."""
    found = []
    for label, digest in msgspec.json.decode(blobs.get(manifest.objects), type=Tree).below.items():
        api_version, kind = msgspec.json.decode(label, type=tuple[str, str])
        for namespace, leaf in msgspec.json.decode(blobs.get(digest), type=Tree).below.items():
            held = msgspec.json.decode(blobs.get(leaf), type=list[msgspec.Raw])
            found.append((api_version, kind, namespace, len(held)))
    return sorted(found)


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _label(api_version: str, kind: str) -> str:
    """A kind as the key of a tree: a JSON list, for either may hold any character where it was not written by a
    server."""
    return msgspec.json.encode((api_version, kind)).decode()


def check_name(name: str) -> None:
    """Raises UsageError for a name that a snapshot cannot have."""
    from netwright.store.reading import NAME

    if name and (not NAME.fullmatch(name) or name == "latest"):
        raise UsageError(
            f"`{name[:80]}` cannot be the name of a snapshot",
            help="letters, digits, `-`, `_` and `.`, beginning with a letter; not `latest`, nor what could be an ID",
        )


# --- what is kept of each document --------------------


def _stored(reading: Reading, objects: tuple[Decoded, ...]) -> tuple[list[Stored], dict[str, KeptLines]]:
    became = evaluated(reading.documents, objects)
    services = {(d.namespace, d.name) for d in objects if d.kind == "Service"}
    lines: dict[str, KeptLines] = {}
    stored = []
    for document, found in zip(reading.documents, became, strict=True):
        kind = find(document.group, document.kind)
        node = reading.texts.nodes(document.place) if document.place is not None else None
        refused = None
        if isinstance(found, Decoded):
            tree = kept(document, found.value)
        else:
            tree = (looked_at(document) if found is None else None) or header(document)
            if isinstance(found, Invalid):
                refused = Refused(
                    namespace=found.namespace,
                    name=found.name,
                    pointer=found.pointer,
                    message=found.message,
                    help=found.help,
                    once_taken=found.once_taken,
                )
        at = None
        if node is not None and document.place is not None:
            at = at_pointer(node, refused.pointer) if refused is not None else pruned(node, tree)
            is_policy = kind is not None and kind.effect != "none"
            shown = tree
            if isinstance(found, Invalid):  # what is said against it cites it
                shown = document.tree() if is_policy else along(document.tree(), found.pointer)
            lines.setdefault(document.place.file, KeptLines()).add(
                node,
                shown,
                document.tree() if found is not None else tree,
                beside=found is not None and document.kind != "ConfigMap" and (is_policy or refused is None),
                between=is_policy and refused is None,
            )
        if found is None:
            tree = looked_at(document) or _leading(document, services)
        raw = msgspec.Raw(b"{}" if refused is not None or tree is None else msgspec.json.encode(tree))
        stored.append(Stored(document, Kept(name=document.name, raw=raw, refused=refused), at))
    return stored, lines


def _leading(document: Document, services: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    """What an object that is not evaluated may lead to, in its smallest form: the Services that it names and that are
    there, where it is entered. None where that is nothing."""
    route = exposing(document)
    if route is None:
        return None
    tree = document.tree()
    spec: dict[str, Any] = {}
    if route.entry and route.entry != "any host":
        spec["hostnames"] = route.entry.split(", ")
    gateways = tree["spec"].get("gateways") if isinstance(tree.get("spec"), dict) else None
    if isinstance(gateways, list):
        spec["gateways"] = [gateway for gateway in gateways if isinstance(gateway, str)]
    known = set(services)
    spec["services"] = [
        {"namespace": namespace, "port": port, "name": name}
        for namespace, name, port in route.services or ()
        if (namespace, name) in known
    ]
    assert {"hostnames", "gateways", "namespace"} <= PASSED_OVER
    return {"spec": spec}
