"""Which workloads no policy isolates."""

from __future__ import annotations

from collections.abc import Iterator

from netwright.model.rule import Direction
from netwright.questions.check.found import Found, at, listed
from netwright.questions.check.scene import Scene


def checks(scene: Scene) -> Iterator[Found]:
    yield from not_isolated(scene)


def not_isolated(scene: Scene) -> Iterator[Found]:
    """NW3001, NW3002: by namespace, workloads that accept from everyone, and that may go everywhere."""
    sides: tuple[tuple[Direction, str, str, str], ...] = (
        ("ingress", "NW3001", "accept from every source", "whoever has an address in the cluster may connect to them"),
        ("egress", "NW3002", "may go everywhere", "an intruder on one of them can reach every network that routes do"),
    )
    for namespace, decoded in scene.namespaces.items():
        for side, code, does, effect in sides:
            open_ = [
                w
                for w in scene.workloads
                if w.namespace == namespace and not scene.is_host(w) and scene.isolation(w, side) in ("no", "some")
            ]
            if not open_:
                continue
            refs = tuple(w.ref for w in open_)
            of = [w for w in scene.workloads if w.namespace == namespace]
            yield Found(
                code,
                at(decoded, "metadata", "name") if decoded else at(scene.object_of(open_[0]), "metadata", "name"),
                f"{len(open_)} of {len(of)} workloads in `{namespace}` {does}: {listed(refs)}",
                effect=effect,
                help=f"a policy with `podSelector: {{}}` and `policyTypes: [{side.capitalize()}]` isolates the "
                "namespace; then allow what is needed",
                key=namespace,
                workloads=refs,
            )
