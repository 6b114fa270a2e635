"""What the specification expects of packets to ports of nodes that lead on: of each packet as policies may see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from netwright.dialects.k8s.objects import Node
from netwright.model.document import Decoded
from netwright.spec.ends import end_of
from netwright.spec.judgement import Judgement
from netwright.spec.node_ports import Taken, is_taken, taken
from netwright.spec.services import Backend, is_known

if TYPE_CHECKING:
    from tests.agreement import Asked, End, Expected, Names, Object

Told = tuple[str, list[Judgement]]
"""The verdict of a client's packets to one end, and those packets."""


def at_node(
    names: Names,
    asked: Asked,
    query: Object,
    sources: Sequence[Decoded | str],
    destinations: Sequence[End],
    families: tuple[int, ...],
    assumed: bool,
) -> Expected | None:
    """What is expected where something takes the packets before the node does; None where nothing does."""
    from tests.agreement import Expected, judgements

    port, protocol = query.get("port"), query.get("protocol", "TCP")
    hosts = [one for one, *_ in destinations if not isinstance(one, str) and end_of(names.objects, one).kind == "host"]
    if not hosts or protocol not in ("TCP", "UDP", "SCTP") or not isinstance(port, int) or not port:
        return None
    if not is_taken(names.objects, port=port, protocol=protocol):
        return None
    node = node_of(names, hosts[0]) if len(destinations) == 1 else None
    if node is None:
        return Expected("undecided", set(), frozenset())
    surely: list[tuple[int, Told]] = []
    perhaps: list[tuple[int, Told]] = []
    missed: list[Judgement] = []
    found: Taken | None = None
    reached = False
    for client in sources:
        found = taken(names.objects, node, client, port=port, protocol=protocol)
        if found is None:
            return None
        if found.service is not None and not is_known(
            names.objects, found.service, port=found.service_port, protocol=protocol
        ):
            return Expected("undecided", set(), frozenset())
        for family in families:
            there = [j for _, j in judgements(names, asked, query, [client], [(node, port, (4, 6))], (family,), True)]
            reached = reached or bool(there)
            if there:
                missed += there
                surely += [(family, one) for one in led(names, asked, query, client, node, found, found.near, family)]
                perhaps += [
                    (family, one) for one in led(names, asked, query, client, node, found, found.others, family)
                ]
    assert found is not None
    if found.service is not None and not found.near and not found.others:
        return Expected("deny", set(), frozenset())
    if not reached:
        return Expected("undecided" if assumed else "deny", set(), frozenset())
    verdicts, otherwise = {one for _, (one, _) in surely}, {one for _, (one, _) in perhaps}
    packets = [j for _, (_, held) in (*surely, *perhaps) for j in held]
    if not surely:
        if found.service is None:
            otherwise |= {j.verdict for j in missed}
            packets += missed
        else:
            otherwise.add("deny")
    if otherwise - verdicts and len(verdicts | otherwise) > 1 and verdicts != {"allow", "deny"}:
        return told("undecided", packets)
    every = verdicts | otherwise
    by_family = [{one for f, (one, _) in (*surely, *perhaps) if f == family} for family in (4, 6)]
    if "undecided" in every or (by_family[0] != by_family[1] and all(len(one) == 1 for one in by_family)):
        return told("undecided", packets)
    if len(every) > 1:
        return told("some", packets)
    return told("allow" if every == {"allow"} else "deny", packets)


def told(verdict: str, packets: list[Judgement]) -> Expected:
    """Why packets are open is not compared: of several that may be the same one, some are none the less decided."""
    from tests.agreement import decided

    return replace(decided(verdict, packets), kinds=frozenset())  # type: ignore[arg-type]


def node_of(names: Names, host: Decoded) -> Decoded | None:
    """The Node that it is or runs on."""
    name = end_of(names.objects, host).node
    return next((one for one in names.objects if isinstance(one.value, Node) and one.name == name), None)


def led(
    names: Names,
    asked: Asked,
    query: Object,
    client: Decoded | str,
    node: Decoded,
    found: Taken,
    ends: Sequence[Backend],
    family: int,
) -> list[Told]:
    """What becomes of the client's packets to each end, whether policies see them before or after the rewriting."""
    from tests.agreement import judgements, through_service

    def to(source: Decoded | str, destination: End) -> list[Judgement]:
        service = found.service
        named = query if service is None else {**query, "to": f"svc/{service.namespace}/{service.name}"}
        return [j for _, j in judgements(names, asked, named, [source], [destination], (family,), True)]

    is_outside = isinstance(client, str)
    there = [] if is_outside else to_node(names, asked, query, client, node, family)
    masked: list[Decoded] = []
    if found.masked or (is_outside and found.service is None):
        masked = [node]
    elif not isinstance(client, str) and end_of(names.objects, client).kind == "pod":
        own = node_of(names, client)
        masked = [own] if own else [one for one in names.objects if isinstance(one.value, Node)]
    out: list[Told] = []
    for end in names.behind(ends):
        behind = [j for one in masked for j in to(one, end)]
        if is_outside and found.masked:
            out += [(j.verdict, [j]) for j in behind]
            continue
        out += [(either_way(j, there, behind), [j, *there, *behind]) for j in to(client, end)]
    if found.service is None:
        return out
    # of a Service the client itself counts where all other ends are denied to it
    counted = [j for _, j in through_service([(family, held[0]) for _, held in out])]
    return [one for one in out if any(one[1][0] is j for j in counted)]


def to_node(
    names: Names, asked: Asked, query: Object, client: Decoded | str, node: Decoded, family: int
) -> list[Judgement]:
    from tests.agreement import judgements

    return [j for _, j in judgements(names, asked, query, [client], [(node, query["port"], (4, 6))], (family,), True)]


def either_way(direct: Judgement, there: Sequence[Judgement], behind: Sequence[Judgement]) -> str:
    if all(one.verdict == "allow" for one in (direct, *there, *behind)):
        return "allow"
    if direct.verdict != "deny":
        return "undecided"
    shut = {side.direction for side in (direct.egress, direct.ingress, *direct.beside) if not side.may_allow}
    if "egress" in shut and all(one.verdict == "deny" for one in there):
        return "deny"
    if "ingress" in shut and all(one.verdict == "deny" for one in behind):
        return "deny"
    return "undecided"
