"""Networks to their ranges of addresses, and what it means where two of these overlap.

After `docs/features/user-defined-networks/user-defined-networks.md` and `multiple-networks/multi-homing.md` of
OVN-Kubernetes at 8871cd9cec9c, `subnetOverlapCheck` of its `go-controller/pkg/util/multi_network.go`, and whereabouts
0.8 (one account for all that say the same range).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from netwright.base.ipset import IpSet
from netwright.base.spans import Origin
from netwright.dialects.k8s.objects import Node
from netwright.dialects.k8s.service_ranges import service_ranges
from netwright.model.document import Decoded
from netwright.model.networks import POD, NetworkNoun
from netwright.model.subnets import Hurts, Overlap, SubnetNoun, Use
from netwright.profiles.odd_networks import OWN, TRANSIT, addresses
from netwright.profiles.wires import setups_of

MOST: Final = 1 << 53
"""The largest number that every reader of JSON has."""
_OVERLAYS: Final = ("layer2", "layer3")


class _Range:
    """A range with the network that it is of, and the addresses of it that somebody may be given."""

    def __init__(self, noun: SubnetNoun, held: IpSet, given: IpSet, network: NetworkNoun | None = None) -> None:
        self.noun = noun
        self.held = held
        self.given = given
        self.network = network


def subnets_of(
    objects: Sequence[Decoded],
    networks: Sequence[NetworkNoun],
    used: Mapping[str, IpSet],
    *,
    ovn: bool,
) -> tuple[SubnetNoun, ...]:
    """All ranges: the pods' with each node's part, the Services', the nodes', the CNI's own where it is OVN-Kubernetes,
    those of networks, and of interfaces of nodes.

    `used` are the addresses that are taken, by the reference of the network; "service" and "host" among them.
    """
    found = [*_of_cluster(objects, networks, used), *(_of_ovn(networks) if ovn else ())]
    found += [one for network in networks if network.ref != POD for one in _of_network(network, used)]
    found += _of_interfaces(objects)
    out: list[SubnetNoun] = []
    for one in found:
        overlaps = []
        for other in found:
            if other is one or other.noun.ref == one.noun.ref or not one.held & other.held:
                continue
            hurts, why = _meaning(one, other)
            overlaps.append(Overlap(ref=other.noun.ref, range=other.noun.range, hurts=hurts, why=why))
        out.append(replace(one.noun, overlaps=tuple(overlaps)))
    own = sum(one.use == "pods" for one in out)
    return (*out[:own], *_parts(objects, used.get(POD, IpSet())), *out[own:])


# --- ranges -------------------------------------------------------------------------------------------------------


def _range(
    ref: str,
    text: str,
    use: Use,
    taken: IpSet,
    known_from: str,
    network: NetworkNoun | None = None,
    origin: Origin | None = None,
) -> Iterator[_Range]:
    held = addresses((text,))
    if not held:
        return
    excluded = addresses(network.excluded) & held if network else IpSet()
    mine = taken & held
    kept = excluded - mine
    size = held.count()
    # the address of the network and that for all, which no interface of IPv4 has
    ends = 2 if held.v4 and size > 2 else 0
    gives = network is None or network.ipam != "none"
    noun = SubnetNoun(
        ref=ref,
        range=text,
        use=use,
        vlan=network.vlan if network else None,
        size=_number(size),
        kept=_number(kept.count() + ends) if gives else None,
        used=_number(mine.count()),
        free=_number(max(size - kept.count() - mine.count() - ends, 0)) if gives else None,
        known_from=known_from,
        origin=network.origin if network else origin,
    )
    yield _Range(noun, held, held - excluded if gives else IpSet(), network)


def _number(count: int) -> int | None:
    return count if count < MOST else None


def _of_cluster(
    objects: Sequence[Decoded], networks: Sequence[NetworkNoun], used: Mapping[str, IpSet]
) -> Iterator[_Range]:
    for network in networks:
        if network.ref == POD:
            for text in network.subnets:
                yield from _range(POD, text, "pods", used.get(POD, IpSet()), "--pod-cidr or Node objects")
    given = service_ranges(objects)
    services = used.get("service", IpSet())
    for one in given:
        yield from _range("service", one.range, "services", services, one.known_from, origin=one.origin)
    beyond = "in none of the ranges that are in the input" if given else "where the range ends is not in the input"
    named: tuple[tuple[str, Use, str, IpSet], ...] = (
        ("service", "services", f"Service objects: {beyond}", services - addresses(one.range for one in given)),
        ("host", "nodes", "Node objects", used.get("host", IpSet())),
    )
    for ref, use, known_from, taken in named:
        for held in (IpSet(taken.v4), IpSet((), taken.v6)):
            if held:
                noun = SubnetNoun(
                    ref=ref, range=_words(held), use=use, used=_number(held.count()), known_from=known_from
                )
                yield _Range(noun, held, held)


def _parts(objects: Sequence[Decoded], taken: IpSet) -> Iterator[SubnetNoun]:
    """Each node's part of the pod network."""
    for d in sorted((d for d in objects if isinstance(d.value, Node)), key=lambda d: d.name):
        spec = d.value.spec
        for text in (spec.pod_cidrs or ((spec.pod_cidr,) if spec.pod_cidr else ())) if spec is not None else ():
            for one in _range(POD, text, "pods", taken, "Node object"):
                yield replace(one.noun, part=f"node/{d.name}")


