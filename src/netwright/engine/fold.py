"""Folding: the rules that act at one class of interfaces, in one direction, become rows.

A row says: for these services, these peers surely are allowed, these perhaps. Rows of one table have disjoint services that
together are everything. Each tier is folded on its own, then tiers compose; unknown labels and addresses, guards, ambiguous order and
unread kinds are all the same thing here: a rule that matches `may` but not `must`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from netwright.base.services import ALL, ServiceSet
from netwright.model.rule import Action, Ties


class Row(NamedTuple):
    services: ServiceSet
    must: int
    may: int


class BoundRule(NamedTuple):
    """A rule with its peers and services bound to one universe. `must` is within `may`; `unsure` is disjoint from `sure`."""

    rank: int
    policy: int
    order: int
    action: Action
    sure: ServiceSet
    unsure: ServiceSet
    must: int
    may: int


class BoundEnd(NamedTuple):
    action: Action
    unsure: ServiceSet


class TierRow(NamedTuple):
    """For these services: whom the tier may allow, may deny, may leave to the next tier. Their union is everybody."""

    services: ServiceSet
    allow: int
    deny: int
    next: int


class _Atoms:
    """Service atoms of one tier at one class: intervals between the boundaries that its rules mention, as an int mask."""

    def __init__(self, services: Iterable[ServiceSet]) -> None:
        bounds = {0, 1 << 24}
        for service in services:
            for low, high in service.intervals:
                bounds.add(low)
                bounds.add(high)
        self._bounds = sorted(bounds)
        self.all = (1 << (len(self._bounds) - 1)) - 1
        self._masks: dict[ServiceSet, int] = {}
        self._sets: dict[int, ServiceSet] = {self.all: ALL}

    def mask(self, services: ServiceSet) -> int:
        mask = self._masks.get(services)
        if mask is None:
            mask = 0
            for low, high in services.intervals:
                mask |= (1 << bisect_left(self._bounds, high)) - (1 << bisect_left(self._bounds, low))
            self._masks[services] = mask
        return mask

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
            found = self._sets[mask] = ServiceSet(out)
        return found


class Folder:
    """Folds rules over one universe of peers (`every`: all its positions as a bitset)."""

    def __init__(self, every: int) -> None:
        self.every = every
        self._atoms: dict[frozenset[ServiceSet], _Atoms] = {}
        self._meet: dict[tuple[ServiceSet, ServiceSet], ServiceSet] = {}

    def atoms(self, services: Iterable[ServiceSet]) -> _Atoms:
        key = frozenset(services)
        atoms = self._atoms.get(key)
        if atoms is None:
            atoms = self._atoms[key] = _Atoms(key)
        return atoms

    def tier(self, rules: Sequence[BoundRule], ends: Sequence[BoundEnd], ties: Ties) -> list[TierRow]:
        services = {r.sure for r in rules} | {r.unsure for r in rules} | {e.unsure for e in ends}
        atoms = self.atoms(services)
        if all(r.action == "allow" for r in rules):
            rows = self._union(rules, atoms)
        else:
            rows = self._ranked(rules, ties, atoms)
        return self._end(rows, ends, atoms)

    def _union(self, rules: Sequence[BoundRule], atoms: _Atoms) -> list[list[int]]:
        """Allow rules only: order is irrelevant, so join by services first. Rows: [mask, live, allow, deny, next]."""
        by_mask: dict[tuple[int, int], list[int]] = {}
        for r in rules:
            peers = by_mask.setdefault((atoms.mask(r.sure), atoms.mask(r.unsure)), [0, 0])
            peers[0] |= r.must
            peers[1] |= r.may
        rows = [[atoms.all, 0, 0]]
        for (sure, unsure), (must, may) in by_mask.items():
            split: list[list[int]] = []
            for mask, row_must, row_may in rows:
                surely, perhaps = mask & sure, mask & unsure
                rest = mask & ~(surely | perhaps)
                if surely:
                    split.append([surely, row_must | must, row_may | may])
                if perhaps:
                    split.append([perhaps, row_must, row_may | may])
                if rest:
                    split.append([rest, row_must, row_may])
            rows = split
        return [[mask, self.every & ~must, may, 0, 0] for mask, must, may in rows]

    def _ranked(self, rules: Sequence[BoundRule], ties: Ties, atoms: _Atoms) -> list[list[int]]:
        rows = [[atoms.all, self.every, 0, 0, 0]]
        for _, tied in groupby(rules, key=lambda r: r.rank):
            group = list(tied)
            if ties == "deny-first":
                group.sort(key=lambda r: ("deny", "allow", "pass").index(r.action))
            policies = len({r.policy for r in group})
            if ties == "any-order" and policies > 1:
                rows = self._any_order(rows, group, atoms)
            else:
                if ties == "any-order":
                    group.sort(key=lambda r: r.order)
                for r in group:
                    rows = self._apply(rows, r, atoms)
        return rows

    @staticmethod
    def _apply(rows: list[list[int]], r: BoundRule, atoms: _Atoms) -> list[list[int]]:
        sure, unsure = atoms.mask(r.sure), atoms.mask(r.unsure)
        column = {"allow": 2, "deny": 3, "pass": 4}[r.action]
        out: list[list[int]] = []
        for row in rows:
            mask = row[0]
            hit = row[1] & r.may
            surely, perhaps = mask & sure, mask & unsure
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
                    if closes:
                        new[1] &= ~r.must
                    out.append(new)
        return out

    def _any_order(self, rows: list[list[int]], group: list[BoundRule], atoms: _Atoms) -> list[list[int]]:
        """Tied policies permute: each is folded from the same start, what any of them may decide is a possible outcome, and
        only what every one of them leaves open goes on."""
        out: list[list[int]] = []
        of_policy: dict[int, list[BoundRule]] = {}
        for r in group:
            of_policy.setdefault(r.policy, []).append(r)
        for mask, live, allow, deny, passed in rows:
            parts = [[mask, live, allow, deny, passed]]
            for policy in of_policy.values():
                alone = [[mask, live, 0, 0, 0]]
                for r in sorted(policy, key=lambda r: r.order):
                    alone = self._apply(alone, r, atoms)
                parts = [
                    [meet, p[1] & a[1], p[2] | a[2], p[3] | a[3], p[4] | a[4]]
                    for p in parts
                    for a in alone
                    if (meet := p[0] & a[0])
                ]
            out.extend(parts)
        return out

    @staticmethod
    def _end(rows: list[list[int]], ends: Sequence[BoundEnd], atoms: _Atoms) -> list[TierRow]:
        out: dict[tuple[int, int, int], int] = {}
        surely = 0
        actions = {e.action for e in ends}
        for e in ends:
            surely |= atoms.all & ~atoms.mask(e.unsure)
        for mask, live, allow, deny, passed in rows:
            for part, closes in ((mask & surely, True), (mask & ~surely, False)):
                if not part:
                    continue
                a, d, n = allow, deny, passed
                if live:
                    if not closes or not ends:
                        n |= live
                    a |= live if "allow" in actions else 0
                    d |= live if "deny" in actions else 0
                    n |= live if "pass" in actions else 0
                out[a, d, n] = out.get((a, d, n), 0) | part
        return [TierRow(atoms.services(mask), a, d, n) for (a, d, n), mask in out.items()]

    def compose(self, first: Sequence[TierRow], second: Sequence[TierRow]) -> list[TierRow]:
        """What the first tier leaves open, the second decides."""
        out: dict[tuple[int, int, int], ServiceSet] = {}
        for a in first:
            if not a.next:
                key = (a.allow, a.deny, 0)
                out[key] = out[key] | a.services if key in out else a.services
                continue
            for b in second:
                services = self.meet(a.services, b.services)
                if services:
                    key = (a.allow | a.next & b.allow, a.deny | a.next & b.deny, a.next & b.next)
                    out[key] = out[key] | services if key in out else services
        return [TierRow(services, *key) for key, services in out.items()]

    def settle(self, rows: Sequence[TierRow], default: Action | None) -> list[Row]:
        """What no tier decided gets the enforcer's default; both outcomes where that is not known."""
        out: dict[tuple[int, int], ServiceSet] = {}
        for row in rows:
            allow = row.allow | (row.next if default in ("allow", None) else 0)
            deny = row.deny | (row.next if default in ("deny", None) else 0)
            key = (allow & ~deny, allow)
            out[key] = out[key] | row.services if key in out else row.services
        return [Row(services, must, may) for (must, may), services in out.items()]

    def both(self, first: Sequence[Row], second: Sequence[Row]) -> list[Row]:
        """Two enforcers on the path: each must permit."""
        out: dict[tuple[int, int], ServiceSet] = {}
        for a in first:
            for b in second:
                services = self.meet(a.services, b.services)
                if services:
                    key = (a.must & b.must, a.may & b.may)
                    out[key] = out[key] | services if key in out else services
        return [Row(services, must, may) for (must, may), services in out.items()]

    def meet(self, a: ServiceSet, b: ServiceSet) -> ServiceSet:
        if a is ALL:
            return b
        if b is ALL:
            return a
        key = (a, b)
        found = self._meet.get(key)
        if found is None:
            found = self._meet[key] = a & b
        return found
