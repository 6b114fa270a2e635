"""Cilium's selectors as its policy engine keeps them, made of what policies write, and which identities each selects.

After Cilium 1.20.2: `pkg/k8s/apis/cilium.io/utils` and `pkg/k8s/network_policy.go` (what is added to a selector),
`pkg/policy/types` (requirements, ranges, groups of ranges), `pkg/labels` (how a label is looked up).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from netwright.base.ipset import BITS, Family, parse_cidr
from netwright.dialects.cilium.named_objects import GROUP_NAME
from netwright.dialects.cilium.objects import CIDRRule
from netwright.dialects.cilium.selectors import CLUSTER, NAMESPACE, NAMESPACE_LABELS, THIS_CLUSTER, requirements
from netwright.dialects.k8s.objects import LabelSelector


class Need(NamedTuple):
    """One requirement: a label, by its source (`any`: whichever) and key; its values (None: that it is there)."""

    source: str
    key: str
    values: tuple[str, ...] | None
    wanted: bool


class Prefix(NamedTuple):
    """An address range: its family, first address and length."""

    family: Family
    low: int
    length: int

    @classmethod
    def of(cls, text: str) -> Prefix:
        """Of `ADDRESS/LENGTH` or an address. Raises ValueError."""
        family, (low, high) = parse_cidr(text)
        return cls(family, low, BITS[family] - (high - low).bit_length() + 1)

    @property
    def high(self) -> int:
        return self.low + (1 << (BITS[self.family] - self.length))


class Selector(NamedTuple):
    """`labels`: identities by their labels. `ranges`: outside addresses (and others by the match mode) in `inside` and
    in none of `outside`, or in groups of ranges that have all of `needs`. `open`: what it selects is not known."""

    kind: Literal["labels", "ranges", "groups", "open"]
    needs: tuple[Need, ...] = ()
    inside: Prefix | None = None
    outside: tuple[Prefix, ...] = ()
    reason: str = ""

    @property
    def is_wildcard(self) -> bool:
        return self.kind == "labels" and not self.needs

    @property
    def prefixes(self) -> tuple[Prefix, ...]:
        """The ranges that get an identity because it names them; everything has one anyway."""
        named = (self.inside, *self.outside) if self.inside is not None else self.outside
        return tuple(one for one in named if one.length)


EVERYBODY: Final = Selector("labels")


def reserved(name: str) -> Selector:
    return Selector("labels", (Need("reserved", name, ("",), True),))


def labelled(needs: Iterable[Need]) -> Selector:
    return Selector("labels", tuple(sorted(needs, key=str)))


_MEMBERS: Final = (
    *(reserved(n) for n in ("host", "remote-node", "init", "ingress", "health", "unmanaged", "kube-apiserver")),
    reserved("aggregate-cluster"),
)
ENTITIES: Final[Mapping[str, tuple[Selector, ...]]] = {
    "all": (EVERYBODY,),
    "world": tuple(map(reserved, ("world", "world-ipv4", "world-ipv6", "aggregate-world"))),
    "remote-node": tuple(map(reserved, ("remote-node", "aggregate-remote-node"))),
    "cluster": (*_MEMBERS, labelled([Need("k8s", CLUSTER, (THIS_CLUSTER,), True)])),
    "cluster-mesh": (*_MEMBERS, reserved("aggregate-cluster-mesh"), labelled([Need("any", CLUSTER, None, True)])),
    **{
        name: (reserved(name),)
        for name in ("world-ipv4", "world-ipv6", "host", "init", "ingress", "health", "unmanaged", "kube-apiserver")
    },
    "none": (reserved("none"),),
}


def needs_of(selector: LabelSelector | None, source: str = "any", prefix: str = "") -> dict[object, Need]:
    """The requirements of a selector, of labels of `source` where it names none. Those of matchLabels are held by their
    label, so that another can take their place."""
    found: dict[object, Need] = {}
    for number, one in enumerate(requirements(selector) if selector is not None else ()):
        need = Need(
            source if one.source == "any" and source != "any" else one.source, prefix + one.key, one.values, one.wanted
        )
        found[(need.source, need.key) if one.by_label else number] = need
    return found


def _exactly(source: str, key: str, value: str) -> Need:
    return Need(source, key, (value,), True)


_SOMEWHERE: Final = Need("k8s", NAMESPACE, None, True)


# --- as Cilium's policies write them --------------------


def cilium_subject(selector: LabelSelector, namespace: str) -> Selector:
    needs = needs_of(selector)
    if namespace:
        needs["k8s", NAMESPACE] = _exactly("k8s", NAMESPACE, namespace)
    return labelled(needs.values())


def cilium_peer(selector: LabelSelector, namespace: str, of_init: bool) -> Selector:
    """`of_init`: the policy is for pods that are being initialised, which have no namespace."""
    needs = needs_of(selector)
    named = {(one.source, one.key) for one in needs.values()}
    if any(source == "reserved" for source, _ in named):
        return labelled(needs.values())
    ours = {key for source, key in named if source in ("any", "k8s")}
    if NAMESPACE not in ours:
        if not namespace:
            if not of_init:
                needs["somewhere"] = _SOMEWHERE
        elif not any(key.startswith(NAMESPACE_LABELS) for key in ours):
            needs["k8s", NAMESPACE] = _exactly("k8s", NAMESPACE, namespace)
    if CLUSTER not in ours:
        needs["k8s", CLUSTER] = _exactly("k8s", CLUSTER, THIS_CLUSTER)
    return labelled(needs.values())


def cidr(text: str, excepted: Iterable[str] = ()) -> Selector:
    return Selector("ranges", (), Prefix.of(text), tuple(Prefix.of(one) for one in excepted))


def cidr_rule(rule: CIDRRule) -> Selector:
    excepted = tuple(Prefix.of(one) for one in rule.except_ or ())
    if rule.cidr_group_ref:
        return Selector("ranges", (Need("cidrgroup", GROUP_NAME + rule.cidr_group_ref, None, True),), None, excepted)
    if rule.cidr_group_selector is not None:
        needs = tuple(sorted(needs_of(rule.cidr_group_selector, "cidrgroup").values(), key=str))
        return Selector("groups", needs, None, excepted)
    return cidr(rule.cidr or "", rule.except_ or ())


# --- as Kubernetes' policies write them --------------------


def pods_in(selector: LabelSelector | None, namespace: str, of_cluster: bool) -> Selector:
    """Pods of one namespace; as a peer (`of_cluster`) of this cluster, unless the selector names one."""
    needs = needs_of(selector, "k8s")
    if of_cluster and not _names_cluster(selector):
        needs["k8s", CLUSTER] = _exactly("k8s", CLUSTER, THIS_CLUSTER)
    needs["k8s", NAMESPACE] = _exactly("k8s", NAMESPACE, namespace)
    return labelled(needs.values())


def in_namespaces(selector: LabelSelector | None) -> Selector:
    """Whoever is in the namespaces; an empty selector means all of them."""
    return labelled(_of_namespaces(selector).values())


def pods_of(namespaces: LabelSelector | None, pods: LabelSelector | None, of_cluster: bool) -> Selector:
    merged: dict[object, Need] = {("ns", key): need for key, need in _of_namespaces(namespaces).items()}
    merged |= {("pod", key): need for key, need in needs_of(pods, "k8s").items()}
    if of_cluster and not _names_cluster(pods):
        merged["cluster"] = _exactly("k8s", CLUSTER, THIS_CLUSTER)
    return labelled(merged.values())


def _of_namespaces(selector: LabelSelector | None) -> dict[object, Need]:
    return needs_of(selector, "k8s", NAMESPACE_LABELS) or {"somewhere": _SOMEWHERE}


def _names_cluster(selector: LabelSelector | None) -> bool:
    if selector is None:
        return False
    by_label = (selector.match_labels or {}).get(CLUSTER)
    return bool(by_label) or any(one is not None and one.key == CLUSTER for one in selector.match_expressions or ())
