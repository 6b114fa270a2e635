"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy to rules and ends.

After Cilium 1.20.2: `pkg/policy/utils/parserules`, `pkg/policy/rule`, `pkg/policy/repository`. Every entry of a section
is a rule of one tier without order, in which denial comes first; where an entry isolates, that is an end, which the
profile sets behind all tiers. What an entry asks of requests (layer 7, authentication) is owed after it allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeVar

from msgspec.structs import replace

from netwright.base.ipset import IpSet
from netwright.base.selectors import ALWAYS, Selector, conjunction, equals
from netwright.base.spans import Origin, Pointer
from netwright.dialects.cilium.named_objects import GROUP_NAME, NamedObjects
from netwright.dialects.cilium.objects import (
    CIDRRule,
    EgressRule,
    IngressDenyRule,
    IngressRule,
)
from netwright.dialects.cilium.objects import Rule as PolicyRule
from netwright.dialects.cilium.objects import Service as ServicePeer
from netwright.dialects.cilium.selectors import peer, pods, requirements, subject
from netwright.dialects.cilium.services import NEVER_FULFILLED, Entry, name_of, peers_as_written, services_of
from netwright.dialects.cilium.validate import needed_options, rules_of
from netwright.dialects.k8s.lower import POD_NETWORK
from netwright.dialects.k8s.objects import LabelSelector
from netwright.dialects.k8s.reading import Reading
from netwright.model.document import Decoded
from netwright.model.rule import (
    ANYBODY,
    EVERY_SERVICE,
    NOBODY,
    UNBOUND,
    Action,
    Addresses,
    AndPeer,
    End,
    EndpointKind,
    Guard,
    Kinds,
    Members,
    Names,
    NotPeer,
    Peer,
    Rule,
    Service,
    UnknownPeer,
    either,
)

Side = Literal["ingress", "egress"]
T = TypeVar("T")
_SECTIONS: Final[tuple[tuple[Side, str, str, Action], ...]] = (
    ("ingress", "ingress", "ingress", "allow"),
    ("ingress", "ingress_deny", "ingressDeny", "deny"),
    ("egress", "egress", "egress", "allow"),
    ("egress", "egress_deny", "egressDeny", "deny"),
)
_DENY, _PLAIN, _ALLOW = -2, -1, 0
"""Ranks: what denies, what is plainly allowed, what allows, as NetworkPolicy does at the last."""
_STAND_INS: Final[tuple[EndpointKind, ...]] = ("pod", "external", "node")
"""The last only where ranges match nodes: for the sake of their addresses they have identities of their own then."""
_OUTSIDE: Final = Kinds(("external",))
_ENTITIES: Final[dict[str, Peer]] = {
    "all": ANYBODY,
    "world": _OUTSIDE,
    "world-ipv4": AndPeer((_OUTSIDE, Addresses(IpSet.of("0.0.0.0/0")))),
    "world-ipv6": AndPeer((_OUTSIDE, Addresses(IpSet.of("::/0")))),
    "host": Kinds(("own-node",)),
    "remote-node": Kinds(("node",)),
    "cluster": Kinds(("pod", "node", "own-node")),
    "cluster-mesh": Kinds(("pod", "node", "own-node")),
    "kube-apiserver": AndPeer(
        (
            Kinds(("node", "own-node", "external")),
            UnknownPeer("which node or address the API server has is not in the input"),
        )
    ),
}
"""Others (init, health, ingress, unmanaged, none) are no end that a twin has."""
HOST_FIREWALL: Final = "the host firewall is on and a policy for nodes lets it pass"


class Lowered(NamedTuple):
    """The rules of the tier, the ends behind all tiers, and rules for nodes, which hold only under a condition.
    `subjects` are the pods that have an entry in a direction, be it one that matches nothing."""

    rules: tuple[Rule, ...]
    ends: tuple[End, ...]
    of_nodes: tuple[Rule, ...]
    subjects: tuple[tuple[Side, Selector], ...]


def mentioned_keys(policies: Iterable[Decoded]) -> frozenset[str]:
    """The labels that the policies select pods by."""
    keys = {r.key for p in policies for s in _selectors(p) for r in requirements(s) if r.source in ("any", "k8s")}
    return frozenset(keys)


def lower_cilium(policies: Iterable[Decoded], objects: Sequence[Decoded], reading: Reading) -> Lowered:
    """The policies in input order. Services and groups of addresses are looked up in `objects`."""
    lowering = _Lowering(objects, reading)
    for number, policy in enumerate(policies):
        lowering.policy(number, policy)
    lowering.open_plain()
    return Lowered(tuple(lowering.rules), tuple(lowering.ends), tuple(lowering.of_nodes), tuple(lowering.subjects))


def _selectors(policy: Decoded) -> Iterator[LabelSelector]:
    for rule, _ in rules_of(policy.value):
        if rule.endpoint_selector is not None:
            yield rule.endpoint_selector
        for _, section, _, _ in _SECTIONS:
            for entry in getattr(rule, section) or ():
                listed = entry.from_endpoints if section.startswith("ingress") else entry.to_endpoints
                yield from listed or ()


