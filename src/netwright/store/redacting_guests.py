"""What a guest is told of its network, when it is redacted: each interface's name, MAC address, addresses and size."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from netwright.profiles.network_data import Link, read_network_data
from netwright.store.pseudonyms import Pseudonyms

_OF_GUESTS: Final = ("10.0.2.2", "fd10:0:2::2")
"""Where every guest behind `masquerade` sees itself, unless it is written otherwise."""


def is_masqueraded(spec: Mapping[str, Any]) -> bool:
    """Whether the spec of a machine has an interface behind `masquerade`, as one without any has."""
    devices = (spec.get("domain") or {}).get("devices") or {}
    cards = devices.get("interfaces") or ()
    return not cards or any("masquerade" in card for card in cards)


def network_data(text: str, pseudonyms: Pseudonyms, *, masqueraded: bool) -> str:
    """`networkData` with other names and addresses, of version 1; where nothing is read of it, that there was some."""
    links = read_network_data(text)
    if not links:
        return "redacted" if text else ""
    return json.dumps({"version": 1, "config": [_physical(link, pseudonyms, masqueraded) for link in links]})


def network_data_base64(text: str, pseudonyms: Pseudonyms, *, masqueraded: bool) -> str:
    try:
        shown = b64decode(text, validate=True).decode()
    except ValueError:
        return "redacted"
    return b64encode(network_data(shown, pseudonyms, masqueraded=masqueraded).encode()).decode()


def _physical(link: Link, pseudonyms: Pseudonyms, masqueraded: bool) -> dict[str, Any]:
    kept = _OF_GUESTS if masqueraded else ()
    subnets = [{"type": "static", "address": a if a in kept else pseudonyms.text(a)} for a in link.addresses]
    found = {
        "type": "physical",
        "name": pseudonyms.text(link.name),
        "mac_address": pseudonyms.text(link.mac),
        "mtu": link.mtu_bytes,
        "subnets": subnets,
    }
    return {key: value for key, value in found.items() if value}
