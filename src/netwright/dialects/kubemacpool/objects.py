"""Decoded objects that hold kubemacpool's range.

After kubemacpool 0.51 (`RANGE_START` and `RANGE_END` of the ConfigMap become the environment of its manager) and
cluster-network-addons-operator (`spec.kubeMacPool` with `rangeStart` and `rangeEnd`).
"""

from __future__ import annotations

import msgspec

from netwright.dialects.k8s.objects import Meta


class _Part(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """A part of an object of which what concerns the pool is modelled."""


class MacPoolConfigMap(_Part, frozen=True):
    metadata: Meta = Meta()
    data: dict[str, str] | None = None


class KubeMacPool(_Part, frozen=True):
    range_start: str | None = None
    range_end: str | None = None


class NetworkAddonsSpec(_Part, frozen=True):
    kube_mac_pool: KubeMacPool | None = None


class NetworkAddonsConfig(_Part, frozen=True):
    metadata: Meta = Meta()
    spec: NetworkAddonsSpec | None = None
