"""Ways in from outside that a change opens or closes, beside the connection that was asked about."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from netwright.engine.exposure import RANK, Exposure, by_key, exposures, services_at
from netwright.engine.inquire import Inquirer
from netwright.model.cluster import ServiceNoun
from netwright.model.references import FROM_INTERNET

Moved = Literal["opens", "closes", "perhaps_opens", "perhaps_closes"]


def moved_ways(before: Inquirer, after: Inquirer, touched: Collection[str]) -> Iterator[tuple[Moved, Exposure]]:
    """Ways in of which the verdict is another after an edit, by what becomes of them. `touched` are the workloads to
    which any connection differs: a way is another only where it leads to one, or through a proxy that is one."""
    services = _behind(before, touched)
    was, now = (by_key(exposures(i, FROM_INTERNET, services, workloads=touched)) for i in (before, after))
    for key in sorted({*was, *now}):
        ranks = [RANK[ways[key].verdict if key in ways else ""] for ways in (was, now)]
        if ranks[0] == ranks[1]:
            continue
        perhaps, opens = 1 in ranks, ranks[1] > ranks[0]
        moved: Moved = "opens" if opens else "closes"
        if perhaps:
            moved = "perhaps_opens" if opens else "perhaps_closes"
        yield moved, (now if key in now else was)[key]


def _behind(inquirer: Inquirer, touched: Collection[str]) -> list[ServiceNoun] | None:
    """The Services that lead to these workloads; None for all, where a proxy is among them."""
    cluster = inquirer.cluster
    rows = {row for workload in cluster.workloads if workload.ref in touched for row in workload.rows}
    proxies = {route.proxy for route in cluster.ingresses}
    if any(not rows.isdisjoint(inquirer.endpoints_of(proxy)) for proxy in proxies):
        return None
    return services_at(inquirer, rows)
