"""The network of a node in nmstate's words: interfaces, what hangs on what, and OVN's bridge mappings.

Names and meanings follow nmstate 2.2 (`ifaces/base.rs`, `ifaces/bridge_vlan.rs`, `ifaces/linux_bridge.rs`,
`ifaces/ovs.rs`, `ifaces/bond.rs`, `ovn.rs` of the crate on docs.rs): names of fields have hyphens, numbers and facts
may be written as texts. A text with `{{ ... }}` is a capture, which each node answers for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from netwright.base.spans import Pointer

MOST_VLAN: Final = 4095
BRIDGES: Final = ("linux-bridge", "ovs-bridge")
Vlans = tuple[tuple[int, int], ...]

_MODES: Final = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
"""The modes of bonds by their numbers (`Documentation/networking/bonding.rst` of Linux)."""


class NotAState(ValueError):
    """Why a part is nothing that nmstate reads, with the place of it."""

    def __init__(self, pointer: Pointer, what: str) -> None:
        super().__init__(what)
        self.pointer = pointer


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """An interface in a bridge. `vlans` are those that pass tagged, None: all; `native` is that of frames without a
    tag, 0: none. `bond` are the interfaces of a bond that only the Open vSwitch bridge knows."""

    name: str
    vlans: Vlans | None = None
    native: int = 0
    bond: tuple[str, ...] = ()


class Wiring(msgspec.Struct, frozen=True, kw_only=True):
    """An interface of a node. None and empty: not written, so that it stays as it is. `below` are the interfaces that
    it sends through: of a bond its members, of a VLAN the one that it is on. `ports` of a bridge: None where none are
    written. `addresses` have the length of their prefix. `mode` is that of a bond, in words."""

    name: str
    type: str
    gone: bool = False
    mtu_bytes: int | None = None
    mac: str = ""
    vlan: int | None = None
    below: tuple[str, ...] = ()
    ports: tuple[Port, ...] | None = None
    addresses: tuple[str, ...] = ()
    mode: str = ""
    pointer: Pointer


class BridgeMapping(msgspec.Struct, frozen=True, kw_only=True):
    """That a physical network of OVN is a bridge of the node. `gone`: that it no longer is."""

    localnet: str
    bridge: str
    gone: bool
    pointer: Pointer


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a node's network. `open` are the parts that captures leave to each node."""

    wiring: tuple[Wiring, ...] = ()
    mappings: tuple[BridgeMapping, ...] = ()
    open: tuple[Pointer, ...] = ()


def read_state(tree: Any, at: Pointer) -> State:
    """The state that a part of an object at a pointer is.

    Raises NotAState.
    """
    open_: list[Pointer] = []
    if tree is None or _is_captured(tree):
        return State(open=(at,) if tree is not None else ())
    if not isinstance(tree, dict):
        raise NotAState(at, "is no object")
    wiring = [
        found
        for index, one in _list(tree.get("interfaces"), (*at, "interfaces"), open_)
        if (found := _wiring(one, (*at, "interfaces", index), open_)) is not None
    ]
    ovn = _object(tree.get("ovn"), (*at, "ovn"), open_)
    where: Pointer = (*at, "ovn", "bridge-mappings")
    mappings = []
    for index, one in _list(ovn.get("bridge-mappings"), where, open_):
        here: Pointer = (*where, index)
        held = _object(one, here, open_)
        localnet = _text(held.get("localnet"), (*here, "localnet"), open_)
        state = _text(held.get("state"), (*here, "state"), open_)
        if not localnet:
            if not open_:
                raise NotAState((*here, "localnet"), "is missing; it is the name of a physical network")
            continue
        if state not in ("", "present", "absent"):
            raise NotAState((*here, "state"), f"is `{state}`; it is `present` or `absent`")
        bridge = _text(held.get("bridge"), (*here, "bridge"), open_)
        if not bridge and state != "absent" and not open_:
            raise NotAState((*here, "bridge"), "is missing; it is the name of an Open vSwitch bridge")
        mappings.append(BridgeMapping(localnet=localnet, bridge=bridge, gone=state == "absent", pointer=here))
    return State(wiring=tuple(wiring), mappings=tuple(mappings), open=tuple(open_))


def _is_captured(value: Any) -> bool:
    return isinstance(value, str) and "{{" in value


def _object(value: Any, at: Pointer, open_: list[Pointer]) -> Mapping[str, Any]:
    if value is None:
        return {}
    if _is_captured(value):
        open_.append(at)
        return {}
    if not isinstance(value, dict):
        raise NotAState(at, "is no object")
    return value


def _list(value: Any, at: Pointer, open_: list[Pointer]) -> Iterator[tuple[int, Any]]:
    if _is_captured(value):
        open_.append(at)
    elif isinstance(value, list):
        yield from enumerate(value)
    elif value is not None:
        raise NotAState(at, "is no list")


def _text(value: Any, at: Pointer, open_: list[Pointer]) -> str:
    if _is_captured(value):
        open_.append(at)
        return ""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, int | float):  # a name such as `0` that YAML reads as a number
        return str(value)
    raise NotAState(at, "is no text")


def _number(value: Any, at: Pointer, open_: list[Pointer], most: int) -> int | None:
    if value is None:
        return None
    if _is_captured(value):
        open_.append(at)
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        raise NotAState(at, f"is `{text}`, no number")
    if int(text) > most:
        raise NotAState(at, f"is {text}; it is {most} at most")
    return int(text)


