"""Admin policies to the rules of two tiers, Admin and Baseline.

Source: sigs.k8s.io/network-policy-api, the types of v1alpha2 (v0.2.0) and v1alpha1, NPEP-285, NPEP-187. The rank of a
rule is the priority of its policy; the baseline of v1alpha1 has none and comes last. No admin policy isolates: what no
rule matches goes on to the next tier. What a rule perhaps matches (labels and nodes that are not known) stands in the
same rule, as a part of its peer that matches perhaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, Literal, TypeVar

from netwright.base.intervals import Interval
from netwright.base.ipset import IpSet
from netwright.base.selectors import ALWAYS, Has, Not, Selector, conjunction, equals, matches, one_of
from netwright.base.services import PROTOCOLS, SCTP, TCP, UDP, ServiceSet, service_key
from netwright.base.spans import Origin
from netwright.dialects.adminpolicy.objects import (
    AdminEgressRule,
    AdminIngressRule,
    AdminNamespaces,
    AdminNetworkPolicy,
    AdminPeer,
    AdminPods,
    AdminPort,
    ClusterNetworkPolicy,
    EgressRule,
    IngressRule,
    NamespacedPods,
    Peer,
    Protocol,
    Subject,
)
from netwright.dialects.k8s.endpoints import NAMESPACE_NAME, NODE, node_addresses
from netwright.dialects.k8s.generated import compared
from netwright.dialects.k8s.lower import POD_NETWORK, label_selector, perhaps_selector
from netwright.dialects.k8s.objects import LabelSelector, Node
from netwright.dialects.k8s.reading import PLAIN, Reading
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    UNBOUND,
    Action,
    Addresses,
    AndPeer,
    Kinds,
    Members,
    NamedPort,
    Names,
    Obligation,
    Rule,
    Service,
    UnknownPeer,
    either,
)
from netwright.model.rule import Peer as RulePeer

T = TypeVar("T")
TierName = Literal["Admin", "Baseline"]
_ACTIONS: Final[Mapping[str, Action]] = {"Accept": "allow", "Allow": "allow", "Deny": "deny", "Pass": "pass"}
_CLUSTER_DNS: Final = Members(conjunction(equals("k8s:k8s-app", "kube-dns"), POD_NETWORK))
_DNS_PORTS: Final = Service(
    named=tuple(NamedPort(protocol, name) for name in ("dns", "dns-tcp") for protocol in (TCP, UDP, SCTP))
)
_LAST = 1001
"""The rank of the baseline that has no priority: behind all that have one."""
_AnyRule = IngressRule | EgressRule | AdminIngressRule | AdminEgressRule


def tier_of(policy: Decoded) -> TierName:
    """The tier that a policy stands in."""
    if isinstance(policy.value, ClusterNetworkPolicy):
        spec = policy.value.spec
        return "Baseline" if spec is not None and spec.tier == "Baseline" else "Admin"
    return "Baseline" if policy.kind == "BaselineAdminNetworkPolicy" else "Admin"


def priority_of(policy: Decoded) -> int:
    """The rank of a policy's rules among those of its tier."""
    spec = policy.value.spec
    return spec.priority if spec is not None and spec.priority is not None else _LAST


def mentioned_keys(policies: Iterable[Decoded]) -> tuple[frozenset[str], frozenset[str] | None]:
    """The labels of pods, and those of nodes, that the policies select by; None where no peer selects nodes."""
    pods: set[str] = set()
    nodes: set[str] = set()
    selects_nodes = False
    for policy in policies:
        spec = policy.value.spec
        if spec is None:
            continue
        selectors = [spec.subject.pods.pod_selector] if spec.subject and spec.subject.pods else []
        peers: list[Peer | AdminPeer | None] = [p for r in spec.ingress or () if r for p in r.from_ or ()]
        peers += [p for r in spec.egress or () if r for p in r.to or ()]
        for peer in peers:
            if peer is not None and peer.pods is not None:
                selectors.append(peer.pods.pod_selector)
            if peer is not None and peer.nodes is not None:
                selects_nodes = True
                nodes |= _keys(peer.nodes)
        for selector in selectors:
            pods |= _keys(selector)
    return frozenset(pods), frozenset(nodes) if selects_nodes else None


def networks_of(policy: Decoded) -> Iterator[str]:
    """The address ranges that a policy names, as written."""
    for rule in (policy.value.spec.egress or ()) if policy.value.spec is not None else ():
        for peer in (rule.to or ()) if rule is not None else ():
            yield from (peer.networks or ()) if peer is not None else ()


def _keys(selector: LabelSelector | None) -> set[str]:
    if selector is None:
        return set()
    return {*(selector.match_labels or ()), *(r.key for r in selector.match_expressions or () if r is not None)}


