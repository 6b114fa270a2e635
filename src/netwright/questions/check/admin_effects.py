"""What admin policies do to others: to the other end of a connection, to pods in a range of addresses, to DNS.

Judged by the compiled network: what is said to be denied or accepted is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.ipset import IpSet
from netwright.base.services import UDP, ServiceSet
from netwright.engine.bits import indexes
from netwright.model.rule import Addresses, Direction
from netwright.questions.check.admin_order import Order
from netwright.questions.check.admin_written import AdminRule, chooser, is_named, name_of, told_peer
from netwright.questions.check.dns import PORTS, SERVERS
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.label_words import wanted
from netwright.questions.check.scene import Scene
from netwright.questions.check.surroundings import Surroundings
from netwright.questions.check.tiers import Tiers, Way

OTHER: dict[Direction, Direction] = {"ingress": "egress", "egress": "ingress"}


def checks(scene: Scene) -> Iterator[Found]:
    if not scene.admin_policies:
        return
    effects = Effects(scene)
    yield from effects.names_cut()
    yield from effects.ranges()
    yield from effects.refused()


class Effects:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.tiers = scene.once(Tiers)
        self.order = scene.once(Order)
        self.around = scene.once(Surroundings)

    def acting(self) -> Iterator[tuple[AdminRule, list[Way]]]:
        """The rules that may decide something, with where they do."""
        for rule in self.order.rules:
            ways = [way for way, step in self.tiers.of_rule.get(rule.key, ()) if step.left]
            if ways and rule.key not in self.order.told and not rule.is_closed:
                yield rule, ways

    def refs(self, ways: Sequence[Way]) -> tuple[str, ...]:
        return self.scene.refs(self.tiers.rows([p for way in ways for p in way.positions]))

    # --- the other end --------------------

    def refused(self) -> Iterator[Found]:
        """NW2330: what is accepted at one end and surely denied at the other."""
        for rule, ways in self.acting():
            if rule.action != "allow":
                continue
            for number, peer in enumerate(rule.peers):
                found = chooser(peer)
                if found is None or not (any(wanted(found.pods)) or is_named(found.namespaces)):
                    continue
                chosen = self.scene.chosen(found.namespaces, found.pods)
                if not chosen.must or not self._holds_all(found.namespaces):
                    continue
                deciding = [self._refusing(rule, way, self.scene.bits(chosen.may)) for way in ways]
                if not all(deciding):
                    continue
                refs, whom = self.refs(ways), self.scene.refs(chosen.may)
                if set(refs) == set(whom):
                    continue
                into = rule.direction == "ingress"
                yield Found(
                    "NW2330",
                    at(rule.policy, *rule.pointer, rule.side, number),
                    f"{name_of(rule.policy)} accepts {listed(whom if into else refs)} to "
                    f"{listed(refs if into else whom)}, "
                    f"{'who may not go there' if into else 'which admits none of them'}",
                    label=f"refused where it {'starts' if into else 'arrives'}",
                    effect="Accept is for its own end of the connection: the "
                    f"{OTHER[rule.direction]} of the other end is decided by the policies there",
                    help=f"accept the {OTHER[rule.direction]} of {listed(whom)} too, or delete the entry",
                    key=f"{rule.direction} {told_peer(peer)} {rule.services.fixed}",
                    workloads=refs,
                )

    def _holds_all(self, namespaces: object) -> bool:
        if self.around.is_whole:
            return True
        surely, perhaps = self.around.namespaces(namespaces)  # type: ignore[arg-type]
        names = is_named(namespaces)  # type: ignore[arg-type]
        return surely == perhaps and bool(names) and set(names) <= surely and self.around.holds_all_of(surely)

    def _refusing(self, rule: AdminRule, way: Way, whom: int) -> bool:
        """Whether the other side surely refuses all that the rule accepts there."""
        tables = self.scene.network.tables[way.family]
        table = tables.egress if way.direction == "ingress" else tables.ingress
        here = 0
        for position in way.positions:
            here |= 1 << position
        there = False
        ports = self.tiers.ports
        for found, step in self.tiers.of_rule[rule.key]:
            for mask, bits in [(m & ports, b) for m, b in step.left if m & ports] if found is way else ():
                for position in indexes(bits & whom):
                    there = True
                    if any(row.mask & mask and row.may & here for row in table.rows_at(position)):
                        return False
        return there

    # --- ranges --------------------

    def ranges(self) -> Iterator[Found]:
        """NW2331: `networks` that hold pods' addresses too, without a rule for pods before them."""
        for rule, ways in self.acting():
            for number, peer in enumerate(rule.peers):
                if peer.networks is None or rule.action == "pass" or rule.entries or self._minds_pods(rule):
                    continue
                nets = IpSet.of(*peer.networks)
                if self.scene.cluster.pod_ranges and nets <= self.scene.cluster.pod_ranges:
                    continue  # pods are meant
                if not any(self._hits_pods(rule, way, nets) for way in ways):
                    continue
                refs = self.refs(ways)
                does = "denies" if rule.action == "deny" else "accepts"
                yield Found(
                    "NW2331",
                    at(rule.policy, *rule.pointer, rule.side, number, "networks"),
                    f"{name_of(rule.policy)} {does} connections of {listed(refs)} to pods too: "
                    f"{listed(list(peer.networks))} hold{'s' * (len(peer.networks) == 1)} their addresses",
                    label="pods have addresses too",
                    effect="a range matches traffic between pods, ICMP included: all of it is accepted"
                    if does == "accepts"
                    else "a range matches traffic between pods, ICMP included: they do not reach each other any more",
                    help="write a rule before it that does `Pass` for `namespaces: {}`, so that pods are left to the "
                    "policies for pods",
                    key=f"{rule.action} {','.join(peer.networks)}",
                    workloads=refs,
                )

    def _minds_pods(self, rule: AdminRule) -> bool:
        """Whether an earlier rule of the policy, or another peer of this, is about pods."""
        of_policy = [r for r in self.order.rules if r.policy is rule.policy and r.direction == rule.direction]
        earlier = [peer for r in of_policy if r.number < rule.number for peer in r.peers]
        return any(peer.pods is not None or peer.namespaces is not None for peer in (*earlier, *rule.peers))

    def _hits_pods(self, rule: AdminRule, way: Way, nets: IpSet) -> bool:
        universe = self.scene.network.tables[way.family].universe
        must = universe(Addresses(nets))[0] & self.tiers.pods(way.family)
        acting = [step for found, step in self.tiers.of_rule[rule.key] if found is way]
        areas = [(mask, bits & must & step.bound.must) for step in acting for mask, bits in step.left]
        hit = 0
        for _, bits in areas:
            hit |= bits
        for pod in indexes(hit):
            services = 0
            for mask, bits in areas:
                services |= mask if bits >> pod & 1 else 0
            if self.tiers.ports & ~services:
                continue  # others decide on some of it, or isolation on all
            if any(1 << pod != self.tiers.itself(position) for position in way.positions):
                return True
        return False

    # --- DNS --------------------

    def names_cut(self) -> Iterator[Found]:
        """NW2334: pods that the Admin or the Baseline tier keeps from all DNS servers of the input."""
        servers = self._servers()
        if not servers:
            return
        cut: dict[tuple[object, ...], tuple[AdminRule, list[Way]]] = {}
        for way in self.tiers.ways:
            if way.direction != "egress":
                continue
            denying = self._cutting(way, servers)
            if denying is not None:
                cut.setdefault(denying.key, (denying, []))[1].append(way)
        for denying, ways in cut.values():
            refs = self.refs(ways)
            yield Found(
                "NW2334",
                at(denying.policy, *denying.pointer),
                f"{name_of(denying.policy)} keeps {listed(refs)} from the DNS servers "
                f"{listed(self.scene.refs(servers))}",
                label="denies DNS too",
                effect="names of Services do not resolve for them, so connections that are allowed are not made",
                help="put a rule before it that accepts UDP and TCP 53 to the pods of the DNS servers",
                key=denying.words,
                workloads=refs,
            )

    def _servers(self) -> dict[int, int]:
        """The pods of DNS servers by row, with the port at which they listen."""
        found: dict[int, int] = {}
        for row, ports in enumerate(self.scene.cluster.row_ports):
            if self.scene.cluster.row_objects[row].namespace in SERVERS and not self.scene.cluster.columns.host[row]:
                for port in ports:
                    if port.protocol == UDP and port.number in PORTS:
                        found[row] = port.number
        return found

    def _cutting(self, way: Way, servers: dict[int, int]) -> AdminRule | None:
        """The rule that denies these pods UDP to every server, if the tiers surely do so."""
        rows = [row for row in self.tiers.rows(way.positions) if row not in servers]
        if not rows:
            return None
        by = None
        for row, number in servers.items():
            services = ServiceSet.ports(UDP, number)
            bit = self.scene.network.atoms.touching(services)
            position = 1 << self.scene.network.position(row)
            tables = self.scene.network.tables[way.family]
            if not tables.universe.present & position:
                continue
            if any(r.mask & bit and r.may & position for r in tables.egress.rows_at(way.positions[0])):
                return None
            for step in way.steps:
                if step.bound.rule.action == "deny" and any(m & bit and b & position for m, b in step.left):
                    by = by or self.order.rule(step.bound.key)
                    break
            else:
                return None  # a NetworkPolicy does
        return by
