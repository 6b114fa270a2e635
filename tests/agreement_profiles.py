"""The comparison of engine and reference evaluator on one random cluster, under any profile and beside a mesh."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer, Part, lowest
from netwright.model.document import Decoded
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.profiles.judging import as_judged
from netwright.profiles.known import profile_of
from netwright.spec.judge import Judgement, judge
from tests import random_istio, random_ovn
from tests.agreement_calico import SETTINGS, by_setting
from tests.agreement_cilium import Cited, decoded, parts
from tests.agreement_cilium import by_engine as by_policies
from tests.random_cilium import Case, Object
from tests.shrinking import shrunk as smallest

Query = tuple[str, str, str, int]


TUNNEL = "how ztunnel reaches a pod that has a proxy of its own is not in the input"


class Compared(NamedTuple):
    """`verdicts` of all questions, `differing` ones and what differs in words, with the case."""

    verdicts: list[str]
    differing: list[tuple[Query, str]]
    case: Case


def compare_istio(seed: int, tuples: int) -> Compared:
    """The cluster with a mesh of a seed, under the options that its number gives."""
    configs = random_istio.CONFIGS
    return compared(random_istio.cluster(seed, tuples, configs[seed // 7 % len(configs)]))


def compare_ovn(seed: int, tuples: int) -> Compared:
    """The cluster of OVN-Kubernetes of a seed."""
    return compared(random_ovn.cluster(seed, tuples))


def compared(case: Case) -> Compared:
    objects = [decoded(manifest) for manifest in case.manifests]
    inquirer = asked_under(case, objects)
    found = Compared([], [], case)
    for query in case.queries:
        for part in parts(inquirer, objects, query):
            found.verdicts.append(part.outcome.verdict)
            told = judged(inquirer, objects, part, case)
            found.differing.extend(
                (query, f"seed {case.seed} {query}: {text}") for text in _apart(inquirer, part, told)
            )
    return found


def asked_under(case: Case, objects: Sequence[Decoded]) -> Inquirer:
    made = compose(objects, profile=profile_of(profile_name(case.config)))
    return Inquirer(made, Network(made.columns, made.enforcers, made.families), Directory(made))


def _apart(inquirer: Inquirer, part: Part, told: Judgement) -> Iterator[str]:
    verdict = part.outcome.verdict
    if told.verdict != verdict:
        # One rule admits the connection's port and another the tunnel's: to the engine each is open, whatever both say.
        if verdict != "undecided" or all(one.text != TUNNEL for one in inquirer.reasons(part)):
            yield f"engine {verdict}, evaluator {told.verdict}"
    elif verdict == "undecided":
        # Conditions are told where nothing else leaves it open; the engine names the tunnel where that settles nothing.
        only_conditions = {reason.kind for reason in told.reasons} == {"depends"}
        kinds = {one.kind for one in inquirer.reasons(part) if not (only_conditions and one.text == TUNNEL)}
        if (kinds == {"depends"}) != only_conditions:
            engine, evaluator = inquirer.reasons(part), [reason.text for reason in told.reasons]
            yield f"undecided for the engine by {engine}, for the evaluator by {evaluator}"
    elif told.relation == "own node":
        return  # let in as such, whatever else lets it in
    elif by_engine(inquirer, part) != by_evaluator(told) and not by_setting(inquirer, part):
        yield f"{verdict}: engine by {by_engine(inquirer, part)}, evaluator {by_evaluator(told)}"


def profile_name(config: Object) -> str:
    """The profile with the options of a case's `config`, as `--cni` takes it."""
    options = [f"{key}={value}" for key, value in config.items() if key != "cni"]
    base = config.get("cni", "upstream")
    return f"{base}:{','.join(options)}" if options else base


def judged(inquirer: Inquirer, objects: Sequence[Decoded], part: Part, case: Case) -> Judgement:
    packet = part.packet
    ends = [
        inquirer.cluster.row_objects[spot.row] if held is None else lowest(held, packet.family)
        for spot, held in ((packet.source, part.source_addresses), (packet.destination, part.destination_addresses))
    ]
    return judge(
        objects,
        *ends,
        protocol=packet.key >> 16,
        port=packet.key & 0xFFFF,
        family=packet.family,
        **as_judged(profile_of(profile_name(case.config)), objects),
    )


def by_engine(inquirer: Inquirer, part: Part) -> Cited:
    return {cited for cited in by_policies(inquirer, part) if cited[1] not in SETTINGS}


def by_evaluator(told: Judgement) -> Cited:
    return {
        (side.direction, cited.object.kind, cited.object.name, cited.rule, cited.action)
        for side in told.deciding
        for cited in side.by
    }


def shrunk(case: Case, query: Query) -> Case:
    """The smallest case in which they still disagree about the question."""
    return smallest(case, query, lambda one: compared(one).differing)
