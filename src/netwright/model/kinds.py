"""Kinds are data, in three lists: read; known not to touch the network; network kinds not read yet."""

from __future__ import annotations

from typing import Literal

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One API kind and what netwright does with it.

    `reads` is "read", "irrelevant" (does not touch who may talk to whom) or "unread" (touches it, not evaluated yet).
    `effect` says what a kind can do to a verdict on the pods' primary network as a policy: "both" allow and deny,
    "deny" only take away, "none" (no policy; secondary networks, announcements, exposure only); `hosts` whether nodes
    and hostNetwork pods can be its subjects. `name` "*" stands for every kind of the group that is not listed itself.
    """

    group: str
    name: str
    namespaced: bool
    reads: Literal["read", "irrelevant", "unread"]
    effect: Literal["none", "deny", "both"] = "none"
    hosts: bool = False
