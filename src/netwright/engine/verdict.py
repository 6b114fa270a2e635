"""Verdicts of single packets and of groups, from the tables and the relations beside them."""

from __future__ import annotations

from typing import Literal, NamedTuple

from netwright.base.ipset import Family
from netwright.base.services import ALL, ServiceSet
from netwright.base.spans import Origin
from netwright.engine.compile import FamilyTables, Network
from netwright.engine.units import Unit
from netwright.engine.universe import Universe
from netwright.model.rule import AndPeer, Direction, Members, NotPeer, OrPeer, Peer, Rule

Verdict = Literal["allow", "deny", "undecided"]
Relation = Literal["", "self", "own node", "perhaps own node", "hairpin"]
"""What stands between two ends beside policy. Hairpin: a pod that a Service leads to itself."""


class Spot(NamedTuple):
    """One end of a packet: its position in the universe of a family, and its endpoint row (-1: outside)."""

    position: int
    row: int


class Side(NamedTuple):
    """One direction of one packet: whether policy surely, and whether it perhaps, allows it."""

    must: bool
    may: bool


class Outcome(NamedTuple):
    may_allow: bool
    may_deny: bool
    relation: Relation
    egress: Side
    ingress: Side

    @property
    def verdict(self) -> Verdict:
        if self.may_allow and self.may_deny:
            return "undecided"
        return "allow" if self.may_allow else "deny"


class Citation(NamedTuple):
    """A rule or an end that decides, or perhaps decides, one direction of a packet."""

    direction: Direction
    origin: Origin
    rule: int | None
    action: Literal["allow", "deny"]
    surely: bool
    by_labels: bool = False
    """Whether it is open because labels of the peer's namespace are not known."""


def relation(network: Network, source: int, destination: int) -> Relation:
    """How two endpoint rows stand to each other beside policy (-1: outside)."""
    if source < 0 or destination < 0:
        return ""
    columns = network.columns
    if source == destination and columns.single[source]:
        return "self"
    if columns.host[source] == columns.host[destination]:
        return ""
    a, b = int(columns.node[source]), int(columns.node[destination])
    if a < 0 or b < 0:
        return "perhaps own node"
    return "own node" if a == b else ""


def outcome(network: Network, tables: FamilyTables, source: Spot, destination: Spot, key: int) -> Outcome:
    """The verdict of one packet to the service `key`."""
    (out_must, out_may), (in_must, in_may) = tables.outcome(source.position, destination.position, key)
    egress, ingress = Side(out_must, out_may), Side(in_must, in_may)
    between = relation(network, source.row, destination.row)
    if between in ("self", "own node"):
        return Outcome(True, False, between, egress, ingress)
    may_allow, may_deny = out_may and in_may, not (out_must and in_must)
    if between == "perhaps own node" and may_deny:
        may_allow = True
    return Outcome(may_allow, may_deny, between, egress, ingress)


def pair(network: Network, tables: FamilyTables, source: Spot, destination: Spot) -> tuple[ServiceSet, ServiceSet]:
    """All services that surely, and that perhaps, may pass."""
    between = relation(network, source.row, destination.row)
    if between in ("self", "own node"):
        return ALL, ALL
    must, may = tables.pair(source.position, destination.position)
    return (must, ALL) if between == "perhaps own node" else (must, may)


class Citer:
    """Finds the rules behind a verdict; what acts at a position and whom a rule matches is remembered."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._units: dict[tuple[Family, int, Direction], list[Unit]] = {}

    def cite(
        self, tables: FamilyTables, direction: Direction, at: Spot, peer: Spot, key: int
    ) -> tuple[list[Citation], list[Citation]]:
        """(allow rules that match the packet surely or perhaps, ends that isolate), in input order."""
        units = self._units.get((tables.family, at.position, direction))
        if units is None:
            units = self.network.units_at(tables.family, at.position, direction)
            self._units[tables.family, at.position, direction] = units
        matching: list[Citation] = []
        isolating: list[Citation] = []
        for unit in units:
            sure_here = bool(unit.sure_at[tables.family] >> at.position & 1)
            for rule in unit.rules:
                must, may = tables.universe(rule.src if direction == "ingress" else rule.dst)
                if not may >> peer.position & 1:
                    continue
                sure, perhaps = self._service(rule, direction, at, peer, key)
                if sure or perhaps:
                    surely = sure and sure_here and bool(must >> peer.position & 1)
                    action: Literal["allow", "deny"] = "deny" if rule.action == "deny" else "allow"
                    open_ = not must >> peer.position & 1
                    by_labels = open_ and self._asks_for_labels(tables.universe, rule, direction, peer.position)
                    matching.append(Citation(direction, rule.origin, rule.index, action, surely, by_labels))
            for end in unit.ends:
                if end.action == "deny":
                    isolating.append(Citation(direction, end.origin, None, "deny", key not in end.unsure))
        return matching, isolating

    @staticmethod
    def _asks_for_labels(universe: Universe, rule: Rule, direction: Direction, position: int) -> bool:
        """Whether a selector in the rule's peer may or may not match at a position."""
        parts: list[Peer] = [rule.src if direction == "ingress" else rule.dst]
        while parts:
            part = parts.pop()
            if isinstance(part, Members):
                must, may = universe(part)
                if may >> position & 1 and not must >> position & 1:
                    return True
            elif isinstance(part, (AndPeer, OrPeer)):
                parts += part.parts
            elif isinstance(part, NotPeer):
                parts.append(part.part)
        return False

    def _service(self, rule: Rule, direction: Direction, at: Spot, peer: Spot, key: int) -> tuple[bool, bool]:
        if key in rule.service.fixed:
            return True, True
        if rule.service.named:
            holder = at if direction == "ingress" else peer
            if holder.row >= 0:
                columns = self.network.columns
                wanted = {(p.name, p.protocol) for p in rule.service.named}
                for name, protocol, number in columns.port_maps[int(columns.port_map[holder.row])]:
                    if (name, protocol) in wanted and protocol << 16 | number == key:
                        return True, True
        return False, key in rule.unsure
