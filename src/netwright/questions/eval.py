"""`eval`: many questions, one verdict each, with the rules that decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import msgspec

from netwright.base.errors import UnknownReference, UsageError
from netwright.base.ipset import Family, is_address
from netwright.base.numbers import MOST_DIGITS
from netwright.base.services import ICMP, ICMPV6, PROTOCOLS, check_port, protocol_name, protocol_number
from netwright.base.spans import Origin, Position
from netwright.engine.alike import pairs_alike
from netwright.engine.inquire import Groups, Inquirer, Settled
from netwright.engine.outside import not_meant, perhaps_own_node
from netwright.engine.reasons import Reason
from netwright.engine.verdict import Citation, Verdict
from netwright.model.references import kind_of
from netwright.questions.registry import Asked, Eval, Icmp, Query

Locate = Callable[[Origin], Position | None]
MOST_NAMED = 10
"""Pairs that are named of those that nothing tells apart."""


class By(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that decided, or a policy's isolation (`rule` null), and where it is written (line and column 1-based, 0:
    nowhere)."""

    direction: str
    kind: str
    namespace: str
    name: str
    rule: int | None
    path: str
    action: Literal["allow", "deny", "pass"]
    file: str
    line: int
    column: int


class Undecided(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["unknown", "ambiguous", "depends"]
    reason: str


class Evaluated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}):
    """The query and its verdict. `when` holds conditions: a reader that ignores them must read allow as undecided, and
    what is undecided for nothing else is allowed where they hold.

    What has no default is always written.
    """

    from_: str
    to: str
    protocol: str
    port: int | str | None = None
    network: str | None = None
    family: Literal[4, 6] | None = None
    icmp: Icmp | None = None
    verdict: Verdict
    groups: Groups = "all"
    when: tuple[str, ...]
    undecided: tuple[Undecided, ...]
    note: str = ""
    by: tuple[By, ...]


def answer(twin: Asked, params: Eval) -> list[Evaluated]:
    return list(evaluate(twin.inquirer, params.queries, twin.locate, lambda network: twin.on(network).inquirer))


def evaluate(
    inquirer: Inquirer, queries: Iterable[Query], locate: Locate, on: Callable[[str], Inquirer] | None = None
) -> Iterator[Evaluated]:
    """Answers in the order of the queries; `on` says who is asked of the network that one names. Raises UsageError for
    a query that names nothing."""
    told = _Told(locate)
    for query in queries:
        asked = on(query.network) if on is not None and query.network is not None else inquirer
        yield _one(asked, query, told)


class _Told:
    """What deciding rules are told as, each made once: the same ones decide again and again."""

    def __init__(self, locate: Locate) -> None:
        self._locate = locate
        self._of: dict[tuple[int, str, int | None, str], tuple[Origin, int, By]] = {}
        self._numbers: dict[tuple[str, Origin], int] = {}

    def __call__(self, citation: Citation) -> tuple[int, By]:
        """The number of its direction and origin, and what it is told as."""
        # an origin is found by itself, which is quicker than by what it says; it is held here, so nothing takes its id
        key = id(citation.origin), citation.direction, citation.rule, citation.action
        found = self._of.get(key)
        if found is None:
            origin = citation.origin
            number = self._numbers.setdefault((citation.direction, origin), len(self._numbers))
            found = self._of[key] = origin, number, _by(citation, self._locate(origin))
        return found[1:]


def _one(inquirer: Inquirer, query: Query, told: _Told) -> Evaluated:
    protocol = protocol_number(query.protocol)
    inquirer = inquirer.of_family(query.family)
    try:
        settled = ask(inquirer, query.from_, query.to, protocol, query.port, query.family, query.icmp)
    except UnknownReference:
        why = "; ".join(t for t in [_without_pods(inquirer, ref) for ref in (query.from_, query.to)] if t)
        settled = Settled("undecided", "none", (), why, (Reason("unknown", why),))
    found = inquirer.directory
    ranges = [found.named(ref) for ref in (query.from_, query.to) if ref.startswith("cidr/")]
    notes = [settled.nowhere, not_meant(inquirer.network, found, *ranges)]
    if settled.parts and (is_address(query.from_) or is_address(query.to)):
        notes.append(perhaps_own_node(inquirer, found.resolve(query.from_), found.destination(query.to), settled))
    return Evaluated(
        from_=query.from_,
        to=query.to,
        protocol=query.protocol,
        port=query.port,
        network=query.network,
        family=query.family,
        icmp=query.icmp,
        verdict=settled.verdict,
        groups=settled.groups if settled.verdict == "allow" else "all",
        when=conditions(inquirer, query, settled),
        undecided=tuple(Undecided(kind=r.kind, reason=r.text) for r in settled.reasons),
        note="; ".join(filter(None, notes)),
        by=_cited(inquirer, settled, told),
    )