def _wiring(tree: Any, at: Pointer, open_: list[Pointer]) -> Wiring | None:
    held = _object(tree, at, open_)
    name = _text(held.get("name"), (*at, "name"), open_)
    if not name:
        if open_:
            return None
        raise NotAState((*at, "name"), "is missing; it is the name of an interface")
    state = _text(held.get("state"), (*at, "state"), open_)
    if state not in ("", "up", "down", "absent", "ignore"):
        raise NotAState((*at, "state"), f"is `{state}`; it is `up`, `down`, `absent` or `ignore`")
    bond = _object(held.get("link-aggregation"), (*at, "link-aggregation"), open_)
    vlan = _object(held.get("vlan"), (*at, "vlan"), open_)
    below = _names(bond, (*at, "link-aggregation"), open_)
    if base := _text(vlan.get("base-iface"), (*at, "vlan", "base-iface"), open_):
        below = (base,)
    bridge = _object(held.get("bridge"), (*at, "bridge"), open_)
    key = next((k for k in ("port", "ports", "slaves") if k in bridge), "")
    ports = (
        tuple(
            _port(one, (*at, "bridge", key, index), open_)
            for index, one in _list(bridge[key], (*at, "bridge", key), open_)
        )
        if key
        else None
    )
    return Wiring(
        name=name,
        type=_text(held.get("type"), (*at, "type"), open_),
        gone=state == "absent",
        mtu_bytes=_number(held.get("mtu"), (*at, "mtu"), open_, 65536),
        mac=_text(held.get("mac-address"), (*at, "mac-address"), open_),
        vlan=_number(vlan.get("id"), (*at, "vlan", "id"), open_, MOST_VLAN),
        below=below,
        ports=ports,
        addresses=tuple(_addresses(held, at, open_)),
        mode=_mode(bond.get("mode")),
        pointer=at,
    )


def _mode(written: Any) -> str:
    """The mode of a bond, which may be written as its number in the kernel."""
    text = str(written) if isinstance(written, (str, int)) else ""
    return _MODES[int(text)] if text.isascii() and text.isdigit() and int(text) < len(_MODES) else text


def _names(held: Mapping[str, Any], at: Pointer, open_: list[Pointer]) -> tuple[str, ...]:
    """The members of a bond, as texts or as objects with a name."""
    key = next((k for k in ("port", "ports", "slaves") if k in held), "")
    if not key:
        return ()
    found = []
    for index, one in _list(held[key], (*at, key), open_):
        here: Pointer = (*at, key, index)
        name = _text(one.get("name"), (*here, "name"), open_) if isinstance(one, dict) else _text(one, here, open_)
        if name:
            found.append(name)
    return tuple(found)


def _port(tree: Any, at: Pointer, open_: list[Pointer]) -> Port:
    held = _object(tree, at, open_)
    name = _text(held.get("name"), (*at, "name"), open_)
    if not name and not open_:
        raise NotAState((*at, "name"), "is missing; it is the name of an interface")
    bond = _names(
        _object(held.get("link-aggregation"), (*at, "link-aggregation"), open_), (*at, "link-aggregation"), open_
    )
    where: Pointer = (*at, "vlan")
    vlan = _object(held.get("vlan"), where, open_)
    mode = _text(vlan.get("mode"), (*where, "mode"), open_)
    tag = _number(vlan.get("tag"), (*where, "tag"), open_, MOST_VLAN)
    if mode not in ("", "access", "trunk", "native-tagged", "native-untagged", "dot1q-tunnel"):
        raise NotAState((*where, "mode"), f"is `{mode}`; it is `access` or `trunk`")
    if mode == "access":
        return Port(name=name, vlans=(), native=tag or 0, bond=bond)
    if "trunk-tags" not in vlan:
        return Port(name=name, native=tag or 0, bond=bond)
    vlans = []
    for index, one in _list(vlan["trunk-tags"], (*where, "trunk-tags"), open_):
        here: Pointer = (*where, "trunk-tags", index)
        entry = _object(one, here, open_)
        span = _object(entry.get("id-range"), (*here, "id-range"), open_)
        low = _number(entry.get("id", span.get("min")), here, open_, MOST_VLAN)
        high = _number(entry.get("id", span.get("max")), here, open_, MOST_VLAN)
        if low is None or high is None:
            if not open_:
                raise NotAState(here, "has neither `id` nor an `id-range` with `min` and `max`")
            continue
        vlans.append((low, high))
    native = tag if tag is not None and _is_true(vlan.get("enable-native")) else 0
    return Port(name=name, vlans=tuple(sorted(vlans)), native=native, bond=bond)


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1", "yes", "y", "on")


def _addresses(held: Mapping[str, Any], at: Pointer, open_: list[Pointer]) -> Iterator[str]:
    for family, longest in (("ipv4", 32), ("ipv6", 128)):
        part = _object(held.get(family), (*at, family), open_)
        if "enabled" in part and not _is_true(part["enabled"]):
            continue
        where: Pointer = (*at, family, "address")
        for index, one in _list(part.get("address"), where, open_):
            here: Pointer = (*where, index)
            entry = _object(one, here, open_)
            address = _text(entry.get("ip"), (*here, "ip"), open_)
            length = _number(entry.get("prefix-length"), (*here, "prefix-length"), open_, longest)
            if not address or length is None:
                if not open_:
                    raise NotAState(here, "has no `ip` with its `prefix-length`")
                continue
            yield f"{address}/{length}"