def lower_admin_policies(
    policies: Iterable[Decoded], objects: Sequence[Decoded], reading: Reading = PLAIN
) -> dict[TierName, tuple[Rule, ...]]:
    """The rules of both tiers. Namespaces and nodes are looked up in `objects`."""
    lowering = _Lowering(objects, reading)
    out: dict[TierName, list[Rule]] = {"Admin": [], "Baseline": []}
    for number, policy in enumerate(policies):
        out[tier_of(policy)] += lowering.policy(number, policy)
    return {name: tuple(rules) for name, rules in out.items()}


class _Lowering:
    def __init__(self, objects: Sequence[Decoded], reading: Reading) -> None:
        self._objects = objects
        self._reading = reading
        self._shared: dict[object, Any] = {}

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        """The known labels of every namespace that has an object or is one."""
        names = dict.fromkeys(d.namespace or d.name for d in self._objects if d.namespace or d.kind == "Namespace")
        written = {d.name: d.value.metadata.labels or {} for d in self._objects if d.kind == "Namespace"}
        return {n: {**{k: v or "" for k, v in written.get(n, {}).items()}, NAMESPACE_NAME: n} for n in names}

    @cached_property
    def _read(self) -> frozenset[str]:
        return frozenset(d.name for d in self._objects if d.kind == "Namespace")

    def policy(self, number: int, policy: Decoded) -> Iterator[Rule]:
        value: ClusterNetworkPolicy | AdminNetworkPolicy = policy.value
        if value.spec is None or (self._reading.refuses_peers and _has_refused_peer(policy)):
            return
        subject = value.spec.subject or Subject()
        pods = subject.pods or NamespacedPods(namespace_selector=subject.namespaces)
        where = label_selector(pods.namespace_selector, "ns:", self._reading)
        surely = conjunction(where, label_selector(pods.pod_selector, "k8s:", self._reading), POD_NETWORK)
        perhaps = perhaps_selector(pods.pod_selector, where, self._reading)
        open_ = UnknownPeer(_unknown_label(policy, compared(pods.pod_selector)))
        rank = priority_of(policy)
        sides: tuple[tuple[Literal["ingress", "egress"], Sequence[_AnyRule | None]], ...] = (
            ("ingress", value.spec.ingress or ()),
            ("egress", value.spec.egress or ()),
        )
        for side, rules in sides:
            for index, rule in enumerate(rules):
                for extra, peer, service, action, owed in self._rule(policy, rule) if rule is not None else ():
                    acting = [(conjunction(surely, extra), peer)]
                    if perhaps is not None:
                        acting.append((conjunction(perhaps, extra), AndPeer((peer, open_))))
                    for at, whom in acting:
                        whom = self._share(whom)
                        yield Rule(
                            rank=rank * 100 + index if self._reading.ranks_rules else rank,
                            policy=number,
                            index=index,
                            at=self._share(at),
                            direction=side,
                            src=whom if side == "ingress" else ANYBODY,
                            dst=ANYBODY if side == "ingress" else whom,
                            service=self._share(service),
                            action=action,
                            then=owed,
                            origin=Origin(
                                kind=policy.kind,
                                namespace="",
                                name=policy.name,
                                pointer=("spec", side, index),
                                place=policy.place,
                            ),
                        )

    def _share(self, value: T) -> T:
        """One object for equal ones: whoever walks the rules meets each once."""
        found: T = self._shared.setdefault(value, value)
        return found

    def _rule(
        self, policy: Decoded, rule: _AnyRule
    ) -> Iterator[tuple[Selector, RulePeer, Service, Action, Obligation]]:
        """The rule once for all its peers, and once a value of the labels that a peer and the subject have to share:
        where it acts within the subject, whom it matches, services, action, what is owed."""
        action = _ACTIONS[rule.action]
        written = rule.from_ if isinstance(rule, (IngressRule, AdminIngressRule)) else rule.to
        peers: list[Peer | AdminPeer] = [p for p in written or () if p is not None]
        if self._reading.ranks_rules:  # each peer is read for itself
            if action != "allow" and any(p.unknown for p in peers):
                services = _protocols(rule.protocols) if isinstance(rule, (IngressRule, EgressRule)) else EVERY_SERVICE
                yield ALWAYS, ANYBODY, services, "deny", UNBOUND
            peers = [p for p in peers if not p.unknown]
        elif any(p.unknown for p in peers):
            # fail closed: who does not know a peer of the rule matches nothing by Accept and denies all by the others
            if action != "allow":
                yield ALWAYS, ANYBODY, EVERY_SERVICE, "deny", UNBOUND
            return
        entries = rule.protocols if isinstance(rule, (IngressRule, EgressRule)) else rule.ports
        service = services_of(entries)
        plain = [p for p in peers if _relation(p) is None]
        is_egress = isinstance(rule, (EgressRule, AdminEgressRule))
        by_absence = self._reading.by_absence and any(_only_excludes(p.namespaces) for p in plain)
        if is_egress and by_absence and service.named:
            # names of ports are looked up at the pods that are selected, not at all that stand-ins stand for
            selected = [self._selected(policy, p, action) for p in plain]
            yield ALWAYS, either(selected), Service(named=service.named), action, UNBOUND
            service = Service(service.fixed)
        if plain:
            yield ALWAYS, either([self._peer(policy, p, action) for p in plain]), service, action, UNBOUND
        names = [name for p in peers for name in p.domain_names or ()]
        if names and self._reading.names_by_dns:
            # it learns the addresses of names from answers, so queries for them to the cluster's DNS are allowed too
            listed = "DNS queries for " + " or ".join(f"`{name}`" for name in names)
            yield ALWAYS, _CLUSTER_DNS, _DNS_PORTS, action, Obligation(listed)
        for p in peers:
            related = _relation(p)
            if related is not None:
                selector = p.pods.pod_selector if isinstance(p.pods, AdminPods) else None
                for extra, peer in self._related(policy, related, selector):
                    yield extra, peer, service, action, UNBOUND

    # --- peers --------------------

    def _peer(self, policy: Decoded, peer: Peer | AdminPeer, action: Action) -> RulePeer:
        if peer.networks is not None:
            return self._reading.by_address(peer.networks)
        if peer.domain_names is not None:
            outside = Kinds(("external",))
            if action == "allow":
                return AndPeer((Names(peer.domain_names), outside))
            return AndPeer((outside, UnknownPeer(_names_not_accepted(policy), is_ambiguous=True)))
        if peer.nodes is not None:
            return self._nodes(policy, peer.nodes)
        if peer.pods is None:
            if self._reading.by_absence and _only_excludes(peer.namespaces):
                return ANYBODY
            return self._pods(policy, _namespaces(peer.namespaces, self._reading), None)
        pods = peer.pods
        old = pods.namespaces if isinstance(pods, AdminPods) else None
        return self._pods(policy, _namespaces(old or pods.namespace_selector, self._reading), pods.pod_selector)

    def _selected(self, policy: Decoded, peer: Peer | AdminPeer, action: Action) -> RulePeer:
        """The pods of a peer whose labels meet it."""
        if peer.pods is None and peer.namespaces is not None:
            return self._pods(policy, _namespaces(peer.namespaces, self._reading), None)
        return self._peer(policy, peer, action)

    def _pods(self, policy: Decoded, where: Selector, selector: LabelSelector | None) -> RulePeer:
        surely = Members(conjunction(where, label_selector(selector, "k8s:", self._reading), POD_NETWORK))
        perhaps = perhaps_selector(selector, where, self._reading)
        if perhaps is None:
            return surely
        reason = UnknownPeer(_unknown_label(policy, compared(selector)))
        return either([surely, AndPeer((Members(perhaps), reason))])

    def _nodes(self, policy: Decoded, selector: LabelSelector) -> RulePeer:
        """Nodes and hostNetwork pods on them, and the addresses of the nodes."""
        host, known, labels = equals("network", "host"), Has(NODE), label_selector(selector, NODE)
        matched = IpSet()
        for d in self._objects:
            if isinstance(d.value, Node):
                held = {NODE + key: text or "" for key, text in (d.value.metadata.labels or {}).items()}
                if matches(labels, held):
                    matched |= node_addresses(d.value)
        reason = UnknownPeer(
            f"{policy.kind} `{policy.name}` selects nodes by label, and which node this is, or its Node object, is not "
            "in the input"
        )
        return either(
            [
                Members(conjunction(host, known, labels)),
                Addresses(matched),
                AndPeer((Members(conjunction(host, Not(known))), reason)),
            ]
        )

    def _related(
        self, policy: Decoded, namespaces: AdminNamespaces, selector: LabelSelector | None
    ) -> Iterator[tuple[Selector, RulePeer]]:
        """Labels that peer and subject share (v0.1.1): for every combination of values that a namespace has, where it
        is the subject's, and the peers then. A subject without one of the labels shares none with anybody."""
        same = namespaces.same_labels is not None
        keys = tuple(dict.fromkeys(namespaces.same_labels or namespaces.not_same_labels or ()))
        if not keys:
            return
        open_ = [n for n in self._labels if n not in self._read and keys != (NAMESPACE_NAME,)]
        known = Not(one_of("ns", tuple(open_))) if open_ else ALWAYS
        held = {
            tuple(labels[key] for key in keys)
            for name, labels in self._labels.items()
            if name not in open_ and all(key in labels for key in keys)
        }
        having = conjunction(*(Has(f"ns:{key}") for key in keys))
        for values in sorted(held):
            shared = conjunction(*(equals(f"ns:{k}", v) for k, v in zip(keys, values, strict=True)))
            where = shared if same else conjunction(having, Not(shared))
            yield conjunction(shared, known), self._pods(policy, where, selector)
        if not same:
            yield conjunction(Not(having), known), self._pods(policy, having, selector)
        reason = UnknownPeer(
            f"{policy.kind} `{policy.name}` compares labels of namespaces whose Namespace objects are not in the input"
        )
        for name in open_:
            here = equals("ns", name)
            where = having if same else conjunction(having, Not(here))
            yield here, AndPeer((self._pods(policy, where, selector), reason))


