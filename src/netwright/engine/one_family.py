"""Services that have one address family of two, and the input does not say which.

Where nothing is written the API server gives a Service the first family of the cluster (core/v1 ServiceSpec,
ipFamilies; page "IPv4/IPv6 dual-stack"), so that over the other one it is not reached at all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from netwright.base.ipset import Family
from netwright.engine.reasons import Reason
from netwright.model.cluster import ServiceNoun
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled

TOLD = "has one address family, and which one is not in the input"


def of_one_family(
    inquirer: Inquirer, service: ServiceNoun, deliveries: Sequence[Delivery], settled: Settled
) -> Settled:
    """The verdict of a client in the cluster: where it would be another over the other family, or is asked about one,
    whether any passes is undecided. That of backends which have one family alone is theirs."""
    if settled.verdict == "deny" or not hangs_on_family(inquirer, deliveries, settled.parts):
        return settled
    reason = Reason("unknown", f"{service.ref} {TOLD}")
    return replace(settled, verdict="undecided", groups="some", reasons=(reason,))


def hangs_on_family(inquirer: Inquirer, deliveries: Sequence[Delivery], parts: Collection[Part]) -> bool:
    """Whether the packets to a Service in one family come out otherwise than those in the other, of which there may be
    none: a client has one family, and the backends have both."""
    tables = inquirer.network.tables
    by_family = {f: {p.outcome.verdict for p in parts if p.packet.family == f} for f in tables}
    here = [f for f, verdicts in by_family.items() if verdicts]
    verdicts = [by_family[f] for f in here]
    if not here or "undecided" in set().union(*verdicts):
        return False
    if len(here) == 2:
        return verdicts[0] != verdicts[1]
    return any(_has(inquirer, d, f) for d in deliveries for f in tables if f not in here)


def _has(inquirer: Inquirer, delivery: Delivery, family: Family) -> bool:
    """Whether a backend that a Service leads to in either family has an address in this one."""
    return delivery.row >= 0 and not delivery.families and bool(inquirer.spots(Target("", (delivery.row,)), family))
