"""Whether any client in the cluster gets to the ends of a Service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from netwright.base.ipset import Family, parse_address
from netwright.base.services import TRANSPORT, service_key
from netwright.engine.inquire import Inquirer
from netwright.engine.tables import FamilyTables
from netwright.engine.verdict import Spot, pair
from netwright.model.cluster import Backend, ServiceNoun, ServicePortNoun
from netwright.model.references import Target

NEVER, PERHAPS, SURELY = 0, 1, 2
LEVELS: Final = {"deny": NEVER, "undecided": PERHAPS, "allow": SURELY}
FIRST: Final = 8
"""So many clients are asked about at first: where any pass, mostly these do."""
ITSELF: Final = ("self", "hairpin")


class Clients:
    """The pods of one network as clients of its Services. No pod counts as a client of itself."""

    def __init__(self, inquirer: Inquirer) -> None:
        self._inquirer = inquirer
        self._rows: dict[int, list[int]] | None = None
        self._hosts: list[int] = []
        self._egress: dict[tuple[Family, int, int, int], bool] = {}

    def reach(self, service: ServiceNoun, port: ServicePortNoun, backends: Sequence[Backend]) -> int:
        """Whether some client SURELY, PERHAPS or NEVER gets to these backends of a port of a Service; of port 0, which
        a name has, by any port."""
        if not port.port:
            return self._by_any_port(backends)
        alone = replace(port, backends=tuple(backends), more="")
        target = Target(service.ref, service=replace(service, ports=(alone,), dialled=None))
        number = str(port.port)
        found = NEVER
        for rows in _growing(self._candidates(service, port, backends), self._inquirer.cluster.isolation is not None):
            level = self._ask(target, rows, port.protocol, number)
            if level == PERHAPS and len(rows) > 1:  # of several one may surely pass
                level = max(self._ask(target, (row,), port.protocol, number) for row in rows)
            found = max(found, level)
            if found == SURELY:
                break
        return found

    def _ask(self, target: Target, rows: tuple[int, ...], protocol: int, number: str) -> int:
        settled = self._inquirer.ask(Target("a client", rows=rows), target, protocol, number)
        level = LEVELS[settled.verdict]
        others = [LEVELS[p.outcome.verdict] for p in settled.parts if p.outcome.relation not in ITSELF]
        return level if len(others) == len(settled.parts) else min(level, max(others, default=NEVER))

    def _candidates(self, service: ServiceNoun, port: ServicePortNoun, backends: Sequence[Backend]) -> Iterator[int]:
        """Rows of which a first look says that they may pass, those first that ingress surely admits; one or two of
        each sort. Where more than policies has a say these are all."""
        inquirer = self._inquirer
        of_position = self._of_position
        if inquirer.cluster.isolation is not None:
            yield from (row for rows in of_position.values() for row in rows)
            return
        seen: set[int] = set()
        numbers = [port.port if service.headless else b.port for b in backends]
        keys = {
            (b.row, b.address, service_key(port.protocol, number)) for b, number in zip(backends, numbers, strict=True)
        }
        for surely in (True, False):
            for family, tables in inquirer.network.tables.items():
                for row, address, key in keys:
                    at = self._position(tables, family, row, address)
                    for position in _admitted(tables, at, key, surely) if at >= 0 else ():
                        is_new = position in of_position and position not in seen
                        if is_new and self._lets_out(tables, position, at, key):
                            seen.add(position)
                            yield from of_position[position]
        yield from self._hosts  # a node reaches its own pods whatever their policies say

    def _position(self, tables: FamilyTables, family: Family, row: int, address: str) -> int:
        if row >= 0:
            return self._inquirer.network.position(row)
        of, number = parse_address(address)
        return tables.universe.position_of_address(number) if of == family else -1

    def _lets_out(self, tables: FamilyTables, position: int, to: int, key: int) -> bool:
        class_ = int(tables.egress.of_position[position])
        asked = tables.family, class_, to, key
        found = self._egress.get(asked)
        if found is None:
            bit = tables.egress.fold.atoms.bit(key)
            rows = tables.egress.rows(class_)
            found = self._egress[asked] = any(row.mask & bit and row.may >> to & 1 for row in rows)
        return found

    @property
    def _of_position(self) -> Mapping[int, list[int]]:
        """By position the rows of clients, two of each on a node: one may be the end itself."""
        if self._rows is None:
            self._rows = {}
            columns = self._inquirer.network.columns
            count: dict[tuple[int, int], int] = {}
            for workload in self._inquirer.cluster.workloads:
                if workload.kind == "node":
                    continue
                for row in workload.rows:
                    sort = self._inquirer.network.position(row), int(columns.node[row])
                    count[sort] = count.get(sort, 0) + 1
                    if count[sort] <= 2:
                        self._rows.setdefault(sort[0], []).append(row)
                        if columns.host[row]:
                            self._hosts.append(row)
        return self._rows

    def _by_any_port(self, backends: Sequence[Backend]) -> int:
        network = self._inquirer.network
        found = NEVER
        for family, tables in network.tables.items():
            for to in (Spot(self._position(tables, family, b.row, b.address), b.row) for b in backends):
                for position, rows in self._of_position.items() if to.position >= 0 else ():
                    client = next((row for row in rows if row != to.row), None)
                    if client is None or not tables.universe.present >> position & 1:
                        continue
                    must, may = pair(network, tables, Spot(position, client), to)
                    if must & TRANSPORT:
                        return SURELY
                    found = PERHAPS if may & TRANSPORT else found
        return found


def _admitted(tables: FamilyTables, at: int, key: int, surely: bool) -> Iterator[int]:
    """The positions that ingress at an end surely admits, or those that it admits perhaps."""
    bit = tables.ingress.fold.atoms.bit(key)
    must = may = 0
    for row in tables.ingress.rows_at(at):
        if row.mask & bit:
            must, may = must | row.must, may | row.may
    left = (must if surely else may & ~must) & tables.universe.present
    while left:
        lowest = left & -left
        left ^= lowest
        yield lowest.bit_length() - 1


def _growing(rows: Iterator[int], one_by_one: bool) -> Iterator[tuple[int, ...]]:
    """Ever larger groups of them."""
    size = 1 if one_by_one else FIRST
    held: list[int] = []
    for row in rows:
        held.append(row)
        if len(held) == size:
            yield tuple(held)
            held, size = [], size if one_by_one else 4 * size
    if held:
        yield tuple(held)
