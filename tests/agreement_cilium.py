"""The comparison of engine and reference evaluator on one random Cilium cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from netwright.dialects import decode
from netwright.engine.compile import Network
from netwright.engine.inquire import Inquirer, Part, lowest
from netwright.model.document import Decoded, Document
from netwright.model.references import Directory
from netwright.profiles.compose import compose
from netwright.profiles.known import profile_of
from netwright.spec.cilium_identities import CiliumOptions
from netwright.spec.judge import Judgement, judge
from tests.random_cilium import CONFIGS, Case, Object, cluster

NUMBERS = {"TCP": 6, "UDP": 17, "SCTP": 132, "ICMP": 1, "ICMPv6": 58}
Cited = set[tuple[str, str, str, int | None, str]]


class Compared(NamedTuple):
    """`verdicts` of all questions, `differing` in words, with the case."""

    verdicts: list[str]
    differing: list[str]
    case: Case


def compare(seed: int, tuples: int) -> Compared:
    """The cluster of a seed, under the options that its number gives."""
    case = cluster(seed, tuples, CONFIGS[seed // 7 % len(CONFIGS)])
    objects = [decoded(manifest) for manifest in case.manifests]
    inquirer = asked_under(case, objects)
    found = Compared([], [], case)
    for query in case.queries:
        for part in parts(inquirer, objects, query):
            found.verdicts.append(part.outcome.verdict)
            found.differing.extend(_differing(case, inquirer, objects, query, part))
    return found


def _differing(
    case: Case, inquirer: Inquirer, objects: list[Decoded], query: tuple[str, str, str, int], part: Part
) -> Iterator[str]:
    told = judged(case, inquirer, objects, part)
    verdict = part.outcome.verdict
    if told.verdict != verdict:
        yield f"seed {case.seed} {query}: engine {verdict}, evaluator {told.verdict}"
    elif verdict != "undecided" and by_engine(inquirer, part) != by_evaluator(told):
        yield f"seed {case.seed} {query}: engine by {by_engine(inquirer, part)}, evaluator {by_evaluator(told)}"


def decoded(manifest: dict[str, Any]) -> Decoded:
    meta = manifest["metadata"]
    document = Document(
        place=None,
        api_version=manifest["apiVersion"],
        kind=manifest["kind"],
        namespace=meta.get("namespace", ""),
        name=meta["name"],
        raw=msgspec.json.encode(manifest),
    )
    found = decode(document)
    assert isinstance(found, Decoded), found
    return found


def profile_name(config: Object) -> str:
    """The profile with the options of a case's `config`, as `--cni` takes it."""
    options = {
        "policy-cidr-match-mode": "+".join(config.get("policyCIDRMatchMode", ())),
        "enable-policy": config.get("enforcement", ""),
        "allow-localhost": config.get("allowLocalhost", ""),
    }
    told = ",".join(f"{key}={value}" for key, value in options.items() if value)
    return f"cilium:{told}" if told else "cilium"


def options_of(config: Object) -> CiliumOptions:
    """The same, as the reference evaluator takes it."""
    return CiliumOptions(
        cidr_match_modes=frozenset(config.get("policyCIDRMatchMode", ())),
        enforcement=config.get("enforcement", "default"),
        allow_localhost=config.get("allowLocalhost", "auto"),
    )


def asked_under(case: Case, objects: list[Decoded]) -> Inquirer:
    made = compose(objects, profile=profile_of(profile_name(case.config)))
    return Inquirer(made, Network(made.columns, made.enforcers, made.families), Directory(made))


def parts(inquirer: Inquirer, objects: list[Decoded], query: tuple[str, str, str, int]) -> tuple[Part, ...]:
    source, destination, protocol, port = query
    ends = [own_node(objects, text, other) for text, other in ((source, destination), (destination, source))]
    number = NUMBERS[protocol]
    icmp = (port, 0) if protocol.startswith("ICMP") else None
    family = {1: 4, 58: 6}.get(number)
    settled = inquirer.ask(
        inquirer.directory.resolve(ends[0]),
        inquirer.directory.destination(ends[1]),
        1 if icmp else number,
        "" if icmp else str(port),
        family=family,  # type: ignore[arg-type]
        icmp=icmp,
    )
    return settled.parts


def own_node(objects: list[Decoded], text: str, other: str) -> str:
    """The node of the pod at the other end, where `host` is meant."""
    if text != "host":
        return text
    pod = next(o for o in objects if o.kind == "Pod" and f"{o.namespace}/{o.name}" == other)
    return f"node/{pod.value.spec.node_name}"


def judged(case: Case, inquirer: Inquirer, objects: list[Decoded], part: Part) -> Judgement:
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
        profile="cilium",
        options=options_of(case.config),
    )


def by_engine(inquirer: Inquirer, part: Part) -> Cited:
    # The evaluator cites no options.
    found = [c for c in inquirer.deciding(part) if c.origin.kind not in ("CiliumConfig", "OVNConfig")]
    return {(c.direction, c.origin.kind, c.origin.name, c.rule, c.action) for c in found}


def by_evaluator(told: Judgement) -> Cited:
    sides = [(side.direction, cited) for side in (told.egress, told.ingress) for cited in side.by]
    wanted = {id(cited) for cited in told.by}
    return {(d, c.object.kind, c.object.name, c.rule, c.action) for d, c in sides if id(c) in wanted}
