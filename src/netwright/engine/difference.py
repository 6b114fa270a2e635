"""Which connections differ between two networks.

Both are seen from the same ends: pods of one workload that neither network tells apart, and outside addresses that
neither does. An end that one network lacks has no connections there; one that it lacks perhaps, any. Rows are compared
class by class, each pair of classes once, and only where they differ are the tables joined; nothing loops over pairs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np

from netwright.base.ipset import Family, IpSet
from netwright.base.services import ALL, ServiceSet
from netwright.engine.bits import distinct
from netwright.engine.compile import Network
from netwright.engine.join import Join, Like, Sides, Sureness
from netwright.engine.relations import Relation, passing
from netwright.engine.tables import FamilyTables, Table
from netwright.model.rule import Direction

if TYPE_CHECKING:
    import numpy.typing as npt

    from netwright.engine.bits import Indexes

    Flags = npt.NDArray[np.bool_]


CHUNK = 256
CELLS = 4_000_000
"""Pairs that are looked at together."""
ABSENT, PERHAPS = -1, -2
"""Instead of a position: a network has no such end; it is not known whether it has one, of which then nothing is."""
NOTHING = ServiceSet()
EGRESS, INGRESS = 1, 2
SIDES: tuple[Direction, Direction] = ("egress", "ingress")


class View(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One network as the ends see it: their positions, or ABSENT or PERHAPS, and what applies between two ends besides
    policy."""

    network: Network
    family: Family
    positions: Indexes
    relations: Mapping[tuple[int, int], Relation]
    nodes: frozenset[int]
    """The ends that are on their node's network."""
    has_perhaps: bool = False
    """Whether any end is PERHAPS there."""

    @property
    def tables(self) -> FamilyTables:
        return self.network.tables[self.family]

    def related(self, source: int, destination: int, between: Relation) -> tuple[ServiceSet, ServiceSet]:
        """What surely and perhaps passes between two ends that are related; nothing counts of an end to itself."""
        if between == "self":
            return NOTHING, NOTHING
        at, to = int(self.positions[source]), int(self.positions[destination])
        return passing(self.tables, at, to, between, source in self.nodes)


