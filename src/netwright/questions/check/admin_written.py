"""Admin policies as they are written: rules, peers and subjects of all three kinds in one form."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from netwright.base.ipset import IpSet
from netwright.dialects.adminpolicy.lower import priority_of, services_of, tier_of
from netwright.dialects.adminpolicy.objects import (
    AdminEgressRule,
    AdminIngressRule,
    AdminNamespaces,
    AdminPeer,
    AdminPods,
    AdminPort,
    EgressRule,
    IngressRule,
    Peer,
    Protocol,
)
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME
from netwright.dialects.k8s.objects import LabelSelector
from netwright.model.document import Decoded
from netwright.model.rule import Direction, Service
from netwright.questions.check.containment import Requirements, contains, ports_contain, requirements
from netwright.questions.check.label_words import wanted, written
from netwright.questions.check.tiers import DIRECTIONS, Key

EVERYTHING = LabelSelector()


class AdminRule(msgspec.Struct, frozen=True):
    """A rule of an admin policy. `action` is allow, deny or pass."""

    policy: Decoded
    direction: Direction
    number: int
    action: str
    written_action: str
    peers: tuple[Peer | AdminPeer, ...]
    entries: tuple[Protocol | AdminPort, ...]

    @property
    def key(self) -> Key:
        return self.policy.kind, self.policy.name, self.direction, self.number

    @property
    def side(self) -> str:
        return "from" if self.direction == "ingress" else "to"

    @property
    def list(self) -> str:
        return "protocols" if self.policy.kind == "ClusterNetworkPolicy" else "ports"

    @property
    def pointer(self) -> tuple[str | int, ...]:
        return ("spec", self.direction, self.number)

    @property
    def services(self) -> Service:
        return services_of(self.entries)

    @property
    def is_closed(self) -> bool:
        """Whether it fails closed: it has a peer of a newer API."""
        return any(peer.unknown for peer in self.peers)

    @property
    def words(self) -> str:
        """The rule without its number, which moves."""
        peers = " ".join(told_peer(peer) for peer in self.peers)
        return f"{self.direction} {self.action} {peers} {' '.join(told_entry(e) for e in self.entries)}".strip()


def name_of(policy: Decoded) -> str:
    return f"{policy.kind} `{policy.name}`"


def rules_of(policy: Decoded) -> Iterator[AdminRule]:
    """The rules of a policy, as they are read."""
    actions = {"Accept": "allow", "Allow": "allow", "Deny": "deny", "Pass": "pass"}
    for direction in DIRECTIONS:
        found: tuple[IngressRule | EgressRule | AdminIngressRule | AdminEgressRule | None, ...]
        found = (getattr(policy.value.spec, direction) if policy.value.spec is not None else ()) or ()
        for number, rule in enumerate(found):
            if rule is None:
                continue
            peers = rule.from_ if isinstance(rule, (IngressRule, AdminIngressRule)) else rule.to
            entries = rule.protocols if isinstance(rule, (IngressRule, EgressRule)) else rule.ports
            yield AdminRule(
                policy,
                direction,
                number,
                actions[rule.action],
                rule.action,
                tuple(p for p in peers or () if p is not None),
                tuple(e for e in entries or () if e is not None),
            )


# --- selectors --------------------


class Chooser(msgspec.Struct, frozen=True):
    """The selectors of a subject or a peer of pods, and where they stand under it. `pods` None: all pods."""

    namespaces: LabelSelector
    pods: LabelSelector | None
    namespaces_at: tuple[str, ...]
    pods_at: tuple[str, ...]

    @property
    def asked(self) -> str:
        return " ".join(t for t in (written(self.namespaces), written(self.pods)) if t)


def subject_of(policy: Decoded) -> Chooser:
    subject = policy.value.spec.subject
    if subject.pods is None:
        return Chooser(subject.namespaces or EVERYTHING, None, ("namespaces",), ())
    return Chooser(
        subject.pods.namespace_selector or EVERYTHING,
        subject.pods.pod_selector,
        ("pods", "namespaceSelector"),
        ("pods", "podSelector"),
    )


def chooser(peer: Peer | AdminPeer) -> Chooser | None:
    """The selectors of a peer that selects pods; None for others, and where labels are compared with the subject's."""
    if peer.pods is None:
        held: LabelSelector | AdminNamespaces | None = peer.namespaces
        place: tuple[str, ...] = ("namespaces",)
        pods = None
    else:
        pods = peer.pods.pod_selector
        old = peer.pods.namespaces if isinstance(peer.pods, AdminPods) else None
        held = old or peer.pods.namespace_selector or EVERYTHING
        place = ("pods", "namespaces" if old else "namespaceSelector")
    if held is None:
        return None
    if isinstance(held, AdminNamespaces):
        if held.same_labels is not None or held.not_same_labels is not None:
            return None
        if held.namespace_selector is not None:
            place = (*place, "namespaceSelector")
            held = held.namespace_selector
        else:
            held = LabelSelector(match_labels=held.match_labels, match_expressions=held.match_expressions)
    return Chooser(held, pods, place, ("pods", "podSelector") if peer.pods is not None else ())


