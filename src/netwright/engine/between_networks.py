"""Services between primary networks: whose clients are led where.

After the pages of OVN-Kubernetes on user-defined networks (2c48a605cbd4: the ClusterIPs of a network's Services are not
there for other networks, node ports, load balancers and external addresses are) and on connecting them (8ddc65567bcd:
`ServiceNetwork`; selectors of policies do not reach beyond it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from netwright.base.ipset import Family
from netwright.engine.reasons import Reason
from netwright.engine.verdict import Side
from netwright.model.isolation import NETWORK
from netwright.model.references import Target
from netwright.model.rule import Direction

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled

_HEADLESS = (
    "the name of a headless Service leads to addresses of the default network, at which pods on a primary user-defined "
    "network are there for the kubelet alone; a client has to know their addresses on that network"
)
_FROM_NODES = (
    "the documents of OVN-Kubernetes leave open how processes of a node are led to Services of a user-defined network"
)
_POLICIES = (
    "the documents of OVN-Kubernetes leave open how policies see packets that leave their network on the way to a "
    "Service"
)


def to_service(
    inquirer: Inquirer,
    source: Target,
    destination: Target,
    deliveries: Sequence[Delivery],
    families: Sequence[Family],
    icmp: tuple[int, int] | None,
) -> Settled | None:
    """The verdict over a Service where networks have a say in it; None where they have none: of packets of one network,
    of nodes, and between ends of which the network is not known."""
    from netwright.engine.inquire import Settled

    isolation, service = inquirer.cluster.isolation, destination.service
    if isolation is None or service is None:
        return None
    columns = inquirer.network.columns
    row = source.rows[0]
    client_namespace = columns.namespaces[int(columns.namespace[row])]
    theirs = isolation.of_namespace.get(service.namespace, "")
    if columns.host[row]:
        is_left = not service.headless and (theirs or service.namespace in isolation.perhaps)
        return Settled("undecided", "none", (), _FROM_NODES, (Reason("ambiguous", _FROM_NODES),)) if is_left else None
    is_everywhere = (service.namespace, service.name) in isolation.everywhere
    if {client_namespace, service.namespace} & isolation.perhaps:
        if service.headless or not (is_everywhere or destination.by_outer_address):
            return None
        parts = [p for f in families for p in inquirer.parts(source, destination, deliveries, f, icmp)]
        return inquirer.settle([_masked(inquirer, part) for part in parts]) if parts else None
    ours = columns.labels_of(row).get(NETWORK, "")
    if ours == theirs:
        if theirs and service.selected is None:
            told = (
                f"{service.ref} has no selector, and of EndpointSlices that others made OVN-Kubernetes makes none on "
                f"{isolation.name(theirs)}"
            )
            return _led_nowhere(inquirer, told, {client_namespace, service.namespace})
        if service.headless and theirs:
            return Settled("undecided", "none", (), _HEADLESS, (Reason("depends", _HEADLESS),))
        return None
    if service.headless:
        return None  # nothing translates: pods meet, or do not
    joined = isolation.joined.get((ours, theirs))
    is_everywhere = is_everywhere and not theirs
    if not (joined is not None or destination.by_outer_address or is_everywhere):
        told = (
            f"{service.ref} is on {isolation.name(theirs)}, and clients on {isolation.name(ours)} are not led to its "
            "cluster address"
        )
        return _led_nowhere(inquirer, told, {client_namespace, service.namespace})
    parts = [p for f in families for p in inquirer.parts(source, destination, deliveries, f, icmp, is_led=True)]
    if not parts:
        return None
    if joined is not None and not destination.by_outer_address:
        return inquirer.settle([_perhaps(part, joined) if joined else part for part in parts])
    return inquirer.settle([_masked(inquirer, part) for part in parts])


def _led_nowhere(inquirer: Inquirer, told: str, namespaces: set[str]) -> Settled:
    """The verdict where networks let nothing lead there, as far as what says so was read."""
    from netwright.engine.inquire import Settled

    reasons = tuple(
        Reason("unknown", u.reason)
        for u in inquirer.cluster.unknown
        if u.overrides and (not u.namespaces or namespaces.intersection(u.namespaces))
    )
    return Settled("undecided" if reasons else "deny", "none", (), told, reasons)


def _perhaps(part: Part, why: str) -> Part:
    """The packet, open for why it is perhaps not led there."""
    if part.outcome.verdict == "deny":
        return part
    outcome = msgspec.structs.replace(part.outcome, may_deny=True)
    return msgspec.structs.replace(part, outcome=outcome, open=Reason("ambiguous", why))


def _masked(inquirer: Inquirer, part: Part) -> Part:
    """The packet, which leaves its network on the way: policies that have a say in it see other addresses than those of
    its ends, but where no rule lets anything out."""
    if not _is_selected(inquirer, part) or _denies_beside(inquirer, part):
        return part
    packet = part.packet
    matching, isolating = inquirer.cited(packet, "egress")
    if isolating and not matching and not part.outcome.egress.may:
        acting = [unit for unit, _ in inquirer.network.units_at(packet.family, packet.source.position, "egress")]
        policies = {unit.source for unit in acting if unit.ends}
        if not any(unit.rules and unit.source in policies for unit in acting):
            return part
    outcome = msgspec.structs.replace(part.outcome, may_allow=True, may_deny=True)
    return msgspec.structs.replace(part, outcome=outcome, open=Reason("ambiguous", _POLICIES))


def _is_selected(inquirer: Inquirer, part: Part) -> bool:
    """Whether a policy has a say in either direction. Ports that are open on the default network are no matter of a
    Service, which leads to the pod's own network."""
    packet = part.packet
    matching, isolating = inquirer.cited(packet, "ingress")
    has_say = bool(matching or isolating)
    if any(one.origin.kind == "Pod" for one in matching):
        units = inquirer.network.units_at(packet.family, packet.destination.position, "ingress")
        acting = [unit for unit, _ in units if unit.enforcer == 0]
        universe, bit = inquirer.network.tables[packet.family].universe, 1 << packet.source.position
        rules = [rule for unit in acting for rule in unit.rules if rule.origin.kind not in ("Pod", "OVNConfig")]
        has_say = any(unit.ends for unit in acting) or any(
            universe(rule.src)[1] & bit and packet.key in rule.service.fixed for rule in rules
        )
    return has_say or any(inquirer.cited(packet, "egress"))


def _denies_beside(inquirer: Inquirer, part: Part) -> bool:
    """Whether another enforcer than the CNI denies it, which looks at no addresses within the cluster."""
    sides: tuple[tuple[Direction, Side], ...] = (("egress", part.outcome.egress), ("ingress", part.outcome.ingress))
    return any(not side.may and inquirer.acting_enforcers(part.packet, direction) - {0} for direction, side in sides)
