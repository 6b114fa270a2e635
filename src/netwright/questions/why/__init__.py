"""`why`: one question in full: the verdict, the rules that decide in each direction, the nearest rule that would have
allowed it.

The engine and the reference evaluator both answer; where they differ it is our bug and nothing is printed as a verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec

from netwright.base.errors import InternalError, UsageError
from netwright.base.ipset import Family
from netwright.base.services import ICMP, SCTP, TCP, UDP, ServiceSet, protocol_name, protocol_number
from netwright.base.spans import Origin, Position
from netwright.engine.alike import pairs_alike
from netwright.engine.compile import Beside
from netwright.engine.inquire import Groups, Inquirer, Part, Settled, lowest
from netwright.engine.itself import led_back
from netwright.engine.nearest import nearest_rule
from netwright.engine.outside import not_meant, perhaps_own_node
from netwright.engine.verdict import Citation, Verdict
from netwright.model.document import Decoded, Objects, of_kinds
from netwright.model.networks import POD
from netwright.model.references import Target, split_port, split_protocol
from netwright.model.rule import Direction
from netwright.profiles.judging import as_judged, deciding_objects
from netwright.profiles.known import profile_of
from netwright.questions.registry import FROM_TO, Asked, Why
from netwright.questions.why.around import A_NODE, LeadsHere, apart, leads_here, which_node
from netwright.questions.why.changes import Change, changes, question
from netwright.spec.controllers import pod_of
from netwright.spec.judge import judge

Locate = Callable[[Origin], Position | None]
OwnerOf = Callable[[Origin], str]
SideVerdict = Literal["allow", "deny", "undecided", "not isolated", "not asked"]
MACHINE_KINDS = frozenset(("vm", "vmirs", "vmpool"))
MOST_PARTS = 64
"""Parts of a group that are also put to the reference evaluator."""


class Cited(msgspec.Struct, frozen=True, kw_only=True):
    """A rule or a policy's isolation, and where it stands. `owner` is who CODEOWNERS or an annotation says, or ""."""

    kind: str
    namespace: str
    name: str
    rule: int | None
    path: str
    action: Literal["allow", "deny", "pass"]
    surely: bool = True
    file: str = ""
    line: int = 0
    column: int = 0
    owner: str = ""


class Nearest(msgspec.Struct, frozen=True, kw_only=True):
    """The rule that comes closest to allowing it, and what differs."""

    rule: Cited
    differs: tuple[str, ...]


class SideAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One direction: what policy says, which rules are read for it (the last that surely match decide), which policies
    isolate, the nearest rule where isolation denies."""

    direction: Direction
    verdict: SideVerdict
    rules: tuple[Cited, ...] = ()
    isolating: tuple[Cited, ...] = ()
    nearest: Nearest | None = None


class PartAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """One of the packets a question stands for; packets that are decided by the same rules are one part: those of
    `more` further pairs of ends, with so many further ones on either side. `apart` says which networks the ends are on,
    where that is what keeps them apart."""

    source: str
    destination: str
    more: int = 0
    more_from: int = 0
    more_to: int = 0
    family: Family
    service: str
    verdict: Verdict
    relation: str = ""
    apart: str = ""
    egress: SideAnswer
    ingress: SideAnswer


class OpenReason(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["unknown", "ambiguous", "depends"]
    reason: str


class StepAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a chain from outside: what happens, its verdict, the object that says so."""

    verdict: Literal["allow", "some", "deny", "undecided", "note"]
    text: str
    place: Cited | None = None


class WayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One way in from outside, as a chain of verdicts."""

    via: str
    entry: str
    verdict: Literal["allow", "some", "deny", "undecided"]
    steps: tuple[StepAnswer, ...]


class WhyAnswer(msgspec.Struct, frozen=True, kw_only=True, rename=FROM_TO):
    """The whole answer. `through` are the Services that lead the packet, `translation` says what they did to it, and
    `to_itself` that the client stands behind them too, where the packets that these lead back to it do not count;
    `judged` how many packets the reference evaluator also judged; `leads_here` what leads from outside to an endpoint
    that was named, empty where nothing in the input does, None where that is no question."""

    source: str
    destination: str
    protocol: str
    port: str
    ports_asked: tuple[str, ...] = ()
    verdict: Verdict
    groups: Groups
    note: str = ""
    through: tuple[str, ...] = ()
    translation: tuple[str, ...] = ()
    to_itself: tuple[str, ...] = ()
    reasons: tuple[OpenReason, ...] = ()
    ways: tuple[WayAnswer, ...] = ()
    parts: tuple[PartAnswer, ...] = ()
    changes: tuple[Change, ...] = ()
    judged: int = 0
    leads_here: tuple[LeadsHere, ...] | None = None
    network: str = POD
    """The network that both ends have an interface on; "pod": their primary ones."""


def answer(twin: Asked, params: Why) -> WhyAnswer:
    twin = twin.on(params.network) if params.network is not None else twin
    if params.changes:
        _expect_changes(twin, params)
    return why(
        twin.inquirer,
        params.source,
        params.destination,
        protocol=protocol_number(params.protocol),
        locate=twin.locate,
        owner_of=twin.owner_of,
        family=params.family,
        with_changes=params.changes,
    )


def _expect_changes(twin: Asked, params: Why) -> None:
    """Let a network that is not compiled yet tell apart what changes will mention, which spares it to be compiled
    again: the labels of both ends, and the port."""
    with suppress(UsageError):  # which the question itself meets
        reference, port = split_port(params.destination)
        named, port = split_protocol(port)
        protocol = named or protocol_number(params.protocol)
        source = twin.directory.resolve(split_port(params.source)[0])
        destination = twin.directory.destination(reference)
        if destination.service is not None:
            rows = [backend.row for p in destination.service.ports for backend in p.backends[:1] if backend.row >= 0]
        else:
            rows = list(destination.rows[:1])
        if port.isdigit() and destination.service is None:
            services = ServiceSet.ports(protocol, int(port))
        else:
            services = ServiceSet()
            for served_port in (p for row in rows for p in twin.cluster.row_ports[row]):
                services |= ServiceSet.ports(served_port.protocol, served_port.number)
        columns = twin.cluster.columns
        labels = [pair for row in (*source.rows[:1], *rows) for pair in columns.labels_of(row).items()]
        twin.cluster.kept["beside"] = Beside(labels, services)


def why(
    inquirer: Inquirer,
    source_text: str,
    destination_text: str,
    *,
    protocol: int,
    locate: Locate,
    owner_of: OwnerOf,
    family: Family | None = None,
    with_changes: bool = True,
) -> WhyAnswer:
    """Answer one question. Raises UsageError for references and ports that mean nothing, InternalError where judges
    differ."""
    inquirer = inquirer.of_family(family)
    directory = inquirer.directory
    source_ref, source_port = split_port(source_text)
    if source_port:
        raise UsageError(f"`{source_text}` has a port, which only the destination has", help=f"write `{source_ref}`")
    destination_ref, port = split_port(destination_text)
    named, port = split_protocol(port)
    if named and protocol not in (TCP, named):  # TCP is what holds where nobody says anything
        told = f"`{destination_text}` names another protocol than {protocol_name(protocol)}, which was asked about"
        raise UsageError(told, help=f"leave one out: `{destination_ref}:{port}`")
    protocol = named or protocol
    source = directory.resolve(source_ref)
    destination = directory.destination(destination_ref)
    family = inquirer.family_asked(family, source, destination, destination_ref)
    has_ports = protocol in (TCP, UDP, SCTP)
    ports = [port] if port or not has_ports else served(inquirer, destination, protocol)
    icmp = (8, 0) if protocol == ICMP else None
    if port and not has_ports:
        told = f"`{destination_text}` has a port, and {protocol_name(protocol)} has none"
        raise UsageError(told, help=f"write `{destination_ref}`")
    settled = [inquirer.ask(source, destination, protocol, p, family=family, icmp=icmp) for p in ports]
    whole = _together(inquirer, settled)
    judged = _judge(inquirer, [] if whole.ways else whole.parts)
    parts = _parts(inquirer, source, destination, whole, locate, owner_of)
    taken = tuple(dict.fromkeys(inquirer.taken_by(destination, protocol, p) for p in ports))
    through, translation = _translation(taken, whole)
    to_itself = _to_itself(inquirer, source, taken, protocol, ports, whole) if translation else ()
    found: tuple[Change, ...] = ()
    if with_changes and whole.parts and not whole.ways and whole.verdict in ("allow", "deny"):

        def put(other: Inquirer) -> Settled:
            return _together(
                other, [other.ask(source, destination, protocol, p, family=family, icmp=icmp) for p in ports]
            )

        asked = question(inquirer, source, taken[0] if len(taken) == 1 else destination, protocol, ports, family)
        found = changes(inquirer, whole, asked, locate, put)
    return WhyAnswer(
        source=source.ref,
        destination=destination.ref,
        protocol=protocol_name(protocol),
        port=port,
        ports_asked=() if port else tuple(ports),
        verdict=whole.verdict,
        groups=whole.groups,
        note="; ".join(
            filter(
                None,
                (
                    whole.nowhere,
                    not_meant(inquirer.network, directory, source, destination),
                    perhaps_own_node(inquirer, source, destination, whole),
                ),
            )
        ),
        through=through,
        translation=translation,
        to_itself=to_itself,
        reasons=tuple(OpenReason(kind=r.kind, reason=r.text) for r in whole.reasons),
        ways=_ways(whole, locate, owner_of),
        parts=parts,
        changes=found,
        judged=judged,
        leads_here=leads_here(inquirer, source, destination, whole, protocol),
        network=inquirer.cluster.network,
    )


def served(inquirer: Inquirer, target: Target, protocol: int) -> list[str]:
    """The ports asked about when none is given: the Service's, else those the containers say they serve."""
    if target.service is not None:
        found = [str(p.port) for p in target.service.ports if p.protocol == protocol]
        if not found and target.service.type != "ExternalName":
            raise UsageError(f"`{target.ref}` has no {protocol_name(protocol)} port", help="name a port: `REF:PORT`")
        return found or [""]
    if target.addresses is not None:
        shown = f"[{target.ref}]" if ":" in target.ref else target.ref
        raise UsageError(f"`{target.ref}` needs a port", help=f"write `{shown}:443`, or `--protocol icmp`")
    declared = {p.number for row in target.rows for p in inquirer.cluster.row_ports[row] if p.protocol == protocol}
    if not declared:
        name = protocol_name(protocol)
        kinds = {inquirer.cluster.workloads[int(inquirer.network.columns.workload[row])].kind for row in target.rows}
        told = f"no container of `{target.ref}` says which {name} port it serves"
        if kinds and kinds <= MACHINE_KINDS:  # what serves there is the guest's matter
            told = f"which {name} ports `{target.ref}` serves is not in the input"
        raise UsageError(told, help="name a port: `REF:PORT`")
    return [str(number) for number in sorted(declared)]


