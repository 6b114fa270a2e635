"""What of two inputs gave no object and is not the same in both: it could hide a difference."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from netwright.base.diagnostics import Diagnostic
from netwright.model.cluster import Cluster
from netwright.model.document import Decoded, Document, Reading
from netwright.profiles.enforcers import policies_of_others
from netwright.profiles.known import profile_of
from netwright.questions.diff.objects import Key, ObjectChange, changed_objects, key_of
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


def of_other_profiles(
    found: Mapping[Key, ObjectChange], clusters: Sequence[Cluster]
) -> Iterator[tuple[Key, ObjectChange, tuple[str, str]]]:
    """Of the objects that changed the policies that are none of the profile of their side; and for what reason each
    leaves verdicts open before and after."""
    reasons: dict[Key, list[str]] = {}
    for side, cluster in enumerate(clusters):
        for d, reason in policies_of_others(cluster.objects, profile_of(cluster.profile)):
            if key_of(d) in found:
                reasons.setdefault(key_of(d), ["", ""])[side] = reason
    for key, (was, now) in reasons.items():
        yield key, msgspec.structs.replace(found[key], note=now or was), (was, now)


def refused(before: Asked, after: Asked) -> Iterator[tuple[Key, ObjectChange]]:
    """The objects of either input that the API server would refuse, where they are not the same in both, as what
    refuses them says it."""
    held = [_refused(twin) for twin in (before, after)]
    for key in dict.fromkeys((*held[0], *held[1])):
        was, now = (of.get(key) for of in held)
        if was is not None and now is not None and was[0].tree() == now[0].tree():
            continue
        told = [one[1] for one in (now, was) if one is not None]
        places = [one[1].where if one is not None and one[1].line else "" for one in (was, now)]
        kind, namespace, name = key
        yield (
            key,
            ObjectChange(
                kind=kind,
                namespace=namespace,
                name=name,
                change="refused",
                before=places[0],
                after=places[1],
                note=f"NW1007: {told[0].title.partition(': ')[2]}",
            ),
        )


def _refused(twin: Asked) -> dict[Key, tuple[Document, Diagnostic]]:
    """What is refused of an input, but for what stands in clusters all the same, with what is said against it."""
    told = [one for one in twin.snapshot.diagnostics if one.code == "NW1007"]
    others = [unread.diagnostic for unread in twin.snapshot.ambiguous]
    return {
        (d.kind, one.namespace or d.namespace, d.name): (d, one)
        for d, one in zip(twin.snapshot.refused, told, strict=True)
        if one not in others
    }


def _as_read(d: Document) -> Decoded:
    return Decoded(kind=d.kind, namespace=d.namespace, name=d.name, value=d.tree(), place=d.place)


def _text(reading: Reading, file: str) -> bytes:
    return "\n".join(reading.texts.lines(file)).encode()


def _unread(name: str, note: str, places: list[str]) -> ObjectChange:
    return ObjectChange(
        kind="file", namespace="", name=name, change="unreadable", note=note, before=places[0], after=places[1]
    )
