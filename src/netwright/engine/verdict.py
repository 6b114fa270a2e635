"""Verdicts of single packets and of groups, from the tables and the relations beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import ALL, ServiceSet
from netwright.base.spans import Origin
from netwright.engine.compile import Network
from netwright.engine.relations import passing
from netwright.engine.tables import FamilyTables
from netwright.engine.units import Unit, is_unread
from netwright.engine.universe import Universe
from netwright.model.rule import (
    Action,
    Addresses,
    AndPeer,
    Direction,
    End,
    Members,
    Names,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
    Tier,
    UnknownPeer,
)

Verdict = Literal["allow", "deny", "undecided"]
Relation = Literal["", "self", "own node", "perhaps own node", "hairpin"]
"""What stands between two ends beside policy. Hairpin: a pod that a Service leads to itself."""


class Spot(msgspec.Struct, frozen=True):
    """One end of a packet: its position in the universe of a family, and its endpoint row (-1: outside)."""

    position: int
    row: int


class Side(msgspec.Struct, frozen=True):
    """One direction of one packet: whether policy surely, and whether it perhaps, allows it."""

    must: bool
    may: bool


class Outcome(msgspec.Struct, frozen=True):
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


class Open(msgspec.Struct, frozen=True):
    """Why a rule only perhaps matches: labels of a namespace, addresses of an endpoint, the protocol, DNS names (`text`
    has them), a condition, what the documents leave open or something else that `text` tells."""

    cause: Literal["labels", "addresses", "protocol", "names", "condition", "ambiguous", "other"]
    text: str = ""


class Citation(msgspec.Struct, frozen=True):
    """A rule or an end that is read for one direction of a packet and decides it, or perhaps does, or passes it on.

    `open` is why it perhaps does not match; empty where it surely does. `tied`: other policies of the same rank do
    something else, and which of them is read first is left open. `owed` has to hold for what it allows. `moot`: it
    perhaps does what another one of its rank surely does, or another part of the same rule under less conditions.
    `enforcer`: whose it is.
    """

    direction: Direction
    origin: Origin
    rule: int | None
    action: Action
    open: tuple[Open, ...] = ()
    tied: bool = False
    owed: str = ""
    moot: bool = False
    enforcer: int = 0

    @property
    def surely(self) -> bool:
        return not self.open

    @property
    def by_labels(self) -> bool:
        """Whether labels that are not known leave it open."""
        return Open("labels") in self.open

    @property
    def by_protocol(self) -> bool:
        """Whether what becomes of the protocol is left open."""
        return Open("protocol") in self.open


class _Matching(msgspec.Struct, frozen=True):
    """A rule that matches a packet, perhaps only, and what of it is cited."""

    rule: Rule
    citation: Citation


_Entry = tuple[Rule, int, int, Citation]


class _Acting(msgspec.Struct):
    """A unit at a position: whether it surely acts there, whom each rule surely and perhaps matches, and how rules and
    ends are cited where nothing about the packet is open."""

    unit: Unit
    is_sure: bool
    rules: list[_Entry]
    ends: list[tuple[End, Citation]]


def _citation(unit: Unit, rule: Rule) -> Citation:
    owed = rule.then.text if rule.action == "allow" else ""
    return Citation(unit.direction, rule.origin, rule.number, rule.action, owed=owed, enforcer=unit.enforcer)


def _ending(unit: Unit, end: End, is_sure: bool) -> Citation:
    open_ = () if is_sure else (Open("labels"),)
    return Citation(unit.direction, end.origin, None, "deny", open_, enforcer=unit.enforcer)


def _opened(citation: Citation, why: Open) -> Citation:
    return msgspec.structs.replace(citation, open=(why, *citation.open))


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


def outcome(
    network: Network,
    tables: FamilyTables,
    source: Spot,
    destination: Spot,
    key: int,
    between: Relation,
    without: int = -1,
) -> Outcome:
    """The verdict of one packet to the service `key`; `between` is their `relation`, `without` the number of an
    enforcer that the packet passes by."""
    egress, ingress = _sides(tables, source.position, destination.position, key, without)
    if between == "self" or (between == "own node" and network.exempts_own_node):
        return Outcome(True, False, between, egress, ingress)
    if between and not network.exempts_own_node:
        at, to = own_positions(network, tables, source, destination)
        own = _sides(tables, at, to, key, without)
        if between == "own node":
            return _outcome("", *own)
        first, second = _outcome("", egress, ingress), _outcome("", *own)
        sides = [Side(a.must and b.must, a.may or b.may) for a, b in ((egress, own[0]), (ingress, own[1]))]
        may_allow, may_deny = first.may_allow or second.may_allow, first.may_deny or second.may_deny
        differs = may_allow and may_deny and first != second
        return Outcome(may_allow, may_deny, "perhaps own node" if differs else "", sides[0], sides[1])
    found = _outcome(between, egress, ingress)
    return msgspec.structs.replace(found, may_allow=True) if between == "perhaps own node" and found.may_deny else found


def own_positions(network: Network, tables: FamilyTables, source: Spot, destination: Spot) -> tuple[int, int]:
    """The positions of a node and one of its pods, of which the node is the pod's own."""
    own = tables.universe.own
    if network.columns.host[source.row]:
        return own[source.position], destination.position
    return source.position, own[destination.position]