class Differences(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Pairs of ends whose services differ, by number of end and ascending; `services[k]` is what number k lets pass.

    `was` and `now` have a row a pair: surely, and perhaps. `egress` and `ingress` mark the pairs whose own rows in that
    direction differ, so that what acts there has to do with it.
    """

    source: Indexes
    destination: Indexes
    was: npt.NDArray[np.int32]
    now: npt.NDArray[np.int32]
    services: list[ServiceSet]
    egress: npt.NDArray[np.bool_]
    ingress: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.source)


class _Numbers:
    """Service sets as numbers that two networks share; 0 is nothing."""

    def __init__(self, wanted: ServiceSet) -> None:
        self.wanted = wanted
        self.services: list[ServiceSet] = [ServiceSet()]
        self._of: dict[ServiceSet, int] = {ServiceSet(): 0}

    def __call__(self, services: ServiceSet) -> int:
        services = services & self.wanted
        found = self._of.get(services)
        if found is None:
            found = self._of[services] = len(self.services)
            self.services.append(services)
        return found

    def all(self, services: Sequence[ServiceSet]) -> npt.NDArray[np.int32]:
        return np.array([self(s) for s in services], dtype=np.int32)


def differences(
    before: View, after: View, changed: npt.NDArray[np.bool_], *, outside: int, wanted: ServiceSet = ALL
) -> Differences:
    """Compare two networks of the same ends, the last `outside` of which are outside addresses.

    `changed` marks the ends that rules may see otherwise than before: labels, ports, addresses, presence. Classes with
    the same rules in both networks are compared at these only. That needs networks whose contents are numbered alike
    (`Network.apply`, or `like`); others are compared everywhere. Between two outside ends, and from a single pod to
    itself, there is no connection.
    """
    numbers = _Numbers(wanted)
    n = len(before.positions)
    both = _Both(before, after, changed, n - outside)
    found: list[tuple[Any, ...]] = []
    for mark, direction in ((EGRESS, "egress"), (INGRESS, "ingress")):
        for groups in _batches(list(_groups(both, direction))):  # type: ignore[arg-type]
            own, of, columns, flags = groups
            step = max(CHUNK, CELLS // len(columns))
            for start in range(0, len(own), step):
                mine, wanted_cells = own[start : start + step], flags[of[start : start + step]]
                if direction == "egress":
                    part = _compare(both, mine, columns, wanted_cells, numbers)
                else:
                    part = _compare(both, columns, mine, wanted_cells.T, numbers)
                found.append((mark, *part))
    for s, d in sorted(_related_otherwise(both)):
        one = np.array([s], dtype=np.intp), np.array([d], dtype=np.intp)
        found.append((0, *_compare(both, *one, np.ones((1, 1), dtype=np.bool_), numbers)))
    code = np.concatenate([np.zeros(0, dtype=np.intp), *(f[1] for f in found)])
    first, number = distinct(code)
    marks = np.concatenate([np.zeros(0, dtype=np.uint8), *(np.full(len(f[1]), f[0], dtype=np.uint8) for f in found)])
    joined = np.zeros(len(first), dtype=np.uint8)
    np.bitwise_or.at(joined, number, marks)
    code = code[first]
    none = np.zeros((0, 2), dtype=np.int32)
    was, now = (np.concatenate([none, *(f[i] for f in found)])[first] for i in (2, 3))
    return Differences(
        source=code // n,
        destination=code % n,
        was=was,
        now=now,
        services=numbers.services,
        egress=(joined & EGRESS) > 0,
        ingress=(joined & INGRESS) > 0,
    )


class _Alike:
    """Whether two classes of a direction have the same contents over the same port map, each pair worked out once."""

    def __init__(self, before: View, after: View, direction: Direction) -> None:
        self.tables = [v.tables.egress if direction == "egress" else v.tables.ingress for v in (before, after)]
        self._comparable = before.network.is_numbered_like(after.network)
        self._known: dict[tuple[int, int], bool] = {}

    def __call__(self, a: int, b: int) -> bool:
        found = self._known.get((a, b))
        if found is None:
            found = self._known[a, b] = self._comparable and self._say_the_same(a, b)
        return found

    def _say_the_same(self, a: int, b: int) -> bool:
        one, other = self.tables
        if one.keys is other.keys:
            return a == b  # an edit goes on numbering the classes of its network
        (contents, port_map), (others, other_map) = one.keys[a], other.keys[b]
        if contents != others:
            return False
        here, there = one.fold.contents, other.fold.contents
        return here.named_ports(contents, port_map) == there.named_ports(others, other_map)


class _Both:
    """Two networks of the same ends, the ends that rules may see otherwise, and how many of all are no outside
    addresses."""

    def __init__(self, before: View, after: View, changed: Flags, inside: int) -> None:
        self.before, self.after, self.changed, self.inside = before, after, changed, inside
        self.alike: dict[Direction, _Alike] = {side: _Alike(before, after, side) for side in SIDES}


def _related_otherwise(both: _Both) -> set[tuple[int, int]]:
    """The pairs between which something else applies besides policy; or the same, and policy says otherwise of it."""
    before, after = both.before, both.after
    found = set()
    exempt = before.network.exempts_own_node and after.network.exempts_own_node
    out, into = ([], []) if exempt else [_otherwise(both, side).tolist() for side in SIDES]
    for pair in {**before.relations, **after.relations}:
        was, now = before.relations.get(pair), after.relations.get(pair)
        if was is None or now is None or was != now:
            found.add(pair)
        elif not exempt and (out[pair[0]] or into[pair[1]]):
            if before.related(*pair, was) != after.related(*pair, now):
                found.add(pair)
    return found


def _otherwise(both: _Both, direction: Direction) -> Flags:
    """The ends that changed, or whose own rules differ, as those of a pod or node or of somebody's own node."""
    before, after, alike = both.before, both.after, both.alike[direction]
    found = both.changed.copy()
    one, other = alike.tables
    own, others = before.tables.universe.own, after.tables.universe.own
    for end, (a, b) in enumerate(zip(before.positions.tolist(), after.positions.tolist(), strict=True)):
        for places in ((a, b), (own.get(a, a), others.get(b, b))):
            if min(places) < 0:
                found[end] |= a != b
                continue
            found[end] |= not alike(int(one.of_position[places[0]]), int(other.of_position[places[1]]))
    return found


# --- where to look --------------------


Group: TypeAlias = "tuple[Indexes, Indexes]"
"""Ends whose own rows differ, and the ends that these treat otherwise."""
Batch: TypeAlias = "tuple[Indexes, Indexes, Indexes, npt.NDArray[np.bool_]]"
"""Ends of several groups, the group of each, the columns of all groups, and which columns are a group's."""


def _batches(groups: list[Group]) -> Iterator[Batch]:
    """Groups joined as long as that makes little more to look at: each join has a price of its own."""
    groups.sort(key=lambda g: len(g[1]))
    batch: list[Group] = []
    columns: npt.NDArray[Any] = np.zeros(0, dtype=np.intp)
    ends = exact = 0
    for group in groups:
        more = _union(columns, group[1]) if batch else group[1]
        if batch and (ends + len(group[0])) * len(more) > 4 * (exact + len(group[0]) * len(group[1])) + CELLS:
            yield _batch(batch, columns)
            batch, more, ends, exact = [], group[1], 0, 0
        batch.append(group)
        columns = more
        ends += len(group[0])
        exact += len(group[0]) * len(group[1])
    if batch:
        yield _batch(batch, columns)


def _union(one: Indexes, other: Indexes) -> Indexes:
    both = np.concatenate([one, other])
    return both[distinct(both)[0]]


def _batch(groups: Sequence[Group], columns: Indexes) -> Batch:
    own = np.concatenate([g[0] for g in groups])
    of = np.repeat(np.arange(len(groups)), [len(g[0]) for g in groups])
    flags = np.zeros((len(groups), len(columns)), dtype=np.bool_)
    for i, (_, differing) in enumerate(groups):
        flags[i, np.searchsorted(columns, differing)] = True
    return own, of, columns, flags


def _groups(both: _Both, direction: Direction) -> Iterator[Group]:
    """Classes whose own rows differ, those with the same differing ends together."""
    before, after, alike = both.before, both.after, both.alike[direction]
    tables = alike.tables
    classes = [
        np.where(v.positions >= 0, t.of_position[v.positions], v.positions)
        for v, t in zip((before, after), tables, strict=True)
    ]
    width = tables[1].count - PERHAPS
    first, of = distinct((classes[0] - PERHAPS) * width + classes[1] - PERHAPS)
    pairs = list(zip(classes[0][first].tolist(), classes[1][first].tolist(), strict=True))
    everywhere: list[int] = []
    changed_only: list[int] = []
    for number, (a, b) in enumerate(pairs):
        (changed_only if a >= 0 and b >= 0 and alike(a, b) else everywhere).append(number)
    where = np.arange(len(before.positions), dtype=np.intp)
    columns: dict[bytes, tuple[Indexes, list[int]]] = {}
    for listed, at in ((everywhere, where), (changed_only, where[both.changed])):
        if len(at):
            for number, differing in _differing_columns(before, after, tables, pairs, listed, at):
                columns.setdefault(differing.tobytes(), (differing, []))[1].append(number)
    for differing, members in columns.values():
        flags = np.zeros(len(pairs), dtype=np.bool_)
        flags[members] = True
        yield np.flatnonzero(flags[of]), differing


def _differing_columns(
    before: View,
    after: View,
    tables: Sequence[Table],
    pairs: Sequence[tuple[int, int]],
    listed: Sequence[int],
    at: Indexes,
) -> Iterator[tuple[int, Indexes]]:
    """For each listed pair of classes the ends, of those `at`, that the two classes treat otherwise; none, no pair."""
    everything = _Numbers(ALL)
    for start in range(0, len(listed), CHUNK):
        chunk = listed[start : start + CHUNK]
        seen: list[tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
        for side, (view, table) in enumerate(zip((before, after), tables, strict=True)):
            held = [pairs[number][side] for number in chunk]
            positions = view.positions[at]
            sides = Sides(table, [c for c in held if c >= 0], view.tables.universe.n, np.maximum(positions, 0))
            arrays = (sides.must,) if sides.is_certain and not view.has_perhaps else (sides.must, sides.may)
            numbers, present = everything.all(sides.services), [i for i, c in enumerate(held) if c >= 0]
            both = []
            for numbered in arrays:
                whole = np.zeros((len(chunk), len(at)), dtype=np.int32)
                whole[present] = numbers[numbered]
                whole[:, positions < 0] = 0
                both.append(whole)
            if view.has_perhaps:
                own = np.array(held)[:, None]
                both[1][((own == PERHAPS) & (positions != ABSENT)) | ((own != ABSENT) & (positions == PERHAPS))] = (
                    everything(ALL)
                )
            seen.append((both[0], both[-1]))
        differing = (seen[0][0] != seen[1][0]) | (seen[0][1] != seen[1][1])
        for i in np.flatnonzero(differing.any(axis=1)).tolist():
            yield chunk[i], at[differing[i]]


# --- what differs --------------------


def _compare(
    both: _Both, sources: Indexes, destinations: Indexes, asked: npt.NDArray[np.bool_], numbers: _Numbers
) -> tuple[Any, ...]:
    """Codes of the pairs that differ, of those `asked` for, and what surely and perhaps passes before and after."""
    before, after, inside = both.before, both.after, both.inside
    i, j = np.nonzero(asked & ~((sources >= inside)[:, None] & (destinations >= inside)[None, :]))
    first = _join(before, sources, destinations)
    # most classes say the same of the same ends, and most ends are the same
    egress, ingress = (
        None if both.changed[ends].any() else both.alike[side]
        for side, ends in zip(SIDES, (destinations, sources), strict=True)
    )
    second = _join(after, sources, destinations, Like(first, egress, ingress))
    seen = [
        found
        for view, join, other in ((before, first, after), (after, second, before))
        for found in _services(view, join, sources, destinations, i, j, numbers, other.relations)
    ]
    differing = np.flatnonzero((seen[0] != seen[2]) | (seen[1] != seen[3]))
    code = sources[i[differing]] * len(before.positions) + destinations[j[differing]]
    was = np.stack([seen[0][differing], seen[1][differing]], axis=1)
    now = np.stack([seen[2][differing], seen[3][differing]], axis=1)
    return code, was, now


def _join(view: View, sources: Indexes, destinations: Indexes, like: Like | None = None) -> Join:
    from_, to = view.positions[sources], view.positions[destinations]
    return Join(view.tables, np.maximum(from_, 0).tolist(), np.maximum(to, 0).tolist(), like)


def _services(
    view: View,
    join: Join,
    sources: Indexes,
    destinations: Indexes,
    i: Indexes,
    j: Indexes,
    numbers: _Numbers,
    elsewhere: Mapping[tuple[int, int], Relation],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """What surely, and what perhaps, passes from sources[i[k]] to destinations[j[k]]; (i, j) ascend. `elsewhere`: what
    applies between ends in the other network."""
    from_, to = view.positions[sources], view.positions[destinations]
    absent = (from_ < 0)[i] | (to < 0)[j]
    perhaps = _perhaps(from_, to, i, j) if view.has_perhaps else None
    if perhaps is not None:
        itself = [s for (s, d), relation in elsewhere.items() if relation == "self"]
        perhaps &= (sources[i] != destinations[j]) | ~np.isin(sources[i], itself)
    related = _related(view, sources, destinations, i, j)
    found: list[npt.NDArray[np.int32]] = []
    sureness: Sureness
    for sureness in ("must", "may"):
        if sureness == "may" and join.is_certain and not related and perhaps is None:
            found.append(found[0])
            break
        joined = join.pairs(sureness, i, j)
        out = numbers.all(join.services)[joined]
        out[absent] = 0
        if sureness == "may" and perhaps is not None:
            out[perhaps] = numbers(ALL)
        for pair, ends, relation in related:
            passes = view.related(*ends, relation)
            out[pair] = numbers(passes[0] if sureness == "must" else passes[1])
        found.append(out)
    return found[0], found[1]


def _perhaps(from_: Indexes, to: Indexes, i: Indexes, j: Indexes) -> Flags:
    """The pairs of which an end is perhaps there, and none is surely not."""
    gone = (from_ == ABSENT)[i] | (to == ABSENT)[j]
    found: Flags = ((from_ == PERHAPS)[i] | (to == PERHAPS)[j]) & ~gone
    return found


def _related(
    view: View, sources: Indexes, destinations: Indexes, i: Indexes, j: Indexes
) -> list[tuple[int, tuple[int, int], Relation]]:
    """The pairs to which something applies besides policy: their numbers, their ends, what it is."""
    row = {s: i for i, s in enumerate(sources.tolist())}
    column = {d: j for j, d in enumerate(destinations.tolist())}
    width = len(column)
    here = [
        (row[s] * width + column[d], (s, d), relation)
        for (s, d), relation in view.relations.items()
        if s in row and d in column
    ]
    codes = i * width + j
    wanted = np.array([code for code, *_ in here], dtype=np.intp)
    at = np.searchsorted(codes, wanted)
    is_asked = at < len(codes)
    is_asked[is_asked] = codes[at[is_asked]] == wanted[is_asked]
    return [
        (k, ends, relation)
        for k, is_in, (_, ends, relation) in zip(at.tolist(), is_asked.tolist(), here, strict=True)
        if is_in
    ]


# --- outside --------------------


def outside_cells(before: FamilyTables, after: FamilyTables) -> tuple[Indexes, Indexes]:
    """The classes of outside addresses that both networks together tell apart: their positions in each."""
    old, new = before.universe, after.universe
    starts = sorted({*old.classes.starts, *new.classes.starts})
    cells = list(dict.fromkeys((old.position_of_address(b), new.position_of_address(b)) for b in starts))
    return np.array([a for a, _ in cells], dtype=np.intp), np.array([b for _, b in cells], dtype=np.intp)


def outside_addresses(before: FamilyTables, after: FamilyTables, a: int, b: int) -> IpSet:
    """The addresses of a cell of `outside_cells`."""
    old, new = before.universe, after.universe
    return old.classes.addresses(a - old.identities.count) & new.classes.addresses(b - new.identities.count)
