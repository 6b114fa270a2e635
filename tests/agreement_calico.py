"""The comparison of engine and reference evaluator on one random Calico cluster."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from netwright.base.errors import UsageError
from netwright.dialects import decode
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer, Part, lowest
from netwright.model.document import Decoded
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.profiles.known import profile_of
from netwright.spec.calico_members import CalicoOptions
from netwright.spec.judge import Judgement, judge
from tests.agreement import document
from tests.agreement_cilium import Cited, Compared, by_evaluator, parts
from tests.random_calico import CONFIGS, cluster
from tests.random_cilium import Case, Object

SETTINGS = ("CalicoConfig", "FelixConfiguration", "HostEndpoint", "Profile")
"""Kinds that the evaluator does not cite: what is set up, and what stands behind all tiers."""


def compare(seed: int, tuples: int) -> Compared:
    """The cluster of a seed, under the options that its number gives."""
    case = cluster(seed, tuples, CONFIGS[seed // 7 % len(CONFIGS)])
    return compare_case(case)


def compare_case(case: Case) -> Compared:
    objects = decode_all(case.manifests)
    inquirer = asked_under(case, objects)
    found = Compared([], [], case)
    for query in case.queries:
        for part in parts(inquirer, objects, query):
            found.verdicts.append(part.outcome.verdict)
            found.differing.extend(_differing(case, inquirer, objects, query, part))
    return found


KEPT = ("apiVersion", "kind", "metadata", "name", "namespace", "status", "spec", "nodeName", "containers", "action")
"""Fields without which a cluster is another one, or none."""


def shrunk(case: Case, query: tuple[str, str, str, int]) -> Case:
    """The smallest case that still shows a difference for the question: fewer objects, rules and fields."""
    small = Case(case.seed, case.config, case.manifests, [query])
    wanted = _sort_of(small)
    found = True
    while found:
        found = False
        for smaller in _smaller(small.manifests):
            tried = Case(case.seed, case.config, smaller, [query])
            if _sort_of(tried) == wanted:
                small, found = tried, True
                break
    return small


def where(told: str) -> tuple[str, str, str, int]:
    """The question that a difference is about."""
    source, destination, protocol, port = ast.literal_eval(told[told.index("(") : told.index("): ") + 1])
    return source, destination, protocol, port


def _sort_of(case: Case) -> str:
    """What the case's first difference is about: the verdicts, the rules that are cited, or the reasons."""
    try:
        told = compare_case(case).differing
    except (AssertionError, LookupError, StopIteration, UsageError, ValueError):
        return ""
    text = told[0].partition("): ")[2] if told else ""
    return " ".join(text.split()[:2]) if text.startswith(("engine by", "open because")) else text


def _smaller(value: Any) -> Iterator[Any]:
    """The value with one thing less somewhere in it."""
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield value[:i] + value[i + 1 :]
            yield from ([*value[:i], less, *value[i + 1 :]] for less in _smaller(one))
    elif isinstance(value, dict):
        for key, one in value.items():
            if key not in KEPT:
                yield {name: held for name, held in value.items() if name != key}
            if key not in ("metadata", "status"):
                yield from (value | {key: less} for less in _smaller(one))


def decode_all(manifests: list[Object]) -> list[Decoded]:
    found = [decode(document(manifest)) for manifest in manifests]
    refused = [one for one in found if not isinstance(one, Decoded)]
    assert not refused, refused
    return [one for one in found if isinstance(one, Decoded)]


def _differing(
    case: Case, inquirer: Inquirer, objects: list[Decoded], query: tuple[str, str, str, int], part: Part
) -> Iterator[str]:
    told = judged(case, inquirer, objects, part)
    verdict = part.outcome.verdict
    if told.verdict != verdict:
        yield f"seed {case.seed} {query}: engine {verdict}, evaluator {told.verdict}"
        return
    if verdict == "undecided":
        kinds = {reason.kind for reason in inquirer.reasons(part)}
        wanted = {reason.kind for reason in told.reasons}
        if not wanted <= kinds:  # the engine may also name a rule whose doubt another rule settles
            yield f"seed {case.seed} {query}: open because of {sorted(kinds)}, evaluator {sorted(wanted)}"
    elif by_engine(inquirer, part) != by_evaluator(told) and not by_setting(inquirer, part):
        yield f"seed {case.seed} {query}: engine by {by_engine(inquirer, part)}, evaluator {by_evaluator(told)}"


def profile_name(config: Object) -> str:
    """The profile with the options of a case's `config`, as `--cni` takes it."""
    action = config.get("defaultEndpointToHostAction", "")
    return f"calico:default-endpoint-to-host-action={action}" if action else "calico"


def asked_under(case: Case, objects: list[Decoded]) -> Inquirer:
    made = compose(objects, profile=profile_of(profile_name(case.config)))
    return Inquirer(made, Network(made.columns, made.enforcers, made.families), Directory(made))


def judged(case: Case, inquirer: Inquirer, objects: list[Decoded], part: Part) -> Judgement:
    packet = part.packet
    ends: list[Any] = [
        inquirer.cluster.row_objects[spot.row] if held is None else lowest(held, packet.family)
        for spot, held in ((packet.source, part.source_addresses), (packet.destination, part.destination_addresses))
    ]
    return judge(
        objects,
        *ends,
        protocol=packet.key >> 16,
        port=packet.key & 0xFFFF,
        family=packet.family,
        profile="calico",
        options=CalicoOptions(default_endpoint_to_host_action=case.config.get("defaultEndpointToHostAction", "")),
    )


def by_setting(inquirer: Inquirer, part: Part) -> bool:
    """Whether only a setting surely denies, what becomes of packets to the own node: the evaluator cites none, and what
    policies perhaps deny before it."""
    found = inquirer.deciding(part)
    return part.outcome.verdict == "deny" and bool(found) and all(c.origin.kind in SETTINGS for c in found)


def by_engine(inquirer: Inquirer, part: Part) -> Cited:
    found = [c for c in inquirer.deciding(part) if c.origin.kind not in SETTINGS]
    return {(c.direction, c.origin.kind, c.origin.name, c.rule, c.action) for c in found}
