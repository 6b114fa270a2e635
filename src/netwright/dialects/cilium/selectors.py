"""Cilium's selectors over the labels that it gives to endpoints, as selectors of the rule form.

After Cilium 1.20.2: `pkg/k8s/apis/cilium.io/utils`, `pkg/labels`, `pkg/labelsfilter`. A key may name the source of the
label (`k8s:app`, `any:app`, `reserved:host`); without one it is of any. A pod has the labels of its own, but for those
that the default filter drops, those of its namespace behind a prefix, its namespace, cluster and service account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from netwright.base.selectors import ALWAYS, NEVER, Has, Not, Selector, conjunction, equals, one_of
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.rule import ANYBODY, NOBODY, AndPeer, EndpointKind, Kinds, Members, NotPeer, Peer, either

NAMESPACE: Final = "io.kubernetes.pod.namespace"
NAMESPACE_LABELS: Final = "io.cilium.k8s.namespace.labels."
CLUSTER: Final = "io.cilium.k8s.policy.cluster"
SERVICE_ACCOUNT: Final = "io.cilium.k8s.policy.serviceaccount"
SA: Final = "sa"
"""The attribute of an endpoint that holds its service account."""
THIS_CLUSTER: Final = "default"
"""The name that a cluster has unless it is configured."""

DROPPED: Final = re.compile(
    r"(?!app\.kubernetes\.io)(?:io\.kubernetes|kubernetes\.io|statefulset\.kubernetes\.io/pod-name"
    r"|apps\.kubernetes\.io/pod-index|batch\.kubernetes\.io/job-completion-index|batch\.kubernetes\.io/controller-uid"
    r"|.*beta\.kubernetes\.io|k8s\.io|pod-template-generation|pod-template-hash|controller-revision-hash"
    r"|controller-uid|annotation.*|etcd_node|topology\.kubernetes\.io)"
)
"""Labels of pods that the default filter keeps out of identities."""
DROPPED_OF_NAMESPACES: Final = re.compile(r".*beta\.kubernetes\.io")
_ENTITIES: Final[dict[str, tuple[EndpointKind, ...]]] = {
    "host": ("own-node",),
    "remote-node": ("node",),
    "world": ("external",),
}


class Requirement(NamedTuple):
    """One of a selector's requirements: its key apart, and the values that it asks for (None: whether it is there)."""

    source: str
    key: str
    values: tuple[str, ...] | None
    wanted: bool
    by_label: bool = False
    """Whether it stands in matchLabels."""


def requirements(selector: LabelSelector) -> Iterator[Requirement]:
    """The requirements, all of which have to hold."""
    for key, value in sorted((selector.match_labels or {}).items()):
        yield Requirement(*split_key(key), (value or "",), True, True)
    for one in selector.match_expressions or ():
        if one is None:
            continue
        values = tuple(v or "" for v in one.values or ()) if one.operator in ("In", "NotIn") else None
        yield Requirement(*split_key(one.key), values, one.operator in ("In", "Exists"))


def split_key(key: str) -> tuple[str, str]:
    """Source and name of a label's key.

    >>> split_key("k8s:app"), split_key("app"), split_key("reserved:host")
    (('k8s', 'app'), ('any', 'app'), ('reserved', 'host'))
    """
    source, colon, name = key.partition(":")
    return (source, name) if colon else ("any", key)


def pods(selector: LabelSelector, surely: bool = True) -> Selector:
    """Which pods it selects, surely or at least perhaps (by labels whose value is not known)."""
    return conjunction(*(_of_pods(r, surely) for r in requirements(selector)))


class _Seen:
    """The pods' labels as Cilium sees them, where it reads selectors of Kubernetes."""

    def sees(self, label: str) -> bool:
        return DROPPED.match(label) is None

    def pods(self, selector: LabelSelector, surely: bool = True) -> Selector:
        return pods(selector, surely)

    def at_home(self, selector: LabelSelector) -> LabelSelector:
        labels = selector.match_labels or {}
        if NAMESPACE not in labels:
            return selector
        return replace(selector, match_labels={k: v for k, v in labels.items() if k != NAMESPACE})


SEEN: Final = _Seen()


