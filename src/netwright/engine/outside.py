"""Outside addresses by region, cut where rules cut them, and how the parts are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.ipset import INTERNET, LINK_LOCAL, PRIVATE, Family, IpSet
from netwright.engine.compile import Network
from netwright.model.references import Directory, Target

MOST_NAMED = 3


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


def not_meant(network: Network, directory: Directory, *ends: Target) -> str:
    """Which endpoints of the input have an address of a range that an end names, in words; "" where none has. A range
    stands for addresses outside the cluster."""
    told = []
    named = {row for end in ends for row in end.rows}
    for end in ends:
        if end.addresses is None or not end.ref.startswith("cidr/"):
            continue
        rows = [row for f in network.families for row in network.columns.rows_in(end.addresses, f)[0]]
        names = list(dict.fromkeys(directory.row_ref(row) for row in rows if row not in named))
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            have = "has an address" if len(names) == 1 else "have addresses"
            told.append(
                f"`{end.ref}` stands for addresses outside the cluster; {', '.join(names[:MOST_NAMED])}{more} {have} "
                "in it and must be asked about by name"
            )
    return "; ".join(dict.fromkeys(told))
