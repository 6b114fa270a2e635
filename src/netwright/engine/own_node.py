"""Services that lead to the client's own node only (internalTrafficPolicy Local).

After the page "Service Internal Traffic Policy" of Kubernetes 1.34: only endpoints on the client's own node are used;
for clients on a node without any, the Service is as one without endpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from netwright.base.ipset import Family
from netwright.engine.itself import through_service
from netwright.engine.reasons import Reason
from netwright.model.references import Target

if TYPE_CHECKING:
    from netwright.engine.inquire import Delivery, Inquirer, Part, Settled


def from_own_node(
    inquirer: Inquirer,
    source: Target,
    destination: Target,
    deliveries: Sequence[Delivery],
    families: Sequence[Family],
) -> Settled | None:
    """The verdict over the endpoints on each client's node; None where no packet of these families could be.

    A client or an endpoint whose node is not known may or may not be beside the other, so every way it can be has to
    come to the same.
    """
    columns = inquirer.network.columns
    by_node: dict[int, list[int]] = {}
    for row in source.rows:
        by_node.setdefault(int(columns.node[row]), []).append(row)
    sure: list[Part] = []
    perhaps: list[Part] = []
    nowhere: dict[str, list[Family]] = {}
    dropped: set[Family] = set()
    may_drop = False
    for index, rows in by_node.items():
        node = columns.nodes[index] if index >= 0 else ""
        clients = msgspec.structs.replace(source, rows=tuple(rows))
        near = [d for d in deliveries if node and d.node == node]
        open_ = [d for d in deliveries if not node or not d.node]
        for family in families:
            here = inquirer.parts(clients, destination, near, family, None)
            somewhere = inquirer.parts(clients, destination, open_, family, None)
            sure += here
            perhaps += somewhere
            if not here and somewhere:
                may_drop = True
            elif not here and inquirer.parts(clients, destination, deliveries, family, None):
                dropped.add(family)
                nowhere.setdefault(node, []).append(family)
    if not sure and not perhaps and not dropped:
        return None
    parts = list(dict.fromkeys(p for f in families for p in _counted(sure, perhaps, f)))
    verdicts = {p.outcome.verdict for p in parts} | ({"deny"} if dropped or may_drop else set())
    service = destination.ref
    if perhaps and len(verdicts) > 1:
        told = (
            f"{service} has internalTrafficPolicy Local, and which endpoints are on the client's own node is not known"
        )
        open_parts = [p for p in parts if p.outcome.verdict == "undecided"]
        more = dict.fromkeys(r for p in open_parts for r in inquirer.reasons(p))
        return msgspec.structs.replace(
            inquirer.settle(parts), verdict="undecided", groups="some", reasons=(Reason("unknown", told), *more)
        )
    settled = inquirer.settle(parts, dropped)
    if not nowhere:
        return settled
    listed = [n if len(f) == len(families) else f"{n} over IPv{f[0]}" for n, f in sorted(nowhere.items())]
    names = ", ".join(listed[:4]) + (f" and {len(listed) - 4} more" if len(listed) > 4 else "")
    told = f"internalTrafficPolicy Local: {service} has no endpoint on {names}, so connections from there are dropped"
    return msgspec.structs.replace(settled, nowhere=told)


def _counted(sure: Sequence[Part], perhaps: Sequence[Part], family: Family) -> list[Part]:
    """The packets that count in a family: with those that are perhaps led there and, where there are such, without
    them, for then a client may be all that answers it."""
    surely = [p for p in sure if p.packet.family == family]
    others = [p for p in perhaps if p.packet.family == family]
    return through_service(surely + others) + (through_service(surely) if others else [])
