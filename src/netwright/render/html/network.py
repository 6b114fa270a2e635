"""The data behind the map, the matrix and `why`: ends, connections by source, and the rules that decide them.

What stands often is numbered and written once: sets of services, sets of ends (as ranges of their numbers), rules. The
page looks up what stands here and works out no verdict.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import PROTOCOLS, SCTP, TCP, UDP, ServiceSet
from netwright.questions.deciding import CitedRule, deciding, ranges
from netwright.questions.exposed import ExposedRow
from netwright.questions.reach import Ends, NamespacePairs, Pairs, Reached, overlay
from netwright.questions.reach.by_source import Counts, Groups, first_sources
from netwright.render.excerpt import Lines
from netwright.render.outside import text_refs
from netwright.render.reach_json import HELP, NOT_DETERMINED, OTHER_PROTOCOLS
from netwright.twin import Twin

MOST_ENDS: Final = 800
MOST_PAIRS: Final = 500_000
"""Connections and undecided pairs that a page carries workload by workload; beyond, and beyond MOST_ENDS, it carries
them by namespace."""
FOLLOWING: Final = 3
"""Lines of an excerpt, that which is cited among them."""
NAME_SERVICE: Final = ServiceSet.ports(TCP, 53) | ServiceSet.ports(UDP, 53)
OUTSIDE: Final = "outside"


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """What the page embeds (`data`), and what its head says of it."""

    data: dict[str, Any]
    connections: int
    undecided_pairs: int
    undecided: tuple[dict[str, Any], ...]
    ways: tuple[ExposedRow, ...]


def picture(twin: Twin, options: Sequence[str]) -> Picture:
    """The network of a twin, workload by workload or, where that is too much for a page, by namespace. `options` are
    the words of a command that asks the same input."""
    reached = twin.reach(by="workload")
    ports = Ports()
    found: list[tuple[dict[str, Any], Counts]] | None = None
    if max(len(reached.ends[f]) for f in reached.families) <= MOST_ENDS:
        found = [_family(twin, reached, family, ports) for family in reached.families]
        if any(c.connections + c.undecided > MOST_PAIRS for _, c in found):
            found = None
    by_namespace = found is None
    joined = twin.reach(by="namespace")
    folded = [_joined(joined, family, ports) for family in joined.families]
    if found is None:
        found = folded
    else:
        for (told, _), (apart, _) in zip(found, folded, strict=True):
            told["folded"] = {name: apart[name] for name in ("ends", "connected", "open")}
    ways = tuple(twin.exposed())
    counts = [c for _, c in found]
    return Picture(
        data={
            "by": "namespace" if by_namespace else "workload",
            "options": shlex.join(options),
            "families": [told for told, _ in found],
            "ports": ports.told,
            "dns": ports.name_service,
            "ways": [] if by_namespace else _ways(twin, reached, ways),
        },
        connections=sum(c.connections for c in counts),
        undecided_pairs=sum(c.undecided for c in counts),
        undecided=tuple(
            {"reason": reason, "pairs": n, "help": HELP[reason]}
            for reason, n in (
                (NOT_DETERMINED, sum(c.undecided for c in counts)),
                (OTHER_PROTOCOLS, sum(c.others for c in counts)),
            )
            if n
        ),
        ways=ways,
    )


class Ports:
    """Sets of services by number: the text, and one of them to ask `why` about (protocol and port, "" and 0 where any
    will do)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, int]] = []
        self.name_service: list[int] = []
        self._number: dict[ServiceSet, int] = {}

    def __call__(self, services: ServiceSet) -> int:
        found = self._number.get(services)
        if found is None:
            found = self._number[services] = len(self.told)
            self.told.append((str(services), *_one_of(services)))
            if services <= NAME_SERVICE:
                self.name_service.append(found)
        return found


def _one_of(services: ServiceSet) -> tuple[str, int]:
    for protocol, low, high in services.ranges():
        if PROTOCOLS.get(protocol) in (TCP, UDP, SCTP):
            return ("", 0) if (low, high) == (0, 0xFFFF) else (protocol, low or min(1, high))
    return "", 0


