"""The smallest changes that flip a verdict: each made on a copy, proven again, with what else it opens or closes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import numpy as np

from netwright.base.ipset import Family, IpSet
from netwright.base.services import TRANSPORT, ServiceSet, protocol_name, service_key
from netwright.base.spans import Origin, Position
from netwright.dialects.k8s.edit import (
    Edit,
)
from netwright.engine.by_owner import Measure, OwnerPairs, closed, opened, perhaps_closed, perhaps_opened
from netwright.engine.compile import Network
from netwright.engine.difference import Differences, differences
from netwright.engine.ends import SharedEnds, shared_ends
from netwright.engine.exposure import has_ways
from netwright.engine.inquire import Inquirer, Settled
from netwright.engine.units import Delta
from netwright.model.references import Directory, Target
from netwright.profiles.compose import recompose
from netwright.profiles.deltas import deltas
from netwright.questions.registry import FROM_TO
from netwright.questions.why.candidates import closing, opening
from netwright.questions.why.ways import Moved, moved_ways

if TYPE_CHECKING:
    from netwright.engine.bits import Indexes

Again = Callable[[Inquirer], Settled]
Locate = Callable[[Origin], Position | None]
MOST_SHOWN = 20
MOST_PARTS = 16
"""Packets of a question that one change is made for; it is proven for all."""


class Connection(msgspec.Struct, frozen=True, kw_only=True, rename=FROM_TO):
    source: str
    destination: str
    ports: str


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change: its edits in words with the place of each, and the other connections it opens and closes, ways in
    from outside first (`internet` to a Service).

    Perhaps opened is what was denied and is undecided now, or was undecided and is allowed now; perhaps closed the
    other way round. `more` counts what the four lists leave out.
    """

    edits: tuple[str, ...]
    places: tuple[str, ...]
    flips_to: Literal["allow", "deny"]
    opens: tuple[Connection, ...] = ()
    closes: tuple[Connection, ...] = ()
    perhaps_opens: tuple[Connection, ...] = ()
    perhaps_closes: tuple[Connection, ...] = ()
    more: int = 0

    @property
    def size(self) -> int:
        """How many other connections it changes."""
        listed = self.opens, self.closes, self.perhaps_opens, self.perhaps_closes
        return sum(map(len, listed)) + self.more


class Question(msgspec.Struct, frozen=True):
    """The packets of a question: the families it asks about, who starts, and by service where it leads to: endpoint
    rows, addresses, and the families that it leads there over (empty: all)."""

    families: tuple[Family, ...]
    source: Target
    ends: tuple[tuple[int, frozenset[int], IpSet, tuple[Family, ...]], ...]


def question(
    inquirer: Inquirer, source: Target, destination: Target, protocol: int, ports: Sequence[str], family: Family | None
) -> Question:
    """The packets from a source to ports of a destination; `family` None: of every family."""
    ends = []
    for port in ports:
        for found in inquirer.deliveries(destination, protocol, port)[0]:
            addresses = IpSet()
            if destination.addresses is not None:
                addresses = destination.addresses
            elif found.address:
                addresses = IpSet.of(found.address)
            rows = frozenset((found.row,)) if found.row >= 0 else frozenset()
            ends.append((service_key(found.protocol, found.port), rows, addresses, found.families))
    return Question((family,) if family is not None else tuple(inquirer.network.families), source, tuple(ends))


def changes(inquirer: Inquirer, settled: Settled, asked: Question, locate: Locate, again: Again) -> tuple[Change, ...]:
    """Proven changes, fewest side effects first. Empty where none of the kinds tried flips the verdict.

    `again` puts the whole question to another inquirer over the same endpoints.
    """
    wanted: Literal["allow", "deny"] = "allow" if settled.verdict == "deny" or settled.groups == "some" else "deny"
    parts = [p for p in settled.parts if p.outcome.verdict == ("deny" if wanted == "allow" else "allow")]
    if not parts or parts[0].outcome.relation in ("self", "own node"):
        return ()
    of_verdict = opening if wanted == "allow" else closing
    candidates = of_verdict(inquirer, parts[:1])
    if len(parts) > 1:  # what flips the first alone may flip all; what flips each is more
        known = [_made(edits) for edits in candidates]
        more = of_verdict(inquirer, parts[:MOST_PARTS])
        candidates += [edits for edits in more if _made(edits) not in known]
    chains = [deltas(inquirer.cluster, edits) for edits in candidates]
    # what one of them names anew is named for all at once, and the rest is shared
    network = inquirer.network.knowing(delta for chain in chains for delta in chain or ())
    if network is not inquirer.network:
        inquirer = Inquirer(inquirer.cluster, network, inquirer.directory)
    out = []
    with_ways = has_ways(inquirer.cluster)
    for edits, chain in zip(candidates, chains, strict=True):
        proven = _prove(inquirer, asked, edits, chain, wanted, locate, again, with_ways=with_ways)
        if proven is not None:
            out.append(proven)
    return tuple(sorted(out, key=lambda c: (c.size, len(c.edits))))


def _made(edits: Sequence[Edit]) -> list[object]:
    """What edits come to, by which two of them are the same."""
    return [(e.before, e.after and (e.after.kind, e.after.namespace, e.after.name, e.after.value)) for e in edits]