def _words(held: IpSet) -> str:
    """Addresses in few words."""
    listed = [text.removesuffix("/32").removesuffix("/128") for text in held.cidrs()]
    return ", ".join(listed[:2]) + (f" and {len(listed) - 2} more" if len(listed) > 2 else "")


def _of_ovn(networks: Sequence[NetworkNoun]) -> Iterator[_Range]:
    routed = any(n.topology == "layer3" for n in networks)
    for network in networks:
        for text in network.join:
            held = addresses((text,))
            noun = SubnetNoun(
                ref=network.ref,
                range=text,
                use="cni",
                part="join",
                size=_number(held.count()),
                known_from=network.kind,
                origin=network.origin,
            )
            yield _Range(noun, held, held, network)
    for ranges, what in (*OWN, *((TRANSIT,) if routed else ())):
        for text in ranges:
            held = addresses((text,))
            noun = SubnetNoun(ref="cni", range=text, use="cni", size=_number(held.count()), known_from=what)
            yield _Range(noun, held, held)


def _of_network(network: NetworkNoun, used: Mapping[str, IpSet]) -> Iterator[_Range]:
    use: Use = "primary" if network.role == "primary" else "secondary"
    for text in network.subnets:
        yield from _range(network.ref, text, use, used.get(network.ref, IpSet()), network.kind, network)


def _of_interfaces(objects: Sequence[Decoded]) -> Iterator[_Range]:
    """The addresses that policies and states of nmstate give interfaces, with the range that each is of."""
    for setup in setups_of(objects):
        at = setup.at[0] if len(setup.at) == 1 else f"{setup.at[0]} and {len(setup.at) - 1} more"
        for name, (wiring, d) in sorted(setup.wiring.items()):
            for text in wiring.addresses:
                address = text.partition("/")[0]
                whole = addresses((text,))
                if not whole or address.startswith(("127.", "169.254.", "fe80:", "::1")):
                    continue
                own = IpSet.of(address)
                noun = SubnetNoun(
                    ref=f"node/{at}" if setup.known else f"nodes/{at}",
                    range=text,
                    use="interface",
                    part=name,
                    vlan=wiring.vlan,
                    size=_number(whole.count()),
                    used=1,
                    known_from=f"{d.kind} {d.name}",
                )
                yield _Range(noun, whole, own)


# --- overlaps -----------------------------------------------------------------------------------------------------


