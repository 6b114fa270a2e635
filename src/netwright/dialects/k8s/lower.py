"""NetworkPolicy v1 to rules and ends.

Source: the NetworkPolicy concept page and networking.k8s.io/v1 of Kubernetes 1.34. Every policy is its allow rules and,
for each direction it isolates, an end that denies. Everything NetworkPolicy leaves open (protocols other than TCP, UDP
and SCTP) is `unsure`. Where a selector compares a label that a controller gives and whose value is not known, what it
perhaps selects has rules without a name beside the policy's own, which match perhaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from netwright.base.intervals import Interval
from netwright.base.ipset import IpSet
from netwright.base.selectors import ALWAYS, NEVER, Has, Not, Selector, conjunction, equals, matches, one_of
from netwright.base.services import ALL, NONE, PROTOCOLS, TRANSPORT, ServiceSet, service_key
from netwright.base.spans import Origin, Pointer
from netwright.dialects.k8s.generated import GENERATED, UNKNOWN, compared
from netwright.dialects.k8s.objects import (
    IPBlock,
    LabelSelector,
    NetworkPolicy,
    NetworkPolicyEgressRule,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
    Requirement,
)
from netwright.dialects.k8s.reading import PLAIN, Reading
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    NOBODY,
    Action,
    Addresses,
    AndPeer,
    End,
    Kinds,
    Members,
    NamedPort,
    NotPeer,
    Peer,
    Rule,
    Service,
    UnknownPeer,
    either,
)

POD_NETWORK = equals("network", "pod")
Side = Literal["ingress", "egress"]


def lower_policies(
    policies: Iterable[Decoded], reading: Reading = PLAIN, host_pods: Sequence[Mapping[str, str]] = ()
) -> tuple[tuple[Rule, ...], tuple[End, ...]]:
    """All rules and ends of NetworkPolicies, in input order; `Rule.policy` numbers the policies. `host_pods` are the
    attributes of the pods on their nodes' network, where the plugin matches these by address."""
    rules: list[Rule] = []
    ends: list[End] = []
    lowering = _Lowering(reading, host_pods)
    for number, policy in enumerate(policies):
        lowering.policy(number, policy, rules, ends)
    return tuple(rules), tuple(ends)


def origins_of(policy: Decoded) -> frozenset[tuple[str, str, str]]:
    """The kind, namespace and name in the origins of all that a policy is lowered to, for an edit to take it out."""
    unnamed = _nameless(policy)
    return frozenset(((policy.kind, policy.namespace, policy.name), (unnamed.kind, unnamed.namespace, unnamed.name)))


def _nameless(policy: Decoded) -> Origin:
    return Origin(kind=policy.kind, namespace=f"{policy.namespace}/{policy.name}", name="")


def policy_types(spec: NetworkPolicySpec) -> tuple[Side, ...]:
    """The directions a policy isolates: as written, else ingress always and egress where it has rules."""
    if spec.policy_types:
        written = {t.lower() for t in spec.policy_types}
        sides: tuple[Side, ...] = ("ingress", "egress")
        return tuple(side for side in sides if side in written)
    return ("ingress", "egress") if spec.egress else ("ingress",)


def isolated_by(spec: NetworkPolicySpec, reading: Reading) -> tuple[Side, ...]:
    """The directions a policy isolates as a plugin reads it."""
    sides = policy_types(spec)
    if not reading.rules_isolate:
        return sides
    both: tuple[Side, ...] = ("ingress", "egress")
    return tuple(side for side in both if side in sides or getattr(spec, side))


