"""Which object changes caused changed connections."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from netwright.base.services import TRANSPORT, ServiceSet
from netwright.dialects.k8s.generated import UNKNOWN
from netwright.engine.bits import distinct, unpack
from netwright.engine.difference import Differences, View
from netwright.engine.ends import SharedEnds
from netwright.engine.fold import Atoms
from netwright.engine.identities import OTHER
from netwright.engine.inquire import Inquirer
from netwright.engine.units import Unit, is_unread
from netwright.model.rule import AndPeer, Direction, Peer, Rule, UnknownPeer
from netwright.questions.diff.changes import Changes, Numbers
from netwright.questions.diff.objects import PROFILE, Key

if TYPE_CHECKING:
    import numpy.typing as npt

    from netwright.engine.bits import Indexes
    from netwright.engine.universe import Bits
    from netwright.model.columns import Columns

    Side = tuple[Inquirer, View]
    Flags = npt.NDArray[np.bool_]


MOST_ROWS = 64
"""Pods of one end whose objects are looked at."""


class Kinds:
    """What surely and perhaps passed before and does now, each combination once: `of[i]` is the kind of pair i, and
    `passing` its four masks over `atoms`, of which there are more pairs than services."""

    def __init__(self, found: Differences) -> None:
        width = len(found.services)
        # four numbers as one, where they are small enough for it: sorting is what costs
        both = [pair[:, 0].astype(np.int64) * width + pair[:, 1] for pair in (found.was, found.now)]
        if width < 1 << 15:
            first, self.of = distinct(both[0] * width**2 + both[1])
        else:
            halves = [distinct(one)[1] for one in both]
            first, self.of = distinct(halves[0] * (len(halves[1]) + 1) + halves[1])
        self.atoms = Atoms([TRANSPORT, *found.services])
        self.transport = self.atoms.mask(TRANSPORT)
        masks = list(map(self.atoms.mask, found.services))
        rows = np.concatenate([found.was[first], found.now[first]], axis=1).tolist()
        self.passing = [(masks[a], masks[b], masks[x], masks[y]) for a, b, x, y in rows]
        self.gained = Moves(self.atoms, [(x & ~a) | (y & ~b) for a, b, x, y in self.passing])
        self.lost = Moves(self.atoms, [(a & ~x) | (b & ~y) for a, b, x, y in self.passing])
        self._texts = {0: ""}

    def text(self, mask: int) -> str:
        """The services of a mask in words, "" for none."""
        found = self._texts.get(mask)
        if found is None:
            found = self._texts[mask] = str(self.atoms.services(mask))
        return found


class Moves:
    """The services that each kind gains, or loses: few sets for many kinds."""

    def __init__(self, atoms: Atoms, of_kind: Sequence[int]) -> None:
        number: dict[int, int] = {}
        self._atoms = atoms
        self._of = np.array([number.setdefault(mask, len(number)) for mask in of_kind], dtype=np.intp)
        self._masks = list(number)
        self._seen: dict[ServiceSet, Flags] = {}
        self.any = np.array([bool(mask) for mask in self._masks], dtype=np.bool_)[self._of]

    def overlap(self, services: ServiceSet) -> Flags:
        """Which kinds move any of these services."""
        found = self._seen.get(services)
        if found is None:
            asked = self._atoms.touching(services)
            found = np.array([bool(mask & asked) for mask in self._masks], dtype=np.bool_)[self._of]
            self._seen[services] = found
        return found


def causes(
    before: Inquirer, after: Inquirer, ends: SharedEnds, found: Differences, kinds: Kinds, changes: Changes
) -> tuple[Indexes, list[tuple[int, ...]]]:
    """For each pair a number into sets of changes.

    A policy counts where its direction's rows differ: for what opened, a changed rule that now admits it or no longer
    denies it, or a changed policy that isolated an end which nothing isolates now; for what closed, the reverse. A rule
    that passes on to later ones may do either. A rule that its policy has at this end before and after, in the same
    order, does neither. So does what was not read and leaves them open. Besides the objects that the ends are made of:
    workload or pod, namespace, node.
    """
    changed = changes.numbers
    sets = _Sets(len(found.source))
    sides = ((before, ends.before), (after, ends.after))
    kept = [_Kept(sides[side], sides[1 - side], changed) for side in (0, 1)]
    for direction in ("egress", "ingress"):
        differing = np.flatnonzero(found.egress if direction == "egress" else found.ingress)
        at, peer = (found.source, found.destination) if direction == "egress" else (found.destination, found.source)
        isolated = [_Isolated(view, direction) for _, view in sides]
        of_end = _ByEnd(differing, at)
        for side, (inquirer, view) in enumerate(sides):
            moved, other = (kinds.lost, kinds.gained) if side == 0 else (kinds.gained, kinds.lost)
            for unit in inquirer.network.units:
                if unit.direction != direction:
                    continue
                own = changed.get(unit.source, ())
                of_rules = _of_rules(unit, changes, side) if changes.unread else []
                if not own and not of_rules:
                    continue
                sure, perhaps = inquirer.network.acting(unit, view.family)
                some = of_end(_flags(view, sure | perhaps))
                if not len(some):
                    continue
                kind, other_end = kinds.of[some], peer[some]
                caused: dict[Numbers, Flags] = {}
                if own and any(end.action == "deny" for end in unit.ends):
                    here = np.where(_flags(view, sure), _how_surely(unit), PERHAPS)
                    caused[own] = other.any[kind] & (isolated[1 - side](unit) < here)[at[some]]
                stays = kept[side](unit) if own and not of_rules else {}
                for number, rule in enumerate(unit.rules):
                    moves = {"allow": (moved,), "deny": (other,), "pass": (moved, other)}[rule.action]
                    by = of_rules[number] if of_rules else own
                    for one in moves if by else ():
                        acts = _admits(view, rule, direction)[other_end] & one.overlap(_spoken(inquirer, rule))[kind]
                        if number in stays:
                            acts &= ~stays[number][at[some]]
                        caused[by] = caused[by] | acts if by in caused else acts
                for by, flags in caused.items():
                    sets.add(some[flags], by)
    profile = changed.get((PROFILE, "", after.cluster.profile))
    if profile is not None:  # whoever enforces otherwise has to do with all of them
        sets.add(np.arange(len(found.source)), profile)
    numbers, objects = _own(before, after, ends, changes)
    for i, own in enumerate(objects):
        if own:
            sets.add(np.flatnonzero((numbers[found.source] == i) | (numbers[found.destination] == i)), own)
    return sets.of, sets.members


class _Kept:
    """Of the rules of changed policies on one side, where the same policy has them on the other side as well."""

    def __init__(self, here: Side, there: Side, changed: Mapping[Key, Numbers]) -> None:
        self._here, self._there = here, there
        self._others: dict[tuple[object, ...], list[Unit]] = {}
        for unit in there[0].network.units:
            if unit.rules and unit.source in changed:
                self._others.setdefault(_same_policy(unit), []).append(unit)
        self._places: dict[tuple[int, int], list[dict[Key, tuple[int, int]]]] = {}

    def __call__(self, unit: Unit) -> dict[int, Flags]:
        """By number of a rule the ends where it acts as surely on the other side; without those that act nowhere
        there."""
        others = self._others.get(_same_policy(unit), ())
        if not unit.rules or not others or not self._has_its_place(unit):
            return {}
        said = [_said(rule, unit) for rule in unit.rules]
        acts: dict[object, tuple[Flags, Flags]] = {}
        for other in others:
            theirs = [_said(rule, other) for rule in other.rules]
            if {rule.action for rule in (*unit.rules, *other.rules)} != {"allow"}:
                # what is read first decides: what changed its place among the common ones is another rule
                both = set(said) & set(theirs)
                in_order = ([one for one in listed if one in both] for listed in (said, theirs))
                theirs = [one for one, same in zip(*in_order, strict=False) if one == same]
            sure, perhaps = (_flags(self._there[1], bits) for bits in _acting(other, self._there))
            for one in theirs:
                held = acts.get(one)
                acts[one] = (sure | held[0], perhaps | held[1]) if held else (sure, perhaps)
        sure, perhaps = (_flags(self._here[1], bits) for bits in _acting(unit, self._here))
        return {
            number: (sure & acts[one][0]) | (perhaps & acts[one][1] & ~acts[one][0])
            for number, one in enumerate(said)
            if one in acts
        }

    def _has_its_place(self, unit: Unit) -> bool:
        """Whether as many policies that both sides have are read before it, and together with it, on both."""
        tier = unit.enforcer, unit.tier
        if tier not in self._places:
            self._places[tier] = _places(*(_ranks(side[0], tier) for side in (self._here, self._there)))
        mine, theirs = self._places[tier]
        return mine[unit.source] == theirs[unit.source]


def _ranks(inquirer: Inquirer, tier: tuple[int, int]) -> dict[Key, int]:
    """Where policies of a tier are read."""
    out: dict[Key, int] = {}
    for unit in inquirer.network.units:
        if unit.rules and (unit.enforcer, unit.tier) == tier:
            out[unit.source] = min(unit.rules[0].rank, out.get(unit.source, unit.rules[0].rank))
    return out


def _places(*ranks: dict[Key, int]) -> list[dict[Key, tuple[int, int]]]:
    """Of policies that both sides have: how many of these are read before, on each side, and how many not after."""
    out = []
    for mine, others in (ranks, ranks[::-1]):
        common = {key: rank for key, rank in mine.items() if key in others}
        order = sorted(common.values())
        out.append({key: (bisect_left(order, rank), bisect_right(order, rank)) for key, rank in common.items()})
    return out


def _acting(unit: Unit, side: Side) -> Bits:
    return side[0].network.acting(unit, side[1].family)


def _same_policy(unit: Unit) -> tuple[object, ...]:
    return unit.source, unit.enforcer, unit.tier, unit.direction


def _said(rule: Rule, unit: Unit) -> tuple[object, ...]:
    """What a rule says, wherever it is read."""
    peer = rule.src if rule.direction == "ingress" else rule.dst
    return unit.own, peer, rule.service, rule.unsure, rule.when, rule.action, rule.then


def _of_rules(unit: Unit, changes: Changes, side: int) -> list[Numbers]:
    """Of a unit that stands for what was not read the changes behind each of its rules; of others none."""
    if not unit.rules or not is_unread(unit.rules[0].origin):
        return []
    peers = [rule.src if unit.direction == "ingress" else rule.dst for rule in unit.rules]
    return [changes.of_reason(side, _reason(peer)) for peer in peers]


def _reason(peer: Peer) -> str:
    """Why it is not known whom a rule means."""
    match peer:
        case UnknownPeer(reason):
            return reason
        case AndPeer(parts):
            return next(filter(None, map(_reason, parts)), "")
    return ""


class _ByEnd:
    """Pairs by the end that rules act at: a policy acts at few ends, of many that differ."""

    def __init__(self, pairs: Indexes, at: Indexes) -> None:
        self._pairs = pairs[np.argsort(at[pairs], kind="stable")]
        self._starts = np.flatnonzero(np.diff(at[self._pairs], prepend=-1))
        self._ends = at[self._pairs[self._starts]]
        self._stops = np.append(self._starts, len(pairs))[1:]

    def __call__(self, here: Flags) -> Indexes:
        """The pairs of these ends."""
        chosen = np.flatnonzero(here[self._ends])
        spans = zip(self._starts[chosen].tolist(), self._stops[chosen].tolist(), strict=True)
        return np.concatenate([self._pairs[:0], *(self._pairs[start:stop] for start, stop in spans)])


class _Sets:
    """A set of changes for each of many pairs, few of them distinct."""

    def __init__(self, count: int) -> None:
        self.of: Indexes = np.zeros(count, dtype=np.intp)
        self.members: list[tuple[int, ...]] = [()]
        self._number: dict[tuple[int, ...], int] = {(): 0}

    def add(self, pairs: Indexes, changes: Numbers) -> None:
        first, number = distinct(self.of[pairs])
        grown = []
        for held in self.of[pairs][first].tolist():
            now = tuple(sorted({*self.members[held], *changes}))
            if now not in self._number:
                self._number[now] = len(self.members)
                self.members.append(now)
            grown.append(self._number[now])
        if grown:
            self.of[pairs] = np.array(grown, dtype=np.intp)[number]


def _flags(view: View, bits: int) -> Flags:
    """Which ends are at these positions."""
    held = unpack(bits, view.tables.universe.n)
    return held[np.maximum(view.positions, 0)] & (view.positions >= 0)


PERHAPS, SURELY = 1, 2
"""How something isolates; 0 where it does not."""


class _Isolated:
    """How the ends are isolated in a direction. Each tier isolates on its own: what acts at an end besides, and ends
    nothing there, is no isolation."""

    def __init__(self, view: View, direction: Direction) -> None:
        self._view = view
        self._table = view.tables.egress if direction == "egress" else view.tables.ingress
        self._known: dict[tuple[int, int], npt.NDArray[np.int8]] = {}

    def __call__(self, like: Unit) -> npt.NDArray[np.int8]:
        """By end, in the tier of this unit: 0, PERHAPS or SURELY."""
        tier = like.enforcer, like.tier
        found = self._known.get(tier)
        if found is None:
            positions, table = self._view.positions, self._table
            isolating = {
                content: _how_surely(unit)
                for content, unit in table.fold.contents.of.items()
                if (unit.enforcer, unit.tier) == tier and any(end.action == "deny" for end in unit.ends)
            }
            of_class = np.array([_level(contents, isolating) for contents, _ in table.keys], dtype=np.int8)
            found = np.where(positions >= 0, of_class[table.of_position[np.maximum(positions, 0)]], np.int8(0))
            self._known[tier] = found
        return found


def _level(contents: Sequence[int], isolating: Mapping[int, int]) -> int:
    """How the contents of a class isolate, given those that do."""
    level = 0
    for content in contents:
        here = isolating.get(content >> 1, 0)
        if here > level:
            level = PERHAPS if content & 1 else here
    return level


def _how_surely(unit: Unit) -> int:
    """How a unit isolates the ends where it surely acts."""
    unsure = any(_is_unsure(end.unsure) for end in unit.ends if end.action == "deny")
    return PERHAPS if unsure else SURELY


@lru_cache(maxsize=256)
def _is_unsure(services: ServiceSet) -> bool:
    """Whether what is perhaps ended is of transport protocols; most units leave the same services open."""
    return bool(services & TRANSPORT)


def _admits(view: View, rule: Rule, direction: Direction) -> Flags:
    _, may = view.tables.universe(rule.src if direction == "ingress" else rule.dst)
    return _flags(view, may)


def _spoken(inquirer: Inquirer, rule: Rule) -> ServiceSet:
    """The services that a rule speaks of; of a named port all numbers that any pod gives the name."""
    out = rule.service.fixed | rule.unsure
    for port in rule.service.named:
        numbers = inquirer.network.definers.get((port.name, port.protocol), {})
        for number in numbers:
            out |= ServiceSet.ports(port.protocol, number, max(number, port.end))
    return out


def _own(
    before: Inquirer, after: Inquirer, ends: SharedEnds, changes: Changes
) -> tuple[npt.NDArray[Any], list[Numbers]]:
    """For each end a number into sets of changed objects that it is made of."""
    number: dict[Numbers, int] = {(): 0}
    out = np.zeros(len(ends.owners), dtype=np.intp)
    seen = _Seen(before, after)
    for end in np.flatnonzero(ends.changed).tolist():
        found = {i for key in _objects(seen, ends, end) for i in changes.numbers.get(key, ())}
        if changes.unread:
            found |= _perhaps(changes, ends, end)
        out[end] = number.setdefault(tuple(sorted(found)), len(number))
    return out, list(number)


def _perhaps(changes: Changes, ends: SharedEnds, end: int) -> set[int]:
    """What was not read and may be an end that one side lacks."""
    rows = ends.rows[end]
    return {i for side in (0, 1) if not rows[side] for i in changes.missing(side, rows[1 - side][0])}


def _objects(seen: _Seen, ends: SharedEnds, end: int) -> Iterator[Key]:
    """The objects that an end is made of and that may have made rules see it otherwise."""
    old, new = ends.rows[end]
    kinds = seen.otherwise(old[0], new[0]) if old and new else EVERY_KIND
    for inquirer, rows in zip(seen.sides, (old, new), strict=True):
        for row in rows[:MOST_ROWS] if kinds else ():
            itself, *others = objects_at(inquirer, row)
            if OWN in kinds:
                yield itself
            yield from (key for key in others if key[0] in kinds)


OWN = ""
"""The workload or pod itself, among kinds."""
EVERY_KIND = frozenset((OWN, "Namespace", "Node"))


class _Seen:
    """What the rules of either side see of endpoints."""

    def __init__(self, before: Inquirer, after: Inquirer) -> None:
        self.sides = before, after
        self._told = before.network.mentions.joined(after.network.mentions)

    def otherwise(self, old: int, new: int) -> frozenset[str]:
        """The kinds of objects that may have changed what rules see of an endpoint; none where they see the same."""
        kinds = set()
        places = [(s.network.columns, row) for s, row in zip(self.sides, (old, new), strict=True)]
        labels = [c.labels_of(row) for c, row in places]
        worked_out = [{k: v for k, v in held.items() if not k.startswith("k8s:")} for held in labels]
        if worked_out[0] != worked_out[1]:  # of several objects
            return EVERY_KIND
        names = self._told.port_names
        ports = [{port for port in c.port_maps[int(c.port_map[row])] if port[0] in names} for c, row in places]
        if self._labels(labels[0]) != self._labels(labels[1]) or ports[0] != ports[1]:
            kinds.add(OWN)
        hosts = [bool(c.host[row]) for c, row in places]
        if hosts[0] != hosts[1] or not self._has_same_addresses(places):
            kinds |= {OWN, "Node"}
        namespaces = [self._of_namespace(c, row) for c, row in places]
        if namespaces[0] != namespaces[1]:
            kinds.add("Namespace")
        return frozenset(kinds)

    def _labels(self, labels: Mapping[str, str], prefix: str = "") -> set[tuple[str, str]]:
        values, presence = self._told.values, self._told.presence
        out = set()
        for key, value in labels.items():
            key = prefix + key
            is_told = value in values.get(key, ()) or (value == UNKNOWN and key in values)
            if is_told or key in presence:
                out.add((key, value if is_told else OTHER))
        return out

    def _of_namespace(self, columns: Columns, row: int) -> tuple[object, ...]:
        number = int(columns.namespace[row])
        name = columns.namespaces[number]
        return name, name in columns.unlabelled, self._labels(columns.namespace_labels[number], "ns:")

    def _has_same_addresses(self, places: Sequence[tuple[Columns, int]]) -> bool:
        """Whether no rule of either side tells their addresses apart."""
        possible = [c.address_sets[i] if (i := int(c.address_set[row])) >= 0 else None for c, row in places]
        if possible[0] != possible[1]:
            return False
        if possible[0] is not None:
            return True
        held = [c.addresses_of(row) for c, row in places]
        for family, tables in ((f, t) for s in self.sides for f, t in s.network.tables.items()):
            of = tables.universe.position_of_address
            classes = [[of(low) for low, _ in addresses.family(family)] for addresses in held]
            if classes[0] != classes[1]:
                return False
        return True


def objects_at(inquirer: Inquirer, row: int) -> Iterator[Key]:
    """The objects that an endpoint is made of: workload or pod, namespace, node."""
    columns = inquirer.network.columns
    d = inquirer.cluster.row_objects[row]
    node = int(columns.node[row])
    yield d.kind, d.namespace, d.name
    yield "Namespace", "", columns.namespaces[int(columns.namespace[row])]
    if node >= 0:
        yield "Node", "", columns.nodes[node]
