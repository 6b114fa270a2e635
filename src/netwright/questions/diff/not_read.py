"""What of two inputs gave no object and is not the same in both: it could hide a difference."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from netwright.model.document import Decoded, Document, Reading
from netwright.questions.diff.objects import ObjectChange, changed_objects
from netwright.questions.registry import Asked
from netwright.sources.kustomize import acting, targets

HINT: Final = "`--kustomize` renders it"


def unrendered(before: Asked, after: Asked) -> Iterator[ObjectChange]:
    """The kustomizations that are not rendered and differ, and the files that differ, that hold no object and that such
    a one names, as patches."""
    readings: tuple[Reading, Reading] = before.snapshot.reading, after.snapshot.reading
    told = [
        {r.below(u.diagnostic.file): u.diagnostic for u in r.unread if u.kinds == ("Kustomization",)} for r in readings
    ]
    if not any(told):
        return
    texts = [{name: _text(r, one.file) for name, one in of.items()} for r, of in zip(readings, told, strict=True)]
    for name in sorted({*told[0], *told[1]}):
        was, now = ((acting(of[name]) if name in of else None) for of in texts)
        if was != now:
            title = next(of[name].title for of in told if name in of)
            places = [of[name].where if name in of else "" for of in told]
            yield _unread(name, f"NW1004: {title}: {HINT}", places)
    named = {
        posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
        for of in texts
        for name, text in of.items()
        for target in targets(text)
    }
    digests = [{r.below(file): (file, digest) for file, digest in r.texts.digests().items()} for r in readings]
    read = {r.below(d.place.file) for r in readings for d in r.documents if d.place is not None}
    for name in sorted(named & {*digests[0], *digests[1]} - {*told[0], *told[1]} - read):
        held: list[Any] = [of.get(name, ("", "")) for of in digests]
        if held[0][1] != held[1][1]:
            places = [f"{file}:1:1" if file else "" for file, _ in held]
            yield _unread(name, f"NW1004: a kustomization that needs rendering names it: {HINT}", places)


def unevaluated(before: Asked, after: Asked) -> Iterator[tuple[ObjectChange, tuple[str, str]]]:
    """The objects of kinds that act on the network and are not evaluated, where these differ; and for what reason each
    leaves verdicts open before and after, "" where it is not there."""
    twins = before, after
    held = [{(d.kind, d.namespace, d.name): d for d in twin.snapshot.unevaluated} for twin in twins]
    old, new = ([_as_read(d) for d in documents.values()] for documents in held)
    found, _ = changed_objects(old, new, before.locate, after.locate)
    for key, change in found.items():
        was, now = (of.get(key) for of in held)
        version = next(d.api_version for d in (now, was) if d is not None)
        note = f"NW1008: {change.kind} ({version}) is not evaluated yet"
        reasons = was.unevaluated if was else "", now.unevaluated if now else ""
        yield msgspec.structs.replace(change, note=note), reasons


def _as_read(d: Document) -> Decoded:
    return Decoded(kind=d.kind, namespace=d.namespace, name=d.name, value=d.tree(), place=d.place)


def _text(reading: Reading, file: str) -> bytes:
    return "\n".join(reading.texts.lines(file)).encode()


def _unread(name: str, note: str, places: list[str]) -> ObjectChange:
    return ObjectChange(
        kind="file", namespace="", name=name, change="unreadable", note=note, before=places[0], after=places[1]
    )