class _Lowering:
    def __init__(self, reading: Reading, host_pods: Sequence[Mapping[str, str]]) -> None:
        self._reading = reading
        self._host_pods = host_pods
        self._every = (_EVERY_TRANSPORT, reading.beyond) if reading.beyond else (EVERY_SERVICE, NONE)
        self._ports: dict[object, Service] = {}
        self._blocks: dict[IPBlock, Peer] = {}
        # one object for equal ones: whoever walks the rules meets each once
        self._pods_of: dict[tuple[Selector, Selector], Members] = {}
        self._peer_of: dict[Peer, Peer] = {}
        self._service_of: dict[Service, Service] = {}

    def policy(self, number: int, decoded: Decoded, rules: list[Rule], ends: list[End]) -> None:
        value: NetworkPolicy = decoded.value
        spec = value.spec or NetworkPolicySpec()
        home = _namespace(decoded.namespace)
        at = self._pods(home, self._reading.at_home(spec.pod_selector)).selector
        perhaps_at = perhaps_selector(spec.pod_selector, home, self._reading)
        for side in isolated_by(spec, self._reading):
            perhaps = _Perhaps(number, decoded, side, rules)
            if perhaps_at is not None:
                perhaps.rule("deny", perhaps_at, ANYBODY, Service(ALL), NONE, compared(spec.pod_selector))
            written: Sequence[NetworkPolicyIngressRule | NetworkPolicyEgressRule | None] = getattr(spec, side) or ()
            for index, rule in enumerate(written):
                if isinstance(rule, NetworkPolicyIngressRule):
                    elements = rule.from_
                elif isinstance(rule, NetworkPolicyEgressRule):
                    elements = rule.to
                else:
                    elements = None
                peer = self._peers(elements, decoded.namespace, side)
                peer = self._peer_of.setdefault(peer, peer)
                service, unsure = self._service(rule.ports if rule else None)
                others, keys = self._perhaps_peers(elements, decoded.namespace)
                if others:
                    perhaps.rule("allow", at, either(others), service, unsure, keys)
                if perhaps_at is not None:
                    anyone = either([peer, *others]) if others else peer
                    perhaps.rule("allow", perhaps_at, anyone, service, unsure, compared(spec.pod_selector))
                rules.append(
                    Rule(
                        rank=0,
                        policy=number,
                        index=index,
                        at=at,
                        direction=side,
                        src=peer if side == "ingress" else ANYBODY,
                        dst=ANYBODY if side == "ingress" else peer,
                        service=service,
                        unsure=unsure,
                        action="allow",
                        origin=_origin(decoded, ("spec", side, index)),
                    )
                )
            ends.append(
                End(
                    at=at,
                    direction=side,
                    action="deny",
                    unsure=self._reading.beyond,
                    origin=_origin(decoded, ("spec", "podSelector")),
                )
            )

    def _peers(self, elements: Sequence[NetworkPolicyPeer | None] | None, namespace: str, side: Side) -> Peer:
        if not elements:
            return ANYBODY
        if self._reading.hosts_by_address:
            return either([peer for element in elements for peer in self._with_hosts(element, namespace, side)])
        return either([self._peer(element, namespace) for element in elements])

    def _with_hosts(self, element: NetworkPolicyPeer | None, namespace: str, side: Side) -> list[Peer]:
        """Whom a peer matches where nodes are matched by addresses that are not theirs, or by those of pods on them."""
        plain = self._peer(element, namespace)
        if element is None:
            return [plain]
        if element.ip_block is not None:
            block = element.ip_block
            if side == "egress" or (block.cidr.endswith("/0") and not block.except_):
                return [plain]
            family = Addresses(IpSet.of("::/0" if ":" in block.cidr else "0.0.0.0/0"))
            return [
                AndPeer((plain, NotPeer(Kinds(("node", "own-node"))))),
                AndPeer((family, Kinds(("node",)), UnknownPeer(_SENT_BY_NODES))),
            ]
        if element.pod_selector is not None and side == "egress":
            where = (
                label_selector(element.namespace_selector, "ns:", self._reading)
                if element.namespace_selector is not None
                else _namespace(namespace)
            )
            labels = label_selector(element.pod_selector, "k8s:", self._reading)
            there = labels if element.namespace_selector is not None else conjunction(labels, _namespace(namespace))
            if not any(matches(there, pod) for pod in self._host_pods):
                return [plain]
            theirs = one_of("ns", tuple({pod["ns"] for pod in self._host_pods}))  # of pods: nodes are in no namespace
            selected = Members(conjunction(where, labels, equals("network", "host"), theirs))
            return [plain, selected, AndPeer((Kinds(("node", "own-node")), UnknownPeer(_ON_ONE_NODE)))]
        if element.namespace_selector is not None and element.pod_selector is None and side == "ingress":
            if _may_be_of_hosts(element.namespace_selector):
                return [plain, AndPeer((Kinds(("node",)), UnknownPeer(_HOST_NAMESPACE)))]
        return [plain]

    def _peer(self, element: NetworkPolicyPeer | None, namespace: str) -> Peer:
        if element is None:
            return NOBODY
        if element.ip_block is not None:
            return self._block(element.ip_block)
        if element.namespace_selector is not None:
            where = label_selector(element.namespace_selector, "ns:", self._reading)
        elif element.pod_selector is not None:
            return self._pods(_namespace(namespace), self._reading.at_home(element.pod_selector))
        else:
            return NOBODY
        return self._pods(where, element.pod_selector)

    def _pods(self, where: Selector, selector: LabelSelector | None) -> Members:
        """The pods of these namespaces that surely match a label selector."""
        key = where, label_selector(selector, "k8s:", self._reading)
        pods = self._pods_of.get(key)
        if pods is None:
            pods = self._pods_of[key] = Members(conjunction(*key, POD_NETWORK))
        return pods

    def _perhaps_peers(
        self, elements: Sequence[NetworkPolicyPeer | None] | None, namespace: str
    ) -> tuple[list[Peer], list[str]]:
        """Whom the peers of a rule perhaps select for their labels, and the labels that leave it open."""
        peers: list[Peer] = []
        keys: list[str] = []
        for element in elements or ():
            if element is None or not compared(element.pod_selector):
                continue
            where = _namespace(namespace)
            if element.namespace_selector is not None:
                where = label_selector(element.namespace_selector, "ns:", self._reading)
            found = perhaps_selector(element.pod_selector, where, self._reading)
            if found is not None:
                peers.append(Members(found))
                keys += compared(element.pod_selector)
        return peers, keys

    def _block(self, block: IPBlock) -> Peer:
        peer = self._blocks.get(block)
        if peer is None:
            peer = self._blocks[block] = self._reading.by_address((block.cidr,), block.except_ or ())
        return peer

    def _service(self, ports: Sequence[NetworkPolicyPort | None] | None) -> tuple[Service, ServiceSet]:
        if not ports:
            return self._every
        key = tuple(ports)
        service = self._ports.get(key)
        if service is None:
            service = numbered_ports(ports) if self._reading.numbers_only else lower_ports(ports)
            service = self._ports[key] = self._service_of.setdefault(service, service)
        return service, NONE


