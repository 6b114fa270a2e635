"""Intents: what must hold, proven for all that it names, or shown broken by one connection.

An intent is about policy. What a node does with the pods on itself is left out: a node always reaches its own pods
(NetworkPolicy concept page), so no policy could make it hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import msgspec
import numpy as np
import numpy.typing as npt

from netwright.base.diagnostics import Severity
from netwright.base.errors import UsageError
from netwright.base.intervals import Interval
from netwright.base.ipset import INTERNET, NOT_UNICAST, Family, IpSet
from netwright.base.services import PROTOCOLS, TRANSPORT, ServiceSet, protocol_name, services_of
from netwright.engine.at_nodes import MOST_ADDRESSES
from netwright.engine.bits import indexes, of_indexes
from netwright.engine.exposure import Exposure, exposures
from netwright.engine.holds import Ends, passing, stopped
from netwright.engine.inquire import Part, Settled, of_family
from netwright.engine.join import Sureness
from netwright.engine.reasons import HAIRPIN, OWN_NODE
from netwright.engine.verdict import Outcome
from netwright.model.cluster import ServiceNoun, ServicePortNoun
from netwright.model.configuration import Intent, Verb
from netwright.model.references import FROM_INTERNET, Target
from netwright.questions.check.witness import ANYBODY, HOLDS, IntentVerdict, Judged, Witness, Witnesses, sentence
from netwright.questions.registry import Asked

Rows = npt.NDArray[np.bool_]
"""Of each row whether it is meant."""


class IntentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an intent. `told` says why it does not hold, what is not known, or what it leaves out."""

    name: str
    verb: Verb
    verdict: IntentVerdict
    severity: Severity
    reason: str
    told: str = ""
    witness: Witness | None = None
    file: str = ""
    line: int = 0


