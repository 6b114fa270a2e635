"""How connections go through the Admin and the Baseline tier: which rule decides what is left to it.

The rules are those of the compiled network, bound to its peers and services, and read in its order: of equal priorities
each policy from the same start. Pods at which the same rules act are looked at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import TRANSPORT, ServiceSet
from netwright.base.spans import Origin
from netwright.engine.bits import indexes
from netwright.engine.tables import FamilyTables
from netwright.engine.units import Unit, is_conditional
from netwright.model.rule import Direction, Kinds, Rule
from netwright.questions.check.scene import Scene

DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
ADMIN, POLICY, BASELINE = "Admin", "NetworkPolicy", "Baseline"
Key = tuple[str, str, Direction, int]
"""A rule: kind and name of its policy, direction, number."""
Area = tuple[int, int]
"""Services and peers, as bits."""


class Bound(msgspec.Struct, frozen=True):
    """A rule at one class of pods: on these services, whom it surely and whom it perhaps matches."""

    rule: Rule
    mask: int
    must: int
    may: int

    @property
    def key(self) -> Key:
        return key_of(self.rule.origin)


class Step(msgspec.Struct, frozen=True):
    """A rule, and what of its matches no rule before it surely decides."""

    bound: Bound
    left: tuple[Area, ...]


class Way(msgspec.Struct, frozen=True):
    """One class of pods on their way through the tiers, in one direction and family.

    `passed` is what the Admin tier may leave to NetworkPolicies, `is_open` whether some of it may get past these.
    """

    direction: Direction
    family: Family
    positions: tuple[int, ...]
    admin: tuple[Step, ...]
    baseline: tuple[Step, ...]
    passed: tuple[Area, ...]
    accepted: tuple[Area, ...]
    isolated: str
    """Whether NetworkPolicies isolate these pods: yes, no or perhaps."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.admin, *self.baseline)


def key_of(origin: Origin) -> Key:
    side, number = origin.pointer[1], origin.pointer[2]
    return origin.kind, origin.name, "egress" if side == "egress" else "ingress", int(number)


def meet(areas: Sequence[Area], others: Sequence[Area]) -> bool:
    """Whether two lists of areas have something in common."""
    return any(a[0] & b[0] and a[1] & b[1] for a in areas for b in others)


