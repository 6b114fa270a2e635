"""Outside addresses by region, cut where rules cut them, and how the parts are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.ipset import INTERNET, LINK_LOCAL, PRIVATE, Family, IpSet


def outside_parts(cells: Sequence[IpSet], family: Family) -> Iterator[tuple[str, int, IpSet]]:
    """Of disjoint sets of addresses those that pods may talk to: reference, number of the set, addresses.

    `internet` or the largest part of it, private and link-local ranges; loopback and multicast are nobody's.
    """
    for region in (INTERNET, PRIVATE, LINK_LOCAL):
        here = IpSet(region.v4) if family == 4 else IpSet((), region.v6)
        name = "internet" if region is INTERNET else f"cidr/{','.join(here.cidrs())}"
        parts = [(i, held & here) for i, held in enumerate(cells)]
        parts = [(i, part) for i, part in parts if part]
        largest = max(parts, key=lambda part: part[1].count(), default=None)
        for i, part in parts:
            cidrs = part.cidrs()
            if largest is not None and i == largest[0] and (len(cidrs) > 4 or region is INTERNET):
                missing = [c for j, other in parts if j != i for c in other.cidrs()]
                ref = name if not missing else f"{name} except {_short(missing)}"
            else:
                ref = f"cidr/{_short(cidrs)}"
            yield ref, i, part


def _short(cidrs: Sequence[str]) -> str:
    return ",".join(cidrs[:4]) + (f"+{len(cidrs) - 4}" if len(cidrs) > 4 else "")
