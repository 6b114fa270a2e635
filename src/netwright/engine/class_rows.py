"""The rows of a class: its contents bound to one universe and folded, each content, tier and class once."""

from __future__ import annotations

from collections.abc import Sequence

from netwright.base.services import NONE
from netwright.engine.contents import Contents
from netwright.engine.fold import BoundEnd, BoundRule, Folder, Row, TierRow
from netwright.engine.units import is_conditional
from netwright.engine.universe import Universe
from netwright.model.rule import UNBOUND, Enforcer, NamedPort, Service

Definers = dict[tuple[str, int], dict[int, int]]
"""Who defines a named port as which number: (name, protocol) to number to identities."""

Allowing = tuple[int, int, list[Row]]
"""Of a content that only allows and then denies: its tier, the services that its end leaves open, its rows."""
_OTHERWISE: Allowing = (-2, 0, [])
"""Stands for a content whose class is folded tier by tier: its tier is no tier."""


def _join(rows: dict[int, Row], row: Row) -> None:
    """Add a row to rows by their services."""
    held = rows.get(row.mask)
    rows[row.mask] = row if held is None else Row(row.mask, held.must | row.must, held.may | row.may, row.atoms)


class ClassFolder:
    """Binds and folds the units of a class, memoised by unit content, by tier and by class."""

    def __init__(
        self,
        enforcers: Sequence[Enforcer],
        contents: Contents,
        definers: Definers,
        universe: Universe,
        folder: Folder,
    ) -> None:
        self.contents = contents
        self.atoms = folder.atoms
        self._enforcers = enforcers
        self._universe = universe
        self._folder = folder
        self._of = contents.of
        self._named = contents.naming
        self._is_ingress = contents.direction == "ingress"
        self._definers = {} if self._is_ingress else definers
        self._bound: dict[tuple[int, int], list[BoundRule]] = {}
        self._port_maps = contents.port_maps
        self._fixed: dict[Service, int] = {}
        self._at_ports: list[dict[Service, int]] = [{} for _ in contents.port_maps]
        self._cuts: dict[tuple[NamedPort, ...], list[tuple[int, int]]] = {}
        self._allows: dict[int, Allowing] = {}
        self._allows_named: dict[tuple[int, int], Allowing] = {}
        self._left_open: dict[int, Row] = {}
        self._tiers: dict[tuple[tuple[int, ...], int], list[TierRow]] = {}
        self._free = [Row(folder.atoms.all, universe.every, universe.every, folder.atoms)]
        only = enforcers[0] if len(enforcers) == 1 else None
        self._plain = only is not None and only.default == "allow"

    def __call__(self, key: tuple[int, ...], port_map: int) -> list[Row]:
        if not self._plain:
            return self._general(key, port_map)
        if not key:
            return self._free
        known, of_port_map, named = self._allows, self._allows_named, self._named
        open_ = self.atoms.all
        tier = -1
        rows: list[Row] = []
        for c in key:
            found = known.get(c)
            if found is None:
                if (alike := named.get(c >> 1)) is None:  # it names no port: the same for all port maps
                    found = known[c] = self._allowing(c, port_map)
                elif (found := of_port_map.get(place := (c, alike[port_map]))) is None:
                    found = of_port_map[place] = self._allowing(c, port_map)
            of_tier, left_open, its_rows = found
            if of_tier != tier:
                if tier >= 0 or of_tier < 0:
                    return self._general(key, port_map)
                tier = of_tier
            open_ &= left_open
            rows += its_rows
        if open_:
            # the end denies all but what every content leaves open
            row = self._left_open.get(open_)
            if row is None:
                row = self._left_open[open_] = Row(open_, 0, self._universe.every, self.atoms)
            rows.append(row)
        return rows

    def _allowing(self, number: int, port_map: int) -> Allowing:
        """The rows of a content that surely acts, only allows and then denies (NetworkPolicy's shape), shared by all
        its classes; else `_OTHERWISE`."""
        unit = self._of[number >> 1]
        if number & 1 or not unit.ends:
            return _OTHERWISE
        atoms = self.atoms
        open_ = atoms.all
        for end in unit.ends:
            if end.action != "deny":
                return _OTHERWISE
            open_ &= atoms.mask(end.unsure) if end.unsure is not NONE else 0
        ingress, universe, is_plain = self._is_ingress, self._universe, unit.only_allows
        fixed, named, resolved = self._fixed, self._at_ports[port_map], universe.resolved
        rows: dict[int, Row] = {}
        for rule in unit.rules:
            if not is_plain and (rule.action != "allow" or rule.then is not UNBOUND):
                return _OTHERWISE
            service = rule.service
            known = named if service.named else fixed
            mask = known.get(service)
            if mask is None:
                mask = known[service] = self._mask(service, port_map)
            peer = rule.src if ingress else rule.dst
            found = resolved.get(peer)
            must, may = universe.resolve(peer) if found is None else found
            if not may:
                continue
            if not is_plain and is_conditional(rule):
                must = 0
            if mask in rows:
                _join(rows, Row(mask, must, may, atoms))
            elif mask:
                rows[mask] = Row(mask, must, may, atoms)
            if not is_plain and rule.unsure is not NONE and (mask := atoms.mask(rule.unsure) & ~mask):
                _join(rows, Row(mask, 0, may, atoms))
            if service.named and not ingress:
                for mask, definers in self._numbers_of(service.named):
                    if here := may & definers:
                        _join(rows, Row(mask, here if must is may else must & definers, here, atoms))
        return unit.tier, open_, list(rows.values())

    def _numbers_of(self, ports: tuple[NamedPort, ...]) -> list[tuple[int, int]]:
        """On egress: the services that the names are, each with the destinations that give a name this number."""
        found = self._cuts.get(ports)
        if found is None:
            atoms, every = self._folder.atoms, self._universe.every
            found = self._cuts[ports] = [
                (atoms.ports(port.protocol, number, number), definers & every)
                for port in ports
                for number, definers in self._definers.get((port.name, port.protocol), {}).items()
            ]
        return found

    def _mask(self, service: Service, port_map: int) -> int:
        """The fixed services, and on ingress the numbers that a port map gives the names."""
        mask = self.atoms.mask(service.fixed)
        if self._is_ingress:
            for port in service.named:
                for name, protocol, number in self._port_maps[port_map]:
                    if name == port.name and protocol == port.protocol:
                        mask |= self.atoms.ports(protocol, number, max(number, port.end))
        return mask

    def _general(self, key: tuple[int, ...], port_map: int) -> list[Row]:
        rows = self._free
        for e, enforcer in enumerate(self._enforcers):
            mine = [c for c in key if self._of[c >> 1].enforcer == e]
            if not mine:
                continue  # it has no rules here and allows, or it does not act here
            tiers: list[TierRow] | None = None
            for t in range(len(enforcer.tiers)):
                part = tuple(c for c in mine if self._of[c >> 1].tier == t)
                if not part:
                    continue
                folded = self._tier(part, self.contents.alias(part, port_map))
                tiers = folded if tiers is None else self._folder.compose(tiers, folded)
            if tiers is None:
                tiers = [TierRow(self._folder.atoms.all, 0, 0, self._universe.every)]
            settled = self._folder.settle(tiers, enforcer.default)
            if (owns := self._universe.owns) and "own node" in enforcer.exempt:
                settled = [Row(row.mask, row.must | owns, row.may | owns, row.atoms) for row in settled]
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
            first = self._of[key[0] >> 1]
            ties = self._enforcers[first.enforcer].tiers[first.tier].ties
            rules = self._rules(key, port_map)
            rules.sort(key=lambda r: r.rank)
            atoms = self._folder.atoms
            ends = {
                BoundEnd(e.action, atoms.all if c & 1 else atoms.mask(e.unsure))
                for c in key
                for e in self._of[c >> 1].ends
            }
            folded = self._tiers[key, port_map] = self._folder.tier(rules, list(ends), ties)
        return folded

    def _bind(self, content: int, port_map: int) -> list[BoundRule]:
        out: list[BoundRule] = []
        atoms, every, ingress = self._folder.atoms, self._universe.every, self._is_ingress
        for rule in self._of[content >> 1].rules:
            must, may = self._universe(rule.src if ingress else rule.dst)
            if content & 1 or is_conditional(rule):
                must = 0
            owed = rule.action == "allow" and rule.then != UNBOUND
            sure = self._mask(rule.service, port_map)
            unsure = atoms.mask(rule.unsure) & ~sure if rule.unsure else 0
            out.append(BoundRule(rule.rank, rule.policy, rule.index, rule.action, sure, unsure, must, may, owed))
            if not ingress:
                # one rule a number, cut to the destinations that give the name this number
                for port in rule.service.named:
                    for number, definers in self._definers.get((port.name, port.protocol), {}).items():
                        mask, cut = atoms.ports(port.protocol, number, number), definers & every
                        out.append(
                            BoundRule(
                                rule.rank, rule.policy, rule.index, rule.action, mask, 0, must & cut, may & cut, owed
                            )
                        )
        return [r for r in out if r.sure or r.unsure]
