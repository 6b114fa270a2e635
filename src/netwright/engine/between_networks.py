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
from netwright.model.isolation import NETWORK
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled

_HEADLESS = (
    "the name of a headless Service leads to addresses of the default network, at which pods on a primary user-defined "
    "network are there for the kubelet alone; a client has to know their addresses on that network"
)
_POLICIES = (
    "the documents of OVN-Kubernetes leave open how policies see packets that a Service leads to another network"
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
    if columns.host[row] or {client_namespace, service.namespace} & isolation.perhaps:
        return None
    ours = columns.labels_of(row).get(NETWORK, "")
    theirs = isolation.of_namespace.get(service.namespace, "")
    if ours == theirs:
        if theirs and service.selected is None:
            told = (
                f"{service.ref} has no selector, and of EndpointSlices that others made OVN-Kubernetes makes none on "
                f"{isolation.name(theirs)}"
            )
            return Settled("deny", "none", (), told)
        if service.headless and theirs:
            return Settled("undecided", "none", (), _HEADLESS, (Reason("depends", _HEADLESS),))
        return None
    if service.headless:
        return None  # nothing translates: pods meet, or do not
    joined = isolation.joined.get((ours, theirs))
    is_everywhere = not theirs and (service.namespace, service.name) in isolation.everywhere
    if not (joined is not None or destination.by_outer_address or is_everywhere):
        told = (
            f"{service.ref} is on {isolation.name(theirs)}, and clients on {isolation.name(ours)} are not led to its "
            "cluster address"
        )
        return Settled("deny", "none", (), told)
    parts = [p for f in families for p in inquirer.parts(source, destination, deliveries, f, icmp, is_led=True)]
    if not parts:
        return None
    told = ""
    if joined and not destination.by_outer_address:
        told = joined
    return inquirer.settle([_opened(inquirer, part, told) for part in parts])


def _opened(inquirer: Inquirer, part: Part, why: str) -> Part:
    """The packet, open for why it is perhaps not led there, or for policies that have a say in it."""
    if part.outcome.verdict == "allow" and not why and inquirer.is_selected(part):
        why = _POLICIES
    if not why or part.outcome.verdict == "deny":
        return part
    outcome = msgspec.structs.replace(part.outcome, may_deny=True)
    return msgspec.structs.replace(part, outcome=outcome, open=Reason("ambiguous", why))