def _prove(
    inquirer: Inquirer,
    question: Question,
    edits: Sequence[Edit],
    chain: Sequence[Delta] | None,
    wanted: Literal["allow", "deny"],
    locate: Locate,
    put: Again,
    *,
    with_ways: bool,
) -> Change | None:
    """Make the edits on a copy, ask again, and compare the connections of the ends that the edits touch."""
    changed = recompose(inquirer.cluster, edits)
    if chain is not None:
        again = Inquirer(changed, inquirer.network.apply(*chain), inquirer.directory)
    else:
        network = Network(changed.columns, changed.enforcers, inquirer.network.families, like=inquirer.network)
        again = Inquirer(changed, network, Directory(changed))
    asked = put(again)
    if asked.verdict != wanted or asked.groups == "some":
        return None
    moved = _moved(inquirer, again, question, with_ways=with_ways)
    places = []
    for e in edits:
        d = e.before
        position = (
            locate(Origin(kind=d.kind, namespace=d.namespace, name=d.name, place=d.place)) if d is not None else None
        )
        places.append(str(position) if position else "")
    return Change(
        edits=tuple(e.text for e in edits),
        places=tuple(places),
        flips_to=wanted,
        more=sum(more for _, more in moved.values()),
        **{which: shown for which, (shown, _) in moved.items()},
    )


Shown = tuple[tuple[Connection, ...], int]
"""The first connections, and how many more there are."""


MEASURES: Final[dict[Moved, Measure]] = {
    "opens": opened,
    "closes": closed,
    "perhaps_opens": perhaps_opened,
    "perhaps_closes": perhaps_closed,
}


def _moved(before: Inquirer, after: Inquirer, question: Question, *, with_ways: bool) -> dict[Moved, Shown]:
    """The connections that an edit opens and closes, and perhaps does, besides the packets asked about."""
    found: dict[Moved, list[OwnerPairs]] = {which: [] for which in MEASURES}
    touched: set[str] = set()
    for family in before.network.tables:
        ends = shared_ends(before, after, family, nodes=True)
        changes = differences(ends.before, ends.after, ends.changed, outside=ends.outside, wanted=TRANSPORT)
        if with_ways:
            touched.update(ends.owners[end] for end in set(changes.destination.tolist()))
        if family in question.families:
            changes = _besides(changes, ends, question, family)
        for which, measure in MEASURES.items():
            found[which].append(OwnerPairs(changes, ends.owners, measure))
    ways: dict[Moved, list[Connection]] = {which: [] for which in MEASURES}
    for which, way in moved_ways(before, after, touched) if touched else ():
        ports = f"{protocol_name(way.protocol)} {way.port} via {way.via} {way.entry}"
        ways[which].append(Connection(source="internet", destination=way.service, ports=ports))
    return {which: _shown(listed, ways[which]) for which, listed in found.items()}


def _shown(found: Sequence[OwnerPairs], ways: Sequence[Connection]) -> Shown:
    if len(found) == 1:
        listed: Iterable[tuple[str, str, ServiceSet]] = found[0]
        count = len(found[0])
    else:
        joined: dict[tuple[str, str], ServiceSet] = {}
        for s, d, services in (pair for pairs in found for pair in pairs):
            joined[s, d] = joined.get((s, d), ServiceSet()) | services
        listed, count = [(s, d, services) for (s, d), services in sorted(joined.items())], len(joined)
    shown = tuple(
        Connection(source=s, destination=d, ports=str(services)) for s, d, services in islice(listed, MOST_SHOWN)
    )
    return (*ways, *shown), count - len(shown)


def _besides(found: Differences, ends: SharedEnds, question: Question, family: Family) -> Differences:
    """What differs without the packets of the question: between ends that it asks about whole, its services."""
    keys: dict[int, tuple[set[int], IpSet]] = {}
    for key, rows, addresses, families in question.ends:
        if not families or family in families:
            held = keys.get(key, (set(), IpSet()))
            keys[key] = held[0] | rows, held[1] | addresses
    of_ends: dict[frozenset[int], list[int]] = {}
    differing = set(found.source.tolist()), set(found.destination.tolist())
    for key, (to, into) in keys.items():
        of_ends.setdefault(frozenset(_whole(ends, differing[1], to, into)), []).append(key)
    source = question.source
    starting = _whole(ends, differing[0], set(source.rows), source.addresses or IpSet())
    is_source = np.isin(found.source, starting)
    for destinations, here in of_ends.items():
        pairs = np.flatnonzero(is_source & np.isin(found.destination, list(destinations)))
        if len(pairs):
            found = _without(found, pairs, ServiceSet.of([(key, key + 1) for key in here]))
    return found


def _whole(ends: SharedEnds, among: Iterable[int], rows: Collection[int], addresses: IpSet) -> list[int]:
    """The ends that are nothing but these endpoints or addresses."""
    out = []
    for end in among:
        held = ends.addresses[end]
        if addresses and held <= addresses if held is not None else all(row in rows for row in ends.rows[end][0]):
            out.append(end)
    return out


def _without(found: Differences, pairs: Indexes, asked: ServiceSet) -> Differences:
    """Differences without these services at these pairs."""
    services = list(found.services)
    number = {one: i for i, one in enumerate(services)}
    both = []
    for column in (found.was, found.now):
        column = column.copy()
        here = column[pairs]
        for old in set(here.ravel().tolist()):
            left = services[old] - asked
            if left not in number:
                number[left] = len(services)
                services.append(left)
            column[pairs] = np.where(here == old, number[left], column[pairs])
        both.append(column)
    return msgspec.structs.replace(found, was=both[0], now=both[1], services=services)
