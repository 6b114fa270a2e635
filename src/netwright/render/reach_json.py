"""`reach` as JSON: pairs written block by block, or the class tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

import msgspec
import numpy as np

from netwright.base.services import BEYOND_TRANSPORT, TRANSPORT, ServiceSet
from netwright.model.account import Provenance
from netwright.model.networks import POD
from netwright.questions.reach import (
    Ends,
    PairBlock,
    Reached,
    class_tables,
    pairs_of,
    undecided_services,
)
from netwright.render.escape import json_text
from netwright.render.pairs import Joined, chosen_pairs
from netwright.render.provenance import document

OTHER_PROTOCOLS = "only protocols other than TCP, UDP and SCTP are undecided"
NOT_DETERMINED = "an address, a node, a label or a policy kind is not known"
_THERE = "`why --network` names it for one pair"
HELP = {
    NOT_DETERMINED: "`why` names it for one pair; `--pod-cidr` and Node objects settle most",
    OTHER_PROTOCOLS: "`why A B --protocol icmp` says which policies leave them open; a CNI profile may settle it",
}


def _encode(value: Any) -> bytes:
    """JSON that a terminal cannot take for a command: names may hold anything."""
    return json_text(msgspec.json.encode(value))


def write_classes(reached: Reached, provenance: Provenance, exit_reasons: Sequence[str], out: IO[bytes]) -> None:
    tables = [class_tables(reached, family) for family in reached.families]
    out.write(
        _encode(
            document(
                "reach",
                provenance,
                exit_reasons,
                form="classes",
                by=reached.by,
                network=reached.network,
                tables=tables,
                left_out=reached.left_out,
            )
        )
    )
    out.write(b"\n")


def write_pairs(
    reached: Reached,
    provenance: Provenance,
    exit_reasons: Sequence[str],
    out: IO[bytes],
    namespaces: Sequence[str] = (),
) -> None:
    """Endpoints, connections and what is undecided, in one pass. A connection of one family only says so where there
    are two. `namespaces`: only pairs that touch one of them."""
    encode = _encode
    told = {"by": reached.by, "network": reached.network, "left_out": reached.left_out}
    head = document("reach", provenance, exit_reasons, form="pairs", **told)
    out.write(encode(head)[:-1])
    out.write(b',"endpoints":[')
    listed: dict[str, tuple[str, ...]] = {}
    for family in reached.families:
        ends: Ends = pairs_of(reached, family).ends if reached.by == "namespace" else reached.ends[family]
        for ref, addresses in zip(ends.refs, ends.addresses, strict=True):
            listed[ref] = tuple(dict.fromkeys((*listed.get(ref, ()), *addresses)))
    out.write(b",".join(encode({"ref": ref, "addresses": addresses}) for ref, addresses in listed.items()))
    out.write(b'],"connections":[')
    counted: Counter[str] = Counter()
    undecided: list[Headed] = []
    _write_listed(_connections(reached, namespaces, counted, undecided), out)
    out.write(b'],"undecided":[')
    _write_listed(map(_joined, undecided), out)
    out.write(b'],"undecided_counts":')
    helps = HELP if reached.network == POD else HELP | {NOT_DETERMINED: _THERE}
    out.write(encode([{"reason": r, "pairs": n, "help": helps[r]} for r, n in sorted(counted.items()) if n]))
    out.write(b"}\n")


Headed = tuple[bytes, Sequence[bytes]]
"""Objects of one source: how the text of each begins, and how they go on."""


def _joined(objects: Headed) -> bytes:
    head, bodies = objects
    return head + (b"," + head).join(bodies)


def _write_listed(texts: Iterable[bytes], out: IO[bytes]) -> None:
    for number, text in enumerate(texts):
        if number:
            out.write(b",")
        out.write(text)


def _connections(
    reached: Reached, namespaces: Sequence[str], counted: Counter[str], undecided: list[Headed]
) -> Iterator[bytes]:
    """The connections, some at a time, with commas between them."""
    runs = [chosen_pairs(reached, family, namespaces) for family in reached.families]
    if len(runs) == 1:
        joined = _Fragments(runs[0], runs[0].ends.refs, "")
        for block in runs[0].blocks():
            yield from joined.of(block, counted, undecided)
        return
    yield from _two_families(runs, counted, undecided)


class _Fragments:
    """JSON text of connections, put together from pieces made once an endpoint and once a set of services."""

    def __init__(self, pairs: Joined, refs: Sequence[str], family: str) -> None:
        encode = _encode
        self.pairs = pairs
        self._from = [b'{"from":' + encode(ref) + b',"to":' for ref in refs]
        self._to = [encode(refs[i]) for i in pairs.destinations]
        self._family = family.encode()
        self._behind = _Behind(self._to, self._family)
        self._open: dict[int, bytes] = {}
        self._alike: dict[tuple[bytes, bytes, bytes], list[bytes]] = {}
        self._parts: dict[ServiceSet, int] = {}
        self._transport: list[int] = []
        self._beyond: list[int] = []

    def of(self, block: PairBlock, counted: Counter[str], undecided: list[Headed]) -> Iterator[bytes]:
        """The connections of each source of the block."""
        services = self.pairs.services
        for s in services[len(self._transport) :]:
            self._transport.append(self._parts.setdefault(s & TRANSPORT, len(self._parts)))
            self._beyond.append(self._parts.setdefault(s & BEYOND_TRANSPORT, len(self._parts)))
        transport = np.array(self._transport, dtype=np.int32)
        beyond = np.array(self._beyond, dtype=np.int32)
        empty = np.array([not s for s in services], dtype=np.bool_)
        settled = transport[block.must] == transport[block.may]
        counted[OTHER_PROTOCOLS] += int((settled & (beyond[block.must] != beyond[block.may])).sum())
        self._behind.services = services
        for i, end in enumerate(block.sources):
            head = self._from[end]
            must, may = block.must[i], block.may[i]
            columns = np.flatnonzero(~empty[must])
            if len(columns):
                codes = must[columns].astype(np.int64) * len(self._to) + columns
                yield _joined((head, [*map(self._behind.__getitem__, codes.tolist())]))
            columns = np.flatnonzero(transport[must] != transport[may])
            if len(columns):
                counted[NOT_DETERMINED] += len(columns)
                undecided.append((head, self._undecided(transport[must[columns]], transport[may[columns]], columns)))

    def _undecided(self, must: Any, may: Any, columns: Any) -> Sequence[bytes]:
        """What is undecided to these destinations, joined by the services that are. Many sources are alike here."""
        key = must.tobytes(), may.tobytes(), columns.tobytes()
        found = self._alike.get(key)
        if found is not None:
            return found
        codes = must.astype(np.int64) << 32 | may
        order = np.argsort(codes, kind="stable")
        codes = codes[order]
        starts = np.flatnonzero(np.concatenate([[True], codes[1:] != codes[:-1]]))
        bounds = [*starts.tolist(), len(codes)]
        to = [self._to[j] for j in columns[order].tolist()]
        found = self._alike[key] = []
        for code, start, end in zip(codes[starts].tolist(), bounds, bounds[1:], strict=False):
            text = self._open.get(code)
            if text is None:
                parts = list(self._parts)
                text = self._open[code] = open_tail(parts[code & 0xFFFFFFFF] - parts[code >> 32], self._family)
            found.append(b"[" + b",".join(to[start:end]) + text)
        return found


class _Behind(dict[int, bytes]):
    """What stands behind the source of a connection: its destination and services, by the number of the services times
    all destinations, plus the number of the destination. Few of them make many connections."""

    def __init__(self, to: Sequence[bytes], family: bytes) -> None:
        super().__init__()
        self.services: Sequence[ServiceSet] = ()
        self._to, self._family = to, family
        self._tails: dict[int, bytes] = {}

    def __missing__(self, code: int) -> bytes:
        number, destination = divmod(code, len(self._to))
        tail = self._tails.get(number)
        if tail is None:
            tail = self._tails[number] = connection_tail(self.services[number], self._family)
        text = self[code] = self._to[destination] + tail
        return text


def open_tail(services: ServiceSet, family: bytes) -> bytes:
    body = {"ports": str(services), "kind": "unknown", "reason": NOT_DETERMINED}
    return b"]," + msgspec.json.encode(body)[1:-1] + (b',"family":' + family if family else b"") + b"}"


def connection_tail(services: ServiceSet, family: bytes) -> bytes:
    body: dict[str, Any] = {
        "ports": str(services),
        "ranges": services.ranges() if str(services) != "all" else [],
        "when": [],
    }
    text = msgspec.json.encode(body)
    return b"," + text[1:-1] + (b',"family":' + family if family else b"") + b"}"


def _two_families(runs: Sequence[Joined], counted: Counter[str], undecided: list[Headed]) -> Iterator[bytes]:
    """Connections that are the same in both families once, the others with their family."""
    encode = _encode
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
                    head = b'{"from":' + encode(source) + b',"to":'
                    undecided.append((head, [b"[" + encode(destination) + open_tail(services, mark)]))
    if out:
        yield b",".join(out)