def old_fields(peer: Peer | AdminPeer) -> tuple[tuple[str, ...], str]:
    """Where a peer has a field of v0.1.1 and before, and its name; "" if it has none."""
    found = peer.pods.namespaces if isinstance(peer.pods, AdminPods) else peer.namespaces
    if isinstance(found, AdminNamespaces):
        place = ("pods", "namespaces") if peer.pods is not None else ("namespaces",)
        for name, held in (
            ("sameLabels", found.same_labels),
            ("notSameLabels", found.not_same_labels),
            ("namespaceSelector", found.namespace_selector),
        ):
            if held is not None:
                return (*place, name), name
    if isinstance(peer.pods, AdminPods) and peer.pods.namespaces is not None:
        return ("pods", "namespaces"), "namespaces"
    return (), ""


def is_named(selector: LabelSelector) -> tuple[str, ...]:
    """The namespaces that a selector asks for by name."""
    return tuple(name for key, values in wanted(selector) if key == NAMESPACE_NAME for name in values)


def lacks_only(peer: Peer | AdminPeer) -> bool:
    """Whether a peer is namespaces that only lack something, which is everybody to some plugins."""
    found = chooser(peer)
    return (
        found is not None and found.pods is None and bool(written(found.namespaces)) and not [*wanted(found.namespaces)]
    )


# --- what one contains of another, in every cluster --------------------

PeerSet = IpSet | Requirements | str


def subject_set(policy: Decoded) -> Requirements:
    found = subject_of(policy)
    return requirements(found.namespaces, "n:") | requirements(found.pods, "p:")


def peer_set(peer: Peer | AdminPeer) -> PeerSet:
    """Addresses, or what is asked of pods; a text where only its equal contains it."""
    if peer.networks is not None:
        return IpSet.of(*peer.networks)
    found = chooser(peer)
    if found is None:
        return repr(peer)
    return requirements(found.namespaces, "n:") | requirements(found.pods, "p:")


def peer_contains(wide: PeerSet, narrow: PeerSet) -> bool:
    if isinstance(wide, str) or isinstance(narrow, str):
        return wide == narrow
    if isinstance(wide, IpSet) or isinstance(narrow, IpSet):
        return isinstance(wide, IpSet) and isinstance(narrow, IpSet) and narrow <= wide
    return contains(wide, narrow)


def takes(one: AdminRule, other: AdminRule) -> bool:
    """Whether a rule, read before another of at least its subject, leaves nothing to it, in every cluster."""
    if one.is_closed:
        return one.action != "allow"
    if other.is_closed or any(peer.domain_names is not None for peer in one.peers):
        return False
    if not ports_contain(one.services, other.services):
        return False
    wide = [peer_set(peer) for peer in one.peers]
    return all(any(peer_contains(w, peer_set(peer)) for w in wide) for peer in other.peers)


def is_before(one: AdminRule, other: AdminRule) -> bool:
    """Whether it is surely read before another rule of its tier and direction."""
    if one.policy is other.policy:
        return one.number < other.number
    return priority_of(one.policy) < priority_of(other.policy)


def are_of_one_tier(one: AdminRule, other: AdminRule) -> bool:
    return one.direction == other.direction and tier_of(one.policy) == tier_of(other.policy)


# --- words --------------------


def told_peer(peer: Peer | AdminPeer) -> str:
    """A peer in words that say all of it."""
    if peer.networks is not None:
        return ",".join(peer.networks)
    if peer.domain_names is not None:
        return ",".join(peer.domain_names)
    if peer.nodes is not None:
        return f"nodes {written(peer.nodes)}"
    found = chooser(peer)
    return repr(peer) if found is None else f"n[{written(found.namespaces)}] p[{written(found.pods)}]"


def told_entry(entry: Protocol | AdminPort) -> str:
    lowered = services_of((entry,))
    return lowered.named[0].name if lowered.named else str(lowered.fixed)
