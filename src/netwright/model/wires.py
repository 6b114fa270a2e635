"""Wires: the way of a network out of the nodes, as the setup of the nodes describes it."""

from __future__ import annotations

import msgspec

from netwright.base.spans import Origin


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """The way from a network to the cables, on nodes that are set up alike.

    `at` says which: names of nodes, "every node", or the labels that a node must have where no Node is in the input.
    `known` is whether these are Node objects. `bridge` is the interface at the node that the network hangs on, "" where
    it is a card's own functions; `uplinks` are the interfaces behind it that hang on nothing else, sorted.
    """

    at: tuple[str, ...]
    known: bool
    bridge: str = ""
    uplinks: tuple[str, ...] = ()
    vlans: tuple[tuple[int, int], ...] | None = None
    """The VLANs, first and last, that pass; 0 stands for frames without a tag. None: nothing keeps any from passing."""
    mtu_bytes: int | None = None
    """The least MTU that is written on the way; None where none is."""
    mtu_of: str = ""
    """The interface that has it."""
    mtu_origin: Origin | None = None
    bonds: tuple[tuple[str, str, Origin], ...] = ()
    """The bonds on the way whose mode is written: name, mode, and where it stands."""
    policies: tuple[str, ...] = ()
    """The objects that say so, by their names, in order."""
    lacks: str = ""
    """Why there is no way, in words; "" where there is one, or where that is not known."""
    open: str = ""
    """What of it is not known, in words."""
    origin: Origin | None = None

    def passes(self, vlan: int) -> bool:
        """Whether frames of a VLAN pass, or without a tag (0).

        >>> Wire(at=("n1",), known=True, vlans=((100, 199),)).passes(200)
        False
        """
        return self.vlans is None or any(low <= vlan <= high for low, high in self.vlans)
