"""Which workloads no policy isolates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netwright.base.spans import Origin
from netwright.model.cluster import Workload
from netwright.model.document import Decoded
from netwright.model.rule import Direction
from netwright.questions.check.exposed_workloads import exposed_and_open
from netwright.questions.check.found import Found, listed, namespace_of
from netwright.questions.check.scene import Scene

SIDES: tuple[tuple[Direction, str, str, str], ...] = (
    ("ingress", "NW3001", "from every source", "whoever has an address in the cluster may connect to them"),
    ("egress", "NW3002", "everywhere", "an intruder on one of them can reach every network that routes do"),
)


def checks(scene: Scene) -> Iterator[Found]:
    """NW3001 to NW3003: by namespace, workloads that accept from everyone, that may go everywhere, or both, all of
    them. Those that outside reaches are told one by one, as NW3101."""
    members: dict[str, list[Workload]] = {}
    for w in scene.workloads:
        members.setdefault(w.namespace, []).append(w)
    for namespace, decoded in scene.namespaces.items():
        every = members.get(namespace, [])
        on_pods = [w for w in every if not scene.is_host(w)]
        if not on_pods:
            continue
        told = all(w.ref in scene.once(exposed_and_open) for w in on_pods)
        if not told and all(_is_open(scene, w, side, ("no",)) for w in on_pods for side, *_ in SIDES):
            yield _no_policy(scene, namespace, on_pods, decoded)
        else:
            yield from _by_side(scene, namespace, on_pods, len(every), decoded)


def _place(scene: Scene, namespace: str, decoded: Decoded | None, workload: Workload) -> tuple[Origin, str]:
    """Where a finding about a namespace stands, and what is to be seen there: at its object, else where one of its
    workloads names it."""
    kind, _, name = namespace_of(namespace)
    if decoded is not None:
        return Origin(kind=kind, namespace="", name=name, pointer=("metadata", "name"), place=decoded.place), ""
    place = scene.object_of(workload).place
    pointer = ("metadata", "namespace")
    return Origin(kind=kind, namespace="", name=name, pointer=pointer, place=place), "no Namespace object was read"


def _no_policy(scene: Scene, namespace: str, on_pods: Sequence[Workload], decoded: Decoded | None) -> Found:
    refs = tuple(w.ref for w in on_pods)
    one = len(refs) == 1
    place, label = _place(scene, namespace, decoded, on_pods[0])
    return Found(
        "NW3003",
        place,
        f"no policy isolates anything in `{namespace}`: {listed(refs)} accept{'s' * one} from every source and may go "
        "everywhere",
        label=label,
        effect="whoever has an address in the cluster may connect to them, and an intruder on one of them can reach "
        "every network that routes do",
        help="a policy with `podSelector: {}` and `policyTypes: [Ingress, Egress]` isolates the namespace; then allow "
        "DNS and what is needed",
        key=namespace,
        workloads=refs,
    )


def _by_side(
    scene: Scene, namespace: str, on_pods: Sequence[Workload], size: int, decoded: Decoded | None
) -> Iterator[Found]:
    exposed = scene.once(exposed_and_open)
    for side, code, whence, effect in SIDES:
        open_ = [w for w in on_pods if _is_open(scene, w, side, ("no", "some"))]
        if side == "ingress":
            open_ = [w for w in open_ if w.ref not in exposed]
        if not open_:
            continue
        refs = tuple(w.ref for w in open_)
        does = {"ingress": "accept", "egress": "may go"}[side] + ("s" if side == "ingress" and len(refs) == 1 else "")
        place, label = _place(scene, namespace, decoded, open_[0])
        yield Found(
            code,
            place,
            f"{len(open_)} of {size} workloads in `{namespace}` {does} {whence}: {listed(refs)}",
            label=label,
            effect=effect,
            help=f"a policy with `podSelector: {{}}` and `policyTypes: [{side.capitalize()}]` isolates the "
            "namespace; then allow what is needed",
            key=namespace,
            workloads=refs,
        )


def _is_open(scene: Scene, workload: Workload, side: Direction, states: Sequence[str]) -> bool:
    """Whether no policy isolates it, and no admin policy takes anything from it either."""
    return scene.isolation(workload, side) in states and scene.is_unlimited(workload.rows, side)
