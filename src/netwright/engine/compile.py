"""From columns and rules to a Network: two tables of rows a family, one for each direction, that are the answer.

For a source of egress class c and a destination of ingress class k, a service is allowed where the source's egress row
holds the destination and the destination's ingress row holds the source. Nothing is expanded to prove it: a pair costs
two lookups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from netwright.base.ipset import INTERNET, NOT_UNICAST, PRIVATE, Family, IpSet
from netwright.base.selectors import ALWAYS as EVERY_INTERFACE
from netwright.base.selectors import Selector, mentions
from netwright.base.services import ServiceSet
from netwright.engine.atoms import AddressClasses
from netwright.engine.bits import distinct, indexes
from netwright.engine.fold import Atoms, BoundEnd, BoundRule, Folder, Row, TierRow, join_rules
from netwright.engine.identities import Identities, Mentions, identify
from netwright.engine.universe import Selection, Universe
from netwright.model.columns import Columns
from netwright.model.rule import (
    ANYBODY,
    NOBODY,
    UNGUARDED,
    Addresses,
    AndPeer,
    Direction,
    End,
    Enforcer,
    Members,
    NotPeer,
    OrPeer,
    Peer,
    Rule,
)

MEMORY_CAP_BYTES = 3 << 30
"""Above this estimate rows are folded when they are asked for and not kept."""


Source = tuple[str, str, str]
"""The kind, namespace and name of the object that a rule came from."""


class Delta(NamedTuple):
    """An edit of one tier: the objects whose rules go, and the rules and ends that come.

    Where the tier's rules are ordered, `Rule.policy` of the new ones must not be in use by another object.
    """

    enforcer: int = 0
    tier: int = 0
    removed: frozenset[Source] = frozenset()
    rules: tuple[Rule, ...] = ()
    ends: tuple[End, ...] = ()


@dataclass(slots=True, eq=False)
class Unit:
    """The rules and ends of one policy that act at the same interfaces, in one direction."""

    enforcer: int
    tier: int
    direction: Direction
    at: Selector
    own: Peer
    rules: tuple[Rule, ...]
    ends: tuple[End, ...]
    source: Source
    content: int = -1
    sure_at: dict[Family, int] = field(default_factory=dict)
    perhaps_at: dict[Family, int] = field(default_factory=dict)


ClassKey = tuple[tuple[int, ...], int]
"""The contents that act at a class (content number << 1, odd where they act only perhaps), and its port map."""


@dataclass(slots=True)
class Table:
    """One direction: the class of every position of the universe, and the rows of every class. Class 0 is unrestricted.

    `keys`, `number` and `kept` only grow and are shared between a network and its edits.
    """

    of_position: npt.NDArray[np.intp]
    keys: list[ClassKey]
    fold: _ClassFolder
    number: dict[ClassKey, int]
    kept: dict[int, list[Row]] = field(default_factory=dict)
    keep: bool = True

    @property
    def count(self) -> int:
        return len(self.keys)

    def rows(self, class_: int) -> list[Row]:
        rows = self.kept.get(class_)
        if rows is None:
            rows = self.fold(*self.keys[class_])
            if self.keep:
                self.kept[class_] = rows
        return rows

    def rows_at(self, position: int) -> list[Row]:
        return self.rows(int(self.of_position[position]))


@dataclass(slots=True)
class FamilyTables:
    """The answer for one address family."""

    family: Family
    universe: Universe
    egress: Table
    ingress: Table

    def pair(self, source: int, destination: int) -> tuple[ServiceSet, ServiceSet]:
        """The services that surely, and that perhaps, may pass between two positions by policy."""
        must = may = 0
        for out in self.egress.rows_at(source):
            if not out.may >> destination & 1:
                continue
            for into in self.ingress.rows_at(destination):
                if into.may >> source & 1:
                    mask = out.mask & into.mask
                    may |= mask
                    if out.must >> destination & 1 and into.must >> source & 1:
                        must |= mask
        atoms = self.egress.fold.atoms
        return atoms.services(must), atoms.services(may)

    def outcome(self, source: int, destination: int, key: int) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
        """Of one service: (surely, perhaps) allowed by egress, and by ingress."""
        sides = []
        for table, at, peer in ((self.egress, source, destination), (self.ingress, destination, source)):
            for row in table.rows_at(at):
                if key in row.services:
                    sides.append((bool(row.must >> peer & 1), bool(row.may >> peer & 1)))
                    break
        return sides[0], sides[1]


class Network:
    """A compiled network: endpoints, enforcers, identities, and the tables of each family."""

    def __init__(self, columns: Columns, enforcers: Sequence[Enforcer], families: Sequence[Family]) -> None:
        self.columns = columns
        self.enforcers = tuple(enforcers)
        self.families = tuple(families)
        self._contents: dict[object, int] = {}
        units = _units(enforcers)
        self._compile(units, *_walk(units, enforcers))

    def _compile(
        self,
        units: list[Unit],
        mentions: Mentions,
        address_sets: Sequence[IpSet],
        classes: dict[Family, AddressClasses] | None = None,
    ) -> None:
        self.units = units
        self.mentions = mentions
        self._address_sets = address_sets
        if classes is None:
            outside = [INTERNET, PRIVATE, NOT_UNICAST]
            classes = {f: AddressClasses(f, [*outside, *address_sets]) for f in self.families}
        self.identities: Identities = identify(self.columns, mentions, classes)
        self.select = Selection(self.columns, self.identities)
        for unit in units:
            if unit.content < 0:
                unit.content = self._contents.setdefault(_content(unit), len(self._contents))
        self.definers = _definers(self.identities)
        self.atoms = _atoms(units, self.identities)
        self.tables: dict[Family, FamilyTables] = {}
        self.streamed = False
        for f in self.families:
            universe = Universe(f, self.columns, self.identities, classes[f], self.select)
            folder = Folder(universe.every, self.atoms)
            self.tables[f] = FamilyTables(
                f, universe, self._table(f, universe, folder, "egress"), self._table(f, universe, folder, "ingress")
            )

    # --- edits --------------------

    def apply(self, delta: Delta) -> Network:
        """The network after an edit; equal to compiling the edited rules anew.

        Where the new rules tell nothing apart that was not told apart before, identities, atoms and the rows of all
        classes that the edit does not touch are shared; otherwise identities are made again and rows folded when asked
        for.
        """
        added = _units_of(delta.enforcer, delta.tier, delta.rules, delta.ends)
        removed = [
            u for u in self.units if u.source in delta.removed and (u.enforcer, u.tier) == (delta.enforcer, delta.tier)
        ]
        gone = set(map(id, removed))
        place = next((i for i, u in enumerate(self.units) if id(u) in gone), len(self.units))
        units = [*self.units[:place], *added, *(u for u in self.units[place:] if id(u) not in gone)]
        new = Network.__new__(Network)
        new.columns, new.enforcers, new.families = self.columns, self.enforcers, self.families
        new._contents = self._contents
        mentions, address_sets = _walk(added, ())
        if self._tells_apart(added, mentions, address_sets):
            for unit in added:
                unit.content = self._contents.setdefault(_content(unit), len(self._contents))
            new._edit(self, units, removed, added)
        else:
            values = {k: set(v) for k, v in self.mentions.values.items()}
            for key, found in mentions.values.items():
                values.setdefault(key, set()).update(found)
            joined = Mentions(
                values, self.mentions.presence | mentions.presence, self.mentions.port_names | mentions.port_names
            )
            fresh = [
                Unit(u.enforcer, u.tier, u.direction, u.at, u.own, u.rules, u.ends, u.source, u.content) for u in units
            ]
            sets = list(dict.fromkeys((*self._address_sets, *address_sets)))
            reused = (
                {f: t.universe.classes for f, t in self.tables.items()}
                if len(sets) == len(self._address_sets)
                else None
            )
            new._compile(fresh, joined, sets, reused)
        return new

    def _tells_apart(self, added: Iterable[Unit], mentions: Mentions, address_sets: Iterable[IpSet]) -> bool:
        """Whether identities, address classes and service atoms are already fine enough for these units."""
        held = self.mentions
        nothing: set[str] = set()
        if not all(
            key.startswith("ns:") or found <= held.values.get(key, nothing) for key, found in mentions.values.items()
        ):
            return False
        if not (mentions.presence <= held.presence and mentions.port_names <= held.port_names):
            return False
        if not all(t.universe.classes.knows(s) for t in self.tables.values() for s in address_sets):
            return False
        services = {x for u in added for r in u.rules for x in (r.service.fixed, r.unsure)} | {
            e.unsure for u in added for e in u.ends
        }
        named = {(p.name, p.protocol) for u in added for r in u.rules for p in r.service.named}
        for port_map in self.identities.port_maps if named else ():
            services |= {ServiceSet.ports(p, n) for name, p, n in port_map if (name, p) in named}
        return all(self.atoms.knows(s) for s in services)

    def _edit(self, old: Network, units: list[Unit], removed: Sequence[Unit], added: Sequence[Unit]) -> None:
        self.units, self.mentions, self._address_sets = units, old.mentions, old._address_sets
        self.identities, self.select, self.definers, self.atoms = old.identities, old.select, old.definers, old.atoms
        self.streamed = old.streamed
        self.tables = {}
        by_content: dict[tuple[int, Direction], list[Unit]] = {}
        touched = {(u.content, u.direction) for u in removed}
        for u in units:
            if (u.content, u.direction) in touched:
                by_content.setdefault((u.content, u.direction), []).append(u)
        port_map = old.identities.port_map
        for f, tables in old.tables.items():
            sides: dict[Direction, Table] = {}
            for direction, table in (("egress", tables.egress), ("ingress", tables.ingress)):
                sides[direction] = self._edit_table(  # type: ignore[index]
                    f, tables.universe, table, [u for u in removed if u.direction == direction],
                    [u for u in added if u.direction == direction], by_content, port_map,
                )  # fmt: skip
            self.tables[f] = FamilyTables(f, tables.universe, sides["egress"], sides["ingress"])

    def _edit_table(
        self,
        family: Family,
        universe: Universe,
        table: Table,
        removed: Sequence[Unit],
        added: Sequence[Unit],
        by_content: dict[tuple[int, Direction], list[Unit]],
        port_map: npt.NDArray[np.int32],
    ) -> Table:
        changes: dict[int, tuple[set[int], set[int]]] = {}
        for unit in added:
            table.fold.learn(unit)
            for bits, number in self._place(unit, family, universe):
                for i in indexes(bits):
                    changes.setdefault(i, (set(), set()))[1].add(number)
        for unit in removed:
            others = by_content.get((unit.content, unit.direction), ())
            for at, odd in ((unit.sure_at, 0), (unit.perhaps_at, 1)):
                bits = at[family]
                for other in others:
                    bits &= ~(other.perhaps_at if odd else other.sure_at)[family]
                for i in indexes(bits):
                    changes.setdefault(i, (set(), set()))[0].add(unit.content << 1 | odd)
        of_position = table.of_position.copy()
        is_ingress = bool((removed or added) and (removed or added)[0].direction == "ingress")
        for i, (less, more) in changes.items():
            key, _ = table.keys[of_position[i]]
            contents = tuple(sorted((set(key) - less) | more))
            named = int(port_map[i]) if is_ingress and table.fold.is_named(contents) else 0
            class_ = (contents, named)
            if class_ not in table.number:
                table.number[class_] = len(table.keys)
                table.keys.append(class_)
            of_position[i] = table.number[class_]
        return Table(of_position, table.keys, table.fold, table.number, table.kept, table.keep)

    def _place(self, unit: Unit, family: Family, universe: Universe) -> list[tuple[int, int]]:
        """Where a unit acts, surely and perhaps, with the number its content has there."""
        bits = universe.select(unit.at) & universe.present
        at = self.enforcers[unit.enforcer].at
        if at is not EVERY_INTERFACE:
            bits &= universe.select(at)
        sure, perhaps = bits, 0
        if unit.own is not ANYBODY:
            own_must, own_may = universe(unit.own)
            sure, perhaps = bits & own_must, bits & own_may & ~own_must
        unit.sure_at[family], unit.perhaps_at[family] = sure, perhaps
        return [
            (part, number) for part, number in ((sure, unit.content << 1), (perhaps, unit.content << 1 | 1)) if part
        ]

    # --- tables --------------------

    def _table(self, family: Family, universe: Universe, folder: Folder, direction: Direction) -> Table:
        units = [u for u in self.units if u.direction == direction]
        contents: dict[int, Unit] = {}
        owners: list[list[int]] = []
        numbers: list[int] = []
        for unit in units:
            contents.setdefault(unit.content, unit)
            for part, number in self._place(unit, family, universe):
                owners.append(indexes(part))
                numbers.append(number)
        fold = _ClassFolder(self, universe, folder, direction, contents)
        keys: dict[ClassKey, int] = {((), 0): 0}
        of_position = np.zeros(universe.n, dtype=np.intp)
        if owners:
            flat = np.fromiter(chain.from_iterable(owners), dtype=np.intp)
            what = np.repeat(np.array(numbers, dtype=np.int64), [len(o) for o in owners])
            order = np.lexsort((what, flat))
            flat, what = flat[order], what[order]
            starts, _ = distinct(flat)
            who = flat[starts]
            runs = [*starts.tolist(), len(flat)]
            listed = what.tolist()
            port_map = self.identities.port_map.tolist()
            names: dict[tuple[int, ...], bool] = {}
            for i, identity in enumerate(who.tolist()):
                key = tuple(listed[runs[i] : runs[i + 1]])
                is_named = names.get(key)
                if is_named is None:
                    is_named = names[key] = direction == "ingress" and fold.is_named(key)
                class_ = (tuple(dict.fromkeys(key)), port_map[identity] if is_named else 0)
                of_position[identity] = keys.setdefault(class_, len(keys))
        table = Table(of_position, list(keys), fold, keys)
        sizes = {number: len(unit.rules) for number, unit in contents.items()}
        work = sum([sizes[c >> 1] for key, _ in table.keys for c in key]) * universe.n // 8
        if work > MEMORY_CAP_BYTES:
            table.keep, self.streamed = False, True
        return table

    def prove(self) -> None:
        """Fold every class now (what is streamed is folded and let go)."""
        for tables in self.tables.values():
            for table in (tables.egress, tables.ingress):
                for class_ in range(table.count):
                    table.rows(class_)

    def position(self, row: int) -> int:
        """The identity of an endpoint, which is its position in every universe."""
        return int(self.identities.of_row[row])

    def units_at(self, family: Family, position: int, direction: Direction) -> list[Unit]:
        """The units that act, perhaps, at this position, in input order."""
        return [
            u
            for u in self.units
            if u.direction == direction and (u.sure_at[family] | u.perhaps_at[family]) >> position & 1
        ]


class _ClassFolder:
    """Binds and folds the units of a class, memoised by unit content, by tier and by class."""

    def __init__(
        self, network: Network, universe: Universe, folder: Folder, direction: Direction, contents: dict[int, Unit]
    ) -> None:
        self._enforcers = network.enforcers
        self._universe = universe
        self._folder = folder
        self.atoms = folder.atoms
        self._direction = direction
        self._contents = contents
        self._port_maps = network.identities.port_maps
        self._definers = network.definers if direction == "egress" else {}
        self._named = {c for c, u in contents.items() if any(r.service.named for r in u.rules)}
        self._bound: dict[tuple[int, int], list[BoundRule]] = {}
        self._joined: dict[tuple[int, int], tuple[int, list[tuple[tuple[int, int], int, int]]]] = {}
        self._tiers: dict[tuple[tuple[int, ...], int], list[TierRow]] = {}
        self._free = [Row(folder.atoms.all, universe.every, universe.every, folder.atoms)]
        only = network.enforcers[0] if len(network.enforcers) == 1 else None
        self._plain = only is not None and only.default == "allow"
        self._denies = {c for c, u in contents.items() if _is_plain_denial(u)}

    def learn(self, unit: Unit) -> None:
        """Take in the content of a unit that an edit brought."""
        if unit.content in self._contents:
            return
        self._contents[unit.content] = unit
        if any(r.service.named for r in unit.rules):
            self._named.add(unit.content)
        if _is_plain_denial(unit):
            self._denies.add(unit.content)

    def is_named(self, key: tuple[int, ...]) -> bool:
        return bool(self._named) and any(c >> 1 in self._named for c in key)

    def __call__(self, key: tuple[int, ...], port_map: int) -> list[Row]:
        if not self._plain:
            return self._general(key, port_map)
        if not key:
            return self._free
        denies, contents = self._denies, self._contents
        tier = contents[key[0] >> 1].tier
        unsure = self._folder.atoms.all
        joined: dict[tuple[int, int], tuple[int, int]] = {}
        for c in key:
            number = c >> 1
            if c & 1 or number not in denies or contents[number].tier != tier:
                return self._general(key, port_map)
            named = port_map if number in self._named else 0
            found = self._joined.get((number, named))
            if found is None:
                found = self._joined[number, named] = self._join(number, named)
            unsure &= found[0]
            for services, must, may in found[1]:
                held = joined.get(services)
                joined[services] = (held[0] | must, held[1] | may) if held else (must, may)
        return self._folder.allow_rows(joined, unsure)

    def _join(self, content: int, port_map: int) -> tuple[int, list[tuple[tuple[int, int], int, int]]]:
        """Of a content that only allows and then denies: what its end leaves open, and its rules joined by services."""
        joined = join_rules(self._rules((content << 1,), port_map))
        unsure = self._folder.atoms.all
        for end in self._contents[content].ends:
            unsure &= self._folder.atoms.mask(end.unsure)
        return unsure, [(services, must, may) for services, (must, may) in joined.items()]

    def _general(self, key: tuple[int, ...], port_map: int) -> list[Row]:
        rows = self._free
        for e, enforcer in enumerate(self._enforcers):
            mine = [c for c in key if self._contents[c >> 1].enforcer == e]
            if not mine:
                continue  # it has no rules here and allows, or it does not act here
            tiers: list[TierRow] | None = None
            for t in range(len(enforcer.tiers)):
                part = tuple(c for c in mine if self._contents[c >> 1].tier == t)
                if not part:
                    continue
                folded = self._tier(part, port_map if self.is_named(part) else 0)
                tiers = folded if tiers is None else self._folder.compose(tiers, folded)
            if tiers is None:
                tiers = [TierRow(self._folder.atoms.all, 0, 0, self._universe.every)]
            settled = self._folder.settle(tiers, enforcer.default)
            rows = settled if rows is self._free else self._folder.both(rows, settled)
        return rows

    def _rules(self, key: tuple[int, ...], port_map: int) -> list[BoundRule]:
        out: list[BoundRule] = []
        for c in key:
            named = port_map if c >> 1 in self._named else 0
            bound = self._bound.get((c, named))
            if bound is None:
                bound = self._bound[c, named] = self._bind(c, named)
            out += bound
        return out

    def _tier(self, key: tuple[int, ...], port_map: int) -> list[TierRow]:
        folded = self._tiers.get((key, port_map))
        if folded is None:
            first = self._contents[key[0] >> 1]
            ties = self._enforcers[first.enforcer].tiers[first.tier].ties
            rules = self._rules(key, port_map)
            rules.sort(key=lambda r: r.rank)
            atoms = self._folder.atoms
            ends = {
                BoundEnd(e.action, atoms.all if c & 1 else atoms.mask(e.unsure))
                for c in key
                for e in self._contents[c >> 1].ends
            }
            folded = self._tiers[key, port_map] = self._folder.tier(rules, list(ends), ties)
        return folded

    def _bind(self, content: int, port_map: int) -> list[BoundRule]:
        out: list[BoundRule] = []
        atoms, every, ingress = self._folder.atoms, self._universe.every, self._direction == "ingress"
        for rule in self._contents[content >> 1].rules:
            must, may = self._universe(rule.src if ingress else rule.dst)
            if content & 1 or rule.when != UNGUARDED:
                must = 0
            sure = atoms.mask(rule.service.fixed)
            unsure = atoms.mask(rule.unsure) & ~sure if rule.unsure else 0
            if not rule.service.named:
                out.append(BoundRule(rule.rank, rule.policy, rule.index, rule.action, sure, unsure, must, may))
            elif ingress:
                # the class is of one port map: the names are numbers here
                for port in rule.service.named:
                    for name, protocol, number in self._port_maps[port_map]:
                        if name == port.name and protocol == port.protocol:
                            sure |= atoms.mask(ServiceSet.ports(protocol, number))
                out.append(BoundRule(rule.rank, rule.policy, rule.index, rule.action, sure, unsure & ~sure, must, may))
            else:
                # one rule a number, cut to the destinations that give the name this number
                out.append(BoundRule(rule.rank, rule.policy, rule.index, rule.action, sure, unsure, must, may))
                for port in rule.service.named:
                    for number, definers in self._definers.get((port.name, port.protocol), {}).items():
                        mask, cut = atoms.mask(ServiceSet.ports(port.protocol, number)), definers & every
                        out.append(
                            BoundRule(rule.rank, rule.policy, rule.index, rule.action, mask, 0, must & cut, may & cut)
                        )
        return [r for r in out if r.sure or r.unsure]


def _atoms(units: Iterable[Unit], identities: Identities) -> Atoms:
    """Atoms of all services that any rule or end mentions, names resolved by every port map that has them."""
    services: set[ServiceSet] = set()
    names: set[tuple[str, int]] = set()
    for unit in units:
        for rule in unit.rules:
            services.add(rule.service.fixed)
            services.add(rule.unsure)
            for port in rule.service.named:
                names.add((port.name, port.protocol))
        for end in unit.ends:
            services.add(end.unsure)
    if names:
        for port_map in identities.port_maps:
            services |= {ServiceSet.ports(p, n) for name, p, n in port_map if (name, p) in names}
    return Atoms(services)


def _definers(identities: Identities) -> dict[tuple[str, int], dict[int, int]]:
    """Who defines a named port as which number: (name, protocol) -> number -> identities."""
    out: dict[tuple[str, int], dict[int, int]] = {}
    of_map: dict[int, int] = {}
    for identity, number in enumerate(identities.port_map.tolist()):
        if number:
            of_map[number] = of_map.get(number, 0) | 1 << identity
    for number, bits in of_map.items():
        for name, protocol, port in identities.port_maps[number]:
            by_port = out.setdefault((name, protocol), {})
            by_port[port] = by_port.get(port, 0) | bits
    return out


def _is_plain_denial(unit: Unit) -> bool:
    """Allow rules that end in denial: NetworkPolicy's shape, which folds without tiers."""
    return (
        bool(unit.ends) and all(e.action == "deny" for e in unit.ends) and all(r.action == "allow" for r in unit.rules)
    )


