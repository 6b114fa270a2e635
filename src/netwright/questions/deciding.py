"""The rules behind every connection of a network at once: what acts at each end, and whom each of its rules admits.

Connections are many and rules are few. Which rules are read for a pair is the affair of its two ends alone: of the
source what limits what leaves it, of the destination what limits what enters. So this is
said once for ends at which the same policies act, and a reader finds the rules of any pair by looking up its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from netwright.base.ipset import Family
from netwright.base.services import ALL, TRANSPORT, ServiceSet, protocol_name
from netwright.base.spans import Origin, Position
from netwright.engine.bits import unpack
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer
from netwright.engine.tables import FamilyTables, Table
from netwright.engine.units import Unit
from netwright.model.rule import Direction, Peer, Rule, UnknownPeer

if TYPE_CHECKING:
    import numpy.typing as npt


Locate = Callable[[Origin], Position | None]
OwnerOf = Callable[[Origin], str]


class CitedRule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, or (`rule` None) the isolation by a policy, and where it stands. `name` is "" for what was not read and
    could be a policy; `unread` says why then."""

    kind: str
    namespace: str
    name: str
    rule: int | None
    path: str
    file: str = ""
    line: int = 0
    column: int = 0
    owner: str = ""
    unread: str = ""


class Passing(msgspec.Struct, frozen=True, kw_only=True):
    """What one direction lets pass: `ports` for the peers in `surely`, perhaps also for those in `perhaps` (both number
    sets)."""

    ports: str
    surely: int
    perhaps: int


