"""`reach` as JSON: pairs written block by block, or the class tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import msgspec
import numpy as np

from netwright.base.services import ServiceSet
from netwright.model.account import Provenance
from netwright.questions.reach import Ends, PairBlock, Pairs, Reached, class_tables, undecided_services
from netwright.render.provenance import document

OTHER_PROTOCOLS = "NetworkPolicy leaves open what becomes of protocols other than TCP, UDP and SCTP at an isolated pod"
NOT_DETERMINED = "the input does not determine it (an address, a node or a policy kind is not known)"


def write_classes(reached: Reached, provenance: Provenance, exit_reasons: Sequence[str], out: BinaryIO) -> None:
    tables = [class_tables(reached, family) for family in reached.families]
    out.write(
        msgspec.json.encode(
            document("reach", provenance, exit_reasons, form="classes", by=reached.by, tables=tables, left_out=reached.left_out)
        )
    )
    out.write(b"\n")


def write_pairs(reached: Reached, provenance: Provenance, exit_reasons: Sequence[str], out: BinaryIO) -> None:
    """Endpoints, connections and what is undecided, in one pass. A connection of one family only says so where there are two."""
    encode = msgspec.json.encode
    head = document("reach", provenance, exit_reasons, form="pairs", by=reached.by, left_out=reached.left_out)
    out.write(encode(head)[:-1])
    out.write(b',"endpoints":[')
    listed: dict[str, tuple[str, ...]] = {}
    for family in reached.families:
        ends: Ends = reached.ends[family]
        for ref, addresses in zip(ends.refs, ends.addresses, strict=True):
            listed[ref] = tuple(dict.fromkeys((*listed.get(ref, ()), *addresses)))
    out.write(b",".join(encode({"ref": ref, "addresses": addresses}) for ref, addresses in listed.items()))
    out.write(b'],"connections":[')
    counted: Counter[str] = Counter()
    open_pairs: list[bytes] = []
    first = True
    for fragments in _connections(reached, counted, open_pairs):
        if fragments:
            out.write((b"" if first else b",") + b",".join(fragments))
            first = False
    out.write(b'],"undecided":[')
    out.write(b",".join(open_pairs))
    out.write(b'],"undecided_counts":')
    out.write(encode([{"reason": reason, "pairs": n} for reason, n in sorted(counted.items())]))
    out.write(b"}\n")


def _connections(reached: Reached, counted: Counter[str], open_pairs: list[bytes]) -> Iterator[list[bytes]]:
    runs = [Pairs(reached, family) for family in reached.families]
    if len(runs) == 1:
        joined = _Fragments(runs[0], runs[0].ends.refs, "")
        for block in runs[0].blocks():
            yield joined.of(block, counted, open_pairs)
        return
    yield from _two_families(runs, counted, open_pairs)


class _Fragments:
    """JSON text of connections, put together from pieces made once an endpoint and once a set of services."""

    def __init__(self, pairs: Pairs, refs: Sequence[str], family: str) -> None:
        encode = msgspec.json.encode
        self.pairs = pairs
        self._from = [b'{"from":' + encode(ref) + b',"to":' for ref in refs]
        self._to = [encode(refs[i]) for i in pairs.destinations]
        self._family = family.encode()
        self._tail: list[bytes] = []
        self._open: dict[tuple[int, int], tuple[bytes, bool]] = {}

    def of(self, block: PairBlock, counted: Counter[str], open_pairs: list[bytes]) -> list[bytes]:
        services = self.pairs.services
        self._tail += [connection_tail(s, self._family) for s in services[len(self._tail) :]]
        empty = np.array([not s for s in services], dtype=np.bool_)
        tail, to = self._tail, self._to
        out: list[bytes] = []
        for i, end in enumerate(block.sources):
            head = self._from[end]
            must = block.must[i]
            columns = np.flatnonzero(~empty[must])
            out += [
                head + to[j] + tail[k] for j, k in zip(columns.tolist(), must[columns].tolist(), strict=True)
            ]
            for j in np.flatnonzero(block.may[i] != must).tolist():
                text, others = self._undecided(int(must[j]), int(block.may[i, j]))
                if others:
                    counted[OTHER_PROTOCOLS] += 1
                if text:
                    counted[NOT_DETERMINED] += 1
                    open_pairs.append(head + to[j] + text)
        return out

    def _undecided(self, must: int, may: int) -> tuple[bytes, bool]:
        found = self._open.get((must, may))
        if found is None:
            services, others = undecided_services(self.pairs.services[must], self.pairs.services[may])
            text = b""
            if services:
                text = connection_tail(services, self._family)[:-1]
                text += b',"kind":"unknown","reason":' + msgspec.json.encode(NOT_DETERMINED) + b"}"
            found = self._open[must, may] = (text, others)
        return found


def connection_tail(services: ServiceSet, family: bytes) -> bytes:
    body: dict[str, Any] = {"ports": str(services), "ranges": services.ranges() if str(services) != "all" else [], "when": []}
    text = msgspec.json.encode(body)
    return b"," + text[1:-1] + (b',"family":' + family if family else b"") + b"}"


def _two_families(runs: Sequence[Pairs], counted: Counter[str], open_pairs: list[bytes]) -> Iterator[list[bytes]]:
    """Connections that are the same in both families once, the others with their family."""
    encode = msgspec.json.encode
    found: dict[tuple[str, str], dict[int, tuple[ServiceSet, ServiceSet]]] = {}
    present: dict[int, set[str]] = {}
    for pairs in runs:
        present[pairs.family] = set(pairs.ends.refs)
        for block in pairs.blocks():
            for i, end in enumerate(block.sources):
                for j, column in enumerate(pairs.destinations):
                    may = pairs.services[block.may[i, j]]
                    if may:
                        key = (pairs.ends.refs[end], pairs.ends.refs[column])
                        found.setdefault(key, {})[pairs.family] = (pairs.services[block.must[i, j]], may)
    out: list[bytes] = []
    for (source, destination), by_family in found.items():
        families = [f for f in present if source in present[f] and destination in present[f]]
        outcomes = {by_family.get(f, (ServiceSet(), ServiceSet())) for f in families}
        for f in families[:1] if len(outcomes) == 1 else families:
            must, may = by_family.get(f, (ServiceSet(), ServiceSet()))
            mark = b"" if len(outcomes) == 1 and len(families) == 2 else str(f).encode()
            head = b'{"from":' + encode(source) + b',"to":' + encode(destination)
            if must:
                out.append(head + connection_tail(must, mark))
            if may != must:
                services, others = undecided_services(must, may)
                counted[OTHER_PROTOCOLS] += others
                if services:
                    counted[NOT_DETERMINED] += 1
                    tail = connection_tail(services, mark)[:-1]
                    open_pairs.append(head + tail + b',"kind":"unknown","reason":' + encode(NOT_DETERMINED) + b"}")
    yield out
