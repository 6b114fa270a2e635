"""What became of an intent, and the connection that shows it with the rules that decide it."""

from __future__ import annotations

from typing import Literal

import msgspec

from netwright.base.ipset import EVERYWHERE, NOT_UNICAST, Family
from netwright.base.services import PROTOCOLS, ServiceSet, protocol_name, service_key
from netwright.base.spans import Origin
from netwright.engine.holds import Pair
from netwright.engine.inquire import Packet, Part, lowest
from netwright.engine.reasons import OWN_NODE
from netwright.engine.verdict import Outcome, Relation, Side, Spot, relation
from netwright.model.configuration import Verb
from netwright.model.finding import Mark
from netwright.model.references import Target
from netwright.questions.check.found import marked
from netwright.questions.registry import Asked

IntentVerdict = Literal["holds", "broken", "undecided"]
ANYBODY = Target("any address", addresses=EVERYWHERE - NOT_UNICAST)


class Witness(msgspec.Struct, frozen=True, kw_only=True, rename={"source": "from", "destination": "to"}):
    """One connection that breaks an intent, or leaves it open: the rules that decide it, and the command that tells
    why."""

    source: str
    destination: str
    ports: str
    family: Family
    rules: tuple[Mark, ...] = ()
    why: str = ""


class Judged(msgspec.Struct, frozen=True):
    """The verdict of a part of an intent; `told` and `witness` where it does not hold."""

    verdict: IntentVerdict
    told: str = ""
    witness: Witness | None = None


HOLDS = Judged("holds")


class Witnesses:
    """Finds the words and the rules for a pair of positions that breaks an intent."""

    def __init__(self, twin: Asked) -> None:
        self.twin = twin
        self.inquirer = twin.inquirer
        self.network = twin.network

    def shown(
        self,
        verb: Verb,
        asked: ServiceSet,
        broken: Pair | None,
        open_: Pair | None,
        source: Target,
        target: Target,
        family: Family,
    ) -> Judged:
        pair = broken or open_
        if pair is None:
            return HOLDS
        verdict: IntentVerdict = "broken" if broken else "undecided"
        one, other = self._spot(pair[0], source), self._spot(pair[1], target)
        if one.row == other.row >= 0:  # of two that no rule tells apart, a connection of one to the other
            one = self._spot(pair[0], source, other.row)
            other = self._spot(pair[1], target, one.row) if one.row == other.row else other
        own: Relation = ""
        if verb == "allow" and self.network.exempts_own_node:
            own, one, other = self._apart(one, other, source, target)
            if own == "own node":
                return HOLDS
        tables = self.network.tables[family]
        must, may = tables.pair(*pair)
        if verb == "allow":
            services = asked - (may if broken else must)
        else:
            services = asked & must if broken else (asked & may) - must
        key = self._example(services, other)
        protocol, port = key >> 16, key & 0xFFFF
        (out_must, out_may), (in_must, in_may) = tables.outcome(*pair, key)
        found = Outcome(
            out_may and in_may, not (out_must and in_must), "", Side(out_must, out_may), Side(in_must, in_may)
        )
        packet = Packet(family, one, other, key)
        part = Part(packet, found, self._ref(one, source, family), self._ref(other, target, family))
        why = f"netwright why {self._command(one, source, family)} {self._command(other, target, family)}:{port}"
        witness = Witness(
            source=part.source,
            destination=part.destination,
            ports=str(services),
            family=family,
            rules=self.rules(part),
            why=why if protocol == PROTOCOLS["TCP"] else f"{why} --protocol {protocol_name(protocol)}",
        )
        if own == "perhaps own node":  # whatever policy says
            return Judged("undecided", OWN_NODE.text, witness)
        if verdict == "undecided":
            reasons = "; ".join(r.text for r in self.inquirer.reasons(part))
            return Judged(verdict, reasons or sentence(verb, verdict, witness), witness)
        return Judged(verdict, sentence(verb, verdict, witness), witness)

    def _apart(self, one: Spot, other: Spot, source: Target, target: Target) -> tuple[Relation, Spot, Spot]:
        """Two ends at these places that are no pod and its own node, which policy does not keep apart; else two that
        perhaps are none, or how all of them stand to each other."""
        if one.row < 0 or other.row < 0:
            return "", one, other
        starting, arriving = (
            [spot.row, *(r for r in end.rows if self.network.position(r) == spot.position)]
            for end, spot in ((source, one), (target, other))
        )
        found = {relation(self.network, a, b): (a, b) for a in reversed(starting) for b in reversed(arriving)}
        how: Relation = next((r for r in ("", "perhaps own node", "own node") if r in found), "self")
        a, b = found[how]
        return how, Spot(one.position, a), Spot(other.position, b)

    def _example(self, services: ServiceSet, spot: Spot) -> int:
        """A service that stands for a set: one that the destination serves, else the lowest that is a port."""
        declared = self.inquirer.cluster.row_ports[spot.row] if spot.row >= 0 else ()
        for p in declared:
            if service_key(p.protocol, p.number) in services:
                return service_key(p.protocol, p.number)
        low, high = services.intervals[0]
        return low + 1 if low & 0xFFFF == 0 and high - low > 1 else low

    def _spot(self, position: int, target: Target, but: int = -1) -> Spot:
        """A row of the target at a position, another one than `but` where there is one."""
        if position >= self.network.identities.count:
            return Spot(position, -1)
        rows = [r for r in target.rows if self.network.position(r) == position]
        row = next((r for r in rows if r != but), rows[0] if rows else -1)
        return Spot(position, row if row >= 0 else int(self.network.identities.row[position]))

    def _ref(self, spot: Spot, target: Target, family: Family) -> str:
        if spot.row >= 0:
            return self.inquirer.directory.row_ref(spot.row)
        return self.inquirer.label(spot, target if target.addresses is not None else ANYBODY, family)

    def _command(self, spot: Spot, target: Target, family: Family) -> str:
        if spot.row >= 0:
            return self.inquirer.directory.row_ref(spot.row)
        of = target if target.addresses is not None else ANYBODY
        addresses = self.inquirer.addresses(spot, of, family)
        address = lowest(addresses, family) if addresses else of.ref
        return f"[{address}]" if ":" in address else address

    def rules(self, part: Part) -> tuple[Mark, ...]:
        return tuple(
            self.mark(c.origin, "isolates" if c.rule is None else c.action + "s") for c in self.inquirer.deciding(part)
        )

    def mark(self, origin: Origin, label: str) -> Mark:
        return Mark(**marked(self.twin, origin, label))


def sentence(verb: Verb, verdict: IntentVerdict, w: Witness) -> str:
    what = f"{w.source} → {w.destination} {w.ports}"
    if verdict == "undecided":
        return f"{what} is undecided"
    return f"{what} is {'denied' if verb == 'allow' else 'allowed'}"
