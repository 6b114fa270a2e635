"""Whom a packet stands for: the pairs of ends that nothing tells apart from its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from netwright.engine.verdict import Spot, relation
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Inquirer, Part

MOST_PAIRS = 100_000
"""Pairs of names that are counted of one part."""


def pairs_alike(inquirer: Inquirer, part: Part, source: Target, destination: Target) -> list[tuple[str, str]]:
    """The pairs of names that a part stands for, that of its own ends first: of the two ends asked about all that
    nothing tells apart from these. Where these are very many, some."""
    one, other = part.packet.source, part.packet.destination
    starting, arriving = {part.source: None}, dict.fromkeys(part.destinations)
    if part.outcome.relation not in ("self", "hairpin"):
        name = inquirer.directory.row_ref
        starting |= dict.fromkeys(map(name, _like(inquirer, one, other, source.rows)))
        if part.through is None:  # of a Service the destinations are all
            arriving |= dict.fromkeys(map(name, _like(inquirer, other, one, destination.rows)))
    found = ((s, d) for s in starting for d in arriving if s != d or (s, d) == (part.source, part.destination))
    return list(islice(found, MOST_PAIRS))


def _like(inquirer: Inquirer, spot: Spot, other: Spot, rows: Sequence[int]) -> list[int]:
    """The rows that nothing tells apart from a spot, as packets to or from another end come out."""
    if spot.row < 0 or len(rows) < 2:
        return []
    network, between = inquirer.network, relation(inquirer.network, spot.row, other.row)
    alike = (row for row in rows if network.position(row) == spot.position)
    return [row for row in alike if relation(network, row, other.row) in (between, "self")]