class _Lowering:
    def __init__(self, objects: Sequence[Decoded], reading: Reading) -> None:
        self._named = NamedObjects(objects)
        self._reading = reading
        self._shared: dict[object, Any] = {}
        self.rules: list[Rule] = []
        self.ends: list[End] = []
        self.of_nodes: list[Rule] = []
        self.subjects: dict[tuple[Side, Selector], None] = {}
        self._of_peers: dict[tuple[Side, str, bytes], list[int]] = {}

    def _share(self, value: T) -> T:
        """One object for equal ones: whoever walks the rules meets each once."""
        found: T = self._shared.setdefault(value, value)
        return found

    def policy(self, number: int, policy: Decoded) -> None:
        if any(needed_options(policy.value)):
            return  # without them Cilium refuses the policy as a whole
        for rule, pointer in rules_of(policy.value):
            if rule.node_selector is not None:
                self._of_nodes(number, policy, pointer)
            elif rule.endpoint_selector is not None:
                self._rule(number, policy, pointer, rule, rule.endpoint_selector)

    def open_plain(self) -> None:
        """Where a rule asks something of requests and another, for the same peers as they are written, does not, what
        both speak of is plainly allowed: rules that say so, between those that deny and those that allow."""
        for (side, _, _), numbers in self._of_peers.items():
            rules = [self.rules[i] for i in numbers]
            for one in rules:
                if not one.then.text or one.then.text == one.then.unisolated:
                    continue
                for other in rules:
                    if other.then is UNBOUND and other.service.named == one.service.named:
                        both = Service(one.service.fixed & other.service.fixed, one.service.named)
                        at = self._share(conjunction(one.at, other.at))
                        self.rules.append(replace(other, rank=_PLAIN, at=at, service=self._share(both), direction=side))

    def _of_nodes(self, number: int, policy: Decoded, pointer: Pointer) -> None:
        directions: tuple[Side, ...] = ("ingress", "egress")
        actions: tuple[Action, ...] = ("allow", "deny")
        for side in directions:
            for action in actions:
                self.of_nodes.append(
                    Rule(
                        rank=0,
                        policy=number,
                        index=0,
                        at=equals("network", "host"),
                        direction=side,
                        src=ANYBODY,
                        dst=ANYBODY,
                        service=EVERY_SERVICE,
                        when=Guard((HOST_FIREWALL,)),
                        action=action,
                        origin=_origin(policy, pointer),
                    )
                )

    def _rule(self, number: int, policy: Decoded, pointer: Pointer, rule: PolicyRule, selector: LabelSelector) -> None:
        surely = self._share(subject(selector, policy.namespace))
        may = subject(selector, policy.namespace, False)
        perhaps = None if may == surely else self._share(may)
        default = rule.enable_default_deny
        for side, section, name, action in _SECTIONS:
            entries: Sequence[Entry] = getattr(rule, section) or ()
            isolates = getattr(default, side) is not False if default is not None else True
            for index, entry in enumerate(entries):
                origin = _origin(policy, (*pointer, name, index))
                whom = self._peers(policy, entry)
                other = whom if whom is not None else ANYBODY
                for service, owed in services_of(entry, whom is None):
                    denies = action == "deny" or owed is NEVER_FULFILLED
                    if not denies:
                        known = (side, policy.namespace, peers_as_written(entry))
                        self._of_peers.setdefault(known, []).append(len(self.rules))
                    self.rules.append(
                        Rule(
                            rank=_DENY if denies else _ALLOW,
                            policy=number,
                            index=index,
                            at=surely,
                            direction=side,
                            src=other if side == "ingress" else ANYBODY,
                            dst=ANYBODY if side == "ingress" else other,
                            service=self._share(service),
                            action="deny" if denies else "allow",
                            then=UNBOUND if denies else owed,
                            origin=origin,
                        )
                    )
            if entries:
                self.subjects[side, surely] = None
            if entries and isolates:
                end = _origin(policy, (*pointer, "endpointSelector"))
                self.ends.append(End(at=surely, direction=side, action="deny", origin=end))
        if perhaps is not None:
            self._perhaps(number, policy, pointer, rule, perhaps)

    def _perhaps(self, number: int, policy: Decoded, pointer: Pointer, rule: PolicyRule, at: Selector) -> None:
        """What a rule does to pods that it selects or not, by the unknown value of a label: either of both."""
        reason = _unknown_label(policy)
        for side in dict.fromkeys(s for s, section, _, _ in _SECTIONS if getattr(rule, section)):
            actions: tuple[Action, ...] = ("allow", "deny")
            for action in actions:
                self.of_nodes.append(
                    Rule(
                        rank=0,
                        policy=number,
                        index=0,
                        at=at,
                        direction=side,
                        src=reason if side == "ingress" else ANYBODY,
                        dst=ANYBODY if side == "ingress" else reason,
                        service=EVERY_SERVICE,
                        action=action,
                        origin=Origin(kind=policy.kind, namespace=f"{policy.namespace}/{policy.name}", name=""),
                    )
                )

    # --- peers --------------------

    def _peers(self, policy: Decoded, entry: Entry) -> Peer | None:
        """Whom an entry is about; None where it names nobody, which is everybody of an entry that names ports."""
        if isinstance(entry, (IngressRule, IngressDenyRule)):
            lists: tuple[Sequence[object] | None, ...] = (
                entry.from_endpoints,
                entry.from_nodes,
                entry.from_entities,
                entry.from_cidr,
                entry.from_cidr_set,
                entry.from_groups,
            )
        else:
            lists = (
                entry.to_endpoints,
                entry.to_nodes,
                entry.to_entities,
                entry.to_cidr,
                entry.to_cidr_set,
                entry.to_groups,
                entry.to_services,
                entry.to_fqdns if isinstance(entry, EgressRule) else None,
            )
        if any(listed is not None and not listed for listed in lists[:5]):
            return NOBODY
        if not any(lists):
            return None
        endpoints, _, entities, ranges, sets, groups, *more = lists
        found: list[Peer] = []
        for selector in endpoints or ():
            found += self._endpoints(policy, selector)  # type: ignore[arg-type]
        found += [_ENTITIES.get(str(entity), NOBODY) for entity in entities or ()]
        if ranges:
            found.append(self._reading.by_address(list(map(str, ranges))))
        found += [self._set(one) for one in sets or ()]  # type: ignore[arg-type]
        if groups:
            found.append(AndPeer((_OUTSIDE, UnknownPeer("which addresses a cloud's group has is not in the input"))))
        services, names = (*more, None, None)[:2]
        # only rules that allow look Services up
        if services and isinstance(entry, EgressRule):
            found += self._services(services)  # type: ignore[arg-type]
        if names:
            patterns = tuple(name_of(one) for one in names)  # type: ignore[arg-type]
            found.append(AndPeer((Names(patterns), _OUTSIDE)))
        return self._share(either(found)) if found else None

    def _endpoints(self, policy: Decoded, selector: LabelSelector) -> list[Peer]:
        home = equals("ns", policy.namespace) if policy.namespace else ALWAYS
        stand_ins = _STAND_INS if "node" in (self._reading.ranges or ()) else _STAND_INS[:2]
        surely, perhaps = peer(selector, home, bool(policy.namespace), stand_ins)
        if perhaps is NOBODY:
            return [surely]
        reason = _unknown_label(policy)
        return [surely, AndPeer((perhaps, reason))]

    def _set(self, rule: CIDRRule) -> Peer:
        excepted = rule.except_ or ()
        if rule.cidr:
            return self._reading.by_address((rule.cidr,), excepted)
        if rule.cidr_group_ref:
            ranges = self._named.ranges(GROUP_NAME + rule.cidr_group_ref, None)
            return self._reading.by_address(ranges, excepted, grouped=True)
        # an address has the labels of all groups that it is in, so that each thing asked for may come from another
        found: list[Peer] = []
        for r in requirements(rule.cidr_group_selector) if rule.cidr_group_selector is not None else ():
            ranges = self._named.ranges(r.key, r.values) if r.source in ("any", "cidrgroup") else []
            held = self._reading.by_address(ranges, grouped=True)
            found.append(held if r.wanted else NotPeer(held))
        kinds = self._reading.ranges or ("external",)
        cut = [NotPeer(self._reading.by_address(excepted))] if excepted else []
        asked: Peer = AndPeer((Kinds(kinds), *found, *cut))
        if "pod" in kinds and all(isinstance(one, NotPeer) for one in found):
            # what asks only for absence selects the stand-ins of pods, addresses and other nodes
            return either([asked, Kinds(tuple(kind for kind in kinds if kind != "own-node"))])
        return asked

    def _services(self, named: Sequence[ServicePeer]) -> Iterator[Peer]:
        """The pods that the named Services select; of one without a selector the addresses of its endpoints."""
        for d in self._named.services(named):
            selector = d.value.spec.selector if d.value.spec else None
            if selector:
                selected = pods(LabelSelector(match_labels=selector))
                yield Members(conjunction(equals("ns", d.namespace), selected, POD_NETWORK))
            else:
                yield self._reading.by_address(list(self._named.addresses(d)))


def _unknown_label(policy: Decoded) -> UnknownPeer:
    return UnknownPeer(
        f"{policy.kind} `{policy.name}` compares a label which a controller gives to the pods and whose value is not "
        "in the input (the pods themselves have it)"
    )


def _origin(policy: Decoded, pointer: Pointer) -> Origin:
    return Origin(kind=policy.kind, namespace=policy.namespace, name=policy.name, pointer=pointer, place=policy.place)
