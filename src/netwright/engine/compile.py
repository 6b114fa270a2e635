"""From columns and rules to a Network: two tables of rows a family, one for each direction, that are the answer.

For a source of egress class c and a destination of ingress class k, a service is allowed where the source's egress row
holds the destination and the destination's ingress row holds the source. Nothing is expanded to prove it: a pair costs
two lookups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from netwright.base.errors import InternalError
from netwright.base.ipset import INTERNET, NOT_UNICAST, PRIVATE, Family
from netwright.base.selectors import ALWAYS as EVERY_INTERFACE
from netwright.base.services import ServiceSet
from netwright.engine.atoms import AddressClasses
from netwright.engine.bits import indexes, of_indexes, spread
from netwright.engine.class_rows import ClassFolder, Definers
from netwright.engine.contents import Contents
from netwright.engine.fold import Atoms, Folder, Row
from netwright.engine.identities import Identities, Mentions, identify
from netwright.engine.refining import Refined, refined
from netwright.engine.tables import ClassKey, FamilyTables, Table
from netwright.engine.units import (
    Delta,
    Told,
    Unit,
    content_of,
    units_of,
    units_of_enforcers,
    walk,
)
from netwright.engine.universe import Bits, Selection, Universe
from netwright.model.columns import Columns
from netwright.model.isolation import ENFORCER as ISOLATION
from netwright.model.machines import ENFORCER as GUESTS
from netwright.model.mesh import ENFORCER
from netwright.model.rule import (
    ANYBODY,
    Direction,
    Enforcer,
    Ties,
)

if TYPE_CHECKING:
    import numpy.typing as npt


MEMORY_CAP_BYTES = 3 << 30
"""Above this estimate rows are folded when they are asked for and not kept."""


class Beside(NamedTuple):
    """What is to be told apart though no rule mentions it, for edits that will: labels by attribute key and value, and
    services."""

    labels: Sequence[tuple[str, str]]
    services: ServiceSet


class Network:
    """A compiled network: endpoints, enforcers, identities, and the tables of each family."""

    def __init__(
        self,
        columns: Columns,
        enforcers: Sequence[Enforcer],
        families: Sequence[Family],
        *,
        like: Network | None = None,
        beside: Beside | None = None,
    ) -> None:
        """`like`: a network whose numbers of rule contents go on here, so that classes of both can be compared."""
        self.columns = columns
        self.enforcers = tuple(enforcers)
        self.families = tuple(families)
        for enforcer in self.enforcers:
            if "self" not in enforcer.exempt or not enforcer.stateful or enforcer.hook != "post_dnat":
                raise InternalError(
                    f"the engine reads no stateless enforcers, no other hooks, none that cuts a pod from itself: "
                    f"`{enforcer.name}`"
                )
        self.exempts_own_node = all("own node" in enforcer.exempt for enforcer in self.enforcers)
        self.mesh = mesh_of(self.enforcers)
        self.guests = next((e for e, enforcer in enumerate(self.enforcers) if enforcer.name == GUESTS), -1)
        self.isolation = next((e for e, enforcer in enumerate(self.enforcers) if enforcer.name == ISOLATION), -1)
        self._contents: dict[object, int] = like._contents if like is not None else {}
        units = units_of_enforcers(enforcers)
        told = walk(units, enforcers)
        if beside is not None:
            told.spoken.fixed.add(beside.services)
            for key, value in beside.labels:
                told.mentions.values.setdefault(key, set()).add(value)
        self._compile(units, told)

    def _compile(
        self,
        units: Sequence[Unit],
        told: Told,
        classes: dict[Family, AddressClasses] | None = None,
    ) -> None:
        self.units, self._told = units, told
        if classes is None:
            outside = [INTERNET, PRIVATE, NOT_UNICAST]
            classes = {f: AddressClasses(f, [*outside, *told.addresses]) for f in self.families}
        self.identities: Identities = identify(self.columns, told.mentions, classes)
        self.select = Selection(self.columns, self.identities)
        self._number(units)
        self.definers = _definers(self.identities)
        self.atoms = Atoms(told.spoken.services(self.identities.port_maps))
        self.tables: dict[Family, FamilyTables] = {}
        self.streamed = False
        for f, universe in self._universes(classes).items():
            folder = Folder(universe.every, self.atoms)
            self.tables[f] = FamilyTables(
                f, universe, self._table(f, universe, folder, "egress"), self._table(f, universe, folder, "ingress")
            )

    def _number(self, units: Iterable[Unit]) -> None:
        """The numbers of the units' contents."""
        ties: dict[tuple[int, int], Ties] = {(e, -1): "ordered" for e in range(len(self.enforcers))}
        for e, enforcer in enumerate(self.enforcers):
            ties |= {(e, t): tier.ties for t, tier in enumerate(enforcer.tiers)}
        contents = self._contents
        for unit in units:
            if unit.content < 0:
                unit.content = contents.setdefault(content_of(unit, ties[unit.enforcer, unit.tier]), len(contents))

    @property
    def mentions(self) -> Mentions:
        """The labels and port names that are told apart."""
        return self._told.mentions

    # --- edits --------------------

    def apply(self, *deltas: Delta) -> Network:
        """The network after edits, one after the other; equal to compiling the edited rules anew.

        Identities, atoms and the rows of all classes that an edit does not touch are shared, where the new rules tell
        nothing apart that was not told apart before.
        """
        network = self
        for delta in deltas:
            network = network._after(delta)
        return network

    def _after(self, delta: Delta) -> Network:
        added = units_of(delta.enforcer, delta.tier, delta.rules, delta.ends)
        removed = [
            u for u in self.units if u.source in delta.removed and (u.enforcer, u.tier) == (delta.enforcer, delta.tier)
        ]
        gone = set(map(id, removed))
        place = next((i for i, u in enumerate(self.units) if id(u) in gone), len(self.units))
        units = [*self.units[:place], *added, *(u for u in self.units[place:] if id(u) not in gone)]
        finer = self._telling_apart(added)
        new = self._blank()
        new._number(added)
        new._edit(finer, units, removed, added)
        return new

    def knowing(self, deltas: Iterable[Delta]) -> Network:
        """This network, told apart finely enough for all these edits: to apply one then costs little."""
        return self._telling_apart([u for d in deltas for u in units_of(d.enforcer, d.tier, d.rules, d.ends)])

    def _blank(self) -> Network:
        """Another network of the same endpoints and enforcers, to be filled."""
        new = Network.__new__(Network)
        new.columns, new.enforcers, new.families = self.columns, self.enforcers, self.families
        new.exempts_own_node, new.mesh, new.guests = self.exempts_own_node, self.mesh, self.guests
        new.isolation = self.isolation
        new._contents = self._contents
        return new

    def _telling_apart(self, added: Sequence[Unit]) -> Network:
        """This network, told apart finely enough for units that are not its own."""
        more = walk(added, ())
        services = more.spoken.services(self.identities.port_maps)
        knows_addresses = all(t.universe.classes.knows(s) for t in self.tables.values() for s in more.addresses)
        knows_names = more.mentions.port_names <= self.mentions.port_names
        if (
            knows_addresses
            and knows_names
            and self.mentions.hold(more.mentions)
            and all(self.atoms.knows(s) for s in services)
        ):
            return self
        new = self._blank()
        told = self._told.joined(more)
        if knows_addresses and knows_names:
            found = refined(self.columns, self.identities, self.mentions, told.mentions)
            if found is not None:
                new._refine(self, told, found, self.atoms.finer(services))
                return new
        same = len(told.addresses) == len(self._told.addresses)
        reused = {f: t.universe.classes for f, t in self.tables.items()} if same else None
        new._compile(self.units, told, reused)
        return new

    def _refine(self, old: Network, told: Told, found: Refined, atoms: Atoms) -> None:
        """What another network is once more is told apart: the same classes, over more positions."""
        self.units, self._told = old.units, told
        self.streamed, self.atoms, self.identities = old.streamed, atoms, found.identities
        self.select, self.definers = old.select, old.definers
        universes = {f: t.universe for f, t in old.tables.items()}
        if found.identities is not old.identities:
            self.select, self.definers = Selection(self.columns, self.identities), _definers(self.identities)
            universes = self._universes({f: u.classes for f, u in universes.items()})
        self.tables = {}
        for f, tables in old.tables.items():
            universe = universes[f]
            positions = universe.positions_in(tables.universe, found.parent)
            folder = Folder(universe.every, atoms)
            egress, ingress = (
                table.over(positions, ClassFolder(self.enforcers, table.fold.contents, self.definers, universe, folder))
                for table in (tables.egress, tables.ingress)
            )
            self.tables[f] = FamilyTables(f, universe, egress, ingress)

    def _universes(self, classes: dict[Family, AddressClasses]) -> dict[Family, Universe]:
        with_own_nodes = not self.exempts_own_node
        universes = {
            f: Universe(f, self.columns, self.identities, classes[f], self.select, with_own_nodes=with_own_nodes)
            for f in self.families
        }
        for f, universe in universes.items():
            universe.other = next((u for g, u in universes.items() if g != f), None)
        return universes

    def _edit(self, old: Network, units: list[Unit], removed: Sequence[Unit], added: Sequence[Unit]) -> None:
        self.units, self._told = units, old._told
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
            table.fold.contents.learn(unit)
            for odd, bits in enumerate(self._acting(unit, universe)):
                for i in indexes(bits):
                    changes.setdefault(i, (set(), set()))[1].add(unit.content << 1 | odd)
        for unit in removed:
            others = [self._acting(other, universe) for other in by_content.get((unit.content, unit.direction), ())]
            for odd, bits in enumerate(self._acting(unit, universe)):
                for other in others:
                    bits &= ~other[odd]
                for i in indexes(bits):
                    changes.setdefault(i, (set(), set()))[0].add(unit.content << 1 | odd)
        of_position = table.of_position.copy()
        numbers = table.number
        is_ingress = bool((removed or added) and (removed or added)[0].direction == "ingress")
        for i, (less, more) in changes.items():
            key, _ = table.keys[of_position[i]]
            contents = tuple(sorted((set(key) - less) | more))
            class_ = (contents, table.fold.contents.alias(contents, int(port_map[i])) if is_ingress else 0)
            if class_ not in numbers:
                numbers[class_] = len(table.keys)
                table.keys.append(class_)
            of_position[i] = numbers[class_]
        return Table(of_position, table.keys, table.fold, table.kept, table.keep, numbers)

    def acting(self, unit: Unit, family: Family) -> Bits:
        """The positions where a unit acts surely, and those where it acts only perhaps."""
        return self._acting(unit, self.tables[family].universe)

    def _acting(self, unit: Unit, universe: Universe) -> Bits:
        select = universe.select
        at = self.enforcers[unit.enforcer].at
        sure, may = select.surely(unit.at)
        if at is not EVERY_INTERFACE:
            must_act, may_act = select.surely(at)
            sure, may = sure & must_act, may & may_act
        if unit.own is not ANYBODY:
            own_must, own_may = universe(unit.own)
            sure, may = sure & own_must, may & own_may
        sure, may = universe.with_own(sure & universe.present), universe.with_own(may & universe.present)
        if "own node" in self.enforcers[unit.enforcer].exempt:
            sure, may = sure & ~universe.owns, may & ~universe.owns
        return sure, may & ~sure

    # --- tables --------------------

    def _table(self, family: Family, universe: Universe, folder: Folder, direction: Direction) -> Table:
        contents: dict[int, Unit] = {}
        parts: list[int] = []
        numbers: list[int] = []
        everywhere = [e.at is EVERY_INTERFACE for e in self.enforcers]
        select, memo, present = universe.select, universe.select.memo, universe.present
        is_plain = not select.unlabelled and not universe.own
        for unit in self.units:
            if unit.direction != direction:
                continue
            contents.setdefault(unit.content, unit)
            if unit.own is ANYBODY and everywhere[unit.enforcer] and is_plain:  # by far the most
                selected = memo.get(unit.at)
                if selected is None:
                    selected = memo[unit.at] = select.evaluated(unit.at)
                parts.append(selected & present)
                numbers.append(unit.content << 1)
            else:
                for odd, part in enumerate(self._acting(unit, universe)):
                    if part:
                        parts.append(part)
                        numbers.append(unit.content << 1 | odd)
        names = Contents(contents, direction, self.identities.port_maps)
        fold = ClassFolder(self.enforcers, names, self.definers, universe, folder)
        keys: list[ClassKey] = [((), 0)]
        of_position = np.zeros(universe.n, dtype=np.intp)
        table = Table(of_position, keys, fold)
        which, at = spread(parts)
        if not len(at):
            return table
        codes = np.array(numbers, dtype=np.int64)[which]
        maps = len(self.identities.port_maps) if direction == "ingress" else 1
        if maps > 1:
            # contents that name ports are told apart by what the names are at the subject
            codes = codes * maps + names.aliases(2 * max(contents) + 2)[codes >> 1, _port_maps(self.identities, at)]
        width = int(codes.max()) + 1
        codes = np.sort(at * width + codes)
        codes = codes[np.concatenate([[True], codes[1:] != codes[:-1]])]
        at, codes = np.divmod(codes, width)
        starts = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]]))
        bounds = [*starts.tolist(), len(at)]
        # a class is a run of numbers: its bytes are its name, and only the first of a name is spelled out
        raw = codes.tobytes()
        found: dict[bytes, int] = {}
        first: list[int] = []
        of: list[int] = []
        for i, (a, b) in enumerate(pairwise([8 * x for x in bounds])):
            name = raw[a:b]
            class_ = found.get(name)
            if class_ is None:
                first.append(i)
                class_ = found[name] = len(first)
            of.append(class_)
        of_position[at[starts]] = of
        what = codes // maps
        listed = what.tolist()
        if maps > 1:
            port_map = _port_maps(self.identities, at[starts]).tolist()
            naming = np.logical_or.reduceat(names.are_naming(2 * max(contents) + 2)[what >> 1], starts).tolist()
            for i in first:
                key = tuple(listed[bounds[i] : bounds[i + 1]])
                keys.append((key, names.alias(key, port_map[i]) if naming[i] else 0))
        else:
            keys += [(tuple(listed[bounds[i] : bounds[i + 1]]), 0) for i in first]
        sizes = np.zeros(2 * max(contents) + 2, dtype=np.int64)
        sizes[list(contents)] = [len(unit.rules) for unit in contents.values()]
        work = int(np.add.reduceat(sizes[what >> 1], starts)[first].sum()) * universe.n // 8
        if work > MEMORY_CAP_BYTES:
            table.keep, self.streamed = False, True
        return table

    def prove(self) -> None:
        """Fold every class now (what is streamed is folded and let go)."""
        for tables in self.tables.values():
            for table in (tables.egress, tables.ingress):
                kept, fold = table.kept, table.fold
                for class_, key in enumerate(table.keys):
                    if class_ not in kept:
                        rows = fold(*key)
                        if table.keep:
                            kept[class_] = rows

    def is_numbered_like(self, other: Network) -> bool:
        """Whether equal numbers of contents mean equal rules in both."""
        return self._contents is other._contents

    def rows_of_cni(self, table: Table, class_: int) -> list[Row]:
        """The rows of a class without what a mesh, the interface of a machine or another network denies."""
        return self._rows_without(table, class_, (self.mesh, self.guests, self.isolation))

    def rows_of_policies(self, table: Table, class_: int) -> tuple[list[Row], int]:
        """The rows of a class without what the interface of a machine denies, and the services that it surely does."""
        if self.guests < 0:
            return table.rows(class_), 0
        contents, port_map = table.keys[class_]
        lost = table.fold.atoms.all
        for row in table.fold(table.fold.contents.of_enforcer(contents, self.guests), port_map):
            lost &= ~row.mask if row.may else lost
        return self._rows_without(table, class_, (self.guests,)), lost

    def _rows_without(self, table: Table, class_: int, enforcers: Sequence[int]) -> list[Row]:
        if max(enforcers) < 0:
            return table.rows(class_)
        contents, port_map = table.keys[class_]
        of_these = {c for e in enforcers if e >= 0 for c in table.fold.contents.of_enforcer(contents, e)}
        return table.fold(tuple(c for c in contents if c not in of_these), port_map)

    def position(self, row: int) -> int:
        """The identity of an endpoint, which is its position in every universe."""
        return int(self.identities.of_row[row])

    def units_at(self, family: Family, position: int, direction: Direction) -> list[tuple[Unit, bool]]:
        """The units that act, perhaps, at this position, in input order; of each whether it surely does."""
        tables = self.tables[family]
        table = tables.egress if direction == "egress" else tables.ingress
        key, _ = table.keys[int(table.of_position[position])]
        contents = {c >> 1 for c in key}
        found: list[tuple[Unit, bool]] = []
        for unit in self.units:
            if unit.content in contents and unit.direction == direction:
                sure, perhaps = self._acting(unit, tables.universe)
                if (sure | perhaps) >> position & 1:
                    found.append((unit, bool(sure >> position & 1)))
        return found


def _port_maps(identities: Identities, at: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    """The port maps of positions; a node as somebody's own has none, as every node."""
    return np.where(at < identities.count, identities.port_map[np.minimum(at, identities.count - 1)], 0)


def mesh_of(enforcers: Sequence[Enforcer]) -> int:
    """The number of the enforcer that is a mesh, -1 where there is none."""
    return len(enforcers) - 1 if enforcers and enforcers[-1].name == ENFORCER else -1


def _definers(identities: Identities) -> Definers:
    out: Definers = {}
    order = np.argsort(identities.port_map, kind="stable")
    bounds = np.searchsorted(identities.port_map[order], np.arange(len(identities.port_maps) + 1)).tolist()
    for port_map, (a, b) in zip(identities.port_maps, pairwise(bounds), strict=True):
        if port_map and a < b:
            bits = of_indexes(order[a:b], identities.count)
            for name, protocol, port in port_map:
                by_port = out.setdefault((name, protocol), {})
                by_port[port] = by_port.get(port, 0) | bits
    return out