class Tiers:
    """The tiers of admin policies of one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.network = scene.network

    @cached_property
    def ways(self) -> tuple[Way, ...]:
        """Of every class of pods at which an admin policy acts."""
        if not self.scene.admin_policies or self.network.streamed or not self.is_known:
            return ()
        return tuple(
            way for tables in self.network.tables.values() for d in DIRECTIONS for way in self._ways(tables, d)
        )

    @property
    def is_known(self) -> bool:
        """Whether the tiers stand as the API says: one enforcer, Admin, NetworkPolicy with its isolation, Baseline."""
        if len(self.network.enforcers) != 1 or self.network.enforcers[0].default != "allow":
            return False
        tiers = {tier.name: tier for tier in self.network.enforcers[0].tiers}
        return {ADMIN, POLICY, BASELINE} <= tiers.keys() and all(
            not tier.ends or name == POLICY for name, tier in tiers.items()
        )

    @cached_property
    def at(self) -> dict[tuple[Family, Direction, int], Way]:
        """The way of every position at which an admin policy acts."""
        return {(way.family, way.direction, position): way for way in self.ways for position in way.positions}

    @cached_property
    def of_rule(self) -> dict[Key, list[tuple[Way, Step]]]:
        """By rule where it acts."""
        found: dict[Key, list[tuple[Way, Step]]] = {}
        for way in self.ways:
            for step in way.steps:
                found.setdefault(step.bound.key, []).append((way, step))
        return found

    def may_accept(self, direction: Direction, position: int, services: ServiceSet | None = None) -> bool:
        """Whether the Admin tier may accept something at a position, before NetworkPolicies are read: of these services
        as far as they are said, and be it of pods that are not in the input. True where it is not known what it does.
        """
        if self.scene.has_calico:  # its policies stand before and among NetworkPolicies
            return self._may_pass(direction, position, services)
        if not self.scene.admin_policies:
            return False
        if not self.is_known or self.network.streamed:
            return True
        touched = self.network.atoms.all if services is None else self.network.atoms.touching(services)
        ways = [self.at.get((family, direction, position)) for family in self.network.families]
        bounds = [step.bound for way in ways if way is not None for step in way.admin]
        return any(bound.rule.action == "allow" and bound.mask & touched for bound in bounds)

    def _may_pass(self, direction: Direction, position: int, services: ServiceSet | None) -> bool:
        """Whether anything of these services may pass at a position, but from or to its own node."""
        for tables in self.network.tables.values():
            table = tables.ingress if direction == "ingress" else tables.egress
            atoms = table.fold.atoms
            touched = atoms.all if services is None else atoms.touching(services)
            if any(row.mask & touched and row.may & ~tables.universe.owns for row in table.rows_at(position)):
                return True
        return False

    @cached_property
    def ports(self) -> int:
        """The services of TCP, UDP and SCTP: others are left open by isolation, and nothing is told of them."""
        atoms = self.network.atoms
        return atoms.mask(TRANSPORT) if atoms.knows(TRANSPORT) else atoms.all

    def tier(self, name: str) -> tuple[int, int]:
        """The numbers of the enforcer and the tier of this name."""
        for e, enforcer in enumerate(self.network.enforcers):
            for t, tier in enumerate(enforcer.tiers):
                if tier.name == name:
                    return e, t
        return -1, -1

    def rows(self, positions: Sequence[int]) -> tuple[int, ...]:
        """The endpoint rows at these positions."""
        bits = 0
        for position in positions:
            bits |= 1 << position
        return self.scene.rows_at(bits)

    def itself(self, position: int) -> int:
        """The position as a bit where one pod alone is there: it always reaches itself."""
        rows = self.scene.rows_at(1 << position)
        replicas = self.scene.cluster.columns.replicas
        return 1 << position if len(rows) == 1 and int(replicas[rows[0]]) == 1 else 0

    def pods(self, family: Family) -> int:
        """The positions of pods that have a network of their own."""
        return self.network.tables[family].universe(Kinds(("pod",)))[0]

    # --- the pods that walk together --------------------

    def _ways(self, tables: FamilyTables, direction: Direction) -> Iterator[Way]:
        family = tables.family
        where = [self.tier(name) for name in (ADMIN, POLICY, BASELINE)]
        acting: dict[int, list[tuple[int, bool]]] = {}
        isolated: dict[int, str] = {}
        open_: dict[int, int] = {}
        atoms = self.network.atoms
        for number, unit in enumerate(self.network.units):
            if unit.direction != direction or (unit.enforcer, unit.tier) not in where:
                continue
            surely, perhaps = self.network.acting(unit, family)
            if (unit.enforcer, unit.tier) == where[1]:
                if any(end.action == "deny" for end in unit.ends):
                    left = atoms.all
                    for end in unit.ends:
                        left &= atoms.mask(end.unsure)
                    for position in indexes(surely):
                        isolated[position] = "yes"
                        open_[position] = open_.get(position, atoms.all) & left
                    for position in indexes(perhaps & ~surely):
                        isolated.setdefault(position, "perhaps")
                continue
            for position in indexes(surely | perhaps):
                acting.setdefault(position, []).append((number, bool(surely >> position & 1)))
        groups: dict[tuple[object, ...], list[int]] = {}
        for position, units in acting.items():
            ports = int(self.network.identities.port_map[position]) if direction == "ingress" else 0
            state = isolated.get(position, "no")
            groups.setdefault((tuple(units), ports, state, open_.get(position, atoms.all)), []).append(position)
        for (units_, ports_, state_, left_), positions in groups.items():
            assert isinstance(units_, tuple)
            assert isinstance(ports_, int)
            assert isinstance(left_, int)
            yield self._way(tables, direction, units_, ports_, str(state_), left_, tuple(positions))

    def _way(
        self,
        tables: FamilyTables,
        direction: Direction,
        units: tuple[tuple[int, bool], ...],
        ports: int,
        isolated: str,
        open_: int,
        positions: tuple[int, ...],
    ) -> Way:
        tiers: dict[str, list[Bound]] = {ADMIN: [], BASELINE: []}
        admin, baseline = self.tier(ADMIN), self.tier(BASELINE)
        for number, surely in units:
            unit = self.network.units[number]
            name = ADMIN if (unit.enforcer, unit.tier) == admin else BASELINE
            assert (unit.enforcer, unit.tier) in (admin, baseline)
            tiers[name] += self._bind(tables, unit, surely, ports)
        start = [(self.network.atoms.all, tables.universe.every)]
        first, left, passed, accepted = _walk(tiers[ADMIN], start)
        next_ = [area for area in (*left, *passed) if area[1]]
        reaching = [(mask & open_, bits) for mask, bits in next_ if mask & open_] if isolated == "yes" else next_
        last = _walk(tiers[BASELINE], reaching)[0]
        return Way(
            direction, tables.family, positions, tuple(first), tuple(last), tuple(next_), tuple(accepted), isolated
        )

    def _bind(self, tables: FamilyTables, unit: Unit, surely: bool, ports: int) -> Iterator[Bound]:
        atoms, universe = self.network.atoms, tables.universe
        for rule in unit.rules:
            must, may = universe(rule.src if unit.direction == "ingress" else rule.dst)
            if not surely or is_conditional(rule):
                must = 0
            mask = atoms.mask(rule.service.fixed)
            names = {(port.name, port.protocol) for port in rule.service.named}
            if unit.direction == "ingress":
                for name, protocol, number in self.network.identities.port_maps[ports] if names else ():
                    if (name, protocol) in names:
                        mask |= atoms.ports(protocol, number, number)
            else:
                for name, protocol in names:
                    for number, there in self.network.definers.get((name, protocol), {}).items():
                        part = atoms.ports(protocol, number, number)
                        yield Bound(rule, part, must & there, may & there)
            if mask:
                yield Bound(rule, mask, must, may)


def _walk(rules: list[Bound], start: Sequence[Area]) -> tuple[list[Step], list[Area], list[Area], list[Area]]:
    """The rules of one tier in their order, with what is left to each; what none surely decides; what may be passed on,
    what may be accepted."""
    steps: list[Step] = []
    passed: list[Area] = []
    accepted: list[Area] = []
    live = [(mask, bits) for mask, bits in start if mask and bits]
    rules.sort(key=lambda b: (b.rule.rank, b.rule.policy, b.rule.index))
    for _, tied in groupby(rules, key=lambda b: b.rule.rank):
        after = live
        for _, own in groupby(tied, key=lambda b: b.rule.policy):
            mine = live
            for bound in own:
                left = tuple((m & bound.mask, b & bound.may) for m, b in mine if m & bound.mask and b & bound.may)
                steps.append(Step(bound, left))
                if bound.rule.action == "pass":
                    passed += left
                elif bound.rule.action == "allow":
                    accepted += left
                mine, after = _without(mine, bound), _without(after, bound)
        live = after
    return steps, live, passed, accepted


def _without(areas: list[Area], bound: Bound) -> list[Area]:
    if not bound.must:
        return areas
    out = []
    for mask, bits in areas:
        hit = mask & bound.mask
        if not hit or not bits & bound.must:
            out.append((mask, bits))
            continue
        if mask & ~hit:
            out.append((mask & ~hit, bits))
        if bits & ~bound.must:
            out.append((hit, bits & ~bound.must))
    return out
