"""What the specification expects of clients in the cluster at an external address of a Service.

With externalTrafficPolicy Cluster a node perhaps puts its own address in the client's place, and perhaps does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from netwright.dialects.k8s.objects import Node
from netwright.model.document import Decoded
from netwright.spec.ends import end_of
from netwright.spec.judgement import Judgement

if TYPE_CHECKING:
    from tests.agreement import Asked, End, Names, Object


def is_masked_otherwise(
    names: Names,
    asked: Asked,
    query: Object,
    service: Decoded,
    clients: Sequence[Decoded | str],
    ends: Sequence[End],
    family: int,
) -> bool:
    """Whether a packet that counts and is decided comes to something else with the address of a node that it perhaps
    goes through."""
    from tests.agreement import judgements, some_nodes, through_service
    from tests.agreement_nodes import either_way, node_of

    def of(sources: Sequence[Decoded | str], end: End) -> list[Judgement]:
        return [j for _, j in judgements(names, asked, query, sources, [end], (family,), True)]

    if service.value.spec.external_traffic_policy == "Local":
        return False
    packets = [(client, end, j) for client in clients for end in ends for j in of([client], end)]
    counted = [j for _, j in through_service([(family, j) for *_, j in packets])]
    listed = [one for one in names.objects if isinstance(one.value, Node)]
    for client, end, packet in packets:
        if isinstance(client, str) or packet.verdict == "undecided" or not any(packet is one for one in counted):
            continue
        if end_of(names.objects, client).kind != "pod" or packet.relation in ("self", "hairpin"):
            continue
        own = node_of(names, client)
        nodes = [own] if own else listed or some_nodes(names.objects, asked.pod_cidrs)
        if either_way(packet, (), of(nodes, end)) == "undecided":
            return True
    return False
