"""The comparison of engine and reference evaluator on one random cluster with many networks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netwright.engine.inquire import Inquirer, Part, lowest
from netwright.model.document import Decoded, Reading
from netwright.spec.judge import NoSuchPacket, judge
from netwright.spec.judgement import Judgement
from netwright.twin import Twin, digest
from tests.agreement import NoTexts, document
from tests.agreement_cilium import Cited, decoded, parts
from tests.random_networks import Case, Object, Query, cluster
from tests.shrinking import shrunk as smallest

POLICIES = ("NetworkPolicy", "MultiNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy")


class Compared(NamedTuple):
    """`verdicts` of all questions, `differing` ones and what differs in words, with the case."""

    verdicts: list[str]
    differing: list[tuple[Query, str]]
    case: Case


def compare(seed: int, tuples: int) -> Compared:
    return compared(cluster(seed, tuples))


def compared(case: Case) -> Compared:
    objects = [decoded(manifest) for manifest in case.manifests]
    twin = twin_of(case.manifests)
    found = Compared([], [], case)
    for query in case.queries:
        *ends, ref = query
        inquirer = twin.on(ref).inquirer
        for part in parts(inquirer, objects, tuple(ends)):  # type: ignore[arg-type]
            found.verdicts.append(part.outcome.verdict)
            try:
                told = judged(inquirer, objects, part, query)
            except NoSuchPacket as error:
                found.differing.append((query, f"seed {case.seed} {query}: evaluator has no packet: {error}"))
                continue
            found.differing.extend(
                (query, f"seed {case.seed} {query}: {text}") for text in _apart(inquirer, part, told)
            )
    return found


def twin_of(manifests: Sequence[Object]) -> Twin:
    documents = [document(manifest) for manifest in manifests]
    reading = Reading(documents=documents, unread=[], warnings=[], inputs=[], texts=NoTexts())
    return Twin(digest(reading), cni="ovn-kubernetes")


def judged(inquirer: Inquirer, objects: Sequence[Decoded], part: Part, query: Query) -> Judgement:
    packet = part.packet
    ends = [
        inquirer.cluster.row_objects[spot.row] if held is None else lowest(held, packet.family)
        for spot, held in ((packet.source, part.source_addresses), (packet.destination, part.destination_addresses))
    ]
    service = next((one for one in objects if one.kind == "Service" and query[1] in _called(one)), None)
    return judge(
        objects,
        *ends,
        protocol=packet.key >> 16,
        port=packet.key & 0xFFFF,
        family=packet.family,
        profile="ovn-kubernetes",
        network=query[4],
        service=service,
        translated=service is not None,
        by_outer_address=service is not None and not query[1].startswith("svc/"),
        same_pod=part.outcome.relation in ("self", "hairpin"),
        primary_networks=True,
    )


def _called(service: Decoded) -> tuple[str, ...]:
    """How questions name it: by reference, or by an address of the outside."""
    return f"svc/{service.namespace}/{service.name}", *(service.value.spec.external_ips or ())


def _apart(inquirer: Inquirer, part: Part, told: Judgement) -> Iterator[str]:
    verdict = part.outcome.verdict
    if told.verdict != verdict:
        engine, evaluator = inquirer.reasons(part), [reason.text for reason in told.reasons]
        yield f"engine {verdict} {engine}, evaluator {told.verdict} {evaluator}"
    elif verdict == "undecided":
        only = {one.kind for one in inquirer.reasons(part)}, {one.kind for one in told.reasons}
        if (only[0] == {"depends"}) != (only[1] == {"depends"}):
            yield f"undecided for the engine by {inquirer.reasons(part)}, for the evaluator by {told.reasons}"
    elif told.relation != "own node":
        engine_by, evaluator_by = by_engine(inquirer, part), by_evaluator(told)
        policies = [{(direction, kind, name) for direction, kind, name, *_ in by} for by in (engine_by, evaluator_by)]
        # Where networks part the ends, policies that deny beside them need not be named; of rules of one policy that
        # say the same the engine names one.
        if verdict == "allow" and (not engine_by <= evaluator_by or policies[0] != policies[1]):
            yield f"{verdict}: engine by {engine_by}, evaluator {evaluator_by}"


def by_engine(inquirer: Inquirer, part: Part) -> Cited:
    found = [one for one in inquirer.deciding(part) if one.origin.kind in POLICIES]
    return {(one.direction, one.origin.kind, one.origin.name, one.rule, one.action) for one in found}


def by_evaluator(told: Judgement) -> Cited:
    return {
        (side.direction, cited.object.kind, cited.object.name, cited.rule, cited.action)
        for side in told.deciding
        for cited in side.by
        if cited.object.kind in POLICIES
    }


def shrunk(case: Case, query: Query) -> Case:
    """The smallest case in which they still disagree about the question in the same way."""
    ways = {_way(text) for text in (told for asked, told in compared(case).differing if asked == query)}
    spaces = _spaces(case)

    def differs(one: Case) -> bool:
        return _spaces(one) == spaces and any(_way(text) in ways for _, text in compared(one).differing)

    return smallest(case, query, differs)


def _spaces(case: Case) -> list[str]:
    """The namespaces that are read: without one another thing is asked."""
    return [one["metadata"]["name"] for one in case.manifests if one["kind"] == "Namespace"]


def _way(told: str) -> tuple[str, ...]:
    """Which verdicts differ."""
    return tuple(re.findall("(?:engine|evaluator) (\\w+)", told))
