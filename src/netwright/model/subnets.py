"""Ranges of addresses: whose they are, how many of them are taken, and which others they overlap."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.spans import Origin

Hurts = Literal["yes", "no", "perhaps"]
Use = Literal["pods", "services", "nodes", "cni", "primary", "secondary", "interface"]


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """That a range has addresses in common with another, whose reference is `ref`; whether that hurts, and why."""

    ref: str
    range: str
    hurts: Hurts
    why: str


class SubnetNoun(msgspec.Struct, frozen=True, kw_only=True):
    """A range of addresses of one family.

    `ref` is that of the network (`pod`, `service`, `host`, `cni`, `udn/…`, `cudn/…`, `nad/…`), or of interfaces of
    nodes; `part` is whose part of it this is. `size` counts its addresses, `kept` those that nobody is given by itself,
    `used` those that the input knows to be taken, `free` the rest; None where a number is beyond 2**53, or where it is
    not a range that addresses are given of.
    """

    ref: str
    range: str
    use: Use
    part: str = ""
    vlan: int | None = None
    size: int | None = None
    kept: int | None = None
    used: int | None = None
    free: int | None = None
    overlaps: tuple[Overlap, ...] = ()
    known_from: str = ""
    origin: Origin | None = None
