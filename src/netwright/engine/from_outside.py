"""From outside to a Service: the verdict over its ways in.

After the pages "Service" and "Virtual IPs and Service Proxies" of Kubernetes 1.34.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netwright.base.ipset import address_text, parse_address
from netwright.engine.exposure import exposures, together
from netwright.engine.reasons import Reason
from netwright.engine.verdict import Verdict
from netwright.model.cluster import ServiceNoun
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Groups, Inquirer, Settled


def from_outside(
    inquirer: Inquirer,
    source: Target,
    destination: Target,
    service: ServiceNoun,
    protocol: int,
    port: str,
    nowhere: str,
) -> Settled:
    """From an outside address to a Service: over the ways in that the input gives it, or, where it was named by an
    outer address of it, over the one that has this address."""
    from netwright.engine.inquire import Settled

    if destination.dialled is not None and not destination.by_outer_address:
        every = dict.fromkeys(f"{w.via} ({w.entry})" for w in exposures(inquirer, source, [service]))
        others = f"its ways in are {', '.join(every)}" if every else "it has no way in from outside"
        address = address_text(*destination.dialled)
        told = f"{address} is a cluster IP of {service.ref}, reached from within the cluster only: {others}"
        return Settled("deny", "none", (), told)
    asked = inquirer.dialled_port(service, protocol, port)
    by_node = next((p for p in service.ports if str(p.node_port) == port and p.protocol == protocol), None)
    if asked is None and by_node is None:
        return Settled("deny", "none", (), nowhere)
    wanted = asked or by_node
    outer = {"LoadBalancer": service.load_balancer, "externalIP": service.external_ips}
    ways = [
        w
        for w in exposures(inquirer, source, [service])
        if wanted is not None
        and (w.port, w.protocol) == (wanted.port, wanted.protocol)
        and (asked is not None or w.via == "NodePort")
        and (
            not destination.by_outer_address
            or any(parse_address(one) == destination.dialled for one in outer.get(w.via, ()))
        )
    ]
    if not ways:
        text = (
            f"{service.ref} is of type {service.type} and no Ingress or route leads to it: "
            "it has no way in from outside"
        )
        return Settled("deny", "none", (), text)
    found = together(ways)
    parts = tuple(p for w in ways if w.verdict == found for p in w.parts)
    reasons = dict.fromkeys(
        Reason(s.open, s.text) for w in ways if w.verdict == "undecided" for s in w.steps if s.verdict == "undecided"
    )
    if found == "undecided":
        reasons |= dict.fromkeys(r for p in parts if p.outcome.verdict == "undecided" for r in inquirer.reasons(p))
    verdict: Verdict = "allow" if found == "some" else found
    groups: Groups = "none" if found == "deny" else "all" if found == "allow" else "some"
    return Settled(verdict, groups, parts, "", tuple(reasons) if found == "undecided" else (), tuple(ways))
