"""Folding: the rules that act at one class of interfaces, in one direction, become rows.

A row says: for these services, these peers surely are allowed, these perhaps. What a peer may use is the union of the
rows that hold it; what no row holds is denied. Allow rules that end in denial are rows as they stand, shared by all
classes that they act at. Where rules deny or pass on, tiers are folded: their rows have disjoint services that together
are everything. Each tier is folded on its own, then tiers compose; unknown labels and addresses, guards,
ambiguous order and unread kinds are all the same thing here: a rule that matches `may` but not `must`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby

import msgspec

from netwright.base.services import ALL, NONE, ServiceSet
from netwright.model.rule import Action, Ties


class Row(msgspec.Struct, frozen=True, gc=False):
    """For the services of `mask`: who surely, and who perhaps, may pass."""

    mask: int
    must: int
    may: int
    atoms: Atoms

    @property
    def services(self) -> ServiceSet:
        return self.atoms.services(self.mask)


class BoundRule(msgspec.Struct, frozen=True, gc=False):
    """A rule with its peers and services bound to one universe and its service atoms. `must` is within `may`; `sure`
    and `unsure` are disjoint masks. `owed`: what it allows it denies all the same where an obligation is not met."""

    rank: int
    policy: int
    order: int
    action: Action
    sure: int
    unsure: int
    must: int
    may: int
    owed: bool = False


class BoundEnd(msgspec.Struct, frozen=True):
    action: Action
    unsure: int


class TierRow(msgspec.Struct, frozen=True):
    """For these services: whom the tier may allow, may deny, may leave to the next tier. Their union is everybody."""

    mask: int
    allow: int
    deny: int
    next: int


class Atoms:
    """Service atoms: the intervals between all mentioned boundaries. A set of services is an int mask over them."""

    def __init__(self, services: Iterable[ServiceSet]) -> None:
        self._cut_at({0, 1 << 24}, services)

    def _cut_at(self, bounds: set[int], services: Iterable[ServiceSet]) -> None:
        for service in services:
            for low, high in service.intervals:
                bounds.add(low)
                bounds.add(high)
        self._bounds = sorted(bounds)
        self.all = (1 << (len(self._bounds) - 1)) - 1
        self._masks: dict[ServiceSet, int] = {}
        self._sets: dict[int, ServiceSet] = {self.all: ALL, 0: NONE}

    def finer(self, services: Iterable[ServiceSet]) -> Atoms:
        """These atoms, cut at the boundaries of more services too."""
        new = Atoms.__new__(Atoms)
        new._cut_at(set(self._bounds), services)
        return new

    def are_cut_like(self, others: Atoms) -> bool:
        """Whether a mask means the same here and there."""
        return self._bounds == others._bounds

    def knows(self, services: ServiceSet) -> bool:
        """Whether all boundaries of the set are boundaries of atoms."""
        return all(self._is_bound(low) and self._is_bound(high) for low, high in services.intervals)

    def _is_bound(self, value: int) -> bool:
        index = bisect_left(self._bounds, value)
        return index < len(self._bounds) and self._bounds[index] == value

    def mask(self, services: ServiceSet) -> int:
        """The atoms of a set whose boundaries are all mentioned."""
        mask = self._masks.get(services)
        if mask is None:
            mask = 0
            for low, high in services.intervals:
                mask |= (1 << bisect_left(self._bounds, high)) - (1 << bisect_left(self._bounds, low))
            self._masks[services] = mask
        return mask

    def ports(self, protocol: int, low: int, high: int) -> int:
        """The atoms of ports `low` to `high`, both included, whose boundaries are mentioned."""
        bounds, first = self._bounds, protocol << 16
        return (1 << bisect_left(bounds, (first | high) + 1)) - (1 << bisect_left(bounds, first | low))

    def touching(self, services: ServiceSet) -> int:
        """The atoms that hold any service of a set, whatever its boundaries."""
        mask = 0
        for low, high in services.intervals:
            mask |= (1 << bisect_left(self._bounds, high)) - (1 << (bisect_left(self._bounds, low + 1) - 1))
        return mask

    def bit(self, key: int) -> int:
        """The atom of one service, as a mask."""
        return 1 << (bisect_left(self._bounds, key + 1) - 1)

    def services(self, mask: int) -> ServiceSet:
        found = self._sets.get(mask)
        if found is None:
            bounds, out, rest, i = self._bounds, [], mask, 0
            while rest:
                skip = (rest & -rest).bit_length() - 1
                i += skip
                rest >>= skip
                run = (~rest & (rest + 1)).bit_length() - 1
                out.append((bounds[i], bounds[i + run]))
                i += run
                rest >>= run
            found = self._sets[mask] = ServiceSet(tuple(out))
        return found


Joined = dict[tuple[int, int], tuple[int, int]]
"""Allow rules joined by services: (sure, unsure) masks to (must, may) peers."""


def join_rules(rules: Sequence[BoundRule]) -> Joined:
    """Allow rules only: order is irrelevant, so their peers are joined by services first."""
    joined: Joined = {}
    for r in rules:
        services = (r.sure, r.unsure)
        held = joined.get(services)
        joined[services] = (held[0] | r.must, held[1] | r.may) if held else (r.must, r.may)
    return joined


class Folder:
    """Folds rules over one universe of peers (`every`: all its positions as a bitset) and one set of service atoms."""

    def __init__(self, every: int, atoms: Atoms) -> None:
        self.every = every
        self.atoms = atoms

    def tier(self, rules: Sequence[BoundRule], ends: Sequence[BoundEnd], ties: Ties) -> list[TierRow]:
        if all(r.action == "allow" and not r.owed for r in rules):
            rows = [[mask, self.every & ~must, may, 0, 0] for mask, must, may in self._split(join_rules(rules))]
        else:
            rows = self._ranked(rules, ties)
        return self._end(rows, ends)

    def _split(self, joined: Joined) -> list[tuple[int, int, int]]:
        """Disjoint services with the peers they are allowed to: (atoms, surely, perhaps)."""
        rest = self.atoms.all  # services that no rule has named so far
        rows: list[tuple[int, int, int]] = []
        for (sure, unsure), (must, may) in joined.items():
            if not (sure | unsure) & ~rest:
                if sure:
                    rows.append((sure, must, may))
                if unsure:
                    rows.append((unsure, 0, may))
                rest &= ~(sure | unsure)
                continue
            split: list[tuple[int, int, int]] = []
            for row in rows:
                mask, row_must, row_may = row
                surely, perhaps = mask & sure, mask & unsure
                if not surely and not perhaps:
                    split.append(row)
                    continue
                if surely:
                    split.append((surely, row_must | must, row_may | may))
                if perhaps:
                    split.append((perhaps, row_must, row_may | may))
                left = mask & ~(surely | perhaps)
                if left:
                    split.append((left, row_must, row_may))
            if sure & rest:
                split.append((sure & rest, must, may))
            if unsure & rest:
                split.append((unsure & rest, 0, may))
            rest &= ~(sure | unsure)
            rows = split
        if rest:
            rows.append((rest, 0, 0))
        return rows

    def _ranked(self, rules: Sequence[BoundRule], ties: Ties) -> list[list[int]]:
        rows = [[self.atoms.all, self.every, 0, 0, 0]]
        for _, tied in groupby(rules, key=lambda r: r.rank):
            group = list(tied)
            if ties == "deny-first":
                # of allowing rules any may decide: those that owe something go first
                group.sort(key=lambda r: (("deny", "allow", "pass").index(r.action), not r.owed))
            policies = len({r.policy for r in group})
            if ties == "any-order" and policies > 1:
                rows = self._any_order(rows, group)
            else:
                if ties == "any-order":
                    group.sort(key=lambda r: r.order)
                for r in group:
                    rows = self._apply(rows, r)
        return rows

    @staticmethod
    def _apply(rows: list[list[int]], r: BoundRule) -> list[list[int]]:
        column = {"allow": 2, "deny": 3, "pass": 4}[r.action]
        out: list[list[int]] = []
        for row in rows:
            mask = row[0]
            hit = row[1] & r.may
            surely, perhaps = mask & r.sure, mask & r.unsure
            if not hit or not (surely | perhaps):
                out.append(row)
                continue
            rest = mask & ~(surely | perhaps)
            if rest:
                out.append([rest, *row[1:]])
            for part, closes in ((surely, True), (perhaps, False)):
                if part:
                    new = [part, *row[1:]]
                    new[column] |= hit
                    if r.owed:
                        new[3] |= hit
                    if closes:
                        new[1] &= ~r.must
                    out.append(new)
        return out

    def _any_order(self, rows: list[list[int]], group: list[BoundRule]) -> list[list[int]]:
        """Tied policies permute: each is folded from the same start, what any of them may decide is a possible outcome,
        and only what every one of them leaves open goes on."""
        out: list[list[int]] = []
        of_policy: dict[int, list[BoundRule]] = {}
        for r in group:
            of_policy.setdefault(r.policy, []).append(r)
        for mask, live, allow, deny, passed in rows:
            parts = [[mask, live, allow, deny, passed]]
            for policy in of_policy.values():
                alone = [[mask, live, 0, 0, 0]]
                for r in sorted(policy, key=lambda r: r.order):
                    alone = self._apply(alone, r)
                parts = [
                    [meet, p[1] & a[1], p[2] | a[2], p[3] | a[3], p[4] | a[4]]
                    for p in parts
                    for a in alone
                    if (meet := p[0] & a[0])
                ]
            out.extend(parts)
        return out

    def _end(self, rows: list[list[int]], ends: Sequence[BoundEnd]) -> list[TierRow]:
        out: dict[tuple[int, int, int], int] = {}
        surely = 0
        actions = {e.action for e in ends}
        for e in ends:
            surely |= self.atoms.all & ~e.unsure
        for mask, live, allow, deny, passed in rows:
            for part, closes in ((mask & surely, True), (mask & ~surely, False)):
                if not part:
                    continue
                a, d, n = allow, deny, passed
                if live:
                    if not closes:
                        n |= live
                    a |= live if "allow" in actions else 0
                    d |= live if "deny" in actions else 0
                    n |= live if "pass" in actions else 0
                out[a, d, n] = out.get((a, d, n), 0) | part
        return [TierRow(mask, a, d, n) for (a, d, n), mask in out.items()]

    @staticmethod
    def compose(first: Sequence[TierRow], second: Sequence[TierRow]) -> list[TierRow]:
        """What the first tier leaves open, the second decides."""
        out: dict[tuple[int, int, int], int] = {}
        for a in first:
            if not a.next:
                key = (a.allow, a.deny, 0)
                out[key] = out.get(key, 0) | a.mask
                continue
            for b in second:
                mask = a.mask & b.mask
                if mask:
                    key = (a.allow | a.next & b.allow, a.deny | a.next & b.deny, a.next & b.next)
                    out[key] = out.get(key, 0) | mask
        return [TierRow(mask, *key) for key, mask in out.items()]

    def settle(self, rows: Sequence[TierRow], default: Action | None) -> list[Row]:
        """What no tier decided gets the enforcer's default; both outcomes where that is not known."""
        out: dict[tuple[int, int], int] = {}
        for row in rows:
            allow = row.allow | (row.next if default in ("allow", None) else 0)
            deny = row.deny | (row.next if default in ("deny", None) else 0)
            key = (allow & ~deny, allow)
            out[key] = out.get(key, 0) | row.mask
        return [Row(mask, must, may, self.atoms) for (must, may), mask in out.items()]

    def both(self, first: Sequence[Row], second: Sequence[Row]) -> list[Row]:
        """Two enforcers on the path: each must permit."""
        out: dict[tuple[int, int], int] = {}
        for a in first:
            for b in second:
                mask = a.mask & b.mask
                if mask:
                    key = (a.must & b.must, a.may & b.may)
                    out[key] = out.get(key, 0) | mask
        return [Row(mask, must, may, self.atoms) for (must, may), mask in out.items()]
