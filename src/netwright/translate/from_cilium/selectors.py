"""Selectors of Cilium's policies as those of Kubernetes, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from netwright.dialects.cilium.selectors import (
    CLUSTER,
    DROPPED,
    DROPPED_OF_NAMESPACES,
    NAMESPACE,
    NAMESPACE_LABELS,
    SERVICE_ACCOUNT,
    THIS_CLUSTER,
    Requirement,
    requirements,
)
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.objects import Requirement as LabelRequirement

Tree = dict[str, Any]


class Pods(NamedTuple):
    """Pods by a selector of namespaces, None for the policy's own, and one of their labels."""

    where: Tree | None
    labels: Tree


class Asked(NamedTuple):
    """What a selector asks of namespaces and of pods."""

    where: Tree
    labels: Tree
    names_namespaces: bool


def asked(needs: Iterable[Requirement]) -> Asked | None:
    """The requirements as selectors of namespaces and of pods; None where nobody meets them."""
    where: Tree = {}
    labels: Tree = {}
    names = False
    for need in needs:
        known = _settled(need)
        names = names or need.key == NAMESPACE or need.key.startswith(NAMESPACE_LABELS)
        if known is not None:
            if known != need.wanted:
                return None
            continue
        if need.key == NAMESPACE:
            _add(where, NAMESPACE_NAME, need)
        elif need.key.startswith(NAMESPACE_LABELS):
            _add(where, need.key.removeprefix(NAMESPACE_LABELS), need)
        else:
            _add(labels, need.key, need)
    return Asked(where, labels, names)


def _settled(need: Requirement) -> bool | None:
    """Whether all pods have what is asked for, or none; None where that depends on the pod."""
    if need.source not in ("any", "k8s"):
        return False
    if need.key == CLUSTER:
        return need.values is None or THIS_CLUSTER in need.values
    if need.key in (NAMESPACE, SERVICE_ACCOUNT):
        return True if need.values is None else None
    if need.key.startswith(NAMESPACE_LABELS):
        return False if DROPPED_OF_NAMESPACES.match(need.key.removeprefix(NAMESPACE_LABELS)) else None
    return False if DROPPED.match(need.key) else None


def _add(tree: Tree, key: str, need: Requirement) -> None:
    if need.by_label and need.values is not None and key not in tree.get("matchLabels", ()):
        tree.setdefault("matchLabels", {})[key] = need.values[0]
        return
    one: Tree = {"key": key}
    if need.values is None:
        one["operator"] = "Exists" if need.wanted else "DoesNotExist"
    else:
        one |= {"operator": "In" if need.wanted else "NotIn", "values": list(need.values)}
    tree.setdefault("matchExpressions", []).append(one)


def subject(selector: LabelSelector, namespace: str) -> Asked | None:
    """The pods that a rule is for, of its own namespace where it has one; None for nobody."""
    needs = requirements(selector)
    if namespace:
        needs = (n for n in needs if (n.source, n.key, n.by_label) != ("k8s", NAMESPACE, True))
    return asked(needs)


def selects(tree: Tree, labels: dict[str, str]) -> bool:
    """Whether a selector selects what has these labels."""
    for key, value in tree.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for one in tree.get("matchExpressions", ()):
        held, wanted = labels.get(one["key"]), one["operator"] in ("In", "Exists")
        found = held is not None if "values" not in one else held in one["values"]
        if found != wanted:
            return False
    return True


def as_cilium(pods: Pods, in_namespace: bool) -> LabelSelector:
    """The pods as Cilium selects them."""
    labels = dict(pods.labels.get("matchLabels", {}))
    more = list(pods.labels.get("matchExpressions", ()))
    for key, value in (pods.where or {}).get("matchLabels", {}).items():
        labels[_namespace_key(key)] = value
    more += [{**one, "key": _namespace_key(one["key"])} for one in (pods.where or {}).get("matchExpressions", ())]
    if pods.where == {} and in_namespace:
        more.append({"key": _namespace_key(NAMESPACE_NAME), "operator": "Exists"})
    return LabelSelector(match_labels=labels or None, match_expressions=tuple(map(_requirement, more)) or None)


def _namespace_key(key: str) -> str:
    return f"k8s:{NAMESPACE}" if key == NAMESPACE_NAME else f"k8s:{NAMESPACE_LABELS}{key}"


def _requirement(one: Tree) -> LabelRequirement:
    return LabelRequirement(
        key=one["key"], operator=one["operator"], values=tuple(one["values"]) if "values" in one else None
    )
