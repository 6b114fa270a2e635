"""Attachments of the plugin `bridge` that are one layer-2 segment: of one bridge and one VLAN.

After the page of the plugin `bridge` of containernetworking (1.7: `bridge` is an interface of the node, `cni0` where it
is left out, `vlan` the tag of the pod's port on it): on one node what two attachments connect meets. From node to node
it meets where the bridge has a port to a cable, which nmstate tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from netwright.base.selectors import Has, Not, Selector, conjunction, equals, one_of
from netwright.base.spans import Origin
from netwright.model.document import Decoded
from netwright.model.networks import NetworkNoun
from netwright.model.rule import AndPeer, Members, Peer, UnknownPeer
from netwright.model.wires import Wire
from netwright.profiles.wires import EVERY_NODE, wires_of

ATTACHED: Final = "attached-by"
"""The attribute of endpoints on a segment of several attachments: those by which they are on it, by commas."""
NODE: Final = "on-node"
"""The attribute of those whose node is known."""
Reaches = Literal["yes", "no", ""]
"""Whether the segment leaves a node; "" where that is not known."""


def segment_of(network: NetworkNoun, networks: Sequence[NetworkNoun]) -> tuple[NetworkNoun, ...]:
    """The networks that are one segment on a node, the network among them, by reference."""
    if not _is_plain(network):
        return (network,)
    same = (network.physical, network.vlan)
    return tuple(one for one in networks if _is_plain(one) and (one.physical, one.vlan) == same)


def _is_plain(network: NetworkNoun) -> bool:
    return network.topology == "bridge" and bool(network.physical) and network.vlan is not None and not network.trunk


def joined(network: NetworkNoun, segment: Sequence[NetworkNoun]) -> NetworkNoun:
    """The network with the attachments and the ranges of the whole segment; no ranges where one gives none."""
    ranges = tuple(dict.fromkeys(text for one in segment for text in one.subnets))
    return replace(
        network,
        attachments=tuple(sorted({at for one in segment for at in one.attachments})),
        subnets=ranges if all(one.subnets for one in segment) else (),
        ipam="none" if any(one.ipam == "none" for one in segment) else network.ipam,
    )


def noted_segments(networks: Sequence[NetworkNoun]) -> Iterator[NetworkNoun]:
    """The networks, each with a note of those that are one segment with it."""
    for network in networks:
        others = [one.ref for one in segment_of(network, networks) if one is not network]
        if others:
            tag = f" and VLAN {network.vlan}" if network.vlan else ""
            told = f"on each node it is one segment with {', '.join(others)}: the same bridge `{network.physical}`{tag}"
            network = replace(network, notes=(*network.notes, told))
        yield network


def apart(
    network: NetworkNoun, places: Iterable[tuple[str, str]], objects: Sequence[Decoded]
) -> Iterator[tuple[Selector, Peer, Origin]]:
    """Who of a segment does not meet, perhaps or surely: ends that no attachment has in common, on several nodes.
    `places` are their values of `ATTACHED` and `NODE` ("" where the node is not known)."""
    held = dict.fromkeys(places)
    values, nodes = dict.fromkeys(value for value, _ in held), dict.fromkeys(node for _, node in held)
    wires = wires_of(objects, [network]).get(network.ref, ())
    reaches = {node: _reaches(network, wires, node) for node in nodes}
    origin = network.origin or Origin(kind=network.kind, namespace=network.namespace, name=network.name)
    why = (
        f"whether the bridge `{network.physical}` has a port to a cable on each node is not in the input "
        "(NodeNetworkConfigurationPolicy or NodeNetworkState), so whether what other attachments connect there meets it"
    )
    for value, here in held:
        others = tuple(other for other in values if not set(other.split(",")) & set(value.split(",")))
        if not others:
            continue
        at = conjunction(equals(ATTACHED, value), _on(here))
        for there in nodes:
            if here and here == there:
                continue
            peer: Peer = Members(conjunction(one_of(ATTACHED, others), _on(there)))
            if here and there and "no" in (reaches[here], reaches[there]):
                yield at, peer, origin
            elif reaches[here] != "yes" or reaches[there] != "yes":
                yield at, AndPeer((peer, UnknownPeer(why))), origin


def _on(node: str) -> Selector:
    return equals(NODE, node) if node else Not(Has(NODE))


def _reaches(network: NetworkNoun, wires: Sequence[Wire], node: str) -> Reaches:
    """Whether the segment leaves a node; of a node that is not known, whether it leaves all of them."""
    found = {_of_wire(network, one) for one in wires if not node or node in one.at or one.at == (EVERY_NODE,)}
    if not node and not all(one.known or one.at == (EVERY_NODE,) for one in wires):
        return ""
    return found.pop() if len(found) == 1 else ""


def _of_wire(network: NetworkNoun, wire: Wire) -> Reaches:
    if wire.open:
        return ""
    if wire.lacks:
        return "no"
    if not set(wire.uplinks) - {wire.bridge}:
        return ""  # what kind of interface it is is not said, nor its ports
    return "yes" if wire.passes(network.vlan or 0) else "no"
