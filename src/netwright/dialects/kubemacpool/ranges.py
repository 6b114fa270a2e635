"""MAC addresses as numbers, and the range that kubemacpool gives them from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from netwright.base.spans import Origin, Pointer
from netwright.dialects.kubemacpool.objects import MacPoolConfigMap, NetworkAddonsConfig
from netwright.model.document import Decoded

_MAC = re.compile(r"[0-9a-fA-F]{1,2}(?:([:-])[0-9a-fA-F]{1,2}(?:\1[0-9a-fA-F]{1,2}){4})").fullmatch
DEFAULT: Final = ("02:00:00:00:00:00", "02:FF:FF:FF:FF:FF")
"""The range of the manifests that kubemacpool publishes."""


class MacRange(msgspec.Struct, frozen=True, kw_only=True):
    """From the first address to the last one, both numbers."""

    first: int
    last: int
    origin: Origin

    def __contains__(self, mac: int) -> bool:
        return self.first <= mac <= self.last


def mac_number(text: str) -> int | None:
    """The number of a MAC address; None for what is none.

    >>> hex(mac_number("02:00:00:00:00:0a"))
    '0x2000000000a'
    """
    if _MAC(text) is None:
        return None
    number = 0
    for part in re.split("[:-]", text):
        number = number << 8 | int(part, 16)
    return number


def is_multicast(mac: int) -> bool:
    """Whether an address is one of a group: no interface can have it."""
    return bool(mac >> 40 & 1)


def ranges_of(objects: Sequence[Decoded]) -> tuple[MacRange, ...]:
    """The ranges of the input, that of the ConfigMap before that which the operator is to make it of."""
    found = []
    for d in objects:
        if isinstance(d.value, MacPoolConfigMap):
            held = d.value.data or {}
            found.append(_range(d, held.get("RANGE_START"), held.get("RANGE_END"), ("data",)))
    for d in objects:
        if isinstance(d.value, NetworkAddonsConfig) and d.value.spec and (pool := d.value.spec.kube_mac_pool):
            found.append(_range(d, pool.range_start, pool.range_end, ("spec", "kubeMacPool")))
    return tuple(one for one in found if one is not None)


def _range(d: Decoded, first: str | None, last: str | None, pointer: Pointer) -> MacRange | None:
    low, high = mac_number(first or ""), mac_number(last or "")
    if low is None or high is None:
        return None
    origin = Origin(kind=d.kind, namespace=d.namespace, name=d.name, pointer=pointer, place=d.place)
    return MacRange(first=low, last=high, origin=origin)
