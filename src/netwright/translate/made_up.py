"""Pods that are made up for selectors that select none of the input, so that what a rule does is compared on one, and a
node where there is none.

They join the network that conversions are tried on. Without them a rule for pods that are not there (a job that does
not run, a folder of policies alone) would be the same as nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from netwright.base.selectors import Selector, conjunction, equals
from netwright.dialects.cilium.selectors import SERVICE_ACCOUNT, pods, requirements
from netwright.dialects.cilium.selectors import subject as pods_of
from netwright.dialects.cilium.validate import rules_of
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.translate.from_cilium.selectors import Asked, asked, selects, subject
from netwright.translate.trees import Tree, decoded

PREFIX: Final = "made-up-"
"""How the names of such pods and namespaces begin."""
NODE: Final = "made-up-node"
_NODE_STATUS: Final = {"addresses": [{"type": "InternalIP", "address": "192.0.2.1"}]}
"""Of a range for documentation (RFC 5737)."""
Selected = tuple[str, Asked, Selector]
"""A selector: the namespace that it is for, "" for all, what it asks, and as one of the rule form."""
FOR_THE_CLUSTER: Final = "CiliumClusterwideNetworkPolicy"
_SECTIONS: Final = ("ingress", "ingress_deny", "egress", "egress_deny")


def pods_for(
    policies: Sequence[Decoded],
    selected: Iterable[Selected],
    objects: Sequence[Decoded],
    has_pod: Callable[[Selector], bool],
    addresses: Iterator[str] | None = None,
) -> list[Decoded]:
    """Pods, and namespaces where these need one, for what the policies have `selected` and that is no pod; a node where
    there is none. They have `addresses` where a language knows pods by these."""
    namespaces = homes_of(objects)
    for_the_cluster = any(not d.namespace for d in policies)
    out: list[Decoded] = []
    node = next((d.name for d in objects if d.kind == "Node"), "")
    if not node and policies:
        made = _decoded({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}, "status": _NODE_STATUS})
        out += [made] if made is not None else []
    seen: set[object] = set()
    for home, found, selector in selected:
        key = home, msgspec.json.encode(found)
        if key in seen or has_pod(selector):
            continue
        seen.add(key)
        where = home if home and selects(found.where, namespaces.get(home, {NAMESPACE_NAME: home})) else ""
        where = where or next((name for name, labels in namespaces.items() if selects(found.where, labels)), "")
        if not where:
            if home or for_the_cluster:
                continue  # its own namespace has no such labels, or a policy for the cluster would act in the new one
            made = _namespace(len(seen), found.where)
            if made is None:
                continue
            out.append(made)
            where = made.name
            namespaces[where] = {**made.value.metadata.labels, NAMESPACE_NAME: where}
        labels = _labels(found.labels)
        spec: dict[str, Any] = {"containers": [{"name": "made-up", "image": "made-up"}]}
        spec |= {"nodeName": node} if node else {}
        if SERVICE_ACCOUNT in labels:
            spec["serviceAccountName"] = labels.pop(SERVICE_ACCOUNT)
        meta = {"name": f"{PREFIX}{len(seen)}", "namespace": where, "labels": labels}
        tree: Tree = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        if addresses is not None:
            ip = next(addresses)
            tree["status"] = {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}
        found_pod = _decoded(tree)
        if found_pod is not None:
            out.append(found_pod)
    return out


def selected_by_cilium(policies: Sequence[Decoded]) -> Iterator[Selected]:
    """Each selector of Cilium's policies."""
    for policy in policies:
        for rule, _ in rules_of(policy.value):
            if rule.endpoint_selector is None:
                continue
            of_subject = subject(rule.endpoint_selector, policy.namespace)
            if of_subject is not None:
                yield policy.namespace, of_subject, pods_of(rule.endpoint_selector, policy.namespace)
            for section in _SECTIONS:
                for entry in getattr(rule, section) or ():
                    inward = hasattr(entry, "from_endpoints")
                    for selector in (entry.from_endpoints if inward else entry.to_endpoints) or ():
                        yield from _peer(selector, policy.namespace)


def _peer(selector: LabelSelector, namespace: str) -> Iterator[Selected]:
    found = asked(requirements(selector))
    if found is not None:
        home = "" if found.names_namespaces else namespace
        at = [equals("ns", home)] if home else []
        yield home, found, conjunction(*at, pods(selector), POD_NETWORK)


def _labels(selector: dict[str, Any]) -> dict[str, str]:
    """Labels that meet a selector, as far as any do."""
    found = dict(selector.get("matchLabels", {}))
    for one in selector.get("matchExpressions", ()):
        if one["operator"] == "In":
            found.setdefault(one["key"], one["values"][0])
        elif one["operator"] == "Exists":
            found.setdefault(one["key"], "made-up")
    return found


def _namespace(number: int, where: dict[str, Any]) -> Decoded | None:
    labels = _labels(where)
    name = labels.pop(NAMESPACE_NAME, f"{PREFIX}{number}")
    if not selects(where, {**labels, NAMESPACE_NAME: name}):
        return None
    return _decoded({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


def namespaces_of(objects: Sequence[Decoded]) -> dict[str, dict[str, str]]:
    """The namespaces of the input with the labels that are known."""
    names = {d.namespace or d.name for d in objects if d.namespace or d.kind == "Namespace"}
    held = {d.name: d.value.metadata.labels or {} for d in objects if d.kind == "Namespace"}
    return {n: {**{k: v or "" for k, v in held.get(n, {}).items()}, NAMESPACE_NAME: n} for n in sorted(names)}


def unlabelled(objects: Sequence[Decoded]) -> tuple[str, ...]:
    """The namespaces in use whose Namespace objects are not in the input, as they are told."""
    used = {d.namespace for d in objects if d.namespace}
    return tuple(f"`{name}`" for name in sorted(used - {d.name for d in objects if d.kind == "Namespace"}))


def homes_of(objects: Sequence[Decoded]) -> dict[str, dict[str, str]]:
    """The namespaces in which policies can stand: those of the input, those that Cilium's policies for the cluster
    name, and `default`, which every cluster has, where the input knows none."""
    found = namespaces_of(objects)
    selected = [
        asks
        for d in objects
        if d.kind == FOR_THE_CLUSTER
        for rule, _ in rules_of(d.value)
        if rule.endpoint_selector is not None and (asks := subject(rule.endpoint_selector, "")) is not None
    ]
    names = {name for asks in selected for name in _named(asks.where)}
    if selected and not found:
        names.add("default")
    return found | {name: {NAMESPACE_NAME: name} for name in sorted(names - found.keys())}


def _named(where: Tree) -> Iterator[str]:
    if NAMESPACE_NAME in where.get("matchLabels", {}):
        yield where["matchLabels"][NAMESPACE_NAME]
    for one in where.get("matchExpressions", ()):
        if one["key"] == NAMESPACE_NAME and one["operator"] == "In":
            yield from one["values"]


def _decoded(tree: Tree) -> Decoded | None:
    found = decoded(tree)
    return found if isinstance(found, Decoded) else None