class Judge:
    """Answers intents on one network."""

    def __init__(self, twin: Asked) -> None:
        self.twin = twin
        self.inquirer = twin.inquirer
        self.network = twin.network
        self.witnesses = Witnesses(twin)
        self._ways: dict[Target, list[Exposure]] = {}

    def answer(self, intent: Intent) -> IntentAnswer:
        try:
            found = worst(self._judge(intent))
            if found is HOLDS and intent.verb == "deny":
                found = Judged("holds", self._left_out(intent))
        except UsageError as error:  # a name that fits nothing: whether the intent holds is not determined
            found = Judged("undecided", error.message + (f" ({error.help})" if error.help else ""))
        return IntentAnswer(
            name=intent.name,
            verb=intent.verb,
            verdict=found.verdict,
            severity=intent.severity,
            reason=intent.reason,
            told=found.told,
            witness=found.witness,
            file=intent.file,
            line=intent.line,
        )

    def _left_out(self, intent: Intent) -> str:
        """Of ends on a node's network: what no policy could keep from them, nor them from it."""
        hosts, directory = self.network.columns.host, self.inquirer.directory
        ends = [*map(directory.resolve, intent.sources), *map(directory.named, intent.destinations)]
        named = dict.fromkeys(target.ref for target in ends if any(hosts[row] for row in target.rows))
        if not named:
            return ""
        return f"left out is what {', '.join(named)} and pods of its node may do with each other: no policy keeps them"

    def _judge(self, intent: Intent) -> Iterator[Judged]:
        if intent.verb == "apart":
            yield from self._apart(intent.tenants)
            return
        resolve = self.inquirer.directory.resolve
        sources = [resolve(text) for text in intent.sources]
        for source in sources:
            if source.service is not None:
                raise UsageError(f"`{source.ref}` is a Service and starts no connections", help="name its workload")
            if source.fqdn:
                raise UsageError(f"which addresses `{source.fqdn}` has is not in the input", help="write a `cidr/…`")
        left: list[UsageError] = []
        for text in intent.destinations:
            try:  # what cannot be asked of one of them hides nothing that is broken of another
                for destination in self._meant(text, intent.ports):
                    if intent.verb == "only":
                        yield from self._only(sources, destination, intent.ports)
                        continue
                    for source in sources:
                        if destination.service is not None:
                            yield from self._service(intent.verb, source, destination, intent.ports)
                        else:
                            yield from self._direct(intent.verb, source, destination, intent.ports)
            except UsageError as error:
                left.append(error)
        if left:
            raise left[0]

    def _meant(self, text: str, ports: Sequence[str]) -> Iterator[Target]:
        """Whom an intent is about: of an alias in the DNS the Service that it is for; of a Service that lists no ports,
        where it names none either, the endpoints. Raises UsageError for what is not in the input, after all that is."""
        named = self.inquirer.directory.named(text)
        service = named.service
        meant = self.inquirer.directory.named_by(service) if service is not None else None
        if meant is not None:
            named, service = Target(meant.ref, service=meant), meant
        name = named.fqdn or (service.external_name if service is not None and service.type == "ExternalName" else "")
        if name:
            raise UsageError(f"which addresses `{name}` has is not in the input", help="write a `cidr/…`")
        led = service.dialled if service is not None and not service.ports and not ports else None
        if service is None or led is None:
            yield named
            return
        rows = tuple(b.row for b in led.backends if b.row >= 0)
        if rows:
            yield Target(service.ref, rows=rows)
        for backend in led.backends:
            if backend.row < 0:
                yield self._outside(backend.address)
        if led.open or led.more:
            raise UsageError(led.more or f"{service.ref} {led.nowhere}")

    def _between(
        self,
        verb: Verb,
        services: ServiceSet,
        ends: Ends,
        source: Target,
        target: Target,
        family: Family,
        starting: Rows | None = None,
    ) -> Judged:
        """What contradicts the intent between two sets of positions: surely, else perhaps. `starting` are the rows of
        the sources where these are too many to stand in a target."""
        tables = self.network.tables[family]
        contradicting = stopped if verb == "allow" else passing
        surely: Sureness = "may" if verb == "allow" else "must"
        perhaps: Sureness = "must" if verb == "allow" else "may"
        told = HOLDS

        def is_whole(part: Ends) -> bool:
            return contradicting(tables, part, services, perhaps) is None

        for part in self._parted(ends, is_whole) if verb == "allow" else (ends,):
            broken = contradicting(tables, part, services, surely)
            open_ = None if broken else contradicting(tables, part, services, perhaps)
            pair = broken or open_
            if pair is None:
                continue
            if starting is not None and pair[0] < self.network.identities.count:
                source = msgspec.structs.replace(source, rows=self._rows_at(starting, pair[0]))
            judged = self.witnesses.shown(verb, services, broken, open_, source, target, family)
            if judged.verdict == "broken":
                return judged
            told = judged if told is HOLDS else told
        return told

    def _parted(self, ends: Ends, is_whole: Callable[[Ends], bool]) -> Iterator[Ends]:
        """The same in parts, those apart where one end is on its node's network and the other is not: of these policy
        says nothing where they are on one node, and each pair is a part. Left out is what `is_whole`: nothing
        contradicts the intent there."""
        hosts = self._host_positions
        for sources, destinations in ((~hosts, ~hosts), (hosts, hosts)):
            yield Ends(ends.sources & sources, ends.destinations & destinations, ends.alone)
        for sources, destinations in ((~hosts, hosts), (hosts, ~hosts)):
            into = ends.destinations & destinations
            if is_whole(Ends(ends.sources & sources, into, ends.alone)):
                continue
            for one in indexes(ends.sources & sources):
                if not is_whole(Ends(1 << one, into, ends.alone)):
                    yield from (Ends(1 << one, 1 << other, ends.alone) for other in indexes(into))

    @cached_property
    def _host_positions(self) -> int:
        found = self.network.identities.of_row[self.network.columns.host]
        return of_indexes(np.unique(found), self.network.identities.count)

    def _rows_at(self, rows: Rows, position: int) -> tuple[int, ...]:
        here = self._by_position[position]
        return tuple(here[rows[here]].tolist())

    @cached_property
    def _by_position(self) -> list[npt.NDArray[np.intp]]:
        """Of each identity its rows."""
        of_row = self.network.identities.of_row
        counts = np.bincount(of_row, minlength=self.network.identities.count)
        return np.split(np.argsort(of_row, kind="stable"), np.cumsum(counts)[:-1])

    def _ends(
        self, source: Target, target: Target, family: Family, starting: Rows | None = None, also: int = 0
    ) -> Ends:
        """The positions of both, those of the sources also given by their rows (`starting`) and by `also`."""
        sources, destinations = self.at(source, family) | also, self.at(target, family)
        universe = self.network.tables[family].universe
        if starting is not None:
            found = of_indexes(np.unique(self.network.identities.of_row[starting]), universe.n)
            sources |= found & universe.present
        alone = 0
        held: dict[int, set[int]] = {}
        for row in target.rows:
            held.setdefault(self.network.position(row), set()).add(row)
        of_source: dict[int, set[int]] = {}
        for row in source.rows:
            of_source.setdefault(self.network.position(row), set()).add(row)
        for position, rows in held.items():
            if sources >> position & 1:
                mine = of_source.get(position, set())
                mine |= set(self._rows_at(starting, position)) if starting is not None else set()
                both = rows | mine
                if len(both) == 1 and self.network.columns.single[min(both)]:
                    alone |= 1 << position
        return Ends(sources, destinations, alone)

    # --- allow and deny --------------------

    def _direct(self, verb: Verb, source: Target, destination: Target, ports: Sequence[str]) -> Iterator[Judged]:
        are_outside = source.addresses is not None and destination.addresses is not None
        is_about = False
        for services, target in self._asked(destination, ports, served=verb == "allow"):
            meets = False
            ends_of = (self._outer(source), self._outer(target)) if verb == "deny" else (source, target)
            for family in self.network.tables:
                ends = self._ends(*ends_of, family)
                if ends.sources and ends.destinations and not are_outside:
                    meets = True
                    yield self._between(verb, services, ends, *ends_of, family)
                for judged in self._within(services, source, target, family) if verb == "deny" else ():
                    is_about = True
                    yield judged
            is_assumed = self.inquirer.cluster.has_assumed_families  # then they perhaps have one all the same
            if not meets and not are_outside and (is_assumed or verb == "allow"):
                told = f"{source.ref} and {target.ref} have no address family in common"
                yield Judged("undecided" if is_assumed else "broken", told)
            if verb == "deny" and source.addresses is not None and target.rows:
                yield from self._ways_in(source, target, services)
        if are_outside and not is_about:
            told = (
                f"{source.ref} and {destination.ref} are both outside: what passes there is no matter of this network"
            )
            yield Judged("undecided", told)

    def _within(self, services: ServiceSet, source: Target, target: Target, family: Family) -> Iterator[Judged]:
        """What a `deny` of ranges says of the endpoints of the input that have addresses in them, or perhaps do."""
        standing = list(self._standing(target, family))
        for i, (one, is_one) in enumerate(self._standing(source, family)):
            for j, (other, is_other) in enumerate(standing):
                ends = self._ends(one, other, family)
                if i == j == 0 or not ends.sources or not ends.destinations:
                    continue
                found = self._between("deny", services, ends, one, other, family)
                if found.verdict == "broken" and not (is_one and is_other):
                    found = msgspec.structs.replace(
                        found, verdict="undecided", told=f"{found.told}, if it has an address of the range"
                    )
                yield found

    def _standing(self, target: Target, family: Family) -> Iterator[tuple[Target, bool]]:
        """A target, and of a range the endpoints in it, with whether they surely are."""
        yield self._outer(target), True
        if target.addresses is not None and target.ref.startswith("cidr/"):
            for rows, surely in zip(self.network.columns.rows_in(target.addresses, family), (True, False), strict=True):
                if rows:
                    yield Target(target.ref, rows=tuple(rows)), surely

    def _outer(self, target: Target) -> Target:
        """Of addresses those that somebody outside may have: none of the endpoints, nor what is nobody's."""
        if target.addresses is None:
            return target
        return msgspec.structs.replace(target, addresses=target.addresses - NOT_UNICAST - self._owned)

    @cached_property
    def _owned(self) -> IpSet:
        """The known addresses of pods and nodes."""
        columns = self.network.columns
        few = [n for n, held in enumerate(columns.address_sets) if held.count() <= MOST_ADDRESSES]
        rows = np.flatnonzero((columns.address_set < 0) | np.isin(columns.address_set, few))
        v4: list[Interval] = []
        v6: list[Interval] = []
        for held in map(columns.addresses_of, rows.tolist()):
            v4 += held.v4
            v6 += held.v6
        return IpSet(v4, v6)

    def _service(self, verb: Verb, source: Target, destination: Target, ports: Sequence[str]) -> Iterator[Judged]:
        service = destination.service
        assert service is not None
        for found in self._dialled(service, ports):
            protocol, port = found.protocol, str(found.port)
            settled = self.inquirer.ask(source, destination, protocol, port)
            if verb == "deny" or not service.is_node_local:  # which drops clients beside those that have packets
                settled = self._among_others(verb, settled)
            all_or_none = settled.verdict == "allow" and settled.groups == "all"
            if settled.verdict == "undecided":
                verdict: IntentVerdict = "undecided"
            else:
                verdict = "holds" if (all_or_none if verb == "allow" else settled.verdict == "deny") else "broken"
            if verdict == "holds":
                continue
            text = f"{protocol_name(protocol)} {port}"
            wanted = "deny" if verb == "allow" else "allow"
            part = next((p for p in settled.parts if p.outcome.verdict in (wanted, "undecided")), None)
            why = f"netwright why {source.ref} {destination.ref}:{port}"
            # of a client outside the last hop starts at a node or a proxy
            is_led = part is not None and source.addresses is not None and part.packet.source.row >= 0
            witness = Witness(
                source=source.ref if part is None or is_led else part.source,
                destination=destination.ref,
                ports=text,
                family=part.packet.family if part else 4,
                rules=self.witnesses.rules(part) if part else (),
                why=why if protocol == PROTOCOLS["TCP"] else f"{why} --protocol {protocol_name(protocol)}",
            )
            reasons = "; ".join(r.text for r in settled.reasons)
            told = sentence(verb, verdict, witness) + (
                f", by way of {part.source}" if part is not None and is_led else ""
            )
            yield Judged(verdict, settled.nowhere or reasons or told, witness)

    def _among_others(self, verb: Verb, settled: Settled) -> Settled:
        """Without a client's packets to itself, which are no connection, and as policy alone has it what a `deny` asks
        of a pod and its own node; as between two workloads. Where more than these leaves it open it is as it was."""
        if settled.ways or not settled.parts or not set(settled.reasons) <= {HAIRPIN, OWN_NODE}:
            return settled
        left = [p for p in settled.parts if p.outcome.relation not in ("self", "hairpin")]
        if verb == "deny":
            left = [_by_policy(p) if p.outcome.relation in ("own node", "perhaps own node") else p for p in left]
        if left == list(settled.parts):
            return settled
        if not left:
            return msgspec.structs.replace(settled, verdict="allow" if verb == "allow" else "deny", groups="all")
        return msgspec.structs.replace(self.inquirer.settle(left), nowhere=settled.nowhere)

    def _ways_in(self, source: Target, destination: Target, services: ServiceSet) -> Iterator[Judged]:
        """Ways through Services and Ingresses that end at one of these services of the destination."""
        wanted = set(destination.rows)
        if source not in self._ways:
            self._ways[source] = list(exposures(self.inquirer, source))
        for way in self._ways[source]:
            ending = [p for p in way.parts if not wanted.isdisjoint(p.rows) and p.packet.key in services]
            ends = {p.outcome.verdict for p in ending}
            if way.verdict == "deny" or ends <= {"deny"}:
                continue  # it leads to others of the Service's endpoints, if to any
            is_open = way.verdict == "undecided" or "allow" not in ends
            verdict: IntentVerdict = "undecided" if is_open else "broken"
            reaches = "may reach" if verdict == "undecided" else "reaches"
            told = f"{source.ref} {reaches} it through {way.service} ({way.via})"
            rules = tuple(self.witnesses.mark(s.origin, s.text) for s in way.steps if s.origin is not None)
            witness = Witness(
                source=source.ref,
                destination=way.service,
                ports=f"{protocol_name(way.protocol)} {way.port}",
                family=ending[0].packet.family,
                rules=rules,
                why=f"netwright why {source.ref} {way.service}:{way.port}",
            )
            yield Judged(verdict, told, witness)

    # --- only --------------------

    def _only(self, sources: Sequence[Target], destination: Target, ports: Sequence[str]) -> Iterator[Judged]:
        """No rule may tell who is listed from who is not: what is asked about are those that are not, one by one."""
        unlisted, others = self._unlisted(sources), self._anybody_but(sources)
        starting = ~self._nodes
        starting[[row for source in sources for row in source.rows]] = False
        for services, target in self._asked(destination, ports, served=False):
            for family in self.network.tables:
                # two ends outside are no connection of this network
                outside = self.at(others, family) if target.addresses is None else 0
                ends = self._ends(Target(""), target, family, starting, outside)
                if ends.sources and ends.destinations:
                    yield self._between("only", services, ends, others, target, family, starting)
            if unlisted.addresses and target.rows:
                yield from self._ways_in(unlisted, target, services)

    @cached_property
    def _nodes(self) -> Rows:
        """The rows of the nodes themselves."""
        found = np.zeros(self.network.columns.n, dtype=np.bool_)
        found[list(self.inquirer.cluster.node_rows)] = True
        return found

    def _anybody_but(self, sources: Sequence[Target]) -> Target:
        """The addresses that an intent does not list."""
        left = self._outer(ANYBODY).addresses or IpSet()
        for source in sources:
            left -= source.addresses or IpSet()
        return Target(ANYBODY.ref, addresses=left)

    def _unlisted(self, sources: Sequence[Target]) -> Target:
        """The addresses of the internet that an intent does not list, of the families that the network has."""
        left = IpSet()
        for family in self.network.families:
            left |= of_family(INTERNET, family)
        for source in sources:
            left -= source.addresses or IpSet()
        return Target(FROM_INTERNET.ref, addresses=left)

    # --- apart --------------------

    def _apart(self, label: str) -> Iterator[Judged]:
        columns = self.network.columns
        tenants: dict[str, list[int]] = {}
        for row, number in enumerate(columns.namespace.tolist()):
            value = columns.namespace_labels[number].get(label)
            if columns.namespaces[number] and value is not None:
                tenants.setdefault(value, []).append(row)
        unknown = sorted(columns.unlabelled)
        if unknown:
            told = f"the Namespace objects of {', '.join(unknown[:3])} are not in the input, and with them their labels"
            yield Judged("undecided", told)
        if len(tenants) < 2:
            told = f"fewer than two values of the label `{label}` are on the namespaces of the input"
            yield Judged("undecided", told)
        everyone = [row for rows in tenants.values() for row in rows]
        for value, rows in sorted(tenants.items()):
            mine = set(rows)
            source = Target(f"{label}={value}", rows=tuple(rows))
            others = Target("another tenant", rows=tuple(row for row in everyone if row not in mine))
            for family in self.network.tables:
                ends = Ends(self.at(source, family), self.at(others, family), 0)
                if ends.sources and ends.destinations:
                    yield self._between("apart", TRANSPORT, ends, source, others, family)

    # --- ends and services --------------------

    def _asked(self, destination: Target, ports: Sequence[str], *, served: bool) -> Iterator[tuple[ServiceSet, Target]]:
        """The services asked about, each with the part of the destination that they are asked of."""
        fixed, names = ServiceSet(), []
        for text in ports:
            protocol, port = _named(text)
            if port and not port[0].isdigit():
                names.append((protocol, port))
            else:
                fixed |= services_of(text)
        if destination.service is not None:
            yield from self._backends(destination, ports)
            return
        if destination.addresses is not None:
            if names:
                raise UsageError(
                    f"`{names[0][1]}` is the name of a port, and addresses have none", help="write numbers"
                )
            yield (fixed if ports else TRANSPORT), destination
            return
        if not ports and not served:
            yield TRANSPORT, destination
            return
        by_services: dict[ServiceSet, list[int]] = {}
        for row in destination.rows:
            declared = self.inquirer.cluster.row_ports[row]
            found = fixed
            for p in declared:
                if (not ports) or (p.protocol, p.name) in names:
                    found |= ServiceSet.ports(p.protocol, p.number)
            if not found:
                missing = f"no port `{names[0][1]}`" if names else "no port that its containers declare"
                raise UsageError(f"`{destination.ref}` has {missing}", help="write `ports:` with numbers")
            by_services.setdefault(found, []).append(row)
        for services, rows in by_services.items():
            yield services, msgspec.structs.replace(destination, rows=tuple(rows))

    def _backends(self, destination: Target, ports: Sequence[str]) -> Iterator[tuple[ServiceSet, Target]]:
        service = destination.service
        assert service is not None
        left: list[str] = []
        for port in self._dialled(service, ports):
            deliveries, _, reasons = self.inquirer.deliveries(destination, port.protocol, str(port.port))
            left += [reason.text for reason in reasons] + ([port.more] if port.more else [])
            by_number: dict[int, list[int]] = {}
            for one in deliveries:
                if one.row >= 0:
                    by_number.setdefault(one.port, []).append(one.row)
                else:
                    yield ServiceSet.ports(port.protocol, one.port), self._outside(one.address)
            for number, rows in sorted(by_number.items()):
                yield ServiceSet.ports(port.protocol, number), Target(destination.ref, rows=tuple(rows))
        if left:
            raise UsageError(left[0])

    def _dialled(self, service: ServiceNoun, ports: Sequence[str]) -> list[ServicePortNoun]:
        """The ports of a Service that an intent names, or all that it lists."""
        out: list[ServicePortNoun] = []
        for text in ports:
            found = self.inquirer.dialled_port(service, *_named(text))
            if found is None:
                raise UsageError(f"{service.ref} has no port `{text}`", help="an intent names the Service's own ports")
            out.append(found)
        return out or list(service.ports)

    @staticmethod
    def _outside(address: str) -> Target:
        return Target(address, addresses=IpSet.of(address))

    def at(self, target: Target, family: Family) -> int:
        """The positions of a target in a family."""
        bits = 0
        if target.addresses is not None:
            for spot in self.inquirer.spots(target, family):
                bits |= 1 << spot.position
            return bits
        for row in target.rows:
            bits |= 1 << self.network.position(row)
        return bits & self.network.tables[family].universe.present


