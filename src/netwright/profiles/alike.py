"""Whether two states of an object are the same to a twin: heartbeats and counters in a status change nothing of it."""

from __future__ import annotations

from netwright.dialects import decode
from netwright.model.document import Decoded, Document
from netwright.model.kind_lists import by_name, find
from netwright.profiles.versions import tells_version


def read_alike(before: Document, now: Document) -> bool:
    """Whether all that is read of an object is the same in both. False of kinds that are not evaluated, for what is
    looked at of them is no decoded value."""
    kind = find(now.group, now.kind)
    if kind is None or (kind.reads != "read" and by_name(now.group, now.kind, now.name) is None) or tells_version(now):
        return False
    one, other = decode(before), decode(now)
    return isinstance(one, Decoded) and isinstance(other, Decoded) and bool(one.value == other.value)
