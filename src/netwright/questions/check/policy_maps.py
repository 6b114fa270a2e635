"""Cilium's policy maps and identities: maps that are too small, and labels that make an identity of every pod.

Maps are grouped by the policy that makes the most of them: it is what is to be changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from netwright.dialects.k8s.objects import Pod
from netwright.dialects.k8s.objects import Workload as WorkloadObject
from netwright.model.cluster import Workload
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene

if TYPE_CHECKING:
    from netwright.profiles.cilium_maps import EndpointMap, Prediction

NEARLY_FULL_PERCENT: Final = 80
SHARE_OF_IDENTITIES: Final = 100
"""One workload is told of where it takes this part of all identities that a cluster can have."""


def checks(scene: Scene) -> Iterator[Found]:
    if scene.cluster.profile.partition(":")[0] != "cilium":
        return
    from netwright.profiles.cilium_maps import policy_maps

    found = policy_maps(scene.cluster)
    yield from full_maps(scene, found)
    yield from identities_of_pods(scene, found)


# --- maps --------------------


def full_maps(scene: Scene, found: Prediction) -> Iterator[Found]:
    """NW2401, NW2402: maps that need more entries than they hold, or nearly as many."""
    policies = {(d.kind, d.namespace, d.name): d for d in scene.objects}
    for code in ("NW2401", "NW2402"):
        groups: dict[str, list[EndpointMap]] = {}
        for one in found.endpoints:
            over = one.total > found.limit
            if code == "NW2401" if over else code == "NW2402" and _share(one, found) > NEARLY_FULL_PERCENT:
                groups.setdefault(one.largest[0] if one.largest else "", []).append(one)
        for largest, maps in sorted(groups.items()):
            maps.sort(key=lambda one: (-one.total, one.namespace, one.name))
            kind, _, name = largest.partition(" ")
            namespace, slash, rest = name.partition("/")
            policy = policies.get((kind, namespace, rest) if slash else (kind, "", name))
            yield _full(scene, found, code, policy, maps)


def _share(one: EndpointMap, found: Prediction) -> float:
    return 100 * one.total / found.limit


def _full(scene: Scene, found: Prediction, code: str, policy: Decoded | None, maps: Sequence[EndpointMap]) -> Found:
    worst = maps[0]
    workload = scene.workload_of(worst.rows[0])
    own = scene.object_of(workload)
    many = f" (and of {len(maps) - 1} more)" if len(maps) > 1 else ""
    number = f"{'' if worst.exact else 'at least '}{worst.total:,} entries"
    lacks = worst.total - found.limit
    return Found(
        code,
        at(policy or own, "spec"),
        f"the policy map of `{worst.name}`{many} needs {number}, and holds {found.limit:,}",
        label="makes most of them" if policy is not None else "",
        effect=(
            f"{lacks:,} entries are not written: connections that policies allow are dropped, or denied ones pass"
            if lacks > 0
            else f"{_share(worst, found):.0f} % are taken: what is added past {found.limit:,} is not written"
        ),
        help=(
            "select entities or everybody instead of many identities, use port ranges that begin and end at powers of "
            "two, or raise `bpf-policy-map-max`"
        ),
        key=worst.name if policy is None else "",
        workloads=scene.refs(row for one in maps for row in one.rows),
        also=(Seen(at(own), f"{worst.ingress:,} in, {worst.egress:,} out"),) if policy is not None else (),
    )


# --- identities --------------------


def identities_of_pods(scene: Scene, found: Prediction) -> Iterator[Found]:
    """NW2403: labels whose values differ in every pod of a workload, so that each has an identity of its own."""
    from netwright.profiles.cilium_maps import MOST_IDENTITIES

    identity = {row: one.identity for one in found.endpoints for row in one.rows}
    for workload in scene.workloads:
        numbers = [identity[row] for row in workload.rows if row in identity]
        pods = [scene.cluster.row_objects[row] for row in workload.rows if row in identity]
        if len(numbers) < 2 or len(set(numbers)) < len(numbers) or not all(isinstance(d.value, Pod) for d in pods):
            continue
        own = scene.object_of(workload)
        expected = max(len(numbers), _wanted(own))
        keys = _differing([found.labels[number] for number in numbers])
        if not keys or SHARE_OF_IDENTITIES * expected < MOST_IDENTITIES:
            continue
        yield _of_pods(workload, own, pods[0], keys, len(numbers), expected)


def _wanted(own: Decoded) -> int:
    """How many pods the workload asks for."""
    if not isinstance(own.value, WorkloadObject) or own.value.spec is None:
        return 0
    return (own.value.spec.parallelism if own.kind == "Job" else own.value.spec.replicas) or 0


def _differing(identities: Sequence[frozenset[tuple[str, str, str]]]) -> list[str]:
    """The keys of labels that have another value in each of them."""
    values: dict[str, set[str]] = {}
    for labels in identities:
        for source, key, value in labels:
            if source == "k8s":
                values.setdefault(key, set()).add(value)
    return sorted(key for key, held in values.items() if len(held) == len(identities))


def _of_pods(workload: Workload, own: Decoded, pod: Decoded, keys: Sequence[str], seen: int, expected: int) -> Found:
    named = listed(list(keys))
    grows = f", and {expected:,} where all its replicas are there" if expected > seen else ""
    return Found(
        "NW2403",
        at(own),
        f"each of the {seen:,} pods of `{workload.ref}` has an identity of its own{grows}: the label "
        f"{named} differs from pod to pod",
        effect=f"they take {expected:,} of the 65,535 identities of a cluster, and as many entries of policy maps",
        help=f"make {named} an annotation, or leave it out of identities: `labels: '!{keys[0]}'` in cilium-config",
        workloads=(workload.ref,),
        also=(Seen(at(pod, "metadata", "labels", keys[0]), "differs in every pod"),),
    )
