"""Which objects differ between two inputs, in the words of their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from operator import attrgetter
from typing import Any, Literal

import msgspec

from netwright.base.spans import Origin, Pointer, Position, dotted, named
from netwright.model.document import Decoded

Key = tuple[str, str, str]
"""Kind, namespace and name."""
Locate = Callable[[Origin], Position | None]
ABSENT = "absent"
MOST_FIELDS = 4
LONGEST = 60


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """A field that differs: its path, and what it was and is in few words (`absent`, JSON for what is no text)."""

    path: str
    old: str
    new: str


class ObjectChange(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is not the same in both inputs, or a `file` that is `unreadable` and may hold what the other
    input has. `fields` are the first that differ, before all others what gives a workload pods or takes them; `note` is
    what is wrong with it. `before` and `after` are where it stands, "" where it is not there or has no text; of what
    the API server would refuse (`refused`), where it is refused."""

    kind: str
    namespace: str
    name: str
    change: Literal["added", "removed", "changed", "refused", "unreadable"]
    fields: tuple[FieldChange, ...] = ()
    more_fields: int = 0
    before: str = ""
    after: str = ""
    note: str = ""

    @property
    def ref(self) -> str:
        return f"{self.kind} {named(self.namespace, self.name)}"

    @property
    def became(self) -> str:
        """`was changed`; `is refused` of what is so now."""
        return f"{'is' if self.change == 'refused' and self.after else 'was'} {self.change}"

    @property
    def place(self) -> str:
        """Where the first field that differs stands, or stood where it is gone."""
        is_gone = bool(self.fields) and self.fields[0].new == ABSENT
        return (self.before if is_gone else self.after) or self.after or self.before


key_of: Callable[[Decoded], Key] = attrgetter("kind", "namespace", "name")


def changed_objects(
    before: Sequence[Decoded], after: Sequence[Decoded], locate_before: Locate, locate_after: Locate
) -> tuple[dict[Key, ObjectChange], set[str]]:
    """Objects by key whose fields that are read differ, or that one input lacks; removed first, then in the order of
    the second input. And the kinds of those of which the status alone differs, which nobody wrote."""
    old, new = (dict(zip(map(key_of, listed), listed, strict=True)) for listed in (before, after))
    out: dict[Key, ObjectChange] = {}
    by_status: set[str] = set()
    for key, d in old.items():
        if key not in new:
            out[key] = _change(d, "removed", before=_at(d, (), locate_before))
    for key, d in new.items():
        was = old.get(key)
        if was is None:
            out[key] = _change(d, "added", after=_at(d, (), locate_after))
        elif was.value is not d.value and was.value != d.value:
            old_tree, new_tree = msgspec.to_builtins(was.value), msgspec.to_builtins(d.value)
            fields = list(_differences(old_tree, new_tree, ()))
            if d.kind == "Node":
                fields += _addresses(old_tree, new_tree)
            if not fields:
                by_status.add(d.kind)
                continue
            fields.sort(key=lambda field: not _starts_or_stops(*field))
            first = fields[0][0]
            out[key] = _change(
                d,
                "changed",
                fields=tuple(_told(*f) for f in fields[:MOST_FIELDS]),
                more_fields=max(0, len(fields) - MOST_FIELDS),
                before=_at(was, first, locate_before),
                after=_at(d, first, locate_after),
            )
    return out, by_status


PROFILE = "CNI profile"


def changed_profile(old: str, new: str) -> dict[Key, ObjectChange]:
    """That the profile is another one, told as a change among the others."""
    told = FieldChange(path="cni", old=old, new=new)
    return {(PROFILE, "", new): ObjectChange(kind=PROFILE, namespace="", name=new, change="changed", fields=(told,))}


def _starts_or_stops(at: Pointer, old: Any, new: Any) -> bool:
    """Whether a field decides if a workload has pods at all: it tells more than any field of theirs."""
    counts = at in (("spec", "replicas"), ("spec", "parallelism")) and (old == 0 or new == 0)
    return counts or at == ("spec", "suspend")


def _change(d: Decoded, change: Literal["added", "removed", "changed"], **more: Any) -> ObjectChange:
    return ObjectChange(kind=d.kind, namespace=d.namespace, name=d.name, change=change, **more)


def _at(d: Decoded, pointer: Pointer, locate: Locate) -> str:
    found = locate(Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place))
    return str(found) if found else ""


def _differences(old: Any, new: Any, at: Pointer) -> Iterator[tuple[Pointer, Any, Any]]:
    """The deepest fields that differ, in the order of the new value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys((*new, *old)):
            if old.get(key) != new.get(key):
                yield from _differences(old.get(key), new.get(key), (*at, key))
    elif isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        first, last = _alike(old, new), 0
        if len(old) != len(new):
            last = _alike(old[first:][::-1], new[first:][::-1])
        was, now = old[first : len(old) - last], new[first : len(new) - last]
        if was and now and len(was) != len(now):
            yield at, was, now
        else:
            for i, (a, b) in enumerate(zip_longest(was, now), first):
                if a != b:
                    yield from _differences(a, b, (*at, i))
    elif at[:1] != ("status",) and (at[:1] != ("metadata",) or at[:2] == ("metadata", "labels")):
        yield at, old, new


def _addresses(old: Any, new: Any) -> Iterator[tuple[Pointer, Any, Any]]:
    """The addresses of a Node that differ: they stand in its status alone."""
    was, now = ((node.get("status") or {}).get("addresses") or [] for node in (old, new))
    at: Pointer = ("status", "addresses")
    if [one.get("type") for one in was] != [one.get("type") for one in now]:
        yield at, was, now
        return
    for i, (a, b) in enumerate(zip(was, now, strict=True)):
        if a != b:
            yield (*at, i, "address"), a.get("address"), b.get("address")


def _alike(old: Sequence[Any], new: Sequence[Any]) -> int:
    """How many items both begin with."""
    return next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))


def _told(at: Pointer, old: Any, new: Any) -> FieldChange:
    return FieldChange(path=dotted(at), old=_short(old), new=_short(new))


def _short(value: Any) -> str:
    if value is None:
        return ABSENT
    text = value if isinstance(value, str) else msgspec.json.encode(_said(value)).decode()
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def _said(value: Any) -> Any:
    """Without the fields that the text leaves out."""
    if isinstance(value, dict):
        return {k: _said(v) for k, v in value.items() if v is not None}
    return [_said(v) for v in value] if isinstance(value, (list, tuple)) else value