def _together(inquirer: Inquirer, settled: Sequence[Settled]) -> Settled:
    if len(settled) == 1:
        return settled[0]
    parts = [p for s in settled for p in s.parts]
    verdicts = {s.verdict for s in settled}
    groups: Groups = "all" if all(s.groups == "all" for s in settled) else "some"
    if all(s.groups == "none" for s in settled):
        groups = "none"
    reasons = tuple(dict.fromkeys(r for s in settled for r in s.reasons))
    ways = tuple(w for s in settled for w in s.ways)
    verdict: Verdict = "undecided" if "undecided" in verdicts else "deny" if groups == "none" else "allow"
    return Settled(verdict, groups, tuple(parts), next((s.nowhere for s in settled if s.nowhere), ""), reasons, ways)


def _judge(inquirer: Inquirer, parts: Sequence[Part]) -> int:
    """Put packets to the reference evaluator too. Raises InternalError where it disagrees."""
    cluster = inquirer.cluster
    columns = inquirer.network.columns
    if cluster.network != POD and cluster.unknown:
        return 0  # what was not read, the evaluator knows of on the pod network alone
    setup: dict[str, Any] = {"network": cluster.network, "unknown": cluster.unknown}
    if cluster.network == POD:
        if "judged" not in cluster.kept:
            cluster.kept["judged"] = as_judged(profile_of(cluster.profile), cluster.objects, cluster.unknown)
        setup = dict(cluster.kept["judged"])
    deciding: dict[frozenset[str], tuple[Decoded, ...]] = {}
    judged = parts[:MOST_PARTS]
    for part in judged:
        packet = part.packet
        rows = [spot.row for spot in (packet.source, packet.destination) if spot.row >= 0]
        namespaces = frozenset(columns.namespaces[int(columns.namespace[row])] for row in rows)
        if namespaces not in deciding:
            deciding[namespaces] = deciding_objects(cluster, namespaces)
        ends = []
        for spot, held in ((packet.source, part.source_addresses), (packet.destination, part.destination_addresses)):
            ends.append(_end(inquirer, spot.row) if held is None else lowest(held, packet.family))
        # policies that name a Service mean the pods behind it, which the ends may be
        themselves = [end for end in ends if isinstance(end, Decoded) and end.namespace]
        verdict = judge(
            Objects((*deciding[namespaces], *themselves)),
            ends[0],
            ends[1],
            protocol=packet.key >> 16,
            port=packet.key & 0xFFFF,
            family=packet.family,
            pod_ranges=cluster.pod_cidrs,
            same_pod=part.outcome.relation in ("self", "hairpin"),
            **setup,
            **_led(inquirer, part.through),
        ).verdict
        if verdict != part.outcome.verdict:
            raise InternalError(
                f"the engine says {part.outcome.verdict} and the reference evaluator {verdict} for "
                f"{part.source} to {part.destination}, service {ServiceSet.of([(packet.key, packet.key + 1)])}",
                help="this is a bug of netwright; please report it with the manifests that show it",
            )
    return len(judged)