def _family(twin: Twin, reached: Reached, family: Family, ports: Ports) -> tuple[dict[str, Any], Counts]:
    """Workload by workload, with the rules behind every pair."""
    pairs = Pairs(reached, family)
    ends: Ends = pairs.ends
    told, counted = _connections(reached, family, pairs, ports)
    related: dict[str, dict[int, list[int]]] = {}
    for (s, d), between in overlay(reached, family).items():
        related.setdefault(between, {}).setdefault(s, []).append(d)
    told["relations"] = {
        between: [[s, ranges(sorted(ds))] for s, ds in sorted(of.items())] for between, of in related.items()
    }
    found = deciding(twin.inquirer, family, ends.positions, twin.locate, twin.owner_of)
    lines = twin.snapshot.reading.texts.lines
    told["deciding"] = {
        **msgspec.to_builtins(found),
        "cited": [msgspec.to_builtins(c) | {"excerpt": excerpt_of(c, lines)} for c in found.cited],
    }
    return told, counted


def _joined(reached: Reached, family: Family, ports: Ports) -> tuple[dict[str, Any], Counts]:
    return _connections(reached, family, NamespacePairs(reached, family), ports)


def _connections(
    reached: Reached, family: Family, pairs: Pairs | NamespacePairs, ports: Ports
) -> tuple[dict[str, Any], Counts]:
    counted = Counts()
    ends: Ends = pairs.ends
    rows, _ = first_sources(pairs, reached.services, pairs.sources, None, counted)
    columns = reached.inquirer.network.columns
    names = text_refs(reached, family, ends)
    told: dict[str, Any] = {
        "family": family,
        "ends": [
            [name, columns.namespaces[int(columns.namespace[row])] if row >= 0 else "", kind if row >= 0 else OUTSIDE]
            for name, row, kind in zip(names, ends.rows, ends.kinds, strict=True)
        ],
        "connected": [[source, _numbered(groups, ports)] for source, groups, _ in rows if groups],
        "open": [[source, _numbered(groups, ports)] for source, _, groups in rows if groups],
    }
    return told, counted


def _numbered(groups: Groups, ports: Ports) -> list[list[Any]]:
    return [[ports(services), ranges(destinations)] for services, destinations in groups.items()]


def _ways(twin: Twin, reached: Reached, ways: Sequence[ExposedRow]) -> list[dict[str, Any]]:
    """The ways in, with the numbers of the ends that each leads to, by family."""
    columns = twin.network.columns
    services = {s.ref: s for s in twin.cluster.services}
    numbers: list[Mapping[tuple[int, int], int]] = []
    for family in reached.families:
        ends: Ends = reached.ends[family]
        rows = enumerate(zip(ends.rows, ends.positions, strict=True))
        numbers.append({(int(columns.workload[row]), position): i for i, (row, position) in rows if row >= 0})
    positions = twin.network.identities.of_row
    out = []
    for way in ways:
        service = services.get(way.service)
        asked = [] if service is None else [p for p in service.ports if p.port == way.port]
        backends = {b.row for p in asked for b in p.backends if b.row >= 0}
        keys = {(int(columns.workload[row]), int(positions[row])) for row in backends}
        to = [sorted({n[key] for key in keys if key in n}) for n in numbers]
        out.append(
            {
                "service": way.service,
                "port": way.port,
                "protocol": way.protocol,
                "via": way.via,
                "entry": way.entry,
                "verdict": way.verdict,
                "to": to,
            }
        )
    return out


def excerpt_of(cited: CitedRule, lines: Lines) -> list[str]:
    """The cited line and those after it that belong to it; none where the text is not kept."""
    if not cited.file or not cited.line:
        return []
    text = lines(cited.file)
    out: list[str] = []
    for line in text[cited.line - 1 : cited.line - 1 + FOLLOWING]:
        if out and len(line) - len(line.lstrip()) < cited.column - 1:
            break
        out.append(line[:LONGEST_LINE].expandtabs()[:LONGEST_LINE].rstrip())
    return out


LONGEST_LINE: Final = 200
