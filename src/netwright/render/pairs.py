"""The pairs of `reach` as every face writes them: narrowed to namespaces, and as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from netwright.base.ipset import Family
from netwright.base.services import ServiceSet
from netwright.questions.reach import Ends, NamespacePairs, PairBlock, Pairs, Reached, pairs_of, undecided_services
from netwright.render.table import Column


class Narrowed:
    """Pairs of which one end at least is in one of the namespaces; the others are no connection, and not counted."""

    def __init__(self, pairs: Pairs | NamespacePairs, reached: Reached, namespaces: Sequence[str]) -> None:
        self.pairs = pairs
        self.family = pairs.family
        self.ends: Ends = pairs.ends
        self.sources = pairs.sources
        self.destinations = pairs.destinations
        inside = _inside(reached, pairs.ends, frozenset(namespaces))
        self._from = {end for end in pairs.sources if inside[end]}
        self._cut = [j for j, end in enumerate(pairs.destinations) if not inside[end]]
        whole, kept = len(pairs.destinations), len(pairs.destinations) - len(self._cut)
        self.count = sum(whole if end in self._from else kept for end in pairs.sources)

    @property
    def services(self) -> list[ServiceSet]:
        return self.pairs.services

    def blocks(self) -> Iterator[PairBlock]:
        for block in self.pairs.blocks():
            nothing = self.services.index(ServiceSet())
            must, may = block.must.copy(), block.may.copy()
            for i, end in enumerate(block.sources):
                if end not in self._from:
                    must[i][self._cut] = may[i][self._cut] = nothing
            yield PairBlock(block.sources, must, may)


Joined = Pairs | NamespacePairs | Narrowed


def chosen_pairs(reached: Reached, family: Family, namespaces: Sequence[str] = ()) -> Joined:
    """The pairs of one family, those that touch the namespaces where any are named."""
    pairs = pairs_of(reached, family)
    return Narrowed(pairs, reached, namespaces) if namespaces else pairs


def pair_count(pairs: Joined) -> int:
    return pairs.count if isinstance(pairs, Narrowed) else len(pairs.sources) * len(pairs.destinations)


def _inside(reached: Reached, ends: Ends, namespaces: frozenset[str]) -> list[bool]:
    """Which ends are in the namespaces. An identity is in every namespace that one of its pods is in."""
    network = reached.inquirer.network
    columns = network.columns
    wanted = [i for i, name in enumerate(columns.namespaces) if name in namespaces]
    if reached.by == "identity":
        of_row = zip(network.identities.of_row.tolist(), columns.namespace.tolist(), strict=True)
        found = {identity for identity, namespace in of_row if namespace in wanted}
        return [row >= 0 and p in found for row, p in zip(ends.rows, ends.positions, strict=True)]
    return [row >= 0 and int(columns.namespace[row]) in wanted for row in ends.rows]


# --- rows --------------------


class PairRow(msgspec.Struct, frozen=True, kw_only=True):
    """One connection, or what is undecided of one. `family` is "" where there is one family only."""

    source: str
    destination: str
    verdict: str
    ports: str
    family: str


PAIR_COLUMNS: Final = (
    Column(title="FROM", key="from", value=lambda r: r.source),
    Column(title="TO", key="to", value=lambda r: r.destination),
    Column(title="VERDICT", key="verdict", value=lambda r: r.verdict),
    Column(title="PORTS", key="ports", value=lambda r: r.ports),
    Column(title="FAMILY", key="family", value=lambda r: r.family),
)
HOP_COLUMNS: Final = (
    Column(title="HOP", key="hop", value=lambda r: r.hop, right=True),
    Column(title="TO", key="to", value=lambda r: r.ref),
    Column(title="VERDICT", key="verdict", value=lambda r: "allow" if r.surely else "undecided"),
    Column(title="PORTS", key="ports", value=lambda r: r.ports),
    Column(title="FROM", key="from", value=lambda r: r.via),
)


def pair_rows(reached: Reached, namespaces: Sequence[str] = ()) -> Iterator[PairRow]:
    """What surely may pass (`allow`) and what is not known to (`undecided`), pair by pair."""
    for family in reached.families:
        pairs = chosen_pairs(reached, family, namespaces)
        refs = pairs.ends.refs
        shown = str(family) if len(reached.families) > 1 else ""
        for block in pairs.blocks():
            for i, source in enumerate(block.sources):
                for j, destination in enumerate(pairs.destinations):
                    must = pairs.services[int(block.must[i, j])]
                    may = pairs.services[int(block.may[i, j])]
                    found = [("allow", must)] if must else []
                    if may != must and (left := undecided_services(must, may)[0]):
                        found.append(("undecided", left))
                    for verdict, services in found:
                        yield PairRow(
                            source=refs[source],
                            destination=refs[destination],
                            verdict=verdict,
                            ports=str(services),
                            family=shown,
                        )
