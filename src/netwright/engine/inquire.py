"""From a question about two named ends to packets, and from the packets' outcomes to one verdict.

A workload of several identities, a Service with several backends and a block of addresses are groups: of a group all,
some or none may pass. `some` is not `undecided`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from netwright.base.errors import UsageError
from netwright.base.ipset import Family, IpSet, address_text
from netwright.base.services import ICMP, ICMPV6, protocol_name, service_key
from netwright.engine.at_nodes import at_node, beside_services
from netwright.engine.balancers import at_proxy, perhaps_masked, within_ranges
from netwright.engine.compile import Network
from netwright.engine.exposure import Exposure, endpoints_of
from netwright.engine.from_outside import from_outside
from netwright.engine.itself import is_one_pod, led_back, through_service, without_itself
from netwright.engine.naming import NamedClasses
from netwright.engine.own_node import from_own_node
from netwright.engine.permits import deciding_enforcers
from netwright.engine.reasons import (
    ADDRESS_THERE_UNKNOWN,
    ADDRESS_UNKNOWN,
    FAMILY_UNKNOWN,
    HAIRPIN,
    HOST_ADDRESS_UNKNOWN,
    OWN_NODE,
    Reason,
    of_citations,
)
from netwright.engine.verdict import (
    Citation,
    Citer,
    Outcome,
    Relation,
    Side,
    Spot,
    Verdict,
    outcome,
    own_positions,
    relation,
)
from netwright.model.cluster import Cluster, Proxy, ServiceNoun, ServicePortNoun
from netwright.model.isolation import NETWORK
from netwright.model.mesh import seen_key
from netwright.model.networks import POD
from netwright.model.references import Directory, Target
from netwright.model.rule import Direction

Groups = Literal["all", "some", "none"]


class Packet(msgspec.Struct, frozen=True):
    """One packet of a question: its ends, the service, the address family."""

    family: Family
    source: Spot
    destination: Spot
    key: int
    is_led: bool = False
    """Whether a Service leads it past what keeps networks apart."""


_DIRECTIONS: tuple[Direction, Direction] = ("egress", "ingress")


class Part(msgspec.Struct, frozen=True):
    """A packet, its outcome, and who it stands for. Of outside ends the addresses that it stands for."""

    packet: Packet
    outcome: Outcome
    source: str
    destination: str
    source_addresses: IpSet | None = None
    destination_addresses: IpSet | None = None
    open: Reason | None = None
    """Why the outcome is open beside what the rules leave open."""
    through: Target | None = None
    """The Service that leads the packet, as it was dialled."""
    alike: tuple[tuple[int, str], ...] = ()
    """Further endpoints behind a Service, by row and name, that no rule tells apart from the destination: packets to
    them come out the same."""

    @property
    def destinations(self) -> tuple[str, ...]:
        """The names of the destination and of those like it."""
        return tuple(dict.fromkeys((self.destination, *(name for _, name in self.alike))))

    @property
    def rows(self) -> tuple[int, ...]:
        """The rows of the destination and of those like it; -1 for what is no endpoint."""
        return (self.packet.destination.row, *(row for row, _ in self.alike))


class Settled(msgspec.Struct, frozen=True):
    """The verdict of a question. `nowhere` says why there was no packet to ask about, or who else than the end that was
    named takes it ("" where there is nothing to say); `ways` are the chains from outside to a Service."""

    verdict: Verdict
    groups: Groups
    parts: tuple[Part, ...]
    nowhere: str = ""
    reasons: tuple[Reason, ...] = ()
    ways: tuple[Exposure, ...] = ()


class Delivery(msgspec.Struct, frozen=True):
    """A destination after a service's translation: an endpoint row or an address, and the service key there."""

    row: int
    address: str
    protocol: int
    port: int
    node: str = ""
    """The node that the endpoint runs on, "" where it is not known."""
    families: tuple[Family, ...] = ()
    """The address families that it is reached over; empty: every one that it has."""


