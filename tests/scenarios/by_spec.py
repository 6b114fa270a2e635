"""The answers of the reference evaluators to the scenarios' rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from netwright.model.document import Decoded
from netwright.profiles.judging import as_judged
from netwright.profiles.known import found_profile, profile_of
from netwright.spec.ends import end_of
from netwright.spec.judge import judge
from netwright.spec.services import answering, backends, endpoints, is_headless, is_known, is_one_pod
from tests.scenarios.reading import Row, Scenario


class Spec(NamedTuple):
    """The functions of a specification: our own, or a copy of it with a fault in it."""

    judge: Callable[..., Any]
    backends: Callable[..., Any]
    endpoints: Callable[..., Any]
    answering: Callable[..., Any]


OURS = Spec(judge, backends, endpoints, answering)


def wrong_rows(spec: Spec, scenario: Scenario, objects: Sequence[Decoded]) -> list[str]:
    """The rows whose verdict is another one, as `FILE:LINE: what was found`."""
    return [
        f"{scenario.path.name}:{row.line}: {row.text}{row.under}: {found}, not {row.verdict}"
        for row in scenario.rows
        if (found := verdict(spec, objects, row)) != row.verdict
    ]


def verdict(spec: Spec, objects: Sequence[Decoded], row: Row) -> str:
    """What the specification says: one verdict, or "some" where the endpoints behind the names differ.

    Where it is not known which backends of a Service answer the client, one verdict if all come to the same.
    """
    found: set[str] = set()
    for source, _ in ends(spec, objects, row, row.source):
        surely, perhaps = targets(spec, objects, row, source)
        if surely is None:
            found.add("undecided")
            continue
        told, maybe = (judgements(spec, objects, row, source, found) for found in (surely, perhaps))
        told |= set() if surely else {"deny"}  # nothing answers
        found |= {"undecided"} if maybe and told != maybe else told
    return found.pop() if len(found) == 1 else "undecided" if "undecided" in found else "some"


def judgements(spec: Spec, objects: Sequence[Decoded], row: Row, source: Decoded | str, found: Targets) -> set[str]:
    """The verdicts at these ends: through a Service a client's own pod counts where all others are denied."""
    if service_of(objects, row) is None:
        return {judged(spec, objects, row, source, target, port, False) for target, port in found}
    led_back = [(target, port) for target, port in found if target is source and is_a_pod(objects, source)]
    others = {
        judged(spec, objects, row, source, target, port, False)
        for target, port in found
        if (target, port) not in led_back or not is_one_pod(target)
    }
    itself = {judged(spec, objects, row, source, target, port, True) for target, port in led_back}
    return others | itself if others <= {"deny"} else others


def is_a_pod(objects: Sequence[Decoded], thing: Decoded | str) -> bool:
    """Whether it is a pod with a network of its own, or makes such."""
    return end_of(objects, thing).kind == "pod"


def judged(
    spec: Spec,
    objects: Sequence[Decoded],
    row: Row,
    source: Decoded | str,
    target: Decoded | str,
    port: int,
    same_pod: bool,
) -> str:
    service = service_of(objects, row)
    translated = service is not None and service.value.spec.cluster_ip != "None"
    found = spec.judge(
        objects,
        source,
        target,
        same_pod=same_pod,
        translated=translated,
        protocol=row.protocol_number,
        port=port,
        family=row.packet_family,
        pod_ranges=row.pod_ranges,
        network=row.network,
        service=service,
        **as_judged(profile_of(row.cni) if row.cni else found_profile(objects)[0], objects),
    )
    return str(found.verdict)


Targets = list[tuple[Decoded | str, int]]


def targets(spec: Spec, objects: Sequence[Decoded], row: Row, source: Decoded | str) -> tuple[Targets | None, Targets]:
    """Where the source's packets arrive (None: not known), and where they perhaps do, each with the port there."""
    service = service_of(objects, row)
    if service is None:
        return ends(spec, objects, row, row.target), []
    listed = any(one.port == row.port for one in service.value.spec.ports or ())
    assert listed or is_headless(service), f"`{row.target}` is no port of it"
    found = spec.backends(objects, service, port=row.port, protocol=row.protocol)
    if not is_known(objects, service, port=row.port, protocol=row.protocol):
        return None, []
    found = tuple(one for one in found if row.packet_family in one.families)
    surely, perhaps = spec.answering(objects, service, source, found)
    return [(one.target, one.port) for one in surely], [(one.target, one.port) for one in perhaps]


def service_of(objects: Sequence[Decoded], row: Row) -> Decoded | None:
    """The Service that the row asks about."""
    kind, _, rest = row.target.partition("/")
    return one_of(objects, ("Service",), *rest.split("/")) if kind == "svc" else None


def ends(spec: Spec, objects: Sequence[Decoded], row: Row, reference: str) -> list[tuple[Decoded | str, int]]:
    """What a reference names, each with the port there; never nothing."""
    kind, _, rest = reference.partition("/")
    if not rest:
        return [(reference, row.packet_port)]
    found: list[tuple[Decoded | str, int]]
    if kind == "node":
        found = [(one_of(objects, ("Node",), "", rest), row.packet_port)]
    else:
        machines = ("VirtualMachine", "VirtualMachineInstance")
        kinds = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", *machines)
        named = one_of(objects, kinds, kind, rest)
        found = [(one, row.packet_port) for one in spec.endpoints(objects) if one is named or owned(one, named)]
    assert found, f"`{reference}` names no endpoint"
    return found


def one_of(objects: Sequence[Decoded], kinds: Sequence[str], namespace: str, name: str) -> Decoded:
    for kind in kinds:
        for one in objects:
            if (one.kind, one.namespace, one.name) == (kind, namespace, name):
                return one
    raise LookupError(f"no {' or '.join(kinds)} `{namespace}/{name}`")


def owned(pod: Decoded, owner: Decoded) -> bool:
    references = pod.value.metadata.owner_references or ()
    kinds = {owner.kind, "VirtualMachineInstance"} if owner.kind == "VirtualMachine" else {owner.kind}
    same_namespace = pod.namespace == owner.namespace
    return same_namespace and any(one.kind in kinds and one.name == owner.name for one in references)
