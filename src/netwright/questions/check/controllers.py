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
from netwright.questions.check.found import Found, Seen, at
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
    told: set[frozenset[Decoded]] = set()
    for d, mine in labels.items():
        wanted = _pairs(d)
        if not wanted:
            continue
        rarest = min((by_label.get((d.namespace, k, v), []) for k, v in wanted.items()), key=len)
        for other in rarest:
            pair = frozenset((d, other))
            if other is d or pair in told or not wanted.items() <= labels[other].items():
                continue
            told.add(pair)
            mutual = _pairs(other)
            both = bool(mutual) and mutual.items() <= mine.items()
            whom = f"`{other.kind} {other.name}`"
            yield Found(
                "NW4011",
                at(d, "spec", "selector"),
                f"the selector of {d.kind} `{d.namespace}/{d.name}` selects the pods of {whom} too",
                label=f"{other.name}'s pods have these labels",
                effect="controllers count or take over each other's pods"
                + (", and Services and policies cannot tell the two apart" if both else "")
                + "; autoscalers read the wrong pods",
                help=f"give both a label of their own, as `app.kubernetes.io/component: {other.name}`; the selector of "
                "a Deployment is changed by making it anew",
                key=f"{other.kind} {other.name}",
                also=(Seen(at(other, "spec", "template", "metadata", "labels"), "the pods' labels"),),
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
