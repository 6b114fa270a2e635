"""What `networkData` of cloud-init tells a guest of its interfaces.

After cloud-init 25 (`doc/rtd/reference/network-config-format-{v1,v2}.rst`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from netwright.profiles.odd_networks import addresses


class Link(msgspec.Struct, frozen=True):
    """An interface as a guest is told to set it up: `mac` "" where it is chosen by its name alone."""

    name: str
    mac: str
    addresses: tuple[str, ...]
    mtu_bytes: int | None


def read_network_data(text: str) -> tuple[Link, ...]:
    """The interfaces of a `networkData`, version 1 or 2; none where it is not readable, or of another form.

    >>> read_network_data("version: 2\\nethernets: {eth0: {addresses: [192.0.2.7/24], mtu: 9000}}")
    (Link(name='eth0', mac='', addresses=('192.0.2.7',), mtu_bytes=9000),)
    """
    from netwright.sources.yamltext import Built, TextFault, build

    documents: list[Built] = []
    try:
        build(text.encode(), documents, [])
    except TextFault:
        return ()
    tree = documents[0].value if documents else None
    tree = tree.get("network", tree) if isinstance(tree, dict) else None
    if not isinstance(tree, dict):
        return ()
    if tree.get("version") == 1:
        listed_ = tree.get("config")
        return tuple(
            _first(one) for one in (listed_ if isinstance(listed_, list) else ()) if _is(one, "type", "physical")
        )
    ethernets = tree.get("ethernets")
    held = ethernets.items() if isinstance(ethernets, dict) else ()
    return tuple(_second(str(name), one) for name, one in held if isinstance(one, dict))


def _is(one: Any, key: str, value: str) -> bool:
    return isinstance(one, dict) and one.get(key) == value


def _first(one: dict[str, Any]) -> Link:
    subnets = one.get("subnets")
    texts = [s.get("address") for s in (subnets if isinstance(subnets, list) else ()) if isinstance(s, dict)]
    return _link(one.get("name"), one.get("mac_address"), texts, one.get("mtu"))


def _second(name: str, one: dict[str, Any]) -> Link:
    match, held = one.get("match"), one.get("addresses")
    # an address may be a mapping with its label and lifetime
    texts = [next(iter(a), None) if isinstance(a, dict) else a for a in (held if isinstance(held, list) else ())]
    mac = match.get("macaddress") if isinstance(match, dict) else None
    return _link(name, mac, texts, one.get("mtu"))


def _link(name: Any, mac: Any, texts: Sequence[Any], mtu: Any) -> Link:
    bare = tuple(text.partition("/")[0] for text in texts if isinstance(text, str))
    return Link(
        name=name if isinstance(name, str) else "",
        mac=mac if isinstance(mac, str) else "",
        addresses=tuple(text for text in bare if addresses((text,))),
        mtu_bytes=mtu if isinstance(mtu, int) else None,
    )