class _Perhaps:
    """Rules of one policy and direction that match perhaps. They have no name: nothing cites them, only why is told.

    All that may allow comes first; what is still open then may be denied, as by the isolation that the policy perhaps
    brings about.
    """

    def __init__(self, number: int, policy: Decoded, side: Side, rules: list[Rule]) -> None:
        self.number = number
        self.policy = policy
        self.side: Side = side
        self.rules = rules

    def rule(
        self, action: Action, at: Selector, peer: Peer, service: Service, unsure: ServiceSet, keys: Sequence[str]
    ) -> None:
        policy, side = self.policy, self.side
        labels = " and ".join(f"`{key}`" for key in sorted(set(keys)))
        nobody = UnknownPeer(
            f"{policy.kind} `{policy.namespace}/{policy.name}` compares {labels}, which a controller gives to the pods "
            "and whose value is not in the input (the pods themselves have it)"
        )
        self.rules.append(
            Rule(
                rank=0 if action == "allow" else 1,
                policy=self.number,
                index=0,
                at=at,
                direction=side,
                src=peer if side == "ingress" else nobody,
                dst=nobody if side == "ingress" else peer,
                service=service,
                unsure=unsure,
                action=action,
                origin=_nameless(policy),
            )
        )


_EVERY_TRANSPORT = Service(TRANSPORT)
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
HOST_NAMESPACES = ("ovn-host-network", "openshift-host-network")
"""The namespace whose address set has what nodes send (`HostNetworkNamespace`), by default and in OpenShift."""
_SENT_BY_NODES = (
    "what a node sends to pods of other nodes has an address of OVN-Kubernetes' own, and whether a range has that is "
    "not in the input"
)
_ON_ONE_NODE = (
    "a peer selects pods on their nodes' network, whose addresses are those of their nodes, and which nodes these are "
    "is not in the input"
)
_HOST_NAMESPACE = (
    "a namespaceSelector may select the namespace that OVN-Kubernetes has for what nodes send, whose labels are not in "
    "the input"
)


def lower_ports(ports: Sequence[NetworkPolicyPort | None]) -> Service:
    fixed: list[Interval] = []
    named: list[NamedPort] = []
    for entry in ports:
        port = entry or NetworkPolicyPort()
        protocol = PROTOCOLS[port.protocol or "TCP"]
        if isinstance(port.port, str):
            named.append(NamedPort(protocol, port.port))
            continue
        low, high = 0, 0xFFFF
        if port.port is not None:
            low, high = port.port, port.end_port or port.port
        fixed.append((service_key(protocol, low), service_key(protocol, high) + 1))
    return Service(ServiceSet.of(fixed), tuple(sorted(set(named), key=lambda p: (p.name, p.protocol))))


def numbered_ports(ports: Sequence[NetworkPolicyPort | None]) -> Service:
    """The ports of a rule where only numbers count: of each protocol that is listed those with a number, or all of its
    ports where it has none."""
    found: dict[int, list[NetworkPolicyPort]] = {}
    for entry in ports:
        port = entry or NetworkPolicyPort()
        held = found.setdefault(PROTOCOLS[port.protocol or "TCP"], [])
        if isinstance(port.port, int):
            held.append(port)
    fixed: list[Interval] = []
    for protocol, numbered in found.items():
        for port in numbered or [NetworkPolicyPort(port=0, end_port=0xFFFF)]:
            low = port.port if isinstance(port.port, int) else 0
            fixed.append((service_key(protocol, low), service_key(protocol, port.end_port or low) + 1))
    return Service(ServiceSet.of(fixed))


