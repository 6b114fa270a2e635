"""What changed between two inputs, numbered: objects, and what of either was not read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netwright.model.cluster import OBJECT_KIND
from netwright.model.document import Decoded, Unread
from netwright.model.kind_lists import changes_verdicts
from netwright.questions.diff.not_read import of_other_profiles, refused, unevaluated, unrendered
from netwright.questions.diff.objects import Key, ObjectChange, changed_objects, changed_profile, key_of
from netwright.questions.registry import Asked

Numbers = tuple[int, ...]
"""Numbers of changes, ascending."""


class Changes:
    """The changes from one input to another. `numbers[key]` are those behind an object that is not the same in both:
    its own or, where one side lacks it and may have it in what was not read there, what was not read.

    `by_status` are the kinds of objects of which the status alone differs: no change, and what comes of it all the
    same is one. `unread` are the numbers of what was not read and could change a verdict.
    """

    def __init__(self, before: Asked, after: Asked) -> None:
        old, new = before.cluster, after.cluster
        found, self.by_status = changed_objects(old.objects, new.objects, before.locate, after.locate)
        unread = [_could_change(twin) for twin in (before, after)]
        self._clusters = old, new
        self._readings: list[Any] = [twin.snapshot.reading for twin in (before, after)]
        self._unread: list[list[tuple[Unread, int]]] = [[], []]
        self._reasons: list[dict[str, Numbers]] = [{}, {}]
        self._known: dict[tuple[int, str, str, str], _Fitting] = {}
        self._missing: dict[tuple[int, int], Numbers] = {}
        self._keys: list[set[Key]] = [set(), set()]
        self.lost: tuple[dict[Key, Numbers], dict[Key, Numbers]] = ({}, {})
        """By object that before, and after, lack: what was not read there and may be it."""
        self.beside: tuple[dict[Key, Numbers], dict[Key, Numbers]] = ({}, {})
        """The same, and what may be another object of the kind, which could do what it does."""
        self.listed: list[ObjectChange] = []
        if any(unread):
            self.listed += self._note(unread)
            self._keys = [set(map(key_of, cluster.objects)) for cluster in self._clusters]
            self._find_lost(found)
        self.listed += unrendered(before, after)
        open_: dict[Key, Numbers] = {}
        for change, reasons in unevaluated(before, after):
            self._leave_open(change, reasons)
        for key, change, reasons in of_other_profiles(found, self._clusters):
            open_[key] = self._leave_open(change, reasons)
        for key, change in refused(before, after):
            other = found.get(key)
            if other is not None and other.change != "changed":
                open_[key] = (len(self.listed),)
            self.listed.append(change)
        self.unread: Numbers = tuple(range(len(self.listed)))
        self.numbers: dict[Key, Numbers] = {**self.lost[0], **self.lost[1], **open_}
        if old.profile != new.profile:
            found |= changed_profile(old.profile, new.profile)
        for key, change in found.items():
            if key not in self.numbers:
                self.numbers[key] = (len(self.listed),)
                self.listed.append(change)

    # --- what was not read --------------------

    def _note(self, unread: Iterable[Iterable[Unread]]) -> list[ObjectChange]:
        """Number what was not read; what is the same on both sides is one."""
        number: dict[tuple[str, str, int, int], int] = {}
        places: list[list[str]] = []
        for side, listed in enumerate(unread):
            for one in listed:
                why = one.diagnostic
                name = self._readings[side].below(why.file) if why.line else why.file
                told = name, f"{why.code}: {why.title}"
                i = number.setdefault((*told, why.line, why.column), len(places))
                if i == len(places):
                    places.append(["", ""])
                places[i][side] = why.where if why.line else ""
                self._unread[side].append((one, i))
                self._reasons[side][one.reason] = (*self._reasons[side].get(one.reason, ()), i)
        return [
            ObjectChange(
                kind="file", namespace="", name=name, change="unreadable", note=note, before=at[0], after=at[1]
            )
            for (name, note, *_), at in zip(number, places, strict=True)
        ]

    def _leave_open(self, change: ObjectChange, reasons: Sequence[str]) -> Numbers:
        """Number an object that is not evaluated, and leaves verdicts open before and after for these reasons, "" for
        none."""
        number = (len(self.listed),)
        for side, reason in enumerate(reasons):
            if reason:
                self._reasons[side][reason] = number
        self.listed.append(change)
        return number

    def _find_lost(self, found: Mapping[Key, ObjectChange]) -> None:
        gone = {
            key: 0 if change.change == "added" else 1 for key, change in found.items() if change.change != "changed"
        }
        for side in (0, 1):
            for d in self._clusters[1 - side].objects if self._unread[side] else ():
                key = key_of(d)
                if gone.get(key) == side and (fits := self._fitting(side, d.kind, d)).every:
                    self.beside[side][key] = fits.every
                    # Of what has an owner another one may have come, under another name.
                    if held := fits.every if _is_owned(d) else fits.called(d.name):
                        self.lost[side][key] = held

    def _fitting(self, side: int, kind: str, d: Decoded) -> _Fitting:
        """What was not read on a side and may be objects of that kind in the namespace of another one."""
        file = self._readings[1 - side].below(d.place.file) if d.place is not None else ""
        asked = side, kind, d.namespace, file
        held = self._known.get(asked)
        if held is None:
            fits = [(one, i) for one, i in self._unread[side] if _fits(one, kind, d.namespace)]
            here = [(o, i) for o, i in fits if file and self._readings[side].below(o.diagnostic.file) == file]
            held = self._known[asked] = _Fitting(here, fits)
        return held

    def missing(self, side: int, row: int) -> Numbers:
        """What was not read on a side and may be an endpoint that it lacks, given by its row on the other side."""
        if not self._unread[side]:
            return ()
        found = self._missing.get((side, row))
        if found is None:
            cluster = self._clusters[1 - side]
            d = cluster.row_objects[row]
            found = ()
            if key_of(d) not in self._keys[side]:
                found = self.lost[side].get(key_of(d), ())
                workload = cluster.columns.workloads[int(cluster.columns.workload[row])]
                kind = OBJECT_KIND.get(workload.partition("/")[0], d.kind)
                if not found and kind != d.kind:  # a dump has the pods, manifests what makes them
                    found = self._fitting(side, kind, d).called(workload.rpartition("/")[2])
            self._missing[side, row] = found
        return found

    def hiding(self, told: Sequence[int]) -> list[ObjectChange]:
        """What was not read and could hide a difference beside those that `told` caused: an object that came or went
        shows in what it leaves open."""
        shown = {i for i in told if self.listed[i].change in ("added", "removed")}
        return [self.listed[i] for i in self.unread if i not in shown]

    def of_reason(self, side: int, text: str) -> Numbers:
        """What of a side was not read and is the reason that a text gives."""
        known = self._reasons[side]
        return known.get(text, ()) or next((held for reason, held in known.items() if reason in text), ())


class _Fitting:
    """What was not read and may be objects of a kind: those `here`, in the file of the same name, and all that are."""

    def __init__(self, here: Sequence[tuple[Unread, int]], every: Sequence[tuple[Unread, int]]) -> None:
        self._by_name = [_by_name(listed) for listed in (here, every) if listed]
        self.every = _sorted(i for _, i in here or every)

    def called(self, name: str) -> Numbers:
        """What of it may be the object of a name: what is here, else whatever may be."""
        found = (_sorted((*held.get("", ()), *held.get(name, ()))) for held in self._by_name)
        return next(filter(None, found), ())


def _by_name(listed: Sequence[tuple[Unread, int]]) -> dict[str, list[int]]:
    """By the names of its objects, "" for any."""
    out: dict[str, list[int]] = {}
    for one, i in listed:
        for name in one.called or ("",):
            out.setdefault(name, []).append(i)
    return out


def _sorted(numbers: Iterable[int]) -> Numbers:
    return tuple(sorted(set(numbers)))


def _is_owned(d: Decoded) -> bool:
    return bool(getattr(d.value.metadata, "owner_references", None))


def _could_change(twin: Asked) -> list[Unread]:
    return [u for u in twin.snapshot.unread if not u.kinds or any(map(changes_verdicts, u.kinds)) or u.names]


def _fits(unread: Unread, kind: str, namespace: str) -> bool:
    if (unread.kinds and kind not in unread.kinds) or namespace in unread.besides:
        return False
    return not namespace or not unread.namespaces or namespace in unread.namespaces