def _has_refused_peer(policy: Decoded) -> bool:
    """Whether a peer of the policy is nodes, or names in a rule that does not accept."""
    for rule in (policy.value.spec.egress or ()) if policy.value.spec is not None else ():
        for peer in (rule.to or ()) if rule is not None else ():
            is_named = peer is not None and peer.domain_names is not None
            if peer is not None and (peer.nodes is not None or (is_named and _ACTIONS[rule.action] != "allow")):
                return True
    return False


def _relation(peer: Peer | AdminPeer) -> AdminNamespaces | None:
    """The labels that a peer compares with the subject's namespace, if it does."""
    found = peer.pods.namespaces if isinstance(peer.pods, AdminPods) else peer.namespaces
    if not isinstance(found, AdminNamespaces) or (found.same_labels is None and found.not_same_labels is None):
        return None
    return found


def _only_excludes(written: LabelSelector | AdminNamespaces | None) -> bool:
    """Whether a selector of namespaces asks for something, and all of it is that labels or values are not there."""
    if not isinstance(written, LabelSelector) or written.match_labels:
        return False
    asked = [one.operator for one in written.match_expressions or () if one is not None]
    return bool(asked) and all(operator in ("NotIn", "DoesNotExist") for operator in asked)


def _namespaces(written: LabelSelector | AdminNamespaces | None, reading: Reading) -> Selector:
    if isinstance(written, AdminNamespaces):
        written = written.namespace_selector or LabelSelector(
            match_labels=written.match_labels, match_expressions=written.match_expressions
        )
    return label_selector(written, "ns:", reading)