def _may_be_of_hosts(selector: LabelSelector) -> bool:
    """Whether a selector may select the namespace that OVN-Kubernetes has for what nodes send, which has one of two
    names and labels that are not known."""
    return any(
        all(
            _may_hold(one, name)
            for one in (
                *(Requirement(key=k, operator="In", values=(v,)) for k, v in (selector.match_labels or {}).items()),
                *(selector.match_expressions or ()),
            )
        )
        for name in HOST_NAMESPACES
    )


def _may_hold(one: Requirement | None, name: str) -> bool:
    if one is None or one.key != _NAMESPACE_NAME:
        return True
    listed = name in (one.values or ())
    return {"In": listed, "NotIn": not listed, "Exists": True}.get(one.operator, False)


def label_selector(selector: LabelSelector | None, prefix: str, reading: Reading = PLAIN) -> Selector:
    """A label selector over the attributes that begin with `prefix`. None and the empty selector select everything.

    Of pods it selects those whose labels surely match; `perhaps_selector` those whose labels perhaps do.
    """
    return _selector(selector, prefix, True, reading) if selector is not None else ALWAYS


def perhaps_selector(selector: LabelSelector | None, where: Selector, reading: Reading = PLAIN) -> Selector | None:
    """The pods in `where` that a selector selects or not, by an unknown value of a label; None if there can be none."""
    if selector is None or not any(map(reading.sees, compared(selector))):
        return None
    surely, perhaps = (_selector(selector, "k8s:", known, reading) for known in (True, False))
    return conjunction(where, perhaps, Not(surely), POD_NETWORK)


def plain_selector(selector: LabelSelector, surely: bool = True) -> Selector:
    """The pods that a selector selects by their labels as they are written, surely or at least perhaps."""
    return _selector(selector, "k8s:", surely, PLAIN)


_NONE: frozenset[str] = frozenset()


def _selector(selector: LabelSelector, prefix: str, surely: bool, reading: Reading) -> Selector:
    labels = tuple(selector.match_labels.items()) if selector.match_labels else ()
    expressions = selector.match_expressions or ()
    if prefix == "k8s:":
        if reading.labels is not None:
            return reading.labels.pods(selector, surely)
    elif (dropped := reading.dropped_of_namespaces) is not None:
        # a label that is not seen is as one that is not there
        unseen = [one for one in expressions if one is not None and dropped.match(one.key)]
        if any(one.operator in ("In", "Exists") for one in unseen) or any(dropped.match(key) for key, _ in labels):
            return NEVER
        expressions = tuple([one for one in expressions if one not in unseen])
    return _required(labels, expressions, prefix, surely)


@lru_cache(maxsize=1 << 14)
def _required(
    labels: tuple[tuple[str, str | None], ...], expressions: tuple[Requirement | None, ...], prefix: str, surely: bool
) -> Selector:
    """One object for selectors that say the same: they are many, and whoever walks the rules meets each once."""
    open_ = GENERATED if prefix == "k8s:" else _NONE
    parts: list[Selector] = [
        equals(prefix + key, value or "")
        if surely or key not in open_
        else one_of(prefix + key, (value or "", UNKNOWN))
        for key, value in sorted(labels)
    ]
    for requirement in expressions:
        if requirement is None:
            continue
        key = prefix + requirement.key
        values = tuple(value or "" for value in requirement.values or ())
        if requirement.key in open_ and surely == (requirement.operator == "NotIn"):
            values = (*values, UNKNOWN)
        match requirement.operator:
            case "In":
                parts.append(one_of(key, values))
            case "NotIn":
                parts.append(Not(one_of(key, values)))
            case "Exists":
                parts.append(Has(key))
            case _:
                parts.append(Not(Has(key)))
    return conjunction(*map(_shared, parts))


@lru_cache(maxsize=1 << 14)
def _shared(selector: Selector) -> Selector:
    """One object for equal requirements, of which selectors are made."""
    return selector


@lru_cache(maxsize=1 << 14)
def _namespace(name: str) -> Selector:
    return equals("ns", name)


def _origin(decoded: Decoded, pointer: Pointer) -> Origin:
    return Origin(
        kind=decoded.kind, namespace=decoded.namespace, name=decoded.name, pointer=pointer, place=decoded.place
    )
