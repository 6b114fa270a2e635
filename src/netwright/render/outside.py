"""Outside addresses named for people: the blocks they lie in and what these lack, in as few pieces as it takes.

JSON keeps the names that `reach` gives; these name the same addresses and are read back as well.
"""

from __future__ import annotations

from typing import Final

from netwright.base.ipset import BITS, LINK_LOCAL, PRIVATE, Family, IpSet, address_text
from netwright.questions.reach import Ends, Reached

MOST: Final = 10
"""Pieces of a name. What takes more keeps the name that it has."""


def text_refs(reached: Reached, family: Family, ends: Ends) -> list[str]:
    """The references of the ends, those of outside ranges in their shortest form."""
    out = list(ends.refs)
    sets = reached.inquirer.class_sets(family)
    first = reached.inquirer.network.tables[family].universe.identities.count
    for i, ref in enumerate(ends.refs):
        if ends.rows[i] < 0 and ref.startswith("cidr/"):
            whole = LINK_LOCAL if _is_link_local(ref) else PRIVATE
            out[i] = shortest(ref, sets[ends.positions[i] - first] & whole, whole)
    return out


def _is_link_local(ref: str) -> bool:
    first = ref.removeprefix("cidr/").partition(" ")[0].partition(",")[0]
    return IpSet.of(first) <= LINK_LOCAL


def shortest(ref: str, addresses: IpSet, region: IpSet) -> str:
    """The name of a part of a region: block by block what is in it, or the block around that and what is not.

    >>> hole = IpSet.of("10.0.0.0/8") - IpSet.of("10.1.0.0/16")
    >>> shortest("cidr/long", hole, PRIVATE)
    'cidr/10.0.0.0/8 except 10.1.0.0/16'
    """
    blocks: list[str] = []
    missing: list[str] = []
    for block in region.cidrs():
        here = addresses & IpSet.of(block)
        if not here:
            continue
        around = _around(here)
        listed, lacks = here.cidrs(), (around - here).cidrs()
        if len(listed) <= 1 + len(lacks):
            blocks += listed
        else:
            blocks += around.cidrs()
            missing += lacks
    if not blocks or len(blocks) + len(missing) > MOST:
        return ref
    return f"cidr/{','.join(blocks)}" + (f" except {','.join(missing)}" if missing else "")


def _around(addresses: IpSet) -> IpSet:
    """The longest prefix that holds all of these addresses of one family."""
    family: Family = 4 if addresses.v4 else 6
    intervals = addresses.family(family)
    low, high = intervals[0][0], intervals[-1][1] - 1
    host_bits = (low ^ high).bit_length()
    return IpSet.of(f"{address_text(family, low)}/{BITS[family] - host_bits}")