def _units(enforcers: Sequence[Enforcer]) -> list[Unit]:
    units: list[Unit] = []
    for e, enforcer in enumerate(enforcers):
        for t, tier in enumerate(enforcer.tiers):
            units += _units_of(e, t, tier.rules, tier.ends)
        if enforcer.default != "allow":
            units += _presence(e, enforcer)
    return units


def _presence(number: int, enforcer: Enforcer) -> list[Unit]:
    """Units without rules that mark where an enforcer acts: its default holds there and nowhere else."""
    source = ("Enforcer", "", enforcer.name)
    directions: tuple[Direction, ...] = ("egress", "ingress")
    return [Unit(number, -1, direction, enforcer.at, ANYBODY, (), (), source) for direction in directions]


def _units_of(enforcer: int, tier: int, rules: Iterable[Rule], ends: Iterable[End]) -> list[Unit]:
    """Rules and ends joined where one object's act at the same interfaces in one direction."""
    joined: dict[tuple[Direction, int, Peer, str, str], tuple[Rule | End, list[Rule], list[End]]] = {}
    key: tuple[Direction, int, Peer, str, str]
    # ends first: every isolating policy has one, so that all stand in input order, those without rules too
    for end in ends:
        key = (end.direction, id(end.at), ANYBODY, end.origin.namespace, end.origin.name)
        held = joined.get(key)
        if held is None:
            held = joined[key] = (end, [], [])
        held[2].append(end)
    for rule in rules:
        own = rule.dst if rule.direction == "ingress" else rule.src
        key = (rule.direction, id(rule.at), own, rule.origin.namespace, rule.origin.name)
        held = joined.get(key)
        if held is None:
            held = joined[key] = (rule, [], [])
        held[1].append(rule)
    return [
        Unit(enforcer, tier, key[0], first.at, key[2], tuple(r), tuple(e), (first.origin.kind, key[3], key[4]))
        for key, (first, r, e) in joined.items()
    ]