def _by_policy(part: Part) -> Part:
    """A packet as if its ends were on different nodes."""
    egress, ingress = part.outcome.egress, part.outcome.ingress
    found = Outcome(egress.may and ingress.may, not (egress.must and ingress.must), "", egress, ingress)
    return msgspec.structs.replace(part, outcome=found)


def worst(found: Iterator[Judged]) -> Judged:
    """Broken before undecided before holding; the first of each."""
    open_ = None
    for one in found:
        if one.verdict == "broken":
            return one
        if one.verdict == "undecided" and open_ is None:
            open_ = one
    return open_ or HOLDS


def _named(text: str) -> tuple[int, str]:
    """`5432`, `UDP/53`, `http`: protocol and port as written; a protocol alone has port ""."""
    head, slash, rest = text.partition("/")
    if slash:
        number = PROTOCOLS.get(head.upper())
        if number is None:
            raise UsageError(
                f"`{text}` is not a port", help="write `80`, `8000-8100`, `UDP/53`, `TCP` or a port's name"
            )
        return number, rest
    if head.upper() in PROTOCOLS and not head[0].isdigit():
        return PROTOCOLS[head.upper()], ""
    return PROTOCOLS["TCP"], head


__all__ = ["IntentAnswer", "IntentVerdict", "Judge", "Witness"]
