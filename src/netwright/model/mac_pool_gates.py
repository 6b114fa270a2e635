"""What depends on the version of kubemacpool: data, each with its source. A version is (major, minor)."""

from __future__ import annotations

from typing import Final

import msgspec


class PoolGate(msgspec.Struct, frozen=True, kw_only=True):
    """What holds, in words: from version `since` on, and before version `until`; None: without a bound."""

    component: str
    predicate: str
    says: str
    since: tuple[int, int] | None = None
    until: tuple[int, int] | None = None
    source: str


MAC_POOL_GATES: Final = (
    PoolGate(
        component="kubemacpool",
        predicate="refuses collisions",
        says="kubemacpool before 0.51 refuses a machine with a MAC address that another one has",
        until=(0, 51),
        source="kubemacpool pull requests 582 and 612",
    ),
    PoolGate(
        component="kubemacpool",
        predicate="tells collisions",
        says="from 0.51 on it only tells: the alert `KubemacpoolMACCollisionDetected`, the metric `kmp_mac_collisions`",
        since=(0, 51),
        source="kubemacpool pull requests 582 and 612",
    ),
)
