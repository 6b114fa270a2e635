"""The rule that comes closest to matching a packet, and what differs."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netwright.base.ipset import address_text
from netwright.base.selectors import And, Has, Never, Not, OneOf, Or, Selector, matches
from netwright.base.services import ServiceSet
from netwright.engine.inquire import Inquirer, Packet
from netwright.engine.verdict import Spot
from netwright.model.rule import Addresses, AndPeer, AnyPeer, Direction, Kinds, Members, Names, OrPeer, Peer, Rule


class Near(msgspec.Struct, frozen=True):
    """A rule, how many things differ, and what they are; `peer` is the closest of its peers, `port_differs` whether the
    service does."""

    rule: Rule
    distance: int
    differs: tuple[str, ...]
    peer: Peer
    port_differs: bool


def nearest_rule(inquirer: Inquirer, packet: Packet, direction: Direction) -> Near | None:
    """Among the allow rules that act at the packet's end in this direction; None where there is none."""
    at, peer = (packet.source, packet.destination) if direction == "egress" else (packet.destination, packet.source)
    units = inquirer.network.units_at(packet.family, at.position, direction)
    best: Near | None = None
    key = inquirer.seen_key(packet)
    matching = {id(c.origin) for c in inquirer.cited(packet, direction)[0]}
    for unit, _ in units:
        for rule in unit.rules:
            if rule.action != "allow" or not rule.origin.pointer or id(rule.origin) in matching:
                continue
            whom = rule.src if direction == "ingress" else rule.dst
            if key != packet.key and isinstance(whom, AndPeer) and unit.enforcer != inquirer.network.mesh:
                whom = whom.parts[0]  # behind it stands that the packet is not tunnelled
            who, told, closest = _peer_distance(inquirer, whom, peer, packet)
            ports, port_told = _service_distance(inquirer, rule, packet, key)
            found = Near(rule, who + ports, (*told, *port_told), closest, bool(ports))
            if found.distance and (best is None or found.distance < best.distance):
                best = found
    return best


def attributes(inquirer: Inquirer, spot: Spot) -> Mapping[str, str]:
    """The flat attributes of an endpoint: its own labels, its namespace and its namespace's labels, its network."""
    columns = inquirer.network.columns
    if spot.row < 0:
        return {}
    namespace = int(columns.namespace[spot.row])
    out = columns.labels_of(spot.row)
    out["ns"] = columns.namespaces[namespace]
    out["network"] = "host" if columns.host[spot.row] else "pod"
    for key, value in columns.namespace_labels[namespace].items():
        out["ns:" + key] = value
    return out


def _peer_distance(inquirer: Inquirer, peer: Peer, spot: Spot, packet: Packet) -> tuple[int, tuple[str, ...], Peer]:
    match peer:
        case AnyPeer():
            return 0, (), peer
        case OrPeer(parts):
            return min((_peer_distance(inquirer, p, spot, packet) for p in parts), key=lambda found: found[0])
        case AndPeer(parts):
            found = [_peer_distance(inquirer, p, spot, packet) for p in parts]
            return sum(f[0] for f in found), tuple(t for f in found for t in f[1]), peer
        case Members(selector):
            if spot.row < 0:
                return 3, (f"it admits {_words(selector)}, not outside addresses",), peer
            told = _unmet(selector, attributes(inquirer, spot))
            return len(told), told, peer
        case Addresses(addresses):
            must, may = inquirer.network.tables[packet.family].universe(peer)
            if may >> spot.position & 1:
                return 0 if must >> spot.position & 1 else 1, (), peer
            mine = ""
            columns = inquirer.network.columns
            if spot.row >= 0 and columns.has_v4[spot.row] and packet.family == 4:
                mine = f" {address_text(4, int(columns.v4[spot.row]))}"
            return 2, (f"it admits the addresses {addresses.described()}, not{mine or ' this one'}",), peer
        case Kinds(kinds):
            return 9, (f"it admits {' and '.join(_KINDS[kind] for kind in kinds)}",), peer
        case Names(patterns):
            return 9, (f"it admits the addresses of {', '.join(patterns)}",), peer
        case _:
            return 9, ("it admits others",), peer


_KINDS = {
    "pod": "pods",
    "node": "nodes other than the pod's own",
    "own-node": "the pod's own node",
    "external": "addresses outside the cluster",
}


def _unmet(selector: Selector, held: Mapping[str, str]) -> tuple[str, ...]:
    """The parts of a selector that these attributes do not meet, in words."""
    if matches(selector, held):
        return ()
    match selector:
        case And(parts):
            return tuple(t for p in parts for t in _unmet(p, held))
        case Or(parts):
            return min((_unmet(p, held) for p in parts), key=len)
        case OneOf("network", _):
            return ("it admits pods of the pod network, not nodes and hostNetwork pods",)
        case OneOf(key, values):
            wanted = f"{_name(key)}={values[0]}" if len(values) == 1 else f"{_name(key)} in ({', '.join(values)})"
            has = held.get(key)
            return (f"it wants {wanted}, here {_name(key)} is " + (f"`{has}`" if has is not None else "absent"),)
        case Has(key):
            return (f"it wants a label {_name(key)}, here it is absent",)
        case Not(Has(key)):
            return (f"it wants no label {_name(key)}, here it is `{held.get(key, '')}`",)
        case Not(OneOf(key, _)):
            return (f"it wants {_name(key)} not to be `{held.get(key, '')}`",)
        case Never():
            return ("it selects nothing",)
        case _:
            return (f"it wants {_words(selector)}",)


def _name(key: str) -> str:
    if key == "ns":
        return "namespace"
    if key.startswith("ns:"):
        return f"namespace label {key[3:]}"
    return key.removeprefix("k8s:")


def _words(selector: Selector) -> str:
    """A selector as people write it.

    >>> from netwright.base.selectors import equals, conjunction
    >>> _words(conjunction(equals("ns", "shop"), equals("k8s:app", "api"), equals("network", "pod")))
    'namespace=shop app=api'
    """
    match selector:
        case And(parts):
            words = [_words(p) for p in parts if p != OneOf("network", ("pod",))]
            return " ".join(words) or "every pod"
        case Or(parts):
            return " or ".join(_words(p) for p in parts)
        case OneOf(key, values):
            return f"{_name(key)}={values[0]}" if len(values) == 1 else f"{_name(key)} in ({', '.join(values)})"
        case Has(key):
            return f"has {_name(key)}"
        case Not(part):
            return f"not ({_words(part)})"
        case Never():
            return "nothing"
        case _:
            return "everything"


def _service_distance(inquirer: Inquirer, rule: Rule, packet: Packet, key: int) -> tuple[int, tuple[str, ...]]:
    """`key` is the service that the rule sees of the packet."""
    holder = packet.destination
    if key in rule.service.fixed:
        return 0, ()
    columns = inquirer.network.columns
    names = {(p.name, p.protocol) for p in rule.service.named}
    if holder.row >= 0:
        for name, protocol, number in columns.port_maps[int(columns.port_map[holder.row])]:
            if (name, protocol) in names and protocol << 16 | number == key:
                return 0, ()
    asked = ServiceSet.of([(key, key + 1)])
    wanted = [str(rule.service.fixed)] if rule.service.fixed else []
    wanted += [f"port `{p.name}`" for p in rule.service.named]
    tunnel = ", the port of the mesh's tunnel" if key != packet.key else ""
    return 1, (f"it admits {', '.join(wanted) or 'no port'}, not {asked}{tunnel}",)