def _names_not_accepted(policy: Decoded) -> str:
    return (
        f"{policy.kind} `{policy.name}` has domain names in a rule that does not accept: they are supported in rules "
        "that accept alone, and what another does with them is the network plugin's choice"
    )


def _unknown_label(policy: Decoded, keys: Sequence[str]) -> str:
    labels = " and ".join(f"`{key}`" for key in sorted(set(keys)))
    return (
        f"{policy.kind} `{policy.name}` compares {labels}, which a controller gives to the pods and whose value is not "
        "in the input (the pods themselves have it)"
    )


def services_of(entries: Sequence[Protocol | AdminPort | None] | None) -> Service:
    """What a rule's `protocols`, or `ports` in v1alpha1, match."""
    protocols = [one for one in entries or () if isinstance(one, Protocol)]
    return _protocols(protocols) if protocols else _ports([one for one in entries or () if isinstance(one, AdminPort)])


def _named(name: str) -> list[NamedPort]:
    return [NamedPort(protocol, name) for protocol in (TCP, UDP, SCTP)]


def _service(fixed: list[Interval], named: list[NamedPort]) -> Service:
    return Service(ServiceSet.of(fixed), tuple(sorted(set(named), key=lambda p: (p.name, p.protocol))))


def _ports_of(protocol: int, low: int, high: int) -> Interval:
    return service_key(protocol, low), service_key(protocol, high) + 1


def _protocols(protocols: Sequence[Protocol | None] | None) -> Service:
    if not protocols:
        return EVERY_SERVICE
    fixed: list[Interval] = []
    named: list[NamedPort] = []
    for one in protocols:
        if one is None:
            continue
        if one.destination_named_port:
            named += _named(one.destination_named_port)
        for number, transport in ((6, one.tcp), (17, one.udp), (132, one.sctp)):
            port = transport.destination_port if transport is not None else None
            if port is not None:
                low, high = (port.range.start, port.range.end) if port.range is not None else (port.number, port.number)
                fixed.append(_ports_of(number, low, high))
    return _service(fixed, named)


def _ports(ports: Sequence[AdminPort | None] | None) -> Service:
    if not ports:
        return EVERY_SERVICE
    fixed: list[Interval] = []
    named: list[NamedPort] = []
    for one in ports:
        if one is None:
            continue
        if one.named_port:
            named += _named(one.named_port)
        if one.port_number is not None:
            port = one.port_number
            fixed.append(_ports_of(PROTOCOLS[port.protocol or "TCP"], port.port, port.port))
        if one.port_range is not None:
            span = one.port_range
            fixed.append(_ports_of(PROTOCOLS[span.protocol or "TCP"], span.start, span.end))
    return _service(fixed, named)
