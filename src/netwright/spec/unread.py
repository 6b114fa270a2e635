"""What was not read: at which ends it could act, and what that leaves open of a side."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from netwright.model.document import UnknownPolicy
from netwright.spec.ends import End
from netwright.spec.judgement import Reason, Side


def touches(unread: UnknownPolicy, end: End) -> bool:
    """Whether it could act at an end."""
    if end.kind == "address":
        return False
    if end.kind == "host":
        return unread.hosts
    return not unread.namespaces or end.namespace in unread.namespaces


def opened(side: Side, unread: Sequence[UnknownPolicy], subject: End) -> Side:
    """What policies say at an end, with what policies that were not read could say there."""
    for one in unread:
        if one.effect != "none" and touches(one, subject):
            reason = Reason(kind="unknown", text=one.reason)
            may_allow = side.may_allow or one.effect == "both"
            side = msgspec.structs.replace(side, may_allow=may_allow, may_deny=True, reasons=(*side.reasons, reason))
    return side