def _sides(tables: FamilyTables, source: int, destination: int, key: int, without: int) -> tuple[Side, Side]:
    (out_must, out_may), (in_must, in_may) = tables.outcome(source, destination, key, without)
    return Side(out_must, out_may), Side(in_must, in_may)


def _outcome(between: Relation, egress: Side, ingress: Side) -> Outcome:
    return Outcome(egress.may and ingress.may, not (egress.must and ingress.must), between, egress, ingress)


def pair(network: Network, tables: FamilyTables, source: Spot, destination: Spot) -> tuple[ServiceSet, ServiceSet]:
    """All services that surely, and that perhaps, may pass."""
    between = relation(network, source.row, destination.row)
    if between == "self":
        return ALL, ALL
    if between and between != "hairpin":
        is_from_node = bool(network.columns.host[source.row])
        return passing(tables, source.position, destination.position, between, is_from_node)
    return tables.pair(source.position, destination.position)


class Citer:
    """Finds the rules behind a verdict; what acts at a position and whom a rule matches is remembered."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self._units: dict[tuple[Family, int, Direction], list[list[_Acting]]] = {}

    def cite(
        self, tables: FamilyTables, direction: Direction, at: Spot, peer: Spot, key: int
    ) -> tuple[list[Citation], list[Citation]]:
        """(rules that match the packet surely or perhaps, ends that deny) as far as they are read: tier by tier, the
        rules of each until something surely decides. In the order of their tiers, ranks and the input.
        """
        by_tier = self._units.get((tables.family, at.position, direction))
        if by_tier is None:
            by_tier = self._units[tables.family, at.position, direction] = self._by_tier(tables, at, direction)
        matching: list[Citation] = []
        ends: list[Citation] = []
        done = -1  # the enforcer that has decided
        owns = tables.universe.owns
        is_own = bool((owns >> at.position | owns >> peer.position) & 1)
        for units in by_tier:
            first = units[0].unit
            if first.enforcer == done or (is_own and "own node" in self.network.enforcers[first.enforcer].exempt):
                continue
            found: list[_Matching] = []
            for acting in units:
                for entry in acting.rules:
                    if entry[2] >> peer.position & 1:  # of few rules, and asked of all
                        match = self._matching(tables, acting, entry, direction, at, peer, key)
                        if match is not None:
                            found.append(match)
            tier = self.network.enforcers[first.enforcer].tiers[first.tier]
            reached, is_open = _reached(found, tier) if found else ([], True)
            ended = is_closed = False
            # behind rules that are read in order an end is reached only by what none of them surely decides
            is_ordered = tier.ties == "ordered"
            here: list[Citation] = []
            for acting in () if is_ordered and not is_open else units:
                for end, citation in acting.ends:
                    is_unsure = key in end.unsure
                    if end.action == "deny":
                        here.append(_opened(citation, Open("protocol")) if is_unsure else citation)
                    if not is_unsure and acting.is_sure:
                        ended = True
                        is_closed = is_closed or end.action == "deny"
            # what perhaps brings an end about says nothing beside what surely does
            ends += [c for c in here if not c.by_labels or all(other.by_labels for other in here)]
            while is_open and is_closed and reached and reached[-1].action == "deny":
                reached.pop()  # it says perhaps what the end says surely
            before = [o for c in matching if c.enforcer == first.enforcer and is_unread(c.origin) for o in c.open]
            if before and first.enforcer == self.network.mesh:  # perhaps it is outside, and under none of its policies
                reached = [msgspec.structs.replace(c, open=tuple(dict.fromkeys((*before, *c.open)))) for c in reached]
            matching += reached
            is_open = is_open and not ended
            if not is_open and not any(c.action == "pass" for c in reached):
                done = first.enforcer
        return matching, ends

    def _by_tier(self, tables: FamilyTables, at: Spot, direction: Direction) -> list[list[_Acting]]:
        found: dict[tuple[int, int], list[_Acting]] = {}
        for unit, is_sure in self.network.units_at(tables.family, at.position, direction):
            if unit.tier >= 0:
                rules = [
                    (rule, *tables.universe(rule.src if direction == "ingress" else rule.dst), _citation(unit, rule))
                    for rule in unit.rules
                ]
                ends = [(end, _ending(unit, end, is_sure)) for end in unit.ends]
                found.setdefault((unit.enforcer, unit.tier), []).append(_Acting(unit, is_sure, rules, ends))
        return [found[key] for key in sorted(found)]

    def _matching(
        self, tables: FamilyTables, acting: _Acting, entry: _Entry, direction: Direction, at: Spot, peer: Spot, key: int
    ) -> _Matching | None:
        """A rule that perhaps matches the peer, if it perhaps matches the service too."""
        rule, must, _, citation = entry
        sure, perhaps = self._service(rule, direction, at, peer, key)
        if not sure and not perhaps:
            return None
        open_: list[Open] = [] if sure else [Open("protocol")]
        if not must >> peer.position & 1:
            open_ += _why_open(tables.universe, rule.src if direction == "ingress" else rule.dst, peer.position)
        if not acting.is_sure:
            own = rule.dst if direction == "ingress" else rule.src
            open_ += list(_why_open(tables.universe, own, at.position)) or [Open("labels")]
        if rule.when.conditions:
            open_.append(Open("condition", rule.when.text))
        if open_:
            citation = msgspec.structs.replace(citation, open=tuple(dict.fromkeys(open_)))
        return _Matching(rule, citation)

    def _service(self, rule: Rule, direction: Direction, at: Spot, peer: Spot, key: int) -> tuple[bool, bool]:
        if key in rule.service.fixed:
            return True, True
        if rule.service.named:
            holder = at if direction == "ingress" else peer
            if holder.row >= 0:
                columns = self.network.columns
                ports = columns.port_maps[int(columns.port_map[holder.row])]
                for port in rule.service.named:
                    last = port.end if direction == "ingress" else 0
                    for name, protocol, number in ports:
                        if (name, protocol) == (port.name, port.protocol):
                            if protocol << 16 | number <= key <= protocol << 16 | max(number, last):
                                return True, True
        return False, key in rule.unsure


def _reached(found: list[_Matching], tier: Tier) -> tuple[list[Citation], bool]:
    """Of the rules of a tier that match those that are read, and whether any packet is left to the tier's ends."""
    out: list[Citation] = []
    for _, tied in groupby(sorted(found, key=lambda m: m.rule.rank), key=lambda m: m.rule.rank):
        group = list(tied)
        read = [group]
        differ = False
        if tier.ties == "ordered":
            group.sort(key=lambda m: (m.rule.policy, m.rule.index))
            read = [_until_sure(group)]
        elif len(group) > 1 and not (tier.ends and all(m.rule.action == "allow" for m in group)):
            if tier.ties == "any-order":
                by_policy: dict[int, list[_Matching]] = {}
                for m in sorted(group, key=lambda m: m.rule.index):
                    by_policy.setdefault(m.rule.policy, []).append(m)
                read = [_until_sure(of_one) for of_one in by_policy.values()]
                told = [{m.rule.action for m in of_one if m.citation.origin.name} for of_one in read]
                differ = sum(map(bool, told)) > 1 and len(set().union(*told)) > 1
            elif tier.ties == "deny-first":
                by_action = [[m for m in group if m.rule.action == action] for action in ("deny", "allow", "pass")]
                read = [same for same in by_action if same]
                closed = next((i for i, same in enumerate(read) if any(m.citation.surely for m in same)), len(read))
                read = read[: closed + 1]
        level = [m for ms in read for m in ms]
        for m in level:
            cited = m.citation
            if differ:
                cited = msgspec.structs.replace(cited, tied=True)
            if not cited.surely:
                # where policies tie, only rules of one policy speak for one another
                beside = [o for o in level if not differ or o.rule.policy == m.rule.policy]
                if _is_decided(m, beside) or _adds_nothing(m, level):
                    cited = msgspec.structs.replace(cited, moot=True)
            out.append(cited)
        if any(m.citation.surely for m in level):
            return out, False
    return out, True