def subject(selector: LabelSelector, namespace: str, surely: bool = True) -> Selector:
    """The pods that a rule is for. In a namespace it is for those of the namespace, whatever it says of another."""
    asked = requirements(selector)
    if namespace:
        asked = (r for r in asked if (r.source, r.key, r.by_label) != ("k8s", NAMESPACE, True))
    home = equals("ns", namespace) if namespace else ALWAYS
    return conjunction(home, *(_of_pods(r, surely) for r in asked), POD_NETWORK)


def peer(
    selector: LabelSelector, home: Selector, in_namespace: bool, stand_ins: tuple[EndpointKind, ...]
) -> tuple[Peer, Peer]:
    """Whom it selects as a peer of a policy: surely, and perhaps. `home` are the pods that one without a namespace of
    its own means; `in_namespace` whether that is the policy's own. `stand_ins` are the ends of which Cilium keeps
    aggregates without labels: what asks only for absence selects these, and so all that they stand for."""
    asked = list(requirements(selector))
    named = [r for r in asked if r.source in ("any", "k8s")]
    has_namespace = any(r.key == NAMESPACE for r in named)
    has_labels = in_namespace and any(r.key.startswith(NAMESPACE_LABELS) for r in named)
    is_open = any(r.key in GENERATED and r.values is not None and not DROPPED.match(r.key) for r in named)
    has_place = (has_namespace or has_labels) and any(r.key == CLUSTER for r in named)
    is_of_anyone = any(r.source == "reserved" for r in asked)
    asks_absence = not any(r.wanted for r in asked)
    # where a namespace and a cluster are named, neither is put to it, and only these confine it to pods
    if is_of_anyone or (has_place and asks_absence):
        everyone: Peer = AndPeer(tuple(_anyone(r) for r in asked))
        if asks_absence:
            everyone = either([everyone, Kinds(stand_ins)])
        return (everyone, NOBODY) if is_of_anyone or not is_open else (NOBODY, everyone)
    where = ALWAYS if has_namespace or has_labels else home
    surely = conjunction(where, pods(selector), POD_NETWORK)
    if not is_open:
        return Members(surely), NOBODY
    return Members(surely), Members(conjunction(where, pods(selector, False), Not(surely), POD_NETWORK))


def _anyone(r: Requirement) -> Peer:
    """Who meets a requirement, pods, nodes and outside alike: only pods have labels, others what they are."""
    if r.source == "reserved":
        kinds = _entity(r)
        if not r.wanted:
            return NotPeer(Kinds(kinds)) if kinds else ANYBODY
        return Kinds(kinds) if kinds else NOBODY
    if r.wanted:
        return Members(conjunction(_of_pods(r, True), POD_NETWORK))
    return NotPeer(Members(conjunction(_of_pods(r._replace(wanted=True), True), POD_NETWORK)))


def _entity(r: Requirement) -> tuple[EndpointKind, ...]:
    """The ends that have the label of the kind `reserved`, with one of the values."""
    return _ENTITIES.get(r.key, ()) if r.source == "reserved" and (r.values is None or "" in r.values) else ()


def _of_pods(r: Requirement, surely: bool) -> Selector:
    positive = _holds(r, surely if r.wanted else not surely)
    return positive if r.wanted else Not(positive)


def _holds(r: Requirement, surely: bool) -> Selector:
    """Which pods have the label, with one of the values."""
    if r.source not in ("any", "k8s"):
        return NEVER
    if r.key == CLUSTER:
        return ALWAYS if r.values is None or THIS_CLUSTER in r.values else NEVER
    if r.key == NAMESPACE:
        return ALWAYS if r.values is None else one_of("ns", r.values)
    if r.key == SERVICE_ACCOUNT:
        return ALWAYS if r.values is None else one_of(SA, r.values)
    if r.key.startswith(NAMESPACE_LABELS):
        label = r.key.removeprefix(NAMESPACE_LABELS)
        if DROPPED_OF_NAMESPACES.match(label):
            return NEVER
        attribute = "ns:" + label
        return Has(attribute) if r.values is None else one_of(attribute, r.values)
    if DROPPED.match(r.key):
        return NEVER
    if r.values is None:
        return Has("k8s:" + r.key)
    values = r.values if surely or r.key not in GENERATED else (*r.values, UNKNOWN)
    return one_of("k8s:" + r.key, values)