class Inquirer:
    """Asks one compiled network about named ends. Keeps what it found, so that many questions cost little more than
    one."""

    def __init__(self, cluster: Cluster, network: Network, directory: Directory) -> None:
        self.cluster = cluster
        self.network = network
        self.directory = directory
        if directory.classes is None:
            directory.classes = NamedClasses(cluster, network, self.class_sets)
        self.base: Inquirer | None = None
        """That of the cluster's own families, of one for a family that nothing in the input names."""
        self.citer = Citer(network)
        self._class_sets: dict[Family, list[IpSet]] = {}
        self._others: dict[Family, Inquirer] = {}
        self._spots: dict[tuple[Target, Family], list[Spot]] = {}
        self._proxies: dict[Proxy, list[int]] = {}
        self._labels: dict[tuple[int, str, IpSet, Family], str] = {}
        self._citations: dict[tuple[Packet, Direction], tuple[list[Citation], list[Citation]]] = {}

    def of_family(self, family: Family | None) -> Inquirer:
        """The inquirer that can answer for a family: this one, or one for a family that nothing in the input names."""
        if family is None or family in self.network.tables:
            return self
        if family not in self._others:
            network = Network(self.cluster.columns, self.cluster.enforcers, (family,))
            self._others[family] = Inquirer(self.cluster, network, self.directory)
            self._others[family].base = self
        return self._others[family]

    @property
    def is_family_open(self) -> bool:
        """Whether it answers for a family of which the input does not say whether the pods have addresses of it."""
        return self.base is not None and self.cluster.has_assumed_families

    def family_asked(self, family: Family | None, source: Target, destination: Target, named: str) -> Family | None:
        """The family of a question: that which it names, else that of the address by which it names a Service. Raises
        UsageError where it names one that addresses of its own do not have."""
        for end in (source, destination):
            if family is not None and end.addresses is not None and not end.addresses.family(family):
                raise UsageError(f"`{end.ref}` has no IPv{family} addresses", help="leave the family out")
        if destination.dialled is None:
            return family
        if family not in (None, destination.dialled[0]):
            raise UsageError(f"`{named}` is no IPv{family} address", help="leave the family out")
        return destination.dialled[0]

    # --- ends --------------------

    def spots(self, target: Target, family: Family) -> list[Spot]:
        """The places of a target in one family's universe, one for each that differs in identity or node."""
        key = (target, family)
        found = self._spots.get(key)
        if found is None:
            found = self._spots[key] = (
                self._outside(target.addresses, family)
                if target.addresses is not None
                else self._rows(target.rows, family)
            )
        return found

    def _rows(self, rows: Sequence[int], family: Family) -> list[Spot]:
        columns, tables = self.network.columns, self.network.tables[family]
        seen: dict[tuple[int, int], int] = {}
        out = []
        for row in rows:
            position = self.network.position(row)
            if not tables.universe.present >> position & 1:
                continue
            kind = (position, int(columns.node[row]))
            count = seen.get(kind, 0)
            if count < 2:  # a second one, so that a group's pair of different pods can be asked about
                seen[kind] = count + 1
                out.append(Spot(position, row))
        return out

    def _outside(self, addresses: IpSet, family: Family) -> list[Spot]:
        tables = self.network.tables[family]
        wanted = addresses.family(family)
        if not wanted:
            return []
        if len(wanted) == 1 and wanted[0][1] - wanted[0][0] == 1:
            return [Spot(tables.universe.position_of_address(wanted[0][0]), -1)]
        sets = self.class_sets(family)
        first = tables.universe.identities.count
        return [Spot(first + i, -1) for i, s in enumerate(sets) if s & addresses]

    def class_sets(self, family: Family) -> list[IpSet]:
        found = self._class_sets.get(family)
        if found is None:
            classes = self.network.tables[family].universe.classes
            found = self._class_sets[family] = [classes.addresses(i) for i in range(classes.count)]
        return found

    def label(self, spot: Spot, target: Target, family: Family) -> str:
        """Who a spot in this family's universe stands for, in the target's words. The families' positions overlap."""
        if spot.row >= 0:
            return self.directory.row_ref(spot.row)
        if target.addresses is None or target.addresses.count() == 1:
            return target.ref
        key = (spot.position, target.ref, target.addresses, family)
        found = self._labels.get(key)
        if found is None:
            found = self._outside_label(spot, target, target.addresses, family)
            if len(self._labels) < 200_000:
                self._labels[key] = found
        return found

    def _outside_label(self, spot: Spot, target: Target, addresses: IpSet, family: Family) -> str:
        asked = of_family(addresses, family)
        first = self.network.tables[family].universe.identities.count
        part = self.class_sets(family)[spot.position - first] & asked
        if part == asked:
            return target.ref
        missing = (asked - part).cidrs()
        if len(part.cidrs()) > 4 and 0 < len(missing) <= 4 and not target.fqdn:
            return f"{target.ref} except {','.join(missing)}"
        return part.described()

    def addresses(self, spot: Spot, target: Target, family: Family) -> IpSet | None:
        """The asked addresses that a spot outside stands for; None for an endpoint."""
        if spot.row >= 0 or target.addresses is None:
            return None
        first = self.network.tables[family].universe.identities.count
        return self.class_sets(family)[spot.position - first] & target.addresses

    # --- destinations --------------------

    def deliveries(self, target: Target, protocol: int, port: str) -> tuple[list[Delivery], str, tuple[Reason, ...]]:
        """Where packets to the target arrive. The text says why nowhere; reasons why that is not known."""
        if target.service is not None:
            return self._service(target.service, protocol, port)
        if target.addresses is not None:
            return [Delivery(-1, target.ref, protocol, _number(port))], "", ()
        if not port or (port.isascii() and port.isdigit()):
            return [Delivery(row, "", protocol, _number(port)) for row in target.rows], "", ()
        out = [
            Delivery(row, "", protocol, p.number)
            for row in target.rows
            for p in self.cluster.row_ports[row]
            if p.name == port and p.protocol == protocol
        ]
        if not out:
            named = [p for row in target.rows for p in self.cluster.row_ports[row] if p.name]
            others = sorted({protocol_name(p.protocol) for p in named if p.name == port})
            there = f", but one of {' and '.join(others)}" if others else ""
            listed = ", ".join(f"`{name}`" for name in sorted({p.name for p in named if p.protocol == protocol}))
            raise UsageError(
                f"`{target.ref}` has no {protocol_name(protocol)} port named `{port}`{there}",
                help=f"write the number, or one of {listed}" if listed else "write the number",
            )
        return out, "", ()

    def dialled_port(self, service: ServiceNoun, protocol: int, port: str) -> ServicePortNoun | None:
        """What stands behind a port of a Service that a client dials: one that it lists, or, of a headless one, any."""
        found = self.service_port(service, protocol, port)
        if found is None and service.dialled is not None and port.isascii() and port.isdigit():
            return replace(service.dialled, protocol=protocol, port=int(port))
        return found

    def service_port(self, service: ServiceNoun, protocol: int, port: str) -> ServicePortNoun | None:
        """The port of this number or name that a Service lists."""
        for p in service.ports:
            if p.protocol == protocol and (port in (str(p.port), p.name)):
                return p
        return None

    def _service(
        self, service: ServiceNoun, protocol: int, port: str
    ) -> tuple[list[Delivery], str, tuple[Reason, ...]]:
        if service.type == "ExternalName" and (meant := self.directory.named_by(service)) is not None:
            return self._service(meant, protocol, port)
        if service.type == "ExternalName":
            return (
                [],
                f"{service.ref} is a name for `{service.external_name}`",
                (Reason("depends", f"which addresses `{service.external_name}` has is not in the input"),),
            )
        found = self.dialled_port(service, protocol, port)
        if found is None:
            listed = ", ".join(f"{protocol_name(p.protocol)} {p.port}" for p in service.ports) or "none"
            return (
                [],
                f"{service.ref} has no {protocol_name(protocol)} port {port or '(not given)'}; its ports: {listed}",
                (),
            )
        if not found.backends:
            told = f"{service.ref} {found.nowhere}"
            return [], told, (Reason(found.open, told),) if found.open else ()
        out = []
        for b in found.backends:
            row, address = b.row, b.address
            if address:
                target = self.directory.address(address, service.namespace)
                row, address = (target.rows[0], "") if target.rows else (-1, address)
            # a headless Service translates nothing: the packet keeps the port that the client dialled
            number = found.port if service.headless else b.port
            out.append(Delivery(row, address, protocol, number, b.node, b.families))
        return out, "", ()

    # --- verdicts --------------------

    def ask(
        self,
        source: Target,
        destination: Target,
        protocol: int,
        port: str,
        *,
        family: Family | None = None,
        icmp: tuple[int, int] | None = None,
    ) -> Settled:
        """The verdict of a question. `port` is a number or a name, "" for none (ICMP)."""
        alias = destination.service
        meant = self.directory.named_by(alias) if alias is not None else None
        if alias is not None and meant is not None:
            settled = self.ask(source, Target(meant.ref, service=meant), protocol, port, family=family, icmp=icmp)
            before = f"{alias.ref} is a name for {meant.ref}"
            return replace(settled, nowhere=f"{before}; {settled.nowhere}" if settled.nowhere else before)
        named, destination = destination, self.taken_by(destination, protocol, port)
        settled = self._ask(source, destination, protocol, port, family, icmp)
        if named is not destination and destination.dialled is not None and not settled.nowhere:
            address = address_text(*destination.dialled)
            before = (
                f"{address} is an address of {destination.ref} too, which takes port {port} before {named.ref} does"
            )
            settled = replace(settled, nowhere=before)
        if named is destination and destination.rows and destination.dialled is None and not settled.nowhere:
            settled = replace(settled, nowhere=beside_services(self, destination, protocol, port))
        service = destination.service
        # an address that is dialled has a family, and so has a cluster of one
        is_either = source.rows and destination.dialled is None and len(self.network.tables) > 1
        if service is not None and service.one_family and is_either:
            from netwright.engine.one_family import of_one_family

            settled = of_one_family(self, service, self.deliveries(destination, protocol, port)[0], settled)
        led = self.dialled_port(service, protocol, port) if service is not None else None
        if led is not None and led.more and settled.verdict != "undecided":
            told = Reason("unknown", led.more)
            settled = replace(settled, verdict="undecided", groups="some", reasons=(told,))
        if self.is_family_open and settled.verdict == "allow" and (source.rows or destination.addresses is None):
            settled = replace(settled, verdict="undecided", groups="some", reasons=(FAMILY_UNKNOWN,))
        for end in (source, destination):
            several = settled.verdict == "allow" or len({p.outcome.verdict for p in settled.parts}) > 1
            if end.fqdn and settled.groups == "some" and several:
                told = Reason("depends", f"which addresses `{end.fqdn}` has is not in the input")
                others = (r for p in settled.parts if p.outcome.verdict == "undecided" for r in self.reasons(p))
                settled = replace(settled, verdict="undecided", reasons=tuple(dict.fromkeys((told, *others))))
        return settled

    def taken_by(self, destination: Target, protocol: int, port: str) -> Target:
        """Who takes packets to a port of the named end: itself, or the Service that has its address too. A node that is
        named by its name is meant at an address that no Service has."""
        if destination.dialled is None or not (port.isascii() and port.isdigit()):
            return destination
        return self.directory.service_before(destination, protocol, int(port)) or destination

    def _ask(
        self,
        source: Target,
        destination: Target,
        protocol: int,
        port: str,
        family: Family | None,
        icmp: tuple[int, int] | None,
    ) -> Settled:
        if source.service is not None:
            raise UsageError(
                f"`{source.ref}` is a Service and starts no connections", help="name the workload behind it"
            )
        deliveries, nowhere, reasons = self.deliveries(destination, protocol, port)
        wanted = (family,) if family else self.network.families
        families = tuple(f for f in wanted if f in self.network.tables)
        taken = at_node(self, source, destination, protocol, port, families)
        if taken is not None:
            return taken
        # a way that is shut is so whatever stands behind it
        if (
            source.addresses is not None
            and destination.service is not None
            and (destination.service.type != "ExternalName")
        ):
            asked = destination.dialled[0] if destination.dialled else family
            if asked:  # packets to an address are of its family
                source = replace(source, addresses=of_family(source.addresses, asked))
                if not source.addresses:
                    return Settled("deny", "none", (), f"`{source.ref}` has no IPv{asked} addresses")
            return from_outside(self, source, destination, destination.service, protocol, port, nowhere)
        if not deliveries:
            return Settled("undecided" if reasons else "deny", "none", (), nowhere, reasons)
        service = destination.service
        if service is not None and source.rows and self.cluster.isolation is not None:
            from netwright.engine.between_networks import to_service

            settled = to_service(self, source, destination, deliveries, families, icmp)
            if settled is not None:
                return settled
        proxied = at_proxy(self, source, destination, protocol, port, families) if source.rows else None
        if proxied is not None:
            return proxied
        # at an external address clients inside are led as to any Service (page "Virtual IPs and Service Proxies")
        if source.rows and service is not None and service.is_node_local and not destination.by_outer_address:
            settled = from_own_node(self, source, destination, deliveries, families)
            if settled is not None:
                return settled
            parts = []
        else:
            parts = [p for f in families for p in self.parts(source, destination, deliveries, f, icmp)]
            parts = parts if service is not None else without_itself(parts)
        is_sure = family is not None or not self.cluster.has_assumed_families
        if not parts and is_sure and not any(not d.families or set(d.families) & set(wanted) for d in deliveries):
            over = " and ".join(f"IPv{f}" for f in sorted({f for d in deliveries for f in d.families}))
            return Settled("deny", "none", (), f"{destination.ref} is reached over {over} only")
        if not parts and self.cluster.has_assumed_families:
            return Settled("undecided", "none", (), FAMILY_UNKNOWN.text, (FAMILY_UNKNOWN,))
        if not parts:
            return Settled("deny", "none", (), "the two ends have no address family in common")
        settled = perhaps_masked(self, source, destination, deliveries, protocol, port, parts)
        return within_ranges(self, source, destination, settled)

    def endpoints_of(self, proxy: Proxy) -> list[int]:
        """Endpoint rows of who takes requests from outside."""
        found = self._proxies.get(proxy)
        if found is None:
            found = self._proxies[proxy] = endpoints_of(self, proxy)
        return found

    def parts(
        self,
        source: Target,
        destination: Target,
        deliveries: Iterable[Delivery],
        family: Family,
        icmp: tuple[int, int] | None,
        *,
        is_led: bool = False,
    ) -> list[Part]:
        """The packets of a question in one family. `is_led`: a Service leads them past what keeps networks apart."""
        is_led = is_led and self.network.isolation >= 0
        tables = self.network.tables[family]
        translated = destination.service is not None and not destination.service.headless
        by_key: dict[tuple[int, str], list[int]] = {}
        for delivery in deliveries:
            if delivery.families and family not in delivery.families:
                continue
            protocol = ICMPV6 if delivery.protocol == ICMP and family == 6 else delivery.protocol
            number = (icmp[0] << 8 | icmp[1]) if icmp else delivery.port
            by_key.setdefault((service_key(protocol, number), delivery.address), []).append(delivery.row)
        sources = self.spots(source, family)
        out: list[Part] = []
        seen: dict[tuple[int, int, str, int], int] = {}  # what of `out` is the same
        alike: dict[int, dict[int, str]] = {}
        for (key, address), rows in by_key.items():
            if destination.service is None:
                target = destination
            else:
                target = (
                    Target(address, addresses=IpSet.of(address)) if address else Target(destination.ref, tuple(rows))
                )
            pairs: list[tuple[Spot, Spot, Relation]] = []
            own = () if destination.service is None else led_back(self, source.rows, rows)
            for s in sources:
                for d in self.spots(target, family):
                    if s.row != d.row or s.row not in own or not is_one_pod(self, s.row):
                        pairs.append((s, d, relation(self.network, s.row, d.row)))
            pairs += [(d, d, "hairpin" if translated else "self") for d in self._rows(own, family)]
            led: dict[tuple[int, int], dict[int, None]] = {}  # to whom of `out` packets to a place are alike
            for s, d, between in pairs:
                mark = (s.position, d.position, between, key)
                if d.row >= 0 and between not in ("self", "hairpin"):
                    led.setdefault((d.position, int(self.network.columns.node[d.row])), {})[
                        seen.get(mark, len(out))
                    ] = None
                if mark in seen:
                    if destination.service is not None:
                        alike.setdefault(seen[mark], {})[d.row] = self.label(d, target, family)
                    continue
                seen[mark] = len(out)
                without = self.network.isolation if is_led else -1
                found = outcome(self.network, tables, s, d, key, "self" if between == "hairpin" else between, without)
                if between == "hairpin":
                    found = Outcome(True, True, "hairpin", found.egress, found.ingress)
                out.append(
                    Part(
                        Packet(family, s, d, key, is_led),
                        found,
                        self.label(s, source, family),
                        self.label(d, target, family),
                        self.addresses(s, source, family),
                        self.addresses(d, target, family),
                        through=destination if destination.service is not None else None,
                    )
                )
            if destination.service is not None:
                for row in rows[2:]:
                    place = self.network.position(row), int(self.network.columns.node[row])
                    for i in led.get(place, {}) if row not in own else ():
                        alike.setdefault(i, {})[row] = self.directory.row_ref(row)
        for i, others in alike.items():
            others.pop(out[i].packet.destination.row, None)
            out[i] = replace(out[i], alike=tuple(others.items())) if others else out[i]
        return out if destination.service is None else through_service(out)

    def settle(self, parts: Sequence[Part], dropped: Collection[Family] = ()) -> Settled:
        """One verdict of packets. In the families `dropped` there are others beside them, which nothing answers."""
        verdicts = {p.outcome.verdict for p in parts} | ({"deny"} if dropped else set())
        if verdicts == {"allow"}:
            return Settled("allow", "all", tuple(parts))
        if verdicts == {"deny"}:
            return Settled("deny", "none", tuple(parts))
        if "undecided" in verdicts:
            open_parts = [p for p in parts if p.outcome.verdict == "undecided"]
            reasons = dict.fromkeys(r for p in open_parts for r in self.reasons(p))
            return Settled("undecided", "some", tuple(parts), "", tuple(reasons))
        by_family = {
            f: {p.outcome.verdict for p in parts if p.packet.family == f} | ({"deny"} if f in dropped else set())
            for f in self.network.families
        }
        known = {f: v for f, v in by_family.items() if v}
        if len(known) == 2 and all(len(v) == 1 for v in known.values()):
            words = ", ".join(f"IPv{f} {'allowed' if v == {'allow'} else 'denied'}" for f, v in known.items())
            return Settled("undecided", "some", tuple(parts), "", (Reason("depends", f"{words}: ask for one family"),))
        return Settled("allow", "some", tuple(parts))

    def reasons(self, part: Part) -> list[Reason]:
        """Why an undecided part is open."""
        out: dict[Reason, None] = {} if part.open is None else {part.open: None}
        packet, found = part.packet, part.outcome
        if found.relation == "hairpin":
            return [HAIRPIN]
        if found.relation == "perhaps own node":
            out[OWN_NODE] = None
        sides: tuple[tuple[Direction, Side], ...] = (("egress", found.egress), ("ingress", found.ingress))
        for direction, side in sides:
            if side.must or not side.may:
                continue
            matching, isolating = self.cited(packet, direction)
            peer = packet.destination if direction == "egress" else packet.source
            settled = self._is_settled(packet, direction)
            whose = self._address_unknown(peer.row)
            out |= dict.fromkeys(of_citations(matching, isolating, whose=whose, is_settled=settled))
        return list(out)

    def _address_unknown(self, row: int) -> Reason:
        """Why the address of an endpoint is not known, and what names it."""
        columns = self.network.columns
        if row >= 0 and columns.host[row]:
            return HOST_ADDRESS_UNKNOWN
        is_elsewhere = self.cluster.network != POD or (row >= 0 and NETWORK in columns.labels_of(row))
        return ADDRESS_THERE_UNKNOWN if is_elsewhere else ADDRESS_UNKNOWN

    def seen_key(self, packet: Packet) -> int:
        """The service that the network plugin sees of a packet: where a mesh tunnels it, the tunnel's."""
        columns = self.network.columns
        if packet.source.row < 0 or packet.destination.row < 0:
            return packet.key
        return seen_key(columns.labels_of(packet.source.row), columns.labels_of(packet.destination.row), packet.key)

    def cited(self, packet: Packet, direction: Direction) -> tuple[list[Citation], list[Citation]]:
        key = (packet, direction)
        found = self._citations.get(key)
        if found is None:
            source, destination = self._seen(packet)
            at, peer = (source, destination) if direction == "egress" else (destination, source)
            found = self.citer.cite(self.network.tables[packet.family], direction, at, peer, packet.key)
            if packet.is_led:
                beside = self.network.isolation
                found = [c for c in found[0] if c.enforcer != beside], [c for c in found[1] if c.enforcer != beside]
            if len(self.network.enforcers) > 1:
                deciding = self.acting_enforcers(packet, direction)
                found = [c for c in found[0] if c.enforcer in deciding], [c for c in found[1] if c.enforcer in deciding]
            if len(self._citations) < 200_000:
                self._citations[key] = found
        return found

    def acting_enforcers(self, packet: Packet, direction: Direction) -> set[int]:
        """The enforcers that have a part in what becomes of a packet in one direction."""
        network = self.network
        tables = network.tables[packet.family]
        table = tables.egress if direction == "egress" else tables.ingress
        bit = table.fold.atoms.bit(packet.key)
        source, destination = self._seen(packet)
        ends = [(source.position, destination.position)]
        between = relation(network, packet.source.row, packet.destination.row)
        if between == "perhaps own node" and not network.exempts_own_node:
            ends.append(own_positions(network, tables, packet.source, packet.destination))
        if direction == "ingress":
            ends = [(peer, at) for at, peer in ends]
        led_past = network.isolation if packet.is_led else -1
        numbers = [number for number in range(len(network.enforcers)) if number != led_past]
        return deciding_enforcers(numbers, table, ends, bit)

    def _is_settled(self, packet: Packet, direction: Direction) -> bool:
        """Whether what is read decides a direction, and only what is not read leaves it open."""
        tables = self.network.tables[packet.family]
        source, destination = self._seen(packet)
        table, at, peer = (
            (tables.egress, source, destination) if direction == "egress" else (tables.ingress, destination, source)
        )
        key, port_map = table.keys[int(table.of_position[at.position])]
        read = table.fold.contents.read(key)
        if len(read) == len(key):
            return False
        bit = table.fold.atoms.bit(packet.key)
        rows = [row for row in table.fold(read, port_map) if row.mask & bit]
        return any(r.must >> peer.position & 1 for r in rows) or not any(r.may >> peer.position & 1 for r in rows)

    def _seen(self, packet: Packet) -> tuple[Spot, Spot]:
        """The ends as policy sees them: a pod's own node apart from others, where it is not exempt."""
        source, destination = packet.source, packet.destination
        network = self.network
        if network.exempts_own_node or relation(network, source.row, destination.row) != "own node":
            return source, destination
        at, to = own_positions(network, network.tables[packet.family], source, destination)
        return replace(source, position=at), replace(destination, position=to)

    def deciding(self, part: Part) -> list[Citation]:
        """The rules and ends that decide a part: what allows in each isolated direction, or what denies."""
        if part.outcome.relation in ("self", "own node", "hairpin"):
            return []
        out: list[Citation] = []
        verdict = part.outcome.verdict
        sides: tuple[tuple[Direction, Side], ...] = (("egress", part.outcome.egress), ("ingress", part.outcome.ingress))
        for direction, side in sides:
            if verdict == "deny" and side.may:
                continue
            matching, isolating = self.cited(part.packet, direction)
            named = [c for c in matching if c.origin.name]
            if side.must:
                out += [c for c in named if c.surely and c.action == "allow"]
            elif side.may:
                out += [*named, *isolating]
            else:
                out += [*(c for c in named if c.action == "deny"), *(c for c in isolating if not c.by_labels)]
        return out


def of_family(addresses: IpSet, family: Family) -> IpSet:
    return IpSet(addresses.v4) if family == 4 else IpSet((), addresses.v6)


def lowest(addresses: IpSet, family: Family) -> str:
    """The lowest address of a set, as text: one that stands for all of its class."""
    return address_text(family, addresses.family(family)[0][0])


def _number(port: str) -> int:
    number = int(port) if port.isascii() and port.isdigit() else -1 if port else 0
    if not 0 <= number <= 0xFFFF:
        raise UsageError(f"`{port}` is not a port", help="ports go from 0 to 65535")
    return number
