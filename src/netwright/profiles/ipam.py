"""IPAM plugins to the ranges that they give addresses of."""

from __future__ import annotations

from netwright.dialects.multus.cni import Ipam


def ranges(ipam: Ipam) -> tuple[str, ...]:
    """The ranges that addresses are of."""
    if ipam.type == "host-local":
        texts = [ipam.subnet, *(one.subnet for ranges in ipam.ranges or () for one in ranges)]
    elif ipam.type == "whereabouts":
        texts = [ipam.range, *(one.range for one in ipam.ip_ranges or ())]
    elif ipam.type == "static":
        texts = [one.address for one in ipam.addresses or ()]
    else:
        texts = []
    return tuple(dict.fromkeys(text for text in texts if text))
