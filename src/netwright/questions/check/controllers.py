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
from netwright.questions.check.found import Found, Seen, at, listed, things
from netwright.questions.check.stage import Stage

Pairs = frozenset[tuple[str, str]]
KINDS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"})


def checks(scene: Stage) -> Iterator[Found]:
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
    groups: dict[tuple[str, Pairs], list[Decoded]] = {}
    group_of: dict[Decoded, tuple[str, Pairs]] = {}
    for d in labels:
        if wanted := _pairs(d):
            group = group_of[d] = (d.namespace, frozenset(wanted.items()))
            groups.setdefault(group, []).append(d)
    told: set[tuple[str, Pairs]] = set()
    for group, alike in groups.items():
        first, asked = alike[0], group[1]
        own = labels[first].items()
        others = []
        for other in min((by_label.get((first.namespace, *pair), []) for pair in asked), key=len):
            if other is first or not asked <= labels[other].items():
                continue
            back = group_of.get(other)
            if back is None or back not in told or not back[1] <= own:  # else told the other way round
                others.append(other)
        told.add(group)
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
        objects=things(others),
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