def _meaning(one: _Range, other: _Range) -> tuple[Hurts, str]:
    """Whether two ranges that have addresses in common hurt each other, and why; the same both ways."""
    if "cni" in (one.noun.use, other.noun.use) and any(r.network for r in (one, other) if r.noun.use == "cni"):
        if {one.noun.use, other.noun.use} == {"cni"} or (one.network and other.network):
            return "no", "routers of a network have such addresses, which nobody outside of it sees"
        return "perhaps", "routers of that network have such addresses: its pods may not reach others that have them"
    by_use = {one.noun.use: one, other.noun.use: other}
    uses = {one.noun.use, other.noun.use}
    if "interface" in uses:
        return _with_interface(one, other)
    if "secondary" in uses:
        return _beside(one, other)
    if uses == {"primary"}:
        return "no", "each is a network of its own; nothing can join them as long as they overlap"
    if "primary" in uses:
        if "nodes" in uses:
            return "yes", "pods there do not reach these nodes: for them the addresses are on their own network"
        if "cni" in uses:
            return "yes", f"OVN-Kubernetes does not make it: {by_use['cni'].noun.known_from}"
        return "yes", "OVN-Kubernetes does not make a primary network in the ranges of pods and Services"
    if uses == {"cni"}:
        return "no", "two ways to set one range"
    if "cni" in uses:
        return "yes", f"OVN-Kubernetes needs it for itself: {by_use['cni'].noun.known_from}"
    if uses == {"pods", "services"}:
        return "yes", "a packet to such an address of a pod is taken for one to a Service"
    if uses == {"pods", "nodes"}:
        return "yes", "pods do not reach these nodes: the addresses are routed into the pod network"
    return "yes", "a packet to such a node is taken for one to a Service"


def _with_interface(one: _Range, other: _Range) -> tuple[Hurts, str]:
    node, range_ = (one, other) if one.noun.use == "interface" else (other, one)
    if range_.noun.use == "interface":
        return "no", "two interfaces of nodes on one segment, or on two"
    if range_.noun.use == "nodes":
        return "no", "the nodes' own"
    network = range_.network
    taken = bool(node.given & range_.given)
    if network is None or network.role == "primary" or network.topology in _OVERLAYS:
        if range_.noun.use == "secondary":
            return "no", "nothing of that network leaves it"
        return "yes", "the node sends to its interface what is meant for the cluster's own range"
    if not taken:
        return "no", "the address of the node is given to nobody there"
    if node.noun.part == network.physical and not network.vlan:
        return "yes", "one segment: the address of the node may be given to a pod; leave it out of the range"
    return "perhaps", "if it is one segment, the address of the node may be given to a pod"


def _beside(one: _Range, other: _Range) -> tuple[Hurts, str]:
    """A secondary network, and any other."""
    mine, its = one.network, other.network
    if mine is not None and its is not None and is_one_segment(mine, its):
        if not one.given & other.given:
            return "no", "one segment, and the addresses in common are given by one of them at most"
        if mine.ipam == its.ipam == "whereabouts" and one.noun.range == other.noun.range:
            return "no", "whereabouts keeps one account of a range, whoever names it"
        return "yes", "one segment, and both give its addresses: one may be given twice"
    if other.noun.use in ("services", "cni") or one.noun.use in ("services", "cni"):
        return "perhaps", "a pod that is attached to it sends there what is meant for the cluster's own range"
    spaces = [_spaces(network) for network in (mine, its)]
    if None not in spaces and not (spaces[0] or frozenset()) & (spaces[1] or frozenset()):
        return "no", "no pod can be on both"
    return "perhaps", "a pod that is on both has two ways to such an address, and takes one of them"


def is_one_segment(one: NetworkNoun, other: NetworkNoun) -> bool:
    """Whether two networks that attachments describe hang on the same at the nodes, with the same VLAN."""
    if not one.physical or one.topology in _OVERLAYS or other.topology in _OVERLAYS:
        return False
    same = (one.topology == "localnet") == (other.topology == "localnet")
    return same and (one.physical, one.vlan) == (other.physical, other.vlan)


def _spaces(network: NetworkNoun | None) -> frozenset[str] | None:
    """The namespaces whose pods can be on a network; None for all."""
    if network is None or network.namespaces is None:
        return None
    return frozenset((*network.namespaces, *network.perhaps))