def _end(inquirer: Inquirer, row: int) -> Decoded:
    """The object behind an endpoint; of a StatefulSet whose pods are told apart, the pod."""
    thing, name = inquirer.cluster.row_objects[row], inquirer.network.columns.names[row]
    return pod_of(thing, name) if thing.kind == "StatefulSet" and name != thing.name else thing


def _led(inquirer: Inquirer, through: Target | None) -> dict[str, Any]:
    """What the reference evaluator is told of the Service that leads a packet: nothing leads one to a headless one."""
    service = through.service if through is not None else None
    if through is None or service is None or service.headless:
        return {}
    services = of_kinds(inquirer.cluster.objects, "Service")
    found = next((d for d in services if (d.namespace, d.name) == (service.namespace, service.name)), None)
    return {"translated": True, "service": found, "by_outer_address": through.by_outer_address}


def _translation(taken: Sequence[Target], settled: Settled) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The Services that lead the packets, and where these arrive."""
    services = dict.fromkeys(target.ref for target in taken if target.service is not None)
    ends: dict[str, None] = {}
    for part in settled.parts:
        if services or part.through is not None:
            port = part.packet.key & 0xFFFF
            ends.update(dict.fromkeys(f"{end}:{port}" for end in part.destinations))
    services |= dict.fromkeys(part.through.ref for part in settled.parts if part.through is not None)
    return tuple(services) if ends else (), tuple(ends)


def _to_itself(
    inquirer: Inquirer, source: Target, taken: Sequence[Target], protocol: int, ports: Sequence[str], settled: Settled
) -> tuple[str, ...]:
    """The client, where a Service leads it to itself beside the endpoints that the packets arrive at."""
    if len(source.rows) != 1 or any(source.rows[0] in part.rows for part in settled.parts):
        return ()
    services = [(target, port) for target in taken if target.service is not None for port in ports]
    found = [d for target, port in services for d in inquirer.deliveries(target, protocol, port)[0]]
    own = led_back(inquirer, source.rows, [d.row for d in found])
    return tuple(dict.fromkeys(f"{inquirer.directory.row_ref(d.row)}:{d.port}" for d in found if d.row in own))


def _ways(settled: Settled, locate: Locate, owner_of: OwnerOf) -> tuple[WayAnswer, ...]:
    out = []
    for way in settled.ways:
        steps = []
        for step in way.steps:
            place = None
            if step.origin is not None:
                place = _cite(Citation("ingress", step.origin, None, "allow"), locate, owner_of)
            steps.append(StepAnswer(verdict=step.verdict, text=step.text, place=place))
        out.append(WayAnswer(via=way.via, entry=way.entry, verdict=way.verdict, steps=tuple(steps)))
    return tuple(out)


def _parts(
    inquirer: Inquirer, asked: Target, to: Target, settled: Settled, locate: Locate, owner_of: OwnerOf
) -> tuple[PartAnswer, ...]:
    grouped: dict[object, list[Part]] = {}
    sides: dict[object, tuple[SideAnswer, SideAnswer]] = {}
    for part in settled.parts:
        both = (_side(inquirer, part, "egress", locate, owner_of), _side(inquirer, part, "ingress", locate, owner_of))
        key = (part.outcome.verdict, part.outcome.relation, part.packet.family, part.packet.key, _marks(both))
        grouped.setdefault(key, []).append(part)
        sides.setdefault(key, both)
    order = {"deny": 0, "undecided": 1, "allow": 2}
    out = []
    for mark, same in sorted(grouped.items(), key=lambda kv: order[kv[1][0].outcome.verdict]):
        first = same[0]
        source = which_node(inquirer, same) if first.source == A_NODE else first.source
        egress, ingress = sides[mark]
        pairs = {pair for p in same for pair in pairs_alike(inquirer, p, asked, to)}
        out.append(
            PartAnswer(
                source=source,
                destination=first.destination,
                more=len(pairs) - 1,
                more_from=len({start for start, _ in pairs}) - 1,
                more_to=len({end for _, end in pairs}) - 1,
                family=first.packet.family,
                service=str(ServiceSet.of([(first.packet.key, first.packet.key + 1)])),
                verdict=first.outcome.verdict,
                relation=first.outcome.relation,
                apart=apart(inquirer, first),
                egress=egress,
                ingress=ingress,
            )
        )
    return tuple(out)


def _marks(sides: tuple[SideAnswer, SideAnswer]) -> tuple[object, ...]:
    return tuple(
        (s.verdict, tuple((c.kind, c.namespace, c.name, c.rule) for c in (*s.rules, *s.isolating))) for s in sides
    )


def _side(inquirer: Inquirer, part: Part, direction: Direction, locate: Locate, owner_of: OwnerOf) -> SideAnswer:
    side = part.outcome.egress if direction == "egress" else part.outcome.ingress
    matching, isolating = inquirer.cited(part.packet, direction)
    verdict: SideVerdict = "allow" if side.must else "undecided" if side.may else "deny"
    allows = any(c.action == "allow" and c.surely for c in matching)
    if not isolating and side.must and not allows:
        verdict = "not isolated"
    nearest = None
    if verdict == "deny" and not any(c.action == "deny" and c.surely for c in matching):
        found = nearest_rule(inquirer, part.packet, direction)
        if found is not None:
            citation = Citation(direction, found.rule.origin, found.rule.index, "allow")
            nearest = Nearest(rule=_cite(citation, locate, owner_of), differs=found.differs)
    return SideAnswer(
        direction=direction,
        verdict=verdict,
        rules=tuple(_cite(c, locate, owner_of) for c in matching if c.origin.name),
        # a policy of Cilium has an end for what it allows and one for what it denies
        isolating=tuple(dict.fromkeys(_cite(c, locate, owner_of) for c in isolating)),
        nearest=nearest,
    )


def _cite(citation: Citation, locate: Locate, owner_of: OwnerOf) -> Cited:
    origin = citation.origin
    position = locate(origin)
    return Cited(
        kind=origin.kind,
        namespace=origin.namespace,
        name=origin.name,
        rule=citation.rule,
        path=origin.path,
        action=citation.action,
        surely=citation.surely,
        file=position.file if position else "",
        line=position.line if position else 0,
        column=position.column if position else 0,
        owner=owner_of(origin),
    )