def _is_decided(part: _Matching, beside: Sequence[_Matching]) -> bool:
    """Whether one surely does what a part does perhaps, and between the two none perhaps does something else."""
    actions = [m.rule.action for m in beside]
    at = next(i for i, m in enumerate(beside) if m is part)
    return any(
        m.citation.surely and set(actions[min(at, i) : max(at, i) + 1]) == {part.rule.action}
        for i, m in enumerate(beside)
    )


def _until_sure(found: Sequence[_Matching]) -> list[_Matching]:
    out: list[_Matching] = []
    for m in found:
        out.append(m)
        if m.citation.surely:
            break
    return out


def _adds_nothing(part: _Matching, level: Sequence[_Matching]) -> bool:
    """Whether another part of the same rule matches wherever this one does: it asks for some of the conditions of this
    one, and for nothing else."""
    conditions = set(part.rule.when.conditions)
    return any(
        (other.rule.policy, other.rule.index) == (part.rule.policy, part.rule.index)
        and set(other.rule.when.conditions) < conditions
        and all(open_.cause == "condition" for open_ in other.citation.open)
        for other in level
    )


def _why_open(universe: Universe, peer: Peer, position: int) -> Iterator[Open]:
    """What leaves open whether a peer matches at a position."""
    must, may = universe(peer)
    if must >> position & 1 or not may >> position & 1:
        return
    match peer:
        case Members():
            yield Open("labels")
        case Addresses():
            yield Open("addresses")
        case Names(patterns):
            yield Open("names", ", ".join(f"`{p}`" for p in patterns))
        case UnknownPeer(reason, is_ambiguous):
            yield Open("ambiguous" if is_ambiguous else "other", reason)
        case AndPeer(parts) | OrPeer(parts):
            for part in parts:
                yield from _why_open(universe, part, position)
        case NotPeer(part):
            yield from _why_open(universe, part, position)