class Admitting(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that is read at an end: `cited` numbers it, `action` is what it does with its `peers` (a set) over
    `ports`. `surely` is False where it perhaps acts at the end, or perhaps speaks of more ports."""

    cited: int
    action: str
    ports: str
    peers: int
    surely: bool


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """What acts at an end in one direction: `rules` in the order of their tiers and priorities. Nothing isolates it
    where `isolating` (numbers of citations) is empty."""

    passing: tuple[Passing, ...]
    isolating: tuple[int, ...]
    rules: tuple[Admitting, ...]


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """`egress_of` and `ingress_of` give for each end its number in `egress` and `ingress`. `sets` are sets of ends,
    each as ranges of their numbers: `0-3,7`."""

    cited: tuple[CitedRule, ...]
    sets: tuple[str, ...]
    egress: tuple[Acting, ...]
    ingress: tuple[Acting, ...]
    egress_of: tuple[int, ...]
    ingress_of: tuple[int, ...]


def deciding(
    inquirer: Inquirer, family: Family, positions: Sequence[int], locate: Locate, owner_of: OwnerOf
) -> Deciding:
    """What decides the connections among ends that stand at these positions of the family's universe."""
    made = _Made(inquirer.network, family, positions, locate, owner_of)
    egress, egress_of = made.direction("egress")
    ingress, ingress_of = made.direction("ingress")
    return Deciding(
        cited=tuple(made.cited),
        sets=tuple(made.sets),
        egress=tuple(egress),
        ingress=tuple(ingress),
        egress_of=tuple(egress_of),
        ingress_of=tuple(ingress_of),
    )


def ranges(members: Iterable[int]) -> str:
    """Ascending numbers as text.

    >>> ranges([0, 1, 2, 7])
    '0-2,7'
    """
    runs: list[list[int]] = []
    for m in members:
        if runs and runs[-1][1] == m - 1:
            runs[-1][1] = m
        else:
            runs.append([m, m])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


class _Made:
    """Citations and sets of ends, each once."""

    def __init__(
        self, network: Network, family: Family, positions: Sequence[int], locate: Locate, owner_of: OwnerOf
    ) -> None:
        self.network = network
        self.tables: FamilyTables = network.tables[family]
        self.positions = positions
        self.cited: dict[CitedRule, int] = {}
        self.sets: dict[str, int] = {}
        self._family = family
        self._at: npt.NDArray[np.intp] = np.array(positions, dtype=np.intp)
        self._locate = locate
        self._owner_of = owner_of
        self._of_bits: dict[int, int] = {}
        self._of_origin: dict[tuple[int, int | None], tuple[int, Origin]] = {}

    def direction(self, direction: Direction) -> tuple[list[Acting], list[int]]:
        table = self.tables.egress if direction == "egress" else self.tables.ingress
        number: dict[tuple[object, ...], int] = {}
        out: list[Acting] = []
        of_end: list[int] = []
        at_position: dict[int, int] = {}
        for position in self.positions:
            found = at_position.get(position)
            if found is None:
                units = self.network.units_at(self._family, position, direction)
                # ends of one class may be under policies of different names
                key = (int(table.of_position[position]), *((id(unit), is_sure) for unit, is_sure in units))
                found = number.get(key)
                if found is None:
                    found = number[key] = len(out)
                    out.append(self._acting(table, direction, position, units))
                at_position[position] = found
            of_end.append(found)
        return out, of_end

    def _acting(self, table: Table, direction: Direction, position: int, units: Sequence[tuple[Unit, bool]]) -> Acting:
        rules: list[tuple[tuple[int, int, int], Admitting]] = []
        isolating: list[int] = []
        for unit, sure in units:
            for rule in unit.rules:
                peer = rule.src if direction == "ingress" else rule.dst
                _, may = self.tables.universe(peer)
                admitting = Admitting(
                    cited=self._cite(rule.origin, rule.number, _unread(peer)),
                    action=rule.action,
                    ports=_ports(rule),
                    peers=self._set(may),
                    surely=sure and not rule.unsure,
                )
                rules.append(((unit.enforcer, unit.tier, rule.rank), admitting))
            isolating += [self._cite(end.origin, None, "") for end in unit.ends if end.action == "deny"]
        rules.sort(key=lambda ranked: ranked[0])
        passing = [
            Passing(ports=text, surely=self._set(row.must), perhaps=self._set(row.may))
            for row in table.rows_at(position)
            if row.may and (text := _transport(row.services))
        ]
        return Acting(
            passing=tuple(passing), isolating=tuple(dict.fromkeys(isolating)), rules=tuple(r for _, r in rules)
        )

    def _set(self, bits: int) -> int:
        """The ends that are at these positions."""
        found = self._of_bits.get(bits)
        if found is None:
            held = unpack(bits & ((1 << self.tables.universe.n) - 1), self.tables.universe.n)[self._at]
            text = ranges(np.flatnonzero(held).tolist())
            found = self._of_bits[bits] = self.sets.setdefault(text, len(self.sets))
        return found

    def _cite(self, origin: Origin, rule: int | None, unread: str) -> int:
        seen = self._of_origin.get((id(origin), rule))
        if seen is not None:
            return seen[0]
        position = self._locate(origin)
        cited = CitedRule(
            kind=origin.kind,
            namespace=origin.namespace,
            name=origin.name,
            rule=rule,
            path=origin.path,
            file=position.file if position else "",
            line=position.line if position else 0,
            column=position.column if position else 0,
            owner=self._owner_of(origin) if origin.name else "",
            unread=unread,
        )
        number = self.cited.setdefault(cited, len(self.cited))
        self._of_origin[id(origin), rule] = number, origin  # held, so that its id stays its own
        return number


def _unread(peer: Peer) -> str:
    return peer.reason if isinstance(peer, UnknownPeer) else ""


def _transport(services: ServiceSet) -> str:
    """TCP, UDP and SCTP: what becomes of other protocols is left open at every isolated pod, and says nothing here."""
    if services == ALL:
        return "all"
    left = services & TRANSPORT
    return str(left) if left else ""


def _ports(rule: Rule) -> str:
    """`TCP 80,443; TCP named http`."""
    fixed = rule.service.fixed | rule.unsure
    named = [f"{protocol_name(p.protocol)} named {p.name}" for p in rule.service.named]
    return "; ".join(([_transport(fixed) or str(fixed)] if fixed else []) + named) or "none"