def _content(unit: Unit) -> object:
    """What of a unit decides its rows. Policies count only where their rules can tie with another's."""
    ordered = any(r.action != "allow" for r in unit.rules)
    return (
        unit.enforcer,
        unit.tier,
        unit.direction,
        tuple(
            (
                r.rank,
                (r.policy, r.index) if ordered else 0,
                r.src if r.direction == "egress" else NOBODY,
                r.dst if r.direction == "ingress" else NOBODY,
                r.src if r.direction == "ingress" else r.dst,
                r.service,
                r.unsure,
                r.when,
                r.action,
            )
            for r in unit.rules
        ),
        tuple((e.action, e.unsure) for e in unit.ends),
    )


def _walk(units: Iterable[Unit], enforcers: Iterable[Enforcer]) -> tuple[Mentions, list[IpSet]]:
    """What the rules tell apart: labels and port names, and sets of addresses."""
    values: dict[str, set[str]] = {}
    presence: set[str] = set()
    names: set[str] = set()
    addresses: dict[IpSet, None] = {}
    seen: set[int] = {id(ANYBODY)}

    def walk(peer: Peer) -> None:
        if isinstance(peer, Members):
            mentions(peer.selector, values, presence)
        elif isinstance(peer, (AndPeer, OrPeer)):
            for part in peer.parts:
                walk(part)
        elif isinstance(peer, Addresses):
            addresses[peer.addresses] = None
        elif isinstance(peer, NotPeer):
            walk(peer.part)

    for enforcer in enforcers:
        mentions(enforcer.at, values, presence)
    for unit in units:
        mentions(unit.at, values, presence)
        for rule in unit.rules:
            for peer in (rule.src, rule.dst):
                if id(peer) not in seen:
                    seen.add(id(peer))
                    walk(peer)
            if rule.service.named:
                names.update(p.name for p in rule.service.named)
    return Mentions(values, presence, frozenset(names)), list(addresses)
