"""Selectors as Cilium reads them: what they ask of the labels of an identity, and whether it has them.

After Cilium 1.20.2: `pkg/policy/types` (requirements, selectors), `pkg/k8s/apis/cilium.io/utils` (which namespace the
selectors of a policy are confined to), `pkg/k8s/network_policy.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from netwright.dialects.k8s.objects import LabelSelector
from netwright.spec.addresses import Match
from netwright.spec.adminpeers import YES, Matched, all_of, matched
from netwright.spec.cilium_identities import CLUSTER, NAMESPACE_LABEL, NAMESPACE_NAME, Identity

OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class Need(NamedTuple):
    """One thing that a selector asks for. `source` "any" is every source."""

    source: str
    key: str
    operator: str
    values: tuple[str, ...] = ()


Needs = tuple[Need, ...]


def needs(selector: LabelSelector | None, source: str, prefix: str = "") -> Needs:
    """What a selector asks for. Keys that name no source (`k8s:app`) have this one; `prefix` is put before keys."""
    if selector is None:
        return ()
    found = [_need(source, prefix + key, "In", (value,)) for key, value in (selector.match_labels or {}).items()]
    for one in selector.match_expressions or ():
        if one is None or one.operator not in OPERATORS:
            raise ValueError(f"`{one.operator if one else ''}` is not an operator of a label selector")
        found.append(_need(source, prefix + one.key, one.operator, one.values or ()))
    return tuple(found)


def _need(source: str, key: str, operator: str, values: Sequence[str | None]) -> Need:
    named, colon, rest = key.partition(":")
    if colon:
        source, key = named or source, rest
    return Need(source, key, operator, tuple(value or "" for value in values))


def selects(asked: Needs, identity: Identity) -> Matched:
    """Whether the identity has everything that is asked for; nothing asked for is everybody."""
    return all_of(*(_holds(one, identity) for one in asked))


def selects_peer(asked: Needs, identity: Identity) -> Matched:
    """As `selects`, of a peer: whoever has no labels at all stands for all pods (for all addresses, all other nodes).

    Cilium keeps such stand-ins, and a selector that asks only for what is not there selects them, and with them every
    one that they stand for, whatever labels it has.
    """
    if identity.stand_in and selects(asked, Identity(kind=identity.kind, labels={})).match == "yes":
        return YES
    return selects(asked, identity)


def _holds(need: Need, identity: Identity) -> Matched:
    held = identity.held(need.source, need.key)
    if need.operator in ("Exists", "DoesNotExist"):
        there: Match = held.present
    elif held.present == "no":
        there = "no"
    elif held.value is None:
        there = "perhaps"
    else:
        there = held.present if held.value in need.values else "no"
    if need.operator in ("NotIn", "DoesNotExist"):
        there = {"no": "yes", "yes": "no", "perhaps": "perhaps"}[there]  # type: ignore[assignment]
    return matched(there, held.reason) if held.reason else Matched(there)


# --- whom the policies of each kind mean ------------------------------------------------------------------------------


def cilium_subject(selector: LabelSelector | None, namespace: str) -> Needs:
    """The endpoints that a rule of Cilium is for. In a namespace it is for those of the namespace, whatever
    `k8s:io.kubernetes.pod.namespace` it compares in matchLabels."""
    return _confined(selector, "any", namespace) if namespace else needs(selector, "any")


def _confined(selector: LabelSelector | None, source: str, namespace: str) -> Needs:
    """The namespace is put into matchLabels, in place of another one that they have under the very same key."""
    in_labels = len((selector.match_labels if selector else None) or {})
    asked = needs(selector, source)
    kept = [one for i, one in enumerate(asked) if i >= in_labels or (one.source, one.key) != ("k8s", NAMESPACE_NAME)]
    return (*kept, Need("k8s", NAMESPACE_NAME, "In", (namespace,)))


def cilium_peer(selector: LabelSelector | None, namespace: str, cluster: str, source: str = "any") -> Needs:
    """The endpoints that a selector of peers means.

    One that names a label of the source `reserved` stands as it is. Others mean pods of the policy's namespace, unless
    they name a namespace or its labels; of all namespaces where the policy has none. And of this cluster.
    """
    asked = needs(selector, source)
    if any(one.source == "reserved" for one in asked):
        return asked
    keys = {one.key for one in asked if one.source in ("k8s", "any")}
    if NAMESPACE_NAME not in keys:
        if not namespace:
            asked = (*asked, Need("k8s", NAMESPACE_NAME, "Exists"))
        elif not any(key.startswith(NAMESPACE_LABEL) for key in keys):
            asked = (*asked, Need("k8s", NAMESPACE_NAME, "In", (namespace,)))
    return of_cluster(asked, cluster)


def of_cluster(asked: Needs, cluster: str) -> Needs:
    """Of this cluster, unless a cluster is named: which only pods are of."""
    named = any(one.key == CLUSTER and one.source in ("k8s", "any") for one in asked)
    return asked if named else (*asked, Need("k8s", CLUSTER, "In", (cluster,)))


def pods_in(selector: LabelSelector | None, namespace: str) -> Needs:
    """The pods of a namespace that a Kubernetes selector means."""
    return _confined(selector, "k8s", namespace)


def pods_of(namespaces: LabelSelector | None, selector: LabelSelector | None = None) -> Needs:
    """The pods that a selector of namespaces and one of pods mean; an empty one of namespaces means every one."""
    there = needs(namespaces, "k8s", NAMESPACE_LABEL)
    return (*(there or (Need("k8s", NAMESPACE_NAME, "Exists"),)), *needs(selector, "k8s"))