def _without_pods(inquirer: Inquirer, text: str) -> str:
    """What is said of a reference to something that is in the input and has no pods; "" for one that means something.
    Raises UnknownReference."""
    try:
        inquirer.directory.named(text)
        return ""
    except UnknownReference:
        *kinds, namespace, name = text.split("/") if "/" in text else ("", text)
        wanted = kind_of(kinds[0]) if kinds else None
        for d in inquirer.cluster.objects:
            kind = kind_of(d.kind)
            if (d.namespace, d.name) == (namespace, name) and kind not in (None, "svc", "node", "ns"):
                if wanted in (None, kind):
                    return f"{kind}/{namespace}/{name} has no pods"
        raise


def ask(
    inquirer: Inquirer,
    source: str,
    destination: str,
    protocol: int,
    port: int | str | None,
    family: Family | None = None,
    icmp: Icmp | None = None,
) -> Settled:
    """Resolve the references of one question and settle it. Raises UsageError."""
    if icmp is not None and protocol not in (ICMP, ICMPV6):
        raise UsageError("`icmp` goes with the protocol ICMP only", help='write `"protocol": "ICMP"`')
    if icmp is not None and not (0 <= icmp.type <= 255 and 0 <= icmp.code <= 255):
        raise UsageError(f"ICMP type {icmp.type} code {icmp.code} does not exist", help="both go from 0 to 255")
    if protocol == ICMP and icmp is None:
        icmp = Icmp(type=8)
    if port is None and protocol in (PROTOCOLS["TCP"], PROTOCOLS["UDP"], PROTOCOLS["SCTP"]):
        raise UsageError("a TCP, UDP or SCTP question needs a port", help='write `"port": 80`')
    if port is not None and protocol not in (PROTOCOLS["TCP"], PROTOCOLS["UDP"], PROTOCOLS["SCTP"]):
        raise UsageError(f"{protocol_name(protocol)} has no ports", help='leave `"port"` out')
    if port == "":
        raise UsageError('`"port"` is empty', help='write `"port": 80`, or the name of a port')
    if isinstance(port, int) and not 0 <= port <= 0xFFFF:
        shown = f"`{port}`" if abs(port) < 10**MOST_DIGITS else "a number of that many digits"
        raise UsageError(f"{shown} is not a port", help="ports go from 0 to 65535")
    if isinstance(port, str):
        check_port(port)
    found = inquirer.directory
    ends = found.resolve(source), found.destination(destination)
    return inquirer.ask(
        *ends,
        protocol,
        "" if port is None else str(port),
        family=inquirer.family_asked(family, *ends, destination),
        icmp=(icmp.type, icmp.code) if icmp else None,
    )


def conditions(inquirer: Inquirer, query: Query, settled: Settled) -> tuple[str, ...]:
    """For a group of which some may pass: who. For what is open by conditions alone: these."""
    if settled.verdict == "undecided" and settled.reasons and all(r.kind == "depends" for r in settled.reasons):
        return tuple(r.text for r in settled.reasons)
    if settled.groups != "some" or settled.verdict != "allow":
        return ()
    out: dict[str, None] = {}
    for way in settled.ways:
        if way.verdict == "some":
            out.update((step.text, None) for step in way.steps if step.verdict == "some")
    if out:
        return tuple(out)
    ends = inquirer.directory.resolve(query.from_), inquirer.directory.destination(query.to)
    for part in settled.parts:
        if part.outcome.verdict == "allow":
            pairs = [f"from {source} to {end}" for source, end in pairs_alike(inquirer, part, *ends)]
            more = len(pairs) - 1
            out.update(dict.fromkeys(pairs if len(pairs) <= MOST_NAMED else [f"{pairs[0]} and {more} more alike"]))
    return tuple(out)


def _cited(inquirer: Inquirer, settled: Settled, told: _Told) -> tuple[By, ...]:
    seen: dict[int, By] = {}
    for part in settled.parts:
        if settled.verdict in (part.outcome.verdict, "undecided"):
            for citation in inquirer.deciding(part):
                number, by = told(citation)
                seen.setdefault(number, by)
    return tuple(seen.values())


def _by(citation: Citation, position: Position | None) -> By:
    origin = citation.origin
    return By(
        direction=citation.direction,
        kind=origin.kind,
        namespace=origin.namespace,
        name=origin.name,
        rule=citation.rule,
        path=origin.path,
        action=citation.action,
        file=position.file if position else "",
        line=position.line if position else 0,
        column=position.column if position else 0,
    )


__all__ = ["By", "Evaluated", "Icmp", "Query", "Undecided", "answer", "ask", "evaluate", "protocol_number"]
