"""Workloads whose selectors overlap.

The Deployment page ("Selector") and the ReplicaSet page: no other controller's selector may match a workload's pods;
nothing prevents it, and each then counts or takes pods of the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netwright.dialects.k8s.endpoints import template_of
from netwright.dialects.k8s.objects import Workload
from netwright.model.document import Decoded
from netwright.questions.check.found import Found, Seen, at, listed
from netwright.questions.check.scene import Scene

KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})


def checks(scene: Scene) -> Iterator[Found]:
    """NW4011: a workload whose pods another one's selector selects too."""
    by_label: dict[tuple[str, str, str], list[Decoded]] = {}
    labels: dict[Decoded, dict[str, str]] = {}
    for d in scene.of_kind(*KINDS):
        if not isinstance(d.value, Workload) or any(o.controller for o in d.value.metadata.owner_references or ()):
            continue
        template = template_of(d)
        meta = template.metadata if template else None
        labels[d] = {key: value or "" for key, value in ((meta.labels if meta else None) or {}).items()}
        for key, value in labels[d].items():
            by_label.setdefault((d.namespace, key, value), []).append(d)
    groups: dict[tuple[str, tuple[tuple[str, str], ...]], list[Decoded]] = {}
    for d in labels:
        if wanted := _pairs(d):
            groups.setdefault((d.namespace, tuple(sorted(wanted.items()))), []).append(d)
    told: set[tuple[str, tuple[tuple[str, str], ...]]] = set()
    for group, alike in groups.items():
        first, wanted = alike[0], dict(group[1])
        told.add(group)
        rarest = min((by_label.get((first.namespace, k, v), []) for k, v in group[1]), key=len)
        others = []
        for other in rarest:
            back = _pairs(other)
            said = (other.namespace, tuple(sorted(back.items()))) in told - {group}
            if other is first or not wanted.items() <= labels[other].items():
                continue
            if not (said and back.items() <= labels[first].items()):
                others.append(other)
        if others:
            yield _found(first, others)


def _found(decoded: Decoded, others: list[Decoded]) -> Found:
    names = [f"{d.kind} {d.name}" for d in others]
    return Found(
        "NW4011",
        at(decoded, "spec", "selector"),
        f"the selector of {decoded.kind} `{decoded.namespace}/{decoded.name}` selects the pods of {listed(names)} too",
        label=f"the pods of {others[0].name} have these labels",
        effect="controllers may count or take over each other's pods, and autoscalers read the wrong ones",
        help=f"give each a label of its own, as `app.kubernetes.io/component: {others[0].name}`; the selector of a "
        "Deployment is changed by making it anew",
        also=(Seen(at(others[0], "spec", "template", "metadata", "labels"), "the pods' labels"),),
    )


def _pairs(decoded: Decoded) -> dict[str, str]:
    """The labels that a workload's selector asks for; none where it has expressions, which are not compared here."""
    selector: dict[str, Any] = (decoded.value.spec.selector if decoded.value.spec else None) or {}
    if decoded.kind == "ReplicationController":
        written: Any = selector
    elif selector.get("matchExpressions"):
        return {}
    else:
        written = selector.get("matchLabels")
    if not isinstance(written, dict):
        return {}
    return {str(key): str(value or "") for key, value in written.items()}
